//! A backup into a course: all of it or nothing.
//!
//! In this order, so that no failure and no crash leaves half a course: the archive is read and every document judged;
//! all new files are unpacked aside, where no web server serves them; a journal says what will be placed; then, in one
//! transaction, rows are written and the files moved to their places. A file whose row is not committed is taken away
//! again, after a crash by the next start ([`staging`](crate::portal::staging) tells the whole order). What is already there is
//! not made twice: a document of the same path and the same bytes and an item of the same content are skipped. Where
//! something else has the place, the [`Conflict`] policy decides.

mod again;
mod copies;
mod documents;
pub(crate) mod files;
mod items;
mod loose_files;
mod plan;
mod unwritable;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::course::create::{self, CreateError, NewCourse};
use crate::course::document::DocumentTree;
use crate::course::document_rows::DocumentRowError;
use crate::course::html::Address;
use crate::course::import::{self, Import, ImportError, Origin};
use crate::course::quota::Quota;
use crate::course::staging::StagedCourse;
use crate::course::{Course, Stamp};
use crate::php::Value;
use crate::portal::database::{DatabaseError, DatabaseExt, Session};
use crate::portal::journal::Journal;
use crate::portal::mark::Mark;
use crate::portal::staging::Staging;
use crate::portal::storage::Folder;
use crate::portal::{Portal, Settings, crash};

use super::reader::{BackupFile, ReadBackupError};
use super::{extras, users};

use copies::Copies;
use documents::{Documents, Judged, Lies, Pages, Step, parent};
use files::{Placed, Plan, StagedFiles, StagedNames};
use loose_files::Staged;
use plan::plan;

pub use crate::course::import::Conflict;
pub(crate) use documents::find;
pub(super) use documents::is_page;
pub(crate) use items::{ReadItems, places_of_files};
pub(crate) use loose_files::{LooseFiles, of_packages};
pub(crate) use plan::{Described, Planned, harmless_path, is_sound, judged};

/// How a backup is restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Make the course if there is none.
    pub create: bool,
    /// What to do where something else has the place.
    pub conflict: Conflict,
    /// The course was made a moment ago to become the archive's: it takes its description (title, language, visibility,
    /// quota …), and documents that are there with the same bytes take titles, dates and visibility.
    pub adopt: bool,
    /// Whether all is to be on the disk when the restore returns, files before rows: for those who can't ask for it
    /// afterwards (`fsync`). If not, only the loss of power can take something from what was restored.
    pub durable: bool,
    /// Pages that are there with the links of the archive's course keep them: packages of learning paths bring documents
    /// only as far as the course lacks them.
    pub keep_pages: bool,
}

/// Why a backup was not restored. The course is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The archive can't be read.
    #[error(transparent)]
    Read(#[from] ReadBackupError),
    /// A path in the archive would lead out of the course.
    #[error("{archive}: {path:?} is a path that no course may hold ({reason}); nothing was restored")]
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
    /// The documents and packages don't fit.
    #[error(
        "course {course}: the archive's new files take {needed} bytes, its quota leaves {free}; \
         raise the quota in Chamilo and try again"
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
    /// Items can't be entered.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

fn files_error(course: &str, path: &[u8], source: io::Error) -> RestoreError {
    let path = String::from_utf8_lossy(path).into_owned();
    RestoreError::Files { course: course.to_owned(), path, source }
}

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether the course was made.
    pub created: bool,
    /// What became of the documents.
    pub documents: import::Outcome,
    /// Documents of a kind that the portal's upload rule refuses.
    pub refused: Vec<String>,
    /// What became of the items of each other resource type that the archive has.
    pub items: Vec<(&'static str, import::Outcome)>,
    /// References that lead to nothing in the archive.
    pub lost_references: usize,
    /// What was not understood: resource type, key and class.
    pub not_understood: Vec<String>,
    /// How many more were not understood; an archive may hold a million of them.
    pub not_understood_more: usize,
    /// Texts in which characters were replaced that the database can't hold: table, key in the archive and column.
    pub replaced: Vec<String>,
}

/// How much of what was not understood is named.
const MOST_NAMED: usize = 1000;

impl Report {
    fn strange(&mut self, what: impl FnOnce() -> String) {
        match self.not_understood.len() {
            0..MOST_NAMED => self.not_understood.push(what()),
            _ => self.not_understood_more += 1,
        }
    }
}

/// Restores the backup `archive` into the course `code`.
/// `progress` is told the bytes read so far and in all.
pub fn restore(
    portal: &Portal,
    code: &str,
    archive: &Path,
    options: Options,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, RestoreError> {
    restore_from(portal, code, &mut BackupFile::open(archive)?, options, progress)
}

/// Restores `backup` into the course `code`, as [`restore`] does.
pub fn restore_from(
    portal: &Portal,
    code: &str,
    backup: &mut BackupFile,
    options: Options,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, RestoreError> {
    let info = backup.course_info()?;
    let value = info.course()?;
    let settings = portal.settings()?;
    let mut report = Report::default();
    let mut items = items::read(&value, &mut report);
    unwritable::adapt(&settings, &mut items, &mut report);
    let planned = plan(backup, &value, &settings, &mut report)?;
    let loose = loose_files::plan(backup, &value, &items, &mut report)?;
    let ours = value.get(extras::NAME);
    let (course, stamp, users) = portal.database().read(|session| {
        let users = users::known(session, ours.and_then(|ours| ours.get("users")))?;
        Ok::<_, RestoreError>((Course::by_code(session, code.as_bytes())?, Stamp::of_administrator(session)?, users))
    })?;
    if course.is_none() && !options.create {
        return Err(RestoreError::NoCourse(code.to_owned()));
    }
    let again = ours.is_some() && course.as_ref().is_some_and(|course| again::is_of(&value, course));
    let origin = Origin { address: address_in(&value), users, complete: ours.is_some() };
    let (settings, planned, loose, origin) = (&settings, &planned, &loose, &origin);
    let settle: &Settle<'_> = &|_, _, _, _| Ok(());
    let work = Work { portal, code, settings, stamp, planned, loose, origin, options, again, settle };
    match course {
        Some(course) => {
            let description = options.adopt.then(|| adopted(&course, &value));
            work.merge((&course, description), backup, items, &mut report, progress)?;
        }
        None => work.make_course(&value, backup, items, &mut report, progress)?,
    }
    Ok(report)
}

/// What is done with items in the transaction, when documents and packages have their places: some may be there already
/// in a way that only their bringer knows.
pub(crate) type Settle<'a> =
    dyn Fn(&dyn Session, &mut Import<'_>, &mut ReadItems, &mut Report) -> Result<(), RestoreError> + 'a;

/// What an archive of another form brings into a course.
pub(crate) struct Delivery<'a> {
    /// Where it comes from.
    pub origin: Origin,
    /// Its documents.
    pub documents: Vec<Planned>,
    /// Its items.
    pub items: ReadItems,
    /// Its packages.
    pub loose: LooseFiles,
    /// What is done with the items before they are imported.
    pub settle: &'a Settle<'a>,
}

/// Merges what `backup` holds into `course`, in the way of [`restore`].
pub(crate) fn deliver(
    portal: &Portal,
    course: &Course,
    backup: &mut BackupFile,
    delivery: Delivery<'_>,
    report: &mut Report,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), RestoreError> {
    let code = String::from_utf8_lossy(&course.code).into_owned();
    let settings = portal.settings()?;
    let stamp = portal.database().read(|session| Stamp::of_administrator(session))?;
    let Delivery { origin, documents, items, loose, settle } = delivery;
    let work = Work {
        portal,
        code: &code,
        settings: &settings,
        stamp,
        planned: &documents,
        loose: &loose,
        origin: &origin,
        options: Options { keep_pages: true, ..Options::default() },
        again: false,
        settle,
    };
    work.merge((course, None), backup, items, report, progress)
}

/// The course of the archive as links name it.
fn address_in(course: &Value<'_>) -> Address {
    let code = course.get("code").and_then(Value::as_bytes).unwrap_or_default().into_owned();
    let directory = course.get("info").and_then(|info| info.get("path")).and_then(Value::as_bytes);
    let directory = directory.map_or_else(|| code.clone(), std::borrow::Cow::into_owned);
    Address { code, directory }
}

/// One restore, from the judged documents on.
struct Work<'a> {
    portal: &'a Portal,
    code: &'a str,
    settings: &'a Settings,
    stamp: Stamp,
    planned: &'a [Planned],
    loose: &'a LooseFiles,
    origin: &'a Origin,
    options: Options,
    /// Whether the archive is of the course itself.
    again: bool,
    settle: &'a Settle<'a>,
}

/// What was unpacked aside.
pub(crate) struct Aside {
    staging: Staging,
    judged: Vec<Judged>,
    files: StagedNames,
    loose: Staged,
}

impl Work<'_> {
    /// Makes the course as the archive describes it, with its content.
    fn make_course(
        &self,
        course: &Value<'_>,
        backup: &mut BackupFile,
        items: ReadItems,
        report: &mut Report,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), RestoreError> {
        let new = new_course(self.code, course);
        let needed = self.size(|_| true).saturating_add(self.loose.size());
        self.check_quota(needed, new.disk_quota.unwrap_or_else(|| self.settings.default_quota()))?;
        let staged =
            StagedCourse::new(self.portal, self.settings).map_err(|error| files_error(self.code, b"", error))?;
        let address = Address { code: self.code.into(), directory: self.code.into() };
        let documents = self.documents(address)?;
        let aside = self.unpack(&documents, staged.folder(), &DocumentTree::default(), backup, &items, progress)?;
        let published = self.portal.database().write(|session| {
            let course = create::create_in(session, self.settings, &new, &self.stamp)?;
            let mut placed = Placed::new(staged.folder());
            self.add(session, &course, &documents, &aside, &mut placed, items, report)?;
            placed.keep();
            let directory = course.directory;
            let published = staged.publish(self.portal, &directory);
            crash::point("before-commit");
            published.map_err(|error| files_error(self.code, &directory, error))
        })?;
        crash::point("after-commit");
        published.keep();
        report.created = true;
        Ok(())
    }

    /// Adds to `course` what it does not have, and describes it anew if it is to be.
    fn merge(
        &self,
        (course, description): (&Course, Option<NewCourse>),
        backup: &mut BackupFile,
        items: ReadItems,
        report: &mut Report,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), RestoreError> {
        let top = self.portal.courses_folder().folder(&course.directory);
        let top = top.map_err(|error| files_error(self.code, &course.directory, error))?;
        let limit = description.as_ref().and_then(|description| description.disk_quota);
        let quota = |session: &dyn Session| -> Result<Quota, DatabaseError> {
            let quota = Quota::load(session, course)?;
            Ok(Quota { limit: limit.unwrap_or(quota.limit), ..quota })
        };
        let (present, taken) = self
            .portal
            .database()
            .read(|session| Ok::<_, RestoreError>((DocumentTree::load(session, course.id)?, quota(session)?)))?;
        let loose = self.loose.needed(self.code, &top, self.options.conflict)?;
        let needed = self.size(|document| find(&present, &document.path).is_none()).saturating_add(loose);
        self.check_quota(needed, taken.free())?;
        let address = Address { code: course.code.clone(), directory: course.directory.clone() };
        let documents = self.documents(address)?;
        let aside = self.unpack(&documents, &top, &present, backup, &items, progress)?;
        let failed = |error| files_error(self.code, b"app/cache", error);
        // No row of the archive names packages and pictures for certain: their paths may be here already.
        let mark = Mark::draw(course.id).map_err(failed)?;
        let marked = aside.loose.places_any();
        let journal = self.journal((course, &mark), &top, &documents, &aside, &items).map_err(failed)?;
        aside.staging.write_journal(&journal).map_err(failed)?;
        let mut placed = Placed::new(&top);
        self.portal.database().write(|session| {
            // Others may have written since.
            self.check_quota(needed, quota(session)?.free())?;
            if let Some(description) = &description {
                create::describe(session, course.id, description)?;
            }
            self.add(session, course, &documents, &aside, &mut placed, items, report)?;
            if marked {
                mark.set(session)?;
            }
            if self.waits() {
                aside.staging.sync().map_err(failed)?;
            }
            crash::point("before-commit");
            Ok::<_, RestoreError>(())
        })?;
        crash::point("after-commit");
        placed.keep();
        if self.waits()
            && let Err(error) = aside.staging.sync()
        {
            tracing::warn!("what was restored into {} is not yet on the disk for good: {error}", self.code);
        }
        // The journal goes first, and for good: without the mark it would take files away.
        let gone = if marked {
            aside.staging.remove()
        } else {
            drop(aside);
            Ok(())
        };
        if let Err(error) = &gone {
            tracing::warn!("what a restore into {} was unpacked to can't be removed: {error}", self.code);
        }
        if marked
            && gone.is_ok()
            && let Err(error) = self.portal.database().write(|session| mark.clear(session))
        {
            tracing::warn!("the mark of a restore is left among the settings of course {}: {error}", self.code);
        }
        Ok(())
    }

    /// What the restore will place in `course`.
    fn journal(
        &self,
        (course, mark): (&Course, &Mark),
        top: &Folder,
        documents: &Documents<'_>,
        aside: &Aside,
        items: &ReadItems,
    ) -> io::Result<Journal> {
        let mut plan = Plan::new(course, top);
        for (number, document) in self.planned.iter().enumerate() {
            documents.plan(&mut plan, aside, number, document)?;
        }
        for ((_, name), staged) in &aside.files {
            for name in [name, &staged.spare] {
                let row = plan.row(staged.table, staged.files.column, name.clone());
                plan.file(aside.staging.folder(), &staged.aside, &staged.place(name), row.clone())?;
                if let Some((place, small)) = staged.small(name) {
                    plan.file(aside.staging.folder(), small, &place, row)?;
                }
            }
        }
        self.loose.plan(&mut plan, aside, mark)?;
        items.plan_folders(&mut plan);
        Ok(plan.finish())
    }

    /// Whether the disk is waited for: if that is wanted, and where what is restored replaces what was there.
    fn waits(&self) -> bool {
        self.options.durable || self.options.conflict == Conflict::Overwrite
    }

    fn documents(&self, to: Address) -> Result<Documents<'_>, RestoreError> {
        let portal_url = self.portal.database().read(crate::course::portal_url)?;
        let editor_css = format!("{portal_url}web/css/editor.css");
        let pages = Pages { from: self.origin.address.clone(), to, editor_css };
        let (code, settings, stamp, users) = (self.code, self.settings, self.stamp, &self.origin.users);
        let keep_pages = self.options.keep_pages;
        Ok(Documents { code, settings, stamp, pages, users, keep_pages, again: self.again })
    }

    fn size(&self, counts: impl Fn(&Planned) -> bool) -> u64 {
        let counted = self.planned.iter().filter(|document| counts(document));
        counted.fold(0, |sum: u64, document| sum.saturating_add(document.size))
    }

    fn check_quota(&self, needed: u64, free: u64) -> Result<(), RestoreError> {
        if needed > free {
            return Err(RestoreError::Quota { course: self.code.to_owned(), needed, free });
        }
        Ok(())
    }

    /// Reads the whole archive: judges all documents and unpacks new files aside.
    fn unpack(
        &self,
        documents: &Documents<'_>,
        top: &Folder,
        present: &DocumentTree,
        backup: &mut BackupFile,
        items: &ReadItems,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Aside, RestoreError> {
        let failed = |error| files_error(self.code, b"app/cache", error);
        let staging = Staging::new(self.portal).map_err(failed)?;
        let all = self.size(|_| true).saturating_add(self.loose.size());
        let mut copies = Copies::default();
        let mut read = 0;
        let mut judged = Vec::with_capacity(self.planned.len());
        let mut blocked = HashSet::new();
        for (number, document) in self.planned.iter().enumerate() {
            // Folders come before what is in them, so that a folder that can't be made is known by then.
            let outcome = if blocked.contains(parent(&document.path)) {
                Judged { step: Step::Conflict, size: document.size }
            } else {
                documents.judge(top, present, (backup, &mut copies), &staging, number, document)?
            };
            if matches!(outcome.step, Step::Conflict) {
                blocked.insert(document.path.as_slice());
            }
            judged.push(outcome);
            read += document.size;
            progress(read, all);
        }
        let files = items.stage(self.code, backup, &staging, self.settings.file_mode())?;
        // A restore places its files in a write transaction: one that is open now has ended when the next one begins.
        let settled = || self.portal.database().write(|_| Ok::<_, RestoreError>(()));
        let work = (self.code, self.settings, self.options.conflict);
        let loose = self.loose.stage(work, top, backup, &staging, &settled)?;
        progress(all, all);
        copies.finish()?;
        if self.waits() {
            staging.sync().map_err(failed)?;
        }
        crash::point("unpacked");
        Ok(Aside { staging, judged, files, loose })
    }

    /// Writes all rows and puts all files in their places, in the transaction of `session`.
    #[expect(clippy::too_many_arguments, reason = "they are the parts of one restore")]
    fn add<'a>(
        &self,
        session: &dyn Session,
        course: &Course,
        documents: &Documents<'_>,
        aside: &'a Aside,
        placed: &mut Placed<'a>,
        mut items: ReadItems,
        report: &mut Report,
    ) -> Result<(), RestoreError> {
        let mut import = Import::new(session, course, self.stamp, self.origin, self.options.conflict)?;
        if self.again {
            import.keep_keys();
        }
        let now = DocumentTree::load(session, course.id)?;
        let outcome = &mut report.documents;
        for ((number, document), judged) in self.planned.iter().enumerate().zip(&aside.judged) {
            let there = find(&now, &document.path);
            let key = match (&judged.step, there) {
                // A course starts with folders of its own.
                (Step::Equal, Some((key, _))) | (Step::Folder, Some((key, true))) => {
                    outcome.equal += 1;
                    if self.options.adopt {
                        documents.describe(session, course.id, key, document)?;
                    }
                    Some(key)
                }
                (Step::File { lies: Lies::BesideUnadapted }, Some((key, false))) => {
                    outcome.equal += 1;
                    documents.place(placed, aside, number, document)?;
                    documents.resize(session, key, judged.size)?;
                    if self.options.adopt {
                        documents.describe(session, course.id, key, document)?;
                    }
                    Some(key)
                }
                (Step::Folder | Step::File { .. }, None) => {
                    outcome.added += 1;
                    Some(documents.add(session, course.id, placed, aside, number, document)?)
                }
                (_, there) => {
                    outcome.conflicts.push(String::from_utf8_lossy(&document.path).into_owned());
                    there.map(|(key, _)| key)
                }
            };
            if let (Some(old), Some(new)) = (document.key, key) {
                import.document(old, new);
            }
        }
        self.loose.place(self.code, self.settings, aside, placed, report)?;
        (self.settle)(session, &mut import, &mut items, report)?;
        let mut files = StagedFiles {
            staged: &aside.files,
            staging: aside.staging.folder(),
            names: std::collections::HashMap::new(),
            placed,
            folder_mode: self.settings.folder_mode(),
        };
        for kind in import::order() {
            let items = items.take(kind);
            if !items.is_empty() {
                report.items.push((kind.key, import.kind(kind, items, &mut files)?));
            }
        }
        report.lost_references = import.finish()?.len();
        Ok(())
    }
}

/// The archive's description of its course for `course`, which has none of its own yet. The larger quota counts.
fn adopted(course: &Course, value: &Value<'_>) -> NewCourse {
    let code = String::from_utf8_lossy(&course.code);
    let new = new_course(&code, value);
    let title = if course.title == code { new.title } else { course.title.clone() };
    NewCourse { title, disk_quota: new.disk_quota.max(course.disk_quota), ..new }
}

/// The course that the archive's `info` describes, under a new code.
fn new_course(code: &str, course: &Value<'_>) -> NewCourse {
    let info = course.get("info");
    let text = |name: &str| {
        let value = info.and_then(|info| info.get(name)).and_then(Value::as_text);
        value.map(std::borrow::Cow::into_owned).filter(|text| !text.is_empty())
    };
    let number = |name: &str| info.and_then(|info| info.get(name)).and_then(Value::as_int);
    // Whatever is too long for its column is cut: a course that can't be restored is worse.
    let cut = |text: String, length| text.chars().take(length).collect::<String>();
    NewCourse {
        code: code.to_owned(),
        title: text("title").map_or_else(|| code.to_owned(), |title| cut(title, create::MAX_TITLE)),
        language: text("language").map(|language| cut(language, 20)),
        category: cut(text("category_code").unwrap_or_default(), 40),
        visibility: number("visibility").filter(|visibility| (0..=4).contains(visibility)),
        disk_quota: number("disk_quota").and_then(|quota| u64::try_from(quota).ok()).filter(|quota| *quota > 0),
        department_name: text("department_name").map(|name| cut(name, 30)),
        // Room for the scheme that is put in front.
        department_url: text("department_url").map(|url| cut(url, 173)),
    }
}
