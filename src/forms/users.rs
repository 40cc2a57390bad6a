//! The users that items name, by the names that they log in with: a number may be somebody else's on another portal.

use std::collections::{BTreeSet, HashMap};

use crate::course::item::{Items, Record};
use crate::course::tool::{Role, Table};
use crate::portal::database::{DatabaseError, Row, Session, Value};

use super::properties::USERS;

/// Users asked for at once.
const AT_ONCE: usize = 500;

/// Names of users by their keys.
#[derive(Clone, Debug, Default)]
pub struct Users(HashMap<i64, String>);

impl Users {
    /// Reads the names of the users that `items` name.
    pub fn load(session: &dyn Session, items: &Items) -> Result<Users, DatabaseError> {
        let mut wanted = BTreeSet::new();
        for (kind, items) in items.iter() {
            for item in items {
                of_record(&kind.table, &item.record, &mut wanted);
                of_rows(&item.properties, &mut wanted);
            }
        }
        let wanted: Vec<i64> = wanted.into_iter().collect();
        let mut names = HashMap::new();
        for keys in wanted.chunks(AT_ONCE) {
            let sql = format!("SELECT id, username FROM user WHERE id IN ({})", vec!["?"; keys.len()].join(", "));
            let keys: Vec<Value> = keys.iter().copied().map(Value::Int).collect();
            session.query(&sql, &keys, &mut |row| {
                names.extend(row.int("id").map(|id| (id, row.text("username"))));
                Ok(())
            })?;
        }
        Ok(Users(names))
    }

    /// The name of a user, if the portal has it.
    pub fn name(&self, user: i64) -> Option<&str> {
        self.0.get(&user).map(String::as_str)
    }

    /// The key of the user called `name`, if the portal has one.
    pub fn find(session: &dyn Session, name: &str) -> Result<Option<i64>, DatabaseError> {
        let mut found = None;
        // The database may take other letters for the same.
        session.query("SELECT id, username FROM user WHERE username = ? ORDER BY id", &[name.into()], &mut |row| {
            if row.bytes("username") == name.as_bytes() && found.is_none() {
                found = row.int("id");
            }
            Ok(())
        })?;
        Ok(found)
    }
}

impl FromIterator<(i64, String)> for Users {
    fn from_iter<I: IntoIterator<Item = (i64, String)>>(users: I) -> Users {
        Users(users.into_iter().collect())
    }
}

fn of_record(table: &Table, record: &Record, users: &mut BTreeSet<i64>) {
    for (column, role) in table.roles {
        if matches!(role, Role::User) {
            users.extend(record.int(column).filter(|user| *user != 0));
        }
    }
    of_rows(record.beside.iter().flat_map(|beside| &beside.properties), users);
    for (child, records) in table.children.iter().zip(&record.children) {
        for record in records {
            of_record(child, record, users);
        }
    }
}

/// The users that property rows name.
fn of_rows<'r>(rows: impl IntoIterator<Item = &'r Row>, users: &mut BTreeSet<i64>) {
    for row in rows {
        users.extend(USERS.iter().filter_map(|column| row.int(column)));
    }
}
