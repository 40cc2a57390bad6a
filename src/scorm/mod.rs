//! Learning paths as SCORM 1.2 packages.
//!
//! A package is an archive layout like `backup.zip`: the manifest and generated pages are bytes, documents are ranges of
//! files. Launch pages lie in [`PAGES`], one for each step of a path, everything of the course in `content/`, what all
//! pages share in [`SHARED`].
//!
//! [`quiz`] makes the page of a test, [`runtime`] holds the script that every launch page includes. References to
//! documents of the course in any generated page are written as Chamilo writes them
//! (`/courses/<directory>/document/…`): they are rewritten, and the files packed, for all pages in one place.

mod contents;
mod describe;
mod files;
pub mod import;
mod load;
mod manifest;
pub mod names;
mod original;
mod package;
mod pages;
pub mod paths;
pub mod quiz;
mod records;
pub mod references;
pub mod removal;
pub mod runtime;
mod steps;
mod words;

pub use package::{Looked, Package, PackageError, Which};

/// Folder of the launch pages in a package, with its slash. Shared files are `../` + [`SHARED`] from there.
pub const PAGES: &str = "sco/";

/// Folder of the files that all launch pages share, with its slash.
pub const SHARED: &str = "coursefs/";
