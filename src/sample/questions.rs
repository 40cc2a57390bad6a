//! Rows of tests and surveys: questions with their answers, as the forms of Chamilo 1.11.16 and later store them.
//!
//! Tests and questions are known by `iid`; their old key `id` stays NULL.

use std::collections::HashMap;

use super::SampleError;
use super::content::{Answers, Question, Target, Test};
use super::writer::Writer;
use crate::portal::database::Value;

/// The question type "multiple true/false", whose answers point at options.
const TRUE_FALSE: i64 = 11;

/// The options of a true/false question at positions 1 to 3, and the scores for right, wrong and doubt.
const OPTIONS: [&str; 3] = ["True", "False", "DoubtScore"];
const OPTION_SCORES: &str = "1:-0.5:0";

/// Writes tests, questions and surveys.
pub(super) fn write(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    let mut categories = HashMap::new();
    for (title, description) in writer.sample.question_categories {
        let values = [("title", (*title).into()), ("description", (*description).into())];
        let id = writer.insert("c_quiz_question_category", None, &values)?;
        writer.property("test_category", id, "TestCategoryAdded")?;
        categories.insert(*title, id);
    }
    for test in writer.sample.tests {
        let id = insert_test(writer, test)?;
        writer.remember(Target::Test(test.title), id);
        for (order, question) in (1_i64..).zip(test.questions) {
            let question_id = insert_question(writer, order, question, &categories)?;
            let values =
                [("question_order", order.into()), ("question_id", question_id.into()), ("exercice_id", id.into())];
            writer.insert("c_quiz_rel_question", None, &values)?;
        }
    }
    for question in writer.sample.orphans {
        insert_question(writer, 1, question, &categories)?;
    }
    surveys(writer)
}

fn insert_test(writer: &Writer<'_>, test: &Test) -> Result<i64, SampleError> {
    let values = [
        ("title", test.title.into()),
        ("description", test.description.into()),
        ("sound", "".into()),
        ("type", 2.into()),
        ("random", 0.into()),
        ("random_answers", 0.into()),
        ("active", test.active.into()),
        ("results_disabled", 0.into()),
        ("access_condition", "".into()),
        ("max_attempt", test.max_attempts.into()),
        ("feedback_type", 0.into()),
        ("expired_time", 0.into()),
        ("session_id", 0.into()),
        ("propagate_neg", 0.into()),
        ("save_correct_answers", 0.into()),
        ("review_answers", 0.into()),
        ("random_by_category", 0.into()),
        ("text_when_finished", test.finished.into()),
        ("display_category_name", 1.into()),
        ("pass_percentage", 50.into()),
        ("question_selection_type", 1.into()),
        ("hide_question_title", 0.into()),
    ];
    let id = writer.insert("c_quiz", None, &values)?;
    writer.property("quiz", id, "QuizAdded")?;
    Ok(id)
}

fn insert_question(
    writer: &Writer<'_>,
    position: i64,
    question: &'static Question,
    categories: &HashMap<&str, i64>,
) -> Result<i64, SampleError> {
    let picture = question.picture.map(|path| writer.key(Target::Document(path))).transpose()?;
    let values = [
        ("question", question.question.into()),
        ("description", question.description.into()),
        ("ponderation", question.score.into()),
        ("position", position.into()),
        ("type", question.kind.into()),
        ("picture", picture.map_or_else(String::new, |id| id.to_string()).into()),
        ("level", 1.into()),
        ("extra", if question.kind == TRUE_FALSE { OPTION_SCORES } else { "" }.into()),
        ("question_code", "".into()),
    ];
    let id = writer.insert("c_quiz_question", None, &values)?;
    if let Some(category) = question.category {
        let missing = || SampleError::Reference { course: writer.sample.code, name: format!("category {category}") };
        let category_id = categories.get(category).copied().ok_or_else(missing)?;
        let values = [("category_id", category_id.into()), ("question_id", id.into())];
        writer.insert("c_quiz_question_rel_category", None, &values)?;
    }
    insert_answers(&AnswerWriter { writer, question: id }, question)?;
    Ok(id)
}

/// One answer: what is not said is empty.
#[derive(Clone, Copy, Default)]
struct Answer<'a> {
    position: i64,
    text: &'a str,
    correct: i64,
    comment: &'a str,
    score: f64,
    coordinates: &'a str,
    shape: &'a str,
}

struct AnswerWriter<'a> {
    writer: &'a Writer<'a>,
    question: i64,
}

impl AnswerWriter<'_> {
    fn insert(&self, answer: Answer<'_>) -> Result<i64, SampleError> {
        let values = [
            ("question_id", self.question.into()),
            ("answer", answer.text.into()),
            ("correct", answer.correct.into()),
            ("comment", answer.comment.into()),
            ("ponderation", answer.score.into()),
            ("position", answer.position.into()),
            ("hotspot_coordinates", answer.coordinates.into()),
            ("hotspot_type", answer.shape.into()),
            ("destination", "".into()),
            ("answer_code", "".into()),
        ];
        self.writer.insert("c_quiz_answer", Some("id_auto"), &values)
    }
}

fn insert_answers(answers: &AnswerWriter<'_>, question: &Question) -> Result<(), SampleError> {
    match question.answers {
        Answers::None => {}
        Answers::Choices(choices) => {
            for (position, (text, right, comment, score)) in (1_i64..).zip(choices) {
                let correct = i64::from(*right);
                answers.insert(Answer { position, text, correct, comment, score: *score, ..Answer::default() })?;
            }
        }
        Answers::Blanks(text) => {
            answers.insert(Answer { position: 1, text, ..Answer::default() })?;
        }
        Answers::Calculated(variants) => {
            for (position, text) in (1_i64..).zip(variants) {
                answers.insert(Answer { position, text, correct: 1, score: question.score, ..Answer::default() })?;
            }
        }
        Answers::Pairs(pairs) => insert_pairs(answers, pairs, question.score)?,
        Answers::Statements(statements) => insert_statements(answers, statements)?,
        Answers::Spots(spots) => {
            let score = question.score / spots.len() as f64;
            for (position, (text, shape, coordinates)) in (1_i64..).zip(spots) {
                answers.insert(Answer { position, text, score, coordinates, shape, ..Answer::default() })?;
            }
        }
    }
    Ok(())
}

/// The right-hand sides come first; each left-hand side holds the key of its partner.
fn insert_pairs(answers: &AnswerWriter<'_>, pairs: &[(&str, &str)], score: f64) -> Result<(), SampleError> {
    let mut partners = Vec::new();
    for (position, (_, right)) in (1_i64..).zip(pairs) {
        partners.push(answers.insert(Answer { position, text: right, ..Answer::default() })?);
    }
    let score = score / pairs.len() as f64;
    for ((position, (left, _)), partner) in (pairs.len() as i64 + 1..).zip(pairs).zip(partners) {
        answers.insert(Answer { position, text: left, correct: partner, score, ..Answer::default() })?;
    }
    Ok(())
}

/// Each statement holds the key of the option that is right for it.
fn insert_statements(answers: &AnswerWriter<'_>, statements: &[(&str, bool, &str)]) -> Result<(), SampleError> {
    let mut options = Vec::new();
    for (position, name) in (1_i64..).zip(OPTIONS) {
        let values = [("question_id", answers.question.into()), ("name", name.into()), ("position", position.into())];
        options.push(answers.writer.insert("c_quiz_question_option", None, &values)?);
    }
    let [right, wrong, ..] = options[..] else { return Ok(()) };
    for (position, (text, is_true, comment)) in (1_i64..).zip(statements) {
        let correct = if *is_true { right } else { wrong };
        answers.insert(Answer { position, text, correct, comment, score: 1.0, ..Answer::default() })?;
    }
    Ok(())
}

fn surveys(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for survey in writer.sample.surveys {
        let values = [
            ("code", survey.code.into()),
            ("title", survey.title.into()),
            ("subtitle", "".into()),
            ("author", writer.stamp.user.to_string().into()),
            ("lang", writer.sample.language.into()),
            ("avail_from", "2026-09-01".into()),
            ("avail_till", "2027-06-30".into()),
            ("is_shared", "0".into()),
            ("template", "template".into()),
            ("intro", survey.introduction.into()),
            ("surveythanks", survey.thanks.into()),
            ("creation_date", writer.stamp.datetime().into()),
            ("invited", 0.into()),
            ("answered", 0.into()),
            ("invite_mail", "".into()),
            ("reminder_mail", "".into()),
            ("mail_subject", "".into()),
            ("anonymous", "1".into()),
            ("shuffle", 0.into()),
            ("one_question_per_page", 0.into()),
            ("survey_version", "".into()),
            ("parent_id", 0.into()),
            ("survey_type", 0.into()),
            ("show_form_profile", 0.into()),
            ("form_fields", "".into()),
            ("session_id", 0.into()),
            ("visible_results", 0.into()),
        ];
        let id = writer.insert("c_survey", Some("survey_id"), &values)?;
        writer.property("survey", id, "SurveyAdded")?;
        writer.remember(Target::Survey(survey.title), id);
        for (sort, (kind, question, options)) in (1_i64..).zip(survey.questions) {
            insert_survey_question(writer, id, sort, kind, question, options)?;
        }
    }
    Ok(())
}

fn insert_survey_question(
    writer: &Writer<'_>,
    survey: i64,
    sort: i64,
    kind: &str,
    question: &str,
    options: &[&str],
) -> Result<(), SampleError> {
    let greatest = if kind == "score" { 5 } else { 0 };
    let values = [
        ("survey_id", survey.into()),
        ("survey_question", question.into()),
        ("survey_question_comment", "".into()),
        ("type", kind.into()),
        ("display", "vertical".into()),
        ("sort", sort.into()),
        ("shared_question_id", 0.into()),
        ("max_value", greatest.into()),
        ("survey_group_pri", 0.into()),
        ("survey_group_sec1", 0.into()),
        ("survey_group_sec2", 0.into()),
    ];
    let id = writer.insert("c_survey_question", Some("question_id"), &values)?;
    for (sort, text) in (1_i64..).zip(options) {
        let values = [
            ("question_id", id.into()),
            ("survey_id", survey.into()),
            ("option_text", (*text).into()),
            ("sort", sort.into()),
            ("value", Value::Int(sort - 1)),
        ];
        writer.insert("c_survey_question_option", Some("question_option_id"), &values)?;
    }
    Ok(())
}
