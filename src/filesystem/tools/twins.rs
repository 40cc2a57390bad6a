//! Folders that turn out to be another: one was made by `mkdir`, and then the course's backup, or the page of another
//! folder, brought the one that was meant.
//!
//! Programs that copy a course make folders before what is in them, while its backup is being restored beside. What was
//! made by `mkdir` has nothing but its name. As long as that is so, a folder that comes and takes the name is the one that
//! was meant: it gets what was put into the other, which goes. Whoever still knows that one by its number goes on with
//! the folder that took its place.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::course::Course;
use crate::forms::declared::FORMS;
use crate::forms::form::Home;
use crate::forms::{self, Place, StoreError, Tree};
use crate::portal::database::Session;

use super::super::{FsError, Node, PortalFs};
use super::{bytes, node_of, place_of};

/// Folders of which something is remembered.
const KEPT: usize = 1000;

#[derive(Default)]
struct State {
    /// Folders that have nothing but their names, with their places.
    bare: HashMap<Node, (Node, Vec<u8>)>,
    /// Folders that went, and those that were meant.
    meant: HashMap<Node, Node>,
}

/// Folders made by `mkdir`, and what became of them.
#[derive(Default)]
pub(super) struct Twins(Mutex<State>);

impl Twins {
    /// `node` was made in `folder` with nothing but the name `name`.
    pub fn add(&self, node: Node, (folder, name): (Node, &[u8])) {
        let mut state = self.lock();
        if state.bare.len() >= KEPT {
            state.bare.clear();
        }
        state.bare.insert(node, (folder, name.to_vec()));
    }

    /// `node` has a page of its own.
    pub fn has_page(&self, node: Node) {
        self.lock().bare.remove(&node);
    }

    fn of(&self, course: u32) -> Vec<(Node, Node, Vec<u8>)> {
        let state = self.lock();
        let of = state.bare.iter().filter(|(node, _)| node.course_number() == course);
        of.map(|(node, (folder, name))| (*node, *folder, name.clone())).collect()
    }

    fn went(&self, node: Node, to: Node) {
        let mut state = self.lock();
        if state.meant.len() >= KEPT {
            state.meant.clear();
        }
        state.bare.remove(&node);
        state.meant.insert(node, to);
    }

    /// `node` did not go after all.
    fn stays(&self, node: Node) {
        self.lock().meant.remove(&node);
    }

    /// What `node` stands for by now.
    pub fn meant(&self, node: Node) -> Node {
        let state = self.lock();
        let mut node = node;
        // A folder may go after others have gone for it.
        for _ in 0..8 {
            match state.meant.get(&node) {
                Some(meant) => node = *meant,
                None => break,
            }
        }
        node
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PortalFs {
    /// Lets folders of a course that have nothing but their names become those that have come since.
    pub(super) fn settle_twins(&self, course: u32) {
        for (node, folder, name) in self.tools.twins.of(course) {
            if let Err(error) = self.settle_twin(course, node, (self.arrived(folder), &name)) {
                let name = String::from_utf8_lossy(&name);
                tracing::warn!("course {course}: there are two folders {name}: {error}");
                self.tools.twins.has_page(node);
            }
        }
    }

    fn settle_twin(&self, course: u32, node: Node, (folder, name): (Node, &[u8])) -> Result<(), FsError> {
        let (Node::Tool(_, tag, key), Node::Tool(_, above_tag, above)) = (node, folder) else { return Ok(()) };
        let (own, above) = (place_of(tag, key), place_of(above_tag, above));
        let (Some(own), Some(above)) = (own, above) else { return Ok(()) };
        let found = |tree: &Tree| {
            tree.entry(own)?;
            let other = tree.lookup(above, name).map(|entry| entry.place)?;
            matches!(other, Place::Folder(..)).then_some(other).filter(|other| *other != own)
        };
        if found(&self.tools_of(course)?.tree).is_none() {
            return Ok(());
        }
        let mut gone = Vec::new();
        let settled = self.change_tools(course, |session, found_course, tree| {
            let mut went = Vec::new();
            if let Some(other) = found(&tree.tree) {
                self.absorb(session, found_course, &tree.tree, (own, other), &mut went)?;
            }
            // Before anybody can see that the folders are gone.
            for (from, to) in went {
                if let (Some(from), Some(to)) = (node_of(course, from), node_of(course, to)) {
                    self.tools.twins.went(from, to);
                    gone.push(from);
                }
            }
            Ok(())
        });
        if settled.is_err() {
            gone.into_iter().for_each(|node| self.tools.twins.stays(node));
        }
        settled
    }

    /// Puts what lies in the folder `from` into the folder `to` and deletes `from`. What `to` has already is not put
    /// there twice. `went` is told of each folder that is deleted, and of what took its place.
    fn absorb(
        &self,
        session: &dyn Session,
        course: &Course,
        tree: &Tree,
        (from, to): (Place, Place),
        went: &mut Vec<(Place, Place)>,
    ) -> Result<(), FsError> {
        let (Place::Folder(kind, row), Place::Folder(to_kind, to_row)) = (from, to) else { return Ok(()) };
        if kind != to_kind {
            return Ok(());
        }
        let stamp = self.stamp();
        for entry in tree.children(from) {
            let there = tree.lookup(to, &entry.name).map(|entry| entry.place);
            match (entry.place, there) {
                (Place::File(own, of), _) if (own, of) == (kind, row) => {}
                (Place::Folder(..), Some(there @ Place::Folder(..))) => {
                    self.absorb(session, course, tree, (entry.place, there), went)?;
                }
                (Place::Folder(own, of), _) => {
                    let form = FORMS.iter().find(|form| form.kind == own);
                    let table = form.and_then(|form| form.kind()).map(|kind| &kind.table);
                    if let (Some(Home::Below(column, _) | Home::Inside(column, _)), Some(table)) =
                        (form.map(|form| form.home), table)
                    {
                        let sql = format!("UPDATE `{}` SET `{column}` = ? WHERE `{}` = ?", table.name, table.key);
                        session.execute(&sql, &[to_row.into(), of.into()])?;
                    }
                }
                (file @ Place::File(..), Some(there)) if bytes(tree, file)? == bytes(tree, there)? => {
                    forms::remove(session, course, tree, file)?;
                }
                (file @ Place::File(..), _) => {
                    let content = bytes(tree, file)?;
                    let drafts = forms::read(tree, to, &entry.name, &content, &stamp).map_err(StoreError::from)?;
                    for draft in drafts.into_iter().take(1) {
                        forms::store::update(session, course, &stamp, tree, file, draft)?;
                    }
                }
                (Place::Tool(_) | Place::Shelf(..) | Place::Attachments(..) | Place::Attachment(..), _) => {}
            }
        }
        forms::remove(session, course, tree, Place::File(kind, row))?;
        went.push((from, to));
        Ok(())
    }

    /// The item at `place` is there instead of the one with the key `old`: who knows the folder of that one's attachments
    /// by its number goes on with those of the new one.
    pub(super) fn keeps_attachments(&self, course: u32, old: i64, place: Place) {
        let Place::File(kind, key) = place else { return };
        let attachments = |key| node_of(course, Place::Attachments(kind, key));
        if let (Some(from), Some(to)) = (attachments(old), attachments(key)) {
            self.tools.twins.went(from, to);
        }
    }

    /// Does what may have become possible because something was taken into a course.
    pub(in super::super) fn something_came(&self, course: u32) {
        self.settle_twins(course);
        self.settle_waiting(course);
        self.settle_references(course);
    }
}
