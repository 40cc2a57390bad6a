//! The tools of a course, declared: one file a tool says which tables hold its items, what goes with them, what they
//! look like in a backup, and how they are emptied.
//!
//! A [`Tool`] is what users see as a folder or select for a backup; its [`Kind`]s are Chamilo's resource types, each a
//! main [`Table`] with the tables that hang on it. Everything that is done with items (loading, writing to an archive
//! and reading back, inserting with new keys, comparing, deleting) is done once, for all tools, by walking these
//! declarations. To add a tool, add a file with a `TOOL` and name it in [`TOOLS`].
//!
//! What a declaration does not mention needs no mention: a column without a [`Role`] is plain data, kept as it is.

use std::collections::BTreeSet;

use crate::php;
use crate::portal::schema;

use super::item::{Item, Items, Record};

/// A tool of Chamilo.
pub struct Tool {
    /// Name of its folder and of its selection (`backup@Link.zip`).
    pub name: &'static str,
    /// Its resource types.
    pub kinds: &'static [Kind],
}

/// A resource type.
pub struct Kind {
    /// Key in the archive's map of resources (Chamilo 1.11, RESOURCE_… constants), compared byte for byte.
    pub key: &'static str,
    /// Its PHP class, without namespace.
    pub class: &'static str,
    /// The table of its rows, with all that belongs to one row.
    pub table: Table,
    /// Which rows are items, as an SQL condition besides the course and the base session; `""` for all.
    pub condition: &'static str,
    /// SQL order in which Chamilo's CourseBuilder reads them; texts by their bytes (`HEX`), so that every database has the
    /// same order and a course the same archive.
    pub order: &'static str,
    /// How an item is written to and read from an archive.
    pub form: Form,
    /// The word in `c_item_property.tool` for its items.
    pub property_tool: Option<&'static str>,
    /// Whether Chamilo's archives hold the property rows. For some kinds its CourseBuilder looks them up under a wrong
    /// word and never finds any; ours keep them where Chamilo ignores them.
    pub properties_archived: bool,
    /// Columns that make the place of an item: two items at one place are one item or a conflict. Empty for kinds that
    /// may have any number of alike items. A [`Role::Late`] column makes one place of all items that are below no
    /// other.
    pub place: &'static [&'static str],
}

/// How an item looks in an archive.
pub enum Form {
    /// One object an item.
    Object(Object),
    /// Something else, written and read by its own code.
    Custom(&'static dyn CustomForm),
}

/// The properties of an item's object, in PHP 7.4's order: its own, those that all resources have, the dynamic ones.
pub struct Object {
    /// Properties that the class declares.
    pub own: &'static [Property],
    /// What stands in the property `obj`.
    pub obj: Obj,
    /// Properties that exist only in objects.
    pub dynamic: &'static [Property],
    /// A column with the key of another resource that the item is listed with: the resource's key and the column.
    pub linked: Option<(&'static str, &'static str)>,
    /// An entry after the items that stands for no row.
    pub pseudo: Option<Pseudo>,
    /// Another kind: where it has items the key of this one is written too, be it of an empty list.
    pub with: Option<&'static str>,
    /// Whether Chamilo writes the items' keys as numbers on every version of PHP.
    pub number_keys: bool,
    /// Completes a record that was read from an archive of Chamilo with what other properties tell.
    pub mend: Option<fn(&mut Record)>,
}

/// An entry among the objects of a kind that stands for no row. It is always written, and never read.
pub struct Pseudo {
    /// Its key.
    pub key: i64,
    /// Its object.
    pub write: fn(&Items) -> php::Value<'static>,
}

impl Object {
    /// An object without any property of its own.
    pub const EMPTY: Object = Object {
        own: &[],
        obj: Obj::Null,
        dynamic: &[],
        linked: None,
        pseudo: None,
        with: None,
        number_keys: false,
        mend: None,
    };

    /// All its properties with a source, those inside `obj` too.
    fn properties(&'static self) -> impl Iterator<Item = &'static Property> {
        let more: &[Property] = match &self.obj {
            Obj::Row { more, .. } => more,
            Obj::Null => &[],
        };
        self.own.iter().chain(more).chain(self.dynamic)
    }
}

/// The property `obj`.
pub enum Obj {
    /// NULL.
    Null,
    /// A stdClass with the main row's columns and these after them. `first` if the class declares `obj` itself, which
    /// then comes before the other properties.
    Row {
        /// More members. One that is called like a column stands in the column's place.
        more: &'static [Property],
        /// Columns written as `0` because Chamilo would not remap the keys in them.
        zeroed: &'static [&'static str],
        /// Whether `obj` is the class's own first property.
        first: bool,
    },
}

/// A property: its name and where its value comes from.
pub struct Property(pub &'static str, pub Source);

/// Where a property's value comes from.
pub enum Source {
    /// A column of the main row.
    Column(&'static str),
    /// Always NULL.
    Null,
    /// Always the empty array.
    Empty,
    /// The main row, as an array by column names.
    Row,
    /// The same with more members after it.
    RowWith(&'static [Property]),
    /// The rows of a child table, as a list of arrays: names in the archive and columns. No names: all columns under
    /// their own.
    Children(&'static str, &'static [(&'static str, &'static str)]),
    /// A column of the first row of a child table, an empty string if there is none.
    First(&'static str, &'static str),
    /// Whatever two functions make of it.
    Special(Special),
}

/// A property that needs code: how it is written, and how it is read back.
pub struct Special {
    /// The property's value; `None` if there is no such property, inside `obj` or a row or dynamic. One that the class
    /// declares is then NULL.
    pub write: fn(&Item, &Items) -> Option<php::Value<'static>>,
    /// Takes the value into the record.
    pub read: fn(&php::Value<'_>, &mut Record),
    /// Columns of the main row, and child tables, that are wholly told by the value.
    pub covers: &'static [&'static str],
}

/// A form that is not one object an item.
pub trait CustomForm: Sync {
    /// The value under the kind's key in the map of resources; `None` if there is nothing to write.
    fn write(&self, kind: &'static Kind, items: &Items) -> Option<php::Value<'static>>;

    /// The items in such a value.
    fn read(&self, kind: &'static Kind, value: &php::Value<'_>) -> Vec<Item>;

    /// The columns of the main table, or of a child table, that Chamilo's own archives tell, so that they count when
    /// its items are compared; `None` if they tell nothing of the table.
    fn columns(&self, table: &str) -> Option<Vec<&'static str>>;
}

/// A table.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its auto-increment primary key.
    pub primary: &'static str,
    /// The column that other rows refer to. Where it is NULL or 0 (rows of some versions), the primary key counts.
    pub key: &'static str,
    /// Other columns that a new row gets the value of its primary key in.
    pub copies: &'static [&'static str],
    /// How a row knows its course.
    pub owner: Owner,
    /// For a child table: the column with the key of the row that it belongs to.
    pub parent: &'static str,
    /// Columns that are not plain data.
    pub roles: &'static [(&'static str, Role)],
    /// Tables whose rows belong to one row of this one.
    pub children: &'static [Table],
    /// Columns that may be NULL in the table, but not in an archive, because Chamilo's importer would stop there. They
    /// are written as an empty text or 0.
    pub never_null: &'static [&'static str],
    /// For a child table: the word in `c_item_property.tool` for its rows. New rows get a property row, because
    /// Chamilo does not show them without.
    pub property_tool: Option<&'static str>,
    /// Files that rows name.
    pub files: Option<Files>,
    /// A folder that each row names.
    pub directory: Option<Directory>,
    /// The column with the address of a page in a package: a folder of files in the course that goes with the row; `""`
    /// for none.
    pub launch: &'static str,
    /// How rows stand on the course's home page, if they can.
    pub shortcut: Option<Shortcut>,
    /// The kind of extra fields that items of this table may have (Chamilo 1.11, `extra_field.extra_field_type`).
    pub extra_fields: Option<i64>,
    /// Whether the rows belong to users (results, subscriptions): never archived, deleted with what they belong to.
    pub users_own: bool,
    /// Whether it is a plugin's, and so not there on every portal.
    pub of_plugin: bool,
    /// Whether Chamilo keeps deleted rows for what hangs on them: they are archived as what they are.
    pub keeps_deleted: bool,
    /// Rows of other courses that count too because the course uses them: an SQL condition with one `?` for the
    /// course's number; `""` for none. They are read, and never changed or deleted.
    pub also: &'static str,
    /// For a main table: an item whose place is taken gives the rows below it to the one that is there, unless that
    /// is to be overwritten. Only for tables below which there are neither files nor property rows.
    pub joined: bool,
    /// A [`Role::Late`] column that all rows of a group share: the key of its first row. If that row is gone, the first
    /// that is there stands for the group.
    pub group: Option<&'static str>,
    /// For a child table: whether its rows belong to the group of the row that they name. They stay with the first of
    /// it that is there.
    pub of_group: bool,
    /// What archives add to its keys, see [`archived_key`](Self::archived_key).
    pub shift: i64,
}

impl Table {
    /// A course table of the usual form: key `id`, primary key `iid`, course in `c_id`. Declarations name what differs.
    pub const COURSE: Table = Table {
        name: "",
        primary: "iid",
        key: "id",
        copies: &[],
        owner: Owner::Number,
        parent: "",
        roles: &[],
        children: &[],
        never_null: &[],
        property_tool: None,
        files: None,
        directory: None,
        launch: "",
        shortcut: None,
        extra_fields: None,
        users_own: false,
        of_plugin: false,
        keeps_deleted: false,
        also: "",
        joined: false,
        group: None,
        of_group: false,
        shift: 0,
    };

    /// The key of a row in our archives. It is the row's own but for tables where Chamilo's importer takes a row of its
    /// portal that happens to have the same key for the one of the archive (Chamilo 1.11, CourseRestorer on questions).
    pub fn archived_key(&self, key: i64) -> i64 {
        // The sum has to stay a key: 32 bits.
        if (1..=i64::from(i32::MAX) - self.shift).contains(&key) { key + self.shift } else { key }
    }

    /// The key of a row whose key in an archive, ours or Chamilo's, is `key`.
    pub fn stored_key(&self, key: i64) -> i64 {
        if self.shift > 0 && key > self.shift { key - self.shift } else { key }
    }

    /// The role of a column.
    pub fn role(&self, column: &str) -> Role {
        if column == self.primary || column == self.key || column == self.parent || self.copies.contains(&column) {
            return Role::Key;
        }
        match (column, self.owner) {
            ("c_id", _) | ("course_code", Owner::Code) => return Role::Key,
            ("session_id", _) => return Role::Session,
            _ => {}
        }
        self.roles.iter().find(|(name, _)| *name == column).map_or(Role::Data, |(_, role)| *role)
    }

    /// The role of a column in one row: what depends on other columns, or on the rows beside it, is resolved. `parent`
    /// is the row that the row belongs to, with its table.
    pub fn role_in(&self, column: &str, record: &Record, parent: Option<(&Table, &Record)>) -> Role {
        let by = |record: &Record, deciding: &str, cases: &[(&str, &'static str)]| {
            let value = record.bytes(deciding);
            cases.iter().find(|(case, _)| case.as_bytes() == value).map(|(_, target)| *target)
        };
        let role = match (self.role(column), parent) {
            (Role::ReferenceBy(deciding, cases), _) => by(record, deciding, cases).map(Role::Reference),
            (Role::ReferenceByParent(deciding, cases), Some((table, parent))) => {
                let is_sibling = |target: &&str| {
                    let siblings = parent.children_of(table, target);
                    let key = table.child(target).map_or("", |(_, child)| child.key);
                    let held = record.int(column);
                    held.is_some() && siblings.iter().any(|sibling| sibling.int(key) == held)
                };
                by(parent, deciding, cases).filter(is_sibling).map(Role::Reference)
            }
            (Role::ReferenceByParent(..), None) => None,
            (role, _) => Some(role),
        };
        role.unwrap_or(Role::Data)
    }

    /// Adds the tables that rows of this one, and of those below it, refer to and expect to be there already.
    pub fn targets(&self, found: &mut Vec<&'static str>) {
        for (_, role) in self.roles {
            match role {
                Role::Reference(target) => found.push(target),
                Role::ReferenceBy(_, cases) => found.extend(cases.iter().map(|(_, target)| *target)),
                _ => {}
            }
        }
        for child in self.children {
            child.targets(found);
        }
    }

    /// The child table `name` and its place among the children.
    pub fn child(&self, name: &str) -> Option<(usize, &'static Table)> {
        self.children.iter().enumerate().find(|(_, table)| table.name == name)
    }
}

/// How a row knows its course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// By its number in `c_id`.
    Number,
    /// By its code in `course_code`.
    Code,
    /// Not at all: only by the row that it belongs to.
    Parent,
}

/// A row of `c_tool` that leads from the course's home page to an item: its picture, and its link up to the item's key,
/// with the parameter that holds it last.
#[derive(Clone, Copy)]
pub struct Shortcut {
    /// The picture's file name (Chamilo 1.11, CourseBuilder finds those of learning paths by it).
    pub image: &'static str,
    /// The link, to which the key is added.
    pub link: &'static str,
}

/// What a record says under this name is no column: 1 if the item stands on the course's home page.
pub const SHORTCUT: &str = "+shortcut";

/// What a column is besides data.
#[derive(Clone, Copy)]
pub enum Role {
    /// Data.
    Data,
    /// A key of the row, of its parent or of its course: made anew.
    Key,
    /// The session, empty for base content.
    Session,
    /// HTML, in which links into the course are adapted.
    Html,
    /// The key of a row of another table. NULL, 0 and empty stay as they are.
    Reference(&'static str),
    /// The same, but the other row may come later or refer back; it does not count when items are compared.
    Late(&'static str),
    /// A key whose table depends on another column of the row: the column, and a table for each of its values. Other
    /// values leave it as it is.
    ReferenceBy(&'static str, &'static [(&'static str, &'static str)]),
    /// The key of a row that belongs to the same row as this one, in a table that depends on a column of the row that
    /// both belong to. What is the key of no such row stays as it is.
    ReferenceByParent(&'static str, &'static [(&'static str, &'static str)]),
    /// The name of a document in this folder (with a slash at its end). Chamilo's archives hold the document's key.
    DocumentName(&'static str),
    /// A user: kept if the portal knows the same one, else the acting user.
    User,
    /// The key (`id`) of a row of a table that belongs to the portal and not to courses, such as a room: kept if the
    /// portal has such a row, else empty; it does not count when items are compared. Chamilo's form does not tell it,
    /// because a foreign key would stop its importer on other portals.
    Portal(&'static str),
    /// What is nobody else's business, such as a password or a user's IP address: never archived.
    Private,
    /// Order, counters and the like: kept, but items that differ in it only are equal.
    Loose,
}

/// Files that belong to the rows of a table.
#[derive(Clone, Copy)]
pub struct Files {
    /// The column with the file's name.
    pub column: &'static str,
    /// The folder in the course and in our archives.
    pub folder: &'static str,
    /// Another folder in which Chamilo's own archives have them.
    pub also: Option<&'static str>,
    /// Whether Chamilo keeps a smaller version of each picture beside it, see [`small_name`](Self::small_name).
    pub small: bool,
}

impl Files {
    /// The name of the smaller version of a picture (Chamilo 1.11, 64 pixels): `a.64.png` beside `a.png`.
    pub fn small_name(&self, name: &[u8]) -> Option<Vec<u8>> {
        let dot = name.iter().rposition(|byte| *byte == b'.').filter(|_| self.small)?;
        let (stem, extension) = name.split_at_checked(dot)?;
        Some([stem, b".64", extension].concat())
    }
}

/// A folder in the course that belongs to a row, for files of users that come later.
#[derive(Clone, Copy)]
pub struct Directory {
    /// The column with its name, after a slash.
    pub column: &'static str,
    /// The folder in the course that holds it.
    pub folder: &'static str,
}

impl Directory {
    /// Its path below the course's folder; `None` if the record names none, or one that could lie elsewhere.
    pub fn path(&self, record: &Record) -> Option<Vec<u8>> {
        let name = record.bytes(self.column);
        let name = name.strip_prefix(b"/").unwrap_or(&name);
        let plain = !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0));
        plain.then(|| [self.folder.as_bytes(), b"/", name].concat())
    }
}

/// The folders of documents that rows name without saying so.
pub fn document_folders() -> BTreeSet<&'static str> {
    let mut folders = BTreeSet::new();
    for kind in TOOLS.iter().flat_map(|tool| tool.kinds) {
        add_document_folders(&kind.table, &mut folders);
    }
    folders
}

fn add_document_folders(table: &'static Table, folders: &mut BTreeSet<&'static str>) {
    for (_, role) in table.roles {
        if let Role::DocumentName(folder) = role {
            folders.insert(folder);
        }
    }
    for child in table.children {
        add_document_folders(child, folders);
    }
}

/// Whether the item's own properties tell the column of the main row.
pub fn covers(kind: &'static Kind, column: &str) -> bool {
    let object = match &kind.form {
        Form::Object(object) => object,
        Form::Custom(form) => return form.columns(kind.table.name).is_some_and(|columns| columns.contains(&column)),
    };
    let standard = || schema::columns(kind.table.name).iter().any(|known| known.name == column);
    let by_row = match &object.obj {
        Obj::Row { zeroed, more, .. } => {
            standard() && !zeroed.contains(&column) && !more.iter().any(|Property(name, _)| *name == column)
        }
        Obj::Null => false,
    };
    by_row
        || object.properties().any(|Property(_, source)| match source {
            Source::Column(name) => *name == column,
            Source::Row | Source::RowWith(_) => standard(),
            Source::Special(special) => special.covers.contains(&column),
            Source::Null | Source::Empty | Source::Children(..) | Source::First(..) => false,
        })
}

/// The columns of a child table that the item's own properties tell; `None` if they do not list its rows.
pub fn child_columns(kind: &'static Kind, table: &str) -> Option<Vec<&'static str>> {
    let object = match &kind.form {
        Form::Object(object) => object,
        Form::Custom(form) => return form.columns(table),
    };
    let all = || schema::columns(table).iter().map(|column| column.name).collect();
    object.properties().find_map(|Property(_, source)| match source {
        Source::Children(name, []) if *name == table => Some(all()),
        Source::Special(special) if special.covers.contains(&table) => Some(all()),
        Source::Children(name, columns) if *name == table => Some(columns.iter().map(|(_, column)| *column).collect()),
        _ => None,
    })
}

mod agenda;
mod announcement;
mod assignment;
mod attendance;
mod description;
mod forum;
mod glossary;
mod gradebook;
mod introduction;
pub mod learnpath;
mod link;
mod progress;
mod survey;
mod test;
mod wiki;
pub mod xapi;

/// All tools but Document, in an order in which Chamilo's archives name their resources.
pub const TOOLS: &[&Tool] = &[
    &announcement::TOOL,
    &attendance::TOOL,
    &description::TOOL,
    &agenda::TOOL,
    &forum::TOOL,
    &glossary::TOOL,
    &test::TOOL,
    &learnpath::TOOL,
    &link::TOOL,
    &survey::TOOL,
    &introduction::TOOL,
    &progress::TOOL,
    &wiki::TOOL,
    &assignment::TOOL,
    &gradebook::TOOL,
    &xapi::TOOL,
];
