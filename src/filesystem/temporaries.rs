//! Files of a name of their own in a course's folder, on their way to being renamed to `backup.zip`.
//!
//! `rsync`, editors and file managers write a file under another name and rename it when it is whole. Such a file is a
//! spool with a name in memory: found by its name, not listed, and gone when it is renamed, removed or left alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::spool::Spool;
use super::{Attributes, FsError, Node};

/// The most such files at a time in a portal; each is an open file of the process.
const MOST: usize = 128;

/// The first bytes of a zip archive (`PK\x03\x04`; an empty one begins with `PK\x05\x06`).
const ZIP: &[u8] = b"PK";

/// Who may do what with a temporary file. Programs set it; nobody but the kernel acts on it.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// A file that waits for its right name.
pub struct Temporary {
    number: u32,
    course: u32,
    /// Its bytes.
    pub spool: Spool,
    owner: Mutex<Owner>,
    used: Mutex<Instant>,
}

impl Temporary {
    /// Its node.
    pub fn node(&self) -> Node {
        Node::Temporary(self.course, self.number)
    }

    /// Its attributes: sizes and times of the spool, the owner that it was given.
    pub fn attributes(&self) -> Result<Attributes, FsError> {
        let owner = *lock(&self.owner);
        let found = Attributes::of_stat(self.node(), &self.spool.stat()?).ok_or(FsError::NotFound)?;
        Ok(Attributes { mode: owner.mode, uid: owner.uid, gid: owner.gid, ..found })
    }

    /// Changes its owner.
    pub fn set_owner(&self, change: impl FnOnce(&mut Owner)) {
        change(&mut lock(&self.owner));
    }

    /// Somebody uses it: its time begins anew.
    pub fn touch(&self) {
        *lock(&self.used) = Instant::now();
    }

    /// Whether what it holds can't be the beginning of an archive.
    pub fn is_no_archive(&self) -> Result<bool, FsError> {
        let mut first = [0; ZIP.len()];
        let read = self.spool.read(0, &mut first)?;
        Ok(read > 0 && first != ZIP)
    }
}

/// The temporary files of a portal.
#[derive(Default)]
pub struct Temporaries {
    table: Mutex<Table>,
    last: AtomicU32,
}

#[derive(Default)]
struct Table {
    named: HashMap<(u32, Vec<u8>), Arc<Temporary>>,
    /// Those without a name too, as long as they are open.
    numbered: HashMap<u32, Weak<Temporary>>,
}

impl Temporaries {
    /// Gives `spool` the name `name` in the folder of `course`.
    pub fn add(&self, course: u32, name: &[u8], spool: Spool, owner: Owner) -> Result<Arc<Temporary>, FsError> {
        let mut table = lock(&self.table);
        let place = (course, name.to_vec());
        if table.named.contains_key(&place) {
            return Err(FsError::Exists);
        }
        if table.named.len() >= MOST {
            return Err(FsError::TooManyFiles);
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let (owner, used) = (Mutex::new(owner), Mutex::new(Instant::now()));
        let temporary = Arc::new(Temporary { number, course, spool, owner, used });
        table.numbered.retain(|_, temporary| temporary.strong_count() > 0);
        table.numbered.insert(number, Arc::downgrade(&temporary));
        table.named.insert(place, Arc::clone(&temporary));
        Ok(temporary)
    }

    /// The file called `name` in the folder of `course`.
    pub fn named(&self, course: u32, name: &[u8]) -> Option<Arc<Temporary>> {
        lock(&self.table).named.get(&(course, name.to_vec())).cloned()
    }

    /// The file with the number `number`.
    pub fn numbered(&self, number: u32) -> Option<Arc<Temporary>> {
        lock(&self.table).numbered.get(&number).and_then(Weak::upgrade)
    }

    /// Takes the name from a file; it is gone when nobody has it open. Tells whether there was one.
    pub fn remove(&self, course: u32, name: &[u8]) -> bool {
        lock(&self.table).named.remove(&(course, name.to_vec())).is_some()
    }

    /// Takes the name from `temporary`, if it still has it.
    pub fn remove_this(&self, name: &[u8], temporary: &Arc<Temporary>) {
        let mut table = lock(&self.table);
        let place = (temporary.course, name.to_vec());
        if table.named.get(&place).is_some_and(|other| Arc::ptr_eq(other, temporary)) {
            table.named.remove(&place);
        }
    }

    /// Gives a file another name in the same course, replacing one of that name.
    pub fn rename(&self, course: u32, from: &[u8], to: &[u8], replace: bool) -> Result<(), FsError> {
        let mut table = lock(&self.table);
        if !replace && table.named.contains_key(&(course, to.to_vec())) {
            return Err(FsError::Exists);
        }
        let temporary = table.named.remove(&(course, from.to_vec())).ok_or(FsError::NotFound)?;
        temporary.touch();
        table.named.insert((course, to.to_vec()), temporary);
        Ok(())
    }

    /// Removes the files that nobody has had open or asked for since `idle`; returns their courses, names and sizes,
    /// of those that held something.
    pub fn sweep(&self, idle: Duration) -> Vec<(u32, Vec<u8>, u64)> {
        let mut swept = Vec::new();
        lock(&self.table).named.retain(|(course, name), temporary| {
            let stays = Arc::strong_count(temporary) > 1 || lock(&temporary.used).elapsed() < idle;
            if !stays {
                let length = temporary.spool.length().unwrap_or(0);
                swept.extend((length > 0).then(|| (*course, name.clone(), length)));
            }
            stays
        });
        swept
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        lock(&self.table).named.is_empty()
    }
}

/// The guarded values are tables and plain values that no panic can leave half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::spool::Start;
    use super::*;
    use crate::portal::Portal;

    const OWNER: Owner = Owner { mode: 0o600, uid: 1, gid: 2 };

    #[test]
    fn a_file_left_alone_goes_after_its_time_but_an_open_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let portal = Portal::init(&folder.path().join("portal")).unwrap();
        let temporaries = Temporaries::default();
        let add = |name: &[u8]| {
            let spool = Spool::new(&portal, Start::Empty).unwrap();
            let temporary = temporaries.add(7, name, spool, OWNER).unwrap();
            temporary.spool.write(Some(0), b"PK", Some(1)).unwrap();
            temporary
        };
        let open = add(b"open");
        drop(add(b"left"));
        assert!(temporaries.sweep(Duration::from_secs(3600)).is_empty());
        assert_eq!(temporaries.sweep(Duration::ZERO), [(7, b"left".to_vec(), 2)]);
        assert!(temporaries.named(7, b"left").is_none() && temporaries.named(7, b"open").is_some());
        drop(open);
        assert_eq!(temporaries.sweep(Duration::ZERO).len(), 1);
        assert!(temporaries.is_empty());
    }

    #[test]
    fn an_open_file_is_found_by_its_number_after_its_name_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let portal = Portal::init(&folder.path().join("portal")).unwrap();
        let temporaries = Temporaries::default();
        let spool = Spool::new(&portal, Start::Empty).unwrap();
        let open = temporaries.add(7, b"name", spool, OWNER).unwrap();
        let Node::Temporary(7, number) = open.node() else { panic!("{:?}", open.node()) };
        assert!(temporaries.remove(7, b"name") && !temporaries.remove(7, b"name"));
        assert!(temporaries.numbered(number).is_some());
        drop(open);
        assert!(temporaries.numbered(number).is_none());
    }

    #[test]
    fn there_is_a_limit_to_their_number() {
        let folder = tempfile::tempdir().unwrap();
        let portal = Portal::init(&folder.path().join("portal")).unwrap();
        let temporaries = Temporaries::default();
        let add = |number: usize| {
            let spool = Spool::new(&portal, Start::Empty).unwrap();
            temporaries.add(1, number.to_string().as_bytes(), spool, OWNER)
        };
        for number in 0..MOST {
            add(number).unwrap();
        }
        assert!(matches!(add(MOST), Err(FsError::TooManyFiles)));
        assert!(matches!(add(1), Err(FsError::Exists)));
    }
}
