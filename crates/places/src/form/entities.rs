//! A database entity by entity: `[[{:db/id 1, :name "Ivan", …}] …]`, in the order of ids.

use super::foreign::Foreign;
use super::{Form, FormError, Notation};
use crate::place::Saved;
use db::{Db, EntityId, EntityRef, Index, Op, OpValue, Pattern, Prefix, Schema};
use edn::{Map, Value};
use notation::{Writer, read_foreign};

pub(super) fn write(db: &Db, to: &mut Writer) -> Result<(), FormError> {
    let pattern = Pattern::parse(db, &everything(db))?;
    to.begin_vector()?;
    let mut last = None;
    for datom in db.scan(Index::Eavt, &Prefix::default()) {
        if last.replace(datom.e) != Some(datom.e) {
            let entity = pattern.pull(db, &Value::from(datom.e))?;
            to.value(&Value::vector(vec![entity]))?;
        }
    }
    to.end();
    Ok(())
}

/// `[*]`, which leaves out what is more than a thousand values unless told otherwise.
fn everything(db: &Db) -> Value {
    let mut pattern = vec![Value::symbol("*")];
    let attributes = db.schema().as_map().keys();
    let many = attributes.filter(|name| db.schema().attribute(name).is_some_and(|a| a.is_many()));
    pattern.extend(
        many.map(|name| Value::vector(vec![name.clone(), Value::keyword("limit"), Value::Nil])),
    );
    Value::vector(pattern)
}

pub(super) fn read(saved: &Saved, schema: &Schema) -> Result<Db, FormError> {
    let mut read = saved.notation.read(&saved.text)?;
    if saved.notation == Notation::Json && is_foreign(&read) {
        read = Foreign::new(schema).entities(&read_foreign(&saved.text)?);
    }
    let expected = "a collection of maps, or of vectors with one map each";
    let refused = |found: &Value| FormError::shape(Form::Entities, expected, found);
    let rows: Vec<&Map> = items(&read)
        .ok_or_else(|| refused(&read))?
        .map(|row| map_of(row).ok_or_else(|| refused(row)))
        .collect::<Result<_, _>>()?;
    let db = Db::empty(schema.clone());
    if rows.iter().any(|row| row.get_keyword("db/id").is_none()) {
        let all = rows.into_iter().map(|row| Value::Map(row.clone())).collect();
        return Ok(db.db_with(&Value::vector(all))?);
    }
    let mut reading = Reading { schema, ops: Vec::new() };
    rows.into_iter().try_for_each(|row| reading.entity(row).map(drop))?;
    Ok(db.with_ops(&reading.ops, Value::Nil)?.db_after)
}

/// The items of what `q` may give: a set, or a sequence.
fn items(rows: &Value) -> Option<Box<dyn Iterator<Item = &Value> + '_>> {
    match rows {
        Value::Set(set) => Some(Box::new(set.iter())),
        rows => rows.as_seq().map(|rows| Box::new(rows.iter()) as Box<dyn Iterator<Item = &Value>>),
    }
}

/// The map of a row, which may stand alone in a vector.
fn map_of(row: &Value) -> Option<&Map> {
    match row.as_seq() {
        Some([inner]) => inner.as_map(),
        _ => row.as_map(),
    }
}

/// Whether another program wrote it, to whom keywords are strings.
fn is_foreign(read: &Value) -> bool {
    let first = read.as_seq().and_then(<[Value]>::first).and_then(map_of);
    first.is_some_and(|map| !map.is_empty() && map.keys().all(|key| key.as_str().is_some()))
}

struct Reading<'s> {
    schema: &'s Schema,
    ops: Vec<Op>,
}

impl Reading<'_> {
    /// What a map says of its entity, and of the components in it.
    fn entity(&mut self, map: &Map) -> Result<EntityId, FormError> {
        let refused =
            |found: &Value| FormError::shape(Form::Entities, "a map with a :db/id", found);
        let id = map.get_keyword("db/id").and_then(Value::as_int);
        let id = id.and_then(|id| EntityId::try_from(id).ok());
        let e = id.ok_or_else(|| refused(&Value::Map(map.clone())))?;
        for (name, said) in map.iter().filter(|(name, _)| !name.is_keyword("db/id")) {
            let attribute = self.schema.attribute(name);
            // Composite tuples are made of their members.
            if attribute.is_some_and(|a| !a.tuple().is_empty()) {
                continue;
            }
            let is_ref = attribute.is_some_and(|a| a.is_ref());
            let several = items(said).filter(|_| attribute.is_some_and(|a| a.is_many()));
            for value in several.unwrap_or_else(|| Box::new(std::iter::once(said))) {
                let v = match value {
                    Value::Map(inner) if is_ref => {
                        OpValue::Entity(EntityRef::Id(self.entity(inner)?))
                    }
                    value => OpValue::Value(value.clone()),
                };
                self.ops.push(Op { e: EntityRef::Id(e), a: name.clone(), v, added: true });
            }
        }
        Ok(e)
    }
}
