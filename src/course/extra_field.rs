//! Extra fields of items: values of fields that the portal's administrator has added to a kind of thing.
//!
//! A value knows its item by number alone, and its kind by the field (`extra_field.extra_field_type`). On another portal
//! the same field is the one of the same name (`variable`); values of fields that it does not have are left out. A field
//! for tags has its values in tables of their own: each tag is a value here.

use std::collections::HashMap;

use crate::portal::database::{DatabaseError, Row, Session, Value};

use super::Stamp;

/// Documents (Chamilo 1.11, ExtraField).
pub const DOCUMENT: i64 = 23;

/// `extra_field.field_type` of a field for tags (Chamilo 1.11, ExtraField).
pub const TAGS: i64 = 10;

/// Items asked for at once.
const ITEMS: usize = 500;

/// Where values lie: the columns besides those of the field, and the tables, `f` being the field and `v` what knows the
/// item.
const VALUES: [(&str, &str); 2] = [
    ("v.*", "extra_field_values v JOIN extra_field f ON f.id = v.field_id"),
    (
        "t.tag AS `value`, v.item_id",
        "extra_field_rel_tag v JOIN extra_field f ON f.id = v.field_id JOIN tag t ON t.id = v.tag_id",
    ),
];

/// The values of the items with the given keys, with `value` and `comment`, and `variable`, `field_type`, `id` and
/// `display_text` of their fields, by item.
pub fn load(session: &dyn Session, kind: i64, items: &[i64]) -> Result<HashMap<i64, Vec<Row>>, DatabaseError> {
    let mut found: HashMap<i64, Vec<Row>> = HashMap::new();
    let fields = session.int("SELECT COUNT(*) FROM extra_field WHERE extra_field_type = ?", &[kind.into()])?;
    if fields.unwrap_or(0) == 0 {
        return Ok(found);
    }
    for items in items.chunks(ITEMS) {
        for (columns, tables) in VALUES {
            // The field's `id` stands before that of the value.
            let sql = format!(
                "SELECT f.variable, f.field_type, f.id, f.display_text, {columns} FROM {tables} \
                 WHERE f.extra_field_type = ? AND v.item_id IN ({}) ORDER BY v.id",
                vec!["?"; items.len()].join(", ")
            );
            let params: Vec<Value> = std::iter::once(kind).chain(items.iter().copied()).map(Value::Int).collect();
            session.query(&sql, &params, &mut |row| {
                found.entry(row.int("item_id").unwrap_or(0)).or_default().push(row);
                Ok(())
            })?;
        }
    }
    Ok(found)
}

/// Gives the item `item` the value in `row`, if the portal has the field.
pub fn insert(session: &dyn Session, kind: i64, item: i64, row: &Row, stamp: &Stamp) -> Result<(), DatabaseError> {
    let sql = "SELECT id, field_type FROM extra_field WHERE extra_field_type = ? AND variable = ? ORDER BY id";
    let Some(field) = session.row(sql, &[kind.into(), row.get("variable").clone()])? else { return Ok(()) };
    let Some(id) = field.int("id") else { return Ok(()) };
    // The same name may mean another sort of field here, whose values a tag would not be.
    match (field.int("field_type") == Some(TAGS), row.int("field_type") == Some(TAGS)) {
        (true, true) => insert_tag(session, id, item, row.get("value")),
        (false, false) => {
            session.insert(
                "extra_field_values",
                &[
                    ("field_id", id.into()),
                    ("value", row.get("value").clone()),
                    ("item_id", item.into()),
                    ("created_at", stamp.datetime().into()),
                    ("updated_at", stamp.datetime().into()),
                    ("comment", row.get("comment").clone()),
                ],
            )?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Gives the item `item` the tag `name` of a field; the field gets it if it does not have it yet.
fn insert_tag(session: &dyn Session, field: i64, item: i64, name: &Value) -> Result<(), DatabaseError> {
    let known = session.rows("SELECT id, tag FROM tag WHERE field_id = ? ORDER BY id", &[field.into()])?;
    let tag = match known.iter().find(|row| row.as_text("tag") == name.as_text()).and_then(|row| row.int("id")) {
        Some(tag) => tag,
        None => session.insert("tag", &[("tag", name.clone()), ("field_id", field.into()), ("count", 0.into())])?,
    };
    session.execute("UPDATE tag SET `count` = `count` + 1 WHERE id = ?", &[tag.into()])?;
    let values = [("field_id", field.into()), ("tag_id", tag.into()), ("item_id", item.into())];
    session.insert("extra_field_rel_tag", &values)?;
    Ok(())
}

/// Makes the values `there` of the item `item` the values `told`. Returns whether they were others.
pub fn replace(
    session: &dyn Session,
    kind: i64,
    item: i64,
    (there, told): (&[Row], &[Row]),
    stamp: &Stamp,
) -> Result<bool, DatabaseError> {
    let values = |rows: &[Row]| -> Vec<[Vec<u8>; 2]> {
        rows.iter().map(|row| ["variable", "value"].map(|column| row.bytes(column))).collect()
    };
    if values(there) == values(told) {
        return Ok(false);
    }
    delete(session, kind, item)?;
    for field in told {
        insert(session, kind, item, field, stamp)?;
    }
    Ok(true)
}

/// Deletes the values of one item.
pub fn delete(session: &dyn Session, kind: i64, item: i64) -> Result<(), DatabaseError> {
    let of_kind = "FROM extra_field WHERE extra_field_type = ?";
    let sql = format!("SELECT tag_id FROM extra_field_rel_tag WHERE item_id = ? AND field_id IN (SELECT id {of_kind})");
    for row in session.rows(&sql, &[item.into(), kind.into()])? {
        let sql = "UPDATE tag SET `count` = `count` - 1 WHERE id = ? AND `count` > 0";
        session.execute(sql, &[row.get("tag_id").clone()])?;
    }
    for table in ["extra_field_values", "extra_field_rel_tag"] {
        let sql = format!("DELETE FROM {table} WHERE item_id = ? AND field_id IN (SELECT id {of_kind})");
        session.execute(&sql, &[item.into(), kind.into()])?;
    }
    Ok(())
}
