//! One connection to the server: how it is reached, what is said on it first, and what the server's errors mean.
//!
//! The connection states all that Chamilo's tables and our SQL depend on, so that no setting of the server's counts:
//! text as UTF-8 (four bytes; Chamilo's own tables hold three), strictness (a text that does not fit is an error, never
//! cut silently as for Chamilo), and UTC, in which Chamilo writes its times.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mysql::consts::CapabilityFlags;
use mysql::prelude::Queryable;
use mysql::{Conn, DriverError, OptsBuilder, SslOpts};

use crate::portal::configuration::{Address, Configuration};
use crate::portal::database::DatabaseError;

/// The usual port.
const PORT: u16 = 3306;

/// Where `localhost` is found: the sockets of Debian, of Red Hat, and of a server that was built by hand.
const SOCKETS: [&str; 3] = ["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];

/// How long a server in the network may take to answer to a new connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a single statement may take before the server counts as lost.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(180);

/// How long what was sent may stay unacknowledged in the network, in milliseconds.
const NETWORK_TIMEOUT: u32 = 20_000;

/// Statements that stay prepared on a connection. A course has about 150.
const PREPARED: usize = 400;

/// What the session is told first.
///
/// Lock waits are short and repeated: see `session`. Everything else is as a fresh server has it.
const SESSION: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', \
     autocommit = 1, foreign_key_checks = 1, unique_checks = 1, sql_select_limit = DEFAULT, \
     innodb_lock_wait_timeout = 3";

/// What the server may answer to a new connection or a statement, by its number, as far as that matters.
const ERRORS: &[(u16, Meaning)] = &[
    (1044, Meaning::Denied),      // no access to the database
    (1045, Meaning::Login),       // wrong user or password
    (1698, Meaning::Login),       // the same for accounts that log in by a plugin
    (1049, Meaning::NoDatabase),  // unknown database
    (1146, Meaning::NoTable),     // unknown table
    (1142, Meaning::Denied),      // no right to do this with the table
    (1143, Meaning::Denied),      // nor with the column
    (1205, Meaning::LockTimeout), // a row was locked for too long
    (1213, Meaning::Deadlock),    // a deadlock, or a conflict between the nodes of a cluster
    (1020, Meaning::Deadlock),    // the row has changed since it was read
    (1290, Meaning::ReadOnly),    // the server takes no changes
    (1836, Meaning::ReadOnly),    // likewise
    (1040, Meaning::Lost),        // too many connections; there may be room soon
    (1203, Meaning::Lost),        // likewise for one user
    (1226, Meaning::Lost),        // likewise by a limit of the account
    (1053, Meaning::Lost),        // the server is being shut down
    (1077, Meaning::Lost),        // likewise
    (1078, Meaning::Lost),        // likewise
    (1079, Meaning::Lost),        // likewise
    (1080, Meaning::Lost),        // the connection was closed by force
    (1152, Meaning::Lost),        // the connection was aborted
    (1153, Meaning::Lost),        // the server gives up reading
    (1158, Meaning::Lost),        // the connection can't be read
    (1159, Meaning::Lost),        // likewise in time
    (1160, Meaning::Lost),        // nor written
    (1161, Meaning::Lost),        // likewise in time
    (1184, Meaning::Lost),        // a new connection was aborted
    (1927, Meaning::Lost),        // the connection was killed
    (3169, Meaning::Lost),        // likewise (MySQL)
    (4031, Meaning::Lost),        // closed for idleness (MySQL)
];

/// What an error means for what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The connection is gone, or there is no room for one at this moment.
    Lost,
    /// Wrong user or password.
    Login,
    /// There is no such database.
    NoDatabase,
    /// There is no such table.
    NoTable,
    /// The account lacks a right.
    Denied,
    /// The server takes no changes.
    ReadOnly,
    /// A row was locked by somebody else for too long; the statement was undone, the transaction goes on.
    LockTimeout,
    /// The whole transaction was undone by the server, for somebody else's sake.
    Deadlock,
    /// The statement is not to the server's liking.
    Other,
}

impl Meaning {
    pub(super) fn of(error: &mysql::Error) -> Meaning {
        match error {
            mysql::Error::MySqlError(error) => {
                ERRORS.iter().find(|(code, _)| *code == error.code).map_or(Meaning::Other, |(_, meaning)| *meaning)
            }
            mysql::Error::IoError(_) | mysql::Error::CodecError(_) => Meaning::Lost,
            mysql::Error::DriverError(
                DriverError::ConnectTimeout
                | DriverError::CouldNotConnect(_)
                | DriverError::Timeout
                | DriverError::PacketOutOfSync
                | DriverError::UnexpectedPacket,
            ) => Meaning::Lost,
            _ => Meaning::Other,
        }
    }
}

/// What the server said, without our client's brackets.
fn words(error: &mysql::Error) -> String {
    match error {
        mysql::Error::MySqlError(error) => format!("{} (error {})", error.message, error.code),
        mysql::Error::IoError(error) => error.to_string(),
        mysql::Error::DriverError(DriverError::CouldNotConnect(Some((_, reason, _)))) => reason.clone(),
        mysql::Error::DriverError(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// The server takes encrypted connections only.
const ONLY_ENCRYPTED: u16 = 3159;

/// What is wrong about the encryption of a new connection, if that is why there is none.
fn unencrypted(error: &mysql::Error) -> Option<String> {
    match error {
        mysql::Error::MySqlError(error) if error.code == ONLY_ENCRYPTED => {
            Some("the server takes encrypted connections only: set db_tls, see docs/ADMINISTRATION.md".to_owned())
        }
        mysql::Error::TlsError(error) => Some(mistrusted(error)),
        // The handshake is a part of the first reading: what it meets comes as data that make no sense.
        mysql::Error::IoError(error) => invalid(error),
        mysql::Error::CodecError(error) => std::error::Error::source(error)?.downcast_ref().and_then(invalid),
        _ => None,
    }
}

fn invalid(error: &std::io::Error) -> Option<String> {
    (error.kind() == std::io::ErrorKind::InvalidData).then(|| mistrusted(error))
}

fn mistrusted(error: &dyn std::error::Error) -> String {
    format!(
        "no encrypted connection, because the server's certificate or the one given is not what it should be \
         ({error}): db_tls names the certificate of the authority that vouches for the server under the name db_host"
    )
}

/// How a server is reached.
#[derive(Clone)]
pub(super) struct Server {
    options: mysql::Opts,
    /// User, database and place, for messages: `chamilo on localhost:3306`.
    name: String,
    user: String,
    database: String,
    /// Whether anybody on the network could read along.
    open: bool,
}

impl Server {
    /// The server that `configuration` names.
    pub(super) fn new(configuration: &Configuration) -> Result<Server, DatabaseError> {
        let place = Place::of(&configuration.address);
        let name = format!("{} on {}", configuration.database, place.shown());
        let mut options = OptsBuilder::new()
            .user(Some(&configuration.user))
            .pass(Some(configuration.password.reveal()))
            .db_name(Some(&configuration.database))
            // Rows that an UPDATE meets count, changed or not: as in SQLite.
            .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
            // Nobody but us decides how the server is reached.
            .prefer_socket(false)
            .stmt_cache_size(Some(PREPARED))
            .tcp_connect_timeout(Some(CONNECT_TIMEOUT))
            .read_timeout(Some(STATEMENT_TIMEOUT))
            .write_timeout(Some(STATEMENT_TIMEOUT))
            .tcp_user_timeout_ms(Some(NETWORK_TIMEOUT))
            .tcp_keepalive_time_ms(Some(NETWORK_TIMEOUT))
            .init(vec![SESSION]);
        options = match &place {
            Place::Socket(path) => options.socket(Some(path)),
            Place::Network(host, port) => options.ip_or_hostname(Some(host)).tcp_port(*port),
        };
        if let Some(wanted) = &configuration.tls {
            options =
                options.ssl_opts(tls(wanted).map_err(|reason| DatabaseError::Open { name: name.clone(), reason })?);
        }
        let (user, database) = (configuration.user.clone(), configuration.database.clone());
        let options: mysql::Opts = options.into();
        let open = matches!(place, Place::Network(..)) && options.get_ssl_opts().is_none();
        Ok(Server { options, name, user, database, open })
    }

    /// The database and where it is, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The database.
    pub(super) fn database(&self) -> &str {
        &self.database
    }

    /// A new connection.
    pub(super) fn connect(&self) -> Result<Conn, mysql::Error> {
        Conn::new(self.options.clone())
    }

    /// Why no connection could be made.
    pub(super) fn refused(&self, error: &mysql::Error) -> DatabaseError {
        let name = self.name.clone();
        if let Some(reason) = unencrypted(error) {
            return DatabaseError::Open { name, reason };
        }
        let reason = match Meaning::of(error) {
            Meaning::Lost => return DatabaseError::Lost { name, reason: words(error) },
            Meaning::Login => {
                // Servers that take encrypted connections only may say no more than this.
                let more = if self.open { ", or not without encryption (db_tls)" } else { "" };
                format!("the user {} is not let in: wrong name or password, or not from this machine{more}", self.user)
            }
            Meaning::NoDatabase => format!("there is no database {}", self.database),
            Meaning::Denied => format!("the user {} may not use the database {}", self.user, self.database),
            _ => words(error),
        };
        DatabaseError::Open { name, reason }
    }

    /// Why the statement `sql` failed.
    pub(super) fn failed(&self, sql: &str, error: &mysql::Error) -> DatabaseError {
        match Meaning::of(error) {
            Meaning::Lost => DatabaseError::Lost { name: self.name.clone(), reason: words(error) },
            Meaning::NoTable => DatabaseError::Incomplete { name: self.name.clone(), reason: words(error) },
            Meaning::Denied => DatabaseError::Denied { user: self.user.clone(), reason: words(error) },
            _ => DatabaseError::Statement { sql: sql.to_owned(), reason: words(error) },
        }
    }
}

/// Where a server listens.
enum Place {
    Socket(String),
    Network(String, u16),
}

impl Place {
    /// `localhost` is the socket of this machine's server, as it is for PHP; another port than the usual one is meant.
    fn of(address: &Address) -> Place {
        match address {
            Address::Socket(path) => Place::Socket(path.to_string_lossy().into_owned()),
            Address::Host { name, port } if name == "localhost" && port.unwrap_or(PORT) == PORT => {
                match SOCKETS.iter().find(|path| Path::new(path).exists()) {
                    Some(path) => Place::Socket((*path).to_owned()),
                    None => Place::Network("127.0.0.1".to_owned(), PORT),
                }
            }
            Address::Host { name, port } => Place::Network(name.clone(), port.unwrap_or(PORT)),
        }
    }

    fn shown(&self) -> String {
        match self {
            Place::Socket(path) => path.clone(),
            Place::Network(host, port) => format!("{host}:{port}"),
        }
    }
}

/// What `db_tls` asks for: `off`, `on` (encrypted, whoever answers), `verify` (by an authority that browsers know), or
/// the path of the authority's certificate.
fn tls(wanted: &str) -> Result<Option<SslOpts>, String> {
    match wanted {
        "" | "off" => Ok(None),
        "on" => {
            let options = SslOpts::default();
            Ok(Some(options.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true)))
        }
        "verify" => Ok(Some(SslOpts::default())),
        path if path.starts_with('/') => {
            // Read now, so that a mistake is told by its name.
            std::fs::File::open(path).map_err(|error| format!("the certificate {path} (db_tls): {error}"))?;
            Ok(Some(SslOpts::default().with_root_cert_path(Some(PathBuf::from(path)))))
        }
        _ => Err("db_tls is neither off, on, verify nor the path of a certificate".to_owned()),
    }
}

/// Runs statements, which hold no values; the first number that they answer.
///
/// All answers are looked at: the client by itself forgets the error of a later statement.
pub(super) fn run(connection: &mut Conn, sql: &str) -> Result<Option<i64>, mysql::Error> {
    let mut answers = connection.query_iter(sql)?;
    let mut first = None;
    while let Some(answer) = answers.iter() {
        for row in answer {
            let number = row?.get_opt::<i64, _>(0).and_then(Result::ok);
            first = first.or(number);
        }
    }
    Ok(first)
}
