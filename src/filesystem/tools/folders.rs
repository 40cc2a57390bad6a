//! Folders made in a course and in its tools: a tool's folder means nothing until something is in it, a folder in it is
//! a category, a forum, or whatever else has items below it.

use crate::forms::{self, Place, StoreError, Tree};

use super::super::receiver::Target;
use super::super::uploads::UploadError;
use super::super::{Attributes, FsError, Node, PortalFs};
use super::writing::Folders;
use super::{node_of, place_of};

impl PortalFs {
    /// Makes the folder `name` in a course: that of a tool.
    pub(in super::super) fn make_tool_folder(&self, course: u32, name: &[u8]) -> Result<Attributes, FsError> {
        let Some(place @ Place::Tool(tool)) = Tree::tool(name) else { return Err(FsError::ReadOnly) };
        self.absent.appears(Node::Course(course), name);
        self.tools.make(course, tool);
        self.attributes(node_of(course, place).ok_or(FsError::NotFound)?)
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
        if let (true, Ok(node)) = (away, self.tool_entry(parent, name))
            && super::is_folder(node)
        {
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
        self.settle_references(course);
        self.attributes(node_of(course, made.place).ok_or(FsError::NotFound)?)
    }
}
