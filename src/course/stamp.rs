//! Who acts and when: what every row that Chamilo shows a history of asks for.

use jiff::{SignedDuration, Timestamp};

use crate::portal::database::{DatabaseError, Session};

/// The acting user and the time of the act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The user's id (`user.id`).
    pub user: i64,
    /// The moment; rows hold it to the second.
    pub time: Timestamp,
}

impl Stamp {
    /// `user` acts now.
    pub fn now(user: i64) -> Stamp {
        Stamp { user, time: Timestamp::now() }
    }

    /// The portal's first administrator acts now; user 1 if table `admin` is empty.
    pub fn of_administrator(session: &dyn Session) -> Result<Stamp, DatabaseError> {
        let first = session.int("SELECT MIN(user_id) FROM admin", &[])?;
        Ok(Stamp::now(first.unwrap_or(1)))
    }

    /// The time as a `DATETIME` in UTC, as Chamilo stores all times.
    pub fn datetime(&self) -> String {
        self.time.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The `DATETIME` of `seconds` later. A time beyond the calendar's end is the time itself.
    pub fn datetime_after(&self, seconds: i64) -> String {
        let time = self.time.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(self.time);
        Stamp { user: self.user, time }.datetime()
    }
}
