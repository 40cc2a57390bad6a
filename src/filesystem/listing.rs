//! The content of an open folder.
//!
//! A listing is a snapshot: it keeps the names it was opened with, so that offsets stay right while the course changes.
//! Attributes are looked up when an entry is handed out; what is gone or is not what its row says is passed over.

use std::os::fd::AsFd;

use crate::backup::Selection;
use crate::course::document::TreeDocument;
use crate::portal::storage::{Folder, stat_at};

use super::{Attributes, BACKUP, DOCUMENTS, FsError, Node, PortalFs};

/// An open folder.
pub struct Listing {
    node: Node,
    parent: Node,
    content: Content,
}

enum Content {
    /// Names and numbers of the courses.
    Courses(Vec<(Vec<u8>, u32)>),
    /// What is in a course, in a folder of a tool, or in a folder of the trash: names and nodes.
    Named(Vec<(Vec<u8>, Node)>),
    /// Documents in a folder, and that folder on the disk if it is there.
    Documents { course: u32, documents: Vec<TreeDocument>, on_disk: Option<Folder> },
}

impl Listing {
    /// Opens the folder `node`.
    pub(super) fn open(fs: &PortalFs, node: Node) -> Result<Listing, FsError> {
        let (parent, content) = match node {
            Node::Root => {
                let courses = fs.courses()?;
                (node, Content::Courses(courses.iter().map(|(name, number)| (name.to_vec(), number)).collect()))
            }
            Node::Course(course) => {
                fs.course(course)?;
                let mut names = vec![
                    (DOCUMENTS.to_vec(), Node::Documents(course)),
                    (BACKUP.to_vec(), Node::Backup(course, Selection::ALL)),
                ];
                names.extend(fs.packages_of_course(course)?);
                names.extend(fs.tool_folders(course)?);
                names.sort_by(|(a, _), (b, _)| a.cmp(b));
                (Node::Root, Content::Named(names))
            }
            Node::Documents(course) => (Node::Course(course), Content::documents(fs, course, None)?),
            Node::Document(course, number) => {
                let row = fs.documents.identities.row(number).ok_or(FsError::NotFound)?;
                let content = Content::documents(fs, course, Some(row))?;
                (Node::Documents(course), content)
            }
            Node::Tool(..) => {
                let (parent, entries) = fs.tool_entries(node)?;
                (parent, Content::Named(entries))
            }
            Node::Learnpaths(course) => (Node::Course(course), Content::Named(fs.packages(course)?)),
            Node::Backup(..) | Node::Packages(_) | Node::Package(..) | Node::Temporary(..) | Node::TrashedBackup(_) => {
                return Err(FsError::NotAFolder);
            }
            Node::Trash(key) => {
                let (parent, names) = fs.list_trash(key)?;
                (parent, Content::Named(names))
            }
        };
        Ok(Listing { node, parent, content })
    }

    /// Hands the entries from `offset` on to `each`: the offset after the entry, its name, its attributes. Stops when
    /// `each` answers that it has no more room.
    pub(super) fn entries(
        &self,
        fs: &PortalFs,
        offset: u64,
        each: &mut dyn FnMut(u64, &[u8], &Attributes) -> bool,
    ) -> Result<(), FsError> {
        let first = usize::try_from(offset).unwrap_or(usize::MAX);
        let dots = [(b".".as_slice(), self.node), (b"..", self.parent)];
        for (position, (name, node)) in dots.into_iter().enumerate().skip(first) {
            let attributes = match fs.attributes(node) {
                // The folder was removed since it was opened; its listing ends here.
                Err(FsError::NotFound) => return Ok(()),
                attributes => attributes?,
            };
            if each(position as u64 + 1, name, &attributes) {
                return Ok(());
            }
        }
        let first = first.saturating_sub(2);
        let mut hand_out = |position: usize, name: &[u8], found: Result<Attributes, FsError>| match found {
            Ok(attributes) => Ok(each(position as u64 + 3, name, &attributes)),
            Err(FsError::NotFound) => Ok(false),
            Err(error) => Err(error),
        };
        match &self.content {
            Content::Courses(courses) => {
                for (position, (name, course)) in courses.iter().enumerate().skip(first) {
                    if hand_out(position, name, fs.attributes(Node::Course(*course)))? {
                        break;
                    }
                }
            }
            Content::Named(names) => {
                for (position, (name, node)) in names.iter().enumerate().skip(first) {
                    let found = match node {
                        Node::Backup(..) | Node::Packages(_) | Node::Package(..) => {
                            fs.archive_attributes_at_last_look(*node)
                        }
                        node => fs.attributes(*node),
                    };
                    if hand_out(position, name, found)? {
                        break;
                    }
                }
            }
            Content::Documents { course, documents, on_disk: Some(on_disk) } => {
                for (position, document) in documents.iter().enumerate().skip(first) {
                    let stat = stat_at(on_disk.as_fd(), &document.name).map_err(FsError::from_lookup);
                    let found = stat.and_then(|stat| fs.document_attributes(*course, document, &stat));
                    if hand_out(position, &document.name, found)? {
                        break;
                    }
                }
            }
            Content::Documents { on_disk: None, .. } => {}
        }
        Ok(())
    }
}

impl Content {
    fn documents(fs: &PortalFs, course: u32, folder: Option<i64>) -> Result<Content, FsError> {
        let mut path = b"document".to_vec();
        let documents: Vec<TreeDocument> = {
            let tree = fs.tree(course)?;
            let tree = tree.read();
            if let Some(iid) = folder {
                if !tree.get(iid).ok_or(FsError::NotFound)?.folder {
                    return Err(FsError::NotAFolder);
                }
                path.push(b'/');
                path.extend_from_slice(&tree.path(iid).ok_or(FsError::NotFound)?);
            }
            tree.children(folder).cloned().collect()
        };
        let on_disk = match fs.course_folder(course).and_then(|top| top.folder(&path).map_err(FsError::from_lookup)) {
            Ok(folder) => Some(folder),
            Err(FsError::NotFound) => None,
            Err(error) => return Err(error),
        };
        Ok(Content::Documents { course, documents, on_disk })
    }
}
