//! A restore that is killed at any moment leaves, after the next start, the course before or the course after.
//!
//! The command is killed at places that it knows in debug builds (`COURSEFS_CRASH_AT`) and at moments spread over its
//! run. What is compared is every row and every file of the portal.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use coursefs::course::Stamp;
use coursefs::course::document_rows::{self, DocumentKind, NewDocument};
use coursefs::portal::database::DatabaseExt;
use coursefs::portal::staging::Staging;
use coursefs::portal::{Access, Portal};
use support::{Snapshot, TestPortal, coursefs, names, portals, snapshot, start};

/// SIGKILL.
const KILL: i32 = 9;

/// An archive with documents, attachments and work folders, one document in a folder that new courses have only a row
/// of, and one that takes the place of the page that guards the Document folder.
fn archive() -> &'static Path {
    static ARCHIVE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = ARCHIVE.get_or_init(|| {
        let (_folder, portal) = reference_support::portal();
        let course = reference_support::course(&portal, reference_support::CODE);
        let documents = portal.root().join("app/courses/REF000/document");
        let enter = |path: &str, kind| {
            let new = NewDocument { path: path.as_bytes(), title: "Title", comment: None, kind, visible: true };
            let stamp = Stamp::now(1);
            portal.database().write(|session| document_rows::insert(session, course, &new, &stamp)).unwrap();
        };
        for path in ["/deep", "/deep/er"] {
            enter(path, DocumentKind::Folder);
        }
        for path in ["/certificates/one.txt", "/index.html", "/deep/er/two.txt"] {
            let file = documents.join(path.trim_start_matches('/'));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, path).unwrap();
            enter(path, DocumentKind::File { size: path.len() as u64 });
        }
        let folder = tempfile::tempdir().unwrap();
        let path = reference_support::backup(&portal, reference_support::CODE, folder.path());
        (folder, path)
    });
    path
}

/// A course to restore into: it is there, with something in it, or it is to be made.
struct Case {
    code: &'static str,
    before: TestPortal,
    as_before: Snapshot,
    as_after: Snapshot,
}

impl Case {
    fn new(code: &'static str) -> Case {
        let before = TestPortal::new();
        let course = before.course("GEO101");
        course.folder("/unit");
        course.file("/unit/one.txt", b"one");
        // So that attachments have to go where others lie.
        std::fs::create_dir_all(course.folder_on_disk().join("upload/announcements")).unwrap();
        let as_before = comparable(&before);
        let after = before.copy();
        restore(&after, code).done();
        let as_after = comparable(&after);
        let attachment = format!("courses/{code}/upload/");
        let is_new = |path: &&String| path.starts_with(&attachment) && !as_before.files.contains_key(*path);
        assert!(as_after.files.keys().filter(is_new).any(|path| as_after.files[path].starts_with("file")));
        Case { code, before, as_before, as_after }
    }

    /// Expects that after the next start the portal is as before or as after, and that a restore then succeeds.
    fn expect_whole(&self, portal: &TestPortal, what: &str) -> bool {
        drop(Portal::open(portal.root(), Access::ReadWrite).unwrap());
        assert!(names(&portal.root().join("app/cache")).is_empty(), "{what}");
        let now = comparable(portal);
        let done = now != self.as_before;
        if done {
            assert_eq!(now, self.as_after, "{what}");
        }
        portals::forget_undone_keys(&portal.portal);
        restore(portal, self.code).done();
        if !done {
            assert_eq!(comparable(portal), self.as_after, "{what}, restored again");
        }
        done
    }
}

fn restore(portal: &TestPortal, code: &str) -> support::Ended {
    coursefs(&portal.cache(), &[&"restore", &portal.root(), &code, &archive(), &"--create"])
}

/// Restores and is killed at the place `point`; whether it came there.
fn killed_at(portal: &TestPortal, code: &str, point: &str) -> bool {
    let arguments: [&dyn AsRef<std::ffi::OsStr>; 5] = [&"restore", &portal.root(), &code, &archive(), &"--create"];
    let mut command = start(env!("CARGO_BIN_EXE_coursefs"), &arguments);
    let status = command.env("COURSEFS_CRASH_AT", point).stdout(Stdio::null()).status().unwrap();
    assert!(status.success() || status.signal() == Some(KILL), "{point}: {status}");
    !status.success()
}

/// All rows and files, without what differs from one restore to the next: the time when it was.
fn comparable(portal: &TestPortal) -> Snapshot {
    let mut snapshot = snapshot(portal);
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    for row in snapshot.rows.values_mut().flatten() {
        let mut parts: Vec<String> = row.split('"').map(str::to_owned).collect();
        for part in &mut parts {
            if part.starts_with(&today) && part.len() == "2026-01-01 00:00:00".len() {
                *part = "now".into();
            } else if part.len() == "2026-01-01 00:00:00".len() && part.starts_with("202") && *part > today {
                *part = "later".into();
            }
        }
        *row = parts.join("\"");
    }
    let now = jiff::Timestamp::now().as_second();
    for words in snapshot.files.values_mut() {
        let mut parts: Vec<&str> = words.split(", ").collect();
        if let [_, mtime, _] = parts.as_mut_slice()
            && mtime.parse::<i64>().is_ok_and(|mtime| mtime > now - 3600)
        {
            *mtime = "now";
            *words = parts.join(", ");
        }
    }
    snapshot
}

#[test]
fn a_restore_killed_at_any_of_its_steps_is_undone_or_done() {
    for code in ["GEO101", "NEW"] {
        let case = Case::new(code);
        let mut placings = 0;
        for point in ["unpacked", "journal", "before-commit", "after-commit"] {
            let portal = case.before.copy();
            assert!(killed_at(&portal, code, point), "{code} never comes to {point}");
            assert_eq!(case.expect_whole(&portal, point), point == "after-commit", "{code}, {point}");
        }
        // All placings of a merge; a new course is placed at once.
        for number in 1.. {
            let portal = case.before.copy();
            let point = format!("placed:{number}");
            if !killed_at(&portal, code, &point) {
                break;
            }
            placings = number;
            assert!(!case.expect_whole(&portal, &point), "{code}, {point}");
        }
        assert!(placings >= if code == "NEW" { 1 } else { 16 }, "{code}: {placings}");
    }
}

#[test]
fn a_restore_killed_at_any_moment_is_undone_or_done() {
    for code in ["GEO101", "NEW"] {
        let case = Case::new(code);
        let portal = case.before.copy();
        let begun = Instant::now();
        restore(&portal, code).done();
        let whole = begun.elapsed();
        let mut done = 0;
        const KILLS: u32 = 24;
        for number in 0..KILLS {
            let portal = case.before.copy();
            let arguments: [&dyn AsRef<std::ffi::OsStr>; 5] =
                [&"restore", &portal.root(), &code, &archive(), &"--create"];
            let mut command = start(env!("CARGO_BIN_EXE_coursefs"), &arguments);
            let mut process = command.stdout(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole * number / KILLS);
            process.kill().unwrap();
            process.wait().unwrap();
            done += u32::from(case.expect_whole(&portal, &format!("{code}, kill {number}")));
        }
        assert!(done < KILLS, "{code}: no kill came in time");
    }
}

#[test]
fn a_recovery_that_is_killed_is_finished_by_the_next_one() {
    let case = Case::new("GEO101");
    for number in [1, 2, 8, 16] {
        let portal = case.before.copy();
        assert!(killed_at(&portal, "GEO101", "before-commit"));
        assert!(killed_at(&portal, "GEO101", &format!("recovering:{number}")), "{number}");
        assert!(!case.expect_whole(&portal, &format!("recovering:{number}")));
    }
}

#[test]
fn reading_changes_nothing_of_what_a_killed_restore_left() {
    let case = Case::new("GEO101");
    let portal = case.before.copy();
    assert!(killed_at(&portal, "GEO101", "before-commit"));
    let left = snapshot(&portal);
    portal.coursefs(&[&"list", &portal.root()]).done();
    assert_eq!(snapshot(&portal), left);
}

#[test]
fn what_others_put_at_a_place_meanwhile_is_not_taken_away() {
    let case = Case::new("GEO101");
    let portal = case.before.copy();
    assert!(killed_at(&portal, "GEO101", "before-commit"));
    let course = portal.existing("GEO101");
    let (replaced, beside) = (course.on_disk("deep/er/two.txt"), course.on_disk("deep/er/three.txt"));
    std::fs::remove_file(&replaced).unwrap();
    std::fs::write(&replaced, b"of somebody else").unwrap();
    std::fs::write(&beside, b"of somebody else").unwrap();
    drop(Portal::open(portal.root(), Access::ReadWrite).unwrap());
    assert!(names(&portal.root().join("app/cache")).is_empty());
    for path in [replaced, beside] {
        assert_eq!(std::fs::read(&path).unwrap(), b"of somebody else", "{}", path.display());
    }
    assert!(!course.on_disk("certificates/one.txt").exists());
}

#[test]
fn the_staging_folder_of_a_living_process_is_left_alone() {
    let portal = TestPortal::new();
    let living = Staging::new(&portal.portal).unwrap();
    living.folder().write_file(b"file", b"in work", 0o600).unwrap();
    drop(Portal::open(portal.root(), Access::ReadWrite).unwrap());
    assert_eq!(std::fs::read(living.path().join("file")).unwrap(), b"in work");
    drop(living);
    assert!(names(&portal.root().join("app/cache")).is_empty());
}

#[test]
fn a_staging_folder_whose_journal_is_not_understood_stays_and_is_reported() {
    let portal = TestPortal::new();
    let abandoned = portal.root().join("app/cache/coursefs-abandoned");
    std::fs::create_dir(&abandoned).unwrap();
    std::fs::write(abandoned.join("journal"), b"coursefs journal 2\0end\0").unwrap();
    let ended = portal.coursefs(&[&"restore", &portal.root(), &"NEW", &support::reference_backup(), &"--create"]);
    let ended = ended.done();
    assert!(ended.stderr.contains("coursefs-abandoned") && ended.stderr.contains("journal"), "{}", ended.stderr);
    assert!(abandoned.join("journal").exists());
}

#[test]
fn two_restores_at_once_of_which_one_is_killed_do_not_disturb_each_other() {
    let case = Case::new("GEO101");
    let portal = case.before.copy();
    let arguments: [&dyn AsRef<std::ffi::OsStr>; 5] = [&"restore", &portal.root(), &"NEW", &archive(), &"--create"];
    let mut other = start(env!("CARGO_BIN_EXE_coursefs"), &arguments).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert!(killed_at(&portal, "GEO101", "placed:5"));
    drop(Portal::open(portal.root(), Access::ReadWrite).unwrap());
    assert!(other.wait().unwrap().success());
    drop(Portal::open(portal.root(), Access::ReadWrite).unwrap());
    assert!(names(&portal.root().join("app/cache")).is_empty());
    assert!(portal.existing("NEW").on_disk("deep/er/two.txt").exists());
    assert!(!portal.existing("GEO101").on_disk("deep").exists());
}

#[test]
fn a_package_and_a_picture_that_no_row_names_are_replaced_with_the_rows_or_not_at_all() {
    const LOOSE: [&str; 2] = ["scorm/pack/imsmanifest.xml", "course-pic85x85.png"];
    let write = |course: &support::TestCourse<'_>, text: &str| {
        for path in LOOSE {
            let file = course.folder_on_disk().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    };
    let source = TestPortal::new();
    let course = source.course("SRC");
    course.file("/note.txt", b"note");
    write(&course, "new");
    let archive = source.aside("archive.zip");
    std::fs::write(&archive, course.backup()).unwrap();

    let before = TestPortal::new();
    write(&before.course("GEO101"), "old");
    for point in ["placed:1", "placed:2", "before-commit", "after-commit"] {
        let portal = before.copy();
        let arguments: [&dyn AsRef<std::ffi::OsStr>; 6] =
            [&"restore", &portal.root(), &"GEO101", &archive, &"--on-conflict", &"overwrite"];
        let mut command = start(env!("CARGO_BIN_EXE_coursefs"), &arguments);
        let status = command.env("COURSEFS_CRASH_AT", point).stdout(Stdio::null()).status().unwrap();
        assert_eq!(status.signal(), Some(KILL), "{point}");
        let portal = portal.writable();
        assert!(names(&portal.root().join("app/cache")).is_empty(), "{point}");
        let committed = point == "after-commit";
        let rows = portal.rows("SELECT path FROM c_document WHERE path = '/note.txt'", &[]);
        assert_eq!(rows.len() == 1, committed, "{point}");
        let folder = portal.existing("GEO101").folder_on_disk();
        for path in LOOSE {
            let text = std::fs::read_to_string(folder.join(path)).unwrap();
            assert_eq!(text, if committed { "new" } else { "old" }, "{point}: {path}");
        }
        let marks = portal.rows("SELECT iid FROM c_course_setting WHERE variable LIKE 'coursefs%'", &[]);
        assert!(marks.is_empty(), "{point}");
    }
}
