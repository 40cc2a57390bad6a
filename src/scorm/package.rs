//! A package at one moment: what is in it, its size and fingerprint, and the archive that can be read.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use crate::archive::{Archive, Checksums, Content, Entry, FileIdentity, Layout, LayoutError};
use crate::backup::loose_files::{Tree, WalkError, walk};
use crate::backup::{BackupFiles, Digest, identity, is_absent};
use crate::portal::Portal;
use crate::portal::database::{DatabaseError, DatabaseExt};
use crate::portal::storage::{Folder, stat_at};

use super::load::{self, CourseRows};
use super::{contents, original};

/// Moves the fingerprint when a new version of coursefs writes other bytes for the same path.
const FORM: u8 = 2;

/// What of a course is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// All learning paths, one organization each.
    All,
    /// The learning path with this key.
    Path(i64),
}

/// Why a package can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// There is no such course.
    #[error("there is no course with the number {0}")]
    NoCourse(i64),
    /// The course has nothing to pack.
    #[error("course {0} has no learning path that can be a SCORM package")]
    NoPath(String),
    /// The path is of a kind that is no SCORM.
    #[error("course {course}: the learning path \"{path}\" can't be a SCORM package: {why}")]
    NotScorm {
        /// Code of the course.
        course: String,
        /// Its title.
        path: String,
        /// Why.
        why: &'static str,
    },
    /// A file can't be read.
    #[error("course {course}: can't read {path}: {source}")]
    Files {
        /// Code of the course.
        course: String,
        /// The file, below the course's folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// An imported package can't be looked at.
    #[error("course {course}: {source}")]
    Walk {
        /// Code of the course.
        course: String,
        /// Why.
        source: WalkError,
    },
    /// The names don't make an archive.
    #[error("course {course}: {source}")]
    Layout {
        /// Code of the course.
        course: String,
        /// Why.
        source: LayoutError,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// A path below a course's folder.
pub type Place = Arc<[u8]>;

/// Files by their places.
pub type Walked = Vec<(Place, FileIdentity)>;

/// What a package was made from, for telling whether it is outdated.
#[derive(Debug, Default)]
pub struct Looked {
    /// Files that were looked for, and what was there.
    pub files: Vec<(Vec<u8>, Option<FileIdentity>)>,
    /// Folders that were looked through, and what was in them.
    pub folders: Vec<(Vec<u8>, Walked)>,
}

/// What is in a package.
#[derive(Debug, Default)]
pub struct Parts {
    /// Entries in the order of the archive.
    pub entries: Vec<Entry<Place>>,
    /// What is said of the first entry.
    pub comment: Vec<u8>,
    /// What they were made from.
    pub looked: Arc<Looked>,
    /// What a reader of the log should know: steps that show nothing, files that could not be packed.
    pub remarks: Vec<String>,
}

/// A package at one moment.
#[derive(Debug)]
pub struct Package {
    course: String,
    directory: Vec<u8>,
    parts: Parts,
    changed: i64,
    folder: Option<Folder>,
}

impl Package {
    /// Reads rows and pages, and looks at all files that the package needs.
    pub fn build(portal: &Portal, course: i64, which: Which) -> Result<Package, PackageError> {
        let path = match which {
            Which::All => None,
            Which::Path(path) => Some(path),
        };
        let rows = portal.database().read(|session| CourseRows::load(session, course, path))?;
        let rows = rows.ok_or(PackageError::NoCourse(course))?;
        let code = String::from_utf8_lossy(&rows.course.code).into_owned();
        let folder = match portal.courses_folder().folder(&rows.course.directory) {
            Ok(folder) => Some(folder),
            Err(error) if is_absent(&error) => None,
            Err(source) => {
                let path = String::from_utf8_lossy(&rows.course.directory).into_owned();
                return Err(PackageError::Files { course: code, path, source });
            }
        };
        let parts = match (which, rows.paths.as_slice()) {
            (_, []) => return Err(PackageError::NoPath(code)),
            (Which::Path(_), [path]) if original::is_imported(path) => original::parts(&rows, path, folder.as_ref())?,
            (Which::Path(_), [path]) if !contents::is_own(path) => {
                let path = super::pages::plain(&path.record.bytes("name"));
                return Err(PackageError::NotScorm { course: code, path, why: "it is an AICC course" });
            }
            _ => {
                let words = |keys: &[i64]| portal.database().read(|session| load::words(session, course, keys));
                contents::parts(&rows, folder.as_ref(), &words)?
            }
        };
        Ok(Package { course: code, directory: rows.course.directory.clone(), parts, changed: rows.changed, folder })
    }

    /// Size and fingerprint.
    pub fn digest(&self) -> Result<Digest, PackageError> {
        let mut hash = Xxh3::new();
        hash.update(&[FORM]);
        let mut newest = self.changed;
        for entry in &self.parts.entries {
            hash.update(&(entry.name.len() as u64).to_le_bytes());
            hash.update(&entry.name);
            hash.update(&entry.mode.to_le_bytes());
            match &entry.content {
                Content::File { identity, .. } => {
                    // Not the device: its number may differ after a reboot.
                    for number in [identity.inode, identity.size] {
                        hash.update(&number.to_le_bytes());
                    }
                    for time in [identity.mtime, identity.ctime] {
                        hash.update(&time.seconds.to_le_bytes());
                        hash.update(&time.nanoseconds.to_le_bytes());
                    }
                }
                Content::Bytes(held) => held.pieces().for_each(|piece| hash.update(&piece)),
                Content::Folder => {}
            }
            newest = newest.max(entry.mtime);
        }
        hash.update(&self.parts.comment);
        let size = self.layout(self.parts.entries.clone())?.size();
        Ok(Digest { size, fingerprint: hash.digest128(), newest })
    }

    /// What the package was made from.
    pub fn looked(&self) -> Arc<Looked> {
        Arc::clone(&self.parts.looked)
    }

    /// What a reader of the log should know.
    pub fn remarks(&self) -> &[String] {
        &self.parts.remarks
    }

    /// The archive, ready to be read. CRCs come from and go to `checksums`.
    pub fn archive(mut self, checksums: Arc<Checksums>) -> Result<Archive<BackupFiles>, PackageError> {
        for remark in &self.parts.remarks {
            tracing::debug!("course {}: {remark}", self.course);
        }
        let entries = std::mem::take(&mut self.parts.entries);
        let layout = self.layout(entries)?;
        Ok(Archive::new(layout, BackupFiles::below(self.folder), checksums))
    }

    fn layout(&self, entries: Vec<Entry<Place>>) -> Result<Layout<Place>, PackageError> {
        Layout::with_comment(entries, self.parts.comment.clone())
            .map_err(|source| PackageError::Layout { course: self.course.clone(), source })
    }

    /// The course's folder below `app/courses/`.
    pub fn directory(&self) -> &[u8] {
        &self.directory
    }
}

impl Looked {
    /// How many files that were.
    pub fn len(&self) -> usize {
        self.files.len() + self.folders.iter().map(|(_, files)| files.len()).sum::<usize>()
    }

    /// Whether nothing was looked for.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all files of the course in `directory` still are what they were. Nothing is opened but folders.
    pub fn holds(&self, portal: &Portal, directory: &[u8]) -> io::Result<bool> {
        let top = match portal.courses_folder().folder(directory) {
            Ok(top) => top,
            Err(error) if is_absent(&error) => {
                return Ok(self.files.iter().all(|(_, was)| was.is_none()) && self.folders.is_empty());
            }
            Err(error) => return Err(error),
        };
        // The folder of the last file is mostly that of the next.
        let mut parent: Option<(&[u8], Option<Folder>)> = None;
        for (place, was) in &self.files {
            let slash = place.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            let (folder, name) = (place.get(..slash).unwrap_or_default(), place.get(slash + 1..).unwrap_or_default());
            if parent.as_ref().is_none_or(|(last, _)| *last != folder) {
                parent = Some((folder, top.folder(folder).ok()));
            }
            let stat = match &parent {
                Some((_, Some(folder))) => stat_at(folder.as_fd(), name).ok(),
                _ => None,
            };
            let is = stat.filter(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file());
            if is.as_ref().map(identity) != *was {
                return Ok(false);
            }
        }
        for (place, was) in &self.folders {
            let mut tree = Tree::default();
            if walk(&top, place, &mut tree).is_err() || files_of(tree) != *was {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The regular files of a walk in the order of their paths.
pub fn files_of(tree: Tree) -> Walked {
    let files = tree.found.into_iter().filter(|(_, stat)| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file());
    let mut files: Vec<_> = files.map(|(place, stat)| (place, identity(&stat))).collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}
