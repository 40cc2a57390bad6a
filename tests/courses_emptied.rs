//! A course is emptied by `rm -rf` of all that it shows, as Chamilo empties it, and comes back from the trash.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::fs;
use std::path::PathBuf;

use coursefs::sample;
use reference_support::equal::{Side, differences};
use support::{Mount, TestPortal, names, run};

fn sample_portal() -> TestPortal {
    let portal = TestPortal::new();
    sample::fill(&portal.portal).unwrap();
    portal
}

/// Removes everything in the course's folder, as people do it.
fn rm_all(mount: &Mount, code: &str) {
    run("sh", &[&"-c", &"rm -rf \"$1\"/* && ls \"$1\" > /dev/null", &"sh", &mount.join(code)]);
}

/// All files that the course shows but those that are computed of the whole course.
fn files(mount: &Mount, code: &str) -> Vec<String> {
    let found = run("find", &[&mount.join(code), &"-type", &"f", &"-printf", &"%P\\n"]);
    let computed = |path: &&str| ["backup.zip", "scorm.zip"].contains(path);
    let mut files: Vec<String> = found.lines().filter(|path| !computed(path)).map(str::to_owned).collect();
    files.sort();
    files
}

#[test]
fn rm_rf_of_all_that_a_course_shows_empties_it_and_leaves_it() {
    for for_good in ["false", "true"] {
        let portal = sample_portal();
        let sql = "UPDATE settings_current SET selected_value = ? WHERE variable = 'permanently_remove_deleted_files'";
        portal.execute(sql, &[for_good.into()]);
        let of_users = "SELECT path FROM c_document WHERE c_id = 1 AND path IN \
                        ('/shared_folder', '/chat_files', '/certificates') ORDER BY path";
        let users = portal.rows(of_users, &[]).len();
        let others = "SELECT COUNT(*) AS number FROM c_document WHERE c_id <> 1";
        let other_courses = portal.rows(others, &[])[0].int("number");
        let mount = Mount::of(&portal);
        assert!(files(&mount, "GEO101").len() > 10, "{:?}", files(&mount, "GEO101"));
        rm_all(&mount, "GEO101");
        assert_eq!(files(&mount, "GEO101"), [""; 0]);
        // It is there, and takes documents at once.
        assert!(names(&mount.join("GEO101")).contains(&"Document".to_owned()));
        assert_eq!(names(&mount.join("GEO101/Document")), [""; 0]);
        run("cp", &[&"/etc/hostname", &mount.join("GEO101/Document/")]);
        assert_eq!(files(&mount, "GEO101"), ["Document/hostname"]);
        assert_eq!(portal.rows(of_users, &[]).len(), users);
        assert_eq!(portal.rows(others, &[])[0].int("number"), other_courses);
        assert_eq!(portal.rows("SELECT id FROM course_rel_user WHERE c_id = 1 AND status = 1", &[]).len(), 1);
        assert!(portal.existing("GEO101").folder_on_disk().join("document/index.html").exists());
        portal.check_finds_nothing();
        // An empty course is emptied without an error too.
        rm_all(&mount, "GEO101");
        rm_all(&mount, "GEO101");
        assert_eq!(files(&mount, "GEO101"), [""; 0]);
    }
}

#[test]
fn what_emptying_a_course_took_comes_back_as_it_was() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let before = Side::new(&portal.portal, "GEO101");
    let shown = files(&mount, "GEO101");
    rm_all(&mount, "GEO101");
    let trash = mount.join(".trash/GEO101");
    let moments: Vec<PathBuf> = names(&trash).into_iter().map(|name| trash.join(name)).collect();
    assert_eq!(moments.len(), 1, "{moments:?}");
    run("cp", &[&moments[0].join("backup.zip"), &mount.join("GEO101/backup.zip")]);
    assert_eq!(files(&mount, "GEO101"), shown);
    let now = Side::new(&portal.portal, "GEO101");
    let changed: Vec<String> = differences(&before, &now).into_iter().map(|lost| lost.shown).collect();
    assert!(changed.is_empty(), "{} differences\n{}", changed.len(), changed.join("\n"));
    assert_eq!(before.items(), now.items());
    let bytes = fs::read(portal.existing("GEO101").on_disk("/Lisez-moi.txt")).unwrap();
    assert!(!bytes.is_empty());
    portal.check_finds_nothing();
}

#[test]
fn emptying_a_course_leaves_the_categories_of_its_learning_paths() {
    let portal = sample_portal();
    let categories = || portal.rows("SELECT * FROM c_lp_category ORDER BY iid", &[]).len();
    let before = categories();
    assert!(before > 0);
    let mount = Mount::of(&portal);
    for code in names(&mount.path()) {
        rm_all(&mount, &code);
        assert!(files(&mount, &code).is_empty(), "{code}: {:?}", files(&mount, &code));
    }
    assert_eq!(categories(), before);
    portal.check_finds_nothing();
}

#[test]
fn a_course_that_still_shows_items_is_not_removed_by_rmdir() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let course = mount.join("GEO101");
    for folder in ["Document", "Learnpath"] {
        run("sh", &[&"-c", &"rm -rf \"$1\"/*", &"sh", &course.join(folder)]);
    }
    assert!(!files(&mount, "GEO101").is_empty(), "items are left");
    let refused = std::fs::remove_dir(&course).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::ENOTEMPTY));
    assert_eq!(portal.rows("SELECT id FROM course WHERE id = 1", &[]).len(), 1);
    run("rm", &[&"-r", &course]);
    assert!(!names(&mount.path()).contains(&"GEO101".to_owned()));
    assert!(portal.rows("SELECT id FROM course WHERE id = 1", &[]).is_empty());
}
