//! The time of `backup.zip` is the time its content last changed; looking costs no reading, and no torn archive is ever
//! handed out.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::{File, Permissions};
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::inotify::{self, ReadFlags, WatchFlags};
use support::{Mount, TestCourse, TestPortal, noise, wait_for};

/// Tells which files of a folder were opened or read.
struct Watch(OwnedFd);

impl Watch {
    fn on(folder: &Path) -> Watch {
        let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&watch, folder, WatchFlags::OPEN | WatchFlags::ACCESS).unwrap();
        Watch(watch)
    }

    /// How often files were opened or read since the last question.
    fn events(&mut self) -> usize {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.0, &mut buffer);
        let mut count = 0;
        while let Ok(event) = reader.next() {
            assert!(!event.events().contains(ReadFlags::QUEUE_OVERFLOW));
            count += usize::from(!event.events().contains(ReadFlags::ISDIR));
        }
        count
    }
}

/// Sets the time of a file back, so that changes made now are told from its making.
fn age(path: &Path) {
    let then = SystemTime::now() - Duration::from_secs(3600);
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

fn course(portal: &TestPortal) -> TestCourse<'_> {
    let course = portal.course("GEO101");
    // Its rows too are of some time ago.
    portal.execute("UPDATE course SET creation_date = '2026-09-01 08:00:00' WHERE id = ?", &[course.id().into()]);
    for name in ["a", "b", "c"] {
        course.file(&format!("/{name}"), &noise(1, 200_000));
        age(&course.on_disk(name));
    }
    course
}

fn mtime(path: &Path) -> i64 {
    let metadata = path.metadata().unwrap();
    assert_eq!(metadata.mtime_nsec(), 0);
    metadata.mtime()
}

#[test]
fn stat_opens_no_document() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    let mut watch = Watch::on(&course.folder_on_disk().join("document"));
    let size = archive.metadata().unwrap().len();
    assert!(size > 600_000);
    std::fs::read_dir(mount.join("GEO101")).unwrap().for_each(|entry| drop(entry.unwrap().metadata()));
    assert_eq!(watch.events(), 0);
    let mut file = File::open(&archive).unwrap();
    assert_eq!(watch.events(), 0, "opening the archive opened a document");
    file.read_exact(&mut [0; 30]).unwrap();
    // The same watch does notice when the archive is read.
    std::io::copy(&mut file, &mut std::io::sink()).unwrap();
    assert!(watch.events() > 0);
}

#[test]
fn documents_are_read_once_for_their_checksums_and_not_again_after_a_remount() {
    let portal = TestPortal::new();
    let course = course(&portal);
    // Checksums of files that changed just now are not trusted.
    std::thread::sleep(Duration::from_millis(2100));
    let mut mount = Mount::of(&portal);
    let first = std::fs::read(mount.join("GEO101/backup.zip")).unwrap();
    mount.remount();
    let file = File::open(mount.join("GEO101/backup.zip")).unwrap();
    let mut watch = Watch::on(&course.folder_on_disk().join("document"));
    // The central directory at the end names every checksum.
    let mut end = vec![0; 300];
    file.read_exact_at(&mut end, first.len() as u64 - 300).unwrap();
    assert!(end == first[first.len() - 300..]);
    assert_eq!(watch.events(), 0);
}

#[test]
fn the_time_stays_while_nothing_changes() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let other = portal.course("OTHER");
    let mut mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    let first = mtime(&archive);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
    assert!((now - 3700..now - 3500).contains(&first), "{first} is not the time of the newest document");
    let still = |mount: &Mount, what: &str| assert_eq!(mtime(&mount.join("GEO101/backup.zip")), first, "{what}");
    std::fs::read(&archive).unwrap();
    still(&mount, "after reading the archive");
    std::fs::read(mount.join("GEO101/Document/a")).unwrap();
    still(&mount, "after reading a document");
    other.file("/x", b"x");
    still(&mount, "after a change in another course");
    std::fs::write(course.on_disk("stray"), "x").unwrap();
    still(&mount, "after a file without a row");
    portal.execute("UPDATE user SET lastname = 'Other' WHERE id = 1", &[]);
    still(&mount, "after a change that is no content");
    mount.remount();
    still(&mount, "after a remount");
}

#[test]
fn the_time_moves_with_every_change_of_content() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    let mut last = mtime(&archive);
    let mut moves = |what: &str| {
        let time = mtime(&archive);
        assert!(time > last, "{what}: {time} is not after {last}");
        assert_eq!(mtime(&archive), time, "{what}: the time moved twice");
        last = time;
    };
    File::options().write(true).open(course.on_disk("a")).unwrap().set_modified(SystemTime::now()).unwrap();
    moves("touching a document");
    std::fs::write(course.on_disk("a"), noise(2, 200_000)).unwrap();
    moves("writing as many other bytes");
    std::fs::set_permissions(course.on_disk("a"), Permissions::from_mode(0o600)).unwrap();
    moves("chmod of a document");
    let iid = course.file("/new", b"new");
    moves("adding a document");
    portal.execute("UPDATE c_document SET title = 'Other' WHERE iid = ?", &[iid.into()]);
    moves("another title");
    portal.execute("UPDATE c_document SET comment = 'Read me' WHERE iid = ?", &[iid.into()]);
    moves("another comment");
    course.set_visibility(iid, 0);
    moves("hiding a document");
    course.remove_rows(iid);
    moves("removing a document");
    std::fs::remove_file(course.on_disk("b")).unwrap();
    moves("removing a file");
    portal.execute("UPDATE course SET title = 'Other' WHERE id = ?", &[course.id().into()]);
    moves("another title of the course");
}

#[test]
fn a_change_shows_within_the_time_out() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let mount = Mount::with(&portal, "ttl=1");
    let archive = mount.join("GEO101/backup.zip");
    let (size, time) = (archive.metadata().unwrap().len(), mtime(&archive));
    std::fs::write(course.on_disk("a"), b"short").unwrap();
    let start = std::time::Instant::now();
    wait_for("another time", 5, || (mtime(&archive) > time).then_some(()));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(archive.metadata().unwrap().len(), size - 200_000 + 5);
    // So is what changes rows.
    let before = mtime(&archive);
    portal.execute("UPDATE c_document SET title = 'Other' WHERE c_id = ?", &[course.id().into()]);
    wait_for("the time of changed rows", 1, || (mtime(&archive) > before).then_some(()));
}

#[test]
fn a_change_while_nothing_was_mounted_moves_the_time() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let mut mount = Mount::of(&portal);
    let first = mtime(&mount.join("GEO101/backup.zip"));
    mount.unmount();
    let iid = course.file("/new", b"new");
    course.remove_rows(iid);
    std::fs::remove_file(course.on_disk("new")).unwrap();
    drop(mount);
    let mut mount = Mount::of(&portal);
    assert_eq!(mtime(&mount.join("GEO101/backup.zip")), first, "all is as it was");
    mount.unmount();
    std::fs::write(course.on_disk("c"), b"other").unwrap();
    drop(mount);
    let mount = Mount::of(&portal);
    assert!(mtime(&mount.join("GEO101/backup.zip")) > first);
}

#[test]
fn without_a_cache_the_time_is_that_of_the_newest_row_or_document() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let mut mount = Mount::of(&portal);
    let first = mtime(&mount.join("GEO101/backup.zip"));
    mount.unmount();
    drop(mount);
    std::fs::remove_dir_all(portal.cache()).unwrap();
    let mut mount = Mount::of(&portal);
    assert_eq!(mtime(&mount.join("GEO101/backup.zip")), first);
    assert_eq!(first, mtime_of_disk(&course.on_disk("a")).max(mtime_of_disk(&course.on_disk("c"))));
    mount.remount();
    assert_eq!(mtime(&mount.join("GEO101/backup.zip")), first);
}

fn mtime_of_disk(path: &Path) -> i64 {
    path.metadata().unwrap().mtime()
}

#[test]
fn a_document_changed_under_an_open_archive_fails_the_read_and_is_logged() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    let whole = std::fs::read(&archive).unwrap();
    let file = File::open(&archive).unwrap();
    std::fs::write(course.on_disk("b"), noise(9, 200_000)).unwrap();
    let mut read = vec![0; whole.len()];
    let error = file.read_exact_at(&mut read, 0).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ESTALE), "{error}");
    wait_for("a line in the log", 5, || mount.log().contains("document/b").then_some(()));
    // Opened again it is the archive of now.
    assert!(std::fs::read(&archive).unwrap() == course.backup());
}

#[test]
fn an_archive_opened_before_a_document_was_deleted_fails_the_read() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    for gone in ["b", "c"] {
        let file = File::open(&archive).unwrap();
        std::fs::remove_file(course.on_disk(gone)).unwrap();
        let mut whole = Vec::new();
        let error = { &file }.read_to_end(&mut whole).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ESTALE), "{gone}: {error}");
    }
    assert!(mount.log().contains("document/b"), "{}", mount.log());
}

#[test]
fn an_open_archive_stays_as_it_was_when_only_rows_change() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    let before = course.backup();
    let file = File::open(&archive).unwrap();
    assert_eq!(file.metadata().unwrap().len(), before.len() as u64);
    course.file("/new", &noise(4, 50_000));
    let set = "UPDATE c_document SET title = 'A longer title' WHERE c_id = ?";
    portal.execute(set, &[course.id().into()]);
    let mut read = Vec::new();
    { &file }.read_to_end(&mut read).unwrap();
    assert!(read == before);
    let grown = course.backup();
    let file = File::open(&archive).unwrap();
    for name in ["/a", "/b", "/new"] {
        let sql = "SELECT iid FROM c_document WHERE c_id = ? AND path = ?";
        let rows = portal.rows(sql, &[course.id().into(), name.into()]);
        course.remove_rows(rows[0].int("iid").unwrap());
    }
    assert!(archive.metadata().unwrap().len() < grown.len() as u64);
    let mut read = Vec::new();
    { &file }.read_to_end(&mut read).unwrap();
    assert!(read == grown);
    assert!(std::fs::read(&archive).unwrap() == course.backup());
}
