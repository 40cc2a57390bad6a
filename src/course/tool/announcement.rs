//! Announcements and their attachments.

use super::{Files, Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Announcement", kinds: &[ANNOUNCEMENT] };

const ANNOUNCEMENT: Kind = Kind {
    key: "announcement",
    class: "Announcement",
    table: Table {
        name: "c_announcement",
        extra_fields: Some(21),
        roles: &[("content", Role::Html), ("display_order", Role::Loose)],
        children: &[ATTACHMENT],
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("title", Source::Column("title")),
            Property("content", Source::Column("content")),
            Property("date", Source::Column("end_date")),
            Property("display_order", Source::Column("display_order")),
            Property("email_sent", Source::Column("email_sent")),
            Property("attachment_path", Source::First("c_announcement_attachment", "path")),
            Property("attachment_filename", Source::First("c_announcement_attachment", "filename")),
            Property("attachment_size", Source::First("c_announcement_attachment", "size")),
            Property("attachment_comment", Source::First("c_announcement_attachment", "comment")),
        ],
        ..Object::EMPTY
    }),
    property_tool: Some("announcement"),
    properties_archived: true,
    place: &[],
};

const ATTACHMENT: Table = Table {
    name: "c_announcement_attachment",
    parent: "announcement_id",
    roles: &[("path", Role::Loose)],
    // Chamilo's CourseArchiver puts the files one level too high.
    files: Some(Files { column: "path", folder: "upload/announcements", also: Some("upload"), small: false }),
    ..Table::COURSE
};
