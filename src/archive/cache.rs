//! The cache database: an SQLite file for what is costly to compute and can always be computed again.
//!
//! A cache may be slow or forgetful but must never stand in the way. A file that is damaged is moved aside and made
//! anew, one that cannot be written is replaced by a database in memory; both with a warning. What is in it is left to
//! its users (such as [`Checksums`](super::Checksums)), each of which brings its own table with [`Cache::add_table`].
//!
//! Several processes may use one file. Opening and moving aside happens under a lock on `<file>.lock`, so that
//! no process moves aside what another has just made anew.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, ffi};
use tracing::warn;

/// Why the cache did not answer. Callers go on as if it held nothing.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// SQLite reported an error.
    #[error("the cache database does not answer: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// How long to wait for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A cache database, on disk or in memory. Threads take turns.
#[derive(Debug)]
pub struct Cache {
    /// `None` if the cache was meant to be in memory.
    path: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    connection: Connection,
    persistent: bool,
    /// What [`Cache::add_table`] was given, for databases made anew.
    tables: Vec<&'static str>,
}

/// How thoroughly a database file is examined when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Examination {
    /// Its header and schema only: takes no time.
    Header,
    /// Every page, as damage was met before.
    Pages,
}

impl Cache {
    /// Opens the cache database at `path`, making it and its folder if needed.
    ///
    /// Falls back to memory if `path` cannot be used; an error means that not even that was possible.
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        let state = State::open(path, Examination::Header)?;
        Ok(Self { path: Some(path.to_owned()), state: Mutex::new(state) })
    }

    /// A cache that ends with the process.
    pub fn in_memory() -> Result<Self, CacheError> {
        Ok(Self { path: None, state: Mutex::new(State::in_memory()?) })
    }

    /// Whether what is stored outlives the process.
    pub fn is_persistent(&self) -> bool {
        self.lock().persistent
    }

    /// Runs `sql` (`CREATE TABLE IF NOT EXISTS ...`), now and whenever the database has to be made anew.
    ///
    /// A table whose columns change in a later version of coursefs gets another name, so that versions can share a file.
    pub fn add_table(&self, sql: &'static str) -> Result<(), CacheError> {
        self.with(|connection| connection.execute_batch(sql))?;
        self.lock().tables.push(sql);
        Ok(())
    }

    /// Lets `work` use the database, alone among the threads of this process.
    ///
    /// If it meets damage, the database is mended or made anew; `work` is not repeated and its error is returned.
    pub fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, CacheError> {
        let mut state = self.lock();
        let error = match work(&mut state.connection) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if let (Some(path), true) = (&self.path, needs_reopening(&error)) {
            let tables = std::mem::take(&mut state.tables);
            *state = State::open(path, Examination::Pages)?;
            for sql in &tables {
                state.connection.execute_batch(sql)?;
            }
            state.tables = tables;
        }
        Err(error.into())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic elsewhere leaves the connection usable: SQLite rolls back what was not finished.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn in_memory() -> Result<Self, CacheError> {
        let connection = Connection::open_in_memory()?;
        Ok(Self { connection, persistent: false, tables: Vec::new() })
    }

    fn open(path: &Path, examination: Examination) -> Result<Self, CacheError> {
        match open_or_make_anew(path, examination) {
            Ok(connection) => Ok(Self { connection, persistent: true, tables: Vec::new() }),
            Err(reason) => {
                warn!(
                    "the cache database {} cannot be used ({reason}); what is computed is remembered only until coursefs ends",
                    path.display()
                );
                Self::in_memory()
            }
        }
    }
}

/// Why a database file cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

fn open_or_make_anew(path: &Path, examination: Examination) -> Result<Connection, Unusable> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let lock = File::create(with_suffix(path, ".lock"))?;
    lock.lock()?;
    match connect(path, examination) {
        Err(error) if is_damage(&error) => {
            let aside = with_suffix(path, ".damaged");
            warn!(
                "the cache database {} is damaged ({error}); moved to {} and made anew",
                path.display(),
                aside.display()
            );
            // The log belongs to the damaged file: a new one must not replay it.
            for suffix in ["-wal", "-shm"] {
                remove_if_present(&with_suffix(path, suffix))?;
            }
            fs::rename(path, aside)?;
            Ok(connect(path, Examination::Header)?)
        }
        answer => Ok(answer?),
    }
}

fn connect(path: &Path, examination: Examination) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Else SQLite prepares a statement again whenever it is given other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "normal")?;
    // SQLite opens what it may not write for reading; taking the write lock tells.
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
    if examination == Examination::Pages {
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(verdict)));
        }
    }
    Ok(connection)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Damage, or another process has moved the file aside and made a new one.
fn needs_reopening(error: &rusqlite::Error) -> bool {
    let moved = error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_READONLY_DBMOVED);
    moved || is_damage(error)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE IF NOT EXISTS things (thing TEXT)";

    fn add(cache: &Cache, thing: &str) -> Result<usize, CacheError> {
        cache.with(|connection| connection.execute("INSERT INTO things VALUES (?)", [thing]))
    }

    fn count(cache: &Cache) -> Result<i64, CacheError> {
        cache.with(|connection| connection.query_row("SELECT count(*) FROM things", [], |row| row.get(0)))
    }

    fn open(path: &Path) -> Cache {
        let cache = Cache::open(path).unwrap();
        cache.add_table(TABLE).unwrap();
        cache
    }

    #[test]
    fn what_is_stored_is_there_when_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/cache.sqlite");
        add(&open(&path), "one").unwrap();
        let again = open(&path);
        assert!(again.is_persistent());
        assert_eq!(count(&again).unwrap(), 1);
    }

    #[test]
    fn a_file_that_is_no_database_is_moved_aside_and_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.sqlite");
        fs::write(&path, "this is not a database, though long enough to look at".repeat(100)).unwrap();
        let cache = open(&path);
        assert!(cache.is_persistent());
        add(&cache, "one").unwrap();
        assert_eq!(count(&open(&path)).unwrap(), 1);
        let aside = fs::read(folder.path().join("cache.sqlite.damaged")).unwrap();
        assert!(aside.starts_with(b"this is not"));
    }

    #[test]
    fn damage_met_while_in_use_is_mended_for_the_next_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.sqlite");
        let cache = open(&path);
        for _ in 0..1000 {
            add(&cache, &"thing".repeat(20)).unwrap();
        }
        drop(cache);
        let cache = open(&path);
        let length = fs::metadata(&path).unwrap().len() as usize;
        let mut bytes = fs::read(&path).unwrap();
        bytes[8192..length].fill(0xEE);
        fs::write(&path, bytes).unwrap();
        assert!(count(&cache).is_err());
        assert_eq!(count(&cache).unwrap(), 0);
        assert!(cache.is_persistent());
        add(&cache, "one").unwrap();
        assert_eq!(count(&open(&path)).unwrap(), 1);
    }

    #[test]
    fn a_path_that_cannot_be_written_gives_a_cache_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.join("cache.sqlite"), folder.path().to_owned()] {
            let cache = open(&path);
            assert!(!cache.is_persistent(), "{}", path.display());
            add(&cache, "one").unwrap();
            assert_eq!(count(&cache).unwrap(), 1);
        }
    }
}
