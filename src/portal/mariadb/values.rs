//! Values between our form and that of the protocol: integers, floats, bytes; dates as the text that Chamilo writes.

use mysql::Value as Wire;
use mysql::consts::ColumnType;

use crate::portal::database::{Answer, Value};

/// What is sent for `value`.
pub(super) fn to_wire(value: &Value) -> Wire {
    match value {
        Value::Null => Wire::NULL,
        Value::Int(number) => Wire::Int(*number),
        Value::Float(number) => Wire::Double(*number),
        Value::Text(text) => Wire::Bytes(text.to_vec()),
    }
}

/// Puts into `answer` what the server answered in a column of the type `kind`.
pub(super) fn from_wire(value: Wire, kind: ColumnType, answer: &mut Answer<'_>) {
    match value {
        Wire::NULL => answer.value(Value::Null),
        Wire::Bytes(bytes) => answer.text(&bytes),
        Wire::Int(number) => answer.value(Value::Int(number)),
        Wire::UInt(number) => match i64::try_from(number) {
            Ok(number) => answer.value(Value::Int(number)),
            Err(_) => answer.text(number.to_string().as_bytes()),
        },
        // By its text, so that 0.1 stays 0.1.
        Wire::Float(number) => {
            answer.value(Value::Float(number.to_string().parse().unwrap_or_else(|_| number.into())));
        }
        Wire::Double(number) => answer.value(Value::Float(number)),
        Wire::Date(year, month, day, hour, minute, second, micros) => {
            // Every document has two: formatting would cost more than all other columns together.
            let mut text = Vec::with_capacity(b"0000-00-00 00:00:00.000000".len());
            digits(&mut text, year.into(), 4);
            for (sign, number) in [(b'-', month), (b'-', day)] {
                text.push(sign);
                digits(&mut text, number.into(), 2);
            }
            if kind != ColumnType::MYSQL_TYPE_DATE {
                for (sign, number) in [(b' ', hour), (b':', minute), (b':', second)] {
                    text.push(sign);
                    digits(&mut text, number.into(), 2);
                }
                if micros > 0 {
                    text.push(b'.');
                    digits(&mut text, micros, 6);
                }
            }
            answer.text(&text);
        }
        Wire::Time(negative, days, hours, minutes, seconds, _) => {
            let sign = if negative { "-" } else { "" };
            let hours = days.saturating_mul(24).saturating_add(hours.into());
            answer.text(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}").as_bytes());
        }
    }
}

/// Adds the last `count` digits of `number`.
fn digits(text: &mut Vec<u8>, number: u32, count: u32) {
    for place in (0..count).rev() {
        text.push(b'0' + (number / 10_u32.pow(place) % 10) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn read(value: Wire, kind: ColumnType) -> Value {
        let mut read = Vec::new();
        let mut each = |row: crate::portal::database::Row| {
            read.push(row.get("x").clone());
            Ok(())
        };
        let mut answer = Answer::new([Arc::from("x")].into(), &mut each);
        from_wire(value, kind, &mut answer);
        answer.end_row().and_then(|()| answer.finish()).unwrap();
        read.pop().unwrap()
    }

    #[test]
    fn dates_are_the_text_that_chamilo_writes() {
        let text = read;
        let (date, moment) = (ColumnType::MYSQL_TYPE_DATE, ColumnType::MYSQL_TYPE_DATETIME);
        assert_eq!(text(Wire::Date(2026, 9, 1, 0, 0, 0, 0), date), Value::from("2026-09-01"));
        assert_eq!(text(Wire::Date(2026, 9, 1, 8, 5, 0, 0), moment), Value::from("2026-09-01 08:05:00"));
        assert_eq!(text(Wire::Date(987, 12, 31, 23, 59, 8, 50), moment), Value::from("0987-12-31 23:59:08.000050"));
        assert_eq!(text(Wire::Date(0, 0, 0, 0, 0, 0, 0), moment), Value::from("0000-00-00 00:00:00"));
        assert_eq!(text(Wire::Time(false, 1, 2, 3, 4, 0), ColumnType::MYSQL_TYPE_TIME), Value::from("26:03:04"));
    }

    #[test]
    fn numbers_keep_what_they_are_worth() {
        let value = |value| read(value, ColumnType::MYSQL_TYPE_LONGLONG);
        assert_eq!(value(Wire::UInt(7)), Value::Int(7));
        assert_eq!(value(Wire::UInt(u64::MAX)), Value::from("18446744073709551615"));
        assert_eq!(value(Wire::Float(0.1)), Value::Float(0.1));
    }
}
