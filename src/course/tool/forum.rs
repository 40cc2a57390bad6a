//! Forums: categories, forums, threads and every post, with the files that posts carry.
//!
//! Chamilo's own archives hold the opening post of each thread only, although its importer takes any number; ours hold
//! them all. What its importer would not lead to the new rows (the post that is answered, the learning path) stands as
//! `0` for it.

use super::{Files, Form, Kind, Obj, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Forum", kinds: &[CATEGORY, FORUM, THREAD, POST] };

const CATEGORY: Kind = Kind {
    key: "Forum_Category",
    class: "ForumCategory",
    table: Table {
        name: "c_forum_category",
        extra_fields: Some(15),
        key: "cat_id",
        roles: &[("cat_comment", Role::Html), ("cat_order", Role::Loose)],
        ..Table::COURSE
    },
    condition: "",
    order: "HEX(cat_title), iid",
    form: Form::Object(Object { obj: ROW, ..Object::EMPTY }),
    property_tool: Some("forum_category"),
    properties_archived: true,
    place: &[],
};

/// The row alone.
const ROW: Obj = Obj::Row { more: &[], zeroed: &[], first: false };

const FORUM: Kind = Kind {
    key: "forum",
    class: "Forum",
    table: Table {
        name: "c_forum_forum",
        key: "forum_id",
        roles: &[
            ("forum_comment", Role::Html),
            ("forum_category", Role::Reference("c_forum_category")),
            ("forum_last_post", Role::Late("c_forum_post")),
            ("lp_id", Role::Late("c_lp")),
            ("forum_threads", Role::Loose),
            ("forum_posts", Role::Loose),
            ("forum_order", Role::Loose),
            // The file gets a name that is free.
            ("forum_image", Role::Loose),
        ],
        children: &[users_own("c_forum_notification", "forum_id")],
        files: Some(Files { column: "forum_image", folder: "upload/forum/images", also: None, small: false }),
        ..Table::COURSE
    },
    condition: "",
    order: "HEX(forum_title), forum_category, iid",
    form: Form::Object(Object {
        // The class declares these, and leaves them all empty: everything is in `obj`.
        own: &[
            Property("title", Source::Null),
            Property("description", Source::Null),
            Property("category_id", Source::Null),
            Property("last_post", Source::Null),
            Property("topics", Source::Null),
            Property("posts", Source::Null),
            Property("allow_anonymous", Source::Null),
            Property("allow_edit", Source::Null),
            Property("approval_direct_post", Source::Null),
            Property("allow_attachements", Source::Null),
            Property("allow_new_topics", Source::Null),
            Property("default_view", Source::Null),
            Property("of_group", Source::Null),
            Property("group_public_private", Source::Null),
            Property("order", Source::Null),
            Property("locked", Source::Null),
            Property("session_id", Source::Null),
            Property("image", Source::Null),
        ],
        obj: Obj::Row { more: &[], zeroed: &["lp_id"], first: false },
        ..Object::EMPTY
    }),
    property_tool: Some("forum"),
    properties_archived: true,
    place: &[],
};

const THREAD: Kind = Kind {
    key: "thread",
    class: "ForumTopic",
    table: Table {
        name: "c_forum_thread",
        key: "thread_id",
        roles: &[
            ("forum_id", Role::Reference("c_forum_forum")),
            ("thread_poster_id", Role::User),
            ("thread_last_post", Role::Late("c_forum_post")),
            ("lp_item_id", Role::Late("c_lp_item")),
            ("thread_replies", Role::Loose),
            ("thread_views", Role::Loose),
        ],
        children: &[
            users_own("c_forum_mailcue", "thread_id"),
            users_own("c_forum_notification", "thread_id"),
            users_own("c_forum_thread_qualify", "thread_id"),
            users_own("c_forum_thread_qualify_log", "thread_id"),
        ],
        ..Table::COURSE
    },
    condition: "",
    order: "HEX(thread_title), iid",
    form: Form::Object(Object { obj: Obj::Row { more: &[], zeroed: &["lp_item_id"], first: false }, ..Object::EMPTY }),
    property_tool: Some("forum_thread"),
    properties_archived: true,
    place: &[],
};

const POST: Kind = Kind {
    key: "post",
    class: "ForumPost",
    table: Table {
        name: "c_forum_post",
        extra_fields: Some(16),
        key: "post_id",
        roles: &[
            ("post_text", Role::Html),
            ("thread_id", Role::Reference("c_forum_thread")),
            ("forum_id", Role::Reference("c_forum_forum")),
            ("post_parent_id", Role::Late("c_forum_post")),
            ("poster_id", Role::User),
        ],
        children: &[ATTACHMENT, users_own("c_forum_mailcue", "post_id"), users_own("c_forum_notification", "post_id")],
        ..Table::COURSE
    },
    // Posts know neither their session nor that their thread was deleted: both stand with the thread. The plus keeps
    // SQLite from looking through all properties of the course for each post.
    condition: "(c_id, thread_id) IN (SELECT c_id, thread_id FROM c_forum_thread
                    WHERE session_id = 0 OR session_id IS NULL)
                AND NOT EXISTS (SELECT 1 FROM c_item_property p WHERE p.tool = 'forum_thread'
                    AND p.ref = c_forum_post.thread_id AND +p.c_id = c_forum_post.c_id AND p.visibility = 2
                    AND (p.session_id = 0 OR p.session_id IS NULL))",
    order: "post_id, iid",
    form: Form::Object(Object {
        obj: Obj::Row { more: &[], zeroed: &["post_parent_id"], first: false },
        // Chamilo's importer stops at a thread if there is no list of posts at all.
        with: Some("thread"),
        ..Object::EMPTY
    }),
    property_tool: Some("forum_post"),
    // CourseBuilder looks for `post`.
    properties_archived: false,
    place: &[],
};

const ATTACHMENT: Table = Table {
    name: "c_forum_attachment",
    key: "iid",
    // The second key stays NULL (data rules 0.2), and the file gets a name that is free.
    roles: &[("id", Role::Key), ("path", Role::Loose)],
    parent: "post_id",
    files: Some(Files { column: "path", folder: "upload/forum", also: None, small: false }),
    ..Table::COURSE
};

/// A table of what users did: who reads along, who was marked.
const fn users_own(name: &'static str, parent: &'static str) -> Table {
    Table { name, parent, users_own: true, ..Table::COURSE }
}
