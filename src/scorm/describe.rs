//! What a package was made from, in Chamilo's terms, for those who take it in again.
//!
//! A package of pages that were made here holds a small file ([`NAME`]) with the rows of its paths and of all that they
//! need, the documents among its files, and what was replaced in those: enough to make the same paths in an empty course.
//! A package that was imported once goes out as it came in; what its course said of it stands in a comment on its
//! manifest, which lies beside the files of the archive and not among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde_json::{Value as Json, json};

use crate::archive::LONGEST_COMMENT;
use crate::backup::restore::find;
use crate::course::item::{Item, Record};
use crate::portal::database::Row;

use super::files::Found;
use super::load::{CourseRows, DOCUMENTS, PATHS, kind_of};
use super::records;

/// Its name in the shared folder.
pub const NAME: &str = "package.json";

/// The version of its form.
pub const FORM: u64 = 2;

/// How a comment with a description begins.
const COMMENT: &[u8] = b"coursefs:";

/// The longest description that is read, in bytes.
pub const LONGEST: u64 = 64 << 20;

/// Columns by which people tell the items of a table, where links to them can be found again.
const TITLES: &[(&str, &[&str])] = &[
    (PATHS, &["name"]),
    ("c_lp_category", &["name"]),
    ("c_quiz", &["title"]),
    ("c_link", &["title", "url"]),
    ("c_forum_forum", &["forum_title"]),
    ("c_forum_thread", &["thread_title"]),
    ("c_student_publication", &["title"]),
    ("c_survey", &["code", "lang"]),
    ("xapi_tool_launch", &["title"]),
];

/// What people call the row `record` of `table`; `None` for tables whose rows they do not call anything.
pub fn title(table: &str, record: &Record) -> Option<Vec<u8>> {
    let (_, columns) = TITLES.iter().find(|(known, _)| *known == table)?;
    let words: Vec<Vec<u8>> = columns.iter().map(|column| record.bytes(column)).collect();
    Some(words.join(b"\n".as_slice())).filter(|title| !title.iter().all(u8::is_ascii_whitespace))
}

/// The files of a path that was imported.
#[derive(Clone, Debug, Default)]
pub struct Original {
    /// Where they begin in the package.
    pub below: String,
    /// Names in the package, and other names on the disk.
    pub renamed: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// What is told.
pub struct Description<'a> {
    /// The course and its paths.
    pub rows: &'a CourseRows,
    /// The files of imported paths, by the paths' keys.
    pub originals: HashMap<i64, Original>,
    /// The files of the course in the package.
    pub found: &'a Found,
    /// Titles and comments of documents, by their keys.
    pub words: HashMap<i64, Row>,
    /// What else should be known.
    pub remarks: &'a [String],
}

impl Description<'_> {
    /// The file.
    pub fn write(&self) -> Vec<u8> {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let files: Vec<Json> = self
            .found
            .packed
            .iter()
            .map(|file| json!({"name": file.name, "place": lossy(&file.place), "changed": file.rewritten.is_some()}))
            .collect();
        let left: Vec<Json> = self
            .found
            .left
            .iter()
            .map(|left| json!({"page": left.page, "address": left.address, "why": left.why}))
            .collect();
        let mut description = self.course(&self.rows.paths, true);
        for (name, value) in [
            ("documents", Json::Array(self.documents())),
            ("files", Json::Array(files)),
            ("left", Json::Array(left)),
            ("remarks", json!(self.remarks)),
        ] {
            description[name] = value;
        }
        serde_json::to_vec(&description).unwrap_or_default()
    }

    /// A comment for the package of the one path that was imported. Steps are left out if there are too many of them;
    /// the manifest tells them too.
    pub fn comment(&self) -> Vec<u8> {
        let comments = [true, false].into_iter().filter_map(|steps| {
            let json = serde_json::to_vec(&self.course(&self.rows.paths, steps)).ok()?;
            let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
            packer.write_all(&json).ok()?;
            let packed = STANDARD.encode(packer.finish().ok()?);
            Some([COMMENT, packed.as_bytes()].concat())
        });
        comments.into_iter().find(|comment| comment.len() <= LONGEST_COMMENT).unwrap_or_default()
    }

    fn course(&self, paths: &[Item], steps: bool) -> Json {
        let rows = self.rows;
        let mut items: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
        let mut names = Vec::new();
        for reference in &rows.needed {
            let Some(item) = rows.item(*reference) else { continue };
            // The package of an activity is not in a package of SCORM.
            if item.kind.table.launch.is_empty() {
                items.entry(item.kind.key).or_default().push(records::item(item));
            } else if let Some(title) = title(reference.0, &item.record) {
                names.push(json!([reference.0, reference.1, records::bytes(&title)]));
            }
        }
        let before: BTreeSet<i64> = paths.iter().filter_map(|path| path.record.int("prerequisite")).collect();
        names.extend(
            before.iter().filter_map(|path| Some(json!([PATHS, path, records::bytes(rows.titles.get(path)?)]))),
        );
        let paths: Vec<Json> = paths
            .iter()
            .map(|path| {
                let mut told = json!({"item": records::item(path)});
                if let Some(original) = path.record.int("iid").and_then(|key| self.originals.get(&key)) {
                    told["package"] = json!(original.below);
                    let renamed = original.renamed.iter();
                    told["renamed"] =
                        renamed.map(|(from, to)| json!([records::bytes(from), records::bytes(to)])).collect();
                    if !steps && let Some(item) = told["item"].as_object_mut() {
                        item.remove("children");
                    }
                }
                told
            })
            .collect();
        json!({
            "coursefs": FORM,
            "course": {
                "code": records::bytes(&rows.course.code),
                "directory": records::bytes(&rows.course.directory),
                "title": rows.course.title,
                "language": rows.course.language,
            },
            "portal": rows.addresses.portal_url(),
            "paths": paths,
            "items": items,
            "names": names,
        })
    }

    /// The documents among the files, after the folders that they lie in.
    fn documents(&self) -> Vec<Json> {
        let tree = &self.rows.documents;
        let mut told = Vec::new();
        let mut folders = BTreeSet::new();
        for file in &self.found.packed {
            let Some(path) = file.place.strip_prefix(DOCUMENT_FOLDER) else { continue };
            let known = find(tree, path).filter(|(_, folder)| !folder);
            if let Some((iid, _)) = known {
                folders.extend(tree.ancestors(iid).map(|folder| folder.iid));
            }
            let undo: Vec<Json> = file
                .undo
                .iter()
                .map(|patch| json!([patch.offset, records::bytes(&patch.new), records::bytes(&patch.old)]))
                .collect();
            told.push(self.document(known.map(|(iid, _)| iid), path, Some((&file.name, undo))));
        }
        let folders = folders.into_iter().filter_map(|iid| Some(self.document(Some(iid), &tree.path(iid)?, None)));
        folders.chain(told).collect()
    }

    fn document(&self, iid: Option<i64>, path: &[u8], file: Option<(&str, Vec<Json>)>) -> Json {
        let mut told = json!({"path": records::bytes(path)});
        if let Some((iid, document)) = iid.and_then(|iid| Some((iid, self.rows.documents.get(iid)?))) {
            told["key"] = json!(iid);
            told["visible"] = json!(document.visible);
        }
        if let Some(words) = iid.and_then(|iid| self.words.get(&iid)) {
            told["title"] = json!(words.text("title"));
            if !words.bytes("comment").is_empty() {
                told["comment"] = json!(words.text("comment"));
            }
            if words.int("readonly") == Some(1) {
                told["readonly"] = json!(true);
            }
        }
        if let Some((name, undo)) = file {
            told["name"] = json!(name);
            if !undo.is_empty() {
                told["undo"] = Json::Array(undo);
            }
        }
        told
    }
}

/// Where documents lie in a course.
pub const DOCUMENT_FOLDER: &[u8] = b"document/";

/// The keys of the documents among the packed files and of the folders that they lie in.
pub fn documents_of(rows: &CourseRows, found: &Found) -> Vec<i64> {
    let tree = &rows.documents;
    let paths = found.packed.iter().filter_map(|file| file.place.strip_prefix(DOCUMENT_FOLDER));
    let mut keys: BTreeSet<i64> = paths.filter_map(|path| Some(find(tree, path)?.0)).collect();
    let folders: Vec<i64> = keys.iter().flat_map(|key| tree.ancestors(*key).map(|folder| folder.iid)).collect();
    keys.extend(folders);
    keys.into_iter().collect()
}

/// The documents and stored files that the items of a package refer to, below the course's folder.
pub fn places_needed(rows: &CourseRows) -> BTreeSet<Vec<u8>> {
    let place = |path: &[u8]| [DOCUMENT_FOLDER, path].concat();
    let mut places = BTreeSet::new();
    let needed = rows.needed.iter().filter_map(|reference| rows.item(*reference));
    for item in rows.paths.iter().chain(needed) {
        places.extend(crate::backup::restore::places_of_files(item));
        crate::backup::html_of(&item.kind.table, &item.record, &mut |html| {
            let (directory, portal) = (&rows.course.directory, rows.addresses.portal_url());
            let links = crate::backup::links::Links::targets(directory, portal, html, None);
            places.extend(links.iter().filter(|path| find(&rows.documents, path).is_some()).map(|path| place(path)));
        });
    }
    for (table, key) in &rows.needed {
        if *table == DOCUMENTS
            && let Some(path) =
                rows.documents.path(*key).filter(|_| rows.documents.get(*key).is_some_and(|it| !it.folder))
        {
            places.insert(place(&path));
        }
    }
    places
}

/// The description in a comment, `None` if the comment is none of ours or damaged.
pub fn read_comment(comment: &[u8]) -> Option<Vec<u8>> {
    let packed = STANDARD.decode(comment.strip_prefix(COMMENT)?).ok()?;
    let mut json = Vec::new();
    ZlibDecoder::new(packed.as_slice()).take(LONGEST).read_to_end(&mut json).ok()?;
    Some(json)
}

/// Whether `table` is the main table of a kind that packages may carry.
pub fn is_carried(table: &str) -> bool {
    kind_of(table).is_some_and(|kind| kind.table.launch.is_empty())
}
