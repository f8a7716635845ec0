//! Entries whose hashes are equal in all 32 bits, in the order they came.
//!
//! Clojure's hash of a text can be made to collide at will, so there may be very many: they are found by the total order of
//! values. Look-up and change cost log n comparisons.

use crate::Value;
use std::collections::BTreeMap;
use std::collections::btree_map::{Entry as Slot, Values};

#[derive(Clone)]
pub(crate) struct Bucket<V> {
    entries: BTreeMap<u64, (Value, V)>,
    /// Where each key stands in `entries`.
    places: BTreeMap<Value, u64>,
    next: u64,
}

impl<V> Default for Bucket<V> {
    fn default() -> Self {
        Bucket { entries: BTreeMap::new(), places: BTreeMap::new(), next: 0 }
    }
}

impl<V> Bucket<V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn get(&self, key: &Value) -> Option<&(Value, V)> {
        self.entries.get(self.places.get(key)?)
    }

    /// Puts a value under a key and returns the one that was there; a key that is there stays as it was written.
    pub(crate) fn insert(&mut self, entry: (Value, V)) -> Option<V> {
        match self.places.entry(entry.0.clone()) {
            Slot::Occupied(place) => {
                let (_, value) = self.entries.get_mut(place.get())?;
                Some(std::mem::replace(value, entry.1))
            }
            Slot::Vacant(place) => {
                place.insert(self.next);
                self.entries.insert(self.next, entry);
                self.next += 1;
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &Value) -> Option<V> {
        let place = self.places.remove(key)?;
        self.entries.remove(&place).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> Values<'_, u64, (Value, V)> {
        self.entries.values()
    }
}

impl<V> FromIterator<(Value, V)> for Bucket<V> {
    fn from_iter<I: IntoIterator<Item = (Value, V)>>(entries: I) -> Self {
        let mut bucket = Bucket::default();
        for entry in entries {
            bucket.insert(entry);
        }
        bucket
    }
}
