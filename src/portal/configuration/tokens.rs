//! PHP source as tokens: as much of the language as a configuration file is written in, and every other byte told from
//! it.
//!
//! Nothing is executed or looked up. Whatever could have a value that only PHP knows (text with variables in it, a
//! heredoc, a fraction) is one [`Kind::Opaque`]; who reads the tokens decides what to do about it. Any bytes at all can
//! be read; a text or comment without an end goes to the end of the file.

use memchr::memmem;

/// A token and the line it begins in, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it stands.
    pub line: usize,
    /// What it is.
    pub kind: Kind,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A variable, without its dollar.
    Variable(Vec<u8>),
    /// A text in quotes with nothing to compute in it, its escapes resolved.
    Text(Vec<u8>),
    /// A whole number.
    Int(i64),
    /// A keyword, a constant, the name of a function; in lower case, for PHP's own words ignore case.
    Word(Vec<u8>),
    /// A single `=`.
    Assign,
    /// `.=`, `+=`, `??=` and the like.
    AssignMore,
    /// `=>`.
    Arrow,
    /// Another operator that has an equals sign in it, so that nobody takes it for an assignment.
    Compare,
    /// Any other sign.
    Sign(u8),
    /// Something whose value only PHP knows.
    Opaque,
}

/// Escapes of one letter in a text in double quotes, and the byte that each stands for.
const ESCAPES: [(u8, u8); 9] = [
    (b'n', b'\n'),
    (b't', b'\t'),
    (b'r', b'\r'),
    (b'v', 0x0b),
    (b'e', 0x1b),
    (b'f', 0x0c),
    (b'\\', b'\\'),
    (b'$', b'$'),
    (b'"', b'"'),
];

/// Operators with an equals sign in them, longer ones first.
const OPERATORS: [(&[u8], Kind); 23] = [
    (b"<=>", Kind::Compare),
    (b"===", Kind::Compare),
    (b"!==", Kind::Compare),
    (b"??=", Kind::AssignMore),
    (b"**=", Kind::AssignMore),
    (b"<<=", Kind::AssignMore),
    (b">>=", Kind::AssignMore),
    (b"=>", Kind::Arrow),
    (b"==", Kind::Compare),
    (b"!=", Kind::Compare),
    (b"<=", Kind::Compare),
    (b">=", Kind::Compare),
    (b".=", Kind::AssignMore),
    (b"+=", Kind::AssignMore),
    (b"-=", Kind::AssignMore),
    (b"*=", Kind::AssignMore),
    (b"/=", Kind::AssignMore),
    (b"%=", Kind::AssignMore),
    (b"&=", Kind::AssignMore),
    (b"|=", Kind::AssignMore),
    (b"^=", Kind::AssignMore),
    // `=&` makes two names of one thing: what it holds is not written here.
    (b"=&", Kind::AssignMore),
    (b"=", Kind::Assign),
];

/// The tokens of `source`, which begins outside of PHP, as a file does.
pub fn tokens(source: &[u8]) -> Vec<Token> {
    let mut reader = Reader { rest: source, line: 1, tokens: Vec::new() };
    while reader.enter() {
        reader.code();
    }
    reader.tokens
}

struct Reader<'s> {
    rest: &'s [u8],
    line: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    /// Goes to the next beginning of PHP code; false at the end of the file.
    fn enter(&mut self) -> bool {
        let Some(at) = memmem::find(self.rest, b"<?") else {
            self.rest = &[];
            return false;
        };
        self.advance(at + 2);
        if self.rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case(b"php")) {
            self.advance(3);
        }
        true
    }

    /// Reads code up to its end mark or the end of the file.
    fn code(&mut self) {
        while let Some(&byte) = self.rest.first() {
            let line = self.line;
            if self.rest.starts_with(b"?>") {
                self.advance(2);
                // The end of the code ends a statement too.
                self.tokens.push(Token { line, kind: Kind::Sign(b';') });
                return;
            }
            let kind = match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {
                    self.advance(1);
                    continue;
                }
                b'#' => {
                    self.line_comment();
                    continue;
                }
                b'/' if self.rest.starts_with(b"//") => {
                    self.line_comment();
                    continue;
                }
                b'/' if self.rest.starts_with(b"/*") => {
                    let end = memmem::find(self.rest.get(2..).unwrap_or_default(), b"*/");
                    self.advance(end.map_or(self.rest.len(), |at| at + 4));
                    continue;
                }
                b'\'' => self.single_quoted(),
                b'"' => self.double_quoted(),
                b'`' => self.shell_command(),
                b'<' if self.rest.starts_with(b"<<<") => self.heredoc(),
                b'$' => match self.name_at(1) {
                    0 => self.sign(),
                    length => Kind::Variable(self.take(length + 1).get(1..).unwrap_or_default().to_vec()),
                },
                b'0'..=b'9' => self.number(),
                b'.' if self.rest.get(1).is_some_and(u8::is_ascii_digit) => self.number(),
                byte if is_name_byte(byte) || byte == b'\\' => {
                    let length = self.rest.iter().take_while(|byte| is_name_byte(**byte) || **byte == b'\\').count();
                    Kind::Word(self.take(length).to_ascii_lowercase())
                }
                _ => self.sign(),
            };
            self.tokens.push(Token { line, kind });
        }
    }

    /// A comment to the end of its line, which the end mark of the code ends too.
    fn line_comment(&mut self) {
        let line = self.rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(self.rest.len());
        let mark = memmem::find(self.rest.get(..line).unwrap_or_default(), b"?>");
        self.advance(mark.unwrap_or(line));
    }

    fn sign(&mut self) -> Kind {
        if let Some((text, kind)) = OPERATORS.iter().find(|(text, _)| self.rest.starts_with(text)) {
            self.advance(text.len());
            return kind.clone();
        }
        Kind::Sign(self.take(1).first().copied().unwrap_or_default())
    }

    fn single_quoted(&mut self) -> Kind {
        self.advance(1);
        let mut text = Vec::new();
        while let Some(&byte) = self.rest.first() {
            match (byte, self.rest.get(1)) {
                (b'\'', _) => {
                    self.advance(1);
                    return Kind::Text(text);
                }
                (b'\\', Some(&next @ (b'\\' | b'\''))) => {
                    text.push(next);
                    self.advance(2);
                }
                _ => {
                    text.push(byte);
                    self.advance(1);
                }
            }
        }
        Kind::Opaque
    }

    fn double_quoted(&mut self) -> Kind {
        self.advance(1);
        let (mut text, mut computed) = (Vec::new(), false);
        while let Some(&byte) = self.rest.first() {
            match (byte, self.rest.get(1)) {
                (b'"', _) => {
                    self.advance(1);
                    return if computed { Kind::Opaque } else { Kind::Text(text) };
                }
                (b'\\', Some(_)) => self.escape(&mut text),
                (b'$', Some(&next)) if next == b'{' || is_name_start(next) => {
                    computed = true;
                    self.advance(1);
                }
                (b'{', Some(b'$')) => {
                    computed = true;
                    self.advance(1);
                }
                _ => {
                    text.push(byte);
                    self.advance(1);
                }
            }
        }
        Kind::Opaque
    }

    /// Resolves the escape that the rest begins with; one that means nothing stands for itself.
    fn escape(&mut self, text: &mut Vec<u8>) {
        let after = self.rest.get(1..).unwrap_or_default();
        let Some(&letter) = after.first() else { return };
        if let Some((_, byte)) = ESCAPES.iter().find(|(escape, _)| *escape == letter) {
            text.push(*byte);
            self.advance(2);
            return;
        }
        let digits = |from: usize, most: usize, is: fn(&u8) -> bool| {
            let digits = after.get(from..).unwrap_or_default();
            digits.iter().take(most).take_while(|byte| is(byte)).count()
        };
        let number = |from: usize, length: usize, radix| {
            let digits = after.get(from..from + length).unwrap_or_default();
            std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, radix).ok())
        };
        let octal = digits(0, 3, |byte| matches!(byte, b'0'..=b'7'));
        if octal > 0 {
            // More than a byte holds loses what is above it.
            text.push(number(0, octal, 8).unwrap_or_default() as u8);
            self.advance(1 + octal);
            return;
        }
        let hexadecimal = digits(1, 2, u8::is_ascii_hexdigit);
        if letter.eq_ignore_ascii_case(&b'x') && hexadecimal > 0 {
            text.push(number(1, hexadecimal, 16).unwrap_or_default() as u8);
            self.advance(2 + hexadecimal);
            return;
        }
        let point = digits(2, 8, u8::is_ascii_hexdigit);
        if after.starts_with(b"u{")
            && after.get(2 + point) == Some(&b'}')
            && let Some(character) = number(2, point, 16).and_then(char::from_u32)
        {
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            self.advance(4 + point);
            return;
        }
        text.push(b'\\');
        self.advance(1);
        if after.first().is_some_and(|byte| *byte != b'{') {
            text.push(letter);
            self.advance(1);
        }
    }

    fn shell_command(&mut self) -> Kind {
        self.advance(1);
        while let Some(&byte) = self.rest.first() {
            self.advance(if byte == b'\\' { 2 } else { 1 });
            if byte == b'`' {
                break;
            }
        }
        Kind::Opaque
    }

    /// A text between a word behind `<<<` and a line that begins with the same word.
    fn heredoc(&mut self) -> Kind {
        let after = self.rest.get(3..).unwrap_or_default();
        let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let quote = after.get(blanks).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let start = 3 + blanks + usize::from(quote.is_some());
        let length = self.name_at(start);
        let word = self.rest.get(start..start + length).unwrap_or_default().to_vec();
        let closed = quote.is_none() || self.rest.get(start + length).copied() == quote;
        let line_end = self.rest.get(start + length + usize::from(quote.is_some())).copied();
        if length == 0 || !closed || !matches!(line_end, Some(b'\n' | b'\r')) {
            return self.sign();
        }
        self.next_line();
        while !self.rest.is_empty() {
            let indent = self.rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let found = self.rest.get(indent..).unwrap_or_default();
            if found.starts_with(&word) && !found.get(word.len()).copied().is_some_and(is_name_byte) {
                self.advance(indent + word.len());
                break;
            }
            self.next_line();
        }
        Kind::Opaque
    }

    fn next_line(&mut self) {
        let end = self.rest.iter().position(|byte| *byte == b'\n').map_or(self.rest.len(), |at| at + 1);
        self.advance(end);
    }

    /// A number; fractions and what no 64 bits hold are opaque.
    fn number(&mut self) -> Kind {
        let length = self.rest.iter().take_while(|byte| is_name_byte(**byte) || **byte == b'.').count();
        let digits: Vec<u8> = self.take(length).iter().filter(|byte| **byte != b'_').copied().collect();
        let text = String::from_utf8_lossy(&digits).to_ascii_lowercase();
        let (radix, digits) = match text.get(..2) {
            Some("0x") => (16, text.get(2..)),
            Some("0b") => (2, text.get(2..)),
            Some("0o") => (8, text.get(2..)),
            Some(_) if text.starts_with('0') => (8, text.get(1..)),
            _ => (10, Some(text.as_str())),
        };
        digits.and_then(|digits| i64::from_str_radix(digits, radix).ok()).map_or(Kind::Opaque, Kind::Int)
    }

    /// The length of the name that begins `at` bytes from here.
    fn name_at(&self, at: usize) -> usize {
        let rest = self.rest.get(at..).unwrap_or_default();
        match rest.first() {
            Some(first) if is_name_start(*first) => rest.iter().take_while(|byte| is_name_byte(**byte)).count(),
            _ => 0,
        }
    }

    fn advance(&mut self, count: usize) {
        self.take(count);
    }

    fn take(&mut self, count: usize) -> &[u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.line += taken.iter().filter(|byte| **byte == b'\n').count();
        self.rest = rest;
        taken
    }
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_name_byte(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit()
}
