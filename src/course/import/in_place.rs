//! Rows that take the place of others: those that are there keep their keys, so that what users did with them stays.
//!
//! Rows are paired with those they replace by what they say: equal ones first, then those with the same texts, then those
//! that have most in common. What has no partner is inserted or deleted.

use std::collections::HashSet;

use crate::portal::database::{Row, Value};
use crate::portal::schema;

use super::super::item::{Item, Record};
use super::super::tool::{Role, Table};
use super::super::{empty, extra_field, property_rows};
use super::{Import, ImportError, Open, Sides, Told, fitting, is_name};

/// A row that is there and the one that takes its place, by their numbers in their lists; one may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// Both are there.
    Both(usize, usize),
    /// A row of the course that has to go.
    Gone(usize),
    /// A new row.
    New(usize),
}

/// What became of a row that takes the place of another, the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It says what it said.
    #[default]
    Nothing,
    /// It says only more than was known: who did it, or what a reference leads to that led to nothing. That is no edit.
    Known,
    /// It says something else.
    Content,
}

/// Which of `new` takes the place of which of `there`, rows of one table.
pub fn pairs(table: &'static Table, there: &[&Record], new: &[&Record]) -> Vec<Pair> {
    let mut partner: Vec<Option<usize>> = vec![None; new.len()];
    let mut free: Vec<usize> = (0..there.len()).collect();
    for texts in [false, true] {
        for (number, row) in new.iter().enumerate() {
            let Some(slot) = partner.get_mut(number).filter(|slot| slot.is_none()) else { continue };
            let found = free.iter().position(|old| there.get(*old).is_some_and(|old| alike(table, old, row, texts)));
            *slot = found.map(|found| free.remove(found));
        }
    }
    // Those that are left: the ones that have most in common first, then in their order.
    let left: Vec<usize> = (0..new.len()).filter(|number| partner.get(*number) == Some(&None)).collect();
    let mut scored = Vec::new();
    for number in &left {
        for old in &free {
            if let (Some(row), Some(there)) = (new.get(*number), there.get(*old)) {
                let common = if left.len() * free.len() <= MOST_SCORED { in_common(table, there, row) } else { 0 };
                scored.push((usize::MAX - common, *number, *old));
            }
        }
    }
    scored.sort_unstable();
    for (_, number, old) in scored {
        if let Some(slot) = partner.get_mut(number).filter(|slot| slot.is_none())
            && let Some(at) = free.iter().position(|free| *free == old)
        {
            *slot = Some(free.remove(at));
        }
    }
    let paired =
        partner.iter().enumerate().map(|(number, old)| old.map_or(Pair::New(number), |old| Pair::Both(old, number)));
    paired.chain(free.into_iter().map(Pair::Gone)).collect()
}

/// The most pairs of rows that are compared column by column.
const MOST_SCORED: usize = 100_000;

/// How many columns of two rows say the same.
fn in_common(table: &'static Table, one: &Record, other: &Record) -> usize {
    let told =
        schema::columns(table.name).iter().filter(|column| matches!(table.role(column.name), Role::Data | Role::Html));
    told.filter(|column| {
        let text = |record: &Record| fitting(Some(column), record.get(column.name)).to_text();
        text(one) == text(other)
    })
    .count()
}

/// Whether two rows say the same besides keys, references and order; only their texts if `texts`.
fn alike(table: &'static Table, one: &Record, other: &Record, texts: bool) -> bool {
    let mut found = false;
    let columns = schema::columns(table.name).iter().all(|column| {
        if !matches!(table.role(column.name), Role::Data | Role::Html) || (texts && column.is_number()) {
            return true;
        }
        let text = |record: &Record| fitting(Some(column), record.get(column.name)).to_text();
        let text = (text(one), text(other));
        found |= text.0.as_ref().is_some_and(|text| !text.is_empty());
        text.0 == text.1
    });
    // Rows that have no texts at all are told apart by their order.
    columns && (found || !texts)
}

impl Import<'_> {
    /// Lets references to `new` and the rows below it lead to `there` and the rows below that.
    pub fn pair(&mut self, table: &'static Table, there: &Record, new: &Record) {
        if let (Some(old), Some(key)) = (new.key(table), there.key(table)) {
            self.refer(table.name, old, key);
        }
        for ((child, there), new) in table.children.iter().zip(&there.children).zip(&new.children) {
            let (there, new): (Vec<&Record>, Vec<&Record>) = (there.iter().collect(), new.iter().collect());
            for pair in pairs(child, &there, &new) {
                if let Pair::Both(old, number) = pair
                    && let (Some(there), Some(new)) = (there.get(old), new.get(number))
                {
                    self.pair(child, there, new);
                }
            }
        }
    }

    /// Whether the items say the same as those of the course that they stand beside, references included. Items that
    /// others refer to come first.
    pub fn equal(&mut self, items: &[(&Item, &Item)]) -> Result<bool, ImportError> {
        for (new, there) in items {
            let kind = new.kind;
            let mut targets = Vec::new();
            kind.table.targets(&mut targets);
            self.know_targets(&targets)?;
            if self.canonical_of(new, true) != self.canonical_of(there, false) {
                return Ok(false);
            }
            self.same(&kind.table, &new.record, &there.record);
        }
        Ok(true)
    }

    fn canonical_of(&self, item: &Item, new: bool) -> Vec<u8> {
        let keys = new.then_some(&self.keys);
        Sides { kind: item.kind, keys, there: &self.there, told: &Told::All }.canonical(&item.record)
    }

    /// Adds an item whether or not an equal one is there, without files; returns its key.
    pub fn add(&mut self, item: &Item) -> Result<i64, ImportError> {
        let key = self.insert(&item.kind.table, &item.record, None)?;
        self.insert_property(item, key)?;
        if let Some(of) = item.kind.table.extra_fields {
            for field in &item.fields {
                extra_field::insert(self.session, of, key, field, &self.stamp)?;
            }
        }
        Ok(key)
    }

    /// Adds a row of `child` below `record`, a row of `table` in the course; returns its key, `None` if `record` has none.
    pub fn add_below(
        &mut self,
        child: &'static Table,
        row: &Record,
        table: &Table,
        record: &Record,
    ) -> Result<Option<i64>, ImportError> {
        let Some(key) = record.key(table) else { return Ok(None) };
        let new = self.insert(child, row, Some((table, record, key)))?;
        self.insert_beside(child, row, new)?;
        Ok(Some(new))
    }

    /// Makes `there`, a row of the course, say what `new` says; the rows below it too. `only` names the columns and
    /// tables that count, all if there are none. Returns what changed.
    ///
    /// A file that a row names stays if `new` names none, and so do rows with files that have no partner: files come
    /// and go by themselves. A folder keeps its name.
    pub fn overwrite(
        &mut self,
        table: &'static Table,
        there: &Record,
        new: &Record,
        parent: Option<(&Table, &Record)>,
        only: Option<&HashSet<&str>>,
    ) -> Result<Change, ImportError> {
        let Some(primary) = there.int(table.primary) else { return Ok(Change::Nothing) };
        let counts = |name: &str| only.is_none_or(|only| only.contains(name));
        let mut set: Vec<(String, Value)> = Vec::new();
        let mut changed = Change::Nothing;
        for column in self.columns_of(table)? {
            let known = schema::columns(table.name).iter().find(|known| known.name == column);
            let role = table.role(&column);
            let fixed = matches!(role, Role::Key | Role::Session | Role::Private) && !is_name(known, new.find(&column));
            let stays = table.files.is_some_and(|files| files.column == column && new.bytes(&column).is_empty())
                || table.directory.is_some_and(|directory| directory.column == column);
            if fixed || stays || !counts(&column) {
                continue;
            }
            if matches!(role, Role::User) && self.is_unknown_user(new.get(&column)) {
                continue;
            }
            let Some((value, target)) = self.value(table, &column, new, parent)? else { continue };
            if let Some(target) = target {
                self.open.push(Open { table, row: primary, column: column.clone(), target });
            }
            if value.to_text() != there.get(&column).to_text() {
                let led_nowhere = || super::reference(there.get(&column)).is_none();
                let known = match table.role_in(&column, new, parent) {
                    Role::User => true,
                    Role::Reference(_) | Role::Late(_) => led_nowhere(),
                    _ => false,
                };
                changed = changed.max(if known { Change::Known } else { Change::Content });
                set.push((column, value));
            }
        }
        if !set.is_empty() {
            let columns: Vec<String> = set.iter().map(|(column, _)| format!("`{column}` = ?")).collect();
            let sql = format!("UPDATE `{}` SET {} WHERE `{}` = ?", table.name, columns.join(", "), table.primary);
            let values: Vec<Value> = set.into_iter().map(|(_, value)| value).chain([primary.into()]).collect();
            self.session.execute(&sql, &values)?;
        }
        let Some(key) = there.key(table) else { return Ok(changed) };
        for ((child, old), rows) in table.children.iter().zip(&there.children).zip(&new.children) {
            if child.users_own || !counts(child.name) {
                continue;
            }
            let (old, rows): (Vec<&Record>, Vec<&Record>) = (old.iter().collect(), rows.iter().collect());
            for pair in pairs(child, &old, &rows) {
                match pair {
                    Pair::Both(there, number) => {
                        if let (Some(there), Some(row)) = (old.get(there), rows.get(number)) {
                            let below = self.overwrite(child, there, row, Some((table, new)), None)?;
                            changed = changed.max(below).max(self.overwrite_beside(child, there, row)?);
                        }
                    }
                    Pair::New(number) => {
                        if let Some(row) = rows.get(number) {
                            let key = self.insert(child, row, Some((table, new, key)))?;
                            self.insert_beside(child, row, key)?;
                            changed = Change::Content;
                        }
                    }
                    Pair::Gone(number) => {
                        if let Some(row) = old.get(number).filter(|_| child.files.is_none()) {
                            empty::delete_row(self.session, child, self.course, row)?;
                            changed = Change::Content;
                        }
                    }
                }
            }
        }
        Ok(changed)
    }

    /// Makes the property row and the extra fields of `there`, a row below an item, say what is told of `new`. Who made
    /// it and when is no content.
    fn overwrite_beside(&self, table: &'static Table, there: &Record, new: &Record) -> Result<Change, ImportError> {
        let (Some(told), Some(key)) = (new.beside.as_deref(), there.key(table)) else { return Ok(Change::Nothing) };
        let beside = there.beside.as_deref();
        let mut changed = Change::Nothing;
        let rows = beside.into_iter().flat_map(|beside| &beside.properties);
        let row = rows.max_by_key(|row| super::super::document::rank(row));
        if let (Some(row), Some(told)) = (row, told.properties.first()) {
            let set = property_rows::told_otherwise(row, told, &self.origin.users);
            if !set.is_empty() {
                changed = Change::Known;
                property_rows::set(self.session, self.course.id, row, set)?;
            }
        }
        let fields = beside.map_or(&[] as &[Row], |beside| &beside.fields);
        if let Some(of) = table.extra_fields
            && extra_field::replace(self.session, of, key, (fields, &told.fields), &self.stamp)?
        {
            changed = Change::Content;
        }
        Ok(changed)
    }

    /// Whether a user is named that this portal does not know.
    fn is_unknown_user(&self, given: &Value) -> bool {
        super::reference(given).is_some_and(|user| !self.origin.users.contains_key(&user))
    }
}
