//! Walking entities with a [`Pattern`].
//!
//! An entity's facts stand together in EAVT: they are fetched once, and each attribute of the pattern finds its own among
//! them. Entities that are met one after the other often share a leaf, which is looked at first.

use super::PullError;
use super::parse::{AttrSpec, Follow, Pattern, Xform};
use crate::cell::Cell;
use crate::tree::Finger;
use crate::{AttrId, Db, DbError, EntityId, Index, Prefix};
use edn::{Map, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;
use std::rc::Rc;

/// Each level of entities adds a map and a vector to the result's depth.
const MAX_LEVELS: usize = edn::MAX_DEPTH / 2 - 1;

impl Pattern {
    /// Pulls one entity, given by id, lookup ref or ident.
    pub fn pull(&self, db: &Db, entity: &Value) -> Result<Value, PullError> {
        if entity.is_nil() {
            return Err(DbError::NotAnEntity("nil".into()).into());
        }
        let entity = db.entid(entity)?;
        db.check_storage()?;
        match entity {
            Some(id) => self.pull_id(db, id),
            None => Ok(Value::Nil),
        }
    }

    /// Pulls one entity by its id.
    pub fn pull_id(&self, db: &Db, id: EntityId) -> Result<Value, PullError> {
        let mut walk = Walk {
            db,
            seen: FxHashSet::default(),
            limits: Vec::new(),
            level: 0,
            facts: Vec::new(),
            finger: Finger::default(),
            plain: FxHashMap::default(),
            whole: None,
        };
        let pulled = walk.entity(self, id)?;
        db.check_storage()?;
        Ok(pulled)
    }
}

struct Walk<'a> {
    db: &'a Db,
    /// Entities that recursion has entered on the way down.
    seen: FxHashSet<EntityId>,
    /// What is left of each numeric recursion limit on the way down, by the spec that set it.
    limits: Vec<(*const AttrSpec, usize)>,
    level: usize,
    /// The facts of the entities on the way down, those of the one that is being pulled last.
    facts: Vec<(AttrId, Cell)>,
    finger: Finger<'a>,
    /// What a wildcard makes of an attribute.
    plain: FxHashMap<AttrId, Rc<AttrSpec>>,
    whole: Option<Rc<Pattern>>,
}

/// The key and value of each attribute that was found.
type Entries = Vec<(Value, Value)>;

impl Walk<'_> {
    fn entity(&mut self, pattern: &Pattern, id: EntityId) -> Result<Value, PullError> {
        if self.level >= MAX_LEVELS {
            return Err(PullError::TooDeep(MAX_LEVELS));
        }
        self.level += 1;
        let facts = self.fetch(id);
        let mut result = Vec::with_capacity(pattern.attrs.len() + pattern.reverse.len());
        if pattern.wildcard {
            self.every_attribute(pattern, id, facts.clone(), &mut result)?;
        } else {
            for spec in &pattern.attrs {
                self.attribute(pattern, spec, id, facts.clone(), &mut result)?;
            }
        }
        self.facts.truncate(facts.start);
        for spec in &pattern.reverse {
            self.reverse_attribute(pattern, spec, id, &mut result)?;
        }
        self.level -= 1;
        if result.is_empty() {
            return Ok(Value::Nil);
        }
        Ok(Value::Map(match pattern.distinct_keys {
            true => Map::from_distinct(result),
            false => result.into_iter().collect(),
        }))
    }

    /// Puts the facts of an entity behind those that are there.
    fn fetch(&mut self, id: EntityId) -> Range<usize> {
        let start = self.facts.len();
        let facts = &mut self.facts;
        if self.db.is_plain() {
            let order = self.db.order(Index::Eavt);
            let tree = self.db.tree(Index::Eavt);
            tree.entity(&order, id, &mut self.finger, |a, v| facts.push((a, v)));
        } else {
            let prefix = Prefix { e: Some(id), ..Prefix::default() };
            facts.extend(self.db.scan(Index::Eavt, &prefix).map(|d| (d.a, d.v)));
        }
        start..self.facts.len()
    }

    /// The named attributes and all others the entity has, merged in the order of their names.
    fn every_attribute(
        &mut self,
        pattern: &Pattern,
        id: EntityId,
        facts: Range<usize>,
        result: &mut Entries,
    ) -> Result<(), PullError> {
        let mut named = pattern.attrs.iter().peekable();
        let db = self.db;
        let mut at = facts.start;
        while at < facts.end {
            let attr = self.facts[at].0;
            let own = at..at + self.facts[at..facts.end].iter().take_while(|f| f.0 == attr).count();
            at = own.end;
            let name = db.attr_name(attr);
            while let Some(spec) = named.next_if(|spec| spec.name < *name) {
                self.attribute(pattern, spec, id, facts.clone(), result)?;
            }
            let mut is_named = false;
            while let Some(spec) = named.next_if(|spec| spec.name == *name) {
                is_named = true;
                self.attribute(pattern, spec, id, own.clone(), result)?;
            }
            if !is_named {
                let spec =
                    self.plain.entry(attr).or_insert_with(|| Rc::new(AttrSpec::plain(db, name)));
                let spec = spec.clone();
                self.attribute(pattern, &spec, id, own, result)?;
            }
        }
        for spec in named {
            self.attribute(pattern, spec, id, facts.clone(), result)?;
        }
        Ok(())
    }

    /// What a pattern says of an attribute, whose values are among these facts.
    fn attribute(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        id: EntityId,
        facts: Range<usize>,
        result: &mut Entries,
    ) -> Result<(), PullError> {
        if spec.is_db_id {
            return put(result, spec, Value::Int(i64::from(id)));
        }
        let found = spec.attr.map(|attr| {
            let own = &self.facts[facts.clone()];
            let start = facts.start + own.iter().take_while(|f| f.0 != attr).count();
            let own = &self.facts[start..facts.end];
            let all = own.iter().take_while(|f| f.0 == attr).count();
            start..start + all
        });
        let Some(found) = found.filter(|found| !found.is_empty()) else {
            return match &spec.default {
                Some(default) => {
                    result.push((spec.key.clone(), default.clone()));
                    Ok(())
                }
                None => put(result, spec, Value::Nil),
            };
        };
        let value = if spec.many {
            let most = spec.limit.unwrap_or(usize::MAX);
            let mut values = Vec::with_capacity(found.len().min(most));
            for at in found {
                if values.len() == most {
                    break;
                }
                let cell = self.facts[at].1;
                values.extend(self.follow(pattern, spec, cell)?);
            }
            many(values)
        } else {
            let cell = self.facts[found.start].1;
            self.follow(pattern, spec, cell)?.unwrap_or(Value::Nil)
        };
        put(result, spec, value)
    }

    fn reverse_attribute(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        id: EntityId,
        result: &mut Entries,
    ) -> Result<(), PullError> {
        let referrers: Vec<Cell> = match spec.attr {
            Some(a) => {
                let v = Some(Cell::entity(id));
                let prefix = Prefix { a: Some(a), v, ..Prefix::default() };
                let datoms = self.db.scan(Index::Avet, &prefix);
                datoms.map(|d| Cell::entity(d.e)).collect()
            }
            None => Vec::new(),
        };
        if referrers.is_empty() {
            if let Some(default) = &spec.default {
                result.push((spec.key.clone(), default.clone()));
            }
            return Ok(());
        }
        let value = if spec.component {
            self.follow(pattern, spec, referrers[0])?.unwrap_or(Value::Nil)
        } else {
            let most = spec.limit.unwrap_or(usize::MAX);
            let mut values = Vec::with_capacity(referrers.len().min(most));
            for referrer in referrers {
                if values.len() == most {
                    break;
                }
                values.extend(self.follow(pattern, spec, referrer)?);
            }
            many(values)
        };
        put(result, spec, value)
    }

    /// What a value comes to; `None` where that is nothing.
    fn follow(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        cell: Cell,
    ) -> Result<Option<Value>, PullError> {
        let id = match (&spec.follow, cell.as_entity()) {
            (Follow::Value, _) | (_, None) => return Ok(Some(self.db.value(cell))),
            (_, Some(id)) => id,
        };
        let value = match &spec.follow {
            Follow::Value | Follow::Id => id_map(id),
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
        if self.seen.contains(&id) {
            return Ok(id_map(id));
        }
        let key: *const AttrSpec = spec;
        let left = match self.limits.iter().rev().find(|(spec, _)| *spec == key) {
            Some((_, 0)) => return Ok(Value::Nil),
            Some((_, left)) => Some(left - 1),
            None => limit.map(|limit| limit - 1),
        };
        self.seen.insert(id);
        if let Some(left) = left {
            self.limits.push((key, left));
        }
        let result = self.entity(pattern, id);
        if left.is_some() {
            self.limits.pop();
        }
        self.seen.remove(&id);
        result
    }
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

fn id_map(id: EntityId) -> Value {
    Value::Map(Map::from_distinct(vec![(Value::keyword("db/id"), Value::Int(i64::from(id)))]))
}

fn many(values: Vec<Value>) -> Value {
    if values.is_empty() { Value::Nil } else { Value::vector(values) }
}

fn put(result: &mut Entries, spec: &AttrSpec, value: Value) -> Result<(), PullError> {
    let value = match &spec.xform {
        None => value,
        Some(xform) => {
            let arguments = std::slice::from_ref(&value);
            let called = match xform {
                Xform::Builtin(function) => function.call(arguments).map_err(|e| e.to_string()),
                Xform::Object(object) => object.0.call(arguments).map_err(|e| e.to_string()),
            };
            called.map_err(|message| PullError::Transform {
                attribute: spec.name.to_string(),
                message,
            })?
        }
    };
    if !value.is_nil() {
        result.push((spec.key.clone(), value));
    }
    Ok(())
}
