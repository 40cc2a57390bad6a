//! Addresses in HTML: attributes, `srcset`, inline styles, style sheets in the page, `meta refresh`, pages in `srcdoc`.
//!
//! Read with `lol_html`, which knows comments, scripts and character references as browsers do and tells where each
//! attribute's value stands. Pages may be broken; whatever follows a place that no parser understands stays as it is.

use encoding_rs::{UTF_8, WINDOWS_1252};
use lol_html::html_content::{Element, TextType};
use lol_html::{AsciiCompatibleEncoding, HtmlRewriter, Settings, element, text};

use super::{Patch, Redirect, css, patched};

/// How deep pages are read in `srcdoc` attributes of one another.
const DEEPEST: usize = 3;

/// What the value of an attribute holds.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Address,
    /// Addresses with descriptors, separated by commas.
    Set,
    Style,
    /// `seconds; url=address`.
    Refresh,
    Page,
}

/// Attributes of any element.
const ATTRIBUTES: &[(&str, Kind)] = &[
    ("src", Kind::Address),
    ("href", Kind::Address),
    ("xlink:href", Kind::Address),
    ("poster", Kind::Address),
    ("data", Kind::Address),
    ("background", Kind::Address),
    ("longdesc", Kind::Address),
    ("action", Kind::Address),
    ("formaction", Kind::Address),
    ("lowsrc", Kind::Address),
    // Scripts that load pictures late keep addresses here.
    ("data-src", Kind::Address),
    ("data-poster", Kind::Address),
    ("srcset", Kind::Set),
    ("data-srcset", Kind::Set),
    ("imagesrcset", Kind::Set),
    ("style", Kind::Style),
    ("srcdoc", Kind::Page),
];

/// Names of `param` elements whose value is an address (players of old pages).
const PARAMETERS: [&str; 6] = ["movie", "src", "url", "filename", "file", "data"];

/// What was found in a page.
#[derive(Debug)]
struct Found {
    range: std::ops::Range<usize>,
    value: String,
    kind: FoundKind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum FoundKind {
    Attribute(Which),
    /// Of a `base` element: where the page's own addresses begin.
    Base,
    StyleSheet,
}

type Which = u8;

/// The changes that `redirect` wants in the page `html`. If the page sets a base for its addresses, `rebase` is asked
/// first with that base; the element then loses it, as addresses of a package are relative to their page.
pub fn patches(html: &[u8], redirect: Redirect<'_>, rebase: &mut dyn FnMut(&str)) -> Vec<Patch> {
    nested(html, redirect, rebase, 0)
}

fn nested(html: &[u8], redirect: Redirect<'_>, rebase: &mut dyn FnMut(&str), depth: usize) -> Vec<Patch> {
    let mut found = find(html);
    if let Some(base) = found.iter().find(|found| found.kind == FoundKind::Base) {
        rebase(&base.value);
    }
    found.sort_by_key(|found| found.range.start);
    let mut patches = Vec::with_capacity(found.len());
    for found in found {
        let whole =
            |new: Option<String>| new.map(|new| Patch { range: found.range.clone(), new: encoded(&new).into_bytes() });
        match found.kind {
            FoundKind::Base => patches.extend(whole(Some(String::new()))),
            FoundKind::StyleSheet => {
                let sheet = html.get(found.range.clone()).unwrap_or_default();
                patches.extend(css::patches(sheet, redirect).into_iter().map(|patch| Patch {
                    range: patch.range.start + found.range.start..patch.range.end + found.range.start,
                    new: patch.new,
                }));
            }
            FoundKind::Attribute(which) => {
                let value = html_escape::decode_html_entities(&found.value).into_owned();
                patches.extend(whole(match kind(which) {
                    Kind::Address => redirect(&value),
                    Kind::Set => set(&value, redirect),
                    Kind::Refresh => refresh(&value, redirect),
                    Kind::Style => {
                        let patches = css::patches(value.as_bytes(), redirect);
                        (!patches.is_empty())
                            .then(|| String::from_utf8_lossy(&patched(value.as_bytes(), &patches)).into_owned())
                    }
                    Kind::Page if depth < DEEPEST => {
                        let patches = nested(value.as_bytes(), redirect, &mut |_| {}, depth + 1);
                        (!patches.is_empty())
                            .then(|| String::from_utf8_lossy(&patched(value.as_bytes(), &patches)).into_owned())
                    }
                    Kind::Page => None,
                }));
            }
        }
    }
    patches
}

const REFRESH: Which = Which::MAX;
const PARAMETER: Which = Which::MAX - 1;

fn kind(which: Which) -> Kind {
    match which {
        REFRESH => Kind::Refresh,
        PARAMETER => Kind::Address,
        which => ATTRIBUTES.get(usize::from(which)).map_or(Kind::Address, |(_, kind)| *kind),
    }
}

fn find(html: &[u8]) -> Vec<Found> {
    let found = std::cell::RefCell::new(Vec::new());
    let add = |element: &Element<'_, '_>, name: &str, kind: FoundKind| {
        let attribute = element.attributes().iter().find(|attribute| attribute.name() == name);
        let Some(range) = attribute.and_then(|attribute| attribute.value_source_location()) else { return };
        let value = attribute.map(|attribute| attribute.value()).unwrap_or_default();
        if !value.is_empty() {
            found.borrow_mut().push(Found { range: range.bytes(), value, kind });
        }
    };
    let equals = |element: &Element<'_, '_>, name: &str, values: &[&str]| {
        let value = element.get_attribute(name).unwrap_or_default();
        values.iter().any(|known| value.trim().eq_ignore_ascii_case(known))
    };
    let settings = Settings::new()
        .with_strict(false)
        .with_adjust_charset_on_meta_tag(true)
        .with_encoding(encoding(html))
        .append_element_content_handler(element!("*", |element| {
            match element.tag_name().as_str() {
                "base" => {
                    add(element, "href", FoundKind::Base);
                    return Ok(());
                }
                "meta" if equals(element, "http-equiv", &["refresh"]) => {
                    add(element, "content", FoundKind::Attribute(REFRESH));
                }
                "param" if equals(element, "name", &PARAMETERS) => {
                    add(element, "value", FoundKind::Attribute(PARAMETER));
                }
                _ => {}
            }
            for attribute in element.attributes() {
                let name = attribute.name();
                let known = ATTRIBUTES.iter().position(|(known, _)| *known == name);
                if let Some(which) = known.and_then(|which| Which::try_from(which).ok()) {
                    add(element, &name, FoundKind::Attribute(which));
                }
            }
            Ok(())
        }))
        .append_element_content_handler(text!("style", |chunk| {
            if chunk.text_type() == TextType::RawText {
                let range = chunk.source_location().bytes();
                let mut found = found.borrow_mut();
                match found.last_mut() {
                    // A sheet may come in several pieces.
                    Some(Found { range: last, kind: FoundKind::StyleSheet, .. }) if last.end == range.start => {
                        last.end = range.end;
                    }
                    _ => found.push(Found { range, value: String::new(), kind: FoundKind::StyleSheet }),
                }
            }
            Ok(())
        }));
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    // What was found before the parser gave up counts.
    if rewriter.write(html).is_ok() {
        rewriter.end().ok();
    } else {
        drop(rewriter);
    }
    found.into_inner()
}

/// The encoding that a page without a declaration has.
fn encoding(html: &[u8]) -> AsciiCompatibleEncoding {
    let guess = if std::str::from_utf8(html).is_ok() { UTF_8 } else { WINDOWS_1252 };
    AsciiCompatibleEncoding::new(guess).unwrap_or_else(AsciiCompatibleEncoding::utf_8)
}

/// A value for an attribute with either quotes or none, in any encoding.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '"' => text.push_str("&quot;"),
            '\'' | '<' | '>' | '`' | '=' | ' ' | '\t' | '\n' | '\r' => {
                text.push_str(&format!("&#{};", u32::from(letter)))
            }
            letter if letter.is_ascii() => text.push(letter),
            letter => text.push_str(&format!("&#{};", u32::from(letter))),
        }
    }
    text
}

/// `a.png 1x, b.png 2x`: an address ends at a blank (HTML, "Parsing a srcset attribute").
fn set(value: &str, redirect: Redirect<'_>) -> Option<String> {
    let mut changed = false;
    let mut candidates = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == ',');
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|letter: char| letter.is_ascii_whitespace()).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        let bare = address.trim_end_matches(',');
        let descriptor_end = if bare.len() < address.len() { 0 } else { after.find(',').unwrap_or(after.len()) };
        let (descriptor, after) = after.split_at(descriptor_end);
        let new = redirect(bare);
        changed |= new.is_some();
        let address = new.unwrap_or_else(|| bare.to_owned());
        candidates.push(format!("{address} {}", descriptor.trim()).trim_end().to_owned());
        rest = after;
    }
    changed.then(|| candidates.join(", "))
}

/// `5; url=page.html`.
fn refresh(value: &str, redirect: Redirect<'_>) -> Option<String> {
    let place = value.find([';', ','])?;
    let (seconds, rest) = value.split_at(place);
    let rest = rest.get(1..)?.trim_start();
    let named = rest.get(..3).filter(|word| word.eq_ignore_ascii_case("url")).and(rest.get(3..));
    let address = match named.map(str::trim_start).and_then(|rest| rest.strip_prefix('=')) {
        Some(address) => address.trim(),
        None => rest.trim(),
    };
    let address = address.trim_matches(['"', '\'']);
    Some(format!("{seconds};url={}", redirect(address)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(html: &str) -> String {
        let redirect = &mut |address: &str| (!address.contains(':')).then(|| format!("new/{address}"));
        let patches = patches(html.as_bytes(), redirect, &mut |_| {});
        String::from_utf8(patched(html.as_bytes(), &patches)).unwrap()
    }

    #[test]
    fn addresses_are_found_in_every_attribute_and_quoting() {
        assert_eq!(moved("<img src=a.png><IMG SRC='b.png' alt=x>"), "<img src=new/a.png><IMG SRC='new/b.png' alt=x>");
        assert_eq!(moved(r#"<a href="x?a=1&amp;b=2#f">"#), r#"<a href="new/x?a&#61;1&amp;b&#61;2#f">"#);
        assert_eq!(
            moved(r#"<video poster="p.jpg"><source src="v.mp4"><track src="t.vtt">"#),
            r#"<video poster="new/p.jpg"><source src="new/v.mp4"><track src="new/t.vtt">"#
        );
        assert_eq!(
            moved(r#"<object data="o.swf"><param name="movie" value="o.swf"><param name=x value=y>"#),
            r#"<object data="new/o.swf"><param name="movie" value="new/o.swf"><param name=x value=y>"#
        );
        assert_eq!(moved(r#"<svg><image xlink:href="i.png"/></svg>"#), r#"<svg><image xlink:href="new/i.png"/></svg>"#);
    }

    #[test]
    fn sets_of_pictures_keep_their_descriptors() {
        assert_eq!(set("a.png 1x, b.png 2x", &mut |a| Some(format!("n/{a}"))).unwrap(), "n/a.png 1x, n/b.png 2x");
        assert_eq!(set("a,b.png, c.png 100w", &mut |a| Some(format!("n/{a}"))).unwrap(), "n/a,b.png, n/c.png 100w");
        assert_eq!(set("a.png", &mut |_| None), None);
    }

    #[test]
    fn styles_refreshes_and_nested_pages_are_read() {
        assert_eq!(moved("<style>a{b:url(x.png)}</style>"), "<style>a{b:url(\"new/x.png\")}</style>");
        let style = moved(r#"<p style="background:url(&quot;x.png&quot;)">"#);
        assert_eq!(style, "<p style=\"background:url(&quot;new/x.png&quot;)\">");
        assert_eq!(
            moved(r#"<meta http-equiv="Refresh" content="3; URL='n.html'">"#),
            r#"<meta http-equiv="Refresh" content="3;url&#61;new/n.html">"#
        );
        let page = moved(r#"<iframe srcdoc="<img src=&quot;x.png&quot;>"></iframe>"#);
        assert!(html_escape::decode_html_entities(&page).contains(r#"<img src="new/x.png">"#), "{page}");
    }

    #[test]
    fn comments_scripts_and_text_stay() {
        for html in [
            "<!-- <img src=a.png> -->",
            "<script>var a='<img src=a.png>';</script>",
            "<p>src=a.png url(x)</p>",
            "<textarea><img src=a.png></textarea>",
            "<title><img src=a.png></title>",
            "<img alt=\"src=a.png\">",
        ] {
            assert_eq!(moved(html), html);
        }
    }

    #[test]
    fn broken_pages_keep_what_is_not_understood() {
        for html in
            ["<img src=", "<img src=\"a.png", "<", "<a href", "</", "<!--", "<style>a{b:url(", "<select><xmp></select>"]
        {
            assert!(moved(html).len() >= html.len(), "{html}");
        }
    }

    #[test]
    fn a_base_is_told_and_taken_away() {
        let mut base = String::new();
        let html = b"<base href='/courses/X/'><img src=a>";
        let patches = patches(html, &mut |_| None, &mut |found| base = found.to_owned());
        assert_eq!(base, "/courses/X/");
        assert_eq!(patched(html, &patches), b"<base href=''><img src=a>");
    }
}
