//! What `course_info.dat` holds, made in one pass: the serialized course goes through base64 piece by piece, so that it
//! never stands in memory beside its text.

use std::sync::Arc;

use base64_simd::{AppendBase64Encode, STANDARD};
use xxhash_rust::xxh3::Xxh3;

use crate::php::Sink;

/// Bytes that are encoded at once; they stay in the processor's cache.
const PIECE: usize = 48 << 10;

/// A [`Sink`] that takes a serialized course and gives the text of `course_info.dat`.
pub struct Encoder {
    piece: Vec<u8>,
    text: Vec<u8>,
    hash: Xxh3,
    length: u64,
}

/// The text of `course_info.dat`.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// Base64, in one line.
    pub text: Arc<Vec<u8>>,
    /// Length of what is encoded, in bytes.
    pub length: u64,
    /// Hash of what is encoded.
    pub hash: u128,
}

impl Encoder {
    /// An encoder for a serialized course of about `expected` bytes.
    pub fn new(expected: usize) -> Encoder {
        let text = Vec::with_capacity(expected / 3 * 4);
        Encoder { piece: Vec::with_capacity(2 * PIECE), text, hash: Xxh3::new(), length: 0 }
    }

    /// All that was put in.
    pub fn finish(mut self) -> Encoded {
        let rest = self.piece.len();
        self.encode(rest);
        Encoded { text: Arc::new(self.text), length: self.length, hash: self.hash.digest128() }
    }

    /// Encodes the first `count` bytes of the piece: a multiple of three, or the last ones.
    fn encode(&mut self, count: usize) {
        let taken = self.piece.get(..count).unwrap_or_default();
        self.hash.update(taken);
        self.length += taken.len() as u64;
        Vec::append_base64_encode(&STANDARD, taken, &mut self.text);
        self.piece.drain(..count);
    }
}

impl Sink for Encoder {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.encode(self.piece.len() / 3 * 3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use xxhash_rust::xxh3::xxh3_128;

    proptest! {
        #[test]
        fn pieces_of_any_size_make_the_base64_of_the_whole(
            pieces in proptest::collection::vec((any::<u8>(), 0..PIECE), 0..8)
        ) {
            let mut encoder = Encoder::new(0);
            let mut whole = Vec::new();
            for (byte, count) in pieces {
                let bytes = vec![byte; count];
                encoder.put(&bytes);
                whole.extend(bytes);
            }
            let encoded = encoder.finish();
            prop_assert_eq!(encoded.text.as_ref(), &STANDARD.encode_type::<Vec<u8>>(&whole));
            prop_assert_eq!((encoded.length, encoded.hash), (whole.len() as u64, xxh3_128(&whole)));
        }
    }
}
