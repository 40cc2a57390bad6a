//! A table of all tools whose items are files: an item of a sample course for each kind of file, with what a change by
//! `sed`, its removal and a file made by hand must do to the rows.

/// Rows by table: how many.
pub type Rows = &'static [(&'static str, usize)];

/// A row with some of its columns.
pub type Row = (&'static str, &'static [(&'static str, &'static str)]);

/// What is done with an item, or why it has no meaning.
pub type Done<T> = Result<T, &'static str>;

/// One item of the sample course `GEO101`.
pub struct Sample {
    /// Its file; of an item that is a folder the page in it.
    pub file: &'static str,
    /// An expression for `sed`; the table, the column and the words that stand there afterwards.
    pub edit: Done<(&'static str, &'static str, &'static str, &'static str)>,
    /// All rows that go when it is removed, and come when it is copied.
    pub rows: Rows,
    /// A file made by hand in an empty course, and all rows that it makes.
    pub hand: Done<(&'static str, Content, &'static [Row])>,
}

/// What a file made by hand holds.
#[derive(Clone, Copy)]
pub enum Content {
    /// This text.
    Text(&'static str),
    /// A SCORM 1.2 package of one page.
    Package,
}

use Content::{Package, Text};

/// Why a page that is a folder is not made by hand here.
const FOLDER: &str = "a folder is made by mkdir, and its page by that";

/// The property row of a visible item that was made by the administrator.
const fn property(edit: &'static [(&'static str, &'static str)]) -> Row {
    ("c_item_property", edit)
}

pub const SAMPLES: &[Sample] = &[
    Sample {
        file: "Announcement/Sortie au puy de Dôme.html",
        edit: Ok((
            "s/25 septembre à 8 h/2 octobre à 9 h/",
            "c_announcement",
            "content",
            "Nous partons le 2 octobre à 9 h",
        )),
        rows: &[("c_announcement", 1), ("c_announcement_attachment", 1), ("c_item_property", 1)],
        hand: Ok((
            "Announcement/welcome.html",
            Text("<title>Welcome to all!</title><p>We begin on Monday.</p>"),
            &[
                ("c_announcement", &[("title", "Welcome to all!"), ("content", "<p>We begin on Monday.</p>")]),
                property(&[("tool", "announcement"), ("lastedit_type", "AnnouncementAdded"), ("visibility", "1")]),
            ],
        )),
    },
    Sample {
        file: "Agenda/Sortie au puy de Dôme.ics",
        edit: Ok(("s/^DTEND:.*/DTEND:20260925T160000Z/", "c_calendar_event", "end_date", "2026-09-25 16:00:00")),
        rows: &[("c_calendar_event", 1), ("c_calendar_event_attachment", 1), ("c_item_property", 2)],
        hand: Ok((
            "Agenda/lecture.ics",
            Text(
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260901T080000Z\nDTEND:20260901T093000Z\nSUMMARY:Lecture\n\
                 END:VEVENT\nEND:VCALENDAR\n",
            ),
            &[
                ("c_calendar_event", &[("title", "Lecture"), ("start_date", "2026-09-01 08:00:00")]),
                property(&[("tool", "calendar_event"), ("start_visible", "2026-09-01 08:00:00")]),
            ],
        )),
    },
    Sample {
        file: "Assignment/Carnet de terrain.json",
        edit: Ok(("s/\"max_score\": 20.0/\"max_score\": 15/", "c_student_publication", "qualification", "15")),
        rows: &[("c_student_publication", 1), ("c_student_publication_assignment", 1), ("c_item_property", 1)],
        hand: Ok((
            "Assignment/Essay.json",
            Text("{\"description\": \"<p>Write.</p>\", \"max_score\": 10}"),
            &[
                ("c_student_publication", &[("title", "Essay"), ("url", "/Essay"), ("filetype", "folder")]),
                ("c_student_publication_assignment", &[("enable_qualification", "1")]),
                property(&[("tool", "work"), ("visibility", "1")]),
            ],
        )),
    },
    Sample {
        file: "Attendance/Présence du mardi.json",
        edit: Ok(("s/2026-09-22/2026-09-23/", "c_attendance_calendar", "date_time", "2026-09-23 08:00:00")),
        rows: &[("c_attendance", 1), ("c_attendance_calendar", 3), ("c_item_property", 1)],
        hand: Ok((
            "Attendance/Tuesdays.json",
            Text("{\"dates\": [{\"time\": \"2026-09-01 08:00:00\"}]}"),
            &[
                ("c_attendance", &[("name", "Tuesdays"), ("active", "1")]),
                ("c_attendance_calendar", &[("date_time", "2026-09-01 08:00:00")]),
                property(&[("tool", "attendance")]),
            ],
        )),
    },
    Sample {
        file: "Description/Objectifs.html",
        edit: Ok(("s|</main>|<p>par sed</p></main>|", "c_course_description", "content", "<p>par sed</p>")),
        rows: &[("c_course_description", 1), ("c_item_property", 1)],
        hand: Ok((
            "Description/Aims.html",
            Text("<body>To know more.</body>"),
            &[
                ("c_course_description", &[("title", "Aims"), ("content", "To know more."), ("description_type", "8")]),
                property(&[("tool", "course_description")]),
            ],
        )),
    },
    Sample {
        file: "Forum/Le cours/Questions sur les leçons/Un volcan peut-il s'éteindre pour de bon ?.html",
        edit: Ok(("s/dorment ou sont-ils/rêvent ou sont-ils/", "c_forum_post", "post_text", "rêvent ou sont-ils")),
        rows: &[("c_forum_thread", 1), ("c_forum_post", 3), ("c_forum_attachment", 1), ("c_item_property", 5)],
        hand: Ok((
            "Forum/General/News/Hello.html",
            Text("<body><p>Hello!</p></body>"),
            &[
                ("c_forum_thread", &[("thread_title", "Hello"), ("thread_replies", "0")]),
                ("c_forum_post", &[("post_title", "Hello"), ("post_text", "<p>Hello!</p>"), ("status", "1")]),
                property(&[("tool", "forum_thread")]),
                property(&[("tool", "forum_post")]),
            ],
        )),
    },
    Sample {
        file: "Forum/Pause/Café du cratère/index.html",
        edit: Ok(("s/très chaud/très froid/", "c_forum_forum", "forum_comment", "<p>Servi très froid.</p>")),
        rows: &[("c_forum_forum", 1), ("c_item_property", 1)],
        hand: Err(FOLDER),
    },
    Sample {
        file: "Forum/Pause/index.html",
        edit: Ok(("s|</main>|<p>Un quart d'heure</p></main>|", "c_forum_category", "cat_comment", "Un quart d'heure")),
        rows: &[("c_forum_category", 1), ("c_item_property", 1)],
        hand: Err(FOLDER),
    },
    Sample {
        file: "Glossary/Magma.html",
        edit: Ok(("s/sous terre/au fond/", "c_glossary", "description", "et gaz, au fond.")),
        rows: &[("c_glossary", 1), ("c_item_property", 1)],
        hand: Ok((
            "Glossary/Lava.html",
            Text("Molten rock above the ground"),
            &[
                ("c_glossary", &[("name", "Lava"), ("description", "Molten rock above the ground")]),
                property(&[("tool", "glossary")]),
            ],
        )),
    },
    Sample {
        file: "Gradebook/GEO101.json",
        edit: Ok((
            "s/\"certificate_min_score\": 60/\"certificate_min_score\": 70/",
            "gradebook_category",
            "certif_min_score",
            "70",
        )),
        rows: &[("gradebook_category", 1), ("gradebook_evaluation", 1), ("gradebook_link", 4)],
        hand: Ok((
            "Gradebook/Final.json",
            Text("{\"evaluations\": [{\"name\": \"Oral exam\", \"weight\": 40, \"max_score\": 20}]}"),
            &[
                ("gradebook_category", &[("name", "Final"), ("weight", "100"), ("course_code", "HAND")]),
                ("gradebook_evaluation", &[("name", "Oral exam"), ("max", "20"), ("type", "evaluation")]),
            ],
        )),
    },
    Sample {
        file: "Introduction/forum.html",
        edit: Ok((
            "s/toutes les questions/peu de questions/",
            "c_tool_intro",
            "intro_text",
            "on pose peu de questions",
        )),
        rows: &[("c_tool_intro", 1)],
        hand: Ok((
            "Introduction/quiz.html",
            Text("<body>Read this first.</body>"),
            &[("c_tool_intro", &[("id", "quiz"), ("intro_text", "Read this first.")])],
        )),
    },
    Sample {
        file: "Learnpath/Volcans.zip",
        edit: Err("a package is an archive: it is replaced by another, not edited"),
        rows: &[("c_lp", 1), ("c_lp_item", 9), ("c_item_property", 1)],
        hand: Ok((
            "Learnpath/Rivers.zip",
            Package,
            &[
                ("c_lp", &[("name", "Rivers"), ("lp_type", "2")]),
                ("c_lp_item", &[("title", "Page"), ("item_type", "sco")]),
                property(&[("tool", "learnpath")]),
            ],
        )),
    },
    Sample {
        file: "Link/BRGM.url",
        edit: Ok(("s|^URL=.*|URL=https://www.brgm.fr/en|", "c_link", "url", "https://www.brgm.fr/en")),
        rows: &[("c_link", 1), ("c_item_property", 1)],
        hand: Ok((
            "Link/maps.url",
            Text("[InternetShortcut]\r\nURL=https://example.org/maps\r\n"),
            &[
                ("c_link", &[("title", "maps"), ("url", "https://example.org/maps"), ("target", "_self")]),
                property(&[("tool", "link")]),
            ],
        )),
    },
    Sample {
        file: "Link/Observer en direct/index.html",
        edit: Ok(("s/jour et nuit/nuit et jour/", "c_link_category", "description", "nuit et jour")),
        rows: &[("c_link_category", 1), ("c_link", 2), ("c_item_property", 3)],
        hand: Err(FOLDER),
    },
    Sample {
        file: "Progress/Les volcans.json",
        edit: Ok(("s/La chaîne des Puys/Les Puys/", "c_thematic_advance", "content", "<p>Les Puys</p>")),
        rows: &[("c_thematic", 1), ("c_thematic_advance", 2), ("c_thematic_plan", 2), ("c_item_property", 5)],
        hand: Ok((
            "Progress/Plants.json",
            Text("{\"plans\": [{\"title\": \"Aims\", \"type\": \"objectives\"}], \"advances\": [{\"duration\": 2}]}"),
            &[
                ("c_thematic", &[("title", "Plants"), ("active", "1")]),
                ("c_thematic_plan", &[("title", "Aims"), ("description_type", "1")]),
                ("c_thematic_advance", &[("duration", "2")]),
                property(&[("tool", "thematic")]),
                property(&[("tool", "thematic_plan")]),
                property(&[("tool", "thematic_advance")]),
            ],
        )),
    },
    Sample {
        file: "Survey/Votre avis sur la sortie.json",
        edit: Ok(("s/La montée/La descente/", "c_survey_question_option", "option_text", "La descente")),
        rows: &[("c_survey", 1), ("c_survey_question", 6), ("c_survey_question_option", 10), ("c_item_property", 1)],
        hand: Ok((
            "Survey/How was it.json",
            Text(
                "{\"questions\": [{\"question\": \"Good?\", \"type\": \"yesno\", \"options\": [{\"text\": \"Yes\"}]}]}",
            ),
            &[
                ("c_survey", &[("code", "How_was_it"), ("title", "How was it")]),
                ("c_survey_question", &[("survey_question", "Good?"), ("type", "yesno")]),
                ("c_survey_question_option", &[("option_text", "Yes")]),
                property(&[("tool", "survey")]),
            ],
        )),
    },
    Sample {
        file: "Test/Premier réveil.json",
        edit: Ok((
            "s/\"answer\": \"Des cendres\"/\"answer\": \"Des pierres\"/",
            "c_quiz_answer",
            "answer",
            "Des pierres",
        )),
        rows: &[
            ("c_quiz", 1),
            ("c_quiz_rel_question", 3),
            ("c_quiz_question", 3),
            ("c_quiz_question_rel_category", 2),
            ("c_quiz_answer", 7),
            ("c_item_property", 1),
        ],
        hand: Ok((
            "Test/Rocks.json",
            Text(
                "{\"questions\": [{\"question\": \"Which one floats?\", \"answers\": [{\"answer\": \"Pumice\", \
                 \"correct\": true, \"score\": 2}, {\"answer\": \"Basalt\"}]}]}",
            ),
            &[
                ("c_quiz", &[("title", "Rocks"), ("active", "1"), ("type", "1")]),
                ("c_quiz_rel_question", &[("question_order", "1")]),
                ("c_quiz_question", &[("question", "Which one floats?"), ("ponderation", "2"), ("type", "1")]),
                ("c_quiz_answer", &[("answer", "Pumice"), ("correct", "1"), ("position", "1")]),
                ("c_quiz_answer", &[("answer", "Basalt"), ("correct", "0"), ("position", "2")]),
                property(&[("tool", "quiz")]),
            ],
        )),
    },
    Sample {
        file: "Test/Questions/Quel est le plus haut volcan de la chaîne des Puys ?.json",
        edit: Ok(("s/1 465 m/1465 m/", "c_quiz_answer", "comment", "1465 m")),
        rows: &[("c_quiz_question", 1), ("c_quiz_question_rel_category", 1), ("c_quiz_answer", 2)],
        hand: Ok((
            "Test/Questions/Why.json",
            Text("{\"type\": \"open\", \"score\": 3}"),
            &[("c_quiz_question", &[("question", "Why"), ("type", "5"), ("ponderation", "3")])],
        )),
    },
    Sample {
        file: "Test/Categories/Séismes.html",
        edit: Ok(("s/failles, mesures/failles/", "c_quiz_question_category", "description", "Ondes, failles<")),
        rows: &[("c_quiz_question_category", 1), ("c_item_property", 1)],
        hand: Ok((
            "Test/Categories/Hard.html",
            Text("<body>Not easy</body>"),
            &[
                ("c_quiz_question_category", &[("title", "Hard"), ("description", "Not easy")]),
                property(&[("tool", "test_category")]),
            ],
        )),
    },
    Sample {
        file: "Wiki/Le puy de Dôme.html",
        edit: Ok(("s/11 000 ans/12 000 ans/", "c_wiki", "content", "environ 12 000 ans")),
        rows: &[("c_wiki", 1), ("c_wiki_conf", 1), ("c_item_property", 1)],
        hand: Ok((
            "Wiki/Green plants.html",
            Text("<title>Green plants</title><p>They grow.</p>"),
            &[
                ("c_wiki", &[("reflink", "Green_plants"), ("content", "<p>They grow.</p>"), ("version", "1")]),
                ("c_wiki_conf", &[]),
                property(&[("tool", "wiki")]),
            ],
        )),
    },
    Sample {
        file: "Xapi/Simulation.json",
        edit: Ok(("s/An activity/Another activity/", "xapi_tool_launch", "description", "Another activity")),
        rows: &[("xapi_tool_launch", 1), ("xapi_cmi5_item", 1)],
        hand: Ok((
            "Xapi/Lab.json",
            Text("{\"launch_url\": \"https://example.org/lab\", \"activity_id\": \"https://example.org/lab\"}"),
            &[("xapi_tool_launch", &[("title", "Lab"), ("launch_url", "https://example.org/lab")])],
        )),
    },
];
