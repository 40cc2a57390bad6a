//! Learning paths in a mount: their packages are read, put in and removed with ordinary programs.
#![allow(clippy::unwrap_used)]

mod scorm_support;
mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use scorm_support::{HandMadePath, entries, foreign, package, sample_portal};
use support::{Mount, TestCourse, TestPortal, names, run, snapshot};

/// Titles of the paths of a course, by their numbers.
fn titles(course: &TestCourse<'_>) -> Vec<String> {
    let rows = course.portal.rows("SELECT name FROM c_lp WHERE c_id = ? ORDER BY iid", &[course.id().into()]);
    rows.iter().map(|row| row.text("name")).collect()
}

/// Runs a program that is to fail, and returns what it says.
fn fails(program: &str, arguments: &[&Path]) -> String {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output().unwrap();
    assert!(!output.status.success(), "{program} {arguments:?} succeeds");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn property(path: &Path, name: &str) -> String {
    run("getfattr", &[&"--only-values", &"-n", &format!("user.chamilo.{name}"), &path])
}

#[test]
fn packages_of_learning_paths_are_listed_by_their_titles() {
    let portal = sample_portal();
    portal.course("EMPTY");
    let mount = Mount::of(&portal);
    let listed = names(&mount.join("GEO101"));
    assert!(["Learnpath", "scorm.zip"].iter().all(|name| listed.contains(&(*name).to_owned())), "{listed:?}");
    let course = portal.existing("GEO101");
    let mut expected: Vec<String> = titles(&course).iter().map(|title| format!("{title}.zip")).collect();
    expected.sort();
    assert_eq!(names(&mount.join("GEO101/Learnpath")), expected);
    // A course without paths shows neither, but packages can be put into it.
    let listed = names(&mount.join("EMPTY"));
    assert!(!listed.iter().any(|name| name == "Learnpath" || name == "scorm.zip"), "{listed:?}");
    assert!(!mount.join("EMPTY/scorm.zip").exists());
    assert!(mount.join("EMPTY/Learnpath").is_dir() && names(&mount.join("EMPTY/Learnpath")).is_empty());
    // An AICC course is no SCORM package, nor is an imported one whose files are gone.
    let aicc = HandMadePath::new(&course, "AICC");
    portal.execute("UPDATE c_lp SET lp_type = 3, path = 'aicc' WHERE iid = ?", &[aicc.iid.into()]);
    let gone = HandMadePath::new(&course, "Gone");
    portal.execute("UPDATE c_lp SET lp_type = 2, path = 'gone/.' WHERE iid = ?", &[gone.iid.into()]);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(names(&mount.join("GEO101/Learnpath")), expected);
    assert!(!mount.join("GEO101/Learnpath/Gone.zip").exists());
}

#[test]
fn a_package_in_a_mount_has_the_bytes_that_the_command_writes() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let course = portal.existing("GEO101");
    for title in titles(&course) {
        let read = fs::read(mount.join("GEO101/Learnpath").join(format!("{title}.zip"))).unwrap();
        assert!(read == package(&portal, "GEO101", Some(&title)), "{title}");
    }
    let path = mount.join("GEO101/scorm.zip");
    let whole = fs::read(&path).unwrap();
    assert!(whole == package(&portal, "GEO101", None));
    assert_eq!(fs::metadata(&path).unwrap().len(), whole.len() as u64);
    scorm_support::assert_valid(&whole, false);
    // Any range of it is that range of the whole.
    let file = fs::File::open(&path).unwrap();
    for (offset, length) in [(0, 10), (7, 4000), (whole.len() / 2, 70_000), (whole.len() - 30, 30)] {
        let mut buffer = vec![0; length.min(whole.len() - offset)];
        file.read_exact_at(&mut buffer, offset as u64).unwrap();
        assert!(buffer == whole[offset..offset + buffer.len()], "{offset}");
    }
}

#[test]
fn size_and_time_of_a_package_move_only_when_its_content_does() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let title = titles(&course).remove(0);
    let look = |mount: &Mount| {
        let path = mount.join("GEO101/Learnpath").join(format!("{title}.zip"));
        let (one, all) = (fs::metadata(path).unwrap(), fs::metadata(mount.join("GEO101/scorm.zip")).unwrap());
        [one.mtime(), all.mtime(), one.size() as i64, all.size() as i64]
    };
    let mount = Mount::of(&portal);
    let first = look(&mount);
    std::thread::sleep(Duration::from_millis(1100));
    // A change beside the paths is none of theirs.
    portal.execute("UPDATE c_glossary SET name = 'Another' WHERE c_id = ?", &[course.id().into()]);
    assert_eq!(look(&mount), first);
    drop(mount);
    let mount = Mount::of(&portal);
    assert_eq!(look(&mount), first, "after a remount");
    portal.execute("UPDATE c_lp SET name = ? WHERE name = ?", &[title.clone().into(), title.clone().into()]);
    let sql = "UPDATE c_lp_item SET title = 'Changed' WHERE lp_id = (SELECT iid FROM c_lp WHERE name = ?)";
    portal.execute(sql, &[title.clone().into()]);
    std::thread::sleep(Duration::from_millis(1100));
    let second = look(&mount);
    assert!(second[0] > first[0] && second[1] > first[1], "{first:?} {second:?}");
    // A file of the course that the path shows.
    let shown = "SELECT d.path FROM c_document d JOIN c_lp_item i ON i.path = d.iid JOIN c_lp l ON l.iid = i.lp_id \
                 WHERE i.item_type = 'document' AND l.name = ?";
    let path = portal.rows(shown, &[title.clone().into()])[0].text("path");
    std::thread::sleep(Duration::from_millis(1100));
    let mut file = fs::File::options().append(true).open(course.on_disk(&path)).unwrap();
    file.write_all(b"<!-- more -->").unwrap();
    drop(file);
    std::thread::sleep(Duration::from_millis(1100));
    let third = look(&mount);
    assert!(third[0] > second[0] && third[2] == second[2] + 13, "{second:?} {third:?}");
    // The second rsync transfers nothing.
    let copy = portal.aside("copy");
    let rsync =
        || run("rsync", &[&"-a", &"--stats", &mount.join("GEO101/Learnpath"), &mount.join("GEO101/scorm.zip"), &copy]);
    rsync();
    let again = rsync();
    assert!(again.contains("Number of regular files transferred: 0"), "{again}");
}

#[test]
fn a_package_that_is_copied_into_learnpath_is_imported() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Learnpath");
    run("cp", &[&foreign(&portal, "By cp", b"1"), &folder.join("by cp.zip")]);
    assert_eq!(names(&folder), ["By cp.zip"]);
    assert_eq!(entries(&fs::read(folder.join("By cp.zip")).unwrap())["a.html"], b"1");
    run("cp", &[&"-a", &foreign(&portal, "Kept", b"2"), &folder]);
    run("rsync", &[&"-a", &foreign(&portal, "By rsync", b"3"), &format!("{}/", folder.display())]);
    run("mv", &[&foreign(&portal, "Moved", b"4"), &folder]);
    let cat = "cat \"$0\" > \"$1\"";
    run("sh", &[&"-c", &cat, &foreign(&portal, "By cat", b"5"), &folder.join("c.zip")]);
    // As file managers do it.
    fs::copy(foreign(&portal, "Renamed", b"6"), folder.join("renamed.zip.part")).unwrap();
    fs::rename(folder.join("renamed.zip.part"), folder.join("renamed.zip")).unwrap();
    assert_eq!(titles(&course), ["By cp", "Kept", "By rsync", "Moved", "By cat", "Renamed"]);
    let wanted = ["By cat.zip", "By cp.zip", "By rsync.zip", "Kept.zip", "Moved.zip", "Renamed.zip"];
    assert_eq!(names(&folder), wanted);
    assert_eq!(names(&mount.join("GEO101")), ["Document", "Learnpath", "backup.zip", "scorm.zip"]);
    assert!(property(&folder, "report").contains("learnpath: 1 added"));
    // Each one comes back as what it is: nothing is made twice.
    let before = snapshot(&portal);
    for name in wanted {
        run("cp", &[&folder.join(name), &portal.aside(name)]);
        run("cp", &[&portal.aside(name), &folder.join(name)]);
        run("cp", &[&portal.aside(name), &folder.join("another name.zip")]);
    }
    run("cp", &[&mount.join("GEO101/scorm.zip"), &portal.aside("all.zip")]);
    run("cp", &[&portal.aside("all.zip"), &mount.join("GEO101/scorm.zip")]);
    assert_eq!(snapshot(&portal), before);
    assert!(names(&portal.root().join("app/cache")).is_empty());
    portal.check_finds_nothing();
}

#[test]
fn what_is_no_package_is_refused_when_it_is_closed() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/a.txt", b"a");
    fs::write(portal.aside("backup.zip"), course.backup()).unwrap();
    fs::write(portal.aside("text.zip"), b"no archive").unwrap();
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Learnpath");
    let before = snapshot(&portal);
    for (name, wanted) in [("backup.zip", "backup of a course"), ("text.zip", "no readable zip archive")] {
        let text = fails("cp", &[&portal.aside(name), &folder]);
        assert!(text.contains("Invalid argument"), "{text}");
        assert!(property(&folder, "error").contains(wanted), "{}", property(&folder, "error"));
    }
    let cut = fs::read(foreign(&portal, "Cut", b"content")).unwrap();
    fs::write(portal.aside("cut.zip"), &cut[..cut.len() - 30]).unwrap();
    assert!(fails("cp", &[&portal.aside("cut.zip"), &folder]).contains("Invalid argument"));
    let text = fails("cp", &[&portal.aside("text.zip"), &folder.join("notes.txt")]);
    assert!(text.contains("Read-only file system"), "{text}");
    assert!(fails("cp", &[&portal.aside("backup.zip"), &mount.join("GEO101/scorm.zip")]).contains("Invalid argument"));
    assert!(names(&folder).is_empty());
    assert_eq!(snapshot(&portal), before);
    drop(mount);
    course.set_quota(100);
    let mount = Mount::of(&portal);
    let big = foreign(&portal, "Big", &vec![b'x'; 10_000]);
    let text = fails("cp", &[&big, &mount.join("GEO101/Learnpath")]);
    assert!(text.contains("Disk quota exceeded"), "{text}");
    assert_eq!(snapshot(&portal).files, before.files);
}

#[test]
fn the_package_of_all_paths_brings_them_into_another_course() {
    let portal = sample_portal();
    let copy = portal.course("COPY");
    let mount = Mount::of(&portal);
    run("cp", &[&mount.join("GEO101/scorm.zip"), &mount.join("COPY/scorm.zip")]);
    assert_eq!(titles(&copy), titles(&portal.existing("GEO101")));
    let before = snapshot(&portal);
    for name in names(&mount.join("GEO101/Learnpath")) {
        run("cp", &[&mount.join("GEO101/Learnpath").join(&name), &mount.join("COPY/Learnpath")]);
    }
    run("cp", &[&mount.join("COPY/scorm.zip"), &mount.join("GEO101")]);
    assert_eq!(snapshot(&portal), before);
    portal.check_finds_nothing();
}

#[test]
fn removing_a_package_removes_its_learning_path_and_the_files_that_no_other_shows() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Learnpath");
    let own = titles(&course);
    run("cp", &[&foreign(&portal, "Imported", b"1"), &folder.join("pack.zip")]);
    let second = HandMadePath::new(&course, "Of the same files");
    portal.execute("UPDATE c_lp SET lp_type = 2, path = 'pack/.', ref = 'O2' WHERE iid = ?", &[second.iid.into()]);
    portal.execute("UPDATE c_lp SET prerequisite = ? WHERE name = ?", &[second.iid.into(), own[0].clone().into()]);
    let files = course.folder_on_disk().join("scorm/pack");
    symlink(portal.root(), files.join("link")).unwrap();
    fs::create_dir_all(files.join("deep/er")).unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    run("rm", &[&folder.join("Imported.zip")]);
    assert!(files.join("a.html").exists(), "another path shows it");
    run("rm", &[&folder.join("Of the same files.zip")]);
    assert!(!files.exists() && portal.root().join("app").exists());
    assert_eq!(titles(&course), own);
    let prerequisite = portal.rows("SELECT prerequisite FROM c_lp WHERE name = ?", &[own[0].clone().into()]);
    assert_eq!(prerequisite[0].int("prerequisite"), Some(0));
    run("rm", &[&folder.join(format!("{}.zip", own[0]))]);
    assert_eq!(titles(&course), own[1..]);
    let documents = portal.rows("SELECT iid FROM c_document WHERE c_id = ?", &[course.id().into()]).len();
    assert!(documents > 5, "documents and tests stay");
    let left = "SELECT COUNT(*) AS n FROM c_lp_item WHERE lp_id NOT IN (SELECT iid FROM c_lp)";
    assert_eq!(portal.rows(left, &[])[0].int("n"), Some(0));
    portal.check_finds_nothing();
}

#[test]
fn a_removed_learning_path_can_be_brought_back_out_of_the_trash() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Learnpath");
    run("cp", &[&foreign(&portal, "Imported", b"page"), &folder.join("pack.zip")]);
    let before = state(&portal);
    run("rm", &[&folder.join("Imported.zip")]);
    assert!(titles(&course).is_empty() && !course.folder_on_disk().join("scorm/pack").exists());
    let moments = mount.join(".trash/GEO101");
    let moment = moments.join(names(&moments).remove(0));
    run("cp", &[&moment.join("backup.zip"), &mount.join("GEO101/backup.zip")]);
    assert_eq!(state(&portal), before);
    assert_eq!(entries(&fs::read(folder.join("Imported.zip")).unwrap())["a.html"], b"page");
    portal.check_finds_nothing();
}

#[test]
fn rm_r_of_a_course_with_learning_paths_deletes_it() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    run("sh", &[&"-c", &"cd \"$0\" && rm -r *", &mount.join("GEO101")]);
    let course = portal.existing("GEO101");
    assert!(titles(&course).is_empty());
    std::thread::sleep(Duration::from_millis(1100));
    assert!(!mount.join("GEO101/scorm.zip").exists());
    run("rm", &[&"-r", &mount.join("BIO110")]);
    assert!(!names(&mount.path()).contains(&"BIO110".to_owned()));
    assert!(!portal.root().join("app/courses/BIO110").exists());
}

#[test]
fn copying_a_course_does_not_double_its_learning_paths() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let mount = Mount::of(&portal);
    run("cp", &[&foreign(&portal, "Imported", b"1"), &mount.join("GEO101/Learnpath/pack.zip")]);
    portal.execute("UPDATE c_lp SET name = 'Called otherwise' WHERE name = 'Imported'", &[]);
    std::thread::sleep(Duration::from_millis(1100));
    let wanted = titles(&course);
    let sorted = |mut titles: Vec<String>| {
        titles.sort();
        titles
    };
    run("cp", &[&"-r", &mount.join("GEO101"), &mount.join("COPY1")]);
    fs::create_dir(mount.join("COPY2")).unwrap();
    run(
        "rsync",
        &[&"-a", &format!("{}/", mount.join("GEO101").display()), &format!("{}/", mount.join("COPY2").display())],
    );
    // By way of another disk.
    run("cp", &[&"-r", &mount.join("GEO101"), &portal.aside("away")]);
    fs::create_dir(mount.join("COPY3")).unwrap();
    run(
        "rsync",
        &[&"-a", &format!("{}/", portal.aside("away").display()), &format!("{}/", mount.join("COPY3").display())],
    );
    for code in ["COPY1", "COPY2", "COPY3"] {
        let copy = portal.existing(code);
        assert_eq!(sorted(titles(&copy)), sorted(wanted.clone()), "{code}");
        assert_eq!(
            names(&copy.folder_on_disk().join("scorm")),
            names(&course.folder_on_disk().join("scorm")),
            "{code}"
        );
        for table in ["c_quiz", "c_quiz_question", "c_link", "c_forum_forum", "c_lp_item", "c_lp_category"] {
            let count = |of: &TestCourse<'_>| {
                portal.rows(&format!("SELECT iid FROM {table} WHERE c_id = ?"), &[of.id().into()]).len()
            };
            assert_eq!(count(&copy), count(&course), "{code} {table}");
        }
    }
    portal.check_finds_nothing();
}

/// The learning paths of a course and the files below `scorm/`.
fn state(portal: &TestPortal) -> (Vec<String>, Vec<String>, usize) {
    let course = portal.existing("GEO101");
    let files = support::files_below(&course.folder_on_disk().join("scorm"));
    let documents = portal.rows("SELECT iid FROM c_document WHERE c_id = ?", &[course.id().into()]).len();
    (titles(&course), files.into_keys().collect(), documents)
}

/// Copies the folder `from` as `cp -r` does, with `first` before all others: makes everything without looking.
const COPY: &str = r#"
import os, sys
source, target, first = sys.argv[1:]
def copy(source, target):
    os.mkdir(target)
    for name in sorted(os.listdir(source), key=lambda name: (name not in first.split(), name)):
        a, b = os.path.join(source, name), os.path.join(target, name)
        if os.path.isdir(a):
            copy(a, b)
            continue
        with open(a, 'rb') as read, open(os.open(b, os.O_WRONLY | os.O_CREAT | os.O_EXCL), 'wb') as write:
            write.write(read.read())
copy(source, target)
"#;

#[test]
fn a_course_is_copied_from_a_disk_that_gives_its_archives_first() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let away = portal.aside("away");
    run("cp", &[&"-r", &mount.join("GEO101"), &away]);
    let document = names(&away.join("Document")).into_iter().find(|name| name.ends_with(".txt")).unwrap();
    // On its way it was shortened.
    fs::write(away.join("Document").join(&document), b"short").unwrap();
    for (code, first) in [("FIRST", "backup.zip"), ("SECOND", "scorm.zip Learnpath"), ("THIRD", "Document")] {
        run("python3", &[&"-c", &COPY, &away, &mount.join(code), &first]);
        let copy = portal.existing(code);
        assert_eq!(titles(&copy), titles(&portal.existing("GEO101")), "{code}");
        let documents = |of: &Path| support::files_below(&of.join("Document")).into_keys().collect::<Vec<_>>();
        assert_eq!(documents(&mount.join(code)), documents(&away), "{code}");
        assert_eq!(fs::read(mount.join(code).join("Document").join(&document)).unwrap(), b"short", "{code}");
        run("cp", &[&"-r", &away, &mount.join(&format!("CP{code}"))]);
    }
    portal.check_finds_nothing();
}

#[test]
fn an_import_that_is_killed_leaves_the_course_before_or_after_it() {
    let sample = sample_portal();
    let own = sample.aside("own.zip");
    fs::write(&own, package(&sample, "GEO101", None)).unwrap();
    for archive in [foreign(&sample, "Imported", b"1"), own] {
        let whole = TestPortal::new();
        whole.course("GEO101");
        let before = state(&whole);
        let mount = Mount::of(&whole);
        run("cp", &[&archive, &mount.join("GEO101/Learnpath/pack.zip")]);
        drop(mount);
        let after = state(&whole);
        assert_ne!(after, before);
        for point in ["unpacked", "journal", "placed", "placed:2", "before-commit", "after-commit"] {
            let portal = TestPortal::new();
            portal.course("GEO101");
            let mut mount = Mount::dying_at(&portal, "ttl=0", point);
            fails("cp", &[&archive, &mount.join("GEO101/Learnpath/pack.zip")]);
            mount.dies();
            let mount = Mount::of(&portal);
            assert_eq!(state(&portal), if point == "after-commit" { after.clone() } else { before.clone() }, "{point}");
            assert!(names(&portal.root().join("app/cache")).is_empty(), "{point}");
            portal.check_finds_nothing();
            run("cp", &[&archive, &mount.join("GEO101/Learnpath/pack.zip")]);
            assert_eq!(state(&portal), after, "{point}");
        }
    }
}

#[test]
fn a_removal_that_is_killed_leaves_no_learning_path_without_its_files() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let mount = Mount::of(&portal);
    let archive = foreign(&portal, "Imported", b"1");
    run("cp", &[&archive, &mount.join("GEO101/Learnpath/pack.zip")]);
    drop(mount);
    let mut mount = Mount::dying_at(&portal, "ttl=0", "after-commit");
    fails("rm", &[&mount.join("GEO101/Learnpath/Imported.zip")]);
    mount.dies();
    assert!(titles(&course).is_empty());
    let mount = Mount::of(&portal);
    assert!(names(&mount.join("GEO101/Learnpath")).is_empty());
    // The files that were left are those of the package when it comes again.
    run("cp", &[&archive, &mount.join("GEO101/Learnpath/pack.zip")]);
    assert_eq!(names(&course.folder_on_disk().join("scorm")), ["index.html", "pack"]);
    portal.check_finds_nothing();
}

#[test]
fn imports_into_one_course_at_once_are_done_one_after_the_other() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Learnpath");
    let archives: Vec<PathBuf> = (0..4).map(|number| foreign(&portal, &format!("P{number}"), b"x")).collect();
    std::thread::scope(|scope| {
        for (number, archive) in archives.iter().chain(&archives).enumerate() {
            let to = folder.join(format!("upload {number}.zip"));
            scope.spawn(move || run("cp", &[archive, &to]));
        }
    });
    let mut found = titles(&course);
    found.sort();
    assert_eq!(found, ["P0", "P1", "P2", "P3"]);
    let folders = names(&course.folder_on_disk().join("scorm"));
    assert_eq!(folders.iter().filter(|name| name.starts_with("upload")).count(), 4, "{folders:?}");
    portal.check_finds_nothing();
}

#[test]
fn packages_are_read_only_in_a_read_only_mount() {
    let portal = sample_portal();
    let mount = Mount::with(&portal, "ro");
    let name = names(&mount.join("GEO101/Learnpath")).remove(0);
    let path = mount.join("GEO101/Learnpath").join(&name);
    assert!(!fs::read(&path).unwrap().is_empty());
    assert!(fails("rm", &[Path::new("-f"), &path]).contains("Read-only file system"));
    assert!(
        fails("cp", &[&foreign(&portal, "X", b"1"), &mount.join("GEO101/Learnpath")]).contains("Read-only file system")
    );
}
