//! The backup that a real Chamilo made, restored and read out again: the same documents.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Contents, Listed, Mount, TestPortal, contents, portals, run};

/// The documents of a backup that are files, and the folders, with their bytes.
fn documents(archive: &Contents) -> BTreeMap<&str, Option<&[u8]>> {
    let below = archive.entries.iter().filter(|(name, _)| name.starts_with("document/"));
    let entries = below.map(|(name, bytes)| match name.strip_suffix('/') {
        Some(folder) => (folder, None),
        None => (name.as_str(), Some(bytes.as_slice())),
    });
    // Chamilo's archiver writes an entry for the folder of all documents too.
    entries.filter(|(name, _)| *name != "document").collect()
}

#[test]
fn the_reference_backup_comes_out_with_the_same_documents() {
    let portal = TestPortal::new();
    portal.reference_course();
    let mount = Mount::of(&portal);
    let theirs = contents(&std::fs::read(support::reference_backup()).unwrap());
    let ours = contents(&std::fs::read(mount.join("REF000/backup.zip")).unwrap());
    assert_eq!(documents(&ours), documents(&theirs));
    assert_eq!(theirs.listed.len(), 6);
    assert_eq!(ours.listed.keys().collect::<Vec<_>>(), theirs.listed.keys().collect::<Vec<_>>());
    for (path, their) in &theirs.listed {
        let our = &ours.listed[path];
        let (Listed { kind, title, comment, size, .. }, visibility) = (their, their.visibility.or(Some(1)));
        assert_eq!((&our.kind, &our.title, &our.comment, our.size), (kind, title, comment, *size), "{path}");
        // Chamilo leaves the properties of what a learning path uses empty; that means visible.
        assert_eq!(our.visibility, visibility, "{path}");
    }
}

#[test]
fn the_restored_documents_are_those_that_the_portal_had() {
    let portal = TestPortal::new();
    portal.reference_course();
    let mount = Mount::of(&portal);
    let ours = contents(&std::fs::read(mount.join("REF000/backup.zip")).unwrap());
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/REF000-content.json");
    let had: Value = serde_json::from_slice(&std::fs::read(data).unwrap()).unwrap();
    let had = had["documents"].as_object().unwrap();
    // Users' own folders are in no backup.
    let had: Vec<_> =
        had.values().filter(|document| !["/chat_files", "/shared_folder"].contains(&text(document, "path"))).collect();
    assert_eq!(ours.listed.len(), had.len());
    for document in had {
        let path = text(document, "path");
        let listed = &ours.listed[&format!("document{path}")];
        assert_eq!(listed.kind, text(document, "filetype"), "{path}");
        assert_eq!(listed.title.as_deref(), document["title"].as_str(), "{path}");
        assert_eq!(listed.comment.as_deref(), document["comment"].as_str(), "{path}");
        assert_eq!(listed.visibility.unwrap().to_string(), text(document, "visibility"), "{path}");
        assert_eq!(listed.size.unwrap().to_string(), text(document, "size"), "{path}");
        // Pages are told by a hash of their text with the course's code taken out.
        let shown = mount.join("REF000/Document").join(&path[1..]);
        match text(document, "content") {
            // Only a row from the first day on, until the first certificate is made.
            "missing" => assert_eq!(path, "/certificates"),
            "folder" => assert!(shown.is_dir(), "{path}"),
            hash => {
                let bytes = std::fs::read(&shown).unwrap();
                let (hash, bytes) = match hash.strip_prefix("html:") {
                    Some(hash) => (hash, String::from_utf8(bytes).unwrap().replace("REF000", "{C}").into_bytes()),
                    None => (hash, bytes),
                };
                assert_eq!(sha256(&bytes), hash, "{path}");
            }
        }
    }
}

fn text<'a>(document: &'a Value, key: &str) -> &'a str {
    document[key].as_str().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    let mut program = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut program.stdin.take().unwrap(), bytes).unwrap();
    let output = program.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_course_restored_from_its_own_archive_is_the_same_course_again() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/Leçon 1");
    course.folder("/Leçon 1/empty");
    let page = course.file("/Leçon 1/été (1).html", "<p>été</p>".as_bytes());
    let title = format!("Été {}", portals::rare_letter());
    portal.execute(
        "UPDATE c_document SET title = ?, comment = 'Lisez' WHERE iid = ?",
        &[title.as_str().into(), page.into()],
    );
    let hidden = course.file("/日本.txt", &support::noise(1, 100_000));
    course.set_visibility(hidden, 0);
    let mount = Mount::of(&portal);
    let copy = portal.aside("copy.zip");
    run("cp", &[&mount.join("GEO101/backup.zip"), &copy]);
    portal.coursefs(&[&"restore", &portal.root(), &"GEO102", &copy, &"--create"]).done();
    let read = |code: &str| contents(&std::fs::read(mount.join(code).join("backup.zip")).unwrap());
    let (original, restored) = (read("GEO101"), read("GEO102"));
    assert_eq!(documents(&restored), documents(&original));
    assert_eq!(restored.listed, original.listed);
    for path in ["Leçon 1/été (1).html", "日本.txt"] {
        let time = |code: &str| mount.join(code).join("Document").join(path).metadata().unwrap().modified().unwrap();
        let difference = time("GEO101").duration_since(time("GEO102")).unwrap();
        assert!(difference < std::time::Duration::from_secs(1), "{path}: {difference:?}");
    }
}
