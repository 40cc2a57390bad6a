//! `coursefs restore`: a backup into a course.

use std::path::PathBuf;

use crate::backup::restore::{self, Conflict, Options, Report};
use crate::course::import;
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
    /// What to do where something else has the place
    #[arg(long, value_enum, default_value_t = OnConflict::Skip)]
    on_conflict: OnConflict,
}

/// Chamilo's policies for files of the same name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum OnConflict {
    /// Leave what is there
    Skip,
    /// Give the new one another name
    Rename,
    /// Replace what is there
    Overwrite,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let portal = Portal::open(&arguments.portal, Access::ReadWrite)?;
    let bar = progress::bytes(0, "restore");
    let conflict = match arguments.on_conflict {
        OnConflict::Skip => Conflict::Skip,
        OnConflict::Rename => Conflict::Rename,
        OnConflict::Overwrite => Conflict::Overwrite,
    };
    let options = Options { create: arguments.create, conflict, durable: true, ..Options::default() };
    let report = restore::restore(&portal, &arguments.course, &arguments.file, options, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    print(&arguments.course, &report);
    Ok(())
}

fn print(course: &str, report: &Report) {
    println!("{course}{}:", if report.created { " (new)" } else { "" });
    print_outcome("document", &report.documents);
    for path in &report.refused {
        println!("    {path}: refused by the portal's rule for uploads");
    }
    for (kind, outcome) in &report.items {
        print_outcome(kind, outcome);
    }
    if report.lost_references > 0 {
        println!(
            "  {} references lead to things that the archive does not hold; they are empty",
            report.lost_references
        );
    }
    for column in &report.replaced {
        println!("  {column}: has characters that the database can't hold (such as emoji); they were replaced");
    }
    for what in &report.not_understood {
        println!("  not understood, left out: {what}");
    }
    if report.not_understood_more > 0 {
        println!("  and {} more", report.not_understood_more);
    }
}

fn print_outcome(kind: &str, outcome: &import::Outcome) {
    println!("  {kind}: {} added, {} already there", outcome.added, outcome.equal);
    for place in &outcome.conflicts {
        println!("    {place}: left out, because something else is at this place");
    }
    for (name, new) in &outcome.renamed {
        println!("    {name}: restored as {new}");
    }
    for name in &outcome.missing {
        println!("    {name}: not in the archive");
    }
    for column in &outcome.cut {
        println!("    {column}: cut to what its column holds");
    }
}
