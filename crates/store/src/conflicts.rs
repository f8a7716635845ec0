//! What transactions disagree about, until somebody settles it.

use db::{AttrId, EntityId};
use edn::Value;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The transaction.
    pub tx: EntityId,
    /// What it says the value is; `None` where it retracted it.
    pub value: Option<Value>,
}

/// Two transactions that disagree, neither having seen the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The entity.
    pub entity: EntityId,
    /// The attribute.
    pub attribute: Value,
    /// The earlier one, which gave way.
    pub earlier: Side,
    /// The later one, which shows.
    pub later: Side,
}

/// An entity's attribute.
pub(crate) type Topic = (EntityId, AttrId);

/// In place of an entity: what an attribute's properties are.
pub(crate) const SCHEMA: EntityId = 0;

/// Conflicts in the order they came up, found by what they are about.
#[derive(Clone, Default)]
pub(crate) struct Conflicts {
    open: BTreeMap<u64, (Topic, Conflict)>,
    by_topic: FxHashMap<Topic, Vec<u64>>,
    next: u64,
}

impl Conflicts {
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Conflict> {
        self.open.values().map(|(_, conflict)| conflict)
    }

    /// The same, each with what it is about.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &(Topic, Conflict)> {
        self.open.values()
    }

    pub(crate) fn is_about(&self, topic: &Topic) -> bool {
        self.by_topic.contains_key(topic)
    }

    pub(crate) fn add(&mut self, topic: Topic, conflict: Conflict) {
        self.open.insert(self.next, (topic, conflict));
        self.by_topic.entry(topic).or_default().push(self.next);
        self.next += 1;
    }

    /// Settles what somebody said something about who had seen both sides.
    pub(crate) fn settle(&mut self, touched: &FxHashSet<Topic>, saw: impl Fn(EntityId) -> bool) {
        for topic in touched {
            let Some(mut numbers) = self.by_topic.remove(topic) else { continue };
            numbers.retain(|n| {
                let is_seen =
                    self.open.get(n).is_some_and(|(_, c)| saw(c.earlier.tx) && saw(c.later.tx));
                if is_seen {
                    self.open.remove(n);
                }
                !is_seen
            });
            if !numbers.is_empty() {
                self.by_topic.insert(*topic, numbers);
            }
        }
    }
}

impl FromIterator<(Topic, Conflict)> for Conflicts {
    fn from_iter<I: IntoIterator<Item = (Topic, Conflict)>>(conflicts: I) -> Conflicts {
        let mut all = Conflicts::default();
        conflicts.into_iter().for_each(|(topic, conflict)| all.add(topic, conflict));
        all
    }
}
