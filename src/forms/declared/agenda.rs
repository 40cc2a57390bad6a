//! Agenda events: iCalendar.

use crate::forms::form::{FileForm, Syntax, TableForm};

pub const EVENT: FileForm = FileForm {
    tool: "Agenda",
    kind: "calendar_event",
    name: "event",
    syntax: Syntax::Calendar,
    // A lecture that is given every week is many events of one title, made in one second.
    distinct: &["start_date"],
    tables: &[
        TableForm {
            table: "c_calendar_event",
            row: "event",
            fields: &[("room_id", "room"), ("parent_event_id", "repeats")],
            ..TableForm::PLAIN
        },
        TableForm { table: "c_calendar_event_attachment", row: "attachment", list: "attachments", ..TableForm::PLAIN },
        TableForm {
            table: "c_calendar_event_repeat",
            row: "repetition",
            list: "repetition",
            fields: &[
                ("cal_type", "every"),
                ("cal_end", "until"),
                ("cal_frequency", "frequency"),
                ("cal_days", "days"),
            ],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_calendar_event_repeat_not",
            row: "exception",
            list: "exceptions",
            fields: &[("cal_date", "date")],
            ..TableForm::PLAIN
        },
    ],
    ..FileForm::PLAIN
};
