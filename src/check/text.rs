//! Texts with the traces of an old encoding: bytes that are no UTF-8, and UTF-8 that was taken for Latin-1 once and
//! turned into UTF-8 again (`Ã©` for `é`).

/// Windows-1252 differs from Latin-1 in these bytes, and is what browsers and MySQL mean by Latin-1.
const WINDOWS_1252: [(char, u8); 27] = [
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8a),
    ('‹', 0x8b),
    ('Œ', 0x8c),
    ('Ž', 0x8e),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9a),
    ('›', 0x9b),
    ('œ', 0x9c),
    ('ž', 0x9e),
    ('Ÿ', 0x9f),
];

/// What is odd about a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// It is no UTF-8.
    NotUtf8,
    /// It was encoded twice.
    Twice,
}

impl Oddity {
    /// What is odd about `text`, `None` if nothing is.
    pub fn of(text: &[u8]) -> Option<Oddity> {
        if text.is_ascii() {
            return None;
        }
        let Ok(text) = std::str::from_utf8(text) else { return Some(Oddity::NotUtf8) };
        encoded_twice(text).then_some(Oddity::Twice)
    }

    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Oddity::NotUtf8 => "is not UTF-8",
            Oddity::Twice => "was encoded twice",
        }
    }
}

/// Whether somewhere in `text` letters beyond ASCII are the bytes of another letter.
///
/// Two of them in a row that happen to be that are rare in any language, but a whole text of letters each of which is
/// part of such a row is no accident.
fn encoded_twice(text: &str) -> bool {
    let mut runs = text.split(|letter: char| letter.is_ascii()).filter(|run| !run.is_empty()).peekable();
    runs.peek().is_some()
        && runs.all(|run| {
            let bytes: Option<Vec<u8>> = run.chars().map(byte_of).collect();
            bytes.is_some_and(|bytes| std::str::from_utf8(&bytes).is_ok())
        })
}

fn byte_of(letter: char) -> Option<u8> {
    match u8::try_from(u32::from(letter)) {
        Ok(byte) => Some(byte),
        Err(_) => WINDOWS_1252.iter().find(|(known, _)| *known == letter).map(|(_, byte)| *byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_was_encoded_twice_is_told_from_text_with_accents() {
        for twice in ["Ã©tÃ©", "Lâ€™Ã©cole", "NaÃ¯ve Å“uvre"] {
            assert_eq!(Oddity::of(twice.as_bytes()), Some(Oddity::Twice), "{twice}");
        }
        for sound in ["été", "L’école – «œuvre»", "Ñandú", "São Tomé", "日本", "Größe", "Æøå", "plain", ""]
        {
            assert_eq!(Oddity::of(sound.as_bytes()), None, "{sound}");
        }
        assert_eq!(Oddity::of(b"caf\xe9"), Some(Oddity::NotUtf8));
    }
}
