//! What a fresh Chamilo 1.11.32 has: the columns of each table, their kinds, and what an empty value is.
//!
//! A living portal may have more columns (switched on by its administrator) or fewer (an older 1.11.x). The tables
//! here say which columns an archive may name without stopping another portal's import, and what a column that nobody
//! gave a value gets.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::SCHEMA;
use super::database::Value;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// From the least to the greatest.
    Int(i64, i64),
    Float,
    Date,
    /// Of so many characters at most.
    Text(usize),
}

/// Integer types and what they hold. Keys of 32 bits without a sign are read as the others, which is what Chamilo's
/// other columns can refer to.
const INTEGERS: [(&str, i64, i64); 4] = [
    ("BIGINT", i64::MIN, i64::MAX),
    ("INT", -0x8000_0000, 0x7FFF_FFFF),
    ("SMALLINT", -0x8000, 0x7FFF),
    ("TINYINT", -0x80, 0x7F),
];

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
            (false, Kind::Int(..) | Kind::Float) => Value::Int(0),
            (false, Kind::Date) => Value::from(b"1970-01-01 00:00:00".to_vec()),
            (false, Kind::Text(_)) => Value::from(Vec::new()),
        }
    }

    /// Whether the column may be NULL.
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// Whether the column holds a number, so that an empty text is no value for it.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Int(..) | Kind::Float)
    }

    /// Whether the column holds a day or a time.
    pub fn is_date(&self) -> bool {
        self.kind == Kind::Date
    }

    /// The most characters that the column holds; `None` if it holds no text or any length.
    pub fn longest(&self) -> Option<usize> {
        match self.kind {
            Kind::Text(longest) => Some(longest).filter(|longest| *longest < usize::MAX),
            _ => None,
        }
    }

    /// What the column makes of `value` where it can't hold it as it is; `None` where it can. As in MariaDB without
    /// strictness, which Chamilo asks for: texts are cut to the column's length in characters, numbers to its range,
    /// text that is no number counts as the number that it begins with, and what is no date is an empty value.
    pub fn fit(&self, value: &Value) -> Option<Value> {
        match (self.kind, value) {
            (_, Value::Null) => None,
            (Kind::Int(least, greatest), Value::Int(number)) => {
                (!(least..=greatest).contains(number)).then(|| Value::Int(*number.clamp(&least, &greatest)))
            }
            (Kind::Int(least, greatest), Value::Float(number)) => {
                // A float that is no number counts as 0.
                Some(Value::Int((number.round() as i64).clamp(least, greatest)))
            }
            (Kind::Int(least, greatest), Value::Text(text)) => match plain_number::<i64>(text) {
                _ if text.is_empty() => None,
                Some(number) if (least..=greatest).contains(&number) => None,
                _ => Some(Value::Int((leading_number(text).round() as i64).clamp(least, greatest))),
            },
            (Kind::Float, Value::Int(_)) => None,
            (Kind::Float, Value::Float(number)) => (!number.is_finite()).then_some(Value::Int(0)),
            (Kind::Float, Value::Text(text)) => match plain_number::<f64>(text) {
                _ if text.is_empty() => None,
                Some(number) if number.is_finite() => None,
                _ => Some(Value::Float(leading_number(text))),
            },
            (Kind::Date, Value::Text(text)) if text.is_empty() || is_date(text) => None,
            (Kind::Date, _) => Some(self.empty()),
            (Kind::Text(longest), value) => {
                let text = value.to_text()?;
                let cut = text.iter().enumerate().filter(|(_, byte)| **byte & 0xC0 != 0x80).nth(longest);
                match (cut, value) {
                    (Some((end, _)), _) => Some(Value::from(text.get(..end)?.to_vec())),
                    // Databases have words of their own for some floats.
                    (None, Value::Float(_)) => Some(Value::from(text)),
                    (None, _) => None,
                }
            }
        }
    }
}

/// Text that is a number and nothing else.
fn plain_number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// The number that text begins with, 0 if there is none.
fn leading_number(text: &[u8]) -> f64 {
    let text = text.trim_ascii_start();
    let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    // No number that a column holds takes more.
    let mut end = text.iter().take(64).take_while(|byte| is_part(byte)).count();
    while end > 0 {
        if let Some(number) = text.get(..end).and_then(plain_number::<f64>) {
            return if number.is_finite() { number } else { 0.0 };
        }
        end -= 1;
    }
    0.0
}

/// Whether text has the form of a date, with or without a time. Zeros, which Chamilo's older rows have, are one.
fn is_date(text: &[u8]) -> bool {
    let form = b"0000-00-00 00:00:00";
    let alike = |(byte, wanted): (&u8, &u8)| if *wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    // Fractions of a second may follow.
    (text.len() == 10 || text.len() >= form.len()) && text.len() <= 26 && text.iter().zip(form).all(alike)
}

/// The columns of `table` in the order of a fresh installation; none for a table that it does not have.
pub fn columns(table: &str) -> &'static [Column] {
    all().get(table).map(Vec::as_slice).unwrap_or_default()
}

/// The names of all tables of a fresh installation, sorted.
pub fn tables() -> impl Iterator<Item = &'static str> {
    all().keys().copied()
}

fn all() -> &'static BTreeMap<&'static str, Vec<Column>> {
    static TABLES: OnceLock<BTreeMap<&'static str, Vec<Column>>> = OnceLock::new();
    TABLES.get_or_init(parse)
}

/// Reads our own schema text, one column a line.
fn parse() -> BTreeMap<&'static str, Vec<Column>> {
    let mut tables: BTreeMap<&'static str, Vec<Column>> = BTreeMap::new();
    let mut table = "";
    for line in SCHEMA.lines() {
        let mut quoted = line.split('`');
        match (quoted.next(), quoted.next(), quoted.next()) {
            (Some("CREATE TABLE "), Some(name), _) => table = name,
            (Some("    "), Some(name), Some(definition)) => {
                let definition = definition.trim_start();
                let mut words = definition.split([' ', '(', ')']);
                let word = words.next().unwrap_or_default();
                let kind = match (word, INTEGERS.iter().find(|(name, ..)| *name == word)) {
                    (_, Some((_, least, greatest))) => Kind::Int(*least, *greatest),
                    ("DOUBLE" | "NUMERIC", _) => Kind::Float,
                    ("DATE" | "DATETIME", _) => Kind::Date,
                    ("VARCHAR", _) => {
                        Kind::Text(words.next().and_then(|length| length.parse().ok()).unwrap_or(usize::MAX))
                    }
                    _ => Kind::Text(usize::MAX),
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
        assert_eq!(empty("c_document", "path"), Value::from(Vec::new()));
        assert_eq!(empty("c_document", "size"), Value::Int(0));
        assert_eq!(empty("c_quiz_question", "ponderation"), Value::Int(0));
        assert_eq!(empty("c_survey", "creation_date"), Value::from("1970-01-01 00:00:00"));
    }

    #[test]
    fn a_value_that_a_column_cant_hold_becomes_what_mariadb_makes_of_it() {
        let fit = |table, name: &str, value: Value| {
            columns(table).iter().find(|column| column.name == name).unwrap().fit(&value)
        };
        let title = |text: String| fit("c_link", "title", Value::from(text));
        assert_eq!(title("é".repeat(150)), None);
        assert_eq!(title("é".repeat(151)), Some(Value::from("é".repeat(150))));
        let whole = |value| fit("c_quiz", "max_attempt", value);
        assert_eq!(whole(Value::Int(2_147_483_647)), None);
        assert_eq!(whole(Value::Int(i64::MIN)), Some(Value::Int(-2_147_483_648)));
        assert_eq!(whole(Value::Float(f64::NAN)), Some(Value::Int(0)));
        assert_eq!(whole(Value::from("12")), None);
        assert_eq!(whole(Value::from("12 apples")), Some(Value::Int(12)));
        assert_eq!(whole(Value::from("99999999999")), Some(Value::Int(2_147_483_647)));
        assert_eq!(whole(Value::from("apples")), Some(Value::Int(0)));
        let float = |value| fit("c_quiz_answer", "ponderation", value);
        assert_eq!(float(Value::Float(f64::INFINITY)), Some(Value::Int(0)));
        assert_eq!(float(Value::from("-1.50")), None);
        let date = |text: &str| fit("c_survey", "creation_date", Value::from(text));
        assert_eq!(date("0000-00-00 00:00:00"), None);
        assert_eq!(date("2026-09-01"), None);
        assert_eq!(date("tomorrow"), Some(Value::from("1970-01-01 00:00:00")));
    }
}
