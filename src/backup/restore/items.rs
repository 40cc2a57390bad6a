//! The items of an archive on their way into a course.

use std::collections::HashMap;

use crate::course::item::{Item, Record};
use crate::course::tool::{Files, Kind, Table};
use crate::php::Value;

use super::super::reader::{BackupFile, ReadBackupError};
use super::super::resource;
use super::Report;
use super::files::{StagedNames, Staging};
use super::{RestoreError, files_error, loose_files};

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
            for (id, resource) in resources.entries() {
                report.not_understood.push(format!("{key} {}: {}", shown(&id.plain()), class(resource)));
            }
            continue;
        };
        let read = resource::read(kind, resources);
        report.not_understood.extend(read.strange.into_iter().map(|(id, class)| format!("{key} {id}: {class}")));
        found.insert(kind.key, read.items.into_iter().filter(|item| !item.is_deleted()).collect());
    }
    ReadItems(found)
}

/// Keys of the map that name documents a second time, for Chamilo's importer.
const NOT_CONTENT: [&str; 2] = ["final_item", "readout_text"];

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn class(resource: &Value<'_>) -> String {
    resource.as_object().map_or_else(|| "no object".to_owned(), |object| shown(&object.class))
}

impl ReadItems {
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
        for item in self.0.values().flatten() {
            files_of(&item.kind.table, &item.record, &mut wanted);
        }
        wanted.sort_by(|a, b| (a.0.folder, &a.1).cmp(&(b.0.folder, &b.1)));
        for (files, name) in wanted {
            let key = (files.folder, name);
            if staged.contains_key(&key) {
                continue;
            }
            if let Some(entry) = entry_of(backup, &files, &key.1)? {
                let aside = format!("file-{}", staged.len()).into_bytes();
                let failed = |source| files_error(code, &entry, source);
                let mut file = staging.folder.create_file(&aside, 0o600).map_err(failed)?;
                backup.unpack(&entry, &mut file)?;
                let mode = rustix::fs::Mode::from_raw_mode(file_mode);
                rustix::fs::fchmod(&file, mode).map_err(|error| failed(error.into()))?;
                staged.insert(key, aside);
            }
        }
        Ok(staged)
    }
}

/// The files that a record and those below it name. Names with a path in them are left out: stored names have none.
fn files_of(table: &Table, record: &Record, found: &mut Vec<(Files, Vec<u8>)>) {
    if let Some(files) = table.files {
        let name = record.bytes(files.column);
        let plain =
            !name.is_empty() && name != b"." && name != b".." && !name.iter().any(|byte| matches!(byte, b'/' | 0));
        if plain {
            found.push((files, name));
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
