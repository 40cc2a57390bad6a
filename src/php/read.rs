//! The reader: bytes to a tree of values.
//!
//! It reads what PHP's `serialize` writes, and the further spellings that `unserialize` takes (`i:+5;`, `d:.5;`, `S:`).
//! The rest is refused with the offset of the fault, before anything is allocated for it: lengths and counts are held
//! against the bytes that are left, and nesting, values and bytes have [`Limits`]. It looks no class up, so nothing is
//! constructed or run.

use std::borrow::Cow;

use super::number::{parse_float, parse_int};
use super::{Custom, Key, Reference, Value};

/// What [`read`] takes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many arrays and objects may lie inside each other; more than [`Limits::MAX_DEPTH`] counts as that.
    pub depth: usize,
    /// How many values there may be in all, containers included, keys not. A value takes 32 bytes of memory, with its
    /// key 56, and what a growing array has in reserve.
    pub values: usize,
    /// How long the input may be, in bytes, with what follows the value.
    pub bytes: usize,
}

impl Limits {
    /// The deepest nesting that any limits allow: trees are walked by recursion, and one of this depth is safe to
    /// read, write, copy, compare and drop on the 2 MiB stack of a thread. PHP itself stops at 4096; a course
    /// backup has about ten levels.
    pub const MAX_DEPTH: usize = 512;
}

/// A depth of [`Limits::MAX_DEPTH`], 4 million values, 128 MiB.
impl Default for Limits {
    fn default() -> Self {
        Limits { depth: Limits::MAX_DEPTH, values: 4_000_000, bytes: 128 << 20 }
    }
}

/// Why bytes are not a serialized PHP value, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("serialized PHP data, byte {offset}: {problem}")]
pub struct ReadError {
    /// Where the fault is, in bytes from the start of the input.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with serialized data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Something else stands there, or the data ends.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A length exceeds the data.
    #[error("a length of {length} bytes, but only {left} are left; the data is truncated or was edited by hand")]
    Length {
        /// The length declared, in bytes.
        length: u64,
        /// The bytes that follow.
        left: usize,
    },
    /// A container announces more entries than the data has room for.
    #[error("{count} entries announced, but the {left} bytes left can't hold them")]
    Count {
        /// The number of entries declared.
        count: u64,
        /// The bytes that follow.
        left: usize,
    },
    /// An integer that 64 bits do not hold.
    #[error("an integer outside of 64 bits")]
    IntegerRange,
    /// A reference to a slot that is not before it.
    #[error("a reference to value {slot}, but only {known} values came before")]
    NoSuchSlot {
        /// The slot referred to.
        slot: u64,
        /// The number of slots so far.
        known: usize,
    },
    /// A repeated array key in data with references: the values that PHP's numbering counts and the values left
    /// would no longer be the same. PHP never writes repeated keys.
    #[error("an array has a key twice, in data with references")]
    RepeatedKey,
    /// The obsolete `o:` form of objects.
    #[error("an object in the obsolete form `o:`, which is not supported")]
    OldObject,
    /// More nesting than [`Limits::depth`].
    #[error("nested deeper than {0} levels")]
    Depth(usize),
    /// More values than [`Limits::values`].
    #[error("more than {0} values")]
    Values(usize),
    /// More input than [`Limits::bytes`].
    #[error("longer than {0} bytes")]
    Bytes(usize),
}

/// Reads the value at the start of `bytes`. Returns it and the number of bytes it took; what follows is not looked at.
///
/// Strings are borrowed from `bytes`. As PHP does it, canonical decimal keys of arrays become integers and a repeated
/// key of an array replaces the value of the first, in its place. Properties are kept as they are written. Unlike PHP
/// it takes any bytes for a class name and lets `r:` lead to any value; it refuses a property count that is empty or
/// has a sign (`O:1:"A"::{}`), which PHP lets pass for zero, and integers
/// outside of 64 bits.
///
/// # Errors
///
/// [`ReadError`] if the bytes are not a value in PHP's serialize format or exceed the limits.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<(Value<'a>, usize), ReadError> {
    if bytes.len() > limits.bytes {
        return Err(fault(limits.bytes, Problem::Bytes(limits.bytes)));
    }
    let limits = Limits { depth: limits.depth.min(Limits::MAX_DEPTH), ..*limits };
    let mut reader = Reader { bytes, at: 0, limits, values: 0, slots: 0, referred: false, repeated_key: None };
    let value = reader.value(0)?;
    match reader.repeated_key {
        Some(offset) if reader.referred => Err(fault(offset, Problem::RepeatedKey)),
        _ => Ok((value, reader.at)),
    }
}

fn fault(offset: usize, problem: Problem) -> ReadError {
    ReadError { offset, problem }
}

/// The shortest entry of a container is `i:0;N;`.
const SHORTEST_ENTRY: usize = 6;

/// No more entries than this are allocated on the word of the data.
const TRUSTED_COUNT: usize = 64;

struct Reader<'a> {
    bytes: &'a [u8],
    /// The offset of the next byte.
    at: usize,
    limits: Limits,
    /// How many values were begun.
    values: usize,
    /// How many of them have a slot.
    slots: usize,
    /// Whether there was any reference.
    referred: bool,
    /// The offset of the first array that holds a key twice.
    repeated_key: Option<usize>,
}

impl<'a> Reader<'a> {
    /// Reads a value inside `depth` containers.
    fn value(&mut self, depth: usize) -> Result<Value<'a>, ReadError> {
        let start = self.at;
        let tag = self.tag("a value")?;
        if self.values == self.limits.values {
            return Err(fault(start, Problem::Values(self.limits.values)));
        }
        self.values += 1;
        if tag != b'R' {
            self.slots += 1;
        }
        if tag == b'N' {
            self.literal(b";", "`;`")?;
            return Ok(Value::Null);
        }
        self.literal(b":", "`:`")?;
        match tag {
            b'b' => self.truth(),
            b'i' => self.int().map(Value::Int),
            b'd' => self.float(),
            b's' => self.string().map(Value::String),
            b'S' => self.escaped_string().map(Value::String),
            b'a' => self.array(start, depth),
            b'O' => self.object(start, depth),
            b'E' => self.enum_case(),
            b'C' => self.custom(),
            b'r' => self.slot(start, self.slots - 1).map(Reference::Object).map(Value::Reference),
            b'R' => self.slot(start, self.slots).map(Reference::Variable).map(Value::Reference),
            b'o' => Err(fault(start, Problem::OldObject)),
            _ => Err(fault(start, Problem::Expected("a value"))),
        }
    }

    fn truth(&mut self) -> Result<Value<'a>, ReadError> {
        let start = self.at;
        let truth = match self.tag("`0` or `1`")? {
            b'0' => false,
            b'1' => true,
            _ => return Err(fault(start, Problem::Expected("`0` or `1`"))),
        };
        self.literal(b";", "`;`")?;
        Ok(Value::Bool(truth))
    }

    /// Reads `-5;`.
    fn int(&mut self) -> Result<i64, ReadError> {
        let start = self.at;
        let text = self.run(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+'));
        let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(fault(start, Problem::Expected("an integer")));
        }
        let number = parse_int(text).ok_or(fault(start, Problem::IntegerRange))?;
        self.literal(b";", "`;`")?;
        Ok(number)
    }

    /// Reads `0.5;`.
    fn float(&mut self) -> Result<Value<'a>, ReadError> {
        let start = self.at;
        let text = self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'));
        let number = parse_float(text).ok_or(fault(start, Problem::Expected("a number, INF, -INF or NAN")))?;
        self.literal(b";", "`;`")?;
        Ok(Value::Float(number))
    }

    /// Reads `5:"bytes";`.
    fn string(&mut self) -> Result<Cow<'a, [u8]>, ReadError> {
        let string = self.quoted()?;
        self.literal(b";", "`;`")?;
        Ok(Cow::Borrowed(string))
    }

    /// Reads `5:"by\74es";`, whose length is that without the escapes.
    fn escaped_string(&mut self) -> Result<Cow<'a, [u8]>, ReadError> {
        let length = self.length()?;
        self.literal(b"\"", "`\"`")?;
        let mut string = Vec::with_capacity(length);
        for _ in 0..length {
            string.push(match self.tag("a byte of the string")? {
                b'\\' => self.hex_digit()? << 4 | self.hex_digit()?,
                byte => byte,
            });
        }
        self.literal(b"\";", "`\";` where the string's length ends it")?;
        Ok(Cow::Owned(string))
    }

    fn hex_digit(&mut self) -> Result<u8, ReadError> {
        let start = self.at;
        let digit = char::from(self.tag("a hexadecimal digit")?).to_digit(16);
        digit.map(|digit| digit as u8).ok_or(fault(start, Problem::Expected("a hexadecimal digit")))
    }

    fn array(&mut self, start: usize, depth: usize) -> Result<Value<'a>, ReadError> {
        let mut entries = self.entries(start, depth, Key::of_array)?;
        self.literal(b"}", "`}` after the announced number of entries")?;
        if keep_last_of_each_key(&mut entries) {
            self.repeated_key.get_or_insert(start);
        }
        Ok(Value::Array(entries))
    }

    fn object(&mut self, start: usize, depth: usize) -> Result<Value<'a>, ReadError> {
        let class = self.quoted()?;
        self.literal(b":", "`:`")?;
        let properties = self.entries(start, depth, Key::String)?;
        self.literal(b"}", "`}` after the announced number of properties")?;
        Ok(Value::object(class, properties))
    }

    /// Reads `2:{key value key value`.
    fn entries(
        &mut self,
        start: usize,
        depth: usize,
        key_of: fn(Cow<'a, [u8]>) -> Key<'a>,
    ) -> Result<Vec<(Key<'a>, Value<'a>)>, ReadError> {
        if depth == self.limits.depth {
            return Err(fault(start, Problem::Depth(depth)));
        }
        let counted = self.at;
        let count = self.count()?;
        self.literal(b":{", "`:{`")?;
        let left = self.left();
        let count = match usize::try_from(count) {
            Ok(fitting) if fitting <= left / SHORTEST_ENTRY => fitting,
            _ => return Err(fault(counted, Problem::Count { count, left })),
        };
        let mut entries = Vec::with_capacity(count.min(TRUSTED_COUNT));
        for _ in 0..count {
            let key = self.key(key_of)?;
            entries.push((key, self.value(depth + 1)?));
        }
        Ok(entries)
    }

    fn key(&mut self, key_of: fn(Cow<'a, [u8]>) -> Key<'a>) -> Result<Key<'a>, ReadError> {
        let start = self.at;
        let tag = self.tag("a key: an integer or a string")?;
        if !matches!(tag, b'i' | b's' | b'S') {
            return Err(fault(start, Problem::Expected("a key: an integer or a string")));
        }
        self.literal(b":", "`:`")?;
        match tag {
            b'i' => self.int().map(Key::Int),
            b's' => self.string().map(key_of),
            _ => self.escaped_string().map(key_of),
        }
    }

    /// Reads `11:"Suit:Hearts";`.
    fn enum_case(&mut self) -> Result<Value<'a>, ReadError> {
        let start = self.at;
        let case = self.string()?;
        match case.contains(&b':') {
            true => Ok(Value::Enum(case)),
            false => Err(fault(start, Problem::Expected("an enum's class and case with `:` between them"))),
        }
    }

    /// Reads `3:"Box":4:{data}`.
    fn custom(&mut self) -> Result<Value<'a>, ReadError> {
        let class = self.quoted()?;
        self.literal(b":", "`:`")?;
        let length = self.length()?;
        self.literal(b"{", "`{`")?;
        let data = self.take(length)?;
        self.literal(b"}", "`}` where the length of the object's data ends it")?;
        Ok(Value::Custom(Box::new(Custom { class: class.into(), data: data.into() })))
    }

    /// Reads `5;`, the slot of a reference that begins at `start` after `known` slots.
    fn slot(&mut self, start: usize, known: usize) -> Result<usize, ReadError> {
        let slot = self.count()?;
        self.literal(b";", "`;`")?;
        self.referred = true;
        match usize::try_from(slot) {
            Ok(fitting) if (1..=known).contains(&fitting) => Ok(fitting),
            _ => Err(fault(start, Problem::NoSuchSlot { slot, known })),
        }
    }

    /// Reads `5:"bytes"`.
    fn quoted(&mut self) -> Result<&'a [u8], ReadError> {
        let length = self.length()?;
        self.literal(b"\"", "`\"`")?;
        let bytes = self.take(length)?;
        self.literal(b"\"", "`\"` where the length ends the string")?;
        Ok(bytes)
    }

    /// Reads `5:`, a length that the input can hold.
    fn length(&mut self) -> Result<usize, ReadError> {
        let start = self.at;
        let length = self.count()?;
        self.literal(b":", "`:`")?;
        let left = self.left();
        match usize::try_from(length) {
            Ok(fitting) if fitting <= left => Ok(fitting),
            _ => Err(fault(start, Problem::Length { length, left })),
        }
    }

    /// Reads digits. A number beyond 64 bits counts as the largest, which no input holds.
    fn count(&mut self) -> Result<u64, ReadError> {
        let start = self.at;
        let digits = self.run(|byte| byte.is_ascii_digit());
        if digits.is_empty() {
            return Err(fault(start, Problem::Expected("a number")));
        }
        let appended = |number: u64, digit: &u8| number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
        Ok(digits.iter().fold(0, appended))
    }

    /// Takes the bytes up to the first that is not `among` them.
    fn run(&mut self, among: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let len = rest.iter().position(|&byte| !among(byte)).unwrap_or(rest.len());
        let (run, _) = rest.split_at(len);
        self.at += len;
        run
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ReadError> {
        let left = self.left();
        match self.rest().get(..length) {
            Some(bytes) => {
                self.at += length;
                Ok(bytes)
            }
            None => Err(fault(self.at, Problem::Length { length: length as u64, left })),
        }
    }

    fn tag(&mut self, expected: &'static str) -> Result<u8, ReadError> {
        match self.bytes.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => Err(fault(self.at, Problem::Expected(expected))),
        }
    }

    #[inline]
    fn literal(&mut self, literal: &[u8], expected: &'static str) -> Result<(), ReadError> {
        if !self.rest().starts_with(literal) {
            return Err(fault(self.at, Problem::Expected(expected)));
        }
        self.at += literal.len();
        Ok(())
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }
}

/// Gives each key the last of its values, in the place of its first. Returns whether any key was repeated.
fn keep_last_of_each_key(entries: &mut Vec<(Key<'_>, Value<'_>)>) -> bool {
    /// Up to here, comparing all keys is quicker than a table.
    const FEW: usize = 8;

    let ascending = |pair: &[(Key<'_>, Value<'_>)]| matches!(pair, [(a, _), (b, _)] if a < b);
    let is_new =
        |(at, (key, _)): (usize, &(Key<'_>, Value<'_>))| !entries.iter().take(at).any(|(earlier, _)| earlier == key);
    if entries.windows(2).all(ascending) || (entries.len() <= FEW && entries.iter().enumerate().all(is_new)) {
        return false;
    }
    // Entries by key, equal keys in the order written. The indices are those of `entries`, whose length stays.
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_unstable_by(|&a, &b| entries[a].0.cmp(&entries[b].0).then(a.cmp(&b)));
    let mut superseded = vec![false; entries.len()];
    let mut first: Option<usize> = None;
    for &at in &order {
        match first {
            Some(first) if entries[first].0 == entries[at].0 => {
                entries[first].1 = std::mem::replace(&mut entries[at].1, Value::Null);
                superseded[at] = true;
            }
            _ => first = Some(at),
        }
    }
    if !superseded.contains(&true) {
        return false;
    }
    let mut superseded = superseded.into_iter();
    entries.retain(|_| superseded.next() != Some(true));
    true
}

#[cfg(test)]
mod tests;
