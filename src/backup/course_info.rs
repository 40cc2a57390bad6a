//! `course_info.dat`: the course as the serialized PHP object that Chamilo's importer reads.
//!
//! Class and property names, their order (that of PHP 7.4) and the types of values are those of Chamilo 1.11.32's
//! CourseBuilder; numbers from the database are strings, as PHP 7.4 gets them. Where Chamilo would write paths of its
//! server or the hash of a course password, neutral values stand: an archive should not tell them to its readers.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};

use crate::course::tool::learnpath;
use crate::php::{self, Key, Sink, Writer};
use crate::portal::database::{Row, Value};

use super::documents;
use super::loose_files::{self, Loose};
use super::rows::CourseRows;
use super::{extras, resource, users};

/// What all class names begin with.
pub const NAMESPACE: &str = "Chamilo\\CourseBundle\\Component\\CourseCopy\\";

/// Where a Chamilo server keeps its courses, in the paths of the archive; no reader uses it.
const NEUTRAL_COURSES: &str = "/var/www/chamilo/app/courses/";

/// Writes the serialized Course object into `sink`, the course's files that no row names too.
pub fn write<S: Sink>(rows: &CourseRows, loose: &Loose, sink: S) -> S {
    let mut writer = Writer::new(sink);
    let course = &rows.course;
    let directory = course.text("directory");
    writer.begin_object(format!("{NAMESPACE}Course").as_bytes(), 10);
    writer.property(b"resources");
    resources(rows, loose, &mut writer);
    text_property(&mut writer, b"code", &course.bytes("code"));
    text_property(&mut writer, b"path", format!("{NEUTRAL_COURSES}{directory}/").as_bytes());
    for name in [b"destination_path".as_slice(), b"destination_db"] {
        writer.property(name);
        writer.null();
    }
    text_property(&mut writer, b"encoding", b"UTF-8");
    text_property(&mut writer, b"backup_path", format!("{NEUTRAL_COURSES}{directory}").as_bytes());
    text_property(&mut writer, b"type", if rows.selection.is_all() { b"complete" } else { b"partial" });
    writer.property(b"info");
    info(rows, &mut writer);
    writer.property(extras::NAME.as_bytes());
    writer.value(&php::Value::Array(vec![(Key::from("users"), users::write(&rows.users))]));
    writer.end();
    writer.finish()
}

/// Types of a learning path's steps that show a document, but that Chamilo's importer looks up under the type itself:
/// it finds the document if the very same object stands under that key too (Chamilo 1.11, CourseRestorer).
pub const SHOWN_BY_STEPS: [&str; 3] = ["final_item", "readout_text", "video"];

/// Keys of the map that no item is under.
const NOT_FOR_STEPS: [&str; 2] = [loose_files::PACKAGE.0, "session_course"];

fn resources<S: Sink>(rows: &CourseRows, loose: &Loose, writer: &mut Writer<S>) {
    let has_documents = !rows.documents.is_empty();
    let keys = LazyCell::new(|| rows.documents.iter().map(|document| document.iid).collect::<HashSet<_>>());
    let shown: Vec<(&str, Vec<i64>)> = SHOWN_BY_STEPS
        .into_iter()
        .map(|kind| {
            let documents = learnpath::documents_of(&rows.items, kind);
            (kind, documents.into_iter().filter(|document| keys.contains(document)).collect())
        })
        .filter(|(_, documents): &(&str, Vec<i64>)| !documents.is_empty())
        .collect();
    let mut lost = learnpath::lost_paths(&rows.items, &SHOWN_BY_STEPS);
    // Pictures stand under this key too.
    let lost_assets = lost.remove(loose_files::ASSET.0).unwrap_or_default();
    // Other programs may have made steps of types that are no words; nothing stands under such a key twice.
    lost.retain(|kind, _| !NOT_FOR_STEPS.contains(&kind.as_str()));
    let mut slots = HashMap::new();
    let count =
        usize::from(has_documents) + resource::count(&rows.items) + loose_files::count(rows, loose, &lost_assets);
    writer.begin_array(count + shown.len() + lost.len());
    if has_documents {
        writer.key_str(b"document");
        writer.begin_array(rows.documents.len());
        slots = documents::write(rows, writer, &shown.iter().flat_map(|(_, documents)| documents).copied().collect());
        writer.end();
    }
    resource::write_all(&rows.items, writer);
    loose_files::write(rows, loose, &lost_assets, writer);
    for (kind, paths) in lost {
        writer.key_str(kind.as_bytes());
        writer.begin_array(paths.len());
        for path in paths {
            loose_files::write_step(&path, writer);
        }
        writer.end();
    }
    for (kind, documents) in shown {
        writer.key_str(kind.as_bytes());
        writer.begin_array(documents.len());
        for document in documents {
            writer.key_int(document);
            match slots.get(&document) {
                Some(slot) => writer.reference(php::Reference::Object(*slot)),
                None => writer.null(),
            }
        }
        writer.end();
    }
    writer.end();
}

/// The properties that every resource has (Chamilo 1.11, class Resource), in their PHP 7.4 place after its own: those
/// after `source_id`. `item_properties` writes that one.
pub fn rest_of_resource<S: Sink>(
    writer: &mut Writer<S>,
    kind: &str,
    item_properties: impl FnOnce(&mut Writer<S>),
    fields: &[Row],
) {
    writer.property(b"destination_id");
    writer.int(-1);
    last_of_resource(writer, kind, item_properties, fields);
}

/// Those after `destination_id`.
pub fn last_of_resource<S: Sink>(
    writer: &mut Writer<S>,
    kind: &str,
    item_properties: impl FnOnce(&mut Writer<S>),
    fields: &[Row],
) {
    text_property(writer, b"type", kind.as_bytes());
    empty_list(writer, b"linked_resources");
    item_properties(writer);
    writer.property(b"obj");
    writer.null();
    writer.property(b"extraFields");
    writer.value(&extras::fields(fields));
}

/// Where an entry of the `info` array comes from.
enum Source {
    /// A column of `course`.
    Column(&'static str),
    /// A column of `course` that old installations lack or leave NULL; PHP's `false` then.
    Flag(&'static str),
    Null,
    Empty,
    CategoryName,
    /// Name and URL of the department.
    ExternalLink,
    /// The course's page on its portal.
    PublicUrl,
    /// The course's folder on its server.
    Folder,
    /// A picture of the portal, below its root.
    Picture(&'static str),
}

/// The `info` array: what Chamilo's course-info function returns, in its order. Importers read `path` only.
const INFO: &[(&str, Source)] = &[
    ("id", Source::Column("code")),
    ("real_id", Source::Column("id")),
    ("code", Source::Column("code")),
    ("name", Source::Column("title")),
    ("title", Source::Column("title")),
    ("official_code", Source::Column("visual_code")),
    ("visual_code", Source::Column("visual_code")),
    ("sysCode", Source::Column("code")),
    ("path", Source::Column("directory")),
    ("directory", Source::Column("directory")),
    ("creation_date", Source::Column("creation_date")),
    ("titular", Source::Column("tutor_name")),
    ("tutor_name", Source::Column("tutor_name")),
    ("language", Source::Column("course_language")),
    ("extLink", Source::ExternalLink),
    ("categoryCode", Source::Column("category_code")),
    ("category_code", Source::Column("category_code")),
    ("categoryName", Source::CategoryName),
    ("visibility", Source::Column("visibility")),
    ("subscribe_allowed", Source::Column("subscribe")),
    ("subscribe", Source::Column("subscribe")),
    ("unsubscribe", Source::Column("unsubscribe")),
    ("course_language", Source::Column("course_language")),
    ("activate_legal", Source::Flag("activate_legal")),
    ("legal", Source::Column("legal")),
    ("show_score", Source::Column("show_score")),
    ("department_name", Source::Column("department_name")),
    ("department_url", Source::Column("department_url")),
    ("registration_code", Source::Null),
    ("disk_quota", Source::Column("disk_quota")),
    ("course_public_url", Source::PublicUrl),
    ("course_sys_path", Source::Folder),
    ("add_teachers_to_sessions_courses", Source::Column("add_teachers_to_sessions_courses")),
    ("course_image_source", Source::Empty),
    ("course_image", Source::Picture("main/img/icons/48/course.png")),
    ("course_image_large_source", Source::Empty),
    ("course_image_large", Source::Picture("main/img/session_default.png")),
    ("course_email_image_source", Source::Empty),
    ("course_email_image", Source::Null),
    ("course_email_image_large_source", Source::Empty),
    ("course_email_image_large", Source::Null),
];

fn info<S: Sink>(rows: &CourseRows, writer: &mut Writer<S>) {
    let course = &rows.course;
    let directory = course.text("directory");
    writer.begin_array(INFO.len());
    for (key, source) in INFO {
        writer.key_str(key.as_bytes());
        match source {
            Source::Column(name) => column(writer, course.get(name)),
            Source::Flag(name) => match course.get(name) {
                Value::Null => writer.bool(false),
                value => column(writer, value),
            },
            Source::Null => writer.null(),
            Source::Empty => writer.string(b""),
            Source::CategoryName => column(writer, &rows.category_name),
            Source::ExternalLink => {
                writer.begin_array(2);
                writer.key_str(b"url");
                column(writer, course.get("department_url"));
                writer.key_str(b"name");
                column(writer, course.get("department_name"));
                writer.end();
            }
            Source::PublicUrl => {
                writer.string(format!("{}courses/{directory}/index.php", rows.portal_url).as_bytes());
            }
            Source::Folder => writer.string(format!("{NEUTRAL_COURSES}{directory}/").as_bytes()),
            Source::Picture(path) => writer.string(format!("{}{path}", rows.portal_url).as_bytes()),
        }
    }
    writer.end();
}

pub fn text_property<S: Sink>(writer: &mut Writer<S>, name: &[u8], value: &[u8]) {
    writer.property(name);
    writer.string(value);
}

pub fn empty_list<S: Sink>(writer: &mut Writer<S>, name: &[u8]) {
    writer.property(name);
    writer.begin_array(0);
    writer.end();
}

/// A column's value as PHP 7.4 fetches it: NULL, or a string.
pub fn column<S: Sink>(writer: &mut Writer<S>, value: &Value) {
    match value {
        Value::Null => writer.null(),
        Value::Text(text) => writer.string(text),
        Value::Int(number) => writer.digits(*number),
        Value::Float(_) => writer.string(&value.to_text().unwrap_or_default()),
    }
}
