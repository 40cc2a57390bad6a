//! Names of files in a package: ASCII letters, digits, `_`, `.` and single hyphens, so that no address needs escaping,
//! no importer renames them and no file system confuses them (format page 5.3).

use std::collections::{HashMap, HashSet};

/// The longest name of a file or folder.
const LONGEST_NAME: usize = 100;

/// The longest path below the content folder; what would be longer lies together in [`DEEP`].
const LONGEST_PATH: usize = 240;

/// The longest extension that is kept, with its dot.
const LONGEST_EXTENSION: usize = 12;

/// Folder of the course's files in a package, with its slash.
const CONTENT: &str = "content/";

/// Folder of files whose path would be too long.
const DEEP: &str = "content/deep/";

/// Gives every file of a course its name in a package: the same folders, safe and unique names.
#[derive(Debug, Default)]
pub struct Names {
    /// Names in use, in small letters.
    taken: HashSet<String>,
    /// Package folders (with their slash) by folder of the course.
    folders: HashMap<Vec<u8>, String>,
}

impl Names {
    /// The name in the package of the file `place` below the course's folder; a new one with every call.
    pub fn file(&mut self, place: &[u8]) -> String {
        let (folder, name) = split(place.strip_prefix(b"document/").unwrap_or(place));
        let folder = self.folder(folder);
        let folder = if folder.len() > LONGEST_PATH - LONGEST_NAME { DEEP.to_owned() } else { folder };
        self.free(&folder, &safe_file(&String::from_utf8_lossy(name)), "")
    }

    /// The package folder of a folder of the course.
    fn folder(&mut self, path: &[u8]) -> String {
        // The known part first: paths may be deep, and this is no recursion.
        let mut known = path.len();
        while known > 0 && !self.folders.contains_key(path.get(..known).unwrap_or_default()) {
            known = path.get(..known).unwrap_or_default().iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        }
        let mut folder = match known {
            0 => CONTENT.to_owned(),
            known => self.folders.get(path.get(..known).unwrap_or_default()).cloned().unwrap_or_default(),
        };
        let mut end = if known == 0 { 0 } else { known + 1 };
        while end < path.len() {
            let rest = path.get(end..).unwrap_or_default();
            let length = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            if folder.len() <= LONGEST_PATH {
                let name = safe(&String::from_utf8_lossy(rest.get(..length).unwrap_or_default()), LONGEST_NAME);
                folder = self.free(&folder, &name, "/");
            }
            self.folders.insert(path.get(..end + length).unwrap_or_default().to_vec(), folder.clone());
            end += length + 1;
        }
        folder
    }

    /// A path in `folder` that nobody has: `name`, else with a number; `tail` comes at its end.
    fn free(&mut self, folder: &str, name: &str, tail: &str) -> String {
        let (stem, extension) = match name.rfind('.') {
            Some(dot) if dot > 0 && tail.is_empty() => name.split_at(dot),
            _ => (name, ""),
        };
        let mut path = format!("{folder}{name}");
        let mut number = 2;
        while !self.taken.insert(path.to_ascii_lowercase()) {
            path = format!("{folder}{stem}_{number}{extension}");
            number += 1;
        }
        path + tail
    }
}

/// A safe name for a file; scripts become text.
fn safe_file(name: &str) -> String {
    let (stem, extension) = match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= LONGEST_EXTENSION => name.split_at(dot),
        _ => (name, ""),
    };
    let extension = safe(extension.strip_prefix('.').unwrap_or_default(), LONGEST_EXTENSION).to_ascii_lowercase();
    let extension =
        if extension == "f" && !name.to_ascii_lowercase().ends_with(".f") { String::new() } else { extension };
    let mut whole = safe(stem, LONGEST_NAME - LONGEST_EXTENSION);
    if !extension.is_empty() {
        whole = format!("{whole}.{extension}");
    }
    let lower = whole.to_ascii_lowercase();
    if [".php", ".phtml", ".phar"].iter().any(|script| lower.contains(script)) {
        // Servers run a name with such an extension anywhere in it.
        whole = format!("{}.txt", whole.replace('.', "_"));
    }
    whole
}

/// `name` in safe letters, at most `longest`; never empty.
fn safe(name: &str, longest: usize) -> String {
    let mut safe = String::with_capacity(name.len());
    for letter in deunicode::deunicode(name).chars() {
        match letter {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '_' => safe.push(letter),
            '.' => {
                if safe.ends_with('-') {
                    safe.pop();
                }
                if !safe.is_empty() && !safe.ends_with('.') {
                    safe.push('.');
                }
            }
            _ if safe.is_empty() || safe.ends_with(['-', '.']) => {}
            _ => safe.push('-'),
        }
        if safe.len() >= longest {
            break;
        }
    }
    let safe = safe.trim_end_matches(['-', '.']);
    if safe.is_empty() { "f".to_owned() } else { safe.to_owned() }
}

/// A short name for identifiers and folders, from any text.
pub fn slug(text: &str) -> String {
    safe(text, 40).replace('.', "-")
}

/// The address of `to` from the page `from`, both paths in the package.
pub fn relative(from: &str, to: &str) -> String {
    let folder = from.rfind('/').map_or("", |slash| from.get(..=slash).unwrap_or_default());
    let common = folder.bytes().zip(to.bytes()).take_while(|(a, b)| a == b).count();
    let common = folder.get(..common).and_then(|common| common.rfind('/')).map_or(0, |slash| slash + 1);
    let up = folder.get(common..).unwrap_or_default().bytes().filter(|byte| *byte == b'/').count();
    format!("{}{}", "../".repeat(up), to.get(common..).unwrap_or_default())
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()),
        None => (b"", path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::names::survives_import;
    use proptest::prelude::*;

    #[test]
    fn names_keep_what_is_safe() {
        let mut names = Names::default();
        assert_eq!(names.file(b"document/images/diagram_1.png"), "content/images/diagram_1.png");
        assert_eq!(names.file("document/été à la mer/Plan (1).PDF".as_bytes()), "content/ete-a-la-mer/Plan-1.pdf");
        assert_eq!(names.file("document/été à la mer/plan -- 1.pdf".as_bytes()), "content/ete-a-la-mer/plan-1_2.pdf");
        assert_eq!(names.file(b"document/a/shell.php"), "content/a/shell_php.txt");
        assert_eq!(names.file(b"upload/x"), "content/upload/x");
        assert_eq!(names.file(b"document/.htaccess"), "content/htaccess");
        assert_eq!(names.file("document/日本.html".as_bytes()), "content/Ri-Ben.html");
        assert_eq!(names.file(b"document/???"), "content/f");
        assert_eq!(names.file(b"document/%20/%%.%%"), "content/20/f");
    }

    #[test]
    fn a_file_never_has_the_name_of_a_folder() {
        let mut names = Names::default();
        assert_eq!(names.file(b"document/A/x"), "content/A/x");
        assert_eq!(names.file(b"document/a"), "content/a_2");
        assert_eq!(names.file(b"document/A/y"), "content/A/y");
        assert_eq!(names.file(b"document/a/z"), "content/a_3/z");
    }

    #[test]
    fn addresses_are_relative_to_the_page() {
        assert_eq!(relative("content/a/x.html", "content/b/y.png"), "../b/y.png");
        assert_eq!(relative("content/a/x.html", "content/a/y.png"), "y.png");
        assert_eq!(relative("content/a/x.html", "content/ab/y.png"), "../ab/y.png");
        assert_eq!(relative("sco/i.html", "content/y.png"), "../content/y.png");
        assert_eq!(relative("x.html", "y/z"), "y/z");
    }

    proptest! {
        #[test]
        fn every_name_is_safe_short_and_unique(places in proptest::collection::vec(".{0,30}(/.{0,300}){0,6}", 1..20)) {
            let mut names = Names::default();
            let mut seen = HashSet::new();
            for place in places {
                let name = names.file(format!("document/{place}").as_bytes());
                prop_assert!(name.len() <= LONGEST_PATH + 10, "{name}");
                prop_assert!(seen.insert(name.to_ascii_lowercase()), "{name}");
                for part in name.split('/') {
                    prop_assert!(survives_import(part.as_bytes()), "{name:?} from {place:?}");
                }
            }
        }
    }
}
