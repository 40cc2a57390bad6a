//! Random operations on a mounted course and on a plain folder: whatever a program does, it can't tell them apart.
#![allow(clippy::unwrap_used)]

mod documents_support;
mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use coursefs::course::Stamp;
use documents_support::{Setting, rows_follow_the_rules};
use rustix::fs::{CWD, RenameFlags};
use support::{Random, noise};

/// How long each way of mounting is tried.
const TIME: Duration = Duration::from_secs(7);

/// Names in each folder: few, so that operations meet, and some of passing files.
const NAMES: [&str; 9] = ["a", "b.txt", "c d", "\u{e9}", "f", "g", ".a.swp", "b.txt~", "new.part"];

/// What a program does; paths are relative to the top.
#[derive(Debug)]
enum Operation {
    Create { path: String, bytes: Vec<u8> },
    CreateNew { path: String },
    Write { path: String, offset: u64, bytes: Vec<u8> },
    Append { path: String, bytes: Vec<u8> },
    Truncate { path: String, length: u64 },
    Rename { from: String, to: String, flags: RenameFlags },
    Unlink { path: String },
    MakeFolder { path: String },
    RemoveFolder { path: String },
    RemoveAll { path: String },
    Copy { from: String, to: String },
    CopyRange { from: String, to: String, offset: u64, length: usize },
    Stat { path: String },
    Read { path: String },
    List { path: String },
    OpenAndRemove { path: String, bytes: Vec<u8> },
}

/// What it sees: nothing, bytes, or names.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Size(bool, u64),
    Bytes(Vec<u8>),
    Names(Vec<String>),
}

impl Operation {
    fn random(random: &mut Random, counter: u64) -> Operation {
        let path = random_path(random);
        let bytes = |random: &mut Random, limit| noise(counter, random.below(limit));
        match random.below(32) {
            0..4 => Operation::Create { path, bytes: bytes(random, 50_000) },
            4 => Operation::CreateNew { path },
            5..8 => {
                let offset = random.below(60_000) as u64;
                Operation::Write { path, offset, bytes: bytes(random, 20_000) }
            }
            8 => Operation::Append { path, bytes: bytes(random, 5000) },
            9..11 => Operation::Truncate { path, length: random.below(70_000) as u64 },
            11..16 => {
                let flags = [RenameFlags::empty(), RenameFlags::empty(), RenameFlags::NOREPLACE, RenameFlags::EXCHANGE];
                Operation::Rename { from: path, to: random_path(random), flags: flags[random.below(4)] }
            }
            16..18 => Operation::Unlink { path },
            18..22 => Operation::MakeFolder { path },
            22 => Operation::RemoveFolder { path },
            23 => Operation::RemoveAll { path },
            24 => Operation::Copy { from: path, to: random_path(random) },
            25 => {
                let (offset, length) = (random.below(60_000) as u64, random.below(30_000));
                Operation::CopyRange { from: path, to: random_path(random), offset, length }
            }
            26..28 => Operation::Stat { path },
            28..30 => Operation::Read { path },
            30 => Operation::List { path },
            _ => Operation::OpenAndRemove { path, bytes: bytes(random, 5000) },
        }
    }

    fn apply(&self, top: &Path) -> io::Result<Seen> {
        let at = |path: &str| top.join(path);
        match self {
            Operation::Create { path, bytes } => fs::write(at(path), bytes)?,
            Operation::CreateNew { path } => drop(File::create_new(at(path))?),
            Operation::Write { path, offset, bytes } => {
                File::options().write(true).open(at(path))?.write_all_at(bytes, *offset)?;
            }
            Operation::Append { path, bytes } => {
                File::options().append(true).create(true).open(at(path))?.write_all(bytes)?;
            }
            Operation::Truncate { path, length } => File::options().write(true).open(at(path))?.set_len(*length)?,
            Operation::Rename { from, to, flags } => {
                rustix::fs::renameat_with(CWD, at(from), CWD, at(to), *flags)?;
            }
            Operation::Unlink { path } => fs::remove_file(at(path))?,
            Operation::MakeFolder { path } => fs::create_dir(at(path))?,
            Operation::RemoveFolder { path } => fs::remove_dir(at(path))?,
            Operation::RemoveAll { path } => fs::remove_dir_all(at(path))?,
            Operation::Copy { from, to } => drop(fs::copy(at(from), at(to))?),
            Operation::CopyRange { from, to, offset, length } => {
                let from = File::open(at(from))?;
                let to = File::options().write(true).open(at(to))?;
                // Within one file the ranges must not overlap.
                let mut target = 100_000;
                let copied =
                    rustix::fs::copy_file_range(&from, Some(&mut offset.clone()), &to, Some(&mut target), *length)?;
                return Ok(Seen::Size(false, copied as u64));
            }
            Operation::Stat { path } => {
                let found = fs::symlink_metadata(at(path))?;
                return Ok(Seen::Size(found.is_dir(), if found.is_dir() { 0 } else { found.len() }));
            }
            Operation::Read { path } => return Ok(Seen::Bytes(fs::read(at(path))?)),
            Operation::List { path } => {
                let mut names = Vec::new();
                for entry in fs::read_dir(at(path))? {
                    names.push(entry?.file_name().into_string().unwrap());
                }
                names.sort();
                return Ok(Seen::Names(names));
            }
            Operation::OpenAndRemove { path, bytes } => {
                let file = File::options().read(true).write(true).open(at(path))?;
                fs::remove_file(at(path))?;
                file.write_all_at(bytes, 10)?;
                let mut found = vec![0; file.metadata()?.len() as usize];
                file.read_exact_at(&mut found, 0)?;
                return Ok(Seen::Bytes(found));
            }
        }
        Ok(Seen::Nothing)
    }
}

fn random_path(random: &mut Random) -> String {
    let depth = [1, 1, 1, 2, 2, 3][random.below(6)];
    // Folders mostly have the last of the plain names, so that there are some.
    let names =
        (1..=depth).map(|level| if level < depth { NAMES[4 + random.below(2)] } else { NAMES[random.below(9)] });
    names.collect::<Vec<_>>().join("/")
}

/// Everything below `top`: whether it is a folder, and its bytes.
fn tree(top: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let folder = fs::symlink_metadata(&path).unwrap().is_dir();
            let bytes = (!folder).then(|| fs::read(&path).unwrap());
            if folder {
                folders.push(path.clone());
            }
            found.insert(path.strip_prefix(top).unwrap().to_owned(), bytes);
        }
    }
    found
}

fn is_no_different(options: &str, seed: u64) {
    let begin = Stamp::now(0).datetime();
    let mut setting = Setting::new(options);
    let (plain, mounted) = (setting.portal.aside("plain"), setting.documents());
    fs::create_dir(&plain).unwrap();
    let mut random = Random::new(seed);
    let (mut counter, mut succeeded) = (0, 0);
    let end = Instant::now() + TIME;
    let errno = |outcome: &io::Result<Seen>| outcome.as_ref().err().and_then(io::Error::raw_os_error);
    while Instant::now() < end {
        counter += 1;
        let operation = Operation::random(&mut random, counter);
        let (wanted, found) = (operation.apply(&plain), operation.apply(&mounted));
        let same = errno(&wanted) == errno(&found) && wanted.as_ref().ok() == found.as_ref().ok();
        assert!(same, "{options}, seed {seed}, operation {counter}: {operation:?}: {wanted:?} on the disk, {found:?}");
        succeeded += u64::from(wanted.is_ok());
        if counter % 200 == 0 {
            let (wanted, found) = (tree(&plain), tree(&mounted));
            for path in wanted.keys().chain(found.keys()) {
                let path = path.as_path();
                assert!(wanted.get(path) == found.get(path), "{options}, seed {seed}, operation {counter}: {path:?}");
            }
        }
        if counter % 1000 == 0 {
            // Modes and sizes of blocks are those of a file on a disk too.
            for path in wanted_files(&plain) {
                let (wanted, found) = (plain.join(&path).metadata().unwrap(), mounted.join(&path).metadata().unwrap());
                assert_eq!((wanted.mode(), wanted.nlink()), (found.mode(), found.nlink()), "{path:?}");
            }
        }
    }
    assert!(tree(&plain) == tree(&mounted), "{options}, seed {seed}");
    assert!(succeeded > 100, "{options}, seed {seed}: only {succeeded} of {counter} operations succeeded");
    println!("{options}: seed {seed}, {counter} operations, {succeeded} succeeded");
    setting.portal.check_finds_nothing();
    rows_follow_the_rules(&setting.portal, "GEO101", 1, &begin);
    setting.mount.remount();
    assert!(tree(&plain) == tree(&mounted), "{options}, seed {seed}, after a remount");
    setting.mount.unmount();
    setting.portal.check_finds_nothing();
}

fn wanted_files(top: &Path) -> Vec<PathBuf> {
    tree(top).into_iter().filter(|(_, bytes)| bytes.is_some()).map(|(path, _)| path).collect()
}

#[test]
fn random_operations_do_the_same_as_on_any_disk() {
    // Another one each time; a failure tells which, and `COURSEFS_SEED` repeats it.
    let given = std::env::var("COURSEFS_SEED").ok().and_then(|seed| seed.parse().ok());
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = given.unwrap_or(time.as_secs());
    println!("COURSEFS_SEED={seed}");
    std::thread::scope(|scope| {
        for options in ["ttl=1", "ttl=1,nopassthrough", "ttl=1,passthrough"] {
            scope.spawn(move || is_no_different(options, seed));
        }
    });
}
