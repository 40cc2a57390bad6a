//! What may be changed besides [`documents`](super::documents): `backup.zip` can be written, and temporary files on the
//! way to it. Everything else is refused.
//!
//! Operations on [`Node`]s as in the file system's root module, with what the kernel tells of the caller where that
//! matters. Those that restore a backup take long; the adapter runs them aside.

use std::fs::FileTimes;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::backup::Selection;

use super::spool::{Spool, Start};
use super::temporaries::{Owner, Temporary};
use super::uploads::{Upload, is_whole};
use super::{Attributes, BACKUP, FsError, Node, PortalFs};

/// A file open for writing.
pub struct OpenSpool {
    what: What,
    /// Whether all is written at the end (`O_APPEND`), wherever the kernel believes that to be.
    append: bool,
}

enum What {
    Upload(Arc<Upload>),
    Temporary(Arc<Temporary>),
}

/// Attributes to be changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// Size in bytes.
    pub size: Option<u64>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Last access.
    pub atime: Option<SystemTime>,
    /// Last change.
    pub mtime: Option<SystemTime>,
}

/// How a rename treats its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// It may be replaced.
    Allowed,
    /// It must not be there (`RENAME_NOREPLACE`).
    Never,
    /// Both swap places (`RENAME_EXCHANGE`).
    Swap,
}

impl OpenSpool {
    fn spool(&self) -> &Spool {
        match &self.what {
            What::Upload(upload) => &upload.spool,
            What::Temporary(temporary) => &temporary.spool,
        }
    }

    /// Fills `buffer` from `offset` on and returns how many bytes that were; fewer only at the end.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, FsError> {
        self.spool().read(offset, buffer)
    }

    /// Writes all `bytes`. `writer` is the process, `None` if it is not known.
    pub fn write(&self, offset: u64, bytes: &[u8], writer: Option<u64>) -> Result<(), FsError> {
        if let What::Temporary(temporary) = &self.what {
            temporary.touch();
        }
        self.spool().write((!self.append).then_some(offset), bytes, writer)
    }

    /// Reserves room on the disk.
    pub fn allocate(&self, offset: u64, length: u64, keep_size: bool) -> Result<(), FsError> {
        self.spool().allocate(offset, length, keep_size)
    }

    /// Whether a close by `process` is to report what becomes of the upload.
    pub fn reports_to(&self, process: u64) -> bool {
        self.spool().was_written_by(process) && self.spool().length().is_ok_and(|length| length > 0)
    }
}

impl PortalFs {
    /// Opens a file for writing.
    pub fn open_for_writing(&self, node: Node, append: bool) -> Result<OpenSpool, FsError> {
        self.writable()?;
        let what = match node {
            Node::Backup(course, Selection::ALL) => self.begin_upload(course, Start::Untouched)?,
            Node::Temporary(_, number) => {
                let temporary = self.temporary(number)?;
                temporary.touch();
                What::Temporary(temporary)
            }
            _ => return Err(FsError::ReadOnly),
        };
        Ok(OpenSpool { what, append })
    }

    /// Creates the file `name` in `parent` and opens it for writing: a temporary file of a course, or `backup.zip`
    /// itself for a process that has just removed it.
    pub fn create_file(
        &self,
        parent: Node,
        name: &[u8],
        owner: Owner,
        append: bool,
    ) -> Result<(Attributes, OpenSpool), FsError> {
        self.writable()?;
        let Node::Course(course) = parent else { return Err(FsError::ReadOnly) };
        self.course(course)?;
        if name == BACKUP {
            let what = self.begin_upload(course, Start::Empty)?;
            return Ok((self.attributes(Node::Backup(course, Selection::ALL))?, OpenSpool { what, append }));
        }
        if super::is_fixed_name(name) || !is_temporary_name(name) {
            return Err(FsError::ReadOnly);
        }
        let spool = Spool::new(&self.portal, Start::Empty)?;
        let temporary = self.uploads.temporaries.add(course, name, spool, owner)?;
        self.uploads.keep_sweeping();
        Ok((temporary.attributes()?, OpenSpool { what: What::Temporary(temporary), append }))
    }

    fn begin_upload(&self, course: u32, start: Start) -> Result<What, FsError> {
        self.course(course)?;
        Ok(What::Upload(self.uploads.begin(course, Spool::new(&self.portal, start)?)))
    }

    /// Answers a close by a process that wrote to `open`: restores an upload, or tells what became of it before. A
    /// temporary file that can't become a backup is refused here, lest somebody believes that it is kept.
    pub fn close_written(&self, open: &OpenSpool) -> Result<(), FsError> {
        match &open.what {
            What::Upload(upload) => self.settle(upload),
            What::Temporary(temporary) if temporary.is_no_archive()? => Err(FsError::NoArchive),
            What::Temporary(_) => Ok(()),
        }
    }

    /// Puts what was written on the disk, and restores an upload that is whole.
    pub fn sync_written(&self, open: &OpenSpool) -> Result<(), FsError> {
        open.spool().sync()?;
        match &open.what {
            What::Upload(upload) if is_whole(&upload.spool) => self.settle(upload),
            _ => Ok(()),
        }
    }

    /// Whether something is left to do when `open` is gone: nobody hears of it but the log.
    pub fn is_unsettled(&self, open: &OpenSpool) -> bool {
        match &open.what {
            What::Upload(upload) => {
                let empty = upload.spool.changes() == 0 && upload.spool.was_emptied();
                empty || self.uploads.is_unsettled(upload)
            }
            What::Temporary(temporary) => {
                temporary.touch();
                false
            }
        }
    }

    /// Does what was left to do when the last descriptor of `open` is gone.
    pub fn settle_released(&self, open: &OpenSpool) -> Result<(), FsError> {
        match &open.what {
            What::Upload(upload) if upload.spool.length()? > 0 => self.settle(upload),
            What::Upload(upload) => {
                self.uploads.ended_empty(&self.course(upload.course)?, upload);
                Ok(())
            }
            What::Temporary(_) => Ok(()),
        }
    }

    fn settle(&self, upload: &Upload) -> Result<(), FsError> {
        let course = self.course(upload.course)?;
        Ok(self.uploads.settle(&self.portal, &course, upload)?)
    }

    /// Changes attributes, through the handle `open` if the kernel names one, and returns those after it.
    pub fn change_attributes(
        &self,
        node: Node,
        change: &Change,
        open: Option<&OpenSpool>,
    ) -> Result<Attributes, FsError> {
        self.writable()?;
        match node {
            Node::Temporary(_, number) => {
                let temporary = self.temporary(number)?;
                change_temporary(&temporary, change)?;
                temporary.attributes()
            }
            Node::Backup(course, Selection::ALL) => {
                match (change.size, open.map(OpenSpool::spool)) {
                    (Some(size), Some(spool)) => spool.set_length(size)?,
                    // The second half of an opening with O_TRUNC.
                    (Some(0), None) if self.uploads.empty_untouched(course) => {}
                    // What a program gives its copy; a computed file has its own.
                    (None, _) if self.uploads.in_progress(course) => {}
                    _ => return Err(FsError::ReadOnly),
                }
                // Not those of the upload: other processes may be reading the backup as it is.
                self.attributes(node)
            }
            _ => Err(FsError::ReadOnly),
        }
    }

    /// Why an extended attribute of `node` can't be set: programs that copy attributes (`cp -a`, `mv`) go on without
    /// them where they are not kept.
    pub fn refuse_property(&self, node: Node) -> FsError {
        match node {
            Node::Temporary(..) => FsError::NotKept,
            Node::Backup(course, Selection::ALL) if self.uploads.in_progress(course) => FsError::NotKept,
            _ => FsError::ReadOnly,
        }
    }

    /// Removes a file. `backup.zip` is computed and always comes back: it is gone for a moment for the process
    /// `caller`, so that `mv` can put another in its place.
    pub fn remove_file(&self, parent: Node, name: &[u8], caller: u32) -> Result<(), FsError> {
        self.writable()?;
        match parent {
            Node::Course(course) if self.uploads.temporaries.remove(course, name) => Ok(()),
            Node::Course(course) if name == BACKUP => {
                self.course(course)?;
                self.uploads.set_removed(course, caller);
                Ok(())
            }
            _ => Err(FsError::ReadOnly),
        }
    }

    /// Renames a temporary file: to `backup.zip`, which restores it, or to another name in the same course.
    pub fn rename(
        &self,
        (parent, name): (Node, &[u8]),
        (new_parent, new_name): (Node, &[u8]),
        replace: Replace,
    ) -> Result<(), FsError> {
        self.writable()?;
        let (Node::Course(from), Node::Course(to)) = (parent, new_parent) else {
            // Programs that move (`mv`) copy then, and remove.
            let documents = [parent, new_parent].iter().any(|node| self.place(*node).is_some());
            return Err(if documents { FsError::Elsewhere } else { FsError::ReadOnly });
        };
        let temporaries = &self.uploads.temporaries;
        let temporary = temporaries.named(from, name).ok_or(FsError::ReadOnly)?;
        if replace == Replace::Swap {
            return Err(FsError::ReadOnly);
        }
        if new_name == BACKUP {
            if replace == Replace::Never {
                return Err(FsError::Exists);
            }
            self.uploads.restore(&self.portal, to, &self.course(to)?, &temporary.spool)?;
            temporaries.remove_this(name, &temporary);
            return Ok(());
        }
        if from != to || super::is_fixed_name(new_name) || !is_temporary_name(new_name) {
            return Err(FsError::ReadOnly);
        }
        temporaries.rename(from, name, new_name, replace == Replace::Allowed)
    }

    /// Ends all uploads: waits for what is being restored, and discards temporary files.
    pub fn end_uploads(&self) {
        self.uploads.turns.wait_for_all();
        self.uploads.sweep(Duration::ZERO);
    }

    /// Runs `work` in a thread of its own, so that it may wait for other uploads.
    pub fn aside(self: &Arc<Self>, work: impl FnOnce(&PortalFs) + Send + 'static) {
        let fs = Arc::clone(self);
        self.uploads.turns.aside(move || work(&fs));
    }

    pub(super) fn writable(&self) -> Result<(), FsError> {
        if self.options.writable { Ok(()) } else { Err(FsError::ReadOnly) }
    }
}

/// Whether a program that writes a backup may call it so until it is whole: hidden, as rsync and file managers do it, or
/// by the name with something around it (`backup.zip.part`, `backup.zip~`). Anything else is no backup on its way, and
/// whoever copies it here should not believe that it is kept.
fn is_temporary_name(name: &[u8]) -> bool {
    name.starts_with(b".") || name.windows(super::BACKUP.len()).any(|part| part == super::BACKUP)
}

fn change_temporary(temporary: &Temporary, change: &Change) -> Result<(), FsError> {
    temporary.touch();
    if let Some(size) = change.size {
        temporary.spool.set_length(size)?;
    }
    temporary.set_owner(|owner| {
        owner.mode = change.mode.map_or(owner.mode, |mode| mode & 0o7777);
        owner.uid = change.uid.unwrap_or(owner.uid);
        owner.gid = change.gid.unwrap_or(owner.gid);
    });
    let mut times = FileTimes::new();
    if let Some(atime) = change.atime {
        times = times.set_accessed(atime);
    }
    if let Some(mtime) = change.mtime {
        times = times.set_modified(mtime);
    }
    if change.atime.is_some() || change.mtime.is_some() {
        temporary.spool.set_times(times)?;
    }
    Ok(())
}
