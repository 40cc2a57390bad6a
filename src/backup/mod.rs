//! A course as `backup.zip`, the archive that Chamilo's own backup makes, and the way back.
//!
//! [`Rows`] is what one state of the database says of the archive, [`Contents`] adds what lies on the disk, where no
//! document is opened. From it follow, each as cheap as it can be: the [`digest`](Contents::digest) (size and
//! fingerprint, for `stat`) and the [`archive`](Contents::archive) (for reading). [`Remembered`] turns fingerprints into
//! times of last change that move only when the content does. The way back is [`restore`](restore::restore).
//!
//! `course_info` knows the PHP form of a course; which rows count is the business of the `course` layer, how bytes
//! become a zip file that of the `archive` layer.

mod contents;
mod course_info;
mod documents;
mod extras;
pub(crate) mod links;
pub(crate) mod loose_files;
mod property_rows;
pub mod reader;
mod remembered;
pub mod resource;
pub mod restore;
mod rows;
mod safe_names;
mod selection;
mod serialized;
mod texts;
mod users;

pub use contents::{BackupError, BackupFiles, Contents, Digest};
pub(crate) use contents::{identity, is_absent};
pub use remembered::Remembered;
pub use rows::{Loaded, Rows};
pub(crate) use rows::{newest_edit, unix_time};
pub use selection::Selection;
pub(crate) use selection::{PARTS, html_of, references};
pub use serialized::Serialized;
