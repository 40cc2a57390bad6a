//! The rows of a course's tools, as their declarations name them: property rows that are missing, files that are not
//! there, texts of an old encoding.

use std::collections::{HashMap, HashSet};

use crate::course::import::added;
use crate::course::tool::{Files, Owner, TOOLS, Table};
use crate::portal::database::{DatabaseError, Row, Session, Value};
use crate::portal::storage::Folder;

use super::Found;
use super::finding::{
    FILE_OF_ITEM, Finding, NULL_SESSION, TEXT_ENCODING, TITLE_SLASH, WITHOUT_AUDIENCE, WITHOUT_PROPERTY,
};
use super::properties::{self, OTHERS, Properties};
use super::text::Oddity;

/// Items that Chamilo shows without a property row.
const SHOWN_WITHOUT: &[&str] = &["forum_post"];

/// Items that only teachers see without one; Chamilo itself makes such (example material of new courses).
const FOR_TEACHERS: &[&str] = &["announcement", "calendar_event"];

/// Values of a column that say that a row is deleted, or no item of its own.
const NO_ITEM: &[(&str, &str, &[&str])] = &[
    ("c_quiz", "active", &["-1"]),
    ("c_attendance", "active", &["2"]),
    ("c_thematic", "active", &["0"]),
    ("c_student_publication", "active", &["2"]),
    // What students hand in.
    ("c_student_publication", "filetype", &["file"]),
];

/// Columns with what people call an item.
const TITLES: &[&str] =
    &["title", "name", "cat_title", "forum_title", "thread_title", "category_title", "survey_question"];

/// Tables in which Chamilo itself writes NULL for "no session".
const NULL_IS_USUAL: &[&str] = &["c_student_publication", "c_glossary", "c_link_category", "xapi_tool_launch"];

/// The keys of a course's items.
#[derive(Debug, Default)]
pub struct Items {
    tables: HashMap<&'static str, Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    /// What other rows refer to.
    keys: HashSet<i64>,
    /// Primary keys.
    primaries: HashSet<i64>,
}

impl Items {
    /// Reads the rows of all tools and tells what is wrong with each.
    pub fn load(
        session: &dyn Session,
        course: i64,
        folder: Option<&Folder>,
        properties: &Properties,
        found: &mut Found,
    ) -> Result<Items, DatabaseError> {
        let mut items = Items::default();
        for kind in TOOLS.iter().flat_map(|tool| tool.kinds) {
            let look = Look { session, course, folder, properties };
            items.table(&look, &kind.table, kind.property_tool, true, found)?;
        }
        for (_, table, key) in OTHERS {
            if !items.tables.contains_key(table) && !session.columns(table)?.is_empty() {
                let keys = items.tables.entry(table).or_default();
                let sql = format!("SELECT `{key}` AS number FROM `{table}` WHERE c_id = ?");
                session.query(&sql, &[course.into()], &mut |row| {
                    keys.keys.extend(row.int("number"));
                    Ok(())
                })?;
            }
        }
        Ok(items)
    }

    /// Whether `table` has a row that is known by `key`.
    pub fn has(&self, table: &str, key: i64) -> bool {
        self.tables.get(table).is_some_and(|keys| keys.keys.contains(&key))
    }

    /// Whether `table` has a row that `key` could mean: Chamilo follows some references by one key and then the other.
    pub fn may_have(&self, table: &str, key: i64) -> bool {
        self.has(table, key) || self.tables.get(table).is_some_and(|keys| keys.primaries.contains(&key))
    }

    fn table(
        &mut self,
        look: &Look<'_>,
        table: &'static Table,
        tool: Option<&'static str>,
        main: bool,
        found: &mut Found,
    ) -> Result<(), DatabaseError> {
        let wanted = table.owner == Owner::Number && (!table.users_own || tool.is_some());
        if wanted && !self.tables.contains_key(table.name) && !look.session.columns(table.name)?.is_empty() {
            let keys = self.tables.entry(table.name).or_default();
            let mut without_session = 0;
            let mut findings = Vec::new();
            let sql = format!("SELECT * FROM `{}` WHERE c_id = ? ORDER BY `{}`", table.name, table.primary);
            look.session.query(&sql, &[look.course.into()], &mut |row| {
                let Some(primary) = row.int(table.primary) else { return Ok(()) };
                let key = row.int(table.key).filter(|key| *key != 0).unwrap_or(primary);
                keys.keys.insert(key);
                keys.primaries.insert(primary);
                let unset = row.iter().any(|(column, value)| column == "session_id" && *value == Value::Null);
                without_session += usize::from(unset && !NULL_IS_USUAL.contains(&table.name));
                look.row(table, &row, primary, main, &mut findings);
                if let (Some(tool), true) = (tool, main) {
                    look.property(table, tool, &row, (primary, key), found);
                }
                Ok(())
            })?;
            findings.into_iter().for_each(|finding| found.add(finding));
            if without_session > 0 {
                let mut finding = Finding::new(NULL_SESSION).because(format!("{without_session} rows have no session"));
                finding.table = Some(table.name);
                found.add(finding);
            }
        }
        for child in table.children {
            self.table(look, child, child.property_tool, false, found)?;
        }
        Ok(())
    }
}

/// What is at hand for looking at rows.
struct Look<'a> {
    session: &'a dyn Session,
    course: i64,
    folder: Option<&'a Folder>,
    properties: &'a Properties,
}

impl Look<'_> {
    fn row(&self, table: &'static Table, row: &Row, primary: i64, main: bool, findings: &mut Vec<Finding>) {
        for (column, value) in row.iter() {
            let Value::Text(text) = value else { continue };
            if let Some(oddity) = Oddity::of(text) {
                let detail = format!("{column} {}", oddity.words());
                findings.push(Finding::new(TEXT_ENCODING).row(table.name, primary).because(detail));
            }
            if main && text.contains(&b'/') && TITLES.contains(&column) && !looks_like_html(text) {
                let detail = format!("its title is {:?}", super::finding::shown(text));
                findings.push(Finding::new(TITLE_SLASH).row(table.name, primary).because(detail));
            }
        }
        if let (Some(files), Some(folder)) = (table.files, self.folder) {
            findings.extend(missing_file(folder, &files, row).map(|finding| finding.row(table.name, primary)));
        }
    }

    /// Tells of an item without a property row.
    fn property(
        &self,
        table: &'static Table,
        tool: &'static str,
        row: &Row,
        (primary, key): (i64, i64),
        found: &mut Found,
    ) {
        if SHOWN_WITHOUT.contains(&tool) || self.properties.of(tool, key).is_some() {
            return;
        }
        let no_item = NO_ITEM.iter().any(|(name, column, values)| {
            *name == table.name && values.iter().any(|value| value.as_bytes() == row.bytes(column))
        });
        if no_item {
            return;
        }
        let because = |kind| Finding::new(kind).row(table.name, primary);
        if FOR_TEACHERS.contains(&tool) {
            found.add(because(WITHOUT_AUDIENCE));
            return;
        }
        let finding = because(WITHOUT_PROPERTY).because(format!("{tool} {key} has no row in c_item_property"));
        if row.int("session_id").unwrap_or(0) != 0 {
            found.add(finding);
            return;
        }
        found.add_mendable(finding, move |mending| {
            properties::insert(mending, tool, key, &String::from_utf8_lossy(&added(tool)))
        });
    }
}

/// Titles may be HTML where the administrator has switched that on.
fn looks_like_html(text: &[u8]) -> bool {
    text.contains(&b'<') && text.contains(&b'>')
}

/// The finding that the file that `row` names is not there.
fn missing_file(folder: &Folder, files: &Files, row: &Row) -> Option<Finding> {
    let name = row.bytes(files.column);
    // What lies elsewhere is none of these files: pictures that Chamilo brings with it are named by paths.
    if name.is_empty() || name.contains(&b'/') || name.contains(&0) || name == b"." || name == b".." {
        return None;
    }
    let path = [files.folder.as_bytes(), b"/", &name].concat();
    match folder.stat(&path) {
        Ok(_) => None,
        Err(_) => Some(Finding::new(FILE_OF_ITEM).at(&path).because("there is no such file")),
    }
}
