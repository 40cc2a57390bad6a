//! Removing items: the row, all rows that belong to it (also those of users, such as results), and its property rows.

use crate::portal::database::{DatabaseError, Session, Value};

use super::Course;
use super::item::Record;
use super::tool::{Kind, Owner, Table};

/// Deletes one item of `course` in the transaction of `session`. Files that its rows name stay; the caller knows them.
pub fn delete(
    session: &dyn Session,
    kind: &'static Kind,
    course: &Course,
    record: &Record,
) -> Result<(), DatabaseError> {
    let table = &kind.table;
    let Some(key) = record.key(table) else { return Ok(()) };
    delete_children(session, table, course, key)?;
    let sql = format!("DELETE FROM `{}` WHERE `{}` = ?", table.name, table.primary);
    session.execute(&sql, &[record.get(table.primary).clone()])?;
    if let Some(tool) = kind.property_tool {
        let sql = "DELETE FROM c_item_property WHERE c_id = ? AND tool = ? AND ref = ?";
        session.execute(sql, &[course.id.into(), tool.into(), key.into()])?;
    }
    Ok(())
}

fn delete_children(
    session: &dyn Session,
    table: &'static Table,
    course: &Course,
    parent: i64,
) -> Result<(), DatabaseError> {
    for child in table.children {
        let (owner, value) = match child.owner {
            Owner::Number => ("c_id", Value::Int(course.id)),
            Owner::Code => ("course_code", Value::Text(course.code.clone())),
        };
        let found = format!("FROM `{}` WHERE `{owner}` = ? AND `{}` = ?", child.name, child.parent);
        let params = [value, parent.into()];
        if !child.children.is_empty() {
            let sql = format!("SELECT `{}`, `{}` {found}", child.primary, child.key);
            for row in session.rows(&sql, &params)? {
                let key = row.int(child.key).filter(|key| *key != 0).or_else(|| row.int(child.primary));
                delete_children(session, child, course, key.unwrap_or(0))?;
            }
        }
        session.execute(&format!("DELETE {found}"), &params)?;
    }
    Ok(())
}
