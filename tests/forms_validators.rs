//! Other programs take the files of tools for what they are: an HTML validator, parsers of iCalendar, JSON Schema and
//! key files, a browser.
#![allow(clippy::unwrap_used)]

mod forms_support;
mod reference_support;
mod support;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use coursefs::forms::schema::schemas;
use coursefs::portal::database::DatabaseExt;
use coursefs::sample;
use forms_support::{files, shown, tree};
use reference_support::rows::{RARE, execute};
use reference_support::{CODE, portal};
use support::run;

/// Something that scripts/validators installs.
fn validator(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/validators").join(name);
    assert!(path.exists(), "there is no {}: run scripts/validators", path.display());
    path
}

fn check(arguments: &[&dyn AsRef<OsStr>]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validators/check.py");
    let path = format!("PYTHONPATH={}", validator("python").display());
    let mut all: Vec<&dyn AsRef<OsStr>> = vec![&path, &"python3", &script];
    all.extend_from_slice(arguments);
    run("env", &all)
}

/// All files of the sample courses and of the reference course, on the disk.
fn written(extension: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let (_portal_folder, reference) = portal();
    execute(&reference, RARE);
    let portal = support::TestPortal::new();
    // What pages of the reference course say is no sound HTML, and stays so: a text is its author's.
    let mut trees = if extension == ".html" { Vec::new() } else { vec![tree(&reference, CODE)] };
    let courses = sample::fill(&portal.portal).unwrap();
    trees.extend(courses.iter().map(|course| tree(&portal.portal, &shown(&course.code))));
    let mut paths = Vec::new();
    for (number, tree) in trees.iter().enumerate() {
        for (path, bytes) in files(tree) {
            if path.ends_with(extension) {
                // Commas and the like in names are not what is tested here.
                let path = folder.path().join(format!("{number}-{}{extension}", paths.len()));
                fs::write(&path, bytes).unwrap();
                paths.push(path);
            }
        }
    }
    assert!(paths.len() > 3, "{extension}: {}", paths.len());
    (folder, paths)
}

fn arguments(paths: &[PathBuf]) -> Vec<&dyn AsRef<OsStr>> {
    paths.iter().map(|path| path as &dyn AsRef<OsStr>).collect()
}

#[test]
fn pages_pass_an_html_validator() {
    let (_folder, paths) = written(".html");
    validate(&paths);
}

/// Expects that an HTML validator finds nothing in pages.
fn validate(paths: &[PathBuf]) {
    let program = validator("node_modules/.bin/html-validate");
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validators/htmlvalidate.json");
    let mut all: Vec<&dyn AsRef<OsStr>> = vec![&"--config", &configuration];
    all.extend(arguments(paths));
    run(program.to_str().unwrap(), &all);
}

/// Titles and texts with all that could break the page around them.
const AWKWARD: [&str; 14] = [
    "a < b && c > d",
    "</title><script>alert(1)</script>",
    "\"quoted\" and 'quoted'",
    "&amp; &lt; &nbsp; &unknown; &",
    "<!-- not closed",
    "]]> --> <![CDATA[",
    "\u{1F30B} volc\u{e1}n \u{202E}turned",
    "tab\tand\r\nbreak",
    "\u{1}\u{7}\u{1b}[31m",
    "<main> and </main>",
    "<!--post-1--> <!--/post-1-->",
    "\u{FEFF}\u{FFFE}",
    "index",
    "   ",
];

#[test]
fn pages_of_items_made_by_hand_pass_an_html_validator() {
    let portal = support::TestPortal::new();
    portal.course("HAND");
    let escaped = |text: &str| html_escape::encode_text(text).into_owned();
    for (number, awkward) in AWKWARD.iter().enumerate() {
        // A title as an HTML editor writes it, a text of many kinds of elements; the rest is coursefs's own.
        let text = format!("<p>{}</p><ul><li>one</li></ul><table><tr><td>1</td></tr></table>", escaped(awkward));
        let page =
            format!("<html lang=\"en\"><head><title>{0}</title></head><body>{text}</body></html>", escaped(awkward));
        for folder in ["Announcement", "Glossary", "Wiki", "Description", "Forum/Talk/All", "Test/Categories"] {
            forms_support::put(&portal.portal, "HAND", &format!("{folder}/page {number}.html"), page.as_bytes())
                .unwrap();
        }
        let link = format!("[InternetShortcut]\nURL=https://example.org/{number}\n");
        forms_support::put(&portal.portal, "HAND", &format!("Link/Folder {number}/a.url"), link.as_bytes()).unwrap();
    }
    // What no file could bring, but rows can hold.
    for (number, awkward) in AWKWARD.iter().enumerate() {
        let sql = "UPDATE c_announcement SET title = ? WHERE c_id = ? AND id = (SELECT MIN(id) FROM \
                   (SELECT id FROM c_announcement) AS all_of_them) + ?";
        let values = [(*awkward).into(), portal.existing("HAND").id().into(), (number as i64).into()];
        portal.portal.database().write(|session| session.execute(sql, &values)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (path, bytes) in files(&tree(&portal.portal, "HAND")) {
        if path.ends_with(".html") {
            let path = folder.path().join(format!("{}.html", paths.len()));
            fs::write(&path, bytes).unwrap();
            paths.push(path);
        }
    }
    assert!(paths.len() > 6 * (AWKWARD.len() - 1), "{}", paths.len());
    validate(&paths);
}

#[test]
fn an_independent_parser_reads_the_calendars() {
    let (_folder, paths) = written(".ics");
    let mut all: Vec<&dyn AsRef<OsStr>> = vec![&"ics"];
    all.extend(arguments(&paths));
    let said = check(&all);
    assert_eq!(said.lines().count(), paths.len());
    assert!(said.contains("[\"Opening\", \""), "{said}");
    assert!(said.contains("\"FREQ=WEEKLY"), "{said}");
}

#[test]
fn glib_reads_the_shortcuts() {
    let (_folder, paths) = written(".url");
    let mut all: Vec<&dyn AsRef<OsStr>> = vec![&"url"];
    all.extend(arguments(&paths));
    let said = check(&all);
    assert_eq!(said.lines().filter(|line| line.starts_with("http")).count(), paths.len(), "{said}");
}

/// The folder of the published schemas.
fn published() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas")
}

#[test]
fn the_published_schemas_are_those_of_the_forms() {
    let mut names = Vec::new();
    for (name, schema) in schemas() {
        let path = published().join(format!("{name}.schema.json"));
        if std::env::var_os("COURSEFS_PUBLISH_SCHEMAS").is_some() {
            fs::create_dir_all(published()).unwrap();
            fs::write(&path, &schema).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(there, schema, "{name}: run COURSEFS_PUBLISH_SCHEMAS=1 cargo test --test forms_validators schemas");
        names.push(path.file_name().unwrap().to_owned());
    }
    for entry in fs::read_dir(published()).unwrap() {
        assert!(names.contains(&entry.as_ref().unwrap().file_name()), "{entry:?} is of no form");
    }
}

#[test]
fn json_files_keep_to_their_schemas() {
    let (_folder, paths) = written(".json");
    let schemas = published();
    let mut all: Vec<&dyn AsRef<OsStr>> = vec![&"json", &schemas];
    all.extend(arguments(&paths));
    assert_eq!(check(&all).trim(), paths.len().to_string());
}

#[test]
fn a_json_file_that_breaks_its_schema_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.json");
    fs::write(&path, r#"{"form": "test", "titel": "A"}"#).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validators/check.py");
    let output = support::start("python3", &[&script, &"json", &published(), &path])
        .env("PYTHONPATH", validator("python"))
        .output()
        .unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("titel"));
}
