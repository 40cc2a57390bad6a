//! The two sorts of archives that a mount computes, backups of courses and packages of learning paths: what each is made
//! from, and how one tells cheaply that it still is what it was. [`archives`](super::archives) keeps and shares them
//! without knowing which is which.

use std::sync::Arc;

use crate::archive::{Archive, Checksums};
use crate::backup::{BackupFiles, Contents, Digest, Loaded, Rows, Selection};
use crate::course::Course;
use crate::portal::Portal;
use crate::scorm::{Looked, Package, Which};

use super::FsError;

/// What an archive holds of its course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// The course, or selected tools.
    Backup(Selection),
    /// Learning paths.
    Package(Which),
}

impl What {
    /// The name under which the archive's time is remembered.
    pub fn name(self, course: i64) -> String {
        match self {
            What::Backup(selection) if selection.is_all() => format!("{course}/backup.zip"),
            What::Backup(selection) => format!("{course}/backup@{}.zip", selection.names().join("+")),
            What::Package(Which::All) => format!("{course}/scorm.zip"),
            What::Package(Which::Path(path)) => format!("{course}/Learnpath/{path}.zip"),
        }
    }
}

/// An archive that was made, ready to be read.
pub enum Computed {
    /// A backup.
    Backup(Box<Loaded>),
    /// A package.
    Package(Box<Package>),
}

/// What is kept of an archive, so that it need not be made again for telling its size while the rows stay the same.
#[derive(Clone)]
pub enum Kept {
    /// What the rows say; files are looked at again.
    Backup(Arc<Rows>),
    /// The files that it was made from, and what came of it.
    Package(Arc<Looked>, Digest),
}

impl Computed {
    /// Makes the archive; `ahead` of anybody's asking for it or not.
    pub fn load(portal: &Portal, course: &Course, what: What, ahead: bool) -> Result<Computed, FsError> {
        let rows = if ahead { Rows::load_ahead } else { Rows::load };
        Ok(match what {
            What::Backup(selection) => Computed::Backup(Box::new(rows(portal, course.id, selection)?)),
            What::Package(which) => Computed::Package(Box::new(Package::build(portal, course.id, which)?)),
        })
    }

    /// Size and fingerprint.
    pub fn digest(&self) -> Result<Digest, FsError> {
        match self {
            Computed::Backup(loaded) => Ok(loaded.contents.digest()?),
            Computed::Package(package) => Ok(package.digest()?),
        }
    }

    /// The archive as the files are now; `None` if it has to be made anew.
    pub fn again(self, portal: &Portal, course: &Course) -> Result<Option<Computed>, FsError> {
        Ok(match self {
            Computed::Backup(loaded) => {
                let contents = Contents::gather(portal, Arc::clone(&loaded.rows))?;
                contents.pages_hold().then(|| Computed::Backup(Box::new(Loaded { contents, ..*loaded })))
            }
            Computed::Package(package) => {
                package.looked().holds(portal, &course.directory)?.then_some(Computed::Package(package))
            }
        })
    }

    /// What is kept of it; `digest` is its own.
    pub fn kept(&self, digest: Digest) -> Kept {
        match self {
            Computed::Backup(loaded) => Kept::Backup(Arc::clone(&loaded.rows)),
            Computed::Package(package) => Kept::Package(package.looked(), digest),
        }
    }

    /// Lays it out for reading.
    pub fn archive(self, checksums: Arc<Checksums>) -> Result<Archive<BackupFiles>, FsError> {
        match self {
            Computed::Backup(loaded) => {
                let Loaded { rows, course_info, contents } = *loaded;
                drop(rows);
                Ok(contents.archive(&course_info, checksums)?)
            }
            Computed::Package(package) => Ok(package.archive(checksums)?),
        }
    }
}

impl Kept {
    /// Size and fingerprint as the files are now; `None` if the archive has to be made anew.
    pub fn digest(&self, portal: &Portal, course: &Course) -> Result<Option<Digest>, FsError> {
        match self {
            Kept::Backup(rows) => {
                let contents = Contents::gather(portal, Arc::clone(rows))?;
                Ok(if contents.pages_hold() { Some(contents.digest()?) } else { None })
            }
            Kept::Package(looked, digest) => Ok(looked.holds(portal, &course.directory)?.then_some(*digest)),
        }
    }

    /// How many files it lists.
    pub fn files(&self) -> usize {
        match self {
            Kept::Backup(rows) => rows.listed.len(),
            Kept::Package(looked, _) => looked.len(),
        }
    }
}
