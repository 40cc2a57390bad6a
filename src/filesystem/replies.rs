//! Numbers, times and errors between the kernel's form and ours.

use std::time::{Duration, SystemTime};

use fuser::{Errno, FileAttr, FileType, INodeNo, ReplyEmpty, ReplyXattr, TimeOrNow};
use tracing::{debug, error};

use super::{Attributes, FsError, Node, Time};

/// The node behind an inode number.
pub fn node(number: INodeNo) -> Result<Node, FsError> {
    Node::from_number(number.0).ok_or(FsError::NotFound)
}

/// The error number of a failed request, with a line in the log if the administrator should know.
pub fn errno(request: &str, number: INodeNo, error: &FsError) -> Errno {
    if error.is_news() {
        error!("{request} of {:?} failed: {error}", Node::from_number(number.0));
    } else {
        debug!("{request} of {:?}: {error}", Node::from_number(number.0));
    }
    Errno::from_i32(error.errno())
}

/// How many bytes of a file programs read and write at once if they go by `st_blksize`, as network file systems tell it:
/// `cp` takes a third less time than with the block of a disk.
const FILE_BLOCK: u32 = 1 << 20;

/// The same of a folder.
const FOLDER_BLOCK: u32 = 4096;

/// Attributes as the kernel wants them.
pub fn file_attr(attributes: &Attributes) -> FileAttr {
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
        blksize: if attributes.folder { FOLDER_BLOCK } else { FILE_BLOCK },
    }
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

/// The moment that a program asks for.
pub fn moment(time: TimeOrNow) -> SystemTime {
    match time {
        TimeOrNow::SpecificTime(time) => time,
        TimeOrNow::Now => SystemTime::now(),
    }
}

/// Answers a request that only succeeds or fails.
pub fn reply_empty(request: &str, number: INodeNo, outcome: &Result<(), FsError>, reply: ReplyEmpty) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(errno(request, number, error)),
    }
}

/// Answers a request for `value` with its length, with itself, or that it does not fit.
pub fn reply_xattr(value: &[u8], size: u32, reply: ReplyXattr) {
    match u32::try_from(value.len()) {
        Ok(length) if size == 0 => reply.size(length),
        Ok(length) if length <= size => reply.data(value),
        _ => reply.error(Errno::ERANGE),
    }
}
