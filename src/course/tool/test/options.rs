//! Options of true/false questions: three rows, True, False and DoubtScore, at which the answers point.
//!
//! Chamilo keys them by a column that recent versions leave NULL, so that of the three rows in its own archives only
//! the last is left; of questions in no test it writes none. [`complete`] makes up for both. Ours are keyed by the
//! number that answers point at.

use std::collections::BTreeSet;

use crate::course::item::{Item, Items, Record};
use crate::php::{Key, Value as Php};
use crate::portal::database::Value;

use super::QUESTION;
use super::forms::{fetched, scalar};

/// The question type whose options Chamilo archives: multiple true/false.
const TRUE_FALSE: i64 = 11;

/// The names at positions 1 to 3 (Chamilo 1.11 translates them when it shows them).
const NAMES: [&str; 3] = ["True", "False", "DoubtScore"];

const TABLE: &str = "c_quiz_question_option";

/// The columns of an option, in the order of a fresh installation.
const COLUMNS: [&str; 6] = ["iid", "c_id", "id", "question_id", "name", "position"];

const CLASS: &[u8] = b"Chamilo\\CourseBundle\\Component\\CourseCopy\\Resources\\QuizQuestionOption";

/// A map of option objects. True/false questions always have the property, since the importer fails without it; others
/// only if they have options, of which Chamilo's archives know nothing.
pub fn write(item: &Item, _: &Items) -> Option<Php<'static>> {
    let options = item.record.children_of(&QUESTION.table, TABLE);
    if options.is_empty() && item.record.int("type") != Some(TRUE_FALSE) {
        return None;
    }
    let question = item.record.key(&QUESTION.table).unwrap_or(0);
    let objects = options.iter().map(|option| {
        let key = option.int("iid").unwrap_or(0);
        let value = |column| match column {
            "id" => key.to_string().into(),
            "question_id" => QUESTION.table.archived_key(question).to_string().into(),
            column => fetched(option.get(column)),
        };
        let row = COLUMNS.iter().map(|column| (Key::from(*column), value(column))).collect();
        let object = vec![
            (Key::from("obj"), Php::object(&b"stdClass"[..], row)),
            (Key::from("source_id"), key.to_string().into()),
            (Key::from("destination_id"), Php::Int(-1)),
            // Not its own type (Chamilo 1.11, class QuizQuestionOption).
            (Key::from("type"), QUESTION.key.into()),
            (Key::from("linked_resources"), Php::EMPTY_ARRAY),
            (Key::from("item_properties"), Php::EMPTY_ARRAY),
            (Key::from("extraFields"), Php::EMPTY_ARRAY),
        ];
        (Key::Int(key), Php::object(CLASS, object))
    });
    Some(Php::Array(objects.collect()))
}

/// Reads the options that the archive holds.
pub fn read(value: &Php<'_>, record: &mut Record) {
    let Some((place, table)) = QUESTION.table.child(TABLE) else { return };
    let options = value.entries().iter().filter_map(|(_, option)| {
        let obj = option.get("obj")?;
        let mut row = Record::new(table);
        for column in ["iid", "id", "name", "position"] {
            row.set(column, obj.get(column).map_or(Value::Null, scalar));
        }
        Some(row)
    });
    if let Some(children) = record.children.get_mut(place) {
        *children = options.collect();
    }
}

/// Gives a true/false question the options that the archive lost.
///
/// The three are normally made in one go, so that from one survivor the numbers of the others follow; if the answers
/// contradict that, or none survived, the numbers that answers point at are taken in their order, as Chamilo's own
/// importer does.
pub fn complete(record: &mut Record) {
    let Some((place, table)) = QUESTION.table.child(TABLE) else { return };
    let present = record.children_of(&QUESTION.table, TABLE);
    if record.int("type") != Some(TRUE_FALSE) || present.len() >= NAMES.len() {
        return;
    }
    let answers = record.children_of(&QUESTION.table, "c_quiz_answer");
    let correct: BTreeSet<i64> =
        answers.iter().filter_map(|answer| answer.int("correct")).filter(|key| *key > 0).collect();
    if correct.is_empty() || (!present.is_empty() && is_whole(present, &correct)) {
        return;
    }
    let question = record.key(&QUESTION.table).unwrap_or(0);
    let numbers = from_survivor(present, &correct).unwrap_or_else(|| by_rank(question, &correct));
    let mut options = Vec::new();
    for ((position, name), number) in (1_i64..).zip(NAMES).zip(numbers) {
        let survivor = present.iter().find(|option| option.int("iid") == Some(number));
        options.push(survivor.cloned().unwrap_or_else(|| {
            let mut option = Record::new(table);
            option.set("iid", number.into());
            option.set("name", name.into());
            option.set("position", position.into());
            option
        }));
    }
    if let Some(children) = record.children.get_mut(place) {
        *children = options;
    }
}

/// Whether nothing is missing: several options that were not lost under one key, and answers point at these only.
fn is_whole(present: &[Record], correct: &BTreeSet<i64>) -> bool {
    present.len() > 1 && correct.iter().all(|key| present.iter().any(|option| option.int("iid") == Some(*key)))
}

/// The numbers of the three options by the number and the position of one.
fn from_survivor(present: &[Record], correct: &BTreeSet<i64>) -> Option<[i64; 3]> {
    let [survivor] = present else { return None };
    let first = survivor.int("iid")?.checked_sub(survivor.int("position")?.checked_sub(1)?)?;
    let numbers = [first, first.checked_add(1)?, first.checked_add(2)?];
    (first > 0 && correct.iter().all(|key| numbers.contains(key))).then_some(numbers)
}

/// The numbers that answers point at, in ascending order, then negative ones, which no row of an archive has.
fn by_rank(question: i64, correct: &BTreeSet<i64>) -> [i64; 3] {
    let mut known = correct.iter().copied();
    [1, 2, 3].map(|place| known.next().unwrap_or(-4 * question - place))
}
