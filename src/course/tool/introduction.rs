//! Introductions: the text above a tool's page, and the course's home page. Their key is the tool's name.

use super::{Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Introduction", kinds: &[INTRODUCTION] };

const INTRODUCTION: Kind = Kind {
    key: "Tool introduction",
    class: "ToolIntro",
    table: Table { name: "c_tool_intro", roles: &[("intro_text", Role::Html)], ..Table::COURSE },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[Property("id", Source::Column("id")), Property("intro_text", Source::Column("intro_text"))],
        ..Object::EMPTY
    }),
    property_tool: None,
    properties_archived: false,
    place: &["id"],
};
