// What holds for any bytes, whoever makes them: the fuzz targets, and tests/fuzz_corpus.rs with the corpus kept.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coursefs::backup::restore::{Options, restore};
use coursefs::backup::{Rows, Selection};
use coursefs::course::Course;
use coursefs::course::tool::TOOLS;
use coursefs::php::{self, Limits};
use coursefs::portal::Portal;
use coursefs::portal::database::DatabaseExt;

/// The code of the course that archives are restored into.
const CODE: &str = "FUZZ";

/// The reader does not panic, and what it reads can be written and read again.
pub fn php_read(bytes: &[u8]) {
    let Ok((value, consumed)) = php::read(bytes, &Limits::default()) else { return };
    assert!(consumed <= bytes.len());
    let written = value.to_bytes();
    let (again, all) = php::read(&written, &Limits::default()).expect("what was written is readable");
    assert_eq!(all, written.len());
    // Not the values: NaN differs from itself.
    assert_eq!(again.to_bytes(), written);
}

/// An archive with the serialized course `serialized` and two files.
pub fn archive_of(serialized: &[u8]) -> Vec<u8> {
    let course_info = STANDARD.encode(serialized).into_bytes();
    let entries: [(&str, &[u8]); 3] =
        [("course_info.dat", &course_info), ("document/a.txt", b"a"), ("upload/announcements/b", b"b")];
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (name, data) in entries {
        let mut common = Vec::new();
        // Version needed, flags, method, time and date.
        for number in [20_u16, 0x800, 0, 0, 0x21] {
            common.extend(number.to_le_bytes());
        }
        for number in [crc32fast::hash(data), data.len() as u32, data.len() as u32] {
            common.extend(number.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0; 2]);
        central.extend(b"PK\x01\x02\x14\x03");
        central.extend(&common);
        central.extend([0; 6]);
        central.extend((0o100_644_u32 << 16).to_le_bytes());
        central.extend((out.len() as u32).to_le_bytes());
        central.extend(name.as_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(data);
    }
    let start = out.len() as u32;
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([3, 0, 3, 0]);
    out.extend((central.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// A portal, best on a file system in memory, and a place for the archive.
pub struct Place {
    folder: tempfile::TempDir,
    portal: Portal,
}

impl Place {
    /// A portal without courses in `/dev/shm`, or where temporary files go.
    pub fn new() -> Place {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a temporary folder");
        let portal = Portal::init(&folder.path().join("portal")).expect("a portal");
        Place { folder, portal }
    }

    /// The archive is restored, whole or not at all; the course can be written as a backup; and restoring the archive
    /// again adds nothing. The course is gone afterwards.
    pub fn restore(&self, archive: &[u8]) {
        let path = self.folder.path().join("archive.zip");
        std::fs::write(&path, archive).expect("room for the archive");
        let options = Options { create: true, ..Options::default() };
        let restored = restore(&self.portal, CODE, &path, options, &mut |_, _| {});
        let course = self.portal.database().read(|session| Course::by_code(session, CODE.as_bytes()));
        let course = course.expect("a database");
        assert_eq!(restored.is_ok(), course.is_some(), "{restored:?}");
        let folder = self.portal.root().join("app/courses").join(CODE);
        assert_eq!(folder.exists(), course.is_some());
        let left = std::fs::read_dir(self.portal.root().join("app/cache")).expect("a cache folder").count();
        assert_eq!(left, 0, "files are left in app/cache");
        let Some(course) = course else { return };
        Rows::load(&self.portal, course.id, Selection::ALL).expect("a course that can be read");
        let again = restore(&self.portal, CODE, &path, options, &mut |_, _| {}).expect("a second restore");
        assert_eq!(again.documents.added, 0, "{again:?}");
        // Rows that a condition keeps out of the course, such as posts whose thread is not in the archive, come again.
        // So do categories of a gradebook, and paths with steps, that lost what tells them from each other.
        let seen = |kind: &str| {
            let kinds = TOOLS.iter().flat_map(|tool| tool.kinds);
            let sure = |kind: &&coursefs::course::tool::Kind| {
                kind.condition.is_empty() && !["gradebook", "learnpath"].contains(&kind.key)
            };
            kinds.filter(sure).any(|known| known.key == kind)
        };
        for (kind, outcome) in again.items.iter().filter(|(kind, _)| seen(kind)) {
            assert_eq!(outcome.added, 0, "{kind}: {outcome:?}");
        }
        self.forget();
        std::fs::remove_dir_all(folder).expect("a folder that can be removed");
    }

    /// Removes all rows of courses.
    fn forget(&self) {
        let forgotten = self.portal.database().write(|session| {
            let tables = "SELECT name FROM sqlite_master WHERE type = 'table' \
                          AND (name GLOB 'c_*' OR name IN ('course', 'course_rel_user', 'access_url_rel_course', \
                          'track_e_default', 'extra_field_values', 'gradebook_category'))";
            session.execute("PRAGMA defer_foreign_keys = ON", &[])?;
            for table in session.rows(tables, &[])? {
                session.execute(&format!("DELETE FROM `{}`", table.text("name")), &[])?;
            }
            Ok::<_, coursefs::portal::database::DatabaseError>(())
        });
        forgotten.expect("rows that can be removed");
    }
}
