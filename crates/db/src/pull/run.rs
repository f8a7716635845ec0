//! Walking entities with a [`Pattern`].

use super::PullError;
use super::parse::{AttrSpec, Follow, Pattern, Xform, is_db_id};
use crate::{Db, EntityId, Index};
use edn::{Map, Value};
use rustc_hash::FxHashSet;

/// Each level of entities adds a map and a vector to the result's depth.
const MAX_LEVELS: usize = edn::MAX_DEPTH / 2 - 1;

impl Pattern {
    /// Pulls one entity, given by id, lookup ref or ident.
    pub fn pull(&self, db: &Db, entity: &Value) -> Result<Value, PullError> {
        match db.entid(entity)? {
            Some(id) => self.pull_id(db, id),
            None => Ok(Value::Nil),
        }
    }

    /// Pulls one entity by its id.
    pub fn pull_id(&self, db: &Db, id: EntityId) -> Result<Value, PullError> {
        let mut walk = Walk { db, seen: FxHashSet::default(), limits: Vec::new(), level: 0 };
        walk.entity(self, id)
    }
}

struct Walk<'a> {
    db: &'a Db,
    /// Entities that recursion has entered on the way down.
    seen: FxHashSet<EntityId>,
    /// What is left of each numeric recursion limit on the way down, by the spec that set it.
    limits: Vec<(*const AttrSpec, usize)>,
    level: usize,
}

impl Walk<'_> {
    fn entity(&mut self, pattern: &Pattern, id: EntityId) -> Result<Value, PullError> {
        if self.level >= MAX_LEVELS {
            return Err(PullError::TooDeep(MAX_LEVELS));
        }
        self.level += 1;
        let mut result = Map::default();
        if pattern.wildcard {
            self.every_attribute(pattern, id, &mut result)?;
        } else {
            for spec in &pattern.attrs {
                self.attribute(pattern, spec, id, &mut result)?;
            }
        }
        for spec in &pattern.reverse {
            self.reverse_attribute(pattern, spec, id, &mut result)?;
        }
        self.level -= 1;
        Ok(if result.is_empty() { Value::Nil } else { Value::Map(result) })
    }

    /// The named attributes and all others the entity has, merged in the order of their names.
    fn every_attribute(
        &mut self,
        pattern: &Pattern,
        id: EntityId,
        result: &mut Map,
    ) -> Result<(), PullError> {
        let mut named = pattern.attrs.iter().peekable();
        let mut last = None;
        let present: Vec<_> = self
            .db
            .datoms(Index::Eavt, &[Value::Int(i64::from(id))])?
            .map(|d| d.a)
            .filter(|a| last.replace(*a) != Some(*a))
            .collect();
        for attr in present {
            let name = self.db.attr_name(attr).clone();
            while let Some(spec) = named.next_if(|spec| spec.name < name) {
                self.attribute(pattern, spec, id, result)?;
            }
            let mut is_named = false;
            while let Some(spec) = named.next_if(|spec| spec.name == name) {
                is_named = true;
                self.attribute(pattern, spec, id, result)?;
            }
            if !is_named {
                self.attribute(pattern, &AttrSpec::plain(self.db, &name), id, result)?;
            }
        }
        for spec in named {
            self.attribute(pattern, spec, id, result)?;
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        id: EntityId,
        result: &mut Map,
    ) -> Result<(), PullError> {
        if is_db_id(&spec.name) {
            return put(result, spec, Value::Int(i64::from(id)));
        }
        let values = self.values(spec, id)?;
        if values.is_empty() {
            return match &spec.default {
                Some(default) => {
                    result.insert(spec.key.clone(), default.clone());
                    Ok(())
                }
                None => put(result, spec, Value::Nil),
            };
        }
        let value = self.follow_all(pattern, spec, values, spec.many)?;
        put(result, spec, value)
    }

    fn values(&self, spec: &AttrSpec, id: EntityId) -> Result<Vec<Value>, PullError> {
        if spec.attr.is_none() {
            return Ok(Vec::new());
        }
        let prefix = [Value::Int(i64::from(id)), spec.name.clone()];
        let datoms = self.db.datoms(Index::Eavt, &prefix)?;
        Ok(datoms.take(spec.limit.unwrap_or(usize::MAX)).map(|d| self.db.value(d.v)).collect())
    }

    fn reverse_attribute(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        id: EntityId,
        result: &mut Map,
    ) -> Result<(), PullError> {
        let prefix = [spec.name.clone(), Value::Int(i64::from(id))];
        let referrers: Vec<Value> = match spec.attr {
            Some(_) => self
                .db
                .datoms(Index::Avet, &prefix)?
                .take(spec.limit.unwrap_or(usize::MAX))
                .map(|d| Value::Int(i64::from(d.e)))
                .collect(),
            None => Vec::new(),
        };
        if referrers.is_empty() {
            if let Some(default) = &spec.default {
                result.insert(spec.key.clone(), default.clone());
            }
            return Ok(());
        }
        let value = self.follow_all(pattern, spec, referrers, !spec.component)?;
        put(result, spec, value)
    }

    fn follow_all(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        mut values: Vec<Value>,
        many: bool,
    ) -> Result<Value, PullError> {
        if !many {
            let first = values.swap_remove(0);
            return self.follow(pattern, spec, first);
        }
        let mut followed = Vec::with_capacity(values.len());
        for value in values {
            match self.follow(pattern, spec, value)? {
                Value::Nil => {}
                value => followed.push(value),
            }
        }
        Ok(if followed.is_empty() { Value::Nil } else { Value::vector(followed) })
    }

    fn follow(
        &mut self,
        pattern: &Pattern,
        spec: &AttrSpec,
        value: Value,
    ) -> Result<Value, PullError> {
        let id = match (&spec.follow, &value) {
            (Follow::Value, _) => return Ok(value),
            (_, Value::Int(id)) => *id as EntityId,
            _ => return Ok(value),
        };
        match &spec.follow {
            Follow::Value | Follow::Id => Ok(id_map(id)),
            Follow::Pattern(nested) => {
                // A wildcard on a component goes on through components, so it has to watch for cycles.
                if spec.component && nested.wildcard {
                    self.descend(nested, spec, None, id)
                } else {
                    self.entity(nested, id)
                }
            }
            Follow::Component => self.descend(&whole(self.db), spec, None, id),
            Follow::Recurse(limit) => self.descend(pattern, spec, *limit, id),
        }
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
    }
}

fn id_map(id: EntityId) -> Value {
    Value::map(vec![(Value::keyword("db/id"), Value::Int(i64::from(id)))])
}

fn put(result: &mut Map, spec: &AttrSpec, value: Value) -> Result<(), PullError> {
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
    if value != Value::Nil {
        result.insert(spec.key.clone(), value);
    }
    Ok(())
}
