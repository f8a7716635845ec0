//! Entities: lazy objects that are asked like JavaScript's `Map`.
//!
//! A host gives its entities the properties `db` and `eid`, the methods of [`crate::METHODS`], and iterators over what `key_set`,
//! `value_set` and `entry_set` give.

use crate::args::{Answer, Args};
use crate::convert::{Names, from_edn, to_edn};
use crate::database::Database;
use crate::error::Error;
use crate::handle::{Handle, Held};
use crate::value::JsValue;
use db::EntityValue;
use edn::{Opaque, Value};
use std::fmt;

/// An entity of a database.
#[derive(Clone, PartialEq, Debug)]
pub struct Entity(Handle<State>);

pub(crate) struct State {
    database: Database,
    entity: db::Entity,
}

impl Held for State {
    const KIND: &'static str = "entity";

    fn print(&self) -> String {
        self.entity.to_string()
    }
}

impl Entity {
    fn new(database: &Database, entity: db::Entity) -> Entity {
        Entity(Handle::new(State { database: database.clone(), entity }))
    }

    /// The property `eid`.
    pub fn eid(&self) -> db::EntityId {
        self.0.entity.id()
    }

    /// The property `db`: the very database it was found in.
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn to_value(&self) -> Value {
        self.0.to_value()
    }

    pub(crate) fn of(object: &Opaque) -> Option<Entity> {
        Handle::of(object).map(Entity)
    }

    fn attribute(&self, attribute: &JsValue) -> Answer {
        match attribute {
            JsValue::String(name) if **name == *":db/id" => return Ok(self.eid().into()),
            JsValue::String(_) | JsValue::Edn(Value::Keyword(_)) => {}
            other => return Err(Error::AttributeType(to_edn(other)?.to_string())),
        }
        let value = self.0.entity.get(&to_edn(attribute)?);
        Ok(value.map_or(JsValue::Null, |value| self.shown(value)))
    }

    fn shown(&self, value: EntityValue) -> JsValue {
        match value {
            EntityValue::Value(value) => from_edn(&value, Names::Kept),
            EntityValue::Values(values) => {
                let mut values: Vec<&Value> = values.iter().collect();
                values.sort();
                JsValue::Array(values.into_iter().map(|v| from_edn(v, Names::Kept)).collect())
            }
            EntityValue::Entity(entity) => Entity::new(self.database(), entity).into(),
            EntityValue::Entities(entities) => {
                let each = entities.iter().map(|e| Entity::new(self.database(), e.clone()).into());
                JsValue::Array(each.collect())
            }
        }
    }

    fn entries(&self) -> impl Iterator<Item = (JsValue, JsValue)> {
        let entries = self.0.entity.entries().into_iter();
        entries.map(|(name, value)| (from_edn(&name, Names::Kept), self.shown(value)))
    }
}

/// As DataScript prints it: what has been read so far.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.entity, f)
    }
}

/// `entity(db, id)`: `null` where the database knows nothing of it.
pub(crate) fn entity(args: Args<'_>) -> Answer {
    let database = args.database(0)?;
    let found = db::entity(database.db(), &to_edn(args.at(1))?)?;
    Ok(found.map_or(JsValue::Null, |entity| Entity::new(database, entity).into()))
}

/// `touch(entity)`
pub(crate) fn touch(args: Args<'_>) -> Answer {
    if args.at(0).is_nil() {
        return Ok(JsValue::Null);
    }
    args.entity(0)?.0.entity.touch();
    Ok(args.at(0).clone())
}

/// `entity_db(entity)`
pub(crate) fn entity_db(args: Args<'_>) -> Answer {
    Ok(args.entity(0)?.database().clone().into())
}

/// `entity.get(attribute)`: arrays where there are many, `null` where there is nothing.
pub(crate) fn get(args: Args<'_>) -> Answer {
    args.entity(0)?.attribute(args.at(1))
}

/// `entity.has(attribute)`
pub(crate) fn has(args: Args<'_>) -> Answer {
    Ok((!get(args)?.is_nil()).into())
}

/// `entity.key_set()`
pub(crate) fn key_set(args: Args<'_>) -> Answer {
    Ok(JsValue::Array(args.entity(0)?.entries().map(|(name, _)| name).collect()))
}

/// `entity.value_set()`
pub(crate) fn value_set(args: Args<'_>) -> Answer {
    Ok(JsValue::Array(args.entity(0)?.entries().map(|(_, value)| value).collect()))
}

/// `entity.entry_set()`
pub(crate) fn entry_set(args: Args<'_>) -> Answer {
    let entries = args.entity(0)?.entries();
    Ok(JsValue::Array(entries.map(|(name, value)| vec![name, value].into()).collect()))
}

/// `entity.forEach(function, this?)`: the function is given value, attribute and entity.
pub(crate) fn for_each(args: Args<'_>) -> Answer {
    let (entity, function) = (args.entity(0)?, args.function(1)?);
    for (name, value) in entity.entries() {
        function.call(args.at(2), &[value, name, args.at(0).clone()])?;
    }
    Ok(JsValue::Null)
}

/// `entity.toString()`
pub(crate) fn to_string(args: Args<'_>) -> Answer {
    Ok(args.entity(0)?.to_string().into())
}
