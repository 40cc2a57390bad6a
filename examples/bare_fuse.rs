//! The least a FUSE file system can do, as the peer that `scripts/bench` measures against: one file `data` that answers
//! reads from one file on the disk, and writes into it, with direct I/O. Threads and kernel flags are those of
//! `coursefs mount`.
//!
//!     cargo run --release --example bare_fuse -- FILE MOUNT [--write]
//!
//! Stays in front; SIGTERM and SIGINT unmount.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use clap::Parser;
use fuser::{
    Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyEntry, ReplyOpen, ReplyWrite, Request,
    Session, WriteFlags,
};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

const THREADS: usize = 8;
const TTL: Duration = Duration::from_secs(1);
const DATA: INodeNo = INodeNo(2);

#[derive(Parser)]
struct Arguments {
    /// The file that reads are answered from
    file: PathBuf,
    /// An empty folder
    mount: PathBuf,
    /// Take writes too; `/dev/null` as the file stores nothing of them
    #[arg(long)]
    write: bool,
}

struct BareFuse {
    file: File,
    size: u64,
}

impl BareFuse {
    fn attributes(&self, number: INodeNo) -> Option<FileAttr> {
        let (kind, perm, size) = match number {
            INodeNo::ROOT => (FileType::Directory, 0o755, 0),
            DATA => (FileType::RegularFile, 0o644, self.size),
            _ => return None,
        };
        Some(FileAttr {
            ino: number,
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }
}

impl Filesystem for BareFuse {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> io::Result<()> {
        for flag in [InitFlags::FUSE_ASYNC_DIO, InitFlags::FUSE_HANDLE_KILLPRIV_V2] {
            config.add_capabilities(flag).ok();
        }
        Ok(())
    }

    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.attributes(DATA).filter(|_| parent == INodeNo::ROOT && name == "data") {
            Some(found) => reply.entry(&TTL, &found, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _request: &Request, number: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(number) {
            Some(found) => reply.attr(&TTL, &found),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn open(&self, _request: &Request, _number: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO | FopenFlags::FOPEN_NOFLUSH);
    }

    fn read(
        &self,
        _request: &Request,
        _number: INodeNo,
        _handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        thread_local! {
            // One buffer a thread: a peer should not lose time with memory.
            static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        BUFFER.with_borrow_mut(|buffer| {
            let size = size as usize;
            if buffer.len() < size {
                buffer.resize(size, 0);
            }
            let read = buffer.get_mut(..size).map_or(Ok(0), |wanted| self.file.read_at(wanted, offset));
            match read {
                Ok(read) => reply.data(buffer.get(..read).unwrap_or_default()),
                Err(error) => reply.error(error.into()),
            }
        });
    }

    fn write(
        &self,
        _request: &Request,
        _number: INodeNo,
        _handle: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.file.write_at(data, offset) {
            Ok(written) => reply.written(u32::try_from(written).unwrap_or(0)),
            Err(error) => reply.error(error.into()),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let file = File::options().read(true).write(arguments.write).open(&arguments.file)?;
    let size = file.metadata()?.len();
    let mut config = Config::default();
    config.mount_options =
        vec![MountOption::FSName("bare_fuse".into()), if arguments.write { MountOption::RW } else { MountOption::RO }];
    config.n_threads = Some(THREADS);
    config.clone_fd = true;
    // Before any thread starts, so that no signal ends the process without unmounting.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let mut session = Session::new(BareFuse { file, size }, &arguments.mount, &config)?;
    let mut unmounter = session.unmount_callable();
    std::thread::spawn(move || {
        if signals.forever().next().is_some()
            && let Err(error) = unmounter.unmount()
        {
            eprintln!("bare_fuse: {error}");
        }
    });
    Ok(session.run()?)
}
