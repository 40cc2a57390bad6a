//! Files of an archive that no row names, on their way into a course: packages and the course's pictures.
//!
//! SCORM packages are listed in the archive; those of xAPI are the folders that the addresses of its activities lead
//! into. A package is taken as a whole. If the course has no folder of its name, it gets it; if it has one with the same
//! files, nothing is to do; else the [`Conflict`] policy decides, where a new name is out of the question: learning
//! paths find their package by its folder. The same holds for pictures. Names that a web server would run are made
//! harmless as those of documents.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use rustix::fs::FileType;

use crate::course::import::Outcome;
use crate::course::tool::{TOOLS, xapi};
use crate::php::Value;
use crate::portal::Settings;
use crate::portal::mark::Mark;
use crate::portal::staging::Staging;
use crate::portal::storage::Folder;

use super::super::loose_files::{ASSET, ASSETS_OF_ITEMS, PACKAGE, PICTURES, SCORM, Tree, is_deep, is_step, walk};
use super::super::reader::BackupFile;
use super::documents::{finish, parent};
use super::files::{Compare, Placed, Plan};
use super::items::ReadItems;
use super::plan::{harmless_path, sound_names};
use super::{Aside, Conflict, Report, RestoreError, files_error};

/// Keys of their resources.
pub const KEYS: [&str; 2] = [PACKAGE.0, ASSET.0];

/// What the report calls the packages of activities.
const ACTIVITIES: &str = "xapi_package";

/// Name of what made way, in a folder of its own below the staging folder.
const REPLACED: &[u8] = b"replaced";

/// A package or picture of the archive.
struct Unit {
    /// Where it goes, below the course's folder.
    place: Vec<u8>,
    /// Paths of its folders, the outer ones first; none for a picture.
    folders: BTreeSet<Vec<u8>>,
    /// Its files by their paths.
    files: BTreeMap<Vec<u8>, Packed>,
}

/// A file of the archive.
struct Packed {
    entry: Vec<u8>,
    /// Length in bytes.
    size: u64,
}

/// The loose files of an archive, judged before anything is touched.
pub struct LooseFiles {
    /// Packages of both sorts and pictures, each with the first part of its report; `None` if the archive lists none.
    kinds: [(&'static str, Vec<Unit>, Option<Outcome>); 3],
}

/// What becomes of the units of each kind.
pub struct Staged([Vec<Step>; 3]);

/// What becomes of one unit.
enum Step {
    /// It is there already.
    Equal,
    /// Something else is there.
    Conflict,
    /// It is to be placed.
    New,
    /// What is there is to make way into this folder.
    Replace(Folder),
}

/// Judges the packages and pictures that the Course object lists or its `items` lead into.
pub fn plan(
    backup: &mut BackupFile,
    course: &Value<'_>,
    items: &ReadItems,
    report: &mut Report,
) -> Result<LooseFiles, RestoreError> {
    let (packages, of_packages) = packages(backup, course, report)?;
    let (activities, of_activities) = activities(backup, items, report)?;
    let (pictures, of_pictures) = pictures(backup, course, report)?;
    let kinds =
        [(PACKAGE.0, packages, of_packages), (ACTIVITIES, activities, of_activities), (ASSET.0, pictures, of_pictures)];
    Ok(LooseFiles { kinds })
}

/// Judges the SCORM packages at `paths` (`scorm/` and a name), with all that the archive has of them.
pub fn of_packages(
    backup: &mut BackupFile,
    paths: &[Vec<u8>],
    report: &mut Report,
) -> Result<LooseFiles, RestoreError> {
    let (packages, outcome) = units(backup, paths, report)?;
    let nothing = |key| (key, Vec::new(), None);
    Ok(LooseFiles { kinds: [(PACKAGE.0, packages, outcome), nothing(ACTIVITIES), nothing(ASSET.0)] })
}

/// The paths of the resources under a key; what is of another class is reported.
fn paths(course: &Value<'_>, (key, class): (&str, &str), report: &mut Report) -> Vec<Vec<u8>> {
    let resources = course.get("resources").and_then(|resources| resources.get(key));
    let mut paths = Vec::new();
    for (id, resource) in resources.into_iter().flat_map(Value::entries) {
        if is_step(resource) {
            continue;
        }
        let found = resource.as_object().map(|object| shown(&object.class));
        let found = found.as_deref().unwrap_or("no object");
        match resource.get("path").and_then(Value::as_bytes) {
            Some(path) if found.rsplit('\\').next().is_some_and(|found| found.eq_ignore_ascii_case(class)) => {
                paths.push(path.into_owned());
            }
            _ => report.strange(|| format!("{key} {}: {found}", shown(&id.plain()))),
        }
    }
    paths
}

/// SCORM packages. What is no package of `scorm/` is refused: nothing else may be written by their name.
fn packages(
    backup: &mut BackupFile,
    course: &Value<'_>,
    report: &mut Report,
) -> Result<(Vec<Unit>, Option<Outcome>), RestoreError> {
    let archive = backup.path().to_owned();
    let unsafe_path =
        |path: &[u8], reason| RestoreError::UnsafePath { archive: archive.clone(), path: shown(path), reason };
    let paths = paths(course, PACKAGE, report);
    for path in &paths {
        let name = path.strip_prefix(SCORM).and_then(|path| path.strip_prefix(b"/"));
        let name = name.ok_or_else(|| unsafe_path(path, "it does not begin with scorm/"))?;
        sound_names(name).map_err(|reason| unsafe_path(path, reason))?;
        if name.contains(&b'/') {
            return Err(unsafe_path(path, "a package lies directly in scorm/"));
        }
    }
    units(backup, &paths, report)
}

/// Packages of xAPI. Chamilo's archives hold only the folder of the launch page: that is then the package.
fn activities(
    backup: &mut BackupFile,
    items: &ReadItems,
    report: &mut Report,
) -> Result<(Vec<Unit>, Option<Outcome>), RestoreError> {
    let launched = TOOLS.iter().flat_map(|tool| tool.kinds).filter(|kind| !kind.table.launch.is_empty());
    let addresses =
        launched.flat_map(|kind| items.of(kind.key).iter().map(|item| item.record.bytes(kind.table.launch)));
    let paths: Vec<Vec<u8>> = addresses.filter_map(|url| xapi::package(&url, None)).collect();
    units(backup, &paths, report)
}

/// The packages at `paths`, with all that the archive has of them.
fn units(
    backup: &mut BackupFile,
    paths: &[Vec<u8>],
    report: &mut Report,
) -> Result<(Vec<Unit>, Option<Outcome>), RestoreError> {
    let archive = backup.path().to_owned();
    let unsafe_path =
        |path: &[u8], reason| RestoreError::UnsafePath { archive: archive.clone(), path: shown(path), reason };
    let mut units: BTreeMap<Vec<u8>, Unit> = BTreeMap::new();
    let mut outcome = (!paths.is_empty()).then(Outcome::default);
    for path in paths {
        if harmless_path(path).as_ref() != Some(path) {
            // Learning paths and activities find it under this name only.
            report.refused.push(shown(path));
            continue;
        }
        let unit = Unit { place: path.clone(), folders: [path.clone()].into(), files: BTreeMap::new() };
        units.insert(path.clone(), unit);
    }
    let mut in_archive = BTreeSet::new();
    let tops: BTreeSet<&[u8]> = paths.iter().map(|path| parent(path)).collect();
    let below: Vec<Vec<u8>> =
        tops.iter().flat_map(|top| backup.names_below(&[top, b"/".as_slice()].concat())).collect();
    for entry in below {
        let (path, folder) = match entry.strip_suffix(b"/") {
            Some(path) => (path, true),
            None => (entry.as_slice(), false),
        };
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end).nth(1);
        let name = path.get(..ends.unwrap_or(path.len())).unwrap_or_default();
        let Some(unit) = units.get_mut(name) else { continue };
        sound_names(path).map_err(|reason| unsafe_path(path, reason))?;
        if is_deep(path) {
            return Err(unsafe_path(path, "it lies in too many folders"));
        }
        in_archive.insert(name.to_vec());
        let Some(place) = harmless_path(path).filter(|place| sound_names(place).is_ok()) else {
            report.refused.push(shown(path));
            continue;
        };
        if folder {
            unit.add_folders(&place);
            continue;
        }
        let Some(size) = backup.size(&entry)? else { continue };
        unit.add_folders(parent(&place));
        let Some(outcome) = &mut outcome else { continue };
        match unit.files.entry(place) {
            Entry::Vacant(vacant) => {
                if vacant.key() != path {
                    outcome.renamed.push((shown(path), shown(vacant.key())));
                }
                vacant.insert(Packed { entry, size });
            }
            Entry::Occupied(_) => outcome.conflicts.push(shown(path)),
        }
    }
    for unit in units.values() {
        if let Some(path) = unit.files.keys().find(|path| unit.folders.contains(*path)) {
            return Err(unsafe_path(path, "it is a file and a folder there"));
        }
    }
    if let Some(outcome) = &mut outcome {
        let lost = units.iter().filter(|(name, _)| !in_archive.contains(*name));
        outcome.missing.extend(lost.map(|(_, unit)| shown(&unit.place)));
    }
    units.retain(|name, _| in_archive.contains(name));
    Ok((units.into_values().collect(), outcome))
}

fn pictures(
    backup: &mut BackupFile,
    course: &Value<'_>,
    report: &mut Report,
) -> Result<(Vec<Unit>, Option<Outcome>), RestoreError> {
    let mut units: BTreeMap<Vec<u8>, Unit> = BTreeMap::new();
    let mut outcome = None;
    for path in paths(course, ASSET, report) {
        if PICTURES.iter().any(|picture| picture.as_bytes() == path) {
            let outcome = outcome.get_or_insert_with(Outcome::default);
            match backup.size(&path)? {
                Some(size) => {
                    let files = [(path.clone(), Packed { entry: path.clone(), size })].into();
                    units.insert(path.clone(), Unit { place: path, folders: BTreeSet::new(), files });
                }
                None => outcome.missing.push(shown(&path)),
            }
        // Chamilo lists an empty path if a course has only the small picture.
        } else if !path.is_empty() && !ASSETS_OF_ITEMS.iter().any(|items| path.starts_with(items.as_bytes())) {
            report.strange(|| format!("{} {}: {}", ASSET.0, shown(&path), ASSET.1));
        }
    }
    Ok((units.into_values().collect(), outcome))
}

impl Unit {
    /// Adds a folder of the package and those that it lies in.
    fn add_folders(&mut self, path: &[u8]) {
        let mut path = path;
        while path.len() > self.place.len() && self.folders.insert(path.to_vec()) {
            path = parent(path);
        }
    }

    fn size(&self) -> u64 {
        self.files.values().fold(0, |sum, file| sum.saturating_add(file.size))
    }
}

/// What lies at the place of a unit.
enum There {
    Nothing,
    /// Files by path with their lengths, and whether that is all and of the right kind.
    Files {
        files: BTreeMap<Vec<u8>, u64>,
        whole: bool,
    },
    /// Something that is left alone.
    Other,
}

/// Looks at the place of a unit.
fn look(code: &str, top: &Folder, unit: &Unit) -> Result<There, RestoreError> {
    let stat = match top.stat(&unit.place) {
        Ok(stat) => stat,
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(There::Nothing),
        // A file or a symbolic link where the folder of packages should be.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOTDIR | libc::ELOOP | libc::EXDEV)) => {
            return Ok(There::Other);
        }
        Err(error) => return Err(files_error(code, &unit.place, error)),
    };
    let wanted = if unit.folders.is_empty() { FileType::RegularFile } else { FileType::Directory };
    if FileType::from_raw_mode(stat.st_mode) != wanted {
        return Ok(There::Other);
    }
    let mut tree = Tree::default();
    if let Err(error) = walk(top, &unit.place, &mut tree) {
        tracing::warn!("{} of course {code} is taken for another package: {error}", shown(&unit.place));
        return Ok(There::Other);
    }
    let files = tree.found.iter().filter(|(_, stat)| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
    let files = files.map(|(path, stat)| (path.to_vec(), u64::try_from(stat.st_size).unwrap_or(0)));
    Ok(There::Files { files: files.collect(), whole: tree.left_out.is_empty() })
}

impl There {
    /// Whether these are the files of `unit`; `write` gives the bytes of a file by its number and path.
    fn is(
        &self,
        code: &str,
        top: &Folder,
        unit: &Unit,
        write: &mut dyn FnMut(usize, &Packed, &mut Compare) -> Result<(), RestoreError>,
    ) -> Result<bool, RestoreError> {
        let There::Files { files, whole: true } = self else { return Ok(false) };
        if !files.iter().eq(unit.files.iter().map(|(path, file)| (path, &file.size))) {
            return Ok(false);
        }
        for (number, (path, file)) in unit.files.iter().enumerate() {
            let failed = |error| files_error(code, path, error);
            let mut compare = Compare::with(top.open_file(path).map_err(failed)?);
            write(number, file, &mut compare)?;
            if !compare.finish().map_err(failed)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Staged {
    /// Whether anything is to be placed.
    pub fn places_any(&self) -> bool {
        self.0.iter().flatten().any(|step| matches!(step, Step::New | Step::Replace(_)))
    }
}

impl LooseFiles {
    fn units(&self) -> impl Iterator<Item = &Unit> {
        self.kinds.iter().flat_map(|(_, units, _)| units)
    }

    /// Whether the course has at `place` exactly the files that the archive has below `base`; `rename` tells the name
    /// that one of them has there.
    pub fn lie_at(
        &self,
        code: &str,
        top: &Folder,
        backup: &mut BackupFile,
        (base, place): (&[u8], &[u8]),
        rename: &dyn Fn(&[u8]) -> Vec<u8>,
    ) -> Result<bool, RestoreError> {
        let mut moved = Unit { place: place.to_vec(), folders: [place.to_vec()].into(), files: BTreeMap::new() };
        for (path, file) in self.units().flat_map(|unit| &unit.files) {
            let Some(name) = path.strip_prefix(base) else { return Ok(false) };
            let file = Packed { entry: file.entry.clone(), size: file.size };
            if moved.files.insert([place, &rename(name)].concat(), file).is_some() {
                return Ok(false);
            }
        }
        look(code, top, &moved)?.is(code, top, &moved, &mut |_, file, compare| {
            backup.unpack(&file.entry, compare)?;
            Ok(())
        })
    }

    /// Length of all files in bytes.
    pub fn size(&self) -> u64 {
        self.units().fold(0, |sum, unit| sum.saturating_add(unit.size()))
    }

    /// How many bytes they would add to the course. Chamilo's quota counts packages too when they are imported.
    pub fn needed(&self, code: &str, top: &Folder, conflict: Conflict) -> Result<u64, RestoreError> {
        let mut needed = 0_u64;
        for unit in self.units() {
            needed = needed.saturating_add(match look(code, top, unit)? {
                There::Nothing => unit.size(),
                There::Files { files, .. } if conflict == Conflict::Overwrite => {
                    unit.size().saturating_sub(files.values().sum())
                }
                There::Files { .. } | There::Other => 0,
            });
        }
        Ok(needed)
    }

    /// Decides what becomes of each unit, and unpacks aside what is new. `settled` returns when nobody else is placing.
    pub fn stage(
        &self,
        work: (&str, &Settings, Conflict),
        top: &Folder,
        backup: &mut BackupFile,
        staging: &Staging,
        settled: &dyn Fn() -> Result<(), RestoreError>,
    ) -> Result<Staged, RestoreError> {
        let (code, settings, conflict) = work;
        let mut staged = Staged([Vec::new(), Vec::new(), Vec::new()]);
        for ((key, units, _), steps) in self.kinds.iter().zip(&mut staged.0) {
            for (number, unit) in units.iter().enumerate() {
                let mut judge = || -> Result<_, RestoreError> {
                    let there = look(code, top, unit)?;
                    let same = there.is(code, top, unit, &mut |_, file, compare| {
                        backup.unpack(&file.entry, compare)?;
                        Ok(())
                    })?;
                    Ok((there, same))
                };
                let (mut there, mut same) = judge()?;
                if !same && !matches!(there, There::Nothing) {
                    // It may be half of what another restore is placing.
                    settled()?;
                    (there, same) = judge()?;
                }
                let step = match there {
                    _ if same => Step::Equal,
                    There::Nothing => Step::New,
                    There::Files { .. } if conflict == Conflict::Overwrite => {
                        let folder = format!("{key}-{number}").into_bytes();
                        let failed = |error| files_error(code, &folder, error);
                        staging.folder().create_folders(&folder, 0o700).map_err(failed)?;
                        Step::Replace(staging.folder().folder(&folder).map_err(failed)?)
                    }
                    There::Files { .. } | There::Other => Step::Conflict,
                };
                if matches!(step, Step::New | Step::Replace(_)) {
                    for (file, packed) in unit.files.values().enumerate() {
                        let failed = |error| files_error(code, &packed.entry, error);
                        let name = staged_name(key, number, file);
                        let mut output = staging.folder().create_file(&name, 0o600).map_err(failed)?;
                        let mtime = backup.unpack_to(&packed.entry, &mut output)?;
                        finish(&output, settings.file_mode(), mtime).map_err(failed)?;
                    }
                }
                steps.push(step);
            }
        }
        Ok(staged)
    }

    /// Notes what [`place`](Self::place) will do. That it was done for good is told by the rows of the learning paths of
    /// a package; one without a path, and a picture, is undone by a recovery.
    pub fn plan(&self, plan: &mut Plan<'_>, aside: &Aside, mark: &Mark) -> io::Result<()> {
        let witness = mark.witness();
        for ((key, units, _), steps) in self.kinds.iter().zip(&aside.loose.0) {
            for (number, (unit, step)) in units.iter().zip(steps).enumerate() {
                match step {
                    Step::Equal | Step::Conflict => continue,
                    Step::New => unit.folders.iter().for_each(|folder| plan.folder(folder, witness.clone())),
                    Step::Replace(_) => {
                        let name = [format!("{key}-{number}/").as_bytes(), REPLACED].concat();
                        plan.aside(&unit.place, &name, witness.clone());
                        unit.folders.iter().for_each(|folder| plan.folder_anew(folder, witness.clone()));
                    }
                }
                for (file, path) in unit.files.keys().enumerate() {
                    let staged = staged_name(key, number, file);
                    plan.file(aside.staging.folder(), &staged, path, witness.clone())?;
                }
            }
        }
        Ok(())
    }

    /// Puts everything that was unpacked in its place, and reports what became of all.
    pub fn place<'a>(
        &self,
        code: &str,
        settings: &Settings,
        aside: &'a Aside,
        placed: &mut Placed<'a>,
        report: &mut Report,
    ) -> Result<(), RestoreError> {
        let staging = aside.staging.folder();
        for ((key, units, outcome), steps) in self.kinds.iter().zip(&aside.loose.0) {
            let Some(mut outcome) = outcome.clone() else { continue };
            for (number, (unit, step)) in units.iter().zip(steps).enumerate() {
                let failed = |error| files_error(code, &unit.place, error);
                let step = match step {
                    // Others may have restored the same since.
                    Step::New => again(code, placed.top(), unit, staging, key, number)?,
                    step => step,
                };
                if let Step::Replace(folder) = step {
                    placed.take_aside(&unit.place, folder, REPLACED.to_vec()).map_err(failed)?;
                    outcome.renamed.push((shown(&unit.place), shown(&unit.place)));
                }
                match step {
                    Step::Equal => outcome.equal += 1,
                    Step::Conflict => outcome.conflicts.push(shown(&unit.place)),
                    Step::New | Step::Replace(_) => {
                        let mode = settings.folder_mode();
                        let outer = unit.folders.first().map(|folder| parent(folder));
                        for folder in outer.into_iter().chain(unit.folders.iter().map(Vec::as_slice)) {
                            placed.folder(folder, mode).map_err(failed)?;
                        }
                        for (file, path) in unit.files.keys().enumerate() {
                            let name = staged_name(key, number, file);
                            placed.file(staging, &name, path).map_err(|error| files_error(code, path, error))?;
                        }
                        outcome.added += 1;
                    }
                }
            }
            report.items.push((key, outcome));
        }
        Ok(())
    }
}

/// What becomes of a unit that was new when it was unpacked.
fn again(
    code: &str,
    top: &Folder,
    unit: &Unit,
    staging: &Folder,
    key: &str,
    number: usize,
) -> Result<&'static Step, RestoreError> {
    let there = look(code, top, unit)?;
    if let There::Nothing = there {
        return Ok(&Step::New);
    }
    let same = there.is(code, top, unit, &mut |file, packed, compare| {
        let failed = |error| files_error(code, &packed.entry, error);
        let mut unpacked = staging.open_file(&staged_name(key, number, file)).map_err(failed)?;
        io::copy(&mut unpacked, compare).map_err(failed)?;
        Ok(())
    })?;
    Ok(if same { &Step::Equal } else { &Step::Conflict })
}

/// The name of an unpacked file in the staging folder.
fn staged_name(key: &str, unit: usize, file: usize) -> Vec<u8> {
    format!("{key}-{unit}-{file}").into_bytes()
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
