//! Items as JSON: all columns that hold something, the rows below them, and whether students see them.
//!
//! What belongs to people stays out: users, and what only the platform may know. Bytes that are no UTF-8 stand as
//! `{"base64": "…"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use crate::course::item::{Item, Record};
use crate::course::tool::{Kind, Role, Table};
use crate::portal::database::{Row, Value};

/// The one member of bytes that are no text.
const BYTES: &str = "base64";

/// Columns of a property row that are told.
const PROPERTIES: [&str; 6] =
    ["visibility", "insert_date", "lastedit_date", "lastedit_type", "start_visible", "end_visible"];

/// Columns of an extra field's value that are told.
const FIELD: [&str; 2] = ["variable", "value"];

/// Bytes as JSON.
pub fn bytes(bytes: &[u8]) -> Json {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({BYTES: STANDARD.encode(bytes)}),
    }
}

/// The bytes in such JSON.
pub fn read_bytes(json: &Json) -> Option<Vec<u8>> {
    match json {
        Json::String(text) => Some(text.clone().into_bytes()),
        Json::Object(_) => STANDARD.decode(json.get(BYTES)?.as_str()?).ok(),
        _ => None,
    }
}

/// A column's value as JSON; `None` for NULL.
fn value(value: &Value) -> Option<Json> {
    match value {
        Value::Null => None,
        Value::Int(number) => Some(json!(number)),
        Value::Float(number) => Some(json!(number)),
        Value::Text(text) => Some(bytes(text)),
    }
}

fn read_value(json: &Json) -> Option<Value> {
    match json {
        Json::Number(number) => match number.as_i64() {
            Some(number) => Some(Value::Int(number)),
            None => number.as_f64().map(Value::Float),
        },
        json => read_bytes(json).map(Value::from),
    }
}

/// The columns of a row that hold something and may be told.
pub fn columns(table: &Table, record: &Record) -> Json {
    let told = |column: &str| {
        // A name may be the key of a row (a tool introduction); numbers are needed for references.
        !matches!(table.role(column), Role::User | Role::Private | Role::Session)
            && !matches!(column, "c_id" | "course_code")
    };
    let columns = record.iter().filter(|(column, _)| told(column));
    Json::Object(columns.filter_map(|(column, held)| Some((column.to_owned(), value(held)?))).collect())
}

fn row(table: &'static Table, record: &Record) -> Map<String, Json> {
    let mut children = Map::new();
    for (child, records) in table.children.iter().zip(&record.children) {
        if !child.users_own && !records.is_empty() {
            let rows = records.iter().map(|record| Json::Object(row(child, record)));
            children.insert(child.name.to_owned(), rows.collect());
        }
    }
    let mut whole = Map::new();
    whole.insert("row".into(), columns(table, record));
    if !children.is_empty() {
        whole.insert("children".into(), Json::Object(children));
    }
    whole
}

fn some(row: &Row, names: &[&str]) -> Json {
    let told = names.iter().filter_map(|name| Some(((*name).to_owned(), value(row.get(name))?)));
    Json::Object(told.collect())
}

/// An item as JSON.
pub fn item(item: &Item) -> Json {
    let mut whole = row(&item.kind.table, &item.record);
    if let Some(property) = item.newest_property() {
        whole.insert("property".into(), some(property, &PROPERTIES));
    }
    if !item.fields.is_empty() {
        whole.insert("fields".into(), item.fields.iter().map(|field| some(field, &FIELD)).collect());
    }
    Json::Object(whole)
}

fn read_record(table: &'static Table, json: &Json) -> Record {
    let mut record = Record::new(table);
    for (column, held) in json.get("row").and_then(Json::as_object).into_iter().flatten() {
        if let Some(value) = read_value(held) {
            record.set(column, value);
        }
    }
    for (name, rows) in json.get("children").and_then(Json::as_object).into_iter().flatten() {
        // No description of ours has rows of users, and another's is not to bring them in.
        let Some((place, child)) = table.child(name).filter(|(_, child)| !child.users_own) else { continue };
        if let Some(records) = record.children.get_mut(place) {
            records.extend(rows.as_array().into_iter().flatten().map(|row| read_record(child, row)));
        }
    }
    record
}

fn read_row(json: &Json, names: &[&str]) -> Row {
    let told = names.iter().filter_map(|name| Some(((*name).into(), read_value(json.get(name)?)?)));
    let (columns, values): (Vec<_>, Vec<_>) = told.unzip();
    Row::new(columns.into(), values)
}

/// The item of `kind` that JSON tells.
pub fn read_item(kind: &'static Kind, json: &Json) -> Item {
    let fields = json.get("fields").and_then(Json::as_array).into_iter().flatten();
    Item {
        kind,
        record: read_record(&kind.table, json),
        properties: json.get("property").map(|row| read_row(row, &PROPERTIES)).into_iter().collect(),
        fields: fields.map(|field| read_row(field, &FIELD)).collect(),
    }
}
