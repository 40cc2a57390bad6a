//! Thematic progress: sections, their plans and advances.

use super::{Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Progress", kinds: &[THEMATIC] };

const THEMATIC: Kind = Kind {
    key: "thematic",
    class: "Thematic",
    table: Table {
        name: "c_thematic",
        roles: &[("content", Role::Html), ("display_order", Role::Loose)],
        children: &[ADVANCE, PLAN],
        ..Table::COURSE
    },
    // 0 is a deleted section.
    condition: "active = 1",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("params", Source::Row),
            Property("thematic_advance_list", Source::Children("c_thematic_advance", &[])),
            Property("thematic_plan_list", Source::Children("c_thematic_plan", &[])),
        ],
        ..Object::EMPTY
    }),
    property_tool: Some("thematic"),
    properties_archived: false,
    place: &[],
};

const ADVANCE: Table = Table {
    name: "c_thematic_advance",
    parent: "thematic_id",
    roles: &[
        ("content", Role::Html),
        ("room_id", Role::Portal("room")),
        ("attendance_id", Role::Reference("c_attendance")),
    ],
    property_tool: Some("thematic_advance"),
    ..Table::COURSE
};

const PLAN: Table = Table {
    name: "c_thematic_plan",
    parent: "thematic_id",
    roles: &[("description", Role::Html)],
    property_tool: Some("thematic_plan"),
    ..Table::COURSE
};
