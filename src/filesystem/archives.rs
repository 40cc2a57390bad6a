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
use crate::backup::{BackupFiles, Contents, Loaded, Remembered, Rows, Selection};
use crate::course::Course;
use crate::portal::Portal;

use super::FsError;
use super::ahead::Ahead;

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

/// An archive: the course and what of it.
type Which = (i64, Selection);

/// One archive's place: whoever holds its lock computes.
type Slot = Arc<Mutex<Option<Looked>>>;

/// The archives of one portal.
pub struct Archives {
    checksums: Arc<Checksums>,
    remembered: Remembered,
    lasting: Duration,
    slots: Mutex<HashMap<Which, Slot>>,
    rows: KeptRows,
    ahead: Ahead,
}

/// Files listed in all rows kept together; each costs about 100 bytes.
const FILES_KEPT: usize = 250_000;

/// Archives whose last look is kept; there are many selections of each course.
const SLOTS_KEPT: usize = 10_000;

/// How long what a `stat` has seen of the files serves the opening that follows it: programs look and then open.
const FRESH: Duration = Duration::from_millis(20);

/// What rows said, kept while nothing was committed: a later look then only looks at the files.
#[derive(Default)]
struct KeptRows {
    state: Mutex<KeptState>,
}

#[derive(Default)]
struct KeptState {
    counter: u64,
    rows: HashMap<Which, Arc<Rows>>,
    /// What was loaded last, with the serialized course: whoever asks for the size often reads next.
    last: Option<(Which, Instant, Loaded)>,
}

impl KeptRows {
    fn get(&self, which: Which, counter: u64) -> Option<Arc<Rows>> {
        self.lock(counter).rows.get(&which).cloned()
    }

    /// What was loaded last, if it was this course, and when.
    fn take_last(&self, which: Which, counter: u64) -> Option<(Instant, Loaded)> {
        let (_, at, loaded) = self.lock(counter).last.take_if(|(other, ..)| *other == which)?;
        Some((at, loaded))
    }

    /// Keeps what was loaded at `at`, when the database was in the state `counter`.
    fn keep(&self, which: Which, counter: u64, at: Instant, loaded: Loaded) {
        let mut state = self.lock(counter);
        let kept: usize = state.rows.values().map(|rows| rows.listed.len()).sum();
        if kept + loaded.rows.listed.len() > FILES_KEPT {
            state.rows.clear();
        }
        state.rows.insert(which, Arc::clone(&loaded.rows));
        state.last = Some((which, at, loaded));
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
            rows: KeptRows::default(),
            ahead: Ahead::default(),
        }
    }

    /// Size and time of the backup of `course`.
    pub fn summary(&self, portal: &Portal, course: &Course, selection: Selection) -> Result<Summary, FsError> {
        self.ahead.asked(course.id);
        self.compute(portal, course, selection)
    }

    /// Notes that the folder of `course` is listed. If its backup will be asked for next, its size is computed meanwhile.
    pub fn listed(self: &Arc<Self>, portal: &Arc<Portal>, course: &Course) {
        // What does not last would be computed twice.
        if self.lasting < FRESH || !self.ahead.listed(course.id) {
            return;
        }
        let (archives, portal, course) = (Arc::clone(self), Arc::clone(portal), course.clone());
        let work = move || {
            if let Err(error) = archives.compute(&portal, &course, Selection::ALL) {
                // Whoever asks will be told.
                let code = String::from_utf8_lossy(&course.code);
                debug!("the backup of course {code} can't be computed ahead: {error}");
            }
            archives.ahead.done();
        };
        if std::thread::Builder::new().name("ahead".into()).spawn(work).is_err() {
            self.ahead.done();
        }
    }

    fn compute(&self, portal: &Portal, course: &Course, selection: Selection) -> Result<Summary, FsError> {
        let which = (course.id, selection);
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
        if let Some(rows) = self.rows.get(which, counter) {
            let contents = Contents::gather(portal, rows)?;
            if contents.pages_hold() {
                return self.look(which, &contents, &mut looked, at, counter);
            }
        }
        let loaded = Rows::load(portal, course.id, selection)?;
        let summary = self.look(which, &loaded.contents, &mut looked, at, counter)?;
        self.rows.keep(which, counter, Instant::now(), loaded);
        Ok(summary)
    }

    /// Size and time as they were at the last look, if there was one; computes nothing.
    pub fn last_summary(&self, course: &Course) -> Option<Summary> {
        let slot = self.slot((course.id, Selection::ALL));
        // Whoever computes at this moment is not waited for.
        slot.try_lock().ok()?.as_ref().map(|looked| looked.summary)
    }

    /// The backup of `course`, ready to be read.
    pub fn open(
        &self,
        portal: &Portal,
        course: &Course,
        selection: Selection,
    ) -> Result<Archive<BackupFiles>, FsError> {
        let which = (course.id, selection);
        let counter = portal.database().change_counter()?;
        let at = Instant::now();
        let Loaded { rows, course_info, contents } = match self.rows.take_last(which, counter) {
            Some((loaded_at, loaded)) if loaded_at.elapsed() < FRESH => loaded,
            Some((_, loaded)) => match Contents::gather(portal, Arc::clone(&loaded.rows))? {
                contents if contents.pages_hold() => Loaded { contents, ..loaded },
                _ => Rows::load(portal, course.id, selection)?,
            },
            None => Rows::load(portal, course.id, selection)?,
        };
        drop(rows);
        let slot = self.slot(which);
        let mut looked = slot.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(which, &contents, &mut looked, at, counter)?;
        drop(looked);
        Ok(contents.archive(&course_info, Arc::clone(&self.checksums))?)
    }

    fn look(
        &self,
        which: Which,
        contents: &Contents,
        looked: &mut Option<Looked>,
        at: Instant,
        counter: u64,
    ) -> Result<Summary, FsError> {
        let digest = contents.digest()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (course, selection) = which;
        let name = match selection.is_all() {
            true => format!("{course}/backup.zip"),
            false => format!("{course}/backup@{}.zip", selection.names().join("+")),
        };
        let mtime = self.remembered.mtime(&name, &digest, i64::try_from(now).unwrap_or(i64::MAX));
        let summary = Summary { size: digest.size, mtime };
        *looked = Some(Looked { at, counter, summary });
        Ok(summary)
    }

    fn slot(&self, which: Which) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() > SLOTS_KEPT {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(which).or_default())
    }
}
