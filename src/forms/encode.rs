//! Rows as JSON: what a file tells of its items besides title and text.

use memchr::memmem;

use crate::course::html::replaced;
use crate::course::item::{Item, Record};
use crate::course::tool::{Role, SHORTCUT, Table};
use crate::portal::database::{Row, Value};
use crate::portal::schema;

use super::form::{Belongs, Syntax, kind};
use super::frame::{Frame, Rank};
use super::json::{Json, Members};
use super::links;
use super::paths;
use super::properties::{self, PROPERTIES};
use super::tree::{Place, Tree, Unit};

/// Values of extra fields.
pub const FIELDS: &str = "extra_fields";
/// Columns that only some portals have.
pub const COLUMNS: &str = "more_columns";
/// The file that a row names.
pub const FILE: &str = "file";
/// The column with the name of a file.
pub const FILENAME: &str = "filename";
/// The course, where texts name it.
pub const COURSE: &str = "course";
/// How links in texts stand.
pub const LINKS: &str = "document_links";
/// A value where else a path would stand.
pub const VALUE: &str = "value";

/// Turns the items of one file into JSON.
pub struct Encoder<'t> {
    tree: &'t Tree,
    /// The items.
    pub unit: &'t Unit,
    frame: Frame,
    /// The folder of the file, below the course's.
    folder: Vec<u8>,
    /// Whether links in texts lead to the mounted documents.
    mounted: bool,
}

impl<'t> Encoder<'t> {
    /// For the file `file`; `None` if there is no such file.
    pub fn new(tree: &'t Tree, file: Place) -> Option<Encoder<'t>> {
        let unit = tree.unit(file)?;
        let main = tree.main(unit)?;
        let place = tree.entry(file)?.parent?;
        let home = match place {
            Place::Folder(key, row) if !unit.form.folder => Some((kind(key)?.table.name, row)),
            // The page of a folder lies in it: what counts is where the folder lies.
            Place::Folder(..) => match tree.entry(place)?.parent? {
                Place::Folder(key, row) => Some((kind(key)?.table.name, row)),
                _ => None,
            },
            _ => None,
        };
        let Place::File(_, page) = file else { return None };
        let frame = Frame { form: unit.form, main: main.record.key(&main.kind.table)?, page, home };
        let mut encoder = Encoder { tree, unit, frame, folder: tree.path(place)?, mounted: true };
        encoder.mounted = encoder.texts_turn();
        Some(encoder)
    }

    /// The item of the file.
    pub fn main(&self) -> Option<&'t Item> {
        self.tree.main(self.unit)
    }

    /// The items of a part.
    pub fn part(&self, number: usize) -> impl Iterator<Item = &'t Item> {
        self.tree.part(self.unit, number)
    }

    /// The tree.
    pub fn tree(&self) -> &'t Tree {
        self.tree
    }

    /// All of an event: what its standard properties show stands here once more, as it is.
    pub fn event(&self) -> Members {
        self.unit(&[], false)
    }

    /// A text with the links as they are in a mounted course.
    pub fn text(&self, html: &[u8]) -> Vec<u8> {
        let mounted = self.mounted.then(|| links::mounted(html, &self.tree.address().directory, self.depth()));
        mounted.flatten().unwrap_or_else(|| html.to_vec())
    }

    /// A value as JSON, with the links as they are in a mounted course.
    pub fn html(&self, known: Option<&schema::Column>, value: &Value) -> Json {
        match value {
            Value::Text(text) => Json::text(&self.text(text)),
            value => Json::of(known, value),
        }
    }

    fn depth(&self) -> usize {
        self.folder.split(|byte| *byte == b'/').count()
    }

    /// Hands every HTML text of the items to `each`.
    fn texts(&self, each: &mut dyn FnMut(&[u8])) {
        fn of_record(table: &Table, record: &Record, each: &mut dyn FnMut(&[u8])) {
            for (column, role) in table.roles {
                if let (Role::Html, Value::Text(text)) = (role, record.get(column)) {
                    each(text);
                }
            }
            for (child, rows) in table.children.iter().zip(&record.children).filter(|(child, _)| !child.users_own) {
                rows.iter().for_each(|row| of_record(child, row, each));
            }
        }
        let parts = (0..self.unit.form.parts.len()).flat_map(|number| self.part(number));
        for item in self.main().into_iter().chain(parts) {
            of_record(&item.kind.table, &item.record, each);
        }
    }

    /// Whether all texts come back when links are turned.
    fn texts_turn(&self) -> bool {
        let mut turn = true;
        let directory = &self.tree.address().directory;
        self.texts(&mut |text| turn &= links::mounted(text, directory, self.depth()).is_some());
        turn
    }

    /// What a file says of itself: how links stand, and which course texts name.
    pub fn about(&self) -> Members {
        let mut members = Vec::new();
        if !self.mounted {
            members.push((LINKS.into(), "absolute".into()));
        }
        let address = self.tree.address();
        let folder = [b"/courses/".as_slice(), &address.directory, b"/"].concat();
        let query = [b"cidReq=".as_slice(), &address.code].concat();
        let mut named = false;
        self.texts(&mut |text| {
            let text = self.text(text);
            named |= replaced(&text, &folder, b"", |_| true).is_some() || memmem::find(&text, &query).is_some();
        });
        if named {
            let course =
                vec![("code".into(), Json::text(&address.code)), ("directory".into(), Json::text(&address.directory))];
            members.push((COURSE.into(), Json::Map(course)));
        }
        members
    }

    /// The item of the file: all but the columns `told`, which stand elsewhere, and its parts if `with_parts`.
    pub fn unit(&self, told: &[&str], with_parts: bool) -> Members {
        let Some(main) = self.main() else { return Vec::new() };
        let mut members = self.item(main, Rank::Main, 0, told);
        if with_parts {
            for (number, part) in self.unit.form.parts.iter().enumerate() {
                let Some(kind) = kind(part.kind) else { continue };
                let list: Vec<Json> = self
                    .part(number)
                    .enumerate()
                    .map(|(place, item)| Json::Map(self.item(item, Rank::Part(number), place, &[])))
                    .collect();
                if !list.is_empty() {
                    members.push((self.part_name(part.belongs, &kind.table), Json::List(list)));
                }
            }
        }
        members
    }

    fn part_name(&self, belongs: Belongs, table: &Table) -> String {
        match belongs {
            Belongs::Version(_) => "versions".into(),
            _ => self.unit.form.table(table.name).list_name(table).into(),
        }
    }

    /// One item: its row, and what hangs on it.
    pub fn item(&self, item: &Item, rank: Rank, place: usize, told: &[&str]) -> Members {
        let row = item.newest_property();
        let mut members = self.record(&item.kind.table, &item.record, (None, row), (rank, place), told);
        if item.kind.property_tool.is_some() {
            members.extend(told_as(PROPERTIES, row.map(|row| properties::members(row, self.tree.users()))));
        }
        members.extend(fields(&item.fields));
        members
    }

    /// Who made an item and when, for people.
    pub fn signature(&self, item: &Item) -> String {
        let roles = item.kind.table.roles.iter();
        let mut authors =
            roles.filter(|(_, role)| matches!(role, Role::User)).filter_map(|(column, _)| item.record.int(column));
        let author = authors.find_map(|key| self.tree.users().name(key)).unwrap_or_default();
        let dates = item.record.iter().filter(|(column, _)| column.ends_with("_date"));
        let date =
            dates.map(|(_, value)| String::from_utf8_lossy(value.as_text()).into_owned()).next().unwrap_or_default();
        [author, &date].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    fn user(&self, key: i64) -> Option<Json> {
        self.tree.users().name(key).map(Json::from)
    }

    /// A row with those below it; `of` is the property row of its item.
    fn record(
        &self,
        table: &'static Table,
        record: &Record,
        (parent, of): (Option<(&Table, &Record)>, Option<&Row>),
        (rank, place): (Rank, usize),
        told: &[&str],
    ) -> Members {
        let words = self.unit.form.table(table.name);
        let known = schema::columns(table.name);
        let mut members = Vec::new();
        let mut more = Vec::new();
        for (column, value) in record.iter() {
            if column == SHORTCUT {
                continue;
            }
            if told.contains(&column) {
                // An empty text says nothing of NULL.
                if *value == Value::Null {
                    members.push((words.name(column).to_owned(), Json::Null));
                }
                continue;
            }
            if table.files.is_some_and(|files| files.column == column) {
                members.extend(self.file(table, record).map(|path| (FILE.to_owned(), path)));
                continue;
            }
            if column == FILENAME && table.files.is_some() {
                // The path of the file tells its name.
                let path = self.file(table, record).and_then(|path| match path {
                    Json::Text(path) => Some(path),
                    _ => None,
                });
                let name = path.as_deref().map_or("", |path| path.rsplit('/').next().unwrap_or(path));
                if value.to_text().as_deref() != Some(name.as_bytes()) {
                    members.push((words.name(column).to_owned(), Json::of(None, value)));
                }
                continue;
            }
            let role = match table.role_in(column, record, parent) {
                // A key that is a name (a tool introduction's) is data.
                Role::Key if column == table.key && record.int(column).is_none() && !value.as_text().is_empty() => {
                    Role::Data
                }
                role => role,
            };
            if matches!(role, Role::Key | Role::Session | Role::Private) {
                continue;
            }
            if self.frame.fixed(column, rank).is_some() {
                continue;
            }
            let supplied = self.frame.supplied(table, column, rank, place);
            if supplied.is_some_and(|supplied| supplied.to_text() == value.to_text()) {
                continue;
            }
            let known = known.iter().find(|known| known.name == column);
            let json = match role {
                Role::User => match value.as_int().filter(|key| *key != 0) {
                    Some(key) => self.user(key).unwrap_or(Json::Null),
                    None => Json::of(known, value),
                },
                Role::Html => self.html(known, value),
                Role::Reference(target) | Role::Late(target) => self.reference(target, value, known, parent),
                _ => {
                    let words = words.words_of(column).iter().find(|(number, _)| value.as_int() == Some(*number));
                    words.map_or_else(|| Json::of(known, value), |(_, word)| Json::from(*word))
                }
            };
            match known {
                Some(_) => members.push((words.name(column).to_owned(), json)),
                None => more.push((column.to_owned(), json)),
            }
        }
        if !more.is_empty() {
            members.push((COLUMNS.into(), Json::Map(more)));
        }
        for (child, rows) in table.children.iter().zip(&record.children) {
            // A sheet shows all its lists, so that whoever edits it sees what there may be.
            let shown = !rows.is_empty() || (rank == Rank::Main && self.unit.form.syntax == Syntax::Sheet);
            if child.users_own || !shown || (rank == Rank::Main && self.is_implied(child, rows)) {
                continue;
            }
            let list = rows.iter().enumerate();
            let parent = (Some((table, record)), of);
            let list = list.map(|(place, row)| {
                let mut members = self.record(child, row, parent, (Rank::Below, place), &[]);
                members.extend(self.beside(child, row, of));
                members
            });
            let name = self.unit.form.table(child.name).list_name(child);
            members.push((name.to_owned(), Json::List(list.map(Json::Map).collect())));
        }
        members
    }

    /// What other tables hold of a row below an item whose property row is `of`.
    fn beside(&self, table: &'static Table, record: &Record, of: Option<&Row>) -> Members {
        let beside = record.beside.as_deref();
        let mut members = Vec::new();
        if let Some(tool) = table.property_tool {
            let rows = beside.into_iter().flat_map(|beside| &beside.properties);
            let row = rows.max_by_key(|row| crate::course::document::rank(row));
            let below = |row| properties::members_below(row, of, tool, self.tree.users());
            members.extend(told_as(PROPERTIES, row.map(below)));
        }
        members.extend(beside.and_then(|beside| fields(&beside.fields)));
        members
    }

    /// Whether rows only list the items of a part in their order.
    fn is_implied(&self, child: &Table, rows: &[Record]) -> bool {
        let mut parts = self.unit.form.parts.iter().enumerate();
        parts.any(|(number, part)| match part.belongs {
            Belongs::Listed(table, column, order) if table == child.name => {
                let keys: Vec<Option<i64>> = self.part(number).map(|item| item.record.key(&item.kind.table)).collect();
                let in_order = (1..).zip(rows).all(|(place, row)| row.int(order) == Some(place));
                in_order && rows.iter().map(|row| row.int(column)).eq(keys)
            }
            _ => false,
        })
    }

    /// The file of a row, as a path from the file's folder; `None` if it has none.
    fn file(&self, table: &'static Table, record: &Record) -> Option<Json> {
        let path = self.tree.path(Place::Attachment(table.name, record.key(table)?))?;
        Some(Json::text(&paths::relative(&self.folder, &path)))
    }

    /// A reference: the path of what it leads to, or what it holds if it leads nowhere.
    fn reference(
        &self,
        target: &str,
        value: &Value,
        known: Option<&schema::Column>,
        parent: Option<(&Table, &Record)>,
    ) -> Json {
        let number = match value {
            Value::Text(text) => std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok()),
            value => value.as_int(),
        };
        match number {
            Some(0) | None => match value {
                // A string is a path.
                Value::Text(text) if !text.is_empty() => Json::Map(vec![(VALUE.into(), Json::of(known, value))]),
                value => Json::of(known, value),
            },
            Some(key) => {
                let local = self.local(target, key, parent).map(|fragment| format!("#{fragment}").into_bytes());
                let path = local.or_else(|| {
                    let (path, fragment) = self.tree.target(target, key)?;
                    let mut path = paths::relative(&self.folder, &path);
                    if path.starts_with(b"#") {
                        // With nothing in front it would be a row of this file.
                        path.splice(0..0, *b"./");
                    }
                    if let Some(fragment) = fragment {
                        path.push(b'#');
                        path.extend_from_slice(fragment.as_bytes());
                    }
                    Some(path)
                });
                path.map_or(Json::Null, |path| Json::text(&path))
            }
        }
    }

    /// A row in the same file: beside the one that refers to it, in a part, or below the item.
    fn local(&self, target: &str, key: i64, parent: Option<(&Table, &Record)>) -> Option<String> {
        let numbered = |number: usize, table: &str| format!("{}-{}", self.unit.form.table(table).row, number + 1);
        let among = |table: &Table, record: &Record| {
            let (_, child) = table.child(target)?;
            let rows = record.children_of(table, target);
            rows.iter().position(|row| row.key(child) == Some(key)).map(|number| numbered(number, target))
        };
        if let Some((table, record)) = parent
            && let Some(fragment) = among(table, record)
        {
            return Some(fragment);
        }
        for (number, part) in self.unit.form.parts.iter().enumerate() {
            let table = &kind(part.kind)?.table;
            if table.name == target
                && let Some(number) = self.part(number).position(|item| item.record.key(table) == Some(key))
            {
                return Some(numbered(number, target));
            }
        }
        let main = self.main()?;
        among(&main.kind.table, &main.record)
    }
}

/// A member with what is told of a row: none if that goes without saying, null if there is no row.
fn told_as(name: &str, told: Option<Members>) -> Option<(String, Json)> {
    match told {
        Some(told) if told.is_empty() => None,
        Some(told) => Some((name.into(), Json::Map(told))),
        None => Some((name.into(), Json::Null)),
    }
}

/// A member with values of extra fields, if there are any.
fn fields(rows: &[Row]) -> Option<(String, Json)> {
    let field = |row: &Row| {
        let members = ["variable", "value"].map(|column| (column.to_owned(), Json::of(None, row.get(column))));
        Json::Map(members.into())
    };
    (!rows.is_empty()).then(|| (FIELDS.into(), Json::List(rows.iter().map(field).collect())))
}
