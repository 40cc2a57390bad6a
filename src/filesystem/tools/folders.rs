//! Folders made in a course and in its tools. A tool's folder, and that for attachments of an item, mean nothing until
//! something is in them; another folder in a tool's is a category, a forum, or whatever else has items below it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::forms::{self, StoreError};

use super::super::receiver::Target;
use super::super::uploads::UploadError;
use super::super::{Attributes, FsError, Node, PortalFs};
use super::writing::Folders;
use super::{node_of, place_of, tool};

/// Folders of which it is remembered who made them, before those of ended processes are forgotten.
const MAKERS: usize = 1000;

#[derive(Default)]
struct State {
    /// Folders that are shown though they hold nothing, with their places: somebody has made or emptied them.
    shown: HashMap<Node, (Node, Vec<u8>)>,
    /// Folders that stand for items, and the processes that made them.
    makers: HashMap<Node, u32>,
}

/// Folders that were made, or emptied, through this file system.
#[derive(Default)]
pub(super) struct Made(Mutex<State>);

impl Made {
    /// Shows `node`, called `name` in `folder`, though it may hold nothing.
    pub fn show(&self, node: Node, (folder, name): (Node, &[u8])) {
        self.lock().shown.insert(node, (folder, name.to_vec()));
    }

    /// Shows `node` only if it holds something. Tells whether it was shown else.
    pub fn hide(&self, node: Node) -> bool {
        self.lock().shown.remove(&node).is_some()
    }

    /// Whether `node` is shown though it may hold nothing.
    pub fn contains(&self, node: Node) -> bool {
        self.lock().shown.contains_key(&node)
    }

    /// Such folders in `folder`.
    pub fn within(&self, folder: Node) -> Vec<(Vec<u8>, Node)> {
        let state = self.lock();
        let within = state.shown.iter().filter(|(_, (above, _))| *above == folder);
        within.map(|(node, (_, name))| (name.clone(), *node)).collect()
    }

    /// The process `caller` has made the folder `node`, whose page came with it: `cp -r` writes one without looking, and
    /// fails where one is.
    fn by(&self, node: Node, caller: u32) {
        let mut state = self.lock();
        if state.makers.len() >= MAKERS {
            state.makers.retain(|_, maker| Path::new(&format!("/proc/{maker}")).exists());
        }
        state.makers.insert(node, caller);
    }

    /// Whether `caller` has made the folder `node` and not used its page yet.
    pub fn is_by(&self, node: Node, caller: u32) -> bool {
        let state = self.lock();
        !state.makers.is_empty() && state.makers.get(&node) == Some(&caller)
    }

    /// The page of `node` is written, or the folder listed: it is there for everybody.
    pub fn is_known(&self, node: Node) {
        self.lock().makers.remove(&node);
    }

    /// The course is deleted.
    pub fn course_gone(&self, course: u32) {
        let mut state = self.lock();
        state.shown.retain(|node, _| node.course_number() != course);
        state.makers.retain(|node, _| node.course_number() != course);
    }

    /// The guarded value is a set of tables that no panic can leave half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PortalFs {
    /// Makes the folder `name` in a course: that of a tool.
    pub(in super::super) fn make_tool_folder(&self, course: u32, name: &[u8]) -> Result<Attributes, FsError> {
        let node = tool(name).and_then(|tool| node_of(course, tool)).ok_or(FsError::ReadOnly)?;
        self.absent.appears(Node::Course(course), name);
        self.tools.made.show(node, (Node::Course(course), name));
        self.attributes(node)
    }

    /// Makes the folder `name` in the folder `parent` of a tool. One that is there and away for the process `caller`
    /// is what that process means.
    pub(in super::super) fn make_item_folder(
        &self,
        parent: Node,
        name: &[u8],
        caller: u32,
    ) -> Result<Attributes, FsError> {
        let Node::Tool(course, tag, key) = parent else { return Err(FsError::NotAFolder) };
        let folder = place_of(tag, key).ok_or(FsError::NotFound)?;
        let away = self.absent.is_away(parent, name, caller);
        self.absent.appears(parent, name);
        let there = self.tools_of(course)?.tree.lookup(folder, name).map(|entry| (entry.place, entry.listed));
        if let Some((place, listed)) = there
            && let Some(node) = node_of(course, place).filter(|node| super::is_folder(*node) && (away || !listed))
        {
            self.tools.made.show(node, (parent, name));
            return self.attributes(node);
        }
        if let Some(node) = self.make_waiting(parent, (folder, name))? {
            return self.attributes(node);
        }
        let stamp = self.stamp();
        let made = self.change_tools(course, |session, found, tree| {
            let tree = &tree.tree;
            if tree.lookup(folder, name).is_some() {
                return Err(FsError::Exists);
            }
            let draft = forms::read_folder(tree, folder, name, &stamp).map_err(StoreError::from)?;
            let mut folders = Folders(self, course);
            Ok(forms::store::insert(session, found, &stamp, tree, draft, &mut folders)?)
        });
        let made = made.inspect_err(|error| {
            if let FsError::Item(refused) = error {
                let error = UploadError { errno: error.errno(), text: refused.to_string() };
                self.uploads.refused(&Target { folder: parent, name: name.to_vec(), node: None }, &error);
            }
        })?;
        let node = node_of(course, made.place).ok_or(FsError::NotFound)?;
        self.tools.made.by(node, caller);
        self.tools.twins.add(node, (parent, name));
        self.something_came(course);
        self.attributes(node)
    }

    /// Whether `name` in `folder` is the page of a folder that the process `caller` has just made, and so not there for
    /// it.
    pub(in super::super) fn is_page_to_come(&self, folder: Node, name: &[u8], caller: u32) -> bool {
        name == forms::tree::INDEX.as_bytes() && self.tools.made.is_by(folder, caller)
    }

    /// The process `caller` has listed `folder`.
    pub(in super::super) fn tool_is_listed(&self, folder: Node, caller: u32) {
        if self.tools.made.is_by(folder, caller) {
            self.tools.made.is_known(folder);
        }
    }
}
