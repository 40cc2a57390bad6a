//! A hundred thousand random operations on one document by fsx, which compares every byte that it reads.
#![allow(clippy::unwrap_used)]

mod documents_support;
mod support;

use std::path::{Path, PathBuf};

use documents_support::{Setting, rows_follow_the_rules};
use support::Ended;

/// All that fsx can do, with what its own defaults leave out: other handles, mapped reading and writing, holes, copies
/// within the file, `fallocate`, `fsync`. What waits for the disk is rare, so that the test does not last long.
const OPERATIONS: &str = "
flen = 300000
[weights]
close_open = 2
read = 10
write = 10
mapread = 4
truncate = 5
invalidate = 1
fsync = 0.1
fdatasync = 0.1
mapwrite = 1
posix_fallocate = 2
punch_hole = 2
sendfile = 1
posix_fadvise = 1
copy_file_range = 4
";

/// Where scripts/test puts fsx, or wherever else it is.
fn fsx() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/programs/bin/fsx");
    if own.exists() { own } else { "fsx".into() }
}

fn is_clean(options: &str, operations: u32) {
    let begin = coursefs::course::Stamp::now(0).datetime();
    let mut setting = Setting::new(options);
    let (config, artifacts) = (setting.portal.aside("fsx.toml"), setting.portal.aside("artifacts"));
    std::fs::create_dir(&artifacts).unwrap();
    std::fs::write(&config, OPERATIONS).unwrap();
    let seed = "20261127";
    let document = setting.path("fsx.bin");
    let count = operations.to_string();
    let arguments: [&dyn AsRef<std::ffi::OsStr>; 9] =
        [&"-S", &seed, &"-N", &count, &"-f", &config, &"-P", &artifacts, &document];
    let started = support::start(fsx().to_str().unwrap(), &arguments).output();
    let output =
        started.unwrap_or_else(|error| panic!("can't start fsx ({error}): run scripts/test, which installs it"));
    let ended = Ended::of(output).done();
    assert!(ended.text().contains("A-OK") || ended.stderr.contains("A-OK"), "{}{}", ended.text(), ended.stderr);
    setting.portal.check_finds_nothing();
    setting.mount.unmount();
    setting.portal.check_finds_nothing();
    rows_follow_the_rules(&setting.portal, "GEO101", 1, &begin);
}

#[test]
fn fsx_finds_nothing_in_100000_operations_on_a_document_that_is_passed_through() {
    is_clean("ttl=1,passthrough", 100_000);
}

#[test]
fn fsx_finds_nothing_in_100000_operations_on_a_document_that_is_read_and_written_plainly() {
    is_clean("ttl=1,nopassthrough", 100_000);
}
