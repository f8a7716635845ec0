//! Single facts: what entities and values mean, adding, retracting, and composite tuples.

use super::TxError;
use super::form::{Given, is_tempid, is_transaction};
use super::run::{Run, Step, Stop};
use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, Prefix};
use crate::db::DbError;
use crate::schema::Unique;
use edn::Value;

/// The form that a fact comes from, for messages; a fact of a map is shown as `:db/add`.
pub(super) type Form<'a> = Option<&'a Value>;

impl Run<'_> {
    /// Asserts a fact, at this transaction or at another one that the form gives.
    pub(super) fn add_fact(
        &mut self,
        e: &Given,
        a: AttrId,
        v: &Given,
        tx: Option<EntityId>,
        form: &Form<'_>,
    ) -> Result<(), Stop> {
        if v.is_nil() {
            return Err(TxError::NilValue(self.shown(e, a, v, form)).into());
        }
        if let (Given::Value(Value::Map(map)), true) = (v, self.db.schema.get(a).is_ref()) {
            let back = super::form::reverse_name(self.db.attr_name(a));
            self.steps.push(Step::Nested { map: map.clone(), back, owner: e.clone() });
            return Ok(());
        }
        let known = self.known_entity(e)?;
        let is_lookup = match e {
            Given::Value(Value::List(_) | Value::Vector(_)) => true,
            Given::Value(Value::Keyword(_)) => !e.is_transaction(),
            _ => false,
        };
        let is_tuple = !self.db.schema.get(a).tuple().is_empty();
        let v = match v {
            Given::Value(value) if is_tuple => {
                let resolved = self.resolve_tuple(a, value)?;
                self.db.dict.intern(&resolved)
            }
            _ => self.value_cell(a, v)?,
        };
        let e = match known {
            Some(e) => e,
            None => self.entity_of_tempid(e, a, v)?,
        };
        if !is_lookup {
            self.check_upsert(e, a, v)?;
        }
        if is_tuple {
            let value = self.db.value(v);
            return self.check_tuple(e, a, &value, || {
                let shown = Value::vector(vec![
                    Value::keyword("db/add"),
                    Value::from(e),
                    self.db.attr_name(a).clone(),
                    value.clone(),
                ]);
                shown.to_string()
            });
        }
        self.add(Datom { e, a, v, tx: tx.unwrap_or(self.tx), added: true })
    }

    /// As [`Run::add_fact`] for what is said most: a plain value, or an entity that is known by number, of an entity that is known.
    /// `false` where it is something else; nothing has been done then.
    pub(super) fn add_plain(
        &mut self,
        e: EntityId,
        a: AttrId,
        v: &Value,
        tx: Option<EntityId>,
    ) -> Result<bool, Stop> {
        let Some(v) = self.plain_cell(a, v)? else { return Ok(false) };
        self.check_upsert(e, a, v)?;
        self.add(Datom { e, a, v, tx: tx.unwrap_or(self.tx), added: true })?;
        Ok(true)
    }

    /// The cell of a value that depends on nothing but the value.
    fn plain_cell(&self, a: AttrId, v: &Value) -> Result<Option<Cell>, Stop> {
        let attribute = self.db.schema.get(a);
        Ok(match v {
            Value::Nil => None,
            _ if !attribute.tuple().is_empty() => None,
            Value::Int(1..) if attribute.is_ref() => Some(Cell::entity(self.db.entid_strict(v)?)),
            _ if attribute.is_ref() => None,
            _ => Some(self.db.dict.intern(v)),
        })
    }

    fn shown(&self, e: &Given, a: AttrId, v: &Given, form: &Form<'_>) -> String {
        match form {
            Some(form) => form.to_string(),
            None => format!("[:db/add {e} {} {v}]", self.db.attr_name(a)),
        }
    }

    /// The entity of an assertion, unless it is a tempid.
    pub(super) fn known_entity(&mut self, e: &Given) -> Result<Option<EntityId>, Stop> {
        if e.is_transaction() {
            self.name(e, self.tx);
            return Ok(Some(self.tx));
        }
        match e {
            Given::Value(known) if !is_tempid(known) => match known {
                Value::Nil => Err(DbError::NotAnEntity(known.to_string()).into()),
                _ => Ok(Some(self.db.entid_strict(known)?)),
            },
            _ => Ok(None),
        }
    }

    /// The entity of an assertion on a tempid, which takes the entity that a unique value names.
    pub(super) fn entity_of_tempid(
        &mut self,
        e: &Given,
        a: AttrId,
        v: Cell,
    ) -> Result<EntityId, Stop> {
        let identity = self.db.schema.get(a).unique() == Some(Unique::Identity);
        let upserted = if identity { self.db.entity_with(a, v) } else { None };
        let named = self.names.get(e);
        if let (Some(upserted), Some(named)) = (upserted, named)
            && upserted != named
        {
            return Err(self.start_over(e, upserted));
        }
        let entity = match upserted.or(named) {
            Some(entity) => entity,
            None => self.next_entity()?,
        };
        self.name(e, entity);
        Ok(entity)
    }

    /// A unique value may show late that a tempid names an entity that was there.
    fn check_upsert(&self, e: EntityId, a: AttrId, v: Cell) -> Result<(), Stop> {
        if self.db.schema.get(a).unique() != Some(Unique::Identity) || !self.is_named(e) {
            return Ok(());
        }
        match self.db.entity_with(a, v).filter(|upserted| *upserted != e) {
            None => Ok(()),
            Some(upserted) => Err(match self.movable_name(e) {
                Some(tempid) => self.start_over(tempid, upserted),
                None => TxError::LateUpsert {
                    entity: e,
                    upserted,
                    form: format!("[:db/add {e} {} {}]", self.db.attr_name(a), self.db.value(v)),
                }
                .into(),
            }),
        }
    }

    /// The cell of a value to be stored; a tempid in a reference becomes an entity.
    pub(super) fn value_cell(&mut self, a: AttrId, value: &Given) -> Result<Cell, Stop> {
        if !self.db.schema.get(a).is_ref() {
            return Ok(match value {
                Given::Value(value) => self.db.dict.intern(value),
                Given::Unnamed(_) => Cell::entity(self.next_entity()?),
            });
        }
        if value.is_transaction() {
            self.name(value, self.tx);
            return Ok(Cell::entity(self.tx));
        }
        if value.is_tempid() {
            let e = match self.names.get(value) {
                Some(e) => e,
                None => self.next_entity()?,
            };
            self.name(value, e);
            self.as_value.insert(e, value.clone());
            return Ok(Cell::entity(e));
        }
        match value {
            Given::Value(known) => Ok(Cell::entity(self.db.entid_strict(known)?)),
            Given::Unnamed(_) => Ok(Cell::entity(self.next_entity()?)),
        }
    }

    /// The cell of a value as an attribute would have it, where the database has it already.
    pub(super) fn find_value(&self, a: AttrId, value: &Value) -> Result<Option<Cell>, Stop> {
        let attribute = self.db.schema.get(a);
        if attribute.is_ref() {
            let known = if is_transaction(value) {
                Some(self.tx)
            } else if is_tempid(value) {
                self.names.get(&Given::Value(value.clone()))
            } else {
                self.db.entid(value)?
            };
            return Ok(known.map(Cell::entity));
        }
        if attribute.tuple().is_empty() {
            return Ok(self.db.cell(value));
        }
        let resolved = self.resolve_tuple(a, value)?;
        Ok(self.db.cell(&resolved))
    }

    /// A composite tuple given by hand, with lookup refs and tempids of its members resolved.
    fn resolve_tuple(&self, a: AttrId, value: &Value) -> Result<Value, Stop> {
        let Some(items) = value.as_seq() else { return Ok(value.clone()) };
        let members = self.db.schema.get(a).tuple();
        let mut resolved = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let is_ref = members.get(i).is_some_and(|m| self.db.schema.get(*m).is_ref());
            let known = match item {
                _ if !is_ref => None,
                Value::List(_) | Value::Vector(_) | Value::Keyword(_) => {
                    Some(self.db.entid_strict(item)?)
                }
                _ if is_tempid(item) => self.names.get(&Given::Value(item.clone())),
                _ => None,
            };
            resolved.push(known.map_or_else(|| item.clone(), Value::from));
        }
        Ok(Value::vector(resolved))
    }

    /// A composite tuple may be said again, not changed.
    pub(super) fn check_tuple(
        &self,
        e: EntityId,
        a: AttrId,
        value: &Value,
        shown: impl Fn() -> String,
    ) -> Result<(), Stop> {
        let members = self.db.schema.get(a).tuple();
        let items = value.as_seq().unwrap_or(&[]);
        let matches = items.len() == members.len()
            && members.iter().zip(items).all(|(member, item)| {
                !item.is_nil()
                    && self.db.values(e, *member).next().map(|d| self.db.value(d.v)).as_ref()
                        == Some(item)
            });
        if matches { Ok(()) } else { Err(TxError::TupleAttribute(shown()).into()) }
    }

    pub(super) fn retract_tuple(
        &self,
        e: &Value,
        known: Option<EntityId>,
        a: AttrId,
        v: &Value,
        form: &Value,
    ) -> Result<(), Stop> {
        let resolved = self.resolve_tuple(a, v)?;
        let items = resolved.as_seq().unwrap_or_default();
        if items.len() != self.db.schema.get(a).tuple().len() || items.iter().any(Value::is_nil) {
            return Err(TxError::TupleAttribute(form.to_string()).into());
        }
        let e = known.ok_or_else(|| DbError::NotFound(e.to_string()))?;
        self.check_tuple(e, a, &resolved, || form.to_string())
    }

    // ---- datoms ----

    /// Adds a datom, and retracts what it takes the place of.
    pub(super) fn add(&mut self, datom: Datom) -> Result<(), Stop> {
        let Datom { e, a, v, tx, .. } = datom;
        let value = self.db.schema.get(a).is_many().then_some(v);
        let (current, spot) = self.db.locate(e, a, value);
        match current {
            Some(current) if self.db.dict.compare(current.v, v).is_eq() => {
                self.redundant.push(e);
                self.said_again.push(Datom { v: current.v, ..datom });
                return Ok(());
            }
            Some(current) => {
                self.check_unique(&datom)?;
                self.change(Datom { tx, added: false, ..current });
                self.change(datom);
            }
            None => {
                self.check_unique(&datom)?;
                self.db.add_at(&datom, &spot);
                self.said(datom);
            }
        }
        Ok(())
    }

    fn check_unique(&self, datom: &Datom) -> Result<(), Stop> {
        match self.db.unique_holder(datom.a, datom.v) {
            Some((holder, _)) if holder != datom.e => {
                let prefix = Prefix {
                    a: Some(datom.a),
                    v: Some(datom.v),
                    e: Some(holder),
                    ..Prefix::default()
                };
                let existing: Vec<String> =
                    self.db.scan(Index::Avet, &prefix).map(|d| self.db.datom_string(&d)).collect();
                Err(TxError::Unique {
                    datom: self.db.datom_string(datom),
                    existing: existing.join(" "),
                }
                .into())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn retract(&mut self, fact: Datom) {
        self.change(Datom { tx: self.tx, added: false, ..fact });
    }

    /// Retracts facts that stand one behind the other in EAVT, and after them the components they lead to.
    pub(super) fn retract_with_components(&mut self, facts: &[Datom]) {
        self.db.retract_run(facts, self.tx);
        self.tx_data.reserve(facts.len());
        self.undo.reserve(facts.len());
        for fact in facts {
            self.undo.push((self.tx_data.len(), Some(*fact)));
            self.said(Datom { tx: self.tx, added: false, ..*fact });
        }
        for fact in facts.iter().rev() {
            if self.db.schema.get(fact.a).is_component()
                && let Some(component) = fact.v.as_entity()
            {
                self.steps.push(Step::RetractEntity(component));
            }
        }
    }

    /// Retracts all that is said of an entity, that it is referred to, and its components.
    pub(super) fn retract_entity(&mut self, e: EntityId) {
        let mut own: Vec<Datom> = Vec::new();
        let all = self.db.range(Index::Eavt, &Prefix { e: Some(e), ..Prefix::default() });
        all.for_each_run(|leaf, run| own.extend(run.map(|i| leaf.datom(i))));
        let mut referring: Vec<Datom> = Vec::new();
        for a in 0..self.db.schema.len() as AttrId {
            if self.db.schema.get(a).is_ref() {
                let prefix = Prefix { a: Some(a), v: Some(Cell::entity(e)), ..Prefix::default() };
                referring.extend(self.db.scan(Index::Avet, &prefix).filter(|d| d.e != e));
            }
        }
        self.retract_with_components(&own);
        for fact in referring {
            self.retract(fact);
        }
    }

    fn change(&mut self, datom: Datom) {
        let assertion = match datom.added {
            true if self.db.add(&datom) => return self.said(datom),
            true => None,
            false => self.db.retract(&datom),
        };
        self.undo.push((self.tx_data.len(), assertion));
        self.said(datom);
    }

    /// Takes down a change that has been made.
    fn said(&mut self, datom: Datom) {
        self.tx_data.push(datom);
        for tuple in self.db.schema.get(datom.a).member_of() {
            let key = (datom.e, *tuple);
            if !self.tuples.contains(&key) {
                self.tuples.push(key);
            }
        }
    }

    /// Makes the composite tuples whose members have changed.
    pub(super) fn make_tuples(&mut self) -> Result<(), Stop> {
        for (e, a) in std::mem::take(&mut self.tuples) {
            let values: Vec<Value> = self
                .db
                .schema
                .get(a)
                .tuple()
                .iter()
                .map(|m| self.db.values(e, *m).next().map_or(Value::Nil, |d| self.db.value(d.v)))
                .collect();
            if values.iter().all(Value::is_nil) {
                let old: Vec<Datom> = self.db.values(e, a).collect();
                old.into_iter().for_each(|fact| self.retract(fact));
                continue;
            }
            let v = self.db.dict.intern(&Value::vector(values));
            self.check_upsert(e, a, v)?;
            self.add(Datom { e, a, v, tx: self.tx, added: true })?;
        }
        Ok(())
    }

    /// An entity of a form that only knows entities that are there. `None` where a lookup ref finds none.
    pub(super) fn existing(&mut self, e: &Value, form: &Value) -> Result<Option<EntityId>, Stop> {
        if is_transaction(e) {
            self.name(&Given::Value(e.clone()), self.tx);
            return Ok(Some(self.tx));
        }
        if is_tempid(e) {
            return Err(TxError::TempidNotAllowed { form: form.to_string() }.into());
        }
        if e.is_nil() {
            return Err(DbError::NotAnEntity(e.to_string()).into());
        }
        Ok(self.db.entid(e)?)
    }
}
