//! Times in calendars: into UTC, as Chamilo stores them, and out of it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone};

use super::lines::Line;

/// A time as a value: with `Z`, for it is UTC.
pub fn value(time: DateTime) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A day as a value.
pub fn day(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

/// A `DATETIME` column; `None` for what is no time, such as zeros.
pub fn stored(text: &[u8]) -> Option<DateTime> {
    let text = std::str::from_utf8(text).ok()?;
    DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()
}

/// A time for a `DATETIME` column.
pub fn column(time: DateTime) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time read from a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The time in UTC.
    pub utc: DateTime,
    /// The same as the file has it, in its own zone.
    pub local: DateTime,
    /// Whether it is a whole day.
    pub whole_day: bool,
}

/// Reads a date or time; `zones` are those that the calendar describes itself.
pub fn read(value: &str, zone: Option<&str>, zones: &[Zone]) -> Result<Read, String> {
    let value = value.trim();
    if let (8, Ok(date)) = (value.len(), Date::strptime("%Y%m%d", value)) {
        let midnight = date.to_datetime(Time::midnight());
        return Ok(Read { utc: midnight, local: midnight, whole_day: true });
    }
    let (text, is_utc) = value.strip_suffix('Z').map_or((value, false), |text| (text, true));
    let local = DateTime::strptime("%Y%m%dT%H%M%S", text)
        .map_err(|_| format!("{value} is no time; write 20260901T080000Z or 20260901"))?;
    let utc = if is_utc { local } else { to_utc(local, zone, zones)? };
    Ok(Read { utc, local, whole_day: false })
}

/// A local time in UTC. Times without a zone count as UTC, as Chamilo's do.
pub fn to_utc(local: DateTime, zone: Option<&str>, zones: &[Zone]) -> Result<DateTime, String> {
    let Some(name) = zone else { return Ok(local) };
    // Some programs put a folder of their own before the name.
    let plain = name.trim_start_matches('/');
    let known = std::iter::successors(Some(plain), |name| name.split_once('/').map(|(_, rest)| rest));
    for known in known {
        if let Ok(zone) = TimeZone::get(known) {
            let time = zone.to_timestamp(local).map_err(|error| error.to_string())?;
            return Ok(TimeZone::UTC.to_datetime(time));
        }
    }
    match zones.iter().find(|zone| zone.name == name) {
        Some(zone) => zone.to_utc(local),
        None => Err(format!("the time zone {name} is not known; write the time in UTC, with a Z at its end")),
    }
}

/// The time `seconds` after 1970 in UTC.
pub fn from_unix(seconds: i64) -> Option<DateTime> {
    Timestamp::from_second(seconds).ok().map(|time| TimeZone::UTC.to_datetime(time))
}

/// Seconds since 1970 of a time in UTC.
pub fn to_unix(time: DateTime) -> i64 {
    TimeZone::UTC.to_timestamp(time).map_or(0, Timestamp::as_second)
}

/// A time zone that a calendar describes (`VTIMEZONE`), for names that are no others' than their program's.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    /// Its name.
    pub name: String,
    changes: Vec<Change>,
}

/// A change to another offset, every year or once.
#[derive(Clone, Debug)]
struct Change {
    start: DateTime,
    /// Seconds east of UTC from then on.
    offset: i32,
    /// The day of the year; `None` if it was once only.
    yearly: Option<YearDay>,
}

/// Month, which weekday of it (from its end if negative), and the weekday.
type YearDay = (i8, i8, Weekday);

/// What was read of a change so far.
#[derive(Default)]
struct Unfinished {
    start: Option<DateTime>,
    offset: Option<i32>,
    yearly: Option<YearDay>,
}

impl Zone {
    /// The zone that `lines` describe, those between its BEGIN and END.
    pub fn read(lines: &[Line]) -> Zone {
        let mut zone = Zone::default();
        let mut change: Option<Unfinished> = None;
        for line in lines {
            match (line.name.as_str(), line.value.as_str(), &mut change) {
                ("TZID", name, None) => zone.name = name.trim().to_owned(),
                ("BEGIN", "STANDARD" | "DAYLIGHT", _) => change = Some(Unfinished::default()),
                ("END", "STANDARD" | "DAYLIGHT", found) => {
                    if let Some(Unfinished { start: Some(start), offset: Some(offset), yearly }) = found.take() {
                        zone.changes.push(Change { start, offset, yearly });
                    }
                }
                ("DTSTART", value, Some(change)) => {
                    change.start = DateTime::strptime("%Y%m%dT%H%M%S", value.trim_end_matches('Z')).ok();
                }
                ("TZOFFSETTO", value, Some(change)) => change.offset = seconds(value),
                ("RRULE", value, Some(change)) => change.yearly = yearly_rule(value),
                _ => {}
            }
        }
        zone
    }

    fn to_utc(&self, local: DateTime) -> Result<DateTime, String> {
        let last = |change: &Change| match change.yearly {
            None => (change.start <= local).then_some(change.start),
            Some((month, which, weekday)) => [local.year(), local.year() - 1].into_iter().find_map(|year| {
                let first = Date::new(year, month, 1).ok()?;
                let day = first.nth_weekday_of_month(which, weekday).ok()?;
                let at = day.to_datetime(change.start.time());
                (at <= local && at >= change.start).then_some(at)
            }),
        };
        let found = self.changes.iter().filter_map(|change| Some((last(change)?, change.offset)));
        let offset = found.max_by_key(|(at, _)| *at).map(|(_, offset)| offset);
        // Before the first change the first offset counts.
        let offset = offset.or_else(|| self.changes.first().map(|change| change.offset)).unwrap_or(0);
        let offset = Offset::from_seconds(offset).map_err(|error| error.to_string())?;
        let time = offset.to_timestamp(local).map_err(|error| error.to_string())?;
        Ok(TimeZone::UTC.to_datetime(time))
    }
}

/// Seconds of an offset such as `+0130`.
fn seconds(value: &str) -> Option<i32> {
    let value = value.trim();
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, value.strip_prefix('+').unwrap_or(value)),
    };
    let part = |from: usize| digits.get(from..from + 2).and_then(|digits| digits.parse::<i32>().ok());
    Some(sign * (part(0)? * 3600 + part(2)? * 60 + part(4).unwrap_or(0)))
}

/// Month and weekday of a yearly rule such as `FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU`.
fn yearly_rule(rule: &str) -> Option<YearDay> {
    let part = |name: &str| rule.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let (which, weekday) = weekday(part("BYDAY")?)?;
    Some((part("BYMONTH")?.parse().ok()?, which.unwrap_or(1), weekday))
}

/// A weekday with the number before it, such as `-1SU`.
pub fn weekday(text: &str) -> Option<(Option<i8>, Weekday)> {
    let at = text.len().checked_sub(2)?;
    let day = match text.get(at..)? {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    match text.get(..at)? {
        "" => Some((None, day)),
        number => Some((Some(number.trim_start_matches('+').parse().ok().filter(|number| *number != 0)?), day)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(value: &str, zone: Option<&str>, zones: &[Zone]) -> String {
        column(read(value, zone, zones).unwrap().utc)
    }

    #[test]
    fn times_of_all_sorts_become_utc() {
        assert_eq!(utc("20260901T080000Z", None, &[]), "2026-09-01 08:00:00");
        assert_eq!(utc("20260901T080000", None, &[]), "2026-09-01 08:00:00");
        assert_eq!(utc("20260901", None, &[]), "2026-09-01 00:00:00");
        assert_eq!(utc("20260901T100000", Some("Europe/Paris"), &[]), "2026-09-01 08:00:00");
        let mozilla = Some("/mozilla.org/20050126_1/America/Argentina/Buenos_Aires");
        assert_eq!(utc("20260115T100000", mozilla, &[]), "2026-01-15 13:00:00");
        assert!(read("tomorrow", None, &[]).unwrap_err().contains("20260901T080000Z"));
        assert!(read("20260901T100000", Some("Mars"), &[]).unwrap_err().contains("Mars"));
    }

    #[test]
    fn a_zone_that_only_the_calendar_knows_is_used() {
        let text = "TZID:W. Europe Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\n\
                    TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n\
                    BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n\
                    RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\n";
        let zones = [Zone::read(&super::super::lines::read(text))];
        let zone = Some("W. Europe Standard Time");
        assert_eq!(utc("20260701T100000", zone, &zones), "2026-07-01 08:00:00");
        assert_eq!(utc("20260115T100000", zone, &zones), "2026-01-15 09:00:00");
        assert_eq!(utc("20261025T040000", zone, &zones), "2026-10-25 03:00:00");
    }
}
