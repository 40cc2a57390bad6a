//! `coursefs restore`: a backup into a course.

use std::path::PathBuf;

use crate::backup::restore::{self, Report};
use crate::portal::{Access, Portal};

use super::{Outcome, progress};

/// Restore a backup.zip into a course; what is already there is not made twice
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The portal's folder
    portal: PathBuf,
    /// The course's code
    course: String,
    /// A backup made by Chamilo 1.11 or by coursefs
    file: PathBuf,
    /// Make the course if there is none
    #[arg(long)]
    create: bool,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let portal = Portal::open(&arguments.portal, Access::ReadWrite)?;
    let bar = progress::bytes(0, "restore");
    let report = restore::restore(&portal, &arguments.course, &arguments.file, arguments.create, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    print(&arguments.course, &report);
    Ok(())
}

fn print(course: &str, report: &Report) {
    let made = if report.created { " (new)" } else { "" };
    println!("{course}{made}: {} documents added, {} already there", report.added, report.equal);
    let lists = [
        ("not restored, because something else is at this place", &report.conflicts),
        ("not in the archive", &report.missing),
        ("refused by the portal's rule for uploads", &report.refused),
    ];
    for (what, paths) in lists {
        for path in paths {
            println!("  {path}: {what}");
        }
    }
    for (name, harmless) in &report.renamed {
        println!("  {name}: restored as {harmless}, because a web server might run it");
    }
    for (kind, count) in &report.left_out {
        println!("  {kind}: {count} not restored; this version of coursefs restores documents only");
    }
}
