//! Making an empty course: the rows and folders that Chamilo 1.11 writes for one, in one transaction.
//!
//! A course comes whole or not at all: its folder is built aside, its rows are written, the folder moves to its place
//! just before the rows are committed and back if they can't be. [`create_in`] writes the rows alone, for those who
//! have more to do in the same transaction; they bring a [`StagedCourse`] to its place themselves.

use std::io;
use std::path::PathBuf;

use super::defaults::{self, Tool, Words};
use super::document_rows::{self, DocumentKind, DocumentRowError, NewDocument};
use super::names;
use super::staging::StagedCourse;
use super::{Course, Stamp};
use crate::portal::database::{DatabaseError, DatabaseExt, Session, Value};
use crate::portal::{Portal, Settings};

/// The main URL of a portal; courses belong to it unless the portal has several.
const MAIN_URL: i64 = 1;

/// How long a course runs from its creation, in seconds (one year).
const RUNTIME: i64 = 31_536_000;

/// The longest title in characters (`course.title`).
pub const MAX_TITLE: usize = 250;

/// Chamilo's number of the group category that every course has.
const DEFAULT_GROUP_CATEGORY: i64 = 2;

/// `extra_field.extra_field_type` of fields of courses.
const COURSE_FIELD: i64 = 2;

/// The initial value of a course field by `extra_field.field_type`; text-like fields, which are not here, start empty.
const FIELD_VALUES: [(i64, Option<&str>); 2] = [
    // A tag, which is stored elsewhere.
    (10, None),
    // A check box.
    (13, Some("0")),
];

/// A course to be made.
#[derive(Clone, Debug, Default)]
pub struct NewCourse {
    /// The code, `[A-Z0-9]{1,40}`; also the name of the folder.
    pub code: String,
    /// The title, at most 250 characters.
    pub title: String,
    /// Chamilo's English name of the language (`french`); `None` for the platform's.
    pub language: Option<String>,
    /// The code of a course category, empty for none.
    pub category: String,
    /// Who can enter, 0 to 4 as in [`Course::visibility`]; `None` for the platform's default.
    pub visibility: Option<i64>,
    /// Bytes for documents; `None` for the platform's default.
    pub disk_quota: Option<u64>,
    /// The name of the department, at most 30 characters.
    pub department_name: Option<String>,
    /// The address of the department; `http://` is put in front of one without a scheme.
    pub department_url: Option<String>,
}

/// Why a course can't be made. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The code is none.
    #[error("{code:?} can't be a course code: use 1 to 40 capital letters A-Z and digits, for example {proposal}")]
    InvalidCode {
        /// The code that was wanted.
        code: String,
        /// One that would do.
        proposal: String,
    },
    /// A course has this code.
    #[error("there is a course {0} already")]
    CodeTaken(String),
    /// Another course uses the folder, or it lies there without a course.
    #[error("the folder app/courses/{0} is there already; choose another code or move the folder away")]
    FolderTaken(String),
    /// The title is too long for its column.
    #[error("the title of course {code} has {length} characters; Chamilo stores at most {MAX_TITLE}")]
    TitleTooLong {
        /// The course's code.
        code: String,
        /// The title's length in characters.
        length: usize,
    },
    /// The acting user is unknown.
    #[error("the portal has no user with the id {0} who could own the course")]
    NoSuchUser(i64),
    /// Folders or files can't be made.
    #[error("can't make the folder of a course below {path}: {source}")]
    Files {
        /// The portal's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The first documents can't be entered.
    #[error(transparent)]
    Document(#[from] DocumentRowError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Makes an empty course that belongs to the user of `stamp`, who becomes its teacher.
pub fn create(portal: &Portal, new: &NewCourse, stamp: &Stamp) -> Result<Course, CreateError> {
    let settings = portal.settings()?;
    check(new)?;
    let failed = |source| CreateError::Files { path: portal.root().to_owned(), source };
    let staged = StagedCourse::new(portal, &settings).map_err(failed)?;
    let (course, published) = portal.database().write(|session| {
        let course = create_in(session, &settings, new, stamp)?;
        let published = staged.publish(portal, &course.directory).map_err(|error| publish_error(new, failed, error))?;
        Ok::<_, CreateError>((course, published))
    })?;
    published.keep();
    Ok(course)
}

fn publish_error(new: &NewCourse, failed: impl Fn(io::Error) -> CreateError, error: io::Error) -> CreateError {
    match error.kind() {
        io::ErrorKind::AlreadyExists => CreateError::FolderTaken(new.code.clone()),
        _ => failed(error),
    }
}

/// Writes the rows of an empty course in the transaction of `session`. The caller makes the course's folder
/// ([`StagedCourse`]) and publishes it under the answer's `directory` before the transaction ends.
pub fn create_in(
    session: &dyn Session,
    settings: &Settings,
    new: &NewCourse,
    stamp: &Stamp,
) -> Result<Course, CreateError> {
    check(new)?;
    for course in Course::list(session)? {
        // MariaDB's unique key ignores case.
        if course.code.eq_ignore_ascii_case(new.code.as_bytes()) {
            return Err(CreateError::CodeTaken(new.code.clone()));
        }
        if course.directory.eq_ignore_ascii_case(new.code.as_bytes()) {
            return Err(CreateError::FolderTaken(new.code.clone()));
        }
    }
    if session.row("SELECT id FROM user WHERE id = ?", &[stamp.user.into()])?.is_none() {
        return Err(CreateError::NoSuchUser(stamp.user));
    }
    let language = new.language.as_deref().or(settings.get("platformLanguage")).unwrap_or("english");
    let words = Words::of(language);
    let course = insert_course(session, settings, new, language, words, stamp)?;
    insert_teacher(session, course, stamp)?;
    session.insert("access_url_rel_course", &[("c_id", course.into()), ("access_url_id", MAIN_URL.into())])?;
    session.insert(
        "track_e_default",
        &[
            ("default_user_id", stamp.user.into()),
            ("c_id", course.into()),
            ("default_date", stamp.datetime().into()),
            ("default_event_type", "course_created".into()),
            ("default_value_type", "course_code".into()),
            ("default_value", new.code.as_str().into()),
            ("session_id", 0.into()),
        ],
    )?;
    insert_tools(session, settings, course)?;
    insert_settings(session, settings, course)?;
    insert_group_category(session, course, words)?;
    for (path, title) in first_folders(words) {
        let path = path.as_bytes();
        let folder = NewDocument { path, title, comment: None, kind: DocumentKind::Folder, visible: false };
        document_rows::insert_with_edit(session, course, &folder, "DocumentAdded", stamp)?;
    }
    insert_field_values(session, course, stamp)?;
    let created = Course::by_id(session, course)?;
    created.ok_or_else(|| lost_row("SELECT * FROM course WHERE id = ?").into())
}

/// The folders that every course has, with their titles.
fn first_folders(words: &Words) -> [(&'static str, &'static str); 3] {
    [("/shared_folder", words.shared_folder), ("/chat_files", words.chat_files), ("/certificates", words.certificates)]
}

fn lost_row(sql: &str) -> DatabaseError {
    DatabaseError::Statement { sql: sql.to_owned(), reason: "the row just inserted is not there".to_owned() }
}

fn check(new: &NewCourse) -> Result<(), CreateError> {
    if !names::is_course_code(&new.code) {
        let proposal = names::course_code(&new.code).unwrap_or_else(|| "COURSE1".to_owned());
        return Err(CreateError::InvalidCode { code: new.code.clone(), proposal });
    }
    let length = new.title.chars().count();
    if length > MAX_TITLE {
        return Err(CreateError::TitleTooLong { code: new.code.clone(), length });
    }
    Ok(())
}

fn insert_course(
    session: &dyn Session,
    settings: &Settings,
    new: &NewCourse,
    language: &str,
    words: &Words,
    stamp: &Stamp,
) -> Result<i64, DatabaseError> {
    let platform_visibility = settings.get("courses_default_creation_visibility").and_then(|value| value.parse().ok());
    let visibility = new.visibility.or(platform_visibility).unwrap_or(2);
    let quota = new.disk_quota.unwrap_or_else(|| settings.default_quota());
    let now = stamp.datetime();
    let code = || Value::from(new.code.as_str());
    session.insert(
        "course",
        &[
            ("title", new.title.as_str().into()),
            ("code", code()),
            ("directory", code()),
            ("course_language", language.into()),
            ("description", words.description.into()),
            ("category_code", new.category.as_str().into()),
            ("visibility", visibility.into()),
            ("show_score", 1.into()),
            ("visual_code", code()),
            ("department_name", new.department_name.clone().into()),
            ("department_url", new.department_url.as_deref().map(with_scheme).into()),
            ("disk_quota", i64::try_from(quota).unwrap_or(i64::MAX).into()),
            ("last_edit", now.as_str().into()),
            ("creation_date", now.as_str().into()),
            ("expiration_date", stamp.datetime_after(RUNTIME).into()),
            ("subscribe", (visibility == 2).into()),
            ("unsubscribe", 0.into()),
        ],
    )
}

/// Gives the course with the number `course` the description in `new`: all but its code. What `new` leaves open stays.
pub fn describe(session: &dyn Session, course: i64, new: &NewCourse) -> Result<(), DatabaseError> {
    let mut columns: Vec<(&str, Value)> = vec![
        ("title", new.title.as_str().into()),
        ("category_code", new.category.as_str().into()),
        ("department_name", new.department_name.clone().into()),
        ("department_url", new.department_url.as_deref().map(with_scheme).into()),
    ];
    columns.extend(new.language.as_deref().map(|language| ("course_language", language.into())));
    columns.extend(new.disk_quota.map(|quota| ("disk_quota", i64::try_from(quota).unwrap_or(i64::MAX).into())));
    if let Some(visibility) = new.visibility {
        columns.push(("visibility", visibility.into()));
        columns.push(("subscribe", (visibility == 2).into()));
    }
    let set: Vec<String> = columns.iter().map(|(column, _)| format!("`{column}` = ?")).collect();
    let values: Vec<Value> = columns.into_iter().map(|(_, value)| value).chain([course.into()]).collect();
    session.execute(&format!("UPDATE course SET {} WHERE id = ?", set.join(", ")), &values)?;
    if let Some(language) = &new.language {
        for (path, title) in first_folders(Words::of(language)) {
            let sql = "UPDATE c_document SET title = ? WHERE c_id = ? AND path = ?";
            session.execute(sql, &[title.into(), course.into(), path.into()])?;
        }
    }
    Ok(())
}

/// An address that starts with a scheme; a scheme alone is no address.
fn with_scheme(url: &str) -> String {
    let schemes = ["http://", "https://"];
    if url.is_empty() || schemes.contains(&url) {
        String::new()
    } else if schemes.iter().any(|scheme| url.starts_with(scheme)) {
        url.to_owned()
    } else {
        format!("http://{url}")
    }
}

/// Makes the user the course's teacher; the course comes last in his list.
fn insert_teacher(session: &dyn Session, course: i64, stamp: &Stamp) -> Result<i64, DatabaseError> {
    let sql = "SELECT max(sort) FROM course_rel_user WHERE user_id = ?";
    let last = session.int(sql, &[stamp.user.into()])?.unwrap_or_default();
    session.insert(
        "course_rel_user",
        &[
            ("user_id", stamp.user.into()),
            ("c_id", course.into()),
            ("relation_type", 0.into()),
            ("status", 1.into()),
            ("is_tutor", 0.into()),
            ("sort", (last + 1).into()),
            ("user_course_cat", 0.into()),
        ],
    )
}

fn insert_tools(session: &dyn Session, settings: &Settings, course: i64) -> Result<(), DatabaseError> {
    let search = (settings.get("search_enabled") == Some("true")).then_some(&defaults::SEARCH_TOOL);
    // Chamilo numbers search before the tools of the course's administrators.
    let (admin, open): (Vec<&Tool>, Vec<&Tool>) = defaults::TOOLS.iter().partition(|tool| tool.admin);
    for tool in open.into_iter().chain(search).chain(admin) {
        let visible = settings.with_subkey("course_create_active_tools", tool.setting) == Some("true");
        session.insert(
            "c_tool",
            &[
                ("id", tool.id.into()),
                ("c_id", course.into()),
                ("name", tool.name.into()),
                ("link", tool.link.into()),
                ("image", tool.image.into()),
                ("visibility", visible.into()),
                ("admin", if tool.admin { "1" } else { "0" }.into()),
                ("address", tool.address.into()),
                ("added_tool", 0.into()),
                ("target", "_self".into()),
                ("category", tool.category.into()),
                ("session_id", 0.into()),
            ],
        )?;
    }
    Ok(())
}

fn insert_settings(session: &dyn Session, settings: &Settings, course: i64) -> Result<(), DatabaseError> {
    for (id, (variable, category, value)) in (1_i64..).zip(defaults::SETTINGS) {
        let inherited = defaults::INHERITED_SETTINGS.contains(&variable) && settings.get(variable) == Some("true");
        session.insert(
            "c_course_setting",
            &[
                ("id", id.into()),
                ("c_id", course.into()),
                ("variable", variable.into()),
                ("category", category.into()),
                ("value", if inherited { "1" } else { value }.into()),
                ("title", "".into()),
            ],
        )?;
    }
    Ok(())
}

fn insert_group_category(session: &dyn Session, course: i64, words: &Words) -> Result<i64, DatabaseError> {
    session.insert(
        "c_group_category",
        &[
            ("c_id", course.into()),
            ("id", DEFAULT_GROUP_CATEGORY.into()),
            ("title", words.groups.into()),
            ("description", "".into()),
            ("doc_state", 1.into()),
            ("calendar_state", 1.into()),
            ("work_state", 1.into()),
            ("announcements_state", 1.into()),
            ("forum_state", 1.into()),
            ("wiki_state", 1.into()),
            ("chat_state", 1.into()),
            ("max_student", 0.into()),
            ("self_reg_allowed", 0.into()),
            ("self_unreg_allowed", 0.into()),
            ("groups_per_user", 0.into()),
            ("display_order", 0.into()),
        ],
    )
}

fn insert_field_values(session: &dyn Session, course: i64, stamp: &Stamp) -> Result<(), DatabaseError> {
    let sql = "SELECT id, field_type FROM extra_field WHERE extra_field_type = ? ORDER BY id";
    for field in session.rows(sql, &[COURSE_FIELD.into()])? {
        let known = FIELD_VALUES.iter().find(|(kind, _)| Some(*kind) == field.int("field_type"));
        let Some(value) = known.map_or(Some(""), |(_, value)| *value) else { continue };
        session.insert(
            "extra_field_values",
            &[
                ("field_id", field.int("id").into()),
                ("value", value.into()),
                ("item_id", course.into()),
                ("created_at", stamp.datetime().into()),
                ("updated_at", stamp.datetime().into()),
            ],
        )?;
    }
    Ok(())
}
