//! Questions as the script knows them: kind, right answers and points as JSON; texts as templates beside it.
//!
//! Types and their forms are those of Chamilo 1.11 (classes below `main/exercise`).

use serde_json::{Map, Value as Json, json};

use crate::course::item::Record;
use crate::course::tool::Table;
use crate::portal::database::Value;

use super::Question;
use super::blanks;
use super::markup;
use super::strings::Language;

/// What the script makes of a question type.
struct Type {
    code: i64,
    read: fn(&mut Reading<'_>),
    /// The points only if all is right.
    all: bool,
}

const fn sum(code: i64, read: fn(&mut Reading<'_>)) -> Type {
    Type { code, read, all: false }
}

const fn all(code: i64, read: fn(&mut Reading<'_>)) -> Type {
    Type { code, read, all: true }
}

/// Every type. What a person has to judge (free, spoken, uploaded answers) is asked for as text and not scored.
const TYPES: &[Type] = &[
    sum(1, one_choice),
    sum(2, choices),
    sum(3, fill_in),
    sum(4, pairs),
    sum(5, open),
    sum(6, spots),
    sum(7, open),
    sum(8, outline),
    all(9, choices),
    sum(10, one_choice),
    sum(11, statements),
    all(12, fixed_statements),
    sum(13, open),
    sum(14, choices),
    sum(MEDIA, nothing),
    sum(16, calculated),
    sum(17, one_choice),
    sum(18, order),
    sum(19, dragged_pairs),
    sum(20, open),
    sum(21, one_choice),
    sum(22, certainty),
    sum(23, open),
    all(24, pairs),
    all(25, dragged_pairs),
    all(26, spots),
    all(27, fill_in),
    all(28, listed),
    sum(29, listed),
    sum(30, open),
];

/// A text that other questions stand under.
pub const MEDIA: i64 = 15;

/// Position of the answer "don't know", which stays last.
const DONT_KNOW: i64 = 666;

/// A question being read.
struct Reading<'a> {
    number: usize,
    question: &'a Question<'a>,
    language: Language,
    answers: Vec<&'a Record>,
    kind: &'static str,
    more: Map<String, Json>,
    rows: Vec<Json>,
    templates: &'a mut String,
}

/// The question with the number `number` on its page, as JSON; its texts are added to `templates`.
pub fn read(number: usize, question: &Question<'_>, language: Language, templates: &mut String) -> Json {
    let record = &question.item.record;
    let table = &question.item.kind.table;
    let code = record.int("type").unwrap_or(0);
    // Unknown types of a later Chamilo are shown, and not scored.
    let known = TYPES.iter().find(|known| known.code == code);
    let (make, all): (fn(&mut Reading<'_>), bool) = known.map_or((open, false), |known| (known.read, known.all));
    let mut reading = Reading {
        number,
        question,
        language,
        answers: in_order(record, table, "c_quiz_answer"),
        kind: "text",
        more: Map::new(),
        rows: Vec::new(),
        templates,
    };
    reading.template("", &string(record.get("question")));
    reading.template("d", &string(record.get("description")));
    if let Some(address) = &question.picture {
        let image = format!("<img src=\"{}\" alt=\"\">", markup::escape(address));
        reading.template("p", &image);
    }
    make(&mut reading);
    let Reading { kind: shape, mut more, rows, .. } = reading;
    more.insert("id".into(), record.key(table).unwrap_or(0).into());
    more.insert("kind".into(), shape.into());
    more.insert("points".into(), json!(number_of(record.get("ponderation"))));
    more.insert("all".into(), all.into());
    more.insert("rows".into(), rows.into());
    Json::Object(more)
}

/// The child rows in the order in which they are shown.
fn in_order<'a>(record: &'a Record, table: &Table, name: &str) -> Vec<&'a Record> {
    let mut rows: Vec<&Record> = record.children_of(table, name).iter().collect();
    rows.sort_by_key(|row| (row.int("position").unwrap_or(0), row.int("iid").unwrap_or(0)));
    rows
}

/// A column's text; what is not UTF-8 is replaced.
pub fn string(value: &Value) -> String {
    String::from_utf8_lossy(&value.to_text().unwrap_or_default()).into_owned()
}

fn number_of(value: &Value) -> f64 {
    string(value).trim().parse().ok().filter(|number: &f64| number.is_finite()).unwrap_or(0.0)
}

/// Numbers parted by `;` and `|`, as coordinates are written.
fn coordinates(text: &str) -> Vec<f64> {
    text.split([';', '|'])
        .filter_map(|part| part.trim().parse().ok())
        .filter(|number: &f64| number.is_finite())
        .collect()
}

impl Reading<'_> {
    /// Adds a text of the question: `what` tells the script which it is. Nothing is added for an empty one.
    fn template(&mut self, what: &str, html: &str) {
        super::template(self.templates, &format!("q{}{what}", self.number), html);
    }

    /// Adds a row with the text and the comment of its answer.
    fn row(&mut self, answer: &Record, row: Json) {
        let place = self.rows.len();
        self.template(&format!("a{place}"), &string(answer.get("answer")));
        self.template(&format!("c{place}"), &string(answer.get("comment")));
        self.rows.push(row);
    }

    fn set(&mut self, name: &str, value: Json) {
        self.more.insert(name.to_owned(), value);
    }

    /// Points for a right, a wrong and no statement: the column `extra`.
    fn scores(&mut self) {
        let extra = string(self.question.item.record.get("extra"));
        let scores: Vec<f64> = extra.split(':').filter_map(|score| score.trim().parse().ok()).collect();
        if let [right, wrong, doubt, ..] = scores[..] {
            self.set("scores", json!([right, wrong, doubt]));
        }
    }

    fn names(&mut self, names: &[&str]) {
        let names: Vec<&str> = names.iter().map(|name| self.language.text(name)).collect();
        self.set("names", json!(names));
    }
}

fn nothing(_: &mut Reading<'_>) {}

fn open(reading: &mut Reading<'_>) {
    reading.kind = "open";
}

fn one_choice(reading: &mut Reading<'_>) {
    choice(reading, false);
}

fn choices(reading: &mut Reading<'_>) {
    choice(reading, true);
}

/// Choices that are made from a menu.
fn listed(reading: &mut Reading<'_>) {
    choice(reading, true);
    reading.set("list", true.into());
}

fn choice(reading: &mut Reading<'_>, many: bool) {
    reading.kind = "choice";
    reading.set("many", many.into());
    for answer in reading.answers.clone() {
        let mut row = json!({
            "right": answer.int("correct").unwrap_or(0) != 0,
            "points": number_of(answer.get("ponderation")),
        });
        if answer.int("position") == Some(DONT_KNOW) {
            row["last"] = true.into();
        }
        reading.row(answer, row);
    }
}

fn fill_in(reading: &mut Reading<'_>) {
    reading.kind = "blanks";
    let Some(answer) = reading.answers.first().copied() else { return };
    let text = blanks::read(&string(answer.get("answer")));
    reading.template("t", &text.html);
    reading.template("c", &string(answer.get("comment")));
    reading.set("free", text.free.into());
    for blank in text.blanks {
        let mut row = json!({ "accept": blank.accept, "points": blank.points, "size": blank.width });
        if let Some(menu) = blank.menu {
            row["menu"] = json!(menu);
        }
        reading.rows.push(row);
    }
}

/// Right-hand sides point at nothing; left-hand sides hold the key of theirs, in old rows another one or its position.
fn matching(reading: &mut Reading<'_>) {
    let answers = reading.answers.clone();
    let (prompts, options): (Vec<&Record>, Vec<&Record>) =
        answers.into_iter().partition(|answer| answer.int("correct").unwrap_or(0) != 0);
    for (place, option) in options.iter().enumerate() {
        reading.template(&format!("o{place}"), &string(option.get("answer")));
    }
    for prompt in prompts {
        let correct = prompt.int("correct");
        let found = ["iid", "id_auto", "id", "position"]
            .iter()
            .find_map(|column| options.iter().position(|option| correct.is_some() && option.int(column) == correct));
        let right = found.map_or(-1, |place| place as i64);
        let points = number_of(prompt.get("ponderation"));
        reading.row(prompt, json!({ "right": right, "points": points }));
    }
    reading.set("options", options.len().into());
    reading.kind = "match";
}

fn pairs(reading: &mut Reading<'_>) {
    matching(reading);
}

fn dragged_pairs(reading: &mut Reading<'_>) {
    matching(reading);
    reading.set("drag", true.into());
}

/// Elements with their places; a list to be put in order, if each place is taken once.
fn order(reading: &mut Reading<'_>) {
    matching(reading);
    let mut places: Vec<i64> = reading.rows.iter().filter_map(|row| row["right"].as_i64()).collect();
    places.sort_unstable();
    if places.iter().copied().eq(0..reading.more["options"].as_i64().unwrap_or(-1)) {
        reading.kind = "order";
        let across = string(reading.question.item.record.get("extra")).trim() == "h";
        reading.set("across", across.into());
    }
}

/// Statements whose answers are the keys of option rows: true, false, don't know.
fn statements(reading: &mut Reading<'_>) {
    let record = &reading.question.item.record;
    let options = in_order(record, &reading.question.item.kind.table, "c_quiz_question_option");
    let names: Vec<String> = options.iter().take(3).map(|option| string(option.get("name"))).collect();
    for answer in reading.answers.clone() {
        let correct = answer.int("correct");
        let by_key = options.iter().position(|option| option.int("iid") == correct || option.int("id") == correct);
        // Without their rows the options are known by their number.
        let right =
            by_key.map(|place| place as i64).or(correct.filter(|_| options.is_empty()).map(|number| number - 1));
        reading.row(answer, json!({ "right": right.unwrap_or(-1), "points": number_of(answer.get("ponderation")) }));
    }
    if names.is_empty() {
        reading.names(&["True", "False", "DoubtScore"]);
    } else {
        reading.names(&names.iter().map(String::as_str).collect::<Vec<_>>());
    }
    reading.scores();
    reading.kind = "statements";
}

fn certainty(reading: &mut Reading<'_>) {
    statements(reading);
    // Further options are the degrees, which the script knows.
    reading.names(&["True", "False"]);
    reading.kind = "certainty";
}

/// Statements with fixed values: 1 true, 0 false, 2 don't know.
fn fixed_statements(reading: &mut Reading<'_>) {
    for answer in reading.answers.clone() {
        let right = match answer.int("correct") {
            Some(1) => 0,
            Some(2) => 2,
            _ => 1,
        };
        reading.row(answer, json!({ "right": right }));
    }
    reading.names(&["True", "False", "DoubtScore"]);
    reading.kind = "statements";
}

/// One row for each variation: `<text with numbers> [result]@@<formula>`.
fn calculated(reading: &mut Reading<'_>) {
    reading.kind = "number";
    for answer in reading.answers.clone() {
        let whole = string(answer.get("answer"));
        let text = whole.rsplit_once("@@").map_or(whole.as_str(), |(text, _)| text);
        let cut = text.rfind('[').and_then(|open| {
            let close = open + text.get(open..)?.find(']')?;
            Some((text.get(..open)?, text.get(open + 1..close)?, text.get(close + 1..)?))
        });
        let (before, result, after) = cut.unwrap_or((text, "", ""));
        let place = reading.rows.len();
        reading.template(&format!("a{place}"), &format!("{before}<span data-blank=\"0\"></span>{after}"));
        reading.template(&format!("c{place}"), &string(answer.get("comment")));
        let points = number_of(answer.get("ponderation"));
        reading.rows.push(json!({ "result": markup::text(result), "points": points }));
    }
    if reading.rows.is_empty() {
        reading.kind = "open";
    }
}

/// Zones of a picture; without the picture nothing can be asked.
fn spots(reading: &mut Reading<'_>) {
    if reading.question.picture.is_none() {
        return;
    }
    reading.kind = "spots";
    for answer in reading.answers.clone() {
        let shape = string(answer.get("hotspot_type"));
        if !matches!(shape.as_str(), "square" | "circle" | "poly") {
            continue;
        }
        let at = coordinates(&string(answer.get("hotspot_coordinates")));
        if (shape == "poly" && at.len() >= 6 && at.len().is_multiple_of(2)) || (shape != "poly" && at.len() == 4) {
            let points = number_of(answer.get("ponderation"));
            reading.row(answer, json!({ "shape": shape, "at": at, "points": points }));
        }
    }
}

/// A line to be drawn around an area, with thresholds in percent (least overlap, most excess, most missing), and areas
/// that it must not touch.
fn outline(reading: &mut Reading<'_>) {
    if reading.question.picture.is_none() {
        return;
    }
    let line = |answer: &Record| -> Option<Vec<f64>> {
        let at = coordinates(&string(answer.get("hotspot_coordinates")));
        (at.len() >= 6 && at.len().is_multiple_of(2)).then_some(at)
    };
    let of = |shape: &str| -> Vec<&Record> {
        reading.answers.iter().copied().filter(|answer| string(answer.get("hotspot_type")) == shape).collect()
    };
    let Some((answer, at)) = of("delineation").first().and_then(|answer| Some((*answer, line(answer)?))) else {
        return;
    };
    let risks: Vec<Vec<f64>> = of("oar").into_iter().filter_map(line).collect();
    let destination = string(answer.get("destination"));
    let limits: Vec<f64> =
        destination.split("@@").next().unwrap_or("").split(';').filter_map(|limit| limit.trim().parse().ok()).collect();
    let limits = if limits.len() == 3 { limits } else { vec![50.0, 50.0, 50.0] };
    let points = number_of(answer.get("ponderation"));
    reading.row(answer, json!({ "shape": "poly", "at": at, "points": points, "limits": limits }));
    reading.set("risks", json!(risks));
    reading.kind = "outline";
}
