//! What belongs to no course, and whether a course has a code and a folder of its own.

use std::collections::HashSet;

use rustix::fs::FileType;

use crate::course::Course;
use crate::portal::database::{DatabaseError, Session};
use crate::portal::staging::Abandoned;
use crate::portal::storage::Folder;
use crate::portal::{Portal, schema};

use super::finding::{
    COURSE_CODE, COURSE_FOLDER, FOLDER_WITHOUT_COURSE, Finding, LEFTOVER, ROWS_WITHOUT_COURSE, SHARED_FOLDER,
    UNREADABLE, shown,
};
use super::{CheckError, Found};

/// Folders of changes that a crash cut off. Nothing is changed, so that a portal that is open for reading only can be
/// looked at too.
pub fn leftovers(portal: &Portal) -> Result<Vec<Finding>, CheckError> {
    let failed = |source| CheckError::Files { path: portal.root().join("app/cache"), source };
    let abandoned = Abandoned::find(portal.root()).map_err(failed)?;
    let findings = abandoned.iter().map(|abandoned| {
        let path = abandoned.path.strip_prefix(portal.root()).unwrap_or(&abandoned.path);
        Finding::new(LEFTOVER).at(path.as_os_str().as_encoded_bytes())
    });
    Ok(findings.collect())
}

/// Folders and rows that belong to no course.
pub fn without_course(portal: &Portal, session: &dyn Session) -> Result<Vec<Finding>, DatabaseError> {
    let mut findings = Vec::new();
    let mut directories = HashSet::new();
    session.query("SELECT directory FROM course", &[], &mut |row| {
        directories.insert(row.bytes("directory"));
        Ok(())
    })?;
    match portal.courses_folder().names(b"") {
        Ok(mut names) => {
            names.sort_unstable();
            for name in names.into_iter().filter(|name| !directories.contains(name) && !name.starts_with(b".")) {
                let stat = portal.courses_folder().stat(&name);
                if stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory) {
                    findings.push(Finding::new(FOLDER_WITHOUT_COURSE).at(&[b"app/courses/", name.as_slice()].concat()));
                }
            }
        }
        Err(error) => findings.push(Finding::new(UNREADABLE).at(b"app/courses").because(error.to_string())),
    }
    for table in schema::tables().filter(|table| table.starts_with("c_")) {
        if !session.columns(table)?.iter().any(|column| column == "c_id") {
            continue;
        }
        let sql = format!(
            "SELECT c_id, COUNT(*) AS number FROM `{table}` \
             WHERE c_id > 0 AND c_id NOT IN (SELECT id FROM course) GROUP BY c_id ORDER BY c_id"
        );
        session.query(&sql, &[], &mut |row| {
            let (course, number) = (row.int("c_id").unwrap_or(0), row.int("number").unwrap_or(0));
            let detail = format!("{number} rows belong to the course {course}, which does not exist");
            let mut finding = Finding::new(ROWS_WITHOUT_COURSE).because(detail);
            finding.table = Some(table);
            findings.push(finding);
            Ok(())
        })?;
    }
    Ok(findings)
}

/// Looks at a course as such; its folder, if it has one.
pub fn course(
    portal: &Portal,
    session: &dyn Session,
    course: &Course,
    found: &mut Found,
) -> Result<Option<Folder>, DatabaseError> {
    let finding = |kind| Finding::new(kind).row("course", course.id);
    if !course.has_folder_name() {
        found.add(finding(COURSE_CODE).because(format!("its code is {:?}", shown(&course.code))));
    }
    let directory = course.directory.as_slice();
    let path = [b"app/courses/", directory].concat();
    if directory.is_empty() || directory.contains(&b'/') || directory == b"." || directory == b".." {
        let detail = format!("course.directory is {:?}, which is no name of a folder", shown(directory));
        found.add(finding(COURSE_FOLDER).because(detail));
        return Ok(None);
    }
    for other in
        session.rows("SELECT id, code, directory FROM course WHERE directory = ? ORDER BY id", &[directory.into()])?
    {
        // MariaDB's `=` ignores case and accents.
        if other.bytes("directory") == directory && other.int("id") != Some(course.id) {
            let detail = format!("it is the folder of the course {} too", shown(&other.bytes("code")));
            found.add(finding(SHARED_FOLDER).at(&path).because(detail));
        }
    }
    match portal.courses_folder().folder(directory) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) => {
            found.add(finding(COURSE_FOLDER).at(&path).because(error.to_string()));
            Ok(None)
        }
    }
}
