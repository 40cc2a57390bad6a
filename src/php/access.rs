//! Access to values with PHP's tolerance.
//!
//! The same column of a Chamilo backup is a string, an integer or a float depending on the PHP version that wrote
//! it, and the same property is public or protected. These accessors do not tell them apart, as PHP code would not.

use std::borrow::Cow;

use super::number::{Digits, numeric_prefix, parse_float, parse_int};
use super::{Key, Object, Value};

/// The largest magnitude below which every float truncates to a 64-bit integer: 2^63.
const INT_RANGE: f64 = 9_223_372_036_854_775_808.0;

impl<'a> Key<'a> {
    /// The name without the mark of protected and private properties: `\0*\0name` and `\0Class\0name` are `name`.
    /// An integer is its decimal digits.
    pub fn plain(&self) -> Cow<'_, [u8]> {
        match self {
            Key::Int(number) => Cow::Owned(Digits::of_int(*number).as_bytes().to_vec()),
            Key::String(name) => Cow::Borrowed(unmangled(name)),
        }
    }
}

fn unmangled(name: &[u8]) -> &[u8] {
    let marked = name.strip_prefix(b"\0");
    let end = marked.and_then(|rest| rest.iter().position(|&byte| byte == 0));
    marked.zip(end).and_then(|(rest, end)| rest.get(end + 1..)).unwrap_or(name)
}

impl<'a> Object<'a> {
    /// The value of a property, be it public, protected or private. If it was written more than once the last counts.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        let is_named = |key: &Key<'_>| match key {
            Key::Int(_) => key.plain().as_ref() == name.as_bytes(),
            Key::String(key) => unmangled(key) == name.as_bytes(),
        };
        self.properties.iter().rev().find(|(key, _)| is_named(key)).map(|(_, value)| value)
    }

    /// Whether the object is of the named class; as in PHP, ASCII case does not matter.
    pub fn is_a(&self, class: &str) -> bool {
        self.class.eq_ignore_ascii_case(class.as_bytes())
    }
}

impl<'a> Value<'a> {
    /// The entry of an array with this key, or the property of an object with this name. `None` if there is none and
    /// for all other values. It looks at one entry after the other.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        match self {
            Value::Array(entries) => find(entries, &Key::from(name)),
            Value::Object(object) => object.get(name),
            _ => None,
        }
    }

    /// The entry of an array with this integer key.
    pub fn get_int(&self, key: i64) -> Option<&Value<'a>> {
        find(self.entries(), &Key::Int(key))
    }

    /// The entries of an array in their order; none for all other values.
    pub fn entries(&self) -> &[(Key<'a>, Value<'a>)] {
        match self {
            Value::Array(entries) => entries,
            _ => &[],
        }
    }

    /// The object, if this is one.
    pub fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Whether this is `N;`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The bytes of a string, or the digits of a number, `1` for true and nothing for false. `None` for null and for
    /// all that is not a scalar. Floats have the digits that [`Writer::float`](super::Writer::float) writes.
    pub fn as_bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Value::String(bytes) => Some(Cow::Borrowed(bytes)),
            Value::Int(number) => Some(Cow::Owned(Digits::of_int(*number).as_bytes().to_vec())),
            Value::Float(number) => Some(Cow::Owned(Digits::of_float(*number).as_bytes().to_vec())),
            Value::Bool(truth) => Some(Cow::Borrowed(if *truth { b"1" } else { b"" })),
            _ => None,
        }
    }

    /// [`as_bytes`](Self::as_bytes) as text; bytes that are not UTF-8 become U+FFFD.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(match self.as_bytes()? {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        })
    }

    /// The value as an integer: floats lose their fraction, strings count as the number they begin with (`"12px"` is
    /// 12, `"1e3"` is 1000), true is 1 and false 0. `None` where there is no number: null, a string that begins with
    /// none, a number outside of 64 bits, and all that is not a scalar. PHP takes most of these for 0.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            Value::Bool(truth) => Some(i64::from(*truth)),
            Value::Float(number) => truncated(*number),
            Value::String(bytes) => match leading_number(bytes)? {
                (digits, true) => parse_int(digits),
                (digits, false) => truncated(parse_float(digits)?),
            },
            _ => None,
        }
    }

    /// The value as a float, by the rules of [`as_int`](Self::as_int). It may be infinite or not a number.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Float(number) => Some(*number),
            Value::String(bytes) => parse_float(leading_number(bytes)?.0),
            _ => self.as_int().map(|number| number as f64),
        }
    }

    /// Whether PHP takes the value for true: all but null, false, zero, `""`, `"0"` and the empty array. A reference
    /// counts as true; what it refers to is not looked at.
    pub fn as_bool(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(truth) => *truth,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::String(bytes) => !matches!(bytes.as_ref(), b"" | b"0"),
            Value::Array(entries) => !entries.is_empty(),
            Value::Object(_) | Value::Enum(_) | Value::Custom(_) | Value::Reference(_) => true,
        }
    }
}

fn find<'v, 'a>(entries: &'v [(Key<'a>, Value<'a>)], wanted: &Key<'_>) -> Option<&'v Value<'a>> {
    entries.iter().rev().find(|(key, _)| key == wanted).map(|(_, value)| value)
}

/// The number that a string begins with, after white space, and whether it is an integer.
fn leading_number(bytes: &[u8]) -> Option<(&[u8], bool)> {
    let text = bytes.trim_ascii_start();
    let (len, integer) = numeric_prefix(text)?;
    Some((text.get(..len)?, integer))
}

fn truncated(number: f64) -> Option<i64> {
    (-INT_RANGE..INT_RANGE).contains(&number).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_found_whatever_its_visibility_and_the_last_one_counts() {
        let name = |bytes: &'static [u8]| Key::String(Cow::Borrowed(bytes));
        let object = Value::object(
            &b"Box"[..],
            vec![
                (name(b"a"), Value::Int(1)),
                (name(b"\0*\0b"), Value::Int(2)),
                (name(b"\0Box\0c"), Value::Int(3)),
                (name(b"a"), Value::Int(4)),
                (name(b"\0odd"), Value::Int(5)),
                (Key::Int(7), Value::Int(6)),
            ],
        );
        let table = [("a", Some(4)), ("b", Some(2)), ("c", Some(3)), ("\0odd", Some(5)), ("7", Some(6)), ("d", None)];
        for (name, number) in table {
            assert_eq!(object.get(name).and_then(Value::as_int), number, "{name}");
        }
        assert!(object.as_object().unwrap().is_a("box"));
    }

    #[test]
    fn an_array_entry_is_found_by_a_number_in_either_form() {
        let array = Value::Array(vec![(Key::Int(5), Value::from("five")), (Key::from("x"), Value::Null)]);
        assert_eq!(array.get("5"), array.get_int(5));
        assert_eq!(array.get("x"), Some(&Value::Null));
        assert_eq!(array.get("05"), None);
        assert_eq!(Value::Int(1).get("5"), None);
    }

    #[test]
    fn scalars_convert_as_loosely_as_in_php() {
        let table: [(Value<'_>, Option<&str>, Option<i64>, bool); 13] = [
            (Value::Null, None, None, false),
            (Value::Bool(false), Some(""), Some(0), false),
            (Value::Bool(true), Some("1"), Some(1), true),
            (Value::Int(-5), Some("-5"), Some(-5), true),
            (Value::Float(100.0), Some("100"), Some(100), true),
            (Value::Float(-1.9), Some("-1.9"), Some(-1), true),
            (Value::Float(1e300), Some("1.0E+300"), None, true),
            (Value::from("12"), Some("12"), Some(12), true),
            (Value::from(" 12px"), Some(" 12px"), Some(12), true),
            (Value::from("1.5e3"), Some("1.5e3"), Some(1500), true),
            (Value::from("0"), Some("0"), Some(0), false),
            (Value::from("none"), Some("none"), None, true),
            (Value::EMPTY_ARRAY, None, None, false),
        ];
        for (value, text, int, truth) in table {
            assert_eq!(value.as_text().as_deref(), text, "{value:?}");
            assert_eq!(value.as_int(), int, "{value:?}");
            assert_eq!(value.as_bool(), truth, "{value:?}");
        }
        assert_eq!(Value::from("10.50").as_float(), Some(10.5));
        assert_eq!(Value::Int(3).as_float(), Some(3.0));
    }
}
