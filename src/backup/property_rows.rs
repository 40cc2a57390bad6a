//! Property rows (`c_item_property`) as archives spell them: every column by its name and by its position, as Chamilo
//! fetches them.
//!
//! There is one for every document, and from one to the next hardly a column differs: the text of the last row is kept,
//! and only what differs is spelled anew.

use std::sync::Arc;

use crate::php::{Sink, Writer};
use crate::portal::database::{Row, Value};

use super::course_info::column;

/// Spells property rows.
#[derive(Default)]
pub struct PropertyRows {
    /// The columns of the last row.
    columns: Option<Arc<[Arc<str>]>>,
    /// Its values, each with the end of its entries in `text`.
    values: Vec<(Value, usize)>,
    /// Its entries.
    text: Vec<u8>,
    /// For what is spelled anew.
    value: Vec<u8>,
    entries: Vec<u8>,
}

impl PropertyRows {
    /// The property `item_properties`: a list of rows.
    pub fn write<'a, S: Sink>(&mut self, writer: &mut Writer<S>, rows: impl ExactSizeIterator<Item = &'a Row>) {
        writer.property(b"item_properties");
        writer.begin_array(rows.len());
        for (number, row) in (0..).zip(rows) {
            self.spell(row);
            writer.key_int(number);
            writer.begin_array(row.len() * 2);
            writer.spelled_entries(&self.text, row.len() * 2);
            writer.end();
        }
        writer.end();
    }

    /// Makes `text` that of `row`.
    fn spell(&mut self, row: &Row) {
        if !self.columns.as_ref().is_some_and(|columns| Arc::ptr_eq(columns, row.columns())) {
            self.columns = Some(Arc::clone(row.columns()));
            self.values.clear();
            self.text.clear();
        }
        let mut start = 0;
        for (position, (name, value)) in row.iter().enumerate() {
            let known = self.values.get_mut(position);
            if let Some((last, end)) = &known
                && last == value
            {
                start = *end;
                continue;
            }
            let entries = entries(name, position, value, &mut self.value, &mut self.entries);
            match known {
                // A key mostly has as many digits as the last.
                Some((last, end)) if *end - start == entries.len() => {
                    *last = value.clone();
                    if let Some(text) = self.text.get_mut(start..*end) {
                        text.copy_from_slice(entries);
                    }
                    start = *end;
                }
                Some((last, end)) => {
                    *last = value.clone();
                    let (old, new) = (*end, start + entries.len());
                    self.text.splice(start..old, entries.iter().copied());
                    for (_, end) in self.values.iter_mut().skip(position) {
                        *end = *end - old + new;
                    }
                    start = new;
                }
                None => {
                    self.text.extend_from_slice(entries);
                    start = self.text.len();
                    self.values.push((value.clone(), start));
                }
            }
        }
    }
}

/// The two entries of a column, spelled into `whole`; its value into `spelled`.
fn entries<'a>(name: &str, position: usize, value: &Value, spelled: &mut Vec<u8>, whole: &'a mut Vec<u8>) -> &'a [u8] {
    spelled.clear();
    whole.clear();
    column(&mut Writer::new(&mut *spelled), value);
    let mut writer = Writer::new(&mut *whole);
    writer.begin_array(2);
    writer.key_str(name.as_bytes());
    writer.spelled(spelled);
    writer.key_int(position as i64);
    writer.spelled(spelled);
    writer.end();
    writer.finish();
    let inside = whole.strip_prefix(b"a:2:{".as_slice()).and_then(|rest| rest.strip_suffix(b"}"));
    inside.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_spelled_the_same_whatever_was_spelled_before() {
        let columns = |names: &[&str]| -> Arc<[Arc<str>]> { names.iter().map(|name| Arc::from(*name)).collect() };
        let (two, one) = (columns(&["iid", "tool"]), columns(&["ref"]));
        let row = |columns: &Arc<[Arc<str>]>, values: &[Value]| Row::new(Arc::clone(columns), values.to_vec());
        let rows = [
            row(&two, &[7.into(), "link".into()]),
            row(&two, &[12.into(), "link".into()]),
            row(&two, &[12.into(), Value::Null]),
            row(&one, &["x".into()]),
            row(&two, &[1.5.into(), "document".into()]),
            row(&two, &[1.5.into(), "document".into()]),
        ];
        let spelled = |kept: &mut PropertyRows, rows: &[Row]| {
            let mut writer = Writer::new(Vec::new());
            writer.begin_object(b"A", 1);
            kept.write(&mut writer, rows.iter());
            writer.end();
            writer.finish()
        };
        let mut kept = PropertyRows::default();
        for row in &rows {
            let row = std::slice::from_ref(row);
            assert_eq!(spelled(&mut kept, row), spelled(&mut PropertyRows::default(), row));
        }
        let expected = br#"O:1:"A":1:{s:15:"item_properties";a:1:{i:0;a:4:{s:3:"iid";s:2:"12";i:0;s:2:"12";s:4:"tool";N;i:1;N;}}}"#;
        assert_eq!(spelled(&mut kept, &rows[2..3]), expected);
    }
}
