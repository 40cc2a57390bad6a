//! Making documents: files and folders, each with its rows.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;

use rustix::fs::FileType;
use tracing::debug;

use crate::course::document::{TreeChange, TreeDocument};
use crate::course::document_rows::{self, DocumentKind, NewDocument};
use crate::course::{document_edit, names};
use crate::filesystem::{Attributes, FsError, Node, Owner, PortalFs};
use crate::portal::crash;
use crate::portal::intent::{Intent, Step};
use crate::portal::storage::Folder;

use super::open::OpenDocument;
use super::{DOCUMENTS, GUARD, LONGEST_GUARD, Place, check_name, stamp_ancestors};

/// What becomes a document: a file or a folder.
enum Thing {
    File(File),
    Folder,
}

impl PortalFs {
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
        let (iid, thing, returned) = self.change_documents(place.course, |changing, stamp| {
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
                    let known = !names::is_passing_path(&path);
                    let visible = known && changing.rules.visible;
                    let title = String::from_utf8_lossy(name);
                    let kind = if folder { DocumentKind::Folder } else { DocumentKind::File { size: 0 } };
                    let new = NewDocument { path: &with_slash, title: &title, comment: None, kind, visible };
                    let iid = match known {
                        true => document_rows::insert(changing.session, course, &new, stamp)?,
                        false => document_rows::insert_unknown(changing.session, course, &new)?,
                    };
                    let (name, size) = (name.into(), Some(0));
                    let entered =
                        TreeDocument { iid, key: iid, parent: place.folder, name, folder, size, visible, known };
                    changing.follow(TreeChange::Entered(entered));
                    if known && !folder {
                        self.take_over(changing, (place.course, &path), (iid, iid), stamp)?;
                    }
                    iid
                }
            };
            if !folder && !names::is_passing_path(&path) {
                stamp_ancestors(changing, place.folder, stamp)?;
            }
            let row = returned.as_ref().map_or(iid, |away| away.row);
            let steps = vec![Step::Made(changing.place(&on_disk))];
            self.note(Intent { steps, gone: None, row, path: Some(with_slash) })?;
            let thing = match folder {
                true => {
                    top.make_folder(&on_disk, owner.mode).map_err(|error| from_making(error, name))?;
                    Thing::Folder
                }
                false => Thing::File(make_or_take(&top, &on_disk, name, owner.mode)?),
            };
            crash::point("document-made");
            give(&top, &on_disk, &thing, owner)?;
            Ok((iid, thing, returned))
        })?;
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
