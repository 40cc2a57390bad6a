//! What a backup holds: the rows' part of it and the files, none of which is opened.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};

use rustix::fs::{FileType, Stat};
use tracing::warn;
use xxhash_rust::xxh3::Xxh3;

use crate::archive::{Archive, Checksums, Content, Entry, FileIdentity, FileTime, Files, Layout, LayoutError};
use crate::portal::Portal;
use crate::portal::database::DatabaseError;
use crate::portal::storage::{Folder, stat_at};

use super::loose_files::{Loose, Tree, WalkError};
use super::rows::{Listed, Place as CoursePlace, Rows};
use super::serialized::Serialized;

/// Moves the fingerprint when a new version of coursefs writes other bytes for the same course.
const FORM: u8 = 2;

/// The longest archive that Chamilo reads, in bytes (Chamilo 1.11, PclZip: no Zip64).
const CHAMILOS_SIZE: u64 = u32::MAX as u64 - 1;

/// The most entries of an archive that Chamilo reads.
const CHAMILOS_ENTRIES: usize = u16::MAX as usize - 1;

/// Name of the serialized course in the archive (Chamilo 1.11, CourseArchiver).
const COURSE_INFO: &[u8] = b"course_info.dat";

/// Why a backup can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// There is no such course.
    #[error("there is no course with the number {0}")]
    NoCourse(i64),
    /// The course's folder can't be read.
    #[error("course {course}: can't read {path}: {source}")]
    Files {
        /// Code of the course.
        course: String,
        /// The file or folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A SCORM package or picture can't be looked at.
    #[error("course {course}: {source}")]
    Loose {
        /// Code of the course.
        course: String,
        /// Why.
        source: WalkError,
    },
    /// The names don't make an archive.
    #[error("course {course}: {source}")]
    Layout {
        /// Code of the course.
        course: String,
        /// Why.
        source: LayoutError,
    },
    /// A part of coursefs failed.
    #[error("the files could not be looked at because of a fault in coursefs; please report it")]
    Fault,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Size and fingerprint of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Length of the archive in bytes.
    pub size: u64,
    /// Differs whenever the archive's bytes may differ.
    pub fingerprint: u128,
    /// The newest change among the rows and files, in seconds since 1970 UTC.
    pub newest: i64,
}

/// What is kept of the attributes of a file or folder: a course has many.
#[derive(Clone, Copy, Debug)]
struct FoundFile {
    identity: FileIdentity,
    /// `st_mode`, with the type of the file.
    mode: u32,
}

impl FoundFile {
    fn of(stat: &Stat) -> FoundFile {
        FoundFile { identity: identity(stat), mode: stat.st_mode }
    }

    fn is(&self, wanted: FileType) -> bool {
        FileType::from_raw_mode(self.mode) == wanted
    }

    /// Time of last modification, in seconds since 1970 UTC.
    fn mtime(&self) -> i64 {
        self.identity.mtime.seconds
    }
}

/// The files of a course at one moment.
#[derive(Debug)]
pub struct LookedAt {
    /// The listed file of the same place, `None` if nothing fitting lies on the disk.
    stats: Vec<Option<FoundFile>>,
    /// Files that no row names.
    loose: Tree,
    /// Whether the serialized course tells all of them.
    loose_holds: bool,
    /// The course's folder, `None` if it is gone.
    folder: Option<Folder>,
}

/// Files that were looked at before the rows had told what of them counts.
#[derive(Debug, Default)]
pub struct LookedAhead {
    /// Where they lie below the course's folder, in the order of the places.
    places: Vec<Arc<[u8]>>,
    /// The first of them, `None` for what is not there. Where something went wrong nothing is told of it and what
    /// follows.
    stats: Vec<Option<FoundFile>>,
}

impl LookedAhead {
    /// Looks at the files at `places`, in their order, below the course's folder `directory`.
    pub fn look(portal: &Portal, directory: &[u8], places: Vec<Arc<[u8]>>) -> LookedAhead {
        let mut stats = Vec::with_capacity(places.len());
        if let Ok(top) = portal.courses_folder().folder(directory) {
            let mut looking = Looking::below(&top);
            stats.extend(places.iter().map_while(|place| looking.stat(place).ok()));
        }
        LookedAhead { places, stats }
    }

    /// The places of all files.
    pub fn places(&self) -> &[Arc<[u8]>] {
        &self.places
    }
}

/// Looks at one file after the other: the folder of the last one is mostly that of the next.
struct Looking<'a> {
    top: &'a Folder,
    parent: Option<(&'a [u8], Option<Folder>)>,
}

impl<'a> Looking<'a> {
    fn below(top: &'a Folder) -> Looking<'a> {
        Looking { top, parent: None }
    }

    /// What lies at `place`, `None` if nothing does.
    fn stat(&mut self, place: &'a [u8]) -> io::Result<Option<FoundFile>> {
        let (folder, name) = split(place);
        if self.parent.as_ref().is_none_or(|(last, _)| *last != folder) {
            self.parent = Some((folder, present(self.top.folder(folder))?));
        }
        match &self.parent {
            Some((_, Some(folder))) => Ok(present(stat_at(folder.as_fd(), name))?.as_ref().map(FoundFile::of)),
            _ => Ok(None),
        }
    }
}

/// What was found, `None` if nothing is there.
fn present<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

impl LookedAt {
    /// Looks at the listed files of the course at `place`, those besides that `ahead` does not know; opens none.
    pub fn look(
        portal: &Portal,
        place: &CoursePlace,
        listed: &[Listed],
        loose: &Loose,
        ahead: &LookedAhead,
    ) -> Result<LookedAt, BackupError> {
        let failed = |path: &[u8], source| BackupError::Files {
            course: place.code.clone(),
            path: String::from_utf8_lossy(path).into_owned(),
            source,
        };
        let top = present(portal.courses_folder().folder(&place.directory));
        let Some(top) = top.map_err(|source| failed(&place.directory, source))? else {
            let stats = vec![None; listed.len()];
            return Ok(LookedAt { stats, loose: Tree::default(), loose_holds: loose.is_empty(), folder: None });
        };
        let mut looking = Looking::below(&top);
        let mut known = ahead.places.iter().zip(&ahead.stats).peekable();
        let mut stats = Vec::with_capacity(listed.len());
        for file in listed {
            while known.next_if(|(place, _)| **place < file.place).is_some() {}
            let stat = match known.peek() {
                Some((place, stat)) if **place == file.place => **stat,
                _ => looking.stat(&file.place).map_err(|source| failed(&file.place, source))?,
            };
            let wanted = if file.folder { FileType::Directory } else { FileType::RegularFile };
            stats.push(stat.filter(|stat| stat.is(wanted)));
        }
        let failed = |source| BackupError::Loose { course: place.code.clone(), source };
        let loose_holds = loose.holds(&top).map_err(failed)?;
        Ok(LookedAt { stats, loose: loose.walk(&top).map_err(failed)?, loose_holds, folder: Some(top) })
    }
}

/// What a backup of one course holds at one moment.
#[derive(Debug)]
pub struct Contents {
    rows: Arc<Rows>,
    files: LookedAt,
    /// Size and fingerprint, once they were asked for.
    digest: OnceLock<Digest>,
}

impl Contents {
    /// What `rows` say with the `files` that go with them.
    pub(super) fn new(rows: Arc<Rows>, files: LookedAt) -> Contents {
        Contents { rows, files, digest: OnceLock::new() }
    }

    /// Looks at the files that go with `rows`.
    pub fn gather(portal: &Portal, rows: Arc<Rows>) -> Result<Contents, BackupError> {
        let files = LookedAt::look(portal, &rows.place, &rows.listed, &rows.loose, &LookedAhead::default())?;
        Ok(Contents::new(rows, files))
    }

    /// Whether what was looked up on the disk for the serialized course still is there: the pages that were read, the
    /// packages and pictures that no row names. If not, load the rows anew.
    pub fn pages_hold(&self) -> bool {
        let mut listed = self.rows.listed.iter().zip(&self.files.stats);
        self.files.loose_holds
            && listed.all(|(listed, stat)| match (listed.page.as_deref(), stat) {
                (Some((read, _)), Some(stat)) => *read == stat.identity,
                (Some(_), None) => false,
                (None, _) => true,
            })
    }

    /// Size and fingerprint.
    pub fn digest(&self) -> Result<Digest, BackupError> {
        match self.digest.get() {
            Some(digest) => Ok(*digest),
            None => {
                let digest = self.compute_digest()?;
                Ok(*self.digest.get_or_init(|| digest))
            }
        }
    }

    fn compute_digest(&self) -> Result<Digest, BackupError> {
        // The length of the serialized course is all that a layout needs which is never read.
        let course_info = Content::File { source: Place::default(), identity: unread(self.rows.length) };
        let entries = self.entries(course_info, &mut rewritten_length)?;
        let mut hash = Xxh3::new();
        hash.update(&[FORM]);
        hash.update(&self.rows.hash.to_le_bytes());
        let mut told = Vec::new();
        for entry in &entries {
            told.clear();
            told.extend_from_slice(&(entry.name.len() as u64).to_le_bytes());
            told.extend_from_slice(&entry.name);
            told.extend_from_slice(&entry.mode.to_le_bytes());
            if let Content::File { identity, .. } = &entry.content {
                // Not the device: its number may differ after a reboot.
                for number in [identity.inode, identity.size] {
                    told.extend_from_slice(&number.to_le_bytes());
                }
                for time in [identity.mtime, identity.ctime] {
                    told.extend_from_slice(&time.seconds.to_le_bytes());
                    told.extend_from_slice(&time.nanoseconds.to_le_bytes());
                }
            } else {
                told.extend_from_slice(&entry.mtime.to_le_bytes());
            }
            hash.update(&told);
        }
        let size = Layout::measure(&entries).map_err(|source| self.layout_error(source))?;
        let loose = self.files.loose.found.iter().map(|(_, stat)| stat.st_mtime);
        let files = self.files.stats.iter().flatten().map(FoundFile::mtime);
        let newest = files.chain(loose).chain([self.rows.changed]).max().unwrap_or(0);
        Ok(Digest { size, fingerprint: hash.digest128(), newest })
    }

    /// The archive, ready to be read; `course_info` is the serialized course that belongs to the rows. CRCs come from and go to
    /// `checksums`.
    pub fn archive(
        self,
        course_info: &Serialized,
        checksums: Arc<Checksums>,
    ) -> Result<Archive<BackupFiles>, BackupError> {
        let page = &mut |listed: &Listed, read: &FileIdentity, _: u64| self.rewritten(listed, read);
        let layout = self.layout(self.entries(Content::Bytes(course_info.held.clone()), page)?)?;
        if layout.size() > CHAMILOS_SIZE || layout.entries().len() > CHAMILOS_ENTRIES {
            warn!(
                "the backup of course {} has {} bytes in {} entries and so is a Zip64 archive: Chamilo itself cannot \
                 import it, coursefs can",
                self.rows.place.code,
                layout.size(),
                layout.entries().len()
            );
        }
        for path in &self.files.loose.left_out {
            let path = String::from_utf8_lossy(path);
            warn!("{path} of course {} is no file or folder and not in its backup", self.rows.place.code);
        }
        Ok(Archive::new(layout, BackupFiles::below(self.files.folder), checksums))
    }

    /// What the archive holds besides the serialized course; pages with other links than their files as bytes.
    pub fn listed(&self) -> Result<Vec<Entry<Arc<[u8]>>>, BackupError> {
        let page = &mut |listed: &Listed, read: &FileIdentity, _: u64| self.rewritten(listed, read);
        let mut entries = self.entries(Content::Folder, page)?;
        entries.retain(|entry| *entry.name != *COURSE_INFO);
        Ok(entries)
    }

    fn layout(&self, entries: Vec<Entry<Place>>) -> Result<Layout<Place>, BackupError> {
        Layout::new(entries).map_err(|source| self.layout_error(source))
    }

    fn layout_error(&self, source: LayoutError) -> BackupError {
        BackupError::Layout { course: self.rows.place.code.clone(), source }
    }

    /// A page with its links leading to the names of the archive.
    fn rewritten(&self, listed: &Listed, read: &FileIdentity) -> Result<Content<Place>, BackupError> {
        let failed = |source| BackupError::Files {
            course: self.rows.place.code.clone(),
            path: String::from_utf8_lossy(&listed.place).into_owned(),
            source,
        };
        let changed = || io::Error::from(io::ErrorKind::StaleNetworkFileHandle);
        let folder = self.files.folder.as_ref().ok_or_else(changed).map_err(failed)?;
        let file = folder.open_file(&listed.place).map_err(failed)?;
        let mut html = Vec::new();
        (&file).read_to_end(&mut html).map_err(failed)?;
        if FileIdentity::of_file(&file).map_err(failed)? != *read {
            return Err(failed(changed()));
        }
        let page = listed.place.strip_prefix(b"document/".as_slice());
        let links = self.rows.renamed.as_ref().map(|renamed| renamed.links());
        let (html, _) = links.and_then(|links| links.rewrite(&html, page)).ok_or_else(changed).map_err(failed)?;
        Ok(Content::Bytes(html.into()))
    }

    /// The entries in the order of their names; `page` gives the content of a rewritten page.
    fn entries(&self, course_info: Content<Place>, page: PageContent<'_>) -> Result<Vec<Entry<Place>>, BackupError> {
        let mut entries = Vec::with_capacity(self.rows.listed.len() + 1);
        let (name, mtime) = (COURSE_INFO.into(), self.rows.changed);
        entries.push(Entry { name, mode: 0o644, mtime, content: course_info });
        for (listed, stat) in self.rows.listed.iter().zip(&self.files.stats) {
            let Some(mut entry) = entry(listed, stat.as_ref()) else { continue };
            if let Some((read, Some(length))) = listed.page.as_deref() {
                entry.content = page(listed, read, *length)?;
            }
            entries.push(entry);
        }
        for (place, stat) in &self.files.loose.found {
            let (place, stat) = (Arc::clone(place), FoundFile::of(stat));
            let folder = stat.is(FileType::Directory);
            let listed = Listed { place, name: None, page: None, folder, without_disk: None };
            entries.extend(entry(&listed, Some(&stat)));
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}

/// What stands in the archive for a rewritten page: of the file that was read, and its new length.
type PageContent<'a> = &'a mut dyn FnMut(&Listed, &FileIdentity, u64) -> Result<Content<Place>, BackupError>;

/// A rewritten page for a layout that is never read.
fn rewritten_length(_: &Listed, read: &FileIdentity, length: u64) -> Result<Content<Place>, BackupError> {
    Ok(Content::File { source: Place::default(), identity: FileIdentity { size: length, ..*read } })
}

fn entry(listed: &Listed, stat: Option<&FoundFile>) -> Option<Entry<Place>> {
    let name = listed.name.as_ref().unwrap_or(&listed.place);
    if !listed.folder {
        let stat = stat?;
        let content = Content::File { source: Arc::clone(&listed.place), identity: stat.identity };
        return Some(Entry { name: Arc::clone(name), mode: stat.mode & 0o777, mtime: stat.mtime(), content });
    }
    let (mode, mtime) = match (stat, listed.without_disk) {
        (Some(stat), _) => (stat.mode & 0o7777, stat.mtime()),
        // Some folders exist only as rows from the first day on (Chamilo 1.11: /certificates).
        (None, Some(edited)) => (0o755, edited),
        (None, None) => return None,
    };
    Some(Entry { name: [name, b"/".as_slice()].concat().into(), mode, mtime, content: Content::Folder })
}

/// A path below the course's folder.
type Place = Arc<[u8]>;

/// The files of one course, as the archive layer opens them.
#[derive(Debug)]
pub struct BackupFiles {
    /// The course's folder, `None` if it is gone.
    folder: Option<Folder>,
    /// `app/cache`, for files that were removed from the course: their paths begin with a slash.
    cache: Option<Folder>,
}

impl BackupFiles {
    /// The files below a course's folder; `None` if it is gone.
    pub(crate) fn below(folder: Option<Folder>) -> BackupFiles {
        BackupFiles { folder, cache: None }
    }

    /// The same, and files of `cache` by paths that begin with a slash.
    pub(crate) fn with_cache(folder: Option<Folder>, cache: Folder) -> BackupFiles {
        BackupFiles { folder, cache: Some(cache) }
    }
}

impl Files for BackupFiles {
    type Source = Place;

    fn open(&self, path: &Place) -> io::Result<File> {
        let (folder, path) = match path.strip_prefix(b"/") {
            Some(path) => (&self.cache, path),
            None => (&self.folder, &**path),
        };
        match folder {
            Some(folder) => folder.open_file(path),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

pub(crate) fn identity(stat: &Stat) -> FileIdentity {
    let time =
        |seconds: i64, nanoseconds: u64| FileTime { seconds, nanoseconds: u32::try_from(nanoseconds).unwrap_or(0) };
    FileIdentity {
        device: stat.st_dev,
        inode: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mtime: time(stat.st_mtime, stat.st_mtime_nsec),
        ctime: time(stat.st_ctime, stat.st_ctime_nsec),
    }
}

/// The identity of no file, only for the offsets of what follows.
fn unread(size: u64) -> FileIdentity {
    let never = FileTime::default();
    FileIdentity { device: 0, inode: 0, size, mtime: never, ctime: never }
}

/// Whether the error says that there is nothing (or nothing that may be followed) at a path.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errors = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::XDEV, Errno::NAMETOOLONG, Errno::INVAL];
    errors.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()),
        None => (b".", path),
    }
}
