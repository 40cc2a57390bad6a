//! The course files: every path of a course is opened beneath the course's own folder, whatever a row or an archive
//! says.
//!
//! The kernel does the guarding: `openat2` with `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS`
//! (Linux 5.6), so that `..`, absolute paths and symbolic links lead nowhere. Paths are bytes relative to the folder.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, StatxFlags, StatxTimestamp, Timestamps};

use super::crash;

/// Flags for looking at a folder without reading it.
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A folder that nothing opened through it can leave.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Opens the folder `path` itself; this is the only place where a path is followed as the administrator wrote it.
    pub fn open(path: &Path) -> io::Result<Folder> {
        let fd = rustix::fs::open(path, FOLDER, Mode::empty())?;
        Ok(Folder { fd, path: path.to_owned() })
    }

    /// Where the folder lies, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder `path` below this one.
    pub fn folder(&self, path: &[u8]) -> io::Result<Folder> {
        let fd = self.beneath(path, FOLDER, Mode::empty())?;
        Ok(Folder { fd, path: self.path.join(OsStr::from_bytes(path)) })
    }

    /// Opens the regular file `path` for reading. Anything else there (a folder, a pipe, a device) is `EINVAL`.
    pub fn open_file(&self, path: &[u8]) -> io::Result<File> {
        // Without O_NONBLOCK the opening of a pipe that somebody put there would hang.
        let file =
            File::from(self.beneath(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::from(rustix::io::Errno::INVAL)) }
    }

    /// Opens the regular file `path` for reading and writing. Anything else there is `EINVAL`.
    pub fn open_to_write(&self, path: &[u8]) -> io::Result<File> {
        let file = File::from(self.beneath(path, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::from(rustix::io::Errno::INVAL)) }
    }

    /// Makes a new file, open for reading and writing; whatever is there already is `EEXIST`.
    pub fn make_file(&self, path: &[u8], mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        Ok(File::from(self.beneath(path, flags, Mode::from_raw_mode(mode))?))
    }

    /// Makes the folder `path`; whatever is there already is `EEXIST`.
    pub fn make_folder(&self, path: &[u8], mode: u32) -> io::Result<()> {
        let (parent, name) = self.parent_of(path)?;
        Ok(rustix::fs::mkdirat(&parent, OsStr::from_bytes(name), Mode::from_raw_mode(mode))?)
    }

    /// The file or folder `path` (not a symbolic link) to be looked at and changed in its attributes.
    pub fn attributes_of(&self, path: &[u8]) -> io::Result<AttributesOf> {
        let fd = self.beneath(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        if FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) == FileType::Symlink {
            return Err(io::Error::from(rustix::io::Errno::LOOP));
        }
        Ok(AttributesOf(fd))
    }

    /// The attributes of `path`, of a symbolic link itself; the empty path is this folder.
    pub fn stat(&self, path: &[u8]) -> io::Result<Stat> {
        match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => {
                let (parent, name) = path.split_at(slash);
                let parent = self.beneath(parent, FOLDER, Mode::empty())?;
                stat_at(parent.as_fd(), name.get(1..).unwrap_or_default())
            }
            None => stat_at(self.fd.as_fd(), path),
        }
    }

    /// What tells the file or folder `path` from any other, wherever it is moved to; a symbolic link is looked at
    /// itself.
    pub fn identity(&self, path: &[u8]) -> io::Result<Identity> {
        self.look(path).map(|(identity, _)| identity)
    }

    /// [`identity`](Self::identity), and of what kind it is.
    pub fn look(&self, path: &[u8]) -> io::Result<(Identity, FileType)> {
        let (parent, name) = self.parent_of(path)?;
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        let found = rustix::fs::statx(&parent, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW, wanted)?;
        let time = |time: StatxTimestamp| i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
        let known = StatxFlags::from_bits_retain(found.stx_mask);
        let kind = FileType::from_raw_mode(found.stx_mode.into());
        let identity = Identity {
            device: rustix::fs::makedev(found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            born: if known.contains(StatxFlags::BTIME) { time(found.stx_btime) } else { 0 },
            changed: if kind == FileType::Directory { 0 } else { time(found.stx_mtime) },
        };
        Ok((identity, kind))
    }

    /// The names in the folder `path`, in no order, without `.` and `..`; the empty path is this folder.
    pub fn names(&self, path: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let path = if path.is_empty() { b"." } else { path };
        let fd = self.beneath(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&fd)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Creates the folder `path` and those above it; one that is there already is fine.
    pub fn create_folders(&self, path: &[u8], mode: u32) -> io::Result<()> {
        let ends = (0..path.len()).filter(|index| path.get(*index) == Some(&b'/')).chain([path.len()]);
        for end in ends {
            let part = path.get(..end).unwrap_or_default();
            if part.is_empty() {
                continue;
            }
            let (parent, name) = self.parent_of(part)?;
            match rustix::fs::mkdirat(&parent, OsStr::from_bytes(name), Mode::from_raw_mode(mode)) {
                Ok(()) => {}
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes a new file; a file that is there already is `EEXIST`.
    pub fn create_file(&self, path: &[u8], mode: u32) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        Ok(File::from(self.beneath(path, flags, Mode::from_raw_mode(mode))?))
    }

    /// Writes a new file with `content`.
    pub fn write_file(&self, path: &[u8], content: &[u8], mode: u32) -> io::Result<()> {
        self.create_file(path, mode)?.write_all(content)
    }

    /// Moves `from` (beneath this folder) to `to` (beneath `target`); what is there already is not replaced
    /// (`EEXIST`).
    pub fn move_to(&self, from: &[u8], target: &Folder, to: &[u8]) -> io::Result<()> {
        let (from_parent, from_name) = self.parent_of(from)?;
        let (to_parent, to_name) = target.parent_of(to)?;
        let (from, to) = (OsStr::from_bytes(from_name), OsStr::from_bytes(to_name));
        Ok(rustix::fs::renameat_with(&from_parent, from, &to_parent, to, rustix::fs::RenameFlags::NOREPLACE)?)
    }

    /// Gives `path` another name in its folder; what is called so already is not replaced (`EEXIST`).
    pub fn rename_there(&self, path: &[u8], name: &[u8]) -> io::Result<()> {
        let (parent, old) = self.parent_of(path)?;
        let (old, new) = (OsStr::from_bytes(old), OsStr::from_bytes(name));
        Ok(rustix::fs::renameat_with(&parent, old, &parent, new, rustix::fs::RenameFlags::NOREPLACE)?)
    }

    /// Gives the file `from` (beneath this folder) the name `to` (beneath `target`) too, on the same disk; what is there
    /// already is `EEXIST`.
    pub fn link(&self, from: &[u8], target: &Folder, to: &[u8]) -> io::Result<()> {
        let (from_parent, from_name) = self.parent_of(from)?;
        let (to_parent, to_name) = target.parent_of(to)?;
        let (from, to) = (OsStr::from_bytes(from_name), OsStr::from_bytes(to_name));
        Ok(rustix::fs::linkat(&from_parent, from, &to_parent, to, AtFlags::empty())?)
    }

    /// Renames `from` (beneath this folder) to `to` (beneath it too): what is there is replaced, or takes the place of
    /// `from` if they are to be `exchange`d.
    pub fn rename(&self, from: &[u8], to: &[u8], exchange: bool) -> io::Result<()> {
        let (from_parent, from_name) = self.parent_of(from)?;
        let (to_parent, to_name) = self.parent_of(to)?;
        let flags = match exchange {
            true => rustix::fs::RenameFlags::EXCHANGE,
            false => rustix::fs::RenameFlags::empty(),
        };
        let (from, to) = (OsStr::from_bytes(from_name), OsStr::from_bytes(to_name));
        Ok(rustix::fs::renameat_with(&from_parent, from, &to_parent, to, flags)?)
    }

    /// Puts the names in the folder `path` on the disk.
    pub fn sync_folder(&self, path: &[u8]) -> io::Result<()> {
        let fd = self.beneath(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(rustix::fs::fsync(&fd)?)
    }

    /// Waits until everything that was written to the disk that this folder is on is there.
    pub fn sync_disk(&self) -> io::Result<()> {
        // A path alone, which this folder is opened as, can't be synced.
        let fd = self.beneath(b".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::fs::syncfs(&fd)?;
        crash::point("disk-synced");
        Ok(())
    }

    /// Removes the file `path`.
    pub fn remove_file(&self, path: &[u8]) -> io::Result<()> {
        let (parent, name) = self.parent_of(path)?;
        Ok(rustix::fs::unlinkat(&parent, OsStr::from_bytes(name), AtFlags::empty())?)
    }

    /// Removes the empty folder `path`.
    pub fn remove_folder(&self, path: &[u8]) -> io::Result<()> {
        let (parent, name) = self.parent_of(path)?;
        Ok(rustix::fs::unlinkat(&parent, OsStr::from_bytes(name), AtFlags::REMOVEDIR)?)
    }

    /// The folder that `path` lies in, and its name there.
    fn parent_of<'p>(&self, path: &'p [u8]) -> io::Result<(Parent<'_>, &'p [u8])> {
        let (parent, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (path.get(..slash), path.get(slash + 1..).unwrap_or_default()),
            None => (None, path),
        };
        if name.is_empty() || name == b"." || name == b".." {
            return Err(io::Error::from(rustix::io::Errno::INVAL));
        }
        match parent {
            Some(parent) => Ok((Parent::Below(self.beneath(parent, FOLDER, Mode::empty())?), name)),
            None => Ok((Parent::Here(self.fd.as_fd()), name)),
        }
    }

    fn beneath(&self, path: &[u8], flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        loop {
            match rustix::fs::openat2(&self.fd, OsStr::from_bytes(path), flags, mode, resolve) {
                // The kernel could not rule out that a rename raced with `..`; asking again is what it wants.
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                opened => return Ok(opened?),
            }
        }
    }
}

/// The folder that something lies in.
enum Parent<'a> {
    /// The one that was asked.
    Here(BorrowedFd<'a>),
    /// One below it.
    Below(OwnedFd),
}

impl AsFd for Parent<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Parent::Here(folder) => *folder,
            Parent::Below(folder) => folder.as_fd(),
        }
    }
}

/// A file or folder whose attributes are looked at and changed, whatever may be read or written of it.
#[derive(Debug)]
pub struct AttributesOf(OwnedFd);

impl From<File> for AttributesOf {
    fn from(file: File) -> AttributesOf {
        AttributesOf(file.into())
    }
}

impl AttributesOf {
    /// Its attributes.
    pub fn stat(&self) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(&self.0)?)
    }

    /// Changes permission bits.
    pub fn set_mode(&self, mode: u32) -> io::Result<()> {
        Ok(rustix::fs::chmod(self.by_descriptor(), Mode::from_raw_mode(mode))?)
    }

    /// Changes owner and group, as far as they are given.
    pub fn set_owner(&self, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
        std::os::unix::fs::chown(self.by_descriptor(), uid, gid)
    }

    /// Sets the times of last access and last change.
    pub fn set_times(&self, times: &Timestamps) -> io::Result<()> {
        Ok(rustix::fs::utimensat(rustix::fs::CWD, self.by_descriptor(), times, AtFlags::empty())?)
    }

    /// A name of the very file: a descriptor that was opened with `O_PATH` can't be changed otherwise.
    fn by_descriptor(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

/// What stays the same of a file or folder when it is moved, and differs for any other: inode numbers alone are used
/// again as soon as a file is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Number of its device.
    pub device: u64,
    /// Number of its inode.
    pub inode: u64,
    /// When it was made, in nanoseconds since 1970; 0 where the file system does not tell.
    pub born: i128,
    /// When its content was last changed, likewise; 0 for a folder.
    pub changed: i128,
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The attributes of the single name `name` in `folder`, or of the folder itself if it is empty.
pub fn stat_at(folder: BorrowedFd<'_>, name: &[u8]) -> io::Result<Stat> {
    if name == b".." || name.contains(&b'/') {
        return Err(io::Error::from(rustix::io::Errno::INVAL));
    }
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    Ok(rustix::fs::statat(folder, OsStr::from_bytes(name), flags)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::open(temporary.path()).unwrap();
        (temporary, folder)
    }

    #[test]
    fn files_are_written_and_read_beneath_the_folder() {
        let (_temporary, folder) = folder();
        folder.create_folders(b"a/b", 0o755).unwrap();
        folder.create_folders(b"a/b", 0o755).unwrap();
        folder.write_file("a/b/é.txt".as_bytes(), b"text", 0o644).unwrap();
        assert_eq!(folder.stat("a/b/é.txt".as_bytes()).unwrap().st_size, 4);
        assert_eq!(folder.names(b"a/b").unwrap(), ["é.txt".as_bytes()]);
        assert!(folder.open_file("a/b/é.txt".as_bytes()).is_ok());
    }

    #[test]
    fn no_path_leaves_the_folder() {
        let (temporary, folder) = folder();
        folder.create_folders(b"in", 0o755).unwrap();
        std::os::unix::fs::symlink("/etc", temporary.path().join("link")).unwrap();
        let inside = folder.folder(b"in").unwrap();
        for path in [b"../link".as_slice(), b"/etc/passwd", b"../../etc/passwd"] {
            assert!(inside.open_file(path).is_err());
            assert!(inside.stat(path).is_err() || path == b"/etc/passwd");
        }
        assert!(folder.open_file(b"link/passwd").is_err());
        assert!(folder.write_file(b"link/new", b"", 0o644).is_err());
        assert!(folder.create_folders(b"link/new", 0o755).is_err());
        assert!(folder.stat(b"link/passwd").is_err());
    }

    #[test]
    fn a_pipe_is_no_document_and_does_not_hang() {
        let (temporary, folder) = folder();
        let pipe = temporary.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert!(folder.open_file(b"pipe").is_err());
    }

    #[test]
    fn moving_never_replaces_what_is_there() {
        let (_temporary, folder) = folder();
        folder.write_file(b"a", b"1", 0o644).unwrap();
        folder.write_file(b"b", b"2", 0o644).unwrap();
        assert!(folder.move_to(b"a", &folder, b"b").is_err());
        folder.move_to(b"a", &folder, b"c").unwrap();
        assert_eq!(folder.stat(b"c").unwrap().st_size, 1);
    }
}
