//! The one place that every document passes before it leaves a course through the mount.
//!
//! `unlink`, `rmdir`, and a `rename` over something that is there come here, each document once, folders after what was
//! in them. What is written over in place does not: the document stays. Nor does what coursefs takes out of the course for
//! other reasons (an upload that failed, rows of a document that has no file any more).

use crate::course::document_removal::{Doomed, Removal};
use crate::course::names;
use crate::filesystem::snapshots::Changing;
use crate::filesystem::{FsError, Node, PortalFs};
use crate::portal::storage::Folder;

use super::Place;

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
    /// were, its file is called `name` in the folder `above`. An error leaves the document
    /// as it is and is what the program gets.
    ///
    /// The trash keeps the file of what is removed by a hard link, since it is about to be renamed or unlinked; the rows were
    /// remembered before ([`before_removing`](Self::before_removing)). This process lets only one change of documents go
    /// on at a time, so whatever takes long here holds up everybody who writes.
    pub(super) fn before_leaving(
        &self,
        changing: &Changing<'_>,
        doomed: &Doomed<'_>,
        how: Leaving,
        (above, name): (&Folder, &[u8]),
    ) -> Result<(), FsError> {
        let Some(Node::Course(course)) = Node::course(changing.course.id) else { return Ok(()) };
        match how {
            Leaving::Removed(_) if !doomed.folder && !names::is_passing_path(doomed.path) => {
                self.keep_file(course, above, name)
            }
            // A folder has nothing to keep but its row, which the moment in the trash tells.
            Leaving::Removed(_) | Leaving::Replaced => Ok(()),
        }
    }

    /// Called before the transaction in which `name` is removed: the course is remembered if `name` is something that
    /// anybody would want back and that can be removed.
    pub(super) fn before_removing(&self, place: Place, name: &[u8], folder: bool) -> Result<(), FsError> {
        let leaves = {
            let tree = self.tree(place.course)?;
            let tree = tree.read();
            let passing = tree.path_in(place.folder, name).is_none_or(|path| names::is_passing_path(&path));
            let found = tree.child(place.folder, name);
            let is_empty = |iid| tree.children(Some(iid)).next().is_none();
            !passing && found.is_some_and(|document| document.folder == folder && is_empty(document.iid))
        };
        if leaves { self.before_removal(place.course) } else { Ok(()) }
    }
}
