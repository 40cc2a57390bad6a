//! `backup.zip` in a mount: the programs that people use take it for the file that it never was.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::{File, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;

use coursefs::course::document_rows::DocumentKind;
use support::{Listed, Mount, Random, TestCourse, TestPortal, contents, files_below, noise, portals, run, start};

/// A course with folders, names and sizes of many kinds.
fn varied(portal: &TestPortal) -> TestCourse<'_> {
    let course = portal.course("GEO101");
    course.folder("/Leçon 1");
    course.folder("/Leçon 1/empty");
    course.file("/Leçon 1/été.html", "<p>été</p>".as_bytes());
    course.file(&format!("/Leçon 1/日本 {}.txt", portals::rare_letter()), &noise(1, 70_000));
    course.file("/nothing", b"");
    course.file("/photo.jpg", &noise(2, 1_500_000));
    let hidden = course.file("/solution.pdf", &noise(3, 3_000));
    course.set_visibility(hidden, 0);
    course
}

#[test]
fn unzip_python_bsdtar_and_7z_accept_the_archive() {
    let portal = TestPortal::new();
    varied(&portal);
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    run("unzip", &[&"-tqq", &archive]);
    assert!(run("python3", &[&"-m", &"zipfile", &"-t", &archive]).contains("Done testing"));
    assert!(run("bsdtar", &[&"-tvf", &archive]).contains("photo.jpg"));
    assert!(run("7z", &[&"t", &archive]).contains("Everything is Ok"));
    let to = portal.aside("unzipped");
    run(
        "bsdtar",
        &[&"-x", &"-f", &archive, &"-C", &{
            std::fs::create_dir(&to).unwrap();
            to.clone()
        }],
    );
    // By their bytes: names are those that Chamilo's importer leaves alone.
    let files = |folder: &Path| {
        let words = files_below(folder).into_values().filter(|words| words.starts_with("file"));
        let mut checksums: Vec<String> = words.map(|words| words.split(' ').next_back().unwrap().to_owned()).collect();
        checksums.sort();
        checksums
    };
    assert_eq!(files(&to.join("document")), files(&mount.join("GEO101/Document")));
}

#[test]
fn the_archive_holds_the_documents_shown_and_the_serialized_course() {
    let portal = TestPortal::new();
    let course = varied(&portal);
    course.row("/ghost.txt", DocumentKind::File { size: 5 });
    std::fs::write(course.on_disk("stray.txt"), "x").unwrap();
    let deleted = course.file("/deleted.txt", b"x");
    course.set_visibility(deleted, 2);
    let mount = Mount::of(&portal);
    let archive = contents(&std::fs::read(mount.join("GEO101/backup.zip")).unwrap());
    let rare = format!("Leçon 1/日本 {}.txt", portals::rare_letter());
    // Where each lies in the course; the names are those that Chamilo's importer leaves alone.
    let wanted = [
        ("course_info.dat", None),
        ("document/Lecon-1/", None),
        ("document/Lecon-1/document.txt", Some(rare.as_str())),
        ("document/Lecon-1/empty/", None),
        ("document/Lecon-1/ete.html", Some("Leçon 1/été.html")),
        ("document/certificates/", None),
        ("document/nothing", Some("nothing")),
        ("document/photo.jpg", Some("photo.jpg")),
        ("document/solution.pdf", Some("solution.pdf")),
    ];
    let names: Vec<&str> = archive.entries.keys().map(String::as_str).collect();
    assert_eq!(names, wanted.map(|(name, _)| name));
    for (name, path) in wanted {
        if let Some(path) = path {
            assert!(archive.entries[name] == std::fs::read(course.on_disk(path)).unwrap(), "{name}");
        }
    }
    let listed = &archive.listed["document/solution.pdf"];
    let wanted = Listed {
        kind: "file".into(),
        title: Some("solution.pdf".into()),
        comment: None,
        visibility: Some(0),
        size: Some(3_000),
    };
    assert_eq!(*listed, wanted);
    assert!(!archive.listed.contains_key("document/deleted.txt"));
}

#[test]
fn modes_and_times_of_documents_are_in_the_archive() {
    let portal = TestPortal::new();
    let course = varied(&portal);
    std::fs::set_permissions(course.on_disk("photo.jpg"), Permissions::from_mode(0o640)).unwrap();
    run("touch", &[&"-d", &"2020-02-02 02:02:03 UTC", &course.on_disk("photo.jpg")]);
    let mount = Mount::of(&portal);
    run("unzip", &[&"-q", &mount.join("GEO101/backup.zip"), &"-d", &portal.aside("out")]);
    let unzipped = portal.aside("out/document/photo.jpg").metadata().unwrap();
    assert_eq!(unzipped.mode() & 0o777, 0o640);
    assert_eq!(unzipped.mtime(), 1_580_608_923);
}

#[test]
fn every_way_of_reading_gives_the_same_bytes_as_the_command() {
    let portal = TestPortal::new();
    let course = varied(&portal);
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    let bytes = course.backup();
    let copy = portal.aside("copy.zip");
    run("cp", &[&archive, &copy]);
    assert!(std::fs::read(&copy).unwrap() == bytes, "cp");
    let mut random = Random::new(5);
    for _ in 0..20 {
        let (block, skip) = (random.below(70_000) + 1, random.below(40));
        let (bs, skip_blocks) = (format!("bs={block}"), format!("skip={skip}"));
        let input = format!("if={}", archive.display());
        let output = start("dd", &[&input, &bs, &skip_blocks, &"count=3", &"status=none"]).output().unwrap();
        let (from, to) = ((block * skip).min(bytes.len()), (block * (skip + 3)).min(bytes.len()));
        assert!(output.status.success() && output.stdout == bytes[from..to], "dd {bs} {skip_blocks}");
    }
    let script = "import mmap, sys\nwith open(sys.argv[1], 'rb') as a, open(sys.argv[2], 'rb') as b:\n  m = mmap.mmap(a.fileno(), 0, access=mmap.ACCESS_READ)\n  w = b.read()\n  assert len(m) == len(w) and m[1000000:] == w[1000000:] and m[:] == w\n  a.seek(-100, 2)\n  assert a.read() == w[-100:]";
    run("python3", &[&"-c", &script, &archive, &copy]);
}

#[test]
fn any_range_of_the_archive_is_that_range_of_the_whole() {
    let portal = TestPortal::new();
    let course = varied(&portal);
    let bytes = course.backup();
    let mount = Mount::of(&portal);
    let file = File::open(mount.join("GEO101/backup.zip")).unwrap();
    let mut random = Random::new(6);
    for _ in 0..300 {
        let start = random.below(bytes.len());
        let longest = [16, 5_000, 300_000][random.below(3)];
        let length = (random.below(longest) + 1).min(bytes.len() - start);
        let mut read = vec![0; length];
        file.read_exact_at(&mut read, start as u64).unwrap();
        assert!(read == bytes[start..start + read.len()], "{length} bytes from {start}");
    }
    assert_eq!(file.read_at(&mut [0; 10], bytes.len() as u64).unwrap(), 0);
    assert_eq!(file.read_at(&mut [0; 10], u64::MAX / 4).unwrap(), 0);
}

#[test]
fn the_bytes_are_the_same_after_a_remount_and_without_a_cache() {
    let portal = TestPortal::new();
    varied(&portal);
    let mut mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    let first = std::fs::read(&archive).unwrap();
    assert!(std::fs::read(&archive).unwrap() == first);
    mount.remount();
    assert!(std::fs::read(&archive).unwrap() == first);
    mount.unmount();
    std::fs::remove_dir_all(portal.cache()).unwrap();
    drop(mount);
    let mount = Mount::of(&portal);
    assert!(std::fs::read(mount.join("GEO101/backup.zip")).unwrap() == first);
}

#[test]
fn the_size_shown_is_the_number_of_bytes_read() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    for number in 0..30 {
        let size = archive.metadata().unwrap().len();
        let file = File::open(&archive).unwrap();
        assert_eq!(file.metadata().unwrap().len(), size);
        assert_eq!(std::fs::read(&archive).unwrap().len() as u64, size, "with {number} documents");
        course.file(&format!("/d{number}"), &noise(number, number as usize * 1000));
    }
}

#[test]
fn two_mounts_of_one_portal_give_the_same_archive() {
    let portal = TestPortal::new();
    let course = varied(&portal);
    let (one, two) = (Mount::of(&portal), Mount::of(&portal));
    let (one, two) = (one.join("GEO101/backup.zip"), two.join("GEO101/backup.zip"));
    for number in 0..3 {
        let (a, b) = (std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        assert!(a == b, "after {number} changes");
        assert_eq!(one.metadata().unwrap().mtime(), two.metadata().unwrap().mtime());
        course.file(&format!("/new{number}"), b"new");
    }
}

#[test]
fn an_empty_course_has_an_archive_too() {
    let portal = TestPortal::new();
    let course = portal.course("EMPTY");
    portal.execute("DELETE FROM c_item_property WHERE c_id = ?", &[course.id().into()]);
    portal.execute("DELETE FROM c_document WHERE c_id = ?", &[course.id().into()]);
    let mount = Mount::of(&portal);
    run("unzip", &[&"-tqq", &mount.join("EMPTY/backup.zip")]);
    let archive = contents(&std::fs::read(mount.join("EMPTY/backup.zip")).unwrap());
    assert_eq!(archive.entries.keys().collect::<Vec<_>>(), ["course_info.dat"]);
    assert!(archive.listed.is_empty());
}

#[test]
fn whoever_can_enter_the_course_can_read_its_archive() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    for (options, bits) in [("ttl=0", 0o666), ("ro,ttl=0", 0o444)] {
        let mount = Mount::with(&portal, options);
        for mode in [0o755, 0o750, 0o700, 0o770] {
            std::fs::set_permissions(course.folder_on_disk(), Permissions::from_mode(mode)).unwrap();
            let shown = |name: &str| mount.join("GEO101").join(name).metadata().unwrap().mode() & 0o7777;
            assert_eq!(shown("backup.zip"), mode & bits);
            assert_eq!(shown("backup@Document.zip"), mode & 0o444);
        }
    }
}
