//! Deleting documents as Chamilo deletes: out of sight, or for good.
//!
//! Chamilo 1.11 (DocumentManager, setting `permanently_remove_deleted_files`): what is deleted softly is called
//! `<name>_DELETED_<id>` from then on, in the table and on the disk, and its property rows say so; a recycle bin for
//! administrators shows it. Rows of what lies in a deleted folder keep the folder's old path. Learning paths that use
//! the document keep their reference in either case: Chamilo asks nobody.
//!
//! What wants to remember a document before it goes hooks in above, where the mount removes and replaces
//! (`filesystem/documents/leaving.rs`).

use std::io;

use super::document_rows::MAX_PATH;
use super::{Course, Stamp};
use crate::portal::database::{DatabaseError, Session, Value};
use crate::portal::storage::Folder;

/// Where documents lie in a course's folder.
const DOCUMENTS: &[u8] = b"document/";

/// The longest name on the disk, in bytes.
const MAX_NAME: usize = 255;

/// A document that is about to be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Doomed<'a> {
    /// Its course.
    pub course: &'a Course,
    /// Primary key of `c_document`.
    pub iid: i64,
    /// What other tables know it by (`c_document.id`).
    pub key: i64,
    /// Where it lies below `document/`, without a slash at the beginning.
    pub path: &'a [u8],
    /// Whether it is a folder, which is empty by now.
    pub folder: bool,
}

/// Why a document was not deleted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// The file can't be removed or renamed.
    #[error(transparent)]
    Files(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// How a document is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Kept out of sight.
    Soft,
    /// Gone.
    ForGood,
}

/// Deletes a document: rows first, then its file, in the transaction of `session`. `top` is the course's folder.
pub fn remove(
    session: &dyn Session,
    doomed: &Doomed<'_>,
    how: Removal,
    stamp: &Stamp,
    top: &Folder,
) -> Result<(), RemoveError> {
    let Doomed { course, iid, key, path, folder } = *doomed;
    let sql = "DELETE FROM templates WHERE course_code = ? AND user_id = ? AND ref_doc = ?";
    session.execute(sql, &[course.code.as_slice().into(), stamp.user.into(), key.into()])?;
    let place = [DOCUMENTS, path].concat();
    match how {
        Removal::ForGood => {
            remove_rows(session, course.id, iid, key)?;
            match folder {
                true => remove_folder(top, &place)?,
                false => missing_is_fine(top.remove_file(&place))?,
            }
        }
        Removal::Soft => {
            let deleted = deleted_path(path, key);
            let with_slash = [b"/".as_slice(), &deleted].concat();
            session.execute("UPDATE c_document SET path = ? WHERE iid = ?", &[with_slash.into(), iid.into()])?;
            let sql = "UPDATE c_item_property SET visibility = 2, lastedit_type = 'DocumentDeleted', \
                       lastedit_date = ?, lastedit_user_id = ? \
                       WHERE c_id = ? AND tool = 'document' AND ref = ? AND (session_id IS NULL OR session_id = 0)";
            let values: [Value; 4] = [stamp.datetime().into(), stamp.user.into(), course.id.into(), key.into()];
            session.execute(sql, &values)?;
            missing_is_fine(top.move_to(&place, top, &[DOCUMENTS, &deleted].concat()))?;
        }
    }
    Ok(())
}

/// Deletes the rows of a document.
pub fn remove_rows(session: &dyn Session, course: i64, iid: i64, key: i64) -> Result<(), DatabaseError> {
    let sql = "DELETE FROM c_item_property WHERE c_id = ? AND tool = 'document' AND ref = ?";
    session.execute(sql, &[course.into(), key.into()])?;
    session.execute("DELETE FROM c_document WHERE iid = ?", &[iid.into()]).map(drop)
}

/// The path of a deleted document. A name that would be too long with the mark is cut.
fn deleted_path(path: &[u8], key: i64) -> Vec<u8> {
    let mark = format!("_DELETED_{key}");
    let (folder, name) = match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => path.split_at(slash + 1),
        None => path.split_at(0),
    };
    let characters = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().count();
    // One more for the slash at the beginning.
    let taken = 1 + characters(folder) + mark.len();
    let fits = |name: &[u8]| name.len() + mark.len() <= MAX_NAME && characters(name) + taken <= MAX_PATH;
    let is_boundary = |end: usize| name.get(end).is_none_or(|byte| byte & 0xc0 != 0x80);
    let end = (0..=name.len()).rev().find(|end| is_boundary(*end) && name.get(..*end).is_some_and(fits));
    [folder, name.get(..end.unwrap_or(0)).unwrap_or_default(), mark.as_bytes()].concat()
}

/// Removes a folder that holds nothing but what was deleted softly before, and what Chamilo lays into folders: anything
/// else without a row is `ENOTEMPTY`. `top` is the course's folder, `place` the path in it.
pub fn remove_folder(top: &Folder, place: &[u8]) -> io::Result<()> {
    let names = match top.names(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        names => names?,
    };
    for name in &names {
        let path = [place, b"/", name].concat();
        let is_deleted = String::from_utf8_lossy(name).contains("_DELETED_");
        let is_folder = top.names(&path).is_ok();
        match (is_deleted || name == b"index.html", is_folder) {
            (true, false) => top.remove_file(&path)?,
            (true, true) => remove_all(top, &path)?,
            // Something that has no row: it is not ours to remove.
            (false, _) => return Err(io::Error::from_raw_os_error(libc::ENOTEMPTY)),
        }
    }
    missing_is_fine(top.remove_folder(place))
}

/// Removes a folder with all that is in it.
fn remove_all(top: &Folder, place: &[u8]) -> io::Result<()> {
    for name in top.names(place)? {
        let path = [place, b"/", &name].concat();
        match top.remove_file(&path) {
            Err(error) if error.raw_os_error() == Some(libc::EISDIR) => remove_all(top, &path)?,
            removed => removed?,
        }
    }
    top.remove_folder(place)
}

fn missing_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_documents_name_is_cut_if_the_mark_would_not_fit() {
        assert_eq!(deleted_path(b"a/b.txt", 12), b"a/b.txt_DELETED_12");
        assert_eq!(deleted_path(b"b", 1), b"b_DELETED_1");
        let long = format!("folder/{}", "\u{e9}".repeat(125));
        let cut = String::from_utf8(deleted_path(long.as_bytes(), 77)).unwrap();
        assert!(cut.ends_with("\u{e9}_DELETED_77") && cut.len() - 7 <= MAX_NAME, "{cut}");
        let deep = "f/".repeat(120) + "name.txt";
        let cut = String::from_utf8(deleted_path(deep.as_bytes(), 5)).unwrap();
        assert!(cut.chars().count() < MAX_PATH && cut.ends_with("_DELETED_5"), "{cut}");
    }
}
