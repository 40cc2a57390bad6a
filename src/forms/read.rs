//! Files into drafts.

use serde_json::Value as Js;

use crate::course::Stamp;
use crate::portal::database::Value;

use super::declared::FORMS;
use super::decode::{Decoder, Object};
use super::draft::Draft;
use super::error::FormError;
use super::form::{FileForm, Home, Syntax, kind};
use super::json::bytes_of;
use super::names;
use super::page;
use super::shortcut;
use super::tree::{INDEX, Place, Tree, stem_of};

/// Reads the bytes of a file called `name` in `folder`: the items that it tells, mostly one. `stamp` says who acts and
/// when, where the file does not.
///
/// Files that this crate wrote come back whole. Files made by hand or by other programs are read as far as they tell
/// something, and get defaults for the rest. What can't be understood is an error that names line or field.
pub fn read(tree: &Tree, folder: Place, name: &[u8], bytes: &[u8], stamp: &Stamp) -> Result<Vec<Draft>, FormError> {
    let form = form_for(folder, name)?;
    let text_name = String::from_utf8_lossy(name);
    let stem = stem_of(&text_name);
    let decoder = Decoder::new(tree, form, folder, stamp);
    match form.syntax {
        Syntax::Page(column) => read_page(form, decoder, column, stem, bytes).map(|draft| vec![draft]),
        Syntax::Shortcut(column) => read_shortcut(form, decoder, column, stem, bytes).map(|draft| vec![draft]),
        Syntax::Articles(column) => read_articles(form, decoder, column, stem, bytes).map(|draft| vec![draft]),
        Syntax::Calendar | Syntax::Sheet | Syntax::Package => Err(wrong_kind(folder, name)),
    }
}

/// A draft of the item that a new folder called `name` in `folder` stands for, such as a category of links.
pub fn read_folder(tree: &Tree, folder: Place, name: &[u8], stamp: &Stamp) -> Result<Draft, FormError> {
    let form = forms_in(folder).find(|form| form.folder).ok_or_else(|| FormError::WrongKind {
        name: String::from_utf8_lossy(name).into_owned(),
        takes: takes(folder),
    })?;
    let title = Value::from(String::from_utf8_lossy(name).into_owned());
    Decoder::new(tree, form, folder, stamp).draft(&Object::new(), vec![(form.title, title)], None)
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
        // Links lie in the tool's folder if they are in no category; a forum's threads never do.
        (Place::Tool(tool), Home::Below(..)) => form.tool == tool,
        (Place::Shelf(tool, shelf), Home::Folder(name) | Home::Unless(_, _, name)) => {
            form.tool == tool && name == shelf
        }
        (Place::Folder(kind, _), Home::Below(_, above)) => kind == above,
        _ => false,
    })
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
    decoder.about(&fields)?;
    let exact = fields.get(page::TITLE).and_then(bytes_of);
    if exact.is_some() {
        fields.remove(page::TITLE);
    }
    let title = read.title(exact).unwrap_or_else(|| stem.as_bytes().to_vec());
    let title = told(form, form.title, title, &mut fields);
    let body = decoder.text(read.body);
    let body = told(form, column, body, &mut fields);
    let mut draft = decoder.draft(&fields, vec![(form.title, title), (column, body)], None)?;
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
    decoder.about(&fields)?;
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
    let mut draft = decoder.draft(&fields, vec![(form.title, title)], Some(articles))?;
    draft.partial = read.fields.is_none().then(|| vec![form.title]);
    Ok(draft)
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
    decoder.about(&fields)?;
    let exact = fields.get(shortcut::EXACT).and_then(bytes_of);
    let title = fields.get(form.title).and_then(bytes_of);
    let title = title.unwrap_or_else(|| stem.as_bytes().to_vec());
    let title = told(form, form.title, title, &mut fields);
    let address = told(form, column, read.address(exact), &mut fields);
    let mut draft = decoder.draft(&fields, vec![(form.title, title), (column, address)], None)?;
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
