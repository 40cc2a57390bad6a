//! The bytes of an item's file.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::course::item::Item;
use crate::course::tool::Role;
use crate::portal::schema;

use super::calendar::{Event, Repetition};
use super::encode::Encoder;
use super::form::{Syntax, kind};
use super::frame::Rank;
use super::json::Json;
use super::page::{Article, Body, Page};
use super::paths;
use super::shortcut;
use super::tree::{self, Place, Tree};

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
            let list = encoder
                .part(0)
                .enumerate()
                .map(|(place, item)| Json::Map(encoder.item(item, Rank::Part(0), place, &told)));
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
        Syntax::Sheet => {
            let table = main.kind.table.name;
            let words = form.table(table);
            let known = schema::columns(table).iter().find(|known| known.name == form.title);
            let name = words.name(form.title);
            let mut sheet = vec![("form".to_owned(), Json::from(form.name))];
            let title = main.record.get(form.title);
            let html = matches!(main.kind.table.role(form.title), Role::Html);
            sheet.push((name.to_owned(), if html { encoder.html(known, title) } else { Json::of(known, title) }));
            sheet.append(&mut fields);
            sheet.extend(encoder.unit(&[form.title], true).into_iter().filter(|(member, _)| member != name));
            format!("{}\n", Json::Map(sheet).pretty()).into_bytes()
        }
        Syntax::Calendar => event(&encoder, file, main).write({
            fields.push(("form".into(), form.name.into()));
            fields.extend(encoder.event());
            fields
        }),
        Syntax::Package => return None,
    })
}

/// The event of an item.
pub(super) fn event(encoder: &Encoder<'_>, file: Place, item: &Item) -> Event {
    let row = &item.record;
    let parent = row.int("parent_event_id").filter(|key| *key != 0);
    let parent = parent.and_then(|key| encoder.tree().items_of(Place::File(item.kind.key, key)).first().copied());
    let of = parent.unwrap_or(item);
    let table = &item.kind.table;
    let repetition = row.children_of(table, "c_calendar_event_repeat").first().map(|row| Repetition {
        every: String::from_utf8_lossy(&row.bytes("cal_type")).into_owned(),
        until: row.int("cal_end").unwrap_or(0),
        frequency: row.int("cal_frequency").unwrap_or(0),
        days: String::from_utf8_lossy(&row.bytes("cal_days")).into_owned(),
    });
    let exceptions = row.children_of(table, "c_calendar_event_repeat_not").iter();
    Event {
        title: row.bytes("title"),
        content: encoder.text(&row.bytes("content")),
        start: row.bytes("start_date"),
        end: row.bytes("end_date"),
        all_day: row.int("all_day") == Some(1),
        identity: [tree::origin(encoder.unit.form, of), of.record.bytes("title")].join(&b'\n'),
        instance: parent.is_some(),
        changed: item.newest_property().map(|row| row.bytes("lastedit_date")).unwrap_or_default(),
        repetition,
        exceptions: exceptions.filter_map(|row| row.int("cal_date")).collect(),
        files: files(encoder.tree(), file),
    }
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
