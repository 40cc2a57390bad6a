//! Courses copied file by file through a mount, without their archives: the same course afterwards, down to what a backup
//! says of it; copying that is interrupted and taken up again; items moved to another course.
#![allow(clippy::unwrap_used)]

mod items_support;
mod reference_support;
mod support;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use items_support::{
    count_files, expect_equal, expect_same_files, files, is_comparable, references_are_set, sample_portal, shell,
};
use reference_support::equal::{Side, archive_differences};
use support::{Mount, TestPortal, names, run, snapshot, start, wait_for};

/// Folders of a course: its documents, and all tools that hold something.
fn folders(course: &Path) -> Vec<String> {
    names(course).into_iter().filter(|name| course.join(name).is_dir()).collect()
}

/// The course's backup, as the mount computes it, in a file of the test.
fn backup(portal: &TestPortal, mount: &Mount, code: &str) -> PathBuf {
    let aside = portal.aside(&format!("{code}.zip"));
    run("cp", &[&mount.join(code).join("backup.zip"), &aside]);
    aside
}

/// What differs in the backups of two courses, but for what is no item's: what no file tells, and what is made anew in
/// every course.
fn backup_differences(portal: &TestPortal, mount: &Mount, codes: [&str; 2]) -> Vec<String> {
    let sides = codes.map(|code| Side::new(&portal.portal, code));
    let archives = codes.map(|code| backup(portal, mount, code));
    let mut found = archive_differences([&sides[0], &sides[1]], [&archives[0], &archives[1]]);
    let is_of = |line: &str, kind: &str| line.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'));
    found.retain(|line| {
        // Names of attachments on the disk are names by chance; who made a document is told by no copy of it, as on any
        // disk; links in a page lead where they led; packages tell nothing of users.
        let by_chance = line.contains("attachment") && line.contains("path: ") || line.starts_with("upload/");
        let of_document = is_of(line, "document") && (line.contains(".item_properties.") || line.contains(".coursefs"));
        let page = line.starts_with("document/") && line.contains(".html: ");
        let user = |name: &str| line.contains(&format!(".{name}: "));
        let of_path = (is_of(line, "learnpath") || is_of(line, "learnpath_category"))
            && ["insert_user_id", "lastedit_user_id", "4", "12"].into_iter().any(user);
        !(by_chance || of_document || page || of_path)
    });
    found
}

#[test]
fn the_backup_of_a_course_copied_file_by_file_says_what_that_of_the_source_says() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    // As long as the others, so that lengths of pages stay the same.
    for (code, copy) in [("GEO101", "GEO1C1"), ("BIO110", "BIO1C0"), ("HIST20", "HISTC0")] {
        portal.course(copy);
        let language =
            "UPDATE course SET course_language = (SELECT course_language FROM course WHERE code = ?) WHERE code = ?";
        portal.execute(language, &[code.into(), copy.into()]);
        // The course's picture is no file that is shown.
        for picture in ["course-pic.png", "course-pic85x85.png"] {
            fs::remove_file(portal.existing(code).folder_on_disk().join(picture)).ok();
        }
        for folder in folders(&mount.join(code)) {
            run("cp", &[&"-a", &mount.join(code).join(&folder), &mount.join(copy)]);
        }
        references_are_set(&portal);
        for folder in folders(&mount.join(code)).iter().filter(|folder| *folder != "Learnpath") {
            expect_same_files(&mount.join(copy).join(folder), &mount.join(code).join(folder));
        }
        let found = backup_differences(&portal, &mount, [code, copy]);
        assert!(found.is_empty(), "{code}: {} differences\n{}", found.len(), found.join("\n"));
    }
    portal.check_finds_nothing();
}

/// Copies folders of one course into another by `program`, which is killed as soon as there are `count` files.
fn copy_and_kill(program: &[&str], mount: &Mount, folders: &[String], to: &Path, count: usize) {
    let arguments = folders.iter().map(|folder| mount.join("GEO101").join(folder));
    let mut copying = start(program[0], &[]);
    let mut copying = copying.args(&program[1..]).args(arguments).arg(to).stderr(Stdio::null()).spawn().unwrap();
    let copied = || folders.iter().map(|folder| to.join(folder)).filter(|folder| folder.exists());
    wait_for("the files to be copied", 60, || {
        let there: usize = copied().map(|folder| count_files(&folder)).sum();
        (there >= count || copying.try_wait().unwrap().is_some()).then_some(())
    });
    copying.kill().unwrap();
    copying.wait().unwrap();
}

#[test]
fn copying_that_is_killed_and_begun_again_makes_the_same_course() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let all = folders(&mount.join("GEO101"));
    let items: Vec<String> = all.iter().filter(|folder| *folder != "Document").cloned().collect();
    for (number, program) in [&["cp", "-r"][..], &["cp", "-a"], &["rsync", "-a"]].into_iter().enumerate() {
        let copy = format!("KILL0{number}");
        portal.course(&copy);
        let to = mount.join(&copy);
        for count in [1, 4, 9, 17, 30] {
            copy_and_kill(program, &mount, &all, &to, count);
        }
        copy_and_kill(program, &mount, &all, &to, usize::MAX);
        references_are_set(&portal);
        for folder in items.iter().filter(|folder| is_comparable(folder)) {
            expect_same_files(&to.join(folder), &mount.join("GEO101").join(folder));
            expect_equal(&portal, folder, "GEO101", &copy);
        }
        let before = snapshot(&portal).rows;
        copy_and_kill(program, &mount, &items, &to, usize::MAX);
        assert!(snapshot(&portal).rows == before, "{program:?}");
    }
    portal.check_finds_nothing();
}

fn is_of_attachments(folder: &Path) -> bool {
    folder.to_str().unwrap().ends_with("_files")
}

#[test]
fn items_that_are_moved_to_another_course_are_there_as_they_were_and_gone_here() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    for (number, code) in ["GEO101", "BIO110", "HIST20"].into_iter().enumerate() {
        let (kept, moved) = (format!("KEPT0{number}"), format!("MOVE0{number}"));
        portal.course(&kept);
        portal.course(&moved);
        let all = folders(&mount.join(code));
        for folder in &all {
            run("cp", &[&"-a", &mount.join(code).join(folder), &mount.join(&kept)]);
        }
        references_are_set(&portal);
        // Packages first, for they hold what their steps show. They bring folders too, and `mv` moves no folder over one
        // that holds something, so the items of each are moved by themselves, items before their attachments.
        let mut ordered: Vec<&String> = all.iter().filter(|folder| *folder != "Document").collect();
        ordered.sort_by_key(|folder| *folder != "Learnpath");
        for folder in ordered {
            let top = mount.join(code).join(folder);
            let inner = files(&top).into_keys().map(|path| path.parent().unwrap().to_owned());
            let inner: BTreeSet<PathBuf> = inner.filter(|folder| !is_of_attachments(folder)).collect();
            for inner in inner {
                let to = mount.join(&moved).join(folder).join(&inner);
                fs::create_dir_all(&to).unwrap();
                let entries = names(&top.join(&inner)).into_iter().map(|name| top.join(&inner).join(name));
                let entries: Vec<PathBuf> = entries.filter(|path| path.is_file() || is_of_attachments(path)).collect();
                let mut arguments: Vec<&dyn AsRef<OsStr>> =
                    entries.iter().map(|path| path as &dyn AsRef<OsStr>).collect();
                arguments.push(&to);
                run("mv", &arguments);
            }
        }
        run("cp", &[&"-a", &mount.join(code).join("Document"), &mount.join(&moved)]);
        references_are_set(&portal);
        for folder in all.iter().filter(|folder| is_comparable(folder)) {
            expect_same_files(&mount.join(&moved).join(folder), &mount.join(&kept).join(folder));
            expect_equal(&portal, folder, &kept, &moved);
        }
        // Folders stay until they are removed, with their pages.
        for folder in folders(&mount.join(code)).iter().filter(|folder| *folder != "Document") {
            let left = files(&mount.join(code).join(folder)).into_keys();
            assert!(left.into_iter().all(|path| path.ends_with("index.html")), "{folder}");
        }
    }
    portal.check_finds_nothing();
}

#[test]
fn what_is_removed_and_put_back_is_referred_to_as_before() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let course = mount.join("GEO101");
    let (kept, referring) = (portal.aside("kept"), ["Gradebook", "Progress", "Forum", "Test"]);
    fs::create_dir(&kept).unwrap();
    let state = || referring.map(|folder| files(&course.join(folder)));
    let steps = || {
        let sql = "SELECT path, item_type FROM c_lp_item WHERE c_id = ? ORDER BY iid";
        let rows = portal.rows(sql, &[portal.existing("GEO101").id().into()]);
        rows.iter().map(|row| (row.text("item_type"), row.text("path"))).collect::<Vec<_>>()
    };
    let (before, steps_before) = (state(), steps());
    for path in [
        "Test/Premier réveil.json",
        "Test/Bilan : volcans et séismes.json",
        "Assignment/Carnet de terrain.json",
        "Attendance/Présence du mardi.json",
        "Test/Categories/Volcans.html",
        "Learnpath/Volcans.zip",
    ] {
        let file = course.join(path);
        run("cp", &[&"-a", &file, &kept]);
        fs::remove_file(&file).unwrap();
        run("cp", &[&"-a", &kept.join(file.file_name().unwrap()), &file]);
    }
    assert!(state() == before);
    assert_eq!(steps().len(), steps_before.len());
    for ((kind, path), (kind_before, _)) in steps().iter().zip(&steps_before) {
        assert_eq!(kind, kind_before);
        assert!(kind == "dir" || path.parse::<i64>().is_ok_and(|key| key > 0), "{kind} {path}");
    }
    portal.check_finds_nothing();
}

#[test]
fn an_item_for_some_people_is_for_nobody_else_where_it_is_copied_to() {
    let portal = sample_portal();
    portal.course("COPY01");
    let mount = Mount::of(&portal);
    let announcements = mount.join("GEO101/Announcement");
    let rows = |code: &str| {
        let sql = "SELECT to_user_id, to_group_id, visibility FROM c_item_property WHERE tool = 'announcement' AND \
                   c_id = ? ORDER BY ref";
        let rows = portal.rows(sql, &[portal.existing(code).id().into()]);
        rows.iter()
            .map(|row| ["to_user_id", "to_group_id", "visibility"].map(|column| row.int(column)))
            .collect::<Vec<_>>()
    };
    let course = portal.existing("GEO101").id();
    let known = portal.rows("SELECT id FROM user WHERE username = 'mlaurent'", &[])[0].int("id");
    let of_first = "UPDATE c_item_property SET to_user_id = ? WHERE tool = 'announcement' AND c_id = ? AND ref = 1";
    portal.execute(of_first, &[known.into(), course.into()]);
    portal.execute(
        "INSERT INTO c_group_info (iid, c_id, id, name, status, max_student, doc_state, calendar_state, work_state, \
         announcements_state, forum_state, wiki_state, chat_state, self_registration_allowed, \
         self_unregistration_allowed, session_id, category_id) \
         VALUES (7, ?, 7, 'Group', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
        &[course.into()],
    );
    let of_second = "UPDATE c_item_property SET to_group_id = 7 WHERE tool = 'announcement' AND c_id = ? AND ref = 2";
    portal.execute(of_second, &[course.into()]);
    let before = rows("GEO101");
    run("cp", &[&"-r", &announcements, &mount.join("COPY01")]);
    assert_eq!(rows("COPY01"), [[known, None, Some(1)], [None, None, Some(0)]]);
    // Editing them changes nothing of whom they are for.
    shell("sed -i 's|</main>|<p>by sed</p></main>|' \"$1\"/*.html", &[&announcements]).done();
    assert_eq!(rows("GEO101"), before);
    // Whom the portal does not know, nobody is.
    let page = "<title>To somebody</title><script type=\"application/json\" id=\"coursefs\">{\"properties\": \
                {\"for\": \"nobody here\"}}</script><main>Hello</main>";
    fs::write(mount.join("COPY01/Announcement/To somebody.html"), page).unwrap();
    assert_eq!(rows("COPY01")[2], [None, None, Some(0)]);
    portal.check_finds_nothing();
}
