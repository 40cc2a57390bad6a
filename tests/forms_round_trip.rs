//! Items as files, and back: nothing is lost, for every tool.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use coursefs::course::Stamp;
use coursefs::course::item::{Item, Record};
use coursefs::course::tool::{Role, Table};
use coursefs::forms::{Draft, Place, Tree, What, read, write};
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseExt, Value};
use coursefs::sample;
use reference_support::rows::{RARE, execute, value};
use reference_support::{CODE, course, portal};

fn stamp() -> Stamp {
    Stamp { user: 1, time: "2026-11-27T08:00:00Z".parse().unwrap() }
}

fn tree(portal: &Portal, code: &str) -> Tree {
    let number = course(portal, code);
    portal
        .database()
        .read(|session| {
            let row = session.row("SELECT * FROM course WHERE id = ?", &[number.into()])?.unwrap();
            let documents = coursefs::course::document::load(session, number)?;
            let documents = documents.into_iter().map(|document| (document.path, document.iid)).collect();
            Tree::load(session, row, documents)
        })
        .unwrap()
}

/// All files below the tools' folders, with their folders.
fn files(tree: &Tree) -> Vec<(Place, Vec<u8>, Place)> {
    fn below(tree: &Tree, folder: Place, found: &mut Vec<(Place, Vec<u8>, Place)>) {
        for entry in tree.children(folder) {
            match entry.what {
                What::Folder => below(tree, entry.place, found),
                What::File => found.push((folder, entry.name.clone(), entry.place)),
                What::Attachment | What::Package => {}
            }
        }
    }
    let mut found = Vec::new();
    tree.tools().for_each(|tool| below(tree, tool.place, &mut found));
    found
}

/// Columns in which two records differ, keys, references and sessions left aside.
fn differences(table: &'static Table, there: &Record, read: &Record, place: &str, found: &mut Vec<String>) {
    for (column, _) in there.iter().chain(read.iter()) {
        let role = table.role(column);
        let is_file = table.files.is_some_and(|files| files.column == column);
        let other = matches!(role, Role::Key | Role::Session | Role::Private | Role::User);
        let reference =
            matches!(role, Role::Reference(_) | Role::Late(_) | Role::ReferenceBy(..) | Role::ReferenceByParent(..));
        let (mut there, mut read) = (value(table, there, column), value(table, read, column));
        if reference {
            // Where they lead is another question; here only whether they lead anywhere.
            let leads = |text: Option<Vec<u8>>| {
                text.map(|text| if text.is_empty() || text == b"0" { text } else { b"somewhere".into() })
            };
            (there, read) = (leads(there), leads(read));
        }
        if !other && !is_file && there != read {
            let shown = |text: Option<Vec<u8>>| text.map(|text| String::from_utf8_lossy(&text).into_owned());
            found.push(format!("{place} {}.{column}: {:?} became {:?}", table.name, shown(there), shown(read)));
        }
    }
    for ((child, there), read) in table.children.iter().zip(&there.children).zip(&read.children) {
        if there.len() != read.len() {
            found.push(format!("{place} {}: {} rows became {}", child.name, there.len(), read.len()));
        }
        for (there, read) in there.iter().zip(read) {
            differences(child, there, read, place, found);
        }
    }
}

/// The property row that counts, as text.
fn property(item: &Item) -> Vec<Option<Vec<u8>>> {
    let columns = ["visibility", "insert_date", "lastedit_date", "lastedit_type", "start_visible", "end_visible"];
    let row = item.newest_property();
    columns.iter().map(|column| row.and_then(|row| row.get(column).to_text())).collect()
}

/// Writes every file of the course, reads it again, and tells what differs.
fn lost(portal: &Portal, code: &str) -> (usize, Vec<String>) {
    let tree = tree(portal, code);
    let mut found = Vec::new();
    let files = files(&tree);
    for (folder, name, place) in &files {
        let shown = String::from_utf8_lossy(&tree.path(*place).unwrap()).into_owned();
        let bytes = write(&tree, *place).unwrap();
        let drafts = match read(&tree, *folder, name, &bytes, &stamp()) {
            Ok(drafts) => drafts,
            Err(error) => panic!("{shown}: {error}\n{}", String::from_utf8_lossy(&bytes)),
        };
        let [draft]: &[Draft] = drafts.as_slice() else { panic!("{shown}: {} drafts", drafts.len()) };
        assert_eq!(draft.waiting, [], "{shown}");
        let items = tree.items_of(*place);
        assert_eq!(items.len(), draft.items.len(), "{shown}");
        for (there, read) in items.iter().zip(&draft.items) {
            assert_eq!(there.kind.key, read.kind.key);
            differences(&there.kind.table, &there.record, &read.record, &shown, &mut found);
            if property(there) != property(read) {
                found.push(format!("{shown}: property rows differ: {:?} {:?}", property(there), property(read)));
            }
            let fields = |item: &Item| item.fields.iter().map(|row| row.get("value").clone()).collect::<Vec<Value>>();
            assert_eq!(fields(there), fields(read), "{shown}");
        }
    }
    (files.len(), found)
}

#[test]
fn every_item_of_the_sample_courses_comes_back_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let portal = support::portals::init(folder.path());
    let mut count = 0;
    for course in sample::fill(&portal).unwrap() {
        let (files, lost) = lost(&portal, std::str::from_utf8(&course.code).unwrap());
        assert_eq!(lost, Vec::<String>::new());
        count += files;
    }
    assert!(count > 5, "{count}");
}

#[test]
fn every_item_of_the_reference_course_comes_back_from_its_file() {
    let (_folder, portal) = portal();
    let (files, lost) = lost(&portal, CODE);
    assert_eq!(lost, Vec::<String>::new());
    assert!(files > 3, "{files}");
}

#[test]
fn what_is_rare_in_rows_comes_back_from_files_too() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    assert_eq!(lost(&portal, CODE).1, Vec::<String>::new());
}
