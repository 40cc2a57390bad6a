//! What may be changed besides [`documents`](super::documents): files can be put into folders that take them in, see
//! [`receiver`](super::receiver), under their names or under temporary ones. Everything else is refused.
//!
//! Operations on [`Node`]s as in the file system's root module, with what the kernel tells of the caller where that
//! matters. Those that take a file in last long; the adapter runs them aside.

use std::fs::FileTimes;
use std::sync::Arc;
use std::time::SystemTime;

use crate::backup::Selection;

use super::packages::PACKAGES;
use super::receiver::{Meaning, Receiver, Target, receiver_in, receiver_of};
use super::spool::{Spool, Start};
use super::temporaries::{Owner, Temporary};
use super::uploads::Upload;
use super::{Attributes, BACKUP, FsError, Node, OpenFile, PortalFs};

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    fn upload(&self) -> &Upload {
        match &self.what {
            What::Upload(upload) => upload,
            What::Temporary(temporary) => &temporary.upload,
        }
    }

    fn spool(&self) -> &Spool {
        &self.upload().spool
    }

    /// Whether a close is to take in what was written.
    fn is_final(&self) -> bool {
        match &self.what {
            What::Upload(_) => true,
            What::Temporary(temporary) => {
                let Target { folder, name, .. } = temporary.upload.target();
                !temporary.is_removed() && temporary.upload.receiver.meaning(folder, &name) == Meaning::Final
            }
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

    /// Takes `length` bytes of the archive `from` at `offset`, which are to stand at the same place; how many. Where
    /// that can't be, the kernel reads and writes.
    pub fn copy_archive(&self, from: &OpenFile, offsets: (u64, u64), length: u64) -> Result<usize, FsError> {
        let (OpenFile::Archive(archive), true, false) = (from, self.upload().receiver.takes_promises(), self.append)
        else {
            return Err(FsError::NotSupported);
        };
        if let What::Temporary(temporary) = &self.what {
            temporary.touch();
        }
        let (from, to) = offsets;
        if from != to {
            return Err(FsError::NotSupported);
        }
        let copied = self.spool().promise(archive, from, length)?;
        Ok(usize::try_from(copied).unwrap_or(usize::MAX))
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
        let what = match (node, receiver_of(node)) {
            (Node::Temporary(_, number), _) => {
                let temporary = self.temporary(number)?;
                temporary.touch();
                What::Temporary(temporary)
            }
            (_, Some(receiver)) => self.begin_upload(receiver, node, false)?,
            _ => return Err(FsError::ReadOnly),
        };
        Ok(OpenSpool { what, append })
    }

    /// Creates the file `name` in `parent` and opens it for writing. A file that the process has just removed and that
    /// comes back by itself is replaced.
    pub fn create_file(
        &self,
        parent: Node,
        name: &[u8],
        owner: Owner,
        append: bool,
    ) -> Result<(Attributes, OpenSpool), FsError> {
        self.writable()?;
        let parent = self.arrived(parent);
        let receiver = receiver_in(parent).ok_or(FsError::ReadOnly)?;
        self.attributes(parent)?;
        self.absent.appears(parent, name);
        if let Some(node) = receiver.present(self, parent, name)? {
            let what = self.begin_upload(receiver, node, true)?;
            return Ok((self.attributes(node)?, OpenSpool { what, append }));
        }
        if receiver.meaning(parent, name) == Meaning::Refused {
            return Err(receiver.refusal(self, parent, name));
        }
        let target = Target { folder: parent, name: name.to_vec(), node: None };
        let upload = Upload::new(receiver, target, Spool::new(&self.portal, Start::Empty)?);
        let temporary = self.uploads.temporaries.add(upload, owner)?;
        self.uploads.keep_sweeping();
        Ok((temporary.attributes()?, OpenSpool { what: What::Temporary(temporary), append }))
    }

    /// Begins an upload over `node`, which is to be `empty` or as the receiver lets it be changed.
    fn begin_upload(&self, receiver: &'static dyn Receiver, node: Node, empty: bool) -> Result<What, FsError> {
        let place = receiver.place(self, node)?;
        let spool = Spool::new(&self.portal, if empty { Start::Empty } else { Start::Untouched })?;
        if !empty {
            receiver.fill(self, node, &spool)?;
        }
        Ok(What::Upload(self.uploads.begin(receiver, node, place, spool)))
    }

    /// Answers a close by a process that wrote to `open`: takes in what has its final name, or tells what became of it
    /// before.
    pub fn close_written(&self, open: &OpenSpool) -> Result<(), FsError> {
        match &open.what {
            _ if open.is_final() => self.settle(open),
            What::Temporary(temporary) => temporary.upload.receiver.check_temporary(&temporary.upload.spool),
            What::Upload(_) => Ok(()),
        }
    }

    /// Puts what was written on the disk; if it has its final name and is whole it is taken in, and what became of it is on
    /// the disk when this returns.
    pub fn sync_written(&self, open: &OpenSpool) -> Result<(), FsError> {
        let upload = open.upload();
        if !open.is_final() || !upload.receiver.is_whole(&upload.target(), open.spool()) {
            return Ok(open.spool().sync()?);
        }
        self.settle(open)?;
        // Files before rows: these may point at them.
        self.portal.courses_folder().sync_disk()?;
        Ok(self.portal.database().sync()?)
    }

    /// Whether something is left to do when `open` is gone: nobody hears of it but the log.
    pub fn is_unsettled(&self, open: &OpenSpool) -> bool {
        let empty = match &open.what {
            What::Upload(upload) => upload.spool.changes() == 0 && upload.spool.was_emptied(),
            What::Temporary(temporary) => {
                temporary.touch();
                false
            }
        };
        open.is_final() && (empty || self.uploads.is_unsettled(open.upload()))
    }

    /// Does what was left to do when the last descriptor of `open` is gone. A new file that is empty waits for bytes.
    pub fn settle_released(&self, open: &OpenSpool) -> Result<(), FsError> {
        match &open.what {
            _ if open.spool().length()? > 0 => self.settle(open),
            What::Upload(upload) => {
                self.uploads.ended_empty(upload);
                Ok(())
            }
            What::Temporary(_) => Ok(()),
        }
    }

    fn settle(&self, open: &OpenSpool) -> Result<(), FsError> {
        let upload = open.upload();
        let Target { folder, name, .. } = upload.target();
        let outcome = self.uploads.settle(upload, |target, spool| upload.receiver.take(self, target, spool));
        if let What::Temporary(temporary) = &open.what {
            // It is what was made of it now, or nothing.
            self.uploads.temporaries.release(folder, &name, temporary);
        }
        Ok(outcome?)
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
            // Programs that copy give the copies times and modes; these follow from the rows.
            Node::Tool(..) | Node::Learnpaths(_) if change.size.is_none() => self.attributes(node),
            Node::Root if Change { atime: None, mtime: None, ..*change } == Change::default() => self.attributes(node),
            node if receiver_of(node).is_some() => {
                match (change.size, open.map(OpenSpool::spool)) {
                    (Some(size), Some(spool)) => spool.set_length(size)?,
                    // The second half of an opening with O_TRUNC.
                    (Some(0), None) if self.uploads.empty_untouched(node)? => {}
                    // What a program gives its copy; a computed file has its own.
                    (None, _) if self.uploads.in_progress(node) => {}
                    _ => return Err(FsError::ReadOnly),
                }
                // Not those of the upload: other processes may be reading the file as it is.
                self.attributes(node)
            }
            _ => Err(FsError::ReadOnly),
        }
    }

    /// Why an extended attribute of `node` can't be set: programs that copy attributes (`cp -a`, `mv`) go on without
    /// them where they are not kept.
    pub fn refuse_property(&self, node: Node) -> FsError {
        match node {
            Node::Root
            | Node::Temporary(..)
            | Node::Course(_)
            | Node::Documents(_)
            | Node::Learnpaths(_)
            | Node::Tool(..) => FsError::NotKept,
            node if self.uploads.in_progress(node) => FsError::NotKept,
            _ => FsError::ReadOnly,
        }
    }

    /// Removes a file. `backup.zip` is computed and always comes back: it is gone for a moment for the process
    /// `caller`, so that `mv` can put another in its place.
    pub fn remove_file(&self, parent: Node, name: &[u8], caller: u32) -> Result<(), FsError> {
        self.writable()?;
        let parent = self.arrived(parent);
        match parent {
            _ if self.uploads.temporaries.remove(parent, name) => self.removed_copy(parent, name),
            Node::Tool(..) => self.remove_tool_file(parent, name, caller),
            // Part of what is forgotten when its folder is removed.
            Node::Trash(key) => self.in_trash(key, name).map(drop),
            Node::Course(course) if name == BACKUP => {
                self.course(course)?;
                self.uploads.set_removed(Node::Backup(course, Selection::ALL), caller);
                Ok(())
            }
            Node::Course(course) if name == PACKAGES => self.remove_package_of_all(course, caller),
            Node::Learnpaths(course) => self.remove_package(course, name, caller),
            _ => Err(FsError::ReadOnly),
        }
    }

    /// Renames a temporary file: to a name that is final, which takes it in, or to another name in the same folder.
    pub fn rename(
        &self,
        (parent, name): (Node, &[u8]),
        (new_parent, new_name): (Node, &[u8]),
        replace: Replace,
    ) -> Result<(), FsError> {
        self.writable()?;
        if (parent, new_parent) == (Node::Root, Node::Root) {
            return Err(FsError::CourseName);
        }
        let (parent, new_parent) = (self.arrived(parent), self.arrived(new_parent));
        let (Some(_), Some(receiver)) = (receiver_in(parent), receiver_in(new_parent)) else {
            // Programs that move (`mv`) copy then, and remove.
            let documents = [parent, new_parent].iter().any(|node| self.place(*node).is_some());
            return Err(if documents { FsError::Elsewhere } else { FsError::ReadOnly });
        };
        let temporaries = &self.uploads.temporaries;
        let Some(temporary) = temporaries.named(parent, name) else {
            return match parent {
                Node::Tool(..) => self.rename_in_tools((parent, name), (new_parent, new_name), replace),
                // Programs copy the package to the other course then, and remove it here.
                Node::Learnpaths(_) if parent != new_parent => Err(FsError::Elsewhere),
                _ => Err(FsError::ReadOnly),
            };
        };
        if replace == Replace::Swap {
            return Err(FsError::ReadOnly);
        }
        let upload = &temporary.upload;
        match receiver.meaning(new_parent, new_name) {
            Meaning::Refused => Err(receiver.refusal(self, new_parent, new_name)),
            // Another receiver checks and understands files in its own way.
            _ if receiver.awaits() != upload.receiver.awaits() => Err(FsError::Elsewhere),
            Meaning::Final => {
                let node = receiver.present(self, new_parent, new_name)?;
                if node.is_some() && replace == Replace::Never {
                    return Err(FsError::Exists);
                }
                let target = Target { folder: new_parent, name: new_name.to_vec(), node };
                let take = |target: &Target, spool: &Spool| receiver.take(self, target, spool);
                self.uploads.settle_as(upload, target, take)?;
                temporaries.release(parent, name, &temporary);
                self.absent.appears(new_parent, new_name);
                Ok(())
            }
            Meaning::Temporary if parent != new_parent => Err(FsError::ReadOnly),
            Meaning::Temporary => temporaries.rename(parent, name, new_name, replace == Replace::Allowed),
        }
    }

    /// Ends what is for the time of a mount only: waits for what is being restored, discards temporary files, stores
    /// checksums, and forgets where changes are noted.
    pub fn end(&self) {
        self.uploads.turns.wait_for_all();
        self.uploads.sweep(None);
        self.archives.store_checksums();
        self.end_documents();
    }

    /// Runs `work` in a thread of its own, so that it may wait for other uploads.
    pub fn aside(self: &Arc<Self>, work: impl FnOnce(&PortalFs) + Send + 'static) {
        let fs = Arc::clone(self);
        self.uploads.turns.aside(move || work(&fs));
    }

    /// Whether `node` is being written, or was a moment ago.
    pub fn is_written(&self, node: Node) -> bool {
        receiver_of(node).is_some() && self.uploads.in_progress(node)
    }

    pub(super) fn writable(&self) -> Result<(), FsError> {
        if self.options.writable { Ok(()) } else { Err(FsError::ReadOnly) }
    }
}

fn change_temporary(temporary: &Temporary, change: &Change) -> Result<(), FsError> {
    temporary.touch();
    if let Some(size) = change.size {
        temporary.upload.spool.set_length(size)?;
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
        temporary.upload.spool.set_times(times)?;
    }
    Ok(())
}
