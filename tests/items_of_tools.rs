//! Of every tool an item is read and copied, edited with `sed`, removed and made by hand, through a mount: the table in
//! `items_support/samples.rs` says what each has to do to the rows.
#![allow(clippy::unwrap_used)]

mod items_support;
mod reference_support;
mod scorm_support;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use coursefs::course::tool::{Role, TOOLS, Table};
use coursefs::portal::database::Value;
use items_support::samples::{Content, SAMPLES, Sample};
use items_support::{is_comparable, kinds, references_are_set, sample_portal, shell, tools};
use reference_support::equal::Side;
use scorm_support::foreign;
use support::{Mount, TestPortal, names, portals, run};

/// The texts of a row, by column.
type Row = BTreeMap<String, Option<String>>;

/// All rows of a portal by table and primary key.
type Rows = BTreeMap<(String, i64), Row>;

fn rows(portal: &TestPortal) -> Rows {
    let mut found = Rows::new();
    for table in portals::tables(&portal.portal) {
        for row in portal.rows(&format!("SELECT * FROM `{table}`"), &[]) {
            if let Some(key) = row.int("iid").or_else(|| row.int("id")) {
                let text = |value: &Value| value.to_text().map(|text| String::from_utf8_lossy(&text).into_owned());
                let texts = row.iter().map(|(column, value)| (column.to_owned(), text(value)));
                found.insert((table.clone(), key), texts.collect());
            }
        }
    }
    found
}

/// The rows of `some` that `others` lacks.
fn without(some: &Rows, others: &Rows) -> Rows {
    some.iter().filter(|(key, _)| !others.contains_key(key)).map(|(key, row)| (key.clone(), row.clone())).collect()
}

/// How many rows there are of each table.
fn counts(rows: &Rows) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for (table, _) in rows.keys() {
        *counts.entry(table.as_str()).or_default() += 1;
    }
    counts
}

fn table(name: &str) -> Option<&'static Table> {
    let of = |table: &'static Table| if table.name == name { Some(table) } else { table.child(name).map(|(_, it)| it) };
    TOOLS.iter().flat_map(|tool| tool.kinds).find_map(|kind| of(&kind.table))
}

/// What rows say besides keys, references and the codes of their courses, sorted.
fn told(rows: &Rows, codes: [&str; 2]) -> Vec<String> {
    let mut told: Vec<String> = rows
        .iter()
        .map(|((name, _), row)| {
            let says = |column: &str| match table(name) {
                // Names of files on the disk are made anew.
                Some(table) if table.files.is_some_and(|files| files.column == column) => false,
                Some(table) => matches!(table.role(column), Role::Data | Role::Html | Role::User),
                None => !["iid", "id", "ref"].contains(&column),
            };
            let says = |column: &str| says(column) && !["c_id", "course_code"].contains(&column);
            let columns = row.iter().filter(|(column, _)| says(column));
            let columns = columns.map(|(column, text)| format!("{column}={text:?}"));
            format!(
                "{name}: {}",
                columns.collect::<Vec<_>>().join(" ").replace(codes[0], "{C}").replace(codes[1], "{C}")
            )
        })
        .collect();
    told.sort();
    told
}

impl Sample {
    fn tool(&self) -> &'static str {
        self.file.split('/').next().unwrap()
    }

    /// What is copied and removed: the file, or the folder that it is the page of, with attachments.
    fn copied(&self, course: &Path) -> Vec<PathBuf> {
        let file = course.join(self.file);
        if file.ends_with("index.html") {
            return vec![file.parent().unwrap().to_owned()];
        }
        let attachments = file.with_file_name(format!("{}_files", file.file_stem().unwrap().to_str().unwrap()));
        let there = attachments.exists();
        [file].into_iter().chain(there.then_some(attachments)).collect()
    }
}

/// The sample portal. Its courses have no activities of xAPI; `GEO101` gets one.
fn portal_and_mount() -> (TestPortal, Mount) {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    fs::create_dir(mount.join("GEO101/Xapi")).unwrap();
    let activity = r#"{"description": "<p>An activity</p>", "launch_url": "https://example.org/a",
        "steps": [{"identifier": "https://example.org/a/1", "type": "au", "title": "Step"}]}"#;
    fs::write(mount.join("GEO101/Xapi/Simulation.json"), activity).unwrap();
    (portal, mount)
}

/// Expects that rows and files fit together, but for steps of learning paths that showed what was removed.
fn expect_only_lost_steps(portal: &TestPortal) {
    let faults: Vec<String> = portal.faults().into_iter().filter(|fault| !fault.contains("step-target")).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_tool_stands_in_the_table_of_samples() {
    let portal = sample_portal();
    let mount = Mount::of(&portal);
    let mut there: Vec<&str> = SAMPLES.iter().map(Sample::tool).collect();
    there.dedup();
    let mut wanted = tools();
    wanted.push("Learnpath");
    wanted.sort_unstable();
    there.sort_unstable();
    assert_eq!(there, wanted);
    for folder in names(&mount.join("GEO101")).iter().filter(|name| mount.join("GEO101").join(name).is_dir()) {
        // Documents are files themselves: tests/documents_*.rs.
        assert!(there.contains(&folder.as_str()) || folder == "Document", "{folder}");
    }
}

/// Files that refer to what the other course does not have.
const ELSEWHERE: [&str; 3] = [
    "Gradebook/GEO101.json",
    "Test/Premier réveil.json",
    "Test/Questions/Quel est le plus haut volcan de la chaîne des Puys ?.json",
];

/// Attachments of posts have property rows that tell nothing which Chamilo shows; no backup keeps them.
const KEPT_NOWHERE: &str = "forum_attachment";

#[test]
fn an_item_of_every_tool_is_copied_to_another_course_with_its_rows() {
    let (portal, mount) = portal_and_mount();
    for (number, sample) in SAMPLES.iter().enumerate() {
        let code = format!("COPY{number}");
        portal.course(&code);
        let from = sample.copied(&mount.join("GEO101"));
        assert!(!fs::read(mount.join("GEO101").join(sample.file)).unwrap().is_empty(), "{}", sample.file);
        let to = mount.join(&code).join(from[0].strip_prefix(mount.join("GEO101")).unwrap().parent().unwrap());
        run("mkdir", &[&"-p", &to]);
        let before = rows(&portal);
        for path in &from {
            run("cp", &[&"-r", path, &to]);
        }
        let mut made = without(&rows(&portal), &before);
        if is_comparable(sample.tool()) && !ELSEWHERE.contains(&sample.file) {
            let bytes = |code: &str| fs::read_to_string(mount.join(code).join(sample.file)).unwrap();
            assert_eq!(bytes(&code), bytes("GEO101"), "{}", sample.file);
        }
        // The same that are there.
        let again = rows(&portal);
        for path in &from {
            run("cp", &[&"-r", path, &to]);
        }
        assert!(rows(&portal) == again, "{}: the second copy changes something", sample.file);
        run("rm", &[&"-r", &from[0]]);
        let mut source = without(&again, &rows(&portal));
        source.retain(|_, row| row.get("tool") != Some(&Some(KEPT_NOWHERE.into())));
        if sample.tool() == "Learnpath" {
            // A package brings along what its steps show, and tells nothing of users.
            let own = |(table, _): &(String, i64), _: &mut Row| table.starts_with("c_lp") && table != "c_lp_category";
            made.retain(own);
            source.retain(own);
        }
        assert_eq!(told(&made, [&code, "GEO101"]), told(&source, [&code, "GEO101"]), "{}", sample.file);
        // Back again: other samples refer to it.
        for path in sample.copied(&mount.join(&code)) {
            run("cp", &[&"-r", &path, &from[0].parent().unwrap()]);
        }
    }
    expect_only_lost_steps(&portal);
}

#[test]
fn an_item_of_every_tool_is_edited_with_sed_and_the_database_has_it() {
    let (portal, mount) = portal_and_mount();
    for sample in SAMPLES {
        let Ok((expression, table, column, words)) = sample.edit else { continue };
        let file = mount.join("GEO101").join(sample.file);
        let before = rows(&portal);
        shell("sed -i \"$1\" \"$2\"", &[&expression, &file]).done();
        let after = rows(&portal);
        let place = format!("{}: {}", sample.file, mount.log());
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "{place}");
        let changed: Vec<&(String, i64)> =
            after.iter().filter(|(key, row)| before[key] != **row).map(|(key, _)| key).collect();
        let edited: Vec<_> = changed.iter().filter(|(name, _)| name == table).collect();
        assert_eq!(edited.len(), 1, "{place} {changed:?}");
        let (new, old) = (after[*edited[0]][column].clone(), before[*edited[0]][column].clone());
        assert!(new.as_ref().unwrap().contains(words), "{place} {new:?}");
        assert!(!old.unwrap_or_default().contains(words), "{place}");
        // Nothing else but the property row, which tells that it was edited.
        let others: Vec<_> = changed.iter().filter(|(name, _)| name != table && name != "c_item_property").collect();
        assert!(others.is_empty(), "{place} {others:?}");
        let properties: Vec<&Row> =
            changed.iter().filter(|(name, _)| name == "c_item_property").map(|key| &after[*key]).collect();
        for row in properties {
            assert!(row["lastedit_type"].as_ref().unwrap().ends_with("Updated"), "{place} {row:?}");
        }
    }
    portal.check_finds_nothing();
}

#[test]
fn of_every_tool_one_item_is_removed_with_its_rows_and_then_all() {
    let (portal, mount) = portal_and_mount();
    for sample in SAMPLES {
        let before = rows(&portal);
        let place = sample.copied(&mount.join("GEO101"));
        run("rm", &[&"-r", &place[0]]);
        let after = rows(&portal);
        assert_eq!(counts(&without(&before, &after)), sample.rows.iter().copied().collect(), "{}", sample.file);
        assert!(without(&after, &before).is_empty(), "{}", sample.file);
        assert!(place.iter().all(|path| !path.exists()), "{}", sample.file);
    }
    for tool in tools().into_iter().chain(["Learnpath"]) {
        let folder = mount.join("GEO101").join(tool);
        if folder.exists() {
            shell("rm -rf \"$1\"/*", &[&folder]).done();
            assert_eq!(names(&folder), Vec::<String>::new(), "{tool}");
        }
        let side = Side::new(&portal.portal, "GEO101");
        for kind in kinds(tool) {
            assert_eq!(side.count(kind), 0, "{tool}: {kind}");
        }
    }
    portal.check_finds_nothing();
}

#[test]
fn a_minimal_file_made_by_hand_becomes_an_item_of_every_tool() {
    let portal = sample_portal();
    portal.course("HAND");
    let mount = Mount::of(&portal);
    let course = mount.join("HAND");
    for sample in SAMPLES {
        let Ok((path, content, wanted)) = sample.hand else { continue };
        let path = course.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = rows(&portal);
        match content {
            Content::Text(text) => fs::write(&path, text).unwrap(),
            Content::Package => {
                run("cp", &[&foreign(&portal, "Rivers", b"<p>Rivers</p>"), &path]);
            }
        }
        let made = without(&rows(&portal), &before);
        let mut left: Vec<(&str, &Row)> = made.iter().map(|((table, _), row)| (table.as_str(), row)).collect();
        for (table, columns) in wanted {
            let fits = |row: &Row| columns.iter().all(|(column, wanted)| row[*column].as_deref() == Some(*wanted));
            let found = left.iter().position(|(name, row)| name == table && fits(row));
            let found = found.unwrap_or_else(|| panic!("{}: no {table} {columns:?} in {left:#?}", path.display()));
            left.remove(found);
        }
        assert!(left.is_empty(), "{}: {left:#?}", path.display());
        assert!(path.exists(), "{}", path.display());
    }
    references_are_set(&portal);
    portal.check_finds_nothing();
}
