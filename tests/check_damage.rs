//! Every kind of damage is found, mending mends what it promises and touches nothing else, and nothing makes the check
//! fail.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use coursefs::check::{Finding, KINDS, Kind, Scope, Weight, check};
use coursefs::course::document_rows::DocumentKind;
use coursefs::portal::database::Value;
use coursefs::portal::{Access, Portal};
use support::{Random, Snapshot, TestPortal, snapshot};

/// A way to damage the sample portal: the kind of finding that tells of it, and how it is done.
type Damage = (&'static str, fn(&TestPortal));

/// The key of a row of GEO101.
fn key(portal: &TestPortal, table: &str, column: &str, value: &str) -> i64 {
    let course = portal.existing("GEO101").id();
    let rows = portal.rows(
        &format!("SELECT iid FROM {table} WHERE c_id = ? AND {column} = ? ORDER BY iid"),
        &[course.into(), value.into()],
    );
    rows.first().unwrap_or_else(|| panic!("no {value} in {table}")).int("iid").unwrap()
}

fn document(portal: &TestPortal, path: &str) -> i64 {
    key(portal, "c_document", "path", path)
}

/// Sets a column of the row `iid`.
fn set(portal: &TestPortal, table: &str, iid: i64, column: &str, value: impl Into<Value>) {
    portal.execute(&format!("UPDATE {table} SET {column} = ? WHERE iid = ?"), &[value.into(), iid.into()]);
}

fn delete(portal: &TestPortal, table: &str, iid: i64) {
    portal.execute(&format!("DELETE FROM {table} WHERE iid = ?"), &[iid.into()]);
}

fn without_property(portal: &TestPortal, tool: &str, item: i64) {
    let course = portal.existing("GEO101").id();
    let sql = "DELETE FROM c_item_property WHERE c_id = ? AND tool = ? AND ref = ?";
    portal.execute(sql, &[course.into(), tool.into(), item.into()]);
}

fn on_disk(portal: &TestPortal, path: &str) -> PathBuf {
    portal.existing("GEO101").on_disk(path)
}

fn in_course(portal: &TestPortal, path: &str) -> PathBuf {
    portal.existing("GEO101").folder_on_disk().join(path)
}

const PAGE: &str = "/Leçon 1/Les volcans d'Auvergne.html";
const SHEET: &str = "/Programme du cours.pdf";

const DAMAGES: &[Damage] = &[
    ("leftover", |portal| std::fs::create_dir_all(portal.root().join("app/cache/coursefs-Ab12cd")).unwrap()),
    ("folder-without-course", |portal| std::fs::create_dir(portal.root().join("app/courses/STRAY")).unwrap()),
    ("rows-without-course", |portal| {
        portal.execute("UPDATE c_glossary SET c_id = 4711 WHERE iid = ?", &[key_of_first(portal, "c_glossary").into()]);
    }),
    ("course-code", |portal| portal.execute("UPDATE course SET code = 'BIO/110' WHERE code = 'BIO110'", &[])),
    ("course-folder", |portal| {
        std::fs::rename(portal.root().join("app/courses/BIO110"), portal.root().join("app/cache/BIO110_1")).unwrap();
    }),
    ("course-folder", |portal| portal.execute("UPDATE course SET directory = '../..' WHERE code = 'BIO110'", &[])),
    ("shared-folder", |portal| portal.execute("UPDATE course SET directory = 'GEO101' WHERE code = 'BIO110'", &[])),
    ("unreadable", |portal| std::fs::rename(in_course(portal, "document"), in_course(portal, "documents")).unwrap()),
    ("document-without-file", |portal| std::fs::remove_file(on_disk(portal, SHEET)).unwrap()),
    ("document-without-file", |portal| {
        portal.existing("GEO101").row("/Absents", DocumentKind::Folder);
    }),
    ("file-without-document", |portal| std::fs::write(on_disk(portal, "/Leçon 1/stray.txt"), "x").unwrap()),
    ("file-without-document", |portal| {
        std::fs::create_dir(on_disk(portal, "/stray")).unwrap();
        std::fs::write(on_disk(portal, "/stray/inside.txt"), "x").unwrap();
    }),
    ("document-path", |portal| set(portal, "c_document", document(portal, SHEET), "path", "/../../portal.sqlite")),
    ("document-path", |portal| set(portal, "c_document", document(portal, SHEET), "path", "no slash")),
    ("document-path", |portal| set(portal, "c_document", document(portal, SHEET), "path", "")),
    ("document-type", |portal| {
        std::fs::remove_file(on_disk(portal, SHEET)).unwrap();
        std::fs::create_dir(on_disk(portal, SHEET)).unwrap();
    }),
    ("document-type", |portal| {
        std::fs::remove_file(on_disk(portal, SHEET)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", on_disk(portal, SHEET)).unwrap();
    }),
    ("document-size", |portal| set(portal, "c_document", document(portal, SHEET), "size", 5)),
    ("document-size", |portal| std::fs::write(on_disk(portal, SHEET), "shorter").unwrap()),
    ("duplicate-path", |portal| {
        portal.existing("GEO101").row(SHEET, DocumentKind::File { size: 994 });
    }),
    ("parent-without-row", |portal| {
        let folder = document(portal, "/Leçon 1");
        without_property(portal, "document", folder);
        delete(portal, "c_document", folder);
    }),
    ("name-encoding", |portal| {
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
        std::fs::write(on_disk(portal, "/").join(name), "x").unwrap();
    }),
    ("without-property", |portal| without_property(portal, "document", document(portal, PAGE))),
    ("without-property", |portal| without_property(portal, "document", document(portal, "/Leçon 2"))),
    ("without-property", |portal| without_property(portal, "link", key_of_first(portal, "c_link"))),
    ("without-property", |portal| without_property(portal, "learnpath", key_of_first(portal, "c_lp"))),
    ("without-audience", |portal| without_property(portal, "announcement", key_of_first(portal, "c_announcement"))),
    ("property-without-item", |portal| delete(portal, "c_wiki", key_of_first(portal, "c_wiki"))),
    ("property-without-item", |portal| delete(portal, "c_document", document(portal, SHEET))),
    ("property-without-item", |portal| {
        let sql = "UPDATE c_item_property SET ref = -1 WHERE tool = 'course_description' AND c_id = ?";
        portal.execute(sql, &[portal.existing("GEO101").id().into()]);
    }),
    ("dates", |portal| {
        let sql = "UPDATE c_item_property SET insert_date = '2031-01-01 00:00:00' \
                   WHERE tool = 'document' AND ref = ? AND c_id = ?";
        portal.execute(sql, &[document(portal, SHEET).into(), portal.existing("GEO101").id().into()]);
    }),
    ("file-of-item", |portal| std::fs::remove_dir_all(in_course(portal, "upload/announcements")).unwrap()),
    ("package", |portal| {
        portal.execute(
            "UPDATE c_lp SET lp_type = 2, path = 'pack/.' WHERE iid = ?",
            &[key_of_first(portal, "c_lp").into()],
        );
    }),
    ("package-without-path", |portal| std::fs::create_dir_all(in_course(portal, "scorm/left/over")).unwrap()),
    ("step-without-path", |portal| set(portal, "c_lp_item", step(portal, "link"), "lp_id", 4711)),
    ("step-target", |portal| set(portal, "c_lp_item", step(portal, "quiz"), "path", "4711")),
    ("step-target", |portal| set(portal, "c_lp_item", step(portal, "document"), "path", "-1")),
    ("step-target", |portal| delete(portal, "c_forum_forum", key_of_first(portal, "c_forum_forum"))),
    ("step-parent", |portal| set(portal, "c_lp_item", step(portal, "document"), "parent_item_id", 4711)),
    ("step-parent", |portal| {
        let chapter = step(portal, "dir");
        set(portal, "c_lp_item", chapter, "parent_item_id", chapter);
    }),
    ("step-order", |portal| set(portal, "c_lp_item", step(portal, "quiz"), "next_item_id", 4711)),
    ("step-order", |portal| set(portal, "c_lp_item", step(portal, "quiz"), "previous_item_id", 0)),
    ("step-order", |portal| set(portal, "c_lp_item", step(portal, "thread"), "display_order", 1)),
    ("step-order", |portal| delete(portal, "c_lp_item", step(portal, "forum"))),
    ("prerequisite", |portal| set(portal, "c_lp_item", step(portal, "forum"), "prerequisite", "4711")),
    ("prerequisite", |portal| set(portal, "c_lp", key_of_first(portal, "c_lp"), "prerequisite", 4711)),
    ("path-category", |portal| set(portal, "c_lp", key_of_first(portal, "c_lp"), "category_id", 4711)),
    ("text-encoding", |portal| set(portal, "c_link", key_of_first(portal, "c_link"), "description", "Ã©tÃ©")),
    ("text-encoding", |portal| set(portal, "c_document", document(portal, SHEET), "title", "LeÃ§on")),
    ("title-slash", |portal| set(portal, "c_link", key_of_first(portal, "c_link"), "title", "Input/Output")),
    ("null-session", |portal| set(portal, "c_link", key_of_first(portal, "c_link"), "session_id", Value::Null)),
];

fn key_of_first(portal: &TestPortal, table: &str) -> i64 {
    let course = portal.existing("GEO101").id();
    let rows = portal.rows(&format!("SELECT MIN(iid) AS iid FROM {table} WHERE c_id = ?"), &[course.into()]);
    rows[0].int("iid").unwrap()
}

fn step(portal: &TestPortal, kind: &str) -> i64 {
    key(portal, "c_lp_item", "item_type", kind)
}

/// The sample portal, as new.
fn sample() -> TestPortal {
    static SAMPLE: OnceLock<TestPortal> = OnceLock::new();
    let copy = SAMPLE
        .get_or_init(|| {
            let portal = TestPortal::new();
            coursefs::sample::fill(&portal.portal).unwrap();
            portal
        })
        .copy();
    copy.writable()
}

fn findings(portal: &TestPortal, repair: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let scope = Scope::all(&portal.portal).unwrap();
    check(&portal.portal, &scope, repair, &mut |finding| findings.push(finding)).unwrap();
    findings
}

fn kinds(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().map(|finding| finding.kind.name).collect()
}

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).unwrap_or_else(|| panic!("there is no kind {name}"))
}

#[test]
fn there_is_a_damage_for_every_kind_of_finding() {
    let damaged: BTreeSet<&str> = DAMAGES.iter().map(|(name, _)| *name).collect();
    assert_eq!(damaged, KINDS.iter().map(|kind| kind.name).collect());
}

#[test]
fn every_damage_is_found_and_looking_changes_nothing() {
    assert_eq!(findings(&sample(), false), []);
    for (place, (name, damage)) in DAMAGES.iter().enumerate() {
        let portal = sample();
        damage(&portal);
        let before = snapshot(&portal);
        let found = findings(&portal, false);
        assert!(kinds(&found).contains(name), "damage {place} ({name}): {found:#?}");
        assert!(found.iter().all(|finding| !finding.mended));
        assert_eq!(snapshot(&portal), before, "damage {place} ({name})");
    }
}

/// Files that are not the database's.
fn files(snapshot: Snapshot) -> std::collections::BTreeMap<String, String> {
    snapshot.files.into_iter().filter(|(path, _)| !path.starts_with("cache")).collect()
}

#[test]
fn mending_mends_what_it_promises_and_no_file_is_touched() {
    for (place, (name, damage)) in DAMAGES.iter().enumerate() {
        let portal = sample();
        damage(&portal);
        let before = files(snapshot(&portal));
        let mended = findings(&portal, true);
        let is_mendable = kind(name).mended.is_some();
        let of_kind = |finding: &&Finding| finding.kind.name == *name;
        assert_eq!(mended.iter().filter(of_kind).all(|finding| finding.mended), is_mendable, "{place}: {mended:#?}");
        assert!(files(snapshot(&portal)) == before, "damage {place} ({name})");
        let left = findings(&portal, true);
        let stays: Vec<&Finding> = mended.iter().filter(|finding| !finding.mended).collect();
        assert_eq!(left.iter().collect::<Vec<_>>(), stays, "damage {place} ({name}): a second run");
    }
}

#[test]
fn a_sound_portal_is_not_changed_by_mending() {
    let portal = sample();
    let before = snapshot(&portal);
    assert_eq!(findings(&portal, true), []);
    assert_eq!(snapshot(&portal), before);
}

#[test]
fn what_a_mended_row_says_is_what_chamilo_would_have_written() {
    let portal = sample();
    let course = portal.existing("GEO101").id();
    let folder = document(&portal, "/Leçon 1");
    without_property(&portal, "document", folder);
    delete(&portal, "c_document", folder);
    without_property(&portal, "link", key_of_first(&portal, "c_link"));
    set(&portal, "c_document", document(&portal, SHEET), "size", 5);
    std::fs::File::options()
        .write(true)
        .open(on_disk(&portal, SHEET))
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_856_000))
        .unwrap();
    delete(&portal, "c_lp_item", step(&portal, "forum"));
    findings(&portal, true);

    let property = |tool: &str, item: i64| {
        let sql = "SELECT * FROM c_item_property WHERE c_id = ? AND tool = ? AND ref = ?";
        let rows = portal.rows(sql, &[course.into(), tool.into(), item.into()]);
        assert_eq!(rows.len(), 1, "{tool} {item}");
        rows[0].clone()
    };
    let made = document(&portal, "/Leçon 1");
    let row = &portal.rows("SELECT * FROM c_document WHERE iid = ?", &[made.into()])[0];
    assert_eq!((row.text("filetype").as_str(), row.text("title").as_str()), ("folder", "Leçon 1"));
    assert_eq!((row.int("id"), row.int("size"), row.int("session_id")), (Some(made), Some(0), Some(0)));
    let row = property("document", made);
    assert_eq!((row.text("lastedit_type").as_str(), row.int("visibility")), ("FolderCreated", Some(0)));
    assert_eq!((row.get("session_id"), row.get("to_group_id")), (&Value::Null, &Value::Null));
    assert_eq!(row.int("id"), row.int("iid"));
    let row = property("link", key_of_first(&portal, "c_link"));
    assert_eq!((row.text("lastedit_type").as_str(), row.int("visibility")), ("LinkAdded", Some(0)));
    let sheet = document(&portal, SHEET);
    assert_eq!(portal.rows("SELECT size FROM c_document WHERE iid = ?", &[sheet.into()])[0].int("size"), Some(994));
    assert_eq!(property("document", sheet).text("lastedit_date"), "2026-10-01 12:00:00");
    let sql = "SELECT iid, previous_item_id, next_item_id, display_order FROM c_lp_item \
               WHERE c_id = ? AND parent_item_id = 0 ORDER BY display_order";
    let steps: Vec<[i64; 4]> = portal
        .rows(sql, &[course.into()])
        .iter()
        .map(|row| ["iid", "previous_item_id", "next_item_id", "display_order"].map(|name| row.int(name).unwrap()))
        .collect();
    for (place, step) in steps.iter().enumerate() {
        let neighbour = |place: Option<usize>| place.and_then(|place| steps.get(place)).map_or(0, |step| step[0]);
        assert_eq!(step[1], neighbour(place.checked_sub(1)));
        assert_eq!(step[2], neighbour(place.checked_add(1)));
        assert_eq!(step[3], place as i64 + 1);
    }
}

#[test]
fn damages_on_top_of_one_another_are_found_and_mended_too() {
    let mut random = Random::new(20260901);
    for round in 0..25 {
        let portal = sample();
        let mut done = Vec::new();
        for _ in 0..2 + random.below(6) {
            let (name, damage) = DAMAGES[random.below(DAMAGES.len())];
            // Some damages leave nothing for others to work on.
            let undone = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| damage(&portal))).is_err();
            done.push((name, undone));
        }
        let found = findings(&portal, false);
        assert!(!found.is_empty(), "round {round}: {done:?}");
        findings(&portal, true);
        let left = findings(&portal, true);
        let mendable = left.iter().filter(|finding| finding.mended).collect::<Vec<_>>();
        assert!(mendable.is_empty(), "round {round}: {done:?} {mendable:#?}");
        let left = findings(&portal, false);
        let faults = |findings: &[Finding]| {
            findings.iter().filter(|finding| finding.weight == Weight::Fault).map(|finding| finding.kind.name).collect()
        };
        let (before, after): (BTreeSet<_>, BTreeSet<_>) = (faults(&found), faults(&left));
        assert!(after.is_subset(&before), "round {round}: {done:?} {before:?} {after:?}");
    }
}

#[test]
fn mending_a_portal_puts_a_leftover_in_order_that_opening_would_have() {
    let portal = sample();
    std::fs::create_dir_all(portal.root().join("app/cache/coursefs-Ab12cd/course")).unwrap();
    assert!(findings(&portal, true).iter().all(|finding| finding.mended));
    assert!(!portal.root().join("app/cache/coursefs-Ab12cd").exists());
    drop(Portal::open(portal.root(), Access::ReadWrite).unwrap());
}
