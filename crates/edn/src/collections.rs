//! Lists, vectors, maps and sets: immutable, cheap to clone, with optional metadata that takes no part in
//! equality.
//!
//! Invariants
//! - A map of up to eight entries keeps them in the order they came; a larger one, and every set, is a hash
//!   array mapped trie over [`Value::hasheq`], five bits a level from the low end. Walking it in order gives
//!   the order in which Clojure walks its own.
//! - Nodes are shared between versions and edited in place when nobody else holds them.
//!
//! Costs: look-up and change of a map or set in about log32 n steps; a list or vector is one slice, so a
//! changed copy costs its length.

use crate::Value;
use crate::trie::Trie;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

macro_rules! sequence {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $type {
            items: Arc<[Value]>,
            meta: Option<Arc<Map>>,
        }

        impl $type {
            /// The items in order.
            pub fn as_slice(&self) -> &[Value] {
                &self.items
            }

            /// Its metadata, if it has any.
            pub fn meta(&self) -> Option<&Map> {
                self.meta.as_deref()
            }

            /// The same items with this metadata.
            pub fn with_meta(&self, meta: Option<Map>) -> Self {
                $type { items: self.items.clone(), meta: meta.map(Arc::new) }
            }
        }

        impl std::ops::Deref for $type {
            type Target = [Value];
            fn deref(&self) -> &[Value] {
                &self.items
            }
        }

        impl From<Vec<Value>> for $type {
            fn from(items: Vec<Value>) -> Self {
                $type { items: items.into(), meta: None }
            }
        }

        impl FromIterator<Value> for $type {
            fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
                $type { items: items.into_iter().collect(), meta: None }
            }
        }

        impl<'a> IntoIterator for &'a $type {
            type Item = &'a Value;
            type IntoIter = std::slice::Iter<'a, Value>;
            fn into_iter(self) -> Self::IntoIter {
                self.items.iter()
            }
        }
    };
}

sequence!(
    /// `(1 2 3)`
    List
);
sequence!(
    /// `[1 2 3]`
    Vector
);

/// `{:a 1}`
#[derive(Clone, Default)]
pub struct Map {
    entries: Entries,
    meta: Option<Arc<Map>>,
}

/// `#{1 2}`
#[derive(Clone, Default)]
pub struct Set {
    items: Arc<Trie<()>>,
    meta: Option<Arc<Map>>,
}

/// From so many entries on a trie is made in one go.
const MANY: usize = 32;

/// How many entries a map keeps in the order they came.
const ARRAY_ENTRIES: usize = 8;

#[derive(Clone)]
enum Entries {
    Array(Arc<Vec<(Value, Value)>>),
    Trie(Arc<Trie<Value>>),
}

impl Default for Entries {
    fn default() -> Self {
        Entries::Array(Arc::default())
    }
}

impl Map {
    /// The empty map.
    pub fn new() -> Self {
        Map::default()
    }

    /// A map of entries whose keys are known to differ.
    pub fn from_distinct(entries: Vec<(Value, Value)>) -> Map {
        debug_assert!(
            (1..entries.len()).all(|i| entries[..i].iter().all(|(k, _)| *k != entries[i].0))
        );
        if entries.len() <= ARRAY_ENTRIES {
            return Map { entries: Entries::Array(Arc::new(entries)), meta: None };
        }
        entries.into_iter().collect()
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        match &self.entries {
            Entries::Array(entries) => entries.len(),
            Entries::Trie(trie) => trie.len,
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value under a key.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        match &self.entries {
            Entries::Array(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            Entries::Trie(trie) => trie.get(key).map(|(_, v)| v),
        }
    }

    /// The value under the keyword `:name`.
    pub fn get_keyword(&self, name: &str) -> Option<&Value> {
        match &self.entries {
            Entries::Array(entries) => entries
                .iter()
                .find(|(k, _)| matches!(k, Value::Keyword(k) if k.as_str() == name))
                .map(|(_, v)| v),
            Entries::Trie(_) => self.get(&Value::keyword(name)),
        }
    }

    /// Whether the key is there.
    pub fn contains_key(&self, key: &Value) -> bool {
        self.get(key).is_some()
    }

    /// Puts a value under a key and returns the one that was there. A key that is there stays as it was
    /// written.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        match &mut self.entries {
            Entries::Array(entries) => {
                let at = entries.iter().position(|(k, _)| *k == key);
                if let Some(at) = at {
                    let slot = &mut Arc::make_mut(entries)[at].1;
                    return Some(std::mem::replace(slot, value));
                }
                if entries.len() < ARRAY_ENTRIES {
                    Arc::make_mut(entries).push((key, value));
                } else {
                    let mut trie: Trie<Value> = entries.iter().cloned().collect();
                    trie.insert(key, value);
                    self.entries = Entries::Trie(Arc::new(trie));
                }
                None
            }
            Entries::Trie(trie) => Arc::make_mut(trie).insert(key, value),
        }
    }

    /// Removes a key and returns its value.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        match &mut self.entries {
            Entries::Array(entries) => {
                let at = entries.iter().position(|(k, _)| k == key)?;
                Some(Arc::make_mut(entries).remove(at).1)
            }
            Entries::Trie(trie) => Arc::make_mut(trie).remove(key),
        }
    }

    /// The entries, in the order in which they print.
    pub fn iter(&self) -> impl Iterator<Item = (&Value, &Value)> {
        let (array, trie) = match &self.entries {
            Entries::Array(entries) => (Some(entries.iter()), None),
            Entries::Trie(trie) => (None, Some(trie.iter())),
        };
        array.into_iter().flatten().chain(trie.into_iter().flatten()).map(|(k, v)| (k, v))
    }

    /// The keys, in the order in which they print.
    pub fn keys(&self) -> impl Iterator<Item = &Value> {
        self.iter().map(|(k, _)| k)
    }

    /// The values, in the order in which they print.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.iter().map(|(_, v)| v)
    }

    /// Its metadata, if it has any.
    pub fn meta(&self) -> Option<&Map> {
        self.meta.as_deref()
    }

    /// The same entries with this metadata.
    pub fn with_meta(&self, meta: Option<Map>) -> Self {
        Map { entries: self.entries.clone(), meta: meta.map(Arc::new) }
    }
}

impl FromIterator<(Value, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(entries: I) -> Self {
        let mut entries = entries.into_iter();
        let mut map = Map::new();
        for (key, value) in entries.by_ref() {
            map.insert(key, value);
            if map.len() == ARRAY_ENTRIES {
                break;
            }
        }
        let rest: Vec<(Value, Value)> = entries.collect();
        if rest.len() < MANY {
            rest.into_iter().for_each(|(key, value)| drop(map.insert(key, value)));
            return map;
        }
        let first = map.iter().map(|(key, value)| (key.clone(), value.clone()));
        let all: Trie<Value> = first.collect::<Vec<_>>().into_iter().chain(rest).collect();
        match all.len {
            // What came was the same few keys over and over.
            ..=ARRAY_ENTRIES => {
                all.iter().for_each(|(key, value)| drop(map.insert(key.clone(), value.clone())));
                map
            }
            _ => Map { entries: Entries::Trie(Arc::new(all)), meta: None },
        }
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(k, v)| other.get(k) == Some(v))
    }
}

impl Eq for Map {}

impl Set {
    /// The empty set.
    pub fn new() -> Self {
        Set::default()
    }

    /// How many items it has.
    pub fn len(&self) -> usize {
        self.items.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the item is there.
    pub fn contains(&self, item: &Value) -> bool {
        self.items.get(item).is_some()
    }

    /// Adds an item; `false` where it was there.
    pub fn insert(&mut self, item: Value) -> bool {
        if self.contains(&item) {
            return false;
        }
        Arc::make_mut(&mut self.items).insert(item, ());
        true
    }

    /// Removes an item; `false` where it was not there.
    pub fn remove(&mut self, item: &Value) -> bool {
        Arc::make_mut(&mut self.items).remove(item).is_some()
    }

    /// The items, in the order in which they print.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.items.iter().map(|(k, _)| k)
    }

    /// Its metadata, if it has any.
    pub fn meta(&self) -> Option<&Map> {
        self.meta.as_deref()
    }

    /// The same items with this metadata.
    pub fn with_meta(&self, meta: Option<Map>) -> Self {
        Set { items: self.items.clone(), meta: meta.map(Arc::new) }
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        let items: Trie<()> = items.into_iter().map(|item| (item, ())).collect();
        Set { items: Arc::new(items), meta: None }
    }
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|item| other.contains(item))
    }
}

impl Eq for Set {}

impl Hash for Map {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(crate::hash::map(self));
    }
}

impl Hash for Set {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(crate::hash::set(self));
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Value::Map(self.clone()), f)
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Value::Set(self.clone()), f)
    }
}
