//! Addresses in style sheets: `url(…)`, `@import "…"`, `image-set("…")`, `src("…")`.
//!
//! Read with the tokenizer of `cssparser`, which knows comments, strings and escapes as browsers do.

use std::borrow::Cow;
use std::ops::Range;

use cssparser::{ParseError, Parser, Token};

use super::{Patch, Redirect};

/// How deep blocks are read into one another; what is deeper is passed over.
const DEEPEST: u8 = 64;

/// Functions whose strings are addresses.
const FUNCTIONS: [&str; 4] = ["url", "src", "image-set", "-webkit-image-set"];

/// The changes that `redirect` wants in the style sheet (or the value of a `style` attribute) `css`.
pub fn patches(css: &[u8], redirect: Redirect<'_>) -> Vec<Patch> {
    // Positions have to stay right: bytes that are not UTF-8 are read as question marks.
    let text = match std::str::from_utf8(css) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => css.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect(),
    };
    let mut found = Vec::new();
    let mut parser = Parser::new(&text);
    read(&mut parser, false, 0, &mut found);
    let patch = |(range, address, function): (Range<usize>, String, bool)| {
        let new = quoted(&redirect(&address)?);
        Some(Patch { range, new: if function { format!("url({new})") } else { new }.into_bytes() })
    };
    found.into_iter().filter_map(patch).collect()
}

/// A string of CSS.
fn quoted(address: &str) -> String {
    format!("\"{}\"", address.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Collects ranges, addresses and whether the range is a whole `url(…)`. `strings`: whether strings here are addresses.
fn read(parser: &mut Parser<'_>, strings: bool, depth: u8, found: &mut Vec<(Range<usize>, String, bool)>) {
    let mut import = false;
    loop {
        let start = parser.position().byte_index();
        let Ok(token) = parser.next_including_whitespace_and_comments() else { return };
        let token = token.clone();
        let end = parser.position().byte_index();
        match &token {
            Token::UnquotedUrl(address) => found.push((start..end, address.to_string(), true)),
            Token::QuotedString(address) if strings || import => found.push((start..end, address.to_string(), false)),
            Token::Function(_) | Token::ParenthesisBlock | Token::CurlyBracketBlock | Token::SquareBracketBlock => {
                let addresses = match &token {
                    Token::Function(name) => FUNCTIONS.iter().any(|known| name.eq_ignore_ascii_case(known)),
                    _ => false,
                };
                if depth < DEEPEST {
                    let nested: Result<(), ParseError<()>> = parser.parse_nested_block(|inner| {
                        read(inner, addresses, depth + 1, found);
                        Ok(())
                    });
                    nested.ok();
                }
            }
            _ => {}
        }
        import = match token {
            Token::AtKeyword(name) => name.eq_ignore_ascii_case("import"),
            Token::WhiteSpace(_) | Token::Comment(_) => import,
            _ => false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorm::references::patched;

    fn moved(css: &[u8]) -> String {
        let patches = patches(css, &mut |address| (!address.starts_with("http")).then(|| format!("new/{address}")));
        String::from_utf8_lossy(&patched(css, &patches)).into_owned()
    }

    #[test]
    fn every_kind_of_address_is_found_and_nothing_else() {
        assert_eq!(moved(b"a{background:url(x.png)}"), r#"a{background:url("new/x.png")}"#);
        assert_eq!(moved(b"a{background:URL( 'x y.png' )}"), r#"a{background:URL( "new/x y.png" )}"#);
        assert_eq!(moved(b"@import \"a.css\" screen;"), r#"@import "new/a.css" screen;"#);
        assert_eq!(moved(b"@import url(a.css);"), r#"@import url("new/a.css");"#);
        assert_eq!(
            moved(b"a{b:image-set('x.png' 1x, \"y.png\" 2x)}"),
            r#"a{b:image-set("new/x.png" 1x, "new/y.png" 2x)}"#
        );
        assert_eq!(
            moved(b"@media print{@font-face{src:url(f.woff)format('woff')}}"),
            r#"@media print{@font-face{src:url("new/f.woff")format('woff')}}"#
        );
        for stays in ["/* url(x.png) */", "a{content:'url(x.png)'}", "a{b:url(http://x/y)}", "a{content:\"x.png\"}"] {
            assert_eq!(moved(stays.as_bytes()), stays);
        }
    }

    #[test]
    fn escapes_are_read_as_a_browser_reads_them() {
        assert_eq!(moved(br"a{b:url(x\ y.png)}"), r#"a{b:url("new/x y.png")}"#);
    }

    #[test]
    fn what_is_not_utf_8_or_not_css_keeps_its_bytes() {
        assert_eq!(
            patched(b"\xe9{b:url(x)}", &patches(b"\xe9{b:url(x)}", &mut |_| Some("y".into()))),
            b"\xe9{b:url(\"y\")}"
        );
        let deep = ["a(".repeat(100_000).as_bytes(), b"url(x)"].concat();
        assert!(patches(&deep, &mut |_| Some("y".into())).is_empty());
        assert!(patches(b"}}}<!-- '\n url(", &mut |_| Some("y".into())).len() < 2);
    }
}
