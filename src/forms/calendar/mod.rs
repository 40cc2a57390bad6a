//! Agenda events as iCalendar (RFC 5545), as calendar programs write and read it.
//!
//! The event stands in the properties that all programs know: its title as SUMMARY, its text as X-ALT-DESC (HTML) and
//! DESCRIPTION (plain), its times in UTC, its rule as RRULE. All of an event is in a property of our own besides, which
//! programs keep or drop. Reading trusts that one as far as the others still say what it made them say: what somebody
//! changed in them counts.

mod lines;
mod repeat;
mod times;

use jiff::civil::{Date, DateTime};
use xxhash_rust::xxh3::xxh3_128;

use super::error::FormError;
use super::json::{Json, Members};

pub use repeat::Repetition;

/// The property with all of an event.
const OURS: &str = "X-COURSEFS";

/// What an event without a time begins at.
const NO_TIME: Date = Date::constant(1970, 1, 1);

/// An event, as its columns have it.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// The title.
    pub title: Vec<u8>,
    /// The text, HTML.
    pub content: Vec<u8>,
    /// The columns with its times.
    pub start: Vec<u8>,
    pub end: Vec<u8>,
    /// Whether it takes whole days.
    pub all_day: bool,
    /// What it is known by over all courses: the event that it repeats, or itself.
    pub identity: Vec<u8>,
    /// Whether it is one time of an event that repeats.
    pub instance: bool,
    /// When its row was last edited.
    pub changed: Vec<u8>,
    /// How it repeats.
    pub repetition: Option<Repetition>,
    /// When it does not, seconds since 1970.
    pub exceptions: Vec<i64>,
    /// Addresses and names of its files.
    pub files: Vec<(String, String)>,
}

/// What the standard properties of an event say, as their values.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    title: String,
    plain: String,
    html: String,
    start: String,
    end: Option<String>,
    rule: Option<String>,
    exceptions: Vec<String>,
}

impl Event {
    fn shown(&self) -> Shown {
        let start = times::stored(&self.start);
        let from = start.unwrap_or(DateTime::from(NO_TIME));
        let until = times::stored(&self.end).filter(|end| *end > from);
        let (start_value, end) = if self.all_day {
            // The end of whole days is the day after the last.
            let whole = |time: DateTime| {
                if time.time() == jiff::civil::Time::midnight() {
                    Some(time.date())
                } else {
                    time.date().tomorrow().ok()
                }
            };
            let end = until.and_then(whole).filter(|end| *end > from.date());
            (times::day(from.date()), end.map(times::day))
        } else {
            (times::value(from), until.map(times::value))
        };
        Shown {
            title: lines::shown(&self.title),
            plain: plain(&lines::shown(&self.content)),
            html: lines::shown(&self.content),
            start: start_value,
            end,
            rule: self.repetition.as_ref().and_then(|repetition| repetition.rule(from)),
            exceptions: self.exceptions.iter().filter_map(|time| times::from_unix(*time)).map(times::value).collect(),
        }
    }

    /// The calendar with this one event; `fields` is all that its row and those below it say.
    pub fn write(&self, fields: Members) -> Vec<u8> {
        let shown = self.shown();
        let mut text = String::new();
        let mut push = |name: &str, value: &str| lines::push(&mut text, name, value);
        let whole_day = if self.all_day { ";VALUE=DATE" } else { "" };
        push("BEGIN", "VCALENDAR");
        push("VERSION", "2.0");
        push("PRODID", "-//coursefs//coursefs//EN");
        push("BEGIN", "VEVENT");
        push("UID", &format!("{:032x}@coursefs", xxh3_128(&self.identity)));
        let changed = times::stored(&self.changed).or_else(|| times::stored(&self.start));
        push("DTSTAMP", &times::value(changed.unwrap_or(DateTime::from(NO_TIME))));
        push(&format!("DTSTART{whole_day}"), &shown.start);
        if let Some(end) = &shown.end {
            push(&format!("DTEND{whole_day}"), end);
        }
        if self.instance {
            push(&format!("RECURRENCE-ID{whole_day}"), &shown.start);
        }
        push("SUMMARY", &lines::escaped(&shown.title));
        if !shown.html.is_empty() {
            push("DESCRIPTION", &lines::escaped(&shown.plain));
            push("X-ALT-DESC;FMTTYPE=text/html", &lines::escaped(&shown.html));
        }
        if let Some(rule) = &shown.rule {
            push("RRULE", rule);
        }
        for exception in &shown.exceptions {
            push("EXDATE", exception);
        }
        for (address, name) in &self.files {
            let name: String = name.chars().map(|letter| if letter == '"' { '\'' } else { letter }).collect();
            push(&format!("ATTACH;FILENAME=\"{}\"", lines::shown(name.as_bytes()).replace(['\n', '\t'], " ")), address);
        }
        push(OURS, &lines::escaped(&Json::Map(fields).line()));
        push("END", "VEVENT");
        push("END", "VCALENDAR");
        text.into_bytes()
    }
}

/// An event that was read.
#[derive(Debug)]
pub struct Read {
    /// What our own property says of it, as JSON with its line; `None` if there is none.
    pub fields: Option<(usize, Vec<u8>)>,
    shown: Shown,
    has_html: bool,
    start: times::Read,
    end: Option<DateTime>,
    /// The rule, if it has one.
    pub rule: Option<repeat::Rule>,
    /// The times at which it does not take place, in UTC.
    pub exceptions: Vec<DateTime>,
    /// The name that it shares with others of its series, and the time that it stands for.
    series: (String, Option<DateTime>),
    zone: Option<String>,
}

/// What an event says where it differs from what `known` made it say.
#[derive(Debug, Default)]
pub struct Told {
    /// The title.
    pub title: Option<Vec<u8>>,
    /// The text.
    pub content: Option<Vec<u8>>,
    /// Start, end and whether it takes whole days.
    pub times: Option<(String, String, bool)>,
    /// Whether the rule or its exceptions are to be read anew.
    pub rule: bool,
}

impl Read {
    /// What the event tells; where it says what `known` says, that counts.
    pub fn told(&self, known: Option<&Event>) -> Told {
        let before = known.map(Event::shown);
        let before = before.as_ref();
        let same = |part: &dyn Fn(&Shown) -> bool| before.is_some_and(part);
        let plain_same = same(&|shown| shown.plain == self.shown.plain);
        let html_same = same(&|shown| shown.html == self.shown.html);
        let content = match (plain_same, html_same, self.has_html) {
            (true, true, _) => None,
            (_, false, true) => Some(self.shown.html.clone()),
            _ => Some(html(&self.shown.plain)),
        };
        let end = self.end.unwrap_or(self.start.utc);
        let times = (times::column(self.start.utc), times::column(end), self.start.whole_day);
        Told {
            title: (!same(&|shown| shown.title == self.shown.title)).then(|| self.shown.title.clone().into_bytes()),
            content: content.map(String::into_bytes),
            times: (!same(&|shown| shown.start == self.shown.start && shown.end == self.shown.end)).then_some(times),
            rule: !same(&|shown| shown.rule == self.shown.rule && shown.exceptions == self.shown.exceptions),
        }
    }

    /// The times after the first at which the event takes place by its rule: start and end, as columns have them.
    pub fn repeated(&self) -> Vec<(String, String)> {
        let Some(rule) = &self.rule else { return Vec::new() };
        let length = self.end.and_then(|end| self.start.utc.until(end).ok());
        let times = rule.times.iter().filter_map(|local| {
            // The hour of the day counts, whatever the sun does.
            let utc = if self.start.whole_day || self.start.local == self.start.utc {
                *local
            } else {
                times::to_utc(*local, self.zone.as_deref(), &[]).ok()?
            };
            if self.exceptions.contains(&utc) {
                return None;
            }
            let end = length.and_then(|length| utc.checked_add(length).ok()).unwrap_or(utc);
            Some((times::column(utc), times::column(end)))
        });
        times.collect()
    }
}

/// Seconds since 1970 of a time in UTC.
pub fn unix(time: DateTime) -> i64 {
    times::to_unix(time)
}

/// Reads the events of a calendar.
pub fn read(bytes: &[u8]) -> Result<Vec<Read>, FormError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0,
    };
    let lines = lines::read(&text);
    if !lines.iter().any(|line| line.name == "BEGIN" && line.value.trim().eq_ignore_ascii_case("VCALENDAR")) {
        return Err(FormError::syntax(1, "this is no calendar: it wants a line BEGIN:VCALENDAR"));
    }
    let blocks = |kind: &str| {
        let mut found: Vec<&[lines::Line]> = Vec::new();
        let mut start = None;
        for (number, line) in lines.iter().enumerate() {
            let of_kind = line.value.trim().eq_ignore_ascii_case(kind);
            match (line.name.as_str(), start) {
                ("BEGIN", None) if of_kind => start = Some(number + 1),
                ("END", Some(from)) if of_kind => {
                    found.extend(lines.get(from..number));
                    start = None;
                }
                _ => {}
            }
        }
        found
    };
    let zones: Vec<times::Zone> = blocks("VTIMEZONE").into_iter().map(times::Zone::read).collect();
    let events = blocks("VEVENT");
    if events.is_empty() {
        return Err(FormError::syntax(1, "there is no event in this calendar: it wants BEGIN:VEVENT … END:VEVENT"));
    }
    let mut events = events.into_iter().map(|lines| event(lines, &zones)).collect::<Result<Vec<Read>, FormError>>()?;
    // A time of a series that has an event of its own does not follow from the rule.
    let moved: Vec<(String, DateTime)> =
        events.iter().filter_map(|event| Some((event.series.0.clone(), event.series.1?))).collect();
    for event in events.iter_mut().filter(|event| event.rule.is_some()) {
        event.exceptions.extend(moved.iter().filter(|(series, _)| *series == event.series.0).map(|(_, time)| *time));
    }
    Ok(events)
}

fn event(lines: &[lines::Line], zones: &[times::Zone]) -> Result<Read, FormError> {
    // Alarms lie inside events.
    let mut depth = 0;
    let own: Vec<&lines::Line> = lines
        .iter()
        .filter(|line| {
            match line.name.as_str() {
                "BEGIN" => depth += 1,
                "END" => depth -= 1,
                _ => return depth == 0,
            }
            false
        })
        .collect();
    let find = |name: &str| own.iter().copied().find(|line| line.name == name);
    let first = lines.first().map_or(1, |line| line.number);
    let time = |line: &lines::Line| {
        let read = times::read(&line.value, line.parameter("TZID"), zones);
        read.map_err(|problem| FormError::syntax(line.number, problem))
    };
    let start_line = find("DTSTART");
    let start_line =
        start_line.ok_or_else(|| FormError::syntax(first, "the event has no DTSTART, which says when it begins"))?;
    let start = time(start_line)?;
    let end = match (find("DTEND"), find("DURATION")) {
        (Some(line), _) => Some(time(line)?.utc),
        (None, Some(line)) => {
            let span: jiff::Span = line.value.trim().parse().map_err(|_| {
                FormError::syntax(line.number, format!("{} is no duration; write PT1H30M or P1D", line.value))
            })?;
            let end = start.utc.checked_add(span);
            Some(end.map_err(|error| FormError::syntax(line.number, error.to_string()))?)
        }
        (None, None) if start.whole_day => start.utc.checked_add(jiff::Span::new().days(1)).ok(),
        (None, None) => None,
    };
    let text = |name: &str| find(name).map(|line| lines::unescaped(&line.value));
    let html = find("X-ALT-DESC")
        .filter(|line| line.parameter("FMTTYPE").is_some_and(|kind| kind.eq_ignore_ascii_case("text/html")));
    let rule = match find("RRULE") {
        Some(line) => {
            Some(repeat::read(&line.value, start.local).map_err(|problem| FormError::syntax(line.number, problem))?)
        }
        None => None,
    };
    let mut exceptions = Vec::new();
    let mut shown_exceptions = Vec::new();
    for line in own.iter().filter(|line| line.name == "EXDATE") {
        for value in line.value.split(',') {
            let read = times::read(value, line.parameter("TZID"), zones);
            exceptions.push(read.map_err(|problem| FormError::syntax(line.number, problem))?.utc);
        }
        shown_exceptions.push(line.value.clone());
    }
    let instance = find("RECURRENCE-ID").map(time).transpose()?.map(|read| read.utc);
    Ok(Read {
        fields: find(OURS).map(|line| (line.number, lines::unescaped(&line.value).into_bytes())),
        shown: Shown {
            title: text("SUMMARY").unwrap_or_default(),
            plain: text("DESCRIPTION").unwrap_or_default(),
            html: html.map(|line| lines::unescaped(&line.value)).unwrap_or_default(),
            start: start_line.value.clone(),
            end: find("DTEND").map(|line| line.value.clone()),
            rule: find("RRULE").map(|line| line.value.clone()),
            exceptions: shown_exceptions,
        },
        has_html: html.is_some(),
        start,
        end,
        rule,
        exceptions,
        series: (text("UID").unwrap_or_default(), instance),
        zone: start_line.parameter("TZID").map(str::to_owned),
    })
}

/// HTML as plain text: breaks and paragraphs as lines.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let Some((tag, after)) = after.split_once('>') else {
            text.push('<');
            rest = after;
            continue;
        };
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let ends = matches!(name.to_ascii_lowercase().as_str(), "br" | "p" | "div" | "li" | "tr" | "h1" | "h2" | "h3");
        if ends && (tag.starts_with('/') || name.eq_ignore_ascii_case("br")) {
            text.push('\n');
        }
        rest = after;
    }
    text.push_str(rest);
    html_escape::decode_html_entities(text.trim()).into_owned()
}

/// Plain text as HTML. Some programs write HTML where plain text belongs.
fn html(text: &str) -> String {
    let looks_like_html = ["<p>", "<br", "<a ", "<ul>", "<b>", "<div>", "<span "].iter().any(|tag| text.contains(tag));
    if text.is_empty() || looks_like_html {
        return text.to_owned();
    }
    let paragraphs = text.trim().split("\n\n").map(|paragraph| {
        let lines: Vec<String> = paragraph.lines().map(|line| html_escape::encode_text(line).into_owned()).collect();
        format!("<p>{}</p>", lines.join("<br>"))
    });
    paragraphs.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_calendar_program_is_read() {
        let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Paris:20260901T100000\r\n\
                    DURATION:PT1H30M\r\nSUMMARY:Lecture\\, first\r\nDESCRIPTION:Bring <pens> & paper\\n\\nRoom 3\r\n\
                    RRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE;TZID=Europe/Paris:20260908T100000\r\nBEGIN:VALARM\r\n\
                    DESCRIPTION:Alarm\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let events = read(text.as_bytes()).unwrap();
        let told = events[0].told(None);
        assert_eq!(told.title.as_deref(), Some(b"Lecture, first".as_slice()));
        assert_eq!(told.times.unwrap(), ("2026-09-01 08:00:00".into(), "2026-09-01 09:30:00".into(), false));
        let content = String::from_utf8(told.content.unwrap()).unwrap();
        assert_eq!(content, "<p>Bring &lt;pens&gt; &amp; paper</p>\n<p>Room 3</p>");
        assert_eq!(events[0].repeated(), [("2026-09-15 08:00:00".to_owned(), "2026-09-15 09:30:00".to_owned())]);
    }

    #[test]
    fn the_hour_of_the_day_stays_when_clocks_are_put_back() {
        let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Paris:20261021T100000\r\n\
                    RRULE:FREQ=WEEKLY;COUNT=2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let events = read(text.as_bytes()).unwrap();
        assert_eq!(events[0].repeated()[0].0, "2026-10-28 09:00:00");
    }

    #[test]
    fn what_is_no_calendar_is_refused_with_line_and_what_to_do() {
        let of = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert!(of("hello").contains("BEGIN:VCALENDAR"));
        assert!(of("BEGIN:VCALENDAR\nEND:VCALENDAR").contains("BEGIN:VEVENT"));
        assert!(of("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:A\nEND:VEVENT").starts_with("line 3"));
        assert!(of("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:x\nEND:VEVENT").starts_with("line 3: x is no time"));
    }
}
