//! Loads a data dump of MySQL (INSERT statements with column names) into a portal.

use std::collections::BTreeSet;
use std::path::Path;

use coursefs::portal::Portal;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::support::portals;

/// Loads `dump` into `portal`. Tables of the dump hold its rows only: what the portal was seeded with goes.
pub fn load(portal: &Portal, dump: &str) {
    match portals::database_of(portal.root()) {
        None => load_embedded(&portal.root().join("portal.sqlite"), dump.as_bytes()),
        // As an administrator would.
        Some(_) => {
            let mut reader = Reader { rest: dump.as_bytes() };
            let tables: BTreeSet<String> = std::iter::from_fn(|| reader.row()).map(|row| row.table).collect();
            let mut statements = vec!["SET sql_mode = ''".to_owned()];
            statements.extend(tables.iter().map(|table| format!("DELETE FROM `{table}`")));
            statements.push(dump.to_owned());
            statements.push("SET sql_mode = DEFAULT".to_owned());
            portals::without_keys(portal, &statements.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

fn load_embedded(path: &Path, dump: &[u8]) {
    let mut connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    let transaction = connection.transaction().unwrap();
    let mut cleared = BTreeSet::new();
    let mut reader = Reader { rest: dump };
    while let Some(row) = reader.row() {
        if cleared.insert(row.table.clone()) {
            transaction.execute(&format!("DELETE FROM `{}`", row.table), []).unwrap();
        }
        let columns: Vec<String> = row.columns.iter().map(|column| format!("`{column}`")).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO `{}` ({}) VALUES ({marks})", row.table, columns.join(", "));
        transaction.prepare_cached(&sql).unwrap().execute(rusqlite::params_from_iter(row.values)).unwrap();
    }
    transaction.commit().unwrap();
}

struct Insert {
    table: String,
    columns: Vec<String>,
    values: Vec<Value>,
}

/// Reads statements of the form INSERT INTO `table` (`column`, ...) VALUES (value, ...); one row each.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn row(&mut self) -> Option<Insert> {
        self.blanks();
        if self.rest.is_empty() {
            return None;
        }
        self.expect("INSERT INTO");
        let table = self.name();
        self.expect("(");
        let mut columns = vec![self.name()];
        while self.takes(",") {
            columns.push(self.name());
        }
        self.expect(")");
        self.expect("VALUES");
        self.expect("(");
        let mut values = vec![self.value()];
        while self.takes(",") {
            values.push(self.value());
        }
        self.expect(")");
        self.expect(";");
        assert_eq!(columns.len(), values.len(), "{table}");
        Some(Insert { table, columns, values })
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn takes(&mut self, word: &str) -> bool {
        self.blanks();
        match self.rest.strip_prefix(word.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, word: &str) {
        assert!(
            self.takes(word),
            "{word} expected at {:?}",
            String::from_utf8_lossy(&self.rest[..self.rest.len().min(60)])
        );
    }

    fn name(&mut self) -> String {
        self.expect("`");
        let end = self.rest.iter().position(|byte| *byte == b'`').unwrap();
        let name = String::from_utf8(self.rest[..end].to_vec()).unwrap();
        self.rest = &self.rest[end + 1..];
        name
    }

    fn value(&mut self) -> Value {
        if self.takes("NULL") {
            return Value::Null;
        }
        if self.takes("'") {
            return Value::Text(String::from_utf8(self.string()).unwrap());
        }
        let end = self.rest.iter().position(|byte| matches!(byte, b',' | b')')).unwrap();
        let number = std::str::from_utf8(&self.rest[..end]).unwrap().trim();
        self.rest = &self.rest[end..];
        number.parse().map_or_else(|_| Value::Real(number.parse().unwrap()), Value::Integer)
    }

    /// The rest of a string after its first quote, with the backslash escapes of MySQL.
    fn string(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        loop {
            let (byte, rest) = self.rest.split_first().unwrap();
            self.rest = rest;
            match byte {
                b'\'' if self.rest.first() == Some(&b'\'') => {
                    text.push(b'\'');
                    self.rest = &self.rest[1..];
                }
                b'\'' => return text,
                b'\\' => {
                    let (escaped, rest) = self.rest.split_first().unwrap();
                    self.rest = rest;
                    text.push(match escaped {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'0' => 0,
                        b'b' => 8,
                        b'Z' => 26,
                        other => *other,
                    });
                }
                other => text.push(*other),
            }
        }
    }
}

#[test]
fn strings_lose_their_escapes_and_nothing_else() {
    let dump = br#"INSERT INTO `t` (`a`, `b`, `c`) VALUES (1,'it\'s \"so\"; (a, b)\r\n\\ o''clock',NULL);"#;
    let row = Reader { rest: dump }.row().unwrap();
    let text = "it's \"so\"; (a, b)\r\n\\ o'clock".to_owned();
    assert_eq!(row.values, [Value::Integer(1), Value::Text(text), Value::Null]);
}
