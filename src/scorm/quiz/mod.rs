//! Tests as pages: one self-contained page for each test of a learning path.
//!
//! The page holds the test as JSON for the script (`question`, `draw`) and every text as a template, so that nothing an
//! author wrote can break the page or be missed by who looks for references. Asking, scoring and reporting is the script's
//! ([`runtime`](super::runtime)).

mod blanks;
mod draw;
mod markup;
mod question;
mod strings;

use serde_json::{Value as Json, json};

use crate::course::item::Item;

use question::string;
pub use strings::Language;

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

/// What a page tells of the result (`c_quiz.results_disabled`): the score, the right answers, the answers one by one, and
/// authors' comments on them. `last` is: after the last attempt.
struct Told {
    code: i64,
    score: &'static str,
    expected: &'static str,
    review: bool,
    comments: bool,
}

const fn told(code: i64, score: &'static str, expected: &'static str, review: bool, comments: bool) -> Told {
    Told { code, score, expected, review, comments }
}

/// The values that Chamilo 1.11 knows (`RESULT_DISABLE_…`). Rankings and radar charts need other people's results, which a
/// package does not have: what they stand beside is shown.
const TOLD: &[Told] = &[
    told(0, "always", "always", true, true),
    told(1, "never", "never", false, false),
    told(2, "always", "never", false, false),
    told(3, "always", "never", false, false),
    told(4, "always", "last", true, true),
    told(5, "last", "last", true, true),
    told(6, "always", "never", false, false),
    told(7, "always", "never", true, true),
    told(8, "always", "always", true, true),
    told(9, "always", "always", true, true),
    told(10, "always", "last", true, false),
];

/// `c_quiz.feedback_type` of tests that tell after each question what was right, in the page and in a window.
const AFTER_EACH: [i64; 2] = [1, 3];

/// `c_quiz.feedback_type` of tests without comments.
const EXAM: i64 = 2;

/// The page of a test called `title`, in `language` (Chamilo's English name of it: `french`).
///
/// HTML of the rows stands in it as markup in `template` elements, so that its references are found; those into the course
/// are written as Chamilo writes them. It includes the scripts and the style of [`super::runtime`].
pub fn page(quiz: &QuizData<'_>, title: &str, language: &str) -> Vec<u8> {
    let language = Language::named(language);
    let mut templates = String::new();
    let test = test(quiz, language, &mut templates);
    let shared = format!("../{}", super::SHARED);
    format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"{shared}style.css\">\n</head>\n<body>\n<main>\n\
         <header class=\"top\"><h1>{title}</h1><span id=\"clock\" role=\"timer\"></span></header>\n\
         <p id=\"live\" class=\"unseen\" aria-live=\"polite\"></p>\n\
         <div id=\"stage\"><noscript><p>{noscript}</p></noscript></div>\n</main>\n\
         {templates}<script type=\"application/json\" id=\"test\">{test}</script>\n\
         <script src=\"{shared}runtime.js\"></script>\n<script src=\"{shared}score.js\"></script>\n\
         <script src=\"{shared}quiz.js\"></script>\n</body>\n</html>\n",
        tag = language.tag,
        title = markup::escape(title),
        noscript = markup::escape(language.text("noscript")),
        // In a script only these end or nest something, and only in strings do they occur.
        test = test.to_string().replace('<', "\\u003c").replace("]]>", "]]\\u003e"),
    )
    .into_bytes()
}

/// The test as the script knows it; its texts are added to `templates`.
fn test(data: &QuizData<'_>, language: Language, templates: &mut String) -> Json {
    let quiz = &data.quiz.record;
    let int = |column: &str| quiz.int(column).unwrap_or(0);
    let results = int("results_disabled");
    let told = TOLD.iter().find(|told| told.code == results).unwrap_or(&TOLD[0]);
    let each = AFTER_EACH.contains(&int("feedback_type"));
    template(templates, "about", &string(quiz.get("description")));
    template(templates, "passed", &string(quiz.get("text_when_finished")));
    template(templates, "failed", &string(quiz.get("text_when_finished_failure")));
    let mut questions: Vec<Json> = (0..)
        .zip(&data.questions)
        .map(|(number, question)| question::read(number, question, language, templates))
        .collect();
    for (json, question) in questions.iter_mut().zip(&data.questions) {
        let parent = question.item.record.int("parent_id").filter(|key| *key > 0);
        let media = |other: &Question<'_>| other.item.record.key(&other.item.kind.table) == parent;
        if let Some(place) = parent.and_then(|_| data.questions.iter().position(media)) {
            json["media"] = place.into();
        }
    }
    json!({
        "id": data.quiz.record.key(&data.quiz.kind.table).unwrap_or(0),
        // One question after the other, where each is answered for before the next comes.
        "page": if int("type") == 1 && !each { "all" } else { "one" },
        "draw": draw::rule(data),
        "shuffle": int("random_answers") == 1,
        "each": each,
        "result": {
            "score": told.score,
            "expected": told.expected,
            "review": told.review,
            "comments": told.comments && int("feedback_type") != EXAM,
        },
        "attempts": int("max_attempt").max(0),
        "minutes": int("expired_time").max(0),
        "pass": data.mastery,
        "negative": int("propagate_neg") == 1,
        "titles": int("hide_question_title") != 1,
        "back": int("prevent_backwards") != 1,
        "review": int("review_answers") == 1,
        "strings": language.strings(),
        "questions": questions,
    })
}

/// Adds the text `html` under the name `id`; nothing for an empty one.
fn template(templates: &mut String, id: &str, html: &str) {
    let html = markup::whole(html);
    if !html.is_empty() {
        templates.push_str(&format!("<template id=\"{id}\">{html}</template>\n"));
    }
}
