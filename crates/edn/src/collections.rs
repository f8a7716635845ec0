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
use crate::bucket::Bucket;
use std::collections::btree_map::Values;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

macro_rules! sequence {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $type {
            items: Arc<[Value]>,
            meta: Option<Map>,
        }

        impl $type {
            /// The items in order.
            pub fn as_slice(&self) -> &[Value] {
                &self.items
            }

            /// Its metadata, if it has any.
            pub fn meta(&self) -> Option<&Map> {
                self.meta.as_ref()
            }

            /// The same items with this metadata.
            pub fn with_meta(&self, meta: Option<Map>) -> Self {
                $type { items: self.items.clone(), meta }
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
    items: Trie,
    meta: Option<Map>,
}

/// How many entries a map keeps in the order they came.
const ARRAY_ENTRIES: usize = 8;

type Entry = (Value, Value);

#[derive(Clone)]
enum Entries {
    Array(Arc<Vec<Entry>>),
    Trie(Trie),
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
                    let mut trie: Trie = entries.iter().cloned().collect();
                    trie.insert(key, value);
                    self.entries = Entries::Trie(trie);
                }
                None
            }
            Entries::Trie(trie) => trie.insert(key, value),
        }
    }

    /// Removes a key and returns its value.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        match &mut self.entries {
            Entries::Array(entries) => {
                let at = entries.iter().position(|(k, _)| k == key)?;
                Some(Arc::make_mut(entries).remove(at).1)
            }
            Entries::Trie(trie) => trie.remove(key),
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

impl FromIterator<Entry> for Map {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut map = Map::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
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
        self.items.insert(item, Value::Nil);
        true
    }

    /// Removes an item; `false` where it was not there.
    pub fn remove(&mut self, item: &Value) -> bool {
        self.items.remove(item).is_some()
    }

    /// The items, in the order in which they print.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.items.iter().map(|(k, _)| k)
    }

    /// Its metadata, if it has any.
    pub fn meta(&self) -> Option<&Map> {
        self.meta.as_ref()
    }

    /// The same items with this metadata.
    pub fn with_meta(&self, meta: Option<Map>) -> Self {
        Set { items: self.items.clone(), meta }
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        let mut set = Set::new();
        for item in items {
            set.insert(item);
        }
        set
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

/// A hash array mapped trie, 32 ways, low hash bits first. As in Clojure the key `nil` stands beside the trie
/// and is walked first, whatever else hashes to zero.
#[derive(Clone, Default)]
struct Trie {
    nil: Option<Arc<Entry>>,
    root: Arc<Node>,
    len: usize,
}

/// The slots that are taken, in the order of their five bits.
#[derive(Clone, Default)]
struct Node {
    bitmap: u32,
    slots: Vec<Slot>,
}

#[derive(Clone)]
enum Slot {
    Entry(u32, Entry),
    Child(Arc<Node>),
    /// Entries whose hashes are equal in all 32 bits.
    Collision(u32, Arc<Bucket>),
}

const BITS: u32 = 5;

impl Node {
    fn bit(hash: u32, shift: u32) -> u32 {
        1 << ((hash >> shift) & 31)
    }

    fn position(&self, bit: u32) -> usize {
        (self.bitmap & (bit - 1)).count_ones() as usize
    }

    fn get(&self, hash: u32, key: &Value) -> Option<&Entry> {
        let (mut node, mut shift) = (self, 0);
        loop {
            let bit = Node::bit(hash, shift);
            if node.bitmap & bit == 0 {
                return None;
            }
            match &node.slots[node.position(bit)] {
                Slot::Entry(h, entry) => return (*h == hash && entry.0 == *key).then_some(entry),
                Slot::Collision(h, entries) if *h == hash => {
                    return entries.get(key);
                }
                Slot::Collision(..) => return None,
                Slot::Child(child) => {
                    node = child;
                    shift += BITS;
                }
            }
        }
    }

    fn insert(&mut self, hash: u32, shift: u32, entry: Entry) -> Option<Value> {
        let bit = Node::bit(hash, shift);
        let at = self.position(bit);
        if self.bitmap & bit == 0 {
            self.bitmap |= bit;
            self.slots.insert(at, Slot::Entry(hash, entry));
            return None;
        }
        match &mut self.slots[at] {
            Slot::Entry(h, old) if *h == hash && old.0 == entry.0 => {
                return Some(std::mem::replace(&mut old.1, entry.1));
            }
            Slot::Child(child) => return Arc::make_mut(child).insert(hash, shift + BITS, entry),
            Slot::Collision(h, entries) if *h == hash => {
                return Arc::make_mut(entries).insert(entry);
            }
            Slot::Entry(..) | Slot::Collision(..) => {}
        }
        self.push_down(at, hash, shift, entry);
        None
    }

    /// Makes room for an entry whose slot another one holds.
    fn push_down(&mut self, at: usize, hash: u32, shift: u32, entry: Entry) {
        let placeholder = Slot::Collision(0, Arc::default());
        let old = std::mem::replace(&mut self.slots[at], placeholder);
        self.slots[at] = match old {
            Slot::Entry(h, old) if h == hash => {
                Slot::Collision(hash, Arc::new([old, entry].into_iter().collect()))
            }
            old => {
                let old_hash = match &old {
                    Slot::Entry(h, _) | Slot::Collision(h, _) => *h,
                    Slot::Child(_) => unreachable!("a child takes the entry itself"),
                };
                let mut child =
                    Node { bitmap: Node::bit(old_hash, shift + BITS), slots: vec![old] };
                child.insert(hash, shift + BITS, entry);
                Slot::Child(Arc::new(child))
            }
        };
    }

    fn remove(&mut self, hash: u32, shift: u32, key: &Value) -> Option<Value> {
        let bit = Node::bit(hash, shift);
        if self.bitmap & bit == 0 {
            return None;
        }
        let at = self.position(bit);
        let (removed, emptied) = match &mut self.slots[at] {
            Slot::Entry(h, entry) if *h == hash && entry.0 == *key => (entry.1.clone(), true),
            Slot::Entry(..) => return None,
            Slot::Child(child) => {
                let child = Arc::make_mut(child);
                (child.remove(hash, shift + BITS, key)?, child.slots.is_empty())
            }
            Slot::Collision(h, entries) => {
                if *h != hash {
                    return None;
                }
                entries.get(key)?;
                let entries = Arc::make_mut(entries);
                (entries.remove(key)?, entries.is_empty())
            }
        };
        if emptied {
            self.slots.remove(at);
            self.bitmap &= !bit;
        }
        Some(removed)
    }
}

impl Trie {
    fn get(&self, key: &Value) -> Option<&Entry> {
        if key.is_nil() { self.nil.as_deref() } else { self.root.get(key.hasheq(), key) }
    }

    fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        let old = if key.is_nil() {
            self.nil.replace(Arc::new((key, value))).map(|entry| entry.1.clone())
        } else {
            let hash = key.hasheq();
            Arc::make_mut(&mut self.root).insert(hash, 0, (key, value))
        };
        self.len += usize::from(old.is_none());
        old
    }

    fn remove(&mut self, key: &Value) -> Option<Value> {
        let removed = if key.is_nil() {
            self.nil.take().map(|entry| entry.1.clone())?
        } else {
            Arc::make_mut(&mut self.root).remove(key.hasheq(), 0, key)?
        };
        self.len -= 1;
        Some(removed)
    }

    fn iter(&self) -> TrieIter<'_> {
        TrieIter { nil: self.nil.as_deref(), stack: vec![self.root.slots.iter()], bucket: None }
    }
}

impl FromIterator<Entry> for Trie {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut trie = Trie::default();
        for (key, value) in entries {
            trie.insert(key, value);
        }
        trie
    }
}

struct TrieIter<'a> {
    nil: Option<&'a Entry>,
    stack: Vec<std::slice::Iter<'a, Slot>>,
    bucket: Option<Values<'a, u64, Entry>>,
}

impl<'a> Iterator for TrieIter<'a> {
    type Item = &'a Entry;

    fn next(&mut self) -> Option<&'a Entry> {
        if let Some(entry) = self.nil.take() {
            return Some(entry);
        }
        loop {
            if let Some(entry) = self.bucket.as_mut().and_then(Iterator::next) {
                return Some(entry);
            }
            match self.stack.last_mut()?.next() {
                Some(Slot::Entry(_, entry)) => return Some(entry),
                Some(Slot::Child(child)) => self.stack.push(child.slots.iter()),
                Some(Slot::Collision(_, entries)) => self.bucket = Some(entries.iter()),
                None => {
                    self.stack.pop();
                }
            }
        }
    }
}
