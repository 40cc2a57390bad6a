//! Items: rows of a course's tools with all that belongs to them, as the declarations in [`tool`](super::tool) say.
//!
//! A [`Record`] is one row and, for each child table, its records; an [`Item`] is the record of a main table with its
//! property rows. They look the same whether they were read from the database or from an archive.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::portal::database::{DatabaseError, Row, Session, Value};
use crate::portal::schema;

use super::extra_field;
use super::shortcut;
use super::tool::{Kind, Owner, SHORTCUT, TOOLS, Table};

/// `c_item_property.visibility` of a deleted item.
const DELETED: i64 = 2;

/// A row and the rows that belong to it.
#[derive(Clone, Debug, Default)]
pub struct Record {
    values: Vec<(Arc<str>, Value)>,
    /// Columns that an archive tells otherwise than they are.
    archived: Vec<(Arc<str>, Value)>,
    /// For each child table of the declaration, in its order, its records.
    pub children: Vec<Vec<Record>>,
    /// What other tables hold of the row; `None` if that is nothing.
    pub beside: Option<Box<Beside>>,
}

/// Rows of other tables that are about a row. Properties and fields of an item stand in the [`Item`].
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// All rows of `c_item_property` for it, oldest first.
    pub properties: Vec<Row>,
    /// Whether an archive tells its property rows, so that none means none.
    pub properties_told: bool,
    /// Values of its extra fields.
    pub fields: Vec<Row>,
    /// Its row in `c_tool`, if it has a place on the course's home page: of an item too.
    pub shortcut: Option<Row>,
}

impl Record {
    /// A record without values for a row of `table`.
    pub fn new(table: &Table) -> Record {
        Record {
            values: Vec::new(),
            archived: Vec::new(),
            children: table.children.iter().map(|_| Vec::new()).collect(),
            beside: None,
        }
    }

    /// The value of `column`, NULL if the record says nothing of it.
    pub fn get(&self, column: &str) -> &Value {
        self.find(column).unwrap_or(&Value::Null)
    }

    /// The value of `column`, `None` if the record says nothing of it.
    pub fn find(&self, column: &str) -> Option<&Value> {
        self.values.iter().find(|(name, _)| &**name == column).map(|(_, value)| value)
    }

    /// Sets the value of `column`.
    pub fn set(&mut self, column: &str, value: Value) {
        match self.values.iter_mut().find(|(name, _)| &**name == column) {
            Some((_, there)) => *there = value,
            None => self.values.push((column.into(), value)),
        }
    }

    /// What an archive tells of `column`: the value, or what was set for the archive instead.
    pub fn archived(&self, column: &str) -> &Value {
        let instead = self.archived.iter().find(|(name, _)| &**name == column);
        instead.map_or_else(|| self.get(column), |(_, value)| value)
    }

    /// Lets archives tell `value` of `column`.
    pub fn archive_as(&mut self, column: &str, value: Value) {
        self.archived.push((column.into(), value));
    }

    /// The integer in `column`; NULL and no number are `None`.
    pub fn int(&self, column: &str) -> Option<i64> {
        self.get(column).as_int()
    }

    /// The bytes of the text in `column`, empty for NULL.
    pub fn bytes(&self, column: &str) -> Vec<u8> {
        self.get(column).to_text().unwrap_or_default()
    }

    /// Columns and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (&**name, value))
    }

    /// What other tables hold of the row, to be added to.
    pub fn beside_mut(&mut self) -> &mut Beside {
        self.beside.get_or_insert_default()
    }

    /// The key that other rows refer to the row of `table` by; `None` if the record has none.
    pub fn key(&self, table: &Table) -> Option<i64> {
        self.int(table.key).filter(|key| *key != 0).or_else(|| self.int(table.primary))
    }

    /// The records of the child table `name`.
    pub fn children_of(&self, table: &Table, name: &str) -> &[Record] {
        table.child(name).and_then(|(place, _)| self.children.get(place)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// An item with its property rows.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its resource type.
    pub kind: &'static Kind,
    /// Its row.
    pub record: Record,
    /// All rows of `c_item_property` for it, oldest first.
    pub properties: Vec<Row>,
    /// Values of its extra fields.
    pub fields: Vec<Row>,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.key)
    }
}

impl Item {
    /// Changes its row and all that go with it.
    pub fn change(&mut self, change: &mut dyn FnMut(&Table, &mut Record)) {
        change_records(&self.kind.table, &mut self.record, change);
    }

    /// The key in the archive's map: the row's key, or what the column holds that is no number (tool introductions).
    pub fn key(&self) -> Value {
        match self.record.get(self.kind.table.key) {
            Value::Text(text) if !text.is_empty() => Value::Text(text.clone()),
            _ => self.record.key(&self.kind.table).into(),
        }
    }

    /// The property row that counts: the newest of the base course.
    pub fn newest_property(&self) -> Option<&Row> {
        self.properties.iter().max_by_key(|row| super::document::rank(row))
    }

    /// Whether it is in the recycle bin.
    pub fn is_deleted(&self) -> bool {
        let deleted = || self.newest_property().is_some_and(|row| row.int("visibility") == Some(DELETED));
        !self.kind.table.keeps_deleted && deleted()
    }
}

/// All items of a course, and what a tool's form may need of the rest.
#[derive(Clone)]
pub struct Items {
    /// The row of `course`.
    pub course: Row,
    /// Keys of the documents by path below the Document folder, at least of those that rows name by their names.
    pub documents: HashMap<Vec<u8>, i64>,
    kinds: Vec<(&'static Kind, Vec<Item>)>,
}

impl Items {
    /// No items of the course whose row is `course`.
    pub fn none(course: Row) -> Items {
        Items { course, documents: HashMap::new(), kinds: Vec::new() }
    }

    /// Reads the items of all tools of a course; `documents` are the keys of its documents by path.
    pub fn load(session: &dyn Session, course: Row, documents: HashMap<Vec<u8>, i64>) -> Result<Items, DatabaseError> {
        let filled = filled(session, &course);
        let kinds = load_kinds(session, &course, |table| filled.as_ref().is_none_or(|filled| filled.contains(table)))?;
        Ok(Items { course, documents, kinds })
    }

    /// Asks all that [`load`](Items::load) may ask, of the course `absent`, a number that no course has: a database that
    /// prepares statements has them then.
    pub fn prepare(session: &dyn Session, absent: i64) -> Result<(), DatabaseError> {
        // Its code is NULL, which no row's code equals.
        let nothing = Row::new(Arc::new([Arc::from("id")]), vec![absent.into()]);
        filled(session, &nothing);
        load_kinds(session, &nothing, |_| true).map(drop)
    }

    /// The items of one kind, in the order of the archive.
    pub fn of(&self, key: &str) -> &[Item] {
        self.kinds.iter().find(|(kind, _)| kind.key == key).map(|(_, items)| items.as_slice()).unwrap_or_default()
    }

    /// Hands every record, with those below it, to `change`.
    pub fn change(&mut self, change: &mut dyn FnMut(&Table, &mut Record)) {
        for (_, items) in &mut self.kinds {
            for item in items {
                item.change(change);
            }
        }
    }

    /// Leaves out the items that `keep` does not want.
    pub fn retain(&mut self, keep: &dyn Fn(&'static Kind, &Item) -> bool) {
        for (kind, items) in &mut self.kinds {
            items.retain(|item| keep(kind, item));
        }
    }

    /// Kinds with their items, in the order of the declarations.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Kind, &[Item])> {
        self.kinds.iter().map(|(kind, items)| (*kind, items.as_slice()))
    }
}

fn change_records(table: &Table, record: &mut Record, change: &mut dyn FnMut(&Table, &mut Record)) {
    change(table, record);
    for (child, records) in table.children.iter().zip(&mut record.children) {
        for record in records {
            change_records(child, record, change);
        }
    }
}

/// Reads the items of one kind of a course.
pub fn load_one_kind(session: &dyn Session, kind: &'static Kind, course: &Row) -> Result<Vec<Item>, DatabaseError> {
    let mut tools: Vec<&str> = kind.property_tool.into_iter().collect();
    property_tools(&kind.table, &mut tools);
    let mut properties = match tools.as_slice() {
        [] => Properties(HashMap::new()),
        tools => {
            let condition = format!("tool IN ({})", vec!["?"; tools.len()].join(", "));
            Properties::load(session, course, &condition, tools)?
        }
    };
    load_kind(session, kind, course, &mut properties)
}

/// Adds the words of property rows of the tables below `table`.
fn property_tools(table: &Table, found: &mut Vec<&str>) {
    for child in table.children {
        found.extend(child.property_tool);
        property_tools(child, found);
    }
}

/// Reads the items of the kinds whose main table is `wanted`.
fn load_kinds(
    session: &dyn Session,
    course: &Row,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(&'static Kind, Vec<Item>)>, DatabaseError> {
    // Documents, by far the most, are read with their rows.
    let mut properties = Properties::load(session, course, "tool <> ?", &["document"])?;
    let mut kinds = Vec::new();
    for kind in TOOLS.iter().flat_map(|tool| tool.kinds) {
        let items = match wanted(kind.table.name) {
            true => load_kind(session, kind, course, &mut properties)?,
            false => Vec::new(),
        };
        kinds.push((kind, items));
    }
    Ok(kinds)
}

/// Property rows of a course by tool and item.
struct Properties(HashMap<(Vec<u8>, i64), Vec<Row>>);

impl Properties {
    /// Reads the rows of the course that fulfil `condition`, with a `?` for each of `tools`.
    fn load(session: &dyn Session, course: &Row, condition: &str, tools: &[&str]) -> Result<Properties, DatabaseError> {
        let mut found: HashMap<(Vec<u8>, i64), Vec<Row>> = HashMap::new();
        let sql = format!("SELECT * FROM c_item_property WHERE c_id = ? AND {condition} ORDER BY iid");
        let params: Vec<Value> =
            [course.get("id").clone()].into_iter().chain(tools.iter().map(|tool| Value::from(*tool))).collect();
        session.query(&sql, &params, &mut |row| {
            found.entry((row.bytes("tool"), row.int("ref").unwrap_or(0))).or_default().push(row);
            Ok(())
        })?;
        Ok(Properties(found))
    }

    fn take(&mut self, tool: &str, item: Option<i64>) -> Vec<Row> {
        item.and_then(|item| self.0.remove(&(tool.as_bytes().to_vec(), item))).unwrap_or_default()
    }
}

/// Main tables that may hold items of the course, asked for at once: most courses use few tools, and a question for each
/// table costs more than what it tells, above all where a server answers. `None` if that can't be told.
fn filled(session: &dyn Session, course: &Row) -> Option<HashSet<&'static str>> {
    let mut found: HashSet<&'static str> = HashSet::new();
    let mut asked: Vec<(&'static str, String)> = Vec::new();
    let mut params: Vec<Value> = Vec::new();
    for table in TOOLS.iter().flat_map(|tool| tool.kinds).map(|kind| &kind.table) {
        match owner(table, course) {
            // Rows of other courses may count too; a table that is not there would spoil the question.
            Some((column, owner)) if table.also.is_empty() && !table.of_plugin => {
                if asked.iter().all(|(name, _)| *name != table.name) {
                    let text = format!("EXISTS(SELECT 1 FROM `{0}` WHERE `{column}` = ?) AS `{0}`", table.name);
                    asked.push((table.name, text));
                    params.push(owner);
                }
            }
            _ => drop(found.insert(table.name)),
        }
    }
    let (names, asked): (Vec<&str>, Vec<String>) = asked.into_iter().unzip();
    let answer = session.row(&format!("SELECT {}", asked.join(", ")), &params);
    let answer = answer.inspect_err(|error| tracing::debug!("each table is asked by itself: {error}")).ok()??;
    found.extend(names.into_iter().filter(|name| answer.int(name) != Some(0)));
    Some(found)
}

fn load_kind(
    session: &dyn Session,
    kind: &'static Kind,
    course: &Row,
    properties: &mut Properties,
) -> Result<Vec<Item>, DatabaseError> {
    let table = &kind.table;
    let mut records = select(session, table, None, course, kind.condition, kind.order)?;
    attach_children(session, table, course, &mut records, properties)?;
    let mut shortcuts = match (table.shortcut, course.int("id")) {
        (Some(shortcut), Some(course)) => shortcut::load(session, &shortcut, course)?,
        _ => HashMap::new(),
    };
    let mut fields = match table.extra_fields {
        Some(kind) if !records.is_empty() => {
            let keys: Vec<i64> = records.iter().filter_map(|record| record.key(table)).collect();
            extra_field::load(session, kind, &keys)?
        }
        _ => HashMap::new(),
    };
    let mut items = Vec::with_capacity(records.len());
    for mut record in records {
        if let Some(shortcut) = table.shortcut
            && let Some(row) = record.key(table).and_then(|key| shortcuts.remove(&key))
        {
            if shortcut::is_visible(&row, &shortcut) {
                record.set(SHORTCUT, Value::Int(1));
            }
            record.beside_mut().shortcut = Some(row);
        }
        let properties = match kind.property_tool {
            Some(tool) => properties.take(tool, record.key(table)),
            None => Vec::new(),
        };
        let fields = record.key(table).and_then(|key| fields.remove(&key)).unwrap_or_default();
        let item = Item { kind, record, properties, fields };
        if !item.is_deleted() {
            items.push(item);
        }
    }
    Ok(items)
}

/// The column by which rows of `table` know their course, and what it holds for `course`.
fn owner(table: &Table, course: &Row) -> Option<(&'static str, Value)> {
    match table.owner {
        Owner::Number => Some(("c_id", course.get("id").clone())),
        Owner::Code => Some(("course_code", course.get("code").clone())),
        Owner::Parent => None,
    }
}

/// Reads the rows of `table`, whose rows belong to those of `parent`, that belong to the course, base content only.
fn select(
    session: &dyn Session,
    table: &Table,
    parent: Option<&Table>,
    course: &Row,
    condition: &str,
    order: &str,
) -> Result<Vec<Record>, DatabaseError> {
    let (column, below, owner) = match (owner(table, course), parent) {
        (Some((column, owner)), _) => (column, "= ?".to_owned(), owner),
        (None, Some(parent)) => match owner(parent, course) {
            Some((column, owner)) => {
                let keys = format!("IN (SELECT `{}` FROM `{}` WHERE `{column}` = ?)", parent.key, parent.name);
                (table.parent, keys, owner)
            }
            None => return Ok(Vec::new()),
        },
        (None, None) => return Ok(Vec::new()),
    };
    let mut wanted = String::new();
    if schema::columns(table.name).iter().any(|column| column.name == "session_id") {
        wanted.push_str(" AND (session_id = 0 OR session_id IS NULL)");
    }
    if !condition.is_empty() {
        wanted.push_str(&format!(" AND ({condition})"));
    }
    let order = if order.is_empty() { table.primary } else { order };
    let mut records = Vec::new();
    let mut run = |rows: &str, params: &[Value]| {
        let sql = format!("SELECT * FROM `{}` WHERE `{column}` {rows}{wanted} ORDER BY {order}", table.name);
        session.query(&sql, params, &mut |row| {
            let mut record = Record::new(table);
            record.values = row.into_pairs();
            records.push(record);
            Ok(())
        })
    };
    let mut result = run(&below, std::slice::from_ref(&owner));
    if result.is_ok() && !table.also.is_empty() {
        // A query of its own, since an OR would keep databases from using the index on either side.
        result = run(&format!("<> ? AND ({})", table.also), &[owner, course.get("id").clone()]);
    }
    match result {
        // Tables of plugins exist only where the plugin was installed.
        Err(error) if session.columns(table.name)?.is_empty() => {
            tracing::debug!("table {} is not there: {error}", table.name);
            Ok(Vec::new())
        }
        result => result.map(|()| records),
    }
}

/// Reads each child table once and hands its rows to the records that they belong to.
fn attach_children(
    session: &dyn Session,
    table: &Table,
    course: &Row,
    records: &mut [Record],
    properties: &mut Properties,
) -> Result<(), DatabaseError> {
    if records.is_empty() {
        return Ok(());
    }
    for (place, child) in table.children.iter().enumerate() {
        if child.users_own {
            continue;
        }
        let mut rows = select(session, child, Some(table), course, "", "")?;
        attach_children(session, child, course, &mut rows, properties)?;
        attach_beside(session, child, &mut rows, properties)?;
        let mut by_parent: HashMap<i64, Vec<Record>> = HashMap::new();
        for row in rows {
            by_parent.entry(row.int(child.parent).unwrap_or(0)).or_default().push(row);
        }
        for record in records.iter_mut() {
            let own = record.key(table).and_then(|key| by_parent.remove(&key)).unwrap_or_default();
            if let Some(children) = record.children.get_mut(place) {
                *children = own;
            }
        }
        let Some(group) = table.group.filter(|_| child.of_group) else { continue };
        for record in records.iter_mut() {
            let own = record.int(group).and_then(|key| by_parent.remove(&key)).unwrap_or_default();
            if let Some(children) = record.children.get_mut(place) {
                children.extend(own);
            }
        }
    }
    Ok(())
}

/// Hands the rows of the child table `table` what other tables hold of them.
fn attach_beside(
    session: &dyn Session,
    table: &Table,
    records: &mut [Record],
    properties: &mut Properties,
) -> Result<(), DatabaseError> {
    if let Some(tool) = table.property_tool {
        for record in records.iter_mut() {
            let found = properties.take(tool, record.key(table));
            if !found.is_empty() {
                record.beside_mut().properties = found;
            }
        }
    }
    if let Some(kind) = table.extra_fields {
        let keys: Vec<i64> = records.iter().filter_map(|record| record.key(table)).collect();
        let mut fields = extra_field::load(session, kind, &keys)?;
        for record in records.iter_mut() {
            if let Some(found) = record.key(table).and_then(|key| fields.remove(&key)) {
                record.beside_mut().fields = found;
            }
        }
    }
    Ok(())
}
