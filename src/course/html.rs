//! Links in HTML that lead into a course, when the course moves.
//!
//! Chamilo writes them as `/courses/<directory>/…`, and names the course by its code in queries (`cidReq=<code>`).
//! Both are replaced as bytes, wherever they stand: what looks like such a link is one, and everything else of the
//! text stays as it is.

use memchr::memmem;

/// A course as links name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The course's code.
    pub code: Vec<u8>,
    /// Its folder below `courses/`.
    pub directory: Vec<u8>,
}

/// `html` with the links into `from` leading into `to`; `None` if nothing changes.
pub fn moved(html: &[u8], from: &Address, to: &Address) -> Option<Vec<u8>> {
    let mut text = None;
    if from.directory != to.directory && !from.directory.is_empty() {
        let old = [b"/courses/".as_slice(), &from.directory, b"/"].concat();
        let new = [b"/courses/".as_slice(), &to.directory, b"/"].concat();
        text = replaced(html, &old, &new, |_| true);
    }
    if from.code != to.code && !from.code.is_empty() {
        let old = [b"cidReq=".as_slice(), &from.code].concat();
        let new = [b"cidReq=".as_slice(), &to.code].concat();
        let ends = |next: Option<&u8>| !next.is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'_');
        text = replaced(text.as_deref().unwrap_or(html), &old, &new, ends).or(text);
    }
    text
}

/// `text` with each `old` replaced that is followed by what `ends` accepts; `None` if there is none.
pub fn replaced(text: &[u8], old: &[u8], new: &[u8], ends: impl Fn(Option<&u8>) -> bool) -> Option<Vec<u8>> {
    let mut result: Option<Vec<u8>> = None;
    let mut copied = 0;
    let mut position = 0;
    while let Some(found) = text.get(position..).and_then(|rest| memmem::find(rest, old)) {
        let start = position + found;
        let end = start + old.len();
        position = end;
        if ends(text.get(end)) {
            let result = result.get_or_insert_default();
            result.extend_from_slice(text.get(copied..start).unwrap_or_default());
            result.extend_from_slice(new);
            copied = end;
        }
    }
    if let Some(result) = result.as_mut() {
        result.extend_from_slice(text.get(copied..).unwrap_or_default());
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> Address {
        Address { code: name.into(), directory: name.into() }
    }

    fn text(html: &str, from: &str, to: &str) -> Option<String> {
        moved(html.as_bytes(), &address(from), &address(to)).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn links_into_the_old_course_lead_into_the_new_one() {
        assert_eq!(
            text(
                r#"<img src="/courses/GEO/document/a b.png?cidReq=GEO&x=1"><a href='http://h/courses/GEO/x'>"#,
                "GEO",
                "G2"
            ),
            Some(r#"<img src="/courses/G2/document/a b.png?cidReq=G2&x=1"><a href='http://h/courses/G2/x'>"#.into())
        );
    }

    #[test]
    fn other_courses_whose_names_begin_alike_are_left_alone() {
        assert_eq!(text("/courses/GEO2/document cidReq=GEO2 cidReq=GEO_X courses/GEO", "GEO", "X"), None);
        assert_eq!(text("", "GEO", "X"), None);
        assert_eq!(text("/courses/GEO/", "GEO", "GEO"), None);
    }

    #[test]
    fn going_there_and_back_gives_the_same_text() {
        let html = "/courses/A/document/1 /courses/A/upload/2 cidReq=A";
        let there = text(html, "A", "LONGER1").unwrap();
        assert_eq!(text(&there, "LONGER1", "A").as_deref(), Some(html));
    }
}
