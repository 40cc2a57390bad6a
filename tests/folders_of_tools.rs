//! Every tool is a folder, every item a file in it: read, copied, edited, removed and made with ordinary programs.
#![allow(clippy::unwrap_used)]

mod items_support;
mod reference_support;
mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use items_support::{
    expect_equal, expect_same_files, files, is_comparable, kinds, references_are_set, sample_portal, shell, some_file,
    tools, tools_of, xattr,
};
use reference_support::equal::Side;
use support::{Ended, Mount, TestPortal, names, run, snapshot, start, wait_for};

#[test]
fn every_tool_that_holds_something_is_a_folder_and_its_items_are_files() {
    let portal = sample_portal();
    portal.course("EMPTY");
    let mount = Mount::of(&portal);
    assert_eq!(names(&mount.join("EMPTY")), ["Document", "backup.zip"]);
    for tool in tools() {
        let folder = mount.join("GEO101").join(tool);
        if tool == "Xapi" {
            // A plugin that few portals have.
            continue;
        }
        assert!(folder.is_dir(), "{tool}");
        for (path, bytes) in files(&folder) {
            let (path, shown) = (folder.join(&path), path.display());
            let found = path.metadata().unwrap();
            assert_eq!(found.len(), bytes.len() as u64, "{tool}/{shown}");
            assert!(!bytes.is_empty() && found.mtime() > 1_700_000_000, "{tool}/{shown}");
            assert_eq!(found.ino(), mount.join("GEO101").join(tool).join(&path).metadata().unwrap().ino());
        }
    }
    // The time of a file is that of the item's last edit.
    portal.execute(
        "UPDATE c_item_property SET lastedit_date = '2026-10-05 06:07:08' WHERE tool = 'link' AND ref = 1",
        &[],
    );
    let title = portal.rows("SELECT title FROM c_link WHERE iid = 1", &[])[0].text("title");
    let link = wait_for("the new time", 10, || {
        let found = files(&mount.join("GEO101/Link")).into_keys().find(|path| path.to_str().unwrap().contains(&title));
        let path = mount.join("GEO101/Link").join(found?);
        (path.metadata().unwrap().mtime() == 1_791_180_428).then_some(path)
    });
    assert_eq!(xattr(&link, "user.chamilo.title").unwrap(), title);
    assert_eq!(xattr(&link, "user.chamilo.visibility").unwrap(), "visible");
    assert_eq!(xattr(&link, "user.chamilo.modified").unwrap(), "2026-10-05 06:07:08");
    assert!(xattr(&link, "user.chamilo.created").is_some());
}

#[test]
fn names_and_inode_numbers_of_items_stay_the_same_over_remounts() {
    let portal = sample_portal();
    let mut mount = Mount::of(&portal);
    let state = |mount: &Mount| {
        let numbers = |code: &str| -> BTreeMap<PathBuf, u64> {
            let course = mount.join(code);
            let all = files(&course).into_keys().filter(|path| !path.ends_with("backup.zip"));
            all.map(|path| (path.clone(), course.join(&path).metadata().unwrap().ino())).collect()
        };
        ["GEO101", "BIO110", "HIST20"].map(numbers)
    };
    let before = state(&mount);
    assert!(before.iter().all(|course| course.len() > 5));
    mount.remount();
    assert_eq!(state(&mount), before);
}

#[test]
fn items_copied_file_by_file_are_the_same_items() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    for (number, code) in ["GEO101", "BIO110", "HIST20"].into_iter().enumerate() {
        for program in ["cp -r", "cp -a", "rsync -a"] {
            let copy = format!("{}{number}", program.replace([' ', '-'], "").to_uppercase());
            portal.course(&copy);
            let there = tools_of(&mount, code);
            let copy_all = |tools: &[&str]| {
                for tool in tools {
                    let (from, to) = (mount.join(code).join(tool), mount.join(&copy));
                    shell(&format!("{program} \"$1\" \"$2\""), &[&from, &to]).done();
                }
            };
            copy_all(&there);
            references_are_set(&portal);
            for tool in there.iter().filter(|tool| is_comparable(tool)) {
                expect_same_files(&mount.join(&copy).join(tool), &mount.join(code).join(tool));
                expect_equal(&portal, tool, code, &copy);
            }
            // Again, and nothing changes. Documents are written anew, as on any disk.
            let items: Vec<&str> = there.iter().copied().filter(|tool| *tool != "Document").collect();
            let before = snapshot(&portal);
            copy_all(&items);
            assert!(snapshot(&portal).rows == before.rows, "{program} {code}");
        }
    }
    portal.check_finds_nothing();
}

#[test]
fn items_may_be_copied_in_any_order_and_the_copying_may_be_interrupted() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let mut random = support::Random::new(7);
    for round in 0..3 {
        let copy = format!("COPY{round}");
        portal.course(&copy);
        let from = mount.join("GEO101");
        let copied = tools_of(&mount, "GEO101");
        let mut paths: Vec<PathBuf> = copied
            .iter()
            .flat_map(|tool| files(&from.join(tool)).into_keys().map(move |path| Path::new(tool).join(path)))
            .collect();
        for last in (1..paths.len()).rev() {
            paths.swap(last, random.below(last + 1));
        }
        // A third of it is copied, then all of it.
        for path in paths.iter().take(paths.len() / 3).chain(&paths) {
            let to = mount.join(&copy).join(path);
            run("mkdir", &[&"-p", &to.parent().unwrap()]);
            run("cp", &[&from.join(path), &to]);
        }
        references_are_set(&portal);
        for tool in copied.into_iter().filter(|tool| is_comparable(tool)) {
            expect_same_files(&mount.join(&copy).join(tool), &from.join(tool));
            expect_equal(&portal, tool, "GEO101", &copy);
        }
    }
    portal.check_finds_nothing();
}

#[test]
fn an_item_that_is_edited_with_sed_or_an_editor_changes_in_the_database() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Announcement");
    let file = some_file(&folder);
    let row = |column: &str| {
        let sql = format!("SELECT {column} FROM c_announcement WHERE c_id = ? ORDER BY iid");
        portal
            .rows(&sql, &[portal.existing("GEO101").id().into()])
            .iter()
            .map(|row| row.text(column))
            .collect::<Vec<_>>()
    };
    let (keys, before) = (row("iid"), row("content"));
    let edits: [(&str, &str); 6] = [
        ("sed -i 's|</main>|<p>by sed</p></main>|' \"$1\"", "by sed"),
        ("sed -i.bak 's|</main>|<p>by sed with a copy</p></main>|' \"$1\"", "by sed with a copy"),
        ("sed 's|</main>|<p>in place</p></main>|' \"$1\" > \"$2\"; cat \"$2\" > \"$1\"", "in place"),
        ("perl -pi -e 's|</main>|<p>by perl</p></main>|' \"$1\"", "by perl"),
        (
            "sed 's|</main>|<p>renamed</p></main>|' \"$1\" > \"$1.tmp\"; sync \"$1.tmp\"; mv \"$1.tmp\" \"$1\"",
            "renamed",
        ),
        // As vim and others do it: the old file is kept under another name until the new one is written.
        (
            "sed 's|</main>|<p>kept aside</p></main>|' \"$1\" > \"$2\"; mv \"$1\" \"$1~\"; test ! -e \"$1\"; \
             cat \"$2\" > \"$1\"; rm \"$1~\"",
            "kept aside",
        ),
    ];
    for (script, wanted) in edits {
        shell(script, &[&file, &portal.aside("aside")]).done();
        let now = row("content");
        assert!(now.iter().any(|text| text.contains(wanted)), "{wanted}: {now:?}\n{}", mount.log());
        assert_eq!(row("iid"), keys, "{wanted}: the item is the one that it was");
        assert!(fs::read_to_string(&file).unwrap().contains(wanted), "{wanted}");
        assert_eq!(now.iter().zip(&before).filter(|(now, before)| now != before).count(), 1, "{wanted}");
    }
    let editor = portal.rows("SELECT lastedit_type FROM c_item_property WHERE tool = 'announcement' AND lastedit_type = 'AnnouncementUpdated'", &[]);
    assert_eq!(editor.len(), 1);
    assert_eq!(xattr(&folder, "user.chamilo.error"), None);
    portal.check_finds_nothing();
}

#[test]
fn vim_saves_an_item_which_keeps_its_row() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Announcement");
    let (file, listed) = (some_file(&folder), names(&folder));
    let rows = || {
        let sql = "SELECT iid, content FROM c_announcement WHERE c_id = ? ORDER BY iid";
        let rows = portal.rows(sql, &[portal.existing("GEO101").id().into()]);
        rows.iter().map(|row| (row.int("iid"), row.text("content"))).collect::<Vec<_>>()
    };
    let before = rows();
    for (number, options) in
        ["", "set backup", "set backupcopy=no", "set backupcopy=yes", "set nowritebackup", "set noswapfile"]
            .into_iter()
            .enumerate()
    {
        // Below /tmp vim would make no backups.
        let commands = format!("set backupskip=\n{options}\n%s#</main>#<p>by vim {number}</p>\\r</main>#\nwq\n");
        let script = portal.aside("commands");
        fs::write(&script, commands).unwrap();
        run("vim", &[&"-u", &"NONE", &"-i", &"NONE", &"-N", &"-es", &"-S", &script, &file]);
        let now = rows();
        let keys = |rows: &[(Option<i64>, String)]| rows.iter().map(|(key, _)| *key).collect::<Vec<_>>();
        assert_eq!(keys(&now), keys(&before), "{options}");
        assert!(now.iter().any(|(_, text)| text.contains(&format!("<p>by vim {number}</p>"))), "{options}: {now:?}");
        assert_eq!(names(&folder), listed, "{options}");
    }
    assert_eq!(xattr(&folder, "user.chamilo.error"), None);
    portal.check_finds_nothing();
}

#[test]
fn a_folder_made_before_the_one_that_was_meant_becomes_that_one() {
    let portal = sample_portal();
    portal.course("MADE01");
    let mount = Mount::of(&portal);
    let (source, links) = (mount.join("HIST20/Link/Museos"), mount.join("MADE01/Link"));
    // As programs copy: a folder, what lies in it, and the page that says what the folder is, or the backup that has it.
    fs::create_dir_all(links.join("Museos")).unwrap();
    fs::write(links.join("Museos/mine.url"), "[InternetShortcut]\nURL=https://example.org/mine\n").unwrap();
    let inside = fs::File::open(links.join("Museos")).unwrap();
    run("cp", &[&mount.join("HIST20/backup.zip"), &mount.join("MADE01/")]);
    fs::write(links.join("Museos/second.url"), "[InternetShortcut]\nURL=https://example.org/second\n").unwrap();
    assert_eq!(names(&links), names(&mount.join("HIST20/Link")));
    let mut wanted = names(&source);
    wanted.extend(["mine.url".to_owned(), "second.url".to_owned()]);
    wanted.sort();
    assert_eq!(names(&links.join("Museos")), wanted);
    let page = |folder: &Path| fs::read_to_string(folder.join("index.html")).unwrap();
    assert_eq!(page(&links.join("Museos")), page(&source));
    let course = portal.existing("MADE01").id();
    let categories = portal.rows("SELECT id FROM c_link_category WHERE c_id = ?", &[course.into()]);
    assert_eq!(categories.len(), 1);
    let sql = "SELECT category_id FROM c_link WHERE c_id = ? AND url LIKE 'https://example.org/%'";
    let of: Vec<_> = portal.rows(sql, &[course.into()]).iter().map(|row| row.int("category_id")).collect();
    assert_eq!(of, [categories[0].int("id"); 2]);
    // Whoever had the first one open goes on in the other.
    assert!(inside.metadata().unwrap().is_dir());
    portal.check_finds_nothing();
}

#[test]
fn a_file_made_by_hand_becomes_an_item_with_defaults() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let mount = Mount::of(&portal);
    for tool in ["Announcement", "Link"] {
        fs::create_dir(mount.join("GEO101").join(tool)).unwrap();
        assert_eq!(names(&mount.join("GEO101").join(tool)), Vec::<String>::new());
    }
    fs::write(
        mount.join("GEO101/Announcement/welcome.html"),
        "<title>Welcome to all!</title><p>We begin on Monday.</p>",
    )
    .unwrap();
    fs::write(mount.join("GEO101/Link/maps.url"), "[InternetShortcut]\r\nURL=https://example.org/maps\r\n").unwrap();
    fs::write(mount.join("GEO101/Announcement/untitled.html"), "<p>No title</p>").unwrap();
    let announcements =
        portal.rows("SELECT title, content FROM c_announcement WHERE c_id = ? ORDER BY iid", &[course.id().into()]);
    assert_eq!(announcements[0].text("title"), "Welcome to all!");
    assert!(announcements[0].text("content").contains("We begin on Monday."));
    assert_eq!(announcements[1].text("title"), "untitled");
    let links = portal.rows("SELECT title, url FROM c_link WHERE c_id = ?", &[course.id().into()]);
    assert_eq!((links[0].text("title").as_str(), links[0].text("url").as_str()), ("maps", "https://example.org/maps"));
    let shown = portal.rows("SELECT visibility FROM c_item_property WHERE tool IN ('announcement', 'link')", &[]);
    assert_eq!(shown.iter().map(|row| row.int("visibility")).collect::<Vec<_>>(), [Some(1); 3]);
    assert_eq!(names(&mount.join("GEO101/Announcement")), ["Welcome to all!.html", "untitled.html"]);
    // For a minute it is found under the name that it was given, too.
    assert!(mount.join("GEO101/Announcement/welcome.html").exists());
    portal.check_finds_nothing();
}

#[test]
fn a_file_that_cannot_be_understood_is_refused_with_the_reason_and_the_item_stays() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Link");
    let file = some_file(&folder);
    let before = snapshot(&portal);
    let (was, name) = (fs::read(&file).unwrap(), file.file_name().unwrap().to_str().unwrap().to_owned());
    let broken = portal.aside(&name);
    fs::write(&broken, "this is no shortcut").unwrap();
    let refused = |ended: Ended| {
        assert_ne!(ended.code, 0);
        assert!(ended.stderr.contains("Invalid argument"), "{}", ended.stderr);
        assert!(snapshot(&portal) == before);
    };
    for program in ["cp", "rsync"] {
        refused(Ended::of(start(program, &[&broken, &file]).output().unwrap()));
        let reason = xattr(&folder, "user.chamilo.error").unwrap();
        assert!(reason.contains("no Internet shortcut"), "{reason}");
        assert_eq!(xattr(&file, "user.chamilo.error").as_ref(), Some(&reason));
        assert!(mount.log().contains(&reason), "{}", mount.log());
        assert_eq!(fs::read(&file).unwrap(), was);
        // As a new item.
        refused(Ended::of(start(program, &[&broken, &folder.join("new.url")]).output().unwrap()));
        assert!(!folder.join("new.url").exists());
    }
    // Under a name that the folder does not take.
    refused(Ended::of(start("cp", &[&broken, &folder.join("notes.txt")]).output().unwrap()));
    assert!(xattr(&folder, "user.chamilo.error").unwrap().contains("notes.txt"));
    refused(Ended::of(start("cp", &[&broken, &mount.join("GEO101/Announcement/notes.txt")]).output().unwrap()));
    // What can be understood is taken, and the error forgotten.
    fs::write(&broken, "[InternetShortcut]\nURL=https://example.org/new\n").unwrap();
    run("cp", &[&broken, &file]);
    assert_eq!((xattr(&folder, "user.chamilo.error"), xattr(&file, "user.chamilo.error")), (None, None));
    assert!(fs::read_to_string(&file).unwrap().contains("https://example.org/new"));
}

#[test]
fn an_item_whose_file_is_removed_is_gone_with_its_rows_and_files() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let course = portal.existing("GEO101");
    let attached = portal.rows("SELECT path FROM c_announcement_attachment WHERE c_id = ?", &[course.id().into()]);
    let stored = course.folder_on_disk().join("upload/announcements").join(attached[0].text("path"));
    assert!(stored.exists());
    let others = files(&mount.join("BIO110"));
    // Attachments go with their item; whoever removes both by name need not know.
    run("rm", &[&"-r", &mount.join("GEO101/Announcement")]);
    assert!(!stored.exists());
    for table in ["c_announcement", "c_announcement_attachment"] {
        let left = portal.rows(&format!("SELECT * FROM {table} WHERE c_id = ?"), &[course.id().into()]);
        assert!(left.is_empty(), "{table}");
    }
    let sql = "SELECT * FROM c_item_property WHERE c_id = ? AND tool = 'announcement'";
    assert!(portal.rows(sql, &[course.id().into()]).is_empty());
    // One of several.
    let file = some_file(&mount.join("GEO101/Link"));
    let count = || portal.rows("SELECT * FROM c_link WHERE c_id = ?", &[course.id().into()]).len();
    let before = count();
    fs::remove_file(&file).unwrap();
    assert_eq!(count(), before - 1);
    assert!(!file.exists());
    assert_eq!(files(&mount.join("BIO110")), others);
    portal.check_finds_nothing();
}

#[test]
fn all_items_of_a_course_can_be_removed_and_the_course_stays() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    for tool in tools() {
        let folder = mount.join("HIST20").join(tool);
        if folder.exists() {
            shell("rm -r \"$1\"/*", &[&folder]).done();
            // Whoever empties a folder goes on to see it.
            assert_eq!(names(&folder), Vec::<String>::new(), "{tool}");
            fs::remove_dir(&folder).unwrap();
            assert!(!folder.exists(), "{tool}");
        }
    }
    shell("rm -r \"$1\"/*", &[&mount.join("GEO101")]).done();
    for code in ["GEO101", "HIST20"] {
        let side = Side::new(&portal.portal, code);
        for tool in tools() {
            for kind in kinds(tool) {
                assert_eq!(side.count(kind), 0, "{code}: {kind}");
            }
        }
    }
    // Steps of learning paths that showed what is gone are left.
    let faults: Vec<String> = portal.faults().into_iter().filter(|fault| !fault.contains("step-target")).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn items_are_renamed_and_moved_as_files_are() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Announcement");
    let file = some_file(&folder);
    run("mv", &[&file, &folder.join("Another title.html")]);
    assert!(!file.exists() && names(&folder).contains(&"Another title.html".to_owned()));
    let titles = portal.rows("SELECT title FROM c_announcement WHERE title = 'Another title'", &[]);
    assert_eq!(titles.len(), 1);
    // Into a category, and out of it.
    let links = mount.join("GEO101/Link");
    let sql = "SELECT l.category_id, l.iid FROM c_link l WHERE l.title = 'maps' AND l.c_id = ?";
    let of_maps = || {
        let rows = portal.rows(sql, &[portal.existing("GEO101").id().into()]);
        assert_eq!(rows.len(), 1);
        (rows[0].int("category_id").unwrap_or(0), rows[0].int("iid"))
    };
    fs::write(links.join("maps.url"), "[InternetShortcut]\nURL=https://example.org/maps\n").unwrap();
    let (none, key) = of_maps();
    assert_eq!(none, 0);
    fs::create_dir(links.join("Maps and more")).unwrap();
    run("mv", &[&links.join("maps.url"), &links.join("Maps and more/")]);
    let category =
        portal.rows("SELECT iid FROM c_link_category WHERE category_title = 'Maps and more'", &[])[0].int("iid");
    assert_eq!(of_maps(), (category.unwrap(), key));
    run("mv", &[&links.join("Maps and more"), &links.join("Maps")]);
    assert_eq!(names(&links.join("Maps")), ["index.html", "maps.url"]);
    assert_eq!(fs::remove_dir(links.join("Maps")).unwrap_err().raw_os_error(), Some(libc::ENOTEMPTY));
    run("mv", &[&links.join("Maps/maps.url"), &links]);
    assert_eq!(of_maps(), (0, key));
    fs::remove_dir(links.join("Maps")).unwrap();
    assert!(portal.rows("SELECT iid FROM c_link_category WHERE category_title = 'Maps'", &[]).is_empty());
    // To another course programs copy and remove.
    let elsewhere = mount.join("BIO110/Link");
    let renamed = fs::rename(links.join("maps.url"), elsewhere.join("maps.url"));
    assert_eq!(renamed.unwrap_err().raw_os_error(), Some(libc::EXDEV));
    run("mv", &[&links.join("maps.url"), &elsewhere]);
    assert!(!links.join("maps.url").exists() && elsewhere.join("maps.url").exists());
    // Over another item: that one goes.
    fs::write(links.join("a.url"), "[InternetShortcut]\nURL=https://example.org/a\n").unwrap();
    fs::write(links.join("b.url"), "[InternetShortcut]\nURL=https://example.org/b\n").unwrap();
    run("mv", &[&links.join("a.url"), &links.join("b.url")]);
    assert!(fs::read_to_string(links.join("b.url")).unwrap().contains("https://example.org/a"));
    assert!(portal.rows("SELECT iid FROM c_link WHERE url = 'https://example.org/b'", &[]).is_empty());
    portal.check_finds_nothing();
}

#[test]
fn attachments_are_read_and_written_as_files_beside_their_item() {
    let portal = sample_portal();
    let course = portal.existing("GEO101");
    let mount = Mount::of(&portal);
    let folder = mount.join("GEO101/Announcement");
    fs::write(folder.join("Trip.html"), "<title>Trip</title><p>See the map.</p>").unwrap();
    let files = folder.join("Trip_files");
    fs::create_dir(&files).unwrap();
    let bytes = support::noise(3, 100_000);
    fs::write(files.join("Map of été.png"), &bytes).unwrap();
    assert_eq!(fs::read(files.join("Map of été.png")).unwrap(), bytes);
    let row = || {
        let sql =
            "SELECT path, size, filename FROM c_announcement_attachment WHERE c_id = ? AND filename = 'Map of été.png'";
        portal.rows(sql, &[course.id().into()]).pop()
    };
    let stored = |name: &str| course.folder_on_disk().join("upload/announcements").join(name);
    let first = row().unwrap();
    assert_eq!((first.int("size"), fs::read(stored(&first.text("path"))).unwrap()), (Some(100_000), bytes));
    assert!(fs::read_to_string(folder.join("Trip.html")).unwrap().contains("Map of été.png"));
    // Replaced, renamed, removed.
    fs::write(files.join("Map of été.png"), "a smaller map").unwrap();
    let second = row().unwrap();
    assert_eq!(second.int("size"), Some(13));
    assert!(!stored(&first.text("path")).exists() && stored(&second.text("path")).exists());
    run("mv", &[&files.join("Map of été.png"), &files.join("map.png")]);
    assert_eq!(names(&files), ["map.png"]);
    fs::remove_file(files.join("map.png")).unwrap();
    assert!(!stored(&second.text("path")).exists());
    assert_eq!(names(&files), Vec::<String>::new());
    fs::remove_dir(&files).unwrap();
    portal.check_finds_nothing();
}

#[test]
fn an_attachment_that_is_replaced_or_removed_goes_into_the_trash() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let attachment = mount.join("GEO101/Announcement/Sortie au puy de Dôme_files/Autorisation de sortie.txt");
    let other = mount.join("HIST20/Announcement/Excursión a Segovia_files/Lista de autobús.txt");
    let was = [&attachment, &other].map(|path| fs::read(path).unwrap());
    fs::write(&attachment, "another").unwrap();
    fs::remove_file(&other).unwrap();
    for (code, was) in ["GEO101", "HIST20"].into_iter().zip(was) {
        let trash = mount.join(".trash").join(code);
        let moments = names(&trash);
        assert_eq!(moments.len(), 1, "{code}");
        let mut backup = zip::ZipArchive::new(File::open(trash.join(&moments[0]).join("backup.zip")).unwrap()).unwrap();
        let kept = (0..backup.len()).any(|number| {
            let mut entry = backup.by_index(number).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            entry.name().unwrap().starts_with("upload/announcements/") && bytes == was
        });
        assert!(kept, "{code}");
    }
    portal.check_finds_nothing();
}

#[test]
fn attachments_may_come_before_their_item() {
    // The kernel may go on to know them by the numbers that they waited under for a second.
    for options in ["ttl=0", "ttl=1"] {
        attachments_come_first(options);
    }
}

fn attachments_come_first(options: &str) {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mut mount = Mount::with(&portal, options);
    let folder = mount.join("GEO101/Announcement");
    fs::create_dir(&folder).unwrap();
    fs::create_dir(folder.join("Trip_files")).unwrap();
    fs::write(folder.join("Trip_files/map.png"), b"a map").unwrap();
    assert_eq!(names(&folder), ["Trip_files"]);
    // They wait over a remount.
    mount.remount();
    fs::create_dir(&folder).unwrap();
    assert_eq!(fs::read(folder.join("Trip_files/map.png")).unwrap(), b"a map");
    fs::write(folder.join("Trip.html"), "<title>Trip</title>").unwrap();
    let rows = portal.rows("SELECT filename FROM c_announcement_attachment", &[]);
    assert_eq!(rows.iter().map(|row| row.text("filename")).collect::<Vec<_>>(), ["map.png"]);
    assert_eq!(fs::read(folder.join("Trip_files/map.png")).unwrap(), b"a map");
    assert_eq!(names(&portal.root().join("app/cache")), Vec::<String>::new());
    portal.check_finds_nothing();
}

#[test]
fn only_folders_that_mean_something_can_be_made_in_a_course() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    let refused = fs::create_dir(mount.join("GEO101/Nothing"));
    assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::EROFS));
    for tool in tools() {
        let folder = mount.join("GEO101").join(tool);
        assert!(!folder.exists());
        fs::create_dir(&folder).unwrap();
        assert!(names(&mount.join("GEO101")).contains(&tool.to_owned()));
        fs::remove_dir(&folder).unwrap();
        assert!(!folder.exists());
    }
    fs::create_dir(mount.join("GEO101/Announcement")).unwrap();
    let refused = fs::create_dir(mount.join("GEO101/Announcement/sub"));
    assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::EINVAL));
}

#[test]
fn a_writer_that_is_killed_midway_changes_no_item() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let file = some_file(&mount.join("GEO101/Announcement"));
    let bytes = fs::read(&file).unwrap();
    let before = snapshot(&portal);
    let mut written = File::create(&file).unwrap();
    written.write_all(&bytes[..bytes.len() / 2]).unwrap();
    drop(written);
    assert!(snapshot(&portal) == before);
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[test]
fn items_of_a_read_only_mount_can_only_be_read() {
    let portal = sample_portal();
    let mount = Mount::with(&portal, "ro,ttl=0");
    let file = some_file(&mount.join("GEO101/Announcement"));
    let before = snapshot(&portal);
    assert!(!fs::read(&file).unwrap().is_empty());
    for script in ["echo x > \"$1\"", "rm -f \"$1\"", "mv \"$1\" \"$1~\"", "cp \"$1\" \"$1.html\"", "mkdir \"$1.d\""] {
        let ended = shell(script, &[&file]);
        assert!(ended.code != 0 && ended.stderr.contains("Read-only file system"), "{script}: {}", ended.stderr);
    }
    assert!(snapshot(&portal) == before);
}
