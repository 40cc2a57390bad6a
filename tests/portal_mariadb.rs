//! What is about MariaDB alone: how it is reached, what happens when it is away, what Chamilo changes meanwhile.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use coursefs::portal::database::{DatabaseError, DatabaseExt, Session};
use coursefs::portal::{Access, Portal};
use mysql::prelude::Queryable;
use support::server::{PASSWORD, Server, USER, connect};
use support::{Ended, Mount, TestPortal, portals, run, start, wait_for};

const TERM: &str = "INSERT INTO c_glossary (c_id, glossary_id, name, description, display_order, session_id) \
                    VALUES (1, 0, ?, '', 1, 0)";

fn count(portal: &Portal, sql: &str) -> i64 {
    portal.database().read(|session| session.int(sql, &[])).unwrap().unwrap()
}

/// Rewrites the configuration of the portal in `root`.
fn reconfigure(root: &Path, from: &str, to: &str) {
    let path = root.join("app/config/configuration.php");
    let php = fs::read_to_string(&path).unwrap();
    assert!(php.contains(from), "{from} in {php}");
    fs::write(path, php.replace(from, to)).unwrap();
}

/// `coursefs list` with more in its environment.
fn list_with(portal: &TestPortal, environment: &[(&str, &str)]) -> Ended {
    let mut command = start(env!("CARGO_BIN_EXE_coursefs"), &[&"list", &portal.root()]);
    Ended::of(command.env("COURSEFS_CACHE", portal.cache()).envs(environment.iter().copied()).output().unwrap())
}

fn list(portal: &TestPortal) -> Ended {
    list_with(portal, &[])
}

#[test]
fn the_reference_portal_shows_what_chamilo_had_and_archives_it_as_an_embedded_one_does() {
    let (folder, chamilo) = reference_support::portal_by(&|root| portals::init_in(Server::shared(), root));
    let (_other, embedded) = reference_support::portal_by(&|root| Portal::init(root).unwrap());
    let aside = TestPortal::embedded();
    let mount = Mount::with_portal(&aside, folder.path());

    let content = fs::read(reference_support::data("REF000-content.json")).unwrap();
    let content: serde_json::Value = serde_json::from_slice(&content).unwrap();
    let mut files = 0;
    for (path, document) in content["documents"].as_object().unwrap() {
        let shown = mount.join("REF000/Document").join(&path[1..]);
        let text = |name: &str| document[name].as_str().unwrap();
        // Folders without one on the disk, and those of the users, are not shown.
        if text("content") == "missing" || path == "/chat_files" || path == "/shared_folder" {
            assert!(!shown.exists(), "{path}");
            continue;
        }
        assert_eq!(shown.is_dir(), text("filetype") == "folder", "{path}");
        let title = run("getfattr", &[&"--only-values", &"-n", &"user.chamilo.title", &shown]);
        assert_eq!(title, text("title"), "{path}");
        if shown.is_file() {
            files += 1;
            assert_eq!(shown.metadata().unwrap().len().to_string(), text("size"), "{path}");
            // Sums of pages are those of pages without the course's name, which differs from portal to portal.
            if !text("content").starts_with("html:") {
                let sum = run("sha256sum", &[&shown]);
                assert_eq!(sum.split(' ').next().unwrap(), text("content"), "{path}");
            }
        }
    }
    assert_eq!(files, 4);

    let ours = reference_support::backup(&embedded, "REF000", aside.root());
    let mut bytes = Vec::new();
    fs::File::open(mount.join("REF000/backup.zip")).unwrap().read_to_end(&mut bytes).unwrap();
    assert!(bytes == fs::read(ours).unwrap(), "the archives differ");
    drop(chamilo);
}

#[test]
fn a_wrong_password_an_unknown_database_and_an_absent_server_are_told_apart() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    assert!(list(&portal).done().text().contains("GEO101"));
    let secret = "not-the-password";
    let quoted = support::server::quoted(PASSWORD);
    reconfigure(portal.root(), &quoted, &format!("'{secret}'"));
    let failed = list(&portal).failed_saying(&["the user chamilo is not let in", "wrong name or password"]);
    assert!(!failed.stderr.contains(secret), "{}", failed.stderr);
    // What is supplied counts more than the file.
    assert!(list_with(&portal, &[("COURSEFS_DB_PASSWORD", PASSWORD)]).done().text().contains("GEO101"));
    let wrong = [("COURSEFS_DB_PASSWORD", PASSWORD), ("COURSEFS_DB_NAME", "portal_none")];
    list_with(&portal, &wrong).failed_saying(&["portal_none"]);
    let wrong = [("COURSEFS_DB_PASSWORD", PASSWORD), ("COURSEFS_DB_SOCKET", "/nowhere/socket")];
    list_with(&portal, &wrong).failed_saying(&["can't be reached", "/nowhere/socket"]);
}

#[test]
fn a_mount_takes_its_credentials_from_a_private_file_and_keeps_them_to_itself() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    reconfigure(portal.root(), &support::server::quoted(PASSWORD), "getenv('SECRET')");
    list(&portal).failed_saying(&["db_password", "computed by PHP code", "credentials file"]);
    let file = portal.aside("credentials");
    fs::write(&file, format!("db_user={USER}\ndb_password={PASSWORD}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let variable = [("COURSEFS_CREDENTIALS", file.to_str().unwrap())];
    list_with(&portal, &variable).failed_saying(&["can be used by others"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    list_with(&portal, &variable).done();
    let mut mount = Mount::with(&portal, &format!("ttl=0,credentials={}", file.display()));
    assert!(mount.join("GEO101/backup.zip").exists());
    for shown in ["cmdline", "mountinfo"] {
        let told = fs::read_to_string(format!("/proc/{}/{shown}", mount.process_id())).unwrap();
        assert!(!told.contains(PASSWORD), "{told}");
    }
    mount.unmount();
    assert!(!mount.log().contains(PASSWORD));
}

#[test]
fn other_versions_and_incomplete_databases_are_refused_by_name() {
    let portal = TestPortal::in_mariadb();
    for (version, shown) in [("1.9.10", "Chamilo 1.9.10"), ("2.0.1", "Chamilo 2.0.1"), ("1.110", "Chamilo 1.110")] {
        reconfigure(portal.root(), "1.11.32", version);
        list(&portal).failed_saying(&[shown, "Chamilo 1.11 only"]);
        reconfigure(portal.root(), version, "1.11.32");
    }
    // The configuration says nothing of it: the database does.
    reconfigure(portal.root(), "$_configuration['system_version']", "$_other");
    list(&portal).done();
    portals::as_admin(&portal.portal, &["CREATE TABLE resource_node (id INT)"]);
    list(&portal).failed_saying(&["Chamilo 2", "its database says so"]);
    portals::as_admin(&portal.portal, &["DROP TABLE resource_node", "ALTER TABLE c_document CHANGE iid number INT"]);
    list(&portal).failed_saying(&["1.9 or older"]);
    portals::without_keys(&portal.portal, &["DROP TABLE c_document"]);
    list(&portal).failed_saying(&["not that of a complete Chamilo 1.11 portal", "no table c_document"]);

    let folder = tempfile::tempdir().unwrap();
    for (file, shown) in [("main/inc/conf/configuration.php", "1.9 or older"), ("config/bundles.php", "Chamilo 2")] {
        let root = folder.path().join(shown);
        fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        fs::write(root.join(file), "<?php").unwrap();
        portal.coursefs(&[&"list", &root]).failed_saying(&[shown, "Chamilo 1.11 only"]);
    }
}

#[test]
fn an_account_that_may_only_read_suffices_for_a_read_only_mount() {
    let portal = TestPortal::in_mariadb();
    let course = portal.course("GEO101");
    course.file("/a.txt", b"text");
    let database = portals::database_of(portal.root()).unwrap();
    portals::as_admin(
        &portal.portal,
        &["CREATE USER IF NOT EXISTS 'reader'@'%'", &format!("GRANT SELECT ON `{database}`.* TO 'reader'@'%'")],
    );
    reconfigure(portal.root(), "'chamilo'", "'reader'");
    reconfigure(portal.root(), &support::server::quoted(PASSWORD), "''");
    let mount = Mount::with(&portal, "ro,ttl=0");
    assert_eq!(fs::read(mount.join("GEO101/Document/a.txt")).unwrap(), b"text");
    assert_eq!(fs::read(mount.join("GEO101/backup.zip")).unwrap(), course.backup());
    portal.coursefs(&[&"check", &portal.root()]).done();
    let archive = portal.aside("a.zip");
    fs::write(&archive, course.backup()).unwrap();
    let restored = portal.coursefs(&[&"restore", &portal.root(), &"GEO101", &archive, &"--on-conflict=overwrite"]);
    // Nothing in the archive is new, so that nothing is written; a new course is.
    drop(restored);
    let refused = portal.coursefs(&[&"restore", &portal.root(), &"NEW", &archive, &"--create"]);
    refused.failed_saying(&["lacks a right", "ADMINISTRATION.md"]);
}

#[test]
fn a_mount_outlives_a_restart_of_the_server_under_load() {
    let server = Server::start(&[]);
    let portal = TestPortal::in_server(&server);
    let course = portal.course("GEO101");
    for number in 0..20 {
        course.file(&format!("/old{number}.txt"), b"text");
    }
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Document");
    let (done, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (folder, mount, done, made) = (&folder, &mount, &done, &made);
            scope.spawn(move || {
                let mut number = 0;
                while !done.load(Ordering::Relaxed) {
                    number += 1;
                    let outcomes = [
                        fs::write(folder.join(format!("new{worker}-{number}.txt")), b"new").inspect(|()| {
                            made.fetch_add(1, Ordering::Relaxed);
                        }),
                        fs::read_dir(folder).map(drop),
                        fs::metadata(mount.join("GEO101/backup.zip")).map(drop),
                    ];
                    for error in outcomes.into_iter().filter_map(Result::err) {
                        assert_eq!(error.raw_os_error(), Some(libc::EIO), "{error}");
                    }
                }
            });
        }
        wait_for("some documents", 60, || (made.load(Ordering::Relaxed) > 20).then_some(()));
        server.stop();
        std::thread::sleep(Duration::from_millis(1500));
        server.start_again();
        let before = made.load(Ordering::Relaxed);
        wait_for("more documents", 60, || (made.load(Ordering::Relaxed) > before + 20).then_some(()));
        done.store(true, Ordering::Relaxed);
    });
    let shown = fs::read_dir(&folder).unwrap().count();
    assert!(shown >= 20 + made.load(Ordering::Relaxed), "{shown}");
    // A statement that was answered is in the database: nothing is shown that is not there.
    let rows = "SELECT COUNT(*) FROM c_document d JOIN c_item_property p ON p.ref = d.iid AND p.tool = 'document' \
                AND p.c_id = d.c_id WHERE d.path LIKE '/%.txt' AND p.visibility <> 2";
    assert_eq!(count(&portal.portal, rows), i64::try_from(shown).unwrap());
}

#[test]
fn operations_fail_after_a_bounded_time_while_the_server_is_away_and_succeed_when_it_is_back() {
    let server = Server::start(&[]);
    let portal = TestPortal::in_server(&server);
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    assert!(mount.join("GEO101").exists());
    server.stop();
    let begun = Instant::now();
    let error = fs::read_dir(mount.path()).and_then(|mut names| names.next().unwrap()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EIO));
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(5) && waited < Duration::from_secs(40), "{waited:?}");
    // Who comes later does not wait for it again.
    let begun = Instant::now();
    fs::metadata(mount.join("GEO101/backup.zip")).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5));
    server.start_again();
    assert!(fs::metadata(mount.join("GEO101/backup.zip")).unwrap().len() > 0);
}

#[test]
fn a_transaction_whose_connection_is_lost_leaves_nothing() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    let lost = portal.portal.database().write(|session| {
        session.execute(TERM, &["half".into()])?;
        let id = session.int("SELECT CONNECTION_ID()", &[])?.unwrap();
        Server::shared().admin().query_drop(format!("KILL {id}")).unwrap();
        session.execute(TERM, &["whole".into()])
    });
    assert!(matches!(lost, Err(DatabaseError::Lost { .. })), "{lost:?}");
    assert_eq!(count(&portal.portal, "SELECT COUNT(*) FROM c_glossary"), 0);
    // The next one has another connection, and the turn of the lost one is over.
    portal.execute(TERM, &["next".into()]);
    assert_eq!(count(&portal.portal, "SELECT COUNT(*) FROM c_glossary"), 1);
}

#[test]
fn a_connection_that_was_closed_while_nobody_used_it_is_replaced() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    let sql = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ? AND DB = ?";
    let database = portals::database_of(portal.root()).unwrap();
    let mut admin = Server::shared().admin();
    let ids: Vec<u64> = admin.exec(sql, (USER, &database)).unwrap();
    assert!(!ids.is_empty());
    for id in ids {
        admin.query_drop(format!("KILL {id}")).unwrap();
    }
    drop(admin);
    assert_eq!(count(&portal.portal, "SELECT COUNT(*) FROM course"), 1);
    portal.execute(TERM, &["next".into()]);
}

#[test]
fn a_transaction_that_meets_a_deadlock_is_run_again_with_the_keys_it_had() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    for name in ["one", "two"] {
        portal.execute(TERM, &[name.into()]);
    }
    let database = portals::database_of(portal.root()).unwrap();
    let mut rival = connect(Server::shared().socket()).unwrap();
    rival.query_drop(format!("USE `{database}`; START TRANSACTION")).unwrap();
    // The server sacrifices whoever has changed less.
    for _ in 0..200 {
        rival
            .query_drop(
                "INSERT INTO c_glossary (c_id, glossary_id, name, description, display_order, session_id) \
                          VALUES (1, 0, 'rival', '', 1, 0)",
            )
            .unwrap();
    }
    rival.query_drop("UPDATE c_glossary SET display_order = 7 WHERE name = 'two' AND iid = 2").unwrap();
    let set = |session: &dyn Session, iid: i64| {
        session.execute("UPDATE c_glossary SET description = 'ours' WHERE iid = ?", &[iid.into()])
    };
    let keys = std::thread::scope(|scope| {
        let ours = scope.spawn(|| {
            portal.portal.database().write(|session| {
                let first = session.insert("c_glossary", &term("first"))?;
                set(session, 1)?;
                // Waits for the rival, who then waits for us.
                set(session, 2)?;
                let second = session.insert("c_glossary", &term("second"))?;
                Ok::<_, DatabaseError>((first, second))
            })
        });
        std::thread::sleep(Duration::from_millis(700));
        rival.query_drop("UPDATE c_glossary SET display_order = 8 WHERE iid = 1").unwrap();
        rival.query_drop("COMMIT").unwrap();
        ours.join().unwrap()
    });
    let (first, second) = keys.unwrap();
    let deadlocks: Option<(String, u64)> =
        Server::shared().admin().query_first("SHOW STATUS LIKE 'Innodb_deadlocks'").unwrap();
    assert!(deadlocks.is_some_and(|(_, count)| count > 0), "there was no deadlock");
    let name = |iid: i64| portal.rows("SELECT name FROM c_glossary WHERE iid = ?", &[iid.into()])[0].text("name");
    assert_eq!((name(first), name(second)), ("first".to_owned(), "second".to_owned()));
    assert_eq!(count(&portal.portal, "SELECT COUNT(*) FROM c_glossary"), 204);
    assert_eq!(count(&portal.portal, "SELECT COUNT(*) FROM c_glossary WHERE description = 'ours'"), 2);
    let orders = "SELECT SUM(display_order) FROM c_glossary WHERE iid <= 2";
    assert_eq!(count(&portal.portal, orders), 15);
}

fn term(name: &str) -> [(&str, coursefs::portal::database::Value); 6] {
    [
        ("c_id", 1.into()),
        ("glossary_id", 0.into()),
        ("name", name.into()),
        ("description", "".into()),
        ("display_order", 1.into()),
        ("session_id", 0.into()),
    ]
}

#[test]
fn a_row_that_chamilo_holds_for_a_while_is_waited_for() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    portal.execute(TERM, &["one".into()]);
    let database = portals::database_of(portal.root()).unwrap();
    let mut rival = connect(Server::shared().socket()).unwrap();
    rival.query_drop(format!("USE `{database}`; START TRANSACTION")).unwrap();
    rival.query_drop("UPDATE c_glossary SET display_order = 5 WHERE iid = 1").unwrap();
    std::thread::scope(|scope| {
        // Longer than the server lets a statement wait for a row.
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(4));
            rival.query_drop("COMMIT").unwrap();
        });
        portal.execute("UPDATE c_glossary SET display_order = display_order + 1 WHERE iid = 1", &[]);
    });
    assert_eq!(count(&portal.portal, "SELECT display_order FROM c_glossary"), 6);
}

#[test]
fn a_server_that_undoes_whole_transactions_and_logs_statements_is_served_too() {
    let options = ["--innodb-rollback-on-timeout=ON", "--log-bin=binlog", "--server-id=1", "--binlog-format=STATEMENT"];
    let server = Server::start(&options);
    let portal = TestPortal::in_server(&server);
    portal.course("GEO101");
    portal.execute(TERM, &["one".into()]);
    let database = portals::database_of(portal.root()).unwrap();
    let mut rival = connect(server.socket()).unwrap();
    rival.query_drop(format!("USE `{database}`")).unwrap();
    rival.query_drop("START TRANSACTION").unwrap();
    rival.query_drop("UPDATE c_glossary SET display_order = 5 WHERE iid = 1").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(4));
            rival.query_drop("COMMIT").unwrap();
        });
        let written = portal.portal.database().write(|session| {
            session.insert("c_glossary", &term("two"))?;
            session.execute("UPDATE c_glossary SET description = 'ours' WHERE iid = 1", &[])
        });
        assert_eq!(written.unwrap(), 1);
    });
    // What came before the statement that waited is there too.
    assert_eq!(count(&portal.portal, "SELECT COUNT(*) FROM c_glossary WHERE name = 'two' OR description = 'ours'"), 2);
    assert_eq!(count(&portal.portal, "SELECT SUM(display_order) FROM c_glossary"), 6);
}

#[test]
fn what_chamilo_changes_is_noticed_and_what_is_followed_is_not() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    let database = portal.portal.database();
    let other = Portal::open(portal.root(), Access::ReadWrite).unwrap();
    let rename = |session: &dyn Session, title: &str| {
        session.execute("UPDATE course SET title = ? WHERE code = 'GEO101'", &[title.into()])
    };
    // Until all has settled that was done before.
    std::thread::sleep(Duration::from_millis(2500));
    database.foreign_counter().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    database.foreign_counter().unwrap();
    let mut foreign = database.foreign_counter().unwrap();
    let mut all = database.change_counter().unwrap();
    for round in 0..50 {
        assert_eq!(database.foreign_counter().unwrap(), foreign, "nobody did anything, round {round}");
    }
    for round in 0..5 {
        let renamed = database.write_followed(|session| rename(session, &format!("Ours {round}")));
        assert_eq!(renamed.unwrap(), 1);
        assert_eq!(database.foreign_counter().unwrap(), foreign, "a followed change, round {round}");
        assert_ne!(database.change_counter().unwrap(), all);
        all = database.change_counter().unwrap();
    }
    // In quick succession, in the same second and after our own.
    for round in 0..20 {
        other.database().write(|session| rename(session, &format!("Theirs {round}"))).unwrap();
        let now = database.foreign_counter().unwrap();
        assert_ne!(now, foreign, "another's change, round {round}");
        foreign = now;
    }
    database.write_followed(|session| rename(session, "Ours")).unwrap();
    other.database().write(|session| rename(session, "Theirs")).unwrap();
    let now = database.foreign_counter().unwrap();
    assert_ne!(now, foreign, "another's change after ours");
    // A change of our own that nobody follows.
    database.write(|session| rename(session, "Mine")).unwrap();
    assert_ne!(database.foreign_counter().unwrap(), now);
}

#[test]
fn what_chamilo_changes_is_noticed_too_where_transactions_have_no_numbers() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    // As in MySQL, and in portals with tables of an older kind.
    portals::as_admin(&portal.portal, &["ALTER TABLE c_blog ENGINE = MyISAM"]);
    let database = portal.portal.database();
    let other = Portal::open(portal.root(), Access::ReadWrite).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    database.foreign_counter().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let mut before = database.foreign_counter().unwrap();
    assert_eq!(database.foreign_counter().unwrap(), before, "nobody did anything");
    for round in 0..10 {
        let title = format!("Theirs {round}");
        let rename = "UPDATE course SET title = ? WHERE code = 'GEO101'";
        other.database().write(|session| session.execute(rename, &[title.as_str().into()])).unwrap();
        let now = database.foreign_counter().unwrap();
        assert_ne!(now, before, "another's change, round {round}");
        before = now;
    }
    portals::as_admin(
        &portal.portal,
        &["INSERT INTO c_blog (c_id, blog_id, blog_name, blog_subtitle, date_creation, \
                                         visibility, session_id) VALUES (1, 0, '', '', '2026-09-01', 0, 0)"],
    );
    assert_ne!(database.foreign_counter().unwrap(), before, "a table of the older kind");
}

#[test]
fn what_users_do_is_no_change_of_courses() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    let database = portal.portal.database();
    std::thread::sleep(Duration::from_millis(2500));
    database.foreign_counter().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let before = database.foreign_counter().unwrap();
    for _ in 0..5 {
        let visit = "INSERT INTO track_e_lastaccess (access_date, access_user_id, c_id, access_tool, access_session_id) \
                     VALUES ('2026-11-27 10:00:00', 1, 1, 'document', 0)";
        portals::as_admin(&portal.portal, &[visit]);
        assert_eq!(database.foreign_counter().unwrap(), before);
    }
}

#[test]
fn two_writers_take_turns() {
    let portal = TestPortal::in_mariadb();
    portal.course("GEO101");
    portal.execute(TERM, &["one".into()]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let other = Portal::open(portal.root(), Access::ReadWrite).unwrap();
                for _ in 0..25 {
                    // Without turns two would read the same number.
                    let counted = other.database().write(|session| {
                        let order = session.int("SELECT display_order FROM c_glossary WHERE iid = 1", &[])?.unwrap();
                        let sql = "UPDATE c_glossary SET display_order = ? WHERE iid = 1";
                        session.execute(sql, &[(order + 1).into()])
                    });
                    assert_eq!(counted.unwrap(), 1);
                }
            });
        }
    });
    assert_eq!(count(&portal.portal, "SELECT display_order FROM c_glossary"), 101);
}

#[test]
fn a_mount_that_nobody_looks_at_asks_the_server_nothing() {
    let server = Server::start(&[]);
    let portal = TestPortal::in_server(&server);
    let course = portal.course("GEO101");
    course.file("/a.txt", b"text");
    let mount = Mount::with(&portal, "ttl=1");
    assert_eq!(fs::read(mount.join("GEO101/Document/a.txt")).unwrap(), b"text");
    fs::metadata(mount.join("GEO101/backup.zip")).unwrap();
    let questions = || -> u64 {
        let asked: Option<(String, u64)> = server.admin().query_first("SHOW GLOBAL STATUS LIKE 'Questions'").unwrap();
        asked.unwrap().1
    };
    // What was asked last may still be counted.
    std::thread::sleep(Duration::from_millis(200));
    let before = questions();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(questions(), before + 1, "nobody but this test may ask");
}

#[test]
fn what_chamilo_changes_shows_within_a_second() {
    let portal = TestPortal::in_mariadb();
    let course = portal.course("GEO101");
    let iid = course.file("/a.txt", b"text");
    let mount = Mount::with(&portal, "ttl=1");
    for round in 0..4 {
        let (old, new) = (format!("/{}.txt", "a".repeat(round + 1)), format!("/{}.txt", "a".repeat(round + 2)));
        assert!(mount.join(&format!("GEO101/Document{old}")).exists(), "{old}");
        fs::rename(course.on_disk(&old), course.on_disk(&new)).unwrap();
        portals::as_admin(&portal.portal, &[&format!("UPDATE c_document SET path = '{new}' WHERE iid = {iid}")]);
        let begun = Instant::now();
        let path = mount.join(&format!("GEO101/Document{new}"));
        wait_for("the new name", 10, || path.exists().then_some(()));
        assert!(begun.elapsed() < Duration::from_millis(1500), "round {round}: {:?}", begun.elapsed());
    }
}

#[test]
fn characters_that_the_tables_cant_hold_are_replaced_and_reported() {
    let from = TestPortal::embedded();
    let course = from.course("GEO101");
    course.file("/party \u{1f389}.txt", b"cake");
    course.file("/party \u{1f388}.txt", b"balloon");
    let stamp = "UPDATE c_document SET comment = ? WHERE filetype = 'file'";
    from.execute(stamp, &["\u{1f389}!".into()]);
    from.execute(TERM, &["Volcano \u{1f30b}".into()]);
    from.execute("UPDATE c_glossary SET glossary_id = iid, description = ?", &["<p>It is a \u{1f30b}.</p>".into()]);
    from.execute(
        "INSERT INTO c_item_property (c_id, tool, insert_user_id, insert_date, lastedit_date, ref, lastedit_type, \
         lastedit_user_id, visibility) VALUES (1, 'glossary', 1, '2026-09-01 08:00:00', '2026-09-01 08:00:00', 1, \
         'GlossaryAdded', 1, 1)",
        &[],
    );
    let archive = from.aside("party.zip");
    fs::write(&archive, course.backup()).unwrap();
    let portal = TestPortal::in_mariadb();
    let restore = || portal.coursefs(&[&"restore", &portal.root(), &"GEO101", &archive, &"--create"]).done().text();
    let told = restore();
    assert!(told.contains("party _u1f389.txt") && told.contains("c_glossary 1: name"), "{told}");
    let term = &portal.rows("SELECT name, description FROM c_glossary", &[])[0];
    assert_eq!(term.text("name"), "Volcano \u{fffd}");
    assert_eq!(term.text("description"), "<p>It is a &#127755;.</p>");
    let mount = Mount::of(&portal);
    assert_eq!(fs::read(mount.join("GEO101/Document/party _u1f389.txt")).unwrap(), b"cake");
    assert_eq!(fs::read(mount.join("GEO101/Document/party _u1f388.txt")).unwrap(), b"balloon");
    let again = restore();
    assert!(again.contains("document: 0 added") && again.contains("glossary: 0 added"), "{again}");
    portal.check_finds_nothing();
}

#[test]
fn two_portals_are_mounted_at_once() {
    let (one, other) = (TestPortal::in_mariadb(), TestPortal::in_mariadb());
    one.course("GEO101").file("/one.txt", b"1");
    other.course("GEO101").file("/other.txt", b"2");
    let mounts = [Mount::of(&one), Mount::of(&other)];
    fs::write(mounts[0].join("GEO101/Document/new.txt"), b"new").unwrap();
    assert_eq!(support::names(&mounts[0].join("GEO101/Document")), ["new.txt", "one.txt"]);
    assert_eq!(support::names(&mounts[1].join("GEO101/Document")), ["other.txt"]);
}

#[test]
fn a_folder_of_courses_that_lies_elsewhere_is_followed() {
    let portal = TestPortal::in_mariadb();
    let course = portal.course("GEO101");
    course.file("/a.txt", b"text");
    let elsewhere = portal.aside("courses");
    fs::rename(portal.root().join("app/courses"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, portal.root().join("app/courses")).unwrap();
    let mount = Mount::of(&portal);
    assert_eq!(fs::read(mount.join("GEO101/Document/a.txt")).unwrap(), b"text");
    fs::write(mount.join("GEO101/Document/b.txt"), b"more").unwrap();
    assert!(elsewhere.join("GEO101/document/b.txt").exists());
}
