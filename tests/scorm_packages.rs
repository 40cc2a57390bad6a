//! Learning paths as SCORM packages: valid, complete, with every reference in its place.
#![allow(clippy::unwrap_used)]

mod scorm_support;
mod support;

use coursefs::portal::database::DatabaseExt;
use coursefs::scorm::paths::Paths;
use coursefs::scorm::{Package, Which};
use scorm_support::{Entries, HandMadePath, assert_valid, package, sample_portal};
use support::TestPortal;

fn text<'e>(entries: &'e Entries, name: &str) -> &'e str {
    let bytes = entries.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", entries.keys()));
    std::str::from_utf8(bytes).unwrap()
}

/// Titles of the paths of a course.
fn paths(portal: &TestPortal, course: i64) -> Vec<String> {
    let paths = portal.portal.database().read(|session| Paths::load(session, course)).unwrap();
    paths.iter().map(|path| path.title.clone()).collect()
}

#[test]
fn every_package_of_the_sample_portal_is_valid() {
    let portal = sample_portal();
    let mut packages = 0;
    for code in ["GEO101", "BIO110", "HIST20"] {
        let course = portal.existing(code);
        for path in paths(&portal, course.id()) {
            assert_valid(&package(&portal, code, Some(&path)), false);
            packages += 1;
        }
        assert_valid(&package(&portal, code, None), false);
    }
    assert!(packages >= 3);
}

#[test]
fn the_package_of_the_reference_course_is_valid_and_complete() {
    let portal = TestPortal::new();
    portal.reference_course();
    let entries = assert_valid(&package(&portal, "REF000", Some("Reading path")), false);
    let names: Vec<&str> = entries.keys().map(String::as_str).collect();
    for wanted in ["content/reading/first-page.html", "content/reading/second.html", "content/reading/dot.png"] {
        assert!(names.contains(&wanted), "{names:?}");
    }
    let launched = names.iter().filter(|name| name.starts_with("sco/item_")).count();
    assert_eq!(launched, 3, "two pages and a test: {names:?}");
    assert!(text(&entries, "content/reading/first-page.html").contains("dot.png"));
    let manifest = text(&entries, "imsmanifest.xml");
    assert!(manifest.contains("<title>Reading path</title>"), "{manifest}");
    assert!(!manifest.contains("/var/www"), "{manifest}");
}

#[test]
fn all_paths_of_a_course_are_one_package_with_an_organization_each() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let entries = assert_valid(&package(&portal, "GEO101", None), false);
    let manifest = text(&entries, "imsmanifest.xml");
    assert_eq!(manifest.matches("<organization ").count(), paths(&portal, course.id()).len());
}

#[test]
fn references_are_followed_to_any_depth_and_lead_into_the_package() {
    let portal = TestPortal::new();
    let course = portal.course("DEEP");
    let url = "http://localhost/";
    course.folder("/pages");
    course.folder("/été (2)");
    course.file("/été (2)/photo n°1.PNG", b"png");
    course.file("/été (2)/later.html", b"<link rel=stylesheet href='more.css'><a href='../pages/start.html'>back</a>");
    course.file("/été (2)/more.css", "@import 'deep.css'; a{background:url(\"photo n\u{b0}1.PNG\")}".as_bytes());
    course.file("/été (2)/deep.css", b"a{background:url(../pages/x.svg)}");
    course.file("/pages/x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>");
    let start = format!(
        "<img src='/courses/DEEP/document/%C3%A9t%C3%A9%20(2)/photo%20n%C2%B01.PNG?cidReq=DEEP'>\
         <img srcset='{url}courses/DEEP/document/%C3%A9t%C3%A9%20(2)/photo%20n%C2%B01.PNG 2x'>\
         <video poster='../été (2)/photo n°1.PNG'></video>\
         <p style=\"background:url('../été (2)/photo n°1.PNG')\">\
         <a href='../été (2)/later.html#part'>on</a><a href='start.html'>myself</a>\
         <meta http-equiv=refresh content='9; url=../été (2)/later.html'>"
    );
    let start = course.file("/pages/start.html", start.as_bytes());
    HandMadePath::new(&course, "Deep").step("document", "Start", start, 0);
    let entries = assert_valid(&package(&portal, "DEEP", Some("Deep")), false);
    let content: Vec<&str> = entries.keys().map(String::as_str).filter(|name| name.starts_with("content/")).collect();
    assert_eq!(
        content,
        [
            "content/ete-2/deep.css",
            "content/ete-2/later.html",
            "content/ete-2/more.css",
            "content/ete-2/photo-ndeg1.png",
            "content/pages/start.html",
            "content/pages/x.svg",
        ]
    );
    assert_eq!(
        text(&entries, "content/pages/start.html"),
        "<img src='../ete-2/photo-ndeg1.png'><img srcset='../ete-2/photo-ndeg1.png&#32;2x'>\
         <video poster='../ete-2/photo-ndeg1.png'></video>\
         <p style=\"background:url(&quot;../ete-2/photo-ndeg1.png&quot;)\">\
         <a href='../ete-2/later.html#part'>on</a><a href='start.html'>myself</a>\
         <meta http-equiv=refresh content='9;url&#61;../ete-2/later.html'>"
    );
    assert_eq!(
        text(&entries, "content/ete-2/more.css"),
        "@import \"deep.css\"; a{background:url(\"photo-ndeg1.png\")}"
    );
    assert_eq!(text(&entries, "content/ete-2/deep.css"), "a{background:url(\"../pages/x.svg\")}");
}

#[test]
fn what_cannot_be_packed_is_left_absolute_and_listed() {
    let portal = TestPortal::new();
    let course = portal.course("LEFT");
    let gone = course.file("/gone.png", b"x");
    course.set_visibility(gone, 2);
    std::fs::rename(course.on_disk("/gone.png"), course.on_disk("/gone.png_DELETED_9")).unwrap();
    let page = course.file(
        "/page.html",
        b"<img src='gone.png'><img src='/main/img/logo.png'><img src='https://example.org/x.png'>\
          <img src='gone.png_DELETED_9'><img src='../../../../../etc/passwd'><a href='mailto:a@b.c'>",
    );
    HandMadePath::new(&course, "Left").step("document", "Page", page, 0);
    let entries = assert_valid(&package(&portal, "LEFT", Some("Left")), false);
    assert_eq!(
        text(&entries, "content/page.html"),
        "<img src='http://localhost/courses/LEFT/document/gone.png'><img src='http://localhost/main/img/logo.png'>\
         <img src='https://example.org/x.png'><img src='http://localhost/courses/LEFT/document/gone.png_DELETED_9'>\
         <img src='http://localhost/etc/passwd'><a href='mailto:a@b.c'>"
    );
    let description: serde_json::Value = serde_json::from_slice(&entries["coursefs/package.json"]).unwrap();
    let left: Vec<&str> =
        description["left"].as_array().unwrap().iter().map(|left| left["why"].as_str().unwrap()).collect();
    assert_eq!(left.iter().filter(|why| **why == "missing").count(), 2, "{description:#}");
    assert_eq!(left.iter().filter(|why| **why == "portal").count(), 2, "{description:#}");
    assert_eq!(left.iter().filter(|why| **why == "remote").count(), 1, "{description:#}");
}

#[test]
fn every_type_of_step_has_a_page() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let key = |table: &str| {
        portal.rows(&format!("SELECT iid FROM {table} WHERE c_id = ?"), &[course.id().into()])[0].int("iid").unwrap()
    };
    let path = HandMadePath::new(&course, "All types");
    let html = course.file("/last.html", b"<p>Done ((certificate)) ((skill))!</p><img src='images/x.png'>");
    let sound = course.file("/voice.mp3", b"mp3");
    let kinds: Vec<(&str, i64)> = vec![
        ("document", html),
        ("document", sound),
        ("document", course.file("/film.mp4", b"mp4")),
        ("document", course.file("/sheet.xlsx", b"xlsx")),
        ("document", course.file("/paper.pdf", b"pdf")),
        ("document", course.file("/picture.png", b"png")),
        ("readout_text", html),
        ("quiz", key("c_quiz")),
        ("link", key("c_link")),
        ("forum", key("c_forum_forum")),
        ("thread", key("c_forum_thread")),
        ("student_publication", key("c_student_publication")),
        ("survey", key("c_survey")),
        ("xapi", 1),
        ("h5p", 1),
        ("document", 999_999),
        ("final_item", html),
    ];
    let chapter = path.step("dir", "Chapter", 0, 0);
    path.step("dir", "Empty", 0, 0);
    let steps: Vec<i64> =
        kinds.iter().map(|(kind, key)| path.step(kind, &format!("{kind} {key}"), key, chapter)).collect();
    path.set(steps[0], "audio", "/voice.mp3");
    let entries = assert_valid(&package(&portal, "GEO101", Some("All types")), false);
    let page = |place: usize| text(&entries, &format!("sco/item_{}.html", steps[place]));
    for (place, _) in kinds.iter().enumerate() {
        assert!(page(place).contains("<script src=\"../coursefs/runtime.js\"></script>"), "{}", page(place));
    }
    let expected = [
        (0, "<iframe src=\"../content/last.html\""),
        (0, "<audio class=\"voice\" src=\"../content/voice.mp3\""),
        (1, "<audio src=\"../content/voice.mp3\""),
        (2, "<video src=\"../content/film.mp4\""),
        (3, "<a href=\"../content/sheet.xlsx\" download>"),
        (4, "<iframe src=\"../content/paper.pdf\""),
        (5, "<img src=\"../content/picture.png\""),
        (6, "<iframe src=\"../content/last.html\""),
        (8, "target=\"_blank\""),
        (9, "forum"),
        (11, "travail"),
        (12, "enquête"),
        (13, "activité"),
        (15, "n’était plus dans le cours"),
    ];
    for (place, words) in expected {
        assert!(page(place).contains(words), "{:?}: no {words:?} in {}", kinds[place], page(place));
    }
    let last = text(&entries, &format!("sco/last_page_{}.html", steps[16]));
    assert!(last.starts_with("<p>Done Votre certificat se trouve sur la plateforme, dans le cours &#171; "), "{last}");
    assert!(last.contains("Les comp&#233;tences acquises") && !last.contains("(("), "{last}");
    let manifest = text(&entries, "imsmanifest.xml");
    assert!(!manifest.contains("<title>Empty</title>"), "a folder without steps can't be shown");
    assert!(manifest.contains("<title>Chapter</title>"));
}

#[test]
fn a_link_to_a_document_of_the_course_finds_it_in_the_package() {
    let portal = TestPortal::new();
    let course = portal.course("LINK");
    course.file("/my paper.pdf", b"pdf");
    let sql = "INSERT INTO c_link (c_id, url, title, description, category_id, display_order, on_homepage, target, session_id) \
               VALUES (?, ?, 'Paper', '', 0, 1, '0', '_self', 0)";
    let path = HandMadePath::new(&course, "Links");
    let mut steps = Vec::new();
    for (url, shown) in [
        ("/courses/LINK/document/my%20paper.pdf", "href=\"../content/my-paper.pdf\""),
        (
            "http://localhost/courses/LINK/document/my%20paper.pdf?cidReq=LINK#page=2",
            "href=\"../content/my-paper.pdf#page&#61;2\"",
        ),
        ("/main/wiki/index.php?cidReq=LINK", "href=\"http://localhost/main/wiki/index.php?cidReq&#61;LINK\""),
        ("https://example.org/a?b=c", "href=\"https://example.org/a?b=c\""),
    ] {
        portal.execute(sql, &[course.id().into(), url.into()]);
        portal.execute("UPDATE c_link SET id = iid WHERE c_id = ?", &[course.id().into()]);
        let key = portal.rows("SELECT max(iid) AS iid FROM c_link", &[])[0].int("iid").unwrap();
        steps.push((path.step("link", url, key, 0), shown));
    }
    let entries = assert_valid(&package(&portal, "LINK", Some("Links")), false);
    for (step, shown) in steps {
        let page = text(&entries, &format!("sco/item_{step}.html"));
        assert!(page.contains(shown), "{shown}: {page}");
    }
}

#[test]
fn prerequisites_name_steps_that_come_before_and_can_be_done() {
    let portal = TestPortal::new();
    let course = portal.course("PRE");
    let page = course.file("/page.html", b"<p>");
    let path = HandMadePath::new(&course, "Order");
    let chapter = path.step("dir", "Chapter", 0, 0);
    let one = path.step("document", "One", page, chapter);
    let two = path.step("document", "Two", page, chapter);
    let three = path.step("document", "Three", page, 0);
    let four = path.step("document", "Four", page, 0);
    path.set(two, "prerequisite", one.to_string());
    path.set(three, "prerequisite", chapter.to_string());
    path.set(one, "prerequisite", four.to_string());
    path.set(four, "prerequisite", four.to_string());
    let entries = assert_valid(&package(&portal, "PRE", Some("Order")), false);
    let manifest = text(&entries, "imsmanifest.xml");
    let expressions: Vec<&str> = manifest
        .split("<adlcp:prerequisites type=\"aicc_script\">")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    assert_eq!(expressions, [format!("ITEM_{one}"), format!("ITEM_{one}&amp;ITEM_{two}")]);
}

#[test]
fn tests_tell_their_pass_mark_and_time_limit() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let sql = "SELECT q.iid FROM c_quiz q JOIN c_quiz_rel_question r ON r.exercice_id = q.iid WHERE q.c_id = ?";
    let quiz = portal.rows(sql, &[course.id().into()])[0].int("iid").unwrap();
    let path = HandMadePath::new(&course, "Marks");
    let step = path.step("quiz", "Test", quiz, 0);
    path.set(step, "max_score", 40.0);
    let masteries = |expected: &str| {
        let entries = assert_valid(&package(&portal, "GEO101", Some("Marks")), false);
        let manifest = text(&entries, "imsmanifest.xml");
        assert_eq!(manifest.matches("<adlcp:masteryscore>").count(), usize::from(!expected.is_empty()), "{manifest}");
        assert!(manifest.contains(expected), "{manifest}");
    };
    portal.execute("UPDATE c_quiz SET pass_percentage = NULL, expired_time = 0 WHERE iid = ?", &[quiz.into()]);
    masteries("");
    path.set(step, "mastery_score", 30.0);
    masteries("<adlcp:masteryscore>75</adlcp:masteryscore>");
    let page = course.file("/page.html", b"<p>");
    let after = path.step("document", "After", page, 0);
    path.set(after, "prerequisite", step.to_string());
    path.set(after, "prerequisite_min_score", 10.0);
    masteries("<adlcp:masteryscore>25</adlcp:masteryscore>");
    portal.execute("UPDATE c_quiz SET pass_percentage = 80, expired_time = 75 WHERE iid = ?", &[quiz.into()]);
    masteries("<adlcp:masteryscore>80</adlcp:masteryscore>");
    masteries("<adlcp:maxtimeallowed>0001:15:00.00</adlcp:maxtimeallowed>");
}

#[test]
fn hostile_content_makes_a_valid_package() {
    let portal = TestPortal::new();
    let course = portal.course("EVIL");
    let nasty = "<script>alert(1)</script> ]]> \"quotes' & &amp; \u{1}\u{8} --> %00 日本";
    let long = "é".repeat(511);
    let link = "INSERT INTO c_link (c_id, url, title, description, category_id, display_order, on_homepage, target, session_id) \
                VALUES (?, ?, ?, '', 0, 1, '0', '_self', 0)";
    portal.execute(link, &[course.id().into(), "javascript:alert(\"1\")".into(), nasty.into()]);
    portal.execute("UPDATE c_link SET id = iid WHERE c_id = ?", &[course.id().into()]);
    let link = portal.rows("SELECT iid FROM c_link WHERE c_id = ?", &[course.id().into()])[0].int("iid").unwrap();
    // Pages that refer to each other in a circle.
    let a = course.file("/a.html", b"<iframe src=b.html></iframe><base><style>@import 'a.css'");
    course.file("/b.html", b"<a href=a.html>a</a><a href='?x'>b</a><img src=\"]]>\">");
    course.file("/a.css", b"@import 'b.css';");
    course.file("/b.css", b"@import 'a.css'; @import 'b.css'; a{b:url(");
    // A film of 3 GB, of which the disk holds nothing.
    let film = course.file("/film.mp4", b"");
    std::fs::File::options().write(true).open(course.on_disk("/film.mp4")).unwrap().set_len(3 << 30).unwrap();
    let path = HandMadePath::new(&course, &format!("{nasty}{}", "é".repeat(180)));
    let chapter = path.step("dir", nasty, 0, 0);
    path.step("document", &long, a, chapter);
    path.step("link", nasty, link, chapter);
    path.step("document", "", film, chapter);
    // Steps that lie in each other.
    let circle = path.step("dir", "Circle", 0, 0);
    let inner = path.step("dir", "Inner", 0, circle);
    path.step("document", "In the circle", a, inner);
    path.set(circle, "parent_item_id", inner);
    let mut deep = 0;
    for depth in 0..300 {
        deep = path.step("dir", &format!("Level {depth}"), 0, deep);
    }
    path.step("document", "At the bottom", a, deep);

    // Laid out with the film; read without it, whose bytes are too many for the memory of a test.
    let whole = Package::build(&portal.portal, course.id(), Which::All).unwrap().digest().unwrap();
    assert!(whole.size > 3 << 30);
    std::fs::write(course.on_disk("/film.mp4"), b"").unwrap();
    let entries = assert_valid(&package(&portal, "EVIL", None), false);
    let manifest = text(&entries, "imsmanifest.xml");
    assert!(
        manifest.contains("&lt;script&gt;alert(1)&lt;/script&gt; ]]&gt; &quot;quotes&apos; &amp; &amp;"),
        "{manifest}"
    );
    for page in entries.iter().filter(|(name, _)| name.starts_with("sco/")) {
        assert!(!String::from_utf8_lossy(page.1).contains("<script>alert"), "{}", page.0);
        assert!(!String::from_utf8_lossy(page.1).contains("href=\"javascript:"), "{}", page.0);
    }
    let titles: Vec<&str> = manifest.split("<title>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert!(titles.contains(&"In the circle") && titles.contains(&"At the bottom"), "no step is lost");
    assert!(titles.iter().any(|title| title.chars().count() == 200));
}

#[test]
fn a_path_of_5000_steps_is_packed_whole() {
    let portal = TestPortal::new();
    let course = portal.course("BIG");
    let page = course.file("/page.html", b"<p>");
    let path = HandMadePath::new(&course, "Big");
    let steps: Vec<(&str, String, String, i64)> =
        (0..5000).map(|number| ("document", format!("Step {number}"), page.to_string(), 0)).collect();
    path.steps(&steps);
    let entries = assert_valid(&package(&portal, "BIG", Some("Big")), false);
    assert_eq!(entries.keys().filter(|name| name.starts_with("sco/item_")).count(), 5000);
    assert!(entries.keys().filter(|name| name.starts_with("content/")).eq(["content/page.html"]));
}
