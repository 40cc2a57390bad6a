//! A course copied file by file into another is the same course, in any order of the files.
#![allow(clippy::unwrap_used)]

mod forms_support;
mod reference_support;
mod support;

use coursefs::check::finding::NULL_SESSION;
use coursefs::check::{Scope, check};
use coursefs::forms::store::Outcome;
use coursefs::forms::{Place, Tree, What};
use coursefs::sample;
use forms_support::{copy, files, new_course, shown, tree};
use reference_support::rows::{RARE, execute};
use reference_support::{CODE, portal};

/// Documents and learning paths of one course in another, so that references to them lead somewhere.
fn with_documents(portal: &coursefs::portal::Portal, from: i64, to: i64) {
    let sql = format!(
        "INSERT INTO c_document (id, c_id, path, comment, title, filetype, size, readonly, session_id)
             SELECT 100000 + iid, {to}, path, comment, title, filetype, size, readonly, session_id
             FROM c_document WHERE c_id = {from}"
    );
    let properties = format!(
        "INSERT INTO c_item_property (c_id, tool, insert_user_id, insert_date, lastedit_date, ref, lastedit_type,
             lastedit_user_id, visibility)
             SELECT {to}, 'document', 1, '2024-01-01 00:00:00', '2024-01-01 00:00:00', id, 'DocumentAdded', 1, 1
             FROM c_document WHERE c_id = {to} AND id > 100000"
    );
    let names: Vec<String> = [
        "lp_type",
        "name",
        "ref",
        "description",
        "path",
        "force_commit",
        "default_view_mod",
        "default_encoding",
        "display_order",
        "content_maker",
        "content_local",
        "content_license",
        "prevent_reinit",
        "js_lib",
        "debug",
        "theme",
        "preview_image",
        "author",
        "prerequisite",
        "hide_toc_frame",
        "seriousgame_mode",
        "use_max_score",
        "autolaunch",
        "category_id",
        "max_attempts",
        "subscribe_users",
        "session_id",
        "created_on",
        "modified_on",
    ]
    .map(str::to_owned)
    .into();
    let names = names.join(", ");
    let paths = format!(
        "INSERT INTO c_lp (c_id, id, {names}) SELECT {to}, 100000 + iid, {names} FROM c_lp WHERE c_id = {from}"
    );
    execute(portal, &[&sql, &properties, &paths]);
}

fn equal(portal: &coursefs::portal::Portal, from: &str, to: &str) {
    let (there, copied) = (files(&tree(portal, from)), files(&tree(portal, to)));
    assert_eq!(there.keys().collect::<Vec<_>>(), copied.keys().collect::<Vec<_>>());
    for (path, bytes) in &there {
        assert_eq!(shown(bytes), shown(&copied[path]), "{path}");
    }
}

#[test]
fn a_course_copied_file_by_file_is_the_same_course() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    let course = new_course(&portal, "COPY");
    with_documents(&portal, 4, course.id);
    let outcomes = copy(&portal, CODE, "COPY", &|_, _| {});
    assert!(outcomes.len() > 3, "{outcomes:?}");
    equal(&portal, CODE, "COPY");
    // Once more changes nothing.
    let again = copy(&portal, CODE, "COPY", &|_, _| {});
    assert!(again.iter().all(|(_, outcome)| *outcome == Outcome::Equal), "{again:?}");
    equal(&portal, CODE, "COPY");
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    let course = new_course(&portal, "COPY");
    with_documents(&portal, 4, course.id);
    // Attachments come after their items.
    let backwards = |places: &mut Vec<Place>, tree: &Tree| {
        places.reverse();
        places.sort_by_key(|place| tree.entry(*place).unwrap().what == What::Attachment);
    };
    copy(&portal, CODE, "COPY", &backwards);
    equal(&portal, CODE, "COPY");
}

#[test]
fn the_sample_courses_are_copied_too() {
    let folder = tempfile::tempdir().unwrap();
    let portal = support::portals::init(folder.path());
    for course in sample::fill(&portal).unwrap() {
        let code = shown(&course.code);
        let copied = new_course(&portal, &format!("{code}B"));
        with_documents(&portal, course.id, copied.id);
        copy(&portal, &code, &format!("{code}B"), &|_, _| {});
        equal(&portal, &code, &format!("{code}B"));
    }
}

#[test]
fn what_files_make_belongs_to_no_session_as_chamilo_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let portal = support::portals::init(folder.path());
    let course = sample::fill(&portal).unwrap().remove(0);
    let copied = new_course(&portal, "COPY");
    with_documents(&portal, course.id, copied.id);
    copy(&portal, &shown(&course.code), "COPY", &|_, _| {});
    let mut found = Vec::new();
    check(&portal, &Scope::courses(vec![copied]), false, &mut |finding| found.push(finding)).unwrap();
    let unset: Vec<String> =
        found.iter().filter(|finding| finding.kind == NULL_SESSION).map(ToString::to_string).collect();
    assert!(unset.is_empty(), "{unset:#?}");
}
