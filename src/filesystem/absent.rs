//! Names that are away for one process, though they are there.
//!
//! What is computed or belongs to every course can't be removed, and need not be made. Programs believe otherwise:
//! - `mv` and `rm -r` remove a name and look whether it is gone: it is, for a moment, for the process that did it.
//! - `cp -r A B` makes the folder `B` and in it, without looking, everything that `A` has, and fails where something is
//!   there (`O_EXCL`). So in a course that a process has made nothing is there for that process that it has not made
//!   itself, until it has listed the course or has ended.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Node;

/// How long a name stays away for the process that removed it.
const REMOVED: Duration = Duration::from_secs(10);

/// Names and courses of which something is remembered.
const KEPT: usize = 1000;

/// A course that a process has made.
struct Made {
    by: u32,
    /// What it has made in it since: folder and name. Of documents only those that were brought.
    names: HashSet<(Node, Vec<u8>)>,
    /// Archives that are coming into it now.
    coming: usize,
    /// Numbers (`c_document.iid`) of the documents that archives have brought since: from the first to the last, and to
    /// the end of all numbers while one is coming.
    brought: Option<(i64, i64)>,
    /// Numbers of documents that programs have made in it since.
    entered: HashSet<i64>,
}

impl Made {
    fn by(process: u32) -> Made {
        Made { by: process, names: HashSet::new(), coming: 0, brought: None, entered: HashSet::new() }
    }
}

#[derive(Default)]
struct State {
    removed: HashMap<(Node, Vec<u8>), (u32, Instant)>,
    made: HashMap<u32, Made>,
    /// Courses that were made through this mount and have taken in no backup yet.
    new: HashSet<u32>,
}

/// What is away for whom.
#[derive(Default)]
pub struct Absent {
    state: Mutex<State>,
    has_brought: AtomicBool,
}

impl Absent {
    /// The process `caller` has removed `name` in `folder`, which stays.
    pub fn removed(&self, folder: Node, name: &[u8], caller: u32) {
        let mut state = self.lock();
        if state.removed.len() >= KEPT {
            state.removed.retain(|_, (_, when)| when.elapsed() < REMOVED);
        }
        state.removed.insert((folder, name.to_vec()), (caller, Instant::now()));
    }

    /// `name` in `folder` is made, or written.
    pub fn appears(&self, folder: Node, name: &[u8]) {
        let mut state = self.lock();
        let place = (folder, name.to_vec());
        state.removed.remove(&place);
        if let Some(made) = state.made.get_mut(&folder.course_number()) {
            made.names.insert(place);
        }
    }

    /// The process `caller` has made the course `course`.
    pub fn course_made(&self, course: u32, caller: u32) {
        let mut state = self.lock();
        if state.made.len() >= KEPT {
            state.made.retain(|_, made| is_running(made.by));
        }
        state.made.insert(course, Made::by(caller));
        state.new.insert(course);
    }

    /// An archive is about to come into `course`. Whether that is still being made, by a process that must not see what
    /// comes.
    pub fn comes(&self, course: u32) -> bool {
        let mut state = self.lock();
        let made = state.made.get_mut(&course).filter(|made| is_running(made.by));
        made.map(|made| made.coming += 1).is_some()
    }

    /// What comes into `course` has the numbers from `first` on.
    pub fn comes_from(&self, course: u32, first: i64) {
        if let Some(made) = self.lock().made.get_mut(&course) {
            made.brought = Some((made.brought.map_or(first, |(earlier, _)| earlier.min(first)), i64::MAX));
            self.has_brought.store(true, Ordering::Release);
        }
    }

    /// What came into `course` has no numbers after `last`.
    pub fn came(&self, course: u32, last: i64) {
        if let Some(made) = self.lock().made.get_mut(&course) {
            made.coming = made.coming.saturating_sub(1);
            if made.coming == 0 {
                made.brought = made.brought.map(|(first, _)| (first, last)).filter(|(first, last)| first <= last);
            }
        }
    }

    /// Programs have made the document with the number `row` in `course`.
    pub fn entered(&self, course: u32, row: i64) {
        if let Some(made) = self.lock().made.get_mut(&course) {
            made.entered.insert(row);
        }
    }

    /// Whether documents were ever brought into a course that was being made: nearly never, and quick to tell.
    pub fn has_brought(&self) -> bool {
        self.has_brought.load(Ordering::Acquire)
    }

    /// Whether the document `row`, which is `name` in `folder`, was brought and is away for the process `caller`.
    pub fn is_brought_away(&self, folder: Node, name: &[u8], row: i64, caller: u32) -> bool {
        let state = self.lock();
        let made = state.made.get(&folder.course_number()).filter(|made| made.by == caller);
        made.is_some_and(|made| {
            made.brought.is_some_and(|(first, last)| (first..=last).contains(&row))
                && !made.entered.contains(&row)
                && !made.names.contains(&(folder, name.to_vec()))
        })
    }

    /// Whether the course was made through this mount and has taken in no backup yet.
    pub fn is_new(&self, course: u32) -> bool {
        self.lock().new.contains(&course)
    }

    /// The course has taken in a backup.
    pub fn is_filled(&self, course: u32) {
        self.lock().new.remove(&course);
    }

    /// The process `caller` has listed a folder of `course`: it knows what is there.
    pub fn listed(&self, course: u32, caller: u32) {
        let mut state = self.lock();
        if state.made.get(&course).is_some_and(|made| made.by == caller) {
            state.made.remove(&course);
        }
    }

    /// The course is deleted.
    pub fn course_gone(&self, course: u32) {
        let mut state = self.lock();
        state.made.remove(&course);
        state.new.remove(&course);
        state.removed.retain(|(folder, _), _| folder.course_number() != course);
    }

    /// Whether `name` in `folder`, which is there, is away for the process `caller`.
    pub fn is_away(&self, folder: Node, name: &[u8], caller: u32) -> bool {
        let mut state = self.lock();
        if state.removed.is_empty() && state.made.is_empty() {
            return false;
        }
        let place = (folder, name.to_vec());
        if state.removed.get(&place).is_some_and(|(by, when)| *by == caller && when.elapsed() < REMOVED) {
            return true;
        }
        let course = folder.course_number();
        match state.made.get(&course) {
            Some(made) if made.by == caller => !made.names.contains(&place),
            Some(made) if !is_running(made.by) => {
                state.made.remove(&course);
                false
            }
            _ => false,
        }
    }

    /// The guarded value is a set of tables that no panic can leave half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a process with this number lives. One that took the number of a dead one is told from it by nobody, and sees
/// the course when it lists it.
fn is_running(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: Node = Node::Course(7);

    #[test]
    fn what_was_removed_is_away_for_the_process_that_did_it_until_it_is_made_again() {
        let absent = Absent::default();
        absent.removed(COURSE, b"Document", 10);
        assert!(absent.is_away(COURSE, b"Document", 10));
        assert!(!absent.is_away(COURSE, b"Document", 11));
        assert!(!absent.is_away(COURSE, b"backup.zip", 10));
        absent.appears(COURSE, b"Document");
        assert!(!absent.is_away(COURSE, b"Document", 10));
    }

    #[test]
    fn a_new_course_has_for_its_maker_only_what_it_made_until_it_lists_it() {
        let me = std::process::id();
        let absent = Absent::default();
        absent.course_made(7, me);
        assert!(absent.is_away(COURSE, b"Document", me) && !absent.is_away(COURSE, b"Document", me + 1));
        absent.appears(COURSE, b"Document");
        assert!(!absent.is_away(COURSE, b"Document", me) && absent.is_away(COURSE, b"backup.zip", me));
        absent.listed(7, me);
        assert!(!absent.is_away(COURSE, b"backup.zip", me));
    }

    #[test]
    fn a_process_that_has_ended_is_forgotten() {
        let ended = std::process::Command::new("true").spawn().map(|mut child| {
            let number = child.id();
            child.wait().unwrap();
            number
        });
        let absent = Absent::default();
        absent.course_made(7, ended.unwrap());
        assert!(!absent.is_away(COURSE, b"Document", std::process::id()));
        assert!(absent.lock().made.is_empty());
    }
}
