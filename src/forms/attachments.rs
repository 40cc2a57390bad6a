//! Attachments: files beside an item, each with a row that names it.
//!
//! An item's file and its attachments come in any order. A row that an item's file tells waits without a file until the
//! attachment of its name comes; an attachment that no row waits for gets a row of its own.

use crate::course::html::Address;
use crate::course::import::{Conflict, Import, Origin};
use crate::course::item::{Item, Record};
use crate::course::tool::{Files, Table};
use crate::course::{Course, Stamp, empty};
use crate::portal::database::{DatabaseError, Session, Value};
use crate::portal::schema;

use super::error::StoreError;
use super::names;
use super::tree::{Place, Tree};

/// The rows with files of an item.
struct Holder<'t> {
    /// The item's own table and row.
    table: &'static Table,
    record: &'t Record,
    /// The table of the rows that name the files: the item's own, or one below it.
    of: &'static Table,
    files: Files,
}

/// Where the files of attachments of the item `file` lie; `None` if such items have none.
pub fn files_of(tree: &Tree, file: Place) -> Option<Files> {
    holders(tree, file).first().map(|holder| holder.files)
}

/// Lets the item `file` have the attachment called `name`, whose bytes are the file `stored` in the folder that
/// [`files_of`] tells, `size` bytes long. The row that has this name, or waits for it, gets the file; else a new one
/// does. Returns the attachment's place, and the name of the file that it had before, which nothing names any more.
pub fn attach(
    session: &dyn Session,
    course: &Course,
    stamp: &Stamp,
    tree: &Tree,
    file: Place,
    name: &[u8],
    (stored, size): (&[u8], u64),
) -> Result<(Place, Option<Vec<u8>>), StoreError> {
    let holders = holders(tree, file);
    let there = holders.iter().find_map(|holder| Some((holder, holder.row(tree, file, name)?)));
    if let Some((holder, row)) = there {
        let (Some(key), Some(primary)) = (row.key(holder.of), row.int(holder.of.primary)) else {
            return Err(taken(name));
        };
        let before = row.bytes(holder.files.column);
        let mut set = vec![(holder.files.column, Value::from(stored.to_vec()))];
        if has_column(holder.of, "size") {
            set.push(("size", size_value(size)));
        }
        let columns: Vec<String> = set.iter().map(|(column, _)| format!("`{column}` = ?")).collect();
        let sql = format!("UPDATE `{}` SET {} WHERE `{}` = ?", holder.of.name, columns.join(", "), holder.of.primary);
        let values: Vec<Value> = set.into_iter().map(|(_, value)| value).chain([primary.into()]).collect();
        session.execute(&sql, &values)?;
        let before = Some(before).filter(|before| !before.is_empty());
        return Ok((Place::Attachment(holder.of.name, key), before));
    }
    let holder = holders.first().filter(|holder| holder.of.name != holder.table.name).ok_or_else(|| taken(name))?;
    let mut row = Record::new(holder.of);
    row.set(holder.files.column, Value::from(stored.to_vec()));
    row.set("filename", Value::from(name.to_vec()));
    row.set("size", size_value(size));
    let address = Address { code: course.code.clone(), directory: course.directory.clone() };
    let origin = Origin { address, users: std::collections::HashMap::new(), complete: true };
    let mut import = Import::new(session, course, *stamp, &origin, Conflict::Skip)?;
    let key = import.add_below(holder.of, &row, holder.table, holder.record)?.ok_or_else(|| taken(name))?;
    Ok((Place::Attachment(holder.of.name, key), None))
}

/// Takes an attachment away: its row, or the item's mention of it. Returns the name of its file, which nothing names any
/// more; `None` if there is no such attachment.
pub fn detach(
    session: &dyn Session,
    course: &Course,
    tree: &Tree,
    attachment: Place,
) -> Result<Option<Vec<u8>>, DatabaseError> {
    let (Place::Attachment(table, key), Some(entry)) = (attachment, tree.entry(attachment)) else { return Ok(None) };
    let Some(Place::Attachments(kind, item)) = entry.parent else { return Ok(None) };
    for holder in holders(tree, Place::File(kind, item)).iter().filter(|holder| holder.of.name == table) {
        let Some(row) = holder.rows().find(|row| row.key(holder.of) == Some(key)) else { continue };
        let before = row.bytes(holder.files.column);
        if holder.of.name == holder.table.name {
            let (table, column) = (holder.of.name, holder.files.column);
            let sql = format!("UPDATE `{table}` SET `{column}` = '' WHERE `{}` = ?", holder.of.primary);
            session.execute(&sql, &[row.get(holder.of.primary).clone()])?;
        } else {
            empty::delete_row(session, holder.of, course, row)?;
        }
        return Ok(Some(before));
    }
    Ok(None)
}

impl<'t> Holder<'t> {
    fn rows(&self) -> impl Iterator<Item = &'t Record> {
        let own = (self.of.name == self.table.name).then_some(self.record);
        own.into_iter().chain(self.record.children_of(self.table, self.of.name))
    }

    /// The row whose file is called `name`, or that waits for such a file.
    fn row(&self, tree: &Tree, file: Place, name: &[u8]) -> Option<&'t Record> {
        let Place::File(kind, item) = file else { return None };
        if let Some(Place::Attachment(table, key)) =
            tree.lookup(Place::Attachments(kind, item), name).map(|entry| entry.place)
            && table == self.of.name
            && let Some(row) = self.rows().find(|row| row.key(self.of) == Some(key))
        {
            return Some(row);
        }
        let safe = names::stem(name);
        let waits = |row: &&Record| row.bytes(self.files.column).is_empty();
        self.rows().filter(waits).find(|row| {
            let wanted = row.bytes("filename");
            // An item that names its one file itself waits for any.
            wanted == name || names::stem(&wanted) == safe || self.of.name == self.table.name
        })
    }
}

/// The item of the file and those in it, as far as they can have files.
fn holders(tree: &Tree, file: Place) -> Vec<Holder<'_>> {
    let holder = |item: &'_ Item| {
        let table: &'static Table = &item.kind.table;
        let below = || table.children.iter().find_map(|child| Some((child, child.files?)));
        table.files.map(|files| (table, files)).or_else(below)
    };
    let items = tree.items_of(file).into_iter();
    let found = items.filter_map(|item| {
        let (of, files) = holder(item)?;
        Some(Holder { table: &item.kind.table, record: &item.record, of, files })
    });
    found.collect()
}

fn has_column(table: &Table, name: &str) -> bool {
    schema::columns(table.name).iter().any(|column| column.name == name)
}

fn size_value(size: u64) -> Value {
    Value::Int(i64::try_from(size).unwrap_or(i64::MAX))
}

fn taken(name: &[u8]) -> StoreError {
    StoreError::Taken { place: String::from_utf8_lossy(name).into_owned() }
}
