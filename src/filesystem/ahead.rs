//! Which archive a walk will ask for next.
//!
//! Who goes through one course after the other and looks at everything (`find -ls`, `rsync`, a file manager's preview)
//! lists a course, walks its documents, and asks for the size of its `backup.zip` somewhere between. Once that was
//! so for the last course, the archive of the next one is computed when it is listed, beside the walk. Programs that
//! list courses and do not ask cost nothing more.

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
    /// Whether an archive is being computed ahead.
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
        let begin = state.asked && !state.working;
        *state = State { listed: Some(course), asked: false, working: state.working || begin };
        begin
    }

    /// Notes that somebody asked for the archive of `course`.
    pub fn asked(&self, course: i64) {
        let mut state = self.lock();
        state.asked |= state.listed == Some(course);
    }

    /// Notes that the archive was computed.
    pub fn done(&self) {
        self.lock().working = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        ahead.asked(1);
        assert!(!ahead.listed(3), "that of 1 was asked for, not that of 2");
        ahead.asked(3);
        assert!(ahead.listed(4));
        assert!(!ahead.listed(4), "it is the same listing");
        ahead.asked(4);
        assert!(!ahead.listed(5), "one is being computed");
        ahead.done();
        ahead.asked(5);
        assert!(ahead.listed(6));
    }
}
