//! The folder of a course while it is being made: built where nobody looks, moved to its place in one step, taken back
//! if the rows can't be committed.
//!
//! It lies in a [`Staging`] folder on the same disk as the courses, so that the move is one rename; a move whose rows
//! were not committed because the process was killed is undone by [`recovery`](crate::portal::recovery). Creation and
//! restore both put a course's files there.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;

use super::defaults;
use crate::portal::journal::{Journal, Witness};
use crate::portal::staging::Staging;
use crate::portal::storage::Folder;
use crate::portal::{Portal, Settings, crash};

/// The course's folder in the staging folder.
const COURSE: &[u8] = b"course";

/// The folder of a new course, not yet where Chamilo finds it. Dropping it removes it, unless it was kept.
#[derive(Debug)]
pub struct StagedCourse {
    course: Folder,
    staging: Staging,
    folder_mode: u32,
    file_mode: u32,
}

impl StagedCourse {
    /// Makes the folders and guarding files of an empty course, with the modes of the platform's settings.
    pub fn new(portal: &Portal, settings: &Settings) -> io::Result<StagedCourse> {
        let staging = Staging::new(portal)?;
        let (folder_mode, file_mode) = (settings.folder_mode(), settings.file_mode());
        staging.folder().create_folders(COURSE, folder_mode)?;
        let course = staging.folder().folder(COURSE)?;
        let staged = StagedCourse { course, staging, folder_mode, file_mode };
        for (folder, has_index) in defaults::FOLDERS {
            staged.course.create_folders(folder.as_bytes(), folder_mode)?;
            if has_index {
                staged.write_file(format!("{folder}/index.html").as_bytes(), defaults::INDEX_PAGE.as_bytes())?;
            }
        }
        staged.write_file(b"dropbox/.htaccess", defaults::DENY_ALL.as_bytes())?;
        Ok(staged)
    }

    /// The course's folder as it stands, for files that the course starts with.
    pub fn folder(&self) -> &Folder {
        &self.course
    }

    /// Creates a folder and those above it with the platform's mode for new folders.
    pub fn create_folders(&self, path: &[u8]) -> io::Result<()> {
        self.course.create_folders(path, self.folder_mode)
    }

    /// Writes a new file with the platform's mode for new files.
    ///
    /// As in Chamilo the process's umask lessens the modes of folders but not those of files.
    pub fn write_file(&self, path: &[u8], content: &[u8]) -> io::Result<()> {
        use std::io::Write;
        let mut file = self.course.create_file(path, self.file_mode)?;
        file.write_all(content)?;
        file.set_permissions(Permissions::from_mode(self.file_mode))
    }

    /// Moves the course to `app/courses/<directory>`, on the disk for good when this returns. A folder of that name is
    /// `EEXIST` and left as it is.
    pub fn publish<'p>(self, portal: &'p Portal, directory: &[u8]) -> io::Result<PublishedCourse<'p>> {
        let mut journal = Journal::default();
        let witness = Witness {
            table: "course".into(),
            column: "directory".into(),
            owner: Default::default(),
            text: directory.to_vec(),
        };
        journal.moved(self.staging.folder(), COURSE, directory.to_vec(), witness)?;
        self.staging.write_journal(&journal)?;
        self.staging.folder().move_to(COURSE, portal.courses_folder(), directory)?;
        crash::point("placed");
        self.staging.sync()?;
        Ok(PublishedCourse { portal, directory: Some(directory.to_owned()), staged: self })
    }
}

/// A new course's folder at its place. Dropping it takes the folder away again; [`keep`](Self::keep) it once the rows
/// are committed.
pub struct PublishedCourse<'p> {
    portal: &'p Portal,
    directory: Option<Vec<u8>>,
    staged: StagedCourse,
}

impl PublishedCourse<'_> {
    /// The course's folder.
    pub fn folder(&self) -> &Folder {
        &self.staged.course
    }

    /// Leaves the folder where it is.
    pub fn keep(mut self) {
        self.directory = None;
        if let Err(error) = self.staged.staging.sync() {
            tracing::warn!("a new course is not yet on the disk for good: {error}");
        }
    }
}

impl Drop for PublishedCourse<'_> {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.take() {
            let back = self.portal.courses_folder().move_to(&directory, self.staged.staging.folder(), COURSE);
            if let Err(error) = back {
                let path = self.staged.staging.path().display();
                let name = String::from_utf8_lossy(&directory).into_owned();
                tracing::warn!("app/courses/{name} belongs to no course and can't be moved to {path}: {error}");
            }
        }
    }
}
