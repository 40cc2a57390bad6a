//! What can be wrong with a portal: one entry for each kind of finding, and the finding itself.
//!
//! The entries are data: a name that scripts may rely on, what it means, what a person does about it, and what
//! `--repair` does. The checks that find them are beside this file.

use serde::{Serialize, Serializer};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Something is missing, wrong or in the way.
    Fault,
    /// Odd, and harmless: told, but no reason for an exit code.
    Note,
}

/// A kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name, for people and scripts.
    pub name: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// What `--repair` does about it; `None` if a person has to judge.
    pub mended: Option<&'static str>,
}

macro_rules! kinds {
    ($($constant:ident, $name:literal, $weight:ident, $meaning:literal, $remedy:literal, $mended:expr;)+) => {
        $(
            #[doc = $meaning]
            pub const $constant: &Kind = &Kind {
                name: $name,
                weight: Weight::$weight,
                meaning: $meaning,
                remedy: $remedy,
                mended: $mended,
            };
        )+

        /// All kinds, in the order in which they are documented.
        pub const KINDS: &[&Kind] = &[$($constant),+];
    };
}

kinds! {
    LEFTOVER, "leftover", Fault,
        "a change was cut off by a crash and its files still lie in app/cache",
        "run `coursefs check --repair`",
        Some("what was not committed is taken away, what was committed stays");
    FOLDER_WITHOUT_COURSE, "folder-without-course", Fault,
        "a folder in app/courses belongs to no course",
        "move it away if no course shall have it",
        None;
    ROWS_WITHOUT_COURSE, "rows-without-course", Fault,
        "rows belong to a course that does not exist",
        "delete them if the course was deleted",
        None;
    COURSE_CODE, "course-code", Fault,
        "the code of a course is no name for a folder, so mounts do not show the course",
        "give the course another code in Chamilo",
        None;
    COURSE_FOLDER, "course-folder", Fault,
        "a course has no folder on the disk",
        "restore its folder from a backup, or delete the course in Chamilo",
        None;
    SHARED_FOLDER, "shared-folder", Fault,
        "several courses have the same folder",
        "give each course a folder of its own (course.directory)",
        None;
    UNREADABLE, "unreadable", Fault,
        "something on the disk can't be looked at",
        "check its owner, mode and file system",
        None;
    DOCUMENT_WITHOUT_FILE, "document-without-file", Fault,
        "a document has rows but no file",
        "restore the file, or delete the document in Chamilo",
        None;
    FILE_WITHOUT_DOCUMENT, "file-without-document", Fault,
        "a file or folder among the documents has no row, so that neither Chamilo nor a mount shows it",
        "move it away and upload it in Chamilo if it is wanted",
        None;
    DOCUMENT_PATH, "document-path", Fault,
        "the path of a document is one that no file can have",
        "correct c_document.path",
        None;
    DOCUMENT_TYPE, "document-type", Fault,
        "a document is a file in its row and something else on the disk, or the other way round",
        "make both the same",
        None;
    DOCUMENT_SIZE, "document-size", Fault,
        "the size in the row of a document is not that of its file",
        "run `coursefs check --repair`",
        Some("the row gets the size of the file, and its time if that is later");
    DUPLICATE_PATH, "duplicate-path", Fault,
        "several documents of one course and session have the same path; the newest is shown",
        "delete the other rows, or give them other paths",
        None;
    PARENT_WITHOUT_ROW, "parent-without-row", Fault,
        "documents lie in a folder that has no row, so that they can't be reached",
        "run `coursefs check --repair`",
        Some("the folder gets rows, invisible to students, if it is there on the disk");
    NAME_ENCODING, "name-encoding", Fault,
        "a name on the disk is not UTF-8",
        "rename it (see convmv) together with its row",
        None;
    WITHOUT_PROPERTY, "without-property", Fault,
        "a document or item has no row in c_item_property, without which Chamilo does not show it",
        "run `coursefs check --repair`",
        Some("it gets one, invisible to students, if its file is there and it belongs to no session");
    WITHOUT_AUDIENCE, "without-audience", Note,
        "an announcement or event has no row in c_item_property: only teachers see it",
        "send it to somebody in Chamilo, if that is not meant so",
        None;
    PROPERTY_WITHOUT_ITEM, "property-without-item", Fault,
        "a row in c_item_property belongs to an item that does not exist",
        "run `coursefs check --repair`",
        Some("the row is deleted");
    DATES, "dates", Fault,
        "an item was last changed before it was made",
        "run `coursefs check --repair`",
        Some("the last change is set to when it was made");
    FILE_OF_ITEM, "file-of-item", Fault,
        "the file that an item names is not there",
        "restore the file, or remove it from the item in Chamilo",
        None;
    PACKAGE, "package", Fault,
        "the folder of a learning path's package is not there",
        "restore the folder, or delete the learning path in Chamilo",
        None;
    PACKAGE_WITHOUT_PATH, "package-without-path", Note,
        "a package in the scorm folder belongs to no learning path any more",
        "remove the folder if nothing else links to it",
        None;
    STEP_WITHOUT_PATH, "step-without-path", Fault,
        "a step belongs to a learning path that does not exist",
        "delete the row",
        None;
    STEP_TARGET, "step-target", Fault,
        "a step of a learning path shows something that does not exist",
        "remove the step in Chamilo, or let it show something else",
        None;
    STEP_PARENT, "step-parent", Fault,
        "a step of a learning path lies in a chapter that does not exist",
        "move the step in Chamilo",
        None;
    STEP_ORDER, "step-order", Fault,
        "the steps of a learning path do not follow one another",
        "run `coursefs check --repair`",
        Some("they are linked in the order in which they stand");
    PREREQUISITE, "prerequisite", Fault,
        "a learning path or step has to wait for one that does not exist",
        "run `coursefs check --repair`",
        Some("it waits for nothing, as when the other is deleted in Chamilo");
    PATH_CATEGORY, "path-category", Fault,
        "a learning path belongs to a category that does not exist",
        "run `coursefs check --repair`",
        Some("it belongs to none, as when the category is deleted in Chamilo");
    TEXT_ENCODING, "text-encoding", Note,
        "a text is not UTF-8, or was taken for Latin-1 once and turned into UTF-8 twice",
        "correct the text in Chamilo",
        None;
    TITLE_SLASH, "title-slash", Note,
        "a title has a slash in it, which names of files can't have",
        "nothing needs to be done",
        None;
    NULL_SESSION, "null-session", Note,
        "rows have no session id where Chamilo writes 0; some of its pages do not find them",
        "nothing needs to be done",
        None;
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    #[serde(serialize_with = "name_of")]
    pub kind: &'static Kind,
    /// How much it matters.
    pub weight: Weight,
    /// Code of the course; `None` for what belongs to none.
    pub course: Option<String>,
    /// The path below `app/courses/<directory>/document`, or of whatever else it is about; empty if it is about a row
    /// only. Bytes that are no printable UTF-8 are shown as `\x..`.
    pub path: String,
    /// The table of the row that it is about, if it is about one.
    pub table: Option<&'static str>,
    /// The primary key of that row.
    pub row: Option<i64>,
    /// What exactly is the matter.
    pub detail: String,
    /// Whether `--repair` has mended it.
    pub mended: bool,
}

fn name_of<S: Serializer>(kind: &&'static Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name)
}

impl Finding {
    /// A finding of `kind` about nothing in particular yet.
    pub fn new(kind: &'static Kind) -> Finding {
        Finding {
            kind,
            weight: kind.weight,
            course: None,
            path: String::new(),
            table: None,
            row: None,
            detail: String::new(),
            mended: false,
        }
    }

    /// About the file or folder `path`.
    pub fn at(mut self, path: &[u8]) -> Finding {
        self.path = shown(path);
        self
    }

    /// About the row of `table` with the primary key `row`.
    pub fn row(mut self, table: &'static str, row: i64) -> Finding {
        (self.table, self.row) = (Some(table), Some(row));
        self
    }

    /// Says what exactly is the matter.
    pub fn because(mut self, detail: impl Into<String>) -> Finding {
        self.detail = detail.into();
        self
    }

    /// Whether it is a fault that is still there.
    pub fn counts(&self) -> bool {
        self.weight == Weight::Fault && !self.mended
    }
}

impl std::fmt::Display for Finding {
    /// One line for people: what it is about, what is the matter, what to do.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: ", self.kind.name)?;
        if !self.path.is_empty() {
            write!(out, "{} ", self.path)?;
        }
        match (self.table, self.row) {
            (Some(table), Some(row)) if self.path.is_empty() => write!(out, "{table} {row}: ")?,
            (Some(table), Some(row)) => write!(out, "({table} {row}): ")?,
            (Some(table), None) => write!(out, "{table}: ")?,
            _ => out.write_str("– ")?,
        }
        out.write_str(if self.detail.is_empty() { self.kind.meaning } else { &self.detail })?;
        match (self.mended, self.kind.mended) {
            (true, Some(mended)) => write!(out, "; mended: {mended}"),
            _ => write!(out, "; {}", self.kind.remedy),
        }
    }
}

/// A name or text for people, on one line: what is no UTF-8 or would move the cursor is written as `\x..`.
pub fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter.is_control() {
                text.extend(letter.to_string().bytes().map(|byte| format!("\\x{byte:02x}")));
            } else {
                text.push(letter);
            }
        }
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_on_one_line_and_without_loss() {
        assert_eq!(shown("été/日本.txt".as_bytes()), "été/日本.txt");
        assert_eq!(shown(b"caf\xe9\n"), "caf\\xe9\\x0a");
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let mut names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
