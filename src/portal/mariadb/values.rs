//! Values between our form and that of the protocol: integers, floats, bytes; dates as the text that Chamilo writes.

use mysql::Value as Wire;
use mysql::consts::ColumnType;

use crate::portal::database::{SameTexts, Value};

/// What is sent for `value`.
pub(super) fn to_wire(value: &Value) -> Wire {
    match value {
        Value::Null => Wire::NULL,
        Value::Int(number) => Wire::Int(*number),
        Value::Float(number) => Wire::Double(*number),
        Value::Text(text) => Wire::Bytes(text.to_vec()),
    }
}

/// What the server answered in the column with the index `column`, which is of the type `kind`.
pub(super) fn from_wire(value: Wire, kind: ColumnType, column: usize, same: &mut SameTexts) -> Value {
    match value {
        Wire::NULL => Value::Null,
        Wire::Bytes(bytes) => same.text(column, &bytes),
        Wire::Int(number) => Value::Int(number),
        Wire::UInt(number) => match i64::try_from(number) {
            Ok(number) => Value::Int(number),
            Err(_) => same.text(column, number.to_string().as_bytes()),
        },
        // By its text, so that 0.1 stays 0.1.
        Wire::Float(number) => Value::Float(number.to_string().parse().unwrap_or_else(|_| number.into())),
        Wire::Double(number) => Value::Float(number),
        Wire::Date(year, month, day, hour, minute, second, micros) => {
            let mut text = format!("{year:04}-{month:02}-{day:02}");
            if kind != ColumnType::MYSQL_TYPE_DATE {
                text.push_str(&format!(" {hour:02}:{minute:02}:{second:02}"));
                if micros > 0 {
                    text.push_str(&format!(".{micros:06}"));
                }
            }
            same.text(column, text.as_bytes())
        }
        Wire::Time(negative, days, hours, minutes, seconds, _) => {
            let sign = if negative { "-" } else { "" };
            let hours = days.saturating_mul(24).saturating_add(hours.into());
            same.text(column, format!("{sign}{hours:02}:{minutes:02}:{seconds:02}").as_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_the_text_that_chamilo_writes() {
        let text = |value, kind| from_wire(value, kind, 0, &mut SameTexts::new(1));
        let (date, moment) = (ColumnType::MYSQL_TYPE_DATE, ColumnType::MYSQL_TYPE_DATETIME);
        assert_eq!(text(Wire::Date(2026, 9, 1, 0, 0, 0, 0), date), Value::from("2026-09-01"));
        assert_eq!(text(Wire::Date(2026, 9, 1, 8, 5, 0, 0), moment), Value::from("2026-09-01 08:05:00"));
        assert_eq!(text(Wire::Date(0, 0, 0, 0, 0, 0, 0), moment), Value::from("0000-00-00 00:00:00"));
        assert_eq!(text(Wire::Time(false, 1, 2, 3, 4, 0), ColumnType::MYSQL_TYPE_TIME), Value::from("26:03:04"));
    }

    #[test]
    fn numbers_keep_what_they_are_worth() {
        let value = |value| from_wire(value, ColumnType::MYSQL_TYPE_LONGLONG, 0, &mut SameTexts::new(1));
        assert_eq!(value(Wire::UInt(7)), Value::Int(7));
        assert_eq!(value(Wire::UInt(u64::MAX)), Value::from("18446744073709551615"));
        assert_eq!(value(Wire::Float(0.1)), Value::Float(0.1));
    }
}
