//! How events repeat: Chamilo's rows as rules of iCalendar, and rules as rows and days.
//!
//! Chamilo keeps the rule in a row beside the event, and besides one event for each time that it takes place.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, ToSpan};

use super::times::{self, weekday};

/// The most events that a rule gives.
const MOST: usize = 500;

/// The longest time between two events, in the unit of the rule.
const LONGEST_INTERVAL: i64 = 1000;

/// For how many years an event repeats whose rule has no end.
const YEARS: i64 = 1;

/// A row of `c_calendar_event_repeat` (data rules 7.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repetition {
    /// `daily`, `weekly`, `monthlyByDate`, `monthlyByDay`, `monthlyByDayR`, `yearly`.
    pub every: String,
    /// The end, in seconds since 1970.
    pub until: i64,
    /// Every which day, week, month or year.
    pub frequency: i64,
    /// Days of the week from Sunday on, `y` or `n` each; empty for the day of the event.
    pub days: String,
}

const DAYS: [(&str, Weekday); 7] = [
    ("SU", Weekday::Sunday),
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
];

impl Repetition {
    /// The rule of an event that begins at `start`; `None` if there is none that says the same.
    pub fn rule(&self, start: DateTime) -> Option<String> {
        let (frequency, by) = match self.every.as_str() {
            "daily" => ("DAILY", String::new()),
            "weekly" => {
                let flags = self.days.chars().zip(DAYS).filter(|(flag, _)| *flag == 'y').map(|(_, (day, _))| day);
                let days = flags.collect::<Vec<_>>().join(",");
                ("WEEKLY", if days.is_empty() { days } else { format!(";BYDAY={days}") })
            }
            "monthlyByDate" => ("MONTHLY", String::new()),
            "monthlyByDay" | "monthlyByDayR" => {
                let (day, _) = DAYS.iter().find(|(_, day)| *day == start.weekday())?;
                let which = if self.every.ends_with('R') {
                    -((i32::from(start.date().days_in_month()) - i32::from(start.day())) / 7 + 1)
                } else {
                    (i32::from(start.day()) - 1) / 7 + 1
                };
                ("MONTHLY", format!(";BYDAY={which}{day}"))
            }
            "yearly" => ("YEARLY", String::new()),
            _ => return None,
        };
        let interval = if self.frequency > 1 { format!(";INTERVAL={}", self.frequency) } else { String::new() };
        let until = times::from_unix(self.until).filter(|_| self.until > 0);
        let until = until.map_or(String::new(), |until| format!(";UNTIL={}", times::value(until)));
        Some(format!("FREQ={frequency}{interval}{by}{until}"))
    }
}

/// A rule that was read.
#[derive(Debug)]
pub struct Rule {
    /// The row that says the same.
    pub row: Repetition,
    /// When the event takes place, in the zone of the event, the first time left aside.
    pub times: Vec<DateTime>,
}

/// Reads the rule of an event that begins at `start`, a time in its own zone.
pub fn read(rule: &str, start: DateTime) -> Result<Rule, String> {
    let part = |name: &str| {
        rule.split(';').find_map(|part| {
            let (known, value) = part.split_once('=')?;
            known.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_uppercase())
        })
    };
    let number = |name: &str| -> Result<Option<i64>, String> {
        let wrong = |_| format!("{name} of the rule is no number");
        part(name).map(|value| value.parse::<i64>().map_err(wrong)).transpose()
    };
    for name in ["BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR", "BYMINUTE", "BYSECOND"] {
        let own = match name {
            "BYMONTH" => Some(i64::from(start.month())),
            "BYMONTHDAY" => Some(i64::from(start.day())),
            _ => None,
        };
        if let Some(value) = part(name)
            && own.map(|own| own.to_string()) != Some(value)
        {
            return Err(format!("events can't repeat by {name} in Chamilo; write every time as an event of its own"));
        }
    }
    let interval = number("INTERVAL")?.unwrap_or(1);
    if !(1..=LONGEST_INTERVAL).contains(&interval) {
        return Err(format!("INTERVAL of the rule is {interval}; it can be 1 to {LONGEST_INTERVAL}"));
    }
    let count = number("COUNT")?;
    let until = part("UNTIL").map(|until| times::read(&until, None, &[])).transpose()?;
    let days: Vec<(Option<i8>, Weekday)> = match part("BYDAY") {
        Some(days) => days
            .split(',')
            .map(|day| {
                weekday(day).ok_or_else(|| format!("{day} is no day of the week; there are MO, TU, …, and 1MO, -1FR"))
            })
            .collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let frequency = part("FREQ").unwrap_or_default();
    let every = match (frequency.as_str(), days.as_slice()) {
        ("DAILY", []) => "daily",
        ("WEEKLY", _) => "weekly",
        ("MONTHLY", []) => "monthlyByDate",
        ("MONTHLY", [(Some(which), day)]) if *day == start.weekday() => {
            if *which < 0 {
                "monthlyByDayR"
            } else {
                "monthlyByDay"
            }
        }
        ("YEARLY", []) => "yearly",
        _ => {
            return Err(format!("Chamilo has no rule that says {rule}; write every time as an event of its own"));
        }
    };
    let end = match until {
        Some(until) if until.whole_day => until.utc.date().to_datetime(jiff::civil::time(23, 59, 59, 0)),
        Some(until) => until.utc,
        None => start.checked_add(YEARS.years()).map_err(|error| error.to_string())?,
    };
    let most =
        count.and_then(|count| usize::try_from(count).ok()).map_or(MOST, |count| count.saturating_sub(1).min(MOST));
    // What a count says goes on however long that takes.
    let end = if count.is_some() && until.is_none() { DateTime::MAX } else { end };
    let times = expand(every, interval, &days, start, end, most);
    let last = times.last().copied().unwrap_or(start);
    let flags = |days: &[(Option<i8>, Weekday)]| -> String {
        let flag = |(_, known): &(&str, Weekday)| if days.iter().any(|(_, day)| day == known) { 'y' } else { 'n' };
        DAYS.iter().map(flag).collect()
    };
    let row = Repetition {
        every: every.to_owned(),
        until: times::to_unix(if count.is_some() || end == DateTime::MAX { last } else { end }),
        frequency: interval,
        days: if every == "weekly" && !days.is_empty() { flags(&days) } else { String::new() },
    };
    Ok(Rule { row, times })
}

/// The times after the first up to `end`.
fn expand(
    every: &str,
    interval: i64,
    days: &[(Option<i8>, Weekday)],
    start: DateTime,
    end: DateTime,
    most: usize,
) -> Vec<DateTime> {
    let mut times = Vec::new();
    let mut step = 0;
    // A year without such a day may come, but not so many.
    let mut empty = 0;
    while times.len() < most && empty < 100 {
        let dates = dates(every, interval * step, days, start.date());
        empty = if dates.is_empty() { empty + 1 } else { 0 };
        step += 1;
        for date in dates {
            let time = date.to_datetime(start.time());
            if time > end {
                return times;
            }
            if time > start && times.len() < most {
                times.push(time);
            }
        }
    }
    times
}

/// A day later by `span`, if the calendar has both.
fn add(date: Date, span: Result<Span, jiff::Error>) -> Option<Date> {
    date.checked_add(span.ok()?).ok()
}

/// The days of the period that is `ahead` days, weeks, months or years after the first.
fn dates(every: &str, ahead: i64, days: &[(Option<i8>, Weekday)], start: Date) -> Vec<Date> {
    let found = match every {
        "daily" => add(start, Span::new().try_days(ahead)),
        "weekly" if days.is_empty() => add(start, Span::new().try_weeks(ahead)),
        "weekly" => {
            // Weeks begin on Monday (RFC 5545, WKST).
            let monday = start.checked_sub(i64::from(start.weekday().to_monday_zero_offset()).days()).ok();
            let monday = monday.and_then(|monday| add(monday, Span::new().try_weeks(ahead)));
            let mut offsets: Vec<i8> = days.iter().map(|(_, day)| day.to_monday_zero_offset()).collect();
            offsets.sort_unstable();
            let date = |offset: i8| monday?.checked_add(i64::from(offset).days()).ok();
            return offsets.into_iter().filter_map(date).collect();
        }
        "monthlyByDate" | "yearly" => {
            let span = Span::new();
            let span = if every == "yearly" { span.try_years(ahead) } else { span.try_months(ahead) };
            // Months that lack the day are passed over.
            add(start, span).filter(|date| date.day() == start.day())
        }
        _ => {
            let month = add(start.first_of_month(), Span::new().try_months(ahead));
            days.first().and_then(|(which, day)| month?.nth_weekday_of_month(which.unwrap_or(1), *day).ok())
        }
    };
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(rule: &str, start: &str) -> Vec<String> {
        let start = times::read(start, None, &[]).unwrap().local;
        read(rule, start).unwrap().times.iter().map(|time| times::day(time.date())).collect()
    }

    #[test]
    fn rules_give_the_days_that_calendar_programs_show() {
        assert_eq!(days("FREQ=DAILY;COUNT=3", "20260901T080000"), ["20260902", "20260903"]);
        assert_eq!(days("FREQ=WEEKLY;UNTIL=20260915T080000Z", "20260901T080000"), ["20260908", "20260915"]);
        assert_eq!(
            days("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=4", "20260901T080000"),
            ["20260903", "20260915", "20260917"]
        );
        assert_eq!(days("FREQ=MONTHLY;COUNT=3", "20260131T080000"), ["20260331", "20260531"]);
        assert_eq!(days("FREQ=MONTHLY;BYDAY=1TU;COUNT=2", "20260901T080000"), ["20261006"]);
        assert_eq!(days("FREQ=MONTHLY;BYDAY=-1WE;COUNT=2", "20260930T080000"), ["20261028"]);
        assert_eq!(days("FREQ=YEARLY;COUNT=2", "20240229T080000"), ["20280229"]);
        assert_eq!(days("FREQ=WEEKLY", "20260901T080000").len(), 52);
    }

    #[test]
    fn a_row_says_what_its_rule_says() {
        for rule in [
            "FREQ=DAILY;UNTIL=20260910T080000Z",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;UNTIL=20261001T080000Z",
            "FREQ=MONTHLY;BYDAY=1TU;UNTIL=20270101T080000Z",
            "FREQ=YEARLY;UNTIL=20300901T080000Z",
        ] {
            let start = times::read("20260901T080000", None, &[]).unwrap().local;
            assert_eq!(read(rule, start).unwrap().row.rule(start).as_deref(), Some(rule));
        }
    }

    #[test]
    fn what_chamilo_can_not_say_is_refused_with_what_to_do() {
        let start = times::read("20260901T080000", None, &[]).unwrap().local;
        for rule in ["FREQ=HOURLY", "FREQ=YEARLY;BYSETPOS=1", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=WEEKLY;BYDAY=XX"] {
            assert!(read(rule, start).is_err(), "{rule}");
        }
    }
}
