//! The item of a file out of the course, with all that stands in the file.

use crate::course::item::Item;
use crate::course::{Course, empty};
use crate::portal::database::{DatabaseError, Session};

use super::declared::FORMS;
use super::form::{Belongs, FileForm};
use super::tree::{Place, Tree};

/// Deletes the items of the file `file` in the transaction of `session`. What other items list too, such as a question of
/// several tests, stays. Files that rows name stay as well; the caller knows them.
pub fn remove(session: &dyn Session, course: &Course, tree: &Tree, file: Place) -> Result<(), DatabaseError> {
    let items = tree.items_of(file);
    let Some(main) = items.first() else { return Ok(()) };
    let form = FORMS.iter().find(|form| form.kind == main.kind.key);
    for (number, item) in items.iter().enumerate().rev() {
        if number > 0 && form.is_some_and(|form| is_listed_elsewhere(tree, form, main, item)) {
            continue;
        }
        empty::delete(session, item.kind, course, &item.record)?;
    }
    Ok(())
}

/// Whether another item than `main` lists `part` in a table of its own.
fn is_listed_elsewhere(tree: &Tree, form: &FileForm, main: &Item, part: &Item) -> bool {
    let lists = form.parts.iter().filter(|known| known.kind == part.kind.key);
    let mut lists = lists.filter_map(|known| match known.belongs {
        Belongs::Listed(table, column, _) => Some((table, column)),
        Belongs::By(_) | Belongs::Below(_) | Belongs::Version(_) => None,
    });
    let key = part.record.key(&part.kind.table);
    let own = main.record.key(&main.kind.table);
    lists.any(|(table, column)| {
        let others = tree.items().of(main.kind.key).iter();
        let others = others.filter(|other| other.record.key(&other.kind.table) != own);
        let mut rows = others.flat_map(|other| other.record.children_of(&other.kind.table, table));
        rows.any(|row| row.int(column) == key)
    })
}
