//! The rows that packages of a course are made from: its learning paths and all that their steps show.

use std::collections::{BTreeSet, HashMap};

use crate::backup::{PARTS, newest_edit, references};
use crate::course::document::DocumentTree;
use crate::course::item::{Item, load_one_kind};
use crate::course::tool::{Kind, TOOLS};
use crate::course::{Course, course_url};
use crate::portal::database::{DatabaseError, Row, Session, Value};

use super::references::address::Addresses;

/// Table of learning paths.
pub const PATHS: &str = "c_lp";

/// Table of the steps of a path, as children of its row.
pub const STEPS: &str = "c_lp_item";

/// Table of documents.
pub const DOCUMENTS: &str = "c_document";

/// Table of questions, which are loaded with tests.
const QUESTIONS: &str = "c_quiz_question";

/// Table of the categories by which tests draw questions.
const CATEGORIES: &str = "c_quiz_question_category";

/// Documents asked for at once.
const AT_ONCE: usize = 500;

/// What steps show by their type (Chamilo 1.11, `c_lp_item.item_type`), and the table where that is. Documents are
/// looked up in the tree of documents.
const TARGETS: &[(&str, &str)] = &[
    ("quiz", "c_quiz"),
    ("link", "c_link"),
    ("forum", "c_forum_forum"),
    ("thread", "c_forum_thread"),
    ("student_publication", "c_student_publication"),
    ("survey", "c_survey"),
];

/// A row of another table that something refers to: the table and its key.
pub type Reference = (&'static str, i64);

/// A course as its packages need it.
#[derive(Debug)]
pub struct CourseRows {
    /// The course.
    pub course: Course,
    /// Its addresses.
    pub addresses: Addresses,
    /// Its documents.
    pub documents: DocumentTree,
    /// Its learning paths in the order of their display, not those that were deleted.
    pub paths: Vec<Item>,
    /// Items by table and key: all of the tables that the paths refer to, at any remove.
    items: HashMap<&'static str, HashMap<i64, Item>>,
    /// What the paths need, at any remove, documents too; not the paths themselves.
    pub needed: BTreeSet<Reference>,
    /// Titles of all paths of the course by their keys.
    pub titles: HashMap<i64, Vec<u8>>,
    /// Its categories of questions, if a step is a test.
    pub categories: Vec<Item>,
    /// When the newest row was written, in seconds since 1970 UTC.
    pub changed: i64,
}

impl CourseRows {
    /// Reads the rows of the course with the number `course`, `None` if there is no such course. `path` is the key of
    /// the one path that is wanted, `None` for all.
    pub fn load(session: &dyn Session, course: i64, path: Option<i64>) -> Result<Option<CourseRows>, DatabaseError> {
        let sql = "SELECT * FROM course WHERE id = ?";
        let Some(row) = session.row(sql, &[course.into()])? else { return Ok(None) };
        let Some(course) = Course::by_id(session, course)? else { return Ok(None) };
        let mut paths = match kind_of(PATHS) {
            Some(kind) => load_one_kind(session, kind, &row)?,
            None => Vec::new(),
        };
        let titles: HashMap<i64, Vec<u8>> = paths
            .iter()
            .filter_map(|path| Some((path.record.key(&path.kind.table)?, path.record.bytes("name"))))
            .collect();
        paths.retain(|item| path.is_none_or(|wanted| item.record.key(&item.kind.table) == Some(wanted)));
        paths.sort_by_key(|item| (item.record.int("display_order").unwrap_or(0), item.record.int("iid").unwrap_or(0)));
        let (items, needed) = needs(session, &row, &paths)?;
        let categories = match kind_of(CATEGORIES).filter(|_| items.contains_key(QUESTIONS)) {
            Some(kind) => load_one_kind(session, kind, &row)?,
            None => Vec::new(),
        };
        let addresses = Addresses::new(&course.directory, &course_url(session, course.id)?);
        let documents = DocumentTree::load(session, course.id)?;
        let changed = changed(&row, &paths, &items);
        Ok(Some(CourseRows { course, addresses, documents, paths, items, needed, titles, categories, changed }))
    }

    /// What a step of the type `item_type` with `path` shows; `None` for other types and what is not there.
    pub fn target(&self, item_type: &[u8], key: i64) -> Option<&Item> {
        self.item((target_table(item_type)?, key))
    }

    /// An item that the paths need.
    pub fn item(&self, (table, key): Reference) -> Option<&Item> {
        self.items.get(table)?.get(&key)
    }

    /// The questions of a test in their order; those that are gone are passed over.
    pub fn questions(&self, test: &Item) -> Vec<&Item> {
        let mut links: Vec<_> = test.record.children_of(&test.kind.table, "c_quiz_rel_question").iter().collect();
        links.sort_by_key(|link| (link.int("question_order").unwrap_or(0), link.int("iid").unwrap_or(0)));
        let all = self.items.get(QUESTIONS);
        links.into_iter().filter_map(|link| all?.get(&link.int("question_id")?)).collect()
    }
}

/// What the paths need, and all items of the tables where that is.
type Needs = (HashMap<&'static str, HashMap<i64, Item>>, BTreeSet<Reference>);

fn needs(session: &dyn Session, course: &Row, paths: &[Item]) -> Result<Needs, DatabaseError> {
    let mut items: HashMap<&'static str, HashMap<i64, Item>> = HashMap::new();
    let load = |table: &'static str, items: &mut HashMap<&'static str, HashMap<i64, Item>>| {
        if let (Some(kind), false) = (kind_of(table), items.contains_key(table)) {
            let loaded = load_one_kind(session, kind, course)?;
            let by_key = loaded.into_iter().filter_map(|item| Some((item.record.key(&item.kind.table)?, item)));
            items.insert(table, by_key.collect());
        }
        Ok::<_, DatabaseError>(())
    };
    let mut needed = BTreeSet::new();
    let mut waiting: Vec<Reference> = Vec::new();
    for path in paths {
        references(&path.kind.table, &path.record, None, &mut waiting);
    }
    while let Some((table, key)) = waiting.pop() {
        if !needed.insert((table, key)) || table == DOCUMENTS {
            continue;
        }
        load(table, &mut items)?;
        for part in parts_of(table) {
            load(part.table.name, &mut items)?;
        }
        if let Some(item) = items.get(table).and_then(|items| items.get(&key)) {
            references(&item.kind.table, &item.record, None, &mut waiting);
            for part in parts_of(table) {
                let parts = items.get(part.table.name).into_iter().flat_map(HashMap::values);
                waiting.extend(parts.filter_map(|item| part_of(item, (table, key))));
            }
        }
    }
    Ok((items, needed))
}

/// The kinds whose items belong to those of `table`.
pub fn parts_of(table: &str) -> impl Iterator<Item = &'static Kind> {
    let parts = PARTS.iter().filter(move |(_, _, whole)| *whole == table);
    parts.filter_map(|(key, ..)| TOOLS.iter().flat_map(|tool| tool.kinds).find(|kind| kind.key == *key))
}

/// `item`, if it belongs to `whole`.
pub fn part_of(item: &Item, whole: Reference) -> Option<Reference> {
    let (_, column, table) = PARTS.iter().find(|(key, ..)| *key == item.kind.key)?;
    let belongs = *table == whole.0 && item.record.int(column) == Some(whole.1);
    belongs.then(|| item.record.key(&item.kind.table)).flatten().map(|key| (item.kind.table.name, key))
}

/// Titles and comments of the documents with the given keys.
pub fn words(session: &dyn Session, course: i64, keys: &[i64]) -> Result<HashMap<i64, Row>, DatabaseError> {
    let mut found = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(AT_ONCE) {
        let sql = format!(
            "SELECT iid, title, comment, readonly FROM c_document WHERE c_id = ? AND iid IN ({})",
            vec!["?"; keys.len()].join(", ")
        );
        let params: Vec<Value> = std::iter::once(course).chain(keys.iter().copied()).map(Value::Int).collect();
        session.query(&sql, &params, &mut |row| {
            found.insert(row.int("iid").unwrap_or(0), row);
            Ok(())
        })?;
    }
    Ok(found)
}

fn target_table(item_type: &[u8]) -> Option<&'static str> {
    TARGETS.iter().find(|(known, _)| known.as_bytes() == item_type).map(|(_, table)| *table)
}

/// The kind whose items are the rows of `table`.
pub fn kind_of(table: &str) -> Option<&'static Kind> {
    TOOLS.iter().flat_map(|tool| tool.kinds).find(|kind| kind.table.name == table)
}

fn changed(course: &Row, paths: &[Item], items: &HashMap<&'static str, HashMap<i64, Item>>) -> i64 {
    let items = items.values().flat_map(HashMap::values);
    let properties = paths.iter().chain(items).flat_map(|item| &item.properties);
    newest_edit(properties).max(newest_edit_of_course(course))
}

/// The course's own date, for packages of paths without property rows.
fn newest_edit_of_course(course: &Row) -> i64 {
    crate::backup::unix_time(&course.bytes("creation_date")).unwrap_or(0)
}
