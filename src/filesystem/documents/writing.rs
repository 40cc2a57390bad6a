//! Opening and writing documents, and telling their rows when they are closed.

use std::fs::{File, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};

use rustix::fs::{FallocateFlags, SeekFrom};

use crate::course::document::TreeChange;
use crate::course::document_edit;
use crate::filesystem::{Attributes, FsError, Node, PortalFs};

use super::open::{OpenDocument, OpenNode, Seen};
use super::{MODE_OF_FILE, stamp_ancestors};

/// Takes from a file that is about to be written what it may have got beneath the mount, as a disk does on a write.
fn without_privileges(file: &File) -> Result<(), FsError> {
    let mode = file.metadata()?.mode() & 0o7777;
    if mode & !MODE_OF_FILE != 0 {
        file.set_permissions(Permissions::from_mode(mode & MODE_OF_FILE))?;
    }
    Ok(())
}

impl PortalFs {
    /// Opens a document.
    pub fn open_document(&self, course: u32, node: u32, writes: bool, append: bool) -> Result<OpenDocument, FsError> {
        if writes {
            self.writable()?;
        }
        let (document, path) = match self.document_row(course, node) {
            Err(FsError::NotFound) => {
                // Removed, but open: `/proc/self/fd/N` can still be opened.
                let open = self.documents.open.get(node).ok_or(FsError::NotFound)?;
                let file = reopened(&open, writes)?;
                return self.documents.open.add((course, node), file, (writes, append, false));
            }
            found => found?,
        };
        if document.folder {
            return Err(FsError::IsAFolder);
        }
        let top = self.course_folder(course)?;
        let file = if writes { top.open_to_write(&path) } else { top.open_file(&path) };
        let file = file.map_err(FsError::from_lookup)?;
        if writes {
            without_privileges(&file)?;
        }
        self.documents.open.add((course, node), file, (writes, append, false))
    }

    /// Whether the kernel may write to a document by itself: only where the disk is full before the quota is used up, for
    /// it asks nobody.
    pub fn may_write_unseen(&self, open: &OpenDocument) -> bool {
        let free_on_disk = || {
            let disk = rustix::fs::fstatvfs(open.file()).ok()?;
            Some(disk.f_bavail.saturating_mul(disk.f_frsize))
        };
        let room = self.taken(open.shared.course).map_or(0, |taken| taken.free());
        !open.writes || free_on_disk().is_some_and(|free| free < room)
    }

    /// Writes as much of `bytes` as the quota has room for, and returns how much that was.
    pub fn write_document(&self, open: &OpenDocument, offset: u64, bytes: &[u8]) -> Result<usize, FsError> {
        if !open.writes {
            return Err(FsError::BadHandle);
        }
        let shared = &open.shared;
        let mut written = shared.written();
        let offset = match open.append {
            true => open.file().metadata()?.len(),
            false => offset,
        };
        let end = offset.saturating_add(bytes.len() as u64);
        let mut bytes = bytes;
        if end > written.length {
            let length = open.file().metadata()?.len();
            let granted = self.take_room((shared.course, shared.node), length, end)?;
            let fits = usize::try_from(granted.saturating_sub(offset)).unwrap_or(usize::MAX);
            bytes = bytes.get(..fits.min(bytes.len())).unwrap_or_default();
            if bytes.is_empty() {
                // There is room for some of the gap before what is written, but nobody wants that alone.
                self.set_room(shared.course, shared.node, Some(length));
                return Err(FsError::Quota);
            }
            written.length = written.length.max(granted.min(end));
        }
        written.changed = true;
        open.file().write_all_at(bytes, offset)?;
        Ok(bytes.len())
    }

    /// Cuts or lengthens an open document.
    pub(super) fn set_document_length(&self, shared: &OpenNode, file: &File, length: u64) -> Result<(), FsError> {
        let mut written = shared.written();
        let now = file.metadata()?.len();
        let whole = self.take_room((shared.course, shared.node), now, length)?;
        if whole < length {
            self.set_room(shared.course, shared.node, Some(now));
            return Err(FsError::Quota);
        }
        written.changed = true;
        let outcome = file.set_len(length);
        let length = file.metadata()?.len();
        self.set_room(shared.course, shared.node, Some(length));
        written.length = length;
        Ok(outcome?)
    }

    /// Reserves room in a document on the disk, or gives it back, as `fallocate` with the flags `mode` does.
    pub fn allocate_document(&self, open: &OpenDocument, offset: u64, length: u64, mode: i32) -> Result<(), FsError> {
        if !open.writes {
            return Err(FsError::BadHandle);
        }
        let flags = u32::try_from(mode).ok().and_then(FallocateFlags::from_bits).ok_or(FsError::NotSupported)?;
        let shared = &open.shared;
        let mut written = shared.written();
        let end = offset.saturating_add(length);
        if !flags.contains(FallocateFlags::KEEP_SIZE) && end > written.length {
            let now = open.file().metadata()?.len();
            if self.take_room((shared.course, shared.node), now, end)? < end {
                self.set_room(shared.course, shared.node, Some(now));
                return Err(FsError::Quota);
            }
            written.length = end;
        }
        written.changed = true;
        Ok(rustix::fs::fallocate(open.file(), flags, offset, length).map_err(std::io::Error::from)?)
    }

    /// Copies from one open document to another on the server, with a reflink where the disk can; returns how much was
    /// copied, which may be less than asked for.
    pub fn copy_document(
        &self,
        (from, from_offset): (&OpenDocument, u64),
        (to, to_offset): (&OpenDocument, u64),
        length: u64,
    ) -> Result<usize, FsError> {
        if !to.writes {
            return Err(FsError::BadHandle);
        }
        let there = from.file().metadata()?.len().saturating_sub(from_offset);
        let length = length.min(there);
        if length == 0 {
            return Ok(0);
        }
        let shared = &to.shared;
        let mut written = shared.written();
        let end = to_offset.saturating_add(length);
        let mut fits = length;
        if end > written.length {
            let now = to.file().metadata()?.len();
            let granted = self.take_room((shared.course, shared.node), now, end)?;
            fits = granted.saturating_sub(to_offset).min(length);
            if fits == 0 {
                self.set_room(shared.course, shared.node, Some(now));
                return Err(FsError::Quota);
            }
            written.length = written.length.max(to_offset.saturating_add(fits));
        }
        written.changed = true;
        let fits = usize::try_from(fits).unwrap_or(usize::MAX);
        let (mut from_offset, mut to_offset) = (from_offset, to_offset);
        let copied =
            rustix::fs::copy_file_range(from.file(), Some(&mut from_offset), to.file(), Some(&mut to_offset), fits);
        Ok(copied.map_err(std::io::Error::from)?)
    }

    /// The next data or hole in a document.
    pub fn seek_document(&self, open: &OpenDocument, offset: u64, hole: bool) -> Result<u64, FsError> {
        let from = if hole { SeekFrom::Hole(offset) } else { SeekFrom::Data(offset) };
        Ok(rustix::fs::seek(open.file(), from).map_err(std::io::Error::from)?)
    }

    /// Puts a document on the disk, with its row.
    pub fn sync_document(&self, open: &OpenDocument, data_only: bool) -> Result<(), FsError> {
        if data_only {
            open.file().sync_data()?
        } else {
            open.file().sync_all()?
        }
        if open.writes {
            self.tell_row(&open.shared)?;
            self.portal.database().sync()?;
        }
        Ok(())
    }

    /// Puts the names in a folder on the disk, with their rows.
    pub fn sync_folder(&self, node: Node) -> Result<(), FsError> {
        let (course, path) = match node {
            Node::Documents(course) => (course, b"document".to_vec()),
            Node::Document(course, number) => (course, self.document_row(course, number)?.1),
            // What was committed of items may wait to be written; nothing else does.
            Node::Tool(..) | Node::Course(_) | Node::Learnpaths(_) => return Ok(self.portal.database().sync()?),
            _ => return Ok(()),
        };
        self.course_folder(course)?.sync_folder(&path).map_err(FsError::from_lookup)?;
        Ok(self.portal.database().sync()?)
    }

    /// A descriptor was closed: the row learns what was written.
    pub fn close_document(&self, open: &OpenDocument) -> Result<(), FsError> {
        if open.writes { self.tell_row(&open.shared) } else { Ok(()) }
    }

    /// The handle `open` is gone. What was written by a memory mapping since the last close is told now.
    pub fn release_document(&self, open: &OpenDocument) -> Result<(), FsError> {
        if !open.writes {
            return Ok(());
        }
        let told = self.tell_row(&open.shared);
        let mut written = open.shared.written();
        written.writers = written.writers.saturating_sub(1);
        if written.writers == 0 {
            self.set_room(open.shared.course, open.shared.node, None);
        }
        told
    }

    /// Tells the row of `shared` size and time if the file has changed since it was told last.
    pub(super) fn tell_row(&self, shared: &OpenNode) -> Result<(), FsError> {
        let _turn = shared.telling();
        let seen = Seen::of(&shared.stat()?);
        let before = *shared.written();
        if before.told == seen && !before.changed {
            return Ok(());
        }
        // Before the row is told: what is written meanwhile is told next time.
        {
            let mut written = shared.written();
            (written.changed, written.new, written.told) = (false, false, seen);
        }
        let told = self.change_documents(shared.course, |changing, stamp| {
            let size = shared.file().metadata()?.len();
            let Some(row) = self.documents.identities.row(shared.node) else { return Ok(()) };
            let Some(document) = changing.tree().get(row).cloned() else { return Ok(()) };
            document_edit::set_size(changing.session, row, size)?;
            if document.known {
                let edit = (!before.new).then_some("DocumentUpdated");
                document_edit::stamp(changing.session, changing.course.id, document.key, edit, stamp)?;
                stamp_ancestors(changing, document.parent, stamp)?;
            }
            changing.follow(TreeChange::Resized(row, size));
            Ok(())
        });
        if told.is_err() {
            let mut written = shared.written();
            (written.changed, written.new) = (true, before.new);
        }
        told
    }

    /// The attributes of a document that may have been removed while it is open.
    pub(in crate::filesystem) fn attributes_of_open(&self, node: Node) -> Result<Attributes, FsError> {
        let Node::Document(_, number) = node else { return Err(FsError::NotFound) };
        let open = self.documents.open.get(number).ok_or(FsError::NotFound)?;
        self.attributes_of_file(node, &open.stat()?)
    }
}

/// Opens the file of `open` once more, though it may have no name any more.
fn reopened(open: &OpenNode, writes: bool) -> Result<File, FsError> {
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}", open.file().as_raw_fd());
    Ok(File::options().read(true).write(writes).open(path)?)
}
