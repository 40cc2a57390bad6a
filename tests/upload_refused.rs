//! Uploads that can't be restored: the program hears of it, and the course stays as it was.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Ended, HandMade, Mount, Resource, TestPortal, names, noise, portals, snapshot, start, wait_for};

fn hand_made() -> HandMade {
    let file = |path: &str| Resource { size: 4, ..Resource::file(path) };
    HandMade::listing(&[Resource::folder("document/unit"), file("document/unit/one.txt"), file("document/top.txt")])
        .entry("document/unit/one.txt", b"one.")
        .entry("document/top.txt", b"top.")
}

/// A portal with the course GEO101, and where things for it lie.
struct Setting {
    portal: TestPortal,
    mount: Mount,
}

impl Setting {
    fn new() -> Setting {
        Setting::with("ttl=0")
    }

    fn with(options: &str) -> Setting {
        let portal = TestPortal::new();
        portal.course("GEO101").file("/own.txt", b"own");
        let mount = Mount::with(&portal, options);
        Setting { portal, mount }
    }

    fn aside(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.portal.aside(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn folder(&self) -> PathBuf {
        self.mount.join("GEO101")
    }

    fn target(&self) -> PathBuf {
        self.mount.join("GEO101/backup.zip")
    }

    fn xattr(&self, name: &str) -> Option<String> {
        let mut value = vec![0; 64 << 10];
        let length = rustix::fs::getxattr(self.folder(), name, value.as_mut_slice()).ok()?;
        value.truncate(length);
        Some(String::from_utf8(value).unwrap())
    }

    fn error(&self) -> Option<String> {
        self.xattr("user.chamilo.error")
    }

    /// Runs `program from target`, which must fail with `message`, with `reason` in the log and the attribute.
    fn refuses(&self, program: &str, from: &Path, message: &str, reason: &str) {
        let before = snapshot(&self.portal);
        let ended = Ended::of(start(program, &[&from, &self.target()]).output().unwrap());
        let shown = from.display();
        assert_ne!(ended.code, 0, "{program} of {shown}");
        if program == "cp" {
            assert_eq!(ended.code, 1);
        }
        assert!(ended.stderr.contains(message), "{program} of {shown}: {}", ended.stderr);
        let error = self.error().unwrap_or_default();
        assert!(error.contains(reason), "{program} of {shown}: {error}");
        assert!(!error.contains("/proc"), "{error}");
        assert!(self.mount.log().contains(&error), "{}", self.mount.log());
        assert_eq!(snapshot(&self.portal), before, "{program} of {shown}");
    }

    /// A good upload, after which the error is forgotten.
    fn accepts(&self) {
        let good = self.portal.aside("good.zip");
        hand_made().write(&good);
        support::run("cp", &[&good, &self.target()]);
        assert_eq!(self.error(), None);
        assert_eq!(std::fs::read(self.mount.join("GEO101/Document/unit/one.txt")).unwrap(), b"one.");
    }
}

fn errno<T>(outcome: io::Result<T>) -> Option<i32> {
    outcome.err().and_then(|error| error.raw_os_error())
}

/// Closes `file` and tells what `close` said.
fn close(file: File) -> io::Result<()> {
    use std::os::fd::IntoRawFd;
    // SAFETY: the descriptor was just given up by its owner and is closed once.
    match unsafe { libc::close(file.into_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[test]
fn damaged_and_foreign_archives_are_refused_and_change_nothing() {
    let setting = Setting::new();
    let whole = hand_made().bytes();
    let mut flipped = whole.clone();
    let at = flipped.windows(6).position(|bytes| bytes == b"one.PK").unwrap();
    flipped[at] ^= 1;
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("text.txt", b"this is no archive".to_vec(), "no readable zip archive"),
        ("flipped.zip", flipped, "damaged"),
        ("other.zip", HandMade::default().entry("a.txt", b"a").bytes(), "no course_info.dat"),
        ("escaping.zip", HandMade::listing(&[Resource::file("document/../../x")]).bytes(), "no course may hold"),
        ("half.zip", whole[..whole.len() / 2].to_vec(), "incomplete"),
        ("all but one.zip", whole[..whole.len() - 1].to_vec(), "incomplete"),
        ("one.zip", whole[..1].to_vec(), "incomplete"),
    ];
    for (name, bytes, reason) in cases {
        let from = setting.aside(name, &bytes);
        for program in ["cp", "rsync", "mv"] {
            // `mv` keeps what it could not move.
            setting.refuses(program, &from, "Invalid argument", reason);
            assert!(from.exists());
        }
    }
    setting.accepts();
}

#[test]
fn a_part_that_ends_with_a_whole_backup_is_not_taken_for_it() {
    let setting = Setting::new();
    let inner = hand_made().bytes();
    let name = "document/copy.zip";
    let listed = [Resource { size: inner.len() as u64, ..Resource::file(name) }];
    let outer = HandMade::listing(&listed).entry(name, &inner).bytes();
    let end = outer.windows(inner.len()).position(|part| part == inner).unwrap() + inner.len();
    let from = setting.aside("part.zip", &outer[..end]);
    setting.refuses("cp", &from, "Invalid argument", "part of an archive");
    // Not by fsync in the middle of an upload either.
    let mut file = File::create(setting.target()).unwrap();
    file.write_all(&outer[..end]).unwrap();
    let before = snapshot(&setting.portal);
    file.sync_all().unwrap();
    assert_eq!(snapshot(&setting.portal), before);
    file.write_all(&outer[end..]).unwrap();
    close(file).unwrap();
    assert_eq!(std::fs::read(setting.mount.join("GEO101/Document/copy.zip")).unwrap(), inner);
}

#[test]
fn a_backup_that_exceeds_the_quota_is_refused_as_such() {
    let setting = Setting::new();
    let geo = setting.portal.existing("GEO101");
    geo.set_quota(1000);
    let listed = [Resource { size: 2000, ..Resource::file("document/big.bin") }];
    let bytes = HandMade::listing(&listed).entry("document/big.bin", &noise(1, 2000)).bytes();
    let from = setting.aside("big.zip", &bytes);
    for program in ["cp", "rsync", "mv"] {
        setting.refuses(program, &from, "Disk quota exceeded", "its quota leaves");
    }
    geo.set_quota(1_000_000);
    support::run("cp", &[&from, &setting.target()]);
    assert_eq!(std::fs::read(setting.mount.join("GEO101/Document/big.bin")).unwrap(), noise(1, 2000));
}

#[test]
fn a_course_that_does_not_exist_takes_nothing() {
    let setting = Setting::new();
    let from = setting.aside("good.zip", &hand_made().bytes());
    let ended = Ended::of(start("cp", &[&from, &setting.mount.join("NEW/backup.zip")]).output().unwrap());
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("No such file or directory"), "{}", ended.stderr);
}

#[test]
fn a_course_deleted_during_the_upload_is_missing_at_its_end() {
    let setting = Setting::new();
    let mut file = File::create(setting.target()).unwrap();
    file.write_all(&hand_made().bytes()).unwrap();
    portals::without_keys(&setting.portal.portal, &["DELETE FROM course"]);
    assert_eq!(errno(close(file)), Some(libc::ENOENT));
}

#[test]
fn fsync_restores_what_is_whole_and_close_does_not_do_it_again() {
    let setting = Setting::new();
    let bytes = hand_made().bytes();
    let mut file = File::create(setting.target()).unwrap();
    file.write_all(&bytes[..100]).unwrap();
    file.sync_all().unwrap();
    assert_eq!((setting.error(), setting.xattr("user.chamilo.report")), (None, None));
    file.write_all(&bytes[100..]).unwrap();
    file.sync_all().unwrap();
    let report = setting.xattr("user.chamilo.report").unwrap();
    assert!(report.contains("3 added, 0 already there"), "{report}");
    close(file).unwrap();
    assert_eq!(setting.xattr("user.chamilo.report").unwrap(), report);
}

#[test]
fn fsync_reports_what_close_would() {
    let setting = Setting::new();
    setting.portal.existing("GEO101").set_quota(4);
    let mut file = File::create(setting.target()).unwrap();
    file.write_all(&hand_made().bytes()).unwrap();
    assert_eq!(errno(file.sync_all()), Some(libc::EDQUOT));
    assert_eq!(errno(close(file)), Some(libc::EDQUOT));
}

#[test]
fn the_archive_cannot_be_changed_in_places() {
    let setting = Setting::new();
    let before = snapshot(&setting.portal);
    let refused = Some(libc::EOPNOTSUPP);
    let open = || File::options().write(true).open(setting.target()).unwrap();
    assert_eq!(errno(open().write_at(b"x", 1)), refused);
    assert_eq!(errno(open().set_len(100)), refused);
    assert_eq!(errno(File::options().append(true).open(setting.target()).unwrap().write(b"x")), refused);
    let mut both = File::options().read(true).write(true).open(setting.target()).unwrap();
    assert_eq!(errno(both.read(&mut [0; 10])), refused);
    // From the beginning, but then with a gap.
    let file = open();
    file.write_at(b"PK", 0).unwrap();
    assert_eq!(errno(file.write_at(b"x", 3)), refused);
    assert_eq!(errno(close(file)), Some(libc::EINVAL));
    drop(both);
    assert_eq!(snapshot(&setting.portal), before);
}

#[test]
fn an_empty_upload_changes_nothing_and_says_so() {
    let setting = Setting::new();
    let before = snapshot(&setting.portal);
    support::run("sh", &[&"-c", &": > \"$0\"", &setting.target()]);
    wait_for("the word about the empty upload", 10, || setting.error().filter(|error| error.contains("empty")));
    support::run("touch", &[&setting.target()]);
    assert_eq!(snapshot(&setting.portal), before);
}

#[test]
fn the_archive_shown_is_the_courses_own_while_another_is_uploaded() {
    let setting = Setting::new();
    let before = std::fs::read(setting.target()).unwrap();
    let length = || std::fs::metadata(setting.target()).unwrap().len();
    let mut reader = File::open(setting.target()).unwrap();
    let mut file = File::create(setting.target()).unwrap();
    assert_eq!(length(), before.len() as u64);
    file.write_all(&hand_made().bytes()[..200]).unwrap();
    assert_eq!(length(), before.len() as u64);
    file.set_len(10).unwrap();
    assert_eq!(length(), before.len() as u64);
    file.seek(SeekFrom::Start(200)).unwrap();
    // `cp` copies in the kernel, which goes by the size that it knows.
    let copy = setting.portal.aside("copy.zip");
    support::run("cp", &[&setting.target(), &copy]);
    assert_eq!(std::fs::read(&copy).unwrap(), before);
    let mut target = File::create(&copy).unwrap();
    assert_eq!(io::copy(&mut reader, &mut target).unwrap(), before.len() as u64);
    assert_eq!(std::fs::read(&copy).unwrap(), before);
    drop(file);
}

#[test]
fn a_writer_that_is_killed_leaves_the_course_as_it_was() {
    let setting = Setting::new();
    let before = snapshot(&setting.portal);
    let bytes = hand_made().bytes();
    for (number, end) in [1, 100, bytes.len() / 2, bytes.len() - 22, bytes.len() - 1].into_iter().enumerate() {
        for name in ["backup.zip", ".backup.zip.x7Yq3Z"] {
            let name = if name == "backup.zip" { name.to_owned() } else { format!("{name}{number}") };
            let file = File::create(setting.folder().join(&name)).unwrap();
            let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(file).spawn().unwrap();
            child.stdin.as_mut().unwrap().write_all(&bytes[..end]).unwrap();
            // The pipe stays open: more would come.
            let spool_has_it = || {
                let io = std::fs::read_to_string(format!("/proc/{}/io", child.id())).unwrap();
                io.lines().any(|line| line == format!("wchar: {end}")).then_some(())
            };
            wait_for("what was written", 10, spool_has_it);
            child.kill().unwrap();
            child.wait().unwrap();
            if name == "backup.zip" {
                wait_for("the word about it", 10, || setting.error());
            } else {
                std::fs::remove_file(setting.folder().join(&name)).unwrap();
            }
            assert_eq!(snapshot(&setting.portal), before, "{name} {end}");
        }
    }
    assert_eq!(names(&setting.portal.root().join("app/cache")), Vec::<String>::new());
    setting.accepts();
}

#[test]
fn a_temporary_file_is_found_by_name_but_not_listed_and_goes_when_it_is_removed() {
    let setting = Setting::new();
    let path = setting.folder().join(".backup.zip.AbC123");
    std::fs::write(&path, b"PK\x03\x04 half").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"PK\x03\x04 half");
    assert_eq!(errno(File::options().write(true).create_new(true).open(&path)), Some(libc::EEXIST));
    assert_eq!(names(&setting.folder()), ["Document", "backup.zip"]);
    let other = setting.folder().join("backup.zip.part");
    std::fs::rename(&path, &other).unwrap();
    assert!(!path.exists() && other.exists());
    assert_eq!(errno(std::fs::rename(&other, setting.folder().join("Document/x"))), Some(libc::EXDEV));
    assert_eq!(errno(std::fs::rename(&other, setting.mount.join("x"))), Some(libc::EROFS));
    let before = snapshot(&setting.portal);
    assert_eq!(errno(std::fs::rename(&other, setting.target())), Some(libc::EINVAL));
    assert!(other.exists(), "what could not be renamed is still there");
    let open = File::options().read(true).write(true).open(&other).unwrap();
    std::fs::remove_file(&other).unwrap();
    assert!(!other.exists());
    assert_eq!(open.metadata().unwrap().len(), 9);
    assert_eq!(open.read_at(&mut [0; 20], 0).unwrap(), 9);
    drop(open);
    assert_eq!(snapshot(&setting.portal), before);
    assert_eq!(names(&setting.portal.root().join("app/cache")), Vec::<String>::new());
}

#[test]
fn what_is_no_archive_is_not_kept_in_a_course_folder() {
    let setting = Setting::new();
    let notes = setting.aside("notes.txt", b"notes");
    let ended = Ended::of(start("cp", &[&notes, &setting.folder().join(".notes")]).output().unwrap());
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("Invalid argument"), "{}", ended.stderr);
}

#[test]
fn an_archive_under_a_name_that_means_nothing_is_refused_at_once() {
    let setting = Setting::new();
    let from = setting.aside("monday.zip", &hand_made().bytes());
    let before = snapshot(&setting.portal);
    for name in ["monday.zip", "notes.txt", "zi8Xy2Qa"] {
        let ended = Ended::of(start("cp", &[&from, &setting.folder().join(name)]).output().unwrap());
        assert_eq!(ended.code, 1);
        assert!(ended.stderr.contains("Read-only file system"), "{}", ended.stderr);
    }
    assert_eq!(snapshot(&setting.portal), before);
}

#[test]
fn a_file_never_renamed_is_discarded_at_the_end_and_the_log_says_so() {
    let mut setting = Setting::new();
    let from = setting.aside("monday-backup.zip", &hand_made().bytes());
    let before = snapshot(&setting.portal);
    support::run("cp", &[&from, &setting.folder()]);
    setting.mount.unmount();
    let log = setting.mount.log();
    assert!(log.contains("monday-backup.zip") && log.contains("not renamed to backup.zip"), "{log}");
    assert_eq!(snapshot(&setting.portal), before);
}

#[test]
fn removing_the_archive_removes_nothing() {
    let setting = Setting::new();
    let before = snapshot(&setting.portal);
    support::run("rm", &[&setting.target()]);
    support::run("test", &[&"-s", &setting.target()]);
    assert_eq!(snapshot(&setting.portal), before);
}

#[test]
fn a_read_only_mount_takes_nothing() {
    let setting = Setting::with("ro,ttl=0");
    let from = setting.aside("good.zip", &hand_made().bytes());
    let before = snapshot(&setting.portal);
    for (program, to) in [("cp", setting.target()), ("rsync", setting.target()), ("cp", setting.folder().join("x"))] {
        let ended = Ended::of(start(program, &[&from, &to]).output().unwrap());
        assert_ne!(ended.code, 0);
        assert!(ended.stderr.contains("Read-only file system"), "{}", ended.stderr);
    }
    let open = File::options().write(true).custom_flags(libc::O_TRUNC).open(setting.target());
    assert_eq!(errno(open), Some(libc::EROFS));
    assert_eq!(snapshot(&setting.portal), before);
}

#[test]
fn a_portal_that_cannot_be_written_is_mounted_with_ro_only() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let root = portal.root().to_owned();
    let mount = portal.aside("mount");
    std::fs::create_dir(&mount).unwrap();
    // A private mount namespace in which the portal is on read-only media, as root sees them too.
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && exec \"$2\" mount -f \"$1\" \"$3\"";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]).arg(&root).arg(env!("CARGO_BIN_EXE_coursefs")).arg(&mount);
    let ended = Ended::of(command.env("COURSEFS_CACHE", portal.cache()).output().unwrap());
    let failed = ended.failed_saying(&["Read-only file system", "add -o ro"]);
    assert!(failed.stderr.contains(root.to_str().unwrap()), "{}", failed.stderr);
}

#[test]
fn a_mount_that_is_killed_during_an_upload_leaves_nothing_behind() {
    let setting = Setting::new();
    let before = snapshot(&setting.portal);
    let mut file = File::create(setting.target()).unwrap();
    file.write_all(&hand_made().bytes()).unwrap();
    std::fs::write(setting.folder().join(".backup.zip.AbC123"), b"PK").unwrap();
    let process = rustix::process::Pid::from_raw(setting.mount.process_id() as i32).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    let ended = wait_for("the end of the mount", 20, || errno(file.write_all(b"x")));
    assert!([libc::ENOTCONN, libc::ECONNABORTED].contains(&ended), "{ended}");
    drop(file);
    assert_eq!(snapshot(&setting.portal), before);
    assert_eq!(names(&setting.portal.root().join("app/cache")), Vec::<String>::new());
}
