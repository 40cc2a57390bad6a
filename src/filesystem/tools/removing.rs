//! Items removed: a file that is deleted empties its item as Chamilo's CourseRecycler does, with all that depends on it
//! and with its files, which CourseRecycler leaves behind.
//!
//! `rm -r` has read what a folder holds before it removes the first of it. An item takes its attachments along, so what
//! was in their folder stays to be read and removed, for a while, by name only, and for the process that removed the item
//! ([`Ghosts`]): `mv` to another course removes an item before it copies its attachments. For all others the names are
//! free, and for that process too as soon as something new has them. The page of an item that is a
//! folder can't be removed for itself: it goes when the folder does, and until then is away for who removed it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::forms::{self, Place, StoredFile, Tree, What};
use crate::portal::crash;
use crate::portal::storage::Folder;

use super::super::{Attributes, FsError, Node, OpenFile, PortalFs};
use super::{Names, node_of, place_of, stored_path, tool};

/// How long what went with an item can still be read and removed by name.
const REMOVABLE: Duration = Duration::from_secs(300);

/// The most attachments of removed items that are kept open; older ones can only be removed.
const MOST_OPEN: usize = 256;

/// The folder of attachments of an item that was removed.
struct Ghost {
    /// Where it was, and its name there.
    place: (Node, Vec<u8>),
    since: Instant,
    /// The process that removed the item.
    by: u32,
    /// The files in it.
    files: BTreeMap<Vec<u8>, GhostFile>,
}

/// An attachment that went with its item.
struct GhostFile {
    node: Node,
    /// What it holds, as long as it can be read.
    content: Option<File>,
}

/// Folders of attachments that went with their items, by their nodes.
#[derive(Default)]
pub(super) struct Ghosts(Mutex<HashMap<Node, Ghost>>);

impl Ghosts {
    fn add(&self, node: Node, place: (Node, Vec<u8>), files: BTreeMap<Vec<u8>, GhostFile>, by: u32) {
        let mut ghosts = self.lock();
        ghosts.retain(|_, ghost| ghost.since.elapsed() < REMOVABLE);
        ghosts.insert(node, Ghost { place, since: Instant::now(), by, files });
        let mut by_age: Vec<&mut Ghost> = ghosts.values_mut().collect();
        by_age.sort_by_key(|ghost| ghost.since.elapsed());
        let files = by_age.into_iter().flat_map(|ghost| ghost.files.values_mut());
        files.filter(|file| file.content.is_some()).skip(MOST_OPEN).for_each(|file| file.content = None);
    }

    /// What a file among them holds; `None` for other nodes.
    fn content(&self, node: Node) -> Option<io::Result<File>> {
        let ghosts = self.lock();
        let mut files = ghosts.values().flat_map(|ghost| ghost.files.values());
        files.find(|file| file.node == node)?.content.as_ref().map(File::try_clone)
    }

    /// What had the name `name` in `folder`, for the process `caller`.
    fn find(&self, folder: Node, name: &[u8], caller: u32) -> Option<Node> {
        let ghosts = self.lock();
        if let Some(ghost) = ghosts.get(&folder) {
            return ghost.files.get(name).map(|file| file.node);
        }
        let of_caller = |ghost: &Ghost| ghost.by == caller && ghost.since.elapsed() < REMOVABLE;
        let found = ghosts.iter().find(|(_, ghost)| ghost.place.0 == folder && ghost.place.1 == name);
        found.filter(|(_, ghost)| of_caller(ghost)).map(|(node, _)| *node)
    }

    /// The folder above `folder` and the names in it.
    pub fn entries(&self, folder: Node) -> Option<(Node, Names)> {
        let ghosts = self.lock();
        let ghost = ghosts.get(&folder)?;
        Some((ghost.place.0, ghost.files.iter().map(|(name, file)| (name.clone(), file.node)).collect()))
    }

    /// Whether `node` is such a folder (true) or a file in one.
    pub fn kind(&self, node: Node) -> Option<bool> {
        let ghosts = self.lock();
        if ghosts.contains_key(&node) {
            return Some(true);
        }
        ghosts.values().any(|ghost| ghost.files.values().any(|file| file.node == node)).then_some(false)
    }

    fn remove_file(&self, folder: Node, name: &[u8]) -> bool {
        self.lock().get_mut(&folder).is_some_and(|ghost| ghost.files.remove(name).is_some())
    }

    /// Removes the folder `name` in `folder`; `None` if there is no such one.
    fn remove_folder(&self, folder: Node, name: &[u8]) -> Option<Result<(), FsError>> {
        let mut ghosts = self.lock();
        let found = ghosts.iter().find(|(_, ghost)| ghost.place.0 == folder && ghost.place.1 == name);
        let (node, empty) = found.map(|(node, ghost)| (*node, ghost.files.is_empty()))?;
        if !empty {
            return Some(Err(FsError::NotEmpty));
        }
        ghosts.remove(&node);
        Some(Ok(()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Node, Ghost>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PortalFs {
    /// What had the name `name` in the folder `parent` of a tool and can still be removed by the process `caller`; `None`
    /// if something has it now.
    pub(in super::super) fn ghost(&self, parent: Node, name: &[u8], caller: u32) -> Option<Node> {
        let Node::Tool(course, tag, key) = parent else { return None };
        let taken = self
            .tools_of(course)
            .is_ok_and(|tree| place_of(tag, key).is_some_and(|folder| tree.tree.lookup(folder, name).is_some()));
        if taken { None } else { self.tools.ghosts.find(parent, name, caller) }
    }

    /// Removes the file `name` in the folder `parent` of a tool, in the name of the process `caller`.
    pub(in super::super) fn remove_tool_file(&self, parent: Node, name: &[u8], caller: u32) -> Result<(), FsError> {
        let Node::Tool(course, tag, key) = parent else { return Err(FsError::NotAFolder) };
        if self.ghost(parent, name, caller).is_some() && self.tools.ghosts.remove_file(parent, name) {
            return Ok(());
        }
        if super::waiting::kind(parent).is_some() {
            return self.remove_waiting_file(parent, name);
        }
        let folder = place_of(tag, key).ok_or(FsError::NotFound)?;
        let tree = self.tools_of(course)?;
        let entry = tree.tree.lookup(folder, name).filter(|entry| entry.listed).ok_or(FsError::NotFound)?;
        match (entry.what, entry.place, folder) {
            (What::Folder, ..) => Err(FsError::IsAFolder),
            (What::File, Place::File(kind, row), Place::Folder(own, of)) if (kind, row) == (own, of) => {
                self.absent.removed(parent, name, caller);
                Ok(())
            }
            (What::File, file, _) => self.remove_item(course, file, Some(caller)),
            (What::Attachment, attachment, _) => self.remove_attachment(course, attachment),
            (What::Package, ..) => Err(FsError::ReadOnly),
        }
    }

    /// Removes the item of a file with all that depends on it. The process `caller` may go on to remove what went with it.
    pub(super) fn remove_item(&self, course: u32, file: Place, caller: Option<u32>) -> Result<(), FsError> {
        let Place::File(kind, key) = file else { return Err(FsError::NotFound) };
        let attachments = Place::Attachments(kind, key);
        self.before_removal(course)?;
        let top = self.course_folder(course)?;
        let removed = self.change_tools(course, |session, found, tree| {
            let tree = &tree.tree;
            let files: Vec<StoredFile> =
                tree.children(attachments).filter_map(|entry| tree.stored_file(entry.place).cloned()).collect();
            forms::remove(session, found, tree, file)?;
            self.tools.kept.removed.add(course, tree, file);
            crash::point("item-removed");
            Ok((folders_of(course, tree, file), ghost(course, &top, tree, attachments), files))
        });
        let (folders, ghost, files) = removed?;
        crash::point("item-gone");
        self.remove_stored(course, &files);
        if let (Some((node, place, files)), Some(caller)) = (ghost, caller) {
            self.tools.ghosts.add(node, place, files, caller);
        }
        for (node, above, name) in folders {
            // Whoever empties a folder goes on to see it.
            self.tools.made.show(node, (above, &name));
        }
        Ok(())
    }

    /// Removes the folder `name` in a course or in the folder `parent` of a tool, in the name of the process `caller`; it
    /// has to be empty.
    pub(in super::super) fn remove_tool_folder(&self, parent: Node, name: &[u8], caller: u32) -> Result<(), FsError> {
        let course = parent.course_number();
        let tree = self.tools_of(course)?;
        let top = self.course_folder(course)?;
        // An attachment whose file is missing is not shown.
        let shown = |place: &Place| match place {
            Place::Attachment(..) => stored_path(&tree.tree, *place).is_ok_and(|path| top.stat(&path).is_ok()),
            _ => true,
        };
        let listed = |place: Place| {
            tree.tree.children(place).filter(|entry| entry.listed).map(|entry| entry.place).filter(shown)
        };
        if let Node::Course(_) = parent {
            let place = tool(name).ok_or(FsError::NotFound)?;
            if listed(place).next().is_some() {
                return Err(FsError::NotEmpty);
            }
            let shown = node_of(course, place).is_some_and(|node| self.tools.made.hide(node));
            return if shown { Ok(()) } else { Err(FsError::NotFound) };
        }
        if self.ghost(parent, name, caller).is_some()
            && let Some(outcome) = self.tools.ghosts.remove_folder(parent, name)
        {
            return outcome;
        }
        let Node::Tool(_, tag, key) = parent else { return Err(FsError::NotAFolder) };
        let folder = place_of(tag, key).ok_or(FsError::NotFound)?;
        if let Some((_, node)) = self.waiting_within(course, folder)?.into_iter().find(|(known, _)| known == name) {
            return self.remove_waiting_folder(node);
        }
        let place = tree.tree.lookup(folder, name).ok_or(FsError::NotFound)?.place;
        match place {
            Place::Folder(kind, row) => {
                let (page, files) = (Place::File(kind, row), Place::Attachments(kind, row));
                if listed(place).any(|place| place != page && place != files) || listed(files).next().is_some() {
                    return Err(FsError::NotEmpty);
                }
                self.remove_item(course, page, Some(caller))
            }
            Place::Tool(_) | Place::Shelf(..) | Place::Attachments(..) if listed(place).next().is_some() => {
                Err(FsError::NotEmpty)
            }
            Place::Tool(_) | Place::Shelf(..) | Place::Attachments(..) => {
                node_of(course, place).map(|node| self.tools.made.hide(node));
                Ok(())
            }
            Place::File(..) | Place::Attachment(..) => Err(FsError::NotAFolder),
        }
    }

    /// The attributes of what went with an item and can still be removed.
    pub(super) fn ghost_attributes(&self, node: Node) -> Result<Attributes, FsError> {
        let folder = self.tools.ghosts.kind(node).ok_or(FsError::NotFound)?;
        let above = self.attributes(Node::Course(node.course_number()))?;
        if folder {
            return Ok(above.for_node(node));
        }
        match self.tools.ghosts.content(node) {
            Some(file) => {
                let stat = rustix::fs::fstat(file?).map_err(io::Error::from)?;
                Attributes::of_stat(node, &stat).map(|found| self.owned(found)).ok_or(FsError::NotFound)
            }
            None => Ok(above.archive(node, 0, above.mtime.seconds, true)),
        }
    }

    /// Opens an attachment that went with its item.
    pub(super) fn open_ghost(&self, node: Node) -> Result<OpenFile, FsError> {
        Ok(OpenFile::Stored(self.tools.ghosts.content(node).ok_or(FsError::NotFound)??))
    }
}

/// The folders above `place` that stand for no row, with what they lie in and their names.
fn folders_of(course: u32, tree: &Tree, place: Place) -> Vec<(Node, Node, Vec<u8>)> {
    let parent = |place: &Place| tree.entry(*place).and_then(|entry| entry.parent);
    let above = std::iter::successors(parent(&place), parent);
    let folders = above.filter(|place| matches!(place, Place::Tool(_) | Place::Shelf(..)));
    let found = folders.filter_map(|folder| {
        let entry = tree.entry(folder)?;
        let above = entry.parent.map_or(Some(Node::Course(course)), |above| node_of(course, above))?;
        Some((node_of(course, folder)?, above, entry.name.clone()))
    });
    found.collect()
}

/// The folder of attachments as it was: its node, its place and the files in it. `None` if it holds nothing.
type Was = (Node, (Node, Vec<u8>), BTreeMap<Vec<u8>, GhostFile>);

fn ghost(course: u32, top: &Folder, tree: &Tree, attachments: Place) -> Option<Was> {
    let entry = tree.entry(attachments).filter(|entry| entry.listed)?;
    let files = tree.children(attachments).filter_map(|file| {
        let content = stored_path(tree, file.place).ok().and_then(|path| top.open_file(&path).ok());
        Some((file.name.clone(), GhostFile { node: node_of(course, file.place)?, content }))
    });
    Some((node_of(course, attachments)?, (node_of(course, entry.parent?)?, entry.name.clone()), files.collect()))
}
