//! What a backup says it holds, by our PHP reader and the `zip` crate.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coursefs::php::{self, Limits, Value};
use zip::ZipArchive;

/// A document as `course_info.dat` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `file` or `folder`.
    pub kind: String,
    pub title: Option<String>,
    pub comment: Option<String>,
    /// By its last item property, `None` if it has none.
    pub visibility: Option<i64>,
    pub size: Option<i64>,
}

/// A backup, read.
pub struct Contents {
    /// Documents by path, with `document/` in front.
    pub listed: BTreeMap<String, Listed>,
    /// Entries of the archive with their bytes; those of folders end in a slash.
    pub entries: BTreeMap<String, Vec<u8>>,
    /// The serialized course.
    pub serialized: Vec<u8>,
}

/// Reads the backup `archive`.
pub fn contents(archive: &[u8]) -> Contents {
    let mut zip = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut entries = BTreeMap::new();
    for place in 0..zip.len() {
        let mut entry = zip.by_index(place).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        entries.insert(String::from_utf8(entry.name_raw().to_vec()).unwrap(), bytes);
    }
    let serialized = STANDARD.decode(&entries["course_info.dat"]).unwrap();
    let (course, _) = php::read(&serialized, &Limits::default()).unwrap();
    let documents = course.get("resources").and_then(|resources| resources.get("document"));
    let text = |value: Option<&Value<'_>>| value.and_then(Value::as_text).map(|text| text.into_owned());
    let listed = documents.into_iter().flat_map(|documents| documents.entries()).map(|(_, document)| {
        let last = document.get("item_properties").and_then(|rows| rows.entries().last().map(|(_, row)| row));
        let listed = Listed {
            kind: text(document.get("file_type")).unwrap(),
            title: text(document.get("title")),
            comment: text(document.get("comment")),
            visibility: last.and_then(|row| row.get("visibility")).and_then(Value::as_int),
            size: document.get("size").and_then(Value::as_int),
        };
        (text(document.get("path")).unwrap(), listed)
    });
    let listed = listed.collect();
    Contents { listed, entries, serialized }
}
