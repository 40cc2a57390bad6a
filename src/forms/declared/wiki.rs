//! Wiki pages: the newest version as page, the older ones beside it.

use crate::course::item::Record;
use crate::forms::form::{Belongs, FileForm, Given, Parsed, Part, Syntax, TableForm, kind};
use crate::portal::database::Value;
use crate::portal::schema;

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
            table: SETTINGS,
            row: "settings",
            list: "settings",
            fields: &[("startdate_assig", "starts"), ("enddate_assig", "ends"), ("delayedsubmit", "accepts_late")],
            ..TableForm::PLAIN
        },
    ],
    complete: Some(complete),
    ..FileForm::PLAIN
};

/// The table of a page's task and limits.
const SETTINGS: &str = "c_wiki_conf";

/// A page is called by its title, with underlines for blanks (Chamilo 1.11, Wiki), and has settings: without them Chamilo
/// does not show it.
fn complete(parsed: &mut Parsed) {
    let title = parsed.main.bytes("title");
    let name = String::from_utf8_lossy(&title).replace(' ', "_");
    parsed.set("page", "reflink", name);
    let Some((place, table)) = kind(PAGE.kind).and_then(|kind| kind.table.child(SETTINGS)) else { return };
    if parsed.ours || parsed.told.contains("settings") {
        return;
    }
    let mut row = Record::new(table);
    for column in schema::columns(SETTINGS) {
        row.set(column.name, column.empty());
    }
    row.set(table.primary, Value::Int(parsed.key()));
    if let Some(rows) = parsed.main.children.get_mut(place) {
        rows.push(row);
    }
}
