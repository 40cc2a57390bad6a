//! The items of an archive on their way into a course.

use std::collections::HashMap;

use crate::course::item::{Item, Record};
use crate::course::tool::{Files, Kind, Table};
use crate::php::Value;

use super::super::course_info::SHOWN_BY_STEPS;
use super::super::loose_files::is_step;
use super::super::reader::{BackupFile, ReadBackupError};
use super::super::resource;
use super::Report;
use super::files::{Plan, Staged, StagedNames, fresh_name};
use super::{RestoreError, files_error, loose_files};
use crate::portal::staging::Staging;

/// Items by kind.
pub struct ReadItems(HashMap<&'static str, Vec<Item>>);

/// Reads the items of all kinds from the Course object; what is not understood goes into the report.
pub fn read(course: &Value<'_>, report: &mut Report) -> ReadItems {
    let mut found = HashMap::new();
    for (key, resources) in course.get("resources").into_iter().flat_map(Value::entries) {
        let key = String::from_utf8_lossy(&key.plain()).into_owned();
        if key == "document" || loose_files::KEYS.contains(&key.as_str()) || NOT_CONTENT.contains(&key.as_str()) {
            continue;
        }
        let Some(kind) = resource::kind_of(&key) else {
            for (id, resource) in resources.entries().iter().filter(|(_, resource)| !is_step(resource)) {
                report.strange(|| format!("{key} {}: {}", shown(&id.plain()), class(resource)));
            }
            continue;
        };
        let read = resource::read(kind, resources);
        for (id, class) in read.strange {
            report.strange(|| format!("{key} {id}: {class}"));
        }
        report.not_understood_more += read.more_strange;
        found.insert(kind.key, read.items.into_iter().filter(|item| !item.is_deleted()).collect());
    }
    ReadItems(found)
}

/// Keys of the map that name documents a second time, for Chamilo's importer.
const NOT_CONTENT: [&str; 3] = SHOWN_BY_STEPS;

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn class(resource: &Value<'_>) -> String {
    resource.as_object().map_or_else(|| "no object".to_owned(), |object| shown(&object.class))
}

impl ReadItems {
    /// These items.
    pub fn new(items: impl IntoIterator<Item = Item>) -> ReadItems {
        let mut found: HashMap<&'static str, Vec<Item>> = HashMap::new();
        for item in items {
            found.entry(item.kind.key).or_default().push(item);
        }
        ReadItems(found)
    }

    /// All items, in no order of kinds.
    pub fn iter(&self) -> impl Iterator<Item = &Item> {
        self.0.values().flatten()
    }

    /// Leaves out the items that `keep` does not want.
    pub fn retain(&mut self, keep: &mut dyn FnMut(&mut Item) -> bool) {
        self.0.values_mut().for_each(|items| items.retain_mut(&mut *keep));
    }

    /// The items of the kind with the key `key`.
    pub fn of(&self, key: &str) -> &[Item] {
        self.0.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Changes the row of every item and all that go with it.
    pub fn change(&mut self, change: &mut dyn FnMut(&Table, &mut Record)) {
        for item in self.0.values_mut().flatten() {
            item.change(change);
        }
    }

    /// Takes the items of one kind out.
    pub fn take(&mut self, kind: &Kind) -> Vec<Item> {
        self.0.remove(kind.key).unwrap_or_default()
    }

    /// Unpacks the files that the items name; returns their names in the staging folder by folder and name.
    pub fn stage(
        &self,
        code: &str,
        backup: &mut BackupFile,
        staging: &Staging,
        file_mode: u32,
    ) -> Result<StagedNames, RestoreError> {
        let mut staged = StagedNames::new();
        let mut wanted = Vec::new();
        for item in self.iter() {
            files_of(&item.kind.table, &item.record, &mut wanted);
        }
        wanted.sort_by(|a, b| (a.1.folder, &a.2).cmp(&(b.1.folder, &b.2)));
        for (table, files, name) in wanted {
            let key = (files.folder, name);
            if staged.contains_key(&key) {
                continue;
            }
            let Some(entry) = entry_of(backup, &files, &key.1)? else { continue };
            let aside = unpack(code, backup, &entry, staging, format!("file-{}", staged.len()), file_mode)?;
            let spare = fresh_name(&key.1).map_err(|source| files_error(code, &entry, source))?;
            staged.insert(key, Staged { aside, spare, small: None, files, table });
        }
        for (number, ((_, name), staged)) in staged.iter_mut().enumerate() {
            let Some(small) = staged.files.small_name(name) else { continue };
            let Some(entry) = entry_of(backup, &staged.files, &small)? else { continue };
            staged.small = Some(unpack(code, backup, &entry, staging, format!("small-{number}"), file_mode)?);
        }
        Ok(staged)
    }

    /// Notes the folders that the items name.
    pub fn plan_folders(&self, plan: &mut Plan<'_>) {
        for item in self.0.values().flatten() {
            plan_folders(&item.kind.table, &item.record, plan);
        }
    }
}

/// Unpacks a file of the archive into the staging folder, where it is called `aside`; returns that name.
fn unpack(
    code: &str,
    backup: &mut BackupFile,
    entry: &[u8],
    staging: &Staging,
    aside: String,
    mode: u32,
) -> Result<Vec<u8>, RestoreError> {
    let failed = |source| files_error(code, entry, source);
    let mut file = staging.folder().create_file(aside.as_bytes(), 0o600).map_err(failed)?;
    backup.unpack_to(entry, &mut file)?;
    let mode = rustix::fs::Mode::from_raw_mode(mode);
    rustix::fs::fchmod(&file, mode).map_err(|error| failed(error.into()))?;
    Ok(aside.into_bytes())
}

fn plan_folders(table: &Table, record: &Record, plan: &mut Plan<'_>) {
    if let Some(directory) = table.directory
        && let Some(path) = directory.path(record)
    {
        plan.folder(&path, plan.row(table, directory.column, record.bytes(directory.column)));
    }
    for (child, records) in table.children.iter().zip(&record.children) {
        for record in records {
            plan_folders(child, record, plan);
        }
    }
}

/// The files that an item's rows name, below the course's folder.
pub fn places_of_files(item: &Item) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    files_of(&item.kind.table, &item.record, &mut found);
    found.into_iter().map(|(_, files, name)| [files.folder.as_bytes(), b"/", &name].concat()).collect()
}

/// The files that a record and those below it name. Names with a path in them are left out: stored names have none.
fn files_of(table: &'static Table, record: &Record, found: &mut Vec<(&'static Table, Files, Vec<u8>)>) {
    if let Some(files) = table.files {
        let name = record.bytes(files.column);
        let plain =
            !name.is_empty() && name != b"." && name != b".." && !name.iter().any(|byte| matches!(byte, b'/' | 0));
        if plain {
            found.push((table, files, name));
        }
    }
    for (child, records) in table.children.iter().zip(&record.children) {
        for record in records {
            files_of(child, record, found);
        }
    }
}

/// The archive's entry for a stored file: in its folder, or where Chamilo puts it by mistake.
fn entry_of(backup: &mut BackupFile, files: &Files, name: &[u8]) -> Result<Option<Vec<u8>>, ReadBackupError> {
    for folder in std::iter::once(files.folder).chain(files.also) {
        let entry = [folder.as_bytes(), b"/", name].concat();
        if backup.size(&entry)?.is_some() {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}
