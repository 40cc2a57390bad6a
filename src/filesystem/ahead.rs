//! Which archive a walk will ask for next.
//!
//! Who goes through one course after the other and looks at everything (`find -ls`, `rsync`, a file manager's preview)
//! lists a course, walks its documents, and asks for the size of its `backup.zip` somewhere between. Once that was
//! so for the last course, what the walk will ask of the next one is computed when it is listed, beside the walk. Once a walk
//! has gone from one course to the one that follows it in the list of courses, that work is a course ahead: what the
//! following one needs is computed while this one is walked. Programs that list courses and do not ask cost nothing more.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is to be done for a course, with its number.
pub type Job = (i64, Box<dyn FnOnce() + Send>);

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
    /// The course that follows it, and what is to be done for that, until it is begun.
    next: Option<i64>,
    job: Option<Job>,
    /// Whether it followed the one listed before, whose archive was asked for.
    in_order: bool,
    /// The course whose job was begun last.
    begun: Option<i64>,
    /// Whether that is still being done.
    working: bool,
}

impl Ahead {
    /// Notes that the folder of the course of `job` is listed, which that of `next` follows. The caller is to do the answered
    /// job, if any, and to say so with [`done`](Self::done).
    pub fn listed(&self, job: Job, next: Option<Job>) -> Option<Job> {
        let mut state = self.lock();
        let (course, _) = job;
        if state.listed == Some(course) {
            return None;
        }
        let asked = state.asked;
        state.in_order = asked && state.next == Some(course);
        (state.listed, state.asked) = (Some(course), false);
        (state.next, state.job) = (next.as_ref().map(|(next, _)| *next), next);
        if !asked || state.working {
            return None;
        }
        if state.begun == Some(course) { state.begin_next() } else { state.begin(Some(job)) }
    }

    /// Notes that somebody asked for the archive of `course`.
    pub fn asked(&self, course: i64) {
        let mut state = self.lock();
        state.asked |= state.listed == Some(course);
    }

    /// Notes that the job of `course` is done. The caller is to do the answered one, if any, and to say so likewise.
    pub fn done(&self, course: i64) -> Option<Job> {
        let mut state = self.lock();
        state.working = false;
        if state.listed == Some(course) { state.begin_next() } else { None }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Begins with the course that follows, if the walk is likely to come there.
    fn begin_next(&mut self) -> Option<Job> {
        let job = if self.in_order { self.job.take() } else { None };
        self.begin(job)
    }

    fn begin(&mut self, job: Option<Job>) -> Option<Job> {
        let (course, _) = job.as_ref()?;
        (self.begun, self.working) = (Some(*course), true);
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(course: i64) -> Job {
        (course, Box::new(|| ()))
    }

    /// The course whose job is to be done after a course was listed that another follows.
    fn listed(ahead: &Ahead, course: i64, next: i64) -> Option<i64> {
        ahead.listed(job(course), Some(job(next))).map(|(course, _)| course)
    }

    fn done(ahead: &Ahead, course: i64) -> Option<i64> {
        ahead.done(course).map(|(course, _)| course)
    }

    #[test]
    fn an_archive_is_computed_ahead_only_if_that_of_the_last_course_was_asked_for() {
        let ahead = Ahead::default();
        assert_eq!(listed(&ahead, 1, 20), None);
        assert_eq!(listed(&ahead, 2, 20), None, "nobody asked for the archive of 1");
        ahead.asked(1);
        assert_eq!(listed(&ahead, 3, 20), None, "that of 1 was asked for, not that of 2");
        ahead.asked(3);
        assert_eq!(listed(&ahead, 4, 20), Some(4));
        assert_eq!(listed(&ahead, 4, 20), None, "it is the same listing");
        ahead.asked(4);
        assert_eq!(listed(&ahead, 5, 20), None, "one is being computed");
        assert_eq!(done(&ahead, 4), None);
        ahead.asked(5);
        assert_eq!(listed(&ahead, 6, 20), Some(6));
        assert_eq!(done(&ahead, 6), None, "the walk is in no order");
    }

    #[test]
    fn in_a_walk_from_each_course_to_the_one_that_follows_the_work_is_a_course_ahead() {
        let ahead = Ahead::default();
        assert_eq!(listed(&ahead, 1, 2), None);
        ahead.asked(1);
        assert_eq!(listed(&ahead, 2, 3), Some(2));
        assert_eq!(done(&ahead, 2), Some(3), "2 followed 1");
        assert_eq!(done(&ahead, 3), None, "the walk is still in 2");
        ahead.asked(2);
        assert_eq!(listed(&ahead, 3, 4), Some(4), "that of 3 is there");
        ahead.asked(3);
        assert_eq!(listed(&ahead, 4, 5), None, "it is being computed");
        assert_eq!(done(&ahead, 4), Some(5));
        assert_eq!(done(&ahead, 5), None);
        assert_eq!(listed(&ahead, 5, 6), None, "nobody asked for the archive of 4");
    }
}
