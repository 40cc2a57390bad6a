//! A backup into a course: all of it or nothing.
//!
//! In this order, so that no failure and no crash leaves half a course: the archive is read and every document judged;
//! all new files are unpacked aside, where no web server serves them; then, in one transaction, rows are written and
//! the files moved to their places. A file whose row is not committed is taken away again. What is already there is
//! not made twice: a document of the same path and the same bytes is skipped, one with other bytes stays as it is and
//! is reported.
//!
//! This version restores documents. What else the archive holds is counted in the [`Report`].

use std::collections::{HashMap, HashSet};
use std::fs::{File, FileTimes, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::FileType;
use tempfile::TempDir;

use crate::course::create::{self, CreateError, NewCourse};
use crate::course::document::DocumentTree;
use crate::course::document_rows::{self, DocumentKind, DocumentRowError, NewDocument};
use crate::course::names::{self, ExtensionFilter, Verdict};
use crate::course::quota::Quota;
use crate::course::staging::StagedCourse;
use crate::course::{Course, Stamp};
use crate::php::Value;
use crate::portal::database::{DatabaseError, DatabaseExt, Session};
use crate::portal::storage::Folder;
use crate::portal::{Portal, Settings};

use super::reader::{BackupFile, ReadBackupError};

/// Chamilo's folder for temporary files, on the same disk as the courses and not served.
const CACHE: &str = "app/cache";

/// Where documents lie in a course and in a backup.
const DOCUMENTS: &str = "document";

/// The page that Chamilo lays into every Document folder so that no web server lists it. It has no row, and makes way
/// for a document of that name.
const GUARD: &[u8] = b"index.html";

/// The longest name of a file in bytes (Linux).
const LONGEST_NAME: usize = 255;

/// Why a backup was not restored. The course is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The archive can't be read.
    #[error(transparent)]
    Read(#[from] ReadBackupError),
    /// A path in the archive would lead out of the course.
    #[error("{archive}: the document {path:?} has a path that no course may hold ({reason}); nothing was restored")]
    UnsafePath {
        /// The archive.
        archive: PathBuf,
        /// The path, as the archive has it.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no such course.
    #[error("there is no course {0}; add --create to make it")]
    NoCourse(String),
    /// The documents don't fit.
    #[error(
        "course {course}: the archive's new documents take {needed} bytes, its quota leaves {free}; raise the quota in Chamilo and try again"
    )]
    Quota {
        /// Code of the course.
        course: String,
        /// Bytes to be added.
        needed: u64,
        /// Bytes left.
        free: u64,
    },
    /// A file or folder can't be written.
    #[error("course {course}: {path}: {source}")]
    Files {
        /// Code of the course.
        course: String,
        /// The file or folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The course can't be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// A document can't be entered.
    #[error(transparent)]
    Document(#[from] DocumentRowError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether the course was made.
    pub created: bool,
    /// Folders and files added.
    pub added: usize,
    /// Folders and files that were there already, equal.
    pub equal: usize,
    /// Paths where something else was already; it was left as it is.
    pub conflicts: Vec<String>,
    /// Dangerous names and the harmless ones that were given instead.
    pub renamed: Vec<(String, String)>,
    /// Documents whose bytes the archive does not hold.
    pub missing: Vec<String>,
    /// Documents of a kind that the portal's upload rule refuses.
    pub refused: Vec<String>,
    /// What else the archive holds and this version does not restore: resource type and number.
    pub left_out: Vec<(String, usize)>,
}

/// Restores the backup `archive` into the course `code`; makes the course if there is none and `create` says so.
/// `progress` is told the bytes unpacked so far and in all.
pub fn restore(
    portal: &Portal,
    code: &str,
    archive: &Path,
    create: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, RestoreError> {
    let mut backup = BackupFile::open(archive)?;
    let info = backup.course_info()?;
    let value = info.course()?;
    let settings = portal.settings()?;
    let mut report = Report { left_out: left_out(&value), ..Report::default() };
    let planned = plan(&mut backup, &value, &settings, &mut report)?;
    let (course, stamp) = portal.database().read(|session| {
        Ok::<_, RestoreError>((Course::by_code(session, code.as_bytes())?, Stamp::of_administrator(session)?))
    })?;
    let work = Work { portal, code, settings: &settings, stamp, planned: &planned };
    match course {
        Some(course) => work.merge(&course, &mut backup, &mut report, progress)?,
        None if create => work.make_course(&value, &mut backup, &mut report, progress)?,
        None => return Err(RestoreError::NoCourse(code.to_owned())),
    }
    Ok(report)
}

/// A document of the archive, judged.
struct Planned {
    /// Its path below the Document folder, without a leading slash.
    path: Vec<u8>,
    /// Name of the file in the archive, `None` for a folder.
    entry: Option<Vec<u8>>,
    size: u64,
    title: String,
    comment: Option<String>,
    visible: bool,
    /// `insert_date`, `lastedit_date`, `lastedit_type` of the newest property row, if the archive has one.
    history: Option<[String; 3]>,
}

/// Judges the documents of `course`; folders come before what is in them.
fn plan(
    backup: &mut BackupFile,
    course: &Value<'_>,
    settings: &Settings,
    report: &mut Report,
) -> Result<Vec<Planned>, RestoreError> {
    let filter = ExtensionFilter::from_settings(settings);
    let resources = course.get("resources").and_then(|resources| resources.get("document"));
    let mut planned = Vec::new();
    let mut taken = HashSet::new();
    for (_, resource) in resources.into_iter().flat_map(Value::entries) {
        let text = |name| resource.get(name).and_then(Value::as_text);
        let Some(true_path) = resource.get("path").and_then(Value::as_bytes) else { continue };
        let folder = match text("file_type").as_deref() {
            Some("file") => false,
            Some("folder") => true,
            // A link to a cloud has no file; Chamilo's importer leaves it out too.
            _ => {
                report.missing.push(String::from_utf8_lossy(&true_path).into_owned());
                continue;
            }
        };
        let relative = sound_path(&true_path)
            .map_err(|reason| RestoreError::UnsafePath {
                archive: backup.path().to_owned(),
                path: String::from_utf8_lossy(&true_path).into_owned(),
                reason,
            })?
            .to_vec();
        let shown = String::from_utf8_lossy(&relative).into_owned();
        let newest = newest_property(resource);
        let visibility = newest.and_then(|property| property.get("visibility")).and_then(Value::as_int);
        if visibility == Some(2) {
            continue;
        }
        let Some(path) = allowed_path(&relative, folder, &filter) else {
            report.refused.push(shown);
            continue;
        };
        if !taken.insert(path.clone()) {
            continue;
        }
        let entry = [DOCUMENTS.as_bytes(), b"/", &relative].concat();
        let size = match backup.size(&entry)? {
            _ if folder => 0,
            Some(size) => size,
            None => {
                report.missing.push(shown);
                continue;
            }
        };
        if path != relative {
            report.renamed.push((shown, String::from_utf8_lossy(&path).into_owned()));
        }
        planned.push(Planned {
            path,
            entry: (!folder).then_some(entry),
            size,
            title: text("title").unwrap_or_default().into_owned(),
            comment: text("comment").map(std::borrow::Cow::into_owned),
            visible: visibility != Some(0),
            history: newest.and_then(history),
        });
    }
    planned.sort_by(|a, b| a.path.cmp(&b.path));
    with_folders(planned).map_err(|path| RestoreError::UnsafePath {
        archive: backup.path().to_owned(),
        path: String::from_utf8_lossy(&path).into_owned(),
        reason: "it lies in what is a file there",
    })
}

/// Adds the folders that files lie in but the archive does not name: a document is reached through its folders only.
/// The path of a document that lies in a file is an error.
fn with_folders(planned: Vec<Planned>) -> Result<Vec<Planned>, Vec<u8>> {
    let is_file = |document: &Planned| (document.path.clone(), document.entry.is_some());
    let mut known: HashMap<Vec<u8>, bool> = planned.iter().map(is_file).collect();
    let mut all = Vec::with_capacity(planned.len());
    for document in planned {
        let slashes = document.path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        for folder in slashes.filter_map(|(end, _)| document.path.get(..end)) {
            let is_new = match known.get(folder) {
                Some(true) => return Err(document.path),
                Some(false) => false,
                None => true,
            };
            if is_new {
                known.insert(folder.to_vec(), false);
                let name = folder.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                all.push(Planned {
                    path: folder.to_vec(),
                    entry: None,
                    size: 0,
                    title: String::from_utf8_lossy(name).into_owned(),
                    comment: None,
                    visible: true,
                    history: None,
                });
            }
        }
        all.push(document);
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

/// The path below `document/`, or what is wrong with it.
fn sound_path(path: &[u8]) -> Result<&[u8], &'static str> {
    let relative = path.strip_prefix(b"document/").ok_or("it does not begin with document/")?;
    for name in relative.split(|byte| *byte == b'/') {
        match name {
            b"" => return Err("it has an empty name"),
            b"." | b".." => return Err("it has a name of dots only"),
            _ if name.contains(&0) => return Err("it has a NUL byte"),
            _ if name.len() > LONGEST_NAME => return Err("it has a name of over 255 bytes"),
            _ => {}
        }
    }
    if String::from_utf8_lossy(relative).chars().count() + 1 > document_rows::MAX_PATH {
        return Err("it is longer than the 255 characters that Chamilo stores");
    }
    Ok(relative)
}

/// The path under which the portal may hold the document: names that a web server would run are made harmless as
/// Chamilo does it. `None` if the portal's upload rule refuses the file.
fn allowed_path(path: &[u8], folder: bool, filter: &ExtensionFilter) -> Option<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(path) else {
        // Old names that are not UTF-8 stay byte for byte, unless something in them could be run.
        let dangerous = String::from_utf8_lossy(path);
        return (names::disable_scripts(&dangerous) == dangerous).then(|| path.to_vec());
    };
    let harmless: Vec<String> = text.split('/').map(names::disable_scripts).collect();
    let mut harmless = harmless.join("/");
    if !folder {
        let start = harmless.rfind('/').map_or(0, |slash| slash + 1);
        match filter.check(harmless.get(start..).unwrap_or_default()) {
            Verdict::Allowed => {}
            Verdict::Refused(_) => return None,
            Verdict::Renamed(name) => harmless.replace_range(start.., &name),
        }
    }
    Some(harmless.into_bytes())
}

/// The property row that counts, as for rows of the database: the newest of the base course.
fn newest_property<'v>(resource: &'v Value<'v>) -> Option<&'v Value<'v>> {
    let rows = resource.get("item_properties").into_iter().flat_map(Value::entries).map(|(_, row)| row);
    rows.max_by_key(|row| {
        let base = row.get("session_id").and_then(Value::as_int).unwrap_or(0) == 0;
        let date = row.get("lastedit_date").and_then(Value::as_text).unwrap_or_default().into_owned();
        (base, date, row.get("iid").and_then(Value::as_int))
    })
}

fn history(property: &Value<'_>) -> Option<[String; 3]> {
    let text = |name| property.get(name).and_then(Value::as_text).map(std::borrow::Cow::into_owned);
    let is_date = |text: &String| text.parse::<jiff::civil::DateTime>().is_ok();
    Some([
        text("insert_date").filter(is_date)?,
        text("lastedit_date").filter(is_date)?,
        text("lastedit_type").filter(|kind| kind.len() <= 100)?,
    ])
}

/// The resources that are not documents. The pseudo test -1 is in every backup and means nothing by itself.
fn left_out(course: &Value<'_>) -> Vec<(String, usize)> {
    let kinds = course.get("resources").into_iter().flat_map(Value::entries);
    let counted = kinds.filter_map(|(kind, resources)| {
        let kind = String::from_utf8_lossy(&kind.plain()).into_owned();
        let pseudo = kind == "quiz" && resources.get_int(-1).is_some_and(|quiz| !has_questions(quiz));
        let count = resources.entries().len() - usize::from(pseudo);
        (kind != "document" && count > 0).then_some((kind, count))
    });
    counted.collect()
}

fn has_questions(quiz: &Value<'_>) -> bool {
    let questions = quiz.get("obj").and_then(|obj| obj.get("question_ids"));
    questions.is_some_and(|questions| !questions.entries().is_empty())
}

/// One restore, from the judged documents on.
struct Work<'a> {
    portal: &'a Portal,
    code: &'a str,
    settings: &'a Settings,
    stamp: Stamp,
    planned: &'a [Planned],
}

impl Work<'_> {
    fn failed(&self, path: &[u8]) -> impl Fn(io::Error) -> RestoreError {
        let (course, path) = (self.code.to_owned(), String::from_utf8_lossy(path).into_owned());
        move |source| RestoreError::Files { course: course.clone(), path: path.clone(), source }
    }

    fn check_quota(&self, needed: u64, free: u64) -> Result<(), RestoreError> {
        if needed > free {
            return Err(RestoreError::Quota { course: self.code.to_owned(), needed, free });
        }
        Ok(())
    }

    /// Makes the course as the archive describes it, with its documents.
    fn make_course(
        &self,
        course: &Value<'_>,
        backup: &mut BackupFile,
        report: &mut Report,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), RestoreError> {
        let new = new_course(self.code, course);
        let needed: u64 = self.planned.iter().map(|document| document.size).sum();
        self.check_quota(needed, new.disk_quota.unwrap_or_else(|| self.settings.default_quota()))?;
        let staged = StagedCourse::new(self.portal, self.settings).map_err(self.failed(b""))?;
        let folder = staged.folder();
        let mut unpacked = 0;
        for document in self.planned {
            let place = below_documents(&document.path);
            match &document.entry {
                None => folder.create_folders(&place, self.settings.folder_mode()).map_err(self.failed(&place))?,
                Some(entry) => {
                    if document.path == GUARD {
                        folder.remove_file(&place).map_err(self.failed(&place))?;
                    }
                    let file = folder.create_file(&place, 0o600).map_err(self.failed(&place))?;
                    self.unpack(backup, entry, file)?;
                }
            }
            unpacked += document.size;
            progress(unpacked, needed);
        }
        sync(folder).map_err(self.failed(b""))?;
        let published = self.portal.database().write(|session| {
            let course = create::create_in(session, self.settings, &new, &self.stamp)?;
            let present = DocumentTree::load(session, course.id)?;
            for document in self.planned {
                if find(&present, &document.path).is_some() {
                    report.equal += 1;
                } else {
                    self.insert(session, course.id, document)?;
                    report.added += 1;
                }
            }
            let directory = course.directory;
            staged.publish(self.portal, &directory).map_err(self.failed(&directory))
        })?;
        published.keep();
        report.created = true;
        Ok(())
    }

    /// Adds to `course` what it does not have.
    fn merge(
        &self,
        course: &Course,
        backup: &mut BackupFile,
        report: &mut Report,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), RestoreError> {
        let top = self.portal.courses_folder().folder(&course.directory).map_err(self.failed(&course.directory))?;
        let staging = Staging::new(self.portal).map_err(self.failed(CACHE.as_bytes()))?;
        let (present, quota) = self.portal.database().read(|session| {
            Ok::<_, RestoreError>((DocumentTree::load(session, course.id)?, Quota::load(session, course)?))
        })?;
        let is_new = |document: &&Planned| find(&present, &document.path).is_none();
        let needed = self.planned.iter().filter(is_new).map(|document| document.size).sum();
        self.check_quota(needed, quota.free())?;

        let all: u64 = self.planned.iter().map(|document| document.size).sum();
        let mut read = 0;
        let mut steps = Vec::new();
        let mut blocked = HashSet::new();
        for (number, document) in self.planned.iter().enumerate() {
            // Folders come before what is in them, so that a folder that can't be made is known by then.
            let step = if blocked.contains(parent(&document.path)) {
                Step::Conflict
            } else {
                self.judge(&top, &present, backup, &staging, number, document)?
            };
            if matches!(step, Step::Conflict) {
                blocked.insert(document.path.as_slice());
            }
            steps.push(step);
            read += document.size;
            progress(read, all);
        }
        sync(&staging.folder).map_err(self.failed(CACHE.as_bytes()))?;

        let mut placed = Placed { top: &top, staging: &staging.folder, paths: Vec::new(), guard: None };
        let added = self.portal.database().write(|session| {
            // Others may have written since: what was judged must still hold.
            let now = DocumentTree::load(session, course.id)?;
            let quota = Quota::load(session, course)?;
            self.check_quota(needed, quota.free())?;
            let mut done = Report::default();
            for ((number, document), step) in self.planned.iter().enumerate().zip(&steps) {
                let place = below_documents(&document.path);
                let occupied = find(&now, &document.path).is_some();
                match step {
                    Step::Equal => done.equal += 1,
                    _ if occupied => done.conflicts.push(String::from_utf8_lossy(&document.path).into_owned()),
                    Step::Conflict => done.conflicts.push(String::from_utf8_lossy(&document.path).into_owned()),
                    Step::Folder => {
                        placed.folder(&place, self.settings.folder_mode()).map_err(self.failed(&place))?;
                        self.insert(session, course.id, document)?;
                        done.added += 1;
                    }
                    Step::File { lies } => {
                        if *lies == Lies::BesideGuard {
                            placed.take_guard(place.clone()).map_err(self.failed(&place))?;
                        }
                        if *lies != Lies::InPlace {
                            // The folder may so far be only a row, as Chamilo's own are at first.
                            placed.folder(parent(&place), self.settings.folder_mode()).map_err(self.failed(&place))?;
                            placed.file(&staged_name(number), &place).map_err(self.failed(&place))?;
                        }
                        self.insert(session, course.id, document)?;
                        done.added += 1;
                    }
                }
            }
            Ok::<_, RestoreError>(done)
        });
        let done = added?;
        placed.keep();
        report.added += done.added;
        report.equal += done.equal;
        report.conflicts.extend(done.conflicts);
        Ok(())
    }

    /// Decides what becomes of one document and unpacks its file aside if it is new.
    fn judge(
        &self,
        top: &Folder,
        present: &DocumentTree,
        backup: &mut BackupFile,
        staging: &Staging,
        number: usize,
        document: &Planned,
    ) -> Result<Step, RestoreError> {
        let place = below_documents(&document.path);
        let row = find(present, &document.path);
        let on_disk = match top.stat(&place) {
            Ok(stat) => Some(FileType::from_raw_mode(stat.st_mode)),
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => None,
            // A symbolic link in the way is not followed.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ELOOP | libc::EXDEV)) => return Ok(Step::Conflict),
            Err(error) => return Err(self.failed(&place)(error)),
        };
        let Some(entry) = &document.entry else {
            return Ok(match (row, on_disk) {
                (Some(folder), Some(FileType::Directory)) if folder => Step::Equal,
                // A folder that so far is only a row, as Chamilo's own are at first.
                (Some(folder), None) if folder => Step::Equal,
                (None, None | Some(FileType::Directory)) => Step::Folder,
                _ => Step::Conflict,
            });
        };
        match (row, on_disk) {
            (None, None) => {
                let file = staging.folder.create_file(&staged_name(number), 0o600).map_err(self.failed(&place))?;
                self.unpack(backup, entry, file)?;
                Ok(Step::File { lies: Lies::Aside })
            }
            (row, Some(FileType::RegularFile)) if row != Some(true) => {
                let existing = top.open_file(&place).map_err(self.failed(&place))?;
                let mut compare = Compare { existing, offset: 0, equal: true };
                backup.unpack(entry, &mut compare)?;
                let equal = compare.finish().map_err(self.failed(&place))?;
                match (equal, row) {
                    (true, Some(_)) => Ok(Step::Equal),
                    (true, None) => Ok(Step::File { lies: Lies::InPlace }),
                    (false, None) if document.path == GUARD => {
                        let name = staged_name(number);
                        let file = staging.folder.create_file(&name, 0o600).map_err(self.failed(&place))?;
                        self.unpack(backup, entry, file)?;
                        Ok(Step::File { lies: Lies::BesideGuard })
                    }
                    (false, _) => Ok(Step::Conflict),
                }
            }
            _ => Ok(Step::Conflict),
        }
    }

    fn unpack(&self, backup: &mut BackupFile, entry: &[u8], mut file: File) -> Result<(), RestoreError> {
        let mtime = backup.unpack(entry, &mut file)?;
        let finish = |file: &File| {
            file.set_permissions(Permissions::from_mode(self.settings.file_mode()))?;
            let mtime = mtime.and_then(|mtime| u64::try_from(mtime).ok());
            match mtime.and_then(|mtime| UNIX_EPOCH.checked_add(Duration::from_secs(mtime))) {
                Some(time) => file.set_times(FileTimes::new().set_modified(time)),
                None => Ok(()),
            }
        };
        finish(&file).map_err(self.failed(entry))
    }

    fn insert(&self, session: &dyn Session, course: i64, document: &Planned) -> Result<(), RestoreError> {
        let path = [b"/".as_slice(), &document.path].concat();
        let kind = match document.entry {
            Some(_) => DocumentKind::File { size: document.size },
            None => DocumentKind::Folder,
        };
        let new = NewDocument {
            path: &path,
            title: &document.title,
            comment: document.comment.as_deref(),
            kind,
            visible: document.visible,
        };
        let iid = document_rows::insert(session, course, &new, &self.stamp)?;
        if let Some([inserted, edited, edit]) = &document.history {
            let sql = "UPDATE c_item_property SET insert_date = ?, lastedit_date = ?, lastedit_type = ? \
                       WHERE c_id = ? AND tool = 'document' AND ref = ?";
            let values =
                [inserted.as_str().into(), edited.as_str().into(), edit.as_str().into(), course.into(), iid.into()];
            session.execute(sql, &values)?;
        }
        Ok(())
    }
}

/// What becomes of one document of the archive.
enum Step {
    /// It is there already.
    Equal,
    /// Something else is there.
    Conflict,
    /// The folder is to be made.
    Folder,
    /// The file is to be entered.
    File { lies: Lies },
}

/// Where a file that is to be entered lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lies {
    /// Unpacked, in the private folder.
    Aside,
    /// There too, and at its place the guarding page.
    BesideGuard,
    /// At its place already, without a row.
    InPlace,
}

/// Whether the document is there, and if so whether as a folder.
fn find(tree: &DocumentTree, path: &[u8]) -> Option<bool> {
    let mut folder = None;
    let mut found = None;
    for name in path.split(|byte| *byte == b'/') {
        let document = tree.child(folder, name)?;
        folder = Some(document.iid);
        found = Some(document.folder);
    }
    found
}

/// The path of the folder that `path` lies in, empty for the Document folder itself.
fn parent(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/');
    slash.and_then(|slash| path.get(..slash)).unwrap_or_default()
}

fn below_documents(path: &[u8]) -> Vec<u8> {
    [DOCUMENTS.as_bytes(), b"/", path].concat()
}

fn staged_name(number: usize) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// Waits until everything written is on the disk: rows must not outlive the files that they point at.
fn sync(folder: &Folder) -> io::Result<()> {
    let readable = rustix::fs::openat(
        folder,
        ".",
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )?;
    Ok(rustix::fs::syncfs(readable)?)
}

/// A private folder for unpacked files; gone when it is dropped.
struct Staging {
    // Dropped before `_temporary` removes what it stands for.
    folder: Folder,
    _temporary: TempDir,
}

impl Staging {
    fn new(portal: &Portal) -> io::Result<Staging> {
        let cache = portal.root().join(CACHE);
        std::fs::create_dir_all(&cache)?;
        let temporary = tempfile::Builder::new().prefix("coursefs-").tempdir_in(&cache)?;
        Ok(Staging { folder: Folder::open(temporary.path())?, _temporary: temporary })
    }
}

/// Files and folders put in their places; taken away again when dropped, unless they were kept.
struct Placed<'a> {
    top: &'a Folder,
    staging: &'a Folder,
    /// Paths and whether they are folders, in the order of their making.
    paths: Vec<(Vec<u8>, bool)>,
    /// The place of the guarding page that was taken away.
    guard: Option<Vec<u8>>,
}

impl Placed<'_> {
    fn folder(&mut self, place: &[u8], mode: u32) -> io::Result<()> {
        if self.top.stat(place).is_ok() {
            return Ok(());
        }
        self.top.create_folders(place, mode)?;
        self.paths.push((place.to_vec(), true));
        Ok(())
    }

    fn take_guard(&mut self, place: Vec<u8>) -> io::Result<()> {
        self.top.move_to(&place, self.staging, GUARD)?;
        self.guard = Some(place);
        Ok(())
    }

    fn file(&mut self, name: &[u8], place: &[u8]) -> io::Result<()> {
        self.staging.move_to(name, self.top, place)?;
        self.paths.push((place.to_vec(), false));
        Ok(())
    }

    fn keep(mut self) {
        self.paths.clear();
        self.guard = None;
    }
}

impl Drop for Placed<'_> {
    fn drop(&mut self) {
        for (path, folder) in self.paths.drain(..).rev() {
            let removed = if folder { self.top.remove_folder(&path) } else { self.top.remove_file(&path) };
            if let Err(error) = removed {
                let path = String::from_utf8_lossy(&path).into_owned();
                tracing::warn!("{path} in {} was left behind without a row: {error}", self.top.path().display());
            }
        }
        if let Some(place) = self.guard.take()
            && let Err(error) = self.staging.move_to(GUARD, self.top, &place)
        {
            let path = String::from_utf8_lossy(&place).into_owned();
            tracing::warn!("{path} in {} can't be put back: {error}", self.top.path().display());
        }
    }
}

/// A writer that compares what is written with a file.
struct Compare {
    existing: File,
    offset: u64,
    equal: bool,
}

impl Compare {
    /// Whether the file holds exactly what was written.
    fn finish(self) -> io::Result<bool> {
        Ok(self.equal && self.existing.metadata()?.len() == self.offset)
    }
}

impl io::Write for Compare {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.equal {
            let mut there = vec![0; bytes.len()];
            let mut at = ReadAt { file: &self.existing, offset: self.offset };
            self.equal = match at.read_exact(&mut there) {
                Ok(()) => there == bytes,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
                Err(error) => return Err(error),
            };
        }
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct ReadAt<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for ReadAt<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// The course that the archive's `info` describes, under a new code.
fn new_course(code: &str, course: &Value<'_>) -> NewCourse {
    let info = course.get("info");
    let text = |name: &str| {
        let value = info.and_then(|info| info.get(name)).and_then(Value::as_text);
        value.map(std::borrow::Cow::into_owned).filter(|text| !text.is_empty())
    };
    let number = |name: &str| info.and_then(|info| info.get(name)).and_then(Value::as_int);
    NewCourse {
        code: code.to_owned(),
        title: text("title").unwrap_or_else(|| code.to_owned()),
        language: text("language"),
        category: text("category_code").unwrap_or_default(),
        visibility: number("visibility").filter(|visibility| (0..=4).contains(visibility)),
        disk_quota: number("disk_quota").and_then(|quota| u64::try_from(quota).ok()).filter(|quota| *quota > 0),
        department_name: text("department_name"),
        department_url: text("department_url"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_course_are_unsound() {
        for path in [
            "document",
            "document/",
            "documents/a",
            "/document/a",
            "document/../a",
            "document/a/../../b",
            "document//a",
            "document/a/",
            "document/./a",
            "document/a\0b",
            "scorm/a",
        ] {
            assert!(sound_path(path.as_bytes()).is_err(), "{path}");
        }
        assert!(sound_path(format!("document/{}", "a".repeat(256)).as_bytes()).is_err());
        assert!(sound_path(format!("document/{}", "a/".repeat(130)).as_bytes()).is_err());
        assert_eq!(sound_path("document/a/..b/é.txt".as_bytes()), Ok("a/..b/é.txt".as_bytes()));
    }

    #[test]
    fn names_that_a_web_server_would_run_become_harmless() {
        let filter = ExtensionFilter::from_settings(&Settings::default());
        let allowed = |path: &str| String::from_utf8(allowed_path(path.as_bytes(), false, &filter).unwrap()).unwrap();
        assert_eq!(allowed("a/x.php"), "a/x.phps");
        assert_eq!(allowed("a.php/.htaccess"), "a.phps/htaccess.txt");
        assert_eq!(allowed("é à.pdf"), "é à.pdf");
        assert_eq!(allowed_path(b"a\xff.php", false, &filter), None);
        assert_eq!(allowed_path(b"a\xff.txt", false, &filter).unwrap(), b"a\xff.txt");
    }
}
