//! The bytes of an item's file.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::course::item::Item;

use super::encode::Encoder;
use super::form::{Syntax, kind};
use super::frame::Rank;
use super::json::Json;
use super::page::{Article, Body, Page};
use super::paths;
use super::shortcut;
use super::tree::{Place, Tree};

/// What addresses in pages can't hold as it is.
const ADDRESS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');

/// The bytes of the file of an item; `None` if there is no such file, or if it is a package, which is made elsewhere.
/// The same rows give the same bytes.
pub fn write(tree: &Tree, file: Place) -> Option<Vec<u8>> {
    let encoder = Encoder::new(tree, file)?;
    let form = encoder.unit.form;
    let main = encoder.main()?;
    let title = main.record.bytes(form.title);
    let mut fields = encoder.about();
    Some(match form.syntax {
        Syntax::Page(column) => {
            fields.extend(encoder.unit(&[form.title, column], true));
            let body = Body::Text(Cow::Owned(encoder.text(&main.record.bytes(column))));
            Page { title: &title, fields, body, files: files(tree, file) }.write()
        }
        Syntax::Articles(column) => {
            fields.extend(encoder.unit(&[form.title], false));
            let table = form.parts.first().and_then(|part| kind(part.kind)).map_or("", |kind| kind.table.name);
            let words = form.table(table);
            let told = [column];
            let list = encoder.part(0).map(|item| Json::Map(encoder.item(item, Rank::Part(0), &told)));
            fields.push((words.list.into(), Json::List(list.collect())));
            let article = |item: &'_ Item| Article {
                title: item.record.bytes(words.column("title")),
                about: encoder.signature(item),
                text: encoder.text(&item.record.bytes(column)).into(),
            };
            let articles = encoder.part(0).map(article).collect();
            let body = Body::Articles { word: words.row, articles };
            Page { title: &title, fields, body, files: files(tree, file) }.write()
        }
        Syntax::Shortcut(column) => {
            fields.push((form.title.into(), Json::text(&title)));
            fields.extend(encoder.unit(&[form.title, column], true));
            shortcut::write(&main.record.bytes(column), fields)
        }
        Syntax::Calendar | Syntax::Sheet | Syntax::Package => return None,
    })
}

/// The attachments of a file: their addresses from it, and their names.
fn files(tree: &Tree, file: Place) -> Vec<(String, String)> {
    let Place::File(kind, key) = file else { return Vec::new() };
    let folder = tree.entry(file).and_then(|entry| tree.path(entry.parent?)).unwrap_or_default();
    let attachments = tree.children(Place::Attachments(kind, key));
    let file = |place: Place, name: &[u8]| {
        let path = paths::relative(&folder, &tree.path(place)?);
        let address = utf8_percent_encode(&String::from_utf8_lossy(&path), ADDRESS).to_string();
        Some((address, String::from_utf8_lossy(name).into_owned()))
    };
    attachments.filter_map(|entry| file(entry.place, &entry.name)).collect()
}
