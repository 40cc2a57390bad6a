//! What a change of documents is doing on the disk at this moment, written down before it is done.
//!
//! A mount makes one small change after the other: a transaction in which a file is made, moved or put in the place of
//! another. Rows that are not committed leave nothing, but the file has changed already if the process is killed in
//! between. An [`Intent`] says what was being done and which row tells whether it was for good; [`Intent::settle`] then
//! takes it back or completes it: at the next start ([`recovery`](super::recovery)), and at once when a transaction
//! fails.
//!
//! It lies in a [`Staging`] folder, whose lock tells whether its process lives, in one file that is written in place: a
//! system call a change, and nothing is waited for. Against the loss of power it promises nothing.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use rustix::fs::FileType;

use super::database::{DatabaseError, DatabaseExt, Session};
use super::staging::Staging;
use super::storage::{Folder, Identity};
use super::{Portal, crash};

/// The file in a staging folder.
const NAME: &[u8] = b"intent";

/// First field: what it is, and the version of its form.
const HEADER: &[u8] = b"coursefs intent 1";

/// Bytes before the fields: their length and their CRC-32, both of 4 bytes, little endian.
const PREFIX: usize = 8;

/// The longest intent that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// One thing that is done. Places are relative to `app/courses/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An empty file or a folder is made.
    Made(Vec<u8>),
    /// A file or folder is renamed.
    Moved {
        /// From here,
        from: Vec<u8>,
        /// to here.
        to: Vec<u8>,
        /// What it is.
        what: Identity,
    },
    /// Two files or folders take each other's places.
    Exchanged {
        /// Where the one was
        one: Vec<u8>,
        /// and where the other was.
        other: Vec<u8>,
        /// What the one is.
        what: Identity,
    },
}

/// A change under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// What is done, in this order.
    pub steps: Vec<Step>,
    /// What goes once the change is for good: the place and what lies there then. A folder goes with all that is in it.
    pub gone: Option<(Vec<u8>, Identity)>,
    /// Primary key of the row of `c_document` that tells,
    pub row: i64,
    /// and the path that it has if and only if the change was committed; `None` if there is no such row then.
    pub path: Option<Vec<u8>>,
}

impl Intent {
    /// Whether the change was committed.
    pub fn is_committed(&self, session: &dyn Session) -> Result<bool, DatabaseError> {
        let row = session.row("SELECT path FROM c_document WHERE iid = ?", &[self.row.into()])?;
        Ok(row.map(|row| row.bytes("path")) == self.path)
    }

    /// Completes a change that was `committed`, or takes back what was done of one that was not. Doing it twice is doing
    /// it once. How many files and folders were moved back or taken away.
    pub fn settle(&self, courses: &Folder, committed: bool) -> io::Result<usize> {
        let mut settled = 0;
        if committed {
            if let Some((place, what)) = &self.gone
                && identity(courses, place)? == Some(*what)
            {
                remove(courses, place)?;
                settled += 1;
            }
            return Ok(settled);
        }
        for step in self.steps.iter().rev() {
            let undone = match step {
                Step::Made(place) => take_away(courses, place),
                Step::Moved { from, to, what } if identity(courses, to)? == Some(*what) => {
                    courses.move_to(to, courses, from).map(|()| true)
                }
                Step::Exchanged { one, other, what } if identity(courses, other)? == Some(*what) => {
                    courses.rename(one, other, true).map(|()| true)
                }
                _ => Ok(false),
            };
            settled += usize::from(undone?);
        }
        Ok(settled)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; PREFIX];
        let mut field = |text: &[u8]| {
            bytes.extend_from_slice(text);
            bytes.push(0);
        };
        let numbers = |what: &Identity| format!("{} {} {}", what.device, what.inode, what.born).into_bytes();
        let (row, path) = (self.row.to_string(), self.path.as_deref().unwrap_or_default());
        field(HEADER);
        field(row.as_bytes());
        field(path);
        for step in &self.steps {
            let (kind, from, to, what) = match step {
                Step::Made(place) => ("made", place.as_slice(), b"".as_slice(), Vec::new()),
                Step::Moved { from, to, what } => ("moved", from.as_slice(), to.as_slice(), numbers(what)),
                Step::Exchanged { one, other, what } => ("exchanged", one.as_slice(), other.as_slice(), numbers(what)),
            };
            [kind.as_bytes(), from, to, &what].into_iter().for_each(&mut field);
        }
        if let Some((place, what)) = &self.gone {
            [b"gone".as_slice(), place, b"", &numbers(what)].into_iter().for_each(&mut field);
        }
        let fields = bytes.get(PREFIX..).unwrap_or_default();
        let length = u32::try_from(fields.len()).unwrap_or(0).to_le_bytes();
        let sum = crc32fast::hash(fields).to_le_bytes();
        for (place, byte) in bytes.iter_mut().zip(length.into_iter().chain(sum)) {
            *place = byte;
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made, whatever follows it; `None` if it is anything else.
    fn read(bytes: &[u8]) -> Option<Intent> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (sum, rest) = rest.split_first_chunk::<4>()?;
        let fields = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        if crc32fast::hash(fields) != u32::from_le_bytes(*sum) {
            return None;
        }
        let fields: Vec<&[u8]> = fields.strip_suffix(b"\0")?.split(|byte| *byte == 0).collect();
        let [HEADER, row, path, steps @ ..] = fields.as_slice() else { return None };
        let row = std::str::from_utf8(row).ok()?.parse().ok()?;
        let mut intent = Intent { steps: Vec::new(), gone: None, row, path: Some(path.to_vec()) };
        // A path is never empty.
        intent.path = intent.path.filter(|path| !path.is_empty());
        for step in steps.chunks(4) {
            let [kind, from, to, what] = step else { return None };
            let (from, to) = (from.to_vec(), to.to_vec());
            match *kind {
                b"made" => intent.steps.push(Step::Made(from)),
                b"moved" => intent.steps.push(Step::Moved { from, to, what: read_identity(what)? }),
                b"exchanged" => {
                    intent.steps.push(Step::Exchanged { one: from, other: to, what: read_identity(what)? });
                }
                b"gone" => intent.gone = Some((from, read_identity(what)?)),
                _ => return None,
            }
        }
        Some(intent)
    }
}

fn read_identity(field: &[u8]) -> Option<Identity> {
    let mut numbers = std::str::from_utf8(field).ok()?.split(' ');
    let device = numbers.next()?.parse().ok()?;
    let inode = numbers.next()?.parse().ok()?;
    let born = numbers.next()?.parse().ok()?;
    Some(Identity { device, inode, born, changed: 0 })
}

/// What lies at `place`, whatever is in it; `None` if nothing does.
pub fn identity(courses: &Folder, place: &[u8]) -> io::Result<Option<Identity>> {
    Ok(look(courses, place)?.map(|(identity, _)| identity))
}

/// [`identity`], and of what kind it is.
pub fn look(courses: &Folder, place: &[u8]) -> io::Result<Option<(Identity, FileType)>> {
    match courses.look(place) {
        Ok((found, kind)) => Ok(Some((Identity { changed: 0, ..found }, kind))),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes away what was made at `place`, if nothing has been put into it since; whether that was so.
fn take_away(courses: &Folder, place: &[u8]) -> io::Result<bool> {
    let stat = match courses.stat(place) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => return Ok(false),
        stat => stat?,
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if stat.st_size == 0 => courses.remove_file(place).map(|()| true),
        FileType::Directory => match courses.remove_folder(place) {
            Err(error) if error.raw_os_error() == Some(libc::ENOTEMPTY) => Ok(false),
            removed => removed.map(|()| true),
        },
        _ => Ok(false),
    }
}

/// Removes a file, or a folder with all that is in it.
pub fn remove(top: &Folder, place: &[u8]) -> io::Result<()> {
    match top.remove_file(place) {
        Err(error) if error.raw_os_error() == Some(libc::EISDIR) => {}
        removed => return removed,
    }
    for name in top.names(place)? {
        remove(top, &[place, b"/", &name].concat())?;
    }
    top.remove_folder(place)
}

/// The intents of one process, one at a time.
#[derive(Default)]
pub struct Intents {
    state: Mutex<Option<Written>>,
}

/// Where intents are written.
struct Written {
    _staging: Staging,
    file: File,
    /// What is under way.
    now: Option<Intent>,
}

impl Intents {
    /// Notes what will be done. Whatever was noted before is forgotten.
    pub fn note(&self, portal: &Portal, intent: Intent) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let written = match &mut *state {
            Some(written) => written,
            none => {
                let staging = Staging::new(portal)?;
                let file = staging.folder().create_file(NAME, 0o600)?;
                none.insert(Written { _staging: staging, file, now: None })
            }
        };
        written.file.write_all_at(&intent.to_bytes(), 0)?;
        written.now = Some(intent);
        crash::point("document-noted");
        Ok(())
    }

    /// The change that was noted last is over: it was `committed`, or what was done of it is taken back.
    pub fn over(&self, portal: &Portal, committed: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(written) = &mut *state else { return };
        let Some(intent) = written.now.take() else { return };
        crash::point("document-over");
        // If it can't be done now, it stays written until the next change: the next start tries again.
        match intent.settle(portal.courses_folder(), committed) {
            Ok(_) => drop(written.file.write_all_at(&[0; PREFIX], 0)),
            Err(error) => tracing::warn!("what was left of a change of documents can't be tidied up: {error}"),
        }
    }

    /// Forgets where intents are written, at the end of a mount.
    pub fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Settles what the process of the staging folder `folder` was doing to documents when it was killed; the places that
/// were taken away or put back.
pub fn recover(portal: &Portal, folder: &Folder) -> Result<usize, Failed> {
    let mut bytes = Vec::new();
    match folder.open_file(NAME) {
        Ok(file) => drop(file.take(LONGEST).read_to_end(&mut bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    }
    // One that is not whole was not followed by anything.
    let Some(intent) = Intent::read(&bytes) else { return Ok(0) };
    // As a writer: nobody changes the row between the look and the move.
    portal.database().write(|session| {
        let committed = intent.is_committed(session)?;
        Ok(intent.settle(portal.courses_folder(), committed)?)
    })
}

/// Why an intent could not be settled.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// A file or folder can't be looked at or moved.
    #[error(transparent)]
    Files(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent() -> Intent {
        let what = Identity { device: 7, inode: u64::MAX, born: -1, changed: 0 };
        Intent {
            steps: vec![
                Step::Made(b"X/document/a\nb\xff".to_vec()),
                Step::Moved { from: b"X/a".to_vec(), to: b"X/b c".to_vec(), what },
                Step::Exchanged { one: b"X/a".to_vec(), other: b"X/b".to_vec(), what },
            ],
            gone: Some((b"X/b".to_vec(), what)),
            row: 12,
            path: Some(b"/a\xff".to_vec()),
        }
    }

    #[test]
    fn an_intent_is_read_as_it_was_written_whatever_follows() {
        let others = [Intent { gone: None, path: None, ..intent() }, Intent { steps: Vec::new(), ..intent() }];
        for intent in others.into_iter().chain([intent()]) {
            let bytes = [intent.to_bytes().as_slice(), b"rest of a longer one"].concat();
            assert_eq!(Intent::read(&bytes), Some(intent));
        }
    }

    #[test]
    fn an_intent_that_is_cut_off_or_changed_is_none() {
        let whole = intent().to_bytes();
        for length in 0..whole.len() {
            assert_eq!(Intent::read(&whole[..length]), None, "{length}");
            let mut changed = whole.clone();
            changed[length] ^= 1;
            assert_eq!(Intent::read(&changed), None, "{length}");
        }
        assert_eq!(Intent::read(&[0; 64]), None);
    }

    #[test]
    fn what_was_done_is_taken_back_and_what_others_did_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let courses = Folder::open(temporary.path()).unwrap();
        for name in [b"one", b"two"] {
            courses.write_file(name, name, 0o644).unwrap();
        }
        let what = identity(&courses, b"one").unwrap().unwrap();
        let swap = Step::Exchanged { one: b"one".to_vec(), other: b"two".to_vec(), what };
        let moved = Step::Moved { from: b"two".to_vec(), to: b"three".to_vec(), what };
        let made = Step::Made(b"new".to_vec());
        let intent = Intent { steps: vec![made, swap, moved], gone: None, row: 1, path: None };
        courses.write_file(b"new", b"", 0o644).unwrap();
        courses.rename(b"one", b"two", true).unwrap();
        courses.move_to(b"two", &courses, b"three").unwrap();
        assert_eq!(intent.settle(&courses, false).unwrap(), 3);
        assert_eq!(intent.settle(&courses, false).unwrap(), 0);
        let text = |name: &str| std::fs::read_to_string(temporary.path().join(name)).unwrap();
        assert_eq!((text("one"), text("two")), ("one".to_owned(), "two".to_owned()));
        let mut names = courses.names(b"").unwrap();
        names.sort();
        assert_eq!(names, [b"one".as_slice(), b"two"]);
        // Somebody else's file of that name.
        courses.write_file(b"three", b"", 0o644).unwrap();
        courses.write_file(b"new", b"text", 0o644).unwrap();
        assert_eq!(intent.settle(&courses, false).unwrap(), 0);
    }

    #[test]
    fn what_goes_after_a_commit_goes_with_all_that_is_in_it() {
        let temporary = tempfile::tempdir().unwrap();
        let courses = Folder::open(temporary.path()).unwrap();
        courses.create_folders(b"f/g", 0o755).unwrap();
        courses.write_file(b"f/g/a", b"text", 0o644).unwrap();
        let what = identity(&courses, b"f").unwrap().unwrap();
        let intent = Intent { steps: Vec::new(), gone: Some((b"f".to_vec(), what)), row: 1, path: None };
        assert_eq!(intent.settle(&courses, false).unwrap(), 0);
        assert_eq!(intent.settle(&courses, true).unwrap(), 1);
        assert_eq!(intent.settle(&courses, true).unwrap(), 0);
        assert!(courses.names(b"").unwrap().is_empty());
    }
}
