//! SCORM packages into a course: what becomes of those of others, what of our own, and what is refused.
#![allow(clippy::unwrap_used)]

mod scorm_support;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};

use coursefs::course::Course;
use coursefs::portal::database::{DatabaseExt, Row};
use coursefs::scorm::import::{ImportError, Report, import};
use coursefs::scorm::paths::Paths;
use scorm_support::{HandMadePath, package, sample_portal};
use support::{HandMade, Random, TestCourse, TestPortal, names, snapshot};

/// An archive of these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A manifest around organizations and resources.
fn manifest(organizations: &str, resources: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><manifest identifier=\"M\" xmlns=\"http://www.imsproject.org/xsd/imscp_rootv1p1p2\" \
         xmlns:adlcp=\"http://www.adlnet.org/xsd/adlcp_rootv1p2\"><metadata><schema>ADL SCORM</schema>\
         <schemaversion>1.2</schemaversion></metadata><organizations default=\"O1\">{organizations}</organizations>\
         <resources>{resources}</resources></manifest>"
    )
}

/// A manifest of one page.
fn one_page() -> String {
    manifest(
        "<organization identifier='O1'><title>One page</title><item identifier='I1' identifierref='R1'>\
         <title>Page</title></item></organization>",
        "<resource identifier='R1' type='webcontent' adlcp:scormtype='sco' href='a.html'><file href='a.html'/></resource>",
    )
}

fn bring(course: &TestCourse<'_>, name: &str, bytes: &[u8]) -> Result<Report, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload.zip");
    std::fs::write(&path, bytes).unwrap();
    import(&course.portal.portal, &course.course, &path, name, &mut |_, _| {})
}

fn refusal(course: &TestCourse<'_>, name: &str, bytes: &[u8]) -> String {
    let before = snapshot(course.portal);
    let text = bring(course, name, bytes).unwrap_err().to_string();
    assert_eq!(snapshot(course.portal), before, "{text}");
    text
}

fn rows(course: &TestCourse<'_>, columns: &str, table: &str) -> Vec<Row> {
    course.portal.rows(&format!("SELECT {columns} FROM {table} WHERE c_id = ? ORDER BY iid"), &[course.id().into()])
}

fn texts(row: &Row) -> Vec<String> {
    row.iter().map(|(column, _)| row.text(column)).collect()
}

#[test]
fn a_scorm_package_becomes_the_learning_path_that_chamilo_makes_of_it() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    HandMadePath::new(&course, "An own one");
    let faults = portal.faults();
    let manifest = manifest(
        "<organization identifier='O1'><title>Volcanoes &amp; more</title>\
         <item identifier='A' identifierref='R1' parameters='?lang=en'><title>First</title>\
         <adlcp:maxtimeallowed>00:30:00</adlcp:maxtimeallowed><adlcp:datafromlms>x=1</adlcp:datafromlms>\
         <adlcp:masteryscore>80</adlcp:masteryscore></item>\
         <item identifier='B'><title>Chapter</title>\
         <item identifier='C' identifierref='R2'><title>Inner</title>\
         <adlcp:prerequisites type='aicc_script'> A = \"passed\" </adlcp:prerequisites></item>\
         <item identifier='D' identifierref='R1'><title></title></item></item></organization>",
        "<resource identifier='R1' type='webcontent' adlcp:scormtype='sco' href='sco/a.html'/>\
         <resource identifier='R2' type='webcontent' adlcp:scormtype='asset' href='my%20page.html?x=1'/>",
    );
    let files: [(&str, &[u8]); 5] = [
        ("imsmanifest.xml", manifest.as_bytes()),
        ("sco/a.html", b"<p>a"),
        ("my page.html", b"<p>b"),
        ("run.php", b"<?php"),
        ("__MACOSX/._a", b"junk"),
    ];
    bring(&course, "Volcans d'été.zip", &archive(&files)).unwrap();
    let folder = course.folder_on_disk().join("scorm/Volcans-dete");
    assert_eq!(names(&folder), ["imsmanifest.xml", "my page.html", "run.phps", "sco"]);
    assert_eq!(std::fs::read(folder.join("sco/a.html")).unwrap(), b"<p>a");

    let columns =
        "name, lp_type, ref, path, js_lib, content_local, default_encoding, display_order, use_max_score, id = iid";
    let path = rows(&course, columns, "c_lp").remove(1);
    let expected = ["Volcanoes & more", "2", "O1", "Volcans-dete/.", "scorm_api.php", "local", "UTF-8", "2", "1", "1"];
    assert_eq!(texts(&path), expected);
    let dates = rows(&course, "created_on, publicated_on", "c_lp").remove(1);
    assert!(dates.text("created_on").starts_with("20") && dates.text("publicated_on") == dates.text("created_on"));
    let sql = "SELECT p.visibility, p.lastedit_type FROM c_item_property p JOIN c_lp l ON l.iid = p.ref \
               WHERE p.tool = 'learnpath' AND l.name = 'Volcanoes & more'";
    let property = portal.rows(sql, &[]);
    assert_eq!(property.iter().map(texts).collect::<Vec<_>>(), [["1", "LearnpathAdded"]]);

    let columns = "i.item_type, i.ref, i.title, i.path, i.parameters, i.prerequisite, i.max_score, i.mastery_score, \
                   i.max_time_allowed, i.launch_data, (SELECT ref FROM c_lp_item o WHERE o.iid = i.parent_item_id) AS parent, \
                   (SELECT ref FROM c_lp_item o WHERE o.iid = i.previous_item_id) AS prev, \
                   (SELECT ref FROM c_lp_item o WHERE o.iid = i.next_item_id) AS follows, i.display_order";
    let steps: Vec<Vec<String>> = rows(&course, columns, "c_lp_item i").iter().map(texts).collect();
    let expected = [
        ["sco", "A", "First", "sco/a.html", "?lang=en", "", "100", "80", "00:30:00", "x=1", "", "", "B", "1"],
        ["dir", "B", "Chapter", "", "", "", "100", "", "00:00:00", "", "", "A", "", "2"],
        ["asset", "C", "Inner", "my page.html", "?x=1", "A=passed", "100", "", "00:00:00", "", "B", "", "D", "1"],
        ["sco", "D", "Untitled", "sco/a.html", "", "", "100", "", "00:00:00", "", "B", "C", "", "2"],
    ];
    let expected: Vec<Vec<String>> =
        expected.iter().map(|row| row.iter().map(|text| (*text).into()).collect()).collect();
    assert_eq!(steps, expected);
    assert_eq!(portal.faults(), faults);
}

#[test]
fn each_organization_becomes_a_learning_path_of_its_own() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let organization = |id: &str| {
        format!(
            "<organization identifier='{id}'><title>{id}</title><item identifier='{id}i' identifierref='R'><title>x</title></item></organization>"
        )
    };
    let manifest = manifest(
        &format!("{}{}", organization("One"), organization("Two")),
        "<resource identifier='R' type='webcontent' adlcp:scormtype='sco' href='a.html'/>",
    );
    let package = archive(&[("imsmanifest.xml", manifest.as_bytes()), ("a.html", b"a")]);
    bring(&course, "two.zip", &package).unwrap();
    let paths: Vec<_> = rows(&course, "name, path, display_order", "c_lp").iter().map(texts).collect();
    assert_eq!(paths, [["One", "two/.", "1"], ["Two", "two/.", "2"]]);
    // One was deleted in Chamilo: it comes back, the other is not made twice.
    portal.execute("DELETE FROM c_lp_item WHERE lp_id = (SELECT iid FROM c_lp WHERE name = 'One')", &[]);
    portal.execute("DELETE FROM c_lp WHERE name = 'One'", &[]);
    portal.execute("DELETE FROM c_item_property WHERE tool = 'learnpath' AND ref NOT IN (SELECT iid FROM c_lp)", &[]);
    bring(&course, "two.zip", &package).unwrap();
    let paths: Vec<_> = rows(&course, "name, path", "c_lp").iter().map(texts).collect();
    assert_eq!(paths, [["Two", "two/."], ["One", "two/."]]);
    portal.check_finds_nothing();
}

#[test]
fn a_package_in_a_folder_is_taken_as_chamilo_takes_it() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let package = archive(&[("inner\\imsmanifest.xml", one_page().as_bytes()), ("inner\\a.html", b"a")]);
    bring(&course, "outer.zip", &package).unwrap();
    assert_eq!(rows(&course, "path", "c_lp")[0].text("path"), "outer/inner");
    assert_eq!(names(&course.folder_on_disk().join("scorm/outer/inner")), ["a.html", "imsmanifest.xml"]);
    let before = snapshot(&portal);
    bring(&course, "outer.zip", &package).unwrap();
    bring(&course, "other.zip", &package).unwrap();
    assert_eq!(snapshot(&portal), before);
    // What goes out again has its manifest at the top, and is known when it comes back.
    let out = scorm_support::package(&portal, "GEO101", Some("One page"));
    assert_eq!(scorm_support::entries(&out).keys().collect::<Vec<_>>(), ["a.html", "imsmanifest.xml"]);
    bring(&course, "One page.zip", &out).unwrap();
    assert_eq!(snapshot(&portal), before);
}

#[test]
fn what_is_no_scorm_1_2_package_is_refused_by_its_name() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let with_version = |version: &str| one_page().replace("<schemaversion>1.2", &format!("<schemaversion>{version}"));
    let of = |name: &str, bytes: &[u8]| refusal(&course, "x.zip", &archive(&[(name, bytes), ("a.html", b"a")]));
    let cases = [
        (of("imsmanifest.xml", with_version("2004 4th Edition").as_bytes()), "SCORM 2004"),
        (of("imsmanifest.xml", with_version("CAM 1.3").as_bytes()), "SCORM 2004"),
        (of("course.au", b"\"system_id\""), "AICC"),
        (of("course/course.crs", b"[Course]"), "AICC"),
        (of("cmi5.xml", b"<courseStructure/>"), "cmi5"),
        (of("tincan.xml", b"<tincan/>"), "xAPI"),
        (of("course_info.dat", b""), "backup of a course"),
        (of("index.html", b""), "no imsmanifest.xml"),
        (of("imsmanifest.xml", b"<manifest><organizations>"), "no sound XML"),
        (of("imsmanifest.xml", manifest("", "").as_bytes()), "no organization"),
        (
            refusal(
                &course,
                "x.zip",
                &archive(&[("a/imsmanifest.xml", one_page().as_bytes()), ("b/imsmanifest.xml", one_page().as_bytes())]),
            ),
            "several packages",
        ),
        (refusal(&course, "x.zip", b"no archive at all"), "no readable zip archive"),
    ];
    for (text, wanted) in cases {
        assert!(text.contains(wanted), "no {wanted:?} in: {text}");
    }
}

#[test]
fn importing_a_package_again_adds_nothing_whatever_its_name() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let package = archive(&[
        ("imsmanifest.xml", one_page().as_bytes()),
        ("a.html", b"a"),
        ("été à la mer.png", b"png"),
        ("x.php", b"<?php"),
    ]);
    bring(&course, "first.zip", &package).unwrap();
    let before = snapshot(&portal);
    for name in ["first.zip", "second.zip", "FIRST.ZIP", ".zip"] {
        let report = bring(&course, name, &package).unwrap();
        assert_eq!(report.items.iter().map(|(_, outcome)| outcome.added).sum::<usize>(), 0);
        assert_eq!(snapshot(&portal), before, "{name}");
    }
    // What Chamilo itself has unpacked lies there under names that it has cleaned.
    let folder = course.folder_on_disk().join("scorm/first");
    std::fs::rename(folder.join("été à la mer.png"), folder.join("ete-a-la-mer.png")).unwrap();
    let before = snapshot(&portal);
    bring(&course, "third.zip", &package).unwrap();
    assert_eq!(snapshot(&portal), before);
    // If the files are lost they come back, and the path is not made twice.
    std::fs::remove_dir_all(&folder).unwrap();
    bring(&course, "first.zip", &package).unwrap();
    assert_eq!(rows(&course, "iid", "c_lp").len(), 1);
    assert!(folder.join("été à la mer.png").exists());
}

#[test]
fn another_package_of_the_same_name_gets_a_folder_of_its_own() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    for content in ["one", "two", "three"] {
        let package = archive(&[("imsmanifest.xml", one_page().as_bytes()), ("a.html", content.as_bytes())]);
        bring(&course, "pack.zip", &package).unwrap();
    }
    let paths: Vec<String> = rows(&course, "path", "c_lp").iter().map(|row| row.text("path")).collect();
    assert_eq!(paths, ["pack/.", "pack_2/.", "pack_3/."]);
    let read = |folder: &str| std::fs::read(course.folder_on_disk().join("scorm").join(folder).join("a.html")).unwrap();
    assert_eq!([read("pack"), read("pack_2"), read("pack_3")], [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
}

#[test]
fn hostile_packages_are_refused_and_leave_nothing() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.set_quota(10_000);
    let course = portal.existing("GEO101");
    let page = one_page();
    let with = |name: &str, bytes: &[u8]| {
        let whole = HandMade::default().entry("imsmanifest.xml", page.as_bytes()).entry("a.html", b"a");
        whole.entry(name, bytes).bytes()
    };
    let link = HandMade::default().entry("imsmanifest.xml", page.as_bytes()).entry("a.html", b"/etc/passwd").symlink();
    let wrong = HandMade::default().entry("imsmanifest.xml", page.as_bytes()).entry("a.html", b"a").wrong_crc();
    let bomb = vec![0; 3 << 20];
    let deep = format!("{}x", "d/".repeat(80));
    for (bytes, wanted) in [
        (with("../../evil.html", b"x"), "dots only"),
        (with("a/../../evil.html", b"x"), "dots only"),
        (with(&deep, b"x"), "too many folders"),
        (with("a.html/b", b"x"), "a file and a folder"),
        (with("bomb", &bomb), "quota"),
        (link.bytes(), "symbolic link"),
        (wrong.bytes(), "damaged"),
    ] {
        let text = refusal(&course, "evil.zip", &bytes);
        assert!(text.contains(wanted), "no {wanted:?} in: {text}");
    }
    assert!(names(&portal.root().join("app/cache")).is_empty());
    // A link in the way of the package's folder is not followed.
    std::os::unix::fs::symlink("/tmp", course.folder_on_disk().join("scorm/fine")).unwrap();
    bring(&course, "fine.zip", &archive(&[("imsmanifest.xml", page.as_bytes()), ("a.html", b"a")])).unwrap();
    assert_eq!(rows(&course, "path", "c_lp")[0].text("path"), "fine_2/.");
}

/// What a learning path is to people: its rows with titles in the place of keys.
fn path_in_words(course: &TestCourse<'_>, path: &Row) -> String {
    let portal = course.portal;
    let one = |sql: &str, key: i64| portal.rows(sql, &[key.into()]).first().map(texts).unwrap_or_default().join("|");
    let mut words = String::new();
    for (column, value) in path.iter() {
        let text = match column {
            "iid" | "id" | "c_id" | "display_order" => continue,
            "category_id" => one("SELECT name FROM c_lp_category WHERE iid = ?", value.as_int().unwrap_or(0)),
            "prerequisite" => one("SELECT name FROM c_lp WHERE iid = ?", value.as_int().unwrap_or(0)),
            _ => path.text(column),
        };
        words.push_str(&format!("{column}={text};"));
    }
    let steps = portal.rows("SELECT * FROM c_lp_item WHERE lp_id = ? ORDER BY iid", &[path.int("iid").unwrap().into()]);
    let place = |key: &str| steps.iter().position(|step| step.text("iid") == key).map(|place| place.to_string());
    for step in &steps {
        words.push('\n');
        for (column, _) in step.iter() {
            let text = step.text(column);
            let key = step.int("path").unwrap_or(0);
            let text = match column {
                "iid" | "id" | "c_id" | "lp_id" | "search_did" => continue,
                "parent_item_id" | "previous_item_id" | "next_item_id" | "ref" | "prerequisite" => {
                    place(&text).unwrap_or(text)
                }
                "path" => match &*step.text("item_type") {
                    "document" | "final_item" | "readout_text" => {
                        one("SELECT path, title FROM c_document WHERE iid = ?", key)
                    }
                    "quiz" => one("SELECT title, description FROM c_quiz WHERE iid = ?", key),
                    "link" => one("SELECT title, url FROM c_link WHERE iid = ?", key),
                    "forum" => one("SELECT forum_title FROM c_forum_forum WHERE forum_id = ?", key),
                    "thread" => one("SELECT thread_title FROM c_forum_thread WHERE thread_id = ?", key),
                    "student_publication" => one("SELECT title FROM c_student_publication WHERE iid = ?", key),
                    "survey" => one("SELECT title, code FROM c_survey WHERE survey_id = ?", key),
                    "xapi" => one("SELECT title FROM xapi_tool_launch WHERE id = ?", key),
                    _ => text,
                },
                _ => text,
            };
            words.push_str(&format!("{column}={text};"));
        }
    }
    words
}

/// All learning paths of a course in words.
fn in_words(course: &TestCourse<'_>) -> BTreeSet<String> {
    rows(course, "*", "c_lp").iter().map(|path| path_in_words(course, path)).collect()
}

fn titles(course: &TestCourse<'_>) -> Vec<String> {
    let paths = course.portal.portal.database().read(|session| Paths::load(session, course.id())).unwrap();
    paths.iter().map(|path| path.title.clone()).collect()
}

fn code(course: &Course) -> &str {
    std::str::from_utf8(&course.code).unwrap()
}

#[test]
fn our_own_packages_add_nothing_to_the_course_that_they_come_from() {
    let portal = sample_portal();
    let before = snapshot(&portal);
    for code in ["GEO101", "BIO110", "HIST20"] {
        let course = portal.existing(code);
        for title in titles(&course) {
            bring(&course, &format!("{title}.zip"), &package(&portal, code, Some(&title))).unwrap();
            assert_eq!(snapshot(&portal), before, "{code} {title}");
        }
        bring(&course, "scorm.zip", &package(&portal, code, None)).unwrap();
        assert_eq!(snapshot(&portal), before, "{code}");
    }
}

#[test]
fn our_own_packages_make_the_same_paths_in_an_empty_course() {
    let portal = sample_portal();
    for code in ["GEO101", "BIO110", "HIST20"] {
        let course = portal.existing(code);
        let all = portal.course(&format!("ALL{code}"));
        let each = portal.course(&format!("EACH{code}"));
        bring(&all, "scorm.zip", &package(&portal, code, None)).unwrap();
        for title in titles(&course) {
            bring(&each, "any name.zip", &package(&portal, code, Some(&title))).unwrap();
        }
        let wanted = in_words(&course);
        assert!(!wanted.is_empty());
        assert_eq!(in_words(&all), wanted, "{code}");
        assert_eq!(in_words(&each), wanted, "{code}");
        same_documents(&course, &all);
        same_documents(&course, &each);
        // What was made of a package is as whole as what the package was made of.
        let again = snapshot(&portal);
        bring(&all, "scorm.zip", &package(&portal, code, None)).unwrap();
        bring(&course, "scorm.zip", &package(&portal, self::code(&all.course), None)).unwrap();
        assert_eq!(snapshot(&portal), again, "{code}");
    }
    portal.check_finds_nothing();
}

/// Expects that all documents that `copy` has are those of `course`.
fn same_documents(course: &TestCourse<'_>, copy: &TestCourse<'_>) {
    let documents = |of: &TestCourse<'_>| -> BTreeMap<String, Vec<String>> {
        let found = rows(of, "path, title, comment, filetype", "c_document");
        found.iter().map(|row| (row.text("path"), texts(row))).collect()
    };
    let (wanted, found) = (documents(course), documents(copy));
    let own = code(&copy.course);
    for (path, row) in &found {
        let Some(same) = wanted.get(path) else { panic!("{own}: {path} comes from nowhere") };
        if row[3] == "file" {
            assert_eq!(row, same);
            let moved = |bytes: Vec<u8>, of: &TestCourse<'_>| {
                String::from_utf8_lossy(&bytes).replace(&format!("/{}/", code(&of.course)), "/CODE/")
            };
            let read = |of: &TestCourse<'_>| moved(std::fs::read(of.on_disk(path)).unwrap(), of);
            assert_eq!(read(copy), read(course), "{path}");
        }
    }
}

#[test]
fn a_path_leads_to_the_tests_and_documents_that_the_course_has_under_the_same_names() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let title = titles(&course).remove(0);
    let bytes = package(&portal, "GEO101", Some(&title));
    // The course has gone on since: its tests and pages are others, and the path was deleted.
    portal.execute("UPDATE c_quiz SET description = 'changed' WHERE c_id = ?", &[course.id().into()]);
    portal.execute("UPDATE c_quiz_question SET description = 'changed' WHERE c_id = ?", &[course.id().into()]);
    let path = rows(&course, "*", "c_lp").into_iter().find(|path| path.text("name") == title).unwrap();
    let (words, key) = (path_in_words(&course, &path), path.int("iid").unwrap());
    portal.execute("DELETE FROM c_lp_item WHERE lp_id = ?", &[key.into()]);
    portal.execute("DELETE FROM c_lp WHERE iid = ?", &[key.into()]);
    portal.execute("DELETE FROM c_item_property WHERE tool = 'learnpath' AND ref = ?", &[key.into()]);
    let counts = |table: &str| rows(&course, "iid", table).len();
    let tables = ["c_quiz", "c_quiz_question", "c_quiz_answer", "c_document", "c_link", "c_forum_forum"];
    let before = tables.map(counts);
    bring(&course, "x.zip", &bytes).unwrap();
    assert_eq!(tables.map(counts), before);
    assert!(in_words(&course).contains(&words), "{words}\n--\n{:#?}", in_words(&course));
}

#[test]
fn backups_and_packages_of_a_course_make_one_course_in_any_order() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let imported = archive(&[("imsmanifest.xml", one_page().as_bytes()), ("a.html", b"a"), ("b c.html", b"b")]);
    bring(&course, "pack.zip", &imported).unwrap();
    portal.execute(
        "UPDATE c_lp SET name = 'Renamed by a teacher', hide_toc_frame = 1 WHERE lp_type = 2 AND c_id = ?",
        &[course.id().into()],
    );
    portal.execute("UPDATE c_lp_item SET title = 'Renamed too' WHERE ref = 'I1' AND c_id = ?", &[course.id().into()]);
    let wanted = in_words(&course);
    let backup = portal.aside("backup.zip");
    std::fs::write(&backup, course.backup()).unwrap();
    let mut packages: Vec<(String, Vec<u8>)> = titles(&course)
        .into_iter()
        .map(|title| (format!("{title}.zip"), package(&portal, "GEO101", Some(&title))))
        .collect();
    packages.push(("scorm.zip".into(), package(&portal, "GEO101", None)));
    let counted = [
        "c_lp",
        "c_lp_item",
        "c_lp_category",
        "c_quiz",
        "c_quiz_question",
        "c_quiz_answer",
        "c_link",
        "c_forum_forum",
        "c_forum_thread",
        "c_forum_post",
        "c_survey",
        "c_student_publication",
        "c_document",
    ];
    let plain = portal.course("PLAIN");
    portal.coursefs(&[&"restore", &portal.root(), &"PLAIN", &backup]).done();
    for order in 0..4 {
        let copy = portal.course(&format!("COPY{order}"));
        let restore = || {
            portal.coursefs(&[&"restore", &portal.root(), &code(&copy.course), &backup]).done();
        };
        let mut packages = packages.clone();
        if order % 2 == 1 {
            packages.reverse();
        }
        if order < 2 {
            restore();
        }
        packages.iter().for_each(|(name, bytes)| drop(bring(&copy, name, bytes).unwrap()));
        if order >= 2 {
            restore();
        }
        let again = snapshot(&portal);
        packages.iter().for_each(|(name, bytes)| drop(bring(&copy, name, bytes).unwrap()));
        restore();
        assert_eq!(snapshot(&portal), again, "{order}");
        assert_eq!(in_words(&copy), wanted, "{order}");
        for table in counted {
            assert_eq!(rows(&copy, "iid", table).len(), rows(&plain, "iid", table).len(), "{order} {table}");
        }
        assert_eq!(names(&copy.folder_on_disk().join("scorm")), names(&course.folder_on_disk().join("scorm")));
    }
    portal.check_finds_nothing();
}

#[test]
fn paths_of_every_sort_go_through_a_package_and_come_out_the_same() {
    for seed in 0..8 {
        let portal = sample_portal();
        let course = portal.existing("GEO101");
        let title = random_path(&portal, &course, seed);
        let bytes = package(&portal, "GEO101", Some(&title));
        let before = snapshot(&portal);
        bring(&course, "again.zip", &bytes).unwrap();
        assert_eq!(snapshot(&portal), before, "seed {seed}");
        let empty = portal.course("EMPTY");
        bring(&empty, "new.zip", &bytes).unwrap();
        let path = rows(&course, "*", "c_lp").into_iter().find(|path| path.text("name") == title).unwrap();
        let found = in_words(&empty);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [path_in_words(&course, &path)], "seed {seed}");
        same_documents(&course, &empty);
        let before = snapshot(&portal);
        bring(&empty, "new.zip", &package(&portal, "EMPTY", None)).unwrap();
        bring(&course, "new.zip", &package(&portal, "EMPTY", Some(&title))).unwrap();
        assert_eq!(snapshot(&portal), before, "seed {seed}");
    }
}

/// Makes a path of random steps in a sample course, and returns its title.
fn random_path(portal: &TestPortal, course: &TestCourse<'_>, seed: u64) -> String {
    let mut random = Random::new(seed + 1);
    let title = format!("Path {seed} <&> é");
    let keys = |table: &str, key: &str, condition: &str| -> Vec<i64> {
        let sql = format!("SELECT {key} AS k FROM {table} WHERE c_id = ? {condition} ORDER BY iid");
        portal.rows(&sql, &[course.id().into()]).iter().map(|row| row.int("k").unwrap()).collect()
    };
    let picture = course.file(&format!("/bild {seed} é.png"), b"png");
    let page = format!(
        "<meta charset=utf-8><img src='bild%20{seed}%20%C3%A9.png'><img src=\"/courses/GEO101/document/bild {seed} é.png\">\
         ((certificate)) <a href='http://elsewhere.example/'>x</a>"
    );
    let page = course.file(&format!("/seite {seed}.html"), page.as_bytes());
    course.file("/ton.mp3", b"mp3");
    let kinds: Vec<(&str, Vec<i64>)> = vec![
        ("document", vec![picture, page]),
        ("readout_text", vec![page]),
        ("quiz", keys("c_quiz", "iid", "AND active <> -1")),
        ("link", keys("c_link", "iid", "")),
        ("forum", keys("c_forum_forum", "forum_id", "")),
        ("thread", keys("c_forum_thread", "thread_id", "")),
        ("student_publication", keys("c_student_publication", "iid", "AND filetype = 'folder' AND parent_id = 0")),
        ("survey", keys("c_survey", "survey_id", "")),
    ];
    let path = HandMadePath::new(course, &title);
    let mut made: Vec<i64> = Vec::new();
    let mut folder = 0;
    for number in 0..12 {
        if random.below(4) == 0 {
            folder = path.step("dir", &format!("Chapter {number}"), 0, folder);
            continue;
        }
        let (kind, keys) = &kinds[random.below(kinds.len())];
        assert!(!keys.is_empty(), "{kind}");
        let step = path.step(kind, &format!("{kind} ]]> {number}"), keys[random.below(keys.len())], folder);
        if let Some(before) = made.get(random.below(made.len() * 2)) {
            path.set(step, "prerequisite", before.to_string());
            path.set(step, "prerequisite_min_score", 1.5 * random.below(10) as f64);
        }
        if random.below(3) == 0 {
            path.set(step, "audio", "/ton.mp3");
        }
        if random.below(3) == 0 {
            path.set(step, "mastery_score", random.below(20) as f64);
        }
        made.push(step);
    }
    path.step("final_item", "The end", page, 0);
    let sql = "INSERT INTO c_lp_category (c_id, name, position) VALUES (?, ?, 0)";
    portal.execute(sql, &[course.id().into(), format!("Category {seed}").into()]);
    let category = "SELECT MAX(iid) FROM c_lp_category WHERE c_id = ?";
    let sql = format!(
        "UPDATE c_lp SET category_id = ({category}), author = ?, display_order = ?, hide_toc_frame = ? WHERE iid = ?"
    );
    let values = [
        course.id().into(),
        "<p>Author</p>".into(),
        (40 + seed as i64).into(),
        (seed as i64 % 2).into(),
        path.iid.into(),
    ];
    portal.execute(&sql, &values);
    title
}

#[test]
fn a_damaged_or_foreign_description_is_passed_over() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let title = titles(&course).remove(0);
    let entries = scorm_support::entries(&package(&portal, "GEO101", Some(&title)));
    let copy = portal.course("COPY");
    let mut description: serde_json::Value = serde_json::from_slice(&entries["coursefs/package.json"]).unwrap();
    description["coursefs"] = 99.into();
    let newer = serde_json::to_vec(&description).unwrap();
    for (number, bytes) in [b"{".to_vec(), b"[1]".to_vec(), newer].into_iter().enumerate() {
        let mut entries = entries.clone();
        entries.insert("coursefs/package.json".into(), bytes);
        let files: Vec<(&str, &[u8])> = entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        bring(&copy, "plain.zip", &archive(&files)).unwrap();
        assert_eq!(
            rows(&copy, "lp_type", "c_lp").iter().map(|row| row.int("lp_type")).collect::<Vec<_>>(),
            vec![Some(2); number + 1]
        );
    }
    // One that names places outside of the course is refused.
    description["coursefs"] = 2.into();
    for document in description["documents"].as_array_mut().unwrap() {
        document["path"] = "../../evil.html".into();
    }
    let mut entries = entries;
    entries.insert("coursefs/package.json".into(), serde_json::to_vec(&description).unwrap());
    let files: Vec<(&str, &[u8])> = entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let text = refusal(&copy, "evil.zip", &archive(&files));
    assert!(text.contains("dots only"), "{text}");
}

#[test]
fn the_description_of_an_imported_package_is_beside_its_files() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let bytes = archive(&[("imsmanifest.xml", one_page().as_bytes()), ("a.html", b"a")]);
    bring(&course, "pack.zip", &bytes).unwrap();
    let out = package(&portal, "GEO101", Some("One page"));
    assert_eq!(scorm_support::entries(&out), scorm_support::entries(&bytes));
    // Many steps do not fit in it, and are told by the manifest.
    let items: String = (0..30_000)
        .map(|number| {
            format!(
                "<item identifier='I{number}' identifierref='R1'><title>Step {number} {}</title></item>",
                number * 7919
            )
        })
        .collect();
    let big = manifest(
        &format!("<organization identifier='O'><title>Big</title>{items}</organization>"),
        "<resource identifier='R1' type='webcontent' adlcp:scormtype='sco' href='a.html'/>",
    );
    bring(&course, "big.zip", &archive(&[("imsmanifest.xml", big.as_bytes()), ("a.html", b"big")])).unwrap();
    let copy = portal.course("COPY");
    bring(&copy, "Big.zip", &package(&portal, "GEO101", Some("Big"))).unwrap();
    let count = rows(&copy, "iid", "c_lp_item").len();
    assert_eq!(count, 30_000);
    assert_eq!(rows(&copy, "path", "c_lp")[0].text("path"), "big/.");
}
