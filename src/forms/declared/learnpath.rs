//! Learning paths: packages, which the layer `scorm` makes. They are here for their names.

use crate::forms::form::{FileForm, Syntax, TableForm};

pub const PATH: FileForm = FileForm {
    tool: "Learnpath",
    kind: "learnpath",
    name: "learning path",
    syntax: Syntax::Package,
    title: "name",
    tables: &[
        TableForm { table: "c_lp", row: "learning_path", ..TableForm::PLAIN },
        TableForm { table: "c_lp_item", row: "step", list: "steps", ..TableForm::PLAIN },
    ],
    ..FileForm::PLAIN
};
