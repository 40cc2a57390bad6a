//! The tools people have accept the archives: Info-ZIP's unzip, Python, bsdtar and 7-Zip.

#![allow(clippy::unwrap_used)]

mod archive_support;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use archive_support::{Paths, TIME, archive, archive_with, bytes, file, folder, noise, run};
use coursefs::archive::{Archive, Checksums, Entry, FileIdentity};

fn write_to(archive: &Archive<Paths>, path: &Path) {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    std::io::copy(&mut archive.reader(), &mut out).unwrap();
    out.flush().unwrap();
}

/// Reads all of an archive with every tool.
fn expect_accepted(path: &Path) {
    let path = path.to_str().unwrap();
    assert!(run("unzip", &["-tqq", path]).is_empty());
    assert!(run("python3", &["-m", "zipfile", "-t", path]).contains("Done testing"));
    run("bsdtar", &["-tvf", path]);
    assert!(run("7z", &["t", path]).contains("Everything is Ok"));
}

#[test]
fn every_tool_accepts_a_small_archive_and_extracts_the_same_files() {
    let disk = tempfile::tempdir().unwrap();
    let on_disk = disk.path().join("photo");
    fs::write(&on_disk, noise(1, 1_500_000)).unwrap();
    let path = disk.path().join("archive.zip");
    let entries = vec![
        bytes("course_info.dat", b"TzowOiIi"),
        folder("document/"),
        folder("document/Les étés à Genève/"),
        bytes("document/Les étés à Genève/日本語 – ß.txt", "läuft".as_bytes()),
        bytes("document/empty", b""),
        file("document/photo.jpg", &on_disk),
        Entry { mode: 0o755, ..bytes("document/run.sh", b"#!/bin/sh\n") },
    ];
    write_to(&archive(entries), &path);
    expect_accepted(&path);
    let commands = [
        ["unzip", "-q", "ARCHIVE", "-d", "FOLDER"],
        ["bsdtar", "-x", "-fARCHIVE", "-C", "FOLDER"],
        ["7z", "x", "-y", "ARCHIVE", "-oFOLDER"],
        ["python3", "-mzipfile", "-e", "ARCHIVE", "FOLDER"],
    ];
    for [tool, arguments @ ..] in commands {
        let to = disk.path().join(tool);
        fs::create_dir(&to).unwrap();
        let arguments = arguments.map(|argument| {
            argument.replace("ARCHIVE", path.to_str().unwrap()).replace("FOLDER", to.to_str().unwrap())
        });
        run(tool, &arguments.each_ref().map(String::as_str));
        let read = |name: &str| fs::read(to.join(name)).unwrap_or_else(|error| panic!("{tool}: {name}: {error}"));
        assert_eq!(read("course_info.dat"), b"TzowOiIi");
        assert_eq!(read("document/Les étés à Genève/日本語 – ß.txt"), "läuft".as_bytes());
        assert_eq!(read("document/empty"), b"");
        assert_eq!(read("document/photo.jpg"), noise(1, 1_500_000));
        // Python's command line extracts neither modes nor times.
        if tool != "python3" {
            let metadata = |name: &str| fs::metadata(to.join(name)).unwrap();
            assert_eq!(metadata("document/run.sh").permissions().mode() & 0o777, 0o755, "{tool}");
            assert_eq!(metadata("course_info.dat").mtime(), TIME, "{tool}");
        }
    }
}

#[test]
fn every_tool_accepts_an_archive_of_70000_entries() {
    let disk = tempfile::tempdir().unwrap();
    let path = disk.path().join("archive.zip");
    let entry = |number: usize| bytes(&format!("f/{number:05}"), number.to_string().as_bytes());
    write_to(&archive((0..70_000).map(entry).collect()), &path);
    expect_accepted(&path);
    assert_eq!(run("bsdtar", &["-tf", path.to_str().unwrap()]).lines().count(), 70_000);
    assert_eq!(run("unzip", &["-p", path.to_str().unwrap(), "f/69999"]), "69999");
}

/// The CRC-32 of `length` zero bytes, by doubling.
fn crc_of_zeros(length: u64) -> u32 {
    let mut power = crc32fast::Hasher::new();
    power.update(&[0]);
    let mut all = crc32fast::Hasher::new();
    for bit in 0..u64::BITS - length.leading_zeros() {
        if length >> bit & 1 == 1 {
            all.combine(&power);
        }
        let half = power.clone();
        power.combine(&half);
    }
    all.finalize()
}

#[test]
fn every_tool_accepts_an_archive_with_a_file_of_5_gib() {
    const LARGE: u64 = 5 << 30;
    let disk = tempfile::tempdir().unwrap();
    let sparse = disk.path().join("large");
    File::create(&sparse).unwrap().set_len(LARGE).unwrap();
    // A checksum known beforehand (and of a file that has settled) saves reading 5 GiB for it.
    sleep(Duration::from_millis(2100));
    let checksums = Arc::new(Checksums::in_memory().unwrap());
    checksums.remember(&FileIdentity::of(&fs::metadata(&sparse).unwrap()), crc_of_zeros(LARGE));
    let entries = vec![bytes("a", b"before"), file("large", &sparse), bytes("z", b"after")];
    let archive = archive_with(entries, &Paths::default(), &checksums);
    assert!(archive.size() > LARGE);

    // The archive as a sparse file: but for its first and last bytes, it is the hole.
    let path = disk.path().join("archive.zip");
    let out = File::create(&path).unwrap();
    out.set_len(archive.size()).unwrap();
    for start in [0, 1 << 32, archive.size() - 65_536] {
        let mut piece = vec![0; 65_536];
        assert_eq!(archive.read_at(start, &mut piece).unwrap(), piece.len());
        out.write_all_at(&piece, start).unwrap();
    }

    let path = path.to_str().unwrap();
    // 7-Zip reads all of it, with its checksum.
    assert!(run("7z", &["t", path]).contains("Everything is Ok"));
    let listed = LARGE.to_string();
    assert!(run("unzip", &["-l", path]).contains(&listed));
    assert!(run("bsdtar", &["-tvf", path]).contains(&listed));
    assert!(run("python3", &["-m", "zipfile", "-l", path]).contains(&listed));
    assert_eq!(run("unzip", &["-p", path, "z"]), "after");
    assert_eq!(run("bsdtar", &["-xOf", path, "z"]), "after");
    const SCRIPT: &str = "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read('z').decode(), end='')";
    assert_eq!(run("python3", &["-c", SCRIPT, path]), "after");
}
