//! Entities: lazy, map-like views of what one database says of one entity.
//!
//! Finding an entity finds its facts: a few are copied as they stand in the index, many are looked up by attribute when asked for.
//! What it has answered it keeps, references as entities of their own, so that going through a graph makes each value once;
//! reverse references (`:_attr`) are looked up each time. Clones share what has been read.
//!
//! Invariants
//! - An entity only refers to entities that were made after it, so they never refer to each other in a circle and what nobody
//!   holds any more is freed, without recursion however long the chain.
//! - [`touch`](Entity::touch) reads the entity and its components, each once: a component met again stays lazy.
//! - What prints nests less than [`edn::MAX_DEPTH`]; deeper entities print as their `:db/id` alone.
//! - Nothing is locked while the database is read: a filter may ask the very entity that is being read.

use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, Prefix};
use crate::db::{Db, DbError};
use crate::tx::forward_name;
use edn::{Map, Set, Value, print_to};
use rustc_hash::FxHashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An entity of a database. Two are equal when they have the same id and are of the very same database.
#[derive(Clone)]
pub struct Entity(Arc<State>);

struct State {
    db: Arc<Db>,
    id: EntityId,
    /// Its facts in the order of EAVT, where they are few.
    facts: Option<Box<[(AttrId, Cell)]>>,
    read: Mutex<Read>,
}

/// An entity with more facts has them looked up when they are asked for.
const FEW_FACTS: usize = 64;

/// What has been read of an entity, in the order it was.
#[derive(Default)]
struct Read {
    attributes: Vec<(AttrId, EntityValue)>,
    whole: bool,
}

impl Read {
    /// What an attribute is known to have; `None` where nobody looked.
    fn of(&self, a: AttrId) -> Option<Option<EntityValue>> {
        match self.attributes.iter().find(|(known, _)| *known == a) {
            Some((_, value)) => Some(Some(value.clone())),
            None => self.whole.then_some(None),
        }
    }
}

/// What an attribute of an entity has.
#[derive(Clone, Debug, PartialEq)]
pub enum EntityValue {
    /// A value.
    Value(Value),
    /// The values of an attribute that can have many.
    Values(Set),
    /// The entity that is referred to.
    Entity(Entity),
    /// The entities that are referred to, or refer to this one, in the order of their ids.
    Entities(Vec<Entity>),
}

impl EntityValue {
    /// The value, where there is one and it is no reference.
    pub fn as_value(&self) -> Option<&Value> {
        match self {
            EntityValue::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The values, where there are many and they are no references.
    pub fn as_values(&self) -> Option<&Set> {
        match self {
            EntityValue::Values(values) => Some(values),
            _ => None,
        }
    }

    /// The entities: one, many, or none where these are no references.
    pub fn entities(&self) -> &[Entity] {
        match self {
            EntityValue::Entity(entity) => std::slice::from_ref(entity),
            EntityValue::Entities(entities) => entities,
            _ => &[],
        }
    }
}

/// The entity with an id, lookup ref or ident; none where the database knows nothing of it.
///
/// ```
/// use db::{Db, Schema, entity};
/// let schema = Schema::new(&edn::read("{:friend {:db/valueType :db.type/ref}}").unwrap()).unwrap();
/// let tx = edn::read("[{:db/id 1 :name \"Ivan\" :friend 2} {:db/id 2 :name \"Petr\"}]").unwrap();
/// let db = Db::empty(schema).db_with(&tx).unwrap();
/// let ivan = entity(&db, &1.into()).unwrap().unwrap();
/// assert_eq!(ivan.to_string(), "{:db/id 1}");
/// let petr = ivan.get(&edn::Value::keyword("friend")).unwrap();
/// petr.entities()[0].get(&edn::Value::keyword("name"));
/// assert_eq!(ivan.to_string(), "{:friend {:name \"Petr\", :db/id 2}, :db/id 1}");
/// ```
pub fn entity(db: &Db, id: &Value) -> Result<Option<Entity>, DbError> {
    match id {
        Value::Str(_) | Value::Bool(_) | Value::Symbol(_) | Value::Map(_) | Value::Set(_) => {
            Ok(None)
        }
        _ => Ok(db.entid(id)?.and_then(|id| Entity::of(&Arc::new(db.clone()), id))),
    }
}

impl Entity {
    fn of(db: &Arc<Db>, id: EntityId) -> Option<Entity> {
        let own = Prefix { e: Some(id), ..Prefix::default() };
        let facts = if db.is_plain() {
            let range = db.range(Index::Eavt, &own);
            match range.len() {
                0 => return None,
                1..=FEW_FACTS => Some(range.map(|d| (d.a, d.v)).collect()),
                _ => None,
            }
        } else {
            db.scan(Index::Eavt, &own).next()?;
            None
        };
        Some(Entity(Arc::new(State { db: db.clone(), id, facts, read: Mutex::default() })))
    }

    /// The values of an attribute.
    fn values(&self, a: AttrId) -> Vec<Cell> {
        match &self.0.facts {
            Some(facts) => facts.iter().filter(|(b, _)| *b == a).map(|(_, v)| *v).collect(),
            None => self.0.db.values(self.0.id, a).map(|d| d.v).collect(),
        }
    }

    /// Its id.
    pub fn id(&self) -> EntityId {
        self.0.id
    }

    /// The database it is of.
    pub fn entity_db(&self) -> &Db {
        &self.0.db
    }

    fn read(&self) -> MutexGuard<'_, Read> {
        // A panic under the lock leaves at most less read than could be.
        self.0.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an attribute has; of a reverse one (`:_attr`, `:ns/_attr`) the entities that refer to this one, or the one
    /// whose component it is.
    pub fn get(&self, attribute: &Value) -> Option<EntityValue> {
        if attribute.is_keyword("db/id") {
            return Some(EntityValue::Value(Value::from(self.0.id)));
        }
        if let Some(forward) = forward_name(attribute) {
            return self.referring(&forward);
        }
        let a = self.0.db.attr(attribute)?;
        if let Some(known) = self.read().of(a) {
            return known;
        }
        let value = self.value_of(a, &self.values(a))?;
        let mut read = self.read();
        // Whoever was asked meanwhile (a filter, another thread) may have been told already.
        if let Some(known) = read.of(a) {
            return known;
        }
        read.attributes.push((a, value.clone()));
        Some(value)
    }

    /// Whether an attribute has something.
    pub fn contains_key(&self, attribute: &Value) -> bool {
        self.get(attribute).is_some()
    }

    /// Reads all that is known of the entity and of its components.
    pub fn touch(&self) -> &Entity {
        let mut met = FxHashSet::from_iter([self.0.id]);
        let mut untouched = vec![self.clone()];
        while let Some(entity) = untouched.pop() {
            for component in entity.read_whole() {
                if met.insert(component.0.id) {
                    untouched.push(component);
                }
            }
        }
        self
    }

    /// Reads all that is known of the entity alone, and gives its components.
    fn read_whole(&self) -> Vec<Entity> {
        if self.read().whole {
            return Vec::new();
        }
        let db = &self.0.db;
        let own = Prefix { e: Some(self.0.id), ..Prefix::default() };
        let datoms: Vec<Datom> = db.scan(Index::Eavt, &own).collect();
        let by_attribute = datoms.chunk_by(|x, y| x.a == y.a);
        let with_value = |own: &[Datom]| {
            let values: Vec<Cell> = own.iter().map(|d| d.v).collect();
            Some((own[0].a, self.value_of(own[0].a, &values)?))
        };
        let attributes = by_attribute.filter_map(with_value).collect();
        let mut read = self.read();
        if read.whole {
            return Vec::new();
        }
        *read = Read { attributes, whole: true };
        let components = read.attributes.iter().filter(|(a, _)| db.schema().get(*a).is_component());
        components.flat_map(|(_, value)| value.entities().iter().cloned()).collect()
    }

    /// Every attribute with what it has. Touches the entity.
    pub fn entries(&self) -> Vec<(Value, EntityValue)> {
        self.touch();
        let read = self.read();
        let named =
            |(a, value): &(AttrId, EntityValue)| (self.0.db.attr_name(*a).clone(), value.clone());
        read.attributes.iter().map(named).collect()
    }

    fn value_of(&self, a: AttrId, values: &[Cell]) -> Option<EntityValue> {
        let (db, first) = (&self.0.db, values.first()?);
        let attribute = db.schema().get(a);
        let referred = |v: &Cell| Entity::of(db, v.as_entity()?);
        match (attribute.is_many(), attribute.is_ref()) {
            (false, false) => Some(EntityValue::Value(db.value(*first))),
            (false, true) => referred(first).map(EntityValue::Entity),
            (true, false) => {
                Some(EntityValue::Values(values.iter().map(|v| db.value(*v)).collect()))
            }
            (true, true) => many(values.iter().filter_map(referred).collect()),
        }
    }

    fn referring(&self, attribute: &Value) -> Option<EntityValue> {
        let db = &self.0.db;
        let a = db.attr(attribute)?;
        let v = Cell::entity(self.0.id);
        let with_value = Prefix { a: Some(a), v: Some(v), ..Prefix::default() };
        let whole = Prefix { a: Some(a), ..Prefix::default() };
        let of = |d: Datom| Entity::of(db, d.e);
        if !db.schema().get(a).is_indexed() {
            return many(
                db.scan(Index::Aevt, &whole).filter(|d| d.v == v).filter_map(of).collect(),
            );
        }
        let mut referring = db.scan(Index::Avet, &with_value).filter_map(of);
        if db.schema().get(a).is_component() {
            return referring.next().map(EntityValue::Entity);
        }
        many(referring.collect())
    }

    fn print(&self, out: &mut String, depth: usize) {
        let attributes = match depth < edn::MAX_DEPTH {
            true => self.read().attributes.clone(),
            false => Vec::new(),
        };
        // A map of the same keys has the order that Clojure prints in.
        let place = |(at, (a, _)): (usize, &(AttrId, EntityValue))| {
            (self.0.db.attr_name(*a).clone(), Value::Int(at as i64))
        };
        let mut order: Map = attributes.iter().enumerate().map(place).collect();
        order.insert(Value::keyword("db/id"), Value::Nil);
        out.push('{');
        for (n, (name, at)) in order.iter().enumerate() {
            out.push_str(if n > 0 { ", " } else { "" });
            print_to(out, name);
            out.push(' ');
            match at.as_int().and_then(|at| attributes.get(at as usize)) {
                Some((_, value)) => print_value(out, value, depth),
                None => out.push_str(&self.0.id.to_string()),
            }
        }
        out.push('}');
    }
}

fn many(entities: Vec<Entity>) -> Option<EntityValue> {
    (!entities.is_empty()).then_some(EntityValue::Entities(entities))
}

fn print_value(out: &mut String, value: &EntityValue, depth: usize) {
    match value {
        EntityValue::Value(value) => print_to(out, value),
        EntityValue::Values(values) => print_to(out, &Value::Set(values.clone())),
        EntityValue::Entity(entity) => entity.print(out, depth + 1),
        EntityValue::Entities(entities) => {
            out.push_str("#{");
            for (n, entity) in entities.iter().enumerate() {
                out.push_str(if n > 0 { " " } else { "" });
                entity.print(out, depth + 1);
            }
            out.push('}');
        }
    }
}

impl PartialEq for Entity {
    fn eq(&self, other: &Entity) -> bool {
        self.0.id == other.0.id && self.0.db.is_same(&other.0.db)
    }
}

impl Eq for Entity {}

impl Hash for Entity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0.id, self.0.db.max_tx()).hash(state);
    }
}

/// What has been read so far, as DataScript prints it.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.print(&mut out, 0);
        f.write_str(&out)
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn taken_entities(read: &mut Mutex<Read>) -> Vec<Entity> {
    let read = read.get_mut().unwrap_or_else(PoisonError::into_inner);
    let attributes = std::mem::take(&mut read.attributes);
    attributes.iter().flat_map(|(_, value)| value.entities().iter().cloned()).collect()
}

impl Drop for State {
    fn drop(&mut self) {
        let mut held = taken_entities(&mut self.read);
        while let Some(entity) = held.pop() {
            if let Some(mut last) = Arc::into_inner(entity.0) {
                held.append(&mut taken_entities(&mut last.read));
            }
        }
    }
}
