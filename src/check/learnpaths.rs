//! Learning paths: what their steps show and follow, their packages, what they wait for.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::course::tool::learnpath::{CHAMILO, TARGETS};
use crate::portal::database::{DatabaseError, Row, Session, Value};
use crate::portal::storage::Folder;

use super::Found;
use super::documents::Documents;
use super::finding::{
    Finding, PACKAGE, PACKAGE_WITHOUT_PATH, PATH_CATEGORY, PREREQUISITE, STEP_ORDER, STEP_PARENT, STEP_TARGET,
    STEP_WITHOUT_PATH,
};
use super::items::Items;

/// The last step of a path, which older versions do not link to from the one before.
const FINAL: &[u8] = b"final_item";

/// A step.
struct Step {
    iid: i64,
    kind: Vec<u8>,
    path: Vec<u8>,
    parent: i64,
    previous: i64,
    next: i64,
    order: i64,
    prerequisite: Vec<u8>,
}

impl Step {
    fn new(row: &Row) -> Option<Step> {
        let int = |column| row.int(column).unwrap_or(0);
        Some(Step {
            iid: row.int("iid")?,
            kind: row.bytes("item_type"),
            path: row.bytes("path"),
            parent: int("parent_item_id"),
            previous: int("previous_item_id"),
            next: int("next_item_id"),
            order: int("display_order"),
            prerequisite: row.bytes("prerequisite"),
        })
    }
}

/// Looks at the learning paths of a course.
pub fn check(
    session: &dyn Session,
    course: i64,
    folder: Option<&Folder>,
    items: &Items,
    documents: &Documents,
    found: &mut Found,
) -> Result<(), DatabaseError> {
    let mut steps: BTreeMap<i64, Vec<Step>> = BTreeMap::new();
    let sql = "SELECT iid, lp_id, item_type, path, parent_item_id, previous_item_id, next_item_id, display_order, \
               prerequisite FROM c_lp_item WHERE c_id = ? ORDER BY display_order, iid";
    session.query(sql, &[course.into()], &mut |row| {
        steps.entry(row.int("lp_id").unwrap_or(0)).or_default().extend(Step::new(&row));
        Ok(())
    })?;
    let sql = "SELECT iid, id, lp_type, path, prerequisite, category_id FROM c_lp WHERE c_id = ? ORDER BY iid";
    let mut packages = HashSet::new();
    for path in session.rows(sql, &[course.into()])? {
        packages.extend(path.as_text("path").split(|byte| *byte == b'/').next().map(<[u8]>::to_vec));
        let Some(iid) = path.int("iid") else { continue };
        path_itself(&path, iid, folder, items, found);
        let key = path.int("id").filter(|key| *key != 0).unwrap_or(iid);
        let steps = steps.remove(&key).unwrap_or_default();
        let known: HashSet<i64> = steps.iter().map(|step| step.iid).collect();
        targets(&steps, items, documents, found);
        let chapters = chapters(&steps, &known, found);
        if path.int("lp_type") == Some(CHAMILO) {
            prerequisites(&steps, &known, found);
            chapters.into_values().for_each(|steps| order(&steps, found));
        }
    }
    for (path, steps) in steps {
        for step in steps {
            let detail = format!("there is no learning path {path}");
            found.add(Finding::new(STEP_WITHOUT_PATH).row("c_lp_item", step.iid).because(detail));
        }
    }
    if let Some(folder) = folder {
        packages_left(folder, &packages, found);
    }
    Ok(())
}

/// Tells of the folders in `scorm` that are not in `used`: Chamilo leaves some when it deletes a path. Whatever else
/// lies there is no package.
fn packages_left(course: &Folder, used: &HashSet<Vec<u8>>, found: &mut Found) {
    // A course without the folder has no packages.
    let mut names = course.names(b"scorm").unwrap_or_default();
    names.sort_unstable();
    for name in names.into_iter().filter(|name| !used.contains(name)) {
        let place = [b"scorm/".as_slice(), &name].concat();
        if course.folder(&place).is_ok() {
            found.add(Finding::new(PACKAGE_WITHOUT_PATH).at(&place));
        }
    }
}

fn path_itself(path: &Row, iid: i64, folder: Option<&Folder>, items: &Items, found: &mut Found) {
    let finding = |kind| Finding::new(kind).row("c_lp", iid);
    let clear = |column: &'static str| {
        move |mending: &super::Mending<'_>| {
            mending.session.execute(&format!("UPDATE c_lp SET {column} = 0 WHERE iid = ?"), &[iid.into()])?;
            Ok(())
        }
    };
    let before = path.int("prerequisite").unwrap_or(0);
    if before != 0 && !items.may_have("c_lp", before) {
        let detail = format!("it waits for the learning path {before}, which does not exist");
        found.add_mendable(finding(PREREQUISITE).because(detail), clear("prerequisite"));
    }
    let category = path.int("category_id").unwrap_or(0);
    if category != 0 && !items.may_have("c_lp_category", category) {
        let detail = format!("there is no category {category}");
        found.add_mendable(finding(PATH_CATEGORY).because(detail), clear("category_id"));
    }
    let name = path.bytes("path");
    let package = name.strip_suffix(b"/.").unwrap_or(&name);
    if let Some(folder) = folder
        && path.int("lp_type") != Some(CHAMILO)
        && !package.is_empty()
    {
        let place = [b"scorm/", package].concat();
        if folder.folder(&place).is_err() {
            found.add(finding(PACKAGE).at(&place).because("there is no such folder"));
        }
    }
}

fn targets(steps: &[Step], items: &Items, documents: &Documents, found: &mut Found) {
    for step in steps {
        let Some((kind, table)) = TARGETS.iter().find(|(kind, _)| kind.as_bytes() == step.kind) else { continue };
        let key = number(&step.path);
        let there = key.is_some_and(|key| match *table {
            "c_document" => documents.may_show(key),
            table => items.may_have(table, key),
        });
        if !there {
            let detail = format!("there is no {kind} {:?}", super::finding::shown(&step.path));
            found.add(Finding::new(STEP_TARGET).row("c_lp_item", step.iid).because(detail));
        }
    }
}

/// The steps of each chapter, in their order; 0 is the top.
fn chapters<'s>(steps: &'s [Step], known: &HashSet<i64>, found: &mut Found) -> BTreeMap<i64, Vec<&'s Step>> {
    let parents: HashMap<i64, i64> = steps.iter().map(|step| (step.iid, step.parent)).collect();
    let mut chapters: BTreeMap<i64, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        if step.parent == 0 || (known.contains(&step.parent) && reaches_top(step.iid, &parents)) {
            chapters.entry(step.parent).or_default().push(step);
        } else {
            let detail = match known.contains(&step.parent) {
                true => format!("its chapter {} lies in itself", step.parent),
                false => format!("there is no step {} for it to lie in", step.parent),
            };
            found.add(Finding::new(STEP_PARENT).row("c_lp_item", step.iid).because(detail));
        }
    }
    chapters
}

fn reaches_top(step: i64, parents: &HashMap<i64, i64>) -> bool {
    let mut at = step;
    for _ in 0..=parents.len() {
        match parents.get(&at) {
            Some(0) | None => return true,
            Some(parent) => at = *parent,
        }
    }
    false
}

fn prerequisites(steps: &[Step], known: &HashSet<i64>, found: &mut Found) {
    for step in steps {
        let Some(before) = number(&step.prerequisite).filter(|before| *before != 0 && !known.contains(before)) else {
            continue;
        };
        let iid = step.iid;
        let detail = format!("it waits for the step {before}, which does not exist");
        found.add_mendable(Finding::new(PREREQUISITE).row("c_lp_item", iid).because(detail), move |mending| {
            mending.session.execute("UPDATE c_lp_item SET prerequisite = '' WHERE iid = ?", &[iid.into()])?;
            Ok(())
        });
    }
}

/// Whether the steps of one chapter stand linked in their order. The order is what people see; the links
/// follow it.
fn order(steps: &[&Step], found: &mut Found) {
    let mut wrong = Vec::new();
    let mut right = Vec::with_capacity(steps.len());
    let mut last = (0, i64::MIN);
    for (place, step) in steps.iter().enumerate() {
        let next = place.checked_add(1).and_then(|place| steps.get(place));
        let (previous, next_key) = (last.0, next.map_or(0, |next| next.iid));
        let unlinked_end = step.next == 0 && next.is_some_and(|next| next.kind == FINAL);
        if step.previous != previous || !(step.next == next_key || unlinked_end) || step.order <= last.1 {
            wrong.push(step.iid);
        }
        right.push([Value::from(previous), next_key.into(), (place as i64 + 1).into(), step.iid.into()]);
        last = (step.iid, step.order);
    }
    let Some(first) = wrong.first() else { return };
    let all: Vec<String> = wrong.iter().take(10).map(i64::to_string).collect();
    let more = if wrong.len() > all.len() { " …" } else { "" };
    let detail = format!("the steps {}{more} do not follow those before them", all.join(", "));
    found.add_mendable(Finding::new(STEP_ORDER).row("c_lp_item", *first).because(detail), move |mending| {
        let sql = "UPDATE c_lp_item SET previous_item_id = ?, next_item_id = ?, display_order = ? WHERE iid = ?";
        for values in right {
            mending.session.execute(sql, &values)?;
        }
        Ok(())
    });
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}
