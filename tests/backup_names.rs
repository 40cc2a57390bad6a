//! Names in archives: Chamilo's importer must find every document, and ours must give every page back as it was.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use coursefs::course::names::survives_import;
use support::{TestPortal, contents, files_below};

/// A sample portal; its documents have accents, blanks and brackets in their names.
fn sample() -> TestPortal {
    let portal = TestPortal::new();
    let folder = portal.aside("sample");
    portal.coursefs(&[&"init", &folder, &"--sample"]).done();
    portal
}

/// The archive of a sample course.
fn archive(portal: &TestPortal, code: &str) -> Vec<u8> {
    let file = portal.aside("archive.zip");
    portal.coursefs(&[&"backup", &portal.aside("sample"), &code, &"-o", &file]).done();
    std::fs::read(file).unwrap()
}

/// Values of `src` and `href` in a page.
fn links(page: &str) -> Vec<&str> {
    let starts = page.match_indices("src=\"").chain(page.match_indices("href=\""));
    starts
        .map(|(place, word)| {
            let rest = &page[place + word.len()..];
            &rest[..rest.find('"').unwrap()]
        })
        .collect()
}

#[test]
fn every_name_in_the_archive_survives_chamilos_import() {
    let portal = sample();
    for code in ["GEO101", "HIST20", "BIO110"] {
        let contents = contents(&archive(&portal, code));
        for name in contents.entries.keys() {
            let parts = name.trim_end_matches('/').split('/');
            assert!(parts.clone().count() > 0);
            for part in parts {
                assert!(survives_import(part.as_bytes()), "{code}: {name}");
            }
        }
        for (path, listed) in &contents.listed {
            let entry = if listed.kind == "folder" { format!("{path}/") } else { path.clone() };
            assert!(contents.entries.contains_key(&entry), "{code}: {path} is listed, but not in the archive");
        }
    }
}

#[test]
fn links_in_the_pages_of_an_archive_lead_to_its_documents() {
    let portal = sample();
    let mut followed = 0;
    for code in ["GEO101", "HIST20", "BIO110"] {
        let contents = contents(&archive(&portal, code));
        for (name, bytes) in contents.entries.iter().filter(|(name, _)| name.ends_with(".html")) {
            let Ok(page) = std::str::from_utf8(bytes) else { continue };
            for link in links(page) {
                let path = link.split(['?', '#']).next().unwrap();
                let target = match path.strip_prefix(&format!("/courses/{code}/")) {
                    Some(target) => target.to_owned(),
                    None if path.is_empty() || path.contains(':') || path.starts_with('/') => continue,
                    None => {
                        let mut folders: Vec<&str> = name.split('/').collect();
                        folders.pop();
                        for part in path.split('/') {
                            match part {
                                ".." => drop(folders.pop()),
                                part => folders.push(part),
                            }
                        }
                        folders.join("/")
                    }
                };
                assert!(contents.entries.contains_key(&target), "{code}: {name} links to {link}, which is not there");
                followed += 1;
            }
        }
    }
    assert!(followed > 10, "only {followed} links were looked at");
}

#[test]
fn pages_whose_links_were_rewritten_come_back_byte_for_byte() {
    let portal = sample();
    archive(&portal, "GEO101");
    let restored = portal.aside("restored");
    portal.coursefs(&[&"init", &restored]).done();
    portal.coursefs(&[&"restore", &restored, &"GEO101", &portal.aside("archive.zip"), &"--create"]).done();
    let documents = |portal: std::path::PathBuf| {
        let mut files = files_below(&portal.join("app/courses/GEO101/document"));
        // What was deleted is in no backup.
        files.retain(|path, words| !path.contains("_DELETED_") && words.starts_with("file"));
        let bytes =
            |words: String| words.split_once(" bytes").unwrap().0.to_owned() + words.rsplit(' ').next().unwrap();
        files.into_iter().map(|(path, words)| (path, bytes(words))).collect::<Vec<_>>()
    };
    assert_eq!(documents(restored), documents(portal.aside("sample")));
}

#[test]
fn a_course_of_plain_names_is_archived_under_them_with_its_pages_untouched() {
    let portal = TestPortal::new();
    let course = portal.course("PLAIN1");
    let page = b"<img src='/courses/PLAIN1/document/a.png'><a href='sub/b.html'>\xF0\x9F\x98\x80";
    course.folder("/sub");
    course.file("/a.png", b"png");
    course.file("/page.html", page);
    course.file("/sub/b.html", b"<p>");
    let contents = contents(&course.backup());
    assert_eq!(contents.entries["document/page.html"], page);
    let names: BTreeSet<&str> = contents.listed.keys().map(String::as_str).collect();
    assert!(names.is_superset(&BTreeSet::from(["document/sub/b.html", "document/a.png", "document/page.html"])));
    // Nothing of ours stands beside documents that need nothing.
    let text = String::from_utf8_lossy(&contents.serialized);
    assert!(!text.contains("s:7:\"patches\""));
}
