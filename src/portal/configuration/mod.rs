//! A Chamilo installation's `app/config/configuration.php`: read, never executed.
//!
//! Some twenty lines of the file matter to coursefs, most of all how to reach the database. What a setting is worth must
//! be beyond doubt (`assignments`): one that PHP code computes is an error that names it, its line and the ways to
//! give it otherwise ([`Supplied`]). Connecting is left to others, and so are all settings that are in the database.

mod assignments;
mod supplied;
mod tokens;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use supplied::{Supplied, SuppliedError};

use assignments::{Assignments, Value};
use supplied::Setting;

/// Where the file lies in an installation of Chamilo 1.10 and 1.11.
pub const FILE: &str = "app/config/configuration.php";

/// A password: whoever prints it, prints stars.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The password itself, for whoever connects.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Secret {
        Secret(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Where a database server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Socket(PathBuf),
    /// A name or address in the network.
    Host {
        /// The name or address. `localhost` is the server of this machine, by its socket where it has one.
        name: String,
        /// The port, `None` for the usual one (3306).
        port: Option<u16>,
    },
}

/// What coursefs takes from the file and from what is supplied instead of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Where the database server listens.
    pub address: Address,
    /// The name of the database.
    pub database: String,
    /// Who connects.
    pub user: String,
    /// With what password; may be empty.
    pub password: Secret,
    /// How the connection is encrypted, as it was supplied (`db_tls`); `None` if nothing was said.
    pub tls: Option<String>,
    /// Chamilo's version (`system_version`), if the file tells: `1.11.32`.
    pub system_version: Option<String>,
    /// The folder that Chamilo takes for its own (`root_sys`), if the file tells.
    pub root_sys: Option<String>,
    /// What the portal's address ends with (`url_append`), if the file tells: `/chamilo`.
    pub url_append: Option<String>,
    /// Mode of new folders, if the file sets it over the platform's setting.
    pub folder_mode: Option<u32>,
    /// Mode of new files, likewise.
    pub file_mode: Option<u32>,
}

/// Why the configuration of a portal can't be used. No message holds a value of a setting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// The file can't be read.
    #[error("can't read {path}: {source}; run coursefs as root or as the user of the web server")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A setting is not written as a literal.
    #[error(
        "{path}, line {line}: the setting {setting} is computed by PHP code, which coursefs does not run; {remedy}"
    )]
    Computed {
        /// The file.
        path: PathBuf,
        /// The line of the assignment, counted from 1.
        line: usize,
        /// The key of `$_configuration`.
        setting: &'static str,
        /// How to give it otherwise.
        remedy: String,
    },
    /// A setting is nowhere.
    #[error("{path} does not set {setting}{include}; {remedy}")]
    Missing {
        /// The file.
        path: PathBuf,
        /// The key of `$_configuration`.
        setting: &'static str,
        /// Where the file runs others, which may set it; else empty.
        include: String,
        /// How to give it otherwise.
        remedy: String,
    },
    /// A setting has a value that it can't have.
    #[error("{place}: the setting {setting} is {reason}; {remedy}")]
    Unusable {
        /// Where the value comes from.
        place: String,
        /// The setting's name there.
        setting: &'static str,
        /// What is wrong with it, without telling it.
        reason: &'static str,
        /// How to give it otherwise.
        remedy: String,
    },
}

impl Configuration {
    /// Reads the file of the installation in `root`; what is `supplied` counts instead of it.
    pub fn read(root: &Path, supplied: &Supplied) -> Result<Configuration, ConfigurationError> {
        let path = root.join(FILE);
        let source = std::fs::read(&path).map_err(|source| ConfigurationError::Read { path: path.clone(), source })?;
        Configuration::from_php(&path, &source, supplied)
    }

    /// The same from the text of the file `path`.
    pub fn from_php(path: &Path, source: &[u8], supplied: &Supplied) -> Result<Configuration, ConfigurationError> {
        let file = File { path, assignments: Assignments::read(source), supplied };
        let address = match file.supplied.get(Setting::Socket) {
            Some(socket) => Address::Socket(socket.into()),
            None => file.address()?,
        };
        Ok(Configuration {
            address,
            database: file.not_empty(Setting::Database)?,
            user: file.not_empty(Setting::User)?,
            password: file.needed(Setting::Password)?.into(),
            tls: supplied.get(Setting::Tls).map(ToOwned::to_owned),
            system_version: file.told("system_version"),
            root_sys: file.told("root_sys"),
            url_append: file.told("url_append"),
            folder_mode: file.mode("permissions_for_new_directories"),
            file_mode: file.mode("permissions_for_new_files"),
        })
    }
}

/// The file while it is read.
struct File<'a> {
    path: &'a Path,
    assignments: Assignments,
    supplied: &'a Supplied,
}

impl File<'_> {
    /// Host and port, which may both stand in the setting of the host: `host`, `host:port`, `[address]:port`,
    /// `/socket`, `localhost:/socket`.
    fn address(&self) -> Result<Address, ConfigurationError> {
        let host = self.not_empty(Setting::Host)?;
        if let Some(socket) = host.strip_prefix("localhost:").filter(|rest| rest.starts_with('/')) {
            return Ok(Address::Socket(socket.into()));
        }
        if host.starts_with('/') {
            return Ok(Address::Socket(host.into()));
        }
        let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, rest)) => (address, rest.strip_prefix(':')),
            None => match host.split_once(':') {
                // Two colons are an address of IPv6.
                Some((name, port)) if !port.contains(':') => (name, Some(port)),
                _ => (host.as_str(), None),
            },
        };
        // A port of its own, given from outside, counts more than one in the host; one of the file counts less.
        let port = match (self.supplied.get(Setting::Port), port) {
            (None, Some(port)) => port.to_owned(),
            _ => self.optional(Setting::Port)?,
        };
        let port = match port.trim() {
            "" | "0" => None,
            number => Some(number.parse().map_err(|_| self.unusable(Setting::Port, "no number from 1 to 65535"))?),
        };
        Ok(Address::Host { name: name.to_owned(), port })
    }

    /// A setting that must be there and say something.
    fn not_empty(&self, setting: Setting) -> Result<String, ConfigurationError> {
        let value = self.needed(setting)?;
        if value.is_empty() { Err(self.unusable(setting, "empty")) } else { Ok(value) }
    }

    /// A setting that must be there.
    fn needed(&self, setting: Setting) -> Result<String, ConfigurationError> {
        self.value(setting)?.ok_or_else(|| ConfigurationError::Missing {
            path: self.path.to_owned(),
            setting: setting.key(),
            include: self.assignments.include().map_or_else(String::new, |line| {
                format!(" (line {line} runs another file, which coursefs does not read)")
            }),
            remedy: setting.remedy(),
        })
    }

    /// A setting that need not be there.
    fn optional(&self, setting: Setting) -> Result<String, ConfigurationError> {
        Ok(self.value(setting)?.unwrap_or_default())
    }

    fn value(&self, setting: Setting) -> Result<Option<String>, ConfigurationError> {
        if let Some(value) = self.supplied.get(setting) {
            return Ok(Some(value.to_owned()));
        }
        let Some(assigned) = self.assignments.get(setting.key()) else { return Ok(None) };
        match assigned.value {
            Value::Text(text) => {
                String::from_utf8(text).map(Some).map_err(|_| self.unusable(setting, "not written in UTF-8"))
            }
            Value::Int(number) => Ok(Some(number.to_string())),
            // PHP makes an empty text of it.
            Value::Null | Value::Bool(false) => Ok(Some(String::new())),
            Value::Bool(true) | Value::Array(_) => Err(self.unusable(setting, "no text")),
            Value::Computed => Err(ConfigurationError::Computed {
                path: self.path.to_owned(),
                line: assigned.line,
                setting: setting.key(),
                remedy: setting.remedy(),
            }),
        }
    }

    fn unusable(&self, setting: Setting, reason: &'static str) -> ConfigurationError {
        let (place, name) = match (self.supplied.place(setting), self.assignments.get(setting.key())) {
            (Some(place), _) => (place.to_owned(), setting.name()),
            (None, Some(assigned)) => (format!("{}, line {}", self.path.display(), assigned.line), setting.key()),
            (None, None) => (self.path.display().to_string(), setting.key()),
        };
        ConfigurationError::Unusable { place, setting: name, reason, remedy: setting.remedy() }
    }

    /// A setting that coursefs can do without, if it is a literal text.
    fn told(&self, key: &str) -> Option<String> {
        match self.assignments.get(key)?.value {
            Value::Text(text) => String::from_utf8(text).ok().filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// A mode: octal as a text, or a number, which PHP writes in octal itself.
    fn mode(&self, key: &str) -> Option<u32> {
        let mode = match self.assignments.get(key)?.value {
            Value::Text(text) => u32::from_str_radix(std::str::from_utf8(&text).ok()?.trim(), 8).ok()?,
            Value::Int(mode) => u32::try_from(mode).ok()?,
            _ => return None,
        };
        (mode <= 0o7777).then_some(mode)
    }
}

#[cfg(test)]
mod tests;
