//! Archives that are damaged or made to do harm: one clear error, exit code 1, and a course that is as it was.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use support::{HandMade, Random, Resource, TestPortal, course_info, names, noise, portals, snapshot, start};

/// A portal whose course GEO101 holds something.
fn portal() -> TestPortal {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/unit");
    course.file("/unit/one.txt", b"one");
    portal
}

/// Expects that the archive is refused with a message that names it and holds all of `words`, whether the course is
/// there or is to be made, and that nothing changes.
fn expect_refused(portal: &TestPortal, archive: &[u8], words: &[&str]) {
    let path = portal.aside("hostile.zip");
    std::fs::write(&path, archive).unwrap();
    expect_file_refused(portal, &path, words);
}

fn expect_file_refused(portal: &TestPortal, path: &Path, words: &[&str]) {
    let before = snapshot(portal);
    let words: Vec<&str> = words.iter().copied().chain([path.file_name().unwrap().to_str().unwrap()]).collect();
    for (code, option) in [("GEO101", None), ("GEO101", Some("--create")), ("NEW", Some("--create"))] {
        let root = portal.root();
        let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"restore", &root, &code, &path];
        if let Some(option) = &option {
            arguments.push(option);
        }
        portal.coursefs(&arguments).failed_saying(&words);
        assert_eq!(snapshot(portal), before);
        assert!(names(&portal.root().join("app/cache")).is_empty());
    }
}

/// One document besides the hostile one, to be taken or left with it.
fn with_innocent(listed: &[Resource]) -> HandMade {
    let all: Vec<Resource> = [Resource::file("document/a.txt")].into_iter().chain(listed.iter().cloned()).collect();
    HandMade::listing(&all).entry("document/a.txt", b"!")
}

#[test]
fn paths_that_leave_the_course_are_refused() {
    let portal = portal();
    for path in [
        "document/../evil.txt",
        "document/../../GEO101/evil.txt",
        "document/unit/../../evil.txt",
        "document/..",
        "document/./evil.txt",
        "/etc/evil.txt",
        "../evil.txt",
        "document//evil.txt",
        "document/",
        "document",
        "scorm/evil.txt",
        "document/evil\0.txt",
        &format!("document/{}", "x".repeat(256)),
        &format!("document/{}", "long/".repeat(60)),
    ] {
        let archive = with_innocent(&[Resource::file(path)]).entry(path, b"evil");
        let shown = format!("{path:?}");
        expect_refused(&portal, &archive.bytes(), &[&shown, "nothing was restored"]);
        let archive = with_innocent(&[Resource::folder(path)]);
        expect_refused(&portal, &archive.bytes(), &[&shown, "nothing was restored"]);
    }
}

#[test]
fn a_document_that_lies_in_a_file_is_refused() {
    let listed = [Resource::file("document/b"), Resource::file("document/b/c.txt")];
    let archive = with_innocent(&listed).entry("document/b", b"!").entry("document/b/c.txt", b"!");
    expect_refused(&portal(), &archive.bytes(), &["\"b/c.txt\"", "it lies in what is a file there"]);
}

#[test]
fn entries_that_no_document_names_are_not_unpacked() {
    let portal = portal();
    let archive = with_innocent(&[])
        .entry("../../../evil.txt", b"evil")
        .entry("/tmp/coursefs-evil.txt", b"evil")
        .entry("document/unlisted.php", b"evil")
        .entry("app/config/configuration.php", b"evil");
    let path = portal.aside("extra.zip");
    archive.write(&path);
    let before = snapshot(&portal);
    portal.coursefs(&[&"restore", &portal.root(), &"GEO101", &path]).done();
    let after = snapshot(&portal);
    let new: Vec<&String> = after.files.keys().filter(|path| !before.files.contains_key(*path)).collect();
    assert_eq!(new, ["courses/GEO101/document/a.txt"]);
    assert!(!Path::new("/tmp/coursefs-evil.txt").exists());
}

#[test]
fn symbolic_links_are_refused() {
    let archive = with_innocent(&[Resource::file("document/link")]).entry("document/link", b"/etc/passwd").symlink();
    expect_refused(&portal(), &archive.bytes(), &["document/link", "symbolic link"]);
}

#[test]
fn encrypted_entries_are_refused() {
    let archive = with_innocent(&[Resource::file("document/safe")]).entry("document/safe", &noise(1, 100)).encrypted();
    expect_refused(&portal(), &archive.bytes(), &["document/safe", "encrypted"]);
}

#[test]
fn a_wrong_checksum_is_refused() {
    let portal = portal();
    let archive = with_innocent(&[Resource::file("document/b")]).entry("document/b", &noise(1, 100_000)).wrong_crc();
    expect_refused(&portal, &archive.bytes(), &["is damaged", "document/b"]);
    let archive = HandMade::default().entry("course_info.dat", &course_info(&[])).wrong_crc();
    expect_refused(&portal, &archive.bytes(), &["is damaged", "course_info.dat"]);
}

#[test]
fn a_wrong_checksum_of_a_document_that_is_there_is_refused_too() {
    let portal = portal();
    portal.existing("GEO101").file("/b", b"the same");
    let archive = with_innocent(&[Resource::file("document/b")]).entry("document/b", b"the same").wrong_crc();
    expect_refused(&portal, &archive.bytes(), &["is damaged", "document/b"]);
}

#[test]
fn a_declared_size_that_is_wrong_is_refused() {
    let portal = portal();
    let listed = [Resource::file("document/b")];
    for wrong in [0, 99, 101, 1_000_000] {
        let archive = with_innocent(&listed).entry("document/b", &noise(1, 100)).declared(wrong);
        expect_refused(&portal, &archive.bytes(), &["document/b"]);
    }
}

/// `megabytes` of zeros deflated, and their CRC-32.
fn deflated_zeros(megabytes: u32) -> (Vec<u8>, u32) {
    let script = "import sys, zlib\nc, p, crc = zlib.compressobj(9, 8, -15), bytes(1 << 20), 0\nfor _ in range(int(sys.argv[1])):\n  sys.stdout.buffer.write(c.compress(p)); crc = zlib.crc32(p, crc)\nsys.stdout.buffer.write(c.flush()); sys.stderr.write(str(crc))";
    let output = start("python3", &[&"-c", &script, &megabytes.to_string()]).output().unwrap();
    assert!(output.status.success());
    (output.stdout, String::from_utf8(output.stderr).unwrap().parse().unwrap())
}

#[test]
fn a_zip_bomb_is_stopped_by_the_quota_or_by_the_size_it_declares() {
    let portal = portal();
    portal.execute(
        "UPDATE settings_current SET selected_value = '10000000' WHERE variable = 'default_document_quotum'",
        &[],
    );
    portal.existing("GEO101").set_quota(10_000_000);
    let (zeros, crc) = deflated_zeros(300);
    assert!(zeros.len() < 1_000_000);
    let listed = [Resource::file("document/bomb")];
    let bomb = with_innocent(&listed).entry("document/bomb", &zeros).deflated(crc);
    let path = portal.aside("bomb.zip");
    bomb.clone().declared(300 << 20).write(&path);
    let before = snapshot(&portal);
    for (code, option) in [("GEO101", "--create"), ("NEW", "--create")] {
        let ended = portal.coursefs(&[&"restore", &portal.root(), &code, &path, &option]);
        ended.failed_saying(&[code, "quota", "314572801 bytes"]);
        assert_eq!(snapshot(&portal), before);
    }
    expect_refused(&portal, &bomb.declared(1000).bytes(), &["document/bomb"]);
}

#[test]
fn a_zip_bomb_for_course_info_is_stopped() {
    let portal = portal();
    let (zeros, crc) = deflated_zeros(300);
    let bomb = HandMade::default().entry("course_info.dat", &zeros).deflated(crc);
    expect_refused(&portal, &bomb.clone().declared(300 << 20).bytes(), &["course_info.dat", "314572800"]);
    expect_refused(&portal, &bomb.declared(1000).bytes(), &["course_info.dat"]);
}

#[test]
fn an_archive_cut_off_anywhere_is_refused() {
    let portal = portal();
    let whole = std::fs::read(support::reference_backup()).unwrap();
    let mut random = Random::new(1);
    let cuts = [0, 1, 4, 30, whole.len() - 1, whole.len() - 4, whole.len() - 22, whole.len() - 23];
    for cut in cuts.into_iter().chain((0..12).map(|_| random.below(whole.len()))) {
        expect_refused(&portal, &whole[..cut], &["hostile.zip"]);
    }
}

#[test]
fn a_flipped_bit_is_refused_or_does_no_harm() {
    let portal = TestPortal::new();
    portal.reference_course();
    let whole = std::fs::read(support::reference_backup()).unwrap();
    let path = portal.aside("flipped.zip");
    let mut random = Random::new(2);
    let mut refused = 0;
    for _ in 0..60 {
        let mut flipped = whole.clone();
        flipped[random.below(whole.len())] ^= 1 << random.below(8);
        std::fs::write(&path, &flipped).unwrap();
        let before = snapshot(&portal);
        let ended = portal.coursefs(&[&"restore", &portal.root(), &"REF000", &path]);
        match ended.code {
            0 => {
                // Some field that does not matter here; bytes of documents are the true ones all the same.
                let after = snapshot(&portal);
                let lost: Vec<_> =
                    before.files.iter().filter(|(path, file)| after.files.get(*path) != Some(file)).collect();
                assert!(lost.is_empty(), "{lost:?}");
            }
            _ => {
                ended.failed_saying(&["flipped.zip"]);
                assert_eq!(snapshot(&portal), before);
                refused += 1;
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn what_is_no_archive_is_refused() {
    let portal = portal();
    expect_refused(&portal, b"", &["zip"]);
    expect_refused(&portal, &noise(1, 100_000), &["zip"]);
    expect_file_refused(&portal, &portal.aside("missing.zip"), &["can't open"]);
    let folder = portal.aside("folder.zip");
    std::fs::create_dir(&folder).unwrap();
    expect_file_refused(&portal, &folder, &[]);
}

#[test]
fn an_archive_without_a_course_is_refused() {
    let portal = portal();
    let words = ["no course backup", "course_info.dat"];
    expect_refused(&portal, &HandMade::default().bytes(), &words);
    expect_refused(&portal, &HandMade::default().entry("document/a.txt", b"!").bytes(), &words);
    expect_refused(&portal, &HandMade::default().entry("top/course_info.dat", &course_info(&[])).bytes(), &words);
    expect_refused(&portal, &HandMade::default().entry("Course_Info.dat", &course_info(&[])).bytes(), &words);
    expect_refused(&portal, &HandMade::default().entry("course_info.dat/", b"").bytes(), &words);
}

#[test]
fn a_course_info_that_is_damaged_is_refused() {
    let portal = portal();
    let refuse = |bytes: &[u8], words: &[&str]| {
        let archive = HandMade::default().entry("course_info.dat", bytes);
        let words: Vec<&str> = ["course_info.dat"].into_iter().chain(words.iter().copied()).collect();
        expect_refused(&portal, &archive.bytes(), &words);
    };
    let whole = course_info(&[Resource::file("document/a.txt")]);
    refuse(b"", &[]);
    refuse(b"not base64 at all \xff\xfe", &[]);
    for cut in [4, whole.len() / 2, whole.len() - 8] {
        refuse(&whole[..cut], &[]);
    }
    let serialized = |text: &str| STANDARD.encode(text).into_bytes();
    refuse(&serialized("a:0:{}"), &["no object"]);
    refuse(&serialized("O:8:\"MyCourse\":0:{}"), &["class MyCourse"]);
    refuse(&serialized("O:8:\"stdClass\":1:{s:9:\"resources\";a:0:{}}"), &["class stdClass"]);
    refuse(&serialized("a:2000000000:{i:0;i:0;}"), &[]);
    refuse(&serialized("s:2000000000:\"x\";"), &[]);
    refuse(&serialized(&("a:1:{i:0;".repeat(100_000) + &"}".repeat(100_000))), &[]);
    // PHP itself, un-encoded.
    refuse(&STANDARD.decode(&whole).unwrap(), &[]);
}

#[test]
fn a_packing_method_that_is_unknown_is_refused() {
    let archive = with_innocent(&[Resource::file("document/b")]).entry("document/b", &noise(1, 100)).method(97);
    expect_refused(&portal(), &archive.bytes(), &["document/b"]);
}

#[test]
fn a_name_that_stands_twice_becomes_one_document() {
    let portal = portal();
    let listed = [Resource::file("document/twice.txt"), Resource::file("document/twice.txt")];
    let archive = HandMade::listing(&listed).entry("document/twice.txt", b"a").entry("document/twice.txt", b"b");
    let path = portal.aside("twice.zip");
    archive.write(&path);
    portal.coursefs(&[&"restore", &portal.root(), &"GEO101", &path]).done();
    let rows = portal.rows("SELECT iid FROM c_document WHERE path = '/twice.txt'", &[]);
    assert_eq!(rows.len(), 1);
    // As for Chamilo's importer the later one counts.
    assert_eq!(std::fs::read(portal.existing("GEO101").on_disk("twice.txt")).unwrap(), b"b");
}

#[test]
fn names_with_a_slash_or_a_dot_in_front_are_found_as_chamilo_finds_them() {
    let portal = portal();
    let listed = [Resource::file("document/one"), Resource::file("document/two")];
    let archive = HandMade::listing(&listed).entry("/document/one", b"1").entry("./document/two", b"2");
    let path = portal.aside("odd.zip");
    archive.write(&path);
    portal.coursefs(&[&"restore", &portal.root(), &"GEO101", &path]).done();
    let course = portal.existing("GEO101");
    assert_eq!(std::fs::read(course.on_disk("one")).unwrap(), b"1");
    assert_eq!(std::fs::read(course.on_disk("two")).unwrap(), b"2");
}

#[test]
fn damage_in_the_last_document_leaves_nothing_of_the_first() {
    let portal = portal();
    let listed: Vec<Resource> = (0..50).map(|number| Resource::file(&format!("document/d{number:02}"))).collect();
    let archive = (0..50).fold(HandMade::listing(&listed), |made, number| {
        made.entry(format!("document/d{number:02}"), &noise(number, 10_000))
    });
    expect_refused(&portal, &archive.wrong_crc().bytes(), &["document/d49"]);
}

#[test]
fn a_database_that_fails_midway_leaves_everything_as_it_was() {
    let portal = portal();
    portals::fail_on_insert(&portal.portal, "c_document", Some(("path", "/z.txt")), "the disk is on fire");
    // Before the one that fails: a file, a folder with a file, a file in a folder that is only a row, and the page that
    // makes way for a document.
    let files =
        ["a.txt", "b/c.txt", "certificates/d.txt", "index.html", "z.txt"].map(|path| format!("document/{path}"));
    let listed: Vec<Resource> = files.iter().map(|path| Resource::file(path)).collect();
    let archive = files.iter().fold(HandMade::listing(&listed), |made, path| made.entry(path, b"!"));
    let path = portal.aside("fine.zip");
    archive.write(&path);
    let before = snapshot(&portal);
    for code in ["GEO101", "NEW"] {
        let ended = portal.coursefs(&[&"restore", &portal.root(), &code, &path, &"--create"]);
        ended.failed_saying(&["the disk is on fire"]);
        assert_eq!(snapshot(&portal), before, "{code}");
        assert!(names(&portal.root().join("app/cache")).is_empty());
    }
}
