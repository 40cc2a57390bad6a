//! The synthetic files: their size and time for `stat`, their bytes for readers.
//!
//! Telling the size of an archive costs a look at every file of its course. The answer holds for a moment (the
//! mount's time-out), so that an `ls -l` or a file manager that asks several times pays once; one thread computes,
//! the others wait for its answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::archive::{Archive, Cache, Checksums};
use crate::backup::{BackupFiles, Contents, Remembered};
use crate::course::Course;
use crate::portal::Portal;

use super::FsError;

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

/// One course's place: whoever holds its lock computes.
type Slot = Arc<Mutex<Option<Looked>>>;

/// The archives of one portal.
pub struct Archives {
    checksums: Arc<Checksums>,
    remembered: Remembered,
    lasting: Duration,
    slots: Mutex<HashMap<i64, Slot>>,
}

impl Archives {
    /// Archives whose checksums and times are remembered in `cache`; a look lasts for `lasting`.
    pub fn new(portal: &Portal, cache: Arc<Cache>, checksums: Arc<Checksums>, lasting: Duration) -> Archives {
        let remembered = Remembered::new(cache, portal.root().display().to_string());
        Archives { checksums, remembered, lasting, slots: Mutex::default() }
    }

    /// Size and time of the backup of `course`.
    pub fn summary(&self, portal: &Portal, course: &Course) -> Result<Summary, FsError> {
        let slot = self.slot(course);
        let mut looked = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = portal.database().change_counter()?;
        if let Some(last) = looked.as_ref()
            && last.counter == counter
            && last.at.elapsed() < self.lasting
        {
            return Ok(last.summary);
        }
        let at = Instant::now();
        let contents = Contents::gather(portal, course.id)?;
        self.look(course, &contents, &mut looked, at, counter)
    }

    /// Size and time as they were at the last look, if there was one; computes nothing.
    pub fn last_summary(&self, course: &Course) -> Option<Summary> {
        let slot = self.slot(course);
        // Whoever computes at this moment is not waited for.
        slot.try_lock().ok()?.as_ref().map(|looked| looked.summary)
    }

    /// The backup of `course`, ready to be read, with its size and time.
    pub fn open(&self, portal: &Portal, course: &Course) -> Result<(Archive<BackupFiles>, Summary), FsError> {
        let counter = portal.database().change_counter()?;
        let at = Instant::now();
        let contents = Contents::gather(portal, course.id)?;
        let slot = self.slot(course);
        let mut looked = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let summary = self.look(course, &contents, &mut looked, at, counter)?;
        drop(looked);
        Ok((contents.archive(portal, Arc::clone(&self.checksums))?, summary))
    }

    fn look(
        &self,
        course: &Course,
        contents: &Contents,
        looked: &mut Option<Looked>,
        at: Instant,
        counter: u64,
    ) -> Result<Summary, FsError> {
        let digest = contents.digest()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let name = format!("{}/backup.zip", course.id);
        let mtime = self.remembered.mtime(&name, &digest, i64::try_from(now).unwrap_or(i64::MAX));
        let summary = Summary { size: digest.size, mtime };
        *looked = Some(Looked { at, counter, summary });
        Ok(summary)
    }

    fn slot(&self, course: &Course) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(course.id).or_default())
    }
}
