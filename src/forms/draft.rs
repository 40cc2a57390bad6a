//! What was read from a file: an item that is to be, or to take the place of what is there.

use std::collections::HashSet;

use crate::course::item::{Item, Record};
use crate::portal::database::{Row, Value};

use super::form::FileForm;
use super::tree::Place;

/// Keys that rows have until they are written are below this.
pub(super) const FIRST_KEY: i64 = -1_000_000;

/// Keys of events that follow from the rule of another are so much below its own.
const FIRST_REPEATED: i64 = 1_000_000;

/// Items read from a file. Their own keys stand for nothing yet (they are negative); references to what the course has
/// hold its keys.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The form of the file.
    pub form: &'static FileForm,
    /// The folder that the item is to lie in.
    pub folder: Place,
    /// The items, that of the file first.
    pub items: Vec<Item>,
    /// References to what is not there yet.
    pub waiting: Vec<Waiting>,
    /// From which of the items on they follow from the rule of an event, if that rule is new.
    pub(super) series: Option<usize>,
    /// Columns as the file had them before somebody changed them in it.
    pub(super) before: Vec<(&'static str, Vec<u8>)>,
    /// The columns and tables that the file tells, if it was not made here: over an item that is there, the rest stays.
    pub(super) partial: Option<Vec<&'static str>>,
    /// Rows of the course that the items refer to: table and key.
    pub(super) known: HashSet<(&'static str, i64)>,
    /// Users that the items name; one has the key that is its place, counted from 1.
    pub(super) users: Vec<String>,
}

/// A reference that leads to nothing yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Where it leads, below the course's folder, with the fragment after `#` if it has one.
    pub path: Vec<u8>,
    /// The table that it leads into.
    pub table: &'static str,
    /// The key that stands for it in the draft.
    pub key: i64,
}

impl Draft {
    /// The item of the file.
    pub fn main(&self) -> Option<&Item> {
        self.items.first()
    }

    /// The title, as bytes of the column.
    pub fn title(&self) -> Vec<u8> {
        self.main().map(|item| item.record.bytes(self.form.title)).unwrap_or_default()
    }

    /// Adds an event for each of the times, start and end, at which the event of the draft takes place once more.
    pub(super) fn repeat(&mut self, times: Vec<(String, String)>) {
        self.series = Some(self.items.len());
        let Some(first) = self.items.first().cloned() else { return };
        let Some(parent) = first.record.key(&first.kind.table) else { return };
        for ((start, end), number) in times.into_iter().zip(1..) {
            let mut item = first.clone();
            item.record.children.iter_mut().for_each(Vec::clear);
            item.record.set("parent_event_id", Value::Int(parent));
            let key = Value::Int(parent - FIRST_REPEATED - number);
            item.record.set(first.kind.table.key, key.clone());
            item.record.set(first.kind.table.primary, key);
            let shown = |column: &str| match column {
                "start_visible" => Some(Value::from(start.clone())),
                "end_visible" => Some(Value::from(end.clone())),
                _ => None,
            };
            for row in &mut item.properties {
                let (columns, values): (Vec<_>, Vec<_>) = row
                    .clone()
                    .into_pairs()
                    .into_iter()
                    .map(|(column, value)| (column.clone(), shown(&column).unwrap_or(value)))
                    .unzip();
                *row = Row::new(columns.into(), values);
            }
            item.record.set("start_date", start.into());
            item.record.set("end_date", end.into());
            self.items.push(item);
        }
    }

    /// Gives the item the title that the file name `stem` tells, unless that is the name which its own title has.
    pub fn retitle(&mut self, stem: &str) {
        let title = self.title();
        if super::names::stem(&title) != stem
            && let Some(item) = self.items.first_mut()
        {
            item.record.set(self.form.title, stem.into());
        }
    }
}

/// The rows of a file on their way into a draft, for forms that complete what is not told.
pub struct Parsed {
    /// The item's row.
    pub main: Record,
    /// The rows of each part.
    pub parts: Vec<Vec<Record>>,
    /// The file's name without its extension.
    pub stem: String,
    /// Names of the members that the file's JSON has.
    pub told: HashSet<String>,
    /// Whether coursefs made the file, so that what it does not tell is not there.
    pub ours: bool,
    /// The time of the act, `DATETIME` in UTC.
    pub now: String,
    pub(super) next_key: i64,
}

impl Parsed {
    /// Sets a column of the item's row, unless the file tells it under `name`.
    pub fn set(&mut self, name: &str, column: &str, value: impl Into<Value>) {
        if !self.told.contains(name) {
            self.main.set(column, value.into());
        }
    }

    /// A key for a new row.
    pub fn key(&mut self) -> i64 {
        self.next_key -= 1;
        self.next_key
    }
}
