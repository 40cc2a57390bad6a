//! Documents that were removed a moment ago, by their paths: a file that is made there next takes the place of the old one.
//!
//! Remembered in memory and not for long. It is a help for programs that replace a file by removing it first; who means
//! to remove something and comes back the next day makes something else. Items have a memory of their own
//! ([`gone`](crate::filesystem::tools)), which knows the rows within their files too.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::course::document_edit::Words;

use crate::filesystem::PortalFs;

/// For how long a place is kept.
const KEPT: Duration = Duration::from_secs(300);

/// The most places that are kept at once. Of more the first are forgotten.
const MOST: usize = 20_000;

/// A document that has left its place.
#[derive(Clone, Debug)]
pub struct Leaver {
    /// What other rows know it by.
    pub key: i64,
    /// Whether students saw it.
    pub visible: bool,
    /// How it was called; `None` if its row, which is only out of sight, still tells.
    pub words: Option<Words>,
}

/// By the course's number and the path below the course's folder, with the time of leaving.
type Places = HashMap<(u32, Vec<u8>), (Instant, Leaver)>;

/// What has left its place in a course.
#[derive(Default)]
pub struct Leavers(Mutex<Generations>);

/// Two generations of places: the older one is forgotten as a whole, so that nobody has to look for what is too old.
#[derive(Default)]
struct Generations {
    /// When the newer one began.
    since: Option<Instant>,
    newer: Places,
    older: Places,
}

impl Generations {
    fn add(&mut self, place: (u32, Vec<u8>), leaver: Leaver) {
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        if now.duration_since(since) >= KEPT || self.newer.len() >= MOST / 2 {
            self.older = std::mem::take(&mut self.newer);
            self.since = Some(now);
        }
        self.newer.insert(place, (now, leaver));
    }

    fn get(&self, place: &(u32, Vec<u8>)) -> Option<&Leaver> {
        let (since, left) = self.newer.get(place).or_else(|| self.older.get(place))?;
        (since.elapsed() < KEPT).then_some(left)
    }

    fn is_empty(&self) -> bool {
        self.newer.is_empty() && self.older.is_empty()
    }
}

impl Leavers {
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PortalFs {
    /// `leaver` has left the place `path` of a course.
    pub(super) fn has_left(&self, course: u32, path: Vec<u8>, leaver: Leaver) {
        self.documents.leavers.lock().add((course, path), leaver);
    }

    /// The document that was at `path` of a course a moment ago.
    pub(super) fn predecessor(&self, course: u32, path: &[u8]) -> Option<Leaver> {
        let leavers = self.documents.leavers.lock();
        if leavers.is_empty() {
            return None;
        }
        leavers.get(&(course, path.to_vec())).cloned()
    }

    /// What has left a course may be back under its own keys: a backup was restored into it.
    pub(in crate::filesystem) fn forget_leavers(&self, course: u32) {
        let mut leavers = self.documents.leavers.lock();
        leavers.newer.retain(|(of, _), _| *of != course);
        leavers.older.retain(|(of, _), _| *of != course);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_left_are_remembered_however_many_they_are() {
        let mut leavers = Generations::default();
        assert!(leavers.is_empty());
        let place = |number: usize| (1, number.to_string().into_bytes());
        for number in 0..3 * MOST {
            leavers.add(place(number), Leaver { key: number as i64, visible: true, words: None });
        }
        let known = |number| leavers.get(&place(number)).map(|leaver| leaver.key);
        assert_eq!(known(3 * MOST - 1), Some(3 * MOST as i64 - 1));
        assert_eq!(known(3 * MOST - MOST / 2), Some((3 * MOST - MOST / 2) as i64));
        assert_eq!(known(0), None);
        assert!(leavers.newer.len() + leavers.older.len() <= MOST);
    }
}
