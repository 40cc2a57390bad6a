//! References of items to what is not there yet: kept until it is.
//!
//! Courses are copied name by name, so an item may come before what it refers to. Such a reference is empty in its row
//! and noted in a file below the portal's `app/cache/`, where all hosts of the portal see it and no crash loses it, on
//! the disk before the row is committed. It is set as soon as something is there at its path: after every file that is
//! taken in, and by a look every second for what comes otherwise (a document, an item made in Chamilo). A reference
//! that somebody has set meanwhile stays.
//!
//! Notes name rows by key. One whose row was never committed, because the process was killed at that moment, can't be told
//! from others; it is followed only if the row is there, its column empty, and the target of the right kind.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use serde::{Deserialize, Serialize};

use crate::course::Course;
use crate::course::tool::{TOOLS, Table};
use crate::forms::store::{self, Pending};

use super::super::{FsError, PortalFs};

/// The folder with the notes. It is there only as long as there are any.
const FOLDER: &str = "app/cache/waiting-references";

/// How often the notes are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What paths in notes can't hold as it is.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// A reference in a note.
#[derive(Serialize, Deserialize)]
struct Noted {
    table: String,
    row: i64,
    column: String,
    target: String,
    /// Percent-encoded: names may be no valid UTF-8.
    path: String,
}

impl Noted {
    fn of(pending: &Pending) -> Noted {
        Noted {
            table: pending.table.into(),
            row: pending.row,
            column: pending.column.clone(),
            target: pending.target.into(),
            path: percent_encode(&pending.path, ENCODED).to_string(),
        }
    }

    /// What was noted; `None` if this program knows no such table.
    fn pending(self) -> Option<Pending> {
        let table = table(&self.table)?;
        Some(Pending {
            table: table.name,
            primary: table.primary,
            row: self.row,
            column: self.column,
            target: if self.target == "c_document" { "c_document" } else { self::table(&self.target)?.name },
            path: percent_decode_str(&self.path).collect(),
        })
    }
}

fn table(name: &str) -> Option<&'static Table> {
    fn find(table: &'static Table, name: &str) -> Option<&'static Table> {
        if table.name == name { Some(table) } else { table.children.iter().find_map(|child| find(child, name)) }
    }
    TOOLS.iter().flat_map(|tool| tool.kinds).find_map(|kind| find(&kind.table, name))
}

impl PortalFs {
    /// Notes references of items of `course`, on the disk when this returns. To be called before their rows are
    /// committed.
    pub(super) fn keep_references(&self, course: u32, pending: &[Pending]) -> Result<(), FsError> {
        if pending.is_empty() {
            return Ok(());
        }
        let folder = self.portal.root().join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        let noted: Vec<Noted> = pending.iter().map(Noted::of).collect();
        let text = serde_json::to_vec(&noted).map_err(io::Error::from)?;
        let mut file = tempfile::Builder::new().prefix(".").tempfile_in(&folder)?;
        io::Write::write_all(&mut file, &text)?;
        file.as_file().sync_all()?;
        let name = file.path().file_name().unwrap_or_default().to_owned();
        let name = [format!("{course}").as_bytes(), name.as_bytes()].concat();
        file.persist_noclobber(folder.join(OsStr::from_bytes(&name))).map_err(|error| error.error)?;
        std::fs::File::open(&folder)?.sync_all()?;
        Ok(())
    }

    /// The notes of a course, or of all.
    fn notes(&self, course: Option<u32>) -> Vec<(u32, PathBuf)> {
        // Mostly there is no such folder.
        let Ok(entries) = std::fs::read_dir(self.portal.root().join(FOLDER)) else { return Vec::new() };
        let note = |entry: std::fs::DirEntry| {
            let name = entry.file_name();
            let (of, _) = name.to_str()?.split_once('.')?;
            let of = of.parse().ok()?;
            course.is_none_or(|course| course == of).then(|| (of, entry.path()))
        };
        entries.filter_map(Result::ok).filter_map(note).collect()
    }

    /// Sets the references of items of a course that lead to something by now.
    pub(super) fn settle_references(&self, course: u32) {
        for (course, note) in self.notes(Some(course)) {
            self.settle_note(course, &note);
        }
    }

    fn settle_note(&self, course: u32, note: &PathBuf) {
        match self.try_settle(course, note) {
            Ok(()) => {}
            Err(FsError::NotFound) => {
                // The course is gone, and its items with it.
                std::fs::remove_file(note).ok();
            }
            Err(error) => tracing::warn!("course {course}: references in {} can't be set: {error}", note.display()),
        }
        std::fs::remove_dir(self.portal.root().join(FOLDER)).ok();
    }

    fn try_settle(&self, course: u32, note: &PathBuf) -> Result<(), FsError> {
        let text = match std::fs::read(note) {
            // Another host was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            text => text?,
        };
        let noted: Vec<Noted> = serde_json::from_slice(&text).map_err(io::Error::from)?;
        let pending: Vec<Pending> = noted.into_iter().filter_map(Noted::pending).collect();
        let tree = self.tools_of(course)?;
        let leads = |pending: &Pending| {
            tree.tree.resolve_reference(&pending.path).is_some_and(|(table, _)| table == pending.target)
        };
        if !pending.iter().any(leads) {
            return Ok(());
        }
        let left =
            self.change_tools(course, |session, _: &Course, tree| Ok(store::settle(session, &tree.tree, &pending)?))?;
        // What is left goes into a note of its own first.
        self.keep_references(course, &left)?;
        std::fs::remove_file(note)?;
        Ok(())
    }

    /// Looks after references that wait, for as long as the file system lives, in a thread of its own.
    pub fn keep_settling(self: &Arc<Self>) {
        if self.writable().is_err() {
            return;
        }
        let fs = Arc::downgrade(self);
        let settle = move || {
            loop {
                std::thread::sleep(EVERY);
                let Some(fs) = fs.upgrade() else { return };
                let mut courses: Vec<u32> = fs.notes(None).into_iter().map(|(course, _)| course).collect();
                courses.extend(fs.courses_with_waiting());
                courses.sort_unstable();
                courses.dedup();
                for course in courses {
                    // Not beside something that is being taken in, which does the same at its end.
                    let turn = fs.uploads.turns.take(course);
                    fs.something_came(course);
                    drop(turn);
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("references".into()).spawn(settle) {
            tracing::error!("references to what comes later are not set: there is no thread for it: {error}");
        }
    }
}
