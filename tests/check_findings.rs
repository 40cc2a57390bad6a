//! What `coursefs check` finds, and what it leaves alone.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use coursefs::check::{Scope, check};
use coursefs::portal::Portal;
use support::TestPortal;

/// Everything that is found in a portal that is no [`TestPortal`], notes too.
fn found_in(portal: &Portal) -> Vec<String> {
    let mut found = Vec::new();
    let scope = Scope::all(portal).unwrap();
    check(portal, &scope, false, &mut |finding| found.push(finding.to_string())).unwrap();
    found
}

#[test]
fn nothing_is_found_in_a_new_course() {
    let portal = TestPortal::new();
    portal.course("GEO101");
    portal.check_finds_nothing();
}

#[test]
fn nothing_is_found_in_the_sample_portal() {
    let portal = TestPortal::new();
    coursefs::sample::fill(&portal.portal).unwrap();
    assert_eq!(found_in(&portal.portal), Vec::<String>::new());
}

#[test]
fn nothing_is_found_in_a_course_of_a_real_portal() {
    let (_folder, portal) = reference_support::portal();
    assert_eq!(found_in(&portal), Vec::<String>::new());
}

#[test]
fn nothing_is_found_after_a_restore() {
    let portal = TestPortal::new();
    portal.reference_course();
    portal.check_finds_nothing();
}
