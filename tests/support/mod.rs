//! What the tests of the mounted file system share: portals, mounts, archives made by hand, and the programs that
//! people use.
#![allow(dead_code, unused_imports, clippy::unwrap_used)] // each test crate uses a part

mod archives;
mod contents;
mod mount;
mod portal;
pub mod portals;
mod programs;
pub mod server;
mod snapshot;

pub use archives::{HandMade, Resource, course_info};
pub use contents::{Contents, Listed, contents};
pub use mount::{Mount, is_mounted};
pub use portal::{TestCourse, TestPortal};
pub use programs::{Ended, coursefs, run, start};
pub use snapshot::{Snapshot, files_below, snapshot};

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes that do not repeat soon, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    std::iter::repeat_with(|| random.next() as u8).take(length).collect()
}

/// Numbers that look random, the same for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Waits until `done` answers; the answer, or a failed test that tells `what` was waited for.
pub fn wait_for<T>(what: &str, seconds: u64, mut done: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(answer) = done() {
            return answer;
        }
        assert!(Instant::now() < until, "{what}: not within {seconds} seconds");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The backup of the small course that a real Chamilo 1.11.32 made.
pub fn reference_backup() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/REF000-backup.zip")
}
