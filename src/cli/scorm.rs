//! `coursefs scorm`: a course's learning paths as a SCORM package without a mount, the same bytes.

use std::path::PathBuf;

use crate::portal::database::DatabaseExt;
use crate::portal::{Access, Portal};
use crate::scorm::paths::Paths;
use crate::scorm::{Package, Which};

use super::{Failure, Outcome, backup, cache};

/// Write learning paths to a SCORM 1.2 package
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The portal's folder
    portal: PathBuf,
    /// The course's code
    course: String,
    /// Title or number of one learning path [default: all, one organization each]
    learnpath: Option<String>,
    /// Where to write it; `-` is standard output [default: LEARNPATH.zip or COURSE-scorm.zip]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let portal = Portal::open(&arguments.portal, Access::ReadOnly)?;
    let course = backup::find(&portal, &arguments.course)?;
    let (which, name) = match &arguments.learnpath {
        None => (Which::All, format!("{}-scorm.zip", arguments.course)),
        Some(wanted) => {
            let paths = portal.database().read(|session| Paths::load(session, course.id))?;
            let titles: Vec<&str> = paths.iter().map(|path| path.title.as_str()).collect();
            let path = paths.find(wanted).ok_or_else(|| {
                Failure(format!("course {} has the learning paths {titles:?}, and no {wanted:?}", arguments.course))
            })?;
            (Which::Path(path.key), path.file_name.clone())
        }
    };
    let (_, checksums) = cache::open()?;
    let package = Package::build(&portal, course.id, which)?;
    for remark in package.remarks() {
        tracing::warn!("course {}: {remark}", arguments.course);
    }
    let archive = package.archive(checksums)?;
    backup::write(&archive, &arguments.output.clone().unwrap_or_else(|| name.into()), "scorm")
}
