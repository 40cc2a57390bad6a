//! By what an unchanged file is recognised: [`FileIdentity`].
//!
//! The change time cannot be set by programs, and the kernel moves it with every write, truncation and rename. Two
//! files with equal identities therefore hold the same bytes, but for one gap: two writes within one tick of the
//! file system's clock (a few milliseconds before Linux 6.13) leave the same time. [`FileIdentity::is_settled`] tells
//! when that gap is closed, as git does for its index ("racily clean" entries). Programs that write through a memory
//! mapping move the times only with the first write to a page; web servers and FUSE do not write so.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file's time: seconds since 1970 UTC (negative before) and nanoseconds (0 to 999,999,999).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileTime {
    /// Whole seconds since 1970 UTC, rounded down.
    pub seconds: i64,
    /// What is left of the second.
    pub nanoseconds: u32,
}

impl FileTime {
    /// The present time of this host's clock.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), nanoseconds: since.subsec_nanos() }
    }

    fn plus_seconds(self, seconds: i64) -> Self {
        Self { seconds: self.seconds.saturating_add(seconds), ..self }
    }
}

/// What tells one state of one file from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    /// `st_dev`: the file system.
    pub device: u64,
    /// `st_ino`: the file in its file system.
    pub inode: u64,
    /// Length in bytes.
    pub size: u64,
    /// Time of the last change of content, which programs may set to anything.
    pub mtime: FileTime,
    /// Time of the last change of content or attributes, which only the kernel sets.
    pub ctime: FileTime,
}

/// How long after its last change a file's times are sure to differ after another change, in seconds. Some file
/// systems (FAT, old NFS) keep times in steps of two seconds.
const SETTLING_SECONDS: i64 = 2;

impl FileIdentity {
    /// The identity told by a `stat` call.
    pub fn of(metadata: &Metadata) -> Self {
        let time = |seconds, nanoseconds| FileTime { seconds, nanoseconds: u32::try_from(nanoseconds).unwrap_or(0) };
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            mtime: time(metadata.mtime(), metadata.mtime_nsec()),
            ctime: time(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The identity of an open file. Errors are those of `fstat`.
    pub fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::of(&file.metadata()?))
    }

    /// Whether the file was last changed long enough before `now` that any later change shows in its times.
    ///
    /// A change time in the future (a server's clock that runs ahead) is never settled; a modification time in the
    /// future is, as programs set it so and the change time stands guard.
    pub fn is_settled(&self, now: FileTime) -> bool {
        let from = now.plus_seconds(-SETTLING_SECONDS);
        let mtime_is_recent = self.mtime > from && self.mtime < now.plus_seconds(SETTLING_SECONDS);
        self.ctime <= from && !mtime_is_recent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> FileTime {
        FileTime { seconds, nanoseconds: 5 }
    }

    fn identity(mtime: i64, ctime: i64) -> FileIdentity {
        FileIdentity { device: 1, inode: 2, size: 3, mtime: at(mtime), ctime: at(ctime) }
    }

    #[test]
    fn a_file_changed_two_seconds_ago_is_settled_and_one_changed_later_is_not() {
        assert!(identity(0, 98).is_settled(at(100)));
        assert!(!identity(0, 99).is_settled(at(100)));
        assert!(!identity(99, 0).is_settled(at(100)));
    }

    #[test]
    fn a_modification_time_in_the_future_settles_but_a_change_time_in_the_future_does_not() {
        assert!(identity(5000, 0).is_settled(at(100)));
        assert!(!identity(0, 5000).is_settled(at(100)));
    }

    #[test]
    fn writing_to_a_file_changes_its_identity() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"one").unwrap();
        let before = FileIdentity::of(&std::fs::metadata(file.path()).unwrap());
        assert_eq!(before, FileIdentity::of_file(file.as_file()).unwrap());
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(file.path(), b"two").unwrap();
        assert_ne!(before, FileIdentity::of_file(file.as_file()).unwrap());
    }
}
