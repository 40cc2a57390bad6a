//! Where each byte of an archive comes from: [`Layout`].
//!
//! A layout is made from entries alone and opens nothing. It keeps for each entry two offsets (of its local header
//! and of its central header); every other boundary follows from them. Reading is left to [`Archive`](super::Archive).

use std::collections::HashSet;

use super::zip_format::{End, LONGEST_COMMENT, LONGEST_NAME, Record};
use super::{Content, Entry};

/// Why entries cannot stand in one archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Two entries would be extracted to one path. `a` and `a/` count as the same.
    #[error("the archive would hold \"{name}\" twice")]
    Duplicate {
        /// The name of the second.
        name: String,
    },
    /// A name is empty, absolute, has an empty, `.` or `..` part, or holds a NUL byte.
    #[error("\"{name}\" cannot be the name of an archive's entry: {why}")]
    Name {
        /// The name at fault.
        name: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// A name is longer than the 65,535 bytes the format has room for.
    #[error("a name of {length} bytes is too long for an archive (at most 65535): \"{start}...\"")]
    LongName {
        /// Its first characters.
        start: String,
        /// Its length in bytes.
        length: usize,
    },
    /// The archive would be larger than files can be (2^63 - 1 bytes).
    #[error("the archive would be larger than 2^63 - 1 bytes at \"{name}\"")]
    TooLarge {
        /// The entry at which it became too large.
        name: String,
    },
}

/// An entry and where its two headers stand.
#[derive(Debug)]
struct Member<S> {
    entry: Entry<S>,
    /// Offset of the local header in the archive.
    local: u64,
    /// Offset of the central header in the central directory.
    central: u64,
}

/// A place in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The local header of an entry.
    Local(usize),
    /// The data of an entry.
    Data(usize),
    /// The central header of an entry.
    Central(usize),
    /// The records after the central directory.
    End,
}

/// The parts of an archive in their order, computed from its entries alone: no file is opened or asked for.
///
/// Equal entries in the same order give equal archives. The order is kept; callers sort by path.
#[derive(Debug)]
pub struct Layout<S> {
    members: Vec<Member<S>>,
    /// What is said of the first entry.
    comment: Vec<u8>,
    end: End,
    size: u64,
}

/// Where the headers of the next entry stand.
#[derive(Clone, Copy, Default)]
struct Offsets {
    local: u64,
    central: u64,
    count: u64,
}

impl Offsets {
    /// Where those of the entry after `entry`, which has a comment, stand.
    fn after<S>(self, entry: &Entry<S>, comment: &[u8]) -> Result<Offsets, LayoutError> {
        let record = record(entry, self.local, comment);
        let length = record.local_length().checked_add(entry.size());
        let local = length.and_then(|length| self.local.checked_add(length));
        let central = self.central + record.central_length();
        // The end records take less than a central header with a name, hence the 1 KiB to spare.
        match (local, local.and_then(|offset| offset.checked_add(central + 1024))) {
            (Some(local), Some(0..=MAX_SIZE)) => Ok(Offsets { local, central, count: self.count + 1 }),
            _ => Err(LayoutError::TooLarge { name: entry.display_name() }),
        }
    }

    /// What stands after the last entry's headers.
    fn end(self) -> End {
        End { count: self.count, directory: self.local, directory_length: self.central }
    }

    fn size(self) -> u64 {
        self.local + self.central + self.end().length()
    }
}

impl<S> Layout<S> {
    /// Lays out `entries` in the order given.
    ///
    /// Refuses names that cannot be extracted safely, names that would be extracted to one path, and archives of more
    /// than 2^63 - 1 bytes.
    pub fn new(entries: Vec<Entry<S>>) -> Result<Self, LayoutError> {
        Self::with_comment(entries, Vec::new())
    }

    /// [`new`](Self::new) with a comment on the first entry, at most 65,535 bytes; what is longer is left out. Programs
    /// pass over it when they list or unpack.
    pub fn with_comment(entries: Vec<Entry<S>>, mut comment: Vec<u8>) -> Result<Self, LayoutError> {
        if comment.len() > LONGEST_COMMENT {
            comment.clear();
        }
        check_names(&entries)?;
        let mut next = Offsets::default();
        let mut members: Vec<Member<S>> = Vec::with_capacity(entries.len());
        for entry in entries {
            let Offsets { local, central, .. } = next;
            next = next.after(&entry, if members.is_empty() { &comment } else { b"" })?;
            members.push(Member { entry, local, central });
        }
        Ok(Self { members, comment, end: next.end(), size: next.size() })
    }

    /// The length in bytes that the layout of `entries` would have; refuses what [`new`](Self::new) refuses.
    pub fn measure(entries: &[Entry<S>]) -> Result<u64, LayoutError> {
        check_names(entries)?;
        let end = entries.iter().try_fold(Offsets::default(), |next, entry| next.after(entry, b""))?;
        Ok(end.size())
    }

    /// The length of the archive in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What is said of the first entry.
    pub fn comment(&self) -> &[u8] {
        &self.comment
    }

    /// The entries in their order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry<S>> {
        self.members.iter().map(|member| &member.entry)
    }

    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// The entry with the place `index`.
    pub fn entry(&self, index: usize) -> Option<&Entry<S>> {
        self.members.get(index).map(|member| &member.entry)
    }

    /// Offset of the entry's local header; beyond the last entry that of the central directory.
    pub(super) fn local_offset(&self, index: usize) -> u64 {
        self.members.get(index).map_or(self.end.directory, |member| member.local)
    }

    /// What its headers say of the entry.
    pub(super) fn record(&self, index: usize) -> Option<Record<'_>> {
        let member = self.members.get(index)?;
        Some(record(&member.entry, member.local, if index == 0 { &self.comment } else { b"" }))
    }

    pub(super) fn end(&self) -> End {
        self.end
    }

    /// Which part the byte at `offset` belongs to, and how far into that part it is. `None` at and after the end.
    pub(super) fn locate(&self, offset: u64) -> Option<(Part, u64)> {
        let end = self.end.directory + self.end.directory_length;
        if offset >= self.size {
            None
        } else if offset >= end {
            Some((Part::End, offset - end))
        } else if offset >= self.end.directory {
            let within = offset - self.end.directory;
            let (index, start) = self.last_at_or_before(within, |member| member.central)?;
            Some((Part::Central(index), within - start))
        } else {
            let (index, start) = self.last_at_or_before(offset, |member| member.local)?;
            let within = offset - start;
            let header = self.record(index)?.local_length();
            Some(match within.checked_sub(header) {
                None => (Part::Local(index), within),
                Some(within) => (Part::Data(index), within),
            })
        }
    }

    /// The last entry that starts at or before `offset`, and its start. Every entry has headers, so starts differ.
    fn last_at_or_before(&self, offset: u64, start: impl Fn(&Member<S>) -> u64) -> Option<(usize, u64)> {
        let after = self.members.partition_point(|member| start(member) <= offset);
        let index = after.checked_sub(1)?;
        self.members.get(index).map(|member| (index, start(member)))
    }
}

/// The largest offset the kernel can ask for.
const MAX_SIZE: u64 = i64::MAX as u64;

fn record<'a, S>(entry: &'a Entry<S>, offset: u64, comment: &'a [u8]) -> Record<'a> {
    Record {
        name: &entry.name,
        folder: matches!(entry.content, Content::Folder),
        mode: entry.mode,
        mtime: entry.mtime,
        size: entry.size(),
        offset,
        comment,
    }
}

fn check_names<S>(entries: &[Entry<S>]) -> Result<(), LayoutError> {
    // Callers sort by name: then only a file and a folder can have one path without standing side by side.
    let sorted = entries.windows(2).all(|pair| matches!(pair, [first, second] if first.name < second.name));
    let named = |path: &[u8]| entries.binary_search_by(|entry| (*entry.name).cmp(path)).is_ok();
    let mut paths = HashSet::with_capacity(if sorted { 0 } else { entries.len() });
    for entry in entries {
        if entry.name.len() > LONGEST_NAME {
            let length = entry.name.len();
            let start = entry.display_name().chars().take(60).collect();
            return Err(LayoutError::LongName { start, length });
        }
        let path = check_name(entry).map_err(|why| LayoutError::Name { name: entry.display_name(), why })?;
        let folder = matches!(entry.content, Content::Folder);
        if if sorted { folder && named(path) } else { !paths.insert(path) } {
            return Err(LayoutError::Duplicate { name: entry.display_name() });
        }
    }
    Ok(())
}

/// The path an entry is extracted to: its name without the `/` of a folder.
fn check_name<S>(entry: &Entry<S>) -> Result<&[u8], &'static str> {
    let name: &[u8] = &entry.name;
    let folder = matches!(entry.content, Content::Folder);
    let path = match (name.strip_suffix(b"/"), folder) {
        (Some(path), true) => path,
        (None, false) => name,
        (Some(_), false) => return Err("only a folder's name ends in a slash"),
        (None, true) => return Err("a folder's name ends in a slash"),
    };
    if path.is_empty() {
        return Err("it is empty");
    }
    if path.starts_with(b"/") {
        return Err("it is absolute");
    }
    if path.contains(&0) {
        return Err("it holds a NUL byte");
    }
    if path.split(|byte| *byte == b'/').any(|part| matches!(part, b"" | b"." | b"..")) {
        return Err("it has an empty part or one that is . or ..");
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{FileIdentity, FileTime};

    fn file(name: impl AsRef<[u8]>) -> Entry<()> {
        let content = Content::Bytes(b"hello".to_vec().into());
        Entry { name: name.as_ref().into(), mode: 0o644, mtime: 0, content }
    }

    fn folder(name: &str) -> Entry<()> {
        Entry { content: Content::Folder, ..file(name) }
    }

    #[test]
    fn an_archive_without_entries_is_one_end_record() {
        let layout = Layout::<()>::new(vec![]).unwrap();
        assert_eq!(layout.size(), 22);
        assert_eq!(layout.locate(0), Some((Part::End, 0)));
        assert_eq!(layout.locate(22), None);
    }

    #[test]
    fn each_byte_is_found_in_its_part() {
        let layout = Layout::new(vec![file("a"), folder("b/")]).unwrap();
        let (header, second) = (30 + 1 + 9, 30 + 2 + 9);
        assert_eq!(layout.locate(0), Some((Part::Local(0), 0)));
        assert_eq!(layout.locate(header - 1), Some((Part::Local(0), header - 1)));
        assert_eq!(layout.locate(header), Some((Part::Data(0), 0)));
        assert_eq!(layout.locate(header + 5), Some((Part::Local(1), 0)));
        let directory = header + 5 + second;
        assert_eq!(layout.locate(directory - 1), Some((Part::Local(1), second - 1)));
        assert_eq!(layout.locate(directory), Some((Part::Central(0), 0)));
        assert_eq!(layout.locate(directory + 56), Some((Part::Central(1), 0)));
        assert_eq!(layout.locate(layout.size() - 22), Some((Part::End, 0)));
    }

    #[test]
    fn names_that_cannot_be_extracted_safely_are_refused() {
        for name in ["", "/etc/passwd", "..", "../a", "a/../b", "a/..", "a//b", "./a", "a/", "a\0b"] {
            let refused = Layout::new(vec![file(name)]).unwrap_err();
            assert!(matches!(refused, LayoutError::Name { .. }), "{name:?}: {refused}");
        }
        for name in ["", "/", "a", "a//", "../", "a/./"] {
            let refused = Layout::new(vec![folder(name)]).unwrap_err();
            assert!(matches!(refused, LayoutError::Name { .. }), "{name:?}: {refused}");
        }
        for name in ["..a", "a..", "...", "a/...b", " "] {
            assert!(Layout::new(vec![file(name)]).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_are_duplicates() {
        let name = |name: &str| LayoutError::Duplicate { name: name.into() };
        assert_eq!(Layout::new(vec![file("a"), file("b"), file("a")]).unwrap_err(), name("a"));
        assert_eq!(Layout::new(vec![file("a"), folder("a/")]).unwrap_err(), name("a/"));
    }

    #[test]
    fn a_name_of_65535_bytes_fits_and_one_more_does_not() {
        assert!(Layout::new(vec![file("n".repeat(65_535))]).is_ok());
        let refused = Layout::new(vec![file("n".repeat(65_536))]).unwrap_err();
        assert!(matches!(refused, LayoutError::LongName { length: 65_536, .. }));
    }

    #[test]
    fn sizes_that_add_up_beyond_what_files_can_be_are_refused() {
        let sized = |name: &str, size| {
            let time = FileTime::default();
            let identity = FileIdentity { device: 1, inode: 1, size, mtime: time, ctime: time };
            Entry { content: Content::File { source: (), identity }, ..file(name) }
        };
        let half = 1_u64 << 62;
        assert!(Layout::new(vec![sized("a", half)]).is_ok());
        for sizes in [[half, half], [1, u64::MAX], [u64::MAX, 1]] {
            let refused = Layout::new(vec![sized("a", sizes[0]), sized("b", sizes[1])]);
            assert!(matches!(refused, Err(LayoutError::TooLarge { .. })), "{sizes:?}");
        }
    }

    #[test]
    fn a_hundred_thousand_entries_cost_less_than_200_bytes_each_besides_names() {
        assert!(size_of::<Member<u32>>() <= 128, "{}", size_of::<Member<u32>>());
    }
}
