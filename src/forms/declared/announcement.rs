//! Announcements: pages.

use crate::forms::form::{FileForm, Given, Syntax, TableForm};

pub const ANNOUNCEMENT: FileForm = FileForm {
    tool: "Announcement",
    kind: "announcement",
    name: "announcement",
    syntax: Syntax::Page("content"),
    tables: &[
        TableForm {
            table: "c_announcement",
            row: "announcement",
            list: "announcements",
            fields: &[("end_date", "date"), ("email_sent", "sent_by_email"), ("display_order", "order")],
            defaults: &[("end_date", Given::Today), ("email_sent", Given::Int(0))],
            words: &[],
        },
        TableForm { table: "c_announcement_attachment", row: "attachment", list: "attachments", ..TableForm::PLAIN },
    ],
    ..FileForm::PLAIN
};
