//! A restored course has the same items as the one that the archive was made of, and a second restore adds nothing.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use coursefs::backup::restore::{Options, Report, restore};
use coursefs::course::Course;
use coursefs::course::document;
use coursefs::course::item::{Item, Record};
use coursefs::course::tool::{Kind, Role, Table};
use coursefs::portal::Portal;
use coursefs::portal::database::DatabaseExt;
use reference_support::rows::{RARE, execute, load, value};
use reference_support::{CODE, backup, chamilos_backup, portal};

/// Code and folder of the course that is restored into, as long as that of the other: lengths in rows stay the same.
const COPY: &str = "COP000";

fn restored(portal: &Portal, archive: &Path) -> Report {
    restore(portal, COPY, archive, Options { create: true, ..Options::default() }, &mut |_, _| {}).unwrap()
}

/// Places of rows by table and key.
type Places = HashMap<(&'static str, i64), String>;

fn places(kinds: &[(&'static Kind, Vec<Item>)]) -> Places {
    fn add(table: &'static Table, record: &Record, place: String, places: &mut Places) {
        for (child, records) in table.children.iter().zip(&record.children) {
            for (number, record) in records.iter().enumerate() {
                add(child, record, format!("{place} {} {number}", child.name), places);
            }
        }
        if let Some(key) = record.key(table) {
            places.insert((table.name, key), place);
        }
    }
    let mut places = Places::new();
    for (kind, items) in kinds {
        for (number, item) in items.iter().enumerate() {
            add(&kind.table, &item.record, format!("{} {number}", kind.key), &mut places);
        }
    }
    places
}

/// What an item says, without keys and without what differs from course to course. Items are compared in the order of
/// it, since their own order may be one of keys.
fn data(item: &Item) -> Vec<Option<Vec<u8>>> {
    let table = &item.kind.table;
    let columns = item.record.iter().filter(|(column, _)| matches!(table.role(column), Role::Data));
    columns.map(|(column, _)| value(table, &item.record, column)).collect()
}

/// Paths of the documents of a course by key.
fn documents_of(portal: &Portal, code: &str) -> HashMap<i64, Vec<u8>> {
    let documents = portal.database().read(|session| {
        let course = Course::by_code(session, code.as_bytes())?.unwrap();
        document::load(session, course.id)
    });
    documents.unwrap().into_iter().map(|document| (document.iid, document.path)).collect()
}

/// One course's side of a comparison.
struct Side {
    kinds: Vec<(&'static Kind, Vec<Item>)>,
    places: Places,
    /// Paths of the documents by key.
    documents: HashMap<i64, Vec<u8>>,
    code: &'static str,
}

impl Side {
    fn new(portal: &Portal, code: &'static str) -> Side {
        let loaded = load(portal, code);
        let mut kinds: Vec<_> = loaded.iter().map(|(kind, items)| (kind, items.to_vec())).collect();
        for (_, items) in &mut kinds {
            items.sort_by_cached_key(data);
        }
        let documents = documents_of(portal, code);
        Side { places: places(&kinds), documents, kinds, code }
    }

    /// The value of a column without what differs from course to course.
    fn neutral(
        &self,
        table: &Table,
        record: &Record,
        parent: Option<(&Table, &Record)>,
        column: &str,
    ) -> Option<String> {
        let text = value(table, record, column).map(|text| String::from_utf8_lossy(&text).into_owned());
        match table.role_in(column, record, parent) {
            Role::Key | Role::Session => None,
            Role::Html => text.map(|text| text.replace(self.code, "{C}")),
            Role::Reference("c_document") => {
                let path = record.int(column).and_then(|key| self.documents.get(&key));
                path.map(|path| String::from_utf8_lossy(path).into_owned())
            }
            Role::Reference(target) | Role::Late(target) => {
                let key = record.int(column).filter(|key| *key != 0)?;
                Some(self.places.get(&(target, key)).unwrap_or_else(|| panic!("{column} {key} dangles")).clone())
            }
            _ if table.files.is_some_and(|files| files.column == column) => None,
            _ => text,
        }
    }
}

fn compare(
    table: &'static Table,
    sides: [&Side; 2],
    records: [&Record; 2],
    parents: Option<(&Table, [&Record; 2])>,
    place: &str,
    found: &mut Vec<String>,
) {
    let [one, other] = sides;
    let parent = |side: usize| parents.map(|(table, records)| (table, records[side]));
    for (column, _) in records[0].iter() {
        let one = one.neutral(table, records[0], parent(0), column);
        let other = other.neutral(table, records[1], parent(1), column);
        if one != other {
            found.push(format!("{place} {}.{column}: {one:?} became {other:?}", table.name));
        }
    }
    for ((child, rows), restored) in table.children.iter().zip(&records[0].children).zip(&records[1].children) {
        if rows.len() != restored.len() {
            found.push(format!("{place}: {} {} became {}", rows.len(), child.name, restored.len()));
        }
        for (row, restored) in rows.iter().zip(restored) {
            compare(child, sides, [row, restored], Some((table, records)), place, found);
        }
    }
}

/// What differs between the reference course and the restored one.
fn differences(portal: &Portal) -> Vec<String> {
    let sides = [Side::new(portal, CODE), Side::new(portal, COPY)];
    let mut found = Vec::new();
    for ((kind, items), (_, restored)) in sides[0].kinds.iter().zip(&sides[1].kinds) {
        if items.len() != restored.len() {
            found.push(format!("{}: {} items became {}", kind.key, items.len(), restored.len()));
        }
        for (item, restored) in items.iter().zip(restored) {
            let place = format!("{}[{:?}]", kind.key, item.key());
            let records = [&item.record, &restored.record];
            compare(&kind.table, [&sides[0], &sides[1]], records, None, &place, &mut found);
            let visibility =
                |item: &Item| item.newest_property().map(|row| (row.int("visibility"), row.text("lastedit_type")));
            if visibility(item) != visibility(restored) {
                found.push(format!("{place}: property row {:?}", visibility(restored)));
            }
        }
    }
    found
}

fn added(report: &Report) -> usize {
    report.items.iter().map(|(_, outcome)| outcome.added).sum()
}

#[test]
fn the_reference_course_restored_from_our_archive_is_the_same_course() {
    let (folder, portal) = portal();
    let report = restored(&portal, &backup(&portal, CODE, folder.path()));
    assert!(added(&report) > 20 && report.lost_references == 0, "{report:?}");
    assert_eq!(differences(&portal), Vec::<String>::new());
}

#[test]
fn what_is_rare_in_rows_survives_a_restore() {
    let (folder, portal) = portal();
    execute(&portal, RARE);
    let archive = backup(&portal, CODE, folder.path());
    restored(&portal, &archive);
    assert_eq!(differences(&portal), Vec::<String>::new());
    let again = restored(&portal, &archive);
    assert_eq!(added(&again), 0, "{again:?}");
}

#[test]
fn chamilos_archive_restored_twice_adds_its_items_once() {
    let (_folder, portal) = portal();
    let first = restored(&portal, &chamilos_backup());
    assert!(added(&first) > 20, "{first:?}");
    let again = restored(&portal, &chamilos_backup());
    let kinds: Vec<_> = again.items.iter().filter(|(_, outcome)| outcome.added > 0).collect();
    assert!(kinds.is_empty(), "{kinds:?}");
}

#[test]
fn a_wiki_page_keeps_its_versions_together_and_its_configuration_once() {
    let (folder, portal) = portal();
    execute(&portal, RARE);
    restored(&portal, &backup(&portal, CODE, folder.path()));
    let sql = "SELECT w.reflink, w.version, p.reflink AS first, p.version AS number, count(c.iid) AS configurations
        FROM c_wiki w JOIN course k ON k.id = w.c_id AND k.code = ?
        LEFT JOIN c_wiki p ON p.iid = w.page_id LEFT JOIN c_wiki_conf c ON c.page_id = w.iid AND c.c_id = w.c_id
        GROUP BY w.iid ORDER BY w.iid";
    let rows = portal.database().read(|session| session.rows(sql, &[COPY.into()])).unwrap();
    let pages: Vec<_> = rows
        .iter()
        .map(|row| {
            let numbers = [row.int("version"), row.int("number"), row.int("configurations")];
            (row.text("reflink"), row.text("first"), numbers.map(Option::unwrap))
        })
        .collect();
    let page = |name: &str, numbers| (name.to_owned(), name.to_owned(), numbers);
    assert_eq!(pages, [page("index", [1, 1, 1]), page("plants", [1, 1, 1]), page("plants", [2, 1, 0])]);
}

#[test]
fn rows_below_an_item_get_the_property_rows_that_chamilo_shows_them_by() {
    // The attachment of the reference course has none; ours tells so, Chamilo's archive tells nothing of them.
    for (ours, attachments) in [(true, 0), (false, 1)] {
        let (folder, portal) = portal();
        let archive = if ours { backup(&portal, CODE, folder.path()) } else { chamilos_backup() };
        restored(&portal, &archive);
        let sql = "SELECT count(*) AS n FROM c_item_property p JOIN course k ON k.id = p.c_id AND k.code = ?
            WHERE p.tool = ? AND p.visibility = 1";
        for (tool, rows) in [("thematic_plan", 4), ("thematic_advance", 4), ("calendar_event_attachment", attachments)]
        {
            let found = portal.database().read(|session| session.int(sql, &[COPY.into(), tool.into()])).unwrap();
            assert_eq!(found, Some(rows), "{tool}, ours: {ours}");
        }
    }
}

#[test]
fn an_assignment_has_its_folder_and_a_students_work_stays_behind() {
    let (folder, portal) = portal();
    let archive = backup(&portal, CODE, folder.path());
    restored(&portal, &archive);
    let listed = Command::new("unzip").arg("-Z1").arg(&archive).output().unwrap().stdout;
    let listed = String::from_utf8(listed).unwrap();
    let work: Vec<&str> = listed.lines().filter(|name| name.starts_with("work/")).collect();
    assert_eq!(work, ["work/essay/", "work/report/"]);
    for name in ["essay", "report"] {
        let restored = portal.root().join("app/courses").join(COPY).join("work").join(name);
        assert_eq!(std::fs::read_dir(restored).unwrap().count(), 0);
    }
}
