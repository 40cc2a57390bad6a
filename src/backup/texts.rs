//! HTML in rows as an archive tells it: what Chamilo's importer would spoil is written so that it does not.
//!
//! Links to documents that have another name in the archive lead to that name; characters beyond the Basic Multilingual
//! Plane (emoji), which Chamilo's database connection turns into question marks, become character references. The text
//! as it is stands in `coursefs` then.

use crate::course::item::{Items, Record};
use crate::course::tool::{Role, Table};
use crate::portal::database::Value;

use super::links::Links;

/// Sets for all HTML of `items` what an archive tells of it.
pub fn archive(items: &mut Items, links: Option<&Links<'_>>) {
    items.change(&mut |table: &Table, record: &mut Record| {
        for (column, role) in table.roles {
            let Role::Html = role else { continue };
            if let Value::Text(html) = record.get(column)
                && let Some(archived) = archived(html, links)
            {
                record.archive_as(column, Value::from(archived));
            }
        }
    });
}

fn archived(html: &[u8], links: Option<&Links<'_>>) -> Option<Vec<u8>> {
    let linked = links.and_then(|links| links.rewrite(html, None)).map(|(html, _)| html);
    let referenced = referenced(linked.as_deref().unwrap_or(html));
    referenced.or(linked)
}

/// `html` with references for the characters of four bytes; `None` if it has none or is not UTF-8.
pub(super) fn referenced(html: &[u8]) -> Option<Vec<u8>> {
    // The first byte of such a character is 0xF0 or more.
    if !html.iter().any(|byte| *byte >= 0xF0) {
        return None;
    }
    let text = std::str::from_utf8(html).ok()?;
    let mut referenced = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if letter.len_utf8() == 4 {
            referenced.push_str(&format!("&#{};", u32::from(letter)));
        } else {
            referenced.push(letter);
        }
    }
    Some(referenced.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_become_references_and_other_letters_stay() {
        assert_eq!(referenced("é 😀 ü".as_bytes()).unwrap(), "é &#128512; ü".as_bytes());
        assert_eq!(referenced("é 日本".as_bytes()), None);
        assert_eq!(referenced(b"\xf0\xff"), None);
    }
}
