//! Packages that coursefs made: what they brought out of a course, read from the description in them.
//!
//! The description is no more trusted than any archive: rows go the way of those of a backup, paths of documents and
//! packages are judged as theirs. One that can't be understood is passed over, and the package is one as any other.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value as Json;

use crate::backup::links::Patch;
use crate::backup::restore::{Described, harmless_path, is_sound, places_of_files};
use crate::course::html::Address;
use crate::course::import::Origin;
use crate::course::item::{Item, Record};
use crate::course::tool::TOOLS;
use crate::portal::database::Value;

use super::super::describe::{DOCUMENT_FOLDER, FORM, is_carried};
use super::super::load::{PATHS, STEPS, kind_of};
use super::super::records::{read_bytes, read_item};
use super::archive::Package;
use super::steps::{self, SCORM};
use super::{Files, ImportError, Incoming, IncomingPath};

/// What the description in `package` brings; `None` if there is none that can be understood.
pub fn read(package: &mut Package) -> Result<Option<Incoming>, ImportError> {
    let Some(bytes) = package.description()? else { return Ok(None) };
    let Ok(json) = serde_json::from_slice::<Json>(&bytes) else { return Ok(None) };
    if json.get("coursefs").and_then(Json::as_u64) != Some(FORM) {
        return Ok(None);
    }
    let Some(address) = address(&json) else { return Ok(None) };
    let origin = Origin { address, users: HashMap::new(), complete: true };
    let mut incoming = Incoming {
        origin,
        paths: Vec::new(),
        packages: Vec::new(),
        items: items(&json),
        names: names(&json),
        documents: Vec::new(),
        files: HashMap::new(),
    };
    for told in list(&json, "paths") {
        let Some((item, files)) = path(package, told)? else { return Ok(None) };
        let files = files.map(|files| {
            // Paths of one package share its files.
            let known = incoming
                .packages
                .iter()
                .position(|known| known.folder == files.folder && known.files.len() == files.files.len());
            known.unwrap_or_else(|| {
                incoming.packages.push(files);
                incoming.packages.len() - 1
            })
        });
        incoming.paths.push(IncomingPath { item, files });
    }
    if incoming.paths.is_empty() {
        return Ok(None);
    }
    documents(package, &json, &mut incoming);
    Ok(Some(incoming))
}

fn list<'j>(json: &'j Json, name: &str) -> impl Iterator<Item = &'j Json> {
    json.get(name).and_then(Json::as_array).into_iter().flatten()
}

fn address(json: &Json) -> Option<Address> {
    let course = json.get("course")?;
    let told = |name| course.get(name).and_then(read_bytes);
    Some(Address { code: told("code")?, directory: told("directory")? })
}

/// A path, and its files if it is an imported one.
fn path(package: &mut Package, told: &Json) -> Result<Option<(Item, Option<Files>)>, ImportError> {
    let (Some(kind), Some(json)) = (kind_of(PATHS), told.get("item")) else { return Ok(None) };
    let mut item = read_item(kind, json);
    let Some(below) = told.get("package").and_then(Json::as_str) else {
        return Ok((item.record.int("lp_type") != Some(SCORM)).then_some((item, None)));
    };
    let stored = item.record.bytes("path");
    let parts: Vec<&[u8]> = stored.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
    let folder = parts.join(b"/".as_slice());
    if !is_sound(&folder) || harmless_path(&folder).as_ref() != Some(&folder) {
        return Ok(None);
    }
    let tail = stored.strip_prefix(folder.as_slice()).unwrap_or_default().to_vec();
    let renamed: BTreeMap<Vec<u8>, Vec<u8>> =
        list(told, "renamed").filter_map(|pair| Some((read_bytes(pair.get(0)?)?, read_bytes(pair.get(1)?)?))).collect();
    let files = package.below(below).into_iter();
    let files: BTreeMap<Vec<u8>, usize> =
        files.map(|(name, place)| (renamed.get(&name).cloned().unwrap_or(name), place)).collect();
    if item.record.children_of(&kind.table, STEPS).is_empty() && below.is_empty() {
        steps_of_manifest(package, &mut item)?;
    }
    Ok(Some((item, Some(Files { folder, tail, files, stored: true }))))
}

/// Gives a path whose steps were too many for its description those of the manifest.
fn steps_of_manifest(package: &mut Package, item: &mut Item) -> Result<(), ImportError> {
    let (_, manifest) = package.manifest()?;
    let files = package.below("");
    let made = steps::paths(&manifest, &|name| files.contains_key(name.as_bytes()));
    let organization = item.record.bytes("ref");
    if let Some(same) = made.into_iter().find(|made| made.record.bytes("ref") == organization) {
        item.record.children = same.record.children;
    }
    Ok(())
}

fn items(json: &Json) -> Vec<Item> {
    let kinds = TOOLS.iter().flat_map(|tool| tool.kinds);
    let carried = kinds.filter(|kind| kind.table.name != PATHS && is_carried(kind.table.name));
    let told = json.get("items");
    carried
        .flat_map(|kind| {
            let items = told.and_then(|told| told.get(kind.key)).and_then(Json::as_array);
            items.into_iter().flatten().map(|item| read_item(kind, item))
        })
        .filter(|item| !item.is_deleted())
        .collect()
}

fn names(json: &Json) -> Vec<((&'static str, i64), Vec<u8>)> {
    let name = |told: &Json| {
        let kind = kind_of(told.get(0)?.as_str()?)?;
        Some(((kind.table.name, told.get(1)?.as_i64()?), read_bytes(told.get(2)?)?))
    };
    list(json, "names").filter_map(name).collect()
}

fn documents(package: &Package, json: &Json, incoming: &mut Incoming) {
    for told in list(json, "documents") {
        let Some(path) = told.get("path").and_then(read_bytes) else { continue };
        let place = [DOCUMENT_FOLDER, &path].concat();
        let text = |name: &str| told.get(name).and_then(Json::as_str).map(str::to_owned);
        let name = text("name");
        if let Some(archived) = name.as_ref().and_then(|name| package.place(name)) {
            incoming.files.insert(place.clone(), archived);
        }
        let title =
            || String::from_utf8_lossy(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()).into_owned();
        incoming.documents.push(Described {
            key: told.get("key").and_then(Json::as_i64),
            stored: place,
            place: None,
            folder: name.is_none(),
            title: text("title").unwrap_or_else(title),
            comment: text("comment"),
            visible: told.get("visible").and_then(Json::as_bool).unwrap_or(true),
            patches: list(told, "undo").filter_map(patch).collect(),
            readonly: told.get("readonly").and_then(Json::as_bool).unwrap_or(false),
            history: None,
            fields: Vec::new(),
        });
    }
    let by_place: HashMap<Vec<u8>, &str> = list(json, "files")
        .filter_map(|file| Some((file.get("place")?.as_str()?.as_bytes().to_vec(), file.get("name")?.as_str()?)))
        .collect();
    let all = incoming.paths.iter().map(|path| &path.item).chain(&incoming.items);
    for place in all.flat_map(places_of_files) {
        if let Some(archived) = by_place.get(&place).and_then(|name| package.place(name)) {
            incoming.files.insert(place, archived);
        }
    }
}

fn patch(told: &Json) -> Option<Patch> {
    let offset = usize::try_from(told.get(0)?.as_u64()?).ok()?;
    Some(Patch { offset, new: read_bytes(told.get(1)?)?, old: read_bytes(told.get(2)?)? })
}

/// A record that says nothing but its key.
pub fn key_only(table: &'static str, key: i64) -> Option<(&'static crate::course::tool::Kind, Record)> {
    let kind = kind_of(table)?;
    let mut record = Record::new(&kind.table);
    record.set(kind.table.key, Value::Int(key));
    Some((kind, record))
}
