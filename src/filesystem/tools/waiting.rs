//! Attachments that come before their item.
//!
//! Programs copy folders in orders of their own (`rsync` makes all of them first), so the folder `Welcome_files` may come
//! before `Welcome.html`. Such a folder waits, with all that is put into it, below the portal's `app/cache/`, where all
//! hosts of the portal see it and no crash loses it. As soon as its item is there, the files become the item's.
//! Whoever still knows the folder by its number goes on with the item's own.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use crate::forms::tree::ATTACHMENTS;
use crate::forms::{self, Place};

use super::super::receiver::{Meaning, Receiver, Taken, Target};
use super::super::spool::Spool;
use super::super::uploads::UploadError;
use super::super::{Attributes, FsError, Node, OpenFile, PortalFs};
use super::names::is_temporary;
use super::{Names, Tag, node_of, nodes};

/// The folder with all that waits. It is there only as long as something does.
const FOLDER: &str = "app/cache/waiting-files";

/// Folders that no longer wait, but may still be known by their numbers.
const KNOWN: usize = 1000;

/// Takes in files that wait.
pub struct Waiting;

/// The one that does.
pub static WAITING: Waiting = Waiting;

/// What is remembered of folders that waited: their paths, by their nodes.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<Node, Vec<u8>>>);

impl Known {
    fn add(&self, node: Node, path: &[u8]) {
        let mut known = self.lock();
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(node, path.to_vec());
    }

    fn get(&self, node: Node) -> Option<Vec<u8>> {
        self.lock().get(&node).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Node, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key of the path of what waits.
fn key(path: &[u8]) -> u32 {
    (xxh3_64(path) & u64::from(u32::MAX)) as u32
}

fn folder_node(course: u32, path: &[u8]) -> Node {
    Node::Tool(course, Tag::WAITING_FOLDER, key(path))
}

fn file_node(course: u32, folder: &[u8], name: &[u8]) -> Node {
    Node::Tool(course, Tag::WAITING_FILE, key(&[folder, b"/", name].concat()))
}

/// A path as the name of one folder.
fn encoded(path: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(path.len());
    for byte in path {
        match byte {
            b'%' => name.extend_from_slice(b"%25"),
            b'/' => name.extend_from_slice(b"%2F"),
            byte => name.push(*byte),
        }
    }
    name
}

fn decoded(name: &[u8]) -> Vec<u8> {
    percent_encoding::percent_decode(name).collect()
}

/// The names in `folder`; none if there is no such folder.
fn names_in(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name().as_bytes().to_vec());
    // Files that are being written begin with a dot.
    names.filter(|name| !name.starts_with(b".")).collect()
}

/// A folder that waits.
struct Folder {
    course: u32,
    /// Its path below the course's folder.
    path: Vec<u8>,
    on_disk: PathBuf,
}

impl PortalFs {
    fn waiting_in(&self, course: u32) -> PathBuf {
        self.portal.root().join(FOLDER).join(course.to_string())
    }

    fn waiting_at(&self, course: u32, path: &[u8]) -> Folder {
        let on_disk = self.waiting_in(course).join(OsStr::from_bytes(&encoded(path)));
        Folder { course, path: path.to_vec(), on_disk }
    }

    fn waiting_folder(&self, node: Node) -> Option<Folder> {
        let Node::Tool(course, Tag::WAITING_FOLDER, number) = node else { return None };
        let paths = names_in(&self.waiting_in(course)).into_iter().map(|name| decoded(&name));
        paths.into_iter().find(|path| key(path) == number).map(|path| self.waiting_at(course, &path))
    }

    /// Where the file `node` lies, the folder that waits, and its name there.
    fn waiting_file(&self, node: Node) -> Option<(Folder, Vec<u8>)> {
        let Node::Tool(course, Tag::WAITING_FILE, _) = node else { return None };
        let paths = names_in(&self.waiting_in(course)).into_iter().map(|name| decoded(&name));
        paths.map(|path| self.waiting_at(course, &path)).find_map(|folder| {
            let names = names_in(&folder.on_disk).into_iter();
            let name = names.into_iter().find(|name| file_node(course, &folder.path, name) == node)?;
            Some((folder, name))
        })
    }

    /// The node that stands for `node` by now: a folder that waited is the folder of its item's attachments, and one that
    /// was made is the folder that was meant.
    pub(in super::super) fn arrived(&self, node: Node) -> Node {
        let Node::Tool(course, tag, _) = node else { return node };
        if tag != Tag::WAITING_FOLDER {
            return self.tools.twins.meant(node);
        }
        if self.waiting_folder(node).is_some() {
            return node;
        }
        let found = self.tools.known.get(node).and_then(|path| {
            let place = self.tools_of(course).ok()?.tree.place(&path)?;
            node_of(course, place)
        });
        found.unwrap_or(node)
    }

    /// Lets the folder `name` in `folder` wait, if it could be one for attachments of an item that is to come.
    pub(super) fn make_waiting(&self, parent: Node, (folder, name): (Place, &[u8])) -> Result<Option<Node>, FsError> {
        let suffix = ATTACHMENTS.as_bytes();
        let fits = name.len() > suffix.len() && name.ends_with(suffix) && forms::takes_attachments(folder);
        if !fits {
            return Ok(None);
        }
        let course = parent.course_number();
        let above = self.tools_of(course)?.tree.path(folder).ok_or(FsError::NotFound)?;
        let folder = self.waiting_at(course, &[above.as_slice(), name].join(&b'/'));
        std::fs::create_dir_all(&folder.on_disk)?;
        let node = folder_node(course, &folder.path);
        self.tools.known.add(node, &folder.path);
        Ok(Some(node))
    }

    /// Folders that wait in `folder`.
    pub(super) fn waiting_within(&self, course: u32, folder: Place) -> Result<Names, FsError> {
        let waiting = names_in(&self.waiting_in(course));
        if waiting.is_empty() {
            return Ok(Names::new());
        }
        let Some(above) = self.tools_of(course)?.tree.path(folder) else { return Ok(Names::new()) };
        let found = waiting.into_iter().filter_map(|path| {
            let path = decoded(&path);
            let name = path.strip_prefix(above.as_slice())?.strip_prefix(b"/")?;
            (!name.contains(&b'/')).then(|| (name.to_vec(), folder_node(course, &path)))
        });
        Ok(found.collect())
    }

    /// What a folder that waits holds.
    pub(super) fn waiting_entries(&self, node: Node) -> Result<Names, FsError> {
        let folder = self.waiting_folder(node).ok_or(FsError::NotFound)?;
        let names = names_in(&folder.on_disk).into_iter();
        Ok(names.map(|name| (decoded(&name), file_node(folder.course, &folder.path, &name))).collect())
    }

    /// The attributes of a folder that waits, or of a file in it.
    pub(super) fn waiting_attributes(&self, node: Node) -> Result<Attributes, FsError> {
        let above = self.attributes(Node::Course(node.course_number()))?;
        match self.waiting_file(node) {
            Some((folder, name)) => {
                let path = folder.on_disk.join(OsStr::from_bytes(&name));
                let stat = rustix::fs::stat(&path).map_err(|error| FsError::from_lookup(error.into()))?;
                let found = Attributes::of_stat(node, &stat).ok_or(FsError::NotFound)?;
                Ok(Attributes { mode: above.mode & 0o666, ..self.owned(found) })
            }
            None => {
                self.waiting_folder(node).ok_or(FsError::NotFound)?;
                Ok(above.for_node(node))
            }
        }
    }

    /// Opens a file that waits.
    pub(super) fn open_waiting(&self, node: Node) -> Result<OpenFile, FsError> {
        let (folder, name) = self.waiting_file(node).ok_or(FsError::NotFound)?;
        Ok(OpenFile::Stored(File::open(folder.on_disk.join(OsStr::from_bytes(&name)))?))
    }

    /// Removes a file that waits.
    pub(super) fn remove_waiting_file(&self, folder: Node, name: &[u8]) -> Result<(), FsError> {
        let folder = self.waiting_folder(folder).ok_or(FsError::NotFound)?;
        std::fs::remove_file(folder.on_disk.join(OsStr::from_bytes(&encoded(name)))).map_err(FsError::from_lookup)
    }

    /// Removes a folder that waits; it has to be empty.
    pub(super) fn remove_waiting_folder(&self, node: Node) -> Result<(), FsError> {
        let folder = self.waiting_folder(node).ok_or(FsError::NotFound)?;
        if !names_in(&folder.on_disk).is_empty() {
            return Err(FsError::NotEmpty);
        }
        self.forget_waiting(&folder)
    }

    fn forget_waiting(&self, folder: &Folder) -> Result<(), FsError> {
        std::fs::remove_dir_all(&folder.on_disk)?;
        // Those above go when they are empty.
        std::fs::remove_dir(self.waiting_in(folder.course)).ok();
        std::fs::remove_dir(self.portal.root().join(FOLDER)).ok();
        Ok(())
    }

    /// All that waits in a course that is deleted.
    pub(in super::super) fn forget_all_waiting(&self, course: u32) {
        std::fs::remove_dir_all(self.waiting_in(course)).ok();
        std::fs::remove_dir(self.portal.root().join(FOLDER)).ok();
    }

    /// The item of `file` is there: what waits for it becomes its own. `stem` is what the file was
    /// called, without its extension.
    pub(super) fn end_waiting(&self, course: u32, file: Place, stem: &[u8]) -> Result<(), FsError> {
        let Place::File(kind, row) = file else { return Ok(()) };
        if names_in(&self.waiting_in(course)).is_empty() {
            return Ok(());
        }
        let attachments = Place::Attachments(kind, row);
        let tree = self.tools_of(course)?;
        let Some(entry) = tree.tree.entry(attachments) else { return Ok(()) };
        let Some(above) = entry.parent.and_then(|parent| tree.tree.path(parent)) else { return Ok(()) };
        let called = [stem, ATTACHMENTS.as_bytes()].concat();
        let node = node_of(course, attachments).ok_or(FsError::NotFound)?;
        let parent = entry.parent.and_then(|parent| node_of(course, parent)).ok_or(FsError::NotFound)?;
        let mut names = vec![entry.name.clone(), called];
        names.dedup();
        for name in names {
            let folder = self.waiting_at(course, &[above.as_slice(), &name].join(&b'/'));
            if !folder.on_disk.is_dir() {
                continue;
            }
            for file in names_in(&folder.on_disk) {
                let path = folder.on_disk.join(OsStr::from_bytes(&file));
                let target = Target { folder: node, name: decoded(&file), node: None };
                self.take_attachment(&target, &path)?;
                std::fs::remove_file(&path)?;
            }
            self.tools.made.show(node, (parent, &entry.name));
            self.forget_waiting(&folder)?;
        }
        Ok(())
    }
}

impl PortalFs {
    /// Lets what waits in a course become the attachments of items that are there by now.
    pub(super) fn settle_waiting(&self, course: u32) {
        for path in names_in(&self.waiting_in(course)) {
            let path = decoded(&path);
            let file = self.tools_of(course).map(|tree| match tree.tree.place(&path) {
                Some(Place::Attachments(kind, row)) => Some(Place::File(kind, row)),
                _ => None,
            });
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let settled = file.and_then(|file| match file {
                Some(file) => self.end_waiting(course, file, name.strip_suffix(ATTACHMENTS.as_bytes()).unwrap_or(name)),
                None => Ok(()),
            });
            if let Err(error) = settled {
                // They go on waiting.
                let path = String::from_utf8_lossy(&path).into_owned();
                tracing::warn!("course {course}: {path} could not be taken in: {error}");
            }
        }
    }

    /// Courses in which something waits for its item.
    pub(super) fn courses_with_waiting(&self) -> Vec<u32> {
        let names = names_in(&self.portal.root().join(FOLDER)).into_iter();
        names.filter_map(|name| std::str::from_utf8(&name).ok()?.parse().ok()).collect()
    }
}

impl Receiver for Waiting {
    fn meaning(&self, _folder: Node, name: &[u8]) -> Meaning {
        if is_temporary(name, &|_| true) { Meaning::Temporary } else { Meaning::Final }
    }

    fn place(&self, fs: &PortalFs, node: Node) -> Result<(Node, Vec<u8>), FsError> {
        let (folder, name) = fs.waiting_file(node).ok_or(FsError::NotFound)?;
        Ok((folder_node(folder.course, &folder.path), decoded(&name)))
    }

    fn present(&self, fs: &PortalFs, folder: Node, name: &[u8]) -> Result<Option<Node>, FsError> {
        let entries = fs.waiting_entries(folder)?;
        Ok(entries.into_iter().find(|(known, _)| known == name).map(|(_, node)| node))
    }

    fn awaits(&self) -> &'static str {
        "a name that its folder takes"
    }

    fn take(&self, fs: &PortalFs, target: &Target, spool: &Spool) -> Result<Taken, UploadError> {
        let kept = fs.waiting_folder(target.folder).map(|folder| keep(&folder, &target.name, spool));
        // The item may come while the file is written.
        let now = fs.arrived(target.folder);
        if now != target.folder {
            let target = Target { folder: now, ..target.clone() };
            return fs.take_attachment(&target, &spool.path());
        }
        let length = kept.ok_or(FsError::NotFound)?.map_err(FsError::Files)?;
        let node = fs.tool_entry(target.folder, &target.name)?;
        Ok(Taken { node: Some(node), report: format!("1 file of {length} bytes, which waits for its item") })
    }
}

/// Keeps what `spool` holds in a folder that waits, on the disk when this returns, and returns its length.
fn keep(folder: &Folder, name: &[u8], spool: &Spool) -> io::Result<u64> {
    let mut to = tempfile::Builder::new().prefix(".").tempfile_in(&folder.on_disk)?;
    let mut from = File::open(spool.path())?;
    let length = io::copy(&mut from, &mut to)?;
    to.as_file().set_modified(from.metadata()?.modified()?)?;
    to.as_file().sync_all()?;
    to.persist(folder.on_disk.join(OsStr::from_bytes(&encoded(name)))).map_err(|error| error.error)?;
    Ok(length)
}

/// Whether a node is a folder that waits (true), or a file in one.
pub(super) fn kind(node: Node) -> Option<bool> {
    match node {
        Node::Tool(_, tag, _) => nodes::waiting(tag),
        _ => None,
    }
}
