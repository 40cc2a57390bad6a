//! Whether rows and files of a portal fit together, and mending what needs no judgement (`coursefs check`).
//!
//! Courses are looked at one after the other, each in one consistent state of the tables: `items` reads the rows of
//! its tools, `properties` those that say who sees them, `documents` holds rows against the disk, `learnpaths`
//! follows the steps of learning paths; `portal_wide` sees what belongs to no course. Findings are handed out course
//! by course, so that memory is bounded by the largest course.
//!
//! Mending a course is one transaction in which the checks are run again, so that nothing is mended that somebody else
//! has put right meanwhile. No file is ever written or removed but by [`recovery`] of what a crash of coursefs left.

mod documents;
pub mod finding;
mod items;
mod learnpaths;
mod portal_wide;
mod properties;
mod text;

use crate::course::document_rows::DocumentRowError;
use crate::course::{Course, Stamp};
use crate::portal::Portal;
use crate::portal::database::{DatabaseError, DatabaseExt, Session};
use crate::portal::recovery::{self, RecoverError};

pub use finding::{Finding, KINDS, Kind, Weight};

/// Why a portal can't be checked or mended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A row of a document can't be written.
    #[error(transparent)]
    Document(#[from] DocumentRowError),
    /// What a crash left can't be put in order.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// The folder of temporary files can't be read.
    #[error("{path}: {source}")]
    Files {
        /// What can't be read.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The courses.
    pub courses: Vec<Course>,
    /// Whether also folders and rows that belong to no course.
    pub portal_wide: bool,
    leftovers: Vec<Finding>,
}

impl Scope {
    /// All of a portal. Leftovers are looked for now, because opening a portal for writing puts them in order.
    pub fn all(portal: &Portal) -> Result<Scope, CheckError> {
        let courses = portal.database().read(Course::list)?;
        Ok(Scope { courses, portal_wide: true, leftovers: portal_wide::leftovers(portal)? })
    }

    /// Some courses, and nothing that belongs to none.
    pub fn courses(courses: Vec<Course>) -> Scope {
        Scope { courses, ..Scope::default() }
    }
}

/// How many findings there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Courses that were looked at.
    pub courses: usize,
    /// Faults, mended or not.
    pub faults: usize,
    /// Faults that were mended.
    pub mended: usize,
    /// Notes, which are no faults.
    pub notes: usize,
}

impl Summary {
    /// Faults that are still there.
    pub fn remaining(&self) -> usize {
        self.faults - self.mended
    }

    fn count(&mut self, finding: &Finding) {
        match finding.weight {
            Weight::Note => self.notes += 1,
            Weight::Fault => {
                self.faults += 1;
                self.mended += usize::from(finding.mended);
            }
        }
    }
}

/// Looks at `scope` of `portal` and hands every finding to `each`, those of one course together. With `repair` it
/// mends what it can; the portal has to be open for writing then.
pub fn check(
    portal: &Portal,
    scope: &Scope,
    repair: bool,
    each: &mut dyn FnMut(Finding),
) -> Result<Summary, CheckError> {
    let mut summary = Summary { courses: scope.courses.len(), ..Summary::default() };
    let mut report = |findings: Vec<Finding>| {
        for finding in findings {
            summary.count(&finding);
            each(finding);
        }
    };
    let mut leftovers = scope.leftovers.clone();
    if repair && !leftovers.is_empty() {
        recovery::recover(portal)?;
        let left = portal_wide::leftovers(portal)?;
        leftovers.iter_mut().for_each(|finding| finding.mended = !left.contains(finding));
    }
    report(leftovers);
    if scope.portal_wide {
        report(portal.database().read(|session| portal_wide::without_course(portal, session))?);
    }
    for course in &scope.courses {
        let found = portal.database().read(|session| Found::of(portal, session, course))?;
        if !repair || found.mends.is_empty() {
            report(found.findings);
            continue;
        }
        drop(found);
        let mended = portal.database().write(|session| {
            let stamp = Stamp::of_administrator(session)?;
            Found::of(portal, session, course)?.mend(&Mending { session, course: course.id, stamp })
        })?;
        report(mended);
    }
    Ok(summary)
}

/// What mending has at hand: the transaction of one course.
struct Mending<'a> {
    session: &'a dyn Session,
    course: i64,
    stamp: Stamp,
}

/// How one finding is mended.
type Mend = Box<dyn FnOnce(&Mending<'_>) -> Result<(), CheckError>>;

/// The findings of one course, and how some of them are mended.
#[derive(Default)]
struct Found {
    code: String,
    findings: Vec<Finding>,
    mends: Vec<(usize, Mend)>,
}

impl Found {
    fn of(portal: &Portal, session: &dyn Session, course: &Course) -> Result<Found, CheckError> {
        let mut found = Found { code: finding::shown(&course.code), ..Found::default() };
        let folder = portal_wide::course(portal, session, course, &mut found)?;
        let properties = properties::Properties::load(session, course.id, &mut found)?;
        let items = items::Items::load(session, course.id, folder.as_ref(), &properties, &mut found)?;
        let documents = documents::check(session, course.id, folder.as_ref(), &properties, &mut found)?;
        properties.check_items(&items, &documents, &mut found);
        learnpaths::check(session, course.id, folder.as_ref(), &items, &documents, &mut found)?;
        Ok(found)
    }

    /// Takes a finding that nobody but a person can mend.
    fn add(&mut self, finding: Finding) {
        self.findings.push(Finding { course: Some(self.code.clone()), ..finding });
    }

    /// Takes a finding with how it is mended.
    fn add_mendable(&mut self, finding: Finding, mend: impl FnOnce(&Mending<'_>) -> Result<(), CheckError> + 'static) {
        debug_assert!(finding.kind.mended.is_some(), "{} says nothing of how it is mended", finding.kind.name);
        self.mends.push((self.findings.len(), Box::new(mend)));
        self.add(finding);
    }

    fn mend(mut self, mending: &Mending<'_>) -> Result<Vec<Finding>, CheckError> {
        for (place, mend) in self.mends {
            mend(mending)?;
            if let Some(finding) = self.findings.get_mut(place) {
                finding.mended = true;
            }
        }
        Ok(self.findings)
    }
}
