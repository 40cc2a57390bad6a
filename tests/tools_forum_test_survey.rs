//! Forums, tests and surveys: what is written reads back into the same rows, and Chamilo's own archive reads into the
//! rows that it was made of.
#![allow(clippy::unwrap_used)]

mod reference_support;
mod support;

use std::collections::HashSet;

use coursefs::backup::resource;
use coursefs::course::document;
use coursefs::course::html::Address;
use coursefs::course::import::{Attachments, Conflict, Import, ImportError, Origin, Outcome, order};
use coursefs::course::item::{Item, Items, Record};
use coursefs::course::tool::{Files, Kind, Role, TOOLS, Table, child_columns, covers};
use coursefs::course::{Course, Stamp};
use coursefs::php::{self, Limits, Value as Php, Writer};
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseExt, Value};
use coursefs::portal::schema;
use coursefs::sample;
use support::portals;

const OURS: [&str; 3] = ["Forum", "Test", "Survey"];

fn kinds() -> impl Iterator<Item = &'static Kind> {
    TOOLS.iter().filter(|tool| OURS.contains(&tool.name)).flat_map(|tool| tool.kinds)
}

fn load(portal: &Portal, code: &str) -> Items {
    let loaded = portal.database().read(|session| {
        let course = session.row("SELECT * FROM course WHERE code = ?", &[code.into()])?.unwrap();
        let documents = document::load(session, course.int("id").unwrap())?;
        Items::load(session, course, documents.iter().map(|document| (document.path.clone(), document.iid)).collect())
    });
    loaded.unwrap()
}

fn execute(portal: &Portal, statements: &[&str]) {
    let done = portal.database().write(|session| {
        for sql in statements {
            session.execute(sql, &[])?;
        }
        Ok::<_, coursefs::portal::database::DatabaseError>(())
    });
    done.unwrap();
}

fn one(portal: &Portal, sql: &str) -> i64 {
    portal.database().read(|session| session.row(sql, &[])).unwrap().unwrap().int("n").unwrap()
}

/// The map of resources as an archive has it.
fn resources(items: &Items) -> Php<'static> {
    let mut writer = Writer::new(Vec::new());
    writer.begin_array(resource::count(items));
    resource::write_all(items, &mut writer);
    writer.end();
    let bytes = writer.finish();
    php::read(&bytes, &Limits::default()).unwrap().0.into_owned()
}

fn read(resources: &Php<'_>, kind: &'static Kind) -> Vec<Item> {
    let found = resource::read(kind, resources.get(kind.key).unwrap_or(&Php::Null));
    assert!(found.strange.is_empty(), "{}: {:?}", kind.key, found.strange);
    found.items
}

/// What differs between two records in columns that count (`told`), with their places.
fn differences(
    table: &'static Table,
    ours: &Record,
    theirs: &Record,
    told: &dyn Fn(&Table, &str) -> bool,
    found: &mut Vec<String>,
) {
    if told(table, table.key) && ours.key(table) != theirs.key(table) {
        found.push(format!("{}: key {:?} and {:?}", table.name, ours.key(table), theirs.key(table)));
    }
    let columns: HashSet<&str> = ours.iter().chain(theirs.iter()).map(|(column, _)| column).collect();
    for column in columns {
        // What a record says nothing of becomes the column's empty value when it is imported.
        let known = schema::columns(table.name).iter().find(|known| known.name == column);
        let empty = known.map_or(Value::Null, schema::Column::empty);
        let text = |record: &Record| record.find(column).unwrap_or(&empty).to_text();
        let (our, their) = (text(ours), text(theirs));
        let counts = !matches!(table.role(column), Role::Key | Role::Session) && told(table, column);
        if counts && our != their {
            let shown = |text: Option<Vec<u8>>| text.map(|text| String::from_utf8(text).unwrap());
            found.push(format!("{}.{column}: {:?} and {:?}", table.name, shown(our), shown(their)));
        }
    }
    for (place, child) in table.children.iter().enumerate() {
        let (ours, theirs) = (&ours.children[place], &theirs.children[place]);
        if child.users_own || !told(child, "") {
            continue;
        }
        if ours.len() != theirs.len() {
            found.push(format!("{}: {} and {} rows", child.name, ours.len(), theirs.len()));
        }
        for (our, their) in ours.iter().zip(theirs) {
            differences(child, our, their, told, found);
        }
    }
}

fn assert_round_trip(items: &Items) {
    let resources = resources(items);
    let mut found = Vec::new();
    for kind in kinds() {
        let back = read(&resources, kind);
        assert_eq!(items.of(kind.key).len(), back.len(), "{}", kind.key);
        for (item, back) in items.of(kind.key).iter().zip(&back) {
            // The keys of rows that are listed by what they hold are made anew.
            let told = |table: &Table, column: &str| {
                column != table.key || !["c_quiz_rel_question", "c_survey_question_option"].contains(&table.name)
            };
            differences(&kind.table, &item.record, &back.record, &told, &mut found);
            let rows = |item: &Item| -> Vec<Vec<Option<Vec<u8>>>> {
                item.properties.iter().map(|row| row.iter().map(|(_, value)| value.to_text()).collect()).collect()
            };
            assert_eq!(rows(item), rows(back), "{} {:?}", kind.key, item.key());
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A sample portal with rows that only living portals have.
fn varied() -> (tempfile::TempDir, Portal) {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    let courses = sample::fill(&portal).unwrap();
    let (geo, bio) = (courses[0].id, courses[2].id);
    let first = |table: &str, course| one(&portal, &format!("SELECT MIN(iid) AS n FROM {table} WHERE c_id = {course}"));
    let (quiz, post, thread) = (first("c_quiz", geo), first("c_forum_post", geo), first("c_forum_thread", geo));
    let (category, survey) = (first("c_quiz_question_category", geo), first("c_survey", geo));
    let foreign = one(&portal, &format!("SELECT MIN(question_id) AS n FROM c_quiz_answer WHERE c_id = {bio}"));
    execute(
        &portal,
        &[
            &format!("UPDATE c_forum_forum SET forum_image = 'volcan.png', lp_id = 7 WHERE c_id = {geo}"),
            &format!("UPDATE c_forum_thread SET lp_item_id = 9 WHERE iid = {thread}"),
            &format!("UPDATE c_forum_post SET post_parent_id = NULL WHERE iid = {post}"),
            &format!(
                "INSERT INTO c_forum_attachment (c_id, path, comment, size, post_id, filename)
                 VALUES ({geo}, 'first', 'one', 3, {post}, 'a.txt'), ({geo}, 'second', 'two', 4, {post}, 'b.txt')"
            ),
            &format!("UPDATE c_quiz SET sound = 'tremor.mp3', question_selection_type = 4 WHERE iid = {quiz}"),
            &format!(
                "INSERT INTO c_quiz_rel_question (c_id, question_order, question_id, exercice_id)
                 VALUES ({geo}, 99, {foreign}, {quiz})"
            ),
            &format!(
                "INSERT INTO c_quiz_rel_category (c_id, category_id, exercise_id, count_questions)
                 VALUES ({geo}, {category}, {quiz}, 3)"
            ),
            // A question with degrees of certainty, in two categories, with a picture of old days.
            &format!(
                "INSERT INTO c_quiz_question (iid, c_id, question, ponderation, position, type, picture, level)
                 VALUES (70001, {geo}, 'Certain?', 1.5, 1, 22, 'quiz-1.jpg', 1)"
            ),
            &format!(
                "INSERT INTO c_quiz_question_option (iid, c_id, question_id, name, position)
                 VALUES (80001, {geo}, 70001, 'True', 1), (80002, {geo}, 70001, 'False', 2)"
            ),
            &format!(
                "INSERT INTO c_quiz_answer (id_auto, c_id, question_id, answer, correct, position, destination)
                 VALUES (0, {geo}, 70001, 'Yes', 80002, 1, '1@@x'), (0, {geo}, 70001, 'No', 4, 2, '')"
            ),
            &format!(
                "INSERT INTO c_quiz_question_rel_category (c_id, category_id, question_id)
                 VALUES ({geo}, {category}, 70001), ({geo}, {category} + 1, 70001)"
            ),
            &format!(
                "INSERT INTO c_survey_group (iid, c_id, id, name, description, survey_id)
                 VALUES (60001, {geo}, 60001, 'Group', 'of questions', {survey})"
            ),
            &format!("UPDATE c_survey_question SET survey_group_pri = 60001 WHERE survey_id = {survey}"),
            &format!("UPDATE c_survey SET shuffle = 1, mail_subject = 'Hello', anonymous = '1' WHERE iid = {survey}"),
        ],
    );
    (folder, portal)
}

#[test]
fn the_samples_items_read_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    for course in sample::fill(&portal).unwrap() {
        let items = load(&portal, std::str::from_utf8(&course.code).unwrap());
        for kind in kinds().filter(|_| course.code == b"GEO101") {
            assert!(!items.of(kind.key).is_empty(), "{} has none to compare", kind.key);
        }
        assert_round_trip(&items);
    }
}

#[test]
fn rows_that_chamilos_form_has_no_place_for_read_back_too() {
    let (_folder, portal) = varied();
    assert_round_trip(&load(&portal, "GEO101"));
    assert_round_trip(&load(&portal, "BIO110"));
}

#[test]
fn the_reference_courses_items_read_back_as_they_were_written() {
    let (_folder, portal) = reference_support::portal();
    assert_round_trip(&load(&portal, reference_support::CODE));
}

#[test]
fn chamilos_own_archive_reads_into_the_rows_it_was_made_of() {
    let (_folder, portal) = reference_support::portal();
    let items = load(&portal, reference_support::CODE);
    let course = reference_support::course_of(&reference_support::chamilos_backup());
    let resources = course.get("resources").unwrap();
    let mut found = Vec::new();
    for kind in kinds() {
        let told = |table: &Table, column: &str| {
            let keyless = ["c_quiz_rel_question", "c_survey_question_option"].contains(&table.name);
            match (table.name == kind.table.name, column == table.key) {
                (_, true) => !keyless,
                (true, false) => covers(kind, column),
                (false, false) => child_columns(kind, table.name)
                    .is_some_and(|columns| column.is_empty() || columns.contains(&column)),
            }
        };
        let read = read(resources, kind);
        for theirs in &read {
            let key = theirs.record.key(&kind.table);
            let ours = items.of(kind.key).iter().find(|item| item.record.key(&kind.table) == key).unwrap();
            differences(&kind.table, &ours.record, &theirs.record, &told, &mut found);
        }
        // Posts are the first ones of threads, and deleted tests are left out.
        let all = items.of(kind.key).iter().filter(|item| item.record.int("active") != Some(-1)).count();
        assert!(read.len() == all || kind.key == "post", "{}", kind.key);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_question_has_a_number_in_archives_that_no_portal_has_reached() {
    let (_folder, portal) = varied();
    let resources = resources(&load(&portal, "GEO101"));
    let numbers = |kind: &str| -> Vec<i64> {
        resources
            .get(kind)
            .unwrap()
            .entries()
            .iter()
            .map(|(key, _)| key.plain().as_ref().to_vec())
            .map(|key| String::from_utf8(key).unwrap().parse().unwrap())
            .collect()
    };
    let questions = numbers("Exercise_Question");
    assert!(questions.iter().all(|key| *key > 1_500_000_000), "{questions:?}");
    let mut listed = HashSet::new();
    for (_, test) in resources.get("quiz").unwrap().entries() {
        for (_, key) in test.get("obj").unwrap().get("question_ids").map_or(&[][..], Php::entries) {
            assert!(questions.contains(&key.as_int().unwrap()));
            listed.insert(key.as_int().unwrap());
        }
    }
    assert_eq!(listed.len(), questions.len(), "each stands in a test or in the pseudo test");
}

#[test]
fn the_pseudo_test_stands_in_every_archive_last_and_in_the_courses_language() {
    let (_folder, portal) = varied();
    for (code, title) in
        [("GEO101", "Questions orphelines"), ("HIST20", "Preguntas huérfanas"), ("BIO110", "Orphan questions")]
    {
        let resources = resources(&load(&portal, code));
        let (key, test) = resources.get("quiz").unwrap().entries().last().unwrap();
        assert_eq!(*key, php::Key::Int(-1));
        assert_eq!(test.get("obj").unwrap().get("title").unwrap().as_text().unwrap(), title);
    }
    execute(&portal, &["DELETE FROM c_quiz", "DELETE FROM c_quiz_question"]);
    let resources = resources(&load(&portal, "GEO101"));
    assert_eq!(resources.get("quiz").unwrap().entries().len(), 1);
    assert!(read(&resources, kinds().find(|kind| kind.key == "quiz").unwrap()).is_empty(), "it is no test");
}

#[test]
fn a_question_taken_over_from_another_course_is_archived_and_never_deleted() {
    let (_folder, portal) = varied();
    let of = |code| one(&portal, &format!("SELECT id AS n FROM course WHERE code = '{code}'"));
    let bio = of("BIO110");
    let items = load(&portal, "GEO101");
    let kind = kinds().find(|kind| kind.key == "Exercise_Question").unwrap();
    let mut foreign = items.of(kind.key).iter().filter(|item| item.record.int("c_id") == Some(bio));
    let (question, none) = (foreign.next().unwrap(), foreign.next());
    assert!(none.is_none(), "only what the tests use");
    let answers = question.record.children_of(&kind.table, "c_quiz_answer").len();
    assert!(answers > 0);

    let key = question.record.key(&kind.table).unwrap();
    let deleted = portal.database().write(|session| {
        let course = Course::by_code(session, b"GEO101")?.unwrap();
        coursefs::course::empty::delete(session, kind, &course, &question.record)
    });
    deleted.unwrap();
    assert_eq!(one(&portal, &format!("SELECT COUNT(*) AS n FROM c_quiz_question WHERE iid = {key}")), 1);
    let left = one(&portal, &format!("SELECT COUNT(*) AS n FROM c_quiz_answer WHERE question_id = {key}"));
    assert_eq!(left as usize, answers);
}

#[test]
fn posts_of_deleted_threads_and_of_sessions_stay_out() {
    let (_folder, portal) = varied();
    let all = load(&portal, "GEO101").of("post").len();
    let geo = one(&portal, "SELECT id AS n FROM course WHERE code = 'GEO101'");
    let thread = one(&portal, &format!("SELECT MIN(thread_id) AS n FROM c_forum_thread WHERE c_id = {geo}"));
    let of_thread = one(&portal, &format!("SELECT COUNT(*) AS n FROM c_forum_post WHERE thread_id = {thread}"));
    execute(
        &portal,
        &[&format!("UPDATE c_item_property SET visibility = 2 WHERE tool = 'forum_thread' AND ref = {thread}")],
    );
    assert_eq!(load(&portal, "GEO101").of("post").len(), all - of_thread as usize);
    execute(&portal, &[&format!("UPDATE c_forum_thread SET session_id = 3 WHERE c_id = {geo}")]);
    assert_eq!(load(&portal, "GEO101").of("post").len(), 0);
}

fn question(options: &str, answers: &[i64]) -> Record {
    let answers: String = answers
        .iter()
        .enumerate()
        .map(|(place, correct)| {
            format!("i:{place};a:3:{{s:2:\"id\";i:{place};s:6:\"answer\";s:1:\"x\";s:7:\"correct\";i:{correct};}}")
        })
        .collect::<Vec<_>>()
        .join("");
    let class = "Chamilo\\CourseBundle\\Component\\CourseCopy\\Resources\\QuizQuestion";
    let count = answers.matches("answer").count();
    let properties = 2 + usize::from(!options.is_empty());
    let text = format!(
        "a:1:{{i:5;O:{}:\"{class}\":{properties}:{{s:9:\"quiz_type\";s:2:\"11\";s:7:\"answers\";a:{count}:{{{answers}}}{options}}}}}",
        class.len()
    );
    let (value, _) = php::read(text.as_bytes(), &Limits::default()).unwrap();
    let kind = kinds().find(|kind| kind.key == "Exercise_Question").unwrap();
    resource::read(kind, &value).items.remove(0).record
}

fn options(record: &Record) -> Vec<(i64, String, i64)> {
    let kind = kinds().find(|kind| kind.key == "Exercise_Question").unwrap();
    record
        .children_of(&kind.table, "c_quiz_question_option")
        .iter()
        .map(|option| {
            let name = String::from_utf8(option.bytes("name")).unwrap();
            (option.int("iid").unwrap(), name, option.int("position").unwrap())
        })
        .collect()
}

/// The option that is left under an empty key of three that had none.
const SURVIVOR: &str = "s:16:\"question_options\";a:1:{s:0:\"\";O:8:\"stdClass\":1:{s:3:\"obj\";O:8:\"stdClass\":4:{\
    s:3:\"iid\";s:2:\"42\";s:2:\"id\";N;s:4:\"name\";s:9:\"Je doute!\";s:8:\"position\";s:1:\"3\";}}}";

#[test]
fn options_that_chamilo_lost_follow_from_the_one_that_is_left() {
    let found = options(&question(SURVIVOR, &[41, 41]));
    assert_eq!(found, [(40, "True".into(), 1), (41, "False".into(), 2), (42, "Je doute!".into(), 3)]);
}

#[test]
fn options_that_contradict_the_answers_go_by_rank() {
    let found = options(&question(SURVIVOR, &[17, 12]));
    assert_eq!((found[0].0, found[1].0), (12, 17));
    assert_eq!(found.len(), 3);
    let found = options(&question("", &[8, 9, 8]));
    assert_eq!((found[0].0, found[1].0, found.len()), (8, 9, 3));
    assert!(options(&question("", &[])).is_empty());
}

#[test]
fn a_number_that_is_no_sibling_is_data() {
    let kind = kinds().find(|kind| kind.key == "Exercise_Question").unwrap();
    let record = question(SURVIVOR, &[41, 7]);
    let (_, table) = kind.table.child("c_quiz_answer").unwrap();
    let roles: Vec<bool> = record
        .children_of(&kind.table, "c_quiz_answer")
        .iter()
        .map(|answer| matches!(table.role_in("correct", answer, Some((&kind.table, &record))), Role::Reference(_)))
        .collect();
    // 41 is an option; the three follow from 42 only if all answers agree, so 7 makes them go by rank: both are.
    assert_eq!(roles, [true, true]);
    let mut other = record.clone();
    other.set("type", Value::Int(18));
    let answer = &other.children_of(&kind.table, "c_quiz_answer")[0];
    assert!(matches!(table.role_in("correct", answer, Some((&kind.table, &other))), Role::Data));
}

#[test]
fn documents_that_rows_name_by_their_files_are_keys_for_chamilo_and_names_for_us() {
    let (_folder, portal) = varied();
    let mut items = load(&portal, "GEO101");
    items.documents.insert(b"audio/tremor.mp3".to_vec(), 4711);
    items.documents.insert(b"images/quiz-1.jpg".to_vec(), 4712);
    assert_round_trip(&items);
    let archive = resources(&items);
    let holds = |kind: &str, path: [&str; 2], wanted: &str| {
        archive.get(kind).unwrap().entries().iter().any(|(_, object)| {
            let holder = if path[0].is_empty() { Some(object) } else { object.get(path[0]) };
            holder.and_then(|holder| holder.get(path[1])).and_then(Php::as_text).as_deref() == Some(wanted)
        })
    };
    assert!(holds("quiz", ["obj", "sound"], "4711"));
    assert!(holds("Exercise_Question", ["", "picture"], "4712"));

    // Chamilo's archives hold the key alone.
    let quiz = kinds().find(|kind| kind.key == "quiz").unwrap();
    let mut tests = read(&archive, quiz);
    tests.retain(|test| test.record.bytes("sound") == b"tremor.mp3");
    tests[0].record.set("sound", Value::from(b"4711".to_vec()));
    tests[0].record.set("title", Value::from(b"With a sound".to_vec()));
    let imported = portal.database().write(|session| {
        let course = Course::by_code(session, b"HIST20")?.unwrap();
        let sound = session.insert(
            "c_document",
            &[
                ("c_id", course.id.into()),
                ("path", "/audio/tremor_1.mp3".into()),
                ("title", "tremor".into()),
                ("filetype", "file".into()),
                ("size", 1.into()),
                ("readonly", 0.into()),
                ("session_id", 0.into()),
            ],
        )?;
        let address = Address { code: course.code.clone(), directory: course.directory.clone() };
        let origin = Origin { address, users: Default::default(), complete: false };
        let mut import = Import::new(session, &course, Stamp::now(1), &origin, Conflict::Skip)?;
        import.document(4711, sound);
        import.kind(quiz, tests, &mut NoFiles)?;
        Ok::<_, ImportError>(session.rows("SELECT sound FROM c_quiz WHERE title = 'With a sound'", &[])?)
    });
    assert_eq!(imported.unwrap()[0].bytes("sound"), b"tremor_1.mp3");
}

struct NoFiles;

impl Attachments for NoFiles {
    fn place(&mut self, _: &Files, name: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        Ok(Some(name.to_vec()))
    }

    fn directory(&mut self, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

/// Imports what an archive of one course holds of our tools into another; returns what became of each kind.
fn import(portal: &Portal, from: &str, into: &str, resources: &Php<'_>) -> Vec<(&'static str, Outcome)> {
    let outcome = portal.database().write(|session| {
        let course = Course::by_code(session, into.as_bytes())?.unwrap();
        let source = Course::by_code(session, from.as_bytes())?.unwrap();
        let address = Address { code: source.code.clone(), directory: source.directory.clone() };
        let users = (1..10).map(|user| (user, user)).collect();
        let origin = Origin { address, users, complete: true };
        let mut import = Import::new(session, &course, Stamp::now(1), &origin, Conflict::Skip)?;
        let there = document::load(session, course.id)?.first().map_or(0, |document| document.iid);
        for document in document::load(session, source.id)? {
            import.document(document.iid, there);
        }
        let mut outcomes = Vec::new();
        for kind in order().into_iter().filter(|kind| kinds().any(|ours| ours.key == kind.key)) {
            outcomes.push((kind.key, import.kind(kind, read(resources, kind), &mut NoFiles)?));
        }
        import.finish()?;
        Ok::<_, ImportError>(outcomes)
    });
    outcome.unwrap()
}

#[test]
fn an_imported_course_has_the_same_content_and_nothing_twice() {
    let (_folder, portal) = varied();
    execute(&portal, &["UPDATE c_forum_forum SET lp_id = 0", "UPDATE c_forum_thread SET lp_item_id = 0"]);
    let archive = resources(&load(&portal, "GEO101"));
    for (kind, outcome) in import(&portal, "GEO101", "HIST20", &archive) {
        assert_eq!(outcome.equal, 0, "{kind}");
        assert!(outcome.added > 0 && outcome.conflicts.is_empty(), "{kind}: {outcome:?}");
    }
    for (kind, outcome) in import(&portal, "GEO101", "HIST20", &archive) {
        assert_eq!(outcome.added, 0, "{kind}: {outcome:?}");
    }
    // What the copy refers to is its own.
    let course = one(&portal, "SELECT id AS n FROM course WHERE code = 'HIST20'");
    let strays = [
        "SELECT COUNT(*) AS n FROM c_forum_post p JOIN c_forum_thread t ON t.thread_id = p.thread_id
         WHERE p.c_id = {c} AND (t.c_id <> {c} OR t.forum_id <> p.forum_id)",
        "SELECT COUNT(*) AS n FROM c_quiz_rel_question r LEFT JOIN c_quiz_question q ON q.iid = r.question_id
         WHERE r.c_id = {c} AND (q.c_id IS NULL OR q.c_id <> {c})",
        "SELECT COUNT(*) AS n FROM c_quiz_answer a JOIN c_quiz_question q ON q.iid = a.question_id
         LEFT JOIN c_quiz_question_option o ON o.iid = a.correct AND o.question_id = q.iid
         WHERE a.c_id = {c} AND q.type = 11 AND o.iid IS NULL",
        "SELECT COUNT(*) AS n FROM c_quiz_answer a JOIN c_quiz_question q ON q.iid = a.question_id
         LEFT JOIN c_quiz_answer b ON b.iid = a.correct AND b.question_id = q.iid
         WHERE a.c_id = {c} AND q.type = 4 AND a.correct > 0 AND b.iid IS NULL",
        "SELECT COUNT(*) AS n FROM c_survey_question_option o JOIN c_survey_question q ON q.question_id = o.question_id
         WHERE o.c_id = {c} AND (q.c_id <> {c} OR q.survey_id <> o.survey_id)",
        "SELECT COUNT(*) AS n FROM c_survey_question q LEFT JOIN c_survey_group g ON g.id = q.survey_group_pri
         WHERE q.c_id = {c} AND q.survey_group_pri > 0 AND (g.c_id IS NULL OR g.c_id <> {c})",
    ];
    for sql in strays {
        assert_eq!(one(&portal, &sql.replace("{c}", &course.to_string())), 0, "{sql}");
    }
    let kept = "SELECT COUNT(*) AS n FROM c_quiz_answer WHERE c_id = {c} AND answer = 'No' AND correct = 4";
    assert_eq!(one(&portal, &kept.replace("{c}", &course.to_string())), 1, "no sibling has that number");
}
