//! The documents of an archive, judged before anything is touched: where each would lie, and whether it may.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::course::document_rows;
use crate::course::names::{self, ExtensionFilter, Verdict};
use crate::php::{Key, Value};
use crate::portal::Settings;
use crate::portal::database::Row;

use super::super::extras;
use super::super::links::{self, Patch};
use super::super::reader::BackupFile;
use super::documents::below_documents;
use super::{Report, RestoreError, unwritable};

/// The longest name of a file in bytes (Linux).
const LONGEST_NAME: usize = 255;

/// `c_item_property.visibility` of a deleted document.
const DELETED: i64 = 2;

/// A document of the archive, judged.
pub struct Planned {
    /// Its key in the archive, `None` for a folder that the archive does not name.
    pub key: Option<i64>,
    /// Its path below the Document folder, without a leading slash.
    pub path: Vec<u8>,
    /// Name of the file in the archive, `None` for a folder.
    pub entry: Option<Vec<u8>>,
    /// Length in the archive, in bytes.
    pub size: u64,
    /// What people see.
    pub title: String,
    /// A remark.
    pub comment: Option<String>,
    /// Whether students see it.
    pub visible: bool,
    /// What was replaced in the page when the archive was made.
    pub patches: Vec<Patch>,
    /// Whether only its author may change it.
    pub readonly: bool,
    /// The property row of the archive that counts, if there is one with dates.
    pub history: Option<Row>,
    /// Values of its extra fields.
    pub fields: Vec<Row>,
}

/// A document as an archive describes it.
pub struct Described {
    /// Its key in the archive.
    pub key: Option<i64>,
    /// The name of its file in the archive, `document/` and a path.
    pub stored: Vec<u8>,
    /// Where it is to lie, `document/` and a path, if that is elsewhere.
    pub place: Option<Vec<u8>>,
    /// Whether it is a folder.
    pub folder: bool,
    /// What people see.
    pub title: String,
    /// A remark.
    pub comment: Option<String>,
    /// Whether students see it.
    pub visible: bool,
    /// What was replaced in the page when the archive was made.
    pub patches: Vec<Patch>,
    /// Whether only its author may change it.
    pub readonly: bool,
    /// Its property row, if there is one with dates.
    pub history: Option<Row>,
    /// Values of its extra fields.
    pub fields: Vec<Row>,
}

/// Judges the documents of `course`; folders come before what is in them.
pub fn plan(
    backup: &mut BackupFile,
    course: &Value<'_>,
    settings: &Settings,
    report: &mut Report,
) -> Result<Vec<Planned>, RestoreError> {
    let resources = course.get("resources").and_then(|resources| resources.get("document"));
    let mut described = Vec::new();
    for (key, resource) in resources.into_iter().flat_map(Value::entries) {
        let text = |name| resource.get(name).and_then(Value::as_text);
        let Some(stored) = resource.get("path").and_then(Value::as_bytes) else { continue };
        let folder = match text("file_type").as_deref() {
            Some("file") => false,
            Some("folder") => true,
            // A link to a cloud has no file; Chamilo's importer leaves it out too.
            _ => {
                report.documents.missing.push(String::from_utf8_lossy(&stored).into_owned());
                continue;
            }
        };
        let newest = newest_property(resource);
        let visibility = newest.and_then(|property| property.get("visibility")).and_then(Value::as_int);
        if visibility == Some(DELETED) {
            sound_path(&stored).map_err(|reason| unsafe_path(backup, &stored, reason))?;
            continue;
        }
        described.push(Described {
            key: match key {
                Key::Int(key) => Some(*key),
                Key::String(_) => None,
            },
            stored: stored.into_owned(),
            // Ours stand under another name where Chamilo's importer would lose them, with the true path beside it.
            place: extra(resource, "path").and_then(Value::as_bytes).map(|path| below_documents(&path)),
            folder,
            title: text("title").unwrap_or_default().into_owned(),
            comment: text("comment").map(std::borrow::Cow::into_owned),
            visible: visibility != Some(0),
            patches: patches(resource),
            readonly: extra(resource, "readonly").and_then(Value::as_int) == Some(1),
            history: newest.filter(|row| has_history(row)).map(extras::read_property),
            fields: resource.get("extraFields").map(extras::read_fields).unwrap_or_default(),
        });
    }
    judged(backup, described, settings, report)
}

fn unsafe_path(backup: &BackupFile, path: &[u8], reason: &'static str) -> RestoreError {
    RestoreError::UnsafePath {
        archive: backup.path().to_owned(),
        path: String::from_utf8_lossy(path).into_owned(),
        reason,
    }
}

/// Judges described documents; folders come before what is in them.
pub fn judged(
    backup: &mut BackupFile,
    described: Vec<Described>,
    settings: &Settings,
    report: &mut Report,
) -> Result<Vec<Planned>, RestoreError> {
    let filter = ExtensionFilter::from_settings(settings);
    let mut planned = Vec::new();
    let mut taken = HashSet::new();
    for document in described {
        let Described { key, folder, .. } = document;
        let sound =
            |path: &[u8]| sound_path(path).map(<[u8]>::to_vec).map_err(|reason| unsafe_path(backup, path, reason));
        let stored = sound(&document.stored)?;
        let relative = match &document.place {
            Some(place) => sound(place)?,
            None => stored.clone(),
        };
        let shown = String::from_utf8_lossy(&relative).into_owned();
        let held = match settings.holds(&relative) {
            true => Cow::Borrowed(&relative),
            false => Cow::Owned(unwritable::path(&relative)),
        };
        let Some(path) = allowed_path(&held, folder, &filter) else {
            report.refused.push(shown);
            continue;
        };
        if !taken.insert(path.clone()) {
            continue;
        }
        let entry = below_documents(&stored);
        let size = match backup.size(&entry)? {
            _ if folder => 0,
            Some(size) => size,
            None => {
                report.documents.missing.push(shown);
                continue;
            }
        };
        if path != relative {
            report.documents.renamed.push((shown, String::from_utf8_lossy(&path).into_owned()));
        }
        planned.push(Planned {
            key,
            path,
            entry: (!folder).then_some(entry),
            size,
            title: held_text(settings, document.title),
            comment: document.comment.map(|text| held_text(settings, text)),
            visible: document.visible,
            patches: document.patches,
            readonly: document.readonly,
            history: document.history,
            fields: document.fields,
        });
    }
    planned.sort_by(|a, b| a.path.cmp(&b.path));
    with_folders(planned).map_err(|path| unsafe_path(backup, &path, "it lies in what is a file there"))
}

/// Adds the folders that files lie in but the archive does not name: a document is reached through its folders only.
/// The path of a document that lies in a file is an error.
fn with_folders(planned: Vec<Planned>) -> Result<Vec<Planned>, Vec<u8>> {
    let is_file = |document: &Planned| (document.path.clone(), document.entry.is_some());
    let mut known: HashMap<Vec<u8>, bool> = planned.iter().map(is_file).collect();
    let mut all = Vec::with_capacity(planned.len());
    for document in planned {
        let slashes = document.path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        for folder in slashes.filter_map(|(end, _)| document.path.get(..end)) {
            let is_new = match known.get(folder) {
                Some(true) => return Err(document.path),
                Some(false) => false,
                None => true,
            };
            if is_new {
                known.insert(folder.to_vec(), false);
                let name = folder.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                all.push(Planned {
                    key: None,
                    path: folder.to_vec(),
                    entry: None,
                    size: 0,
                    title: String::from_utf8_lossy(name).into_owned(),
                    comment: None,
                    visible: true,
                    patches: Vec::new(),
                    readonly: false,
                    history: None,
                    fields: Vec::new(),
                });
            }
        }
        all.push(document);
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

/// The path below `document/`, or what is wrong with it.
fn sound_path(path: &[u8]) -> Result<&[u8], &'static str> {
    let relative = path.strip_prefix(b"document/").ok_or("it does not begin with document/")?;
    sound_names(relative)?;
    if String::from_utf8_lossy(relative).chars().count() + 1 > document_rows::MAX_PATH {
        return Err("it is longer than the 255 characters that Chamilo stores");
    }
    Ok(relative)
}

/// Whether a path has nothing but names that a file may have.
pub fn is_sound(path: &[u8]) -> bool {
    sound_names(path).is_ok()
}

/// Says what is wrong with the names of a path, if anything is.
pub fn sound_names(path: &[u8]) -> Result<(), &'static str> {
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" => return Err("it has an empty name"),
            b"." | b".." => return Err("it has a name of dots only"),
            _ if name.contains(&0) => return Err("it has a NUL byte"),
            _ if name.len() > LONGEST_NAME => return Err("it has a name of over 255 bytes"),
            _ => {}
        }
    }
    Ok(())
}

/// A text about a document as the database can hold it.
fn held_text(settings: &Settings, text: String) -> String {
    match settings.holds(text.as_bytes()) {
        true => text,
        false => String::from_utf8_lossy(&unwritable::replaced(text.as_bytes())).into_owned(),
    }
}

/// The path under which the portal may hold the document: names that a web server would run are made harmless as
/// Chamilo does it. `None` if the portal's upload rule refuses the file.
fn allowed_path(path: &[u8], folder: bool, filter: &ExtensionFilter) -> Option<Vec<u8>> {
    let Ok(mut harmless) = String::from_utf8(harmless_path(path)?) else { return Some(path.to_vec()) };
    if !folder {
        let start = harmless.rfind('/').map_or(0, |slash| slash + 1);
        match filter.check(harmless.get(start..).unwrap_or_default()) {
            Verdict::Allowed => {}
            Verdict::Refused(_) => return None,
            Verdict::Renamed(name) => harmless.replace_range(start.., &name),
        }
    }
    Some(harmless.into_bytes())
}

/// The path with names that no web server would run; `None` if that can't be had.
pub fn harmless_path(path: &[u8]) -> Option<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(path) else {
        // Old names that are not UTF-8 stay byte for byte, unless something in them could be run.
        let dangerous = String::from_utf8_lossy(path);
        return (names::disable_scripts(&dangerous) == dangerous).then(|| path.to_vec());
    };
    let harmless: Vec<String> = text.split('/').map(names::disable_scripts).collect();
    Some(harmless.join("/").into_bytes())
}

/// The property row that counts, as for rows of the database: the newest of the base course.
fn newest_property<'v>(resource: &'v Value<'v>) -> Option<&'v Value<'v>> {
    let rows = resource.get("item_properties").into_iter().flat_map(Value::entries).map(|(_, row)| row);
    rows.max_by_key(|row| {
        let base = row.get("session_id").and_then(Value::as_int).unwrap_or(0) == 0;
        let date = row.get("lastedit_date").and_then(Value::as_text).unwrap_or_default().into_owned();
        (base, date, row.get("iid").and_then(Value::as_int))
    })
}

/// Whether the row's dates can be kept.
fn has_history(property: &Value<'_>) -> bool {
    let text = |name| property.get(name).and_then(Value::as_text).unwrap_or_default();
    let is_date = |name| text(name).parse::<jiff::civil::DateTime>().is_ok();
    is_date("insert_date") && is_date("lastedit_date") && (1..=100).contains(&text("lastedit_type").len())
}

fn patches(resource: &Value<'_>) -> Vec<Patch> {
    let patches = resource.get(extras::NAME).and_then(|extras| extras.get(extras::PATCHES));
    patches.map(links::read_patches).unwrap_or_default()
}

/// What our archives say of a document beyond Chamilo's form.
fn extra<'v>(resource: &'v Value<'v>, column: &str) -> Option<&'v Value<'v>> {
    resource.get(extras::NAME)?.get("row")?.get(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_course_are_unsound() {
        for path in [
            "document",
            "document/",
            "documents/a",
            "/document/a",
            "document/../a",
            "document/a/../../b",
            "document//a",
            "document/a/",
            "document/./a",
            "document/a\0b",
            "scorm/a",
        ] {
            assert!(sound_path(path.as_bytes()).is_err(), "{path}");
        }
        assert!(sound_path(format!("document/{}", "a".repeat(256)).as_bytes()).is_err());
        assert!(sound_path(format!("document/{}", "a/".repeat(130)).as_bytes()).is_err());
        assert_eq!(sound_path("document/a/..b/é.txt".as_bytes()), Ok("a/..b/é.txt".as_bytes()));
    }

    #[test]
    fn names_that_a_web_server_would_run_become_harmless() {
        let filter = ExtensionFilter::from_settings(&Settings::default());
        let allowed = |path: &str| String::from_utf8(allowed_path(path.as_bytes(), false, &filter).unwrap()).unwrap();
        assert_eq!(allowed("a/x.php"), "a/x.phps");
        assert_eq!(allowed("a.php/.htaccess"), "a.phps/htaccess.txt");
        assert_eq!(allowed("é à.pdf"), "é à.pdf");
        assert_eq!(allowed_path(b"a\xff.php", false, &filter), None);
        assert_eq!(allowed_path(b"a\xff.txt", false, &filter).unwrap(), b"a\xff.txt");
    }
}
