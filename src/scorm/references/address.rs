//! What an address in a page of a course means: a file of the course, something else of the portal, or neither.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What stays as it is in the path of an address.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A course, as addresses name it.
#[derive(Debug)]
pub struct Addresses {
    /// Its folder below `courses/`.
    directory: Vec<u8>,
    /// The portal's address, with a slash at its end.
    portal_url: String,
    /// Its host, without the scheme, in small letters.
    host: String,
    /// The path of the portal on that host, with slashes at both ends.
    root: String,
}

/// What an address means.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A file (or folder) of the course.
    File {
        /// Its path below the course's folder.
        place: Vec<u8>,
        /// Query and fragment, as the address has them.
        rest: String,
    },
    /// A document of the course by its number, as Chamilo's own pages name it.
    Document(i64),
    /// Something else of the portal: its absolute address.
    Portal(String),
    /// Something of another host.
    Remote,
    /// Nothing to be fetched: a place in the page, a letter, a script, data.
    Nothing,
}

impl Addresses {
    /// The addresses of the course in the folder `directory` of the portal at `portal_url`.
    pub fn new(directory: &[u8], portal_url: &str) -> Addresses {
        let after = portal_url.split_once("://").map_or(portal_url, |(_, after)| after);
        let (host, root) = after.split_at(after.find('/').unwrap_or(after.len()));
        let root = if root.is_empty() { "/" } else { root };
        Addresses {
            directory: directory.to_vec(),
            portal_url: portal_url.to_owned(),
            host: host.to_ascii_lowercase(),
            root: root.to_owned(),
        }
    }

    /// The portal's address, with a slash at its end.
    pub fn portal_url(&self) -> &str {
        &self.portal_url
    }

    /// The absolute address of the file `place` below the course's folder.
    pub fn of_file(&self, place: &[u8]) -> String {
        format!("{}courses/{}/{}", self.portal_url, percent_encode(&self.directory, PATH), percent_encode(place, PATH))
    }

    /// The address of the file `place` as Chamilo's editor writes it: from the root of the host.
    pub fn as_chamilo_writes(&self, place: &[u8]) -> String {
        format!("{}courses/{}/{}", self.root, percent_encode(&self.directory, PATH), percent_encode(place, PATH))
    }

    /// What `address` (decoded from its page's entities) means in the file `page` below the course's folder.
    pub fn meaning(&self, address: &str, page: &[u8]) -> Meaning {
        let address: String = address.trim().chars().filter(|letter| !matches!(letter, '\t' | '\n' | '\r')).collect();
        let address = address.as_str();
        if address.is_empty() || address.starts_with('#') {
            return Meaning::Nothing;
        }
        let from_host = if let Some(after) = address.strip_prefix("//") {
            match self.own(after) {
                Some(path) => path,
                None => return Meaning::Remote,
            }
        } else if let Some((scheme, after)) = scheme(address) {
            if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
                return Meaning::Nothing;
            }
            match after.strip_prefix("//").and_then(|after| self.own(after)) {
                Some(path) => path,
                None => return Meaning::Remote,
            }
        } else if address.starts_with('/') {
            address.to_owned()
        } else {
            let page = self.as_chamilo_writes(page);
            let folder = page.rfind('/').map_or("/", |slash| page.get(..=slash).unwrap_or("/"));
            match address.starts_with('?') {
                // The page itself with another query.
                true => format!("{page}{address}"),
                false => format!("{folder}{address}"),
            }
        };
        self.in_portal(&from_host)
    }

    /// The path (with query and fragment) of `host/path` if the host is the portal's.
    fn own(&self, after: &str) -> Option<String> {
        let (host, path) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        (host.to_ascii_lowercase() == self.host && path.starts_with(&self.root)).then_some(path)
    }

    fn in_portal(&self, from_host: &str) -> Meaning {
        let end = from_host.find(['?', '#']).unwrap_or(from_host.len());
        let (path, rest) = from_host.split_at(end);
        let parts = normalized(path);
        let absolute = || {
            let origin = self.portal_url.strip_suffix(self.root.as_str()).unwrap_or(&self.portal_url);
            let folder = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
            Meaning::Portal(format!("{origin}/{}{folder}{rest}", percent_encode(&parts.join(b"/".as_slice()), PATH)))
        };
        let root: Vec<&[u8]> =
            self.root.as_bytes().split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
        let mut within: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        if within.starts_with(&root) {
            within.drain(..root.len());
        }
        if within.first() == Some(&b"app".as_slice()) {
            within.remove(0);
        }
        match within.as_slice() {
            [b"courses", directory, place @ ..] if *directory == self.directory && !place.is_empty() => {
                Meaning::File { place: place.join(b"/".as_slice()), rest: rest.to_owned() }
            }
            [b"main", b"document", script] if script.ends_with(b".php") => self.by_query(rest).unwrap_or_else(absolute),
            _ => absolute(),
        }
    }

    /// The document that a page of Chamilo's document tool is asked for: by its path or its number.
    fn by_query(&self, rest: &str) -> Option<Meaning> {
        let query = rest.strip_prefix('?')?;
        let query = query.split('#').next().unwrap_or_default();
        let value = |wanted: &str| {
            let values = query.split('&').filter_map(|pair| pair.split_once('='));
            values.into_iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
        };
        if let Some(path) = value("doc_url").or_else(|| value("file")) {
            let path: Vec<u8> = percent_decode_str(&path.replace('+', " ")).collect();
            let parts = normalized_bytes(path.split(|byte| *byte == b'/'));
            return Some(Meaning::File {
                place: [b"document/".as_slice(), &parts.join(b"/".as_slice())].concat(),
                rest: String::new(),
            });
        }
        value("id")?.parse().ok().map(Meaning::Document)
    }
}

/// A scheme and what follows its colon.
fn scheme(address: &str) -> Option<(&str, &str)> {
    let (scheme, after) = address.split_once(':')?;
    let mut letters = scheme.bytes();
    let sound = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'-' | b'.'));
    sound.then_some((scheme, after))
}

/// The components of a path, decoded, without `.` and `..`. It is split after it was decoded: no component holds a
/// slash.
fn normalized(path: &str) -> Vec<Vec<u8>> {
    let path: Vec<u8> = percent_decode_str(path).collect();
    normalized_bytes(path.split(|byte| *byte == b'/'))
}

fn normalized_bytes<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let mut result: Vec<Vec<u8>> = Vec::new();
    for part in parts {
        match part {
            b"" | b"." => {}
            b".." => {
                result.pop();
            }
            part => result.push(part.to_vec()),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(address: &str) -> Meaning {
        Addresses::new(b"GEO", "https://Campus.example/lms/").meaning(address, b"document/a b/page.html")
    }

    fn file(place: &str, rest: &str) -> Meaning {
        Meaning::File { place: place.into(), rest: rest.into() }
    }

    #[test]
    fn files_are_found_however_they_are_named() {
        for address in [
            "/lms/courses/GEO/document/x%20y.png",
            "/courses/GEO/document/x y.png",
            "https://campus.example/lms/courses/GEO/document/x%20y.png",
            "http://CAMPUS.example/lms/app/courses/GEO/document/x%20y.png",
            "//campus.example/lms/courses/GEO/document/z/../x%20y.png",
            "../x%20y.png",
            " ./../x y.png\n",
            "%2e%2e/x%20y.png",
            "/main/document/download.php?doc_url=%2Fx+y.png&cidReq=GEO",
        ] {
            assert_eq!(meaning(address), file("document/x y.png", ""), "{address}");
        }
        assert_eq!(meaning("z.html?a=1#b"), file("document/a b/z.html", "?a=1#b"));
        assert_eq!(meaning("?a=1"), file("document/a b/page.html", "?a=1"));
        assert_eq!(meaning("é.png"), file("document/a b/é.png", ""));
        assert_eq!(meaning("/lms/main/document/showinframes.php?cidReq=GEO&id=17"), Meaning::Document(17));
    }

    #[test]
    fn what_is_elsewhere_in_the_portal_gets_its_absolute_address() {
        let portal = |address: &str| Meaning::Portal(address.into());
        assert_eq!(meaning("/lms/main/img/x.png?a"), portal("https://Campus.example/lms/main/img/x.png?a"));
        assert_eq!(meaning("/courses/OTHER/document/x"), portal("https://Campus.example/courses/OTHER/document/x"));
        assert_eq!(meaning("/courses/GEO2/document/x"), portal("https://Campus.example/courses/GEO2/document/x"));
    }

    #[test]
    fn other_hosts_and_what_is_not_fetched_are_told_apart() {
        assert_eq!(meaning("https://example.org/courses/GEO/document/x"), Meaning::Remote);
        assert_eq!(meaning("//example.org/x"), Meaning::Remote);
        for address in ["", "#a", "mailto:a@b.c", "javascript:void(0)", "data:image/png;base64,xx", "tel:1", "blob:x"] {
            assert_eq!(meaning(address), Meaning::Nothing, "{address}");
        }
    }

    #[test]
    fn no_address_leaves_the_course() {
        for address in ["../../../../../../etc/passwd", "/lms/courses/GEO/../../x", "..%2f..%2fx"] {
            match meaning(address) {
                Meaning::File { place, .. } => assert!(!place.split(|byte| *byte == b'/').any(|part| part == b"..")),
                other => assert!(matches!(other, Meaning::Portal(_))),
            }
        }
    }
}
