//! Rows of courses as items, and rare rows for the reference course.

use std::collections::HashMap;

use coursefs::course::item::{Items, Record};
use coursefs::course::tool::Table;
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseError, DatabaseExt, Value};
use coursefs::portal::schema;

use super::course;

/// The items of a course.
pub fn load(portal: &Portal, code: &str) -> Items {
    let number = course(portal, code);
    portal
        .database()
        .read(|session| {
            let row = session.row("SELECT * FROM course WHERE id = ?", &[number.into()])?.unwrap();
            Items::load(session, row, HashMap::new())
        })
        .unwrap()
}

/// Runs statements in one transaction.
pub fn execute(portal: &Portal, statements: &[&str]) {
    portal
        .database()
        .write(|session| {
            for sql in statements {
                session.execute(sql, &[])?;
            }
            Ok::<_, DatabaseError>(())
        })
        .unwrap();
}

/// The value of a column as the database would have it.
pub fn value(table: &Table, record: &Record, column: &str) -> Option<Vec<u8>> {
    let known = schema::columns(table.name).iter().find(|known| known.name == column);
    let value = record.find(column).cloned().or_else(|| known.map(schema::Column::empty));
    value.unwrap_or(Value::Null).to_text()
}

/// Rows of the reference course with what it lacks: NULLs, second attachments, repeated events, rooms, pages' tasks.
pub const RARE: &[&str] = &[
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
    "UPDATE gradebook_category SET document_id = (SELECT min(iid) FROM c_document WHERE c_id = 4 AND filetype = 'file'),
        description = NULL, locked = 1, default_lowest_eval_exclude = 1, generate_certificates = 1, weight = 37.5
        WHERE id = 8",
    "UPDATE gradebook_evaluation SET description = NULL, locked = 1, type = 'other', max = 12.25 WHERE id = 7",
    "INSERT INTO gradebook_link (type, ref_id, user_id, course_code, category_id, created_at, weight, visible, locked)
        VALUES (10, 0, 3, 'REF000', 8, '2024-03-01 09:00:00', 5, 0, 1)",
    "UPDATE c_tool_intro SET intro_text = '' WHERE iid = 11",
];
