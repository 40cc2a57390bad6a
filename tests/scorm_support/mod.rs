//! What the tests of SCORM packages share: packages held against the schemas and the checker, paths made by hand.
#![allow(dead_code, missing_docs, clippy::unwrap_used)] // each test crate uses a part

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use coursefs::portal::database::{DatabaseExt, Value};

use crate::support::{TestCourse, TestPortal, run};

/// The entries of a package with their bytes.
pub type Entries = BTreeMap<String, Vec<u8>>;

/// Reads all entries of an archive; every checksum is compared.
pub fn entries(archive: &[u8]) -> Entries {
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut entries = BTreeMap::new();
    for place in 0..zip.len() {
        let mut entry = zip.by_index(place).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        entries.insert(String::from_utf8(entry.name_raw().to_vec()).unwrap(), bytes);
    }
    entries
}

/// The package of one path of the course (or of all), by the command.
pub fn package(portal: &TestPortal, course: &str, path: Option<&str>) -> Vec<u8> {
    let root = portal.root();
    let ended = match path {
        Some(path) => portal.coursefs(&[&"scorm", &root, &course, &path, &"-o", &"-"]),
        None => portal.coursefs(&[&"scorm", &root, &course, &"-o", &"-"]),
    };
    ended.done().stdout
}

/// Holds a package against the schemas of SCORM 1.2 and the checker of tests/data; returns its entries. `warnings` is
/// whether the checker may warn of anything.
pub fn assert_valid(archive: &[u8], warnings: bool) -> Entries {
    let folder = tempfile::tempdir().unwrap();
    let (zip, manifest) = (folder.path().join("package.zip"), folder.path().join("imsmanifest.xml"));
    let entries = entries(archive);
    std::fs::write(&zip, archive).unwrap();
    std::fs::write(&manifest, &entries["imsmanifest.xml"]).unwrap();
    run("xmllint", &[&"--noout", &"--nonet", &"--schema", &schema(), &manifest]);
    let checked = run("python3", &[&data("scorm12_check.py"), &zip]);
    let notable: Vec<&str> = checked
        .lines()
        .filter(|line| line.starts_with("warn"))
        // The schemas are not ours to hand out; Chamilo makes a path of each organization, as is meant.
        .filter(|line| !line.contains("schema file missing") && !line.contains("several organizations"))
        .collect();
    assert!(warnings || notable.is_empty(), "{notable:#?}");
    entries
}

/// The schema with which manifests are validated.
fn schema() -> PathBuf {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scorm12/scorm12.xsd");
    assert!(schema.exists(), "the schemas of SCORM 1.2 are not here: run scripts/test, which fetches them");
    schema
}

pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// A package of one page called `title` whose page holds `content`, as the program `zip` makes it.
pub fn foreign(portal: &TestPortal, title: &str, content: &[u8]) -> PathBuf {
    let folder = portal.aside(&format!("{title} unpacked"));
    std::fs::create_dir_all(&folder).unwrap();
    let manifest = format!(
        "<manifest identifier='M' xmlns='http://www.imsproject.org/xsd/imscp_rootv1p1p2' \
         xmlns:adlcp='http://www.adlnet.org/xsd/adlcp_rootv1p2'><metadata><schema>ADL SCORM</schema>\
         <schemaversion>1.2</schemaversion></metadata><organizations default='O'><organization identifier='O'>\
         <title>{title}</title><item identifier='I' identifierref='R'><title>Page</title></item></organization>\
         </organizations><resources><resource identifier='R' type='webcontent' adlcp:scormtype='sco' href='a.html'>\
         <file href='a.html'/></resource></resources></manifest>"
    );
    std::fs::write(folder.join("imsmanifest.xml"), manifest).unwrap();
    std::fs::write(folder.join("a.html"), content).unwrap();
    zipped(&folder);
    folder.with_extension("zip")
}

/// The sample portal.
pub fn sample_portal() -> TestPortal {
    let portal = TestPortal::new();
    coursefs::sample::fill(&portal.portal).unwrap();
    portal
}

/// A learning path made row by row, as a portal would hold it.
pub struct HandMadePath<'c, 'p> {
    course: &'c TestCourse<'p>,
    pub iid: i64,
}

impl<'c, 'p> HandMadePath<'c, 'p> {
    pub fn new(course: &'c TestCourse<'p>, title: &str) -> Self {
        let values = [
            ("c_id", course.id().into()),
            ("lp_type", 1.into()),
            ("name", title.into()),
            ("description", "".into()),
            ("path", "".into()),
            ("force_commit", 0.into()),
            ("default_view_mod", "embedded".into()),
            ("default_encoding", "UTF-8".into()),
            ("display_order", 1.into()),
            ("content_maker", "Chamilo".into()),
            ("content_local", "local".into()),
            ("content_license", "".into()),
            ("prevent_reinit", 1.into()),
            ("js_lib", "".into()),
            ("debug", 0.into()),
            ("theme", "".into()),
            ("preview_image", "".into()),
            ("author", "".into()),
            ("session_id", 0.into()),
            ("prerequisite", 0.into()),
            ("hide_toc_frame", 0.into()),
            ("seriousgame_mode", 0.into()),
            ("use_max_score", 1.into()),
            ("autolaunch", 0.into()),
            ("category_id", 0.into()),
            ("max_attempts", 0.into()),
            ("subscribe_users", 0.into()),
            ("accumulate_scorm_time", 1.into()),
            ("created_on", "2026-09-01 08:00:00".into()),
            ("modified_on", "2026-09-01 08:00:00".into()),
        ];
        let iid = insert(course.portal, "c_lp", &values);
        course.portal.execute("UPDATE c_lp SET id = iid WHERE iid = ?", &[iid.into()]);
        HandMadePath { course, iid }
    }

    /// Adds a step that shows `path` (the key of something).
    pub fn step(&self, kind: &str, title: &str, path: impl ToString, parent: i64) -> i64 {
        self.steps(&[(kind, title.to_owned(), path.to_string(), parent)])[0]
    }

    /// Adds many steps in one transaction.
    pub fn steps(&self, steps: &[(&str, String, String, i64)]) -> Vec<i64> {
        let database = self.course.portal.portal.database();
        let count = self.course.portal.rows("SELECT iid FROM c_lp_item WHERE lp_id = ?", &[self.iid.into()]).len();
        let keys = database.write(|session| {
            let mut keys = Vec::new();
            for (order, (kind, title, path, parent)) in (count as i64 + 1..).zip(steps) {
                let values = [
                    ("c_id", self.course.id().into()),
                    ("lp_id", self.iid.into()),
                    ("item_type", (*kind).into()),
                    ("ref", "".into()),
                    ("title", title.as_str().into()),
                    ("description", "".into()),
                    ("path", path.as_str().into()),
                    ("min_score", 0.0.into()),
                    ("max_score", 100.0.into()),
                    ("parent_item_id", (*parent).into()),
                    ("previous_item_id", 0.into()),
                    ("next_item_id", 0.into()),
                    ("display_order", order.into()),
                    ("prerequisite", "0".into()),
                    ("launch_data", "".into()),
                    ("max_time_allowed", "0".into()),
                ];
                let iid = session.insert("c_lp_item", &values)?;
                session.execute("UPDATE c_lp_item SET id = iid, ref = iid WHERE iid = ?", &[iid.into()])?;
                keys.push(iid);
            }
            Ok::<_, coursefs::portal::database::DatabaseError>(keys)
        });
        keys.unwrap()
    }

    /// Sets a column of a step.
    pub fn set(&self, step: i64, column: &str, value: impl Into<Value>) {
        let sql = format!("UPDATE c_lp_item SET {column} = ? WHERE iid = ?");
        self.course.portal.execute(&sql, &[value.into(), step.into()]);
    }
}

fn insert(portal: &TestPortal, table: &str, values: &[(&str, Value)]) -> i64 {
    portal.portal.database().write(|session| session.insert(table, values)).unwrap()
}

/// A tree of files as a zip archive, by the program `zip`.
pub fn zipped(folder: &Path) -> Vec<u8> {
    let archive = folder.with_extension("zip");
    let status = Command::new("zip").arg("-qr").arg(&archive).arg(".").current_dir(folder).status();
    assert!(status.unwrap().success());
    std::fs::read(archive).unwrap()
}
