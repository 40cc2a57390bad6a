//! What the archive tests share: entries from memory and from disk, and archives of them.
#![allow(dead_code, missing_docs)] // each test crate uses a part

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use coursefs::archive::{Archive, Checksums, Content, Entry, FileIdentity, Files, Layout};

/// Opens files by their paths and counts how often.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    opened: Arc<AtomicUsize>,
}

impl Paths {
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }
}

impl Files for Paths {
    type Source = PathBuf;

    fn open(&self, source: &PathBuf) -> io::Result<File> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        File::open(source)
    }
}

/// 2026-11-24 02:59:53 UTC, an odd second: MS-DOS time cannot hold it, the extended timestamp can.
pub const TIME: i64 = 1_795_489_193;

pub fn folder(name: &str) -> Entry<PathBuf> {
    Entry { name: name.as_bytes().into(), mode: 0o755, mtime: TIME, content: Content::Folder }
}

pub fn bytes(name: &str, bytes: &[u8]) -> Entry<PathBuf> {
    Entry { name: name.as_bytes().into(), mode: 0o640, mtime: TIME, content: Content::Bytes(bytes.to_vec().into()) }
}

/// The entry of a file on disk as it is now.
pub fn file(name: &str, path: &Path) -> Entry<PathBuf> {
    let identity = FileIdentity::of(&fs::metadata(path).unwrap());
    let content = Content::File { source: path.to_owned(), identity };
    Entry { name: name.as_bytes().into(), mode: 0o644, mtime: TIME, content }
}

pub fn archive(entries: Vec<Entry<PathBuf>>) -> Archive<Paths> {
    archive_with(entries, &Paths::default(), &Arc::new(Checksums::in_memory().unwrap()))
}

pub fn archive_with(entries: Vec<Entry<PathBuf>>, files: &Paths, checksums: &Arc<Checksums>) -> Archive<Paths> {
    Archive::new(Layout::new(entries).unwrap(), files.clone(), Arc::clone(checksums))
}

pub fn whole(archive: &Archive<Paths>) -> Vec<u8> {
    let mut all = vec![0; archive.size() as usize];
    assert_eq!(archive.read_at(0, &mut all).unwrap(), all.len());
    all
}

/// Bytes that do not repeat soon, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Runs a program, expects success and returns what it printed.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{printed}\n{complaints}", output.status);
    printed
}
