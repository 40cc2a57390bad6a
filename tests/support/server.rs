//! A MariaDB server for the tests of one program: started when the first of them wants it, on a file system in memory
//! if there is one, gone with the last of them, also if they are killed.

use std::io::Write as _;
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

/// Starts the server, stops and starts it when it is told to, and ends with its standard input, which is that of the
/// tests.
const KEEPER: &str = r#"
trap '' INT TERM HUP
start() {
    "$@" </dev/null >>"$FOLDER/output" 2>&1 &
    server=$!
}
stop() {
    kill -9 $server
    wait $server 2>/dev/null
}
start "$@"
while read -r word; do
    $word "$@"
done
stop
rm -rf "$FOLDER"
"#;

/// What the server is told. Nothing needs to outlive the machine.
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
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-use-native-aio=0",
];

/// A running server.
pub struct Server {
    socket: PathBuf,
    admin: Mutex<Conn>,
    // Closed by the kernel when this process ends, however that happens.
    keeper: Mutex<ChildStdin>,
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
        // A server that starts removes what others have in a folder for temporary files that it shares with them.
        std::fs::create_dir(folder.join("tmp")).unwrap();
        let temporary = format!("--tmpdir={}", folder.join("tmp").display());
        let is_root = rustix::process::geteuid().is_root();
        let user: &[&str] = if is_root { &["--user=root"] } else { &[] };
        install(&data, user, &temporary);
        let mut keeper = program("sh")
            .args(["-c", KEEPER, "sh", "mariadbd", "--no-defaults"])
            .args(user)
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", socket.display()))
            .arg(format!("--pid-file={}", folder.join("pid").display()))
            .arg(&temporary)
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
        Server { socket, admin: Mutex::new(admin), keeper: Mutex::new(alive) }
    }

    /// Kills it; `admin` is of no use until it is started again.
    pub fn stop(&self) {
        self.tell("stop");
        super::wait_for("the end of the database server", 20, || connect(&self.socket).is_err().then_some(()));
    }

    /// Starts it again.
    pub fn start_again(&self) {
        self.tell("start");
        let mut admin = super::wait_for("the database server", 60, || connect(&self.socket).ok());
        admin.query_drop("SET SESSION lock_wait_timeout = 5").unwrap();
        *self.admin() = admin;
    }

    fn tell(&self, word: &str) {
        writeln!(self.keeper.lock().unwrap(), "{word}").unwrap();
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

/// Makes the tables of a new server. Several servers at once may be too much for a busy machine.
fn install(data: &Path, user: &[&str], temporary: &str) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut said = String::new();
    for _ in 0..3 {
        let installed = program("mariadb-install-db")
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ])
            .args(user)
            .args([&format!("--datadir={}", data.display()), temporary, "--innodb-use-native-aio=0"])
            .output();
        let installed = installed.unwrap_or_else(|error| {
            panic!("can't run mariadb-install-db ({error}): run scripts/test, which installs it")
        });
        if installed.status.success() {
            return;
        }
        said = String::from_utf8_lossy(&[installed.stdout, installed.stderr].concat()).into_owned();
        std::fs::remove_dir_all(data).ok();
    }
    std::fs::remove_dir_all(data.parent().unwrap()).ok();
    panic!("{said}");
}

/// As the account with all rights.
pub fn connect(socket: &Path) -> mysql::Result<Conn> {
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
