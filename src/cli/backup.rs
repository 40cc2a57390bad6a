//! `coursefs backup`: a course's archive without a mount, the same bytes.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::archive::Archive;
use crate::backup::{BackupFiles, Rows, Selection};
use crate::course::Course;
use crate::portal::database::DatabaseExt;
use crate::portal::{Access, Portal};

use super::{Failure, Outcome, cache, progress};

/// Bytes read at once.
const PIECE: usize = 1 << 20;

/// Write a course's backup.zip to a file
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The portal's folder
    portal: PathBuf,
    /// The course's code
    course: String,
    /// Only these tools, separated by commas: Document,Link,Test … (with what they need)
    #[arg(long, value_name = "TOOLS")]
    select: Option<String>,
    /// Where to write it; `-` is standard output [default: COURSE.zip]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let portal = Portal::open(&arguments.portal, Access::ReadOnly)?;
    let course = find(&portal, &arguments.course)?;
    let selection = match &arguments.select {
        None => Selection::ALL,
        Some(names) => Selection::parse(names, ',').ok_or_else(|| {
            let all: Vec<&str> = Selection::all_names().collect();
            Failure(format!("--select {names}: there are the tools {}", all.join(", ")))
        })?,
    };
    let (_, checksums) = cache::open()?;
    let loaded = Rows::load(&portal, course.id, selection)?;
    let archive = loaded.contents.archive(&loaded.course_info, checksums)?;
    let output = arguments.output.clone().unwrap_or_else(|| format!("{}.zip", arguments.course).into());
    write(&archive, &output, "backup")
}

/// Writes `archive` to the file `output` (`-` is standard output); `work` is what the progress bar calls it.
pub fn write(archive: &Archive<BackupFiles>, output: &Path, work: &'static str) -> Outcome {
    if output == Path::new("-") {
        return copy(archive, &mut io::stdout().lock(), work);
    }
    write_file(output, |file| copy(archive, file, work))
}

/// The course with the code `code`.
pub fn find(portal: &Portal, code: &str) -> Result<Course, Failure> {
    let course = portal.database().read(|session| Course::by_code(session, code.as_bytes()))?;
    course
        .ok_or_else(|| Failure(format!("{} has no course {code}; `coursefs list` shows them", portal.root().display())))
}

/// Lets `write` fill a file that gets its name only when it is whole. What is there and is no file (a device, a pipe)
/// is written into.
fn write_file(path: &Path, write: impl FnOnce(&mut File) -> Outcome) -> Outcome {
    let failed = |error: io::Error| Failure(format!("can't write {}: {error}", path.display()));
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return write(&mut File::options().write(true).open(path).map_err(failed)?);
    }
    // A link stays one, and what it leads to is replaced.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".coursefs-").tempfile_in(folder).map_err(failed)?;
    write(file.as_file_mut())?;
    // A temporary file is private; an archive gets the mode of any other new file.
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    let mode = rustix::fs::Mode::from_raw_mode(0o666) - mask;
    rustix::fs::fchmod(file.as_file(), mode).map_err(|error| failed(error.into()))?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn copy(archive: &Archive<BackupFiles>, output: &mut dyn Write, work: &'static str) -> Outcome {
    let bar = progress::bytes(archive.size(), work);
    let mut buffer = vec![0; PIECE];
    let mut offset = 0;
    loop {
        let read = archive.read_at(offset, &mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        output.write_all(bytes).map_err(|error| Failure(format!("can't write the archive: {error}")))?;
        offset += read as u64;
        bar.set_position(offset);
    }
    output.flush().map_err(|error| Failure(format!("can't write the archive: {error}")))?;
    bar.finish_and_clear();
    Ok(())
}
