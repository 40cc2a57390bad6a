//! Reading a `backup.zip` that Chamilo, coursefs or somebody else made. Nothing in it is trusted.
//!
//! A [`BackupFile`] gives the course as the archive's `course_info.dat` tells it, and the bytes of single files, each
//! bounded by the length that the archive declares. Names are compared byte for byte; that a path stays inside the
//! course is checked here, that it is one which the portal allows is left to [`restore`](super::restore).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zip::ZipArchive;
use zip::extra_fields::ExtraField;
use zip::result::ZipError;

use crate::archive::{Archive, Content, CopyError, Entry, ReadError};
use crate::php::{self, Limits, Value};

use super::BackupFiles;

/// Name of the serialized course (Chamilo 1.11, CourseArchiver).
const COURSE_INFO: &[u8] = b"course_info.dat";

/// The class of the course without its namespace: 1.9 and 1.10 had none or another, 1.11 takes only its own (Chamilo
/// 1.11, CourseArchiver).
const COURSE_CLASS: &[u8] = b"Course";

/// The longest `course_info.dat` that is read whatever it was compressed from, in bytes: some 100,000 resources.
const LONGEST_COMPRESSED: u64 = 256 << 20;

/// The longest that is read if it takes as much room in the archive, as in ours: nobody makes us unpack more than we
/// were given. A million documents.
const LONGEST_COURSE_INFO: u64 = 2 << 30;

/// The most values that are read from [`LONGEST_COMPRESSED`] bytes: 100,000 resources with two property rows each. Of
/// a longer one as many more as it is longer.
const MOST_VALUES: u64 = 10_000_000;

/// Bytes unpacked at once.
const PIECE: usize = 256 << 10;

/// Why a backup can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadBackupError {
    /// The file can't be opened.
    #[error("can't open {path}: {source}")]
    Open {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no zip archive, or a damaged one.
    #[error("{path} is no readable zip archive: {source}; it may be incomplete, copy it again")]
    Zip {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: ZipError,
    },
    /// There is no course in it.
    #[error("{0} is no course backup: it holds no course_info.dat at its top")]
    NoCourse(PathBuf),
    /// The course can't be understood.
    #[error("{path}: course_info.dat can't be read: {reason}")]
    CourseInfo {
        /// The archive.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file of the archive is damaged, or not what the archive says of it.
    #[error("{path} is damaged: {entry}: {reason}")]
    Entry {
        /// The archive.
        path: PathBuf,
        /// The file in it.
        entry: String,
        /// What is wrong.
        reason: String,
    },
    /// A file of the course that the archive is computed from has changed since.
    #[error("{entry} has changed since the archive was opened; copy it again")]
    Changed {
        /// The file in the archive.
        entry: String,
    },
    /// What was unpacked can't be written.
    #[error("can't unpack {entry}: {source}")]
    Write {
        /// The file in the archive.
        entry: String,
        /// Why.
        source: io::Error,
    },
}

/// The serialized course of a backup, decoded from base64.
pub struct CourseInfo {
    path: PathBuf,
    serialized: Vec<u8>,
}

impl CourseInfo {
    /// Reads the Course object.
    pub fn course(&self) -> Result<Value<'_>, ReadBackupError> {
        let failed = |reason| ReadBackupError::CourseInfo { path: self.path.clone(), reason };
        // Base64 is longer by a third.
        let length = self.serialized.len() as u64 / 3 * 4;
        let values = MOST_VALUES.saturating_mul(length.div_ceil(LONGEST_COMPRESSED).max(1));
        let values = usize::try_from(values).unwrap_or(usize::MAX);
        let limits = Limits { bytes: LONGEST_COURSE_INFO as usize, values, ..Limits::default() };
        let (value, _) = php::read(&self.serialized, &limits).map_err(|error| failed(error.to_string()))?;
        match value.as_object() {
            Some(object) if is_course(&object.class) => Ok(value),
            Some(object) => {
                let class = String::from_utf8_lossy(&object.class);
                Err(failed(format!("it holds an object of class {class}, not a course of Chamilo")))
            }
            None => Err(failed("it holds no object".into())),
        }
    }
}

fn is_course(class: &[u8]) -> bool {
    class.rsplit(|byte| *byte == b'\\').next().is_some_and(|short| short.eq_ignore_ascii_case(COURSE_CLASS))
}

/// An open backup: a file, or an archive that nobody has written.
pub struct BackupFile {
    path: PathBuf,
    bytes: Bytes,
    /// Places in the archive by name, without a leading slash or `./`.
    places: HashMap<Vec<u8>, usize>,
}

/// Where the bytes of a backup come from.
enum Bytes {
    Zip(Box<ZipArchive<BufReader<File>>>),
    /// One of ours, as it would be read: its files are taken from where they lie.
    Computed(Arc<Archive<BackupFiles>>),
}

impl BackupFile {
    /// Opens the archive `path` and reads its table of contents.
    pub fn open(path: &Path) -> Result<BackupFile, ReadBackupError> {
        let file = File::open(path).map_err(|source| ReadBackupError::Open { path: path.to_owned(), source })?;
        let zip = ZipArchive::new(BufReader::new(file))
            .map_err(|source| ReadBackupError::Zip { path: path.to_owned(), source })?;
        let places = zip.file_names_raw().enumerate().map(|(place, name)| (bare_name(name).to_vec(), place)).collect();
        Ok(BackupFile { path: path.to_owned(), bytes: Bytes::Zip(Box::new(zip)), places })
    }

    /// The backup that `archive` computes, called `path` in messages.
    pub fn computed(archive: Arc<Archive<BackupFiles>>, path: &Path) -> BackupFile {
        let entries = archive.layout().entries().enumerate();
        let places = entries.map(|(place, entry)| (entry.name.to_vec(), place)).collect();
        BackupFile { path: path.to_owned(), bytes: Bytes::Computed(archive), places }
    }

    /// The archive's path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Unpacks `course_info.dat`.
    pub fn course_info(&mut self) -> Result<CourseInfo, ReadBackupError> {
        let path = self.path.clone();
        let length = self.size(COURSE_INFO)?.ok_or_else(|| ReadBackupError::NoCourse(path.clone()))?;
        let longest = self.packed_size(COURSE_INFO)?.clamp(LONGEST_COMPRESSED, LONGEST_COURSE_INFO);
        if length > longest {
            let reason = format!("it declares {length} bytes, more than the {longest} that are read");
            return Err(ReadBackupError::CourseInfo { path, reason });
        }
        let mut decoder = Decoder { pending: Vec::new(), decoded: Vec::new() };
        self.unpack(COURSE_INFO, &mut decoder)?;
        let serialized = decoder
            .finish()
            .map_err(|error| ReadBackupError::CourseInfo { path: path.clone(), reason: error.to_string() })?;
        Ok(CourseInfo { path, serialized })
    }

    /// The names of all entries as text, with `/` between their parts, by their places in the archive. A name that is no
    /// UTF-8 is read as the format says: as code page 437.
    pub fn names(&mut self) -> Result<Vec<String>, ReadBackupError> {
        let zip = match &mut self.bytes {
            Bytes::Zip(zip) => zip,
            Bytes::Computed(archive) => {
                let entries = archive.layout().entries();
                return Ok(entries.map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect());
            }
        };
        let mut names = Vec::with_capacity(zip.len());
        for place in 0..zip.len() {
            let failed = |source| ReadBackupError::Zip { path: self.path.clone(), source };
            let entry = zip.by_index_raw(place).map_err(failed)?;
            let name = match std::str::from_utf8(entry.name_raw()) {
                Ok(name) => name.to_owned(),
                Err(_) => entry.name().map_err(failed)?.into_owned(),
            };
            // Some programs for Windows write its own separator.
            let name = if name.contains('/') { name } else { name.replace('\\', "/") };
            names.push(String::from_utf8_lossy(bare_name(name.as_bytes())).into_owned());
        }
        Ok(names)
    }

    /// From now on entries are known by these names, each with its place in the archive, and by no others.
    pub fn set_names(&mut self, names: HashMap<Vec<u8>, usize>) {
        self.places = names;
    }

    /// What the archive says of its first entry.
    pub fn comment(&mut self) -> Vec<u8> {
        match &mut self.bytes {
            Bytes::Zip(zip) => zip.by_index_raw(0).map(|entry| entry.comment_raw().to_vec()).unwrap_or_default(),
            Bytes::Computed(archive) => archive.layout().comment().to_vec(),
        }
    }

    /// The names of files and folders that begin with `start`, in order; those of folders may end in a slash.
    pub fn names_below(&self, start: &[u8]) -> Vec<Vec<u8>> {
        let mut names: Vec<Vec<u8>> = self.places.keys().filter(|name| name.starts_with(start)).cloned().collect();
        names.sort_unstable();
        names
    }

    /// The declared length of the file `name` in bytes, `None` if the archive has no such file.
    pub fn size(&mut self, name: &[u8]) -> Result<Option<u64>, ReadBackupError> {
        let Some(place) = self.places.get(name).copied() else { return Ok(None) };
        let zip = match &mut self.bytes {
            Bytes::Zip(zip) => zip,
            Bytes::Computed(archive) => {
                let entry = archive.layout().entry(place);
                return Ok(entry.filter(|entry| !matches!(entry.content, Content::Folder)).map(Entry::size));
            }
        };
        let entry = zip.by_index_raw(place).map_err(|error| damaged(&self.path, name, &error))?;
        if entry.is_symlink() {
            return Err(damaged(&self.path, name, &"it is a symbolic link"));
        }
        if entry.encrypted() {
            return Err(damaged(&self.path, name, &"it is encrypted"));
        }
        Ok((!entry.is_dir()).then(|| entry.size()))
    }

    /// How many bytes the file `name` takes in the archive, 0 if there is no such file. The archive is on the disk, and
    /// this is no more than its length.
    fn packed_size(&mut self, name: &[u8]) -> Result<u64, ReadBackupError> {
        let Some(place) = self.places.get(name).copied() else { return Ok(0) };
        let zip = match &mut self.bytes {
            Bytes::Zip(zip) => zip,
            Bytes::Computed(archive) => return Ok(archive.layout().entry(place).map_or(0, Entry::size)),
        };
        let entry = zip.by_index_raw(place).map_err(|error| damaged(&self.path, name, &error))?;
        let archive = std::fs::metadata(&self.path).map_or(0, |archive| archive.len());
        Ok(entry.compressed_size().min(archive))
    }

    /// Unpacks the file `name` into `output` and returns when it was last changed, in seconds since 1970 UTC, if the
    /// archive tells. Fails if length or CRC-32 are not as declared; part of the file has been written then.
    pub fn unpack(&mut self, name: &[u8], output: &mut dyn Write) -> Result<Option<i64>, ReadBackupError> {
        let no_such = || damaged(&self.path, name, &"there is no such file");
        let place = self.places.get(name).copied().ok_or_else(no_such)?;
        let zip = match &mut self.bytes {
            Bytes::Zip(zip) => zip,
            Bytes::Computed(archive) => {
                archive.write_entry(place, output).map_err(|error| copy_error(name, error))?;
                return Ok(archive.layout().entry(place).map(|entry| entry.mtime));
            }
        };
        let entry = zip.by_index(place).map_err(|error| damaged(&self.path, name, &error))?;
        let declared = entry.size();
        let mtime = modified(&entry);
        let mut buffer = vec![0; PIECE];
        // One byte more than declared is enough to know that the declaration is wrong.
        let mut input = entry.take(declared.saturating_add(1));
        let mut unpacked = 0;
        loop {
            // The last read, which finds the end, also compares the CRC-32.
            let read = input.read(&mut buffer).map_err(|error| damaged(&self.path, name, &error))?;
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            unpacked += read as u64;
            if unpacked > declared {
                return Err(damaged(&self.path, name, &format!("it is longer than the {declared} bytes it declares")));
            }
            output.write_all(bytes).map_err(|source| ReadBackupError::Write {
                entry: String::from_utf8_lossy(name).into_owned(),
                source,
            })?;
        }
        if unpacked < declared {
            return Err(damaged(&self.path, name, &format!("it ends after {unpacked} of {declared} bytes")));
        }
        Ok(mtime)
    }

    /// [`unpack`](Self::unpack) into an empty file: the kernel copies what lies on the disk as it is.
    pub fn unpack_to(&mut self, name: &[u8], output: &mut File) -> Result<Option<i64>, ReadBackupError> {
        match self.source(name) {
            Some(source) => source.copy_to(output),
            None => self.unpack(name, output),
        }
    }

    /// Where the bytes of the file `name` lie, if that is not in an archive.
    pub fn source(&self, name: &[u8]) -> Option<Source> {
        match &self.bytes {
            Bytes::Computed(archive) => {
                let place = *self.places.get(name)?;
                Some(Source { archive: Arc::clone(archive), place, name: name.to_owned() })
            }
            Bytes::Zip(_) => None,
        }
    }
}

/// A file of an archive that nobody has written. Any thread may copy it.
pub struct Source {
    archive: Arc<Archive<BackupFiles>>,
    place: usize,
    name: Vec<u8>,
}

impl Source {
    /// What it is called in the archive.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Copies it into the empty file `output`, in the kernel if it lies on the disk, and returns when it was last changed
    /// as [`BackupFile::unpack`] does.
    pub fn copy_to(&self, output: &File) -> Result<Option<i64>, ReadBackupError> {
        self.archive.copy_entry(self.place, output).map_err(|error| copy_error(&self.name, error))?;
        Ok(self.archive.layout().entry(self.place).map(|entry| entry.mtime))
    }
}

fn copy_error(entry: &[u8], error: CopyError) -> ReadBackupError {
    let entry = String::from_utf8_lossy(entry).into_owned();
    match error {
        CopyError::Read(ReadError::Changed { .. }) => ReadBackupError::Changed { entry },
        CopyError::Read(ReadError::Io { source, .. }) | CopyError::Write(source) => {
            ReadBackupError::Write { entry, source }
        }
    }
}

/// Decodes base64 as PHP does it, without strictness: what is not of the alphabet is passed over. It takes what comes
/// piece by piece, so that a long text never lies in memory twice.
struct Decoder {
    /// Of the alphabet, not yet decoded.
    pending: Vec<u8>,
    decoded: Vec<u8>,
}

impl Decoder {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );

    /// Decodes the first `length` pending bytes.
    fn decode(&mut self, length: usize) -> Result<(), base64::DecodeError> {
        Self::LENIENT.decode_vec(self.pending.get(..length).unwrap_or_default(), &mut self.decoded)?;
        self.pending.drain(..length);
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, base64::DecodeError> {
        self.decode(self.pending.len())?;
        Ok(self.decoded)
    }
}

impl Write for Decoder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let of_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        self.pending.extend_from_slice(bytes);
        self.pending.retain(of_alphabet);
        // Four letters are three bytes.
        self.decode(self.pending.len() / 4 * 4).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The name as Chamilo's importer sees it (Chamilo 1.11, PclZip): without leading `./` and `/`.
fn bare_name(mut name: &[u8]) -> &[u8] {
    while let Some(rest) = name.strip_prefix(b"./").or_else(|| name.strip_prefix(b"/")) {
        name = rest;
    }
    name
}

/// The time of the extended timestamp (UTC), else the DOS time, which tells no time zone, as if it were UTC.
fn modified<R: Read>(entry: &zip::read::ZipFile<'_, R>) -> Option<i64> {
    let extended = entry.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(time) => time.mod_time().map(|seconds| i64::from(seconds.cast_signed())),
        _ => None,
    });
    extended.or_else(|| {
        let dos = entry.last_modified()?;
        let number = |value: u8| i8::try_from(value).ok();
        let date = jiff::civil::DateTime::new(
            i16::try_from(dos.year()).ok()?,
            number(dos.month())?,
            number(dos.day())?,
            number(dos.hour())?,
            number(dos.minute())?,
            number(dos.second())?,
            0,
        );
        jiff::tz::Offset::UTC.to_timestamp(date.ok()?).ok().map(|time| time.as_second())
    })
}

fn damaged(path: &Path, entry: &[u8], reason: &dyn std::fmt::Display) -> ReadBackupError {
    ReadBackupError::Entry {
        path: path.to_owned(),
        entry: String::from_utf8_lossy(entry).into_owned(),
        reason: reason.to_string(),
    }
}
