//! Uploads: backups on their way into a course, and what became of them.
//!
//! Every opening of `backup.zip` for writing is an upload of its own. A program that closes it wants to hear whether
//! the backup was restored; but a descriptor may be closed several times (a shell that started `cat`, a parent and its
//! child), and nobody tells which close is the last. Hence: a close by a process that wrote nothing says nothing; a
//! close by one that wrote restores what is there and reports. What was restored already is not restored again. Bytes
//! that nobody has answered for when the last descriptor is gone are restored then, and only the log and
//! `user.chamilo.error` tell how that went.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tracing::{info, warn};
use zip::ZipArchive;

use crate::backup::reader::ReadBackupError;
use crate::backup::restore::{self, Options, Report, RestoreError};
use crate::course::Course;
use crate::course::create::CreateError;
use crate::course::document_rows::DocumentRowError;
use crate::course::import::ImportError;
use crate::portal::Portal;
use crate::portal::database::DatabaseError;

use super::spool::Spool;
use super::temporaries::Temporaries;
use super::turns::Turns;

/// How long after an upload programs may still set mode, owner and times of `backup.zip`, to no effect: `rsync` does
/// it by name when it has closed the file.
const GRACE: Duration = Duration::from_secs(60);

/// How long `backup.zip` stays removed for the process that removed it: `mv` removes what it is about to write.
const REMOVED: Duration = Duration::from_secs(10);

/// How long a temporary file may be left alone.
const IDLE: Duration = Duration::from_secs(600);

/// How often that is looked after.
const SWEEP: Duration = Duration::from_secs(30);

/// The longest text kept as an extended attribute, in bytes; the kernel takes 64 KiB.
const LONGEST_TEXT: usize = 32 << 10;

/// Why an upload was not restored, with the error number that tells it best. The course is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct UploadError {
    /// The error number (`errno.h`).
    pub errno: i32,
    /// What the log says.
    pub text: String,
}

/// One opening of `backup.zip` for writing.
pub struct Upload {
    /// The course that it goes into.
    pub course: u32,
    /// The bytes so far.
    pub spool: Spool,
    /// What became of the bytes when they had last changed so many times. Locked while they are restored.
    settled: Mutex<Option<(u64, Result<(), UploadError>)>>,
}

/// What is known of the uploads into one course.
#[derive(Default)]
struct AtCourse {
    open: Vec<Weak<Upload>>,
    ended: Option<Instant>,
    /// The process that has removed `backup.zip`, and when.
    removed: Option<(u32, Instant)>,
    error: Option<String>,
    report: Option<String>,
}

/// The uploads into a portal.
#[derive(Default)]
pub struct Uploads {
    /// Files on their way to being renamed to `backup.zip`.
    pub temporaries: Temporaries,
    /// Who restores when.
    pub turns: Turns,
    courses: Mutex<HashMap<u32, AtCourse>>,
    sweeping: Mutex<bool>,
}

impl Uploads {
    /// A new upload into `course`.
    pub fn begin(&self, course: u32, spool: Spool) -> Arc<Upload> {
        let upload = Arc::new(Upload { course, spool, settled: Mutex::default() });
        self.at(course, |at| {
            at.removed = None;
            at.open.retain(|upload| upload.strong_count() > 0);
            at.open.push(Arc::downgrade(&upload));
        });
        upload
    }

    /// Empties the uploads that were just opened: `backup.zip` was opened with `O_TRUNC`, which the kernel says after
    /// the opening and of the file alone. Of two opened at once the first word empties both. Tells whether any upload
    /// is open.
    pub fn empty_untouched(&self, course: u32) -> bool {
        let open: Vec<_> = self.at(course, |at| at.open.iter().filter_map(Weak::upgrade).collect());
        open.iter().for_each(|upload| upload.spool.empty_untouched());
        !open.is_empty()
    }

    /// Whether `backup.zip` is being written, or was a moment ago.
    pub fn in_progress(&self, course: u32) -> bool {
        self.at(course, |at| {
            at.ended.is_some_and(|ended| ended.elapsed() < GRACE)
                || at.open.iter().any(|upload| upload.strong_count() > 0)
        })
    }

    /// The process `caller` has removed `backup.zip`: it does not see it for a moment, and may write it anew.
    pub fn set_removed(&self, course: u32, caller: u32) {
        self.at(course, |at| at.removed = Some((caller, Instant::now())));
    }

    /// Whether the process `caller` has just removed `backup.zip`.
    pub fn is_removed(&self, course: u32, caller: u32) -> bool {
        self.at(course, |at| at.removed.is_some_and(|(by, when)| by == caller && when.elapsed() < REMOVED))
    }

    /// The text of the last failure since which nothing succeeded, and the summary of the last success.
    pub fn texts(&self, course: u32) -> (Option<String>, Option<String>) {
        self.at(course, |at| (at.error.clone(), at.report.clone()))
    }

    /// Restores what `upload` holds, unless that was done since its last change; the outcome in any case.
    pub fn settle(&self, portal: &Portal, course: &Course, upload: &Upload) -> Result<(), UploadError> {
        let mut settled = lock(&upload.settled);
        let changes = upload.spool.changes();
        if let Some((at, outcome)) = settled.as_ref()
            && *at == changes
        {
            return outcome.clone();
        }
        let outcome = self.restore(portal, upload.course, course, &upload.spool);
        *settled = Some((changes, outcome.clone()));
        outcome
    }

    /// Whether bytes of `upload` wait to be restored.
    pub fn is_unsettled(&self, upload: &Upload) -> bool {
        let changes = upload.spool.changes();
        changes != lock(&upload.settled).as_ref().map_or(0, |(at, _)| *at)
    }

    /// Notes that `upload` ended without a byte.
    pub fn ended_empty(&self, course: &Course, upload: &Upload) {
        let text = "the upload was empty: nothing was restored".to_owned();
        self.note(upload.course, course, Err(&UploadError { errno: libc::EINVAL, text }));
    }

    /// Restores the backup in `spool` into `course`, when it is the course's turn.
    pub fn restore(&self, portal: &Portal, number: u32, course: &Course, spool: &Spool) -> Result<(), UploadError> {
        let turn = self.turns.take(number);
        let outcome = restore_spool(portal, course, spool);
        drop(turn);
        self.note(number, course, outcome.as_ref());
        outcome.map(drop)
    }

    fn note(&self, number: u32, course: &Course, outcome: Result<&Report, &UploadError>) {
        let code = String::from_utf8_lossy(&course.code);
        match outcome {
            Ok(report) => info!("a backup was restored into course {code}: {}", summary(report)),
            Err(error) => warn!("an upload into course {code} was not restored: {error}"),
        }
        self.at(number, |at| {
            at.ended = Some(Instant::now());
            match outcome {
                Ok(report) => (at.error, at.report) = (None, Some(shortened(summary(report)))),
                Err(error) => at.error = Some(shortened(error.text.clone())),
            }
        });
    }

    /// Discards temporary files that were left alone for `idle`, and says so: somebody may have meant them to stay.
    pub fn sweep(&self, idle: Duration) {
        for (course, name, length) in self.temporaries.sweep(idle) {
            let name = String::from_utf8_lossy(&name);
            let text = format!(
                "{name} ({length} bytes) was put into the course's folder but not renamed to backup.zip; it was discarded"
            );
            warn!("course {course}: {text}");
            self.at(course, |at| at.error = Some(shortened(text)));
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
                uploads.sweep(IDLE);
                let mut sweeping = lock(&uploads.sweeping);
                if uploads.temporaries.is_empty() {
                    *sweeping = false;
                    return;
                }
            }
        };
        *sweeping = std::thread::Builder::new().name("sweeper".into()).spawn(sweeper).is_ok();
    }

    fn at<T>(&self, course: u32, work: impl FnOnce(&mut AtCourse) -> T) -> T {
        work(lock(&self.courses).entry(course).or_default())
    }
}

/// Whether `spool` holds an archive from its first byte to its last record. One that is still being written does not.
pub fn is_whole(spool: &Spool) -> bool {
    begins_at(spool).is_ok_and(|begin| begin == 0)
}

/// Where the archive in `spool` begins. A part of an archive may end with a whole one, a document of the course.
fn begins_at(spool: &Spool) -> Result<u64, zip::result::ZipError> {
    Ok(ZipArchive::new(BufReader::new(File::open(spool.path())?))?.offset())
}

fn restore_spool(portal: &Portal, course: &Course, spool: &Spool) -> Result<Report, UploadError> {
    let refused = |errno, text: &str| UploadError { errno, text: text.to_owned() };
    let code = std::str::from_utf8(&course.code)
        .map_err(|_| refused(libc::EINVAL, "the course's code is no valid UTF-8; nothing can be restored into it"))?;
    if begins_at(spool).is_ok_and(|begin| begin > 0) {
        let text = "the upload has bytes before its first entry: it is a part of an archive, copy it again";
        return Err(refused(libc::EINVAL, text));
    }
    let path = spool.path();
    restore::restore(portal, code, &path, Options::default(), &mut |_, _| {}).map_err(|error| UploadError {
        errno: errno(&error),
        // People know no descriptors of ours.
        text: error.to_string().replace(&path.display().to_string(), "the upload"),
    })
}

/// The error number that tells best why a restore failed: `EINVAL` if it is the archive, else what the disk, the quota
/// or the database lacks.
fn errno(error: &RestoreError) -> i32 {
    match error {
        RestoreError::Read(ReadBackupError::Open { source, .. } | ReadBackupError::Write { source, .. }) => {
            disk(source)
        }
        RestoreError::Read(_) | RestoreError::UnsafePath { .. } => libc::EINVAL,
        RestoreError::NoCourse(_) => libc::ENOENT,
        RestoreError::Quota { .. } => libc::EDQUOT,
        RestoreError::Files { source, .. } | RestoreError::Import(ImportError::File { source, .. }) => disk(source),
        RestoreError::Database(error)
        | RestoreError::Import(ImportError::Database(error))
        | RestoreError::Document(DocumentRowError::Database(error))
        | RestoreError::Create(CreateError::Database(error)) => database(error),
        RestoreError::Document(_) => libc::EINVAL,
        _ => libc::EIO,
    }
}

fn disk(error: &std::io::Error) -> i32 {
    match error.raw_os_error() {
        Some(errno @ (libc::ENOSPC | libc::EDQUOT | libc::EROFS | libc::EACCES)) => errno,
        _ => libc::EIO,
    }
}

fn database(error: &DatabaseError) -> i32 {
    match error {
        DatabaseError::Busy { .. } => libc::EBUSY,
        _ => libc::EIO,
    }
}

/// What a restore did, in one line.
fn summary(report: &Report) -> String {
    let documents = std::iter::once(("document", &report.documents));
    let items = report.items.iter().map(|(kind, outcome)| (*kind, outcome));
    let mut parts: Vec<String> = documents
        .chain(items)
        .map(|(kind, outcome)| {
            let mut part = format!("{kind}: {} added, {} already there", outcome.added, outcome.equal);
            let left = [
                (outcome.conflicts.len(), "left out because something else is at their place"),
                (outcome.renamed.len(), "renamed"),
                (outcome.missing.len(), "not in the archive"),
            ];
            for (count, what) in left.into_iter().filter(|(count, _)| *count > 0) {
                part.push_str(&format!(", {count} {what}"));
            }
            part
        })
        .collect();
    if !report.refused.is_empty() {
        parts.push(format!("{} documents refused by the portal's rule for uploads", report.refused.len()));
    }
    if report.lost_references > 0 {
        parts.push(format!("{} references lead to things that the archive does not hold", report.lost_references));
    }
    if !report.not_understood.is_empty() {
        parts.push(format!("not understood, left out: {}", report.not_understood.join(", ")));
    }
    parts.join("; ")
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
