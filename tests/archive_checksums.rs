//! Remembered checksums used by several threads and processes at once.

#![allow(clippy::unwrap_used)]

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use coursefs::archive::{Checksums, FileIdentity, FileTime};

const WRITERS: u64 = 4;
const EACH: u64 = 2000;

fn identity(inode: u64) -> FileIdentity {
    let time = FileTime { seconds: 1_000_000, nanoseconds: 7 };
    FileIdentity { device: 1, inode, size: inode, mtime: time, ctime: time }
}

/// Remembers its own rows and some that all writers remember.
fn write(path: &Path, writer: u64) {
    let checksums = Checksums::open(path).unwrap();
    for number in 0..EACH {
        let own = 1_000_000 * (writer + 1) + number;
        checksums.remember(&identity(own), own as u32);
        checksums.remember(&identity(number), number as u32);
        assert_eq!(checksums.find(&identity(own)), Some(own as u32));
    }
}

fn expect_all_rows(path: &Path) {
    let checksums = Checksums::open(path).unwrap();
    for writer in 0..=WRITERS {
        for number in 0..EACH {
            let inode = 1_000_000 * writer + number;
            assert_eq!(checksums.find(&identity(inode)), Some(inode as u32), "{inode}");
        }
    }
}

#[test]
fn threads_with_connections_of_their_own_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.sqlite");
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let path = &path;
            scope.spawn(move || write(path, writer));
        }
    });
    expect_all_rows(&path);
}

/// Names the database in the processes this test starts: they are this test again.
const DATABASE: &str = "COURSEFS_TEST_DATABASE";
const WRITER: &str = "COURSEFS_TEST_WRITER";

#[test]
fn processes_lose_nothing() {
    if let (Some(path), Ok(writer)) = (env::var_os(DATABASE), env::var(WRITER)) {
        return write(Path::new(&path), writer.parse().unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.sqlite");
    let start = |writer: u64| {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "processes_lose_nothing"])
            .env(DATABASE, &path)
            .env(WRITER, writer.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let writers: Vec<_> = (0..WRITERS).map(start).collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    expect_all_rows(&path);
}

#[test]
fn processes_that_find_the_file_damaged_agree_on_one_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.sqlite");
    std::fs::write(&path, vec![b'?'; 10_000]).unwrap();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let path = &path;
            scope.spawn(move || write(path, writer));
        }
    });
    expect_all_rows(&path);
}
