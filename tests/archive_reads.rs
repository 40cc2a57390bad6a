//! Ranged reads of archives: any range is that of the whole, by any number of threads, and never of a changed file.

#![allow(clippy::unwrap_used)]

mod archive_support;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Cursor, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, sleep};
use std::time::Duration;

use archive_support::{Paths, TIME, archive, archive_with, bytes, file, folder, noise, run, whole};
use coursefs::archive::{Archive, Checksums, Content, Entry, FileIdentity, ReadError};
use proptest::prelude::*;

/// An entry to be, as proptest makes it up.
#[derive(Debug, Clone)]
struct Plan {
    kind: Kind,
    mode: u32,
    mtime: i64,
}

#[derive(Debug, Clone)]
enum Kind {
    Folder,
    Bytes(Vec<u8>),
    File(Vec<u8>),
}

fn kinds() -> impl Strategy<Value = Kind> {
    let contents = || prop::collection::vec(any::<u8>(), 0..600);
    let large = (any::<u64>(), 0_usize..400_000).prop_map(|(seed, length)| noise(seed, length));
    prop_oneof![
        2 => Just(Kind::Folder),
        4 => contents().prop_map(Kind::Bytes),
        4 => contents().prop_map(Kind::File),
        1 => large.prop_map(Kind::File),
    ]
}

fn plans() -> impl Strategy<Value = BTreeMap<String, Plan>> {
    // The DOS range in part: readers that know no extended timestamp are asked too.
    let plan = (kinds(), 0_u32..0o10000, 315_532_800_i64..2_147_483_647);
    let plan = plan.prop_map(|(kind, mode, mtime)| Plan { kind, mode, mtime });
    let name = "[a-zé-üß日本 _-]{1,12}(/[A-ZÀ-Ö0-9._ -]{1,8}x){0,3}";
    prop::collection::btree_map(name, plan, 0..24)
}

fn entries(plans: &BTreeMap<String, Plan>, on_disk: &Path) -> Vec<Entry<std::path::PathBuf>> {
    let entry = |(index, (name, plan)): (usize, (&String, &Plan))| {
        let entry = match &plan.kind {
            Kind::Folder => folder(&format!("{name}/")),
            Kind::Bytes(content) => bytes(name, content),
            Kind::File(content) => {
                let path = on_disk.join(index.to_string());
                fs::write(&path, content).unwrap();
                file(name, &path)
            }
        };
        Entry { mode: plan.mode, mtime: plan.mtime, ..entry }
    };
    plans.iter().enumerate().map(entry).collect()
}

fn content(plan: &Plan) -> &[u8] {
    match &plan.kind {
        Kind::Folder => &[],
        Kind::Bytes(content) | Kind::File(content) => content,
    }
}

/// The time in an extended timestamp, which zip readers keep among the extra fields.
fn timestamp(file: &zip::read::ZipFile<'_, impl Read>) -> Option<i64> {
    file.extra_data_fields().find_map(|field| match field {
        zip::ExtraField::ExtendedTimestamp(timestamp) => timestamp.mod_time().map(i64::from),
        _ => None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_range_is_the_same_range_of_the_whole(
        plans in plans(),
        ranges in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..300_000), 1..40),
    ) {
        let disk = tempfile::tempdir().unwrap();
        let all = whole(&archive(entries(&plans, disk.path())));
        let archive = archive(entries(&plans, disk.path()));
        for (start, length) in ranges {
            let start = start.index(all.len() + 1);
            let mut range = vec![0xAA; length];
            let read = archive.read_at(start as u64, &mut range).unwrap();
            prop_assert_eq!(read, length.min(all.len() - start));
            prop_assert_eq!(&range[..read], &all[start..start + read]);
        }
    }

    #[test]
    fn the_whole_is_read_by_the_zip_crate_with_the_same_names_bytes_modes_and_times(plans in plans()) {
        let disk = tempfile::tempdir().unwrap();
        let archive = archive(entries(&plans, disk.path()));
        let mut zip = zip::ZipArchive::new(Cursor::new(whole(&archive))).unwrap();
        prop_assert_eq!(zip.len(), plans.len());
        for (index, (name, plan)) in plans.iter().enumerate() {
            let mut file = zip.by_index(index).unwrap();
            let is_folder = matches!(plan.kind, Kind::Folder);
            prop_assert_eq!(file.name_raw(), archive.layout().entries().nth(index).unwrap().name.as_ref());
            let decoded = file.name().unwrap().into_owned();
            prop_assert_eq!(decoded.trim_end_matches('/'), name);
            prop_assert_eq!(file.is_dir(), is_folder);
            let kind = if is_folder { 0o040_000 } else { 0o100_000 };
            // The crate withholds the bits above the permissions; Python, below, tells them.
            prop_assert_eq!(file.unix_mode(), Some(kind | (plan.mode & 0o777)));
            prop_assert_eq!(timestamp(&file), Some(plan.mtime));
            let mut read = Vec::new();
            file.read_to_end(&mut read).unwrap();
            prop_assert_eq!(&read[..], content(plan));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_whole_is_read_by_python_with_the_same_names_bytes_modes_and_times(plans in plans()) {
        const SCRIPT: &str = "
import calendar, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(json.dumps([[i.filename, i.external_attr >> 16, calendar.timegm(i.date_time + (0, 0, 0)), i.create_system,
                       list(archive.read(i))] for i in archive.infolist()]))
";
        let disk = tempfile::tempdir().unwrap();
        let path = disk.path().join("archive.zip");
        fs::write(&path, whole(&archive(entries(&plans, disk.path())))).unwrap();
        let printed = run("python3", &["-c", SCRIPT, path.to_str().unwrap()]);
        let read: Vec<(String, u32, i64, u8, Vec<u8>)> = serde_json::from_str(&printed).unwrap();
        let expected: Vec<_> = plans
            .iter()
            .map(|(name, plan)| {
                let (name, kind) = match plan.kind {
                    Kind::Folder => (format!("{name}/"), 0o040_000),
                    _ => (name.clone(), 0o100_000),
                };
                (name, kind | plan.mode, plan.mtime / 2 * 2, 3, content(plan).to_vec())
            })
            .collect();
        prop_assert_eq!(read, expected);
    }
}

/// Some files on disk, from empty to larger than one read, between folders and literal bytes.
fn sample(disk: &Path) -> Vec<Entry<std::path::PathBuf>> {
    let mut entries = vec![folder("Document/"), bytes("Document/first.txt", b"first")];
    for (index, length) in [0, 1, 4096, 100_000, 700_000, 3_000_000].into_iter().enumerate() {
        let path = disk.join(format!("f{index}"));
        fs::write(&path, noise(index as u64, length)).unwrap();
        entries.push(file(&format!("Document/f{index}"), &path));
    }
    entries.push(bytes("course_info.dat", &noise(99, 50_000)));
    entries
}

#[test]
fn size_and_entries_are_told_without_opening_a_file() {
    let disk = tempfile::tempdir().unwrap();
    let files = Paths::default();
    let archive = archive_with(sample(disk.path()), &files, &Arc::new(Checksums::in_memory().unwrap()));
    assert!(archive.size() > 3_800_000);
    assert_eq!(archive.layout().entries().len(), 9);
    assert_eq!(files.opened(), 0);
}

#[test]
fn data_is_read_without_a_checksum_at_any_offset_of_a_file_of_1_tib() {
    const LENGTH: u64 = 1 << 40;
    let disk = tempfile::tempdir().unwrap();
    let path = disk.path().join("huge");
    let huge = fs::File::create(&path).unwrap();
    huge.set_len(LENGTH).unwrap();
    huge.write_all_at(b"middle", LENGTH / 2).unwrap();
    huge.write_all_at(b"last", LENGTH - 4).unwrap();
    let archive = archive(vec![file("huge", &path)]);
    // The header holds the sizes as Zip64.
    let data = 30 + 4 + 20 + 9;
    let mut read = [0; 6];
    archive.read_at(data + LENGTH / 2, &mut read).unwrap();
    assert_eq!(&read, b"middle");
    // The checksum would take many minutes: that it is not computed shows in this test's ending.
    let started = std::time::Instant::now();
    archive.read_at(data + LENGTH - 4, &mut read[..4]).unwrap();
    assert_eq!(&read[..4], b"last");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_file_read_in_small_pieces_is_opened_once() {
    let disk = tempfile::tempdir().unwrap();
    let path = disk.path().join("large");
    fs::write(&path, noise(1, 1_000_000)).unwrap();
    let files = Paths::default();
    let checksums = Arc::new(Checksums::in_memory().unwrap());
    let archive = archive_with(vec![file("large", &path)], &files, &checksums);
    let mut piece = vec![0; 10_000];
    for offset in (0..archive.size()).step_by(piece.len()) {
        archive.read_at(offset, &mut piece).unwrap();
    }
    assert_eq!(files.opened(), 1);
}

#[test]
fn the_same_entries_give_the_same_bytes_whoever_knows_the_checksums() {
    let disk = tempfile::tempdir().unwrap();
    let checksums = Arc::new(Checksums::open(&disk.path().join("cache/c.sqlite")).unwrap());
    let entries = sample(disk.path());
    sleep(Duration::from_millis(2100));
    let files = Paths::default();
    let first = whole(&archive_with(entries.clone(), &files, &checksums));
    let second = archive_with(entries.clone(), &Paths::default(), &checksums);
    assert_eq!(whole(&second), first);
    let headers = Paths::default();
    let third = archive_with(entries, &headers, &checksums);
    let mut start = [0; 4];
    for (offset, header) in first.windows(4).enumerate().filter(|(_, bytes)| bytes.starts_with(b"PK\x01\x02")) {
        third.read_at(offset as u64, &mut start).unwrap();
        assert_eq!(start, header);
    }
    assert_eq!(headers.opened(), 0, "remembered checksums make opening unnecessary");
}

#[test]
fn two_hundred_threads_read_one_archive_at_random_and_see_its_bytes() {
    let disk = tempfile::tempdir().unwrap();
    let expected = Arc::new(whole(&archive(sample(disk.path()))));
    let archive = archive(sample(disk.path()));
    thread::scope(|scope| {
        for number in 0..200 {
            let (archive, expected) = (&archive, &expected);
            scope.spawn(move || {
                let random = noise(number + 1000, 20 * 7);
                for pick in random.chunks_exact(7) {
                    let start = u32::from_le_bytes(pick[..4].try_into().unwrap()) as usize % expected.len();
                    let length = u32::from_le_bytes([pick[4], pick[5], pick[6] % 3, 0]) as usize;
                    let mut range = vec![0; length];
                    let read = archive.read_at(start as u64, &mut range).unwrap();
                    assert_eq!(read, length.min(expected.len() - start));
                    assert!(range[..read] == expected[start..start + read], "at {start}, {length} bytes");
                }
            });
        }
    });
}

#[test]
fn names_that_are_not_utf8_are_kept_byte_for_byte() {
    let name = b"caf\xE9/\xFF.txt".to_vec();
    let archive = archive(vec![Entry { name: name.clone().into(), ..bytes("", b"x") }]);
    let mut zip = zip::ZipArchive::new(Cursor::new(whole(&archive))).unwrap();
    assert_eq!(zip.by_index(0).unwrap().name_raw(), name);
}

#[test]
fn reads_at_and_beyond_the_end_give_nothing() {
    let archive = archive(vec![bytes("a", b"x")]);
    let mut buf = [0; 10];
    assert_eq!(archive.read_at(archive.size(), &mut buf).unwrap(), 0);
    assert_eq!(archive.read_at(u64::MAX, &mut buf).unwrap(), 0);
    assert_eq!(archive.read_at(archive.size() - 3, &mut buf).unwrap(), 3);
    assert_eq!(archive.read_at(0, &mut []).unwrap(), 0);
}

/// Length of the file that the tests of changes change.
const LENGTH: usize = 300_000;

/// Lays out a file, reads a part of it if asked to, lets `change` act on it, and expects every later read that needs
/// the file to fail. A file is kept for a reading of headers and one for a reading of data.
fn expect_changed(read_before: bool, change: impl Fn(&Path)) {
    let disk = tempfile::tempdir().unwrap();
    let path = disk.path().join("file");
    fs::write(&path, noise(1, LENGTH)).unwrap();
    let opened = || archive(vec![bytes("before", b"b"), file("changing", &path), bytes("z", b"after")]);
    let (headers, data) = (opened(), opened());
    let data_offset = (30 + 6 + 9 + 1) + (30 + 8 + 9);
    let mut buf = vec![0; 1000];
    if read_before {
        data.read_at(data_offset + 10, &mut buf).unwrap();
        assert_eq!(buf, noise(1, LENGTH)[10..1010]);
    }
    sleep(Duration::from_millis(20));
    change(&path);
    let refused = |archive: &Archive<Paths>, offset: u64| {
        let outcome = archive.read_at(offset, &mut vec![0; 1000]);
        assert!(matches!(&outcome, Err(ReadError::Changed { name }) if name == "changing"), "{outcome:?}");
    };
    refused(&data, data_offset + 2000);
    refused(&data, data_offset + LENGTH as u64 - 500);
    refused(&headers, 0);
    refused(&headers, data_offset + LENGTH as u64 + 100);
    // What does not need the file is read on.
    assert_eq!(headers.read_at(0, &mut [0; 46]).unwrap(), 46);
    assert_eq!(headers.read_at(headers.size() - 22, &mut [0; 46]).unwrap(), 22);
}

#[test]
fn a_file_changed_in_place_makes_reads_fail() {
    let change = |path: &Path| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(b"X", 150_000).unwrap();
    };
    expect_changed(false, change);
    expect_changed(true, change);
}

#[test]
fn a_file_changed_in_place_with_its_old_modification_time_makes_reads_fail() {
    let change = |path: &Path| {
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(b"X", 150_000).unwrap();
        file.set_modified(modified).unwrap();
    };
    expect_changed(false, change);
    expect_changed(true, change);
}

#[test]
fn a_file_cut_short_makes_reads_fail() {
    let change = |path: &Path| OpenOptions::new().write(true).open(path).unwrap().set_len(100).unwrap();
    expect_changed(false, change);
    expect_changed(true, change);
}

#[test]
fn a_file_grown_makes_reads_fail() {
    let change = |path: &Path| OpenOptions::new().write(true).open(path).unwrap().set_len(400_000).unwrap();
    expect_changed(false, change);
    expect_changed(true, change);
}

#[test]
fn a_file_replaced_by_another_of_the_same_bytes_makes_reads_fail() {
    let change = |path: &Path| {
        let other = path.with_extension("new");
        fs::write(&other, noise(1, LENGTH)).unwrap();
        fs::rename(other, path).unwrap();
    };
    expect_changed(false, change);
    expect_changed(true, change);
}

#[test]
fn a_file_removed_makes_reads_fail() {
    let change = |path: &Path| fs::remove_file(path).unwrap();
    expect_changed(false, change);
    expect_changed(true, change);
}

#[test]
fn a_file_replaced_by_a_folder_makes_reads_fail() {
    let change = |path: &Path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    };
    expect_changed(false, change);
    expect_changed(true, change);
}

#[test]
fn a_file_written_to_while_it_is_read_gives_old_bytes_or_an_error_never_new_ones() {
    let disk = tempfile::tempdir().unwrap();
    let path = disk.path().join("file");
    for round in 0..20 {
        fs::write(&path, vec![b'o'; 2_000_000]).unwrap();
        sleep(Duration::from_millis(20));
        let archive = archive(vec![file("f", &path)]);
        thread::scope(|scope| {
            scope.spawn(|| {
                sleep(Duration::from_micros(300 * round));
                let file = OpenOptions::new().write(true).open(&path).unwrap();
                for offset in (0..2_000_000).step_by(100_000) {
                    file.write_all_at(b"NEW", offset).unwrap();
                }
            });
            let (mut offset, mut buf) = (40, vec![0; 65_536]);
            while offset < 2_000_000 {
                match archive.read_at(offset, &mut buf) {
                    Ok(read) => assert!(!buf[..read].windows(3).any(|bytes| bytes == b"NEW")),
                    Err(error) => {
                        assert!(matches!(error, ReadError::Changed { .. }), "{error}");
                        break;
                    }
                }
                offset += buf.len() as u64;
            }
        });
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_named_with_the_reason() {
    #[derive(Debug)]
    struct Forbidden;
    impl coursefs::archive::Files for Forbidden {
        type Source = ();
        fn open(&self, (): &()) -> std::io::Result<fs::File> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    }
    let disk = tempfile::NamedTempFile::new().unwrap();
    fs::write(disk.path(), "secret").unwrap();
    let identity = FileIdentity::of(&disk.as_file().metadata().unwrap());
    let content = Content::File { source: (), identity };
    let entry = Entry { name: b"kept/secret".as_slice().into(), mode: 0o600, mtime: TIME, content };
    let layout = coursefs::archive::Layout::new(vec![entry]).unwrap();
    let archive = Archive::new(layout, Forbidden, Arc::new(Checksums::in_memory().unwrap()));
    let error = archive.read_at(0, &mut [0; 100]).unwrap_err();
    assert!(matches!(error, ReadError::Io { .. }));
    assert_eq!(error.to_string(), "cannot read \"kept/secret\" into the archive: permission denied");
}

#[test]
fn ten_thousand_small_files_read_in_sequence_are_the_files() {
    let disk = tempfile::tempdir().unwrap();
    let path = |number: usize| disk.path().join(number.to_string());
    let content = |number: usize| noise(number as u64, number % 700);
    let entry = |number: usize| {
        fs::write(path(number), content(number)).unwrap();
        file(&format!("files/{number:05}"), &path(number))
    };
    let archive = archive((0..10_000).map(entry).collect());
    let mut all = Vec::new();
    archive.reader().read_to_end(&mut all).unwrap();
    let mut zip = zip::ZipArchive::new(Cursor::new(all)).unwrap();
    for number in 0..10_000 {
        let mut read = Vec::new();
        zip.by_index(number).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, content(number), "{number}");
    }
}

#[test]
fn checksums_are_computed_ahead_of_a_sequential_reader_but_not_far() {
    let disk = tempfile::tempdir().unwrap();
    let entry = |number: usize| {
        let path = disk.path().join(number.to_string());
        let length = 24 * 1024 * 1024;
        fs::File::create(&path).unwrap().set_len(length).unwrap();
        file(&format!("{number:02}"), &path)
    };
    let entries: Vec<_> = (0..16).map(entry).collect();
    let files = Paths::default();
    let archive = archive_with(entries, &files, &Arc::new(Checksums::in_memory().unwrap()));
    let header_and_data = (30 + 2 + 9) + 24 * 1024 * 1024;
    archive.read_at(0, &mut [0; 8]).unwrap();
    sleep(Duration::from_millis(300));
    assert_eq!(files.opened(), 1, "one header is no sequence");
    archive.read_at(header_and_data, &mut [0; 8]).unwrap();
    // Three files start within 64 MiB after the second.
    let begun = std::time::Instant::now();
    while files.opened() < 5 && begun.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(10));
    }
    sleep(Duration::from_millis(500));
    assert_eq!(files.opened(), 5);
}
