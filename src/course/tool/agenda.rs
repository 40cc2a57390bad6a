//! The agenda: events, their attachments and how they repeat.

use super::{Files, Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Agenda", kinds: &[EVENT] };

const EVENT: Kind = Kind {
    key: "calendar_event",
    class: "CalendarEvent",
    table: Table {
        name: "c_calendar_event",
        extra_fields: Some(5),
        roles: &[
            ("content", Role::Html),
            ("room_id", Role::Portal("room")),
            // The event that this one repeats.
            ("parent_event_id", Role::Late("c_calendar_event")),
        ],
        children: &[ATTACHMENT, REPEAT, REPEAT_NOT],
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("title", Source::Column("title")),
            Property("content", Source::Column("content")),
            Property("start_date", Source::Column("start_date")),
            Property("end_date", Source::Column("end_date")),
            Property("attachment_path", Source::First("c_calendar_event_attachment", "path")),
            Property("attachment_filename", Source::First("c_calendar_event_attachment", "filename")),
            Property("attachment_size", Source::First("c_calendar_event_attachment", "size")),
            Property("attachment_comment", Source::First("c_calendar_event_attachment", "comment")),
        ],
        dynamic: &[Property("all_day", Source::Column("all_day"))],
        ..Object::EMPTY
    }),
    property_tool: Some("calendar_event"),
    properties_archived: true,
    place: &[],
};

const ATTACHMENT: Table = Table {
    name: "c_calendar_event_attachment",
    parent: "agenda_id",
    roles: &[("path", Role::Loose)],
    property_tool: Some("calendar_event_attachment"),
    // Chamilo's CourseArchiver puts the files one level too high.
    files: Some(Files { column: "path", folder: "upload/calendar", also: Some("upload"), small: false }),
    ..Table::COURSE
};

const REPEAT: Table = Table { name: "c_calendar_event_repeat", key: "iid", parent: "cal_id", ..Table::COURSE };

const REPEAT_NOT: Table = Table { name: "c_calendar_event_repeat_not", key: "iid", parent: "cal_id", ..Table::COURSE };
