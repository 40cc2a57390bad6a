//! A portal of any size, for `scripts/bench`: equal courses with equally many documents, spread over folders. It is
//! embedded, unless the folder holds a Chamilo installation already, which gets the courses then.
//!
//!     cargo run --release --example bench_portal -- DIR --courses 100 --documents 1000 --bytes 200 --folders 10
//!
//! Rows and folders are made as the library makes them for everybody; each course's documents come in one transaction. Those
//! of the second course and all that follow are the first one's rows once more, which a server copies by itself.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use clap::Parser;
use coursefs::course::create::{self, NewCourse};
use coursefs::course::document_rows::{self, DocumentKind, NewDocument};
use coursefs::course::{Course, Stamp};
use coursefs::portal::database::{DatabaseError, DatabaseExt, Session};
use coursefs::portal::storage::Folder;
use coursefs::portal::{Access, Portal};

/// The user that an embedded portal starts with.
const ADMINISTRATOR: i64 = 1;

/// Bytes written at once.
const PIECE: usize = 1 << 20;

/// Make a portal for measurements
#[derive(Parser)]
struct Arguments {
    /// A new or empty folder, or a Chamilo installation without courses
    dir: PathBuf,
    /// Courses, called BENCH1, BENCH2 ...
    #[arg(long, default_value_t = 1)]
    courses: u64,
    /// Documents in each course
    #[arg(long, default_value_t = 1)]
    documents: u64,
    /// Bytes in each document
    #[arg(long, default_value_t = 1024)]
    bytes: u64,
    /// Folders that the documents are spread over; 0 puts them at the top
    #[arg(long, default_value_t = 0)]
    folders: u64,
    /// Disk quota of each course in bytes, instead of the portal's
    #[arg(long)]
    quota: Option<i64>,
    /// Give documents their length without writing anything: they read as zeros and take no room
    #[arg(long)]
    sparse: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let portal = match arguments.dir.join("app/config/configuration.php").exists() {
        true => Portal::open(&arguments.dir, Access::ReadWrite)?,
        false => Portal::init(&arguments.dir)?,
    };
    let stamp = Stamp::now(ADMINISTRATOR);
    let mut noise = Noise::new();
    let mut first: Option<(i64, i64)> = None;
    for number in 1..=arguments.courses {
        let code = format!("BENCH{number}");
        let title = format!("Course {number}");
        let new = NewCourse { title, code, ..NewCourse::default() };
        let course = create::create(&portal, &new, &stamp)?;
        if let Some(quota) = arguments.quota {
            let sql = "UPDATE course SET disk_quota = ? WHERE id = ?";
            portal.database().write(|session| session.execute(sql, &[quota.into(), course.id.into()]))?;
        }
        let folder = portal.courses_folder().folder(&[&course.directory, b"/document".as_slice()].concat())?;
        make_files(&folder, &arguments, &mut noise)?;
        portal.database().write(|session| match first {
            Some(first) => copy_rows(session, first, course.id).map_err(Box::from),
            None => {
                let own = newest(session)?;
                enter(session, &course, &arguments, &stamp)?;
                first = Some((course.id, own));
                Ok::<_, Box<dyn Error>>(())
            }
        })?;
    }
    Ok(())
}

/// The newest key among the documents.
fn newest(session: &dyn Session) -> Result<i64, DatabaseError> {
    Ok(session.int("SELECT MAX(iid) FROM c_document", &[])?.unwrap_or(0))
}

/// Enters the documents of the course `from` with keys above `own` once more, into the course `to`.
fn copy_rows(session: &dyn Session, (from, own): (i64, i64), to: i64) -> Result<(), DatabaseError> {
    let further = newest(session)? - own;
    let sql = "INSERT INTO c_document \
               (iid, id, c_id, path, comment, title, filetype, size, readonly, session_id) \
               SELECT iid + ?, iid + ?, ?, path, comment, title, filetype, size, readonly, session_id \
               FROM c_document WHERE c_id = ? AND iid > ? ORDER BY iid";
    session.execute(sql, &[further.into(), further.into(), to.into(), from.into(), own.into()])?;
    let sql = "INSERT INTO c_item_property \
               (c_id, insert_user_id, tool, insert_date, lastedit_date, ref, lastedit_type, lastedit_user_id, visibility) \
               SELECT ?, insert_user_id, tool, insert_date, lastedit_date, ref + ?, lastedit_type, lastedit_user_id, \
               visibility FROM c_item_property WHERE c_id = ? AND tool = 'document' AND ref > ? ORDER BY iid";
    session.execute(sql, &[to.into(), further.into(), from.into(), own.into()])?;
    session.execute("UPDATE c_item_property SET id = iid WHERE c_id = ?", &[to.into()])?;
    Ok(())
}

/// The folders below a course's documents.
fn folder_names(arguments: &Arguments) -> impl Iterator<Item = String> {
    (0..arguments.folders).map(|number| format!("folder{number:04}"))
}

/// Paths and names of the documents.
fn document_names(arguments: &Arguments) -> impl Iterator<Item = (String, String)> {
    let folders = arguments.folders;
    (0..arguments.documents).map(move |number| {
        let name = format!("document{number:06}.bin");
        match number.checked_rem(folders) {
            Some(place) => (format!("folder{place:04}/{name}"), name),
            None => (name.clone(), name),
        }
    })
}

/// Makes folders and files below `folder`.
fn make_files(folder: &Folder, arguments: &Arguments, noise: &mut Noise) -> Result<(), Box<dyn Error>> {
    for name in folder_names(arguments) {
        folder.create_folders(name.as_bytes(), 0o755)?;
    }
    for (path, _) in document_names(arguments) {
        let file = folder.create_file(path.as_bytes(), 0o644)?;
        match arguments.sparse {
            true => file.set_len(arguments.bytes)?,
            false => noise.write(&file, arguments.bytes)?,
        }
    }
    Ok(())
}

/// Enters the folders and documents of `course`.
fn enter(session: &dyn Session, course: &Course, arguments: &Arguments, stamp: &Stamp) -> Result<(), Box<dyn Error>> {
    let insert = |path: &str, title: &str, kind| {
        let document = NewDocument { path: path.as_bytes(), title, comment: None, kind, visible: true };
        document_rows::insert(session, course.id, &document, stamp)
    };
    for name in folder_names(arguments) {
        insert(&format!("/{name}"), &name, DocumentKind::Folder)?;
    }
    for (path, name) in document_names(arguments) {
        insert(&format!("/{path}"), &name, DocumentKind::File { size: arguments.bytes })?;
    }
    Ok(())
}

/// Content that does not compress and differs from file to file; the same in every run.
struct Noise {
    state: u64,
    piece: Vec<u8>,
}

impl Noise {
    fn new() -> Noise {
        let mut noise = Noise { state: 1, piece: Vec::with_capacity(PIECE) };
        while noise.piece.len() < PIECE {
            let number = noise.next();
            noise.piece.extend_from_slice(&number.to_le_bytes());
        }
        noise
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Writes `bytes` bytes: the piece again and again, each time starting with a number never used before.
    fn write(&mut self, mut file: &File, bytes: u64) -> std::io::Result<()> {
        let mut left = bytes;
        while left > 0 {
            let number = self.next().to_le_bytes();
            for (byte, new) in self.piece.iter_mut().zip(number) {
                *byte = new;
            }
            let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            file.write_all(self.piece.get(..length).unwrap_or_default())?;
            left -= length as u64;
        }
        Ok(())
    }
}
