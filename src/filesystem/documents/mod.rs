//! Documents that are made, changed, renamed and removed through the mount.
//!
//! Every change is one transaction in which the file is changed too: what the rows and the disk say is looked at inside
//! it, so that nobody comes in between, and the file's change is undone if the rows can't be committed. A document
//! appears with its file; it is removed rows first. What Chamilo would not take is refused with a reason that the log
//! and `user.chamilo.error` of the folder tell.

mod attributes;
mod identities;
mod leavers;
mod leaving;
mod making;
mod open;
mod removing;
mod renaming;
mod room;
mod writing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FileType, Stat};
use tracing::warn;

use crate::course::document::{TreeChange, TreeDocument};
use crate::course::rules::DocumentRules;
use crate::course::{Stamp, document_edit, names, successor};
use crate::portal::intent::{self, Intent, Intents};
use crate::portal::storage::{Folder, Identity};

use super::snapshots::Changing;
use super::{Attributes, FsError, Node, PortalFs};

pub(super) use attributes::{MODE_OF_FILE, timespec};
pub use open::OpenDocument;

/// Where documents lie in a course's folder.
const DOCUMENTS: &[u8] = b"document/";

/// Table of documents.
const TABLE: &str = "c_document";

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
    leavers: leavers::Leavers,
    intents: Intents,
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
        let over = |committed| self.documents.intents.over(&self.portal, committed);
        let mut entered = Vec::new();
        let work = |changing: &mut Changing<'_>| {
            let answer = work(changing, &stamp)?;
            entered.extend(changing.entered());
            Ok(answer)
        };
        let answer = self.snapshots.change(&self.portal, (&course, number), work, over)?;
        entered.into_iter().for_each(|row| self.absent.entered(number, row));
        Ok(answer)
    }

    /// Lets the new document `iid`, which others know by `key`, take the place of the one that was removed from `path` a
    /// moment ago: it has its title, is hidden if that was, and what led there leads to it.
    fn take_over(
        &self,
        changing: &mut Changing<'_>,
        (course, path): (u32, &[u8]),
        (iid, key): (i64, i64),
        stamp: &Stamp,
    ) -> Result<(), FsError> {
        let Some(old) = self.predecessor(course, path) else { return Ok(()) };
        let session = changing.session;
        successor::succeed(session, changing.course, TABLE, (old.key, key))?;
        let words = match old.words {
            Some(words) => Some(words),
            None => document_edit::words(session, old.key)?,
        };
        if let Some(words) = words {
            document_edit::set_title(session, iid, &words.title)?;
            document_edit::set_comment(session, iid, words.comment.as_deref())?;
        }
        if old.visible != changing.rules.visible {
            document_edit::set_visibility(session, changing.course.id, key, old.visible, stamp)?;
            changing.follow(TreeChange::Shown(iid, old.visible));
        }
        Ok(())
    }

    /// Notes what is about to be done on the disk in the transaction `changing`, so that it is taken back if that is not
    /// committed.
    fn note(&self, intent: Intent) -> Result<(), FsError> {
        Ok(self.documents.intents.note(&self.portal, intent)?)
    }

    /// What lies at `place`, below `app/courses/`, and of what kind it is.
    fn look(&self, place: &[u8]) -> Result<(Identity, FileType), FsError> {
        let found = intent::look(self.portal.courses_folder(), place).map_err(FsError::from_lookup)?;
        found.ok_or(FsError::NotFound)
    }

    /// Ends the keeping of what is for the time of a mount only.
    pub(super) fn end_documents(&self) {
        self.documents.intents.end();
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

    /// Whether a file or folder is at a document's place on the disk.
    fn is_there(&self, top: &Folder, path: &[u8]) -> Result<bool, FsError> {
        match top.stat(path).map_err(FsError::from_lookup) {
            Ok(_) => Ok(true),
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
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
