//! A transaction on the server, and how it outlives deadlocks.
//!
//! Chamilo writes to the same rows at the same time. If the server undoes our whole transaction for that (a deadlock, a
//! conflict between the nodes of a cluster), the statements that changed something are run again, with the keys that
//! they had been given: nobody can have seen them, and each must change as many rows as before. What was read before is
//! not read again; in a transaction that writes, every statement sees what was committed until then, so that this is
//! as if all its changes had been made a moment later. If a row was only locked for too long, the statement alone was
//! undone and is repeated.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql::consts::ColumnType;
use mysql::prelude::Queryable;
use mysql::{Conn, Params};
use tracing::{debug, warn};

use crate::portal::database::{Answer, DatabaseError, Row, Session, Value};

use super::connection::{Meaning, run};
use super::values::{from_wire, to_wire};
use super::{LOCK_WAIT, MariaDb};

/// How much a transaction may have changed to be run again, in bytes of statements and values. A larger one has
/// hardly a rival (the server sacrifices the smaller), and fails if it has.
const JOURNAL_KEPT: usize = 16 << 20;

/// How often a transaction is run again.
const ATTEMPTS: u32 = 10;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One state of all tables.
    Read,
    /// Changes.
    Write,
}

/// A statement that changed something.
struct Change {
    sql: Arc<str>,
    params: Vec<Value>,
    rows: u64,
    key: u64,
}

/// The changes of a transaction, as far as they are kept.
#[derive(Default)]
struct Journal {
    changes: Vec<Change>,
    bytes: usize,
    /// It has become too long to be kept.
    incomplete: bool,
    statements: HashMap<String, Arc<str>>,
}

impl Journal {
    fn note(&mut self, sql: &str, params: &[Value], rows: u64, key: u64) {
        self.bytes += params.iter().map(|value| 32 + value.as_text().len()).sum::<usize>() + 64;
        if self.incomplete || self.bytes > JOURNAL_KEPT {
            (self.incomplete, self.changes) = (true, Vec::new());
            return;
        }
        let sql = match self.statements.get(sql) {
            Some(known) => Arc::clone(known),
            None => {
                let known: Arc<str> = sql.into();
                self.statements.insert(sql.to_owned(), Arc::clone(&known));
                known
            }
        };
        self.changes.push(Change { sql, params: params.to_vec(), rows, key });
    }

    fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.incomplete
    }
}

/// A connection with a transaction open on it.
pub(super) struct MariaSession<'a> {
    database: &'a MariaDb,
    kind: Kind,
    connection: RefCell<Option<Conn>>,
    journal: RefCell<Journal>,
    columns: RefCell<HashMap<String, Vec<String>>>,
    /// Whether anything was answered that the caller may build upon.
    answered: Cell<bool>,
    last_key: Cell<u64>,
}

impl<'a> MariaSession<'a> {
    /// `connection` has a transaction of this kind open.
    pub(super) fn new(database: &'a MariaDb, kind: Kind, connection: Conn) -> Self {
        MariaSession {
            database,
            kind,
            connection: RefCell::new(Some(connection)),
            journal: RefCell::default(),
            columns: RefCell::default(),
            answered: Cell::new(false),
            last_key: Cell::new(0),
        }
    }

    /// Whether anything was changed.
    pub(super) fn has_changed(&self) -> bool {
        !self.journal.borrow().is_empty()
    }

    /// Ends the transaction. The connection is handed on unless it is lost.
    pub(super) fn commit(self) -> (Option<Conn>, Result<(), DatabaseError>) {
        let ended = self.attempts("COMMIT", |connection| run(connection, "COMMIT").map(drop));
        (self.connection.take(), ended)
    }

    /// Takes everything back.
    pub(super) fn roll_back(self) -> Option<Conn> {
        let mut connection = self.connection.take()?;
        // If that fails the connection goes, and the server takes everything back by itself.
        run(&mut connection, "ROLLBACK").is_ok().then_some(connection)
    }

    /// `params` without what the tables can't hold; `None` if they hold all of it. What must not change (paths) and what
    /// can be said otherwise (HTML) has been looked after by then.
    fn writable(&self, sql: &str, params: &[Value]) -> Option<Vec<Value>> {
        let held = |value: &Value| !matches!(value, Value::Text(text) if !self.holds(text));
        if params.iter().all(held) {
            return None;
        }
        warn!("characters that Chamilo's database can't hold (such as emoji) are replaced in: {sql}");
        let three_bytes = |letter: char| if letter.len_utf8() > 3 { char::REPLACEMENT_CHARACTER } else { letter };
        let replaced = |value: &Value| match value {
            Value::Text(text) if !self.holds(text) => {
                String::from_utf8_lossy(text).chars().map(three_bytes).collect::<String>().into()
            }
            value => value.clone(),
        };
        Some(params.iter().map(replaced).collect())
    }

    /// Does `work` with the connection, until it is done or waiting makes no sense any more.
    fn attempts<T>(
        &self,
        sql: &str,
        mut work: impl FnMut(&mut Conn) -> Result<T, mysql::Error>,
    ) -> Result<T, DatabaseError> {
        let (begun, mut attempt) = (Instant::now(), 0);
        loop {
            let mut held = self.connection.try_borrow_mut().map_err(|_| DatabaseError::Statement {
                sql: sql.to_owned(),
                reason: "another statement of this transaction is still answering".to_owned(),
            })?;
            let server = &self.database.server;
            let Some(connection) = held.as_mut() else {
                let reason = "the connection was lost in the middle of a transaction".to_owned();
                return Err(DatabaseError::Lost { name: server.name().to_owned(), reason });
            };
            let error = match work(connection) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            attempt += 1;
            let meaning = match Meaning::of(&error) {
                Meaning::LockTimeout if self.database.traits.timeouts_undo_all => Meaning::Deadlock,
                meaning => meaning,
            };
            match meaning {
                Meaning::LockTimeout if begun.elapsed() < LOCK_WAIT => {}
                Meaning::LockTimeout => return Err(DatabaseError::Busy { seconds: LOCK_WAIT.as_secs() }),
                Meaning::Deadlock if attempt <= ATTEMPTS && self.kind == Kind::Write => {
                    debug!("deadlock: the transaction is run again");
                    std::thread::sleep(Duration::from_millis(5) * attempt);
                    if !self.run_again(connection)? {
                        return Err(server.failed(sql, &error));
                    }
                }
                Meaning::Lost => {
                    *held = None;
                    // Nothing was said yet that the caller could have built upon: as if it had begun later.
                    let fresh = !self.answered.get() && self.journal.borrow().is_empty() && sql != "COMMIT";
                    if fresh && attempt == 1 {
                        *held = Some(self.database.begin(self.kind)?);
                    } else {
                        return Err(server.failed(sql, &error));
                    }
                }
                _ => return Err(server.failed(sql, &error)),
            }
        }
    }

    /// Makes all changes once more. `false` if that can't be done, or comes to something else.
    fn run_again(&self, connection: &mut Conn) -> Result<bool, DatabaseError> {
        let journal = self.journal.borrow();
        if journal.incomplete {
            return Ok(false);
        }
        'attempt: for attempt in 1..=ATTEMPTS {
            let failed = |sql: &str, error: &mysql::Error| self.database.server.failed(sql, error);
            let begin = format!("ROLLBACK; {}", self.database.traits.begin_write());
            run(connection, &begin).map_err(|error| failed(&begin, &error))?;
            for change in &journal.changes {
                if change.key > 0 {
                    let key = format!("SET insert_id = {}", change.key);
                    run(connection, &key).map_err(|error| failed(&key, &error))?;
                }
                match execute(connection, &change.sql, &change.params) {
                    Ok((rows, key)) if (rows, key) == (change.rows, change.key) => {}
                    Ok(_) => return Ok(false),
                    Err(error) if matches!(Meaning::of(&error), Meaning::Deadlock | Meaning::LockTimeout) => {
                        std::thread::sleep(Duration::from_millis(5) * attempt);
                        continue 'attempt;
                    }
                    Err(error) => return Err(failed(&change.sql, &error)),
                }
            }
            return Ok(true);
        }
        Ok(false)
    }
}

/// Runs a statement; how many rows it changed, and the key that the server gave to a new one.
fn execute(connection: &mut Conn, sql: &str, params: &[Value]) -> Result<(u64, u64), mysql::Error> {
    let done = connection.exec_iter(sql, wire(params))?;
    Ok((done.affected_rows(), done.last_insert_id().unwrap_or(0)))
}

fn wire(params: &[Value]) -> Params {
    if params.is_empty() { Params::Empty } else { Params::Positional(params.iter().map(to_wire).collect()) }
}

/// Why a query ended early.
enum Ended {
    /// The server's fault.
    Server(mysql::Error),
    /// The caller's.
    Caller(DatabaseError),
}

/// Runs a query, handing each row to `each`.
fn query(
    connection: &mut Conn,
    sql: &str,
    params: &[Value],
    each: &mut dyn FnMut(Row) -> Result<(), DatabaseError>,
    answered: &Cell<bool>,
) -> Result<(), Ended> {
    let rows = connection.exec_iter(sql, wire(params)).map_err(Ended::Server)?;
    let set = rows.columns();
    let columns: Arc<[Arc<str>]> = set.as_ref().iter().map(|column| Arc::from(column.name_str())).collect();
    let kinds: Vec<ColumnType> = set.as_ref().iter().map(mysql::Column::column_type).collect();
    let mut answer = Answer::new(columns, each);
    for row in rows {
        let row = row.map_err(Ended::Server)?;
        answered.set(true);
        for (value, kind) in row.unwrap_raw().into_iter().zip(&kinds) {
            from_wire(value.unwrap_or(mysql::Value::NULL), *kind, &mut answer);
        }
        answer.end_row().map_err(Ended::Caller)?;
    }
    answered.set(true);
    answer.finish().map_err(Ended::Caller)
}

impl Session for MariaSession<'_> {
    fn query(
        &self,
        sql: &str,
        params: &[Value],
        each: &mut dyn FnMut(Row) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        self.attempts(sql, |connection| match query(connection, sql, params, each, &self.answered) {
            Ok(()) => Ok(Ok(())),
            Err(Ended::Caller(error)) => Ok(Err(error)),
            Err(Ended::Server(error)) => Err(error),
        })?
    }

    fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, DatabaseError> {
        let writable = self.writable(sql, params);
        let params = writable.as_deref().unwrap_or(params);
        let (rows, key) = self.attempts(sql, |connection| execute(connection, sql, params))?;
        if key > 0 {
            self.last_key.set(key);
        }
        self.journal.borrow_mut().note(sql, params, rows, key);
        Ok(rows)
    }

    fn holds(&self, text: &[u8]) -> bool {
        // The first byte of a character of four bytes is 0xF0 or more.
        (self.database.four_bytes || !text.iter().any(|byte| *byte >= 0xF0)) && std::str::from_utf8(text).is_ok()
    }

    fn last_insert_id(&self) -> i64 {
        i64::try_from(self.last_key.get()).unwrap_or(0)
    }

    fn columns(&self, table: &str) -> Result<Vec<String>, DatabaseError> {
        if let Some(known) = self.columns.borrow().get(table) {
            return Ok(known.clone());
        }
        let sql = "SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS \
                   WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION";
        let mut names = Vec::new();
        self.query(sql, &[table.into()], &mut |row| {
            names.push(row.text("name"));
            Ok(())
        })?;
        self.columns.borrow_mut().insert(table.to_owned(), names.clone());
        Ok(names)
    }
}
