//! The reference course of tests/data: as a portal, as Chamilo's own backup, and how two courses of archives compare.
#![allow(dead_code, missing_docs, clippy::unwrap_used)] // each test crate uses a part

pub mod compare;
mod dump;
pub mod equal;
pub mod generated;
pub mod rows;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use coursefs::archive::Checksums;
use coursefs::backup::reader::BackupFile;
use coursefs::backup::{Rows, Selection};
use coursefs::course::Course;
use coursefs::php::Value;
use coursefs::portal::Portal;
use coursefs::portal::database::DatabaseExt;

use crate::support::portals;

/// Code of the reference course.
pub const CODE: &str = "REF000";

/// A file of tests/data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Chamilo's own backup of the reference course.
pub fn chamilos_backup() -> PathBuf {
    data("REF000-backup.zip")
}

/// The portal of the reference course: rows of its dump, files of its folder.
pub fn portal() -> (tempfile::TempDir, Portal) {
    portal_by(&portals::init)
}

/// The same in a portal that `init` makes.
pub fn portal_by(init: &dyn Fn(&Path) -> Portal) -> (tempfile::TempDir, Portal) {
    let folder = tempfile::tempdir().unwrap();
    let portal = init(folder.path());
    dump::load(&portal, &std::fs::read_to_string(data("REF000-portal.sql")).unwrap());
    let unpacked =
        Command::new("tar").arg("-xzf").arg(data("REF000-files.tar.gz")).arg("-C").arg(folder.path()).status();
    assert!(unpacked.unwrap().success());
    (folder, portal)
}

/// The number of the course with the code `code`.
pub fn course(portal: &Portal, code: &str) -> i64 {
    portal.database().read(|session| Course::by_code(session, code.as_bytes())).unwrap().unwrap().id
}

/// Writes the backup of a course into the folder `folder`.
pub fn backup(portal: &Portal, code: &str, folder: &Path) -> PathBuf {
    let checksums = Arc::new(Checksums::in_memory().unwrap());
    let loaded = Rows::load(portal, course(portal, code), Selection::ALL).unwrap();
    let archive = loaded.contents.archive(&loaded.course_info, checksums).unwrap();
    let mut bytes = Vec::new();
    archive.reader().read_to_end(&mut bytes).unwrap();
    let path = folder.join(format!("{code}.zip"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The Course object of an archive.
pub fn course_of(archive: &Path) -> Value<'static> {
    BackupFile::open(archive).unwrap().course_info().unwrap().course().unwrap().into_owned()
}

/// The Course object that we write for a course.
pub fn written(portal: &Portal, code: &str) -> Value<'static> {
    let folder = tempfile::tempdir().unwrap();
    course_of(&backup(portal, code, folder.path()))
}

/// The resources under `kind` in a Course object, NULL if there are none.
pub fn resources(course: &Value<'static>, kind: &str) -> Value<'static> {
    course.get("resources").and_then(|resources| resources.get(kind)).cloned().unwrap_or(Value::Null)
}
