//! Slots: what the references of a value refer to.
//!
//! References stay numbers in a [`Value`]; a caller that wants to follow them numbers the tree once with [`Slots`].

use super::{Key, Reference, Value};

/// The values of a tree by slot. It takes one pointer a value.
#[derive(Debug)]
pub struct Slots<'v, 'a> {
    values: Vec<&'v Value<'a>>,
}

impl<'v, 'a> Slots<'v, 'a> {
    /// Numbers the values of a tree, which must be the whole of what was read.
    ///
    /// What lies inside a [`Value::Custom`] is not known and not numbered. A few of PHP's own classes number it,
    /// so references after one may then lead elsewhere.
    pub fn of(root: &'v Value<'a>) -> Self {
        let mut slots = Slots { values: Vec::new() };
        slots.number(root);
        slots
    }

    /// The value itself, or what it refers to if it is a reference. `None` if nothing has that slot.
    ///
    /// The value returned may contain the reference: a caller that descends through references has to bound its
    /// steps.
    pub fn resolve(&self, value: &'v Value<'a>) -> Option<&'v Value<'a>> {
        let mut value = value;
        let mut below = usize::MAX;
        while let Value::Reference(reference) = value {
            // What was read refers backwards only; a tree made by hand might go in circles.
            let slot = reference.slot();
            if slot >= below {
                return None;
            }
            below = slot;
            value = self.values.get(slot.checked_sub(1)?)?;
        }
        Some(value)
    }

    fn number(&mut self, value: &'v Value<'a>) {
        if !matches!(value, Value::Reference(Reference::Variable(_))) {
            self.values.push(value);
        }
        let entries: &'v [(Key<'a>, Value<'a>)] = match value {
            Value::Array(entries) => entries,
            Value::Object(object) => &object.properties,
            _ => &[],
        };
        for (_, entry) in entries {
            self.number(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, read};
    use super::*;

    #[test]
    fn keys_and_variable_references_take_no_slot_and_object_references_do() {
        // Slots: 1 the array, 2 the first object, 3 its number, 4 `r:2;`, 5 the string; `R:3;` has none.
        let bytes = br#"a:5:{i:0;O:1:"A":1:{s:1:"n";i:7;}i:1;R:3;i:2;r:2;i:3;s:1:"x";i:4;R:5;}"#;
        let (root, _) = read(bytes, &Limits::default()).unwrap();
        let slots = Slots::of(&root);
        let at = |index| slots.resolve(root.get_int(index).unwrap()).unwrap();
        assert_eq!(at(1), &Value::Int(7));
        assert_eq!(at(2), at(0));
        assert_eq!(at(4), &Value::from("x"));
    }

    #[test]
    fn a_value_that_contains_itself_resolves_to_the_container() {
        let (root, _) = read(b"a:2:{i:0;i:1;i:1;R:1;}", &Limits::default()).unwrap();
        let slots = Slots::of(&root);
        assert!(std::ptr::eq(slots.resolve(root.get_int(1).unwrap()).unwrap(), &root));
    }

    #[test]
    fn references_in_a_circle_or_to_nothing_resolve_to_nothing() {
        let to = |slot| Value::Reference(Reference::Object(slot));
        let root =
            Value::Array([2, 4, 3, 0, 9].into_iter().zip(0..).map(|(slot, key)| (Key::Int(key), to(slot))).collect());
        let slots = Slots::of(&root);
        for key in 0..5 {
            assert_eq!(slots.resolve(root.get_int(key).unwrap()), None, "entry {key}");
        }
    }
}
