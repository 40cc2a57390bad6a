//! The synthetic files: their size and time for `stat`, their bytes for readers.
//!
//! Telling the size of an archive costs a look at every file of its course. The answer holds for a moment (the
//! mount's time-out), so that an `ls -l` or a file manager that asks several times pays once; one thread computes,
//! the others wait for its answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tracing::debug;

use crate::archive::{Archive, Cache, Checksums};
use crate::backup::{BackupFiles, Digest, Remembered, Selection};
use crate::course::Course;
use crate::portal::Portal;

use super::FsError;
use super::ahead;
use super::computed::{Computed, Kept, What};

/// Size and time of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Length in bytes.
    pub size: u64,
    /// Time of last change, in seconds since 1970 UTC.
    pub mtime: i64,
}

struct Looked {
    at: Instant,
    counter: u64,
    summary: Summary,
}

/// A course that a walk may come to, and what else is to be read for it.
pub type Ahead = (Course, Box<dyn FnOnce() + Send>);

/// An archive: the course and what of it.
type Which = (i64, What);

/// One archive's place: whoever holds its lock computes.
type Slot = Arc<Mutex<Option<Looked>>>;

/// The archives of one portal.
pub struct Archives {
    checksums: Arc<Checksums>,
    remembered: Remembered,
    lasting: Duration,
    slots: Mutex<HashMap<Which, Slot>>,
    kept: KeptArchives,
    ahead: ahead::Ahead,
}

/// Files listed in all archives kept together; each costs about 100 bytes.
const FILES_KEPT: usize = 250_000;

/// Archives whose last look is kept; there are many selections and learning paths of each course.
const SLOTS_KEPT: usize = 10_000;

/// The nice value of who computes ahead (of one thread, on Linux).
const LOWER_PRIORITY: i32 = 5;

/// The archive that is computed ahead.
const WHOLE: What = What::Backup(Selection::ALL);

/// How long what a `stat` has seen of the files serves the opening that follows it: programs look and then open.
const FRESH: Duration = Duration::from_millis(20);

/// What archives were made from, kept while nothing was committed: a later look then only looks at the files.
#[derive(Default)]
struct KeptArchives {
    state: Mutex<KeptState>,
}

#[derive(Default)]
struct KeptState {
    counter: u64,
    kept: HashMap<Which, Kept>,
    /// What was made last: whoever asks for the size often reads next.
    last: Option<(Which, Option<Instant>, Computed)>,
}

impl KeptArchives {
    fn get(&self, which: Which, counter: u64) -> Option<Kept> {
        self.lock(counter).kept.get(&which).cloned()
    }

    /// What was made last, if it was this archive, and when; `None` if its files were looked at since.
    fn take_last(&self, which: Which, counter: u64) -> Option<(Option<Instant>, Computed)> {
        let (_, at, computed) = self.lock(counter).last.take_if(|(other, ..)| *other == which)?;
        Some((at, computed))
    }

    /// Keeps what was made at `at`, when the database was in the state `counter`.
    fn keep(&self, which: Which, counter: u64, at: Instant, (computed, digest): (Computed, Digest)) {
        let mut state = self.lock(counter);
        let all: usize = state.kept.values().map(Kept::files).sum();
        let kept = computed.kept(digest);
        if all + kept.files() > FILES_KEPT {
            state.kept.clear();
        }
        state.kept.insert(which, kept);
        state.last = Some((which, Some(at), computed));
    }

    /// The files were looked at later than what was made last: whoever opens next has to look at them too.
    fn outdate(&self, which: Which, counter: u64) {
        if let Some((other, made, _)) = &mut self.lock(counter).last
            && *other == which
        {
            *made = None;
        }
    }

    fn lock(&self, counter: u64) -> MutexGuard<'_, KeptState> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.counter != counter {
            *state = KeptState { counter, ..KeptState::default() };
        }
        state
    }
}

impl Archives {
    /// Archives whose checksums and times are remembered in `cache`; a look lasts for `lasting`.
    pub fn new(portal: &Portal, cache: Arc<Cache>, checksums: Arc<Checksums>, lasting: Duration) -> Archives {
        let remembered = Remembered::new(cache, portal.root().display().to_string());
        Archives {
            checksums,
            remembered,
            lasting,
            slots: Mutex::default(),
            kept: KeptArchives::default(),
            ahead: ahead::Ahead::default(),
        }
    }

    /// Size and time of an archive of `course`.
    pub fn summary(&self, portal: &Portal, course: &Course, what: What) -> Result<Summary, FsError> {
        if what == WHOLE {
            self.ahead.asked(course.id);
        }
        self.compute(portal, course, what, false)
    }

    /// Size and time of an archive of `course`; `ahead` of anybody's asking for them or not.
    fn compute(&self, portal: &Portal, course: &Course, what: What, ahead: bool) -> Result<Summary, FsError> {
        let which = (course.id, what);
        let slot = self.slot(which);
        let mut looked = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = portal.database().change_counter()?;
        if let Some(last) = looked.as_ref()
            && last.counter == counter
            && last.at.elapsed() < self.lasting
        {
            return Ok(last.summary);
        }
        let at = Instant::now();
        if let Some(kept) = self.kept.get(which, counter)
            && let Some(digest) = kept.digest(portal, course)?
        {
            self.kept.outdate(which, counter);
            return Ok(self.look(which, &digest, &mut looked, at, counter));
        }
        let computed = Computed::load(portal, course, what, ahead)?;
        let digest = computed.digest()?;
        let summary = self.look(which, &digest, &mut looked, at, counter);
        self.kept.keep(which, counter, Instant::now(), (computed, digest));
        Ok(summary)
    }

    /// Notes that the folder of `course`, which `next` follows, is listed; each comes with what else is to be read for a walk
    /// through it. What will be asked for next, as far as one can tell, is computed meanwhile.
    pub fn listed(self: &Arc<Self>, portal: &Arc<Portal>, course: Ahead, next: Option<Ahead>) {
        // What does not last would be computed twice.
        if self.lasting < FRESH {
            return;
        }
        let job = |(course, first): Ahead| self.job(portal, course, first);
        let Some(mut job) = self.ahead.listed(job(course), next.map(job)) else { return };
        let (archives, course) = (Arc::clone(self), job.0);
        let work = move || {
            // Whoever walks comes first: this takes the time that the walk leaves. Without it all goes on, at another pace.
            let _ = rustix::process::setpriority_process(None, LOWER_PRIORITY);
            loop {
                let (course, work) = job;
                work();
                match archives.ahead.done(course) {
                    Some(next) => job = next,
                    None => break,
                }
            }
        };
        if std::thread::Builder::new().name("ahead".into()).spawn(work).is_err() {
            self.ahead.done(course);
        }
    }

    /// Computes the backup of `course` after `first`.
    fn job(self: &Arc<Self>, portal: &Arc<Portal>, course: Course, first: Box<dyn FnOnce() + Send>) -> ahead::Job {
        let (archives, portal, id) = (Arc::clone(self), Arc::clone(portal), course.id);
        let work = move || {
            first();
            if let Err(error) = archives.compute(&portal, &course, WHOLE, true) {
                // Whoever asks will be told.
                let code = String::from_utf8_lossy(&course.code);
                debug!("the backup of course {code} can't be computed ahead: {error}");
            }
        };
        (id, Box::new(work))
    }

    /// Size and time as they were at the last look, if there was one; computes nothing.
    pub fn last_summary(&self, course: &Course, what: What) -> Option<Summary> {
        let slot = self.slot((course.id, what));
        // Whoever computes at this moment is not waited for.
        slot.try_lock().ok()?.as_ref().map(|looked| looked.summary)
    }

    /// Stores the checksums that were computed. A mount that ends does not wait until everybody has let go of archives.
    pub fn store_checksums(&self) {
        self.checksums.flush();
    }

    /// An archive of `course`, ready to be read.
    pub fn open(&self, portal: &Portal, course: &Course, what: What) -> Result<Archive<BackupFiles>, FsError> {
        let which = (course.id, what);
        let counter = portal.database().change_counter()?;
        let at = Instant::now();
        let computed = match self.kept.take_last(which, counter) {
            Some((Some(made), computed)) if made.elapsed() < FRESH => Some(computed),
            Some((_, computed)) => computed.again(portal, course)?,
            None => None,
        };
        let computed = match computed {
            Some(computed) => computed,
            None => Computed::load(portal, course, what, false)?,
        };
        let digest = computed.digest()?;
        let slot = self.slot(which);
        let mut looked = slot.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(which, &digest, &mut looked, at, counter);
        drop(looked);
        computed.archive(Arc::clone(&self.checksums))
    }

    fn look(&self, which: Which, digest: &Digest, looked: &mut Option<Looked>, at: Instant, counter: u64) -> Summary {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (course, what) = which;
        let mtime = self.remembered.mtime(&what.name(course), digest, i64::try_from(now).unwrap_or(i64::MAX));
        let summary = Summary { size: digest.size, mtime };
        *looked = Some(Looked { at, counter, summary });
        summary
    }

    fn slot(&self, which: Which) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() > SLOTS_KEPT {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(which).or_default())
    }
}
