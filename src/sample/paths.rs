//! Rows of learning paths and of the gradebook, which both point at what the other tools hold.

use std::collections::HashMap;

use super::SampleError;
use super::content::{Item, LearningPath, Target};
use super::writer::Writer;
use crate::portal::database::Value;

/// The greatest score of a step that is no test.
const FULL_SCORE: f64 = 100.0;

/// Writes learning paths and gradebook.
pub(super) fn write(writer: &mut Writer<'_>) -> Result<(), SampleError> {
    let mut categories = HashMap::new();
    for (order, path) in (1_i64..).zip(writer.sample.paths) {
        let category = match path.category {
            Some(name) => category(writer, &mut categories, name)?,
            None => 0,
        };
        let id = insert_path(writer, order, category, path)?;
        writer.remember(Target::Path(path.title), id);
        insert_items(writer, id, 0, path.items, &mut HashMap::new())?;
    }
    gradebook(writer)
}

fn category<'n>(writer: &Writer<'_>, known: &mut HashMap<&'n str, i64>, name: &'n str) -> Result<i64, SampleError> {
    if let Some(id) = known.get(name) {
        return Ok(*id);
    }
    let values = [("name", name.into()), ("position", (known.len() as i64).into())];
    let id = writer.insert("c_lp_category", None, &values)?;
    writer.property("learnpath_category", id, "visible")?;
    known.insert(name, id);
    Ok(id)
}

fn insert_path(writer: &Writer<'_>, order: i64, category: i64, path: &LearningPath) -> Result<i64, SampleError> {
    let now = writer.stamp.datetime();
    let values = [
        ("lp_type", 1.into()),
        ("name", path.title.into()),
        ("description", path.description.into()),
        ("path", "".into()),
        ("force_commit", 0.into()),
        ("default_view_mod", "embedded".into()),
        ("default_encoding", "UTF-8".into()),
        ("display_order", order.into()),
        ("content_maker", "Chamilo".into()),
        ("content_local", "local".into()),
        ("content_license", "".into()),
        ("prevent_reinit", 1.into()),
        ("js_lib", "".into()),
        ("debug", 0.into()),
        ("theme", "".into()),
        ("preview_image", "".into()),
        ("author", "".into()),
        ("session_id", 0.into()),
        ("prerequisite", 0.into()),
        ("hide_toc_frame", 0.into()),
        ("seriousgame_mode", 0.into()),
        ("use_max_score", 1.into()),
        ("autolaunch", 0.into()),
        ("category_id", category.into()),
        ("max_attempts", 0.into()),
        ("subscribe_users", 0.into()),
        ("created_on", now.as_str().into()),
        ("modified_on", now.as_str().into()),
        ("accumulate_scorm_time", 1.into()),
    ];
    let id = writer.insert("c_lp", Some("id"), &values)?;
    writer.property("learnpath", id, "LearnpathVisible")?;
    Ok(id)
}

/// Inserts the steps below `parent` (0 for the top) and links neighbours. `titles` leads from the title of every step
/// so far to its key.
fn insert_items(
    writer: &Writer<'_>,
    path: i64,
    parent: i64,
    items: &'static [Item],
    titles: &mut HashMap<&'static str, i64>,
) -> Result<(), SampleError> {
    let mut previous = 0;
    for (order, item) in (1_i64..).zip(items) {
        let id = insert_item(writer, path, parent, previous, order, item, titles)?;
        let sql = "UPDATE c_lp_item SET next_item_id = ? WHERE iid = ?";
        writer.session.execute(sql, &[id.into(), previous.into()])?;
        // Steps of a Chamilo path are referred to by their own key.
        writer.session.execute("UPDATE c_lp_item SET ref = ? WHERE iid = ?", &[id.to_string().into(), id.into()])?;
        titles.insert(item.title, id);
        if let Target::Chapter(items) = item.target {
            insert_items(writer, path, id, items, titles)?;
        }
        previous = id;
    }
    Ok(())
}

fn insert_item(
    writer: &Writer<'_>,
    path: i64,
    parent: i64,
    previous: i64,
    order: i64,
    item: &'static Item,
    titles: &HashMap<&str, i64>,
) -> Result<i64, SampleError> {
    let kind = item_type(item.target);
    let target = match item.target {
        Target::Chapter(_) => 0,
        target => writer.key(target)?,
    };
    let max_score = match item.target {
        Target::Test(_) => greatest_score(writer, target)?,
        _ => FULL_SCORE,
    };
    let prerequisite = match item.after {
        "" => "0".to_owned(),
        after => {
            let missing = || SampleError::Reference { course: writer.sample.code, name: format!("step {after}") };
            titles.get(after).ok_or_else(missing)?.to_string()
        }
    };
    let values = [
        ("lp_id", path.into()),
        ("item_type", kind.into()),
        ("ref", "".into()),
        ("title", item.title.into()),
        ("description", "".into()),
        ("path", target.to_string().into()),
        ("min_score", 0.0.into()),
        ("max_score", max_score.into()),
        ("parent_item_id", parent.into()),
        ("previous_item_id", previous.into()),
        ("next_item_id", 0.into()),
        ("display_order", order.into()),
        ("prerequisite", prerequisite.into()),
        ("launch_data", "".into()),
        ("max_time_allowed", "0".into()),
        ("audio", item.audio.into()),
        ("prerequisite_min_score", item.scores.map(|(least, _)| least).into()),
        ("prerequisite_max_score", item.scores.map(|(_, greatest)| greatest).into()),
    ];
    writer.insert("c_lp_item", Some("id"), &values)
}

/// Chamilo's word for a kind of step.
fn item_type(target: Target) -> &'static str {
    match target {
        Target::Chapter(_) => "dir",
        Target::Document(_) => "document",
        Target::FinalDocument(_) => "final_item",
        Target::Test(_) => "quiz",
        Target::Link(_) => "link",
        Target::Forum(_) => "forum",
        Target::Thread(_) => "thread",
        Target::Assignment(_) => "student_publication",
        Target::Survey(_) => "survey",
        Target::Path(_) | Target::Attendance(_) => "",
    }
}

fn greatest_score(writer: &Writer<'_>, test: i64) -> Result<f64, SampleError> {
    let sql = "SELECT sum(q.ponderation) AS score FROM c_quiz_question q \
               JOIN c_quiz_rel_question r ON r.question_id = q.iid WHERE r.exercice_id = ?";
    let row = writer.session.row(sql, &[test.into()])?;
    Ok(match row.as_ref().map(|row| row.get("score")) {
        Some(Value::Float(score)) => *score,
        Some(other) => other.as_int().unwrap_or_default() as f64,
        None => 0.0,
    })
}

/// Chamilo's number of a kind of gradebook link; what can't be graded has none.
fn link_type(target: Target) -> Option<i64> {
    Some(match target {
        Target::Test(_) => 1,
        Target::Assignment(_) => 3,
        Target::Path(_) => 4,
        Target::Thread(_) => 5,
        Target::Attendance(_) => 7,
        Target::Survey(_) => 8,
        Target::Chapter(_) | Target::Document(_) | Target::FinalDocument(_) | Target::Link(_) | Target::Forum(_) => {
            return None;
        }
    })
}

fn gradebook(writer: &Writer<'_>) -> Result<(), SampleError> {
    let gradebook = &writer.sample.gradebook;
    let (code, user, now) = (writer.sample.code, writer.stamp.user, writer.stamp.datetime());
    let category = writer.session.insert(
        "gradebook_category",
        &[
            ("name", code.into()),
            ("description", "".into()),
            ("user_id", user.into()),
            ("course_code", code.into()),
            ("parent_id", 0.into()),
            ("weight", FULL_SCORE.into()),
            ("visible", 1.into()),
            ("certif_min_score", gradebook.certificate_score.into()),
            ("session_id", Value::Null),
            ("document_id", 0.into()),
            ("locked", 0.into()),
            ("generate_certificates", 0.into()),
            ("grade_model_id", 0.into()),
            ("is_requirement", 0.into()),
        ],
    )?;
    for (name, description, weight, max) in gradebook.evaluations {
        writer.session.insert(
            "gradebook_evaluation",
            &[
                ("name", (*name).into()),
                ("description", (*description).into()),
                ("user_id", user.into()),
                ("course_code", code.into()),
                ("category_id", category.into()),
                ("created_at", now.as_str().into()),
                ("weight", (*weight).into()),
                ("max", (*max).into()),
                ("visible", 1.into()),
                ("type", "evaluation".into()),
                ("locked", 0.into()),
            ],
        )?;
    }
    for (target, weight) in gradebook.links {
        let missing = || SampleError::Reference { course: code, name: "a gradebook link without a grade".to_owned() };
        writer.session.insert(
            "gradebook_link",
            &[
                ("type", link_type(*target).ok_or_else(missing)?.into()),
                ("ref_id", writer.key(*target)?.into()),
                ("user_id", user.into()),
                ("course_code", code.into()),
                ("category_id", category.into()),
                ("created_at", now.as_str().into()),
                ("weight", (*weight).into()),
                ("visible", 1.into()),
                ("locked", 0.into()),
            ],
        )?;
    }
    Ok(())
}
