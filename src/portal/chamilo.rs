//! A Chamilo installation: which version it is, and how its database is reached.
//!
//! Only Chamilo 1.11 has the tables that the rest of coursefs knows. Other versions are told by their configuration and
//! by what lies in their folder, before anything is asked of their database.

use std::path::Path;

use super::PortalError;
use super::configuration::{self, Configuration, Supplied};
use super::mariadb::MariaDb;

/// The version that we work with.
const VERSION: &str = "1.11";

/// What lies in the folder of another version: a file, and the version's name.
const OTHERS: [(&str, &str); 3] =
    [("main/inc/conf/configuration.php", "1.9 or older"), ("config/bundles.php", "2"), ("public/main", "2")];

/// Opens the database of the Chamilo in `root`.
pub(super) fn open(root: &Path, supplied: &Supplied) -> Result<MariaDb, PortalError> {
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
    Ok(MariaDb::open(&configuration)?)
}

/// Whether `version` is 1.11 or a release of it.
fn is_supported(version: &str) -> bool {
    version.strip_prefix(VERSION).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', ' ']))
}
