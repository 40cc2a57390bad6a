//! Property rows in files: who made what and when, and who sees it.
//!
//! Rows below an item (a plan of a progress section, an attachment of an event) have property rows of their own, which
//! mostly say what the item's says. Only what they say otherwise is told, and what is not told is as it is there.

use std::sync::Arc;

use serde_json::Value as Js;

use crate::course::import::added;
use crate::course::item::{Beside, Record};
use crate::course::tool::Table;
use crate::portal::database::{Row, Value};

use super::error::FormError;
use super::json::{Json, Members, value_of};
use super::users::Users;

/// The member of an item, or of a row below one, with its property row.
pub const PROPERTIES: &str = "properties";

/// Whether students see it.
const VISIBLE: &str = "visible";

/// Columns and what they are called.
pub const NAMES: &[(&str, &str)] = &[
    ("insert_date", "created"),
    ("lastedit_date", "changed"),
    ("insert_user_id", "author"),
    ("lastedit_user_id", "editor"),
    ("lastedit_type", "last_change"),
    ("start_visible", "shown_from"),
    ("end_visible", "shown_until"),
    ("to_user_id", "for"),
    ("to_group_id", "for_group"),
];

/// Columns that a row below an item has in common with the item's if nothing else is told.
const SHARED: [&str; 5] = ["visibility", "insert_date", "lastedit_date", "insert_user_id", "lastedit_user_id"];

pub use crate::course::property_rows::USERS;

/// What a property row tells.
pub fn members(row: &Row, users: &Users) -> Members {
    let mut members = Vec::new();
    if row.int("visibility") != Some(1) {
        members.push((VISIBLE.into(), visible(row)));
    }
    members.extend(NAMES.iter().filter_map(|(column, name)| Some(((*name).into(), member(row, column, users)?))));
    members
}

/// What the property row of a row below an item tells: nothing that the item's row `of` or the word `tool` tells.
pub fn members_below(row: &Row, of: Option<&Row>, tool: &str, users: &Users) -> Members {
    let is_shared = |column: &str| {
        SHARED.contains(&column) && of.is_some_and(|of| of.get(column).to_text() == row.get(column).to_text())
    };
    let is_usual = |column: &str| column == "lastedit_type" && row.bytes(column) == added(tool);
    let is_told = |column: &str| !is_shared(column) && !is_usual(column);
    let mut members = Vec::new();
    if is_told("visibility") {
        members.push((VISIBLE.into(), visible(row)));
    }
    let names = NAMES.iter().filter(|(column, _)| is_told(column));
    members.extend(names.filter_map(|(column, name)| Some(((*name).into(), member(row, column, users)?))));
    members
}

fn visible(row: &Row) -> Json {
    match row.int("visibility") {
        Some(0) => Json::Bool(false),
        Some(1) => Json::Bool(true),
        other => other.map_or(Json::Null, Json::Int),
    }
}

/// A member for `column`; `None` for what is empty, and for users whom nobody knows.
fn member(row: &Row, column: &str, users: &Users) -> Option<Json> {
    match column {
        // Groups are in no file: what is for one is for nobody elsewhere.
        "to_group_id" => row.int(column).filter(|group| *group != 0).map(|_| Json::Bool(true)),
        // Whom nobody knows is somebody all the same.
        "to_user_id" => {
            row.int(column).filter(|user| *user != 0).map(|user| Json::from(users.name(user).unwrap_or_default()))
        }
        _ if USERS.contains(&column) => row.int(column).and_then(|user| users.name(user)).map(Json::from),
        _ => Some(row.get(column)).filter(|value| **value != Value::Null).map(|value| Json::of(None, value)),
    }
}

/// The property rows that a member tells: one, unless it says that there is none; what is not told of an item is that
/// it is visible. `user` gives users their keys. `at` is the member's place, for errors.
pub fn read(told: Option<&Js>, at: &str, user: &mut dyn FnMut(&str) -> i64) -> Result<Vec<Row>, FormError> {
    let mut rows = columns(told, at, user)?;
    for row in &mut rows {
        complete(row, "visibility", Value::Int(1));
    }
    Ok(rows)
}

/// What the member of a row below an item tells goes beside that row; what it does not tell comes with
/// [`complete_below`].
pub fn read_below(
    record: &mut Record,
    told: &Js,
    at: &str,
    user: &mut dyn FnMut(&str) -> i64,
) -> Result<(), FormError> {
    let rows = columns(Some(told), at, user)?;
    *record.beside_mut() = Beside { properties: rows, properties_told: true, ..Beside::default() };
    Ok(())
}

/// Completes what rows below `record` tell of who made them by the property row `of` of their item.
pub fn complete_below(table: &'static Table, record: &mut Record, of: &Row) {
    for (child, rows) in table.children.iter().zip(&mut record.children) {
        for row in rows {
            complete_below(child, row, of);
            let Some(tool) = child.property_tool else { continue };
            let beside = row.beside_mut();
            if beside.properties_told && beside.properties.is_empty() {
                continue;
            }
            let mut own = beside.properties.pop().unwrap_or_else(|| Row::new(Arc::new([]), Vec::new()));
            for column in SHARED {
                complete(&mut own, column, of.get(column).clone());
            }
            complete(&mut own, "lastedit_type", Value::from(added(tool)));
            beside.properties = vec![own];
            beside.properties_told = true;
        }
    }
}

/// Gives a row a column that it does not have.
fn complete(row: &mut Row, column: &str, value: Value) {
    if value == Value::Null || row.iter().any(|(known, _)| known == column) {
        return;
    }
    let (mut columns, mut values): (Vec<Arc<str>>, Vec<Value>) = row.clone().into_pairs().into_iter().unzip();
    columns.push(column.into());
    values.push(value);
    *row = Row::new(columns.into(), values);
}

fn columns(told: Option<&Js>, at: &str, user: &mut dyn FnMut(&str) -> i64) -> Result<Vec<Row>, FormError> {
    let told = match told {
        None => return Ok(vec![Row::new(Arc::new([]), Vec::new())]),
        Some(Js::Null) => return Ok(Vec::new()),
        Some(Js::Object(told)) => told,
        Some(_) => return Err(FormError::field(at, "an object or null is wanted here")),
    };
    let mut columns: Vec<Arc<str>> = Vec::new();
    let mut values = Vec::new();
    for (name, value) in told {
        let wanted = |what: &str| FormError::field(format!("{at}.{name}"), format!("{what} is wanted here"));
        if name == VISIBLE {
            columns.push("visibility".into());
            values.push(value_of(value).ok_or_else(|| wanted("true or false"))?);
            continue;
        }
        let Some((column, _)) = NAMES.iter().find(|(_, known)| known == name) else {
            let names: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
            let problem = format!("nothing is called so here; there are {VISIBLE}, {}", names.join(", "));
            return Err(FormError::field(format!("{at}.{name}"), problem));
        };
        columns.push((*column).into());
        values.push(match (*column, value) {
            ("to_group_id", Js::Bool(group)) => {
                if *group {
                    Value::Int(1)
                } else {
                    Value::Null
                }
            }
            ("to_group_id", _) => return Err(wanted("true or false")),
            (column, Js::String(name)) if USERS.contains(&column) => Value::Int(user(name)),
            _ => value_of(value).ok_or_else(|| wanted("a text"))?,
        });
    }
    Ok(vec![Row::new(columns.into(), values)])
}
