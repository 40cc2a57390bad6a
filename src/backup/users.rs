//! Which users of an archive are users of this portal.
//!
//! Archives name users by their numbers, and a number may belong to somebody else on another portal. Ours also hold a
//! mark for each, made of number and user name, from which neither can be read: where the same number has the same
//! mark it is the same person, everywhere else the acting user stands in.

use std::collections::{BTreeSet, HashMap};

use xxhash_rust::xxh3::xxh3_64;

use crate::course::item::{Items, Record};
use crate::course::tool::{Role, Table};
use crate::php::{Key, Value as Php};
use crate::portal::database::{Columns, DatabaseError, Row, Session, Value};

/// Columns of `c_item_property` with users.
const PROPERTY_USERS: [&str; 3] = ["insert_user_id", "lastedit_user_id", "to_user_id"];

/// The users that items and property rows name.
pub fn named<'a>(items: &'a Items, documents: impl Iterator<Item = &'a Row>) -> BTreeSet<i64> {
    let mut named = Named { users: BTreeSet::new(), columns: Columns::new(PROPERTY_USERS), last: [None; 3] };
    let items_properties = items.iter().flat_map(|(_, items)| items).flat_map(|item| &item.properties);
    documents.chain(items_properties).for_each(|row| named.of_property(row));
    for (kind, items) in items.iter() {
        for item in items {
            named.of_record(&kind.table, &item.record);
        }
    }
    named.users
}

/// The users that were found so far.
struct Named {
    users: BTreeSet<i64>,
    columns: Columns<3>,
    /// Those of the last property row.
    last: [Option<i64>; 3],
}

impl Named {
    fn of_record(&mut self, table: &Table, record: &Record) {
        for (column, role) in table.roles {
            if matches!(role, Role::User) {
                self.users.extend(record.int(column));
            }
        }
        for (child, records) in table.children.iter().zip(&record.children) {
            for record in records {
                let properties = record.beside.iter().flat_map(|beside| &beside.properties);
                properties.for_each(|row| self.of_property(row));
                self.of_record(child, record);
            }
        }
    }

    fn of_property(&mut self, row: &Row) {
        let named = self.columns.of(row).map(Value::as_int);
        // Mostly they are those of the row before.
        if named != self.last {
            self.users.extend(named.into_iter().flatten());
            self.last = named;
        }
    }
}

/// The marks of the given users.
pub fn marks(session: &dyn Session, users: &BTreeSet<i64>) -> Result<Vec<(i64, String)>, DatabaseError> {
    let mut marks = Vec::new();
    for user in users {
        if let Some(row) = session.row("SELECT username FROM user WHERE id = ?", &[(*user).into()])? {
            marks.push((*user, mark(*user, &row.bytes("username"))));
        }
    }
    Ok(marks)
}

/// The marks as a value for the archive.
pub fn write(marks: &[(i64, String)]) -> Php<'static> {
    Php::Array(marks.iter().map(|(user, mark)| (Key::Int(*user), Php::from(mark.clone()))).collect())
}

/// The users of the archive (by the marks in it) that are users of this portal.
pub fn known(session: &dyn Session, marks: Option<&Php<'_>>) -> Result<HashMap<i64, i64>, DatabaseError> {
    let mut known = HashMap::new();
    for (user, archived) in marks.into_iter().flat_map(Php::entries) {
        let Key::Int(user) = user else { continue };
        if let Some(row) = session.row("SELECT username FROM user WHERE id = ?", &[(*user).into()])?
            && archived.as_bytes().as_deref() == Some(mark(*user, &row.bytes("username")).as_bytes())
        {
            known.insert(*user, *user);
        }
    }
    Ok(known)
}

fn mark(user: i64, name: &[u8]) -> String {
    format!("{:016x}", xxh3_64(&[user.to_string().as_bytes(), b":", name].concat()))
}
