//! Documents that came with an archive into a course that a process is just making.
//!
//! `cp -r` makes everything without looking, and fails where something is there. What comes first is the disk's business:
//! if it is an archive, the documents that it brings are there before the program makes them. So for that process they
//! are away until it makes them itself; making them then succeeds, and what it writes takes the place of what was
//! brought. They are told by their numbers, which the import has drawn one after the other.

use crate::portal::database::DatabaseExt;

use super::{Attributes, FsError, Node, PortalFs};

impl PortalFs {
    /// Does `work`, which may bring documents into `course`.
    pub(super) fn bringing<T>(&self, course: u32, work: impl FnOnce() -> T) -> T {
        if !self.absent.is_being_made(course) {
            return work();
        }
        let last = || {
            let found = self.portal.database().read(|session| session.int("SELECT MAX(iid) FROM c_document", &[]));
            found.ok().flatten().unwrap_or(0)
        };
        let before = last();
        let outcome = work();
        self.absent.brought(course, before + 1, last());
        outcome
    }

    /// Whether `found`, which is `name` in `parent`, is away for the process `caller`.
    pub(super) fn is_brought(&self, parent: Node, name: &[u8], found: &Attributes, caller: u32) -> bool {
        let Node::Document(_, number) = found.node else { return false };
        self.absent.has_brought()
            && self
                .documents
                .identities
                .row(number)
                .is_some_and(|row| self.absent.is_brought_away(parent, name, row, caller))
    }

    /// The document `name` in `parent` if it is away for the process `caller`, for which it is there from now on.
    pub fn comes_back(&self, parent: Node, name: &[u8], caller: u32) -> Result<Option<Attributes>, FsError> {
        if !self.absent.has_brought() {
            return Ok(None);
        }
        let found = match self.lookup(parent, name) {
            Err(FsError::NotFound) => return Ok(None),
            found => found?,
        };
        if !self.is_brought(parent, name, &found, caller) {
            return Ok(None);
        }
        self.absent.appears(parent, name);
        Ok(Some(found))
    }
}
