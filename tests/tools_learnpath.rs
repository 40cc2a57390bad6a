//! Learning paths in archives: what Chamilo's importer finds in them, and what comes back.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use coursefs::portal::database::{DatabaseError, DatabaseExt, Row, Value};
use coursefs::portal::{Access, Portal};
use support::{TestPortal, contents, run};

fn sample() -> TestPortal {
    let portal = TestPortal::new();
    portal.coursefs(&[&"init", &portal.aside("sample"), &"--sample"]).done();
    portal
}

fn rows(portal: &Path, sql: &str) -> Vec<Row> {
    let portal = Portal::open(portal, Access::ReadOnly).unwrap();
    portal.database().read(|session| session.rows(sql, &[])).unwrap()
}

fn execute(portal: &Path, sql: &str, values: &[Value]) {
    let portal = Portal::open(portal, Access::ReadWrite).unwrap();
    portal.database().write::<u64, DatabaseError>(|session| session.execute(sql, values)).unwrap();
}

/// Backs GEO101 of the sample up and restores it as GEO102.
fn copied(portal: &TestPortal) -> Vec<u8> {
    let (sample, file) = (portal.aside("sample"), portal.aside("archive.zip"));
    portal.coursefs(&[&"backup", &sample, &"GEO101", &"-o", &file]).done();
    portal.coursefs(&[&"restore", &sample, &"GEO102", &file, &"--create"]).done();
    std::fs::read(file).unwrap()
}

#[test]
fn php_finds_the_document_of_a_final_item_as_the_very_object_under_document() {
    let portal = sample();
    let archive = copied(&portal);
    let file = portal.aside("course.ser");
    std::fs::write(&file, contents(&archive).serialized).unwrap();
    let script = "$c = (array) unserialize(file_get_contents($argv[1]));
        $r = $c['resources'];
        foreach ($r['final_item'] as $id => $document) {
            echo ($document === $r['document'][$id] ? 'same ' : 'other '), count($r['final_item']);
        }";
    assert_eq!(run("php", &[&"-r", &script, &file]), "same 1");
}

#[test]
fn the_steps_of_a_restored_path_lead_to_the_documents_and_tests_of_its_course() {
    let portal = sample();
    copied(&portal);
    let titles = |code: &str| {
        let sql = format!(
            "SELECT i.title, i.item_type, COALESCE(d.path, q.title, l.title) AS shown, p.title AS after, \
                    CASE WHEN i.path <> '' AND i.path <> '0' THEN 1 ELSE 0 END AS leads \
             FROM course c JOIN c_lp_item i ON i.c_id = c.id \
             LEFT JOIN c_document d ON i.item_type IN ('document', 'final_item', 'readout_text') AND d.c_id = c.id \
                  AND d.iid = i.path \
             LEFT JOIN c_quiz q ON i.item_type = 'quiz' AND q.c_id = c.id AND q.iid = i.path \
             LEFT JOIN c_link l ON i.item_type = 'link' AND l.c_id = c.id AND l.iid = i.path \
             LEFT JOIN c_lp_item p ON p.c_id = c.id AND p.iid = i.previous_item_id \
             WHERE c.code = '{code}' ORDER BY i.iid"
        );
        let rows = rows(&portal.aside("sample"), &sql);
        rows.iter()
            .map(|row| ["title", "item_type", "shown", "after", "leads"].map(|column| row.text(column)))
            .collect::<Vec<_>>()
    };
    let (original, copy) = (titles("GEO101"), titles("GEO102"));
    assert!(original.len() > 5);
    assert!(original.iter().filter(|step| !step[2].is_empty()).count() > 3, "{original:?}");
    assert_eq!(copy, original);
}

#[test]
fn a_path_on_the_home_page_comes_back_there() {
    let portal = sample();
    let sample = portal.aside("sample");
    let path = rows(&sample, "SELECT p.iid, p.c_id FROM c_lp p JOIN course c ON c.id = p.c_id WHERE c.code = 'GEO101'");
    let (key, course) = (path[0].int("iid").unwrap(), path[0].int("c_id").unwrap());
    // One is for path 1 followed by more digits: it is no shortcut to path 1.
    for (key, visible) in [(format!("{key}"), 1), (format!("{key}9"), 1)] {
        let sql = "INSERT INTO c_tool (id, c_id, name, link, image, visibility, admin, target, category, session_id) \
                   VALUES (99, ?, 'x', ?, 'scormbuilder.gif', ?, '0', '_self', 'authoring', 0)";
        let link = format!("lp/lp_controller.php?action=view&lp_id={key}");
        execute(&sample, sql, &[course.into(), link.into(), visible.into()]);
    }
    let archive = copied(&portal);
    assert!(
        String::from_utf8_lossy(&contents(&archive).serialized)
            .contains("s:10:\"visibility\";s:1:\"1\";s:6:\"author\"")
    );
    let sql = "SELECT t.link, p.iid FROM c_tool t JOIN course c ON c.id = t.c_id JOIN c_lp p ON p.c_id = c.id \
               WHERE c.code = 'GEO102' AND t.image = 'scormbuilder.gif'";
    let shortcuts = rows(&sample, sql);
    let leads = |row: &&Row| row.text("link").ends_with(&format!("lp_id={}", row.int("iid").unwrap()));
    assert_eq!(shortcuts.iter().filter(leads).count(), 1);
}

#[test]
fn chamilos_importer_finds_the_path_of_every_step_that_is_no_resource() {
    let portal = sample();
    let sample = portal.aside("sample");
    let steps = rows(
        &sample,
        "SELECT i.iid FROM c_lp_item i JOIN course c ON c.id = i.c_id WHERE c.code = 'GEO101' \
                               AND i.item_type = 'document' ORDER BY i.iid",
    );
    let [asset, odd] = [0, 1].map(|place| steps[place].int("iid").unwrap());
    for (step, kind, path) in [(asset, "asset", "shared/style.css"), (odd, "mystery", "12")] {
        execute(
            &sample,
            "UPDATE c_lp_item SET item_type = ?, path = ? WHERE iid = ?",
            &[kind.into(), path.into(), step.into()],
        );
    }
    // A thread without any message stops the importer unless there is a list of messages.
    execute(&sample, "DELETE FROM c_forum_post", &[]);
    let archive = copied(&portal);
    let file = portal.aside("course.ser");
    std::fs::write(&file, contents(&archive).serialized).unwrap();
    let script = "$c = (array) unserialize(file_get_contents($argv[1]));
        $r = $c['resources'];
        foreach (['asset' => 'shared/style.css', 'mystery' => '12'] as $type => $path) {
            $found = (array) $r[$type][$path];
            echo $found['destination_id'], ' ';
        }
        echo count($r['thread']) > 0 && $r['post'] === [] ? 'posts' : 'no posts';";
    assert_eq!(run("php", &[&"-r", &script, &file]), "shared/style.css 12 posts");
    let found = rows(
        &sample,
        "SELECT i.item_type, i.path FROM c_lp_item i JOIN course c ON c.id = i.c_id \
                               WHERE c.code = 'GEO102' AND i.item_type IN ('asset', 'mystery') ORDER BY i.item_type",
    );
    let found: Vec<_> = found.iter().map(|row| (row.text("item_type"), row.text("path"))).collect();
    assert_eq!(
        found,
        [("asset", "shared/style.css"), ("mystery", "12")].map(|(kind, path)| (kind.into(), path.into()))
    );
    // Nothing of it is reported as strange.
    let again = portal.coursefs(&[&"restore", &sample, &"GEO102", &portal.aside("archive.zip")]).done();
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(!said.contains("not understood"), "{said}");
}
