//! Rows of a course that a benchmark fills: each as if somebody had made the item in Chamilo.

use coursefs::course::property_rows::{self, NewProperty, Visibility};
use coursefs::course::{Course, Stamp};
use coursefs::portal::database::{DatabaseError, Session, Value};
use coursefs::portal::schema;

/// Where rows go, and in whose name.
pub struct Filling<'a> {
    /// The transaction.
    pub session: &'a dyn Session,
    /// The course.
    pub course: &'a Course,
    /// Who makes them, and when.
    pub stamp: &'a Stamp,
}

impl Filling<'_> {
    /// Inserts a row with `values` and empty ones besides, its second key `key` and, for a tool's item, its property.
    pub fn row(
        &self,
        table: &str,
        key: &str,
        values: &[(&str, Value)],
        tool: Option<&str>,
    ) -> Result<i64, DatabaseError> {
        let mut row: Vec<(&str, Value)> = vec![("c_id", self.course.id.into())];
        for column in schema::columns(table).iter().filter(|column| !matches!(column.name, "iid" | "c_id")) {
            let value = values.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value.clone());
            row.push((column.name, value.unwrap_or_else(|| column.empty())));
        }
        let iid = self.session.insert(table, &row)?;
        property_rows::set_second_key(self.session, table, key, iid)?;
        if let Some(tool) = tool {
            let property = NewProperty { tool, item: iid, edit: "Added", visibility: Visibility::Visible, shown: None };
            property_rows::insert(self.session, self.course.id, &property, self.stamp)?;
        }
        Ok(iid)
    }
}
