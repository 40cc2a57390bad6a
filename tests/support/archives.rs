//! Archives made by hand, as no decent program would make them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A document in a hand-made `course_info.dat`.
#[derive(Clone, Debug)]
pub struct Resource {
    pub path: Vec<u8>,
    /// `file`, `folder`, or anything.
    pub kind: &'static str,
    pub size: u64,
}

impl Resource {
    pub fn file(path: &str) -> Resource {
        Resource { path: path.into(), kind: "file", size: 1 }
    }

    pub fn folder(path: &str) -> Resource {
        Resource { path: path.into(), kind: "folder", size: 0 }
    }
}

/// `course_info.dat` with `documents`, as little of it as Chamilo's importer wants.
pub fn course_info(documents: &[Resource]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(b"O:48:\"Chamilo\\CourseBundle\\Component\\CourseCopy\\Course\":4:{s:9:\"resources\";");
    out.extend_from_slice(format!("a:1:{{s:8:\"document\";a:{}:{{", documents.len()).as_bytes());
    for (number, document) in documents.iter().enumerate() {
        let class = "Chamilo\\CourseBundle\\Component\\CourseCopy\\Resources\\Document";
        let text = |bytes: &[u8]| [format!("s:{}:\"", bytes.len()).as_bytes(), bytes, b"\";"].concat();
        out.extend_from_slice(format!("i:{};O:{}:\"{class}\":4:{{s:4:\"path\";", number + 1, class.len()).as_bytes());
        out.extend_from_slice(&text(&document.path));
        out.extend_from_slice(b"s:9:\"file_type\";");
        out.extend_from_slice(&text(document.kind.as_bytes()));
        out.extend_from_slice(format!("s:4:\"size\";i:{};s:5:\"title\";s:5:\"Title\";}}", document.size).as_bytes());
    }
    out.extend_from_slice(b"}}s:4:\"code\";s:4:\"EVIL\";s:8:\"encoding\";s:5:\"UTF-8\";s:4:\"info\";");
    out.extend_from_slice(b"a:1:{s:4:\"path\";s:4:\"EVIL\";}}");
    STANDARD.encode(out).into_bytes()
}

/// A zip archive written field by field, so that any field can lie.
#[derive(Clone, Debug, Default)]
pub struct HandMade {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    name: Vec<u8>,
    data: Vec<u8>,
    method: u16,
    flags: u16,
    crc: u32,
    size: u32,
    mode: u32,
}

impl HandMade {
    /// An archive that lists `documents`.
    pub fn listing(documents: &[Resource]) -> HandMade {
        HandMade::default().entry("course_info.dat", &course_info(documents))
    }

    /// Adds an honest entry, stored.
    pub fn entry(mut self, name: impl AsRef<[u8]>, data: &[u8]) -> HandMade {
        self.entries.push(Entry {
            name: name.as_ref().to_vec(),
            data: data.to_vec(),
            method: 0,
            flags: 0x800,
            crc: crc32fast::hash(data),
            size: data.len() as u32,
            mode: 0o100_644,
        });
        self
    }

    fn last(&mut self) -> &mut Entry {
        self.entries.last_mut().unwrap()
    }

    /// The last entry is a symbolic link.
    pub fn symlink(mut self) -> HandMade {
        self.last().mode = 0o120_777;
        self
    }

    /// The last entry is said to be encrypted.
    pub fn encrypted(mut self) -> HandMade {
        self.last().flags |= 1;
        self
    }

    /// The last entry has another CRC-32 than its bytes.
    pub fn wrong_crc(mut self) -> HandMade {
        self.last().crc ^= 1;
        self
    }

    /// The last entry is said to have `size` bytes unpacked.
    pub fn declared(mut self, size: u32) -> HandMade {
        self.last().size = size;
        self
    }

    /// The data of the last entry are the deflated form of something with this checksum.
    pub fn deflated(mut self, crc: u32) -> HandMade {
        let last = self.last();
        (last.method, last.crc) = (8, crc);
        self
    }

    /// The last entry is packed by the method `method` of the zip format.
    pub fn method(mut self, method: u16) -> HandMade {
        self.last().method = method;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (mut out, mut central) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            let offset = out.len() as u32;
            // Version needed, flags, method, time and date (2026-09-01 08:00), CRC, packed and unpacked size, name.
            let mut common = Vec::new();
            for number in [20_u16, entry.flags, entry.method, 8 << 11, (46 << 9) | (9 << 5) | 1] {
                common.extend(number.to_le_bytes());
            }
            for number in [entry.crc, entry.data.len() as u32, entry.size] {
                common.extend(number.to_le_bytes());
            }
            common.extend((entry.name.len() as u16).to_le_bytes());
            common.extend(0_u16.to_le_bytes());
            out.extend(b"PK\x03\x04");
            out.extend(&common);
            out.extend(&entry.name);
            out.extend(&entry.data);
            central.extend(b"PK\x01\x02\x14\x03");
            central.extend(&common);
            // Comment length, disk, internal attributes.
            central.extend([0; 6]);
            central.extend((entry.mode << 16).to_le_bytes());
            central.extend(offset.to_le_bytes());
            central.extend(&entry.name);
        }
        let (start, count) = (out.len() as u32, self.entries.len() as u16);
        out.extend(&central);
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend(count.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend((central.len() as u32).to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend([0; 2]);
        out
    }

    pub fn write(&self, path: &Path) {
        std::fs::write(path, self.bytes()).unwrap();
    }
}
