//! The documents of a course as resources of the serialized Course.
//!
//! A course may have very many. They are written in pieces, two of three in a second thread, which is never more than two
//! pieces ahead: nobody keeps them all in memory. Each piece can be spelled again by itself.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc;

use crate::course::document::Document;
use crate::php::{self, Entries, Key, Sink, Writer};
use crate::portal::database::{Columns, Row, Value};

use super::course_info::{NAMESPACE, column, rest_of_resource, text_property};
use super::property_rows::PropertyRows;
use super::rows::{CourseRows, Renamed};
use super::{extras, links};

/// Documents in a piece: it stays in the processor's cache until it is measured.
pub const PIECE: usize = 250;

/// About how many bytes a document takes.
const EXPECTED: usize = 1200;

/// What is told of documents besides their rows.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// Values of their extra fields, by the documents' keys.
    pub fields: &'a HashMap<i64, Vec<Row>>,
    /// Names in the archive that differ, `None` if there are none.
    pub renamed: Option<&'a Renamed>,
}

/// Slots of documents by their keys.
type Slots = Vec<(i64, usize)>;

/// Writes the entries of the array of documents and returns the slots of those `wanted`, by their keys.
pub fn write<S: Sink>(rows: &CourseRows, writer: &mut Writer<S>, wanted: &HashSet<i64>) -> HashMap<i64, usize> {
    let pieces = || rows.documents.chunks(PIECE);
    let beside = Beside { fields: &rows.document_fields, renamed: rows.renamed.as_deref() };
    let mut slots = HashMap::new();
    std::thread::scope(|scope| {
        let (done, others) = mpsc::sync_channel(2);
        // Memory goes to and fro: new memory costs more than what is written into it.
        let (give_back, given_back) = mpsc::channel();
        let spell = move || {
            let mut properties = PropertyRows::default();
            for (_, piece) in pieces().enumerate().filter(|(number, _)| is_helpers(*number)) {
                let memory = given_back.try_recv().unwrap_or_else(|_| Vec::with_capacity(EXPECTED * PIECE));
                if done.send(spell_into(memory, beside, piece, &mut properties, wanted)).is_err() {
                    break;
                }
            }
        };
        // If there is no thread for it, this one writes all.
        let helped = pieces().len() > 1 && std::thread::Builder::new().spawn_scoped(scope, spell).is_ok();
        let mut properties = PropertyRows::default();
        let mut own_memory = Vec::with_capacity(EXPECTED * PIECE.min(rows.documents.len()));
        for (number, piece) in pieces().enumerate() {
            let spelled = if helped && is_helpers(number) { others.recv().ok() } else { None };
            let is_own = spelled.is_none();
            let (entries, found) = spelled
                .unwrap_or_else(|| spell_into(std::mem::take(&mut own_memory), beside, piece, &mut properties, wanted));
            let before = writer.last_slot();
            writer.entries(&entries);
            match is_own {
                true => own_memory = entries.into_bytes(),
                // The other thread may be done and want it no more.
                false => drop(give_back.send(entries.into_bytes())),
            }
            slots.extend(found.into_iter().map(|(key, slot)| (key, before + slot)));
        }
    });
    slots
}

/// The entries of a piece of documents, as [`write`] writes them.
pub fn spell(beside: Beside<'_>, piece: &[Document]) -> Vec<u8> {
    let memory = Vec::with_capacity(EXPECTED * piece.len());
    let (entries, _) = spell_into(memory, beside, piece, &mut PropertyRows::default(), &HashSet::new());
    entries.into_bytes()
}

fn spell_into(
    memory: Vec<u8>,
    beside: Beside<'_>,
    piece: &[Document],
    properties: &mut PropertyRows,
    wanted: &HashSet<i64>,
) -> (Entries, Slots) {
    Entries::spell(memory, piece.len(), |writer| write_piece(beside, piece, writer, properties, wanted))
}

/// Whether the second thread writes the piece `number`. It has more of them, for what follows is the first one's: the measuring
/// of all.
fn is_helpers(number: usize) -> bool {
    !number.is_multiple_of(3)
}

fn write_piece<S: Sink>(
    beside: Beside<'_>,
    documents: &[Document],
    writer: &mut Writer<S>,
    properties: &mut PropertyRows,
    wanted: &HashSet<i64>,
) -> Slots {
    let class = format!("{NAMESPACE}Resources\\Document");
    let mut told = Columns::new(["comment", "filetype", "size", "title"]);
    let mut path = Vec::new();
    let mut slots = Vec::new();
    for document in documents {
        let safe = beside.renamed.and_then(|renamed| renamed.names.get(&document.path));
        path.clear();
        path.extend_from_slice(b"document/");
        path.extend_from_slice(safe.unwrap_or(&document.path));
        let extras = document_extras(beside, document);
        writer.key_int(document.iid);
        writer.begin_object(class.as_bytes(), 12 + usize::from(extras.is_some()));
        if wanted.contains(&document.iid) {
            slots.push((document.iid, writer.last_slot()));
        }
        text_property(writer, b"path", &path);
        let properties_of = [b"comment".as_slice(), b"file_type", b"size", b"title"];
        for (property, value) in properties_of.into_iter().zip(told.of(&document.row)) {
            writer.property(property);
            column(writer, value);
        }
        writer.property(b"source_id");
        writer.digits(document.iid);
        let fields = beside.fields.get(&document.iid).map_or(&[] as &[Row], Vec::as_slice);
        rest_of_resource(writer, "document", |writer| properties.write(writer, document.properties.iter()), fields);
        if let Some(extras) = extras {
            writer.property(extras::NAME.as_bytes());
            writer.value(&extras);
        }
        writer.end();
    }
    slots
}

/// What Chamilo's form of a document does not tell: its true path if it stands under another, whether only its author
/// may change it, and what was replaced in a page.
fn document_extras(beside: Beside<'_>, document: &Document) -> Option<php::Value<'static>> {
    let renamed = beside.renamed;
    let mut row = Vec::new();
    if renamed.is_some_and(|renamed| renamed.names.get(&document.path).is_some()) {
        row.push((Key::from("path"), extras::php(&Value::from(document.path.clone()))));
    }
    if document.row.int("readonly") == Some(1) {
        row.push((Key::from("readonly"), php::Value::from("1")));
    }
    let mut parts = Vec::new();
    if !row.is_empty() {
        parts.push((Key::from("row"), php::Value::Array(row)));
    }
    let page = renamed.and_then(|renamed| renamed.pages.get(&document.iid));
    if let Some((patches, _)) = page.and_then(|page| page.rewritten.as_ref()) {
        parts.push((Key::from(extras::PATCHES), links::write_patches(patches)));
    }
    (!parts.is_empty()).then_some(php::Value::Array(parts))
}
