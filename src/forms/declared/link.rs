//! Links: Internet shortcuts. Their categories are folders.

use crate::forms::form::{FileForm, Given, Home, Syntax, TableForm};

pub const CATEGORY: FileForm = FileForm {
    tool: "Link",
    kind: "Link_Category",
    name: "link category",
    syntax: Syntax::Page("description"),
    title: "category_title",
    folder: true,
    tables: &[TableForm {
        table: "c_link_category",
        row: "category",
        fields: &[("display_order", "order")],
        ..TableForm::PLAIN
    }],
    ..FileForm::PLAIN
};

pub const LINK: FileForm = FileForm {
    tool: "Link",
    kind: "link",
    name: "link",
    syntax: Syntax::Shortcut("url"),
    home: Home::Below("category_id", "Link_Category"),
    tables: &[TableForm {
        table: "c_link",
        row: "link",
        fields: &[("display_order", "order")],
        defaults: &[
            ("on_homepage", Given::Text("0")),
            ("target", Given::Text("_self")),
            ("category_id", Given::Int(0)),
        ],
        ..TableForm::PLAIN
    }],
    ..FileForm::PLAIN
};
