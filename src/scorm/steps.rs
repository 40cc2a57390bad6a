//! The steps of a learning path in the order of its table of contents.
//!
//! Chamilo keeps a tree: the parent of each step and an order among siblings (Chamilo 1.11: the links to neighbours are
//! not what its own lists follow). Rows may be broken: a parent that is gone or a circle of parents must lose no step.

use std::collections::{HashMap, HashSet};

use crate::course::item::{Item, Record};

use super::load::STEPS;

/// How deep steps lie in one another; what is deeper comes up to here (XML parsers stop at 256 levels).
const DEEPEST: usize = 32;

/// A step of a path.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// Its key.
    pub iid: i64,
    /// Its row (table `c_lp_item`).
    pub record: &'a Record,
    /// In how many other steps it lies. The next one lies at most one deeper.
    pub depth: usize,
}

impl Step<'_> {
    /// Its type, Chamilo's old word for a chapter translated.
    pub fn kind(&self) -> String {
        let kind = String::from_utf8_lossy(&self.record.bytes("item_type")).into_owned();
        if kind == "dokeos_chapter" { "dir".to_owned() } else { kind }
    }

    /// Whether it is a folder of steps.
    pub fn is_folder(&self) -> bool {
        self.kind() == "dir"
    }
}

/// The steps of `path`, every one once, each after the one it lies in.
pub fn of(path: &Item) -> Vec<Step<'_>> {
    let records = path.record.children_of(&path.kind.table, STEPS);
    let mut rows: Vec<(i64, &Record)> = records.iter().filter_map(|row| Some((row.int("iid")?, row))).collect();
    rows.sort_by_key(|(iid, row)| (row.int("display_order").unwrap_or(0), *iid));
    let known: HashSet<i64> = rows.iter().map(|(iid, _)| *iid).collect();
    let parent = |iid: i64, row: &Record| {
        row.int("parent_item_id").filter(|parent| known.contains(parent) && *parent != iid).unwrap_or(0)
    };
    let mut children: HashMap<i64, Vec<(i64, &Record)>> = HashMap::new();
    for (iid, row) in &rows {
        children.entry(parent(*iid, row)).or_default().push((*iid, row));
    }
    let mut steps = Vec::with_capacity(rows.len());
    let mut seen = HashSet::new();
    let tops = children.remove(&0).unwrap_or_default();
    // Whatever is in a circle of parents comes after all others, from the first of the circle on.
    for (iid, row) in tops.into_iter().chain(rows.iter().copied()) {
        let mut open = vec![(iid, row, 0)];
        while let Some((iid, row, depth)) = open.pop() {
            if !seen.insert(iid) {
                continue;
            }
            steps.push(Step { iid, record: row, depth: usize::min(depth, DEEPEST) });
            let below = children.remove(&iid).unwrap_or_default();
            open.extend(below.into_iter().rev().map(|(iid, row)| (iid, row, depth + 1)));
        }
    }
    steps
}

/// `steps` without the folders that hold nothing, which players can't show.
pub fn without_empty_folders(steps: Vec<Step<'_>>) -> Vec<Step<'_>> {
    let mut kept = Vec::with_capacity(steps.len());
    // From the back: a folder is kept if the next kept step lies in it.
    let mut next_depth = 0;
    for step in steps.into_iter().rev() {
        if !step.is_folder() || next_depth > step.depth {
            next_depth = step.depth;
            kept.push(step);
        }
    }
    kept.reverse();
    kept
}
