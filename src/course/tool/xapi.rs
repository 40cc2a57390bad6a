//! xAPI activities (a plugin of Chamilo; its table exists only where it was installed).
//!
//! Whoever may read a backup should not get the credentials of a learning record store with it: they are left out. The
//! files of an activity are not in the backup.

use super::{Form, Kind, Object, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Xapi", kinds: &[ACTIVITY] };

const ACTIVITY: Kind = Kind {
    key: "xapi_tool",
    class: "XapiTool",
    table: Table {
        name: "xapi_tool_launch",
        primary: "id",
        roles: &[
            ("description", Role::Html),
            ("launch_url", Role::Html),
            ("lrs_auth_username", Role::Private),
            ("lrs_auth_password", Role::Private),
        ],
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object { own: &[Property("params", Source::Row)], ..Object::EMPTY }),
    property_tool: None,
    properties_archived: true,
    place: &[],
};
