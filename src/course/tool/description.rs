//! The course description, section by section.

use super::{Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Description", kinds: &[SECTION] };

const SECTION: Kind = Kind {
    key: "course_description",
    class: "CourseDescription",
    table: Table { name: "c_course_description", roles: &[("content", Role::Html)], ..Table::COURSE },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("title", Source::Column("title")),
            Property("content", Source::Column("content")),
            Property("description_type", Source::Column("description_type")),
        ],
        ..Object::EMPTY
    }),
    property_tool: Some("course_description"),
    properties_archived: true,
    place: &[],
};
