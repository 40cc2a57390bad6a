//! The documents of a course: which rows count, and the tree that their paths make.
//!
//! Chamilo keeps no parent column: a document's place is its path. [`DocumentTree`] is one snapshot of a course's
//! documents, small enough to keep for many courses and quick to walk; [`load`] hands out the full rows for archives.
//! Both see the same documents, so that a mounted folder and its backup never differ:
//!
//! - base content only: `session_id` 0 or NULL (Chamilo 1.11, CourseBuilder);
//! - with at least one `c_item_property` row: Chamilo itself shows no document without one;
//! - not deleted: the newest property row of the base course decides (0 invisible, 1 visible, 2 deleted);
//! - not the users' own: `/shared_folder…` and `/chat_files` are never backed up or copied.

use std::collections::HashMap;
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
    /// Path below the Document folder, without the leading slash.
    pub path: Vec<u8>,
    /// Whether it is a folder (else a file or a link).
    pub folder: bool,
    /// 0 invisible, 1 visible.
    pub visibility: i64,
    /// The row of `c_document`.
    pub row: Row,
    /// All rows of `c_item_property`, oldest first.
    pub properties: Vec<Row>,
}

/// Loads the documents of a course with all columns, in the order of their paths.
pub fn load(session: &dyn Session, course: i64) -> Result<Vec<Document>, DatabaseError> {
    let mut properties: HashMap<i64, Vec<Row>> = HashMap::new();
    let sql = "SELECT * FROM c_item_property WHERE c_id = ? AND tool = 'document' ORDER BY iid";
    session.query(sql, &[course.into()], &mut |row| {
        // Nearly every document has just one.
        properties.entry(row.int("ref").unwrap_or(0)).or_insert_with(|| Vec::with_capacity(1)).push(row);
        Ok(())
    })?;
    let mut documents = Vec::new();
    let sql = "SELECT * FROM c_document WHERE c_id = ? AND (session_id = 0 OR session_id IS NULL) ORDER BY iid";
    session.query(sql, &[course.into()], &mut |row| {
        let Some(iid) = row.int("iid") else { return Ok(()) };
        let Some(properties) = properties.remove(&row.int("id").unwrap_or(iid)) else { return Ok(()) };
        let state = properties.iter().fold(State::default(), |state, property| state.and(property));
        let Some(path) = relative_path(row.as_text("path")) else { return Ok(()) };
        if state.visibility != DELETED {
            let folder = row.as_text("filetype") == b"folder";
            documents.push(Document { iid, path, folder, visibility: state.visibility, row, properties });
        }
        Ok(())
    })?;
    documents.sort_by(|a, b| a.path.cmp(&b.path).then(a.iid.cmp(&b.iid)));
    Ok(documents)
}

/// The row of `c_document` with the primary key `iid`, and the property row that counts; empty if there is none.
pub fn rows_of(session: &dyn Session, iid: i64) -> Result<Vec<Row>, DatabaseError> {
    let Some(document) = session.row("SELECT * FROM c_document WHERE iid = ?", &[iid.into()])? else {
        return Ok(Vec::new());
    };
    let sql = "SELECT * FROM c_item_property WHERE c_id = ? AND tool = 'document' AND ref = ? ORDER BY iid";
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
}

impl State {
    fn and(self, property: &Row) -> State {
        let rank = Some(rank(property));
        if rank > self.rank { State { visibility: property.int("visibility").unwrap_or(1), rank } } else { self }
    }
}

/// One document in a [`DocumentTree`].
#[derive(Clone, Debug)]
pub struct TreeDocument {
    /// Primary key of `c_document`.
    pub iid: i64,
    /// Path below the Document folder, without the leading slash.
    pub path: Box<[u8]>,
    /// Whether it is a folder.
    pub folder: bool,
    parent: u32,
}

impl TreeDocument {
    /// The last component of the path.
    pub fn name(&self) -> &[u8] {
        file_name(&self.path)
    }
}

/// The place of the Document folder itself, which has no row.
const TOP: u32 = u32::MAX;

/// A snapshot of the documents of a course as folders and files. Links (which have no file) and documents whose
/// folder has no row are left out: Chamilo's own listing cannot reach them either.
#[derive(Debug, Default)]
pub struct DocumentTree {
    /// In the order (parent, name), so that the children of a folder stand together.
    documents: Vec<TreeDocument>,
    by_iid: HashMap<i64, u32>,
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
        let sql = "SELECT iid, id, path, filetype FROM c_document \
                   WHERE c_id = ? AND (session_id = 0 OR session_id IS NULL) ORDER BY iid";
        session.query(sql, &[course.into()], &mut |row| {
            let Some(iid) = row.int("iid") else { return Ok(()) };
            let exists = states
                .get(&row.int("id").unwrap_or(iid))
                .is_some_and(|state| state.rank.is_some() && state.visibility != DELETED);
            let kind = row.as_text("filetype");
            if let Some(path) = relative_path(row.as_text("path"))
                && exists
                && (kind == b"folder" || kind == b"file")
            {
                found.push(TreeDocument { iid, path: path.into(), folder: kind == b"folder", parent: TOP });
            }
            Ok(())
        })?;
        Ok(DocumentTree::from_documents(found))
    }

    fn from_documents(mut found: Vec<TreeDocument>) -> DocumentTree {
        // Of several rows with one path the newest counts, as in Chamilo's listing.
        found.sort_by(|a, b| a.path.cmp(&b.path).then(b.iid.cmp(&a.iid)));
        found.dedup_by(|later, first| later.path == first.path);

        // Breadth first: parents get their final place before their children look it up. The slash sorts before
        // every other byte, so that siblings stand together also beside a folder whose name begins like theirs.
        found.sort_by_cached_key(|document| {
            let key: Vec<u8> = document.path.iter().map(|byte| if *byte == b'/' { 0 } else { *byte }).collect();
            (depth(&document.path), key)
        });
        let mut folders: HashMap<Box<[u8]>, u32> = HashMap::new();
        let mut documents: Vec<TreeDocument> = Vec::with_capacity(found.len());
        for mut document in found {
            document.parent = match parent_path(&document.path) {
                None => TOP,
                Some(parent) => match folders.get(parent) {
                    Some(place) => *place,
                    None => continue,
                },
            };
            let place = documents.len() as u32;
            if document.folder {
                folders.insert(document.path.clone(), place);
            }
            documents.push(document);
        }
        let by_iid = documents.iter().enumerate().map(|(place, document)| (document.iid, place as u32)).collect();
        DocumentTree { documents, by_iid }
    }

    /// How many documents the tree has.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether the course has no documents.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The document with the primary key `iid`.
    pub fn get(&self, iid: i64) -> Option<&TreeDocument> {
        self.documents.get(*self.by_iid.get(&iid)? as usize)
    }

    /// The documents in the folder `folder` (`None`: the Document folder itself), in the order of their names.
    pub fn children(&self, folder: Option<i64>) -> &[TreeDocument] {
        let Some(parent) = self.place_of(folder) else { return &[] };
        let start = self.documents.partition_point(|document| order(document.parent) < order(parent));
        let rest = self.documents.get(start..).unwrap_or_default();
        let end = rest.partition_point(|document| document.parent == parent);
        rest.get(..end).unwrap_or_default()
    }

    /// The document `name` in the folder `folder`.
    pub fn child(&self, folder: Option<i64>, name: &[u8]) -> Option<&TreeDocument> {
        let children = self.children(folder);
        children.binary_search_by(|document| document.name().cmp(name)).ok().and_then(|place| children.get(place))
    }

    fn place_of(&self, folder: Option<i64>) -> Option<u32> {
        match folder {
            None => Some(TOP),
            Some(iid) => self.by_iid.get(&iid).copied(),
        }
    }
}

/// The top comes before all folders.
fn order(parent: u32) -> u64 {
    if parent == TOP { 0 } else { u64::from(parent) + 1 }
}

fn depth(path: &[u8]) -> usize {
    path.iter().filter(|byte| **byte == b'/').count()
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

    fn tree(paths: &[&str]) -> DocumentTree {
        let documents = paths.iter().enumerate().map(|(number, path)| TreeDocument {
            iid: number as i64 + 1,
            path: path.trim_end_matches('/').as_bytes().into(),
            folder: path.ends_with('/'),
            parent: TOP,
        });
        DocumentTree::from_documents(documents.collect())
    }

    fn names(documents: &[TreeDocument]) -> Vec<&str> {
        documents.iter().map(|document| std::str::from_utf8(document.name()).unwrap()).collect()
    }

    #[test]
    fn children_stand_under_their_folder_in_the_order_of_names() {
        let tree = tree(&["b/", "b/z.txt", "b/a/", "a-b", "a/", "b/a/deep", "a/x", "a.txt", "b-c/", "b-c/y"]);
        assert_eq!(names(tree.children(None)), ["a", "a-b", "a.txt", "b", "b-c"]);
        let b = tree.child(None, b"b").unwrap().iid;
        assert_eq!(names(tree.children(Some(b))), ["a", "z.txt"]);
        let a = tree.child(Some(b), b"a").unwrap();
        assert_eq!(names(tree.children(Some(a.iid))), ["deep"]);
        assert_eq!(&*tree.child(Some(a.iid), b"deep").unwrap().path, b"b/a/deep");
        assert!(tree.child(Some(b), b"y").is_none());
        assert!(tree.children(Some(999)).is_empty());
        assert_eq!(tree.get(2).unwrap().name(), b"z.txt");
    }

    #[test]
    fn of_two_rows_with_one_path_the_newer_counts() {
        let tree = tree(&["a", "b", "a"]);
        assert_eq!(tree.len(), 2);
        assert_eq!(tree.child(None, b"a").unwrap().iid, 3);
        assert!(tree.get(1).is_none());
    }

    #[test]
    fn a_document_in_a_folder_without_a_row_is_not_in_the_tree() {
        let tree = tree(&["gone/file", "file/", "file/x", "note", "note/below"]);
        assert_eq!(names(tree.children(None)), ["file", "note"]);
        assert_eq!(tree.len(), 3);
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
