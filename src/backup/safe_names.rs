//! Names that Chamilo's importer leaves alone.
//!
//! Its importer rewrites every name in an archive (accents, blanks, brackets …) but not the paths in the Course object,
//! and then silently skips documents whose two names differ (Chamilo 1.11, import of archives). So a document with such
//! a name stands in the archive under a safe one, everywhere; its true path is kept beside it for our own reader. A
//! course whose names are all safe has no [`SafeNames`].

use std::collections::{HashMap, HashSet};

use crate::course::document::Document;
use crate::course::names;

/// The longest safe name in bytes; leaves room for a number.
const LONGEST_NAME: usize = 200;

/// The longest path below the Document folder that Chamilo stores, in letters (`c_document.path` without a slash).
const LONGEST_PATH: usize = 254;

/// The longest extension that is kept, with its dot, in bytes.
const LONGEST_EXTENSION: usize = 20;

/// Safe paths of documents, both ways are below the Document folder and without a leading slash.
#[derive(Debug)]
pub struct SafeNames {
    safe: HashMap<Vec<u8>, Vec<u8>>,
}

impl SafeNames {
    /// Safe paths for `documents` (in the order of their paths), `None` if they need none.
    pub fn of(documents: &[Document]) -> Option<SafeNames> {
        let is_safe = |document: &Document| document.path.split(|byte| *byte == b'/').all(names::survives_import);
        if documents.iter().all(is_safe) {
            return None;
        }
        let loose = SafeNames::choose(documents, usize::MAX);
        let fits = |path: &Vec<u8>| path.len() <= LONGEST_PATH;
        // Letters of other scripts become several: then no name gets longer than it was.
        Some(if loose.safe.values().all(fits) { loose } else { SafeNames::choose(documents, 0) })
    }

    /// Chooses names of at most `longest` letters, or as many as the true ones have.
    fn choose(documents: &[Document], longest: usize) -> SafeNames {
        let is_safe = |document: &Document| document.path.split(|byte| *byte == b'/').all(names::survives_import);
        // Names that may stay are taken first: the others must not push them aside.
        let mut taken: HashSet<Vec<u8>> =
            documents.iter().filter(|document| is_safe(document)).map(|document| document.path.clone()).collect();
        let mut safe: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        for document in documents {
            if is_safe(document) {
                continue;
            }
            // Folders come before what is in them; one without a row gets its safe name here.
            let ends = slashes(&document.path).chain([document.path.len()]);
            for end in ends {
                let path = document.path.get(..end).unwrap_or_default();
                if safe.contains_key(path) {
                    continue;
                }
                let (parent, name) = split(path);
                let parent = safe.get(parent).map_or(parent, Vec::as_slice).to_vec();
                let candidate = join(&parent, name);
                let kept = names::survives_import(name) && (parent == split(path).0 || !taken.contains(&candidate));
                let room = longest.max(String::from_utf8_lossy(name).chars().count());
                let chosen = if kept { candidate } else { free_name(&parent, name, room, &taken) };
                if chosen != path {
                    taken.insert(chosen.clone());
                    safe.insert(path.to_vec(), chosen);
                }
            }
        }
        SafeNames { safe }
    }

    /// The safe path of the document `path`, `None` if it is safe as it is.
    pub fn get(&self, path: &[u8]) -> Option<&[u8]> {
        self.safe.get(path).map(Vec::as_slice)
    }
}

/// A safe path for `name` in the folder `parent` that nobody has, of `room` letters if that can be.
fn free_name(parent: &[u8], name: &[u8], room: usize, taken: &HashSet<Vec<u8>>) -> Vec<u8> {
    let clean = names::disable_scripts(&names::clean(name));
    let (stem, extension) = match clean.rfind('.') {
        Some(dot) if clean.len() - dot <= LONGEST_EXTENSION => clean.split_at(dot),
        _ => (clean.as_str(), ""),
    };
    let stem = stem.get(..LONGEST_NAME).unwrap_or(stem).trim_matches('-');
    let whole = format!("{stem}{extension}");
    let (stem, extension) = match (stem.is_empty(), names::survives_import(whole.as_bytes())) {
        (true, _) => ("document", extension),
        (false, true) => (stem, extension),
        // Nothing of the name can stay.
        (false, false) => ("document", ""),
    };
    let named = |suffix: String| {
        let room = room.saturating_sub(suffix.len() + extension.len()).max(1);
        format!("{}{suffix}{extension}", stem.get(..room).unwrap_or(stem).trim_end_matches(['-', '.']))
    };
    let numbered = (2..).map(|number| named(format!("_{number}")));
    let candidates = std::iter::once(named(String::new())).chain(numbered);
    let mut paths = candidates.map(|name| join(parent, name.as_bytes()));
    paths.find(|path| !taken.contains(path)).unwrap_or_default()
}

fn slashes(path: &[u8]) -> impl Iterator<Item = usize> + '_ {
    path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(place, _)| place)
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()),
        None => (b"", path),
    }
}

fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    if parent.is_empty() { name.to_vec() } else { [parent, b"/", name].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str]) -> Option<SafeNames> {
        let mut paths = paths.to_vec();
        paths.sort_unstable();
        let documents: Vec<Document> = (1..).zip(paths).map(|(iid, path)| Document::without_rows(iid, path)).collect();
        SafeNames::of(&documents)
    }

    fn safe(names: &SafeNames, path: &str) -> String {
        String::from_utf8(names.get(path.as_bytes()).unwrap_or(path.as_bytes()).to_vec()).unwrap()
    }

    #[test]
    fn a_course_of_safe_names_has_none() {
        assert!(names(&["a", "a/b.txt", "UPPER_x.html"]).is_none());
        assert!(names(&[]).is_none());
    }

    #[test]
    fn every_component_of_a_safe_path_survives_the_import() {
        let paths =
            ["Leçon 1", "Leçon 1/Les volcans d'Auvergne.html", "日本語", "日本語/a.txt", "x.php", "plain/é.txt", "-"];
        let names = names(&paths).unwrap();
        let mut seen = HashSet::new();
        for path in paths {
            let safe = safe(&names, path);
            assert!(safe.split('/').all(|name| names::survives_import(name.as_bytes())), "{path} -> {safe}");
            assert!(seen.insert(safe));
        }
        assert_eq!(safe(&names, paths[1]), "Lecon-1/Les-volcans-dAuvergne.html");
        assert_eq!(safe(&names, "plain/é.txt"), "plain/e.txt");
    }

    #[test]
    fn a_path_that_chamilo_can_store_stays_one_that_it_can_store() {
        let folder = "日本語の資料".repeat(10);
        let paths = [folder.clone(), format!("{folder}/{folder}"), format!("{folder}/{folder}/{folder}.html")];
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        assert!(paths[2].chars().count() <= LONGEST_PATH);
        let names = names(&paths).unwrap();
        for path in &paths {
            let safe = safe(&names, path);
            assert!(safe.len() <= LONGEST_PATH, "{} letters: {safe}", safe.len());
            assert!(safe.split('/').all(|name| names::survives_import(name.as_bytes())), "{safe}");
        }
        assert!(safe(&names, paths[2]).ends_with(".html"));
    }

    #[test]
    fn names_that_may_stay_are_not_pushed_aside() {
        let names = names(&["e.txt", "é.txt", "è.txt", "a b", "a b/e.txt", "a-b", "a-b/e.txt"]).unwrap();
        assert_eq!(safe(&names, "e.txt"), "e.txt");
        let (acute, grave) = (safe(&names, "é.txt"), safe(&names, "è.txt"));
        assert_eq!(HashSet::from([acute, grave]), HashSet::from(["e_2.txt".to_owned(), "e_3.txt".to_owned()]));
        assert_eq!(safe(&names, "a-b/e.txt"), "a-b/e.txt");
        assert_eq!(safe(&names, "a b/e.txt"), "a-b_2/e.txt");
    }
}
