//! xAPI activities: JSON. Their packages lie elsewhere in the course and are in no file here.

use crate::forms::form::{FileForm, Given, TableForm};

pub const ACTIVITY: FileForm = FileForm {
    tool: "Xapi",
    kind: "xapi_tool",
    name: "activity",
    tables: &[
        TableForm {
            table: "xapi_tool_launch",
            row: "activity",
            defaults: &[("allow_multiple_attempts", Given::Int(1))],
            ..TableForm::PLAIN
        },
        TableForm {
            table: "xapi_cmi5_item",
            row: "step",
            list: "steps",
            fields: &[("parent_id", "parent"), ("tree_root", "root")],
            ..TableForm::PLAIN
        },
    ],
    ..FileForm::PLAIN
};
