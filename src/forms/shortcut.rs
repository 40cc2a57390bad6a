//! Internet shortcuts: `.url` files as desktops make and open them, in UTF-8.
//!
//! The address stands in the group that all programs know. What else there is of a link stands as JSON in one line in a
//! group of our own, which they pass over.

use super::error::FormError;
use super::json::{Json, Members};

const GROUP: &str = "[InternetShortcut]";
const ADDRESS: &str = "URL";
const OURS: &str = "[coursefs]";
const FIELDS: &str = "Fields";

/// The member with an address that a line can't hold.
pub const EXACT: &str = "url";

/// The bytes of a shortcut to `address`.
pub fn write(address: &[u8], mut fields: Members) -> Vec<u8> {
    let shown = shown(address);
    if shown.as_bytes() != address {
        fields.insert(0, (EXACT.into(), Json::text(address)));
    }
    let mut text = format!("{GROUP}\n{ADDRESS}={shown}\n");
    if !fields.is_empty() {
        text.push_str(&format!("\n{OURS}\n{FIELDS}={}\n", Json::Map(fields).line()));
    }
    text.into_bytes()
}

/// An address as a line can hold it.
fn shown(address: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(address).chars().filter(|letter| !letter.is_control()).collect();
    text.trim().to_owned()
}

/// A shortcut that was read.
#[derive(Debug)]
pub struct Read {
    /// The address.
    pub address: String,
    /// The JSON of our group, and its line.
    pub fields: Option<(usize, Vec<u8>)>,
}

impl Read {
    /// The address, where `exact` is the one that the JSON tells.
    pub fn address(&self, exact: Option<Vec<u8>>) -> Vec<u8> {
        match exact {
            Some(exact) if shown(&exact) == self.address => exact,
            _ => self.address.clone().into_bytes(),
        }
    }
}

/// Reads a shortcut.
pub fn read(bytes: &[u8]) -> Result<Read, FormError> {
    let text = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode(bytes).0,
        None => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            // Windows writes them in the encoding of the machine.
            Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0,
        },
    };
    let mut group = String::new();
    let mut address = None;
    let mut fields = None;
    for (line, text) in (1..).zip(text.split('\n')) {
        let text = text.trim_matches(['\r', ' ', '\t']);
        if text.starts_with('[') {
            group = text.to_owned();
            continue;
        }
        let Some((name, value)) = text.split_once('=') else { continue };
        let (name, value) = (name.trim_end(), value.trim_start());
        if group.eq_ignore_ascii_case(GROUP) && name.eq_ignore_ascii_case(ADDRESS) {
            address.get_or_insert_with(|| value.to_owned());
        } else if group == OURS && name == FIELDS {
            fields = Some((line, value.as_bytes().to_vec()));
        }
    }
    let address = address.ok_or_else(|| {
        FormError::syntax(
            1,
            "this is no Internet shortcut: it wants a line [InternetShortcut] and below it one URL=https://…",
        )
    })?;
    Ok(Read { address, fields })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shortcut_of_windows_is_read() {
        let read =
            read(b"[{000214A0}]\r\nProp3=19,11\r\n[InternetShortcut]\r\nIDList=\r\nURL=https://example.org/a=b\r\n");
        assert_eq!(read.unwrap().address, "https://example.org/a=b");
    }

    #[test]
    fn what_is_no_shortcut_is_refused_with_what_to_do() {
        let error = super::read(b"https://example.org").unwrap_err().to_string();
        assert!(error.contains("[InternetShortcut]"), "{error}");
    }

    proptest! {
        #[test]
        fn any_address_comes_back(address: Vec<u8>) {
            let read = read(&write(&address, Vec::new())).unwrap();
            let exact = read.fields.as_ref().map(|(_, json)| serde_json::from_slice::<serde_json::Value>(json).unwrap());
            let exact = exact.and_then(|fields| super::super::json::bytes_of(fields.get(EXACT)?));
            prop_assert_eq!(read.address(exact), address);
        }
    }
}
