//! The common ground of the sample's writers: rows of one course, their keys by name, files, and the documents.

use std::collections::HashMap;

use super::content::{Attachment, Document, SampleCourse, State, Target};
use super::{STUDENT, SampleError};
use crate::course::Stamp;
use crate::course::document_rows::{self, DocumentKind, NewDocument};
use crate::course::property_rows::{self, NewProperty, Visibility};
use crate::course::staging::StagedCourse;
use crate::portal::database::{Session, Value};

/// A value list of one row.
pub(super) type Values<'a> = &'a [(&'a str, Value)];

/// Writes one course.
pub(super) struct Writer<'a> {
    pub session: &'a dyn Session,
    pub sample: &'static SampleCourse,
    pub stamp: Stamp,
    staged: &'a StagedCourse,
    course: i64,
    people: &'a [i64],
    keys: HashMap<(&'static str, &'static str), i64>,
}

impl<'a> Writer<'a> {
    pub fn new(
        session: &'a dyn Session,
        staged: &'a StagedCourse,
        sample: &'static SampleCourse,
        course: i64,
        stamp: Stamp,
        people: &'a [i64],
    ) -> Self {
        Writer { session, sample, stamp, staged, course, people, keys: HashMap::new() }
    }

    /// Inserts a row of the course and gives its second key `key`, if the table has one, the value of `iid`.
    pub fn insert(&self, table: &str, key: Option<&str>, values: Values<'_>) -> Result<i64, SampleError> {
        let mut row = vec![("c_id", self.course.into())];
        row.extend(key.map(|key| (key, Value::Int(0))));
        row.extend_from_slice(values);
        let iid = self.session.insert(table, &row)?;
        if let Some(key) = key {
            property_rows::set_second_key(self.session, table, key, iid)?;
        }
        Ok(iid)
    }

    /// Inserts the property of a visible item.
    pub fn property(&self, tool: &str, item: i64, edit: &str) -> Result<(), SampleError> {
        self.property_shown(tool, item, edit, None)
    }

    /// Inserts the property of a visible item that has a time of its own.
    pub fn property_shown(
        &self,
        tool: &str,
        item: i64,
        edit: &str,
        shown: Option<(&str, &str)>,
    ) -> Result<(), SampleError> {
        let property = NewProperty { tool, item, edit, visibility: Visibility::Visible, shown };
        property_rows::insert(self.session, self.course, &property, &self.stamp)?;
        Ok(())
    }

    /// Remembers the key of what people call `name`.
    pub fn remember(&mut self, target: Target, key: i64) {
        self.keys.insert(names(target), key);
    }

    /// The key of what was remembered.
    pub fn key(&self, target: Target) -> Result<i64, SampleError> {
        let (kind, name) = names(target);
        let missing = || SampleError::Reference { course: self.sample.code, name: format!("{kind} {name}") };
        self.keys.get(&(kind, name)).copied().ok_or_else(missing)
    }

    /// The id of one of the sample's people.
    pub fn person(&self, index: usize) -> Result<i64, SampleError> {
        let missing = || SampleError::Reference { course: self.sample.code, name: format!("person {index}") };
        self.people.get(index).copied().ok_or_else(missing)
    }

    /// Writes a file of the course, with the folders above it.
    pub fn file(&self, path: &str, content: &[u8]) -> Result<(), SampleError> {
        let failed = |source| SampleError::Files { course: self.sample.code, source };
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.folder(folder)?;
        }
        self.staged.write_file(path.as_bytes(), content).map_err(failed)
    }

    /// Makes a folder of the course.
    pub fn folder(&self, path: &str) -> Result<(), SampleError> {
        let failed = |source| SampleError::Files { course: self.sample.code, source };
        self.staged.create_folders(path.as_bytes()).map_err(failed)
    }

    /// Stores an attachment below `folder` and inserts its row, which names its owner in column `owner`. Chamilo
    /// calls the file by a random word; the sample takes one that tells the row.
    pub fn attachment(
        &self,
        table: &str,
        key: Option<&str>,
        folder: &str,
        owner: (&str, i64),
        attachment: &Attachment,
    ) -> Result<i64, SampleError> {
        let (column, item) = owner;
        let path = format!("sample{:03x}{item:04x}", self.course);
        self.file(&format!("{folder}/{path}"), attachment.content)?;
        let values = [
            ("path", path.into()),
            ("comment", attachment.comment.into()),
            ("size", document_rows::stored_size(attachment.content.len() as u64)),
            (column, item.into()),
            ("filename", attachment.name.into()),
        ];
        self.insert(table, key, &values)
    }

    /// Course picture, students and documents.
    pub fn files_and_documents(&mut self) -> Result<(), SampleError> {
        self.file("course-pic.png", self.sample.picture)?;
        self.file("course-pic85x85.png", self.sample.thumbnail)?;
        for student in self.people.iter().skip(1) {
            let sql = "SELECT max(sort) FROM course_rel_user WHERE user_id = ?";
            let sort = self.session.int(sql, &[(*student).into()])?.unwrap_or_default() + 1;
            let values = [
                ("user_id", (*student).into()),
                ("relation_type", 0.into()),
                ("status", STUDENT.into()),
                ("is_tutor", 0.into()),
                ("sort", sort.into()),
                ("user_course_cat", 0.into()),
            ];
            self.insert("course_rel_user", None, &values)?;
        }
        for document in self.sample.documents {
            let id = self.document(document)?;
            self.remember(Target::Document(document.path), id);
        }
        Ok(())
    }

    fn document(&self, document: &Document) -> Result<i64, SampleError> {
        let on_disk = format!("document{}", document.path);
        let kind = match document.content {
            Some(content) => DocumentKind::File { size: content.len() as u64 },
            None => DocumentKind::Folder,
        };
        let new = NewDocument {
            path: document.path.as_bytes(),
            title: document.title,
            comment: Some(document.comment).filter(|comment| !comment.is_empty()),
            kind,
            visible: document.state == State::Visible,
        };
        let id = document_rows::insert(self.session, self.course, &new, &self.stamp)?;
        let suffix = match document.state {
            State::Deleted => format!("_DELETED_{id}"),
            State::Visible | State::Invisible => String::new(),
        };
        match document.content {
            Some(content) => self.file(&format!("{on_disk}{suffix}"), content)?,
            None => self.folder(&on_disk)?,
        }
        if document.state == State::Deleted {
            self.soft_delete(id, &format!("{}{suffix}", document.path))?;
        }
        Ok(id)
    }

    /// What Chamilo's soft delete leaves: a new path, the property marked, and a second one from its second pass.
    fn soft_delete(&self, id: i64, path: &str) -> Result<(), SampleError> {
        self.session.execute("UPDATE c_document SET path = ? WHERE iid = ?", &[path.into(), id.into()])?;
        let sql = "UPDATE c_item_property SET visibility = 2, lastedit_type = 'DocumentDeleted' \
                   WHERE +c_id = ? AND tool = 'document' AND ref = ?";
        self.session.execute(sql, &[self.course.into(), id.into()])?;
        let tool = "document";
        let again = NewProperty { tool, item: id, edit: "delete", visibility: Visibility::Deleted, shown: None };
        property_rows::insert(self.session, self.course, &again, &self.stamp)?;
        Ok(())
    }
}

/// Kind and name of a target; a path's last page is a document like any other.
fn names(target: Target) -> (&'static str, &'static str) {
    match target {
        Target::Chapter(_) => ("chapter", ""),
        Target::Document(path) | Target::FinalDocument(path) => ("document", path),
        Target::Test(title) => ("test", title),
        Target::Link(title) => ("link", title),
        Target::Forum(title) => ("forum", title),
        Target::Thread(title) => ("thread", title),
        Target::Assignment(title) => ("assignment", title),
        Target::Path(title) => ("learning path", title),
        Target::Survey(title) => ("survey", title),
        Target::Attendance(title) => ("attendance", title),
    }
}
