//! What the rows of a course say of its backup, in one state of the database: the serialized course, and which files
//! go with it. Nothing of the disk is looked at.

use crate::archive::FileIdentity;
use crate::course;
use crate::course::document::{Document, Properties, Written};
use crate::course::extra_field;
use crate::course::item::{Items, Record};
use crate::course::tool::{self, Table};
use crate::portal::Portal;
use crate::portal::database::{Columns, DatabaseExt, Other, Row, Session, Value};

use super::contents::{LookedAhead, LookedAt};
use super::links::{Links, Patch};
use super::loose_files::Loose;
use super::restore::is_page;
use super::safe_names::SafeNames;
use super::selection::Selection;
use super::serialized::{Checksum, Documents, Measure, Serialized};
use super::texts;
use super::{BackupError, Contents, users};
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::thread::ScopedJoinHandle;

/// The longest page in which links are looked for, in bytes.
const LONGEST_PAGE: u64 = 8 << 20;

/// A number that no course has. Not 0: rows of the whole portal may have that.
const NO_COURSE: i64 = -1;

/// A page of a course in which some documents have other names in the archive.
#[derive(Debug)]
pub struct Page {
    /// The file that was looked at.
    pub identity: FileIdentity,
    /// What was replaced, and how long the page is then; `None` if nothing had to be.
    pub rewritten: Option<(Vec<Patch>, u64)>,
}

/// Other names in the archive than on the disk, and the pages with links to them.
#[derive(Debug)]
pub struct Renamed {
    /// The names.
    pub names: SafeNames,
    /// Pages by the key of their document.
    pub pages: HashMap<i64, Page>,
    directory: Vec<u8>,
    portal_url: String,
}

impl Renamed {
    /// The names as links see them.
    pub fn links(&self) -> Links<'_> {
        Links { names: &self.names, directory: &self.directory, portal_url: &self.portal_url }
    }

    /// Reads the pages of a course whose names are not all safe; `None` if they are.
    fn look(portal: &Portal, rows: &CourseRows, place: &Place) -> Result<Option<Renamed>, BackupError> {
        let Some(names) = SafeNames::of(&rows.documents) else { return Ok(None) };
        let (directory, portal_url) = (place.directory.clone(), rows.portal_url.clone());
        let mut renamed = Renamed { names, pages: HashMap::new(), directory, portal_url };
        for document in &rows.documents {
            if let Some((identity, html)) = read_page(portal, place, document)? {
                let rewritten = renamed.links().rewrite(&html, Some(&document.path));
                let rewritten = rewritten.map(|(page, patches)| (patches, page.len() as u64));
                renamed.pages.insert(document.iid, Page { identity, rewritten });
            }
        }
        Ok(Some(renamed))
    }
}

/// Reads a document if it is a page of sensible length.
fn read_page(
    portal: &Portal,
    place: &Place,
    document: &Document,
) -> Result<Option<(FileIdentity, Vec<u8>)>, BackupError> {
    if document.folder || !is_page(&document.path) {
        return Ok(None);
    }
    let path = [place.directory.as_slice(), b"/", &below_documents(&document.path)].concat();
    // What is not there, or no file, is judged by whoever looks at all files.
    let Ok(file) = portal.courses_folder().open_file(&path) else { return Ok(None) };
    let failed = |source| BackupError::Files {
        course: place.code.clone(),
        path: String::from_utf8_lossy(&path).into_owned(),
        source,
    };
    let identity = FileIdentity::of_file(&file).map_err(failed)?;
    if identity.size > LONGEST_PAGE {
        return Ok(None);
    }
    let mut html = Vec::new();
    (&file).read_to_end(&mut html).map_err(failed)?;
    Ok(Some((identity, html)))
}

/// The rows as the form of `course_info.dat` needs them.
pub struct CourseRows {
    /// The row of `course`.
    pub course: Row,
    /// Name of the course's category, NULL if it has none.
    pub category_name: Value,
    /// The portal's address, with a slash at its end.
    pub portal_url: String,
    /// Documents in the order of their paths.
    pub documents: Vec<Document>,
    /// Values of their extra fields, by the documents' keys.
    pub document_fields: HashMap<i64, Vec<Row>>,
    /// Items of all other tools.
    pub items: Items,
    /// Marks of the users that rows name.
    pub users: Vec<(i64, String)>,
    /// Names in the archive that differ, `None` if there are none.
    pub renamed: Option<Arc<Renamed>>,
    /// What of the course it is.
    pub selection: Selection,
}

/// A file or folder that the rows name.
#[derive(Debug)]
pub struct Listed {
    /// Its path below the course's folder.
    pub place: Arc<[u8]>,
    /// Its name in the archive, if that is another.
    pub name: Option<Arc<[u8]>>,
    /// For a page that was read: the file that was, and the length it has in the archive if that is another.
    /// (Boxed: few have one, and a course has many files.)
    pub page: Option<Box<(FileIdentity, Option<u64>)>>,
    /// Whether it is a folder.
    pub folder: bool,
    /// For a folder that belongs into the archive even if it is not on the disk: the time of its last edit, in seconds
    /// since 1970 UTC.
    pub without_disk: Option<i64>,
}

/// Where a course lies.
#[derive(Debug)]
pub struct Place {
    /// Its code, for messages.
    pub code: String,
    /// Its folder below `app/courses/`.
    pub directory: Vec<u8>,
}

/// What the rows of a course say of its backup.
#[derive(Debug)]
pub struct Rows {
    /// Where the course lies.
    pub place: Place,
    /// When the newest row was written, in seconds since 1970 UTC.
    pub changed: i64,
    /// Length of the serialized course in the archive, in bytes.
    pub length: u64,
    /// Hash of the serialized course.
    pub hash: u128,
    /// Files and folders in the order of their places, each once.
    pub listed: Vec<Listed>,
    /// Names in the archive that differ, `None` if there are none.
    pub renamed: Option<Arc<Renamed>>,
    /// Files that no row names, as the serialized course tells them.
    pub loose: Loose,
}

/// What a course's rows say, with the serialized course and the files, all of one moment.
pub struct Loaded {
    /// What the rows say.
    pub rows: Arc<Rows>,
    /// The serialized course.
    pub course_info: Serialized,
    /// The files.
    pub contents: Contents,
}

impl Rows {
    /// Reads the rows of the course with the number `course`. Its documents' files are looked at as soon as their places are
    /// known, the others while the course is serialized.
    pub fn load(portal: &Portal, course: i64, selection: Selection) -> Result<Loaded, BackupError> {
        Rows::load_with(portal, course, selection, Checksum::Now)
    }

    /// The same for whoever may ask for the size, and hardly for more.
    pub fn load_ahead(portal: &Portal, course: i64, selection: Selection) -> Result<Loaded, BackupError> {
        Rows::load_with(portal, course, selection, Checksum::Asked)
    }

    fn load_with(
        portal: &Portal,
        course: i64,
        selection: Selection,
        checksum: Checksum,
    ) -> Result<Loaded, BackupError> {
        let (rows, place, loose, looked, measure) = std::thread::scope(|scope| {
            let mut ahead = None;
            let mut look_ahead = |directory: Vec<u8>, places| {
                ahead = Some(scope.spawn(move || LookedAhead::look(portal, &directory, places)));
            };
            let mut rows = Rows::read(portal, course, selection, &mut look_ahead)?;
            let place = Place { code: rows.course.text("code"), directory: rows.course.bytes("directory") };
            let mut page =
                |document: &Document| read_page(portal, &place, document).ok().flatten().map(|(_, page)| page);
            selection.apply(&mut rows, &mut page);
            rows.renamed = Renamed::look(portal, &rows, &place)?.map(Arc::new);
            let links = rows.renamed.as_deref().map(Renamed::links);
            texts::archive(&mut rows.items, links.as_ref());
            let loose = Loose::look(portal, &rows, &place);
            let loose = loose.map_err(|source| BackupError::Loose { course: place.code.clone(), source })?;
            let (looked, measure) = std::thread::scope(|scope| {
                let looking = scope.spawn(|| {
                    let ahead = ahead.map(ScopedJoinHandle::join).transpose().map_err(|_| BackupError::Fault)?;
                    let ahead = ahead.unwrap_or_default();
                    let listed = listed(&rows, &ahead);
                    LookedAt::look(portal, &place, &listed, &loose, &ahead).map(|files| (listed, files))
                });
                let measure = Measure::course(&rows, &loose, checksum);
                (looking.join(), measure)
            });
            Ok::<_, BackupError>((rows, place, loose, looked, measure))
        })?;
        let (listed, files) = looked.map_err(|_| BackupError::Fault)??;
        let changed = changed(&rows);
        let CourseRows { documents: list, document_fields: fields, renamed, .. } = rows;
        let course_info = measure.of(Documents { list, fields, renamed: renamed.clone() });
        let rows = Arc::new(Rows {
            place,
            changed,
            length: course_info.held.len() as u64,
            hash: course_info.hash,
            listed,
            renamed,
            loose,
        });
        Ok(Loaded { contents: Contents::new(Arc::clone(&rows), files), rows, course_info })
    }

    /// Asks of documents and items what [`load`](Rows::load) asks, of a course that is not there, so that who looks first
    /// need not wait until statements are prepared.
    pub fn prepare(portal: &Portal) -> Result<(), BackupError> {
        portal.database().read_pair(|session, other| {
            read_documents(session, other, NO_COURSE, &mut |_| {})?;
            Ok(Items::prepare(session, NO_COURSE)?)
        })
    }

    /// Reads the rows. Where documents lie is told to `look_ahead` as soon as it is known.
    fn read(
        portal: &Portal,
        course: i64,
        selection: Selection,
        look_ahead: &mut dyn FnMut(Vec<u8>, Vec<Arc<[u8]>>),
    ) -> Result<CourseRows, BackupError> {
        portal.database().read_pair(|session, other| {
            let sql = "SELECT * FROM course WHERE id = ?";
            let row = session.row(sql, &[course.into()])?.ok_or(BackupError::NoCourse(course))?;
            let sql = "SELECT name FROM course_category WHERE code = ?";
            let category = session.row(sql, &[row.get("category_code").clone()])?;
            let category_name = category.map_or(Value::Null, |category| category.get("name").clone());
            let documents = read_documents(session, other, course, &mut |documents| {
                if selection.is_all() {
                    let places = documents.iter().map(|document| place_of(&document.path)).collect();
                    look_ahead(row.bytes("directory"), places);
                }
            })?;
            let items = Items::load(session, row.clone(), named_documents(&documents, selection))?;
            let named = users::named(&items, documents.iter().flat_map(|document| document.properties.iter()));
            let users = users::marks(session, &named)?;
            let portal_url = course::course_url(session, course)?;
            let keys: Vec<i64> = documents.iter().map(|document| document.iid).collect();
            let document_fields = extra_field::load(session, extra_field::DOCUMENT, &keys)?;
            Ok(CourseRows {
                course: row,
                category_name,
                portal_url,
                documents,
                document_fields,
                items,
                users,
                renamed: None,
                selection,
            })
        })
    }
}

/// The keys of the documents that rows of items may lead to, by their paths.
fn named_documents(documents: &[Document], selection: Selection) -> HashMap<Vec<u8>, i64> {
    let key = |document: &Document| (document.path.clone(), document.iid);
    if !selection.is_all() {
        // Only pages of a selection lead to any document.
        return documents.iter().map(key).collect();
    }
    let below = |folder: &'static str| {
        let first = documents.partition_point(|document| *document.path < *folder.as_bytes());
        let rest = documents.get(first..).unwrap_or_default().iter();
        rest.take_while(move |document| document.path.starts_with(folder.as_bytes()))
    };
    tool::document_folders().into_iter().flat_map(below).map(key).collect()
}

/// Reads the documents of a course, in two sessions if there are two. Those that `c_document` has are told to `written`
/// first.
fn read_documents(
    session: &dyn Session,
    other: Other<'_>,
    course: i64,
    written: &mut dyn FnMut(&Written),
) -> Result<Vec<Document>, BackupError> {
    std::thread::scope(|scope| {
        let properties = other.map(|other| scope.spawn(move || Properties::load(other, course)));
        let documents = Written::load(session, course)?;
        written(&documents);
        let properties = match properties {
            Some(reading) => reading.join().map_err(|_| BackupError::Fault)??,
            None => Properties::load(session, course)?,
        };
        Ok(documents.shown(&properties))
    })
}

fn below_documents(path: &[u8]) -> Vec<u8> {
    [b"document/".as_slice(), path].concat()
}

/// Where a document lies below the course's folder.
fn place_of(path: &[u8]) -> Arc<[u8]> {
    b"document/".iter().chain(path).copied().collect()
}

fn listed(rows: &CourseRows, ahead: &LookedAhead) -> Vec<Listed> {
    let mut listed: Vec<Listed> = Vec::with_capacity(rows.documents.len());
    let mut known = ahead.places().iter().peekable();
    for document in &rows.documents {
        // Links have no file.
        if document.folder || document.row.as_text("filetype") == b"file" {
            let renamed = rows.renamed.as_ref();
            let name = renamed.and_then(|renamed| renamed.names.get(&document.path)).map(below_documents);
            let page = renamed.and_then(|renamed| renamed.pages.get(&document.iid));
            let is_of = |place: &Arc<[u8]>, path: &[u8]| place.strip_prefix(b"document/").cmp(&Some(path));
            while known.next_if(|place| is_of(place, &document.path).is_lt()).is_some() {}
            let place = known.peek().filter(|place| is_of(place, &document.path).is_eq());
            listed.push(Listed {
                place: place.map_or_else(|| place_of(&document.path), |place| Arc::clone(place)),
                name: name.map(Vec::into),
                page: page.map(|page| Box::new((page.identity, page.rewritten.as_ref().map(|(_, length)| *length)))),
                folder: document.folder,
                without_disk: document.folder.then(|| newest_edit(document.properties.iter())),
            });
        }
    }
    for (kind, items) in rows.items.iter() {
        for item in items {
            files_of(&kind.table, &item.record, &mut listed);
        }
    }
    listed.sort_by(|a, b| a.place.cmp(&b.place));
    // Two rows with one path are two resources, but one file.
    listed.dedup_by(|later, first| later.place == first.place);
    listed
}

/// The files and folders that a record and those below it name.
fn files_of(table: &Table, record: &Record, listed: &mut Vec<Listed>) {
    if let Some(files) = &table.files {
        let name = record.bytes(files.column);
        let plain =
            !name.is_empty() && name != b"." && name != b".." && !name.iter().any(|byte| matches!(byte, b'/' | 0));
        if plain {
            for name in files.small_name(&name).into_iter().chain([name]) {
                let place = [files.folder.as_bytes(), b"/", &name].concat().into();
                listed.push(Listed { place, name: None, page: None, folder: false, without_disk: None });
            }
        }
    }
    if let Some(path) = table.directory.and_then(|directory| directory.path(record)) {
        listed.push(Listed { place: path.into(), name: None, page: None, folder: true, without_disk: None });
    }
    for (child, records) in table.children.iter().zip(&record.children) {
        for record in records {
            files_of(child, record, listed);
        }
    }
}

fn changed(rows: &CourseRows) -> i64 {
    let documents = rows.documents.iter().flat_map(|document| document.properties.iter());
    let items = rows.items.iter().flat_map(|(_, items)| items).flat_map(|item| &item.properties);
    let newest = newest_edit(documents.chain(items));
    newest.max(unix_time(&rows.course.bytes("creation_date")).unwrap_or(0))
}

/// The newest time of last edit among property rows.
pub(crate) fn newest_edit<'a>(properties: impl IntoIterator<Item = &'a Row>) -> i64 {
    let mut columns = Columns::new(["lastedit_date"]);
    let dates = properties.into_iter().filter_map(|property| match columns.of(property) {
        // Dates sort as text: only the newest has to be understood.
        [Value::Text(date)] => Some(&**date),
        _ => None,
    });
    dates.max().and_then(unix_time).unwrap_or(0)
}

/// A `DATETIME` of the database (UTC) in seconds since 1970; `None` for zero dates and what is no date.
pub(crate) fn unix_time(date: &[u8]) -> Option<i64> {
    let date = std::str::from_utf8(date).ok()?;
    let date: jiff::civil::DateTime = date.parse().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(date).ok().map(|timestamp| timestamp.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_asked_of_a_course_can_be_prepared() {
        let dir = tempfile::tempdir().unwrap();
        let portal = Portal::init(&dir.path().join("portal")).unwrap();
        Rows::prepare(&portal).unwrap();
    }

    #[test]
    fn dates_of_the_database_are_utc() {
        assert_eq!(unix_time(b"2024-03-01 09:00:00"), Some(1_709_283_600));
        assert_eq!(unix_time(b"0000-00-00 00:00:00"), None);
        assert_eq!(unix_time(b""), None);
    }
}
