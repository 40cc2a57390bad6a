//! Gradebooks: what a course has at the top is one category, whatever comes into it.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::path::Path;

use coursefs::backup::resource;
use coursefs::backup::restore::{Options, Report, restore};
use coursefs::course::Course;
use coursefs::course::empty;
use coursefs::course::import::Conflict;
use coursefs::course::item::Item;
use coursefs::course::tool::{Kind, TOOLS};
use coursefs::php::{Key, Value};
use coursefs::portal::Portal;
use coursefs::portal::database::DatabaseExt;
use reference_support::rows::{RARE, execute, load};
use reference_support::{CODE, backup, chamilos_backup, course_of, portal, resources, written};

const COPY: &str = "COP000";

/// What Chamilo makes when a teacher opens the gradebook for the first time, with a mark of the teacher's.
const OPENED: &[&str] = &[
    "INSERT INTO gradebook_category (id, name, user_id, course_code, parent_id, weight, visible, locked,
        generate_certificates) VALUES (90, 'COP000', 3, 'COP000', 0, 100, 0, 0, 0)",
    "INSERT INTO gradebook_evaluation (id, name, user_id, course_code, category_id, created_at, weight, max, visible,
        type, locked) VALUES (91, 'Debate', 3, 'COP000', 90, '2024-03-01 09:00:00', 10, 20, 1, 'evaluation', 0)",
];

fn kind() -> &'static Kind {
    TOOLS.iter().flat_map(|tool| tool.kinds).find(|kind| kind.key == "gradebook").unwrap()
}

fn restored(portal: &Portal, archive: &Path, conflict: Conflict) -> Report {
    let options = Options { create: true, conflict, ..Options::default() };
    restore(portal, COPY, archive, options, &mut |_, _| {}).unwrap()
}

/// The names of the categories of a course with the names of their evaluations, and the types of their links.
fn shown(items: &[Item]) -> Vec<(String, Vec<String>, Vec<i64>)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let shown = items.iter().map(|item| {
        let [evaluations, links] = &item.record.children[..2] else { panic!("no evaluations and links") };
        let names = evaluations.iter().map(|row| text(row.bytes("name"))).collect();
        (text(item.record.bytes("name")), names, links.iter().map(|row| row.int("type").unwrap()).collect())
    });
    shown.collect()
}

fn category(name: &str, evaluations: &[&str], links: &[i64]) -> (String, Vec<String>, Vec<i64>) {
    (name.to_owned(), evaluations.iter().map(|&name| name.to_owned()).collect(), links.to_vec())
}

#[test]
fn what_a_gradebook_at_the_top_lacks_is_added_to_it_once() {
    let (folder, portal) = portal();
    for archive in [backup(&portal, CODE, folder.path()), chamilos_backup()] {
        execute(&portal, &["DELETE FROM gradebook_category WHERE course_code = 'COP000'"]);
        execute(&portal, &["DELETE FROM gradebook_evaluation WHERE course_code = 'COP000'"]);
        execute(&portal, OPENED);
        for _ in 0..2 {
            restored(&portal, &archive, Conflict::Skip);
            let expected = [
                category("COP000", &["Debate", "Oral exam"], &[1, 3]),
                category("Sub é", &["Participation"], &[4, 7, 8]),
            ];
            let copy = load(&portal, COPY);
            assert_eq!(shown(copy.of("gradebook")), expected);
            assert_eq!(copy.of("gradebook")[1].record.int("parent_id"), Some(90));
        }
    }
}

#[test]
fn a_gradebook_takes_the_place_of_another_if_that_is_to_be_overwritten() {
    let (folder, portal) = portal();
    execute(&portal, OPENED);
    restored(&portal, &backup(&portal, CODE, folder.path()), Conflict::Overwrite);
    let expected = [category("REF000", &["Oral exam"], &[1, 3]), category("Sub é", &["Participation"], &[4, 7, 8])];
    assert_eq!(shown(load(&portal, COPY).of("gradebook")), expected);
}

#[test]
fn what_users_got_goes_with_the_gradebook_and_not_into_archives() {
    let (folder, portal) = portal();
    execute(
        &portal,
        &[
            "INSERT INTO gradebook_result (id, user_id, evaluation_id, created_at, score)
                VALUES (1, 5, 8, '2024-03-01 09:00:00', 12)",
            "INSERT INTO gradebook_certificate (id, cat_id, user_id, score_certificate, created_at)
                VALUES (1, 8, 5, 80, '2024-03-01 09:00:00')",
        ],
    );
    restored(&portal, &backup(&portal, CODE, folder.path()), Conflict::Skip);
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        portal.database().read(|session| session.int(&sql, &[])).unwrap()
    };
    assert_eq!((count("gradebook_result"), count("gradebook_certificate")), (Some(1), Some(1)));
    let items = load(&portal, CODE);
    let deleted = portal.database().write(|session| {
        let course = Course::by_code(session, CODE.as_bytes())?.unwrap();
        items.of("gradebook").iter().try_for_each(|item| empty::delete(session, kind(), &course, &item.record))
    });
    deleted.unwrap();
    assert_eq!((count("gradebook_result"), count("gradebook_certificate")), (Some(0), Some(0)));
    assert_eq!(load(&portal, COPY).of("gradebook").len(), 2);
}

#[test]
fn a_link_that_would_stop_chamilos_importer_is_in_our_own_rows_only() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    let gradebook = resources(&written(&portal, CODE), "gradebook");
    assert_eq!(shown(&resource::read(kind(), &gradebook).items)[1].2, [4, 7, 8, 10]);
    let chamilos = without_our_rows(gradebook);
    assert_eq!(shown(&resource::read(kind(), &chamilos).items)[1].2, [4, 7, 8]);
}

/// The gradebook as Chamilo reads it.
fn without_our_rows(gradebook: Value<'static>) -> Value<'static> {
    let Value::Array(mut entries) = gradebook else { panic!("no array") };
    for (_, resource) in &mut entries {
        let Value::Object(object) = resource else { panic!("no object") };
        object.properties.retain(|(name, _)| *name != Key::from("coursefs"));
    }
    Value::Array(entries)
}

#[test]
fn a_link_of_an_unknown_class_is_kept_by_its_type() {
    let public = |name: &str, value: Value<'static>| (Key::from(name.to_owned()), value);
    let link = Value::object(&b"PortfolioLink"[..], vec![public("type", 10.into()), public("ref_id", "3".into())]);
    let mut gradebook = resources(&course_of(&chamilos_backup()), "gradebook");
    {
        let Value::Array(entries) = &mut gradebook else { panic!("no array") };
        let Value::Object(object) = &mut entries[0].1 else { panic!("no object") };
        let categories = object.properties.iter_mut().find(|(name, _)| *name == Key::from("categories"));
        let Value::Array(categories) = &mut categories.unwrap().1 else { panic!("no array") };
        let Value::Object(category) = &mut categories[0].1 else { panic!("no object") };
        let links = category.properties.iter_mut().find(|(name, _)| *name == Key::from("links"));
        let Value::Array(links) = &mut links.unwrap().1 else { panic!("no array") };
        links.push((Key::Int(2), link));
    }
    let read = resource::read(kind(), &gradebook);
    assert_eq!(shown(&read.items)[0].2, [1, 3, 10]);
}
