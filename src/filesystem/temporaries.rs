//! Files of a name of their own in a folder that takes files in: on their way to being renamed, or new.
//!
//! `rsync`, editors and file managers write a file under another name and rename it when it is whole. Such a file is an
//! upload with a name in memory: found by its name, not listed, and gone when it is taken in, removed or left alone.
//! A new file with its final name is one too until it is closed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::receiver::Target;
use super::uploads::Upload;
use super::{Attributes, FsError, Node};

/// The most such files at a time in a portal; each is an open file of the process.
const MOST: usize = 128;

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
    /// Its bytes and where they go.
    pub upload: Upload,
    /// Whether its name was taken from it, so that nobody wants it any more.
    removed: AtomicBool,
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
        let found = Attributes::of_stat(self.node(), &self.upload.spool.stat()?).ok_or(FsError::NotFound)?;
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

    /// Whether somebody removed it.
    pub fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Relaxed)
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
    named: HashMap<(Node, Vec<u8>), Arc<Temporary>>,
    /// Those without a name too, as long as they are open.
    numbered: HashMap<u32, Weak<Temporary>>,
}

impl Temporaries {
    /// Gives `upload` the name and folder that it goes to.
    pub fn add(&self, upload: Upload, owner: Owner) -> Result<Arc<Temporary>, FsError> {
        let mut table = lock(&self.table);
        let Target { folder, name, .. } = upload.target();
        let place = (folder, name);
        if table.named.contains_key(&place) {
            return Err(FsError::Exists);
        }
        if table.named.len() >= MOST {
            return Err(FsError::TooManyFiles);
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let (owner, used) = (Mutex::new(owner), Mutex::new(Instant::now()));
        let (course, removed) = (folder.course_number(), AtomicBool::new(false));
        let temporary = Arc::new(Temporary { number, course, upload, removed, owner, used });
        table.numbered.retain(|_, temporary| temporary.strong_count() > 0);
        table.numbered.insert(number, Arc::downgrade(&temporary));
        table.named.insert(place, Arc::clone(&temporary));
        Ok(temporary)
    }

    /// The file called `name` in `folder`.
    pub fn named(&self, folder: Node, name: &[u8]) -> Option<Arc<Temporary>> {
        lock(&self.table).named.get(&(folder, name.to_vec())).cloned()
    }

    /// The file with the number `number`.
    pub fn numbered(&self, number: u32) -> Option<Arc<Temporary>> {
        lock(&self.table).numbered.get(&number).and_then(Weak::upgrade)
    }

    /// Removes a file: its name goes, and it is gone when nobody has it open. Tells whether there was one.
    pub fn remove(&self, folder: Node, name: &[u8]) -> bool {
        let removed = lock(&self.table).named.remove(&(folder, name.to_vec()));
        removed.inspect(|temporary| temporary.removed.store(true, Ordering::Relaxed)).is_some()
    }

    /// Takes the name `name` in `folder` from `temporary`, if it still has it: what it held is elsewhere now.
    pub fn release(&self, folder: Node, name: &[u8], temporary: &Arc<Temporary>) {
        let mut table = lock(&self.table);
        let place = (folder, name.to_vec());
        if table.named.get(&place).is_some_and(|other| Arc::ptr_eq(other, temporary)) {
            table.named.remove(&place);
        }
    }

    /// Gives a file another name in the same folder, replacing one of that name.
    pub fn rename(&self, folder: Node, from: &[u8], to: &[u8], replace: bool) -> Result<(), FsError> {
        let mut table = lock(&self.table);
        if !replace && table.named.contains_key(&(folder, to.to_vec())) {
            return Err(FsError::Exists);
        }
        let temporary = table.named.remove(&(folder, from.to_vec())).ok_or(FsError::NotFound)?;
        temporary.touch();
        temporary.upload.set_target(Target { name: to.to_vec(), ..temporary.upload.target() });
        let replaced = table.named.insert((folder, to.to_vec()), temporary);
        replaced.inspect(|other| other.removed.store(true, Ordering::Relaxed));
        Ok(())
    }

    /// Removes the files that nobody has had open or asked for since `idle`; all if that is `None`, at the end of the
    /// mount: that a program has closed one may not have been told yet. Returns where they were, what they were to be
    /// renamed to and their sizes, of those that held something.
    pub fn sweep(&self, idle: Option<Duration>) -> Vec<(Target, &'static str, u64)> {
        let mut swept = Vec::new();
        lock(&self.table).named.retain(|_, temporary| {
            let in_use = |idle| Arc::strong_count(temporary) > 1 || lock(&temporary.used).elapsed() < idle;
            let stays = idle.is_some_and(in_use);
            if !stays {
                let upload = &temporary.upload;
                let length = upload.spool.length().unwrap_or(0);
                swept.extend((length > 0).then(|| (upload.target(), upload.receiver.awaits(), length)));
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
    use super::super::backups::BACKUPS;
    use super::super::receiver::Receiver;
    use super::super::spool::{Spool, Start};
    use super::*;
    use crate::portal::Portal;

    const OWNER: Owner = Owner { mode: 0o600, uid: 1, gid: 2 };
    const FOLDER: Node = Node::Course(7);

    fn portal() -> (tempfile::TempDir, Portal) {
        let folder = tempfile::tempdir().unwrap();
        let portal = Portal::init(&folder.path().join("portal")).unwrap();
        (folder, portal)
    }

    fn upload(portal: &Portal, name: &[u8]) -> Upload {
        let target = Target { folder: FOLDER, name: name.to_vec(), node: None };
        Upload::new(&BACKUPS, target, Spool::new(portal, Start::Empty).unwrap())
    }

    #[test]
    fn a_file_left_alone_goes_after_its_time_but_an_open_one_stays() {
        let (_folder, portal) = portal();
        let temporaries = Temporaries::default();
        let add = |name: &[u8]| {
            let temporary = temporaries.add(upload(&portal, name), OWNER).unwrap();
            temporary.upload.spool.write(Some(0), b"PK", Some(1)).unwrap();
            temporary
        };
        let open = add(b"open");
        drop(add(b"left"));
        assert!(temporaries.sweep(Some(Duration::from_secs(3600))).is_empty());
        let left = Target { folder: FOLDER, name: b"left".to_vec(), node: None };
        assert_eq!(temporaries.sweep(Some(Duration::ZERO)), [(left, BACKUPS.awaits(), 2)]);
        assert!(temporaries.named(FOLDER, b"left").is_none() && temporaries.named(FOLDER, b"open").is_some());
        drop(open);
        assert_eq!(temporaries.sweep(Some(Duration::ZERO)).len(), 1);
        let _open_at_the_end = add(b"open");
        assert_eq!(temporaries.sweep(None).len(), 1);
        assert!(temporaries.is_empty());
    }

    #[test]
    fn an_open_file_is_found_by_its_number_after_its_name_is_gone() {
        let (_folder, portal) = portal();
        let temporaries = Temporaries::default();
        let open = temporaries.add(upload(&portal, b"name"), OWNER).unwrap();
        let Node::Temporary(7, number) = open.node() else { panic!("{:?}", open.node()) };
        assert!(!open.is_removed());
        assert!(temporaries.remove(FOLDER, b"name") && !temporaries.remove(FOLDER, b"name"));
        assert!(open.is_removed() && temporaries.numbered(number).is_some());
        drop(open);
        assert!(temporaries.numbered(number).is_none());
    }

    #[test]
    fn there_is_a_limit_to_their_number() {
        let (_folder, portal) = portal();
        let temporaries = Temporaries::default();
        let add = |number: usize| temporaries.add(upload(&portal, number.to_string().as_bytes()), OWNER);
        for number in 0..MOST {
            add(number).unwrap();
        }
        assert!(matches!(add(MOST), Err(FsError::TooManyFiles)));
        assert!(matches!(add(1), Err(FsError::Exists)));
    }
}
