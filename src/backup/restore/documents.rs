//! The documents of an archive on their way into a course.

use std::borrow::Cow;
use std::fs::{File, FileTimes, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::FileType;

use crate::course::Stamp;
use crate::course::document::DocumentTree;
use crate::course::document_rows::{self, DocumentKind, NewDocument};
use crate::course::extra_field;
use crate::course::html::{self, Address};
use crate::portal::Settings;
use crate::portal::database::{Session, Value};
use crate::portal::staging::Staging;
use crate::portal::storage::Folder;

use super::super::links;
use super::super::reader::BackupFile;
use super::again;
use super::copies::Copies;
use super::files::{Compare, Placed, Plan};
use super::plan::Planned;
use super::{Aside, RestoreError, files_error};

/// Where documents lie in a course and in a backup.
const DOCUMENTS: &str = "document";

/// The page that Chamilo lays into every Document folder so that no web server lists it. It has no row, and makes way
/// for a document of that name.
const GUARD: &[u8] = b"index.html";

/// What stands in pages of Chamilo's archives for the address of the editor's style sheet (Chamilo 1.11,
/// CourseArchiver).
const EDITOR_CSS: &[u8] = b"{{css_editor}}";

/// Pages longer than this are not looked at for links, in bytes.
const LONGEST_PAGE: u64 = 64 << 20;

/// What becomes of one document of the archive, and how long its file will be.
#[derive(Clone, Copy)]
pub struct Judged {
    /// What to do.
    pub step: Step,
    /// Length of the file as it will be, in bytes.
    pub size: u64,
}

/// What becomes of one document of the archive.
#[derive(Clone, Copy)]
pub enum Step {
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
#[derive(Clone, Copy)]
pub enum Lies {
    /// Unpacked, in the staging folder.
    Aside,
    /// There too, and at its place the guarding page, which makes way.
    BesideGuard,
    /// There too, and at its place the same page with links that still lead to the course of the archive; it makes way.
    BesideUnadapted,
    /// At its place already, without a row.
    InPlace,
}

/// The key of the document that is there, and whether it is a folder.
pub fn find(tree: &DocumentTree, path: &[u8]) -> Option<(i64, bool)> {
    let mut folder = None;
    let mut found = None;
    for name in path.split(|byte| *byte == b'/') {
        let document = tree.child(folder, name)?;
        folder = Some(document.iid);
        found = Some((document.iid, document.folder));
    }
    found
}

/// The path of a document in the course's folder.
pub fn below_documents(path: &[u8]) -> Vec<u8> {
    [DOCUMENTS.as_bytes(), b"/", path].concat()
}

/// The path of the folder that `path` lies in, empty for the uppermost one.
pub fn parent(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/');
    slash.and_then(|slash| path.get(..slash)).unwrap_or_default()
}

/// The name of an unpacked document in the staging folder.
pub fn staged_name(number: usize) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// The name in the staging folder of what makes way for an unpacked document.
fn beside_name(number: usize) -> Vec<u8> {
    format!("beside-{number}").into_bytes()
}

/// How pages of the archive are adapted to the course.
pub struct Pages {
    /// The course of the archive.
    pub from: Address,
    /// The course that takes them.
    pub to: Address,
    /// The address of the portal's editor style sheet.
    pub editor_css: String,
}

impl Pages {
    fn adapt(&self, page: Vec<u8>) -> Vec<u8> {
        let mut page = page;
        if let Some(css) = html::replaced(&page, EDITOR_CSS, self.editor_css.as_bytes(), |_| true) {
            page = css;
        }
        html::moved(&page, &self.from, &self.to).unwrap_or(page)
    }
}

/// The documents of one restore.
pub struct Documents<'a> {
    /// Code of the course, for messages.
    pub code: &'a str,
    /// The platform's settings.
    pub settings: &'a Settings,
    /// Who acts.
    pub stamp: Stamp,
    /// How pages are adapted.
    pub pages: Pages,
    /// Users of the archive that are users of this portal.
    pub users: &'a std::collections::HashMap<i64, i64>,
    /// Whether pages that are there keep their links to the archive's course.
    pub keep_pages: bool,
    /// Whether the archive is of this very course.
    pub again: bool,
}

impl Documents<'_> {
    /// Decides what becomes of one document, and unpacks its file aside if it is new.
    pub fn judge(
        &self,
        top: &Folder,
        present: &DocumentTree,
        (backup, copies): (&mut BackupFile, &mut Copies),
        staging: &Staging,
        number: usize,
        document: &Planned,
    ) -> Result<Judged, RestoreError> {
        let place = below_documents(&document.path);
        let failed = |source| files_error(self.code, &place, source);
        let judged = |step| Judged { step, size: document.size };
        let row = find(present, &document.path).map(|(_, folder)| folder);
        let on_disk = match top.stat(&place) {
            Ok(stat) => Some(FileType::from_raw_mode(stat.st_mode)),
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => None,
            // A symbolic link in the way is not followed.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ELOOP | libc::EXDEV)) => {
                return Ok(judged(Step::Conflict));
            }
            Err(error) => return Err(failed(error)),
        };
        let Some(entry) = &document.entry else {
            return Ok(judged(match (row, on_disk) {
                // A folder may so far be only a row, as Chamilo's own are at first.
                (Some(true), Some(FileType::Directory) | None) => Step::Equal,
                (None, None | Some(FileType::Directory)) => Step::Folder,
                _ => Step::Conflict,
            }));
        };
        let lies = match (row, on_disk) {
            (None, None) => Lies::Aside,
            (row, Some(FileType::RegularFile)) if row != Some(true) => {
                let mut compare = Compare::with(top.open_file(&place).map_err(failed)?);
                let (size, _) = self.unpack(backup, document, entry, &mut compare)?;
                match (compare.finish().map_err(failed)?, row) {
                    (true, Some(_)) => return Ok(Judged { step: Step::Equal, size }),
                    (true, None) => return Ok(Judged { step: Step::File { lies: Lies::InPlace }, size }),
                    (false, None) if document.path == GUARD => Lies::BesideGuard,
                    (false, Some(_))
                        if !self.keep_pages && self.is_unadapted(backup, top, &place, document, entry)? =>
                    {
                        Lies::BesideUnadapted
                    }
                    (false, _) => return Ok(Judged { step: Step::Conflict, size }),
                }
            }
            _ => return Ok(judged(Step::Conflict)),
        };
        self.unpack_aside((backup, copies), staging, number, document, entry, lies)
    }

    fn unpack_aside(
        &self,
        (backup, copies): (&mut BackupFile, &mut Copies),
        staging: &Staging,
        number: usize,
        document: &Planned,
        entry: &[u8],
        lies: Lies,
    ) -> Result<Judged, RestoreError> {
        let failed = |source| files_error(self.code, entry, source);
        let mut file = staging.folder().create_file(&staged_name(number), 0o600).map_err(failed)?;
        let mode = self.settings.file_mode();
        let size = match (self.is_adapted(document), backup.source(entry)) {
            (false, Some(source)) => {
                copies.add(source, file, self.code, mode);
                document.size
            }
            _ => {
                let (size, mtime) = self.unpack(backup, document, entry, &mut file)?;
                finish(&file, mode, mtime).map_err(failed)?;
                size
            }
        };
        Ok(Judged { step: Step::File { lies }, size })
    }

    /// Whether the file at `place` is the page of the archive as it was in its own course.
    fn is_unadapted(
        &self,
        backup: &mut BackupFile,
        top: &Folder,
        place: &[u8],
        document: &Planned,
        entry: &[u8],
    ) -> Result<bool, RestoreError> {
        let failed = |source| files_error(self.code, place, source);
        if !self.is_adapted(document) {
            return Ok(false);
        }
        let mut page = Vec::new();
        backup.unpack(entry, &mut page)?;
        let page = links::restore(&page, &document.patches).unwrap_or(page);
        let mut compare = Compare::with(top.open_file(place).map_err(failed)?);
        compare.write_all(&page).map_err(failed)?;
        compare.finish().map_err(failed)
    }

    /// Whether links in the document are adapted.
    fn is_adapted(&self, document: &Planned) -> bool {
        is_page(&document.path) && document.size <= LONGEST_PAGE
    }

    /// Writes the document's bytes, adapted if it is a page, and returns their number and the time of last change.
    fn unpack(
        &self,
        backup: &mut BackupFile,
        document: &Planned,
        entry: &[u8],
        output: &mut dyn Write,
    ) -> Result<(u64, Option<i64>), RestoreError> {
        if !self.is_adapted(document) {
            return Ok((document.size, backup.unpack(entry, output)?));
        }
        let mut page = Vec::new();
        let mtime = backup.unpack(entry, &mut page)?;
        // A page that somebody has edited in the archive keeps its links as they are there.
        let page = links::restore(&page, &document.patches).unwrap_or(page);
        let page = self.pages.adapt(page);
        output.write_all(&page).map_err(|source| files_error(self.code, entry, source))?;
        Ok((page.len() as u64, mtime))
    }

    /// Notes what [`add`](Self::add) will place.
    pub fn plan(&self, plan: &mut Plan<'_>, aside: &Aside, number: usize, document: &Planned) -> io::Result<()> {
        let place = below_documents(&document.path);
        let row = plan.document(&document.path);
        match aside.judged.get(number).map(|judged| judged.step) {
            Some(Step::Folder) => plan.folder(&place, row),
            Some(Step::File { lies: lies @ (Lies::Aside | Lies::BesideGuard | Lies::BesideUnadapted) }) => {
                if !matches!(lies, Lies::Aside) {
                    plan.aside(&place, &beside_name(number), row.clone());
                }
                plan.file(aside.staging.folder(), &staged_name(number), &place, row)?;
            }
            Some(Step::File { lies: Lies::InPlace } | Step::Equal | Step::Conflict) | None => {}
        }
        Ok(())
    }

    /// Puts what was unpacked in its place; returns how long the file is.
    pub fn place<'a>(
        &self,
        placed: &mut Placed<'a>,
        aside: &'a Aside,
        number: usize,
        document: &Planned,
    ) -> Result<u64, RestoreError> {
        let judged = aside.judged.get(number).copied().unwrap_or(Judged { step: Step::Conflict, size: 0 });
        let place = below_documents(&document.path);
        let failed = |source| files_error(self.code, &place, source);
        match judged.step {
            Step::Folder => placed.folder(&place, self.settings.folder_mode()).map_err(failed)?,
            Step::File { lies: lies @ (Lies::Aside | Lies::BesideGuard | Lies::BesideUnadapted) } => {
                let staged = aside.staging.folder();
                if !matches!(lies, Lies::Aside) {
                    placed.take_aside(&place, staged, beside_name(number)).map_err(failed)?;
                }
                // The folder may so far be only a row, as Chamilo's own are at first.
                placed.folder(parent(&place), self.settings.folder_mode()).map_err(failed)?;
                placed.file(staged, &staged_name(number), &place).map_err(failed)?;
            }
            Step::File { lies: Lies::InPlace } | Step::Equal | Step::Conflict => {}
        }
        Ok(judged.size)
    }

    /// Puts a new document in its place and enters it; returns its key.
    pub fn add<'a>(
        &self,
        session: &dyn Session,
        course: i64,
        placed: &mut Placed<'a>,
        aside: &'a Aside,
        number: usize,
        document: &Planned,
    ) -> Result<i64, RestoreError> {
        let size = self.place(placed, aside, number, document)?;
        let path = [b"/".as_slice(), &document.path].concat();
        let kind = match document.entry {
            Some(_) => DocumentKind::File { size },
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
        let iid = match document.key.filter(|_| self.again) {
            Some(old) => again::take_key(session, course, iid, old, placed.deleted())?,
            None => iid,
        };
        if document.readonly {
            session.execute("UPDATE c_document SET readonly = 1 WHERE iid = ?", &[iid.into()])?;
        }
        for field in &document.fields {
            extra_field::insert(session, extra_field::DOCUMENT, iid, field, &self.stamp)?;
        }
        self.date(session, course, iid, document)?;
        Ok(iid)
    }

    /// Gives a document that is there what the archive says of it besides its bytes.
    pub fn describe(
        &self,
        session: &dyn Session,
        course: i64,
        iid: i64,
        document: &Planned,
    ) -> Result<(), RestoreError> {
        let sql = "UPDATE c_document SET title = ?, comment = ?, readonly = ? WHERE iid = ?";
        let values =
            [document.title.as_str().into(), document.comment.clone().into(), document.readonly.into(), iid.into()];
        session.execute(sql, &values)?;
        let sql = "UPDATE c_item_property SET visibility = ? WHERE +c_id = ? AND tool = 'document' AND ref = ?";
        session.execute(sql, &[document.visible.into(), course.into(), iid.into()])?;
        self.date(session, course, iid, document)
    }

    /// Gives the row of a document the size of its new file.
    pub fn resize(&self, session: &dyn Session, iid: i64, size: u64) -> Result<(), RestoreError> {
        let sql = "UPDATE c_document SET size = ? WHERE iid = ?";
        session.execute(sql, &[document_rows::stored_size(size), iid.into()])?;
        Ok(())
    }

    /// Gives a document the dates and users of the archive, as far as it has any.
    fn date(&self, session: &dyn Session, course: i64, iid: i64, document: &Planned) -> Result<(), RestoreError> {
        let Some(history) = &document.history else { return Ok(()) };
        let user = |column: &str| {
            let user = history.int(column).and_then(|user| self.users.get(&user));
            Value::Int(user.copied().unwrap_or(self.stamp.user))
        };
        // The plus keeps SQLite from looking through all properties of the course for each document.
        let sql = "UPDATE c_item_property SET insert_date = ?, lastedit_date = ?, lastedit_type = ?, \
                   insert_user_id = ?, lastedit_user_id = ? WHERE +c_id = ? AND tool = 'document' AND ref = ?";
        let values = [
            history.get("insert_date").clone(),
            history.get("lastedit_date").clone(),
            history.get("lastedit_type").clone(),
            user("insert_user_id"),
            user("lastedit_user_id"),
            course.into(),
            iid.into(),
        ];
        session.execute(sql, &values)?;
        Ok(())
    }
}

/// Gives an unpacked file its mode and time.
pub fn finish(file: &File, mode: u32, mtime: Option<i64>) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))?;
    let mtime = mtime.and_then(|mtime| u64::try_from(mtime).ok());
    match mtime.and_then(|mtime| UNIX_EPOCH.checked_add(Duration::from_secs(mtime))) {
        Some(time) => file.set_times(FileTimes::new().set_modified(time)),
        None => Ok(()),
    }
}

/// Whether a document is a page, by its name as Chamilo judges it.
pub fn is_page(path: &[u8]) -> bool {
    let name = String::from_utf8_lossy(path);
    let extension: Cow<'_, str> = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().into();
    matches!(&*extension, "html" | "htm")
}
