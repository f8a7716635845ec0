//! Transactions as typed operations: for programs that say a million facts at once.
//!
//! The meaning is that of `:db/add` and `:db/retract` with everything already resolved, and the checks are the same
//! (uniqueness, cardinality, composite tuples); but nothing is parsed, facts of new entities are not looked up, and
//! the indexes change once, at the end.

use super::{TxError, TxReport};
use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, Prefix, TX0};
use crate::db::Db;
use edn::Value;
use rustc_hash::FxHashMap;

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
    pub fn with_ops(&self, ops: &[Op], tx_meta: Value) -> Result<TxReport, TxError> {
        if !self.view.is_plain() {
            return Err(TxError::ReadOnlyView);
        }
        let mut batch = Batch::new(self.clone());
        for op in ops {
            batch.op(op)?;
        }
        batch.finish(self, tx_meta)
    }
}

struct Batch {
    db: Db,
    tx: EntityId,
    first_new: EntityId,
    retracted: Vec<Datom>,
    asserted: Vec<Datom>,
    /// Values of unique attributes that this transaction asserts.
    unique: FxHashMap<(AttrId, Cell), EntityId>,
    /// Attributes of existing entities that this transaction has set.
    set: FxHashMap<(EntityId, AttrId), usize>,
}

impl Batch {
    fn new(db: Db) -> Batch {
        Batch {
            tx: db.max_tx + 1,
            first_new: db.max_eid + 1,
            db,
            retracted: Vec::new(),
            asserted: Vec::new(),
            unique: FxHashMap::default(),
            set: FxHashMap::default(),
        }
    }

    fn entity(&self, e: EntityRef) -> Result<EntityId, TxError> {
        match e {
            EntityRef::Id(e) => Ok(e),
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
        let v = match &op.v {
            OpValue::Value(Value::Nil) => {
                return Err(TxError::NilValue(format!("[:db/add {e} {} nil]", op.a)));
            }
            OpValue::Value(value) => self.db.dict.intern(value),
            OpValue::Entity(target) => Cell::entity(self.entity(*target)?),
        };
        let datom = Datom { e, a, v, tx: self.tx, added: op.added };
        if !op.added {
            let prefix = Prefix { e: Some(e), a: Some(a), v: Some(v), tx: None };
            if self.db.scan(Index::Eavt, &prefix).next().is_some() {
                self.retracted.push(datom);
            }
            return Ok(());
        }
        self.assert(datom, matches!(op.e, EntityRef::New(_)))
    }

    fn assert(&mut self, datom: Datom, new: bool) -> Result<(), TxError> {
        let Datom { e, a, v, .. } = datom;
        let attribute = self.db.schema.get(a);
        if attribute.unique().is_some() {
            self.claim(datom)?;
        }
        let many = self.db.schema.get(a).is_many();
        if !new {
            let current: Option<Datom> = if many {
                let prefix = Prefix { e: Some(e), a: Some(a), v: Some(v), tx: None };
                self.db.scan(Index::Eavt, &prefix).next()
            } else {
                self.db.values(e, a).next()
            };
            match current {
                Some(current) if self.db.dict.compare(current.v, v).is_eq() => return Ok(()),
                Some(current) => {
                    self.retracted.push(Datom { tx: self.tx, added: false, ..current });
                }
                None => {}
            }
        }
        if !many {
            match self.set.insert((e, a), self.asserted.len()) {
                Some(at) if self.asserted[at].v == v => return Ok(()),
                Some(_) => {
                    let attribute = self.db.attr_name(a).to_string();
                    return Err(TxError::TwoValues { entity: e, attribute });
                }
                None => {}
            }
        }
        self.asserted.push(datom);
        Ok(())
    }

    /// Notes a unique value; who has it in the database is checked at the end, when it is known what is retracted.
    fn claim(&mut self, datom: Datom) -> Result<(), TxError> {
        let class = self.db.dict.class(datom.v);
        match self.unique.insert((datom.a, class), datom.e) {
            Some(other) if other != datom.e => {
                Err(self.unique_error(&datom, &Datom { e: other, ..datom }))
            }
            _ => Ok(()),
        }
    }

    fn unique_error(&self, datom: &Datom, existing: &Datom) -> TxError {
        let show = |d: &Datom| format!("#datascript/Datom {}", self.db.datom_value(d));
        TxError::Unique { datom: show(datom), existing: show(existing) }
    }

    fn finish(mut self, before: &Db, tx_meta: Value) -> Result<TxReport, TxError> {
        self.check_unique()?;
        self.db.apply_in_place(&self.retracted);
        self.db.apply_in_place(&self.asserted);
        self.db.max_tx = self.tx;
        let tuples = self.tuples()?;
        self.db.apply_in_place(&tuples);
        let mut tx_data = self.retracted;
        tx_data.extend(self.asserted);
        tx_data.extend(tuples);
        Ok(TxReport {
            db_before: before.clone(),
            db_after: self.db,
            tx_data,
            tempids: vec![(Value::keyword("db/current-tx"), self.tx)],
            tx_meta,
            tx: self.tx,
        })
    }

    fn check_unique(&self) -> Result<(), TxError> {
        for ((a, v), e) in &self.unique {
            let Some(holder) = self.db.entity_with(*a, *v).filter(|holder| holder != e) else {
                continue;
            };
            let gives_up = self
                .retracted
                .iter()
                .any(|d| d.e == holder && d.a == *a && self.db.dict.class(d.v) == *v);
            if !gives_up {
                let datom = Datom { e: *e, a: *a, v: *v, tx: self.tx, added: true };
                return Err(self.unique_error(&datom, &Datom { e: holder, ..datom }));
            }
        }
        Ok(())
    }

    /// The composite tuples that the changes make necessary.
    fn tuples(&self) -> Result<Vec<Datom>, TxError> {
        let mut touched: Vec<(EntityId, AttrId)> = self
            .retracted
            .iter()
            .chain(&self.asserted)
            .flat_map(|d| self.db.schema.get(d.a).member_of().iter().map(|tuple| (d.e, *tuple)))
            .collect();
        touched.sort_unstable();
        touched.dedup();
        let mut datoms = Vec::with_capacity(touched.len());
        let mut claimed: FxHashMap<(AttrId, Cell), EntityId> = FxHashMap::default();
        for (e, a) in touched {
            let values: Vec<Value> = self
                .db
                .schema
                .get(a)
                .tuple()
                .iter()
                .map(|m| self.db.values(e, *m).next().map_or(Value::Nil, |d| self.db.value(d.v)))
                .collect();
            let empty = values.iter().all(Value::is_nil);
            let v = self.db.dict.intern(&Value::vector(values));
            let current = self.db.values(e, a).next();
            if !empty && current.is_some_and(|d| d.v == v) {
                continue;
            }
            if let Some(current) = current {
                datoms.push(Datom { tx: self.tx, added: false, ..current });
            }
            if empty {
                continue;
            }
            let datom = Datom { e, a, v, tx: self.tx, added: true };
            if self.db.schema.get(a).unique().is_some() {
                let holder = claimed
                    .insert((a, v), e)
                    .or_else(|| self.db.entity_with(a, v))
                    .filter(|holder| *holder != e);
                if let Some(holder) = holder {
                    return Err(self.unique_error(&datom, &Datom { e: holder, ..datom }));
                }
            }
            datoms.push(datom);
        }
        Ok(datoms)
    }
}
