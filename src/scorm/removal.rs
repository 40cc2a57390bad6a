//! Removing a learning path as Chamilo does it (Chamilo 1.11, CourseRecycler and learnpath::delete).

use std::io;

use rustix::fs::FileType;

use crate::course::Course;
use crate::course::empty;
use crate::course::item::load_one_kind;
use crate::portal::Portal;
use crate::portal::database::{DatabaseError, DatabaseExt};
use crate::portal::storage::Folder;

use super::load::{PATHS, kind_of};
use super::original::{SCORM, folder_of};

/// What is left to do when the rows of a path are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The folder below the course's folder with the files of its package, which no other path uses.
    pub folder: Option<Vec<u8>>,
}

/// Removes the rows of the learning path with the key `key`, with its steps and what users did in it; `None` if there is
/// no such path. Its files are still there.
pub fn remove_rows(portal: &Portal, course: &Course, key: i64) -> Result<Option<Removed>, DatabaseError> {
    let Some(kind) = kind_of(PATHS) else { return Ok(None) };
    portal.database().write(|session| {
        let Some(row) = session.row("SELECT * FROM course WHERE id = ?", &[course.id.into()])? else { return Ok(None) };
        let paths = load_one_kind(session, kind, &row)?;
        let Some(path) = paths.iter().find(|path| path.record.key(&kind.table) == Some(key)) else { return Ok(None) };
        let own = package_of(path.record.int("lp_type"), &path.record.bytes("path"));
        empty::delete(session, kind, course, &path.record)?;
        let sql = "UPDATE c_lp SET prerequisite = 0 WHERE c_id = ? AND prerequisite = ?";
        session.execute(sql, &[course.id.into(), key.into()])?;
        // Paths of sessions too, and those in the recycle bin.
        let others = session.rows("SELECT lp_type, path FROM c_lp WHERE c_id = ?", &[course.id.into()])?;
        let used = |folder: &Vec<u8>| {
            others.iter().any(|other| package_of(other.int("lp_type"), &other.bytes("path")).as_ref() == Some(folder))
        };
        Ok(Some(Removed { folder: own.filter(|folder| !used(folder)) }))
    })
}

/// The folder directly below `scorm/` that a path's files lie in.
fn package_of(kind: Option<i64>, path: &[u8]) -> Option<Vec<u8>> {
    let folder = folder_of(path).filter(|_| kind == Some(SCORM))?;
    let end = folder.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(place, _)| place).nth(1);
    Some(folder.get(..end.unwrap_or(folder.len())).unwrap_or_default().to_vec())
}

/// Removes the folder `place` of the course's folder `top` with all that lies in it; each file is handed to `before`
/// first. One that is gone already is fine.
pub fn remove_files(top: &Folder, place: &[u8], before: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let gone = |outcome: io::Result<()>| match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    };
    let is_folder = |place: &[u8]| top.stat(place).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir());
    if !is_folder(place) {
        return Ok(());
    }
    // Folders are met twice: to find what is in them, and empty.
    let mut open = vec![(place.to_vec(), false)];
    while let Some((folder, emptied)) = open.pop() {
        if emptied {
            gone(top.remove_folder(&folder))?;
            continue;
        }
        open.push((folder.clone(), true));
        for name in top.names(&folder)? {
            let inner = [folder.as_slice(), b"/", &name].concat();
            if is_folder(&inner) {
                open.push((inner, false));
            } else {
                before(&inner)?;
                gone(top.remove_file(&inner))?;
            }
        }
    }
    Ok(())
}
