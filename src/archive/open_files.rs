//! The files an archive has read last, kept open so that reading one file in pieces opens it once; and the one way
//! file data is read: all of the asked bytes, of a file that is still what it was.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use super::FileIdentity;

/// How many files stay open. A reader reads one file at a time; the kernel's parallel reads may touch two.
const KEPT: usize = 4;

/// Why the bytes of a file could not be read.
#[derive(Debug)]
pub(super) enum FileError {
    /// It is not, or no longer, the file it was.
    Changed,
    /// The system reports something else.
    Io(io::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // What made way for something else has changed.
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => Self::Changed,
            _ => Self::Io(error),
        }
    }
}

/// An open file and what it was.
#[derive(Debug)]
pub(super) struct Opened {
    file: File,
    identity: FileIdentity,
}

impl Opened {
    /// Takes an open file for the one meant; whether it is shows when it is read.
    pub(super) fn new(file: File, identity: FileIdentity) -> Self {
        Self { file, identity }
    }

    pub(super) fn identity(&self) -> FileIdentity {
        self.identity
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Fills `buf` from `offset`. The bytes are good only if this succeeds: the identity is compared after the bytes
    /// were read, and the kernel moves the times of a file before it changes its bytes.
    pub(super) fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), FileError> {
        match self.file.read_exact_at(buf, offset) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(FileError::Changed),
            Err(error) => Err(error.into()),
            Ok(()) if FileIdentity::of_file(&self.file)? == self.identity => Ok(()),
            Ok(()) => Err(FileError::Changed),
        }
    }
}

/// The files last used, by the index of their entry, the last one in front.
#[derive(Debug, Default)]
pub(super) struct OpenFiles {
    files: Mutex<VecDeque<(usize, Arc<Opened>)>>,
}

impl OpenFiles {
    /// The file of entry `index`, opened by `open` if it is not open.
    pub(super) fn get(
        &self,
        index: usize,
        open: impl FnOnce() -> Result<Opened, FileError>,
    ) -> Result<Arc<Opened>, FileError> {
        if let Some(opened) = self.take_to_front(index) {
            return Ok(opened);
        }
        // Opened without the lock: other threads go on reading. Two may open the same file, which does no harm.
        let opened = Arc::new(open()?);
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.truncate(KEPT - 1);
        files.push_front((index, Arc::clone(&opened)));
        Ok(opened)
    }

    fn take_to_front(&self, index: usize) -> Option<Arc<Opened>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let position = files.iter().position(|(kept, _)| *kept == index)?;
        let kept = files.remove(position)?;
        let opened = Arc::clone(&kept.1);
        files.push_front(kept);
        Some(opened)
    }
}
