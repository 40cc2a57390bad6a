//! What a change is about to put below `app/courses/`, written down before it begins.
//!
//! A [`Journal`] names files and folders of a staging folder that will be moved into courses, folders that will be made
//! there, and files that make way, each with the row that will tell that the change was committed. With it
//! [`recovery`](super::recovery) can undo what a killed process left half done. It names moved files by their
//! [`Identity`] too, so that nothing else at their places is ever taken for them.

use std::io;

use super::storage::{Folder, Identity};

/// First field of a journal: what it is, and the version of its form.
const HEADER: &[u8] = b"coursefs journal 1";

/// Last field: without it the journal is not whole.
const END: &[u8] = b"end";

/// Fields of an entry.
const FIELDS: usize = 12;

/// A row that is there if and only if a change was committed: one of `table` in which `column` holds `text`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The table; empty if no row tells.
    pub table: String,
    /// The column that names the file or folder.
    pub column: String,
    /// The column by which the row knows its course (`c_id`), and what it holds; an empty name for none.
    pub owner: (String, Vec<u8>),
    /// What the column holds.
    pub text: Vec<u8>,
}

/// What is done at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// This file or folder of the staging folder is moved there.
    Moved(Identity),
    /// A folder is made there.
    Made,
    /// What lies there is moved to the staging folder to make way.
    Aside,
    /// What lies there goes to `app/cache` when its row is gone: a course is deleted. Once that is done for good it
    /// stays there.
    Leaves,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is done.
    pub act: Act,
    /// Where, relative to `app/courses/`.
    pub place: Vec<u8>,
    /// The name in the staging folder, empty for a folder that is made; for what leaves its name in `app/cache`.
    pub staged: Vec<u8>,
    /// The row that comes with it.
    pub witness: Witness,
}

/// All that a change will place, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// The entries.
    pub entries: Vec<Entry>,
}

impl Journal {
    /// Notes that `staged` of the staging folder `folder` will be moved to `place`.
    pub fn moved(&mut self, folder: &Folder, staged: &[u8], place: Vec<u8>, witness: Witness) -> io::Result<()> {
        let act = Act::Moved(folder.identity(staged)?);
        self.entries.push(Entry { act, place, staged: staged.to_vec(), witness });
        Ok(())
    }

    /// Notes that the folder `place`, which is not there, will be made.
    pub fn made(&mut self, place: Vec<u8>, witness: Witness) {
        self.entries.push(Entry { act: Act::Made, place, staged: Vec::new(), witness });
    }

    /// Notes that the file `place` will make way and be called `staged` in the staging folder.
    pub fn aside(&mut self, place: Vec<u8>, staged: &[u8], witness: Witness) {
        self.entries.push(Entry { act: Act::Aside, place, staged: staged.to_vec(), witness });
    }

    /// Notes that `place` will be called `name` in `app/cache` once the row `witness` is gone.
    pub fn leaves(&mut self, place: Vec<u8>, name: &[u8], witness: Witness) {
        self.entries.push(Entry { act: Act::Leaves, place, staged: name.to_vec(), witness });
    }

    /// The bytes of the journal: fields that each end in a NUL byte, which no name holds.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut field = |text: &[u8]| {
            bytes.extend_from_slice(text);
            bytes.push(0);
        };
        field(HEADER);
        for Entry { act, place, staged, witness } in &self.entries {
            let nothing = Identity { device: 0, inode: 0, born: 0, changed: 0 };
            let (kind, Identity { device, inode, born, changed }) = match act {
                Act::Moved(identity) => ("moved", *identity),
                Act::Made => ("made", nothing),
                Act::Aside => ("aside", nothing),
                Act::Leaves => ("leaves", nothing),
            };
            field(kind.as_bytes());
            for number in [device.to_string(), inode.to_string(), born.to_string(), changed.to_string()] {
                field(number.as_bytes());
            }
            field(witness.table.as_bytes());
            field(witness.column.as_bytes());
            for text in [witness.owner.0.as_bytes(), &witness.owner.1, &witness.text, place, staged] {
                field(text);
            }
        }
        field(END);
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made; `None` if it is anything else.
    pub fn read(bytes: &[u8]) -> Option<Journal> {
        let fields: Vec<&[u8]> = bytes.strip_suffix(b"\0")?.split(|byte| *byte == 0).collect();
        let [HEADER, entries @ .., END] = fields.as_slice() else { return None };
        let entries = entries.chunks(FIELDS).map(read_entry).collect::<Option<Vec<Entry>>>()?;
        Some(Journal { entries })
    }
}

fn read_entry(fields: &[&[u8]]) -> Option<Entry> {
    let [kind, device, inode, born, changed, table, column, owner, owner_value, text, place, staged] = fields else {
        return None;
    };
    fn number<N: std::str::FromStr>(field: &[u8]) -> Option<N> {
        std::str::from_utf8(field).ok()?.parse().ok()
    }
    let name = |field: &[u8]| String::from_utf8(field.to_vec()).ok();
    let act = match *kind {
        b"moved" => Act::Moved(Identity {
            device: number(device)?,
            inode: number(inode)?,
            born: number(born)?,
            changed: number(changed)?,
        }),
        b"made" => Act::Made,
        b"aside" => Act::Aside,
        b"leaves" => Act::Leaves,
        _ => return None,
    };
    let witness = Witness {
        table: name(table)?,
        column: name(column)?,
        owner: (name(owner)?, owner_value.to_vec()),
        text: text.to_vec(),
    };
    Some(Entry { act, place: place.to_vec(), staged: staged.to_vec(), witness })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal {
        let witness = Witness {
            table: "c_document".into(),
            column: "path".into(),
            owner: ("c_id".into(), b"5".to_vec()),
            text: b"/a\nb\xff".to_vec(),
        };
        let act = Act::Moved(Identity { device: 7, inode: u64::MAX, born: 0, changed: -1 });
        let moved = Entry { act, place: b"X/document/a\nb\xff".to_vec(), staged: b"0".to_vec(), witness };
        let mut journal = Journal { entries: vec![moved] };
        journal.made(b"X/upload".to_vec(), Witness::default());
        journal.aside(b"X/document/index.html".to_vec(), b"index.html", Witness::default());
        journal.leaves(b"Y".to_vec(), b"Y_1", Witness::default());
        journal
    }

    #[test]
    fn a_journal_is_read_as_it_was_written() {
        for journal in [journal(), Journal::default()] {
            assert_eq!(Journal::read(&journal.to_bytes()), Some(journal));
        }
    }

    #[test]
    fn a_journal_that_is_cut_off_is_none() {
        let whole = journal().to_bytes();
        for length in 0..whole.len() {
            assert_eq!(Journal::read(&whole[..length]), None, "{length}");
        }
    }
}
