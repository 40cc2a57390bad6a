//! What can't be changed through a mount is refused, by the one error that says why; by a read-only mount everything is.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::XattrFlags;
use support::{Mount, TestPortal, snapshot, start};

fn expect_refused<T>(what: &str, path: &Path, outcome: io::Result<T>) {
    let error = outcome.err().unwrap_or_else(|| panic!("{what} was allowed: {}", path.display()));
    assert_eq!(error.raw_os_error(), Some(libc::EROFS), "{what} of {}: {error}", path.display());
}

#[test]
fn every_change_is_refused_by_a_read_only_mount() {
    expect_all_refused("ro,ttl=0");
}

#[test]
fn every_change_but_of_documents_and_the_archive_is_refused_by_a_mount() {
    for options in ["ttl=0", "rw,ttl=1"] {
        expect_all_refused(options);
    }
}

/// Tries every change; a mount that is not read-only takes documents, files in the folder of a course and a new
/// `backup.zip`.
fn expect_all_refused(options: &str) {
    let read_only = options.starts_with("ro");
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/folder");
    course.file("/folder/a.txt", b"text");
    let before = snapshot(&portal);
    let mount = Mount::with(&portal, options);
    let all: [&[&str]; 2] = [&["", "GEO101"], &["", "GEO101", "GEO101/Document", "GEO101/Document/folder"]];
    for folder in all[usize::from(read_only)] {
        let takes_files = *folder == "GEO101" && !read_only;
        let (folder, new) = (mount.join(folder), mount.join(folder).join("new"));
        if !takes_files {
            expect_refused("create", &new, File::create(&new));
        }
        if read_only || *folder != *mount.path() {
            expect_refused("mkdir", &new, fs::create_dir(&new));
        }
        let pipe = rustix::fs::mknodat(rustix::fs::CWD, &new, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0);
        expect_refused("mkfifo", &new, pipe.map_err(io::Error::from));
        expect_refused("symlink", &new, std::os::unix::fs::symlink("a", &new));
        if read_only || *folder == *mount.path() {
            expect_refused("chmod", &folder, fs::set_permissions(&folder, Permissions::from_mode(0o700)));
        }
    }
    for (name, rmdir, rename) in
        [("GEO101", libc::ENOTEMPTY, libc::EPERM), ("GEO101/Document", libc::ENOTEMPTY, libc::EROFS)]
    {
        let folder = mount.join(name);
        let expected = |errno| if read_only { libc::EROFS } else { errno };
        let removed = fs::remove_dir(&folder).unwrap_err().raw_os_error();
        assert_eq!(removed, Some(expected(rmdir)), "rmdir {name}");
        let renamed = fs::rename(&folder, mount.join("new")).unwrap_err().raw_os_error();
        assert_eq!(renamed, Some(expected(rename)), "mv {name}");
    }
    for name in ["GEO101/backup@Document.zip", "GEO101/backup@Nothing.zip"] {
        expect_refused("a new selection", &mount.join(name), File::create(mount.join(name)));
    }
    let files = ["GEO101/backup.zip", "GEO101/backup@Document.zip", "GEO101/Document/folder/a.txt"];
    for file in files.iter().take(if read_only { 3 } else { 2 }) {
        let path = mount.join(file);
        let new = path.with_file_name("new");
        if read_only || !file.ends_with("backup.zip") {
            expect_refused("write", &path, File::options().write(true).open(&path));
            expect_refused("append", &path, File::options().append(true).open(&path));
            expect_refused("read and write", &path, File::options().read(true).write(true).open(&path));
            expect_refused("truncate", &path, File::create(&path));
            expect_refused("rm", &path, fs::remove_file(&path));
        }
        expect_refused("truncate by path", &path, truncate(&path, 1));
        expect_refused("truncate to nothing by path", &path, truncate(&path, 0));
        expect_refused("mv", &path, fs::rename(&path, &new));
        expect_refused("ln", &path, fs::hard_link(&path, &new));
        expect_refused("chmod", &path, fs::set_permissions(&path, Permissions::from_mode(0o600)));
        expect_refused("chown", &path, std::os::unix::fs::chown(&path, Some(1), Some(1)));
        let times = rustix::fs::Timestamps {
            last_access: rustix::fs::Timespec { tv_sec: 1, tv_nsec: 0 },
            last_modification: rustix::fs::Timespec { tv_sec: 1, tv_nsec: 0 },
        };
        let flags = rustix::fs::AtFlags::empty();
        let touched = rustix::fs::utimensat(rustix::fs::CWD, &path, &times, flags).map_err(io::Error::from);
        expect_refused("touch", &path, touched);
        let set = rustix::fs::setxattr(&path, "user.chamilo.title", b"x", XattrFlags::empty());
        expect_refused("setfattr", &path, set.map_err(io::Error::from));
        let removed = rustix::fs::removexattr(&path, "user.chamilo.title").map_err(io::Error::from);
        expect_refused("setfattr -x", &path, removed);
    }
    assert_eq!(snapshot(&portal), before);
}

fn truncate(path: &Path, length: i64) -> io::Result<()> {
    let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the name is a string that ends in NUL and lives through the call.
    match unsafe { libc::truncate(name.as_ptr(), length) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[test]
fn programs_say_that_the_file_system_is_read_only() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    let mount = Mount::with(&portal, "ro,ttl=0");
    let (a, new) = (mount.join("GEO101/Document/a.txt"), mount.join("GEO101/Document/new"));
    let commands: [(&str, Vec<&dyn AsRef<std::ffi::OsStr>>); 8] = [
        ("cp", vec![&"/etc/hostname", &new]),
        ("mkdir", vec![&new]),
        ("rm", vec![&"-f", &a]),
        ("mv", vec![&a, &new]),
        ("chmod", vec![&"600", &a]),
        ("touch", vec![&a]),
        ("truncate", vec![&"-s", &"1", &a]),
        ("setfattr", vec![&"-n", &"user.chamilo.title", &"-v", &"x", &a]),
    ];
    for (program, arguments) in commands {
        let ended = support::Ended::of(start(program, &arguments).output().unwrap());
        assert_ne!(ended.code, 0, "{program}");
        assert!(ended.stderr.contains("Read-only file system"), "{program}: {}", ended.stderr);
    }
}
