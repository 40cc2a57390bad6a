//! The reference portal has what `REF000-content.json` describes: each thing that the page tells is a row that is loaded,
//! with everything that is told of it, in its place.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::collections::HashMap;

use coursefs::course::document;
use coursefs::course::item::{Items, Record};
use coursefs::course::tool::Table;
use coursefs::portal::database::{DatabaseError, DatabaseExt};
use reference_support::{CODE, course, data, portal};
use serde_json::Value as Json;

/// Where a list of things stands on the page, the table of their rows, and the column by which a row knows the one that it is
/// listed in, if it does not simply hang on it.
const LISTS: &[(&str, &str, &str, &str)] = &[
    ("", "announcements", "c_announcement", ""),
    ("c_announcement", "attachments", "c_announcement_attachment", ""),
    ("", "agenda", "c_calendar_event", ""),
    ("c_calendar_event", "attachments", "c_calendar_event_attachment", ""),
    ("links", "categories", "c_link_category", ""),
    ("links", "links", "c_link", ""),
    ("", "forums", "c_forum_category", ""),
    ("c_forum_category", "forums", "c_forum_forum", "forum_category"),
    ("c_forum_forum", "threads", "c_forum_thread", "forum_id"),
    ("c_forum_thread", "posts", "c_forum_post", "thread_id"),
    ("", "glossary", "c_glossary", ""),
    ("", "descriptions", "c_course_description", ""),
    ("", "introductions", "c_tool_intro", ""),
    ("", "question categories", "c_quiz_question_category", ""),
    ("", "tests", "c_quiz", ""),
    ("", "questions in no test", "c_quiz_question", ""),
    ("c_quiz", "questions", "c_quiz_question", ""),
    ("c_quiz_question", "answers", "c_quiz_answer", ""),
    ("c_quiz_question", "options", "c_quiz_question_option", ""),
    ("", "surveys", "c_survey", ""),
    ("c_survey", "questions", "c_survey_question", "survey_id"),
    ("c_survey_question", "options", "c_survey_question_option", ""),
    ("", "wiki", "c_wiki", ""),
    ("", "attendance", "c_attendance", ""),
    ("c_attendance", "dates", "c_attendance_calendar", ""),
    ("", "progress", "c_thematic", ""),
    ("c_thematic", "plan", "c_thematic_plan", ""),
    ("c_thematic", "advance", "c_thematic_advance", ""),
    ("", "works", "c_student_publication", ""),
    ("c_student_publication", "settings", "c_student_publication_assignment", ""),
    ("", "learning path categories", "c_lp_category", ""),
    ("", "learning paths", "c_lp", ""),
    ("c_lp", "items", "c_lp_item", ""),
    ("c_lp_item", "items", "c_lp_item", "parent_item_id"),
    ("", "gradebook", "gradebook_category", ""),
    ("gradebook_category", "links", "gradebook_link", ""),
    ("gradebook_category", "evaluations", "gradebook_evaluation", ""),
    ("gradebook_category", "categories", "gradebook_category", "parent_id"),
];

/// Columns that the page tells by the name of the row that they refer to: column, table and what that is called by there.
const NAMED: &[(&str, &str, &str, &str)] = &[
    ("c_link", "category_id", "c_link_category", "category_title"),
    ("c_thematic_advance", "attendance_id", "c_attendance", "name"),
    ("c_lp", "category_id", "c_lp_category", "name"),
    ("c_lp", "prerequisite", "c_lp", "name"),
    ("c_lp_item", "previous_item_id", "c_lp_item", "title"),
    ("c_lp_item", "next_item_id", "c_lp_item", "title"),
    ("c_lp_item", "prerequisite", "c_lp_item", "title"),
];

/// Rows that the page does not tell one by one: of tests that are deleted it tells the titles.
const ONLY_NAMED: [&str; 1] = ["c_quiz"];

/// A row with its table, whether it is an item's, and what its property row says of its visibility.
struct Found<'a> {
    table: &'static Table,
    record: &'a Record,
    visibility: Option<i64>,
}

struct Course<'a> {
    items: &'a Items,
    rows: HashMap<&'static str, Vec<Found<'a>>>,
    /// Rows that the page told of, by table and key.
    told: Vec<(&'static str, i64)>,
}

impl<'a> Course<'a> {
    fn of(items: &'a Items) -> Course<'a> {
        let mut found = Course { items, rows: HashMap::new(), told: Vec::new() };
        for (kind, items) in items.iter() {
            for item in items {
                let visibility = item.newest_property().and_then(|row| row.int("visibility"));
                found.add(&kind.table, &item.record, visibility);
            }
        }
        found
    }

    fn add(&mut self, table: &'static Table, record: &'a Record, visibility: Option<i64>) {
        self.rows.entry(table.name).or_default().push(Found { table, record, visibility });
        for (child, records) in table.children.iter().zip(&record.children) {
            records.iter().for_each(|record| self.add(child, record, None));
        }
    }

    fn key(found: &Found<'_>) -> i64 {
        found.record.key(found.table).unwrap()
    }

    /// What the page calls the row `key` of `table`.
    fn name(&self, table: &str, title: &str, key: i64) -> String {
        let found = self.rows[table].iter().find(|found| Self::key(found) == key).unwrap();
        let own = String::from_utf8(found.record.bytes(title)).unwrap();
        match found.record.int("parent_item_id").filter(|above| *above != 0) {
            Some(above) => format!("{} / {own}", self.name(table, title, above)),
            None => own,
        }
    }

    /// What the page tells of a column.
    fn shown(&self, found: &Found<'_>, column: &str) -> Json {
        let table = found.table.name;
        let value = found.record.get(column);
        if let Some((.., target, title)) = NAMED.iter().find(|(of, named, ..)| (*of, *named) == (table, column)) {
            return match (value.as_int().filter(|key| *key != 0), column) {
                (Some(key), _) => self.name(target, title, key).into(),
                (None, "category_id") if table == "c_link" => "-".into(),
                (None, _) => value.to_text().filter(|text| !text.is_empty() && text != b"0").map_or(Json::Null, text),
            };
        }
        if (table, column) == ("c_lp_item", "ref") {
            let itself = value.as_int() == Some(Self::key(found));
            return if itself { "itself".into() } else { value.to_text().map_or(Json::Null, text) };
        }
        if (table, column) == ("c_lp_item", "path") {
            let key = value.as_int().unwrap();
            return match found.record.bytes("item_type").as_slice() {
                b"document" => self.path(key),
                b"quiz" => self.name("c_quiz", "title", key).into(),
                _ => key.to_string().into(),
            };
        }
        if (table, column) == ("c_quiz_question", "picture") {
            return value.as_int().map_or_else(|| text(value.as_text().to_vec()), |document| self.path(document));
        }
        if (table, column) == ("c_quiz_answer", "correct") {
            let key = value.as_int().unwrap();
            let question = found.record.int("question_id");
            let of = |table: &str| {
                let rows = self.rows.get(table).into_iter().flatten();
                rows.filter(|other| other.record.int("question_id") == question).find(|other| Self::key(other) == key)
            };
            // What belongs together is told by the place, what is true or false by the word.
            return match (of("c_quiz_answer"), of("c_quiz_question_option")) {
                (Some(answer), _) => format!("answer {}", answer.record.int("position").unwrap()).into(),
                (_, Some(option)) => text([b"option ", option.record.bytes("name").as_slice()].concat()),
                (None, None) => key.to_string().into(),
            };
        }
        value.to_text().map_or(Json::Null, text)
    }

    /// What the page calls the document `key`.
    fn path(&self, key: i64) -> Json {
        let (path, _) = self.items.documents.iter().find(|(_, document)| **document == key).unwrap();
        text([b"/", path.as_slice()].concat())
    }

    /// Why `found` is not what the page tells, `None` if it is.
    fn difference(&self, found: &Found<'_>, told: &serde_json::Map<String, Json>) -> Option<String> {
        for (column, wanted) in told {
            let shown = match found.record.find(column) {
                Some(_) => self.shown(found, column),
                None if column == "visibility" && found.visibility.is_some() => {
                    found.visibility.map_or(Json::Null, |visibility| visibility.to_string().into())
                }
                None => continue,
            };
            let wanted = match wanted {
                Json::String(wanted) => wanted.replace("{C}", CODE).into(),
                wanted => wanted.clone(),
            };
            if shown != wanted {
                return Some(format!("{column} is {shown}, not {wanted}"));
            }
        }
        None
    }

    /// Finds what stands in the list `told`, called `name` and below `above`.
    fn find(&mut self, above: &str, key: Option<i64>, name: &str, told: &Json) {
        let Some((.., table, column)) = LISTS.iter().find(|(of, list, ..)| (*of, *list) == (above, name)) else {
            return;
        };
        let told: Vec<&Json> = match told {
            Json::Array(told) => told.iter().collect(),
            told => told.as_object().unwrap().values().collect(),
        };
        for told in told {
            // Of some only the name is told.
            let name_alone = || serde_json::Map::from_iter([("name".to_owned(), told.clone())]);
            let told = &told.as_object().cloned().unwrap_or_else(name_alone);
            let rows = self.rows.get(table).map(Vec::as_slice).unwrap_or_default();
            let column = if column.is_empty() { rows.first().map_or("", |found| found.table.parent) } else { column };
            let mine = |found: &&Found<'_>| key.is_none() || column.is_empty() || found.record.int(column) == key;
            let is_told = |found: &Found<'_>| self.told.contains(&(found.table.name, Self::key(found)));
            let mut candidates: Vec<&Found<'_>> = rows.iter().filter(mine).collect();
            // A question may stand in several tests.
            candidates.retain(|found| *table == "c_quiz_question" || !is_told(found));
            candidates.sort_by_key(|found| is_told(found));
            let fitting = candidates.iter().find(|found| self.difference(found, told).is_none());
            let differences: Vec<_> = candidates.iter().map(|found| self.difference(found, told)).collect();
            let found = fitting.unwrap_or_else(|| panic!("{name} of {above}: no row is {told:#?}: {differences:#?}"));
            let (table, key, again) = (found.table.name, Self::key(found), is_told(found));
            if again {
                continue;
            }
            self.told.push((table, key));
            for (name, below) in told.iter().filter(|(_, below)| below.is_object() || below.is_array()) {
                self.find(table, Some(key), name, below);
            }
        }
    }
}

fn text(bytes: Vec<u8>) -> Json {
    String::from_utf8(bytes).unwrap().into()
}

#[test]
fn the_reference_portal_has_all_items_that_were_in_chamilo_and_no_others() {
    let (_folder, portal) = portal();
    let number = course(&portal, CODE);
    let items = portal.database().read(|session| {
        let row = session.row("SELECT * FROM course WHERE id = ?", &[number.into()])?.unwrap();
        let documents = document::load(session, number)?.into_iter();
        Items::load(session, row, documents.map(|document| (document.path, document.iid)).collect())
    });
    let items = items.map_err(|error: DatabaseError| error.to_string()).unwrap();
    let mut course = Course::of(&items);
    let page: Json = serde_json::from_slice(&std::fs::read(data("REF000-content.json")).unwrap()).unwrap();
    for (name, told) in page.as_object().unwrap() {
        match name.as_str() {
            "links" => told.as_object().unwrap().iter().for_each(|(list, told)| course.find(name, None, list, told)),
            name => course.find("", None, name, told),
        }
    }
    for (_, _, table, _) in LISTS {
        let told = course.told.iter().filter(|(of, _)| of == table).count();
        let rows = course.rows.get(table).map_or(0, Vec::len);
        let unnamed = if ONLY_NAMED.contains(table) { page["deleted tests"].as_array().unwrap().len() } else { 0 };
        assert_eq!(told + unnamed, rows, "{table}");
        assert!(told > 0 || rows == 0, "{table}");
    }
}
