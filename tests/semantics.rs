//! `docs/SEMANTICS.md` says nothing that no test proves.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all tests in `tests/`.
fn tests() -> BTreeSet<String> {
    let files = fs::read_dir(root().join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let mut names = BTreeSet::new();
    for file in files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(&file).unwrap();
        for after in text.split("#[test]").skip(1) {
            // Attributes such as `#[ignore]` may stand between; what comes next is the function.
            let name = after.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
            names.insert(name.unwrap_or_else(|| panic!("{}: a test without a name", file.display())).0.to_owned());
        }
    }
    names
}

/// The list items of the page, each as one line.
fn statements(page: &str) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if let Some(start) = line.strip_prefix("- ") {
            statements.push(start.to_owned());
            inside = true;
        } else if inside && line.starts_with("  ") {
            let last = statements.last_mut().unwrap();
            last.push(' ');
            last.push_str(line.trim());
        } else {
            inside = false;
        }
    }
    statements
}

/// The tests that a statement names: the words in code form at its end.
fn named(statement: &str) -> Vec<&str> {
    let mut rest = statement.trim_end();
    let mut names = Vec::new();
    while let Some((before, name)) = rest.strip_suffix('`').and_then(|rest| rest.rsplit_once('`')) {
        names.push(name);
        rest = before.trim_end();
    }
    names
}

#[test]
fn every_statement_of_the_semantics_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/SEMANTICS.md")).unwrap();
    let (statements, tests) = (statements(&page), tests());
    assert!(statements.len() > 50 && tests.len() > 100, "{} statements, {} tests", statements.len(), tests.len());
    let mut wrong = Vec::new();
    for statement in statements {
        let names = named(&statement);
        if names.is_empty() {
            wrong.push(format!("no test: {statement}"));
        }
        wrong
            .extend(names.iter().filter(|name| !tests.contains(**name)).map(|name| format!("there is no test {name}")));
    }
    assert!(wrong.is_empty(), "docs/SEMANTICS.md:\n{}", wrong.join("\n"));
}

#[test]
fn a_statement_without_a_test_would_be_noticed() {
    let page =
        "# Title\n\nText `code`.\n\n- One thing. `a_test`\n- Another\n  thing. `b_test`\n  `c_test`\n- `ls` alone.\n";
    let statements = statements(page);
    assert_eq!(statements, ["One thing. `a_test`", "Another thing. `b_test` `c_test`", "`ls` alone."]);
    assert_eq!(named(&statements[0]), ["a_test"]);
    assert_eq!(named(&statements[1]), ["c_test", "b_test"]);
    assert!(named(&statements[2]).is_empty());
}
