//! `coursefs demo`: the first thing a new user runs.

use std::path::{Path, PathBuf};

use crate::portal::Portal;
use crate::sample;

use super::mounting::{Mounting, wait_for_signal};
use super::options::MountOptions;
use super::{Failure, Outcome};

/// Mount a sample portal to try things out; it is gone when you press Ctrl-C
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A folder to mount it on; made if it does not exist
    mount: PathBuf,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let mount = &arguments.mount;
    let made = !mount.exists();
    if made {
        std::fs::create_dir_all(mount).map_err(|error| Failure(format!("can't make {}: {error}", mount.display())))?;
    }
    let outcome = show(mount);
    if made {
        // It is ours; if somebody has put something into it, it stays.
        std::fs::remove_dir(mount).ok();
    }
    outcome
}

fn show(mount: &Path) -> Outcome {
    let folder = tempfile::Builder::new().prefix("coursefs-demo-").tempdir()?;
    let portal = folder.path().join("portal");
    sample::fill(&Portal::init(&portal)?)?;
    let mounting = Mounting::start(&portal, mount, &MountOptions::default())?;
    let at = mounting.mount_point().display();
    println!("A sample portal with three courses is mounted on {at}:\n");
    for course in entries(mounting.mount_point())? {
        println!("  {}/", course.display());
        for entry in entries(&mounting.mount_point().join(&course))? {
            println!("    {}", entry.display());
        }
    }
    println!(
        "\nTry, in another terminal:\n\n  \
           find {at}\n  \
           unzip -l {at}/GEO101/backup.zip\n  \
           cp {at}/GEO101/backup.zip /tmp/\n  \
           rsync -a {at}/ /tmp/offsite/        (twice: the second time nothing is transferred)\n  \
           getfattr -d {at}/GEO101/Document/*\n  \
           cp /tmp/backup.zip {at}/HIST20/     (merges one course into another)\n  \
           df -h {at}/GEO101\n\n\
         Ctrl-C ends the demo and removes the sample portal ({}).",
        portal.display()
    );
    wait_for_signal(mounting)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure(format!("{}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        names.push(PathBuf::from(entry.map_err(failed)?.file_name()));
    }
    names.sort();
    Ok(names)
}
