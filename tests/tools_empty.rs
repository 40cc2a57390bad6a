//! Removing items leaves nothing of them, nor of what users did with them.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use coursefs::course::Course;
use coursefs::course::empty;
use coursefs::course::tool::{Owner, TOOLS, Table};
use coursefs::portal::database::{DatabaseError, DatabaseExt, Session};
use reference_support::rows::{RARE, execute, load};
use reference_support::{CODE, portal};

/// What students left in the reference course.
const USERS: &[&str] = &[
    "INSERT INTO c_attendance_sheet (c_id, presence, user_id, attendance_calendar_id) VALUES (4, 1, 5, 10)",
    "INSERT INTO c_attendance_result (id, c_id, user_id, attendance_id, score) VALUES (1, 4, 5, 4, 1)",
    "INSERT INTO c_student_publication_comment (c_id, id, work_id, comment, user_id, sent_at)
        VALUES (4, 1, 14, 'Good', 3, '2024-05-02 10:00:00')",
    "INSERT INTO c_wiki_discuss (c_id, id, publication_id, userc_id, comment, dtime)
        VALUES (4, 1, 11, 5, 'Why?', '2024-05-02 10:00:00')",
    "INSERT INTO c_wiki_mailcue (c_id, id, type, user_id) VALUES (4, 11, 'P', 5)",
];

/// How many rows the course has in `table` and the tables below it.
fn rows(session: &dyn Session, course: &Course, table: &Table, found: &mut Vec<(&'static str, i64)>) {
    let (owner, value) = match table.owner {
        Owner::Number => ("c_id", course.id.into()),
        Owner::Code => ("course_code", course.code.clone().into()),
        // Counted with the row that they belong to, which must be gone.
        Owner::Parent => return,
    };
    let number = session.int(&format!("SELECT count(*) FROM `{}` WHERE `{owner}` = ?", table.name), &[value]).unwrap();
    found.push((table.name, number.unwrap()));
    for child in table.children {
        rows(session, course, child, found);
    }
}

#[test]
fn nothing_of_a_removed_item_is_left() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    execute(&portal, USERS);
    let course = portal.database().read(|session| Course::by_code(session, CODE.as_bytes())).unwrap().unwrap();
    let items = load(&portal, CODE);
    let count = |session: &dyn Session| {
        let mut found = Vec::new();
        for kind in TOOLS.iter().flat_map(|tool| tool.kinds) {
            rows(session, &course, &kind.table, &mut found);
        }
        let sql = "SELECT count(*) FROM c_item_property WHERE c_id = ? AND tool IN ('work', 'wiki', 'thematic',
            'thematic_plan', 'thematic_advance', 'calendar_event', 'attendance', 'course_description')";
        found.push(("c_item_property", session.int(sql, &[course.id.into()]).unwrap().unwrap()));
        Ok::<_, DatabaseError>(found)
    };
    let before = portal.database().read(count).unwrap();
    assert!(before.iter().filter(|(_, rows)| *rows > 0).count() > 15, "{before:?}");
    portal
        .database()
        .write(|session| {
            for (kind, items) in items.iter() {
                for item in items {
                    empty::delete(session, kind, &course, &item.record)?;
                }
            }
            Ok::<_, DatabaseError>(())
        })
        .unwrap();
    let left: Vec<_> = portal.database().read(count).unwrap().into_iter().filter(|(_, rows)| *rows > 0).collect();
    assert_eq!(left, []);
}
