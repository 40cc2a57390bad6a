//! Which questions of a test an attempt asks, and in which order: the rule, as the script follows it.
//!
//! `{groups: [{questions, take, shuffle}], shuffle, mix}`: of each group, shuffled or not, the first `take` (0: all); the
//! groups one after the other, or shuffled; at last, with `mix`, all of it shuffled.

use serde_json::{Value as Json, json};

use crate::course::item::{Item, Record};

use super::QuizData;
use super::question::{MEDIA, string};

/// `c_quiz.question_selection_type` (Chamilo 1.11, class Exercise): categories, questions, and all shuffled?
const BY_CATEGORY: &[(i64, [bool; 3])] = &[
    (3, [false, false, false]),
    (4, [true, false, false]),
    (5, [false, true, false]),
    (6, [true, true, false]),
    (7, [true, false, true]),
    (8, [true, true, true]),
    (9, [false, false, false]),
    (10, [false, true, false]),
];

/// The rule of a test.
pub fn rule(data: &QuizData<'_>) -> Json {
    let quiz = &data.quiz.record;
    let random = quiz.int("random").unwrap_or(0);
    let selection = quiz.int("question_selection_type").unwrap_or(0);
    if let Some((_, [categories, questions, mix])) = BY_CATEGORY.iter().find(|(kind, _)| *kind == selection) {
        let wanted = quiz_categories(data);
        let groups = groups(data).into_iter().map(|(category, group)| {
            let take =
                category.and_then(|key| wanted.iter().find(|(known, _)| *known == key)).map_or(0, |(_, take)| *take);
            json!({ "questions": group, "take": take.max(0), "shuffle": questions })
        });
        return json!({ "groups": groups.collect::<Vec<_>>(), "shuffle": categories, "mix": mix });
    }
    // The older setting: so many questions at random of each category, grouped (2) or not (1).
    let by_category = quiz.int("random_by_category").unwrap_or(0);
    if by_category > 0 && random != 0 {
        let groups = groups(data)
            .into_iter()
            .map(|(_, group)| json!({ "questions": group, "take": random.max(0), "shuffle": true }));
        return json!({ "groups": groups.collect::<Vec<_>>(), "shuffle": false, "mix": by_category == 1 });
    }
    // -1 is all of them, shuffled; a number, so many of them.
    let shuffle = random != 0 || selection == 2;
    let asked = asked(data, shuffle);
    json!({ "groups": [{ "questions": asked, "take": random.max(0), "shuffle": shuffle }], "shuffle": false, "mix": false })
}

/// Numbers of the questions on the page; texts that stand above others are no questions where the order is drawn.
fn asked(data: &QuizData<'_>, drawn: bool) -> Vec<usize> {
    let parents: Vec<i64> =
        data.questions.iter().filter_map(|question| question.item.record.int("parent_id")).collect();
    let asks = |item: &Item| {
        let key = item.record.key(&item.kind.table);
        item.record.int("type") != Some(MEDIA) || !(drawn || key.is_some_and(|key| parents.contains(&key)))
    };
    (0..).zip(&data.questions).filter(|(_, question)| asks(question.item)).map(|(number, _)| number).collect()
}

/// Questions by the first of their categories, in the order of the categories' titles; those without one last.
fn groups(data: &QuizData<'_>) -> Vec<(Option<i64>, Vec<usize>)> {
    let mut groups: Vec<(Option<i64>, Vec<usize>)> = Vec::new();
    for number in asked(data, true) {
        let category = data.questions.get(number).and_then(|question| {
            let rows = question.item.record.children_of(&question.item.kind.table, "c_quiz_question_rel_category");
            rows.first().and_then(|row| row.int("category_id")).filter(|key| *key > 0)
        });
        match groups.iter_mut().find(|(known, _)| *known == category) {
            Some((_, group)) => group.push(number),
            None => groups.push((category, vec![number])),
        }
    }
    let title = |key: i64| {
        let category = data.categories.iter().find(|item| item.record.key(&item.kind.table) == Some(key));
        category.map(|item| string(item.record.get("title")).to_lowercase())
    };
    groups.sort_by_cached_key(|(category, _)| (category.is_none(), category.and_then(title), *category));
    groups
}

/// How many questions of each category the test wants.
fn quiz_categories(data: &QuizData<'_>) -> Vec<(i64, i64)> {
    let rows: &[Record] = data.quiz.record.children_of(&data.quiz.kind.table, "c_quiz_rel_category");
    rows.iter().filter_map(|row| Some((row.int("category_id")?, row.int("count_questions").unwrap_or(0)))).collect()
}
