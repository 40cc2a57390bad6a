//! HTML of the rows made fit to stand inside a page: whatever an author wrote, what follows it stays what it is.

use scraper::Html;

/// `html` parsed as a browser does and written out whole: what was opened is closed, what was never open is gone.
/// Empty if it says and shows nothing.
pub fn whole(html: &str) -> String {
    if html.trim().is_empty() {
        return String::new();
    }
    Html::parse_fragment(html).root_element().inner_html()
}

/// The text of `html` as one reads it: without tags, entities decoded, blanks collapsed.
pub fn text(html: &str) -> String {
    let parsed;
    let text = if html.contains(['<', '&']) {
        parsed = Html::parse_fragment(html).root_element().text().collect::<String>();
        parsed.as_str()
    } else {
        html
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Plain text as HTML, also inside a quoted attribute. Control characters, which HTML does not know, are left out.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' => escaped.push(character),
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_out_is_closed_or_dropped() {
        for (html, expected) in [
            ("<b>bold", "<b>bold</b>"),
            ("</template></div>x", "x"),
            ("<!-- open", "<!-- open-->"),
            ("<script>let a = '<!--", "<script>let a = '<!--</script>"),
            ("<textarea>t", "<textarea>t</textarea>"),
            ("a & b < c", "a &amp; b &lt; c"),
            ("  ", ""),
        ] {
            assert_eq!(whole(html), expected);
        }
    }

    #[test]
    fn text_is_what_one_reads() {
        assert_eq!(text("<p>l&#39;eau  <b>claire</b></p>"), "l'eau claire");
        assert_eq!(text(" a\n b "), "a b");
    }

    #[test]
    fn control_characters_and_quotes_are_harmless() {
        assert_eq!(escape("a\u{1}\"<'&\u{7f}\n"), "a&quot;&lt;&#39;&amp;\n");
    }
}
