//! A Chamilo installation: which version it is, and how its database is reached.
//!
//! Only Chamilo 1.11 has the tables that the rest of coursefs knows. Other versions are told by their configuration and
//! by what lies in their folder, before anything is asked of their database.

use std::path::Path;

use tracing::warn;

use super::PortalError;
use super::configuration::{self, Configuration, Supplied};
use super::database::{DatabaseError, DatabaseExt};
use super::mariadb::MariaDb;

/// The version that we work with.
const VERSION: &str = "1.11";

/// What lies in the folder of another version: a file, and the version's name.
const OTHERS: [(&str, &str); 3] =
    [("main/inc/conf/configuration.php", "1.9 or older"), ("config/bundles.php", "2"), ("public/main", "2")];

/// Tables without which nothing can be shown.
const TABLES: [&str; 6] = ["course", "c_document", "c_item_property", "settings_current", "user", "access_url"];

/// Settings of the configuration that count instead of the platform's: variable and value.
type Overrides = Vec<(&'static str, String)>;

/// Opens the database of the Chamilo in `root`.
pub(super) fn open(root: &Path, supplied: &Supplied) -> Result<(MariaDb, Overrides), PortalError> {
    let other = |version: &str| PortalError::Version { root: root.to_owned(), version: version.to_owned() };
    if !root.join(configuration::FILE).exists() {
        return Err(match OTHERS.iter().find(|(file, _)| root.join(file).exists()) {
            Some((_, version)) => other(version),
            None => PortalError::NotAPortal(root.to_owned()),
        });
    }
    let configuration = Configuration::read(root, supplied)?;
    if let Some(version) = &configuration.system_version
        && !is_supported(version)
    {
        return Err(other(version));
    }
    if let Some(other) = configuration.root_sys.as_deref().and_then(|path| Path::new(path).canonicalize().ok())
        && other != root
    {
        let (root, other) = (root.display(), other.display());
        warn!(
            "the configuration of {root} is that of {other} (root_sys): the rows are those of {other}, the files not"
        );
    }
    let database = MariaDb::open(&configuration)?;
    check(&database, root)?;
    let modes = [
        ("permissions_for_new_directories", configuration.folder_mode),
        ("permissions_for_new_files", configuration.file_mode),
    ];
    let modes = modes.into_iter().filter_map(|(variable, mode)| Some((variable, format!("{:o}", mode?))));
    Ok((database, modes.collect()))
}

/// Whether the database is that of a Chamilo 1.11, as far as that can be told at once.
fn check(database: &MariaDb, root: &Path) -> Result<(), PortalError> {
    let other = |version: &str| Err(PortalError::Version { root: root.to_owned(), version: version.to_owned() });
    database.read(|session| {
        if !session.columns("resource_node")?.is_empty() {
            return other("2 (its database says so)");
        }
        for table in TABLES {
            if session.columns(table)?.is_empty() {
                let (name, reason) = (database.name().to_owned(), format!("it has no table {table}"));
                return Err(DatabaseError::Incomplete { name, reason }.into());
            }
        }
        if !session.columns("c_document")?.iter().any(|column| column == "iid") {
            return other("1.9 or older (its database says so)");
        }
        let sql = "SELECT selected_value FROM settings_current WHERE variable = 'chamilo_database_version'";
        match session.row(sql, &[])?.map(|row| row.text("selected_value")) {
            Some(version) if !version.is_empty() && !is_supported(&version) => other(&version),
            _ => Ok(()),
        }
    })
}

/// Whether `version` is 1.11 or a release of it.
fn is_supported(version: &str) -> bool {
    version.strip_prefix(VERSION).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', ' ']))
}
