//! Zip archives as layouts: never stored, computed while they are read.
//!
//! An archive whose entries are stored (not deflated) has a length and offsets that follow from the sizes of its
//! files alone. So a [`Layout`] is made from [`Entry`]s without opening a file, tells the archive's size at once, and
//! knows for each byte where it comes from. An [`Archive`] reads ranges of a layout: a binary search, then bytes made
//! on the spot (headers, central directory) and `pread`s of the files.
//!
//! Only a file's CRC-32, which stands in its headers, needs all of its bytes. It is computed at the first read that
//! meets such a header and remembered in [`Checksums`] under the file's [`FileIdentity`]; the same identity is
//! compared after every read of file data, so that a file that changes makes the read fail instead of giving an archive
//! that is half old and half new.
//!
//! The modules: [`entry`](Entry) what goes in, [`held`](Held) what of it is in memory, `zip_format` the records of a zip file, [`layout`](Layout) where each
//! byte comes from, [`read`](Archive) ranged reads, `crcs` which checksums are known and how they become known,
//! `open_files` the files last read, `copy` entries without their archive, [`checksums`](Checksums) and [`cache`](Cache) what outlives the process.
//!
//! This layer knows nothing of courses, portals or FUSE. How a file is opened (beneath which folder, with which
//! precautions) is told by the caller through [`Files`].

mod cache;
mod checksums;
mod copy;
mod crcs;
mod entry;
mod held;
mod identity;
mod layout;
mod open_files;
mod read;
mod zip_format;

pub use cache::{Cache, CacheError};
pub use checksums::Checksums;
pub use copy::CopyError;
pub use entry::{Content, Entry};
pub use held::{Base64Crc, Held, Text, base64_crc};
pub use identity::{FileIdentity, FileTime};
pub use layout::{Layout, LayoutError};
pub use read::{Archive, Files, ReadError, Reader};
pub use zip_format::LONGEST_COMMENT;
