//! What `stat` tells of a node.

use rustix::fs::{FileType, Stat};

use super::Node;

/// A time: seconds since 1970 UTC and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// Whole seconds since 1970 UTC.
    pub seconds: i64,
    /// The rest, below 1,000,000,000.
    pub nanoseconds: u32,
}

impl Time {
    /// A whole second.
    pub fn at(seconds: i64) -> Time {
        Time { seconds, nanoseconds: 0 }
    }
}

/// The attributes of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The node itself; its number is the inode number.
    pub node: Node,
    /// Whether it is a folder (else a regular file).
    pub folder: bool,
    /// Size in bytes.
    pub size: u64,
    /// Disk use in units of 512 bytes.
    pub blocks: u64,
    /// Last access.
    pub atime: Time,
    /// Last change of content.
    pub mtime: Time,
    /// Last change of anything.
    pub ctime: Time,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Whether they are what `stat` is to answer. A listing does not compute archives: it tells sizes and times of
    /// the last look, and whoever wants to know them asks again.
    pub settled: bool,
}

impl Attributes {
    /// The attributes of a file or folder on the disk, `None` for anything else (a link, a pipe, a device).
    pub fn of_stat(node: Node, stat: &Stat) -> Option<Attributes> {
        let folder = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => true,
            FileType::RegularFile => false,
            _ => return None,
        };
        let time = |seconds, nanoseconds: u64| Time { seconds, nanoseconds: u32::try_from(nanoseconds).unwrap_or(0) };
        Some(Attributes {
            node,
            folder,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            blocks: u64::try_from(stat.st_blocks).unwrap_or(0),
            atime: time(stat.st_atime, stat.st_atime_nsec),
            mtime: time(stat.st_mtime, stat.st_mtime_nsec),
            ctime: time(stat.st_ctime, stat.st_ctime_nsec),
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            settled: true,
        })
    }

    /// The same attributes for another node: a course's folder stands for what has no file of its own.
    pub fn for_node(self, node: Node) -> Attributes {
        Attributes { node, ..self }
    }

    /// An archive of `size` bytes last changed at `mtime`, which belongs to whom the course's folder belongs to and
    /// can be read, and if `writable` written, by whoever can do that with the folder.
    pub fn archive(self, node: Node, size: u64, mtime: i64, writable: bool) -> Attributes {
        let time = Time::at(mtime);
        Attributes {
            node,
            folder: false,
            size,
            // GNU cp takes a file with fewer blocks than its size needs for a sparse one.
            blocks: size.div_ceil(512),
            atime: time,
            mtime: time,
            ctime: time,
            mode: self.mode & if writable { 0o666 } else { 0o444 },
            ..self
        }
    }
}
