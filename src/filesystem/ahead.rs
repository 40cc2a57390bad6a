//! Which archive a walk will ask for next.
//!
//! Who goes through one course after the other and looks at everything (`find -ls`, `rsync`, a file manager's preview)
//! lists a course, walks its documents, and asks for the size of its `backup.zip` somewhere between. Once that was
//! so for the last course, the archive of the next one is computed when it is listed, beside the walk. Once a walk has gone
//! from one course to the one that follows it in the list of courses, the following one is begun as soon as the archive
//! of this one is told. Programs that list courses and do not ask cost nothing more.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was listed last.
#[derive(Default)]
pub struct Ahead {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The course whose folder was listed last.
    listed: Option<i64>,
    /// Whether its archive was asked for.
    asked: bool,
    /// The course that follows it.
    next: Option<i64>,
    /// Whether it followed the one listed before, whose archive was asked for.
    in_order: bool,
    /// The course whose archive was begun last.
    begun: Option<i64>,
    /// Whether that is still being computed.
    working: bool,
}

impl Ahead {
    /// Notes that the folder of `course` is listed. If its archive will be asked for, as far as one can tell, and
    /// none is being computed, the caller is to compute it and to say so with [`done`](Self::done).
    pub fn listed(&self, course: i64) -> bool {
        let mut state = self.lock();
        if state.listed == Some(course) {
            return false;
        }
        let (asked, in_order) = (state.asked, state.asked && state.next == Some(course));
        state.listed = Some(course);
        (state.asked, state.next, state.in_order) = (false, None, in_order);
        asked && state.begin(course)
    }

    /// Notes that somebody asked for the archive of `course`, which `next` follows, and was told. If that one will be
    /// asked for too, the caller is to compute it and to say so with [`done`](Self::done).
    pub fn told(&self, course: i64, next: Option<i64>) -> bool {
        let mut state = self.lock();
        if state.listed != Some(course) {
            return false;
        }
        (state.asked, state.next) = (true, next);
        // Whoever computes this one has only to say so yet.
        state.working &= state.begun != Some(course);
        state.in_order && next.is_some_and(|next| state.begin(next))
    }

    /// Notes that the archive of `course` was computed.
    pub fn done(&self, course: i64) {
        let mut state = self.lock();
        state.working &= state.begun != Some(course);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether the archive of `course` is to be computed now.
    fn begin(&mut self, course: i64) -> bool {
        if self.working || self.begun == Some(course) {
            return false;
        }
        (self.begun, self.working) = (Some(course), true);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_computed_ahead_only_if_that_of_the_last_course_was_asked_for() {
        let ahead = Ahead::default();
        assert!(!ahead.listed(1));
        assert!(!ahead.listed(2), "nobody asked for the archive of 1");
        assert!(!ahead.told(1, Some(2)), "it is not the one listed last");
        assert!(!ahead.listed(3), "that of 1 was asked for, not that of 2");
        assert!(!ahead.told(3, Some(7)));
        assert!(ahead.listed(4));
        assert!(!ahead.listed(4), "it is the same listing");
        assert!(!ahead.told(4, Some(7)), "the walk is in no order");
        assert!(ahead.listed(5), "who was told that of 4 did not have to wait for done");
        assert!(!ahead.listed(6));
        ahead.done(5);
    }

    #[test]
    fn in_a_walk_from_each_course_to_the_one_that_follows_archives_are_computed_before_the_course_is_listed() {
        let ahead = Ahead::default();
        assert!(!ahead.listed(1));
        assert!(!ahead.told(1, Some(2)));
        assert!(ahead.listed(2));
        assert!(ahead.told(2, Some(3)));
        ahead.done(2);
        assert!(!ahead.told(2, Some(3)), "it is being computed");
        assert!(!ahead.listed(3), "it is being computed");
        ahead.done(3);
        assert!(ahead.told(3, Some(4)));
        assert!(!ahead.listed(9), "that of 4 is being computed");
        ahead.done(4);
        assert!(!ahead.told(9, Some(10)), "it did not follow");
        assert!(ahead.listed(10));
        assert!(!ahead.told(10, None), "it is the last");
    }
}
