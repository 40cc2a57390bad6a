//! `coursefs list`: the courses of a portal.

use std::path::PathBuf;

use indicatif::HumanBytes;

use crate::course::Course;
use crate::course::document::DocumentTree;
use crate::course::quota::Quota;
use crate::portal::database::{DatabaseError, DatabaseExt};
use crate::portal::{Access, Portal};

use super::Outcome;

/// List the courses of a portal with documents, size and quota
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The portal's folder
    portal: PathBuf,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let portal = Portal::open(&arguments.portal, Access::ReadOnly)?;
    println!("{:<20} {:>9} {:>12} {:>12}  TITLE", "CODE", "DOCUMENTS", "USED", "QUOTA");
    portal.database().read(|session| {
        for course in Course::list(session)? {
            let documents = DocumentTree::load(session, course.id)?.len();
            let quota = Quota::load(session, &course)?;
            println!(
                "{:<20} {documents:>9} {:>12} {:>12}  {}",
                String::from_utf8_lossy(&course.code),
                HumanBytes(quota.used).to_string(),
                HumanBytes(quota.limit).to_string(),
                course.title
            );
        }
        Ok::<_, DatabaseError>(())
    })?;
    Ok(())
}
