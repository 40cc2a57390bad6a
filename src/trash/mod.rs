//! What a course was before something was removed from it, for as long as that can be undone.
//!
//! A [`Trash`] lies in the portal's `app/cache/`, on the disk of the courses and not served, for its owner alone. It has a
//! folder for each course code and in it one for each moment that was remembered: the serialized course, the list of
//! what its backup held (`record`), and hard links to the files that were removed since. No data is copied: a file that
//! was not removed is still in the course, where `open` finds it. So a document that was written in place since is in
//! the backup of that moment as it is now.
//!
//! Files are known by their inode number: in the trash they are called by it. When courses are remembered and what is
//! linked is decided by whoever removes (`filesystem::trashed`).

mod open;
mod record;

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use rustix::fs::FileType;

use crate::archive::{Archive, Checksums, LayoutError};
use crate::backup::{BackupError, BackupFiles, Loaded, Rows, Selection};
use crate::course::Course;
use crate::portal::Portal;
use crate::portal::database::DatabaseError;
use crate::portal::staging::CACHE;
use crate::portal::storage::Folder;

use record::Record;

/// The folder in `app/cache`. Its name does not begin as those of staging folders do.
const FOLDER: &str = ".coursefs-trash";

/// How the folder of a moment is called while it is made.
const UNFINISHED: &str = ".new-";

/// The form of the names of moments: UTC, to the second.
const TIME: &str = "%Y-%m-%d_%H-%M-%S";

/// How long a folder that was never finished is left alone, in case somebody still makes it.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// What the serialized course, the list, the changed pages and the removed files are called.
const COURSE_INFO: &str = "course_info.dat";
const RECORD: &str = "record";
const PAGES: &str = "pages";
const FILES: &[u8] = b"files";

/// Why something can't be remembered or brought back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrashError {
    /// Its files can't be read or written.
    #[error("the trash in {path}: {source}")]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no such moment.
    #[error("there is nothing of that name in the trash")]
    NotFound,
    /// What was remembered can't be understood.
    #[error("the trash in {0} is damaged, or of another version")]
    Damaged(PathBuf),
    /// The course can't be looked at.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The list makes no archive.
    #[error("the trash in {path}: {source}")]
    Layout {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: LayoutError,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl TrashError {
    /// Whether there is no room to remember anything. Removing makes room, so it goes on then.
    pub fn is_no_room(&self) -> bool {
        self.errno().is_some_and(|errno| [libc::ENOSPC, libc::EDQUOT].contains(&errno))
    }

    /// Whether a file can't have another name in the trash: for want of room, because the disk has no hard links or lets
    /// only a file's owner make them, or because somebody has just emptied the trash.
    pub fn is_no_link(&self) -> bool {
        let none = [libc::EPERM, libc::EXDEV, libc::EOPNOTSUPP, libc::EMLINK, libc::ENOENT];
        self.is_no_room() || self.errno().is_some_and(|errno| none.contains(&errno))
    }

    /// The error number of the system, if it was one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            TrashError::Files { source, .. } => source.raw_os_error(),
            _ => None,
        }
    }
}

/// The trash of one portal.
#[derive(Debug)]
pub struct Trash {
    cache: PathBuf,
    top: PathBuf,
    days: u32,
}

/// A moment that was remembered, open to take in the files that are removed after it.
#[derive(Debug)]
pub struct Moment {
    /// Where they go.
    files: Folder,
}

impl Trash {
    /// The trash of the portal in `root`. What is older than `days` goes; with 0 nothing is remembered.
    pub fn new(root: &Path, days: u32) -> Trash {
        let cache = root.join(CACHE);
        Trash { top: cache.join(FOLDER), cache, days }
    }

    /// Whether anything is remembered.
    pub fn is_used(&self) -> bool {
        self.days > 0
    }

    /// Codes of the courses of which something is remembered, in order.
    pub fn codes(&self) -> Result<Vec<Vec<u8>>, TrashError> {
        self.folders(&self.top)
    }

    /// The moments of the course `code` that are remembered, the oldest first.
    pub fn moments(&self, code: &[u8]) -> Result<Vec<Vec<u8>>, TrashError> {
        self.folders(&self.top.join(OsStr::from_bytes(code)))
    }

    /// When a moment was, in seconds since 1970 UTC; `None` if `name` is none.
    pub fn time(name: &[u8]) -> Option<i64> {
        let name = std::str::from_utf8(name).ok()?;
        // Several moments in one second are numbered.
        let (time, rest) = name.split_at_checked("2026-01-01_00-00-00".len())?;
        if !rest.is_empty() && rest.strip_prefix('_').is_none_or(|number| number.parse::<u32>().is_err()) {
            return None;
        }
        let time = DateTime::strptime(TIME, time).ok()?;
        Offset::UTC.to_timestamp(time).ok().map(|time| time.as_second())
    }

    /// Remembers what `course` is now.
    pub fn remember(&self, portal: &Portal, course: &Course) -> Result<Moment, TrashError> {
        let Loaded { course_info, contents, .. } = Rows::load(portal, course.id, Selection::ALL)?;
        let record = Record { course: course.id, directory: course.directory.clone(), entries: contents.listed()? };
        let of_course = self.top.join(OsStr::from_bytes(&course.code));
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| TrashError::Files { path, source }
        };
        private_folder(&self.top).and_then(|()| private_folder(&of_course)).map_err(at(&of_course))?;
        let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&of_course).map_err(at(&of_course))?;
        let (list, pages) = record.to_bytes();
        let write = |name: &str, bytes: &[u8]| fs::write(unfinished.path().join(name), bytes);
        let written = fs::File::create(unfinished.path().join(COURSE_INFO))
            .and_then(|mut file| course_info.held.pieces().try_for_each(|piece| file.write_all(&piece)))
            .and_then(|()| write(PAGES, &pages))
            .and_then(|()| write(RECORD, &list))
            .and_then(|()| private_folder(&unfinished.path().join(OsStr::from_bytes(FILES))));
        written.map_err(at(unfinished.path()))?;
        let now = Timestamp::now().strftime(TIME).to_string();
        let unfinished = unfinished.keep();
        for number in 1.. {
            let name = if number == 1 { now.clone() } else { format!("{now}_{number}") };
            let finished = of_course.join(name);
            // Another mount may remember the course in the same second.
            match rustix::fs::renameat_with(
                rustix::fs::CWD,
                &unfinished,
                rustix::fs::CWD,
                &finished,
                rustix::fs::RenameFlags::NOREPLACE,
            ) {
                Ok(()) => {
                    let folder = Folder::open(&finished).map_err(at(&finished))?;
                    let files = folder.folder(FILES).map_err(at(&finished))?;
                    return Ok(Moment { files });
                }
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => {
                    fs::remove_dir_all(&unfinished).ok();
                    return Err(at(&finished)(error.into()));
                }
            }
        }
        Err(TrashError::NotFound)
    }

    /// The backup of the course `code` as it was at the moment `name`, with the files where they are now.
    pub fn open(
        &self,
        portal: &Portal,
        (code, name): (&[u8], &[u8]),
        checksums: std::sync::Arc<Checksums>,
    ) -> Result<Archive<BackupFiles>, TrashError> {
        open::open(self, portal, (code, name), checksums)
    }

    /// Forgets a moment.
    pub fn forget(&self, code: &[u8], name: &[u8]) -> Result<(), TrashError> {
        if Trash::time(name).is_none() || !self.moments(code)?.iter().any(|moment| moment == name) {
            return Err(TrashError::NotFound);
        }
        let path = self.moment(code, name);
        fs::remove_dir_all(&path).map_err(|source| TrashError::Files { path, source })
    }

    /// Forgets a course of which no moment is remembered any more; else it is `ENOTEMPTY`.
    pub fn forget_course(&self, code: &[u8]) -> Result<(), TrashError> {
        let path = self.top.join(OsStr::from_bytes(code));
        fs::remove_dir(&path).map_err(|source| TrashError::Files { path, source })
    }

    /// Forgets what is older than it is to be kept; how many moments that were.
    pub fn expire(&self) -> Result<usize, TrashError> {
        let oldest = Timestamp::now().as_second() - i64::from(self.days) * 24 * 3600;
        let mut forgotten = 0;
        for code in self.codes()? {
            self.remove_unfinished(&code);
            for name in self.moments(&code)? {
                if Trash::time(&name).is_some_and(|time| time < oldest) {
                    self.forget(&code, &name)?;
                    forgotten += 1;
                }
            }
            // Not if something is left, or somebody has begun to remember something.
            fs::remove_dir(self.top.join(OsStr::from_bytes(&code))).ok();
        }
        Ok(forgotten)
    }

    /// Removes what a killed process has left of a moment that it was about to remember.
    fn remove_unfinished(&self, code: &[u8]) {
        let entries = fs::read_dir(self.top.join(OsStr::from_bytes(code))).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name().as_bytes().starts_with(UNFINISHED.as_bytes())) {
            let age = entry.metadata().and_then(|found| found.modified()).ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > ABANDONED)
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::warn!("{} can't be removed: {error}", entry.path().display());
            }
        }
    }

    fn moment(&self, code: &[u8], name: &[u8]) -> PathBuf {
        self.top.join(OsStr::from_bytes(code)).join(OsStr::from_bytes(name))
    }

    /// The names of the folders in `path`, sorted, without hidden ones; none if it is not there.
    fn folders(&self, path: &Path) -> Result<Vec<Vec<u8>>, TrashError> {
        let failed = |source| TrashError::Files { path: path.to_owned(), source };
        let entries = match fs::read_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().into_vec();
            if !name.starts_with(b".") && entry.file_type().map_err(failed)?.is_dir() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}

impl Moment {
    /// Keeps the file `place` of the course's folder `top`, which is about to be removed or to get another name. What is
    /// no file has nothing to keep.
    pub fn keep(&self, top: &Folder, place: &[u8]) -> Result<(), TrashError> {
        let failed = |source| TrashError::Files { path: top.path().join(OsStr::from_bytes(place)), source };
        let stat = top.stat(place).map_err(failed)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        match top.link(place, &self.files, stat.st_ino.to_string().as_bytes()) {
            Ok(()) => Ok(()),
            // Removed twice under two names: it is the same file.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Makes the folder `path` for its owner alone, if it is not there.
fn private_folder(path: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => {
            made?;
            // Whatever the process's umask is.
            fs::set_permissions(path, Permissions::from_mode(0o700))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_moment_tells_its_time_and_nothing_else_is_one() {
        assert_eq!(Trash::time(b"1970-01-02_00-00-01"), Some(86_401));
        assert_eq!(Trash::time(b"1970-01-02_00-00-01_2"), Some(86_401));
        for name in ["", "1970-01-02", "1970-13-02_00-00-01", "1970-01-02_00-00-01x", "../../2026-01-01_00-00-00", ".."]
        {
            assert_eq!(Trash::time(name.as_bytes()), None, "{name}");
        }
    }
}
