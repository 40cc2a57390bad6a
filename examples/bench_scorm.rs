//! How long a learning path takes to be laid out as a SCORM package, and how fast it is read, for `scripts/bench`.
//!
//!     cargo run --release --example bench_scorm -- DIR --steps 500 --files 2000 --size 256 --repeat 5
//!
//! It makes an embedded portal with two courses in DIR (new or empty): one with a path of so many steps, every tenth a
//! test of ten questions, the others pages of 6 KiB with a style sheet in common and pictures of their own, so many files
//! in all; and one with a path that shows documents of 4 MiB, so many MiB in all. It prints one line a measure: its name and a
//! number for each sample. `layout` is what the first look at the package costs, rows, pages and references read (in
//! milliseconds; the operating system's caches are warm). `package` and `backup` are the speed at which the package of
//! the second path and `backup.zip` of its course are read from start to end, checksums known (in MiB/s).

mod bench_rows;

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use coursefs::archive::{Archive, Checksums};
use coursefs::backup::{BackupFiles, Rows, Selection};
use coursefs::course::Stamp;
use coursefs::course::create::{self, NewCourse};
use coursefs::course::document_rows::{self, DocumentKind, NewDocument};
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseError, DatabaseExt};
use coursefs::portal::storage::Folder;
use coursefs::scorm::{Package, Which};

/// The user that an embedded portal starts with.
const ADMINISTRATOR: i64 = 1;

/// Some text as people write it.
const TEXT: &str = "<p>Bring your map, a pencil and the <em>field book</em>. We meet at the north gate, where the path \
                    begins, and walk along the moraine to the lake. Who comes by bicycle takes the lower road.</p>\n";

/// How often the text stands in a page.
const TEXTS: usize = 30;

/// Bytes of a picture, and of a large document.
const PICTURE: usize = 2 << 10;
const LARGE: usize = 4 << 20;

/// Measure laying out and reading SCORM packages
#[derive(Parser)]
struct Arguments {
    /// A new or empty folder
    dir: PathBuf,
    /// Steps of the path
    #[arg(long, default_value_t = 500)]
    steps: u64,
    /// Files that its pages are and refer to
    #[arg(long, default_value_t = 2000)]
    files: u64,
    /// Documents of the second path, in MiB
    #[arg(long, default_value_t = 256)]
    size: u64,
    /// Samples of each measure
    #[arg(long, default_value_t = 5)]
    repeat: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let portal = Portal::init(&arguments.dir)?;
    let (course, steps) = course_with(&portal, "BENCH", |filling| filling.many(&arguments))?;
    let (large_course, large) = course_with(&portal, "LARGE", |filling| filling.large(arguments.size))?;

    let checksums = Arc::new(Checksums::in_memory()?);
    let mut layouts = Vec::new();
    for sample in 0..=arguments.repeat {
        let begun = Instant::now();
        let package = Package::build(&portal, course, Which::Path(steps))?;
        let digest = package.digest()?;
        let archive = package.archive(checksums.clone())?;
        let elapsed = begun.elapsed().as_secs_f64() * 1000.0;
        if archive.size() != digest.size {
            return Err("the size that was told is not that of the archive".into());
        }
        // The first warms the caches.
        if sample > 0 {
            layouts.push(elapsed);
        }
    }
    // Checksums of files changed less than two seconds ago are not remembered.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let package = Package::build(&portal, large_course, Which::Path(large))?.archive(checksums.clone())?;
    let loaded = Rows::load(&portal, large_course, Selection::ALL)?;
    let backup = loaded.contents.archive(&loaded.course_info, checksums)?;
    let (mut packages, mut backups) = (Vec::new(), Vec::new());
    for sample in 0..=arguments.repeat {
        let speeds = (speed(&package)?, speed(&backup)?);
        if sample > 0 {
            packages.push(speeds.0);
            backups.push(speeds.1);
        }
    }
    for (name, samples) in [("layout", layouts), ("package", packages), ("backup", backups)] {
        let samples: Vec<String> = samples.iter().map(|sample| format!("{sample:.1}")).collect();
        println!("{name} {}", samples.join(" "));
    }
    Ok(())
}

/// Makes the course `code`; `fill` gives it a path. Their keys.
fn course_with<F>(portal: &Portal, code: &str, fill: F) -> Result<(i64, i64), Box<dyn Error>>
where
    F: Fn(&Filling<'_>) -> Result<i64, Box<dyn Error>>,
{
    let stamp = Stamp::now(ADMINISTRATOR);
    let new = NewCourse { code: code.into(), title: code.into(), ..NewCourse::default() };
    let course = create::create(portal, &new, &stamp)?;
    let folder = portal.courses_folder().folder(&[&course.directory, b"/document".as_slice()].concat())?;
    let path = portal.database().write(|session| {
        let rows = bench_rows::Filling { session, course: &course, stamp: &stamp };
        fill(&Filling { rows, folder: &folder })
    })?;
    Ok((course.id, path))
}

/// Reads an archive from start to end: MiB a second.
fn speed(archive: &Archive<BackupFiles>) -> Result<f64, Box<dyn Error>> {
    let mut buffer = vec![0; 1 << 20];
    let begun = Instant::now();
    let mut offset = 0;
    loop {
        let length = archive.read_at(offset, &mut buffer)?;
        if length == 0 {
            return Ok(offset as f64 / f64::from(1 << 20) / begun.elapsed().as_secs_f64());
        }
        offset += length as u64;
    }
}

/// The course that is filled.
struct Filling<'a> {
    rows: bench_rows::Filling<'a>,
    folder: &'a Folder,
}

impl Filling<'_> {
    /// The path of many steps: its key.
    fn many(&self, arguments: &Arguments) -> Result<i64, Box<dyn Error>> {
        let path = self.path("Many steps")?;
        self.document("style.css", b"p { color: black }")?;
        let pages = arguments.steps - arguments.steps / 10;
        // The style sheet is a file, too.
        let pictures = arguments.files.saturating_sub(pages + 1);
        let mut drawn = 0;
        let mut page = 0;
        for number in 0..arguments.steps {
            if number % 10 == 9 {
                let test = self.test(number)?;
                self.step(path, number, "quiz", test)?;
                continue;
            }
            page += 1;
            let mut html =
                String::from("<!DOCTYPE html><html><head><link rel=\"stylesheet\" href=\"style.css\"></head>\n");
            while drawn < pictures * page / pages {
                let name = format!("picture{drawn:05}.png");
                self.document(&name, &vec![b'x'; PICTURE])?;
                html += &format!("<img src=\"/courses/BENCH/document/{name}\" alt=\"\">\n");
                drawn += 1;
            }
            html += &TEXT.repeat(TEXTS);
            let document = self.document(&format!("page{number:05}.html"), html.as_bytes())?;
            self.step(path, number, "document", document)?;
        }
        Ok(path)
    }

    /// The path of large documents: its key.
    fn large(&self, size: u64) -> Result<i64, Box<dyn Error>> {
        let path = self.path("Large documents")?;
        for number in 0..u64::max(1, size * (1 << 20) / LARGE as u64) {
            let document = self.document(&format!("film{number:05}.mp4"), &vec![number as u8; LARGE])?;
            self.step(path, number, "document", document)?;
        }
        Ok(path)
    }

    fn document(&self, name: &str, bytes: &[u8]) -> Result<i64, Box<dyn Error>> {
        std::io::Write::write_all(&mut self.folder.create_file(name.as_bytes(), 0o644)?, bytes)?;
        let path = format!("/{name}");
        let kind = DocumentKind::File { size: bytes.len() as u64 };
        let new = NewDocument { path: path.as_bytes(), title: name, comment: None, kind, visible: true };
        Ok(document_rows::insert(self.rows.session, self.rows.course.id, &new, self.rows.stamp)?)
    }

    fn path(&self, title: &str) -> Result<i64, DatabaseError> {
        self.rows.row("c_lp", "id", &[("name", title.into()), ("lp_type", 1.into())], Some("learnpath"))
    }

    fn step(&self, path: i64, number: u64, kind: &str, target: i64) -> Result<(), DatabaseError> {
        let columns = [
            ("lp_id", path.into()),
            ("item_type", kind.into()),
            ("title", format!("Step {number}").into()),
            ("path", target.to_string().into()),
            ("display_order", (number as i64).into()),
            ("max_score", 100.into()),
        ];
        self.rows.row("c_lp_item", "id", &columns, None).map(drop)
    }

    /// A test of ten questions with four answers each.
    fn test(&self, number: u64) -> Result<i64, DatabaseError> {
        let title = format!("Test {number}");
        let columns = [("title", title.into()), ("active", 1.into()), ("pass_percentage", 50.into())];
        let test = self.rows.row("c_quiz", "id", &columns, Some("quiz"))?;
        for place in 0..10_i64 {
            let columns = [
                ("question", format!("Which lake is it? {place}").into()),
                ("description", TEXT.into()),
                ("type", 1.into()),
                ("ponderation", 10.into()),
            ];
            let question = self.rows.row("c_quiz_question", "id", &columns, None)?;
            for answer in 1..=4_i64 {
                let columns = [
                    ("question_id", question.into()),
                    ("answer", format!("<p>The lake of number {answer}</p>").into()),
                    ("comment", "<p>Look at the map.</p>".into()),
                    ("correct", i64::from(answer == 1).into()),
                    ("ponderation", if answer == 1 { 10 } else { 0 }.into()),
                    ("position", answer.into()),
                ];
                self.rows.row("c_quiz_answer", "id_auto", &columns, None)?;
            }
            let columns =
                [("question_id", question.into()), ("exercice_id", test.into()), ("question_order", place.into())];
            self.rows.row("c_quiz_rel_question", "iid", &columns, None)?;
        }
        Ok(test)
    }
}
