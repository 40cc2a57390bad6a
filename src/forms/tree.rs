//! The folders and files that the items of a course make, and what each is called.
//!
//! A [`Tree`] is made from a course's [`Items`] once for each change of the database, and holds them. It tells names,
//! finds them, and leads from rows to paths and back, so that files can refer to each other by path. It knows nothing of
//! bytes: these are made by [`write`](super::write).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::course::html::Address;
use crate::course::item::{Item, Items, Record};
use crate::course::tool::{Files, Kind, TOOLS, Table};
use crate::portal::database::{DatabaseError, Row, Session};

use super::declared::FORMS;
use super::form::{Belongs, FileForm, Home, Part, Syntax, kind};
use super::names::{self, Named, Wanted};
use super::users::Users;

/// The name of the page of an item that is a folder.
pub const INDEX: &str = "index.html";

/// What the folder with the attachments of `Welcome.html` has after `Welcome`.
pub const ATTACHMENTS: &str = "_files";

/// The folder of a course's documents, in paths.
pub const DOCUMENT: &[u8] = b"Document";

/// What stands in the tree. It can be kept: it means the same thing as long as that thing exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// The folder of a tool.
    Tool(&'static str),
    /// A folder in a tool's folder that stands for no row: the tool and the folder's name.
    Shelf(&'static str, &'static str),
    /// An item that is a folder: the key of its kind and its own.
    Folder(&'static str, i64),
    /// The file of an item.
    File(&'static str, i64),
    /// The folder with the attachments of an item's file.
    Attachments(&'static str, i64),
    /// An attachment: its table and its key.
    Attachment(&'static str, i64),
}

impl Place {
    /// The table of the item that the place is of, and what other rows know the item by.
    pub fn row(self) -> Option<(&'static str, i64)> {
        match self {
            Place::File(of, key) | Place::Folder(of, key) => Some((kind(of)?.table.name, key)),
            Place::Tool(_) | Place::Shelf(..) | Place::Attachments(..) | Place::Attachment(..) => None,
        }
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A folder.
    Folder,
    /// A file whose bytes this module makes.
    File,
    /// A file that a row names.
    Attachment,
    /// A learning path's package, made elsewhere.
    Package,
}

/// A name in a folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it names.
    pub place: Place,
    /// The folder that it is in; `None` for a tool's folder, which is in the course's.
    pub parent: Option<Place>,
    /// The name.
    pub name: Vec<u8>,
    /// What it is.
    pub what: What,
    /// Whether it stands in listings: the folder of an item without attachments does not, but can be looked up.
    pub listed: bool,
    /// When it was last edited, `YYYY-MM-DD HH:MM:SS` UTC; empty if no row tells.
    pub changed: String,
}

/// The items of one file, as places in the lists of [`Items`].
#[derive(Clone, Debug)]
pub struct Unit {
    /// The form of the file.
    pub form: &'static FileForm,
    main: usize,
    parts: Vec<Vec<usize>>,
}

/// A file of the course that an attachment's row names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its folder below the course's folder.
    pub folder: &'static str,
    /// Its name there.
    pub name: Vec<u8>,
}

/// An attachment: a row that names a file.
struct Attached<'t> {
    table: &'static Table,
    files: Files,
    record: &'t Record,
}

#[derive(Debug, Default)]
struct Content {
    /// Listed entries by name.
    entries: BTreeMap<Vec<u8>, Place>,
    /// Other names.
    aliases: HashMap<Vec<u8>, Place>,
}

/// The tools' folders of a course.
pub struct Tree {
    items: Items,
    address: Address,
    users: Users,
    entries: HashMap<Place, Entry>,
    folders: HashMap<Place, Content>,
    units: HashMap<Place, Unit>,
    stored: HashMap<Place, StoredFile>,
    /// Rows that stand in the file of another, by table and key: that file, the word for them and their number.
    parts: HashMap<(&'static str, i64), (Place, &'static str, usize)>,
    documents: HashMap<i64, Vec<u8>>,
    gone: Arc<Gone>,
}

/// Where a row is told: a path below the course's folder, and the place in that file.
pub type Target = (Vec<u8>, Option<String>);

/// Where rows were told that are gone, by table and key.
pub type Gone = HashMap<&'static str, HashMap<i64, Target>>;

impl Tree {
    /// Reads the items of a course and makes its tree; `documents` are the keys of its documents by path.
    pub fn load(session: &dyn Session, course: Row, documents: HashMap<Vec<u8>, i64>) -> Result<Tree, DatabaseError> {
        let items = Items::load(session, course, documents)?;
        let users = Users::load(session, &items)?;
        Ok(Tree::new(items, users))
    }

    /// The tree of `items`, whose users are called as `users` knows.
    pub fn new(items: Items, users: Users) -> Tree {
        let code = items.course.bytes("code");
        let directory = items.course.bytes("directory");
        let documents = items.documents.iter().map(|(path, key)| (*key, path.clone())).collect();
        let mut tree = Tree {
            address: Address { directory: if directory.is_empty() { code.clone() } else { directory }, code },
            items,
            users,
            entries: HashMap::new(),
            folders: HashMap::new(),
            units: HashMap::new(),
            stored: HashMap::new(),
            parts: HashMap::new(),
            documents,
            gone: Arc::default(),
        };
        tree.build();
        tree
    }

    /// The folders of the tools that hold something, by name.
    pub fn tools(&self) -> impl Iterator<Item = &Entry> {
        let mut tools: Vec<&Entry> = self.entries.values().filter(|entry| entry.parent.is_none()).collect();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        tools.into_iter().filter(|entry| entry.listed)
    }

    /// The tool folder called `name`, also of a tool that holds nothing yet; `None` for every other name.
    pub fn tool(name: &[u8]) -> Option<Place> {
        FORMS.iter().find(|form| form.tool.as_bytes() == name).map(|form| Place::Tool(form.tool))
    }

    /// The entry of a place, if it is there.
    pub fn entry(&self, place: Place) -> Option<&Entry> {
        self.entries.get(&place)
    }

    /// The entries listed in a folder, by name.
    pub fn children(&self, folder: Place) -> impl Iterator<Item = &Entry> {
        let content = self.folders.get(&folder);
        content.into_iter().flat_map(|content| content.entries.values()).filter_map(|place| self.entries.get(place))
    }

    /// The entry called `name` in a folder. Names that are not listed, but lead to something, are found too: the marked
    /// names of items whose title is unique by now, and the attachments' folder of an item that has none.
    pub fn lookup(&self, folder: Place, name: &[u8]) -> Option<&Entry> {
        let content = self.folders.get(&folder)?;
        let place = content.entries.get(name).or_else(|| content.aliases.get(name))?;
        self.entries.get(place)
    }

    /// The path of a place below the course's folder, without a slash in front.
    pub fn path(&self, place: Place) -> Option<Vec<u8>> {
        let entry = self.entries.get(&place)?;
        match entry.parent {
            None => Some(entry.name.clone()),
            Some(parent) => Some([self.path(parent)?, entry.name.clone()].join(&b'/')),
        }
    }

    /// The items of a file; its own first.
    pub fn items_of(&self, file: Place) -> Vec<&Item> {
        let Some(unit) = self.units.get(&file) else { return Vec::new() };
        let main = self.main(unit);
        let parts = (0..unit.parts.len()).flat_map(|number| self.part(unit, number));
        main.into_iter().chain(parts).collect()
    }

    /// Where the file of an attachment lies.
    pub fn stored_file(&self, attachment: Place) -> Option<&StoredFile> {
        self.stored.get(&attachment)
    }

    /// All items, as they were loaded.
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// The course, as links name it.
    pub fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn users(&self) -> &Users {
        &self.users
    }

    pub(super) fn unit(&self, file: Place) -> Option<&Unit> {
        self.units.get(&file)
    }

    pub(super) fn main(&self, unit: &Unit) -> Option<&Item> {
        self.items.of(unit.form.kind).get(unit.main)
    }

    pub(super) fn part<'t>(&'t self, unit: &'t Unit, number: usize) -> impl Iterator<Item = &'t Item> {
        let items = unit.form.parts.get(number).map(|part| self.items.of(part.kind)).unwrap_or_default();
        unit.parts.get(number).into_iter().flatten().filter_map(|place| items.get(*place))
    }

    /// Where the row `key` of `table` is told: a path below the course's folder, and the place in that file.
    pub(super) fn target(&self, table: &str, key: i64) -> Option<Target> {
        self.present(table, key).or_else(|| self.gone.get(table)?.get(&key).cloned())
    }

    /// Lets references to rows that are gone lead to where those were: whoever moves items one after the other to another
    /// course reads what refers to the first ones after they are gone.
    pub fn remember(&mut self, gone: Arc<Gone>) {
        self.gone = gone;
    }

    /// Where the rows of `file` that others may refer to are told: table, key, place.
    pub fn targets_of(&self, file: Place) -> Vec<(&'static str, i64, Target)> {
        let Some(unit) = self.units.get(&file) else { return Vec::new() };
        let own = self.items_of(file).into_iter().filter_map(|item| {
            let (table, key) = (item.kind.table.name, item.record.key(&item.kind.table)?);
            Some((table, key, self.present(table, key)?))
        });
        let mut targets: Vec<_> = own.collect();
        let (Some(main), Some(path)) = (self.main(unit), self.path(file)) else { return targets };
        for (child, rows) in main.kind.table.children.iter().zip(&main.record.children) {
            let word = unit.form.table(child.name).row;
            let rows = (1..).zip(rows).filter(|_| !child.users_own);
            let told = rows.filter_map(|(number, row)| {
                Some((child.name, row.key(child)?, (path.clone(), Some(format!("{word}-{number}")))))
            });
            targets.extend(told);
        }
        targets
    }

    /// Whether the row `key` of `table` is told somewhere.
    pub fn is_there(&self, table: &str, key: i64) -> bool {
        self.present(table, key).is_some()
    }

    fn present(&self, table: &str, key: i64) -> Option<Target> {
        if table == "c_document" {
            let path = self.documents.get(&key)?;
            return Some(([DOCUMENT, path].join(&b'/'), None));
        }
        for form in FORMS.iter().filter(|form| form.kind().is_some_and(|kind| kind.table.name == table)) {
            let place = if form.folder { Place::Folder(form.kind, key) } else { Place::File(form.kind, key) };
            if let Some(path) = self.path(place) {
                return Some((path, None));
            }
        }
        if let Some((file, word, number)) = self.parts.get(&(table_name(table)?, key)) {
            return Some((self.path(*file)?, Some(format!("{word}-{}", number + 1))));
        }
        // A row below an item, such as the step of a learning path.
        for (place, unit) in &self.units {
            let Some(item) = self.main(unit) else { continue };
            let Some((_, child)) = item.kind.table.child(table) else { continue };
            let rows = item.record.children_of(&item.kind.table, table);
            if let Some(number) = rows.iter().position(|row| row.key(child) == Some(key)) {
                return Some((self.path(*place)?, Some(format!("{}-{}", unit.form.table(table).row, number + 1))));
            }
        }
        None
    }

    /// What lies at a path below the course's folder.
    pub fn place(&self, path: &[u8]) -> Option<Place> {
        let mut names = path.split(|byte| *byte == b'/');
        let tool = Tree::tool(names.next()?)?;
        names.try_fold(tool, |folder, name| self.lookup(folder, name).map(|entry| entry.place))
    }

    /// The row that a path leads to, if it is there: its table and key. `fragment` names a row inside the file.
    pub fn resolve(&self, path: &[u8], fragment: Option<&str>) -> Option<(&'static str, i64)> {
        let mut names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
        let first = names.next()?;
        if first == DOCUMENT {
            let path: Vec<&[u8]> = names.collect();
            return self.items.documents.get(&path.join(&b'/')).map(|key| ("c_document", *key));
        }
        let mut place = Tree::tool(first)?;
        for name in names {
            place = self.lookup(place, name)?.place;
        }
        match (place, fragment) {
            (Place::File(key, row) | Place::Folder(key, row), None) => Some((kind(key)?.table.name, row)),
            (Place::File(..), Some(fragment)) => self.inside(place, fragment),
            _ => None,
        }
    }

    /// The row that a path with or without a fragment after `#` leads to.
    pub fn resolve_reference(&self, path: &[u8]) -> Option<(&'static str, i64)> {
        self.resolve(path, None).or_else(|| {
            let at = path.iter().rposition(|byte| *byte == b'#')?;
            self.resolve(path.get(..at)?, Some(std::str::from_utf8(path.get(at + 1..)?).ok()?))
        })
    }

    /// The row that `fragment` names in a file.
    fn inside(&self, file: Place, fragment: &str) -> Option<(&'static str, i64)> {
        let unit = self.units.get(&file)?;
        let (word, number) = fragment.rsplit_once('-')?;
        let number = number.parse::<usize>().ok()?.checked_sub(1)?;
        for (place, part) in unit.form.parts.iter().enumerate() {
            let kind = kind(part.kind)?;
            if unit.form.table(kind.table.name).row == word {
                let item = self.part(unit, place).nth(number)?;
                return Some((kind.table.name, item.record.key(&kind.table)?));
            }
        }
        let main = self.main(unit)?;
        for (child, rows) in main.kind.table.children.iter().zip(&main.record.children) {
            if unit.form.table(child.name).row == word {
                return Some((child.name, rows.get(number)?.key(child)?));
            }
        }
        None
    }

    fn build(&mut self) {
        for form in FORMS {
            let tool = Place::Tool(form.tool);
            self.folders.entry(tool).or_default();
            self.entries.entry(tool).or_insert_with(|| Entry {
                place: tool,
                parent: None,
                name: form.tool.into(),
                what: What::Folder,
                listed: false,
                changed: String::new(),
            });
        }
        for form in FORMS {
            if let Home::Folder(name) | Home::Unless(_, _, name) = form.home {
                let (shelf, tool) = (Place::Shelf(form.tool, name), Place::Tool(form.tool));
                self.add(shelf, tool, Named::plain(name), What::Folder, String::new(), false);
            }
        }
        let units = units(&self.items);
        self.place_units(units);
        self.number_parts();
        // A tool's folder is shown when it holds something.
        for (place, content) in &self.folders {
            if let (Place::Tool(_), false, Some(entry)) =
                (place, content.entries.is_empty(), self.entries.get_mut(place))
            {
                entry.listed = true;
            }
        }
    }

    /// Gives every file its folder and its name.
    fn place_units(&mut self, units: Vec<(Place, Unit)>) {
        let mut wanted: HashMap<Place, Vec<(Wanted, Place)>> = HashMap::new();
        let there: HashSet<Place> = units
            .iter()
            .filter(|(_, unit)| unit.form.folder)
            .filter_map(|(place, _)| match place {
                Place::File(kind, key) => Some(Place::Folder(kind, *key)),
                _ => None,
            })
            .collect();
        for (place, unit) in units {
            let Some(item) = self.items.of(unit.form.kind).get(unit.main) else { continue };
            let home = home(unit.form, item).filter(|home| !matches!(home, Place::Folder(..)) || there.contains(home));
            let home = match home {
                Some(home) => home,
                None if matches!(unit.form.home, Home::Inside(..)) => continue,
                None => Place::Tool(unit.form.tool),
            };
            let Place::File(kind, key) = place else { continue };
            let named = if unit.form.folder { Place::Folder(kind, key) } else { place };
            let extension = if unit.form.folder { "" } else { unit.form.syntax.extension() };
            let name = Wanted {
                stem: names::stem(&item.record.bytes(unit.form.title)),
                extension: extension.into(),
                origin: origin(unit.form, item),
                key,
            };
            wanted.entry(home).or_default().push((name, named));
            self.units.insert(place, unit);
        }
        for (folder, wanted) in wanted {
            if let Place::Shelf(tool, name) = folder {
                self.add(folder, Place::Tool(tool), Named::plain(name), What::Folder, String::new(), true);
            }
            let taken: &[&str] = if matches!(folder, Place::Folder(..)) { &[INDEX] } else { &[] };
            let (wanted, places): (Vec<Wanted>, Vec<Place>) = wanted.into_iter().unzip();
            for (named, place) in names::assign(&wanted, taken).into_iter().zip(places) {
                let (Place::Folder(kind, key) | Place::File(kind, key)) = place else { continue };
                let file = Place::File(kind, key);
                let changed = self.changed(file);
                let package = self.units.get(&file).is_some_and(|unit| unit.form.syntax == Syntax::Package);
                match place {
                    Place::Folder(..) => {
                        self.add(place, folder, named, What::Folder, changed.clone(), true);
                        self.add(file, place, Named::plain(INDEX), What::File, changed, true);
                        self.add_attachments(file, place, &Named::plain(INDEX));
                    }
                    _ => {
                        let what = if package { What::Package } else { What::File };
                        self.add(place, folder, named.clone(), what, changed, true);
                        self.add_attachments(file, folder, &named);
                    }
                }
            }
        }
    }

    /// Notes which rows stand in the files of others.
    fn number_parts(&mut self) {
        let mut parts = HashMap::new();
        for (file, unit) in &self.units {
            for (number, part) in unit.form.parts.iter().enumerate() {
                let Some(kind) = kind(part.kind) else { continue };
                let word = unit.form.table(kind.table.name).row;
                for (place, item) in self.part(unit, number).enumerate() {
                    if let Some(key) = item.record.key(&kind.table) {
                        parts.insert((kind.table.name, key), (*file, word, place));
                    }
                }
            }
        }
        self.parts = parts;
    }

    fn add(&mut self, place: Place, folder: Place, named: Named, what: What, changed: String, listed: bool) {
        let name = named.listed.into_bytes();
        let content = self.folders.entry(folder).or_default();
        if listed {
            content.entries.insert(name.clone(), place);
        } else {
            content.aliases.insert(name.clone(), place);
        }
        for alias in [named.marked, named.keyed] {
            content.aliases.entry(alias.into_bytes()).or_insert(place);
        }
        if what == What::Folder {
            self.folders.entry(place).or_default();
        }
        self.entries.insert(place, Entry { place, parent: Some(folder), name, what, listed, changed });
    }

    /// Adds the attachments of a file called `named` in `folder`, in a folder of their own.
    fn add_attachments(&mut self, file: Place, folder: Place, named: &Named) {
        let Place::File(kind, key) = file else { return };
        let Some(unit) = self.units.get(&file) else { return };
        let Some(main) = self.main(unit) else { return };
        if !has_files(unit.form) {
            return;
        }
        let mut wanted = Vec::new();
        let mut found = Vec::new();
        let parts = (0..unit.parts.len()).flat_map(|number| self.part(unit, number));
        for item in std::iter::once(main).chain(parts) {
            for attached in attached(&item.kind.table, &item.record) {
                let stored = attached.record.bytes(attached.files.column);
                let key = attached.record.key(attached.table);
                let (false, Some(key)) = (stored.is_empty(), key) else { continue };
                let (stem, extension) = split(&shown_name(&attached));
                wanted.push(Wanted { stem, extension, origin: Vec::new(), key });
                let place = Place::Attachment(attached.table.name, key);
                found.push((place, StoredFile { folder: attached.files.folder, name: stored }));
            }
        }
        let changed = self.changed(file);
        let place = Place::Attachments(kind, key);
        let name = |name: &str| format!("{}{ATTACHMENTS}", stem_of(name));
        let folder_name = Named { listed: name(&named.listed), marked: name(&named.marked), keyed: name(&named.keyed) };
        self.add(place, folder, folder_name, What::Folder, changed.clone(), !found.is_empty());
        for (named, (attachment, stored)) in names::assign(&wanted, &[]).into_iter().zip(found) {
            self.stored.insert(attachment, stored);
            self.add(attachment, place, named, What::Attachment, changed.clone(), true);
        }
    }

    /// When the newest of the items of a file was last edited.
    fn changed(&self, file: Place) -> String {
        let items = self.items_of(file);
        let times = items.iter().filter_map(|item| item.newest_property()).map(|row| row.text("lastedit_date"));
        times.max().unwrap_or_default()
    }
}

impl Named {
    /// A name without others.
    fn plain(name: &str) -> Named {
        Named { listed: name.into(), marked: name.into(), keyed: name.into() }
    }
}

/// A name without its last extension.
pub(super) fn stem_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Stem and extension of the file name `name`, made safe.
fn split(name: &[u8]) -> (String, String) {
    let safe = names::stem(name);
    match safe.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 16 => (stem.into(), format!(".{extension}")),
        _ => (safe, String::new()),
    }
}

/// The name under which people know an attachment.
fn shown_name(attached: &Attached<'_>) -> Vec<u8> {
    let name = attached.record.bytes("filename");
    if name.is_empty() { attached.record.bytes(attached.files.column) } else { name }
}

/// The rows with files of a record and of those below it.
fn attached<'t>(table: &'static Table, record: &'t Record) -> Vec<Attached<'t>> {
    let own = table.files.map(|files| Attached { table, files, record });
    let below = table.children.iter().zip(&record.children).filter(|(child, _)| !child.users_own);
    let below = below.flat_map(|(child, rows)| rows.iter().flat_map(|row| attached(child, row)));
    own.into_iter().chain(below).collect()
}

/// Whether files of this form can have attachments.
pub(super) fn has_files(form: &FileForm) -> bool {
    fn has(table: &Table) -> bool {
        table.files.is_some() || table.children.iter().any(has)
    }
    let kinds = form.kind().into_iter().chain(form.parts.iter().filter_map(|part| kind(part.kind)));
    form.syntax != Syntax::Package && kinds.into_iter().any(|kind| has(&kind.table))
}

/// The folder of an item.
fn home(form: &FileForm, item: &Item) -> Option<Place> {
    match form.home {
        Home::Tool => Some(Place::Tool(form.tool)),
        Home::Folder(name) => Some(Place::Shelf(form.tool, name)),
        Home::Below(column, kind) | Home::Inside(column, kind) => {
            item.record.int(column).filter(|key| *key != 0).map(|key| Place::Folder(kind, key))
        }
        Home::Unless(column, value, name) => {
            (item.record.int(column) == Some(value)).then_some(Place::Shelf(form.tool, name))
        }
    }
}

/// What tells an item apart from others of the same title.
pub(super) fn origin(form: &FileForm, item: &Item) -> Vec<u8> {
    let created = item.newest_property().map(|row| row.bytes("insert_date")).unwrap_or_default();
    let more = form.distinct.iter().map(|column| item.record.bytes(column));
    std::iter::once(created).chain(more).collect::<Vec<_>>().join(&b'\n')
}

/// The name of a table as the declarations have it.
fn table_name(name: &str) -> Option<&'static str> {
    let kinds = TOOLS.iter().flat_map(|tool| tool.kinds);
    kinds.map(|kind| kind.table.name).find(|known| *known == name)
}

/// The files that the items make.
fn units(items: &Items) -> Vec<(Place, Unit)> {
    let mut claimed: HashSet<(&'static str, usize)> = HashSet::new();
    let mut units = Vec::new();
    for form in FORMS {
        let Some(kind) = form.kind() else { continue };
        let mains = items.of(form.kind);
        let parts: Vec<PartFinder> = form.parts.iter().map(|part| PartFinder::new(part, items)).collect();
        let mut order: Vec<(usize, &Item)> = mains.iter().enumerate().collect();
        // What several list is in the file of the oldest, and never in one that lies aside if another has it.
        let aside =
            |item: &Item| matches!(form.home, Home::Unless(column, value, _) if item.record.int(column) == Some(value));
        let keys: HashSet<i64> = mains.iter().filter_map(|item| item.record.key(&kind.table)).collect();
        let below = |item: &Item| {
            form.parts.iter().any(|part| match part.belongs {
                Belongs::Below(column) => item.record.int(column).is_some_and(|above| keys.contains(&above)),
                _ => false,
            })
        };
        order.sort_by_cached_key(|(_, item)| {
            // The same in every course that holds copies of them, whatever came first there.
            let age = (origin(form, item), item.record.bytes(form.title), item.record.key(&kind.table));
            (aside(item), below(item), age)
        });
        for (main, item) in order {
            let (false, Some(mut key)) = (claimed.contains(&(form.kind, main)), item.record.key(&kind.table)) else {
                continue;
            };
            claimed.insert((form.kind, main));
            let mut found = Vec::with_capacity(parts.len());
            let mut shown = main;
            for (part, finder) in form.parts.iter().zip(&parts) {
                let mut own = finder.of(kind, item, key);
                if let Belongs::Version(column) = part.belongs {
                    // The newest stands for all.
                    let version = |place: &usize| mains.get(*place).map(|item| (item.record.int("version"), *place));
                    own.sort_by_key(version);
                    key = item.record.int(column).filter(|page| *page != 0).unwrap_or(key);
                    shown = own.pop().unwrap_or(main);
                    own.retain(|place| *place != shown);
                    claimed.extend(own.iter().map(|place| (part.kind, *place)));
                    claimed.insert((part.kind, shown));
                    found.push(own);
                    continue;
                }
                own.retain(|place| claimed.insert((part.kind, *place)) || matches!(part.belongs, Belongs::By(_)));
                found.push(own);
            }
            units.push((Place::File(form.kind, key), Unit { form, main: shown, parts: found }));
        }
    }
    units
}

/// Finds the items of a part by the one that they belong to.
struct PartFinder {
    belongs: Belongs,
    /// Keys of all items of the part's kind.
    keys: Vec<Option<i64>>,
    by: HashMap<i64, Vec<usize>>,
}

impl PartFinder {
    fn new(part: &Part, items: &Items) -> PartFinder {
        let mut by: HashMap<i64, Vec<usize>> = HashMap::new();
        let keys = items.of(part.kind).iter().map(|item| item.record.key(&item.kind.table)).collect();
        for (place, item) in items.of(part.kind).iter().enumerate() {
            let key = match part.belongs {
                Belongs::By(column) | Belongs::Below(column) => item.record.int(column),
                Belongs::Listed(..) => item.record.key(&item.kind.table),
                Belongs::Version(column) => {
                    item.record.int(column).filter(|page| *page != 0).or_else(|| item.record.key(&item.kind.table))
                }
            };
            if let Some(key) = key {
                by.entry(key).or_default().push(place);
            }
        }
        PartFinder { belongs: part.belongs, keys, by }
    }

    fn of(&self, kind: &'static Kind, main: &Item, key: i64) -> Vec<usize> {
        let find = |key: i64| self.by.get(&key).cloned().unwrap_or_default();
        match self.belongs {
            Belongs::By(_) => find(key),
            Belongs::Below(_) => {
                // Level by level; what lies below itself is found once.
                let mut found: Vec<usize> = Vec::new();
                let mut next = vec![key];
                while let Some(key) = next.pop() {
                    for place in find(key).into_iter().rev() {
                        if !found.contains(&place) {
                            found.push(place);
                            next.extend(self.keys.get(place).copied().flatten());
                        }
                    }
                }
                found.sort_unstable();
                found
            }
            Belongs::Listed(table, column, _) => {
                let rows = main.record.children_of(&kind.table, table);
                rows.iter().filter_map(|row| row.int(column)).flat_map(find).collect()
            }
            Belongs::Version(column) => find(main.record.int(column).filter(|page| *page != 0).unwrap_or(key)),
        }
    }
}
