//! Courses as files, copied file by file without a mount.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io;

use coursefs::course::create::{NewCourse, create};
use coursefs::course::import::Attachments;
use coursefs::course::tool::Files;
use coursefs::course::{Course, Stamp};
use coursefs::forms::store::{self, Outcome, Stored};
use coursefs::forms::{Place, StoreError, Tree, What, attachments, read, read_folder, write};
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseError, DatabaseExt, Session};

pub fn stamp() -> Stamp {
    Stamp { user: 1, time: "2026-11-27T08:00:00Z".parse().unwrap() }
}

/// The course `code`.
pub fn course_by(portal: &Portal, code: &str) -> Course {
    let found = portal.database().read(|session| Course::by_code(session, code.as_bytes())).unwrap();
    found.unwrap()
}

/// An empty course.
pub fn new_course(portal: &Portal, code: &str) -> Course {
    let new = NewCourse { code: code.into(), title: code.into(), ..NewCourse::default() };
    create(portal, &new, &stamp()).unwrap()
}

fn load(session: &dyn Session, code: &str) -> Result<Tree, DatabaseError> {
    let number = session.int("SELECT id FROM course WHERE code = ?", &[code.into()])?.unwrap();
    let row = session.row("SELECT * FROM course WHERE id = ?", &[number.into()])?.unwrap();
    let documents = coursefs::course::document::load(session, number)?;
    let documents = documents.into_iter().map(|document| (document.path, document.iid)).collect();
    Tree::load(session, row, documents)
}

/// The tree of a course as it is now.
pub fn tree(portal: &Portal, code: &str) -> Tree {
    portal.database().read(|session| load(session, code)).unwrap()
}

/// Everything below the tools' folders, outer ones first.
pub fn walk(tree: &Tree) -> Vec<Place> {
    fn below(tree: &Tree, folder: Place, found: &mut Vec<Place>) {
        for entry in tree.children(folder) {
            found.push(entry.place);
            below(tree, entry.place, found);
        }
    }
    let mut found = Vec::new();
    tree.tools().for_each(|tool| below(tree, tool.place, &mut found));
    found
}

/// The bytes of all files by path.
pub fn files(tree: &Tree) -> BTreeMap<String, Vec<u8>> {
    let files = walk(tree).into_iter().filter(|place| tree.entry(*place).unwrap().what == What::File);
    files.map(|place| (shown(&tree.path(place).unwrap()), write(tree, place).unwrap())).collect()
}

pub fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Takes no files, and makes no folders: rows are all that is looked at.
pub struct NoFiles;

impl Attachments for NoFiles {
    fn place(&mut self, _: &Files, _: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn directory(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Writes `bytes` to `path` in the course, as a program would with cp.
pub fn put(portal: &Portal, code: &str, path: &str, bytes: &[u8]) -> Result<Vec<Stored>, StoreError> {
    put_by(portal, code, path, bytes, &stamp())
}

/// The same at another time or by somebody else.
pub fn put_by(portal: &Portal, code: &str, path: &str, bytes: &[u8], by: &Stamp) -> Result<Vec<Stored>, StoreError> {
    let course = course_by(portal, code);
    let (folder, name) = path.rsplit_once('/').unwrap();
    make_folders(portal, code, folder)?;
    portal.database().write(|session| {
        let tree = load(session, code)?;
        let folder = folder_at(&tree, folder).unwrap();
        let mut there = tree.lookup(folder, name.as_bytes()).map(|entry| entry.place);
        let mut stored = Vec::new();
        for draft in read(&tree, folder, name.as_bytes(), bytes, by)? {
            stored.push(match there.take().filter(|file| !store::is_namesake(&tree, *file, &draft)) {
                Some(file) => store::update(session, &course, by, &tree, file, draft)?,
                None => store::insert(session, &course, by, &tree, draft, &mut NoFiles)?,
            });
        }
        Ok(stored)
    })
}

/// Makes the folders of `path` that are not there.
fn make_folders(portal: &Portal, code: &str, path: &str) -> Result<(), StoreError> {
    let course = course_by(portal, code);
    let mut parent = String::new();
    for name in path.split('/') {
        let whole = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
        portal.database().write(|session| {
            let tree = load(session, code)?;
            if folder_at(&tree, &whole).is_none() {
                let draft = read_folder(&tree, folder_at(&tree, &parent).unwrap(), name.as_bytes(), &stamp())?;
                store::insert(session, &course, &stamp(), &tree, draft, &mut NoFiles)?;
            }
            Ok::<_, StoreError>(())
        })?;
        parent = whole;
    }
    Ok(())
}

/// The folder at `path`.
pub fn folder_at(tree: &Tree, path: &str) -> Option<Place> {
    let mut names = path.split('/');
    let mut place = Tree::tool(names.next()?.as_bytes())?;
    for name in names {
        place = tree.lookup(place, name.as_bytes())?.place;
    }
    Some(place)
}

/// The file at `path`.
pub fn file_at(tree: &Tree, path: &str) -> Option<Place> {
    let (folder, name) = path.rsplit_once('/')?;
    Some(tree.lookup(folder_at(tree, folder)?, name.as_bytes())?.place)
}

/// Copies all files of one course into another, one after the other in the order of `order`; then sets the references
/// that had to wait. Returns what became of the files.
pub fn copy(portal: &Portal, from: &str, to: &str, order: &dyn Fn(&mut Vec<Place>, &Tree)) -> Vec<(String, Outcome)> {
    let source = tree(portal, from);
    let mut places = walk(&source);
    order(&mut places, &source);
    let mut outcomes = Vec::new();
    let mut pending = Vec::new();
    let course = course_by(portal, to);
    for place in places {
        let path = shown(&source.path(place).unwrap());
        match source.entry(place).unwrap().what {
            What::File => {
                let stored = put(portal, to, &path, &write(&source, place).unwrap());
                for stored in stored.unwrap_or_else(|error| panic!("{path}: {error}")) {
                    outcomes.push((path.clone(), stored.outcome));
                    pending.extend(stored.pending);
                }
            }
            What::Attachment => {
                let (item, name) = path.rsplit_once('/').unwrap();
                let (folder, files) = item.rsplit_once('/').unwrap();
                make_folders(portal, to, folder).unwrap();
                let stored = source.stored_file(place).unwrap().name.clone();
                let size = size_of(&source, place);
                portal
                    .database()
                    .write(|session| {
                        let tree = load(session, to)?;
                        let folder = folder_at(&tree, folder).unwrap();
                        // Attachments that come before their item wait for it; here they come after.
                        let place = tree.lookup(folder, files.as_bytes()).unwrap().place;
                        let Place::Attachments(kind, key) = place else { panic!("{path}") };
                        let file = Place::File(kind, key);
                        attachments::attach(session, &course, &stamp(), &tree, file, name.as_bytes(), (&stored, size))?;
                        Ok::<_, StoreError>(())
                    })
                    .unwrap();
            }
            What::Folder | What::Package => {}
        }
    }
    portal
        .database()
        .write(|session| {
            let tree = load(session, to)?;
            pending = store::settle(session, &tree, &pending)?;
            Ok::<_, DatabaseError>(())
        })
        .unwrap();
    outcomes
}

/// The size that the row of an attachment tells.
fn size_of(tree: &Tree, attachment: Place) -> u64 {
    let Place::Attachment(table, key) = attachment else { panic!("{attachment:?}") };
    for (kind, items) in tree.items().iter() {
        for item in items {
            for (child, rows) in kind.table.children.iter().zip(&item.record.children) {
                if let Some(row) = rows.iter().find(|row| child.name == table && row.key(child) == Some(key)) {
                    return row.int("size").unwrap().try_into().unwrap();
                }
            }
        }
    }
    0
}
