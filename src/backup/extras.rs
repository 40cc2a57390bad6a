//! What Chamilo's form of an item does not tell, kept beside it.
//!
//! Chamilo's archives leave out columns, second attachments, property rows and more. Ours carry them in a property
//! `coursefs` of each object, which Chamilo's importer does not look at and our reader does: a map with `row` (columns
//! of the main row), `children` (for each child table a list of rows) and `properties` (property rows). Only what the
//! other properties don't say and what is not empty anyway is in it, so an item that Chamilo's form tells wholly has
//! none.

use std::borrow::Cow;
use std::sync::Arc;

use crate::course::extra_field;
use crate::course::item::{Item, Record};
use crate::course::shortcut;
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

/// Key of an item's row in `c_tool`.
const SHORTCUT_ROW: &str = "shortcut";

/// Key of the property rows of a row of a child table.
const PROPERTIES: &str = "+properties";

/// Key of its extra fields.
const FIELDS: &str = "+fields";

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
    if let Some(row) = item.record.beside.as_ref().and_then(|beside| beside.shortcut.as_ref()) {
        parts.push((Key::from(SHORTCUT_ROW), shortcut(item, row)));
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
    if let Some(row) = value.get(SHORTCUT_ROW) {
        item.record.beside_mut().shortcut = Some(read_property(row));
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

/// The columns in which the shortcut of an item differs from a new one; none mostly.
fn shortcut(item: &Item, row: &Row) -> Php<'static> {
    let entries = shortcut::COLUMNS.into_iter().filter_map(|(column, default)| {
        let new = match (column, default) {
            (_, Some(default)) => default.into(),
            ("name", None) => item.record.get("name").clone(),
            (_, None) => item.kind.table.shortcut.map_or(Value::Null, |shortcut| shortcut.image.into()),
        };
        let value = row.get(column);
        (!same(value, &new)).then(|| (Key::from(column), php(value)))
    });
    Php::Array(entries.collect())
}

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
                let beside = record.beside.as_deref();
                if child.property_tool.is_some() {
                    // That there is none is told too.
                    let rows = beside.into_iter().flat_map(|beside| &beside.properties).map(child_property_row);
                    row.push((Key::from(PROPERTIES), list(rows)));
                }
                if let Some(beside) = beside.filter(|beside| !beside.fields.is_empty()) {
                    row.push((Key::from(FIELDS), fields(&beside.fields)));
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
                if let Some(rows) = row.get(PROPERTIES) {
                    let rows = rows.entries().iter().map(|(_, row)| read_property(row));
                    let beside = record.beside_mut();
                    beside.properties.extend(rows);
                    beside.properties_told = true;
                }
                if let Some(found) = row.get(FIELDS) {
                    record.beside_mut().fields.extend(read_fields(found));
                }
            }
        }
    }
}

/// A property row by column names.
fn property_row(row: &Row) -> Php<'static> {
    Php::Array(row.iter().map(|(column, value)| (Key::from(column.to_owned()), php(value))).collect())
}

/// The property row of a row that belongs to an item, without what follows from its place.
fn child_property_row(row: &Row) -> Php<'static> {
    let told = row.iter().filter(|(column, _)| !matches!(*column, "iid" | "id" | "c_id" | "tool" | "ref"));
    Php::Array(told.map(|(column, value)| (Key::from(column.to_owned()), php(value))).collect())
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

/// The values of extra fields, as Chamilo writes those of learning paths; its importer looks at no others. The tags of a
/// field stand in one list.
pub fn fields(rows: &[Row]) -> Php<'static> {
    const KEYS: [&str; 4] = ["variable", "field_type", "id", "display_text"];
    let of_tags = |row: &Row| row.int("field_type") == Some(extra_field::TAGS);
    let mut tagged: Vec<&[u8]> = Vec::new();
    let mut values = Vec::new();
    for row in rows {
        let field =
            |keys: &[&'static str]| keys.iter().map(|key| (Key::from(*key), php(row.get(key)))).collect::<Vec<_>>();
        let mut entries = vec![(Key::from("value"), php(row.get("value")))];
        if of_tags(row) {
            let variable = row.as_text("variable");
            if tagged.contains(&variable) {
                continue;
            }
            tagged.push(variable);
            let tags = rows.iter().filter(|other| of_tags(other) && other.as_text("variable") == variable);
            let tags = tags.map(|tag| Php::Array(vec![(Key::from("value"), php(tag.get("value")))]));
            entries = vec![(Key::from("value"), list(tags))];
            entries.extend(field(&KEYS[..3]));
        } else {
            entries.extend(field(&KEYS));
            if *row.get("comment") != Value::Null {
                entries.extend(field(&["comment"]));
            }
        }
        values.push(Php::Array(entries));
    }
    list(values.into_iter())
}

/// The values of extra fields in an archive: one row for each, and for each tag.
pub fn read_fields(fields: &Php<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (_, field) in fields.entries() {
        let row = read_property(field);
        match field.get("value") {
            Some(Php::Array(tags)) => {
                for (_, tag) in tags {
                    let value = tag.get("value").unwrap_or(tag);
                    let columns = row.iter().filter(|(name, _)| *name != "value");
                    let columns = columns.map(|(name, value)| (Arc::from(name), value.clone()));
                    let (names, values): (Vec<Arc<str>>, Vec<Value>) =
                        columns.chain([(Arc::from("value"), database(value))]).unzip();
                    rows.push(Row::new(names.into(), values));
                }
            }
            _ => rows.push(row),
        }
    }
    rows
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
