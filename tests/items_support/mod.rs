//! What the tests of items as files share: courses of samples, the files below a folder, and when two courses hold the
//! same items.
#![allow(dead_code, missing_docs, clippy::unwrap_used)] // each test crate uses a part

pub mod samples;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use coursefs::forms::declared::FORMS;
use coursefs::forms::form::Syntax;
use coursefs::sample;

use crate::reference_support::equal::{Side, differences};
use crate::support::{Ended, Mount, TestPortal, start, wait_for};

/// Tools whose items are files that coursefs writes and reads.
pub fn tools() -> Vec<&'static str> {
    let mut tools: Vec<&str> =
        FORMS.iter().filter(|form| form.syntax != Syntax::Package).map(|form| form.tool).collect();
    tools.sort_unstable();
    tools.dedup();
    tools
}

/// Tools of the course `code`, with the documents and learning paths that items refer to.
pub fn tools_of(mount: &Mount, code: &str) -> Vec<&'static str> {
    let there = |tool: &&str| mount.join(code).join(tool).exists();
    tools().into_iter().chain(["Learnpath", "Document"]).filter(there).collect()
}

/// Whether the files of a tool are the same in courses with the same items: packages name their course, and documents
/// have times and rows of their own.
pub fn is_comparable(tool: &str) -> bool {
    !["Learnpath", "Document"].contains(&tool)
}

/// Waits until all references lead to something, and attachments wait for no item.
pub fn references_are_set(portal: &TestPortal) {
    let waiting = |name: &str| portal.root().join("app/cache").join(name).exists();
    wait_for("the end of all waiting", 10, || (!waiting("waiting-references")).then_some(()));
    assert!(!waiting("waiting-files"));
}

/// Keys of the kinds of items that the files in a tool's folder tell.
pub fn kinds(tool: &str) -> Vec<&'static str> {
    let of = FORMS.iter().filter(|form| form.tool == tool);
    of.flat_map(|form| form.parts.iter().map(|part| part.kind).chain([form.kind])).collect()
}

pub fn sample_portal() -> TestPortal {
    let portal = TestPortal::new();
    sample::fill(&portal.portal).unwrap();
    portal
}

pub fn xattr(path: &Path, name: &str) -> Option<String> {
    let mut value = vec![0; 64 << 10];
    let length = rustix::fs::getxattr(path, name, value.as_mut_slice()).ok()?;
    value.truncate(length);
    Some(String::from_utf8(value).unwrap())
}

pub fn shell(script: &str, arguments: &[&dyn AsRef<OsStr>]) -> Ended {
    let all: Vec<&dyn AsRef<OsStr>> =
        [&"-ec" as &dyn AsRef<OsStr>, &script, &"sh"].into_iter().chain(arguments.iter().copied()).collect();
    Ended::of(start("sh", &all).output().unwrap())
}

/// How many files lie below `folder`, in which a program may be writing: none is opened, and what goes meanwhile does not
/// count.
pub fn count_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}

/// All files below `folder` with their bytes, by path.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn add(top: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => add(top, &path, found),
                false => {
                    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                    found.insert(path.strip_prefix(top).unwrap().to_owned(), bytes);
                }
            }
        }
    }
    let mut found = BTreeMap::new();
    add(folder, folder, &mut found);
    found
}

/// Expects that the same files lie below two folders.
pub fn expect_same_files(one: &Path, other: &Path) {
    let (mut found, mut wanted) = (files(one), files(other));
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    found.retain(|path, bytes| wanted.get(path) != Some(bytes));
    if let Some((path, bytes)) = found.first_key_value() {
        let wanted = wanted.remove(path).unwrap();
        let (found, wanted) = (String::from_utf8_lossy(bytes), String::from_utf8_lossy(&wanted));
        let lines = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
        panic!("{}: {lines:?}", one.join(path).display());
    }
}

/// Expects that what the folder `tool` tells is the same in two courses of `portal`.
pub fn expect_equal(portal: &TestPortal, tool: &str, from: &str, to: &str) {
    let sides = [from, to].map(|code| Side::new(&portal.portal, code));
    let of_tool = |shown: &String| kinds(tool).iter().any(|kind| shown.starts_with(kind));
    let found = differences(&sides[0], &sides[1]).into_iter().map(|lost| lost.shown);
    // Names on the disk mean nothing to people, and are made anew.
    let found: Vec<String> = found.filter(|shown| of_tool(shown) && !shown.contains("_attachment.path: ")).collect();
    assert!(found.is_empty(), "{tool} of {from} and {to}:\n{}", found.join("\n"));
}

/// Some file of a tool that is no attachment.
pub fn some_file(folder: &Path) -> PathBuf {
    let all = files(folder).into_keys();
    let mut own = all.filter(|path| !path.iter().any(|part| part.to_str().unwrap().ends_with("_files")));
    folder.join(own.find(|path| !path.ends_with("index.html")).unwrap())
}
