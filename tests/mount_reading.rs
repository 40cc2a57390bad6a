//! Documents in a mount: their bytes, attributes and properties, and the room that is left.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::{File, FileTimes, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::time::{Duration, SystemTime};

use support::{Mount, Random, TestPortal, noise, run};

/// Sizes around the borders of sectors, pages, FUSE requests and megabytes.
const SIZES: [usize; 17] = [
    0, 1, 511, 512, 513, 4095, 4096, 4097, 65_535, 65_537, 131_071, 131_072, 131_073, 1_048_575, 1_048_576, 1_048_577,
    3_000_001,
];

/// How documents can be read.
const WAYS: [&str; 2] = ["ttl=0", "ttl=0,nopassthrough"];

#[test]
fn documents_of_any_size_are_read_byte_for_byte() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    for size in SIZES {
        course.file(&format!("/{size}"), &noise(size as u64, size));
    }
    for way in WAYS {
        let mount = Mount::with(&portal, way);
        for size in SIZES {
            let shown = mount.join(&format!("GEO101/Document/{size}"));
            run("cmp", &[&shown, &course.on_disk(&size.to_string())]);
            assert_eq!(shown.metadata().unwrap().len(), size as u64, "{way}");
        }
    }
}

#[test]
fn documents_are_read_at_any_offset() {
    const SIZE: usize = 700_001;
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let bytes = noise(1, SIZE);
    course.file("/a", &bytes);
    for way in WAYS {
        let mount = Mount::with(&portal, way);
        let file = File::open(mount.join("GEO101/Document/a")).unwrap();
        let mut random = Random::new(2);
        for _ in 0..200 {
            let (start, length) = (random.below(SIZE + 10), random.below(200_000));
            let mut read = vec![0; length];
            let mut filled = 0;
            while filled < length {
                match file.read_at(&mut read[filled..], (start + filled) as u64).unwrap() {
                    0 => break,
                    more => filled += more,
                }
            }
            let end = (start + length).min(SIZE);
            assert!(read[..filled] == bytes[start.min(end)..end], "{way}: {length} bytes from {start}");
        }
    }
}

#[test]
fn documents_can_be_mapped_into_memory() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/a", &noise(3, 500_000));
    let script = "import mmap, sys\nwith open(sys.argv[1], 'rb') as a, open(sys.argv[2], 'rb') as b:\n  m = mmap.mmap(a.fileno(), 0, prot=mmap.PROT_READ)\n  assert m[100000:300000] == b.read()[100000:300000] and len(m) == 500000";
    for way in WAYS {
        let mount = Mount::with(&portal, way);
        run("python3", &[&"-c", &script, &mount.join("GEO101/Document/a"), &course.on_disk("a")]);
    }
}

#[test]
fn a_document_that_was_rewritten_is_read_as_it_is_now() {
    for way in WAYS {
        let portal = TestPortal::new();
        let course = portal.course("GEO101");
        course.file("/a", b"before");
        let mount = Mount::with(&portal, way);
        let shown = mount.join("GEO101/Document/a");
        assert_eq!(std::fs::read(&shown).unwrap(), b"before");
        std::fs::write(course.on_disk("a"), b"after that").unwrap();
        assert_eq!(std::fs::read(&shown).unwrap(), b"after that", "{way}");
        // As editors do it: another file under the same name.
        std::fs::write(course.on_disk("new"), b"quite another one").unwrap();
        std::fs::rename(course.on_disk("new"), course.on_disk("a")).unwrap();
        assert_eq!(std::fs::read(&shown).unwrap(), b"quite another one", "{way}");
    }
}

#[test]
fn an_open_document_can_be_read_to_its_end_after_it_was_replaced_or_deleted() {
    for way in WAYS {
        let portal = TestPortal::new();
        let course = portal.course("GEO101");
        let bytes = noise(4, 300_000);
        let iid = course.file("/a", &bytes);
        let mount = Mount::with(&portal, way);
        let shown = mount.join("GEO101/Document/a");
        let old = File::open(&shown).unwrap();
        std::fs::write(course.on_disk("new"), b"new").unwrap();
        std::fs::rename(course.on_disk("new"), course.on_disk("a")).unwrap();
        let new = File::open(&shown).unwrap();
        let read = |file: &File, length: usize| {
            let mut read = vec![0; length];
            file.read_exact_at(&mut read, 0).unwrap_or_else(|error| panic!("{way}: {error}"));
            read
        };
        assert!(read(&old, bytes.len()) == bytes, "{way}");
        assert_eq!(read(&new, 3), b"new", "{way}");
        assert_eq!(std::fs::read(&shown).unwrap(), b"new", "{way}");
        course.remove_rows(iid);
        std::fs::remove_file(course.on_disk("a")).unwrap();
        assert!(read(&old, bytes.len()) == bytes, "{way}");
    }
}

#[test]
fn attributes_are_those_of_the_file_on_the_disk() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/folder");
    course.file("/folder/a", &noise(5, 100_000));
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_234_567_890, 123_456_789);
    let file = File::options().write(true).open(course.on_disk("folder/a")).unwrap();
    file.set_times(FileTimes::new().set_modified(time).set_accessed(time)).unwrap();
    file.set_permissions(Permissions::from_mode(0o640)).unwrap();
    std::fs::set_permissions(course.on_disk("folder"), Permissions::from_mode(0o750)).unwrap();
    let mount = Mount::of(&portal);
    for path in ["folder/a", "folder"] {
        let shown = mount.join("GEO101/Document").join(path).metadata().unwrap();
        let disk = course.on_disk(path).metadata().unwrap();
        let of = |m: &std::fs::Metadata| {
            let times = [(m.mtime(), m.mtime_nsec()), (m.atime(), m.atime_nsec()), (m.ctime(), m.ctime_nsec())];
            (m.len(), m.blocks(), m.mode(), m.uid(), m.gid(), times)
        };
        assert_eq!(of(&shown), of(&disk), "{path}");
    }
    assert_eq!(mount.join("GEO101/Document/folder/a").metadata().unwrap().mtime_nsec(), 123_456_789);
}

#[test]
fn the_options_uid_and_gid_choose_the_owner_shown() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a", b"x");
    let mount = Mount::with(&portal, "ttl=0,uid=1234,gid=4321");
    for path in ["", "GEO101", "GEO101/backup.zip", "GEO101/Document", "GEO101/Document/a"] {
        let shown = mount.join(path).metadata().unwrap();
        assert_eq!((shown.uid(), shown.gid()), (1234, 4321), "{path:?}");
    }
}

#[test]
fn extended_attributes_tell_what_chamilo_knows_of_a_document() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let iid = course.file("/a.txt", b"x");
    let set = "UPDATE c_document SET title = 'Été à la mer', comment = 'read first' WHERE iid = ?";
    portal.execute(set, &[iid.into()]);
    let bare = course.file("/b.txt", b"x");
    course.set_visibility(bare, 0);
    let mount = Mount::of(&portal);
    let attributes = |path: &str| run("getfattr", &[&"--absolute-names", &"-d", &mount.join(path)]);
    let (a, b) = (attributes("GEO101/Document/a.txt"), attributes("GEO101/Document/b.txt"));
    for line in [
        // getfattr writes what is not ASCII as octal numbers or base64.
        "user.chamilo.title=0s",
        "user.chamilo.comment=\"read first\"",
        "user.chamilo.visibility=\"visible\"",
        "user.chamilo.readonly=\"0\"",
        "user.chamilo.created=\"2026-09-01 08:00:00\"",
        "user.chamilo.modified=\"2026-09-01 08:00:00\"",
        &format!("user.chamilo.id=\"{iid}\""),
    ] {
        assert!(a.contains(line), "no {line} in\n{a}");
    }
    assert!(b.contains("user.chamilo.visibility=\"invisible\""), "{b}");
    assert!(b.contains("user.chamilo.title=\"b.txt\""), "{b}");
    assert!(!b.contains("user.chamilo.comment"), "a comment that is NULL is no attribute: {b}");
    let title =
        run("getfattr", &[&"--only-values", &"-n", &"user.chamilo.title", &mount.join("GEO101/Document/a.txt")]);
    assert_eq!(title, "Été à la mer");
}

#[test]
fn extended_attributes_tell_what_chamilo_knows_of_a_course() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    let course = run("getfattr", &[&"--absolute-names", &"-d", &mount.join("GEO101")]);
    for line in ["code=\"GEO101\"", "title=\"Course GEO101\"", "language=\"english\"", "visibility=\"platform\""] {
        assert!(course.contains(&format!("user.chamilo.{line}")), "no {line} in\n{course}");
    }
    for path in ["GEO101/backup.zip", "GEO101/Document", ""] {
        assert_eq!(run("getfattr", &[&"--absolute-names", &"-d", &mount.join(path)]), "", "{path:?}");
    }
}

#[test]
fn df_shows_the_quota_of_a_course_and_its_use() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.set_quota(10_240_000);
    course.file("/a", &noise(6, 1_024_000));
    let deleted = course.file("/b", &noise(7, 2_048_000));
    course.set_visibility(deleted, 2);
    let mount = Mount::of(&portal);
    for path in ["GEO101", "GEO101/Document/a", "GEO101/backup.zip"] {
        let shown = run("df", &[&"-B1", &"--output=size,used,avail", &mount.join(path)]);
        let numbers: Vec<u64> = shown.lines().nth(1).unwrap().split_whitespace().map(|n| n.parse().unwrap()).collect();
        assert_eq!(numbers, [10_240_000, 1_024_000, 9_216_000], "{path}");
    }
}

#[test]
fn a_course_over_its_quota_has_no_room_left() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/a", &noise(8, 10_000));
    course.set_quota(5_120);
    let mount = Mount::of(&portal);
    let shown = run("df", &[&"-B1", &"--output=size,avail", &mount.join("GEO101")]);
    assert_eq!(shown.lines().nth(1).unwrap().split_whitespace().collect::<Vec<_>>(), ["5120", "0"]);
}

#[test]
fn df_of_the_mount_point_shows_the_disk_of_the_portal() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    let of = |path: &std::path::Path| run("stat", &[&"-f", &"-c", &"%S %b %c", &path]);
    assert_eq!(of(&mount.path()), of(&portal.root().join("app/courses")));
}

#[test]
fn two_hundred_parallel_readers_see_correct_bytes() {
    let portal = TestPortal::new();
    let mut truth = Vec::new();
    for number in 0..4 {
        let code = format!("C{number}");
        let course = portal.course(&code);
        for document in 0..12 {
            let size = [100, 5_000, 90_000, 400_000][document % 4];
            let bytes = noise((number * 100 + document) as u64, size);
            course.file(&format!("/d{document}"), &bytes);
            truth.push((format!("{code}/Document/d{document}"), bytes));
        }
        // Every course also as an archive, eight times, so that archives are half of what is read.
        let archive = course.backup();
        truth.extend((0..12).map(|_| (format!("{code}/backup.zip"), archive.clone())));
    }
    let mount = Mount::with(&portal, "ttl=1");
    std::thread::scope(|scope| {
        for reader in 0..200 {
            let (truth, mount) = (&truth, &mount);
            scope.spawn(move || {
                let mut random = Random::new(reader);
                for _ in 0..6 {
                    let (path, bytes) = &truth[random.below(truth.len())];
                    let file = File::open(mount.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
                    assert_eq!(file.metadata().unwrap().len(), bytes.len() as u64, "{path}");
                    for _ in 0..5 {
                        let start = random.below(bytes.len());
                        let length = random.below((bytes.len() - start).min(150_000)) + 1;
                        let mut read = vec![0; length];
                        file.read_exact_at(&mut read, start as u64).unwrap_or_else(|error| panic!("{path}: {error}"));
                        assert!(read == bytes[start..start + length], "{path}: {length} bytes from {start}");
                    }
                }
            });
        }
    });
    assert_eq!(mount.log(), "");
}
