//! `rsync` of a mount: what did not change is not transferred.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use support::{Mount, TestPortal, noise, run};

/// What rsync transferred, and how many bytes of files.
fn rsync(from: &Path, to: &Path) -> (Vec<String>, u64) {
    let from = format!("{}/", from.display());
    let printed = run("rsync", &[&"-a", &"--out-format=%i %n", &"--stats", &from, &to]);
    let lines =
        printed.lines().filter(|line| line.starts_with([' ', '<', '>', 'c', 'h', '.', '*']) && line.contains('/'));
    // Attributes of folders (a leading dot) are no transfer.
    let files = lines.filter(|line| line.starts_with('>')).map(|line| line.split_once(' ').unwrap().1.to_owned());
    let bytes = printed.lines().find_map(|line| line.strip_prefix("Total transferred file size: ")).unwrap();
    let bytes: String = bytes.chars().filter(char::is_ascii_digit).collect();
    (files.collect(), bytes.parse().unwrap())
}

fn portal() -> TestPortal {
    let portal = TestPortal::new();
    for code in ["GEO101", "ALG2", "BIO3"] {
        let course = portal.course(code);
        course.folder("/Leçon 1");
        for name in ["/Leçon 1/été.html", "/photo.jpg"] {
            course.file(name, &noise(code.len() as u64, 50_000));
            let file = File::options().write(true).open(course.on_disk(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
        }
    }
    portal
}

#[test]
fn rsync_transfers_nothing_the_second_time() {
    let portal = portal();
    let mount = Mount::with(&portal, "ttl=1");
    let to = portal.aside("offsite");
    assert_eq!(rsync(&mount.path(), &to).0.len(), 9);
    assert_eq!(rsync(&mount.path(), &to), (vec![], 0));
    let geo = "GEO101/backup.zip";
    assert!(std::fs::read(to.join(geo)).unwrap() == std::fs::read(mount.join(geo)).unwrap());
    run("diff", &[&"-r", &mount.path(), &to]);
}

#[test]
fn rsync_transfers_nothing_after_a_remount() {
    let portal = portal();
    let mut mount = Mount::with(&portal, "ttl=1");
    let to = portal.aside("offsite");
    rsync(&mount.path(), &to);
    mount.remount();
    assert_eq!(rsync(&mount.path(), &to), (vec![], 0));
    // Not even with nothing remembered.
    mount.unmount();
    std::fs::remove_dir_all(portal.cache()).unwrap();
    drop(mount);
    let mount = Mount::with(&portal, "ttl=1");
    assert_eq!(rsync(&mount.path(), &to), (vec![], 0));
}

#[test]
fn touching_a_document_transfers_it_and_the_archive_of_its_course() {
    let portal = portal();
    let mut mount = Mount::with(&portal, "ttl=0");
    let to = portal.aside("offsite");
    rsync(&mount.path(), &to);
    run("touch", &[&portal.existing("ALG2").on_disk("photo.jpg")]);
    assert_eq!(rsync(&mount.path(), &to).0, ["ALG2/backup.zip", "ALG2/Document/photo.jpg"]);
    mount.remount();
    assert_eq!(rsync(&mount.path(), &to), (vec![], 0));
}

#[test]
fn a_changed_row_transfers_the_archive_of_its_course_alone() {
    let portal = portal();
    let mount = Mount::of(&portal);
    let to = portal.aside("offsite");
    rsync(&mount.path(), &to);
    let set = "UPDATE c_document SET title = 'Other' WHERE c_id = ? AND path = '/photo.jpg'";
    portal.execute(set, &[portal.existing("BIO3").id().into()]);
    assert_eq!(rsync(&mount.path(), &to).0, ["BIO3/backup.zip"]);
    assert_eq!(rsync(&mount.path(), &to), (vec![], 0));
    let bio = "BIO3/backup.zip";
    assert!(std::fs::read(to.join(bio)).unwrap() == std::fs::read(mount.join(bio)).unwrap());
}
