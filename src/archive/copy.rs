//! Entries of an archive taken out without the archive: their bytes are written to a file or a stream, and neither
//! headers nor checksums are made for it. A file of the disk is copied by the kernel, or shares its blocks where the
//! file system can do that.

use std::fs::File;
use std::io::{self, Write};

use rustix::io::Errno;

use super::open_files::{FileError, Opened};
use super::read::read_error;
use super::{Archive, Content, Entry, FileIdentity, Files, ReadError};

/// Bytes copied at once.
const PIECE: usize = 1 << 20;

/// The most bytes that the kernel copies at once, so that a kill does not have to wait.
const LONG_PIECE: u64 = 256 << 20;

/// Why an entry was not taken out. Part of it may have been written.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It can't be written.
    #[error(transparent)]
    Write(io::Error),
}

impl<F: Files> Archive<F> {
    /// Writes the bytes of the entry with the place `index` to `output`. An entry that there is not has none.
    pub fn write_entry(&self, index: usize, output: &mut dyn Write) -> Result<(), CopyError> {
        let Some(entry) = self.layout().entry(index) else { return Ok(()) };
        match &entry.content {
            Content::Folder => Ok(()),
            Content::Bytes(held) => {
                held.pieces().try_for_each(|piece| output.write_all(&piece)).map_err(CopyError::Write)
            }
            Content::File { .. } => {
                let opened = self.opened_anew(index, entry)?;
                let (mut offset, mut buffer) = (0, vec![0; PIECE]);
                while offset < entry.size() {
                    let length = usize::try_from(entry.size() - offset).unwrap_or(PIECE).min(PIECE);
                    let piece = buffer.get_mut(..length).unwrap_or_default();
                    opened.read(offset, piece).map_err(|error| read_error(entry, error))?;
                    output.write_all(piece).map_err(CopyError::Write)?;
                    offset += length as u64;
                }
                Ok(())
            }
        }
    }

    /// Writes the bytes of the entry with the place `index` to the empty file `output`.
    pub fn copy_entry(&self, index: usize, output: &File) -> Result<(), CopyError> {
        let entry = match self.layout().entry(index) {
            Some(entry @ Entry { content: Content::File { .. }, .. }) => entry,
            _ => return self.write_entry(index, &mut { output }),
        };
        let opened = self.opened_anew(index, entry)?;
        let failed = |error: FileError| CopyError::Read(read_error(entry, error));
        if rustix::fs::ioctl_ficlone(output, opened.file()).is_err() {
            let (mut from, mut to) = (0, 0);
            while from < entry.size() {
                let length = usize::try_from((entry.size() - from).min(LONG_PIECE)).unwrap_or(PIECE);
                match rustix::fs::copy_file_range(opened.file(), Some(&mut from), output, Some(&mut to), length) {
                    // The file ends too early: it has changed.
                    Ok(0) => return Err(failed(FileError::Changed)),
                    Ok(_) | Err(Errno::INTR) => {}
                    // Not between these file systems: byte by byte then.
                    Err(Errno::XDEV | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) if from == 0 => {
                        return self.write_entry(index, &mut { output });
                    }
                    Err(error) => return Err(CopyError::Write(error.into())),
                }
            }
        }
        // The kernel moves the times of a file before it changes its bytes.
        match FileIdentity::of_file(opened.file()) {
            Ok(now) if now == opened.identity() => Ok(()),
            Ok(_) => Err(failed(FileError::Changed)),
            Err(error) => Err(failed(error.into())),
        }
    }

    fn opened_anew(&self, index: usize, entry: &Entry<F::Source>) -> Result<Opened, CopyError> {
        Ok(self.shared.open_anew(index).map_err(|error| read_error(entry, error))?)
    }
}
