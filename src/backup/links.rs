//! Links of a page to documents that stand in the archive under another name.
//!
//! Only the bytes of such links are replaced; each replacement is a [`Patch`] with the bytes that stood there, so that
//! our reader gets the page back byte for byte. Links are the values of attributes (`src`, `href` …) in tags, and
//! `url(…)` in styles. They may lead to a document by the portal's address, by `/courses/<directory>/document/…`, or
//! relative to the page; their query and fragment stay.

use memchr::memmem;

use crate::php::{Key, Value};

use super::safe_names::SafeNames;

/// Attributes whose value is one address.
const ATTRIBUTES: [&[u8]; 9] =
    [b"src", b"href", b"poster", b"data", b"background", b"value", b"longdesc", b"cite", b"action"];

/// A replaced piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where the new bytes begin in the new page.
    pub offset: usize,
    /// The bytes that stand there.
    pub new: Vec<u8>,
    /// The bytes that stood there.
    pub old: Vec<u8>,
}

/// The course's names, as links see them.
pub struct Links<'a> {
    /// Documents with other names in the archive.
    pub names: &'a SafeNames,
    /// The course's folder below `courses/`.
    pub directory: &'a [u8],
    /// The portal's address, with a slash at its end.
    pub portal_url: &'a str,
}

impl Links<'_> {
    /// The page (or text) with its links leading to the names of the archive, and what was replaced. `None` if nothing
    /// is. `page` is the page's own path below the Document folder, `None` for a text that is no document.
    pub fn rewrite(&self, html: &[u8], page: Option<&[u8]>) -> Option<(Vec<u8>, Vec<Patch>)> {
        let mut result = Vec::new();
        let mut patches = Vec::new();
        let mut copied = 0;
        for (start, end) in addresses(html) {
            let old = html.get(start..end).unwrap_or_default();
            if let Some(new) = self.target(old, page) {
                result.extend_from_slice(html.get(copied..start).unwrap_or_default());
                patches.push(Patch { offset: result.len(), new: new.clone(), old: old.to_vec() });
                result.extend_from_slice(&new);
                copied = end;
            }
        }
        if patches.is_empty() {
            return None;
        }
        result.extend_from_slice(html.get(copied..).unwrap_or_default());
        Some((result, patches))
    }

    /// The paths below the Document folder that addresses in a page (or text) lead to, whether they exist or not.
    pub fn targets(directory: &[u8], portal_url: &str, html: &[u8], page: Option<&[u8]>) -> Vec<Vec<u8>> {
        let addresses = addresses(html).into_iter().filter_map(|(start, end)| html.get(start..end));
        let split = addresses.filter_map(|address| address.split_at_checked(path_end(address)));
        split
            .filter_map(|(path, _)| match place_in_course(directory, portal_url, path) {
                Some((decoded, begin)) => decoded.get(begin..).map(<[u8]>::to_vec),
                None if path.is_empty() || path.starts_with(b"/") || has_scheme(path) => None,
                None => resolve(folder(page?), &decode(path)),
            })
            .collect()
    }

    /// The new address for `address`, `None` if it leads to nothing that has another name.
    fn target(&self, address: &[u8], page: Option<&[u8]>) -> Option<Vec<u8>> {
        let (path, rest) = address.split_at_checked(path_end(address))?;
        if let Some((decoded, begin)) = place_in_course(self.directory, self.portal_url, path) {
            let safe = self.names.get(decoded.get(begin..)?)?;
            return Some([decoded.get(..begin)?, safe, rest].concat());
        }
        let decoded = decode(path);
        let page = page?;
        if path.is_empty() || path.starts_with(b"/") || has_scheme(&decoded) {
            return None;
        }
        let target = resolve(folder(page), &decoded)?;
        let safe_page = self.names.get(page).unwrap_or(page);
        let safe_target = self.names.get(&target).unwrap_or(&target);
        let new = relative(folder(safe_page), safe_target);
        (safe_target != target || resolve(folder(safe_page), &decoded).as_deref() != Some(safe_target))
            .then(|| [new.as_slice(), rest].concat())
    }
}

/// The patches as a value for the archive: for each its offset, the new and the old bytes.
pub fn write_patches(patches: &[Patch]) -> Value<'static> {
    let list = (0..).zip(patches).map(|(number, patch)| {
        let text = |bytes: &[u8]| Value::String(bytes.to_vec().into());
        let parts = [Value::Int(patch.offset as i64), text(&patch.new), text(&patch.old)];
        (Key::Int(number), Value::Array((0..).zip(parts).map(|(place, part)| (Key::Int(place), part)).collect()))
    });
    Value::Array(list.collect())
}

/// The patches in such a value; those that make no sense are left out, and so the page is not taken for rewritten.
pub fn read_patches(value: &Value<'_>) -> Vec<Patch> {
    let patch = |value: &Value<'_>| {
        let text = |place| value.get_int(place).and_then(Value::as_bytes).map(std::borrow::Cow::into_owned);
        let offset = usize::try_from(value.get_int(0)?.as_int()?).ok()?;
        Some(Patch { offset, new: text(1)?, old: text(2)? })
    };
    value.entries().iter().filter_map(|(_, value)| patch(value)).collect()
}

/// Where the path of an address ends: at its query or fragment. `&#39;` is no fragment.
fn path_end(address: &[u8]) -> usize {
    let ends = |place: usize| match address.get(place) {
        Some(b'?') => true,
        Some(b'#') => place == 0 || address.get(place - 1) != Some(&b'&'),
        _ => false,
    };
    (0..address.len()).find(|place| ends(*place)).unwrap_or(address.len())
}

/// A path that leads into the course's Document folder, decoded, and where the document's own path begins in it.
fn place_in_course(directory: &[u8], portal_url: &str, path: &[u8]) -> Option<(Vec<u8>, usize)> {
    let decoded = decode(path);
    let prefix = [b"courses/".as_slice(), directory, b"/document/"].concat();
    let whole = [portal_url.as_bytes(), &prefix].concat();
    let absolute = [b"/".as_slice(), &prefix].concat();
    // Some pages carry a folder of the portal in front of /courses/.
    let place =
        memmem::find(&decoded, &absolute).filter(|place| decoded.starts_with(&whole) || is_path(&decoded, *place))?;
    Some((decoded, place + absolute.len()))
}

/// Puts back what [`Links::rewrite`] replaced; `None` if the page is not the one that was rewritten.
pub fn restore(page: &[u8], patches: &[Patch]) -> Option<Vec<u8>> {
    let mut result = Vec::with_capacity(page.len());
    let mut copied = 0;
    for patch in patches {
        let end = patch.offset.checked_add(patch.new.len())?;
        if page.get(patch.offset..end)? != patch.new {
            return None;
        }
        result.extend_from_slice(page.get(copied..patch.offset)?);
        result.extend_from_slice(&patch.old);
        copied = end;
    }
    result.extend_from_slice(page.get(copied..)?);
    Some(result)
}

/// Where addresses stand in HTML, in their order.
fn addresses(html: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(open) = html.get(position..).and_then(|rest| rest.iter().position(|byte| *byte == b'<')) {
        let open = position + open;
        if html.get(open..).is_some_and(|rest| rest.starts_with(b"<!--")) {
            let rest = html.get(open + 4..).unwrap_or_default();
            position = memmem::find(rest, b"-->").map_or(html.len(), |end| open + 4 + end + 3);
            continue;
        }
        match html.get(open + 1) {
            Some(byte) if byte.is_ascii_alphabetic() => position = tag(html, open + 1, &mut found),
            _ => position = open + 1,
        }
    }
    found.extend(styles(html));
    found.sort_unstable();
    // A url(…) inside a value that is an address itself is no second one.
    found.dedup_by(|later, first| later.0 < first.1);
    found
}

/// Reads the attributes of the tag whose name begins at `position`; returns where the tag ends.
fn tag(html: &[u8], mut position: usize, found: &mut Vec<(usize, usize)>) -> usize {
    let at = |position: usize| html.get(position).copied();
    while at(position).is_some_and(|byte| !byte.is_ascii_whitespace() && byte != b'>' && byte != b'/') {
        position += 1;
    }
    loop {
        while at(position).is_some_and(|byte| byte.is_ascii_whitespace() || byte == b'/') {
            position += 1;
        }
        let name = position;
        match at(position) {
            None => return position,
            Some(b'>') => return position + 1,
            Some(_) => {}
        }
        while at(position).is_some_and(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'>' | b'/')) {
            position += 1;
        }
        // A stray `=` is no name; it must not stop us.
        position = position.max(name + usize::from(at(name) == Some(b'=')));
        let is_address =
            ATTRIBUTES.iter().any(|known| html.get(name..position).is_some_and(|n| n.eq_ignore_ascii_case(known)));
        while at(position).is_some_and(|byte| byte.is_ascii_whitespace()) {
            position += 1;
        }
        if at(position) != Some(b'=') {
            continue;
        }
        position += 1;
        while at(position).is_some_and(|byte| byte.is_ascii_whitespace()) {
            position += 1;
        }
        let (start, end) = match at(position) {
            Some(quote @ (b'"' | b'\'')) => {
                let start = position + 1;
                let length = html.get(start..).and_then(|rest| rest.iter().position(|byte| *byte == quote));
                let end = length.map_or(html.len(), |length| start + length);
                position = end + 1;
                (start, end)
            }
            _ => {
                let start = position;
                while at(position).is_some_and(|byte| !byte.is_ascii_whitespace() && byte != b'>') {
                    position += 1;
                }
                (start, position)
            }
        };
        if is_address && start < end {
            found.push((start, end));
        }
    }
}

/// Addresses in `url(…)`, wherever it stands: in style sheets and in `style` attributes.
fn styles(html: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(place) = html.get(position..).and_then(|rest| memmem::find(rest, b"url(")) {
        let mut start = position + place + 4;
        let Some(length) = html.get(start..).and_then(|rest| rest.iter().position(|byte| *byte == b')')) else { break };
        let mut end = start + length;
        position = end;
        let is_edge =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\''));
        while start < end && is_edge(html.get(start)) {
            start += 1;
        }
        while start < end && is_edge(html.get(end - 1)) {
            end -= 1;
        }
        if start < end {
            found.push((start, end));
        }
    }
    found
}

/// A path out of an attribute: entities and percent signs decoded.
fn decode(text: &[u8]) -> Vec<u8> {
    const ENTITIES: [(&[u8], u8); 4] = [(b"&amp;", b'&'), (b"&#39;", b'\''), (b"&#039;", b'\''), (b"&quot;", b'"')];
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let hexadecimal = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
        if let Some((entity, byte)) = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity)) {
            decoded.push(*byte);
            rest = rest.get(entity.len()..).unwrap_or_default();
        } else if *first == b'%'
            && let (Some(high), Some(low)) = (hexadecimal(tail.first()), hexadecimal(tail.get(1)))
        {
            decoded.push((high * 16 + low) as u8);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            decoded.push(*first);
            rest = tail;
        }
    }
    decoded
}

/// Whether an address without host leads to what stands at `place`: nothing but folders comes before.
fn is_path(address: &[u8], place: usize) -> bool {
    !has_scheme(address.get(..place).unwrap_or_default()) && !address.starts_with(b"//")
}

fn has_scheme(address: &[u8]) -> bool {
    let end = address.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')));
    end.is_some_and(|end| end > 0 && address.get(end) == Some(&b':'))
}

fn folder(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').and_then(|slash| path.get(..slash)).unwrap_or_default()
}

/// The path that `address` leads to from a page in `folder`; `None` if it leaves the Document folder.
fn resolve(folder: &[u8], address: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = folder.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    for part in address.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join(b"/".as_slice()))
}

/// The address that leads from a page in `folder` to `target`.
fn relative(folder: &[u8], target: &[u8]) -> Vec<u8> {
    let from: Vec<&[u8]> = folder.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&[u8]> = target.split(|byte| *byte == b'/').collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts = vec![b"..".as_slice(); from.len() - common];
    parts.extend(to.iter().skip(common));
    parts.join(b"/".as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::document::Document;
    use proptest::prelude::*;

    fn names() -> SafeNames {
        let paths = ["Leçon 1", "Leçon 1/a b.html", "Leçon 1/été.png", "d'été.txt", "plain.html", "x.png"];
        let documents: Vec<Document> = (1..).zip(paths).map(|(iid, path)| Document::without_rows(iid, path)).collect();
        SafeNames::of(&documents).unwrap()
    }

    fn rewritten(html: &str, page: Option<&str>) -> Option<String> {
        let names = names();
        let links = Links { names: &names, directory: b"GEO", portal_url: "http://campus.example.org/" };
        let (new, patches) = links.rewrite(html.as_bytes(), page.map(str::as_bytes))?;
        assert_eq!(restore(&new, &patches).unwrap(), html.as_bytes());
        Some(String::from_utf8(new).unwrap())
    }

    #[test]
    fn links_by_the_courses_address_lead_to_the_safe_name() {
        for (html, wanted) in [
            (
                r#"<img alt="é" src="/courses/GEO/document/Leçon 1/été.png?x=1#y">"#,
                r#"<img alt="é" src="/courses/GEO/document/Lecon-1/ete.png?x=1#y">"#,
            ),
            (
                "<a href='/courses/GEO/document/Le%C3%A7on%201/a%20b.html'>x</a>",
                "<a href='/courses/GEO/document/Lecon-1/a-b.html'>x</a>",
            ),
            (
                "<a HREF=http://campus.example.org/courses/GEO/document/Le%C3%A7on%201/a%20b.html>",
                "<a HREF=http://campus.example.org/courses/GEO/document/Lecon-1/a-b.html>",
            ),
            ("<a href='/courses/GEO/document/d&#39;été.txt#a'>", "<a href='/courses/GEO/document/dete.txt#a'>"),
            (
                "<p style=\"background: url('/courses/GEO/document/Leçon 1/été.png')\">",
                "<p style=\"background: url('/courses/GEO/document/Lecon-1/ete.png')\">",
            ),
        ] {
            assert_eq!(rewritten(html, None).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn relative_links_follow_both_the_page_and_its_target() {
        assert_eq!(
            rewritten(r#"<img src="été.png"><a href="../x.png">"#, Some("Leçon 1/a b.html")).as_deref(),
            Some(r#"<img src="ete.png"><a href="../x.png">"#)
        );
        assert_eq!(
            rewritten(r#"<img src="Leçon%201/été.png">"#, Some("plain.html")).as_deref(),
            Some(r#"<img src="Lecon-1/ete.png">"#)
        );
    }

    #[test]
    fn other_addresses_and_other_courses_stay() {
        for html in [
            r##"<a href="#top"><a href="mailto:a@b"><a href="http://other/courses/GEO/document/Leçon 1/été.png">"##,
            r#"<a href="/courses/GEO2/document/Leçon 1/été.png"><a href="x.png"><a href="">"#,
            "text /courses/GEO/document/Leçon 1/été.png < b",
            r#"<!-- <img src="/courses/GEO/document/Leçon 1/été.png"> -->"#,
        ] {
            assert_eq!(rewritten(html, Some("plain.html")), None, "{html}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_rewritten_comes_back_byte_for_byte(html in r#"[<>="' a-zé/%0-9.:?#()&;-]{0,200}"#, inside: bool) {
            let names = names();
            let links = Links { names: &names, directory: b"GEO", portal_url: "http://h/" };
            let page: Option<&[u8]> = inside.then_some("Leçon 1/a b.html".as_bytes());
            let html = html.replace("a b", "<img src='/courses/GEO/document/Leçon 1/été.png'>");
            if let Some((new, patches)) = links.rewrite(html.as_bytes(), page) {
                prop_assert_eq!(restore(&new, &patches).unwrap(), html.as_bytes());
            }
        }
    }
}
