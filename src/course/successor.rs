//! References that follow an item to the one that takes its place.
//!
//! Many programs replace a file by removing it and making another (`tar x`, `unzip -o`, `git checkout`): another row, with
//! another key. Steps of learning paths and links of gradebooks that hold the old key are to lead to the new one. The
//! declarations of tools ([`TOOLS`]) say which columns refer to which table.

use crate::portal::database::{DatabaseError, Session, Value};

use super::Course;
use super::tool::{Owner, Role, TOOLS, Table};

/// Lets whatever in `course` refers to the row of `target` with the key `old` refer to the one with the key `new`.
pub fn succeed(
    session: &dyn Session,
    course: &Course,
    target: &str,
    (old, new): (i64, i64),
) -> Result<(), DatabaseError> {
    for kind in TOOLS.iter().flat_map(|tool| tool.kinds) {
        follow(session, course, &kind.table, target, (old, new))?;
    }
    Ok(())
}

fn follow(
    session: &dyn Session,
    course: &Course,
    table: &Table,
    target: &str,
    (old, new): (i64, i64),
) -> Result<(), DatabaseError> {
    let (owner, of): (&str, Value) = match table.owner {
        Owner::Number => ("c_id", course.id.into()),
        Owner::Code => ("course_code", course.code.as_slice().into()),
        // It belongs to a row of its own item, to which alone it refers.
        Owner::Parent => return follow_children(session, course, table, target, (old, new)),
    };
    for (column, role) in table.roles {
        let (deciding, cases): (&str, Vec<&str>) = match role {
            Role::Reference(table) | Role::Late(table) if *table == target => ("", Vec::new()),
            Role::ReferenceBy(deciding, cases) => {
                (deciding, cases.iter().filter(|(_, table)| *table == target).map(|(case, _)| *case).collect())
            }
            _ => continue,
        };
        if !deciding.is_empty() && cases.is_empty() || session.columns(table.name)?.iter().all(|known| known != column)
        {
            continue;
        }
        let mut sql = format!("UPDATE `{}` SET `{column}` = ? WHERE {owner} = ? AND `{column}` = ?", table.name);
        // As text, for some keys stand in columns of text, which a server does not compare with numbers.
        let mut values = vec![new.into(), of.clone(), old.to_string().into()];
        if !cases.is_empty() {
            sql.push_str(&format!(" AND `{deciding}` IN ({})", vec!["?"; cases.len()].join(", ")));
            values.extend(cases.into_iter().map(Value::from));
        }
        session.execute(&sql, &values)?;
    }
    follow_children(session, course, table, target, (old, new))
}

fn follow_children(
    session: &dyn Session,
    course: &Course,
    table: &Table,
    target: &str,
    keys: (i64, i64),
) -> Result<(), DatabaseError> {
    table.children.iter().try_for_each(|child| follow(session, course, child, target, keys))
}
