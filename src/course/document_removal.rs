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

/// How a document is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Kept out of sight.
    Soft,
    /// Gone.
    ForGood,
}

/// Deletes a document from the rows. The path that its row has from then on, `None` if it has none any more; its file is the
/// caller's, and so is the transaction.
pub fn remove_from_rows(
    session: &dyn Session,
    doomed: &Doomed<'_>,
    how: Removal,
    stamp: &Stamp,
) -> Result<Option<Vec<u8>>, DatabaseError> {
    let Doomed { course, iid, key, path, .. } = *doomed;
    let sql = "DELETE FROM templates WHERE course_code = ? AND user_id = ? AND ref_doc = ?";
    session.execute(sql, &[course.code.as_slice().into(), stamp.user.into(), key.into()])?;
    if how == Removal::ForGood {
        remove_rows(session, course.id, iid, key)?;
        return Ok(None);
    }
    let deleted = [b"/".as_slice(), &deleted_path(path, key)].concat();
    let values: [Value; 2] = [deleted.as_slice().into(), iid.into()];
    session.execute("UPDATE c_document SET path = ? WHERE iid = ?", &values)?;
    let sql = "UPDATE c_item_property SET visibility = 2, lastedit_type = 'DocumentDeleted', \
               lastedit_date = ?, lastedit_user_id = ? \
               WHERE +c_id = ? AND tool = 'document' AND ref = ? AND (session_id IS NULL OR session_id = 0)";
    let values: [Value; 4] = [stamp.datetime().into(), stamp.user.into(), course.id.into(), key.into()];
    session.execute(sql, &values)?;
    Ok(Some(deleted))
}

/// Deletes the rows of a document.
pub fn remove_rows(session: &dyn Session, course: i64, iid: i64, key: i64) -> Result<(), DatabaseError> {
    let sql = "DELETE FROM c_item_property WHERE +c_id = ? AND tool = 'document' AND ref = ?";
    session.execute(sql, &[course.into(), key.into()])?;
    session.execute("DELETE FROM c_document WHERE iid = ?", &[iid.into()]).map(drop)
}

/// The path of a document that is out of sight. A name that would be too long with the mark is cut.
pub fn deleted_path(path: &[u8], key: i64) -> Vec<u8> {
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

/// Expects that a folder without documents holds nothing but what was deleted softly before, and what Chamilo lays into
/// folders: anything else that has no row is not ours to remove (`ENOTEMPTY`). `top` is the course's folder, `place` the
/// path in it.
pub fn expect_nothing_unknown(top: &Folder, place: &[u8]) -> io::Result<()> {
    for name in top.names(place)? {
        if !String::from_utf8_lossy(&name).contains("_DELETED_") && name != b"index.html" {
            return Err(io::Error::from_raw_os_error(libc::ENOTEMPTY));
        }
    }
    Ok(())
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
