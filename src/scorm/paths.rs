//! The learning paths of a course by the names of their packages, as a mount lists them.

use std::collections::HashMap;

use crate::portal::database::{DatabaseError, Session};
use crate::portal::storage::Folder;

use super::original;
use super::pages::plain;

/// The longest file name in bytes (Linux, NAME_MAX).
const LONGEST_NAME: usize = 255;

/// What every name ends in.
const EXTENSION: &str = ".zip";

/// A learning path that has a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Key that others refer to it by (`c_lp.id`, else `iid`).
    pub key: i64,
    /// Its title, as text.
    pub title: String,
    /// The name of its package.
    pub file_name: String,
    /// Of an imported one, the folder of its manifest below the course's folder.
    pub folder: Option<Vec<u8>>,
}

impl Path {
    /// Whether it can be packed: an imported one only if its files are in the course, whose folder is `top`.
    pub fn is_whole(&self, top: &Folder) -> bool {
        let Some(folder) = &self.folder else { return true };
        let names = top.names(folder).unwrap_or_default();
        names.iter().any(|name| name.eq_ignore_ascii_case(original::MANIFEST))
    }
}

/// The learning paths of a course, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths(Vec<Path>);

impl Paths {
    /// Reads them: those of the base course that are not deleted, and are Chamilo's own or imported SCORM (AICC courses
    /// are no SCORM).
    pub fn load(session: &dyn Session, course: i64) -> Result<Paths, DatabaseError> {
        let mut states: HashMap<i64, (bool, Vec<u8>, i64, i64)> = HashMap::new();
        let sql = "SELECT iid, ref, visibility, session_id, lastedit_date FROM c_item_property \
                   WHERE c_id = ? AND tool = 'learnpath'";
        session.query(sql, &[course.into()], &mut |row| {
            // The newest row of the base course counts, as for documents.
            let base = row.int("session_id").unwrap_or(0) == 0;
            let state =
                (base, row.bytes("lastedit_date"), row.int("iid").unwrap_or(0), row.int("visibility").unwrap_or(1));
            let known = states.entry(row.int("ref").unwrap_or(0)).or_insert_with(|| state.clone());
            if state > *known {
                *known = state;
            }
            Ok(())
        })?;
        let sql = "SELECT iid, id, name, lp_type, path FROM c_lp \
                   WHERE c_id = ? AND (session_id = 0 OR session_id IS NULL) ORDER BY iid";
        let mut found = Vec::new();
        session.query(sql, &[course.into()], &mut |row| {
            let key = row.int("id").filter(|key| *key != 0).or_else(|| row.int("iid"));
            let deleted = |key: &i64| states.get(key).is_some_and(|(.., visibility)| *visibility == 2);
            if let Some(key) = key.filter(|key| !deleted(key)) {
                let folder = match row.int("lp_type") {
                    None | Some(1) => Some(None),
                    Some(original::SCORM) => original::folder_of(&row.bytes("path")).map(Some),
                    _ => None,
                };
                found.extend(folder.map(|folder| (key, plain(&row.bytes("name")), folder)));
            }
            Ok(())
        })?;
        Ok(Paths::named(found))
    }

    fn named(mut found: Vec<(i64, String, Option<Vec<u8>>)>) -> Paths {
        found.sort_unstable();
        let mut taken: HashMap<String, i64> = HashMap::new();
        let mut paths: Vec<Path> = Vec::with_capacity(found.len());
        for (key, title, folder) in found {
            let mut file_name = file_name(&title, "");
            // The oldest keeps the plain name; file systems of other systems know no capital letters.
            if *taken.entry(file_name.to_lowercase()).or_insert(key) != key {
                file_name = self::file_name(&title, &format!(" ({key})"));
                taken.insert(file_name.to_lowercase(), key);
            }
            paths.push(Path { key, title, file_name, folder });
        }
        Paths(paths)
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Path> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one with the key `key`.
    pub fn by_key(&self, key: i64) -> Option<&Path> {
        self.0.iter().find(|path| path.key == key)
    }

    /// The one whose package has the name `name`.
    pub fn by_file_name(&self, name: &[u8]) -> Option<&Path> {
        self.0.iter().find(|path| path.file_name.as_bytes() == name)
    }

    /// The one that somebody names: by its title, its package's name with or without `.zip`, or its number.
    pub fn find(&self, name: &str) -> Option<&Path> {
        let file = |path: &&Path| path.file_name == name || path.file_name.strip_suffix(EXTENSION) == Some(name);
        let found = self.0.iter().find(file).or_else(|| self.0.iter().find(|path| path.title == name));
        found.or_else(|| self.by_key(name.parse().ok()?))
    }
}

/// A file name made of a title: every letter that a file name may hold, `number` before the extension.
fn file_name(title: &str, number: &str) -> String {
    let safe: String = title
        .chars()
        .map(|letter| if letter.is_control() || r#"/\:*?"<>|"#.contains(letter) { '-' } else { letter })
        .collect();
    let mut safe = safe.trim_matches(|letter: char| letter == '.' || letter.is_whitespace());
    let room = LONGEST_NAME - EXTENSION.len() - number.len();
    if safe.len() > room {
        let mut end = room;
        while !safe.is_char_boundary(end) {
            end -= 1;
        }
        safe = safe.get(..end).unwrap_or_default().trim_end();
    }
    let safe = if safe.is_empty() { "Learnpath" } else { safe };
    format!("{safe}{number}{EXTENSION}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(titles: &[&str]) -> Vec<String> {
        let found = (1..).zip(titles).map(|(key, title)| (key, (*title).to_owned(), None)).collect();
        Paths::named(found).iter().map(|path| path.file_name.clone()).collect()
    }

    #[test]
    fn names_are_those_of_the_paths_as_far_as_a_file_may_have_them() {
        assert_eq!(
            names(&["Volcans d’Auvergne", "a/b: c?", ".hidden", "", ".."]),
            ["Volcans d’Auvergne.zip", "a-b- c-.zip", "hidden.zip", "Learnpath.zip", "Learnpath (5).zip"]
        );
        assert_eq!(names(&["é".repeat(200).as_str()]).first().unwrap().len(), 4 + 250);
    }

    #[test]
    fn equal_titles_are_told_apart_by_their_numbers_and_the_first_keeps_its_name() {
        assert_eq!(names(&["A", "a", "A", "A (2)"]), ["A.zip", "a (2).zip", "A (3).zip", "A (2) (4).zip"]);
    }
}
