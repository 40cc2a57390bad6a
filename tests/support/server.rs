//! A MariaDB server for the tests of one program: started when the first of them wants it, on a file system in memory
//! if there is one, gone with the last of them, also if they are killed.

use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};

/// The account of the portals: rights on their databases and nothing else, as an installer would give it.
pub const USER: &str = "chamilo";

/// A password that has to be quoted with care.
pub const PASSWORD: &str = "pass'w\"ö\\rd $_#";

/// Starts the server and waits for the end of its standard input, which is that of the tests.
const KEEPER: &str = r#"
trap '' INT TERM HUP
"$@" >"$FOLDER/output" 2>&1 &
server=$!
cat >/dev/null
kill -9 $server
wait $server 2>/dev/null
rm -rf "$FOLDER"
"#;

/// What the server is told. Nothing of it needs to outlive a crash.
const OPTIONS: &[&str] = &[
    "--skip-networking",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--performance-schema=0",
    "--max-connections=1000",
    "--table-definition-cache=4000",
    "--table-open-cache=4000",
    "--innodb-buffer-pool-size=128M",
    "--innodb-log-file-size=32M",
    "--innodb-file-per-table=0",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
];

/// A running server.
pub struct Server {
    socket: PathBuf,
    admin: Mutex<Conn>,
    // Closed by the kernel when this process ends, however that happens.
    _alive: ChildStdin,
}

impl Server {
    /// The one of this process.
    pub fn shared() -> &'static Server {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Server::start(&[]))
    }

    /// One more, with more options.
    pub fn start(options: &[&str]) -> Server {
        static STARTED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = STARTED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let memory = Path::new("/dev/shm");
        let above = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = above.join(format!("coursefs-tests-{}-{number}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir(&folder).unwrap();
        let (data, socket) = (folder.join("data"), folder.join("socket"));
        let is_root = rustix::process::geteuid().is_root();
        let user: &[&str] = if is_root { &["--user=root"] } else { &[] };
        let installed = program("mariadb-install-db")
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ])
            .args(user)
            .arg(format!("--datadir={}", data.display()))
            .output()
            .unwrap_or_else(|error| {
                panic!("can't run mariadb-install-db ({error}): run scripts/test, which installs it")
            });
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stdout));
        let mut keeper = program("sh")
            .args(["-c", KEEPER, "sh", "mariadbd", "--no-defaults"])
            .args(user)
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", socket.display()))
            .arg(format!("--pid-file={}", folder.join("pid").display()))
            .args(OPTIONS)
            .args(options)
            .env("FOLDER", &folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let alive = keeper.stdin.take().unwrap();
        let mut admin = super::wait_for("the database server", 60, || {
            if let Some(status) = keeper.try_wait().unwrap() {
                panic!("the database server ended: {status}");
            }
            connect(&socket).ok()
        });
        let account = format!("'{USER}'@'%' IDENTIFIED BY {}", quoted(PASSWORD));
        admin.query_drop("SET SESSION lock_wait_timeout = 5").unwrap();
        admin.query_drop(format!("CREATE USER {account}")).unwrap();
        admin.query_drop(format!("GRANT ALL PRIVILEGES ON `portal\\_%`.* TO '{USER}'@'%'")).unwrap();
        Server { socket, admin: Mutex::new(admin), _alive: alive }
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// A connection with all rights.
    pub fn admin(&self) -> MutexGuard<'_, Conn> {
        self.admin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As the account with all rights.
fn connect(socket: &Path) -> mysql::Result<Conn> {
    let options = OptsBuilder::new().socket(socket.to_str()).user(Some("root")).prefer_socket(false);
    Conn::new(options.read_timeout(Some(Duration::from_secs(120))))
}

/// Servers lie in /usr/sbin, which is not in everybody's path.
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())).stdin(Stdio::null());
    command
}

/// `text` as a string of SQL.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
