//! The hash array mapped trie under maps and sets: 32 ways, low hash bits first.
//!
//! As in Clojure the key `nil` stands beside the trie and is walked first, whatever else hashes to zero. Nodes are shared between
//! versions and edited in place when nobody else holds them. Many entries at once are put in the trie's own order first, so
//! that each node is made once, at its size.

use crate::Value;
use crate::bucket::Bucket;
use std::collections::btree_map::Values;
use std::sync::Arc;

type Entry<V> = (Value, V);

#[derive(Clone)]
pub(crate) struct Trie<V> {
    nil: Option<Arc<Entry<V>>>,
    root: Arc<Node<V>>,
    pub(crate) len: usize,
}

/// The slots that are taken, in the order of their five bits.
#[derive(Clone)]
struct Node<V> {
    bitmap: u32,
    slots: Vec<Slot<V>>,
}

#[derive(Clone)]
enum Slot<V> {
    Entry(u32, Entry<V>),
    Child(Arc<Node<V>>),
    /// Entries whose hashes are equal in all 32 bits.
    Collision(u32, Arc<Bucket<V>>),
}

const BITS: u32 = 5;

impl<V> Default for Node<V> {
    fn default() -> Self {
        Node { bitmap: 0, slots: Vec::new() }
    }
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Trie { nil: None, root: Arc::default(), len: 0 }
    }
}

fn bit(hash: u32, shift: u32) -> u32 {
    1 << ((hash >> shift) & 31)
}

impl<V: Clone> Node<V> {
    fn position(&self, bit: u32) -> usize {
        (self.bitmap & (bit - 1)).count_ones() as usize
    }

    fn get(&self, hash: u32, key: &Value) -> Option<&Entry<V>> {
        let (mut node, mut shift) = (self, 0);
        loop {
            let bit = bit(hash, shift);
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

    fn insert(&mut self, hash: u32, shift: u32, entry: Entry<V>) -> Option<V> {
        let bit = bit(hash, shift);
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
    fn push_down(&mut self, at: usize, hash: u32, shift: u32, entry: Entry<V>) {
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
                let mut child = Node { bitmap: bit(old_hash, shift + BITS), slots: vec![old] };
                child.insert(hash, shift + BITS, entry);
                Slot::Child(Arc::new(child))
            }
        };
    }

    fn remove(&mut self, hash: u32, shift: u32, key: &Value) -> Option<V> {
        let bit = bit(hash, shift);
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

impl<V: Clone> Trie<V> {
    pub(crate) fn get(&self, key: &Value) -> Option<&Entry<V>> {
        if key.is_nil() { self.nil.as_deref() } else { self.root.get(key.hasheq(), key) }
    }

    pub(crate) fn insert(&mut self, key: Value, value: V) -> Option<V> {
        let old = if key.is_nil() {
            self.nil.replace(Arc::new((key, value))).map(|entry| entry.1.clone())
        } else {
            let hash = key.hasheq();
            Arc::make_mut(&mut self.root).insert(hash, 0, (key, value))
        };
        self.len += usize::from(old.is_none());
        old
    }

    pub(crate) fn remove(&mut self, key: &Value) -> Option<V> {
        let removed = if key.is_nil() {
            self.nil.take().map(|entry| entry.1.clone())?
        } else {
            Arc::make_mut(&mut self.root).remove(key.hasheq(), 0, key)?
        };
        self.len -= 1;
        Some(removed)
    }

    pub(crate) fn iter(&self) -> TrieIter<'_, V> {
        TrieIter { nil: self.nil.as_deref(), stack: vec![self.root.slots.iter()], bucket: None }
    }
}

/// Of equal keys the first stays as it was written, with the last one's value.
impl<V: Clone> FromIterator<Entry<V>> for Trie<V> {
    fn from_iter<I: IntoIterator<Item = Entry<V>>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut trie = Trie::default();
        let mut hashed = Vec::with_capacity(entries.size_hint().0);
        for (key, value) in entries {
            if key.is_nil() {
                trie.insert(key, value);
            } else {
                hashed.push((key.hasheq(), Some((key, value))));
            }
        }
        if hashed.len() < FEW {
            for (hash, entry) in hashed {
                let old = entry.and_then(|e| Arc::make_mut(&mut trie.root).insert(hash, 0, e));
                trie.len += usize::from(old.is_none());
            }
            return trie;
        }
        let mut order: Vec<u64> = hashed
            .iter()
            .zip(0u64..)
            .map(|((hash, _), i)| u64::from(walk_order(*hash)) << 32 | i)
            .collect();
        order.sort_unstable();
        let mut made = Made { hashed, len: trie.len };
        trie.root = Arc::new(made.node(&order, 0));
        trie.len = made.len;
        trie
    }
}

/// Fewer entries are put in one by one.
const FEW: usize = 8;

/// The hash with its groups of five bits turned round: the lowest decides first where an entry stands.
fn walk_order(hash: u32) -> u32 {
    let group = |at: u32| (hash >> (at * BITS)) & 31;
    let upper = (0..6).fold(0, |order, at| order << BITS | group(at));
    upper << 2 | hash >> 30
}

/// Entries on their way into a trie.
struct Made<V> {
    hashed: Vec<(u32, Option<Entry<V>>)>,
    len: usize,
}

impl<V: Clone> Made<V> {
    /// The node of entries that stand together in the order of walking.
    fn node(&mut self, order: &[u64], shift: u32) -> Node<V> {
        let hash_of = |made: &Self, place: &u64| made.hashed[*place as u32 as usize].0;
        let mut node = Node { bitmap: 0, slots: Vec::new() };
        let mut rest = order;
        let same = |made: &Self, a: &u64, b: &u64| {
            bit(hash_of(made, a), shift) == bit(hash_of(made, b), shift)
        };
        node.slots.reserve_exact(order.chunk_by(|a, b| same(self, a, b)).count());
        while let Some(first) = rest.first() {
            let run = rest.iter().take_while(|place| same(self, first, place)).count();
            let (own, others) = rest.split_at(run);
            rest = others;
            let (low, high) = (hash_of(self, first), hash_of(self, &own[run - 1]));
            node.bitmap |= bit(low, shift);
            let slot = match low == high {
                true => self.equal_hashes(low, own),
                false => Slot::Child(Arc::new(self.node(own, shift + BITS))),
            };
            node.slots.push(slot);
        }
        node
    }

    /// The slot of entries whose hashes are equal, in the order they came.
    fn equal_hashes(&mut self, hash: u32, order: &[u64]) -> Slot<V> {
        let mut node = Node::default();
        for place in order {
            let entry = self.hashed[*place as u32 as usize].1.take();
            let old = entry.and_then(|entry| node.insert(hash, 0, entry));
            self.len += usize::from(old.is_none());
        }
        node.slots.pop().unwrap_or_else(|| Slot::Collision(hash, Arc::default()))
    }
}

pub(crate) struct TrieIter<'a, V> {
    nil: Option<&'a Entry<V>>,
    stack: Vec<std::slice::Iter<'a, Slot<V>>>,
    bucket: Option<Values<'a, u64, Entry<V>>>,
}

impl<'a, V> Iterator for TrieIter<'a, V> {
    type Item = &'a Entry<V>;

    fn next(&mut self) -> Option<&'a Entry<V>> {
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
