//! What the kernel has open, by the numbers that it was given.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use fuser::FileHandle;

use super::{FsError, Listing, OpenDocument, OpenFile, OpenSpool};

/// Something open.
pub enum Handle {
    /// A folder.
    Folder(Listing),
    /// A file that we read.
    File(OpenFile),
    /// A document.
    Document(OpenDocument),
    /// An upload or temporary file open for writing.
    Written(OpenSpool),
}

impl Handle {
    /// The open document, if it is one.
    pub fn document(&self) -> Result<&OpenDocument, FsError> {
        match self {
            Handle::Document(open) => Ok(open),
            _ => Err(FsError::BadHandle),
        }
    }

    /// The upload or temporary file open for writing, if it is one.
    pub fn written(&self) -> Result<&OpenSpool, FsError> {
        match self {
            Handle::Written(open) => Ok(open),
            _ => Err(FsError::BadHandle),
        }
    }
}

/// All that is open.
pub struct Handles {
    open: RwLock<HashMap<u64, Arc<Handle>>>,
    next: AtomicU64,
}

impl Default for Handles {
    fn default() -> Self {
        Handles { open: RwLock::default(), next: AtomicU64::new(1) }
    }
}

impl Handles {
    /// Gives `handle` a number.
    pub fn add(&self, handle: Handle) -> FileHandle {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.open.write().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::new(handle));
        FileHandle(number)
    }

    /// What has the number `number`.
    pub fn get(&self, number: FileHandle) -> Result<Arc<Handle>, FsError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(&number.0).cloned().ok_or(FsError::BadHandle)
    }

    /// Forgets the number `number` and returns what had it.
    pub fn remove(&self, number: FileHandle) -> Option<Arc<Handle>> {
        self.open.write().unwrap_or_else(PoisonError::into_inner).remove(&number.0)
    }
}
