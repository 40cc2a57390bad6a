//! Fill-in-blanks questions: one text with the words in it, then weights and widths.
//!
//! `<html>::w1,w2,…:s1,s2,…:SEP@SW` (Chamilo 1.11, class FillBlanks): the last `::` cuts; SEP is the number of a pair of
//! [`SEPARATORS`]; SW `1` lets blanks be answered in any order. Old rows stop after the weights.

use super::markup;

/// Pairs of characters around a blank, by their number.
const SEPARATORS: [(char, char); 7] =
    [('[', ']'), ('{', '}'), ('(', ')'), ('*', '*'), ('#', '#'), ('%', '%'), ('$', '$')];

/// Width of a field where the row tells none, in pixels.
const WIDTH: i64 = 200;

/// A text with blanks.
#[derive(Debug, PartialEq)]
pub struct Blanks {
    /// The text: an empty `<span data-blank="N">` stands for each blank, counted from 0.
    pub html: String,
    /// The blanks.
    pub blanks: Vec<Blank>,
    /// Whether the words may come in any order.
    pub free: bool,
}

/// One blank.
#[derive(Debug, PartialEq)]
pub struct Blank {
    /// What is right; the first is shown as the answer.
    pub accept: Vec<String>,
    /// What a menu offers, if the blank is one.
    pub menu: Option<Vec<String>>,
    /// Points.
    pub points: f64,
    /// Width in pixels.
    pub width: i64,
}

/// Reads `answer`, the text of the question's only row.
pub fn read(answer: &str) -> Blanks {
    let (html, rule) = answer.rsplit_once("::").unwrap_or((answer, ""));
    let (lists, free) = rule.split_once('@').unwrap_or((rule, ""));
    let mut lists = lists.split(':');
    let mut list = || lists.next().unwrap_or("").split(',').map(str::trim);
    let weights: Vec<f64> =
        list().filter_map(|weight| weight.parse().ok()).filter(|weight: &f64| weight.is_finite()).collect();
    let widths: Vec<i64> = list().filter_map(|width| width.parse().ok()).collect();
    let separator = lists.next().and_then(|number| number.trim().parse::<usize>().ok()).unwrap_or(0);
    let (open, close) = SEPARATORS.get(separator).copied().unwrap_or(SEPARATORS[0]);
    // A bracket too many in the text is no blank: each blank has a weight.
    let most = if weights.is_empty() { usize::MAX } else { weights.len() };
    let mut blanks = Vec::new();
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, word, after)) = (blanks.len() < most).then(|| next(rest, open, close)).flatten() {
        text.push_str(before);
        text.push_str(&format!("<span data-blank=\"{}\"></span>", blanks.len()));
        let points = weights.get(blanks.len()).copied().unwrap_or(1.0);
        let width = widths.get(blanks.len()).copied().filter(|width| (1..=2000).contains(width)).unwrap_or(WIDTH);
        blanks.push(blank(word, points, width));
        rest = after;
    }
    text.push_str(rest);
    Blanks { html: markup::whole(&text), blanks, free: free.trim() == "1" }
}

/// What stands before the next blank, in it and after it. Characters inside of tags are no separators.
fn next(html: &str, open: char, close: char) -> Option<(&str, &str, &str)> {
    let start = outside_of_tags(html, open)?;
    let inside = html.get(start + open.len_utf8()..)?;
    let length = outside_of_tags(inside, close)?;
    Some((html.get(..start)?, inside.get(..length)?, inside.get(length + close.len_utf8()..)?))
}

fn outside_of_tags(html: &str, wanted: char) -> Option<usize> {
    let mut tag = false;
    let mut letters = html.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            // A sign "less than" in a text is followed by a blank or a number.
            '<' if letters.peek().is_some_and(|(_, next)| next.is_ascii_alphabetic() || matches!(next, '/' | '!')) => {
                tag = true
            }
            '>' if tag => tag = false,
            letter if letter == wanted && !tag => {
                // An entity is one letter: `&#39;` holds no separator `#`.
                let entity = letter == '#' && html.get(..at).is_some_and(|before| before.ends_with('&'));
                if !entity {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// `a||b` is any of them, `a|b` a menu whose first entry is right, all else one word. A bar in front counts for nothing.
fn blank(word: &str, points: f64, width: i64) -> Blank {
    let word = markup::text(word);
    let words = |by: &str| word.split(by).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let inner = word.trim_start_matches('|');
    let (accept, menu): (Vec<String>, _) = if inner.contains("||") {
        (words("||"), None)
    } else if inner.contains('|') {
        let menu: Vec<String> = words("|");
        (menu.first().cloned().into_iter().collect(), Some(menu))
    } else {
        (vec![word.clone()], None)
    };
    Blank { accept, menu, points, width }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(answer: &str) -> Vec<Vec<String>> {
        read(answer).blanks.into_iter().map(|blank| blank.accept).collect()
    }

    #[test]
    fn every_pair_of_separators_marks_blanks() {
        for (number, (open, close)) in SEPARATORS.iter().enumerate() {
            let read = read(&format!("<p>a {open}x{close} b {open}y z{close}</p>::2,3:50,60:{number}@1"));
            assert_eq!(read.html, "<p>a <span data-blank=\"0\"></span> b <span data-blank=\"1\"></span></p>");
            assert_eq!(read.blanks[1], Blank { accept: vec!["y z".into()], menu: None, points: 3.0, width: 60 });
            assert!(read.free);
        }
    }

    #[test]
    fn separators_in_tags_and_brackets_too_many_are_text() {
        let colour = read("<p style=\"color:#fff\">#red# and #1</p>::1:100:4@");
        assert_eq!(colour.html, "<p style=\"color:#fff\"><span data-blank=\"0\"></span> and #1</p>");
        assert_eq!(words("1 < 2 [a] [b]::5:100:0@"), [["a"]]);
        assert_eq!(words("it&#39;s #b#::1:100:4@"), [["b"]]);
    }

    #[test]
    fn bars_make_menus_and_variants() {
        let read = read("[a|b|c] [x||y] [|z] [<b>l&#39;eau</b>]::1,1,1,1:9,9,9,9:0@0");
        assert_eq!(read.blanks[0].menu.as_deref(), Some(["a".into(), "b".into(), "c".into()].as_slice()));
        assert_eq!(read.blanks[0].accept, ["a"]);
        assert_eq!((read.blanks[1].accept.len(), &read.blanks[1].menu), (2, &None));
        assert_eq!(read.blanks[3].accept, ["l'eau"]);
    }

    #[test]
    fn old_rows_have_weights_only_and_no_rule_at_all_is_one_point_each() {
        let old = read("a [b]::4");
        assert_eq!((old.blanks[0].points, old.blanks[0].width, old.free), (4.0, WIDTH, false));
        assert!(read("a [b] [c]::4,4@1").free);
        assert_eq!(read("a::b [c]::7").blanks[0].points, 7.0);
        assert_eq!(read("no rule [b]").blanks.len(), 1);
        assert_eq!(read("[never closed::1"), Blanks { html: "[never closed".into(), blanks: vec![], free: false });
    }
}
