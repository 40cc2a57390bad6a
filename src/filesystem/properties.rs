//! Extended attributes `user.chamilo.*`: what Chamilo knows of a course or document besides its name and bytes.
//!
//! Each is one line of a table: the attribute's name and the column it shows. NULL columns have no attribute, so that
//! `getfattr -d` prints only what says something.

use crate::portal::database::{Row, Value};

/// What all our attributes begin with.
pub const PREFIX: &str = "user.chamilo.";

/// Why the last upload into a folder was not taken in; absent after one that was.
pub const ERROR: &str = "user.chamilo.error";

/// What the last upload into a folder brought.
pub const REPORT: &str = "user.chamilo.report";

/// How a column is shown.
#[derive(Clone, Copy)]
enum Form {
    /// As it is.
    Plain,
    /// 0 `invisible`, 1 `visible` (Chamilo 1.11, `c_item_property.visibility`).
    Visibility,
    /// 0 to 4 (Chamilo 1.11, `course.visibility`).
    CourseVisibility,
}

/// An attribute: its name after the prefix, its column, its form.
pub struct Property(&'static str, &'static str, Form);

/// Attributes of a course, from `course`.
pub const COURSE: &[Property] = &[
    Property("id", "id", Form::Plain),
    Property("code", "code", Form::Plain),
    Property("title", "title", Form::Plain),
    Property("language", "course_language", Form::Plain),
    Property("visibility", "visibility", Form::CourseVisibility),
    Property("directory", "directory", Form::Plain),
    Property("category", "category_code", Form::Plain),
    Property("created", "creation_date", Form::Plain),
];

/// Attributes of a document, from `c_document`.
pub const DOCUMENT: &[Property] = &[
    Property("id", "iid", Form::Plain),
    Property("title", "title", Form::Plain),
    Property("comment", "comment", Form::Plain),
    Property("readonly", "readonly", Form::Plain),
];

/// Attributes of a document, from the row of `c_item_property` that counts.
pub const ITEM: &[Property] = &[
    Property("visibility", "visibility", Form::Visibility),
    Property("created", "insert_date", Form::Plain),
    Property("modified", "lastedit_date", Form::Plain),
];

impl Property {
    /// The attribute's full name and its value in `row`, `None` if the column is NULL or missing.
    pub fn of(&self, row: &Row) -> Option<(String, Vec<u8>)> {
        let Property(name, column, form) = self;
        let value = row.get(column);
        let shown = match (form, value) {
            (_, Value::Null) => return None,
            (Form::Visibility, value) => match value.as_int() {
                Some(0) => b"invisible".to_vec(),
                _ => b"visible".to_vec(),
            },
            (Form::CourseVisibility, value) => match value.as_int() {
                Some(0) => b"closed".to_vec(),
                Some(1) => b"registered".to_vec(),
                Some(2) => b"platform".to_vec(),
                Some(3) => b"world".to_vec(),
                _ => b"hidden".to_vec(),
            },
            (Form::Plain, value) => value.to_text()?,
        };
        Some((format!("{PREFIX}{name}"), shown))
    }
}
