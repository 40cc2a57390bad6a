//! Backups of Chamilo 1.9 and 1.10, whose classes had no namespaces: Chamilo 1.11 refuses them, we don't.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coursefs::backup::restore::{Options, restore};
use coursefs::portal::{Access, Portal};
use reference_support::chamilos_backup;
use reference_support::equal::{Side, differences};
use support::portals;
use zip::write::SimpleFileOptions;

const NAMESPACE: &[u8] = b"Chamilo\\CourseBundle\\Component\\CourseCopy\\";

/// Serialized objects with the bare names of their classes; returns how many these were.
fn without_namespaces(serialized: &[u8]) -> (Vec<u8>, usize) {
    let (mut bare, mut from, mut count) = (Vec::new(), 0, 0);
    while let Some(found) = serialized[from..].windows(NAMESPACE.len()).position(|window| window == NAMESPACE) {
        let name = from + found;
        let end = name + serialized[name..].iter().position(|byte| *byte == b'"').unwrap();
        let short = serialized[name..end].rsplit(|byte| *byte == b'\\').next().unwrap();
        // O:64:"Chamilo…
        let header = serialized[..name - 2].iter().rposition(|byte| *byte == b':').unwrap();
        assert!(serialized[..header].ends_with(b"O"), "no class");
        bare.extend_from_slice(&serialized[from..=header]);
        bare.extend_from_slice(format!("{}:\"", short.len()).as_bytes());
        bare.extend_from_slice(short);
        (from, count) = (end, count + 1);
    }
    bare.extend_from_slice(&serialized[from..]);
    (bare, count)
}

/// Chamilo's own backup of the reference course with such classes.
fn older(path: &Path) {
    let mut zip = zip::ZipArchive::new(File::open(chamilos_backup()).unwrap()).unwrap();
    let mut older = zip::ZipWriter::new(File::create(path).unwrap());
    for place in 0..zip.len() {
        let mut entry = zip.by_index(place).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if name == "course_info.dat" {
            let (bare, count) = without_namespaces(&STANDARD.decode(&bytes).unwrap());
            assert!(count > 50, "{count}");
            bytes = STANDARD.encode(bare).into_bytes();
        }
        if entry.is_dir() {
            older.add_directory(name, SimpleFileOptions::default()).unwrap();
        } else {
            older.start_file(name, SimpleFileOptions::default()).unwrap();
            older.write_all(&bytes).unwrap();
        }
    }
    older.finish().unwrap();
}

#[test]
fn a_backup_whose_classes_have_no_namespaces_is_restored_as_any_other() {
    let folder = tempfile::tempdir().unwrap();
    drop(portals::init(&folder.path().join("portal")));
    let portal = Portal::open(&folder.path().join("portal"), Access::ReadWrite).unwrap();
    let archive = folder.path().join("older.zip");
    older(&archive);
    for (code, archive) in [("NEW000", &chamilos_backup()), ("OLD000", &archive)] {
        let options = Options { create: true, ..Options::default() };
        let report = restore(&portal, code, archive, options, &mut |_, _| {}).unwrap();
        assert!(report.not_understood.is_empty(), "{code}: {:?}", report.not_understood);
    }
    let sides = [Side::new(&portal, "NEW000"), Side::new(&portal, "OLD000")];
    assert!(sides[0].items() > 30, "{}", sides[0].items());
    // What has no dates in the archive has those of its restore.
    let dates = ["insert_date", "lastedit_date"];
    let lost = differences(&sides[0], &sides[1]).into_iter().filter(|lost| !dates.contains(&lost.column.as_str()));
    let lost: Vec<String> = lost.map(|lost| lost.shown).collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}
