//! Removing a learning path as Chamilo does it (Chamilo 1.11, CourseRecycler and learnpath::delete).

use std::io;

use crate::backup::loose_files::{Tree, walk};
use crate::course::Course;
use crate::course::empty;
use crate::course::item::load_one_kind;
use crate::portal::database::{DatabaseError, DatabaseExt};
use crate::portal::staging::Staging;
use crate::portal::storage::Folder;
use crate::portal::{Portal, crash};

use super::load::{PATHS, kind_of};
use super::original::{SCORM, folder_of};
use super::package::files_of;

/// The name of the files on their way out, in a staging folder.
const ASIDE: &[u8] = b"package";

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

/// The files below the folder `place` of the course's folder `top`.
pub fn files(top: &Folder, place: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let mut tree = Tree::default();
    walk(top, place, &mut tree).map_err(io::Error::other)?;
    Ok(files_of(tree).into_iter().map(|(place, _)| place.to_vec()).collect())
}

/// Removes the folder `place` of the course's folder `top` with all that lies in it. It goes in one step, so that nobody
/// ever finds half of a package; one that is gone already is fine.
pub fn remove_files(portal: &Portal, top: &Folder, place: &[u8]) -> io::Result<()> {
    crash::point("after-commit");
    let staging = Staging::new(portal)?;
    match top.move_to(place, staging.folder(), ASIDE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
