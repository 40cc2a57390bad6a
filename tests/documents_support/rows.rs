//! The rows of a course's documents against what Chamilo itself would have written (Chamilo 1.11; the rules stand beside each
//! line).

use std::path::Path;

use coursefs::course::names::is_passing_path;
use coursefs::portal::database::{Row, Value};

use crate::support::TestPortal;

/// What may have happened last to a file, a folder, and what is deleted softly.
const OF_FILES: [&str; 4] = ["DocumentVisible", "DocumentInvisible", "DocumentUpdated", "DocumentMoved"];
const OF_FOLDERS: [&str; 3] = ["FolderCreated", "FolderMoved", "DocumentInFolderUpdated"];
const OF_DELETED: [&str; 1] = ["DocumentDeleted"];

/// Expects that each document which `user` made since `begin` (a `DATETIME`) in the course `code` has the rows that Chamilo would
/// have given it, and the rows say what lies on the disk.
#[track_caller]
pub fn rows_follow_the_rules(portal: &TestPortal, code: &str, user: i64, begin: &str) {
    let course = portal.existing(code);
    let documents = portal.rows("SELECT * FROM c_document WHERE c_id = ?", &[course.id().into()]);
    let sql = "SELECT * FROM c_item_property WHERE c_id = ? AND tool = 'document'";
    let properties = portal.rows(sql, &[course.id().into()]);
    let now = coursefs::course::Stamp::now(0).datetime();
    let mut wrong = Vec::new();
    let mut others = 0;
    for document in &documents {
        let path = document.text("path");
        let mine: Vec<&Row> = properties.iter().filter(|row| row.int("ref") == document.int("id")).collect();
        if mine.iter().all(|row| row.text("insert_date").as_str() < begin) && !mine.is_empty() {
            others += 1;
            continue;
        }
        let mut expect = |holds: bool, rule: &str| {
            if !holds {
                wrong.push(format!("{path}: {rule}: {document:?} {mine:?}"));
            }
        };
        // c_document
        expect(document.int("id") == document.int("iid"), "the second key is the first");
        expect(path.starts_with('/') && !path.ends_with('/'), "a path starts with / and does not end with it");
        expect(path.chars().count() <= 255, "a path has at most 255 characters");
        expect(
            document.int("session_id") == Some(0) && document.int("readonly") == Some(0),
            "it is of the base course",
        );
        expect(document.text("comment").is_empty(), "nobody has remarked anything");
        expect(!document.text("title").is_empty(), "it has a title");
        let folder = document.text("filetype") == "folder";
        expect(folder || document.text("filetype") == "file", "it is a file or a folder");
        expect(!folder || document.int("size") == Some(0), "a folder has no size");
        let deleted = mine.iter().any(|row| row.int("visibility") == Some(2));
        if !deleted {
            let on_disk = std::fs::symlink_metadata(course.on_disk(&path)).ok();
            let same = |found: &std::fs::Metadata| {
                found.is_dir() == folder && (folder || Some(found.len() as i64) == document.int("size"))
            };
            expect(on_disk.as_ref().is_some_and(same), "it is on the disk as its row says");
            expect(
                Path::new(&path).file_name().is_some_and(|name| *name == *document.text("title")),
                "its title is its name",
            );
        } else {
            expect(path.ends_with(&format!("_DELETED_{}", document.int("id").unwrap())), "a deleted path has the mark");
        }
        // c_item_property
        if is_passing_path(path.trim_start_matches('/').as_bytes()) && mine.is_empty() {
            continue;
        }
        let [property] = mine.as_slice() else {
            expect(false, "there is one property row");
            continue;
        };
        for column in ["to_group_id", "to_user_id", "session_id", "start_visible", "end_visible"] {
            expect(*property.get(column) == Value::Null, &format!("{column} is NULL"));
        }
        expect(property.int("id") == property.int("iid"), "the second key of its property is the first");
        expect(property.int("insert_user_id") == Some(user), "the acting user has made it");
        expect(property.int("lastedit_user_id") == Some(user), "the acting user has changed it last");
        let (made, changed) = (property.text("insert_date"), property.text("lastedit_date"));
        expect(made.as_str() >= begin && made <= changed && changed <= now, "its dates are UTC and in order");
        let edits: &[&str] = match (deleted, folder) {
            (true, _) => &OF_DELETED,
            (false, true) => &OF_FOLDERS,
            (false, false) => &OF_FILES,
        };
        expect(edits.contains(&property.text("lastedit_type").as_str()), "what happened last has a name of Chamilo's");
        expect(deleted || property.int("visibility") == Some(1), "it is as visible as new documents are");
    }
    assert!(wrong.is_empty(), "{} rows are not as Chamilo writes them:\n{}", wrong.len(), wrong.join("\n"));
    assert!(others <= 8, "{others} documents are older than {begin}: the test compares nothing");
}
