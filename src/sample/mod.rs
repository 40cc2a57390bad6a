//! The sample courses: what `coursefs init --sample` puts into a new portal, so that there is something to look at.
//!
//! Three small courses use every tool between them. Their texts are data (`geo101`, `hist20`, `bio110`); the
//! writers turn data into rows and files as Chamilo would. Dates are fixed: two sample portals are equal.

mod bio110;
mod content;
mod geo101;
mod hist20;
mod paths;
mod questions;
mod tools;
mod writer;

use std::fs::FileTimes;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::course::create::{self, CreateError, NewCourse};
use crate::course::document_rows::DocumentRowError;
use crate::course::staging::StagedCourse;
use crate::course::{Course, Stamp};
use crate::portal::database::{DatabaseError, DatabaseExt, Session};
use crate::portal::{Portal, Settings};
use content::SampleCourse;
use writer::Writer;

/// When everything in the sample was made: 2026-09-01 08:00:00 UTC.
const CREATED: i64 = 1_788_249_600;

/// The people of the sample, the teacher first: login, first name, last name.
const PEOPLE: [(&str, &str, &str); 4] = [
    ("mlaurent", "Marie", "Laurent"),
    ("lea", "Léa", "Dubois"),
    ("tomas", "Tomás", "Ruiz"),
    ("amara", "Amara", "Diallo"),
];

const TEACHER: i64 = 1;
const STUDENT: i64 = 5;

/// Why the sample can't be written. What was written before stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// A course can't be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// A document can't be entered.
    #[error(transparent)]
    Document(#[from] DocumentRowError),
    /// A file can't be written.
    #[error("can't write the files of the sample course {course}: {source}")]
    Files {
        /// The course's code.
        course: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The sample's own text refers to something that is not in it.
    #[error("the sample course {course} refers to {name:?}, which it does not have")]
    Reference {
        /// The course's code.
        course: &'static str,
        /// What is missing.
        name: String,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Adds the sample courses and their people to a portal and returns the courses.
///
/// Each course is one transaction. A portal that has one of the courses already answers with
/// [`CreateError::CodeTaken`].
pub fn fill(portal: &Portal) -> Result<Vec<Course>, SampleError> {
    let settings = portal.settings()?;
    let people = portal.database().write(insert_people)?;
    let mut courses = Vec::new();
    for sample in [&geo101::COURSE, &hist20::COURSE, &bio110::COURSE] {
        courses.push(create_sample(portal, &settings, sample, &people)?);
    }
    Ok(courses)
}

fn created() -> Timestamp {
    Timestamp::from_second(CREATED).unwrap_or_default()
}

fn create_sample(
    portal: &Portal,
    settings: &Settings,
    sample: &'static SampleCourse,
    people: &[i64],
) -> Result<Course, SampleError> {
    let failed = |source| SampleError::Files { course: sample.code, source };
    let stamp = Stamp { user: people.first().copied().unwrap_or(1), time: created() };
    let new = NewCourse {
        code: sample.code.to_owned(),
        title: sample.title.to_owned(),
        language: Some(sample.language.to_owned()),
        category: sample.category.to_owned(),
        ..NewCourse::default()
    };
    let staged = StagedCourse::new(portal, settings).map_err(failed)?;
    let (course, published) = portal.database().write(|session| {
        let course = create::create_in(session, settings, &new, &stamp)?;
        let mut writer = Writer::new(session, &staged, sample, course.id, stamp, people);
        writer.files_and_documents()?;
        tools::write(&mut writer)?;
        questions::write(&mut writer)?;
        paths::write(&mut writer)?;
        age(staged.folder().path()).map_err(failed)?;
        let published = staged.publish(portal, &course.directory).map_err(failed)?;
        Ok::<_, SampleError>((course, published))
    })?;
    published.keep();
    Ok(course)
}

/// Gives a folder and all in it the sample's time. The folder is our own, freshly made, without links.
fn age(folder: &Path) -> io::Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(CREATED.cast_unsigned());
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            age(&entry.path())?;
        } else {
            std::fs::File::open(entry.path())?.set_times(FileTimes::new().set_modified(time))?;
        }
    }
    std::fs::File::open(folder)?.set_times(FileTimes::new().set_modified(time))
}

/// Adds the people, who can't log in, and returns their ids. Those who are there from an earlier sample are taken as
/// they are.
fn insert_people(session: &dyn Session) -> Result<Vec<i64>, DatabaseError> {
    let now = Stamp { user: 1, time: created() }.datetime();
    let mut ids = Vec::new();
    for (login, first, last) in PEOPLE {
        if let Some(id) = session.int("SELECT id FROM user WHERE username = ?", &[login.into()])? {
            ids.push(id);
            continue;
        }
        let email = format!("{login}@localhost");
        let status = if ids.is_empty() { TEACHER } else { STUDENT };
        let id = session.insert(
            "user",
            &[
                ("username", login.into()),
                ("username_canonical", login.into()),
                ("email", email.as_str().into()),
                ("email_canonical", email.as_str().into()),
                ("locked", 0.into()),
                ("enabled", 1.into()),
                ("expired", 0.into()),
                ("credentials_expired", 0.into()),
                ("firstname", first.into()),
                ("lastname", last.into()),
                ("password", "*".into()),
                ("salt", "".into()),
                ("roles", "a:0:{}".into()),
                ("auth_source", "platform".into()),
                ("status", status.into()),
                ("creator_id", 1.into()),
                ("registration_date", now.as_str().into()),
                ("active", 1.into()),
            ],
        )?;
        session.execute("UPDATE user SET user_id = ? WHERE id = ?", &[id.into(), id.into()])?;
        session.insert("access_url_rel_user", &[("access_url_id", 1.into()), ("user_id", id.into())])?;
        ids.push(id);
    }
    Ok(ids)
}
