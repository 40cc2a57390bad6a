//! The JSON of files, described: a JSON Schema (draft 2020-12) for each form that is JSON, made from its declaration.

use crate::course::tool::{Kind, Role, Table};
use crate::portal::schema::{self, Column};

use super::declared::FORMS;
use super::encode::{COLUMNS, COURSE, FIELDS, FILE, LINKS, VALUE};
use super::form::{Belongs, FileForm, Given, Syntax, TableForm, kind};
use super::json::{Json, Members};
use super::properties::{NAMES, PROPERTIES, USERS};

/// The forms that are JSON, by name, with the schemas that their files keep to.
pub fn schemas() -> impl Iterator<Item = (&'static str, String)> {
    let sheets = FORMS.iter().filter(|form| form.syntax == Syntax::Sheet);
    sheets.map(|form| (form.name, format!("{}\n", of_form(form).pretty())))
}

fn map(members: Vec<(&str, Json)>) -> Json {
    Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn texts(texts: &[&str]) -> Json {
    Json::List(texts.iter().map(|text| Json::from(*text)).collect())
}

fn of_type(name: &str, description: &str) -> Json {
    map(vec![("type", name.into()), ("description", description.into())])
}

fn definition(name: &str) -> Json {
    Json::Text(format!("#/$defs/{name}"))
}

fn reference(name: &str) -> Json {
    map(vec![("$ref", definition(name))])
}

fn of_form(form: &'static FileForm) -> Json {
    let mut members: Members = vec![
        ("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into()),
        ("$id".into(), Json::Text(format!("urn:coursefs:schema:{}", form.name))),
        ("title".into(), Json::Text(format!("{}/*.json of a course mounted with coursefs", form.tool))),
    ];
    let mut properties: Members = vec![("form".into(), map(vec![("const", form.name.into())]))];
    properties.push((LINKS.into(), map(vec![("const", "absolute".into())])));
    let course = map(vec![("code", reference("text")), ("directory", reference("text"))]);
    properties.push((
        COURSE.into(),
        map(vec![
            ("description", "The course that texts name".into()),
            ("type", "object".into()),
            ("properties", course),
            ("required", texts(&["code", "directory"])),
            ("additionalProperties", Json::Bool(false)),
        ]),
    ));
    if let Some(kind) = form.kind() {
        properties.extend(of_item(form, kind));
    }
    for part in form.parts {
        let Some(kind) = kind(part.kind) else { continue };
        let words = form.table(kind.table.name);
        let name = match part.belongs {
            Belongs::Version(_) => "versions",
            _ => words.list_name(&kind.table),
        };
        properties.push((name.into(), list(object(of_item(form, kind)))));
    }
    if let Json::Map(object) = object(properties) {
        members.extend(object);
    }
    members.push(("$defs".into(), definitions()));
    Json::Map(members)
}

fn object(properties: Members) -> Json {
    map(vec![
        ("type", "object".into()),
        ("properties", Json::Map(properties)),
        ("additionalProperties", Json::Bool(false)),
    ])
}

fn list(items: Json) -> Json {
    map(vec![("type", "array".into()), ("items", items)])
}

/// The members of an item: its row's, and those that are no columns.
fn of_item(form: &'static FileForm, kind: &'static Kind) -> Members {
    let mut members = of_row(form, &kind.table);
    if kind.property_tool.is_some() {
        members.push((PROPERTIES.into(), reference("properties")));
    }
    members.push((FIELDS.into(), reference("extra_fields")));
    members
}

fn of_row(form: &'static FileForm, table: &'static Table) -> Members {
    let words = form.table(table.name);
    let mut members = Vec::new();
    for column in schema::columns(table.name) {
        let role = table.role(column.name);
        // A key that is a name (a tool introduction's) is no JSON.
        if matches!(role, Role::Key | Role::Session | Role::Private)
            || table.files.is_some_and(|files| files.column == column.name)
        {
            continue;
        }
        let value = of_column(words, role, column);
        members.push((words.name(column.name).to_owned(), value));
    }
    if table.files.is_some() {
        members.push((FILE.into(), of_type("string", "The attachment, as a path from this file's folder")));
    }
    members.push((COLUMNS.into(), of_type("object", "Columns that only some portals have")));
    for child in table.children.iter().filter(|child| !child.users_own) {
        let mut row = of_row(form, child);
        row.extend(child.property_tool.map(|_| (PROPERTIES.to_owned(), reference("properties"))));
        row.extend(child.extra_fields.map(|_| (FIELDS.to_owned(), reference("extra_fields"))));
        members.push((form.table(child.name).list_name(child).into(), list(object(row))));
    }
    members
}

fn of_column(words: &'static TableForm, role: Role, column: &'static Column) -> Json {
    let named = words.words_of(column.name);
    let mut value = if !named.is_empty() {
        let mut all: Vec<Json> = named.iter().map(|(_, word)| Json::from(*word)).collect();
        all.extend(named.iter().map(|(number, _)| Json::Int(*number)));
        vec![("anyOf", Json::List(vec![map(vec![("enum", Json::List(all))]), of_type("integer", "any other number")]))]
    } else {
        let name = match role {
            Role::User => "user",
            Role::Reference(_) | Role::Late(_) | Role::ReferenceBy(..) | Role::ReferenceByParent(..) => "reference",
            Role::Html => "html",
            _ if column.is_number() => "number",
            _ if column.is_date() => "time",
            _ => "text",
        };
        vec![("$ref", definition(name))]
    };
    if let (Some(longest), true) = (column.longest(), named.is_empty()) {
        value.push(("maxLength", Json::Int(longest as i64)));
    }
    let default = match words.default(column.name) {
        Some(Given::Int(number)) => match named.iter().find(|(known, _)| *known == number) {
            Some((_, word)) => Some(Json::from(*word)),
            None => Some(Json::Int(number)),
        },
        Some(Given::Text(text)) => Some(text.into()),
        Some(given) => {
            let words = match given {
                Given::Now => "If it is missing: the time at which the file is written",
                Given::Today => "If it is missing: the day on which the file is written",
                Given::User => "If it is missing: whoever writes the file",
                Given::Language => "If it is missing: the course's language",
                _ => "If it is missing: the place in the list, counted from 1",
            };
            value.push(("description", words.into()));
            None
        }
        None => Some(Json::of(Some(column), &column.empty())),
    };
    value.extend(default.map(|default| ("default", default)));
    map(value)
}

/// What members of many forms hold.
fn definitions() -> Json {
    let any = |choices: Vec<Json>, description: &str| {
        map(vec![("description", description.into()), ("anyOf", Json::List(choices))])
    };
    let base64 = || {
        map(vec![
            ("description", "Bytes that are no UTF-8".into()),
            ("type", "object".into()),
            ("properties", map(vec![("base64", map(vec![("type", "string".into())]))])),
            ("required", texts(&["base64"])),
            ("additionalProperties", Json::Bool(false)),
        ])
    };
    let value = map(vec![
        ("description", "What is no reference".into()),
        ("type", "object".into()),
        ("properties", map(vec![(VALUE, Json::Bool(true))])),
        ("required", texts(&[VALUE])),
    ]);
    let plain = |types: &[&str]| map(vec![("type", texts(types))]);
    let pattern = |pattern: &str| map(vec![("type", "string".into()), ("pattern", pattern.into())]);
    let mut names: Members = vec![(
        "visible".into(),
        map(vec![
            ("description", "Whether students see it; 2 in the recycle bin".into()),
            ("type", texts(&["boolean", "integer", "null"])),
        ]),
    )];
    names.extend(NAMES.iter().map(|(column, name)| {
        let definition = match *column {
            "lastedit_type" => reference("text"),
            "to_group_id" => of_type("boolean", "It is for a group: copied, for teachers alone"),
            column if USERS.contains(&column) => reference("user"),
            _ => reference("time"),
        };
        ((*name).to_owned(), definition)
    }));
    let field = object(vec![("variable".into(), reference("text")), ("value".into(), reference("text"))]);
    map(vec![
        ("text", any(vec![plain(&["string", "null"]), base64()], "Text")),
        (
            "html",
            any(
                vec![plain(&["string", "null"]), base64()],
                "HTML. Links to documents are relative: ../Document/maps/a.png",
            ),
        ),
        ("number", any(vec![plain(&["number", "boolean", "null"]), pattern("^([-+]?[0-9.]|$)")], "A number")),
        (
            "time",
            any(
                vec![plain(&["null"]), pattern("^([0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?|$)")],
                "A day (2026-09-01) or a time in UTC (2026-09-01 08:00:00)",
            ),
        ),
        ("user", any(vec![plain(&["string", "integer", "null"])], "The name that a user logs in with")),
        (
            "reference",
            any(
                vec![plain(&["string", "integer", "null"]), value, base64()],
                "A path from this file's folder, such as ../Document/a.pdf; #answer-2 is the second answer beside this",
            ),
        ),
        (
            "properties",
            map(vec![
                (
                    "description",
                    "Who made it, when, and who sees it; of a row below an item what is other than there".into(),
                ),
                ("type", texts(&["object", "null"])),
                ("properties", Json::Map(names)),
                ("additionalProperties", Json::Bool(false)),
            ]),
        ),
        ("extra_fields", list(field)),
    ])
}
