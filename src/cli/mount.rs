//! `coursefs mount`: in front, or in the background once the mount is ready.
//!
//! For the background the command starts itself again in front and waits for its word: the child inherits one end of a
//! pipe, writes a byte when the kernel has taken the mount, and only then does the command end. What goes wrong
//! before is printed by the child on the terminal that it still shares.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use super::mounting::{Mounting, wait_for_signal};
use super::options::MountOptions;
use super::{Failure, Outcome, cache, log_to};

/// Tells the child that standard output is the pipe to its parent.
const CHILD: &str = "COURSEFS_BACKGROUND";

/// Mount a portal: its courses are folders
///
/// A backup copied to COURSE/backup.zip is restored into the course; with `-o ro` nothing can be changed.
/// It goes to the background once it is ready. Unmount with `umount MOUNT` (or `fusermount3 -u MOUNT`).
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The portal's folder
    portal: PathBuf,
    /// An empty folder
    mount: PathBuf,
    /// Stay in front; Ctrl-C unmounts
    #[arg(short, long)]
    foreground: bool,
    /// Mount options: ro, rw, allow_other, uid=N, gid=N, ttl=SECONDS, passthrough, nopassthrough, keep_courses, trash=DAYS
    #[arg(short = 'o', value_name = "OPTIONS")]
    options: Vec<String>,
    /// Where the log of a mount in the background goes [default: mount.log in the cache folder]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let options = MountOptions::parse(&arguments.options).unwrap_or_else(|message| {
        eprintln!("coursefs: {message}");
        std::process::exit(2);
    });
    let child = std::env::var_os(CHILD).is_some();
    if !arguments.foreground && !child {
        return in_background();
    }
    if child && !arguments.foreground {
        log_to(Mutex::new(log_file(arguments)?));
    } else {
        log_to(std::io::stderr);
    }
    let mounting = Mounting::start(&arguments.portal, &arguments.mount, &options)?;
    if child {
        ready()?;
    }
    wait_for_signal(mounting)
}

/// Starts this command again as a process of its own and waits until it has mounted.
fn in_background() -> Outcome {
    let failed = |error: std::io::Error| Failure(format!("can't start the process in the background: {error}"));
    let (mut reader, writer) = std::io::pipe().map_err(failed)?;
    let mut child = Command::new(std::env::current_exe().map_err(failed)?)
        .args(super::words(std::env::args_os()).into_iter().skip(1))
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .stdout(writer)
        .spawn()
        .map_err(failed)?;
    let mut word = [0];
    if reader.read(&mut word).map_err(failed)? == 1 {
        return Ok(());
    }
    // The child said what went wrong.
    let status = child.wait().map_err(failed)?;
    std::process::exit(status.code().unwrap_or(1));
}

/// Tells the waiting parent that the mount is there, and leaves its terminal.
fn ready() -> Outcome {
    let failed = |error: std::io::Error| Failure(format!("can't go to the background: {error}"));
    let null = OwnedFd::from(OpenOptions::new().read(true).write(true).open("/dev/null").map_err(failed)?);
    rustix::process::setsid().ok();
    rustix::process::chdir("/").map_err(|error| failed(error.into()))?;
    std::io::stdout().write_all(b"+").and_then(|()| std::io::stdout().flush()).map_err(failed)?;
    rustix::stdio::dup2_stdout(null.as_fd()).map_err(|error| failed(error.into()))?;
    rustix::stdio::dup2_stderr(null.as_fd()).map_err(|error| failed(error.into()))?;
    Ok(())
}

fn log_file(arguments: &Arguments) -> Result<std::fs::File, Failure> {
    let path = match &arguments.log {
        Some(path) => path.clone(),
        None => {
            let folder = cache::folder();
            std::fs::create_dir_all(&folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
            folder.join("mount.log")
        }
    };
    let opened = OpenOptions::new().create(true).append(true).open(&path);
    opened
        .map_err(|error| Failure(format!("can't write the log {}: {error}; choose another with --log", path.display())))
}
