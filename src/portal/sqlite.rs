//! The embedded portal's database: SQLite in WAL mode.
//!
//! Readers each take a connection from a pool and see a snapshot; writers take turns. One more connection does all
//! transactions that are followed, and tells what others do: its `data_version` moves whenever any other connection, of
//! this process or another, commits, and not by what it commits itself. Nothing here knows Chamilo's tables.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};

use super::database::{Answer, Database, DatabaseError, ForeignKey, Row, Session, Value, Work};

/// How long a statement waits for another process's transaction.
const BUSY_WAIT: Duration = Duration::from_secs(20);

/// Statements that each connection keeps prepared: all that reading a course takes, for there is a table for everything.
const PREPARED: usize = 400;

/// Pages in the write-ahead log (of 4 KiB) at which it is brought into the database, which waits for the disk. A document
/// that is copied takes some 12 of them.
const CHECKPOINT: i64 = 8192;

/// How long a followed transaction waits before it tries again to be the one that writes.
const PAUSE: Duration = Duration::from_millis(1);

/// A SQLite database file.
pub struct Sqlite {
    path: PathBuf,
    writable: bool,
    idle: Mutex<Vec<Connection>>,
    /// One followed transaction at a time: waiting for each other in SQLite would cost milliseconds.
    following: Mutex<()>,
    follower: Mutex<Follower>,
}

/// The connection of the followed transactions, and what it tells of other connections.
struct Follower {
    state: Following,
    /// Its `data_version` when it was last looked at.
    version: u64,
    /// How often others had committed, as far as that was seen.
    foreign: u64,
    /// How many followed transactions were committed.
    own: u64,
}

enum Following {
    Idle(Connection),
    /// A transaction is under way in it: nobody else can commit anything.
    Busy,
    /// It failed: what others do until there is another is unknown.
    Lost,
}

impl Follower {
    /// Looks at what others have done, if they can have done anything.
    fn look(&mut self, database: &Sqlite) -> Result<(), DatabaseError> {
        let version = match &self.state {
            Following::Busy => return Ok(()),
            Following::Idle(connection) => data_version(connection)?,
            Following::Lost => {
                let connection = connect(&database.path, database.writable, false)?;
                let version = data_version(&connection)?;
                (self.state, self.version) = (Following::Idle(connection), version);
                self.foreign += 1;
                return Ok(());
            }
        };
        if self.version != version {
            (self.version, self.foreign) = (version, self.foreign + 1);
        }
        Ok(())
    }
}

/// A followed transaction under way. However it ends, the connection that it was in is not waited for any more.
struct Turn<'a> {
    database: &'a Sqlite,
    connection: Option<Connection>,
}

impl Turn<'_> {
    /// The transaction has ended; whether it was `committed`.
    fn over(mut self, committed: bool) {
        let mut follower = lock(&self.database.follower);
        follower.own += u64::from(committed);
        // A failed COMMIT leaves the transaction open; dropping the connection rolls it back.
        if let Some(connection) = self.connection.take_if(|connection| connection.is_autocommit()) {
            follower.state = Following::Idle(connection);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut follower = lock(&self.database.follower);
        if matches!(follower.state, Following::Busy) {
            follower.state = Following::Lost;
        }
    }
}

impl Sqlite {
    /// Opens an existing database, for reading only unless `writable`.
    pub fn open(path: &Path, writable: bool) -> Result<Self, DatabaseError> {
        let connection = connect(path, writable, false)?;
        let version = data_version(&connection)?;
        let follower = Follower { state: Following::Idle(connection), version, foreign: 0, own: 0 };
        Ok(Sqlite {
            path: path.to_owned(),
            writable,
            idle: Mutex::default(),
            following: Mutex::default(),
            follower: Mutex::new(follower),
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

    /// Begins a followed transaction. While others write, the connection goes on telling what they have committed.
    fn begin_followed(&self) -> Result<Turn<'_>, DatabaseError> {
        let since = Instant::now();
        loop {
            let mut follower = lock(&self.follower);
            follower.look(self)?;
            if let Following::Idle(connection) = &follower.state {
                connection.busy_timeout(Duration::ZERO).map_err(|error| statement_error("BEGIN", &error))?;
                let begun = SqliteSession { connection }.batch("BEGIN IMMEDIATE");
                connection.busy_timeout(BUSY_WAIT).map_err(|error| statement_error("BEGIN", &error))?;
                match begun {
                    Err(DatabaseError::Busy { .. }) if since.elapsed() < BUSY_WAIT => {}
                    Err(error) => return Err(error),
                    Ok(()) => {
                        let looked = follower.look(self);
                        let Following::Idle(connection) = std::mem::replace(&mut follower.state, Following::Busy)
                        else {
                            continue;
                        };
                        drop(follower);
                        let turn = Turn { database: self, connection: Some(connection) };
                        return looked.map(|()| turn);
                    }
                }
            }
            drop(follower);
            std::thread::sleep(PAUSE);
        }
    }

    fn with_connection(&self, begin: &str, work: Work<'_>) -> Result<(), DatabaseError> {
        let connection = self.connection()?;
        let session = SqliteSession { connection: &connection };
        session.batch(begin)?;
        let outcome = work(&session, None);
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

    fn read_pair_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        let (first, mut second) = (self.connection()?, self.connection()?);
        let outcome = if begin_together(&first, &second)? {
            let mut other = SqliteSession { connection: &mut second };
            work(&SqliteSession { connection: &first }, Some(&mut other))
        } else {
            work(&SqliteSession { connection: &first }, None)
        };
        // The first is taken first the next time too: each has its statements prepared.
        for connection in [second, first] {
            // Nothing was changed. One that can't end its transaction is closed.
            if connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok() {
                lock(&self.idle).push(connection);
            }
        }
        outcome.map(drop)
    }

    fn write_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        self.with_connection("BEGIN IMMEDIATE", work)
    }

    fn change_counter(&self) -> Result<u64, DatabaseError> {
        let mut follower = lock(&self.follower);
        follower.look(self)?;
        Ok(follower.foreign + follower.own)
    }

    fn write_followed_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        let _one_at_a_time = lock(&self.following);
        let turn = self.begin_followed()?;
        let Some(connection) = &turn.connection else { return Ok(()) };
        let session = SqliteSession { connection };
        let outcome = work(&session, None);
        let commits = matches!(outcome, Ok(true));
        let ended = session.batch(if commits { "COMMIT" } else { "ROLLBACK" });
        turn.over(commits && ended.is_ok());
        outcome?;
        ended
    }

    fn foreign_counter(&self) -> Result<u64, DatabaseError> {
        let mut follower = lock(&self.follower);
        follower.look(self)?;
        Ok(follower.foreign)
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

/// Begins a transaction for reading in both connections; whether they see the same state. If not, one is begun only in
/// the `first`.
fn begin_together(first: &Connection, second: &Connection) -> Result<bool, DatabaseError> {
    let before = data_version(second)?;
    for connection in [first, second] {
        SqliteSession { connection }.batch("BEGIN")?;
    }
    // A transaction sees the state of the moment at which something is first asked in it.
    data_version(first)?;
    let together = data_version(second)? == before;
    if !together {
        // Somebody has committed: between the two, for all that is known.
        SqliteSession { connection: second }.batch("ROLLBACK")?;
    }
    Ok(together)
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

/// A session in a connection: one that is borrowed, or for another thread one that nobody else uses meanwhile.
struct SqliteSession<C> {
    connection: C,
}

impl<C: Deref<Target = Connection>> SqliteSession<C> {
    fn batch(&self, sql: &str) -> Result<(), DatabaseError> {
        self.connection.execute_batch(sql).map_err(|error| statement_error(sql, &error))
    }
}

impl<C: Deref<Target = Connection>> Session for SqliteSession<C> {
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
        // Else SQLite prepares a statement again whenever it is given other values, in case they call for another plan.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::database::{DatabaseExt, Other};
    use std::sync::atomic::{AtomicBool, Ordering};

    const SCHEMA: &str = "CREATE TABLE one (n INT); CREATE TABLE two (n INT);
                          INSERT INTO one VALUES (0); INSERT INTO two VALUES (0);";

    fn database() -> (tempfile::TempDir, Sqlite) {
        let folder = tempfile::tempdir().unwrap();
        let database = Sqlite::create(&folder.path().join("database"), SCHEMA).unwrap();
        (folder, database)
    }

    fn number(session: &dyn Session, table: &str) -> i64 {
        session.int(&format!("SELECT n FROM {table}"), &[]).unwrap().unwrap()
    }

    fn count_up(database: &Sqlite) {
        let changed = database.write_followed(|session| {
            session.execute("UPDATE one SET n = n + 1", &[])?;
            session.execute("UPDATE two SET n = n + 1", &[])
        });
        assert_eq!(changed.unwrap(), 1);
    }

    /// What a session sees first, the other one in another thread, and the first one again.
    fn look(session: &dyn Session, other: Other<'_>) -> Result<(i64, Option<i64>, i64), DatabaseError> {
        let first = number(session, "one");
        let beside = |other: &mut (dyn Session + Send)| {
            std::thread::scope(|scope| scope.spawn(move || number(other, "two")).join())
        };
        Ok((first, other.map(|other| beside(other).unwrap()), number(session, "two")))
    }

    #[test]
    fn two_sessions_of_a_pair_see_the_same_state_whatever_is_committed_meanwhile() {
        let (_folder, database) = database();
        let done = AtomicBool::new(false);
        let seen: Vec<_> = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    count_up(&database);
                }
            });
            let seen = (0..500).map(|_| database.read_pair(look)).collect();
            done.store(true, Ordering::Relaxed);
            seen
        });
        let mut pairs = 0;
        for seen in seen {
            let (first, other, again) = seen.unwrap();
            assert_eq!((first, other.unwrap_or(first)), (again, again));
            pairs += u32::from(other.is_some());
        }
        assert!(pairs > 0, "there never was a second session");
        count_up(&database);
        let (first, other, _) = database.read_pair(look).unwrap();
        assert_eq!(other, Some(first), "nobody writes, so there is one");
    }

    #[test]
    fn a_statement_that_is_asked_with_other_values_is_not_prepared_again() {
        let (_folder, database) = database();
        let connection = database.connection().unwrap();
        connection.execute_batch("CREATE TABLE a (id INTEGER PRIMARY KEY, course INT, tool TEXT)").unwrap();
        connection.execute_batch("CREATE INDEX course ON a (course); CREATE INDEX tool ON a (tool)").unwrap();
        let mut statement = connection.prepare("SELECT * FROM a WHERE course = ? AND tool = 'x' ORDER BY id").unwrap();
        for value in 0..5 {
            let _ = statement.query_row([value], |_| Ok(()));
        }
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }
}
