//! Which checksums of an archive are known, and how the others become known.
//!
//! Folders and empty files have none to compute; those of other files are looked up among the remembered
//! [`Checksums`](super::Checksums), a block of entries at once, and only then computed. A thread that needs
//! a checksum another thread computes waits for it.
//!
//! While headers are read in sequence, a background thread computes the checksums of the next files, so that reading
//! and computing go on side by side. It stays within [`WINDOW`] of the reader and ends when there is nothing near to
//! compute; what it cannot read it leaves for the reader to meet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use rustix::fs::{Advice, fadvise};

use super::open_files::{FileError, Opened};
use super::read::{Files, ReadError, Shared, read_error};
use super::{Content, FileIdentity};

/// How many entries are looked up at once.
const BLOCK: usize = 1024;
/// In what pieces files are read for their checksum, in bytes: they stay in the processor's cache.
const PIECE: usize = 256 * 1024;
/// How far, in bytes of the archive, checksums are computed ahead of the entry being read.
const WINDOW: u64 = 64 * 1024 * 1024;
/// How far apart two headers read one after the other may be to count as a sequence: the kernel's reads may overtake
/// each other.
const SEQUENCE: usize = 8;

/// The checksums of an archive.
#[derive(Debug)]
pub(super) struct Crcs {
    known: Box<[OnceLock<u32>]>,
    /// Which blocks were looked up.
    looked_up: Mutex<Box<[bool]>>,
    /// The entries whose checksums are being computed.
    in_work: Mutex<Vec<usize>>,
    done: Condvar,
}

impl Crcs {
    pub(super) fn new(entries: usize) -> Self {
        Self {
            known: (0..entries).map(|_| OnceLock::new()).collect(),
            looked_up: Mutex::new(vec![false; entries.div_ceil(BLOCK)].into()),
            in_work: Mutex::default(),
            done: Condvar::new(),
        }
    }

    fn get(&self, index: usize) -> Option<u32> {
        self.known.get(index)?.get().copied()
    }

    fn set(&self, index: usize, crc: u32) {
        if let Some(known) = self.known.get(index) {
            // Another thread may have been first; both computed the same.
            let _ = known.set(crc);
        }
    }

    /// Waits until no other thread computes the checksum of entry `index`, and marks it as computed by this one.
    fn claim(&self, index: usize) -> Claim<'_> {
        let mut in_work = lock(&self.in_work);
        while in_work.contains(&index) {
            in_work = self.done.wait(in_work).unwrap_or_else(PoisonError::into_inner);
        }
        in_work.push(index);
        Claim { crcs: self, index }
    }
}

/// Ends with the computing, whichever way it ends.
struct Claim<'a> {
    crcs: &'a Crcs,
    index: usize,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        lock(&self.crcs.in_work).retain(|index| *index != self.index);
        self.crcs.done.notify_all();
    }
}

/// The background thread's side.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    state: Mutex<Pace>,
    stopped: AtomicBool,
}

/// Where reader and background thread are.
#[derive(Debug, Default)]
struct Pace {
    /// The entry whose header was asked for last.
    reader: usize,
    /// The checksums before this entry are known, or being computed by the reader.
    next: usize,
    running: bool,
}

impl Ahead {
    /// Ends the background thread soon.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl<F: Files> Shared<F> {
    /// The CRC-32 of an entry whose header is read.
    pub(super) fn crc_for_reader(shared: &Arc<Self>, index: usize) -> Result<u32, ReadError> {
        Self::follow_reader(shared, index);
        shared.crc(index, || shared.opened(index), || false)
    }

    /// The CRC-32 of an entry: known, looked up or computed from the file that `open` gives. `stop` is asked now and
    /// then; if it says so, computing ends with an error.
    fn crc(
        &self,
        index: usize,
        open: impl FnOnce() -> Result<Arc<Opened>, FileError>,
        stop: impl Fn() -> bool,
    ) -> Result<u32, ReadError> {
        let Some(entry) = self.layout.entry(index) else {
            return Ok(0);
        };
        if let Some(crc) = self.crcs.get(index) {
            return Ok(crc);
        }
        let identity = match &entry.content {
            Content::Folder => return Ok(0),
            Content::Bytes(held) => {
                let crc = held.crc();
                self.crcs.set(index, crc);
                return Ok(crc);
            }
            // What an empty file holds is known from its size.
            Content::File { identity, .. } if identity.size == 0 => return Ok(0),
            Content::File { identity, .. } => identity,
        };
        self.look_up(index);
        let claim = self.crcs.claim(index);
        if let Some(crc) = self.crcs.get(index) {
            return Ok(crc);
        }
        let opened = open().map_err(|error| read_error(entry, error))?;
        let crc = compute(&opened, identity, stop).map_err(|error| read_error(entry, error))?;
        self.crcs.set(index, crc);
        drop(claim);
        self.checksums.remember(identity, crc);
        Ok(crc)
    }

    /// Looks up the remembered checksums of the block that entry `index` is in, once.
    fn look_up(&self, index: usize) {
        let mut looked_up = lock(&self.crcs.looked_up);
        let Some(done) = looked_up.get_mut(index / BLOCK).filter(|done| !**done) else {
            return;
        };
        let start = index / BLOCK * BLOCK;
        let (indexes, identities): (Vec<usize>, Vec<&FileIdentity>) = (start..start + BLOCK)
            .filter_map(|index| match &self.layout.entry(index)?.content {
                Content::File { identity, .. } => Some((index, identity)),
                _ => None,
            })
            .unzip();
        for (index, crc) in indexes.into_iter().zip(self.checksums.find_all(identities)) {
            if let Some(crc) = crc {
                self.crcs.set(index, crc);
            }
        }
        *done = true;
    }

    /// Notes that the header of an entry is read, and starts the background thread if there is work for it.
    fn follow_reader(shared: &Arc<Self>, index: usize) {
        let mut pace = lock(&shared.ahead.state);
        let in_sequence = index > pace.reader && index - pace.reader <= SEQUENCE;
        pace.reader = index;
        if !in_sequence || pace.running {
            return;
        }
        // A short way ahead is not worth a thread: it starts again when half of the window is used up.
        let near = shared.next_to_compute(&mut pace).is_some_and(|next| shared.distance(index, next) <= WINDOW / 2);
        if near {
            let worker = Arc::clone(shared);
            let started = thread::Builder::new().name("checksums".into()).spawn(move || worker.compute_ahead());
            pace.running = started.is_ok();
        }
    }

    /// The first entry after the reader's whose checksum is not known, if it is within the window.
    fn next_to_compute(&self, pace: &mut Pace) -> Option<usize> {
        if pace.next <= pace.reader || self.distance(pace.reader, pace.next) > WINDOW {
            pace.next = pace.reader + 1;
        }
        while pace.next < self.layout.len() && self.distance(pace.reader, pace.next) <= WINDOW {
            if self.needs_computing(pace.next) {
                return Some(pace.next);
            }
            pace.next += 1;
        }
        None
    }

    fn needs_computing(&self, index: usize) -> bool {
        let is_file = self
            .layout
            .entry(index)
            .is_some_and(|entry| entry.size() > 0 && matches!(entry.content, Content::File { .. }));
        is_file && self.crcs.get(index).is_none()
    }

    /// How much of the archive is between the end of entry `from` and the start of entry `to`.
    fn distance(&self, from: usize, to: usize) -> u64 {
        self.layout.local_offset(to).saturating_sub(self.layout.local_offset(from + 1))
    }

    /// The background thread.
    fn compute_ahead(&self) {
        loop {
            let index = {
                let mut pace = lock(&self.ahead.state);
                match self.next_to_compute(&mut pace) {
                    Some(index) if !self.ahead.is_stopped() => index,
                    _ => {
                        pace.running = false;
                        return;
                    }
                }
            };
            // Not from the files kept open: many small ones would drive out the one that is read.
            let outcome = self.crc(index, || self.open_anew(index).map(Arc::new), || self.ahead.is_stopped());
            let mut pace = lock(&self.ahead.state);
            pace.next = pace.next.max(index + 1);
            if outcome.is_err() {
                pace.running = false;
                return;
            }
        }
    }
}

/// Reads a whole file for its CRC-32.
fn compute(opened: &Opened, identity: &FileIdentity, stop: impl Fn() -> bool) -> Result<u32, FileError> {
    // Advice may be refused (by file systems without it), which changes nothing but speed.
    let _ = fadvise(opened.file(), 0, None, Advice::Sequential);
    let mut piece = vec![0; usize::try_from(identity.size).unwrap_or(PIECE).min(PIECE)];
    let mut hasher = crc32fast::Hasher::new();
    let mut offset = 0;
    while offset < identity.size {
        if stop() {
            return Err(FileError::Io(std::io::ErrorKind::Interrupted.into()));
        }
        let left = usize::try_from(identity.size - offset).unwrap_or(PIECE);
        piece.truncate(left);
        opened.read(offset, &mut piece)?;
        hasher.update(&piece);
        offset += piece.len() as u64;
    }
    Ok(hasher.finalize())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
