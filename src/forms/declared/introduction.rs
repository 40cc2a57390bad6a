//! Introductions: pages, each called by the tool that it stands above.

use crate::forms::form::{FileForm, Syntax, TableForm};

pub const INTRODUCTION: FileForm = FileForm {
    tool: "Introduction",
    kind: "Tool introduction",
    name: "introduction",
    syntax: Syntax::Page("intro_text"),
    title: "id",
    tables: &[TableForm { table: "c_tool_intro", row: "introduction", ..TableForm::PLAIN }],
    ..FileForm::PLAIN
};
