//! Which row a document's node stands for: its own, unless a program has put another file in the row's place.
//!
//! A node is a file, from when the kernel first sees it until it is gone: its number must not change while a program
//! has it open. A row is what learning paths refer to: it belongs to a name, and stays when a program saves a document by
//! writing another file and renaming it over the old one. Hence the new file's number stands for the old row then,
//! and the old file's number for nothing. When the kernel has forgotten the new file, row and number are one again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nodes and rows that have not the same number. All others do.
#[derive(Default)]
pub struct Identities {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    rows: HashMap<u32, u32>,
    nodes: HashMap<u32, u32>,
}

impl Table {
    fn part(&mut self, node: u32, row: u32) {
        self.rows.remove(&node);
        self.nodes.remove(&row);
    }
}

impl Identities {
    /// The row that the node `node` stands for, `None` if its row belongs to another file by now.
    pub fn row(&self, node: u32) -> Option<i64> {
        let table = self.lock();
        match table.rows.get(&node) {
            Some(row) => Some((*row).into()),
            None => (!table.nodes.contains_key(&node)).then_some(node.into()),
        }
    }

    /// The node of the row `row`, `None` for a key that is no row key.
    pub fn node(&self, row: i64) -> Option<u32> {
        let row = u32::try_from(row).ok()?;
        Some(self.lock().nodes.get(&row).copied().unwrap_or(row))
    }

    /// The node `node` stands for the row `row` from now on; what stood for it stands for nothing.
    pub fn assign(&self, node: u32, row: i64) {
        let Ok(row) = u32::try_from(row) else { return };
        let mut table = self.lock();
        if let Some(old) = table.nodes.remove(&row) {
            table.rows.remove(&old);
        }
        if let Some(old) = table.rows.remove(&node) {
            table.nodes.remove(&old);
        }
        if node != row {
            table.rows.insert(node, row);
            table.nodes.insert(row, node);
        }
    }

    /// The row `row` is no more.
    pub fn removed(&self, row: i64) {
        let Ok(row) = u32::try_from(row) else { return };
        let mut table = self.lock();
        if let Some(node) = table.nodes.get(&row).copied() {
            table.part(node, row);
        }
    }

    /// The kernel has forgotten the node `node`: row and number are one again, unless the row's own number is in use
    /// for something else.
    pub fn forgotten(&self, node: u32, in_use: impl FnOnce(u32) -> bool) {
        let mut table = self.lock();
        if let Some(row) = table.rows.get(&node).copied()
            && !table.rows.contains_key(&row)
            && !in_use(row)
        {
            table.part(node, row);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_renamed_over_another_stands_for_its_row_until_it_is_forgotten() {
        let identities = Identities::default();
        assert_eq!((identities.row(7), identities.node(7)), (Some(7), Some(7)));
        // 9 is renamed over 7.
        identities.removed(9);
        identities.assign(9, 7);
        assert_eq!((identities.row(9), identities.node(7), identities.row(7)), (Some(7), Some(9), None));
        // So is 12, over that.
        identities.assign(12, 7);
        assert_eq!((identities.row(12), identities.node(7), identities.row(9)), (Some(7), Some(12), Some(9)));
        identities.forgotten(12, |row| row == 7);
        assert_eq!(identities.node(7), Some(12), "the old file is still open");
        identities.forgotten(12, |_| false);
        assert_eq!((identities.row(7), identities.node(7)), (Some(7), Some(7)));
    }

    #[test]
    fn two_files_may_change_rows() {
        let identities = Identities::default();
        // An editor renames 7 to a backup and writes it anew: the new row 20 is the backup's.
        identities.assign(7, 20);
        identities.assign(20, 7);
        assert_eq!((identities.row(7), identities.row(20)), (Some(20), Some(7)));
        assert_eq!((identities.node(7), identities.node(20)), (Some(20), Some(7)));
        identities.forgotten(20, |_| false);
        assert_eq!(identities.row(20), Some(7), "the number 7 is the backup's");
        // The backup is removed.
        identities.removed(20);
        assert_eq!((identities.row(7), identities.node(7)), (None, Some(20)));
        identities.forgotten(20, |_| false);
        assert_eq!((identities.row(7), identities.node(7)), (Some(7), Some(7)));
    }
}
