//! Where entities and transactions come from: what names in a log mean.
//!
//! Entities are numbered in the order they are born, from 1 without a gap, and those of one transaction mostly have numbers that
//! follow one another too. So births are kept as runs: an import of a whole project is one of them, an edit a few. An entity has
//! the birth that came first, and others where clones made it more than once under one identity.
//!
//! Invariants
//! - Transactions stand in the order of their ids, so one is found by its id without a table.
//! - What is here only grows at its end: what was told of the first transactions stays what is told of them.

use db::{EntityId, TX0};
use edn::Uuid;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A transaction and the number of one of its lines, or a number behind them for an entity that has no line.
pub(crate) type Birth = (Uuid, u32);

/// A transaction's entity and a number in it.
type Number = (EntityId, u32);

/// What is known of a transaction besides its datoms.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Entities from one on, up to the next run's, whose births have numbers from one on.
#[derive(Clone, Copy)]
struct Run {
    first: EntityId,
    number: Number,
}

#[derive(Clone, Default)]
pub(crate) struct Births {
    /// By entity, and so by transaction.
    runs: Vec<Run>,
    /// Where the run is that begins with a number.
    by_number: BTreeMap<Number, u32>,
    /// Births of entities that had one before.
    aliases: BTreeMap<Number, EntityId>,
    entities: u32,
    transactions: Vec<Recorded>,
}

impl Births {
    /// The entity that is born next.
    pub(crate) fn next_entity(&self) -> EntityId {
        self.entities + 1
    }

    /// The transaction that comes next.
    pub(crate) fn next_tx(&self) -> EntityId {
        TX0 + 1 + self.transactions.len() as EntityId
    }

    /// Gives the next entity its birth: a number of a transaction, which is the last one that bore any or comes after it.
    pub(crate) fn bear(&mut self, tx: EntityId, n: u32) -> EntityId {
        let e = self.next_entity();
        let follows =
            |run: &Run| run.number.0 == tx && Some(n) == run.number.1.checked_add(e - run.first);
        if !self.runs.last().is_some_and(follows) {
            self.begin_run(tx, n);
        }
        self.entities = e;
        e
    }

    fn begin_run(&mut self, tx: EntityId, n: u32) {
        self.by_number.insert((tx, n), self.runs.len() as u32);
        self.runs.push(Run { first: self.next_entity(), number: (tx, n) });
    }

    /// Gives so many entities births from a number on; `None` where there are no such numbers or entities.
    pub(crate) fn bear_run(&mut self, tx: EntityId, n: u32, count: u32) -> Option<()> {
        let last = self.entities.checked_add(count).filter(|last| *last < TX0)?;
        n.checked_add(count)?;
        self.begin_run(tx, n);
        self.entities = last;
        Some(())
    }

    /// Another birth of an entity that is there.
    pub(crate) fn alias(&mut self, tx: EntityId, n: u32, e: EntityId) {
        self.aliases.insert((tx, n), e);
    }

    /// A transaction, whose id is higher than all before it.
    pub(crate) fn record(&mut self, transaction: Recorded) -> EntityId {
        let tx = self.next_tx();
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
    pub(crate) fn of(&self, e: EntityId) -> Option<Birth> {
        let (tx, n) = self.number_of(e)?;
        Some((self.transaction(tx)?.id, n))
    }

    fn number_of(&self, e: EntityId) -> Option<Number> {
        if e > self.entities {
            return None;
        }
        let at = self.runs.partition_point(|run| run.first <= e).checked_sub(1)?;
        let Run { first, number: (tx, n) } = self.runs[at];
        Some((tx, n + (e - first)))
    }

    /// The entity of a birth.
    pub(crate) fn find(&self, birth: &Birth) -> Option<EntityId> {
        let number = (self.tx_of(&birth.0)?, birth.1);
        if let Some(e) = self.aliases.get(&number) {
            return Some(*e);
        }
        let ((_, n), at) = self.by_number.range((number.0, 0)..=number).next_back()?;
        let e = self.runs[*at as usize].first.checked_add(number.1 - n)?;
        (e < self.end(*at as usize)).then_some(e)
    }

    /// The entity behind a run's last.
    fn end(&self, run: usize) -> EntityId {
        self.runs.get(run + 1).map_or(self.next_entity(), |next| next.first)
    }

    /// What is known of a transaction.
    pub(crate) fn transaction(&self, tx: EntityId) -> Option<&Recorded> {
        self.transactions.get(tx.checked_sub(TX0 + 1)? as usize)
    }

    /// The entity of a transaction.
    pub(crate) fn tx_of(&self, id: &Uuid) -> Option<EntityId> {
        let at = self.transactions.binary_search_by_key(id, |transaction| transaction.id).ok()?;
        Some(TX0 + 1 + at as EntityId)
    }

    /// All transactions in their order.
    pub(crate) fn transactions(&self) -> &[Recorded] {
        &self.transactions
    }

    /// The id of the last transaction.
    pub(crate) fn last_id(&self) -> Option<Uuid> {
        self.transactions.last().map(|transaction| transaction.id)
    }

    /// The entities that a transaction bore: for each run its first number, and how many.
    pub(crate) fn runs_of(&self, tx: EntityId) -> impl Iterator<Item = (u32, u32)> {
        let from = self.runs.partition_point(|run| run.number.0 < tx);
        let of_tx = self.runs[from..].iter().take_while(move |run| run.number.0 == tx);
        of_tx.zip(from..).map(|(run, at)| (run.number.1, self.end(at) - run.first))
    }

    /// Numbers of a transaction that are other births of entities.
    pub(crate) fn aliases_of(&self, tx: EntityId) -> impl Iterator<Item = (u32, EntityId)> {
        self.aliases.range((tx, 0)..=(tx, u32::MAX)).map(|((_, n), e)| (*n, *e))
    }

    /// All births, by entity, the first one of each first.
    pub(crate) fn all(&self) -> Vec<(EntityId, Birth)> {
        let first = (1..self.next_entity()).filter_map(|e| Some((e, false, self.of(e)?)));
        let id = |tx: EntityId| self.transaction(tx).map(|transaction| transaction.id);
        let others =
            self.aliases.iter().filter_map(|((tx, n), e)| Some((*e, true, (id(*tx)?, *n))));
        let mut births: Vec<(EntityId, bool, Birth)> = first.chain(others).collect();
        births.sort_unstable();
        births.into_iter().map(|(e, _, birth)| (e, birth)).collect()
    }
}
