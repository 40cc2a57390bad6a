//! Properties of tests and questions that are more than a column: lists of questions, documents named by their keys,
//! and the pseudo test of questions that stand in no test.

use std::collections::HashSet;

use crate::course::item::{Item, Items, Record};
use crate::php::{Key, Value as Php};
use crate::portal::database::Value;

use super::{CATEGORY, QUESTION, QUIZ};

/// Number of the pseudo test.
pub const ORPHANS: i64 = -1;

/// The folder of the sounds of tests.
pub const SOUNDS: &str = "audio/";

/// The folder of the pictures of old questions.
const PICTURES: &str = "images/";

/// A list of values, numbered from 0.
fn list(values: impl Iterator<Item = Php<'static>>) -> Php<'static> {
    Php::Array((0..).map(Key::Int).zip(values).collect())
}

/// A column's value as PHP 7.4 fetches it.
pub fn fetched(value: &Value) -> Php<'static> {
    value.to_text().map_or(Php::Null, |text| Php::String(text.into()))
}

/// A scalar of an archive.
pub fn scalar(value: &Php<'_>) -> Value {
    match value {
        Php::Int(number) => Value::Int(*number),
        other => other.as_bytes().map_or(Value::Null, |text| Value::from(text.into_owned())),
    }
}

/// The key of the document called `name` in `folder`, or the name if there is none.
fn document(name: &Value, folder: &str, items: &Items) -> Php<'static> {
    let path = [folder.as_bytes(), &name.to_text().unwrap_or_default()].concat();
    items.documents.get(&path).map_or_else(|| fetched(name), |key| key.to_string().into())
}

/// The sound of a test: the importer wants the key of the document.
pub fn sound(item: &Item, items: &Items) -> Option<Php<'static>> {
    Some(document(item.record.get("sound"), SOUNDS, items))
}

pub fn read_sound(value: &Php<'_>, record: &mut Record) {
    record.set("sound", scalar(value));
}

/// The picture of a question: the key of a document, which old questions name by its file.
pub fn picture(item: &Item, items: &Items) -> Option<Php<'static>> {
    Some(document(item.record.get("picture"), PICTURES, items))
}

pub fn read_picture(value: &Php<'_>, record: &mut Record) {
    record.set("picture", scalar(value));
}

/// The rows that list a test's questions.
fn listed(record: &Record) -> &[Record] {
    record.children_of(&QUIZ.table, "c_quiz_rel_question")
}

fn archived_question(question: i64) -> Php<'static> {
    QUESTION.table.archived_key(question).to_string().into()
}

/// The keys of a test's questions, in the order of the rows that list them; absent if there are none.
pub fn question_ids(item: &Item, _: &Items) -> Option<Php<'static>> {
    let listed = listed(&item.record);
    let keys = listed.iter().map(|row| archived_question(row.int("question_id").unwrap_or(0)));
    (!listed.is_empty()).then(|| list(keys))
}

pub fn read_question_ids(value: &Php<'_>, record: &mut Record) {
    let Some((place, table)) = QUIZ.table.child("c_quiz_rel_question") else { return };
    let rows = (1_i64..).zip(value.entries()).map(|(order, (_, key))| {
        let mut row = Record::new(table);
        row.set("question_id", QUESTION.table.stored_key(key.as_int().unwrap_or(0)).into());
        row.set("question_order", order.into());
        row
    });
    if let Some(children) = record.children.get_mut(place) {
        *children = rows.collect();
    }
}

/// The places of a test's questions, beside their keys.
pub fn question_orders(item: &Item, _: &Items) -> Option<Php<'static>> {
    let listed = listed(&item.record);
    (!listed.is_empty()).then(|| list(listed.iter().map(|row| fetched(row.get("question_order")))))
}

pub fn read_question_orders(value: &Php<'_>, record: &mut Record) {
    let Some((place, _)) = QUIZ.table.child("c_quiz_rel_question") else { return };
    for (row, (_, order)) in record.children.get_mut(place).into_iter().flatten().zip(value.entries()) {
        row.set("question_order", scalar(order));
    }
}

/// The first category of a question, 0 if it has none. Further ones stand beside Chamilo's form.
pub fn category(item: &Item, _: &Items) -> Option<Php<'static>> {
    let first = item.record.children_of(&QUESTION.table, "c_quiz_question_rel_category").first();
    Some(Php::Int(first.and_then(|row| row.int("category_id")).unwrap_or(0)))
}

pub fn read_category(value: &Php<'_>, record: &mut Record) {
    let Some((place, table)) = QUESTION.table.child("c_quiz_question_rel_category") else { return };
    let category = value.as_int().filter(|category| *category > 0);
    if let (Some(category), Some(children)) = (category, record.children.get_mut(place)) {
        let mut row = Record::new(table);
        row.set("category_id", CATEGORY.table.stored_key(category).into());
        *children = vec![row];
    }
}

/// The pseudo test of the questions that stand in no test of the archive, or in a deleted one only, so that Chamilo's
/// importer takes them in.
pub fn orphans(items: &Items) -> Php<'static> {
    let used: HashSet<i64> = items
        .of(QUIZ.key)
        .iter()
        .filter(|test| test.record.int("active") != Some(-1))
        .flat_map(|test| listed(&test.record))
        .filter_map(|row| row.int("question_id"))
        .collect();
    let keys = items.of(QUESTION.key).iter().filter_map(|question| question.record.key(&QUESTION.table));
    let orphans: Vec<i64> = keys.filter(|key| !used.contains(key)).collect();
    let title = match items.course.bytes("course_language").as_slice() {
        b"french" | b"french2" => "Questions orphelines",
        b"spanish" | b"spanish_latin" => "Preguntas huérfanas",
        _ => "Orphan questions",
    };
    let mut obj = vec![
        (Key::from("iid"), Php::Int(ORPHANS)),
        (Key::from("title"), title.into()),
        (Key::from("type"), Php::Int(2)),
        (Key::from("quiz_type"), Php::Int(2)),
    ];
    if !orphans.is_empty() {
        obj.push((Key::from("question_ids"), list(orphans.iter().map(|key| archived_question(*key)))));
        obj.push((Key::from("question_orders"), list((1..).map(Php::Int).take(orphans.len()))));
    }
    Php::object(
        CLASS_OF_TESTS,
        vec![
            (Key::from("obj"), Php::object(&b"stdClass"[..], obj)),
            (Key::from("source_id"), Php::Int(ORPHANS)),
            (Key::from("destination_id"), Php::Int(-1)),
            (Key::from("type"), QUIZ.key.into()),
            (Key::from("linked_resources"), Php::EMPTY_ARRAY),
            (Key::from("item_properties"), Php::EMPTY_ARRAY),
            (Key::from("extraFields"), Php::EMPTY_ARRAY),
        ],
    )
}

/// Full name of the class of tests.
const CLASS_OF_TESTS: &[u8] = b"Chamilo\\CourseBundle\\Component\\CourseCopy\\Resources\\Quiz";
