//! Whole courses are copied with the programs that copy folders and files, and the copy is the same course.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::fs;
use std::path::Path;

use coursefs::sample;
use reference_support::equal::{Side, archive_differences, differences};
use support::{Mount, TestPortal, noise, run};

/// A portal with the sample courses, whose rows anything may be done to.
fn sample_portal() -> TestPortal {
    let portal = TestPortal::new();
    sample::fill(&portal.portal).unwrap();
    portal
}

/// Codes of the sample courses.
fn codes(portal: &TestPortal) -> Vec<String> {
    portal.rows("SELECT code FROM course ORDER BY id", &[]).iter().map(|row| row.text("code")).collect()
}

/// What a copy may tell otherwise.
#[derive(Clone, Copy, PartialEq)]
enum But {
    Nothing,
    /// When documents were last written and by whom: `rsync` writes them while their rows come.
    LastEdit,
    /// Who made things, too: another portal has other users.
    Users,
}

impl But {
    fn allows(self, difference: &str) -> bool {
        let is_document = difference.starts_with('/');
        let last_edit = is_document && difference.contains(" lastedit_");
        let user = ["user_id", "poster_id", ".author"].iter().any(|column| difference.contains(column));
        match self {
            But::Nothing => false,
            But::LastEdit => last_edit,
            But::Users => last_edit || user,
        }
    }
}

/// Expects that the courses `from` and `to`, of portals of any sort, are the same: all rows, and the archives if nothing
/// may be otherwise, keys aside.
fn expect_equal(from: (&TestPortal, &str), to: (&TestPortal, &str), but: But) {
    let sides = [Side::new(&from.0.portal, from.1), Side::new(&to.0.portal, to.1)];
    assert!(sides[0].items() >= 20, "{} has {} items", from.1, sides[0].items());
    let shown = differences(&sides[0], &sides[1]).into_iter().map(|lost| lost.shown);
    let shown: Vec<String> = shown.filter(|difference| !but.allows(difference)).collect();
    assert!(shown.is_empty(), "{} and {}: {} differences\n{}", from.1, to.1, shown.len(), shown.join("\n"));
    if but != But::Nothing {
        return;
    }
    let aside = tempfile::tempdir().unwrap();
    let archives = [from, to].map(|(portal, code)| {
        let path = aside.path().join(format!("{code}.zip"));
        fs::write(&path, portal.existing(code).backup()).unwrap();
        path
    });
    let found = archive_differences([&sides[0], &sides[1]], [&archives[0], &archives[1]]);
    assert!(found.is_empty(), "{} and {}: {} differences\n{}", from.1, to.1, found.len(), found.join("\n"));
}

/// Title, language and visibility.
fn description(portal: &TestPortal, code: &str) -> (String, String, i64) {
    let course = portal.existing(code).course;
    (course.title, course.language, course.visibility)
}

/// Lines of `rsync` about what it changes; that it gives the folder of a course Chamilo's mode again is none.
fn rsync(from: &Path, to: &Path) -> String {
    run("rsync", &[&"-a", &"--itemize-changes", &format!("{}/", from.display()), &to])
}

#[test]
fn cp_r_of_a_course_makes_the_same_course() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    for (number, code) in codes(&portal).iter().enumerate() {
        for (way, option) in [("C", "-r"), ("D", "-a")] {
            // As long as the others, so that lengths of pages stay the same.
            let copy = format!("{way}{number}{}", "0".repeat(code.len() - 2));
            run("cp", &[&option, &mount.join(code), &mount.join(&copy)]);
            expect_equal((&portal, code), (&portal, &copy), But::Nothing);
            assert_eq!(description(&portal, code), description(&portal, &copy));
            // And over itself again.
            run("cp", &[&option, &"-T", &mount.join(code), &mount.join(&copy)]);
            expect_equal((&portal, code), (&portal, &copy), But::LastEdit);
        }
    }
    portal.check_finds_nothing();
}

#[test]
fn rsync_of_a_course_makes_the_same_course_and_the_second_time_changes_nothing() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    for (number, code) in codes(&portal).iter().enumerate() {
        let copy = format!("C{number}{}", "0".repeat(code.len() - 2));
        rsync(&mount.join(code), &mount.join(&copy));
        expect_equal((&portal, code), (&portal, &copy), But::LastEdit);
        let again = rsync(&mount.join(code), &mount.join(&copy));
        // Archives hold keys and codes of their own course.
        let archives = ["backup.zip", "scorm.zip", "Learnpath/"];
        let is_archive = |line: &str| archives.iter().any(|name| line.contains(name));
        // A folder gets another time when the backup puts a page with adapted links into it after rsync has left it.
        let is_time = |line: &str| line.starts_with(".d..t");
        let changed: Vec<&str> = again.lines().filter(|line| !is_archive(line) && !is_time(line)).collect();
        assert!(changed.is_empty(), "{again}");
        expect_equal((&portal, code), (&portal, &copy), But::LastEdit);
    }
    portal.check_finds_nothing();
}

#[test]
fn a_course_is_copied_from_one_mounted_portal_into_another() {
    let (portal, other) = (sample_portal(), TestPortal::new());
    let (mount, elsewhere) = (Mount::of(&portal), Mount::of(&other));
    for (number, code) in codes(&portal).iter().enumerate() {
        let copies = [("C", "cp"), ("D", "rsync")].map(|(way, program)| {
            let copy = format!("{way}{number}{}", "0".repeat(code.len() - 2));
            match program {
                "cp" => run("cp", &[&"-r", &mount.join(code), &elsewhere.join(&copy)]),
                _ => rsync(&mount.join(code), &elsewhere.join(&copy)),
            };
            copy
        });
        for copy in copies {
            expect_equal((&portal, code), (&other, &copy), But::Users);
        }
    }
    other.check_finds_nothing();
}

/// Bytes that the process of the mount has written so far, to files and to the kernel's requests.
fn written(mount: &Mount) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", mount.process_id())).unwrap();
    let line = io.lines().find(|line| line.starts_with("wchar:")).unwrap();
    line.trim_start_matches("wchar:").trim().parse().unwrap()
}

#[test]
fn a_backup_copied_onto_another_in_one_portal_is_restored_without_being_made() {
    const SIZE: usize = 64 << 20;
    let portal = sample_portal();
    let from = codes(&portal)[0].clone();
    let to = |first: &str| format!("{first}{}", "0".repeat(from.len() - 1));
    portal.existing(&from).file("/large.bin", &noise(1, SIZE));
    portal.existing(&from).set_quota(1 << 30);
    let mount = Mount::of(&portal);
    run("mkdir", &[&mount.join(&to("A")), &mount.join(&to("B"))]);
    let archive = |code: &str| mount.join(code).join("backup.zip");
    let before = written(&mount);
    run("cp", &[&archive(&from), &archive(&to("A"))]);
    let by_cp = written(&mount) - before;
    // The document once, and nothing else of its size.
    assert!(by_cp < SIZE as u64 + (8 << 20), "{by_cp}");
    let before = written(&mount);
    let (input, output) = (archive(&from), archive(&to("B")));
    run("dd", &[&format!("if={}", input.display()), &format!("of={}", output.display()), &"bs=1M", &"status=none"]);
    let by_dd = written(&mount) - before;
    assert!(by_dd > 2 * SIZE as u64, "{by_dd}");
    expect_equal((&portal, &from), (&portal, &to("A")), But::Nothing);
    expect_equal((&portal, &from), (&portal, &to("B")), But::Nothing);
    // Again it adds nothing.
    run("cp", &[&archive(&from), &archive(&to("A"))]);
    expect_equal((&portal, &from), (&portal, &to("A")), But::Nothing);
    portal.check_finds_nothing();
}

#[test]
fn a_copy_in_the_kernel_that_is_changed_before_it_is_closed_is_what_was_written() {
    use std::io::{Seek, SeekFrom, Write};
    let portal = sample_portal();
    let from = codes(&portal)[0].clone();
    for code in ["CUT000", "WHOLE0", "PIECES"] {
        portal.course(code);
    }
    let mount = Mount::of(&portal);
    let bytes = fs::read(mount.join(&from).join("backup.zip")).unwrap();
    let open = |code: &str| fs::File::create(mount.join(code).join("backup.zip")).unwrap();
    let copy = |to: &fs::File, from_offset: u64, length: usize| {
        let from = fs::File::open(mount.join(&from).join("backup.zip")).unwrap();
        let (mut offset, mut left) = (from_offset, length);
        while left > 0 {
            left -= rustix::fs::copy_file_range(&from, Some(&mut offset), to, None, left).unwrap();
        }
    };
    // A part of it is no backup.
    let cut = open("CUT000");
    copy(&cut, 0, bytes.len() / 2);
    assert_eq!(close(cut), Some(libc::EINVAL));
    assert_eq!(Side::new(&portal.portal, "CUT000").items(), 0);
    // Part copied, part written: the same as all written.
    let mut whole = open("WHOLE0");
    copy(&whole, 0, 1000);
    whole.seek(SeekFrom::Start(1000)).unwrap();
    whole.write_all(&bytes[1000..]).unwrap();
    assert_eq!(close(whole), None);
    // Copied by two handles, in pieces.
    let pieces = open("PIECES");
    copy(&pieces, 0, 5000);
    copy(&pieces, 5000, bytes.len() - 5000);
    assert_eq!(close(pieces), None);
    for code in ["WHOLE0", "PIECES"] {
        assert_eq!(Side::new(&portal.portal, code).items(), Side::new(&portal.portal, &from).items(), "{code}");
    }
    portal.check_finds_nothing();
}

/// Closes a file; what `close` says.
fn close(file: fs::File) -> Option<i32> {
    use std::os::fd::IntoRawFd;
    // SAFETY: the descriptor was just given up by the file and is closed once.
    match unsafe { libc::close(file.into_raw_fd()) } {
        0 => None,
        _ => std::io::Error::last_os_error().raw_os_error(),
    }
}

#[test]
fn who_works_in_folders_within_folders_while_the_backup_comes_goes_on_in_those_of_the_course() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    // As long as the other, so that lengths of pages stay the same.
    let (course, copy) = (mount.join("GEO101"), mount.join("COPY01"));
    let forum = "Forum/Le cours/Questions sur les leçons";
    fs::create_dir_all(copy.join(forum)).unwrap();
    // By its number: no name is looked up any more.
    let working = fs::File::open(copy.join(forum)).unwrap();
    run("cp", &[&course.join("backup.zip"), &copy.join("backup.zip")]);
    let page = "Magnitude ou intensité ?.html";
    let content = fs::read(course.join(forum).join(page)).unwrap();
    let flags = rustix::fs::OFlags::CREATE | rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::TRUNC;
    let opened = rustix::fs::openat(&working, page, flags, rustix::fs::Mode::from_raw_mode(0o644)).unwrap();
    let mut file = fs::File::from(opened);
    std::io::Write::write_all(&mut file, &content).unwrap();
    assert_eq!(close(file), None);
    drop(mount);
    expect_equal((&portal, "GEO101"), (&portal, "COPY01"), But::Nothing);
    portal.check_finds_nothing();
}

#[test]
fn rsync_of_a_whole_portal_makes_the_same_courses_in_another() {
    let (portal, other) = (sample_portal(), TestPortal::new());
    {
        // As people mount them: the kernel remembers names for a second.
        let (mount, elsewhere) = (Mount::with(&portal, ""), Mount::with(&other, ""));
        rsync(&mount.path(), &elsewhere.path());
    }
    for code in codes(&portal) {
        expect_equal((&portal, &code), (&other, &code), But::Users);
    }
    other.check_finds_nothing();
}
