//! The files of a course that a package needs: what its pages refer to, followed to any depth, each file once.
//!
//! Pages and style sheets are read and their references rewritten; everything else stays on the disk and is only looked
//! at. What was looked for is kept with what was there, so that a package can later be told from an outdated one
//! without reading anything.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read};

use rustix::fs::FileType;

use crate::archive::FileIdentity;
use crate::backup::links::Patch as Undo;
use crate::backup::{identity, is_absent};
use crate::course::document::DocumentTree;
use crate::portal::storage::Folder;

use super::names::{Names, relative};
use super::references::address::{Addresses, Meaning};
use super::references::{Patch, css, html, patched};
use super::{PAGES, PackageError, SHARED};

/// The longest page or style sheet in which references are looked for, in bytes.
const LONGEST_PAGE: u64 = 8 << 20;

/// Folders of a course whose files may be packed.
const PACKABLE: [&[u8]; 2] = [b"document/", b"upload/"];

/// A file in a package.
#[derive(Debug)]
pub struct Packed {
    /// Its path below the course's folder.
    pub place: Vec<u8>,
    /// Its path in the package.
    pub name: String,
    /// Unix permission bits.
    pub mode: u32,
    /// The file on the disk.
    pub identity: FileIdentity,
    /// Its bytes with other references, `None` if they are those of the file.
    pub rewritten: Option<Vec<u8>>,
    /// What gives them back.
    pub undo: Vec<Undo>,
    /// The files that it refers to.
    pub references: Vec<usize>,
}

/// What was left as it is because it is not in the package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// The file or generated page with the reference.
    pub page: String,
    /// The address that stands there now.
    pub address: String,
    /// Why: `remote`, `portal`, `missing`.
    pub why: &'static str,
}

/// A generated page whose references lead into the package.
#[derive(Debug)]
pub struct Rewritten {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The files that it refers to.
    pub references: Vec<usize>,
}

/// How the references of a file are found.
#[derive(Clone, Copy, PartialEq)]
enum Syntax {
    Html,
    Css,
}

/// Extensions of files with references. SVG is read as HTML reads it.
const SYNTAX: &[(&str, Syntax)] = &[
    ("html", Syntax::Html),
    ("htm", Syntax::Html),
    ("xhtml", Syntax::Html),
    ("shtml", Syntax::Html),
    ("svg", Syntax::Html),
    ("css", Syntax::Css),
];

/// The files that a package holds so far.
pub struct Files<'a> {
    course: String,
    /// The course's folder, `None` if it is gone.
    folder: Option<&'a Folder>,
    addresses: &'a Addresses,
    documents: &'a DocumentTree,
    names: Names,
    by_place: HashMap<Vec<u8>, Option<usize>>,
    packed: Vec<Packed>,
    /// How many of them were read for references.
    followed: usize,
    left: BTreeSet<Left>,
    looked: Vec<(Vec<u8>, Option<FileIdentity>)>,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The files.
    pub packed: Vec<Packed>,
    /// What is not among them.
    pub left: BTreeSet<Left>,
    /// Every path below the course's folder that was looked for, and the file that was there.
    pub looked: Vec<(Vec<u8>, Option<FileIdentity>)>,
}

impl<'a> Files<'a> {
    /// No files yet of the course `course` (its code), which lies in `folder`.
    pub fn new(
        course: &str,
        folder: Option<&'a Folder>,
        addresses: &'a Addresses,
        documents: &'a DocumentTree,
    ) -> Files<'a> {
        Files {
            course: course.to_owned(),
            folder,
            addresses,
            documents,
            names: Names::default(),
            by_place: HashMap::new(),
            packed: Vec::new(),
            followed: 0,
            left: BTreeSet::new(),
            looked: Vec::new(),
        }
    }

    /// The number of the file `place` (below the course's folder) in the package, `None` if there is no such file.
    pub fn pack(&mut self, place: &[u8]) -> Result<Option<usize>, PackageError> {
        if let Some(known) = self.by_place.get(place) {
            return Ok(*known);
        }
        let found = self.look(place)?;
        let number = found.map(|(mode, identity)| {
            let name = self.names.file(place);
            self.packed.push(Packed {
                place: place.to_vec(),
                name,
                mode,
                identity,
                rewritten: None,
                undo: Vec::new(),
                references: Vec::new(),
            });
            self.packed.len() - 1
        });
        self.by_place.insert(place.to_vec(), number);
        Ok(number)
    }

    /// Looks for a file that may be packed.
    fn look(&mut self, place: &[u8]) -> Result<Option<(u32, FileIdentity)>, PackageError> {
        // What was deleted in Chamilo may still lie there under such a name.
        let deleted = place.windows(9).any(|window| window == b"_DELETED_");
        if deleted || !PACKABLE.iter().any(|folder| place.starts_with(folder)) || place.contains(&0) {
            return Ok(None);
        }
        let stat = match self.folder.map(|folder| folder.stat(place)) {
            Some(Ok(stat)) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => Some(stat),
            Some(Err(error)) if !is_absent(&error) => return Err(self.failed(place, error)),
            _ => None,
        };
        let found = stat.map(|stat| (stat.st_mode & 0o777, identity(&stat)));
        self.looked.push((place.to_vec(), found.map(|(_, identity)| identity)));
        Ok(found)
    }

    /// The file with the number `number`.
    pub fn file(&self, number: usize) -> Option<&Packed> {
        self.packed.get(number)
    }

    /// Reads the bytes of the file `place` that is to be changed more than in its references; `None` if there is none,
    /// or one too long for a page.
    pub fn read(&mut self, place: &[u8]) -> Result<Option<Vec<u8>>, PackageError> {
        match self.look(place)? {
            Some((_, identity)) if identity.size <= LONGEST_PAGE => self.bytes_of(place, &identity).map(Some),
            _ => Ok(None),
        }
    }

    /// The page `html`, whose references are relative to the file `place` of the course, for `name` in the package.
    pub fn page(&mut self, html: Vec<u8>, place: &[u8], name: &str) -> Result<Rewritten, PackageError> {
        let (patches, references) = self.patches(&html, place, name, Syntax::Html)?;
        let bytes = if patches.is_empty() { html } else { patched(&html, &patches) };
        Ok(Rewritten { bytes, references })
    }

    /// Reads all packed pages and style sheets, and packs what they refer to, until nothing new comes.
    pub fn follow(&mut self) -> Result<(), PackageError> {
        while let Some(file) = self.packed.get(self.followed) {
            let number = self.followed;
            self.followed += 1;
            let Some(syntax) = syntax(&file.place).filter(|_| file.identity.size <= LONGEST_PAGE) else { continue };
            let (place, name, identity) = (file.place.clone(), file.name.clone(), file.identity);
            let bytes = self.bytes_of(&place, &identity)?;
            let (patches, references) = self.patches(&bytes, &place, &name, syntax)?;
            if let Some(file) = self.packed.get_mut(number) {
                file.rewritten = (!patches.is_empty()).then(|| patched(&bytes, &patches));
                file.undo = undo(&bytes, &patches);
                file.references = references;
            }
        }
        Ok(())
    }

    /// All that was found.
    pub fn finish(self) -> Found {
        Found { packed: self.packed, left: self.left, looked: self.looked }
    }

    fn bytes_of(&self, place: &[u8], identity: &FileIdentity) -> Result<Vec<u8>, PackageError> {
        let changed = || self.failed(place, io::ErrorKind::StaleNetworkFileHandle.into());
        let file = self.folder.ok_or_else(changed)?.open_file(place).map_err(|error| self.failed(place, error))?;
        let mut bytes = Vec::new();
        (&file).take(LONGEST_PAGE + 1).read_to_end(&mut bytes).map_err(|error| self.failed(place, error))?;
        let now = FileIdentity::of_file(&file).map_err(|error| self.failed(place, error))?;
        if now == *identity { Ok(bytes) } else { Err(changed()) }
    }

    fn patches(
        &mut self,
        bytes: &[u8],
        place: &[u8],
        name: &str,
        syntax: Syntax,
    ) -> Result<(Vec<Patch>, Vec<usize>), PackageError> {
        let mut references = Vec::new();
        let mut failure = None;
        let base = std::cell::RefCell::new(place.to_vec());
        let addresses = self.addresses;
        let mut redirect = |address: &str| {
            let base = base.borrow().clone();
            match self.redirect(address, &base, name, &mut references) {
                Ok(new) => new,
                Err(error) => {
                    failure.get_or_insert(error);
                    None
                }
            }
        };
        let mut rebase = |address: &str| {
            if let Meaning::File { place, .. } = addresses.meaning(address, place) {
                let folder = if address.ends_with('/') { "/" } else { "" };
                base.replace([place.as_slice(), folder.as_bytes()].concat());
            }
        };
        let patches = match syntax {
            Syntax::Html => html::patches(bytes, &mut redirect, &mut rebase),
            Syntax::Css => css::patches(bytes, &mut redirect),
        };
        match failure {
            Some(failure) => Err(failure),
            None => {
                references.sort_unstable();
                references.dedup();
                Ok((patches, references))
            }
        }
    }

    /// What comes in the place of `address` in the page `name`; `None` if it stays.
    fn redirect(
        &mut self,
        address: &str,
        base: &[u8],
        name: &str,
        references: &mut Vec<usize>,
    ) -> Result<Option<String>, PackageError> {
        // What generated pages share is in every package.
        if address.strip_prefix("../").is_some_and(|path| path.starts_with(SHARED)) && name.starts_with(PAGES) {
            return Ok(None);
        }
        let (place, rest) = match self.addresses.meaning(address, base) {
            Meaning::File { place, rest } => (place, rest),
            Meaning::Document(iid) => match self.documents.path(iid) {
                Some(path) => ([b"document/".as_slice(), &path].concat(), String::new()),
                None => return Ok(self.leave(name, address.to_owned(), "missing")),
            },
            Meaning::Portal(absolute) => return Ok(self.leave(name, absolute, "portal")),
            Meaning::Remote => {
                self.leave(name, address.to_owned(), "remote");
                return Ok(None);
            }
            Meaning::Nothing => return Ok(None),
        };
        match self.pack(&place)? {
            Some(number) => {
                references.push(number);
                let target = self.packed.get(number).map(|file| relative(name, &file.name));
                Ok(target.map(|target| target + &kept(&rest)))
            }
            None => {
                let absolute = self.addresses.of_file(&place) + &rest;
                Ok(self.leave(name, absolute, "missing"))
            }
        }
    }

    /// Lists an address that leads out of the package, and gives it back.
    fn leave(&mut self, page: &str, address: String, why: &'static str) -> Option<String> {
        self.left.insert(Left { page: page.to_owned(), address: address.clone(), why });
        Some(address)
    }

    fn failed(&self, place: &[u8], source: io::Error) -> PackageError {
        PackageError::Files { course: self.course.clone(), path: String::from_utf8_lossy(place).into_owned(), source }
    }
}

/// What gives the bytes of `page` back from its bytes with `patches`.
fn undo(page: &[u8], patches: &[Patch]) -> Vec<Undo> {
    let mut grown = 0_isize;
    let mut undo = Vec::with_capacity(patches.len());
    for patch in patches {
        let old = page.get(patch.range.clone()).unwrap_or_default().to_vec();
        let offset = patch.range.start.saturating_add_signed(grown);
        grown += patch.new.len().cast_signed() - old.len().cast_signed();
        undo.push(Undo { offset, new: patch.new.clone(), old });
    }
    undo
}

/// What stays of an address's query and fragment: Chamilo's own query means nothing in a package.
fn kept(rest: &str) -> String {
    match rest.split_once('#') {
        _ if !rest.contains("cidReq") => rest.to_owned(),
        Some((_, fragment)) => format!("#{fragment}"),
        None => String::new(),
    }
}

/// How references in the file `place` are found, `None` if it has none.
fn syntax(place: &[u8]) -> Option<Syntax> {
    let extension = extension(place);
    SYNTAX.iter().find(|(known, _)| *known == extension).map(|(_, syntax)| *syntax)
}

/// The extension of a file in small letters, empty if it has none.
pub fn extension(place: &[u8]) -> String {
    let name = place.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) => String::from_utf8_lossy(name.get(dot + 1..).unwrap_or_default()).to_ascii_lowercase(),
        None => String::new(),
    }
}
