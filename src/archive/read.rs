//! Ranged reads of an archive: [`Archive`] puts a [`Layout`], the files and the remembered checksums together.
//!
//! Headers and the central directory are made for the asked range and forgotten; file data goes straight from the
//! file into the caller's buffer. So any offset costs the same and memory is the layout's.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::crcs::{Ahead, Crcs};
use super::layout::Part;
use super::open_files::{FileError, OpenFiles, Opened};
use super::{Checksums, Content, Entry, Layout};

/// How the files of an archive are opened.
pub trait Files: Send + Sync + 'static {
    /// What tells one file from another.
    type Source: Send + Sync + 'static;

    /// Opens a file for reading. Whether it is the very file that was laid out is checked by the archive; since a path
    /// may have become anything meanwhile, open with `O_NONBLOCK`, which keeps a pipe from stopping the reader.
    fn open(&self, source: &Self::Source) -> io::Result<File>;
}

/// Why a range of an archive could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file was changed, replaced or removed after the archive was laid out. Lay it out anew.
    #[error("\"{name}\" has changed since the archive was opened; open the archive again")]
    Changed {
        /// The entry's name in the archive.
        name: String,
    },
    /// A file could not be opened or read.
    #[error("cannot read \"{name}\" into the archive: {source}")]
    Io {
        /// The entry's name in the archive.
        name: String,
        /// What the system reports.
        source: io::Error,
    },
}

impl From<ReadError> for io::Error {
    /// The kind that stands for `ESTALE` for a changed file, otherwise the kind of the system's own error.
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::Changed { .. } => Self::new(io::ErrorKind::StaleNetworkFileHandle, error),
            ReadError::Io { source, .. } => Self::new(source.kind(), error),
        }
    }
}

/// An archive that can be read at any offset, by several threads at once.
///
/// It is the archive of one moment: if a file changes, reads that need it fail with [`ReadError::Changed`].
pub struct Archive<F: Files> {
    pub(super) shared: Arc<Shared<F>>,
}

/// What the archive shares with the thread that computes checksums ahead of the reader.
pub(super) struct Shared<F: Files> {
    pub(super) layout: Layout<F::Source>,
    pub(super) files: F,
    pub(super) checksums: Arc<Checksums>,
    pub(super) crcs: Crcs,
    pub(super) ahead: Ahead,
    open: OpenFiles,
}

impl<F: Files> Archive<F> {
    /// An archive of `layout`. Opens no file yet.
    pub fn new(layout: Layout<F::Source>, files: F, checksums: Arc<Checksums>) -> Self {
        let crcs = Crcs::new(layout.len());
        let (ahead, open) = (Ahead::default(), OpenFiles::default());
        Self { shared: Arc::new(Shared { layout, files, checksums, crcs, ahead, open }) }
    }

    /// The length of the archive in bytes.
    pub fn size(&self) -> u64 {
        self.shared.layout.size()
    }

    /// The parts of the archive.
    pub fn layout(&self) -> &Layout<F::Source> {
        &self.shared.layout
    }

    /// Reads from `offset` until `buf` is full or the archive ends, and returns the number of bytes read.
    ///
    /// After an error `buf` holds nothing of use.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        let mut made = Vec::new();
        while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let Some((part, within)) = self.shared.layout.locate(offset.saturating_add(filled as u64)) else {
                break;
            };
            filled += match part {
                Part::Data(index) => self.shared.read_data(index, within, rest)?,
                header => {
                    made.clear();
                    self.make(header, &mut made)?;
                    let from = usize::try_from(within).ok().and_then(|within| made.get(within..));
                    copy(from.unwrap_or_default(), rest)
                }
            };
        }
        Ok(filled)
    }

    /// Makes the bytes of a part that is no data.
    fn make(&self, part: Part, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let layout = &self.shared.layout;
        match part {
            Part::Local(index) => {
                let crc = Shared::crc_for_reader(&self.shared, index)?;
                if let Some(record) = layout.record(index) {
                    record.local_header(crc, out);
                }
            }
            Part::Central(index) => {
                let crc = Shared::crc_for_reader(&self.shared, index)?;
                if let Some(record) = layout.record(index) {
                    record.central_header(crc, out);
                }
            }
            Part::End => layout.end().records(out),
            Part::Data(_) => {}
        }
        Ok(())
    }

    /// Reads the archive from its start, as a file. Best read in pieces of some 100 KiB.
    pub fn reader(&self) -> Reader<'_, F> {
        Reader { archive: self, position: 0 }
    }
}

impl<F: Files> Drop for Archive<F> {
    fn drop(&mut self) {
        self.shared.ahead.stop();
        self.shared.checksums.flush();
    }
}

impl<F: Files> fmt::Debug for Archive<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layout = &self.shared.layout;
        write!(f, "Archive({} entries, {} bytes)", layout.len(), layout.size())
    }
}

impl<F: Files> Shared<F> {
    /// Reads data of an entry from `within` on; fewer bytes than `buf` holds only at the data's end.
    fn read_data(&self, index: usize, within: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let Some(entry) = self.layout.entry(index) else {
            return Ok(0);
        };
        match &entry.content {
            Content::Folder => Ok(0),
            Content::Bytes(held) => Ok(held.read(within, buf)),
            Content::File { .. } => {
                let left = entry.size().saturating_sub(within);
                let length = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
                let (wanted, _) = buf.split_at_mut(length);
                let opened = self.opened(index).map_err(|error| read_error(entry, error))?;
                opened.read(within, wanted).map_err(|error| read_error(entry, error))?;
                Ok(length)
            }
        }
    }

    /// The file of an entry, from those last used or newly opened.
    pub(super) fn opened(&self, index: usize) -> Result<Arc<Opened>, FileError> {
        self.open.get(index, || self.open_anew(index))
    }

    /// The file of an entry, newly opened.
    pub(super) fn open_anew(&self, index: usize) -> Result<Opened, FileError> {
        match self.layout.entry(index).map(|entry| &entry.content) {
            Some(Content::File { source, identity }) => Ok(Opened::new(self.files.open(source)?, *identity)),
            _ => Err(FileError::Changed),
        }
    }
}

pub(super) fn read_error<S>(entry: &Entry<S>, error: FileError) -> ReadError {
    let name = entry.display_name();
    match error {
        FileError::Changed => ReadError::Changed { name },
        FileError::Io(source) => ReadError::Io { name, source },
    }
}

/// Copies as many bytes as both have, and returns how many.
pub(super) fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let length = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..length), to.get_mut(..length)) {
        to.copy_from_slice(from);
    }
    length
}

/// An archive read as a file.
#[derive(Debug)]
pub struct Reader<'a, F: Files> {
    archive: &'a Archive<F>,
    position: u64,
}

impl<F: Files> Read for Reader<'_, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let length = self.archive.read_at(self.position, buf)?;
        self.position += length as u64;
        Ok(length)
    }
}

impl<F: Files> Seek for Reader<'_, F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.archive.size().checked_add_signed(by),
        };
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
