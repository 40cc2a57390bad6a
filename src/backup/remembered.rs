//! When the content of an archive last changed.
//!
//! No row tells it (a removed document leaves no date), so the fingerprint of what was seen last is remembered with
//! its time, in the cache database outside the portal: the time moves only when the fingerprint does, also over
//! remounts. What was never seen gets the newest date among its rows and files, so that a lost cache, or another host,
//! mostly comes to the same time.

use std::sync::Arc;

use rusqlite::OptionalExtension;
use tracing::warn;

use crate::archive::Cache;

use super::Digest;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS archive_times (
    portal TEXT NOT NULL,
    archive TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    mtime INTEGER NOT NULL,
    PRIMARY KEY (portal, archive)
) WITHOUT ROWID";

/// The memory of archives' times.
pub struct Remembered {
    cache: Arc<Cache>,
    portal: String,
}

impl Remembered {
    /// The memory for the portal named `portal` (its folder) in `cache`.
    pub fn new(cache: Arc<Cache>, portal: String) -> Remembered {
        if let Err(error) = cache.add_table(TABLE) {
            warn!("times of archives will not be remembered: {error}");
        }
        Remembered { cache, portal }
    }

    /// The time of last change of `archive` (its path in the mount), whose present state is `digest`, in seconds since
    /// 1970 UTC. `now` is the present time.
    pub fn mtime(&self, archive: &str, digest: &Digest, now: i64) -> i64 {
        let fingerprint = digest.fingerprint.to_le_bytes();
        let result = self.cache.with(|connection| {
            let known = |connection: &rusqlite::Connection| {
                let sql = "SELECT fingerprint, mtime FROM archive_times WHERE portal = ? AND archive = ?";
                connection
                    .prepare_cached(sql)?
                    .query_row((&self.portal, archive), |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)))
                    .optional()
            };
            if let Some((seen, mtime)) = known(connection)?
                && seen == fingerprint
            {
                return Ok(mtime);
            }
            // Another mount may have seen the change first: its time counts, hence the second look under the lock.
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let mtime = match known(&transaction)? {
                Some((seen, mtime)) if seen == fingerprint => return Ok(mtime),
                Some((_, mtime)) => moved(mtime, digest.newest, now),
                None => digest.newest.min(now),
            };
            let sql = "INSERT OR REPLACE INTO archive_times (portal, archive, fingerprint, mtime) VALUES (?, ?, ?, ?)";
            transaction.execute(sql, (&self.portal, archive, fingerprint.as_slice(), mtime))?;
            transaction.commit()?;
            Ok(mtime)
        });
        result.unwrap_or_else(|error| {
            warn!("the time of {archive} was not remembered: {error}");
            digest.newest.min(now)
        })
    }
}

/// The time of a change after `before`: that of the newest row or file if it explains the change, else now; always
/// later by a whole second, because that is what rsync compares.
fn moved(before: i64, newest: i64, now: i64) -> i64 {
    let changed = if newest > before && newest <= now { newest } else { now };
    changed.max(before + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(fingerprint: u128, newest: i64) -> Digest {
        Digest { size: 1, fingerprint, newest }
    }

    fn remembered() -> Remembered {
        Remembered::new(Arc::new(Cache::in_memory().unwrap()), "portal".into())
    }

    #[test]
    fn the_time_moves_only_with_the_fingerprint() {
        let remembered = remembered();
        assert_eq!(remembered.mtime("a", &digest(1, 100), 1000), 100);
        assert_eq!(remembered.mtime("a", &digest(1, 500), 2000), 100);
        assert_eq!(remembered.mtime("a", &digest(2, 500), 2000), 500);
        assert_eq!(remembered.mtime("b", &digest(2, 70), 2000), 70);
    }

    #[test]
    fn a_removal_which_leaves_no_date_counts_as_now() {
        let remembered = remembered();
        remembered.mtime("a", &digest(1, 100), 1000);
        assert_eq!(remembered.mtime("a", &digest(2, 50), 3000), 3000);
    }

    #[test]
    fn two_changes_within_a_second_have_different_times() {
        let remembered = remembered();
        remembered.mtime("a", &digest(1, 1000), 1000);
        assert_eq!(remembered.mtime("a", &digest(2, 1000), 1000), 1001);
        assert_eq!(remembered.mtime("a", &digest(3, 1000), 1000), 1002);
    }

    #[test]
    fn dates_in_the_future_count_as_now() {
        let remembered = remembered();
        assert_eq!(remembered.mtime("a", &digest(1, 9000), 1000), 1000);
        assert_eq!(remembered.mtime("a", &digest(2, 9000), 2000), 2000);
    }
}
