//! The sample courses are whole: every tool has content, and all that refers to something finds it.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use coursefs::course::Course;
use coursefs::course::create::CreateError;
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseExt, Row};
use coursefs::sample::{self, SampleError};
use support::portals;

fn sample() -> (tempfile::TempDir, Portal, Vec<Course>) {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    let courses = sample::fill(&portal).unwrap();
    (folder, portal, courses)
}

fn rows(portal: &Portal, sql: &str) -> Vec<Row> {
    portal.database().read(|session| session.rows(sql, &[])).unwrap()
}

fn ids(portal: &Portal, sql: &str) -> BTreeSet<i64> {
    rows(portal, sql).iter().filter_map(|row| row.int("n")).collect()
}

fn directory(portal: &Portal, course: &Course) -> PathBuf {
    portal.root().join("app/courses").join(String::from_utf8(course.directory.clone()).unwrap())
}

/// Files and folders below `folder`, relative to it.
fn tree(folder: &Path) -> BTreeSet<String> {
    fn walk(root: &Path, folder: &Path, paths: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            paths.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            if path.is_dir() {
                walk(root, &path, paths);
            }
        }
    }
    let mut paths = BTreeSet::new();
    walk(folder, folder, &mut paths);
    paths
}

#[test]
fn the_three_courses_are_there_in_their_languages() {
    let (_folder, portal, courses) = sample();
    let languages: Vec<(&[u8], &str)> =
        courses.iter().map(|course| (course.code.as_slice(), course.language.as_str())).collect();
    assert_eq!(
        languages,
        [(b"GEO101".as_slice(), "french"), (b"HIST20".as_slice(), "spanish"), (b"BIO110".as_slice(), "english")]
    );
    assert_eq!(portal.database().read(|session| Course::list(session)).unwrap(), courses);
    assert_eq!(portals::broken_keys(&portal), [""; 0]);
}

#[test]
fn every_tool_of_the_first_course_has_content() {
    let (_folder, portal, courses) = sample();
    let tables = [
        "c_announcement",
        "c_announcement_attachment",
        "c_attendance",
        "c_attendance_calendar",
        "c_calendar_event",
        "c_calendar_event_attachment",
        "c_course_description",
        "c_document",
        "c_forum_attachment",
        "c_forum_category",
        "c_forum_forum",
        "c_forum_post",
        "c_forum_thread",
        "c_glossary",
        "c_link",
        "c_link_category",
        "c_lp",
        "c_lp_category",
        "c_lp_item",
        "c_quiz",
        "c_quiz_answer",
        "c_quiz_question",
        "c_quiz_question_category",
        "c_quiz_question_option",
        "c_quiz_question_rel_category",
        "c_quiz_rel_question",
        "c_student_publication",
        "c_student_publication_assignment",
        "c_survey",
        "c_survey_question",
        "c_survey_question_option",
        "c_thematic",
        "c_thematic_advance",
        "c_thematic_plan",
        "c_tool_intro",
        "c_wiki",
        "c_wiki_conf",
    ];
    for table in tables {
        let sql = format!("SELECT count(*) AS n FROM {table} WHERE c_id = {}", courses[0].id);
        assert!(rows(&portal, &sql)[0].int("n") > Some(0), "{table}");
    }
    for table in ["gradebook_category", "gradebook_evaluation", "gradebook_link"] {
        let sql = format!("SELECT count(*) AS n FROM {table} WHERE course_code = 'GEO101'");
        assert!(rows(&portal, &sql)[0].int("n") > Some(0), "{table}");
    }
    let kinds = ids(&portal, "SELECT DISTINCT type AS n FROM c_quiz_question");
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 16, 17, 19, 23]);
    for picture in ["course-pic.png", "course-pic85x85.png"] {
        assert!(std::fs::read(directory(&portal, &courses[0]).join(picture)).unwrap().starts_with(b"\x89PNG"));
    }
}

#[test]
fn documents_and_files_are_the_same_set() {
    let (_folder, portal, courses) = sample();
    // Chamilo makes these folders later.
    let rows_only = ["shared_folder", "certificates"].map(str::to_owned);
    for course in courses {
        let document = directory(&portal, &course).join("document");
        let mut on_disk = tree(&document);
        assert!(on_disk.remove("index.html"));
        on_disk.extend(rows_only.clone());
        let sql = format!("SELECT path, filetype, size FROM c_document WHERE c_id = {}", course.id);
        let mut entered = BTreeSet::new();
        for row in rows(&portal, &sql) {
            let path = row.text("path").strip_prefix('/').unwrap().to_owned();
            if row.text("filetype") == "file" {
                let length = std::fs::metadata(document.join(&path)).unwrap().len();
                assert_eq!(row.int("size"), Some(length as i64), "{path}");
            }
            assert!(entered.insert(path.clone()), "{path} is entered twice");
        }
        assert_eq!(entered, on_disk);
    }
}

#[test]
fn invisible_and_deleted_documents_are_marked_as_chamilo_marks_them() {
    let (_folder, portal, _) = sample();
    let sql = "SELECT d.id, d.path, p.lastedit_type, p.visibility FROM c_document d JOIN c_item_property p \
               ON p.tool = 'document' AND p.ref = d.id WHERE d.c_id = 1 AND d.filetype = 'file' AND p.visibility <> 1";
    let mut marked = rows(&portal, sql).into_iter().map(|row| {
        (row.text("path").replace(&row.text("id"), "ID"), row.text("lastedit_type"), row.int("visibility").unwrap())
    });
    let expected = [
        ("/Corrigé (enseignant).html", "DocumentInvisible", 0),
        ("/Ancien plan.txt_DELETED_ID", "DocumentDeleted", 2),
        ("/Ancien plan.txt_DELETED_ID", "delete", 2),
    ];
    for (path, edit, visibility) in expected {
        assert_eq!(marked.next(), Some((path.into(), edit.into(), visibility)));
    }
    assert_eq!(marked.next(), None);
}

/// Tool of a property, the table it refers to and that table's key.
const ITEMS: [(&str, &str, &str); 21] = [
    ("announcement", "c_announcement", "id"),
    ("attendance", "c_attendance", "id"),
    ("calendar_event", "c_calendar_event", "id"),
    ("calendar_event_attachment", "c_calendar_event_attachment", "id"),
    ("course_description", "c_course_description", "id"),
    ("document", "c_document", "id"),
    ("forum", "c_forum_forum", "forum_id"),
    ("forum_attachment", "c_forum_attachment", "iid"),
    ("forum_category", "c_forum_category", "cat_id"),
    ("forum_post", "c_forum_post", "post_id"),
    ("forum_thread", "c_forum_thread", "thread_id"),
    ("glossary", "c_glossary", "glossary_id"),
    ("learnpath", "c_lp", "id"),
    ("learnpath_category", "c_lp_category", "iid"),
    ("link", "c_link", "id"),
    ("link_category", "c_link_category", "id"),
    ("quiz", "c_quiz", "iid"),
    ("survey", "c_survey", "survey_id"),
    ("test_category", "c_quiz_question_category", "iid"),
    ("wiki", "c_wiki", "id"),
    ("work", "c_student_publication", "id"),
];

#[test]
fn every_property_points_at_a_row_and_every_item_has_one() {
    let (_folder, portal, _) = sample();
    let mut tools: BTreeSet<String> =
        rows(&portal, "SELECT DISTINCT tool FROM c_item_property").iter().map(|row| row.text("tool")).collect();
    let thematic = ["thematic", "thematic_plan", "thematic_advance"].map(|tool| (tool, format!("c_{tool}"), "id"));
    let items = ITEMS.iter().map(|(tool, table, key)| (*tool, (*table).to_owned(), *key)).chain(thematic);
    for (tool, table, key) in items {
        assert!(tools.remove(tool), "no property of {tool}");
        let properties = ids(&portal, &format!("SELECT ref AS n FROM c_item_property WHERE tool = '{tool}'"));
        assert_eq!(properties, ids(&portal, &format!("SELECT {key} AS n FROM {table}")), "{tool}");
    }
    assert_eq!(tools, BTreeSet::new());
}

#[test]
fn steps_of_learning_paths_point_at_rows_and_at_their_neighbours() {
    let (_folder, portal, _) = sample();
    let targets: BTreeMap<&str, (&str, &str)> = BTreeMap::from([
        ("document", ("c_document", "iid")),
        ("final_item", ("c_document", "iid")),
        ("quiz", ("c_quiz", "iid")),
        ("link", ("c_link", "iid")),
        ("forum", ("c_forum_forum", "forum_id")),
        ("thread", ("c_forum_thread", "thread_id")),
        ("student_publication", ("c_student_publication", "iid")),
    ]);
    let steps = rows(&portal, "SELECT * FROM c_lp_item ORDER BY lp_id, parent_item_id, display_order");
    let keys: BTreeSet<i64> = steps.iter().filter_map(|step| step.int("iid")).collect();
    let mut kinds = BTreeSet::new();
    for step in &steps {
        let kind = step.text("item_type");
        kinds.insert(kind.clone());
        if kind == "dir" {
            continue;
        }
        let (table, key) = targets[kind.as_str()];
        let course = step.int("c_id").unwrap();
        let rows = ids(&portal, &format!("SELECT {key} AS n FROM {table} WHERE c_id = {course}"));
        assert!(rows.contains(&step.int("path").unwrap()), "{}", step.text("title"));
        let prerequisite = step.int("prerequisite").unwrap();
        assert!(prerequisite == 0 || keys.contains(&prerequisite), "{}", step.text("title"));
        assert_eq!(step.int("ref"), step.int("iid"));
    }
    assert_eq!(kinds.len(), targets.len() + 1);
    for pair in steps.windows(2) {
        let same = |column: &str| pair[0].int(column) == pair[1].int(column);
        let neighbours = same("lp_id") && same("parent_item_id");
        let expected = if neighbours { (pair[1].int("iid"), pair[0].int("iid")) } else { (Some(0), Some(0)) };
        assert_eq!((pair[0].int("next_item_id"), pair[1].int("previous_item_id")), expected);
    }
    let last = rows(&portal, "SELECT max_score FROM c_lp_item WHERE item_type = 'quiz' ORDER BY iid");
    assert_eq!(last[0].int("max_score"), Some(30));
}

#[test]
fn answers_point_at_their_partners_and_options() {
    let (_folder, portal, _) = sample();
    let sql = "SELECT a.correct, a.question_id, q.type FROM c_quiz_answer a JOIN c_quiz_question q \
               ON q.iid = a.question_id WHERE q.type IN (4, 11, 19) AND a.correct <> 0";
    let answers = rows(&portal, sql);
    assert!(answers.len() >= 9);
    for answer in answers {
        let table = if answer.int("type") == Some(11) { "c_quiz_question_option" } else { "c_quiz_answer" };
        let question = answer.int("question_id").unwrap();
        let partners = ids(&portal, &format!("SELECT iid AS n FROM {table} WHERE question_id = {question}"));
        assert!(partners.contains(&answer.int("correct").unwrap()));
    }
    let used = ids(&portal, "SELECT question_id AS n FROM c_quiz_rel_question");
    let all = ids(&portal, "SELECT iid AS n FROM c_quiz_question");
    assert!(used.is_subset(&all));
    assert_eq!(all.difference(&used).count(), 1, "one question is an orphan");
    for picture in ids(&portal, "SELECT picture AS n FROM c_quiz_question WHERE picture <> ''") {
        assert!(ids(&portal, "SELECT id AS n FROM c_document").contains(&picture));
    }
}

#[test]
fn attachments_and_assignments_have_their_files() {
    let (_folder, portal, courses) = sample();
    let folders = [
        ("c_announcement_attachment", "upload/announcements"),
        ("c_calendar_event_attachment", "upload/calendar"),
        ("c_forum_attachment", "upload/forum"),
    ];
    for course in &courses {
        let root = directory(&portal, course);
        for (table, folder) in folders {
            for row in rows(&portal, &format!("SELECT path, size FROM {table} WHERE c_id = {}", course.id)) {
                let length = std::fs::metadata(root.join(folder).join(row.text("path"))).unwrap().len();
                assert_eq!(row.int("size"), Some(length as i64), "{table}");
            }
        }
        for row in rows(&portal, &format!("SELECT url FROM c_student_publication WHERE c_id = {}", course.id)) {
            assert!(root.join(format!("work{}", row.text("url"))).is_dir());
        }
    }
}

/// The values of `src` and `href` in a page.
fn references(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["src=\"", "href=\""] {
        let values = html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
        found.extend(values.map(str::to_owned));
    }
    found
}

/// Undoes `%XX`.
fn decoded(url: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = url.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let code = (*byte == b'%').then(|| u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
        bytes.push(code.unwrap_or(*byte));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn links_inside_pages_and_texts_lead_to_documents() {
    let (_folder, portal, courses) = sample();
    let courses_folder = portal.root().join("app/courses");
    let mut followed = 0;
    let mut follow = |reference: &str, page: &Path| {
        let target = match reference.strip_prefix("/courses/") {
            Some(path) => courses_folder.join(decoded(path)),
            None => page.parent().unwrap().join(decoded(reference)),
        };
        let target = target.canonicalize().unwrap_or_else(|error| panic!("{reference} in {page:?}: {error}"));
        assert!(target.is_file(), "{reference}");
        followed += 1;
    };
    for course in &courses {
        let document = directory(&portal, course).join("document");
        for path in tree(&document).iter().filter(|path| path.ends_with(".html")) {
            let page = document.join(path);
            for reference in references(&std::fs::read_to_string(&page).unwrap()) {
                follow(&reference, &page);
            }
        }
    }
    let texts = "SELECT intro_text AS text FROM c_tool_intro UNION ALL SELECT content FROM c_announcement \
                 UNION ALL SELECT answer FROM c_quiz_answer UNION ALL SELECT content FROM c_calendar_event";
    for row in rows(&portal, texts) {
        for reference in references(&row.text("text")) {
            follow(&reference, Path::new("/"));
        }
    }
    assert!(followed >= 20, "{followed}");
}

/// Path, content and time of a file.
type File = (String, Vec<u8>, std::time::SystemTime);

/// All rows as text, and all files.
fn contents(portal: &Portal) -> (Vec<String>, Vec<File>) {
    let all = portals::tables(portal).into_iter().flat_map(|name| {
        rows(portal, &format!("SELECT * FROM `{name}`")).into_iter().map(move |row| {
            let values: Vec<String> = row.iter().map(|(column, value)| format!("{column}={value:?}")).collect();
            format!("{name}: {}", values.join(", "))
        })
    });
    let root = portal.root().join("app/courses");
    let files = tree(&root).into_iter().map(|path| {
        let on_disk = root.join(&path);
        let content = if on_disk.is_file() { std::fs::read(&on_disk).unwrap() } else { Vec::new() };
        let made = path.contains('/');
        let time = if made { on_disk.metadata().unwrap().modified().unwrap() } else { std::time::UNIX_EPOCH };
        (path, content, time)
    });
    (all.collect(), files.collect())
}

#[test]
fn two_samples_are_equal_and_small() {
    let (_one, first, _) = sample();
    let (_other, second, _) = sample();
    let (first, second) = (contents(&first), contents(&second));
    assert_eq!(first, second);
    let bytes: usize = first.1.iter().map(|(_, content, _)| content.len()).sum();
    assert!(bytes < 500_000, "{bytes}");
}

#[test]
fn a_second_sample_is_refused() {
    let (_folder, portal, _) = sample();
    let again = sample::fill(&portal).unwrap_err();
    assert!(matches!(again, SampleError::Create(CreateError::CodeTaken(ref code)) if code == "GEO101"), "{again}");
}
