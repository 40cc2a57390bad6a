//! The `coursefs` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    coursefs::cli::run()
}
