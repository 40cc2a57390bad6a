//! What was read from the database, kept while nobody else commits: the list of courses, and of the courses walked last
//! their document trees and the rules for what is put into them.
//!
//! A tree follows what this file system itself changes ([`Snapshots::change`]), so that creating ten thousand documents
//! does not read the course ten thousand times. Memory is bounded by the number of documents kept, not by what was ever
//! walked.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use tracing::warn;

use crate::course::Course;
use crate::course::document::{DocumentTree, TreeChange};
use crate::course::rules::DocumentRules;
use crate::portal::Portal;
use crate::portal::database::{DatabaseError, DatabaseExt, Session};

use super::{FsError, Node};

/// Documents kept in all trees together; a tree costs about 250 bytes a document.
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

    /// The course whose folder stands after that of the course with the number `number`.
    pub fn after(&self, number: u32) -> Option<&Course> {
        let name = self.get(number)?.code.as_slice();
        let (_, next) = self.by_name.range::<[u8], _>((Bound::Excluded(name), Bound::Unbounded)).next()?;
        self.get(*next)
    }

    /// Folder names and numbers in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.by_name.iter().map(|(name, number)| (name.as_slice(), *number))
    }
}

/// The documents of a course, as they are from one change to the next.
#[derive(Clone, Debug)]
pub struct SharedTree(Arc<RwLock<DocumentTree>>);

impl SharedTree {
    fn new(tree: DocumentTree) -> SharedTree {
        SharedTree(Arc::new(RwLock::new(tree)))
    }

    /// The documents now. To be let go before anything is changed.
    pub fn read(&self) -> RwLockReadGuard<'_, DocumentTree> {
        // No panic can leave a tree half changed that anybody would see: it is dropped with the mount.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, other: &SharedTree) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn follow(&self, changes: &[TreeChange]) {
        let mut tree = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            tree.follow(change);
        }
    }
}

/// A change of a course's documents that is under way: a transaction, and the documents as it found them.
pub struct Changing<'a> {
    /// The transaction.
    pub session: &'a dyn Session,
    /// The course.
    pub course: &'a Course,
    /// What may be put into it.
    pub rules: &'a DocumentRules,
    tree: SharedTree,
    changes: Vec<TreeChange>,
}

impl Changing<'_> {
    /// The documents at the beginning of the transaction; nobody else changes them before its end.
    pub fn tree(&self) -> RwLockReadGuard<'_, DocumentTree> {
        self.tree.read()
    }

    /// Where `path` of the course's folder lies below `app/courses/`.
    pub fn place(&self, path: &[u8]) -> Vec<u8> {
        [self.course.directory.as_slice(), b"/", path].concat()
    }

    /// The rows of the documents that were entered.
    pub fn entered(&self) -> impl Iterator<Item = i64> + '_ {
        self.changes.iter().filter_map(|change| match change {
            TreeChange::Entered(document) => Some(document.iid),
            _ => None,
        })
    }

    /// Notes that the tree is to follow `change` once the rows are committed.
    pub fn follow(&mut self, change: TreeChange) {
        self.changes.push(change);
    }
}

#[derive(Default)]
struct State {
    counter: Option<u64>,
    /// Moves with every change of our own: what was read beside one is not kept.
    own: u64,
    courses: Option<Arc<Courses>>,
    trees: HashMap<u32, SharedTree>,
    rules: HashMap<u32, Arc<DocumentRules>>,
    /// Course numbers, those used last at the end.
    recent: Vec<u32>,
    /// How often documents of a course came, went or got other names through this file system.
    moved: HashMap<u32, u64>,
}

impl State {
    fn tree(&mut self, course: u32) -> Option<SharedTree> {
        let tree = self.trees.get(&course).cloned()?;
        if self.recent.last() != Some(&course) {
            self.recent.retain(|other| *other != course);
            self.recent.push(course);
        }
        Some(tree)
    }

    fn keep(&mut self, course: u32, tree: &SharedTree) {
        self.trees.insert(course, tree.clone());
        self.recent.retain(|other| *other != course);
        self.recent.push(course);
        let mut documents: usize = self.trees.values().map(|tree| tree.read().len()).sum();
        while documents > DOCUMENTS_KEPT && self.recent.len() > 1 {
            if let Some(oldest) = self.trees.remove(&self.recent.remove(0)) {
                documents -= oldest.read().len();
            }
        }
    }
}

/// What an operation of the kernel's that a thread is about knows of what others have committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The thread is about no such operation: the database is asked each time.
    Nothing,
    /// It has not been asked yet.
    Unasked,
    /// The counter was this.
    Counter(u64),
}

thread_local! {
    static TOLD: Cell<Told> = const { Cell::new(Told::Nothing) };
}

/// An operation that is answered as of one moment: whether others have committed is asked once, at its first look, however
/// often it looks. For operations that change nothing but documents.
#[derive(Debug)]
pub struct Operation {
    /// Not within another one.
    outermost: bool,
}

impl Operation {
    /// Begins one, for this thread.
    pub fn begin() -> Operation {
        let outermost = TOLD.get() == Told::Nothing;
        if outermost {
            TOLD.set(Told::Unasked);
        }
        Operation { outermost }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if self.outermost {
            TOLD.set(Told::Nothing);
        }
    }
}

/// What [`Database::foreign_counter`](crate::portal::database::Database::foreign_counter) is at the moment of the
/// operation that this thread is about, else now.
fn foreign_counter(portal: &Portal) -> Result<u64, DatabaseError> {
    match TOLD.get() {
        Told::Counter(counter) => Ok(counter),
        _ => foreign_counter_now(portal),
    }
}

/// The same now, whatever the operation was told before.
fn foreign_counter_now(portal: &Portal) -> Result<u64, DatabaseError> {
    let counter = portal.database().foreign_counter()?;
    if TOLD.get() != Told::Nothing {
        TOLD.set(Told::Counter(counter));
    }
    Ok(counter)
}

/// The kept snapshots of one portal.
#[derive(Default)]
pub struct Snapshots {
    state: Mutex<State>,
    /// Held from before a change's transaction until the tree has followed it.
    changing: Mutex<()>,
}

impl Snapshots {
    /// The courses as they are now.
    pub fn courses(&self, portal: &Portal) -> Result<Arc<Courses>, DatabaseError> {
        let counter = foreign_counter(portal)?;
        let (kept, own) = self.at(counter, |state| (state.courses.clone(), state.own));
        if let Some(courses) = kept {
            return Ok(courses);
        }
        let courses = Arc::new(Courses::new(portal.database().read(Course::list)?));
        self.store(counter, own, |state| state.courses = Some(Arc::clone(&courses)));
        Ok(courses)
    }

    /// The documents of a course as they are now.
    pub fn tree(&self, portal: &Portal, course: u32) -> Result<SharedTree, DatabaseError> {
        let counter = foreign_counter(portal)?;
        let (kept, own) = self.at(counter, |state| (state.tree(course), state.own));
        if let Some(tree) = kept {
            return Ok(tree);
        }
        let tree = SharedTree::new(portal.database().read(|session| DocumentTree::load(session, course.into()))?);
        self.store(counter, own, |state| state.keep(course, &tree));
        Ok(tree)
    }

    /// What may be put into a course.
    pub fn rules(&self, portal: &Portal, course: &Course, number: u32) -> Result<Arc<DocumentRules>, DatabaseError> {
        let counter = foreign_counter(portal)?;
        let (kept, own) = self.at(counter, |state| (state.rules.get(&number).cloned(), state.own));
        if let Some(rules) = kept {
            return Ok(rules);
        }
        let rules = Arc::new(portal.database().read(|session| DocumentRules::load(session, course))?);
        self.store(counter, own, |state| drop(state.rules.insert(number, Arc::clone(&rules))));
        Ok(rules)
    }

    /// Changes documents of a course in one transaction, and lets the tree follow when it is committed. `over` is told
    /// then whether it was, before the next change begins.
    pub fn change<T>(
        &self,
        portal: &Portal,
        (course, number): (&Course, u32),
        work: impl FnOnce(&mut Changing<'_>) -> Result<T, FsError>,
        over: impl FnOnce(bool),
    ) -> Result<T, FsError> {
        let database = portal.database();
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = database.write_followed(|session| {
            let counter = foreign_counter_now(portal)?;
            let kept = self.at(counter, |state| state.tree(number).zip(state.rules.get(&number).cloned()));
            let (tree, rules) = match kept {
                Some(kept) => kept,
                None => {
                    let tree = SharedTree::new(DocumentTree::load(session, course.id)?);
                    let rules = Arc::new(DocumentRules::load(session, course)?);
                    // Nobody commits before this transaction ends: this is what others would read too.
                    self.at(counter, |state| {
                        state.keep(number, &tree);
                        state.rules.insert(number, Arc::clone(&rules));
                    });
                    (tree, rules)
                }
            };
            let mut changing = Changing { session, course, rules: &rules, tree: tree.clone(), changes: Vec::new() };
            // What others read from here on may or may not have the change.
            self.lock().own += 1;
            let answer = work(&mut changing)?;
            Ok::<_, FsError>((tree, changing.changes, answer))
        });
        over(outcome.is_ok());
        let (tree, changes, answer) = outcome?;
        tree.follow(&changes);
        let mut state = self.lock();
        state.own += 1;
        // If somebody else committed meanwhile, others may have kept a tree of their own, read before our commit.
        if !state.trees.get(&number).is_some_and(|kept| kept.is(&tree)) {
            state.trees.remove(&number);
        }
        if changes.iter().any(TreeChange::is_of_names) {
            *state.moved.entry(number).or_default() += 1;
        }
        drop(state);
        Ok(answer)
    }

    /// How often documents of `course` came, went or got other names through this file system.
    pub fn document_changes(&self, course: u32) -> u64 {
        self.lock().moved.get(&course).copied().unwrap_or(0)
    }

    /// Runs `work` on the snapshots of the moment `counter`; older ones are dropped first. What was read while
    /// something was committed is kept under the older number and so read again at the next operation.
    fn at<T>(&self, counter: u64, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        if state.counter != Some(counter) {
            let moved = std::mem::take(&mut state.moved);
            *state = State { counter: Some(counter), own: state.own, moved, ..State::default() };
        }
        work(&mut state)
    }

    /// Keeps what was read when the counter was `counter` and our own changes `own`, if both are still so.
    fn store(&self, counter: u64, own: u64, keep: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        if state.counter == Some(counter) && state.own == own {
            keep(&mut state);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_tree_that_was_read_before_a_change_was_committed_is_not_kept_after_it() {
        let root = tempfile::tempdir().unwrap();
        let portal = Portal::init(root.path()).unwrap();
        let course = sample::fill(&portal).unwrap().remove(0);
        let number = u32::try_from(course.id).unwrap();
        let snapshots = Snapshots::default();
        let before = snapshots.tree(&portal, number).unwrap().read().len();
        let removes_one = |changing: &mut Changing<'_>| {
            let document = changing.tree().children(None).find(|document| !document.folder).unwrap().iid;
            changing.session.execute("DELETE FROM c_document WHERE iid = ?", &[document.into()])?;
            changing.follow(TreeChange::Removed(document));
            // Somebody else has committed, and another program looks while the change is not committed yet.
            let own = snapshots.lock().own;
            *snapshots.lock() = State { own, ..State::default() };
            assert_eq!(
                std::thread::scope(|scope| {
                    scope.spawn(|| snapshots.tree(&portal, number).unwrap().read().len()).join().unwrap()
                }),
                before
            );
            Ok(())
        };
        snapshots.change(&portal, (&course, number), removes_one, |committed| assert!(committed)).unwrap();
        assert_eq!(snapshots.tree(&portal, number).unwrap().read().len(), before - 1);
    }
}
