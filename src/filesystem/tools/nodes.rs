//! The inode numbers of what lies in the tools' folders: a [`Tag`] says what a number stands for, the row's key which one.
//!
//! Tags count kinds and tables in the order of the declarations, where new ones are added at the end.

use crate::course::tool::{Kind, TOOLS, Table};
use crate::forms::Place;
use crate::forms::declared::FORMS;
use crate::forms::form::Home;

use super::super::Node;

/// What a number of an entry in a tool's folder stands for (8 bits of an inode number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag(u8);

/// Folders that stand for no row: the key is the tool's place and, above 16 bits, that of a folder in it.
const FOLDERS: u8 = 32;
/// Folders of attachments whose items are to come: the key is a hash of the path.
const WAITING_FOLDER: u8 = 33;
/// Files in them.
const WAITING_FILE: u8 = 34;
/// From here on for each kind: files of items.
const FILES: u8 = 64;
/// Items that are folders.
const ITEM_FOLDERS: u8 = FILES + KINDS;
/// Folders of items' attachments.
const ATTACHMENTS: u8 = ITEM_FOLDERS + KINDS;
/// From here on for each table with files: attachments.
const ATTACHED: u8 = ATTACHMENTS + KINDS;

/// The most kinds that there is room for.
const KINDS: u8 = 48;

fn kinds() -> impl Iterator<Item = &'static Kind> {
    TOOLS.iter().flat_map(|tool| tool.kinds)
}

/// The tables whose rows name files, each kind's one after the other.
fn tables() -> Vec<&'static Table> {
    fn add(table: &'static Table, found: &mut Vec<&'static Table>) {
        found.extend(table.files.map(|_| table));
        table.children.iter().for_each(|child| add(child, found));
    }
    let mut found = Vec::new();
    kinds().for_each(|kind| add(&kind.table, &mut found));
    found
}

/// The folders without rows in a tool's folder.
fn shelves(tool: &'static str) -> impl Iterator<Item = &'static str> {
    FORMS.iter().filter(move |form| form.tool == tool).filter_map(|form| match form.home {
        Home::Folder(name) | Home::Unless(_, _, name) => Some(name),
        Home::Tool | Home::Below(..) | Home::Inside(..) => None,
    })
}

/// Whether a tag is that of a folder that waits for its item (true), or of a file in one.
pub fn waiting(tag: Tag) -> Option<bool> {
    match tag {
        Tag::WAITING_FOLDER => Some(true),
        Tag::WAITING_FILE => Some(false),
        _ => None,
    }
}

impl Tag {
    /// A folder of attachments whose item is to come.
    pub const WAITING_FOLDER: Tag = Tag(WAITING_FOLDER);
    /// A file in one.
    pub const WAITING_FILE: Tag = Tag(WAITING_FILE);

    /// The number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The tag with the number `number`, `None` if there is none.
    pub fn from_number(number: u8) -> Option<Tag> {
        let is_one = match number {
            FOLDERS | WAITING_FOLDER | WAITING_FILE => true,
            ATTACHED.. => tables().len() > usize::from(number - ATTACHED),
            FILES.. => kinds().count() > usize::from((number - FILES) % KINDS),
            _ => false,
        };
        is_one.then_some(Tag(number))
    }

    fn of_kind(base: u8, key: &str) -> Option<Tag> {
        let place = kinds().position(|kind| kind.key == key)?;
        u8::try_from(place).ok().filter(|place| *place < KINDS).map(|place| Tag(base + place))
    }
}

/// The node of a place in the tools' folders of a course; `None` for a key that no row has.
pub fn node_of(course: u32, place: Place) -> Option<Node> {
    let key = |key: i64| u32::try_from(key).ok();
    let (tag, key) = match place {
        Place::Tool(tool) => (Tag(FOLDERS), u32::try_from(TOOLS.iter().position(|known| known.name == tool)?).ok()?),
        Place::Shelf(tool, name) => {
            let tool_key = TOOLS.iter().position(|known| known.name == tool)?;
            let shelf = shelves(tool).position(|known| known == name)? + 1;
            (Tag(FOLDERS), u32::try_from(shelf << 16 | tool_key).ok()?)
        }
        Place::File(kind, row) => (Tag::of_kind(FILES, kind)?, key(row)?),
        Place::Folder(kind, row) => (Tag::of_kind(ITEM_FOLDERS, kind)?, key(row)?),
        Place::Attachments(kind, row) => (Tag::of_kind(ATTACHMENTS, kind)?, key(row)?),
        Place::Attachment(table, row) => {
            let number = tables().iter().position(|known| known.name == table)?;
            (Tag::from_number(ATTACHED.checked_add(u8::try_from(number).ok()?)?)?, key(row)?)
        }
    };
    Some(Node::Tool(course, tag, key))
}

/// The place that a tag and a key stand for, if they stand for any.
pub fn place_of(tag: Tag, key: u32) -> Option<Place> {
    let Tag(number) = tag;
    if number == FOLDERS {
        let tool = TOOLS.get((key & 0xFFFF) as usize)?.name;
        let shelf = (key >> 16) as usize;
        return match shelf.checked_sub(1) {
            None => Some(Place::Tool(tool)),
            Some(shelf) => shelves(tool).nth(shelf).map(|name| Place::Shelf(tool, name)),
        };
    }
    let row = i64::from(key);
    if let Some(number) = number.checked_sub(ATTACHED) {
        return tables().get(usize::from(number)).map(|table| Place::Attachment(table.name, row));
    }
    let number = number.checked_sub(FILES)?;
    let kind = kinds().nth(usize::from(number % KINDS))?.key;
    match number / KINDS {
        0 => Some(Place::File(kind, row)),
        1 => Some(Place::Folder(kind, row)),
        _ => Some(Place::Attachments(kind, row)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_all_kinds_and_tables() {
        assert!(kinds().count() <= usize::from(KINDS));
        assert!(tables().len() <= usize::from(u8::MAX - ATTACHED));
    }

    #[test]
    fn every_place_comes_back_from_its_node() {
        let mut places = Vec::new();
        for form in FORMS {
            places.push(Place::Tool(form.tool));
            places.extend(shelves(form.tool).map(|name| Place::Shelf(form.tool, name)));
            places.extend([1, i64::from(u32::MAX)].map(|key| Place::File(form.kind, key)));
            places.extend([Place::Folder(form.kind, 7), Place::Attachments(form.kind, 7)]);
        }
        places.extend(tables().iter().map(|table| Place::Attachment(table.name, 3)));
        let mut numbers = std::collections::HashSet::new();
        for place in &places {
            let node = node_of(5, *place).unwrap_or_else(|| panic!("{place:?} has no node"));
            let Node::Tool(5, tag, key) = Node::from_number(node.number()).unwrap() else { panic!("{node:?}") };
            assert_eq!(place_of(tag, key), Some(*place));
            numbers.insert((node.number(), *place));
        }
        let unique: std::collections::HashSet<u64> = numbers.iter().map(|(number, _)| *number).collect();
        assert_eq!(unique.len(), numbers.len());
        assert_eq!(node_of(5, Place::File("link", 1 << 32)), None);
    }
}
