//! Attendance sheets and their dates; who was there is the users' own.

use super::{Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Attendance", kinds: &[ATTENDANCE] };

const ATTENDANCE: Kind = Kind {
    key: "attendance",
    class: "Attendance",
    table: Table {
        name: "c_attendance",
        extra_fields: Some(24),
        roles: &[("description", Role::Html)],
        children: &[CALENDAR, RESULT, LOG],
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("params", Source::Row),
            Property("attendance_calendar", Source::Children("c_attendance_calendar", &[])),
        ],
        ..Object::EMPTY
    }),
    property_tool: Some("attendance"),
    properties_archived: true,
    place: &[],
};

const CALENDAR: Table = Table {
    name: "c_attendance_calendar",
    parent: "attendance_id",
    extra_fields: Some(25),
    children: &[GROUP, SHEET],
    ..Table::COURSE
};

/// Dates of single groups. Groups are in no backup, and a date of a group that is not there is seen by nobody.
const GROUP: Table =
    Table { name: "c_attendance_calendar_rel_group", parent: "calendar_id", users_own: true, ..Table::COURSE };

const SHEET: Table = Table {
    name: "c_attendance_sheet",
    key: "iid",
    parent: "attendance_calendar_id",
    users_own: true,
    ..Table::COURSE
};

const RESULT: Table = Table { name: "c_attendance_result", parent: "attendance_id", users_own: true, ..Table::COURSE };

const LOG: Table = Table { name: "c_attendance_sheet_log", parent: "attendance_id", users_own: true, ..Table::COURSE };
