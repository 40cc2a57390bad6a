//! The CRC-32 of files, remembered under their identities: [`Checksums`].
//!
//! One row a file (device and inode); a file that changed replaces its own row, so the table does not grow with
//! changes. What was not asked for in half a year is dropped. Only the checksums of files that have settled are
//! stored, see [`FileIdentity::is_settled`].
//!
//! New checksums are gathered and stored together: an archive of 10,000 small files costs about twenty transactions.
//! A checksum that gets lost (a crash, a database in trouble) is computed again, so no error is ever returned.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use tracing::warn;

use super::{Cache, CacheError, FileIdentity, FileTime};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS checksums (
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    crc32 INTEGER NOT NULL,
    used_on INTEGER NOT NULL, -- days since 1970
    PRIMARY KEY (device, inode)
) WITHOUT ROWID";

const FIND: &str = "SELECT crc32, used_on FROM checksums
    WHERE device = ? AND inode = ? AND size = ? AND mtime = ? AND mtime_ns = ? AND ctime = ? AND ctime_ns = ?";

const STORE: &str = "INSERT OR REPLACE INTO checksums
    (device, inode, size, mtime, mtime_ns, ctime, ctime_ns, crc32, used_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// After how many days without use a row is dropped.
const KEPT_DAYS: i64 = 180;
/// How old (in days) the day of last use may become before a look-up writes it anew.
const USE_NOTED_DAYS: i64 = 30;
/// How many new checksums are gathered before they are stored.
const BATCH: usize = 512;
/// How long the first of a batch waits at most for the next to come and have it stored.
const BATCH_TIME: Duration = Duration::from_secs(2);
/// How many are kept while the database does not take them.
const WAITING_LIMIT: usize = 32 * BATCH;

/// The remembered checksums, in a [`Cache`] that may be shared with other tables, threads and processes.
#[derive(Debug)]
pub struct Checksums {
    cache: Arc<Cache>,
    waiting: Mutex<Waiting>,
}

/// What is to be stored.
#[derive(Debug, Default)]
struct Waiting {
    rows: HashMap<FileIdentity, u32>,
    since: Option<Instant>,
}

impl Checksums {
    /// The checksums in `cache`. Drops those not used in half a year.
    pub fn new(cache: Arc<Cache>) -> Result<Self, CacheError> {
        cache.add_table(TABLE)?;
        let oldest = today() - KEPT_DAYS;
        let dropped = cache.with(|db| db.execute("DELETE FROM checksums WHERE used_on < ?", [oldest]));
        if let Err(error) = dropped {
            warn!("old checksums stay for now: {error}");
        }
        Ok(Self { cache, waiting: Mutex::default() })
    }

    /// The checksums in a cache database of their own; see [`Cache::open`] for what becomes of an unusable one.
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        Self::new(Arc::new(Cache::open(path)?))
    }

    /// Checksums that end with the process.
    pub fn in_memory() -> Result<Self, CacheError> {
        Self::new(Arc::new(Cache::in_memory()?))
    }

    /// The remembered CRC-32 of exactly this state of a file.
    pub fn find(&self, identity: &FileIdentity) -> Option<u32> {
        self.find_all([identity]).pop().flatten()
    }

    /// The remembered CRC-32 of each of many files, in their order and in one transaction.
    pub fn find_all<'a>(&self, identities: impl IntoIterator<Item = &'a FileIdentity>) -> Vec<Option<u32>> {
        let identities: Vec<&FileIdentity> = identities.into_iter().collect();
        let mut found: Vec<Option<u32>> = {
            let waiting = self.waiting();
            identities.iter().map(|identity| waiting.rows.get(*identity).copied()).collect()
        };
        let today = today();
        let mut long_unused = Vec::new();
        let answer = self.cache.with(|db| {
            let transaction = db.transaction()?;
            {
                let mut find = transaction.prepare_cached(FIND)?;
                for (identity, crc) in identities.iter().zip(&mut found).filter(|(_, crc)| crc.is_none()) {
                    let row = find.query_row(key(identity), |row| Ok((row.get(0)?, row.get(1)?)));
                    let Some((stored, used_on)) = row.optional()? else {
                        continue;
                    };
                    *crc = Some(stored);
                    if today.saturating_sub(used_on) > USE_NOTED_DAYS {
                        long_unused.push((**identity, stored));
                    }
                }
            }
            transaction.commit()
        });
        if let Err(error) = answer {
            warn!("checksums are computed anew: {error}");
        }
        for (identity, crc) in long_unused {
            self.store(identity, crc);
        }
        found
    }

    /// Remembers the CRC-32 just computed of a file, unless the file changed so recently that another change might not
    /// show in its identity.
    pub fn remember(&self, identity: &FileIdentity, crc: u32) {
        if identity.is_settled(FileTime::now()) {
            self.store(*identity, crc);
        }
    }

    fn store(&self, identity: FileIdentity, crc: u32) {
        let full = {
            let mut waiting = self.waiting();
            waiting.rows.insert(identity, crc);
            let since = *waiting.since.get_or_insert_with(Instant::now);
            waiting.rows.len() >= BATCH || since.elapsed() >= BATCH_TIME
        };
        if full {
            self.flush();
        }
    }

    /// Stores what was gathered. Happens by itself with every full batch and at the end.
    pub fn flush(&self) {
        let rows = {
            let mut waiting = self.waiting();
            waiting.since = None;
            std::mem::take(&mut waiting.rows)
        };
        if rows.is_empty() {
            return;
        }
        if let Err(error) = self.cache.with(|db| store_all(db, &rows)) {
            warn!("{} checksums were not stored: {error}", rows.len());
            let mut waiting = self.waiting();
            if waiting.rows.len() + rows.len() <= WAITING_LIMIT {
                waiting.rows.extend(rows);
                waiting.since = Some(Instant::now());
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Checksums {
    fn drop(&mut self) {
        self.flush();
    }
}

fn store_all(db: &mut Connection, rows: &HashMap<FileIdentity, u32>) -> rusqlite::Result<()> {
    let today = today();
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut store = transaction.prepare_cached(STORE)?;
        for (identity, crc) in rows {
            let (device, inode, size, mtime, mtime_ns, ctime, ctime_ns) = key(identity);
            store.execute((device, inode, size, mtime, mtime_ns, ctime, ctime_ns, crc, today))?;
        }
    }
    transaction.commit()
}

fn today() -> i64 {
    FileTime::now().seconds / 86_400
}

/// The columns that make up an identity. SQLite's integers are signed; the bits are what counts.
fn key(identity: &FileIdentity) -> (i64, i64, i64, i64, u32, i64, u32) {
    let FileIdentity { device, inode, size, mtime, ctime } = identity;
    (
        device.cast_signed(),
        inode.cast_signed(),
        size.cast_signed(),
        mtime.seconds,
        mtime.nanoseconds,
        ctime.seconds,
        ctime.nanoseconds,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(inode: u64) -> FileIdentity {
        let time = FileTime { seconds: 1_000_000, nanoseconds: 1 };
        FileIdentity { device: u64::MAX, inode, size: 10, mtime: time, ctime: time }
    }

    fn rows(checksums: &Checksums) -> i64 {
        let count = |db: &mut Connection| db.query_row("SELECT count(*) FROM checksums", [], |row| row.get(0));
        checksums.cache.with(count).unwrap()
    }

    #[test]
    fn a_checksum_is_found_only_under_the_whole_identity() {
        let checksums = Checksums::in_memory().unwrap();
        let known = identity(1);
        checksums.remember(&known, 0xFFFF_FFFF);
        checksums.flush();
        assert_eq!(checksums.find(&known), Some(0xFFFF_FFFF));
        let later = FileTime { nanoseconds: 2, ..known.mtime };
        for other in [
            FileIdentity { device: 1, ..known },
            FileIdentity { inode: 2, ..known },
            FileIdentity { size: 11, ..known },
            FileIdentity { mtime: later, ..known },
            FileIdentity { ctime: later, ..known },
            FileIdentity { mtime: FileTime { seconds: 1, ..later }, ..known },
            FileIdentity { ctime: FileTime { seconds: 1, ..later }, ..known },
        ] {
            assert_eq!(checksums.find(&other), None, "{other:?}");
        }
    }

    #[test]
    fn a_checksum_is_found_before_it_is_stored_and_after_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.sqlite");
        let checksums = Checksums::open(&path).unwrap();
        checksums.remember(&identity(1), 5);
        assert_eq!((checksums.find(&identity(1)), rows(&checksums)), (Some(5), 0));
        drop(checksums);
        assert_eq!(Checksums::open(&path).unwrap().find(&identity(1)), Some(5));
    }

    #[test]
    fn checksums_are_stored_in_batches() {
        let checksums = Checksums::in_memory().unwrap();
        for inode in 0..BATCH as u64 - 1 {
            checksums.remember(&identity(inode), 5);
        }
        assert_eq!(rows(&checksums), 0);
        checksums.remember(&identity(9999), 5);
        assert_eq!(rows(&checksums), BATCH as i64);
    }

    #[test]
    fn the_checksum_of_a_file_that_has_just_changed_is_not_remembered() {
        let checksums = Checksums::in_memory().unwrap();
        let unsettled = FileIdentity { ctime: FileTime::now(), ..identity(1) };
        checksums.remember(&unsettled, 5);
        assert_eq!(checksums.find(&unsettled), None);
    }

    #[test]
    fn a_changed_file_takes_the_row_of_what_it_was() {
        let checksums = Checksums::in_memory().unwrap();
        let changed = FileIdentity { size: 11, ..identity(1) };
        for (identity, crc) in [(identity(1), 5), (changed, 6)] {
            checksums.remember(&identity, crc);
            checksums.flush();
        }
        assert_eq!((checksums.find(&changed), rows(&checksums)), (Some(6), 1));
    }

    #[test]
    fn rows_in_use_stay_and_rows_unused_for_half_a_year_are_dropped() {
        let cache = Arc::new(Cache::in_memory().unwrap());
        let checksums = Checksums::new(Arc::clone(&cache)).unwrap();
        checksums.remember(&identity(1), 5);
        checksums.remember(&identity(2), 6);
        checksums.flush();
        let age = |days: i64| cache.with(|db| db.execute("UPDATE checksums SET used_on = used_on - ?", [days]));
        age(100).unwrap();
        assert_eq!(checksums.find(&identity(1)), Some(5));
        checksums.flush();
        age(100).unwrap();
        let again = Checksums::new(cache).unwrap();
        assert_eq!(again.find_all([&identity(1), &identity(2)]), [Some(5), None]);
    }
}
