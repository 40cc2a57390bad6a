//! Where the files of packages go: into the folder that has the same files already, else into one of their own.
//!
//! Chamilo unpacks over whatever lies in the folder of that name, and breaks the paths that were there. Here another
//! package's folder is left alone, and the new one gets a number behind its name.

use std::collections::{BTreeSet, HashMap};

use crate::backup::restore::{LooseFiles, Report, RestoreError, of_packages};
use crate::course::Course;
use crate::course::import::Outcome;
use crate::course::names;
use crate::portal::Portal;
use crate::portal::database::{DatabaseExt, Value};
use crate::portal::storage::Folder;

use super::archive::Package;
use super::steps::SCORM;
use super::{Files, ImportError, Incoming};

/// Where packages lie in a course.
const SCORM_FOLDER: &[u8] = b"scorm";

/// What a report calls packages.
const KEY: &str = "Scorm";

/// Finds a folder for each package, tells the paths of it, and lets the archive know its files by the places where they
/// go. Returns the packages that are not there yet.
pub fn settle(
    portal: &Portal,
    course: &Course,
    top: &Folder,
    package: &mut Package,
    incoming: &mut Incoming,
    report: &mut Report,
) -> Result<LooseFiles, ImportError> {
    let code = String::from_utf8_lossy(&course.code).into_owned();
    let sql = "SELECT path FROM c_lp WHERE c_id = ? AND lp_type = ?";
    let rows = portal.database().read(|session| session.rows(sql, &[course.id.into(), SCORM.into()]))?;
    let present: BTreeSet<Vec<u8>> = rows.iter().map(|row| normal(&row.bytes("path"))).collect();
    let mut fresh: Vec<Vec<u8>> = Vec::new();
    let mut all: HashMap<Vec<u8>, usize> = HashMap::new();
    for (number, files) in incoming.packages.iter_mut().enumerate() {
        let at = Lookup { code: &code, top, present: &present };
        match at.the_same(package, files)? {
            Some(folder) => {
                files.folder = folder;
                report.items.push((KEY, Outcome { equal: 1, ..Outcome::default() }));
            }
            None => {
                files.folder = free(top, &code, &files.folder, &fresh)?;
                all.extend(placed(files));
                fresh.push(unit(&files.folder));
            }
        }
        let path = [files.folder.as_slice(), &files.tail].concat();
        for incoming in incoming.paths.iter_mut().filter(|path| path.files == Some(number)) {
            incoming.item.record.set("path", Value::from(path.clone()));
        }
    }
    all.extend(incoming.files.iter().map(|(place, archived)| (place.clone(), *archived)));
    package.set_names(all);
    Ok(of_packages(package.backup(), &fresh, report)?)
}

/// `c_lp.path` without what means nothing.
pub fn normal(path: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
    parts.join(b"/".as_slice())
}

/// The folder directly below `scorm/` that holds `folder`, from the course's folder on.
fn unit(folder: &[u8]) -> Vec<u8> {
    let first = folder.split(|byte| *byte == b'/').next().unwrap_or_default();
    [SCORM_FOLDER, b"/", first].concat()
}

fn below(folder: &[u8]) -> Vec<u8> {
    [SCORM_FOLDER, b"/", folder].concat()
}

/// The files by the places where they go.
fn placed(files: &Files) -> HashMap<Vec<u8>, usize> {
    let folder = below(&files.folder);
    files.files.iter().map(|(name, place)| ([folder.as_slice(), b"/", name].concat(), *place)).collect()
}

/// Where the same files may lie already.
struct Lookup<'a> {
    code: &'a str,
    top: &'a Folder,
    /// What `c_lp.path` of the course's packages says.
    present: &'a BTreeSet<Vec<u8>>,
}

impl Lookup<'_> {
    /// The folder of the course that has exactly these files.
    fn the_same(&self, package: &mut Package, files: &Files) -> Result<Option<Vec<u8>>, ImportError> {
        package.set_names(placed(files));
        let loose = of_packages(package.backup(), &[unit(&files.folder)], &mut Report::default())?;
        let inner = normal(&files.tail);
        let roots = self.present.iter().filter_map(|path| match inner.as_slice() {
            b"" => Some(path.clone()),
            inner => Some(path.strip_suffix(inner)?.strip_suffix(b"/")?.to_vec()),
        });
        // What no path shows any more may still lie there.
        let candidates: BTreeSet<Vec<u8>> = roots.chain([files.folder.clone()]).collect();
        let base = below(&files.folder);
        for folder in candidates {
            let places = (base.as_slice(), below(&folder));
            let mut lie = |rename: &dyn Fn(&[u8]) -> Vec<u8>| {
                loose.lie_at(self.code, self.top, package.backup(), (places.0, &places.1), rename)
            };
            if lie(&<[u8]>::to_vec)? || (!files.stored && lie(&cleaned)?) {
                return Ok(Some(folder));
            }
        }
        Ok(None)
    }
}

/// A path with the names that Chamilo gives files when it unpacks a package.
fn cleaned(path: &[u8]) -> Vec<u8> {
    let names: Vec<String> =
        path.split(|byte| *byte == b'/').map(|name| names::disable_scripts(&names::clean(name))).collect();
    names.join("/").into_bytes()
}

/// `folder`, with a number behind its first name if that is taken.
fn free(top: &Folder, code: &str, folder: &[u8], fresh: &[Vec<u8>]) -> Result<Vec<u8>, RestoreError> {
    let (first, rest) = match folder.iter().position(|byte| *byte == b'/') {
        Some(slash) => folder.split_at(slash),
        None => (folder, b"".as_slice()),
    };
    let mut number = 1;
    loop {
        let name = match number {
            1 => first.to_vec(),
            number => [first, format!("_{number}").as_bytes()].concat(),
        };
        let place = unit(&name);
        match top.stat(&place) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                if !fresh.contains(&place) {
                    return Ok([name.as_slice(), rest].concat());
                }
            }
            Ok(_) => {}
            Err(source) => {
                let path = String::from_utf8_lossy(&place).into_owned();
                return Err(RestoreError::Files { course: code.to_owned(), path, source });
            }
        }
        number += 1;
    }
}
