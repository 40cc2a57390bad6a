//! What goes into an archive: one [`Entry`] for each file or folder.
//!
//! Entries are plain values. Whether their names can stand in an archive is judged by
//! [`Layout::new`](super::Layout::new); how a file is opened is left to [`Files`](super::Files).

use std::sync::Arc;

use super::{FileIdentity, Held};

/// A file or folder of an archive. `S` is what [`Files`](super::Files) needs to open it, best something small: an
/// archive of 100,000 files holds 100,000 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<S> {
    /// The path inside the archive, `/` between its parts, none in front; folders end in `/`. At most 65,535 bytes.
    /// Names that are not UTF-8 are kept byte for byte.
    /// Shared, for a layout is often made more than once of the same names.
    pub name: Arc<[u8]>,
    /// Unix permission bits (`0o7777`). The file type bits follow from the content; those given here are ignored.
    pub mode: u32,
    /// Time of last modification, in seconds since 1970 UTC.
    pub mtime: i64,
    /// Where the bytes come from.
    pub content: Content<S>,
}

/// Where the bytes of an [`Entry`] come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<S> {
    /// None: the entry is a folder.
    Folder,
    /// Bytes held in memory.
    Bytes(Held),
    /// All bytes of a file on disk, which must be the very same file, unchanged, whenever it is read.
    File {
        /// What the caller's [`Files`](super::Files) opens.
        source: S,
        /// What the file was when the entry was made; its size is the entry's size.
        identity: FileIdentity,
    },
}

impl<S> Entry<S> {
    /// The number of bytes of the content.
    pub fn size(&self) -> u64 {
        match &self.content {
            Content::Folder => 0,
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File { identity, .. } => identity.size,
        }
    }

    /// The name for messages; bytes that are not UTF-8 become replacement characters.
    pub(super) fn display_name(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}
