//! What is written into an archive is read back equal: every column of every row of every tool.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use coursefs::backup::resource;
use coursefs::course::item::Record;
use coursefs::course::tool::{Kind, Role, TOOLS, Table};
use coursefs::portal::Portal;
use coursefs::portal::database::Row;
use coursefs::sample;
use reference_support::rows::{RARE, execute, load, value};
use reference_support::{CODE, chamilos_backup, course_of, portal, resources, written};
use support::portals;

/// Columns in which two records differ, keys and sessions left aside.
fn differences(table: &'static Table, there: &Record, read: &Record, place: &str, found: &mut Vec<String>) {
    for (column, _) in there.iter().chain(read.iter()) {
        let is_file = table.files.is_some_and(|files| files.column == column);
        if matches!(table.role(column), Role::Key | Role::Session) && !is_file {
            continue;
        }
        let (there, read) = (value(table, there, column), value(table, read, column));
        if there != read {
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

/// Property rows as text.
fn shown(rows: &[Row]) -> Vec<Vec<(String, Option<Vec<u8>>)>> {
    let pairs = |row: &Row| row.iter().map(|(name, value)| (name.to_owned(), value.to_text())).collect();
    rows.iter().map(pairs).collect()
}

/// Writes the course, reads it again and tells what differs.
fn lost(portal: &Portal, code: &str) -> Vec<String> {
    let written = written(portal, code);
    let mut found = Vec::new();
    for (kind, items) in load(portal, code).iter() {
        let read = resource::read(kind, &resources(&written, kind.key));
        assert!(read.strange.is_empty());
        if read.items.len() != items.len() {
            found.push(format!("{}: {} items became {}", kind.key, items.len(), read.items.len()));
        }
        for (there, read) in items.iter().zip(&read.items) {
            let place = format!("{code} {}[{}]", kind.key, String::from_utf8_lossy(&there.key().to_text().unwrap()));
            assert_eq!(there.key().to_text(), read.key().to_text());
            differences(&kind.table, &there.record, &read.record, &place, &mut found);
            if shown(&there.properties) != shown(&read.properties) {
                found.push(format!("{place}: property rows differ"));
            }
        }
    }
    found
}

#[test]
fn every_column_of_the_sample_courses_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    for course in sample::fill(&portal).unwrap() {
        assert_eq!(lost(&portal, std::str::from_utf8(&course.code).unwrap()), Vec::<String>::new());
    }
}

#[test]
fn every_column_of_the_reference_course_comes_back() {
    let (_folder, portal) = portal();
    assert_eq!(lost(&portal, CODE), Vec::<String>::new());
}

#[test]
fn what_is_rare_in_rows_comes_back_too() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    let events = load(&portal, CODE);
    assert!(events.of("calendar_event").iter().any(|event| event.record.children.iter().all(|rows| !rows.is_empty())));
    assert_eq!(lost(&portal, CODE), Vec::<String>::new());
}

#[test]
fn an_assignment_without_settings_comes_back_without() {
    let (_folder, portal) = portal();
    execute(&portal, &["DELETE FROM c_student_publication_assignment"]);
    assert_eq!(lost(&portal, CODE), Vec::<String>::new());
}

/// The kinds of Chamilo's own archive that are told by one object an item.
fn of_chamilo(kind: &'static Kind) -> Vec<Record> {
    let found = resource::read(kind, &resources(&course_of(&chamilos_backup()), kind.key));
    assert!(found.strange.is_empty());
    found.items.into_iter().map(|item| item.record).collect()
}

#[test]
fn chamilos_own_archive_reads_into_the_rows_that_it_was_made_of() {
    let (_folder, portal) = portal();
    let items = load(&portal, CODE);
    let mut compared = 0;
    for kind in TOOLS.iter().flat_map(|tool| tool.kinds) {
        let records = of_chamilo(kind);
        // Chamilo archives the first post of a thread only, and no deleted tests.
        let all = items.of(kind.key).iter().filter(|item| item.record.int("active") != Some(-1)).count();
        assert!(records.len() == all || kind.key == "post", "{}", kind.key);
        for read in &records {
            let key = read.get(kind.table.key).to_text();
            let there =
                items.of(kind.key).iter().find(|item| item.record.get(kind.table.key).to_text() == key).unwrap();
            for (column, _) in read.iter().filter(|(column, _)| !matches!(kind.table.role(column), Role::Key)) {
                let (there, read) = (value(&kind.table, &there.record, column), value(&kind.table, read, column));
                assert_eq!(there, read, "{} {column}", kind.key);
                compared += 1;
            }
            for (child, records) in kind.table.children.iter().zip(&read.children) {
                let rows = there.record.children_of(&kind.table, child.name);
                for (row, record) in rows.iter().zip(records) {
                    for (column, _) in record.iter().filter(|(column, _)| !matches!(child.role(column), Role::Key)) {
                        assert_eq!(value(child, row, column), value(child, record, column), "{} {column}", child.name);
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn an_assignment_of_chamilos_archive_has_settings_as_its_importer_makes_them() {
    let kind = TOOLS.iter().flat_map(|tool| tool.kinds).find(|kind| kind.key == "work").unwrap();
    let settings: Vec<_> = of_chamilo(kind)
        .iter()
        .map(|record| {
            let rows = record.children_of(&kind.table, "c_student_publication_assignment");
            rows.iter().map(|row| (row.int("id"), row.int("enable_qualification"))).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(settings, [[(Some(7), Some(1))], [(Some(8), Some(0))]]);
}

#[test]
fn what_would_stop_chamilos_importer_is_not_in_its_form() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    let course = written(&portal, CODE);
    let params = resources(&course, "work").get_int(13).and_then(|work| work.get("params")).cloned().unwrap();
    for column in ["title", "description"] {
        assert_eq!(params.get(column).and_then(|value| value.as_text()).as_deref(), Some(""), "{column}");
    }
    // An end before the expiry.
    assert_eq!(params.get("expires_on").and_then(|date| date.as_text()).as_deref(), Some("2024-06-01 10:00:00"));
    assert!(params.get("ends_on").is_none() && params.get("enableEndDate").is_none());
    let thematic = resources(&course, "thematic");
    let advances = thematic.get_int(7).and_then(|thematic| thematic.get("thematic_advance_list")).unwrap().entries();
    assert!(advances.iter().all(|(_, advance)| advance.get("room_id").unwrap().is_null()));
}
