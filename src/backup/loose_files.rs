//! Files that no row names but that belong to a course's backup: packages and the course's pictures.
//!
//! Every folder directly below `scorm/` is a SCORM package, with everything in it; a learning path names it by its path.
//! A package of xAPI lies in `cmi5/` or `tincan/`; the address of its activity leads into it. The pictures lie at the top of the course's folder (Chamilo 1.11, CourseBuilder). What there is has to be looked up on
//! the disk: [`Wanted`] says what may be in a backup, [`Loose`] what of it was there when the course was serialized, and
//! [`walk`] what lies in a package. No file is opened, no symbolic link followed.
//!
//! Names are kept as they are, those of scripts too: pages of a package lead to each other by them. What a restore
//! makes of them is the business of [`restore`](super::restore).

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::fs::{FileType, Stat};

use crate::course::item::Items;
use crate::course::tool::xapi;
use crate::php::{Sink, Value, Writer};
use crate::portal::Portal;
use crate::portal::storage::{Folder, stat_at};

use super::contents::is_absent;
use super::course_info::{NAMESPACE, empty_list, last_of_resource, rest_of_resource, text_property};
use super::rows::{CourseRows, Place};

/// The folder of packages in a course.
pub const SCORM: &[u8] = b"scorm";

/// Key of packages among the resources, and the class.
pub const PACKAGE: (&str, &str) = ("Scorm", "ScormDocument");

/// Key of single files among the resources, and the class.
pub const ASSET: (&str, &str) = ("asset", "Asset");

/// The pictures of a course. The large one counts only beside the small one, as in Chamilo.
pub const PICTURES: [&str; 2] = ["course-pic85x85.png", "course-pic.png"];

/// Where pictures of learning paths and sounds of their steps lie, as assets name them. They come and go with the
/// learning paths and documents.
pub const ASSETS_OF_ITEMS: [&str; 2] = ["/upload/learning_path/images/", "/document"];

/// How many folders a file of a package may lie in, counted from `scorm`.
pub const DEEPEST: usize = 64;

/// The longest path below the course's folder in bytes (Linux, `PATH_MAX` with its NUL byte).
pub const LONGEST_PATH: usize = 4095;

/// The most files and folders of one package.
const MOST: usize = 1_000_000;

/// Why what lies in a package is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// A folder or file can't be looked at.
    #[error("can't read {path}: {source}")]
    Read {
        /// The folder or file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A path is longer than any program may expect.
    #[error(
        "{path} lies in more than {DEEPEST} folders, or its path has more than {LONGEST_PATH} bytes; move or remove it"
    )]
    Deep {
        /// The beginning of the path.
        path: String,
    },
    /// There are too many files.
    #[error("{path} holds more than {MOST} files and folders; remove what the package does not need")]
    Many {
        /// The package.
        path: String,
    },
}

/// What may be in a backup.
#[derive(Debug)]
pub struct Wanted {
    /// Names of packages, `None` for all.
    packages: Option<BTreeSet<Vec<u8>>>,
    /// Places of the packages of activities.
    activities: BTreeSet<Vec<u8>>,
    pictures: bool,
}

impl Wanted {
    /// All of a complete backup; in one of some tools the packages of its learning paths.
    fn of(rows: &CourseRows, place: &Place) -> Wanted {
        let all = rows.selection.is_all();
        let activities = activities(&rows.items, &place.directory);
        Wanted { packages: (!all).then(|| packages_of(&rows.items)), activities, pictures: all }
    }

    /// What of it is in the course's folder `top`.
    fn find(&self, top: &Folder) -> io::Result<Found> {
        let mut found = Found::default();
        let scorm = match top.folder(SCORM) {
            Ok(scorm) => Some(scorm),
            Err(error) if is_absent(&error) => None,
            Err(error) => return Err(error),
        };
        let is = |folder: &Folder, name: &[u8], kind| match stat_at(folder.as_fd(), name) {
            Ok(stat) => Ok(FileType::from_raw_mode(stat.st_mode) == kind),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(error),
        };
        if let Some(scorm) = scorm {
            for name in scorm.names(b"")? {
                if self.packages.as_ref().is_none_or(|packages| packages.contains(&name))
                    && is(&scorm, &name, FileType::Directory)?
                {
                    found.packages.push(name);
                }
            }
            found.packages.sort_unstable();
        }
        for place in &self.activities {
            match top.stat(place) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
                    found.activities.push(place.clone());
                }
                Ok(_) => {}
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if self.pictures {
            for picture in PICTURES {
                if !is(top, picture.as_bytes(), FileType::RegularFile)? {
                    break;
                }
                found.pictures.push(picture);
            }
        }
        Ok(found)
    }
}

/// The packages that learning paths lie in: all but Chamilo's own paths name one.
fn packages_of(items: &Items) -> BTreeSet<Vec<u8>> {
    const CHAMILOS_OWN: i64 = 1;
    let paths = items.of("learnpath").iter().filter(|path| path.record.int("lp_type") != Some(CHAMILOS_OWN));
    let folder = |path: Vec<u8>| path.split(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
    paths.map(|path| folder(path.record.bytes("path"))).collect()
}

/// The packages that activities lie in, for a course in the folder `directory`.
fn activities(items: &Items, directory: &[u8]) -> BTreeSet<Vec<u8>> {
    let launched = items.iter().filter(|(kind, _)| !kind.table.launch.is_empty());
    let addresses = launched.flat_map(|(kind, items)| items.iter().map(|item| item.record.bytes(kind.table.launch)));
    addresses.filter_map(|url| xapi::package(&url, Some(directory))).collect()
}

/// What is there of what may be in a backup.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Names of folders below `scorm/`, in order.
    packages: Vec<Vec<u8>>,
    /// Places of the packages of activities, in order.
    activities: Vec<Vec<u8>>,
    pictures: Vec<&'static str>,
}

/// What a backup holds of loose files.
#[derive(Debug)]
pub struct Loose {
    wanted: Wanted,
    found: Found,
}

impl Loose {
    /// Looks for what belongs to the backup of `rows`.
    pub fn look(portal: &Portal, rows: &CourseRows, place: &Place) -> Result<Loose, WalkError> {
        let wanted = Wanted::of(rows, place);
        let found = match portal.courses_folder().folder(&place.directory) {
            Ok(top) => wanted.find(&top),
            Err(error) if is_absent(&error) => Ok(Found::default()),
            Err(error) => Err(error),
        };
        Ok(Loose { found: found.map_err(|source| read_error(SCORM, source))?, wanted })
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.found == Found::default()
    }

    /// Whether the serialized course tells what is in the course's folder `top` now.
    pub fn holds(&self, top: &Folder) -> Result<bool, WalkError> {
        Ok(self.wanted.find(top).map_err(|source| read_error(SCORM, source))? == self.found)
    }

    /// All files and folders that belong to it.
    pub fn walk(&self, top: &Folder) -> Result<Tree, WalkError> {
        let mut tree = Tree::default();
        for package in &self.found.packages {
            walk(top, &[SCORM, b"/", package].concat(), &mut tree)?;
        }
        for place in &self.found.activities {
            walk(top, place, &mut tree)?;
        }
        for picture in &self.found.pictures {
            walk(top, picture.as_bytes(), &mut tree)?;
        }
        Ok(tree)
    }
}

/// Files and folders below a course's folder.
#[derive(Debug, Default)]
pub struct Tree {
    /// Paths and attributes; folders come before what is in them.
    pub found: Vec<(Arc<[u8]>, Stat)>,
    /// Paths of what is neither file nor folder: symbolic links, pipes, devices.
    pub left_out: Vec<Box<[u8]>>,
}

/// Adds to `tree` what lies at `place` and below. What vanishes meanwhile is passed over.
pub fn walk(top: &Folder, place: &[u8], tree: &mut Tree) -> Result<(), WalkError> {
    let start = tree.found.len();
    let mut folders = Vec::new();
    if let Some(stat) = present(top.stat(place), place)?
        && tree.add(place, stat)
    {
        folders.push(place.to_vec());
    }
    while let Some(path) = folders.pop() {
        let Some(folder) = present(top.folder(&path), &path)? else { continue };
        for name in present(folder.names(b""), &path)?.unwrap_or_default() {
            let inner = [path.as_slice(), b"/", &name].concat();
            if is_deep(&inner) {
                return Err(WalkError::Deep { path: String::from_utf8_lossy(&inner).chars().take(200).collect() });
            }
            if tree.found.len() - start >= MOST {
                return Err(WalkError::Many { path: shown(place) });
            }
            if let Some(stat) = present(stat_at(folder.as_fd(), &name), &inner)?
                && tree.add(&inner, stat)
            {
                folders.push(inner);
            }
        }
    }
    Ok(())
}

impl Tree {
    /// Whether it is a folder.
    fn add(&mut self, place: &[u8], stat: Stat) -> bool {
        let kind = FileType::from_raw_mode(stat.st_mode);
        match kind {
            FileType::Directory | FileType::RegularFile => self.found.push((place.into(), stat)),
            _ => self.left_out.push(place.into()),
        }
        kind == FileType::Directory
    }
}

/// Whether a path below the course's folder is beyond what packages may have.
pub fn is_deep(path: &[u8]) -> bool {
    path.len() > LONGEST_PATH || path.iter().filter(|byte| **byte == b'/').count() > DEEPEST
}

fn present<T>(result: io::Result<T>, path: &[u8]) -> Result<Option<T>, WalkError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(read_error(path, source)),
    }
}

fn read_error(path: &[u8], source: io::Error) -> WalkError {
    WalkError::Read { path: shown(path), source }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// How many keys [`write`] will write.
pub fn count(rows: &CourseRows, loose: &Loose, steps: &BTreeSet<Vec<u8>>) -> usize {
    let assets = !steps.is_empty() || !assets(rows, loose).is_empty();
    usize::from(!loose.found.packages.is_empty()) + usize::from(assets)
}

/// Writes the resources of loose files, each kind under its key; among the assets those that `steps` lead to.
pub fn write<S: Sink>(rows: &CourseRows, loose: &Loose, steps: &BTreeSet<Vec<u8>>, writer: &mut Writer<S>) {
    let packages = &loose.found.packages;
    if !packages.is_empty() {
        let (key, class) = PACKAGE;
        writer.key_str(key.as_bytes());
        writer.begin_array(packages.len());
        for (number, name) in (1..).zip(packages) {
            writer.key_int(number);
            writer.begin_object(format!("{NAMESPACE}Resources\\{class}").as_bytes(), 9);
            text_property(writer, b"path", &[SCORM, b"/", name].concat());
            text_property(writer, b"title", name);
            writer.property(b"source_id");
            writer.int(number);
            rest_of_resource(writer, key, |writer| empty_list(writer, b"item_properties"), &[]);
            writer.end();
        }
        writer.end();
    }
    let assets = assets(rows, loose);
    let steps: Vec<&Vec<u8>> = steps.iter().filter(|path| !assets.contains(*path)).collect();
    if !assets.is_empty() || !steps.is_empty() {
        let (key, _) = ASSET;
        writer.key_str(key.as_bytes());
        writer.begin_array(assets.len() + steps.len());
        for path in assets {
            write_asset(&path, None, writer);
        }
        for path in steps {
            write_step(path, writer);
        }
        writer.end();
    }
}

/// Writes what keeps the path of a learning path's step, which is no resource: Chamilo's importer takes the new key of
/// what stands there for it, and that is the path again (Chamilo 1.11, CourseRestorer).
pub fn write_step<S: Sink>(path: &[u8], writer: &mut Writer<S>) {
    write_asset(path, Some(path), writer);
}

/// Whether this is what [`write_step`] has written.
pub fn is_step(resource: &Value<'_>) -> bool {
    let text = |name: &str| resource.get(name).and_then(Value::as_bytes);
    matches!((text("destination_id"), text("source_id")), (Some(to), Some(from)) if to == from && !to.is_empty())
}

fn write_asset<S: Sink>(path: &[u8], destination: Option<&[u8]>, writer: &mut Writer<S>) {
    let (key, class) = ASSET;
    writer.key_str(path);
    writer.begin_object(format!("{NAMESPACE}Resources\\{class}").as_bytes(), 10);
    text_property(writer, b"title", path);
    text_property(writer, b"path", path);
    writer.property(b"file_type");
    writer.null();
    text_property(writer, b"source_id", path);
    match destination {
        Some(destination) => text_property(writer, b"destination_id", destination),
        None => {
            writer.property(b"destination_id");
            writer.int(-1);
        }
    }
    last_of_resource(writer, key, |writer| empty_list(writer, b"item_properties"), &[]);
    writer.end();
}

/// Paths of the assets, each once and none empty: an empty one makes Chamilo copy the whole course (1.11.32,
/// CourseArchiver). Those of learning paths stand there as Chamilo writes them, whether their files are there or not.
fn assets(rows: &CourseRows, loose: &Loose) -> BTreeSet<Vec<u8>> {
    let mut paths: BTreeSet<Vec<u8>> = loose.found.pictures.iter().map(|name| name.as_bytes().to_vec()).collect();
    if !rows.selection.is_all() {
        return paths;
    }
    let [images, documents] = ASSETS_OF_ITEMS;
    let mut add = |folder: &str, name: Vec<u8>| {
        if !name.is_empty() {
            paths.insert([folder.as_bytes(), &name].concat());
        }
    };
    for path in rows.items.of("learnpath") {
        add(images, path.record.bytes("preview_image"));
        for step in path.record.children_of(&path.kind.table, "c_lp_item") {
            add(documents, step.bytes("audio"));
        }
    }
    paths
}
