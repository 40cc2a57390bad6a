//! Whether two courses of a portal are the same: all rows of all items, without what is one course's own (keys, its
//! code in links), and what their archives hold.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read as _;
use std::path::Path;

use coursefs::course::item::{Item, Record};
use coursefs::course::tool::{Kind, Role, TOOLS, Table};
use coursefs::php::{Key, Value as Php};
use coursefs::portal::Portal;
use coursefs::portal::database::{DatabaseExt, Row};

use super::rows::{load, value};
use super::{course, course_of};

/// Names of rows by table and key.
type Places = HashMap<(&'static str, i64), String>;

/// One course's side of a comparison.
pub struct Side {
    kinds: Vec<(&'static Kind, Vec<Item>)>,
    documents: Vec<Row>,
    places: Places,
    number: i64,
    code: String,
}

/// What an item says without keys and without what differs from course to course. Items are compared in the order of
/// it, since their own order may be one of keys.
fn data(item: &Item, code: &str) -> Vec<Option<String>> {
    let table = &item.kind.table;
    let columns = item.record.iter().filter(|(column, _)| matches!(table.role(column), Role::Data | Role::Html));
    let plain = |column| match table.role(column) {
        Role::Html => text(table, &item.record, column).map(|text| text.replace(code, "{C}")),
        _ => text(table, &item.record, column),
    };
    columns.map(|(column, _)| plain(column)).collect()
}

fn text(table: &Table, record: &Record, column: &str) -> Option<String> {
    value(table, record, column).map(|text| String::from_utf8_lossy(&text).into_owned())
}

impl Side {
    /// The course `code`.
    pub fn new(portal: &Portal, code: &str) -> Side {
        let loaded = load(portal, code);
        let mut kinds: Vec<_> = loaded.iter().map(|(kind, items)| (kind, items.to_vec())).collect();
        for (_, items) in &mut kinds {
            items.sort_by_cached_key(|item| data(item, code));
        }
        let number = course(portal, code);
        let sql = "SELECT d.path, d.title, d.comment, d.filetype, d.size, d.readonly, d.iid, p.visibility, \
                   p.insert_date, p.lastedit_date, p.insert_user_id, p.lastedit_user_id \
                   FROM c_document d LEFT JOIN c_item_property p ON p.c_id = d.c_id AND p.tool = 'document' \
                   AND p.ref = d.iid WHERE d.c_id = ? AND p.visibility <> 2 ORDER BY d.path";
        let documents = portal.database().read(|session| session.rows(sql, &[number.into()])).unwrap();
        let mut places = Places::new();
        for document in &documents {
            places.insert(("c_document", document.int("iid").unwrap()), document.text("path"));
        }
        for (kind, items) in &kinds {
            for (number, item) in items.iter().enumerate() {
                add_places(&kind.table, &item.record, format!("{} {number}", kind.key), &mut places);
            }
        }
        Side { kinds, documents, places, number, code: code.to_owned() }
    }

    /// How many items of a kind there are.
    pub fn count(&self, kind: &str) -> usize {
        self.kinds.iter().filter(|(known, _)| known.key == kind).map(|(_, items)| items.len()).sum()
    }

    /// Items of the course.
    pub fn items(&self) -> usize {
        self.kinds.iter().map(|(_, items)| items.len()).sum()
    }

    /// Columns of which the course holds more than one value.
    pub fn told_apart(&self) -> BTreeSet<(String, String)> {
        let mut values: BTreeMap<(String, String), BTreeSet<Option<String>>> = BTreeMap::new();
        for document in &self.documents {
            for (column, _) in document.iter() {
                let value = document.get(column).to_text().map(|text| String::from_utf8_lossy(&text).into_owned());
                values.entry(("c_document".into(), column.into())).or_default().insert(value);
            }
        }
        for (kind, items) in &self.kinds {
            for item in items {
                self.collect(&kind.table, &item.record, None, &mut values);
            }
        }
        values.into_iter().filter(|(_, values)| values.len() > 1).map(|(column, _)| column).collect()
    }

    fn collect(
        &self,
        table: &'static Table,
        record: &Record,
        parent: Option<(&Table, &Record)>,
        values: &mut BTreeMap<(String, String), BTreeSet<Option<String>>>,
    ) {
        for (column, _) in record.iter() {
            let value = self.neutral(table, record, parent, column);
            values.entry((table.name.into(), column.into())).or_default().insert(value);
        }
        for (child, records) in table.children.iter().zip(&record.children) {
            records.iter().for_each(|row| self.collect(child, row, Some((table, record)), values));
        }
    }

    /// The value of a column without what differs from course to course.
    fn neutral(
        &self,
        table: &Table,
        record: &Record,
        parent: Option<(&Table, &Record)>,
        column: &str,
    ) -> Option<String> {
        let text = text(table, record, column);
        match table.role_in(column, record, parent) {
            Role::Key if column == table.key && text.as_deref().is_some_and(|text| text.parse::<i64>().is_err()) => {
                text
            }
            Role::Key | Role::Session => None,
            Role::Html => text.map(|text| text.replace(&self.code, "{C}")),
            Role::Reference(target) | Role::Late(target) => {
                // What is no key (a file's name in an old row) stays; what leads to nothing is nothing.
                let Some(key) = text.as_deref().unwrap_or("0").parse::<i64>().ok() else { return text };
                self.places.get(&(target, key)).cloned()
            }
            _ => text,
        }
    }
}

fn add_places(table: &'static Table, record: &Record, place: String, places: &mut Places) {
    for (child, records) in table.children.iter().zip(&record.children) {
        for (number, record) in records.iter().enumerate() {
            add_places(child, record, format!("{place} {} {number}", child.name), places);
        }
    }
    if let Some(key) = record.key(table) {
        places.insert((table.name, key), place);
    }
}

/// Primary keys of rows by their places.
fn primaries(table: &'static Table, record: &Record, place: &str, found: &mut HashMap<String, i64>) {
    for (child, records) in table.children.iter().zip(&record.children) {
        for (number, record) in records.iter().enumerate() {
            primaries(child, record, &format!("{place} {} {number}", child.name), found);
        }
    }
    if let Some(key) = record.int(table.primary) {
        found.insert(place.to_owned(), key);
    }
}

/// Folders that every course has from its first day (Chamilo 1.11).
const OF_EVERY_COURSE: [&str; 3] = ["/certificates", "/chat_files", "/shared_folder"];

/// Columns of property rows that tell who did what when.
const HISTORY: [&str; 4] = ["insert_date", "lastedit_date", "insert_user_id", "lastedit_user_id"];

/// A column with another value: its table, its name, and both values in words.
pub struct Lost {
    /// The table, or the resource type.
    pub table: String,
    /// The column, empty for a whole row.
    pub column: String,
    /// Where, and what became of it.
    pub shown: String,
}

/// What differs in the rows of two courses.
pub fn differences(one: &Side, other: &Side) -> Vec<Lost> {
    let mut found = Vec::new();
    let lost = |table: &str, column: &str, shown: String| Lost { table: table.into(), column: column.into(), shown };
    if one.documents.len() != other.documents.len() {
        found.push(lost("c_document", "", format!("{} became {}", one.documents.len(), other.documents.len())));
    }
    for (document, restored) in one.documents.iter().zip(&other.documents) {
        for ((column, value), (_, there)) in document.iter().zip(restored.iter()) {
            let path = document.text("path");
            // A new course starts with folders of its own.
            let own = OF_EVERY_COURSE.contains(&path.as_str()) && HISTORY.contains(&column);
            if column != "iid" && !own && value.to_text() != there.to_text() {
                found.push(lost(
                    "c_document",
                    column,
                    format!("{path} {column}: {:?} became {:?}", document.text(column), restored.text(column)),
                ));
            }
        }
    }
    for ((kind, items), (_, restored)) in one.kinds.iter().zip(&other.kinds) {
        if items.len() != restored.len() {
            let shown = format!("{}: {} items became {}", kind.key, items.len(), restored.len());
            found.push(lost(kind.table.name, "", shown));
        }
        for (item, restored) in items.iter().zip(restored) {
            let place = format!("{}[{:?}]", kind.key, item.key());
            compare(&kind.table, [one, other], [&item.record, &restored.record], None, &place, &mut found);
            for column in ["visibility", "lastedit_type", "insert_date", "lastedit_date", "insert_user_id"] {
                let of = |item: &Item| item.newest_property().and_then(|row| row.get(column).to_text());
                if of(item) != of(restored) {
                    let shown = format!("{place} property {column}: {:?} became {:?}", of(item), of(restored));
                    found.push(lost("c_item_property", column, shown));
                }
            }
        }
    }
    found
}

fn compare(
    table: &'static Table,
    sides: [&Side; 2],
    records: [&Record; 2],
    parents: Option<(&Table, [&Record; 2])>,
    place: &str,
    found: &mut Vec<Lost>,
) {
    let parent = |side: usize| parents.map(|(table, records)| (table, records[side]));
    let mut columns: Vec<&str> = records[0].iter().chain(records[1].iter()).map(|(column, _)| column).collect();
    columns.sort_unstable();
    columns.dedup();
    for column in columns {
        let one = sides[0].neutral(table, records[0], parent(0), column);
        let other = sides[1].neutral(table, records[1], parent(1), column);
        if one != other {
            let shown = format!("{place} {}.{column}: {one:?} became {other:?}", table.name);
            found.push(Lost { table: table.name.into(), column: column.into(), shown });
        }
    }
    for ((child, rows), restored) in table.children.iter().zip(&records[0].children).zip(&records[1].children) {
        if rows.len() != restored.len() {
            let shown = format!("{place}: {} {} became {}", rows.len(), child.name, restored.len());
            found.push(Lost { table: child.name.into(), column: String::new(), shown });
        }
        for (row, restored) in rows.iter().zip(restored) {
            compare(child, sides, [row, restored], Some((table, records)), place, found);
        }
    }
}

/// What differs in the archives of two courses: entries and their bytes, and the Course objects. Where both hold
/// numbers, these may be the keys of the same thing in either course.
pub fn archive_differences(sides: [&Side; 2], archives: [&Path; 2]) -> Vec<String> {
    let mut found = Vec::new();
    let [one, other] = [entries(archives[0], &sides[0].code), entries(archives[1], &sides[1].code)];
    for name in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
        if one.get(name) != other.get(name) {
            let size = |entries: &BTreeMap<String, Vec<u8>>| entries.get(name).map(Vec::len);
            found.push(format!("{name}: {:?} bytes became {:?}", size(&one), size(&other)));
        }
    }
    let mut pairs: HashSet<(i64, i64)> = HashSet::new();
    let mut made_of = HashMap::new();
    let there: HashMap<(&str, &str), i64> =
        sides[1].places.iter().map(|((table, key), place)| ((*table, place.as_str()), *key)).collect();
    for ((table, key), place) in &sides[0].places {
        if let Some(new) = there.get(&(*table, place.as_str())) {
            made_of.insert((*table, *key), *new);
            pairs.insert((*key, *new));
            pairs.insert((key + SHIFT, new + SHIFT));
        }
    }
    let [one, other] = sides.map(|side| {
        let mut found = HashMap::new();
        for (kind, items) in &side.kinds {
            for (number, item) in items.iter().enumerate() {
                primaries(&kind.table, &item.record, &format!("{} {number}", kind.key), &mut found);
            }
        }
        found
    });
    pairs.extend(one.iter().filter_map(|(place, key)| Some((*key, *other.get(place)?))));
    pairs.insert((sides[0].number, sides[1].number));
    let [ours, theirs] = archives.map(|archive| course_of(archive).get("resources").cloned().unwrap_or(Php::Null));
    let allowed = Walk { pairs, made_of, codes: [&sides[0].code, &sides[1].code] };
    let kinds: Vec<&Key<'_>> = ours.entries().iter().map(|(key, _)| key).collect();
    if !theirs.entries().iter().map(|(key, _)| key).eq(kinds.iter().copied()) {
        found.push(format!("other resource types than {kinds:?}"));
    }
    for ((kind, ours), (_, theirs)) in ours.entries().iter().zip(theirs.entries()) {
        let kind = String::from_utf8_lossy(&kind.plain()).into_owned();
        resources(&kind, ours, theirs, &allowed, &mut found);
    }
    found
}

/// Compares each resource with the one that was made of it; their order may be one of keys.
fn resources(kind: &str, ours: &Php<'_>, theirs: &Php<'_>, allowed: &Walk<'_>, found: &mut Vec<String>) {
    if ours.entries().len() != theirs.entries().len() {
        found.push(format!("{kind}: {} became {}", ours.entries().len(), theirs.entries().len()));
    }
    let kinds = TOOLS.iter().flat_map(|tool| tool.kinds);
    let table = kinds.filter(|known| known.key == kind).map(|known| known.table.name).next().unwrap_or("c_document");
    for (key, resource) in ours.entries() {
        let is_its = |other: &Key<'_>| match (key, other) {
            (Key::Int(one), Key::Int(other)) => {
                one == other && *one < 0 || allowed.made_of.get(&(table, plain(*one))) == Some(&plain(*other))
            }
            // The one gradebook has a key of chance.
            (one, other) => one == other || kind == "gradebook",
        };
        let name = format!("{kind}.{}", String::from_utf8_lossy(&key.plain()));
        let path = resource.get("path").and_then(Php::as_text).unwrap_or_default().into_owned();
        let of_every_course = path.strip_prefix("document").is_some_and(|path| OF_EVERY_COURSE.contains(&path));
        match theirs.entries().iter().find(|(other, _)| is_its(other)) {
            Some(_) if of_every_course => {}
            Some((_, restored)) => walk(&name, resource, restored, allowed, found),
            None => found.push(format!("{name} is missing")),
        }
    }
}

/// What archives add to the numbers of questions.
const SHIFT: i64 = 1_500_000_000;

fn plain(key: i64) -> i64 {
    if key > SHIFT { key - SHIFT } else { key }
}

/// Files of an archive by name, but for the course itself; `{C}` stands for the course's code.
fn entries(archive: &Path, code: &str) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
    let mut entries = BTreeMap::new();
    for place in 0..zip.len() {
        let mut entry = zip.by_index(place).unwrap();
        let name = String::from_utf8(entry.name_raw().to_vec()).unwrap();
        if name != "course_info.dat" {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            if name.ends_with(".html") {
                bytes = String::from_utf8_lossy(&bytes).replace(code, "{C}").into_bytes();
            }
            entries.insert(name, bytes);
        }
    }
    entries
}

struct Walk<'a> {
    /// Keys of the same thing in either course.
    pairs: HashSet<(i64, i64)>,
    /// The key in the other course, by table.
    made_of: HashMap<(&'static str, i64), i64>,
    codes: [&'a str; 2],
}

/// Properties of property rows that are the row's own keys.
const OWN_KEYS: [&str; 2] = ["iid", "id"];

fn walk(path: &str, one: &Php<'_>, other: &Php<'_>, allowed: &Walk<'_>, found: &mut Vec<String>) {
    let pairs_of = |value: &Php<'_>| -> Option<Vec<(String, Php<'static>)>> {
        let entries = match value {
            Php::Array(entries) => entries,
            Php::Object(object) => &object.properties,
            _ => return None,
        };
        let name = |key: &Key<'_>| String::from_utf8_lossy(&key.plain()).into_owned();
        Some(entries.iter().map(|(key, value)| (name(key), value.clone().into_owned())).collect())
    };
    match (pairs_of(one), pairs_of(other)) {
        // Of several property rows (of one item in Chamilo, a fault) the newest is the item's and is restored; which one
        // that is `differences` has compared.
        (Some(one), Some(other)) if path.ends_with(".item_properties") && one.len() > 1 && other.len() == 1 => {}
        (Some(one), Some(other)) => {
            if one.len() != other.len() {
                found.push(format!("{path}: {} entries became {}", one.len(), other.len()));
            }
            for ((name, value), (there, restored)) in one.iter().zip(&other) {
                let as_key = Php::from(name.clone());
                walk(&format!("{path} (key {name})"), &as_key, &Php::from(there.clone()), allowed, found);
                let in_row = path.contains(".item_properties") || path.contains(".properties");
                if !(in_row
                    && (OWN_KEYS.contains(&name.as_str()) || ["0", "6"].contains(&name.as_str()))
                    && value.as_int().is_some())
                {
                    walk(&format!("{path}.{name}"), value, restored, allowed, found);
                }
            }
        }
        (None, None) => {
            let text =
                |value: &Php<'_>, side: usize| value.as_text().map(|text| text.replace(allowed.codes[side], "{C}"));
            let number = |value: &Php<'_>| value.as_text()?.parse::<i64>().ok();
            let same_thing = number(one).zip(number(other)).is_some_and(|pair| allowed.pairs.contains(&pair));
            // A second key that was empty, as in rows of some versions, is filled (6 is its place in property rows).
            let filled = (path.ends_with(".id") || path.ends_with(".6")) && one.is_null() && number(other).is_some();
            // Titles that name the course stay as they are; the gradebook has a key of chance.
            let same =
                one.as_text() == other.as_text() || path.starts_with("gradebook.") && path.ends_with(".source_id");
            if !same && text(one, 0) != text(other, 1) && !same_thing && !filled {
                found.push(format!("{path}: {:?} became {:?}", text(one, 0), text(other, 1)));
            }
        }
        _ => found.push(format!("{path}: another type")),
    }
}
