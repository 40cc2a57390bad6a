//! Files on their way into a course: noted in the journal, compared, put in their places, and taken away again if the
//! rows are not committed.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use crate::course::Course;
use crate::course::import::Attachments;
use crate::course::tool::{Files, Owner, Table};
use crate::portal::crash;
use crate::portal::journal::{Journal, Witness};
use crate::portal::storage::Folder;

use super::plan::harmless_path;

use super::again;

/// What will be placed in one course, for the journal.
pub struct Plan<'a> {
    course: &'a Course,
    top: &'a Folder,
    journal: Journal,
    folders: HashSet<Vec<u8>>,
}

impl<'a> Plan<'a> {
    /// Nothing yet for `course`, whose folder is `top`.
    pub fn new(course: &'a Course, top: &'a Folder) -> Plan<'a> {
        Plan { course, top, journal: Journal::default(), folders: HashSet::new() }
    }

    /// The row of the document `path` (without a leading slash).
    pub fn document(&self, path: &[u8]) -> Witness {
        self.witness(Owner::Number, "c_document", "path", [b"/", path].concat())
    }

    /// The row of `table` that has `text` in `column`.
    pub fn row(&self, table: &Table, column: &str, text: Vec<u8>) -> Witness {
        self.witness(table.owner, table.name, column, text)
    }

    fn witness(&self, owner: Owner, table: &str, column: &str, text: Vec<u8>) -> Witness {
        let owner = match owner {
            Owner::Number => ("c_id".into(), self.course.id.to_string().into_bytes()),
            Owner::Code => ("course_code".into(), self.course.code.clone()),
            // Such rows are few, and none of them names a file.
            Owner::Parent => Default::default(),
        };
        Witness { table: table.into(), column: column.into(), owner, text }
    }

    /// The folder `place` and those above it, as far as they are not there, will be made. `witness` is the row of
    /// `place` itself, if one comes with it.
    pub fn folder(&mut self, place: &[u8], witness: Witness) {
        for (folder, whole) in levels(place) {
            if self.top.stat(folder).is_err() && self.folders.insert(folder.to_vec()) {
                let witness = if whole { witness.clone() } else { Witness::default() };
                self.journal.made(self.below_courses(folder), witness);
            }
        }
    }

    /// The folder `place` will be made, though there may be one now: that will make way.
    pub fn folder_anew(&mut self, place: &[u8], witness: Witness) {
        if self.folders.insert(place.to_vec()) {
            self.journal.made(self.below_courses(place), witness);
        }
    }

    /// The file `staged` of the folder `staging` will be moved to `place`, whose folder is made for it.
    pub fn file(&mut self, staging: &Folder, staged: &[u8], place: &[u8], witness: Witness) -> io::Result<()> {
        if let Some(slash) = place.iter().rposition(|byte| *byte == b'/') {
            self.folder(place.get(..slash).unwrap_or_default(), Witness::default());
        }
        self.journal.moved(staging, staged, self.below_courses(place), witness)
    }

    /// The file `place` will make way and be called `staged`.
    pub fn aside(&mut self, place: &[u8], staged: &[u8], witness: Witness) {
        self.journal.aside(self.below_courses(place), staged, witness);
    }

    /// The journal.
    pub fn finish(self) -> Journal {
        self.journal
    }

    fn below_courses(&self, place: &[u8]) -> Vec<u8> {
        [&self.course.directory, b"/".as_slice(), place].concat()
    }
}

/// The folders above `place` and itself, from the uppermost one; whether it is `place`.
fn levels(place: &[u8]) -> impl Iterator<Item = (&[u8], bool)> {
    let ends = place.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
    let levels = ends.chain([place.len()]).filter_map(move |end| Some((place.get(..end)?, end == place.len())));
    levels.filter(|(folder, _)| !folder.is_empty())
}

/// Files and folders put in their places; taken away again when dropped, unless they were kept.
pub struct Placed<'a> {
    top: &'a Folder,
    /// Paths and whether they are folders, in the order of their making.
    paths: Vec<(Vec<u8>, bool)>,
    /// Files that made way: where they lay, the folder that has them now, and their names there.
    aside: Vec<(Vec<u8>, &'a Folder, Vec<u8>)>,
    /// Paths of rows of deleted documents that have come back.
    deleted: Vec<Vec<u8>>,
}

impl<'a> Placed<'a> {
    /// Nothing placed in the course folder `top` yet.
    pub fn new(top: &'a Folder) -> Placed<'a> {
        Placed { top, paths: Vec::new(), aside: Vec::new(), deleted: Vec::new() }
    }

    /// The course's folder.
    pub fn top(&self) -> &'a Folder {
        self.top
    }

    /// Makes the folder `place` if it is not there.
    pub fn folder(&mut self, place: &[u8], mode: u32) -> io::Result<()> {
        for (folder, _) in levels(place) {
            if self.top.stat(folder).is_err() {
                self.top.create_folders(folder, mode)?;
                self.paths.push((folder.to_vec(), true));
                crash::point("placed");
            }
        }
        Ok(())
    }

    /// Moves the file `name` of the folder `from` to `place`, where nothing may be (`EEXIST`).
    pub fn file(&mut self, from: &Folder, name: &[u8], place: &[u8]) -> io::Result<()> {
        from.move_to(name, self.top, place)?;
        self.paths.push((place.to_vec(), false));
        crash::point("placed");
        Ok(())
    }

    /// Moves the file `place` away to make room; in the folder `to` it is called `name`.
    pub fn take_aside(&mut self, place: &[u8], to: &'a Folder, name: Vec<u8>) -> io::Result<()> {
        self.top.move_to(place, to, &name)?;
        crash::point("placed");
        self.aside.push((place.to_vec(), to, name));
        Ok(())
    }

    /// Paths of rows of deleted documents that have come back: their files go when all is for good.
    pub fn deleted(&mut self) -> &mut Vec<Vec<u8>> {
        &mut self.deleted
    }

    /// Leaves everything where it is.
    pub fn keep(mut self) {
        again::remove_deleted(self.top, std::mem::take(&mut self.deleted));
        self.paths.clear();
        self.aside.clear();
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
        for (path, from, name) in self.aside.drain(..).rev() {
            if let Err(error) = from.move_to(&name, self.top, &path) {
                let path = String::from_utf8_lossy(&path).into_owned();
                tracing::warn!("{path} in {} can't be put back: {error}", self.top.path().display());
            }
        }
    }
}

/// A writer that compares what is written with a file.
pub struct Compare {
    existing: File,
    offset: u64,
    equal: bool,
}

impl Compare {
    /// A comparison with `existing`.
    pub fn with(existing: File) -> Compare {
        Compare { existing, offset: 0, equal: true }
    }

    /// Whether the file holds exactly what was written.
    pub fn finish(self) -> io::Result<bool> {
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

/// A file of items, unpacked.
pub struct Staged {
    /// Its name in the staging folder.
    pub aside: Vec<u8>,
    /// The name that it gets if another file has its own: stored names mean nothing to people, and Chamilo's are
    /// random too.
    pub spare: Vec<u8>,
    /// The name of its smaller version there, if the archive has one.
    pub small: Option<Vec<u8>>,
    /// The folder that it goes into, and what else is known of such files.
    pub files: Files,
    /// The table whose rows name it.
    pub table: &'static Table,
}

impl Staged {
    /// The place of its smaller version and the name that this one was unpacked under, if the file itself is called
    /// `name`.
    pub fn small(&self, name: &[u8]) -> Option<(Vec<u8>, &[u8])> {
        Some((self.place(&self.files.small_name(name)?), self.small.as_deref()?))
    }

    /// The place of a file called `name`.
    pub fn place(&self, name: &[u8]) -> Vec<u8> {
        [self.files.folder.as_bytes(), b"/", name].concat()
    }
}

/// Unpacked files by folder and name in the archive.
pub type StagedNames = HashMap<(&'static str, Vec<u8>), Staged>;

/// A name that nobody else has drawn, with the extension of `name`.
pub fn fresh_name(name: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let number = format!("{:016x}", u64::from_le_bytes(bytes)).into_bytes();
    let extension = name.iter().rposition(|byte| *byte == b'.').and_then(|dot| name.get(dot..)).unwrap_or_default();
    let whole = [number.as_slice(), extension].concat();
    Ok(if is_harmless(&whole) { whole } else { number })
}

/// Whether no web server would run a file of this name.
fn is_harmless(name: &[u8]) -> bool {
    harmless_path(name).is_some_and(|harmless| harmless == name)
}

/// The files of items, unpacked aside and waiting for their rows.
pub struct StagedFiles<'a, 'b> {
    /// What was unpacked.
    pub staged: &'b StagedNames,
    /// The staging folder.
    pub staging: &'b Folder,
    /// Where they go.
    pub placed: &'b mut Placed<'a>,
    /// Mode of new folders.
    pub folder_mode: u32,
    /// Names that files got, by folder and name in the archive.
    pub names: HashMap<(&'static str, Vec<u8>), Vec<u8>>,
}

impl Attachments for StagedFiles<'_, '_> {
    fn place(&mut self, files: &Files, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let key = (files.folder, name.to_vec());
        // Several rows may name one file.
        if let Some(name) = self.names.get(&key) {
            return Ok(Some(name.clone()));
        }
        let Some(staged) = self.staged.get(&key) else { return Ok(None) };
        self.placed.folder(files.folder.as_bytes(), self.folder_mode)?;
        let under =
            |placed: &mut Placed<'_>, name: &[u8]| placed.file(self.staging, &staged.aside, &staged.place(name));
        let first = if is_harmless(name) { name } else { &staged.spare };
        let got = match under(self.placed, first) {
            Ok(()) => first,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                under(self.placed, &staged.spare)?;
                &staged.spare
            }
            Err(error) => return Err(error),
        };
        if let Some((place, aside)) = staged.small(got) {
            match self.placed.file(self.staging, aside, &place) {
                // A smaller version that somebody left behind makes no harm.
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        self.names.insert(key, got.to_vec());
        Ok(Some(got.to_vec()))
    }

    fn directory(&mut self, path: &[u8]) -> io::Result<()> {
        self.placed.folder(path, self.folder_mode)
    }
}
