//! The wiki: every version of every page is an item.
//!
//! A page is known by the key of its first version (`page_id`). What belongs to the page as a whole hangs on the first
//! version that is there, so that it is there once for each page.

use super::{Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Wiki", kinds: &[VERSION] };

const VERSION: Kind = Kind {
    key: "wiki",
    class: "Wiki",
    table: Table {
        name: "c_wiki",
        roles: &[
            ("page_id", Role::Late("c_wiki")),
            ("content", Role::Html),
            ("user_id", Role::User),
            ("score", Role::Loose),
            ("hits", Role::Loose),
            // Who is editing the page just now, and since when.
            ("is_editing", Role::Loose),
            ("time_edit", Role::Loose),
            ("user_ip", Role::Loose),
        ],
        children: &[CONFIGURATION, DISCUSSION, MAIL],
        group: Some("page_id"),
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("id", Source::Column("id")),
            Property("page_id", Source::Column("page_id")),
            Property("reflink", Source::Column("reflink")),
            Property("title", Source::Column("title")),
            Property("content", Source::Column("content")),
            Property("user_id", Source::Column("user_id")),
            Property("group_id", Source::Column("group_id")),
            Property("timestamp", Source::Null),
            Property("progress", Source::Column("progress")),
            Property("version", Source::Column("version")),
        ],
        dynamic: &[Property("dtime", Source::Column("dtime"))],
        ..Object::EMPTY
    }),
    property_tool: Some("wiki"),
    properties_archived: true,
    place: &["reflink", "group_id", "version"],
};

/// The task of a page and the limits for its versions.
const CONFIGURATION: Table = Table {
    name: "c_wiki_conf",
    key: "iid",
    parent: "page_id",
    of_group: true,
    roles: &[("task", Role::Html), ("feedback1", Role::Html), ("feedback2", Role::Html), ("feedback3", Role::Html)],
    ..Table::COURSE
};

const DISCUSSION: Table = Table { name: "c_wiki_discuss", parent: "publication_id", users_own: true, ..Table::COURSE };

/// Who wants mail about a page.
const MAIL: Table = Table { name: "c_wiki_mailcue", key: "iid", parent: "id", users_own: true, ..Table::COURSE };
