//! What a configuration file assigns to `$_configuration`, read without running it.
//!
//! A value counts as known only if PHP could not come to another one: a literal, assigned by a statement of its own that
//! is always run. What is assigned under a condition, in a loop or a function, or made of other values is
//! [`Value::Computed`]: it is never guessed.

use std::collections::BTreeMap;

use super::tokens::{Kind, Token, tokens};

/// A value that a setting is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text; bytes, for old files are not UTF-8.
    Text(Vec<u8>),
    /// A whole number.
    Int(i64),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// An array: what it holds under keys that are literals; elements without a key are left out.
    Array(BTreeMap<Vec<u8>, Value>),
    /// Anything else.
    Computed,
}

/// A value and the line where it is assigned, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    /// The value.
    pub value: Value,
    /// The line.
    pub line: usize,
}

/// All that a file assigns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignments {
    settings: BTreeMap<Vec<u8>, Assigned>,
    /// Where the whole of `$_configuration` got a value that is not known.
    whole_computed: Option<usize>,
    /// The first line that runs another file.
    include: Option<usize>,
}

/// The variable that holds the settings (Chamilo 1.11).
const VARIABLE: &[u8] = b"_configuration";

/// Words that run another file.
const INCLUDES: [&[u8]; 4] = [b"include", b"include_once", b"require", b"require_once"];

/// Words behind which, as a statement of its own, nothing is run any more.
const ENDS: [&[u8]; 4] = [b"return", b"exit", b"die", b"__halt_compiler"];

/// Words that begin a block which may go without braces (`if (…): … endif;`), and those that end it.
const BLOCKS: [(&[u8], &[u8]); 6] = [
    (b"if", b"endif"),
    (b"for", b"endfor"),
    (b"foreach", b"endforeach"),
    (b"while", b"endwhile"),
    (b"switch", b"endswitch"),
    (b"declare", b"enddeclare"),
];

/// Arrays in arrays deeper than this are not looked into.
const MAX_DEPTH: usize = 32;

impl Assignments {
    /// Reads the PHP file `source`.
    pub fn read(source: &[u8]) -> Assignments {
        let tokens = tokens(source);
        let mut found = Assignments::default();
        let mut at = 0;
        // How many blocks are open: what stands in one may not be run.
        let mut depth = 0_usize;
        let mut starts = true;
        while let Some(token) = tokens.get(at) {
            let always = starts && depth == 0;
            starts = false;
            match &token.kind {
                Kind::Sign(b'{') => (depth, starts) = (depth + 1, true),
                Kind::Sign(b'}') => (depth, starts) = (depth.saturating_sub(1), true),
                Kind::Sign(b';') => starts = true,
                Kind::Word(word) if INCLUDES.contains(&word.as_slice()) => {
                    found.include.get_or_insert(token.line);
                }
                Kind::Word(word) if always && ENDS.contains(&word.as_slice()) => break,
                Kind::Word(word) if BLOCKS.iter().any(|(_, end)| end == word) => depth = depth.saturating_sub(1),
                Kind::Word(word)
                    if BLOCKS.iter().any(|(begin, _)| begin == word)
                        && opens_without_brace(tokens.get(at + 1..).unwrap_or_default()) =>
                {
                    depth += 1;
                }
                Kind::Word(word) if word == b"unset" => found.unset(tokens.get(at + 1..).unwrap_or_default()),
                Kind::Variable(name) if name == VARIABLE => {
                    found.assignment(tokens.get(at + 1..).unwrap_or_default(), token.line, always);
                }
                _ => {}
            }
            at += 1;
        }
        found
    }

    /// What `name` is assigned last. A setting that may have been assigned together with others is
    /// [`Value::Computed`].
    pub fn get(&self, name: &str) -> Option<Assigned> {
        let whole = self.whole_computed.map(|line| Assigned { value: Value::Computed, line });
        self.settings.get(name.as_bytes()).cloned().or(whole)
    }

    /// The first line that runs another file, whose settings are not known.
    pub fn include(&self) -> Option<usize> {
        self.include
    }

    /// Takes in the assignment, if it is one, whose variable stands before `tokens`.
    fn assignment(&mut self, tokens: &[Token], line: usize, always: bool) {
        let (keys, rest) = keys(tokens);
        let plain = match rest.first().map(|token| &token.kind) {
            Some(Kind::Assign) => true,
            Some(Kind::AssignMore) => false,
            _ => return,
        };
        let value = match literal(rest.get(1..).unwrap_or_default(), MAX_DEPTH) {
            Some((value, [])) if plain && always => value,
            Some((value, [next, ..])) if plain && always && next.kind == Kind::Sign(b';') => value,
            _ => Value::Computed,
        };
        match keys.as_slice() {
            [] => match value {
                Value::Array(elements) => {
                    let assigned = elements.into_iter().map(|(name, value)| (name, Assigned { value, line }));
                    self.settings = assigned.collect();
                    self.whole_computed = None;
                }
                _ => {
                    self.settings.clear();
                    self.whole_computed = Some(line);
                }
            },
            [Some(name)] => {
                self.settings.insert(name.clone(), Assigned { value, line });
            }
            // An element of an array: what else is in the array stays as it is.
            [Some(name), Some(element), deeper @ ..] => {
                let unset = Assigned { value: Value::Array(BTreeMap::new()), line };
                let array = self.settings.entry(name.clone()).or_insert(unset);
                match &mut array.value {
                    Value::Array(elements) => {
                        let value = if deeper.is_empty() { value } else { Value::Computed };
                        elements.insert(element.clone(), value);
                    }
                    // A text has letters and no elements.
                    other => *other = Value::Computed,
                }
            }
            // Which element it is, only PHP knows.
            [Some(name), ..] => {
                self.settings.insert(name.clone(), Assigned { value: Value::Computed, line });
            }
            // A constant as a name: constants are left alone.
            _ => {}
        }
    }

    /// `unset($_configuration['x'])`, under whatever condition.
    fn unset(&mut self, tokens: &[Token]) {
        for (at, token) in tokens.iter().enumerate() {
            match &token.kind {
                Kind::Sign(b';') => return,
                Kind::Variable(name) if name == VARIABLE => {
                    let (keys, _) = keys(tokens.get(at + 1..).unwrap_or_default());
                    if let [Some(name), ..] = keys.as_slice() {
                        let computed = Assigned { value: Value::Computed, line: token.line };
                        self.settings.insert(name.clone(), computed);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The keys in brackets that `tokens` begin with (`None` for one that is no literal), and what follows them.
fn keys(mut tokens: &[Token]) -> (Vec<Option<Vec<u8>>>, &[Token]) {
    let mut keys = Vec::new();
    while let [open, rest @ ..] = tokens
        && open.kind == Kind::Sign(b'[')
    {
        let Some(end) = closing(rest) else { break };
        let (within, after) = rest.split_at(end);
        keys.push(match within {
            [token] => key(&token.kind),
            _ => None,
        });
        tokens = after.get(1..).unwrap_or_default();
    }
    (keys, tokens)
}

fn key(kind: &Kind) -> Option<Vec<u8>> {
    match kind {
        Kind::Text(text) => Some(text.clone()),
        Kind::Int(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

/// Where in `tokens` the bracket, brace or parenthesis is closed that was opened just before them.
fn closing(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Sign(b'[' | b'(' | b'{') => depth += 1,
            Kind::Sign(b']' | b')' | b'}') if depth == 0 => return Some(at),
            Kind::Sign(b']' | b')' | b'}') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether the condition in parentheses that `tokens` begin with is followed by a colon.
fn opens_without_brace(tokens: &[Token]) -> bool {
    match tokens {
        [open, rest @ ..] if open.kind == Kind::Sign(b'(') => {
            let after = closing(rest).and_then(|end| rest.get(end + 1));
            after.is_some_and(|token| token.kind == Kind::Sign(b':'))
        }
        _ => false,
    }
}

/// The literal that `tokens` begin with, and what follows it.
fn literal(tokens: &[Token], depth: usize) -> Option<(Value, &[Token])> {
    let (first, rest) = tokens.split_first()?;
    let value = match &first.kind {
        Kind::Text(text) => Value::Text(text.clone()),
        Kind::Int(number) => Value::Int(*number),
        Kind::Sign(b'-') => match rest.first().map(|token| &token.kind) {
            Some(Kind::Int(number)) => return Some((Value::Int(-number), rest.get(1..)?)),
            _ => return None,
        },
        Kind::Word(word) => match word.as_slice() {
            b"true" => Value::Bool(true),
            b"false" => Value::Bool(false),
            b"null" => Value::Null,
            b"array" if rest.first()?.kind == Kind::Sign(b'(') => return array(rest.get(1..)?, depth),
            _ => return None,
        },
        Kind::Sign(b'[') => return array(rest, depth),
        _ => return None,
    };
    Some((value, rest))
}

/// The array whose opening bracket stands before `tokens`, and what follows it. Elements that are no literals are
/// computed; the array is known all the same.
fn array(tokens: &[Token], depth: usize) -> Option<(Value, &[Token])> {
    let end = closing(tokens)?;
    let (mut within, after) = tokens.split_at(end);
    let after = after.get(1..)?;
    let mut elements = BTreeMap::new();
    while depth > 0 && !within.is_empty() {
        let (element, rest) = within.split_at(element_end(within));
        within = rest.get(1..).unwrap_or_default();
        if let [name, arrow, value @ ..] = element
            && arrow.kind == Kind::Arrow
            && let Some(name) = key(&name.kind)
        {
            let value = match literal(value, depth - 1) {
                Some((value, [])) => value,
                _ => Value::Computed,
            };
            elements.insert(name, value);
        }
    }
    Some((Value::Array(elements), after))
}

/// Where the first element ends: its comma, or the end.
fn element_end(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Sign(b'[' | b'(' | b'{') => depth += 1,
            Kind::Sign(b']' | b')' | b'}') => depth = depth.saturating_sub(1),
            Kind::Sign(b',') if depth == 0 => return at,
            _ => {}
        }
    }
    tokens.len()
}
