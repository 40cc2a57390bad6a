//! What Chamilo's form of an item does not tell, kept beside it.
//!
//! Chamilo's archives leave out columns, second attachments, property rows and more. Ours carry them in a property
//! `coursefs` of each object, which Chamilo's importer does not look at and our reader does: a map with `row` (columns
//! of the main row), `children` (for each child table a list of rows) and `properties` (property rows). Only what the
//! other properties don't say and what is not empty anyway is in it, so an item that Chamilo's form tells wholly has
//! none.

use std::borrow::Cow;

use crate::course::item::{Item, Record};
use crate::course::tool::{Form, Kind, Obj, Object, Role, SHORTCUT, Table, child_columns, covers};
use crate::php::{Key, Value as Php};
use crate::portal::database::{Row, Value};
use crate::portal::schema;

use super::resource::told;

/// Name of the property.
pub const NAME: &str = "coursefs";

/// Key of what was replaced in a page (documents only).
pub const PATCHES: &str = "patches";

/// Key of the rows of child tables inside a row of a child table; no column has such a name.
const CHILDREN: &str = "+";

/// The value of the property for `item`; `None` if there is nothing to add.
pub fn of(item: &Item) -> Option<Php<'static>> {
    let kind = item.kind;
    let mut parts = Vec::new();
    let zeroed = zeroed(kind);
    let covered = |column: &str| zeroed.contains(&column) || covers(kind, column);
    let mut row = row(&kind.table, &item.record, &covered, false);
    for column in zeroed {
        let value = item.record.get(column);
        if !same(value, &Value::Int(0)) {
            row.push((Key::from(*column), php(value)));
        }
    }
    if !row.is_empty() {
        parts.push((Key::from("row"), Php::Array(row)));
    }
    let children = children(&kind.table, &item.record, &|table| child_columns(kind, table));
    if !children.is_empty() {
        parts.push((Key::from("children"), Php::Array(children)));
    }
    if !kind.properties_archived && !item.properties.is_empty() {
        let rows = item.properties.iter().map(property_row);
        parts.push((Key::from("properties"), list(rows)));
    }
    (!parts.is_empty()).then_some(Php::Array(parts))
}

/// Puts what the property says into an item that was read from the other properties.
pub fn read(value: &Php<'_>, item: &mut Item) {
    let table = &item.kind.table;
    if let Some(row) = value.get("row") {
        read_row(row, &mut item.record);
    }
    if let Some(children) = value.get("children") {
        read_children(children, table, &mut item.record);
    }
    for (_, row) in value.get("properties").into_iter().flat_map(Php::entries) {
        item.properties.push(read_property(row));
    }
}

/// The columns of the main row that stand as `0` in the item's own properties.
fn zeroed(kind: &'static Kind) -> &'static [&'static str] {
    match &kind.form {
        Form::Object(Object { obj: Obj::Row { zeroed, .. }, .. }) => zeroed,
        _ => &[],
    }
}

type Entries = Vec<(Key<'static>, Php<'static>)>;

/// The columns of a row whose value the form does not tell, and that are not empty anyway. `keys` also the row's own key, which rows of
/// other tables may refer to.
fn row(table: &Table, record: &Record, covered: &dyn Fn(&str) -> bool, keys: bool) -> Entries {
    let known = schema::columns(table.name);
    let mut entries = Vec::new();
    if keys && let Some(key) = record.key(table) {
        entries.push((Key::from(table.key), php(&Value::Int(key))));
    }
    for (column, value) in record.iter() {
        // A shortcut is told by a property of its own.
        if matches!(table.role(column), Role::Key | Role::Session | Role::Private) || column == SHORTCUT {
            continue;
        }
        let said = if covered(column) {
            told(table, record, column)
        } else {
            let known = known.iter().find(|known| known.name == column);
            Cow::Owned(known.map_or(Value::Null, schema::Column::empty))
        };
        if !same(value, &said) {
            entries.push((Key::from(column.to_owned()), php(value)));
        }
    }
    entries
}

fn same(value: &Value, other: &Value) -> bool {
    value.to_text() == other.to_text()
}

/// The rows of the child tables, for each the columns that are not covered. Lists that add nothing are left out.
fn children(table: &'static Table, record: &Record, covered: &dyn Fn(&str) -> Option<Vec<&'static str>>) -> Entries {
    let mut entries = Vec::new();
    for (child, records) in table.children.iter().zip(&record.children).filter(|(child, _)| !child.users_own) {
        let columns = covered(child.name);
        let listed = columns.is_some();
        let is_covered = |column: &str| columns.as_ref().is_some_and(|columns| columns.contains(&column));
        let rows: Vec<Entries> = records
            .iter()
            .map(|record| {
                let mut row = row(child, record, &is_covered, !listed);
                let below = children(child, record, &|_| None);
                if !below.is_empty() {
                    row.push((Key::from(CHILDREN), Php::Array(below)));
                }
                row
            })
            .collect();
        if rows.iter().any(|row| !row.is_empty()) {
            entries.push((Key::from(child.name), list(rows.into_iter().map(Php::Array))));
        }
    }
    entries
}

fn read_row(row: &Php<'_>, record: &mut Record) {
    for (column, value) in row.entries() {
        let column = column.plain();
        if let Ok(column) = std::str::from_utf8(&column)
            && !matches!(value, Php::Array(_) | Php::Object(_))
        {
            record.set(column, database(value));
        }
    }
}

fn read_children(value: &Php<'_>, table: &'static Table, record: &mut Record) {
    for (name, rows) in value.entries() {
        let name = name.plain();
        let Some((place, child)) = std::str::from_utf8(&name).ok().and_then(|name| table.child(name)) else {
            continue;
        };
        // No archive of ours has rows of users, and another's is not to bring them in.
        if child.users_own {
            continue;
        }
        let Some(records) = record.children.get_mut(place) else { continue };
        for (number, (_, row)) in rows.entries().iter().enumerate() {
            if number >= records.len() {
                records.push(Record::new(child));
            }
            if let Some(record) = records.get_mut(number) {
                read_row(row, record);
                if let Some(below) = row.get(CHILDREN) {
                    read_children(below, child, record);
                }
            }
        }
    }
}

/// A property row by column names.
fn property_row(row: &Row) -> Php<'static> {
    Php::Array(row.iter().map(|(column, value)| (Key::from(column.to_owned()), php(value))).collect())
}

/// A property row from an archive: the named columns; those by position say the same again.
pub fn read_property(row: &Php<'_>) -> Row {
    let named = row.entries().iter().filter_map(|(column, value)| match column {
        Key::String(column) => Some((std::str::from_utf8(column).ok()?.into(), database(value))),
        Key::Int(_) => None,
    });
    let (columns, values): (Vec<_>, Vec<_>) = named.unzip();
    Row::new(columns.into(), values)
}

fn list(values: impl Iterator<Item = Php<'static>>) -> Php<'static> {
    Php::Array((0..).zip(values).map(|(number, value)| (Key::Int(number), value)).collect())
}

/// A column's value as PHP 7.4 fetches it: NULL, or a string.
pub fn php(value: &Value) -> Php<'static> {
    value.to_text().map_or(Php::Null, |text| Php::String(Cow::Owned(text)))
}

/// A scalar of an archive for the database; what is no scalar is NULL.
pub fn database(value: &Php<'_>) -> Value {
    match value {
        Php::Int(number) => Value::Int(*number),
        Php::Float(number) => Value::Float(*number),
        Php::Bool(truth) => Value::Int((*truth).into()),
        other => other.as_bytes().map_or(Value::Null, |text| Value::from(text.into_owned())),
    }
}
