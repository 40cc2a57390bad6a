//! docs/BACKUP.md says of every column of every tool whether it survives; here the program is held to it.
//!
//! The third column of that table (our backup, then our restore) is derived from the code twice: from the declarations,
//! and from a course with something in every column that is backed up, restored and compared. The first two are facts
//! about Chamilo that nobody here can run; they are held to what the declarations say of Chamilo's form.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use coursefs::backup::restore::{Options, restore};
use coursefs::course::tool::{Form, Kind, Obj, Object, Property, Role, Source, TOOLS, Table, child_columns, covers};
use coursefs::portal::schema;
use reference_support::backup;
use reference_support::equal::{Side, differences};
use reference_support::generated::{self, GENERATED};

/// Columns of `c_document`, which is no declared tool: column and what becomes of it.
const DOCUMENT: [(&str, &str); 10] = [
    ("iid", "new"),
    ("id", "new"),
    ("c_id", "new"),
    ("path", "yes"),
    ("comment", "yes"),
    ("title", "yes"),
    ("filetype", "yes"),
    ("size", "yes"),
    ("readonly", "yes"),
    ("session_id", "base"),
];

/// What may stand in a column of the table, from bad to good.
const WORDS: [&str; 7] = ["no", "partly", "if known", "if there", "base", "new", "yes"];

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    chamilo: String,
    mixed: String,
    ours: String,
}

fn docs() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/BACKUP.md")).unwrap()
}

/// Lines of the table by table and column.
fn documented() -> BTreeMap<(String, String), Line> {
    let docs = docs();
    let section = docs.split("## Field by field").nth(1).expect("docs/BACKUP.md has no section \"Field by field\"");
    let mut lines = BTreeMap::new();
    let mut table = String::new();
    for line in section.lines() {
        if let Some(heading) = line.strip_prefix("### `") {
            table = heading.split('`').next().unwrap().to_owned();
        }
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let Some(column) = cells[0].strip_prefix('`').and_then(|cell| cell.strip_suffix('`')) else { continue };
        let [_, chamilo, mixed, ours, _note] = cells[..] else { panic!("not five cells: {line}") };
        let parsed = Line { chamilo: chamilo.into(), mixed: mixed.into(), ours: ours.into() };
        let twice = lines.insert((table.clone(), column.to_owned()), parsed);
        assert!(twice.is_none(), "{table}.{column} stands there twice");
    }
    lines
}

/// Every declared table with its kind, each once; tables of users' own rows too.
fn tables() -> Vec<(&'static Kind, &'static Table)> {
    fn add(kind: &'static Kind, table: &'static Table, found: &mut Vec<(&'static Kind, &'static Table)>) {
        if !found.iter().any(|(_, known)| known.name == table.name) {
            found.push((kind, table));
        }
        table.children.iter().for_each(|child| add(kind, child, found));
    }
    let mut found = Vec::new();
    TOOLS.iter().flat_map(|tool| tool.kinds).for_each(|kind| add(kind, &kind.table, &mut found));
    found
}

/// What the third column says of a column, by its role.
fn by_role(table: &Table, column: &str) -> &'static str {
    match table.role(column) {
        // A key that is a word (of a tool introduction) is data.
        Role::Key if column == table.key && is_word(table, column) => "yes",
        Role::Key => "new",
        Role::Session => "base",
        Role::User => "if known",
        Role::Portal(_) => "if there",
        Role::Private => "no",
        _ => "yes",
    }
}

fn is_word(table: &Table, column: &str) -> bool {
    schema::columns(table.name).iter().any(|known| known.name == column && !known.is_number())
}

/// The third column as the code has it: by table and column, `*` for a table that is not archived.
fn derived() -> BTreeMap<(String, String), &'static str> {
    let mut lines = BTreeMap::new();
    for (column, word) in DOCUMENT {
        lines.insert(("c_document".to_owned(), column.to_owned()), word);
    }
    for (_, table) in tables() {
        if table.users_own {
            lines.insert((table.name.to_owned(), "*".to_owned()), "no");
            continue;
        }
        for column in schema::columns(table.name) {
            lines.insert((table.name.to_owned(), column.name.to_owned()), by_role(table, column.name));
        }
    }
    lines
}

#[test]
fn the_table_has_every_column_of_every_tool_and_says_of_our_restore_what_the_code_does() {
    let documented = documented();
    let derived = derived();
    let mut wrong = Vec::new();
    for ((table, column), word) in &derived {
        match documented.get(&(table.clone(), column.clone())) {
            None => wrong.push(format!("missing: {table} | `{column}` | ? | ? | {word} | |")),
            Some(line) if line.ours != *word => {
                wrong.push(format!("{table}.{column}: the table says {:?}, the code {word:?}", line.ours));
            }
            Some(_) => {}
        }
    }
    let known = documented.keys().filter(|key| !derived.contains_key(*key));
    wrong.extend(known.map(|(table, column)| format!("no such column: {table}.{column}")));
    assert!(wrong.is_empty(), "docs/BACKUP.md, {} lines:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_the_table_says_of_chamilo_fits_the_form_that_it_reads() {
    let documented = documented();
    let mut wrong = Vec::new();
    for ((table, column), line) in &documented {
        let place = format!("{table}.{column}");
        let rank = |word: &str| WORDS.iter().position(|known| *known == word);
        let (Some(chamilo), Some(mixed)) = (rank(&line.chamilo), rank(&line.mixed)) else {
            wrong.push(format!("{place}: {line:?} has a word that is none of {WORDS:?}"));
            continue;
        };
        // Credentials are left out on purpose.
        let private =
            tables().iter().any(|(_, known)| known.name == table && matches!(known.role(column), Role::Private));
        if mixed < chamilo && !private {
            wrong.push(format!("{place}: our archive is said to carry less than Chamilo's own"));
        }
        let Some((kind, declared)) = tables().into_iter().find(|(_, known)| known.name == table) else { continue };
        let told = declared.users_own || is_told(kind, declared, column);
        if line.mixed == "yes" && !told {
            wrong.push(format!("{place}: said to survive Chamilo's restore, which cannot see it"));
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether Chamilo's form of our archive tells the column, of the first row at least.
fn is_told(kind: &'static Kind, table: &'static Table, column: &str) -> bool {
    let Form::Object(object) = &kind.form else { return true };
    if table.name == kind.table.name {
        return covers(kind, column) || special(object).any(|name| name == column);
    }
    let listed = child_columns(kind, table.name).is_some_and(|columns| columns.contains(&column));
    let first = own(object)
        .any(|source| matches!(source, Source::First(child, name) if *child == table.name && *name == column));
    listed || first || special(object).any(|name| name == column)
}

fn own(object: &'static Object) -> impl Iterator<Item = &'static Source> {
    object.own.iter().chain(object.dynamic).map(|property| &property.1)
}

/// Names of properties that are made by code, also those inside a row.
fn special(object: &'static Object) -> impl Iterator<Item = &'static str> {
    let inside: &[Property] = match &object.obj {
        Obj::Row { more, .. } => more,
        Obj::Null => &[],
    };
    let rows = own(object).filter_map(|source| match source {
        Source::RowWith(more) => Some(*more),
        _ => None,
    });
    let all = object.own.iter().chain(object.dynamic).chain(inside).chain(rows.flatten());
    all.filter(|property| matches!(property.1, Source::Special(_))).map(|property| property.0)
}

#[test]
fn what_the_table_says_of_our_restore_happens() {
    let (folder, portal) = generated::portal(0);
    let archive = backup(&portal, GENERATED, folder.path());
    restore(&portal, "COP000", &archive, Options { create: true, ..Options::default() }, &mut |_, _| {}).unwrap();
    let (side, restored) = (Side::new(&portal, GENERATED), Side::new(&portal, "COP000"));
    let lost: BTreeMap<(String, String), String> =
        differences(&side, &restored).into_iter().map(|lost| ((lost.table, lost.column), lost.shown)).collect();
    let told_apart = side.told_apart();
    let mut wrong = Vec::new();
    for ((table, column), word) in derived() {
        let key = (table.clone(), column.clone());
        match (word, lost.get(&key).or_else(|| lost.get(&(table.clone(), String::new())))) {
            ("yes" | "if known" | "if there", Some(shown)) => wrong.push(format!("{table}.{column} is lost: {shown}")),
            ("yes", None) if !told_apart.contains(&key) && !CONSTANT.contains(&(table.as_str(), column.as_str())) => {
                wrong.push(format!("{table}.{column} holds the same in all rows of the generated course"));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Columns that hold the same in all items, because others are none.
const CONSTANT: [(&str, &str); 3] =
    [("c_thematic", "active"), ("c_student_publication", "filetype"), ("c_student_publication", "parent_id")];

#[test]
fn rows_of_users_stay_behind() {
    let (folder, portal) = generated::portal(0);
    let archive = backup(&portal, GENERATED, folder.path());
    restore(&portal, "COP000", &archive, Options { create: true, ..Options::default() }, &mut |_, _| {}).unwrap();
    let users: BTreeSet<&str> =
        tables().iter().filter(|(_, table)| table.users_own).map(|(_, table)| table.name).collect();
    assert!(users.len() > 10, "{users:?}");
    for table in users {
        let count = |code| generated::count(&portal, table, code);
        assert!(count(GENERATED) > 0, "{table}");
        assert_eq!(count("COP000"), 0, "{table}");
    }
}
