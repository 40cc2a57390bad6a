//! What a program removes and makes again under the same path, as many do to replace a file, stays what it was for
//! everything that refers to it.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use coursefs::sample;
use support::{Mount, TestPortal, run};

fn sample_portal() -> TestPortal {
    let portal = TestPortal::new();
    sample::fill(&portal.portal).unwrap();
    portal
}

/// What the steps of the learning paths of a course show: type and title of each, and the title of what it leads to.
fn steps(portal: &TestPortal, code: &str) -> Vec<[String; 3]> {
    const SHOWN: [(&str, &str, &str); 4] = [
        ("document", "c_document", "title"),
        ("quiz", "c_quiz", "title"),
        ("link", "c_link", "title"),
        ("thread", "c_forum_thread", "thread_title"),
    ];
    let course = portal.existing(code).id();
    let steps = portal.rows(
        "SELECT item_type, title, path FROM c_lp_item WHERE c_id = ? ORDER BY lp_id, display_order, iid",
        &[course.into()],
    );
    let mut found = Vec::new();
    for step in steps {
        let kind = step.text("item_type");
        let Some((_, table, title)) = SHOWN.iter().find(|(shown, ..)| *shown == kind) else { continue };
        let key: i64 = step.text("path").parse().unwrap_or(-1);
        let rows = portal
            .rows(&format!("SELECT {title} FROM {table} WHERE c_id = ? AND iid = ?"), &[course.into(), key.into()]);
        let target = rows.first().map(|row| row.text(title)).unwrap_or_default();
        found.push([kind, step.text("title"), target]);
    }
    found
}

#[test]
fn tar_over_a_course_removes_files_first_and_learning_paths_go_on_to_show_them() {
    let portal = sample_portal();
    let before = steps(&portal, "GEO101");
    assert!(before.len() >= 4 && before.iter().all(|[.., target]| !target.is_empty()), "{before:?}");
    let aside = tempfile::tempdir().unwrap();
    let archive = aside.path().join("course.tar");
    {
        // As people mount it: the kernel remembers names for a second.
        let mount = Mount::with(&portal, "");
        let folders = ["Document", "Link", "Test", "Forum", "Agenda"];
        let course = mount.join("GEO101");
        run(
            "tar",
            &[
                &"--create",
                &"--file",
                &archive,
                &"--directory",
                &course,
                &folders[0],
                &folders[1],
                &folders[2],
                &folders[3],
                &folders[4],
            ],
        );
        run("tar", &[&"--extract", &"--file", &archive, &"--directory", &course]);
    }
    assert_eq!(steps(&portal, "GEO101"), before);
    portal.check_finds_nothing();
}

#[test]
fn a_document_made_again_keeps_its_title_and_stays_hidden() {
    for for_good in ["false", "true"] {
        let portal = sample_portal();
        let sql = "UPDATE settings_current SET selected_value = ? WHERE variable = 'permanently_remove_deleted_files'";
        portal.execute(sql, &[for_good.into()]);
        let mount = Mount::with(&portal, "");
        let page = mount.join("GEO101/Document/Corrigé (enseignant).html");
        for (name, value) in [("title", "Pour les enseignants"), ("comment", "À ne pas montrer")] {
            run("setfattr", &[&"-n", &format!("user.chamilo.{name}"), &"-v", &value, &page]);
        }
        let told = |name: &str| run("getfattr", &[&"--only-values", &"-n", &format!("user.chamilo.{name}"), &page]);
        let before = ["title", "visibility", "comment"].map(told);
        assert_eq!(before[..2], ["Pour les enseignants", "invisible"]);
        let content = fs::read(&page).unwrap();
        fs::remove_file(&page).unwrap();
        fs::write(&page, &content).unwrap();
        assert_eq!(["title", "visibility", "comment"].map(told), before);
        // Written under another name first.
        fs::remove_file(&page).unwrap();
        let passing = page.with_file_name(".Corrigé.html.Xy12Zt");
        fs::write(&passing, &content).unwrap();
        fs::rename(&passing, &page).unwrap();
        assert_eq!(["title", "visibility", "comment"].map(told), before);
        drop(mount);
        portal.check_finds_nothing();
    }
}

#[test]
fn a_course_copied_with_tar_is_whole_whatever_comes_first() {
    let portal = sample_portal();
    let aside = tempfile::tempdir().unwrap();
    for (code, copy) in [("GEO101", "TAR101"), ("HIST20", "TAR102"), ("BIO110", "TAR103")] {
        let archive = aside.path().join("course.tar");
        let mount = Mount::with(&portal, "");
        run("tar", &[&"--create", &"--file", &archive, &"--directory", &mount.join(code), &"."]);
        fs::create_dir(mount.join(copy)).unwrap();
        run("tar", &[&"--extract", &"--file", &archive, &"--directory", &mount.join(copy)]);
        drop(mount);
        assert_eq!(steps(&portal, copy), steps(&portal, code));
    }
    portal.check_finds_nothing();
}

#[test]
fn what_was_undone_is_not_taken_for_removed() {
    let portal = sample_portal();
    let before = steps(&portal, "GEO101");
    let mount = Mount::with(&portal, "");
    let links = mount.join("GEO101/Link/Observer en direct");
    let link = links.join("Réseau national de surveillance sismique.url");
    fs::remove_file(&link).unwrap();
    let moments = mount.join(".trash/GEO101");
    let moment = fs::read_dir(&moments).unwrap().next().unwrap().unwrap().path();
    run("cp", &[&moment.join("backup.zip"), &mount.join("GEO101/backup.zip")]);
    // The path goes on to show the link that it always showed, and not another of its name.
    fs::rename(&link, links.join("Sismos.url")).unwrap();
    fs::write(&link, "[InternetShortcut]\nURL=https://example.org/\n").unwrap();
    assert!(link.is_file());
    drop(mount);
    let after = steps(&portal, "GEO101");
    let of_link = |steps: &[[String; 3]]| steps.iter().filter(|step| step[0] == "link").count();
    assert!(of_link(&before) > 0);
    assert!(after.iter().any(|step| step[0] == "link" && step[2] == "Sismos"), "{after:?}");
    portal.check_finds_nothing();
}
