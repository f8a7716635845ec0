//! Walking entities with a [`Pattern`].
//!
//! An entity's facts stand together in EAVT, in the order of the attributes' names, as a pattern's attributes do: one goes along
//! with the other. What is found is put on a stack, and taken from there when the entity's map is made, at its size; entities
//! that have something under the same keys share these. Each level remembers where in the index its last entity ended: entities of
//! one level are often neighbours.

use super::PullError;
use super::kinds::{Kind, Kinds, Said};
use super::parse::{AttrSpec, Follow, Pattern, Xform};
use crate::cell::Cell;
use crate::dict::Dict;
use crate::tree::{EntityFacts, Finger};
use crate::{AttrId, Db, DbError, EntityId, Index, Prefix};
use edn::{Keys, Map, Value, Vector};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::rc::Rc;

/// Each level of entities adds a map and a vector to the result's depth.
const MAX_LEVELS: usize = edn::MAX_DEPTH / 2 - 1;

impl Pattern {
    /// Pulls one entity, given by id, lookup ref or ident.
    pub fn pull(&self, db: &Db, entity: &Value) -> Result<Value, PullError> {
        self.pull_each(db, std::slice::from_ref(entity))
            .map(|pulled| pulled.into_iter().next().unwrap_or_default())
    }

    /// Pulls one entity by its id.
    pub fn pull_id(&self, db: &Db, id: EntityId) -> Result<Value, PullError> {
        let pulled = Walk::new(db, self).entity(self, id)?;
        db.check_storage()?;
        Ok(pulled)
    }

    /// Pulls several entities, each given by id, lookup ref or ident.
    pub fn pull_each(&self, db: &Db, entities: &[Value]) -> Result<Vec<Value>, PullError> {
        let mut walk = Walk::new(db, self);
        let mut pulled = Vec::with_capacity(entities.len());
        for entity in entities {
            if entity.is_nil() {
                return Err(DbError::NotAnEntity("nil".into()).into());
            }
            let entity = db.entid(entity)?;
            db.check_storage()?;
            pulled.push(match entity {
                Some(id) => walk.entity(self, id)?,
                None => Value::Nil,
            });
            db.check_storage()?;
        }
        Ok(pulled)
    }
}

struct Walk<'a> {
    db: &'a Db,
    dict: &'a Dict,
    ranks: &'a [u32],
    level: usize,
    /// Entities that recursion has entered on the way down.
    entered: Vec<EntityId>,
    /// What is left of each numeric recursion limit on the way down, by the spec that set it.
    limits: Vec<(*const AttrSpec, usize)>,
    /// Where the last entity of each level was found.
    fingers: Vec<Finger<'a>>,
    /// What has been found of the entities on the way down, those of the one that is being pulled last.
    values: Vec<Value>,
    kinds: Kinds,
    /// What has been found of the entity that is being pulled.
    kind: Kind,
    /// What patterns with a wildcard make of attributes.
    own: FxHashMap<(*const Pattern, AttrId), Rc<Own>>,
    whole: Option<Rc<Pattern>>,
    only_id: Option<Keys>,
}

/// What a wildcard makes of an attribute.
struct Own {
    /// What it means when nothing more is said of it.
    spec: AttrSpec,
    as_it_stands: bool,
    /// The pattern's attributes of this name; empty, at its place, where it does not name it.
    named: Range<usize>,
}

/// Facts of one entity, in the order of EAVT.
#[derive(Clone, Copy)]
struct Facts<'f> {
    attrs: &'f [AttrId],
    values: &'f [Cell],
}

impl Facts<'_> {
    /// How many from a place on are of the same attribute.
    #[inline]
    fn run(self, from: usize, attr: AttrId) -> usize {
        self.attrs[from..].iter().take_while(|a| **a == attr).count()
    }
}

impl<'a> Walk<'a> {
    fn new(db: &'a Db, pattern: &Pattern) -> Self {
        let mut kinds = Kinds::default();
        Walk {
            db,
            dict: db.dict(),
            ranks: db.schema().ranks(),
            level: 0,
            entered: Vec::new(),
            limits: Vec::new(),
            fingers: Vec::new(),
            values: Vec::new(),
            kind: kinds.nothing(pattern),
            kinds,
            own: FxHashMap::default(),
            whole: None,
            only_id: None,
        }
    }

    fn entity(&mut self, pattern: &Pattern, id: EntityId) -> Result<Value, PullError> {
        if self.level >= MAX_LEVELS {
            return Err(PullError::TooDeep(MAX_LEVELS));
        }
        let nothing = self.kinds.nothing(pattern);
        let outer = std::mem::replace(&mut self.kind, nothing);
        let start = self.values.len();
        let found = self.facts(id);
        let (attrs, values) = found.columns();
        let facts = Facts { attrs, values };
        self.level += 1;
        match pattern.wildcard {
            true => self.every_attribute(pattern, id, facts)?,
            false => self.named_attributes(pattern, id, facts)?,
        }
        for (at, spec) in pattern.reverse.iter().enumerate() {
            let said = Said::named(pattern.attrs.len() + at);
            self.reverse_attribute(pattern, spec, said, id)?;
        }
        self.level -= 1;
        let kind = std::mem::replace(&mut self.kind, outer);
        if self.values.len() == start {
            return Ok(Value::Nil);
        }
        Ok(Value::Map(match pattern.distinct_keys {
            true => {
                let keys = self.kinds.keys(self.db, pattern, kind);
                Map::with_keys(keys, &mut self.values)
            }
            false => {
                let keys = self.kinds.each_key(self.db, pattern, kind);
                keys.into_iter().zip(self.values.drain(start..)).collect()
            }
        }))
    }

    #[inline]
    fn facts(&mut self, id: EntityId) -> EntityFacts<'a> {
        if !self.db.is_plain() {
            let prefix = Prefix { e: Some(id), ..Prefix::default() };
            let (attrs, values) = self.db.scan(Index::Eavt, &prefix).map(|d| (d.a, d.v)).unzip();
            return EntityFacts::Gathered(attrs, values);
        }
        if self.fingers.len() <= self.level {
            self.fingers.push(Finger::default());
        }
        self.db.tree(Index::Eavt).entity(id, &mut self.fingers[self.level])
    }

    fn named_attributes(
        &mut self,
        pattern: &Pattern,
        id: EntityId,
        facts: Facts<'_>,
    ) -> Result<(), PullError> {
        let mut at = 0;
        for (place, spec) in pattern.attrs.iter().enumerate() {
            let said = Said::named(place);
            let ranked = spec.attr.and_then(|attr| Some((attr, *self.ranks.get(attr as usize)?)));
            let Some((attr, rank)) = ranked else {
                self.attribute(pattern, spec, said, id, &[])?;
                continue;
            };
            let before = |a: &&AttrId| **a != attr && self.ranks[**a as usize] < rank;
            at += facts.attrs[at..].iter().take_while(before).count();
            let found = facts.attrs.get(at) == Some(&attr);
            if spec.as_it_stands {
                if found {
                    self.found(said, self.dict.value(facts.values[at]));
                }
                continue;
            }
            let count = if found { facts.run(at, attr) } else { 0 };
            self.attribute(pattern, spec, said, id, &facts.values[at..at + count])?;
        }
        Ok(())
    }

    /// The named attributes and all others the entity has, merged in the order of their names.
    fn every_attribute(
        &mut self,
        pattern: &Pattern,
        id: EntityId,
        facts: Facts<'_>,
    ) -> Result<(), PullError> {
        let (mut at, mut next) = (0, 0);
        while let Some(&attr) = facts.attrs.get(at) {
            let count = facts.run(at, attr);
            let cells = &facts.values[at..at + count];
            at += count;
            let own = self.own(pattern, attr);
            self.absent(pattern, next..own.named.start, id)?;
            next = own.named.end;
            for place in own.named.clone() {
                let spec = &pattern.attrs[place];
                self.attribute(pattern, spec, Said::named(place), id, cells)?;
            }
            match (own.named.is_empty(), own.as_it_stands) {
                (false, _) => {}
                (true, true) => self.found(Said::own(attr), self.dict.value(cells[0])),
                (true, false) => self.attribute(pattern, &own.spec, Said::own(attr), id, cells)?,
            }
        }
        self.absent(pattern, next..pattern.attrs.len(), id)
    }

    /// Named attributes of which there are no facts.
    fn absent(
        &mut self,
        pattern: &Pattern,
        named: Range<usize>,
        id: EntityId,
    ) -> Result<(), PullError> {
        for place in named {
            self.attribute(pattern, &pattern.attrs[place], Said::named(place), id, &[])?;
        }
        Ok(())
    }

    /// What a pattern with a wildcard makes of an attribute.
    fn own(&mut self, pattern: &Pattern, attr: AttrId) -> Rc<Own> {
        let db = self.db;
        let made = || {
            let name = db.attr_name(attr);
            let start = pattern.attrs.partition_point(|spec| spec.name < *name);
            let count = pattern.attrs[start..].iter().take_while(|spec| spec.name == *name).count();
            let spec = AttrSpec::plain(db, name);
            Rc::new(Own { as_it_stands: spec.stands(), spec, named: start..start + count })
        };
        self.own.entry((pattern, attr)).or_insert_with(made).clone()
    }

    /// What a pattern says of an attribute that has these values.
    fn attribute(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        said: Said,
        id: EntityId,
        cells: &[Cell],
    ) -> Result<(), PullError> {
        if spec.is_db_id {
            return self.put(spec, said, Value::Int(i64::from(id)));
        }
        let Some(first) = cells.first() else {
            return match &spec.default {
                Some(default) => {
                    self.found(said, default.clone());
                    Ok(())
                }
                None => self.put(spec, said, Value::Nil),
            };
        };
        let value = match spec.many {
            true => self.many(pattern, spec, cells.iter().copied())?,
            false => self.follow(pattern, spec, *first)?.unwrap_or(Value::Nil),
        };
        self.put(spec, said, value)
    }

    fn reverse_attribute(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        said: Said,
        id: EntityId,
    ) -> Result<(), PullError> {
        let db = self.db;
        let prefix = |a| Prefix { a: Some(a), v: Some(Cell::entity(id)), ..Prefix::default() };
        let referring = spec.attr.map(|a| db.scan(Index::Avet, &prefix(a)));
        let mut referring = referring.into_iter().flatten().map(|d| Cell::entity(d.e)).peekable();
        let Some(&first) = referring.peek() else {
            // Nothing is not transformed here, as it is of a forward attribute.
            if let Some(default) = &spec.default {
                self.found(said, default.clone());
            }
            return Ok(());
        };
        let value = match spec.component {
            true => self.follow(pattern, spec, first)?.unwrap_or(Value::Nil),
            false => self.many(pattern, spec, referring)?,
        };
        self.put(spec, said, value)
    }

    /// A vector of what values come to; `nil` where none comes to anything.
    fn many(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        cells: impl Iterator<Item = Cell>,
    ) -> Result<Value, PullError> {
        let start = self.values.len();
        let most = spec.limit.map_or(usize::MAX, |limit| start.saturating_add(limit));
        for cell in cells {
            if self.values.len() == most {
                break;
            }
            if let Some(value) = self.follow(pattern, spec, cell)? {
                self.values.push(value);
            }
        }
        match self.values.len() == start {
            true => Ok(Value::Nil),
            false => Ok(Value::Vector(Vector::of(self.values.drain(start..)))),
        }
    }

    /// What a value comes to; `None` where that is nothing.
    #[inline]
    fn follow(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        cell: Cell,
    ) -> Result<Option<Value>, PullError> {
        match (&spec.follow, cell.as_entity()) {
            (Follow::Value, _) | (_, None) => Ok(Some(self.dict.value(cell))),
            (_, Some(id)) => self.referred(pattern, spec, id),
        }
    }

    /// What an entity that is referred to comes to; `None` where that is nothing.
    fn referred(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        id: EntityId,
    ) -> Result<Option<Value>, PullError> {
        let value = match &spec.follow {
            Follow::Value | Follow::Id => self.id_map(id),
            Follow::Pattern(nested) => {
                // A wildcard on a component goes on through components, so it has to watch for cycles.
                if spec.component && nested.wildcard {
                    self.descend(nested, spec, None, id)?
                } else {
                    self.entity(nested, id)?
                }
            }
            Follow::Component => {
                let db = self.db;
                let whole = self.whole.get_or_insert_with(|| Rc::new(whole(db))).clone();
                self.descend(&whole, spec, None, id)?
            }
            Follow::Recurse(limit) => self.descend(pattern, spec, *limit, id)?,
        };
        Ok((!value.is_nil()).then_some(value))
    }

    fn descend(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        limit: Option<usize>,
        id: EntityId,
    ) -> Result<Value, PullError> {
        if self.entered.contains(&id) {
            return Ok(self.id_map(id));
        }
        let key: *const AttrSpec = spec;
        let left = match self.limits.iter().rev().find(|(spec, _)| *spec == key) {
            Some((_, 0)) => return Ok(Value::Nil),
            Some((_, left)) => Some(left - 1),
            None => limit.map(|limit| limit - 1),
        };
        self.entered.push(id);
        if let Some(left) = left {
            self.limits.push((key, left));
        }
        let result = self.entity(pattern, id);
        if left.is_some() {
            self.limits.pop();
        }
        self.entered.pop();
        result
    }

    fn id_map(&mut self, id: EntityId) -> Value {
        self.values.push(Value::Int(i64::from(id)));
        let made = || Keys::new(vec![Value::keyword("db/id")]);
        Value::Map(Map::with_keys(self.only_id.get_or_insert_with(made), &mut self.values))
    }

    #[inline]
    fn found(&mut self, said: Said, value: Value) {
        self.values.push(value);
        self.kind = self.kinds.with(self.kind, said);
    }

    #[inline]
    fn put(&mut self, spec: &AttrSpec, said: Said, value: Value) -> Result<(), PullError> {
        let value = match &spec.xform {
            None => value,
            Some(xform) => transformed(spec, xform, value)?,
        };
        if !value.is_nil() {
            self.found(said, value);
        }
        Ok(())
    }
}

fn transformed(spec: &AttrSpec, xform: &Xform, value: Value) -> Result<Value, PullError> {
    let arguments = std::slice::from_ref(&value);
    let called = match xform {
        Xform::Builtin(function) => function.call(arguments).map_err(|e| e.to_string()),
        Xform::Object(object) => object.0.call(arguments).map_err(|e| e.to_string()),
    };
    called.map_err(|message| PullError::Transform { attribute: spec.name.to_string(), message })
}

/// The pattern for a component that no pattern was given for.
fn whole(db: &Db) -> Pattern {
    Pattern {
        attrs: vec![AttrSpec::plain(db, &Value::keyword("db/id"))],
        reverse: Vec::new(),
        wildcard: true,
        distinct_keys: true,
    }
}
