//! Uploads: files on their way into a course, and what became of them.
//!
//! Every opening of a synthetic file for writing is an upload of its own, and so is every new file. A program that closes
//! it wants to hear whether it was taken in; but a descriptor may be closed several times (a shell that started `cat`, a
//! parent and its child), and nobody tells which close is the last. Hence: a close by a process that wrote nothing says
//! nothing; a close by one that wrote takes in what is there and reports. What was taken in already is not taken in
//! again. Bytes that nobody has answered for when the last descriptor is gone are taken in then, and only the log and
//! `user.chamilo.error` tell how that went. What it means to take a file in is the [`Receiver`]'s.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::receiver::{Receiver, Taken, Target};
use super::spool::Spool;
use super::temporaries::Temporaries;
use super::turns::Turns;
use super::{FsError, Node};

/// How long after an upload programs may still set mode, owner and times of the file, to no effect, and find it by the
/// name that they gave it: `rsync` does it by name when it has closed the file.
const GRACE: Duration = Duration::from_secs(60);

/// How long a computed file stays removed for the process that removed it: `mv` removes what it is about to write.
const REMOVED: Duration = Duration::from_secs(10);

/// How long a temporary file may be left alone.
const IDLE: Duration = Duration::from_secs(600);

/// How often that is looked after.
const SWEEP: Duration = Duration::from_secs(30);

/// Files of which is known that they were written, before those of the past are forgotten.
const FILES_KEPT: usize = 1000;

/// The longest text kept as an extended attribute, in bytes; the kernel takes 64 KiB.
const LONGEST_TEXT: usize = 32 << 10;

/// Why an upload was not taken in, with the error number that tells it best. All is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct UploadError {
    /// The error number (`errno.h`).
    pub errno: i32,
    /// What the log says.
    pub text: String,
}

impl From<FsError> for UploadError {
    fn from(error: FsError) -> UploadError {
        match error {
            FsError::Upload(error) => error,
            error => UploadError { errno: error.errno(), text: error.to_string() },
        }
    }
}

/// A file on its way in.
pub struct Upload {
    /// Who takes it in.
    pub receiver: &'static dyn Receiver,
    /// The bytes so far.
    pub spool: Spool,
    target: Mutex<Target>,
    /// What became of the bytes when they had last changed so many times. Locked while they are taken in.
    settled: Mutex<Option<(u64, Result<(), UploadError>)>>,
}

impl Upload {
    /// A file that goes to `target`.
    pub fn new(receiver: &'static dyn Receiver, target: Target, spool: Spool) -> Upload {
        Upload { receiver, spool, target: Mutex::new(target), settled: Mutex::default() }
    }

    /// Where it goes.
    pub fn target(&self) -> Target {
        lock(&self.target).clone()
    }

    /// Lets it go elsewhere.
    pub fn set_target(&self, target: Target) {
        *lock(&self.target) = target;
    }
}

/// What is known of the uploads over one file.
#[derive(Default)]
struct OverFile {
    open: Vec<Weak<Upload>>,
    ended: Option<Instant>,
    /// The process that has removed the file, and when.
    removed: Option<(u32, Instant)>,
}

impl OverFile {
    fn is_of_the_past(&self) -> bool {
        self.open.iter().all(|upload| upload.strong_count() == 0)
            && self.ended.is_none_or(|ended| ended.elapsed() >= GRACE)
            && self.removed.is_none_or(|(_, when)| when.elapsed() >= REMOVED)
    }
}

/// What is told of uploads into a folder, or over a file.
#[derive(Default)]
struct Texts {
    error: Option<String>,
    report: Option<String>,
}

/// Names under which files were taken in, what they lead to, and since when.
type TakenNames = HashMap<(Node, Vec<u8>), (Node, Instant)>;

/// The uploads into a portal.
#[derive(Default)]
pub struct Uploads {
    /// Files of a name of their own, most of them on their way to being renamed.
    pub temporaries: Temporaries,
    /// Who takes in when.
    pub turns: Turns,
    files: Mutex<HashMap<Node, OverFile>>,
    texts: Mutex<HashMap<Node, Texts>>,
    taken: Mutex<TakenNames>,
    sweeping: Mutex<bool>,
}

impl Uploads {
    /// A new upload over `node`, which has folder and name `place`.
    pub fn begin(
        &self,
        receiver: &'static dyn Receiver,
        node: Node,
        (folder, name): (Node, Vec<u8>),
        spool: Spool,
    ) -> Arc<Upload> {
        let upload = Arc::new(Upload::new(receiver, Target { folder, name, node: Some(node) }, spool));
        self.over(node, |file| {
            file.removed = None;
            file.open.retain(|upload| upload.strong_count() > 0);
            file.open.push(Arc::downgrade(&upload));
        });
        upload
    }

    /// Empties the uploads over `node` that were just opened: it was opened with `O_TRUNC`, which the kernel says after
    /// the opening and of the file alone. Of two opened at once the first word empties both. Tells whether any upload
    /// is open.
    pub fn empty_untouched(&self, node: Node) -> Result<bool, FsError> {
        let open: Vec<_> = self.over(node, |file| file.open.iter().filter_map(Weak::upgrade).collect());
        for upload in &open {
            upload.spool.empty_untouched()?;
        }
        Ok(!open.is_empty())
    }

    /// Whether `node` is being written, or was a moment ago.
    pub fn in_progress(&self, node: Node) -> bool {
        lock(&self.files).get(&node).is_some_and(|file| {
            file.ended.is_some_and(|ended| ended.elapsed() < GRACE)
                || file.open.iter().any(|upload| upload.strong_count() > 0)
        })
    }

    /// The process `caller` has removed `node`, which is computed and stays: it does not see it for a moment, and may
    /// write it anew.
    pub fn set_removed(&self, node: Node, caller: u32) {
        self.over(node, |file| file.removed = Some((caller, Instant::now())));
    }

    /// Whether the process `caller` has just removed `node`.
    pub fn is_removed(&self, node: Node, caller: u32) -> bool {
        let files = lock(&self.files);
        let removed = files.get(&node).and_then(|file| file.removed);
        removed.is_some_and(|(by, when)| by == caller && when.elapsed() < REMOVED)
    }

    /// Of a folder: the text of the last failure since which nothing succeeded, and the summary of the last success. Of
    /// a file: why the last upload over it failed.
    pub fn texts(&self, node: Node) -> (Option<String>, Option<String>) {
        lock(&self.texts).get(&node).map_or((None, None), |texts| (texts.error.clone(), texts.report.clone()))
    }

    /// What became of the file that was taken in as `name` in `folder` a moment ago: it may have got another name.
    pub fn taken_as(&self, folder: Node, name: &[u8]) -> Option<Node> {
        let taken = lock(&self.taken);
        taken.get(&(folder, name.to_vec())).filter(|(_, since)| since.elapsed() < GRACE).map(|(node, _)| *node)
    }

    /// `node` has another name now: it is no longer found under the one that it was taken in under.
    pub fn forget_taken(&self, node: Node) {
        lock(&self.taken).retain(|_, (taken, _)| *taken != node);
    }

    /// Takes in what `upload` holds, unless that was done since its last change; the outcome in any case. `take` is what
    /// the receiver does.
    pub fn settle(
        &self,
        upload: &Upload,
        take: impl FnOnce(&Target, &Spool) -> Result<Taken, UploadError>,
    ) -> Result<(), UploadError> {
        let mut settled = lock(&upload.settled);
        let changes = upload.spool.changes();
        if let Some((at, outcome)) = settled.as_ref()
            && *at == changes
        {
            return outcome.clone();
        }
        let outcome = self.take_in(upload, &upload.target(), take);
        *settled = Some((changes, outcome.clone()));
        outcome
    }

    /// Takes in what `upload` holds as `target`, whose name was given it for good; after that it is what `target` says.
    pub fn settle_as(
        &self,
        upload: &Upload,
        target: Target,
        take: impl FnOnce(&Target, &Spool) -> Result<Taken, UploadError>,
    ) -> Result<(), UploadError> {
        let mut settled = lock(&upload.settled);
        let changes = upload.spool.changes();
        self.take_in(upload, &target, take)?;
        *settled = Some((changes, Ok(())));
        Ok(())
    }

    /// Takes in what `upload` holds, when it is the course's turn.
    fn take_in(
        &self,
        upload: &Upload,
        target: &Target,
        take: impl FnOnce(&Target, &Spool) -> Result<Taken, UploadError>,
    ) -> Result<(), UploadError> {
        let turn = self.turns.take(target.folder.course_number());
        let outcome = take(target, &upload.spool);
        drop(turn);
        self.note(target, outcome.as_ref());
        let node = outcome?.node.or(target.node);
        upload.set_target(Target { node, ..target.clone() });
        Ok(())
    }

    /// Whether bytes of `upload` wait to be taken in.
    pub fn is_unsettled(&self, upload: &Upload) -> bool {
        let changes = upload.spool.changes();
        changes != lock(&upload.settled).as_ref().map_or(0, |(at, _)| *at)
    }

    /// Notes that `upload` ended without a byte.
    pub fn ended_empty(&self, upload: &Upload) {
        let text = "the upload was empty: nothing was changed".to_owned();
        self.note(&upload.target(), Err(&UploadError { errno: libc::EINVAL, text }));
    }

    /// Notes that nothing is taken in as `target`.
    pub fn refused(&self, target: &Target, error: &UploadError) {
        self.note(target, Err(error));
    }

    fn note(&self, target: &Target, outcome: Result<&Taken, &UploadError>) {
        let (name, course) = (String::from_utf8_lossy(&target.name), target.folder.course_number());
        match outcome {
            Ok(taken) => info!("course {course}: {name} was taken in: {}", taken.report),
            Err(error) => warn!("course {course}: {name} was not taken in: {error}"),
        }
        let node = outcome.ok().and_then(|taken| taken.node).or(target.node);
        let mut texts = lock(&self.texts);
        let folder = texts.entry(target.folder).or_default();
        match outcome {
            Ok(taken) => {
                (folder.error, folder.report) = (None, Some(shortened(taken.report.clone())));
                node.map(|node| texts.remove(&node));
            }
            Err(error) => {
                folder.error = Some(shortened(error.text.clone()));
                if let Some(node) = node {
                    texts.entry(node).or_default().error = Some(shortened(error.text.clone()));
                }
            }
        }
        drop(texts);
        let Some(node) = node else { return };
        self.over(node, |file| file.ended = Some(Instant::now()));
        if outcome.is_ok() {
            let mut taken = lock(&self.taken);
            if taken.len() >= FILES_KEPT {
                taken.retain(|_, (_, since)| since.elapsed() < GRACE);
            }
            taken.insert((target.folder, target.name.clone()), (node, Instant::now()));
        }
    }

    /// Discards temporary files that were left alone for `idle`, all at the end of the mount (`None`), and says so: somebody
    /// may have meant them to stay.
    pub fn sweep(&self, idle: Option<Duration>) {
        for (target, awaited, length) in self.temporaries.sweep(idle) {
            let (name, course) = (String::from_utf8_lossy(&target.name), target.folder.course_number());
            let text = format!("{name} ({length} bytes) was not renamed to {awaited}; it was discarded");
            warn!("course {course}: {text}");
            lock(&self.texts).entry(target.folder).or_default().error = Some(shortened(text));
        }
    }

    /// Looks after temporary files, as long as there are any, in a thread of its own.
    pub fn keep_sweeping(self: &Arc<Self>) {
        let mut sweeping = lock(&self.sweeping);
        if *sweeping {
            return;
        }
        let uploads = Arc::downgrade(self);
        let sweeper = move || {
            loop {
                std::thread::sleep(SWEEP);
                let Some(uploads) = uploads.upgrade() else { return };
                uploads.sweep(Some(IDLE));
                let mut sweeping = lock(&uploads.sweeping);
                if uploads.temporaries.is_empty() {
                    *sweeping = false;
                    return;
                }
            }
        };
        *sweeping = std::thread::Builder::new().name("sweeper".into()).spawn(sweeper).is_ok();
    }

    fn over<T>(&self, node: Node, work: impl FnOnce(&mut OverFile) -> T) -> T {
        let mut files = lock(&self.files);
        if files.len() >= FILES_KEPT && !files.contains_key(&node) {
            files.retain(|_, file| !file.is_of_the_past());
        }
        work(files.entry(node).or_default())
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let end = (0..=LONGEST_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

/// The guarded values are tables that no panic can leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
