//! JSON whose members keep their order, and values of columns as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::portal::database::Value;
use crate::portal::schema::Column;

/// The member that bytes stand under which are no UTF-8.
const BYTES: &str = "base64";

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Map(Members),
}

/// The members of an object, in order.
pub type Members = Vec<(String, Json)>;

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Int(value) => serializer.serialize_i64(*value),
            Json::Float(value) => serializer.serialize_f64(*value),
            Json::Text(value) => serializer.serialize_str(value),
            Json::List(values) => serializer.collect_seq(values),
            Json::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl Json {
    /// Bytes as text; what is no UTF-8 as an object that holds them.
    pub fn text(bytes: &[u8]) -> Json {
        match std::str::from_utf8(bytes) {
            Ok(text) => Json::Text(text.to_owned()),
            Err(_) => Json::Map(vec![(BYTES.into(), Json::Text(STANDARD.encode(bytes)))]),
        }
    }

    /// The value of a column. Columns that are not known hold what the value says.
    pub fn of(column: Option<&Column>, value: &Value) -> Json {
        let number = column.map(Column::is_number);
        match (value, number) {
            (Value::Null, _) => Json::Null,
            (Value::Int(number), Some(true) | None) => Json::Int(*number),
            (Value::Float(number), Some(true) | None) if is_read_exactly(*number) => Json::Float(*number),
            (Value::Text(text), Some(true)) => number_in(text).unwrap_or_else(|| Json::text(text)),
            (value, _) => Json::text(&value.to_text().unwrap_or_default()),
        }
    }

    /// The text of the value, over several lines.
    pub fn pretty(&self) -> String {
        // Maps with text for keys and finite numbers always have a text.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The text of the value in one line.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A number that is written as JSON would write it, so that it comes back as the same text.
fn number_in(text: &[u8]) -> Option<Json> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(number) = text.parse::<i64>() {
        return (number.to_string() == text).then_some(Json::Int(number));
    }
    let number = text.parse::<f64>().ok().filter(|number| is_read_exactly(*number))?;
    (number.to_string() == text).then_some(Json::Float(number))
}

/// Whether a number comes back from JSON to its last digit: quick readers round some that have very many.
fn is_read_exactly(number: f64) -> bool {
    serde_json::to_string(&number).ok().and_then(|text| serde_json::from_str::<f64>(&text).ok()) == Some(number)
}

/// The bytes that a JSON value stands for as text; `None` if it is no text.
pub fn bytes_of(value: &serde_json::Value) -> Option<Vec<u8>> {
    match value {
        serde_json::Value::String(text) => Some(text.clone().into_bytes()),
        serde_json::Value::Object(members) if members.len() == 1 => STANDARD.decode(members.get(BYTES)?.as_str()?).ok(),
        _ => None,
    }
}

/// The value for a column that a JSON value stands for; `None` if it stands for none.
pub fn value_of(value: &serde_json::Value) -> Option<Value> {
    Some(match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Int((*truth).into()),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64()?),
        },
        other => Value::from(bytes_of(other)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::schema;
    use proptest::prelude::*;

    fn column(table: &str, name: &str) -> &'static Column {
        schema::columns(table).iter().find(|column| column.name == name).unwrap()
    }

    fn back(column: Option<&Column>, value: &Value) -> Option<Vec<u8>> {
        let text = Json::of(column, value).pretty();
        value_of(&serde_json::from_str(&text).unwrap()).unwrap().to_text()
    }

    #[test]
    fn members_keep_their_order() {
        let json = Json::Map(vec![("title".into(), "A".into()), ("a".into(), Json::Int(1))]);
        assert_eq!(json.line(), r#"{"title":"A","a":1}"#);
    }

    proptest! {
        #[test]
        fn any_value_of_any_column_comes_back(bytes: Vec<u8>, text: String, int: i64, float: f64) {
            let columns = [
                Some(column("c_link", "title")), Some(column("c_link", "display_order")),
                Some(column("c_quiz_answer", "ponderation")), None,
            ];
            let values = [
                Value::Null, Value::Int(int), Value::Float(float), Value::from(bytes), Value::from(text),
                Value::from(int.to_string()), Value::from(float.to_string()), Value::from("1.50"), Value::from("007"),
            ];
            for column in columns {
                for value in &values {
                    prop_assert_eq!(back(column, value), value.to_text(), "{:?}", value);
                }
            }
        }
    }
}
