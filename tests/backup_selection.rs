//! Backups of selected tools: `backup@Document+Link.zip` and `coursefs backup --select`.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::ErrorKind;

use coursefs::php::{self, Limits, Value};
use support::{Mount, TestPortal, contents, names};

fn sample() -> TestPortal {
    let portal = TestPortal::new();
    portal.coursefs(&[&"init", &portal.aside("sample"), &"--sample"]).done();
    portal
}

/// The resource types of a selection of a sample course, each with its number, and the documents.
fn selected(portal: &TestPortal, code: &str, tools: &str) -> (Vec<(String, usize)>, Vec<String>) {
    let file = portal.aside("part.zip");
    portal.coursefs(&[&"backup", &portal.aside("sample"), &code, &"--select", &tools, &"-o", &file]).done();
    let contents = contents(&std::fs::read(file).unwrap());
    let (course, _) = php::read(&contents.serialized, &Limits::default()).unwrap();
    assert_eq!(course.get("type").and_then(Value::as_text).unwrap(), "partial");
    let kinds = course.get("resources").unwrap().entries().iter().map(|(key, items)| {
        let entries = items.entries().iter().filter(|(key, _)| *key != php::Key::Int(-1));
        (String::from_utf8(key.plain().into_owned()).unwrap(), entries.count())
    });
    let kinds = kinds.filter(|(_, count)| *count > 0).collect();
    (kinds, contents.listed.keys().cloned().collect())
}

fn kinds(found: &[(String, usize)]) -> Vec<&str> {
    found.iter().map(|(kind, _)| kind.as_str()).collect()
}

#[test]
fn a_selection_holds_the_selected_tools_only() {
    let portal = sample();
    let (found, documents) = selected(&portal, "GEO101", "Glossary");
    assert_eq!(kinds(&found), ["glossary"]);
    assert!(documents.is_empty());
    let (found, documents) = selected(&portal, "GEO101", "Document,Link");
    assert_eq!(kinds(&found), ["document", "Link_Category", "link"]);
    assert!(documents.len() > 10);
}

#[test]
fn what_a_selected_item_needs_comes_along() {
    let portal = sample();
    let (found, documents) = selected(&portal, "GEO101", "Test");
    let found = kinds(&found).into_iter().map(str::to_owned).collect::<Vec<_>>();
    for kind in ["quiz", "Exercise_Question", "test_category", "document"] {
        assert!(found.iter().any(|other| other == kind), "{kind} is missing among {found:?}");
    }
    // The picture of a hotspot question, with its folder.
    assert_eq!(documents, ["document/Lecon-1", "document/Lecon-1/coupe-volcan.png"]);
}

#[test]
fn a_selection_is_read_from_the_mount_by_its_name_and_not_listed() {
    let portal = sample();
    let file = portal.aside("part.zip");
    let sample = portal.aside("sample");
    portal.coursefs(&[&"backup", &sample, &"GEO101", &"--select", &"Glossary,Link", &"-o", &file]).done();
    let mount = Mount::with_portal(&portal, &sample);
    for name in ["backup@Glossary+Link.zip", "backup@Link+Glossary.zip"] {
        assert_eq!(std::fs::read(mount.join("GEO101").join(name)).unwrap(), std::fs::read(&file).unwrap());
    }
    assert!(names(&mount.join("GEO101")).iter().all(|name| !name.contains('@')));
}

#[test]
fn unknown_tools_do_not_exist() {
    let portal = sample();
    let sample = portal.aside("sample");
    let mount = Mount::with_portal(&portal, &sample);
    for name in ["backup@Nothing.zip", "backup@.zip", "backup@Link+.zip", "backup@link.zip", "backup@Link"] {
        let error = std::fs::metadata(mount.join("GEO101").join(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{name}");
    }
    portal
        .coursefs(&[&"backup", &sample, &"GEO101", &"--select", &"Nothing", &"-o", &"-"])
        .failed_saying(&["Nothing", "Document", "Glossary"]);
}

#[test]
fn a_restored_selection_adds_its_items_and_nothing_else() {
    let portal = sample();
    let (file, other) = (portal.aside("part.zip"), portal.aside("other"));
    portal.coursefs(&[&"backup", &portal.aside("sample"), &"GEO101", &"--select", &"Test", &"-o", &file]).done();
    portal.coursefs(&[&"init", &other]).done();
    let report = portal.coursefs(&[&"restore", &other, &"PART1", &file, &"--create"]).done().text();
    assert!(report.contains("quiz: 2 added"), "{report}");
    assert!(!report.contains("link"), "{report}");
}
