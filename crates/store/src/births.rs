//! Where entities and transactions come from: what names in a log mean.
//!
//! Entities are numbered in the order they are born, from 1 without a gap, so a birth is found by its entity in a column.
//! An entity has the birth that came first, and others where clones made it more than once under one identity.

use db::{EntityId, TX0};
use edn::Uuid;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A transaction and the number of one of its lines, or a number behind them for an entity that has no line.
pub(crate) type Birth = (Uuid, u32);

/// What is known of a transaction besides its datoms.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) id: Uuid,
    pub(crate) parents: Vec<Uuid>,
    /// Whether its author had seen all transactions before it.
    pub(crate) saw_all: bool,
    /// The checksum on its commit line.
    pub(crate) crc: u32,
    /// Its lines, where its datoms do not tell what it said.
    pub(crate) text: Option<Arc<str>>,
}

#[derive(Clone, Default)]
pub(crate) struct Births {
    of_entity: Vec<Birth>,
    by_birth: FxHashMap<Birth, EntityId>,
    transactions: Vec<Recorded>,
    by_id: FxHashMap<Uuid, EntityId>,
}

impl Births {
    /// The entity that is born next.
    pub(crate) fn next_entity(&self) -> EntityId {
        self.of_entity.len() as EntityId + 1
    }

    /// The transaction that comes next.
    pub(crate) fn next_tx(&self) -> EntityId {
        TX0 + 1 + self.transactions.len() as EntityId
    }

    /// Gives the next entity its birth.
    pub(crate) fn bear(&mut self, birth: Birth) -> EntityId {
        let e = self.next_entity();
        self.of_entity.push(birth);
        self.by_birth.insert(birth, e);
        e
    }

    /// Another birth of an entity that is there.
    pub(crate) fn alias(&mut self, birth: Birth, e: EntityId) {
        self.by_birth.insert(birth, e);
    }

    pub(crate) fn record(&mut self, transaction: Recorded) -> EntityId {
        let tx = self.next_tx();
        self.by_id.insert(transaction.id, tx);
        self.transactions.push(transaction);
        tx
    }

    /// The lines of the last transaction.
    pub(crate) fn set_text(&mut self, text: &str) {
        if let Some(last) = self.transactions.last_mut() {
            last.text = Some(text.into());
        }
    }

    /// The first birth of an entity.
    pub(crate) fn of(&self, e: EntityId) -> Option<&Birth> {
        self.of_entity.get((e as usize).checked_sub(1)?)
    }

    /// The entity of a birth.
    pub(crate) fn find(&self, birth: &Birth) -> Option<EntityId> {
        self.by_birth.get(birth).copied()
    }

    /// What is known of a transaction.
    pub(crate) fn transaction(&self, tx: EntityId) -> Option<&Recorded> {
        self.transactions.get(tx.checked_sub(TX0 + 1)? as usize)
    }

    /// The entity of a transaction.
    pub(crate) fn tx_of(&self, id: &Uuid) -> Option<EntityId> {
        self.by_id.get(id).copied()
    }

    /// All transactions in their order.
    pub(crate) fn transactions(&self) -> &[Recorded] {
        &self.transactions
    }

    /// All births, by entity, the first one of each first.
    pub(crate) fn all(&self) -> Vec<(EntityId, Birth)> {
        let mut births: Vec<(EntityId, bool, Birth)> = self
            .by_birth
            .iter()
            .map(|(birth, e)| (*e, self.of(*e) != Some(birth), *birth))
            .collect();
        births.sort_unstable();
        births.into_iter().map(|(e, _, birth)| (e, birth)).collect()
    }
}
