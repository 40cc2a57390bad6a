//! A course that was restored from our archive is the same course, and its archive the same archive; a second restore
//! of either adds nothing.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::path::Path;

use coursefs::backup::restore::{Options, Report, restore};
use coursefs::portal::Portal;
use coursefs::sample;
use reference_support::equal::{Side, archive_differences, differences};
use reference_support::generated::{self, GENERATED, GONE};
use reference_support::rows::{RARE, execute};
use reference_support::{CODE, backup, chamilos_backup, portal};
use support::portals;

/// Code and folder of restored courses: as long as those of the others, so that lengths of pages stay the same.
const COPY: &str = "COP000";

fn restored(portal: &Portal, code: &str, archive: &Path) -> Report {
    restore(portal, code, archive, Options { create: true, ..Options::default() }, &mut |_, _| {}).unwrap()
}

/// What a report says was added, left out or not understood.
fn news(report: &Report) -> Vec<String> {
    let mut news = report.not_understood.clone();
    for (kind, outcome) in report.items.iter().chain([&("document", report.documents.clone())]) {
        if outcome.added > 0 || !outcome.conflicts.is_empty() || !outcome.missing.is_empty() {
            news.push(format!("{kind}: {outcome:?}"));
        }
    }
    news
}

/// Restores the archive of the course `code` into a new course and expects the same course, of `least` items or more.
fn comes_back_equal(portal: &Portal, code: &str, least: usize) {
    let aside = tempfile::tempdir().unwrap();
    let archive = backup(portal, code, aside.path());
    let report = restored(portal, COPY, &archive);
    assert!(report.created && report.not_understood.is_empty(), "{report:?}");
    let sides = [Side::new(portal, code), Side::new(portal, COPY)];
    assert!(sides[0].items() >= least, "{code} has {} items", sides[0].items());
    let shown: Vec<String> = differences(&sides[0], &sides[1]).into_iter().map(|lost| lost.shown).collect();
    assert!(shown.is_empty(), "{code}: {} differences\n{}", shown.len(), shown.join("\n"));

    let again = backup(portal, COPY, aside.path());
    let found = archive_differences([&sides[0], &sides[1]], [&archive, &again]);
    assert!(found.is_empty(), "{code}: {} differences of archives\n{}", found.len(), found.join("\n"));

    for (course, archive) in [(COPY, &archive), (COPY, &again), (code, &archive), (code, &again)] {
        let news = news(&restored(portal, course, archive));
        assert!(news.is_empty(), "{} restored into {course}:\n{}", archive.display(), news.join("\n"));
    }
}

#[test]
fn the_sample_courses_come_back_equal() {
    for place in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let portal = portals::init(folder.path());
        let courses = sample::fill(&portal).unwrap();
        comes_back_equal(&portal, std::str::from_utf8(&courses[place].code).unwrap(), 20);
    }
}

#[test]
fn the_reference_course_comes_back_equal() {
    let (_folder, portal) = portal();
    comes_back_equal(&portal, CODE, 40);
}

#[test]
fn the_reference_course_with_rare_rows_comes_back_equal() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    comes_back_equal(&portal, CODE, 40);
}

#[test]
fn a_course_made_of_chamilos_own_archive_comes_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    restored(&portal, CODE, &chamilos_backup());
    let report = restored(&portal, CODE, &chamilos_backup());
    let news: Vec<String> = news(&Report { not_understood: Vec::new(), ..report });
    assert!(news.is_empty(), "{news:?}");
    comes_back_equal(&portal, CODE, 40);
}

#[test]
fn a_course_with_something_in_every_column_comes_back_equal() {
    let (_folder, portal) = generated::portal(0);
    comes_back_equal(&portal, GENERATED, 80);
}

#[test]
fn references_to_what_is_gone_come_back_empty_and_a_second_restore_adds_nothing() {
    let (folder, portal) = generated::portal(GONE);
    let archive = backup(&portal, GENERATED, folder.path());
    let report = restored(&portal, COPY, &archive);
    assert!(report.lost_references > 0, "{report:?}");
    let sides = [Side::new(&portal, GENERATED), Side::new(&portal, COPY)];
    let shown = differences(&sides[0], &sides[1]).into_iter().map(|lost| lost.shown);
    // A version of a wiki page whose first version is gone begins its page.
    let shown: Vec<String> = shown.filter(|shown| !shown.contains("c_wiki.page_id: None became")).collect();
    assert!(shown.is_empty(), "{} differences\n{}", shown.len(), shown.join("\n"));
    for course in [COPY, GENERATED] {
        let news = news(&restored(&portal, course, &archive));
        assert!(news.is_empty(), "{course}:\n{}", news.join("\n"));
    }
}
