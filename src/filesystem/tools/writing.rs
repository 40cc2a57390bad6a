//! Files of items taken in: what is written into a tool's folder becomes an item, or takes the place of one.
//!
//! A file over an item's changes that item, whose row keeps its key; a file of a new name is a new item, unless an equal
//! one lies in the folder. All rows of a file change in one transaction; a file that can't be understood changes nothing.

use std::fs::File;
use std::io::Read;

use crate::course::Course;
use crate::course::import::{Attachments, ImportError};
use crate::course::tool::Files;
use crate::forms::form::Syntax;
use crate::forms::store::{self, Outcome, Stored};
use crate::forms::{self, Draft, Place, StoreError};
use crate::portal::crash;
use crate::portal::database::{DatabaseError, DatabaseExt, Session};
use crate::portal::storage::Folder;

use super::super::receiver::{Meaning, Receiver, Taken, Target};
use super::super::spool::{Spool, Start};
use super::super::uploads::UploadError;
use super::super::{FsError, Node, PortalFs};
use super::kept::CourseTree;
use super::names::is_temporary;
use super::{bytes, load_now, node_of, place_of};

/// The largest file of an item, in bytes: tests and surveys are far below it.
const LARGEST: u64 = 64 << 20;

/// What files of ours have in them, by which one is told from a file made by hand.
const OURS: &[u8] = b"coursefs";

/// Takes in the files of items, and those that belong to them.
pub struct Items;

/// The one that does.
pub static ITEMS: Items = Items;

impl Receiver for Items {
    fn meaning(&self, folder: Node, name: &[u8]) -> Meaning {
        let fits = |name: &[u8]| match place(folder) {
            Ok(Place::Attachments(..)) => true,
            Ok(place) => forms::form_for(place, name).is_ok_and(|form| form.syntax != Syntax::Package),
            Err(_) => false,
        };
        match fits(name) {
            _ if is_temporary(name, &fits) => Meaning::Temporary,
            true => Meaning::Final,
            false => Meaning::Refused,
        }
    }

    fn refusal(&self, fs: &PortalFs, folder: Node, name: &[u8]) -> FsError {
        let why = place(folder).and_then(|place| match forms::form_for(place, name) {
            Err(error) => Ok(UploadError { errno: libc::EINVAL, text: error.to_string() }),
            Ok(_) => Err(FsError::ReadOnly),
        });
        match why {
            Ok(error) => {
                fs.uploads.refused(&Target { folder, name: name.to_vec(), node: None }, &error);
                FsError::Upload(error)
            }
            Err(error) => error,
        }
    }

    fn place(&self, fs: &PortalFs, node: Node) -> Result<(Node, Vec<u8>), FsError> {
        let Node::Tool(course, tag, key) = node else { return Err(FsError::NotFound) };
        let tree = fs.tools_of(course)?;
        let entry = fs.shown_entry(course, &tree, place_of(tag, key).ok_or(FsError::NotFound)?)?;
        // Whoever writes what was set aside, or was not there for its maker, puts it there.
        fs.tools.aside.show(node);
        let folder = entry.parent.and_then(|parent| node_of(course, parent)).ok_or(FsError::NotFound)?;
        fs.tools.made.is_known(folder);
        if entry.name == forms::tree::INDEX.as_bytes() {
            fs.tools.twins.has_page(folder);
        }
        Ok((folder, entry.name.clone()))
    }

    fn present(&self, fs: &PortalFs, folder: Node, name: &[u8]) -> Result<Option<Node>, FsError> {
        let course = folder.course_number();
        let tree = fs.tools_of(course)?;
        let found = tree.tree.lookup(place(folder)?, name).map(|entry| entry.place);
        let found = found.filter(|place| matches!(place, Place::File(..) | Place::Attachment(..)));
        Ok(found.and_then(|place| node_of(course, place)))
    }

    fn fill(&self, fs: &PortalFs, node: Node, spool: &Spool) -> Result<Start, FsError> {
        match place(node)? {
            // Attachments may be large: they are replaced as a whole.
            Place::Attachment(..) => Ok(Start::Untouched),
            file => {
                let tree = fs.tools_of(node.course_number())?;
                spool.fill(&tree.bytes(file, |tree| bytes(tree, file))?)?;
                Ok(Start::Filled)
            }
        }
    }

    /// An attachment is whatever it is; the files of items have ends by which they are told from parts of them. Of those
    /// that can't be told `fsync` keeps the bytes and the close takes them in.
    fn is_whole(&self, target: &Target, spool: &Spool) -> bool {
        let ends = |with: &[u8]| {
            whole(spool).is_ok_and(|bytes| {
                let text = bytes.trim_ascii_end();
                text.len()
                    .checked_sub(with.len())
                    .and_then(|at| text.get(at..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(with))
            })
        };
        match place(target.folder) {
            Ok(Place::Attachments(..)) => true,
            Ok(folder) => match forms::form_for(folder, &target.name).map(|form| form.syntax) {
                Ok(Syntax::Page(_) | Syntax::Articles(_)) => ends(b"</html>"),
                Ok(Syntax::Calendar) => ends(b"END:VCALENDAR"),
                Ok(Syntax::Sheet) => {
                    whole(spool).is_ok_and(|bytes| serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok())
                }
                // Its last line may be any.
                Ok(Syntax::Shortcut(_)) => {
                    whole(spool).is_ok_and(|bytes| bytes.ends_with(b"\n") && has(&bytes, b"url="))
                }
                Ok(Syntax::Package) | Err(_) => false,
            },
            Err(_) => false,
        }
    }

    fn awaits(&self) -> &'static str {
        "a name that its folder takes"
    }

    fn take(&self, fs: &PortalFs, target: &Target, spool: &Spool) -> Result<Taken, UploadError> {
        // What leads to something by now is no edit when the same file comes again.
        fs.settle_references(target.folder.course_number());
        let taken = match place(target.folder)? {
            Place::Attachments(..) => fs.take_attachment(target, &spool.path()),
            folder => fs.take_item(folder, target, spool),
        }?;
        fs.something_came(target.folder.course_number());
        Ok(taken)
    }
}

/// The place that a node in a tool's folder stands for.
fn place(node: Node) -> Result<Place, FsError> {
    let Node::Tool(_, tag, key) = node else { return Err(FsError::NotFound) };
    place_of(tag, key).ok_or(FsError::NotFound)
}

impl PortalFs {
    /// Changes items of a course in one transaction: `work` gets it, the course, and the tree as it finds it.
    pub(super) fn change_tools<T>(
        &self,
        course: u32,
        work: impl FnOnce(&dyn Session, &Course, &CourseTree) -> Result<T, FsError>,
    ) -> Result<T, FsError> {
        let found = self.course(course)?;
        let before = self.tools_of(course)?;
        let answer = self.portal.database().write_followed(|session| {
            // Nobody else changes rows from here on.
            let moment = self.moment(course)?;
            let tree = if before.is_of(moment) {
                before
            } else {
                self.tools.kept.keep(course, moment, load_now(session, course)?)
            };
            self.tools.kept.changed(course);
            work(session, &found, &tree)
        });
        // What others read meanwhile may be what was there before.
        self.tools.kept.changed(course);
        answer
    }

    /// Takes in the file of an item.
    fn take_item(&self, folder: Place, target: &Target, spool: &Spool) -> Result<Taken, UploadError> {
        let bytes = whole(spool)?;
        if is_cut_off(&target.name, &bytes) {
            let text = "the page is cut off: it begins with <html> and has no </html>".to_owned();
            return Err(UploadError { errno: libc::EINVAL, text });
        }
        let (course, stamp) = (target.folder.course_number(), self.stamp());
        let stored = self.change_tools(course, |session, found, tree| {
            let tree = &tree.tree;
            let mut drafts = forms::read(tree, folder, &target.name, &bytes, &stamp).map_err(StoreError::from)?;
            let own = target.node.and_then(|node| place(node).ok()).filter(|place| tree.entry(*place).is_some());
            let there = own.or_else(|| tree.lookup(folder, &target.name).map(|entry| entry.place));
            let there = there.filter(|place| matches!(place, Place::File(..)));
            if let (None, [draft]) = (there, drafts.as_mut_slice()) {
                rename(draft, &target.name, &bytes);
            }
            let mut folders = Folders(self, course);
            let mut stored = Vec::with_capacity(drafts.len());
            for (number, draft) in drafts.into_iter().enumerate() {
                let over = there.filter(|file| number == 0 && !store::is_namesake(tree, *file, &draft));
                let outcome = match over {
                    Some(file) => store::update(session, found, &stamp, tree, file, draft)?,
                    None => store::insert(session, found, &stamp, tree, draft, &mut folders)?,
                };
                self.keep_references(course, &outcome.pending)?;
                stored.push(outcome);
            }
            crash::point("item-stored");
            Ok(stored)
        })?;
        crash::point("item-over");
        for stored in &stored {
            if stored.outcome == Outcome::Added {
                self.lead_to(course, stored.place)?;
            }
            if let Err(error) = self.end_waiting(course, stored.place, stem_of(&target.name)) {
                // They go on waiting.
                let name = String::from_utf8_lossy(&target.name);
                tracing::warn!("course {course}: attachments of {name} could not be taken in: {error}");
            }
        }
        let node = stored.first().and_then(|stored| node_of(course, stored.place));
        Ok(Taken { node, report: report(&stored) })
    }
}

/// Gives a new item the title that its file's name tells, where the file is a copy of another under a new name. A file
/// made by hand has the title that stands in it.
fn rename(draft: &mut Draft, name: &[u8], bytes: &[u8]) {
    let ours = bytes.windows(OURS.len()).any(|part| part == OURS);
    if ours && !forms::is_name_of(draft, name) {
        let name = String::from_utf8_lossy(name);
        draft.retitle(name.rsplit_once('.').map_or(&*name, |(stem, _)| stem));
    }
}

/// Whether `part`, in capital letters or small ones, is somewhere in `bytes`.
fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|found| found.eq_ignore_ascii_case(part))
}

/// Whether a page is the first part of one only: its writer was killed.
fn is_cut_off(name: &[u8], bytes: &[u8]) -> bool {
    let has = |part: &[u8]| has(bytes, part);
    let page = name.rsplit(|byte| *byte == b'.').next().is_some_and(|end| end.to_ascii_lowercase().starts_with(b"htm"));
    page && has(b"<html") && !has(b"</html>")
}

/// A name without its extension.
fn stem_of(name: &[u8]) -> &[u8] {
    name.iter().rposition(|byte| *byte == b'.').and_then(|dot| name.get(..dot)).unwrap_or(name)
}

/// All that `spool` holds.
fn whole(spool: &Spool) -> Result<Vec<u8>, UploadError> {
    let failed = |error: std::io::Error| UploadError::from(FsError::Files(error));
    if spool.length().map_err(failed)? > LARGEST {
        let text = format!("the file is larger than {} MiB: that is no item", LARGEST >> 20);
        return Err(UploadError { errno: libc::EFBIG, text });
    }
    let mut bytes = Vec::new();
    File::open(spool.path()).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}

/// What was done, in one line.
fn report(stored: &[Stored]) -> String {
    let count = |outcome: Outcome| stored.iter().filter(|stored| stored.outcome == outcome).count();
    let counts = [
        (count(Outcome::Added), "added"),
        (count(Outcome::Changed), "changed"),
        (count(Outcome::Equal), "already there"),
        (stored.iter().map(|stored| stored.pending.len()).sum(), "references lead to what is not there yet"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let cut = stored.iter().flat_map(|stored| &stored.cut).map(|column| format!("too long for the portal: {column}"));
    counts.chain(cut).collect::<Vec<String>>().join(", ")
}

/// Makes the folders that items have on the disk. Their files come by themselves.
pub(super) struct Folders<'a>(pub &'a PortalFs, pub u32);

impl Folders<'_> {
    fn course(&self) -> std::io::Result<Folder> {
        let Folders(fs, course) = self;
        fs.course_folder(*course).map_err(|error| std::io::Error::from_raw_os_error(error.errno()))
    }
}

impl Attachments for Folders<'_> {
    fn place(&mut self, _files: &Files, _name: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn directory(&mut self, path: &[u8]) -> std::io::Result<()> {
        let mode = self.0.portal.settings().map_err(std::io::Error::other)?.folder_mode();
        self.course()?.create_folders(path, mode)
    }
}

/// The error number of an item that was not written.
pub(in super::super) fn errno(error: &StoreError) -> i32 {
    let of_database = |error: &DatabaseError| match error {
        DatabaseError::Busy { .. } => libc::EBUSY,
        _ => libc::EIO,
    };
    match error {
        StoreError::Form(_) => libc::EINVAL,
        StoreError::Taken { .. } => libc::EEXIST,
        StoreError::Database(error) | StoreError::Import(ImportError::Database(error)) => of_database(error),
        StoreError::Import(ImportError::File { source, .. }) => source.raw_os_error().unwrap_or(libc::EIO),
    }
}
