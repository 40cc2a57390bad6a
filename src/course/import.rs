//! Items into a course: new keys, references that follow them, and nothing twice.
//!
//! An [`Import`] runs inside the caller's transaction. It takes the items of one kind after the other, in an order in
//! which most references lead to what is there already; the few that lead forward or back are set at the end. An item
//! that equals one of the course (in all its columns but keys, users and order) is not made again: its keys lead to the
//! one that is there.

use std::collections::{HashMap, HashSet};
use std::io;

use crate::portal::database::{DatabaseError, Row, Session, Value};
use crate::portal::schema::{self, Column};

use super::extra_field;
use super::html::{self, Address};
use super::item::{self, Item, Record};
use super::property_rows;
use super::shortcut;
use super::tool::{Files, Kind, Owner, Role, SHORTCUT, TOOLS, Table};
use super::{Course, Stamp};

mod in_place;

pub use in_place::{Change, Pair, pairs};

/// What to do with an item whose place another one has (Chamilo 1.11, CourseRestorer's file policy).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflict {
    /// The one that is there stays.
    #[default]
    Skip,
    /// The new one gets another name.
    Rename,
    /// The new one takes the place.
    Overwrite,
}

/// Where items come from.
pub struct Origin {
    /// The course that they were in.
    pub address: Address,
    /// Users of the archive that are known to be users of this portal.
    pub users: HashMap<i64, i64>,
    /// Whether the archive tells all columns and property rows (ours) or what Chamilo writes.
    pub complete: bool,
}

/// Puts the files of items into the course.
pub trait Attachments {
    /// Puts the file called `name` into its folder and returns the name it got; `None` if the archive lacks it.
    fn place(&mut self, files: &Files, name: &[u8]) -> io::Result<Option<Vec<u8>>>;

    /// Makes the folder `path`, which is relative to the course's folder, if it is not there.
    fn directory(&mut self, path: &[u8]) -> io::Result<()>;
}

/// What became of the items of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Items added.
    pub added: usize,
    /// Items that were there already, equal.
    pub equal: usize,
    /// Items whose place something else has, by that place; they were left out.
    pub conflicts: Vec<String>,
    /// Items that got another name, or took the place of another: old and new name.
    pub renamed: Vec<(String, String)>,
    /// Files that the archive lacks.
    pub missing: Vec<String>,
    /// Columns whose values the portal can't hold as the archive has them (too long, out of range, no number): table,
    /// key in the archive and column. What fits was kept, as MariaDB does it for Chamilo.
    pub cut: Vec<String>,
}

/// Why items were not imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file can't be put in its place.
    #[error("{name}: {source}")]
    File {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Keys of one table.
type Keys = HashMap<(&'static str, i64), i64>;

/// Keys of the rows that are there, by table; a reference to any other leads to nothing.
type There = HashMap<&'static str, HashSet<i64>>;

/// The value of a column, and the row that it is to lead to if that is not there yet.
type Given = (Value, Option<(&'static str, i64)>);

/// A reference that could not be set when its row was written.
struct Open {
    table: &'static Table,
    row: i64,
    column: String,
    target: (&'static str, i64),
}

/// A reference that leads to nothing.
#[derive(Clone)]
pub struct Lost {
    /// The table of its row.
    pub table: &'static Table,
    /// The row's primary key.
    pub row: i64,
    /// The column.
    pub column: String,
    /// What it should lead to: the table, and the key in the archive.
    pub target: (&'static str, i64),
}

/// One import into one course.
pub struct Import<'a> {
    session: &'a dyn Session,
    course: &'a Course,
    course_row: Row,
    address: Address,
    stamp: Stamp,
    origin: &'a Origin,
    conflict: Conflict,
    /// Keys in the archive and in the course.
    keys: Keys,
    /// What references of the course's rows may lead to, as far as it was needed.
    there: There,
    open: Vec<Open>,
    columns: HashMap<&'static str, Vec<String>>,
    cut: Vec<String>,
    /// The first new row of each group, by the key in the archive that names it.
    groups: Keys,
    keeps_keys: bool,
}

impl<'a> Import<'a> {
    /// An import into `course` in the transaction of `session`.
    pub fn new(
        session: &'a dyn Session,
        course: &'a Course,
        stamp: Stamp,
        origin: &'a Origin,
        conflict: Conflict,
    ) -> Result<Import<'a>, ImportError> {
        let sql = "SELECT * FROM course WHERE id = ?";
        let course_row = session.row(sql, &[course.id.into()])?.ok_or_else(|| DatabaseError::Statement {
            sql: sql.into(),
            reason: format!("the course with the number {} is gone", course.id),
        })?;
        let address = Address { code: course.code.clone(), directory: course.directory.clone() };
        Ok(Import {
            session,
            course,
            course_row,
            address,
            stamp,
            origin,
            conflict,
            keys: Keys::new(),
            there: There::new(),
            open: Vec::new(),
            columns: HashMap::new(),
            cut: Vec::new(),
            groups: Keys::new(),
            keeps_keys: false,
        })
    }

    /// Lets rows have the keys that they have in the archive, as far as those are free: it is the course's own.
    pub fn keep_keys(&mut self) {
        self.keeps_keys = true;
    }

    /// Lets references to the document with the key `old` in the archive lead to the document `new` of the course.
    pub fn document(&mut self, old: i64, new: i64) {
        self.keys.insert(("c_document", old), new);
    }

    /// Lets references to the item with the rows `old` in the archive lead to the one with the rows `there` of the course,
    /// whatever they say.
    pub fn linked(&mut self, kind: &'static Kind, old: &Record, there: &Record) {
        self.same(&kind.table, old, there);
    }

    /// The course that takes the items, as its row says.
    pub fn course_row(&self) -> &Row {
        &self.course_row
    }

    /// Adds the items of one kind; call it for all kinds in the order of [`order`].
    pub fn kind(
        &mut self,
        kind: &'static Kind,
        mut items: Vec<Item>,
        attachments: &mut dyn Attachments,
    ) -> Result<Outcome, ImportError> {
        let mut outcome = Outcome::default();
        let told = self.told(kind);
        let mut present: HashMap<Vec<u8>, Vec<Item>> = HashMap::new();
        let mut places: HashMap<Vec<u8>, Item> = HashMap::new();
        let loaded = item::load_one_kind(self.session, kind, &self.course_row)?;
        self.know(kind, &loaded);
        let mut targets = Vec::new();
        kind.table.targets(&mut targets);
        self.know_targets(&targets)?;
        for there in loaded {
            if let Some(place) = place(kind, &there.record) {
                // Of several the first counts, as in Chamilo.
                places.entry(place).or_insert_with(|| there.clone());
            }
            let sides = Sides { kind, keys: None, there: &self.there, told: &told };
            present.entry(sides.canonical(&there.record)).or_default().push(there);
        }
        for alike in present.values_mut() {
            // The oldest is taken first.
            alike.reverse();
        }
        for item in &mut items {
            self.adapt(&kind.table, &mut item.record);
            let canonical =
                Sides { kind, keys: Some(&self.keys), there: &self.there, told: &told }.canonical(&item.record);
            if let Some(there) = present.get_mut(&canonical).and_then(Vec::pop) {
                self.same(&kind.table, &item.record, &there.record);
                outcome.equal += 1;
                continue;
            }
            if let Some(there) = place(kind, &item.record).and_then(|place| places.get(&place)) {
                if kind.table.joined && self.conflict != Conflict::Overwrite {
                    let joined = self.join(kind, &told, &item.record, &there.record)?;
                    *(if joined { &mut outcome.added } else { &mut outcome.equal }) += 1;
                    continue;
                }
                let name = String::from_utf8_lossy(&place(kind, &item.record).unwrap_or_default()).into_owned();
                match self.conflict {
                    Conflict::Overwrite => {
                        super::empty::delete(self.session, kind, self.course, &there.record)?;
                        outcome.renamed.push((name.clone(), name));
                    }
                    Conflict::Rename if let Some(new) = self.rename(kind, &mut item.record, &places) => {
                        outcome.renamed.push((name, new));
                    }
                    Conflict::Skip | Conflict::Rename => {
                        self.same(&kind.table, &item.record, &there.record);
                        outcome.conflicts.push(name);
                        continue;
                    }
                }
            }
            let mut record = std::mem::take(&mut item.record);
            self.place_files(&kind.table, &mut record, attachments, &mut outcome)?;
            let key = self.insert(&kind.table, &record, None)?;
            self.insert_property(item, key)?;
            if let Some(of) = kind.table.extra_fields {
                for field in &item.fields {
                    extra_field::insert(self.session, of, key, field, &self.stamp)?;
                }
            }
            let told = record.beside.as_ref().and_then(|beside| beside.shortcut.as_ref());
            if let Some(shortcut) = kind.table.shortcut
                && (told.is_some() || record.int(SHORTCUT) == Some(1))
            {
                let name = record.bytes("name");
                shortcut::insert(self.session, &shortcut, self.course.id, key, &name, told)?;
            }
            outcome.added += 1;
        }
        outcome.cut = std::mem::take(&mut self.cut);
        Ok(outcome)
    }

    /// Lets references to the row `old` of `table` lead to the row `new` of the course.
    pub fn refer(&mut self, table: &'static str, old: i64, new: i64) {
        self.keys.insert((table, old), new);
    }

    /// The row of the course that references to the row `old` of `table` lead to.
    pub fn key(&self, table: &'static str, old: i64) -> Option<i64> {
        self.keys.get(&(table, old)).copied()
    }

    /// Sets the references that had to wait; returns those that lead to nothing. They are 0 then.
    pub fn finish(self) -> Result<Vec<Lost>, ImportError> {
        let mut lost = Vec::new();
        for open in self.open {
            match self.keys.get(&open.target).or_else(|| self.groups.get(&open.target)) {
                Some(key) => {
                    let table = open.table;
                    let sql =
                        format!("UPDATE `{}` SET `{}` = ? WHERE `{}` = ?", table.name, open.column, table.primary);
                    self.session.execute(&sql, &[(*key).into(), open.row.into()])?;
                }
                None => lost.push(Lost { table: open.table, row: open.row, column: open.column, target: open.target }),
            }
        }
        Ok(lost)
    }

    /// Remembers which rows of `kind` are there.
    fn know(&mut self, kind: &'static Kind, items: &[Item]) {
        fn add(table: &'static Table, record: &Record, there: &mut There) {
            there.entry(table.name).or_default().extend(record.key(table));
            for (child, records) in table.children.iter().zip(&record.children) {
                records.iter().for_each(|record| add(child, record, there));
            }
        }
        name_tables(&kind.table, &mut self.there);
        items.iter().for_each(|item| add(&kind.table, &item.record, &mut self.there));
    }

    /// Learns which rows of the tables `targets` are there.
    fn know_targets(&mut self, targets: &[&'static str]) -> Result<(), ImportError> {
        for target in targets {
            if self.there.contains_key(target) {
                continue;
            }
            if *target == "c_document" {
                let documents = super::document::load(self.session, self.course.id)?;
                self.there.insert(target, documents.iter().map(|document| document.iid).collect());
                continue;
            }
            let mut kinds = TOOLS.iter().flat_map(|tool| tool.kinds);
            if let Some(kind) = kinds.find(|kind| has_table(&kind.table, target)) {
                let items = item::load_one_kind(self.session, kind, &self.course_row)?;
                self.know(kind, &items);
            }
        }
        Ok(())
    }

    /// Which columns the archive tells, and so which count in a comparison.
    fn told(&self, kind: &'static Kind) -> Told {
        if self.origin.complete { Told::All } else { Told::ByForm(kind) }
    }

    /// Lets links in HTML lead into this course.
    fn adapt(&self, table: &Table, record: &mut Record) {
        let html: Vec<&str> =
            table.roles.iter().filter(|(_, role)| matches!(role, Role::Html)).map(|(name, _)| *name).collect();
        for column in html {
            if let Value::Text(text) = record.get(column)
                && let Some(moved) = html::moved(text, &self.origin.address, &self.address)
            {
                record.set(column, Value::from(moved));
            }
        }
        for (child, records) in table.children.iter().zip(&mut record.children) {
            for record in records {
                self.adapt(child, record);
            }
        }
    }

    /// Remembers that the rows of `old` are those of `there`.
    fn same(&mut self, table: &'static Table, old: &Record, there: &Record) {
        if let (Some(old), Some(new)) = (old.key(table), there.key(table)) {
            self.keys.insert((table.name, old), new);
        }
        for ((child, old), there) in table.children.iter().zip(&old.children).zip(&there.children) {
            for (old, there) in old.iter().zip(there) {
                self.same(child, old, there);
            }
        }
    }

    /// Adds the rows below `old` that `there` has not; returns whether there were any.
    fn join(&mut self, kind: &'static Kind, told: &Told, old: &Record, there: &Record) -> Result<bool, ImportError> {
        let table = &kind.table;
        let (Some(old_key), Some(key)) = (old.key(table), there.key(table)) else { return Ok(false) };
        self.keys.insert((table.name, old_key), key);
        let mut joined = false;
        for ((child, rows), present) in table.children.iter().zip(&old.children).zip(&there.children) {
            let sides = Sides { kind, keys: None, there: &self.there, told };
            let mut present: Vec<(Vec<u8>, &Record)> =
                present.iter().map(|row| (sides.row(child, row, Some((table, there))), row)).collect();
            for row in rows {
                let canonical = Sides { kind, keys: Some(&self.keys), there: &self.there, told }.row(
                    child,
                    row,
                    Some((table, old)),
                );
                match present.iter().position(|(text, _)| *text == canonical) {
                    Some(place) => self.same(child, row, present.remove(place).1),
                    None if self.is_about_another_portal(child, row)? => {}
                    None => {
                        self.insert(child, row, Some((table, old, key)))?;
                        joined = true;
                    }
                }
            }
        }
        Ok(joined)
    }

    /// Gives the record a free place; `None` if its kind's places are fixed.
    fn rename(&self, kind: &'static Kind, record: &mut Record, places: &HashMap<Vec<u8>, Item>) -> Option<String> {
        let column = *kind.place.first()?;
        if column == kind.table.key || matches!(kind.table.role(column), Role::Late(_)) {
            return None;
        }
        let name = record.bytes(column);
        for number in 1..10_000 {
            let new = [name.as_slice(), format!("_{number}").as_bytes()].concat();
            record.set(column, Value::from(new.clone()));
            if place(kind, record).is_some_and(|place| !places.contains_key(&place)) {
                return Some(String::from_utf8_lossy(&new).into_owned());
            }
        }
        None
    }

    fn place_files(
        &mut self,
        table: &'static Table,
        record: &mut Record,
        attachments: &mut dyn Attachments,
        outcome: &mut Outcome,
    ) -> Result<(), ImportError> {
        if let Some(files) = &table.files {
            let name = record.bytes(files.column);
            if !name.is_empty() {
                let shown = || format!("{}/{}", files.folder, String::from_utf8_lossy(&name));
                match attachments.place(files, &name).map_err(|source| ImportError::File { name: shown(), source })? {
                    Some(new) => record.set(files.column, Value::from(new)),
                    None => outcome.missing.push(shown()),
                }
            }
        }
        if let Some(path) = table.directory.and_then(|directory| directory.path(record)) {
            let name = || String::from_utf8_lossy(&path).into_owned();
            attachments.directory(&path).map_err(|source| ImportError::File { name: name(), source })?;
        }
        for (child, records) in table.children.iter().zip(&mut record.children) {
            for record in records {
                self.place_files(child, record, attachments, outcome)?;
            }
        }
        Ok(())
    }

    /// Inserts a row and those below it, and returns its key.
    fn insert(
        &mut self,
        table: &'static Table,
        record: &Record,
        parent: Option<(&Table, &Record, i64)>,
    ) -> Result<i64, ImportError> {
        let columns = self.columns_of(table)?;
        let known = schema::columns(table.name);
        let mut values: Vec<(&str, Value)> = Vec::with_capacity(columns.len());
        let mut copies: Vec<&str> = Vec::new();
        let mut open: Vec<(String, (&'static str, i64))> = Vec::new();
        for column in &columns {
            let known = known.iter().find(|known| known.name == column);
            let given = record.find(column);
            let value = if column == table.primary {
                continue;
            } else if column == table.parent {
                parent.map_or(Value::Int(0), |(_, _, key)| Value::Int(key))
            } else if column == "c_id" {
                Value::Int(self.course.id)
            } else if column == "course_code" && table.owner == Owner::Code {
                Value::from(self.course.code.clone())
            } else if (column == table.key && !is_name(known, given)) || table.copies.contains(&column.as_str()) {
                copies.push(column);
                known.map_or(Value::Int(0), Column::empty)
            } else {
                let beside = parent.map(|(table, record, _)| (table, record));
                match self.value(table, column, record, beside)? {
                    Some((value, target)) => {
                        open.extend(target.map(|target| (column.clone(), target)));
                        value
                    }
                    // A column that the administrator switched on has its own default.
                    None => continue,
                }
            };
            if let (Some(known), Some(given)) = (known, given)
                && known.fit(given).is_some()
                && matches!(table.role_in(column, record, parent.map(|(table, record, _)| (table, record))), Role::Data)
            {
                self.cut.push(format!("{} {}: {column}", table.name, record.key(table).unwrap_or(0)));
            }
            values.push((column, value));
        }
        let row = self.session.insert(table.name, &values)?;
        let row = if self.keeps_keys { self.old_key(table, record, row)? } else { row };
        if let Some(there) = self.there.get_mut(table.name) {
            there.insert(row);
        }
        if !copies.is_empty() {
            let set: Vec<String> = copies.iter().map(|column| format!("`{column}` = ?")).collect();
            let sql = format!("UPDATE `{}` SET {} WHERE `{}` = ?", table.name, set.join(", "), table.primary);
            self.session.execute(&sql, &vec![row.into(); copies.len() + 1])?;
        }
        if let Some(old) = record.key(table) {
            self.keys.insert((table.name, old), row);
        }
        if let Some(named) = table.group.and_then(|column| reference(record.get(column))) {
            self.groups.entry((table.name, named)).or_insert(row);
        }
        self.open.extend(open.into_iter().map(|(column, target)| Open { table, row, column, target }));
        for (child, records) in table.children.iter().zip(&record.children) {
            for child_record in records {
                if self.is_about_another_portal(child, child_record)? {
                    continue;
                }
                let key = self.insert(child, child_record, Some((table, record, row)))?;
                self.insert_beside(child, child_record, key)?;
            }
        }
        Ok(row)
    }

    /// Whether a row is nothing without something that this portal does not have.
    fn is_about_another_portal(&self, table: &Table, record: &Record) -> Result<bool, DatabaseError> {
        for (column, role) in table.roles {
            let Role::Portal(target) = role else { continue };
            let needed = schema::columns(table.name).iter().any(|known| known.name == *column && !known.is_nullable());
            let there = match reference(record.get(column)) {
                Some(key) => self.portal_has(target, key)?,
                None => false,
            };
            if needed && !there {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives the row `row`, which nothing refers to yet, the key that it has in the archive if that is free. Returns the
    /// key that it has.
    fn old_key(&self, table: &Table, record: &Record, row: i64) -> Result<i64, DatabaseError> {
        let (name, primary) = (table.name, table.primary);
        let Some(old) = record.key(table).filter(|old| *old > 0 && *old != row) else { return Ok(row) };
        let sql = format!("SELECT `{primary}` FROM `{name}` WHERE `{primary}` = ?");
        if self.session.row(&sql, &[old.into()])?.is_some() {
            return Ok(row);
        }
        self.session.execute(
            &format!("UPDATE `{name}` SET `{primary}` = ? WHERE `{primary}` = ?"),
            &[old.into(), row.into()],
        )?;
        Ok(old)
    }

    /// What a column that is no key of the row gets, and what it is to lead to if that is not there yet; `None` if
    /// neither the record nor a fresh installation knows the column.
    fn value(
        &self,
        table: &'static Table,
        column: &str,
        record: &Record,
        parent: Option<(&Table, &Record)>,
    ) -> Result<Option<Given>, ImportError> {
        let known = schema::columns(table.name).iter().find(|known| known.name == column);
        let value = match (table.role_in(column, record, parent), record.find(column)) {
            (Role::Session, given) => session_of(table, known, given),
            (Role::Private, _) => known.map_or(Value::Null, Column::empty),
            (Role::User, given) => self.user(known, given),
            (Role::DocumentName(_), Some(given)) if !self.origin.complete => self.document_name(known, given)?,
            (Role::Portal(target), Some(given)) => match reference(given) {
                Some(key) if !self.portal_has(target, key)? => known.map_or(Value::Int(0), nothing),
                _ => fitting(known, given),
            },
            (Role::Reference(target) | Role::Late(target), Some(given)) => match reference(given) {
                Some(old) => match self.keys.get(&(target, old)) {
                    Some(new) => keep_form(given, *new),
                    None => return Ok(Some((known.map_or(Value::Int(0), nothing), Some((target, old))))),
                },
                None => fitting(known, given),
            },
            (_, Some(given)) => fitting(known, given),
            (_, None) => match known {
                Some(known) => known.empty(),
                None => return Ok(None),
            },
        };
        Ok(Some((value, None)))
    }

    /// Whether the portal's `table` has a row with the key `key`.
    fn portal_has(&self, table: &str, key: i64) -> Result<bool, DatabaseError> {
        if self.session.columns(table)?.is_empty() {
            return Ok(false);
        }
        Ok(self.session.row(&format!("SELECT id FROM `{table}` WHERE id = ?"), &[key.into()])?.is_some())
    }

    /// Inserts the property rows of a new item.
    fn insert_property(&self, item: &Item, key: i64) -> Result<(), ImportError> {
        match item.kind.property_tool {
            Some(_) if item.properties.is_empty() && self.origin.complete => Ok(()),
            Some(tool) => self.insert_properties(tool, &item.properties, key),
            None => Ok(()),
        }
    }

    /// Inserts what belongs to a new row of the child table `table` in other tables; `record` is the row it was made of.
    fn insert_beside(&self, table: &Table, record: &Record, key: i64) -> Result<(), ImportError> {
        let beside = record.beside.as_deref();
        // Old archives of ours, and Chamilo's, tell nothing of property rows.
        let told = beside.is_some_and(|beside| beside.properties_told);
        let rows = beside.map_or(&[] as &[Row], |beside| &beside.properties);
        if let Some(tool) = table.property_tool.filter(|_| !told || !rows.is_empty()) {
            self.insert_properties(tool, rows, key)?;
        }
        if let Some(of) = table.extra_fields {
            for field in beside.into_iter().flat_map(|beside| &beside.fields) {
                extra_field::insert(self.session, of, key, field, &self.stamp)?;
            }
        }
        Ok(())
    }

    /// Inserts what the property rows of an archive say of a new row, or that it is visible if there are none.
    ///
    /// Rows of the base course come along, each with its audience: everybody, or a user that the portal knows. Those of
    /// sessions do not, and groups are not in archives. What was for nobody else than such an audience is for teachers:
    /// it must not be shown to all because those it was meant for are not here.
    fn insert_properties(&self, tool: &str, rows: &[Row], key: i64) -> Result<(), ImportError> {
        let set = |row: &Row, column: &str| row.int(column).is_some_and(|number| number != 0);
        let base: Vec<&Row> = rows.iter().filter(|row| !set(row, "session_id")).collect();
        // Chamilo's own archives have users there that nothing was meant for (its importer writes who imports).
        let user = |row: &Row| row.int("to_user_id").filter(|user| *user != 0 && self.origin.complete);
        let mut kept = base.iter().copied().filter(|row| !set(row, "to_group_id")).filter_map(|row| match user(row) {
            None => Some((row, None)),
            Some(user) => self.origin.users.get(&user).map(|known| (row, Some(*known))),
        });
        let Some(first) = kept.next() else {
            let newest = rows.iter().max_by_key(|row| super::document::rank(row));
            let visibility = if base.is_empty() { None } else { Some(0) };
            return self.insert_property_row(tool, newest, key, None, visibility);
        };
        std::iter::once(first)
            .chain(kept)
            .try_for_each(|(row, to)| self.insert_property_row(tool, Some(row), key, to, None))
    }

    /// Inserts one property row, by what `row` of an archive says; for the user `to` or everybody, with the
    /// visibility of `row` if none is given.
    fn insert_property_row(
        &self,
        tool: &str,
        newest: Option<&Row>,
        key: i64,
        to: Option<i64>,
        visibility: Option<i64>,
    ) -> Result<(), ImportError> {
        let text = |column: &str| newest.map(|row| row.bytes(column)).filter(|text| !text.is_empty());
        let now = self.stamp.datetime().into_bytes();
        let user = |column: &str| {
            let user = newest.and_then(|row| row.int(column)).and_then(|user| self.origin.users.get(&user));
            Value::Int(user.copied().unwrap_or(self.stamp.user))
        };
        let known = schema::columns("c_item_property");
        let fits = |column: &str, value: &Value| {
            known.iter().find(|known| known.name == column).is_none_or(|known| known.fit(value).is_none())
        };
        let text = |column: &str| text(column).filter(|text| fits(column, &Value::from(text.clone())));
        let date = |column: &str| Value::from(text(column).unwrap_or_else(|| now.clone()));
        let edit = text("lastedit_type").unwrap_or_else(|| added(tool));
        let told = || newest.and_then(|row| row.int("visibility")).filter(|shown| (0..=2).contains(shown));
        let visibility = visibility.or_else(told);
        let visibility = visibility.unwrap_or(1);
        let row = self.session.insert(
            "c_item_property",
            &[
                ("c_id", self.course.id.into()),
                ("to_group_id", Value::Null),
                ("to_user_id", to.into()),
                ("insert_user_id", user("insert_user_id")),
                ("session_id", Value::Null),
                ("id", Value::Null),
                ("tool", tool.into()),
                ("insert_date", date("insert_date")),
                ("lastedit_date", date("lastedit_date")),
                ("ref", key.into()),
                ("lastedit_type", edit.into()),
                ("lastedit_user_id", user("lastedit_user_id")),
                ("visibility", visibility.into()),
                ("start_visible", text("start_visible").into()),
                ("end_visible", text("end_visible").into()),
            ],
        )?;
        Ok(property_rows::set_second_key(self.session, "c_item_property", "id", row)?)
    }

    fn user(&self, known: Option<&Column>, given: Option<&Value>) -> Value {
        match given.and_then(reference) {
            Some(user) => keep_form(
                given.unwrap_or(&Value::Null),
                self.origin.users.get(&user).copied().unwrap_or(self.stamp.user),
            ),
            None => given.map_or_else(|| known.map_or(Value::Null, Column::empty), |given| fitting(known, given)),
        }
    }

    /// The name of the document whose key in the archive is `given`; what is no such key stays as it is.
    fn document_name(&self, known: Option<&Column>, given: &Value) -> Result<Value, DatabaseError> {
        let document = reference(given).and_then(|old| self.keys.get(&("c_document", old)));
        let Some(document) = document else { return Ok(fitting(known, given)) };
        let row = self.session.row("SELECT path FROM c_document WHERE iid = ?", &[(*document).into()])?;
        let path = row.map(|row| row.bytes("path")).unwrap_or_default();
        Ok(Value::from(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec()))
    }

    /// The columns that this portal's table has.
    fn columns_of(&mut self, table: &'static Table) -> Result<Vec<String>, DatabaseError> {
        if let Some(columns) = self.columns.get(table.name) {
            return Ok(columns.clone());
        }
        let columns = self.session.columns(table.name)?;
        self.columns.insert(table.name, columns.clone());
        Ok(columns)
    }
}

/// Names the tables of rows that are known, also those without a row.
fn name_tables(table: &'static Table, there: &mut There) {
    there.entry(table.name).or_default();
    table.children.iter().filter(|child| !child.users_own).for_each(|child| name_tables(child, there));
}

fn has_table(table: &Table, name: &str) -> bool {
    !table.users_own && (table.name == name || table.children.iter().any(|child| has_table(child, name)))
}

/// Kinds in an order in which references lead to earlier ones, as far as that goes.
pub fn order() -> Vec<&'static Kind> {
    let kinds: Vec<&'static Kind> = TOOLS.iter().flat_map(|tool| tool.kinds).collect();
    let mut ordered = Vec::new();
    let mut visited = vec![false; kinds.len()];
    for start in 0..kinds.len() {
        visit(start, &kinds, &mut visited, &mut ordered);
    }
    ordered
}

fn visit(place: usize, kinds: &[&'static Kind], visited: &mut [bool], ordered: &mut Vec<&'static Kind>) {
    match visited.get_mut(place) {
        Some(visited) if !*visited => *visited = true,
        _ => return,
    }
    let Some(kind) = kinds.get(place) else { return };
    let mut targets = Vec::new();
    kind.table.targets(&mut targets);
    for (other, target) in kinds.iter().enumerate() {
        if targets.contains(&target.table.name) {
            visit(other, kinds, visited, ordered);
        }
    }
    ordered.push(kind);
}

/// Which columns count when two records are compared.
enum Told {
    All,
    ByForm(&'static Kind),
}

impl Told {
    fn column(&self, table: &Table, column: &str) -> bool {
        match self {
            Told::All => true,
            Told::ByForm(kind) if table.name == kind.table.name => super::tool::covers(kind, column),
            Told::ByForm(kind) => {
                super::tool::child_columns(kind, table.name).is_some_and(|columns| columns.contains(&column))
            }
        }
    }

    fn table(&self, table: &Table) -> bool {
        match self {
            Told::All => true,
            Told::ByForm(kind) => super::tool::child_columns(kind, table.name).is_some(),
        }
    }
}

/// Makes the comparable form of a record, of the archive (with the keys that its references lead to) or of the course.
struct Sides<'a> {
    kind: &'static Kind,
    keys: Option<&'a Keys>,
    there: &'a There,
    told: &'a Told,
}

impl Sides<'_> {
    fn canonical(&self, record: &Record) -> Vec<u8> {
        self.row(&self.kind.table, record, None)
    }

    fn row(&self, table: &'static Table, record: &Record, parent: Option<(&Table, &Record)>) -> Vec<u8> {
        let mut own = HashMap::new();
        number_rows(table, record, &mut own);
        let mut text = Vec::new();
        self.write(table, record, parent, &own, &mut text);
        text
    }

    fn write(
        &self,
        table: &'static Table,
        record: &Record,
        parent: Option<(&Table, &Record)>,
        own: &HashMap<(&'static str, i64), usize>,
        text: &mut Vec<u8>,
    ) {
        for column in schema::columns(table.name) {
            let value = record.find(column.name);
            let role = match table.role_in(column.name, record, parent) {
                // A key that is a name (a tool introduction's) is data.
                Role::Key if column.name == table.key && is_name(Some(column), value) => Role::Data,
                role => role,
            };
            if !self.told.column(table, column.name) || table.group == Some(column.name) {
                continue;
            }
            let shown = match role {
                Role::Key | Role::Session | Role::User | Role::Portal(_) | Role::Private | Role::Loose => continue,
                Role::Reference(target) | Role::Late(target) => {
                    let old = value.and_then(reference);
                    match old.map(|old| (old, own.get(&(target, old)))) {
                        None if matches!(role, Role::Late(_)) => continue,
                        None => b"0".to_vec(),
                        Some((_, Some(sibling))) => format!("@{sibling}").into_bytes(),
                        Some(_) if matches!(role, Role::Late(_)) => continue,
                        Some((old, None)) => {
                            let is_there = || self.there.get(target).is_none_or(|keys| keys.contains(&old));
                            let key = match self.keys {
                                None => is_there().then_some(old),
                                Some(keys) => keys.get(&(target, old)).copied(),
                            };
                            // What leads to nothing will hold nothing.
                            key.unwrap_or(0).to_string().into_bytes()
                        }
                    }
                }
                Role::Data
                | Role::Html
                | Role::DocumentName(_)
                | Role::ReferenceBy(..)
                | Role::ReferenceByParent(..) => {
                    let value = value.map_or_else(|| column.empty(), |value| fitting(Some(column), value));
                    comparable(column, &value)
                }
            };
            text.extend_from_slice(column.name.as_bytes());
            text.extend_from_slice(&(shown.len() as u64).to_le_bytes());
            text.extend_from_slice(&shown);
        }
        for (child, records) in table.children.iter().zip(&record.children) {
            if child.users_own || !self.told.table(child) {
                continue;
            }
            text.extend_from_slice(child.name.as_bytes());
            text.extend_from_slice(&(records.len() as u64).to_le_bytes());
            for child_record in records {
                self.write(child, child_record, Some((table, record)), own, text);
            }
        }
    }
}

/// A value as it compares: numbers by their amount, NULL as nothing.
fn comparable(column: &Column, value: &Value) -> Vec<u8> {
    let text = value.to_text().unwrap_or_default();
    if column.is_number()
        && let Some(number) = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse::<f64>().ok())
    {
        return number.to_string().into_bytes();
    }
    text
}

/// Numbers the rows of an item, so that references inside it compare without their keys.
fn number_rows(table: &'static Table, record: &Record, own: &mut HashMap<(&'static str, i64), usize>) {
    let number = own.len();
    if let Some(key) = record.key(table) {
        own.insert((table.name, key), number);
    }
    for (child, records) in table.children.iter().zip(&record.children) {
        for record in records {
            number_rows(child, record, own);
        }
    }
}

/// What makes the place of an item; `None` for kinds without places, and for items below others.
fn place(kind: &Kind, record: &Record) -> Option<Vec<u8>> {
    let part = |column: &&str| match kind.table.role(column) {
        Role::Late(_) if reference(record.get(column)).is_some() => None,
        Role::Late(_) => Some(b"top".to_vec()),
        _ => Some(record.bytes(column)),
    };
    let parts: Vec<Vec<u8>> = kind.place.iter().map(part).collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.join(b" / ".as_slice()))
}

/// The key that a reference holds; `None` if it leads nowhere (NULL, 0, nothing) or is no single key.
fn reference(value: &Value) -> Option<i64> {
    match value {
        Value::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        value => value.as_int(),
    }
    .filter(|key| *key != 0)
}

/// `key` in the form of `given`: some columns hold keys as text.
fn keep_form(given: &Value, key: i64) -> Value {
    match given {
        Value::Text(_) => Value::from(key.to_string().into_bytes()),
        _ => Value::Int(key),
    }
}

/// What a reference to nothing holds.
fn nothing(column: &Column) -> Value {
    if column.is_nullable() { Value::Null } else { column.empty() }
}

/// Whether a key is a name and no number (`c_tool_intro.id`).
fn is_name(column: Option<&Column>, value: Option<&Value>) -> bool {
    let number = column.is_some_and(Column::is_number);
    !number && matches!(value, Some(Value::Text(text)) if !text.is_empty() && !text.iter().all(u8::is_ascii_digit))
}

/// A given value as the column takes it: no NULL where none may be, no text for a number, nothing too long.
fn fitting(column: Option<&Column>, given: &Value) -> Value {
    match (column, given) {
        (Some(column), Value::Null) => column.empty(),
        (Some(column), Value::Text(text)) if column.is_number() && text.is_empty() => column.empty(),
        (Some(column), given) => column.fit(given).unwrap_or_else(|| given.clone()),
        (None, given) => given.clone(),
    }
}

/// The session of base content: as the archive has it if that is base content too; else 0, or NULL where the column is
/// a foreign key (data rules 0.3).
fn session_of(table: &Table, known: Option<&Column>, given: Option<&Value>) -> Value {
    const FOREIGN: [&str; 3] = ["c_student_publication", "gradebook_category", "xapi_tool_launch"];
    let foreign = FOREIGN.contains(&table.name);
    match given {
        Some(Value::Null) if known.is_some_and(Column::is_nullable) => Value::Null,
        _ if foreign => Value::Null,
        _ => Value::Int(0),
    }
}

/// Chamilo's word for an item that was added: the tool's name in one word and `Added`.
pub fn added(tool: &str) -> Vec<u8> {
    let mut word = String::new();
    for part in tool.split('_') {
        let mut letters = part.chars();
        word.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        word.extend(letters);
    }
    word.push_str("Added");
    word.into_bytes()
}
