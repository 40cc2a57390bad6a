//! Documents that are made, changed, renamed and removed through the mount.
//!
//! Every change is one transaction in which the file is changed too: what the rows and the disk say is looked at inside
//! it, so that nobody comes in between, and the file's change is undone if the rows can't be committed. A document
//! appears with its file; it is removed rows first. What Chamilo would not take is refused with a reason that the log
//! and `user.chamilo.error` of the folder tell.

mod attributes;
mod identities;
mod leaving;
mod open;
mod renaming;
mod room;
mod writing;

use std::collections::HashMap;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FileType, Stat};
use tracing::{debug, warn};

use crate::course::document::{TreeChange, TreeDocument};
use crate::course::document_removal::{self, Doomed, Removal};
use crate::course::document_rows::{self, DocumentKind, NewDocument};
use crate::course::rules::DocumentRules;
use crate::course::{Stamp, document_edit, names};
use crate::portal::storage::Folder;

use super::snapshots::Changing;
use super::{Attributes, FsError, Node, Owner, PortalFs};
use leaving::Leaving;

pub(super) use attributes::timespec;
pub use open::OpenDocument;

/// Where documents lie in a course's folder.
const DOCUMENTS: &[u8] = b"document/";

/// The page that Chamilo lays into folders so that no web server lists them.
const GUARD: &[u8] = b"index.html";

/// The longest such page that is taken for one, in bytes.
const LONGEST_GUARD: i64 = 1024;

/// Folders whose last refusal is remembered.
const REASONS_KEPT: usize = 1024;

/// What is known of documents besides rows and files: what is open, and what was refused.
#[derive(Default)]
pub struct Documents {
    pub(super) identities: identities::Identities,
    pub(super) open: open::OpenDocuments,
    pub(super) room: room::Room,
    away: renaming::Away,
    reasons: Mutex<HashMap<Node, String>>,
}

/// A folder for documents: the course and the folder's row, `None` for the Document folder itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the course.
    pub course: u32,
    /// Row of the folder.
    pub folder: Option<i64>,
}

/// A file or folder that was made and goes again unless it is kept.
struct Made<'a> {
    top: &'a Folder,
    path: Vec<u8>,
    folder: bool,
}

impl Made<'_> {
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        let gone = if self.folder { self.top.remove_folder(&self.path) } else { self.top.remove_file(&self.path) };
        if let Err(error) = gone {
            let path = String::from_utf8_lossy(&self.path);
            warn!("{path} was made but has no row, and can't be removed: {error}");
        }
    }
}

/// What becomes a document: a file or a folder.
enum Thing {
    File(File),
    Folder,
}

impl PortalFs {
    /// The folder that `node` is for documents; `None` if it is none.
    pub fn place(&self, node: Node) -> Option<Result<Place, FsError>> {
        match node {
            Node::Documents(course) => Some(Ok(Place { course, folder: None })),
            Node::Document(course, node) => {
                let row = self.documents.identities.row(node).ok_or(FsError::NotFound);
                Some(row.map(|row| Place { course, folder: Some(row) }))
            }
            _ => None,
        }
    }

    /// The node of the row `row`.
    pub(super) fn document_node(&self, course: u32, row: i64) -> Option<Node> {
        self.documents.identities.node(row).map(|node| Node::Document(course, node))
    }

    /// The row of a document's node, with its path below the course's folder.
    pub(super) fn document_row(&self, course: u32, node: u32) -> Result<(TreeDocument, Vec<u8>), FsError> {
        let row = self.documents.identities.row(node).ok_or(FsError::NotFound)?;
        let tree = self.tree(course)?;
        let tree = tree.read();
        let document = tree.get(row).ok_or(FsError::NotFound)?.clone();
        let path = tree.path(row).ok_or(FsError::NotFound)?;
        Ok((document, [DOCUMENTS, &path].concat()))
    }

    /// Whether the document `node` has no row any more.
    fn is_removed_document(&self, course: u32, node: u32) -> Result<bool, FsError> {
        let Some(row) = self.documents.identities.row(node) else { return Ok(true) };
        Ok(self.tree(course)?.read().get(row).is_none())
    }

    /// The rules of a course.
    pub(super) fn rules(&self, course: u32) -> Result<Arc<DocumentRules>, FsError> {
        Ok(self.snapshots.rules(&self.portal, &self.course(course)?, course)?)
    }

    /// Who acts, now.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp::now(self.options.user)
    }

    /// Runs `work` in a transaction on the documents of the course `number`, with the course's folder.
    fn change_documents<T>(
        &self,
        number: u32,
        work: impl FnOnce(&mut Changing<'_>, &Stamp) -> Result<T, FsError>,
    ) -> Result<T, FsError> {
        let course = self.course(number)?;
        let stamp = self.stamp();
        self.snapshots.change(&self.portal, (&course, number), |changing| work(changing, &stamp))
    }

    /// Notes why something was refused in the folder `parent`, for `user.chamilo.error` and the log.
    pub(super) fn note_refusal(&self, parent: Node, error: &FsError) {
        if !error.is_refusal() {
            return;
        }
        let reason = error.to_string();
        let mut reasons = self.documents.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        if reasons.len() >= REASONS_KEPT && !reasons.contains_key(&parent) {
            reasons.clear();
        }
        // A program that tries again and again is told again and again, the log once.
        let before = reasons.insert(parent, reason.clone());
        if before.as_ref() != Some(&reason) {
            let folder = self.shown_path(parent).unwrap_or_default();
            warn!("refused in {folder}: {reason}");
        }
    }

    /// Notes why a document could not be written.
    pub(super) fn note_refusal_of(&self, node: Node, error: &FsError) {
        let Node::Document(course, number) = node else { return };
        if error.is_refusal() {
            let parent = self.document_row(course, number).ok().and_then(|(document, _)| document.parent);
            let parent = parent.and_then(|parent| self.document_node(course, parent));
            self.note_refusal(parent.unwrap_or(Node::Documents(course)), error);
        }
    }

    /// A folder for documents as it is called in the mount, for messages.
    fn shown_path(&self, node: Node) -> Result<String, FsError> {
        let (course, path) = match node {
            Node::Root => return Ok("the portal".to_owned()),
            Node::Documents(course) => (course, String::new()),
            Node::Document(course, number) => {
                let (_, path) = self.document_row(course, number)?;
                let path = path.strip_prefix(DOCUMENTS).unwrap_or(&path);
                (course, format!("/{}", String::from_utf8_lossy(path)))
            }
            _ => return Err(FsError::NotFound),
        };
        Ok(format!("{}/Document{path}", String::from_utf8_lossy(&self.course(course)?.code)))
    }

    /// Why something was last refused in the folder `node`.
    pub(super) fn last_refusal(&self, node: Node) -> Option<String> {
        self.documents.reasons.lock().unwrap_or_else(PoisonError::into_inner).get(&node).cloned()
    }

    /// Makes the document `name` and opens it: a file that is there is opened if the program allows that (no `O_EXCL`).
    pub fn create_document(
        &self,
        place: Place,
        name: &[u8],
        owner: Owner,
        (exclusive, append): (bool, bool),
    ) -> Result<(Attributes, OpenDocument), FsError> {
        let made = self.make_document(place, name, owner, false);
        let (node, thing) = match made {
            Err(FsError::Exists) if !exclusive => {
                let found = self.document_in(place, name)?;
                let (course, node) = (place.course, self.documents.identities.node(found).ok_or(FsError::NotFound)?);
                let open = self.open_document(course, node, true, append)?;
                return Ok((self.attributes(Node::Document(course, node))?, open));
            }
            made => made?,
        };
        let Thing::File(file) = thing else { return Err(FsError::IsAFolder) };
        let stat = rustix::fs::fstat(&file).map_err(std::io::Error::from)?;
        let open = self.documents.open.add((place.course, node), file, (true, append, true))?;
        Ok((self.attributes_of_file(Node::Document(place.course, node), &stat)?, open))
    }

    /// Makes an empty document without opening it.
    pub fn make_file(&self, place: Place, name: &[u8], owner: Owner) -> Result<Attributes, FsError> {
        let (node, _) = self.make_document(place, name, owner, false)?;
        self.attributes(Node::Document(place.course, node))
    }

    /// Makes a folder.
    pub fn make_folder(&self, place: Place, name: &[u8], owner: Owner) -> Result<Attributes, FsError> {
        let (node, _) = self.make_document(place, name, owner, true)?;
        self.attributes(Node::Document(place.course, node))
    }

    /// The row of the document `name`.
    fn document_in(&self, place: Place, name: &[u8]) -> Result<i64, FsError> {
        let tree = self.tree(place.course)?;
        let tree = tree.read();
        Ok(tree.child(place.folder, name).ok_or(FsError::NotFound)?.iid)
    }

    fn make_document(&self, place: Place, name: &[u8], owner: Owner, folder: bool) -> Result<(u32, Thing), FsError> {
        self.writable()?;
        let rules = self.rules(place.course)?;
        check_name(name, folder, place.folder.is_none(), &rules)?;
        let top = self.course_folder(place.course)?;
        let (iid, thing, made, returned) = self.change_documents(place.course, |changing, stamp| {
            let (path, there) = {
                let tree = changing.tree();
                let path = tree.path_in(place.folder, name).ok_or(FsError::NotFound)?;
                (path, tree.child(place.folder, name).cloned())
            };
            let with_slash = [b"/".as_slice(), &path].concat();
            document_rows::check_path(&with_slash)?;
            let on_disk = [DOCUMENTS, &path].concat();
            if let Some(there) = &there
                && (there.folder != folder || self.is_there(&top, &on_disk)?)
            {
                return Err(FsError::Exists);
            }
            let thing = match folder {
                true => {
                    top.make_folder(&on_disk, owner.mode).map_err(|error| from_making(error, name))?;
                    Thing::Folder
                }
                false => Thing::File(make_or_take(&top, &on_disk, name, owner.mode)?),
            };
            let made = Made { top: &top, path: on_disk.clone(), folder };
            give(&top, &on_disk, &thing, owner)?;
            let title = String::from_utf8_lossy(name);
            let visible = changing.rules.visible && !names::is_passing(name);
            let kind = if folder { DocumentKind::Folder } else { DocumentKind::File { size: 0 } };
            let new = NewDocument { path: &with_slash, title: &title, comment: None, kind, visible };
            let course = changing.course.id;
            let returned = match (&there, folder) {
                (None, false) => self.documents.away.returns(place, name, &changing.tree()),
                _ => None,
            };
            let iid = match (&there, &returned) {
                // A row whose file was missing: here it is again.
                (Some(there), _) => {
                    if !folder {
                        document_edit::set_size(changing.session, there.iid, 0)?;
                        document_edit::stamp(changing.session, course, there.key, Some("DocumentUpdated"), stamp)?;
                        changing.follow(TreeChange::Resized(there.iid, 0));
                    }
                    there.iid
                }
                // What an editor has put aside comes back under its name, with another file.
                (None, Some(away)) => self.enter_for_returning(changing, away, &with_slash, place, name, stamp)?,
                (None, None) => {
                    let iid = document_rows::insert(changing.session, course, &new, stamp)?;
                    let name = name.into();
                    let size = Some(0);
                    let entered = TreeDocument { iid, key: iid, parent: place.folder, name, folder, size, visible };
                    changing.follow(TreeChange::Entered(entered));
                    iid
                }
            };
            if !folder {
                stamp_ancestors(changing, place.folder, stamp)?;
            }
            Ok((iid, thing, made, returned))
        })?;
        made.keep();
        let node = match returned {
            Some(away) => {
                // `iid` is the new row, of the file that was put aside; the new file has its number.
                let number = u32::try_from(iid).map_err(|_| FsError::NotFound)?;
                let old = self.documents.identities.node(away.row).ok_or(FsError::NotFound)?;
                self.documents.identities.assign(old, iid);
                self.documents.identities.assign(number, away.row);
                number
            }
            None => self.documents.identities.node(iid).ok_or(FsError::NotFound)?,
        };
        Ok((node, thing))
    }

    /// Whether a file or folder is at a document's place on the disk.
    fn is_there(&self, top: &Folder, path: &[u8]) -> Result<bool, FsError> {
        match top.stat(path).map_err(FsError::from_lookup) {
            Ok(_) => Ok(true),
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes the file `name`.
    pub fn remove_document(&self, place: Place, name: &[u8]) -> Result<(), FsError> {
        self.remove(place, name, false)
    }

    /// Removes the empty folder `name`.
    pub fn remove_document_folder(&self, place: Place, name: &[u8]) -> Result<(), FsError> {
        self.remove(place, name, true)
    }

    fn remove(&self, place: Place, name: &[u8], folder: bool) -> Result<(), FsError> {
        self.writable()?;
        let top = self.course_folder(place.course)?;
        let removed = self.change_documents(place.course, |changing, stamp| {
            let (document, path, below, older) = {
                let tree = changing.tree();
                let document = tree.child(place.folder, name).ok_or(FsError::NotFound)?.clone();
                let path = tree.path(document.iid).ok_or(FsError::NotFound)?;
                let below: Vec<TreeDocument> =
                    tree.below(document.iid).into_iter().filter_map(|iid| tree.get(iid).cloned()).collect();
                let paths: Vec<Option<Vec<u8>>> = below.iter().map(|document| tree.path(document.iid)).collect();
                let below: Vec<(TreeDocument, Vec<u8>)> =
                    below.into_iter().zip(paths).filter_map(|(document, path)| Some((document, path?))).collect();
                let older = tree.older(document.iid).to_vec();
                (document, path, below, older)
            };
            let stat = top.stat(&[DOCUMENTS, &path].concat()).map_err(FsError::from_lookup)?;
            match (document.folder, folder) {
                (true, false) => return Err(FsError::IsAFolder),
                (false, true) => return Err(FsError::NotAFolder),
                _ => {}
            }
            if (FileType::from_raw_mode(stat.st_mode) == FileType::Directory) != folder {
                return Err(FsError::NotFound);
            }
            for (_, path) in &below {
                // What has no file is not shown: nobody could remove it before.
                if self.is_there(&top, &[DOCUMENTS, path].concat())? {
                    return Err(FsError::NotEmpty);
                }
            }
            for (document, _) in below.iter().rev() {
                document_removal::remove_rows(changing.session, changing.course.id, document.iid, document.key)?;
                changing.follow(TreeChange::Removed(document.iid));
            }
            let how = removal(name, changing.rules);
            let course = changing.course;
            let TreeDocument { iid, key, .. } = document;
            let doomed = Doomed { course, iid, key, path: &path, folder };
            self.before_leaving(changing, &doomed, Leaving::Removed(how), &top)?;
            document_removal::remove(changing.session, &doomed, how, stamp, &top)?;
            for older in &older {
                document_removal::remove_rows(changing.session, course.id, *older, *older)?;
            }
            changing.follow(TreeChange::Removed(iid));
            Ok(iid)
        })?;
        self.documents.identities.removed(removed);
        Ok(())
    }

    /// The attributes of an open file.
    fn attributes_of_file(&self, node: Node, stat: &Stat) -> Result<Attributes, FsError> {
        Ok(self.owned(Attributes::of_stat(node, stat).ok_or(FsError::NotFound)?))
    }

    /// The kernel has no use for the node `node` any more.
    pub fn forget(&self, node: Node) {
        if let Node::Document(_, node) = node {
            self.documents.identities.forgotten(node, |row| self.documents.open.get(row).is_some());
        }
    }
}

/// How a document is deleted: a file on its way to another name is no document that anybody would want back.
fn removal(name: &[u8], rules: &DocumentRules) -> Removal {
    match rules.remove_for_good || names::is_passing(name) {
        true => Removal::ForGood,
        false => Removal::Soft,
    }
}

/// Refuses what Chamilo does not take.
fn check_name(name: &[u8], folder: bool, top: bool, rules: &DocumentRules) -> Result<(), FsError> {
    match names::refusal(name, folder, top, &rules.extensions) {
        Some(refusal) => Err(FsError::Forbidden(String::from_utf8_lossy(name).into_owned(), refusal)),
        None => Ok(()),
    }
}

/// Notes on the folders above that something in `folder` changed.
fn stamp_ancestors(changing: &Changing<'_>, folder: Option<i64>, stamp: &Stamp) -> Result<(), FsError> {
    let Some(folder) = folder else { return Ok(()) };
    let keys: Vec<i64> = {
        let tree = changing.tree();
        let nearest = tree.get(folder).map(|folder| folder.key);
        nearest.into_iter().chain(tree.ancestors(folder).map(|folder| folder.key)).collect()
    };
    Ok(document_edit::stamp_folders(changing.session, changing.course.id, keys, stamp)?)
}

/// Makes a new file. An empty file and the page that guards a folder make way for it: nobody misses them.
fn make_or_take(top: &Folder, path: &[u8], name: &[u8], mode: u32) -> Result<File, FsError> {
    match top.make_file(path, mode) {
        Err(error) if error.raw_os_error() == Some(libc::EEXIST) => {}
        made => return made.map_err(|error| from_making(error, name)),
    }
    let stat = top.stat(path).map_err(FsError::from_lookup)?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if !is_file || !(stat.st_size == 0 || name == GUARD && stat.st_size <= LONGEST_GUARD) {
        return Err(FsError::Unknown(String::from_utf8_lossy(name).into_owned()));
    }
    let file = top.open_to_write(path)?;
    file.set_len(0)?;
    Ok(file)
}

fn from_making(error: std::io::Error, name: &[u8]) -> FsError {
    match error.raw_os_error() {
        Some(libc::EEXIST) => FsError::Unknown(String::from_utf8_lossy(name).into_owned()),
        Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP | libc::EXDEV) => FsError::NotFound,
        _ => FsError::Files(error),
    }
}

/// Gives what was made the mode and the owner that it is to have. What the administrator makes belongs to whom the
/// folder belongs to, so that Chamilo can go on working with it; what others make is theirs.
fn give(top: &Folder, path: &[u8], thing: &Thing, owner: Owner) -> Result<(), FsError> {
    let parent = path.iter().rposition(|byte| *byte == b'/').and_then(|slash| path.get(..slash)).unwrap_or_default();
    let parent = top.stat(parent)?;
    let made = match thing {
        Thing::File(file) => rustix::fs::fstat(file).map_err(std::io::Error::from)?,
        Thing::Folder => top.stat(path)?,
    };
    let (uid, gid) = if owner.uid == 0 { (parent.st_uid, parent.st_gid) } else { (owner.uid, owner.gid) };
    if (made.st_uid, made.st_gid) != (uid, gid) {
        let given = match thing {
            Thing::File(file) => std::os::unix::fs::fchown(file, Some(uid), Some(gid)),
            Thing::Folder => top.attributes_of(path)?.set_owner(Some(uid), Some(gid)),
        };
        if let Err(error) = given {
            // Without privileges it belongs to whom this process belongs to.
            debug!("what was made belongs to {}: {error}", made.st_uid);
        }
    }
    if made.st_mode & 0o7777 != owner.mode {
        match thing {
            Thing::File(file) => file.set_permissions(Permissions::from_mode(owner.mode))?,
            Thing::Folder => top.attributes_of(path)?.set_mode(owner.mode)?,
        }
    }
    Ok(())
}
