//! Extra fields of items: values of fields that the portal's administrator has added to a kind of thing.
//!
//! A value knows its item by number alone, and its kind by the field (`extra_field.extra_field_type`). On another portal
//! the same field is the one of the same name (`variable`); values of fields that it does not have are left out.

use std::collections::HashMap;

use crate::portal::database::{DatabaseError, Row, Session, Value};

use super::Stamp;

/// Items asked for at once.
const ITEMS: usize = 500;

/// The values of the items with the given keys, with `value`, `variable`, `field_type`, `id` and `display_text` of their
/// fields, by item.
pub fn load(session: &dyn Session, kind: i64, items: &[i64]) -> Result<HashMap<i64, Vec<Row>>, DatabaseError> {
    let mut found: HashMap<i64, Vec<Row>> = HashMap::new();
    let fields = session.int("SELECT COUNT(*) FROM extra_field WHERE extra_field_type = ?", &[kind.into()])?;
    if fields.unwrap_or(0) == 0 {
        return Ok(found);
    }
    for items in items.chunks(ITEMS) {
        let sql = format!(
            "SELECT v.value, f.variable, f.field_type, f.id, f.display_text, v.item_id \
             FROM extra_field_values v JOIN extra_field f ON f.id = v.field_id \
             WHERE f.extra_field_type = ? AND v.item_id IN ({}) ORDER BY v.id",
            vec!["?"; items.len()].join(", ")
        );
        let params: Vec<Value> = std::iter::once(kind).chain(items.iter().copied()).map(Value::Int).collect();
        session.query(&sql, &params, &mut |row| {
            found.entry(row.int("item_id").unwrap_or(0)).or_default().push(row);
            Ok(())
        })?;
    }
    Ok(found)
}

/// Gives the item `item` the value in `row`, if the portal has the field.
pub fn insert(session: &dyn Session, kind: i64, item: i64, row: &Row, stamp: &Stamp) -> Result<(), DatabaseError> {
    let sql = "SELECT id FROM extra_field WHERE extra_field_type = ? AND variable = ? ORDER BY id";
    if let Some(field) = session.int(sql, &[kind.into(), row.get("variable").clone()])? {
        session.insert(
            "extra_field_values",
            &[
                ("field_id", field.into()),
                ("value", row.get("value").clone()),
                ("item_id", item.into()),
                ("created_at", stamp.datetime().into()),
                ("updated_at", stamp.datetime().into()),
            ],
        )?;
    }
    Ok(())
}

/// Deletes the values of one item.
pub fn delete(session: &dyn Session, kind: i64, item: i64) -> Result<(), DatabaseError> {
    let sql = "DELETE FROM extra_field_values WHERE item_id = ? \
               AND field_id IN (SELECT id FROM extra_field WHERE extra_field_type = ?)";
    session.execute(sql, &[item.into(), kind.into()])?;
    Ok(())
}
