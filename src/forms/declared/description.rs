//! Sections of the course description: pages.

use crate::forms::form::{FileForm, Given, Syntax, TableForm};

pub const SECTION: FileForm = FileForm {
    tool: "Description",
    kind: "course_description",
    name: "description",
    syntax: Syntax::Page("content"),
    tables: &[TableForm {
        table: "c_course_description",
        row: "section",
        fields: &[("description_type", "type")],
        defaults: &[("description_type", Given::Int(8))],
        // Data rules 7.2.
        words: &[(
            "description_type",
            &[
                (1, "general"),
                (2, "objectives"),
                (3, "topics"),
                (4, "methodology"),
                (5, "material"),
                (6, "resources"),
                (7, "assessment"),
                (8, "other"),
            ],
        )],
        ..TableForm::PLAIN
    }],
    ..FileForm::PLAIN
};
