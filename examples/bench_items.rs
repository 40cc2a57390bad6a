//! How long a course of many items takes to be written as `course_info.dat` and to be restored, for `scripts/bench`.
//!
//!     cargo run --release --example bench_items -- DIR --items 5000 --repeat 5
//!
//! It makes an embedded portal with one course in DIR (new or empty). Of 5,000 items 2,000 are questions with 4 answers
//! each, 1,000 forum posts, 500 announcements, the rest links, glossary terms, events, tests and threads; another number
//! has the same shares. It prints one line a measure: its name and the milliseconds of each sample. `build` reads the
//! rows and serializes the course (what the first look at `backup.zip` costs), `restore` puts the archive into a new
//! course, `merge` puts it there once more, which adds nothing.

mod bench_rows;

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use bench_rows::Filling;
use clap::Parser;
use coursefs::archive::Checksums;
use coursefs::backup::restore::{Options, restore};
use coursefs::backup::{Rows, Selection};
use coursefs::course::Stamp;
use coursefs::course::create::{self, NewCourse};
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseError, DatabaseExt, Value};

/// The user that an embedded portal starts with.
const ADMINISTRATOR: i64 = 1;

/// Some text as people write it, in bytes about what an announcement has.
const TEXT: &str = "<p>Bring your map, a pencil and the <em>field book</em>. We meet at the north gate, where the path \
                    begins, and walk along the moraine to the lake. Who comes by bicycle takes the lower road.</p>";

/// Measure building and restoring a course of many items
#[derive(Parser)]
struct Arguments {
    /// A new or empty folder
    dir: PathBuf,
    /// Items in the course
    #[arg(long, default_value_t = 5000)]
    items: u64,
    /// Samples of each measure
    #[arg(long, default_value_t = 5)]
    repeat: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let portal = Portal::init(&arguments.dir.join("portal"))?;
    let stamp = Stamp::now(ADMINISTRATOR);
    let new = NewCourse { code: "BENCH".into(), title: "Many items".into(), ..NewCourse::default() };
    let course = create::create(&portal, &new, &stamp)?;
    portal.database().write(|session| Filling { session, course: &course, stamp: &stamp }.fill(arguments.items))?;

    let mut build = Vec::new();
    for _ in 0..arguments.repeat {
        let begun = Instant::now();
        let loaded = Rows::load(&portal, course.id, Selection::ALL)?;
        build.push(milliseconds(begun));
        drop(loaded);
    }
    let loaded = Rows::load(&portal, course.id, Selection::ALL)?;
    let bytes = loaded.course_info.held.len();
    let archive = loaded.contents.archive(&loaded.course_info, Arc::new(Checksums::in_memory()?))?;
    let path = arguments.dir.join("backup.zip");
    std::io::copy(&mut archive.reader(), &mut File::create(&path)?)?;

    let (mut made, mut merged) = (Vec::new(), Vec::new());
    let options = Options { create: true, ..Options::default() };
    for number in 1..=arguments.repeat {
        let code = format!("COPY{number}");
        let begun = Instant::now();
        let report = restore(&portal, &code, &path, options, &mut |_, _| {})?;
        made.push(milliseconds(begun));
        let added: usize = report.items.iter().map(|(_, outcome)| outcome.added).sum();
        if added as u64 != arguments.items {
            return Err(format!("{added} items of {} were restored", arguments.items).into());
        }
        let begun = Instant::now();
        let report = restore(&portal, &code, &path, options, &mut |_, _| {})?;
        merged.push(milliseconds(begun));
        if let Some((kind, _)) = report.items.iter().find(|(_, outcome)| outcome.added > 0) {
            return Err(format!("restored twice, {kind} came twice").into());
        }
    }
    println!("bytes {bytes}");
    for (name, samples) in [("build", build), ("restore", made), ("merge", merged)] {
        let samples: Vec<String> = samples.iter().map(|sample| format!("{sample:.1}")).collect();
        println!("{name} {}", samples.join(" "));
    }
    Ok(())
}

fn milliseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}

impl Filling<'_> {
    fn fill(&self, items: u64) -> Result<(), DatabaseError> {
        let share = |of_5000: u64| items * of_5000 / 5000;
        let text = |number: u64| format!("{TEXT}<p>Note {number}.</p>");
        let title = |word: &str, number: u64| Value::from(format!("{word} {number}"));
        let (quizzes, questions, threads, posts) = (share(50), share(2000), share(100), share(1000));
        let (announcements, links, terms) = (share(500), share(500), share(500));
        let mut tests = Vec::new();
        for number in 0..quizzes {
            let quiz = [("title", title("Test", number)), ("active", 1.into()), ("random_answers", 0.into())];
            tests.push(self.row("c_quiz", "id", &quiz, Some("quiz"))?);
        }
        for number in 0..questions {
            let columns = [
                ("question", title("Which lake is it?", number)),
                ("description", text(number).into()),
                ("type", 1.into()),
                ("ponderation", 10.into()),
                ("position", (number as i64).into()),
                ("level", 1.into()),
            ];
            let question = self.row("c_quiz_question", "id", &columns, None)?;
            for place in 1..=4 {
                let columns = [
                    ("question_id", question.into()),
                    ("answer", title("The lake of number", number * 4 + place as u64)),
                    ("correct", i64::from(place == 1).into()),
                    ("ponderation", if place == 1 { 10 } else { 0 }.into()),
                    ("position", place.into()),
                ];
                let answer = self.row("c_quiz_answer", "id_auto", &columns, None)?;
                let sql = "UPDATE c_quiz_answer SET id = ? WHERE iid = ?";
                self.session.execute(sql, &[answer.into(), answer.into()])?;
            }
            if let Some(test) = number.checked_rem(quizzes).and_then(|test| tests.get(test as usize)) {
                let columns = [
                    ("question_id", question.into()),
                    ("exercice_id", (*test).into()),
                    ("question_order", (number as i64).into()),
                ];
                self.row("c_quiz_rel_question", "iid", &columns, None)?;
            }
        }
        let forum_category =
            self.row("c_forum_category", "cat_id", &[("cat_title", "All".into())], Some("forum_category"))?;
        let columns = [("forum_title", "Questions".into()), ("forum_category", forum_category.into())];
        let forum = self.row("c_forum_forum", "forum_id", &columns, Some("forum"))?;
        let mut forum_threads = Vec::new();
        // The category and the forum are items too.
        for number in 0..threads - 2 {
            let columns = [
                ("thread_title", title("Thread", number)),
                ("forum_id", forum.into()),
                ("thread_poster_id", ADMINISTRATOR.into()),
                ("thread_date", "2026-09-01 08:00:00".into()),
            ];
            forum_threads.push(self.row("c_forum_thread", "thread_id", &columns, Some("forum_thread"))?);
        }
        for number in 0..posts {
            let thread = forum_threads.get((number % (threads - 2)) as usize).copied().unwrap_or(0);
            let columns = [
                ("post_title", title("Re", number)),
                ("post_text", text(number).into()),
                ("thread_id", thread.into()),
                ("forum_id", forum.into()),
                ("poster_id", ADMINISTRATOR.into()),
                ("post_date", "2026-09-01 08:00:00".into()),
                ("visible", 1.into()),
            ];
            self.row("c_forum_post", "post_id", &columns, Some("forum_post"))?;
        }
        for number in 0..announcements {
            let columns = [("title", title("Excursion", number)), ("content", text(number).into())];
            self.row("c_announcement", "id", &columns, Some("announcement"))?;
        }
        for number in 0..links {
            let url = format!("https://example.org/lakes/{number}");
            let columns = [("title", title("Lake", number)), ("url", url.into()), ("category_id", 0.into())];
            self.row("c_link", "id", &columns, Some("link"))?;
        }
        for number in 0..terms {
            let columns = [("name", title("Moraine", number)), ("description", text(number).into())];
            self.row("c_glossary", "glossary_id", &columns, Some("glossary"))?;
        }
        for number in 0..items - quizzes - questions - threads - posts - announcements - links - terms {
            let date = || Value::from("2026-09-01 08:00:00");
            let columns = [
                ("title", title("Excursion", number)),
                ("content", text(number).into()),
                ("start_date", date()),
                ("end_date", date()),
            ];
            self.row("c_calendar_event", "id", &columns, Some("calendar_event"))?;
        }
        Ok(())
    }
}
