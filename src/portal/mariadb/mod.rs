//! The database of a Chamilo installation: MariaDB or MySQL, in which Chamilo and its users write at the same time.
//!
//! A read sees one state of all tables (`REPEATABLE READ`, read only). A write sees what is committed (`READ COMMITTED`,
//! so that it locks no more rows than it changes and Chamilo's users wait as little as possible), and writers among
//! coursefs, of all processes and hosts, take turns by a lock that the server keeps (`GET_LOCK`). Chamilo knows nothing
//! of that lock and has no transactions: what it does between two statements of a transaction of ours is noticed
//! (`changes`), not prevented, as it is between two of its own users.
//!
//! If the server goes away (a restart, an upgrade), whoever needs it waits for a bounded time; a transaction that was
//! under way is undone by the server and fails. In a cluster the turns hold on each node for itself.

mod changes;
mod connection;
mod session;
mod values;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable;
use tracing::{info, warn};
use xxhash_rust::xxh3::xxh3_64;

use super::configuration::Configuration;
use super::database::{Database, DatabaseError, Work};
use changes::Changes;
use connection::{Meaning, Server, run};
use session::{Kind, MariaSession};

/// How long a transaction waits for another one of coursefs, and a statement for a row that somebody has locked.
const LOCK_WAIT: Duration = Duration::from_secs(20);

/// How long operations wait for a server that has gone away, counted from when it was missed first.
const OUTAGE_WAIT: Duration = Duration::from_secs(15);

/// Time between two attempts to reach it.
const OUTAGE_STEP: Duration = Duration::from_millis(100);

/// Connections kept for the next one who needs one; a mount has eight threads.
const IDLE_KEPT: usize = 10;

/// How a read begins.
const BEGIN_READ: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// What the columns of text that matter most hold.
const CHARACTERS: &str = "SELECT CHARACTER_SET_NAME FROM information_schema.COLUMNS \
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'c_document' AND COLUMN_NAME = 'path'";

/// A database of a MariaDB or MySQL server.
pub struct MariaDb {
    server: Server,
    /// The name of the writers' lock, the same for all who use this database of the server.
    lock: String,
    idle: Mutex<Vec<Conn>>,
    /// Whether Chamilo's tables hold characters beyond U+FFFF, because an administrator has converted them.
    four_bytes: bool,
    traits: Traits,
    /// When the server was missed, if it has not come back.
    outage: Mutex<Option<Instant>>,
    changes: Changes,
}

impl MariaDb {
    /// Connects to the database that `configuration` names.
    pub fn open(configuration: &Configuration) -> Result<MariaDb, DatabaseError> {
        let server = Server::new(configuration)?;
        let mut first = server.connect().map_err(|error| server.refused(&error))?;
        let four_bytes = four_bytes(&mut first).map_err(|error| server.failed(CHARACTERS, &error))?;
        let traits = Traits::of(&mut first).map_err(|error| server.failed(VARIABLES, &error))?;
        let lock = format!("coursefs-{:016x}", xxh3_64(server.database().as_bytes()));
        let (idle, outage, changes) = (Mutex::new(vec![first]), Mutex::default(), Changes::default());
        Ok(MariaDb { server, lock, idle, four_bytes, traits, outage, changes })
    }

    /// The database and where it is, for messages.
    pub fn name(&self) -> &str {
        self.server.name()
    }

    /// A connection that was not lost when it was last used.
    fn connection(&self) -> Result<(Conn, bool), DatabaseError> {
        let pooled = lock(&self.idle).pop();
        pooled.map_or_else(|| Ok((self.connect()?, true)), |connection| Ok((connection, false)))
    }

    /// A new connection; waits for a server that is away.
    fn connect(&self) -> Result<Conn, DatabaseError> {
        loop {
            let error = match self.server.connect() {
                Ok(connection) => {
                    if lock(&self.outage).take().is_some() {
                        info!("the database server is back");
                    }
                    return Ok(connection);
                }
                Err(error) => error,
            };
            if Meaning::of(&error) != Meaning::Lost {
                return Err(self.server.refused(&error));
            }
            let missed = *lock(&self.outage).get_or_insert_with(|| {
                warn!("{}", self.server.refused(&error));
                Instant::now()
            });
            // Who comes when the server has been away for long does not wait anew.
            if missed.elapsed() > OUTAGE_WAIT {
                return Err(self.server.refused(&error));
            }
            std::thread::sleep(OUTAGE_STEP);
        }
    }

    /// A connection with a transaction open on it.
    fn begin(&self, kind: Kind) -> Result<Conn, DatabaseError> {
        loop {
            let (mut connection, is_new) = self.connection()?;
            let begun = match kind {
                Kind::Read => run(&mut connection, BEGIN_READ).map(|_| true),
                Kind::Write => self.begin_writing(&mut connection),
            };
            match begun {
                Ok(true) => return Ok(connection),
                Ok(false) => {
                    self.put_back(connection);
                    return Err(DatabaseError::Busy { seconds: LOCK_WAIT.as_secs() });
                }
                // It was closed while nobody used it, most likely as all others were.
                Err(error) if !is_new && Meaning::of(&error) == Meaning::Lost => lock(&self.idle).clear(),
                Err(error) => return Err(self.server.failed(BEGIN_READ, &error)),
            }
        }
    }

    /// Waits for the turn and begins a transaction; `false` if somebody else has it for too long.
    fn begin_writing(&self, connection: &mut Conn) -> Result<bool, mysql::Error> {
        let sql = format!("SELECT GET_LOCK('{}', {}); {}", self.lock, LOCK_WAIT.as_secs(), self.traits.begin_write());
        if run(connection, &sql)? == Some(1) {
            return Ok(true);
        }
        run(connection, "ROLLBACK")?;
        Ok(false)
    }

    /// Gives up the turn and keeps the connection.
    fn end_writing(&self, connection: Option<Conn>) {
        let Some(mut connection) = connection else { return };
        // A connection that can't say so is closed, and the server ends its turn.
        if run(&mut connection, &format!("DO RELEASE_LOCK('{}')", self.lock)).is_ok() {
            self.put_back(connection);
        }
    }

    fn put_back(&self, connection: Conn) {
        let mut idle = lock(&self.idle);
        if idle.len() < IDLE_KEPT {
            idle.push(connection);
        }
    }

    /// Runs `work` in a transaction that writes, whose changes the caller follows or not.
    fn writing(&self, followed: bool, work: Work<'_>) -> Result<(), DatabaseError> {
        let connection = self.begin(Kind::Write)?;
        let session = MariaSession::new(self, Kind::Write, connection);
        let begun = if followed { self.changes.begin_followed(self) } else { Ok(()) };
        let outcome = begun.and_then(|()| work(&session, None));
        if !matches!(outcome, Ok(true)) {
            self.end_writing(session.roll_back());
            if followed {
                self.changes.abandon_followed();
            }
            return outcome.map(drop);
        }
        let changed = session.has_changed();
        let (connection, ended) = if followed {
            let committing = self.changes.committing();
            let (connection, ended) = session.commit();
            match ended {
                Ok(()) => committing.done(self, changed),
                Err(_) => committing.failed(),
            }
            (connection, ended)
        } else {
            let (connection, ended) = session.commit();
            if changed {
                self.changes.forget();
            }
            (connection, ended)
        };
        // After a failure nobody knows what the connection has open: it goes, and the server ends it.
        if ended.is_ok() {
            self.end_writing(connection);
        }
        ended
    }
}

impl Database for MariaDb {
    fn read_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        let session = MariaSession::new(self, Kind::Read, self.begin(Kind::Read)?);
        let outcome = work(&session, None);
        if let Some(connection) = session.roll_back() {
            self.put_back(connection);
        }
        outcome.map(drop)
    }

    fn write_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        self.writing(false, work)
    }

    fn change_counter(&self) -> Result<u64, DatabaseError> {
        self.changes.all(self)
    }

    fn write_followed_dyn(&self, work: Work<'_>) -> Result<(), DatabaseError> {
        self.writing(true, work)
    }

    fn foreign_counter(&self) -> Result<u64, DatabaseError> {
        self.changes.foreign(self)
    }

    fn set_patience(&self, patience: Duration) {
        self.changes.set_patience(patience);
    }
}

/// Settings of a server that nobody can change for a session, and that a transaction has to know.
const VARIABLES: &str =
    "SHOW VARIABLES WHERE Variable_name IN ('innodb_rollback_on_timeout', 'log_bin', 'binlog_format')";

/// What is particular about a server.
#[derive(Clone, Copy, Debug)]
struct Traits {
    /// If a row is locked for too long, the whole transaction is undone, not the statement alone.
    timeouts_undo_all: bool,
    /// It keeps a log of statements, which takes no changes by transactions that see what is committed meanwhile.
    logs_statements: bool,
}

impl Traits {
    fn of(connection: &mut Conn) -> Result<Traits, mysql::Error> {
        let variables: Vec<(String, String)> = connection.exec(VARIABLES, ())?;
        let is = |name: &str, wanted: &str| {
            variables.iter().any(|(known, value)| known == name && value.eq_ignore_ascii_case(wanted))
        };
        Ok(Traits {
            timeouts_undo_all: is("innodb_rollback_on_timeout", "ON"),
            logs_statements: is("log_bin", "ON") && is("binlog_format", "STATEMENT"),
        })
    }

    /// How a transaction that writes begins.
    fn begin_write(self) -> &'static str {
        match self.logs_statements {
            false => "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION",
            true => "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION",
        }
    }
}

fn four_bytes(connection: &mut Conn) -> Result<bool, mysql::Error> {
    Ok(connection.exec_first::<String, _, _>(CHARACTERS, ())?.is_some_and(|name| name == "utf8mb4"))
}

/// The guarded values are pools and counters that no panic can leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
