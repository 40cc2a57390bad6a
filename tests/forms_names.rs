//! Names of files from titles of items.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use coursefs::forms::names::{Wanted, assign, stem};
use proptest::prelude::*;

fn wanted(stem: &str, origin: &str, key: i64) -> Wanted {
    Wanted { stem: stem.into(), extension: ".html".into(), origin: origin.into(), key }
}

#[test]
fn titles_lose_what_no_name_can_hold() {
    let names = [
        ("Welcome", "Welcome"),
        ("a/b\\c", "a-b\\c"),
        ("  two \t words\r\n ", "two words"),
        ("<p>What is <b>lava</b>?</p>", "What is lava?"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("Fish &amp; chips", "Fish & chips"),
        ("..hidden", "hidden"),
        ("", "Untitled"),
        ("...", "Untitled"),
        ("<p></p>", "Untitled"),
        ("a\0b", "a b"),
    ];
    for (title, name) in names {
        assert_eq!(stem(title.as_bytes()), name);
    }
    assert_eq!(stem(b"caf\xE9"), "caf\u{FFFD}");
}

#[test]
fn the_oldest_of_a_title_has_the_plain_name_and_every_one_a_marked_one() {
    let three = [wanted("A", "2021", 1), wanted("A", "2020", 2), wanted("B", "2020", 3)];
    let names = assign(&three, &[]);
    assert_eq!(names[1].listed, "A.html");
    assert_eq!(names[2].listed, "B.html");
    assert_eq!(names[0].listed, names[0].marked);
    // When the older one is gone, the other is still found under the name that was listed.
    let [first, ..] = three;
    let left = assign(&[first], &[]);
    assert_eq!((left[0].listed.as_str(), &left[0].marked), ("A.html", &names[0].marked));
}

#[test]
fn names_that_were_listed_lead_to_the_same_items_while_one_after_the_other_goes() {
    let origins = ["1", "2", "2", "2", "3"];
    let all = || origins.iter().zip(1..).map(|(origin, key)| wanted("A", origin, key));
    let listed: Vec<String> = assign(&all().collect::<Vec<_>>(), &[]).into_iter().map(|named| named.listed).collect();
    for gone in 0..listed.len() {
        let left: Vec<Wanted> = all().skip(gone).collect();
        let names = assign(&left, &[]);
        // The plain name is the only one that may pass on: it was removed first.
        for (name, key) in listed.iter().skip(gone).zip(left.iter().map(|wanted| wanted.key)) {
            let found = names.iter().zip(&left).filter(|(named, _)| named.keyed == *name || named.marked == *name);
            let found: Vec<i64> = found.map(|(_, wanted)| wanted.key).collect();
            assert!(found.contains(&key) || name == "A.html", "{name}: {found:?}");
        }
    }
}

#[test]
fn titles_that_differ_in_capital_letters_alone_have_names_for_every_disk() {
    let both = || [wanted("Été", "x", 1), wanted("été", "x", 2)];
    let names = assign(&both(), &["INDEX.html"]);
    let small: HashSet<String> = names.iter().map(|named| named.listed.to_lowercase()).collect();
    assert_eq!(small.len(), 2);
    assert_eq!(names[0].listed, "Été.html");
    // The same in a course where the other one came first.
    let [one, other] = both();
    let turned = assign(&[Wanted { key: 1, ..other }, Wanted { key: 2, ..one }], &["INDEX.html"]);
    assert_eq!([&turned[1].listed, &turned[0].listed], [&names[0].listed, &names[1].listed]);
    assert_ne!(assign(&[wanted("Index", "x", 1)], &["index.html"])[0].listed, "Index.html");
}

#[test]
fn items_made_at_the_same_time_have_names_of_their_own() {
    let names = assign(&[wanted("A", "x", 1), wanted("A", "x", 2), wanted("A", "x", 3)], &["A.html"]);
    let all: HashSet<&String> = names.iter().map(|named| &named.listed).collect();
    assert_eq!(all.len(), 3);
    assert!(!all.contains(&"A.html".to_owned()));
}

proptest! {
    #[test]
    fn every_title_gives_a_safe_name(title: Vec<u8>) {
        let name = stem(&title);
        prop_assert!(!name.is_empty() && name.len() <= 190 && !name.starts_with('.'));
        prop_assert!(!name.contains('/') && !name.chars().any(char::is_control));
        prop_assert_eq!(stem(name.as_bytes()).is_empty(), false);
    }

    #[test]
    fn names_are_unique_and_do_not_depend_on_the_order(
        items in proptest::collection::vec(("[ab~0]{0,2}", "[xy]{0,1}"), 0..12), turn in 0usize..12,
    ) {
        let all: Vec<Wanted> = items.iter().zip(1..).map(|((stem, origin), key)| wanted(stem, origin, key)).collect();
        let names = assign(&all, &["index.html"]);
        let mut seen = HashSet::new();
        for named in &names {
            prop_assert!(seen.insert(named.listed.clone()));
            prop_assert!(named.listed == named.marked || seen.insert(named.marked.clone()));
        }
        let mut turned: Vec<Wanted> =
            items.iter().zip(1..).map(|((stem, origin), key)| wanted(stem, origin, key)).collect();
        let by = turn % turned.len().max(1);
        turned.rotate_left(by);
        let mut again = assign(&turned, &["index.html"]);
        again.rotate_right(by);
        prop_assert_eq!(names, again);
    }
}
