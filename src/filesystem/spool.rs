//! A spool: a private file without a name that collects what a program writes until it is whole.
//!
//! It lies in the portal's `app/cache/`, which no web server serves and which is on the disk of the courses, where the
//! upload has to fit in the end anyway. It has no name there (`O_TMPFILE`), so that nobody else can open it and
//! nothing is left behind, however the process ends. What the bytes mean is left to [`uploads`](super::uploads).
//!
//! A copy of one of our own archives, made by the kernel (`copy_file_range`), is *promised*: the spool notes from which
//! archive its bytes come and writes none of them, unless somebody reads or changes them as bytes.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{FallocateFlags, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::portal::Portal;

use crate::archive::Archive;
use crate::backup::BackupFiles;

use super::FsError;

/// Bytes of a promised archive that are written at once when they are needed.
const PIECE: usize = 1 << 20;

/// The most bytes that are promised at once: what the answer to the kernel can tell.
const MOST_PROMISED: u64 = 1 << 31;

/// Chamilo's folder for temporary files, on the disk of the courses and not served.
const CACHE: &str = "app/cache";

/// What a spool begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A new, empty file: anything may be written anywhere.
    Empty,
    /// In the place of a file that was not truncated: only a writer who begins at the beginning and leaves no gap
    /// replaces all of it. Whoever reads, appends or skips relies on the old content and is refused.
    Untouched,
    /// As `Untouched`, and the first bytes have been written.
    Begun,
    /// In the place of a file that was not truncated, with a copy of its bytes: anything may be written anywhere.
    Filled,
}

/// A private file.
pub struct Spool {
    file: File,
    state: Mutex<State>,
}

struct State {
    start: Start,
    /// Moves with every change of the bytes.
    changes: u64,
    /// Processes that have written, by the number that the kernel gives their table of open files.
    writers: HashSet<u64>,
    /// Whether bytes came by a memory mapping or a copy in the kernel, of which it does not tell whose they are.
    mapped: bool,
    /// The archive of which the first bytes are these, and how many. The file is empty then.
    promised: Option<(Arc<Archive<BackupFiles>>, u64)>,
}

impl Spool {
    /// An empty spool on the disk of `portal`.
    pub fn new(portal: &Portal, start: Start) -> io::Result<Spool> {
        let cache = portal.root().join(CACHE);
        std::fs::create_dir_all(&cache)?;
        let file = nameless(&cache)?;
        let state = State { start, changes: 0, writers: HashSet::new(), mapped: false, promised: None };
        Ok(Spool { file, state: Mutex::new(state) })
    }

    /// A path under which this process, and no other, can open the spool.
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.file.as_raw_fd()).into()
    }

    /// The file's own attributes.
    pub fn stat(&self) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(&self.file)?)
    }

    /// Length in bytes.
    pub fn length(&self) -> io::Result<u64> {
        match &self.lock().promised {
            Some((_, length)) => Ok(*length),
            None => self.length_of_file(),
        }
    }

    fn length_of_file(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Appends up to `length` bytes of `archive` from `offset` on, which stand at the same place here, without writing
    /// them; how many. Anything else than one archive from its beginning on is not supported: it is to be written.
    pub fn promise(&self, archive: &Arc<Archive<BackupFiles>>, offset: u64, length: u64) -> Result<u64, FsError> {
        let mut state = self.lock();
        let follows = match &state.promised {
            Some((promised, so_far)) => Arc::ptr_eq(promised, archive) && *so_far == offset,
            None => offset == 0 && self.length_of_file()? == 0,
        };
        if !follows {
            return Err(FsError::NotSupported);
        }
        let length = length.min(archive.size().saturating_sub(offset)).min(MOST_PROMISED);
        if length > 0 {
            state.changes += 1;
            state.mapped = true;
            if state.start == Start::Untouched {
                state.start = Start::Begun;
            }
            state.promised = Some((Arc::clone(archive), offset + length));
        }
        Ok(length)
    }

    /// The archive that is promised as a whole.
    pub fn promised(&self) -> Option<Arc<Archive<BackupFiles>>> {
        let state = self.lock();
        let (archive, length) = state.promised.as_ref()?;
        (*length == archive.size()).then(|| Arc::clone(archive))
    }

    /// Writes what was promised: it is needed as bytes.
    pub fn materialize(&self) -> Result<(), FsError> {
        self.keep_promise(&mut self.lock())
    }

    fn keep_promise(&self, state: &mut State) -> Result<(), FsError> {
        let Some((archive, length)) = &state.promised else { return Ok(()) };
        let mut buffer = vec![0; PIECE];
        let mut offset = 0;
        while offset < *length {
            let piece = usize::try_from(*length - offset).unwrap_or(PIECE).min(PIECE);
            let read = archive.read_at(offset, buffer.get_mut(..piece).unwrap_or_default())?;
            self.file.write_all_at(buffer.get(..read).unwrap_or_default(), offset)?;
            offset += read as u64;
            if read == 0 {
                break;
            }
        }
        state.promised = None;
        Ok(())
    }

    /// Fills `buffer` from `offset` on and returns how many bytes that were; fewer only at the end.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, FsError> {
        if self.lock().start == Start::Untouched {
            return Err(FsError::NotInPlace);
        }
        self.materialize()?;
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset.saturating_add(filled as u64))? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }

    /// Writes `bytes` at `offset`, at the end if that is `None`. `writer` is the process, `None` if it is not known.
    pub fn write(&self, offset: Option<u64>, bytes: &[u8], writer: Option<u64>) -> Result<(), FsError> {
        let mut state = self.lock();
        self.keep_promise(&mut state)?;
        let end = self.length_of_file()?;
        let at = match (state.start, offset) {
            (Start::Untouched, None) => return Err(FsError::NotInPlace),
            (Start::Untouched | Start::Begun, Some(offset)) if offset > end => return Err(FsError::NotInPlace),
            (_, offset) => offset.unwrap_or(end),
        };
        // Before the bytes: a write that fails half way has changed some.
        state.changes += 1;
        match writer {
            Some(writer) => drop(state.writers.insert(writer)),
            None => state.mapped = true,
        }
        if state.start == Start::Untouched {
            state.start = Start::Begun;
        }
        Ok(self.file.write_all_at(bytes, at)?)
    }

    /// Cuts or lengthens the file. `writer` as in [`write`](Self::write).
    pub fn set_length(&self, length: u64) -> Result<(), FsError> {
        let mut state = self.lock();
        if state.start == Start::Untouched && length != 0 {
            return Err(FsError::NotInPlace);
        }
        if length == 0 {
            state.start = Start::Empty;
            if state.promised.take().is_some() {
                state.changes += 1;
            }
        }
        if state.promised.as_ref().is_some_and(|(_, promised)| *promised == length) {
            return Ok(());
        }
        self.keep_promise(&mut state)?;
        if length != self.length_of_file()? {
            state.changes += 1;
            self.file.set_len(length)?;
        }
        Ok(())
    }

    /// Takes the place of a file that was truncated, if nothing was written yet.
    pub fn empty_untouched(&self) -> io::Result<()> {
        let mut state = self.lock();
        if state.start == Start::Untouched || state.start == Start::Filled && state.changes == 0 {
            self.file.set_len(0)?;
            state.start = Start::Empty;
        }
        Ok(())
    }

    /// Lets the spool begin with `bytes`, a copy of what is in the place.
    pub fn fill(&self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, 0)?;
        self.lock().start = Start::Filled;
        Ok(())
    }

    /// Reserves room on the disk.
    pub fn allocate(&self, offset: u64, length: u64, keep_size: bool) -> Result<(), FsError> {
        let flags = if keep_size { FallocateFlags::KEEP_SIZE } else { FallocateFlags::empty() };
        let mut state = self.lock();
        if state.start == Start::Untouched && !keep_size {
            return Err(FsError::NotInPlace);
        }
        if !keep_size {
            self.keep_promise(&mut state)?;
        }
        state.changes += 1;
        Ok(rustix::fs::fallocate(&self.file, flags, offset, length).map_err(io::Error::from)?)
    }

    /// Waits until the bytes are on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Sets the times of last access and last change, as far as they are given.
    pub fn set_times(&self, times: std::fs::FileTimes) -> io::Result<()> {
        self.file.set_times(times)
    }

    /// A number that moves with every change of the bytes; 0 if there was none.
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// Whether the file was made empty (and may have been written since).
    pub fn was_emptied(&self) -> bool {
        self.lock().start == Start::Empty
    }

    /// Whether the process `writer` may have written some of the bytes.
    pub fn was_written_by(&self, writer: u64) -> bool {
        let state = self.lock();
        state.mapped || state.writers.contains(&writer)
    }

    /// The lock is held while bytes are written, so that appending writers do not overwrite each other.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file of mode 0600 without a name in `folder`.
fn nameless(folder: &Path) -> io::Result<File> {
    // With O_EXCL nobody can give it a name later.
    let flags = OFlags::TMPFILE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => Ok(File::from(file)),
        // A file system that can't do it (NFS): the name goes right after the file was made.
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT) => {
            Ok(tempfile::Builder::new().prefix("coursefs-").tempfile_in(folder)?.into_file())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(start: Start) -> (tempfile::TempDir, Spool) {
        let folder = tempfile::tempdir().unwrap();
        let portal = Portal::init(&folder.path().join("portal")).unwrap();
        let spool = Spool::new(&portal, start).unwrap();
        assert_eq!(std::fs::read_dir(portal.root().join(CACHE)).unwrap().count(), 0, "a spool has no name");
        assert_eq!(spool.stat().unwrap().st_mode & 0o777, 0o600);
        (folder, spool)
    }

    fn content(spool: &Spool) -> Vec<u8> {
        std::fs::read(spool.path()).unwrap()
    }

    #[test]
    fn an_empty_spool_is_an_ordinary_file() {
        let (_folder, spool) = spool(Start::Empty);
        spool.write(Some(4), b"EFGH", Some(1)).unwrap();
        spool.write(Some(0), b"ABCD", Some(1)).unwrap();
        spool.write(None, b"IJ", Some(2)).unwrap();
        let mut buffer = [0; 20];
        assert_eq!(spool.read(2, &mut buffer).unwrap(), 8);
        assert_eq!(&buffer[..8], b"CDEFGHIJ");
        spool.set_length(3).unwrap();
        assert_eq!(content(&spool), b"ABC");
        assert!(spool.was_written_by(1) && spool.was_written_by(2) && !spool.was_written_by(3));
    }

    #[test]
    fn what_was_not_truncated_can_only_be_replaced_from_its_beginning_without_a_gap() {
        let (_folder, spool) = spool(Start::Untouched);
        assert!(matches!(spool.write(Some(1), b"x", None), Err(FsError::NotInPlace)));
        assert!(matches!(spool.write(None, b"x", None), Err(FsError::NotInPlace)));
        assert!(matches!(spool.read(0, &mut [0]), Err(FsError::NotInPlace)));
        assert!(matches!(spool.set_length(1), Err(FsError::NotInPlace)));
        assert_eq!(spool.changes(), 0);
        spool.write(Some(0), b"ABC", Some(1)).unwrap();
        spool.write(Some(3), b"DEF", Some(1)).unwrap();
        assert!(matches!(spool.write(Some(7), b"x", None), Err(FsError::NotInPlace)));
        spool.set_length(4).unwrap();
        assert_eq!(content(&spool), b"ABCD");
    }

    #[test]
    fn a_filled_spool_is_changed_in_places_or_emptied() {
        let (_folder, changed) = spool(Start::Untouched);
        changed.fill(b"ABCDEF").unwrap();
        assert_eq!(changed.changes(), 0);
        changed.write(Some(2), b"x", Some(1)).unwrap();
        changed.write(None, b"G", Some(1)).unwrap();
        changed.empty_untouched().unwrap();
        assert_eq!(content(&changed), b"ABxDEFG");
        let (_folder, emptied) = spool(Start::Untouched);
        emptied.fill(b"ABCDEF").unwrap();
        emptied.empty_untouched().unwrap();
        assert!(emptied.was_emptied());
        assert_eq!((emptied.changes(), content(&emptied)), (0, Vec::new()));
    }

    #[test]
    fn truncating_makes_an_untouched_spool_an_empty_one() {
        let (_folder, spool) = spool(Start::Untouched);
        spool.empty_untouched().unwrap();
        assert!(spool.was_emptied());
        assert_eq!(spool.changes(), 0);
        spool.write(Some(2), b"x", Some(1)).unwrap();
        assert_eq!(content(&spool), b"\0\0x");
    }
}
