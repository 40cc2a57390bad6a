//! The one place that every document passes before it leaves a course through the mount.
//!
//! `unlink`, `rmdir`, and a `rename` over something that is there come here, each document once, folders after what was
//! in them. What is written over in place does not: the document stays. Nor does what coursefs takes out of the course for
//! other reasons (an upload that failed, rows of a document that has no file any more).

use crate::course::document_removal::{Doomed, Removal};
use crate::filesystem::snapshots::Changing;
use crate::filesystem::{FsError, PortalFs};
use crate::portal::storage::Folder;

/// Why a document leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It is removed, out of sight or for good.
    Removed(Removal),
    /// A rename puts another file (or an empty folder) in its place. The row may stay, with the new file; the old bytes
    /// are gone with the rename.
    Replaced,
}

impl PortalFs {
    /// Called before anything of `doomed` changes, in the transaction that removes or replaces it: its rows are as they
    /// were, its file lies at `document/` + [`Doomed::path`] below `top`, the course's folder. An error leaves the document
    /// as it is and is what the program gets.
    ///
    /// **A trash hooks in here**: what it is to give back later it has to save now (rows by [`Changing::session`], in
    /// the same transaction; the file by a hard link, since it is about to be renamed or unlinked). This process lets
    /// only one change of documents go on at a time, so whatever takes long here holds up everybody who writes.
    pub(super) fn before_leaving(
        &self,
        _changing: &Changing<'_>,
        _doomed: &Doomed<'_>,
        _how: Leaving,
        _top: &Folder,
    ) -> Result<(), FsError> {
        Ok(())
    }
}
