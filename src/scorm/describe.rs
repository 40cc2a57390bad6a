//! A small file in every package that says in Chamilo's terms what it was made from, for those who take it in again.

use serde_json::{Value as Json, json};

use crate::course::item::{Item, Record};
use crate::portal::database::Value;

use super::files::Found;
use super::load::CourseRows;
use super::steps;

/// Its name in the shared folder.
pub const NAME: &str = "package.json";

/// The version of its form.
pub const FORM: u64 = 1;

/// What is told.
pub struct Description<'a> {
    /// The course and its paths.
    pub rows: &'a CourseRows,
    /// The files of the course in the package.
    pub found: &'a Found,
    /// What else should be known.
    pub remarks: &'a [String],
}

impl Description<'_> {
    /// The file.
    pub fn write(&self) -> Vec<u8> {
        let rows = self.rows;
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let paths: Vec<Json> = rows.paths.iter().map(path).collect();
        let files: Vec<Json> = self
            .found
            .packed
            .iter()
            .map(|file| json!({"name": file.name, "place": lossy(&file.place), "changed": file.rewritten.is_some()}))
            .collect();
        let left: Vec<Json> = self
            .found
            .left
            .iter()
            .map(|left| json!({"page": left.page, "address": left.address, "why": left.why}))
            .collect();
        let description = json!({
            "coursefs": FORM,
            "course": {"code": lossy(&rows.course.code), "title": rows.course.title, "language": rows.course.language},
            "portal": rows.addresses.portal_url(),
            "paths": paths,
            "files": files,
            "left": left,
            "remarks": self.remarks,
        });
        serde_json::to_vec(&description).unwrap_or_default()
    }
}

fn path(path: &Item) -> Json {
    let steps: Vec<Json> = steps::of(path).iter().map(|step| record(step.record)).collect();
    json!({"path": record(&path.record), "steps": steps})
}

/// The columns of a row that hold something.
fn record(record: &Record) -> Json {
    let columns = record.iter().filter_map(|(column, value)| {
        let value = match value {
            Value::Null => return None,
            Value::Int(number) => json!(number),
            Value::Float(number) => json!(number),
            Value::Text(text) if text.is_empty() => return None,
            Value::Text(text) => json!(String::from_utf8_lossy(text)),
        };
        Some((column.to_owned(), value))
    });
    Json::Object(columns.collect())
}
