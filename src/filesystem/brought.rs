//! Documents that came with an archive into a course that a process is just making.
//!
//! `cp -r` makes everything without looking, and fails where something is there. What comes first is the disk's business:
//! if it is an archive, the documents that it brings are there before the program makes them. So for that process they
//! are away until it makes them itself; making them then succeeds, and what it writes takes the place of what was
//! brought. They are told by their numbers, which the import has drawn one after the other.

use crate::portal::database::DatabaseExt;

use super::{Attributes, FsError, Node, OpenDocument, Owner, Place, PortalFs};

impl PortalFs {
    /// Does `work`, which may bring documents into `course`.
    ///
    /// What it brings is away from the moment at which it is there. What programs make meanwhile, or between two archives,
    /// gets numbers among those, and is told by what they have made.
    pub(super) fn bringing<T>(&self, course: u32, work: impl FnOnce() -> T) -> T {
        if !self.absent.comes(course) {
            return work();
        }
        let last = |unknown: i64| {
            let found = self.portal.database().read(|session| session.int("SELECT MAX(iid) FROM c_document", &[]));
            found.map_or(unknown, |last| last.unwrap_or(0))
        };
        // If the database doesn't say, nothing is away.
        self.absent.comes_from(course, last(i64::MAX).saturating_add(1));
        let outcome = work();
        self.absent.came(course, last(0));
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

    /// [`make_folder`](PortalFs::make_folder) for the process `caller`: a folder that was brought and is away for it is
    /// there from now on.
    pub fn make_folder_for(&self, caller: u32, place: Place, name: &[u8], owner: Owner) -> Result<Attributes, FsError> {
        match self.make_folder(place, name, owner) {
            Err(FsError::Exists) => {
                let found = self.comes_back(place, name, caller)?;
                found.filter(|found| found.folder).ok_or(FsError::Exists)
            }
            made => made,
        }
    }

    /// [`create_document`](PortalFs::create_document) for the process `caller`: one that was brought and is away for it is
    /// there from now on, and empty.
    pub fn create_document_for(
        &self,
        caller: u32,
        place: Place,
        name: &[u8],
        owner: Owner,
        (exclusive, append): (bool, bool),
    ) -> Result<(Attributes, OpenDocument), FsError> {
        match self.create_document(place, name, owner, (exclusive, append)) {
            Err(FsError::Exists) if exclusive && self.comes_back(place, name, caller)?.is_some() => {
                let made = self.create_document(place, name, owner, (false, append))?;
                made.1.file().set_len(0)?;
                Ok(made)
            }
            made => made,
        }
    }

    /// The document `name` in `place` if it is away for the process `caller`, for which it is there from now on.
    fn comes_back(&self, place: Place, name: &[u8], caller: u32) -> Result<Option<Attributes>, FsError> {
        if !self.absent.has_brought() {
            return Ok(None);
        }
        let parent = match place.folder {
            None => Node::Documents(place.course),
            Some(row) => self.document_node(place.course, row).ok_or(FsError::NotFound)?,
        };
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::archive::{Cache, Checksums};
    use crate::filesystem::Options;
    use crate::portal::{Access, Portal};

    const OWNER: Owner = Owner { mode: 0o755, uid: 0, gid: 0 };

    fn mounted(root: &Path) -> PortalFs {
        let portal = Arc::new(Portal::open(root, Access::ReadWrite).unwrap());
        let (cache, checksums) = (Cache::in_memory().unwrap(), Checksums::in_memory().unwrap());
        let options = Options { writable: true, ..Options::default() };
        PortalFs::new(portal, Arc::new(cache), Arc::new(checksums), options)
    }

    #[test]
    fn what_comes_is_away_for_the_maker_of_the_course_from_the_first_moment_and_what_it_makes_meanwhile_is_there() {
        let root = tempfile::tempdir().unwrap();
        Portal::init(root.path()).unwrap();
        let (fs, comes) = (mounted(root.path()), mounted(root.path()));
        // Its maker has to be a process that runs.
        let (maker, other) = (std::process::id(), std::process::id() + 1);
        let Node::Course(course) = fs.make_other_folder(Node::Root, b"NEW1", maker).unwrap().node else { panic!() };
        let (top, place) = (Node::Documents(course), Place { course, folder: None });
        let sees = |caller: u32, name: &[u8]| fs.lookup_for(caller, top, name).is_ok();
        let exists = |made: Result<Attributes, FsError>| matches!(made, Err(FsError::Exists));
        fs.bringing(course, || {
            fs.make_folder_for(maker, place, b"before", OWNER).unwrap();
            for name in [b"came".as_slice(), b"again", b"twice"] {
                comes.make_folder(place, name, OWNER).unwrap();
            }
            drop(comes.create_document(place, b"page.html", OWNER, (true, false)).unwrap());
            assert!(!sees(maker, b"came") && sees(other, b"came") && sees(maker, b"before"));
            fs.make_folder_for(maker, place, b"again", OWNER).unwrap();
            assert!(sees(maker, b"again"));
            assert!(exists(fs.make_folder_for(maker, place, b"again", OWNER)));
            assert!(exists(fs.make_folder_for(other, place, b"came", OWNER)));
            fs.make_folder_for(maker, place, b"after", OWNER).unwrap();
        });
        assert!(!sees(maker, b"came") && sees(other, b"came"));
        assert!([b"before".as_slice(), b"again", b"after"].iter().all(|name| sees(maker, name)));
        fs.make_folder_for(maker, place, b"twice", OWNER).unwrap();
        assert!(sees(maker, b"twice"));
        drop(fs.create_document_for(maker, place, b"page.html", OWNER, (true, false)).unwrap());
        assert!(sees(maker, b"page.html"));
        fs.make_folder_for(maker, place, b"long after", OWNER).unwrap();
        assert!(sees(maker, b"long after"));
        fs.bringing(course, || comes.make_folder(place, b"came later", OWNER).unwrap());
        assert!(sees(maker, b"long after") && !sees(maker, b"came later") && !sees(maker, b"came"));
    }
}
