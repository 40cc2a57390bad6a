//! All rows and all files of a portal at one moment: what a refused change must leave as it was.

use std::collections::BTreeMap;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use coursefs::portal::database::Value;

use super::portal::TestPortal;
use super::portals;

/// Rows by table and files by path, in words that a failed comparison can show.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub rows: BTreeMap<String, Vec<String>>,
    pub files: BTreeMap<String, String>,
}

/// The state of `portal`.
pub fn snapshot(portal: &TestPortal) -> Snapshot {
    let rows = portals::tables(&portal.portal).into_iter().map(|name| {
        let rows = portal.rows(&format!("SELECT * FROM `{name}`"), &[]);
        let shown = |value: &Value| value.to_text().map(|text| String::from_utf8_lossy(&text).into_owned());
        let lines =
            rows.iter().map(|row| format!("{:?}", row.iter().map(|(_, value)| shown(value)).collect::<Vec<_>>()));
        (name, lines.collect())
    });
    let rows = rows.collect();
    let mut files = files_below(&portal.root().join("app"));
    // Where a portal's rows are is its own.
    files.retain(|path, _| !path.starts_with("config"));
    Snapshot { rows, files }
}

/// Everything below `folder`: kind, mode, size, time of last change and a checksum by path.
pub fn files_below(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    add(folder, folder, &mut files);
    files
}

fn add(top: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        let kind = metadata.file_type();
        let (mode, mtime) = (metadata.mode() & 0o7777, metadata.mtime());
        let words = if kind.is_dir() {
            add(top, &path, files);
            // The time of a folder moves when something was put in it for a moment, which is no harm.
            format!("folder {mode:o}")
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            format!("file {mode:o} {} bytes, {mtime}, {:08x}", bytes.len(), crc32fast::hash(&bytes))
        } else if kind.is_symlink() {
            format!("link to {}", std::fs::read_link(&path).unwrap().display())
        } else if kind.is_fifo() {
            "pipe".to_owned()
        } else {
            format!("{kind:?}")
        };
        files.insert(path.strip_prefix(top).unwrap().to_string_lossy().into_owned(), words);
    }
}
