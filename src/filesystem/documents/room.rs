//! Room in a course's quota for what is being written.
//!
//! Chamilo counts the sizes in the table. A document that is open for writing counts with the length that its file has
//! already, so that several writers together never exceed the quota, not even before their rows are told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::filesystem::{FsError, PortalFs};

/// Lengths of the files that are being written, by course and node.
#[derive(Default)]
pub struct Room {
    lengths: Mutex<HashMap<u32, HashMap<u32, u64>>>,
}

/// The quota of a course and what is taken of it, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What the course may hold.
    pub limit: u64,
    /// What it holds, with what is being written.
    pub used: u64,
}

impl Taken {
    /// What may still be added.
    pub fn free(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

impl PortalFs {
    /// The quota of a course and what is taken of it now.
    pub(in crate::filesystem) fn taken(&self, course: u32) -> Result<Taken, FsError> {
        let lengths = self.documents.room.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        self.taken_with(course, lengths.get(&course))
    }

    fn taken_with(&self, course: u32, lengths: Option<&HashMap<u32, u64>>) -> Result<Taken, FsError> {
        let limit = self.rules(course)?.quota;
        let tree = self.tree(course)?;
        let tree = tree.read();
        let growth: i128 = lengths
            .into_iter()
            .flatten()
            .map(|(node, length)| {
                let row = self.documents.identities.row(*node).and_then(|row| tree.get(row));
                // A file that was removed takes nothing any more.
                row.and_then(|row| row.size).map_or(0, |size| i128::from(*length) - i128::from(size))
            })
            .sum();
        let used = i128::from(tree.used()) + growth;
        Ok(Taken { limit, used: u64::try_from(used.max(0)).unwrap_or(u64::MAX) })
    }

    /// Lets the file of `node` grow from `length` to as much of `wanted` bytes as there is room for; how much that is.
    /// [`FsError::Quota`] if there is room for nothing more.
    pub(super) fn take_room(&self, (course, node): (u32, u32), length: u64, wanted: u64) -> Result<u64, FsError> {
        let mut lengths = self.documents.room.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        lengths.entry(course).or_default().insert(node, length);
        let free = self.taken_with(course, lengths.get(&course))?.free();
        // Nobody has to ask for room for a file that has no name any more.
        let granted = match self.is_removed_document(course, node)? {
            true => wanted,
            false => wanted.min(length.saturating_add(free)),
        };
        if granted <= length && wanted > length {
            return Err(FsError::Quota);
        }
        lengths.entry(course).or_default().insert(node, granted);
        Ok(granted)
    }

    /// The file of `node` is `length` bytes long now; `None` if nobody writes to it any more.
    pub(super) fn set_room(&self, course: u32, node: u32, length: Option<u64>) {
        let mut lengths = self.documents.room.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        match length {
            Some(length) => drop(lengths.entry(course).or_default().insert(node, length)),
            None => {
                if let Some(nodes) = lengths.get_mut(&course) {
                    nodes.remove(&node);
                    if nodes.is_empty() {
                        lengths.remove(&course);
                    }
                }
            }
        }
    }
}
