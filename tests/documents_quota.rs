//! The quota of a course: exact to the byte, whoever writes and however, and `df` tells what can be written.
#![allow(clippy::unwrap_used)]

mod documents_support;
mod support;

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use documents_support::{Setting, expect_errno};
use rustix::fs::FallocateFlags;

/// What the course may hold, in bytes: no multiple of any block.
const QUOTA: u64 = 1_000_001;

/// Ways of mounting a course that has a quota.
const WAYS: [&str; 3] = ["ttl=0", "ttl=1", "ttl=1,nopassthrough"];

fn with_quota(test: impl Fn(&Setting)) {
    for options in WAYS {
        let mut setting = Setting::new(options);
        setting.portal.existing("GEO101").set_quota(QUOTA as i64);
        test(&setting);
        let log = setting.mount.log();
        assert!(!log.contains("ERROR"), "{options}: {log}");
        setting.portal.check_finds_nothing();
        setting.mount.unmount();
        setting.portal.check_finds_nothing();
    }
}

/// What `df` shows as free, in bytes.
fn free(setting: &Setting) -> u64 {
    let disk = rustix::fs::statvfs(setting.documents()).unwrap();
    disk.f_bavail * disk.f_frsize
}

/// Bytes of all documents, by their files and by their rows.
fn held(setting: &Setting) -> (u64, i64) {
    let rows = setting.rows();
    let on_disk = rows.iter().filter(|(.., folder)| !folder);
    let on_disk = on_disk.map(|(path, ..)| fs::metadata(setting.on_disk(&path[1..])).unwrap().len()).sum();
    (on_disk, rows.iter().map(|(_, size, _)| size).sum())
}

/// Writes pieces until there is no room.
fn fill(path: &Path, piece: usize) -> io::Error {
    let mut file = File::create(path).unwrap();
    loop {
        if let Err(error) = file.write_all(&vec![b'x'; piece]) {
            return error;
        }
    }
}

#[test]
fn writers_together_fill_the_quota_to_the_byte() {
    with_quota(|setting| {
        std::thread::scope(|scope| {
            for writer in 0..6 {
                scope.spawn(move || {
                    let error = fill(&setting.path(&format!("{writer}.bin")), 997 + 4096 * writer);
                    assert_eq!(error.raw_os_error(), Some(libc::EDQUOT), "{error}");
                });
            }
            // And processes of their own.
            for writer in ["one", "two"] {
                scope.spawn(move || {
                    let to = format!("of={}", setting.path(writer).display());
                    let ended = support::start("dd", &[&"if=/dev/zero", &to, &"bs=7777"]).output().unwrap();
                    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
                    assert!(said.contains("Disk quota exceeded"), "{said}");
                });
            }
        });
        assert_eq!((held(setting), free(setting)), ((QUOTA, QUOTA as i64), 0));
        let reason = setting.attribute("", "user.chamilo.error");
        assert!(reason.contains("quota") && setting.mount.log().contains(&reason), "{reason}");
    });
}

#[test]
fn whatever_makes_a_document_longer_asks_for_room() {
    with_quota(|setting| {
        let path = setting.path("a.bin");
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        file.set_len(QUOTA - 10).unwrap();
        // By its length, as Chamilo counts: holes too.
        expect_errno(libc::EDQUOT, file.set_len(QUOTA + 1));
        expect_errno(libc::EDQUOT, file.write_all_at(b"x", QUOTA));
        expect_errno(libc::EDQUOT, rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, QUOTA + 1));
        assert_eq!(file.metadata().unwrap().len(), QUOTA - 10);
        // What fits is written, as on a disk that becomes full.
        assert_eq!(file.write_at(&[1; 100], QUOTA - 10).unwrap(), 10);
        expect_errno(libc::EDQUOT, file.write_at(&[1; 100], QUOTA));
        // What lies within is no growth.
        file.write_all_at(&[2; 100_000], 5).unwrap();
        let other = File::options().read(true).write(true).create_new(true).open(setting.path("b.bin")).unwrap();
        let copied = rustix::fs::copy_file_range(&file, Some(&mut 0), &other, Some(&mut 0), 100);
        expect_errno(libc::EDQUOT, copied);
        expect_errno(libc::EDQUOT, other.write_at(b"x", 0));
        let append = File::options().append(true).open(&path).unwrap();
        expect_errno(libc::EDQUOT, (&append).write_all(b"x"));
        file.set_len(QUOTA - 1000).unwrap();
        assert_eq!(rustix::fs::copy_file_range(&file, Some(&mut 0), &other, Some(&mut 0), 5000).unwrap(), 1000);
        expect_errno(libc::EDQUOT, (&append).write_all(b"x"));
        drop((file, other, append));
        assert_eq!(held(setting), (QUOTA, QUOTA as i64));
    });
}

#[test]
fn a_memory_mapping_writes_within_the_length_that_there_was_room_for() {
    with_quota(|setting| {
        let path = setting.path("a.bin");
        File::create_new(&path).unwrap().set_len(QUOTA).unwrap();
        let program = "import mmap,sys; f = open(sys.argv[1], 'r+b'); m = mmap.mmap(f.fileno(), 0); \
                       m[:] = b'y' * len(m); m.flush(); m.close()";
        support::run("python3", &[&"-c", &program, &path]);
        assert_eq!((held(setting), free(setting)), ((QUOTA, QUOTA as i64), 0));
        assert!(fs::read(setting.on_disk("a.bin")).unwrap().iter().all(|byte| *byte == b'y'));
    });
}

#[test]
fn room_is_free_again_when_documents_are_cut_removed_or_replaced() {
    with_quota(|setting| {
        let path = setting.path("a.bin");
        let half = vec![1; QUOTA as usize / 2];
        for name in ["a.bin", "b.bin"] {
            fs::write(setting.path(name), &half).unwrap();
        }
        expect_errno(libc::EDQUOT, fs::write(setting.path("c.bin"), &half));
        fs::remove_file(setting.path("c.bin")).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, &half).unwrap();
        // A file that is open when it is removed takes nothing any more.
        let open = File::options().write(true).open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        open.write_all_at(&half, QUOTA).unwrap();
        fs::write(setting.path("d.bin"), &half).unwrap();
        drop(open);
        fs::rename(setting.path("d.bin"), setting.path("b.bin")).unwrap();
        assert_eq!(held(setting).1, half.len() as i64);
        File::create(setting.path("b.bin")).unwrap();
        assert_eq!(free(setting), QUOTA / 512 * 512);
    });
}

#[test]
fn df_tells_what_can_be_written() {
    with_quota(|setting| {
        let mut file = File::create(setting.path("a.bin")).unwrap();
        for _ in 0..5 {
            file.write_all(&[0; 100_000]).unwrap();
            let told = free(setting);
            let there = QUOTA - file.metadata().unwrap().len();
            // Before it is closed too; in whole blocks of 512 bytes.
            assert_eq!(told, there / 512 * 512);
        }
        drop(file);
        let told = free(setting);
        let error = fill(&setting.path("b.bin"), 512);
        assert_eq!(error.raw_os_error(), Some(libc::EDQUOT));
        assert_eq!(fs::metadata(setting.path("b.bin")).unwrap().len() / 512 * 512, told);
    });
}

#[test]
fn a_passing_file_needs_room_before_it_gets_its_name() {
    with_quota(|setting| {
        fs::write(setting.path("a.bin"), vec![0; QUOTA as usize - 1000]).unwrap();
        let temporary = setting.path(".b.bin.Ab12Cd");
        expect_errno(libc::EDQUOT, fs::write(&temporary, [0; 1001]));
        fs::write(&temporary, [0; 1000]).unwrap();
        expect_errno(libc::EDQUOT, fs::write(setting.path("c.bin"), b"x"));
        fs::rename(&temporary, setting.path("b.bin")).unwrap();
        assert_eq!(held(setting), (QUOTA, QUOTA as i64));
    });
}
