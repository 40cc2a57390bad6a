//! Surveys and their questions.
//!
//! Chamilo's form leaves out much of a survey (anonymity, its kind, the groups of questions, what an answer counts).
//! Its importer reads the order of questions from a misspelt property, `suffle`, which ours have besides the right one.

use crate::php;
use crate::portal::database::Value;

use super::{Form, Item, Items, Kind, Object, Property, Record, Role, Source, Special, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Survey", kinds: &[SURVEY, QUESTION] };

const SURVEY: Kind = Kind {
    key: "survey",
    class: "Survey",
    table: Table {
        name: "c_survey",
        extra_fields: Some(12),
        key: "survey_id",
        roles: &[
            ("title", Role::Html),
            ("subtitle", Role::Html),
            ("intro", Role::Html),
            ("surveythanks", Role::Html),
            ("author", Role::User),
            ("parent_id", Role::Late("c_survey")),
            ("invited", Role::Loose),
            ("answered", Role::Loose),
        ],
        children: &[
            Table { name: "c_survey_group", parent: "survey_id", ..Table::COURSE },
            Table { name: "c_survey_answer", key: "answer_id", parent: "survey_id", users_own: true, ..Table::COURSE },
        ],
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("code", Source::Column("code")),
            Property("title", Source::Column("title")),
            Property("subtitle", Source::Column("subtitle")),
            Property("author", Source::Column("author")),
            Property("lang", Source::Column("lang")),
            Property("avail_from", Source::Column("avail_from")),
            Property("avail_till", Source::Column("avail_till")),
            Property("is_shared", Source::Column("is_shared")),
            Property("template", Source::Column("template")),
            Property("intro", Source::Column("intro")),
            Property("surveythanks", Source::Column("surveythanks")),
            Property("creation_date", Source::Column("creation_date")),
            Property("invited", Source::Column("invited")),
            Property("answered", Source::Column("answered")),
            Property("invite_mail", Source::Column("invite_mail")),
            Property("reminder_mail", Source::Column("reminder_mail")),
            Property("question_ids", Source::Special(QUESTION_IDS)),
            Property("invitation_ids", Source::Empty),
        ],
        dynamic: &[
            Property("one_question_per_page", Source::Column("one_question_per_page")),
            Property("shuffle", Source::Column("shuffle")),
            Property("suffle", Source::Column("shuffle")),
        ],
        ..Object::EMPTY
    }),
    property_tool: Some("survey"),
    properties_archived: true,
    place: &["code", "lang"],
};

/// The questions say themselves what survey they belong to: the list is for Chamilo.
const QUESTION_IDS: Special = Special { write: question_ids, read: |_, _| {}, covers: &[] };

fn question_ids(item: &Item, items: &Items) -> Option<php::Value<'static>> {
    let survey = item.record.key(&SURVEY.table);
    let questions = items.of(QUESTION.key).iter().map(|question| &question.record);
    let of_survey = questions.filter(|question| question.int("survey_id") == survey);
    let keys = of_survey.filter_map(|question| question.key(&QUESTION.table)).map(|key| key.to_string().into());
    Some(php::Value::Array((0..).map(php::Key::Int).zip(keys).collect()))
}

const QUESTION: Kind = Kind {
    key: "survey_question",
    class: "SurveyQuestion",
    table: Table {
        name: "c_survey_question",
        key: "question_id",
        roles: &[
            ("survey_question", Role::Html),
            ("survey_id", Role::Reference("c_survey")),
            ("survey_group_pri", Role::Reference("c_survey_group")),
            ("survey_group_sec1", Role::Reference("c_survey_group")),
            ("survey_group_sec2", Role::Reference("c_survey_group")),
        ],
        children: &[Table {
            name: "c_survey_question_option",
            key: "question_option_id",
            parent: "question_id",
            roles: &[("option_text", Role::Html), ("survey_id", Role::Reference("c_survey"))],
            ..Table::COURSE
        }],
        ..Table::COURSE
    },
    // The questions of the surveys of sessions belong to these.
    condition: "(c_id, survey_id) IN (SELECT c_id, survey_id FROM c_survey
                    WHERE session_id = 0 OR session_id IS NULL)",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("survey_id", Source::Column("survey_id")),
            Property("survey_question", Source::Column("survey_question")),
            Property("survey_question_comment", Source::Column("survey_question_comment")),
            Property("survey_question_type", Source::Column("type")),
            Property("display", Source::Column("display")),
            Property("sort", Source::Column("sort")),
            Property("shared_question_id", Source::Column("shared_question_id")),
            Property("max_value", Source::Column("max_value")),
            Property("options", Source::Null),
            // Only portals that switched required questions on have the column.
            Property("is_required", Source::Column("is_required")),
            Property("id", Source::Column("question_id")),
        ],
        dynamic: &[Property(
            "answers",
            Source::Children("c_survey_question_option", &[("option_text", "option_text"), ("sort", "sort")]),
        )],
        mend: Some(options_know_the_survey),
        ..Object::EMPTY
    }),
    property_tool: None,
    properties_archived: true,
    place: &[],
};

/// Chamilo's archives tell the survey of a question, and not again that of its options.
fn options_know_the_survey(question: &mut Record) {
    let survey: Value = question.get("survey_id").clone();
    for option in question.children.iter_mut().flatten() {
        if option.find("survey_id").is_none() {
            option.set("survey_id", survey.clone());
        }
    }
}
