//! Tests with their questions: JSON. Questions that stand in no test have files of their own; categories of questions
//! are pages. A question that several tests ask stands in the file of the oldest, and the others refer to it.

use crate::forms::form::{Belongs, FileForm, Given, Home, Parsed, Part, Syntax, TableForm, Words};
use crate::portal::database::Value;

/// Types of questions (data rules 7.2).
const TYPES: Words = &[
    (1, "unique answer"),
    (2, "multiple answer"),
    (3, "fill in blanks"),
    (4, "matching"),
    (5, "open"),
    (6, "hot spot"),
    (7, "hot spot order"),
    (8, "hot spot delineation"),
    (9, "exact combination"),
    (10, "unique answer or unknown"),
    (11, "true or false"),
    (12, "true or false combination"),
    (13, "oral expression"),
    (14, "global multiple answer"),
    (15, "media"),
    (16, "calculated"),
    (17, "unique picture"),
    (18, "sequence"),
    (19, "matching by dragging"),
    (20, "annotation"),
    (21, "reading comprehension"),
    (22, "true or false with certainty"),
    (23, "upload"),
    (24, "matching combination"),
    (25, "matching by dragging combination"),
    (26, "hot spot combination"),
    (27, "fill in blanks combination"),
    (28, "drop-down combination"),
    (29, "drop-down"),
    (30, "office document"),
];

/// What Chamilo writes where nothing is said.
const NOTHING: Given = Given::Text("");

const QUESTIONS: TableForm = TableForm {
    table: "c_quiz_question",
    row: "question",
    list: "questions",
    fields: &[("ponderation", "score"), ("position", "order"), ("question_code", "code")],
    defaults: &[
        ("type", Given::Int(1)),
        ("level", Given::Int(1)),
        ("position", Given::Place),
        ("description", NOTHING),
        ("picture", NOTHING),
        ("extra", NOTHING),
        ("question_code", NOTHING),
    ],
    words: &[("type", TYPES)],
};

const ANSWERS: TableForm = TableForm {
    table: "c_quiz_answer",
    row: "answer",
    list: "answers",
    fields: &[("ponderation", "score"), ("position", "order"), ("answer_code", "code")],
    defaults: &[
        ("position", Given::Place),
        ("correct", Given::Int(0)),
        ("comment", NOTHING),
        ("hotspot_coordinates", NOTHING),
        ("hotspot_type", NOTHING),
        ("destination", NOTHING),
        ("answer_code", NOTHING),
    ],
    ..TableForm::PLAIN
};

const OPTIONS: TableForm = TableForm {
    table: "c_quiz_question_option",
    row: "option",
    list: "options",
    fields: &[("position", "order")],
    defaults: &[("position", Given::Place)],
    ..TableForm::PLAIN
};

const CATEGORIES: TableForm = TableForm {
    table: "c_quiz_question_rel_category",
    row: "category",
    list: "categories",
    fields: &[("category_id", "category")],
    ..TableForm::PLAIN
};

pub const TEST: FileForm = FileForm {
    tool: "Test",
    kind: "quiz",
    name: "test",
    home: Home::Unless("active", -1, "Deleted"),
    parts: &[Part {
        kind: "Exercise_Question",
        belongs: Belongs::Listed("c_quiz_rel_question", "question_id", "question_order"),
    }],
    tables: &[
        TableForm {
            table: "c_quiz",
            row: "test",
            fields: &[
                ("max_attempt", "max_attempts"),
                ("expired_time", "minutes"),
                ("random", "random_questions"),
                ("random_by_category", "random_categories"),
                ("display_category_name", "shows_categories"),
                ("results_disabled", "hides_results"),
                ("propagate_neg", "negative_scores"),
                ("feedback_type", "feedback"),
                ("start_time", "available_from"),
                ("end_time", "available_until"),
                ("question_selection_type", "selection"),
            ],
            defaults: &[
                ("type", Given::Int(1)),
                ("active", Given::Int(1)),
                ("display_category_name", Given::Int(1)),
                ("question_selection_type", Given::Int(1)),
                ("hide_question_title", Given::Int(0)),
                ("description", NOTHING),
                ("sound", NOTHING),
                ("access_condition", NOTHING),
                ("text_when_finished", NOTHING),
            ],
            words: &[
                ("type", &[(1, "all on one page"), (2, "one a page")]),
                ("feedback_type", &[(0, "at the end"), (1, "direct"), (2, "none"), (3, "pop-up")]),
                ("active", &[(1, "yes"), (0, "no"), (-1, "deleted")]),
            ],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_quiz_rel_question",
            row: "place",
            list: "places",
            fields: &[("question_id", "question"), ("question_order", "order")],
            defaults: &[("question_order", Given::Place)],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_quiz_rel_category",
            row: "drawn",
            list: "drawn_by_category",
            fields: &[("category_id", "category"), ("count_questions", "count")],
            ..TableForm::PLAIN
        },
        QUESTIONS,
        ANSWERS,
        OPTIONS,
        CATEGORIES,
    ],
    complete: Some(complete),
    ..FileForm::PLAIN
};

pub const QUESTION: FileForm = FileForm {
    tool: "Test",
    kind: "Exercise_Question",
    name: "question",
    title: "question",
    home: Home::Folder("Questions"),
    tables: &[QUESTIONS, ANSWERS, OPTIONS, CATEGORIES],
    ..FileForm::PLAIN
};

pub const CATEGORY: FileForm = FileForm {
    tool: "Test",
    kind: "test_category",
    name: "question category",
    syntax: Syntax::Page("description"),
    home: Home::Folder("Categories"),
    tables: &[TableForm { table: "c_quiz_question_category", row: "category", ..TableForm::PLAIN }],
    ..FileForm::PLAIN
};

/// The score of a question made by hand is what its right answers give.
fn complete(parsed: &mut Parsed) {
    if parsed.ours {
        return;
    }
    for question in parsed.parts.iter_mut().flatten() {
        if number(question.get("ponderation")) == 0.0 {
            let answers = question.children.first().into_iter().flatten();
            let score: f64 = answers.map(|answer| number(answer.get("ponderation")).max(0.0)).sum();
            question.set("ponderation", Value::Float(score));
        }
    }
}

fn number(value: &Value) -> f64 {
    let text = value.to_text().unwrap_or_default();
    String::from_utf8_lossy(&text).parse().unwrap_or(0.0)
}
