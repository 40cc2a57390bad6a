//! Items that get another name or another folder: a rename gives the item the title that its new name tells, a move into
//! another folder of the tool puts it there. Between tools and courses programs copy and remove.
//!
//! Editors rename the file that they are about to replace (`x.html` to `x.html~`), write it anew and remove the copy.
//! Hence an item that is renamed to a name under which nothing is kept is set aside: it is not seen until its file comes
//! back or a minute has passed, and it is removed only if the copy is, while nothing has taken its place.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::forms::{self, Place, StoreError};

use super::super::receiver::{Meaning, Receiver, Target};
use super::super::spool::{Spool, Start};
use super::super::temporaries::Owner;
use super::super::uploads::Upload;
use super::super::{FsError, Node, PortalFs, Replace};
use super::writing::ITEMS;
use super::{bytes, node_of, place_of};

/// How long an item stays out of sight.
const ASIDE: Duration = Duration::from_secs(60);

/// An item that was set aside.
struct Aside {
    /// Where its copy is, and the copy's name.
    copy: (Node, Vec<u8>),
    since: Instant,
}

/// Items that were set aside, by their nodes.
#[derive(Default)]
pub(super) struct SetAside(Mutex<HashMap<Node, Aside>>);

impl SetAside {
    fn add(&self, node: Node, copy: (Node, Vec<u8>)) {
        let mut aside = self.lock();
        aside.retain(|_, aside| aside.since.elapsed() < ASIDE);
        aside.insert(node, Aside { copy, since: Instant::now() });
    }

    /// Whether nobody sees `node`.
    pub fn contains(&self, node: Node) -> bool {
        self.lock().get(&node).is_some_and(|aside| aside.since.elapsed() < ASIDE)
    }

    /// Shows `node` again.
    pub fn show(&self, node: Node) {
        self.lock().remove(&node);
    }

    /// The item whose copy is called `name` in `folder`, which it is no more.
    fn take(&self, folder: Node, name: &[u8]) -> Option<Node> {
        let mut aside = self.lock();
        let found = aside.iter().find(|(_, aside)| aside.copy.0 == folder && aside.copy.1 == name);
        let node = found.filter(|(_, aside)| aside.since.elapsed() < ASIDE).map(|(node, _)| *node)?;
        aside.remove(&node);
        Some(node)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Node, Aside>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PortalFs {
    /// Renames what lies in the folder of a tool, or a tool's folder.
    pub(in super::super) fn rename_in_tools(
        &self,
        (parent, name): (Node, &[u8]),
        (new_parent, new_name): (Node, &[u8]),
        replace: Replace,
    ) -> Result<(), FsError> {
        let (Node::Tool(course, tag, key), Node::Tool(new_course, new_tag, new_key)) = (parent, new_parent) else {
            return Err(FsError::Elsewhere);
        };
        let (from, to) =
            (place_of(tag, key).ok_or(FsError::NotFound)?, place_of(new_tag, new_key).ok_or(FsError::NotFound)?);
        if course != new_course {
            return Err(FsError::Elsewhere);
        }
        let tree = self.tools_of(course)?;
        let entry = tree.tree.lookup(from, name).ok_or(FsError::NotFound)?.place;
        if replace == Replace::Swap {
            return Err(FsError::Value("items can't take each other's places"));
        }
        let target = tree.tree.lookup(to, new_name).map(|entry| entry.place);
        if target == Some(entry) {
            return Ok(());
        }
        if target.is_some() && replace == Replace::Never {
            return Err(FsError::Exists);
        }
        if let Some(node) = node_of(course, entry) {
            self.uploads.forget_taken(node);
        }
        match entry {
            // The page goes with the folder that it is the page of.
            Place::File(kind, row) if from == Place::Folder(kind, row) => Err(FsError::Elsewhere),
            Place::File(..) => match ITEMS.meaning(new_parent, new_name) {
                Meaning::Refused => Err(ITEMS.refusal(self, new_parent, new_name)),
                Meaning::Temporary => self.set_aside((parent, entry), (new_parent, new_name)),
                Meaning::Final => {
                    match target {
                        None => {}
                        Some(Place::File(..)) => {}
                        Some(_) => return Err(FsError::IsAFolder),
                    }
                    self.retitle(course, entry, (to, new_name))?;
                    match target {
                        Some(replaced) => self.remove_item(course, replaced, None),
                        None => Ok(()),
                    }
                }
            },
            Place::Folder(..) if target.is_some() => Err(FsError::NotEmpty),
            Place::Folder(kind, row) => self.retitle(course, Place::File(kind, row), (to, new_name)),
            Place::Attachment(..) if from == to && target.is_none() => self.rename_attachment(course, entry, new_name),
            _ => Err(FsError::Elsewhere),
        }
    }

    /// Gives the item of `file` the title that `name` tells, and puts it into `folder`.
    fn retitle(&self, course: u32, file: Place, (folder, name): (Place, &[u8])) -> Result<(), FsError> {
        let stamp = self.stamp();
        self.change_tools(course, |session, found, tree| {
            let tree = &tree.tree;
            let content = bytes(tree, file)?;
            let Place::File(kind, row) = file else { return Err(FsError::NotFound) };
            let own = tree.entry(file).and_then(|entry| entry.parent);
            let shown = String::from_utf8_lossy(name).into_owned();
            let (mut drafts, stem) = if own == Some(Place::Folder(kind, row)) {
                // A folder's page tells where the folder lies by the folder that it is read in.
                let around = tree.entry(Place::Folder(kind, row)).and_then(|entry| entry.parent);
                if around != Some(folder) {
                    return Err(FsError::Elsewhere);
                }
                (forms::read(tree, Place::Folder(kind, row), forms::tree::INDEX.as_bytes(), &content, &stamp), &*shown)
            } else {
                let stem = shown.rsplit_once('.').map_or(&*shown, |(stem, _)| stem);
                (forms::read(tree, folder, name, &content, &stamp), stem)
            };
            let mut draft = drafts.as_mut().map_or(None, |drafts| (drafts.len() == 1).then(|| drafts.remove(0)));
            let Some(mut draft) = draft.take() else {
                return Err(drafts.map_or_else(|error| FsError::Item(StoreError::from(error)), |_| FsError::Elsewhere));
            };
            draft.retitle(stem);
            let stored = forms::store::update(session, found, &stamp, tree, file, draft)?;
            self.keep_references(course, &stored.pending)
        })
    }

    /// Sets an item aside: a copy of its file gets the name.
    fn set_aside(&self, (parent, file): (Node, Place), (folder, name): (Node, &[u8])) -> Result<(), FsError> {
        let course = parent.course_number();
        let node = node_of(course, file).ok_or(FsError::NotFound)?;
        let tree = self.tools_of(course)?;
        let owner = self.attributes(node)?;
        let spool = Spool::new(&self.portal, Start::Empty)?;
        spool.fill(&tree.bytes(file, |tree| bytes(tree, file))?)?;
        let target = Target { folder, name: name.to_vec(), node: None };
        self.uploads.temporaries.remove(folder, name);
        let owner = Owner { mode: owner.mode, uid: owner.uid, gid: owner.gid };
        self.uploads.temporaries.add(Upload::new(&ITEMS, target, spool), owner)?;
        self.uploads.keep_sweeping();
        self.tools.aside.add(node, (folder, name.to_vec()));
        Ok(())
    }

    /// The temporary file `name` in `folder` was removed: if it was the copy of an item that was set aside, and nothing
    /// has taken the item's place, the item is removed.
    pub(in super::super) fn removed_copy(&self, folder: Node, name: &[u8]) -> Result<(), FsError> {
        let Some(Node::Tool(course, tag, key)) = self.tools.aside.take(folder, name) else { return Ok(()) };
        let file = place_of(tag, key).ok_or(FsError::NotFound)?;
        self.remove_item(course, file, None)
    }
}
