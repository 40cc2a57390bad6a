//! Courses that are made and deleted through the mount: `mkdir` and `rmdir` at its top.
//!
//! A folder there is a course, so only what Chamilo would take as a course's code can become one: what file managers
//! drop everywhere (`.Trash-1000`, `.DS_Store`) is refused. Documents and the synthetic files of a course belong to it:
//! making them in a course that a process has just made, and removing them on the way to removing the course, succeeds
//! and means nothing (see [`absent`](super::absent)).

use rustix::fs::Timestamps;

use crate::course::create::{self, NewCourse};
use crate::course::{delete, names};
use crate::portal::database::DatabaseExt;

use super::documents::timespec;
use super::{Attributes, Change, DOCUMENTS, FsError, LEARNPATHS, Node, PortalFs};

/// Names that file managers and operating systems give files of their own, without a dot in front.
const DROPPINGS: [&[u8]; 3] = [b"Thumbs.db", b"desktop.ini", b"lost+found"];

impl PortalFs {
    /// Makes the folder `name` in a folder that is none for documents, in the name of the process `caller`.
    pub fn make_other_folder(&self, parent: Node, name: &[u8], caller: u32) -> Result<Attributes, FsError> {
        self.writable()?;
        match parent {
            Node::Root => {
                let course = self.make_course(name)?;
                self.absent.course_made(course, caller);
                self.attributes(Node::Course(course))
            }
            // It is there and believed not to be: for a process that has just made the course, or removed the folder.
            Node::Course(course) if name == DOCUMENTS || name == LEARNPATHS => {
                self.absent.appears(Node::Course(course), name);
                self.lookup(parent, name)
            }
            Node::Course(course) => self.make_tool_folder(course, name),
            Node::Tool(..) => self.make_item_folder(parent, name, caller),
            _ => Err(FsError::ReadOnly),
        }
    }

    fn make_course(&self, name: &[u8]) -> Result<u32, FsError> {
        let shown = String::from_utf8_lossy(name).into_owned();
        if name.starts_with(b".") || DROPPINGS.contains(&name) {
            return Err(FsError::NoCourse(shown));
        }
        if name.len() > names::MAX_CODE {
            return Err(FsError::LongCode(shown));
        }
        let new = NewCourse { code: shown.clone(), title: shown, ..NewCourse::default() };
        let course = create::create(&self.portal, &new, &self.stamp())?;
        tracing::info!("course {} was made", new.code);
        let Some(Node::Course(number)) = Node::course(course.id) else { return Err(FsError::NotFound) };
        Ok(number)
    }

    /// Removes the folder `name` in a folder that is none for documents. What `caller` believes to have removed stays
    /// away for it for a moment.
    pub fn remove_other_folder(&self, parent: Node, name: &[u8], caller: u32) -> Result<(), FsError> {
        self.writable()?;
        match parent {
            Node::Root => self.delete_course(self.courses()?.named(name).ok_or(FsError::NotFound)?),
            Node::Course(course) if name == DOCUMENTS || name == LEARNPATHS => {
                if self.has_entries(self.lookup(parent, name)?.node)? {
                    return Err(FsError::NotEmpty);
                }
                self.absent.removed(Node::Course(course), name, caller);
                Ok(())
            }
            Node::Course(_) | Node::Tool(..) => self.remove_tool_folder(parent, name, caller),
            Node::Trash(key) => self.forget_trashed(key, name),
            _ => Err(FsError::ReadOnly),
        }
    }

    /// Deletes a course in which nothing is shown any more that could be removed for itself.
    fn delete_course(&self, number: u32) -> Result<(), FsError> {
        let course = self.course(number)?;
        let code = String::from_utf8_lossy(&course.code).into_owned();
        if self.options.keep_courses {
            return Err(FsError::CoursesKept(code));
        }
        let files = self.has_entries(Node::Documents(number))? || self.has_entries(Node::Learnpaths(number))?;
        if files || self.has_items(number)? {
            return Err(FsError::NotEmpty);
        }
        self.portal.database().read(|session| delete::check(session, &course))?;
        self.before_removal(number)?;
        // What is being restored into it ends first.
        let turn = self.uploads.turns.take(number);
        let left = delete::delete(&self.portal, &course, &self.stamp())?;
        drop(turn);
        self.absent.course_gone(number);
        self.tools.course_gone(number);
        self.forget_all_waiting(number);
        match left {
            Some(left) => tracing::info!(
                "course {code} was deleted; its files are kept in app/cache/{}",
                String::from_utf8_lossy(&left)
            ),
            None => tracing::info!("course {code} was deleted; it had no folder"),
        }
        Ok(())
    }

    /// Whether a listing of the folder `node` shows anything.
    fn has_entries(&self, node: Node) -> Result<bool, FsError> {
        let listing = match self.open_folder(node) {
            Err(FsError::NotFound) => return Ok(false),
            listing => listing?,
        };
        let mut found = false;
        self.read_folder(&listing, 0, &mut |_, name, _| {
            found |= name != b"." && name != b"..";
            found
        })?;
        Ok(found)
    }

    /// Changes attributes of a course's folder. Programs that copy a folder give the copy its times, which are kept, and
    /// mode and owner, which stay Chamilo's: it could not go on working with the course else.
    pub(super) fn change_course(&self, course: u32, change: &Change) -> Result<Attributes, FsError> {
        if change.atime.is_some() || change.mtime.is_some() {
            let times = Timestamps { last_access: timespec(change.atime), last_modification: timespec(change.mtime) };
            let directory = self.course(course)?.directory;
            self.portal.courses_folder().attributes_of(&directory).map_err(FsError::from_lookup)?.set_times(&times)?;
        }
        self.attributes(Node::Course(course))
    }
}
