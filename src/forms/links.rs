//! Links into the course's documents, in HTML: as Chamilo has them and as a mounted course has them.
//!
//! Chamilo writes `/courses/<directory>/document/maps/a.png`. In a file in `Announcement/` that is
//! `../Document/maps/a.png`, so that a browser that opens the file finds the picture. What can't be told apart again
//! stays as it is.

use memchr::memmem;

/// What links to documents begin with in a course whose folder is called `directory`.
fn prefix(directory: &[u8]) -> Vec<u8> {
    [b"/courses/".as_slice(), directory, b"/document/"].concat()
}

/// The same in a mounted course, from the course's folder.
const MOUNTED: &[u8] = b"Document/";

/// One folder up.
const UP: &[u8] = b"../";

/// What may stand before an address in HTML: it begins an attribute's value, or an address in CSS.
fn begins(before: Option<&u8>) -> bool {
    matches!(before, Some(b'"' | b'\'' | b'(' | b'=' | b';'))
}

/// `html` with links to documents as they are from a file that lies `depth` folders below the course's; `None` if it
/// could not be turned back.
pub fn mounted(html: &[u8], directory: &[u8], depth: usize) -> Option<Vec<u8>> {
    let from = prefix(directory);
    let to = [UP.repeat(depth).as_slice(), MOUNTED].concat();
    let mut result = Vec::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = memmem::find(rest, &from) {
        let (before, after) = rest.split_at(at);
        result.extend_from_slice(before);
        let begins = begins(if before.is_empty() { result.last() } else { before.last() });
        result.extend_from_slice(if begins { &to } else { &from });
        rest = after.get(from.len()..).unwrap_or_default();
    }
    result.extend_from_slice(rest);
    (stored(&result, directory) == html).then_some(result)
}

/// `html` with links to documents as Chamilo has them.
pub fn stored(html: &[u8], directory: &[u8]) -> Vec<u8> {
    let to = prefix(directory);
    let from = [UP, MOUNTED].concat();
    let mut result = Vec::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = memmem::find(rest, &from) {
        let (before, after) = rest.split_at(at);
        let mut start = before.len();
        while before.get(..start).is_some_and(|before| before.ends_with(UP)) {
            start -= UP.len();
        }
        let (text, ups) = before.split_at(start);
        result.extend_from_slice(text);
        if begins(result.last()) {
            result.extend_from_slice(&to);
        } else {
            result.extend_from_slice(ups);
            result.extend_from_slice(&from);
        }
        rest = after.get(from.len()..).unwrap_or_default();
    }
    result.extend_from_slice(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_to_documents_lead_to_the_mounted_folder_and_back() {
        let html =
            br#"<img src="/courses/GEO/document/a%20b.png"><a href='/courses/GEO/document/x'>/courses/GEO/document/"#;
        let mounted = mounted(html, b"GEO", 2).unwrap();
        let wanted = br#"<img src="../../Document/a%20b.png"><a href='../../Document/x'>/courses/GEO/document/"#;
        assert_eq!(String::from_utf8_lossy(&mounted), String::from_utf8_lossy(wanted));
        assert_eq!(stored(&mounted, b"GEO"), html);
        // In another course they lead to that course's documents.
        assert!(stored(&mounted, b"BIO").starts_with(br#"<img src="/courses/BIO/document/a%20b.png">"#));
    }

    #[test]
    fn what_looks_like_a_mounted_link_already_can_not_be_turned_back() {
        assert_eq!(mounted(br#"<a href="../Document/x">"#, b"GEO", 1), None);
        assert_eq!(mounted(b"see ../Document/x", b"GEO", 1).as_deref(), Some(b"see ../Document/x".as_slice()));
    }

    proptest! {
        #[test]
        fn what_is_turned_comes_back(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("/courses/G/document/"), Just("../"), Just("Document/"), Just("\""), Just("="), Just("x"),
                ], 0..12,
            ),
            depth in 1usize..4,
        ) {
            let html = parts.concat();
            if let Some(turned) = mounted(html.as_bytes(), b"G", depth) {
                prop_assert_eq!(stored(&turned, b"G"), html.as_bytes());
            }
        }
    }
}
