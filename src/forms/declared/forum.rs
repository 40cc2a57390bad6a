//! Forums: categories are folders, forums folders in them, and threads pages with an article for each post.

use crate::course::Course;
use crate::course::item::Record;
use crate::forms::form::{Belongs, FileForm, Given, Home, Parsed, Part, Syntax, TableForm, kind};
use crate::portal::database::{DatabaseError, Session, Value};

pub const CATEGORY: FileForm = FileForm {
    tool: "Forum",
    kind: "Forum_Category",
    name: "forum category",
    syntax: Syntax::Page("cat_comment"),
    title: "cat_title",
    folder: true,
    tables: &[TableForm {
        table: "c_forum_category",
        row: "category",
        fields: &[("cat_order", "order")],
        ..TableForm::PLAIN
    }],
    ..FileForm::PLAIN
};

pub const FORUM: FileForm = FileForm {
    tool: "Forum",
    kind: "forum",
    name: "forum",
    syntax: Syntax::Page("forum_comment"),
    title: "forum_title",
    home: Home::Below("forum_category", "Forum_Category"),
    folder: true,
    tables: &[TableForm {
        table: "c_forum_forum",
        row: "forum",
        fields: &[
            ("forum_threads", "threads"),
            ("forum_posts", "posts"),
            ("forum_last_post", "last_post"),
            ("forum_category", "category"),
            ("forum_of_group", "group"),
            ("forum_group_public_private", "group_access"),
            ("forum_order", "order"),
            ("lp_id", "learning_path"),
        ],
        defaults: &[
            ("allow_anonymous", Given::Int(0)),
            ("allow_edit", Given::Int(1)),
            ("approval_direct_post", Given::Text("0")),
            ("allow_attachments", Given::Int(1)),
            ("allow_new_threads", Given::Int(1)),
            ("default_view", Given::Text("flat")),
            ("forum_of_group", Given::Text("0")),
            ("forum_group_public_private", Given::Text("public")),
            ("forum_threads", Given::Int(0)),
            ("forum_posts", Given::Int(0)),
            ("forum_last_post", Given::Int(0)),
        ],
        ..TableForm::PLAIN
    }],
    ..FileForm::PLAIN
};

pub const THREAD: FileForm = FileForm {
    tool: "Forum",
    kind: "thread",
    name: "thread",
    syntax: Syntax::Articles("post_text"),
    title: "thread_title",
    home: Home::Inside("forum_id", "forum"),
    distinct: &["thread_date"],
    parts: &[Part { kind: "post", belongs: Belongs::By("thread_id") }],
    tables: &[
        TableForm {
            table: "c_forum_thread",
            row: "thread",
            fields: &[
                ("thread_replies", "replies"),
                ("thread_poster_id", "author"),
                ("thread_poster_name", "author_name"),
                ("thread_views", "views"),
                ("thread_last_post", "last_post"),
                ("thread_date", "date"),
                ("thread_sticky", "sticky"),
                ("thread_title_qualify", "gradebook_title"),
                ("thread_qualify_max", "max_score"),
                ("thread_close_date", "closes"),
                ("thread_weight", "weight"),
                ("thread_peer_qualify", "marked_by_peers"),
                ("lp_item_id", "learning_path_step"),
            ],
            defaults: &[("thread_poster_id", Given::User), ("thread_date", Given::Now)],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_forum_post",
            row: "post",
            list: "posts",
            fields: &[
                ("post_title", "title"),
                ("post_text", "text"),
                ("poster_id", "author"),
                ("poster_name", "author_name"),
                ("post_date", "date"),
                ("post_notification", "notify"),
                ("post_parent_id", "answers"),
            ],
            defaults: &[
                ("poster_id", Given::User),
                ("post_date", Given::Now),
                ("visible", Given::Int(1)),
                ("post_notification", Given::Int(0)),
                ("post_parent_id", Given::Int(0)),
                ("status", Given::Int(1)),
            ],
            ..TableForm::PLAIN
        },
        TableForm { table: "c_forum_attachment", row: "attachment", list: "attachments", ..TableForm::PLAIN },
    ],
    complete: Some(complete),
    made: Some(count),
    ..FileForm::PLAIN
};

/// A forum knows how many threads and posts it has and which post is the last.
fn count(session: &dyn Session, course: &Course, thread: i64) -> Result<(), DatabaseError> {
    let sql = "SELECT forum_id FROM c_forum_thread WHERE c_id = ? AND thread_id = ?";
    let Some(forum) = session.int(sql, &[course.id.into(), thread.into()])? else { return Ok(()) };
    let of = |what: &str, table: &str| format!("(SELECT {what} FROM {table} WHERE c_id = ? AND forum_id = ?)");
    let sql = format!(
        "UPDATE c_forum_forum SET forum_threads = {}, forum_posts = {}, forum_last_post = {} \
         WHERE c_id = ? AND forum_id = ?",
        of("COUNT(*)", "c_forum_thread"),
        of("COUNT(*)", "c_forum_post"),
        of("MAX(post_id)", "c_forum_post"),
    );
    let values = [course.id, forum].repeat(4).into_iter().map(Value::Int).collect::<Vec<_>>();
    session.execute(&sql, &values).map(drop)
}

/// A thread knows how many answers it has and which post is the last.
fn complete(parsed: &mut Parsed) {
    let posts = parsed.parts.first().map_or(0, Vec::len) as i64;
    let key = |row: &Record| kind("post").and_then(|kind| row.key(&kind.table));
    let last = parsed.parts.first().and_then(|rows| rows.last()).and_then(key);
    if !parsed.ours {
        parsed.main.set("thread_replies", Value::Int((posts - 1).max(0)));
        if let Some(last) = last {
            parsed.main.set("thread_last_post", Value::Int(last));
        }
    }
}
