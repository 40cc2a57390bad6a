//! What is removed through a mount can be brought back: the trash, by real programs on a real mount.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use coursefs::course::{Course, empty};
use coursefs::portal::database::DatabaseExt;
use coursefs::sample;
use reference_support::equal::{Side, differences};
use reference_support::rows::load;
use support::{Mount, TestPortal, names, noise, run, wait_for};

fn sample_portal() -> TestPortal {
    let portal = TestPortal::new();
    sample::fill(&portal.portal).unwrap();
    portal
}

/// Where the trash lies in the portal.
fn on_disk(portal: &TestPortal) -> PathBuf {
    portal.root().join("app/cache/.coursefs-trash")
}

/// The moments of the course that the trash remembers, the oldest first.
fn moments(mount: &Mount, code: &str) -> Vec<PathBuf> {
    let folder = mount.join(".trash").join(code);
    if !folder.exists() {
        return Vec::new();
    }
    names(&folder).into_iter().map(|name| folder.join(name)).collect()
}

/// The differences between a course as it was and as it is, but for dates of what came back.
fn changed(before: &Side, portal: &TestPortal, code: &str) -> Vec<String> {
    let now = Side::new(&portal.portal, code);
    differences(before, &now).into_iter().map(|lost| lost.shown).collect()
}

/// The bytes of all documents in the mount, by path.
fn documents(mount: &Mount, code: &str) -> Vec<(PathBuf, Vec<u8>)> {
    fn add(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
        for name in names(folder) {
            let path = folder.join(name);
            if path.is_dir() {
                found.push((path.clone(), Vec::new()));
                add(&path, found);
            } else {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    add(&mount.join(code).join("Document"), &mut found);
    found
}

fn setting(portal: &TestPortal, value: &str) {
    let sql = "UPDATE settings_current SET selected_value = ? WHERE variable = 'permanently_remove_deleted_files'";
    portal.execute(sql, &[value.into()]);
}

/// Removes all documents of the first sample course, brings them back by `program` and compares.
fn removed_and_brought_back(for_good: &str, bring: impl Fn(&Path, &Path)) {
    let portal = sample_portal();
    setting(&portal, for_good);
    let mount = Mount::of(&portal);
    let before = Side::new(&portal.portal, "GEO101");
    let files = documents(&mount, "GEO101");
    assert!(files.len() >= 15, "{}", files.len());
    let keys = || {
        portal.rows("SELECT iid, path FROM c_document WHERE c_id = 1 AND path NOT LIKE '%DELETED%' ORDER BY iid", &[])
    };
    let as_text = |rows: Vec<coursefs::portal::database::Row>| -> Vec<String> {
        rows.iter().map(|row| format!("{} {}", row.text("iid"), row.text("path"))).collect()
    };
    let keys_before = as_text(keys());
    // The sample has some that were deleted before.
    let deleted = || {
        let rows = portal.rows("SELECT iid, path FROM c_document WHERE path LIKE '%DELETED%' ORDER BY iid", &[]);
        let files = run("find", &[&portal.root().join("app/courses"), &"-name", &"*_DELETED_*"]);
        (as_text(rows), files)
    };
    let deleted_before = deleted();
    run("sh", &[&"-c", &"rm -r \"$1\"/Document/*", &"sh", &mount.join("GEO101")]);
    assert_eq!(names(&mount.join("GEO101/Document")), [""; 0]);
    let moments = moments(&mount, "GEO101");
    assert_eq!(moments.len(), 1, "{moments:?}");
    bring(&moments[0].join("backup.zip"), &mount.join("GEO101/backup.zip"));
    assert_eq!(documents(&mount, "GEO101"), files);
    let changed = changed(&before, &portal, "GEO101");
    assert!(changed.is_empty(), "{} differences\n{}", changed.len(), changed.join("\n"));
    // Whatever refers to a document leads to it again: it has its old key.
    assert_eq!(as_text(keys()), keys_before);
    // Nothing of the deleted ones is left, and once more brings nothing.
    assert_eq!(deleted(), deleted_before);
    bring(&moments[0].join("backup.zip"), &mount.join("GEO101/backup.zip"));
    assert_eq!(as_text(keys()), keys_before);
    assert_eq!(Side::new(&portal.portal, "GEO101").items(), before.items());
    portal.check_finds_nothing();
}

#[test]
fn what_rm_takes_comes_back_by_copying_the_backup_of_before() {
    removed_and_brought_back("false", |from, to| drop(run("cp", &[&from, &to])));
}

#[test]
fn what_was_removed_for_good_comes_back_too() {
    removed_and_brought_back("true", |from, to| drop(run("cp", &[&from, &to])));
    removed_and_brought_back("true", |from, to| {
        let (from, to) = (format!("if={}", from.display()), format!("of={}", to.display()));
        run("dd", &[&from, &to, &"bs=64k", &"status=none"]);
    });
}

#[test]
fn the_trash_is_found_by_its_name_and_never_listed() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    let mount = Mount::of(&portal);
    assert_eq!(names(&mount.join(".trash")), [""; 0]);
    fs::remove_file(mount.join("GEO101/Document/a.txt")).unwrap();
    assert_eq!(names(&mount.path()), ["GEO101"]);
    assert!(!run("find", &[&mount.path()]).contains("trash"));
    assert_eq!(names(&mount.join(".trash")), ["GEO101"]);
    let moments = moments(&mount, "GEO101");
    assert_eq!(names(&moments[0]), ["backup.zip"]);
    run("rsync", &[&"-a", &format!("{}/", mount.path().display()), &portal.aside("copy")]);
    assert_eq!(names(&portal.aside("copy")), ["GEO101"]);
    run("unzip", &[&"-tq", &moments[0].join("backup.zip")]);
}

#[test]
fn the_trash_is_for_the_owner_of_the_courses_alone_and_lies_beside_them() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    let mount = Mount::of(&portal);
    fs::remove_file(mount.join("GEO101/Document/a.txt")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&on_disk(&portal)), 0o700);
    assert_eq!(mode(&mount.join(".trash")), 0o700);
    let moments = moments(&mount, "GEO101");
    assert_eq!((mode(&moments[0]), mode(&moments[0].join("backup.zip"))), (0o700, 0o400));
    assert!(fs::write(moments[0].join("backup.zip"), b"x").is_err());
    assert!(fs::create_dir(mount.join(".trash/NEW")).is_err());
}

#[test]
fn removing_costs_no_copy_of_data() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/large.bin", &noise(3, 8 << 20));
    course.file("/other.bin", &noise(4, 8 << 20));
    let inode = fs::metadata(course.on_disk("/large.bin")).unwrap().ino();
    let mount = Mount::of(&portal);
    let used = || -> u64 {
        let printed = run("du", &[&"-s", &"-k", &portal.root().join("app")]);
        printed.split_whitespace().next().unwrap().parse().unwrap()
    };
    let before = used();
    fs::remove_file(mount.join("GEO101/Document/large.bin")).unwrap();
    assert!(used() < before + 1024, "{before} {}", used());
    let kept = run("find", &[&on_disk(&portal), &"-inum", &inode.to_string()]);
    assert_eq!(kept.lines().count(), 1, "{kept}");
}

#[test]
fn one_burst_of_removals_is_one_moment() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    for number in 0..50 {
        course.file(&format!("/{number}.txt"), b"text");
    }
    let mount = Mount::of(&portal);
    for number in 0..40 {
        fs::remove_file(mount.join(&format!("GEO101/Document/{number}.txt"))).unwrap();
    }
    assert_eq!(moments(&mount, "GEO101").len(), 1);
    // What leaves after a pause leaves another course.
    std::thread::sleep(Duration::from_secs(11));
    fs::remove_file(mount.join("GEO101/Document/45.txt")).unwrap();
    let moments = moments(&mount, "GEO101");
    assert_eq!(moments.len(), 2);
    let listed = |moment: &Path| run("unzip", &[&"-Z1", &moment.join("backup.zip")]).lines().count();
    assert_eq!(listed(&moments[0]), listed(&moments[1]) + 40);
    // The older one finds what was removed after the younger one.
    run("unzip", &[&"-tq", &moments[0].join("backup.zip")]);
    run("cp", &[&moments[0].join("backup.zip"), &mount.join("GEO101/backup.zip")]);
    assert_eq!(names(&mount.join("GEO101/Document")).len(), 50);
    portal.check_finds_nothing();
}

#[test]
fn a_document_that_was_changed_since_is_in_the_backup_of_before_as_it_is_now() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    for name in ["removed", "written", "replaced", "renamed"] {
        course.file(&format!("/{name}.txt"), b"before");
    }
    let mount = Mount::of(&portal);
    let document = |name: &str| mount.join("GEO101/Document").join(name);
    fs::remove_file(document("removed.txt")).unwrap();
    fs::write(document("written.txt"), b"after, and longer").unwrap();
    fs::write(document("new.txt"), b"after").unwrap();
    fs::rename(document("new.txt"), document("replaced.txt")).unwrap();
    fs::rename(document("renamed.txt"), document("elsewhere.txt")).unwrap();
    let archive = moments(&mount, "GEO101")[0].join("backup.zip");
    let read = |name: &str| run("unzip", &[&"-p", &archive, &format!("document/{name}")]);
    assert_eq!(read("removed.txt"), "before");
    assert_eq!(read("written.txt"), "after, and longer");
    assert_eq!(read("replaced.txt"), "after");
    assert_eq!(read("renamed.txt"), "before");
    run("unzip", &[&"-tq", &archive]);
}

#[test]
fn two_mounts_that_remove_at_once_each_remember_all_of_it() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    for number in 0..20 {
        course.file(&format!("/{number}.txt"), format!("text {number}").as_bytes());
    }
    let (one, other) = (Mount::of(&portal), Mount::of(&portal));
    for number in 0..20 {
        let mount = if number % 2 == 0 { &one } else { &other };
        fs::remove_file(mount.join(&format!("GEO101/Document/{number}.txt"))).unwrap();
    }
    let moments = moments(&one, "GEO101");
    assert_eq!(moments.len(), 2);
    run("unzip", &[&"-tq", &moments[1].join("backup.zip")]);
    run("cp", &[&moments[0].join("backup.zip"), &other.join("GEO101/backup.zip")]);
    for number in 0..20 {
        let text = fs::read_to_string(one.join(&format!("GEO101/Document/{number}.txt"))).unwrap();
        assert_eq!(text, format!("text {number}"));
    }
    portal.check_finds_nothing();
}

#[test]
fn a_deleted_course_comes_back_from_the_trash() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let before = Side::new(&portal.portal, "GEO101");
    let files = documents(&mount, "GEO101");
    let title = portal.existing("GEO101").course.title.clone();
    run("rm", &[&"-r", &mount.join("GEO101")]);
    assert!(!mount.join("GEO101").exists());
    let archive = moments(&mount, "GEO101")[0].join("backup.zip");
    run("unzip", &[&"-tq", &archive]);
    // By hand, and by the command.
    run("mkdir", &[&mount.join("GEO101")]);
    run("cp", &[&archive, &mount.join("GEO101/backup.zip")]);
    assert_eq!(documents(&mount, "GEO101"), files);
    assert_eq!(portal.existing("GEO101").course.title, title);
    let changed = changed(&before, &portal, "GEO101");
    assert!(changed.is_empty(), "{} differences\n{}", changed.len(), changed.join("\n"));
    portal.coursefs(&[&"restore", &portal.root(), &"COP101", &archive, &"--create"]).done();
    assert_eq!(Side::new(&portal.portal, "COP101").items(), before.items());
    portal.check_finds_nothing();
}

#[test]
fn items_that_were_removed_come_back_with_what_refers_to_them() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let before = Side::new(&portal.portal, "GEO101");
    let archive = portal.aside("before.zip");
    run("cp", &[&mount.join("GEO101/backup.zip"), &archive]);
    let course: Course = portal.existing("GEO101").course;
    // All links and tests go; learning paths and the gradebook still refer to tests.
    let items = load(&portal.portal, "GEO101");
    portal
        .portal
        .database()
        .write(|session| {
            for (kind, items) in
                items.iter().filter(|(kind, _)| ["link", "quiz", "Exercise_Question"].contains(&kind.key))
            {
                for item in items {
                    empty::delete(session, kind, &course, &item.record)?;
                }
            }
            Ok::<_, coursefs::portal::database::DatabaseError>(())
        })
        .unwrap();
    assert!(Side::new(&portal.portal, "GEO101").items() < before.items());
    run("cp", &[&archive, &mount.join("GEO101/backup.zip")]);
    let changed = changed(&before, &portal, "GEO101");
    assert!(changed.is_empty(), "{} differences\n{}", changed.len(), changed.join("\n"));
    portal.check_finds_nothing();
}

#[test]
fn what_is_in_the_trash_goes_when_it_is_old_or_removed() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    for name in ["a", "b", "c"] {
        course.file(&format!("/{name}.txt"), b"text");
    }
    let mut mount = Mount::with(&portal, "ttl=0,trash=2");
    fs::remove_file(mount.join("GEO101/Document/a.txt")).unwrap();
    let folder = on_disk(&portal).join("GEO101");
    let name = names(&folder)[0].clone();
    // As if it had been three days ago, and another one a day ago.
    let days_ago = |days: i64| {
        let time = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
        time.strftime("%Y-%m-%d_%H-%M-%S").to_string()
    };
    let (old, younger) = (days_ago(3), days_ago(1));
    fs::rename(folder.join(&name), folder.join(&old)).unwrap();
    run("cp", &[&"-r", &folder.join(&old), &folder.join(&younger)]);
    mount.remount();
    wait_for("the end of what is old", 10, || (names(&folder) == [younger.as_str()]).then_some(()));
    // What nobody wants back is removed by hand.
    run("rm", &[&"-r", &mount.join(".trash/GEO101").join(&younger)]);
    assert_eq!(names(&folder), [""; 0]);
    run("rmdir", &[&mount.join(".trash/GEO101")]);
    assert_eq!(names(&on_disk(&portal)), [""; 0]);
}

#[test]
fn without_a_trash_nothing_is_remembered() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    let mount = Mount::with(&portal, "ttl=0,trash=0");
    fs::remove_file(mount.join("GEO101/Document/a.txt")).unwrap();
    assert!(!on_disk(&portal).exists());
    assert_eq!(names(&mount.join(".trash")), [""; 0]);
}

#[test]
fn names_that_programs_use_in_passing_are_not_remembered() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    for name in [".a.txt.swp", "a.txt~", ".~lock.a.odt#"] {
        let path = mount.join("GEO101/Document").join(name);
        fs::write(&path, b"passing").unwrap();
        fs::remove_file(&path).unwrap();
    }
    assert!(moments(&mount, "GEO101").is_empty());
}

/// A small file system of its own in the place of the trash, for as long as it lives.
struct OtherDisk(PathBuf);

impl OtherDisk {
    fn new(portal: &TestPortal, size: &str) -> OtherDisk {
        let place = on_disk(portal);
        fs::create_dir(&place).unwrap();
        run("mount", &[&"-t", &"tmpfs", &"-o", &format!("size={size},mode=700"), &"tmpfs", &place]);
        OtherDisk(place)
    }
}

impl Drop for OtherDisk {
    fn drop(&mut self) {
        rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH).unwrap();
    }
}

#[test]
fn removing_goes_on_where_nothing_can_be_kept_and_the_log_says_so() {
    for (size, word) in [("8k", "No space left"), ("1M", "Invalid cross-device link")] {
        let portal = TestPortal::new();
        portal.course("GEO101").file("/a.txt", b"text");
        let _disk = OtherDisk::new(&portal, size);
        let mount = Mount::of(&portal);
        fs::remove_file(mount.join("GEO101/Document/a.txt")).unwrap();
        let log = mount.log();
        assert!(log.contains("can't be brought back") && log.contains(word), "{log}");
    }
}

#[test]
fn what_can_not_be_remembered_is_not_removed() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    fs::write(on_disk(&portal), b"in the way").unwrap();
    let mount = Mount::of(&portal);
    for path in ["GEO101/Document/a.txt", "GEO101"] {
        assert!(
            run("sh", &[&"-c", &"rm -r \"$1\" 2>&1 || true", &"sh", &mount.join(path)]).contains("Not a directory")
        );
    }
    assert_eq!(fs::read(mount.join("GEO101/Document/a.txt")).unwrap(), b"text");
    assert!(mount.log().contains("nothing was removed"), "{}", mount.log());
}

#[test]
fn a_mount_that_is_killed_while_it_removes_leaves_each_document_there_or_in_the_trash() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    for number in 0..60 {
        course.file(&format!("/{number}.txt"), format!("text {number}").as_bytes());
    }
    for round in 0..6 {
        let mut mount = Mount::of(&portal);
        let process = rustix::process::Pid::from_raw(mount.process_id() as i32).unwrap();
        let folder = mount.join("GEO101/Document");
        let remover = std::thread::spawn(move || {
            for number in 0..60 {
                fs::remove_file(folder.join(format!("{number}.txt"))).ok();
            }
        });
        std::thread::sleep(Duration::from_millis(60 + 40 * round));
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        mount.dies();
        remover.join().unwrap();
        portal.coursefs(&[&"check", &portal.root(), &"--repair"]);
        portal.check_finds_nothing();
        let again = Mount::of(&portal);
        if let Some(moment) = moments(&again, "GEO101").first() {
            run("cp", &[&moment.join("backup.zip"), &again.join("GEO101/backup.zip")]);
        }
        for number in 0..60 {
            let text = fs::read_to_string(again.join(&format!("GEO101/Document/{number}.txt"))).unwrap();
            assert_eq!(text, format!("text {number}"), "round {round}");
        }
        portal.check_finds_nothing();
    }
}
