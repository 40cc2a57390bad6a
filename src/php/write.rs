//! The writer: PHP values to bytes, as they come or from a tree.
//!
//! A [`Writer`] spells one value after the other into a [`Sink`] and keeps nothing, so the size of what is written
//! is bounded by the sink alone. That it is well formed is up to the caller; builds with debug assertions check that
//! keys and values alternate and that every container gets the number of entries it announced.

use std::io;

use super::number::{Digits, canonical_int};
use super::{Key, Reference, Value};

/// Where a [`Writer`] puts its bytes. It cannot fail, so writing reads as a plain sequence of calls; a sink that may
/// meet errors keeps the first one and hands it out at its end, as [`Stream`] does.
pub trait Sink {
    /// Takes the next bytes.
    fn put(&mut self, bytes: &[u8]);

    /// Takes the next bytes: entries of an array that were spelled apart ([`Entries`]).
    fn put_entries(&mut self, bytes: &[u8]) {
        self.put(bytes);
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl<S: Sink + ?Sized> Sink for &mut S {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        (**self).put(bytes);
    }

    fn put_entries(&mut self, bytes: &[u8]) {
        (**self).put_entries(bytes);
    }
}

/// A sink that passes bytes on to an [`io::Write`] in pieces of about 64 KiB.
///
/// After the first error nothing more is written; [`Stream::finish`] reports it.
#[derive(Debug)]
pub struct Stream<W> {
    inner: W,
    buffer: Vec<u8>,
    error: Option<io::Error>,
}

impl<W: io::Write> Stream<W> {
    const PIECE: usize = 64 * 1024;

    /// A stream into `inner`.
    pub fn new(inner: W) -> Self {
        Stream { inner, buffer: Vec::with_capacity(Self::PIECE), error: None }
    }

    /// Writes what is left, flushes, and returns what the stream wrote into; the error if any write failed.
    pub fn finish(mut self) -> io::Result<W> {
        self.pass_on();
        match self.error {
            Some(error) => Err(error),
            None => self.inner.flush().map(|()| self.inner),
        }
    }

    fn pass_on(&mut self) {
        if self.error.is_none() {
            self.error = self.inner.write_all(&self.buffer).err();
        }
        self.buffer.clear();
    }
}

impl<W: io::Write> Sink for Stream<W> {
    fn put(&mut self, bytes: &[u8]) {
        if self.error.is_some() {
            return;
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= Self::PIECE {
            self.pass_on();
        }
    }
}

/// Writes PHP values into a sink.
///
/// Inside an array every value follows a key ([`key_int`](Self::key_int), [`key_str`](Self::key_str)), inside an
/// object a name ([`property`](Self::property), [`protected`](Self::protected), [`private`](Self::private)); both
/// are closed by [`end`](Self::end).
///
/// ```
/// let mut writer = coursefs::php::Writer::new(Vec::new());
/// writer.begin_object(b"stdClass", 2);
/// writer.property(b"id");
/// writer.int(7);
/// writer.property(b"tags");
/// writer.begin_array(1);
/// writer.key_int(0);
/// writer.string(b"maps");
/// writer.end();
/// writer.end();
/// assert_eq!(writer.finish(), br#"O:8:"stdClass":2:{s:2:"id";i:7;s:4:"tags";a:1:{i:0;s:4:"maps";}}"#);
/// ```
///
/// # Panics
///
/// With debug assertions, when calls come in an order that makes no value or a container does not get the number of
/// entries announced. Without them such calls give bytes that no reader takes.
#[derive(Debug)]
pub struct Writer<S> {
    sink: S,
    nesting: Nesting,
}

impl<S: Sink> Writer<S> {
    /// A writer into `sink`, after whatever the sink already holds.
    pub fn new(sink: S) -> Self {
        Writer { sink, nesting: Nesting::default() }
    }

    /// The number of the value written last, by which a [`Reference`] can name it; 0 before the first.
    pub fn last_slot(&self) -> usize {
        self.nesting.values
    }

    /// The sink, with all that was written.
    pub fn finish(self) -> S {
        self.nesting.finish();
        self.sink
    }

    /// Writes `N;`.
    pub fn null(&mut self) {
        self.nesting.value();
        self.sink.put(b"N;");
    }

    /// Writes `b:0;` or `b:1;`.
    pub fn bool(&mut self, truth: bool) {
        self.nesting.value();
        self.sink.put(if truth { b"b:1;" } else { b"b:0;" });
    }

    /// Writes `i:5;`.
    pub fn int(&mut self, number: i64) {
        self.nesting.value();
        self.put_line(b'i', &Digits::of_int(number), b";");
    }

    /// Writes `d:0.5;`, spelled as PHP 7.1 and later spell it.
    pub fn float(&mut self, number: f64) {
        self.nesting.value();
        self.put_line(b'd', &Digits::of_float(number), b";");
    }

    /// Writes `s:5:"bytes";`.
    pub fn string(&mut self, bytes: &[u8]) {
        self.nesting.value();
        self.put_string(b's', &[bytes], b"\";");
    }

    /// Writes the string of a number's digits, `s:2:"-5";`, as PHP gets numbers from databases.
    pub fn digits(&mut self, number: i64) {
        self.nesting.value();
        self.put_string(b's', &[Digits::of_int(number).as_bytes()], b"\";");
    }

    /// Writes a value that another writer has spelled already: one scalar.
    pub fn spelled(&mut self, scalar: &[u8]) {
        self.nesting.value();
        self.sink.put(scalar);
    }

    /// Writes entries of the open array that another writer has spelled already: `count` scalars with their keys.
    pub fn spelled_entries(&mut self, entries: &[u8], count: usize) {
        self.nesting.entries(count);
        self.sink.put(entries);
    }

    /// Writes entries of the open array that were spelled apart.
    pub fn entries(&mut self, entries: &Entries) {
        self.nesting.entries(entries.count);
        self.nesting.values += entries.values - entries.count;
        self.sink.put_entries(&entries.bytes);
    }

    /// Opens an array of `count` entries.
    pub fn begin_array(&mut self, count: usize) {
        self.nesting.value();
        self.nesting.open(count, false);
        self.put_line(b'a', &Digits::of_count(count as u64), b":{");
    }

    /// The integer key of the next value in an array.
    pub fn key_int(&mut self, key: i64) {
        self.nesting.key(false);
        self.put_line(b'i', &Digits::of_int(key), b";");
    }

    /// The key of the next value in an array. As in PHP, a canonical decimal integer is written as an integer key.
    pub fn key_str(&mut self, key: &[u8]) {
        match canonical_int(key) {
            Some(number) => self.key_int(number),
            None => {
                self.nesting.key(false);
                self.put_string(b's', &[key], b"\";");
            }
        }
    }

    /// Opens an object of the named class with `count` properties.
    pub fn begin_object(&mut self, class: &[u8], count: usize) {
        self.nesting.value();
        self.nesting.open(count, true);
        self.put_string(b'O', &[class], b"\":");
        self.put(&Digits::of_count(count as u64), b":{");
    }

    /// The name of the next value in an object: a public property, or a name that is mangled already.
    pub fn property(&mut self, name: &[u8]) {
        self.nesting.key(true);
        self.put_string(b's', &[name], b"\";");
    }

    /// The name of the next value in an object: a protected property.
    pub fn protected(&mut self, name: &[u8]) {
        self.private(b"*", name);
    }

    /// The name of the next value in an object: a property private to `class`.
    pub fn private(&mut self, class: &[u8], name: &[u8]) {
        self.nesting.key(true);
        self.put_string(b's', &[b"\0", class, b"\0", name], b"\";");
    }

    /// Closes the innermost open array or object.
    pub fn end(&mut self) {
        self.nesting.close();
        self.sink.put(b"}");
    }

    /// Writes a reference to an earlier value, see [`Reference`] for how values are numbered.
    pub fn reference(&mut self, reference: Reference) {
        self.nesting.value();
        let tag = match reference {
            Reference::Object(_) => b'r',
            Reference::Variable(_) => {
                // It is another name for that value, no value of its own.
                self.nesting.values -= 1;
                b'R'
            }
        };
        self.put_line(tag, &Digits::of_count(reference.slot() as u64), b";");
    }

    /// Writes a whole tree as the next value.
    pub fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Null => self.null(),
            Value::Bool(truth) => self.bool(*truth),
            Value::Int(number) => self.int(*number),
            Value::Float(number) => self.float(*number),
            Value::String(bytes) => self.string(bytes),
            Value::Array(entries) => {
                self.begin_array(entries.len());
                for (key, value) in entries {
                    match key {
                        Key::Int(number) => self.key_int(*number),
                        Key::String(name) => self.key_str(name),
                    }
                    self.value(value);
                }
                self.end();
            }
            Value::Object(object) => {
                self.begin_object(&object.class, object.properties.len());
                for (name, value) in &object.properties {
                    match name {
                        Key::Int(number) => self.property_int(*number),
                        Key::String(name) => self.property(name),
                    }
                    self.value(value);
                }
                self.end();
            }
            Value::Enum(case) => {
                self.nesting.value();
                self.put_string(b'E', &[case], b"\";");
            }
            Value::Custom(custom) => {
                self.nesting.value();
                self.put_string(b'C', &[&custom.class], b"\":");
                self.put(&Digits::of_count(custom.data.len() as u64), b":{");
                self.sink.put(&custom.data);
                self.sink.put(b"}");
            }
            Value::Reference(reference) => self.reference(*reference),
        }
    }

    /// A class that defines `__serialize` may number its properties.
    fn property_int(&mut self, name: i64) {
        self.nesting.key(true);
        self.put_line(b'i', &Digits::of_int(name), b";");
    }

    /// Puts `tag:number` and `tail`.
    #[inline]
    fn put_line(&mut self, tag: u8, number: &Digits, tail: &[u8]) {
        self.sink.put(&[tag, b':']);
        self.put(number, tail);
    }

    /// Puts `tag:length:"`, the parts, and `tail`.
    #[inline]
    fn put_string(&mut self, tag: u8, parts: &[&[u8]], tail: &[u8]) {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        self.put_line(tag, &Digits::of_count(len as u64), b":\"");
        for part in parts {
            self.sink.put(part);
        }
        self.sink.put(tail);
    }

    #[inline]
    fn put(&mut self, number: &Digits, tail: &[u8]) {
        self.sink.put(number.as_bytes());
        self.sink.put(tail);
    }
}

/// Entries of an array that are spelled apart from the writer that has the array open, in another thread for instance.
/// Slots of values in them count from the value before the first.
#[derive(Debug)]
pub struct Entries {
    bytes: Vec<u8>,
    count: usize,
    values: usize,
}

impl Entries {
    /// The `count` entries that `work` writes: keys of an array with their values. They are put into `memory`, whatever
    /// it held before.
    pub fn spell<T>(mut memory: Vec<u8>, count: usize, work: impl FnOnce(&mut Writer<Vec<u8>>) -> T) -> (Entries, T) {
        memory.clear();
        let mut writer = Writer::new(memory);
        writer.nesting.open(count, false);
        let told = work(&mut writer);
        writer.nesting.close();
        let values = writer.last_slot();
        (Entries { bytes: writer.finish(), count, values }, told)
    }

    /// Their bytes. The memory may serve others.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Value<'_> {
    /// Writes the value into a sink.
    pub fn write<S: Sink>(&self, sink: S) -> S {
        let mut writer = Writer::new(sink);
        writer.value(self);
        writer.finish()
    }

    /// The value as PHP's `serialize` would give it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.write(Vec::new())
    }
}

/// How many values were written, and the containers open at this point (for the checks of builds with debug
/// assertions; in others that stays empty).
#[derive(Debug, Default)]
struct Nesting {
    values: usize,
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    left: usize,
    object: bool,
    /// A key was written and its value is due.
    keyed: bool,
}

impl Nesting {
    #[inline]
    fn value(&mut self) {
        self.values += 1;
        if cfg!(debug_assertions)
            && let Some(open) = self.open.last_mut()
        {
            assert!(open.keyed, "a value inside a container needs a key first");
            open.keyed = false;
        }
    }

    #[inline]
    fn key(&mut self, object: bool) {
        if cfg!(debug_assertions) {
            let open = self.open.last_mut();
            assert!(open.is_some(), "a key outside of any container");
            if let Some(open) = open {
                assert!(open.object == object, "arrays have keys, objects have properties");
                assert!(!open.keyed, "a key was written and its value is due");
                assert!(open.left > 0, "more entries than announced");
                open.left -= 1;
                open.keyed = true;
            }
        }
    }

    /// `count` scalars with their keys.
    fn entries(&mut self, count: usize) {
        for _ in 0..count {
            self.key(false);
            self.value();
        }
    }

    #[inline]
    fn open(&mut self, count: usize, object: bool) {
        if cfg!(debug_assertions) {
            self.open.push(Open { left: count, object, keyed: false });
        }
    }

    #[inline]
    fn close(&mut self) {
        if cfg!(debug_assertions) {
            let open = self.open.pop();
            assert!(open.is_some(), "end() outside of any container");
            if let Some(open) = open {
                assert!(!open.keyed, "a key was written and its value is due");
                assert!(open.left == 0, "{} entries fewer than announced", open.left);
            }
        }
    }

    fn finish(&self) {
        debug_assert!(self.open.is_empty(), "{} containers were not closed", self.open.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_spelled_apart_are_those_of_the_array_and_their_values_are_counted() {
        let write = |writer: &mut Writer<Vec<u8>>, keys: std::ops::Range<i64>| {
            let mut slots = Vec::new();
            for key in keys {
                writer.key_int(key);
                writer.begin_array(1);
                slots.push(writer.last_slot());
                writer.key_int(0);
                writer.null();
                writer.end();
            }
            slots
        };
        let mut whole = Writer::new(Vec::new());
        whole.begin_array(5);
        let slots = write(&mut whole, 0..5);
        whole.end();
        let mut parted = Writer::new(Vec::new());
        parted.begin_array(5);
        let mut told = write(&mut parted, 0..2);
        let (entries, more) = Entries::spell(b"used".to_vec(), 3, |writer| write(writer, 2..5));
        let before = parted.last_slot();
        parted.entries(&entries);
        told.extend(more.into_iter().map(|slot| before + slot));
        parted.end();
        assert_eq!(told, slots);
        assert_eq!(parted.last_slot(), whole.last_slot());
        assert_eq!(parted.finish(), whole.finish());
    }

    #[test]
    fn every_kind_of_name_is_mangled_and_counted_as_php_does() {
        let mut writer = Writer::new(Vec::new());
        writer.begin_object(b"Box", 3);
        writer.property(b"a");
        writer.null();
        writer.protected(b"iid");
        writer.bool(true);
        writer.private(b"Box", b"c");
        writer.float(0.5);
        writer.end();
        assert_eq!(writer.finish(), b"O:3:\"Box\":3:{s:1:\"a\";N;s:6:\"\0*\0iid\";b:1;s:6:\"\0Box\0c\";d:0.5;}");
    }

    #[test]
    fn a_numeric_string_key_is_written_as_an_integer() {
        let mut writer = Writer::new(Vec::new());
        writer.begin_array(2);
        writer.key_str(b"12");
        writer.string("é".as_bytes());
        writer.key_str(b"012");
        writer.reference(Reference::Variable(2));
        writer.end();
        assert_eq!(writer.finish(), "a:2:{i:12;s:2:\"é\";s:3:\"012\";R:2;}".as_bytes());
    }

    #[test]
    #[should_panic(expected = "1 entries fewer than announced")]
    fn a_missing_entry_is_noticed_in_debug_builds() {
        let mut writer = Writer::new(Vec::new());
        writer.begin_array(1);
        writer.end();
    }

    #[test]
    #[should_panic(expected = "needs a key first")]
    fn a_value_without_a_key_is_noticed_in_debug_builds() {
        let mut writer = Writer::new(Vec::new());
        writer.begin_array(1);
        writer.null();
    }

    #[test]
    fn a_stream_writes_the_same_bytes_as_a_vector() {
        let tree = Value::Array((0..20_000).map(|number| (Key::Int(number), Value::from("some text"))).collect());
        let streamed = tree.write(Stream::new(Vec::new())).finish().unwrap();
        assert_eq!(streamed, tree.to_bytes());
        assert!(streamed.len() > 2 * Stream::<Vec<u8>>::PIECE);
    }

    #[test]
    fn a_stream_reports_the_error_of_what_it_writes_into() {
        let mut room = [0; 10];
        let stream = Value::from("more than ten bytes").write(Stream::new(&mut room[..]));
        assert_eq!(stream.finish().unwrap_err().kind(), io::ErrorKind::WriteZero);
    }
}
