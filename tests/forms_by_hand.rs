//! Files that people and programs make: what becomes of them, what is kept where they take the place of an item, and
//! what is said of those that can't be understood.
#![allow(clippy::unwrap_used)]

mod forms_support;
mod reference_support;
mod support;

use coursefs::course::Stamp;
use coursefs::forms::store::{Outcome, is_namesake};
use coursefs::forms::{Place, StoreError, Tree, read, write};
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseExt, Row, Value};
use forms_support::{file_at, files, folder_at, new_course, put, put_by, shown, stamp, tree};
use reference_support::{CODE, portal};

fn rows(portal: &Portal, sql: &str, values: &[Value]) -> Vec<Row> {
    portal.database().read(|session| session.rows(sql, values)).unwrap()
}

/// The only row of a table in the course.
fn row(portal: &Portal, course: i64, table: &str) -> Row {
    let mut rows = rows(portal, &format!("SELECT * FROM {table} WHERE c_id = ?"), &[course.into()]);
    assert_eq!(rows.len(), 1, "{table}");
    rows.remove(0)
}

/// The bytes of a file as text.
fn text(tree: &Tree, path: &str) -> String {
    shown(&write(tree, file_at(tree, path).unwrap_or_else(|| panic!("no {path}"))).unwrap())
}

/// What is said of a file that can't be an item.
fn refused(portal: &Portal, path: &str, bytes: &str) -> String {
    match put(portal, "HAND", path, bytes.as_bytes()) {
        Err(error @ (StoreError::Form(_) | StoreError::Taken { .. })) => error.to_string(),
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn a_page_with_nothing_but_title_and_body_becomes_an_announcement() {
    let (_folder, portal) = portal();
    let course = new_course(&portal, "HAND").id;
    let page = "<html><head><title>Field trip</title></head><body>\n<p>Bring <b>boots</b>.</p>\n</body></html>";
    let stored = put(&portal, "HAND", "Announcement/welcome.html", page.as_bytes()).unwrap();
    assert_eq!(stored[0].outcome, Outcome::Added);
    let made = row(&portal, course, "c_announcement");
    assert_eq!(made.text("title"), "Field trip");
    assert_eq!(made.text("content"), "<p>Bring <b>boots</b>.</p>");
    assert_eq!(made.text("end_date"), "2026-11-27");
    let seen = rows(
        &portal,
        "SELECT * FROM c_item_property WHERE c_id = ? AND tool = 'announcement' AND ref = ?",
        &[course.into(), made.get("id").clone()],
    );
    assert_eq!((seen.len(), seen[0].int("visibility"), seen[0].int("insert_user_id")), (1, Some(1), Some(1)));
    // The same once more is not made twice.
    assert_eq!(put(&portal, "HAND", "Announcement/other.html", page.as_bytes()).unwrap()[0].outcome, Outcome::Equal);
}

#[test]
fn pages_of_other_programs_and_encodings_are_read() {
    let (_folder, portal) = portal();
    let course = new_course(&portal, "HAND").id;
    let page = b"<HTML><HEAD><META CHARSET=iso-8859-1></HEAD><BODY CLASS=x><H1>Caf\xE9</H1><P>\xE9t\xE9</BODY></HTML>";
    put(&portal, "HAND", "Glossary/a.htm", page).unwrap();
    let term = row(&portal, course, "c_glossary");
    assert_eq!((term.text("name"), term.text("description")), ("Café".into(), "<H1>Café</H1><P>été".into()));
    put(&portal, "HAND", "Description/My section.html", b"just text").unwrap();
    let section = rows(&portal, "SELECT * FROM c_course_description WHERE c_id = ?", &[course.into()]).pop().unwrap();
    assert_eq!((section.text("title"), section.text("content")), ("My section".into(), "just text".into()));
    assert_eq!(section.int("description_type"), Some(8));
}

#[test]
fn links_to_documents_in_pages_lead_into_the_course() {
    let (_folder, portal) = portal();
    let course = new_course(&portal, "HAND").id;
    put(&portal, "HAND", "Announcement/a.html", b"<body><img src=\"../Document/map.png\"></body>").unwrap();
    let made = row(&portal, course, "c_announcement");
    assert_eq!(made.text("content"), "<img src=\"/courses/HAND/document/map.png\">");
    assert!(text(&tree(&portal, "HAND"), "Announcement/a.html").contains("<img src=\"../Document/map.png\">"));
}

#[test]
fn a_plain_shortcut_becomes_a_link_and_its_folder_a_category() {
    let (_folder, portal) = portal();
    let course = new_course(&portal, "HAND").id;
    let shortcut = b"[InternetShortcut]\r\nURL=https://www.usgs.gov/\r\n";
    put(&portal, "HAND", "Link/Volcanoes/USGS.url", shortcut).unwrap();
    let (link, category) = (row(&portal, course, "c_link"), row(&portal, course, "c_link_category"));
    assert_eq!((link.text("title"), link.text("url")), ("USGS".into(), "https://www.usgs.gov/".into()));
    assert_eq!(category.text("category_title"), "Volcanoes");
    assert_eq!(link.int("category_id"), category.int("id"));
    assert_eq!(link.text("target"), "_self");
}

#[test]
fn a_calendar_of_a_program_becomes_events_in_utc() {
    let (_folder, portal) = portal();
    let course = new_course(&portal, "HAND").id;
    let calendar = "BEGIN:VCALENDAR\r\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\r\nVERSION:2.0\r\n\
        BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nEND:VTIMEZONE\r\n\
        BEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20260901T100000\r\nDTEND;TZID=Europe/Berlin:20260901T113000\r\n\
        UID:1@google.com\r\nSUMMARY:Lecture\r\nDESCRIPTION:Room 3\\nBring a pen\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261225\r\nUID:2@google.com\r\n\
        SUMMARY:Holiday\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nDTSTART:20260907T080000Z\r\nDTEND:20260907T090000Z\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\n\
        UID:3@google.com\r\nSUMMARY:Lab\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    put(&portal, "HAND", "Agenda/term.ics", calendar.as_bytes()).unwrap();
    let events = rows(&portal, "SELECT * FROM c_calendar_event WHERE c_id = ? ORDER BY iid", &[course.into()]);
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (event.text("title"), event.text("start_date"), event.text("end_date"), event.int("all_day").unwrap())
        })
        .collect();
    let event = |title: &str, start: &str, end: &str, all_day| (title.into(), start.into(), end.into(), all_day);
    let wanted: Vec<(String, String, String, i64)> = vec![
        event("Lecture", "2026-09-01 08:00:00", "2026-09-01 09:30:00", 0),
        event("Holiday", "2026-12-24 00:00:00", "2026-12-25 00:00:00", 1),
        event("Lab", "2026-09-07 08:00:00", "2026-09-07 09:00:00", 0),
        event("Lab", "2026-09-14 08:00:00", "2026-09-14 09:00:00", 0),
        event("Lab", "2026-09-21 08:00:00", "2026-09-21 09:00:00", 0),
    ];
    assert_eq!(told, wanted);
    assert_eq!(events[0].text("content"), "<p>Room 3<br>Bring a pen</p>");
    assert_eq!(events[3].int("parent_event_id"), events[2].int("id"));
    let rule = row(&portal, course, "c_calendar_event_repeat");
    assert_eq!((rule.text("cal_type"), rule.int("cal_id")), ("weekly".into(), events[2].int("iid")));
    let shown = rows(
        &portal,
        "SELECT start_visible FROM c_item_property WHERE c_id = ? AND tool = 'calendar_event' ORDER BY iid",
        &[course.into()],
    );
    assert_eq!(shown[4].text("start_visible"), "2026-09-21 08:00:00");
}

#[test]
fn a_rule_that_is_changed_in_the_file_changes_the_days() {
    let (_folder, portal) = portal();
    let course = new_course(&portal, "HAND").id;
    let of = |rule: &str| {
        format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260907T080000Z\nDTEND:20260907T090000Z\n{rule}SUMMARY:Lab\n\
             END:VEVENT\nEND:VCALENDAR\n"
        )
    };
    let days = || -> Vec<String> {
        let sql = "SELECT start_date FROM c_calendar_event WHERE c_id = ? ORDER BY start_date";
        rows(&portal, sql, &[course.into()]).iter().map(|row| row.text("start_date")[5..10].to_owned()).collect()
    };
    put(&portal, "HAND", "Agenda/Lab.ics", of("RRULE:FREQ=WEEKLY;COUNT=3\n").as_bytes()).unwrap();
    assert_eq!(days(), ["09-07", "09-14", "09-21"]);
    let again = put(&portal, "HAND", "Agenda/Lab.ics", of("RRULE:FREQ=WEEKLY;COUNT=3\n").as_bytes()).unwrap();
    assert_eq!(again[0].outcome, Outcome::Equal);
    put(&portal, "HAND", "Agenda/Lab.ics", of("RRULE:FREQ=DAILY;COUNT=2\n").as_bytes()).unwrap();
    assert_eq!(days(), ["09-07", "09-08"]);
}

#[test]
fn an_event_that_is_edited_with_sed_stays_the_same_event() {
    let (_folder, portal) = portal();
    let before = tree(&portal, CODE);
    let bytes = text(&before, "Agenda/Opening.ics");
    let start = bytes.lines().find(|line| line.starts_with("DTSTART")).unwrap();
    let edited =
        bytes.replace(start, "DTSTART:20300101T080000Z").replace("SUMMARY:Opening", "SUMMARY:Begin\\, at last");
    let stored = put(&portal, CODE, "Agenda/Opening.ics", edited.as_bytes()).unwrap();
    assert_eq!((stored[0].outcome, Some(stored[0].place)), (Outcome::Changed, file_at(&before, "Agenda/Opening.ics")));
    let Place::File(_, key) = stored[0].place else { panic!() };
    let event = rows(&portal, "SELECT * FROM c_calendar_event WHERE id = ? AND c_id = 4", &[key.into()]).remove(0);
    assert_eq!(
        (event.text("title"), event.text("start_date")),
        ("Begin, at last".into(), "2030-01-01 08:00:00".into())
    );
}

#[test]
fn a_test_written_by_hand_gets_defaults() {
    let (_folder, portal) = portal();
    let course = new_course(&portal, "HAND").id;
    let test = r##"{
        "title": "Rocks",
        "questions": [
            {"question": "Which one floats?", "answers": [
                {"answer": "Pumice", "correct": true, "score": 2}, {"answer": "Basalt"}]},
            {"question": "Match", "type": "matching", "answers": [
                {"answer": "molten, below"}, {"answer": "Magma", "correct": "#answer-1", "score": 1}]}
        ]
    }"##;
    put(&portal, "HAND", "Test/rocks.json", test.as_bytes()).unwrap();
    let quiz = row(&portal, course, "c_quiz");
    assert_eq!((quiz.text("title"), quiz.int("active"), quiz.int("type")), ("Rocks".into(), Some(1), Some(1)));
    let listed = rows(&portal, "SELECT * FROM c_quiz_rel_question WHERE c_id = ? ORDER BY iid", &[course.into()]);
    assert_eq!(listed.iter().map(|row| row.int("question_order").unwrap()).collect::<Vec<_>>(), [1, 2]);
    let questions = rows(&portal, "SELECT * FROM c_quiz_question WHERE c_id = ? ORDER BY iid", &[course.into()]);
    assert_eq!(questions[0].text("ponderation"), "2");
    assert_eq!(questions[1].int("type"), Some(4));
    let answers = rows(&portal, "SELECT * FROM c_quiz_answer WHERE c_id = ? ORDER BY iid", &[course.into()]);
    assert_eq!(answers[0].int("correct"), Some(1));
    assert_eq!(answers[3].int("correct"), answers[2].int("iid"));
    assert_eq!(answers[1].int("position"), Some(2));
}

#[test]
fn surveys_assignments_and_pages_of_wiki_and_forum_written_by_hand_get_what_chamilo_needs() {
    let (_folder, portal) = portal();
    let course = new_course(&portal, "HAND").id;
    put(
        &portal,
        "HAND",
        "Survey/How was it.json",
        br#"{"questions": [{"question": "Good?", "type": "yesno",
        "options": [{"text": "Yes"}, {"text": "No"}]}]}"#,
    )
    .unwrap();
    let survey = row(&portal, course, "c_survey");
    assert_eq!((survey.text("code"), survey.text("title")), ("How_was_it".into(), "How was it".into()));
    assert_eq!((survey.text("avail_from"), survey.text("avail_till")), ("2026-11-27".into(), "2027-11-27".into()));
    let option = rows(&portal, "SELECT * FROM c_survey_question_option WHERE c_id = ?", &[course.into()]).remove(0);
    assert_eq!(option.int("survey_id"), survey.int("survey_id"));
    put(&portal, "HAND", "Assignment/Essay.json", br#"{"description": "<p>Write.</p>", "max_score": 10}"#).unwrap();
    let work = row(&portal, course, "c_student_publication");
    let dates = row(&portal, course, "c_student_publication_assignment");
    assert_eq!((work.text("url"), work.text("filetype")), ("/Essay".into(), "folder".into()));
    assert_eq!((work.int("has_properties"), dates.int("enable_qualification")), (dates.int("id"), Some(1)));
    put(&portal, "HAND", "Wiki/Green plants.html", b"<title>Green plants</title><p>They grow.</p>").unwrap();
    let page = row(&portal, course, "c_wiki");
    assert_eq!((page.text("reflink"), page.int("version")), ("Green_plants".into(), Some(1)));
    assert_eq!(page.int("page_id"), page.int("id"));
    put(&portal, "HAND", "Forum/General/News/Hello.html", b"<body><p>Hello!</p></body>").unwrap();
    let (thread, post) = (row(&portal, course, "c_forum_thread"), row(&portal, course, "c_forum_post"));
    assert_eq!((post.text("post_title"), post.text("post_text")), ("Hello".into(), "<p>Hello!</p>".into()));
    assert_eq!((post.int("thread_id"), post.int("forum_id")), (thread.int("thread_id"), thread.int("forum_id")));
    assert_eq!(thread.int("thread_last_post"), post.int("post_id"));
    // The forum counts it.
    let forum = row(&portal, course, "c_forum_forum");
    assert_eq!((forum.int("forum_threads"), forum.int("forum_posts")), (Some(1), Some(1)));
    assert_eq!(forum.int("forum_last_post"), post.int("post_id"));
    put(&portal, "HAND", "Introduction/quiz.html", b"<body>Read this first.</body>").unwrap();
    assert_eq!(row(&portal, course, "c_tool_intro").text("id"), "quiz");
}

#[test]
fn an_edited_test_keeps_the_rows_that_results_hang_on() {
    let (_folder, portal) = portal();
    let path = "Test/Entry test.json";
    let bytes = text(&tree(&portal, CODE), path);
    let keys = |table: &str| -> Vec<(i64, String)> {
        let sql = format!("SELECT * FROM {table} WHERE c_id = 4 ORDER BY iid");
        let shown = |row: &Row| row.text("answer") + &row.text("question");
        rows(&portal, &sql, &[]).iter().map(|row| (row.int("iid").unwrap(), shown(row))).collect()
    };
    let (questions, answers) = (keys("c_quiz_question"), keys("c_quiz_answer"));
    // One answer is reworded, one taken out.
    let mut value: serde_json::Value = serde_json::from_str(&bytes).unwrap();
    let list = value["questions"][0]["answers"].as_array_mut().unwrap();
    assert_eq!(list.len(), 3);
    list.remove(1);
    list[1]["answer"] = "<p>five</p>".into();
    let gone = answers.iter().find(|(_, text)| text == "<p>No</p>").unwrap().0;
    let reworded = answers.iter().find(|(_, text)| text == "<p>4 &lt; 5</p>").unwrap().0;
    let by = Stamp { user: 1, time: "2027-01-01T10:00:00Z".parse().unwrap() };
    let stored = put_by(&portal, CODE, path, value.to_string().as_bytes(), &by).unwrap();
    assert_eq!(stored[0].outcome, Outcome::Changed);
    assert_eq!(keys("c_quiz_question"), questions);
    let now = keys("c_quiz_answer");
    assert!(!now.iter().any(|(key, _)| *key == gone));
    assert_eq!(now.iter().find(|(key, _)| *key == reworded).unwrap().1, "<p>five</p>");
    assert_eq!(now.len(), answers.len() - 1);
    // The file says nothing of when it was edited: that was now.
    assert_eq!(tree(&portal, CODE).entry(stored[0].place).unwrap().changed, "2027-01-01 10:00:00");
}

#[test]
fn a_plain_page_over_an_item_changes_its_text_and_keeps_the_rest() {
    let (_folder, portal) = portal();
    let path = "Announcement/Welcome to the course.html";
    let before = tree(&portal, CODE);
    let files_before = files(&before).len();
    let place = file_at(&before, path).unwrap();
    let page = b"<title>Welcome to the course</title><body><p>New words</p></body>";
    assert_eq!(put(&portal, CODE, path, page).unwrap()[0].outcome, Outcome::Changed);
    let after = tree(&portal, CODE);
    assert_eq!(file_at(&after, path), Some(place));
    let told = text(&after, path);
    assert!(told.contains("<p>New words</p>") && told.contains("programme été.pdf") && told.contains("2024-03-01"));
    assert_eq!(files(&after).len(), files_before);
}

#[test]
fn another_item_of_the_same_title_does_not_take_the_place_of_the_one_that_is_there() {
    let (_folder, portal) = portal();
    new_course(&portal, "HAND");
    let page = |created: &str, body: &str| {
        format!(
            "<title>Same</title><script type=\"application/json\" id=\"coursefs\">{{\"properties\":\
             {{\"created\":\"{created}\",\"changed\":\"{created}\"}}}}</script><main>\n{body}\n</main>"
        )
    };
    let (old, new) = (page("2020-01-01 00:00:00", "old"), page("2021-01-01 00:00:00", "new"));
    // As they come when a folder is copied backwards: the newer one first, under its marked name.
    put(&portal, "HAND", "Announcement/Same~ffffff.html", new.as_bytes()).unwrap();
    put(&portal, "HAND", "Announcement/Same.html", old.as_bytes()).unwrap();
    let tree = tree(&portal, "HAND");
    let names: Vec<String> =
        tree.children(folder_at(&tree, "Announcement").unwrap()).map(|entry| shown(&entry.name)).collect();
    assert_eq!(names.len(), 2);
    assert!(text(&tree, "Announcement/Same.html").contains("old"));
    let place = file_at(&tree, "Announcement/Same.html").unwrap();
    let folder = folder_at(&tree, "Announcement").unwrap();
    let edited = old.replace("old", "edited");
    let draft = read(&tree, folder, b"Same.html", edited.as_bytes(), &stamp()).unwrap().remove(0);
    assert!(!is_namesake(&tree, place, &draft));
}

#[test]
fn what_can_not_be_understood_is_refused_with_place_and_advice() {
    let (_folder, portal) = portal();
    new_course(&portal, "HAND");
    let cases = [
        ("Announcement/a.txt", "hello", "*.html"),
        ("Announcement/a.html", "\0\0\0\0", "no HTML page"),
        ("Link/a.url", "hello", "[InternetShortcut]"),
        ("Agenda/a.ics", "hello", "BEGIN:VCALENDAR"),
        ("Test/a.json", "{\n\"title\": \"A\",\n}", "line 3: this is no JSON"),
        ("Test/a.json", "[]", "an object is wanted"),
        ("Test/a.json", r#"{"form": "survey"}"#, "\"test\""),
        ("Test/a.json", r#"{"titel": "A"}"#, "titel: nothing is called so here; there are access_condition, active"),
        (
            "Test/a.json",
            r#"{"questions": [{"type": "guess"}]}"#,
            "questions[0].type: a number or one of the words unique",
        ),
        (
            "Test/a.json",
            r#"{"questions": [{"answers": [{"score": "much"}]}]}"#,
            "questions[0].answers[0].score: a number",
        ),
        (
            "Test/a.json",
            r##"{"questions": [{"type": "matching", "answers": [{"correct": "#answer-9"}]}]}"##,
            "questions[0].answers[0].correct: the file has no answer-9",
        ),
        ("Test/a.json", r#"{"questions": {}}"#, "questions: a list is wanted"),
        (
            "Assignment/a.json",
            r#"{"documents": [{"document": "../../x"}]}"#,
            "documents[0].document: ../../x leads out",
        ),
        ("Forum/a.html", "<body>hello</body>", "folders"),
    ];
    for (path, bytes, said) in cases {
        let error = refused(&portal, path, bytes);
        assert!(error.contains(said), "{path}: {error}");
    }
    assert_eq!(files(&tree(&portal, "HAND")).keys().filter(|path| !path.starts_with("Introduction")).count(), 0);
}

#[test]
fn references_to_what_is_not_there_yet_wait_for_it() {
    let (_folder, portal) = portal();
    let course = new_course(&portal, "HAND").id;
    let sheet = br#"{"advances": [{"attendance": "../Attendance/Tuesdays.json", "start": "2026-09-01 08:00:00"}]}"#;
    let stored = put(&portal, "HAND", "Progress/Plants.json", sheet).unwrap().remove(0);
    assert_eq!(stored.pending.len(), 1);
    assert_eq!(shown(&stored.pending[0].path), "Attendance/Tuesdays.json");
    assert_eq!(row(&portal, course, "c_thematic_advance").int("attendance_id"), Some(0));
    put(&portal, "HAND", "Attendance/Tuesdays.json", b"{}").unwrap();
    let left = portal
        .database()
        .write(|session| coursefs::forms::store::settle(session, &tree(&portal, "HAND"), &stored.pending));
    assert_eq!(left.unwrap(), []);
    let attendance = row(&portal, course, "c_attendance").int("id");
    assert_eq!(row(&portal, course, "c_thematic_advance").int("attendance_id"), attendance);
}

/// The examples of docs/FORMS.md: paths, each with the block under it.
fn examples() -> Vec<(String, String)> {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/FORMS.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut examples: Vec<(String, String)> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let path = line.strip_prefix('`').and_then(|line| line.strip_suffix('`')).filter(|path| path.contains('/'));
        if let Some(path) = path {
            let block = lines.by_ref().skip_while(|line| !line.starts_with("```")).skip(1);
            let block: Vec<&str> = block.take_while(|line| !line.starts_with("```")).collect();
            examples.push((path.to_owned(), block.join("\n")));
        }
    }
    examples
}

#[test]
fn the_examples_of_the_page_for_administrators_are_taken() {
    let (_folder, portal) = portal();
    new_course(&portal, "HAND");
    let examples = examples();
    assert!(examples.len() >= 9, "{}", examples.len());
    for (path, bytes) in &examples {
        let stored = put(&portal, "HAND", path, bytes.as_bytes()).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(stored[0].outcome, Outcome::Added, "{path}");
        assert!(file_at(&tree(&portal, "HAND"), path).is_some(), "{path}");
    }
    let page = text(&tree(&portal, "HAND"), "Announcement/Exam.html");
    assert!(page.contains("\"visible\": false") && page.contains("\"author\": \"admin\""), "{page}");
}

/// Names of files of all forms, in folders that an empty course has.
const PLACES: [(&str, &str); 6] = [
    ("Announcement", "a.html"),
    ("Wiki", "a.html"),
    ("Link", "a.url"),
    ("Agenda", "a.ics"),
    ("Test", "a.json"),
    ("Survey", "a.json"),
];

#[test]
fn whatever_a_file_holds_it_is_read_or_refused() {
    let (_folder, portal) = portal();
    new_course(&portal, "HAND");
    let tree = tree(&portal, "HAND");
    let try_all = |bytes: &[u8]| {
        for (folder, name) in PLACES {
            let folder = folder_at(&tree, folder).unwrap();
            drop(read(&tree, folder, name.as_bytes(), bytes, &stamp()));
        }
    };
    for rule in ["DAILY", "WEEKLY", "WEEKLY;BYDAY=MO,SU", "MONTHLY", "MONTHLY;BYDAY=1TU", "YEARLY"] {
        for more in
            ["INTERVAL=9223372036854775807", "INTERVAL=1000", "COUNT=9223372036854775807", "COUNT=-1", "INTERVAL=0"]
        {
            for start in ["20260901T080000Z", "99991231T235959Z", "-99990101", "00010101"] {
                let text =
                    format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:{start}\nRRULE:FREQ={rule};{more}\nEND:VEVENT\n");
                try_all(text.as_bytes());
            }
        }
    }
    let pieces = proptest::sample::select(vec![
        "BEGIN:VCALENDAR\n",
        "BEGIN:VEVENT\n",
        "END:VEVENT\n",
        "DTSTART:20260901T080000Z\n",
        "DURATION:P9999999W\n",
        "X-COURSEFS:{\"repetition\":[{\"until\":-9e99,\"every\":\"monthlyByDay\"}]}\n",
        "[InternetShortcut]\nURL=x\n",
        "[coursefs]\nFields={\"properties\":null}\n",
        "<script type=application/json id=coursefs>",
        "{",
        "}",
        "[",
        "]",
        "\"title\"",
        ":",
        "null",
        "\"questions\":[{\"answers\":[{\"correct\":\"#answer-0\"}]}]",
        "</script>",
        "<main>",
        "</main>",
        "<!--post-1-->",
        "\0",
        "\u{FEFF}",
        "<title",
        "<body",
        ">",
    ]);
    let texts = proptest::collection::vec(pieces, 0..14);
    let config = proptest::test_runner::Config { cases: 400, failure_persistence: None, ..Default::default() };
    let run = proptest::test_runner::TestRunner::new(config).run(&texts, |pieces| {
        try_all(pieces.concat().as_bytes());
        Ok(())
    });
    run.unwrap();
}
