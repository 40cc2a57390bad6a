//! The command line: commands, options, messages for people.
//!
//! Each command is a file with its arguments and its `run`. Exit codes: 0 done, 1 failed, 2 wrong usage.

mod backup;
mod cache;
mod check;
mod demo;
mod init;
mod list;
mod mount;
mod mounting;
mod options;
mod progress;
mod restore;
mod scorm;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Mounts a Chamilo LMS portal: courses are folders, backup.zip is computed while it is read.
#[derive(Debug, Parser)]
#[command(name = "coursefs", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Init(init::Arguments),
    Mount(mount::Arguments),
    List(list::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Check(check::Arguments),
    Scorm(scorm::Arguments),
}

/// Why a command failed, as a sentence for the person who typed it.
#[derive(Debug)]
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            // Most messages already quote their cause.
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        Failure(text)
    }
}

type Outcome = Result<(), Failure>;

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse_from(words(std::env::args_os()));
    let outcome = match cli.command {
        Command::Demo(arguments) => with_log(|| demo::run(&arguments)),
        Command::Init(arguments) => with_log(|| init::run(&arguments)),
        Command::Mount(arguments) => mount::run(&arguments),
        Command::List(arguments) => with_log(|| list::run(&arguments)),
        Command::Backup(arguments) => with_log(|| backup::run(&arguments)),
        Command::Restore(arguments) => with_log(|| restore::run(&arguments)),
        Command::Check(arguments) => return check::run(&arguments),
        Command::Scorm(arguments) => with_log(|| scorm::run(&arguments)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message)) => {
            eprintln!("coursefs: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The words of the command. `mount` and `/etc/fstab` start file systems by other words: by a link called
/// `mount.coursefs`, or (`mount -t fuse.coursefs`) with nothing before the two folders.
fn words(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    let name = words.first().and_then(|program| Path::new(program).file_name()).unwrap_or_default();
    let by_link = name.as_encoded_bytes().starts_with(b"mount.");
    if by_link || words.get(1).is_some_and(|word| Path::new(word).is_absolute()) {
        // What `mount` was told about itself.
        while let Some(place) = words.iter().position(|word| word == "-t") {
            words.drain(place..(place + 2).min(words.len()));
        }
        words.retain(|word| !["-s", "-n", "-v", "-sv", "-nv"].iter().any(|own| word == own));
        words.splice(..words.len().min(1), ["coursefs".into(), "mount".into()]);
    }
    words
}

/// Runs `work` with the log going to standard error.
fn with_log(work: impl FnOnce() -> Outcome) -> Outcome {
    log_to(std::io::stderr);
    work()
}

/// Sends the log to `writer`; `COURSEFS_LOG` chooses what is logged (`debug`, `coursefs::filesystem=debug` …).
fn log_to<W>(writer: W)
where
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_from_env("COURSEFS_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    // Only the first call of a process counts; there is no second one.
    subscriber.try_init().ok();
}
