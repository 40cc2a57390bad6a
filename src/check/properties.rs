//! Rows of `c_item_property`: those of items that do not exist, and dates that can't be.

use std::collections::HashMap;

use crate::course::document::{DELETED, Rank, rank};
use crate::course::tool::{TOOLS, Table};
use crate::portal::database::{DatabaseError, Session};

use super::documents::Documents;
use super::finding::{DATES, Finding, PROPERTY_WITHOUT_ITEM};
use super::items::Items;
use super::{CheckError, Found};

/// Words of `c_item_property.tool` for rows of tables that no tool of ours declares, with the column that `ref` means.
/// Words that are neither here nor declared (those of plugins) are left alone.
pub const OTHERS: &[(&str, &str, &str)] = &[
    ("forum_attachment", "c_forum_attachment", "iid"),
    ("notebook", "c_notebook", "notebook_id"),
    ("blog_management", "c_blog", "blog_id"),
    ("dropbox", "c_dropbox_file", "id"),
];

/// The word for documents, which are rows of `c_document`.
pub const DOCUMENT: &str = "document";

/// What the property rows of one item say together.
#[derive(Debug, Default)]
pub struct OfItem {
    rank: Option<Rank>,
    /// Whether the row that counts says that the item is deleted.
    pub deleted: bool,
    /// Keys of the rows that do not say so.
    rows: Vec<i64>,
}

/// The property rows of a course.
#[derive(Debug, Default)]
pub struct Properties(HashMap<Vec<u8>, HashMap<i64, OfItem>>);

impl Properties {
    /// Reads them, and tells of dates that can't be.
    pub fn load(session: &dyn Session, course: i64, found: &mut Found) -> Result<Properties, DatabaseError> {
        let mut tools: HashMap<Vec<u8>, HashMap<i64, OfItem>> = HashMap::new();
        let mut turned = Vec::new();
        let sql = "SELECT iid, tool, ref, visibility, session_id, insert_date, lastedit_date \
                   FROM c_item_property WHERE c_id = ? ORDER BY iid";
        session.query(sql, &[course.into()], &mut |row| {
            let Some(iid) = row.int("iid") else { return Ok(()) };
            let tool = row.bytes("tool");
            let (made, changed) = (row.bytes("insert_date"), row.bytes("lastedit_date"));
            if changed < made && !changed.starts_with(b"0000") && !changed.is_empty() {
                turned.push((iid, super::finding::shown(&tool), row.int("ref").unwrap_or(0)));
            }
            let items = match tools.get_mut(&tool) {
                Some(items) => items,
                None => tools.entry(tool).or_default(),
            };
            let item = items.entry(row.int("ref").unwrap_or(0)).or_default();
            let deleted = row.int("visibility") == Some(DELETED);
            let rank = Some(rank(&row));
            if rank > item.rank {
                (item.rank, item.deleted) = (rank, deleted);
            }
            if !deleted {
                item.rows.push(iid);
            }
            Ok(())
        })?;
        for (iid, tool, item) in turned {
            let finding = Finding::new(DATES)
                .row("c_item_property", iid)
                .because(format!("{tool} {item} was last changed before it was made"));
            found.add_mendable(finding, move |mending| {
                let sql = "UPDATE c_item_property SET lastedit_date = insert_date \
                           WHERE iid = ? AND lastedit_date < insert_date";
                mending.session.execute(sql, &[iid.into()])?;
                Ok(())
            });
        }
        Ok(Properties(tools))
    }

    /// What the rows of the item `key` of a tool say; `None` if there are none.
    pub fn of(&self, tool: &str, key: i64) -> Option<&OfItem> {
        self.0.get(tool.as_bytes())?.get(&key)
    }

    /// Tells of rows whose item does not exist. Rows that say that it was deleted are what Chamilo leaves of it.
    pub fn check_items(&self, items: &Items, documents: &Documents, found: &mut Found) {
        let mut orphans = Vec::new();
        for (tool, rows) in &self.0 {
            let Ok(tool) = std::str::from_utf8(tool) else { continue };
            let tables: Vec<&str> = tables_of(tool);
            if tables.is_empty() && tool != DOCUMENT {
                continue;
            }
            for (item, rows) in rows {
                let exists = match tool {
                    DOCUMENT => documents.has(*item),
                    _ => tables.iter().any(|table| items.has(table, *item)),
                };
                if !exists {
                    orphans.extend(rows.rows.iter().map(|iid| (*iid, tool, *item)));
                }
            }
        }
        orphans.sort_unstable();
        for (iid, tool, item) in orphans {
            let finding = Finding::new(PROPERTY_WITHOUT_ITEM)
                .row("c_item_property", iid)
                .because(format!("there is no {tool} {item}"));
            found.add_mendable(finding, move |mending| {
                mending.session.execute("DELETE FROM c_item_property WHERE iid = ?", &[iid.into()])?;
                Ok(())
            });
        }
    }
}

/// The tables whose rows have property rows with the word `tool`.
fn tables_of(tool: &str) -> Vec<&'static str> {
    fn add(table: &'static Table, tool: &str, found: &mut Vec<&'static str>) {
        if table.property_tool == Some(tool) {
            found.push(table.name);
        }
        table.children.iter().for_each(|child| add(child, tool, found));
    }
    let mut found = Vec::new();
    for kind in TOOLS.iter().flat_map(|tool| tool.kinds) {
        if kind.property_tool == Some(tool) {
            found.push(kind.table.name);
        }
        add(&kind.table, tool, &mut found);
    }
    found.extend(OTHERS.iter().filter(|(word, ..)| *word == tool).map(|(_, table, _)| *table));
    found
}

/// Gives an item of the base course a property row that only teachers see: nobody has said that students shall.
pub fn insert(mending: &super::Mending<'_>, tool: &str, item: i64, edit: &str) -> Result<(), CheckError> {
    use crate::course::property_rows::{self, NewProperty, Visibility};
    let property = NewProperty { tool, item, edit, visibility: Visibility::Invisible, shown: None };
    property_rows::insert(mending.session, mending.course, &property, &mending.stamp)?;
    Ok(())
}
