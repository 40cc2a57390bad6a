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

/// The most places that are kept at once.
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
pub struct Leavers(Mutex<Places>);

impl Leavers {
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PortalFs {
    /// `leaver` has left the place `path` of a course.
    pub(super) fn has_left(&self, course: u32, path: Vec<u8>, leaver: Leaver) {
        let mut leavers = self.documents.leavers.lock();
        if leavers.len() >= MOST {
            leavers.retain(|_, (since, _)| since.elapsed() < KEPT);
        }
        if leavers.len() < MOST {
            leavers.insert((course, path), (Instant::now(), leaver));
        }
    }

    /// The document that was at `path` of a course a moment ago.
    pub(super) fn predecessor(&self, course: u32, path: &[u8]) -> Option<Leaver> {
        let leavers = self.documents.leavers.lock();
        if leavers.is_empty() {
            return None;
        }
        let (since, left) = leavers.get(&(course, path.to_vec()))?;
        (since.elapsed() < KEPT).then(|| left.clone())
    }

    /// What has left a course may be back under its own keys: a backup was restored into it.
    pub(in crate::filesystem) fn forget_leavers(&self, course: u32) {
        self.documents.leavers.lock().retain(|(of, _), _| *of != course);
    }
}
