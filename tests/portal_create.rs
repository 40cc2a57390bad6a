//! A new course has the rows and folders that Chamilo gives it, or nothing of it is there.
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use coursefs::course::create::{CreateError, NewCourse, create};
use coursefs::course::document_rows::{self, DocumentKind, NewDocument};
use coursefs::course::{Course, Stamp, course_url};
use coursefs::portal::database::{DatabaseError, DatabaseExt, Row, Session, Value};
use coursefs::portal::{Access, Portal};
use support::portals;

const ADMIN: i64 = 1;

fn stamp() -> Stamp {
    Stamp { user: ADMIN, time: "2026-09-01T08:00:00Z".parse().unwrap() }
}

fn new_course(code: &str) -> NewCourse {
    NewCourse {
        code: code.into(),
        title: "Géographie".into(),
        language: Some("french".into()),
        category: "LANG".into(),
        ..NewCourse::default()
    }
}

fn portal() -> (tempfile::TempDir, Portal) {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    (folder, portal)
}

fn rows(portal: &Portal, sql: &str) -> Vec<Row> {
    portal.database().read(|session| session.rows(sql, &[])).unwrap()
}

fn set(portal: &Portal, variable: &str, value: &str) {
    let sql = "UPDATE settings_current SET selected_value = ? WHERE variable = ?";
    let changed = portal.database().write(|session| session.execute(sql, &[value.into(), variable.into()]));
    assert!(changed.unwrap() > 0, "{variable}");
}

/// How many rows each table has, and every path below `app`.
fn state(portal: &Portal) -> (Vec<(String, i64)>, Vec<String>) {
    let counts = portals::tables(portal).into_iter().map(|name| {
        let count = rows(portal, &format!("SELECT count(*) AS n FROM `{name}`"))[0].int("n").unwrap();
        (name, count)
    });
    let mut paths = Vec::new();
    walk(&portal.root().join("app"), &mut paths);
    (counts.collect(), paths)
}

fn walk(folder: &Path, paths: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        paths.push(path.display().to_string());
        if path.is_dir() {
            walk(&path, paths);
        }
    }
    paths.sort();
}

#[test]
fn a_new_course_has_the_rows_that_chamilo_writes() {
    let (_folder, portal) = portal();
    let before = state(&portal).0;
    create(&portal, &new_course("GEO101"), &stamp()).unwrap();
    let mut written: Vec<(String, i64)> = Vec::new();
    for ((name, old), (_, new)) in before.into_iter().zip(state(&portal).0) {
        if new != old {
            written.push((name, new - old));
        }
    }
    let expected = [
        ("access_url_rel_course", 1),
        ("c_course_setting", 24),
        ("c_document", 3),
        ("c_group_category", 1),
        ("c_item_property", 3),
        ("c_tool", 24),
        ("course", 1),
        ("course_rel_user", 1),
        ("extra_field_values", 2),
        ("track_e_default", 1),
    ];
    assert_eq!(written, expected.map(|(name, count)| (name.to_owned(), count)));
    assert_eq!(portals::broken_keys(&portal), [""; 0]);
}

#[test]
fn the_course_row_holds_codes_dates_quota_and_defaults() {
    let (_folder, portal) = portal();
    let new = NewCourse { department_url: Some("example.org/geo".into()), ..new_course("GEO101") };
    let course = create(&portal, &new, &stamp()).unwrap();
    assert_eq!(course.code, b"GEO101");
    assert_eq!(course.directory, b"GEO101");
    assert_eq!(course.language, "french");
    assert_eq!(course.disk_quota, Some(100_000_000));
    let row = &rows(&portal, "SELECT * FROM course")[0];
    assert_eq!(row.text("visual_code"), "GEO101");
    assert_eq!(row.text("title"), "Géographie");
    assert_eq!(row.int("visibility"), Some(2));
    assert_eq!((row.int("subscribe"), row.int("unsubscribe"), row.int("show_score")), (Some(1), Some(0), Some(1)));
    assert_eq!(row.text("creation_date"), "2026-09-01 08:00:00");
    assert_eq!(row.text("expiration_date"), "2027-09-01 08:00:00");
    assert_eq!(row.text("department_url"), "http://example.org/geo");
    for empty in ["last_visit", "registration_code", "legal", "activate_legal", "course_type_id", "room_id"] {
        assert_eq!(row.get(empty), &Value::Null, "{empty}");
    }
}

#[test]
fn tools_are_numbered_and_shown_as_in_chamilo() {
    let (_folder, portal) = portal();
    create(&portal, &new_course("GEO101"), &stamp()).unwrap();
    let tools = rows(&portal, "SELECT * FROM c_tool ORDER BY iid");
    let ids: Vec<i64> = tools.iter().filter_map(|tool| tool.int("id")).collect();
    assert_eq!(ids, (1..=20).chain(24..=27).collect::<Vec<i64>>());
    let hidden: Vec<i64> =
        tools.iter().filter(|tool| tool.int("visibility") == Some(0)).filter_map(|tool| tool.int("id")).collect();
    assert_eq!(hidden, [19, 20, 24, 25, 26, 27]);
    let wiki = &tools[14];
    assert_eq!(
        ["name", "link", "image", "address", "category", "target", "admin"].map(|column| wiki.text(column)),
        ["wiki", "wiki/index.php", "wiki.gif", "squaregrey.gif", "interaction", "_self", "0"]
    );
    assert_eq!(tools[23].text("address"), "");
    assert_eq!(tools[23].text("admin"), "1");
}

#[test]
fn search_adds_its_tool_before_those_of_administrators() {
    let (_folder, portal) = portal();
    set(&portal, "search_enabled", "true");
    create(&portal, &new_course("GEO101"), &stamp()).unwrap();
    let ids: Vec<i64> =
        rows(&portal, "SELECT id FROM c_tool ORDER BY iid").iter().filter_map(|r| r.int("id")).collect();
    assert_eq!(ids[19..], [20, 23, 24, 25, 26, 27]);
}

#[test]
fn settings_follow_the_platform_where_chamilo_says_so() {
    let (_folder, portal) = portal();
    set(&portal, "allow_public_certificates", "true");
    create(&portal, &new_course("GEO101"), &stamp()).unwrap();
    let settings = rows(&portal, "SELECT * FROM c_course_setting ORDER BY iid");
    let value = |name: &str| settings.iter().find(|row| row.text("variable") == name).unwrap().text("value");
    assert_eq!(value("email_alert_manager_on_new_quiz"), "1");
    assert_eq!(value("allow_public_certificates"), "1");
    assert_eq!(value("documents_default_visibility"), "visible");
    assert_eq!(value("show_course_in_user_language"), "2");
    assert_eq!(settings[19].text("category"), "");
    assert_eq!(settings.iter().filter_map(|row| row.int("id")).collect::<Vec<_>>(), (1..=24).collect::<Vec<_>>());
}

#[test]
fn the_first_documents_are_three_hidden_folders_of_which_one_is_on_disk() {
    let (_folder, portal) = portal();
    create(&portal, &new_course("GEO101"), &stamp()).unwrap();
    let sql = "SELECT d.path, d.title, d.id, d.iid, d.filetype, p.* FROM c_document d \
               JOIN c_item_property p ON p.ref = d.id AND p.tool = 'document' ORDER BY d.iid";
    let documents = rows(&portal, sql);
    let paths: Vec<String> = documents.iter().map(|row| row.text("path")).collect();
    assert_eq!(paths, ["/shared_folder", "/chat_files", "/certificates"]);
    assert_eq!(documents[0].text("title"), "Répertoires des utilisateurs");
    for row in &documents {
        assert_eq!(row.text("lastedit_type"), "DocumentAdded");
        assert_eq!(row.int("visibility"), Some(0));
        for null in ["to_group_id", "to_user_id", "session_id", "start_visible", "end_visible"] {
            assert_eq!(row.get(null), &Value::Null, "{null}");
        }
    }
    let document = portal.root().join("app/courses/GEO101/document");
    assert!(document.join("chat_files").is_dir());
    assert!(!document.join("chat_files/index.html").exists());
    assert!(!document.join("certificates").exists());
}

#[test]
fn folders_have_their_guards_and_the_modes_of_the_settings() {
    let (_folder, portal) = portal();
    set(&portal, "permissions_for_new_directories", "0750");
    set(&portal, "permissions_for_new_files", "0640");
    create(&portal, &new_course("GEO101"), &stamp()).unwrap();
    let course = portal.root().join("app/courses/GEO101");
    let guarded = [
        "document",
        "dropbox",
        "group",
        "page",
        "scorm",
        "upload",
        "upload/forum",
        "upload/forum/images",
        "upload/test",
        "upload/blog",
        "upload/learning_path",
        "upload/learning_path/images",
        "upload/calendar",
        "upload/calendar/images",
        "work",
        "upload/announcements",
        "upload/announcements/images",
        "exercises",
    ];
    for folder in guarded {
        assert!(course.join(folder).join("index.html").is_file(), "{folder}");
    }
    let mut paths = Vec::new();
    walk(&course, &mut paths);
    let folders = paths.iter().filter(|path| Path::new(path).is_dir()).count();
    assert_eq!(folders, guarded.len() + 1);
    assert!(std::fs::read_to_string(course.join("dropbox/.htaccess")).unwrap().contains("denied"));
    let mode = |path: &str| std::fs::metadata(course.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("work"), mode("work/index.html")), (0o750, 0o750, 0o640));
}

#[test]
fn failing_creations_say_why_and_leave_nothing() {
    let (_folder, portal) = portal();
    create(&portal, &new_course("GEO101"), &stamp()).unwrap();
    std::fs::create_dir(portal.root().join("app/courses/OLD")).unwrap();
    let before = state(&portal);

    let taken = create(&portal, &new_course("GEO101"), &stamp()).unwrap_err();
    assert!(matches!(taken, CreateError::CodeTaken(ref code) if code == "GEO101"), "{taken}");
    let folder = create(&portal, &new_course("OLD"), &stamp()).unwrap_err();
    assert!(matches!(folder, CreateError::FolderTaken(_)), "{folder}");
    let code = create(&portal, &new_course("Géo 1"), &stamp()).unwrap_err();
    assert!(code.to_string().contains("GEO1"), "{code}");
    let long = NewCourse { title: "é".repeat(251), ..new_course("LONG") };
    assert!(matches!(create(&portal, &long, &stamp()), Err(CreateError::TitleTooLong { length: 251, .. })));
    let nobody = Stamp { user: 77, ..stamp() };
    assert!(matches!(create(&portal, &new_course("NOBODY"), &nobody), Err(CreateError::NoSuchUser(77))));

    assert_eq!(state(&portal), before);
}

#[test]
fn a_refused_row_takes_the_folder_away_again() {
    let (_folder, portal) = portal();
    portals::fail_on_insert(&portal, "extra_field_values", None, "no more fields");
    let before = state(&portal);
    let refused = create(&portal, &new_course("GEO101"), &stamp()).unwrap_err();
    assert!(refused.to_string().contains("no more fields"), "{refused}");
    assert_eq!(state(&portal), before);
}

#[test]
fn a_failed_commit_takes_the_published_folder_away_again() {
    // Embedded: the other database has no keys that wait, see `portal_mariadb` for what can happen to its commits.
    let folder = tempfile::tempdir().unwrap();
    let portal = Portal::init(folder.path()).unwrap();
    // A deferred key is only checked by COMMIT, when the folder is in its place already.
    let deferred = [
        "CREATE TABLE never (id INT REFERENCES course (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER late AFTER INSERT ON extra_field_values BEGIN INSERT INTO never VALUES (-1); END",
    ];
    portal.database().write(|session| deferred.iter().try_for_each(|sql| session.execute(sql, &[]).map(drop))).unwrap();
    let before = state(&portal);
    let refused = create(&portal, &new_course("GEO101"), &stamp()).unwrap_err();
    assert!(refused.to_string().contains("FOREIGN KEY"), "{refused}");
    assert_eq!(state(&portal), before);
}

#[test]
fn of_two_creations_at_once_each_gets_its_course_and_of_two_alike_one() {
    let (folder, portal) = portal();
    let other = Portal::open(folder.path(), Access::ReadWrite).unwrap();
    let outcomes = std::thread::scope(|scope| {
        let tasks = [(&portal, "A1"), (&other, "B1"), (&portal, "SAME"), (&other, "SAME")]
            .map(|(portal, code)| scope.spawn(move || create(portal, &new_course(code), &stamp())));
        tasks.map(|task| task.join().unwrap().is_ok())
    });
    assert_eq!(outcomes[..2], [true, true]);
    assert!(outcomes[2] != outcomes[3], "{outcomes:?}");
    let courses = portal.database().read(|session| Course::list(session)).unwrap();
    assert_eq!(courses.len(), 3);
    for course in courses {
        let directory = String::from_utf8(course.directory).unwrap();
        assert!(portal.root().join("app/courses").join(directory).join("document/index.html").is_file());
    }
    assert_eq!(std::fs::read_dir(portal.root().join("app/cache")).unwrap().count(), 0);
}

#[test]
fn a_course_of_another_url_has_the_address_of_that() {
    let (_folder, portal) = portal();
    let here = create(&portal, &new_course("HERE"), &stamp()).unwrap().id;
    let there = create(&portal, &new_course("THERE"), &stamp()).unwrap().id;
    let nowhere = create(&portal, &new_course("NOWHERE"), &stamp()).unwrap().id;
    let changed = portal.database().write(|session| {
        let url = "INSERT INTO access_url (id, url, description, active, created_by) VALUES (?, ?, '', 1, 1)";
        session.execute(url, &[2.into(), "https://other.example.org".into()])?;
        let moved = "UPDATE access_url_rel_course SET access_url_id = 2 WHERE c_id = ?";
        let changed = session.execute(moved, &[there.into()])?;
        session.execute("DELETE FROM access_url_rel_course WHERE c_id = ?", &[nowhere.into()])?;
        Ok::<_, DatabaseError>(changed)
    });
    assert_eq!(changed.unwrap(), 1);
    let address = |id| portal.database().read(|session| course_url(session, id)).unwrap();
    assert_eq!(address(here), "http://localhost/");
    assert_eq!(address(there), "https://other.example.org/");
    assert_eq!(address(nowhere), "http://localhost/");
    // All of them are shown, whatever URL they belong to.
    assert_eq!(portal.database().read(Course::list).unwrap().len(), 3);
}

#[test]
fn courses_are_found_by_their_exact_code() {
    let (_folder, portal) = portal();
    let id = create(&portal, &new_course("GEO101"), &stamp()).unwrap().id;
    let find = |code: &str| portal.database().read(|session| Course::by_code(session, code.as_bytes())).unwrap();
    assert_eq!(find("GEO101").map(|course| course.id), Some(id));
    assert_eq!(find("geo101"), None);
    assert_eq!(find("GEO"), None);
}

fn in_course(work: impl FnOnce(&dyn Session, i64)) {
    let (_folder, portal) = portal();
    let course = create(&portal, &new_course("GEO101"), &stamp()).unwrap().id;
    portal
        .database()
        .write(|session| {
            work(session, course);
            Ok::<_, DatabaseError>(())
        })
        .unwrap();
}

fn document(path: &[u8], kind: DocumentKind) -> NewDocument<'_> {
    NewDocument { path, title: "Les volcans", comment: None, kind, visible: true }
}

#[test]
fn an_entered_document_has_its_second_key_and_one_property() {
    in_course(|session, course| {
        let file = document("/Leçon 1.html".as_bytes(), DocumentKind::File { size: 7 });
        let iid = document_rows::insert(session, course, &file, &stamp()).unwrap();
        let row = session.row("SELECT * FROM c_document WHERE iid = ?", &[iid.into()]).unwrap().unwrap();
        assert_eq!((row.int("id"), row.int("size"), row.text("filetype")), (Some(iid), Some(7), "file".into()));
        let sql = "SELECT * FROM c_item_property WHERE tool = 'document' AND ref = ?";
        let properties = session.rows(sql, &[iid.into()]).unwrap();
        assert_eq!(properties.len(), 1);
        assert_eq!(properties[0].int("id"), properties[0].int("iid"));
        assert_eq!(properties[0].text("lastedit_type"), "DocumentVisible");
        assert_eq!(properties[0].get("session_id"), &Value::Null);
    });
}

#[test]
fn a_path_that_the_table_can_not_hold_is_refused() {
    in_course(|session, course| {
        let path = format!("/{}", "é".repeat(255));
        let kind = DocumentKind::File { size: 0 };
        let long = document_rows::insert(session, course, &document(path.as_bytes(), kind), &stamp()).unwrap_err();
        assert!(long.to_string().contains("256 characters"), "{long}");
        for path in ["", "/", "a", "/a/", "/a//b", "/../a", "/a/.", "/a\0"] {
            let refused = document_rows::insert(session, course, &document(path.as_bytes(), kind), &stamp());
            assert!(refused.is_err(), "{path:?}");
        }
        assert!(document_rows::insert(session, course, &document(&path.as_bytes()[..509], kind), &stamp()).is_ok());
    });
}

#[test]
fn a_change_is_noted_on_every_folder_above_and_no_other() {
    in_course(|session, course| {
        let folders = ["/a_b", "/a_b/c", "/aXb"].map(|path| {
            document_rows::insert(session, course, &document(path.as_bytes(), DocumentKind::Folder), &stamp()).unwrap()
        });
        let later = Stamp { time: "2026-09-02T08:00:00Z".parse().unwrap(), ..stamp() };
        document_rows::touch_ancestors(session, course, b"/a_b/c/d.txt", &later).unwrap();
        let edits = folders.map(|folder| {
            let sql = "SELECT lastedit_type, lastedit_date FROM c_item_property WHERE tool = 'document' AND ref = ?";
            let row = session.row(sql, &[folder.into()]).unwrap().unwrap();
            (row.text("lastedit_type"), row.text("lastedit_date"))
        });
        let touched = ("DocumentInFolderUpdated".to_owned(), "2026-09-02 08:00:00".to_owned());
        let untouched = ("FolderCreated".to_owned(), "2026-09-01 08:00:00".to_owned());
        assert_eq!(edits, [touched.clone(), touched, untouched]);
    });
}
