//! What is in a package that is made from steps: launch pages, files of the course, manifest, description.

use std::collections::HashMap;

use crate::archive::{Content, Entry};
use crate::course::item::Item;
use crate::portal::database::{DatabaseError, Row};
use crate::portal::storage::Folder;

use super::describe::Original;
use super::files::{Files, Found, Rewritten};
use super::load::CourseRows;
use super::manifest::{LONGEST_PREREQUISITES, Manifest, ManifestItem, Organization, Resource};
use super::package::{Looked, Parts, Place, Walked};
use super::pages::{Page, Pages, STYLE, plain};
use super::steps::{self, Step};
use super::words::Language;
use super::{PackageError, SHARED, describe, names, original, runtime};

/// `c_lp.lp_type` of Chamilo's own paths.
const OWN: i64 = 1;

/// Folder of imported packages in a package of several paths, with its slash.
const PACKAGES: &str = "packages/";

/// Identifier of the resource of shared files.
const SHARED_FILES: &str = "RES_SHARED";

/// Whether the path is one of Chamilo's own, made of the course's items.
pub fn is_own(path: &Item) -> bool {
    path.record.int("lp_type").unwrap_or(OWN) == OWN
}

/// The package of all paths of `rows` that are Chamilo's own or imported SCORM.
/// `words` gives titles and comments of documents by their keys.
pub fn parts(rows: &CourseRows, top: Option<&Folder>, words: Words<'_>) -> Result<Parts, PackageError> {
    let code = String::from_utf8_lossy(&rows.course.code).into_owned();
    let mut maker = Maker {
        rows,
        pages: Pages { rows, language: Language::named(&rows.course.language) },
        files: Files::new(&code, top, &rows.addresses, &rows.documents),
        made: Vec::new(),
        manifest: Manifest::default(),
        imported: Vec::new(),
        originals: HashMap::new(),
        looked: Looked::default(),
        remarks: Vec::new(),
    };
    for path in &rows.paths {
        if is_own(path) {
            maker.own(path)?;
        } else if original::is_imported(path) {
            match original::files(&code, path, top)? {
                Some((folder, files)) => maker.imported(path, folder, files),
                None => maker.remark(path, "its folder below scorm/ is missing"),
            }
        } else {
            maker.remark(path, "it is an AICC course and no SCORM");
        }
    }
    if maker.manifest.organizations.is_empty() {
        return Err(PackageError::NoPath(code));
    }
    for place in describe::places_needed(rows) {
        maker.files.pack(&place)?;
    }
    maker.files.follow()?;
    let first = rows.paths.first().and_then(|path| path.record.int("iid")).unwrap_or(0);
    let name = names::slug(&code);
    maker.manifest.identifier = match rows.paths.len() {
        1 => format!("MANIFEST_{name}_{first}"),
        _ => format!("MANIFEST_{name}"),
    };
    maker.finish(words)
}

/// Reads titles and comments of documents.
pub type Words<'a> = &'a dyn Fn(&[i64]) -> Result<HashMap<i64, Row>, DatabaseError>;

/// A launch page that was made, and the identifier of its resource.
struct Made {
    resource: String,
    page: Page,
}

struct Maker<'a> {
    rows: &'a CourseRows,
    pages: Pages<'a>,
    files: Files<'a>,
    made: Vec<Made>,
    manifest: Manifest,
    imported: Vec<Entry<Place>>,
    originals: HashMap<i64, Original>,
    looked: Looked,
    remarks: Vec<String>,
}

impl Maker<'_> {
    fn remark(&mut self, path: &Item, why: &str) {
        self.remarks.push(format!("the learning path \"{}\" is not in the package: {why}", title_of(path)));
    }

    /// A path of Chamilo's own.
    fn own(&mut self, path: &Item) -> Result<(), PackageError> {
        let language = self.pages.language;
        let steps = steps::without_empty_folders(steps::of(path));
        let untitled = |title: String| if title.is_empty() { language.say("untitled").to_owned() } else { title };
        let mut items = Vec::with_capacity(steps.len());
        for (place, step) in steps.iter().enumerate() {
            let title = untitled(plain(&step.record.bytes("title")));
            let mut item = ManifestItem {
                identifier: format!("ITEM_{}", step.iid),
                depth: step.depth,
                title,
                prerequisites: self.prerequisites(&steps, place),
                ..ManifestItem::default()
            };
            if !step.is_folder() {
                let test = (step.kind() == "quiz").then(|| step.record.int("path")).flatten();
                if let Some(test) = test.and_then(|key| self.rows.target(b"quiz", key)) {
                    item.mastery = mastery(step, test, &steps);
                    item.max_time = max_time(test);
                }
                let resource = format!("RES_{}", step.iid);
                let page = self.pages.page(step, &item.title, item.mastery, &mut self.files)?;
                if page.missing {
                    self.remarks.push(format!(
                        "step \"{}\" of the learning path \"{}\" shows nothing that is in the course",
                        item.title,
                        title_of(path)
                    ));
                }
                self.made.push(Made { resource: resource.clone(), page });
                item.resource = Some(resource);
            }
            items.push(item);
        }
        let identifier = organization(path);
        self.manifest.organizations.push(Organization { identifier, title: untitled(title_of(path)), items });
        Ok(())
    }

    /// What must be done before a step: only steps that come earlier and can be done count.
    fn prerequisites(&mut self, steps: &[Step<'_>], place: usize) -> String {
        let Some(step) = steps.get(place) else { return String::new() };
        let Some(wanted) = step.record.int("prerequisite").filter(|wanted| *wanted != 0) else { return String::new() };
        let Some(target) = steps.iter().position(|step| step.iid == wanted).filter(|target| *target < place) else {
            let title = plain(&step.record.bytes("title"));
            self.remarks
                .push(format!("step \"{title}\" needs a step that does not come before it; it is open instead"));
            return String::new();
        };
        let mut leaves = Vec::new();
        let depth = steps.get(target).map_or(0, |step| step.depth);
        for (position, step) in steps.iter().enumerate().skip(target).take(place - target) {
            if position > target && step.depth <= depth {
                break;
            }
            if !step.is_folder() {
                leaves.push(format!("ITEM_{}", step.iid));
            }
            // A step needs itself alone; a folder all that is in it.
            if position == target && !step.is_folder() {
                break;
            }
        }
        let all = leaves.join("&");
        if all.chars().count() <= LONGEST_PREREQUISITES { all } else { leaves.pop().unwrap_or_default() }
    }

    /// An imported package among other paths: all its files below a folder of their own, its items launched there.
    fn imported(&mut self, path: &Item, folder: Vec<u8>, files: Walked) {
        let key = path.record.int("iid").unwrap_or(0);
        let base = format!("{PACKAGES}{key}/");
        self.originals.insert(key, Original { below: base.clone(), ..Original::default() });
        let mut all = Vec::with_capacity(files.len());
        for (place, identity) in &files {
            let name = [base.as_bytes(), place.get(folder.len() + 1..).unwrap_or_default()].concat();
            all.push(name.clone());
            let content = Content::File { source: place.clone(), identity: *identity };
            self.imported.push(Entry { name: name.into(), mode: 0o644, mtime: identity.mtime.seconds, content });
        }
        let steps = steps::without_empty_folders(steps::of(path));
        let identifiers: HashMap<Vec<u8>, i64> =
            steps.iter().map(|step| (step.record.bytes("ref"), step.iid)).collect();
        let everything = format!("RES_PACKAGE_{key}");
        let mut items = Vec::with_capacity(steps.len());
        for step in &steps {
            let mut item = ManifestItem {
                identifier: format!("ITEM_{}", step.iid),
                depth: step.depth,
                title: plain(&step.record.bytes("title")),
                prerequisites: renamed(&step.record.bytes("prerequisite"), &identifiers),
                data: plain(&step.record.bytes("launch_data")),
                ..ManifestItem::default()
            };
            let address = step.record.bytes("path");
            let end = address.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(address.len());
            let (file, query) = address.split_at(end);
            let file = file.strip_prefix(b"./").unwrap_or(file);
            let launched = [base.as_bytes(), file].concat();
            if !step.is_folder() && all.contains(&launched) {
                let resource = format!("RES_{}", step.iid);
                item.parameters =
                    format!("{}{}", String::from_utf8_lossy(query), plain(&step.record.bytes("parameters")));
                let mastery: Option<f64> = String::from_utf8_lossy(&step.record.bytes("mastery_score")).parse().ok();
                item.mastery = mastery.filter(|score| (0.0..=100.0).contains(score) && *score > 0.0);
                self.manifest.resources.push(Resource {
                    identifier: resource.clone(),
                    href: Some(launched.clone()),
                    sco: step.kind() != "asset",
                    files: vec![launched],
                    dependencies: vec![everything.clone()],
                });
                item.resource = Some(resource);
            } else if !step.is_folder() {
                self.remarks.push(format!("step \"{}\" of \"{}\" can't be launched", item.title, title_of(path)));
            }
            items.push(item);
        }
        self.manifest.resources.push(Resource {
            identifier: everything,
            href: None,
            sco: false,
            files: all,
            dependencies: Vec::new(),
        });
        self.manifest.organizations.push(Organization { identifier: organization(path), title: title_of(path), items });
        self.looked.folders.push((folder, files));
    }

    fn finish(mut self, words: Words<'_>) -> Result<Parts, PackageError> {
        let found = self.files.finish();
        let owners = owners(&self.made, &found);
        let mut shared: Vec<Vec<u8>> = Vec::new();
        let mut own: HashMap<usize, Vec<Vec<u8>>> = HashMap::new();
        for (file, owner) in found.packed.iter().zip(&owners) {
            match owner {
                Owner::One(page) => own.entry(*page).or_default().push(file.name.clone().into_bytes()),
                _ => shared.push(file.name.clone().into_bytes()),
            }
        }
        let words = words(&describe::documents_of(self.rows, &found))?;
        let originals = std::mem::take(&mut self.originals);
        let description =
            describe::Description { rows: self.rows, originals, found: &found, words, remarks: &self.remarks }.write();
        let generated: Vec<(String, Vec<u8>)> = runtime::FILES
            .iter()
            .chain([&STYLE])
            .map(|(name, bytes)| (format!("{SHARED}{name}"), bytes.to_vec()))
            .chain([(format!("{SHARED}{}", describe::NAME), description)])
            .collect();
        shared.extend(generated.iter().map(|(name, _)| name.clone().into_bytes()));
        shared.sort_unstable();
        let mut resources = Vec::with_capacity(self.made.len() + 1);
        for (number, made) in self.made.iter().enumerate() {
            let mut files = vec![made.page.name.clone().into_bytes()];
            files.extend(made.page.inner.iter().map(|(name, _)| name.clone().into_bytes()));
            files.extend(own.remove(&number).unwrap_or_default());
            resources.push(Resource {
                identifier: made.resource.clone(),
                href: Some(made.page.name.clone().into_bytes()),
                sco: true,
                files,
                dependencies: vec![SHARED_FILES.to_owned()],
            });
        }
        resources.append(&mut self.manifest.resources);
        resources.push(Resource {
            identifier: SHARED_FILES.to_owned(),
            href: None,
            sco: false,
            files: shared,
            dependencies: Vec::new(),
        });
        self.manifest.resources = resources;
        let manifest = self.manifest.write();
        self.looked.files = found.looked;
        let remarks = std::mem::take(&mut self.remarks);
        let mut entries = entries(self.rows.changed, generated, self.made, found.packed);
        entries.append(&mut self.imported);
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries.insert(0, bytes_entry(b"imsmanifest.xml".to_vec(), self.rows.changed, manifest));
        Ok(Parts { entries, comment: Vec::new(), looked: self.looked.into(), remarks })
    }
}

fn entries(
    changed: i64,
    generated: Vec<(String, Vec<u8>)>,
    made: Vec<Made>,
    packed: Vec<super::files::Packed>,
) -> Vec<Entry<Place>> {
    let mut entries = Vec::with_capacity(packed.len() + made.len() + generated.len() + 1);
    for (name, bytes) in generated {
        entries.push(bytes_entry(name.into_bytes(), changed, bytes));
    }
    for made in made {
        entries.push(bytes_entry(made.page.name.into_bytes(), changed, made.page.page.bytes));
        if let Some((name, Rewritten { bytes, .. })) = made.page.inner {
            entries.push(bytes_entry(name.into_bytes(), changed, bytes));
        }
    }
    for file in packed {
        let mtime = file.identity.mtime.seconds;
        let content = match file.rewritten {
            Some(bytes) => Content::Bytes(bytes.into()),
            None => Content::File { source: file.place.into(), identity: file.identity },
        };
        entries.push(Entry { name: file.name.into_bytes().into(), mode: file.mode, mtime, content });
    }
    entries
}

fn bytes_entry(name: Vec<u8>, mtime: i64, bytes: Vec<u8>) -> Entry<Place> {
    Entry { name: name.into(), mode: 0o644, mtime, content: Content::Bytes(bytes.into()) }
}

/// Which launch page needs a file.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    None,
    One(usize),
    Several,
}

/// For each file the launch page that needs it, at first or any remove.
fn owners(made: &[Made], found: &Found) -> Vec<Owner> {
    let mut owners = vec![Owner::None; found.packed.len()];
    for (number, made) in made.iter().enumerate() {
        let inner = made.page.inner.iter().flat_map(|(_, page)| &page.references);
        let mut open: Vec<usize> = made.page.page.references.iter().chain(inner).copied().collect();
        while let Some(file) = open.pop() {
            let Some(owner) = owners.get_mut(file) else { continue };
            // Every file is gone through twice at most: for its first page, and once it is shared.
            let now = match *owner {
                Owner::None => Owner::One(number),
                Owner::One(other) if other != number => Owner::Several,
                _ => continue,
            };
            *owner = now;
            open.extend(found.packed.get(file).into_iter().flat_map(|file| &file.references));
        }
    }
    owners
}

fn title_of(path: &Item) -> String {
    plain(&path.record.bytes("name"))
}

fn organization(path: &Item) -> String {
    format!("ORG_{}", path.record.int("iid").unwrap_or(0))
}

/// The score in percent with which a test is passed: its own pass mark, else the least that a later step asks of it,
/// else that of the step.
fn mastery(step: &Step<'_>, test: &Item, steps: &[Step<'_>]) -> Option<f64> {
    let number = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).parse::<f64>().ok().filter(|value| *value > 0.0);
    if let Some(percent) = number(test.record.bytes("pass_percentage")) {
        return Some(percent.min(100.0));
    }
    let most = number(step.record.bytes("max_score"))?;
    let asked = steps.iter().filter(|other| other.record.int("prerequisite") == Some(step.iid));
    let least = asked.filter_map(|other| number(other.record.bytes("prerequisite_min_score"))).reduce(f64::min);
    let points = least.or_else(|| number(step.record.bytes("mastery_score")))?;
    Some((points / most * 100.0).clamp(0.0, 100.0))
}

/// A test's time limit (minutes) as SCORM writes it.
fn max_time(test: &Item) -> String {
    let minutes = test.record.int("expired_time").unwrap_or(0);
    if minutes <= 0 {
        return String::new();
    }
    let minutes = minutes.min(9999 * 60 + 59);
    format!("{:04}:{:02}:00.00", minutes / 60, minutes % 60)
}

/// An expression of prerequisites with other identifiers; empty if it names one that is not there.
fn renamed(expression: &[u8], identifiers: &HashMap<Vec<u8>, i64>) -> String {
    let is_operator = |byte: &u8| b"&|~=<>{},*()\" ".contains(byte);
    let statuses = ["passed", "completed", "failed", "incomplete", "browsed", "not", "attempted"];
    let mut result = String::new();
    let mut word = Vec::new();
    for byte in expression.iter().chain(b" ") {
        if !is_operator(byte) {
            word.push(*byte);
            continue;
        }
        if !word.is_empty() {
            let text = String::from_utf8_lossy(&word).into_owned();
            match identifiers.get(&word) {
                Some(iid) => result.push_str(&format!("ITEM_{iid}")),
                None if statuses.contains(&text.as_str()) => result.push_str(&text),
                // How many of a set; a bare 0 is Chamilo's word for nothing.
                None if *byte == b'*' && text.parse::<u32>().is_ok() => result.push_str(&text),
                None => return String::new(),
            }
            word.clear();
        }
        result.push(char::from(*byte));
    }
    result.trim().to_owned()
}
