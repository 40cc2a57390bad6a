//! Learning paths with their steps, and their categories.
//!
//! A step's `path` is the key of what it shows, in a table that its type tells; steps refer to each other by `iid`.
//! A path may stand on the course's home page, as a row of `c_tool` that Chamilo's archives tell in one word.

use std::collections::{BTreeMap, BTreeSet};

use crate::php::{Key, Object as PhpObject, Value as Php};
use crate::portal::database::Value;

use super::{
    Files, Form, Item, Items, Kind, Object, Owner, Property, Record, Role, SHORTCUT, Shortcut, Source, Special, TOOLS,
    Table, Tool,
};

/// The tool.
pub const TOOL: Tool = Tool { name: "Learnpath", kinds: &[CATEGORY, PATH] };

const CATEGORY: Kind = Kind {
    key: "learnpath_category",
    class: "LearnPathCategory",
    table: Table {
        name: "c_lp_category",
        key: "iid",
        roles: &[("position", Role::Loose)],
        shortcut: Some(Shortcut { image: "lp_category.gif", link: "lp/lp_controller.php?action=view_category&id=" }),
        children: &[Table {
            name: "c_lp_category_user",
            primary: "id",
            owner: Owner::Parent,
            parent: "category_id",
            users_own: true,
            ..Table::COURSE
        }],
        ..Table::COURSE
    },
    condition: "",
    order: "position, iid",
    form: Form::Object(Object {
        own: &[Property(
            "object",
            Source::Special(Special { write: entity, read: read_entity, covers: &["name", "position"] }),
        )],
        number_keys: true,
        ..Object::EMPTY
    }),
    property_tool: Some("learnpath_category"),
    properties_archived: false,
    place: &[],
};

/// Chamilo's entity of a category, as its object-relational mapper makes it; of the users that may see it nothing.
fn entity(item: &Item, items: &Items) -> Option<Php<'static>> {
    let number = |value: Option<i64>| value.map_or(Php::Null, Php::Int);
    let properties = [
        ("iid", number(item.record.key(&item.kind.table))),
        ("cId", number(items.course.int("id"))),
        ("name", Php::String(item.record.bytes("name").into())),
        ("position", number(item.record.int("position"))),
        ("users", Php::Null),
        ("sessionId", Php::Null),
    ];
    let properties = properties.into_iter().map(|(name, value)| (Key::from(format!("\0*\0{name}")), value));
    let class = b"Chamilo\\CourseBundle\\Entity\\CLpCategory".as_slice();
    Some(Php::Object(Box::new(PhpObject { class: class.into(), properties: properties.collect() })))
}

fn read_entity(entity: &Php<'_>, record: &mut Record) {
    if let Some(name) = entity.get("name").and_then(Php::as_bytes) {
        record.set("name", Value::from(name.into_owned()));
    }
    if let Some(position) = entity.get("position").and_then(Php::as_int) {
        record.set("position", Value::Int(position));
    }
}

/// `c_lp.lp_type` of a path that is made of the course's own things; the others are packages.
pub const CHAMILO: i64 = 1;

/// The types of steps that show something of the course, and where that is.
pub const TARGETS: &[(&str, &str)] = &[
    ("document", "c_document"),
    ("final_item", "c_document"),
    ("readout_text", "c_document"),
    ("hotpotatoes", "c_document"),
    ("video", "c_document"),
    ("quiz", "c_quiz"),
    ("link", "c_link"),
    ("forum", "c_forum_forum"),
    ("thread", "c_forum_thread"),
    ("student_publication", "c_student_publication"),
    ("survey", "c_survey"),
    ("xapi", "xapi_tool_launch"),
];

/// In Chamilo's own paths steps are named by their keys; in SCORM paths by the names of their manifest.
const STEP_OF_CHAMILO: Role = Role::ReferenceByParent("lp_type", &[("1", "c_lp_item")]);

const STEP: Table = Table {
    name: "c_lp_item",
    key: "iid",
    copies: &["id"],
    parent: "lp_id",
    roles: &[
        ("path", Role::ReferenceBy("item_type", TARGETS)),
        ("parent_item_id", Role::Late("c_lp_item")),
        ("previous_item_id", Role::Late("c_lp_item")),
        ("next_item_id", Role::Late("c_lp_item")),
        ("ref", STEP_OF_CHAMILO),
        ("prerequisite", STEP_OF_CHAMILO),
        ("search_did", Role::Loose),
    ],
    extra_fields: Some(7),
    ..Table::COURSE
};

/// What users did in a path.
const VIEWS: Table = Table {
    name: "c_lp_view",
    parent: "lp_id",
    children: &[Table {
        name: "c_lp_item_view",
        parent: "lp_view_id",
        children: &[
            Table { name: "c_lp_iv_interaction", key: "iid", parent: "lp_iv_id", users_own: true, ..Table::COURSE },
            Table { name: "c_lp_iv_objective", key: "iid", parent: "lp_iv_id", users_own: true, ..Table::COURSE },
        ],
        users_own: true,
        ..Table::COURSE
    }],
    users_own: true,
    ..Table::COURSE
};

const PATH: Kind = Kind {
    key: "learnpath",
    class: "CourseCopyLearnpath",
    table: Table {
        name: "c_lp",
        extra_fields: Some(6),
        roles: &[
            ("author", Role::Html),
            ("prerequisite", Role::Late("c_lp")),
            ("category_id", Role::Reference("c_lp_category")),
            ("display_order", Role::Loose),
            ("next_lp_id", Role::Late("c_lp")),
        ],
        children: &[STEP, VIEWS],
        files: Some(Files {
            column: "preview_image",
            folder: "upload/learning_path/images",
            also: Some("upload/images"),
            small: true,
        }),
        shortcut: Some(Shortcut { image: "scormbuilder.gif", link: "lp/lp_controller.php?action=view&lp_id=" }),
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object {
        own: &[
            Property("lp_type", Source::Column("lp_type")),
            Property("name", Source::Column("name")),
            Property("ref", Source::Column("ref")),
            Property("description", Source::Column("description")),
            Property("path", Source::Column("path")),
            Property("force_commit", Source::Column("force_commit")),
            Property("default_view_mod", Source::Column("default_view_mod")),
            Property("default_encoding", Source::Column("default_encoding")),
            Property("display_order", Source::Column("display_order")),
            Property("content_maker", Source::Column("content_maker")),
            Property("content_local", Source::Column("content_local")),
            Property("content_license", Source::Column("content_license")),
            Property("prevent_reinit", Source::Column("prevent_reinit")),
            Property("js_lib", Source::Column("js_lib")),
            Property("debug", Source::Column("debug")),
            Property(
                "items",
                Source::Children(
                    "c_lp_item",
                    &[
                        ("id", "iid"),
                        ("item_type", "item_type"),
                        ("ref", "ref"),
                        ("title", "title"),
                        ("description", "description"),
                        ("path", "path"),
                        ("min_score", "min_score"),
                        ("max_score", "max_score"),
                        ("mastery_score", "mastery_score"),
                        ("parent_item_id", "parent_item_id"),
                        ("previous_item_id", "previous_item_id"),
                        ("next_item_id", "next_item_id"),
                        ("display_order", "display_order"),
                        ("prerequisite", "prerequisite"),
                        ("prerequisite_min_score", "prerequisite_min_score"),
                        ("prerequisite_max_score", "prerequisite_max_score"),
                        ("parameters", "parameters"),
                        ("launch_data", "launch_data"),
                        ("audio", "audio"),
                    ],
                ),
            ),
            Property(
                "visibility",
                Source::Special(Special { write: on_home_page, read: read_on_home_page, covers: &[] }),
            ),
            Property("author", Source::Column("author")),
            Property("prerequisite", Source::Column("prerequisite")),
            Property("preview_image", Source::Column("preview_image")),
            Property("subscribeUsers", Source::Column("subscribe_users")),
            Property("hideTableOfContents", Source::Column("hide_toc_frame")),
            Property("accumulateWorkTime", Source::Special(WORK_TIME)),
        ],
        dynamic: &[
            Property("use_max_score", Source::Column("use_max_score")),
            Property("autolaunch", Source::Column("autolaunch")),
            Property("created_on", Source::Column("created_on")),
            Property("modified_on", Source::Column("modified_on")),
            Property("publicated_on", Source::Column("publicated_on")),
            Property("expired_on", Source::Column("expired_on")),
            Property("session_id", Source::Column("session_id")),
            Property("categoryId", Source::Column("category_id")),
        ],
        ..Object::EMPTY
    }),
    property_tool: Some("learnpath"),
    properties_archived: true,
    place: &[],
};

/// Whether the path stands on the home page: Chamilo looks for its number anywhere in the link, and so takes path 1
/// for one when path 12 is; ours is exact.
fn on_home_page(item: &Item, _: &Items) -> Option<Php<'static>> {
    Some(Php::from(if item.record.int(SHORTCUT) == Some(1) { "1" } else { "0" }))
}

fn read_on_home_page(value: &Php<'_>, record: &mut Record) {
    if value.as_bool() {
        record.set(SHORTCUT, Value::Int(1));
    }
}

/// The column exists only on portals that count a least time; the others have a 0.
const WORK_TIME: Special = Special {
    write: |item, _| match item.record.find("accumulate_work_time") {
        Some(value) => Some(value.to_text().map_or(Php::Null, |text| Php::String(text.into()))),
        None => Some(Php::Int(0)),
    },
    read: |value, record| {
        if let Some(time) = value.as_int().filter(|time| *time != 0) {
            record.set("accumulate_work_time", Value::Int(time));
        }
    },
    covers: &["accumulate_work_time"],
};

/// The types of steps whose target Chamilo's importer looks up under another word, or leaves as it is (Chamilo 1.11,
/// CourseRestorer). Of all others it looks for the target under the type itself.
const MAPPED: [&str; 10] =
    ["document", "hotpotatoes", "quiz", "link", "forum", "thread", "survey", "student_publication", "xapi", "sco"];

/// The paths of steps that Chamilo's importer would lose, by their types: what they show is no resource, such as the
/// assets of a SCORM package. `shown` are types of steps that find a document all the same.
pub fn lost_paths(items: &Items, shown: &[&str]) -> BTreeMap<String, BTreeSet<Vec<u8>>> {
    let mut lost: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    let steps = items.of(PATH.key).iter().flat_map(|path| path.record.children_of(&PATH.table, STEP.name));
    for step in steps {
        let Ok(kind) = String::from_utf8(step.bytes("item_type")) else { continue };
        let path = step.bytes("path");
        let is_resource = || TOOLS.iter().flat_map(|tool| tool.kinds).any(|known| known.key == kind);
        let is_known = MAPPED.contains(&kind.as_str()) || shown.contains(&kind.as_str()) || is_resource();
        if !is_known && !kind.is_empty() && !path.is_empty() && path != b"0" {
            lost.entry(kind).or_default().insert(path);
        }
    }
    lost
}

/// The steps of all paths of a type that show a document, for Chamilo's importer: it looks such documents up under the
/// type.
pub fn documents_of(items: &Items, kind: &str) -> Vec<i64> {
    let steps = items.of(PATH.key).iter().flat_map(|path| path.record.children_of(&PATH.table, STEP.name));
    let steps = steps.filter(|step| step.bytes("item_type") == kind.as_bytes());
    let mut documents: Vec<i64> = steps.filter_map(|step| step.int("path")).collect();
    documents.sort_unstable();
    documents.dedup();
    documents
}
