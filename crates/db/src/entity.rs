//! Entities: lazy, map-like views of what one database says of one entity.
//!
//! Finding an entity finds its facts: a few are copied as they stand in the index, many are looked up by attribute when asked for.
//! What it has answered it keeps, references as entities of their own, so that going through a graph makes each value once; of
//! single values that are copied it only notes that they were read. Reverse references (`:_attr`) are looked up each time. Clones
//! share what has been read.
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
use crate::tree::Finger;
use crate::tx::forward_name;
use edn::{Map, Set, Value, print_to};
use rustc_hash::FxHashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An entity of a database. Two are equal when they have the same id and are of the very same database.
#[derive(Clone)]
pub struct Entity(Arc<State>);

struct State {
    db: Arc<Db>,
    id: EntityId,
    /// Its facts in the order of EAVT, where they are few.
    facts: Option<Box<[Fact]>>,
    /// How many attributes have been read, about: threads that read at once may count as one.
    turns: AtomicU32,
    read: Mutex<Read>,
}

struct Fact {
    a: AttrId,
    v: Cell,
    /// When it was read, where it is a single value and no reference; 0 where nobody did. Those are not kept otherwise.
    turn: AtomicU32,
}

/// An entity with more facts has them looked up when they are asked for.
const FEW_FACTS: usize = 64;

/// What has been read of an entity and is kept.
#[derive(Default)]
struct Read {
    /// Each with when it was read.
    attributes: Vec<(u32, AttrId, EntityValue)>,
    /// Whether everything is kept, in the order of EAVT.
    whole: bool,
}

impl Read {
    /// What an attribute is known to have; `None` where nobody looked.
    fn of(&self, a: AttrId) -> Option<Option<EntityValue>> {
        match self.attributes.iter().find(|(_, known, _)| *known == a) {
            Some((.., value)) => Some(Some(value.clone())),
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
    Entities(Arc<[Entity]>),
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
        _ => Ok(db.entid(id)?.and_then(|id| of(&Arc::new(db.clone()), [id]).next())),
    }
}

/// The entities with these ids of which something is known. Neighbours cost no look-up each.
fn of(db: &Arc<Db>, ids: impl IntoIterator<Item = EntityId>) -> impl Iterator<Item = Entity> {
    let mut finger = Finger::default();
    ids.into_iter().filter_map(move |id| {
        let facts = if db.is_plain() {
            let found = db.tree(Index::Eavt).entity(id, &mut finger);
            let (attrs, values) = found.columns();
            if attrs.is_empty() {
                return None;
            }
            let facts = attrs.iter().zip(values);
            let fact = |(a, v): (&AttrId, &Cell)| Fact { a: *a, v: *v, turn: AtomicU32::new(0) };
            (attrs.len() <= FEW_FACTS).then(|| facts.map(fact).collect())
        } else {
            let own = Prefix { e: Some(id), ..Prefix::default() };
            db.scan(Index::Eavt, &own).next()?;
            None
        };
        let (db, turns, read) = (db.clone(), AtomicU32::new(0), Mutex::default());
        Some(Entity(Arc::new(State { db, id, facts, turns, read })))
    })
}

impl Entity {
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
        let db = &self.0.db;
        let a = db.attr(attribute)?;
        let found = match &self.0.facts {
            Some(facts) => {
                let start = facts.iter().position(|fact| fact.a == a)?;
                let count = facts[start..].iter().take_while(|fact| fact.a == a).count();
                Some(&facts[start..start + count])
            }
            None => None,
        };
        let meaning = db.schema().get(a);
        if let Some([fact, ..]) = found
            && !meaning.is_many()
            && !meaning.is_ref()
        {
            if fact.turn.load(Ordering::Relaxed) == 0 {
                fact.turn.store(self.turn(), Ordering::Relaxed);
            }
            return Some(EntityValue::Value(db.value(fact.v)));
        }
        if let Some(known) = self.read().of(a) {
            return known;
        }
        let value = match found {
            Some(facts) => self.value_of(a, facts.iter().map(|fact| fact.v)),
            None => self.value_of(a, db.values(self.0.id, a).map(|d| d.v)),
        }?;
        let mut read = self.read();
        // Whoever was asked meanwhile (a filter, another thread) may have been told already.
        if let Some(known) = read.of(a) {
            return known;
        }
        read.attributes.push((self.turn(), a, value.clone()));
        Some(value)
    }

    /// The next turn of reading.
    fn turn(&self) -> u32 {
        let turn = self.0.turns.load(Ordering::Relaxed).saturating_add(1);
        self.0.turns.store(turn, Ordering::Relaxed);
        turn
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
        let with_value =
            |own: &[Datom]| Some((0, own[0].a, self.value_of(own[0].a, own.iter().map(|d| d.v))?));
        let attributes = by_attribute.filter_map(with_value).collect();
        let mut read = self.read();
        if read.whole {
            return Vec::new();
        }
        *read = Read { attributes, whole: true };
        let is_component = |a: &AttrId| db.schema().get(*a).is_component();
        let components = read.attributes.iter().filter(|(_, a, _)| is_component(a));
        components.flat_map(|(.., value)| value.entities().iter().cloned()).collect()
    }

    /// What has been read, in the order it was; all in the order of EAVT where that is all.
    fn known(&self) -> Vec<(AttrId, EntityValue)> {
        let read = self.read();
        let mut known = read.attributes.clone();
        if !read.whole {
            let noted =
                self.0.facts.iter().flatten().map(|fact| (fact.turn.load(Ordering::Relaxed), fact));
            let noted = noted.filter(|(turn, _)| *turn > 0);
            let value = |fact: &Fact| EntityValue::Value(self.0.db.value(fact.v));
            known.extend(noted.map(|(turn, fact)| (turn, fact.a, value(fact))));
            known.sort_by_key(|(turn, ..)| *turn);
        }
        known.into_iter().map(|(_, a, value)| (a, value)).collect()
    }

    /// Every attribute with what it has. Touches the entity.
    pub fn entries(&self) -> Vec<(Value, EntityValue)> {
        let known = self.touch().known().into_iter();
        known.map(|(a, value)| (self.0.db.attr_name(a).clone(), value)).collect()
    }

    fn value_of(&self, a: AttrId, mut values: impl Iterator<Item = Cell>) -> Option<EntityValue> {
        let (db, first) = (&self.0.db, values.next()?);
        let attribute = db.schema().get(a);
        match (attribute.is_many(), attribute.is_ref()) {
            (false, false) => Some(EntityValue::Value(db.value(first))),
            (false, true) => of(db, first.as_entity()).next().map(EntityValue::Entity),
            (true, false) => {
                let all = std::iter::once(first).chain(values);
                Some(EntityValue::Values(all.map(|v| db.value(v)).collect()))
            }
            (true, true) => {
                let all = std::iter::once(first).chain(values);
                many(of(db, all.filter_map(Cell::as_entity)).collect())
            }
        }
    }

    fn referring(&self, attribute: &Value) -> Option<EntityValue> {
        let db = &self.0.db;
        let a = db.attr(attribute)?;
        let v = Cell::entity(self.0.id);
        let with_value = Prefix { a: Some(a), v: Some(v), ..Prefix::default() };
        let whole = Prefix { a: Some(a), ..Prefix::default() };
        if !db.schema().get(a).is_indexed() {
            let referring = db.scan(Index::Aevt, &whole).filter(|d| d.v == v);
            return many(of(db, referring.map(|d| d.e)).collect());
        }
        let mut referring = of(db, db.scan(Index::Avet, &with_value).map(|d| d.e));
        if db.schema().get(a).is_component() {
            return referring.next().map(EntityValue::Entity);
        }
        many(referring.collect())
    }

    fn print(&self, out: &mut String, depth: usize) {
        let attributes = match depth < edn::MAX_DEPTH {
            true => self.known(),
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
    (!entities.is_empty()).then(|| EntityValue::Entities(entities.into()))
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
    attributes.iter().flat_map(|(.., value)| value.entities().iter().cloned()).collect()
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
