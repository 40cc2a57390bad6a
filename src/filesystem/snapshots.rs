//! What was read from the database, kept while nothing was committed: the list of courses, and the document trees of
//! the courses walked last.
//!
//! Memory is bounded by the number of documents kept, not by what was ever walked.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use crate::course::Course;
use crate::course::document::DocumentTree;
use crate::portal::Portal;
use crate::portal::database::{DatabaseError, DatabaseExt};

use super::Node;

/// Documents kept in all trees together; a tree costs about 150 bytes a document.
const DOCUMENTS_KEPT: usize = 250_000;

/// The courses at one moment.
#[derive(Debug, Default)]
pub struct Courses {
    by_number: HashMap<u32, Course>,
    by_name: BTreeMap<Vec<u8>, u32>,
}

impl Courses {
    fn new(courses: Vec<Course>) -> Courses {
        let mut found = Courses::default();
        for course in courses {
            let name = course.code.clone();
            let shown = String::from_utf8_lossy(&name);
            let Some(Node::Course(number)) = Node::course(course.id) else {
                warn!("course {shown} is not shown: its number {} is out of range", course.id);
                continue;
            };
            if !course.has_folder_name() {
                warn!("course {shown:?} (number {number}) is not shown: its code is no folder name");
                continue;
            }
            found.by_name.insert(name, number);
            found.by_number.insert(number, course);
        }
        found
    }

    /// The course with the number `number`.
    pub fn get(&self, number: u32) -> Option<&Course> {
        self.by_number.get(&number)
    }

    /// The number of the course whose folder is called `name`.
    pub fn named(&self, name: &[u8]) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// Folder names and numbers in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.by_name.iter().map(|(name, number)| (name.as_slice(), *number))
    }
}

#[derive(Default)]
struct State {
    counter: Option<u64>,
    courses: Option<Arc<Courses>>,
    trees: HashMap<u32, Arc<DocumentTree>>,
    /// Course numbers, those used last at the end.
    recent: Vec<u32>,
}

/// The kept snapshots of one portal.
#[derive(Default)]
pub struct Snapshots {
    state: Mutex<State>,
}

impl Snapshots {
    /// The courses as they are now.
    pub fn courses(&self, portal: &Portal) -> Result<Arc<Courses>, DatabaseError> {
        let counter = portal.database().change_counter()?;
        if let Some(courses) = self.with(counter, |state| state.courses.clone()) {
            return Ok(courses);
        }
        let courses = Arc::new(Courses::new(portal.database().read(Course::list)?));
        self.with(counter, |state| state.courses = Some(Arc::clone(&courses)));
        Ok(courses)
    }

    /// The documents of a course as they are now.
    pub fn tree(&self, portal: &Portal, course: u32) -> Result<Arc<DocumentTree>, DatabaseError> {
        let counter = portal.database().change_counter()?;
        let kept = self.with(counter, |state| {
            let tree = state.trees.get(&course).cloned();
            if tree.is_some() {
                state.recent.retain(|other| *other != course);
                state.recent.push(course);
            }
            tree
        });
        if let Some(tree) = kept {
            return Ok(tree);
        }
        let tree = Arc::new(portal.database().read(|session| DocumentTree::load(session, course.into()))?);
        self.with(counter, |state| {
            state.trees.insert(course, Arc::clone(&tree));
            state.recent.retain(|other| *other != course);
            state.recent.push(course);
            let mut documents: usize = state.trees.values().map(|tree| tree.len()).sum();
            while documents > DOCUMENTS_KEPT && state.recent.len() > 1 {
                if let Some(oldest) = state.trees.remove(&state.recent.remove(0)) {
                    documents -= oldest.len();
                }
            }
        });
        Ok(tree)
    }

    /// Runs `work` on the snapshots of the moment `counter`; older ones are dropped first. What was read while
    /// something was committed is kept under the older number and so read again at the next operation.
    fn with<T>(&self, counter: u64, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.counter != Some(counter) {
            *state = State { counter: Some(counter), ..State::default() };
        }
        work(&mut state)
    }
}
