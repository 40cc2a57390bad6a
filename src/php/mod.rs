//! PHP's serialize format: values, a reader and a writer.
//!
//! Chamilo keeps the description of a course (`course_info.dat`) and a few database columns in this format, so
//! both directions must agree with PHP byte for byte. The module knows the format and nothing of what it carries.
//!
//! - [`Value`] is a value as a tree; [`read`] makes one from bytes and [`Value::to_bytes`] makes bytes from one.
//! - [`Writer`] writes values as they come, without a tree; it is how large values are made.
//! - [`Slots`] follows the references (`r:` and `R:`) of a tree.
//!
//! The format is a letter, a colon and the content: `N;` `b:1;` `i:-5;` `d:0.5;` `s:5:"bytes";`, and for
//! containers `a:1:{key value}` and `O:8:"stdClass":1:{name value}`. Lengths count bytes, nothing is escaped.
//!
//! ```
//! use coursefs::php::{self, Limits};
//!
//! let (value, consumed) = php::read(br#"a:1:{s:5:"title";s:5:"Maps!";}"#, &Limits::default())?;
//! assert_eq!(consumed, 30);
//! assert_eq!(value.get("title").and_then(|title| title.as_text()).as_deref(), Some("Maps!"));
//! assert_eq!(value.to_bytes(), br#"a:1:{s:5:"title";s:5:"Maps!";}"#);
//! # Ok::<(), php::ReadError>(())
//! ```

mod access;
mod number;
mod read;
mod slots;
mod write;

use std::borrow::Cow;

pub use read::{Limits, Problem, ReadError, read};
pub use slots::Slots;
pub use write::{Entries, Sink, Stream, Writer};

/// A PHP value. Byte strings are borrowed from the bytes that were read where possible.
///
/// Comparing is structural: the order of entries counts, and as everywhere NaN differs from itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `N;`
    Null,
    /// `b:0;` or `b:1;`
    Bool(bool),
    /// `i:5;`
    Int(i64),
    /// `d:0.5;`, also `d:INF;`, `d:-INF;` and `d:NAN;`
    Float(f64),
    /// `s:5:"bytes";`, and when reading `S:` with its `\xx` escapes. PHP strings are bytes of any encoding.
    String(Cow<'a, [u8]>),
    /// `a:1:{key value}`: an ordered map. What [`read`] returns holds no key twice.
    Array(Vec<(Key<'a>, Value<'a>)>),
    /// `O:8:"stdClass":1:{name value}`
    Object(Box<Object<'a>>),
    /// `E:11:"Suit:Hearts";`: an enum case (PHP 8.1), the class name, a colon and the name of the case.
    Enum(Cow<'a, [u8]>),
    /// `C:3:"Box":4:{data}`: an object that serializes itself.
    Custom(Box<Custom<'a>>),
    /// `r:1;` or `R:1;`: a value that occurred before. [`Slots`] finds it.
    Reference(Reference),
}

/// The key of an array entry or the name of a property.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key<'a> {
    /// `i:5;`
    Int(i64),
    /// `s:4:"name";`
    String(Cow<'a, [u8]>),
}

/// An object: a class name and properties in the order written.
#[derive(Debug, Clone, PartialEq)]
pub struct Object<'a> {
    /// The class name as written. PHP compares class names without regard to ASCII case.
    pub class: Cow<'a, [u8]>,
    /// The properties with their names as written: `\0*\0name` is protected, `\0Class\0name` private to that
    /// class, see [`Object::get`]. A name may occur twice, the last then counts. Classes that define
    /// `__serialize` (`ArrayObject`, for one) may have integers for names.
    pub properties: Vec<(Key<'a>, Value<'a>)>,
}

/// An object in the form its class chose (PHP's `Serializable` interface).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom<'a> {
    /// The class name as written.
    pub class: Cow<'a, [u8]>,
    /// What the class wrote; only the class can tell what it means.
    pub data: Cow<'a, [u8]>,
}

/// A reference to a value that occurred before, by its slot.
///
/// Slots number the values from 1 in the order of their first byte, the outermost value being 1. Keys and
/// property names have no slot and neither has `R:`, while `r:` takes one. References stay symbolic, so a value that
/// contains itself is a finite tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// `r:1;`: the same object as the value in this slot.
    Object(usize),
    /// `R:1;`: the same PHP variable (`&`) as the value in this slot.
    Variable(usize),
}

impl Reference {
    /// The slot referred to, from 1.
    pub fn slot(self) -> usize {
        match self {
            Reference::Object(slot) | Reference::Variable(slot) => slot,
        }
    }
}

impl<'a> Key<'a> {
    /// The key under which a PHP array keeps an entry called `name`: a canonical decimal integer (`5`, `-5`, not
    /// `05`, `-0` or `1.0`) is an integer key, everything else a string key.
    pub fn of_array(name: impl Into<Cow<'a, [u8]>>) -> Key<'a> {
        let name = name.into();
        match number::canonical_int(&name) {
            Some(number) => Key::Int(number),
            None => Key::String(name),
        }
    }

    /// The same key without borrowed parts.
    pub fn into_owned(self) -> Key<'static> {
        match self {
            Key::Int(number) => Key::Int(number),
            Key::String(name) => Key::String(owned(name)),
        }
    }
}

impl<'a> Value<'a> {
    /// An array without entries, `a:0:{}`.
    pub const EMPTY_ARRAY: Value<'static> = Value::Array(Vec::new());

    /// An object of the class with the given properties.
    pub fn object(class: impl Into<Cow<'a, [u8]>>, properties: Vec<(Key<'a>, Value<'a>)>) -> Value<'a> {
        Value::Object(Box::new(Object { class: class.into(), properties }))
    }

    /// The same value without borrowed parts.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(truth) => Value::Bool(truth),
            Value::Int(number) => Value::Int(number),
            Value::Float(number) => Value::Float(number),
            Value::String(bytes) => Value::String(owned(bytes)),
            Value::Array(entries) => Value::Array(owned_entries(entries)),
            Value::Object(object) => Value::object(owned(object.class), owned_entries(object.properties)),
            Value::Enum(case) => Value::Enum(owned(case)),
            Value::Custom(custom) => {
                Value::Custom(Box::new(Custom { class: owned(custom.class), data: owned(custom.data) }))
            }
            Value::Reference(reference) => Value::Reference(reference),
        }
    }
}

fn owned(bytes: Cow<'_, [u8]>) -> Cow<'static, [u8]> {
    Cow::Owned(bytes.into_owned())
}

fn owned_entries<'a>(entries: Vec<(Key<'a>, Value<'a>)>) -> Vec<(Key<'static>, Value<'static>)> {
    entries.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::String(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::String(Cow::Owned(text.into_bytes()))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Value::Float(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

/// An absent value is null.
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// Follows [`Key::of_array`].
impl<'a> From<&'a str> for Key<'a> {
    fn from(name: &'a str) -> Self {
        Key::of_array(name.as_bytes())
    }
}

impl From<String> for Key<'_> {
    fn from(name: String) -> Self {
        Key::String(Cow::Owned(name.into_bytes()))
    }
}

impl From<i64> for Key<'_> {
    fn from(number: i64) -> Self {
        Key::Int(number)
    }
}
