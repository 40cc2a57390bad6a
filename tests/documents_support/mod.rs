//! A mounted course for tests of documents, and what Chamilo's rules say of the rows that such tests leave.
#![allow(dead_code, unused_imports, clippy::unwrap_used)] // each test crate uses a part

mod rows;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use coursefs::portal::database::Row;

use super::support::{self, Mount, TestPortal};

pub use rows::rows_follow_the_rules;

/// Ways of mounting that must make no difference: what the kernel remembers, and who reads and writes. What writes to a
/// course whose quota the disk can't fill is passed through ([`Setting::new`]).
pub const WAYS: [&str; 4] = ["ttl=0", "ttl=1", "ttl=1,nopassthrough", "ttl=1,passthrough"];

/// A mounted course with nothing in it.
pub struct Setting {
    pub portal: TestPortal,
    pub mount: Mount,
}

impl Setting {
    /// A new course, mounted with `options`. If `passthrough` is among them, which is no option of a mount, the course
    /// has more room than any disk, so that the kernel may write by itself.
    pub fn new(options: &str) -> Setting {
        let portal = TestPortal::new();
        let course = portal.course("GEO101");
        if options.contains(",passthrough") {
            course.set_quota(1 << 60);
        }
        let mount = Mount::with(&portal, &options.replace(",passthrough", ""));
        Setting { portal, mount }
    }

    /// The rows of the document `path`: its own and its property row, if it has one.
    pub fn row(&self, path: &str) -> (Row, Option<Row>) {
        let rows = self.portal.rows("SELECT * FROM c_document", &[]);
        let document = rows.into_iter().find(|row| row.text("path") == path);
        let document = document.unwrap_or_else(|| panic!("{path} has no row"));
        let sql = "SELECT * FROM c_item_property WHERE tool = 'document' AND ref = ?";
        let mut properties = self.portal.rows(sql, &[document.get("id").clone()]);
        assert!(properties.len() <= 1, "{properties:?}");
        (document, properties.pop())
    }

    /// What `getfattr` tells of the attribute `name`, nothing if there is none.
    pub fn attribute(&self, path: &str, name: &str) -> String {
        let arguments: [&dyn AsRef<OsStr>; 5] = [&"--absolute-names", &"--only-values", &"-n", &name, &self.path(path)];
        String::from_utf8(support::start("getfattr", &arguments).output().unwrap().stdout).unwrap()
    }

    pub fn documents(&self) -> PathBuf {
        self.mount.join("GEO101/Document")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.documents().join(name)
    }

    pub fn on_disk(&self, name: &str) -> PathBuf {
        self.portal.root().join("app/courses/GEO101/document").join(name)
    }

    /// Path, size and whether it is a folder of all documents that Chamilo shows.
    pub fn rows(&self) -> Vec<(String, i64, bool)> {
        let sql = "SELECT d.path, d.size, d.filetype FROM c_document d JOIN c_item_property p ON p.ref = d.id \
                   AND p.tool = 'document' AND p.visibility <> 2 WHERE d.path NOT IN ('/shared_folder', '/chat_files', \
                   '/certificates') ORDER BY d.path";
        let rows = self.portal.rows(sql, &[]);
        rows.iter().map(|row| (row.text("path"), row.int("size").unwrap(), row.text("filetype") == "folder")).collect()
    }
}

/// Runs `test` on a new course for each way of mounting; rows and files must fit together after it, and after the end of
/// the mount.
pub fn in_every_way(test: impl Fn(&Setting)) {
    for options in WAYS {
        let mut setting = Setting::new(options);
        test(&setting);
        setting.portal.check_finds_nothing();
        setting.mount.unmount();
        setting.portal.check_finds_nothing();
        let log = setting.mount.log();
        assert!(!log.contains("ERROR"), "{options}: {log}");
    }
}

#[track_caller]
pub fn expect_errno<T>(wanted: i32, outcome: Result<T, impl Into<io::Error>>) {
    match outcome {
        Ok(_) => panic!("it was allowed; {} was wanted", io::Error::from_raw_os_error(wanted)),
        Err(error) => {
            let error = error.into();
            assert_eq!(error.raw_os_error(), Some(wanted), "{error}");
        }
    }
}

pub fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
