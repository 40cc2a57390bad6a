//! Thematic progress: JSON, a section with its plans and advances.

use crate::forms::form::{FileForm, Given, TableForm, Words};

/// Data rules 7.2.
const TYPES: Words =
    &[(1, "objectives"), (2, "skills"), (3, "methodology"), (4, "infrastructure"), (5, "assessment"), (6, "other")];

pub const SECTION: FileForm = FileForm {
    tool: "Progress",
    kind: "thematic",
    name: "progress",
    tables: &[
        TableForm {
            table: "c_thematic",
            row: "progress",
            fields: &[("display_order", "order")],
            defaults: &[("active", Given::Int(1))],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_thematic_advance",
            row: "advance",
            list: "advances",
            fields: &[
                ("attendance_id", "attendance"),
                ("room_id", "room"),
                ("start_date", "start"),
                ("done_advance", "done"),
            ],
            defaults: &[("start_date", Given::Now), ("duration", Given::Int(1))],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "c_thematic_plan",
            row: "plan",
            list: "plans",
            fields: &[("description_type", "type")],
            defaults: &[("description_type", Given::Place)],
            words: &[("description_type", TYPES)],
        },
    ],
    ..FileForm::PLAIN
};
