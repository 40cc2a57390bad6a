//! What Chamilo 1.11 puts into every new course: tools, settings, folders, and the few words in the course's language.
//!
//! Data only; [`super::create`] writes it.

/// A tool on the home page of a new course.
pub(super) struct Tool {
    /// Chamilo's fixed number of the tool (`c_tool.id`).
    pub id: i64,
    pub name: &'static str,
    pub link: &'static str,
    pub image: &'static str,
    pub address: &'static str,
    pub category: &'static str,
    /// The subkey of setting `course_create_active_tools` that shows it; tools without one start hidden.
    pub setting: &'static str,
    /// For administrators of the course only.
    pub admin: bool,
}

const fn tool(
    id: i64,
    name: &'static str,
    link: &'static str,
    image: &'static str,
    category: &'static str,
    setting: &'static str,
) -> Tool {
    Tool { id, name, link, image, address: "squaregrey.gif", category, setting, admin: false }
}

const fn admin_tool(
    id: i64,
    name: &'static str,
    link: &'static str,
    image: &'static str,
    address: &'static str,
    setting: &'static str,
) -> Tool {
    Tool { id, name, link, image, address, category: "admin", setting, admin: true }
}

/// The tools of a new course in the order of their rows.
pub(super) const TOOLS: [Tool; 24] = [
    tool(1, "course_description", "course_description/index.php", "info.gif", "authoring", "course_description"),
    tool(2, "calendar_event", "calendar/agenda.php", "agenda.gif", "interaction", "agenda"),
    tool(3, "document", "document/document.php", "folder_document.gif", "authoring", "documents"),
    tool(4, "learnpath", "lp/lp_controller.php", "scorms.gif", "authoring", "learning_path"),
    tool(5, "link", "link/link.php", "links.gif", "authoring", "links"),
    tool(6, "quiz", "exercise/exercise.php", "quiz.gif", "authoring", "quiz"),
    tool(7, "announcement", "announcements/announcements.php", "valves.gif", "authoring", "announcements"),
    tool(8, "forum", "forum/index.php", "forum.gif", "interaction", "forums"),
    tool(9, "dropbox", "dropbox/index.php", "dropbox.gif", "interaction", "dropbox"),
    tool(10, "user", "user/user.php", "members.gif", "interaction", "users"),
    tool(11, "group", "group/group.php", "group.gif", "interaction", "groups"),
    tool(12, "chat", "chat/chat.php", "chat.gif", "interaction", "chat"),
    tool(13, "student_publication", "work/work.php", "works.gif", "interaction", "student_publications"),
    tool(14, "survey", "survey/survey_list.php", "survey.gif", "interaction", "survey"),
    tool(15, "wiki", "wiki/index.php", "wiki.gif", "interaction", "wiki"),
    tool(16, "gradebook", "gradebook/index.php", "gradebook.gif", "authoring", "gradebook"),
    tool(17, "glossary", "glossary/index.php", "glossary.gif", "authoring", "glossary"),
    tool(18, "notebook", "notebook/index.php", "notebook.gif", "interaction", "notebook"),
    tool(19, "attendance", "attendance/index.php", "attendance.gif", "authoring", "attendances"),
    tool(20, "course_progress", "course_progress/index.php", "course_progress.gif", "authoring", "course_progress"),
    admin_tool(24, "blog_management", "blog/blog_admin.php", "blog_admin.gif", "squaregrey.gif", "blogs"),
    admin_tool(25, "tracking", "tracking/courseLog.php", "statistics.gif", "", ""),
    admin_tool(26, "course_setting", "course_info/infocours.php", "reference.gif", "", ""),
    admin_tool(27, "course_maintenance", "course_info/maintenance.php", "backup.gif", "", ""),
];

/// The tool that a course has besides if the platform's search is on (setting `search_enabled`).
pub(super) const SEARCH_TOOL: Tool = Tool {
    id: 23,
    name: "search",
    link: "search/",
    image: "info.gif",
    address: "search.gif",
    category: "authoring",
    setting: "enable_search",
    admin: false,
};

/// Settings of a new course in the order of their rows: name, category, value.
pub(super) const SETTINGS: [(&str, &str, &str); 24] = [
    ("email_alert_manager_on_new_doc", "work", "0"),
    ("email_alert_on_new_doc_dropbox", "dropbox", "0"),
    ("allow_user_edit_agenda", "agenda", "0"),
    ("allow_user_edit_announcement", "announcement", "0"),
    ("email_alert_manager_on_new_quiz", "quiz", "0"),
    ("allow_user_image_forum", "forum", "1"),
    ("course_theme", "theme", ""),
    ("allow_learning_path_theme", "theme", "1"),
    ("allow_open_chat_window", "chat", "1"),
    ("email_alert_to_teacher_on_new_user_in_course", "registration", "0"),
    ("allow_user_view_user_list", "user", "1"),
    ("display_info_advance_inside_homecourse", "thematic_advance", "1"),
    ("email_alert_students_on_new_homework", "work", "0"),
    ("enable_lp_auto_launch", "learning_path", "0"),
    ("enable_exercise_auto_launch", "exercise", "0"),
    ("enable_document_auto_launch", "document", "0"),
    ("pdf_export_watermark_text", "learning_path", ""),
    ("allow_public_certificates", "certificates", ""),
    ("documents_default_visibility", "document", "visible"),
    ("show_course_in_user_language", "", "2"),
    ("email_to_teachers_on_new_work_feedback", "", "1"),
    ("email_alert_teachers_new_post", "portfolio", "1"),
    ("email_alert_teachers_student_new_comment", "portfolio", "1"),
    ("agenda_share_events_in_sessions", "agenda", "0"),
];

/// Settings that start as `1` if the platform's setting of the same name is `true`.
pub(super) const INHERITED_SETTINGS: [&str; 2] = ["email_alert_manager_on_new_quiz", "allow_public_certificates"];

/// Folders of a new course in the order Chamilo makes them, and whether each gets an `index.html`.
pub(super) const FOLDERS: [(&str, bool); 19] = [
    ("document", true),
    ("dropbox", true),
    ("group", true),
    ("page", true),
    ("scorm", true),
    ("upload", true),
    ("upload/forum", true),
    ("upload/forum/images", true),
    ("upload/test", true),
    ("upload/blog", true),
    ("upload/learning_path", true),
    ("upload/learning_path/images", true),
    ("upload/calendar", true),
    ("upload/calendar/images", true),
    ("work", true),
    ("upload/announcements", true),
    ("upload/announcements/images", true),
    ("exercises", true),
    ("document/chat_files", false),
];

/// Keeps a web server from listing a folder.
pub(super) const INDEX_PAGE: &str =
    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Not authorized</title></head><body></body></html>\n";

/// Keeps a web server from handing out what people drop for each other (Apache 2.4, and 2.2 before it).
pub(super) const DENY_ALL: &str = "<IfModule mod_authz_core.c>\n    Require all denied\n</IfModule>\n\
    <IfModule !mod_authz_core.c>\n    Order allow,deny\n    Deny from all\n</IfModule>\n";

/// The words that a new course holds, in its language.
pub(super) struct Words {
    pub language: &'static str,
    pub description: &'static str,
    pub groups: &'static str,
    pub shared_folder: &'static str,
    pub chat_files: &'static str,
    pub certificates: &'static str,
}

/// English comes first: it serves all languages that are not here.
const WORDS: [Words; 3] = [
    Words {
        language: "english",
        description: "Course Description",
        groups: "Default groups",
        shared_folder: "Folders of users",
        chat_files: "Chat conversations history",
        certificates: "Certificates",
    },
    Words {
        language: "french",
        description: "Description du cours",
        groups: "Groupes par défaut",
        shared_folder: "Répertoires des utilisateurs",
        chat_files: "Historique de conversations dans le chat",
        certificates: "Certificats",
    },
    Words {
        language: "spanish",
        description: "Descripción del curso",
        groups: "Grupos por defecto",
        shared_folder: "Carpetas de los usuarios",
        chat_files: "Historial de conversaciones en el chat",
        certificates: "Certificados",
    },
];

impl Words {
    /// The words in `language` (Chamilo's English name of it).
    pub fn of(language: &str) -> &'static Words {
        let [english, ..] = &WORDS;
        WORDS.iter().find(|words| words.language == language).unwrap_or(english)
    }
}
