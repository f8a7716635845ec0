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

impl<V: Clone> Trie<V> {
    /// Of as many entries as there are hashes of their keys, none of which is `nil`. Each is made when its place is known.
    pub(crate) fn of_hashed(hashes: &[u32], make: impl FnMut(usize) -> Option<Entry<V>>) -> Self {
        let mut made = Made { hashes, make, len: 0 };
        let root = Arc::new(made.node(&walked(hashes), 0));
        Trie { nil: None, root, len: made.len }
    }
}

/// Of equal keys the first stays as it was written, with the last one's value.
impl<V: Clone> FromIterator<Entry<V>> for Trie<V> {
    fn from_iter<I: IntoIterator<Item = Entry<V>>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let most = entries.size_hint().1.unwrap_or(usize::MAX);
        if most < FEW {
            let root = Node { bitmap: 0, slots: Vec::with_capacity(most) };
            let mut trie = Trie { nil: None, root: Arc::new(root), len: 0 };
            entries.for_each(|(key, value)| drop(trie.insert(key, value)));
            return trie;
        }
        let mut nil = None;
        let mut hashes = Vec::with_capacity(entries.size_hint().0);
        let mut hashed = Vec::with_capacity(entries.size_hint().0);
        for (key, value) in entries {
            if key.is_nil() {
                nil = Some(Arc::new((key, value)));
            } else {
                hashes.push(key.hasheq());
                hashed.push(Some((key, value)));
            }
        }
        let many = Trie::of_hashed(&hashes, |place| hashed[place].take());
        Trie { len: many.len + usize::from(nil.is_some()), nil, root: many.root }
    }
}

/// Fewer entries are put in one by one.
const FEW: usize = 8;

/// The hash with its groups of five bits turned round: the lowest decides first where an entry stands.
#[inline]
pub(crate) fn walk_order(hash: u32) -> u32 {
    let group = |at: u32| (hash >> (at * BITS) & 31) << (27 - at * BITS);
    group(0) | group(1) | group(2) | group(3) | group(4) | group(5) | hash >> 30
}

/// The places of hashes, with their order, in the order of walking: in the high half the one, in the low half the other.
fn walked(hashes: &[u32]) -> Vec<u64> {
    let with_place = |(hash, place): (&u32, u64)| u64::from(walk_order(*hash)) << 32 | place;
    let keys = hashes.iter().zip(0u64..).map(with_place);
    if hashes.len() < BUCKETED {
        let mut sorted: Vec<u64> = keys.collect();
        sorted.sort_unstable();
        return sorted;
    }
    // One bucket a hash, about: what is left to sort within each is next to nothing.
    let bits = hashes.len().ilog2().min(15);
    let bucket = |key: u64| (key >> (64 - bits)) as usize;
    let mut ends = vec![0u32; (1 << bits) + 1];
    keys.clone().for_each(|key| ends[bucket(key) + 1] += 1);
    (1..ends.len()).for_each(|at| ends[at] += ends[at - 1]);
    let mut sorted = vec![0; hashes.len()];
    for key in keys {
        let end = &mut ends[bucket(key)];
        sorted[*end as usize] = key;
        *end += 1;
    }
    let mut start = 0;
    for end in ends {
        sorted[start..end as usize].sort_unstable();
        start = end as usize;
    }
    sorted
}

/// Fewer hashes are sorted as they are.
const BUCKETED: usize = 64;

/// Entries on their way into a trie.
struct Made<'a, F> {
    hashes: &'a [u32],
    make: F,
    len: usize,
}

impl<F> Made<'_, F> {
    /// The node of entries that stand together in the order of walking.
    fn node<V: Clone>(&mut self, walked: &[u64], level: u32) -> Node<V>
    where
        F: FnMut(usize) -> Option<Entry<V>>,
    {
        // The last level has the two bits that are left.
        let group = |key: u64| match level {
            6 => (key >> 32 & 3) as u32,
            _ => (key >> (59 - level * BITS) & 31) as u32,
        };
        let bitmap = walked.iter().fold(0u32, |bitmap, key| bitmap | 1 << group(*key));
        let mut slots = Vec::with_capacity(bitmap.count_ones() as usize);
        let mut rest = walked;
        while let Some(first) = rest.first() {
            let own = rest.iter().take_while(|key| group(**key) == group(*first)).count();
            let (own, others) = rest.split_at(own);
            rest = others;
            slots.push(match own[0] >> 32 == own[own.len() - 1] >> 32 {
                true => self.equal_hashes(own),
                false => Slot::Child(Arc::new(self.node(own, level + 1))),
            });
        }
        Node { bitmap, slots }
    }

    /// The slot of entries whose hashes are equal, in the order they came.
    fn equal_hashes<V: Clone>(&mut self, walked: &[u64]) -> Slot<V>
    where
        F: FnMut(usize) -> Option<Entry<V>>,
    {
        let place = |key: u64| key as u32 as usize;
        let hash = self.hashes[place(walked[0])];
        if let [key] = walked
            && let Some(entry) = (self.make)(place(*key))
        {
            self.len += 1;
            return Slot::Entry(hash, entry);
        }
        let mut node = Node::default();
        for key in walked {
            let entry = (self.make)(place(*key));
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
