//! Which transactions an author had seen.
//!
//! Most authors had seen everything up to some transaction and a few after it; so that is how it is kept, and asking about
//! a line of transactions beside others costs as much as that line, however long what was before it. What the newest
//! transaction of a line had seen is handed on to the next one.

use crate::births::Births;
use db::EntityId;
use edn::Uuid;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// The transactions that an author had seen.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// All up to this one, itself included.
    upto: EntityId,
    more: FxHashSet<EntityId>,
}

impl Seen {
    pub(crate) fn contains(&self, tx: EntityId) -> bool {
        tx <= self.upto || self.more.contains(&tx)
    }
}

/// The transactions that nobody has built on, and what those that had not seen everything had seen.
#[derive(Clone, Default)]
pub(crate) struct Heads {
    ids: BTreeSet<Uuid>,
    seen: FxHashMap<Uuid, Seen>,
}

impl Heads {
    /// Those of all these transactions. What they had seen is found out when somebody asks.
    pub(crate) fn of(births: &Births) -> Heads {
        let mut heads = Heads::default();
        for transaction in births.transactions() {
            transaction.parents.iter().for_each(|parent| {
                heads.ids.remove(parent);
            });
            heads.ids.insert(transaction.id);
        }
        heads
    }

    /// Their ids in order.
    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.ids.iter().copied().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(crate) fn last(&self) -> Option<&Uuid> {
        self.ids.last()
    }

    /// What somebody who builds on these had seen; `None` for everything.
    pub(crate) fn seen_by(&mut self, births: &Births, parents: &[Uuid]) -> Option<Seen> {
        let parents: BTreeSet<Uuid> = parents.iter().copied().collect();
        if parents == self.ids {
            return None;
        }
        if let (Some(parent), 1) = (parents.first(), parents.len())
            && let Some(seen) = self.seen.remove(parent)
        {
            return Some(seen);
        }
        let mut seen = Seen::default();
        let mut pending: Vec<EntityId> = parents.iter().filter_map(|p| births.tx_of(p)).collect();
        while let Some(tx) = pending.pop() {
            let Some(transaction) = births.transaction(tx) else { continue };
            if transaction.saw_all {
                seen.upto = seen.upto.max(tx);
            } else if tx > seen.upto && seen.more.insert(tx) {
                pending.extend(transaction.parents.iter().filter_map(|p| births.tx_of(p)));
            }
        }
        let upto = seen.upto;
        seen.more.retain(|tx| *tx > upto);
        Some(seen)
    }

    /// A transaction was applied; `seen` is what its author had seen.
    pub(crate) fn advance(&mut self, id: Uuid, tx: EntityId, parents: &[Uuid], seen: Option<Seen>) {
        for parent in parents {
            self.ids.remove(parent);
            self.seen.remove(parent);
        }
        self.ids.insert(id);
        if let Some(mut seen) = seen {
            seen.more.insert(tx);
            self.seen.insert(id, seen);
        }
    }
}
