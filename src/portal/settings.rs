//! Platform settings: the table `settings_current`, and what coursefs reads from it.
//!
//! Missing settings have the value that a new Chamilo 1.11.32 portal is seeded with.

use std::collections::HashMap;

use super::database::{DatabaseError, Session};

/// The platform's settings at one moment.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: HashMap<(String, String), String>,
    /// Whether the database has no room for characters beyond U+FFFF, and for text that is no UTF-8.
    three_bytes: bool,
    only_utf8: bool,
}

impl Settings {
    /// Reads all settings of the main URL.
    pub fn load(session: &dyn Session) -> Result<Settings, DatabaseError> {
        let mut values = HashMap::new();
        let sql = "SELECT variable, subkey, selected_value FROM settings_current ORDER BY access_url DESC";
        session.query(sql, &[], &mut |row| {
            values.insert((row.text("variable"), row.text("subkey")), row.text("selected_value"));
            Ok(())
        })?;
        let (three_bytes, only_utf8) = (!session.holds("\u{10000}".as_bytes()), !session.holds(b"\xff"));
        Ok(Settings { values, three_bytes, only_utf8 })
    }

    /// Whether the portal's database can hold `text` as it is.
    pub fn holds(&self, text: &[u8]) -> bool {
        // The first byte of a character of four bytes is 0xF0 or more.
        let fits = !self.three_bytes || !text.iter().any(|byte| *byte >= 0xF0);
        fits && (!self.only_utf8 || std::str::from_utf8(text).is_ok())
    }

    /// Gives `variable` another value.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.values.insert((variable.to_owned(), String::new()), value.to_owned());
    }

    /// The value of `variable`, `None` if it is not set.
    pub fn get(&self, variable: &str) -> Option<&str> {
        self.with_subkey(variable, "")
    }

    /// The value of `variable` under `subkey` (a setting that is a list of check boxes).
    pub fn with_subkey(&self, variable: &str, subkey: &str) -> Option<&str> {
        self.values.get(&(variable.to_owned(), subkey.to_owned())).map(String::as_str)
    }

    /// Bytes a course may use if its row names no quota (Chamilo 1.11, `default_document_quotum`).
    pub fn default_quota(&self) -> u64 {
        self.get("default_document_quotum")
            .and_then(|value| value.trim().parse().ok())
            .filter(|quota| *quota > 0)
            .unwrap_or(100_000_000)
    }

    /// Mode of new folders (Chamilo 1.11, `permissions_for_new_directories`, octal).
    pub fn folder_mode(&self) -> u32 {
        self.octal("permissions_for_new_directories", 0o777)
    }

    /// Mode of new files (Chamilo 1.11, `permissions_for_new_files`, octal).
    pub fn file_mode(&self) -> u32 {
        self.octal("permissions_for_new_files", 0o666)
    }

    fn octal(&self, variable: &str, seed: u32) -> u32 {
        self.get(variable)
            .and_then(|value| u32::from_str_radix(value.trim(), 8).ok())
            .filter(|mode| *mode <= 0o7777)
            .unwrap_or(seed)
    }
}
