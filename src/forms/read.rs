//! Files into drafts.

use serde_json::Value as Js;

use crate::course::Stamp;
use crate::portal::database::Value;

use super::calendar::{self, Event, Repetition};
use super::declared::FORMS;
use super::decode::{Decoder, Object};
use super::draft::Draft;
use super::error::FormError;
use super::form::{FileForm, Home, Syntax, kind};
use super::json::bytes_of;
use super::names;
use super::page;
use super::shortcut;
use super::tree::{INDEX, Place, Tree, has_files, stem_of};

/// Reads the bytes of a file called `name` in `folder`: the items that it tells, mostly one. `stamp` says who acts and
/// when, where the file does not.
///
/// Files that this crate wrote come back whole. Files made by hand or by other programs are read as far as they tell
/// something, and get defaults for the rest. What can't be understood is an error that names line or field.
pub fn read(tree: &Tree, folder: Place, name: &[u8], bytes: &[u8], stamp: &Stamp) -> Result<Vec<Draft>, FormError> {
    let form = form_for(folder, name)?;
    let text_name = String::from_utf8_lossy(name);
    let stem = stem_of(&text_name);
    // The page of a folder lies in it: what counts is where the folder lies.
    let above = tree.entry(folder).and_then(|entry| entry.parent).filter(|_| form.folder);
    let home = above.unwrap_or(folder);
    let decoder = Decoder::new(tree, form, folder, home, stamp);
    match form.syntax {
        Syntax::Page(column) => read_page(form, decoder, column, stem, bytes).map(|draft| vec![draft]),
        Syntax::Shortcut(column) => read_shortcut(form, decoder, column, stem, bytes).map(|draft| vec![draft]),
        Syntax::Articles(column) => read_articles(form, decoder, column, stem, bytes).map(|draft| vec![draft]),
        Syntax::Sheet => read_sheet(form, decoder, stem, bytes).map(|draft| vec![draft]),
        Syntax::Calendar => calendar::read(bytes)?
            .into_iter()
            .map(|event| read_event(Decoder::new(tree, form, folder, home, stamp), stem, &event))
            .collect(),
        Syntax::Package => Err(wrong_kind(folder, name)),
    }
}

/// A draft of the item that a new folder called `name` in `folder` stands for, such as a category of links.
pub fn read_folder(tree: &Tree, folder: Place, name: &[u8], stamp: &Stamp) -> Result<Draft, FormError> {
    let form = forms_in(folder).find(|form| form.folder).ok_or_else(|| FormError::WrongKind {
        name: String::from_utf8_lossy(name).into_owned(),
        takes: takes(folder),
    })?;
    let name = String::from_utf8_lossy(name);
    Decoder::new(tree, form, folder, folder, stamp).draft(
        &name,
        &Object::new(),
        vec![(form.title, Value::from(name.clone().into_owned()))],
        None,
    )
}

/// The form of files called `name` in `folder`.
pub fn form_for(folder: Place, name: &[u8]) -> Result<&'static FileForm, FormError> {
    if let (Place::Folder(kind, _), true) = (folder, name == INDEX.as_bytes()) {
        let form = FORMS.iter().copied().find(|form| form.kind == kind && form.folder);
        return form.ok_or_else(|| wrong_kind(folder, name));
    }
    let lower = name.to_ascii_lowercase();
    let fits = |form: &&FileForm| !form.folder && lower.ends_with(form.syntax.extension().as_bytes());
    // Pages have two extensions.
    let html = lower.ends_with(b".htm");
    let page = |form: &&FileForm| !form.folder && html && matches!(form.syntax, Syntax::Page(_) | Syntax::Articles(_));
    forms_in(folder).find(|form| fits(form) || page(form)).ok_or_else(|| wrong_kind(folder, name))
}

/// The forms of what may lie in `folder`.
fn forms_in(folder: Place) -> impl Iterator<Item = &'static FileForm> {
    FORMS.iter().copied().filter(move |form| match (folder, form.home) {
        (Place::Tool(tool), Home::Tool | Home::Unless(..)) => form.tool == tool,
        // Links lie in the tool's folder if they are in no category; threads lie in forums only.
        (Place::Tool(tool), Home::Below(..)) => form.tool == tool,
        (Place::Shelf(tool, shelf), Home::Folder(name) | Home::Unless(_, _, name)) => {
            form.tool == tool && name == shelf
        }
        (Place::Folder(kind, _), Home::Below(_, above) | Home::Inside(_, above)) => kind == above,
        _ => false,
    })
}

/// Whether items with attachments may lie in `folder`, each beside its file.
pub fn takes_attachments(folder: Place) -> bool {
    forms_in(folder).any(|form| !form.folder && has_files(form))
}

fn takes(folder: Place) -> String {
    let mut takes: Vec<String> = forms_in(folder)
        .map(|form| if form.folder { "folders".to_owned() } else { format!("*{}", form.syntax.extension()) })
        .collect();
    takes.dedup();
    if takes.is_empty() { "no files".into() } else { takes.join(" and ") }
}

fn wrong_kind(folder: Place, name: &[u8]) -> FormError {
    FormError::WrongKind { name: String::from_utf8_lossy(name).into_owned(), takes: takes(folder) }
}

/// The object in the JSON `text` that begins in line `line` of a file.
fn object((line, text): (usize, &[u8])) -> Result<Object, FormError> {
    let parsed = serde_json::from_slice::<Js>(text).map_err(|error| match FormError::from((text, &error)) {
        FormError::Syntax { line: own, problem } => FormError::syntax(line + own - 1, problem),
        error => error,
    })?;
    match parsed {
        Js::Object(object) => Ok(object),
        _ => Err(FormError::syntax(line, "an object is wanted here: {\"name\": \"value\"}")),
    }
}

/// The value of a column that stands outside the JSON, as `text`: NULL if the JSON says so and there is no text.
fn told(form: &FileForm, column: &str, text: Vec<u8>, fields: &mut Object) -> Value {
    let table = form.kind().map_or("", |kind| kind.table.name);
    let null = fields.remove(form.table(table).name(column)) == Some(Js::Null);
    if null && (text.is_empty() || column == form.title) { Value::Null } else { Value::from(text) }
}

fn read_page(
    form: &'static FileForm,
    mut decoder: Decoder<'_>,
    column: &'static str,
    stem: &str,
    bytes: &[u8],
) -> Result<Draft, FormError> {
    let read = page::read(bytes)?;
    let mut fields = match &read.fields {
        Some((line, json)) => object((*line, json))?,
        None => Object::new(),
    };
    decoder.about(&fields, read.fields.is_some())?;
    let exact = fields.get(page::TITLE).and_then(bytes_of);
    if exact.is_some() {
        fields.remove(page::TITLE);
    }
    let title = read.title(exact).unwrap_or_else(|| stem.as_bytes().to_vec());
    // An introduction's title is its tool, which the file is called by.
    let by_name = form.kind().is_some_and(|kind| kind.table.key == form.title) && names::stem(&title) != stem;
    let title = if by_name { stem.as_bytes().to_vec() } else { title };
    let title = told(form, form.title, title, &mut fields);
    let body = decoder.text(read.body);
    let body = told(form, column, body, &mut fields);
    let mut draft = decoder.draft(stem, &fields, vec![(form.title, title), (column, body)], None)?;
    draft.partial = read.fields.is_none().then(|| vec![form.title, column]);
    Ok(draft)
}

fn read_articles(
    form: &'static FileForm,
    mut decoder: Decoder<'_>,
    column: &'static str,
    stem: &str,
    bytes: &[u8],
) -> Result<Draft, FormError> {
    let table = form.parts.first().and_then(|part| kind(part.kind)).map_or("", |kind| kind.table.name);
    let words = form.table(table);
    let read = page::read(bytes)?;
    let mut fields = match &read.fields {
        Some((line, json)) => object((*line, json))?,
        None => Object::new(),
    };
    decoder.about(&fields, read.fields.is_some())?;
    let exact = fields.get(page::TITLE).and_then(bytes_of);
    if exact.is_some() {
        fields.remove(page::TITLE);
    }
    let title = read.title(exact).unwrap_or_else(|| stem.as_bytes().to_vec());
    let title = told(form, form.title, title, &mut fields);
    let marked = page::articles(&read.body, words.row);
    let texts = match (fields.is_empty(), marked) {
        (_, Some(texts)) => texts,
        // A thread without posts has no marks.
        (false, None) if read.body.is_empty() => Vec::new(),
        (_, None) => vec![read.body],
    };
    let told = match fields.get(words.list) {
        None => Vec::new(),
        Some(Js::Array(list)) => list.clone(),
        Some(_) => return Err(FormError::field(words.list, "a list is wanted here")),
    };
    if told.len() > texts.len() {
        let problem = format!(
            "there are {} of them, but the page has texts for {}; keep its <!--{}-1--> marks",
            told.len(),
            texts.len(),
            words.row
        );
        return Err(FormError::field(words.list, problem));
    }
    let mut articles = Vec::new();
    for (number, text) in texts.into_iter().enumerate() {
        let mut object = match told.get(number) {
            Some(Js::Object(object)) => object.clone(),
            None => Object::new(),
            Some(_) => return Err(FormError::field(format!("{}[{number}]", words.list), "an object is wanted here")),
        };
        let null = object.remove(words.name(column)) == Some(Js::Null) && text.is_empty();
        let text = if null { Value::Null } else { Value::from(decoder.text(text)) };
        if told.is_empty() && !object.contains_key("title") {
            object.insert("title".into(), String::from_utf8_lossy(title.as_text()).into_owned().into());
        }
        articles.push((object, vec![(column, text)]));
    }
    let mut draft = decoder.draft(stem, &fields, vec![(form.title, title)], Some(articles))?;
    draft.partial = read.fields.is_none().then(|| vec![form.title]);
    Ok(draft)
}

fn read_sheet(form: &'static FileForm, mut decoder: Decoder<'_>, stem: &str, bytes: &[u8]) -> Result<Draft, FormError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut fields = object((1, bytes))?;
    let table = form.kind().map_or("", |kind| kind.table.name);
    let words = form.table(table);
    match fields.get("form") {
        None => {}
        Some(Js::String(name)) if name == form.name => {}
        Some(other) => {
            let problem = format!("this folder takes files of the form \"{}\", and this is {other}", form.name);
            return Err(FormError::field("form", problem));
        }
    }
    decoder.about(&fields, fields.contains_key("form"))?;
    let title = words.name(form.title);
    if !fields.contains_key(title) {
        fields.insert(title.to_owned(), stem.into());
    }
    decoder.draft(stem, &fields, Vec::new(), None)
}

/// The draft of an event. All of it stands in our own property, if it has that; where the others say something else,
/// somebody changed them, and they count.
fn read_event(mut decoder: Decoder<'_>, stem: &str, event: &calendar::Read) -> Result<Draft, FormError> {
    let mut fields = match &event.fields {
        Some((line, json)) => object((*line, json))?,
        None => Object::new(),
    };
    decoder.about(&fields, event.fields.is_some())?;
    let bytes = |name: &str| fields.get(name).and_then(bytes_of).unwrap_or_default();
    let known = event.fields.as_ref().map(|_| Event {
        title: bytes("title"),
        content: bytes("content"),
        start: bytes("start_date"),
        end: bytes("end_date"),
        all_day: fields.get("all_day").and_then(Js::as_i64) == Some(1),
        repetition: fields.get("repetition").and_then(|rows| rows.get(0)).map(|row| {
            let text = |name: &str| {
                let bytes = row.get(name).and_then(bytes_of).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            };
            let number = |name: &str| row.get(name).and_then(Js::as_i64).unwrap_or(0);
            Repetition {
                every: text("every"),
                until: number("until"),
                frequency: number("frequency"),
                days: text("days"),
            }
        }),
        exceptions: fields
            .get("exceptions")
            .and_then(Js::as_array)
            .into_iter()
            .flatten()
            .filter_map(|row| row.get("date")?.as_i64())
            .collect(),
        ..Event::default()
    });
    let told = event.told(known.as_ref());
    let known_rule = known.as_ref().is_some_and(|event| event.repetition.is_some());
    let mut counts = Vec::new();
    let mut set = |name: &'static str, value: Js| {
        counts.push(name);
        fields.insert(name.to_owned(), value);
    };
    let text = |bytes: Vec<u8>| Js::from(String::from_utf8_lossy(&bytes).into_owned());
    if let Some(title) = told.title {
        set("title", if title.is_empty() { stem.into() } else { text(title) });
    }
    if let Some(content) = told.content {
        set("content", text(content));
    }
    if let Some((start, end, all_day)) = told.times {
        set("start_date", start.into());
        set("end_date", end.into());
        set("all_day", i64::from(all_day).into());
    }
    if told.rule {
        let row = event.rule.as_ref().map(|rule| &rule.row);
        let rows: Vec<Js> = row
            .into_iter()
            .map(|row| {
                let days = if row.days.is_empty() { Js::Null } else { row.days.clone().into() };
                serde_json::json!({"every": row.every, "until": row.until, "frequency": row.frequency, "days": days})
            })
            .collect();
        let exceptions: Vec<Js> =
            event.exceptions.iter().map(|time| serde_json::json!({"date": calendar::unix(*time)})).collect();
        fields.insert("repetition".into(), rows.into());
        fields.insert("exceptions".into(), exceptions.into());
        counts.extend(["c_calendar_event_repeat", "c_calendar_event_repeat_not"]);
    }
    follow(&mut fields, known.as_ref());
    fields.remove("form");
    let mut draft = decoder.draft(stem, &fields, Vec::new(), None)?;
    match known {
        Some(known) => draft.before.push(("start_date", known.start)),
        None => draft.partial = Some(counts),
    }
    // An event that never had a rule has none that could go.
    if told.rule && (event.rule.is_some() || known_rule) {
        draft.repeat(event.repeated());
    }
    Ok(draft)
}

/// Chamilo shows an event from its beginning to its end (data rules 7.1): what its property row says of that follows
/// the event's times, unless it said something else before.
fn follow(fields: &mut Object, before: Option<&Event>) {
    for (name, column) in [("shown_from", "start_date"), ("shown_until", "end_date")] {
        let Some(time) = fields.get(column).filter(|time| time.is_string()).cloned() else { continue };
        let old = before.map(|event| if column == "start_date" { &event.start } else { &event.end });
        match (old, fields.get_mut(super::properties::PROPERTIES)) {
            (None, None) => {
                fields.insert(super::properties::PROPERTIES.into(), serde_json::json!({ name: time }));
            }
            (None, Some(Js::Object(properties))) => {
                properties.insert(name.into(), time);
            }
            (Some(old), Some(Js::Object(properties))) => {
                if let Some(shown) = properties.get_mut(name)
                    && shown.as_str().map(str::as_bytes) == Some(old)
                {
                    *shown = time;
                }
            }
            _ => {}
        }
    }
}

fn read_shortcut(
    form: &'static FileForm,
    mut decoder: Decoder<'_>,
    column: &'static str,
    stem: &str,
    bytes: &[u8],
) -> Result<Draft, FormError> {
    let read = shortcut::read(bytes)?;
    let mut fields = match &read.fields {
        Some((line, json)) => object((*line, json))?,
        None => Object::new(),
    };
    decoder.about(&fields, read.fields.is_some())?;
    let exact = fields.get(shortcut::EXACT).and_then(bytes_of);
    let title = fields.get(form.title).and_then(bytes_of);
    let title = title.unwrap_or_else(|| stem.as_bytes().to_vec());
    let title = told(form, form.title, title, &mut fields);
    let address = told(form, column, read.address(exact), &mut fields);
    let mut draft = decoder.draft(stem, &fields, vec![(form.title, title), (column, address)], None)?;
    draft.partial = read.fields.is_none().then(|| vec![column]);
    Ok(draft)
}

/// Whether `name` is one that the item of a draft could have.
pub fn is_name_of(draft: &Draft, name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    let stem = names::stem(&draft.title());
    let own = stem_of(&name);
    own == stem || own.strip_prefix(&stem).is_some_and(|rest| rest.starts_with('~'))
}
