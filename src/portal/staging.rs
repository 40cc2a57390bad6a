//! Private folders for files on their way into courses.
//!
//! Rows change in one transaction, files can't. So that a process may be killed at any moment, a change that places
//! files keeps this order:
//!
//! 1. A [`Staging`] folder of mode 0700 is made below the portal's `app/cache/`, on the same disk as the courses and
//!    not served, and locked (`flock`) for as long as its process lives.
//! 2. Files are unpacked or folders built in it.
//! 3. Its [`Journal`] says what will be placed where; it is on the disk before anything is placed.
//! 4. In one transaction rows are written and files moved to their places; then the rows are committed.
//! 5. The staging folder goes.
//!
//! Where the loss of power must take nothing either, the files get to the disk before the journal is written and before
//! the rows are committed, and what was committed before the folder goes ([`Staging::sync`]).
//!
//! What a killed process leaves is put in order by [`recovery`](super::recovery). The lock tells processes of one
//! machine from each other: where several hosts write to the same portal, `app/cache/` has to lie on a file system
//! whose `flock` they share (NFS version 4 and most cluster file systems), else one could take another's work for
//! abandoned.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use tempfile::TempDir;

use super::journal::Journal;
use super::storage::Folder;
use super::{Portal, crash};

/// Chamilo's folder for temporary files, also for the folders of deleted courses.
pub const CACHE: &str = "app/cache";

/// How the names of staging folders begin.
const PREFIX: &str = "coursefs-";

/// The journal in a staging folder.
const JOURNAL: &[u8] = b"journal";

/// The journal while it is written.
const UNFINISHED_JOURNAL: &[u8] = b"journal.new";

/// A private folder, locked while its process lives; gone with all that is still in it when it is dropped.
#[derive(Debug)]
pub struct Staging {
    folder: Folder,
    // Dropped, and with it the folder removed, before the lock is given up.
    temporary: TempDir,
    lock: File,
}

impl Staging {
    /// A new one.
    pub fn new(portal: &Portal) -> io::Result<Staging> {
        let cache = portal.root().join(CACHE);
        std::fs::create_dir_all(&cache)?;
        loop {
            let temporary = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&cache)?;
            // A recovery may have taken the folder for abandoned in the moment before it was locked.
            if let Some(lock) = lock(temporary.path())? {
                return Ok(Staging { folder: Folder::open(temporary.path())?, temporary, lock });
            }
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where it lies, for messages.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes the journal, on the disk when this returns. To be called once, before anything is placed.
    pub fn write_journal(&self, journal: &Journal) -> io::Result<()> {
        let mut file = self.folder.create_file(UNFINISHED_JOURNAL, 0o600)?;
        file.write_all(&journal.to_bytes())?;
        file.sync_all()?;
        self.folder.move_to(UNFINISHED_JOURNAL, &self.folder, JOURNAL)?;
        self.lock.sync_all()?;
        crash::point("journal");
        Ok(())
    }

    /// Removes the folder with all that is still in it; on the disk, too, it is gone when this returns.
    pub fn remove(self) -> io::Result<()> {
        let above = self.temporary.path().parent().map(File::open).transpose()?;
        self.temporary.close()?;
        above.map_or(Ok(()), |above| above.sync_all())
    }

    /// Waits until everything written to this disk is on it: rows must not outlive the files that they point at.
    pub fn sync(&self) -> io::Result<()> {
        self.folder.sync_disk()
    }
}

/// Opens the folder `path` and locks it; `None` if somebody else has it locked or removed it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(opened) => File::from(opened),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match rustix::fs::flock(&opened, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let removed = rustix::fs::fstat(&opened)?.st_nlink == 0;
    Ok((!removed).then_some(opened))
}

/// A staging folder whose process is gone, locked by this one.
pub struct Abandoned {
    /// The folder.
    pub folder: Folder,
    /// Where it lies.
    pub path: PathBuf,
    _lock: File,
}

impl Abandoned {
    /// All of them that this process can open. Those that it can't are logged.
    pub fn find(root: &Path) -> io::Result<Vec<Abandoned>> {
        let cache = match std::fs::read_dir(root.join(CACHE)) {
            Ok(cache) => cache,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in cache {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) || !entry.file_type()?.is_dir() {
                continue;
            }
            let path = entry.path();
            match lock(&path).and_then(|lock| Ok(lock.zip(Some(Folder::open(&path)?)))) {
                Ok(Some((lock, folder))) => found.push(Abandoned { folder, path, _lock: lock }),
                Ok(None) => {}
                Err(error) => tracing::warn!("{} can't be looked at: {error}", path.display()),
            }
        }
        Ok(found)
    }

    /// What the process was about to place; `None` if it had placed nothing yet.
    pub fn journal(&self) -> io::Result<Option<Journal>> {
        let mut bytes = Vec::new();
        match self.folder.open_file(JOURNAL) {
            Ok(mut file) => file.read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match Journal::read(&bytes) {
            Some(journal) => Ok(Some(journal)),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "its journal is damaged, or of another version")),
        }
    }

    /// Removes it.
    pub fn remove(self) -> io::Result<()> {
        std::fs::remove_dir_all(&self.path)
    }
}
