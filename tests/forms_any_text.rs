//! Any text survives the way into a file and back, in every field of every tool.
#![allow(clippy::unwrap_used)]

mod forms_support;
mod reference_support;
mod support;

use coursefs::course::item::{Items, Record};
use coursefs::course::tool::{Role, Table};
use coursefs::forms::{Tree, Users, What, read, write};
use coursefs::portal::Portal;
use coursefs::portal::database::Value;
use coursefs::portal::schema;
use forms_support::{stamp, tree, walk};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reference_support::rows::{RARE, execute};
use reference_support::{CODE, portal};

/// Whether a column holds text that people write.
fn is_text(table: &Table, column: &str) -> bool {
    let known = schema::columns(table.name).iter().find(|known| known.name == column);
    let file = table.files.is_some_and(|files| files.column == column);
    // What decides over others has to stay what it is: types, the names of tools and of documents.
    let deciding = matches!((table.name, column), (_, "filetype" | "cal_type") | ("c_tool_intro", "id"));
    known.is_some_and(|known| !known.is_number() && !known.is_date())
        && matches!(table.role(column), Role::Data | Role::Html)
        && !file
        && !deciding
}

/// Puts `text` into every text of the first row of every table.
fn fill_first(items: &mut Items, text: &[u8]) {
    let mut seen = std::collections::HashSet::new();
    items.change(&mut |table: &Table, record: &mut Record| {
        for column in schema::columns(table.name).iter().filter(|column| is_text(table, column.name)) {
            if seen.insert((table.name, column.name)) {
                record.set(column.name, Value::from(text.to_vec()));
            }
        }
    });
}

/// Puts `text` into every text of every record.
fn fill(items: &mut Items, text: &[u8]) {
    items.change(&mut |table: &Table, record: &mut Record| {
        let columns: Vec<String> = schema::columns(table.name).iter().map(|column| column.name.to_owned()).collect();
        for column in columns.iter().filter(|column| is_text(table, column)) {
            record.set(column, Value::from(text.to_vec()));
        }
    });
}

/// Texts that did not come back, by file and column.
fn lost(items: Items, text: &[u8]) -> Vec<String> {
    fn compare(table: &'static Table, there: &Record, read: &Record, place: &str, lost: &mut Vec<String>) {
        for (column, value) in there.iter().filter(|(column, _)| is_text(table, column)) {
            if value.to_text() != read.get(column).to_text() {
                lost.push(format!("{place}: {}.{column}: {:?}", table.name, read.get(column)));
            }
        }
        for ((child, there), read) in table.children.iter().zip(&there.children).zip(&read.children) {
            if child.users_own {
                continue;
            }
            assert_eq!(there.len(), read.len(), "{place} {}", child.name);
            there.iter().zip(read).for_each(|(there, read)| compare(child, there, read, place, lost));
        }
    }
    let tree = Tree::new(items, Users::default());
    let mut lost = Vec::new();
    let mut files = 0;
    for place in walk(&tree) {
        let entry = tree.entry(place).unwrap();
        if entry.what != What::File {
            continue;
        }
        files += 1;
        let shown = format!("{place:?} with {:?}", String::from_utf8_lossy(text.get(..60).unwrap_or(text)));
        let bytes = write(&tree, place).unwrap();
        let drafts = read(&tree, entry.parent.unwrap(), &entry.name, &bytes, &stamp());
        let drafts = drafts.unwrap_or_else(|error| panic!("{shown}: {error}"));
        let there = tree.items_of(place);
        assert_eq!(there.len(), drafts[0].items.len(), "{shown}");
        for (there, read) in there.iter().zip(&drafts[0].items) {
            compare(&there.kind.table, &there.record, &read.record, &shown, &mut lost);
        }
    }
    assert!(files > 20, "{files}");
    lost
}

/// Loads the items of a course that has everything.
fn items(portal: &Portal) -> Items {
    tree(portal, CODE).items().clone()
}

#[test]
fn texts_with_all_that_is_awkward_come_back() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    let items = items(&portal);
    let directory = String::from_utf8(items.course.bytes("directory")).unwrap();
    let texts: Vec<Vec<u8>> = vec![
        b"".into(),
        b" ".into(),
        b"\n".into(),
        b"two\r\nlines\r\n".into(),
        b"\r".into(),
        b"</script><script>alert(1)</script>".into(),
        b"<!--post-1--></main></body></html>".into(),
        b"<!--/post-1--><!--/postx-1-->".into(),
        b"<main>\n</main>\n".into(),
        b"<title>Other</title>".into(),
        b"a & b &amp; c &lt; d &nbsp;".into(),
        "🌋 été – «ça» \u{202E}ltr \u{FEFF}".into(),
        b"\x00\x01\x07\x1B\x7F".into(),
        b"caf\xE9 \xFF\xFE".into(),
        b"Untitled".into(),
        b"\\n;,:\\".into(),
        b"../Document/a.png \"../Document/a.png\"".into(),
        format!("<img src=\"/courses/{directory}/document/a.png\"><a href='x?cidReq=REF000&id=3'>").into_bytes(),
        b"/courses/OTHER/document/x".into(),
        b"{\"base64\": \"AAAA\"}".into(),
        b"#question-1".into(),
        b"null".into(),
        b"0".into(),
    ];
    for text in texts {
        let mut filled = items.clone();
        fill(&mut filled, &text);
        assert_eq!(lost(filled, &text), Vec::<String>::new());
    }
}

#[test]
fn a_text_of_a_mebibyte_comes_back() {
    let (_folder, portal) = portal();
    let mut items = items(&portal);
    let mut million = "Lava fließt.\n".repeat(80_660).into_bytes();
    million.truncate(1 << 20);
    fill_first(&mut items, &million);
    assert_eq!(lost(items, &million), Vec::<String>::new());
}

#[test]
fn any_text_comes_back() {
    let (_folder, portal) = portal();
    execute(&portal, RARE);
    let items = items(&portal);
    let pieces = prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..40),
        proptest::sample::select(vec![
            "</main>",
            "<!--",
            "-->",
            "</",
            "script",
            "\r\n",
            "\n",
            "&",
            ";",
            "\\",
            "\"",
            "../",
            "Document/"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    let texts = proptest::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat());
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(&texts, |text| {
        let mut filled = items.clone();
        fill(&mut filled, &text);
        prop_assert_eq!(lost(filled, &text), Vec::<String>::new());
        Ok(())
    });
    run.unwrap();
}
