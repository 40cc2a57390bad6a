//! The kernel's side: turns FUSE requests into calls of [`PortalFs`] and their outcome into replies, nothing else.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fuser::{
    BackingId, BsdFileFlags, CopyFileRangeFlags, Errno, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, InitFlags, IoctlFlags, KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyDirectoryPlus, ReplyEmpty, ReplyEntry, ReplyIoctl, ReplyLseek, ReplyOpen, ReplyStatfs,
    ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};
use tracing::{debug, warn};

use super::documents::MODE_OF_FILE;
use super::handles::{Handle, Handles};
use super::passthrough::{Backing, Backings, Way};
use super::replies::{errno, file_attr, moment, node, reply_empty, reply_xattr};
use super::{Attributes, Change, FsError, Node, OpenDocument, OpenSpool, Operation, Owner, Place, PortalFs, Replace};

/// Rows keep their keys: an inode number is never given to something else.
const GENERATION: Generation = Generation(0);

/// The longest name, in bytes.
const NAME_MAX: u32 = 255;

thread_local! {
    /// What is read goes through one buffer a thread, which grows to the largest request of the kernel (1 MiB).
    static READ_BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A portal behind the kernel's FUSE driver.
pub struct Adapter {
    fs: Arc<PortalFs>,
    wants_passthrough: bool,
    backings: Backings,
    handles: Handles,
}

impl Adapter {
    /// An adapter for `fs`; documents are passed through if `passthrough` and the kernel allows it.
    pub fn new(fs: Arc<PortalFs>, passthrough: bool) -> Adapter {
        Adapter { fs, wants_passthrough: passthrough, backings: Backings::default(), handles: Handles::default() }
    }

    fn properties(&self, number: INodeNo) -> Result<Vec<(String, Vec<u8>)>, FsError> {
        self.fs.properties(node(number)?).map_err(FsError::of_known)
    }

    /// How an open document is read and written, and what the kernel is told of it.
    fn way(
        &self,
        number: INodeNo,
        open: &OpenDocument,
        register: impl FnOnce() -> io::Result<BackingId>,
    ) -> (Option<Arc<Backing>>, FopenFlags) {
        let watched = !self.fs.may_write_unseen(open);
        // Nothing has to be told at the closing of what was not written.
        let flush = if open.writes { FopenFlags::empty() } else { FopenFlags::FOPEN_NOFLUSH };
        match self.backings.get((number.0, watched), open.file(), register) {
            Way::Passthrough(backing) => (Some(backing), flush),
            Way::Beside(backing) => (Some(backing), flush | FopenFlags::FOPEN_DIRECT_IO),
            // Not through the page cache: that is the inode's, while two opens of one document may mean two files. And as
            // long as cached opens last, the kernel would pass no others through.
            Way::Plain => (None, flush | FopenFlags::FOPEN_DIRECT_IO),
        }
    }

    /// The folder for documents behind `number`, `None` if it is something else.
    fn place(&self, number: INodeNo) -> Result<Option<Place>, FsError> {
        self.fs.place(node(number)?).transpose()
    }

    fn set_property(&self, number: INodeNo, name: &OsStr, value: Option<&[u8]>) -> Result<(), FsError> {
        let node = node(number)?;
        let refused = match (node, name.to_str()) {
            (Node::Document(course, document), Some(name)) if self.fs.writable().is_ok() => {
                return self.fs.set_document_property(course, document, name, value);
            }
            _ if value.is_none() && !matches!(node, Node::Tool(..)) => FsError::ReadOnly,
            _ => self.fs.refuse_property(node),
        };
        debug!("{name:?} is not set: {refused}");
        Err(refused)
    }

    /// A course has no links. In its documents that is so for good, elsewhere nothing can be made at all.
    fn refuse_link(&self, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.place(parent) {
            Ok(Some(_)) if self.fs.writable().is_ok() => reply.error(Errno::EPERM),
            _ => refuse(parent, name, |error| reply.error(error)),
        }
    }

    fn note_refusal(&self, parent: INodeNo, error: &FsError) {
        if let Ok(parent) = node(parent) {
            self.fs.note_refusal(parent, error);
        }
    }

    /// What became of a request that makes the document `number` longer.
    fn noted<T>(&self, number: INodeNo, outcome: Result<T, FsError>) -> Result<T, FsError> {
        if let (Err(error), Ok(node)) = (&outcome, node(number)) {
            self.fs.note_refusal_of(node, error);
        }
        outcome
    }

    /// How long the kernel may rely on the attributes. Those of an archive it asks for every time: opening it may
    /// have found another size than the last `stat`.
    fn attribute_ttl(&self, attributes: &Attributes) -> Duration {
        match attributes.node {
            Node::Backup(..) | Node::Packages(_) | Node::Package(..) | Node::Temporary(..) | Node::TrashedBackup(_) => {
                Duration::ZERO
            }
            // What is written shows when it is closed, of which the kernel hears nothing else.
            node if self.fs.is_written(node) => Duration::ZERO,
            _ => self.fs.options().ttl,
        }
    }
}

/// Answers with what was made in a folder.
fn answer_made(
    fs: &PortalFs,
    (request, parent): (&str, INodeNo),
    made: &Result<Attributes, FsError>,
    reply: ReplyEntry,
) {
    match made {
        Ok(found) => reply.entry(&fs.options().ttl, &file_attr(found), GENERATION),
        Err(error) => {
            if let Ok(parent) = node(parent) {
                fs.note_refusal(parent, error);
            }
            reply.error(errno(request, parent, error));
        }
    }
}

/// Answers a request about the file open for writing with what `work` finds, in a thread of its own.
fn answer_aside(
    fs: &Arc<PortalFs>,
    (request, number): (&'static str, INodeNo),
    handle: Arc<Handle>,
    reply: ReplyEmpty,
    work: fn(&PortalFs, &OpenSpool) -> Result<(), FsError>,
) {
    fs.aside(move |fs| {
        let outcome = handle.written().and_then(|open| work(fs, open));
        reply_empty(request, number, &outcome, reply);
    });
}

impl Filesystem for Adapter {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> io::Result<()> {
        let wanted = [
            InitFlags::FUSE_DO_READDIRPLUS,
            InitFlags::FUSE_PARALLEL_DIROPS,
            InitFlags::FUSE_ASYNC_DIO,
            InitFlags::FUSE_AUTO_INVAL_DATA,
            InitFlags::FUSE_DIRECT_IO_ALLOW_MMAP,
            InitFlags::FUSE_EXPORT_SUPPORT,
            // Else the kernel asks before each write whether the file has privileges to lose (`security.capability`), which
            // takes longer than the write. Ours have none: see `MODE_OF_FILE`.
            InitFlags::FUSE_HANDLE_KILLPRIV_V2,
        ];
        for flag in wanted {
            if config.add_capabilities(flag).is_err() {
                debug!("this kernel lacks {flag:?}");
            }
        }
        if self.wants_passthrough {
            // The portal itself may lie on a stacked file system such as overlayfs.
            let allowed = config.add_capabilities(InitFlags::FUSE_PASSTHROUGH).is_ok();
            if allowed && config.set_max_stack_depth(2).is_ok() {
                self.backings.enable();
            } else {
                debug!("this kernel has no FUSE passthrough (Linux 6.9); documents are read plainly");
            }
        }
        Ok(())
    }

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let _operation = Operation::begin();
        match node(parent).and_then(|parent| self.fs.lookup_for(request.pid(), parent, name.as_bytes())) {
            Ok(found) => {
                let attributes = self.attribute_ttl(&found);
                let entry = match found.node {
                    Node::Temporary(..) => Duration::ZERO,
                    _ => self.fs.options().ttl,
                };
                reply.entry_with_ttls(&attributes, &entry, &file_attr(&found), GENERATION);
            }
            Err(error) => reply.error(errno("looking up a name", parent, &error)),
        }
    }

    fn getattr(&self, _request: &Request, number: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        let _operation = Operation::begin();
        match node(number).and_then(|node| self.fs.attributes(node)).map_err(FsError::of_known) {
            Ok(found) => reply.attr(&self.attribute_ttl(&found), &file_attr(&found)),
            Err(error) => reply.error(errno("stat", number, &error)),
        }
    }

    fn open(&self, _request: &Request, number: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let append = flags.0 & libc::O_APPEND != 0;
        let writes = flags.0 & libc::O_ACCMODE != libc::O_RDONLY;
        if let Ok(Node::Document(course, document)) = node(number) {
            let _operation = Operation::begin();
            return match self.fs.open_document(course, document, writes, append).map_err(FsError::of_known) {
                Ok(open) => {
                    let (way, flags) = self.way(number, &open, || reply.open_backing(open.file()));
                    let open = open.backed_by(way.clone());
                    let handle = self.handles.add(Handle::Document(open));
                    match way {
                        Some(backing) => reply.opened_passthrough(handle, flags, backing.id()),
                        None => reply.opened(handle, flags),
                    }
                }
                Err(error) => reply.error(errno("opening", number, &error)),
            };
        }
        if writes {
            let open = node(number).and_then(|node| self.fs.open_for_writing(node, append));
            return match open.map_err(FsError::of_known) {
                Ok(open) => reply.opened(self.handles.add(Handle::Written(open)), FopenFlags::FOPEN_DIRECT_IO),
                Err(error) => reply.error(errno("opening for writing", number, &error)),
            };
        }
        match node(number).and_then(|node| self.fs.open_file(node)).map_err(FsError::of_known) {
            Ok(archive) => {
                let handle = self.handles.add(Handle::File(archive));
                reply.opened(handle, FopenFlags::FOPEN_NOFLUSH | FopenFlags::FOPEN_DIRECT_IO);
            }
            Err(error) => reply.error(errno("opening", number, &error)),
        }
    }

    fn read(
        &self,
        _request: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        READ_BUFFER.with_borrow_mut(|buffer| {
            buffer.resize(buffer.len().max(size as usize), 0);
            let buffer = buffer.get_mut(..size as usize).unwrap_or_default();
            let read = self.handles.get(handle).and_then(|handle| match handle.as_ref() {
                Handle::File(file) => file.read(offset, buffer),
                Handle::Document(open) => open.read(offset, buffer),
                Handle::Written(open) => open.read(offset, buffer),
                Handle::Folder(_) => Err(FsError::IsAFolder),
            });
            match read {
                Ok(read) => reply.data(buffer.get(..read).unwrap_or_default()),
                Err(error) => reply.error(errno("reading", number, &error)),
            }
        });
    }

    /// Programs ask whether a file is a terminal.
    fn ioctl(
        &self,
        _request: &Request,
        _number: INodeNo,
        _handle: FileHandle,
        _flags: IoctlFlags,
        _command: u32,
        _input: &[u8],
        _output_size: u32,
        reply: ReplyIoctl,
    ) {
        reply.error(Errno::ENOTTY);
    }

    fn release(
        &self,
        _request: &Request,
        number: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        // Whoever closed has been answered already.
        reply.ok();
        let Some(handle) = self.handles.remove(handle) else { return };
        if let Ok(open) = handle.document() {
            let _operation = Operation::begin();
            if let Err(error) = self.fs.release_document(open) {
                errno("telling the row of a closed document", number, &error);
            }
            return;
        }
        if handle.written().is_ok_and(|open| self.fs.is_unsettled(open)) {
            self.fs.aside(move |fs| {
                // The log has told what went wrong.
                handle.written().and_then(|open| fs.settle_released(open)).ok();
            });
        }
    }

    fn opendir(&self, request: &Request, number: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        let open = node(number).and_then(|node| self.fs.open_folder_for(request.pid(), node));
        match open.map_err(FsError::of_known) {
            Ok(listing) => reply.opened(self.handles.add(Handle::Folder(listing)), FopenFlags::empty()),
            Err(error) => reply.error(errno("opening the folder", number, &error)),
        }
    }

    fn readdir(&self, _request: &Request, number: INodeNo, handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let _operation = Operation::begin();
        let mut each = |next: u64, name: &[u8], found: &Attributes| {
            let kind = if found.folder { FileType::Directory } else { FileType::RegularFile };
            reply.add(INodeNo(found.node.number()), next, kind, OsStr::from_bytes(name))
        };
        let read = self.handles.get(handle).and_then(|handle| match handle.as_ref() {
            Handle::Folder(listing) => self.fs.read_folder(listing, offset, &mut each),
            _ => Err(FsError::NotAFolder),
        });
        match read {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(errno("listing", number, &error)),
        }
    }

    fn readdirplus(
        &self,
        _request: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        let _operation = Operation::begin();
        let mut each = |next: u64, name: &[u8], found: &Attributes| {
            // Unsettled attributes have run out on arrival: whoever stats the file asks for it anew.
            let ttl = if found.settled { self.fs.options().ttl } else { Duration::ZERO };
            let number = INodeNo(found.node.number());
            reply.add(number, next, OsStr::from_bytes(name), &ttl, &file_attr(found), GENERATION)
        };
        let read = self.handles.get(handle).and_then(|handle| match handle.as_ref() {
            Handle::Folder(listing) => self.fs.read_folder(listing, offset, &mut each),
            _ => Err(FsError::NotAFolder),
        });
        match read {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(errno("listing", number, &error)),
        }
    }

    fn releasedir(
        &self,
        _request: &Request,
        _number: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.handles.remove(handle);
        reply.ok();
    }

    fn statfs(&self, _request: &Request, number: INodeNo, reply: ReplyStatfs) {
        let _operation = Operation::begin();
        match node(number).and_then(|node| self.fs.space(node)) {
            Ok(space) => {
                let block = u32::try_from(space.block).unwrap_or_else(|_| {
                    warn!("the disk's block size of {} bytes is out of range", space.block);
                    4096
                });
                reply.statfs(
                    space.blocks,
                    space.free,
                    space.free,
                    space.files,
                    space.files_free,
                    block,
                    NAME_MAX,
                    block,
                );
            }
            Err(error) => reply.error(errno("statfs", number, &error)),
        }
    }

    fn getxattr(&self, _request: &Request, number: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        if !name.as_bytes().starts_with(super::properties::PREFIX.as_bytes()) {
            // Asked for with every file (security.selinux, ACLs …): answered without looking at rows.
            return reply.error(Errno::ENODATA);
        }
        let value = self.properties(number).and_then(|properties| {
            let found = properties.into_iter().find(|(other, _)| other.as_bytes() == name.as_bytes());
            found.map(|(_, value)| value).ok_or(FsError::NoAttribute)
        });
        match value {
            Ok(value) => reply_xattr(&value, size, reply),
            Err(error) => reply.error(errno("reading an attribute", number, &error)),
        }
    }

    fn listxattr(&self, _request: &Request, number: INodeNo, size: u32, reply: ReplyXattr) {
        match self.properties(number) {
            Ok(properties) => {
                let names: Vec<u8> =
                    properties.iter().flat_map(|(name, _)| name.bytes().chain(std::iter::once(0))).collect();
                reply_xattr(&names, size, reply);
            }
            Err(error) => reply.error(errno("listing attributes", number, &error)),
        }
    }

    fn setattr(
        &self,
        _request: &Request,
        number: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        handle: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let change = Change { size, mode, uid, gid, atime: atime.map(moment), mtime: mtime.map(moment) };
        let handle = handle.and_then(|handle| self.handles.get(handle).ok());
        let changed = node(number).and_then(|node| match node {
            Node::Documents(_) | Node::Document(..) => {
                let _operation = Operation::begin();
                let open = handle.as_ref().and_then(|handle| handle.document().ok());
                self.fs.change_document(node, &change, open)
            }
            Node::Course(course) if size.is_none() => {
                self.fs.writable().and_then(|()| self.fs.change_course(course, &change))
            }
            node => {
                let open = handle.as_ref().and_then(|handle| handle.written().ok());
                self.fs.change_attributes(node, &change, open)
            }
        });
        match self.noted(number, changed).map_err(FsError::of_known) {
            Ok(found) => reply.attr(&self.attribute_ttl(&found), &file_attr(&found)),
            Err(error) => reply.error(errno("changing attributes", number, &error)),
        }
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let owner = Owner { mode: mode & MODE_OF_FILE & !umask, uid: request.uid(), gid: request.gid() };
        let append = flags & libc::O_APPEND != 0;
        if let Some(place) = self.place(parent).transpose() {
            let _operation = Operation::begin();
            let exclusive = flags & libc::O_EXCL != 0;
            let name = name.as_bytes();
            let made = place
                .and_then(|place| self.fs.create_document_for(request.pid(), place, name, owner, (exclusive, append)));
            return match made {
                Ok((found, open)) => {
                    let number = INodeNo(found.node.number());
                    let (way, flags) = self.way(number, &open, || reply.open_backing(open.file()));
                    let open = open.backed_by(way.clone());
                    let handle = self.handles.add(Handle::Document(open));
                    let (ttl, found) = (self.fs.options().ttl, file_attr(&found));
                    match way {
                        Some(backing) => {
                            reply.created_passthrough(&ttl, &found, GENERATION, handle, flags, backing.id());
                        }
                        None => reply.created(&ttl, &found, GENERATION, handle, flags),
                    }
                }
                Err(error) => {
                    self.note_refusal(parent, &error);
                    reply.error(errno("creating a document", parent, &error));
                }
            };
        }
        match node(parent).and_then(|parent| self.fs.create_file(parent, name.as_bytes(), owner, append)) {
            Ok((found, open)) => {
                let handle = self.handles.add(Handle::Written(open));
                reply.created(&Duration::ZERO, &file_attr(&found), GENERATION, handle, FopenFlags::FOPEN_DIRECT_IO);
            }
            Err(error) => reply.error(errno("creating a file", parent, &error)),
        }
    }

    fn write(
        &self,
        _request: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        flags: WriteFlags,
        _open_flags: OpenFlags,
        lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        if let Some(handle) = self.handles.get(handle).ok().filter(|handle| handle.document().is_ok()) {
            let _operation = Operation::begin();
            let written = handle.document().and_then(|open| self.fs.write_document(open, offset, data));
            return match self.noted(number, written) {
                Ok(written) => reply.written(u32::try_from(written).unwrap_or(u32::MAX)),
                Err(error) => reply.error(errno("writing", number, &error)),
            };
        }
        // What comes from the page cache (a memory mapping) the kernel sends by any handle, in anybody's name.
        let writer = lock_owner.filter(|_| !flags.contains(WriteFlags::FUSE_WRITE_CACHE)).map(|owner| owner.0);
        let written = self.handles.get(handle).and_then(|handle| handle.written()?.write(offset, data, writer));
        match written {
            // The kernel sends at most what fits.
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(errno("writing", number, &error)),
        }
    }

    fn fallocate(
        &self,
        _request: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let handle = match self.handles.get(handle) {
            Ok(handle) => handle,
            Err(error) => return reply.error(errno("reserving room", number, &error)),
        };
        if let Ok(open) = handle.document() {
            let _operation = Operation::begin();
            let outcome = self.noted(number, self.fs.allocate_document(open, offset, length, mode));
            return reply_empty("reserving room", number, &outcome, reply);
        }
        let keep_size = match mode {
            0 => false,
            libc::FALLOC_FL_KEEP_SIZE => true,
            _ => return reply.error(Errno::EOPNOTSUPP),
        };
        let outcome = handle.written().and_then(|open| open.allocate(offset, length, keep_size));
        reply_empty("reserving room", number, &outcome, reply);
    }

    /// A descriptor is closed, one of perhaps several of the handle; this is what `close` returns.
    fn flush(&self, _request: &Request, number: INodeNo, handle: FileHandle, lock_owner: LockOwner, reply: ReplyEmpty) {
        match self.handles.get(handle) {
            Ok(handle) if handle.document().is_ok() => {
                let _operation = Operation::begin();
                let outcome = handle.document().and_then(|open| self.fs.close_document(open));
                reply_empty("closing", number, &outcome, reply);
            }
            Ok(handle) if handle.written().is_ok_and(|open| open.reports_to(lock_owner.0)) => {
                answer_aside(&self.fs, ("closing", number), handle, reply, PortalFs::close_written);
            }
            Ok(_) => reply.ok(),
            Err(error) => reply.error(errno("closing", number, &error)),
        }
    }

    fn fsync(&self, _request: &Request, number: INodeNo, handle: FileHandle, datasync: bool, reply: ReplyEmpty) {
        match self.handles.get(handle) {
            Ok(handle) if handle.document().is_ok() => {
                let outcome = handle.document().and_then(|open| self.fs.sync_document(open, datasync));
                reply_empty("fsync", number, &outcome, reply);
            }
            Ok(handle) if handle.written().is_ok() => {
                answer_aside(&self.fs, ("fsync", number), handle, reply, PortalFs::sync_written);
            }
            Ok(_) => reply.ok(),
            Err(error) => reply.error(errno("fsync", number, &error)),
        }
    }

    fn fsyncdir(&self, _request: &Request, number: INodeNo, _handle: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        let outcome = node(number).and_then(|node| self.fs.sync_folder(node));
        // A folder that was removed has nothing to be put anywhere.
        let outcome = if matches!(outcome, Err(FsError::NotFound)) { Ok(()) } else { outcome };
        reply_empty("fsync of a folder", number, &outcome, reply);
    }

    fn unlink(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let name = name.as_bytes();
        let outcome = match self.place(parent) {
            Ok(Some(place)) => {
                let _operation = Operation::begin();
                self.fs.remove_document(place, name)
            }
            _ => node(parent).and_then(|parent| self.fs.remove_file(parent, name, request.pid())),
        };
        reply_empty("removing a file", parent, &outcome, reply);
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let replace = match flags {
            flags if flags.is_empty() => Replace::Allowed,
            RenameFlags::RENAME_NOREPLACE => Replace::Never,
            RenameFlags::RENAME_EXCHANGE => Replace::Swap,
            _ => return reply.error(Errno::EINVAL),
        };
        if let (Ok(Some(from)), Ok(Some(to))) = (self.place(parent), self.place(new_parent)) {
            let _operation = Operation::begin();
            let names = (name.as_bytes(), new_name.as_bytes());
            let outcome = self.fs.rename_document((from, names.0), (to, names.1), replace);
            if let Err(error) = &outcome {
                self.note_refusal(new_parent, error);
            }
            return reply_empty("renaming", parent, &outcome, reply);
        }
        let (name, new_name) = (name.as_bytes().to_vec(), new_name.as_bytes().to_vec());
        self.fs.aside(move |fs| {
            let outcome = node(parent)
                .and_then(|from| fs.rename((from, name.as_slice()), (node(new_parent)?, new_name.as_slice()), replace));
            reply_empty("renaming", parent, &outcome, reply);
        });
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        let owner = Owner { mode: mode & 0o7777 & !umask, uid: request.uid(), gid: request.gid() };
        if let Some(place) = self.place(parent).transpose() {
            let _operation = Operation::begin();
            let made = place.and_then(|place| self.fs.make_folder_for(request.pid(), place, name.as_bytes(), owner));
            return answer_made(&self.fs, ("making a folder", parent), &made, reply);
        }
        // A course waits for the disk.
        let (name, caller) = (name.as_bytes().to_vec(), request.pid());
        self.fs.aside(move |fs| {
            let made = node(parent).and_then(|parent| fs.make_other_folder(parent, &name, caller));
            answer_made(fs, ("making a folder", parent), &made, reply);
        });
    }

    fn rmdir(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        if let Some(place) = self.place(parent).transpose() {
            let _operation = Operation::begin();
            let outcome = place.and_then(|place| self.fs.remove_document_folder(place, name.as_bytes()));
            return reply_empty("removing a folder", parent, &outcome, reply);
        }
        // A course waits for what is being restored into it.
        let (name, caller) = (name.as_bytes().to_vec(), request.pid());
        self.fs.aside(move |fs| {
            let outcome = node(parent).and_then(|parent| {
                let outcome = fs.remove_other_folder(parent, &name, caller);
                outcome.inspect_err(|error| fs.note_refusal(parent, error))
            });
            reply_empty("removing a folder", parent, &outcome, reply);
        });
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _rdev: u32,
        reply: ReplyEntry,
    ) {
        let owner = Owner { mode: mode & MODE_OF_FILE & !umask, uid: request.uid(), gid: request.gid() };
        let Some(place) = self.place(parent).transpose() else {
            return refuse(parent, name, |error| reply.error(error));
        };
        let is_file = mode & libc::S_IFMT == libc::S_IFREG || mode & libc::S_IFMT == 0;
        let made = match is_file {
            true => place.and_then(|place| self.fs.make_file(place, name.as_bytes(), owner)),
            false => self.fs.writable().and(Err(FsError::NotInCourses)),
        };
        answer_made(&self.fs, ("making a file", parent), &made, reply);
    }

    fn symlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, _target: &Path, reply: ReplyEntry) {
        self.refuse_link(parent, name, reply);
    }

    fn link(&self, _request: &Request, _number: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.refuse_link(parent, name, reply);
    }

    fn forget(&self, _request: &Request, number: INodeNo, _lookups: u64) {
        if let Ok(node) = node(number) {
            self.fs.forget(node);
        }
    }

    fn lseek(
        &self,
        _request: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        let sought = self.handles.get(handle).and_then(|handle| {
            let offset = u64::try_from(offset).map_err(|_| FsError::Value("a place before the beginning"))?;
            match handle.document() {
                Ok(open) => self.fs.seek_document(open, offset, whence == libc::SEEK_HOLE),
                // Everything else is made without holes.
                Err(_) => match node(number).and_then(|node| self.fs.attributes(node))?.size {
                    size if offset >= size => Err(FsError::Files(io::Error::from_raw_os_error(libc::ENXIO))),
                    size if whence == libc::SEEK_HOLE => Ok(size),
                    _ => Ok(offset),
                },
            }
        });
        match sought {
            Ok(offset) => reply.offset(i64::try_from(offset).unwrap_or(i64::MAX)),
            Err(error) => reply.error(Errno::from_i32(error.errno())),
        }
    }

    fn copy_file_range(
        &self,
        _request: &Request,
        _from: INodeNo,
        from_handle: FileHandle,
        from_offset: u64,
        to: INodeNo,
        to_handle: FileHandle,
        to_offset: u64,
        length: u64,
        _flags: CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        let handles = self.handles.get(from_handle).and_then(|from| Ok((from, self.handles.get(to_handle)?)));
        let copied = handles.and_then(|(from, to)| match (from.document(), to.document()) {
            (Ok(from), Ok(to)) => {
                // As much as the answer can tell.
                let _operation = Operation::begin();
                let length = length.min(1 << 30);
                self.fs.copy_document((from, from_offset), (to, to_offset), length)
            }
            _ => match (from.as_ref(), to.written()) {
                (Handle::File(archive), Ok(to)) => to.copy_archive(archive, (from_offset, to_offset), length),
                // The kernel reads and writes then.
                _ => Err(FsError::NotSupported),
            },
        });
        match self.noted(to, copied) {
            Ok(copied) => reply.written(u32::try_from(copied).unwrap_or(u32::MAX)),
            Err(error) => reply.error(errno("copying", to, &error)),
        }
    }

    fn setxattr(
        &self,
        _request: &Request,
        number: INodeNo,
        name: &OsStr,
        value: &[u8],
        _flags: i32,
        _position: u32,
        reply: ReplyEmpty,
    ) {
        reply_empty("setting an attribute", number, &self.set_property(number, name, Some(value)), reply);
    }

    fn removexattr(&self, _request: &Request, number: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply_empty("removing an attribute", number, &self.set_property(number, name, None), reply);
    }

    /// The mount ends: what was closed is restored first.
    fn destroy(&mut self) {
        self.fs.end();
    }
}

/// Refuses what can't be done through a mount.
fn refuse(at: INodeNo, name: &OsStr, reply: impl FnOnce(Errno)) {
    debug!("{:?} at {:?}: {}", name, Node::from_number(at.0), FsError::ReadOnly);
    reply(Errno::EROFS);
}
