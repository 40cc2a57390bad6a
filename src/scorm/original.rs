//! A learning path that was imported as SCORM: its package as it was, with its own manifest.
//!
//! Chamilo keeps what it unpacked below `scorm/` (Chamilo 1.11, `c_lp.path`: the folder, then the manifest's folder
//! in it). Some files it renamed when it unpacked them; those are given back the names that the manifest knows.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use crate::archive::{Content, Entry};
use crate::backup::loose_files::{Tree, walk};
use crate::course::item::Item;
use crate::course::names;
use crate::portal::storage::Folder;

use super::PackageError;
use super::describe::{Description, Original};
use super::files::Found;
use super::load::CourseRows;
use super::package::{Looked, Parts, Place, Walked, files_of};

/// `c_lp.lp_type` of an imported SCORM package.
pub const SCORM: i64 = 2;

/// Name of the manifest.
pub const MANIFEST: &[u8] = b"imsmanifest.xml";

/// The longest manifest that is looked into, in bytes.
const LONGEST_MANIFEST: u64 = 32 << 20;

/// Whether the path is an imported SCORM package.
pub fn is_imported(path: &Item) -> bool {
    path.record.int("lp_type") == Some(SCORM)
}

/// The folder of a path's package below the course's folder, by its `c_lp.path`; `None` if that names none that may be
/// read.
pub fn folder_of(named: &[u8]) -> Option<Vec<u8>> {
    let parts: Vec<&[u8]> = named.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
    let sound = !parts.is_empty() && !parts.iter().any(|part| *part == b".." || part.contains(&0));
    sound.then(|| [b"scorm/".as_slice(), &parts.join(b"/".as_slice())].concat())
}

/// The files of the package of `path`, by their places.
pub fn files(course: &str, path: &Item, top: Option<&Folder>) -> Result<Option<(Vec<u8>, Walked)>, PackageError> {
    let Some((top, folder)) = top.zip(folder_of(&path.record.bytes("path"))) else { return Ok(None) };
    let mut tree = Tree::default();
    walk(top, &folder, &mut tree).map_err(|source| PackageError::Walk { course: course.to_owned(), source })?;
    let files = files_of(tree);
    Ok((!files.is_empty()).then_some((folder, files)))
}

/// What is in the package of `path`.
pub fn parts(rows: &CourseRows, path: &Item, top: Option<&Folder>) -> Result<Parts, PackageError> {
    let course = &*String::from_utf8_lossy(&rows.course.code);
    let refuse = |why| PackageError::NotScorm {
        course: course.to_owned(),
        path: super::pages::plain(&path.record.bytes("name")),
        why,
    };
    let Some((folder, files)) = files(course, path, top)? else {
        return Err(refuse("its folder below scorm/ is missing or empty; import the package again"));
    };
    let below = |place: &Place| place.get(folder.len() + 1..).unwrap_or_default().to_vec();
    let Some((manifest, _)) = files.iter().find(|(place, _)| below(place).eq_ignore_ascii_case(MANIFEST)) else {
        return Err(refuse("imsmanifest.xml is not in its folder below scorm/; import the package again"));
    };
    let hrefs = top.map(|top| hrefs(top, manifest)).unwrap_or_default();
    let names: Vec<Vec<u8>> = files.iter().map(|(place, _)| below(place)).collect();
    let renamed = given_back(&names, &hrefs);
    let mut entries: Vec<Entry<Place>> = Vec::with_capacity(files.len());
    for ((place, identity), name) in files.iter().zip(names) {
        let name = match renamed.get(&name) {
            Some(other) => other.clone(),
            None if name.eq_ignore_ascii_case(MANIFEST) => MANIFEST.to_vec(),
            None => name,
        };
        let content = Content::File { source: place.clone(), identity: *identity };
        entries.push(Entry { name: name.into(), mode: 0o644, mtime: identity.mtime.seconds, content });
    }
    // The manifest comes first: some importers look only there.
    entries.sort_by(|a, b| (*a.name != *MANIFEST, &a.name).cmp(&(*b.name != *MANIFEST, &b.name)));
    let looked = Looked { files: Vec::new(), folders: vec![(folder, files)] };
    let renamed = renamed.into_iter().map(|(stored, name)| (name, stored)).collect();
    let description = Description {
        rows,
        originals: path
            .record
            .int("iid")
            .map(|key| (key, Original { below: String::new(), renamed }))
            .into_iter()
            .collect(),
        found: &Found::default(),
        words: HashMap::new(),
        remarks: &[],
    };
    let comment = description.comment();
    Ok(Parts { entries, comment, looked: looked.into(), remarks: Vec::new() })
}

/// The local files that a manifest names; empty if it can't be read.
fn hrefs(top: &Folder, manifest: &[u8]) -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = top.open_file(manifest).and_then(|file| file.take(LONGEST_MANIFEST).read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let Ok(document) = roxmltree::Document::parse(&text) else { return Vec::new() };
    let elements = document.descendants().filter(|node| matches!(node.tag_name().name(), "file" | "resource"));
    let hrefs = elements.filter_map(|node| {
        let href = node.attribute("href")?;
        let path = href.split(['?', '#']).next().unwrap_or_default();
        let path = path.strip_prefix("./").unwrap_or(path);
        (!path.is_empty() && !path.contains(':')).then(|| percent_encoding::percent_decode_str(path).collect())
    });
    hrefs.collect()
}

/// For files that Chamilo renamed: the name on the disk, and the one that the manifest knows.
fn given_back(names: &[Vec<u8>], hrefs: &[Vec<u8>]) -> HashMap<Vec<u8>, Vec<u8>> {
    let there: HashSet<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let named: HashSet<&[u8]> = hrefs.iter().map(Vec::as_slice).collect();
    let mut renamed = HashMap::new();
    for href in hrefs {
        let unsafe_part = |part: &[u8]| matches!(part, b"" | b"." | b"..");
        if there.contains(href.as_slice()) || href.contains(&0) || href.split(|byte| *byte == b'/').any(unsafe_part) {
            continue;
        }
        let stored: Vec<String> = href.split(|byte| *byte == b'/').map(names::clean).collect();
        let stored = stored.join("/").into_bytes();
        if there.contains(stored.as_slice()) && !named.contains(stored.as_slice()) {
            renamed.entry(stored).or_insert_with(|| href.clone());
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_chamilo_renamed_get_their_names_back() {
        let names = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect::<Vec<_>>();
        let disk = names(&["my-page.html", "a.png", "img/ete.png"]);
        let renamed = given_back(&disk, &names(&["my page.html", "a.png", "img/été.png", "../a.png", "gone.html"]));
        assert_eq!(renamed.len(), 2);
        assert_eq!(renamed.get(b"my-page.html".as_slice()).unwrap(), b"my page.html");
        assert_eq!(renamed.get(b"img/ete.png".as_slice()).unwrap(), "img/été.png".as_bytes());
    }
}
