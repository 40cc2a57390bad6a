//! The scripts of SCORM packages: small, made of their sources, with unit tests of their own.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use coursefs::scorm::runtime;
use support::Ended;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scripts() -> Vec<(&'static str, &'static [u8])> {
    runtime::FILES.iter().copied().filter(|(name, _)| name.ends_with(".js")).collect()
}

#[test]
fn all_scripts_of_a_package_together_are_smaller_than_30_kb() {
    let sizes: Vec<usize> = scripts().iter().map(|(_, bytes)| bytes.len()).collect();
    assert_eq!(sizes.len(), 3);
    assert!(sizes.iter().sum::<usize>() < 30_000, "{sizes:?}");
}

#[test]
fn the_scripts_of_packages_are_made_of_their_sources() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(root().join("scripts/scorm-runtime")).arg(folder.path()).output().unwrap();
    Ended::of(made).done();
    for (name, bytes) in scripts() {
        let made = std::fs::read(folder.path().join(name)).unwrap();
        assert!(made == bytes, "{name} is not what its source says: run scripts/scorm-runtime");
    }
}

#[test]
fn the_unit_tests_of_the_scripts_hold() {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("tests/runtime")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2);
    let tests = Command::new("node").args(["--test", "--test-reporter=tap"]).args(&files).output().unwrap();
    let said = Ended::of(tests).done().text();
    let passed = said.lines().find_map(|line| line.strip_prefix("# pass ")).and_then(|number| number.parse().ok());
    assert!(passed.is_some_and(|passed: usize| passed >= 20), "{said}");
}
