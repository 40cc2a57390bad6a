//! The receiver of what is put into a course's folder: `backup.zip` is restored into the course, `scorm.zip` imported.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use zip::ZipArchive;

use crate::backup::Selection;
use crate::backup::reader::{BackupFile, ReadBackupError};
use crate::backup::restore::{self, Options, Report, RestoreError};
use crate::course::Course;
use crate::course::create::CreateError;
use crate::course::document_rows::DocumentRowError;
use crate::course::import::ImportError;
use crate::portal::Portal;
use crate::portal::database::DatabaseError;

use super::packages::{self, PACKAGES};
use super::receiver::{Meaning, Receiver, Taken, Target};
use super::spool::Spool;
use super::uploads::UploadError;
use super::{BACKUP, FsError, Node, PortalFs};

/// The first bytes of a zip archive (`PK\x03\x04`; an empty one begins with `PK\x05\x06`).
const ZIP: &[u8] = b"PK";

/// Takes in backups.
pub struct Backups;

/// The one that does.
pub static BACKUPS: Backups = Backups;

impl Receiver for Backups {
    /// A program that writes a backup may call it so until it is whole: hidden, as rsync and file managers do it, or by
    /// the name with something around it (`backup.zip.part`, `backup.zip~`). Anything else is no backup on its way, and
    /// whoever copies it here should not believe that it is kept.
    fn meaning(&self, _folder: Node, name: &[u8]) -> Meaning {
        let around = |whole: &[u8]| name.windows(whole.len()).any(|part| part == whole);
        let temporary = || name.starts_with(b".") || around(BACKUP) || around(PACKAGES);
        match name {
            BACKUP | PACKAGES => Meaning::Final,
            name if !super::is_fixed_name(name) && temporary() => Meaning::Temporary,
            _ => Meaning::Refused,
        }
    }

    fn place(&self, fs: &PortalFs, node: Node) -> Result<(Node, Vec<u8>), FsError> {
        let (course, name) = match node {
            Node::Backup(course, _) => (course, BACKUP),
            Node::Packages(course) => (course, PACKAGES),
            _ => return Err(FsError::NotFound),
        };
        fs.course(course)?;
        Ok((Node::Course(course), name.to_vec()))
    }

    fn present(&self, fs: &PortalFs, folder: Node, name: &[u8]) -> Result<Option<Node>, FsError> {
        let Node::Course(course) = folder else { return Ok(None) };
        match name {
            PACKAGES => fs.package_of_all(course),
            name => Ok((name == BACKUP).then_some(Node::Backup(course, Selection::ALL))),
        }
    }

    fn is_whole(&self, _target: &Target, spool: &Spool) -> bool {
        is_whole(spool)
    }

    fn check_temporary(&self, spool: &Spool) -> Result<(), FsError> {
        check_zip(spool)
    }

    fn takes_promises(&self) -> bool {
        true
    }

    fn awaits(&self) -> &'static str {
        "backup.zip or scorm.zip"
    }

    fn take(&self, fs: &PortalFs, target: &Target, spool: &Spool) -> Result<Taken, UploadError> {
        let Node::Course(course) = target.folder else { return Err(FsError::NotFound.into()) };
        if target.name == PACKAGES {
            return packages::take(fs, target, spool);
        }
        // A course that was made for this backup, by `cp -r` or by hand, becomes what it describes.
        let adopt = fs.absent.is_new(course);
        let row = fs.course(course)?;
        let options = Options { adopt, ..Options::default() };
        let report = fs.bringing(course, || restore_spool(&fs.portal, &row, spool, options))?;
        fs.absent.is_filled(course);
        fs.forget_leavers(course);
        fs.something_came(course);
        Ok(Taken { node: None, report: summary(&report) })
    }
}

/// Refuses what can't be the beginning of a zip archive.
pub fn check_zip(spool: &Spool) -> Result<(), FsError> {
    let mut first = [0; ZIP.len()];
    if spool.promised().is_some() {
        return Ok(());
    }
    let read = spool.read(0, &mut first)?;
    if read > 0 && first != ZIP { Err(FsError::NoArchive) } else { Ok(()) }
}

/// Whether `spool` holds an archive from its first byte to its last record. One that is still being written does not.
pub fn is_whole(spool: &Spool) -> bool {
    spool.promised().is_some() || spool.materialize().is_ok() && begins_at(spool).is_ok_and(|begin| begin == 0)
}

/// Where the archive in `spool` begins. A part of an archive may end with a whole one, a document of the course.
pub fn begins_at(spool: &Spool) -> Result<u64, zip::result::ZipError> {
    Ok(ZipArchive::new(BufReader::new(File::open(spool.path())?))?.offset())
}

fn restore_spool(portal: &Portal, course: &Course, spool: &Spool, options: Options) -> Result<Report, UploadError> {
    let refused = |errno, text: &str| UploadError { errno, text: text.to_owned() };
    let code = std::str::from_utf8(&course.code)
        .map_err(|_| refused(libc::EINVAL, "the course's code is no valid UTF-8; nothing can be restored into it"))?;
    let failed = |error: RestoreError| UploadError { errno: errno(&error), text: error.to_string() };
    if let Some(archive) = spool.promised() {
        let mut backup = BackupFile::computed(archive, Path::new("the archive"));
        return restore::restore_from(portal, code, &mut backup, options, &mut |_, _| {}).map_err(failed);
    }
    spool.materialize()?;
    if begins_at(spool).is_ok_and(|begin| begin > 0) {
        let text = "the upload has bytes before its first entry: it is a part of an archive, copy it again";
        return Err(refused(libc::EINVAL, text));
    }
    let path = spool.path();
    restore::restore(portal, code, &path, options, &mut |_, _| {}).map_err(|error| {
        let UploadError { errno, text } = failed(error);
        // People know no descriptors of ours.
        UploadError { errno, text: text.replace(&path.display().to_string(), "the upload") }
    })
}

/// The error number that tells best why a restore failed: `EINVAL` if it is the archive, else what the disk, the quota
/// or the database lacks.
pub fn errno(error: &RestoreError) -> i32 {
    match error {
        RestoreError::Read(ReadBackupError::Open { source, .. } | ReadBackupError::Write { source, .. }) => {
            disk(source)
        }
        RestoreError::Read(ReadBackupError::Changed { .. }) => libc::ESTALE,
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
pub fn summary(report: &Report) -> String {
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
        let more = match report.not_understood_more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        parts.push(format!("not understood, left out: {}{more}", report.not_understood.join(", ")));
    }
    parts.join("; ")
}
