//! Items on the course's home page: rows of `c_tool` whose link ends in the item's key.

use std::collections::HashSet;

use crate::portal::database::{DatabaseError, Session};

use super::tool::Shortcut;

/// Keys of the items of course `course` that stand on its home page and are visible there.
pub fn load(session: &dyn Session, shortcut: &Shortcut, course: i64) -> Result<HashSet<i64>, DatabaseError> {
    let rows = rows(session, shortcut, course)?;
    Ok(rows.into_iter().filter(|(_, _, visible)| *visible).map(|(_, key, _)| key).collect())
}

/// Puts the item `key`, called `name`, on the home page.
pub fn insert(
    session: &dyn Session,
    shortcut: &Shortcut,
    course: i64,
    key: i64,
    name: &[u8],
) -> Result<(), DatabaseError> {
    let iid = session.insert(
        "c_tool",
        &[
            ("c_id", course.into()),
            ("name", name.into()),
            ("link", format!("{}{key}", shortcut.link).into()),
            ("image", shortcut.image.into()),
            ("visibility", 1.into()),
            ("admin", "0".into()),
            ("address", "pastillegris.gif".into()),
            ("added_tool", 0.into()),
            ("target", "_self".into()),
            ("category", "authoring".into()),
            ("session_id", 0.into()),
        ],
    )?;
    session.execute("UPDATE c_tool SET id = ? WHERE iid = ?", &[iid.into(), iid.into()])?;
    Ok(())
}

/// Takes the item `key` off the home page.
pub fn delete(session: &dyn Session, shortcut: &Shortcut, course: i64, key: i64) -> Result<(), DatabaseError> {
    for (iid, of, _) in rows(session, shortcut, course)? {
        if of == key {
            session.execute("DELETE FROM c_tool WHERE iid = ?", &[iid.into()])?;
        }
    }
    Ok(())
}

/// The shortcuts of a course: their own keys, those of their items, and whether they are visible.
fn rows(session: &dyn Session, shortcut: &Shortcut, course: i64) -> Result<Vec<(i64, i64, bool)>, DatabaseError> {
    let sql = "SELECT iid, link, visibility FROM c_tool \
               WHERE c_id = ? AND image = ? AND (session_id = 0 OR session_id IS NULL)";
    let rows = session.rows(sql, &[course.into(), shortcut.image.into()])?;
    // Older links have other parameters before the key.
    let parameter = shortcut.link.rsplit(['?', '&']).next().unwrap_or_default();
    let found = rows.iter().filter_map(|row| {
        let link = row.text("link");
        let (_, key) = link.split_once(parameter)?;
        let digits: String = key.chars().take_while(char::is_ascii_digit).collect();
        Some((row.int("iid")?, digits.parse().ok()?, row.int("visibility") == Some(1)))
    });
    Ok(found.collect())
}
