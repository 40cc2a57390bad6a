//! Extended attributes `user.chamilo.*` of items and of the folders that they lie in.

use crate::forms::Place;
use crate::forms::declared::FORMS;
use crate::portal::database::Value;

use super::super::properties::{ITEM, PREFIX};
use super::super::{FsError, Node, PortalFs};
use super::place_of;

impl PortalFs {
    /// The extended attributes of what lies in a tool's folder: of an item its number, title, visibility and dates, and
    /// why the last upload over it was refused; of a folder what became of the last file put into it.
    pub(in super::super) fn tool_properties(&self, node: Node) -> Result<Vec<(String, Vec<u8>)>, FsError> {
        let Node::Tool(course, tag, key) = node else { return Err(FsError::NotFound) };
        if super::waiting::kind(node).is_some() {
            return Ok(self.upload_properties(node).collect());
        }
        let place = place_of(tag, key).ok_or(FsError::NotFound)?;
        let tree = self.tools_of(course)?;
        self.shown_entry(course, &tree, place)?;
        let file = match place {
            Place::File(..) => Some(place),
            Place::Folder(kind, row) => Some(Place::File(kind, row)),
            Place::Tool(_) | Place::Shelf(..) | Place::Attachments(..) | Place::Attachment(..) => None,
        };
        let mut found = Vec::new();
        if let Some(item) = file.and_then(|file| tree.tree.items_of(file).into_iter().next()) {
            let title = FORMS.iter().find(|form| form.kind == item.kind.key).map_or("title", |form| form.title);
            let own =
                [("id", Value::from(item.record.key(&item.kind.table))), ("title", item.record.get(title).clone())];
            let own = own.into_iter().filter_map(|(name, value)| Some((format!("{PREFIX}{name}"), value.to_text()?)));
            found.extend(own);
            found
                .extend(item.newest_property().into_iter().flat_map(|row| ITEM.iter().filter_map(|line| line.of(row))));
        }
        found.extend(self.upload_properties(node));
        Ok(found)
    }
}
