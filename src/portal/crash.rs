//! Places at which tests let the process die, as `kill -9` would have it.
//!
//! Only debug builds have them: there `COURSEFS_CRASH_AT=NAME` (or `NAME:3` for the third time that the place is
//! reached) names one. In releases a [`point`] is nothing.

/// Ends the process here if the tests want it so.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static REACHED: AtomicU64 = AtomicU64::new(0);
    let Ok(wanted) = std::env::var("COURSEFS_CRASH_AT") else { return };
    let (wanted, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    if wanted == name && count.parse() == Ok(REACHED.fetch_add(1, Ordering::Relaxed) + 1) {
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).ok();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
#[inline]
pub fn point(_name: &str) {}
