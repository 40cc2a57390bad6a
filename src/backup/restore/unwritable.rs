//! Texts of an archive that the portal's database can't hold as they are.
//!
//! Chamilo's tables hold characters up to U+FFFF only (three bytes of UTF-8); it cuts a text at the first emoji and
//! loses the rest. Here nothing but the character is lost: in HTML it becomes a reference, which shows as it did, in
//! other texts U+FFFD, in names of files its number. What was changed is reported.

use crate::backup::texts;
use crate::course::item::Record;
use crate::course::tool::{Role, Table};
use crate::portal::Settings;
use crate::portal::database::Value;

use super::Report;
use super::items::ReadItems;

/// Changes what the portal's database can't hold in `items`.
pub fn adapt(settings: &Settings, items: &mut ReadItems, report: &mut Report) {
    items.change(&mut |table: &Table, record: &mut Record| {
        let key = record.key(table).unwrap_or(0);
        let held = |value: &Value| matches!(value, Value::Text(text) if !settings.holds(text));
        let columns: Vec<String> =
            record.iter().filter(|(_, value)| held(value)).map(|(column, _)| column.to_owned()).collect();
        for column in columns {
            let text = record.bytes(&column);
            let is_html = matches!(table.role(&column), Role::Html);
            let referenced = if is_html { texts::referenced(&text) } else { None };
            record.set(&column, referenced.unwrap_or_else(|| replaced(&text)).into());
            report.replaced.push(format!("{} {key}: {column}", table.name));
        }
    });
}

/// `text` without what no table of three bytes holds.
pub fn replaced(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    text.chars().map(|letter| if letter.len_utf8() > 3 { '\u{fffd}' } else { letter }).collect::<String>().into_bytes()
}

/// A path whose names every table holds; different paths stay different.
pub fn path(path: &[u8]) -> Vec<u8> {
    let mut names = String::new();
    for chunk in path.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter.len_utf8() {
                4 => names.push_str(&format!("_u{:x}", u32::from(letter))),
                _ => names.push(letter),
            }
        }
        for byte in chunk.invalid() {
            names.push_str(&format!("_x{byte:02x}"));
        }
    }
    names.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_character_is_lost() {
        assert_eq!(replaced("Été 🌋 – fin".as_bytes()), "Été \u{fffd} – fin".as_bytes());
        assert_eq!(path("/Été/🌋.txt".as_bytes()), "/Été/_u1f30b.txt".as_bytes());
        assert_eq!(path(b"/caf\xe9.txt"), b"/caf_xe9.txt");
    }
}
