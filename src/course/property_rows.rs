//! Item properties: the row beside each item that says who made it, who last changed it, and who sees it.
//!
//! Chamilo shows hardly any item without such a row (table `c_item_property`). "No group, no user, no session" is NULL
//! there and never 0, because the columns are foreign keys.

use std::collections::HashMap;

use super::Stamp;
use crate::portal::database::{DatabaseError, Row, Session, Value};

/// Who sees an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Teachers only.
    Invisible = 0,
    /// Everybody in the course.
    Visible = 1,
    /// Nobody: the item is in the recycle bin.
    Deleted = 2,
}

/// An item property to be written. It has the base course as its audience.
#[derive(Clone, Copy, Debug)]
pub struct NewProperty<'a> {
    /// Chamilo's name of the tool, e.g. `document`, `forum_post`, `work`.
    pub tool: &'a str,
    /// The item's key (its `id`, or whatever the tool's items are known by).
    pub item: i64,
    /// What happened last, e.g. `DocumentVisible`, `LinkAdded`.
    pub edit: &'a str,
    /// Who sees it.
    pub visibility: Visibility,
    /// From when to when it is shown, `DATETIME`s; only agenda events have them.
    pub shown: Option<(&'a str, &'a str)>,
}

/// Inserts the property of one item and returns its key.
pub fn insert(
    session: &dyn Session,
    course: i64,
    property: &NewProperty<'_>,
    stamp: &Stamp,
) -> Result<i64, DatabaseError> {
    let now = stamp.datetime();
    let iid = session.insert(
        "c_item_property",
        &[
            ("c_id", course.into()),
            ("to_group_id", Value::Null),
            ("to_user_id", Value::Null),
            ("insert_user_id", stamp.user.into()),
            ("session_id", Value::Null),
            ("id", Value::Null),
            ("tool", property.tool.into()),
            ("insert_date", now.as_str().into()),
            ("lastedit_date", now.as_str().into()),
            ("ref", property.item.into()),
            ("lastedit_type", property.edit.into()),
            ("lastedit_user_id", stamp.user.into()),
            ("visibility", (property.visibility as i64).into()),
            ("start_visible", property.shown.map(|(start, _)| start).into()),
            ("end_visible", property.shown.map(|(_, end)| end).into()),
        ],
    )?;
    set_second_key(session, "c_item_property", "id", iid)?;
    Ok(iid)
}

/// Gives a new row of a course table its second key, which old parts of Chamilo refer to: the value of `iid`.
pub fn set_second_key(session: &dyn Session, table: &str, column: &str, iid: i64) -> Result<(), DatabaseError> {
    let sql = format!("UPDATE `{table}` SET `{column}` = ? WHERE `iid` = ?");
    session.execute(&sql, &[iid.into(), iid.into()]).map(drop)
}

/// The columns of the property row `there` that `told` tells otherwise, with their new values: users by `users`, who are
/// passed over if it does not know them. For which group an item is can't be told.
pub fn told_otherwise<'t>(there: &Row, told: &'t Row, users: &HashMap<i64, i64>) -> Vec<(&'t str, Value)> {
    let mut set = Vec::new();
    for (column, value) in told.iter() {
        let value = match column {
            "to_group_id" => continue,
            _ if USERS.contains(&column) => match value.as_int().and_then(|user| users.get(&user)) {
                Some(user) => Value::Int(*user),
                None => continue,
            },
            _ => value.clone(),
        };
        if value.to_text() != there.get(column).to_text() {
            set.push((column, value));
        }
    }
    set
}

/// Columns that hold users.
pub const USERS: [&str; 3] = ["insert_user_id", "lastedit_user_id", "to_user_id"];

/// Sets columns of the property row `there` of a course.
pub fn set(session: &dyn Session, course: i64, there: &Row, columns: Vec<(&str, Value)>) -> Result<(), DatabaseError> {
    if columns.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = columns.iter().map(|(column, _)| format!("`{column}` = ?")).collect();
    let sql = format!("UPDATE c_item_property SET {} WHERE c_id = ? AND iid = ?", names.join(", "));
    let of = [course.into(), there.get("iid").clone()];
    let values = columns.into_iter().map(|(_, value)| value).chain(of);
    session.execute(&sql, &values.collect::<Vec<Value>>()).map(drop)
}
