//! Glossary terms.

use super::{Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Glossary", kinds: &[TERM] };

const TERM: Kind = Kind {
    key: "glossary",
    class: "Glossary",
    table: Table {
        name: "c_glossary",
        key: "glossary_id",
        roles: &[("description", Role::Html), ("display_order", Role::Loose)],
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("glossary_id", Source::Column("glossary_id")),
            Property("name", Source::Column("name")),
            Property("description", Source::Column("description")),
            Property("display_order", Source::Column("display_order")),
        ],
        ..Object::EMPTY
    }),
    property_tool: Some("glossary"),
    properties_archived: true,
    place: &[],
};
