//! Content of an archive that is held in memory: as it stands there, or serialized text that stands there in base64.
//!
//! Base64 is spelled when it is read: it takes less time than the memory would that a third more takes.

use std::borrow::Cow;
use std::sync::Arc;

use base64_simd::{Out, STANDARD};

use super::read::copy;

/// Bytes that are encoded at once when all are wanted; a multiple of three that stays in the processor's cache.
const PIECE: usize = 48 << 10;

/// Bytes in memory. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// They stand in the archive as they are.
    Plain(Arc<Vec<u8>>),
    /// Their base64 stands in the archive (RFC 4648, padded, in one line).
    Base64(Arc<Vec<u8>>),
}

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
            Held::Base64(bytes) => STANDARD.encoded_length(bytes.len()),
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
            Held::Base64(bytes) => read_encoded(bytes, within, buf),
        }
    }

    /// All of it, as it stands in the archive, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let (bytes, piece) = match self {
            Held::Plain(bytes) => (bytes, bytes.len().max(1)),
            Held::Base64(bytes) => (bytes, PIECE),
        };
        bytes.chunks(piece).map(move |piece| match self {
            Held::Plain(_) => Cow::Borrowed(piece),
            Held::Base64(_) => Cow::Owned(STANDARD.encode_type(piece)),
        })
    }
}

/// Reads the base64 of `bytes` from `within` on.
fn read_encoded(bytes: &[u8], within: usize, buf: &mut [u8]) -> usize {
    // Three bytes are four letters.
    let mut rest = bytes.get(within / 4 * 3..).unwrap_or_default();
    let mut done = 0;
    let mut skipped = within % 4;
    while let Some(room) = buf.get_mut(done..).filter(|room| !room.is_empty() && !rest.is_empty()) {
        let whole = if skipped > 0 { 0 } else { room.len() / 4 * 3 };
        let (taken, after) = rest.split_at(whole.max(3).min(rest.len()));
        done += if whole > 0 {
            STANDARD.encode(taken, Out::from_slice(room)).len()
        } else {
            let mut letters = [0; 4];
            let letters = STANDARD.encode(taken, Out::from_slice(&mut letters));
            copy(letters.get(skipped..).unwrap_or_default(), room)
        };
        (rest, skipped) = (after, 0);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_range_of_base64_is_that_range_of_the_whole(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            within in 0..300usize,
            length in 0..300usize,
        ) {
            let whole = base64::engine::general_purpose::STANDARD.encode(&bytes).into_bytes();
            let held = Held::Base64(Arc::new(bytes));
            prop_assert_eq!(held.len(), whole.len());
            let mut buf = vec![b'?'; length];
            let read = held.read(within as u64, &mut buf);
            let wanted = &whole[within.min(whole.len())..(within + length).min(whole.len())];
            prop_assert_eq!(&buf[..read], wanted);
            prop_assert!(buf[read..].iter().all(|byte| *byte == b'?'));
        }

        #[test]
        fn pieces_make_the_whole(byte in any::<u8>(), length in 0..3 * PIECE) {
            let bytes = Arc::new(vec![byte; length]);
            for held in [Held::Plain(Arc::clone(&bytes)), Held::Base64(Arc::clone(&bytes))] {
                let pieces: Vec<u8> = held.pieces().flat_map(Cow::into_owned).collect();
                let mut whole = vec![0; held.len()];
                prop_assert_eq!(held.read(0, &mut whole), whole.len());
                prop_assert_eq!(pieces, whole);
            }
        }
    }
}
