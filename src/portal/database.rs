//! The one small trait between the SQL, which is written once in the dialect that SQLite and MariaDB share, and the
//! database that runs it.
//!
//! A [`Database`] hands out a [`Session`] for the length of a closure: [`read`](DatabaseExt::read) sees one consistent
//! state of all tables, [`write`](DatabaseExt::write) is one transaction that is committed if the closure succeeds and
//! rolled back if it fails. Rows are read by column name, so that a column that a given 1.11.x lacks or adds does no
//! harm. What differs between databases (connections, last insert id, cheap change detection) stays behind the trait.
//!
//! SQL here keeps to what both understand: `?` placeholders, back-quoted names, no `LIKE` on paths (Chamilo's names
//! are full of `_`), and comparison of paths in Rust, because MariaDB's `=` ignores case and accents.

use std::sync::Arc;
use std::time::Duration;

pub use super::row::{Answer, Columns, Row};

/// A value of a column or parameter. Text is bytes: old portals hold text that is not valid UTF-8.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// Any integer type; booleans are 0 and 1.
    Int(i64),
    /// `DOUBLE`.
    Float(f64),
    /// Text, dates (`YYYY-MM-DD HH:MM:SS`, UTC) and decimals.
    /// Shared, for the rows of an answer often hold the same text.
    Text(Arc<[u8]>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Int(value.into())
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Int(value.into())
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Float(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.as_bytes().into())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value.into_bytes().into())
    }
}
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Text(value.into())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Text(value.into())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl Value {
    /// The integer, taking text and floats as MariaDB would; `None` for NULL and for text that is no number.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Null => None,
            Value::Int(value) => Some(*value),
            Value::Float(value) => Some(*value as i64),
            Value::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
        }
    }

    /// The bytes of a text, empty for everything else.
    pub fn as_text(&self) -> &[u8] {
        match self {
            Value::Text(text) => text,
            _ => &[],
        }
    }

    /// The value's text as MariaDB prints it, `None` for NULL.
    pub fn to_text(&self) -> Option<Vec<u8>> {
        match self {
            Value::Null => None,
            Value::Int(value) => Some(value.to_string().into_bytes()),
            Value::Float(value) => Some(value.to_string().into_bytes()),
            Value::Text(text) => Some(text.to_vec()),
        }
    }
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The database file or server can't be opened.
    #[error("can't open the database {name}: {reason}")]
    Open {
        /// The file or server.
        name: String,
        /// What the database said.
        reason: String,
    },
    /// A statement failed.
    #[error("the database refused a statement: {reason} (statement: {sql})")]
    Statement {
        /// The statement, without its values.
        sql: String,
        /// What the database said.
        reason: String,
    },
    /// Another process held the database for longer than the waiting time.
    #[error("the database is busy: another process has held it for over {seconds} s; try again later")]
    Busy {
        /// How long was waited.
        seconds: u64,
    },
    /// The server can't be reached, or the connection to it was lost. A transaction that was under way is undone.
    #[error("the database server can't be reached ({name}): {reason}")]
    Lost {
        /// The database and its server.
        name: String,
        /// What was tried.
        reason: String,
    },
    /// A table of Chamilo's is missing.
    #[error("the database {name} is not that of a complete Chamilo 1.11 portal: {reason}")]
    Incomplete {
        /// The database and its server.
        name: String,
        /// What the database said.
        reason: String,
    },
    /// The account lacks a right.
    #[error("the database user {user} lacks a right, see docs/ADMINISTRATION.md: {reason}")]
    Denied {
        /// The account.
        user: String,
        /// What the database said.
        reason: String,
    },
}

/// A connection for the length of one read or one transaction.
pub trait Session {
    /// Runs a `SELECT` and hands each row to `each`; stops at the first error.
    fn query(
        &self,
        sql: &str,
        params: &[Value],
        each: &mut dyn FnMut(Row) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError>;

    /// Runs a statement that changes rows and returns how many it changed.
    fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, DatabaseError>;

    /// The auto-increment key of the last inserted row.
    fn last_insert_id(&self) -> i64;

    /// Whether a column of text takes `text` as it is. Chamilo's tables in MariaDB hold UTF-8 of three bytes at most.
    fn holds(&self, text: &[u8]) -> bool {
        let _ = text;
        true
    }

    /// The columns of `table` in their order, empty if there is no such table.
    fn columns(&self, table: &str) -> Result<Vec<String>, DatabaseError>;

    /// The tables that have a column `column`, in the order of their names. By default as MariaDB's
    /// `information_schema` tells it.
    fn tables_with(&self, column: &str) -> Result<Vec<String>, DatabaseError> {
        let sql = "SELECT c.TABLE_NAME AS name FROM information_schema.COLUMNS c \
                   JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME \
                   WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' AND c.COLUMN_NAME = ? \
                   ORDER BY c.TABLE_NAME";
        let mut names = Vec::new();
        self.query(sql, &[column.into()], &mut |row| {
            names.push(row.text("name"));
            Ok(())
        })?;
        Ok(names)
    }

    /// All foreign keys that keep a row from being deleted as long as another row refers to it. Those that delete or
    /// empty the other row by themselves are not among them.
    fn restricting_keys(&self) -> Result<Vec<ForeignKey>, DatabaseError> {
        let sql = "SELECT k.TABLE_NAME AS child, k.COLUMN_NAME AS child_column, k.REFERENCED_TABLE_NAME AS parent, \
                   k.REFERENCED_COLUMN_NAME AS parent_column FROM information_schema.KEY_COLUMN_USAGE k \
                   JOIN information_schema.REFERENTIAL_CONSTRAINTS r ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA \
                   AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME \
                   WHERE k.TABLE_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_SCHEMA = DATABASE() \
                   AND r.DELETE_RULE IN ('RESTRICT', 'NO ACTION') ORDER BY k.TABLE_NAME, k.COLUMN_NAME";
        ForeignKey::read(sql, |sql, each| self.query(sql, &[], each))
    }
}

/// A foreign key of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The table whose rows refer.
    pub table: String,
    /// The column that does.
    pub column: String,
    /// The table that is referred to.
    pub parent: String,
    /// The column of that table.
    pub parent_column: String,
}

impl ForeignKey {
    /// Reads keys from the columns `child`, `child_column`, `parent` and `parent_column` of an answer.
    pub(super) fn read(
        sql: &str,
        query: impl FnOnce(&str, &mut dyn FnMut(Row) -> Result<(), DatabaseError>) -> Result<(), DatabaseError>,
    ) -> Result<Vec<ForeignKey>, DatabaseError> {
        let mut keys = Vec::new();
        query(sql, &mut |row| {
            keys.push(ForeignKey {
                table: row.text("child"),
                column: row.text("child_column"),
                parent: row.text("parent"),
                parent_column: row.text("parent_column"),
            });
            Ok(())
        })?;
        Ok(keys)
    }
}

impl dyn Session + '_ {
    /// All rows of a `SELECT`.
    pub fn rows(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let mut rows = Vec::new();
        self.query(sql, params, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The first row of a `SELECT`, if there is one.
    pub fn row(&self, sql: &str, params: &[Value]) -> Result<Option<Row>, DatabaseError> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }

    /// The first column of the first row as an integer.
    pub fn int(&self, sql: &str, params: &[Value]) -> Result<Option<i64>, DatabaseError> {
        Ok(self.row(sql, params)?.and_then(|row| row.first().as_int()))
    }

    /// Inserts one row and returns its auto-increment key.
    ///
    /// Every `NOT NULL` column needs a value: Chamilo's tables have hardly any defaults (Chamilo 1.11 relies on an
    /// empty `sql_mode`).
    pub fn insert(&self, table: &str, values: &[(&str, Value)]) -> Result<i64, DatabaseError> {
        let columns: Vec<String> = values.iter().map(|(column, _)| format!("`{column}`")).collect();
        let marks = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT INTO `{table}` ({}) VALUES ({marks})", columns.join(", "));
        let params: Vec<Value> = values.iter().map(|(_, value)| value.clone()).collect();
        self.execute(&sql, &params)?;
        Ok(self.last_insert_id())
    }
}

/// A second session for the same work, which another thread may use.
pub type Other<'a> = Option<&'a mut (dyn Session + Send)>;

/// What the untyped methods of [`Database`] run; only [`read_pair_dyn`](Database::read_pair_dyn) may have a second session
/// for it. It returns whether the work succeeded.
pub type Work<'a> = &'a mut dyn FnMut(&dyn Session, Other<'_>) -> Result<bool, DatabaseError>;

/// Where rows live.
pub trait Database: Send + Sync {
    /// Runs `work` on one consistent state of the tables.
    fn read_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError>;

    /// Runs `work` on one consistent state of the tables, as [`read_dyn`](Self::read_dyn) does. If the database can, there
    /// is a second session that sees the same state, for another thread.
    fn read_pair_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        self.read_dyn(work)
    }

    /// Runs `work` in one transaction: committed if it returns `Ok(true)`, rolled back else.
    fn write_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError>;

    /// A number that differs from the last one whenever anything was committed since, by whomever. Cheap enough to be
    /// asked at every file operation.
    fn change_counter(&self) -> Result<u64, DatabaseError>;

    /// Runs `work` in one transaction, as [`write_dyn`](Self::write_dyn) does, for a caller who keeps what it read and
    /// lets it follow its own changes: [`foreign_counter`](Self::foreign_counter) does not move for them where the
    /// database can tell. From the beginning of the transaction to its end nobody else changes rows.
    ///
    /// Such changes may be committed together with those that follow at once, a moment later; whoever reads through
    /// this `Database` sees them in any case, and [`sync`](Self::sync) waits for them.
    fn write_followed_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        self.write_dyn(work)
    }

    /// A number that differs from the last one whenever anything was committed since, other than by
    /// [`write_followed_dyn`](Self::write_followed_dyn) of this `Database`. Cheap enough to be asked at every file
    /// operation, within transactions too.
    fn foreign_counter(&self) -> Result<u64, DatabaseError> {
        self.change_counter()
    }

    /// Lets what the counters say be so old at most. Where asking costs a message to a server, that saves most of them;
    /// at the beginning everything is as it is at the moment.
    fn set_patience(&self, patience: Duration) {
        let _ = patience;
    }

    /// Waits until everything that was changed through this `Database` is committed and on the disk.
    fn sync(&self) -> Result<(), DatabaseError> {
        Ok(())
    }
}

/// The typed face of [`Database`]: closures that return what they found.
pub trait DatabaseExt: Database {
    /// Runs `work` on one consistent state of the tables.
    fn read<T, E: From<DatabaseError>>(&self, work: impl FnOnce(&dyn Session) -> Result<T, E>) -> Result<T, E> {
        run(|session, _| work(session), |wrapped| self.read_dyn(wrapped))
    }

    /// Runs `work` on one consistent state of the tables, with a second session that sees the same if there can be one.
    fn read_pair<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&dyn Session, Other<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        run(work, |wrapped| self.read_pair_dyn(wrapped))
    }

    /// Runs `work` in one transaction; an error rolls everything back.
    fn write<T, E: From<DatabaseError>>(&self, work: impl FnOnce(&dyn Session) -> Result<T, E>) -> Result<T, E> {
        run(|session, _| work(session), |wrapped| self.write_dyn(wrapped))
    }

    /// Runs `work` in one transaction whose changes the caller's snapshot follows.
    fn write_followed<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&dyn Session) -> Result<T, E>,
    ) -> Result<T, E> {
        run(|session, _| work(session), |wrapped| self.write_followed_dyn(wrapped))
    }
}

impl<D: Database + ?Sized> DatabaseExt for D {}

/// Carries a typed closure and its outcome through the untyped trait method.
fn run<T, E: From<DatabaseError>>(
    work: impl FnOnce(&dyn Session, Other<'_>) -> Result<T, E>,
    call: impl FnOnce(Work<'_>) -> Result<(), DatabaseError>,
) -> Result<T, E> {
    let mut work = Some(work);
    let mut outcome: Option<Result<T, E>> = None;
    let called = call(&mut |session, other| match work.take() {
        Some(work) => {
            let result = work(session, other);
            let succeeded = result.is_ok();
            outcome = Some(result);
            Ok(succeeded)
        }
        None => Ok(false),
    });
    match (called, outcome) {
        (Ok(()), Some(outcome)) => outcome,
        // The work's own error says more than the failed rollback that followed it.
        (Err(_), Some(Err(error))) => Err(error),
        (Err(error), _) => Err(error.into()),
        (Ok(()), None) => {
            Err(DatabaseError::Statement { sql: String::new(), reason: "the database ran no work".into() }.into())
        }
    }
}
