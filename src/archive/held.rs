//! Content of an archive that is no file: bytes in memory, or serialized text that stands there in base64.
//!
//! Base64 is spelled when it is read: it takes less time than the memory would that a third more takes. The text itself
//! may be spelled then too.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64_simd::{Out, STANDARD};

use super::read::copy;

/// Bytes that are encoded at once; a multiple of three that stays in the processor's cache.
const PIECE: usize = 48 << 10;

/// Text that is always the same, whoever reads it when.
pub trait Text: fmt::Debug + Send + Sync {
    /// How many bytes it has.
    fn len(&self) -> usize;

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads from `at` on; how many bytes it is that are read, none only at the end or into an empty `buf`.
    fn read(&self, at: usize, buf: &mut [u8]) -> usize;

    /// The CRC-32 of its base64. Texts that know it need not be read for it.
    fn base64_crc(&self) -> u32 {
        base64_crc(self)
    }
}

impl Text for Vec<u8> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn read(&self, at: usize, buf: &mut [u8]) -> usize {
        copy(self.get(at..).unwrap_or_default(), buf)
    }
}

/// The CRC-32 of the base64 of `text`, which is read for it.
pub fn base64_crc<T: Text + ?Sized>(text: &T) -> u32 {
    let mut crc = Base64Crc::default();
    parts(text).for_each(|part| crc.update(&part));
    crc.finish()
}

/// The CRC-32 of the base64 of what comes in pieces.
#[derive(Default)]
pub struct Base64Crc {
    crc: crc32fast::Hasher,
    /// What does not make three bytes yet.
    rest: Vec<u8>,
    letters: Vec<u8>,
}

impl Base64Crc {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let missing = match self.rest.len() {
            0 => 0,
            rest => (3 - rest).min(bytes.len()),
        };
        let (first, bytes) = bytes.split_at(missing);
        self.rest.extend_from_slice(first);
        if self.rest.len() == 3 {
            self.crc.update(STANDARD.encode_to_string(&self.rest).as_bytes());
            self.rest.clear();
        }
        let (whole, rest) = bytes.split_at(bytes.len() / 3 * 3);
        self.letters.resize(STANDARD.encoded_length(PIECE), 0);
        for piece in whole.chunks(PIECE) {
            self.crc.update(STANDARD.encode(piece, Out::from_slice(&mut self.letters)));
        }
        self.rest.extend_from_slice(rest);
    }

    /// The checksum of all.
    pub fn finish(mut self) -> u32 {
        self.crc.update(STANDARD.encode_to_string(&self.rest).as_bytes());
        self.crc.finalize()
    }
}

/// Content in memory, or made from what is. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Held {
    /// Bytes that stand in the archive as they are.
    Plain(Arc<Vec<u8>>),
    /// Text whose base64 stands in the archive (RFC 4648, padded, in one line).
    Base64(Arc<dyn Text>),
}

/// Equal if the same bytes stand in the archive.
impl PartialEq for Held {
    fn eq(&self, other: &Held) -> bool {
        let bytes = |held: &Held| held.pieces().flat_map(Cow::into_owned).collect::<Vec<u8>>();
        self.len() == other.len() && bytes(self) == bytes(other)
    }
}

impl Eq for Held {}

impl From<Vec<u8>> for Held {
    fn from(bytes: Vec<u8>) -> Self {
        Held::Plain(Arc::new(bytes))
    }
}

impl Held {
    /// How long it is in the archive, in bytes.
    pub fn len(&self) -> usize {
        match self {
            Held::Plain(bytes) => bytes.len(),
            Held::Base64(text) => STANDARD.encoded_length(text.len()),
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads from `within` on; fewer bytes than `buf` holds only at the end. Returns how many.
    pub(super) fn read(&self, within: u64, buf: &mut [u8]) -> usize {
        let within = usize::try_from(within).unwrap_or(usize::MAX).min(self.len());
        match self {
            Held::Plain(bytes) => copy(bytes.get(within..).unwrap_or_default(), buf),
            Held::Base64(text) => read_encoded(&**text, within, buf),
        }
    }

    /// The CRC-32 of it as it stands in the archive.
    pub fn crc(&self) -> u32 {
        match self {
            Held::Plain(bytes) => crc32fast::hash(bytes),
            Held::Base64(text) => text.base64_crc(),
        }
    }

    /// All of it, as it stands in the archive, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let (plain, text) = match self {
            Held::Plain(bytes) => (Some(Cow::Borrowed(bytes.as_slice())), None),
            Held::Base64(text) => (None, Some(text)),
        };
        let encoded = text.into_iter().flat_map(|text| parts(&**text));
        let encoded = encoded.map(|part| Cow::Owned(STANDARD.encode_type(part)));
        plain.into_iter().chain(encoded)
    }
}

/// All of `text`, piece by piece.
fn parts<T: Text + ?Sized>(text: &T) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..text.len()).step_by(PIECE).map(move |at| part(text, at, PIECE))
}

/// At most `length` bytes of `text` from `at` on.
fn part<T: Text + ?Sized>(text: &T, at: usize, length: usize) -> Vec<u8> {
    let mut part = vec![0; length.min(text.len().saturating_sub(at))];
    let mut done = 0;
    while let Some(room) = part.get_mut(done..).filter(|room| !room.is_empty()) {
        match text.read(at + done, room) {
            0 => break,
            read => done += read,
        }
    }
    part.truncate(done);
    part
}

/// Reads the base64 of `text` from `within` on.
fn read_encoded(text: &dyn Text, within: usize, buf: &mut [u8]) -> usize {
    // Three bytes are four letters.
    let mut at = within / 4 * 3;
    let mut done = 0;
    let mut skipped = within % 4;
    while let Some(room) = buf.get_mut(done..).filter(|room| !room.is_empty()) {
        let whole = if skipped > 0 { 0 } else { room.len() / 4 * 3 };
        let taken = part(text, at, whole.clamp(3, PIECE));
        if taken.is_empty() {
            break;
        }
        done += if whole > 0 {
            STANDARD.encode(&taken, Out::from_slice(room)).len()
        } else {
            let mut letters = [0; 4];
            let letters = STANDARD.encode(&taken, Out::from_slice(&mut letters));
            copy(letters.get(skipped..).unwrap_or_default(), room)
        };
        (at, skipped) = (at + taken.len(), 0);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use proptest::prelude::*;

    /// Text that gives a few bytes at a time.
    #[derive(Debug)]
    struct Slow(Vec<u8>);

    impl Text for Slow {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn read(&self, at: usize, buf: &mut [u8]) -> usize {
            let few = buf.len().min(5);
            self.0.read(at, &mut buf[..few])
        }
    }

    proptest! {
        #[test]
        fn any_range_of_base64_is_that_range_of_the_whole(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            within in 0..300usize,
            length in 0..300usize,
        ) {
            let whole = base64::engine::general_purpose::STANDARD.encode(&bytes).into_bytes();
            let held = Held::Base64(Arc::new(Slow(bytes)));
            prop_assert_eq!(held.len(), whole.len());
            let mut buf = vec![b'?'; length];
            let read = held.read(within as u64, &mut buf);
            let wanted = &whole[within.min(whole.len())..(within + length).min(whole.len())];
            prop_assert_eq!(&buf[..read], wanted);
            prop_assert!(buf[read..].iter().all(|byte| *byte == b'?'));
        }

        #[test]
        fn the_checksum_of_pieces_is_that_of_the_whole(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            cuts in proptest::collection::vec(0..200usize, 0..10),
        ) {
            let mut crc = Base64Crc::default();
            let mut rest = bytes.as_slice();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                crc.update(piece);
                rest = after;
            }
            crc.update(rest);
            let whole = base64::engine::general_purpose::STANDARD.encode(&bytes);
            prop_assert_eq!(crc.finish(), crc32fast::hash(whole.as_bytes()));
            prop_assert_eq!(Slow(bytes).base64_crc(), crc32fast::hash(whole.as_bytes()));
        }

        #[test]
        fn pieces_make_the_whole(byte in any::<u8>(), length in 0..3 * PIECE) {
            let bytes = Arc::new(vec![byte; length]);
            for held in [Held::Plain(Arc::clone(&bytes)), Held::Base64(bytes)] {
                let pieces: Vec<u8> = held.pieces().flat_map(Cow::into_owned).collect();
                let mut whole = vec![0; held.len()];
                prop_assert_eq!(held.read(0, &mut whole), whole.len());
                prop_assert_eq!(pieces, whole);
            }
        }
    }
}
