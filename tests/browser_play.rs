//! Packages play in a real browser: Chromium, with scorm-again as the learning system.
//!
//! The plans in `tests/browser/plans/` hold what people do and what must come out, written by hand. `tests/browser/play.mjs`
//! follows them; it fails on any console message, failed request, request that leaves the package, or refused call.
#![allow(clippy::unwrap_used)]

#[path = "browser/questions.rs"]
mod questions;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use coursefs::course::item::{self, Item};
use coursefs::course::tool::{Kind, TOOLS};
use coursefs::portal::database::DatabaseExt;
use coursefs::scorm::quiz::{self, Question, QuizData};
use coursefs::scorm::runtime;
use support::{Ended, TestCourse, TestPortal};

fn browser_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

/// Where `npm` puts what the harness needs: outside of the source tree, one folder for each lock file.
fn modules() -> PathBuf {
    let lock = std::fs::read(browser_folder().join("package-lock.json")).unwrap();
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cache")));
    let folder = cache.unwrap().join(format!("coursefs-browser-tests/{:08x}", crc32fast::hash(&lock)));
    if folder.join("done").exists() {
        return folder;
    }
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        std::fs::copy(browser_folder().join(name), folder.join(name)).unwrap();
    }
    let output = Command::new("npm").arg("ci").current_dir(&folder).output();
    Ended::of(output.unwrap_or_else(|error| panic!("can't start npm ({error}): run scripts/test, which installs it")))
        .done();
    std::fs::write(folder.join("done"), "").unwrap();
    folder
}

/// Plays the package in `folder` as `plan` says.
fn play(folder: &Path, plan: &str) -> Ended {
    let modules = modules();
    let mut node = Command::new("node");
    node.arg(browser_folder().join("play.mjs")).arg(folder).arg(browser_folder().join("plans").join(plan));
    if let Some(shots) = std::env::var_os("COURSEFS_SCREENSHOTS") {
        node.arg(shots);
    }
    Ended::of(node.env("COURSEFS_BROWSER_MODULES", &modules).current_dir(&modules).output().unwrap())
}

fn kind(key: &str) -> &'static Kind {
    TOOLS.iter().flat_map(|tool| tool.kinds).find(|kind| kind.key == key).unwrap()
}

fn load(course: &TestCourse<'_>, key: &str) -> Vec<Item> {
    let row = course.portal.rows("SELECT * FROM course WHERE id = ?", &[course.id().into()]).remove(0);
    course.portal.portal.database().read(|session| item::load_one_kind(session, kind(key), &row)).unwrap()
}

/// The smallest package that holds the pages of all tests of a course.
fn tests_alone(course: &TestCourse<'_>, folder: &Path) {
    let (tests, all) = (load(course, "quiz"), load(course, "Exercise_Question"));
    let (mut items, mut resources) = (String::new(), String::new());
    for name in ["sco", "coursefs", "content"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    for (name, bytes) in runtime::FILES {
        std::fs::write(folder.join("coursefs").join(name), bytes).unwrap();
    }
    let documents = course.portal.rows("SELECT iid, path FROM c_document WHERE filetype = 'file'", &[]);
    for test in &tests {
        let key = test.record.int("iid").unwrap();
        let title = String::from_utf8(test.record.bytes("title")).unwrap();
        let pass = test.record.int("pass_percentage").filter(|pass| *pass > 0);
        let asked = test.record.children_of(&test.kind.table, "c_quiz_rel_question");
        let questions = asked.iter().map(|row| {
            let item = all.iter().find(|item| item.record.int("iid") == row.int("question_id")).unwrap();
            let picture = documents.iter().find(|row| row.int("iid") == item.record.int("picture"));
            Question { item, picture: picture.map(|row| format!("/courses/X/document{}", row.text("path"))) }
        });
        let data = QuizData {
            quiz: test,
            questions: questions.collect(),
            categories: &[],
            mastery: pass.map(|pass| pass as f64),
        };
        let page = String::from_utf8(quiz::page(&data, &title, &course.course.language)).unwrap();
        let directory = format!("/courses/{}/document/", String::from_utf8_lossy(&course.course.directory));
        let page = page.replace(&directory, "../content/").replace("/courses/X/document/", "../content/");
        std::fs::write(folder.join(format!("sco/item_{key}.html")), page).unwrap();
        let mastery = pass.map_or(String::new(), |pass| format!("<adlcp:masteryscore>{pass}</adlcp:masteryscore>"));
        items += &format!(
            "<item identifier=\"ITEM_{key}\" identifierref=\"RES_{key}\"><title>{title}</title>{mastery}</item>"
        );
        resources += &format!(
            "<resource identifier=\"RES_{key}\" type=\"webcontent\" adlcp:scormtype=\"sco\" href=\"sco/item_{key}.html\"/>"
        );
    }
    for row in &documents {
        let path = row.text("path");
        if let Some(parent) = Path::new(path.trim_start_matches('/')).parent() {
            std::fs::create_dir_all(folder.join("content").join(parent)).unwrap();
        }
        let _ = std::fs::copy(course.on_disk(&path), folder.join(format!("content{path}")));
    }
    let manifest = format!(
        "<manifest xmlns=\"http://www.imsproject.org/xsd/imscp_rootv1p1p2\" xmlns:adlcp=\"http://www.adlnet.org/xsd/adlcp_rootv1p2\">\
         <organizations default=\"O\"><organization identifier=\"O\">{items}</organization></organizations>\
         <resources>{resources}</resources></manifest>"
    );
    std::fs::write(folder.join("imsmanifest.xml"), manifest).unwrap();
}

#[test]
fn tests_of_every_kind_are_answered_right_wrong_partly_left_and_taken_up_again() {
    let portal = TestPortal::new();
    let course = questions::course(&portal);
    let folder = portal.aside("package");
    tests_alone(&course, &folder);
    for plan in ["kinds.json", "settings.json"] {
        print!("{}", play(&folder, plan).done().text());
    }
}
