//! A backup that comes back into the very course it was made of: what was removed since gets its old keys, so that
//! whatever refers to it (steps of learning paths, links) leads to it again, and is not taken for something else.
//!
//! A document that was deleted softly still has its row under that key; the row makes way for the new one, and its file,
//! which lies under its deleted name, goes once the restore is committed.

use crate::course::document::DELETED;
use crate::course::{Course, document_removal, document_rows};
use crate::php::Value;
use crate::portal::database::{DatabaseError, Session};
use crate::portal::storage::Folder;

/// What Chamilo adds to the name of a deleted document before its key (Chamilo 1.11, DocumentManager).
const MARK: &str = "_DELETED_";

/// Whether the archive of `value` was made of `course` itself, by coursefs.
pub fn is_of(value: &Value<'_>, course: &Course) -> bool {
    let info = value.get("info");
    let number = info.and_then(|info| info.get("real_id")).and_then(Value::as_int);
    let code = value.get("code").and_then(Value::as_bytes);
    let made = info.and_then(|info| info.get("creation_date")).and_then(Value::as_text);
    let same = |text: &str| course.creation_date.is_empty() || text == course.creation_date;
    number == Some(course.id) && code.as_deref() == Some(&course.code) && made.is_none_or(|made| same(&made))
}

/// Gives the document that was just entered under `new` its key `old` in the archive, if that is free or belongs to its
/// own deleted row, whose path is added to `deleted` then. Returns the key that it has.
pub fn take_key(
    session: &dyn Session,
    course: i64,
    new: i64,
    old: i64,
    deleted: &mut Vec<Vec<u8>>,
) -> Result<i64, DatabaseError> {
    if let Some(row) =
        session.row("SELECT c_id, path, COALESCE(id, iid) AS number FROM c_document WHERE iid = ?", &[old.into()])?
    {
        let path = row.bytes("path");
        if row.int("c_id") != Some(course) || !path.ends_with(format!("{MARK}{old}").as_bytes()) {
            return Ok(new);
        }
        let sql = "SELECT MIN(visibility) FROM c_item_property WHERE c_id = ? AND tool = 'document' AND ref = ?";
        let key = row.int("number").unwrap_or(old);
        if session.int(sql, &[course.into(), key.into()])?.is_some_and(|visibility| visibility != DELETED) {
            return Ok(new);
        }
        document_removal::remove_rows(session, course, old, key)?;
        deleted.push(path);
    }
    document_rows::renumber(session, course, new, old)?;
    Ok(old)
}

/// Removes the files of documents that were deleted softly and have come back, by the paths of their rows; and folders
/// that are empty then. What can't be removed stays: nobody sees it.
pub fn remove_deleted(top: &Folder, mut paths: Vec<Vec<u8>>) {
    // What lies in a folder goes before it.
    paths.sort_by_key(|path| std::cmp::Reverse(path.iter().filter(|byte| **byte == b'/').count()));
    for path in paths {
        let names: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).collect();
        let Some(place) = find(top, b"document", &names) else { continue };
        if top.remove_file(&place).is_err() {
            top.remove_folder(&place).ok();
        }
    }
}

/// Where `names` lie below `folder`: the rows of what is in a deleted folder keep its old name.
fn find(top: &Folder, folder: &[u8], names: &[&[u8]]) -> Option<Vec<u8>> {
    let Some((name, below)) = names.split_first() else { return Some(folder.to_vec()) };
    let mark = [name, MARK.as_bytes()].concat();
    let fits = |there: &[u8]| there == *name || !below.is_empty() && there.starts_with(&mark);
    let there = top.names(folder).ok()?;
    there.iter().filter(|there| fits(there)).find_map(|name| find(top, &[folder, b"/", name].concat(), below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_deleted_document_is_found_in_its_deleted_folder() {
        let temporary = tempfile::tempdir().unwrap();
        let top = Folder::open(temporary.path()).unwrap();
        top.create_folders(b"document/a/b_DELETED_4", 0o755).unwrap();
        top.create_folders(b"document/a/b", 0o755).unwrap();
        top.write_file(b"document/a/b_DELETED_4/c.txt_DELETED_5", b"", 0o644).unwrap();
        top.write_file(b"document/a/b/c.txt", b"", 0o644).unwrap();
        remove_deleted(&top, vec![b"/a/b_DELETED_4".to_vec(), b"/a/b/c.txt_DELETED_5".to_vec()]);
        assert_eq!(top.names(b"document/a").unwrap(), [b"b"]);
        assert_eq!(top.names(b"document/a/b").unwrap(), [b"c.txt"]);
    }
}
