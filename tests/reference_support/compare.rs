//! What differs between two Course objects, property by property.
//!
//! Values are compared as PHP would use them: `"5"` and `5` are equal, NULL and `""` are not; the order of properties
//! does not count, that of lists does.

use std::fmt;

use coursefs::php::{Key, Value};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Key of the resource type.
    pub kind: String,
    /// Key of the resource, empty if the whole type is meant.
    pub key: String,
    /// Property, with dots into arrays and objects (`obj.title`), empty if the whole resource is meant.
    pub path: String,
    /// Our value, `None` if we have none.
    pub ours: Option<String>,
    /// The other value, `None` if there is none.
    pub theirs: Option<String>,
}

impl Difference {
    /// The path with `#` for the numbers of lists, so that it names the same property of all items.
    pub fn property(&self) -> String {
        let steps = self.path.split('.');
        let steps = steps.map(|step| if step.bytes().all(|byte| byte.is_ascii_digit()) { "#" } else { step });
        if self.path.is_empty() { String::new() } else { steps.collect::<Vec<_>>().join(".") }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(absent)".into());
        let (ours, theirs) = (shown(&self.ours), shown(&self.theirs));
        write!(formatter, "{}[{}] {}: ours {ours}, theirs {theirs}", self.kind, self.key, self.path)
    }
}

/// All differences between the resources of two Course objects.
pub fn differences(ours: &Value<'_>, theirs: &Value<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    let empty = Value::EMPTY_ARRAY;
    let ours = ours.get("resources").unwrap_or(&empty);
    let theirs = theirs.get("resources").unwrap_or(&empty);
    for kind in names(ours, theirs) {
        let (Some(our), Some(their)) = (ours.get(&kind), theirs.get(&kind)) else {
            let shown = |value: Option<&Value<'_>>| value.map(|value| format!("{} resources", value.entries().len()));
            let (ours, theirs) = (shown(ours.get(&kind)), shown(theirs.get(&kind)));
            found.push(Difference { kind, key: String::new(), path: String::new(), ours, theirs });
            continue;
        };
        for key in names(our, their) {
            let mut report = |path: &str, ours: Option<&Value<'_>>, theirs: Option<&Value<'_>>| {
                let (ours, theirs) = (ours.map(shown), theirs.map(shown));
                found.push(Difference { kind: kind.clone(), key: key.clone(), path: path.into(), ours, theirs });
            };
            compare("", our.get(&key), their.get(&key), &mut report);
        }
    }
    found
}

/// What archives add to the numbers of questions.
const SHIFT: i64 = 1_500_000_000;

/// The value with the numbers of questions as the portal has them: all numbers, and texts of digits, that only a
/// shifted one can be.
pub fn unshifted(value: Value<'static>) -> Value<'static> {
    let number = |number: i64| if (SHIFT..=i64::from(i32::MAX)).contains(&number) { number - SHIFT } else { number };
    let entries = |entries: Vec<(Key<'static>, Value<'static>)>| {
        let key = |key| match key {
            Key::Int(key) => Key::Int(number(key)),
            key => key,
        };
        entries.into_iter().map(|(name, value)| (key(name), unshifted(value))).collect()
    };
    match value {
        Value::Int(value) => Value::Int(number(value)),
        Value::String(text) => match std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()) {
            Some(value) if number(value) != value => number(value).to_string().into(),
            _ => Value::String(text),
        },
        Value::Array(array) => Value::Array(entries(array)),
        Value::Object(object) => Value::object(object.class, entries(object.properties)),
        other => other,
    }
}

/// The Course object with its one gradebook, which has a random key, under the key `gradebook`.
pub fn with_one_gradebook(mut course: Value<'static>) -> Value<'static> {
    fn entry<'v>(value: &'v mut Value<'static>, name: &str) -> Option<&'v mut Value<'static>> {
        let entries = match value {
            Value::Array(entries) => entries,
            Value::Object(object) => &mut object.properties,
            _ => return None,
        };
        entries.iter_mut().find(|(key, _)| *key.plain() == *name.as_bytes()).map(|(_, value)| value)
    }
    let gradebooks = entry(&mut course, "resources").and_then(|resources| entry(resources, "gradebook"));
    if let Some(Value::Array(gradebooks)) = gradebooks {
        assert_eq!(gradebooks.len(), 1);
        gradebooks[0].0 = Key::from("gradebook");
    }
    course
}

type Report<'r> = dyn FnMut(&str, Option<&Value<'_>>, Option<&Value<'_>>) + 'r;

fn compare(path: &str, ours: Option<&Value<'_>>, theirs: Option<&Value<'_>>, report: &mut Report<'_>) {
    match (ours, theirs) {
        (Some(our), Some(their)) if is_container(our) && is_container(their) => {
            if let (Value::Object(our), Value::Object(their)) = (our, their)
                && !our.is_a(&String::from_utf8_lossy(&their.class))
            {
                report(path, ours, theirs);
            }
            for name in names(our, their) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&path, our.get(&name), their.get(&name), report);
            }
        }
        (Some(our), Some(their))
            if !is_container(our) && !is_container(their) && our.as_bytes() == their.as_bytes() => {}
        _ => report(path, ours, theirs),
    }
}

fn is_container(value: &Value<'_>) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

/// Keys or plain property names of both, each once, in their order.
fn names(ours: &Value<'_>, theirs: &Value<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for value in [ours, theirs] {
        let entries = value.as_object().map_or(value.entries(), |object| &object.properties);
        for (key, _) in entries {
            let name = String::from_utf8_lossy(&key.plain()).into_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Array(entries) => format!("array of {}", entries.len()),
        Value::Object(object) => String::from_utf8_lossy(&object.class).into_owned(),
        other => format!("{:?}", other.as_text().unwrap_or_default()),
    }
}
