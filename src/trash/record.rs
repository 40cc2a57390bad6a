//! The list of what a course's backup held at a moment, as it is written down: fields that each end in a NUL byte,
//! which no name holds. Pages whose bytes in the archive are not those of their file stand beside it, one after the
//! other.

use crate::archive::{Content, Entry, FileIdentity, FileTime};

/// First field: what it is, and the version of its form.
const HEADER: &[u8] = b"coursefs trash 1";

/// Last field: without it the list is not whole.
const END: &[u8] = b"end";

/// Fields of an entry.
const FIELDS: usize = 8;

/// A path below the course's folder.
pub type Place = std::sync::Arc<[u8]>;

/// A course's backup at one moment, without the serialized course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The course's number.
    pub course: i64,
    /// Its folder below `app/courses/`.
    pub directory: Vec<u8>,
    /// What the archive held, in the order of the names.
    pub entries: Vec<Entry<Place>>,
}

impl Record {
    /// The list, and the pages.
    pub fn to_bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut list, mut pages) = (Vec::new(), Vec::new());
        let mut field = |text: &[u8]| {
            list.extend_from_slice(text);
            list.push(0);
        };
        field(HEADER);
        field(self.course.to_string().as_bytes());
        field(&self.directory);
        for entry in &self.entries {
            let (kind, place, numbers) = match &entry.content {
                Content::Folder => (b"folder".as_slice(), b"".as_slice(), [0, 0, 0]),
                Content::Bytes(held) => {
                    held.pieces().for_each(|piece| pages.extend_from_slice(&piece));
                    (b"page".as_slice(), b"".as_slice(), [0, i128::try_from(held.len()).unwrap_or(0), 0])
                }
                Content::File { source, identity } => {
                    let numbers = [identity.inode.into(), identity.size.into(), nanoseconds(identity.mtime)];
                    (b"file".as_slice(), &**source, numbers)
                }
            };
            field(kind);
            field(&entry.name);
            field(place);
            field(entry.mode.to_string().as_bytes());
            field(entry.mtime.to_string().as_bytes());
            for number in numbers {
                field(number.to_string().as_bytes());
            }
        }
        field(END);
        (list, pages)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made; `None` if it is anything else.
    pub fn read(list: &[u8], pages: &[u8]) -> Option<Record> {
        let fields: Vec<&[u8]> = list.strip_suffix(b"\0")?.split(|byte| *byte == 0).collect();
        let [HEADER, course, directory, fields @ .., END] = fields.as_slice() else { return None };
        let mut pages = pages;
        let mut entries = Vec::with_capacity(fields.len() / FIELDS);
        for fields in fields.chunks(FIELDS) {
            let [kind, name, place, mode, mtime, inode, size, changed] = fields else { return None };
            let size = number::<u64>(size)?;
            let content = match *kind {
                b"folder" => Content::Folder,
                b"page" => {
                    let (page, rest) = pages.split_at_checked(usize::try_from(size).ok()?)?;
                    pages = rest;
                    Content::Bytes(page.to_vec().into())
                }
                b"file" => {
                    let changed = number::<i128>(changed)?;
                    let mtime = FileTime {
                        seconds: i64::try_from(changed.div_euclid(1_000_000_000)).ok()?,
                        nanoseconds: u32::try_from(changed.rem_euclid(1_000_000_000)).ok()?,
                    };
                    let never = FileTime::default();
                    let identity = FileIdentity { device: 0, inode: number(inode)?, size, mtime, ctime: never };
                    Content::File { source: (*place).into(), identity }
                }
                _ => return None,
            };
            entries.push(Entry { name: (*name).into(), mode: number(mode)?, mtime: number(mtime)?, content });
        }
        Some(Record { course: number(course)?, directory: directory.to_vec(), entries })
    }
}

fn nanoseconds(time: FileTime) -> i128 {
    i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)
}

fn number<N: std::str::FromStr>(field: &[u8]) -> Option<N> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mtime = FileTime { seconds: -5, nanoseconds: 7 };
        let identity = FileIdentity { device: 0, inode: u64::MAX, size: 12, mtime, ctime: FileTime::default() };
        let file = Content::File { source: b"document/a\n\xff".as_slice().into(), identity };
        let entry = |name: &[u8], content| Entry { name: name.into(), mode: 0o644, mtime: -1, content };
        let entries = vec![
            entry(b"document/", Content::Folder),
            entry(b"document/a", file),
            entry(b"document/b.html", Content::Bytes(b"a\0page".to_vec().into())),
            entry(b"document/c.html", Content::Bytes(b"another".to_vec().into())),
        ];
        Record { course: 7, directory: b"GEO101".to_vec(), entries }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        for record in [record(), Record { entries: Vec::new(), ..record() }] {
            let (list, pages) = record.to_bytes();
            assert_eq!(Record::read(&list, &pages), Some(record));
        }
    }

    #[test]
    fn a_record_that_is_cut_off_is_none() {
        let (list, pages) = record().to_bytes();
        for length in 0..list.len() {
            assert_eq!(Record::read(&list[..length], &pages), None, "{length}");
        }
        assert_eq!(Record::read(&list, &pages[..3]), None);
    }
}
