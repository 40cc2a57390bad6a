//! What was read of the tools of courses, kept while nobody changes it: the trees of their folders, and the bytes of the
//! files looked at last.
//!
//! A tree is read anew when somebody else committed ([`foreign_counter`](crate::portal::database::Database)), when an
//! item of the course was changed through the mount, or one of its documents, which items refer to by path. Memory is
//! bounded by what the trees kept hold, not by what was ever walked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::course::item::{Items, Record};
use crate::forms::{Place, Tree};

use super::gone::Removed;

/// Bytes of rows in all kept trees together; the course used last is kept whatever its size.
const ROWS_KEPT: usize = 64 << 20;

/// Bytes of the files kept of one course.
const BYTES_KEPT: usize = 4 << 20;

/// What a row costs besides its texts.
const ROW: usize = 1000;

/// At which states of database and course something was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What others committed.
    pub foreign: u64,
    /// Changes of the course's items through this file system.
    pub items: u64,
    /// Changes of names of the course's documents through this file system.
    pub documents: u64,
}

/// The tree of a course at one moment.
pub struct CourseTree {
    /// The tree.
    pub tree: Tree,
    moment: Moment,
    weight: usize,
    files: Mutex<Files>,
}

/// Sizes of all files that were looked at, and the bytes of some.
#[derive(Default)]
struct Files {
    sizes: HashMap<Place, u64>,
    bytes: HashMap<Place, Arc<[u8]>>,
    kept: usize,
}

impl CourseTree {
    /// Whether it is still what it was at `moment`.
    pub fn is_of(&self, moment: Moment) -> bool {
        self.moment == moment
    }

    /// The bytes of `file`, made by `make` if they are not kept.
    pub fn bytes<E>(&self, file: Place, make: impl FnOnce(&Tree) -> Result<Vec<u8>, E>) -> Result<Arc<[u8]>, E> {
        if let Some(bytes) = lock(&self.files).bytes.get(&file) {
            return Ok(Arc::clone(bytes));
        }
        let bytes: Arc<[u8]> = make(&self.tree)?.into();
        let mut files = lock(&self.files);
        files.sizes.insert(file, bytes.len() as u64);
        if bytes.len() <= BYTES_KEPT {
            if files.kept + bytes.len() > BYTES_KEPT {
                files.bytes.clear();
                files.kept = 0;
            }
            files.kept += bytes.len();
            files.bytes.insert(file, Arc::clone(&bytes));
        }
        Ok(bytes)
    }

    /// The size of `file`.
    pub fn size<E>(&self, file: Place, make: impl FnOnce(&Tree) -> Result<Vec<u8>, E>) -> Result<u64, E> {
        if let Some(size) = lock(&self.files).sizes.get(&file) {
            return Ok(*size);
        }
        Ok(self.bytes(file, make)?.len() as u64)
    }
}

#[derive(Default)]
struct State {
    trees: HashMap<u32, Arc<CourseTree>>,
    /// Courses, those used last at the end.
    recent: Vec<u32>,
    /// How often the items of a course were changed through this file system.
    changes: HashMap<u32, u64>,
}

/// The kept trees of a portal.
#[derive(Default)]
pub struct Kept {
    state: Mutex<State>,
    /// Where removed items were.
    pub removed: Removed,
}

impl Kept {
    /// How often the items of `course` were changed through this file system.
    pub fn changes(&self, course: u32) -> u64 {
        lock(&self.state).changes.get(&course).copied().unwrap_or(0)
    }

    /// The items of `course` are changed: before the transaction, and after it.
    pub fn changed(&self, course: u32) {
        *lock(&self.state).changes.entry(course).or_default() += 1;
    }

    /// The tree of `course` if it is still what it was at `moment`.
    pub fn get(&self, course: u32, moment: Moment) -> Option<Arc<CourseTree>> {
        let mut state = lock(&self.state);
        let tree = state.trees.get(&course).filter(|tree| tree.moment == moment).cloned()?;
        state.use_now(course);
        Some(tree)
    }

    /// Keeps the tree of `course`, which was read at `moment` or later.
    pub fn keep(&self, course: u32, moment: Moment, mut tree: Tree) -> Arc<CourseTree> {
        tree.remember(self.removed.of(course));
        let weight = weight(tree.items());
        let tree = Arc::new(CourseTree { tree, moment, weight, files: Mutex::default() });
        let mut state = lock(&self.state);
        state.trees.insert(course, Arc::clone(&tree));
        state.use_now(course);
        let mut kept: usize = state.trees.values().map(|tree| tree.weight).sum();
        while kept > ROWS_KEPT && state.recent.len() > 1 {
            let oldest = state.recent.remove(0);
            kept -= state.trees.remove(&oldest).map_or(0, |tree| tree.weight);
        }
        tree
    }
}

impl State {
    fn use_now(&mut self, course: u32) {
        if self.recent.last() != Some(&course) {
            self.recent.retain(|other| *other != course);
            self.recent.push(course);
        }
    }
}

/// About how many bytes items take.
fn weight(items: &Items) -> usize {
    fn of(record: &Record) -> usize {
        let own: usize = record.iter().map(|(_, value)| value.as_text().len()).sum();
        own + ROW + record.children.iter().flatten().map(of).sum::<usize>()
    }
    items.iter().flat_map(|(_, items)| items).map(|item| of(&item.record)).sum()
}

/// The guarded values are tables that no panic can leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
