//! Attendance sheets: JSON. Who was there is the users' own and in no file.

use crate::forms::form::{FileForm, Given, TableForm};

pub const ATTENDANCE: FileForm = FileForm {
    tool: "Attendance",
    kind: "attendance",
    name: "attendance",
    title: "name",
    tables: &[
        TableForm {
            table: "c_attendance",
            row: "attendance",
            fields: &[
                ("attendance_qualify_title", "gradebook_title"),
                ("attendance_qualify_max", "max_score"),
                ("attendance_weight", "weight"),
            ],
            defaults: &[("active", Given::Int(1))],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_attendance_calendar",
            row: "date",
            list: "dates",
            fields: &[("date_time", "time"), ("done_attendance", "done")],
            ..TableForm::PLAIN
        },
    ],
    ..FileForm::PLAIN
};
