//! What Chamilo would have written, and what it would not take: rows, names, deletion, and what programs have on the way.
#![allow(clippy::unwrap_used)]

mod documents_support;
mod support;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use coursefs::course::Stamp;
use coursefs::portal::database::{DatabaseExt, Session};
use documents_support::{Setting, expect_errno, in_every_way, read, rows_follow_the_rules};
use rustix::fs::{CWD, RenameFlags};
use support::{Mount, names};

fn now() -> String {
    Stamp::now(0).datetime()
}

/// Changes a setting of the portal.
fn set(setting: &Setting, variable: &str, value: &str) {
    let sql = "UPDATE settings_current SET selected_value = ? WHERE variable = ?";
    setting.portal.execute(sql, &[value.into(), variable.into()]);
}

/// What happened last to the document `path`.
fn last_edit(setting: &Setting, path: &str) -> String {
    setting.row(path).1.unwrap_or_else(|| panic!("{path} has no property row")).text("lastedit_type")
}

#[test]
fn documents_have_the_rows_that_chamilo_would_have_written() {
    in_every_way(|setting| {
        let begin = now();
        fs::create_dir(setting.path("maps")).unwrap();
        assert_eq!(last_edit(setting, "/maps"), "FolderCreated");
        fs::create_dir(setting.path("maps/old")).unwrap();
        assert_eq!(last_edit(setting, "/maps"), "FolderCreated", "a new folder is no news for those above it");
        fs::write(setting.path("maps/old/a.txt"), b"text").unwrap();
        assert_eq!(last_edit(setting, "/maps/old/a.txt"), "DocumentVisible");
        for folder in ["/maps", "/maps/old"] {
            assert_eq!(last_edit(setting, folder), "DocumentInFolderUpdated");
        }
        fs::write(setting.path("maps/old/a.txt"), b"other").unwrap();
        assert_eq!(last_edit(setting, "/maps/old/a.txt"), "DocumentUpdated");
        fs::rename(setting.path("maps/old/a.txt"), setting.path("b.txt")).unwrap();
        assert_eq!(last_edit(setting, "/b.txt"), "DocumentMoved");
        fs::rename(setting.path("maps/old"), setting.path("new")).unwrap();
        assert_eq!(last_edit(setting, "/new"), "FolderMoved");
        // A document that is saved by a rename keeps its row, by which learning paths know it.
        let before = setting.row("/b.txt").0.int("iid");
        fs::write(setting.path("draft.txt"), b"better").unwrap();
        fs::rename(setting.path("draft.txt"), setting.path("b.txt")).unwrap();
        assert_eq!(
            (setting.row("/b.txt").0.int("iid"), last_edit(setting, "/b.txt")),
            (before, "DocumentUpdated".into())
        );
        fs::write(setting.path("maps/c.txt"), b"c").unwrap();
        let swapped = (setting.path("b.txt"), setting.path("maps/c.txt"));
        rustix::fs::renameat_with(CWD, &swapped.0, CWD, &swapped.1, RenameFlags::EXCHANGE).unwrap();
        assert_eq!(setting.row("/maps/c.txt").0.int("iid"), before);
        fs::remove_file(setting.path("b.txt")).unwrap();
        rows_follow_the_rules(&setting.portal, "GEO101", 1, &begin);
        // A title that somebody gave stays with the document under its new name; one that was the name follows it.
        let title = [("maps/c.txt", "user.chamilo.title", "A map")];
        for (path, name, value) in title {
            support::run("setfattr", &[&"-n", &name, &"-v", &value, &setting.path(path)]);
        }
        fs::rename(setting.path("maps/c.txt"), setting.path("maps/d.txt")).unwrap();
        assert_eq!(setting.row("/maps/d.txt").0.text("title"), "A map");
    });
}

#[test]
fn the_option_user_names_the_user_who_acts() {
    let mut setting = Setting::new("ttl=0");
    let admin = setting.portal.rows("SELECT * FROM user WHERE id = 1", &[]).remove(0);
    setting.mount.unmount();
    let columns: Vec<String> =
        setting.portal.portal.database().read(|session: &dyn Session| session.columns("user")).unwrap();
    let own = ["id", "user_id", "username", "username_canonical", "email", "email_canonical"];
    let others: Vec<String> = columns.into_iter().filter(|column| !own.contains(&column.as_str())).collect();
    let sql = format!(
        "INSERT INTO user (id, user_id, username, username_canonical, email, email_canonical, {0}) \
         SELECT 7, 7, 'anna', 'anna', 'anna@example.org', 'anna@example.org', {0} FROM user WHERE id = 1",
        others.join(", ")
    );
    setting.portal.execute(&sql, &[]);
    let begin = now();
    for wanted in ["anna", "7"] {
        let mount = Mount::with(&setting.portal, &format!("ttl=0,user={wanted}"));
        fs::create_dir(mount.join(&format!("GEO101/Document/{wanted}"))).unwrap();
        fs::write(mount.join(&format!("GEO101/Document/{wanted}/a.txt")), b"text").unwrap();
    }
    rows_follow_the_rules(&setting.portal, "GEO101", 7, &begin);
    let point = setting.portal.aside("point");
    fs::create_dir(&point).unwrap();
    let failed = setting.portal.coursefs(&[&"mount", &"-o", &"user=nobody", &setting.portal.root(), &point]);
    failed.failed_saying(&["nobody"]);
    assert_eq!(admin.int("id"), Some(1));
    setting.portal.check_finds_nothing();
}

#[test]
fn new_documents_are_as_visible_as_portal_and_course_say() {
    let setting = Setting::new("ttl=0");
    let visibility = |name: &str| {
        fs::write(setting.path(name), name).unwrap();
        let property = setting.row(&format!("/{name}")).1.unwrap();
        (property.int("visibility").unwrap(), property.text("lastedit_type"))
    };
    assert_eq!(visibility("a"), (1, "DocumentVisible".into()));
    let sql = "UPDATE settings_current SET selected_value = 'false' \
               WHERE variable = 'tool_visible_by_default_at_creation' AND subkey = 'documents'";
    setting.portal.execute(sql, &[]);
    assert_eq!(visibility("b"), (0, "DocumentInvisible".into()));
    set(&setting, "documents_default_visibility_defined_in_course", "true");
    let sql = "UPDATE c_course_setting SET value = 'visible' WHERE variable = 'documents_default_visibility'";
    setting.portal.execute(sql, &[]);
    assert_eq!(visibility("c"), (1, "DocumentVisible".into()));
    // What is renamed over another, or rewritten, stays as visible as it was.
    fs::write(setting.path("d"), b"d").unwrap();
    fs::rename(setting.path("d"), setting.path("b")).unwrap();
    assert_eq!(setting.row("/b").1.unwrap().int("visibility"), Some(0));
    setting.portal.check_finds_nothing();
}

#[test]
fn names_that_a_web_server_would_run_are_refused_with_the_reason() {
    in_every_way(|setting| {
        fs::create_dir(setting.path("f")).unwrap();
        fs::write(setting.path("f/a.txt"), b"<?php").unwrap();
        for name in ["x.php", "x.PHP5", "x.phtml.txt", ".htaccess", "x.phar", "x.php~", ".x.php.swp"] {
            expect_errno(libc::EACCES, File::create(setting.path(&format!("f/{name}"))));
            expect_errno(libc::EACCES, fs::create_dir(setting.path(&format!("f/{name}"))));
            expect_errno(libc::EACCES, fs::rename(setting.path("f/a.txt"), setting.path(&format!("f/{name}"))));
            let reason = setting.attribute("f", "user.chamilo.error");
            assert!(reason.contains(name) && reason.contains("web server"), "{name}: {reason}");
            assert!(setting.mount.log().contains(&reason), "{reason}");
        }
        assert_eq!(setting.attribute("", "user.chamilo.error"), "", "the folder beside it has refused nothing");
        // `cp` says what the kernel knows, and the folder the rest.
        let script = setting.portal.aside("script.php");
        fs::write(&script, b"<?php").unwrap();
        let output = support::start("cp", &[&script, &setting.documents()]).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stderr).contains("Permission denied"));
        assert!(setting.attribute("", "user.chamilo.error").contains("script.phps"));
        assert_eq!((names(&setting.path("f")), names(&setting.documents())), (vec!["a.txt".into()], vec!["f".into()]));
    });
}

#[test]
fn the_portals_lists_of_extensions_are_kept() {
    let setting = Setting::new("ttl=0");
    fs::write(setting.path("before.exe"), b"was there").unwrap();
    let make = |name: &str| File::create(setting.path(name)).map(drop);
    set(&setting, "upload_extensions_blacklist", "exe;BAT");
    for name in ["setup.exe", "SETUP.EXE", "a.bat"] {
        expect_errno(libc::EACCES, make(name));
        assert!(setting.attribute("", "user.chamilo.error").contains("upload_extensions"), "{name}");
    }
    for name in ["exe", "a.exe.txt", "noextension", ".setup.exe.Ab12Cd"] {
        make(name).unwrap();
    }
    // What is there already can be changed and read, and is found where it is.
    fs::write(setting.path("before.exe"), b"is there").unwrap();
    expect_errno(libc::EACCES, fs::rename(setting.path(".setup.exe.Ab12Cd"), setting.path("setup.exe")));
    fs::remove_file(setting.path(".setup.exe.Ab12Cd")).unwrap();
    fs::create_dir(setting.path("folder.exe")).unwrap();
    set(&setting, "upload_extensions_list_type", "whitelist");
    set(&setting, "upload_extensions_whitelist", "pdf;txt");
    expect_errno(libc::EACCES, make("a.html"));
    make("a.PDF").unwrap();
    // Chamilo would rename it; who copies files means their names.
    set(&setting, "upload_extensions_skip", "false");
    expect_errno(libc::EACCES, make("b.html"));
    setting.portal.check_finds_nothing();
}

#[test]
fn names_that_chamilo_can_not_keep_or_show_are_refused() {
    in_every_way(|setting| {
        let broken = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
        expect_errno(libc::EACCES, File::create(setting.documents().join(broken)));
        assert!(setting.attribute("", "user.chamilo.error").contains("UTF-8"));
        for name in ["party \u{1f389}.txt", "a_DELETED_7", "a.txt_REPLACED_DATE_2026"] {
            expect_errno(libc::EACCES, File::create(setting.path(name)));
            expect_errno(libc::EACCES, fs::create_dir(setting.path(name)));
        }
        for name in ["shared_folder", "chat_files", "shared_folder_session_3"] {
            // Where Chamilo keeps something else; elsewhere such a name means nothing.
            expect_errno(libc::EACCES, fs::create_dir(setting.path(name)));
        }
        fs::create_dir_all(setting.path("f/chat_files")).unwrap();
        fs::write(setting.path("UNDELETED"), b"").unwrap();
    });
}

#[test]
fn paths_that_are_too_long_for_chamilos_table_are_refused_whole() {
    in_every_way(|setting| {
        let folder = "f".repeat(120);
        fs::create_dir(setting.path(&folder)).unwrap();
        // "/" + 120 + "/" + 133 characters, not bytes.
        let name = "\u{e9}".repeat(133 / 2);
        fs::write(setting.path(&format!("{folder}/{name}")), b"fits").unwrap();
        fs::write(setting.path(&format!("{folder}/{}", "n".repeat(133))), b"fits").unwrap();
        expect_errno(libc::ENAMETOOLONG, File::create(setting.path(&format!("{folder}/{}", "n".repeat(134)))));
        assert!(setting.attribute(&folder, "user.chamilo.error").contains("255"));
        // A folder can't be renamed if what is in it would not fit any more.
        let longer = "g".repeat(121);
        expect_errno(libc::ENAMETOOLONG, fs::rename(setting.path(&folder), setting.path(&longer)));
        assert_eq!(names(&setting.documents()), std::slice::from_ref(&folder));
        fs::rename(setting.path(&folder), setting.path("short")).unwrap();
        assert_eq!(names(&setting.path("short")).len(), 2);
    });
}

#[test]
fn what_is_removed_is_out_of_sight_as_chamilo_deletes_it() {
    in_every_way(|setting| {
        let begin = now();
        fs::create_dir_all(setting.path("f/g")).unwrap();
        fs::write(setting.path("f/g/a.txt"), b"text of a").unwrap();
        fs::write(setting.path("b.txt"), b"text of b").unwrap();
        let key = |path: &str| setting.row(path).0.int("id").unwrap();
        let (f, g, a, b) = (key("/f"), key("/f/g"), key("/f/g/a.txt"), key("/b.txt"));
        let used = || setting.attribute("", "user.chamilo.error");
        assert_eq!(used(), "");
        support::run("rm", &[&"-r", &setting.path("f"), &setting.path("b.txt")]);
        assert_eq!(names(&setting.documents()), Vec::<String>::new());
        // Each row has the mark of its own, and the old path of its folder before it.
        let deleted = [
            (format!("/f_DELETED_{f}"), f),
            (format!("/f/g_DELETED_{g}"), g),
            (format!("/f/g/a.txt_DELETED_{a}"), a),
            (format!("/b.txt_DELETED_{b}"), b),
        ];
        for (path, key) in &deleted {
            let (document, property) = setting.row(path);
            let property = property.unwrap();
            assert_eq!((document.int("id"), property.int("visibility")), (Some(*key), Some(2)), "{path}");
            assert_eq!(property.text("lastedit_type"), "DocumentDeleted");
        }
        // On the disk a folder has its content with it.
        assert_eq!(read(&setting.on_disk(&format!("b.txt_DELETED_{b}"))), b"text of b");
        let inside = format!("f_DELETED_{f}/g_DELETED_{g}/a.txt_DELETED_{a}");
        assert_eq!(read(&setting.on_disk(&inside)), b"text of a");
        // What is deleted takes no room, and its name is free.
        let disk = rustix::fs::statvfs(setting.documents()).unwrap();
        assert_eq!(disk.f_bavail, disk.f_blocks);
        fs::write(setting.path("b.txt"), b"another").unwrap();
        fs::remove_file(setting.path("b.txt")).unwrap();
        rows_follow_the_rules(&setting.portal, "GEO101", 1, &begin);
    });
}

#[test]
fn what_is_removed_is_gone_if_the_portal_says_so() {
    in_every_way(|setting| {
        set(setting, "permanently_remove_deleted_files", "true");
        fs::create_dir_all(setting.path("f/g")).unwrap();
        fs::write(setting.path("f/g/a.txt"), b"text").unwrap();
        let before = setting.portal.rows("SELECT iid FROM c_document", &[]).len();
        support::run("rm", &[&"-r", &setting.path("f")]);
        assert_eq!(setting.portal.rows("SELECT iid FROM c_document", &[]).len(), before - 3);
        assert!(!names(&setting.on_disk("")).iter().any(|name| name.starts_with('f')));
    });
}

#[test]
fn rm_rf_removes_all_documents_and_leaves_the_folder() {
    for options in ["ttl=1", "ttl=1,nopassthrough"] {
        let mut setting = Setting::new(options);
        for folder in 0..10 {
            fs::create_dir_all(setting.path(&format!("f{folder}/deep"))).unwrap();
            for file in 0..30 {
                fs::write(setting.path(&format!("f{folder}/deep/{file}")), b"x").unwrap();
            }
        }
        fs::write(setting.path(".hidden"), b"").unwrap();
        let all = format!("rm -rf '{0}'/* '{0}'/.[!.]*", setting.documents().display());
        support::run("sh", &[&"-c", &all]);
        assert_eq!((names(&setting.documents()), setting.rows()), (vec![], vec![]));
        setting.portal.check_finds_nothing();
        setting.mount.unmount();
        setting.portal.check_finds_nothing();
    }
}

#[test]
fn a_document_that_a_learning_path_uses_is_removed_and_the_step_stays() {
    let portal = support::TestPortal::new();
    let course = portal.reference_course();
    let sql = "SELECT i.iid, i.path, d.path AS document FROM c_lp_item i JOIN c_document d ON d.c_id = i.c_id \
               WHERE i.c_id = ? AND i.item_type = 'document'";
    let steps: Vec<_> = portal
        .rows(sql, &[course.id().into()])
        .into_iter()
        .filter(|row| {
            let document = portal.rows("SELECT id FROM c_document WHERE path = ?", &[row.get("document").clone()]);
            document.iter().any(|found| found.text("id") == row.text("path"))
        })
        .collect();
    let step = steps.first().expect("the reference course has a step that is a document");
    let mount = Mount::of(&portal);
    fs::remove_file(mount.join(&format!("REF000/Document{}", step.text("document")))).unwrap();
    let after = portal.rows("SELECT path FROM c_lp_item WHERE iid = ?", &[step.get("iid").clone()]);
    assert_eq!(after[0].text("path"), step.text("path"));
    let document = portal.rows("SELECT path FROM c_document WHERE id = ?", &[step.get("path").clone()]);
    assert!(document[0].text("path").ends_with(&format!("_DELETED_{}", step.text("path"))));
    // The check tells of the step, as of one whose document was deleted in Chamilo.
    let faults = portal.faults();
    assert!(!faults.is_empty() && faults.iter().all(|fault| fault.contains("step-target")), "{faults:?}");
}

#[test]
fn what_programs_have_on_the_way_is_unknown_to_chamilo() {
    in_every_way(|setting| {
        let droppings = [
            ".DS_Store",
            "._a.txt",
            "Thumbs.db",
            "THUMBS.DB",
            "desktop.ini",
            ".directory",
            ".~lock.a.odt#",
            ".a.txt.swp",
            "a.txt~",
            "#a.txt#",
            ".a.txt.Ab12Cd",
            "movie.mp4.part",
            "~$a.docx",
        ];
        let begin = now();
        for name in droppings {
            fs::write(setting.path(name), name).unwrap();
            assert_eq!(read(&setting.path(name)), name.as_bytes());
            assert!(setting.row(&format!("/{name}")).1.is_none(), "Chamilo knows of {name}");
        }
        // Nor of what lies in such a folder (`rsync --delay-updates`).
        fs::create_dir(setting.path(".~tmp~")).unwrap();
        fs::write(setting.path(".~tmp~/b.txt"), vec![b'b'; 5000]).unwrap();
        assert!(setting.row("/.~tmp~/b.txt").1.is_none());
        // It takes room all the same, for it may become a document.
        assert!(setting.rows().is_empty());
        let disk = rustix::fs::statvfs(setting.documents()).unwrap();
        assert!(disk.f_bavail < disk.f_blocks);
        // Under its own name it is a new document.
        fs::rename(setting.path(".~tmp~/b.txt"), setting.path("b.txt")).unwrap();
        fs::rename(setting.path("movie.mp4.part"), setting.path("movie.mp4")).unwrap();
        fs::rename(setting.path(".~tmp~"), setting.path("folder")).unwrap();
        assert_eq!(last_edit(setting, "/movie.mp4"), "DocumentVisible");
        assert_eq!(last_edit(setting, "/folder"), "FolderCreated");
        rows_follow_the_rules(&setting.portal, "GEO101", 1, &begin);
        // Removed, it leaves nothing.
        for name in droppings.iter().filter(|name| !name.contains("movie")) {
            fs::remove_file(setting.path(name)).unwrap();
        }
        assert_eq!(names(&setting.on_disk("")), ["b.txt", "chat_files", "folder", "index.html", "movie.mp4"]);
        let rows = setting.rows();
        let paths: Vec<&str> = rows.iter().map(|(path, ..)| path.as_str()).collect();
        assert_eq!(paths, ["/b.txt", "/folder", "/movie.mp4"]);
    });
}

#[test]
fn a_passing_file_is_there_after_a_remount_and_in_no_archive() {
    let mut setting = Setting::new("ttl=1");
    fs::write(setting.path("a.txt"), b"a").unwrap();
    let before = setting.portal.existing("GEO101").backup();
    fs::write(setting.path(".DS_Store"), b"notes").unwrap();
    fs::create_dir(setting.path("half.part")).unwrap();
    fs::write(setting.path("half.part/b.txt"), b"b").unwrap();
    setting.mount.remount();
    assert_eq!(names(&setting.documents()), [".DS_Store", "a.txt", "half.part"]);
    assert_eq!(setting.portal.existing("GEO101").backup(), before);
    let mut more = File::options().append(true).open(setting.path(".DS_Store")).unwrap();
    more.write_all(b" and more").unwrap();
    drop(more);
    fs::rename(setting.path("half.part"), setting.path("half")).unwrap();
    assert_eq!(last_edit(&setting, "/half/b.txt"), "DocumentVisible");
    setting.portal.check_finds_nothing();
    setting.mount.unmount();
    setting.portal.check_finds_nothing();
}
