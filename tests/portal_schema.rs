//! A new portal has Chamilo's tables, and the rows without which no course can be made.
#![allow(clippy::unwrap_used)]

mod support;

use coursefs::portal::database::{DatabaseError, DatabaseExt, Session};
use support::portals;

fn in_new_portal(check: impl Fn(&dyn Session) -> Result<(), DatabaseError>) {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    portal.database().read(|session| check(session)).unwrap();
}

#[test]
fn a_new_portal_has_all_of_chamilos_tables_and_those_of_content_plugins() {
    let folder = tempfile::tempdir().unwrap();
    let tables = portals::tables(&portals::init(folder.path()));
    // 205 of Chamilo, `version`, four of plugins.
    assert_eq!(tables.len(), 210);
    assert_eq!(tables.iter().filter(|name| name.starts_with("c_")).count(), 95);
}

#[test]
fn columns_stand_in_chamilos_order() {
    let known: [(&str, &[&str]); 4] = [
        (
            "c_document",
            &["iid", "id", "c_id", "path", "comment", "title", "filetype", "size", "readonly", "session_id"],
        ),
        (
            "c_item_property",
            &[
                "iid",
                "c_id",
                "to_group_id",
                "to_user_id",
                "insert_user_id",
                "session_id",
                "id",
                "tool",
                "insert_date",
                "lastedit_date",
                "ref",
                "lastedit_type",
                "lastedit_user_id",
                "visibility",
                "start_visible",
                "end_visible",
            ],
        ),
        ("c_quiz_rel_category", &["iid", "c_id", "category_id", "exercise_id", "count_questions"]),
        ("version", &["id", "version"]),
    ];
    in_new_portal(|session| {
        for (table, columns) in known {
            assert_eq!(session.columns(table)?, columns, "{table}");
        }
        Ok(())
    });
}

#[test]
fn keys_count_by_themselves_whatever_their_integer_type() {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    let insert = |session: &dyn Session| {
        let int =
            session.insert("c_lp_category", &[("c_id", 1.into()), ("name", "a".into()), ("position", 0.into())])?;
        let bigint = session.insert("c_quiz_rel_category", &[("c_id", 1.into()), ("exercise_id", 1.into())])?;
        let unsigned = session.insert("version", &[("version", "1".into())])?;
        Ok::<_, DatabaseError>([int, bigint, unsigned])
    };
    assert_eq!(portal.database().write(insert).unwrap(), [1, 1, 1]);
}

#[test]
fn foreign_keys_are_enforced_and_the_seed_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    assert_eq!(portals::broken_keys(&portal), [""; 0]);
    let orphan = portal
        .database()
        .write(|session| session.insert("access_url_rel_course", &[("c_id", 77.into()), ("access_url_id", 1.into())]));
    let Err(DatabaseError::Statement { reason, .. }) = orphan else { panic!("course 77 does not exist") };
    assert!(reason.to_lowercase().contains("foreign key"), "{reason}");
}

#[test]
fn the_seed_holds_the_url_the_users_and_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    portal
        .database()
        .read(|session| {
            let admin = "SELECT u.status FROM admin a JOIN user u ON u.id = a.user_id WHERE u.id = 1";
            assert_eq!(session.int(admin, &[])?, Some(1));
            assert_eq!(session.int("SELECT count(*) FROM user WHERE status = 6", &[])?, Some(1));
            assert_eq!(session.int("SELECT id FROM access_url", &[])?, Some(1));
            let languages = "SELECT count(*) FROM language WHERE available = 1 \
                             AND english_name IN ('english', 'french', 'spanish')";
            assert_eq!(session.int(languages, &[])?, Some(3));
            Ok::<_, DatabaseError>(())
        })
        .unwrap();
    let settings = portal.settings().unwrap();
    assert_eq!(settings.default_quota(), 100_000_000);
    assert_eq!(settings.folder_mode(), 0o777);
    assert_eq!(settings.file_mode(), 0o666);
    assert_eq!(settings.get("platformLanguage"), Some("english"));
    assert_eq!(settings.with_subkey("course_create_active_tools", "wiki"), Some("true"));
    assert_eq!(settings.with_subkey("course_create_active_tools", "attendances"), Some("false"));
}
