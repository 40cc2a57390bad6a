//! What is written into an archive is read back equal: every column of every row of every tool.
#![allow(clippy::unwrap_used)]

mod reference_support;

use std::collections::HashMap;

use coursefs::backup::resource;
use coursefs::course::item::{Items, Record};
use coursefs::course::tool::{Kind, Role, TOOLS, Table};
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseExt, Row, Value};
use coursefs::portal::schema;
use coursefs::sample;
use reference_support::{CODE, chamilos_backup, course, course_of, portal, resources, written};

fn load(portal: &Portal, code: &str) -> Items {
    let number = course(portal, code);
    portal
        .database()
        .read(|session| {
            let row = session.row("SELECT * FROM course WHERE id = ?", &[number.into()])?.unwrap();
            Items::load(session, row, HashMap::new())
        })
        .unwrap()
}

fn execute(portal: &Portal, statements: &[&str]) {
    portal
        .database()
        .write(|session| {
            for sql in statements {
                session.execute(sql, &[])?;
            }
            Ok::<_, coursefs::portal::database::DatabaseError>(())
        })
        .unwrap();
}

/// The value of a column as the database would have it.
fn value(table: &Table, record: &Record, column: &str) -> Option<Vec<u8>> {
    let known = schema::columns(table.name).iter().find(|known| known.name == column);
    let value = record.find(column).cloned().or_else(|| known.map(schema::Column::empty));
    value.unwrap_or(Value::Null).to_text()
}

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
    let portal = Portal::init(folder.path()).unwrap();
    for course in sample::fill(&portal).unwrap() {
        assert_eq!(lost(&portal, std::str::from_utf8(&course.code).unwrap()), Vec::<String>::new());
    }
}

#[test]
fn every_column_of_the_reference_course_comes_back() {
    let (_folder, portal) = portal();
    assert_eq!(lost(&portal, CODE), Vec::<String>::new());
}

/// Rows of the reference course with what it lacks: NULLs, second attachments, repeated events, rooms, pages' tasks.
const RARE: &[&str] = &[
    "INSERT INTO room (id, title) VALUES (3, 'Lab')",
    "UPDATE c_calendar_event SET room_id = 3, parent_event_id = 10, comment = 'Bring a coat', content = NULL WHERE iid = 11",
    "INSERT INTO c_calendar_event_attachment (id, c_id, path, comment, size, agenda_id, filename)
        VALUES (5, 4, 'fedcba', NULL, 3, 10, 'second.txt')",
    "INSERT INTO c_calendar_event_repeat (cal_id, c_id, cal_type, cal_end, cal_frequency, cal_days)
        VALUES (10, 4, 'weekly', 1717000000, 1, NULL)",
    "INSERT INTO c_calendar_event_repeat_not (cal_id, c_id, cal_date) VALUES (10, 4, 1716000000)",
    "INSERT INTO c_announcement_attachment (id, c_id, path, comment, size, announcement_id, filename)
        SELECT 99, 4, 'abcdef', '', 3, announcement_id, 'second.txt' FROM c_announcement_attachment",
    "UPDATE c_thematic_advance SET room_id = 3 WHERE iid = 14",
    "UPDATE c_course_description SET progress = 40, title = NULL WHERE iid = 10",
    "UPDATE c_attendance SET description = NULL, attendance_weight = 2.5 WHERE iid = 4",
    "UPDATE c_student_publication SET description = NULL, title = NULL, qualificator_id = 5 WHERE iid = 13",
    "UPDATE c_student_publication SET active = 0, qualification = 7.25 WHERE iid = 15",
    "UPDATE c_student_publication_assignment SET expires_on = '2024-06-01 10:00:00', ends_on = '2024-05-01 10:00:00',
        enable_qualification = 0, add_to_calendar = 12 WHERE iid = 7",
    "INSERT INTO c_student_publication_rel_document (c_id, id, work_id, document_id) SELECT 4, 1, 13, iid
        FROM c_document WHERE c_id = 4 AND filetype = 'file' LIMIT 1",
    "UPDATE c_wiki SET comment = 'why', tag = 'green', editlock = 1, visibility = 0, score = 4, session_id = NULL
        WHERE iid = 12",
    "UPDATE c_wiki_conf SET task = '<p>Write.</p>', max_version = 3, enddate_assig = '2024-06-01 10:00:00'
        WHERE page_id = 11",
    "UPDATE c_tool_intro SET intro_text = '' WHERE iid = 11",
];

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
        assert_eq!(records.len(), items.of(kind.key).len(), "{}", kind.key);
        for (there, read) in items.of(kind.key).iter().zip(&records) {
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
