//! Courses with tests of every kind of question and every setting that a page follows, for the browser.
//!
//! The plans in `plans/` say, written by hand, what is answered and what must come out.

use coursefs::portal::database::{DatabaseExt, Value};

use crate::scorm_support::HandMadePath;
use crate::support::{TestCourse, TestPortal};

/// Answer, correct (negative: the row so many places on, from 1), comment, points, shape, coordinates, destination.
type Answer = (&'static str, i64, &'static str, f64, &'static str, &'static str, &'static str);

const fn choice(text: &'static str, correct: i64, points: f64, comment: &'static str) -> Answer {
    (text, correct, comment, points, "", "", "")
}

const fn row(text: &'static str, correct: i64, points: f64) -> Answer {
    (text, correct, "", points, "", "", "")
}

const fn zone(text: &'static str, points: f64, shape: &'static str, at: &'static str) -> Answer {
    (text, 0, "", points, shape, at, "")
}

/// A question: type, text, points, `extra`, whether it has the picture, answers.
struct Question(i64, &'static str, f64, &'static str, bool, &'static [Answer]);

/// Every type of Chamilo 1.11. For 4, 18, 19, 24, 25 a `correct` of -n is the n-th row of the question.
const ALL: &[Question] = &[
    Question(
        1,
        "<b>T1</b> unique",
        10.0,
        "",
        false,
        &[
            choice("one &amp; right", 1, 10.0, "Well <i>done</i>"),
            choice("one wrong", 0, -5.0, "No"),
            row("one other", 0, 0.0),
        ],
    ),
    Question(2, "T2 multiple", 10.0, "", false, &[row("two a", 1, 5.0), row("two b", 1, 5.0), row("two c", 0, -5.0)]),
    Question(
        3,
        "T3 blanks",
        6.0,
        "",
        false,
        &[row(
            "<p>Water is [l'eau], colour or [colour||color], two and two are [four|three|five].</p>::2,2,2:90,90,90:0@",
            0,
            0.0,
        )],
    ),
    Question(
        4,
        "T4 matching",
        4.0,
        "",
        false,
        &[row("<b>meows</b>", 0, 0.0), row("barks", 0, 0.0), row("cat", -1, 2.0), row("dog", -2, 2.0)],
    ),
    Question(5, "T5 free", 5.0, "", false, &[]),
    Question(
        6,
        "T6 hotspot",
        4.0,
        "",
        true,
        &[
            zone("chamber", 2.0, "circle", "160;191|64|18"),
            zone("crater", 1.0, "square", "140;56|40|20"),
            zone("corner", 1.0, "poly", "0;0|60;0|0;60"),
        ],
    ),
    Question(
        8,
        "T8 delineation",
        10.0,
        "",
        true,
        &[
            ("around the crater", 0, "", 10.0, "delineation", "100;50|200;50|200;150|100;150", "60;40;40@@0@@0@@0@@"),
            ("not here", 0, "", 0.0, "oar", "280;180|310;180|310;210", ""),
        ],
    ),
    Question(9, "T9 exact", 5.0, "", false, &[row("nine a", 1, 5.0), row("nine b", 1, 0.0), row("nine c", 0, 0.0)]),
    Question(
        10,
        "T10 doubt",
        3.0,
        "",
        false,
        &[row("ten right", 1, 3.0), row("ten wrong", 0, -1.0), row("no idea", 0, 0.0)],
    ),
    Question(
        11,
        "T11 true or false",
        2.0,
        "1:-0.5:0",
        false,
        &[row("eleven is true", 1, 1.0), row("eleven is false", 2, 1.0)],
    ),
    Question(12, "T12 combination", 4.0, "", false, &[row("twelve is true", 1, 4.0), row("twelve is false", 0, 0.0)]),
    Question(13, "T13 spoken", 5.0, "", false, &[]),
    Question(
        14,
        "T14 global",
        6.0,
        "",
        false,
        &[row("fourteen a", 1, 3.0), row("fourteen b", 1, 3.0), row("fourteen c", 0, -3.0)],
    ),
    Question(15, "T15 media", 0.0, "", false, &[]),
    Question(
        16,
        "T16 calculated",
        5.0,
        "",
        false,
        &[row("Twice 2.5 [5]@@2*[x]", 1, 5.0), row("Twice 0.25 [0.5]@@2*[x]", 1, 5.0)],
    ),
    Question(
        17,
        "T17 pictures",
        1.0,
        "",
        false,
        &[row("<img src=\"/courses/KINDS/document/picture.png\" alt=\"volcano\">", 1, 1.0), row("none", 0, 0.0)],
    ),
    Question(
        18,
        "T18 order",
        3.0,
        "v",
        false,
        &[
            row("1", 0, 0.0),
            row("2", 0, 0.0),
            row("3", 0, 0.0),
            row("first", -1, 1.0),
            row("third", -3, 1.0),
            row("second", -2, 1.0),
        ],
    ),
    Question(
        19,
        "T19 dragging",
        4.0,
        "",
        false,
        &[row("root end", 0, 0.0), row("leaf end", 0, 0.0), row("water", -1, 2.0), row("light", -2, 2.0)],
    ),
    Question(20, "T20 annotation", 5.0, "", true, &[]),
    Question(21, "T21 reading", 2.0, "", false, &[row("twentyone right", 1, 2.0), row("twentyone wrong", 0, 0.0)]),
    Question(
        22,
        "T22 certainty",
        2.0,
        "1:-1:0",
        false,
        &[row("twentytwo is true", 1, 1.0), row("twentytwo is false", 2, 1.0)],
    ),
    Question(23, "T23 upload", 5.0, "", false, &[]),
    Question(
        24,
        "T24 all matching",
        6.0,
        "",
        false,
        &[row("uno", 0, 0.0), row("dos", 0, 0.0), row("eins", -1, 1.0), row("zwei", -2, 1.0)],
    ),
    Question(
        25,
        "T25 all dragging",
        6.0,
        "",
        false,
        &[row("tres", 0, 0.0), row("cuatro", 0, 0.0), row("drei", -1, 1.0), row("vier", -2, 1.0)],
    ),
    Question(
        26,
        "T26 all spots",
        4.0,
        "",
        true,
        &[zone("magma", 1.0, "circle", "160;191|64|18"), zone("mouth", 1.0, "square", "140;56|40|20")],
    ),
    Question(27, "T27 all blanks", 4.0, "", false, &[row("Say {a} and {b}.::1,1:60,60:1@1", 0, 0.0)]),
    Question(28, "T28 all of a list", 3.0, "", false, &[row("twentyeight a", 1, 0.0), row("twentyeight b", 0, 0.0)]),
    Question(29, "T29 list", 3.0, "", false, &[row("twentynine a", 1, 3.0), row("twentynine b", 0, -1.0)]),
    Question(30, "T30 office", 5.0, "", false, &[]),
];

/// Settings of a test that differ from Chamilo's defaults.
type Settings = &'static [(&'static str, i64)];

/// Tests: title, settings, types of the questions.
const TESTS: &[(&str, Settings, &[i64])] = &[
    (
        "All kinds",
        &[("type", 2), ("pass_percentage", 50)],
        &[1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
    ),
    ("One page", &[("type", 1), ("pass_percentage", 60), ("random_answers", 1)], &[1, 2, 9]),
    ("Drawn", &[("type", 2), ("random", 3), ("pass_percentage", 50)], &[1, 2, 9, 10, 14, 21]),
    ("Exam", &[("type", 1), ("feedback_type", 2), ("results_disabled", 1), ("max_attempt", 1)], &[1, 2]),
    ("Told at once", &[("type", 1), ("feedback_type", 3), ("max_attempt", 2), ("pass_percentage", 80)], &[1, 11]),
    ("Below zero", &[("type", 1), ("propagate_neg", 1)], &[1, 2]),
    ("Only free", &[("type", 1)], &[5, 13, 23]),
    ("Timed", &[("type", 1), ("expired_time", 1), ("pass_percentage", 50)], &[1, 2]),
];

/// The course KINDS with a learning path "Kinds" through all tests.
pub fn course(portal: &TestPortal) -> TestCourse<'_> {
    let course = portal.course("KINDS");
    let picture = course.file("/picture.png", include_bytes!("../../src/sample/geo101/coupe-volcan.png"));
    for question in ALL {
        insert_question(&course, question, picture);
    }
    for (number, (title, settings, questions)) in (1_i64..).zip(TESTS) {
        insert_test(&course, 100 + number, title, settings, questions);
    }
    let path = HandMadePath::new(&course, "Kinds");
    for (number, (title, ..)) in (1_i64..).zip(TESTS) {
        path.step("quiz", title, 100 + number, 0);
    }
    course
}

/// Keys are chosen, so that rows can point at each other: 1000 + type, and further digits for what hangs on it.
fn insert_question(course: &TestCourse<'_>, question: &Question, picture: i64) {
    let Question(kind, text, points, extra, with_picture, answers) = question;
    let key = 1000 + kind;
    insert(
        course,
        "c_quiz_question",
        &[
            ("iid", key.into()),
            ("question", (*text).into()),
            ("description", format!("<p>Description of {kind}</p>").into()),
            ("ponderation", Value::Float(*points)),
            ("position", 1.into()),
            ("type", (*kind).into()),
            ("picture", if *with_picture { picture.to_string() } else { String::new() }.into()),
            ("level", 1.into()),
            ("extra", (*extra).into()),
        ],
    );
    let option = |number: i64| key * 100 + 50 + number;
    for (position, (text, correct, comment, points, shape, at, destination)) in (1_i64..).zip(*answers) {
        let correct = match kind {
            11 | 22 => option(*correct),
            _ if *correct < 0 => key * 100 - correct,
            _ => *correct,
        };
        let last = *text == "no idea";
        insert(
            course,
            "c_quiz_answer",
            &[
                ("iid", (key * 100 + position).into()),
                ("id_auto", (key * 100 + position).into()),
                ("question_id", key.into()),
                ("answer", (*text).into()),
                ("correct", correct.into()),
                ("comment", (*comment).into()),
                ("ponderation", Value::Float(*points)),
                ("position", if last { 666 } else { position }.into()),
                ("hotspot_coordinates", (*at).into()),
                ("hotspot_type", (*shape).into()),
                ("destination", (*destination).into()),
            ],
        );
    }
    if matches!(kind, 11 | 22) {
        for (position, name) in (1_i64..).zip(["True", "False", "DoubtScore"]) {
            let values = [
                ("iid", option(position).into()),
                ("question_id", key.into()),
                ("name", name.into()),
                ("position", position.into()),
            ];
            insert(course, "c_quiz_question_option", &values);
        }
    }
}

fn insert_test(course: &TestCourse<'_>, key: i64, title: &str, settings: Settings, questions: &[i64]) {
    let mut values: Vec<(&str, Value)> = vec![
        ("iid", key.into()),
        ("title", title.into()),
        ("description", format!("<p>About <em>{title}</em></p>").into()),
        ("sound", "".into()),
        ("active", 1.into()),
        ("access_condition", "".into()),
        ("save_correct_answers", 0.into()),
        ("session_id", 0.into()),
        ("text_when_finished", "<p>The end</p>".into()),
        ("question_selection_type", 1.into()),
        ("hide_question_title", 0.into()),
    ];
    let rest = [
        "type",
        "random",
        "random_answers",
        "results_disabled",
        "max_attempt",
        "feedback_type",
        "expired_time",
        "propagate_neg",
        "review_answers",
        "random_by_category",
        "display_category_name",
        "pass_percentage",
    ];
    for column in rest {
        let set = settings.iter().find(|(name, _)| *name == column);
        values.push((column, set.map_or(0, |(_, value)| *value).into()));
    }
    insert(course, "c_quiz", &values);
    for (order, kind) in (1_i64..).zip(questions) {
        let values =
            [("question_order", order.into()), ("question_id", (1000 + kind).into()), ("exercice_id", key.into())];
        insert(course, "c_quiz_rel_question", &values);
    }
}

fn insert(course: &TestCourse<'_>, table: &str, values: &[(&str, Value)]) {
    let mut row: Vec<(&str, Value)> = vec![("c_id", course.id().into())];
    row.extend(values.iter().cloned());
    course.portal.portal.database().write(|session| session.insert(table, &row)).unwrap();
}
