//! Files on their way into a course: unpacked aside, compared, put in their places, and taken away again if the rows
//! are not committed.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use tempfile::TempDir;

use crate::course::import::Attachments;
use crate::course::tool::Files;
use crate::portal::Portal;
use crate::portal::storage::Folder;

/// Chamilo's folder for temporary files, on the same disk as the courses and not served.
const CACHE: &str = "app/cache";

/// Waits until everything written is on the disk: rows must not outlive the files that they point at.
pub fn sync(folder: &Folder) -> io::Result<()> {
    let readable = rustix::fs::openat(
        folder,
        ".",
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )?;
    Ok(rustix::fs::syncfs(readable)?)
}

/// A private folder for unpacked files; gone when it is dropped.
pub struct Staging {
    // Dropped before `_temporary` removes what it stands for.
    /// The folder.
    pub folder: Folder,
    _temporary: TempDir,
}

impl Staging {
    /// A new one below the portal's `app/cache/`.
    pub fn new(portal: &Portal) -> io::Result<Staging> {
        let cache = portal.root().join(CACHE);
        std::fs::create_dir_all(&cache)?;
        let temporary = tempfile::Builder::new().prefix("coursefs-").tempdir_in(&cache)?;
        Ok(Staging { folder: Folder::open(temporary.path())?, _temporary: temporary })
    }
}

/// Files and folders put in their places; taken away again when dropped, unless they were kept.
pub struct Placed<'a> {
    top: &'a Folder,
    /// Paths and whether they are folders, in the order of their making.
    paths: Vec<(Vec<u8>, bool)>,
    /// Files that made way: where they lay, the folder that has them now, and their names there.
    aside: Vec<(Vec<u8>, &'a Folder, &'static [u8])>,
}

impl<'a> Placed<'a> {
    /// Nothing placed in the course folder `top` yet.
    pub fn new(top: &'a Folder) -> Placed<'a> {
        Placed { top, paths: Vec::new(), aside: Vec::new() }
    }

    /// The course's folder.
    pub fn top(&self) -> &'a Folder {
        self.top
    }

    /// Makes the folder `place` if it is not there.
    pub fn folder(&mut self, place: &[u8], mode: u32) -> io::Result<()> {
        if self.top.stat(place).is_ok() {
            return Ok(());
        }
        self.top.create_folders(place, mode)?;
        self.paths.push((place.to_vec(), true));
        Ok(())
    }

    /// Moves the file `name` of the folder `from` to `place`, where nothing may be (`EEXIST`).
    pub fn file(&mut self, from: &Folder, name: &[u8], place: &[u8]) -> io::Result<()> {
        from.move_to(name, self.top, place)?;
        self.paths.push((place.to_vec(), false));
        Ok(())
    }

    /// Moves the file `place` away to make room; in the folder `to` it is called `name`.
    pub fn take_aside(&mut self, place: &[u8], to: &'a Folder, name: &'static [u8]) -> io::Result<()> {
        self.top.move_to(place, to, name)?;
        self.aside.push((place.to_vec(), to, name));
        Ok(())
    }

    /// A number that nobody else has drawn.
    fn fresh_number(&self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Leaves everything where it is.
    pub fn keep(mut self) {
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
            if let Err(error) = from.move_to(name, self.top, &path) {
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

/// Names of unpacked files in the staging folder, by folder and name in the archive.
pub type StagedNames = HashMap<(&'static str, Vec<u8>), Vec<u8>>;

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
}

impl Attachments for StagedFiles<'_, '_> {
    fn place(&mut self, files: &Files, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let Some(staged) = self.staged.get(&(files.folder, name.to_vec())) else { return Ok(None) };
        self.placed.folder(files.folder.as_bytes(), self.folder_mode)?;
        let mut name = name.to_vec();
        loop {
            let place = [files.folder.as_bytes(), b"/", &name].concat();
            match self.placed.file(self.staging, staged, &place) {
                Ok(()) => return Ok(Some(name)),
                // Stored names mean nothing to people; Chamilo's are random too.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    name = format!("{:016x}", self.placed.fresh_number()?).into_bytes();
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn directory(&mut self, path: &[u8]) -> io::Result<()> {
        self.placed.folder(path, self.folder_mode)
    }
}
