//! SCORM packages and course pictures, which no row names: in archives, and restored from them.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coursefs::php::{self, Limits};
use coursefs::portal::database::DatabaseExt;
use coursefs::portal::{Access, Portal};
use rustix::fs::inotify::{self, ReadFlags, WatchFlags};
use support::{Ended, HandMade, Mount, TestCourse, TestPortal, contents, files_below, names, portals, run, snapshot};

/// What lies in a package, not all of it under names that Chamilo would leave alone.
const PACKAGE: [(&str, &[u8]); 4] = [
    ("imsmanifest.xml", b"<manifest/>"),
    ("content/Le\u{e7}on 1/page.html", b"<p>Lesson</p>"),
    ("content/empty.js", b""),
    ("shared/api.js", b"var API;"),
];

/// Puts a package with an empty folder into the course's folder.
fn put_package(course: &Path, name: &str) {
    let package = course.join("scorm").join(name);
    for (path, bytes) in PACKAGE {
        let file = package.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    fs::create_dir(package.join("empty folder")).unwrap();
}

fn restore(portal: &TestPortal, code: &str, archive: &Path, options: &[&str]) -> Ended {
    let root = portal.root();
    let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"restore", &root, &code, &archive];
    arguments.extend(options.iter().map(|option| option as &dyn AsRef<std::ffi::OsStr>));
    portal.coursefs(&arguments)
}

/// A course with two packages and both pictures.
fn course(portal: &TestPortal) -> TestCourse<'_> {
    let course = portal.course("GEO101");
    put_package(&course.folder_on_disk(), "volcanoes");
    put_package(&course.folder_on_disk(), "Rivers");
    for (name, bytes) in [("course-pic85x85.png", "small"), ("course-pic.png", "large")] {
        fs::write(course.folder_on_disk().join(name), bytes).unwrap();
    }
    course
}

fn archive_of(portal: &TestPortal, course: &TestCourse<'_>) -> PathBuf {
    let path = portal.aside("archive.zip");
    fs::write(&path, course.backup()).unwrap();
    path
}

fn php(archive: &[u8], script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("course.ser");
    fs::write(&file, contents(archive).serialized).unwrap();
    let script = format!("$r = ((array) unserialize(file_get_contents($argv[1])))['resources'];\n{script}");
    run("php", &[&"-r", &script, &file])
}

/// Keys and paths of the resources under a key.
const LISTED: &str = "foreach (['Scorm', 'asset'] as $key) {
    foreach ($r[$key] ?? [] as $id => $found) { echo $key, ' ', var_export($id, true), ' ', ((array) $found)['path'], \"\\n\"; }
}";

/// The entries of an archive that are no documents, without `course_info.dat`.
fn loose_entries(archive: &[u8]) -> Vec<String> {
    let names = contents(archive).entries.into_keys();
    names.filter(|name| !name.starts_with("document/") && name != "course_info.dat").collect()
}

#[test]
fn packages_and_pictures_are_listed_as_chamilo_lists_them() {
    let portal = TestPortal::new();
    let archive = course(&portal).backup();
    assert_eq!(
        php(&archive, LISTED),
        "Scorm 1 scorm/Rivers\nScorm 2 scorm/volcanoes\n\
         asset 'course-pic.png' course-pic.png\nasset 'course-pic85x85.png' course-pic85x85.png\n"
    );
    let serialized = contents(&archive).serialized;
    let class = "Chamilo\\CourseBundle\\Component\\CourseCopy\\Resources";
    let rest =
        "s:16:\"linked_resources\";a:0:{}s:15:\"item_properties\";a:0:{}s:3:\"obj\";N;s:11:\"extraFields\";a:0:{}}";
    // The form of the specification's examples, byte for byte.
    let package = format!(
        "i:2;O:65:\"{class}\\ScormDocument\":9:{{s:4:\"path\";s:15:\"scorm/volcanoes\";s:5:\"title\";s:9:\"volcanoes\";\
         s:9:\"source_id\";i:2;s:14:\"destination_id\";i:-1;s:4:\"type\";s:5:\"Scorm\";{rest}"
    );
    let asset = format!(
        "O:57:\"{class}\\Asset\":10:{{s:5:\"title\";s:19:\"course-pic85x85.png\";s:4:\"path\";\
         s:19:\"course-pic85x85.png\";s:9:\"file_type\";N;s:9:\"source_id\";s:19:\"course-pic85x85.png\";\
         s:14:\"destination_id\";i:-1;s:4:\"type\";s:5:\"asset\";{rest}"
    );
    for object in [package, asset] {
        assert!(serialized.windows(object.len()).any(|window| window == object.as_bytes()), "{object}");
    }
}

#[test]
fn an_archive_holds_packages_with_all_they_have_and_no_guard_page() {
    let portal = TestPortal::new();
    let course = course(&portal);
    assert!(course.folder_on_disk().join("scorm/index.html").exists(), "Chamilo's guard page");
    let archive = archive_of(&portal, &course);
    let unpacked = portal.aside("unpacked");
    run("unzip", &[&"-q", &archive, &"-d", &unpacked]);
    fs::remove_file(course.folder_on_disk().join("scorm/index.html")).unwrap();
    assert_eq!(files_below(&unpacked.join("scorm")), files_below(&course.folder_on_disk().join("scorm")));
    assert_eq!(fs::read(unpacked.join("course-pic.png")).unwrap(), b"large");
}

#[test]
fn symbolic_links_pipes_and_sockets_of_a_package_are_left_out_and_named_in_the_log() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let package = course.folder_on_disk().join("scorm/pkg");
    fs::create_dir(&package).unwrap();
    fs::write(package.join("a.txt"), "a").unwrap();
    symlink("/etc", package.join("etc")).unwrap();
    symlink("/etc/passwd", package.join("passwd")).unwrap();
    symlink("a.txt", package.join("b.txt")).unwrap();
    symlink(&package, course.folder_on_disk().join("scorm/linked")).unwrap();
    symlink("/etc/passwd", course.folder_on_disk().join("course-pic85x85.png")).unwrap();
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, package.join("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let ended = portal.coursefs(&[&"backup", &portal.root(), &"GEO101", &"-o", &"-"]).done();
    assert_eq!(loose_entries(&ended.stdout), ["scorm/pkg/", "scorm/pkg/a.txt"]);
    assert_eq!(php(&ended.stdout, LISTED), "Scorm 1 scorm/pkg\n");
    for name in ["etc", "passwd", "b.txt", "pipe"] {
        assert!(ended.stderr.contains(&format!("scorm/pkg/{name} of course GEO101")), "{name}: {}", ended.stderr);
    }
}

#[test]
fn no_asset_has_an_empty_path_whichever_pictures_there_are() {
    for (pictures, listed) in [
        (["course-pic85x85.png"].as_slice(), "asset 'course-pic85x85.png' course-pic85x85.png\n"),
        (&["course-pic.png"], ""),
        (&[], ""),
    ] {
        let portal = TestPortal::new();
        let course = portal.course("GEO101");
        pictures.iter().for_each(|name| fs::write(course.folder_on_disk().join(name), "png").unwrap());
        let archive = course.backup();
        assert_eq!(php(&archive, LISTED), listed);
        assert_eq!(loose_entries(&archive).len(), usize::from(!listed.is_empty()));
    }
}

#[test]
fn a_package_that_is_too_deep_is_named_instead_of_being_left_out() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let deep = |levels: usize| course.folder_on_disk().join("scorm/pkg").join("x/".repeat(levels));
    fs::create_dir_all(deep(62)).unwrap();
    fs::write(deep(62).join("file"), "").unwrap();
    let path = archive_of(&portal, &course);
    restore(&portal, "NEW", &path, &["--create"]).done();
    fs::create_dir_all(deep(63).join("y")).unwrap();
    let ended = portal.coursefs(&[&"backup", &portal.root(), &"GEO101", &"-o", &portal.aside("deep.zip")]);
    ended.failed_saying(&["GEO101", "scorm/pkg/x/x", "64 folders"]);
}

#[test]
fn stat_opens_no_file_of_a_package() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    for folder in ["scorm/volcanoes", "scorm/volcanoes/content", "scorm/volcanoes/shared", ""] {
        let folder = course.folder_on_disk().join(folder);
        inotify::add_watch(&watch, folder, WatchFlags::OPEN | WatchFlags::ACCESS).unwrap();
    }
    let opened = || {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&watch, &mut buffer);
        let mut count = 0;
        while let Ok(event) = reader.next() {
            count += usize::from(!event.events().contains(ReadFlags::ISDIR));
        }
        count
    };
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    let size = archive.metadata().unwrap().len();
    assert_eq!(opened(), 0);
    assert_eq!(fs::read(&archive).unwrap().len() as u64, size);
    assert!(opened() > 0);
}

#[test]
fn the_time_of_the_archive_moves_when_packages_or_pictures_change() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let mount = Mount::of(&portal);
    let archive = mount.join("GEO101/backup.zip");
    let top = course.folder_on_disk();
    let mut last = archive.metadata().unwrap().mtime();
    let mut moves = |what: &str, moved: bool| {
        let time = archive.metadata().unwrap().mtime();
        assert_eq!(time > last, moved, "{what}: {time} after {last}");
        assert_eq!(archive.metadata().unwrap().mtime(), time, "{what}: it moved twice");
        assert_eq!(fs::read(&archive).unwrap().len() as u64, archive.metadata().unwrap().len(), "{what}");
        last = time;
    };
    moves("nothing", false);
    fs::write(top.join("scorm/volcanoes/shared/api.js"), "var api;").unwrap();
    moves("a file rewritten with as many bytes", true);
    let file = File::options().write(true).open(top.join("scorm/Rivers/imsmanifest.xml")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    moves("a file touched", true);
    fs::write(top.join("scorm/Rivers/shared/new"), "").unwrap();
    moves("a new file", true);
    fs::rename(top.join("scorm/Rivers/shared/new"), top.join("scorm/Rivers/shared/other")).unwrap();
    moves("a file renamed", true);
    fs::remove_file(top.join("scorm/Rivers/shared/other")).unwrap();
    moves("a file removed", true);
    put_package(&top, "Third");
    moves("a new package", true);
    assert!(php(&fs::read(&archive).unwrap(), LISTED).contains("Scorm 2 scorm/Third\n"));
    fs::remove_dir_all(top.join("scorm/Third")).unwrap();
    moves("a package removed", true);
    assert!(!php(&fs::read(&archive).unwrap(), LISTED).contains("Third"));
    fs::write(top.join("course-pic.png"), "LARGE").unwrap();
    moves("another picture", true);
    fs::remove_file(top.join("course-pic.png")).unwrap();
    moves("a picture removed", true);
    fs::write(top.join("scorm/stray.txt"), "stray").unwrap();
    moves("a file beside the packages", false);
}

/// What a restored course must have of another: packages and pictures with their bytes and times.
fn loose(course: &TestCourse<'_>) -> BTreeMap<String, String> {
    let mut files = files_below(&course.folder_on_disk());
    // The guard page is that of each course.
    files
        .retain(|path, _| (path.starts_with("scorm/") && path != "scorm/index.html") || path.starts_with("course-pic"));
    files.values_mut().for_each(|words| {
        *words = words
            .split_once(' ')
            .map(|(kind, rest)| {
                // Modes are those of the portal's settings.
                let rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
                format!("{kind} {rest}")
            })
            .unwrap_or_default()
    });
    files
}

#[test]
fn packages_and_pictures_come_back_into_a_new_course_and_into_one_that_is_there() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let archive = archive_of(&portal, &course);
    portal.course("OLD");
    for (code, option) in [("OLD", None), ("NEW", Some("--create"))] {
        let printed = restore(&portal, code, &archive, option.as_slice()).done().text();
        for line in ["  Scorm: 2 added, 0 already there", "  asset: 2 added, 0 already there"] {
            assert!(printed.lines().any(|printed| printed == line), "{printed}");
        }
        assert!(!printed.contains("not understood"), "{printed}");
        assert_eq!(loose(&portal.existing(code)), loose(&course), "{code}");
    }
    assert!(names(&portal.root().join("app/cache")).is_empty());
}

#[test]
fn restoring_packages_and_pictures_a_second_time_changes_nothing() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let archive = archive_of(&portal, &course);
    restore(&portal, "NEW", &archive, &["--create"]).done();
    let before = snapshot(&portal);
    for code in ["NEW", "GEO101"] {
        for policy in ["skip", "rename", "overwrite"] {
            let printed = restore(&portal, code, &archive, &["--on-conflict", policy]).done().text();
            for line in ["  Scorm: 0 added, 2 already there", "  asset: 0 added, 2 already there"] {
                assert!(printed.lines().any(|printed| printed == line), "{printed}");
            }
            assert_eq!(snapshot(&portal), before);
        }
    }
}

/// A course whose package `volcanoes` and large picture are others than in [`course`], and an archive of the latter.
fn different(portal: &TestPortal) -> (TestCourse<'_>, PathBuf) {
    let archive = archive_of(portal, &course(portal));
    let other = portal.course("OTHER");
    let top = other.folder_on_disk();
    put_package(&top, "volcanoes");
    fs::write(top.join("scorm/volcanoes/content/empty.js"), "mine").unwrap();
    fs::write(top.join("scorm/volcanoes/mine.txt"), "mine").unwrap();
    fs::write(top.join("course-pic.png"), "mine").unwrap();
    (other, archive)
}

#[test]
fn another_package_of_that_name_stays_and_is_reported() {
    let portal = TestPortal::new();
    let (other, archive) = different(&portal);
    let package = other.folder_on_disk().join("scorm/volcanoes");
    let before = files_below(&package);
    for (policy, added) in [("skip", 1), ("rename", 0)] {
        let printed = restore(&portal, "OTHER", &archive, &["--on-conflict", policy]).done().text();
        assert!(printed.contains(&format!("  Scorm: {added} added, {} already there", 1 - added)), "{printed}");
        for name in ["scorm/volcanoes", "course-pic.png"] {
            let line = format!("    {name}: left out, because something else is at this place");
            assert!(printed.lines().any(|printed| printed == line), "{printed}");
        }
        assert_eq!(files_below(&package), before);
        assert_eq!(fs::read(other.folder_on_disk().join("course-pic.png")).unwrap(), b"mine");
    }
    assert_eq!(names(&other.folder_on_disk().join("scorm")), ["Rivers", "index.html", "volcanoes"]);
}

#[test]
fn overwriting_replaces_a_package_as_a_whole() {
    let portal = TestPortal::new();
    let (other, archive) = different(&portal);
    symlink("/etc", other.folder_on_disk().join("scorm/volcanoes/link")).unwrap();
    restore(&portal, "OTHER", &archive, &["--on-conflict", "overwrite"]).done();
    assert_eq!(loose(&other), loose(&portal.existing("GEO101")));
    assert!(names(&portal.root().join("app/cache")).is_empty());
    assert!(Path::new("/etc/passwd").exists());
}

#[test]
fn a_restore_that_fails_puts_a_replaced_package_back() {
    let portal = TestPortal::new();
    let sample = portal.aside("sample");
    portal.coursefs(&[&"init", &sample, &"--sample"]).done();
    put_package(&sample.join("app/courses/GEO101"), "volcanoes");
    put_package(&sample.join("app/courses/GEO101"), "Rivers");
    let archive = portal.aside("sample.zip");
    portal.coursefs(&[&"backup", &sample, &"GEO101", &"-o", &archive]).done();
    different(&portal);
    portals::fail_on_insert(&portal.portal, "c_glossary", None, "the disk is on fire");
    let before = snapshot(&portal);
    for (code, option) in [("OTHER", "--on-conflict=overwrite"), ("NEW", "--create")] {
        restore(&portal, code, &archive, &[option]).failed_saying(&["the disk is on fire"]);
        assert_eq!(snapshot(&portal), before);
        assert!(names(&portal.root().join("app/cache")).is_empty());
    }
}

#[test]
fn a_link_or_file_in_the_way_of_a_package_is_not_followed() {
    let portal = TestPortal::new();
    let archive = archive_of(&portal, &course(&portal));
    let outside = portal.aside("outside");
    fs::create_dir(&outside).unwrap();
    for policy in ["skip", "overwrite"] {
        let other = portal.course(if policy == "skip" { "A" } else { "B" });
        let top = other.folder_on_disk();
        symlink(&outside, top.join("scorm/volcanoes")).unwrap();
        fs::write(top.join("scorm/Rivers"), "a file").unwrap();
        symlink(outside.join("pic"), top.join("course-pic.png")).unwrap();
        let before = files_below(&top);
        let code = String::from_utf8(other.course.code.clone()).unwrap();
        let printed = restore(&portal, &code, &archive, &["--on-conflict", policy]).done().text();
        for name in ["scorm/volcanoes", "scorm/Rivers", "course-pic.png"] {
            assert!(printed.contains(&format!("    {name}: left out")), "{printed}");
        }
        let mut after = files_below(&top);
        assert!(after.remove("course-pic85x85.png").is_some());
        assert_eq!(after, before);
        // Nor if the folder of packages is the link.
        fs::remove_dir_all(top.join("scorm")).unwrap();
        symlink(&outside, top.join("scorm")).unwrap();
        let printed = restore(&portal, &code, &archive, &["--on-conflict", policy]).done().text();
        assert!(printed.contains("    scorm/volcanoes: left out"), "{printed}");
        assert!(names(&outside).is_empty());
    }
}

#[test]
fn restores_of_packages_at_the_same_time_do_not_disturb_each_other() {
    let portal = TestPortal::new();
    let course = course(&portal);
    let archive = archive_of(&portal, &course);
    let other = portal.course("OTHER");
    let restores = std::thread::scope(|scope| {
        let restores: Vec<_> = (0..5).map(|_| scope.spawn(|| restore(&portal, "OTHER", &archive, &[]))).collect();
        restores.into_iter().map(|restore| restore.join().unwrap().done().text()).collect::<Vec<String>>()
    });
    assert_eq!(loose(&other), loose(&course));
    let added = restores.iter().filter(|printed| printed.contains("Scorm: 2 added")).count();
    assert_eq!(
        (added, restores.iter().filter(|printed| printed.contains("Scorm: 0 added, 2 already")).count()),
        (1, 4)
    );
}

#[test]
fn packages_count_for_the_quota_unless_they_are_there() {
    let portal = TestPortal::new();
    let archive = archive_of(&portal, &course(&portal));
    let other = portal.course("OTHER");
    let needed: usize = 2 * PACKAGE.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() + "small".len() + "large".len();
    other.set_quota(needed as i64 - 1);
    let before = snapshot(&portal);
    restore(&portal, "OTHER", &archive, &[]).failed_saying(&["OTHER", &format!("{needed} bytes"), "quota"]);
    assert_eq!(snapshot(&portal), before);
    other.set_quota(needed as i64);
    restore(&portal, "OTHER", &archive, &[]).done();
    other.set_quota(1);
    for policy in ["skip", "overwrite"] {
        restore(&portal, "OTHER", &archive, &["--on-conflict", policy]).done();
    }
}

/// An archive that lists resources by key, class and path, with the `entries`.
fn hand_made(listed: &[(&str, &str, &[u8])], entries: &[(&[u8], &[u8])]) -> HandMade {
    let text = |bytes: &[u8]| [format!("s:{}:\"", bytes.len()).as_bytes(), bytes, b"\";"].concat();
    let mut out = b"O:48:\"Chamilo\\CourseBundle\\Component\\CourseCopy\\Course\":3:{s:9:\"resources\";".to_vec();
    let keys: BTreeMap<&str, Vec<_>> = listed.iter().fold(BTreeMap::new(), |mut keys: BTreeMap<_, Vec<_>>, found| {
        keys.entry(found.0).or_default().push((found.1, found.2));
        keys
    });
    out.extend(format!("a:{}:{{", keys.len()).bytes());
    for (key, found) in keys {
        out.extend(text(key.as_bytes()));
        out.extend(format!("a:{}:{{", found.len()).bytes());
        for (number, (class, path)) in found.iter().enumerate() {
            let class = format!("Chamilo\\CourseBundle\\Component\\CourseCopy\\Resources\\{class}");
            out.extend(format!("i:{number};O:{}:\"{class}\":1:{{s:4:\"path\";", class.len()).bytes());
            out.extend(text(path));
            out.extend(b"}");
        }
        out.extend(b"}");
    }
    out.extend(b"}s:4:\"code\";s:4:\"EVIL\";s:4:\"info\";a:1:{s:4:\"path\";s:4:\"EVIL\";}}");
    php::read(&out, &Limits::default()).unwrap();
    let made = HandMade::default().entry("course_info.dat", STANDARD.encode(out).as_bytes());
    entries.iter().fold(made, |made, (name, bytes)| made.entry(name, bytes))
}

const PKG: (&str, &str, &[u8]) = ("Scorm", "ScormDocument", b"scorm/pkg");

fn expect_refused(portal: &TestPortal, archive: &HandMade, words: &[&str]) {
    let path = portal.aside("hostile.zip");
    archive.write(&path);
    let before = snapshot(portal);
    for (code, options) in [("GEO101", ["--on-conflict=overwrite"]), ("NEW", ["--create"])] {
        restore(portal, code, &path, &options).failed_saying(words);
        assert_eq!(snapshot(portal), before);
        assert!(names(&portal.root().join("app/cache")).is_empty());
    }
}

#[test]
fn packages_whose_files_would_leave_the_course_are_refused() {
    let portal = TestPortal::new();
    course(&portal);
    let innocent = (b"scorm/pkg/a.txt".as_slice(), b"!".as_slice());
    let long = format!("scorm/pkg/{}", "x".repeat(256));
    let deep = format!("scorm/pkg/{}file", "x/".repeat(64));
    for entry in [
        "scorm/pkg/../../evil.txt",
        "scorm/pkg/..",
        "scorm/pkg/./evil.txt",
        "scorm/pkg//evil.txt",
        "scorm/pkg/evil\0.txt",
        "scorm/pkg/../",
        &long,
        &deep,
    ] {
        let archive = hand_made(&[PKG], &[innocent, (entry.as_bytes(), b"evil")]);
        expect_refused(&portal, &archive, &["nothing was restored", "scorm/pkg/"]);
    }
    for path in ["scorm", "scorm/", "scorm/..", "scorm/.", "scorm/a/b", "../scorm/a", "/etc", "document/a", "scorm/a\0"]
    {
        let archive = hand_made(&[PKG, ("Scorm", "ScormDocument", path.as_bytes())], &[innocent]);
        expect_refused(&portal, &archive, &["nothing was restored", &format!("{path:?}")]);
    }
    let archive = hand_made(&[PKG], &[innocent, (b"scorm/pkg/a.txt/b.txt", b"evil")]);
    expect_refused(&portal, &archive, &["scorm/pkg/a.txt", "file and a folder"]);
}

#[test]
fn damaged_and_lying_entries_of_packages_and_pictures_are_refused() {
    let portal = TestPortal::new();
    course(&portal);
    let picture = ("asset", "Asset", b"course-pic.png".as_slice());
    let innocent = (b"scorm/pkg/a.txt".as_slice(), b"!".as_slice());
    for name in [b"scorm/pkg/b.txt".as_slice(), b"course-pic.png"] {
        let made = || hand_made(&[PKG, picture], &[innocent]).entry(name, b"/etc/passwd");
        let shown = std::ffi::OsStr::from_bytes(name).to_str().unwrap();
        expect_refused(&portal, &made().symlink(), &[shown, "symbolic link"]);
        expect_refused(&portal, &made().encrypted(), &[shown, "encrypted"]);
        expect_refused(&portal, &made().declared(1_000_000), &[shown]);
        expect_refused(&portal, &made().wrong_crc(), &[shown]);
    }
}

#[test]
fn scripts_in_packages_get_harmless_names() {
    let portal = TestPortal::new();
    let names = ["index.php", "lib.PHP/x.html", ".htaccess", "fine.js", "a.phtml", "b\u{e9}.phar.txt"];
    let entries: Vec<Vec<u8>> = names.iter().map(|name| format!("scorm/pkg/{name}").into_bytes()).collect();
    let mut entries: Vec<(&[u8], &[u8])> = entries.iter().map(|name| (name.as_slice(), b"!".as_slice())).collect();
    entries.push((b"scorm/pkg/old\xe9.php", b"!"));
    entries.push((b"scorm/pkg/old\xe9.txt", b"!"));
    let archive = hand_made(&[PKG, ("Scorm", "ScormDocument", b"scorm/p.php")], &entries).entry("scorm/p.php/a", b"!");
    let path = portal.aside("scripts.zip");
    archive.write(&path);
    let printed = restore(&portal, "NEW", &path, &["--create"]).done().text();
    let folder = portal.existing("NEW").folder_on_disk().join("scorm");
    let files: Vec<String> = files_below(&folder).into_keys().collect();
    assert_eq!(
        files,
        [
            "index.html",
            "pkg",
            "pkg/a.phps",
            "pkg/b\u{e9}.phps",
            "pkg/fine.js",
            "pkg/htaccess.txt",
            "pkg/index.phps",
            "pkg/lib.phps",
            "pkg/lib.phps/x.html",
            "pkg/old\u{fffd}.txt"
        ]
    );
    assert!(printed.contains("scorm/pkg/index.php: restored as scorm/pkg/index.phps"), "{printed}");
    for refused in ["scorm/p.php", "scorm/pkg/old\u{fffd}.php"] {
        assert!(printed.contains(&format!("{refused}: refused")), "{printed}");
    }
    let printed = restore(&portal, "NEW", &path, &[]).done().text();
    assert!(printed.contains("  Scorm: 0 added, 1 already there"), "{printed}");
}

#[test]
fn only_what_the_archive_lists_is_restored_and_what_it_lacks_is_reported() {
    let portal = TestPortal::new();
    let listed: [(&str, &str, &[u8]); 9] = [
        PKG,
        ("Scorm", "ScormDocument", b"scorm/lost"),
        ("Scorm", "Link", b"scorm/strange"),
        ("asset", "Asset", b"course-pic85x85.png"),
        ("asset", "Asset", b""),
        ("asset", "Asset", b"/upload/learning_path/images/pic.png"),
        ("asset", "Asset", b"/document/audio/sound.mp3"),
        ("asset", "Asset", b"../evil.php"),
        ("asset", "Asset", b"index.php"),
    ];
    let entries: [(&[u8], &[u8]); 6] = [
        (b"scorm/pkg/a.txt", b"!"),
        (b"scorm/unlisted/a.txt", b"!"),
        (b"scorm/strange/a.txt", b"!"),
        (b"scorm/stray.txt", b"!"),
        (b"index.php", b"!"),
        (b"course-pic.png", b"!"),
    ];
    let path = portal.aside("made.zip");
    hand_made(&listed, &entries).write(&path);
    let printed = restore(&portal, "NEW", &path, &["--create"]).done().text();
    for line in [
        "  Scorm: 1 added, 0 already there",
        "    scorm/lost: not in the archive",
        "  asset: 0 added, 0 already there",
        "    course-pic85x85.png: not in the archive",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "no {line:?} in {printed}");
    }
    let strange: Vec<&str> = printed.lines().filter(|line| line.contains("not understood")).collect();
    assert_eq!(strange.len(), 3, "{printed}");
    let top = portal.existing("NEW").folder_on_disk();
    assert_eq!(names(&top.join("scorm")), ["index.html", "pkg"]);
    assert!(!top.join("index.php").exists() && !top.join("course-pic.png").exists());
}

#[test]
fn a_selection_holds_the_packages_of_its_learning_paths_and_no_pictures() {
    let portal = TestPortal::new();
    let sample = portal.aside("sample");
    portal.coursefs(&[&"init", &sample, &"--sample"]).done();
    let top = sample.join("app/courses/GEO101");
    ["volcanoes", "Rivers"].iter().for_each(|name| put_package(&top, name));
    let opened = Portal::open(&sample, Access::ReadWrite).unwrap();
    let changed = opened.database().write(|session| {
        let sql = "UPDATE c_lp SET lp_type = 2, path = 'volcanoes/.', preview_image = 'pic.png' WHERE iid = \
                   (SELECT MIN(p.iid) FROM c_lp p JOIN course c ON c.id = p.c_id WHERE c.code = 'GEO101')";
        let steps = "UPDATE c_lp_item SET audio = '/audio/sound.mp3' WHERE lp_id = \
                     (SELECT iid FROM c_lp WHERE preview_image = 'pic.png')";
        Ok::<_, coursefs::portal::database::DatabaseError>((session.execute(sql, &[])?, session.execute(steps, &[])?))
    });
    let changed = changed.unwrap();
    assert!(changed.0 == 1 && changed.1 > 1, "{changed:?}");
    let backup = |options: &[&str]| {
        let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"backup", &sample, &"GEO101", &"-o", &"-"];
        arguments.extend(options.iter().map(|option| option as &dyn AsRef<std::ffi::OsStr>));
        portal.coursefs(&arguments).done().stdout
    };
    assert_eq!(php(&backup(&["--select", "Learnpath"]), LISTED), "Scorm 1 scorm/volcanoes\n");
    assert!(loose_entries(&backup(&["--select", "Learnpath"])).iter().all(|name| !name.contains("Rivers")));
    assert_eq!(php(&backup(&["--select", "Document,Link"]), LISTED), "");
    assert!(loose_entries(&backup(&["--select", "Document,Link"])).iter().all(|name| !name.starts_with("scorm")));
    // Chamilo lists pictures and sounds of learning paths as assets too.
    assert_eq!(
        php(&backup(&[]), LISTED),
        "Scorm 1 scorm/Rivers\nScorm 2 scorm/volcanoes\n\
         asset '/document/audio/sound.mp3' /document/audio/sound.mp3\n\
         asset '/upload/learning_path/images/pic.png' /upload/learning_path/images/pic.png\n\
         asset 'course-pic.png' course-pic.png\nasset 'course-pic85x85.png' course-pic85x85.png\n"
    );
}

/// Puts an activity and its package into a course.
fn put_activity(portal: &TestPortal, course: &TestCourse<'_>, title: &str, address: &str) {
    let sql = "INSERT INTO xapi_tool_launch (c_id, title, launch_url, activity_id, activity_type, \
               allow_multiple_attempts, lrs_auth_password) VALUES (?, ?, ?, 'http://x/a', 'cmi5', 1, 'secret')";
    portal.execute(sql, &[course.id().into(), title.into(), address.into()]);
}

fn activities(portal: &TestPortal, course: i64) -> Vec<String> {
    let sql = "SELECT launch_url FROM xapi_tool_launch WHERE c_id = ? ORDER BY id";
    let rows = portal.portal.database().read(|session| session.rows(sql, &[course.into()])).unwrap();
    rows.iter().map(|row| row.text("launch_url")).collect()
}

#[test]
fn packages_of_xapi_activities_go_with_them_and_come_back() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    put_activity(&portal, &course, "Quiz", "https://x.org/courses/GEO101/cmi5/a%20b/au/index.html?x=1");
    for name in ["cmi5/a b", "cmi5/of nobody"] {
        let package = course.folder_on_disk().join(name);
        fs::create_dir_all(package.join("au")).unwrap();
        fs::write(package.join("cmi5.xml"), "<courseStructure/>").unwrap();
        fs::write(package.join("au/index.html"), "<p>page</p>").unwrap();
    }
    let archive = archive_of(&portal, &course);
    let wanted = ["cmi5/a b/", "cmi5/a b/au/", "cmi5/a b/au/index.html", "cmi5/a b/cmi5.xml"];
    assert_eq!(loose_entries(&fs::read(&archive).unwrap()), wanted);
    let ended = restore(&portal, "NEW", &archive, &["--create"]).done();
    assert!(ended.text().contains("xapi_package"), "{}", ended.text());
    let new = portal.portal.root().join("app/courses/NEW");
    assert_eq!(fs::read(new.join("cmi5/a b/au/index.html")).unwrap(), b"<p>page</p>");
    assert!(!new.join("cmi5/of nobody").exists());
    let restored = course.id() + 1;
    assert_eq!(activities(&portal, restored), ["https://x.org/courses/NEW/cmi5/a%20b/au/index.html?x=1"]);
    restore(&portal, "NEW", &archive, &[]).done();
    assert_eq!(activities(&portal, restored).len(), 1);
}

#[test]
fn an_address_out_of_the_course_brings_no_files() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let other = portal.course("BIO110");
    for folder in [other.folder_on_disk().join("cmi5/abc"), course.folder_on_disk().join("cmi5")] {
        fs::create_dir_all(&folder).unwrap();
    }
    fs::write(other.folder_on_disk().join("cmi5/abc/index.html"), "theirs").unwrap();
    symlink(other.folder_on_disk().join("cmi5/abc"), course.folder_on_disk().join("cmi5/linked")).unwrap();
    for (number, address) in [
        "https://x.org/courses/BIO110/cmi5/abc/index.html",
        "https://x.org/courses/GEO101/cmi5/linked/index.html",
        "https://x.org/courses/GEO101/cmi5/../document/index.html",
    ]
    .into_iter()
    .enumerate()
    {
        put_activity(&portal, &course, &format!("Activity {number}"), address);
    }
    assert_eq!(loose_entries(&course.backup()), [""; 0]);
}
