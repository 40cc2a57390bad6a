//! A backup of some tools only, as in Chamilo's «let me select».
//!
//! The items of the selected tools come with what they need, followed through the declarations: rows that they refer
//! to (a learning path's tests, a test's questions, a link's category), what belongs to those (a thread's posts, a
//! survey's questions), documents that they name or link to, and the folders of these.

use std::collections::{HashMap, HashSet};

use crate::course::document::Document;
use crate::course::item::{Item, Items, Record};
use crate::course::tool::{Role, TOOLS, Table};
use crate::portal::database::Value;

use super::links::Links;
use super::rows::CourseRows;

/// Which tools a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// A bit for Document and for each tool; 0 for all of them and everything else.
    mask: u32,
}

/// The name of the tool that is no entry of [`TOOLS`].
const DOCUMENT: &str = "Document";

/// Its bit; those of other tools follow.
const DOCUMENT_BIT: u32 = 1;

/// Kinds that belong to the items of another: the kind, the column with the key, the other's table.
pub const PARTS: [(&str, &str, &str); 2] =
    [("post", "thread_id", "c_forum_thread"), ("survey_question", "survey_id", "c_survey")];

impl Selection {
    /// The whole course.
    pub const ALL: Selection = Selection { mask: 0 };

    /// The tools in `names`, separated by `separator`; `None` if one is unknown or none is named.
    pub fn parse(names: &str, separator: char) -> Option<Selection> {
        let bits = names.split(separator).map(|name| match name {
            DOCUMENT => Some(DOCUMENT_BIT),
            name => TOOLS.iter().position(|tool| tool.name == name).map(|place| 2 << place),
        });
        let mask = bits.collect::<Option<Vec<u32>>>()?.into_iter().fold(0, |mask, bit| mask | bit);
        (mask != 0).then_some(Selection { mask })
    }

    /// The selection as a number, 0 for the whole course.
    pub fn number(self) -> u32 {
        self.mask
    }

    /// The selection with this number, `None` if there is none.
    pub fn from_number(mask: u32) -> Option<Selection> {
        let known = (2_u64 << TOOLS.len()) - 1;
        (u64::from(mask) <= known).then_some(Selection { mask })
    }

    /// The tools by name, in one order.
    pub fn names(self) -> Vec<&'static str> {
        let document = (self.mask & DOCUMENT_BIT != 0).then_some(DOCUMENT);
        let tools = TOOLS.iter().enumerate().filter(|(place, _)| self.mask & (2 << place) != 0);
        document.into_iter().chain(tools.map(|(_, tool)| tool.name)).collect()
    }

    /// All names that may be selected.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        std::iter::once(DOCUMENT).chain(TOOLS.iter().map(|tool| tool.name))
    }

    /// Whether it is the whole course.
    pub fn is_all(self) -> bool {
        self.mask == 0
    }

    /// Leaves in `rows` what is selected and what that needs; `page` reads a page.
    pub fn apply(self, rows: &mut CourseRows, page: &mut dyn FnMut(&Document) -> Option<Vec<u8>>) {
        if self.is_all() {
            return;
        }
        let directory = rows.course.bytes("directory");
        let mut needed = Needed { items: HashSet::new(), documents: HashSet::new() };
        let mut waiting: Vec<(&'static str, i64)> = Vec::new();
        let index = Index::of(&rows.items);
        for tool in TOOLS.iter().enumerate().filter(|(place, _)| self.mask & (2 << place) != 0).map(|(_, tool)| tool) {
            for kind in tool.kinds {
                let keys = rows.items.of(kind.key).iter().filter_map(|item| item.record.key(&kind.table));
                waiting.extend(keys.map(|key| (kind.table.name, key)));
            }
        }
        let mut pages: Vec<i64> = Vec::new();
        if self.mask & DOCUMENT_BIT != 0 {
            needed.documents.extend(rows.documents.iter().map(|document| document.iid));
        }
        let by_iid: HashMap<i64, &Document> = rows.documents.iter().map(|document| (document.iid, document)).collect();
        let linked = |html: &[u8], page: Option<&[u8]>, needed: &mut Needed, pages: &mut Vec<i64>| {
            for target in Links::targets(&directory, &rows.portal_url, html, page) {
                if let Some(iid) = rows.items.documents.get(&target)
                    && needed.documents.insert(*iid)
                {
                    pages.push(*iid);
                }
            }
        };
        loop {
            while let Some((table, key)) = waiting.pop() {
                if table == "c_document" {
                    if by_iid.contains_key(&key) && needed.documents.insert(key) {
                        pages.push(key);
                    }
                    continue;
                }
                let Some(item) = index.items.get(&(table, key)) else { continue };
                if !needed.items.insert((table, key)) {
                    continue;
                }
                waiting.extend(index.parts.get(&(table, key)).into_iter().flatten());
                references(&item.kind.table, &item.record, None, &mut waiting);
                html_of(&item.kind.table, &item.record, &mut |html| linked(html, None, &mut needed, &mut pages));
            }
            // A page's pictures and the pages it leads to come along, to any depth.
            let Some(iid) = pages.pop() else { break };
            if self.mask & DOCUMENT_BIT == 0
                && let Some(document) = by_iid.get(&iid)
                && let Some(html) = page(document)
            {
                linked(&html, Some(&document.path), &mut needed, &mut pages);
            }
        }
        let with_folders = folders_of(&rows.documents, &needed.documents);
        rows.documents.retain(|document| with_folders.contains(&document.iid));
        rows.items.retain(&|kind, item| {
            let key = item.record.key(&kind.table);
            key.is_some_and(|key| needed.items.contains(&(kind.table.name, key)))
        });
    }
}

struct Needed {
    items: HashSet<(&'static str, i64)>,
    documents: HashSet<i64>,
}

/// Items by table and key, and the items that belong to each.
struct Index<'a> {
    items: HashMap<(&'static str, i64), &'a Item>,
    parts: HashMap<(&'static str, i64), Vec<(&'static str, i64)>>,
}

impl Index<'_> {
    fn of(items: &Items) -> Index<'_> {
        let mut index = Index { items: HashMap::new(), parts: HashMap::new() };
        for (kind, items) in items.iter() {
            let part = PARTS.iter().find(|(key, ..)| *key == kind.key);
            for item in items {
                let Some(key) = item.record.key(&kind.table) else { continue };
                index.items.insert((kind.table.name, key), item);
                if let Some((_, column, whole)) = part
                    && let Some(of) = item.record.int(column)
                {
                    index.parts.entry((whole, of)).or_default().push((kind.table.name, key));
                }
            }
        }
        index
    }
}

/// The rows that a record, and those below it, refer to and can't do without.
pub fn references(
    table: &'static Table,
    record: &Record,
    parent: Option<(&Table, &Record)>,
    found: &mut Vec<(&'static str, i64)>,
) {
    for (column, _) in table.roles {
        if let Role::Reference(target) = table.role_in(column, record, parent)
            && let Some(key) = record.int(column).filter(|key| *key != 0)
        {
            found.push((target, key));
        }
    }
    for (child, records) in table.children.iter().zip(&record.children) {
        for row in records {
            references(child, row, Some((table, record)), found);
        }
    }
}

/// Hands the HTML of a record, and of those below it, to `each`.
pub fn html_of(table: &Table, record: &Record, each: &mut dyn FnMut(&[u8])) {
    for (column, role) in table.roles {
        if let (Role::Html, Value::Text(html)) = (role, record.get(column)) {
            each(html);
        }
    }
    for (child, records) in table.children.iter().zip(&record.children) {
        for record in records {
            html_of(child, record, each);
        }
    }
}

/// The given documents and the folders that they lie in.
fn folders_of(documents: &[Document], wanted: &HashSet<i64>) -> HashSet<i64> {
    let mut paths: HashSet<&[u8]> = HashSet::new();
    for document in documents.iter().filter(|document| wanted.contains(&document.iid)) {
        let ends = document.path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
        paths.extend(ends.filter_map(|end| document.path.get(..end)));
    }
    let folders = documents.iter().filter(|document| document.folder && paths.contains(&document.path.as_slice()));
    folders.map(|folder| folder.iid).chain(wanted.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_named_by_its_tools_in_any_order() {
        let selection = Selection::parse("Link+Document", '+').unwrap();
        assert_eq!(selection, Selection::parse("Document+Link+Link", '+').unwrap());
        assert_eq!(selection.names(), ["Document", "Link"]);
        assert_eq!(Selection::from_number(selection.number()), Some(selection));
        assert!(Selection::from_number(u32::MAX).is_none());
    }

    #[test]
    fn unknown_tools_are_no_selection() {
        for names in ["", "+", "Document+", "document", "Links", "Document+Nothing"] {
            assert_eq!(Selection::parse(names, '+'), None, "{names}");
        }
    }
}
