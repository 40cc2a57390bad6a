//! The kernel's side: turns FUSE requests into calls of [`PortalFs`] and their outcome into replies, nothing else.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags, IoctlFlags,
    KernelConfig, LockOwner, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyDirectoryPlus, ReplyEmpty,
    ReplyEntry, ReplyIoctl, ReplyOpen, ReplyStatfs, ReplyXattr, Request,
};
use tracing::{debug, error, warn};

use super::passthrough::{Backing, Backings, Way};
use super::{Attributes, FsError, Listing, Node, OpenFile, PortalFs, Time};

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
    fs: PortalFs,
    wants_passthrough: bool,
    backings: Backings,
    handles: RwLock<HashMap<u64, Arc<Handle>>>,
    next_handle: AtomicU64,
}

enum Handle {
    Folder(Listing),
    File(OpenFile),
    /// The kernel reads the file itself; the backing lives as long as the handle.
    Passthrough {
        _backing: Arc<Backing>,
    },
    /// We read the file, but the kernel counts on a backing that others use.
    Beside {
        file: OpenFile,
        _backing: Arc<Backing>,
    },
}

impl Adapter {
    /// An adapter for `fs`; documents are passed through if `passthrough` and the kernel allows it.
    pub fn new(fs: PortalFs, passthrough: bool) -> Adapter {
        Adapter {
            fs,
            wants_passthrough: passthrough,
            backings: Backings::default(),
            handles: RwLock::default(),
            next_handle: AtomicU64::new(1),
        }
    }

    fn add_handle(&self, handle: Handle) -> FileHandle {
        let number = self.next_handle.fetch_add(1, Ordering::Relaxed);
        self.handles.write().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::new(handle));
        FileHandle(number)
    }

    fn handle(&self, number: FileHandle) -> Result<Arc<Handle>, FsError> {
        let handles = self.handles.read().unwrap_or_else(PoisonError::into_inner);
        handles.get(&number.0).cloned().ok_or(FsError::BadHandle)
    }

    fn remove_handle(&self, number: FileHandle) {
        self.handles.write().unwrap_or_else(PoisonError::into_inner).remove(&number.0);
    }

    fn properties(&self, number: INodeNo) -> Result<Vec<(String, Vec<u8>)>, FsError> {
        self.fs.properties(node(number)?)
    }

    fn file_attr(&self, attributes: &Attributes) -> FileAttr {
        FileAttr {
            ino: INodeNo(attributes.node.number()),
            size: attributes.size,
            blocks: attributes.blocks,
            atime: system_time(attributes.atime),
            mtime: system_time(attributes.mtime),
            ctime: system_time(attributes.ctime),
            crtime: SystemTime::UNIX_EPOCH,
            kind: if attributes.folder { FileType::Directory } else { FileType::RegularFile },
            perm: attributes.mode as u16,
            // One link for folders too: programs then count on nothing about their sub-folders.
            nlink: 1,
            uid: attributes.uid,
            gid: attributes.gid,
            rdev: 0,
            flags: 0,
            blksize: 4096,
        }
    }

    /// How long the kernel may rely on the attributes. Those of an archive it asks for every time: opening it may
    /// have found another size than the last `stat`.
    fn attribute_ttl(&self, attributes: &Attributes) -> Duration {
        match attributes.node {
            Node::Backup(..) => Duration::ZERO,
            _ => self.fs.options().ttl,
        }
    }
}

/// The node behind an inode number.
fn node(number: INodeNo) -> Result<Node, FsError> {
    Node::from_number(number.0).ok_or(FsError::NotFound)
}

/// The error number of a failed request, with a line in the log if the administrator should know.
fn errno(request: &str, number: INodeNo, error: &FsError) -> Errno {
    if error.is_news() {
        error!("{request} of {:?} failed: {error}", Node::from_number(number.0));
    } else {
        debug!("{request} of {:?}: {error}", Node::from_number(number.0));
    }
    Errno::from_i32(error.errno())
}

fn system_time(time: Time) -> SystemTime {
    let whole = Duration::from_secs(time.seconds.unsigned_abs());
    let base = if time.seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    };
    let nanoseconds = Duration::from_nanos(time.nanoseconds.into());
    base.and_then(|base| base.checked_add(nanoseconds)).unwrap_or(SystemTime::UNIX_EPOCH)
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

    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match node(parent).and_then(|parent| self.fs.lookup(parent, name.as_bytes())) {
            Ok(found) => {
                let (entry, attributes) = (self.fs.options().ttl, self.attribute_ttl(&found));
                reply.entry_with_ttls(&attributes, &entry, &self.file_attr(&found), GENERATION);
            }
            Err(error) => reply.error(errno("looking up a name", parent, &error)),
        }
    }

    fn getattr(&self, _request: &Request, number: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        match node(number).and_then(|node| self.fs.attributes(node)) {
            Ok(found) => reply.attr(&self.attribute_ttl(&found), &self.file_attr(&found)),
            Err(error) => reply.error(errno("stat", number, &error)),
        }
    }

    fn open(&self, _request: &Request, number: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let opened = if flags.0 & libc::O_ACCMODE == libc::O_RDONLY && flags.0 & libc::O_TRUNC == 0 {
            node(number).and_then(|node| self.fs.open_file(node))
        } else {
            Err(FsError::ReadOnly)
        };
        match opened {
            Ok(OpenFile::Document(file)) => {
                match self.backings.get(number.0, &file, || reply.open_backing(&file)) {
                    Way::Passthrough(backing) => {
                        let handle = self.add_handle(Handle::Passthrough { _backing: Arc::clone(&backing) });
                        reply.opened_passthrough(handle, FopenFlags::FOPEN_NOFLUSH, backing.id());
                    }
                    Way::Beside(backing) => {
                        let file = OpenFile::Document(file);
                        let handle = self.add_handle(Handle::Beside { file, _backing: Arc::clone(&backing) });
                        let flags = FopenFlags::FOPEN_NOFLUSH | FopenFlags::FOPEN_DIRECT_IO;
                        reply.opened_passthrough(handle, flags, backing.id());
                    }
                    Way::Plain => {
                        // Not through the page cache: that is the inode's, while two opens of one document may mean
                        // two files. And as long as cached opens last, the kernel would pass no others through.
                        let handle = self.add_handle(Handle::File(OpenFile::Document(file)));
                        reply.opened(handle, FopenFlags::FOPEN_NOFLUSH | FopenFlags::FOPEN_DIRECT_IO);
                    }
                }
            }
            Ok(archive) => {
                let handle = self.add_handle(Handle::File(archive));
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
            let read = self.handle(handle).and_then(|handle| match handle.as_ref() {
                Handle::File(file) | Handle::Beside { file, .. } => file.read(offset, buffer),
                Handle::Folder(_) => Err(FsError::IsAFolder),
                Handle::Passthrough { .. } => Err(FsError::BadHandle),
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
        _number: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        self.remove_handle(handle);
        reply.ok();
    }

    fn opendir(&self, _request: &Request, number: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match node(number).and_then(|node| self.fs.open_folder(node)) {
            Ok(listing) => reply.opened(self.add_handle(Handle::Folder(listing)), FopenFlags::empty()),
            Err(error) => reply.error(errno("opening the folder", number, &error)),
        }
    }

    fn readdir(&self, _request: &Request, number: INodeNo, handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let mut each = |next: u64, name: &[u8], found: &Attributes| {
            let kind = if found.folder { FileType::Directory } else { FileType::RegularFile };
            reply.add(INodeNo(found.node.number()), next, kind, OsStr::from_bytes(name))
        };
        let read = self.handle(handle).and_then(|handle| match handle.as_ref() {
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
        let mut each = |next: u64, name: &[u8], found: &Attributes| {
            // Unsettled attributes have run out on arrival: whoever stats the file asks for it anew.
            let ttl = if found.settled { self.fs.options().ttl } else { Duration::ZERO };
            let number = INodeNo(found.node.number());
            reply.add(number, next, OsStr::from_bytes(name), &ttl, &self.file_attr(found), GENERATION)
        };
        let read = self.handle(handle).and_then(|handle| match handle.as_ref() {
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
        self.remove_handle(handle);
        reply.ok();
    }

    fn statfs(&self, _request: &Request, number: INodeNo, reply: ReplyStatfs) {
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
}

/// Answers a request for `value` with its length, with itself, or that it does not fit.
fn reply_xattr(value: &[u8], size: u32, reply: ReplyXattr) {
    match u32::try_from(value.len()) {
        Ok(length) if size == 0 => reply.size(length),
        Ok(length) if length <= size => reply.data(value),
        _ => reply.error(Errno::ERANGE),
    }
}
