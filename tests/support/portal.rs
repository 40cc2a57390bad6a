//! Portals with documents as Chamilo would leave them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use coursefs::check::{Scope, check};
use coursefs::course::create::{NewCourse, create};
use coursefs::course::document_rows::{self, DocumentKind, NewDocument};
use coursefs::course::{Course, Stamp};
use coursefs::portal::database::{DatabaseExt, Row, Session, Value};
use coursefs::portal::{Access, Portal};
use tempfile::TempDir;

use super::portals;
use super::programs::{Ended, coursefs};
use super::server::Server;

/// A portal in a temporary folder, with a cache folder beside it.
pub struct TestPortal {
    pub portal: Portal,
    folder: PortalFolder,
}

/// A temporary folder with a portal in it. Its rows go with it, wherever they are.
struct PortalFolder(TempDir);

impl PortalFolder {
    fn new() -> PortalFolder {
        PortalFolder(tempfile::tempdir().unwrap())
    }

    fn portal(&self) -> PathBuf {
        self.0.path().join("portal")
    }
}

impl Drop for PortalFolder {
    fn drop(&mut self) {
        portals::remove_rows(&self.portal());
    }
}

/// A course of a [`TestPortal`].
pub struct TestCourse<'p> {
    pub portal: &'p TestPortal,
    pub course: Course,
}

/// The portal's administrator acts, at a time of its own for everything.
fn stamp() -> Stamp {
    Stamp { user: 1, time: "2026-09-01T08:00:00Z".parse().unwrap() }
}

impl TestPortal {
    /// A portal without courses.
    pub fn new() -> TestPortal {
        let folder = PortalFolder::new();
        let portal = portals::init(&folder.portal());
        TestPortal { portal, folder }
    }

    /// An embedded portal, for what no other can hold.
    pub fn embedded() -> TestPortal {
        let folder = PortalFolder::new();
        let portal = Portal::init(&folder.portal()).unwrap();
        TestPortal { portal, folder }
    }

    /// A Chamilo installation whose rows are in MariaDB, for what is about its database.
    pub fn in_mariadb() -> TestPortal {
        TestPortal::in_server(Server::shared())
    }

    /// The same in a server of its own.
    pub fn in_server(server: &Server) -> TestPortal {
        let folder = PortalFolder::new();
        let portal = portals::init_in(server, &folder.portal());
        TestPortal { portal, folder }
    }

    /// The portal as it is on the disk now, once more, with a cache folder of its own.
    pub fn copy(&self) -> TestPortal {
        let folder = PortalFolder::new();
        portals::copy(self.root(), &folder.portal());
        // Whatever is unfinished in it stays so until something opens it for writing.
        let portal = Portal::open(&folder.portal(), Access::ReadOnly).unwrap();
        TestPortal { portal, folder }
    }

    /// The same portal, open for writing.
    pub fn writable(self) -> TestPortal {
        let portal = Portal::open(self.portal.root(), Access::ReadWrite).unwrap();
        TestPortal { portal, folder: self.folder }
    }

    pub fn root(&self) -> &Path {
        self.portal.root()
    }

    /// The cache folder of mounts and commands.
    pub fn cache(&self) -> PathBuf {
        self.folder.0.path().join("cache")
    }

    /// A folder for what a test makes besides.
    pub fn aside(&self, name: &str) -> PathBuf {
        self.folder.0.path().join(name)
    }

    /// Makes an empty course.
    pub fn course(&self, code: &str) -> TestCourse<'_> {
        let new = NewCourse {
            code: code.to_owned(),
            title: format!("Course {code}"),
            language: Some("english".into()),
            visibility: Some(2),
            ..NewCourse::default()
        };
        TestCourse { portal: self, course: create(&self.portal, &new, &stamp()).unwrap() }
    }

    /// The course that the reference backup holds, restored by the command.
    pub fn reference_course(&self) -> TestCourse<'_> {
        self.coursefs(&[&"restore", &self.root(), &"REF000", &super::reference_backup(), &"--create"]).done();
        self.existing("REF000")
    }

    /// The course `code`, which exists.
    pub fn existing(&self, code: &str) -> TestCourse<'_> {
        let course = self.portal.database().read(|session| Course::by_code(session, code.as_bytes())).unwrap();
        TestCourse { portal: self, course: course.unwrap_or_else(|| panic!("no course {code}")) }
    }

    /// Runs the command with the portal's cache folder.
    pub fn coursefs(&self, arguments: &[&dyn AsRef<OsStr>]) -> Ended {
        coursefs(&self.cache(), arguments)
    }

    /// What `coursefs check` finds in the whole portal, a line each: faults without notes.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let scope = Scope::all(&self.portal).unwrap();
        check(&self.portal, &scope, false, &mut |finding| {
            if finding.counts() {
                faults.push(format!("{}: {finding}", finding.course.clone().unwrap_or_default()));
            }
        })
        .unwrap();
        faults
    }

    /// Expects that rows and files fit together: for the end of every test that changed them.
    #[track_caller]
    pub fn check_finds_nothing(&self) {
        let faults = self.faults();
        assert!(faults.is_empty(), "coursefs check finds:\n{}", faults.join("\n"));
    }

    pub fn rows(&self, sql: &str, values: &[Value]) -> Vec<Row> {
        self.portal.database().read(|session| session.rows(sql, values)).unwrap()
    }

    /// Changes rows; a test whose statement changes none has a mistake.
    pub fn execute(&self, sql: &str, values: &[Value]) {
        let changed = self.portal.database().write(|session| session.execute(sql, values)).unwrap();
        assert!(changed > 0, "no row is changed by: {sql}");
    }
}

impl TestCourse<'_> {
    pub fn id(&self) -> i64 {
        self.course.id
    }

    /// The course's folder on the disk.
    pub fn folder_on_disk(&self) -> PathBuf {
        self.portal.root().join("app/courses").join(OsStr::from_bytes(&self.course.directory))
    }

    /// Where the document `path` (`/reading/page.html`) lies.
    pub fn on_disk(&self, path: &str) -> PathBuf {
        self.folder_on_disk().join("document").join(path.trim_start_matches('/'))
    }

    /// Puts a document: its file and its rows.
    pub fn file(&self, path: &str, bytes: &[u8]) -> i64 {
        std::fs::write(self.on_disk(path), bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
        self.row(path, DocumentKind::File { size: bytes.len() as u64 })
    }

    /// Puts a folder.
    pub fn folder(&self, path: &str) -> i64 {
        std::fs::create_dir(self.on_disk(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        self.row(path, DocumentKind::Folder)
    }

    /// The rows of a document alone.
    pub fn row(&self, path: &str, kind: DocumentKind) -> i64 {
        self.rows(&[(path, kind)])[0]
    }

    /// The rows of many documents alone, in one transaction.
    pub fn rows<P: AsRef<str>>(&self, documents: &[(P, DocumentKind)]) -> Vec<i64> {
        let enter = |session: &dyn Session, path: &str, kind| {
            let title = path.rsplit('/').next().unwrap();
            let new = NewDocument { path: path.as_bytes(), title, comment: None, kind, visible: true };
            document_rows::insert(session, self.id(), &new, &stamp())
        };
        let each = documents.iter().map(|(path, kind)| (path.as_ref(), *kind));
        let entered = self
            .portal
            .portal
            .database()
            .write(|session| each.map(|(path, kind)| enter(session, path, kind)).collect::<Result<Vec<i64>, _>>());
        entered.unwrap()
    }

    /// Gives the row of the document `iid` a path that no upload would give it.
    pub fn set_path(&self, iid: i64, path: &str) {
        self.portal.execute("UPDATE c_document SET path = ? WHERE iid = ?", &[path.into(), iid.into()]);
    }

    /// 0 invisible, 1 visible, 2 deleted.
    pub fn set_visibility(&self, iid: i64, visibility: i64) {
        let sql = "UPDATE c_item_property SET visibility = ? WHERE tool = 'document' AND ref = ? AND c_id = ?";
        self.portal.execute(sql, &[visibility.into(), iid.into(), self.id().into()]);
    }

    /// Removes the rows of the document `iid`.
    pub fn remove_rows(&self, iid: i64) {
        let property = "DELETE FROM c_item_property WHERE tool = 'document' AND ref = ? AND c_id = ?";
        self.portal.execute(property, &[iid.into(), self.id().into()]);
        self.portal.execute("DELETE FROM c_document WHERE iid = ?", &[iid.into()]);
    }

    pub fn set_quota(&self, bytes: i64) {
        self.portal.execute("UPDATE course SET disk_quota = ? WHERE id = ?", &[bytes.into(), self.id().into()]);
    }

    /// The bytes of the course's backup, by the command line.
    pub fn backup(&self) -> Vec<u8> {
        let code = String::from_utf8(self.course.code.clone()).unwrap();
        self.portal.coursefs(&[&"backup", &self.portal.root(), &code, &"-o", &"-"]).done().stdout
    }
}
