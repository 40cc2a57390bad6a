//! The rows that packages of a course are made from: its learning paths and all that their steps show.

use std::collections::{HashMap, HashSet};

use crate::backup::newest_edit;
use crate::course::document::DocumentTree;
use crate::course::item::{Item, load_one_kind};
use crate::course::tool::{Kind, TOOLS};
use crate::course::{Course, course_url};
use crate::portal::database::{DatabaseError, Row, Session};

use super::references::address::Addresses;

/// Table of learning paths.
const PATHS: &str = "c_lp";

/// Table of the steps of a path, as children of its row.
pub const STEPS: &str = "c_lp_item";

/// Table of questions, which are loaded with tests.
const QUESTIONS: &str = "c_quiz_question";

/// Table of the categories by which tests draw questions.
const CATEGORIES: &str = "c_quiz_question_category";

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
    targets: HashMap<&'static str, HashMap<i64, Item>>,
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
        paths.retain(|item| path.is_none_or(|wanted| item.record.key(&item.kind.table) == Some(wanted)));
        paths.sort_by_key(|item| (item.record.int("display_order").unwrap_or(0), item.record.int("iid").unwrap_or(0)));
        let mut wanted: HashSet<&'static str> = HashSet::new();
        for step in paths.iter().flat_map(|path| path.record.children_of(&path.kind.table, STEPS)) {
            wanted.extend(target_table(&step.bytes("item_type")));
        }
        if wanted.contains("c_quiz") {
            wanted.insert(QUESTIONS);
        }
        let mut targets: HashMap<&'static str, HashMap<i64, Item>> = HashMap::new();
        for table in wanted {
            let Some(kind) = kind_of(table) else { continue };
            let items = load_one_kind(session, kind, &row)?;
            let by_key = items.into_iter().filter_map(|item| Some((item.record.key(&item.kind.table)?, item)));
            targets.insert(table, by_key.collect());
        }
        let categories = match kind_of(CATEGORIES).filter(|_| targets.contains_key(QUESTIONS)) {
            Some(kind) => load_one_kind(session, kind, &row)?,
            None => Vec::new(),
        };
        let addresses = Addresses::new(&course.directory, &course_url(session, course.id)?);
        let documents = DocumentTree::load(session, course.id)?;
        let changed = changed(&row, &paths, &targets);
        Ok(Some(CourseRows { course, addresses, documents, paths, targets, categories, changed }))
    }

    /// What a step of the type `item_type` with `path` shows; `None` for other types and what is not there.
    pub fn target(&self, item_type: &[u8], key: i64) -> Option<&Item> {
        self.targets.get(target_table(item_type)?)?.get(&key)
    }

    /// The questions of a test in their order; those that are gone are passed over.
    pub fn questions(&self, test: &Item) -> Vec<&Item> {
        let mut links: Vec<_> = test.record.children_of(&test.kind.table, "c_quiz_rel_question").iter().collect();
        links.sort_by_key(|link| (link.int("question_order").unwrap_or(0), link.int("iid").unwrap_or(0)));
        let all = self.targets.get(QUESTIONS);
        links.into_iter().filter_map(|link| all?.get(&link.int("question_id")?)).collect()
    }
}

fn target_table(item_type: &[u8]) -> Option<&'static str> {
    TARGETS.iter().find(|(known, _)| known.as_bytes() == item_type).map(|(_, table)| *table)
}

fn kind_of(table: &str) -> Option<&'static Kind> {
    TOOLS.iter().flat_map(|tool| tool.kinds).find(|kind| kind.table.name == table)
}

fn changed(course: &Row, paths: &[Item], targets: &HashMap<&'static str, HashMap<i64, Item>>) -> i64 {
    let targets = targets.values().flat_map(HashMap::values);
    let properties = paths.iter().chain(targets).flat_map(|item| &item.properties);
    newest_edit(properties).max(newest_edit_of_course(course))
}

/// The course's own date, for packages of paths without property rows.
fn newest_edit_of_course(course: &Row) -> i64 {
    crate::backup::unix_time(&course.bytes("creation_date")).unwrap_or(0)
}
