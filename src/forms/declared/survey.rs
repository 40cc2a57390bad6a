//! Surveys with their questions: JSON. Answers and invitations are the users' own and in no file.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use crate::forms::form::{Belongs, FileForm, Given, Parsed, Part, TableForm};
use crate::forms::names;
use crate::portal::database::Value;

pub const SURVEY: FileForm = FileForm {
    tool: "Survey",
    kind: "survey",
    name: "survey",
    parts: &[Part { kind: "survey_question", belongs: Belongs::By("survey_id") }],
    tables: &[
        TableForm {
            table: "c_survey",
            row: "survey",
            fields: &[
                ("lang", "language"),
                ("avail_from", "available_from"),
                ("avail_till", "available_until"),
                ("surveythanks", "thanks"),
                ("creation_date", "made_on"),
                ("parent_id", "parent"),
                ("survey_type", "type"),
                ("show_form_profile", "asks_profile"),
                ("form_fields", "profile_fields"),
            ],
            defaults: &[
                ("author", Given::User),
                ("lang", Given::Language),
                ("avail_from", Given::Today),
                ("avail_till", Given::Today),
                ("is_shared", Given::Text("0")),
                ("template", Given::Text("template")),
                ("creation_date", Given::Now),
                ("anonymous", Given::Text("0")),
            ],
            words: &[("survey_type", &[(0, "normal"), (1, "conditional"), (3, "meeting")])],
            ..TableForm::PLAIN
        },
        TableForm { table: "c_survey_group", row: "group", list: "groups", ..TableForm::PLAIN },
        TableForm {
            table: "c_survey_question",
            row: "question",
            list: "questions",
            fields: &[
                ("survey_question", "question"),
                ("survey_question_comment", "comment"),
                ("sort", "order"),
                ("survey_group_pri", "group"),
                ("survey_group_sec1", "second_group"),
                ("survey_group_sec2", "third_group"),
                ("shared_question_id", "shared_question"),
            ],
            defaults: &[
                ("type", Given::Text("open")),
                ("display", Given::Text("vertical")),
                ("sort", Given::Place),
                ("shared_question_id", Given::Int(0)),
                ("max_value", Given::Int(0)),
            ],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_survey_question_option",
            row: "option",
            list: "options",
            fields: &[("option_text", "text"), ("sort", "order")],
            defaults: &[("sort", Given::Place)],
            ..TableForm::PLAIN
        },
    ],
    complete: Some(complete),
    ..FileForm::PLAIN
};

/// How long a survey that says nothing of it can be answered.
fn open_for() -> Span {
    1.year()
}

/// A survey has a code, which is short, and days on which it can be answered: Chamilo shows none without.
fn complete(parsed: &mut Parsed) {
    let code: String = names::plain_word(&parsed.stem).chars().take(20).collect();
    parsed.set("code", "code", code);
    let from = String::from_utf8_lossy(&parsed.main.bytes("avail_from")).into_owned();
    if let Ok(until) = from.parse::<Date>().and_then(|from| from.checked_add(open_for())) {
        parsed.set("available_until", "avail_till", Value::from(until.to_string()));
    }
}
