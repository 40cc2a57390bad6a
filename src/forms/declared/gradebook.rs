//! The gradebook: JSON, the category at the top with those below it. Results are the users' own and in no file.

use crate::forms::form::{Belongs, FileForm, Given, Part, TableForm};

pub const GRADEBOOK: FileForm = FileForm {
    tool: "Gradebook",
    kind: "gradebook",
    name: "gradebook",
    title: "name",
    parts: &[Part { kind: "gradebook", belongs: Belongs::Below("parent_id") }],
    tables: &[
        TableForm {
            table: "gradebook_category",
            row: "category",
            list: "categories",
            fields: &[
                ("parent_id", "parent"),
                ("user_id", "user"),
                ("certif_min_score", "certificate_min_score"),
                ("document_id", "certificate"),
                ("grade_model_id", "grade_model"),
                ("default_lowest_eval_exclude", "leaves_out_lowest"),
            ],
            defaults: &[("user_id", Given::User), ("weight", Given::Int(100)), ("visible", Given::Int(1))],
            words: &[],
        },
        TableForm { table: "gradebook_score_display", row: "word", list: "score_words", ..TableForm::PLAIN },
        TableForm { table: "skill_rel_gradebook", row: "skill", list: "skills", ..TableForm::PLAIN },
        TableForm {
            table: "gradebook_evaluation",
            row: "evaluation",
            list: "evaluations",
            fields: &[("user_id", "user"), ("max", "max_score")],
            defaults: &[
                ("user_id", Given::User),
                ("created_at", Given::Now),
                ("visible", Given::Int(1)),
                ("type", Given::Text("evaluation")),
            ],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "gradebook_link",
            row: "link",
            list: "links",
            fields: &[("ref_id", "item"), ("user_id", "user")],
            defaults: &[("user_id", Given::User), ("created_at", Given::Now), ("visible", Given::Int(1))],
            // Data rules 7.2.
            words: &[(
                "type",
                &[
                    (1, "test"),
                    (2, "drop box"),
                    (3, "assignment"),
                    (4, "learning path"),
                    (5, "forum thread"),
                    (7, "attendance"),
                    (8, "survey"),
                    (9, "Hot Potatoes"),
                    (10, "portfolio"),
                ],
            )],
        },
    ],
    ..FileForm::PLAIN
};
