//! The records of a zip file, as PKWARE's APPNOTE 6.3 describes them, for entries that are stored, not deflated.
//!
//! Record lengths follow from name, size, time and offset alone, never from the checksum, so a layout can be made
//! before a checksum is known. Zip64 fields stand exactly where a number does not fit, as the all-ones value of a
//! narrow field means "see the Zip64 field": sizes and offsets from 0xFFFFFFFF, counts from 0xFFFF.

/// A number that must not be written into a 4-byte field, nor any above it.
const NARROW_LIMIT: u64 = 0xFFFF_FFFF;
/// A count that must not be written into a 2-byte field, nor any above it.
const COUNT_LIMIT: u64 = 0xFFFF;

const LOCAL_HEADER: u32 = 0x0403_4B50;
const CENTRAL_HEADER: u32 = 0x0201_4B50;
const END: u32 = 0x0605_4B50;
const ZIP64_END: u32 = 0x0606_4B50;
const ZIP64_LOCATOR: u32 = 0x0706_4B50;

/// Header id of the Zip64 extra field.
const ZIP64_EXTRA: u16 = 0x0001;
/// Header id of Info-ZIP's extended timestamp ("UT").
const TIMESTAMP_EXTRA: u16 = 0x5455;

const LOCAL_FIXED: u64 = 30;
const CENTRAL_FIXED: u64 = 46;
const EXTRA_FIXED: u64 = 4;
const TIMESTAMP_LENGTH: u64 = EXTRA_FIXED + 5;
const END_LENGTH: u64 = 22;
const ZIP64_END_LENGTH: u64 = 56;
const ZIP64_LOCATOR_LENGTH: u64 = 20;

/// Format version 6.3, the first with UTF-8 names, written on Unix (3).
const MADE_BY: u16 = (3 << 8) | 63;
/// General purpose bit 11: the name is UTF-8.
const UTF8_NAME: u16 = 1 << 11;
const STORED: u16 = 0;
/// MS-DOS attribute of folders.
const DOS_FOLDER: u32 = 0x10;
const UNIX_FOLDER: u32 = 0o040_000;
const UNIX_REGULAR: u32 = 0o100_000;

/// The longest name a record can hold, in bytes.
pub(super) const LONGEST_NAME: usize = 0xFFFF;

/// The longest comment that an entry can have, in bytes.
pub const LONGEST_COMMENT: usize = 0xFFFF;

/// What the records of one entry say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub name: &'a [u8],
    pub folder: bool,
    /// Permission bits.
    pub mode: u32,
    /// Seconds since 1970 UTC.
    pub mtime: i64,
    pub size: u64,
    /// Offset of the local header.
    pub offset: u64,
    /// What is said of it in the central directory, at most [`LONGEST_COMMENT`] bytes.
    pub comment: &'a [u8],
}

impl Record<'_> {
    fn size_is_wide(&self) -> bool {
        self.size >= NARROW_LIMIT
    }

    fn offset_is_wide(&self) -> bool {
        self.offset >= NARROW_LIMIT
    }

    /// The time for the extended timestamp, which holds 1901 to 2038.
    fn timestamp(&self) -> Option<i32> {
        i32::try_from(self.mtime).ok()
    }

    fn timestamp_length(&self) -> u64 {
        self.timestamp().map_or(0, |_| TIMESTAMP_LENGTH)
    }

    fn local_extra_length(&self) -> u64 {
        let zip64 = if self.size_is_wide() { EXTRA_FIXED + 16 } else { 0 };
        zip64 + self.timestamp_length()
    }

    fn central_extra_length(&self) -> u64 {
        zip64_extra(&self.central_wide_numbers()).map_or(0, |wide| EXTRA_FIXED + wide) + self.timestamp_length()
    }

    /// Size, stored size and offset, each only if it does not fit; the order is the format's.
    fn central_wide_numbers(&self) -> [Option<u64>; 3] {
        let size = self.size_is_wide().then_some(self.size);
        [size, size, self.offset_is_wide().then_some(self.offset)]
    }

    /// Length of [`Record::local_header`] in bytes.
    pub(super) fn local_length(&self) -> u64 {
        LOCAL_FIXED + self.name.len() as u64 + self.local_extra_length()
    }

    /// Length of [`Record::central_header`] in bytes.
    pub(super) fn central_length(&self) -> u64 {
        CENTRAL_FIXED + self.name.len() as u64 + self.central_extra_length() + self.comment.len() as u64
    }

    /// Version of the format needed to extract: 4.5 for Zip64, 2.0 for folders, else 1.0.
    fn version_needed(&self, zip64: bool) -> u16 {
        match (zip64, self.folder) {
            (true, _) => 45,
            (false, true) => 20,
            (false, false) => 10,
        }
    }

    fn flags(&self) -> u16 {
        if !self.name.is_ascii() && std::str::from_utf8(self.name).is_ok() { UTF8_NAME } else { 0 }
    }

    /// The fields that both headers have, from the needed version to the length of the extra fields.
    fn common_fields(&self, out: &mut Vec<u8>, zip64: bool, crc: u32, extra_length: u64) {
        let (time, date) = dos_time(self.mtime);
        let size = narrow(self.size);
        put16(out, self.version_needed(zip64));
        put16(out, self.flags());
        put16(out, STORED);
        put16(out, time);
        put16(out, date);
        put32(out, crc);
        put32(out, size);
        put32(out, size);
        put16(out, self.name.len() as u16);
        put16(out, extra_length as u16);
    }

    fn timestamp_extra(&self, out: &mut Vec<u8>) {
        let Some(seconds) = self.timestamp() else {
            return;
        };
        put16(out, TIMESTAMP_EXTRA);
        put16(out, 5);
        // The one flag bit set says that only the time of modification follows.
        out.push(1);
        out.extend_from_slice(&seconds.to_le_bytes());
    }

    /// Appends the header that stands before the data.
    pub(super) fn local_header(&self, crc: u32, out: &mut Vec<u8>) {
        let wide = self.size_is_wide();
        put32(out, LOCAL_HEADER);
        self.common_fields(out, wide, crc, self.local_extra_length());
        out.extend_from_slice(self.name);
        let size = wide.then_some(self.size);
        put_zip64_extra(out, &[size, size]);
        self.timestamp_extra(out);
    }

    /// Appends the header that stands in the central directory.
    pub(super) fn central_header(&self, crc: u32, out: &mut Vec<u8>) {
        let wide = self.central_wide_numbers();
        put32(out, CENTRAL_HEADER);
        put16(out, MADE_BY);
        self.common_fields(out, zip64_extra(&wide).is_some(), crc, self.central_extra_length());
        put16(out, self.comment.len() as u16);
        put16(out, 0); // first disk
        put16(out, 0); // internal attributes: not known to be text
        let (kind, dos) = if self.folder { (UNIX_FOLDER, DOS_FOLDER) } else { (UNIX_REGULAR, 0) };
        put32(out, ((kind | (self.mode & 0o7777)) << 16) | dos);
        put32(out, narrow(self.offset));
        out.extend_from_slice(self.name);
        put_zip64_extra(out, &wide);
        self.timestamp_extra(out);
        out.extend_from_slice(self.comment);
    }
}

/// The records at the end of an archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// Number of entries.
    pub count: u64,
    /// Offset of the central directory.
    pub directory: u64,
    /// Length of the central directory.
    pub directory_length: u64,
}

impl End {
    fn is_wide(&self) -> bool {
        self.count >= COUNT_LIMIT || self.directory >= NARROW_LIMIT || self.directory_length >= NARROW_LIMIT
    }

    /// Length of [`End::records`] in bytes.
    pub(super) fn length(&self) -> u64 {
        let zip64 = if self.is_wide() { ZIP64_END_LENGTH + ZIP64_LOCATOR_LENGTH } else { 0 };
        zip64 + END_LENGTH
    }

    /// Appends the Zip64 end record and its locator, if needed, and the end record.
    pub(super) fn records(&self, out: &mut Vec<u8>) {
        if self.is_wide() {
            put32(out, ZIP64_END);
            // The length does not count the signature and itself.
            put64(out, ZIP64_END_LENGTH - 12);
            put16(out, MADE_BY);
            put16(out, 45);
            put32(out, 0); // this disk
            put32(out, 0); // disk of the directory
            put64(out, self.count);
            put64(out, self.count);
            put64(out, self.directory_length);
            put64(out, self.directory);
            put32(out, ZIP64_LOCATOR);
            put32(out, 0);
            put64(out, self.directory + self.directory_length);
            put32(out, 1); // number of disks
        }
        let count = self.count.min(COUNT_LIMIT) as u16;
        put32(out, END);
        put16(out, 0);
        put16(out, 0);
        put16(out, count);
        put16(out, count);
        put32(out, narrow(self.directory_length));
        put32(out, narrow(self.directory));
        put16(out, 0); // no comment
    }
}

/// Length of the numbers in a Zip64 extra field; `None` if there are none and the field is left out.
fn zip64_extra(numbers: &[Option<u64>]) -> Option<u64> {
    let count = numbers.iter().flatten().count() as u64;
    (count > 0).then_some(count * 8)
}

fn put_zip64_extra(out: &mut Vec<u8>, numbers: &[Option<u64>]) {
    let Some(length) = zip64_extra(numbers) else {
        return;
    };
    put16(out, ZIP64_EXTRA);
    put16(out, length as u16);
    for number in numbers.iter().flatten() {
        put64(out, *number);
    }
}

/// The number for a 4-byte field: itself, or all ones if it stands in a Zip64 field.
fn narrow(number: u64) -> u32 {
    number.min(NARROW_LIMIT) as u32
}

fn put16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// 1980-01-01 00:00:00 and 2107-12-31 23:59:58 UTC, the ends of MS-DOS time.
const DOS_RANGE: (i64, i64) = (315_532_800, 4_354_819_198);

/// MS-DOS time and date in UTC, in steps of two seconds; times out of range become the nearest in it.
fn dos_time(seconds: i64) -> (u16, u16) {
    let seconds = seconds.clamp(DOS_RANGE.0, DOS_RANGE.1);
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let civil = jiff::tz::Offset::UTC.to_datetime(moment);
    let field = |value: i8| u16::from(value.unsigned_abs());
    let year = civil.year().abs_diff(1980);
    let time = (field(civil.hour()) << 11) | (field(civil.minute()) << 5) | (field(civil.second()) / 2);
    let date = (year << 9) | (field(civil.month()) << 5) | field(civil.day());
    (time, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Record<'static> =
        Record { name: b"a", folder: false, mode: 0o644, mtime: 1_700_000_000, size: 5, offset: 0, comment: b"" };

    fn local(record: Record<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        record.local_header(7, &mut out);
        assert_eq!(out.len() as u64, record.local_length());
        out
    }

    fn central(record: Record<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        record.central_header(7, &mut out);
        assert_eq!(out.len() as u64, record.central_length());
        out
    }

    #[test]
    fn zip64_fields_stand_exactly_where_a_number_does_not_fit() {
        let plain = (local(PLAIN).len(), central(PLAIN).len());
        let extra = |record| {
            let lengths = (local(record).len(), central(record).len());
            (lengths.0 - plain.0, lengths.1 - plain.1)
        };
        let sized = |size| Record { size, ..PLAIN };
        let placed = |offset| Record { offset, ..PLAIN };
        assert_eq!(extra(sized(0xFFFF_FFFE)), (0, 0));
        assert_eq!(extra(sized(0xFFFF_FFFF)), (20, 20));
        assert_eq!(extra(placed(0xFFFF_FFFE)), (0, 0));
        assert_eq!(extra(placed(0xFFFF_FFFF)), (0, 12));
        assert_eq!(extra(Record { comment: b"said", ..PLAIN }), (0, 4));
        let both = Record { size: 1 << 33, offset: 1 << 34, ..PLAIN };
        assert_eq!(extra(both), (20, 28));
    }

    #[test]
    fn end_records_are_wide_exactly_where_a_number_does_not_fit() {
        let end = |count, directory, directory_length| {
            let end = End { count, directory, directory_length };
            let mut out = Vec::new();
            end.records(&mut out);
            assert_eq!(out.len() as u64, end.length());
            out.len()
        };
        assert_eq!(end(0xFFFE, 0xFFFF_FFFE, 0xFFFF_FFFE), 22);
        assert_eq!(end(0xFFFF, 0, 0), 98);
        assert_eq!(end(0, 0xFFFF_FFFF, 0), 98);
        assert_eq!(end(0, 0, 0xFFFF_FFFF), 98);
    }

    #[test]
    fn only_names_in_utf8_beyond_ascii_are_flagged_as_utf8() {
        let flags = |name| Record { name, ..PLAIN }.flags();
        assert_eq!(flags(b"plain"), 0);
        assert_eq!(flags("caf\u{e9}".as_bytes()), UTF8_NAME);
        assert_eq!(flags(b"caf\xE9"), 0);
    }

    #[test]
    fn dos_times_are_utc_and_clamped_to_1980_and_2107() {
        let fields = |seconds| {
            let (time, date) = dos_time(seconds);
            let date = (1980 + (date >> 9), (date >> 5) & 15, date & 31);
            (date, (time >> 11, (time >> 5) & 63, 2 * (time & 31)))
        };
        assert_eq!(fields(1_700_000_000), ((2023, 11, 14), (22, 13, 20)));
        assert_eq!(fields(0), ((1980, 1, 1), (0, 0, 0)));
        assert_eq!(fields(i64::MIN), ((1980, 1, 1), (0, 0, 0)));
        assert_eq!(fields(i64::MAX), ((2107, 12, 31), (23, 59, 58)));
    }

    #[test]
    fn a_time_beyond_2038_has_no_extended_timestamp() {
        let with = local(PLAIN).len();
        assert_eq!(local(Record { mtime: i64::from(i32::MAX), ..PLAIN }).len(), with);
        assert_eq!(local(Record { mtime: i64::from(i32::MAX) + 1, ..PLAIN }).len(), with - 9);
    }
}
