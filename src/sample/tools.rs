//! Rows of the tools that hold texts: descriptions, announcements, agenda, links, forums, glossary, wiki, progress,
//! attendance, assignments.

use super::SampleError;
use super::content::{Target, Thread};
use super::writer::Writer;
use crate::portal::database::Value;

/// The colour of the course's events in the agenda (Chamilo 1.11).
const EVENT_COLOUR: &str = "#458B00";

/// Tools that Chamilo hides in a new course and that the sample fills.
const SHOWN_TOOLS: [&str; 2] = ["attendance", "course_progress"];

/// Writes all of them.
pub(super) fn write(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    descriptions(writer)?;
    announcements(writer)?;
    events(writer)?;
    links(writer)?;
    forums(writer)?;
    glossary(writer)?;
    wiki(writer)?;
    progress(writer)?;
    attendances(writer)?;
    assignments(writer)
}

fn descriptions(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for (kind, title, content) in writer.sample.descriptions {
        let values = [
            ("title", (*title).into()),
            ("content", (*content).into()),
            ("session_id", 0.into()),
            ("description_type", (*kind).into()),
            ("progress", 0.into()),
        ];
        let id = writer.insert("c_course_description", Some("id"), &values)?;
        writer.property("course_description", id, "CourseDescriptionAdded")?;
    }
    for (tool, text) in writer.sample.introductions {
        // The second key of an introduction is its tool's name.
        let values = [("id", (*tool).into()), ("intro_text", (*text).into()), ("session_id", 0.into())];
        writer.insert("c_tool_intro", None, &values)?;
    }
    for tool in SHOWN_TOOLS {
        let sql = "UPDATE c_tool SET visibility = 1 WHERE name = ? AND c_id = (SELECT id FROM course WHERE code = ?)";
        writer.session.execute(sql, &[tool.into(), writer.sample.code.into()])?;
    }
    Ok(())
}

fn announcements(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for (order, announcement) in (1_i64..).zip(writer.sample.announcements) {
        let values = [
            ("title", announcement.title.into()),
            ("content", announcement.content.into()),
            ("end_date", "2026-09-01".into()),
            ("display_order", order.into()),
            ("email_sent", 0.into()),
            ("session_id", 0.into()),
        ];
        let id = writer.insert("c_announcement", Some("id"), &values)?;
        writer.property("announcement", id, "AnnouncementAdded")?;
        if let Some(attachment) = &announcement.attachment {
            let (table, folder) = ("c_announcement_attachment", "upload/announcements");
            writer.attachment(table, Some("id"), folder, ("announcement_id", id), attachment)?;
        }
    }
    Ok(())
}

fn events(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for event in writer.sample.events {
        let values = [
            ("title", event.title.into()),
            ("content", event.content.into()),
            ("start_date", event.start.into()),
            ("end_date", event.end.into()),
            ("parent_event_id", Value::Null),
            ("session_id", 0.into()),
            ("all_day", 0.into()),
            ("comment", "".into()),
            ("color", EVENT_COLOUR.into()),
        ];
        let id = writer.insert("c_calendar_event", Some("id"), &values)?;
        writer.property_shown("calendar_event", id, "AgendaAdded", Some((event.start, event.end)))?;
        if let Some(attachment) = &event.attachment {
            let (table, folder) = ("c_calendar_event_attachment", "upload/calendar");
            let id = writer.attachment(table, Some("id"), folder, ("agenda_id", id), attachment)?;
            writer.property("calendar_event_attachment", id, "AgendaAttachmentAdded")?;
        }
    }
    Ok(())
}

fn links(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for (order, category) in (0_i64..).zip(writer.sample.links) {
        let category_id = if category.title.is_empty() {
            0
        } else {
            let values = [
                ("category_title", category.title.into()),
                ("description", category.description.into()),
                ("display_order", order.into()),
                ("session_id", 0.into()),
            ];
            let id = writer.insert("c_link_category", Some("id"), &values)?;
            writer.property("link_category", id, "LinkCategoryAdded")?;
            id
        };
        for (order, (url, title, description)) in (0_i64..).zip(category.links) {
            let values = [
                ("url", (*url).into()),
                ("title", (*title).into()),
                ("description", (*description).into()),
                ("category_id", category_id.into()),
                ("display_order", order.into()),
                ("on_homepage", "0".into()),
                ("target", "_blank".into()),
                ("session_id", 0.into()),
            ];
            let id = writer.insert("c_link", Some("id"), &values)?;
            writer.property("link", id, "LinkAdded")?;
            writer.remember(Target::Link(title), id);
        }
    }
    Ok(())
}

fn forums(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for (order, category) in (1_i64..).zip(writer.sample.forums) {
        let values = [
            ("cat_title", category.title.into()),
            ("cat_comment", category.comment.into()),
            ("cat_order", order.into()),
            ("locked", 0.into()),
            ("session_id", 0.into()),
        ];
        let category_id = writer.insert("c_forum_category", Some("cat_id"), &values)?;
        writer.property("forum_category", category_id, "ForumCategoryAdded")?;
        for (order, forum) in (1_i64..).zip(category.forums) {
            let posts: usize = forum.threads.iter().map(|thread| thread.posts.len()).sum();
            let values = [
                ("forum_title", forum.title.into()),
                ("forum_comment", forum.comment.into()),
                ("forum_threads", (forum.threads.len() as i64).into()),
                ("forum_posts", (posts as i64).into()),
                ("forum_category", category_id.into()),
                ("allow_anonymous", 0.into()),
                ("allow_edit", 1.into()),
                ("approval_direct_post", "0".into()),
                ("allow_attachments", 1.into()),
                ("allow_new_threads", 1.into()),
                ("default_view", "flat".into()),
                ("forum_of_group", "0".into()),
                ("forum_group_public_private", "public".into()),
                ("forum_order", order.into()),
                ("locked", 0.into()),
                ("session_id", 0.into()),
                ("forum_image", "".into()),
                ("lp_id", 0.into()),
                ("moderated", 0.into()),
            ];
            let forum_id = writer.insert("c_forum_forum", Some("forum_id"), &values)?;
            writer.property("forum", forum_id, "ForumAdded")?;
            writer.remember(Target::Forum(forum.title), forum_id);
            let mut last_post = 0;
            for thread in forum.threads {
                last_post = write_thread(writer, forum_id, thread)?;
            }
            let sql = "UPDATE c_forum_forum SET forum_last_post = ? WHERE iid = ?";
            writer.session.execute(sql, &[last_post.into(), forum_id.into()])?;
        }
    }
    Ok(())
}

/// Writes a thread with its posts and returns the key of the last.
fn write_thread(writer: &mut Writer<'_>, forum: i64, thread: &'static Thread) -> Result<i64, SampleError> {
    let starter = writer.person(thread.posts.first().map_or(0, |post| post.author))?;
    let values = [
        ("thread_title", thread.title.into()),
        ("forum_id", forum.into()),
        ("thread_replies", (thread.posts.len().saturating_sub(1) as i64).into()),
        ("thread_poster_id", starter.into()),
        ("thread_poster_name", "".into()),
        ("thread_views", 12.into()),
        ("thread_date", thread.posts.first().map(|post| post.date).into()),
        ("thread_sticky", 0.into()),
        ("locked", 0.into()),
        ("session_id", 0.into()),
        ("thread_title_qualify", "".into()),
        ("thread_qualify_max", 0.0.into()),
        ("thread_weight", 0.0.into()),
        ("thread_peer_qualify", 0.into()),
        ("lp_item_id", 0.into()),
    ];
    let thread_id = writer.insert("c_forum_thread", Some("thread_id"), &values)?;
    writer.property("forum_thread", thread_id, "ForumThreadAdded")?;
    writer.remember(Target::Thread(thread.title), thread_id);
    let mut last = 0;
    for (index, post) in thread.posts.iter().enumerate() {
        let title = if index == 0 { thread.title.to_owned() } else { format!("Re: {}", thread.title) };
        let values = [
            ("post_title", title.into()),
            ("post_text", post.text.into()),
            ("thread_id", thread_id.into()),
            ("forum_id", forum.into()),
            ("poster_id", writer.person(post.author)?.into()),
            ("poster_name", "".into()),
            ("post_date", post.date.into()),
            ("post_notification", 0.into()),
            ("post_parent_id", last.into()),
            ("visible", 1.into()),
            ("status", 1.into()),
        ];
        last = writer.insert("c_forum_post", Some("post_id"), &values)?;
        writer.property("forum_post", last, if index == 0 { "NewPost" } else { "PostAdded" })?;
        if let Some(attachment) = &post.attachment {
            let (table, folder) = ("c_forum_attachment", "upload/forum");
            // Chamilo leaves the second key of these rows NULL.
            let id = writer.attachment(table, None, folder, ("post_id", last), attachment)?;
            writer.property("forum_attachment", id, "ForumAttachmentAdded")?;
        }
    }
    let sql = "UPDATE c_forum_thread SET thread_last_post = ? WHERE iid = ?";
    writer.session.execute(sql, &[last.into(), thread_id.into()])?;
    Ok(last)
}

fn glossary(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for (order, (name, description)) in (1_i64..).zip(writer.sample.glossary) {
        let values = [
            ("name", (*name).into()),
            ("description", (*description).into()),
            ("display_order", order.into()),
            ("session_id", 0.into()),
        ];
        let id = writer.insert("c_glossary", Some("glossary_id"), &values)?;
        writer.property("glossary", id, "GlossaryAdded")?;
    }
    Ok(())
}

fn wiki(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for page in writer.sample.wiki {
        let mut page_id = None;
        for (version, content) in (1_i64..).zip(page.versions) {
            let values = [
                ("page_id", page_id.into()),
                ("reflink", page.reflink.into()),
                ("title", page.title.into()),
                ("content", (*content).into()),
                ("user_id", writer.stamp.user.into()),
                ("group_id", 0.into()),
                ("dtime", writer.stamp.datetime().into()),
                ("addlock", 1.into()),
                ("editlock", 0.into()),
                ("visibility", 1.into()),
                ("addlock_disc", 1.into()),
                ("visibility_disc", 1.into()),
                ("ratinglock_disc", 1.into()),
                ("assignment", 0.into()),
                ("comment", "".into()),
                ("progress", "50".into()),
                ("score", 0.into()),
                ("version", version.into()),
                ("is_editing", 0.into()),
                ("hits", 3.into()),
                ("linksto", page.links_to.into()),
                ("tag", "".into()),
                ("user_ip", "127.0.0.1".into()),
                ("session_id", 0.into()),
            ];
            let id = writer.insert("c_wiki", Some("id"), &values)?;
            writer.property("wiki", id, "WikiAdded")?;
            if page_id.is_none() {
                // A page is known by its first version.
                page_id = Some(id);
                let sql = "UPDATE c_wiki SET page_id = ? WHERE iid = ?";
                writer.session.execute(sql, &[id.into(), id.into()])?;
                wiki_configuration(writer, id)?;
            }
        }
    }
    Ok(())
}

fn wiki_configuration(writer: &Writer<'_>, page: i64) -> Result<(), SampleError> {
    let texts = ["task", "feedback1", "feedback2", "feedback3", "fprogress1", "fprogress2", "fprogress3"];
    let mut values: Vec<(&str, Value)> = texts.iter().map(|column| (*column, "".into())).collect();
    values.extend([
        ("page_id", page.into()),
        ("max_text", 0.into()),
        ("max_version", 0.into()),
        ("delayedsubmit", 0.into()),
    ]);
    writer.insert("c_wiki_conf", None, &values).map(drop)
}

fn progress(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for (order, theme) in (1_i64..).zip(writer.sample.progress) {
        let values = [
            ("title", theme.title.into()),
            ("content", theme.content.into()),
            ("display_order", order.into()),
            ("active", 1.into()),
            ("session_id", 0.into()),
        ];
        let theme_id = writer.insert("c_thematic", Some("id"), &values)?;
        writer.property("thematic", theme_id, "ThematicAdded")?;
        for (kind, title, description) in theme.plan {
            let values = [
                ("thematic_id", theme_id.into()),
                ("title", (*title).into()),
                ("description", (*description).into()),
                ("description_type", (*kind).into()),
            ];
            let id = writer.insert("c_thematic_plan", Some("id"), &values)?;
            writer.property("thematic_plan", id, "ThematicPlanAdded")?;
        }
        for (start, hours, content, done) in theme.advances {
            let values = [
                ("thematic_id", theme_id.into()),
                ("attendance_id", 0.into()),
                ("content", (*content).into()),
                ("start_date", (*start).into()),
                ("duration", (*hours).into()),
                ("done_advance", (*done).into()),
            ];
            let id = writer.insert("c_thematic_advance", Some("id"), &values)?;
            writer.property("thematic_advance", id, "ThematicAdvanceAdded")?;
        }
    }
    Ok(())
}

fn attendances(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for attendance in writer.sample.attendances {
        let values = [
            ("name", attendance.title.into()),
            ("description", attendance.description.into()),
            ("active", 1.into()),
            ("attendance_qualify_title", attendance.title.into()),
            ("attendance_qualify_max", (attendance.dates.len() as i64).into()),
            ("attendance_weight", 10.0.into()),
            ("session_id", 0.into()),
            ("locked", 0.into()),
        ];
        let id = writer.insert("c_attendance", Some("id"), &values)?;
        writer.property("attendance", id, "AttendanceAdded")?;
        writer.remember(Target::Attendance(attendance.title), id);
        for date in attendance.dates {
            let values = [("attendance_id", id.into()), ("date_time", (*date).into()), ("done_attendance", 0.into())];
            writer.insert("c_attendance_calendar", Some("id"), &values)?;
        }
    }
    Ok(())
}

fn assignments(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    for assignment in writer.sample.assignments {
        writer.folder(&format!("work/{}", assignment.directory))?;
        let values = [
            ("session_id", Value::Null),
            ("url", format!("/{}", assignment.directory).into()),
            ("title", assignment.title.into()),
            ("description", assignment.description.into()),
            ("author", "".into()),
            ("active", 1.into()),
            ("accepted", 1.into()),
            ("post_group_id", 0.into()),
            ("sent_date", writer.stamp.datetime().into()),
            ("filetype", "folder".into()),
            ("has_properties", 0.into()),
            ("qualification", assignment.qualification.into()),
            ("parent_id", 0.into()),
            ("qualificator_id", 0.into()),
            ("weight", assignment.weight.into()),
            ("user_id", writer.stamp.user.into()),
            ("allow_text_assignment", 0.into()),
            ("contains_file", 0.into()),
            ("document_id", 0.into()),
        ];
        let id = writer.insert("c_student_publication", Some("id"), &values)?;
        writer.property("work", id, "DirectoryCreated")?;
        writer.remember(Target::Assignment(assignment.title), id);
        let values = [
            ("expires_on", assignment.due.into()),
            ("ends_on", assignment.due.into()),
            ("add_to_calendar", 0.into()),
            ("enable_qualification", (assignment.qualification > 0.0).into()),
            ("publication_id", id.into()),
        ];
        let settings = writer.insert("c_student_publication_assignment", Some("id"), &values)?;
        let sql = "UPDATE c_student_publication SET has_properties = ? WHERE iid = ?";
        writer.session.execute(sql, &[settings.into(), id.into()])?;
    }
    Ok(())
}
