//! Wiki pages: the newest version as page, the older ones beside it.

use crate::forms::form::{Belongs, FileForm, Given, Parsed, Part, Syntax, TableForm};

pub const PAGE: FileForm = FileForm {
    tool: "Wiki",
    kind: "wiki",
    name: "wiki page",
    syntax: Syntax::Page("content"),
    parts: &[Part { kind: "wiki", belongs: Belongs::Version("page_id") }],
    // A page is known by its name, in each group.
    distinct: &["reflink", "group_id"],
    tables: &[
        TableForm {
            table: "c_wiki",
            row: "version",
            list: "versions",
            fields: &[
                ("reflink", "page"),
                ("user_id", "author"),
                ("dtime", "date"),
                ("group_id", "group"),
                ("addlock_disc", "discussion_locked"),
                ("visibility_disc", "discussion_visible"),
                ("ratinglock_disc", "discussion_rating_locked"),
                ("tag", "tags"),
            ],
            defaults: &[
                ("user_id", Given::User),
                ("dtime", Given::Now),
                ("group_id", Given::Int(0)),
                ("addlock", Given::Int(1)),
                ("visibility", Given::Int(1)),
                ("addlock_disc", Given::Int(1)),
                ("visibility_disc", Given::Int(1)),
                ("ratinglock_disc", Given::Int(1)),
                ("version", Given::Int(1)),
                ("hits", Given::Int(0)),
            ],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_wiki_conf",
            row: "settings",
            list: "settings",
            fields: &[("startdate_assig", "starts"), ("enddate_assig", "ends"), ("delayedsubmit", "accepts_late")],
            ..TableForm::PLAIN
        },
    ],
    complete: Some(complete),
    ..FileForm::PLAIN
};

/// A page is called by its title, with underlines for blanks (Chamilo 1.11, Wiki).
fn complete(parsed: &mut Parsed) {
    let title = parsed.main.bytes("title");
    let name = String::from_utf8_lossy(&title).replace(' ', "_");
    parsed.set("page", "reflink", name);
}
