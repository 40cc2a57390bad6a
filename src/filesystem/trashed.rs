//! The trash in the mount: `.trash/<CODE>/<time>/backup.zip`, found by name and never listed at the top; and the burst of
//! removals that each moment in it stands for.
//!
//! Before the first document or item leaves a course the course is remembered ([`crate::trash`]); what leaves it until
//! nothing has left for [`PAUSE`] belongs to the same moment. Each mount has bursts of its own: two mounts that remove from
//! one course at once remember it twice, and each moment finds what the other mount has removed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::archive::{Archive, Checksums};
use crate::backup::BackupFiles;
use crate::portal::storage::Folder;
use crate::trash::{Moment, Trash, TrashError};

use super::{Attributes, BACKUP, FsError, Node, OpenFile, PortalFs};

/// The folder at the top of a mount.
pub const TRASH: &[u8] = b".trash";

/// How long nothing leaves a course between two bursts.
const PAUSE: Duration = Duration::from_secs(10);

/// How often what is too old is looked for.
const DAILY: Duration = Duration::from_secs(24 * 3600);

/// How long what was found of a moment serves those who look at it next: programs look and then open.
const FRESH: Duration = Duration::from_millis(20);

/// A folder in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// `.trash` itself.
    Top,
    /// Of a course code.
    Course(Vec<u8>),
    /// Of a moment.
    Moment(Vec<u8>, Vec<u8>),
}

/// A course from which something leaves.
struct Burst {
    /// Where its files go; `None` if nothing could be remembered.
    moment: Option<Arc<Moment>>,
    last: Instant,
}

/// The burst of one course, if something has left it.
type Slot = Arc<Mutex<Option<Burst>>>;

/// A moment that was looked at.
struct Looked {
    place: Place,
    at: Instant,
    archive: Arc<Archive<BackupFiles>>,
}

/// Names in a folder with their nodes.
pub type Names = Vec<(Vec<u8>, Node)>;

/// The trash of a mounted portal.
pub struct Trashed {
    trash: Trash,
    checksums: Arc<Checksums>,
    /// By course; each is locked while its course is remembered, so that nothing leaves it before that is done.
    bursts: Mutex<HashMap<u32, Slot>>,
    /// Folders by the key of their nodes: there are no rows for them. It grows with what was looked at.
    places: Mutex<Vec<Place>>,
    looked: Mutex<Option<Looked>>,
    expired: Mutex<Option<Instant>>,
}

impl Trashed {
    /// The trash `trash`.
    pub fn new(trash: Trash, checksums: Arc<Checksums>) -> Trashed {
        Trashed {
            trash,
            checksums,
            bursts: Mutex::default(),
            places: Mutex::new(vec![Place::Top]),
            looked: Mutex::default(),
            expired: Mutex::default(),
        }
    }

    fn slot(&self, course: u32) -> Slot {
        Arc::clone(lock(&self.bursts).entry(course).or_default())
    }

    fn place(&self, key: u32) -> Result<Place, FsError> {
        let places = lock(&self.places);
        places.get(usize::try_from(key).unwrap_or(usize::MAX)).cloned().ok_or(FsError::NotFound)
    }

    fn key(&self, place: &Place) -> Result<u32, FsError> {
        let mut places = lock(&self.places);
        let key = places.iter().position(|other| other == place).unwrap_or_else(|| {
            places.push(place.clone());
            places.len() - 1
        });
        u32::try_from(key).map_err(|_| FsError::NotFound)
    }

    /// Removes what is too old, at most once a day.
    fn expire(&self) {
        let mut expired = lock(&self.expired);
        if expired.is_some_and(|when| when.elapsed() < DAILY) {
            return;
        }
        *expired = Some(Instant::now());
        drop(expired);
        match self.trash.expire() {
            Ok(0) => {}
            Ok(forgotten) => info!("{forgotten} moments in the trash were too old and are gone"),
            Err(error) => warn!("what is too old in the trash can't be removed: {error}"),
        }
    }
}

impl PortalFs {
    /// Begins a mount: what is too old in the trash goes, in a thread of its own.
    pub fn begin_trash(self: &Arc<Self>) {
        if self.writable().is_ok() && self.trashed.trash.is_used() {
            self.aside(|fs| fs.trashed.expire());
        }
    }

    /// To be called before something leaves the course `number` that may be wanted back, outside of transactions: the
    /// course is remembered if nothing has left it for a while. An error leaves everything as it is.
    pub(super) fn before_removal(&self, number: u32) -> Result<(), FsError> {
        if !self.trashed.trash.is_used() {
            return Ok(());
        }
        let course = self.course(number)?;
        let slot = self.trashed.slot(number);
        let mut burst = lock(&slot);
        if let Some(burst) = burst.as_mut().filter(|burst| burst.last.elapsed() < PAUSE) {
            burst.last = Instant::now();
            return Ok(());
        }
        let moment = match self.trashed.trash.remember(&self.portal, &course) {
            Ok(moment) => Some(Arc::new(moment)),
            Err(error) if error.is_no_room() => {
                let code = String::from_utf8_lossy(&course.code);
                warn!("what is removed from course {code} now can't be brought back: {error}");
                None
            }
            Err(error) => return Err(error.into()),
        };
        *burst = Some(Burst { moment, last: Instant::now() });
        Ok(())
    }

    /// To be called before the file `place` below the course's folder `top` is removed or gets another name, after
    /// [`before_removal`](Self::before_removal).
    pub(super) fn keep_file(&self, number: u32, top: &Folder, place: &[u8]) -> Result<(), FsError> {
        let slot = self.trashed.slot(number);
        let mut slot = lock(&slot);
        let Some(burst) = slot.as_mut() else { return Ok(()) };
        burst.last = Instant::now();
        let Some(moment) = &burst.moment else { return Ok(()) };
        match moment.keep(top, place) {
            Err(error) if error.is_no_link() => {
                warn!("a removed file can't be brought back: {error}");
                *slot = None;
                Ok(())
            }
            kept => Ok(kept?),
        }
    }

    /// The node `name` in the trash folder `key`.
    pub(super) fn in_trash(&self, key: u32, name: &[u8]) -> Result<Node, FsError> {
        let trash = &self.trashed.trash;
        let has =
            |names: Vec<Vec<u8>>| if names.iter().any(|other| other == name) { Ok(()) } else { Err(FsError::NotFound) };
        match self.trashed.place(key)? {
            Place::Top => {
                has(trash.codes()?)?;
                Ok(Node::Trash(self.trashed.key(&Place::Course(name.to_vec()))?))
            }
            Place::Course(code) => {
                has(trash.moments(&code)?)?;
                Ok(Node::Trash(self.trashed.key(&Place::Moment(code, name.to_vec()))?))
            }
            Place::Moment(..) if name == BACKUP => Ok(Node::TrashedBackup(key)),
            Place::Moment(..) => Err(FsError::NotFound),
        }
    }

    /// Names and nodes in the trash folder `key`, and the node of the folder that it is in.
    pub(super) fn list_trash(&self, key: u32) -> Result<(Node, Names), FsError> {
        self.begin_looking();
        let (parent, names) = match self.trashed.place(key)? {
            Place::Top => (Node::Root, self.trashed.trash.codes()?),
            Place::Course(code) => (Node::Trash(0), self.trashed.trash.moments(&code)?),
            Place::Moment(code, name) => {
                if !self.trashed.trash.moments(&code)?.contains(&name) {
                    return Err(FsError::NotFound);
                }
                (Node::Trash(self.trashed.key(&Place::Course(code))?), vec![BACKUP.to_vec()])
            }
        };
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let node = self.in_trash(key, &name)?;
            found.push((name, node));
        }
        Ok((parent, found))
    }

    /// Whoever looks at the trash of a mount that runs for days sees nothing that is too old.
    fn begin_looking(&self) {
        if self.writable().is_ok() && self.trashed.trash.is_used() {
            self.trashed.expire();
        }
    }

    /// The attributes of a folder or backup in the trash: for the owner of the courses' folder alone.
    pub(super) fn trash_attributes(&self, node: Node) -> Result<Attributes, FsError> {
        let (Node::Trash(key) | Node::TrashedBackup(key)) = node else { return Err(FsError::NotFound) };
        let top = self.attributes(Node::Root)?;
        let place = self.trashed.place(key)?;
        let time = match &place {
            Place::Moment(code, name) => {
                if !self.trashed.trash.moments(code)?.contains(name) {
                    return Err(FsError::NotFound);
                }
                Trash::time(name)
            }
            Place::Course(code) if !self.trashed.trash.codes()?.contains(code) => return Err(FsError::NotFound),
            Place::Course(_) | Place::Top => None,
        };
        let mtime = time.unwrap_or(top.mtime.seconds);
        let mode = if self.writable().is_ok() { 0o700 } else { 0o500 };
        if node == Node::TrashedBackup(key) {
            let size = self.trashed_archive(&place)?.size();
            return Ok(Attributes { mode, ..top }.archive(node, size, mtime, false));
        }
        let time = super::Time::at(mtime);
        Ok(Attributes { node, mode, atime: time, mtime: time, ctime: time, ..top })
    }

    /// Opens a backup in the trash.
    pub(super) fn open_trashed(&self, key: u32) -> Result<OpenFile, FsError> {
        Ok(OpenFile::Archive(self.trashed_archive(&self.trashed.place(key)?)?))
    }

    fn trashed_archive(&self, place: &Place) -> Result<Arc<Archive<BackupFiles>>, FsError> {
        let Place::Moment(code, name) = place else { return Err(FsError::NotFound) };
        let mut looked = lock(&self.trashed.looked);
        if let Some(last) = looked.as_ref().filter(|last| last.place == *place && last.at.elapsed() < FRESH) {
            return Ok(Arc::clone(&last.archive));
        }
        let checksums = Arc::clone(&self.trashed.checksums);
        let archive = Arc::new(self.trashed.trash.open(&self.portal, (code, name), checksums)?);
        *looked = Some(Looked { place: place.clone(), at: Instant::now(), archive: Arc::clone(&archive) });
        Ok(archive)
    }

    /// Removes the folder `name` from the trash folder `key`: what was remembered is gone for good then.
    pub(super) fn forget_trashed(&self, key: u32, name: &[u8]) -> Result<(), FsError> {
        match self.trashed.place(key)? {
            Place::Top => Ok(self.trashed.trash.forget_course(name)?),
            Place::Course(code) => {
                // Nothing more goes to a moment that is being forgotten.
                lock(&self.trashed.bursts).clear();
                *lock(&self.trashed.looked) = None;
                Ok(self.trashed.trash.forget(&code, name)?)
            }
            Place::Moment(..) => Err(FsError::NotFound),
        }
    }
}

impl From<TrashError> for FsError {
    fn from(error: TrashError) -> FsError {
        match error {
            TrashError::NotFound => FsError::NotFound,
            TrashError::Backup(error) => FsError::Backup(error),
            TrashError::Database(error) => FsError::Database(error),
            error => FsError::Trash(error),
        }
    }
}

/// The guarded values are tables that no panic can leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
