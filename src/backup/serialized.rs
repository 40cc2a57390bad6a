//! The serialized course, of which a large course has many megabytes: spelled to be measured, and again when it is read.
//!
//! Whoever asks for the size of a backup needs the length of the text and a hash of it, whoever reads the first byte its
//! checksum. So a [`Measure`] takes the text piece by piece and keeps nothing but what stands around the documents. Of
//! these a [`Serialized`] has the rows, from which it spells a piece whenever somebody reads in it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use xxhash_rust::xxh3::Xxh3;

use crate::archive::{Base64Crc, Held, Text, base64_crc};
use crate::course::document::Document;
use crate::php::Sink;
use crate::portal::database::Row;

use super::course_info;
use super::documents::{self, Beside, PIECE};
use super::loose_files::Loose;
use super::rows::{CourseRows, Renamed};

/// Documents that a thread of its own puts away: it takes milliseconds, for which nobody has to wait.
const MANY_DOCUMENTS: usize = 2000;

/// A serialized course.
#[derive(Clone, Debug)]
pub struct Serialized {
    /// What stands in the archive.
    pub held: Held,
    /// Hash of what is serialized, before base64.
    pub hash: u128,
}

/// When the checksum of a serialized course is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// With its length and hash: whoever asks for them will probably read.
    Now,
    /// When it is asked for, from the documents spelled once more.
    Asked,
}

/// Takes serialized text and keeps of it what cannot be spelled again.
pub struct Measure {
    /// What stands before the documents; all of it if there are none.
    before: Vec<u8>,
    /// What stands after them.
    after: Vec<u8>,
    /// Where the first piece of documents begins in the text and where each piece ends.
    bounds: Vec<usize>,
    told: Told,
}

/// What is told of text that was measured.
struct Told {
    length: usize,
    hash: Xxh3,
    crc: Option<Base64Crc>,
}

impl Told {
    fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        if let Some(crc) = &mut self.crc {
            crc.update(bytes);
        }
        self.length += bytes.len();
    }
}

impl Sink for Measure {
    fn put(&mut self, bytes: &[u8]) {
        let kept = if self.bounds.is_empty() { &mut self.before } else { &mut self.after };
        kept.extend_from_slice(bytes);
    }

    /// Only documents are spelled apart, one piece after the other.
    fn put_entries(&mut self, bytes: &[u8]) {
        if self.bounds.is_empty() {
            self.told.update(&self.before);
            self.bounds.push(self.told.length);
        }
        self.told.update(bytes);
        self.bounds.push(self.told.length);
    }
}

impl Measure {
    /// Serializes a course with the files that no row names.
    pub fn course(rows: &CourseRows, loose: &Loose, checksum: Checksum) -> Measure {
        let crc = (checksum == Checksum::Now).then(Base64Crc::default);
        let told = Told { length: 0, hash: Xxh3::new(), crc };
        let measure = Measure { before: Vec::new(), after: Vec::new(), bounds: Vec::new(), told };
        let mut measure = course_info::write(rows, loose, measure);
        let last = if measure.bounds.is_empty() { &measure.before } else { &measure.after };
        measure.told.update(last);
        measure
    }

    /// What was measured, to be spelled from the same `documents` again.
    pub fn of(self, documents: Documents) -> Serialized {
        let Measure { before, after, bounds, told } = self;
        let crc = told.crc.map_or_else(OnceLock::new, |crc| crc.finish().into());
        let text = Spelled { before, after, bounds, length: told.length, crc, documents, last: Mutex::default() };
        Serialized { hash: told.hash.digest128(), held: Held::Base64(Arc::new(text)) }
    }
}

/// The documents of a course, and what is told of them.
pub struct Documents {
    /// In the order of their paths.
    pub list: Vec<Document>,
    /// Values of their extra fields, by the documents' keys.
    pub fields: HashMap<i64, Vec<Row>>,
    /// Names in the archive that differ, `None` if there are none.
    pub renamed: Option<Arc<Renamed>>,
}

/// A piece of documents by its number, as it was spelled.
type Piece = (usize, Arc<Vec<u8>>);

/// Serialized text whose documents are spelled when they are read.
struct Spelled {
    before: Vec<u8>,
    after: Vec<u8>,
    /// Where the first piece of documents begins in the text and where each piece ends.
    bounds: Vec<usize>,
    length: usize,
    /// The checksum of its base64, as soon as it is known.
    crc: OnceLock<u32>,
    documents: Documents,
    /// The piece that was read last: mostly it is the next one too.
    last: Mutex<Option<Piece>>,
}

impl Spelled {
    /// The piece of documents `number`.
    fn piece(&self, number: usize) -> Arc<Vec<u8>> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = last().as_ref().filter(|(same, _)| *same == number) {
            return Arc::clone(text);
        }
        let documents = self.documents.list.chunks(PIECE).nth(number).unwrap_or_default();
        let beside = Beside { fields: &self.documents.fields, renamed: self.documents.renamed.as_deref() };
        let text = Arc::new(documents::spell(beside, documents));
        *last() = Some((number, Arc::clone(&text)));
        text
    }
}

impl Text for Spelled {
    fn len(&self) -> usize {
        self.length
    }

    fn read(&self, at: usize, buf: &mut [u8]) -> usize {
        let passed = self.bounds.partition_point(|bound| *bound <= at);
        let begun = passed.checked_sub(1).and_then(|last| Some((last, at - self.bounds.get(last)?)));
        match begun {
            None => self.before.read(at, buf),
            Some((piece, within)) if passed < self.bounds.len() => self.piece(piece).read(within, buf),
            Some((_, within)) => self.after.read(within, buf),
        }
    }

    fn base64_crc(&self) -> u32 {
        *self.crc.get_or_init(|| base64_crc(self))
    }
}

impl Drop for Spelled {
    fn drop(&mut self) {
        if self.documents.list.len() > MANY_DOCUMENTS {
            let documents = std::mem::take(&mut self.documents.list);
            // Without a thread it takes its time here.
            drop(std::thread::Builder::new().name("put away".into()).spawn(move || drop(documents)));
        }
    }
}

impl fmt::Debug for Spelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spelled({} bytes)", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::{Rows, Selection};
    use crate::course::Stamp;
    use crate::course::document_rows::{self, DocumentKind, NewDocument};
    use crate::portal::Portal;
    use crate::portal::database::DatabaseExt;
    use crate::sample;
    use xxhash_rust::xxh3::xxh3_128;

    #[test]
    fn what_is_read_is_what_was_measured_however_it_is_read() {
        let root = tempfile::tempdir().unwrap();
        let portal = Portal::init(root.path()).unwrap();
        let course = sample::fill(&portal).unwrap().remove(0);
        let entered = portal.database().write(|session| {
            let stamp = Stamp::of_administrator(session)?;
            for number in 0..3 * PIECE {
                let (path, comment) = (format!("/page {number}.html"), "x".repeat(number % 7));
                let kind = DocumentKind::File { size: number as u64 };
                let new =
                    NewDocument { path: path.as_bytes(), title: &path, comment: Some(&comment), kind, visible: true };
                document_rows::insert(session, course.id, &new, &stamp)?;
            }
            Ok::<_, document_rows::DocumentRowError>(())
        });
        entered.unwrap();
        let loaded = Rows::load(&portal, course.id, Selection::ALL).unwrap();
        let ahead = Rows::load_ahead(&portal, course.id, Selection::ALL).unwrap();
        let Held::Base64(text) = loaded.course_info.held.clone() else { panic!() };
        let whole = |most: usize| {
            let (mut whole, mut buf) = (Vec::new(), vec![0; most]);
            while let count @ 1.. = text.read(whole.len(), &mut buf) {
                whole.extend_from_slice(&buf[..count]);
            }
            whole
        };
        let bytes = whole(1000);
        assert!(bytes.len() > 2 * 1000 * PIECE && text.len() == bytes.len());
        assert_eq!(xxh3_128(&bytes), loaded.course_info.hash);
        assert_eq!(whole(10 << 20), bytes);
        let letters: Vec<u8> = loaded.course_info.held.pieces().flat_map(|piece| piece.into_owned()).collect();
        for loaded in [&loaded, &ahead] {
            assert_eq!(crc32fast::hash(&letters), loaded.course_info.held.crc());
        }
        // Backwards, so that no piece is the one that was read last.
        for at in (0..bytes.len()).rev().step_by(100_003) {
            let mut buf = [0; 70];
            let count = text.read(at, &mut buf);
            assert_eq!(buf[..count], bytes[at..at + count], "{at}");
            assert!(count > 0);
        }
    }
}
