//! What the fuzz targets in `fuzz/` once looked at, looked at again: their corpus goes through the same checks.
//!
//! A file that made a target fail goes into `fuzz/corpus/<target>/` and stays.
#![allow(clippy::unwrap_used)]

#[path = "../fuzz/checks.rs"]
mod checks;

use std::path::Path;

/// The files that were kept for a target, and at least `least` of them.
fn corpus(target: &str, least: usize) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() >= least, "{target}: {}", files.len());
    files
}

#[test]
fn what_the_php_reader_reads_can_be_written_and_read_again() {
    for (name, bytes) in corpus("php_read", 7) {
        println!("{name}");
        checks::php_read(&bytes);
    }
}

#[test]
fn a_serialized_course_is_restored_whole_or_not_at_all_and_a_second_time_adds_nothing() {
    let place = checks::Place::new();
    for (name, bytes) in corpus("restore_course", 2) {
        println!("{name}");
        place.restore(&checks::archive_of(&bytes));
    }
}

#[test]
fn an_archive_is_restored_whole_or_not_at_all_and_a_second_time_adds_nothing() {
    let place = checks::Place::new();
    for (name, bytes) in corpus("restore_archive", 3) {
        println!("{name}");
        place.restore(&bytes);
    }
}
