//! How much a course may hold and how much it holds.

use crate::portal::Settings;
use crate::portal::database::{DatabaseError, Session};

use super::Course;

/// The disk quota of a course and its use, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What the course may hold.
    pub limit: u64,
    /// What its documents take, as Chamilo counts: by the sizes in the table, all sessions and groups together.
    pub used: u64,
}

impl Quota {
    /// Reads the quota of `course`.
    ///
    /// The row's quota, or the platform's default if it has none (Chamilo 1.11, DocumentManager). A document counts
    /// once, and not at all when any of its property rows says that it is deleted.
    pub fn load(session: &dyn Session, course: &Course) -> Result<Quota, DatabaseError> {
        let limit = match course.disk_quota {
            Some(quota) if quota > 0 => quota,
            _ => Settings::load(session)?.default_quota(),
        };
        let sql = "SELECT SUM(d.size) FROM c_document d JOIN ( \
                       SELECT ref, MAX(visibility) AS visibility FROM c_item_property \
                       WHERE c_id = ? AND tool = 'document' GROUP BY ref \
                   ) p ON p.ref = COALESCE(d.id, d.iid) \
                   WHERE d.c_id = ? AND p.visibility < 2";
        let used = session.int(sql, &[course.id.into(), course.id.into()])?.unwrap_or(0);
        Ok(Quota { limit, used: u64::try_from(used).unwrap_or(0) })
    }

    /// What may still be added.
    pub fn free(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}
