//! The mounted portal: nodes, attributes, handles, operations; and the thin fuser adapter that only translates.
//!
//! [`PortalFs`] is the whole file system without a kernel: every operation is a method on [`Node`]s that can be called
//! in a test. Only open handles, and uploads on their way in, are state. The [`adapter`] turns the kernel's requests
//! into these calls and back.
//!
//! Rows decide what exists and what it is called, the disk what it holds: a row without a file and a file without a
//! row are not shown.

mod absent;
pub mod adapter;
mod ahead;
mod archives;
mod attributes;
mod backups;
mod brought;
mod computed;
mod courses;
mod documents;
mod error;
mod handles;
mod listing;
mod node;
mod packages;
mod passthrough;
mod properties;
mod receiver;
mod replies;
mod snapshots;
mod spool;
mod temporaries;
mod tools;
mod trashed;
mod turns;
mod uploads;
mod writing;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::Stat;

use crate::archive::{Archive, Cache, Checksums};
use crate::backup::{BackupFiles, Selection};
use crate::course::Course;
use crate::course::document::{self, TreeDocument};
use crate::portal::Portal;
use crate::portal::database::DatabaseExt;
use crate::portal::storage::Folder;
use crate::trash::Trash;

use absent::Absent;
use archives::Archives;
use computed::What;
use documents::Documents;
use packages::{LEARNPATHS, LearningPaths, PACKAGES};
use properties::{COURSE, DOCUMENT, ITEM, Property};
use snapshots::{Courses, SharedTree, Snapshots};
use temporaries::Temporary;
use tools::Tools;
use trashed::{TRASH, Trashed};
use uploads::Uploads;

pub use attributes::{Attributes, Time};
pub use documents::{OpenDocument, Place};
pub use error::FsError;
pub use listing::Listing;
pub use node::Node;
pub use snapshots::Operation;
pub use temporaries::Owner;
pub use uploads::UploadError;
pub use writing::{Change, OpenSpool, Replace};

/// Name of the Document folder in a course.
const DOCUMENTS: &[u8] = b"Document";

/// Name of the backup in a course.
const BACKUP: &[u8] = b"backup.zip";

/// Whether the name `name` in a course's folder has a meaning, so that nothing else may have it.
fn is_fixed_name(name: &[u8]) -> bool {
    [DOCUMENTS, LEARNPATHS, BACKUP, PACKAGES].contains(&name) || name.starts_with(b"backup@")
}

/// Size of a block in [`Space`], in bytes.
const BLOCK: u64 = 512;

/// The selection that a name like `backup@Document+Link.zip` asks for.
fn selection(name: &[u8]) -> Option<Selection> {
    let name = std::str::from_utf8(name).ok()?;
    Selection::parse(name.strip_prefix("backup@")?.strip_suffix(".zip")?, '+')
}

/// How a portal is shown.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long the kernel, and a look at an archive, may be relied on.
    pub ttl: Duration,
    /// Owner shown for everything, else that of the files.
    pub uid: Option<u32>,
    /// Group shown for everything, else that of the files.
    pub gid: Option<u32>,
    /// Whether documents may be changed and backups put in. The portal must be open for writing then.
    pub writable: bool,
    /// The Chamilo user who acts (`user.id`).
    pub user: i64,
    /// Whether courses can't be deleted.
    pub keep_courses: bool,
    /// For how many days what is removed can be brought back; 0 if it can't.
    pub trash: u32,
}

/// For how many days what is removed can be brought back, if nothing else is said.
pub const TRASH_DAYS: u32 = 30;

impl Default for Options {
    fn default() -> Self {
        let ttl = Duration::from_secs(1);
        Options { ttl, uid: None, gid: None, writable: false, user: 1, keep_courses: false, trash: TRASH_DAYS }
    }
}

/// Room on a file system, in blocks of `block` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes in a block.
    pub block: u64,
    /// All blocks.
    pub blocks: u64,
    /// Free blocks.
    pub free: u64,
    /// All inodes, 0 if unlimited.
    pub files: u64,
    /// Free inodes.
    pub files_free: u64,
}

/// A file open for reading.
pub enum OpenFile {
    /// An archive as it was when it was opened.
    Archive(Arc<Archive<BackupFiles>>),
    /// A file that waits for its right name.
    Temporary(Arc<Temporary>),
    /// A file that was made from rows.
    Bytes(Arc<[u8]>),
    /// A file of the portal that a row names.
    Stored(File),
}

impl OpenFile {
    /// Fills `buffer` from `offset` on and returns how many bytes that were; fewer only at the end.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, FsError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(filled as u64);
            let read = match self {
                OpenFile::Archive(archive) => archive.read_at(at, rest)?,
                OpenFile::Temporary(temporary) => temporary.upload.spool.read(at, rest)?,
                OpenFile::Bytes(bytes) => {
                    let from = usize::try_from(at).unwrap_or(usize::MAX);
                    let found = bytes.get(from..).unwrap_or_default();
                    let length = found.len().min(rest.len());
                    rest.iter_mut().zip(found).for_each(|(to, from)| *to = *from);
                    length
                }
                OpenFile::Stored(file) => file.read_at(rest, at)?,
            };
            if read == 0 {
                break;
            }
            filled += read;
        }
        Ok(filled)
    }
}

/// A portal as a file system.
pub struct PortalFs {
    portal: Arc<Portal>,
    options: Options,
    snapshots: Arc<Snapshots>,
    archives: Arc<Archives>,
    uploads: Arc<Uploads>,
    documents: Documents,
    tools: Tools,
    learning_paths: LearningPaths,
    absent: Absent,
    trashed: Trashed,
}

impl PortalFs {
    /// The file system of `portal`; what is costly to compute is remembered in `cache`.
    pub fn new(portal: Arc<Portal>, cache: Arc<Cache>, checksums: Arc<Checksums>, options: Options) -> PortalFs {
        let trashed = Trashed::new(Trash::new(portal.root(), options.trash), Arc::clone(&checksums));
        let archives = Arc::new(Archives::new(&portal, cache, checksums, options.ttl));
        PortalFs {
            portal,
            options,
            snapshots: Arc::default(),
            archives,
            uploads: Arc::default(),
            documents: Documents::default(),
            tools: Tools::default(),
            learning_paths: LearningPaths::default(),
            absent: Absent::default(),
            trashed,
        }
    }

    /// How the portal is shown.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The node `name` in the folder `parent`.
    pub fn lookup(&self, parent: Node, name: &[u8]) -> Result<Attributes, FsError> {
        let parent = self.arrived(parent);
        let node = match parent {
            Node::Root if name == TRASH => Node::Trash(0),
            Node::Root => Node::Course(self.courses()?.named(name).ok_or(FsError::NotFound)?),
            Node::Trash(key) => self.in_trash(key, name)?,
            Node::Course(course) => match name {
                DOCUMENTS => Node::Documents(course),
                BACKUP => Node::Backup(course, Selection::ALL),
                LEARNPATHS => Node::Learnpaths(course),
                PACKAGES if let Some(node) = self.package_of_all(course)? => node,
                name => match (selection(name), self.tool_folder(course, name)?) {
                    (Some(selection), _) => Node::Backup(course, selection),
                    (None, Some(folder)) => folder,
                    (None, None) => self.arriving(parent, name).ok_or(FsError::NotFound)?,
                },
            },
            Node::Learnpaths(course) => match self.package_named(course, name)? {
                Some(node) => node,
                None => self.arriving(parent, name).ok_or(FsError::NotFound)?,
            },
            Node::Tool(..) => self.tool_entry(parent, name)?,
            Node::Documents(_) | Node::Document(..) => return self.document_named(parent, name),
            Node::Backup(..) | Node::Packages(_) | Node::Package(..) | Node::Temporary(..) | Node::TrashedBackup(_) => {
                return Err(FsError::NotAFolder);
            }
        };
        self.attributes(node)
    }

    /// [`lookup`](Self::lookup) for the process `caller`, for which names may be away that are there.
    pub fn lookup_for(&self, caller: u32, parent: Node, name: &[u8]) -> Result<Attributes, FsError> {
        match parent {
            Node::Course(_) | Node::Learnpaths(_) | Node::Tool(..) if self.absent.is_away(parent, name, caller) => {
                Err(FsError::NotFound)
            }
            Node::Tool(..) if self.is_page_to_come(parent, name, caller) => Err(FsError::NotFound),
            Node::Course(course) if name == PACKAGES => match self.lookup(parent, name) {
                Ok(found) if self.uploads.is_removed(found.node, caller) => Err(FsError::NotFound),
                Err(FsError::NotFound) => self.lingering_package(course, caller),
                outcome => outcome,
            },
            Node::Course(course)
                if name == BACKUP && self.uploads.is_removed(Node::Backup(course, Selection::ALL), caller) =>
            {
                Err(FsError::NotFound)
            }
            _ => match (self.lookup(parent, name), self.ghost(parent, name, caller)) {
                (Err(FsError::NotFound), Some(ghost)) => self.attributes(ghost),
                (Ok(found), _) if self.is_brought(parent, name, &found, caller) => Err(FsError::NotFound),
                (found, _) => found,
            },
        }
    }

    /// The attributes of a node.
    pub fn attributes(&self, node: Node) -> Result<Attributes, FsError> {
        let node = self.arrived(node);
        match node {
            Node::Root => self.on_disk(node, self.portal.courses_folder(), b""),
            Node::Course(course) => self.on_disk(node, &self.course_folder(course)?, b""),
            Node::Documents(course) => self.on_disk(node, &self.course_folder(course)?, b"document"),
            Node::Document(course, number) => match self.document_row(course, number) {
                Ok((document, path)) => {
                    let stat = self.course_folder(course)?.stat(&path).map_err(FsError::from_lookup)?;
                    self.document_attributes(course, &document, &stat)
                }
                Err(FsError::NotFound) => self.attributes_of_open(node),
                Err(error) => Err(error),
            },
            Node::Backup(course, selection) => {
                let folder = self.attributes(Node::Course(course))?;
                let summary = self.archives.summary(&self.portal, &self.course(course)?, What::Backup(selection))?;
                let writable = self.options.writable && selection == Selection::ALL;
                Ok(folder.archive(node, summary.size, summary.mtime, writable))
            }
            Node::Packages(_) | Node::Package(..) | Node::Learnpaths(_) => self.package_attributes(node),
            Node::Temporary(_, number) => self.temporary(number)?.attributes(),
            Node::Tool(..) => self.tool_attributes(node),
            Node::Trash(_) | Node::TrashedBackup(_) => self.trash_attributes(node),
        }
    }

    /// Opens a folder for the process `caller`, which then sees everything that is there.
    pub fn open_folder_for(&self, caller: u32, node: Node) -> Result<Listing, FsError> {
        if let Node::Course(course) = node {
            self.absent.listed(course, caller);
        }
        self.tool_is_listed(node, caller);
        self.open_folder(node)
    }

    /// Opens a folder.
    pub fn open_folder(&self, node: Node) -> Result<Listing, FsError> {
        Listing::open(self, self.arrived(node))
    }

    /// Hands the entries of an open folder from `offset` on to `each`, until it answers that it has no more room.
    pub fn read_folder(
        &self,
        listing: &Listing,
        offset: u64,
        each: &mut dyn FnMut(u64, &[u8], &Attributes) -> bool,
    ) -> Result<(), FsError> {
        listing.entries(self, offset, each)
    }

    /// Opens a file for reading that is no document ([`open_document`](Self::open_document)).
    pub fn open_file(&self, node: Node) -> Result<OpenFile, FsError> {
        match node {
            Node::Backup(course, _) | Node::Packages(course) | Node::Package(course, _) => {
                let what = packages::what(node).ok_or(FsError::NotFound)?;
                let archive = self.archives.open(&self.portal, &self.course(course)?, what)?;
                Ok(OpenFile::Archive(Arc::new(archive)))
            }
            Node::Temporary(_, number) => Ok(OpenFile::Temporary(self.temporary(number)?)),
            Node::Tool(..) => self.open_tool_file(node),
            Node::TrashedBackup(key) => self.open_trashed(key),
            Node::Root | Node::Course(_) | Node::Documents(_) | Node::Learnpaths(_) | Node::Trash(_) => {
                Err(FsError::IsAFolder)
            }
            Node::Document(..) => Err(FsError::BadHandle),
        }
    }

    /// Room in the portal, or in a course: its quota and what is left of it.
    pub fn space(&self, node: Node) -> Result<Space, FsError> {
        let course = match node {
            Node::Root | Node::Trash(_) | Node::TrashedBackup(_) => {
                let disk = rustix::fs::fstatvfs(self.portal.courses_folder()).map_err(std::io::Error::from)?;
                return Ok(Space {
                    block: disk.f_frsize,
                    blocks: disk.f_blocks,
                    free: disk.f_bavail,
                    files: disk.f_files,
                    files_free: disk.f_ffree,
                });
            }
            Node::Course(course)
            | Node::Documents(course)
            | Node::Document(course, _)
            | Node::Backup(course, _)
            | Node::Packages(course)
            | Node::Package(course, _)
            | Node::Learnpaths(course)
            | Node::Temporary(course, _)
            | Node::Tool(course, ..) => course,
        };
        let taken = self.taken(course)?;
        Ok(Space { block: BLOCK, blocks: taken.limit / BLOCK, free: taken.free() / BLOCK, files: 0, files_free: 0 })
    }

    /// The extended attributes of a node, names and values.
    pub fn properties(&self, node: Node) -> Result<Vec<(String, Vec<u8>)>, FsError> {
        let (tables, key): (&[&[Property]], i64) = match node {
            Node::Course(course) => (&[COURSE], course.into()),
            Node::Document(_, number) => {
                (&[DOCUMENT, ITEM], self.documents.identities.row(number).ok_or(FsError::NotFound)?)
            }
            Node::Documents(_) => return Ok(self.refusal_property(node).into_iter().collect()),
            Node::Tool(..) => return self.tool_properties(node),
            Node::Root => return Ok(self.refusal_property(node).into_iter().collect()),
            Node::Package(..) | Node::Packages(_) | Node::Learnpaths(_) => {
                return Ok(self.refusal_property(node).into_iter().chain(self.upload_properties(node)).collect());
            }
            Node::Backup(..) | Node::Temporary(..) | Node::Trash(_) | Node::TrashedBackup(_) => return Ok(Vec::new()),
        };
        let rows = self.portal.database().read(|session| match node {
            Node::Course(_) => Ok::<_, FsError>(session.rows("SELECT * FROM course WHERE id = ?", &[key.into()])?),
            _ => document::rows_of(session, key).map_err(FsError::from),
        })?;
        let found = tables.iter().zip(&rows).flat_map(|(table, row)| table.iter().filter_map(|line| line.of(row)));
        let mut found: Vec<(String, Vec<u8>)> = found.collect();
        found.extend(self.refusal_property(node));
        if let Node::Course(_) = node {
            found.extend(self.upload_properties(node));
        }
        Ok(found)
    }

    fn refusal_property(&self, node: Node) -> Option<(String, Vec<u8>)> {
        Some((properties::ERROR.to_owned(), self.last_refusal(node)?.into_bytes()))
    }

    fn temporary(&self, number: u32) -> Result<Arc<Temporary>, FsError> {
        self.uploads.temporaries.numbered(number).ok_or(FsError::NotFound)
    }

    fn courses(&self) -> Result<Arc<Courses>, FsError> {
        Ok(self.snapshots.courses(&self.portal)?)
    }

    fn course(&self, number: u32) -> Result<Course, FsError> {
        self.courses()?.get(number).cloned().ok_or(FsError::NotFound)
    }

    fn course_folder(&self, number: u32) -> Result<Folder, FsError> {
        let courses = self.courses()?;
        let course = courses.get(number).ok_or(FsError::NotFound)?;
        self.portal.courses_folder().folder(&course.directory).map_err(FsError::from_lookup)
    }

    fn tree(&self, course: u32) -> Result<SharedTree, FsError> {
        if self.courses()?.get(course).is_none() {
            return Err(FsError::NotFound);
        }
        Ok(self.snapshots.tree(&self.portal, course)?)
    }

    fn document_named(&self, parent: Node, name: &[u8]) -> Result<Attributes, FsError> {
        let place = self.place(parent).ok_or(FsError::NotAFolder)??;
        let (document, path) = {
            let tree = self.tree(place.course)?;
            let tree = tree.read();
            let document = tree.child(place.folder, name).ok_or(FsError::NotFound)?;
            (document.clone(), tree.path(document.iid).ok_or(FsError::NotFound)?)
        };
        let path = [b"document/".as_slice(), &path].concat();
        let stat = self.course_folder(place.course)?.stat(&path).map_err(FsError::from_lookup)?;
        self.document_attributes(place.course, &document, &stat)
    }

    fn on_disk(&self, node: Node, folder: &Folder, path: &[u8]) -> Result<Attributes, FsError> {
        let stat = folder.stat(path).map_err(FsError::from_lookup)?;
        let attributes = Attributes::of_stat(node, &stat).filter(|attributes| attributes.folder);
        Ok(self.owned(attributes.ok_or(FsError::NotFound)?))
    }

    /// The attributes of a document whose file has the attributes `stat`; not found if the file is not what the row
    /// says.
    fn document_attributes(&self, course: u32, document: &TreeDocument, stat: &Stat) -> Result<Attributes, FsError> {
        let node = self.document_node(course, document.iid).ok_or(FsError::NotFound)?;
        let attributes = Attributes::of_stat(node, stat).filter(|found| found.folder == document.folder);
        Ok(self.owned(attributes.ok_or(FsError::NotFound)?))
    }

    /// The attributes of an archive for a listing: nothing is computed for them.
    fn archive_attributes_at_last_look(&self, node: Node) -> Result<Attributes, FsError> {
        let course = node.course_number();
        let folder = self.attributes(Node::Course(course))?;
        let row = self.course(course)?;
        if matches!(node, Node::Backup(_, Selection::ALL)) {
            let courses = self.courses()?;
            let next = courses.after(course).and_then(|next| self.reading_ahead(next));
            if let Some(this) = self.reading_ahead(&row) {
                self.archives.listed(&self.portal, this, next);
            }
        }
        let last = packages::what(node).and_then(|what| self.archives.last_summary(&row, what));
        let (size, mtime) = last.map_or((0, folder.mtime.seconds), |summary| (summary.size, summary.mtime));
        Ok(Attributes { settled: false, ..folder.archive(node, size, mtime, self.options.writable) })
    }

    fn owned(&self, attributes: Attributes) -> Attributes {
        Attributes {
            uid: self.options.uid.unwrap_or(attributes.uid),
            gid: self.options.gid.unwrap_or(attributes.gid),
            ..attributes
        }
    }
}
