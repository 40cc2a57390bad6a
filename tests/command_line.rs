//! The commands: exit codes, messages that help, mounts that come and go.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal};
use support::{Ended, Mount, TestPortal, coursefs, is_mounted, names, noise, run, start, wait_for};

/// A folder to mount on, freed when the test ends.
struct Point(tempfile::TempDir);

impl Point {
    fn new() -> Point {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("mount")).unwrap();
        Point(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("mount")
    }
}

impl Drop for Point {
    fn drop(&mut self) {
        while is_mounted(&self.path()) {
            if rustix::mount::unmount(self.path(), rustix::mount::UnmountFlags::DETACH).is_err() {
                Command::new("fusermount3").arg("-uz").arg(self.path()).status().unwrap();
            }
        }
    }
}

/// The processes that have `argument` among their arguments.
fn processes_with(argument: &Path) -> Vec<i32> {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let has = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_os_str().as_encoded_bytes())
    };
    all.filter(has).collect()
}

fn mount(portal: &TestPortal, point: &Path) -> Ended {
    portal.coursefs(&[&"mount", &portal.root(), &point])
}

#[test]
fn wrong_usage_exits_with_2() {
    let cache = tempfile::tempdir().unwrap();
    let wrong: [&[&str]; 7] = [
        &[],
        &["frobnicate"],
        &["mount"],
        &["mount", "portal"],
        &["mount", "portal", "point", "-o", "frobnicate"],
        &["restore", "portal", "COURSE"],
        &["backup", "portal", "COURSE", "--frobnicate"],
    ];
    for arguments in wrong {
        let owned: Vec<&dyn AsRef<std::ffi::OsStr>> = arguments.iter().map(|word| word as _).collect();
        let ended = coursefs(cache.path(), &owned);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stderr.is_empty() && ended.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_and_version_exit_with_0() {
    let cache = tempfile::tempdir().unwrap();
    let help = coursefs(cache.path(), &[&"--help"]).done().text();
    for command in ["demo", "init", "mount", "list", "backup", "restore"] {
        assert!(help.contains(command), "{help}");
        let help = coursefs(cache.path(), &[&command, &"--help"]).done().text();
        assert!(help.contains("Usage: coursefs "), "{help}");
    }
    assert_eq!(
        coursefs(cache.path(), &[&"--version"]).done().text().trim(),
        concat!("coursefs ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn init_makes_a_portal_that_can_be_mounted() {
    let point = Point::new();
    let portal = TestPortal::new();
    let new = portal.aside("new portal");
    let printed = portal.coursefs(&[&"init", &new]).done().text();
    assert!(printed.contains("coursefs mount"), "{printed}");
    portal.coursefs(&[&"mount", &new, &point.path()]).done();
    assert!(names(&point.path()).is_empty());
    run("umount", &[&point.path()]);
}

#[test]
fn init_wants_a_new_or_an_empty_folder() {
    let portal = TestPortal::new();
    let before = support::snapshot(&portal);
    portal.coursefs(&[&"init", &portal.root()]).failed_saying(&["already holds something", "empty folder"]);
    assert_eq!(support::snapshot(&portal), before);
    let file = portal.aside("file");
    std::fs::write(&file, "x").unwrap();
    portal.coursefs(&[&"init", &file]).failed_saying(&["file"]);
}

#[test]
fn a_portal_that_is_missing_or_none_is_named() {
    let portal = TestPortal::new();
    let point = Point::new();
    let missing = portal.aside("missing");
    let none = portal.aside("none");
    std::fs::create_dir(&none).unwrap();
    for (folder, words) in [(&missing, ["missing", "No such file"]), (&none, ["is not a portal", "coursefs init"])] {
        portal.coursefs(&[&"mount", folder, &point.path()]).failed_saying(&words);
        portal.coursefs(&[&"list", folder]).failed_saying(&words);
        portal.coursefs(&[&"backup", folder, &"GEO101", &"-o", &"-"]).failed_saying(&words);
        portal.coursefs(&[&"restore", folder, &"GEO101", &"x.zip"]).failed_saying(&words);
    }
    assert!(!is_mounted(&point.path()));
}

#[test]
fn a_mount_point_that_can_not_be_used_is_named_with_the_remedy() {
    let portal = TestPortal::new();
    let missing = portal.aside("nowhere");
    mount(&portal, &missing).failed_saying(&["nowhere", "does not exist", "mkdir"]);
    let file = portal.aside("a file");
    std::fs::write(&file, "x").unwrap();
    mount(&portal, &file).failed_saying(&["a file", "not a folder"]);
    let full = portal.aside("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("x"), "x").unwrap();
    mount(&portal, &full).failed_saying(&["full", "not empty"]);
    assert_eq!(std::fs::read(full.join("x")).unwrap(), b"x");
}

#[test]
fn a_mount_point_that_would_hide_the_portal_is_refused() {
    let portal = TestPortal::new();
    mount(&portal, portal.root()).failed_saying(&["not empty"]);
}

#[test]
fn mounting_twice_on_one_point_is_refused() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let first = Mount::of(&portal);
    mount(&portal, &first.path()).failed_saying(&["mounted", "already", "umount"]);
    assert_eq!(names(&first.path()), ["GEO101"]);
}

#[test]
fn a_mount_whose_process_died_is_told_from_a_missing_folder() {
    let portal = TestPortal::new();
    let point = Point::new();
    mount(&portal, &point.path()).done();
    for pid in processes_with(&point.path()) {
        rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }
    wait_for("a dead mount", 10, || std::fs::metadata(point.path()).is_err().then_some(()));
    mount(&portal, &point.path()).failed_saying(&["whose process has died", "umount"]);
}

#[test]
fn mount_returns_when_the_mount_is_usable_and_umount_ends_its_process() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    let point = Point::new();
    mount(&portal, &point.path()).done();
    // At once, without waiting.
    assert_eq!(std::fs::read(point.path().join("GEO101/Document/a.txt")).unwrap(), b"text");
    assert_eq!(processes_with(&point.path()).len(), 1);
    run("umount", &[&point.path()]);
    assert!(!is_mounted(&point.path()));
    wait_for("the end of the process", 10, || processes_with(&point.path()).is_empty().then_some(()));
    assert!(names(&point.path()).is_empty());
}

#[test]
fn a_mount_in_the_background_writes_its_log_to_a_file() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/a", &noise(1, 100_000));
    let point = Point::new();
    let log = portal.aside("log");
    portal.coursefs(&[&"mount", &portal.root(), &point.path(), &"-o", &"ttl=0", &"--log", &log]).done();
    let mut archive = File::open(point.path().join("GEO101/backup.zip")).unwrap();
    std::fs::write(course.on_disk("a"), b"other").unwrap();
    assert!(archive.read_to_end(&mut Vec::new()).is_err());
    wait_for("a line in the log", 5, || std::fs::read_to_string(&log).unwrap().contains("document/a").then_some(()));
    drop(archive);
    run("umount", &[&point.path()]);
}

#[test]
fn fusermount3_ends_a_mount_too() {
    let portal = TestPortal::new();
    let point = Point::new();
    mount(&portal, &point.path()).done();
    run("fusermount3", &[&"-u", &point.path()]);
    wait_for("the end of the process", 10, || processes_with(&point.path()).is_empty().then_some(()));
}

#[test]
fn sigterm_and_sigint_unmount() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut mount = Mount::of(&portal);
        assert_eq!(names(&mount.path()), ["GEO101"]);
        mount.end(signal);
        assert!(names(&mount.path()).is_empty());
    }
}

#[test]
fn a_busy_mount_is_detached() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    for busy in ["GEO101/Document/a.txt", "GEO101/backup.zip", "GEO101"] {
        let mut mount = Mount::of(&portal);
        std::fs::write(mount.join("GEO101/Document/b.txt"), busy).unwrap();
        let held = File::open(mount.join(busy)).unwrap();
        mount.unmount();
        assert!(names(&mount.path()).is_empty(), "{busy}");
        drop(held);
        // Nothing of it is taken for the work of a mount that died.
        portal.check_finds_nothing();
    }
}

#[test]
fn a_mount_can_be_used_by_its_options_from_fstab() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mount = Mount::with(&portal, "ro,noauto,nofail,_netdev,x-systemd.automount,uid=33,ttl=0");
    assert_eq!(names(&mount.path()), ["GEO101"]);
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let line = mounts.lines().find(|line| line.split(' ').nth(1) == mount.path().to_str()).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!((words[0], words[2]), (portal.root().to_str().unwrap(), "fuse.coursefs"));
    for option in ["ro", "nosuid", "nodev", "noatime"] {
        assert!(words[3].split(',').any(|word| word == option), "no {option} in {line}");
    }
}

#[test]
fn mount_and_fstab_start_it_by_a_link_or_by_the_type_of_the_file_system() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    let link = portal.aside("mount.coursefs");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_coursefs"), &link).unwrap();
    let (root, point) = (portal.root(), Point::new());
    // As mount(8) calls its helpers, and as mount.fuse calls the program that the type names.
    let starts: [(&Path, &[&str]); 2] =
        [(&link, &["-v", "-o", "rw,_netdev"]), (Path::new(env!("CARGO_BIN_EXE_coursefs")), &["-o", "ro,dev,suid"])];
    for (program, more) in starts {
        let mut command = Command::new(program);
        command.args([root, &point.path()]).args(more).env("COURSEFS_CACHE", portal.cache());
        Ended::of(command.output().unwrap()).done();
        assert_eq!(std::fs::read(point.path().join("GEO101/Document/a.txt")).unwrap(), b"text");
        let written = std::fs::write(point.path().join("GEO101/Document/b.txt"), b"text");
        assert_eq!(written.is_ok(), more.contains(&"-v"));
        run("umount", &[&point.path()]);
        wait_for("the end of the process", 10, || processes_with(&point.path()).is_empty().then_some(()));
    }
}

#[test]
fn list_shows_courses_with_documents_size_and_quota() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.set_quota(10 << 20);
    course.file("/a", &noise(1, 512 << 10));
    let hidden = course.file("/b", b"x");
    course.set_visibility(hidden, 2);
    portal.course("ALG2");
    let listed = portal.coursefs(&[&"list", &portal.root()]).done().text();
    let line = |code: &str| {
        let line = listed.lines().find(|line| line.starts_with(code)).unwrap_or_else(|| panic!("no {code}:\n{listed}"));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    // Every course has the folder for certificates.
    assert_eq!(line("GEO101"), "GEO101 2 512.00 KiB 10.00 MiB Course GEO101");
    assert!(line("ALG2").starts_with("ALG2 1 0 B "), "{listed}");
    assert_eq!(listed.lines().count(), 3);
}

#[test]
fn backup_writes_the_archive_to_a_file_or_to_a_pipe() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/a", &noise(1, 3_000_000));
    let piped = course.backup();
    assert!(piped.len() > 3_000_000);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.zip");
    portal.coursefs(&[&"backup", &portal.root(), &"GEO101", &"-o", &file]).done();
    assert!(std::fs::read(&file).unwrap() == piped);
    // Written again it replaces the old one.
    std::fs::write(&file, "old").unwrap();
    portal.coursefs(&[&"backup", &portal.root(), &"GEO101", &"--output", &file]).done();
    assert!(std::fs::read(&file).unwrap() == piped);
    // Without a name it is called like the course, with the mode of any new file.
    let mut command = start(env!("CARGO_BIN_EXE_coursefs"), &[&"backup", &portal.root(), &"GEO101"]);
    Ended::of(command.env("COURSEFS_CACHE", portal.cache()).current_dir(&folder).output().unwrap()).done();
    assert!(std::fs::read(folder.path().join("GEO101.zip")).unwrap() == piped);
    File::create(folder.path().join("any")).unwrap();
    let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode();
    assert_eq!(mode("GEO101.zip"), mode("any"));
    assert_eq!(names(folder.path()), ["GEO101.zip", "a.zip", "any"]);
}

#[test]
fn backup_of_an_unknown_course_says_where_courses_are_listed() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let file = portal.aside("a.zip");
    let ended = portal.coursefs(&[&"backup", &portal.root(), &"GEO102", &"-o", &file]);
    ended.failed_saying(&["no course GEO102", "coursefs list"]);
    portal.coursefs(&[&"backup", &portal.root(), &"geo101", &"-o", &file]).failed_saying(&["no course geo101"]);
    assert!(!file.exists());
}

#[test]
fn a_backup_that_can_not_be_written_leaves_nothing() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a", &noise(1, 3_000_000));
    let backup = |to: &Path| portal.coursefs(&[&"backup", &portal.root(), &"GEO101", &"-o", &to]);
    let folder = tempfile::tempdir().unwrap();
    backup(&folder.path().join("missing/a.zip")).failed_saying(&["missing/a.zip"]);
    std::fs::create_dir(folder.path().join("a.zip")).unwrap();
    backup(&folder.path().join("a.zip")).failed_saying(&["a.zip"]);
    assert_eq!(names(folder.path()), ["a.zip"]);
    // A disk that is full: the shell lets no file grow over 1 MiB, and ignores the signal for it.
    let script = "trap '' XFSZ; ulimit -f 1024; exec \"$@\"";
    let full = folder.path().join("full.zip");
    std::fs::write(&full, "the old backup").unwrap();
    let program = env!("CARGO_BIN_EXE_coursefs");
    let arguments: [&dyn AsRef<std::ffi::OsStr>; 9] =
        [&"-c", &script, &"bash", &program, &"backup", &portal.root(), &"GEO101", &"-o", &full];
    let output = start("bash", &arguments).env("COURSEFS_CACHE", portal.cache()).output().unwrap();
    Ended::of(output).failed_saying(&["too large"]);
    assert_eq!(std::fs::read(&full).unwrap(), b"the old backup");
    assert_eq!(names(folder.path()), ["a.zip", "full.zip"]);
}

#[test]
fn a_reader_that_goes_away_ends_a_backup_with_a_message() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a", &noise(1, 3_000_000));
    let arguments: [&dyn AsRef<std::ffi::OsStr>; 5] = [&"backup", &portal.root(), &"GEO101", &"-o", &"-"];
    let mut command = start(env!("CARGO_BIN_EXE_coursefs"), &arguments);
    command.env("COURSEFS_CACHE", portal.cache()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
    Ended::of(child.wait_with_output().unwrap()).failed_saying(&["can't write the archive"]);
}

#[test]
fn commands_work_while_the_portal_is_mounted() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/a", b"x");
    let mount = Mount::of(&portal);
    assert!(course.backup() == std::fs::read(mount.join("GEO101/backup.zip")).unwrap());
    portal.coursefs(&[&"list", &portal.root()]).done();
    portal.reference_course();
    assert_eq!(names(&mount.path()), ["GEO101", "REF000"]);
}

/// Ends the demo if the test fails before it does.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        rustix::process::kill_process(Pid::from_child(&self.0), Signal::TERM).ok();
        self.0.wait().ok();
    }
}

#[test]
fn demo_shows_a_sample_portal_and_removes_everything_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    for made_before in [false, true] {
        let point = folder.path().join("demo");
        if made_before {
            std::fs::create_dir(&point).unwrap();
        }
        let mut command = start(env!("CARGO_BIN_EXE_coursefs"), &[&"demo", &point]);
        command.env("TMPDIR", &temporary).env("COURSEFS_CACHE", folder.path().join("cache"));
        let mut demo = Demo(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut printed = String::new();
        let mut lines = BufReader::new(demo.0.stdout.take().unwrap());
        while !printed.contains("Ctrl-C") {
            assert_ne!(lines.read_line(&mut printed).unwrap(), 0, "the demo ended:\n{printed}");
        }
        let courses = names(&point);
        assert_eq!(courses.len(), 3, "{courses:?}");
        assert!(courses.contains(&"GEO101".to_owned()), "{courses:?}");
        for course in &courses {
            assert!(printed.contains(&format!("{course}/")), "{printed}");
            run("unzip", &[&"-tqq", &point.join(course).join("backup.zip")]);
            assert!(!names(&point.join(course).join("Document")).is_empty());
        }
        assert_eq!(names(&temporary).len(), 1);
        rustix::process::kill_process(Pid::from_child(&demo.0), Signal::INT).unwrap();
        let status = wait_for("the end of the demo", 20, || demo.0.try_wait().unwrap());
        assert!(status.success(), "{status}");
        assert!(!is_mounted(&point));
        assert_eq!(point.exists(), made_before);
        assert!(names(&temporary).is_empty());
    }
}

#[test]
fn init_with_a_sample_makes_three_courses() {
    let portal = TestPortal::new();
    let sample = portal.aside("sample");
    portal.coursefs(&[&"init", &sample, &"--sample"]).done();
    let listed = portal.coursefs(&[&"list", &sample]).done().text();
    assert_eq!(listed.lines().count(), 1 + 3, "{listed}");
    assert!(listed.contains("GEO101"), "{listed}");
}

#[test]
fn a_backup_into_a_device_or_pipe_is_written_into_it_and_never_replaces_it() {
    use std::os::unix::fs::FileTypeExt;

    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"a");
    let pipe = portal.aside("pipe");
    run("mkfifo", &[&pipe]);
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read(pipe).unwrap()
    });
    portal.coursefs(&[&"backup", &portal.root(), &"GEO101", &"-o", &pipe]).done();
    assert_eq!(reader.join().unwrap(), portal.existing("GEO101").backup());
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
}
