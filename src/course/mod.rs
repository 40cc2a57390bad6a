//! A course and its tools: items as rows, how they are read, written, emptied.

pub mod create;
mod defaults;
pub mod delete;
pub mod document;
pub mod document_edit;
pub mod document_removal;
pub mod document_rows;
pub mod empty;
pub mod extra_field;
pub mod html;
pub mod import;
pub mod item;
pub mod names;
pub mod property_rows;
pub mod quota;
pub mod rules;
pub mod shortcut;
pub mod staging;
mod stamp;
pub mod successor;
pub mod tool;

use crate::portal::database::{DatabaseError, Row, Session};

pub use stamp::Stamp;

/// A course, as its row in table `course` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The number that all course tables know it by (`c_id`).
    pub id: i64,
    /// The unique code, which URLs and some tables name it by; bytes as they are in the row.
    pub code: Vec<u8>,
    /// The code shown to people; usually the same.
    pub visual_code: String,
    /// The course's folder below `app/courses/`; bytes as they are in the row.
    pub directory: Vec<u8>,
    /// The title, for people.
    pub title: String,
    /// Chamilo's English name of the course's language (`french`), empty if none is set.
    pub language: String,
    /// The code of its category, empty for none.
    pub category: String,
    /// 0 closed, 1 for its users, 2 for users of the platform, 3 for everybody, 4 hidden.
    pub visibility: i64,
    /// Bytes that its documents may take; `None` if the platform's default counts.
    pub disk_quota: Option<u64>,
    /// When it was made, `YYYY-MM-DD HH:MM:SS` UTC, empty if unknown.
    pub creation_date: String,
    /// When its description was last changed, likewise.
    pub last_edit: String,
}

impl Course {
    /// All courses, in the order of their ids.
    pub fn list(session: &dyn Session) -> Result<Vec<Course>, DatabaseError> {
        let mut courses = Vec::new();
        session.query("SELECT * FROM course ORDER BY id", &[], &mut |row| {
            courses.extend(Course::from_row(&row));
            Ok(())
        })?;
        Ok(courses)
    }

    /// The course with exactly this code. Bytes are compared here, because MariaDB's `=` ignores case and accents.
    pub fn by_code(session: &dyn Session, code: &[u8]) -> Result<Option<Course>, DatabaseError> {
        let candidates = session.rows("SELECT * FROM course WHERE code = ?", &[code.into()])?;
        Ok(candidates.iter().filter_map(Course::from_row).find(|course| course.code == code))
    }

    /// The course with this id.
    pub fn by_id(session: &dyn Session, id: i64) -> Result<Option<Course>, DatabaseError> {
        Ok(session.row("SELECT * FROM course WHERE id = ?", &[id.into()])?.as_ref().and_then(Course::from_row))
    }

    /// Whether its code can be the name of its folder in a mount.
    pub fn has_folder_name(&self) -> bool {
        !self.code.is_empty() && !self.code.starts_with(b".") && !self.code.iter().any(|byte| matches!(byte, b'/' | 0))
    }

    /// Columns that a portal lacks read as empty; a row without an id is no course.
    fn from_row(row: &Row) -> Option<Course> {
        Some(Course {
            id: row.int("id")?,
            code: row.bytes("code"),
            visual_code: row.text("visual_code"),
            directory: row.bytes("directory"),
            title: row.text("title"),
            language: row.text("course_language"),
            category: row.text("category_code"),
            visibility: row.int("visibility").unwrap_or_default(),
            disk_quota: row.int("disk_quota").and_then(|quota| u64::try_from(quota).ok()).filter(|quota| *quota > 0),
            creation_date: row.text("creation_date"),
            last_edit: row.text("last_edit"),
        })
    }
}

/// The address of the portal's main URL, with a slash at its end.
pub fn portal_url(session: &dyn Session) -> Result<String, DatabaseError> {
    let row = session.row("SELECT url FROM access_url ORDER BY id", &[])?;
    Ok(with_slash(row.map_or_else(|| "http://localhost/".to_owned(), |row| row.text("url"))))
}

/// The address under which the course `course` is found, with a slash at its end: the first of those URLs of the portal
/// that it belongs to, else the portal's main URL.
pub fn course_url(session: &dyn Session, course: i64) -> Result<String, DatabaseError> {
    let own = "SELECT u.url AS url FROM access_url u JOIN access_url_rel_course r ON r.access_url_id = u.id \
               WHERE r.c_id = ? ORDER BY u.id";
    match session.row(own, &[course.into()])? {
        Some(row) => Ok(with_slash(row.text("url"))),
        None => portal_url(session),
    }
}

fn with_slash(mut url: String) -> String {
    if !url.ends_with('/') {
        url.push('/');
    }
    url
}
