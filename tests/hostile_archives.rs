//! Archives that are cut, altered or blown up anywhere, and courses of shapes that nobody would write: a clear error or
//! a report, whole courses only, within bounds of memory and time.
//!
//! `tests/restore_hostile.rs` has single lies, one a test; here are all places of an archive and all properties of a
//! course, one after the other.
#![allow(clippy::unwrap_used)]

#[path = "../fuzz/checks.rs"]
#[allow(dead_code)]
mod checks;
mod support;

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coursefs::backup::restore::{Options, Report, restore};
use coursefs::php::{self, Key, Limits, Object, Value};
use coursefs::portal::database::DatabaseExt;
use support::{HandMade, Resource, TestPortal, names, portals, snapshot, start};

const COURSE: &str = "Chamilo\\CourseBundle\\Component\\CourseCopy\\Course";
const RESOURCES: &str = "Chamilo\\CourseBundle\\Component\\CourseCopy\\Resources";

/// The serialized course of the reference backup.
fn reference() -> Value<'static> {
    let archive = std::fs::read(support::reference_backup()).unwrap();
    let serialized = support::contents(&archive).serialized;
    php::read(&serialized, &Limits::default()).unwrap().0.into_owned()
}

fn text(bytes: impl Into<Vec<u8>>) -> Value<'static> {
    Value::String(bytes.into().into())
}

fn array(entries: Vec<(Key<'static>, Value<'static>)>) -> Value<'static> {
    Value::Array(entries)
}

/// A course with these resources by type.
fn course(resources: Vec<(Key<'static>, Value<'static>)>) -> Value<'static> {
    Value::object(COURSE.as_bytes(), vec![("resources".into(), array(resources)), ("code".into(), "HOSTILE".into())])
}

/// A resource whose row stands in `obj`.
fn resource(class: &str, row: Vec<(&'static str, Value<'static>)>) -> Value<'static> {
    let row = row.into_iter().map(|(name, value)| (Key::from(name), value)).collect();
    let obj = Value::object(&b"stdClass"[..], row);
    Value::object(format!("{RESOURCES}\\{class}").into_bytes(), vec![("obj".into(), obj)])
}

fn archive(course: &Value<'_>) -> HandMade {
    HandMade::default().entry("course_info.dat", STANDARD.encode(course.to_bytes()).as_bytes())
}

/// Restores into the new course `NEW`.
fn restored(portal: &TestPortal, archive: &HandMade) -> Report {
    let path = portal.aside("archive.zip");
    archive.write(&path);
    restore(&portal.portal, "NEW", &path, Options { create: true, ..Options::default() }, &mut |_, _| {}).unwrap()
}

fn small_archive() -> Vec<u8> {
    let listed = [Resource::file("document/a.txt"), Resource::file("document/b.txt"), Resource::folder("document/c")];
    HandMade::listing(&listed).entry("document/a.txt", b"a").entry("document/b.txt", b"b").bytes()
}

#[test]
fn an_archive_cut_off_at_any_byte_is_refused() {
    let portal = TestPortal::new();
    let whole = small_archive();
    let path = portal.aside("cut.zip");
    let before = snapshot(&portal);
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let options = Options { create: true, ..Options::default() };
        let error = restore(&portal.portal, "NEW", &path, options, &mut |_, _| {}).unwrap_err();
        assert!(error.to_string().contains("cut.zip"), "{length}: {error}");
    }
    assert_eq!(snapshot(&portal), before);
}

#[test]
fn an_archive_with_any_byte_altered_is_restored_whole_or_not_at_all() {
    let place = checks::Place::new();
    let whole = small_archive();
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] = if altered[at] == 0 { 0xFF } else { 0 };
        place.restore(&altered);
    }
}

#[test]
fn sizes_and_counts_that_the_table_of_contents_invents_cost_nothing() {
    let whole = small_archive();
    let end = whole.len() - 22;
    let place = checks::Place::new();
    // Entries, length of the table of contents, its offset.
    for (at, length) in [(8, 2), (10, 2), (8, 4), (12, 4), (16, 4), (12, 8)] {
        for byte in [0x00, 0x7F, 0xFE, 0xFF] {
            let mut altered = whole.clone();
            altered[end + at..end + at + length].fill(byte);
            let begun = Instant::now();
            place.restore(&altered);
            assert!(begun.elapsed() < Duration::from_secs(5), "{at} {byte}");
        }
    }
}

/// Values that no property of a course has.
fn odd_values() -> Vec<Value<'static>> {
    let deep = (0..100).fold(Value::Null, |inner, _| array(vec![(Key::Int(0), inner)]));
    vec![
        Value::Null,
        Value::Bool(true),
        Value::Int(i64::MIN),
        Value::Int(-1),
        Value::Int(99_999_999_999),
        Value::Float(f64::NAN),
        Value::Float(f64::INFINITY),
        text(""),
        text(b"\xff\xfe\0\xc3(".to_vec()),
        text("😀".repeat(300)),
        text("../../etc/passwd"),
        text("x".repeat(70_000)),
        array(vec![]),
        array(vec![(Key::Int(-5), Value::Int(1)), ("x".into(), Value::Null)]),
        deep,
        Value::object(&b"stdClass"[..], vec![]),
        Value::object(&b"PDO\xff"[..], vec![("a".into(), Value::Int(1))]),
        Value::Reference(php::Reference::Object(1)),
        Value::Reference(php::Reference::Variable(1)),
        Value::Reference(php::Reference::Variable(2)),
        Value::Enum(b"Suit:Hearts".to_vec().into()),
    ]
}

/// Calls `found` with the place of every value: names of properties from the top. Values at one place, of which there
/// is one in each entry of a list, count once.
fn places(value: &Value<'_>, path: &mut Vec<usize>, name: &str, seen: &mut HashSet<String>, all: &mut Vec<Vec<usize>>) {
    let entries: &[(Key<'_>, Value<'_>)] = match value {
        Value::Array(entries) => entries,
        Value::Object(object) => &object.properties,
        _ => &[],
    };
    for (at, (key, value)) in entries.iter().enumerate() {
        let name = match (key, value) {
            (Key::Int(_), Value::Object(object)) => format!("{name} {}", String::from_utf8_lossy(&object.class)),
            (Key::Int(_), _) => format!("{name} #"),
            (key, _) => format!("{name} {}", String::from_utf8_lossy(&key.plain())),
        };
        path.push(at);
        if seen.insert(name.clone()) {
            all.push(path.clone());
            places(value, path, &name, seen, all);
        }
        path.pop();
    }
}

fn at<'v>(value: &'v mut Value<'static>, path: &[usize]) -> &'v mut Value<'static> {
    path.iter().fold(value, |value, step| match value {
        Value::Array(entries) => &mut entries[*step].1,
        Value::Object(object) => &mut object.properties[*step].1,
        _ => unreachable!(),
    })
}

#[test]
fn a_course_with_any_property_of_another_kind_is_restored_whole_or_not_at_all() {
    let reference = reference();
    let mut all = Vec::new();
    places(&reference, &mut Vec::new(), "", &mut HashSet::new(), &mut all);
    assert!(all.len() > 300, "{}", all.len());
    let (place, odd) = (checks::Place::new(), odd_values());
    // Several places at once, each time others: every place gets every value.
    let together = 16;
    for (turn, value) in odd.iter().enumerate() {
        for group in 0..all.len().div_ceil(together * odd.len()) {
            let mut course = reference.clone();
            for number in 0..together {
                let chosen = (group * together + number) * odd.len() + turn;
                let Some(path) = all.get(chosen % all.len()) else { continue };
                // One of the others may have taken away what it lies in.
                let still = path.len() > 3 && {
                    let mut here = &course;
                    path.iter().all(|step| {
                        let next = match here {
                            Value::Array(entries) => entries.get(*step),
                            Value::Object(object) => object.properties.get(*step),
                            _ => None,
                        };
                        next.inspect(|(_, value)| here = value).is_some()
                    })
                };
                if still {
                    *at(&mut course, path) = value.clone();
                }
            }
            place.restore(&checks::archive_of(&course.to_bytes()));
        }
    }
}

#[test]
fn a_course_with_any_part_taken_out_is_restored_whole_or_not_at_all() {
    let reference = reference();
    let mut all = Vec::new();
    places(&reference, &mut Vec::new(), "", &mut HashSet::new(), &mut all);
    let place = checks::Place::new();
    for path in all.iter().step_by(5) {
        let mut course = reference.clone();
        let (last, above) = path.split_last().unwrap();
        match at(&mut course, above) {
            Value::Array(entries) => drop(entries.remove(*last)),
            Value::Object(object) => {
                let Object { properties, .. } = &mut **object;
                properties.remove(*last);
            }
            _ => unreachable!(),
        }
        place.restore(&checks::archive_of(&course.to_bytes()));
    }
}

#[test]
fn what_a_column_cant_hold_is_cut_and_reported() {
    let portal = TestPortal::new();
    let link = resource("Link", vec![("title", text("é".repeat(400))), ("url", text("https://example.org/"))]);
    let term = resource("Glossary", vec![]);
    let letters = |count: usize| portals::rare_letter().to_string().repeat(count);
    let name = text(letters(300));
    let mut term_properties = term.as_object().unwrap().clone();
    term_properties.properties.push(("name".into(), name));
    let mut link_properties = link.as_object().unwrap().clone();
    link_properties.properties.push(("title".into(), text("é".repeat(400))));
    let course = course(vec![
        ("link".into(), array(vec![(Key::Int(7), Value::Object(Box::new(link_properties)))])),
        ("glossary".into(), array(vec![(Key::Int(8), Value::Object(Box::new(term_properties)))])),
    ]);
    let report = restored(&portal, &archive(&course));
    let cut: Vec<&String> = report.items.iter().flat_map(|(_, outcome)| &outcome.cut).collect();
    assert!(cut.iter().any(|line| *line == "c_link 7: title"), "{report:?}");
    assert!(cut.iter().any(|line| *line == "c_glossary 8: name"), "{report:?}");
    assert_eq!(portal.rows("SELECT title FROM c_link", &[])[0].text("title"), "é".repeat(150));
    assert_eq!(portal.rows("SELECT name FROM c_glossary", &[])[0].text("name"), letters(255));
    let again = restored(&portal, &archive(&course));
    assert!(again.items.iter().all(|(_, outcome)| outcome.added == 0), "{again:?}");
}

#[test]
fn a_title_of_a_course_that_is_too_long_is_cut() {
    let portal = TestPortal::new();
    let info = array(vec![("title".into(), text("é".repeat(600))), ("department_url".into(), text("u".repeat(600)))]);
    let course = Value::object(COURSE.as_bytes(), vec![("resources".into(), array(vec![])), ("info".into(), info)]);
    restored(&portal, &archive(&course));
    assert_eq!(portal.rows("SELECT title FROM course", &[])[0].text("title"), "é".repeat(250));
}

#[test]
fn keys_that_are_negative_huge_or_the_same_are_made_anew() {
    let portal = TestPortal::new();
    let term = |name: &str| {
        let mut term = resource("Glossary", vec![]).as_object().unwrap().clone();
        term.properties.push(("name".into(), text(name)));
        Value::Object(Box::new(term))
    };
    let keys = [i64::MIN, -1, 0, 1, 2_147_483_648, i64::MAX];
    let terms = keys.iter().map(|key| (Key::Int(*key), term(&key.to_string())));
    let named = [("01", "a"), (" 1", "b"), ("1e0", "c"), ("x\0", "d")].map(|(key, name)| (key.into(), term(name)));
    let course = course(vec![("glossary".into(), array(terms.chain(named).collect()))]);
    restored(&portal, &archive(&course));
    let rows = portal.rows("SELECT iid, glossary_id, name FROM c_glossary", &[]);
    assert_eq!(rows.len(), 10);
    let distinct: HashSet<Option<i64>> = rows.iter().map(|row| row.int("glossary_id")).collect();
    assert_eq!(distinct.len(), 10);
    assert!(distinct.iter().all(|key| key.is_some_and(|key| (1..1000).contains(&key))), "{distinct:?}");
}

#[test]
fn classes_that_are_not_chamilos_are_reported_with_their_keys() {
    let portal = TestPortal::new();
    let other = |class: &'static [u8]| Value::object(class, vec![]);
    let course = course(vec![
        (
            "link".into(),
            array(vec![
                (Key::Int(1), other(b"SplFileObject")),
                (Key::Int(2), Value::Int(5)),
                (Key::Int(3), other(b"A\xff\0B")),
                (Key::Int(4), Value::Reference(php::Reference::Object(1))),
            ]),
        ),
        ("h5p_of_tomorrow".into(), array(vec![(Key::Int(9), other(b"H5p"))])),
    ]);
    let report = restored(&portal, &archive(&course));
    let wanted = [
        "link 1: SplFileObject",
        "link 2: no object",
        "link 3: A\u{fffd}\0B",
        "link 4: no object",
        "h5p_of_tomorrow 9: H5p",
    ];
    assert_eq!(report.not_understood, wanted);
}

#[test]
fn attachments_are_unpacked_only_under_names_that_are_names() {
    let portal = TestPortal::new();
    let odd = ["../x", "a/b", ".", "..", "", "a\0b", "/etc/passwd", &"n".repeat(4000), "good"];
    let announcement = |name: &str| {
        let mut found = resource("Announcement", vec![]).as_object().unwrap().clone();
        found.properties.push(("title".into(), text(name)));
        found.properties.push(("attachment_path".into(), text(name)));
        found.properties.push(("attachment_filename".into(), text("shown.txt")));
        Value::Object(Box::new(found))
    };
    let list = (1..).zip(odd).map(|(number, name)| (Key::Int(number), announcement(name))).collect();
    let course = course(vec![("announcement".into(), array(list))]);
    let made = odd
        .iter()
        .filter(|name| name.len() < 4000 && !name.is_empty())
        .fold(archive(&course), |made, name| made.entry(format!("upload/announcements/{name}"), b"evil"));
    let report = restored(&portal, &made);
    let folder = portal.root().join("app/courses/NEW");
    let files: Vec<String> =
        support::files_below(&folder).into_keys().filter(|path| path.contains("announce")).collect();
    assert!(files.contains(&"upload/announcements/good".to_owned()), "{files:?} {report:?}");
    let wanted = ["", "/good", "/images", "/images/index.html", "/index.html"];
    assert_eq!(files, wanted.map(|name| format!("upload/announcements{name}")), "{report:?}");
    assert!(!folder.join("x").exists() && !folder.join("upload/x").exists());
}

#[test]
fn attachments_that_a_web_server_would_run_get_other_names() {
    let portal = TestPortal::new();
    let odd = ["run.php", ".htaccess", "run.phtml", "plain.txt"];
    let announcement = |name: &str| {
        let mut found = resource("Announcement", vec![]).as_object().unwrap().clone();
        for (property, value) in [("title", name), ("attachment_path", name), ("attachment_filename", name)] {
            found.properties.push((property.into(), text(value)));
        }
        Value::Object(Box::new(found))
    };
    let list = (1..).zip(odd).map(|(number, name)| (Key::Int(number), announcement(name))).collect();
    let course = course(vec![("announcement".into(), array(list))]);
    let made = odd.iter().fold(archive(&course), |made, name| {
        made.entry(format!("upload/announcements/{name}"), format!("bytes of {name}").as_bytes())
    });
    restored(&portal, &made);
    let folder = portal.root().join("app/courses/NEW/upload/announcements");
    let sql = "SELECT path, filename FROM c_announcement_attachment ORDER BY iid";
    let rows = portal.rows(sql, &[]);
    assert_eq!(rows.len(), odd.len());
    for (row, name) in rows.iter().zip(odd) {
        let stored = row.text("path");
        assert_eq!(std::fs::read_to_string(folder.join(&stored)).unwrap(), format!("bytes of {name}"));
        assert_eq!(row.text("filename"), name);
        let is_number = stored.len() == 16 && stored.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(if name == "plain.txt" { stored == name } else { is_number }, "{name}: {stored}");
    }
}

/// Runs the command; its exit code, what it complained of, its peak memory in MiB, and the seconds it took.
fn measured(portal: &TestPortal, archive: &Path) -> (i32, String, u64, f64) {
    let script = "import resource, subprocess, sys, time\n\
                  begun = time.time()\n\
                  done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n\
                  peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024\n\
                  print(done.returncode, peak, time.time() - begun)";
    let program = env!("CARGO_BIN_EXE_coursefs");
    let output =
        start("python3", &[&"-c", &script, &program, &"restore", &portal.root(), &"NEW", &archive, &"--create"])
            .output()
            .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut words = printed.split_whitespace();
    let mut word = || words.next().unwrap_or_else(|| panic!("{printed}"));
    let (code, peak, seconds) = (word().parse().unwrap(), word().parse().unwrap(), word().parse().unwrap());
    (code, String::from_utf8_lossy(&output.stderr).into_owned(), peak, seconds)
}

/// Deflates `course_info.dat` as Chamilo's archives have it.
fn deflated(portal: &TestPortal, serialized: &[u8]) -> std::path::PathBuf {
    let raw = portal.aside("course_info.dat");
    std::fs::write(&raw, STANDARD.encode(serialized)).unwrap();
    let path = portal.aside("bomb.zip");
    support::run("zip", &[&"-qj", &path, &raw]);
    path
}

#[test]
fn bombs_in_course_info_take_bounded_memory() {
    let head = |length: usize| {
        format!("O:48:\"{COURSE}\":1:{{s:9:\"resources\";a:1:{{s:4:\"link\";a:{length}:{{").into_bytes()
    };
    let many = |entry: &dyn Fn(usize) -> String, count: usize| {
        let mut bytes = head(count);
        (0..count).for_each(|number| bytes.extend_from_slice(entry(number).as_bytes()));
        bytes.extend_from_slice(b"}}}");
        bytes
    };
    let zeros = vec![0_u8; 150 << 20];
    let long = [head(1), format!("i:1;s:{}:\"", 150 << 20).into_bytes(), zeros.clone(), b"\";}}}".to_vec()].concat();
    let bombs: [(&str, Vec<u8>, i32); 4] = [
        ("zeros", zeros, 1),
        ("one long string", long, 0),
        ("many strange entries", many(&|number| format!("i:{number};N;"), 1_000_000), 0),
        ("an array of arrays", many(&|number| format!("i:{number};a:0:{{}}"), 3_900_000), 0),
    ];
    for (name, serialized, wanted) in bombs {
        let portal = TestPortal::new();
        let path = deflated(&portal, &serialized);
        let packed = std::fs::metadata(&path).unwrap().len();
        let (code, complaint, peak, seconds) = measured(&portal, &path);
        println!("{name}: {packed} bytes packed, {peak} MiB, {seconds:.1} s, {code}");
        assert_eq!(code, wanted, "{name}: {complaint}");
        assert!(peak < 1200, "{name}: {peak} MiB");
        assert!(seconds < 60.0, "{name}: {seconds} s");
        assert!(names(&portal.root().join("app/cache")).is_empty());
    }
}

#[test]
fn a_hundred_thousand_resources_take_bounded_memory_and_time() {
    let portal = TestPortal::new();
    let term = |number: usize| {
        let mut term = resource("Glossary", vec![]).as_object().unwrap().clone();
        term.properties.push(("name".into(), text(format!("term {number}"))));
        (Key::Int(number as i64), Value::Object(Box::new(term)))
    };
    let course = course(vec![("glossary".into(), array((1..=100_000).map(term).collect()))]);
    let path = deflated(&portal, &course.to_bytes());
    let (code, complaint, peak, seconds) = measured(&portal, &path);
    println!("100,000 terms: {peak} MiB, {seconds:.1} s");
    assert_eq!(code, 0, "{complaint}");
    assert_eq!(portal.rows("SELECT iid FROM c_glossary", &[]).len(), 100_000);
    assert!(peak < 800, "{peak} MiB");
    assert!(seconds < 120.0, "{seconds} s");
}

#[test]
fn a_hundred_thousand_documents_are_not_too_many() {
    let portal = TestPortal::new();
    let property = "a:1:{i:0;a:32:{".to_owned()
        + &(0..16).map(|at| format!("s:4:\"p{at:03}\";s:2:\"xx\";i:{at};s:2:\"xx\";")).collect::<String>()
        + "}}";
    let class = format!("{RESOURCES}\\Document");
    let mut bytes = format!("O:48:\"{COURSE}\":1:{{s:9:\"resources\";a:1:{{s:8:\"document\";a:100000:{{").into_bytes();
    for number in 1..=100_000 {
        let path = format!("document/d{number:06}");
        bytes.extend_from_slice(
            format!(
                "i:{number};O:{}:\"{class}\":4:{{s:4:\"path\";s:{}:\"{path}\";s:9:\"file_type\";s:6:\"folder\";\
                 s:5:\"title\";s:1:\"t\";s:15:\"item_properties\";{property}}}",
                class.len(),
                path.len()
            )
            .as_bytes(),
        );
    }
    bytes.extend_from_slice(b"}}}");
    let path = deflated(&portal, &bytes);
    let (code, complaint, peak, seconds) = measured(&portal, &path);
    println!("100,000 folders: {} bytes, {peak} MiB, {seconds:.1} s", bytes.len());
    assert_eq!(code, 0, "{complaint}");
    let count = portal.portal.database().read(|session| session.int("SELECT count(*) FROM c_document", &[]));
    assert_eq!(count.unwrap(), Some(100_003));
    assert!(peak < 1500, "{peak} MiB");
}
