//! Files that belong to items: kept in the course's folders under names of their own, as Chamilo keeps them.
//!
//! An item's file names its attachments; each comes by itself, before or after the file's other content. What is written
//! fills the row that waits for a file of this name, takes the place of the file that a row has, or gets a new row.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;

use crate::backup::restore::files::{Placed, Plan, fresh_name};
use crate::course::item::{Item, Record};
use crate::course::tool::{Owner, Table};
use crate::course::{Course, Stamp, property_rows};
use crate::forms::{Place, StoredFile, Tree};
use crate::portal::crash;
use crate::portal::database::{DatabaseError, Session, Value};
use crate::portal::schema;
use crate::portal::staging::Staging;

use super::super::receiver::{Taken, Target};
use super::super::spool::Spool;
use super::super::uploads::UploadError;
use super::super::{FsError, Node, PortalFs};
use super::{node_of, place_of};

/// The file in a staging folder.
const STAGED: &[u8] = b"file";

/// The column with the name that people know a file by.
const SHOWN: &str = "filename";

/// The row that gets a file.
enum Row<'t> {
    /// One that is there.
    There(&'static Table, &'t Record),
    /// A new one, below this row.
    New(&'static Table, &'t Record, &'static Table),
}

impl PortalFs {
    /// Takes in a file that belongs to an item.
    pub(super) fn take_attachment(&self, target: &Target, spool: &Spool) -> Result<Taken, UploadError> {
        let Node::Tool(course, tag, key) = target.folder else { return Err(FsError::NotFound.into()) };
        let Some(Place::Attachments(kind, item)) = place_of(tag, key) else { return Err(FsError::NotFound.into()) };
        let settings = self.portal.settings().map_err(FsError::from)?;
        let top = self.course_folder(course)?;
        let failed = |error: io::Error| FsError::Files(error);
        let staging = Staging::new(&self.portal).map_err(failed)?;
        let length = copy(spool, &staging, settings.file_mode()).map_err(failed)?;
        let stored = fresh_name().map_err(failed)?;
        let stamp = self.stamp();
        let mut placed = Placed::new(&top);
        let own = target.node;
        let (place, old) = self.change_tools(course, |session, found, tree| {
            let tree = &tree.tree;
            let file = Place::File(kind, item);
            let items = tree.items_of(file);
            let row = row_for(tree, &items, own, (target.folder, &target.name)).ok_or(FsError::NotFound)?;
            let table = match row {
                Row::There(table, _) => table,
                Row::New(table, ..) => table,
            };
            let files = table.files.ok_or(FsError::NotFound)?;
            let path = [files.folder.as_bytes(), b"/", &stored].concat();
            let mut plan = Plan::new(found, &top);
            let witness = plan.row(table, files.column, stored.clone());
            plan.file(staging.folder(), STAGED, &path, witness).map_err(failed)?;
            staging.write_journal(&plan.finish()).map_err(failed)?;
            let key = write_row(session, found, &row, (&target.name, &stored, length))?;
            // A file that comes after the item that names it is no edit.
            if !matches!(row, Row::There(_, record) if record.bytes(files.column).is_empty()) {
                touch(session, found, items.first().copied(), &stamp)?;
            }
            placed.folder(files.folder.as_bytes(), settings.folder_mode()).map_err(failed)?;
            placed.file(staging.folder(), STAGED, &path).map_err(failed)?;
            staging.sync().map_err(failed)?;
            crash::point("before-commit");
            let old = match row {
                Row::There(table, record) => record.key(table).and_then(|key| tree.stored_file(Place::Attachment(table.name, key))),
                Row::New(..) => None,
            };
            Ok((Place::Attachment(table.name, key), old.cloned()))
        })?;
        placed.keep();
        self.remove_stored(course, old.as_slice());
        Ok(Taken { node: node_of(course, place), report: format!("1 file of {length} bytes") })
    }

    /// Removes files of the course that no row names any more.
    pub(super) fn remove_stored(&self, course: u32, files: &[StoredFile]) {
        let Ok(top) = self.course_folder(course) else { return };
        for file in files {
            let Some(path) = plain_path(file) else { continue };
            match top.remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    let path = String::from_utf8_lossy(&path).into_owned();
                    tracing::warn!("{path} in {} belongs to nothing now and can't be removed: {error}", top.path().display());
                }
                _ => {}
            }
        }
    }

    /// Removes an attachment: its row, and its file.
    pub(super) fn remove_attachment(&self, course: u32, attachment: Place) -> Result<(), FsError> {
        let Place::Attachment(table, key) = attachment else { return Err(FsError::NotFound) };
        let stamp = self.stamp();
        let (file, was) = self.change_tools(course, |session, found, tree| {
            let tree = &tree.tree;
            let stored = tree.stored_file(attachment).cloned().ok_or(FsError::NotFound)?;
            let folder = tree.entry(attachment).and_then(|entry| entry.parent);
            let Some(Place::Attachments(kind, item)) = folder else { return Err(FsError::NotFound) };
            let items = tree.items_of(Place::File(kind, item));
            let (table, record, main) = find(&items, table, key).ok_or(FsError::NotFound)?;
            if main {
                // The item's own picture: the item stays.
                let column = table.files.map_or("", |files| files.column);
                let sql = format!("UPDATE `{}` SET `{column}` = '' WHERE `{}` = ?", table.name, table.primary);
                session.execute(&sql, &[record.get(table.primary).clone()])?;
            } else {
                crate::course::empty::delete_row(session, table, found, record)?;
            }
            touch(session, found, items.first().copied(), &stamp)?;
            let was = folder.and_then(|folder| tree.entry(folder)).and_then(|entry| {
                Some((node_of(course, entry.place)?, (node_of(course, entry.parent?)?, entry.name.clone())))
            });
            Ok((stored, was))
        })?;
        self.remove_stored(course, &[file]);
        if let Some((node, (folder, name))) = was {
            // Whoever empties a folder goes on to see it.
            self.tools.made.show(node, (folder, &name));
        }
        Ok(())
    }

    /// Gives an attachment another name.
    pub(super) fn rename_attachment(&self, course: u32, attachment: Place, name: &[u8]) -> Result<(), FsError> {
        let Place::Attachment(table, key) = attachment else { return Err(FsError::NotFound) };
        self.change_tools(course, |session, _, tree| {
            tree.tree.stored_file(attachment).ok_or(FsError::NotFound)?;
            let known = schema::columns(table);
            if !known.iter().any(|column| column.name == SHOWN) {
                return Err(FsError::Elsewhere);
            }
            let primary = if known.iter().any(|column| column.name == "iid") { "iid" } else { "id" };
            let sql = format!("UPDATE `{table}` SET `{SHOWN}` = ? WHERE `{primary}` = ?");
            session.execute(&sql, &[name.into(), key.into()])?;
            Ok(())
        })
    }
}

/// Copies what `spool` holds into the staging folder and returns its length.
fn copy(spool: &Spool, staging: &Staging, mode: u32) -> io::Result<u64> {
    let mut from = File::open(spool.path())?;
    let mut to = staging.folder().create_file(STAGED, 0o600)?;
    let length = io::copy(&mut from, &mut to)?;
    to.set_permissions(std::fs::Permissions::from_mode(mode))?;
    // The time that the program gave it, or that of its last byte.
    to.set_modified(from.metadata()?.modified()?)?;
    Ok(length)
}

/// The path of a stored file below the course's folder; `None` for a name that could lie elsewhere.
pub(super) fn plain_path(file: &StoredFile) -> Option<Vec<u8>> {
    let plain = !matches!(file.name.as_slice(), b"" | b"." | b"..") && !file.name.contains(&b'/');
    plain.then(|| [file.folder.as_bytes(), b"/", &file.name].concat())
}

/// The row for a file called `name`: the one that was replaced or has the name, one that waits for it, else a new one.
fn row_for<'t>(
    tree: &'t Tree,
    items: &[&'t Item],
    own: Option<Node>,
    (folder, name): (Node, &[u8]),
) -> Option<Row<'t>> {
    let attachments = match folder {
        Node::Tool(_, tag, key) => place_of(tag, key)?,
        _ => return None,
    };
    let own = own.and_then(|node| match node {
        Node::Tool(_, tag, key) => place_of(tag, key),
        _ => None,
    });
    let own = own.or_else(|| tree.lookup(attachments, name).map(|entry| entry.place));
    if let Some(Place::Attachment(table, key)) = own
        && let Some((table, record, _)) = find(items, table, key)
    {
        return Some(Row::There(table, record));
    }
    for item in items {
        let rows = item.kind.table.children.iter().zip(&item.record.children);
        for (table, records) in rows.filter(|(table, _)| !table.users_own) {
            let Some(files) = table.files else { continue };
            let waits = |record: &&Record| record.bytes(files.column).is_empty() && record.bytes(SHOWN) == name;
            if let Some(record) = records.iter().find(waits) {
                return Some(Row::There(table, record));
            }
        }
    }
    for item in items {
        let own = &item.kind.table;
        if let Some(table) = own.children.iter().find(|table| table.files.is_some() && !table.users_own) {
            return Some(Row::New(table, &item.record, own));
        }
    }
    // The item's own picture.
    let item = items.first()?;
    item.kind.table.files.map(|_| Row::There(&item.kind.table, &item.record))
}

/// The row `key` of `table` among `items`: its table, itself, and whether it is an item's own.
fn find<'t>(items: &[&'t Item], table: &str, key: i64) -> Option<(&'static Table, &'t Record, bool)> {
    items.iter().find_map(|item| {
        let own = &item.kind.table;
        if own.name == table && item.record.key(own) == Some(key) {
            return Some((own, &item.record, true));
        }
        let (place, child) = own.child(table)?;
        let records = item.record.children.get(place)?;
        records.iter().find(|record| record.key(child) == Some(key)).map(|record| (child, record, false))
    })
}

/// Lets a row name the stored file, and returns its key.
fn write_row(
    session: &dyn Session,
    course: &Course,
    row: &Row<'_>,
    (name, stored, length): (&[u8], &[u8], u64),
) -> Result<i64, DatabaseError> {
    let size = i64::try_from(length).unwrap_or(i64::MAX);
    match row {
        Row::There(table, record) => {
            let files = table.files.map_or("", |files| files.column);
            let has_size = schema::columns(table.name).iter().any(|column| column.name == "size");
            let set = if has_size { ", `size` = ?" } else { "" };
            let sql = format!("UPDATE `{}` SET `{files}` = ?{set} WHERE `{}` = ?", table.name, table.primary);
            let size = has_size.then_some(Value::Int(size));
            let values = std::iter::once(Value::from(stored)).chain(size).chain([record.get(table.primary).clone()]);
            session.execute(&sql, &values.collect::<Vec<Value>>())?;
            Ok(record.key(table).unwrap_or(0))
        }
        Row::New(table, parent, above) => {
            let files = table.files.map_or("", |files| files.column);
            let columns = session.columns(table.name)?;
            let mut values = Vec::with_capacity(columns.len());
            for known in schema::columns(table.name) {
                if known.name == table.primary || !columns.iter().any(|column| column == known.name) {
                    continue;
                }
                let value = match known.name {
                    column if column == table.parent => parent.key(above).into(),
                    "c_id" if table.owner == Owner::Number => course.id.into(),
                    column if column == files => Value::from(stored),
                    SHOWN => Value::from(name),
                    "size" => Value::Int(size),
                    _ => known.empty(),
                };
                values.push((known.name, value));
            }
            let row = session.insert(table.name, &values)?;
            if table.key != table.primary {
                property_rows::set_second_key(session, table.name, table.key, row)?;
            }
            Ok(row)
        }
    }
}

/// Notes that `item` was edited.
fn touch(session: &dyn Session, course: &Course, item: Option<&Item>, stamp: &Stamp) -> Result<(), DatabaseError> {
    let Some(item) = item else { return Ok(()) };
    let (Some(tool), Some(row)) = (item.kind.property_tool, item.newest_property()) else { return Ok(()) };
    let sql = "UPDATE c_item_property SET lastedit_date = ?, lastedit_user_id = ? WHERE c_id = ? AND tool = ? AND iid = ?";
    let values = [stamp.datetime().into(), stamp.user.into(), course.id.into(), tool.into(), row.get("iid").clone()];
    session.execute(sql, &values).map(drop)
}
