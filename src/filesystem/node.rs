//! An inode number is a row: what stands behind each number, with no table of numbers to grow or to lose.
//!
//! A number is a kind (8 bits), a course (24 bits: `course.id`) and a key (32 bits: the row's own key). The root is 1,
//! as FUSE wants it. Numbers stay right over restarts and between hosts, because rows keep their keys. The one exception
//! are temporary files and the trash, which are no rows but things of this process.

use crate::backup::Selection;

use super::tools::Tag;

/// What an inode number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// The mount point.
    Root,
    /// A course's folder (`course.id`).
    Course(u32),
    /// The Document folder of a course.
    Documents(u32),
    /// A document: course and `c_document.iid`.
    Document(u32, u32),
    /// A backup of a course: of the whole course or of selected tools.
    Backup(u32, Selection),
    /// The package of all learning paths of a course.
    Packages(u32),
    /// The package of a learning path: course and key (`c_lp.id`).
    Package(u32, u32),
    /// The Learnpath folder of a course.
    Learnpaths(u32),
    /// A temporary file in a course's folder: course and a number that counts up while the portal is mounted.
    Temporary(u32, u32),
    /// A folder in the trash: a number of this process, 0 for the uppermost one.
    Trash(u32),
    /// The backup in a folder of the trash, by the number of that folder.
    TrashedBackup(u32),
    /// A folder of a tool, an item's file or what goes with it: course, what it is, and the row's key.
    Tool(u32, Tag, u32),
}

/// The inode number of the root (FUSE_ROOT_ID).
const ROOT: u64 = 1;

const COURSE: u64 = 1;
const DOCUMENTS: u64 = 2;
const DOCUMENT: u64 = 3;
const BACKUP: u64 = 4;
const TEMPORARY: u64 = 5;
const PACKAGES: u64 = 16;
const PACKAGE: u64 = 17;
const LEARNPATHS: u64 = 18;
const TRASH: u64 = 250;
const TRASHED_BACKUP: u64 = 251;

/// The highest `course.id` that fits.
const LAST_COURSE: u32 = (1 << 24) - 1;

impl Node {
    /// The node of a course, `None` for a key that is no row key.
    pub fn course(id: i64) -> Option<Node> {
        u32::try_from(id).ok().filter(|id| (1..=LAST_COURSE).contains(id)).map(Node::Course)
    }

    /// The node of a document, `None` for a key that is no row key.
    pub fn document(course: u32, iid: i64) -> Option<Node> {
        u32::try_from(iid).ok().map(|iid| Node::Document(course, iid))
    }

    /// The number of the course that it belongs to, 0 for the root.
    pub fn course_number(self) -> u32 {
        match self {
            Node::Root => 0,
            node => (node.number() >> 32) as u32 & LAST_COURSE,
        }
    }

    /// The inode number.
    pub fn number(self) -> u64 {
        let pack = |kind: u64, course: u32, key: u32| kind << 56 | u64::from(course) << 32 | u64::from(key);
        match self {
            Node::Root => ROOT,
            Node::Course(course) => pack(COURSE, course, 0),
            Node::Documents(course) => pack(DOCUMENTS, course, 0),
            Node::Document(course, iid) => pack(DOCUMENT, course, iid),
            Node::Backup(course, selection) => pack(BACKUP, course, selection.number()),
            Node::Packages(course) => pack(PACKAGES, course, 0),
            Node::Package(course, key) => pack(PACKAGE, course, key),
            Node::Learnpaths(course) => pack(LEARNPATHS, course, 0),
            Node::Temporary(course, number) => pack(TEMPORARY, course, number),
            Node::Trash(key) => pack(TRASH, 0, key),
            Node::TrashedBackup(key) => pack(TRASHED_BACKUP, 0, key),
            Node::Tool(course, tag, key) => pack(tag.number().into(), course, key),
        }
    }

    /// The node with the inode number `number`, `None` if no node can have it.
    pub fn from_number(number: u64) -> Option<Node> {
        if number == ROOT {
            return Some(Node::Root);
        }
        let course = (number >> 32) as u32 & LAST_COURSE;
        let key = number as u32;
        let node = match number >> 56 {
            COURSE => Node::Course(course),
            DOCUMENTS => Node::Documents(course),
            DOCUMENT => Node::Document(course, key),
            BACKUP => Node::Backup(course, Selection::from_number(key)?),
            PACKAGES => Node::Packages(course),
            PACKAGE => Node::Package(course, key),
            LEARNPATHS => Node::Learnpaths(course),
            TEMPORARY => Node::Temporary(course, key),
            TRASH => Node::Trash(key),
            TRASHED_BACKUP => Node::TrashedBackup(key),
            tag => Node::Tool(course, Tag::from_number(u8::try_from(tag).ok()?)?, key),
        };
        (node.number() == number).then_some(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_node_comes_back_from_its_number(course in 1..=LAST_COURSE, key: u32, tag: u8) {
            let tag = Tag::from_number(tag).map(|tag| Node::Tool(course, tag, key));
            let nodes = [
                Node::Root,
                Node::Course(course),
                Node::Documents(course),
                Node::Document(course, key),
                Node::Backup(course, Selection::ALL),
                Node::Packages(course),
                Node::Package(course, key),
                Node::Learnpaths(course),
                Node::Temporary(course, key),
                Node::Trash(key),
                Node::TrashedBackup(key),
            ];
            for node in nodes.into_iter().chain(tag) {
                prop_assert_eq!(Node::from_number(node.number()), Some(node));
            }
        }

        #[test]
        fn a_number_is_no_node_or_the_number_of_its_node(number: u64) {
            if let Some(node) = Node::from_number(number) {
                prop_assert_eq!(node.number(), number);
            }
        }
    }

    #[test]
    fn keys_that_no_row_has_have_no_node() {
        assert_eq!(Node::course(0), None);
        assert_eq!(Node::course(-1), None);
        assert_eq!(Node::course(1 << 24), None);
        assert_eq!(Node::document(1, 1 << 32), None);
    }
}
