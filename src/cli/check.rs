//! `coursefs check`: whether rows and files fit together, for people and for machines.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::check::{Finding, Scope, Summary, check};
use crate::portal::{Access, Portal};

use super::{Failure, backup, log_to};

/// Find what does not fit together: rows without files, files without rows, broken learning paths …
///
/// Nothing is changed without --repair. Exit codes: 0 nothing was found or all of it was mended, 1 something was found,
/// 2 the portal could not be checked.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The portal's folder
    portal: PathBuf,
    /// Only the courses with these codes, and nothing that belongs to no course
    #[arg(value_name = "COURSE")]
    courses: Vec<String>,
    /// Mend what needs no judgement; files of users are never touched
    #[arg(long)]
    repair: bool,
    /// Print one JSON object (docs/ADMINISTRATION.md tells what is in it)
    #[arg(long)]
    json: bool,
}

/// The exit code of a check that found something.
const FOUND: u8 = 1;

/// The exit code of one that could not look.
const FAILED: u8 = 2;

pub fn run(arguments: &Arguments) -> ExitCode {
    log_to(io::stderr);
    match try_run(arguments) {
        Ok(summary) if summary.remaining() == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(FOUND),
        Err(Failure(message)) => {
            eprintln!("coursefs: {message}");
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &Arguments) -> Result<Summary, Failure> {
    let mut portal = Portal::open(&arguments.portal, Access::ReadOnly)?;
    let scope = match arguments.courses.as_slice() {
        [] => Scope::all(&portal)?,
        codes => Scope::courses(codes.iter().map(|code| backup::find(&portal, code)).collect::<Result<_, _>>()?),
    };
    if arguments.repair {
        portal = Portal::open(&arguments.portal, Access::ReadWrite)?;
    }
    let mut output = Output::new(arguments.json);
    let mut printed = output.begin(portal.root());
    let summary = check(&portal, &scope, arguments.repair, &mut |finding| {
        if printed.is_ok() {
            printed = output.finding(&finding);
        }
    })?;
    printed.and_then(|()| output.end(&summary)).map_err(|error| Failure(format!("can't print: {error}")))?;
    Ok(summary)
}

/// Prints findings as they come, so that memory does not grow with them.
struct Output {
    out: io::BufWriter<io::StdoutLock<'static>>,
    json: bool,
    findings: usize,
    course: Option<String>,
}

impl Output {
    fn new(json: bool) -> Output {
        Output { out: io::BufWriter::new(io::stdout().lock()), json, findings: 0, course: None }
    }

    fn begin(&mut self, portal: &Path) -> io::Result<()> {
        if self.json {
            let portal = json!(portal.display().to_string());
            write!(self.out, "{{\"coursefs\":\"{}\",\"portal\":{portal},\"findings\":[", env!("CARGO_PKG_VERSION"))?;
        }
        Ok(())
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.findings += 1;
        if self.json {
            self.out.write_all(if self.findings == 1 { b"\n" } else { b",\n" })?;
            return Ok(serde_json::to_writer(&mut self.out, finding)?);
        }
        if self.findings == 1 || self.course != finding.course {
            writeln!(self.out, "{}", finding.course.as_deref().unwrap_or("(no course)"))?;
            self.course.clone_from(&finding.course);
        }
        writeln!(self.out, "  {finding}")
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let Summary { courses, faults, mended, notes } = summary;
        if self.json {
            writeln!(self.out, "\n],\"summary\":{}}}", json!(summary))?;
        } else {
            writeln!(self.out, "{courses} courses: {faults} faults, {mended} of them mended; {notes} notes")?;
        }
        self.out.flush()
    }
}
