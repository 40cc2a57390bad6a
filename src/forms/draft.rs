//! What was read from a file: an item that is to be, or to take the place of what is there.

use std::collections::HashSet;

use crate::course::item::{Item, Record};

use super::form::FileForm;
use super::tree::Place;

/// Keys that rows have until they are written are below this.
pub(super) const FIRST_KEY: i64 = -1_000_000;

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
    /// Names of the members that the file's JSON has.
    pub told: HashSet<String>,
    /// The time of the act, `DATETIME` in UTC.
    pub now: String,
    pub(super) next_key: i64,
}

impl Parsed {
    /// A key for a new row.
    pub fn key(&mut self) -> i64 {
        self.next_key -= 1;
        self.next_key
    }
}
