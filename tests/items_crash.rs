//! A mount that is killed at any moment leaves each item as it was before or after what was being done to it, and loses
//! nothing that was confirmed.
#![allow(clippy::unwrap_used)]

mod items_support;
mod reference_support;
mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use items_support::{files, sample_portal};
use support::{Mount, Random, TestPortal, wait_for};

/// Places at which the process may die when a file is taken in, or removed: the rows are written, they are committed.
const TAKING: &[&str] = &["item-stored", "item-over"];
const REMOVING: &[&str] = &["item-removed", "item-gone"];

/// The same for an attachment, whose file is placed in between.
const ATTACHING: &[&str] = &["before-commit", "after-commit"];

/// A change of items in the folder of a course.
type Change = (&'static str, &'static [&'static str], fn(&Path) -> std::io::Result<()>);

const PAGE: &str = "Announcement/Sortie au puy de Dôme.html";
const ATTACHMENT: &str = "Announcement/Sortie au puy de Dôme_files/Autorisation de sortie.txt";

const CHANGES: [Change; 9] = [
    ("an item is made", TAKING, |top| fs::write(top.join("Announcement/New.html"), "<title>New</title>Text")),
    ("an item is edited", TAKING, |top| {
        let text = fs::read_to_string(top.join(PAGE))?.replace("25 septembre", "2 octobre");
        fs::write(top.join(PAGE), text)
    }),
    ("an item is replaced by a rename", TAKING, |top| {
        fs::write(top.join("Link/new.url.part"), "[InternetShortcut]\nURL=https://example.org/\n")?;
        fs::rename(top.join("Link/new.url.part"), top.join("Link/BRGM.url"))
    }),
    ("a test loses a question", TAKING, |top| {
        let path = top.join("Test/Premier réveil.json");
        let mut test: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
        test["questions"].as_array_mut().unwrap().remove(0);
        fs::write(path, test.to_string())
    }),
    ("an item is synced", TAKING, |top| {
        let mut file = File::create(top.join("Glossary/Lava.html"))?;
        file.write_all(b"<html><title>Lava</title><body>Hot</body></html>")?;
        file.sync_all()
    }),
    ("an item with an attachment is removed", REMOVING, |top| fs::remove_file(top.join(PAGE))),
    ("an attachment is added", ATTACHING, |top| {
        fs::write(top.join("Announcement/Sortie au puy de Dôme_files/More.txt"), "more")
    }),
    ("an attachment is replaced", ATTACHING, |top| fs::write(top.join(ATTACHMENT), "another")),
    ("an attachment is removed", REMOVING, |top| fs::remove_file(top.join(ATTACHMENT))),
];

/// What the files of tools hold, without times of edits.
fn state(top: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in ["Announcement", "Glossary", "Link", "Test"] {
        for (path, bytes) in files(&top.join(folder)) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let is_time = |line: &&str| {
                ["\"created\"", "\"changed\"", "\"last_change\"", "\"editor\"", "\"date\""]
                    .iter()
                    .any(|name| line.contains(name))
            };
            let text: Vec<&str> = text.lines().filter(|line| !is_time(line)).collect();
            // A shortcut tells all of it in one line.
            let text = if folder == "Link" { text[..2.min(text.len())].join("\n") } else { text.join("\n") };
            found.insert(format!("{folder}/{}", path.display()), text);
        }
    }
    found
}

/// Expects that `check --repair` leaves no fault.
fn expect_mended(portal: &TestPortal, what: &str) {
    let ended = portal.coursefs(&[&"check", &portal.root(), &"--repair"]);
    let left = portal.faults();
    assert!(left.is_empty(), "{what}: check --repair leaves {left:?}\n{}", ended.text());
}

#[test]
fn a_mount_that_is_killed_in_a_change_of_an_item_leaves_it_done_or_not_done() {
    let portal = sample_portal();
    for (name, places, work) in CHANGES {
        let states = {
            let copy = portal.copy();
            let mount = Mount::of(&copy);
            let top = mount.join("GEO101");
            let before = state(&top);
            work(&top).unwrap();
            [before, state(&top)]
        };
        assert!(states[0] != states[1], "{name} changes nothing");
        for place in places {
            let what = format!("{name}, killed at {place}");
            let copy = portal.copy();
            let mut mount = Mount::dying_at(&copy, "ttl=0", place);
            // An error of a close reaches nobody here.
            drop(work(&mount.join("GEO101")));
            mount.dies();
            expect_mended(&copy, &what);
            let mut mount = Mount::of(&copy);
            let found = state(&mount.join("GEO101"));
            assert!(states.contains(&found), "{what}: {:#?}", difference(&states, &found));
            mount.unmount();
            copy.check_finds_nothing();
        }
    }
}

/// What is as in neither state.
fn difference(states: &[BTreeMap<String, String>; 2], found: &BTreeMap<String, String>) -> Vec<String> {
    let differing = |state: &BTreeMap<String, String>| {
        let names: Vec<String> = state.keys().chain(found.keys()).cloned().collect();
        names.into_iter().filter(|name| state.get(name) != found.get(name)).collect::<Vec<_>>()
    };
    states.iter().flat_map(differing).collect()
}

/// Writes, replaces and removes links in `folder` until the mount has died. What each holds then: the address before and
/// after what was being done, `None` for no link.
fn write_until_it_dies(
    folder: &Path,
    seed: u64,
    until: Instant,
    confirmed: &AtomicUsize,
) -> BTreeMap<String, [Option<String>; 2]> {
    let mut random = Random::new(seed + 1);
    let mut now: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut counter = 0;
    while Instant::now() < until {
        counter += 1;
        let name = format!("w{seed}-{}.url", random.below(5));
        let before = now.get(&name).cloned().flatten();
        let address = format!("https://example.org/{seed}/{counter}");
        let text = format!("[InternetShortcut]\nURL={address}\n");
        let path = folder.join(&name);
        let (done, after) = match (random.below(4), &before) {
            (0, Some(_)) => (fs::remove_file(&path), None),
            (1, _) => {
                let new = folder.join(format!("{name}.part"));
                (fs::write(&new, &text).and_then(|()| fs::rename(&new, &path)), Some(address))
            }
            _ => (fs::write(&path, &text), Some(address)),
        };
        // An error of a close is told to nobody, but a mount that is dead then is dead now.
        if done.and_then(|()| fs::metadata(folder)).is_err() {
            let mut wanted: BTreeMap<String, [Option<String>; 2]> =
                now.into_iter().map(|(name, address)| (name, [address.clone(), address])).collect();
            wanted.insert(name, [before, after]);
            return wanted;
        }
        now.insert(name, after);
        confirmed.fetch_add(1, Ordering::Relaxed);
    }
    panic!("the mount did not die");
}

#[test]
fn a_mount_that_is_killed_while_many_write_items_loses_none_that_was_confirmed() {
    let portal = sample_portal();
    let mut mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Link");
    let (until, confirmed) = (Instant::now() + Duration::from_secs(120), AtomicUsize::new(0));
    let wanted: Vec<BTreeMap<String, [Option<String>; 2]>> = std::thread::scope(|scope| {
        let (folder, confirmed) = (&folder, &confirmed);
        let writers: Vec<_> = (0..3u64)
            .map(|writer| scope.spawn(move || write_until_it_dies(folder, writer, until, confirmed)))
            .collect();
        wait_for("some writes", 100, || (confirmed.load(Ordering::Relaxed) >= 40).then_some(()));
        mount.kill();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    expect_mended(&portal, "killed while many write");
    mount.start();
    let mut compared = 0;
    for (name, wanted) in wanted.into_iter().flatten() {
        let text = fs::read_to_string(folder.join(&name)).ok();
        let address = text.and_then(|text| Some(text.lines().find_map(|line| line.strip_prefix("URL="))?.to_owned()));
        assert!(wanted.contains(&address), "{name}: {address:?} and not {wanted:?}");
        compared += 1;
    }
    assert!(compared >= 6, "{compared} links were compared");
    mount.unmount();
    portal.check_finds_nothing();
}
