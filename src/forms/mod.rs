//! The items of a course as files, and back: pages, shortcuts, calendars, JSON.
//!
//! A [`Tree`] says which folders and files the items make and what they are called; [`write()`] gives the bytes of one,
//! [`read()`] makes [`Draft`]s of bytes, and [`store`] writes these into the course, as new items or over those that are
//! there. All this is done once for all tools, as the forms in [`declared`] say. Where the files are shown, and how they
//! are opened, closed and removed, is left to the file system.

pub mod attachments;
mod calendar;
pub mod declared;
mod decode;
mod draft;
mod encode;
mod error;
pub mod form;
mod frame;
mod json;
mod links;
pub mod names;
mod page;
mod paths;
mod properties;
mod read;
mod remove;
pub mod schema;
mod shortcut;
pub mod store;
pub mod tree;
mod users;
mod write;

pub use draft::{Draft, Waiting};
pub use error::{FormError, StoreError};
pub use read::{form_for, is_name_of, read, read_folder, takes_attachments};
pub use remove::remove;
pub use tree::{Entry, Gone, Place, StoredFile, Tree, What};
pub use users::Users;
pub use write::write;
