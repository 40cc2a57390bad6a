//! Drafts into the course: as new items, or over those that are there.
//!
//! All runs in the caller's transaction. What is there already is not made twice; what takes the place of an item keeps
//! its keys, and those of the rows below it as far as they can be told, so that students' results stay.

use std::collections::{HashMap, HashSet};

use crate::course::import::{Attachments, Change, Conflict, Import, Lost, Origin, Pair, order, pairs};
use crate::course::item::{Item, Record};
use crate::course::tool::Kind;
use crate::course::{Course, Stamp, empty, extra_field, property_rows};
use crate::portal::database::{DatabaseError, Row, Session, Value};

use super::draft::Draft;
use super::error::StoreError;
use super::form::{Belongs, kind};
use super::tree::{Place, Tree, origin};
use super::users::Users;

/// What became of a draft.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The item's place: its file, or its folder.
    pub place: Place,
    /// What happened.
    pub outcome: Outcome,
    /// References that lead to nothing yet, for [`settle`].
    pub pending: Vec<Pending>,
    /// Columns whose values the portal can't hold as the file has them: table, key and column.
    pub cut: Vec<String>,
}

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Added,
    /// It was there already, equal.
    Equal,
    /// It took the place of the one that was there.
    Changed,
}

/// A reference of a row to what is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The row's table.
    pub table: &'static str,
    /// The name of its primary key.
    pub primary: &'static str,
    /// Its primary key.
    pub row: i64,
    /// The column.
    pub column: String,
    /// The table that it leads into.
    pub target: &'static str,
    /// The path that it leads to, below the course's folder, with the fragment after `#` if it has one.
    pub path: Vec<u8>,
}

/// Adds the item of a draft, unless an equal one is in the same folder. `files` makes the folders that items have on the
/// disk; it is asked for no files, for these come by themselves.
pub fn insert(
    session: &dyn Session,
    course: &Course,
    stamp: &Stamp,
    tree: &Tree,
    draft: Draft,
    files: &mut dyn Attachments,
) -> Result<Stored, StoreError> {
    let origin = origin_of(session, course, &draft)?;
    if let Some(place) = equal(session, course, stamp, tree, &draft, &origin)? {
        return Ok(Stored { place, outcome: Outcome::Equal, pending: Vec::new(), cut: Vec::new() });
    }
    let mut import = Import::new(session, course, *stamp, &origin, Conflict::Rename)?;
    refer_to_known(&mut import, &draft);
    let main = draft.main().map(|item| (item.kind, item.record.clone()));
    let own = own_parts(&draft);
    let mut cut = Vec::new();
    let mut added = false;
    let mut kinds: HashMap<&str, Vec<Item>> = HashMap::new();
    for item in draft.items.iter().cloned() {
        kinds.entry(item.kind.key).or_default().push(item);
    }
    for kind in order() {
        let Some(items) = kinds.remove(kind.key) else { continue };
        if own.contains(kind.key) {
            // They belong to this item, however equal others are.
            for item in &items {
                import.add(item)?;
                added = true;
            }
            continue;
        }
        let outcome = import.kind(kind, items, files)?;
        if let Some(place) = outcome.conflicts.into_iter().next() {
            return Err(StoreError::Taken { place });
        }
        added |= outcome.added > 0;
        cut.extend(outcome.cut);
    }
    let Some(place) = main.and_then(|(kind, record)| place_of(&import, &draft, kind, &record, session).transpose())
    else {
        return Err(StoreError::Taken { place: String::from_utf8_lossy(&draft.title()).into_owned() });
    };
    let place = place?;
    let pending = pending(&draft, import.finish()?);
    if let (Some(made), true, Place::File(_, key)) = (draft.form.made, draft.partial.is_some(), place) {
        made(session, course, key)?;
    }
    Ok(Stored { place, outcome: if added { Outcome::Added } else { Outcome::Equal }, pending, cut })
}

/// Writes a draft over the item whose file is `file`.
pub fn update(
    session: &dyn Session,
    course: &Course,
    stamp: &Stamp,
    tree: &Tree,
    file: Place,
    draft: Draft,
) -> Result<Stored, StoreError> {
    let origin = origin_of(session, course, &draft)?;
    let mut import = Import::new(session, course, *stamp, &origin, Conflict::Skip)?;
    refer_to_known(&mut import, &draft);
    let there = tree.items_of(file);
    let mut changed = Change::Nothing;
    let mut matched: Vec<(&Item, &Item)> = Vec::new();
    let mut gone: Vec<&Item> = Vec::new();
    let mut new: Vec<&Item> = Vec::new();
    for kind in kinds_of(&draft) {
        let old: Vec<&Item> = there.iter().copied().filter(|item| item.kind.key == kind.key).collect();
        let items: Vec<&Item> = draft.items.iter().filter(|item| item.kind.key == kind.key).collect();
        for pair in pair_items(&draft, kind, &old, &items) {
            match pair {
                Pair::Both(place, number) => {
                    if let (Some(old), Some(item)) = (old.get(place), items.get(number)) {
                        import.pair(&kind.table, &old.record, &item.record);
                        matched.push((old, item));
                    }
                }
                Pair::Gone(place) => gone.extend(old.get(place)),
                Pair::New(number) => new.extend(items.get(number)),
            }
        }
    }
    // A file that was not made here tells a part of the item only: the rest stays.
    let only: Option<HashSet<&str>> = draft.partial.as_ref().map(|told| told.iter().copied().collect());
    if only.is_none() {
        for item in new {
            import.add(item)?;
            changed = Change::Content;
        }
        for item in gone {
            changed = changed.max(content(remove_part(session, course, tree, file, item)?));
        }
    }
    // The item comes last: it is edited whenever anything in its file is.
    let is_main = |item: &Item| draft.main().is_some_and(|main| std::ptr::eq(main, item));
    matched.sort_by_key(|(_, item)| is_main(item));
    for (old, item) in &matched {
        let mut touched = import.overwrite(&item.kind.table, &old.record, &item.record, None, only.as_ref())?;
        if only.is_none() {
            touched = touched.max(content(overwrite_fields(session, old, item, stamp)?));
        }
        let told = if only.is_none() { item.newest_property() } else { None };
        let edited = touched == Change::Content || (changed == Change::Content && is_main(item));
        let told = overwrite_property(session, course, stamp, &origin, old, told, edited)?;
        changed = changed.max(touched).max(told);
    }
    changed = changed.max(content(replace_series(session, course, tree, &mut import, &draft, &there)?));
    let pending = pending(&draft, import.finish()?);
    let outcome = if changed == Change::Nothing { Outcome::Equal } else { Outcome::Changed };
    Ok(Stored { place: file, outcome, pending, cut: Vec::new() })
}

fn content(changed: bool) -> Change {
    if changed { Change::Content } else { Change::Nothing }
}

/// Puts the times at which an event takes place once more in the place of those that followed from its rule before.
fn replace_series(
    session: &dyn Session,
    course: &Course,
    tree: &Tree,
    import: &mut Import<'_>,
    draft: &Draft,
    there: &[&Item],
) -> Result<bool, StoreError> {
    const PARENT: &str = "parent_event_id";
    const TIMES: [&str; 2] = ["start_date", "end_date"];
    let (Some(series), Some(main)) = (draft.series, there.first()) else { return Ok(false) };
    let key = main.record.key(&main.kind.table);
    let all = tree.items().of(main.kind.key).iter();
    let old: Vec<&Item> = all.filter(|item| key.is_some() && item.record.int(PARENT) == key).collect();
    let new: Vec<&Item> = draft.items.iter().skip(series).collect();
    let times = |items: &[&Item]| {
        let mut times: Vec<_> = items.iter().map(|item| TIMES.map(|column| item.record.bytes(column))).collect();
        times.sort_unstable();
        times
    };
    if times(&old) == times(&new) {
        return Ok(false);
    }
    for item in old {
        empty::delete(session, item.kind, course, &item.record)?;
    }
    for item in new {
        import.add(item)?;
    }
    Ok(true)
}

/// Whether a draft that was written to the name of the item `file` is another item of the same title, made at another
/// time: then it is to be added, and not to take that one's place.
pub fn is_namesake(tree: &Tree, file: Place, draft: &Draft) -> bool {
    let items = tree.items_of(file);
    let (Some(there), Some(item)) = (items.first(), draft.main()) else { return false };
    let title = draft.form.title;
    // The page of a folder is that of its folder, whenever that was made.
    let created =
        !draft.form.folder && item.newest_property().is_some_and(|row| *row.get("insert_date") != Value::Null);
    let mut before = item.clone();
    for (column, value) in &draft.before {
        before.record.set(column, Value::from(value.clone()));
    }
    created
        && item.record.bytes(title) == there.record.bytes(title)
        && origin(draft.form, &before) != origin(draft.form, there)
}

/// Sets the references that lead to something by now; returns the others.
pub fn settle(session: &dyn Session, tree: &Tree, pending: &[Pending]) -> Result<Vec<Pending>, DatabaseError> {
    let mut left = Vec::new();
    for reference in pending {
        let found = tree.resolve_reference(&reference.path).filter(|(table, _)| *table == reference.target);
        let Some((_, key)) = found else {
            left.push(reference.clone());
            continue;
        };
        let (table, column) = (reference.table, &reference.column);
        let sql = format!(
            "UPDATE `{table}` SET `{column}` = ? WHERE `{}` = ? AND (`{column}` IS NULL OR `{column}` = 0)",
            reference.primary
        );
        session.execute(&sql, &[key.into(), reference.row.into()])?;
    }
    Ok(left)
}

/// Where the draft comes from: this course, with the users that the portal knows.
fn origin_of(session: &dyn Session, course: &Course, draft: &Draft) -> Result<Origin, DatabaseError> {
    let mut users = HashMap::new();
    for (name, key) in draft.users.iter().zip(1..) {
        if let Some(user) = Users::find(session, name)? {
            users.insert(key, user);
        }
    }
    let address = crate::course::html::Address { code: course.code.clone(), directory: course.directory.clone() };
    Ok(Origin { address, users, complete: true })
}

fn refer_to_known(import: &mut Import<'_>, draft: &Draft) {
    for (table, key) in &draft.known {
        import.refer(table, *key, *key);
    }
}

/// Kinds of the draft's items, those of parts first: the item itself may refer to them.
fn kinds_of(draft: &Draft) -> Vec<&'static Kind> {
    let parts = draft.form.parts.iter().filter_map(|part| kind(part.kind));
    let mut kinds: Vec<&'static Kind> = Vec::new();
    for kind in parts.chain(draft.form.kind()) {
        if !kinds.iter().any(|known| known.key == kind.key) {
            kinds.push(kind);
        }
    }
    kinds
}

/// The kinds of parts whose items are one item's own although others may list them.
fn own_parts(draft: &Draft) -> HashSet<&'static str> {
    let listed = draft.form.parts.iter().filter(|part| matches!(part.belongs, Belongs::Listed(..)));
    listed.map(|part| part.kind).collect()
}

/// Which items of a kind take the place of which.
fn pair_items(draft: &Draft, kind: &'static Kind, there: &[&Item], new: &[&Item]) -> Vec<Pair> {
    if draft.form.kind == kind.key && draft.form.parts.iter().all(|part| part.kind != kind.key) {
        return vec![Pair::Both(0, 0)];
    }
    if draft.form.parts.iter().any(|part| matches!(part.belongs, Belongs::Below(_))) {
        // The item keeps its place at the top.
        let rest = |items: &[&Item]| -> Vec<Record> { items.iter().skip(1).map(|item| item.record.clone()).collect() };
        let (there, new) = (rest(there), rest(new));
        let pairs = pairs(&kind.table, &there.iter().collect::<Vec<_>>(), &new.iter().collect::<Vec<_>>());
        let below = pairs.into_iter().map(|pair| match pair {
            Pair::Both(there, new) => Pair::Both(there + 1, new + 1),
            Pair::Gone(there) => Pair::Gone(there + 1),
            Pair::New(new) => Pair::New(new + 1),
        });
        return std::iter::once(Pair::Both(0, 0)).chain(below).collect();
    }
    let records = |items: &[&Item]| -> Vec<Record> { items.iter().map(|item| item.record.clone()).collect() };
    let (there, new) = (records(there), records(new));
    pairs(&kind.table, &there.iter().collect::<Vec<_>>(), &new.iter().collect::<Vec<_>>())
}

/// The item in the draft's folder that says the same.
fn equal(
    session: &dyn Session,
    course: &Course,
    stamp: &Stamp,
    tree: &Tree,
    draft: &Draft,
    origin: &Origin,
) -> Result<Option<Place>, StoreError> {
    let title = draft.title();
    let candidates = tree.children(draft.folder).map(|entry| match entry.place {
        Place::Folder(kind, key) => Place::File(kind, key),
        place => place,
    });
    for candidate in candidates {
        let there = tree.items_of(candidate);
        let alike = there.len() == draft.items.len()
            && there
                .first()
                .is_some_and(|item| item.kind.key == draft.form.kind && item.record.bytes(draft.form.title) == title);
        if !alike {
            continue;
        }
        let mut import = Import::new(session, course, *stamp, origin, Conflict::Skip)?;
        refer_to_known(&mut import, draft);
        // Parts refer to the item, or the item to its parts.
        let mut items: Vec<(&Item, &Item)> = draft.items.iter().zip(there.iter().copied()).collect();
        if !own_parts(draft).is_empty() {
            items.rotate_left(1);
        }
        if items.iter().all(|(new, there)| new.kind.key == there.kind.key) && import.equal(&items)? {
            return Ok(Some(named(draft, candidate)));
        }
    }
    Ok(None)
}

/// The place of an item by its file: a folder's is the folder.
fn named(draft: &Draft, file: Place) -> Place {
    match file {
        Place::File(kind, key) if draft.form.folder => Place::Folder(kind, key),
        place => place,
    }
}

/// The place that the draft's item got.
fn place_of(
    import: &Import<'_>,
    draft: &Draft,
    kind: &'static Kind,
    record: &Record,
    session: &dyn Session,
) -> Result<Option<Place>, DatabaseError> {
    let Some(old) = record.key(&kind.table) else { return Ok(None) };
    let Some(mut key) = import.key(kind.table.name, old) else { return Ok(None) };
    let version = draft.form.parts.iter().find_map(|part| match part.belongs {
        Belongs::Version(column) => Some(column),
        _ => None,
    });
    if let Some(column) = version {
        // A page is known by the key that its versions have in common.
        let page = record.int(column).and_then(|page| import.key(kind.table.name, page));
        key = page.unwrap_or(key);
        let sql = format!("UPDATE `{}` SET `{column}` = ? WHERE `{}` = ?", kind.table.name, kind.table.primary);
        session.execute(&sql, &[key.into(), key.into()])?;
    }
    Ok(Some(named(draft, Place::File(kind.key, key))))
}

fn pending(draft: &Draft, lost: Vec<Lost>) -> Vec<Pending> {
    let waiting = |lost: Lost| {
        let (target, key) = lost.target;
        let waiting = draft.waiting.iter().find(|waiting| waiting.table == target && waiting.key == key)?;
        Some(Pending {
            table: lost.table.name,
            primary: lost.table.primary,
            row: lost.row,
            column: lost.column,
            target,
            path: waiting.path.clone(),
        })
    };
    lost.into_iter().filter_map(waiting).collect()
}

/// Removes an item of a part that the file tells no more; a question that other tests list stays.
fn remove_part(
    session: &dyn Session,
    course: &Course,
    tree: &Tree,
    file: Place,
    item: &Item,
) -> Result<bool, StoreError> {
    let Some(unit) = tree.unit(file) else { return Ok(false) };
    let key = item.record.key(&item.kind.table);
    for part in unit.form.parts.iter().filter(|part| part.kind == item.kind.key) {
        if let (Belongs::Listed(table, column, _), Some(kind)) = (part.belongs, unit.form.kind()) {
            let own = tree.main(unit).and_then(|main| main.record.key(&kind.table));
            let others = tree.items().of(kind.key).iter().filter(|other| other.record.key(&kind.table) != own);
            let mut rows = others.flat_map(|other| other.record.children_of(&kind.table, table));
            if rows.any(|row| row.int(column) == key) {
                return Ok(false);
            }
        }
    }
    empty::delete(session, item.kind, course, &item.record)?;
    Ok(true)
}

/// Makes the values of extra fields those of `item`.
fn overwrite_fields(session: &dyn Session, old: &Item, item: &Item, stamp: &Stamp) -> Result<bool, DatabaseError> {
    let (Some(of), Some(key)) = (item.kind.table.extra_fields, old.record.key(&old.kind.table)) else {
        return Ok(false);
    };
    extra_field::replace(session, of, key, (&old.fields, &item.fields), stamp)
}

/// Makes the property row of `old` say what `told` says. If the item was `touched` and the file tells no other time
/// than the row, somebody has edited it: they did it now. That the file only knows better who did something is no edit:
/// what a package brought tells nothing of users until the file of the same item comes.
fn overwrite_property(
    session: &dyn Session,
    course: &Course,
    stamp: &Stamp,
    origin: &Origin,
    old: &Item,
    told: Option<&Row>,
    touched: bool,
) -> Result<Change, DatabaseError> {
    let (Some(tool), Some(row)) = (old.kind.property_tool, old.newest_property()) else { return Ok(Change::Nothing) };
    let mut set = told.map(|told| property_rows::told_otherwise(row, told, &origin.users)).unwrap_or_default();
    let (date, user) = ("lastedit_date", "lastedit_user_id");
    let more = set.iter().any(|(column, _)| !property_rows::USERS.contains(column));
    let change = if touched || more { Change::Content } else { Change::Known };
    if change == Change::Content && !set.iter().any(|(column, _)| *column == date) {
        set.retain(|(column, _)| *column != user && *column != "lastedit_type");
        set.push((date, stamp.datetime().into()));
        set.push((user, stamp.user.into()));
        set.push(("lastedit_type", updated(tool).into()));
    }
    if set.is_empty() {
        return Ok(Change::Nothing);
    }
    property_rows::set(session, course.id, row, set)?;
    Ok(change)
}

/// Chamilo's word for an item that was changed: the tool's name in one word and `Updated`.
fn updated(tool: &str) -> Vec<u8> {
    let added = crate::course::import::added(tool);
    [added.strip_suffix(b"Added").unwrap_or(&added), b"Updated"].concat()
}
