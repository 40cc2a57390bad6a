//! Links and their categories.

use super::{Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Link", kinds: &[CATEGORY, LINK] };

const CATEGORY: Kind = Kind {
    key: "Link_Category",
    class: "LinkCategory",
    table: Table {
        name: "c_link_category",
        roles: &[("description", Role::Html), ("display_order", Role::Loose)],
        ..Table::COURSE
    },
    condition: "",
    order: "display_order DESC, iid",
    form: Form::Object(Object {
        own: &[
            Property("title", Source::Column("category_title")),
            Property("description", Source::Column("description")),
            Property("display_order", Source::Column("display_order")),
        ],
        ..Object::EMPTY
    }),
    property_tool: Some("link_category"),
    properties_archived: false,
    place: &[],
};

const LINK: Kind = Kind {
    key: "link",
    class: "Link",
    table: Table {
        name: "c_link",
        roles: &[
            ("description", Role::Html),
            ("category_id", Role::Reference("c_link_category")),
            ("display_order", Role::Loose),
        ],
        ..Table::COURSE
    },
    condition: "",
    order: "category_id DESC, display_order, iid",
    form: Form::Object(Object {
        own: &[
            Property("title", Source::Column("title")),
            Property("url", Source::Column("url")),
            Property("description", Source::Column("description")),
            Property("category_id", Source::Column("category_id")),
            Property("on_homepage", Source::Column("on_homepage")),
            Property("target", Source::Column("target")),
        ],
        linked: Some(("Link_Category", "category_id")),
        ..Object::EMPTY
    }),
    property_tool: Some("link"),
    properties_archived: true,
    place: &[],
};
