//! Glossary terms: pages.

use crate::forms::form::{FileForm, Given, Syntax, TableForm};

pub const TERM: FileForm = FileForm {
    tool: "Glossary",
    kind: "glossary",
    name: "term",
    syntax: Syntax::Page("description"),
    title: "name",
    tables: &[TableForm {
        table: "c_glossary",
        row: "term",
        fields: &[("display_order", "order")],
        defaults: &[("display_order", Given::Int(0))],
        ..TableForm::PLAIN
    }],
    ..FileForm::PLAIN
};
