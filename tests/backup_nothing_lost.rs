//! What hangs on items without being theirs comes back from our archive too: extra fields, tags, property rows with
//! their audience, shortcuts, small pictures; and what is damaged comes back once.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use coursefs::portal::database::{DatabaseExt, Row, Value};
use coursefs::portal::schema;
use support::{TestCourse, TestPortal};

const COPY: &str = "COP000";

/// The reference course, and what a test makes of it.
struct Reference<'p> {
    portal: &'p TestPortal,
    course: TestCourse<'p>,
}

impl<'p> Reference<'p> {
    fn new(portal: &'p TestPortal) -> Reference<'p> {
        Reference { portal, course: portal.reference_course() }
    }

    fn execute(&self, sql: &str) {
        self.portal.execute(sql, &[]);
    }

    /// The first number that a statement gives for the course.
    fn number(&self, sql: &str) -> i64 {
        let rows = self.portal.rows(sql, &[self.course.id().into()]);
        rows.first().and_then(|row| row.iter().next().and_then(|(_, value)| value.as_int())).expect(sql)
    }

    fn archive(&self) -> PathBuf {
        let file = self.portal.aside("archive.zip");
        std::fs::write(&file, self.course.backup()).unwrap();
        file
    }

    /// Restores the course's archive as another course; what the command says.
    fn copy(&self) -> (TestCourse<'p>, String) {
        let archive = self.archive();
        let said = restored(self.portal, &archive);
        (self.portal.existing(COPY), said)
    }
}

fn restored(portal: &TestPortal, archive: &std::path::Path) -> String {
    let done = portal.coursefs(&[&"restore", &portal.root(), &COPY, &archive, &"--create"]).done();
    String::from_utf8(done.stdout).unwrap()
}

/// The texts of columns, row by row.
fn texts(rows: &[Row]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(|(name, _)| row.text(name)).collect()).collect()
}

/// Expects that restoring once more adds nothing.
fn adds_nothing(portal: &TestPortal, archive: &std::path::Path) {
    let said = restored(portal, archive);
    let added: Vec<&str> = said.lines().filter(|line| line.contains(" added") && !line.contains(": 0 added")).collect();
    assert!(added.is_empty(), "a second restore adds: {added:?}");
}

#[test]
fn extra_fields_and_tags_of_steps_dates_and_documents_come_back() {
    let portal = TestPortal::new();
    let reference = Reference::new(&portal);
    let field = |id: i64, of: i64, kind: i64| {
        let sql = "INSERT INTO extra_field (id, extra_field_type, field_type, variable, display_text, created_at) \
                   VALUES (?, ?, ?, ?, 'Shown', '2026-01-01 00:00:00')";
        portal.execute(sql, &[id.into(), of.into(), kind.into(), format!("field{id}").into()]);
    };
    let step = reference.number("SELECT max(iid) FROM c_lp_item WHERE c_id = ?");
    let path = reference.number("SELECT max(iid) FROM c_lp WHERE c_id = ?");
    let date = reference.number("SELECT max(iid) FROM c_attendance_calendar WHERE c_id = ?");
    let document = reference.number("SELECT max(iid) FROM c_document WHERE c_id = ? AND filetype = 'file'");
    for (number, of, item) in [(101, 7, step), (102, 25, date), (103, 23, document), (104, 6, path)] {
        field(number, of, 1);
        field(number + 100, of, 10);
        let sql = "INSERT INTO extra_field_values (field_id, value, item_id, comment, created_at, updated_at) \
                   VALUES (?, ?, ?, 'why', '2026-01-01 00:00:00', '2026-01-01 00:00:00')";
        portal.execute(sql, &[number.into(), format!("value of {number}").into(), item.into()]);
        for (tag, name) in [(number, "deep"), (number + 1000, "blue sea")] {
            let sql = "INSERT INTO tag (id, tag, field_id, `count`) VALUES (?, ?, ?, 1)";
            portal.execute(sql, &[tag.into(), name.into(), (number + 100).into()]);
            let sql = "INSERT INTO extra_field_rel_tag (field_id, tag_id, item_id) VALUES (?, ?, ?)";
            portal.execute(sql, &[(number + 100).into(), tag.into(), item.into()]);
        }
    }
    let (copy, _) = reference.copy();
    let found = |table: &str, course: i64| {
        let sql = format!(
            "SELECT v.field_id, v.value, v.comment FROM extra_field_values v JOIN {table} i ON i.iid = v.item_id \
             WHERE i.c_id = ? AND v.field_id > 100 AND v.field_id < 200 AND v.field_id IN \
                   (SELECT id FROM extra_field WHERE extra_field_type = ?) ORDER BY v.id"
        );
        let tags = format!(
            "SELECT v.field_id, t.tag, t.`count` FROM extra_field_rel_tag v JOIN tag t ON t.id = v.tag_id \
             JOIN {table} i ON i.iid = v.item_id WHERE i.c_id = ? AND v.field_id IN \
             (SELECT id FROM extra_field WHERE extra_field_type = ?) ORDER BY v.id"
        );
        let kind = match table {
            "c_lp_item" => 7,
            "c_attendance_calendar" => 25,
            "c_document" => 23,
            _ => 6,
        };
        let params: [Value; 2] = [course.into(), kind.into()];
        [texts(&portal.rows(&sql, &params)), texts(&portal.rows(&tags, &params))].concat()
    };
    for (number, table) in [(101, "c_lp_item"), (102, "c_attendance_calendar"), (103, "c_document"), (104, "c_lp")] {
        let tags = (number + 100).to_string();
        let wanted = [
            vec![number.to_string(), format!("value of {number}"), "why".into()],
            vec![tags.clone(), "deep".into(), "2".into()],
            vec![tags, "blue sea".into(), "2".into()],
        ];
        assert_eq!(found(table, copy.id()), wanted, "{table}");
    }
    adds_nothing(&portal, &portal.aside("archive.zip"));
}

/// Property rows of announcements: title, audience and visibility.
fn audiences(portal: &TestPortal, course: i64) -> Vec<Vec<String>> {
    let sql = "SELECT a.title, p.to_user_id, p.to_group_id, p.visibility, p.lastedit_date FROM c_announcement a \
               JOIN c_item_property p ON p.c_id = a.c_id AND p.tool = 'announcement' AND p.ref = a.id \
               WHERE a.c_id = ? ORDER BY p.iid";
    texts(&portal.rows(sql, &[course.into()]))
}

/// Leaves one announcement, whose property rows a test makes itself.
fn bare_announcement(reference: &Reference<'_>) -> i64 {
    let announcement = reference.number("SELECT min(id) FROM c_announcement WHERE c_id = ?");
    let course = reference.course.id();
    reference.portal.execute("DELETE FROM c_item_property WHERE tool = 'announcement' AND c_id = ?", &[course.into()]);
    let sql = "UPDATE c_announcement SET title = 'News' WHERE id = ? AND c_id = ?";
    reference.portal.execute(sql, &[announcement.into(), course.into()]);
    announcement
}

fn property(reference: &Reference<'_>, tool: &str, item: i64, to: [Value; 3], visibility: i64, day: i64) {
    let [user, group, session] = to;
    let sql = "INSERT INTO c_item_property (c_id, tool, ref, to_user_id, to_group_id, session_id, insert_user_id, \
               insert_date, lastedit_date, lastedit_type, lastedit_user_id, visibility) \
               VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, 'Sent', 1, ?)";
    let date = Value::from(format!("2026-05-0{day} 10:00:00"));
    let values = [
        reference.course.id().into(),
        tool.into(),
        item.into(),
        user,
        group,
        session,
        date.clone(),
        date,
        visibility.into(),
    ];
    reference.portal.execute(sql, &values);
}

/// Inserts a row with the columns given, and something empty in all others that need a value.
fn insert(portal: &TestPortal, table: &str, given: &[(&str, Value)]) {
    let mut values: Vec<(&str, Value)> = given.to_vec();
    for column in schema::columns(table).iter().filter(|column| !column.is_nullable()) {
        if !given.iter().any(|(name, _)| *name == column.name) && !["iid", "id"].contains(&column.name) {
            values.push((column.name, column.empty()));
        }
    }
    portal.portal.database().write(|session| session.insert(table, &values)).unwrap();
}

/// A group of the course, and a session.
fn group_and_session(reference: &Reference<'_>) {
    let course: Value = reference.course.id().into();
    let group = [("iid", 70.into()), ("id", 70.into()), ("c_id", course), ("name", "Divers".into())];
    insert(reference.portal, "c_group_info", &group);
    insert(reference.portal, "session", &[("id", 9.into()), ("name", "Spring".into())]);
}

#[test]
fn every_property_row_of_an_item_comes_back_with_its_audience() {
    let portal = TestPortal::new();
    let reference = Reference::new(&portal);
    group_and_session(&reference);
    let announcement = bare_announcement(&reference);
    let nobody = || [Value::Null, Value::Null, Value::Null];
    property(&reference, "announcement", announcement, nobody(), 1, 1);
    property(&reference, "announcement", announcement, [1.into(), Value::Null, Value::Null], 0, 2);
    property(&reference, "announcement", announcement, [Value::Null, 70.into(), Value::Null], 1, 3);
    property(&reference, "announcement", announcement, [Value::Null, Value::Null, 9.into()], 1, 4);
    let (copy, _) = reference.copy();
    let row = |user: &str, visibility: &str, day: i64| {
        ["News", user, "", visibility, &format!("2026-05-0{day} 10:00:00")].map(str::to_owned).to_vec()
    };
    assert_eq!(audiences(&portal, copy.id()), [row("", "1", 1), row("1", "0", 2)]);
    adds_nothing(&portal, &portal.aside("archive.zip"));
}

#[test]
fn what_was_for_a_group_or_a_stranger_only_is_not_shown_to_all() {
    for (user, group) in [(Value::Null, Value::from(70)), (2.into(), Value::Null)] {
        let portal = TestPortal::new();
        let reference = Reference::new(&portal);
        group_and_session(&reference);
        let strangers = user != Value::Null;
        if strangers {
            // Somebody that the archive knows and the portal does not, once the name is another's.
            reference.execute("UPDATE user SET username = 'before' WHERE id = 2");
        }
        let announcement = bare_announcement(&reference);
        property(&reference, "announcement", announcement, [user, group, Value::Null], 1, 1);
        let archive = reference.archive();
        if strangers {
            reference.execute("UPDATE user SET username = 'after' WHERE id = 2");
        }
        restored(&portal, &archive);
        let shown = audiences(&portal, portal.existing(COPY).id());
        assert_eq!(shown.len(), 1, "{shown:?}");
        assert_eq!(shown[0][1..4], ["", "", "0"], "{shown:?}");
    }
}

#[test]
fn property_rows_of_rows_below_items_come_back() {
    let portal = TestPortal::new();
    let reference = Reference::new(&portal);
    let advance = reference.number("SELECT max(id) FROM c_thematic_advance WHERE c_id = ?");
    let sql = "DELETE FROM c_item_property WHERE tool = 'thematic_advance' AND ref = ? AND c_id = ?";
    portal.execute(sql, &[advance.into(), reference.course.id().into()]);
    property(&reference, "thematic_advance", advance, [Value::Null, Value::Null, Value::Null], 0, 7);
    let (copy, _) = reference.copy();
    let sql = "SELECT p.visibility, p.lastedit_type FROM c_item_property p JOIN c_thematic_advance a \
               ON a.c_id = p.c_id AND a.id = p.ref \
               WHERE p.c_id = ? AND p.tool = 'thematic_advance' AND p.insert_date = '2026-05-07 10:00:00'";
    assert_eq!(texts(&portal.rows(sql, &[copy.id().into()])), [["0", "Sent"]]);
}

#[test]
fn a_wiki_page_without_its_first_version_stays_one_page_with_its_task() {
    let portal = TestPortal::new();
    let reference = Reference::new(&portal);
    let course = reference.course.id();
    let page = reference.number("SELECT min(id) FROM c_wiki WHERE c_id = ?");
    let title = "SELECT reflink, title FROM c_wiki WHERE c_id = ? AND id = ?";
    let title = portal.rows(title, &[course.into(), page.into()]).remove(0);
    let name = title.text("reflink");
    insert(&portal, "c_wiki_conf", &[("c_id", course.into()), ("page_id", page.into()), ("task", "Write.".into())]);
    // Two later versions.
    let sql = "UPDATE c_wiki SET page_id = ?, reflink = ?, version = id WHERE c_id = ? AND id <> ?";
    portal.execute(sql, &[page.into(), name.as_str().into(), course.into(), page.into()]);
    // Whoever tidied the table by hand left the later versions.
    portal.execute("DELETE FROM c_wiki WHERE c_id = ? AND id = ?", &[course.into(), page.into()]);
    let versions = reference.number(&format!("SELECT count(*) FROM c_wiki WHERE c_id = ? AND page_id = {page}"));
    let (copy, _) = reference.copy();
    let sql = "SELECT w.page_id, c.task FROM c_wiki w LEFT JOIN c_wiki_conf c ON c.c_id = w.c_id AND c.page_id = w.page_id \
               WHERE w.c_id = ? AND w.reflink = ? ORDER BY w.iid";
    let found = portal.rows(sql, &[copy.id().into(), name.into()]);
    assert!(versions > 1 && found.len() as i64 == versions, "{versions} {}", found.len());
    assert!(found.iter().all(|row| row.text("task") == "Write." && row.int("page_id") == found[0].int("page_id")));
    assert!(found[0].int("page_id") > Some(0));
    adds_nothing(&portal, &portal.aside("archive.zip"));
}

#[test]
fn shortcuts_of_paths_and_their_categories_come_back_as_they_were() {
    let portal = TestPortal::new();
    let reference = Reference::new(&portal);
    let course = reference.course.id();
    let path = reference.number("SELECT min(id) FROM c_lp WHERE c_id = ?");
    let category = reference.number("SELECT min(iid) FROM c_lp_category WHERE c_id = ?");
    let link = |item: String| format!("lp/lp_controller.php?cidReq=REF000&id_session=0&gidReq=0&{item}");
    let shortcuts = [
        (link(format!("action=view&lp_id={path}")), "Path", "scormbuilder.gif", 0, Value::Null),
        (link(format!("action=view_category&id={category}")), "Ways", "lp_category.gif", 1, "own.png".into()),
    ];
    for (link, name, image, visibility, icon) in &shortcuts {
        let sql = "INSERT INTO c_tool (c_id, name, link, image, visibility, admin, address, added_tool, target, \
                   category, session_id, custom_icon) VALUES (?, ?, ?, ?, ?, '0', 'x.gif', 0, '_blank', 'authoring', 0, ?)";
        let values = [
            course.into(),
            (*name).into(),
            link.as_str().into(),
            (*image).into(),
            Value::Int(*visibility),
            icon.clone(),
        ];
        portal.execute(sql, &values);
    }
    let (copy, _) = reference.copy();
    let sql = "SELECT name, link, image, visibility, target, address, custom_icon FROM c_tool \
               WHERE c_id = ? AND link LIKE 'lp/lp_controller.php?action=view%' ORDER BY name";
    let found = portal.rows(sql, &[copy.id().into()]);
    let key = |table: &str, name: &str| {
        let sql =
            format!("SELECT iid FROM {table} WHERE c_id = ? AND name = (SELECT name FROM {table} WHERE iid = {name})");
        portal.rows(&sql, &[copy.id().into()])[0].int("iid").unwrap()
    };
    let (path, category) = (key("c_lp", &path.to_string()), key("c_lp_category", &category.to_string()));
    let wanted = [
        [
            "Path",
            &format!("lp/lp_controller.php?action=view&lp_id={path}"),
            "scormbuilder.gif",
            "0",
            "_blank",
            "x.gif",
            "",
        ],
        [
            "Ways",
            &format!("lp/lp_controller.php?action=view_category&id={category}"),
            "lp_category.gif",
            "1",
            "_blank",
            "x.gif",
            "own.png",
        ],
    ];
    assert_eq!(texts(&found), wanted);
}

#[test]
fn score_words_and_skills_of_a_gradebook_come_back() {
    let portal = TestPortal::new();
    let reference = Reference::new(&portal);
    let sql = "SELECT g.id FROM gradebook_category g JOIN course c ON c.code = g.course_code WHERE c.id = ?";
    let category = reference.number(sql);
    let skill = "INSERT INTO skill (id, name, short_code, description, access_url_id, icon, status, updated_at) \
                 VALUES (6, 'Diving', '', '', 1, '', 1, '2026-01-01 00:00:00')";
    reference.execute(skill);
    for (score, word) in [(50.5, "passed"), (90.0, "excellent")] {
        let sql = "INSERT INTO gradebook_score_display (score, display, category_id, score_color_percent) VALUES (?, ?, ?, 1.5)";
        portal.execute(sql, &[score.into(), word.into(), category.into()]);
    }
    for skill in [6, 7] {
        let sql = "INSERT INTO skill_rel_gradebook (gradebook_id, skill_id, type) VALUES (?, ?, 'x')";
        portal.execute(sql, &[category.into(), skill.into()]);
    }
    reference.copy();
    let found = |columns: &str, table: &str, parent: &str| {
        let sql = format!(
            "SELECT {columns} FROM {table} t JOIN gradebook_category g ON g.id = t.{parent} \
             WHERE g.course_code = ? ORDER BY t.id"
        );
        texts(&portal.rows(&sql, &[COPY.into()]))
    };
    let scores = found("t.score, t.display, t.score_color_percent", "gradebook_score_display", "category_id");
    assert_eq!(scores, [["50.5", "passed", "1.5"], ["90", "excellent", "1.5"]]);
    // The portal has no skill 7.
    assert_eq!(found("t.skill_id, t.type", "skill_rel_gradebook", "gradebook_id"), [["6", "x"]]);
    adds_nothing(&portal, &portal.aside("archive.zip"));
}

#[test]
fn the_small_version_of_a_preview_picture_comes_along_under_the_name_of_its_picture() {
    let portal = TestPortal::new();
    let reference = Reference::new(&portal);
    let folder = reference.course.folder_on_disk().join("upload/learning_path/images");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shell.png"), b"picture").unwrap();
    std::fs::write(folder.join("shell.64.png"), b"small").unwrap();
    let path = reference.number("SELECT min(iid) FROM c_lp WHERE c_id = ?");
    portal.execute("UPDATE c_lp SET preview_image = 'shell.png' WHERE iid = ?", &[path.into()]);
    let archive = reference.archive();
    // A picture of that name that is another's.
    restored(&portal, &archive);
    let copy = portal.existing(COPY);
    let named = |course: &TestCourse<'_>| {
        let sql = "SELECT preview_image FROM c_lp WHERE c_id = ? AND preview_image <> '' ORDER BY iid";
        portal.rows(sql, &[course.id().into()]).iter().map(|row| row.text("preview_image")).collect::<Vec<_>>()
    };
    let images = |course: &TestCourse<'_>| course.folder_on_disk().join("upload/learning_path/images");
    assert_eq!(named(&copy), ["shell.png"]);
    assert_eq!(std::fs::read(images(&copy).join("shell.64.png")).unwrap(), b"small");

    let other = portal.course("OTHER");
    std::fs::create_dir_all(images(&other)).unwrap();
    std::fs::write(images(&other).join("shell.png"), b"somebody's").unwrap();
    portal.coursefs(&[&"restore", &portal.root(), &"OTHER", &archive]).done();
    let name = named(&other)[0].clone();
    let stem = name.strip_suffix(".png").expect("the extension is kept");
    assert_ne!(stem, "shell");
    assert_eq!(std::fs::read(images(&other).join(&name)).unwrap(), b"picture");
    assert_eq!(std::fs::read(images(&other).join(format!("{stem}.64.png"))).unwrap(), b"small");
}

#[test]
fn paths_and_gradebooks_with_damaged_keys_come_back_once() {
    let portal = TestPortal::new();
    let reference = Reference::new(&portal);
    let path = reference.number("SELECT min(iid) FROM c_lp WHERE c_id = ?");
    let step = format!(
        "UPDATE c_lp_item SET parent_item_id = 8888, previous_item_id = 8889, next_item_id = iid \
                        WHERE lp_id = {path}"
    );
    reference.execute(&step);
    reference.execute("UPDATE c_lp SET category_id = 777, prerequisite = 778");
    reference.execute("UPDATE c_lp_item SET prerequisite = '9999', path = '8890' WHERE item_type <> 'dir'");
    reference.execute("UPDATE gradebook_category SET parent_id = 777");
    reference.execute("UPDATE gradebook_link SET ref_id = 776");
    let (_, _) = reference.copy();
    adds_nothing(&portal, &portal.aside("archive.zip"));
    // Old portals have rows without a second key, and twice the same.
    for statement in ["UPDATE c_lp SET id = NULL", "UPDATE c_lp SET id = 5", "UPDATE c_lp_item SET id = 0"] {
        let portal = TestPortal::new();
        let reference = Reference::new(&portal);
        reference.execute(statement);
        reference.copy();
        adds_nothing(&portal, &portal.aside("archive.zip"));
    }
}

#[test]
fn of_a_million_things_that_are_not_understood_the_first_are_named_and_the_rest_counted() {
    let portal = TestPortal::new();
    let entries = 20_000;
    let mut serialized =
        b"O:48:\"Chamilo\\CourseBundle\\Component\\CourseCopy\\Course\":1:{s:9:\"resources\";a:2:{".to_vec();
    for kind in ["odd", "link"] {
        serialized.extend_from_slice(format!("s:{}:\"{kind}\";a:{entries}:{{", kind.len()).as_bytes());
        for number in 0..entries {
            serialized.extend_from_slice(format!("i:{number};N;").as_bytes());
        }
        serialized.push(b'}');
    }
    serialized.extend_from_slice(b"}}");
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(&serialized);
    let archive = portal.aside("strange.zip");
    std::fs::write(&archive, support::HandMade::default().entry("course_info.dat", text.as_bytes()).bytes()).unwrap();
    let said = restored(&portal, &archive);
    let named = said.lines().filter(|line| line.contains("not understood")).count();
    assert_eq!(named, 1000);
    assert!(said.contains(&format!("and {} more", 2 * entries - 1000)), "{}", &said[said.len() - 200..]);
}
