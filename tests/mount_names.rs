//! What is there in a mount: courses and documents as the rows name them and the disk holds them.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use coursefs::archive::{Cache, Checksums};
use coursefs::course::document_rows::DocumentKind;
use coursefs::filesystem::{Node, Options, PortalFs};
use coursefs::portal::{Access, Portal};
use support::{Mount, TestPortal, names, portals, run, wait_for};

const A_FILE: DocumentKind = DocumentKind::File { size: 3 };

/// Every path below `folder`; those of folders end in a slash.
fn walk(folder: &Path) -> BTreeSet<String> {
    fn add(top: &Path, folder: &Path, paths: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let mut path = entry.path().strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            if entry.file_type().unwrap().is_dir() {
                path.push('/');
                add(top, &entry.path(), paths);
            }
            assert!(paths.insert(path.clone()), "{path} is listed twice");
        }
    }
    let mut paths = BTreeSet::new();
    add(folder, folder, &mut paths);
    paths
}

/// Expects that `path` can neither be seen nor opened.
fn expect_absent(path: &Path) {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let error = std::fs::symlink_metadata(path).expect_err("it is there");
    assert_eq!(error.raw_os_error(), Some(libc::ENOENT), "{}", path.display());
    assert!(std::fs::File::open(path).is_err());
    let listed = path.parent().filter(|parent| parent.is_dir()).map(names).unwrap_or_default();
    assert!(!listed.contains(&name), "{name} is listed");
}

#[test]
fn a_course_is_a_folder_named_by_its_code() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    portal.course("ALG2");
    let mount = Mount::of(&portal);
    assert_eq!(names(&mount.path()), ["ALG2", "GEO101"]);
    assert!(mount.join("GEO101").is_dir());
    expect_absent(&mount.join("geo101"));
    expect_absent(&mount.join("GEO10"));
}

#[test]
fn a_course_holds_its_documents_and_its_backup() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    assert_eq!(names(&mount.join("GEO101")), ["Document", "backup.zip"]);
    assert!(mount.join("GEO101/Document").is_dir());
    assert!(mount.join("GEO101/backup.zip").is_file());
    expect_absent(&mount.join("GEO101/document"));
    expect_absent(&mount.join("GEO101/scorm"));
}

#[test]
fn a_course_whose_code_is_no_folder_name_is_not_shown() {
    let portal = TestPortal::new();
    for (code, odd) in [("ONE", ".hidden"), ("TWO", "a/b"), ("THREE", "")] {
        let course = portal.course(code);
        portal.execute("UPDATE course SET code = ? WHERE id = ?", &[odd.into(), course.id().into()]);
    }
    portal.course("GEO101");
    let mount = Mount::of(&portal);
    assert_eq!(names(&mount.path()), ["GEO101"]);
    wait_for("a line in the log", 5, || mount.log().contains(".hidden").then_some(()));
}

#[test]
fn a_course_without_a_folder_on_the_disk_is_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GONE");
    portal.course("GEO101");
    std::fs::remove_dir_all(course.folder_on_disk()).unwrap();
    let mount = Mount::of(&portal);
    assert_eq!(names(&mount.path()), ["GEO101"]);
    expect_absent(&mount.join("GONE"));
}

#[test]
fn documents_keep_their_folders_and_names() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let long = format!("/{}", "x".repeat(200));
    let folders = ["/Leçon 1", "/Leçon 1/été – hiver", "/Leçon 1/été – hiver/日本", "/a.b"];
    let rare = format!("/Leçon 1/été – hiver/日本/{} & 'co' \"x\" %20 (1).txt", portals::rare_letter());
    let files = ["/Leçon 1/naïve œuvre.html", &rare, "/-rf", "/ ", &long];
    for folder in folders {
        course.folder(folder);
    }
    for file in files {
        course.file(file, file.as_bytes());
    }
    let mount = Mount::of(&portal);
    let files = files.iter().map(|path| path[1..].to_owned());
    let wanted: BTreeSet<String> = folders.iter().map(|path| format!("{}/", &path[1..])).chain(files).collect();
    assert_eq!(walk(&mount.join("GEO101/Document")), wanted);
    let bytes = std::fs::read(mount.join("GEO101/Document/Leçon 1/naïve œuvre.html")).unwrap();
    assert_eq!(bytes, "/Leçon 1/naïve œuvre.html".as_bytes());
}

#[test]
fn names_that_are_not_utf_8_stay_byte_for_byte() {
    // The tables of a Chamilo installation hold UTF-8 only.
    let portal = TestPortal::embedded();
    let course = portal.course("GEO101");
    let iid = course.file("/latin", b"1");
    let name = OsStr::from_bytes(b"caf\xe9.txt");
    std::fs::rename(course.on_disk("/latin"), course.on_disk("/").join(name)).unwrap();
    portal.execute("UPDATE c_document SET path = ? WHERE iid = ?", &[b"/caf\xe9.txt".as_slice().into(), iid.into()]);
    let mount = Mount::of(&portal);
    assert_eq!(std::fs::read(mount.join("GEO101/Document").join(name)).unwrap(), b"1");
    let listed = std::fs::read_dir(mount.join("GEO101/Document")).unwrap();
    assert!(listed.map(|entry| entry.unwrap().file_name()).any(|listed| listed == name));
}

#[test]
fn a_row_without_a_file_is_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.row("/ghost.txt", A_FILE);
    course.row("/ghosts", DocumentKind::Folder);
    let mount = Mount::of(&portal);
    expect_absent(&mount.join("GEO101/Document/ghost.txt"));
    expect_absent(&mount.join("GEO101/Document/ghosts"));
}

#[test]
fn a_file_without_a_row_is_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/known");
    for path in ["/stray.txt", "/known/stray.txt"] {
        std::fs::write(course.on_disk(path), "x").unwrap();
    }
    std::fs::create_dir(course.on_disk("/stray")).unwrap();
    let mount = Mount::of(&portal);
    for path in ["stray.txt", "known/stray.txt", "stray"] {
        expect_absent(&mount.join("GEO101/Document").join(path));
    }
    assert!(names(&mount.join("GEO101/Document/known")).is_empty());
}

#[test]
fn a_document_in_a_folder_without_a_row_is_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    std::fs::create_dir(course.on_disk("/stray")).unwrap();
    course.file("/stray/page.html", b"x");
    let mount = Mount::of(&portal);
    expect_absent(&mount.join("GEO101/Document/stray"));
    expect_absent(&mount.join("GEO101/Document/stray/page.html"));
}

#[test]
fn a_deleted_document_is_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let kept_in_place = course.file("/in-place.txt", b"x");
    course.set_visibility(kept_in_place, 2);
    // What Chamilo does unless it is set to remove documents for good: file and row get another name.
    let renamed = course.file("/old.txt", b"x");
    let name = format!("/old.txt_DELETED_{renamed}");
    std::fs::rename(course.on_disk("/old.txt"), course.on_disk(&name)).unwrap();
    course.set_path(renamed, &name);
    course.set_visibility(renamed, 2);
    let folder = course.folder("/folder");
    course.file("/folder/inside.txt", b"x");
    course.set_visibility(folder, 2);
    let mount = Mount::of(&portal);
    for path in ["in-place.txt", "old.txt", &name[1..], "folder", "folder/inside.txt"] {
        expect_absent(&mount.join("GEO101/Document").join(path));
    }
}

#[test]
fn an_invisible_document_is_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let iid = course.file("/solution.txt", b"42");
    course.set_visibility(iid, 0);
    let mount = Mount::of(&portal);
    assert_eq!(std::fs::read(mount.join("GEO101/Document/solution.txt")).unwrap(), b"42");
    assert!(names(&mount.join("GEO101/Document")).contains(&"solution.txt".to_owned()));
}

#[test]
fn a_document_without_an_item_property_is_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let iid = course.file("/unseen.txt", b"x");
    portal.execute("DELETE FROM c_item_property WHERE tool = 'document' AND ref = ?", &[iid.into()]);
    let mount = Mount::of(&portal);
    expect_absent(&mount.join("GEO101/Document/unseen.txt"));
}

#[test]
fn documents_of_sessions_are_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let iid = course.file("/session.txt", b"x");
    portal.execute("UPDATE c_document SET session_id = 7 WHERE iid = ?", &[iid.into()]);
    let mount = Mount::of(&portal);
    expect_absent(&mount.join("GEO101/Document/session.txt"));
}

#[test]
fn the_users_own_folders_are_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    for folder in ["/shared_folder", "/chat_files"] {
        // A new course has their rows already.
        std::fs::create_dir_all(course.on_disk(folder)).unwrap();
    }
    course.folder("/shared_folder/sf_user_1");
    course.file("/shared_folder/sf_user_1/diary.txt", b"x");
    course.folder("/shared_folder_session_3");
    course.file("/chat_files/messages.log.html", b"x");
    course.file("/shared_folders.txt", b"not one of them");
    let mount = Mount::of(&portal);
    for path in ["shared_folder", "shared_folder/sf_user_1/diary.txt", "shared_folder_session_3", "chat_files"] {
        expect_absent(&mount.join("GEO101/Document").join(path));
    }
    assert!(mount.join("GEO101/Document/shared_folders.txt").is_file());
}

#[test]
fn a_link_to_a_cloud_is_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let iid = course.file("/cloud", b"x");
    portal.execute("UPDATE c_document SET filetype = 'link' WHERE iid = ?", &[iid.into()]);
    let mount = Mount::of(&portal);
    expect_absent(&mount.join("GEO101/Document/cloud"));
}

#[test]
fn symbolic_links_pipes_and_sockets_are_never_documents() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.file("/true.txt", b"x");
    symlink("/etc/passwd", course.on_disk("/passwd")).unwrap();
    symlink("true.txt", course.on_disk("/alias.txt")).unwrap();
    symlink("/etc", course.on_disk("/etc")).unwrap();
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, course.on_disk("/pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(course.on_disk("/socket")).unwrap();
    for path in ["/passwd", "/alias.txt", "/pipe", "/socket"] {
        course.row(path, A_FILE);
    }
    course.row("/etc", DocumentKind::Folder);
    course.row("/etc/passwd", A_FILE);
    let mount = Mount::of(&portal);
    for path in ["passwd", "alias.txt", "pipe", "socket", "etc", "etc/passwd"] {
        expect_absent(&mount.join("GEO101/Document").join(path));
    }
    assert_eq!(names(&mount.join("GEO101/Document")), ["true.txt"]);
}

#[test]
fn a_document_that_is_a_folder_in_the_row_and_a_file_on_the_disk_is_not_shown() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    std::fs::write(course.on_disk("/said-to-be-a-folder"), "x").unwrap();
    course.row("/said-to-be-a-folder", DocumentKind::Folder);
    std::fs::create_dir(course.on_disk("/said-to-be-a-file")).unwrap();
    course.row("/said-to-be-a-file", A_FILE);
    let mount = Mount::of(&portal);
    expect_absent(&mount.join("GEO101/Document/said-to-be-a-folder"));
    expect_absent(&mount.join("GEO101/Document/said-to-be-a-file"));
}

#[test]
fn a_path_that_leaves_the_course_leads_nowhere() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    portal.course("OTHER").file("/secret.txt", b"secret");
    std::fs::write(portal.root().join("app/courses/GEO101/outside.txt"), "secret").unwrap();
    course.folder("/a");
    let paths = [
        "/../outside.txt",
        "/a/../../outside.txt",
        "/../../OTHER/document/secret.txt",
        "/..",
        "/.",
        "/a/.",
        "//a/x",
        "../outside.txt",
        "outside.txt",
        "",
        "/",
    ];
    for path in paths {
        let iid = course.row("/x", A_FILE);
        course.set_path(iid, path);
    }
    let mount = Mount::of(&portal);
    assert_eq!(walk(&mount.join("GEO101/Document")).into_iter().collect::<Vec<_>>(), ["a/"]);
    for (_, bytes) in support::contents(&std::fs::read(mount.join("GEO101/backup.zip")).unwrap()).entries {
        assert_ne!(bytes, b"secret");
    }
}

#[test]
fn changes_show_within_the_time_out_without_a_remount() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    let iid = course.file("/old.txt", b"old");
    let mount = Mount::with(&portal, "ttl=1");
    let documents = mount.join("GEO101/Document");
    assert!(documents.join("old.txt").is_file());
    assert!(!documents.join("new.txt").exists());
    course.file("/new.txt", b"new");
    course.folder("/folder");
    course.file("/folder/inside.txt", b"in");
    course.remove_rows(iid);
    portal.course("NEXT");
    let start = Instant::now();
    wait_for("the changes", 5, || {
        let new = documents.join("new.txt").is_file() && documents.join("folder/inside.txt").is_file();
        (new && !documents.join("old.txt").exists() && mount.join("NEXT").is_dir()).then_some(())
    });
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(names(&mount.path()), ["GEO101", "NEXT"]);
    assert!(!names(&documents).contains(&"old.txt".to_owned()));
}

#[test]
fn inode_numbers_stay_the_same_over_remounts() {
    fn numbers(mount: &Mount) -> BTreeMap<PathBuf, u64> {
        let paths = walk(&mount.path());
        paths.into_iter().map(|path| (path.clone().into(), mount.join(&path).metadata().unwrap().ino())).collect()
    }
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/a");
    course.file("/a/b.txt", b"x");
    portal.course("ALG2");
    let mut mount = Mount::of(&portal);
    let before = numbers(&mount);
    assert_eq!(before.len(), 8);
    assert_eq!(before.values().collect::<BTreeSet<_>>().len(), before.len(), "{before:?}");
    course.file("/a/a.txt", b"new");
    mount.remount();
    let after = numbers(&mount);
    assert_eq!(after.len(), 9);
    for (path, number) in before {
        assert_eq!(after[&path], number, "{path:?}");
    }
}

#[test]
fn a_folder_of_5000_documents_is_listed_completely() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/many");
    let paths: Vec<(String, DocumentKind)> = (0..5000).map(|number| (format!("/many/d{number:04}"), A_FILE)).collect();
    for (path, _) in &paths {
        std::fs::write(course.on_disk(path), "abc").unwrap();
    }
    course.rows(&paths);
    let mount = Mount::of(&portal);
    let listed = names(&mount.join("GEO101/Document/many"));
    let wanted: Vec<String> = (0..5000).map(|number| format!("d{number:04}")).collect();
    assert_eq!(listed, wanted);
}

#[test]
fn a_listing_that_is_under_way_stays_complete_while_documents_come_and_go() {
    let portal = TestPortal::new();
    let course = portal.course("GEO101");
    course.folder("/many");
    let document = |number: usize| format!("/many/d{number:04}");
    let paths: Vec<(String, DocumentKind)> = (0..1000).map(|number| (document(number), A_FILE)).collect();
    for (path, _) in &paths {
        std::fs::write(course.on_disk(path), "abc").unwrap();
    }
    let iids = course.rows(&paths);
    let mount = Mount::of(&portal);
    let mut listing = std::fs::read_dir(mount.join("GEO101/Document/many")).unwrap();
    let mut listed: Vec<String> = Vec::new();
    listed.extend(listing.next().map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    for (number, iid) in iids.into_iter().enumerate().take(50) {
        course.remove_rows(iid);
        course.file(&format!("/many/a{number:04}"), b"new");
    }
    listed.extend(listing.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    let unique: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(unique.len(), listed.len());
    for number in 50..1000 {
        assert!(unique.contains(&document(number)["/many/".len()..].to_owned()), "{number}");
    }
}

/// Every path and whether it is a folder, by the layer below the kernel.
fn walk_without_a_kernel(fs: &PortalFs, node: Node, path: &str, found: &mut BTreeSet<String>) {
    let listing = fs.open_folder(node).unwrap();
    let mut children = Vec::new();
    let mut each = |_: u64, name: &[u8], attributes: &coursefs::filesystem::Attributes| {
        children.push((String::from_utf8(name.to_vec()).unwrap(), attributes.node, attributes.folder));
        false
    };
    fs.read_folder(&listing, 2, &mut each).unwrap();
    for (name, node, folder) in children {
        let path = format!("{path}{name}");
        if folder {
            walk_without_a_kernel(fs, node, &format!("{path}/"), found);
            found.insert(format!("{path}/"));
        } else {
            found.insert(path);
        }
    }
}

#[test]
fn find_ls_and_python_walk_the_same_tree() {
    let portal = TestPortal::new();
    for code in ["GEO101", "ALG2"] {
        let course = portal.course(code);
        for number in 0..40 {
            let folder = format!("/chapter {number}");
            course.folder(&folder);
            for page in 0..5 {
                course.file(&format!("{folder}/page {page}.html"), b"<p>");
            }
        }
    }
    let mount = Mount::with(&portal, "ttl=1");
    let checksums = Arc::new(Checksums::in_memory().unwrap());
    let opened = Arc::new(Portal::open(portal.root(), Access::ReadOnly).unwrap());
    let fs = PortalFs::new(opened, Arc::new(Cache::in_memory().unwrap()), checksums, Options::default());
    let mut wanted = BTreeSet::new();
    walk_without_a_kernel(&fs, Node::Root, "", &mut wanted);
    assert_eq!(wanted.len(), 2 * (3 + 40 * 6));
    let lines = |text: String| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();

    let folders = run("find", &[&mount.path(), &"-mindepth", &"1", &"-type", &"d", &"-printf", &"%P/\n"]);
    let files = run("find", &[&mount.path(), &"-type", &"f", &"-printf", &"%P\n"]);
    assert_eq!(lines(folders + &files), wanted);

    let python = "import os, sys\nfor at, folders, files in os.walk(sys.argv[1]):\n  at = os.path.relpath(at, sys.argv[1])\n  for name in [n + '/' for n in folders] + files: print(os.path.normpath(os.path.join(at, name)) + '/' * name.endswith('/'))";
    assert_eq!(lines(run("python3", &[&"-c", &python, &mount.path()])), wanted);

    let listed = run("ls", &[&"-lR", &mount.path()]);
    let entries = listed.lines().filter(|line| line.starts_with(['d', '-'])).count();
    assert_eq!(entries, wanted.len());
    assert!(!listed.contains("???"));
    let links = run("find", &[&mount.path(), &"-ls"]);
    assert_eq!(links.lines().count(), wanted.len() + 1);
}
