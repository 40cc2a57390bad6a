//! Deleting a course as Chamilo 1.11 deletes it (CourseManager::delete_course): every row that belongs to it, in one
//! transaction; its folder goes to `app/cache/<directory>_<time>` after that, where an administrator finds it with a
//! dump of the course's rows.
//!
//! Which tables hold rows of a course is asked of the database: all that know a course by number or code, those of
//! plugins and those that Chamilo's own deletion leaves behind too. Rows elsewhere that a foreign key would hold the
//! course's rows back for are deleted with them, or let go of the course where they are somebody else's (`DETACHED`).
//! A course that is a requirement of others is not deleted.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use super::tool::{Owner, TOOLS, Table};
use super::{Course, Stamp};
use crate::portal::database::{DatabaseError, DatabaseExt, ForeignKey, Row, Session, Value};
use crate::portal::journal::{Journal, Witness};
use crate::portal::staging::{CACHE, Staging};
use crate::portal::storage::Folder;
use crate::portal::{Portal, crash};

/// How tables know their course: the column, and whether it holds the course's number (else its code).
const OWNERS: [(&str, bool); 3] = [("c_id", true), ("course_id", true), ("course_code", false)];

/// Tables that keep what they know of a deleted course: Chamilo's log of what happened on the portal.
const KEPT: [&str; 1] = ["track_e_default"];

/// Columns that let go of a deleted course or of an item of it: the rows belong to users of the portal.
const DETACHED: [(&str, &str); 4] = [
    ("skill_rel_user", "course_id"),
    ("ticket_ticket", "course_id"),
    ("ticket_ticket", "exercise_id"),
    ("ticket_ticket", "lp_id"),
];

const OF_EVALUATIONS: &str = "SELECT id FROM gradebook_evaluation WHERE course_code = ?";
const OF_CATEGORIES: &str = "SELECT id FROM gradebook_category WHERE course_code = ?";
const OF_SURVEYS: &str = "SELECT survey_id FROM shared_survey WHERE course_code = ?";

/// Rows that know their course only by another row: the table, its column, and the keys that it holds for the course's
/// number (true) or code. Tables that a portal lacks are passed over.
const DEPENDENT: [(&str, &str, &str, bool); 15] = [
    (
        "gradebook_result_attempt",
        "result_id",
        "SELECT r.id FROM gradebook_result r JOIN gradebook_evaluation e ON e.id = r.evaluation_id \
         WHERE e.course_code = ?",
        false,
    ),
    ("gradebook_result", "evaluation_id", OF_EVALUATIONS, false),
    ("gradebook_result_log", "evaluation_id", OF_EVALUATIONS, false),
    ("gradebook_certificate", "cat_id", OF_CATEGORIES, false),
    ("gradebook_score_display", "category_id", OF_CATEGORIES, false),
    ("gradebook_score_log", "category_id", OF_CATEGORIES, false),
    ("gradebook_comment", "gradebook_id", OF_CATEGORIES, false),
    ("skill_rel_gradebook", "gradebook_id", OF_CATEGORIES, false),
    ("shared_survey_question_option", "survey_id", OF_SURVEYS, false),
    ("shared_survey_question", "survey_id", OF_SURVEYS, false),
    ("c_lp_category_user", "category_id", "SELECT iid FROM c_lp_category WHERE c_id = ?", true),
    ("track_e_attempt_recording", "exe_id", "SELECT exe_id FROM track_e_exercises WHERE c_id = ?", true),
    ("c_attendance_result_comment", "attendance_sheet_id", "SELECT iid FROM c_attendance_sheet WHERE c_id = ?", true),
    ("c_wiki_rel_category", "wiki_id", "SELECT iid FROM c_wiki WHERE c_id = ?", true),
    ("skill_rel_item_rel_user", "skill_rel_item_id", "SELECT id FROM skill_rel_item WHERE c_id = ?", true),
];

/// `extra_field.extra_field_type` of fields of courses.
const COURSE_FIELD: i64 = 2;

/// `sequence_resource.type` of courses (Chamilo 1.11, SequenceResource::COURSE_TYPE).
const SEQUENCE_OF_COURSES: i64 = 1;

/// The dump of a course's rows in its folder.
const DUMP: &[u8] = b"mysql_dump.sql";

/// Why a course was not deleted. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeleteError {
    /// Another course has to be done before or after it.
    #[error(
        "course {0} is part of a sequence of courses that require one another; take it out of the sequence in Chamilo \
         first"
    )]
    Required(String),
    /// The course is gone already.
    #[error("there is no course {0} any more")]
    Gone(String),
    /// The course's folder can't be moved, or the dump not be written.
    #[error("course {code}: {path}: {source}")]
    Files {
        /// Code of the course.
        code: String,
        /// The file or folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Deletes `course` in the name of the user of `stamp`. Returns the name of its folder in `app/cache`, `None` if it had
/// none.
pub fn delete(portal: &Portal, course: &Course, stamp: &Stamp) -> Result<Option<Vec<u8>>, DeleteError> {
    let code = || String::from_utf8_lossy(&course.code).into_owned();
    let failed = |path: &str| {
        let (code, path) = (code(), path.to_owned());
        move |source| DeleteError::Files { code, path, source }
    };
    let staging = Staging::new(portal).map_err(failed(CACHE))?;
    let cache = Folder::open(&portal.root().join(CACHE)).map_err(failed(CACHE))?;
    let top = match portal.courses_folder().folder(&course.directory) {
        Ok(top) => Some(top),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed("its folder")(error)),
    };
    let left = top.is_some().then(|| free_name(&cache, course, stamp));
    if let Some(left) = &left {
        let witness = Witness {
            table: "course".into(),
            column: "directory".into(),
            owner: Default::default(),
            text: course.directory.clone(),
        };
        let mut journal = Journal::default();
        journal.leaves(course.directory.clone(), left, witness);
        staging.write_journal(&journal).map_err(failed(CACHE))?;
    }
    let mut dump = top.as_ref().map(Dump::begin).transpose().map_err(failed("mysql_dump.sql"))?;
    portal.database().write(|session| {
        if Course::by_id(session, course.id)?.is_none_or(|found| found.directory != course.directory) {
            return Err(DeleteError::Gone(code()));
        }
        delete_rows(session, course, stamp, &mut |table, row| {
            let written = dump.as_mut().map_or(Ok(()), |dump| dump.row(table, row));
            written.map_err(failed("mysql_dump.sql"))
        })?;
        dump.as_mut().map_or(Ok(()), Dump::finish).map_err(failed("mysql_dump.sql"))?;
        crash::point("before-commit");
        Ok(())
    })?;
    crash::point("after-commit");
    if let Some(dump) = dump {
        dump.keep();
    }
    // The rows are gone for good only when the database says so: recovery may not find them again.
    if let Err(error) = portal.database().sync() {
        tracing::warn!("the deletion of course {} is not yet on the disk for good: {error}", code());
    }
    let Some(left) = left else { return Ok(None) };
    if let Err(error) = portal.courses_folder().move_to(&course.directory, &cache, &left) {
        // The course is deleted all the same: its folder belongs to nobody now.
        let (name, to) = (String::from_utf8_lossy(&course.directory), String::from_utf8_lossy(&left));
        tracing::error!(
            "app/courses/{name} of the deleted course can't be moved to {CACHE}/{to}: {error}; move it away"
        );
        return Ok(None);
    }
    Ok(Some(left))
}

/// The name that the folder of `course` gets (Chamilo 1.11: `<directory>_<Unix time>`).
fn free_name(cache: &Folder, course: &Course, stamp: &Stamp) -> Vec<u8> {
    let name = [&course.directory, b"_".as_slice(), stamp.time.as_second().to_string().as_bytes()].concat();
    let names = (1..).map(|number| [&name, format!("_{number}").as_bytes()].concat());
    std::iter::once(name.clone()).chain(names).find(|name| cache.stat(name).is_err()).unwrap_or(name)
}

/// Refuses what Chamilo does not delete.
pub fn check(session: &dyn Session, course: &Course) -> Result<(), DeleteError> {
    let sql = "SELECT id FROM sequence_resource WHERE type = ? AND resource_id = ?";
    match session.row(sql, &[SEQUENCE_OF_COURSES.into(), course.id.into()])? {
        Some(_) => Err(DeleteError::Required(String::from_utf8_lossy(&course.code).into_owned())),
        None => Ok(()),
    }
}

/// Deletes the rows of `course` in the transaction of `session`. Each row of the course's own tables is handed to `each`
/// before.
pub fn delete_rows(
    session: &dyn Session,
    course: &Course,
    stamp: &Stamp,
    each: &mut dyn FnMut(&str, &Row) -> Result<(), DeleteError>,
) -> Result<(), DeleteError> {
    check(session, course)?;
    let (number, code) = (Value::Int(course.id), Value::from(course.code.as_slice()));
    let mut owned = Vec::new();
    for (column, by_number) in OWNERS {
        for table in session.tables_with(column)? {
            if !KEPT.contains(&table.as_str()) && !DETACHED.contains(&(table.as_str(), column)) {
                owned.push((table, column, if by_number { number.clone() } else { code.clone() }));
            }
        }
    }
    dump_rows(session, course, &owned, each)?;
    delete_extra_fields(session, course)?;
    for (table, column, of, by_number) in DEPENDENT {
        if session.columns(table)?.iter().any(|known| known == column) {
            let sql = format!("DELETE FROM `{table}` WHERE `{column}` IN ({of})");
            session.execute(&sql, std::slice::from_ref(if by_number { &number } else { &code }))?;
        }
    }
    detach(session, course)?;
    let keys = session.restricting_keys()?;
    for (table, column, value) in &owned {
        let condition = format!("`{column}` = ?");
        delete_where(session, &keys, table, &condition, value, &mut HashSet::new())?;
    }
    delete_where(session, &keys, "course", "`id` = ?", &number, &mut HashSet::new())?;
    session.insert(
        "track_e_default",
        &[
            ("default_user_id", stamp.user.into()),
            ("c_id", course.id.into()),
            ("default_date", stamp.datetime().into()),
            ("default_event_type", "course_deleted".into()),
            ("default_value_type", "course_code".into()),
            ("default_value", course.code.as_slice().into()),
            ("session_id", 0.into()),
        ],
    )?;
    Ok(())
}

/// Hands over the rows of the course and of its own tables.
fn dump_rows(
    session: &dyn Session,
    course: &Course,
    owned: &[(String, &'static str, Value)],
    each: &mut dyn FnMut(&str, &Row) -> Result<(), DeleteError>,
) -> Result<(), DeleteError> {
    let own = owned.iter().filter(|(table, column, _)| table.starts_with("c_") && *column == "c_id");
    let own = own.map(|(table, column, value)| (table.as_str(), *column, value.clone()));
    for (table, column, value) in std::iter::once(("course", "id", Value::Int(course.id))).chain(own) {
        let mut failed = None;
        session.query(&format!("SELECT * FROM `{table}` WHERE `{column}` = ?"), &[value], &mut |row| {
            if failed.is_none() {
                failed = each(table, &row).err();
            }
            Ok(())
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(())
}

/// Deletes values of extra fields of the course and of its items, which know them by number alone.
fn delete_extra_fields(session: &dyn Session, course: &Course) -> Result<(), DatabaseError> {
    fn below(session: &dyn Session, course: &Course, table: &Table) -> Result<(), DatabaseError> {
        if let (Some(kind), Owner::Number) = (table.extra_fields, table.owner) {
            let sql = format!(
                "DELETE FROM extra_field_values \
                 WHERE field_id IN (SELECT id FROM extra_field WHERE extra_field_type = ?) \
                 AND item_id IN (SELECT COALESCE(NULLIF(`{}`, 0), `{}`) FROM `{}` WHERE c_id = ?)",
                table.key, table.primary, table.name
            );
            session.execute(&sql, &[kind.into(), course.id.into()])?;
        }
        table.children.iter().try_for_each(|child| below(session, course, child))
    }
    for kind in TOOLS.iter().flat_map(|tool| tool.kinds) {
        if !session.columns(kind.table.name)?.is_empty() {
            below(session, course, &kind.table)?;
        }
    }
    let sql = "DELETE FROM extra_field_values WHERE item_id = ? \
               AND field_id IN (SELECT id FROM extra_field WHERE extra_field_type = ?)";
    session.execute(sql, &[course.id.into(), COURSE_FIELD.into()])?;
    Ok(())
}

/// Lets rows of users go of the course: a skill that somebody has got stays his, a support ticket stays a ticket.
fn detach(session: &dyn Session, course: &Course) -> Result<(), DatabaseError> {
    let code = String::from_utf8_lossy(&course.code);
    let sql = "SELECT id, argumentation FROM skill_rel_user WHERE course_id = ?";
    for row in session.rows(sql, &[course.id.into()])? {
        let note = format!("{}\nThe course {code} was deleted.", row.text("argumentation"));
        let sql = "UPDATE skill_rel_user SET course_id = NULL, session_id = NULL, argumentation = ? WHERE id = ?";
        session.execute(sql, &[note.trim_start().into(), row.get("id").clone()])?;
    }
    session.execute("UPDATE ticket_ticket SET course_id = NULL WHERE course_id = ?", &[course.id.into()])?;
    Ok(())
}

/// Deletes the rows of `table` that fulfil `condition` on `value`, after those that hold them back.
fn delete_where(
    session: &dyn Session,
    keys: &[ForeignKey],
    table: &str,
    condition: &str,
    value: &Value,
    above: &mut HashSet<String>,
) -> Result<(), DatabaseError> {
    if !above.insert(table.to_owned()) {
        // A circle of keys: the database says which row holds back which.
        return Ok(());
    }
    for key in keys.iter().filter(|key| key.parent == table) {
        let (column, child, parent_column) = (&key.column, &key.table, &key.parent_column);
        let refers = format!("`{column}` IN (SELECT `{parent_column}` FROM `{table}` WHERE {condition})");
        if child == table {
            // Rows of one table that refer to each other: the reference goes first.
            let sql = format!("UPDATE `{table}` SET `{column}` = NULL WHERE {condition} AND `{column}` IS NOT NULL");
            session.execute(&sql, std::slice::from_ref(value))?;
        } else if DETACHED.contains(&(child.as_str(), column.as_str())) {
            let sql = format!("UPDATE `{child}` SET `{column}` = NULL WHERE {refers}");
            session.execute(&sql, std::slice::from_ref(value))?;
        } else {
            delete_where(session, keys, child, &refers, value, above)?;
        }
    }
    above.remove(table);
    session.execute(&format!("DELETE FROM `{table}` WHERE {condition}"), std::slice::from_ref(value))?;
    Ok(())
}

/// The dump of a course's rows, at the end of the file that its folder may have from an earlier one. What was written
/// goes again unless it is kept.
struct Dump<'t> {
    top: &'t Folder,
    file: io::BufWriter<File>,
    /// Length of the file before; `None` if there was none.
    before: Option<u64>,
    kept: bool,
}

impl<'t> Dump<'t> {
    fn begin(top: &'t Folder) -> io::Result<Dump<'t>> {
        let (mut file, before) = match top.make_file(DUMP, 0o600) {
            Ok(file) => (file, None),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let file = top.open_to_write(DUMP)?;
                let length = file.metadata()?.len();
                (file, Some(length))
            }
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::End(0))?;
        Ok(Dump { top, file: io::BufWriter::new(file), before, kept: false })
    }

    /// Adds a row as one statement. NULL stays NULL, unlike in Chamilo's dumps, so that it can be loaded again.
    fn row(&mut self, table: &str, row: &Row) -> io::Result<()> {
        write!(self.file, "\nINSERT INTO `{table}` SET ")?;
        for (number, (column, value)) in row.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(self.file, "{comma}`{column}`=")?;
            match value.to_text() {
                None => self.file.write_all(b"NULL")?,
                Some(text) => {
                    self.file.write_all(b"'")?;
                    for byte in text {
                        match byte {
                            0 => self.file.write_all(b"\\0")?,
                            b'\n' => self.file.write_all(b"\\n")?,
                            b'\r' => self.file.write_all(b"\\r")?,
                            b'\\' | b'\'' | b'"' => self.file.write_all(&[b'\\', byte])?,
                            0x1a => self.file.write_all(b"\\Z")?,
                            byte => self.file.write_all(&[byte])?,
                        }
                    }
                    self.file.write_all(b"'")?;
                }
            }
        }
        self.file.write_all(b";")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_data()
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Dump<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let undone = match self.before {
            Some(length) => self.file.get_ref().set_len(length),
            None => self.top.remove_file(DUMP),
        };
        if let Err(error) = undone {
            tracing::warn!("a dump of rows was left in {}: {error}", self.top.path().display());
        }
    }
}
