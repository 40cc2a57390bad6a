//! What changes of documents do to their rows, as Chamilo leaves them: new content, another place, another title.
//!
//! The files are the caller's, and so is the transaction. Paths start with `/`, as in `c_document.path`.

use super::Stamp;
use super::document_rows::stored_size;
use super::property_rows::Visibility;
use crate::portal::database::{DatabaseError, Session, Value};

/// The property rows of a document for the base course. `+` lets SQLite find them by tool and item instead of walking all
/// rows of the course; to MariaDB it means nothing.
const OF_DOCUMENT: &str = "+c_id = ? AND tool = 'document' AND ref = ? AND (session_id IS NULL OR session_id = 0)";

/// Notes what happened to the document `key`: who, when, and what (`lastedit_type`), `None` if that stays.
pub fn stamp(
    session: &dyn Session,
    course: i64,
    key: i64,
    edit: Option<&str>,
    stamp: &Stamp,
) -> Result<(), DatabaseError> {
    let (kind, value) = match edit {
        Some(edit) => (", lastedit_type = ?", Some(edit.into())),
        None => ("", None),
    };
    let sql = format!("UPDATE c_item_property SET lastedit_date = ?, lastedit_user_id = ?{kind} WHERE {OF_DOCUMENT}");
    let values: Vec<Value> = [stamp.datetime().into(), stamp.user.into()]
        .into_iter()
        .chain(value)
        .chain([course.into(), key.into()])
        .collect();
    session.execute(&sql, &values).map(drop)
}

/// Notes on the folders `keys` that something inside them changed, as Chamilo does after uploads and edits. Folders that
/// have the same note already are left alone.
pub fn stamp_folders(
    session: &dyn Session,
    course: i64,
    keys: impl IntoIterator<Item = i64>,
    stamp: &Stamp,
) -> Result<(), DatabaseError> {
    let edit = "DocumentInFolderUpdated";
    let sql = format!(
        "UPDATE c_item_property SET lastedit_date = ?, lastedit_user_id = ?, lastedit_type = '{edit}' \
         WHERE {OF_DOCUMENT} AND NOT (lastedit_date = ? AND lastedit_user_id = ? AND lastedit_type = '{edit}')"
    );
    let now = stamp.datetime();
    for key in keys {
        let values: [Value; 6] =
            [now.as_str().into(), stamp.user.into(), course.into(), key.into(), now.as_str().into(), stamp.user.into()];
        session.execute(&sql, &values)?;
    }
    Ok(())
}

/// Writes the length of the file into the row `iid`.
pub fn set_size(session: &dyn Session, iid: i64, size: u64) -> Result<(), DatabaseError> {
    let sql = "UPDATE c_document SET size = ? WHERE iid = ?";
    session.execute(sql, &[stored_size(size), iid.into()]).map(drop)
}

/// Writes the path into the row `iid`. A title that was the old name becomes the new one.
pub fn set_path(session: &dyn Session, iid: i64, path: &[u8]) -> Result<(), DatabaseError> {
    let Some(row) = session.row("SELECT path, title FROM c_document WHERE iid = ?", &[iid.into()])? else {
        return Ok(());
    };
    let name = |path: &[u8]| path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
    let (old, new) = (name(&row.bytes("path")), name(path));
    if row.bytes("title") == old && old != new {
        let sql = "UPDATE c_document SET path = ?, title = ? WHERE iid = ?";
        return session.execute(sql, &[path.into(), new.into(), iid.into()]).map(drop);
    }
    session.execute("UPDATE c_document SET path = ? WHERE iid = ?", &[path.into(), iid.into()]).map(drop)
}

/// The rows below the folder `from` with the paths that they have when it is called `to`: all of them, those of sessions
/// and groups and the deleted ones too.
pub fn paths_below(
    session: &dyn Session,
    course: i64,
    from: &[u8],
    to: &[u8],
) -> Result<Vec<(i64, Vec<u8>)>, DatabaseError> {
    let mut found = Vec::new();
    // Compared here: `_` in a name means anything to LIKE, and MariaDB's `=` ignores case and accents.
    session.query("SELECT iid, path FROM c_document WHERE c_id = ?", &[course.into()], &mut |row| {
        let path = row.bytes("path");
        let rest = path.strip_prefix(from).filter(|rest| rest.starts_with(b"/"));
        found.extend(row.int("iid").zip(rest.map(|rest| [to, rest].concat())));
        Ok(())
    })?;
    Ok(found)
}

/// Writes paths as [`paths_below`] found them. Titles stay: the names have not changed.
pub fn set_paths(session: &dyn Session, paths: &[(i64, Vec<u8>)]) -> Result<(), DatabaseError> {
    for (iid, path) in paths {
        let values = [path.as_slice().into(), (*iid).into()];
        session.execute("UPDATE c_document SET path = ? WHERE iid = ?", &values)?;
    }
    Ok(())
}

/// Shows the document `key` to students, or hides it from them.
pub fn set_visibility(
    session: &dyn Session,
    course: i64,
    key: i64,
    visible: bool,
    stamp: &Stamp,
) -> Result<(), DatabaseError> {
    let (visibility, edit) = match visible {
        true => (Visibility::Visible, "DocumentVisible"),
        false => (Visibility::Invisible, "DocumentInvisible"),
    };
    let sql = format!(
        "UPDATE c_item_property SET visibility = ?, lastedit_type = ?, lastedit_date = ?, lastedit_user_id = ? \
         WHERE {OF_DOCUMENT}"
    );
    let values: [Value; 6] = [
        (visibility as i64).into(),
        edit.into(),
        stamp.datetime().into(),
        stamp.user.into(),
        course.into(),
        key.into(),
    ];
    session.execute(&sql, &values).map(drop)
}

/// What a document is called and how it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The title that people see.
    pub title: String,
    /// A remark.
    pub comment: Option<String>,
}

/// The words of the document `iid`; `None` if it has no row.
pub fn words(session: &dyn Session, iid: i64) -> Result<Option<Words>, DatabaseError> {
    let row = session.row("SELECT title, comment FROM c_document WHERE iid = ?", &[iid.into()])?;
    Ok(row.map(|row| Words {
        title: row.text("title"),
        comment: (*row.get("comment") != Value::Null).then(|| row.text("comment")),
    }))
}

/// Gives the document `iid` another title. Chamilo notes nothing of it.
pub fn set_title(session: &dyn Session, iid: i64, title: &str) -> Result<(), DatabaseError> {
    session.execute("UPDATE c_document SET title = ? WHERE iid = ?", &[title.into(), iid.into()]).map(drop)
}

/// Gives the document `iid` another remark.
pub fn set_comment(session: &dyn Session, iid: i64, comment: Option<&str>) -> Result<(), DatabaseError> {
    session.execute("UPDATE c_document SET comment = ? WHERE iid = ?", &[comment.into(), iid.into()]).map(drop)
}
