//! Assignments: JSON. What students handed in is theirs and in no file.

use crate::course::item::Record;
use crate::forms::form::{FileForm, Given, Parsed, TableForm, kind};
use crate::forms::names;
use crate::portal::database::Value;

pub const ASSIGNMENT: FileForm = FileForm {
    tool: "Assignment",
    kind: "work",
    name: "assignment",
    tables: &[
        TableForm {
            table: "c_student_publication",
            row: "assignment",
            fields: &[
                ("url", "folder"),
                ("qualification", "max_score"),
                ("date_of_qualification", "marked_on"),
                ("qualificator_id", "marked_by"),
                ("user_id", "user"),
                ("document_id", "document"),
                ("has_properties", "settings"),
                ("sent_date", "made_on"),
            ],
            defaults: &[
                ("active", Given::Int(1)),
                ("accepted", Given::Int(1)),
                ("filetype", Given::Text("folder")),
                ("sent_date", Given::Now),
                ("user_id", Given::User),
            ],
            ..TableForm::PLAIN
        },
        TableForm {
            table: SETTINGS,
            row: "dates",
            list: "dates",
            fields: &[("add_to_calendar", "event"), ("enable_qualification", "is_marked")],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_student_publication_rel_document",
            row: "document",
            list: "documents",
            fields: &[("document_id", "document")],
            ..TableForm::PLAIN
        },
    ],
    complete: Some(complete),
    ..FileForm::PLAIN
};

const SETTINGS: &str = "c_student_publication_assignment";

/// Every assignment has a folder for what is handed in, and a row with its dates that it names.
fn complete(parsed: &mut Parsed) {
    let folder = format!("/{}", names::plain_word(&parsed.stem));
    parsed.set("folder", "url", folder);
    let Some((place, table)) = kind("work").and_then(|kind| kind.table.child(SETTINGS)) else { return };
    if !parsed.told.contains("dates") {
        let mut row = Record::new(table);
        let key = parsed.key();
        row.set(table.primary, Value::Int(key));
        row.set(table.key, Value::Int(key));
        let marked = parsed.main.get("qualification").to_text();
        let points = marked.and_then(|text| String::from_utf8_lossy(&text).parse::<f64>().ok());
        row.set("enable_qualification", points.is_some_and(|points| points > 0.0).into());
        if let Some(rows) = parsed.main.children.get_mut(place) {
            rows.push(row);
        }
    }
    let first = parsed.main.children.get(place).and_then(|rows| rows.first()).and_then(|row| row.key(table));
    if let Some(key) = first {
        parsed.set("settings", "has_properties", key);
    }
}
