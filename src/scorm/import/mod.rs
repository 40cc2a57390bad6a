//! A SCORM package into a course: learning paths with their files, all or nothing.
//!
//! A package of somebody else becomes what Chamilo's importer makes of it (Chamilo 1.11, scorm): its files lie below
//! `scorm/`, each organization is a learning path, each item a step. A package that coursefs made becomes what it was
//! made from: the same paths, linked to the course's own documents, tests and links, and with those that the course
//! lacks. What is already there is not made twice.
//!
//! Here a package is read and understood; how rows and files get into a course, and that a crash does no harm, is the
//! work of [`restore`](mod@crate::backup::restore).

mod archive;
mod described;
mod folders;
mod linking;
mod manifest;
mod steps;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::backup::reader::{BackupFile, ReadBackupError};
use crate::backup::restore::{self, Delivery, Described, ReadItems, RestoreError};
use crate::course::Course;
use crate::course::html::Address;
use crate::course::import::Origin;
use crate::course::item::Item;
use crate::portal::Portal;
use crate::portal::database::{DatabaseError, DatabaseExt};
use crate::portal::storage::Folder;

use super::load::Reference;
use archive::Package;

pub use restore::Report;

/// Why a package was not imported. The course is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is no SCORM 1.2 package, or one that can't be understood.
    #[error("{archive} can't be imported as a SCORM 1.2 package: {reason}")]
    Refused {
        /// The archive.
        archive: String,
        /// What it is, or lacks.
        reason: String,
    },
    /// It can't be read, is not allowed, or does not get into the course.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

impl From<ReadBackupError> for ImportError {
    fn from(error: ReadBackupError) -> Self {
        ImportError::Restore(error.into())
    }
}

impl From<DatabaseError> for ImportError {
    fn from(error: DatabaseError) -> Self {
        ImportError::Restore(error.into())
    }
}

/// Files that go below `scorm/` together.
struct Files {
    /// Their folder there, `pack` or `pack/inner`.
    folder: Vec<u8>,
    /// What comes after the folder in `c_lp.path`: `/.` or the manifest's folder, with a slash in front.
    tail: Vec<u8>,
    /// Names below the folder, and places in the archive.
    files: BTreeMap<Vec<u8>, usize>,
    /// Whether names are as they lie on a disk, so that Chamilo has not renamed anything.
    stored: bool,
}

/// A learning path that a package brings.
struct IncomingPath {
    item: Item,
    /// Which of [`Incoming::packages`] has its files.
    files: Option<usize>,
}

/// What a package brings.
struct Incoming {
    origin: Origin,
    paths: Vec<IncomingPath>,
    packages: Vec<Files>,
    /// What the paths need.
    items: Vec<Item>,
    /// What they refer to that is not in the package: the reference and what people call it.
    names: Vec<(Reference, Vec<u8>)>,
    documents: Vec<Described>,
    /// Places in the archive of documents and stored files, by their paths below the course's folder.
    files: HashMap<Vec<u8>, usize>,
}

/// Imports the package `archive` into `course`; people know it as `name` (`package.zip`). `progress` is told the bytes
/// read so far and in all.
pub fn import(
    portal: &Portal,
    course: &Course,
    archive: &Path,
    name: &str,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, ImportError> {
    Ok(import_from(portal, course, BackupFile::open(archive)?, name, progress)?.report)
}

/// What an import did.
#[derive(Debug)]
pub struct Imported {
    /// What became of all that the package brought.
    pub report: Report,
    /// The first of its learning paths, new or there before: its key.
    pub path: Option<i64>,
}

/// Imports the package in `archive` into `course`, as [`import`] does.
pub fn import_from(
    portal: &Portal,
    course: &Course,
    archive: BackupFile,
    name: &str,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Imported, ImportError> {
    let code = String::from_utf8_lossy(&course.code).into_owned();
    let mut package = Package::read_from(archive, name)?;
    let address = Address { code: course.code.clone(), directory: course.directory.clone() };
    let mut incoming = match described::read(&mut package)? {
        Some(incoming) => incoming,
        None => foreign(&mut package, address)?,
    };
    let settings = portal.settings()?;
    let top = portal.courses_folder().folder(&course.directory).map_err(|source| RestoreError::Files {
        course: code.clone(),
        path: String::from_utf8_lossy(&course.directory).into_owned(),
        source,
    })?;
    let mut report = Report::default();
    incoming.documents.retain(|document| document.key.is_some() || !is_file(&top, &document.stored));
    let loose = folders::settle(portal, course, &top, &mut package, &mut incoming, &mut report)?;
    let documents = restore::judged(package.backup(), incoming.documents, &settings, &mut report)?;
    let paths: Vec<i64> = incoming.paths.iter().filter_map(|path| path.item.record.int("iid")).collect();
    let links = linking::Links { paths, names: incoming.names, complete: incoming.origin.complete };
    let first = incoming.paths.first().map(|path| path.item.record.clone());
    let items = incoming.paths.into_iter().map(|path| path.item).chain(incoming.items);
    let delivery = Delivery {
        origin: incoming.origin,
        documents,
        items: ReadItems::new(items),
        loose,
        settle: &|session, import, items, report| links.settle(session, &code, import, items, report),
    };
    restore::deliver(portal, course, package.backup(), delivery, &mut report, progress)?;
    let path = match first {
        Some(first) => portal.database().read(|session| linking::find(session, course, &first))?,
        None => None,
    };
    Ok(Imported { report, path })
}

fn is_file(top: &Folder, place: &[u8]) -> bool {
    top.stat(place).is_ok()
}

/// What a package of somebody else brings.
fn foreign(package: &mut Package, address: Address) -> Result<Incoming, ImportError> {
    let (folder, manifest) = package.manifest()?;
    let files = package.content();
    let tail = if folder.is_empty() { b"/.".to_vec() } else { [b"/".as_slice(), folder.as_bytes()].concat() };
    let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let launched = |name: &str| files.contains_key(format!("{below}{name}").as_bytes());
    let paths = steps::paths(&manifest, &launched);
    let paths = paths.into_iter().map(|item| IncomingPath { item, files: Some(0) }).collect();
    Ok(Incoming {
        origin: Origin { address, users: HashMap::new(), complete: false },
        paths,
        packages: vec![Files { folder: package.folder_name(), tail, files, stored: false }],
        items: Vec::new(),
        names: Vec::new(),
        documents: Vec::new(),
        files: HashMap::new(),
    })
}
