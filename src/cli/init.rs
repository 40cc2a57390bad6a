//! `coursefs init`: a new embedded portal.

use std::path::PathBuf;

use crate::portal::Portal;
use crate::sample;

use super::Outcome;

/// Create an embedded portal: Chamilo's tables in SQLite, course files beside it
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A new or empty folder
    dir: PathBuf,
    /// Fill it with three small courses (in French, Spanish and English)
    #[arg(long)]
    sample: bool,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let portal = Portal::init(&arguments.dir)?;
    if arguments.sample {
        sample::fill(&portal)?;
    }
    println!("{} is a portal now; mount it with: coursefs mount {0} MOUNT", arguments.dir.display());
    Ok(())
}
