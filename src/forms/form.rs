//! How a tool's items are files: declared, one [`FileForm`] for each kind of file.
//!
//! What a declaration does not mention needs no mention: a column without a name of its own is called as in the table,
//! and one without a default is empty where a file does not tell it.

use crate::course::Course;
use crate::course::tool::{Kind, TOOLS, Table};
use crate::portal::database::{DatabaseError, Session};

/// The file of an item.
pub struct FileForm {
    /// Name of the tool's folder.
    pub tool: &'static str,
    /// Key of the kind of items that have a file of their own.
    pub kind: &'static str,
    /// What such a file is called, in itself and in its schema.
    pub name: &'static str,
    /// What the bytes are.
    pub syntax: Syntax,
    /// The column with the title, which also gives the file its name.
    pub title: &'static str,
    /// The folder that the file lies in.
    pub home: Home,
    /// Whether the item is a folder, and its file the page `index.html` in it.
    pub folder: bool,
    /// Items of other kinds that stand in the file.
    pub parts: &'static [Part],
    /// How rows are told, table by table.
    pub tables: &'static [TableForm],
    /// Columns besides the time of creation that tell items of the same title apart.
    pub distinct: &'static [&'static str],
    /// Completes what was read: what follows from other fields and need not be told.
    pub complete: Option<fn(&mut Parsed)>,
    /// What else changes in the course when an item with this key is made by hand. Where items are copied, the files of
    /// others tell it.
    pub made: Option<Made>,
}

impl FileForm {
    /// A form to be varied.
    pub const PLAIN: FileForm = FileForm {
        tool: "",
        kind: "",
        name: "",
        syntax: Syntax::Sheet,
        title: "title",
        home: Home::Tool,
        folder: false,
        parts: &[],
        tables: &[],
        distinct: &[],
        complete: None,
        made: None,
    };

    /// The kind of its items.
    pub fn kind(&self) -> Option<&'static Kind> {
        kind(self.kind)
    }

    /// How rows of `table` are told.
    pub fn table(&self, table: &str) -> &'static TableForm {
        self.tables.iter().find(|form| form.table == table).unwrap_or(&TableForm::PLAIN)
    }
}

/// The kind with the key `key`.
pub fn kind(key: &str) -> Option<&'static Kind> {
    TOOLS.iter().flat_map(|tool| tool.kinds).find(|kind| kind.key == key)
}

/// What the bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// An HTML page; the column with its body.
    Page(&'static str),
    /// An HTML page whose articles are the items of the first part; the column with an article's text.
    Articles(&'static str),
    /// An Internet shortcut; the column with the address.
    Shortcut(&'static str),
    /// An iCalendar event.
    Calendar,
    /// JSON.
    Sheet,
    /// A learning path's package, which this module names and does not make.
    Package,
}

impl Syntax {
    /// What names of such files end with.
    pub fn extension(self) -> &'static str {
        match self {
            Syntax::Page(_) | Syntax::Articles(_) => ".html",
            Syntax::Shortcut(_) => ".url",
            Syntax::Calendar => ".ics",
            Syntax::Sheet => ".json",
            Syntax::Package => ".zip",
        }
    }
}

/// The folder that a file lies in.
#[derive(Clone, Copy, Debug)]
pub enum Home {
    /// The tool's folder.
    Tool,
    /// A folder of this name in it.
    Folder(&'static str),
    /// The folder of the item that a column leads to, the tool's if it leads to none: the column and the item's kind.
    Below(&'static str, &'static str),
    /// The same, but nowhere else: what leads to none is not shown, as in Chamilo.
    Inside(&'static str, &'static str),
    /// The tool's folder, but a folder of another name for items with this value in a column: column, value, name.
    Unless(&'static str, i64, &'static str),
}

/// Items of another kind, or of the same, in the file of an item.
pub struct Part {
    /// The key of their kind.
    pub kind: &'static str,
    /// How they are found.
    pub belongs: Belongs,
}

/// How an item knows the one whose file it stands in.
#[derive(Clone, Copy, Debug)]
pub enum Belongs {
    /// By a column with that item's key.
    By(&'static str),
    /// A child table of that item lists it: the table, its column, and the one with the place in the list. The first
    /// that lists it counts.
    Listed(&'static str, &'static str, &'static str),
    /// It is of the same kind and lies below that item: the column with the key of the one right above it.
    Below(&'static str),
    /// Both have the same number in this column; the newest stands for all.
    Version(&'static str),
}

/// How the rows of a table are told.
pub struct TableForm {
    /// The table.
    pub table: &'static str,
    /// What one row is called, in references.
    pub row: &'static str,
    /// What the list of its rows is called.
    pub list: &'static str,
    /// Columns that are not called as in the table: column and name.
    pub fields: &'static [(&'static str, &'static str)],
    /// What columns hold that a file does not tell, where that is not nothing.
    pub defaults: &'static [(&'static str, Given)],
    /// Columns of numbers that stand for something: column, and a word for each number.
    pub words: &'static [(&'static str, Words)],
}

/// Changes what follows in a course from an item with this key.
pub type Made = fn(&dyn Session, &Course, i64) -> Result<(), DatabaseError>;

/// Numbers, and what they are called.
pub type Words = &'static [(i64, &'static str)];

impl TableForm {
    /// A table without a word of its own.
    pub const PLAIN: TableForm = TableForm { table: "", row: "row", list: "", fields: &[], defaults: &[], words: &[] };

    /// The words for the numbers in `column`.
    pub fn words_of(&self, column: &str) -> Words {
        self.words.iter().find(|(known, _)| *known == column).map_or(&[], |(_, words)| *words)
    }

    /// The name of a column in files.
    pub fn name<'n>(&self, column: &'n str) -> &'n str {
        self.fields.iter().find(|(known, _)| *known == column).map_or(column, |(_, name)| name)
    }

    /// The column that is called `name` in files.
    pub fn column<'n>(&self, name: &'n str) -> &'n str {
        self.fields.iter().find(|(_, known)| *known == name).map_or(name, |(column, _)| column)
    }

    /// What `column` holds if a file does not tell it.
    pub fn default(&self, column: &str) -> Option<Given> {
        self.defaults.iter().find(|(known, _)| *known == column).map(|(_, given)| *given)
    }

    /// The name of the list of rows.
    pub fn list_name(&self, table: &Table) -> &'static str {
        if self.list.is_empty() { table.name } else { self.list }
    }
}

/// What a column holds if nothing is told.
#[derive(Clone, Copy, Debug)]
pub enum Given {
    /// A number.
    Int(i64),
    /// A text.
    Text(&'static str),
    /// The time of the act, as `DATETIME` in UTC.
    Now,
    /// Its day.
    Today,
    /// Who acts.
    User,
    /// The course's language, by Chamilo's English name.
    Language,
    /// The row's place in its list, counted from 1.
    Place,
}

pub use super::draft::Parsed;

impl std::fmt::Debug for FileForm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} of {}", self.syntax.extension(), self.kind)
    }
}
