//! Map forms: which entity they mean, and their facts.

use super::TxError;
use super::form::{Given, forward_name, is_name, is_transaction, reverse_name};
use super::run::{Run, Step, Stop};
use crate::datom::{AttrId, EntityId};
use crate::schema::Unique;
use edn::{Map, Value};

/// What a unique attribute of a map says about which entity it means.
struct Upsert {
    attribute: Value,
    value: Value,
    entity: EntityId,
}

impl Upsert {
    fn said(&self) -> String {
        format!("[{} {}]", self.attribute, self.value)
    }
}

/// The map as messages show it: with the id it has got.
fn shown(map: &Map, e: &Given) -> String {
    let mut map = map.clone();
    map.insert(Value::keyword("db/id"), e.to_value());
    Value::Map(map).to_string()
}

/// Names must be names, and nothing can be nil.
fn check_entries(map: &Map, e: &Given) -> Result<(), TxError> {
    for (name, value) in map.iter() {
        if !is_name(name) {
            return Err(TxError::BadAttribute { attribute: name.to_string(), form: shown(map, e) });
        }
        if value.is_nil() {
            return Err(TxError::NilValue(shown(map, e)));
        }
    }
    Ok(())
}

/// The entity of a map that no unique value names.
fn identified(e: Given) -> Result<Given, TxError> {
    match &e {
        Given::Unnamed(_) => Ok(e),
        Given::Value(Value::Int(_) | Value::Str(_) | Value::Tagged(_)) => Ok(e),
        Given::Value(other) => Err(TxError::BadId(other.to_string())),
    }
}

impl Run<'_> {
    /// A map, with the attribute and the entity it is nested under, where it is nested.
    pub(super) fn map(&mut self, map: &Map, owner: Option<(Value, Given)>) -> Result<(), Stop> {
        let e = self.entity_of_map(map)?;
        check_entries(map, &e)?;
        let upserts = self.upserts_of_map(map)?;
        let e = match upserts.last() {
            None => identified(e)?,
            Some(upsert) => self.upserted(&e, upsert)?,
        };
        if owner.is_none()
            && let Some(attributes) = self.plain_attributes(map)?
        {
            return self.add_plain_facts(map, &attributes, &e, &upserts);
        }
        let steps = self.explode(map, &e, &upserts, owner)?;
        self.steps.extend(steps.into_iter().rev());
        Ok(())
    }

    /// The attributes of a map in its order, where each of its facts can be added on its own: no reverse attributes, no maps
    /// within, no composite tuples.
    fn plain_attributes(&mut self, map: &Map) -> Result<Option<Vec<AttrId>>, Stop> {
        let mut attributes = Vec::with_capacity(map.len());
        for (name, value) in map.iter() {
            if name.is_keyword("db/id") {
                continue;
            }
            let (a, _, reverse) = self.attribute_of_map(name)?;
            let attribute = self.db.schema.get(a);
            let is_nested = |value: &Value| matches!(value, Value::Map(_));
            let nests = attribute.is_ref()
                && match value {
                    Value::Set(set) => set.iter().any(is_nested),
                    other => other.as_seq().map_or(is_nested(other), |s| s.iter().any(is_nested)),
                };
            if reverse || nests || !attribute.tuple().is_empty() {
                return Ok(None);
            }
            attributes.push(a);
        }
        Ok(Some(attributes))
    }

    fn add_plain_facts(
        &mut self,
        map: &Map,
        attributes: &[AttrId],
        e: &Given,
        upserts: &[Upsert],
    ) -> Result<(), Stop> {
        let mut entity = None;
        let entries = map.iter().filter(|(name, _)| !name.is_keyword("db/id"));
        for ((name, value), a) in entries.zip(attributes) {
            let found_by =
                |value: &Value| upserts.iter().any(|u| u.attribute == *name && u.value == *value);
            let several = self.db.schema.get(*a).is_many() && !self.is_lookup_ref(value);
            let mut add = |value: &Value| match found_by(value) {
                true => Ok(()),
                false => self.add_fact_of_map(e, &mut entity, *a, value),
            };
            match value {
                Value::Set(set) if several => set.iter().try_for_each(add)?,
                Value::List(_) | Value::Vector(_) if several => {
                    value.as_seq().unwrap_or_default().iter().try_for_each(add)?;
                }
                _ => add(value)?,
            }
        }
        Ok(())
    }

    /// Adds a fact of a map's entity; `entity` is what that has turned out to be.
    fn add_fact_of_map(
        &mut self,
        e: &Given,
        entity: &mut Option<EntityId>,
        a: AttrId,
        v: &Value,
    ) -> Result<(), Stop> {
        if let Some(entity) = *entity
            && self.db.schema.get(a).unique().is_none()
            && self.add_plain(entity, a, v, None)?
        {
            return Ok(());
        }
        self.add_fact(e, a, &Given::Value(v.clone()), None, &None)?;
        // A tempid keeps its meaning to the end of the run.
        *entity = self.names.get(e).or(self.known_entity(e)?);
        Ok(())
    }

    /// What `:db/id` says; a name of its own for a map that has none.
    fn entity_of_map(&mut self, map: &Map) -> Result<Given, Stop> {
        let Some(id) = map.get_keyword("db/id") else { return Ok(self.unnamed()) };
        Ok(match id {
            _ if is_transaction(id) => {
                self.name(&Given::Value(id.clone()), self.tx);
                Given::id(self.tx)
            }
            Value::List(_) | Value::Vector(_) => Given::id(self.db.entid_strict(id)?),
            other => Given::Value(other.clone()),
        })
    }

    fn upserted(&mut self, e: &Given, upsert: &Upsert) -> Result<Given, Stop> {
        if e.is_tempid() {
            if self.names.get(e).is_some_and(|named| named != upsert.entity) {
                return Err(self.start_over(e, upsert.entity));
            }
            self.name(e, upsert.entity);
        } else if !e.is_nil() && *e != Given::id(upsert.entity) {
            return Err(TxError::UpsertOfAnother {
                said: upsert.said(),
                entity: upsert.entity,
                id: e.to_string(),
            }
            .into());
        }
        self.redundant.push(upsert.entity);
        Ok(Given::id(upsert.entity))
    }

    /// What the unique attributes of a map say that is so already, all of one entity: the one that the map means.
    fn upserts_of_map(&mut self, map: &Map) -> Result<Vec<Upsert>, Stop> {
        let mut found: Vec<Upsert> = Vec::new();
        for (name, value) in map.iter() {
            let Some(a) = self.db.attr(name) else { continue };
            if self.db.schema.get(a).unique() != Some(Unique::Identity) {
                continue;
            }
            for value in self.values_of(a, false, value) {
                let Some(v) = self.find_value(a, &value)? else { continue };
                let Some(entity) = self.db.entity_with(a, v) else { continue };
                found.push(Upsert { attribute: name.clone(), value, entity });
            }
        }
        let last_of = |entity| found.iter().rfind(|upsert| upsert.entity == entity);
        let first = found.first().and_then(|first| last_of(first.entity));
        let other = found.iter().find(|upsert| first.is_some_and(|f| f.entity != upsert.entity));
        if let (Some(first), Some(second)) = (first, other.and_then(|o| last_of(o.entity))) {
            return Err(TxError::ConflictingUpserts {
                first: first.said(),
                first_entity: first.entity,
                second: second.said(),
                second_entity: second.entity,
            }
            .into());
        }
        Ok(found)
    }

    /// What looks like a lookup ref is one value, where a collection may be one or several.
    fn is_lookup_ref(&self, value: &Value) -> bool {
        let Some([first, _]) = value.as_seq() else { return false };
        let attribute = self.db.schema.attribute(first);
        attribute.is_some_and(|a| a.unique() == Some(Unique::Identity))
    }

    /// The values that a map gives for an attribute: several where there can be several.
    fn values_of(&self, a: AttrId, reverse: bool, value: &Value) -> Vec<Value> {
        let attribute = self.db.schema.get(a);
        let several = attribute.is_many() || reverse;
        match value {
            Value::Set(set) if several => set.iter().cloned().collect(),
            _ if several && !self.is_lookup_ref(value) => {
                value.as_seq().map_or_else(|| vec![value.clone()], <[Value]>::to_vec)
            }
            _ => vec![value.clone()],
        }
    }

    /// A step for each fact of a map but those that its entity was found by; composite tuples come last, when what they
    /// are made of is there.
    fn explode(
        &mut self,
        map: &Map,
        e: &Given,
        upserts: &[Upsert],
        owner: Option<(Value, Given)>,
    ) -> Result<Vec<Step>, Stop> {
        let mut steps = Vec::with_capacity(map.len() + 1);
        let mut tuples = Vec::new();
        for (name, value) in map.iter() {
            if name.is_keyword("db/id") {
                continue;
            }
            let (a, attribute, reverse) = self.attribute_of_map(name)?;
            let steps = match self.db.schema.get(a).tuple() {
                [] => &mut steps,
                _ => &mut tuples,
            };
            for value in self.values_of(a, reverse, value) {
                if upserts.iter().any(|u| u.attribute == *name && u.value == value) {
                    continue;
                }
                steps.push(self.fact_of_map(e, a, &attribute, reverse, value));
            }
        }
        if let Some((back, owner)) = owner {
            let (a, _, reverse) = self.attribute_of_map(&back)?;
            steps.push(match reverse {
                true => Step::Add { e: owner, a, v: e.clone() },
                false => Step::Add { e: e.clone(), a, v: owner },
            });
        }
        steps.append(&mut tuples);
        Ok(steps)
    }

    /// The attribute that a key means, its name, and whether the key is its reverse.
    fn attribute_of_map(&mut self, name: &Value) -> Result<(AttrId, Value, bool), Stop> {
        let Some(forward) = forward_name(name) else {
            return Ok((self.db.intern_attr(name)?, name.clone(), false));
        };
        if self.db.schema.attribute(&forward).is_none_or(|a| !a.is_ref()) {
            return Err(TxError::ReverseNotRef { attribute: name.to_string() }.into());
        }
        Ok((self.db.intern_attr(&forward)?, forward, true))
    }

    fn fact_of_map(
        &self,
        e: &Given,
        a: AttrId,
        attribute: &Value,
        reverse: bool,
        value: Value,
    ) -> Step {
        match value {
            Value::Map(map) if self.db.schema.get(a).is_ref() => {
                let back = if reverse { attribute.clone() } else { reverse_name(attribute) };
                Step::Nested { map, back, owner: e.clone() }
            }
            value if reverse => Step::Add { e: Given::Value(value), a, v: e.clone() },
            value => Step::Add { e: e.clone(), a, v: Given::Value(value) },
        }
    }
}
