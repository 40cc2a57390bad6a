//! The embedded portal's database: SQLite in WAL mode.
//!
//! Readers each take a connection from a pool and see a snapshot; writers take turns. One more connection never
//! writes and only watches: its `data_version` moves whenever any other connection, of this process or another,
//! commits. Nothing here knows Chamilo's tables.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};

use super::database::{Answer, Database, DatabaseError, ForeignKey, Row, Session, Value, Work};

/// How long a statement waits for another process's transaction.
const BUSY_WAIT: Duration = Duration::from_secs(20);

/// Statements that each connection keeps prepared: all that reading a course takes, for there is a table for everything.
const PREPARED: usize = 400;

/// A SQLite database file.
pub struct Sqlite {
    path: PathBuf,
    writable: bool,
    idle: Mutex<Vec<Connection>>,
    watcher: Mutex<Connection>,
    /// One followed transaction at a time: waiting for each other in SQLite would cost milliseconds.
    following: Mutex<()>,
    foreign: Mutex<Foreign>,
}

/// What others than [`Database::write_followed_dyn`] have committed.
#[derive(Default)]
struct Foreign {
    /// The watcher's `data_version` when it was last looked at.
    version: u64,
    /// How often it had moved by somebody else.
    count: u64,
}

impl Foreign {
    fn look(&mut self, version: u64) {
        if self.version != version {
            (self.version, self.count) = (version, self.count + 1);
        }
    }
}

impl Sqlite {
    /// Opens an existing database, for reading only unless `writable`.
    pub fn open(path: &Path, writable: bool) -> Result<Self, DatabaseError> {
        let watcher = connect(path, writable, false)?;
        Ok(Sqlite {
            path: path.to_owned(),
            writable,
            idle: Mutex::default(),
            watcher: Mutex::new(watcher),
            following: Mutex::default(),
            foreign: Mutex::default(),
        })
    }

    /// Creates the database file `path`, which must not exist, and runs `schema` in it.
    pub fn create(path: &Path, schema: &str) -> Result<Self, DatabaseError> {
        let connection = connect(path, true, true)?;
        let failed = |error: rusqlite::Error| DatabaseError::Open {
            name: path.display().to_string(),
            reason: error.to_string(),
        };
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.execute_batch(&format!("BEGIN; {schema} COMMIT;")).map_err(failed)?;
        drop(connection);
        Sqlite::open(path, true)
    }

    fn connection(&self) -> Result<Connection, DatabaseError> {
        let pooled = lock(&self.idle).pop();
        pooled.map_or_else(|| connect(&self.path, self.writable, false), Ok)
    }

    fn with_connection(&self, begin: &str, work: Work<'_>) -> Result<(), DatabaseError> {
        let connection = self.connection()?;
        let session = SqliteSession { connection: &connection };
        session.batch(begin)?;
        let outcome = work(&session);
        let end = if matches!(outcome, Ok(true)) { "COMMIT" } else { "ROLLBACK" };
        let ended = session.batch(end);
        if ended.is_err() && !connection.is_autocommit() {
            // A failed COMMIT leaves the transaction open; dropping the connection rolls it back.
            return outcome.and(ended);
        }
        lock(&self.idle).push(connection);
        outcome?;
        ended
    }
}

impl Database for Sqlite {
    fn read_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        self.with_connection("BEGIN", work)
    }

    fn write_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        self.with_connection("BEGIN IMMEDIATE", work)
    }

    fn change_counter(&self) -> Result<u64, DatabaseError> {
        data_version(&lock(&self.watcher))
    }

    fn write_followed_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        let _turn = lock(&self.following);
        let connection = self.connection()?;
        let session = SqliteSession { connection: &connection };
        session.batch("BEGIN IMMEDIATE")?;
        let before = data_version(&connection)?;
        let outcome = work(&session);
        if !matches!(outcome, Ok(true)) {
            session.batch("ROLLBACK")?;
            lock(&self.idle).push(connection);
            return outcome.map(drop);
        }
        // Nobody looks at the counter between the commit and its being known as ours.
        let mut foreign = lock(&self.foreign);
        let watcher = lock(&self.watcher);
        foreign.look(data_version(&watcher)?);
        session.batch("COMMIT")?;
        let version = data_version(&watcher)?;
        // A connection's own commits do not move its version: it tells whether somebody else came in between.
        match data_version(&connection)? == before {
            true => foreign.version = version,
            false => foreign.look(version),
        }
        drop((foreign, watcher));
        lock(&self.idle).push(connection);
        Ok(())
    }

    fn foreign_counter(&self) -> Result<u64, DatabaseError> {
        let mut foreign = lock(&self.foreign);
        foreign.look(data_version(&lock(&self.watcher))?);
        Ok(foreign.count)
    }

    fn sync(&self) -> Result<(), DatabaseError> {
        // A commit is in the write-ahead log, which only a checkpoint brings to the disk (`synchronous=NORMAL`).
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let synced = std::fs::File::open(&log).and_then(|log| log.sync_data());
        match synced {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let reason = format!("its log can't be put on the disk: {error}");
                Err(DatabaseError::Statement { sql: "COMMIT".into(), reason })
            }
            _ => Ok(()),
        }
    }
}

/// A number that moves whenever another connection has committed.
fn data_version(connection: &Connection) -> Result<u64, DatabaseError> {
    let sql = "PRAGMA data_version";
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
        .map(i64::cast_unsigned)
        .map_err(|error| statement_error(sql, &error))
}

struct SqliteSession<'a> {
    connection: &'a Connection,
}

impl SqliteSession<'_> {
    fn batch(&self, sql: &str) -> Result<(), DatabaseError> {
        self.connection.execute_batch(sql).map_err(|error| statement_error(sql, &error))
    }
}

impl Session for SqliteSession<'_> {
    fn query(
        &self,
        sql: &str,
        params: &[Value],
        each: &mut dyn FnMut(Row) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let failed = |error: rusqlite::Error| statement_error(sql, &error);
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let columns: Arc<[Arc<str>]> = statement.column_names().map(Arc::from).collect();
        let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(failed)?;
        let count = columns.len();
        let mut answer = Answer::new(columns, each);
        while let Some(row) = rows.next().map_err(failed)? {
            for index in 0..count {
                match row.get_ref(index).map_err(failed)? {
                    ValueRef::Null => answer.value(Value::Null),
                    ValueRef::Integer(value) => answer.value(Value::Int(value)),
                    ValueRef::Real(value) => answer.value(Value::Float(value)),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => answer.text(bytes),
                }
            }
            answer.end_row()?;
        }
        answer.finish()
    }

    fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, DatabaseError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(params)))
            .map(|changed| changed as u64)
            .map_err(|error| statement_error(sql, &error))
    }

    fn last_insert_id(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    fn columns(&self, table: &str) -> Result<Vec<String>, DatabaseError> {
        let mut names = Vec::new();
        let sql = "SELECT name FROM pragma_table_info(?) ORDER BY cid";
        self.query(sql, &[table.into()], &mut |row| {
            names.push(row.text("name"));
            Ok(())
        })?;
        Ok(names)
    }

    fn tables_with(&self, column: &str) -> Result<Vec<String>, DatabaseError> {
        let mut names = Vec::new();
        let sql = "SELECT t.name FROM sqlite_master t JOIN pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND c.name = ? ORDER BY t.name";
        self.query(sql, &[column.into()], &mut |row| {
            names.push(row.text("name"));
            Ok(())
        })?;
        Ok(names)
    }

    fn restricting_keys(&self) -> Result<Vec<ForeignKey>, DatabaseError> {
        let sql = "SELECT t.name AS child, k.\"from\" AS child_column, k.\"table\" AS parent, \
                   k.\"to\" AS parent_column FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k \
                   WHERE t.type = 'table' AND k.on_delete IN ('RESTRICT', 'NO ACTION') ORDER BY t.name, k.\"from\"";
        ForeignKey::read(sql, |sql, each| self.query(sql, &[], each))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Float(value) => ValueRef::Real(*value),
            Value::Text(text) => ValueRef::Text(text),
        }))
    }
}

/// The auto-increment keys of the schema and what SQLite calls them: its row id, whatever the integer's width.
///
/// Longer types stand first, for `BIGINT` ends in `INT`.
const DIALECT: [(&str, &str); 3] = [
    ("BIGINT AUTO_INCREMENT NOT NULL PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"),
    ("INT UNSIGNED AUTO_INCREMENT NOT NULL PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"),
    ("INT AUTO_INCREMENT NOT NULL PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"),
];

/// Turns the schema, written for MariaDB, into SQLite's dialect.
///
/// All words but the auto-increment keys mean the same in both, or (column types) nothing that matters in SQLite.
pub fn dialect(schema: &str) -> String {
    DIALECT.iter().fold(schema.to_owned(), |text, (mariadb, sqlite)| text.replace(mariadb, sqlite))
}

fn connect(path: &Path, writable: bool, create: bool) -> Result<Connection, DatabaseError> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= if writable { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_WAIT)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        Ok(connection)
    };
    open().map_err(|error| DatabaseError::Open { name: path.display().to_string(), reason: error.to_string() })
}

fn statement_error(sql: &str, error: &rusqlite::Error) -> DatabaseError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            DatabaseError::Busy { seconds: BUSY_WAIT.as_secs() }
        }
        _ => DatabaseError::Statement { sql: sql.to_owned(), reason: error.to_string() },
    }
}

/// The guarded values are pools and counters that no panic can leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
