//! Restoring into a course: what is already there is not made twice, and what is different stays.
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use coursefs::course::document_rows::DocumentKind;
use support::{Ended, HandMade, Mount, Resource, Snapshot, TestPortal, names, snapshot};

fn restore(portal: &TestPortal, code: &str, archive: &Path, options: &[&str]) -> Ended {
    let root = portal.root();
    let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"restore", &root, &code, &archive];
    arguments.extend(options.iter().map(|option| option as &dyn AsRef<std::ffi::OsStr>));
    portal.coursefs(&arguments)
}

/// An archive of a folder with two files and a file beside it.
fn archive(portal: &TestPortal) -> PathBuf {
    let file = |path: &str| Resource { size: 4, ..Resource::file(path) };
    let listed = [
        Resource::folder("document/unit"),
        file("document/unit/one.txt"),
        file("document/unit/two.txt"),
        file("document/top.txt"),
    ];
    let made = HandMade::listing(&listed)
        .entry("document/unit/one.txt", b"one.")
        .entry("document/unit/two.txt", b"two.")
        .entry("document/top.txt", b"top.");
    let path = portal.aside("archive.zip");
    made.write(&path);
    path
}

/// Paths of the course's documents by their rows.
fn rows(portal: &TestPortal, code: &str) -> Vec<String> {
    let sql = "SELECT path FROM c_document WHERE c_id = ? AND path NOT IN ('/shared_folder', '/chat_files', '/certificates') \
               ORDER BY path";
    portal.rows(sql, &[portal.existing(code).id().into()]).iter().map(|row| row.text("path")).collect()
}

const ALL: [&str; 4] = ["/top.txt", "/unit", "/unit/one.txt", "/unit/two.txt"];

#[test]
fn a_backup_is_restored_into_a_new_course() {
    let portal = TestPortal::new();
    let printed = restore(&portal, "NEW", &archive(&portal), &["--create"]).done().text();
    assert!(printed.starts_with("NEW (new):"), "{printed}");
    assert!(printed.contains("  document: 4 added, 0 already there"), "{printed}");
    assert_eq!(rows(&portal, "NEW"), ALL);
    let mount = Mount::of(&portal);
    assert_eq!(std::fs::read(mount.join("NEW/Document/unit/two.txt")).unwrap(), b"two.");
    assert!(names(&portal.root().join("app/cache")).is_empty());
}

#[test]
fn a_backup_is_restored_into_a_course_that_is_there() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/own.txt", b"own");
    let printed = restore(&portal, "GEO101", &archive(&portal), &[]).done().text();
    assert!(printed.contains("  document: 4 added, 0 already there"), "{printed}");
    let mut all = ALL.to_vec();
    all.insert(0, "/own.txt");
    assert_eq!(rows(&portal, "GEO101"), all);
    assert_eq!(std::fs::read(course.on_disk("unit/one.txt")).unwrap(), b"one.");
    assert!(names(&portal.root().join("app/cache")).is_empty());
}

#[test]
fn restoring_a_second_time_changes_nothing() {
    let portal = TestPortal::new();
    restore(&portal, "NEW", &archive(&portal), &["--create"]).done();
    let before = snapshot(&portal);
    for options in [[].as_slice(), &["--create"]] {
        let printed = restore(&portal, "NEW", &archive(&portal), options).done().text();
        assert!(printed.contains("  document: 0 added, 4 already there"), "{printed}");
        assert_eq!(snapshot(&portal), before);
    }
}

#[test]
fn restoring_the_reference_backup_a_second_time_changes_nothing() {
    let portal = TestPortal::new();
    portal.reference_course();
    let before = snapshot(&portal);
    let printed = restore(&portal, "REF000", &support::reference_backup(), &[]).done().text();
    assert!(printed.contains("  document: 0 added, 6 already there"), "{printed}");
    assert_eq!(snapshot(&portal), before);
}

#[test]
fn a_document_with_other_bytes_stays_as_it_is_and_is_reported() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/top.txt", b"mine, and longer");
    let printed = restore(&portal, "GEO101", &archive(&portal), &[]).done().text();
    assert!(printed.contains("  document: 3 added, 0 already there"), "{printed}");
    assert!(printed.contains("top.txt: left out, because something else is at this place"), "{printed}");
    assert_eq!(std::fs::read(course.on_disk("top.txt")).unwrap(), b"mine, and longer");
    assert_eq!(rows(&portal, "GEO101"), ALL);
}

#[test]
fn a_document_with_the_same_bytes_is_skipped() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let iid = course.file("/top.txt", b"top.");
    portal.execute("UPDATE c_document SET title = 'My own title' WHERE iid = ?", &[iid.into()]);
    let before = course.on_disk("top.txt").metadata().unwrap();
    let printed = restore(&portal, "GEO101", &archive(&portal), &[]).done().text();
    assert!(printed.contains("  document: 3 added, 1 already there"), "{printed}");
    let after = course.on_disk("top.txt").metadata().unwrap();
    assert_eq!((after.ino(), after.mtime_nsec()), (before.ino(), before.mtime_nsec()));
    let titles = portal.rows("SELECT title FROM c_document WHERE iid = ?", &[iid.into()]);
    assert_eq!(titles[0].text("title"), "My own title");
}

#[test]
fn a_file_without_a_row_gets_its_row_if_it_is_the_same() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    std::fs::write(course.on_disk("top.txt"), "top.").unwrap();
    std::fs::create_dir(course.on_disk("unit")).unwrap();
    std::fs::write(course.on_disk("unit/one.txt"), "else").unwrap();
    let printed = restore(&portal, "GEO101", &archive(&portal), &[]).done().text();
    assert!(printed.contains("  document: 3 added, 0 already there"), "{printed}");
    assert!(printed.contains("unit/one.txt: left out"), "{printed}");
    assert_eq!(rows(&portal, "GEO101"), ["/top.txt", "/unit", "/unit/two.txt"]);
    assert_eq!(std::fs::read(course.on_disk("unit/one.txt")).unwrap(), b"else");
}

#[test]
fn a_deleted_document_can_be_restored() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    restore(&portal, "GEO101", &archive(&portal), &[]).done();
    let sql = "SELECT iid FROM c_document WHERE path = '/top.txt'";
    let iid = portal.rows(sql, &[])[0].int("iid").unwrap();
    let name = format!("/top.txt_DELETED_{iid}");
    std::fs::rename(course.on_disk("top.txt"), course.on_disk(&name)).unwrap();
    course.set_path(iid, &name);
    course.set_visibility(iid, 2);
    let printed = restore(&portal, "GEO101", &archive(&portal), &[]).done().text();
    assert!(printed.contains("  document: 1 added, 3 already there"), "{printed}");
    assert_eq!(std::fs::read(course.on_disk("top.txt")).unwrap(), b"top.");
}

#[test]
fn a_file_where_the_archive_has_a_folder_stays_and_what_would_lie_in_it_is_reported() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/unit", b"a file called unit");
    let printed = restore(&portal, "GEO101", &archive(&portal), &[]).done().text();
    assert!(printed.contains("  document: 1 added, 0 already there"), "{printed}");
    for path in ["unit", "unit/one.txt", "unit/two.txt"] {
        let line = format!("    {path}: left out, because something else is at this place");
        assert!(printed.lines().any(|printed| printed == line), "no {line:?} in\n{printed}");
    }
    assert_eq!(rows(&portal, "GEO101"), ["/top.txt", "/unit"]);
}

#[test]
fn a_folder_where_the_archive_has_a_file_stays() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/top.txt");
    let printed = restore(&portal, "GEO101", &archive(&portal), &[]).done().text();
    assert!(printed.contains("top.txt: left out"), "{printed}");
    assert!(course.on_disk("top.txt").is_dir());
}

#[test]
fn a_row_whose_file_is_lost_is_reported_and_not_doubled() {
    let portal = TestPortal::new();
    portal.course("GEO101").row("/top.txt", DocumentKind::File { size: 4 });
    restore(&portal, "GEO101", &archive(&portal), &[]).done();
    assert_eq!(rows(&portal, "GEO101"), ALL);
}

#[test]
fn a_symbolic_link_in_the_course_is_not_followed() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let outside = portal.aside("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("top.txt"), "top.").unwrap();
    symlink(&outside, course.on_disk("unit")).unwrap();
    symlink(outside.join("top.txt"), course.on_disk("top.txt")).unwrap();
    let printed = restore(&portal, "GEO101", &archive(&portal), &[]).done().text();
    assert!(printed.contains("  document: 0 added, 0 already there"), "{printed}");
    for path in ["unit", "unit/one.txt", "unit/two.txt", "top.txt"] {
        assert!(printed.contains(&format!("    {path}: left out")), "{path}\n{printed}");
    }
    assert_eq!(names(&outside), ["top.txt"]);
    assert!(rows(&portal, "GEO101").is_empty());
}

#[test]
fn titles_comments_visibility_and_times_come_from_the_archive() {
    let portal = TestPortal::new();
    portal.reference_course();
    let mount = Mount::of(&portal);
    let pdf = mount.join("REF000/Document/reading/sheet.pdf");
    let shown = support::run("getfattr", &[&"--absolute-names", &"-d", &pdf]);
    for line in ["title=\"Sheet\"", "comment=\"One page\"", "visibility=\"invisible\""] {
        assert!(shown.contains(&format!("user.chamilo.{line}")), "no {line} in\n{shown}");
    }
    let listed =
        support::run("unzip", &[&"-Z", &"-T", &"-l", &support::reference_backup(), &"document/reading/sheet.pdf"]);
    let time = support::run("date", &[&"-u", &"+%Y%m%d.%H%M%S", &"-r", &pdf]);
    assert!(listed.contains(time.trim()), "{time}{listed}");
}

#[test]
fn the_quota_is_respected_and_what_is_there_already_does_not_count() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/top.txt", b"top.");
    course.set_quota(11);
    let before = snapshot(&portal);
    restore(&portal, "GEO101", &archive(&portal), &[]).failed_saying(&["GEO101", "8 bytes", "leaves 7", "quota"]);
    assert_eq!(snapshot(&portal), before);
    course.set_quota(12);
    restore(&portal, "GEO101", &archive(&portal), &[]).done();
    assert_eq!(rows(&portal, "GEO101"), ALL);
}

#[test]
fn a_new_course_is_not_made_if_its_documents_do_not_fit() {
    let portal = TestPortal::new();
    portal.execute("UPDATE settings_current SET selected_value = '11' WHERE variable = 'default_document_quotum'", &[]);
    let before = snapshot(&portal);
    restore(&portal, "NEW", &archive(&portal), &["--create"]).failed_saying(&["NEW", "12 bytes", "quota"]);
    assert_eq!(snapshot(&portal), before);
}

#[test]
fn an_unknown_course_is_made_only_if_that_is_wanted() {
    let portal = TestPortal::new();
    let before = snapshot(&portal);
    restore(&portal, "NEW", &archive(&portal), &[]).failed_saying(&["no course NEW", "--create"]);
    assert_eq!(snapshot(&portal), before);
    restore(&portal, "new course", &archive(&portal), &["--create"]).failed_saying(&["new course", "NEWCOURSE"]);
    assert_eq!(snapshot(&portal), before);
}

#[test]
fn what_a_web_server_would_run_is_restored_under_a_harmless_name() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let paths = ["document/shell.php", "document/a.PHTML.txt", "document/.htaccess", "document/x.phar"];
    let listed: Vec<Resource> = paths.iter().map(|path| Resource::file(path)).collect();
    let made = paths.iter().fold(HandMade::listing(&listed), |made, path| made.entry(path, b"!"));
    let path = portal.aside("scripts.zip");
    made.write(&path);
    let printed = restore(&portal, "GEO101", &path, &[]).done().text();
    for name in ["shell.php: restored as shell.phps", ".htaccess: restored as htaccess.txt"] {
        assert!(printed.contains(name), "{printed}");
    }
    let on_disk = support::files_below(&course.folder_on_disk().join("document"));
    for name in on_disk.keys() {
        let lower = name.to_lowercase();
        assert!(!lower.ends_with(".php") && !lower.contains(".phtml") && lower != ".htaccess", "{name}");
    }
    assert_eq!(rows(&portal, "GEO101"), ["/a.phps", "/htaccess.txt", "/shell.phps", "/x.phps"]);
}

#[test]
fn the_portals_rule_for_uploads_is_respected() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    for (variable, value) in [("upload_extensions_list_type", "blacklist"), ("upload_extensions_blacklist", "exe;bat")]
    {
        let sql = "UPDATE settings_current SET selected_value = ? WHERE variable = ?";
        portal.execute(sql, &[value.into(), variable.into()]);
    }
    let listed = [Resource::file("document/virus.exe"), Resource::file("document/fine.txt")];
    let path = portal.aside("upload.zip");
    HandMade::listing(&listed).entry("document/virus.exe", b"!").entry("document/fine.txt", b"!").write(&path);
    let printed = restore(&portal, "GEO101", &path, &[]).done().text();
    assert!(printed.contains("virus.exe: refused by the portal's rule for uploads"), "{printed}");
    assert_eq!(rows(&portal, "GEO101"), ["/fine.txt"]);
}

#[test]
fn documents_without_their_bytes_are_reported() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let listed = [Resource::file("document/there.txt"), Resource::file("document/lost.txt")];
    let path = portal.aside("lost.zip");
    HandMade::listing(&listed).entry("document/there.txt", b"!").write(&path);
    let printed = restore(&portal, "GEO101", &path, &[]).done().text();
    assert!(printed.contains("lost.txt: not in the archive"), "{printed}");
    assert_eq!(rows(&portal, "GEO101"), ["/there.txt"]);
}

#[test]
fn folders_that_the_archive_does_not_list_are_made() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let path = portal.aside("deep.zip");
    HandMade::listing(&[Resource::file("document/a/b/c.txt")]).entry("document/a/b/c.txt", b"!").write(&path);
    restore(&portal, "GEO101", &path, &[]).done();
    assert_eq!(rows(&portal, "GEO101"), ["/a", "/a/b", "/a/b/c.txt"]);
    let mount = Mount::of(&portal);
    assert_eq!(std::fs::read(mount.join("GEO101/Document/a/b/c.txt")).unwrap(), b"!");
}

#[test]
fn a_folder_that_so_far_is_only_a_row_is_made_for_what_lies_in_it() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    assert!(!course.on_disk("certificates").exists(), "Chamilo makes it with the first certificate");
    let listed = [Resource::folder("document/certificates"), Resource::file("document/certificates/a.html")];
    let path = portal.aside("certificates.zip");
    HandMade::listing(&listed).entry("document/certificates/a.html", b"!").write(&path);
    let printed = restore(&portal, "GEO101", &path, &[]).done().text();
    assert!(printed.contains("  document: 1 added, 1 already there"), "{printed}");
    let mount = Mount::of(&portal);
    assert_eq!(std::fs::read(mount.join("GEO101/Document/certificates/a.html")).unwrap(), b"!");
}

#[test]
fn documents_called_like_files_of_a_new_course_are_restored() {
    let portal = TestPortal::new();
    let listed = [Resource::file("document/index.html"), Resource::file("document/images/index.html")];
    let path = portal.aside("index.zip");
    let made = HandMade::listing(&listed).entry("document/index.html", b"!");
    made.entry("document/images/index.html", b"?").write(&path);
    restore(&portal, "NEW", &path, &["--create"]).done();
    portal.course("GEO101");
    let printed = restore(&portal, "GEO101", &path, &[]).done().text();
    assert!(printed.contains("  document: 3 added, 0 already there"), "{printed}");
    // Equal the second time, and now that it is a document it makes way for no other.
    let again = restore(&portal, "GEO101", &path, &[]).done().text();
    assert!(again.contains("  document: 0 added, 3 already there"), "{again}");
    let other = portal.aside("other.zip");
    HandMade::listing(&listed).entry("document/index.html", b"other").write(&other);
    let conflict = restore(&portal, "GEO101", &other, &[]).done().text();
    assert!(conflict.contains("index.html: left out, because something else"), "{conflict}");
    let mount = Mount::of(&portal);
    for code in ["NEW", "GEO101"] {
        let documents = mount.join(code).join("Document");
        assert_eq!(std::fs::read(documents.join("index.html")).unwrap(), b"!", "{code}");
        assert_eq!(std::fs::read(documents.join("images/index.html")).unwrap(), b"?", "{code}");
    }
}

#[test]
fn a_mount_shows_what_is_restored_meanwhile() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    let before = std::fs::read(mount.join("GEO101/backup.zip")).unwrap();
    restore(&portal, "GEO101", &archive(&portal), &[]).done();
    assert_eq!(names(&mount.join("GEO101/Document/unit")), ["one.txt", "two.txt"]);
    let after = std::fs::read(mount.join("GEO101/backup.zip")).unwrap();
    assert_ne!(after, before);
    assert!(support::contents(&after).listed.contains_key("document/unit/one.txt"));
}

/// Two restores at once leave what one of them would.
#[test]
fn restores_at_the_same_time_do_not_double_anything() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let archive = archive(&portal);
    let ended: Vec<Ended> = std::thread::scope(|scope| {
        let restores: Vec<_> = (0..6).map(|_| scope.spawn(|| restore(&portal, "GEO101", &archive, &[]))).collect();
        restores.into_iter().map(|restore| restore.join().unwrap()).collect()
    });
    assert_eq!(rows(&portal, "GEO101"), ALL);
    for ended in ended {
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    let Snapshot { files, .. } = snapshot(&portal);
    assert_eq!(
        files
            .keys()
            .filter(|path| path.starts_with("courses/GEO101/document/"))
            .filter(|path| path.ends_with(".txt"))
            .count(),
        3
    );
    assert!(names(&portal.root().join("app/cache")).is_empty());
}
