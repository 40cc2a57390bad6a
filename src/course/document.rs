//! The documents of a course: which rows count, and the tree that their paths make.
//!
//! Chamilo keeps no parent column: a document's place is its path. [`DocumentTree`] is one snapshot of a course's
//! documents, kept while the course is used and quick to walk; [`load`] hands out the full rows for archives.
//! Both see the same documents, so that a mounted folder and its backup never differ:
//!
//! - base content only: `session_id` 0 or NULL (Chamilo 1.11, CourseBuilder);
//! - with at least one `c_item_property` row: Chamilo itself shows no document without one (a mount does, if the name is one
//!   of those that programs give to what is on its way);
//! - not deleted: the newest property row of the base course decides (0 invisible, 1 visible, 2 deleted);
//! - not the users' own: `/shared_folder…` and `/chat_files` are never backed up or copied.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use crate::portal::database::{DatabaseError, Row, Session, Value};

/// Visibility of a deleted document (Chamilo 1.11, `c_item_property.visibility`).
pub const DELETED: i64 = 2;

/// The longest path that is looked at, in bytes; the column holds 255 characters.
const LONGEST_PATH: usize = 4096;

/// A document with its rows.
#[derive(Clone, Debug)]
pub struct Document {
    /// Primary key, the number behind inodes and archives.
    pub iid: i64,
    /// What other tables know it by (`c_document.id`).
    pub key: i64,
    /// Path below the Document folder, without the leading slash.
    pub path: Vec<u8>,
    /// Whether it is a folder (else a file or a link).
    pub folder: bool,
    /// 0 invisible, 1 visible.
    pub visibility: i64,
    /// The row of `c_document`.
    pub row: Row,
    /// All rows of `c_item_property`, oldest first.
    pub properties: DocumentProperties,
}

/// The property rows of one document, which stand among those of all. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct DocumentProperties {
    all: Arc<Vec<Property>>,
    own: Range<usize>,
}

impl DocumentProperties {
    /// The rows, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.all.get(self.own.clone()).unwrap_or_default().iter().map(|property| &property.row)
    }
}

#[cfg(test)]
impl Document {
    /// A visible file, for tests of what only its path matters to.
    pub fn without_rows(iid: i64, path: &str) -> Document {
        let row = Row::new([].into(), Vec::new());
        Document {
            iid,
            key: iid,
            path: path.into(),
            folder: false,
            visibility: 1,
            row,
            properties: DocumentProperties::default(),
        }
    }
}

/// Loads the documents of a course with all columns, in the order of their paths.
pub fn load(session: &dyn Session, course: i64) -> Result<Vec<Document>, DatabaseError> {
    Ok(Written::load(session, course)?.shown(&Properties::load(session, course)?))
}

/// The documents of a course that `c_document` has, those too that are deleted or that Chamilo does not know of.
pub struct Written(Vec<Document>);

impl Written {
    /// Reads them.
    pub fn load(session: &dyn Session, course: i64) -> Result<Written, DatabaseError> {
        let mut found = Vec::new();
        let sql = "SELECT * FROM c_document WHERE c_id = ? AND (session_id = 0 OR session_id IS NULL) ORDER BY iid";
        session.query(sql, &[course.into()], &mut |row| {
            let Some(iid) = row.int("iid") else { return Ok(()) };
            let Some(path) = relative_path(row.as_text("path")) else { return Ok(()) };
            let (key, folder) = (row.int("id").unwrap_or(iid), row.as_text("filetype") == b"folder");
            found.push(Document {
                iid,
                key,
                path,
                folder,
                visibility: 0,
                row,
                properties: DocumentProperties::default(),
            });
            Ok(())
        })?;
        found.sort_unstable_by(|a, b| a.path.cmp(&b.path).then(a.iid.cmp(&b.iid)));
        Ok(Written(found))
    }

    /// All of them, in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.0.iter()
    }

    /// Those that count, with their property rows.
    pub fn shown(self, properties: &Properties) -> Vec<Document> {
        let mut shown = self.0;
        shown.retain_mut(|document| match properties.of(document.key) {
            Some((visibility, rows)) if visibility != DELETED => {
                (document.visibility, document.properties) = (visibility, rows);
                true
            }
            _ => false,
        });
        shown
    }
}

/// What `c_item_property` has of the documents of a course: all rows by what their document is known
/// (`c_document.id`), in the order of these keys, those of one document oldest first.
pub struct Properties(Arc<Vec<Property>>);

/// One of these rows, with what every look at a course asks of it.
#[derive(Debug)]
struct Property {
    /// What its document is known by.
    document: i64,
    visibility: i64,
    row: Row,
}

impl Properties {
    /// Reads them.
    pub fn load(session: &dyn Session, course: i64) -> Result<Properties, DatabaseError> {
        let mut found = Vec::new();
        let sql = "SELECT * FROM c_item_property WHERE c_id = ? AND tool = 'document' ORDER BY iid";
        session.query(sql, &[course.into()], &mut |row| {
            let (document, visibility) = (row.int("ref").unwrap_or(0), visibility(&row));
            found.push(Property { document, visibility, row });
            Ok(())
        })?;
        // Those of one document stay in their order.
        found.sort_by_key(|property| property.document);
        Ok(Properties(Arc::new(found)))
    }

    /// The visibility of the document `key`, and its rows; `None` if there are none.
    fn of(&self, key: i64) -> Option<(i64, DocumentProperties)> {
        let start = self.0.partition_point(|property| property.document < key);
        let rest = self.0.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|property| property.document == key).count();
        let counts = match rest.get(..count).unwrap_or_default() {
            // Nearly always: whoever has no rival need not be looked at.
            [only] => only,
            rivals => rivals.iter().max_by_key(|property| rank(&property.row))?,
        };
        let rows = DocumentProperties { all: Arc::clone(&self.0), own: start..start + count };
        Some((counts.visibility, rows))
    }
}

/// The row of `c_document` with the primary key `iid`, and the property row that counts; empty if there is none.
pub fn rows_of(session: &dyn Session, iid: i64) -> Result<Vec<Row>, DatabaseError> {
    let Some(document) = session.row("SELECT * FROM c_document WHERE iid = ?", &[iid.into()])? else {
        return Ok(Vec::new());
    };
    let sql = "SELECT * FROM c_item_property WHERE +c_id = ? AND tool = 'document' AND ref = ? ORDER BY iid";
    let key = document.int("id").unwrap_or(iid);
    let properties = session.rows(sql, &[document.get("c_id").clone(), key.into()])?;
    let newest = properties.into_iter().max_by_key(rank);
    Ok([Some(document), newest].into_iter().flatten().collect())
}

/// Which of a document's property rows counts: base rows win over session rows, then the later edit, then the higher
/// key.
pub fn rank(property: &Row) -> Rank {
    let base = property.int("session_id").unwrap_or(0) == 0;
    let edited = match property.get("lastedit_date") {
        Value::Text(date) => Some(Arc::clone(date)),
        _ => None,
    };
    (base, edited, property.int("iid").unwrap_or(0))
}

/// What a property row says of its document's visibility.
fn visibility(property: &Row) -> i64 {
    property.int("visibility").unwrap_or(1)
}

/// Whether a property row is of the base course, its date of last edit, and its key.
pub type Rank = (bool, Option<Arc<[u8]>>, i64);

/// The path below the Document folder, `None` for what is not the course's: other tools' and users' folders, and
/// paths that no file can have.
fn relative_path(path: &[u8]) -> Option<Vec<u8>> {
    let path = path.strip_prefix(b"/")?;
    let first = path.split(|byte| *byte == b'/').next()?;
    let users_own = first == b"shared_folder" || first.starts_with(b"shared_folder_session_") || first == b"chat_files";
    let sound = !path.contains(&0)
        && path.len() <= LONGEST_PATH
        && path.split(|byte| *byte == b'/').all(|name| !name.is_empty() && name != b"." && name != b"..");
    (sound && !users_own).then(|| path.to_vec())
}

/// What the property rows of one document say together.
#[derive(Clone, Debug, Default)]
struct State {
    visibility: i64,
    rank: Option<Rank>,
    deleted_for_some: bool,
}

impl State {
    fn and(self, property: &Row) -> State {
        let rank = Some(rank(property));
        let visibility = visibility(property);
        let deleted_for_some = self.deleted_for_some || visibility >= DELETED;
        match rank > self.rank {
            true => State { visibility, rank, deleted_for_some },
            false => State { deleted_for_some, ..self },
        }
    }
}

/// One document in a [`DocumentTree`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeDocument {
    /// Primary key of `c_document`.
    pub iid: i64,
    /// What other tables know it by (`c_document.id`).
    pub key: i64,
    /// The folder that it lies in; `None` for the Document folder itself, which has no row.
    pub parent: Option<i64>,
    /// Its name in that folder.
    pub name: Box<[u8]>,
    /// Whether it is a folder.
    pub folder: bool,
    /// The size in its row; `None` if it does not count for the quota.
    pub size: Option<u64>,
    /// Whether students see it.
    pub visible: bool,
    /// Whether Chamilo knows of it; not as long as it is on its way to another name
    /// ([`insert_unknown`](super::document_rows::insert_unknown)).
    pub known: bool,
}

/// The documents of a course as folders and files. Links (which have no file) and documents whose folder has no row are
/// left out: Chamilo's own listing cannot reach them either.
///
/// It is read once and then follows what this process changes: moving a folder costs the same whatever is in it.
#[derive(Clone, Debug, Default)]
pub struct DocumentTree {
    documents: HashMap<i64, TreeDocument>,
    children: HashMap<Option<i64>, BTreeMap<Box<[u8]>, i64>>,
    /// Older rows of the same path as the one that counts.
    older: HashMap<i64, Vec<i64>>,
    /// What all documents of the course take for the quota, those that are not in the tree too.
    used: i64,
}

impl DocumentTree {
    /// Reads the documents of a course.
    pub fn load(session: &dyn Session, course: i64) -> Result<DocumentTree, DatabaseError> {
        let mut states: HashMap<i64, State> = HashMap::new();
        let sql = "SELECT iid, ref, visibility, session_id, lastedit_date FROM c_item_property \
                   WHERE c_id = ? AND tool = 'document'";
        session.query(sql, &[course.into()], &mut |row| {
            let state = states.entry(row.int("ref").unwrap_or(0)).or_default();
            *state = std::mem::take(state).and(&row);
            Ok(())
        })?;
        let mut found = Vec::new();
        let mut used = 0;
        let sql = "SELECT iid, id, path, filetype, size, session_id FROM c_document WHERE c_id = ? ORDER BY iid";
        session.query(sql, &[course.into()], &mut |row| {
            let Some(iid) = row.int("iid") else { return Ok(()) };
            let key = row.int("id").unwrap_or(iid);
            let state = states.get(&key).filter(|state| state.rank.is_some());
            let known = state.is_some();
            let none = State::default();
            let state = match state {
                Some(state) => state,
                // What programs have on the way counts here, though not in Chamilo: it takes room when it arrives.
                None if super::names::is_passing_path(row.as_text("path")) => &none,
                None => return Ok(()),
            };
            // As Quota::load counts: a document that any audience has deleted takes nothing.
            let size = (!state.deleted_for_some).then(|| row.int("size").unwrap_or(0));
            used += size.unwrap_or(0);
            let base = row.int("session_id").unwrap_or(0) == 0;
            let kind = row.as_text("filetype");
            if let Some(path) = relative_path(row.as_text("path"))
                && base
                && state.visibility != DELETED
                && (kind == b"folder" || kind == b"file")
            {
                let size = size.map(|size| u64::try_from(size).unwrap_or(0));
                let folder = kind == b"folder";
                let name = file_name(&path).into();
                let visible = state.visibility != 0;
                found.push((path, TreeDocument { iid, key, parent: None, name, folder, size, visible, known }));
            }
            Ok(())
        })?;
        Ok(DocumentTree { used, ..DocumentTree::from_documents(found) })
    }

    fn from_documents(mut found: Vec<(Vec<u8>, TreeDocument)>) -> DocumentTree {
        // Of several rows with one path the newest counts, as in Chamilo's listing. A folder stands before what is in
        // it.
        found.sort_by(|(path, a), (other, b)| path.cmp(other).then(b.iid.cmp(&a.iid)));
        let mut tree = DocumentTree::default();
        let mut folders: HashMap<Vec<u8>, i64> = HashMap::new();
        let mut last: Option<(Vec<u8>, i64)> = None;
        for (path, document) in found {
            let iid = document.iid;
            if let Some((_, newest)) = last.as_ref().filter(|(same, _)| *same == path) {
                tree.older.entry(*newest).or_default().push(iid);
                continue;
            }
            let parent = match parent_path(&path) {
                None => None,
                Some(parent) => match folders.get(parent) {
                    Some(folder) => Some(*folder),
                    None => continue,
                },
            };
            if document.folder {
                folders.insert(path.clone(), iid);
            }
            last = Some((path, iid));
            tree.place(TreeDocument { parent, ..document });
        }
        tree
    }

    /// How many documents the tree has.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether the course has no documents.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// What the course holds, in bytes, by the sizes in the table.
    pub fn used(&self) -> u64 {
        u64::try_from(self.used).unwrap_or(0)
    }

    /// The document with the primary key `iid`.
    pub fn get(&self, iid: i64) -> Option<&TreeDocument> {
        self.documents.get(&iid)
    }

    /// The documents in the folder `folder` (`None`: the Document folder itself), in the order of their names.
    pub fn children(&self, folder: Option<i64>) -> impl Iterator<Item = &TreeDocument> {
        self.children.get(&folder).into_iter().flatten().filter_map(|(_, iid)| self.documents.get(iid))
    }

    /// The document `name` in the folder `folder`.
    pub fn child(&self, folder: Option<i64>, name: &[u8]) -> Option<&TreeDocument> {
        self.documents.get(self.children.get(&folder)?.get(name)?)
    }

    /// The path of `iid` below the Document folder, without a leading slash; `None` if it is not in the tree.
    pub fn path(&self, iid: i64) -> Option<Vec<u8>> {
        let mut names: Vec<&[u8]> = Vec::new();
        let mut next = Some(iid);
        while let Some(iid) = next {
            let document = self.documents.get(&iid)?;
            names.push(&document.name);
            next = document.parent;
        }
        names.reverse();
        Some(names.join(&b'/'))
    }

    /// The path that `name` has in the folder `folder`, without a leading slash.
    pub fn path_in(&self, folder: Option<i64>, name: &[u8]) -> Option<Vec<u8>> {
        match folder {
            None => Some(name.to_vec()),
            Some(folder) => Some([self.path(folder)?.as_slice(), name].join(&b'/')),
        }
    }

    /// The folders above `iid`, the nearest first.
    pub fn ancestors(&self, iid: i64) -> impl Iterator<Item = &TreeDocument> {
        let above = |document: &TreeDocument| document.parent.and_then(|parent| self.documents.get(&parent));
        std::iter::successors(self.documents.get(&iid).and_then(above), move |document| above(document))
    }

    /// Everything below the folder `iid`, folders before what is in them.
    pub fn below(&self, iid: i64) -> Vec<i64> {
        let mut found: Vec<i64> = self.children(Some(iid)).map(|document| document.iid).collect();
        let mut next = 0;
        while let Some(folder) = found.get(next).copied() {
            found.extend(self.children(Some(folder)).map(|document| document.iid));
            next += 1;
        }
        found
    }

    /// Keys of older rows of the same path as `iid`, which nobody sees while `iid` is there.
    pub fn older(&self, iid: i64) -> &[i64] {
        self.older.get(&iid).map(Vec::as_slice).unwrap_or_default()
    }

    /// Follows a change that was made to the rows. Doing it twice is doing it once.
    pub fn follow(&mut self, change: &TreeChange) {
        match change {
            TreeChange::Entered(document) => {
                let before = self.take_out(document.iid);
                self.used += size_of(document) - before.as_ref().map_or(0, size_of);
                self.place(document.clone());
            }
            TreeChange::Removed(iid) => {
                self.older.remove(iid);
                if let Some(document) = self.take_out(*iid) {
                    self.used -= size_of(&document);
                }
            }
            TreeChange::Moved { iid, parent, name } => {
                if let Some(document) = self.take_out(*iid) {
                    self.place(TreeDocument { parent: *parent, name: name.clone(), ..document });
                }
            }
            TreeChange::Swapped(a, b) => {
                if let (Some(a), Some(b)) = (self.take_out(*a), self.take_out(*b)) {
                    self.place(TreeDocument { parent: b.parent, name: b.name.clone(), ..a.clone() });
                    self.place(TreeDocument { parent: a.parent, name: a.name, ..b });
                }
            }
            TreeChange::Resized(iid, size) => {
                if let Some(document) = self.documents.get_mut(iid)
                    && document.size.is_some()
                {
                    self.used -= size_of(document);
                    document.size = Some(*size);
                    self.used += size_of(document);
                }
            }
            TreeChange::Shown(iid, visible) => {
                if let Some(document) = self.documents.get_mut(iid) {
                    document.visible = *visible;
                }
            }
            TreeChange::Known(iid, visible) => {
                if let Some(document) = self.documents.get_mut(iid) {
                    (document.known, document.visible) = (true, *visible);
                }
            }
        }
    }

    fn place(&mut self, document: TreeDocument) {
        self.children.entry(document.parent).or_default().insert(document.name.clone(), document.iid);
        self.documents.insert(document.iid, document);
    }

    fn take_out(&mut self, iid: i64) -> Option<TreeDocument> {
        let document = self.documents.remove(&iid)?;
        if let Some(children) = self.children.get_mut(&document.parent) {
            if children.get(&document.name) == Some(&iid) {
                children.remove(&document.name);
            }
            if children.is_empty() {
                self.children.remove(&document.parent);
            }
        }
        Some(document)
    }
}

/// A change of rows that a [`DocumentTree`] follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeChange {
    /// A document was entered.
    Entered(TreeDocument),
    /// A document is no more.
    Removed(i64),
    /// A document has another name or lies in another folder, with all that is in it.
    Moved {
        /// Which.
        iid: i64,
        /// The folder that it lies in now.
        parent: Option<i64>,
        /// Its name now.
        name: Box<[u8]>,
    },
    /// Two documents took each other's places.
    Swapped(i64, i64),
    /// The row has this size now.
    Resized(i64, u64),
    /// Whether students see it now.
    Shown(i64, bool),
    /// Chamilo knows of it now; whether students see it.
    Known(i64, bool),
}

impl TreeChange {
    /// Whether a document comes, goes or has another name after it.
    pub fn is_of_names(&self) -> bool {
        !matches!(self, TreeChange::Resized(..) | TreeChange::Shown(..))
    }
}

fn size_of(document: &TreeDocument) -> i64 {
    document.size.and_then(|size| i64::try_from(size).ok()).unwrap_or(0)
}

fn parent_path(path: &[u8]) -> Option<&[u8]> {
    path.iter().rposition(|byte| *byte == b'/').and_then(|slash| path.get(..slash))
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(iid: i64, name: &str, folder: bool) -> TreeDocument {
        let name = name.as_bytes().into();
        TreeDocument { iid, key: iid, parent: None, name, folder, size: Some(10), visible: true, known: true }
    }

    fn tree(paths: &[&str]) -> DocumentTree {
        let documents = paths.iter().enumerate().map(|(number, path)| {
            let folder = path.ends_with('/');
            let path = path.trim_end_matches('/');
            let name = path.rsplit('/').next().unwrap();
            (path.as_bytes().to_vec(), entry(number as i64 + 1, name, folder))
        });
        DocumentTree::from_documents(documents.collect())
    }

    fn names(tree: &DocumentTree, folder: Option<i64>) -> Vec<String> {
        tree.children(folder).map(|document| String::from_utf8_lossy(&document.name).into_owned()).collect()
    }

    #[test]
    fn children_stand_under_their_folder_in_the_order_of_names() {
        let tree = tree(&["b/", "b/z.txt", "b/a/", "a-b", "a/", "b/a/deep", "a/x", "a.txt", "b-c/", "b-c/y"]);
        assert_eq!(names(&tree, None), ["a", "a-b", "a.txt", "b", "b-c"]);
        let b = tree.child(None, b"b").unwrap().iid;
        assert_eq!(names(&tree, Some(b)), ["a", "z.txt"]);
        let a = tree.child(Some(b), b"a").unwrap().iid;
        assert_eq!(names(&tree, Some(a)), ["deep"]);
        let deep = tree.child(Some(a), b"deep").unwrap().iid;
        assert_eq!(tree.path(deep).unwrap(), b"b/a/deep");
        assert_eq!(tree.ancestors(deep).map(|folder| folder.iid).collect::<Vec<_>>(), [a, b]);
        assert!(tree.child(Some(b), b"y").is_none());
        assert!(names(&tree, Some(999)).is_empty());
        assert_eq!(&*tree.get(2).unwrap().name, b"z.txt");
    }

    #[test]
    fn of_two_rows_with_one_path_the_newer_counts() {
        let tree = tree(&["a", "b", "a"]);
        assert_eq!(tree.len(), 2);
        assert_eq!(tree.child(None, b"a").unwrap().iid, 3);
        assert_eq!(tree.older(3), [1]);
        assert!(tree.get(1).is_none());
    }

    #[test]
    fn a_document_in_a_folder_without_a_row_is_not_in_the_tree() {
        let tree = tree(&["gone/file", "file/", "file/x", "note", "note/below"]);
        assert_eq!(names(&tree, None), ["file", "note"]);
        assert_eq!(tree.len(), 3);
    }

    #[test]
    fn a_tree_follows_changes_and_following_twice_is_following_once() {
        let mut tree = tree(&["a/", "a/x", "b/"]);
        let new = TreeDocument { parent: Some(1), ..entry(9, "new", false) };
        let changes = [
            TreeChange::Entered(new),
            TreeChange::Resized(9, 25),
            TreeChange::Moved { iid: 1, parent: Some(3), name: b"c".as_slice().into() },
            TreeChange::Removed(2),
            TreeChange::Shown(9, false),
        ];
        for change in changes.iter().flat_map(|change| [change, change]) {
            tree.follow(change);
        }
        assert_eq!(tree.path(9).unwrap(), b"b/c/new");
        assert_eq!(tree.used(), 25 - 10);
        assert_eq!((names(&tree, None), names(&tree, Some(1))), (vec!["b".to_owned()], vec!["new".to_owned()]));
        assert_eq!(tree.below(3), [1, 9]);
        tree.follow(&TreeChange::Moved { iid: 9, parent: None, name: b"new".as_slice().into() });
        tree.follow(&TreeChange::Swapped(9, 3));
        assert_eq!(names(&tree, None), ["b", "new"]);
        assert_eq!(tree.path(1).unwrap(), b"new/c");
    }

    #[test]
    fn users_own_folders_and_unsound_paths_are_no_documents() {
        for path in ["/shared_folder/x", "/shared_folder_session_3", "/chat_files/a", "no-slash", "/", "/a//b", "/../x"]
        {
            assert_eq!(relative_path(path.as_bytes()), None, "{path}");
        }
        for path in ["/shared_folders", "/chat_files_2025/a", "/a/chat_files", "/..x"] {
            assert_eq!(relative_path(path.as_bytes()).unwrap(), &path.as_bytes()[1..]);
        }
    }
}
