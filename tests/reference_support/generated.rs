//! A course in which every column of every declared table holds something: several rows a table, values that can be
//! told apart, references in every direction.
//!
//! The rows are made by walking the declarations, so a new tool is in the course without a line here; [`FIXED`] names
//! the few columns whose values decide whether a row is an item at all.

use std::collections::HashMap;
use std::path::Path;

use coursefs::course::create::{NewCourse, create};
use coursefs::course::document_rows::{self, DocumentKind, NewDocument};
use coursefs::course::tool::{Kind, Owner, Role, TOOLS, Table};
use coursefs::course::{Course, Stamp};
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseError, DatabaseExt, Session, Value};
use coursefs::portal::sqlite;
use rusqlite::Connection;

use crate::support::portals;

/// Code and folder of the generated course.
pub const GENERATED: &str = "GEN000";

/// Rows of each main table, and of each child table for each of these.
const ROWS: i64 = 4;

/// Columns of which the declarations demand a value, and those that a program reads as words: the values of the rows.
const FIXED: &[(&str, &str, [&str; ROWS as usize])] = &[
    ("c_quiz", "active", ["1", "0", "1", "1"]),
    ("c_quiz_question", "type", ["4", "11", "22", "3"]),
    ("c_thematic", "active", ["1", "1", "1", "1"]),
    ("c_student_publication", "active", ["1", "0", "1", "1"]),
    ("c_student_publication", "filetype", ["folder", "folder", "folder", "folder"]),
    ("c_student_publication", "parent_id", ["0", "0", "0", "0"]),
    ("c_student_publication", "url", ["/one", "/two", "/three", "/four"]),
    ("skill_rel_gradebook", "skill_id", ["3", "4", "3", "4"]),
    ("c_tool_intro", "id", ["course_homepage", "link", "forum", "quiz"]),
];

/// References that always lead somewhere, because a row without is no item of the course.
const FIRM: [(&str, &str); 2] = [("c_forum_post", "thread_id"), ("c_survey_question", "survey_id")];

/// Tables whose session is a foreign key, so that none is NULL.
const FOREIGN_SESSION: [&str; 3] = ["c_student_publication", "gradebook_category", "xapi_tool_launch"];

/// Tables whose references are foreign keys: their rows lead to the first row of their parent, or to nothing.
const FOREIGN: [&str; 1] = ["xapi_cmi5_item"];

/// Documents: path, whether it is a folder, content.
const DOCUMENTS: &[(&str, Option<&str>)] = &[
    ("/Leçon 1", None),
    ("/Leçon 1/d'été.html", Some("<p><img src=\"/courses/GEN000/document/pic.png\"><a href=\"../pic.png\">é</a></p>")),
    ("/audio", None),
    ("/audio/bell.mp3", Some("ding")),
    ("/empty.txt", Some("")),
    ("/pic.png", Some("\u{89}PNG")),
    ("/plain.html", Some("<a href=\"/courses/GEN000/document/Le%C3%A7on%201/d'%C3%A9t%C3%A9.html?x=1#y\">x</a>")),
];

/// The key of a row that is gone; what was deleted leaves such references behind.
pub const GONE: i64 = 777_777;

/// A portal with the generated course. References to nothing hold `nowhere`: 0, or [`GONE`].
pub fn portal(nowhere: i64) -> (tempfile::TempDir, Portal) {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    let stamp = Stamp { user: 1, time: "2026-03-01T08:00:00Z".parse().unwrap() };
    let new = NewCourse { code: GENERATED.into(), title: "Généré".into(), ..NewCourse::default() };
    let course = create(&portal, &new, &stamp).unwrap();
    let top = folder.path().join("app/courses").join(GENERATED);
    let types = Types::new();
    portal
        .database()
        .write(|session| {
            let documents = documents(session, &course, &top, &stamp);
            session.execute("INSERT INTO room (id, title) VALUES (3, 'Lab'), (4, 'Hall')", &[])?;
            for skill in [3, 4] {
                let sql = "INSERT INTO skill (id, name, short_code, description, access_url_id, icon, status, updated_at) \
                           VALUES (?, 'Reading', '', '', 1, '', 1, '2026-01-01 00:00:00')";
                session.execute(sql, &[skill.into()])?;
            }
            session.execute("INSERT INTO grade_model (id, name) VALUES (3, 'Letters'), (4, 'Points')", &[])?;
            let mut maker = Maker { session, course: &course, top: &top, types: &types, documents, nowhere, drawn: 0 };
            for kind in TOOLS.iter().flat_map(|tool| tool.kinds) {
                maker.kind(kind)?;
            }
            Ok::<_, DatabaseError>(())
        })
        .unwrap();
    (folder, portal)
}

/// The rows of users in `table` that belong to the course `code`, told by the rows above them.
pub fn count(portal: &Portal, table: &str, code: &str) -> i64 {
    fn walk(above: &[&'static Table], table: &'static Table, wanted: &str) -> Option<String> {
        if table.name == wanted && table.users_own {
            let mut rows = String::new();
            for (parent, child) in above.iter().zip(above.iter().skip(1).copied().chain([table])) {
                let course = if rows.is_empty() { course_column(parent).to_owned() } else { rows };
                rows = format!("`{}` IN (SELECT `{}` FROM `{}` WHERE {course})", child.parent, parent.key, parent.name);
            }
            return Some(rows);
        }
        let above = [above, &[table]].concat();
        table.children.iter().find_map(|child| walk(&above, child, wanted))
    }
    let rows = TOOLS.iter().flat_map(|tool| tool.kinds).find_map(|kind| walk(&[], &kind.table, table)).unwrap();
    let sql = format!("SELECT count(*) AS n FROM `{table}` WHERE {rows}");
    let owner = if rows.contains("course_code") { code.into() } else { super::course(portal, code).into() };
    portal.database().read(|session| session.int(&sql, &[owner])).unwrap().unwrap()
}

/// The condition that tells the rows of a course.
fn course_column(table: &Table) -> &'static str {
    if table.owner == Owner::Code { "course_code = ?" } else { "c_id = ?" }
}

fn documents(session: &dyn Session, course: &Course, top: &Path, stamp: &Stamp) -> Vec<i64> {
    let mut keys = Vec::new();
    for (number, (path, content)) in (0..).zip(DOCUMENTS) {
        let place = top.join("document").join(path.trim_start_matches('/'));
        let kind = match content {
            None => {
                std::fs::create_dir_all(&place).unwrap();
                DocumentKind::Folder
            }
            Some(content) => {
                std::fs::write(&place, content).unwrap();
                DocumentKind::File { size: content.len() as u64 }
            }
        };
        let (title, comment) = (format!("Title {path}"), format!("Comment {number}\n{}", portals::rare_letter()));
        let comment = (number % 2 == 0).then_some(comment.as_str());
        let new = NewDocument { path: path.as_bytes(), title: &title, comment, kind, visible: number % 3 != 1 };
        keys.push(document_rows::insert(session, course.id, &new, stamp).unwrap());
    }
    session.execute("UPDATE c_document SET readonly = 1 WHERE iid = ?", &[keys[5].into()]).unwrap();
    keys
}

/// Types of columns as the schema spells them.
struct Types(HashMap<String, Vec<(String, String, bool)>>);

impl Types {
    fn new() -> Types {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&sqlite::dialect(include_str!("../../src/portal/schema.sql"))).unwrap();
        let sql = "SELECT m.name, c.name, c.type, c.\"notnull\" FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' ORDER BY m.name, c.cid";
        let mut types: HashMap<String, Vec<(String, String, bool)>> = HashMap::new();
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let column = (row.get(1).unwrap(), row.get::<_, String>(2).unwrap(), row.get::<_, i64>(3).unwrap() == 0);
            types.entry(row.get(0).unwrap()).or_default().push(column);
        }
        Types(types)
    }
}

/// What a row is made for.
struct Place<'a> {
    table: &'static Table,
    /// The table and key of the row that it belongs to, with the key of that row's own parent row type.
    parent: Option<(&'a Table, i64, i64)>,
    /// Its number among its like.
    number: i64,
    key: i64,
    primary: i64,
}

struct Maker<'a> {
    session: &'a dyn Session,
    course: &'a Course,
    top: &'a Path,
    types: &'a Types,
    documents: Vec<i64>,
    nowhere: i64,
    drawn: i64,
}

/// Keys are told by the place of their table in the declarations, so that rows can refer to those that come later.
/// A main table has [`ROWS`] rows, a child table as many for each row above it.
fn first_primary(table: &str) -> Option<i64> {
    fn walk(table: &'static Table, wanted: &str, number: &mut i64) -> Option<i64> {
        *number += 1;
        if table.name == wanted && !table.users_own {
            return Some(*number * 1000 + 1);
        }
        table.children.iter().find_map(|child| walk(child, wanted, number))
    }
    let mut number = 0;
    TOOLS.iter().flat_map(|tool| tool.kinds).find_map(|kind| walk(&kind.table, table, &mut number))
}

/// The table `name` of the declarations.
fn declared(name: &str) -> Option<&'static Table> {
    fn walk(table: &'static Table, name: &str) -> Option<&'static Table> {
        if table.name == name && !table.users_own {
            return Some(table);
        }
        table.children.iter().find_map(|child| walk(child, name))
    }
    TOOLS.iter().flat_map(|tool| tool.kinds).find_map(|kind| walk(&kind.table, name))
}

/// The key of the row of `table` with this number; old rows have second keys of their own.
fn key_of(table: &Table, number: i64) -> Option<i64> {
    let primary = first_primary(table.name)? + number;
    let own = table.key != table.primary && table.copies.is_empty();
    Some(if own { primary + 500_000 } else { primary })
}

impl Maker<'_> {
    fn kind(&mut self, kind: &'static Kind) -> Result<(), DatabaseError> {
        for number in 0..ROWS {
            let key = self.row(&kind.table, None, number, number)?;
            let (Some(tool), true) = (kind.property_tool, number != 2) else { continue };
            let values = [
                ("c_id", self.course.id.into()),
                ("insert_user_id", Value::Int(1 + number % 2)),
                ("tool", tool.into()),
                ("insert_date", format!("2026-02-0{} 10:00:00", number + 1).as_str().into()),
                ("lastedit_date", format!("2026-02-1{} 10:00:00", number + 1).as_str().into()),
                ("ref", key.into()),
                ("lastedit_type", "SomethingDone".into()),
                ("lastedit_user_id", Value::Int(2 - number % 2)),
                ("visibility", Value::Int(number % 2)),
                ("start_visible", Value::from(b"2026-03-01 00:00:00".to_vec())),
                ("end_visible", Value::Null),
            ];
            self.session.insert("c_item_property", &values)?;
        }
        Ok(())
    }

    /// Makes the row that is the `all`th of its table and the `number`th of its parent, and those below it.
    fn row(
        &mut self,
        table: &'static Table,
        parent: Option<(&Table, i64, i64)>,
        number: i64,
        all: i64,
    ) -> Result<i64, DatabaseError> {
        // Rows of users have numbers of nobody.
        let primary = first_primary(table.name).filter(|_| !table.users_own).map(|first| first + all);
        self.drawn += 1;
        let primary = primary.unwrap_or(900_000 + self.drawn);
        let key = if table.users_own { primary } else { key_of(table, all).unwrap_or(primary) };
        let place = Place { table, parent, number, key, primary };
        let columns = self.types.0.get(table.name).unwrap_or_else(|| panic!("no table {}", table.name));
        let mut values = Vec::new();
        for (column, kind, nullable) in columns {
            if let Some(value) = self.value(&place, column, kind, *nullable) {
                values.push((column.as_str(), value));
            }
        }
        self.session.insert(table.name, &values).unwrap_or_else(|error| panic!("{}: {error}", table.name));
        for child in table.children {
            let rows = if child.users_own { 1 } else { ROWS };
            for number in 0..rows {
                self.row(child, Some((table, key, place.number)), number, all * ROWS + number)?;
            }
        }
        Ok(key)
    }

    fn value(&mut self, place: &Place<'_>, column: &str, kind: &str, nullable: bool) -> Option<Value> {
        let table = place.table;
        let fixed = FIXED.iter().find(|(of, name, _)| *of == table.name && *name == column);
        if let (Some((_, _, values)), false) = (fixed, table.users_own) {
            let value = values[place.number as usize];
            if let Some(directory) = table.directory.filter(|directory| directory.column == column) {
                std::fs::create_dir_all(self.top.join(directory.folder).join(value.trim_start_matches('/'))).unwrap();
            }
            return Some(value.parse::<i64>().map_or_else(|_| value.into(), Value::Int));
        }
        if column == table.primary {
            return Some(place.primary.into());
        }
        if column == table.parent {
            return place.parent.map(|(_, key, _)| key.into());
        }
        if column == "c_id" {
            return Some(self.course.id.into());
        }
        if column == "course_code" && table.owner == Owner::Code {
            return Some(Value::from(self.course.code.clone()));
        }
        if column == table.key || table.copies.contains(&column) {
            return Some(place.key.into());
        }
        // Some tables of users hold their users with a foreign key.
        if table.users_own && column == "user_id" {
            return Some(1.into());
        }
        let nothing = if nullable { Value::Null } else { Value::Int(0) };
        match table.role(column) {
            Role::Key => return nullable.then_some(Value::Null),
            Role::Session if FOREIGN_SESSION.contains(&table.name) => return Some(Value::Null),
            Role::Session => return Some(if nullable && place.number == 1 { Value::Null } else { 0.into() }),
            Role::User => return Some(self.in_form(kind, 1 + place.number % 2)),
            Role::Portal(_) => return Some([3.into(), Value::Null, 4.into(), nothing][place.number as usize].clone()),
            Role::Reference(target) | Role::Late(target) => return Some(self.reference(place, column, kind, target)),
            Role::ReferenceByParent(..) => {
                // The next of its like, and the last the first; where the parent is of a type without references that
                // is a number like any other.
                let question = place.parent.map_or(0, |(_, _, number)| number);
                let target = if question == 0 { table.name } else { "c_quiz_question_option" };
                let sibling = question * ROWS + (place.number + 1) % ROWS;
                let key = declared(target).and_then(|table| key_of(table, sibling));
                return Some(key.unwrap_or(place.number).into());
            }
            Role::DocumentName(_) => {
                return Some(if place.number == 0 { "bell.mp3".into() } else { nothing_text(nullable) });
            }
            Role::Private => return Some(nothing_text(nullable)),
            Role::Data | Role::Html | Role::Loose | Role::ReferenceBy(..) => {}
        }
        self.drawn += 1;
        let files = table.files.filter(|files| files.column == column);
        if let (Some(files), false) = (files, table.users_own) {
            let name = format!("stored{:08}", self.drawn);
            let folder = self.top.join(files.folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(&name), format!("bytes of {name}")).unwrap();
            return Some(name.as_str().into());
        }
        // The last row is an empty one.
        let is_last = place.number == ROWS - 1;
        Some(match kind.split('(').next().unwrap_or_default() {
            _ if is_last && nullable => Value::Null,
            "TINYINT" => if is_last { 0 } else { self.drawn % 90 + 2 }.into(),
            "INT" | "BIGINT" | "SMALLINT" | "INT UNSIGNED" | "INTEGER" => {
                if is_last { 0 } else { self.drawn + 300_000 }.into()
            }
            "DOUBLE" | "DOUBLE PRECISION" | "NUMERIC" | "FLOAT" => {
                if is_last {
                    Value::Int(0)
                } else {
                    Value::Float(self.drawn as f64 + 0.25)
                }
            }
            "DATE" => format!("20{:02}-0{}-15", self.drawn % 90 + 10, place.number + 1).as_str().into(),
            "DATETIME" => {
                format!("20{:02}-0{}-15 10:{:02}:09", self.drawn % 90 + 10, place.number + 1, self.drawn % 60)
                    .as_str()
                    .into()
            }
            _ if is_last && !is_place(table, column) => "".into(),
            _ => self.text(place, column, kind, matches!(table.role(column), Role::Html)).as_str().into(),
        })
    }

    /// A key: of the first row, of the last, of the third (itself, in its own table), of none.
    fn reference(&self, place: &Place<'_>, column: &str, kind: &str, target: &'static str) -> Value {
        if FOREIGN.contains(&place.table.name) {
            return if place.number == ROWS - 1 { Value::Null } else { (place.key - place.number).into() };
        }
        let firm = FIRM.contains(&(place.table.name, column));
        let number = match place.number {
            0 => 0,
            1 => ROWS - 1,
            2 => 2,
            _ if firm => 1,
            _ => return self.in_form(kind, self.nowhere),
        };
        let key = match target {
            "c_document" => Some(self.documents[[1, 3, 5][number.min(2) as usize]]),
            _ => declared(target).and_then(|table| key_of(table, number)),
        };
        self.in_form(kind, key.unwrap_or(0))
    }

    fn in_form(&self, kind: &str, key: i64) -> Value {
        let is_text = kind.starts_with("VARCHAR") || kind.contains("TEXT");
        if is_text { Value::from(key.to_string().into_bytes()) } else { key.into() }
    }

    fn text(&self, place: &Place<'_>, column: &str, kind: &str, html: bool) -> String {
        let number = self.drawn;
        let room = kind.split(['(', ')']).nth(1).and_then(|length| length.parse::<usize>().ok());
        let text = match (room, place.number, html) {
            (Some(_), _, false) => format!("{number}é {column}"),
            (_, _, true) => format!(
                "<p>{number}</p><img src=\"/courses/{GENERATED}/document/pic.png?cidReq={GENERATED}&x=1\">\
                 <a href='/courses/{GENERATED}/document/Le%C3%A7on%201/d&#39;été.html#a'>{column}</a>"
            ),
            (None, 0, _) => {
                format!("{number} {column}: one\r\ntwo\n\tthree {} \\ ' \" ; % {{}}", portals::rare_letter())
            }
            (None, 1, _) => format!("{number} {column} {}", "long ".repeat(3000)),
            (None, ..) => format!("{number} {column} 日本語"),
        };
        text.chars().take(room.unwrap_or(usize::MAX)).collect()
    }
}

fn is_place(table: &Table, column: &str) -> bool {
    let kinds = TOOLS.iter().flat_map(|tool| tool.kinds);
    kinds.filter(|kind| kind.table.name == table.name).any(|kind| kind.place.contains(&column))
}

fn nothing_text(nullable: bool) -> Value {
    if nullable { Value::Null } else { "".into() }
}
