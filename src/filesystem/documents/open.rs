//! Open documents: what is read and written through us, and what their rows are told when they are closed.
//!
//! All handles of one file share what is known of it. A write that makes a file longer needs room in the course's quota
//! first ([`room`](super::room)); the row learns the new size when a descriptor that may have written is closed. Files
//! that were removed while they are open live on here.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustix::fs::Stat;

use crate::filesystem::FsError;
use crate::filesystem::passthrough::Backing;

/// What is known of a file as long as it is open.
pub struct OpenNode {
    /// Number of the course.
    pub course: u32,
    /// Number of the node in it.
    pub node: u32,
    /// One of the open descriptors, for its attributes.
    file: File,
    identity: (u64, u64),
    state: Mutex<Written>,
    /// Held while the row is told: whoever closes beside waits until it is.
    telling: Mutex<()>,
}

/// What was written to a file since its row was last told.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// Handles that may write.
    pub writers: usize,
    /// Its length as far as we know, in bytes: nobody writes beyond it without asking for room.
    pub length: u64,
    /// Length and time of the last change that the row knows of.
    pub told: Seen,
    /// Whether something was written through us since.
    pub changed: bool,
    /// Whether the document is new: what is written into it first belongs to its making.
    pub new: bool,
}

/// By what a change of a file shows: its length and the time of its last change in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen(u64, i128);

impl Seen {
    /// What `stat` shows.
    pub fn of(stat: &Stat) -> Seen {
        let time = i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec);
        Seen(u64::try_from(stat.st_size).unwrap_or(0), time)
    }
}

impl OpenNode {
    /// The file's attributes now, whether it has a name or not.
    pub fn stat(&self) -> Result<Stat, FsError> {
        Ok(rustix::fs::fstat(&self.file).map_err(std::io::Error::from)?)
    }

    /// The file itself.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The turn at telling the row.
    pub fn telling(&self) -> MutexGuard<'_, ()> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was written to it. Whoever holds it is the only one to write.
    pub fn written(&self) -> MutexGuard<'_, Written> {
        // A panic can leave at most a length that is asked for again.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle of a document.
pub struct OpenDocument {
    /// What all handles of the file share.
    pub shared: Arc<OpenNode>,
    file: File,
    /// Whether it may write.
    pub writes: bool,
    /// Whether all is written at the end (`O_APPEND`), wherever the kernel believes that to be.
    pub append: bool,
    /// What the kernel reads and writes, kept as long as the handle.
    _backing: Option<Arc<Backing>>,
}

impl OpenDocument {
    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The same handle, which keeps what the kernel reads and writes instead of us.
    pub fn backed_by(self, backing: Option<Arc<Backing>>) -> OpenDocument {
        OpenDocument { _backing: backing, ..self }
    }

    /// Fills `buffer` from `offset` on and returns how many bytes that were; fewer only at the end.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, FsError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset.saturating_add(filled as u64))? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }
}

/// All open documents of a portal.
#[derive(Default)]
pub struct OpenDocuments {
    nodes: Mutex<HashMap<u32, Weak<OpenNode>>>,
}

impl OpenDocuments {
    /// Makes a handle of `file`, the document's `node` in `course`. `new` is whether the document was made with it.
    pub fn add(
        &self,
        (course, node): (u32, u32),
        file: File,
        (writes, append, new): (bool, bool, bool),
    ) -> Result<OpenDocument, FsError> {
        let stat = rustix::fs::fstat(&file).map_err(std::io::Error::from)?;
        let identity = (stat.st_dev, stat.st_ino);
        let length = u64::try_from(stat.st_size).unwrap_or(0);
        let mut nodes = self.lock();
        let open = nodes.get(&node).and_then(Weak::upgrade).filter(|open| open.identity == identity);
        let shared = match open {
            Some(open) => open,
            None => {
                let told = Seen::of(&stat);
                let state = Mutex::new(Written { writers: 0, length, told, changed: false, new });
                let open = Arc::new(OpenNode {
                    course,
                    node,
                    file: file.try_clone()?,
                    identity,
                    state,
                    telling: Mutex::default(),
                });
                nodes.retain(|_, open| open.strong_count() > 0);
                nodes.insert(node, Arc::downgrade(&open));
                open
            }
        };
        drop(nodes);
        if writes {
            let mut written = shared.written();
            written.writers += 1;
            written.length = written.length.max(length);
        }
        Ok(OpenDocument { shared, file, writes, append, _backing: None })
    }

    /// The open file of `node`, if there is one.
    pub fn get(&self, node: u32) -> Option<Arc<OpenNode>> {
        self.lock().get(&node).and_then(Weak::upgrade)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Weak<OpenNode>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
