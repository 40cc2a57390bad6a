//! The gradebook: categories with what is graded in them.
//!
//! Chamilo archives a course's gradebook as one resource under a random key, with objects of its gradebook classes:
//! categories in one flat list, each with its evaluations (marks that teachers enter) and links (marks that come from
//! another tool). Its importer takes the resource only when existing content is to be overwritten. Ours has besides
//! them the rows themselves in the property `coursefs`, because the objects leave out columns, and kinds of links that
//! would stop Chamilo's importer.
//!
//! Results and certificates belong to users: they stay out of archives, and go with what they belong to.

use xxhash_rust::xxh3::xxh3_64;

use crate::php::{Key, Value as Php};
use crate::portal::database::Value;

use super::{CustomForm, Form, Item, Items, Kind, Owner, Record, Role, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Gradebook", kinds: &[KIND] };

const CATEGORY: &str = "gradebook_category";
const EVALUATION: &str = "gradebook_evaluation";
const LINK: &str = "gradebook_link";
const SCORES: &str = "gradebook_score_display";

/// Tables whose rows know the course by its code.
const BY_CODE: Table = Table { primary: "id", owner: Owner::Code, ..Table::COURSE };

/// A table of what students got.
const fn users(name: &'static str, parent: &'static str) -> Table {
    Table { name, primary: "id", owner: Owner::Parent, parent, users_own: true, ..Table::COURSE }
}

const KIND: Kind = Kind {
    key: "gradebook",
    class: "GradeBookBackup",
    table: Table {
        name: CATEGORY,
        roles: &[
            ("parent_id", Role::Late(CATEGORY)),
            ("document_id", Role::Reference("c_document")),
            ("user_id", Role::User),
            ("grade_model_id", Role::Portal("grade_model")),
        ],
        children: &[
            Table {
                name: EVALUATION,
                parent: "category_id",
                roles: &[("user_id", Role::User)],
                children: &[users("gradebook_result", "evaluation_id"), users("gradebook_result_log", "evaluation_id")],
                ..BY_CODE
            },
            Table {
                name: LINK,
                parent: "category_id",
                roles: &[("ref_id", Role::ReferenceBy("type", TARGETS)), ("user_id", Role::User)],
                ..BY_CODE
            },
            Table {
                name: SCORES,
                primary: "id",
                key: "id",
                owner: Owner::Parent,
                parent: "category_id",
                ..Table::COURSE
            },
            SKILLS,
            users("gradebook_certificate", "cat_id"),
            users("gradebook_score_log", "category_id"),
        ],
        joined: true,
        ..BY_CODE
    },
    condition: "",
    order: "",
    form: Form::Custom(&Gradebook),
    property_tool: None,
    properties_archived: false,
    // A course has one category at the top: Chamilo shows no second one.
    place: &["parent_id"],
};

/// Skills that are earned with a category. Skills belong to the portal.
const SKILLS: Table = Table {
    name: "skill_rel_gradebook",
    primary: "id",
    owner: Owner::Parent,
    parent: "gradebook_id",
    roles: &[("skill_id", Role::Portal("skill"))],
    ..Table::COURSE
};

/// Where links lead, by type. The others lead to no content of a course: 2 to the drop box, 10 to portfolios.
const TARGETS: &[(&str, &str)] = &[
    ("1", "c_quiz"),
    ("3", "c_student_publication"),
    ("4", "c_lp"),
    ("5", "c_forum_thread"),
    ("7", "c_attendance"),
    ("8", "c_survey"),
    ("9", "c_quiz"),
];

/// A property of one of Chamilo's objects: who may see it, its name, what it holds.
type Member = (Access, &'static str, Holds);

/// Whom PHP lets see a property; it is part of the name in an archive.
#[derive(Clone, Copy)]
enum Access {
    Public,
    Protected,
    Private,
}

/// What a property holds.
#[derive(Clone, Copy)]
enum Holds {
    /// A column as text.
    Text(&'static str),
    /// A column as an integer.
    Int(&'static str),
    /// What says nothing of the row.
    Null,
    EmptyList,
    False,
    Number(i64),
    /// The number of the course.
    Course,
    /// The category that the row belongs to, without its lists.
    Category,
    /// The lists of a category.
    Evaluations,
    Links,
    Subcategories,
}

use Access::{Private, Protected, Public};
use Holds::{Int, Text};

/// Class Category of Chamilo 1.11, in PHP 7.4's order.
const CATEGORY_MEMBERS: &[Member] = &[
    (Public, "studentList", Holds::Null),
    (Public, "evaluations", Holds::Evaluations),
    (Public, "links", Holds::Links),
    (Public, "subCategories", Holds::Subcategories),
    (Public, "entity", Holds::Null),
    (Private, "id", Text("id")),
    (Private, "name", Text("name")),
    (Private, "description", Text("description")),
    (Private, "user_id", Text("user_id")),
    (Private, "course_code", Text("course_code")),
    (Private, "parent", Int("parent_id")),
    (Private, "weight", Text("weight")),
    (Private, "visible", Text("visible")),
    (Private, "certificate_min_score", Text("certif_min_score")),
    (Private, "session_id", Holds::Number(0)),
    (Private, "skills", Holds::EmptyList),
    (Private, "grade_model_id", Text("grade_model_id")),
    (Private, "generateCertificates", Text("generate_certificates")),
    (Private, "isRequirement", Text("is_requirement")),
    (Private, "courseDependency", Holds::EmptyList),
    (Private, "minimumToValidate", Holds::Null),
    (Private, "documentId", Int("document_id")),
    (Private, "gradeBooksToValidateInDependence", Holds::Null),
    (Public, "locked", Text("locked")),
];

/// Class Evaluation.
const EVALUATION_MEMBERS: &[Member] = &[
    (Public, "studentList", Holds::Null),
    (Public, "entity", Holds::Null),
    (Private, "id", Int("id")),
    (Private, "name", Text("name")),
    (Private, "description", Text("description")),
    (Private, "user_id", Text("user_id")),
    (Private, "course_code", Text("course_code")),
    (Private, "category", Holds::Category),
    (Private, "created_at", Text("created_at")),
    (Private, "weight", Text("weight")),
    (Private, "eval_max", Text("max")),
    (Private, "visible", Text("visible")),
    (Private, "sessionId", Holds::Number(0)),
    (Public, "type", Text("type")),
    (Public, "locked", Text("locked")),
];

/// What all classes of links have, after their own.
const LINK_MEMBERS: &[Member] = &[
    (Public, "course_id", Holds::Course),
    (Public, "studentList", Holds::Null),
    (Public, "entity", Holds::Null),
    (Protected, "id", Text("id")),
    (Protected, "type", Text("type")),
    (Protected, "ref_id", Text("ref_id")),
    (Protected, "user_id", Text("user_id")),
    (Protected, "course_code", Text("course_code")),
    (Protected, "category", Holds::Category),
    (Protected, "created_at", Text("created_at")),
    (Protected, "weight", Text("weight")),
    (Protected, "visible", Text("visible")),
    (Protected, "session_id", Holds::Number(0)),
    (Public, "locked", Text("locked")),
];

/// Classes of links by type, with their own properties. A link of another type is in our own rows only: its class
/// (PortfolioLink) stops Chamilo's importer.
const LINK_CLASSES: &[(i64, &str, &[Member])] = &[
    (1, "ExerciseLink", &exercise_members(0)),
    (2, "DropboxLink", &[(Private, "dropbox_table", Holds::Null), (Protected, "evaluation", Holds::Null)]),
    (3, "StudentPublicationLink", &[(Private, "studpub_table", Holds::Null), (Private, "itemprop_table", Holds::Null)]),
    (
        4,
        "LearnpathLink",
        &[
            (Private, "course_info", Holds::Null),
            (Private, "learnpath_table", Holds::Null),
            (Private, "learnpath_data", Holds::Null),
        ],
    ),
    (5, "ForumThreadLink", &[(Private, "forum_thread_table", Holds::Null), (Private, "itemprop_table", Holds::Null)]),
    (7, "AttendanceLink", &[(Private, "attendance_table", Holds::Null), (Private, "itemprop_table", Holds::Null)]),
    (8, "SurveyLink", &[(Private, "survey_table", Holds::Null), (Private, "survey_data", Holds::EmptyList)]),
    (9, "ExerciseLink", &exercise_members(1)),
];

/// The own properties of links to tests; `hot_potatoes` is 1 for tests made with that program.
const fn exercise_members(hot_potatoes: i64) -> [Member; 5] {
    [
        (Public, "checkBaseExercises", Holds::False),
        (Private, "course_info", Holds::Null),
        (Private, "exercise_table", Holds::Null),
        (Private, "exercise_data", Holds::EmptyList),
        (Private, "is_hp", Holds::Number(hot_potatoes)),
    ]
}

/// The gradebook of a course as one resource.
struct Gradebook;

impl CustomForm for Gradebook {
    fn write(&self, kind: &'static Kind, items: &Items) -> Option<Php<'static>> {
        let categories = items.of(kind.key);
        if categories.is_empty() {
            return None;
        }
        let course = Course { number: fetched(items.course.get("id")), categories };
        let key = key(&items.course.bytes("code"), categories);
        let rows = categories.iter().map(|category| row(&kind.table, &category.record));
        let properties = vec![
            (Key::from("categories"), list(categories.iter().map(|category| course.category(&category.record, true)))),
            (Key::from("source_id"), Php::from(key.clone())),
            (Key::from("destination_id"), Php::Int(-1)),
            (Key::from("type"), Php::from(kind.key)),
            (Key::from("linked_resources"), Php::EMPTY_ARRAY),
            (Key::from("item_properties"), Php::EMPTY_ARRAY),
            (Key::from("obj"), Php::Null),
            (Key::from("extraFields"), Php::EMPTY_ARRAY),
            (Key::from(OURS), Php::Array(vec![(Key::from("categories"), list(rows))])),
        ];
        let class = format!("{RESOURCES}{}", kind.class).into_bytes();
        Some(Php::Array(vec![(Key::from(key), Php::object(class, properties))]))
    }

    fn read(&self, kind: &'static Kind, value: &Php<'_>) -> Vec<Item> {
        let mut items = Vec::new();
        for (_, gradebook) in value.entries() {
            let ours = gradebook.get(OURS).and_then(|ours| ours.get("categories"));
            let records: Vec<Record> = match ours {
                Some(rows) => rows.entries().iter().map(|(_, row)| read_row(&kind.table, row)).collect(),
                None => objects(gradebook, "categories").map(|category| read_category(kind, category)).collect(),
            };
            items.extend(records.into_iter().map(|record| Item {
                kind,
                record,
                properties: Vec::new(),
                fields: Vec::new(),
            }));
        }
        items
    }

    fn columns(&self, table: &str) -> Option<Vec<&'static str>> {
        let members = match table {
            CATEGORY => CATEGORY_MEMBERS,
            EVALUATION => EVALUATION_MEMBERS,
            LINK => LINK_MEMBERS,
            _ => return None,
        };
        let told = columns(members).map(|(_, column)| column);
        // The certificate's page counts for nothing: Chamilo's importer loses it, so its archives can't be relied on.
        Some(told.filter(|column| *column != "document_id").collect())
    }
}

/// The property with our own rows, as in other resources.
const OURS: &str = "coursefs";

/// What the class names of resources begin with.
const RESOURCES: &str = "Chamilo\\CourseBundle\\Component\\CourseCopy\\Resources\\";

/// The key of the gradebook in the map of resources. Chamilo's is a random one of 13 hexadecimal digits; ours is always
/// the same for a gradebook, and begins with a letter because PHP would make an integer of digits alone.
fn key(code: &[u8], categories: &[Item]) -> String {
    let mut text = code.to_vec();
    for category in categories {
        text.extend_from_slice(format!("/{}", category.record.int("id").unwrap_or(0)).as_bytes());
    }
    format!("c{:012x}", xxh3_64(&text) >> 16)
}

/// What objects tell besides their rows.
struct Course<'a> {
    number: Php<'static>,
    categories: &'a [Item],
}

impl Course<'_> {
    /// A category, without its lists where it stands inside another object.
    fn category(&self, record: &Record, with_lists: bool) -> Php<'static> {
        let members = CATEGORY_MEMBERS.iter().map(|(access, name, holds)| {
            let value = match holds {
                _ if !with_lists && matches!(holds, Holds::Evaluations | Holds::Links | Holds::Subcategories) => {
                    Php::Null
                }
                Holds::Evaluations => {
                    let rows = record.children_of(&KIND.table, EVALUATION).iter();
                    list(rows.map(|row| self.object("Evaluation", &[EVALUATION_MEMBERS], row, record)))
                }
                Holds::Links => list(record.children_of(&KIND.table, LINK).iter().filter_map(|row| {
                    let (_, class, own) = LINK_CLASSES.iter().find(|(number, ..)| row.int("type") == Some(*number))?;
                    Some(self.object(class, &[own, LINK_MEMBERS], row, record))
                })),
                Holds::Subcategories => {
                    let inside = |item: &&Item| {
                        item.record.int("parent_id").is_some_and(|parent| Some(parent) == record.int("id"))
                    };
                    list(self.categories.iter().filter(inside).map(|item| self.category(&item.record, false)))
                }
                holds => self.value(*holds, record, record),
            };
            (access.name("Category", name), value)
        });
        Php::object(&b"Category"[..], members.collect())
    }

    fn object(&self, class: &'static str, members: &[&[Member]], row: &Record, category: &Record) -> Php<'static> {
        let members = members.iter().copied().flatten();
        let properties =
            members.map(|(access, name, holds)| (access.name(class, name), self.value(*holds, row, category)));
        Php::object(class.as_bytes(), properties.collect())
    }

    fn value(&self, holds: Holds, row: &Record, category: &Record) -> Php<'static> {
        match holds {
            Holds::Text(column) => fetched(row.get(column)),
            Holds::Int(column) => Php::Int(row.int(column).unwrap_or(0)),
            Holds::Null => Php::Null,
            Holds::EmptyList | Holds::Evaluations | Holds::Links | Holds::Subcategories => Php::EMPTY_ARRAY,
            Holds::False => Php::Bool(false),
            Holds::Number(number) => Php::Int(number),
            Holds::Course => self.number.clone(),
            Holds::Category => self.category(category, false),
        }
    }
}

impl Access {
    /// The name of a property of `class` as PHP writes it.
    fn name(self, class: &str, name: &str) -> Key<'static> {
        Key::from(match self {
            Access::Public => name.to_owned(),
            Access::Protected => format!("\0*\0{name}"),
            Access::Private => format!("\0{class}\0{name}"),
        })
    }
}

/// The properties that tell a column.
fn columns(members: &'static [Member]) -> impl Iterator<Item = (&'static str, &'static str)> {
    members.iter().filter_map(|(_, name, holds)| match holds {
        Holds::Text(column) | Holds::Int(column) => Some((*name, *column)),
        _ => None,
    })
}

/// The objects in a list.
fn objects<'v, 'a>(object: &'v Php<'a>, list: &str) -> impl Iterator<Item = &'v Php<'a>> {
    let entries = object.get(list).map(Php::entries).unwrap_or_default();
    entries.iter().map(|(_, value)| value).filter(|value| value.as_object().is_some())
}

fn read_category(kind: &'static Kind, category: &Php<'_>) -> Record {
    let table = &kind.table;
    let mut record = read_object(table, CATEGORY_MEMBERS, category);
    for (name, list, members) in [(EVALUATION, "evaluations", EVALUATION_MEMBERS), (LINK, "links", LINK_MEMBERS)] {
        let Some((place, child)) = table.child(name) else { continue };
        let rows: Vec<Record> = objects(category, list).map(|object| read_object(child, members, object)).collect();
        if let Some(children) = record.children.get_mut(place) {
            *children = rows;
        }
    }
    record
}

fn read_object(table: &Table, members: &'static [Member], object: &Php<'_>) -> Record {
    let mut record = Record::new(table);
    for (name, column) in columns(members) {
        if let Some(value) = object.get(name) {
            record.set(column, scalar(value));
        }
    }
    record
}

/// A row with those below it: columns by name, and a list for each child table.
fn row(table: &'static Table, record: &Record) -> Php<'static> {
    let mut entries: Vec<_> =
        record.iter().map(|(column, value)| (Key::from(column.to_owned()), fetched(value))).collect();
    for (child, records) in table.children.iter().zip(&record.children).filter(|(child, _)| !child.users_own) {
        entries.push((Key::from(child.name), list(records.iter().map(|record| row(child, record)))));
    }
    Php::Array(entries)
}

fn read_row(table: &'static Table, row: &Php<'_>) -> Record {
    let mut record = Record::new(table);
    for (name, value) in row.entries() {
        let name = name.plain();
        let Ok(name) = std::str::from_utf8(&name) else { continue };
        match (value, table.child(name)) {
            (Php::Array(rows), Some((place, child))) if !child.users_own => {
                if let Some(children) = record.children.get_mut(place) {
                    *children = rows.iter().map(|(_, row)| read_row(child, row)).collect();
                }
            }
            (Php::Array(_) | Php::Object(_), _) => {}
            (value, _) => record.set(name, scalar(value)),
        }
    }
    record
}

/// A list of values, numbered from 0.
fn list(values: impl Iterator<Item = Php<'static>>) -> Php<'static> {
    Php::Array((0..).map(Key::Int).zip(values).collect())
}

/// A column's value as PHP 7.4 fetches it.
fn fetched(value: &Value) -> Php<'static> {
    value.to_text().map_or(Php::Null, |text| Php::String(text.into()))
}

/// A scalar of an archive; what is no scalar is NULL.
fn scalar(value: &Php<'_>) -> Value {
    match value {
        Php::Int(number) => Value::Int(*number),
        Php::Float(number) => Value::Float(*number),
        other => other.as_bytes().map_or(Value::Null, |text| Value::from(text.into_owned())),
    }
}
