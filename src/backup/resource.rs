//! Items as the objects of an archive, and back, as their declarations in [`tool`](crate::course::tool) say.

use std::borrow::Cow;

use crate::course::item::{Item, Items, Record};
use crate::course::tool::{Form, Kind, Obj, Object, Property, Role, Source, TOOLS, Table, child_columns};
use crate::php::{Key, Sink, Value as Php, Writer};
use crate::portal::database::{Row, Value};
use crate::portal::schema;

use super::course_info::{NAMESPACE, column, text_property};
use super::extras;
use super::property_rows::PropertyRows;

/// Writes the resources of all kinds that have items, each under its key; [`count`] tells beforehand how many.
pub fn write_all<S: Sink>(items: &Items, writer: &mut Writer<S>) {
    let mut properties = PropertyRows::default();
    for (kind, found) in items.iter() {
        match &kind.form {
            Form::Object(object) if is_written(object, found, items) => {
                writer.key_str(kind.key.as_bytes());
                writer.begin_array(found.len() + usize::from(object.pseudo.is_some()));
                for item in found {
                    match archived_key(item) {
                        Value::Text(key) => writer.key_str(&key),
                        key => writer.key_int(key.as_int().unwrap_or(0)),
                    }
                    write(item, object, items, &mut properties, writer);
                }
                if let Some(pseudo) = &object.pseudo {
                    writer.key_int(pseudo.key);
                    writer.value(&(pseudo.write)(items));
                }
                writer.end();
            }
            Form::Object(_) => {}
            Form::Custom(form) => {
                if let Some(value) = form.write(kind, items) {
                    writer.key_str(kind.key.as_bytes());
                    writer.value(&value);
                }
            }
        }
    }
}

/// Whether the key of a kind is written.
fn is_written(object: &Object, found: &[Item], items: &Items) -> bool {
    !found.is_empty() || object.pseudo.is_some() || object.with.is_some_and(|other| !items.of(other).is_empty())
}

/// How many keys [`write_all`] will write.
pub fn count(items: &Items) -> usize {
    let written = items.iter().filter(|(kind, found)| match &kind.form {
        Form::Object(object) => is_written(object, found, items),
        Form::Custom(form) => form.write(kind, items).is_some(),
    });
    written.count()
}

/// The key of an item in our archives.
fn archived_key(item: &Item) -> Value {
    match item.key() {
        Value::Int(key) => Value::Int(item.kind.table.archived_key(key)),
        key => key,
    }
}

fn write<S: Sink>(
    item: &Item,
    object: &'static Object,
    items: &Items,
    properties: &mut PropertyRows,
    writer: &mut Writer<S>,
) {
    let kind = item.kind;
    let extras = extras::of(item);
    let dynamic = object.dynamic.iter().filter_map(|property| Some((property.0, value(property, item, items)?)));
    let dynamic: Vec<_> = dynamic.collect();
    // Those of all resources: source_id, destination_id, type, linked_resources, item_properties, obj, extraFields.
    let count = object.own.len() + dynamic.len() + 7 + usize::from(extras.is_some());
    writer.begin_object(format!("{NAMESPACE}Resources\\{}", kind.class).as_bytes(), count);
    if let Obj::Row { first: true, .. } = object.obj {
        obj(item, object, items, writer);
    }
    write_properties(object.own, item, items, writer);
    writer.property(b"source_id");
    match archived_key(item) {
        Value::Int(key) if object.number_keys => writer.int(key),
        key => column(writer, &key),
    }
    writer.property(b"destination_id");
    writer.int(-1);
    text_property(writer, b"type", kind.key.as_bytes());
    writer.property(b"linked_resources");
    match object.linked {
        Some((key, name)) => {
            writer.begin_array(1);
            writer.key_str(key.as_bytes());
            writer.begin_array(1);
            writer.key_int(0);
            column(writer, item.record.get(name));
            writer.end();
            writer.end();
        }
        None => {
            writer.begin_array(0);
            writer.end();
        }
    }
    let told: &[Row] = if kind.properties_archived { &item.properties } else { &[] };
    properties.write(writer, told.iter());
    if !matches!(object.obj, Obj::Row { first: true, .. }) {
        obj(item, object, items, writer);
    }
    writer.property(b"extraFields");
    writer.value(&extras::fields(&item.fields));
    for (name, value) in dynamic {
        writer.property(name.as_bytes());
        writer.value(&value);
    }
    if let Some(extras) = extras {
        writer.property(extras::NAME.as_bytes());
        writer.value(&extras);
    }
    writer.end();
}

fn obj<S: Sink>(item: &Item, object: &'static Object, items: &Items, writer: &mut Writer<S>) {
    writer.property(b"obj");
    let Obj::Row { more, zeroed, .. } = &object.obj else { return writer.null() };
    let columns = schema::columns(item.kind.table.name);
    let more = more.iter().filter_map(|property| Some((property.0, value(property, item, items)?)));
    let (instead, more): (Vec<_>, Vec<_>) = more.partition(|(name, _)| columns.iter().any(|known| known.name == *name));
    writer.begin_object(b"stdClass", columns.len() + more.len());
    for known in columns {
        writer.property(known.name.as_bytes());
        if zeroed.contains(&known.name) {
            writer.string(b"0");
        } else if let Some((_, value)) = instead.iter().find(|(name, _)| *name == known.name) {
            writer.value(value);
        } else {
            column(writer, &told(&item.kind.table, &item.record, known.name));
        }
    }
    for (name, value) in more {
        writer.property(name.as_bytes());
        writer.value(&value);
    }
    writer.end();
}

fn write_properties<S: Sink>(properties: &[Property], item: &Item, items: &Items, writer: &mut Writer<S>) {
    for property in properties {
        writer.property(property.0.as_bytes());
        match &property.1 {
            Source::Column(name) => column(writer, &told(&item.kind.table, &item.record, name)),
            _ => match value(property, item, items) {
                Some(value) => writer.value(&value),
                None => writer.null(),
            },
        }
    }
}

/// The value of a property; `None` if a special one says that it is absent.
fn value(property: &Property, item: &Item, items: &Items) -> Option<Php<'static>> {
    let table = &item.kind.table;
    let record = &item.record;
    Some(match &property.1 {
        Source::Column(name) => extras::php(&told(table, record, name)),
        Source::Null => Php::Null,
        Source::Empty => Php::EMPTY_ARRAY,
        Source::Row => Php::Array(row(table, record)),
        Source::RowWith(more) => {
            let mut members = row(table, record);
            members.extend(
                more.iter().filter_map(|property| Some((Key::from(property.0), value(property, item, items)?))),
            );
            Php::Array(members)
        }
        Source::Children(name, columns) => {
            let (_, child_table) = table.child(name)?;
            let rows = record.children_of(table, name).iter().map(|child| match columns {
                [] => Php::Array(row(child_table, child)),
                columns => {
                    let told = |column| extras::php(&told(child_table, child, column));
                    Php::Array(columns.iter().map(|(key, column)| (Key::from(*key), told(column))).collect())
                }
            });
            Php::Array((0..).zip(rows).map(|(number, row)| (Key::Int(number), row)).collect())
        }
        Source::First(name, column) => {
            record.children_of(table, name).first().map_or(Php::from(""), |child| extras::php(child.get(column)))
        }
        Source::Special(special) => return (special.write)(item, items),
    })
}

/// A row as an array by column names, with the columns of a fresh installation: Chamilo takes the keys for columns,
/// and stops at one that it does not have.
fn row(table: &Table, record: &Record) -> Vec<(Key<'static>, Php<'static>)> {
    let columns = schema::columns(table.name).iter();
    columns.map(|column| (Key::from(column.name), extras::php(&told(table, record, column.name)))).collect()
}

/// The value of a column as Chamilo's form tells it: what would stop its importer is left out.
pub fn told<'r>(table: &Table, record: &'r Record, column: &str) -> Cow<'r, Value> {
    let value = record.archived(column);
    let known = schema::columns(table.name).iter().find(|known| known.name == column);
    match table.role(column) {
        Role::Portal(_) => return Cow::Owned(Value::Null),
        Role::Private => return Cow::Owned(known.map_or(Value::Null, schema::Column::empty)),
        _ => {}
    }
    if *value != Value::Null {
        return Cow::Borrowed(value);
    }
    match known {
        Some(known) if table.never_null.contains(&column) && known.is_number() => Cow::Owned(Value::Int(0)),
        Some(_) if table.never_null.contains(&column) => Cow::Owned(Value::from(Vec::new())),
        // An older portal may lack the column.
        Some(known) => Cow::Owned(known.empty()),
        None => Cow::Borrowed(value),
    }
}

/// How many entries that are no items are kept of one kind, to be named.
const MOST_STRANGE: usize = 1000;

/// What an archive holds of one kind.
pub struct Found {
    /// The items.
    pub items: Vec<Item>,
    /// Keys and classes of entries that are no such items.
    pub strange: Vec<(String, String)>,
    /// How many more there are.
    pub more_strange: usize,
}

/// Reads the resources under the key of `kind`.
pub fn read(kind: &'static Kind, resources: &Php<'_>) -> Found {
    let mut found = Found { items: Vec::new(), strange: Vec::new(), more_strange: 0 };
    let object = match &kind.form {
        Form::Object(object) => object,
        Form::Custom(form) => {
            found.items = form.read(kind, resources);
            return found;
        }
    };
    for (key, resource) in resources.entries() {
        if object.pseudo.as_ref().is_some_and(|pseudo| *key == Key::Int(pseudo.key)) {
            continue;
        }
        let class = resource.as_object().map(|object| String::from_utf8_lossy(&object.class).into_owned());
        let short = class.as_deref().and_then(|class| class.rsplit('\\').next());
        if !short.is_some_and(|class| class.eq_ignore_ascii_case(kind.class)) {
            if found.strange.len() < MOST_STRANGE {
                let key = String::from_utf8_lossy(&key.plain()).into_owned();
                found.strange.push((key, class.unwrap_or_else(|| "no object".into())));
            } else {
                found.more_strange += 1;
            }
            continue;
        }
        found.items.push(read_item(kind, object, key, resource));
    }
    found
}

fn read_item(kind: &'static Kind, object: &'static Object, key: &Key<'_>, resource: &Php<'_>) -> Item {
    let table = &kind.table;
    let mut record = Record::new(table);
    if let (Obj::Row { more, .. }, Some(obj)) = (&object.obj, resource.get("obj")) {
        read_row(obj, table.name, &mut record);
        read_properties(more, obj, table, &mut record);
    }
    read_properties(object.own, resource, table, &mut record);
    read_properties(object.dynamic, resource, table, &mut record);
    // The map's key is what other resources refer to, whatever the properties say.
    record.set(
        table.key,
        match key {
            Key::Int(number) => Value::Int(table.stored_key(*number)),
            Key::String(text) => Value::from(text.to_vec()),
        },
    );
    let rows = resource.get("item_properties").into_iter().flat_map(Php::entries);
    let properties = rows.map(|(_, row)| extras::read_property(row)).collect();
    let fields = resource.get("extraFields").map(extras::read_fields).unwrap_or_default();
    let mut item = Item { kind, record, properties, fields };
    if let Some(extras) = resource.get(extras::NAME) {
        // Rows that Chamilo's form does not list are those that stand there, and no others.
        for (child, records) in table.children.iter().zip(&mut item.record.children) {
            if child_columns(kind, child.name).is_none() {
                records.clear();
            }
        }
        extras::read(extras, &mut item);
    } else {
        read_first_children(object, resource, table, &mut item.record);
        if let Some(mend) = object.mend {
            mend(&mut item.record);
        }
    }
    item
}

fn read_properties(properties: &[Property], from: &Php<'_>, table: &'static Table, record: &mut Record) {
    for Property(name, source) in properties {
        let Some(value) = from.get(name) else { continue };
        match source {
            Source::Column(column) => record.set(column, extras::database(value)),
            Source::Row => read_row(value, table.name, record),
            Source::RowWith(more) => {
                read_row(value, table.name, record);
                read_properties(more, value, table, record);
            }
            Source::Children(child, columns) => {
                let Some((place, child)) = table.child(child) else { continue };
                let rows = value.entries().iter().map(|(_, row)| {
                    let mut record = Record::new(child);
                    match columns {
                        [] => read_row(row, child.name, &mut record),
                        columns => {
                            for (key, column) in *columns {
                                if let Some(value) = row.get(key) {
                                    record.set(column, extras::database(value));
                                }
                            }
                        }
                    }
                    record
                });
                let rows: Vec<Record> = rows.collect();
                if let Some(children) = record.children.get_mut(place) {
                    *children = rows;
                }
            }
            Source::Special(special) => (special.read)(value, record),
            Source::Null | Source::Empty | Source::First(..) => {}
        }
    }
}

/// Child rows of which Chamilo's form tells the first only: one if the archive names it.
fn read_first_children(object: &'static Object, resource: &Php<'_>, table: &'static Table, record: &mut Record) {
    for Property(name, source) in object.own.iter().chain(object.dynamic) {
        let Source::First(child, column) = source else { continue };
        let Some((place, child)) = table.child(child) else { continue };
        let value = resource.get(name).map_or(Value::Null, extras::database);
        if matches!(&value, Value::Text(text) if text.is_empty()) || value == Value::Null {
            continue;
        }
        if let Some(children) = record.children.get_mut(place) {
            if children.is_empty() {
                children.push(Record::new(child));
            }
            if let Some(first) = children.first_mut() {
                first.set(column, value);
            }
        }
    }
}

fn read_row(row: &Php<'_>, table: &str, record: &mut Record) {
    for column in schema::columns(table) {
        if let Some(value) = row.get(column.name) {
            record.set(column.name, extras::database(value));
        }
    }
}

/// The kind whose resources stand under `key`.
pub fn kind_of(key: &str) -> Option<&'static Kind> {
    TOOLS.iter().flat_map(|tool| tool.kinds).find(|kind| kind.key == key)
}
