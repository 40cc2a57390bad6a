//! Tests as pages: one self-contained page for each test of a learning path.

use crate::course::item::Item;

/// A test with all that its page shows.
#[derive(Debug)]
pub struct QuizData<'a> {
    /// The test (table `c_quiz`).
    pub quiz: &'a Item,
    /// Its questions in their order.
    pub questions: Vec<Question<'a>>,
    /// The course's categories of questions (table `c_quiz_question_category`), by which tests may draw; those that no
    /// question names don't matter.
    pub categories: &'a [Item],
    /// The score that passes, in percent (0 to 100), as the manifest tells it; `None` if any does.
    pub mastery: Option<f64>,
}

/// A question of a test.
#[derive(Debug)]
pub struct Question<'a> {
    /// The question (table `c_quiz_question`) with its answers (`c_quiz_answer`) and options
    /// (`c_quiz_question_option`) as children.
    pub item: &'a Item,
    /// Address of its picture (column `picture`), as Chamilo writes addresses: `/courses/<directory>/document/…`,
    /// percent-encoded.
    pub picture: Option<String>,
}

/// The page of a test called `title`, in `language` (Chamilo's English name of it: `french`).
///
/// HTML of the rows stands in it as markup (in elements or in a `template`, not in scripts), so that its references are
/// found; those into the course are written as Chamilo writes them. It includes [`super::runtime`].
pub fn page(quiz: &QuizData<'_>, title: &str, language: &str) -> Vec<u8> {
    let mut html = format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <script src=\"../coursefs/runtime.js\"></script></head><body data-language=\"{language}\">\n<h1>{title}</h1>\n",
        title = escape(title),
        language = escape(language),
    );
    for question in &quiz.questions {
        html.push_str(&format!("<div>{}</div>\n", String::from_utf8_lossy(&question.item.record.bytes("question"))));
    }
    html.push_str("<script>coursefs.page();</script></body></html>\n");
    html.into_bytes()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
