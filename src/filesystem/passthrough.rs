//! FUSE passthrough (Linux 6.9): the kernel reads an open document from its file without asking us again.
//!
//! The kernel wants one and the same backing for all opens of an inode at a time, so backings are shared while any
//! open uses them. Where passthrough can't be had (an older kernel, no privileges) documents are read plainly; so is a
//! file that replaced one which is still open, in the company of the old one's backing.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use fuser::BackingId;
use tracing::{debug, info};

/// The backing of one open document.
pub struct Backing {
    id: BackingId,
    /// Device and inode of the file: another file under the same document has another backing.
    file: (u64, u64),
}

impl Backing {
    /// What the kernel knows the backing by.
    pub fn id(&self) -> &BackingId {
        &self.id
    }
}

/// How an open document is to be read and written.
pub enum Way {
    /// By the kernel, from the backing.
    Passthrough(Arc<Backing>),
    /// By us, though the kernel has to be told this backing: others have the document open with it, or only mappings
    /// into memory are the kernel's own affair. With direct I/O the kernel asks us for the bytes all the same (Linux 6.9, `fuse_file_read_iter`).
    Beside(Arc<Backing>),
    /// By us.
    Plain,
}

/// The backings in use, by inode number.
#[derive(Default)]
pub struct Backings {
    enabled: bool,
    in_use: Mutex<HashMap<u64, Weak<Backing>>>,
}

impl Backings {
    /// Allows passthrough, once the kernel has agreed to it.
    pub fn enable(&mut self) {
        self.enabled = true;
    }

    /// How to read and write `file`, open as the inode `number`; `register` asks the kernel for a new backing. What is to
    /// be `watched` is written by us, with a backing all the same: then it can be mapped into memory like any file.
    pub fn get(
        &self,
        (number, watched): (u64, bool),
        file: &File,
        register: impl FnOnce() -> io::Result<BackingId>,
    ) -> Way {
        if !self.enabled {
            return Way::Plain;
        }
        let Ok(metadata) = file.metadata() else { return Way::Plain };
        let identity = (metadata.dev(), metadata.ino());
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(backing) = in_use.get(&number).and_then(Weak::upgrade) {
            return match backing.file == identity && !watched {
                true => Way::Passthrough(backing),
                false => Way::Beside(backing),
            };
        }
        match register() {
            Ok(id) => {
                let backing = Arc::new(Backing { id, file: identity });
                in_use.retain(|_, backing| backing.strong_count() > 0);
                in_use.insert(number, Arc::downgrade(&backing));
                if watched { Way::Beside(backing) } else { Way::Passthrough(backing) }
            }
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
                info!("documents are read without passthrough: it needs CAP_SYS_ADMIN");
                Way::Plain
            }
            Err(error) => {
                debug!("a document is read without passthrough: {error}");
                Way::Plain
            }
        }
    }
}
