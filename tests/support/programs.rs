//! Programs run as people run them, with all their output in a failed test.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// How a program ended and what it printed.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, -1 if a signal ended it.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ended {
    pub fn of(output: Output) -> Ended {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Ended { code: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr }
    }

    /// Expects that it succeeded.
    pub fn done(self) -> Ended {
        assert_eq!(self.code, 0, "{}\n{}", self.text(), self.stderr);
        self
    }

    /// Expects exit code 1 and one message that holds all of `words`.
    pub fn failed_saying(self, words: &[&str]) -> Ended {
        assert_eq!(self.code, 1, "{}\n{}", self.text(), self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in: {}", self.stderr);
        }
        let messages = self.stderr.lines().filter(|line| line.starts_with("coursefs: ")).count();
        assert_eq!(messages, 1, "{}", self.stderr);
        self
    }

    /// What it printed.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// The command `program` with `arguments`.
pub fn start(program: &str, arguments: &[&dyn AsRef<OsStr>]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments.iter().map(|argument| argument.as_ref())).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    command
}

/// Runs a program, expects success and returns what it printed.
pub fn run(program: &str, arguments: &[&dyn AsRef<OsStr>]) -> String {
    let output = start(program, arguments)
        .output()
        .unwrap_or_else(|error| panic!("can't start {program} ({error}): run scripts/test, which installs it"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    let arguments: Vec<&OsStr> = arguments.iter().map(|argument| argument.as_ref()).collect();
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{printed}\n{complaints}", output.status);
    printed
}

/// Runs coursefs with `cache` as its cache folder.
pub fn coursefs(cache: &Path, arguments: &[&dyn AsRef<OsStr>]) -> Ended {
    let mut command = start(env!("CARGO_BIN_EXE_coursefs"), arguments);
    Ended::of(command.env("COURSEFS_CACHE", cache).env_remove("COURSEFS_LOG").output().unwrap())
}
