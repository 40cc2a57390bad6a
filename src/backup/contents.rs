//! What a backup will hold, gathered without opening a single document.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::{FileType, Stat};
use xxhash_rust::xxh3::Xxh3;

use crate::archive::{Archive, Checksums, Content, Entry, FileIdentity, FileTime, Files, Layout, LayoutError};
use crate::course;
use crate::course::document::{self, Document};
use crate::course::item::Items;
use crate::php::Sink;
use crate::portal::Portal;
use crate::portal::database::{DatabaseError, DatabaseExt, Row, Session, Value};
use crate::portal::storage::{Folder, stat_at};

use super::course_info;

/// Moves the fingerprint when a new version of coursefs writes other bytes for the same course.
const FORM: u8 = 1;

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
    /// The names don't make an archive.
    #[error("course {course}: {source}")]
    Layout {
        /// Code of the course.
        course: String,
        /// Why.
        source: LayoutError,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What a backup of one course holds at one moment.
pub struct Contents {
    /// The row of `course`.
    pub(super) course: Row,
    /// Name of the course's category, NULL if it has none.
    pub(super) category_name: Value,
    /// The portal's address, with a slash at its end.
    pub(super) portal_url: String,
    pub(super) documents: Vec<Document>,
    pub(super) items: Items,
    /// Attributes of the document of the same place, `None` if nothing fitting lies on the disk.
    stats: Vec<Option<Stat>>,
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

impl Contents {
    /// Reads the rows of the course with the number `course` and looks at its files.
    pub fn gather(portal: &Portal, course: i64) -> Result<Contents, BackupError> {
        let (course, category_name, portal_url, documents, items) = portal.database().read(|session| {
            let row = session
                .row("SELECT * FROM course WHERE id = ?", &[course.into()])?
                .ok_or(BackupError::NoCourse(course))?;
            let category = category_name(session, &row)?;
            let documents = document::load(session, course)?;
            let keys = documents.iter().map(|document| (document.path.clone(), document.iid)).collect();
            let items = Items::load(session, row.clone(), keys)?;
            Ok::<_, BackupError>((row, category, course::portal_url(session)?, documents, items))
        })?;
        let mut contents = Contents { course, category_name, portal_url, documents, items, stats: Vec::new() };
        contents.stats = contents.look_at_files(portal)?;
        Ok(contents)
    }

    /// How many documents the backup holds: files and folders.
    pub fn documents(&self) -> usize {
        self.documents.len()
    }

    fn code(&self) -> String {
        self.course.text("code")
    }

    fn look_at_files(&self, portal: &Portal) -> Result<Vec<Option<Stat>>, BackupError> {
        let failed = |path: &[u8], source| BackupError::Files {
            course: self.code(),
            path: String::from_utf8_lossy(path).into_owned(),
            source,
        };
        let Some(top) = self.folder(portal)? else {
            return Ok(vec![None; self.documents.len()]);
        };
        // Documents come in the order of their paths: the folder of the last one is mostly that of the next.
        let mut parent: Option<(&[u8], Option<Folder>)> = None;
        let mut stats = Vec::with_capacity(self.documents.len());
        for document in &self.documents {
            let (folder, name) = split(&document.path);
            if parent.as_ref().is_none_or(|(last, _)| *last != folder) {
                let opened = match top.folder(&name_in_course(folder)) {
                    Ok(opened) => Some(opened),
                    Err(error) if is_absent(&error) => None,
                    Err(error) => return Err(failed(&document.path, error)),
                };
                parent = Some((folder, opened));
            }
            let stat = match &parent {
                Some((_, Some(folder))) => match stat_at(folder.as_fd(), name) {
                    Ok(stat) => Some(stat),
                    Err(error) if is_absent(&error) => None,
                    Err(error) => return Err(failed(&document.path, error)),
                },
                _ => None,
            };
            let wanted = if document.folder { FileType::Directory } else { FileType::RegularFile };
            stats.push(stat.filter(|stat| FileType::from_raw_mode(stat.st_mode) == wanted));
        }
        Ok(stats)
    }

    /// Size and fingerprint, without holding the archive's bytes.
    pub fn digest(&self) -> Result<Digest, BackupError> {
        let hashed = course_info::write(self, Hashed::default());
        let entries = self.entries(CourseInfo::Length(hashed.length));
        let mut hash = hashed.hash;
        hash.update(&[FORM]);
        for entry in &entries {
            hash.update(&(entry.name.len() as u64).to_le_bytes());
            hash.update(&entry.name);
            hash.update(&entry.mode.to_le_bytes());
            if let Content::File { identity, .. } = &entry.content {
                // Not the device: its number may differ after a reboot.
                for number in [identity.inode, identity.size] {
                    hash.update(&number.to_le_bytes());
                }
                for time in [identity.mtime, identity.ctime] {
                    hash.update(&time.seconds.to_le_bytes());
                    hash.update(&time.nanoseconds.to_le_bytes());
                }
            } else {
                hash.update(&entry.mtime.to_le_bytes());
            }
        }
        let size = self.layout(entries)?.size();
        let files = self.stats.iter().flatten().map(|stat| stat.st_mtime);
        let newest = files.chain([self.rows_changed()]).max().unwrap_or(0);
        Ok(Digest { size, fingerprint: hash.digest128(), newest })
    }

    /// The archive, ready to be read. CRCs come from and go to `checksums`.
    pub fn archive(&self, portal: &Portal, checksums: Arc<Checksums>) -> Result<Archive<BackupFiles>, BackupError> {
        let encoded = course_info::write(self, Base64::default()).finish();
        let layout = self.layout(self.entries(CourseInfo::Bytes(encoded.into())))?;
        Ok(Archive::new(layout, BackupFiles { folder: self.folder(portal)? }, checksums))
    }

    /// The course's folder, `None` if there is none.
    fn folder(&self, portal: &Portal) -> Result<Option<Folder>, BackupError> {
        let directory = self.course.bytes("directory");
        match portal.courses_folder().folder(&directory) {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(source) => {
                let path = String::from_utf8_lossy(&directory).into_owned();
                Err(BackupError::Files { course: self.code(), path, source })
            }
        }
    }

    fn layout(&self, entries: Vec<Entry<Path>>) -> Result<Layout<Path>, BackupError> {
        Layout::new(entries).map_err(|source| BackupError::Layout { course: self.code(), source })
    }

    /// The entries in the order of their names.
    fn entries(&self, course_info: CourseInfo) -> Vec<Entry<Path>> {
        let rows_changed = self.rows_changed();
        let mut entries = Vec::with_capacity(self.documents.len() + 2);
        entries.push(Entry {
            name: COURSE_INFO.to_vec(),
            mode: 0o644,
            mtime: rows_changed,
            content: match course_info {
                CourseInfo::Bytes(bytes) => Content::Bytes(bytes),
                // The size is all that counts: such a layout is never read.
                CourseInfo::Length(size) => Content::File { source: Path::default(), identity: unread(size) },
            },
        });
        let mut last: Option<&[u8]> = None;
        for (document, stat) in self.documents.iter().zip(&self.stats) {
            if last == Some(&document.path) {
                // Two rows with one path are two resources, but one file.
                continue;
            }
            let mut name = [b"document/".as_slice(), &document.path].concat();
            let entry = match stat {
                Some(stat) if document.folder => {
                    name.push(b'/');
                    Entry { name, mode: stat.st_mode & 0o7777, mtime: stat.st_mtime, content: Content::Folder }
                }
                Some(stat) => Entry {
                    name,
                    mode: stat.st_mode & 0o777,
                    mtime: stat.st_mtime,
                    content: Content::File { source: name_in_course(&document.path), identity: identity(stat) },
                },
                // Some folders exist only as rows from the first day on (Chamilo 1.11: /certificates).
                None if document.folder => {
                    name.push(b'/');
                    Entry { name, mode: 0o755, mtime: newest_edit([document].into_iter()), content: Content::Folder }
                }
                None => continue,
            };
            last = Some(&document.path);
            entries.push(entry);
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    }

    /// When the newest row was written, in seconds since 1970 UTC.
    fn rows_changed(&self) -> i64 {
        newest_edit(self.documents.iter()).max(unix_time(&self.course.bytes("creation_date")).unwrap_or(0))
    }
}

/// `course_info.dat` in the list of entries.
enum CourseInfo {
    /// Its bytes are not needed, only their number.
    Length(u64),
    Bytes(Arc<[u8]>),
}

/// A path below the course's folder.
type Path = Box<[u8]>;

/// The files of one course, as the archive layer opens them.
#[derive(Debug)]
pub struct BackupFiles {
    /// The course's folder, `None` if it is gone.
    folder: Option<Folder>,
}

impl Files for BackupFiles {
    type Source = Path;

    fn open(&self, path: &Path) -> io::Result<File> {
        match &self.folder {
            Some(folder) => folder.open_file(path),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// The path of a document below the course's folder.
fn name_in_course(path: &[u8]) -> Path {
    [b"document/".as_slice(), path].concat().into()
}

fn identity(stat: &Stat) -> FileIdentity {
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
fn is_absent(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errors = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::XDEV, Errno::NAMETOOLONG, Errno::INVAL];
    errors.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()),
        None => (b"", path),
    }
}

fn category_name(session: &dyn Session, course: &Row) -> Result<Value, DatabaseError> {
    let sql = "SELECT name FROM course_category WHERE code = ?";
    let row = session.row(sql, &[course.get("category_code").clone()])?;
    Ok(row.map_or(Value::Null, |row| row.get("name").clone()))
}

fn newest_edit<'a>(documents: impl Iterator<Item = &'a Document>) -> i64 {
    let dates = documents.flat_map(|document| &document.properties).filter_map(|property| {
        match property.get("lastedit_date") {
            // Dates sort as text: only the newest has to be understood.
            Value::Text(date) => Some(date.as_slice()),
            _ => None,
        }
    });
    dates.max().and_then(unix_time).unwrap_or(0)
}

/// A `DATETIME` of the database (UTC) in seconds since 1970; `None` for zero dates and what is no date.
fn unix_time(date: &[u8]) -> Option<i64> {
    let date = std::str::from_utf8(date).ok()?;
    let date: jiff::civil::DateTime = date.parse().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(date).ok().map(|timestamp| timestamp.as_second())
}

/// A sink that hashes, and counts what base64 would make of it.
#[derive(Default)]
struct Hashed {
    hash: Xxh3,
    bytes: u64,
    length: u64,
}

impl Sink for Hashed {
    fn put(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.length = self.bytes.div_ceil(3) * 4;
    }
}

/// A sink that encodes base64 as bytes come, so that the unencoded object never exists as a whole.
#[derive(Default)]
struct Base64 {
    encoded: String,
    pending: Vec<u8>,
}

impl Base64 {
    /// Bytes encoded at once; a multiple of 3, so that no padding comes before the end.
    const PIECE: usize = 48 * 1024;

    fn finish(mut self) -> Vec<u8> {
        STANDARD.encode_string(&self.pending, &mut self.encoded);
        self.encoded.into_bytes()
    }
}

impl Sink for Base64 {
    fn put(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= Self::PIECE {
            let whole = self.pending.len() / 3 * 3;
            STANDARD.encode_string(self.pending.get(..whole).unwrap_or_default(), &mut self.encoded);
            self.pending.drain(..whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_database_are_utc() {
        assert_eq!(unix_time(b"2024-03-01 09:00:00"), Some(1_709_283_600));
        assert_eq!(unix_time(b"0000-00-00 00:00:00"), None);
        assert_eq!(unix_time(b""), None);
    }

    #[test]
    fn encoding_in_pieces_gives_what_encoding_at_once_gives() {
        for length in [0, 1, 2, 3, 4, Base64::PIECE, 200_001] {
            let bytes: Vec<u8> = (0..length).map(|number| number as u8).collect();
            let mut sink = Base64::default();
            let mut hashed = Hashed::default();
            for piece in bytes.chunks(7) {
                sink.put(piece);
                hashed.put(piece);
            }
            let encoded = sink.finish();
            assert_eq!(encoded.len() as u64, hashed.length);
            assert_eq!(encoded, STANDARD.encode(&bytes).into_bytes());
        }
    }
}
