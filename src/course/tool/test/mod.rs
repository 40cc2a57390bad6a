//! Tests, their questions, and the categories of questions.
//!
//! A test lists questions; a question belongs to the course, or to another one whose question was taken over, and may
//! stand in several tests or in none. Those in none, Chamilo's archives list in a pseudo test with the number -1.
//!
//! Here stand the declarations; `forms` makes and reads the properties that are no plain columns, `options` the options
//! of true/false questions.

mod forms;
mod options;

use super::{Form, Kind, Obj, Object, Property, Pseudo, Role, Source, Special, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Test", kinds: &[QUIZ, QUESTION, CATEGORY] };

const QUIZ: Kind = Kind {
    key: "quiz",
    class: "Quiz",
    table: Table {
        name: "c_quiz",
        extra_fields: Some(17),
        key: "iid",
        copies: &["id"],
        roles: &[
            ("description", Role::Html),
            ("text_when_finished", Role::Html),
            ("sound", Role::DocumentName(forms::SOUNDS)),
        ],
        // Students' results hang on a deleted test (`active` -1), and its questions stay in use.
        keeps_deleted: true,
        children: &[
            Table {
                name: "c_quiz_rel_question",
                key: "iid",
                parent: "exercice_id",
                roles: &[("question_id", Role::Reference("c_quiz_question"))],
                ..Table::COURSE
            },
            Table {
                name: "c_quiz_rel_category",
                key: "iid",
                parent: "exercise_id",
                roles: &[("category_id", Role::Reference("c_quiz_question_category"))],
                ..Table::COURSE
            },
        ],
        ..Table::COURSE
    },
    condition: "",
    order: "HEX(title), iid",
    form: Form::Object(Object {
        obj: Obj::Row {
            more: &[
                Property(
                    "sound",
                    Source::Special(Special { write: forms::sound, read: forms::read_sound, covers: &[] }),
                ),
                Property("quiz_type", Source::Column("type")),
                Property(
                    "question_ids",
                    Source::Special(Special {
                        write: forms::question_ids,
                        read: forms::read_question_ids,
                        covers: &["c_quiz_rel_question"],
                    }),
                ),
                Property(
                    "question_orders",
                    Source::Special(Special {
                        write: forms::question_orders,
                        read: forms::read_question_orders,
                        covers: &[],
                    }),
                ),
            ],
            zeroed: &[],
            first: true,
        },
        pseudo: Some(Pseudo { key: forms::ORPHANS, write: forms::orphans }),
        ..Object::EMPTY
    }),
    property_tool: Some("quiz"),
    properties_archived: true,
    place: &[],
};

/// Types of matching and ordering, where an answer points at another one, and true/false types, where it points at an
/// option (data rules 7.2).
const CORRECT: Role = Role::ReferenceByParent(
    "type",
    &[
        ("4", "c_quiz_answer"),
        ("11", "c_quiz_question_option"),
        ("18", "c_quiz_answer"),
        ("19", "c_quiz_answer"),
        ("22", "c_quiz_question_option"),
        ("24", "c_quiz_answer"),
        ("25", "c_quiz_answer"),
    ],
);

/// Questions in the tests of a course, whosever they are.
macro_rules! used {
    ($key:literal) => {
        concat!(
            $key,
            " IN (SELECT used.question_id FROM c_quiz_rel_question used JOIN c_quiz ON c_quiz.iid = used.exercice_id",
            " WHERE c_quiz.c_id = ? AND c_quiz.active >= 0",
            " AND (c_quiz.session_id = 0 OR c_quiz.session_id IS NULL))"
        )
    };
}

const QUESTION: Kind = Kind {
    key: "Exercise_Question",
    class: "QuizQuestion",
    table: Table {
        name: "c_quiz_question",
        extra_fields: Some(4),
        key: "iid",
        copies: &["id"],
        roles: &[
            ("question", Role::Html),
            ("description", Role::Html),
            // Old rows hold a file name, which is no key and stays.
            ("picture", Role::Reference("c_document")),
        ],
        children: &[
            Table {
                name: "c_quiz_answer",
                key: "iid",
                copies: &["id_auto", "id"],
                parent: "question_id",
                roles: &[("answer", Role::Html), ("comment", Role::Html), ("correct", CORRECT)],
                also: used!("question_id"),
                ..Table::COURSE
            },
            Table {
                name: "c_quiz_question_option",
                key: "iid",
                copies: &["id"],
                parent: "question_id",
                also: used!("question_id"),
                ..Table::COURSE
            },
            Table {
                name: "c_quiz_question_rel_category",
                key: "iid",
                parent: "question_id",
                roles: &[("category_id", Role::Reference("c_quiz_question_category"))],
                ..Table::COURSE
            },
        ],
        also: used!("iid"),
        // Chamilo's importer takes the options of its own question with the same number (Chamilo 1.11,
        // CourseRestorer): ours have numbers that no portal has reached.
        shift: 1_500_000_000,
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("question", Source::Column("question")),
            Property("description", Source::Column("description")),
            Property("ponderation", Source::Column("ponderation")),
            Property("quiz_type", Source::Column("type")),
            Property("position", Source::Column("position")),
            Property("level", Source::Column("level")),
            Property(
                "answers",
                Source::Children(
                    "c_quiz_answer",
                    &[
                        ("id", "iid"),
                        ("answer", "answer"),
                        ("correct", "correct"),
                        ("comment", "comment"),
                        ("ponderation", "ponderation"),
                        ("position", "position"),
                        ("hotspot_coordinates", "hotspot_coordinates"),
                        ("hotspot_type", "hotspot_type"),
                    ],
                ),
            ),
            Property(
                "picture",
                Source::Special(Special { write: forms::picture, read: forms::read_picture, covers: &[] }),
            ),
            Property("extra", Source::Column("extra")),
            Property(
                "question_category",
                Source::Special(Special { write: forms::category, read: forms::read_category, covers: &[] }),
            ),
        ],
        dynamic: &[Property(
            "question_options",
            Source::Special(Special {
                write: options::write,
                read: options::read,
                covers: &["c_quiz_question_option"],
            }),
        )],
        mend: Some(options::complete),
        ..Object::EMPTY
    }),
    property_tool: None,
    properties_archived: true,
    place: &[],
};

const CATEGORY: Kind = Kind {
    key: "test_category",
    class: "CourseCopyTestCategory",
    table: Table {
        name: "c_quiz_question_category",
        key: "iid",
        copies: &["id"],
        roles: &[("description", Role::Html)],
        ..Table::COURSE
    },
    condition: "",
    order: "HEX(title), iid",
    form: Form::Object(Object {
        own: &[Property("title", Source::Column("title")), Property("description", Source::Column("description"))],
        ..Object::EMPTY
    }),
    property_tool: Some("test_category"),
    properties_archived: true,
    place: &["title"],
};
