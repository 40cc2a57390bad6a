//! Changing what is known of a document besides its bytes: mode, owner and times on the disk, length, and what Chamilo
//! knows of it (title, comment, visibility).

use rustix::fs::{FileType, Timespec, Timestamps, UTIME_OMIT};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::course::document::TreeChange;
use crate::course::document_edit;
use crate::filesystem::properties::PREFIX;
use crate::filesystem::{Attributes, Change, FsError, Node, PortalFs};

use super::open::{OpenDocument, Seen};

/// The longest title in characters (`c_document.title`).
const MAX_TITLE: usize = 255;

/// The permission bits that a file can have in the mount: all but setuid and setgid, which nothing in a course needs, and
/// which nobody would take away when the kernel writes to a file by itself.
pub const MODE_OF_FILE: u32 = 0o1777;

/// What can be set of what Chamilo knows.
enum Known<'a> {
    Title(&'a str),
    Comment(Option<&'a str>),
    Visible(bool),
}

impl PortalFs {
    /// Changes attributes of a document or of the Document folder, through the handle `open` if the kernel names one.
    pub(in crate::filesystem) fn change_document(
        &self,
        node: Node,
        change: &Change,
        open: Option<&OpenDocument>,
    ) -> Result<Attributes, FsError> {
        let (course, number) = match node {
            Node::Documents(course) => (course, None),
            Node::Document(course, number) => (course, Some(number)),
            _ => return Err(FsError::ReadOnly),
        };
        if let (Some(length), Some(number)) = (change.size, number) {
            self.set_length(course, number, length, open)?;
        }
        let others = change.mode.is_some() || change.uid.is_some() || change.gid.is_some();
        if others || change.atime.is_some() || change.mtime.is_some() {
            self.change_on_disk(course, number, change)?;
        }
        self.attributes(node)
    }

    fn set_length(&self, course: u32, node: u32, length: u64, open: Option<&OpenDocument>) -> Result<(), FsError> {
        if let Some(open) = open.filter(|open| open.writes) {
            return self.set_document_length(&open.shared, open.file(), length);
        }
        let open = self.open_document(course, node, true, false)?;
        let outcome = self.set_document_length(&open.shared, open.file(), length);
        // Whoever has it open for writing tells the row when it is closed, and so does this handle now.
        let released = self.release_document(&open);
        outcome.and(released)
    }

    fn change_on_disk(&self, course: u32, node: Option<u32>, change: &Change) -> Result<(), FsError> {
        let open = node.and_then(|node| self.documents.open.get(node));
        let on_disk = match node {
            None => self.course_folder(course)?.attributes_of(b"document").map_err(FsError::from_lookup)?,
            Some(node) => match self.document_row(course, node) {
                Ok((_, path)) => self.course_folder(course)?.attributes_of(&path).map_err(FsError::from_lookup)?,
                Err(FsError::NotFound) => {
                    let file = open.as_ref().ok_or(FsError::NotFound)?.file().try_clone()?;
                    crate::portal::storage::AttributesOf::from(file)
                }
                Err(error) => return Err(error),
            },
        };
        if change.uid.is_some() || change.gid.is_some() {
            on_disk.set_owner(change.uid, change.gid)?;
        }
        if let Some(mode) = change.mode {
            let folder = FileType::from_raw_mode(on_disk.stat()?.st_mode) == FileType::Directory;
            on_disk.set_mode(mode & if folder { 0o7777 } else { MODE_OF_FILE })?;
        }
        if change.atime.is_some() || change.mtime.is_some() {
            // A time that a program gives is no change of content.
            let before = on_disk.stat()?;
            let times = Timestamps { last_access: timespec(change.atime), last_modification: timespec(change.mtime) };
            on_disk.set_times(&times)?;
            if let Some(open) = open {
                let mut written = open.written();
                if written.told == Seen::of(&before) {
                    written.told = Seen::of(&on_disk.stat()?);
                }
            }
        }
        Ok(())
    }

    /// Sets an extended attribute of a document: `user.chamilo.title`, `.comment` or `.visibility`.
    pub(in crate::filesystem) fn set_document_property(
        &self,
        course: u32,
        node: u32,
        name: &str,
        value: Option<&[u8]>,
    ) -> Result<(), FsError> {
        let text = value.map(std::str::from_utf8).transpose();
        let text = text.map_err(|_| FsError::Value("the value is no UTF-8 text"))?;
        if text.is_some_and(|text| text.chars().any(|letter| letter > '\u{ffff}')) {
            return Err(FsError::Value("Chamilo's database can't hold characters beyond U+FFFF (such as emoji)"));
        }
        let known = match (name.strip_prefix(PREFIX), text) {
            (Some("title"), Some(text)) if text.chars().count() > MAX_TITLE => {
                return Err(FsError::Value("a title has at most 255 characters"));
            }
            (Some("title"), Some(text)) => Known::Title(text),
            (Some("comment"), text) => Known::Comment(text),
            (Some("visibility"), Some("visible")) => Known::Visible(true),
            (Some("visibility"), Some("invisible")) => Known::Visible(false),
            (Some("visibility"), Some(_)) => return Err(FsError::Value("the visibility is visible or invisible")),
            // Programs that copy attributes along go on without them.
            _ => return Err(FsError::NotKept),
        };
        self.change_documents(course, |changing, stamp| {
            let row = self.documents.identities.row(node).ok_or(FsError::NotFound)?;
            let document = changing.tree().get(row).ok_or(FsError::NotFound)?.clone();
            match known {
                Known::Title(title) => document_edit::set_title(changing.session, row, title)?,
                Known::Comment(comment) => document_edit::set_comment(changing.session, row, comment)?,
                Known::Visible(visible) => {
                    let course = changing.course.id;
                    document_edit::set_visibility(changing.session, course, document.key, visible, stamp)?;
                    changing.follow(TreeChange::Shown(row, visible));
                }
            }
            Ok(())
        })
    }
}

/// A time as the system calls want it, or that it stays as it is.
pub fn timespec(time: Option<SystemTime>) -> Timespec {
    let Some(time) = time else { return Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT } };
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => Timespec {
            tv_sec: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: since.subsec_nanos().into(),
        },
        Err(before) => {
            // Whole seconds count downwards, their fraction upwards.
            let before = before.duration();
            let (seconds, nanoseconds) = (i64::try_from(before.as_secs()).unwrap_or(i64::MAX), before.subsec_nanos());
            match nanoseconds {
                0 => Timespec { tv_sec: -seconds, tv_nsec: 0 },
                part => Timespec { tv_sec: -seconds - 1, tv_nsec: (1_000_000_000 - part).into() },
            }
        }
    }
}
