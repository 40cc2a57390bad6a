//! `course_info.dat` by the real `php`: it becomes the classes, properties, order and types that Chamilo 1.11 on PHP 7.4
//! writes and reads.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use coursefs::php::{self, Limits, Value as Php};
use coursefs::portal::database::Value as Column;
use serde_json::{Value, json};
use support::{Mount, TestCourse, TestPortal, contents, run};

const NAMESPACE: &str = "Chamilo\\CourseBundle\\Component\\CourseCopy\\";

/// What php makes of the `course_info.dat` in the mounted archive `archive`.
fn by_php(portal: &TestPortal, archive: &Path) -> Value {
    let file = portal.aside("course_info.dat");
    std::fs::write(&file, run("unzip", &[&"-p", &archive, &"course_info.dat"])).unwrap();
    let classes = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/course_classes.php");
    let shown: Value = serde_json::from_str(&run("php", &[&"-d", &"display_errors=stderr", &classes, &file])).unwrap();
    assert_eq!(shown["same"], json!(true), "php writes the object in another order");
    shown["course"].clone()
}

/// The pairs of an object of class `class`.
fn object<'a>(value: &'a Value, class: &str) -> &'a Vec<Value> {
    assert_eq!(value["object"], json!(class), "{value}");
    value["of"].as_array().unwrap()
}

fn array(value: &Value) -> &Vec<Value> {
    value["array"].as_array().unwrap_or_else(|| panic!("no array: {value}"))
}

fn keys(pairs: &[Value]) -> Vec<Value> {
    pairs.iter().map(|pair| pair[0].clone()).collect()
}

/// The value of the pair `key`.
fn get(pairs: &[Value], key: impl Into<Value>) -> &Value {
    let key = key.into();
    let found = pairs.iter().find(|pair| pair[0] == key);
    &found.unwrap_or_else(|| panic!("no {key}"))[1]
}

fn string(text: &str) -> Value {
    json!({ "string": text })
}

fn null() -> Value {
    json!({ "NULL": null })
}

fn no_entries() -> Value {
    json!({ "array": [] })
}

/// A column as PHP 7.4 fetches it: NULL, or a string.
fn column(value: &Column) -> Value {
    match value.to_text() {
        None => null(),
        Some(text) => string(std::str::from_utf8(&text).unwrap()),
    }
}

fn course_with_documents(portal: &TestPortal) -> TestCourse<'_> {
    let course = portal.course("GEO101");
    let set = "UPDATE course SET department_url = 'http://www.example.org/geo', department_name = 'Géo', \
               disk_quota = 400000000, category_code = 'LANG' WHERE id = ?";
    portal.execute(set, &[course.id().into()]);
    course.folder("/Lecon-1");
    let page = course.file("/Lecon-1/ete.html", b"<p>text</p>");
    portal.execute("UPDATE c_document SET title = 'Été; à la \"mer\"', comment = '' WHERE iid = ?", &[page.into()]);
    let hidden = course.file("/solution.txt", &[b'x'; 12_345]);
    course.set_visibility(hidden, 0);
    course
}

#[test]
fn the_course_object_has_chamilos_properties_in_order() {
    let portal = TestPortal::new();
    course_with_documents(&portal);
    let mount = Mount::of(&portal);
    let course = by_php(&portal, &mount.join("GEO101/backup.zip"));
    let course = object(&course, &format!("{NAMESPACE}Course"));
    let names = [
        "resources",
        "code",
        "path",
        "destination_path",
        "destination_db",
        "encoding",
        "backup_path",
        "type",
        "info",
        // What Chamilo's form does not tell; its importer does not look at it.
        "coursefs",
    ];
    assert_eq!(json!(keys(course)), json!(names));
    assert_eq!(*get(course, "code"), string("GEO101"));
    assert_eq!(*get(course, "encoding"), string("UTF-8"));
    assert_eq!(*get(course, "type"), string("complete"));
    assert_eq!(*get(course, "destination_path"), null());
    assert_eq!(*get(course, "destination_db"), null());
    let path = get(course, "path")["string"].as_str().unwrap();
    assert!(path.starts_with('/') && path.ends_with("/GEO101/"), "{path}");
    assert_eq!(get(course, "backup_path")["string"], path.trim_end_matches('/'));
    assert!(!path.contains(portal.root().to_str().unwrap()), "the server's own path is nobody's business");
}

#[test]
fn info_has_chamilos_41_keys_in_order_and_the_values_of_the_course() {
    let portal = TestPortal::new();
    let test_course = course_with_documents(&portal);
    let mount = Mount::of(&portal);
    let course = by_php(&portal, &mount.join("GEO101/backup.zip"));
    let info = array(get(object(&course, &format!("{NAMESPACE}Course")), "info"));
    let wanted = "id real_id code name title official_code visual_code sysCode path directory creation_date titular \
                  tutor_name language extLink categoryCode category_code categoryName visibility subscribe_allowed \
                  subscribe unsubscribe course_language activate_legal legal show_score department_name department_url \
                  registration_code disk_quota course_public_url course_sys_path add_teachers_to_sessions_courses \
                  course_image_source course_image course_image_large_source course_image_large \
                  course_email_image_source course_email_image course_email_image_large_source \
                  course_email_image_large";
    let wanted: Vec<&str> = wanted.split_whitespace().collect();
    assert_eq!(wanted.len(), 41);
    assert_eq!(json!(keys(info)), json!(wanted));

    let row = &portal.rows("SELECT * FROM course WHERE id = ?", &[test_course.id().into()])[0];
    let of_columns = [
        ("id", "code"),
        ("real_id", "id"),
        ("code", "code"),
        ("name", "title"),
        ("title", "title"),
        ("official_code", "visual_code"),
        ("visual_code", "visual_code"),
        ("sysCode", "code"),
        ("path", "directory"),
        ("directory", "directory"),
        ("creation_date", "creation_date"),
        ("titular", "tutor_name"),
        ("tutor_name", "tutor_name"),
        ("language", "course_language"),
        ("categoryCode", "category_code"),
        ("category_code", "category_code"),
        ("visibility", "visibility"),
        ("subscribe_allowed", "subscribe"),
        ("subscribe", "subscribe"),
        ("unsubscribe", "unsubscribe"),
        ("course_language", "course_language"),
        ("legal", "legal"),
        ("show_score", "show_score"),
        ("department_name", "department_name"),
        ("department_url", "department_url"),
        ("disk_quota", "disk_quota"),
    ];
    for (key, name) in of_columns {
        assert_eq!(*get(info, key), column(row.get(name)), "{key}");
    }
    assert_eq!(*get(info, "disk_quota"), string("400000000"));
    let link = array(get(info, "extLink"));
    assert_eq!(json!(keys(link)), json!(["url", "name"]));
    assert_eq!(*get(link, "url"), string("http://www.example.org/geo"));
    assert_eq!(*get(link, "name"), string("Géo"));
    let category = portal.rows("SELECT name FROM course_category WHERE code = 'LANG'", &[]);
    assert_eq!(*get(info, "categoryName"), category.first().map_or(null(), |row| column(row.get("name"))));
    assert_eq!(*get(info, "registration_code"), null());
    assert_eq!(*get(info, "course_email_image"), null());
    assert_eq!(*get(info, "course_email_image_source"), string(""));
}

#[test]
fn documents_have_chamilos_properties_order_and_types() {
    let portal = TestPortal::new();
    let test_course = course_with_documents(&portal);
    let mount = Mount::of(&portal);
    let course = by_php(&portal, &mount.join("GEO101/backup.zip"));
    let resources = array(get(object(&course, &format!("{NAMESPACE}Course")), "resources"));
    assert_eq!(json!(keys(resources)), json!(["document", "quiz"]));
    let documents = array(get(resources, "document"));
    let rows = "SELECT * FROM c_document WHERE c_id = ? AND path NOT IN ('/shared_folder', '/chat_files')";
    let mut rows = portal.rows(rows, &[test_course.id().into()]);
    rows.sort_by_key(|row| row.bytes("path"));
    assert_eq!(documents.len(), rows.len());
    assert_eq!(rows.len(), 4);
    let names = [
        "path",
        "comment",
        "file_type",
        "size",
        "title",
        "source_id",
        "destination_id",
        "type",
        "linked_resources",
        "item_properties",
        "obj",
        "extraFields",
    ];
    for (document, row) in documents.iter().zip(rows) {
        assert_eq!(document[0], json!(row.int("iid").unwrap()), "the key in the list");
        let document = object(&document[1], &format!("{NAMESPACE}Resources\\Document"));
        assert_eq!(json!(keys(document)), json!(names));
        assert_eq!(*get(document, "path"), string(&format!("document{}", row.text("path"))));
        for (property, name) in [
            ("comment", "comment"),
            ("file_type", "filetype"),
            ("size", "size"),
            ("title", "title"),
            ("source_id", "iid"),
        ] {
            assert_eq!(*get(document, property), column(row.get(name)), "{property}");
        }
        assert_eq!(*get(document, "destination_id"), json!({ "integer": -1 }));
        assert_eq!(*get(document, "type"), string("document"));
        assert_eq!(*get(document, "linked_resources"), no_entries());
        assert_eq!(*get(document, "obj"), null());
        assert_eq!(*get(document, "extraFields"), no_entries());
    }
}

#[test]
fn item_properties_have_every_column_by_name_and_by_position() {
    let portal = TestPortal::new();
    let test_course = course_with_documents(&portal);
    // A second row, as Chamilo writes one for a document shown to a group.
    let copy = "INSERT INTO c_item_property (c_id, insert_user_id, tool, insert_date, lastedit_date, ref, \
                lastedit_type, lastedit_user_id, visibility, session_id) SELECT c_id, 1, tool, insert_date, \
                '2025-01-01 00:00:00', ref, 'Other', 1, 0, NULL FROM c_item_property \
                WHERE tool = 'document' AND c_id = ?";
    portal.execute(copy, &[test_course.id().into()]);
    let mount = Mount::of(&portal);
    let course = by_php(&portal, &mount.join("GEO101/backup.zip"));
    let resources = array(get(object(&course, &format!("{NAMESPACE}Course")), "resources"));
    let wanted = "iid c_id to_group_id to_user_id insert_user_id session_id id tool insert_date lastedit_date ref \
                  lastedit_type lastedit_user_id visibility start_visible end_visible";
    let names: Vec<&str> = wanted.split_whitespace().collect();
    let by_both: Vec<Value> = names.iter().enumerate().flat_map(|(at, name)| [json!(name), json!(at)]).collect();
    for document in array(get(resources, "document")) {
        let rows = "SELECT * FROM c_item_property WHERE tool = 'document' AND ref = ? ORDER BY iid";
        let rows = portal.rows(rows, &[document[0].as_i64().unwrap().into()]);
        let properties =
            array(get(object(&document[1], &format!("{NAMESPACE}Resources\\Document")), "item_properties"));
        assert_eq!(keys(properties), [json!(0), json!(1)]);
        assert_eq!(rows.len(), 2);
        for (property, row) in properties.iter().zip(rows) {
            let property = array(&property[1]);
            assert_eq!(keys(property), by_both);
            for (at, name) in names.iter().enumerate() {
                let value = column(row.get(name));
                assert_eq!((get(property, *name), get(property, at)), (&value, &value), "{name}");
            }
        }
    }
}

#[test]
fn the_test_of_orphan_questions_stands_in_every_backup() {
    for (language, title) in
        [("english", "Orphan questions"), ("french", "Questions orphelines"), ("spanish", "Preguntas huérfanas")]
    {
        let portal = TestPortal::new();
        let course = portal.course("GEO101");
        let set = "UPDATE course SET course_language = ? WHERE id = ?";
        portal.execute(set, &[language.into(), course.id().into()]);
        let mount = Mount::of(&portal);
        let course = by_php(&portal, &mount.join("GEO101/backup.zip"));
        let resources = array(get(object(&course, &format!("{NAMESPACE}Course")), "resources"));
        let quiz = array(get(resources, "quiz"));
        assert_eq!(keys(quiz), [json!(-1)]);
        let wanted = json!([
            ["obj", { "object": "stdClass", "of": [
                ["iid", { "integer": -1 }],
                ["title", { "string": title }],
                ["type", { "integer": 2 }],
                ["quiz_type", { "integer": 2 }],
            ] }],
            ["source_id", { "integer": -1 }],
            ["destination_id", { "integer": -1 }],
            ["type", { "string": "quiz" }],
            ["linked_resources", { "array": [] }],
            ["item_properties", { "array": [] }],
            ["extraFields", { "array": [] }],
        ]);
        assert_eq!(json!(object(&quiz[0][1], &format!("{NAMESPACE}Resources\\Quiz"))), wanted);
    }
}

/// Names and types of what a value holds, without the values and without regard to the order of properties, which
/// differs between versions of PHP.
fn shape(value: &Php<'_>) -> String {
    let pairs = |entries: &[(php::Key<'_>, Php<'_>)]| {
        let shown =
            entries.iter().map(|(key, value)| format!("{}: {}", String::from_utf8_lossy(&key.plain()), shape(value)));
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        shown.join(", ")
    };
    match value {
        Php::Null => "null".into(),
        Php::Int(_) => "int".into(),
        Php::String(_) => "string".into(),
        Php::Array(entries) => format!("[{}]", pairs(entries)),
        Php::Object(object) => format!("{} {{{}}}", String::from_utf8_lossy(&object.class), pairs(&object.properties)),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_chamilo_wrote_and_what_is_written_here_have_the_same_shape() {
    let portal = TestPortal::new();
    portal.reference_course();
    let mount = Mount::of(&portal);
    let theirs = contents(&std::fs::read(support::reference_backup()).unwrap()).serialized;
    let ours = contents(&std::fs::read(mount.join("REF000/backup.zip")).unwrap()).serialized;
    let read = |serialized: &'static [u8]| php::read(serialized, &Limits::default()).unwrap().0;
    let (theirs, ours) = (read(theirs.leak()), read(ours.leak()));
    // What depends on the portal: NULL here and a text there.
    let may_be_null = [
        "legal",
        "registration_code",
        "add_teachers_to_sessions_courses",
        "activate_legal",
        "categoryName",
        "titular",
        "tutor_name",
    ];
    let info = |course: &Php<'_>| {
        let entries = course.get("info").unwrap().entries().to_vec();
        let kept =
            entries.into_iter().filter(|(key, _)| !may_be_null.contains(&&*String::from_utf8_lossy(&key.plain())));
        shape(&Php::Array(kept.map(|(key, value)| (key.into_owned(), value.into_owned())).collect()))
    };
    assert_eq!(info(&ours), info(&theirs));
    let document = |course: &Php<'_>, path: &str| {
        let documents = course.get("resources").and_then(|resources| resources.get("document")).unwrap().entries();
        let found = documents.iter().find(|(_, document)| document.get("path").unwrap().as_text().unwrap() == path);
        shape(&found.unwrap_or_else(|| panic!("no {path}")).1)
    };
    for path in ["document/certificates", "document/reading/sheet.pdf"] {
        assert_eq!(document(&ours, path), document(&theirs, path), "{path}");
    }
    let top = |course: &Php<'_>| {
        let properties = &course.as_object().unwrap().properties;
        let names = properties.iter().map(|(key, _)| String::from_utf8_lossy(&key.plain()).into_owned());
        names.filter(|name| name != "coursefs").collect::<Vec<_>>()
    };
    assert_eq!(top(&ours), top(&theirs));
}
