//! What we write for the reference course is what Chamilo wrote for it, but for differences that have a reason.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use coursefs::course::tool::TOOLS;
use reference_support::compare::{differences, unshifted, with_one_gradebook};
use reference_support::{CODE, chamilos_backup, course_of, portal, written};

/// Properties that differ from Chamilo's own archive: kind (`*` for all), property, reason. Kinds in the order of
/// their declarations; docs/BACKUP.md has the same table.
const KNOWN: &[(&str, &str, &str)] = &[
    ("*", "coursefs", "what Chamilo's form leaves out, for our own reader"),
    (
        "learnpath_category",
        "object.users",
        "who may see a category is the users' own; the importer does not look at it",
    ),
    ("post", "", "all posts of a thread, not the first only"),
    ("quiz", "", "a deleted test is archived as what it is, for the questions that stand in it"),
    ("quiz", "item_properties", "Chamilo drops those of what a learning path uses"),
    ("survey", "suffle", "Chamilo's importer reads the order of questions from this misspelt property"),
    ("work", "params.enableExpiryDate", DATES),
    ("work", "params.expires_on", DATES),
    ("work", "params.enableEndDate", DATES),
    ("work", "params.ends_on", DATES),
    ("gradebook", "source_id", "random in Chamilo's archives, the same in all of ours"),
];

const DATES: &str = "Chamilo's importer takes the dates from these, its own archives lack them";

#[test]
fn the_reference_course_is_written_as_chamilo_wrote_it() {
    let (_folder, portal) = portal();
    let ours = with_one_gradebook(unshifted(written(&portal, CODE)));
    let theirs = with_one_gradebook(course_of(&chamilos_backup()));
    let mut met = vec![false; KNOWN.len()];
    let mut surprises = Vec::new();
    for difference in differences(&ours, &theirs) {
        let (kind, property) = (difference.kind.as_str(), difference.property());
        if !TOOLS.iter().flat_map(|tool| tool.kinds).any(|known| known.key == kind) {
            continue;
        }
        let place = KNOWN.iter().position(|(of, path, _)| {
            let inside = property.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            ["*", kind].contains(of) && inside
        });
        match place {
            Some(place) => met[place] = true,
            None => surprises.push(difference.to_string()),
        }
    }
    assert!(surprises.is_empty(), "{} differences:\n{}", surprises.len(), surprises.join("\n"));
    for (known, met) in KNOWN.iter().zip(met) {
        assert!(met, "{known:?} does not differ");
    }
}
