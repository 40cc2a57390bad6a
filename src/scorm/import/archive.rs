//! The archive of a package: its names as people meant them, its manifest, and what it is if it is none.

use std::collections::{BTreeMap, HashMap};

use crate::backup::reader::BackupFile;
use crate::backup::restore::harmless_path;
use crate::course::names;

use super::super::describe;
use super::ImportError;
use super::manifest::{self, Manifest};

/// The longest manifest that is read, in bytes.
const LONGEST_MANIFEST: u64 = 32 << 20;

/// Name of the manifest.
const MANIFEST: &str = "imsmanifest.xml";

/// The longest name of a package's folder in characters, with room for a number.
const LONGEST_FOLDER: usize = 100;

/// What other kinds of courses have at their top: the end of a file's name, and what the course is then.
const OTHERS: &[(&str, &str)] = &[
    ("cmi5.xml", "it is a cmi5 course; import it as an xAPI activity in Chamilo"),
    ("tincan.xml", "it is an xAPI (Tin Can) package; import it as an activity in Chamilo"),
    ("course_info.dat", "it is the backup of a course; copy it to backup.zip of the course"),
    (".cst", "it is an AICC course; export it as SCORM 1.2"),
    (".au", "it is an AICC course; export it as SCORM 1.2"),
    (".crs", "it is an AICC course; export it as SCORM 1.2"),
    ("h5p.json", "it is an H5P activity and no SCORM; import it in Chamilo's H5P tool"),
    ("moodle_backup.xml", "it is a backup of Moodle and no SCORM"),
];

/// What other programs leave in archives.
const LEFT_BEHIND: [&str; 4] = ["Thumbs.db", ".Thumbs.db", ".DS_Store", "desktop.ini"];

/// An opened package.
pub struct Package {
    backup: BackupFile,
    name: String,
    /// Names and places of all entries; those of folders end in a slash.
    entries: BTreeMap<String, usize>,
}

impl Package {
    /// Reads the table of contents of the archive that people know as `name`.
    pub fn read_from(mut backup: BackupFile, name: &str) -> Result<Package, ImportError> {
        // Of two entries of one name the last counts, as for every program that unpacks.
        let entries: BTreeMap<String, usize> = (0..).zip(backup.names()?).map(|(place, name)| (name, place)).collect();
        backup.set_names(entries.iter().map(|(name, place)| (name.clone().into_bytes(), *place)).collect());
        Ok(Package { backup, name: name.to_owned(), entries })
    }

    /// The reader of its entries.
    pub fn backup(&mut self) -> &mut BackupFile {
        &mut self.backup
    }

    /// Lets the reader know entries by these names.
    pub fn set_names(&mut self, names: HashMap<Vec<u8>, usize>) {
        self.backup.set_names(names);
    }

    /// The error that says why it is not imported.
    pub fn refused(&self, reason: impl Into<String>) -> ImportError {
        ImportError::Refused { archive: self.name.clone(), reason: reason.into() }
    }

    /// The bytes of a file, `None` if there is none of that name. To be asked before [`set_names`](Self::set_names).
    pub fn read(&mut self, name: &str, longest: u64) -> Result<Option<Vec<u8>>, ImportError> {
        let Some(size) = self.backup.size(name.as_bytes())? else { return Ok(None) };
        if size > longest {
            return Err(self.refused(format!("{name} has {size} bytes; at most {longest} are read")));
        }
        let mut bytes = Vec::new();
        self.backup.unpack(name.as_bytes(), &mut bytes)?;
        Ok(Some(bytes))
    }

    /// What its course said of it, if coursefs made it: the description in its files, or that beside them.
    pub fn description(&mut self) -> Result<Option<Vec<u8>>, ImportError> {
        if let Some(beside) = describe::read_comment(&self.backup.comment()) {
            return Ok(Some(beside));
        }
        self.read(&format!("{}{}", super::super::SHARED, describe::NAME), describe::LONGEST)
    }

    /// The manifest and the folder that it lies in, which is not always the top.
    pub fn manifest(&mut self) -> Result<(String, Manifest), ImportError> {
        let is_manifest = |name: &str| name.rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case(MANIFEST));
        let depth = |name: &str| name.matches('/').count();
        let found = self.entries.keys().filter(|name| is_manifest(name) && !is_left_behind(name));
        let mut found: Vec<&String> = found.collect();
        found.sort_by_key(|name| depth(name));
        let name = match found.as_slice() {
            [] => return Err(self.refused(self.what_else())),
            [first, second, ..] if depth(first) == depth(second) => {
                let reason = format!("it holds several packages ({first}, {second} …); copy each one for itself");
                return Err(self.refused(reason));
            }
            [first, ..] => (*first).clone(),
        };
        let bytes = self.read(&name, LONGEST_MANIFEST)?.unwrap_or_default();
        let manifest = manifest::read(&bytes).map_err(|reason| self.refused(format!("{name}: {reason}")))?;
        let folder = name.rfind('/').map_or("", |slash| name.get(..slash).unwrap_or_default());
        Ok((folder.to_owned(), manifest))
    }

    /// What an archive without a manifest is.
    fn what_else(&self) -> String {
        let tops: Vec<String> = self.entries.keys().filter(|name| name.matches('/').count() < 2).cloned().collect();
        let is = |end: &str| tops.iter().any(|name| name.to_ascii_lowercase().ends_with(end));
        let other = OTHERS.iter().find(|(end, _)| is(end)).map(|(_, what)| (*what).to_owned());
        other.unwrap_or_else(|| format!("it has no {MANIFEST}"))
    }

    /// All its files and folders but what other programs have left in it.
    pub fn content(&self) -> BTreeMap<Vec<u8>, usize> {
        let content = self.entries.iter().filter(|(name, _)| !is_left_behind(name));
        content.map(|(name, place)| (name.clone().into_bytes(), *place)).collect()
    }

    /// Everything below `folder`, which is empty or ends in a slash.
    pub fn below(&self, folder: &str) -> BTreeMap<Vec<u8>, usize> {
        let below = self.entries.iter().filter_map(|(name, place)| Some((name.strip_prefix(folder)?, place)));
        below.map(|(name, place)| (name.as_bytes().to_vec(), *place)).filter(|(name, _)| !name.is_empty()).collect()
    }

    /// The place of the file `name`.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.entries.get(name).copied()
    }

    /// The name of its folder in a course, made of its own as Chamilo does it.
    pub fn folder_name(&self) -> Vec<u8> {
        let stem = match self.name.len().checked_sub(4).and_then(|end| self.name.split_at_checked(end)) {
            Some((stem, end)) if end.eq_ignore_ascii_case(".zip") => stem,
            _ => &self.name,
        };
        let clean = names::disable_scripts(&names::clean(stem.as_bytes()));
        let short = clean.get(..LONGEST_FOLDER).unwrap_or(&clean).trim_matches(['-', '.']);
        let name = if short.is_empty() { "package" } else { short };
        harmless_path(name.as_bytes()).unwrap_or_else(|| b"package".to_vec())
    }
}

fn is_left_behind(name: &str) -> bool {
    name.starts_with("__MACOSX/") || name.rsplit('/').next().is_some_and(|name| LEFT_BEHIND.contains(&name))
}
