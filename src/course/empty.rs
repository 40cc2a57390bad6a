//! Removing items: the row, all rows that belong to it (also those of users, such as results), and its property rows.

use crate::portal::database::{DatabaseError, Session, Value};

use super::Course;
use super::extra_field;
use super::item::Record;
use super::shortcut;
use super::tool::{Kind, Owner, Table};

/// Child tables whose rows have property rows where Chamilo has made them, and the word in `c_item_property.tool`.
const OF_CHILDREN: [(&str, &str); 2] =
    [("c_forum_attachment", "forum_attachment"), ("c_calendar_event_attachment", "calendar_event_attachment")];

/// The word in `c_item_property.tool` for rows of `table`.
fn property_tool(table: &Table) -> Option<&'static str> {
    let of_child = || OF_CHILDREN.iter().find(|(name, _)| *name == table.name).map(|(_, tool)| *tool);
    table.property_tool.or_else(of_child)
}

/// Deletes one item of `course` in the transaction of `session`. Files that its rows name stay; the caller knows them.
pub fn delete(
    session: &dyn Session,
    kind: &'static Kind,
    course: &Course,
    record: &Record,
) -> Result<(), DatabaseError> {
    let table = &kind.table;
    let Some(key) = record.key(table) else { return Ok(()) };
    delete_own(session, table, course, (record, key))?;
    if let Some(shortcut) = table.shortcut {
        shortcut::delete(session, &shortcut, course.id, key)?;
    }
    delete_properties(session, course, kind.property_tool, key)
}

/// Deletes one row of a table whose rows belong to others, with all that belongs to it.
pub fn delete_row(
    session: &dyn Session,
    table: &'static Table,
    course: &Course,
    record: &Record,
) -> Result<(), DatabaseError> {
    let Some(key) = record.key(table) else { return Ok(()) };
    delete_own(session, table, course, (record, key))?;
    delete_properties(session, course, property_tool(table), key)
}

/// Deletes a row with the key that it has, the rows that belong to it and its extra fields.
fn delete_own(
    session: &dyn Session,
    table: &'static Table,
    course: &Course,
    (record, key): (&Record, i64),
) -> Result<(), DatabaseError> {
    delete_children(session, table, course, key)?;
    // Items of other courses that this one uses are not its own to delete.
    let (owned, value) = owner(table, course);
    let sql = format!("DELETE FROM `{}` WHERE {owned}`{}` = ?", table.name, table.primary);
    let params: Vec<Value> = value.into_iter().chain([record.get(table.primary).clone()]).collect();
    session.execute(&sql, &params)?;
    if let Some(kind) = table.extra_fields {
        extra_field::delete(session, kind, key)?;
    }
    Ok(())
}

fn delete_properties(
    session: &dyn Session,
    course: &Course,
    tool: Option<&str>,
    key: i64,
) -> Result<(), DatabaseError> {
    let Some(tool) = tool else { return Ok(()) };
    let sql = "DELETE FROM c_item_property WHERE +c_id = ? AND tool = ? AND ref = ?";
    session.execute(sql, &[course.id.into(), tool.into(), key.into()])?;
    Ok(())
}

/// The condition by which rows of `table` are the course's, to be put before others, and its value.
fn owner(table: &Table, course: &Course) -> (&'static str, Option<Value>) {
    match table.owner {
        Owner::Number => ("`c_id` = ? AND ", Some(Value::Int(course.id))),
        Owner::Code => ("`course_code` = ? AND ", Some(Value::from(course.code.clone()))),
        Owner::Parent => ("", None),
    }
}

fn delete_children(
    session: &dyn Session,
    table: &'static Table,
    course: &Course,
    parent: i64,
) -> Result<(), DatabaseError> {
    for child in table.children {
        let (owned, value) = owner(child, course);
        let found = format!("FROM `{}` WHERE {owned}`{}` = ?", child.name, child.parent);
        let params: Vec<Value> = value.into_iter().chain([parent.into()]).collect();
        if !child.children.is_empty() || property_tool(child).is_some() || child.extra_fields.is_some() {
            let sql = format!("SELECT `{}`, `{}` {found}", child.primary, child.key);
            for row in session.rows(&sql, &params)? {
                let key = row.int(child.key).filter(|key| *key != 0).or_else(|| row.int(child.primary));
                let key = key.unwrap_or(0);
                delete_children(session, child, course, key)?;
                delete_properties(session, course, property_tool(child), key)?;
                if let Some(kind) = child.extra_fields {
                    extra_field::delete(session, kind, key)?;
                }
            }
        }
        session.execute(&format!("DELETE {found}"), &params)?;
    }
    Ok(())
}
