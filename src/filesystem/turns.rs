//! Turns at taking uploads in: one a course at a time, few at a time in all, and nobody waits in a thread that answers
//! the kernel.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Restores at a time: enough that a small one passes a large one, few enough that they do not wait for each other's
/// transactions longer than a database waits.
const AT_A_TIME: usize = 4;

/// Who restores.
#[derive(Default)]
pub struct Turns {
    busy: Mutex<HashSet<u32>>,
    freed: Condvar,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The right to restore into a course. Dropping it lets the next one in.
pub struct Turn<'a> {
    turns: &'a Turns,
    course: u32,
}

impl Turns {
    /// Waits until the course `course` may be restored into.
    pub fn take(&self, course: u32) -> Turn<'_> {
        let full = |busy: &mut HashSet<u32>| busy.len() >= AT_A_TIME || busy.contains(&course);
        let mut busy = self.freed.wait_while(lock(&self.busy), full).unwrap_or_else(PoisonError::into_inner);
        busy.insert(course);
        Turn { turns: self, course }
    }

    /// Runs `work` in a thread of its own. If none can be had, `work` is dropped unrun.
    pub fn aside(&self, work: impl FnOnce() + Send + 'static) {
        let mut threads = lock(&self.threads);
        threads.retain(|thread| !thread.is_finished());
        match std::thread::Builder::new().name("restore".into()).spawn(work) {
            Ok(thread) => threads.push(thread),
            Err(error) => tracing::error!("an upload can't be restored: there is no thread for it: {error}"),
        }
    }

    /// Waits until everything that runs aside has ended.
    pub fn wait_for_all(&self) {
        loop {
            let Some(thread) = lock(&self.threads).pop() else { return };
            // A panic was reported when it happened.
            thread.join().ok();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.turns.busy).remove(&self.course);
        self.turns.freed.notify_all();
    }
}

/// The guarded values are sets and lists that no panic can leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn one_at_a_time_in_a_course_and_few_in_all() {
        let turns = Arc::new(Turns::default());
        let running: Arc<[AtomicUsize; 9]> = Arc::default();
        let most: Arc<[AtomicUsize; 9]> = Arc::default();
        for number in 0..32 {
            let (inner, running, most) = (Arc::clone(&turns), Arc::clone(&running), Arc::clone(&most));
            turns.aside(move || {
                let course = number % 8;
                let _turn = inner.take(course as u32);
                for place in [course, 8] {
                    most[place].fetch_max(running[place].fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                }
                std::thread::sleep(Duration::from_millis(2));
                for place in [course, 8] {
                    running[place].fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
        turns.wait_for_all();
        let most: Vec<usize> = most.iter().map(|most| most.load(Ordering::SeqCst)).collect();
        assert_eq!(most[..8], [1; 8]);
        assert!((2..=AT_A_TIME).contains(&most[8]), "{most:?}");
    }
}
