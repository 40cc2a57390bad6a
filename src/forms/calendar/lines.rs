//! Content lines of iCalendar (RFC 5545, 3.1): folding, parameters, text.

/// The longest line, in octets without its break (RFC 5545, 3.1).
const LONGEST: usize = 75;

/// A property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its name, in capital letters.
    pub name: String,
    /// Its parameters: name in capital letters, and value.
    pub parameters: Vec<(String, String)>,
    /// Its value as it stands there.
    pub value: String,
    /// The number of the line that it begins in, counted from 1.
    pub number: usize,
}

impl Line {
    /// A parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Adds a line `name` (with its parameters) and `value`, folded.
pub fn push(text: &mut String, name: &str, value: &str) {
    let line = format!("{name}:{value}");
    let mut length = 0;
    for letter in line.chars() {
        if length + letter.len_utf8() > LONGEST {
            text.push_str("\r\n ");
            length = 1;
        }
        text.push(letter);
        length += letter.len_utf8();
    }
    text.push_str("\r\n");
}

/// Text as a value (RFC 5545, 3.3.11).
pub fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => value.extend(['\\', letter]),
            '\n' => value.push_str("\\n"),
            letter => value.push(letter),
        }
    }
    value
}

/// The text of a value.
pub fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(letter) => text.push(letter),
                None => text.push('\\'),
            },
            letter => text.push(letter),
        }
    }
    text
}

/// A text as a value can hold it: without control characters but line breaks and tabs.
pub fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

/// The lines of a calendar, unfolded. What is no property is passed over.
pub fn read(text: &str) -> Vec<Line> {
    let mut whole: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), whole.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ => whole.push((number, line.to_owned())),
        }
    }
    whole.into_iter().filter_map(|(number, line)| parse(number, &line)).collect()
}

fn parse(number: usize, line: &str) -> Option<Line> {
    // Colons and semicolons count outside of quotes only.
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut value = None;
    for (at, letter) in line.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ':' if !quoted => {
                value = line.get(at + 1..);
                break;
            }
            ';' if !quoted => parts.push(String::new()),
            letter => parts.last_mut()?.push(letter),
        }
    }
    let value = value?.to_owned();
    let mut parts = parts.into_iter();
    let name = parts.next()?.trim().to_ascii_uppercase();
    let parameters = parts.filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_ascii_uppercase(), value.to_owned()))
    });
    Some(Line { name, parameters: parameters.collect(), value, number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_and_quotes_are_understood() {
        let lines = read("DTSTART;TZID=\"Europe/Paris;x:y\":20260901T100000\r\nSUMMARY:A\\, b\r\n  c\r\n");
        assert_eq!(lines[0].parameter("TZID"), Some("Europe/Paris;x:y"));
        assert_eq!(lines[0].value, "20260901T100000");
        assert_eq!(unescaped(&lines[1].value), "A, b c");
        assert_eq!(lines[1].number, 2);
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_lines_of_75_octets(text in "\\PC*|[\u{1F30B}é\\\\;,:\n\t \"]{0,200}") {
            let mut written = String::new();
            push(&mut written, "SUMMARY", &escaped(&shown(text.as_bytes())));
            prop_assert!(written.split("\r\n").all(|line| line.len() <= LONGEST));
            let lines = read(&written);
            prop_assert_eq!(unescaped(&lines[0].value), shown(text.as_bytes()));
        }
    }
}
