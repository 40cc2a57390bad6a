//! The tools of a course as folders: one file an item, in the form that [`forms`](crate::forms) gives it.
//!
//! What a folder holds and what its files are called is the course's [`Tree`], read once for each change of the database
//! and kept ([`kept`]). Files are made from it when they are read. What is written is taken in by the receivers of
//! [`writing`], what is removed is emptied by [`removing`]; [`renaming`] and [`folders`] do what their names say.
//! References to what is not there yet wait in [`pending`].

mod attachments;
mod folders;
mod gone;
mod kept;
mod names;
mod nodes;
mod pending;
mod properties;
mod removing;
mod renaming;
mod twins;
mod waiting;
mod writing;

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use crate::course::Course;
use crate::course::document::DocumentTree;
use crate::forms::{Entry, Place, Tree, What};
use crate::portal::Portal;
use crate::portal::database::{DatabaseError, DatabaseExt, Session};

use super::archives::Ahead;
use super::attributes::Time;
use super::snapshots::Snapshots;
use super::{Attributes, FsError, Node, OpenFile, PortalFs};

use kept::{CourseTree, Kept, Moment};
use nodes::{node_of, place_of};

pub use nodes::Tag;
pub(super) use waiting::WAITING;
pub(super) use writing::{ITEMS, errno};

/// What is remembered of the tools' folders of a portal.
#[derive(Default)]
pub struct Tools {
    kept: Arc<Kept>,
    made: folders::Made,
    ghosts: removing::Ghosts,
    aside: renaming::SetAside,
    known: waiting::Known,
    twins: twins::Twins,
}

impl Tools {
    /// The course is deleted.
    pub fn course_gone(&self, course: u32) {
        self.made.course_gone(course);
        self.kept.removed.course_gone(course);
    }
}

/// Whether a node of a tool is a folder.
pub(super) fn is_folder(node: Node) -> bool {
    let Node::Tool(_, tag, key) = node else { return false };
    if let Some(folder) = waiting::kind(node) {
        return folder;
    }
    let folder = |place| !matches!(place, Place::File(..) | Place::Attachment(..));
    place_of(tag, key).is_some_and(folder)
}

/// The folder of the tool called `name`, if it is shown here: that of learning paths holds packages, not items.
fn tool(name: &[u8]) -> Option<Place> {
    Tree::tool(name).filter(|place| is_ours(*place))
}

fn is_ours(tool: Place) -> bool {
    tool != Place::Tool("Learnpath")
}

/// Reads the tree of the course with the number `course`, whose documents are `documents`.
fn load(session: &dyn Session, course: u32, documents: &DocumentTree) -> Result<Tree, FsError> {
    let row = session.row("SELECT * FROM course WHERE id = ?", &[i64::from(course).into()])?;
    Ok(Tree::load(session, row.ok_or(FsError::NotFound)?, keys_by_path(documents))?)
}

/// Reads the tree of a course as it is in the transaction of `session`.
fn load_now(session: &dyn Session, course: u32) -> Result<Tree, FsError> {
    load(session, course, &DocumentTree::load(session, course.into())?)
}

/// The bytes of the file of an item.
fn bytes(tree: &Tree, file: Place) -> Result<Vec<u8>, FsError> {
    crate::forms::write(tree, file).ok_or(FsError::NotFound)
}

/// Keys of documents by their paths.
fn keys_by_path(documents: &DocumentTree) -> HashMap<Vec<u8>, i64> {
    fn add(documents: &DocumentTree, folder: Option<i64>, path: &[u8], found: &mut HashMap<Vec<u8>, i64>) {
        for document in documents.children(folder) {
            let own = if path.is_empty() { document.name.to_vec() } else { [path, &document.name].join(&b'/') };
            if document.folder {
                add(documents, Some(document.iid), &own, found);
            }
            found.insert(own, document.iid);
        }
    }
    let mut found = HashMap::with_capacity(documents.len());
    add(documents, None, b"", &mut found);
    found
}

/// The tree of a course with the number `course` as it is now, which is kept.
fn tree_now(portal: &Portal, snapshots: &Snapshots, kept: &Kept, course: u32) -> Result<Arc<CourseTree>, FsError> {
    let moment = moment(portal, snapshots, kept, course)?;
    if let Some(tree) = kept.get(course, moment) {
        return Ok(tree);
    }
    let documents = snapshots.tree(portal, course)?;
    let tree = portal.database().read(|session| load(session, course, &documents.read()))?;
    Ok(kept.keep(course, moment, tree))
}

fn moment(portal: &Portal, snapshots: &Snapshots, kept: &Kept, course: u32) -> Result<Moment, DatabaseError> {
    Ok(Moment {
        foreign: portal.database().foreign_counter()?,
        items: kept.changes(course),
        documents: snapshots.document_changes(course),
    })
}

/// Names in a folder and what they lead to.
type Names = Vec<(Vec<u8>, Node)>;

impl PortalFs {
    /// The tree of the tools' folders of a course, as it is now.
    fn tools_of(&self, course: u32) -> Result<Arc<CourseTree>, FsError> {
        self.course(course)?;
        tree_now(&self.portal, &self.snapshots, &self.tools.kept, course)
    }

    fn moment(&self, course: u32) -> Result<Moment, DatabaseError> {
        moment(&self.portal, &self.snapshots, &self.tools.kept, course)
    }

    /// A course, with what reads the trees of its documents and tools, so that they are there when somebody comes.
    pub(super) fn reading_ahead(&self, course: &Course) -> Option<Ahead> {
        let Node::Course(number) = Node::course(course.id)? else { return None };
        let (portal, snapshots) = (Arc::clone(&self.portal), Arc::clone(&self.snapshots));
        let kept = Arc::clone(&self.tools.kept);
        let read = move || {
            if let Err(error) = tree_now(&portal, &snapshots, &kept, number) {
                // Whoever asks will be told.
                tracing::debug!("course {number} can't be read ahead: {error}");
            }
        };
        Some((course.clone(), Box::new(read)))
    }

    /// The folder of the tool that is called `name` in a course, if it is shown.
    pub(super) fn tool_folder(&self, course: u32, name: &[u8]) -> Result<Option<Node>, FsError> {
        let Some(place) = tool(name) else { return Ok(None) };
        let node = node_of(course, place);
        let tree = self.tools_of(course)?;
        Ok(node.filter(|_| self.shown_entry(course, &tree, place).is_ok()))
    }

    /// Names and nodes of the tools' folders that a listing of a course shows.
    pub(super) fn tool_folders(&self, course: u32) -> Result<Names, FsError> {
        let tree = self.tools_of(course)?;
        let listed = tree.tree.tools().filter(|entry| is_ours(entry.place));
        let listed = listed.filter_map(|entry| Some((entry.name.clone(), node_of(course, entry.place)?)));
        Ok(self.with_made(Node::Course(course), listed.collect()))
    }

    /// The entries of `folder` and the folders that were made in it and hold nothing yet.
    fn with_made(&self, folder: Node, mut entries: Names) -> Names {
        for (name, node) in self.tools.made.within(folder) {
            if entries.iter().all(|(_, known)| *known != node) {
                entries.push((name, node));
            }
        }
        entries
    }

    /// Whether any tool of a course holds something.
    pub(super) fn has_items(&self, course: u32) -> Result<bool, FsError> {
        Ok(self.tools_of(course)?.tree.tools().any(|entry| is_ours(entry.place)))
    }

    /// What lies in a tool's folder under `name`, or arrives there.
    pub(super) fn tool_entry(&self, folder: Node, name: &[u8]) -> Result<Node, FsError> {
        let Node::Tool(course, tag, key) = folder else { return Err(FsError::NotAFolder) };
        let named = |names: Names| names.into_iter().find(|(known, _)| known == name).map(|(_, node)| node);
        if waiting::kind(folder).is_some() {
            let found = named(self.waiting_entries(folder)?);
            return found.or_else(|| self.arriving(folder, name)).ok_or(FsError::NotFound);
        }
        let place = place_of(tag, key).ok_or(FsError::NotFound)?;
        let tree = self.tools_of(course)?;
        let found = tree.tree.lookup(place, name).filter(|entry| self.is_shown(course, entry));
        let found = found.and_then(|entry| node_of(course, entry.place));
        match found.or_else(|| self.arriving(folder, name)) {
            Some(node) => Ok(node),
            None => named(self.waiting_within(course, place)?).ok_or(FsError::NotFound),
        }
    }

    /// The names and nodes that a listing of a tool's folder shows, and the node of the folder above.
    pub(super) fn tool_entries(&self, folder: Node) -> Result<(Node, Names), FsError> {
        let Node::Tool(course, tag, key) = folder else { return Err(FsError::NotAFolder) };
        if waiting::kind(folder).is_some() {
            return Ok((Node::Course(course), self.waiting_entries(folder)?));
        }
        let place = place_of(tag, key).ok_or(FsError::NotFound)?;
        let tree = self.tools_of(course)?;
        let entry = match self.shown_entry(course, &tree, place) {
            Err(FsError::NotFound) => return self.tools.ghosts.entries(folder).ok_or(FsError::NotFound),
            entry => entry?,
        };
        if entry.what != What::Folder {
            return Err(FsError::NotAFolder);
        }
        let parent = entry.parent.and_then(|parent| node_of(course, parent)).unwrap_or(Node::Course(course));
        let entries = tree.tree.children(place).filter(|entry| entry.listed);
        let entries = entries.filter_map(|entry| Some((entry.name.clone(), node_of(course, entry.place)?)));
        let entries = entries.filter(|(_, node)| !self.tools.aside.contains(*node)).collect();
        let mut entries = self.with_made(folder, entries);
        entries.extend(self.waiting_within(course, place)?);
        Ok((parent, entries))
    }

    /// Whether `entry` is there for users: it holds something or was made, and nobody has set it aside.
    fn is_shown(&self, course: u32, entry: &Entry) -> bool {
        let node = node_of(course, entry.place);
        node.is_some_and(|node| (entry.listed || self.tools.made.contains(node)) && !self.tools.aside.contains(node))
    }

    /// The entry of a place. What was set aside can still be used by those who know it.
    fn shown_entry<'t>(&self, course: u32, tree: &'t CourseTree, place: Place) -> Result<&'t Entry, FsError> {
        let made = || node_of(course, place).is_some_and(|node| self.tools.made.contains(node));
        tree.tree.entry(place).filter(|entry| entry.listed || made()).ok_or(FsError::NotFound)
    }

    /// The attributes of what lies in a tool's folder.
    pub(super) fn tool_attributes(&self, node: Node) -> Result<Attributes, FsError> {
        let Node::Tool(course, tag, key) = node else { return Err(FsError::NotFound) };
        if waiting::kind(node).is_some() {
            return self.waiting_attributes(node);
        }
        let place = place_of(tag, key).ok_or(FsError::NotFound)?;
        let tree = self.tools_of(course)?;
        let entry = match self.shown_entry(course, &tree, place) {
            Err(FsError::NotFound) => return self.ghost_attributes(node),
            entry => entry?,
        };
        let above = self.attributes(Node::Course(course))?;
        let changed = crate::backup::unix_time(entry.changed.as_bytes()).unwrap_or(above.mtime.seconds);
        match entry.what {
            What::Folder => {
                let below =
                    tree.tree.children(place).filter_map(|entry| crate::backup::unix_time(entry.changed.as_bytes()));
                let time = Time::at(below.chain([changed]).max().unwrap_or(changed));
                Ok(Attributes { mtime: time, ctime: time, atime: time, ..above.for_node(node) })
            }
            What::File => {
                let size = tree.size(place, |tree| bytes(tree, place))?;
                Ok(above.archive(node, size, changed, self.options.writable))
            }
            What::Attachment => {
                let stat = self.course_folder(course)?.stat(&stored_path(&tree.tree, place)?);
                let stat = stat.map_err(FsError::from_lookup)?;
                let found = Attributes::of_stat(node, &stat).filter(|found| !found.folder).ok_or(FsError::NotFound)?;
                Ok(self.owned(Attributes { mode: found.mode | above.mode & 0o444, ..found }))
            }
            What::Package => Err(FsError::NotFound),
        }
    }

    /// Opens a file in a tool's folder for reading.
    pub(super) fn open_tool_file(&self, node: Node) -> Result<OpenFile, FsError> {
        let Node::Tool(course, tag, key) = node else { return Err(FsError::NotFound) };
        if waiting::kind(node).is_some() {
            return self.open_waiting(node);
        }
        let place = place_of(tag, key).ok_or(FsError::NotFound)?;
        let tree = self.tools_of(course)?;
        let entry = match self.shown_entry(course, &tree, place) {
            Err(FsError::NotFound) => return self.open_ghost(node),
            entry => entry?,
        };
        match entry.what {
            What::Folder => Err(FsError::IsAFolder),
            What::File => Ok(OpenFile::Bytes(tree.bytes(place, |tree| bytes(tree, place))?)),
            What::Attachment => {
                let path = stored_path(&tree.tree, place)?;
                let file: File = self.course_folder(course)?.open_file(&path).map_err(FsError::from_lookup)?;
                Ok(OpenFile::Stored(file))
            }
            What::Package => Err(FsError::NotFound),
        }
    }
}

/// The path of an attachment's file below the course's folder.
fn stored_path(tree: &Tree, attachment: Place) -> Result<Vec<u8>, FsError> {
    tree.stored_file(attachment).and_then(attachments::plain_path).ok_or(FsError::NotFound)
}
