//! Assignments: the folder that students hand their work in to, its dates and its documents. Their work is their own.

use crate::course::item::{Item, Items, Record};
use crate::php;
use crate::portal::database::Value;

use super::{Directory, Form, Kind, Object, Property, Role, Source, Special, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Assignment", kinds: &[ASSIGNMENT] };

const ASSIGNMENT: Kind = Kind {
    key: "work",
    class: "Work",
    table: Table {
        name: "c_student_publication",
        extra_fields: Some(9),
        roles: &[
            ("description", Role::Html),
            ("document_id", Role::Reference("c_document")),
            ("user_id", Role::User),
            ("qualificator_id", Role::User),
            ("has_properties", Role::Late("c_student_publication_assignment")),
        ],
        children: &[SETTINGS, DOCUMENT, STUDENT, COMMENT, WORK],
        never_null: &["url", "title", "description"],
        directory: Some(Directory { column: "url", folder: "work" }),
        ..Table::COURSE
    },
    // 2 is a deleted one. Chamilo's CourseBuilder also leaves out those that are only hidden (0).
    condition: "filetype = 'folder' AND parent_id = 0 AND (active IS NULL OR active <> 2)",
    order: "",
    form: Form::Object(Object {
        own: &[Property("params", Source::RowWith(DATES))],
        mend: Some(make_settings),
        ..Object::EMPTY
    }),
    property_tool: Some("work"),
    properties_archived: false,
    place: &["url"],
};

/// Its dates, and whether it is marked.
const SETTINGS: Table = Table {
    name: SETTINGS_NAME,
    parent: "publication_id",
    roles: &[("add_to_calendar", Role::Late("c_calendar_event"))],
    ..Table::COURSE
};

const SETTINGS_NAME: &str = "c_student_publication_assignment";

/// Documents that students shall work on.
const DOCUMENT: Table = Table {
    name: "c_student_publication_rel_document",
    parent: "work_id",
    roles: &[("document_id", Role::Reference("c_document"))],
    ..Table::COURSE
};

const STUDENT: Table =
    Table { name: "c_student_publication_rel_user", parent: "work_id", users_own: true, ..Table::COURSE };

const COMMENT: Table =
    Table { name: "c_student_publication_comment", parent: "work_id", users_own: true, ..Table::COURSE };

/// What students handed in.
const WORK: Table = Table {
    name: "c_student_publication",
    parent: "parent_id",
    children: &[COMMENT],
    property_tool: Some("work"),
    users_own: true,
    ..Table::COURSE
};

/// Members beside the row. Chamilo's own archives hold no dates; its importer takes these as if they came from its form
/// for assignments, so that the dates come back. It reads them in the time zone of whoever imports.
const DATES: &[Property] = &[
    Property("enableExpiryDate", Source::Special(Special { write: expires, read: ignore, covers: &[] })),
    Property("expires_on", Source::Special(Special { write: expires_on, read: read_expires_on, covers: &[] })),
    Property("enableEndDate", Source::Special(Special { write: ends, read: ignore, covers: &[] })),
    Property("ends_on", Source::Special(Special { write: ends_on, read: read_ends_on, covers: &[] })),
];

fn expires(item: &Item, _: &Items) -> Option<php::Value<'static>> {
    date(item, "expires_on").map(|_| 1.into())
}

fn expires_on(item: &Item, _: &Items) -> Option<php::Value<'static>> {
    date(item, "expires_on").map(text)
}

fn ends(item: &Item, _: &Items) -> Option<php::Value<'static>> {
    end_date(item).map(|_| 1.into())
}

fn ends_on(item: &Item, _: &Items) -> Option<php::Value<'static>> {
    end_date(item).map(text)
}

/// A date of the assignment, `None` if it has none.
fn date(item: &Item, column: &str) -> Option<Vec<u8>> {
    let settings = item.record.children_of(&item.kind.table, SETTINGS_NAME).first()?;
    let date = settings.bytes(column);
    // Old rows may hold dates of zeros.
    (!date.is_empty() && !date.starts_with(b"0000")).then_some(date)
}

/// The end date; not one before the other date, with which Chamilo's importer makes no assignment.
fn end_date(item: &Item) -> Option<Vec<u8>> {
    date(item, "ends_on").filter(|end| date(item, "expires_on").is_none_or(|expires| *end >= expires))
}

fn text(bytes: Vec<u8>) -> php::Value<'static> {
    php::Value::String(bytes.into())
}

fn ignore(_: &php::Value<'_>, _: &mut Record) {}

fn read_expires_on(value: &php::Value<'_>, record: &mut Record) {
    read_date("expires_on", value, record);
}

fn read_ends_on(value: &php::Value<'_>, record: &mut Record) {
    read_date("ends_on", value, record);
}

fn read_date(column: &str, value: &php::Value<'_>, record: &mut Record) {
    if let (Some(settings), Some(date)) = (settings(record), value.as_bytes()) {
        settings.set(column, Value::from(date.into_owned()));
    }
}

/// Makes the settings as Chamilo's importer does: an assignment with points is marked.
fn make_settings(record: &mut Record) {
    let points = record.get("qualification").to_text();
    let points = points.and_then(|text| std::str::from_utf8(&text).ok()?.trim().parse::<f64>().ok());
    if let Some(settings) = settings(record) {
        settings.set("enable_qualification", points.is_some_and(|points| points > 0.0).into());
    }
}

/// The settings of an assignment that is being read. Their key is the one that the row names.
fn settings(record: &mut Record) -> Option<&mut Record> {
    let (place, table) = ASSIGNMENT.table.child(SETTINGS_NAME)?;
    let key = record.int("has_properties").filter(|key| *key != 0);
    let rows = record.children.get_mut(place)?;
    if rows.is_empty() {
        let mut settings = Record::new(table);
        settings.set(table.key, key.into());
        rows.push(settings);
    }
    rows.first_mut()
}
