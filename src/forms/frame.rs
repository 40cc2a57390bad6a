//! What need not be told of a row because the file's place and the rows around it tell it.

use crate::course::tool::{Role, Table};
use crate::portal::database::Value;
use crate::portal::schema;

use super::form::{Belongs, FileForm, Given, Home};

/// The rows around those of a file: the item itself and the folder that it lies in.
pub struct Frame {
    /// The form of the file.
    pub form: &'static FileForm,
    /// The key of the item.
    pub main: i64,
    /// The key that all versions of the item have in common.
    pub page: i64,
    /// The item whose folder the file lies in: its table and key.
    pub home: Option<(&'static str, i64)>,
}

/// Whose row it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The item's own.
    Main,
    /// That of an item in a part: the part's number.
    Part(usize),
    /// A row below one of these.
    Below,
}

impl Frame {
    /// What `column` of the row with the number `place` in its list holds if the file does not tell it; `None` if that is
    /// another thing every time.
    pub fn supplied(&self, table: &Table, column: &str, rank: Rank, place: usize) -> Option<Value> {
        if let Some(value) = self.fixed(column, rank) {
            return Some(value);
        }
        let form = self.form;
        if let Rank::Part(number) = rank
            && form.parts.get(number).is_some_and(|part| matches!(part.belongs, Belongs::Below(of) if of == column))
        {
            return Some(Value::Int(self.main));
        }
        let main = form.kind().map_or("", |kind| kind.table.name);
        if let (Role::Reference(target), true) = (table.role(column), rank != Rank::Main) {
            if target == main {
                return Some(Value::Int(self.main));
            }
            if let Some((_, home)) = self.home.filter(|(home, _)| *home == target) {
                return Some(Value::Int(home));
            }
        }
        match form.table(table.name).default(column) {
            Some(Given::Int(number)) => Some(Value::Int(number)),
            Some(Given::Text(text)) => Some(Value::from(text)),
            Some(Given::Place) => Some(Value::Int(place as i64 + 1)),
            Some(Given::Now | Given::Today | Given::User | Given::Language) => None,
            None => {
                let known = schema::columns(table.name).iter().find(|known| known.name == column);
                Some(known.map_or(Value::Null, schema::Column::empty))
            }
        }
    }

    /// What `column` holds in any case, whatever a file says.
    pub fn fixed(&self, column: &str, rank: Rank) -> Option<Value> {
        match (rank, self.form.home) {
            (Rank::Main, Home::Below(of, _) | Home::Inside(of, _)) if of == column => {
                return self.home.map(|(_, key)| Value::Int(key));
            }
            _ => {}
        }
        let part = match rank {
            Rank::Part(number) => self.form.parts.get(number),
            Rank::Main => self.form.parts.iter().find(|part| matches!(part.belongs, Belongs::Version(_))),
            Rank::Below => None,
        };
        match part?.belongs {
            Belongs::By(of) if of == column => Some(Value::Int(self.main)),
            Belongs::Version(of) if of == column => Some(Value::Int(self.page)),
            _ => None,
        }
    }
}
