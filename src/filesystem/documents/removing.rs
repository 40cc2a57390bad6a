//! Removing documents, as Chamilo deletes them.

use rustix::fs::FileType;

use crate::course::document::{TreeChange, TreeDocument};
use crate::course::document_removal::{self, Doomed, Removal};
use crate::course::rules::DocumentRules;
use crate::course::{document_edit, names};
use crate::filesystem::{FsError, PortalFs};
use crate::portal::crash;
use crate::portal::intent::{self, Intent, Step};

use super::leavers::Leaver;
use super::leaving::Leaving;
use super::{DOCUMENTS, Place};

impl PortalFs {
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
        self.before_removing(place, name, folder)?;
        let top = self.course_folder(place.course)?;
        let (removed, left) = self.change_documents(place.course, |changing, stamp| {
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
            let on_disk = [DOCUMENTS, &path].concat();
            let from = changing.place(&on_disk);
            // Opened once for all that is done to it.
            let (above, name) = on_disk.split_at(on_disk.iter().rposition(|byte| *byte == b'/').unwrap_or(0));
            let name = name.get(1..).unwrap_or_default();
            let above = top.folder(above).map_err(FsError::from_lookup)?;
            let (what, kind) = intent::look(&above, name).map_err(FsError::from_lookup)?.ok_or(FsError::NotFound)?;
            match (document.folder, folder) {
                (true, false) => return Err(FsError::IsAFolder),
                (false, true) => return Err(FsError::NotAFolder),
                _ => {}
            }
            if (kind == FileType::Directory) != folder {
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
            let how = removal(&path, changing.rules);
            let course = changing.course;
            let TreeDocument { iid, key, .. } = document;
            let doomed = Doomed { course, iid, key, path: &path, folder };
            self.before_leaving(changing, &doomed, Leaving::Removed(how), (&above, name))?;
            let words = match how {
                Removal::ForGood if !folder => document_edit::words(changing.session, iid)?,
                _ => None,
            };
            let left = Leaver { key, visible: document.visible, words };
            let left = (!folder && !names::is_passing_path(&path)).then(|| (path.clone(), left));
            let stays = document_removal::remove_from_rows(changing.session, &doomed, how, stamp)?;
            for older in &older {
                document_removal::remove_rows(changing.session, course.id, *older, *older)?;
            }
            if folder && how == Removal::ForGood {
                document_removal::expect_nothing_unknown(&top, &on_disk)?;
            }
            // For good, too, it is put out of sight first: that can be taken back if the rows are not committed.
            let deleted = [DOCUMENTS, &document_removal::deleted_path(&path, key)].concat();
            let to = changing.place(&deleted);
            let gone = (how == Removal::ForGood).then(|| (to.clone(), what));
            self.note(Intent { steps: vec![Step::Moved { from, to, what }], gone, row: iid, path: stays })?;
            let new_name = deleted.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            above.rename_there(name, new_name)?;
            crash::point("document-removed");
            changing.follow(TreeChange::Removed(iid));
            Ok((iid, left))
        })?;
        self.documents.identities.removed(removed);
        if let Some((path, left)) = left {
            self.has_left(place.course, path, left);
        }
        Ok(())
    }
}

/// How a document is deleted: a file on its way to another name is no document that anybody would want back.
fn removal(path: &[u8], rules: &DocumentRules) -> Removal {
    match rules.remove_for_good || names::is_passing_path(path) {
        true => Removal::ForGood,
        false => Removal::Soft,
    }
}
