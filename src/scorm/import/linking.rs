//! What of a package the course has already: paths that are not made twice, and tests, links, forums … that the new
//! paths lead to.
//!
//! All of it happens in the transaction of the import, so that two imports at once leave what one would. What people
//! call the same is the same, as long as only one thing is called so; what there are several of is told by its content.

use std::collections::{HashMap, HashSet};
use std::io;

use crate::backup::references;
use crate::backup::restore::{ReadItems, Report, RestoreError};
use crate::course::import::{Import, ImportError, Outcome};
use crate::course::item::{Item, Record, load_one_kind};
use crate::course::{Course, Stamp};
use crate::portal::database::{DatabaseError, Row, Session, Value};

use super::super::describe::title;
use super::super::load::{PATHS, Reference, kind_of, part_of, parts_of};
use super::described::key_only;
use super::folders::normal;
use super::steps::SCORM;

/// What is known of the package's items.
pub struct Links {
    /// Keys of its paths.
    pub paths: Vec<i64>,
    /// What they refer to that is not in the package: the reference and what people call it.
    pub names: Vec<(Reference, Vec<u8>)>,
    /// Whether the package tells dates and order of its paths.
    pub complete: bool,
}

impl Links {
    /// Leaves in `items` what the course lacks, and lets references lead to what it has.
    pub fn settle(
        &self,
        session: &dyn Session,
        code: &str,
        import: &mut Import<'_>,
        items: &mut ReadItems,
        report: &mut Report,
    ) -> Result<(), RestoreError> {
        // Somebody else has taken the folder of a package since it was found free.
        let taken = report.items.iter().flat_map(|(_, outcome)| &outcome.conflicts).next();
        if let Some(path) = taken {
            let source = io::Error::from_raw_os_error(libc::EEXIST);
            return Err(RestoreError::Files { course: code.to_owned(), path: path.clone(), source });
        }
        let Some(kind) = kind_of(PATHS) else { return Ok(()) };
        let course = import.course_row().clone();
        let load = |table| match kind_of(table) {
            Some(kind) => load_one_kind(session, kind, &course).map_err(ImportError::from),
            None => Ok(Vec::new()),
        };
        let present = load(PATHS)?;
        let there: HashMap<(Vec<u8>, Vec<u8>), &Item> =
            present.iter().filter(|path| is_scorm(path)).map(|path| (organization(path), path)).collect();
        let mut equal = 0;
        let mut known = Vec::new();
        items.retain(&mut |item| {
            let same = (item.kind.table.name == PATHS && is_scorm(item)).then(|| there.get(&organization(item)));
            if let Some(Some(there)) = same {
                known.push((item.record.clone(), there.record.clone()));
                equal += 1;
                return false;
            }
            true
        });
        known.iter().for_each(|(old, there)| import.linked(kind, old, there));
        if equal > 0 {
            report.items.push((kind.key, Outcome { equal, ..Outcome::default() }));
        }
        self.order(session, &present, items)?;
        self.link(import, items, &load)
    }

    /// Puts new paths behind those that are there, in Chamilo's way; a described path keeps its own place if it is
    /// free.
    fn order(&self, session: &dyn Session, present: &[Item], items: &mut ReadItems) -> Result<(), RestoreError> {
        let mut taken: HashSet<i64> = present.iter().filter_map(|path| path.record.int("display_order")).collect();
        let now = Stamp::of_administrator(session)?.datetime();
        let mut of_paths = |change: &mut dyn FnMut(&mut Item)| {
            items.retain(&mut |item| {
                if item.kind.table.name == PATHS {
                    change(item);
                }
                true
            });
        };
        of_paths(&mut |path| {
            let own = path.record.int("display_order").filter(|own| self.complete && !taken.contains(own));
            let order = own.unwrap_or_else(|| taken.iter().max().map_or(1, |last| last.saturating_add(1)));
            taken.insert(order);
            path.record.set("display_order", Value::Int(order));
            if !self.complete {
                for column in ["created_on", "modified_on", "publicated_on"] {
                    path.record.set(column, Value::from(now.as_str()));
                }
            }
        });
        Ok(())
    }

    /// Lets references lead to what the course has under the same names, and leaves out what nothing needs then.
    fn link(
        &self,
        import: &mut Import<'_>,
        items: &mut ReadItems,
        load: &dyn Fn(&'static str) -> Result<Vec<Item>, ImportError>,
    ) -> Result<(), RestoreError> {
        let mut wanted: HashMap<&'static str, HashMap<Vec<u8>, Vec<Reference>>> = HashMap::new();
        let mut want = |reference: Reference, title: Vec<u8>| {
            wanted.entry(reference.0).or_default().entry(title).or_default().push(reference);
        };
        for item in items.iter().filter(|item| item.kind.table.name != PATHS) {
            if let Some(reference) = reference(item)
                && let Some(title) = title(reference.0, &item.record)
            {
                want(reference, title);
            }
        }
        for (reference, title) in &self.names {
            if reference.0 != PATHS || !self.paths.contains(&reference.1) {
                want(*reference, title.clone());
            }
        }
        let mut linked: HashSet<Reference> = HashSet::new();
        for (table, titles) in &wanted {
            let mut there: HashMap<Vec<u8>, Vec<Item>> = HashMap::new();
            for item in load(table)? {
                if let Some(title) = title(table, &item.record) {
                    there.entry(title).or_default().push(item);
                }
            }
            for (title, references) in titles {
                if let ([reference], Some([item])) = (references.as_slice(), there.get(title).map(Vec::as_slice))
                    && let Some((kind, old)) = key_only(reference.0, reference.1)
                {
                    import.linked(kind, &old, &item.record);
                    linked.insert(*reference);
                }
            }
        }
        let needed = needed(items, &linked);
        items.retain(&mut |item| {
            item.kind.table.name == PATHS || reference(item).is_some_and(|it| needed.contains(&it))
        });
        Ok(())
    }
}

/// The key of the path of `course` that `imported` has become: of several the newest.
pub fn find(session: &dyn Session, course: &Course, imported: &Record) -> Result<Option<i64>, DatabaseError> {
    let sql = "SELECT iid, id, name, path, ref, lp_type FROM c_lp WHERE c_id = ? ORDER BY iid";
    let same = |row: &Row| match imported.int("lp_type") {
        Some(SCORM) => {
            normal(&row.bytes("path")) == normal(&imported.bytes("path")) && row.bytes("ref") == imported.bytes("ref")
        }
        _ => row.bytes("name") == imported.bytes("name"),
    };
    let rows = session.rows(sql, &[course.id.into()])?;
    let found = rows.iter().rfind(|row| row.int("lp_type") == imported.int("lp_type") && same(row));
    Ok(found.and_then(|row| row.int("id").filter(|key| *key != 0).or_else(|| row.int("iid"))))
}

fn is_scorm(path: &Item) -> bool {
    path.record.int("lp_type") == Some(SCORM)
}

/// What makes a path of a package the one it is: the package's folder, and the organization in it.
fn organization(path: &Item) -> (Vec<u8>, Vec<u8>) {
    (normal(&path.record.bytes("path")), path.record.bytes("ref"))
}

fn reference(item: &Item) -> Option<Reference> {
    Some((item.kind.table.name, item.record.key(&item.kind.table)?))
}

/// What the paths need that is not linked.
fn needed(items: &ReadItems, linked: &HashSet<Reference>) -> HashSet<Reference> {
    let by_reference: HashMap<Reference, &Item> =
        items.iter().filter_map(|item| Some((reference(item)?, item))).collect();
    let mut waiting = Vec::new();
    for path in items.iter().filter(|item| item.kind.table.name == PATHS) {
        references(&path.kind.table, &path.record, None, &mut waiting);
    }
    let mut needed = HashSet::new();
    while let Some(next) = waiting.pop() {
        let Some(item) = by_reference.get(&next).filter(|_| !linked.contains(&next)) else { continue };
        if !needed.insert(next) {
            continue;
        }
        references(&item.kind.table, &item.record, None, &mut waiting);
        for part in parts_of(next.0) {
            waiting.extend(items.of(part.key).iter().filter_map(|item| part_of(item, next)));
        }
    }
    needed
}
