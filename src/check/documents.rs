//! The documents of a course against its folder on the disk.

use std::collections::{BTreeSet, HashSet};
use std::os::fd::AsFd;

use jiff::Timestamp;
use rustix::fs::FileType;

use crate::course::Stamp;
use crate::course::document_rows::{self, DocumentKind, NewDocument, stored_size};
use crate::course::names::is_passing_path;
use crate::portal::database::{DatabaseError, Session, Value};
use crate::portal::storage::{Folder, stat_at};

use super::Found;
use super::finding::{
    DOCUMENT_PATH, DOCUMENT_SIZE, DOCUMENT_TYPE, DOCUMENT_WITHOUT_FILE, DUPLICATE_PATH, FILE_WITHOUT_DOCUMENT, Finding,
    NAME_ENCODING, PARENT_WITHOUT_ROW, TEXT_ENCODING, UNREADABLE, WITHOUT_PROPERTY,
};
use super::properties::{self, DOCUMENT, Properties};
use super::text::Oddity;

/// Chamilo's folder of documents in the folder of a course.
const FOLDER: &[u8] = b"document";

/// Folders that Chamilo enters before it makes them (data rules 1.2.3 and 2.5).
const MADE_LATER: [&[u8]; 3] = [b"shared_folder", b"certificates", b"chat_files"];

/// Names that are never documents: what file managers of Chamilo's editors keep beside them.
const HIDDEN: [&[u8]; 4] = [b".thumbs", b".tmb", b".quarantine", b".htaccess"];

/// What Chamilo puts into names of files that it has deleted or replaced.
const SET_ASIDE: [&[u8]; 2] = [b"_DELETED_", b"_REPLACED_DATE_"];

/// Sizes of these files stay 0 in their rows.
const UNSIZED: &[u8] = b"chat_files";

/// The documents of a course.
#[derive(Debug, Default)]
pub struct Documents {
    keys: HashSet<i64>,
    primaries: HashSet<i64>,
    deleted: HashSet<i64>,
}

impl Documents {
    /// Whether there is a document that property rows know by `key`.
    pub fn has(&self, key: i64) -> bool {
        self.keys.contains(&key)
    }

    /// Whether there is a document, not a deleted one, that `key` could mean.
    pub fn may_show(&self, key: i64) -> bool {
        (self.primaries.contains(&key) || self.keys.contains(&key)) && !self.deleted.contains(&key)
    }
}

/// A row of `c_document` that is no link and not deleted.
struct Row {
    /// Below the Document folder, without the leading slash.
    path: Vec<u8>,
    iid: i64,
    key: i64,
    session: i64,
    size: i64,
    folder: bool,
    seen: bool,
}

/// Looks at the documents of a course; without `folder` at their rows only.
pub fn check(
    session: &dyn Session,
    course: i64,
    folder: Option<&Folder>,
    properties: &Properties,
    found: &mut Found,
) -> Result<Documents, DatabaseError> {
    let (documents, mut rows) = read(session, course, properties, found)?;
    if let Some(folder) = folder {
        match folder.folder(FOLDER) {
            Ok(top) => walk(&top, &mut rows, found),
            Err(error) => found.add(unreadable(FOLDER, &error)),
        }
        for row in rows.iter().filter(|row| !(row.seen || row.folder && is_made_later(&row.path))) {
            found.add(about(DOCUMENT_WITHOUT_FILE, row).because(if row.folder {
                "there is no such folder on the disk"
            } else {
                "there is no such file on the disk"
            }));
        }
    }
    without_property(&rows, properties, folder.is_some(), found);
    duplicates(&rows, found);
    parents(&rows, found);
    Ok(documents)
}

fn about(kind: &'static super::Kind, row: &Row) -> Finding {
    Finding::new(kind).at(&[b"/", row.path.as_slice()].concat()).row("c_document", row.iid)
}

fn unreadable(path: &[u8], error: &std::io::Error) -> Finding {
    Finding::new(UNREADABLE).at(path).because(error.to_string())
}

/// Reads the rows, in the order of their paths.
fn read(
    session: &dyn Session,
    course: i64,
    properties: &Properties,
    found: &mut Found,
) -> Result<(Documents, Vec<Row>), DatabaseError> {
    let mut documents = Documents::default();
    let mut rows = Vec::new();
    let sql = "SELECT iid, id, path, title, comment, filetype, size, session_id FROM c_document \
               WHERE c_id = ? ORDER BY iid";
    session.query(sql, &[course.into()], &mut |row| {
        let Some(iid) = row.int("iid") else { return Ok(()) };
        let key = row.int("id").filter(|key| *key != 0).unwrap_or(iid);
        documents.keys.insert(key);
        documents.primaries.insert(iid);
        for column in ["path", "title", "comment"] {
            if let Some(oddity) = Oddity::of(&row.bytes(column)) {
                let detail = format!("{column} {}", oddity.words());
                found.add(Finding::new(TEXT_ENCODING).at(&row.bytes("path")).row("c_document", iid).because(detail));
            }
        }
        let (path, kind) = (row.bytes("path"), row.bytes("filetype"));
        let deleted = properties.of(DOCUMENT, key).is_some_and(|properties| properties.deleted);
        if deleted || is_set_aside(&path) {
            documents.deleted.extend([key, iid]);
            return Ok(());
        }
        if kind == b"link" {
            return Ok(());
        }
        if !is_path(&path) {
            let detail = "it must be /name or /folder/name, without empty names, `.` and `..`";
            found.add(Finding::new(DOCUMENT_PATH).at(&path).row("c_document", iid).because(detail));
            return Ok(());
        }
        rows.push(Row {
            path: path.get(1..).unwrap_or_default().to_vec(),
            iid,
            key,
            session: row.int("session_id").unwrap_or(0),
            size: row.int("size").unwrap_or(0),
            folder: kind == b"folder",
            seen: false,
        });
        Ok(())
    })?;
    rows.sort_by(|a, b| a.path.cmp(&b.path).then(a.iid.cmp(&b.iid)));
    Ok((documents, rows))
}

fn is_path(path: &[u8]) -> bool {
    let name = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
    path.strip_prefix(b"/").is_some_and(|path| path.len() < 4096 && path.split(|byte| *byte == b'/').all(name))
}

fn is_set_aside(path: &[u8]) -> bool {
    SET_ASIDE.iter().any(|words| path.windows(words.len()).any(|window| window == *words))
}

/// Whether Chamilo enters such a folder before it makes it.
fn is_made_later(path: &[u8]) -> bool {
    let below = |folder: &[u8]| path.starts_with(folder) && path.contains(&b'/');
    MADE_LATER.contains(&path) || path.starts_with(b"shared_folder_session_") || below(b"shared_folder/sf_user_")
}

/// The rows with this path.
fn with_path<'r>(rows: &'r mut [Row], path: &[u8]) -> &'r mut [Row] {
    let start = rows.partition_point(|row| row.path.as_slice() < path);
    let rest = rows.get_mut(start..).unwrap_or_default();
    let end = rest.partition_point(|row| row.path == path);
    rest.get_mut(..end).unwrap_or_default()
}

/// Whether a row lies below the folder `path`.
fn any_below(rows: &[Row], path: &[u8]) -> bool {
    let below = [path, b"/"].concat();
    let start = rows.partition_point(|row| row.path < below);
    rows.get(start).is_some_and(|row| row.path.starts_with(&below))
}

/// Walks the Document folder and holds everything in it against the rows.
fn walk(top: &Folder, rows: &mut [Row], found: &mut Found) {
    let mut folders = vec![Vec::new()];
    while let Some(path) = folders.pop() {
        let opened = if path.is_empty() { top.names(b"").map(|names| (None, names)) } else { open(top, &path) };
        let (folder, names) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                found.add(unreadable(&[b"/", path.as_slice()].concat(), &error));
                continue;
            }
        };
        let at = folder.as_ref().map_or(top.as_fd(), Folder::as_fd);
        for name in names {
            let of_server = path.is_empty() && name == b"index.html";
            if HIDDEN.contains(&name.as_slice()) || is_set_aside(&name) || of_server {
                continue;
            }
            let below = if path.is_empty() { name.clone() } else { [path.as_slice(), b"/", &name].concat() };
            if std::str::from_utf8(&name).is_err() {
                found.add(Finding::new(NAME_ENCODING).at(&[b"/", below.as_slice()].concat()));
            }
            let stat = match stat_at(at, &name) {
                Ok(stat) => stat,
                // Gone since it was listed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    found.add(unreadable(&[b"/", below.as_slice()].concat(), &error));
                    continue;
                }
            };
            let kind = FileType::from_raw_mode(stat.st_mode);
            let known = with_path(rows, &below);
            for row in known.iter_mut() {
                row.seen = true;
                compare(row, kind, &stat, found);
            }
            let known = !known.is_empty();
            match kind {
                // Unknown folders are told of as a whole, if nothing in them is known.
                FileType::Directory if known || any_below(rows, &below) => folders.push(below),
                _ if known => {}
                _ => found.add(Finding::new(FILE_WITHOUT_DOCUMENT).at(&[b"/", below.as_slice()].concat()).because(
                    if kind == FileType::Directory {
                        "this folder and what is in it have no rows"
                    } else {
                        "this file has no row"
                    },
                )),
            }
        }
    }
}

fn open(top: &Folder, path: &[u8]) -> std::io::Result<(Option<Folder>, Vec<Vec<u8>>)> {
    let folder = top.folder(path)?;
    let names = folder.names(b"")?;
    Ok((Some(folder), names))
}

fn compare(row: &Row, kind: FileType, stat: &rustix::fs::Stat, found: &mut Found) {
    match (row.folder, kind) {
        (true, FileType::Directory) => {}
        (false, FileType::RegularFile) => {
            let size = stored_size(u64::try_from(stat.st_size).unwrap_or(0));
            if size == Value::Int(row.size) || row.path.split(|byte| *byte == b'/').any(|name| name == UNSIZED) {
                return;
            }
            let detail = format!("it has {} bytes, its row says {}", stat.st_size, row.size);
            let (iid, key) = (row.iid, row.key);
            let changed = Timestamp::from_second(stat.st_mtime).ok().map(|time| Stamp { user: 0, time }.datetime());
            found.add_mendable(about(DOCUMENT_SIZE, row).because(detail), move |mending| {
                let sql = "UPDATE c_document SET size = ? WHERE iid = ?";
                mending.session.execute(sql, &[size, iid.into()])?;
                if let Some(changed) = changed {
                    let sql = "UPDATE c_item_property SET lastedit_date = ? \
                               WHERE c_id = ? AND tool = 'document' AND ref = ? AND lastedit_date < ?";
                    let changed = Value::from(changed);
                    let values = [changed.clone(), mending.course.into(), key.into(), changed];
                    mending.session.execute(sql, &values)?;
                }
                Ok(())
            });
        }
        (folder, _) => {
            let says = if folder { "a folder" } else { "a file" };
            let detail = format!("its row says {says}, on the disk it is {}", words_for(kind));
            found.add(about(DOCUMENT_TYPE, row).because(detail));
        }
    }
}

fn words_for(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        _ => "a device",
    }
}

/// Documents that Chamilo shows nowhere because they have no property row.
fn without_property(rows: &[Row], properties: &Properties, on_disk: bool, found: &mut Found) {
    // What programs have on the way is not to be known to Chamilo before it has its name.
    let unknown = |row: &&Row| properties.of(DOCUMENT, row.key).is_none() && !is_passing_path(&row.path);
    for row in rows.iter().filter(unknown) {
        let finding = about(WITHOUT_PROPERTY, row).because("it has no row in c_item_property");
        if row.session != 0 || !on_disk || !(row.seen || is_made_later(&row.path)) {
            found.add(finding);
            continue;
        }
        let (key, edit) = (row.key, if row.folder { "FolderCreated" } else { "DocumentInvisible" });
        found.add_mendable(finding, move |mending| properties::insert(mending, DOCUMENT, key, edit));
    }
}

fn duplicates(rows: &[Row], found: &mut Found) {
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let (same, others) = rest.split_at(rest.partition_point(|row| row.path == first.path));
        rest = others;
        if same.len() < 2 {
            continue;
        }
        let mut sessions: Vec<i64> = same.iter().map(|row| row.session).collect();
        sessions.sort_unstable();
        sessions.dedup();
        for session in sessions {
            let of_session: Vec<&Row> = same.iter().filter(|row| row.session == session).collect();
            if let [older @ .., newest] = of_session.as_slice() {
                for row in older {
                    found.add(
                        about(DUPLICATE_PATH, row).because(format!("c_document {} has this path too", newest.iid)),
                    );
                }
            }
        }
    }
}

/// Folders without a row that documents lie in.
fn parents(rows: &[Row], found: &mut Found) {
    let folders: HashSet<&[u8]> = rows.iter().filter(|row| row.folder).map(|row| row.path.as_slice()).collect();
    // Whether something below is there on the disk, so that the folder is too.
    let mut missing: std::collections::BTreeMap<&[u8], bool> = std::collections::BTreeMap::new();
    for row in rows {
        let mut path = row.path.as_slice();
        while let Some(slash) = path.iter().rposition(|byte| *byte == b'/') {
            path = path.get(..slash).unwrap_or_default();
            if folders.contains(path) {
                break;
            }
            *missing.entry(path).or_default() |= row.seen;
        }
    }
    let named: BTreeSet<&[u8]> = rows.iter().map(|row| row.path.as_slice()).collect();
    for (path, on_disk) in missing {
        let place = [b"/", path].concat();
        let finding =
            Finding::new(PARENT_WITHOUT_ROW).at(&place).because("documents lie in this folder, which has no row");
        // A row that says that it is a file is another matter.
        if !on_disk || named.contains(path) {
            found.add(finding);
            continue;
        }
        found.add_mendable(finding, move |mending| {
            let title = place.rsplit(|byte| *byte == b'/').next().map(String::from_utf8_lossy).unwrap_or_default();
            let new =
                NewDocument { path: &place, title: &title, comment: None, kind: DocumentKind::Folder, visible: false };
            document_rows::insert(mending.session, mending.course, &new, &mending.stamp)?;
            Ok(())
        });
    }
}
