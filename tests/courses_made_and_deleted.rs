//! Courses are made by `mkdir` and deleted by `rm -r` in a mount, as Chamilo makes and deletes them.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use coursefs::portal::database::{DatabaseExt, Value};
use coursefs::portal::{Access, Portal, schema};
use support::{Ended, Mount, TestPortal, names, run, snapshot, start};

fn errno(outcome: std::io::Result<()>) -> Option<i32> {
    outcome.err().and_then(|error| error.raw_os_error())
}

/// Why something was refused at the top of the mount.
fn reason(mount: &Mount) -> String {
    run("getfattr", &[&"--only-values", &"--absolute-names", &"-n", &"user.chamilo.error", &mount.path()])
}

/// How many rows of each table know the course by number or code.
fn rows_of(portal: &TestPortal, id: i64, code: &str) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    for (column, value) in [("c_id", Value::from(id)), ("course_id", id.into()), ("course_code", code.into())] {
        let tables = portal.portal.database().read(|session| session.tables_with(column)).unwrap();
        for table in tables {
            let sql = format!("SELECT COUNT(*) AS number FROM `{table}` WHERE `{column}` = ?");
            let number = portal.rows(&sql, std::slice::from_ref(&value))[0].int("number").unwrap();
            if number > 0 {
                found.push((table, number));
            }
        }
    }
    found
}

/// Puts a row of the course into every table that knows courses, with empty values besides.
fn fill_all_tables(portal: &TestPortal, id: i64, code: &str) {
    let keys = portal.portal.database().read(|session| session.restricting_keys()).unwrap();
    let owners = [("c_id", Value::from(id)), ("course_id", id.into()), ("course_code", code.into())];
    portal
        .portal
        .database()
        .write(|session| {
            for (column, value) in owners {
                for table in session.tables_with(column)? {
                    let columns: Vec<(&str, Value)> = schema::columns(&table)
                        .iter()
                        .filter(|known| !is_generated(&table, known.name))
                        .map(|known| {
                            let refers = keys.iter().any(|key| key.table == table && key.column == known.name);
                            let value = match () {
                                () if known.name == column => value.clone(),
                                // Session, user and the like have a row with the number 1.
                                () if refers && !known.is_nullable() => Value::from(1),
                                // Some texts have to be different in each row.
                                () if known.empty() == Value::from("") => {
                                    known.fit(&code.into()).unwrap_or_else(|| code.into())
                                }
                                () => known.empty(),
                            };
                            // Some columns have room for a few letters only.
                            (known.name, known.fit(&value).unwrap_or(value))
                        })
                        .collect();
                    if !columns.is_empty() {
                        session.insert(&table, &columns)?;
                    }
                }
            }
            Ok::<_, coursefs::portal::database::DatabaseError>(())
        })
        .unwrap();
}

/// Whether the database gives the column its value.
fn is_generated(table: &str, column: &str) -> bool {
    let has = |name: &str| schema::columns(table).iter().any(|column| column.name == name);
    match column {
        "iid" => true,
        "id" => !has("iid"),
        "survey_id" => table == "shared_survey",
        column => table.starts_with("track_e_") && !has("id") && schema::columns(table)[0].name == column,
    }
}

#[test]
fn mkdir_makes_the_course_that_chamilo_would_make() {
    let portal = TestPortal::new();
    portal.course("OTHER1");
    let mount = Mount::of(&portal);
    run("mkdir", &[&mount.join("GEO101")]);
    assert_eq!(names(&mount.join("GEO101")), ["Document", "backup.zip"]);
    let course = portal.existing("GEO101").course;
    assert_eq!((course.title.as_str(), course.directory.as_slice()), ("GEO101", b"GEO101".as_slice()));
    // The same rows as of a course that was made otherwise.
    let tables = |code: &str| rows_of(&portal, portal.existing(code).id(), code);
    assert_eq!(tables("GEO101"), tables("OTHER1"));
    assert!(tables("GEO101").contains(&("c_tool".into(), 24)), "{:?}", tables("GEO101"));
    fs::write(mount.join("GEO101/Document/a.txt"), b"text").unwrap();
    assert_eq!(fs::read(portal.root().join("app/courses/GEO101/document/a.txt")).unwrap(), b"text");
    portal.check_finds_nothing();
}

#[test]
fn what_is_no_course_code_is_refused_with_its_reason() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    fs::create_dir(portal.root().join("app/courses/LEFT")).unwrap();
    let before = snapshot(&portal);
    let mount = Mount::of(&portal);
    let long = "A".repeat(41);
    for (name, wanted, word) in [
        ("geo102", libc::EINVAL, "GEO102"),
        ("GEO-102", libc::EINVAL, "GEO102"),
        ("Géo", libc::EINVAL, "GEO"),
        ("GEO 1", libc::EINVAL, "GEO1"),
        (&long, libc::ENAMETOOLONG, "at most 40"),
        ("LEFT", libc::EEXIST, "app/courses/LEFT"),
    ] {
        assert_eq!(errno(fs::create_dir(mount.join(name))), Some(wanted), "{name}");
        let reason = reason(&mount);
        assert!(reason.contains(word), "{name}: {reason}");
        assert!(mount.log().contains(&format!("refused in the portal: {reason}")), "{}", mount.log());
    }
    assert_eq!(errno(fs::create_dir(mount.join("GEO101"))), Some(libc::EEXIST));
    assert_eq!(snapshot(&portal), before);
}

#[test]
fn what_file_managers_drop_makes_no_course() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let before = snapshot(&portal);
    let mount = Mount::of(&portal);
    for name in [".Trash-1000", ".Trashes", ".fseventsd", "Thumbs.db", "lost+found"] {
        assert_eq!(errno(fs::create_dir(mount.join(name))), Some(libc::EACCES), "{name}");
        assert!(fs::create_dir(mount.join("GEO101").join(name)).is_err(), "{name}");
    }
    for name in [".DS_Store", "._GEO101", "Thumbs.db", "desktop.ini", ".directory", ".~lock.GEO101#"] {
        for folder in ["", "GEO101"] {
            let to = mount.join(folder).join(name);
            let ended = Ended::of(start("cp", &[&"/etc/hostname", &to]).output().unwrap());
            assert_eq!(ended.code, 1, "{}", to.display());
        }
    }
    assert_eq!(names(&mount.path()), ["GEO101"]);
    drop(mount);
    assert_eq!(snapshot(&portal), before);
}

#[test]
fn programs_that_copy_may_give_a_course_the_attributes_of_what_they_copy() {
    let portal = TestPortal::new();
    let mount = Mount::of(&portal);
    let from = portal.aside("from");
    fs::create_dir_all(from.join("Document/maps")).unwrap();
    fs::write(from.join("Document/maps/a.txt"), b"text").unwrap();
    run("touch", &[&"-d", &"2020-02-02 02:02:02 UTC", &from]);
    run("chmod", &[&"700", &from]);
    run("cp", &[&"-a", &from, &mount.join("GEO101")]);
    run("rsync", &[&"-a", &format!("{}/", from.display()), &mount.join("GEO102")]);
    for code in ["GEO101", "GEO102"] {
        assert_eq!(fs::read(mount.join(code).join("Document/maps/a.txt")).unwrap(), b"text");
        let course = portal.existing(code);
        let stat = run("stat", &[&"-c", &"%a %Y", &mount.join(code)]);
        let on_disk = run("stat", &[&"-c", &"%a %Y", &course.folder_on_disk()]);
        assert_eq!(stat, on_disk);
        assert!(stat.ends_with(" 1580608922\n") && !stat.starts_with("700"), "{stat}");
    }
    portal.check_finds_nothing();
}

#[test]
fn rm_r_deletes_a_course_and_its_folder_is_kept_aside_with_a_dump_of_its_rows() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/maps");
    course.file("/maps/a.txt", b"text");
    let id = course.id();
    portal.course("BIO110").file("/b.txt", b"other");
    let mount = Mount::of(&portal);
    run("rm", &[&"-r", &mount.join("GEO101")]);
    assert_eq!(names(&mount.path()), ["BIO110"]);
    assert_eq!(rows_of(&portal, id, "GEO101"), [("track_e_default".into(), 2)]);
    let events =
        portal.rows("SELECT default_event_type FROM track_e_default WHERE c_id = ? ORDER BY default_id", &[id.into()]);
    let events: Vec<String> = events.iter().map(|row| row.text("default_event_type")).collect();
    assert_eq!(events, ["course_created", "course_deleted"]);
    assert!(!portal.root().join("app/courses/GEO101").exists());
    let kept: Vec<String> =
        names(&portal.root().join("app/cache")).into_iter().filter(|name| name.starts_with("GEO101_")).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let kept = portal.root().join("app/cache").join(&kept[0]);
    assert!(kept.join("document").is_dir());
    let dump = fs::read_to_string(kept.join("mysql_dump.sql")).unwrap();
    assert_eq!(dump.matches("\nINSERT INTO `c_tool` SET ").count(), 24);
    assert!(dump.contains("INSERT INTO `course` SET ") && dump.contains("`code`='GEO101'"), "{dump}");
    assert!(dump.contains("`session_id`=NULL"), "{dump}");
    portal.check_finds_nothing();
    // The code is free again.
    run("mkdir", &[&mount.join("GEO101")]);
    assert_eq!(names(&mount.join("GEO101/Document")), [""; 0]);
}

#[test]
fn a_course_that_still_shows_documents_is_not_removed_by_rmdir() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    let mount = Mount::of(&portal);
    let before = snapshot(&portal);
    for folder in ["GEO101", "GEO101/Document"] {
        assert_eq!(errno(fs::remove_dir(mount.join(folder))), Some(libc::ENOTEMPTY), "{folder}");
    }
    assert_eq!(snapshot(&portal), before);
    fs::remove_file(mount.join("GEO101/Document/a.txt")).unwrap();
    fs::remove_dir(mount.join("GEO101")).unwrap();
    assert_eq!(names(&mount.path()), [""; 0]);
    portal.check_finds_nothing();
}

#[test]
fn nothing_of_a_deleted_course_is_left_in_any_table() {
    let portal = TestPortal::new();
    let courses = [portal.course("GEO101").id(), portal.course("BIO110").id()];
    portal.execute("DELETE FROM track_e_default WHERE c_id > 0", &[]);
    portal
        .portal
        .database()
        .write(|database| {
            // What rows of courses refer to.
            for table in ["session", "skill"] {
                let columns = schema::columns(table).iter();
                let value = |name: &str, empty| if name == "id" { Value::from(1) } else { empty };
                let values: Vec<(&str, Value)> =
                    columns.map(|column| (column.name, value(column.name, column.empty()))).collect();
                database.insert(table, &values)?;
            }
            for sql in [
                // Tables of plugins, over whose rows Chamilo's own deletion trips.
                "CREATE TABLE whispeak_log_event (id INTEGER PRIMARY KEY, lp_id INT,
                 FOREIGN KEY (lp_id) REFERENCES c_lp (iid))",
                "CREATE TABLE plugin_zoom_meeting (id INTEGER PRIMARY KEY, course_id INT,
                 FOREIGN KEY (course_id) REFERENCES course (id))",
            ] {
                database.execute(sql, &[])?;
            }
            Ok::<_, coursefs::portal::database::DatabaseError>(())
        })
        .unwrap();
    for (course, code) in courses.into_iter().zip(["GEO101", "BIO110"]) {
        fill_all_tables(&portal, course, code);
        let values = [course.into(), course.into()];
        portal.execute("INSERT INTO plugin_zoom_meeting (id, course_id) VALUES (?, ?)", &values);
        portal.execute(
            "INSERT INTO whispeak_log_event (id, lp_id) SELECT ?, iid FROM c_lp WHERE c_id = ?",
            &[course.into(), course.into()],
        );
        for sql in [
            "INSERT INTO gradebook_result (user_id, evaluation_id, created_at) \
             SELECT 1, id, '2026-01-01 00:00:00' FROM gradebook_evaluation WHERE course_code = ?",
            "INSERT INTO gradebook_certificate (cat_id, user_id, score_certificate, created_at) \
             SELECT id, 1, 1, '2026-01-01 00:00:00' FROM gradebook_category WHERE course_code = ?",
        ] {
            portal.execute(sql, &[code.into()]);
        }
        portal.execute(
            "INSERT INTO c_lp_category_user (category_id, user_id) SELECT iid, 1 FROM c_lp_category WHERE c_id = ?",
            &[course.into()],
        );
    }
    let of_others = rows_of(&portal, courses[1], "BIO110");
    assert!(of_others.len() > 110, "{}", of_others.len());
    let mount = Mount::of(&portal);
    run("rm", &[&"-r", &mount.join("GEO101")]);
    assert_eq!(names(&mount.path()), ["BIO110"]);
    // The log of the portal stays; skills and tickets belong to users and know the course no more.
    assert_eq!(rows_of(&portal, courses[0], "GEO101"), [("track_e_default".into(), 2)]);
    for table in ["skill_rel_user", "ticket_ticket"] {
        let rows = portal.rows(&format!("SELECT course_id FROM {table} ORDER BY id"), &[]);
        assert_eq!(
            rows.iter().map(|row| row.int("course_id")).collect::<Vec<_>>(),
            [None, Some(courses[1])],
            "{table}"
        );
    }
    let note = portal.rows("SELECT argumentation FROM skill_rel_user ORDER BY id", &[])[0].text("argumentation");
    assert!(note.contains("GEO101 was deleted"), "{note}");
    for table in ["gradebook_result", "gradebook_certificate", "c_lp_category_user", "whispeak_log_event"] {
        assert_eq!(portal.rows(&format!("SELECT * FROM {table}"), &[]).len(), 1, "{table}");
    }
    assert_eq!(rows_of(&portal, courses[1], "BIO110"), of_others);
}

#[test]
fn a_course_that_others_require_is_not_deleted() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    portal.execute("INSERT INTO sequence_resource (type, resource_id) VALUES (1, ?)", &[course.id().into()]);
    let before = snapshot(&portal);
    let mount = Mount::of(&portal);
    assert_eq!(errno(fs::remove_dir(mount.join("GEO101"))), Some(libc::EBUSY));
    assert!(reason(&mount).contains("take it out of the sequence"), "{}", reason(&mount));
    drop(mount);
    assert_eq!(snapshot(&portal), before);
}

#[test]
fn with_keep_courses_rm_empties_a_course_and_leaves_it() {
    let portal = TestPortal::new();
    portal.course("GEO101").file("/a.txt", b"text");
    let mount = Mount::with(&portal, "ttl=0,keep_courses");
    let ended = Ended::of(start("rm", &[&"-rf", &mount.join("GEO101")]).output().unwrap());
    assert!(ended.stderr.contains("Operation not permitted"), "{}", ended.stderr);
    assert_eq!(names(&mount.join("GEO101")), ["Document", "backup.zip"]);
    assert_eq!(names(&mount.join("GEO101/Document")), [""; 0]);
    assert!(reason(&mount).contains("keep_courses"), "{}", reason(&mount));
    portal.check_finds_nothing();
}

#[test]
fn a_course_is_not_renamed() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    let renamed = fs::rename(mount.join("GEO101"), mount.join("GEO102"));
    assert_eq!(errno(renamed), Some(libc::EPERM));
}

/// The course's folder is where its row is, at its place or aside.
fn is_whole(portal: &TestPortal) -> bool {
    drop(Portal::open(portal.root(), Access::ReadWrite).unwrap());
    let there = !portal.rows("SELECT id FROM course WHERE code = 'GEO101'", &[]).is_empty();
    assert_eq!(portal.root().join("app/courses/GEO101").is_dir(), there);
    let aside = names(&portal.root().join("app/cache"));
    assert_eq!(aside.iter().filter(|name| name.starts_with("GEO101_")).count(), usize::from(!there), "{aside:?}");
    portal.check_finds_nothing();
    there
}

#[test]
fn a_mount_that_is_killed_while_it_makes_or_deletes_a_course_leaves_one_or_none() {
    for (point, there) in [("before-commit", true), ("after-commit", false)] {
        let portal = TestPortal::new();
        portal.course("GEO101");
        let mut mount = Mount::dying_at(&portal, "ttl=0", point);
        assert!(fs::remove_dir(mount.join("GEO101")).is_err());
        mount.dies();
        assert_eq!(is_whole(&portal), there, "{point}");
    }
    for point in ["journal", "placed"] {
        let portal = TestPortal::new();
        let mut mount = Mount::dying_at(&portal, "ttl=0", point);
        assert!(fs::create_dir(mount.join("GEO101")).is_err());
        mount.dies();
        drop(Portal::open(portal.root(), Access::ReadWrite).unwrap());
        assert!(!Path::new(&portal.root().join("app/courses/GEO101")).exists(), "{point}");
        assert!(portal.rows("SELECT id FROM course", &[]).is_empty(), "{point}");
        portal.check_finds_nothing();
    }
}

#[test]
fn a_course_is_deleted_at_all_addresses_of_the_portal() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101").id();
    portal.course("BIO110");
    let address = "INSERT INTO access_url (id, url, description, active, created_by) VALUES (2, ?, '', 1, 1)";
    portal.execute(address, &["https://other.example.org/".into()]);
    portal.execute("INSERT INTO access_url_rel_course (c_id, access_url_id) VALUES (?, 2)", &[course.into()]);
    let mount = Mount::of(&portal);
    run("rm", &[&"-r", &mount.join("GEO101")]);
    assert_eq!(names(&mount.path()), ["BIO110"]);
    assert!(portal.rows("SELECT id FROM access_url_rel_course WHERE c_id = ?", &[course.into()]).is_empty());
    assert!(portal.rows("SELECT id FROM course WHERE code = 'GEO101'", &[]).is_empty());
    assert_eq!(portal.rows("SELECT id FROM access_url", &[]).len(), 2);
}
