//! Packages are taken in by a learning system that is not ours (scormhost), and play in its own player.
#![allow(clippy::unwrap_used)]

mod scorm_support;
mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use scorm_support::{package, sample_portal};
use serde_json::Value as Json;
use support::{Ended, TestPortal};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a script of ours prints: a folder.
fn folder_of(script: &str) -> PathBuf {
    PathBuf::from(Ended::of(Command::new(root().join(script)).output().unwrap()).done().text().trim())
}

/// The system, which ends with the test.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        // It serves until its input ends.
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// The items of a manifest that can be launched: title and page, in their order.
fn launches(manifest: &str) -> Vec<(String, String)> {
    let document = roxmltree::Document::parse(manifest).unwrap();
    let named = |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
    let items = named("item").filter_map(|item| {
        let title = item.children().find(|child| child.tag_name().name() == "title")?.text()?;
        let resource = named("resource").find(|one| one.attribute("identifier") == item.attribute("identifierref"))?;
        Some((title.to_owned(), resource.attribute("href")?.to_owned()))
    });
    items.collect()
}

#[test]
fn another_learning_system_imports_every_package_and_plays_it() {
    let (sample, reference) = (sample_portal(), TestPortal::new());
    reference.reference_course();
    let folder = tempfile::tempdir().unwrap();
    let mut archives = Vec::new();
    let mut manifests = Vec::new();
    for (portal, code, path) in [
        (&sample, "GEO101", None),
        (&sample, "BIO110", None),
        (&sample, "HIST20", None),
        (&sample, "GEO101", Some("Volcans")),
        (&sample, "BIO110", Some("Plants and light")),
        (&sample, "HIST20", Some("Agua y caminos")),
        (&reference, "REF000", Some("Reading path")),
    ] {
        let archive = package(portal, code, path);
        let file = folder.path().join(format!("{}-{}.zip", code, archives.len()));
        std::fs::write(&file, &archive).unwrap();
        archives.push(file);
        let entries = scorm_support::entries(&archive);
        manifests.push(String::from_utf8(entries["imsmanifest.xml"].clone()).unwrap());
    }
    let mut host = Command::new("python3");
    host.arg(root().join("tests/importer/host.py")).arg(folder.path().join("data")).args(&archives);
    host.env("PYTHONPATH", folder_of("scripts/scorm-importer")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut host = Host(host.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(host.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: Json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    let imported = told["imported"].as_array().unwrap();
    assert_eq!(imported.len(), manifests.len());
    for (one, manifest) in imported.iter().zip(&manifests) {
        let read: Vec<(String, String)> = one["manifest"]["launches"]
            .as_array()
            .unwrap()
            .iter()
            .map(|launch| (launch["title"].as_str().unwrap().to_owned(), launch["href"].as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(read, launches(manifest));
        assert!(!read.is_empty());
        assert_eq!(one["manifest"]["schema_version"], "1.2");
    }

    let list = folder.path().join("imported.json");
    std::fs::write(&list, &line).unwrap();
    let modules = folder_of("scripts/browser-modules");
    let visited = Command::new("node")
        .arg(root().join("tests/importer/visit.mjs"))
        .arg(&list)
        .env("COURSEFS_BROWSER_MODULES", modules)
        .output();
    let stored: Json = serde_json::from_str(&Ended::of(visited.unwrap()).done().text()).unwrap();
    let mut tests = 0;
    for one in imported {
        for launch in one["manifest"]["launches"].as_array().unwrap() {
            let href = launch["href"].as_str().unwrap();
            let is_test = ["Premier réveil", "Leaf check", "Entry test"].contains(&launch["title"].as_str().unwrap());
            tests += usize::from(is_test);
            // A test that is only opened is not done.
            let expected = if is_test { "incomplete" } else { "completed" };
            assert_eq!(stored[one["id"].as_str().unwrap()][href], expected, "{launch}");
        }
    }
    assert_eq!(tests, 5);
}
