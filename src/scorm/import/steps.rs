//! The learning paths that Chamilo's importer makes of a manifest: one for each organization, a step for each item
//! (Chamilo 1.11, scorm and scormItem).

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use crate::course::item::{Item, Record};
use crate::course::tool::Kind;
use crate::portal::database::Value;

use super::super::load::{PATHS, STEPS, kind_of};
use super::manifest::{Launch, Manifest, ManifestItem, Organization};

pub use super::super::original::SCORM;

/// What a path or step without a title is called, as in Chamilo.
const UNTITLED: &str = "Untitled";

/// The highest score of a step that names none.
const MOST_POINTS: f64 = 100.0;

/// Columns of a path that are the same for all packages. Order, folder and dates are set when they are known.
const PATH: &[(&str, &str)] = &[
    ("description", ""),
    ("force_commit", "0"),
    ("default_view_mod", "embedded"),
    ("content_maker", "Scorm"),
    ("content_local", "local"),
    ("content_license", ""),
    ("prevent_reinit", "1"),
    ("js_lib", "scorm_api.php"),
    ("debug", "0"),
    ("theme", ""),
    ("preview_image", ""),
    ("author", ""),
    ("prerequisite", "0"),
    ("hide_toc_frame", "0"),
    ("seriousgame_mode", "0"),
    ("use_max_score", "1"),
    ("autolaunch", "0"),
    ("category_id", "0"),
    ("max_attempts", "0"),
    ("subscribe_users", "0"),
    ("accumulate_scorm_time", "1"),
];

/// The paths of `manifest`. `is_file` tells whether a package has a file, by its path from the manifest on.
pub fn paths(manifest: &Manifest, is_file: &dyn Fn(&str) -> bool) -> Vec<Item> {
    let Some(kind) = kind_of(PATHS) else { return Vec::new() };
    let mut key = 0;
    let numbered = (1..).zip(&manifest.organizations);
    numbered.map(|(number, organization)| path(kind, number, organization, manifest, is_file, &mut key)).collect()
}

fn path(
    kind: &'static Kind,
    number: i64,
    organization: &Organization,
    manifest: &Manifest,
    is_file: &dyn Fn(&str) -> bool,
    key: &mut i64,
) -> Item {
    let mut record = Record::new(&kind.table);
    for (column, value) in PATH {
        let number = value.parse::<i64>().map(Value::Int);
        record.set(column, number.unwrap_or_else(|_| Value::from(*value)));
    }
    record.set("iid", Value::Int(number));
    record.set("lp_type", Value::Int(SCORM));
    record.set("name", Value::from(titled(&organization.title)));
    record.set("ref", Value::from(organization.identifier.as_str()));
    record.set("default_encoding", Value::from(manifest.encoding.as_str()));
    if let Some((place, table)) = kind.table.child(STEPS) {
        let steps = steps(table, &organization.items, is_file, key);
        if let Some(children) = record.children.get_mut(place) {
            *children = steps;
        }
    }
    Item { kind, record, properties: Vec::new(), fields: Vec::new() }
}

fn titled(title: &str) -> &str {
    if title.is_empty() { UNTITLED } else { title }
}

fn steps(
    table: &'static crate::course::tool::Table,
    items: &[ManifestItem],
    is_file: &dyn Fn(&str) -> bool,
    key: &mut i64,
) -> Vec<Record> {
    let first = *key + 1;
    let number = |place: usize| first + i64::try_from(place).unwrap_or(0);
    *key += i64::try_from(items.len()).unwrap_or(0);
    let mut siblings: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for (place, item) in items.iter().enumerate() {
        siblings.entry(item.parent).or_default().push(place);
    }
    let mut order = vec![(0, None, None); items.len()];
    for places in siblings.values() {
        for (position, place) in places.iter().enumerate() {
            if let Some(order) = order.get_mut(*place) {
                let before = position.checked_sub(1).and_then(|before| places.get(before)).copied();
                *order = (position + 1, before, places.get(position + 1).copied());
            }
        }
    }
    let rows = items.iter().enumerate().zip(order);
    rows.map(|((place, item), (position, before, after))| {
        let mut record = Record::new(table);
        let mut set = |column: &str, value: Value| record.set(column, value);
        let neighbour = |place: Option<usize>| Value::Int(place.map_or(0, number));
        let (launch, kind, parameters) = launched(item, is_file);
        set("iid", Value::Int(number(place)));
        set("item_type", Value::from(kind));
        set("ref", Value::from(item.identifier.as_str()));
        set("title", Value::from(titled(&item.title)));
        set("description", Value::from(""));
        set("path", Value::from(launch));
        set("min_score", Value::Int(0));
        set("max_score", Value::Float(item.max_score.unwrap_or(MOST_POINTS)));
        set("mastery_score", item.mastery.map_or(Value::Null, Value::Float));
        set("parent_item_id", neighbour(item.parent));
        set("previous_item_id", neighbour(before));
        set("next_item_id", neighbour(after));
        set("display_order", Value::Int(i64::try_from(position).unwrap_or(0)));
        set("prerequisite", Value::from(prerequisites(&item.prerequisites)));
        set("parameters", Value::from(parameters));
        set("launch_data", Value::from(item.data.as_str()));
        set("max_time_allowed", Value::from(if item.max_time.is_empty() { "00:00:00" } else { &item.max_time }));
        record
    })
    .collect()
}

/// The path of an item's page, its type, and what comes after the address.
fn launched(item: &ManifestItem, is_file: &dyn Fn(&str) -> bool) -> (String, &'static str, String) {
    let Some(Launch { href, base, sco }) = &item.launch else {
        return (String::new(), "dir", item.parameters.clone());
    };
    let end = href.find(['?', '#']).unwrap_or(href.len());
    let (file, query) = href.split_at(end);
    // Chamilo opens the file of exactly this name; manifests write addresses.
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let plain = |text: &str| text.strip_prefix("./").unwrap_or(text).to_owned();
    let whole = format!("{base}{file}");
    let candidates = [file.to_owned(), decoded(file), whole.clone(), decoded(&whole)].map(|path| plain(&path));
    let found = candidates.into_iter().find(|path| is_file(path)).unwrap_or_else(|| file.to_owned());
    // It passes over the query of an address, but not over parameters.
    let parameters = match (query.strip_prefix('?'), item.parameters.strip_prefix(['?', '&'])) {
        (None, _) if query.is_empty() => item.parameters.clone(),
        (Some(query), None) if item.parameters.is_empty() => format!("?{query}"),
        (Some(query), Some(more)) => format!("?{query}&{more}"),
        _ => format!("{query}{}", item.parameters),
    };
    (found, if *sco { "sco" } else { "asset" }, parameters)
}

/// An expression in the form that Chamilo understands: without blanks around operators and quotes around statuses.
fn prerequisites(expression: &str) -> String {
    const OPERATORS: &str = "&|~=<>{},*()";
    let mut result = String::with_capacity(expression.len());
    let mut blank = false;
    for letter in expression.chars().filter(|letter| *letter != '"') {
        if letter.is_whitespace() {
            blank = true;
            continue;
        }
        let inner =
            !OPERATORS.contains(letter) && !result.is_empty() && !result.ends_with(|last| OPERATORS.contains(last));
        if blank && inner {
            result.push(' ');
        }
        blank = false;
        result.push(letter);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prerequisites_have_the_form_that_chamilo_understands() {
        assert_eq!(prerequisites(" A & B "), "A&B");
        assert_eq!(prerequisites("A=\"passed\" & 2*{ B, C }"), "A=passed&2*{B,C}");
        assert_eq!(prerequisites("A <> \"not attempted\""), "A<>not attempted");
    }

    #[test]
    fn pages_are_found_by_the_names_that_manifests_give_them() {
        let files = ["a.html", "my page.html", "b%20c.html", "in/d.html"];
        let found = |href: &str, base: &str, parameters: &str| {
            let launch = Launch { href: href.into(), base: base.into(), sco: true };
            let item = ManifestItem { launch: Some(launch), parameters: parameters.into(), ..ManifestItem::default() };
            let (path, _, parameters) = launched(&item, &|name| files.contains(&name));
            (path, parameters)
        };
        let is = |path: &str, parameters: &str| (path.to_owned(), parameters.to_owned());
        assert_eq!(found("a.html", "", ""), is("a.html", ""));
        assert_eq!(found("./a.html?x=1", "", ""), is("a.html", "?x=1"));
        assert_eq!(found("a.html?x=1", "", "?y=2"), is("a.html", "?x=1&y=2"));
        assert_eq!(found("my%20page.html#end", "", ""), is("my page.html", "#end"));
        assert_eq!(found("b%20c.html", "", "?y"), is("b%20c.html", "?y"));
        assert_eq!(found("d.html", "in/", ""), is("in/d.html", ""));
        assert_eq!(found("gone.html", "", ""), is("gone.html", ""));
    }
}
