//! Rows of an answer, and how they come: some of them together in one piece of memory, for a course has tens of thousands.

use std::sync::Arc;

use super::database::{DatabaseError, Value};

/// One row of an answer. Columns that the table lacks read as [`Value::Null`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[Arc<str>]>,
    /// Its values and those of its neighbours in the answer, see [`Answer`].
    values: Arc<Vec<Value>>,
    /// The place of the first of its own.
    start: usize,
}

impl Row {
    /// A row of `values` under `columns` (the same list for all rows of one answer).
    pub fn new(columns: Arc<[Arc<str>]>, values: Vec<Value>) -> Self {
        Row { columns, values: Arc::new(values), start: 0 }
    }

    fn values(&self) -> &[Value] {
        self.values.get(self.start..self.start + self.columns.len()).unwrap_or_default()
    }

    /// The value of the first column.
    pub fn first(&self) -> &Value {
        self.values().first().unwrap_or(&Value::Null)
    }

    /// The value of `column`, NULL if there is no such column.
    pub fn get(&self, column: &str) -> &Value {
        match self.columns.iter().position(|name| &**name == column) {
            Some(index) => self.values.get(self.start + index).unwrap_or(&Value::Null),
            None => &Value::Null,
        }
    }

    /// The integer in `column`; NULL, no number and no such column are `None`.
    pub fn int(&self, column: &str) -> Option<i64> {
        self.get(column).as_int()
    }

    /// The text in `column`, empty for NULL. Bytes that are not UTF-8 are replaced: for display, not for names.
    pub fn text(&self, column: &str) -> String {
        String::from_utf8_lossy(&self.bytes(column)).into_owned()
    }

    /// The bytes of the text in `column`, empty for NULL.
    pub fn bytes(&self, column: &str) -> Vec<u8> {
        self.get(column).to_text().unwrap_or_default()
    }

    /// The bytes of the text in `column`, empty for NULL and numbers: for columns that hold nothing but text.
    pub fn as_text(&self, column: &str) -> &[u8] {
        self.get(column).as_text()
    }

    /// The names of its columns: the same list for all rows of one answer.
    pub fn columns(&self) -> &Arc<[Arc<str>]> {
        &self.columns
    }

    /// How many columns the row has.
    pub fn len(&self) -> usize {
        self.values().len()
    }

    /// Whether the row has no columns.
    pub fn is_empty(&self) -> bool {
        self.values().is_empty()
    }

    /// Columns and values in the order of the answer.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.columns.iter().map(|name| &**name).zip(self.values())
    }

    /// Columns and values, for those who change them.
    pub fn into_pairs(self) -> Vec<(Arc<str>, Value)> {
        self.columns.iter().cloned().zip(self.values().iter().cloned()).collect()
    }
}

/// The same columns of many rows: where they stand is looked up once for all rows of an answer.
pub struct Columns<const N: usize> {
    names: [&'static str; N],
    /// The columns of the last row.
    last: Option<Arc<[Arc<str>]>>,
    /// Where those with the names are among them.
    positions: [Option<usize>; N],
}

impl<const N: usize> Columns<N> {
    /// The columns of these names.
    pub fn new(names: [&'static str; N]) -> Self {
        Columns { names, last: None, positions: [None; N] }
    }

    /// Their values in `row`, NULL for those that it lacks.
    pub fn of<'a>(&mut self, row: &'a Row) -> [&'a Value; N] {
        if !self.last.as_ref().is_some_and(|columns| Arc::ptr_eq(columns, &row.columns)) {
            self.positions = self.names.map(|name| row.columns.iter().position(|column| **column == *name));
            self.last = Some(Arc::clone(&row.columns));
        }
        let values = row.values();
        self.positions.map(|position| position.and_then(|position| values.get(position)).unwrap_or(&Value::Null))
    }
}

/// Values that stand together in one piece of memory.
const TOGETHER: usize = 1024;

/// Bytes of text after which a piece is handed on though it has room left.
const TEXT_TOGETHER: usize = 64 << 10;

/// The rows of an answer on their way to who asked. Some stand together in one piece of memory each: a course has tens of
/// thousands, and memory for each by itself would cost more than reading it.
///
/// Equal texts that follow each other in a column share their bytes: dates, types and tools mostly do.
pub struct Answer<'a> {
    columns: Arc<[Arc<str>]>,
    last: Vec<Option<Arc<[u8]>>>,
    values: Vec<Value>,
    text: usize,
    each: &'a mut dyn FnMut(Row) -> Result<(), DatabaseError>,
}

impl<'a> Answer<'a> {
    /// An answer of these columns, whose rows go to `each`.
    pub fn new(columns: Arc<[Arc<str>]>, each: &'a mut dyn FnMut(Row) -> Result<(), DatabaseError>) -> Self {
        let values = Vec::with_capacity(columns.len());
        Answer { last: vec![None; columns.len()], columns, values, text: 0, each }
    }

    /// The next value of the row.
    pub fn value(&mut self, value: Value) {
        self.values.push(value);
    }

    /// The next value of the row: a text.
    pub fn text(&mut self, bytes: &[u8]) {
        let column = self.values.len().checked_rem(self.columns.len()).unwrap_or(0);
        let value = match self.last.get_mut(column) {
            Some(Some(last)) if **last == *bytes => Arc::clone(last),
            last => {
                self.text += bytes.len();
                let text: Arc<[u8]> = bytes.into();
                if let Some(last) = last {
                    *last = Some(Arc::clone(&text));
                }
                text
            }
        };
        self.values.push(Value::Text(value));
    }

    /// The row has all its values.
    pub fn end_row(&mut self) -> Result<(), DatabaseError> {
        if self.values.len() + self.columns.len() > TOGETHER || self.text >= TEXT_TOGETHER {
            self.hand_on(TOGETHER)?;
        }
        Ok(())
    }

    /// The answer has all its rows.
    pub fn finish(mut self) -> Result<(), DatabaseError> {
        self.hand_on(0)
    }

    /// Hands on what stands together; there is room for `room` values then.
    fn hand_on(&mut self, room: usize) -> Result<(), DatabaseError> {
        let values = Arc::new(std::mem::replace(&mut self.values, Vec::with_capacity(room)));
        self.text = 0;
        for start in (0..values.len()).step_by(self.columns.len().max(1)) {
            (self.each)(Row { columns: Arc::clone(&self.columns), values: Arc::clone(&values), start })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_in_rows_of_different_answers() {
        let row = |columns: &[&str], values: &[i64]| {
            let columns = columns.iter().map(|name| Arc::from(*name)).collect();
            Row::new(columns, values.iter().map(|value| (*value).into()).collect())
        };
        let mut columns = Columns::new(["b", "c"]);
        let rows = [row(&["a", "b", "c"], &[1, 2, 3]), row(&["c", "a"], &[4, 5])];
        let twice = rows.iter().chain(&rows);
        let found: Vec<[Option<i64>; 2]> = twice.map(|row| columns.of(row).map(Value::as_int)).collect();
        assert_eq!(found, [[Some(2), Some(3)], [None, Some(4)], [Some(2), Some(3)], [None, Some(4)]]);
    }
}
