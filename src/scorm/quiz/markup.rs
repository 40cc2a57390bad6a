//! HTML of the rows made fit to stand inside a page: whatever an author wrote, what follows it stays what it is, and
//! nothing of it runs. Chamilo takes scripts out of a test's texts, too, when it shows them (Chamilo 1.11, `Security::remove_XSS`).

use scraper::{Html, Node};

/// Elements that run, that lead away, or whose content parsers read in different ways.
const DROPPED: [&str; 13] = [
    "script",
    "noscript",
    "template",
    "base",
    "meta",
    "xmp",
    "plaintext",
    "noembed",
    "noframes",
    "mglyph",
    "malignmark",
    "annotation-xml",
    "foreignObject",
];

/// How often a text is read again until it stays the same.
const READINGS: usize = 4;

/// `html` parsed as a browser does and written out whole: what was opened is closed, what was never open is gone, and so
/// is what would run. Empty if it says and shows nothing.
pub fn whole(html: &str) -> String {
    if html.trim().is_empty() {
        return String::new();
    }
    let mut cleaned = clean(html);
    for _ in 0..READINGS {
        // What is written out may read differently; only what stays the same is what a browser will see.
        let again = clean(&cleaned);
        if again == cleaned {
            return cleaned;
        }
        cleaned = again;
    }
    escape(&text(&cleaned))
}

fn clean(html: &str) -> String {
    let mut parsed = Html::parse_fragment(html);
    let drops = |node: &Node| match node {
        Node::Element(element) => DROPPED.contains(&element.name()),
        Node::Comment(_) => true,
        _ => false,
    };
    let dropped: Vec<_> = parsed.tree.nodes().filter(|node| drops(node.value())).map(|node| node.id()).collect();
    for id in dropped {
        if let Some(mut node) = parsed.tree.get_mut(id) {
            node.detach();
        }
    }
    for node in parsed.tree.values_mut() {
        if let Node::Element(element) = node {
            element.attrs.retain(|(name, value)| !runs(&name.local, value));
        }
    }
    parsed.root_element().inner_html()
}

/// Whether an attribute holds a script.
fn runs(name: &str, value: &str) -> bool {
    let value: String = value.chars().filter(|letter| !letter.is_whitespace() && !letter.is_control()).collect();
    let script = |part: &str| {
        let starts = |scheme: &str| part.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        starts("javascript:") || starts("vbscript:")
    };
    name.starts_with("on") || name == "srcdoc" || value.split(';').any(script)
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
            ("a<!-- open", "a"),
            ("<textarea>t", "<textarea>t</textarea>"),
            ("a & b < c", "a &amp; b &lt; c"),
            ("  ", ""),
        ] {
            assert_eq!(whole(html), expected);
        }
    }

    #[test]
    fn nothing_that_an_author_wrote_runs() {
        for (html, expected) in [
            ("a<script>alert(1)</script>b", "ab"),
            ("<script>let a = '<!--", ""),
            ("<img src=x.png onerror=alert(1)>", "<img src=\"x.png\">"),
            ("<a href=' java\tscript:alert(1)'>a</a>", "<a>a</a>"),
            ("<svg><animate to='x;javascript:alert(1)'></animate></svg>", "<svg><animate></animate></svg>"),
            ("<iframe srcdoc='<script>x</script>'></iframe>", "<iframe></iframe>"),
            ("<meta http-equiv=refresh content='0;url=x'><base href=/x/>a", "a"),
            ("<p onclick=x style='color:red'>a</p>", "<p style=\"color:red\">a</p>"),
        ] {
            assert_eq!(whole(html), expected);
        }
        // What is harmless when it is read once, and not when what was written out is read again.
        let twice =
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">";
        assert!(!Html::parse_fragment(&whole(twice)).html().contains("onerror=\"alert"));
        assert_eq!(whole(&whole(twice)), whole(twice));
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
