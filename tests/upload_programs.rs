//! Backups put into a course by the programs that people use for copying.
#![allow(clippy::unwrap_used)]

mod support;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use support::{HandMade, Mount, Resource, Snapshot, TestPortal, names, run, snapshot, start};

/// An archive of one folder with `count` files.
fn archive(portal: &TestPortal, name: &str, count: usize) -> PathBuf {
    let files: Vec<String> = (0..count).map(|number| format!("document/unit/{name} {number}.txt")).collect();
    let listed: Vec<Resource> = std::iter::once(Resource::folder("document/unit"))
        .chain(files.iter().map(|path| Resource { size: 5, ..Resource::file(path) }))
        .collect();
    let made = files.iter().fold(HandMade::listing(&listed), |made, path| made.entry(path, b"text\n"));
    let path = portal.aside(&format!("{name}.zip"));
    made.write(&path);
    path
}

fn xattr(path: &Path, name: &str) -> Option<String> {
    let mut value = vec![0; 64 << 10];
    let length = rustix::fs::getxattr(path, name, value.as_mut_slice()).ok()?;
    value.truncate(length);
    Some(String::from_utf8(value).unwrap())
}

/// The names that the archive `name` of `count` files brings.
fn brought(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name} {number}.txt")).collect()
}

fn nothing_left(portal: &TestPortal) {
    assert_eq!(names(&portal.root().join("app/cache")), Vec::<String>::new());
}

/// Each way of putting `from` into the course folder.
fn ways() -> Vec<(&'static str, Vec<String>)> {
    let shell = |script: &str| vec!["sh".to_owned(), "-ec".to_owned(), script.to_owned(), "sh".to_owned()];
    let python = |script: &str| vec!["python3".to_owned(), "-c".to_owned(), format!("import os, sys\n{script}")];
    vec![
        ("cp", shell("cp \"$1\" \"$2/backup.zip\"")),
        ("cp -a", shell("cp -a \"$1\" \"$2/backup.zip\"")),
        ("cp -p", shell("cp -p \"$1\" \"$2/backup.zip\"")),
        ("cp --sparse", shell("cp --sparse=always \"$1\" \"$2/backup.zip\"")),
        (
            "cp into the folder",
            shell(
                "cp \"$1\" \"$1.d-backup.zip\"; mkdir \"$1.d\"; mv \"$1.d-backup.zip\" \"$1.d/backup.zip\"; cp \"$1.d/backup.zip\" \"$2/\"",
            ),
        ),
        ("cat", shell("cat \"$1\" > \"$2/backup.zip\"")),
        ("two writers one after the other", shell("{ cat \"$1\"; true; } > \"$2/backup.zip\"")),
        ("tee", shell("tee \"$2/backup.zip\" < \"$1\" > /dev/null")),
        ("dd", shell("dd if=\"$1\" of=\"$2/backup.zip\" bs=100 status=none")),
        ("dd conv=fsync", shell("dd if=\"$1\" of=\"$2/backup.zip\" conv=fsync status=none")),
        ("dd conv=notrunc", shell("dd if=\"$1\" of=\"$2/backup.zip\" conv=notrunc status=none")),
        (
            "truncated and appended",
            python(
                "f = os.open(sys.argv[2] + '/backup.zip', os.O_WRONLY | os.O_TRUNC | os.O_APPEND)\n\
                 data = open(sys.argv[1], 'rb').read()\nos.write(f, data[:70])\nos.write(f, data[70:])\nos.close(f)",
            ),
        ),
        ("mv", shell("cp \"$1\" \"$1.copy\"; mv \"$1.copy\" \"$2/backup.zip\"; test ! -e \"$1.copy\"")),
        ("install", shell("cp \"$1\" \"$2/.new\"; mv -f \"$2/.new\" \"$2/backup.zip\"")),
        ("rsync", shell("rsync -a \"$1\" \"$2/backup.zip\"")),
        ("rsync --inplace", shell("rsync -a --inplace --whole-file \"$1\" \"$2/backup.zip\"")),
        ("rsync --fsync", shell("rsync -a --fsync \"$1\" \"$2/backup.zip\"")),
        ("rsync --preallocate", shell("rsync -aX --preallocate \"$1\" \"$2/backup.zip\"")),
        (
            "pieces from the back",
            python(
                "data = open(sys.argv[1], 'rb').read()\nf = open(sys.argv[2] + '/backup.zip', 'wb', buffering=0)\n\
                 for at in reversed(range(0, len(data), 50)):\n  f.seek(at); f.write(data[at:at+50])\nf.close()",
            ),
        ),
        (
            "an editor",
            python(
                "data = open(sys.argv[1], 'rb').read()\nnew = sys.argv[2] + '/backup.zip~'\n\
                 f = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)\nos.write(f, b'junk' + data)\n\
                 os.ftruncate(f, 0)\nos.pwrite(f, data, 0)\nassert os.pread(f, 9999999, 0) == data\n\
                 assert os.fstat(f).st_size == len(data) == os.stat(new).st_size\nos.fsync(f)\nos.close(f)\n\
                 os.utime(new, (1, 1))\nowner = (12, 34) if os.getuid() == 0 else (os.getuid(), os.getgid())\nos.chown(new, *owner)\nos.chmod(new, 0o640)\ns = os.stat(new)\n\
                 assert (s.st_mode & 0o777, s.st_uid, s.st_gid, s.st_mtime) == (0o640, *owner, 1), s\n\
                 assert open(new, 'rb').read() == data\nos.rename(new, sys.argv[2] + '/backup.zip')\n\
                 assert not os.path.exists(new)",
            ),
        ),
        (
            "truncate, write, seek",
            python(
                "data = open(sys.argv[1], 'rb').read()\nf = os.open(sys.argv[2] + '/backup.zip', os.O_RDWR)\n\
                 os.ftruncate(f, 0)\nassert os.read(f, 10) == b''\nos.write(f, data + b'junk')\n\
                 assert os.pread(f, 4, 0) == data[:4]\nos.ftruncate(f, len(data))\nos.fsync(f)\nos.close(f)",
            ),
        ),
        (
            "a child writes after the parent has closed",
            python(
                "import subprocess, time\nf = open(sys.argv[2] + '/backup.zip', 'wb')\n\
                 child = subprocess.Popen(['sh', '-c', 'sleep 0.1; exec cat \"$0\"', sys.argv[1]], stdout=f)\n\
                 f.close()\nassert child.wait() == 0",
            ),
        ),
    ]
}

#[test]
fn every_program_puts_a_backup_into_a_course_and_its_documents_show_at_once() {
    let portal = TestPortal::new();
    // Names are kept by the kernel as in a real mount.
    let courses: Vec<String> = (0..ways().len()).map(|number| format!("C{number}")).collect();
    for code in &courses {
        portal.course(code);
    }
    let from = archive(&portal, "new", 5);
    let mount = Mount::with(&portal, "ttl=1");
    for ((way, command), code) in ways().into_iter().zip(&courses) {
        let to = mount.join(code);
        // What is known before must not hide what comes.
        assert!(!to.join("Document/unit/new 0.txt").exists());
        names(&to.join("Document"));
        let mut arguments: Vec<&dyn AsRef<OsStr>> = command[1..].iter().map(|word| word as &dyn AsRef<OsStr>).collect();
        arguments.extend([&from as &dyn AsRef<OsStr>, &to]);
        let ended = support::Ended::of(start(&command[0], &arguments).output().unwrap());
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{way}\n{}", mount.log());
        assert_eq!(names(&to.join("Document/unit")), brought("new", 5), "{way}");
        assert_eq!(std::fs::read(to.join("Document/unit/new 3.txt")).unwrap(), b"text\n", "{way}");
        assert_eq!(xattr(&to, "user.chamilo.error"), None, "{way}");
        let report = xattr(&to, "user.chamilo.report").unwrap_or_default();
        // One restore per upload: a second one would say that all is there already.
        assert!(report.contains("6 added, 0 already there"), "{way}: {report}");
        assert_eq!(names(&to), ["Document", "backup.zip"], "{way}");
        nothing_left(&portal);
    }
}

fn state(portal: &TestPortal) -> Snapshot {
    snapshot(portal)
}

#[test]
fn a_second_copy_adds_nothing() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let from = archive(&portal, "new", 5);
    let mount = Mount::of(&portal);
    let to = mount.join("GEO101/backup.zip");
    run("cp", &[&from, &to]);
    let before = state(&portal);
    for program in ["cp", "rsync"] {
        run(program, &[&from, &to]);
        assert_eq!(state(&portal), before);
        let report = xattr(&mount.join("GEO101"), "user.chamilo.report").unwrap();
        assert!(report.contains("0 added, 6 already there"), "{report}");
    }
}

#[test]
fn a_backup_goes_from_one_course_into_another_through_the_mount() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/unit");
    course.file("/unit/été.txt", b"text");
    portal.course("ALG2");
    let mount = Mount::of(&portal);
    run("cp", &[&mount.join("GEO101/backup.zip"), &mount.join("ALG2/")]);
    assert_eq!(std::fs::read(mount.join("ALG2/Document/unit/été.txt")).unwrap(), b"text");
    // And into itself, where nothing is new.
    let before = state(&portal);
    run("cp", &[&mount.join("ALG2/backup.zip"), &mount.join("GEO101/backup.zip")]);
    assert_eq!(state(&portal), before);
}

#[test]
fn the_reference_backup_is_taken_in_as_by_the_command() {
    let (by_mount, by_command) = (TestPortal::new(), TestPortal::new());
    for portal in [&by_mount, &by_command] {
        portal.course("NEW");
    }
    by_command.coursefs(&[&"restore", &by_command.root(), &"NEW", &support::reference_backup()]).done();
    let mount = Mount::of(&by_mount);
    run("cp", &[&support::reference_backup(), &mount.join("NEW/backup.zip")]);
    let documents = |portal: &TestPortal| {
        let sql = "SELECT path, size, title, comment FROM c_document ORDER BY path";
        portal.rows(sql, &[]).iter().map(|row| format!("{row:?}")).collect::<Vec<_>>()
    };
    assert!(documents(&by_mount).len() > 3);
    assert_eq!(documents(&by_mount), documents(&by_command));
    let (a, b) = (state(&by_mount), state(&by_command));
    assert_eq!(a.files.keys().collect::<Vec<_>>(), b.files.keys().collect::<Vec<_>>());
    let counts = |snapshot: &Snapshot| -> Vec<(String, usize)> {
        snapshot.rows.iter().map(|(table, rows)| (table.clone(), rows.len())).collect()
    };
    assert_eq!(counts(&a), counts(&b));
}

#[test]
fn each_writer_hears_whether_the_backup_is_whole_and_the_last_one_completes_it() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let from = archive(&portal, "new", 5);
    let mount = Mount::of(&portal);
    let script = "{ head -c 300 \"$1\"; tail -c +301 \"$1\"; } > \"$2\"";
    let ended = start("sh", &[&"-c", &script, &"sh", &from, &mount.join("GEO101/backup.zip")]).output().unwrap();
    let complaints = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "tail completed it: {complaints}");
    assert!(complaints.contains("head: ") && complaints.contains("Invalid argument"), "{complaints}");
    assert_eq!(names(&mount.join("GEO101/Document/unit")), brought("new", 5));
    assert_eq!(xattr(&mount.join("GEO101"), "user.chamilo.error"), None);
}
