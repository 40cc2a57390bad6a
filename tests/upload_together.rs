//! Many uploads at once, readers beside them, and large ones.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use support::{Ended, HandMade, Mount, Resource, TestPortal, contents, names, noise, start};

/// An archive of `count` files of `size` bytes, called after `name`.
fn archive(portal: &TestPortal, name: &str, count: usize, size: usize) -> PathBuf {
    let files: Vec<String> = (0..count).map(|number| format!("document/{name} {number}.bin")).collect();
    let listed: Vec<Resource> =
        files.iter().map(|path| Resource { size: size as u64, ..Resource::file(path) }).collect();
    let bytes = noise(count as u64, size);
    let made = files.iter().fold(HandMade::listing(&listed), |made, path| made.entry(path, &bytes));
    let path = portal.aside(&format!("{name}.zip"));
    made.write(&path);
    path
}

fn brought(mount: &Mount, code: &str) -> BTreeSet<String> {
    names(&mount.join(&format!("{code}/Document"))).into_iter().filter(|name| name.ends_with(".bin")).collect()
}

fn expected(name: &str, count: usize) -> BTreeSet<String> {
    (0..count).map(|number| format!("{name} {number}.bin")).collect()
}

/// Starts all commands at once and expects that all succeed within five minutes.
fn all_at_once(commands: &[(&str, PathBuf, PathBuf)]) {
    let until = Instant::now() + Duration::from_secs(300);
    let mut running: Vec<_> = commands
        .iter()
        .map(|(program, from, to)| start(program, &[from, to]).stderr(std::process::Stdio::piped()).spawn().unwrap())
        .collect();
    while running.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        assert!(Instant::now() < until, "not all uploads ended within five minutes");
        std::thread::sleep(Duration::from_millis(10));
    }
    for child in running {
        Ended::of(child.wait_with_output().unwrap()).done();
    }
}

#[test]
fn uploads_into_many_courses_at_once_all_arrive() {
    let portal = TestPortal::new();
    let codes: Vec<String> = (0..24).map(|number| format!("C{number}")).collect();
    for code in &codes {
        portal.course(code);
    }
    let from = archive(&portal, "new", 40, 20_000);
    let mount = Mount::of(&portal);
    let ways = ["cp", "rsync", "cp"];
    let target = |code: &String| mount.join(code).join("backup.zip");
    let commands: Vec<_> =
        codes.iter().zip(ways.iter().cycle()).map(|(code, way)| (*way, from.clone(), target(code))).collect();
    all_at_once(&commands);
    for code in &codes {
        assert_eq!(brought(&mount, code), expected("new", 40), "{code}");
    }
    assert_eq!(names(&portal.root().join("app/cache")), Vec::<String>::new());
}

#[test]
fn uploads_into_one_course_at_once_are_merged_one_after_the_other() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    let mut all = BTreeSet::new();
    let mut commands = Vec::new();
    for number in 0..12 {
        // Every second one has been there before.
        let name = format!("lot {}", number / 2);
        commands.push((
            ["cp", "rsync"][number % 2],
            archive(&portal, &name, 20, 5_000),
            mount.join("GEO101/backup.zip"),
        ));
        all.extend(expected(&name, 20));
    }
    all_at_once(&commands);
    assert_eq!(brought(&mount, "GEO101"), all);
    let rows = portal.rows("SELECT path FROM c_document WHERE path LIKE '%.bin'", &[]);
    assert_eq!(rows.len(), all.len(), "nothing is there twice");
}

#[test]
fn the_mount_answers_while_all_threads_could_be_restoring() {
    let portal = TestPortal::new();
    for number in 0..16 {
        portal.course(&format!("C{number}"));
    }
    portal.course("GEO101").file("/a.txt", b"text");
    let from = archive(&portal, "new", 300, 10_000);
    let mount = Mount::of(&portal);
    let files: Vec<File> = (0..16)
        .map(|number| {
            let mut file = File::create(mount.join(&format!("C{number}/backup.zip"))).unwrap();
            file.write_all(&std::fs::read(&from).unwrap()).unwrap();
            file
        })
        .collect();
    let done = AtomicBool::new(false);
    let mut slowest = Duration::ZERO;
    std::thread::scope(|scope| {
        let closing: Vec<_> = files.into_iter().map(|file| scope.spawn(|| drop(file))).collect();
        scope.spawn(|| {
            closing.into_iter().for_each(|thread| thread.join().unwrap());
            done.store(true, Ordering::SeqCst);
        });
        let mut asked = 0;
        while !done.load(Ordering::SeqCst) {
            let begin = Instant::now();
            assert_eq!(std::fs::read(mount.join("GEO101/Document/a.txt")).unwrap(), b"text");
            slowest = slowest.max(begin.elapsed());
            asked += 1;
        }
        assert!(asked > 10, "the restores were over too soon to tell");
    });
    println!("slowest answer beside 16 restores: {slowest:?}");
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    for number in 0..16 {
        assert_eq!(brought(&mount, &format!("C{number}")), expected("new", 300));
    }
}

#[test]
fn a_reader_beside_uploads_gets_the_course_before_or_after_each() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let lots: Vec<PathBuf> = (0..10).map(|lot| archive(&portal, &format!("lot{lot}"), 10, 3_000)).collect();
    let mount = Mount::of(&portal);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let copy = portal.aside("copy.zip");
            let mut seen = BTreeSet::new();
            loop {
                let last = done.load(Ordering::SeqCst);
                support::run("cp", &[&mount.join("GEO101/backup.zip"), &copy]);
                let found = contents(&std::fs::read(&copy).unwrap());
                let files = found.entries.keys().filter(|name| name.ends_with(".bin")).count();
                let listed = found.listed.keys().filter(|name| name.ends_with(".bin")).count();
                assert_eq!((files % 10, listed), (0, files), "half a restore is in the backup");
                seen.insert(files);
                if last {
                    return seen;
                }
            }
        });
        for lot in &lots {
            support::run("cp", &[lot, &mount.join("GEO101/backup.zip")]);
        }
        done.store(true, Ordering::SeqCst);
        let seen = reader.join().unwrap();
        assert!(seen.contains(&100), "{seen:?}");
    });
}

/// The most memory that the process of the mount has used, in KiB.
fn peak(mount: &Mount) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", mount.process_id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_large_upload_needs_no_memory_and_leaves_no_spool() {
    const SIZE: usize = 300 << 20;
    let portal = TestPortal::new();
    portal.course("GEO101").set_quota(1 << 30);
    let from = large_archive(&portal, SIZE);
    let mount = Mount::of(&portal);
    let before = peak(&mount);
    let begin = Instant::now();
    support::run("cp", &[&from, &mount.join("GEO101/backup.zip")]);
    let taken = begin.elapsed();
    let grown = peak(&mount) - before;
    println!("300 MiB taken in within {taken:?}; memory grew by {grown} KiB");
    assert!(grown < 60 << 10, "memory grew by {grown} KiB");
    let document = File::open(mount.join("GEO101/Document/large.bin")).unwrap();
    assert_eq!(document.metadata().unwrap().len(), SIZE as u64);
    let mut end = [0; 4];
    document.read_exact_at(&mut end, SIZE as u64 - 4).unwrap();
    assert_eq!(&end, b"end.");
    assert_eq!(names(&portal.root().join("app/cache")), Vec::<String>::new());
    // Nor does the process hold a file without a name, once the kernel has said that the last descriptor is gone.
    support::wait_for("the end of the spool", 10, || {
        let held = std::fs::read_dir(format!("/proc/{}/fd", mount.process_id())).unwrap();
        let mut held = held.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
        (!held.any(|path| path.to_string_lossy().contains("app/cache"))).then_some(())
    });
}

fn large_archive(portal: &TestPortal, size: usize) -> PathBuf {
    let mut bytes = vec![0; size];
    bytes[size - 4..].copy_from_slice(b"end.");
    let listed = [Resource { size: size as u64, ..Resource::file("document/large.bin") }];
    let path = portal.aside("large.zip");
    HandMade::listing(&listed).entry("document/large.bin", &bytes).write(&path);
    path
}

#[test]
fn a_mount_that_ends_restores_what_was_closed() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let from = archive(&portal, "new", 300, 5_000);
    let mut mount = Mount::of(&portal);
    let bytes = std::fs::read(&from).unwrap();
    let file = File::create(mount.join("GEO101/backup.zip")).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    let target = portal.existing("GEO101").folder_on_disk();
    std::thread::scope(|scope| {
        let closing = scope.spawn(|| rustix::fs::fsync(&file));
        support::wait_for("the beginning of the restore", 20, || {
            let staged = names(&portal.root().join("app/cache"));
            (!staged.is_empty() || target.join("document/new 0.bin").exists()).then_some(())
        });
        mount.unmount();
        assert_eq!(closing.join().unwrap(), Ok(()), "whoever waits is told");
    });
    let mount = Mount::of(&portal);
    assert_eq!(brought(&mount, "GEO101"), expected("new", 300));
    assert_eq!(names(&portal.root().join("app/cache")), Vec::<String>::new());
}
