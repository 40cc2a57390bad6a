//! Packages play in a real browser: Chromium, with scorm-again as the learning system.
//!
//! The plans in `tests/browser/plans/` hold what people do and what must come out, written by hand. `tests/browser/play.mjs`
//! follows them; it fails on any console message, failed request, request that leaves the package, refused call, value
//! that differs, and on what axe-core finds against WCAG 2.1 (A and AA). One browser plays all packages of a test.
#![allow(clippy::unwrap_used)]

#[path = "browser/questions.rs"]
mod questions;
mod scorm_support;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use scorm_support::{HandMadePath, assert_valid, package, sample_portal};
use support::{Ended, TestPortal};

fn browser_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

/// Where `npm` puts what the harness needs.
fn modules() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/browser-modules");
    let output = Command::new(script).output().unwrap();
    PathBuf::from(Ended::of(output).done().text().trim())
}

/// Packages that are played one after the other.
#[derive(Default)]
struct Playlist(Vec<(tempfile::TempDir, PathBuf)>);

impl Playlist {
    /// Adds a package (its archive), to be played as the plan with the name `plan` says. It has to be valid.
    fn add(&mut self, archive: &[u8], plan: &str) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in assert_valid(archive, true) {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
        self.0.push((folder, browser_folder().join("plans").join(plan)));
    }

    fn play(&self) {
        let mut node = Command::new("node");
        node.arg(browser_folder().join("play.mjs"));
        for (folder, plan) in &self.0 {
            node.arg(folder.path()).arg(plan);
        }
        let modules = modules();
        let played = node.env("COURSEFS_BROWSER_MODULES", &modules).current_dir(&modules).output().unwrap();
        print!("{}", Ended::of(played).done().text());
    }
}

#[test]
fn every_package_of_the_sample_portal_and_the_reference_course_plays_to_its_end_in_both_orders() {
    let portal = sample_portal();
    let mut playlist = Playlist::default();
    for (code, path, plan) in [
        ("GEO101", Some("Volcans"), "geo101.json"),
        ("GEO101", None, "geo101-reverse.json"),
        ("BIO110", Some("Plants and light"), "bio110.json"),
        ("BIO110", None, "bio110.json"),
        ("HIST20", Some("Agua y caminos"), "all.json"),
        ("HIST20", None, "all.json"),
    ] {
        playlist.add(&package(&portal, code, path), plan);
    }
    let reference = TestPortal::new();
    reference.reference_course();
    playlist.add(&package(&reference, "REF000", Some("Reading path")), "reference.json");
    playlist.add(&package(&reference, "REF000", None), "reference-reverse.json");
    playlist.play();
}

#[test]
fn tests_of_every_kind_are_answered_right_wrong_partly_left_and_taken_up_again() {
    let portal = TestPortal::new();
    questions::course(&portal);
    let archive = package(&portal, "KINDS", Some("Kinds"));
    let mut playlist = Playlist::default();
    playlist.add(&archive, "kinds.json");
    playlist.add(&archive, "settings.json");
    playlist.play();
}

/// A page with every way to refer to something, in the folder `Leçon 1` of GEO101.
const REFERRING: &str = "<!DOCTYPE html><html lang=fr><head><meta charset=utf-8><title>Words</title>\
    <link rel=stylesheet href='/courses/GEO101/document/cours.css?v=1'><style>@import url(more.css);\
    #a{background:url(\"coupe-volcan.png\")}</style><script>document.title = 'ran';</script></head><body>\
    <p id=a style='background:url(coupe-volcan.png)'>Words</p><img src='coupe-volcan.png?cidReq=GEO101' alt=''>\
    <img srcset='coupe-volcan.png 1x, ../Le%C3%A7on%201/coupe-volcan.png 2x' alt=''>\
    <img src='http://localhost/courses/GEO101/document/Le%C3%A7on%201/coupe-volcan.png#part' alt=''>\
    <video poster='coupe-volcan.png' src='Grondement d%27un%20volcan.wav'></video>\
    <object data='coupe-volcan.png'></object><embed src='coupe-volcan.png'>\
    <svg xmlns:xlink='http://www.w3.org/1999/xlink' width=9 height=9><image xlink:href='coupe-volcan.png' width=9 height=9 />\
    <image href='coupe-volcan.png' width=9 height=9 /></svg>\
    <iframe src='other.html' title=other></iframe><a href='https://example.org/'>elsewhere</a></body></html>";

#[test]
fn every_type_of_step_plays_in_both_orders() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let key = |table: &str| {
        portal.rows(&format!("SELECT iid FROM {table} WHERE c_id = ?"), &[course.id().into()])[0].int("iid").unwrap()
    };
    let document = |path: &str| {
        let sql = "SELECT iid FROM c_document WHERE c_id = ? AND path = ?";
        portal.rows(sql, &[course.id().into(), path.into()])[0].int("iid").unwrap()
    };
    course.file("/Leçon 1/more.css", b"p{background:url( coupe-volcan.png )} @import 'never.css';");
    course.file(
        "/Leçon 1/other.html",
        b"<meta http-equiv=refresh content='600; url=words.html'><a href=words.html>x</a>",
    );
    let words = course.file("/Leçon 1/words.html", REFERRING.as_bytes());
    let last = course.file("/last.html", "<p>Fini ((certificate)) ((skill))</p>".as_bytes());
    let scripted = "UPDATE c_link SET url = 'javascript:alert(1)' WHERE iid = ?";
    let links = portal.rows("SELECT iid FROM c_link WHERE c_id = ? ORDER BY iid", &[course.id().into()]);
    let (link, bad_link) = (links[0].int("iid").unwrap(), links[1].int("iid").unwrap());
    portal.execute(scripted, &[bad_link.into()]);

    let path = HandMadePath::new(&course, "All types");
    let chapter = path.step("dir", "Chapter", 0, 0);
    let first = path.step("document", "Words", words, chapter);
    path.set(first, "audio", "/Leçon 1/Grondement d'un volcan.wav");
    for (kind, title, key) in [
        ("document", "Sound", document("/Leçon 1/Grondement d'un volcan.wav")),
        ("document", "Film", course.file("/film.mp4", b"no film")),
        ("document", "Sheet", course.file("/feuille.xlsx", b"xlsx")),
        ("document", "Program", document("/Programme du cours.pdf")),
        ("document", "Picture", document("/Leçon 1/coupe-volcan.png")),
        ("document", "Text", document("/Lisez-moi.txt")),
        ("document", "Gone", 999_999),
        ("readout_text", "Read out", words),
        ("quiz", "Test", key("c_quiz")),
        ("link", "Link", link),
        ("link", "Link with a script", bad_link),
        ("forum", "Forum", key("c_forum_forum")),
        ("thread", "Thread", key("c_forum_thread")),
        ("student_publication", "Assignment", key("c_student_publication")),
        ("survey", "Survey", key("c_survey")),
        ("h5p", "Something else", 1),
        ("final_item", "The end", last),
    ] {
        path.step(kind, title, key, chapter);
    }
    let archive = package(&portal, "GEO101", Some("All types"));
    let mut playlist = Playlist::default();
    playlist.add(&archive, "types.json");
    playlist.add(&archive, "types-reverse.json");
    playlist.play();
}

#[test]
fn what_authors_wrote_runs_nowhere_and_breaks_nothing() {
    let portal = TestPortal::new();
    let course = questions::course(&portal);
    let nasty = "Which <script>alert(1)</script></template></script> ]]> \"quotes' <!-- <svg onload=alert(2)></svg>\
                 <iframe srcdoc='<script>parent.alert(3)</script>'></iframe><a href='javascript:alert(4)'>x</a>";
    portal.execute(
        "UPDATE c_quiz_question SET question = ?, description = ? WHERE iid = 1001",
        &[nasty.into(), nasty.into()],
    );
    portal.execute("UPDATE c_quiz_answer SET comment = ? WHERE question_id = 1001", &[nasty.into()]);
    let answer = format!("right {}", nasty.replace("Which ", ""));
    portal.execute("UPDATE c_quiz_answer SET answer = ? WHERE question_id = 1001 AND position = 1", &[answer.into()]);
    let sql = "UPDATE c_quiz SET title = ?, description = ?, text_when_finished = ? WHERE iid = 102";
    portal.execute(sql, &[nasty.into(), nasty.into(), nasty.into()]);
    portal.execute("DELETE FROM c_quiz_rel_question WHERE exercice_id = 102 AND question_id <> 1001", &[]);

    let page = course.file("/a.html", b"<p>A</p><iframe src=b.html></iframe><style>@import 'a.css'</style>");
    course.file("/b.html", b"<a href=a.html>a</a><a href='?x'>b</a><p>]]>");
    course.file("/a.css", b"@import 'a.css'; a{b:url(");
    let path = HandMadePath::new(&course, &format!("Hostile {nasty}"));
    for (step, kind, title, key) in [
        (1, "document", nasty.to_owned(), page),
        (2, "document", "é]]>\"'&<".repeat(63), page),
        (3, "document", "</title><script>alert(5)</script>".to_owned(), page),
        (4, "quiz", "Hostile test".to_owned(), 102),
    ] {
        let key = path.step(kind, &title, key, 0);
        path.set(key, "display_order", step + 10_i64);
    }
    let circle = path.step("dir", nasty, 0, 0);
    let inner = path.step("dir", "Inner", 0, circle);
    path.step("document", "In the circle", page, inner);
    path.set(circle, "parent_item_id", inner);
    let hostile = package(&portal, "KINDS", Some(&path.iid.to_string()));

    let many = portal.course("MANY");
    let page = many.file("/page.html", b"<p>Page</p>");
    let steps: Vec<(&str, String, String, i64)> =
        (0..5000).map(|number| ("document", format!("Step {number}"), page.to_string(), 0)).collect();
    HandMadePath::new(&many, "Many").steps(&steps);

    let mut playlist = Playlist::default();
    playlist.add(&hostile, "hostile.json");
    playlist.add(&package(&portal, "MANY", None), "many.json");
    playlist.play();
}

#[test]
fn an_imported_package_is_given_back_untouched_and_plays_alone_and_among_others() {
    let portal = TestPortal::new();
    let course = portal.course("ORIG");
    let folder = course.on_disk("../scorm/pack");
    std::fs::create_dir_all(folder.join("img")).unwrap();
    let manifest = "<?xml version=\"1.0\"?><!-- as its author wrote it -->\n\
        <manifest identifier=\"M\" version=\"1.1\" xmlns=\"http://www.imsproject.org/xsd/imscp_rootv1p1p2\" \
        xmlns:adlcp=\"http://www.adlnet.org/xsd/adlcp_rootv1p2\"><metadata><schema>ADL SCORM</schema>\
        <schemaversion>1.2</schemaversion></metadata><organizations default=\"O\"><organization identifier=\"O\">\
        <title>Theirs</title><item identifier=\"I1\" identifierref=\"R1\"><title>Speaks</title>\
        <adlcp:masteryscore>70</adlcp:masteryscore></item><item identifier=\"I2\" identifierref=\"R2\">\
        <title>Silent</title></item></organization></organizations><resources>\
        <resource identifier=\"R1\" type=\"webcontent\" adlcp:scormtype=\"sco\" href=\"speaks.html\">\
        <file href=\"speaks.html\"/></resource>\
        <resource identifier=\"R2\" type=\"webcontent\" adlcp:scormtype=\"asset\" href=\"silent%20page.html\">\
        <file href=\"silent%20page.html\"/><file href=\"img/a.svg\"/></resource></resources></manifest>";
    let speaks = "<!DOCTYPE html><html lang=en><title>Speaks</title><p>Speaks</p><script>var a = parent.API; a.LMSInitialize('');\
        a.LMSSetValue('cmi.core.score.raw', '80'); a.LMSSetValue('cmi.core.lesson_status', 'passed'); a.LMSCommit('');\
        addEventListener('pagehide', function () { a.LMSFinish(''); });</script>";
    let files: [(&str, &str, &str); 4] = [
        ("imsmanifest.xml", "imsmanifest.xml", manifest),
        ("speaks.html", "speaks.html", speaks),
        // Chamilo renamed it when it unpacked the package.
        ("silent-page.html", "silent page.html", "<!DOCTYPE html><title>Silent</title><img src=img/a.svg alt=''>"),
        ("img/a.svg", "img/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ];
    for (name, _, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let path = HandMadePath::new(&course, "Theirs");
    portal.execute("UPDATE c_lp SET lp_type = 2, path = 'pack/.' WHERE iid = ?", &[path.iid.into()]);
    let speaks = path.step("sco", "Speaks", "speaks.html", 0);
    path.set(speaks, "mastery_score", 70.0);
    path.set(speaks, "ref", "I1");
    let silent = path.step("asset", "Silent", "silent-page.html", 0);
    path.set(silent, "ref", "I2");
    let archive = package(&portal, "ORIG", Some("Theirs"));
    let given: Vec<(String, Vec<u8>)> = scorm_support::entries(&archive).into_iter().collect();
    let mut expected: Vec<(String, Vec<u8>)> =
        files.iter().map(|(_, name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    expected.sort();
    assert_eq!(given, expected);

    let page = course.file("/page.html", b"<p>Ours</p>");
    HandMadePath::new(&course, "Ours").step("document", "Page", page, 0);
    let mut playlist = Playlist::default();
    playlist.add(&archive, "original.json");
    playlist.add(&package(&portal, "ORIG", None), "original.json");
    playlist.play();
}
