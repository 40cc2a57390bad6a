//! JSON into rows: what a file tells of its items besides title and text, and what it leaves out.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Js};

use crate::course::Stamp;
use crate::course::html::{self, Address};
use crate::course::item::{Item, Record};
use crate::course::tool::{Kind, Role, Table};
use crate::portal::database::{Row, Value};
use crate::portal::schema::{self, Column};

use super::draft::{Draft, FIRST_KEY, Parsed, Waiting};
use super::encode::{COLUMNS, COURSE, FIELDS, FILE, FILENAME, LINKS, VALUE};
use super::error::FormError;
use super::form::{Belongs, FileForm, Given, kind};
use super::frame::{Frame, Rank};
use super::json::{bytes_of, value_of};
use super::links;
use super::paths;
use super::properties::{self, PROPERTIES};
use super::tree::{Place, Tree};

/// An object of the file.
pub type Object = Map<String, Js>;

/// The rows that references in a file may name, by their word: table and keys.
type Scope = HashMap<&'static str, (&'static str, Vec<i64>)>;

/// An item of a part: its object, and columns that stand elsewhere.
pub type PartItem = (Object, Vec<(&'static str, Value)>);

/// The items of a part on their way: the part's number, their kind, what is told of them, their keys.
type PartItems = (usize, &'static Kind, Vec<PartItem>, Vec<i64>);

/// Turns the JSON of one file into a draft.
pub struct Decoder<'t> {
    tree: &'t Tree,
    form: &'static FileForm,
    folder: Place,
    path: Vec<u8>,
    stamp: &'t Stamp,
    frame: Frame,
    scopes: Vec<Scope>,
    next_key: i64,
    waiting: Vec<Waiting>,
    known: HashSet<(&'static str, i64)>,
    users: Vec<String>,
    mounted: bool,
    course: Option<Address>,
    ours: bool,
}

impl<'t> Decoder<'t> {
    /// For a file of the form `form` in `folder`; `home` is the folder that its item lies in.
    pub fn new(tree: &'t Tree, form: &'static FileForm, folder: Place, home: Place, stamp: &'t Stamp) -> Decoder<'t> {
        let home = match home {
            Place::Folder(key, row) => kind(key).map(|kind| (kind.table.name, row)),
            _ => None,
        };
        let main = FIRST_KEY;
        Decoder {
            tree,
            form,
            folder,
            path: tree.path(folder).unwrap_or_default(),
            stamp,
            frame: Frame { form, main, page: main, home },
            scopes: Vec::new(),
            next_key: main,
            waiting: Vec::new(),
            known: home.into_iter().collect(),
            users: Vec::new(),
            mounted: true,
            course: None,
            ours: false,
        }
    }

    /// Takes what the file says of itself; to be called before any text is read. `ours` is whether coursefs made it, so
    /// that what it does not tell is not there.
    pub fn about(&mut self, object: &Object, ours: bool) -> Result<(), FormError> {
        self.ours = ours;
        self.mounted = match object.get(LINKS) {
            None => true,
            Some(Js::String(word)) if word == "absolute" => false,
            Some(_) => return Err(FormError::field(LINKS, "this can only be \"absolute\"; leave it out")),
        };
        if let Some(course) = object.get(COURSE) {
            let part = |name: &str| {
                let bytes = course.get(name).and_then(bytes_of);
                bytes.ok_or_else(|| FormError::field(format!("{COURSE}.{name}"), "a text is missing here"))
            };
            self.course = Some(Address { code: part("code")?, directory: part("directory")? });
        }
        Ok(())
    }

    /// A text as Chamilo has it: links lead into this course.
    pub fn text(&self, text: Vec<u8>) -> Vec<u8> {
        let here = self.tree.address();
        let text = match &self.course {
            Some(course) => html::moved(&text, course, here).unwrap_or(text),
            None => text,
        };
        if self.mounted { links::stored(&text, &here.directory) } else { text }
    }

    /// The draft of the item that `object` tells, and `columns` besides it, from a file whose name without extension is
    /// `stem`. `parts` are the objects of the items of the
    /// first part, with their columns, where these are not in the object.
    pub fn draft(
        mut self,
        stem: &str,
        object: &Object,
        columns: Vec<(&'static str, Value)>,
        parts: Option<Vec<PartItem>>,
    ) -> Result<Draft, FormError> {
        let form = self.form;
        let kind = form.kind().ok_or_else(|| FormError::field(form.kind, "there is no such kind of items"))?;
        let mut allowed: Vec<String> = [LINKS, COURSE, PROPERTIES, FIELDS, "form"].map(str::to_owned).into();
        let mut lists: Vec<PartItems> = Vec::new();
        let mut parts = parts;
        let mut scope = Scope::new();
        for (number, part) in form.parts.iter().enumerate() {
            let Some(kind) = super::form::kind(part.kind) else { continue };
            let words = form.table(kind.table.name);
            let name = match part.belongs {
                Belongs::Version(_) => "versions",
                _ => words.list_name(&kind.table),
            };
            allowed.push(name.to_owned());
            let given = match parts.take() {
                Some(given) => given,
                None => objects(object, name)?.into_iter().map(|object| (object, Vec::new())).collect(),
            };
            let keys: Vec<i64> = given.iter().map(|_| self.key()).collect();
            scope.insert(words.row, (kind.table.name, keys.clone()));
            lists.push((number, kind, given, keys));
        }
        self.frame.page = lists
            .iter()
            .filter(|(number, ..)| {
                matches!(form.parts.get(*number).map(|part| part.belongs), Some(Belongs::Version(_)))
            })
            .find_map(|(_, _, _, keys)| keys.first().copied())
            .unwrap_or(self.frame.main);
        self.scopes.push(scope);
        let key = self.frame.main;
        let main = self.row(&kind.table, object, columns, None, (Rank::Main, 0), key, "", &allowed)?;
        let mut properties = vec![self.properties(kind, object, "")?];
        let mut fields = vec![fields(object, "")?];
        let mut records = Vec::new();
        for (number, kind, given, keys) in lists {
            let name = form.table(kind.table.name).list_name(&kind.table);
            let mut rows = Vec::new();
            for (place, ((object, columns), key)) in given.into_iter().zip(keys).enumerate() {
                let path = format!("{name}[{place}]");
                let rank = Rank::Part(number);
                let allowed = [PROPERTIES, FIELDS].map(str::to_owned);
                rows.push(self.row(&kind.table, &object, columns, None, (rank, place), key, &path, &allowed)?);
                properties.push(self.properties(kind, &object, &path)?);
                fields.push(self::fields(&object, &path)?);
            }
            records.push(rows);
        }
        let mut parsed = Parsed {
            main,
            parts: records,
            told: object.keys().cloned().collect(),
            ours: self.ours,
            now: self.stamp.datetime(),
            next_key: self.next_key,
            stem: stem.to_owned(),
        };
        list_parts(form, &mut parsed);
        if let Some(complete) = form.complete {
            complete(&mut parsed);
        }
        let kinds = form.parts.iter().filter_map(|part| super::form::kind(part.kind));
        let records =
            parsed.parts.into_iter().zip(kinds).flat_map(|(rows, kind)| rows.into_iter().map(move |row| (kind, row)));
        let records = std::iter::once((kind, parsed.main)).chain(records);
        let mut properties = properties.into_iter();
        let mut fields = fields.into_iter();
        let items = records.map(|(kind, mut record)| {
            let properties = properties.next().unwrap_or_default();
            if let Some(row) = properties.first() {
                properties::complete_below(&kind.table, &mut record, row);
            }
            Item { kind, record, properties, fields: fields.next().unwrap_or_default() }
        });
        Ok(Draft {
            form,
            folder: self.folder,
            items: items.collect(),
            waiting: self.waiting,
            known: self.known,
            users: self.users,
            series: None,
            before: Vec::new(),
            partial: None,
        })
    }

    fn key(&mut self) -> i64 {
        self.next_key -= 1;
        self.next_key
    }

    /// The row that `object` tells, with those below it.
    #[expect(clippy::too_many_arguments, reason = "a row, where it stands, and what may stand beside its columns")]
    fn row(
        &mut self,
        table: &'static Table,
        object: &Object,
        columns: Vec<(&'static str, Value)>,
        parent: Option<(&Table, &Record)>,
        (rank, place): (Rank, usize),
        key: i64,
        path: &str,
        allowed: &[String],
    ) -> Result<Record, FormError> {
        let words = self.form.table(table.name);
        let known = schema::columns(table.name);
        let mut record = Record::new(table);
        let mut names: HashSet<&str> = allowed.iter().map(String::as_str).collect();
        names.insert(COLUMNS);
        let given: HashMap<&str, Value> = columns.into_iter().collect();
        let mut told: Vec<(&'static Column, &Js)> = Vec::new();
        for column in known {
            let name = words.name(column.name);
            if let Some(value) = given.get(column.name) {
                names.insert(name);
                record.set(column.name, value.clone());
                continue;
            }
            let never_told = match table.role(column.name) {
                Role::Key | Role::Private => Some(column.empty()),
                // Base content, as Chamilo writes it.
                Role::Session => Some(Value::Int(0)),
                _ => None,
            };
            if let Some(value) = never_told {
                record.set(column.name, value);
                continue;
            }
            names.insert(name);
            if let Some(fixed) = self.frame.fixed(column.name, rank) {
                record.set(column.name, fixed);
            } else if let Some(value) = object.get(name) {
                told.push((column, value));
            } else {
                let value = self.frame.supplied(table, column.name, rank, place).unwrap_or_else(|| {
                    match words.default(column.name) {
                        Some(Given::Today) => Value::from(self.stamp.datetime().chars().take(10).collect::<String>()),
                        Some(Given::User) => Value::Int(self.user(None)),
                        Some(Given::Language) => self.tree.items().course.get("course_language").clone(),
                        _ => Value::from(self.stamp.datetime()),
                    }
                });
                record.set(column.name, value);
            }
        }
        if let Some(more) = object.get(COLUMNS) {
            let at = join(path, COLUMNS);
            let more = more.as_object().ok_or_else(|| FormError::field(at.clone(), "an object is wanted here"))?;
            for (column, value) in more {
                let value = value_of(value);
                let value =
                    value.ok_or_else(|| FormError::field(join(&at, column), "a text or number is wanted here"))?;
                record.set(column, value);
            }
        }
        // A key that is a name (a tool introduction's) is data.
        if record.get(table.key).as_text().is_empty() {
            record.set(table.key, Value::Int(key));
        }
        record.set(table.primary, Value::Int(key));
        let mut lists = Vec::new();
        let mut scope = Scope::new();
        for (place, child) in table.children.iter().enumerate().filter(|(_, child)| !child.users_own) {
            let words = self.form.table(child.name);
            let name = words.list_name(child);
            names.insert(name);
            let objects = objects(object, name).map_err(|error| error.below(path))?;
            let keys: Vec<i64> = objects.iter().map(|_| self.key()).collect();
            scope.insert(words.row, (child.name, keys.clone()));
            lists.push((place, child, name, objects, keys));
        }
        if table.files.is_some() {
            names.insert(FILE);
        }
        if rank == Rank::Below {
            names.extend(table.property_tool.map(|_| PROPERTIES));
            names.extend(table.extra_fields.map(|_| FIELDS));
        }
        if let Some(unknown) = object.keys().find(|name| !names.contains(name.as_str())) {
            let mut names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
            names.sort_unstable();
            let problem = format!("nothing is called so here; there are {}", names.join(", "));
            return Err(FormError::field(join(path, unknown), problem));
        }
        self.scopes.push(scope);
        // What other columns depend on comes first, for it is data.
        told.sort_by_key(|(column, _)| {
            !matches!(table.role(column.name), Role::Data | Role::Html | Role::Key | Role::Loose)
        });
        for (column, value) in told {
            let at = join(path, words.name(column.name));
            let value = self.value(table, &record, parent, column, value, &at)?;
            record.set(column.name, value);
        }
        if let Some(files) = table.files {
            // The file's own name comes with the file.
            record.set(files.column, Value::from(Vec::new()));
            let name = object.get(FILE).and_then(bytes_of).unwrap_or_default();
            let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
            if !name.is_empty() && known.iter().any(|known| known.name == FILENAME) && !object.contains_key(FILENAME) {
                record.set(FILENAME, Value::from(name));
            }
        }
        for (place, child, name, objects, keys) in lists {
            let mut rows = Vec::new();
            for (number, (object, key)) in objects.iter().zip(keys).enumerate() {
                let at = format!("{}[{number}]", join(path, name));
                rows.push(self.row(
                    child,
                    object,
                    Vec::new(),
                    Some((table, &record)),
                    (Rank::Below, number),
                    key,
                    &at,
                    &[],
                )?);
            }
            if let Some(children) = record.children.get_mut(place) {
                *children = rows;
            }
        }
        self.scopes.pop();
        if rank == Rank::Below {
            if let (Some(_), Some(told)) = (table.property_tool, object.get(PROPERTIES)) {
                let mut user = |name: &str| self.user(Some(name));
                properties::read_below(&mut record, told, &join(path, PROPERTIES), &mut user)?;
            }
            let told = fields(object, path)?;
            if !told.is_empty() {
                record.beside_mut().fields = told;
            }
        }
        Ok(record)
    }

    fn value(
        &mut self,
        table: &Table,
        record: &Record,
        parent: Option<(&Table, &Record)>,
        column: &Column,
        value: &Js,
        at: &str,
    ) -> Result<Value, FormError> {
        let wanted = |what: &str| FormError::field(at, format!("{what} is wanted here"));
        // Which row a key beside its own means is known only when the rows are there: words tell it.
        let role = match (table.role(column.name), parent) {
            (Role::ReferenceByParent(deciding, cases), Some((_, parent))) if value.is_string() => {
                let case = parent.bytes(deciding);
                let target = cases.iter().find(|(known, _)| known.as_bytes() == case).map(|(_, target)| *target);
                target.map_or(Role::Data, Role::Reference)
            }
            (Role::ReferenceByParent(..), _) => Role::Data,
            _ => table.role_in(column.name, record, parent),
        };
        match role {
            Role::User => match value {
                Js::String(name) if !name.is_empty() => Ok(Value::Int(self.user(Some(name)))),
                Js::Null => Ok(Value::Int(self.user(None))),
                value => value_of(value).ok_or_else(|| wanted("the name of a user")),
            },
            Role::Reference(target) | Role::Late(target) => match value {
                Js::String(path) if !path.is_empty() => {
                    let key = self.reference(path, target, at)?;
                    Ok(if column.is_number() { Value::Int(key) } else { Value::from(key.to_string()) })
                }
                Js::Object(members) if members.contains_key(VALUE) => {
                    members.get(VALUE).and_then(value_of).ok_or_else(|| wanted("a text or number"))
                }
                value => value_of(value).ok_or_else(|| wanted("the path of a file")),
            },
            Role::Html => match value_of(value).ok_or_else(|| wanted("a text"))? {
                Value::Text(text) => Ok(Value::from(self.text(text.to_vec()))),
                value => Ok(value),
            },
            _ => {
                let words = self.form.table(table.name).words_of(column.name);
                if let (Some(word), false) = (value.as_str(), words.is_empty()) {
                    let found = words.iter().find(|(_, known)| *known == word).map(|(number, _)| Value::Int(*number));
                    let all = || words.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(", ");
                    return found.ok_or_else(|| wanted(&format!("a number or one of the words {}", all())));
                }
                let value = value_of(value).ok_or_else(|| wanted("a text or number"))?;
                if column.is_number()
                    && matches!(&value, Value::Text(text) if !text.is_empty() && value.as_int().is_none())
                    && column.fit(&value).is_some()
                {
                    return Err(wanted("a number"));
                }
                Ok(value)
            }
        }
    }

    /// The key of the row that `path` leads to in a table.
    fn reference(&mut self, path: &str, target: &'static str, at: &str) -> Result<i64, FormError> {
        if let Some(fragment) = path.strip_prefix('#') {
            let found = fragment.rsplit_once('-').and_then(|(word, number)| {
                let number = number.parse::<usize>().ok()?.checked_sub(1)?;
                let scopes = self.scopes.iter().rev().filter_map(|scope| scope.get(word));
                let (table, keys) = scopes.into_iter().find(|(table, _)| *table == target)?;
                keys.get(number).map(|key| (*table, *key))
            });
            let (_, key) = found.ok_or_else(|| FormError::field(at, format!("the file has no {fragment}")))?;
            return Ok(key);
        }
        let outside = || FormError::field(at, format!("{path} leads out of the course"));
        let whole = paths::absolute(&self.path, path.as_bytes()).ok_or_else(outside)?;
        let found = self.tree.resolve_reference(&whole);
        match found {
            Some((table, key)) if table == target => {
                self.known.insert((table, key));
                Ok(key)
            }
            Some(_) => Err(FormError::field(at, format!("{path} is not what belongs here"))),
            None => {
                if let Some(waiting) =
                    self.waiting.iter().find(|waiting| waiting.path == whole && waiting.table == target)
                {
                    return Ok(waiting.key);
                }
                let key = self.key();
                self.waiting.push(Waiting { path: whole, table: target, key });
                Ok(key)
            }
        }
    }

    /// The key that stands for a user; none is who acts.
    fn user(&mut self, name: Option<&str>) -> i64 {
        // No user has an empty name, so that this one is not found and the acting user stands in.
        let name = name.unwrap_or_default();
        let place = self.users.iter().position(|known| known == name).unwrap_or_else(|| {
            self.users.push(name.to_owned());
            self.users.len() - 1
        });
        place as i64 + 1
    }

    /// The property rows that `object` tells: one, unless it says that there is none.
    fn properties(&mut self, kind: &Kind, object: &Object, path: &str) -> Result<Vec<Row>, FormError> {
        if kind.property_tool.is_none() {
            return Ok(Vec::new());
        }
        let mut user = |name: &str| self.user(Some(name));
        properties::read(object.get(PROPERTIES), &join(path, PROPERTIES), &mut user)
    }
}

/// Lists the items of a part in their order, if the file lists them no otherwise.
fn list_parts(form: &'static FileForm, parsed: &mut Parsed) {
    for (number, part) in form.parts.iter().enumerate() {
        let (Belongs::Listed(table, column, order), Some(kind)) = (part.belongs, form.kind()) else { continue };
        let Some((place, child)) = kind.table.child(table) else { continue };
        if parsed.told.contains(form.table(table).list_name(child)) {
            continue;
        }
        let part = kind_of(part.kind);
        let keys: Vec<i64> = parsed.parts.get(number).into_iter().flatten().filter_map(|row| row.key(part?)).collect();
        let mut rows = Vec::new();
        for (place, key) in (1_i64..).zip(keys) {
            let mut row = Record::new(child);
            row.set(child.primary, Value::Int(parsed.key()));
            row.set(column, Value::Int(key));
            row.set(order, Value::Int(place));
            rows.push(row);
        }
        if let Some(children) = parsed.main.children.get_mut(place) {
            *children = rows;
        }
    }
}

fn kind_of(key: &str) -> Option<&'static Table> {
    kind(key).map(|kind| &kind.table)
}

/// The values of extra fields that `object` tells.
fn fields(object: &Object, path: &str) -> Result<Vec<Row>, FormError> {
    let mut rows = Vec::new();
    for (number, field) in objects(object, FIELDS).map_err(|error| error.below(path))?.iter().enumerate() {
        let at = format!("{}[{number}]", join(path, FIELDS));
        let value = |name: &str| field.get(name).map_or(Some(Value::Null), value_of);
        let problem = |name: &str| FormError::field(join(&at, name), "a text is wanted here");
        let values = vec![
            value("variable").ok_or_else(|| problem("variable"))?,
            value("value").ok_or_else(|| problem("value"))?,
        ];
        rows.push(Row::new(["variable", "value"].map(Into::into).into(), values));
    }
    Ok(rows)
}

/// The objects in the list `name`, none if there is no such list.
fn objects(object: &Object, name: &str) -> Result<Vec<Object>, FormError> {
    let list = match object.get(name) {
        None | Some(Js::Null) => return Ok(Vec::new()),
        Some(Js::Array(list)) => list,
        Some(_) => return Err(FormError::field(name, "a list is wanted here")),
    };
    let object = |(number, value): (usize, &Js)| {
        value
            .as_object()
            .cloned()
            .ok_or_else(|| FormError::field(format!("{name}[{number}]"), "an object is wanted here"))
    };
    list.iter().enumerate().map(object).collect()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl FormError {
    /// The same error in a field of `path`.
    fn below(self, path: &str) -> FormError {
        match self {
            FormError::Field { field, problem } => FormError::Field { field: join(path, &field), problem },
            error => error,
        }
    }
}
