//! Where rows and files live: the database, the course files, the configuration.
//!
//! A portal is a folder, told apart by what is in it. An *embedded portal* has `portal.sqlite`: Chamilo's own tables
//! in SQLite, course files under `app/courses/<directory>/` as in a Chamilo installation, which has
//! `app/config/configuration.php` and its tables in MariaDB or MySQL.

mod chamilo;
pub mod configuration;
pub mod crash;
pub mod database;
pub mod intent;
pub mod journal;
pub mod mariadb;
pub mod mark;
pub mod recovery;
mod row;
pub mod schema;
mod settings;
pub mod sqlite;
pub mod staging;
pub mod storage;

use std::io;
use std::path::{Path, PathBuf};

pub use settings::Settings;

use configuration::{ConfigurationError, Supplied, SuppliedError};
use database::{Database, DatabaseError, DatabaseExt};
use sqlite::Sqlite;
use storage::Folder;

/// The database file that marks an embedded portal.
const DATABASE_FILE: &str = "portal.sqlite";

/// The folder of the course folders below the portal (Chamilo 1.11).
const COURSES: &str = "app/courses";

/// The tables of Chamilo 1.11.32, in MariaDB's dialect.
const SCHEMA: &str = include_str!("schema.sql");

/// The rows that every portal needs before its first course: a URL, an administrator, languages, settings.
const SEED: &str = include_str!("seed.sql");

/// Whether a portal is opened to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Rows and files are only read.
    ReadOnly,
    /// Rows and files may be written.
    ReadWrite,
}

/// Why a portal can't be opened or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortalError {
    /// The folder is no portal.
    #[error(
        "{0} is not a portal: it has no portal.sqlite (an embedded portal, made by `coursefs init`) \
         and no app/config/configuration.php (a Chamilo installation)"
    )]
    NotAPortal(PathBuf),
    /// A Chamilo of another version.
    #[error("{root} is a Chamilo {version}; coursefs works with Chamilo 1.11 only")]
    Version {
        /// The portal's folder.
        root: PathBuf,
        /// What its configuration or its files say.
        version: String,
    },
    /// The configuration does not say how to reach the database.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// What is said beside the configuration can't be used.
    #[error(transparent)]
    Supplied(#[from] SuppliedError),
    /// A new portal would overwrite something.
    #[error("{0} already holds something; `coursefs init` wants a new or an empty folder")]
    NotEmpty(PathBuf),
    /// A folder or file of the portal can't be used.
    #[error("{path}: {source}")]
    Files {
        /// What can't be used.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// An open portal.
pub struct Portal {
    root: PathBuf,
    database: Box<dyn Database>,
    courses: Folder,
    is_embedded: bool,
    /// What the configuration says instead of the platform's settings.
    overrides: Vec<(&'static str, String)>,
}

impl Portal {
    /// Opens the portal in the folder `root`. For writing, what a killed process left is put in order first
    /// ([`recovery`]). How to reach a Chamilo's database, its configuration says, or the environment ([`Supplied`]).
    pub fn open(root: &Path, access: Access) -> Result<Portal, PortalError> {
        Portal::open_with(root, access, &Supplied::new(&[], |name| std::env::var_os(name))?)
    }

    /// The same; what is `supplied` counts more than the configuration of a Chamilo.
    pub fn open_with(root: &Path, access: Access, supplied: &Supplied) -> Result<Portal, PortalError> {
        let at = |path: &Path, source| PortalError::Files { path: path.to_owned(), source };
        let root = root.canonicalize().map_err(|error| at(root, error))?;
        let file = root.join(DATABASE_FILE);
        let is_embedded = file.exists();
        let (database, overrides): (Box<dyn Database>, _) = if is_embedded {
            (Box::new(Sqlite::open(&file, access == Access::ReadWrite)?), Vec::new())
        } else {
            let (database, overrides) = chamilo::open(&root, supplied)?;
            (Box::new(database), overrides)
        };
        let courses = root.join(COURSES);
        let courses = Folder::open(&courses).map_err(|error| at(&courses, error))?;
        let portal = Portal { root, database, courses, is_embedded, overrides };
        if access == Access::ReadWrite {
            portal.tidy_up();
        }
        Ok(portal)
    }

    /// A portal with something left in `app/cache` still works, so this is no reason not to open it.
    fn tidy_up(&self) {
        match recovery::recover(self) {
            Ok(recovered) => {
                for recovered in recovered {
                    tracing::warn!(
                        "{} was left by a process that was killed: {} files and folders without rows were taken away",
                        recovered.folder.display(),
                        recovered.taken_away.len()
                    );
                }
            }
            Err(error) => tracing::warn!("{error}"),
        }
    }

    /// Makes an embedded portal without courses in `root`, which must be new or empty.
    pub fn init(root: &Path) -> Result<Portal, PortalError> {
        let at = |path: &Path, source| PortalError::Files { path: path.to_owned(), source };
        std::fs::create_dir_all(root).map_err(|error| at(root, error))?;
        if std::fs::read_dir(root).map_err(|error| at(root, error))?.next().is_some() {
            return Err(PortalError::NotEmpty(root.to_owned()));
        }
        for folder in [COURSES, "app/cache"] {
            let folder = root.join(folder);
            std::fs::create_dir_all(&folder).map_err(|error| at(&folder, error))?;
        }
        // The marker file gets its name last: a folder with a portal.sqlite is a whole portal.
        let unfinished = root.join("portal.sqlite.new");
        drop(Sqlite::create(&unfinished, &format!("{}\n{SEED}", sqlite::dialect(SCHEMA)))?);
        let file = root.join(DATABASE_FILE);
        std::fs::rename(&unfinished, &file).map_err(|error| at(&file, error))?;
        Portal::open(root, Access::ReadWrite)
    }

    /// The portal's folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The portal's rows.
    pub fn database(&self) -> &dyn Database {
        self.database.as_ref()
    }

    /// The folder that holds the course folders.
    pub fn courses_folder(&self) -> &Folder {
        &self.courses
    }

    /// Whether the rows are in a file of the portal's, which nobody but coursefs uses.
    pub fn is_embedded(&self) -> bool {
        self.is_embedded
    }

    /// The platform settings as they are now.
    pub fn settings(&self) -> Result<Settings, DatabaseError> {
        let mut settings = self.database.read(|session| Settings::load(session))?;
        for (variable, value) in &self.overrides {
            settings.set(variable, value);
        }
        Ok(settings)
    }
}
