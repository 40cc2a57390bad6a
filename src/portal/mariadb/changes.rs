//! Whether somebody has changed rows since we last looked, told at every file operation without looking at the rows.
//!
//! Two questions are asked, of what any account may see:
//!
//! 1. Has anything at all been written on this server? InnoDB numbers its transactions, and every one that writes takes
//!    two numbers: at its first change and when it is committed (`Innodb_max_trx_id`). As long as the number stands,
//!    nothing has changed. MySQL does not tell it, and tables of other kinds than InnoDB do not move it; then the
//!    second question is asked each time.
//! 2. If it has moved: was it in one of the tables that matter? Chamilo notes every page that somebody looks at, in
//!    tables that are nothing to us. `information_schema.TABLES` tells when each table was last written, in whole
//!    seconds: a table that was written in this second or the last may have been written again since, unseen, so that
//!    what was read then is read again until it has cooled down. After a pause the times are not relied on, for the
//!    server forgets those of tables that it has put away.
//!
//! A transaction's number moves a moment before others see what it changed. Hence a look that finds a change is not
//! the last one: when the moment has passed there is another.
//!
//! Nothing is asked while nobody looks. What Chamilo changed shows with the next look, and at latest
//! [`Changes::set_patience`] after it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::portal::database::DatabaseError;

use super::connection::Meaning;
use super::{MariaDb, lock};

/// The first question.
const NUMBER: &str = "SHOW STATUS LIKE 'Innodb_max_trx_id'";

/// The second. The time is the server's, as those of the tables are.
const TABLES: &str = "SELECT TABLE_NAME, CREATE_TIME, UPDATE_TIME, \
     TIMESTAMPDIFF(SECOND, UPDATE_TIME, NOW()), ENGINE FROM information_schema.TABLES \
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'";

/// Tables of what users do, not of what courses are: by their names or how these begin.
const NOISE: [&str; 12] = [
    "track_",
    "c_chat_connected",
    "c_online_connected",
    "c_lp_view",
    "c_lp_item_view",
    "c_lp_iv_",
    "message",
    "notification",
    "php_session",
    "personal_agenda",
    "sequence_value",
    "version",
];

/// How long after a transaction took its last number what it changed is surely seen.
const SETTLED: Duration = Duration::from_millis(100);

/// How long the server surely keeps the time of a table that was written.
const KEPT: Duration = Duration::from_secs(20);

/// In this many seconds a table that was written may have been written again without a trace.
const HOT: i64 = 1;

/// For how long a change of our own hides others' of the same second.
const COVERING: Duration = Duration::from_secs(3);

/// Numbers that a transaction takes which changes something.
const NUMBERS: u64 = 2;

/// What is known of others' changes.
#[derive(Default)]
pub(super) struct Changes {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The connection that asks.
    watcher: Option<Conn>,
    /// Changes by others, as far as they were noticed.
    foreign: u64,
    /// Followed changes of our own.
    own: u64,
    /// What was found at the last look.
    seen: Option<Seen>,
    /// Something was changed, or may have been, that no question need be asked about.
    forgotten: bool,
    /// How long an answer serves.
    patience: Duration,
    /// The number at the beginning of a followed transaction that is under way.
    following: Option<u64>,
    /// When a followed change was last committed that others' may be hidden behind.
    covered: Option<Instant>,
    /// When `foreign` last moved.
    moved: Option<Instant>,
}

/// What a look found.
#[derive(Clone, Copy)]
struct Seen {
    at: Instant,
    /// The number of transactions; `None` if the server does not tell.
    number: Option<u64>,
    /// Of the times of all tables.
    tables: u64,
    /// A table had been written a moment before.
    hot: bool,
    /// When the number was found moved, by what may not have been seen by all yet.
    unsettled: Option<Instant>,
}

/// The moment of a followed commit: nobody looks before it is known as ours.
pub(super) struct Committing<'a> {
    state: MutexGuard<'a, State>,
}

impl Changes {
    /// A number that moves with every change of others, and of our own that nobody follows.
    pub(super) fn foreign(&self, database: &MariaDb) -> Result<u64, DatabaseError> {
        let mut state = lock(&self.state);
        let patience = state.patience;
        state.look(database, patience)?;
        Ok(state.foreign)
    }

    /// A number that moves with every change.
    pub(super) fn all(&self, database: &MariaDb) -> Result<u64, DatabaseError> {
        let mut state = lock(&self.state);
        let patience = state.patience;
        state.look(database, patience)?;
        Ok(state.foreign.wrapping_add(state.own))
    }

    /// An answer serves for so long.
    pub(super) fn set_patience(&self, patience: Duration) {
        lock(&self.state).patience = patience;
    }

    /// Something was changed, or may have been.
    pub(super) fn forget(&self) {
        lock(&self.state).forgotten = true;
    }

    /// A transaction has begun whose changes are followed.
    pub(super) fn begin_followed(&self, database: &MariaDb) -> Result<(), DatabaseError> {
        let mut state = lock(&self.state);
        state.look(database, Duration::ZERO)?;
        state.following = state.seen.and_then(|seen| seen.number);
        Ok(())
    }

    /// It has ended without a change.
    pub(super) fn abandon_followed(&self) {
        lock(&self.state).following = None;
    }

    /// It is about to be committed.
    pub(super) fn committing(&self) -> Committing<'_> {
        Committing { state: lock(&self.state) }
    }
}

impl Committing<'_> {
    /// It is committed.
    pub(super) fn done(mut self, database: &MariaDb, changed: bool) {
        let before = self.state.following.take();
        if !changed {
            return;
        }
        self.state.own = self.state.own.wrapping_add(1);
        // If nobody else took a number meanwhile, all that has happened is known. Else the next look asks the tables.
        let now = self.state.ask(database, number).ok().flatten();
        match (now, before, &mut self.state.seen) {
            (Some(now), Some(before), Some(seen))
                if now == before.wrapping_add(NUMBERS) && seen.number == Some(before) =>
            {
                seen.number = Some(now);
            }
            _ => self.state.covered = Some(Instant::now()),
        }
    }

    /// Whether it is committed is unknown.
    pub(super) fn failed(mut self) {
        self.state.following = None;
        self.state.forgotten = true;
    }
}

impl State {
    /// Counts what has changed since the last look, unless that was less than `patience` ago.
    fn look(&mut self, database: &MariaDb, patience: Duration) -> Result<(), DatabaseError> {
        let now = Instant::now();
        if self.seen.is_some_and(|seen| now.duration_since(seen.at) < patience) && !self.forgotten {
            return Ok(());
        }
        let number = match self.seen {
            // What was not told then is of no use now.
            Some(Seen { number: None, .. }) if !self.forgotten => None,
            _ => self.ask(database, number)?,
        };
        let Some(seen) = self.seen.filter(|_| !self.forgotten) else {
            let Tables { tables, hot, numbered } = self.ask(database, tables)?;
            self.count(now);
            self.forgotten = false;
            let number = number.filter(|_| numbered);
            self.seen = Some(Seen { at: now, number, tables, hot, unsettled: Some(now) });
            return Ok(());
        };
        // The first number of a transaction of our own that is under way.
        let is_own = self.following.is_some_and(|before| number == Some(before.wrapping_add(1)));
        let has_moved = number.is_none() || (number != seen.number && !is_own);
        let settles = seen.unsettled.is_some_and(|since| now.duration_since(since) >= SETTLED);
        if !has_moved && !settles {
            self.seen = Some(Seen { at: now, ..seen });
            return Ok(());
        }
        let Tables { tables, hot, numbered } = self.ask(database, tables)?;
        let number = number.filter(|_| numbered);
        let is_late = has_moved && now.duration_since(seen.at) > KEPT;
        if seen.hot || hot || seen.tables != tables || is_late {
            // What our own changes cover is looked for again and again, but not at each of them.
            let recent = |moment: Option<Instant>, time| moment.is_some_and(|moment| now.duration_since(moment) < time);
            if recent(self.covered, COVERING) && recent(self.moved, self.patience) {
                return Ok(());
            }
            self.count(now);
        }
        let number = if has_moved { number } else { seen.number };
        self.seen = Some(Seen { at: now, number, tables, hot, unsettled: has_moved.then_some(now) });
        Ok(())
    }

    fn count(&mut self, now: Instant) {
        self.foreign = self.foreign.wrapping_add(1);
        self.moved = Some(now);
    }

    /// Asks by the watching connection. A new one, after the server was away, has seen nothing.
    fn ask<T>(
        &mut self,
        database: &MariaDb,
        question: impl Fn(&mut Conn) -> Result<T, mysql::Error>,
    ) -> Result<T, DatabaseError> {
        for _ in 0..2 {
            let mut watcher = match self.watcher.take() {
                Some(watcher) => watcher,
                None => {
                    self.forgotten = true;
                    database.connect()?
                }
            };
            match question(&mut watcher) {
                Ok(answer) => {
                    self.watcher = Some(watcher);
                    return Ok(answer);
                }
                Err(error) if Meaning::of(&error) == Meaning::Lost => {}
                Err(error) => return Err(database.server.failed("the question for changes", &error)),
            }
        }
        let name = database.server.name().to_owned();
        Err(DatabaseError::Lost { name, reason: "it closes every connection".to_owned() })
    }
}

fn number(watcher: &mut Conn) -> Result<Option<u64>, mysql::Error> {
    Ok(watcher.exec_first::<(String, String), _, _>(NUMBER, ())?.and_then(|(_, value)| value.parse().ok()))
}

/// What is told of the tables that matter.
struct Tables {
    /// A hash of when they were made and last written.
    tables: u64,
    /// One was just now.
    hot: bool,
    /// Whatever is written to them takes a number.
    numbered: bool,
}

fn tables(watcher: &mut Conn) -> Result<Tables, mysql::Error> {
    type Table = (String, Option<mysql::Value>, Option<mysql::Value>, Option<i64>, Option<String>);
    let mut all: Vec<Table> = watcher.exec(TABLES, ())?;
    all.retain(|(name, ..)| !NOISE.iter().any(|noise| name.starts_with(noise)));
    all.sort_by(|one, other| one.0.cmp(&other.0));
    let mut hasher = DefaultHasher::new();
    let (mut hot, mut numbered) = (false, true);
    for (name, made, written, age, engine) in all {
        name.hash(&mut hasher);
        format!("{made:?} {written:?}").hash(&mut hasher);
        hot |= age.is_some_and(|age| age <= HOT);
        numbered &= engine.as_deref() == Some("InnoDB");
    }
    Ok(Tables { tables: hasher.finish(), hot, numbered })
}
