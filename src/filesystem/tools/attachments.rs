//! Files that belong to items: kept in the course's folders under names of their own, as Chamilo keeps them.
//!
//! An item's file names its attachments; each comes by itself, before or after the file's other content. A file is on the
//! disk for good before the row that names it is committed, and is removed after the row is.

use std::fs::File;
use std::io::{self, BufRead};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::Timestamps;

use crate::backup::restore::files::{Placed, Plan, fresh_name};
use crate::course::item::Item;
use crate::course::tool::{TOOLS, Table};
use crate::course::{Course, Stamp};
use crate::forms::{Place, StoredFile, attachments};
use crate::portal::crash;
use crate::portal::database::{DatabaseError, Session};
use crate::portal::schema;
use crate::portal::staging::Staging;

use super::super::documents::timespec;
use super::super::receiver::{Taken, Target};
use super::super::uploads::UploadError;
use super::super::{FsError, Node, PortalFs};
use super::{node_of, place_of};

/// The file in a staging folder.
const STAGED: &[u8] = b"file";

/// Bytes compared at a time.
const CHUNK: usize = 64 << 10;

/// The column with the name that people know a file by.
const SHOWN: &str = "filename";

impl PortalFs {
    /// Takes in a file that belongs to an item; `bytes` is what it holds. One that is there with the same bytes stays.
    pub(super) fn take_attachment(&self, target: &Target, bytes: &Path) -> Result<Taken, UploadError> {
        let Node::Tool(course, tag, key) = target.folder else { return Err(FsError::NotFound.into()) };
        let Some(Place::Attachments(kind, item)) = place_of(tag, key) else { return Err(FsError::NotFound.into()) };
        let failed = |error: io::Error| FsError::Files(error);
        let top = self.course_folder(course)?;
        let tree = self.tools_of(course)?;
        let there = tree.tree.lookup(Place::Attachments(kind, item), &target.name);
        if let Some(there) = there
            && let Some(path) = tree.tree.stored_file(there.place).and_then(plain_path)
            && equal(&top.open_file(&path).map_err(failed)?, &File::open(bytes).map_err(failed)?).map_err(failed)?
        {
            // It gets the time that the program gave its copy.
            let modified = File::open(bytes).and_then(|file| file.metadata()?.modified()).map_err(failed)?;
            let times = Timestamps { last_access: timespec(None), last_modification: timespec(Some(modified)) };
            top.attributes_of(&path).and_then(|file| file.set_times(&times)).map_err(failed)?;
            return Ok(Taken { node: node_of(course, there.place), report: "1 file already there".into() });
        }
        if there.is_some() {
            // The file that it has now goes.
            self.before_removal(course)?;
        }
        let settings = self.portal.settings().map_err(FsError::from)?;
        let staging = Staging::new(&self.portal).map_err(failed)?;
        let length = copy(bytes, &staging, settings.file_mode()).map_err(failed)?;
        let stored = fresh_name(b"").map_err(failed)?;
        let stamp = self.stamp();
        let mut placed = Placed::new(&top);
        let file = Place::File(kind, item);
        let (place, folder, before) = self.change_tools(course, |session, found, tree| {
            let tree = &tree.tree;
            let files = attachments::files_of(tree, file).ok_or(FsError::NotFound)?;
            let path = [files.folder.as_bytes(), b"/", &stored].concat();
            let attached = (stored.as_slice(), length);
            let (place, before) = attachments::attach(session, found, &stamp, tree, file, &target.name, attached)?;
            if before.is_some() {
                touch(session, found, tree.items_of(file).first().copied(), &stamp)?;
            }
            let mut plan = Plan::new(found, &top);
            if let Place::Attachment(name, _) = place
                && let Some(table) = table(name)
            {
                let witness = plan.row(table, files.column, stored.clone());
                plan.file(staging.folder(), STAGED, &path, witness).map_err(failed)?;
            }
            staging.write_journal(&plan.finish()).map_err(failed)?;
            placed.folder(files.folder.as_bytes(), settings.folder_mode()).map_err(failed)?;
            placed.file(staging.folder(), STAGED, &path).map_err(failed)?;
            crash::point("before-commit");
            Ok((place, files.folder, before))
        })?;
        crash::point("after-commit");
        placed.keep();
        self.remove_stored(course, &before.map(|name| StoredFile { folder, name }).into_iter().collect::<Vec<_>>());
        Ok(Taken { node: node_of(course, place), report: format!("1 file of {length} bytes") })
    }

    /// Removes files of the course that no row names any more.
    pub(super) fn remove_stored(&self, course: u32, files: &[StoredFile]) {
        let Ok(top) = self.course_folder(course) else { return };
        for file in files {
            let Some(path) = plain_path(file) else { continue };
            if let Err(error) = self.keep_file(course, &top, &path) {
                let path = String::from_utf8_lossy(&path).into_owned();
                tracing::warn!("{path} in {} stays, for it can't be kept in the trash: {error}", top.path().display());
                continue;
            }
            match top.remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    let path = String::from_utf8_lossy(&path).into_owned();
                    tracing::warn!(
                        "{path} in {} belongs to nothing now and can't be removed: {error}",
                        top.path().display()
                    );
                }
                _ => {}
            }
        }
    }

    /// Removes an attachment: its row, and its file.
    pub(super) fn remove_attachment(&self, course: u32, attachment: Place) -> Result<(), FsError> {
        self.before_removal(course)?;
        let stamp = self.stamp();
        let (file, was) = self.change_tools(course, |session, found, tree| {
            let tree = &tree.tree;
            let stored = tree.stored_file(attachment).cloned().ok_or(FsError::NotFound)?;
            let folder = tree.entry(attachment).and_then(|entry| tree.entry(entry.parent?)).ok_or(FsError::NotFound)?;
            attachments::detach(session, found, tree, attachment)?.ok_or(FsError::NotFound)?;
            if let Place::Attachments(kind, item) = folder.place {
                touch(session, found, tree.items_of(Place::File(kind, item)).first().copied(), &stamp)?;
            }
            let above = folder.parent.and_then(|parent| node_of(course, parent));
            crash::point("item-removed");
            Ok((stored, node_of(course, folder.place).zip(above.map(|above| (above, folder.name.clone())))))
        })?;
        crash::point("item-gone");
        self.remove_stored(course, &[file]);
        if let Some((node, (above, name))) = was {
            // Whoever empties a folder goes on to see it.
            self.tools.made.show(node, (above, &name));
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

/// Copies the file `from` into the staging folder and returns its length.
fn copy(from: &Path, staging: &Staging, mode: u32) -> io::Result<u64> {
    let mut from = File::open(from)?;
    let mut to = staging.folder().create_file(STAGED, 0o600)?;
    let length = io::copy(&mut from, &mut to)?;
    to.set_permissions(std::fs::Permissions::from_mode(mode))?;
    // The time that the program gave it, or that of its last byte.
    to.set_modified(from.metadata()?.modified()?)?;
    Ok(length)
}

/// Whether two files hold the same bytes.
fn equal(one: &File, other: &File) -> io::Result<bool> {
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (io::BufReader::with_capacity(CHUNK, one), io::BufReader::with_capacity(CHUNK, other));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if left.get(..length) != right.get(..length) {
            return Ok(false);
        }
        if length == 0 {
            return Ok(true);
        }
        one.consume(length);
        other.consume(length);
    }
}

/// The path of a stored file below the course's folder; `None` for a name that could lie elsewhere.
pub(super) fn plain_path(file: &StoredFile) -> Option<Vec<u8>> {
    let plain = !matches!(file.name.as_slice(), b"" | b"." | b"..") && !file.name.contains(&b'/');
    plain.then(|| [file.folder.as_bytes(), b"/", &file.name].concat())
}

/// The table called `name`.
fn table(name: &str) -> Option<&'static Table> {
    let of = |table: &'static Table| {
        if table.name == name { Some(table) } else { table.child(name).map(|(_, child)| child) }
    };
    TOOLS.iter().flat_map(|tool| tool.kinds).find_map(|kind| of(&kind.table))
}

/// Notes that `item` was edited.
fn touch(session: &dyn Session, course: &Course, item: Option<&Item>, stamp: &Stamp) -> Result<(), DatabaseError> {
    let Some(item) = item else { return Ok(()) };
    let (Some(tool), Some(row)) = (item.kind.property_tool, item.newest_property()) else { return Ok(()) };
    let sql =
        "UPDATE c_item_property SET lastedit_date = ?, lastedit_user_id = ? WHERE c_id = ? AND tool = ? AND iid = ?";
    let values = [stamp.datetime().into(), stamp.user.into(), course.id.into(), tool.into(), row.get("iid").clone()];
    session.execute(sql, &values).map(drop)
}
