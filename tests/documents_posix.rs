//! Documents behave as files do: everything that POSIX and Linux promise of them holds in a mounted course.
#![allow(clippy::unwrap_used)]

mod documents_support;
mod support;

use std::ffi::{CString, OsStr};
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use documents_support::{Setting, expect_errno, in_every_way, read};
use rustix::fs::{CWD, FallocateFlags, FileType, FlockOperation, Mode, RenameFlags};
use support::{Mount, TestPortal, names, noise};

#[test]
fn a_document_that_is_written_is_on_the_disk_and_has_its_row_when_it_is_closed() {
    in_every_way(|setting| {
        let bytes = noise(1, 300_000);
        fs::write(setting.path("a.bin"), &bytes).unwrap();
        assert_eq!(read(&setting.path("a.bin")), bytes);
        assert_eq!(read(&setting.on_disk("a.bin")), bytes);
        assert_eq!(setting.rows(), [("/a.bin".to_owned(), 300_000, false)]);
        fs::write(setting.path("a.bin"), b"short").unwrap();
        assert_eq!(read(&setting.path("a.bin")), b"short");
        assert_eq!(fs::metadata(setting.path("a.bin")).unwrap().len(), 5);
        assert_eq!(setting.rows(), [("/a.bin".to_owned(), 5, false)]);
    });
}

#[test]
fn documents_are_written_anywhere_and_holes_read_as_zeros() {
    in_every_way(|setting| {
        let file = File::options().read(true).write(true).create_new(true).open(setting.path("a")).unwrap();
        file.write_all_at(b"end", 100_000).unwrap();
        file.write_all_at(b"begin", 0).unwrap();
        let mut all = vec![0; 100_003];
        all[..5].copy_from_slice(b"begin");
        all[100_000..].copy_from_slice(b"end");
        let mut found = vec![1; 100_003];
        file.read_exact_at(&mut found, 0).unwrap();
        assert!(found == all && read(&setting.path("a")) == all);
        assert_eq!(file.read_at(&mut found, 100_003).unwrap(), 0);
        assert_eq!(file.metadata().unwrap().len(), 100_003);
    });
}

#[test]
fn what_is_appended_stands_at_the_end_whoever_writes() {
    in_every_way(|setting| {
        let path = setting.path("log.txt");
        let open = || File::options().append(true).create(true).open(&path).unwrap();
        let (mut one, mut other) = (open(), open());
        for round in 0..20 {
            one.write_all(format!("one {round}\n").as_bytes()).unwrap();
            other.write_all(format!("other {round}\n").as_bytes()).unwrap();
        }
        let text = fs::read_to_string(&path).unwrap();
        let wanted: String = (0..20).map(|round| format!("one {round}\nother {round}\n")).collect();
        assert_eq!(text, wanted);
        // The flag can come later.
        let late = File::options().write(true).open(&path).unwrap();
        rustix::fs::fcntl_setfl(&late, rustix::fs::OFlags::APPEND).unwrap();
        (&late).write_all(b"late").unwrap();
        assert_eq!(read(&path).len(), wanted.len() + 4);
    });
}

#[test]
fn a_document_is_cut_when_it_is_opened_and_by_truncate() {
    in_every_way(|setting| {
        let path = setting.path("a");
        fs::write(&path, noise(2, 10_000)).unwrap();
        let keeps = File::options().read(true).write(true).open(&path).unwrap();
        drop(File::create(&path).unwrap());
        assert_eq!((keeps.metadata().unwrap().len(), setting.rows()[0].1), (0, 0));
        keeps.set_len(7000).unwrap();
        assert_eq!(read(&path), vec![0; 7000]);
        keeps.set_len(70).unwrap();
        drop(keeps);
        assert_eq!(setting.rows()[0].1, 70);
        let name = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: the name is a string that ends in NUL and lives through the call.
        assert_eq!(unsafe { libc::truncate(name.as_ptr(), 12_345) }, 0);
        assert_eq!((fs::metadata(&path).unwrap().len(), setting.rows()[0].1), (12_345, 12_345));
    });
}

#[test]
fn a_document_that_is_removed_while_open_can_be_used_to_its_end() {
    in_every_way(|setting| {
        let path = setting.path("a");
        let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        file.write_all(b"before ").unwrap();
        fs::remove_file(&path).unwrap();
        expect_errno(libc::ENOENT, fs::metadata(&path));
        assert_eq!(names(&setting.documents()), Vec::<String>::new());
        file.write_all(b"after").unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), file.metadata().unwrap().len()), ("before after", 12));
        file.set_len(3).unwrap();
        file.set_permissions(Permissions::from_mode(0o600)).unwrap();
        file.sync_all().unwrap();
        assert_eq!((file.metadata().unwrap().len(), file.metadata().unwrap().mode() & 0o777), (3, 0o600));
        // Another of the same name is another file.
        fs::write(&path, b"new").unwrap();
        assert_ne!(fs::metadata(&path).unwrap().ino(), file.metadata().unwrap().ino());
        drop(file);
        assert_eq!(read(&path), b"new");
    });
}

#[test]
fn a_rename_replaces_a_document_at_once() {
    in_every_way(|setting| {
        let (old, new) = (setting.path("a.txt"), setting.path("new.txt"));
        fs::write(&old, b"old text").unwrap();
        let reader = File::open(&old).unwrap();
        fs::write(&new, b"new").unwrap();
        let inode = fs::metadata(&new).unwrap().ino();
        fs::rename(&new, &old).unwrap();
        assert_eq!(read(&old), b"new");
        assert_eq!(fs::metadata(&old).unwrap().ino(), inode, "a file keeps its number when it is renamed");
        expect_errno(libc::ENOENT, fs::metadata(&new));
        assert_eq!(io::read_to_string(reader).unwrap(), "old text");
        assert_eq!(setting.rows(), [("/a.txt".to_owned(), 3, false)]);
        // Once more, with the replaced file still written to.
        let writer = File::options().write(true).open(&old).unwrap();
        fs::write(&new, b"newer").unwrap();
        fs::rename(&new, &old).unwrap();
        writer.write_all_at(b"lost in the old file", 0).unwrap();
        drop(writer);
        assert_eq!((read(&old), setting.rows()), (b"newer".to_vec(), vec![("/a.txt".to_owned(), 5, false)]));
    });
}

#[test]
fn an_open_document_is_written_on_under_its_new_name() {
    in_every_way(|setting| {
        let mut file = File::create(setting.path("a")).unwrap();
        file.write_all(b"one").unwrap();
        fs::create_dir(setting.path("f")).unwrap();
        fs::rename(setting.path("a"), setting.path("f/b")).unwrap();
        file.write_all(b" two").unwrap();
        drop(file);
        assert_eq!(read(&setting.path("f/b")), b"one two");
        assert_eq!(setting.rows(), [("/f".to_owned(), 0, true), ("/f/b".to_owned(), 7, false)]);
        // And in a folder that is renamed meanwhile.
        let mut file = File::options().append(true).open(setting.path("f/b")).unwrap();
        fs::rename(setting.path("f"), setting.path("g")).unwrap();
        file.write_all(b" three").unwrap();
        drop(file);
        assert_eq!(read(&setting.path("g/b")), b"one two three");
        assert_eq!(setting.rows()[1], ("/g/b".to_owned(), 13, false));
    });
}

#[test]
fn a_folder_is_renamed_with_thousands_of_documents_below() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/a_b");
    course.folder("/a_b/deep");
    // Its name would match in a pattern.
    course.folder("/aXb");
    course.file("/aXb/other", b"");
    let kind = coursefs::course::document_rows::DocumentKind::File { size: 0 };
    let many: Vec<(String, _)> = (0..3000).map(|number| (format!("/a_b/deep/{number}.txt"), kind)).collect();
    for (path, _) in &many {
        fs::write(course.on_disk(path), b"").unwrap();
    }
    course.rows(&many);
    let setting = Setting { mount: Mount::with(&portal, "ttl=1"), portal };
    fs::create_dir(setting.path("target")).unwrap();
    fs::rename(setting.path("a_b"), setting.path("target/new")).unwrap();
    assert_eq!(names(&setting.path("target/new/deep")).len(), 3000);
    let rows = setting.rows();
    assert_eq!(rows.iter().filter(|(path, ..)| path.starts_with("/target/new/deep/")).count(), 3000);
    assert!(rows.iter().any(|(path, ..)| path == "/aXb/other") && !rows.iter().any(|(path, ..)| path.contains("a_b")));
    setting.portal.check_finds_nothing();
}

#[test]
fn what_a_rename_may_not_do_is_refused_as_on_any_disk() {
    in_every_way(|setting| {
        for folder in ["f", "f/g", "empty"] {
            fs::create_dir(setting.path(folder)).unwrap();
        }
        fs::write(setting.path("a"), b"a").unwrap();
        fs::write(setting.path("f/b"), b"b").unwrap();
        let rename = |from: &str, to: &str| fs::rename(setting.path(from), setting.path(to));
        expect_errno(libc::ENOENT, rename("nothing", "x"));
        expect_errno(libc::EISDIR, rename("a", "f"));
        expect_errno(libc::ENOTDIR, rename("f", "a"));
        expect_errno(libc::ENOTEMPTY, rename("empty", "f"));
        expect_errno(libc::EINVAL, rename("f", "f/g/inside"));
        expect_errno(libc::ENOENT, rename("a", "nothing/a"));
        rename("a", "a").unwrap();
        rename("f", "empty").unwrap();
        assert_eq!(names(&setting.path("empty")), ["b", "g"]);
        expect_errno(libc::EXDEV, fs::rename(setting.path("a"), setting.mount.join("GEO101/.backup.zip.x")));
    });
}

#[test]
fn rename_noreplace_and_exchange_do_what_they_say() {
    in_every_way(|setting| {
        fs::create_dir(setting.path("f")).unwrap();
        fs::write(setting.path("f/a"), b"in f").unwrap();
        fs::write(setting.path("b"), b"b").unwrap();
        let rename = |from: &str, to: &str, flags| {
            rustix::fs::renameat_with(CWD, setting.path(from), CWD, setting.path(to), flags)
        };
        expect_errno(libc::EEXIST, rename("b", "f/a", RenameFlags::NOREPLACE));
        expect_errno(libc::EEXIST, rename("b", "f", RenameFlags::NOREPLACE));
        rename("b", "c", RenameFlags::NOREPLACE).unwrap();
        rename("c", "f", RenameFlags::EXCHANGE).unwrap();
        assert_eq!((read(&setting.path("f")), read(&setting.path("c/a"))), (b"b".to_vec(), b"in f".to_vec()));
        fs::write(setting.path("d"), b"d").unwrap();
        rename("d", "c/a", RenameFlags::EXCHANGE).unwrap();
        assert_eq!((read(&setting.path("d")), read(&setting.path("c/a"))), (b"in f".to_vec(), b"d".to_vec()));
        expect_errno(libc::ENOENT, rename("d", "nothing", RenameFlags::EXCHANGE));
        expect_errno(libc::EINVAL, rename("c", "c/a", RenameFlags::EXCHANGE));
        expect_errno(libc::EINVAL, rename("c/a", "c", RenameFlags::EXCHANGE));
        expect_errno(libc::EINVAL, rename("d", "x", RenameFlags::WHITEOUT));
    });
}

#[test]
fn links_devices_and_pipes_are_refused_because_a_course_has_none() {
    in_every_way(|setting| {
        fs::write(setting.path("a"), b"").unwrap();
        expect_errno(libc::EPERM, fs::hard_link(setting.path("a"), setting.path("hard")));
        expect_errno(libc::EPERM, std::os::unix::fs::symlink("a", setting.path("soft")));
        for kind in [FileType::Fifo, FileType::Socket, FileType::CharacterDevice] {
            expect_errno(libc::EPERM, rustix::fs::mknodat(CWD, setting.path("x"), kind, Mode::RWXU, 0));
        }
        rustix::fs::mknodat(CWD, setting.path("file"), FileType::RegularFile, Mode::RUSR, 0).unwrap();
        assert_eq!(names(&setting.documents()), ["a", "file"]);
    });
}

#[test]
fn a_file_without_a_name_is_refused_so_that_programs_make_one_with_a_name() {
    in_every_way(|setting| {
        let made = File::options().write(true).custom_flags(libc::O_TMPFILE).open(setting.documents());
        expect_errno(libc::EOPNOTSUPP, made);
    });
}

#[test]
fn folders_are_made_and_removed_as_on_any_disk() {
    in_every_way(|setting| {
        let path = |name: &str| setting.path(name);
        fs::create_dir(path("f")).unwrap();
        expect_errno(libc::EEXIST, fs::create_dir(path("f")));
        expect_errno(libc::ENOENT, fs::create_dir(path("nothing/g")));
        fs::write(path("f/a"), b"").unwrap();
        expect_errno(libc::ENOTEMPTY, fs::remove_dir(path("f")));
        expect_errno(libc::ENOTDIR, fs::remove_dir(path("f/a")));
        expect_errno(libc::EISDIR, fs::remove_file(path("f")));
        expect_errno(libc::EEXIST, fs::create_dir(path("f/a")));
        expect_errno(libc::ENOTDIR, fs::create_dir(path("f/a/b")));
        expect_errno(libc::EEXIST, File::options().write(true).create_new(true).open(path("f/a")));
        expect_errno(libc::EISDIR, File::options().write(true).open(path("f")));
        fs::remove_file(path("f/a")).unwrap();
        fs::remove_dir(path("f")).unwrap();
        expect_errno(libc::ENOENT, fs::remove_dir(path("f")));
        expect_errno(libc::ENOENT, fs::remove_file(path("a")));
        fs::create_dir_all(path("x/y/z")).unwrap();
        fs::remove_dir_all(path("x")).unwrap();
        assert_eq!(setting.rows(), []);
    });
}

#[test]
fn a_document_has_no_setuid_and_setgid_bits() {
    in_every_way(|setting| {
        let (path, on_disk) = (setting.path("a"), setting.on_disk("a"));
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        drop(File::options().write(true).create_new(true).mode(0o6755).open(&path).unwrap());
        assert_eq!((mode(&path), mode(&on_disk)), (0o755, 0o755));
        fs::set_permissions(&path, Permissions::from_mode(0o6711)).unwrap();
        assert_eq!((mode(&path), mode(&on_disk)), (0o711, 0o711));
        for writes in [false, true] {
            fs::set_permissions(&on_disk, Permissions::from_mode(0o6711)).unwrap();
            drop(File::options().read(true).write(writes).open(&path).unwrap());
            assert_eq!(mode(&on_disk), if writes { 0o711 } else { 0o6711 });
        }
        // Folders hand on their group by that bit.
        fs::create_dir(setting.path("f")).unwrap();
        fs::set_permissions(setting.path("f"), Permissions::from_mode(0o2770)).unwrap();
        assert_eq!(mode(&setting.on_disk("f")), 0o2770);
    });
}

#[test]
fn programs_are_told_to_read_and_write_documents_in_large_pieces() {
    in_every_way(|setting| {
        fs::write(setting.path("a"), b"text").unwrap();
        fs::create_dir(setting.path("f")).unwrap();
        let piece = |name| fs::metadata(setting.path(name)).unwrap().blksize();
        assert_eq!((piece("a"), piece("f")), (1 << 20, 4096));
    });
}

#[test]
fn mode_owner_and_times_are_those_of_the_file_beneath() {
    in_every_way(|setting| {
        let path = setting.path("a");
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        File::options().write(true).create_new(true).mode(0o640).open(&path).unwrap();
        assert_eq!((mode(&path), mode(&setting.on_disk("a"))), (0o640, 0o640));
        fs::set_permissions(&path, Permissions::from_mode(0o604)).unwrap();
        assert_eq!((mode(&path), mode(&setting.on_disk("a"))), (0o604, 0o604));
        std::os::unix::fs::chown(&path, Some(33), Some(34)).unwrap();
        let beneath = fs::metadata(setting.on_disk("a")).unwrap();
        assert_eq!((beneath.uid(), beneath.gid()), (33, 34));
        let before = setting.rows();
        let times = rustix::fs::Timestamps {
            last_access: rustix::fs::Timespec { tv_sec: 1_000_000_000, tv_nsec: 5 },
            last_modification: rustix::fs::Timespec { tv_sec: 1_100_000_000, tv_nsec: 123_456_789 },
        };
        for name in ["a", "f", ""] {
            if name == "f" {
                fs::create_dir(setting.path("f")).unwrap();
            }
            rustix::fs::utimensat(CWD, setting.path(name), &times, rustix::fs::AtFlags::empty()).unwrap();
            for path in [setting.path(name), setting.on_disk(name)] {
                let found = fs::metadata(&path).unwrap();
                let found = (found.atime(), found.atime_nsec(), found.mtime(), found.mtime_nsec());
                assert_eq!(found, (1_000_000_000, 5, 1_100_000_000, 123_456_789), "{name:?}");
            }
        }
        assert_eq!(setting.rows()[0], before[0]);
        // Who has it open keeps the times that were set, as `cp -p` needs.
        let mut file = File::create(&path).unwrap();
        file.write_all(b"text").unwrap();
        file.set_times(fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH)).unwrap();
        drop(file);
        assert_eq!(fs::metadata(&path).unwrap().mtime(), 0);
        fs::set_permissions(setting.documents(), Permissions::from_mode(0o770)).unwrap();
        assert_eq!(mode(&setting.on_disk("")), 0o770);
    });
}

#[test]
fn fallocate_reserves_frees_and_moves_as_the_disk_does() {
    in_every_way(|setting| {
        let path = setting.path("a");
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        let allocate = |flags, offset, length| rustix::fs::fallocate(&file, flags, offset, length);
        allocate(FallocateFlags::empty(), 0, 100_000).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 100_000);
        allocate(FallocateFlags::KEEP_SIZE, 100_000, 100_000).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 100_000);
        file.write_all_at(&noise(3, 100_000), 0).unwrap();
        allocate(FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 8192, 16_384).unwrap();
        let bytes = read(&path);
        assert!(bytes[8192..24_576].iter().all(|byte| *byte == 0) && bytes[..8192] == noise(3, 100_000)[..8192]);
        drop(file);
        assert_eq!(setting.rows()[0].1, 100_000);
    });
}

#[test]
fn holes_and_data_are_found_where_the_disk_finds_them() {
    in_every_way(|setting| {
        let file = File::options().read(true).write(true).create_new(true).open(setting.path("a")).unwrap();
        file.write_all_at(b"x", 1 << 20).unwrap();
        file.set_len(2 << 20).unwrap();
        file.sync_all().unwrap();
        let beneath = File::open(setting.on_disk("a")).unwrap();
        for offset in [0, 5000, 1 << 20, (1 << 20) + 4096, (2 << 20) - 1, 2 << 20] {
            for way in [rustix::fs::SeekFrom::Data(offset), rustix::fs::SeekFrom::Hole(offset)] {
                assert_eq!(rustix::fs::seek(&file, way), rustix::fs::seek(&beneath, way), "{way:?}");
            }
        }
    });
}

#[test]
fn of_two_who_close_at_once_neither_is_answered_before_the_row_is_right() {
    in_every_way(|setting| {
        for size in 1..=20 {
            let file = File::options().create(true).truncate(true).write(true).open(setting.path("a")).unwrap();
            file.write_all_at(&noise(3, size), 0).unwrap();
            let same = file.try_clone().unwrap();
            std::thread::scope(|scope| {
                scope.spawn(move || drop(same));
                drop(file);
                assert_eq!(setting.rows()[0].1, size as i64);
            });
        }
    });
}

#[test]
fn flock_and_record_locks_hold_between_programs() {
    in_every_way(|setting| {
        let path = setting.path("a");
        fs::write(&path, b"").unwrap();
        let (one, other) = (File::open(&path).unwrap(), File::open(&path).unwrap());
        rustix::fs::flock(&one, FlockOperation::LockExclusive).unwrap();
        expect_errno(libc::EWOULDBLOCK, rustix::fs::flock(&other, FlockOperation::NonBlockingLockShared));
        drop(one);
        // A program that another test is just starting may have the descriptor for a moment, too.
        let free = || rustix::fs::flock(&other, FlockOperation::NonBlockingLockExclusive).ok();
        support::wait_for("the lock to be free", 20, free);
        let locked = File::options().write(true).open(&path).unwrap();
        rustix::fs::fcntl_lock(&locked, FlockOperation::LockExclusive).unwrap();
        let tried = "import fcntl,sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)";
        let ended = support::Ended::of(support::start("python3", &[&"-c", &tried, &path]).output().unwrap());
        assert!(ended.stderr.contains("BlockingIOError"), "{}", ended.stderr);
    });
}

/// A shared mapping of the first `length` bytes of a file.
struct Mapping {
    start: *mut libc::c_void,
    length: usize,
}

impl Mapping {
    fn of(file: &File, length: usize) -> io::Result<Mapping> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: a new mapping at a place that the kernel chooses touches no memory that is in use.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, flags, file.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Mapping { start, length }) }
    }

    fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.length);
        // SAFETY: the range was found to lie in the mapping, which lives as long as `self`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.start.cast::<u8>().add(offset), bytes.len()) };
    }

    fn sync(&self) {
        // SAFETY: start and length are those of the mapping.
        assert_eq!(unsafe { libc::msync(self.start, self.length, libc::MS_SYNC) }, 0);
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: start and length are those of the mapping, which nobody uses any more.
        unsafe { libc::munmap(self.start, self.length) };
    }
}

#[test]
fn what_is_written_by_a_memory_mapping_is_in_the_document() {
    in_every_way(|setting| {
        let path = setting.path("a");
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        file.set_len(10_000).unwrap();
        let mapping = Mapping::of(&file, 10_000).unwrap();
        mapping.write(0, b"begin");
        mapping.write(9_997, b"end");
        mapping.sync();
        assert_eq!(&read(&path)[9_990..], b"\0\0\0\0\0\0\0end");
        mapping.write(100, b"middle");
        drop((mapping, file));
        let bytes = read(&path);
        assert!(bytes.starts_with(b"begin") && &bytes[100..106] == b"middle" && bytes.len() == 10_000);
        assert_eq!(read(&setting.on_disk("a")), bytes);
        let program = "import mmap,sys; f = open(sys.argv[1], 'r+b'); m = mmap.mmap(f.fileno(), 0); m[5:10] = b'PYTHN'; \
                       m.flush(); m.close()";
        support::run("python3", &[&"-c", &program, &path]);
        assert_eq!(&read(&path)[..10], b"beginPYTHN");
    });
}

/// Memory that begins on a page.
struct Page(Vec<u8>, usize);

impl Page {
    fn new(length: usize) -> Page {
        let memory = vec![0; length + 4096];
        let start = memory.as_ptr().align_offset(4096);
        Page(memory, start)
    }

    fn bytes(&mut self, length: usize) -> &mut [u8] {
        &mut self.0[self.1..][..length]
    }
}

#[test]
fn documents_can_be_written_and_read_past_the_page_cache() {
    in_every_way(|setting| {
        let path = setting.path("a");
        let open = |options: &mut fs::OpenOptions| options.custom_flags(libc::O_DIRECT).open(&path).unwrap();
        let file = open(File::options().write(true).create_new(true));
        let bytes = noise(4, 65_536);
        let mut page = Page::new(65_536);
        page.bytes(65_536).copy_from_slice(&bytes);
        file.write_all_at(page.bytes(65_536), 0).unwrap();
        file.write_all_at(page.bytes(4096), 131_072).unwrap();
        drop(file);
        let file = open(File::options().read(true));
        page.bytes(65_536).fill(0);
        assert_eq!(file.read_at(page.bytes(65_536), 0).unwrap(), 65_536);
        assert!(page.bytes(65_536) == bytes);
        assert_eq!(setting.rows()[0].1, 135_168);
        assert_eq!(read(&path)[131_072..], bytes[..4096]);
    });
}

#[test]
fn fsync_puts_a_document_with_its_row_on_the_disk() {
    in_every_way(|setting| {
        let mut file = File::create(setting.path("a")).unwrap();
        file.write_all(b"some text").unwrap();
        file.sync_data().unwrap();
        assert_eq!(setting.rows(), [("/a".to_owned(), 9, false)]);
        file.write_all(b" and more").unwrap();
        file.sync_all().unwrap();
        assert_eq!(setting.rows(), [("/a".to_owned(), 18, false)]);
        File::open(setting.documents()).unwrap().sync_all().unwrap();
    });
}

#[test]
fn the_size_of_the_row_is_right_after_the_first_close_of_several() {
    in_every_way(|setting| {
        let file = File::create(setting.path("a")).unwrap();
        file.write_all_at(b"12345", 0).unwrap();
        drop(file.as_fd().try_clone_to_owned().unwrap());
        assert_eq!(setting.rows()[0].1, 5);
        file.write_all_at(b"67", 5).unwrap();
        drop(file);
        assert_eq!(setting.rows()[0].1, 7);
    });
}

#[test]
fn copy_file_range_copies_between_documents_and_courses_on_the_server() {
    in_every_way(|setting| {
        setting.portal.course("HIST20");
        let bytes = noise(5, 3 << 20);
        fs::write(setting.path("a"), &bytes).unwrap();
        let from = File::open(setting.path("a")).unwrap();
        for target in [setting.path("b"), setting.mount.join("HIST20/Document/b")] {
            let to = File::create_new(&target).unwrap();
            let (mut read_from, mut write_to) = (100, 0);
            while read_from < bytes.len() as u64 {
                let copied =
                    rustix::fs::copy_file_range(&from, Some(&mut read_from), &to, Some(&mut write_to), 1 << 30)
                        .unwrap();
                assert!(copied > 0);
            }
            drop(to);
            assert!(read(&target) == bytes[100..], "{}", target.display());
        }
        assert_eq!(setting.rows()[1].1, bytes.len() as i64 - 100);
        // As `cp` does it.
        support::run("cp", &[&"--sparse=never", &"--reflink=auto", &setting.path("a"), &setting.path("c")]);
        assert!(read(&setting.path("c")) == bytes);
    });
}

#[test]
fn many_programs_write_their_documents_at_the_same_time() {
    in_every_way(|setting| {
        std::thread::scope(|scope| {
            for writer in 0..8 {
                scope.spawn(move || {
                    let folder = setting.path(&format!("f{writer}"));
                    fs::create_dir(&folder).unwrap();
                    for number in 0..20 {
                        let (new, name) = (folder.join("new"), folder.join(format!("{}.txt", number % 5)));
                        fs::write(&new, noise(number, 1000 + number as usize)).unwrap();
                        fs::rename(&new, &name).unwrap();
                    }
                    fs::remove_file(folder.join("3.txt")).unwrap();
                });
            }
        });
        for writer in 0..8 {
            let folder = setting.path(&format!("f{writer}"));
            assert_eq!(names(&folder), ["0.txt", "1.txt", "2.txt", "4.txt"]);
            assert!(read(&folder.join("4.txt")) == noise(19, 1019));
        }
        assert_eq!(setting.rows().len(), 8 * 5);
    });
}

#[test]
fn names_are_kept_byte_for_byte_as_far_as_the_database_can() {
    in_every_way(|setting| {
        let all = [
            "é e\u{301} ñ 漢字 \u{2019}.txt",
            " spaces  ",
            ".hidden",
            "a&b<c>'\"\\*?:|.txt",
            "%_LIKE_%",
            "-rf",
            "Ünïcode",
        ];
        for name in all {
            fs::write(setting.path(name), name).unwrap();
        }
        let mut wanted = all.map(str::to_owned);
        wanted.sort();
        assert_eq!(names(&setting.documents()), wanted);
        for name in all {
            assert_eq!(read(&setting.on_disk(name)), name.as_bytes());
        }
        // Names that differ by case alone are two.
        fs::write(setting.path("A"), b"large").unwrap();
        fs::write(setting.path("a"), b"small").unwrap();
        assert_eq!((read(&setting.path("A")), read(&setting.path("a"))), (b"large".to_vec(), b"small".to_vec()));
        let long = "x".repeat(250);
        fs::write(setting.path(&long), b"").unwrap();
        expect_errno(libc::ENAMETOOLONG, fs::write(setting.path(&"x".repeat(256)), b""));
        expect_errno(libc::ENAMETOOLONG, File::create(setting.path(OsStr::from_bytes(&[b'x'; 255]).to_str().unwrap())));
    });
}
