//! What is said about the database from outside of Chamilo's file: options, the environment, a file of credentials.
//!
//! An option counts more than the environment, and that more than the file. A password is no option: everybody on the
//! machine can read the arguments of a process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Names the file of credentials in the environment.
const CREDENTIALS_VARIABLE: &str = "COURSEFS_CREDENTIALS";

/// Names it among the options.
const CREDENTIALS: &str = "credentials";

/// A file of credentials is a few lines; a longer one is something else.
const MAX_CREDENTIALS: u64 = 64 * 1024;

/// Permission bits for others than the owner.
const OTHERS: u32 = 0o077;

/// A setting of the connection that can be supplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Setting {
    Host,
    Port,
    Socket,
    Database,
    User,
    Password,
    Tls,
}

/// The settings: their names in options and files of credentials, in the environment, and in `$_configuration`.
const SETTINGS: [(Setting, &str, &str, &str); 7] = [
    (Setting::Host, "db_host", "COURSEFS_DB_HOST", "db_host"),
    (Setting::Port, "db_port", "COURSEFS_DB_PORT", "db_port"),
    (Setting::Socket, "db_socket", "COURSEFS_DB_SOCKET", "db_socket"),
    (Setting::Database, "db_name", "COURSEFS_DB_NAME", "main_database"),
    (Setting::User, "db_user", "COURSEFS_DB_USER", "db_user"),
    (Setting::Password, "db_password", "COURSEFS_DB_PASSWORD", "db_password"),
    (Setting::Tls, "db_tls", "COURSEFS_DB_TLS", "db_tls"),
];

impl Setting {
    fn named(name: &str) -> Option<Setting> {
        SETTINGS.iter().find(|(_, option, ..)| *option == name).map(|(setting, ..)| *setting)
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        let row = SETTINGS.iter().find(|(setting, ..)| *setting == self);
        row.map_or(("", "", ""), |(_, name, variable, key)| (name, variable, key))
    }

    /// Its name among options and in files of credentials.
    pub(super) fn name(self) -> &'static str {
        self.row().0
    }

    /// Its key in `$_configuration`.
    pub(super) fn key(self) -> &'static str {
        self.row().2
    }

    /// How to supply it.
    pub(super) fn remedy(self) -> String {
        let (name, variable, _) = self.row();
        let option = if self == Setting::Password { String::new() } else { format!("with -o {name}=…, ") };
        format!("give it {option}in the environment ({variable}) or as a line `{name}=…` of a credentials file")
    }
}

/// Settings of the connection that count more than Chamilo's file.
#[derive(Clone, Default)]
pub struct Supplied {
    values: BTreeMap<Setting, Given>,
}

#[derive(Clone)]
struct Given {
    value: String,
    place: String,
}

/// Values may be secrets; names are not.
impl std::fmt::Debug for Supplied {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut map = formatter.debug_map();
        for (setting, given) in &self.values {
            map.entry(&setting.name(), &given.place);
        }
        map.finish()
    }
}

/// Why what is supplied can't be used. No message holds a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuppliedError {
    /// A password among the options.
    #[error(
        "db_password can't be an option: everybody on this machine can read the arguments of a process; put it in a \
         credentials file (-o credentials=FILE) or in the environment (COURSEFS_DB_PASSWORD)"
    )]
    PasswordOption,
    /// The environment holds bytes that are no text.
    #[error("the environment variable {0} is not written in UTF-8")]
    NoText(&'static str),
    /// The file of credentials can't be read.
    #[error("can't read the credentials file {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read or change the file of credentials.
    #[error("the credentials file {path} {reason}")]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the remedy.
        reason: String,
    },
    /// A line of the file of credentials is none.
    #[error("the credentials file {path}, line {line}: {reason}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl Supplied {
    /// Whether an option with this name is for here.
    pub fn is_option(name: &str) -> bool {
        name == CREDENTIALS || Setting::named(name).is_some()
    }

    /// Takes `options` (name and value, the last of a name counting), the variables that `environment` finds, and the
    /// file of credentials that either names.
    pub fn new(
        options: &[(String, String)],
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Supplied, SuppliedError> {
        let mut supplied = Supplied::default();
        let option = |name: &str| options.iter().rev().find(|(option, _)| option == name).map(|(_, value)| value);
        if option(Setting::Password.name()).is_some() {
            return Err(SuppliedError::PasswordOption);
        }
        let file = option(CREDENTIALS).map(PathBuf::from).or_else(|| environment(CREDENTIALS_VARIABLE).map(Into::into));
        if let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) {
            supplied.read_file(&file)?;
        }
        for (setting, _, variable, _) in SETTINGS {
            if let Some(value) = environment(variable) {
                let value = value.into_string().map_err(|_| SuppliedError::NoText(variable))?;
                supplied.give(setting, value, format!("environment variable {variable}"));
            }
        }
        for (setting, name, ..) in SETTINGS {
            if let Some(value) = option(name) {
                supplied.give(setting, value.clone(), "options".to_owned());
            }
        }
        Ok(supplied)
    }

    /// What is supplied for `setting`.
    pub(super) fn get(&self, setting: Setting) -> Option<&str> {
        self.values.get(&setting).map(|given| given.value.as_str())
    }

    /// Where it comes from, for messages.
    pub(super) fn place(&self, setting: Setting) -> Option<&str> {
        self.values.get(&setting).map(|given| given.place.as_str())
    }

    /// A host or a socket says where the server is; the one that counts more puts the other out of force.
    fn give(&mut self, setting: Setting, value: String, place: String) {
        match setting {
            Setting::Host => drop(self.values.remove(&Setting::Socket)),
            Setting::Socket => drop(self.values.remove(&Setting::Host)),
            _ => {}
        }
        self.values.insert(setting, Given { value, place });
    }

    /// Reads lines `name=value`; empty ones and those that begin with `#` say nothing.
    fn read_file(&mut self, path: &Path) -> Result<(), SuppliedError> {
        let text = read_private(path)?;
        let place = format!("credentials file {}", path.display());
        for (number, line) in (1..).zip(text.lines()) {
            let failed = |reason: String| SuppliedError::Line { path: path.to_owned(), line: number, reason };
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            let (name, value) = line.split_once('=').ok_or_else(|| failed("it is not name=value".to_owned()))?;
            let setting = Setting::named(name.trim()).ok_or_else(|| {
                let names: Vec<&str> = SETTINGS.iter().map(|(_, name, ..)| *name).collect();
                failed(format!("there is no such name; there are {}", names.join(", ")))
            })?;
            // Spaces may belong to a password.
            let value = if setting == Setting::Password { value } else { value.trim() };
            self.give(setting, value.to_owned(), place.clone());
        }
        Ok(())
    }
}

/// The text of a file that only its owner, who is the caller or root, can read and change.
fn read_private(path: &Path) -> Result<String, SuppliedError> {
    let failed = |source| SuppliedError::Read { path: path.to_owned(), source };
    let refused = |reason: String| SuppliedError::NotPrivate { path: path.to_owned(), reason };
    // Opening a pipe must not wait for somebody to write into it.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(failed)?;
    // Of the open file, so that nobody exchanges it between looking and reading.
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(refused("is not a file".to_owned()));
    }
    let caller = rustix::process::geteuid().as_raw();
    if found.uid() != caller && found.uid() != 0 {
        return Err(refused(format!(
            "belongs to the user {}; it has to belong to the user {caller}, who runs coursefs, or to root",
            found.uid()
        )));
    }
    if found.mode() & OTHERS != 0 {
        return Err(refused(format!(
            "can be used by others (its mode is {:o}); make it private: chmod 600 {}",
            found.mode() & 0o7777,
            path.display()
        )));
    }
    let mut text = String::new();
    file.take(MAX_CREDENTIALS).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
