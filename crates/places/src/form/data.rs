//! A database as one map, `{:schema … :datoms [[e a v tx] …] :max-eid … :max-tx … :history [[e a v tx added] …]}`: what
//! [`Db::to_data`] gives, piece by piece.

use super::foreign::Foreign;
use super::{FormError, Notation};
use crate::place::Saved;
use db::{Db, Index, Prefix, Schema};
use edn::{Map, Value, Vector};
use notation::{NotationError, Writer, read_foreign};

pub(super) fn write(db: &Db, to: &mut Writer) -> Result<(), NotationError> {
    to.begin_map()?;
    to.value(&Value::keyword("schema"))?;
    to.value(&Value::Map(db.schema().as_map().clone()))?;
    to.value(&Value::keyword("datoms"))?;
    write_datoms(db, 4, to)?;
    for (name, id) in [("max-eid", db.max_eid()), ("max-tx", db.max_tx())] {
        to.value(&Value::keyword(name))?;
        to.value(&Value::from(id))?;
    }
    if db.keeps_history() && db.is_plain() {
        to.value(&Value::keyword("history"))?;
        write_datoms(&db.history(), 5, to)?;
    }
    to.end();
    Ok(())
}

/// So many parts of each datom.
fn write_datoms(db: &Db, parts: usize, to: &mut Writer) -> Result<(), NotationError> {
    to.begin_vector()?;
    for datom in db.scan(Index::Eavt, &Prefix::default()) {
        let Value::Vector(whole) = db.datom_value(&datom) else { continue };
        to.value(&Value::Vector(Vector::of(whole.iter().take(parts).cloned())))?;
    }
    to.end();
    Ok(())
}

pub(super) fn read(saved: &Saved, schema: &Schema) -> Result<Db, FormError> {
    let mut data = saved.notation.read(&saved.text)?;
    if saved.notation == Notation::Json && is_foreign(&data) {
        data = Foreign::new(schema).data(&read_foreign(&saved.text)?);
    }
    if let Value::Tagged(printed) = &data
        && printed.tag.as_str() == "datascript/DB"
    {
        data = printed.value.clone();
    }
    match &data {
        Value::Map(map) => Ok(Db::from_data(&Value::Map(with_schema(map, schema)))?),
        other => Ok(Db::from_data(other)?),
    }
}

/// Whether another program wrote it, to whom keywords are strings.
fn is_foreign(data: &Value) -> bool {
    let has = |name: &str| data.as_map().is_some_and(|map| map.contains_key(&Value::from(name)));
    has("datoms") || has("schema")
}

/// The data with what a schema says of attributes that theirs says nothing of.
fn with_schema(data: &Map, schema: &Schema) -> Map {
    let own = data.get_keyword("schema").and_then(Value::as_map).cloned().unwrap_or_default();
    let mut all = own.clone();
    for (attribute, properties) in schema.as_map().iter() {
        if !own.contains_key(attribute) {
            all.insert(attribute.clone(), properties.clone());
        }
    }
    let mut data = data.clone();
    if all.len() > own.len() {
        data.insert(Value::keyword("schema"), Value::Map(all));
    }
    data
}
