//! What a fresh Chamilo 1.11.32 has: the columns of each table, their kinds, and what an empty value is.
//!
//! A living portal may have more columns (switched on by its administrator) or fewer (an older 1.11.x). The tables
//! here say which columns an archive may name without stopping another portal's import, and what a column that nobody
//! gave a value gets.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::SCHEMA;
use super::database::Value;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Date,
    Text,
}

/// A column of a fresh installation.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    nullable: bool,
    kind: Kind,
}

impl Column {
    /// The value of a row that says nothing: NULL where that is allowed, else 0, an empty text or the zero date's
    /// stand-in 1970 (a date of zeros is refused by strict databases).
    pub fn empty(&self) -> Value {
        match (self.nullable, self.kind) {
            (true, _) => Value::Null,
            (false, Kind::Number) => Value::Int(0),
            (false, Kind::Date) => Value::Text(b"1970-01-01 00:00:00".to_vec()),
            (false, Kind::Text) => Value::Text(Vec::new()),
        }
    }

    /// Whether the column may be NULL.
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// Whether the column holds a number, so that an empty text is no value for it.
    pub fn is_number(&self) -> bool {
        self.kind == Kind::Number
    }
}

/// The columns of `table` in the order of a fresh installation; none for a table that it does not have.
pub fn columns(table: &str) -> &'static [Column] {
    static TABLES: OnceLock<HashMap<&'static str, Vec<Column>>> = OnceLock::new();
    TABLES.get_or_init(parse).get(table).map(Vec::as_slice).unwrap_or_default()
}

/// Reads our own schema text, one column a line.
fn parse() -> HashMap<&'static str, Vec<Column>> {
    let mut tables: HashMap<&'static str, Vec<Column>> = HashMap::new();
    let mut table = "";
    for line in SCHEMA.lines() {
        let mut quoted = line.split('`');
        match (quoted.next(), quoted.next(), quoted.next()) {
            (Some("CREATE TABLE "), Some(name), _) => table = name,
            (Some("    "), Some(name), Some(definition)) => {
                let definition = definition.trim_start();
                let kind = match definition.split([' ', '(']).next().unwrap_or_default() {
                    "INT" | "BIGINT" | "SMALLINT" | "TINYINT" | "DOUBLE" | "NUMERIC" => Kind::Number,
                    "DATE" | "DATETIME" => Kind::Date,
                    _ => Kind::Text,
                };
                let nullable = !definition.contains("NOT NULL");
                tables.entry(table).or_default().push(Column { name, nullable, kind });
            }
            _ => {}
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_table_are_those_of_its_definition() {
        let names: Vec<&str> = columns("c_document").iter().map(|column| column.name).collect();
        let wanted = ["iid", "id", "c_id", "path", "comment", "title", "filetype", "size", "readonly", "session_id"];
        assert_eq!(names, wanted);
        assert!(columns("no_such_table").is_empty());
    }

    #[test]
    fn an_empty_value_is_one_that_the_column_takes() {
        let empty = |table, name: &str| columns(table).iter().find(|column| column.name == name).unwrap().empty();
        assert_eq!(empty("c_document", "comment"), Value::Null);
        assert_eq!(empty("c_document", "path"), Value::Text(Vec::new()));
        assert_eq!(empty("c_document", "size"), Value::Int(0));
        assert_eq!(empty("c_quiz_question", "ponderation"), Value::Int(0));
        assert_eq!(empty("c_survey", "creation_date"), Value::from("1970-01-01 00:00:00"));
    }
}
