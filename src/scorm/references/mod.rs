//! References of pages and style sheets: where they stand, where they lead, what stands there in a package.
//!
//! [`html`] and [`css`] only find places in bytes; everything between them stays as it is, whatever its encoding.
//! [`address`] tells what an address means in a course. What is packed, and under which name, is decided by the caller.

pub mod address;
pub mod css;
pub mod html;

use std::ops::Range;

/// A piece of a page that is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The bytes of the page that it stands for.
    pub range: Range<usize>,
    /// What comes there.
    pub new: Vec<u8>,
}

/// `page` with all `patches` (in their order, none over another).
pub fn patched(page: &[u8], patches: &[Patch]) -> Vec<u8> {
    let mut result = Vec::with_capacity(page.len());
    let mut copied = 0;
    for patch in patches {
        result.extend_from_slice(page.get(copied..patch.range.start).unwrap_or_default());
        result.extend_from_slice(&patch.new);
        copied = patch.range.end;
    }
    result.extend_from_slice(page.get(copied..).unwrap_or_default());
    result
}

/// What is asked for each address: the address as the page means it (entities and escapes decoded). The answer is the
/// address that comes in its place (ASCII), `None` if it stays.
pub type Redirect<'a> = &'a mut dyn FnMut(&str) -> Option<String>;
