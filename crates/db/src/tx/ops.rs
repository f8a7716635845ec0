//! Transactions as typed operations: for programs that say a million facts at once.
//!
//! The meaning is that of `:db/add` and `:db/retract` with everything already resolved, and the checks are the same
//! (uniqueness, cardinality, composite tuples); but nothing is parsed, facts of new entities are not looked up, and
//! the indexes change once, at the end.

use super::{TxError, TxReport};
use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, MAX_ID, TX0};
use crate::db::{Db, DbError};
use edn::Value;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::BuildHasher;

/// An entity of an [`Op`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EntityRef {
    /// One that is there.
    Id(EntityId),
    /// One that this transaction makes, numbered by the caller from 0 without gaps.
    New(u32),
    /// The transaction itself.
    Tx,
}

/// A value of an [`Op`].
#[derive(Clone, PartialEq, Debug)]
pub enum OpValue {
    /// Any value.
    Value(Value),
    /// A reference.
    Entity(EntityRef),
}

/// One fact to assert or retract.
#[derive(Clone, PartialEq, Debug)]
pub struct Op {
    /// The entity.
    pub e: EntityRef,
    /// The attribute's name.
    pub a: Value,
    /// The value; for a retraction, the one that is there.
    pub v: OpValue,
    /// Assert, or retract.
    pub added: bool,
}

impl Db {
    /// The database with these facts asserted and retracted, and what that did.
    ///
    /// Of several operations on one fact the last one counts; what is unique must be so in the end.
    ///
    /// ```
    /// use db::{Db, EntityRef, Op, OpValue, Schema};
    /// use edn::Value;
    /// let name = |e, name: &str| Op {
    ///     e,
    ///     a: Value::keyword("name"),
    ///     v: OpValue::Value(Value::string(name)),
    ///     added: true,
    /// };
    /// let ops = [name(EntityRef::New(0), "Ivan"), name(EntityRef::New(1), "Petr")];
    /// let report = Db::empty(Schema::default()).with_ops(&ops, Value::Nil).unwrap();
    /// assert_eq!(report.db_after.len(), 2);
    /// ```
    pub fn with_ops(&self, ops: &[Op], tx_meta: Value) -> Result<TxReport, TxError> {
        if !self.view.is_plain() {
            return Err(TxError::ReadOnlyView);
        }
        if self.max_tx >= MAX_ID {
            return Err(TxError::IdOutOfRange(i64::from(self.max_tx) + 1));
        }
        let mut batch = Batch::new(self.clone(), ops.len());
        for op in ops {
            batch.op(op)?;
        }
        batch.finish(self, tx_meta)
    }
}

/// What the transaction does to one fact: a value of an attribute that can have several, the value of one that
/// has at most one.
struct Fact {
    e: EntityId,
    a: AttrId,
    /// Tells facts of an attribute that can have several values apart.
    class: Option<Cell>,
    /// What is there before.
    before: Option<Datom>,
    /// What is there after.
    after: Option<Cell>,
}

impl Fact {
    fn hash(&self) -> u64 {
        FxBuildHasher.hash_one((self.e, self.a, self.class))
    }

    fn key(&self) -> (EntityId, AttrId, Option<Cell>) {
        (self.e, self.a, self.class)
    }
}

struct Batch {
    db: Db,
    tx: EntityId,
    first_new: EntityId,
    /// In the order they were first spoken of.
    facts: Vec<Fact>,
    said_again: Vec<Datom>,
    by_key: HashTable<u32>,
}

impl Batch {
    fn new(db: Db, expected: usize) -> Batch {
        Batch {
            tx: db.max_tx + 1,
            first_new: db.max_eid + 1,
            db,
            facts: Vec::with_capacity(expected),
            said_again: Vec::new(),
            by_key: HashTable::with_capacity(expected),
        }
    }

    fn entity(&self, e: EntityRef) -> Result<EntityId, TxError> {
        match e {
            EntityRef::Id(e) if (1..=MAX_ID).contains(&e) => Ok(e),
            EntityRef::Id(e) => Err(DbError::NotAnEntity(e.to_string()).into()),
            EntityRef::Tx => Ok(self.tx),
            EntityRef::New(n) => match self.first_new.checked_add(n) {
                Some(e) if e < TX0 => Ok(e),
                _ => Err(TxError::IdOutOfRange(i64::from(self.first_new) + i64::from(n))),
            },
        }
    }

    fn op(&mut self, op: &Op) -> Result<(), TxError> {
        let e = self.entity(op.e)?;
        let a = self.db.intern_attr(&op.a)?;
        let attribute = self.db.schema.get(a);
        if !attribute.tuple().is_empty() {
            return Err(TxError::TupleAttribute(format!("[:db/add {e} {} …]", op.a)));
        }
        let v = match &op.v {
            OpValue::Value(Value::Nil) => {
                return Err(TxError::NilValue(format!("[:db/add {e} {} nil]", op.a)));
            }
            OpValue::Value(value) if attribute.is_ref() => {
                Cell::entity(self.db.entid_strict(value)?)
            }
            OpValue::Value(value) => self.db.dict.intern(value),
            OpValue::Entity(target) => Cell::entity(self.entity(*target)?),
        };
        let i = self.fact(e, a, v, matches!(op.e, EntityRef::New(_)));
        let equal = |x: Cell| self.db.dict.compare(x, v).is_eq();
        let fact = &mut self.facts[i];
        let before = fact.before.map(|d| d.v);
        let again = before.filter(|before| equal(*before));
        if op.added == again.is_some() {
            let v = again.unwrap_or(v);
            self.said_again.push(Datom { e, a, v, tx: self.tx, added: op.added });
        }
        if op.added {
            fact.after = Some(again.unwrap_or(v));
        } else if fact.after.is_some_and(equal) {
            fact.after = None;
        }
        Ok(())
    }

    /// The place of a fact; what the database says of it is looked up when it is first spoken of.
    fn fact(&mut self, e: EntityId, a: AttrId, v: Cell, new: bool) -> usize {
        let class = self.db.schema.get(a).is_many().then(|| self.db.dict.class(v));
        let mut fact = Fact { e, a, class, before: None, after: None };
        let facts = &self.facts;
        let same = |i: &u32| facts[*i as usize].key() == fact.key();
        match self.by_key.entry(fact.hash(), same, |i| facts[*i as usize].hash()) {
            Entry::Occupied(found) => *found.get() as usize,
            Entry::Vacant(place) => {
                place.insert(facts.len() as u32);
                if !new {
                    fact.before = self.db.current(e, a, class.map(|_| v));
                    fact.after = fact.before.map(|d| d.v);
                }
                self.facts.push(fact);
                self.facts.len() - 1
            }
        }
    }

    fn finish(mut self, before: &Db, tx_meta: Value) -> Result<TxReport, TxError> {
        let (mut tx_data, mut asserted) = (Vec::new(), Vec::with_capacity(self.facts.len()));
        for fact in &self.facts {
            if fact.before.map(|d| d.v) == fact.after {
                continue;
            }
            tx_data.extend(fact.before.map(|d| Datom { tx: self.tx, added: false, ..d }));
            let Fact { e, a, .. } = *fact;
            asserted.extend(fact.after.map(|v| Datom { e, a, v, tx: self.tx, added: true }));
        }
        self.check_unique(&asserted)?;
        self.db.apply_in_place(&tx_data);
        self.db.apply_in_place(&asserted);
        self.db.max_tx = self.tx;
        tx_data.extend(asserted);
        let tuples = self.tuples(&tx_data)?;
        self.db.apply_in_place(&tuples);
        tx_data.extend(tuples);
        Ok(TxReport {
            db_before: before.clone(),
            db_after: self.db,
            tx_data,
            said_again: self.said_again,
            tempids: vec![(super::run::CURRENT_TX.clone(), self.tx)],
            tx_meta,
            tx: self.tx,
        })
    }

    /// No two entities may end up with one value of a unique attribute.
    fn check_unique(&self, asserted: &[Datom]) -> Result<(), TxError> {
        let mut claims: FxHashMap<(AttrId, Cell), EntityId> = FxHashMap::default();
        for datom in asserted.iter().filter(|d| self.db.schema.get(d.a).unique().is_some()) {
            let Datom { e, a, v, .. } = *datom;
            let class = self.db.dict.class(v);
            let rival = claims.insert((a, class), e);
            let holder = self.db.entity_with(a, v).filter(|h| !self.gives_up(*h, a, class));
            if let Some(other) = rival.or(holder).filter(|other| *other != e) {
                return Err(self.unique_error(datom, other));
            }
        }
        Ok(())
    }

    /// Whether an entity that has a value of an attribute before has it no more after.
    fn gives_up(&self, e: EntityId, a: AttrId, class: Cell) -> bool {
        let many = self.db.schema.get(a).is_many();
        let sought = Fact { e, a, class: many.then_some(class), before: None, after: None };
        let same = |i: &u32| self.facts[*i as usize].key() == sought.key();
        self.by_key.find(sought.hash(), same).is_some_and(|i| {
            self.facts[*i as usize].after.is_none_or(|v| self.db.dict.class(v) != class)
        })
    }

    fn unique_error(&self, datom: &Datom, holder: EntityId) -> TxError {
        let existing = self
            .db
            .values(holder, datom.a)
            .find(|d| self.db.dict.compare(d.v, datom.v).is_eq())
            .unwrap_or(Datom { e: holder, ..*datom });
        TxError::Unique {
            datom: self.db.datom_string(datom),
            existing: self.db.datom_string(&existing),
        }
    }

    /// The composite tuples that the changes make necessary.
    fn tuples(&self, changes: &[Datom]) -> Result<Vec<Datom>, TxError> {
        let mut touched: Vec<(EntityId, AttrId)> = changes
            .iter()
            .flat_map(|d| self.db.schema.get(d.a).member_of().iter().map(|tuple| (d.e, *tuple)))
            .collect();
        touched.sort_unstable();
        touched.dedup();
        let mut datoms = Vec::with_capacity(touched.len());
        let mut claimed: FxHashMap<(AttrId, Cell), EntityId> = FxHashMap::default();
        for &(e, a) in &touched {
            let members = self.db.schema.get(a).tuple();
            let value_of = |member: &AttrId| {
                self.db.values(e, *member).next().map_or(Value::Nil, |d| self.db.value(d.v))
            };
            let values: Vec<Value> = members.iter().map(value_of).collect();
            let empty = values.iter().all(Value::is_nil);
            let v = self.db.dict.intern(&Value::vector(values));
            let current = self.db.values(e, a).next();
            let datom = Datom { e, a, v, tx: self.tx, added: true };
            if !empty && self.db.schema.get(a).unique().is_some() {
                let rival = claimed.insert((a, self.db.dict.class(v)), e);
                let holder = self.db.entity_with(a, v);
                let stays = |h: &EntityId| touched.binary_search(&(*h, a)).is_err();
                if let Some(other) = rival.or(holder.filter(stays)) {
                    return Err(self.unique_error(&datom, other));
                }
            }
            if !empty && current.is_some_and(|d| self.db.dict.compare(d.v, v).is_eq()) {
                continue;
            }
            datoms.extend(current.map(|d| Datom { tx: self.tx, added: false, ..d }));
            if !empty {
                datoms.push(datom);
            }
        }
        Ok(datoms)
    }
}
