//! Packages of learning paths in the mount: `Learnpath/<title>.zip` for each, `scorm.zip` for all of a course.
//!
//! Both are computed while they are read. A package that is put into `Learnpath` is imported
//! ([`import`](crate::scorm::import)), one that is removed takes its learning path with it. The folder can be entered
//! whether there are paths or not, since a package may be put into it; it is listed if there are any.

use std::collections::HashMap;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::backup::reader::BackupFile;
use crate::portal::database::DatabaseExt;
use crate::portal::storage::Folder;
use crate::scorm::import::{ImportError, Imported, import_from};
use crate::scorm::paths::{Path, Paths};
use crate::scorm::{Which, removal};

use super::backups::{begins_at, check_zip, errno, is_whole, summary};
use super::computed::What;
use super::receiver::{Meaning, Receiver, Taken, Target};
use super::spool::Spool;
use super::uploads::UploadError;
use super::{Attributes, FsError, Node, PortalFs};

/// Name of the folder of packages in a course.
pub const LEARNPATHS: &[u8] = b"Learnpath";

/// Name of the package of all learning paths of a course.
pub const PACKAGES: &[u8] = b"scorm.zip";

/// What every package's name ends in.
const EXTENSION: &[u8] = b".zip";

/// Courses whose learning paths are kept.
const KEPT: usize = 1000;

/// The learning paths of courses, kept while nothing is committed.
#[derive(Default)]
pub struct LearningPaths {
    kept: Mutex<HashMap<u32, (u64, Arc<Paths>)>>,
    /// The processes that have removed the last path of a course, and when.
    emptied: Mutex<HashMap<u32, (u32, Instant)>>,
}

/// How long `scorm.zip` stays for the process that has removed the last learning path of a course: `rm -r` has seen it,
/// and wants to remove it too.
const LINGERING: Duration = Duration::from_secs(10);

impl LearningPaths {
    fn emptied(&self) -> MutexGuard<'_, HashMap<u32, (u32, Instant)>> {
        self.emptied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process `caller` has removed the last learning path of `course`.
    fn set_emptied(&self, course: u32, caller: u32) {
        let mut emptied = self.emptied();
        emptied.retain(|_, (_, when)| when.elapsed() < LINGERING);
        emptied.insert(course, (caller, Instant::now()));
    }

    /// Whether the process `caller` has just removed the last learning path of `course`.
    fn was_emptied(&self, course: u32, caller: u32) -> bool {
        self.emptied().get(&course).is_some_and(|(by, when)| *by == caller && when.elapsed() < LINGERING)
    }
}

impl PortalFs {
    fn learning_paths(&self, course: u32) -> Result<Arc<Paths>, FsError> {
        let counter = self.portal.database().change_counter()?;
        let mut kept = self.learning_paths.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, paths)) = kept.get(&course)
            && *at == counter
        {
            return Ok(Arc::clone(paths));
        }
        let paths = self.portal.database().read(|session| Paths::load(session, course.into()))?;
        let paths = Arc::new(paths);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(course, (counter, Arc::clone(&paths)));
        Ok(paths)
    }

    /// The first learning path of a course that can be packed and that `wanted` wants.
    fn learning_path(&self, course: u32, wanted: impl Fn(&Path) -> bool) -> Result<Option<Path>, FsError> {
        self.course(course)?;
        let paths = self.learning_paths(course)?;
        let mut found = paths.iter().filter(|path| wanted(path)).peekable();
        if found.peek().is_none() {
            return Ok(None);
        }
        let top = self.course_folder(course)?;
        Ok(found.find(|path| path.is_whole(&top)).cloned())
    }

    /// Names and nodes of the packages that a listing of `Learnpath` shows.
    pub(super) fn packages(&self, course: u32) -> Result<Vec<(Vec<u8>, Node)>, FsError> {
        self.course(course)?;
        let paths = self.learning_paths(course)?;
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let top = self.course_folder(course)?;
        let whole = paths.iter().filter(|path| path.is_whole(&top));
        Ok(whole.filter_map(|path| Some((path.file_name.clone().into_bytes(), package(course, path.key)?))).collect())
    }

    /// What a course shows of its learning paths: their folder, and the package of all.
    pub(super) fn packages_of_course(&self, course: u32) -> Result<Vec<(Vec<u8>, Node)>, FsError> {
        Ok(match self.learning_path(course, |_| true)? {
            Some(_) => {
                vec![(LEARNPATHS.to_vec(), Node::Learnpaths(course)), (PACKAGES.to_vec(), Node::Packages(course))]
            }
            None => Vec::new(),
        })
    }

    /// The package of all learning paths of a course, if it has any.
    pub(super) fn package_of_all(&self, course: u32) -> Result<Option<Node>, FsError> {
        Ok(self.learning_path(course, |_| true)?.map(|_| Node::Packages(course)))
    }

    /// The package called `name`.
    pub(super) fn package_named(&self, course: u32, name: &[u8]) -> Result<Option<Node>, FsError> {
        let path = self.learning_path(course, |path| path.file_name.as_bytes() == name)?;
        Ok(path.and_then(|path| package(course, path.key)))
    }

    /// The attributes of a package, or of the folder of packages.
    pub(super) fn package_attributes(&self, node: Node) -> Result<Attributes, FsError> {
        let course = node.course_number();
        let Some(what) = what(node) else {
            return self.on_disk(node, &self.course_folder(course)?, b"");
        };
        self.check_package(node)?;
        let folder = self.attributes(Node::Course(course))?;
        let summary = self.archives.summary(&self.portal, &self.course(course)?, what)?;
        Ok(folder.archive(node, summary.size, summary.mtime, self.options.writable))
    }

    /// A path may be gone while its number is still known.
    fn check_package(&self, node: Node) -> Result<(), FsError> {
        let there = match node {
            Node::Package(course, key) => self.learning_path(course, |path| path.key == i64::from(key))?,
            node => self.learning_path(node.course_number(), |_| true)?,
        };
        there.map(drop).ok_or(FsError::NotFound)
    }

    /// What the process `caller` still sees of `scorm.zip` when it is gone.
    pub(super) fn lingering_package(&self, course: u32, caller: u32) -> Result<Attributes, FsError> {
        if !self.learning_paths.was_emptied(course, caller) {
            return Err(FsError::NotFound);
        }
        let folder = self.attributes(Node::Course(course))?;
        let time = folder.mtime.seconds;
        Ok(folder.archive(Node::Packages(course), 0, time, self.options.writable))
    }

    /// Removes `scorm.zip` for the process `caller`, which does not see it for a moment: it is computed and comes back.
    pub(super) fn remove_package_of_all(&self, course: u32, caller: u32) -> Result<(), FsError> {
        match self.package_of_all(course)? {
            Some(node) => self.uploads.set_removed(node, caller),
            None if self.learning_paths.was_emptied(course, caller) => {
                self.learning_paths.emptied().remove(&course);
            }
            None => return Err(FsError::NotFound),
        }
        Ok(())
    }

    /// Removes the learning path whose package is called `name`, as Chamilo does, for the process `caller`.
    pub(super) fn remove_package(&self, course: u32, name: &[u8], caller: u32) -> Result<(), FsError> {
        let node = match self.package_named(course, name)? {
            Some(node) => node,
            None => self.arriving(Node::Learnpaths(course), name).ok_or(FsError::NotFound)?,
        };
        let Node::Package(_, key) = node else { return Err(FsError::NotFound) };
        let row = self.course(course)?;
        let top = self.course_folder(course)?;
        self.before_removal(course)?;
        // What is being imported ends first.
        let _turn = self.uploads.turns.take(course);
        self.path_goes(course, key.into())?;
        let removed = removal::remove_rows(&self.portal, &row, key.into())?.ok_or(FsError::NotFound)?;
        if let Some(folder) = removed.folder
            && let Err(error) = self.remove_package_files(course, &top, &folder)
        {
            let (code, folder) = (String::from_utf8_lossy(&row.code), String::from_utf8_lossy(&folder));
            tracing::warn!(
                "course {code}: {folder} belongs to no learning path any more and can't be removed: {error}"
            );
        }
        if self.package_of_all(course)?.is_none() {
            self.learning_paths.set_emptied(course, caller);
        }
        Ok(())
    }

    fn remove_package_files(&self, course: u32, top: &Folder, folder: &[u8]) -> Result<(), FsError> {
        for file in removal::files(top, folder)? {
            self.keep_file(course, top, &file)?;
        }
        Ok(removal::remove_files(&self.portal, top, folder)?)
    }
}

/// The node of a package, `None` for a key that no row has.
fn package(course: u32, key: i64) -> Option<Node> {
    u32::try_from(key).ok().map(|key| Node::Package(course, key))
}

/// Which archive a node is.
pub fn what(node: Node) -> Option<What> {
    match node {
        Node::Backup(_, selection) => Some(What::Backup(selection)),
        Node::Packages(_) => Some(What::Package(Which::All)),
        Node::Package(_, key) => Some(What::Package(Which::Path(key.into()))),
        _ => None,
    }
}

/// Takes in packages in `Learnpath`.
pub struct Packages;

/// The one that does.
pub static IMPORTS: Packages = Packages;

impl Receiver for Packages {
    /// Every zip archive is imported when it is closed, but for those under names that programs give to what they will
    /// rename.
    fn meaning(&self, _folder: Node, name: &[u8]) -> Meaning {
        let lower = name.to_ascii_lowercase();
        let hidden = lower.starts_with(b".");
        match () {
            () if !hidden && lower.ends_with(EXTENSION) => Meaning::Final,
            () if hidden || lower.windows(EXTENSION.len()).any(|part| part == EXTENSION) => Meaning::Temporary,
            () => Meaning::Refused,
        }
    }

    fn place(&self, fs: &PortalFs, node: Node) -> Result<(Node, Vec<u8>), FsError> {
        let Node::Package(course, key) = node else { return Err(FsError::NotFound) };
        let path = fs.learning_path(course, |path| path.key == i64::from(key))?.ok_or(FsError::NotFound)?;
        Ok((Node::Learnpaths(course), path.file_name.into_bytes()))
    }

    fn present(&self, fs: &PortalFs, folder: Node, name: &[u8]) -> Result<Option<Node>, FsError> {
        fs.package_named(folder.course_number(), name)
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
        "a name that ends in .zip"
    }

    fn take(&self, fs: &PortalFs, target: &Target, spool: &Spool) -> Result<Taken, UploadError> {
        let taken = take(fs, target, spool)?;
        if let Some(Node::Package(number, key)) = taken.node {
            fs.path_came(number, key.into())?;
        }
        fs.something_came(target.folder.course_number());
        Ok(taken)
    }
}

/// Imports a package that was put into a course or its `Learnpath`.
pub fn take(fs: &PortalFs, target: &Target, spool: &Spool) -> Result<Taken, UploadError> {
    let number = target.folder.course_number();
    let course = fs.course(number)?;
    let name = String::from_utf8_lossy(&target.name).into_owned();
    let failed = |error: ImportError| UploadError {
        errno: match &error {
            ImportError::Restore(error) => errno(error),
            _ => libc::EINVAL,
        },
        text: error.to_string(),
    };
    let archive = match spool.promised() {
        Some(archive) => BackupFile::computed(archive, FilePath::new("the archive")),
        None => {
            spool.materialize()?;
            if begins_at(spool).is_ok_and(|begin| begin > 0) {
                let text = "the upload has bytes before its first entry: it is a part of an archive, copy it again";
                return Err(UploadError { errno: libc::EINVAL, text: text.to_owned() });
            }
            BackupFile::open(&spool.path()).map_err(|error| named(failed(error.into()), spool))?
        }
    };
    let imported = fs.bringing(number, || import_from(&fs.portal, &course, archive, &name, &mut |_, _| {}));
    let Imported { report, path } = imported.map_err(|error| named(failed(error), spool))?;
    let node = match target.folder {
        Node::Learnpaths(_) => path.and_then(|key| package(number, key)),
        _ => None,
    };
    Ok(Taken { node, report: summary(&report) })
}

/// People know no descriptors of ours.
fn named(error: UploadError, spool: &Spool) -> UploadError {
    UploadError { text: error.text.replace(&spool.path().display().to_string(), "the upload"), ..error }
}
