//! Files of an archive that nobody has written, copied from where they lie by several threads.
//!
//! A copy in the kernel is one thread's work, so that a course is copied as many times faster as there are processors.
//! Whatever goes wrong shows at the end: a restore places nothing before.

use std::fs::File;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle, available_parallelism};

use super::super::reader::Source;
use super::{RestoreError, documents, files_error};

/// The most threads: more wait for the memory and the disk.
const MOST_THREADS: usize = 4;

/// Copies that wait, each with an open file.
const WAITING: usize = 64;

/// One file to be copied.
struct Copy {
    source: Source,
    file: File,
    /// Code of the course, for messages.
    code: String,
    /// Permission bits of the file when it is whole.
    mode: u32,
}

impl Copy {
    fn make(&self) -> Result<(), RestoreError> {
        let mtime = self.source.copy_to(&self.file)?;
        documents::finish(&self.file, self.mode, mtime)
            .map_err(|error| files_error(&self.code, self.source.name(), error))
    }
}

/// Copies under way. Dropped, it waits for those that have begun.
#[derive(Default)]
pub struct Copies {
    threads: Vec<JoinHandle<()>>,
    /// `None` until there is something to copy.
    queue: Option<SyncSender<Copy>>,
    failed: Arc<Mutex<Option<RestoreError>>>,
}

impl Copies {
    /// Copies `source` into the empty file `file` and gives it the permission bits `mode` and the time that the archive
    /// tells. `code` is the course's, for messages. If the copy fails, [`finish`](Self::finish) does.
    pub fn add(&mut self, source: Source, file: File, code: &str, mode: u32) {
        let copy = Copy { source, file, code: code.to_owned(), mode };
        let queue = match &self.queue {
            Some(queue) => queue,
            None => {
                let (queue, waiting) = sync_channel(WAITING);
                self.begin(waiting);
                self.queue.insert(queue)
            }
        };
        // Nobody takes it if there is no thread, or if one before it has failed.
        if let Err(copy) = queue.send(copy)
            && let Err(error) = copy.0.make()
        {
            note(&self.failed, error);
        }
    }

    fn begin(&mut self, waiting: Receiver<Copy>) {
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..available_parallelism().map_or(1, usize::from).min(MOST_THREADS) {
            let (waiting, failed) = (Arc::clone(&waiting), Arc::clone(&self.failed));
            let work = move || {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(copy) = next else { return };
                    // Nothing is placed any more after one has failed.
                    if failed.lock().unwrap_or_else(PoisonError::into_inner).is_none()
                        && let Err(error) = copy.make()
                    {
                        note(&failed, error);
                    }
                }
            };
            self.threads.extend(Builder::new().name("copy".into()).spawn(work));
        }
    }

    /// Waits until all is copied. The first that failed is the error.
    pub fn finish(mut self) -> Result<(), RestoreError> {
        self.wait();
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failed.map_or(Ok(()), Err)
    }

    fn wait(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                note(&self.failed, files_error("", b"app/cache", std::io::Error::other("a copying thread panicked")));
            }
        }
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        // A restore that has failed does not go on copying.
        if self.queue.is_some() {
            note(&self.failed, files_error("", b"app/cache", std::io::Error::other("given up")));
        }
        self.wait();
    }
}

fn note(failed: &Mutex<Option<RestoreError>>, error: RestoreError) {
    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
}
