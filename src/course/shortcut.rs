//! Items on the course's home page: rows of `c_tool` whose link ends in the item's key.

use std::collections::HashMap;

use crate::portal::database::{DatabaseError, Row, Session, Value};

use super::tool::Shortcut;

/// Columns of a shortcut besides its keys and its link, with what Chamilo writes into them; `None` for its name and
/// picture, which depend on the item.
pub const COLUMNS: [(&str, Option<Default>); 10] = [
    ("name", None),
    ("image", None),
    ("visibility", Some(Default::Number(1))),
    ("admin", Some(Default::Text("0"))),
    ("address", Some(Default::Text("pastillegris.gif"))),
    ("added_tool", Some(Default::Number(0))),
    ("target", Some(Default::Text("_self"))),
    ("category", Some(Default::Text("authoring"))),
    ("description", Some(Default::Null)),
    ("custom_icon", Some(Default::Null)),
];

/// What stands in a column that nobody has changed.
#[derive(Clone, Copy)]
pub enum Default {
    /// A number.
    Number(i64),
    /// A text.
    Text(&'static str),
    /// NULL.
    Null,
}

impl From<Default> for Value {
    fn from(default: Default) -> Value {
        match default {
            Default::Number(number) => number.into(),
            Default::Text(text) => text.into(),
            Default::Null => Value::Null,
        }
    }
}

/// The shortcuts of course `course` by the keys of their items; of several of one item the first.
pub fn load(session: &dyn Session, shortcut: &Shortcut, course: i64) -> Result<HashMap<i64, Row>, DatabaseError> {
    let mut found = HashMap::new();
    for (key, row) in rows(session, shortcut, course)? {
        found.entry(key).or_insert(row);
    }
    Ok(found)
}

/// Whether the shortcut `row` is one that students see on the home page.
pub fn is_visible(row: &Row, shortcut: &Shortcut) -> bool {
    row.int("visibility") == Some(1) && row.as_text("image") == shortcut.image.as_bytes()
}

/// Puts the item `key`, called `name`, on the home page; `told` are the columns in which its shortcut differs from a
/// new one.
pub fn insert(
    session: &dyn Session,
    shortcut: &Shortcut,
    course: i64,
    key: i64,
    name: &[u8],
    told: Option<&Row>,
) -> Result<(), DatabaseError> {
    let mut values =
        vec![("c_id", course.into()), ("link", format!("{}{key}", shortcut.link).into()), ("session_id", 0.into())];
    let there = session.columns("c_tool")?;
    for (column, default) in COLUMNS.into_iter().filter(|(column, _)| there.iter().any(|there| there == column)) {
        let told = told.and_then(|row| row.iter().find(|(name, _)| *name == column)).map(|(_, value)| value.clone());
        let new = || match (column, default) {
            (_, Some(default)) => default.into(),
            ("name", None) => name.into(),
            (_, None) => shortcut.image.into(),
        };
        values.push((column, told.unwrap_or_else(new)));
    }
    let iid = session.insert("c_tool", &values)?;
    session.execute("UPDATE c_tool SET id = ? WHERE iid = ?", &[iid.into(), iid.into()])?;
    Ok(())
}

/// Takes the item `key` off the home page.
pub fn delete(session: &dyn Session, shortcut: &Shortcut, course: i64, key: i64) -> Result<(), DatabaseError> {
    for (of, row) in rows(session, shortcut, course)? {
        if of == key {
            session.execute("DELETE FROM c_tool WHERE iid = ?", &[row.get("iid").clone()])?;
        }
    }
    Ok(())
}

/// The shortcuts of a course with the keys of their items.
fn rows(session: &dyn Session, shortcut: &Shortcut, course: i64) -> Result<Vec<(i64, Row)>, DatabaseError> {
    let sql = "SELECT * FROM c_tool WHERE c_id = ? AND (session_id = 0 OR session_id IS NULL) ORDER BY iid";
    let rows = session.rows(sql, &[course.into()])?;
    Ok(rows.into_iter().filter_map(|row| Some((target(&row.text("link"), shortcut)?, row))).collect())
}

/// The key of the item that `link` leads to. Links of older versions have other parameters between.
fn target(link: &str, shortcut: &Shortcut) -> Option<i64> {
    let (page, parameters) = link.split_once('?')?;
    let (wanted_page, wanted) = shortcut.link.split_once('?')?;
    let (fixed, last) = wanted.rsplit_once('&')?;
    let mut parameters = parameters.split('&');
    let is_it = page == wanted_page && fixed.split('&').all(|wanted| parameters.clone().any(|other| other == wanted));
    let key = parameters.find_map(|parameter| parameter.strip_prefix(last)).filter(|_| is_it)?;
    let digits: String = key.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_item_that_its_own_parameter_names() {
        let category = Shortcut { image: "", link: "lp/lp_controller.php?action=view_category&id=" };
        let path = Shortcut { image: "", link: "lp/lp_controller.php?action=view&lp_id=" };
        let of_category = "lp/lp_controller.php?cidReq=A&id_session=0&gidReq=0&action=view_category&id=12";
        assert_eq!(target(of_category, &category), Some(12));
        assert_eq!(target(of_category, &path), None);
        assert_eq!(target("lp/lp_controller.php?action=view&lp_id=7&id_session=0", &path), Some(7));
        assert_eq!(target("lp/lp_controller.php?action=view&lp_id=7", &category), None);
        assert_eq!(target("blog/blog.php?blog_id=7", &path), None);
    }
}
