//! A mount that is killed at any moment loses nothing that was done, and leaves nothing that `coursefs check --repair`
//! can't mend.
#![allow(clippy::unwrap_used)]

mod documents_support;
mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::{Duration, Instant};

use documents_support::Setting;
use rustix::fs::{CWD, RenameFlags};
use support::{HandMade, Mount, Random, Resource, TestPortal, noise, start};

/// Places at which the process may die when a document is made: what is to be done is noted, it is done, the rows are
/// committed. The same when one is renamed or removed.
const MAKING: &[&str] = &["document-noted", "document-made", "document-over"];
const RENAMING: &[&str] = &["document-noted", "document-moved", "document-over"];
const REMOVING: &[&str] = &["document-noted", "document-removed", "document-over"];

/// The same for changes of several steps: at the first, the second, the third time that the place is reached.
const EDITING: &[&str] = &[
    "document-over:1",
    "document-moved:1",
    "document-over:2",
    "document-made:2",
    "document-over:3",
    "document-removed:1",
    "document-over:4",
    "document-removed:2",
];
const SYNCING: &[&str] =
    &["document-made:1", "document-over:1", "document-noted:2", "document-moved:1", "document-over:2"];

/// What a course's documents are: path and bytes, `None` for a folder.
type Tree = BTreeMap<String, Option<Vec<u8>>>;

fn tree(top: &Path) -> Tree {
    let mut found = Tree::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            let bytes = if path.is_dir() { None } else { Some(fs::read(&path).unwrap()) };
            if bytes.is_none() {
                folders.push(path);
            }
            found.insert(name, bytes);
        }
    }
    found
}

/// A change of documents in the folder that it gets.
type Change = (&'static str, &'static [&'static str], fn(&Path) -> std::io::Result<()>);

const CHANGES: [Change; 12] = [
    ("a file is made", MAKING, |top| File::create_new(top.join("new.txt")).map(drop)),
    ("a file is made and written", MAKING, |top| fs::write(top.join("f/new.txt"), b"some text")),
    ("a folder is made", MAKING, |top| fs::create_dir(top.join("f/new"))),
    ("a file is renamed", RENAMING, |top| fs::rename(top.join("a.txt"), top.join("f/renamed.txt"))),
    ("a folder is renamed", RENAMING, |top| fs::rename(top.join("f"), top.join("g"))),
    ("a file replaces another", RENAMING, |top| fs::rename(top.join("a.txt"), top.join("f/b.txt"))),
    ("a folder replaces an empty one", RENAMING, |top| fs::rename(top.join("f"), top.join("empty"))),
    ("two change places", RENAMING, |top| {
        let flags = RenameFlags::EXCHANGE;
        Ok(rustix::fs::renameat_with(CWD, top.join("a.txt"), CWD, top.join("f"), flags)?)
    }),
    ("a file is removed", REMOVING, |top| fs::remove_file(top.join("f/b.txt"))),
    ("a folder is removed", REMOVING, |top| fs::remove_dir(top.join("empty"))),
    ("an editor saves by a passing file", EDITING, |top| {
        fs::write(top.join(".a.txt.swp"), b"draft")?;
        fs::rename(top.join("a.txt"), top.join("a.txt~"))?;
        fs::write(top.join("a.txt"), b"edited")?;
        fs::remove_file(top.join("a.txt~"))?;
        fs::remove_file(top.join(".a.txt.swp"))
    }),
    ("rsync replaces a file", SYNCING, |top| {
        fs::write(top.join("f/.b.txt.Ab12Cd"), b"newer b")?;
        fs::rename(top.join("f/.b.txt.Ab12Cd"), top.join("f/b.txt"))
    }),
];

/// A portal whose course has some documents, made through a mount.
fn portal(remove_for_good: bool) -> TestPortal {
    let mut setting = Setting::new("ttl=1");
    if remove_for_good {
        let sql =
            "UPDATE settings_current SET selected_value = 'true' WHERE variable = 'permanently_remove_deleted_files'";
        setting.portal.execute(sql, &[]);
    }
    for folder in ["f", "f/deep", "empty"] {
        fs::create_dir(setting.path(folder)).unwrap();
    }
    for (name, text) in [("a.txt", "a"), ("f/b.txt", "text of b"), ("f/deep/c.txt", "c"), ("empty/gone.txt", "gone")] {
        fs::write(setting.path(name), text).unwrap();
    }
    fs::remove_file(setting.path("empty/gone.txt")).unwrap();
    setting.mount.unmount();
    setting.portal
}

/// States of the documents between the steps of a change, the first and the last among them.
fn states(portal: &TestPortal, change: Change) -> Vec<Tree> {
    let copy = portal.copy();
    let mount = Mount::with(&copy, "ttl=0");
    let top = mount.join("GEO101/Document");
    let before = tree(&top);
    change.2(&top).unwrap();
    vec![before, tree(&top)]
}

fn expect_mended(portal: &TestPortal, what: &str) {
    let ended = portal.coursefs(&[&"check", &portal.root(), &"--repair"]);
    let left = portal.faults();
    assert!(left.is_empty(), "{what}: check --repair leaves {left:?}\n{}", ended.text());
}

#[test]
fn a_mount_that_is_killed_in_a_change_of_documents_leaves_it_done_or_not_done() {
    for remove_for_good in [false, true] {
        let portal = portal(remove_for_good);
        for change in CHANGES {
            let (name, places, work) = change;
            if remove_for_good && places != REMOVING {
                continue;
            }
            let states = states(&portal, change);
            for place in places {
                let what = format!("{name} (for good: {remove_for_good}), killed at {place}");
                let copy = portal.copy();
                let mut mount = Mount::dying_at(&copy, "ttl=0", place);
                let done = work(&mount.join("GEO101/Document"));
                assert!(done.is_err(), "{what}: it did not die");
                mount.dies();
                expect_mended(&copy, &what);
                let mut mount = Mount::of(&copy);
                let found = tree(&mount.join("GEO101/Document"));
                match [EDITING, SYNCING].contains(&places) {
                    true => expect_no_text_lost(&found, &states, &what),
                    false => expect_done_or_not(&found, &states, &what),
                }
                mount.unmount();
                copy.check_finds_nothing();
            }
        }
    }
}

/// Expects the state before or after. A file that was made may be empty still, for then it was not written.
fn expect_done_or_not(found: &Tree, states: &[Tree], what: &str) {
    let shape = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert!(states.iter().any(|state| shape(state) == shape(found)), "{what}: {:?}", shape(found));
    for (path, bytes) in found {
        let of_states = states.iter().filter_map(|state| state.get(path));
        let new = !states[0].contains_key(path) && bytes.as_ref().is_some_and(Vec::is_empty);
        assert!(new || of_states.into_iter().any(|other| other == bytes), "{what}: {path}");
    }
}

/// Expects that each text of the state before is still somewhere, or the one that replaces it is.
fn expect_no_text_lost(found: &Tree, states: &[Tree], what: &str) {
    let there = |bytes: &Vec<u8>| found.values().flatten().any(|found| found == bytes);
    for (path, bytes) in &states[0] {
        let Some(bytes) = bytes else { continue };
        let after = states[1].get(path).cloned().flatten();
        assert!(there(bytes) || after.is_some_and(|after| there(&after)), "{what}: the text of {path}");
    }
}

/// What a document must hold after the death of the mount.
enum Wanted {
    /// These bytes, `None` if there is no such document.
    Just(Option<Vec<u8>>),
    /// The mount died within a change that goes from one to the other at once.
    OneOf(Option<Vec<u8>>, Option<Vec<u8>>),
    /// It died while these bytes were written over all that was there.
    PartOf(Option<Vec<u8>>, Vec<u8>),
    /// It died while bytes were written over others in places: any mixture, as on any disk.
    Any,
}

impl Wanted {
    fn is_met_by(&self, found: &Option<Vec<u8>>) -> bool {
        match self {
            Wanted::Just(bytes) => found == bytes,
            Wanted::OneOf(before, after) => found == before || found == after,
            Wanted::PartOf(before, after) => {
                found == before || found.as_ref().is_some_and(|found| after.starts_with(found))
            }
            Wanted::Any => found.is_some(),
        }
    }
}

#[test]
fn a_mount_that_is_killed_while_many_write_loses_nothing_that_was_confirmed() {
    for (round, options) in ["ttl=1", "ttl=1,nopassthrough", "ttl=0"].into_iter().enumerate() {
        let mut setting = Setting::new(options);
        let top = setting.documents();
        for writer in 0..4 {
            fs::create_dir(top.join(format!("w{writer}"))).unwrap();
        }
        let until = Instant::now() + Duration::from_secs(20);
        let wanted: Vec<BTreeMap<String, Wanted>> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4u64)
                .map(|writer| {
                    let folder = top.join(format!("w{writer}"));
                    scope.spawn(move || write_until_it_dies(&folder, 100 * round as u64 + writer, until))
                })
                .collect();
            std::thread::sleep(Duration::from_millis(700));
            setting.mount.kill();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        expect_mended(&setting.portal, options);
        setting.mount.start();
        let found = tree(&top);
        let mut compared = 0;
        for (writer, wanted) in wanted.iter().enumerate() {
            for (name, wanted) in wanted {
                let now = found.get(&format!("w{writer}/{name}")).cloned().flatten();
                let length = now.as_ref().map(Vec::len);
                assert!(wanted.is_met_by(&now), "{options}: w{writer}/{name} has {length:?} bytes");
                compared += 1;
            }
        }
        assert!(compared >= 8, "{options}: {compared} documents were compared");
        setting.mount.unmount();
        setting.portal.check_finds_nothing();
    }
}

/// Writes, renames and removes documents in `folder` until the mount has died; what must be there then.
fn write_until_it_dies(folder: &Path, seed: u64, until: Instant) -> BTreeMap<String, Wanted> {
    let mut random = Random::new(seed + 1);
    let mut now: BTreeMap<String, Option<Vec<u8>>> = BTreeMap::new();
    let mut counter = 1000 * seed;
    while Instant::now() < until {
        counter += 1;
        let name = format!("{}.bin", random.below(6));
        let path = folder.join(&name);
        let before = now.get(&name).cloned().flatten();
        let text = noise(counter, 1 + random.below(20_000));
        let (done, after, cut_off) = match (random.below(4), before.clone()) {
            (0, _) => {
                let new = folder.join("new.part");
                let done = fs::write(&new, &text).and_then(|()| fs::rename(&new, &path));
                (done, Some(text.clone()), Wanted::OneOf(before, Some(text)))
            }
            (1, Some(_)) => (fs::remove_file(&path), None, Wanted::OneOf(before, None)),
            (2, Some(mut after)) => {
                after.resize(after.len().max(text.len()), 0);
                after[..text.len()].copy_from_slice(&text);
                let file = File::options().write(true).open(&path);
                (file.and_then(|file| file.write_all_at(&text, 0)), Some(after), Wanted::Any)
            }
            _ => (fs::write(&path, &text), Some(text.clone()), Wanted::PartOf(before, text)),
        };
        now.insert(name.clone(), after);
        if done.is_err() {
            let mut wanted: BTreeMap<String, Wanted> =
                now.into_iter().map(|(name, bytes)| (name, Wanted::Just(bytes))).collect();
            wanted.insert(name, cut_off);
            return wanted;
        }
    }
    panic!("the mount did not die");
}

/// An archive of one document.
fn archive(name: &str) -> Vec<u8> {
    let path = format!("document/{name}");
    HandMade::listing(&[Resource { size: 5, ..Resource::file(&path) }]).entry(&path, b"text\n").bytes()
}

#[test]
fn what_is_closed_outlives_the_mount_and_what_is_fsynced_is_on_the_disk() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    // It dies as soon as it has waited for the whole disk.
    let mut mount = Mount::dying_at(&portal, "ttl=0", "disk-synced");
    let course = mount.join("GEO101");
    fs::write(course.join("Document/written.txt"), "text").unwrap();
    fs::write(course.join("backup.zip"), archive("closed.txt")).unwrap();
    File::open(course.join("Document/written.txt")).unwrap().sync_all().unwrap();
    mount.kill();
    mount.start();
    for name in ["written.txt", "closed.txt"] {
        assert!(mount.join("GEO101/Document").join(name).exists(), "{name} has not outlived the mount");
    }
    let mut file = File::create(mount.join("GEO101/backup.zip")).unwrap();
    file.write_all(&archive("synced.txt")).unwrap();
    file.sync_all().unwrap_err();
    mount.dies();
    drop(file);
    let restored = portal.aside("restored.zip");
    fs::write(&restored, archive("by the command.txt")).unwrap();
    let mut command = start(env!("CARGO_BIN_EXE_coursefs"), &[&"restore", &portal.root(), &"GEO101", &restored]);
    let ended = command.env("COURSEFS_CACHE", portal.cache()).env("COURSEFS_CRASH_AT", "disk-synced").status().unwrap();
    assert_eq!(ended.signal(), Some(9), "the command did not wait for the disk");
    let mut mount = Mount::with(&portal, "ttl=0");
    assert!(mount.join("GEO101/Document/synced.txt").exists(), "what was synced has not outlived the mount");
    mount.unmount();
    expect_mended(&portal, "after all");
}
