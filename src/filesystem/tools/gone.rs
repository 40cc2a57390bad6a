//! Where removed items were, so that references to them can still be read as paths.
//!
//! `mv` to another course removes one item after the other. What refers to those that went first is read when they are
//! gone, and the other course is to learn what it referred to. In the database such a reference leads to nothing, as if
//! Chamilo had removed the item, until an item comes to the place of the old one: programs that replace a file may remove
//! it first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::course::successor;
use crate::forms::tree::Target;
use crate::forms::{Gone, Place, Tree};

use super::super::{FsError, PortalFs};

/// The kind of learning paths.
const PATH: &str = "learnpath";

/// Rows that are remembered of one course; with more of them all are forgotten.
const KEPT: usize = 100_000;

/// Rows of removed items by course, for as long as the file system lives.
#[derive(Default)]
pub struct Removed(Mutex<HashMap<u32, Arc<Gone>>>);

impl Removed {
    /// The item of `file` in `tree` is removed from `course`.
    pub fn add(&self, course: u32, tree: &Tree, file: Place) {
        let targets = tree.targets_of(file);
        let mut courses = self.lock();
        let gone = Arc::make_mut(courses.entry(course).or_default());
        if gone.values().map(HashMap::len).sum::<usize>() + targets.len() > KEPT {
            gone.clear();
        }
        for (table, key, target) in targets {
            gone.entry(table).or_default().insert(key, target);
        }
    }

    /// What is remembered of `course`.
    pub fn of(&self, course: u32) -> Arc<Gone> {
        self.lock().get(&course).cloned().unwrap_or_default()
    }

    /// Takes the rows of `course` that were told at `path`.
    fn take(&self, course: u32, path: &[u8]) -> Vec<(&'static str, i64, Target)> {
        let mut courses = self.lock();
        let Some(gone) = courses.get_mut(&course).filter(|gone| has(gone, path)) else { return Vec::new() };
        let mut taken = Vec::new();
        for (table, rows) in Arc::make_mut(gone) {
            rows.retain(|key, target| {
                let stays = target.0 != path;
                if !stays {
                    taken.push((*table, *key, target.clone()));
                }
                stays
            });
        }
        taken
    }

    /// The course is deleted.
    pub fn course_gone(&self, course: u32) {
        self.lock().remove(&course);
    }

    /// The guarded value is a table that no panic can leave half changed.
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Arc<Gone>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether rows were told at `path`.
fn has(gone: &Gone, path: &[u8]) -> bool {
    gone.values().flat_map(HashMap::values).any(|(known, _)| known == path)
}

impl PortalFs {
    /// The learning path with the key `key` has come.
    pub(in super::super) fn path_came(&self, course: u32, key: i64) -> Result<(), FsError> {
        self.lead_to(course, Place::File(PATH, key))
    }

    /// The learning path with the key `key` is about to be removed.
    pub(in super::super) fn path_goes(&self, course: u32, key: i64) -> Result<(), FsError> {
        let tree = self.tools_of(course)?;
        self.tools.kept.removed.add(course, &tree.tree, Place::File(PATH, key));
        Ok(())
    }

    /// A new item has come to `place`: what led to one that was there before leads to it.
    pub(super) fn lead_to(&self, course: u32, place: Place) -> Result<(), FsError> {
        let tree = self.tools_of(course)?;
        let Some(path) = tree.tree.path(place) else { return Ok(()) };
        let taken = self.tools.kept.removed.take(course, &path);
        if taken.is_empty() {
            return Ok(());
        }
        let own = place.row();
        let replaced = self.change_tools(course, |session, found, tree| {
            let mut replaced = None;
            for (table, old, (path, fragment)) in &taken {
                let new = tree.tree.resolve(path, fragment.as_deref()).filter(|(known, _)| known == table);
                if let Some((_, new)) = new.filter(|(_, new)| new != old && !tree.tree.is_there(table, *old)) {
                    successor::succeed(session, found, table, (*old, new))?;
                    if own == Some((*table, new)) {
                        replaced = Some(*old);
                    }
                }
            }
            Ok(replaced)
        })?;
        if let Some(old) = replaced {
            self.keeps_attachments(course, old, place);
        }
        Ok(())
    }
}
