//! The rows of a document: one in `c_document` and its item property, as Chamilo leaves them after an upload or a new
//! folder. The file or folder itself is the caller's.

use super::Stamp;
use super::property_rows::{self, NewProperty, Visibility};
use crate::portal::Settings;
use crate::portal::database::{DatabaseError, Session, Value};

/// The longest path in characters (`c_document.path`, `VARCHAR(255)`).
pub const MAX_PATH: usize = 255;

/// The longest title in characters (`c_document.title`).
const MAX_TITLE: usize = 255;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// A file of so many bytes.
    File {
        /// Its length in bytes.
        size: u64,
    },
    /// A folder.
    Folder,
}

/// A document of the base course to be entered.
#[derive(Clone, Copy, Debug)]
pub struct NewDocument<'a> {
    /// Where it lies below the course's `document/` folder, byte for byte; starts with `/` and does not end in one.
    pub path: &'a [u8],
    /// What people see. Longer titles than 255 characters are cut, as Chamilo's database does.
    pub title: &'a str,
    /// A remark for people.
    pub comment: Option<&'a str>,
    /// File or folder.
    pub kind: DocumentKind,
    /// Whether students see it.
    pub visible: bool,
}

/// Why a document can't be entered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentRowError {
    /// The path is no path of a document.
    #[error("{path:?} is no path of a document: it must be /name or /folder/name")]
    Path {
        /// The path.
        path: String,
    },
    /// The path can't stand in the table as it is.
    #[error("the path {path:?} can't stand in Chamilo's database: it is no UTF-8, or has characters beyond U+FFFF")]
    Unwritable {
        /// The path.
        path: String,
    },
    /// The path does not fit into the table, where MariaDB would cut it silently.
    #[error("the path {path:?} has {length} characters; Chamilo stores at most {MAX_PATH}: shorten a name in it")]
    TooLong {
        /// The path.
        path: String,
        /// Its length in characters.
        length: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Enters one document and returns its key. Ancestors are not stamped ([`touch_ancestors`]).
pub fn insert(
    session: &dyn Session,
    course: i64,
    document: &NewDocument<'_>,
    stamp: &Stamp,
) -> Result<i64, DocumentRowError> {
    let edit = edit_of_new(document.kind == DocumentKind::Folder, document.visible);
    insert_with_edit(session, course, document, edit, stamp)
}

/// Gives the document `from`, which nothing refers to yet, the free key `to`.
pub fn renumber(session: &dyn Session, course: i64, from: i64, to: i64) -> Result<(), DatabaseError> {
    let sql = "UPDATE c_document SET iid = ?, id = ? WHERE iid = ?";
    session.execute(sql, &[to.into(), to.into(), from.into()])?;
    // The plus keeps SQLite from looking through all properties of the course.
    let sql = "UPDATE c_item_property SET ref = ? WHERE +c_id = ? AND tool = 'document' AND ref = ?";
    session.execute(sql, &[to.into(), course.into(), from.into()])?;
    Ok(())
}

/// Enters one document whose last change has another name than an upload's (`DocumentAdded` for the folders that a new
/// course starts with).
pub fn insert_with_edit(
    session: &dyn Session,
    course: i64,
    document: &NewDocument<'_>,
    edit: &str,
    stamp: &Stamp,
) -> Result<i64, DocumentRowError> {
    let iid = insert_unknown(session, course, document)?;
    let visibility = if document.visible { Visibility::Visible } else { Visibility::Invisible };
    let property = NewProperty { tool: "document", item: iid, edit, visibility, shown: None };
    property_rows::insert(session, course, &property, stamp)?;
    Ok(iid)
}

/// Enters a document that Chamilo is not to know of yet: without a row in `c_item_property`, for Chamilo shows, counts and
/// copies nothing that has none.
pub fn insert_unknown(session: &dyn Session, course: i64, document: &NewDocument<'_>) -> Result<i64, DocumentRowError> {
    check_path(document.path)?;
    if !session.holds(document.path) {
        return Err(DocumentRowError::Unwritable { path: String::from_utf8_lossy(document.path).into_owned() });
    }
    let (filetype, size) = match document.kind {
        DocumentKind::File { size } => ("file", size),
        DocumentKind::Folder => ("folder", 0),
    };
    let title: String = document.title.chars().take(MAX_TITLE).collect();
    let iid = session.insert(
        "c_document",
        &[
            ("id", Value::Null),
            ("c_id", course.into()),
            ("path", document.path.into()),
            ("comment", document.comment.into()),
            ("title", title.into()),
            ("filetype", filetype.into()),
            ("size", stored_size(size)),
            ("readonly", 0.into()),
            ("session_id", 0.into()),
        ],
    )?;
    property_rows::set_second_key(session, "c_document", "id", iid)?;
    Ok(iid)
}

/// Lets Chamilo know of a document that was entered without its knowing, as if it were new.
pub fn make_known(
    session: &dyn Session,
    course: i64,
    (key, folder): (i64, bool),
    visible: bool,
    stamp: &Stamp,
) -> Result<(), DatabaseError> {
    let visibility = if visible { Visibility::Visible } else { Visibility::Invisible };
    let edit = edit_of_new(folder, visible);
    let property = NewProperty { tool: "document", item: key, edit, visibility, shown: None };
    property_rows::insert(session, course, &property, stamp).map(drop)
}

/// What the property row of a new document says happened last.
fn edit_of_new(folder: bool, visible: bool) -> &'static str {
    match (folder, visible) {
        (true, _) => "FolderCreated",
        (false, true) => "DocumentVisible",
        (false, false) => "DocumentInvisible",
    }
}

/// A file's length as the column can hold it: at most 2147483647, as MariaDB stores a longer one.
pub fn stored_size(size: u64) -> Value {
    Value::Int(i64::from(i32::try_from(size).unwrap_or(i32::MAX)))
}

/// Whether a path can stand in `c_document.path`.
pub fn check_path(path: &[u8]) -> Result<(), DocumentRowError> {
    let text = || String::from_utf8_lossy(path).into_owned();
    let is_name = |name: &[u8]| !name.is_empty() && name != b"." && name != b".." && !name.contains(&0);
    match path.split_first() {
        Some((b'/', names)) if names.split(|byte| *byte == b'/').all(is_name) => {}
        _ => return Err(DocumentRowError::Path { path: text() }),
    }
    let length = text().chars().count();
    if length > MAX_PATH { Err(DocumentRowError::TooLong { path: text(), length }) } else { Ok(()) }
}

/// Notes on every folder above `path` that something inside it changed, as Chamilo does after uploads and edits.
pub fn touch_ancestors(session: &dyn Session, course: i64, path: &[u8], stamp: &Stamp) -> Result<(), DatabaseError> {
    let mut folders = Vec::new();
    let sql = "SELECT iid, id, path FROM c_document WHERE c_id = ? AND filetype = 'folder'";
    session.query(sql, &[course.into()], &mut |row| {
        let folder = row.bytes("path");
        let above = path.strip_prefix(folder.as_slice()).is_some_and(|rest| rest.starts_with(b"/"));
        folders.extend(row.int("id").or(row.int("iid")).filter(|_| above));
        Ok(())
    })?;
    let sql = "UPDATE c_item_property SET lastedit_date = ?, lastedit_user_id = ?, \
               lastedit_type = 'DocumentInFolderUpdated' \
               WHERE +c_id = ? AND tool = 'document' AND ref = ? AND (session_id IS NULL OR session_id = 0)";
    for folder in folders {
        session.execute(sql, &[stamp.datetime().into(), stamp.user.into(), course.into(), folder.into()])?;
    }
    Ok(())
}

/// Whether students see new documents of the course: the platform's setting, or the course's own if the platform lets
/// courses choose (Chamilo 1.11, `documents_default_visibility_defined_in_course`).
pub fn visible_by_default(session: &dyn Session, settings: &Settings, course: i64) -> Result<bool, DatabaseError> {
    if settings.get("documents_default_visibility_defined_in_course") == Some("true") {
        let sql = "SELECT value FROM c_course_setting WHERE c_id = ? AND variable = 'documents_default_visibility'";
        let own = session.row(sql, &[course.into()])?.map(|row| row.text("value")).unwrap_or_default();
        match own.as_str() {
            "visible" => return Ok(true),
            "invisible" => return Ok(false),
            _ => {}
        }
    }
    Ok(settings.with_subkey("tool_visible_by_default_at_creation", "documents") != Some("false"))
}
