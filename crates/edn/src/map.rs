//! Maps: immutable, cheap to clone, with optional metadata that takes no part in equality.
//!
//! Invariants
//! - A map of up to eight entries keeps them in the order they came; a larger one goes by the hash of its keys, as Clojure's.
//! - A map is either a row, its values in one piece of memory with a reference to its keys, which other rows may share; or a
//!   trie. A map begins as a row, which also holds many entries where whoever made it knew the keys; once a trie, it stays one.
//!
//! Costs: a row takes one allocation beside its keys, and a changed copy of it costs its length. A trie is shared between
//! versions and edited in place when nobody else holds it: look-up and change cost about log32 n steps.

use crate::Value;
use crate::keys::{FEW, Keys};
use crate::trie::{Trie, TrieIter};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::Zip;
use std::slice::Iter as SliceIter;
use std::sync::Arc;
use triomphe::ThinArc;

/// `{:a 1}`
#[derive(Clone)]
pub struct Map(Form);

#[derive(Clone)]
enum Form {
    Row(ThinArc<Head, Value>),
    Trie(Arc<Many>),
}

/// What stands before the values of a row.
#[derive(Clone)]
struct Head {
    keys: Keys,
    meta: Option<Arc<Map>>,
}

#[derive(Clone)]
struct Many {
    trie: Trie<Value>,
    meta: Option<Arc<Map>>,
}

/// A row is no longer than this: keys of which the hashes are equal are looked at one after the other.
const LONGEST: usize = 64;

/// From so many entries on a trie is made in one go.
const MANY: usize = 32;

fn row(keys: Keys, meta: Option<Arc<Map>>, values: impl ExactSizeIterator<Item = Value>) -> Map {
    Map(Form::Row(ThinArc::from_header_and_iter(Head { keys, meta }, values)))
}

fn trie(trie: Trie<Value>, meta: Option<Arc<Map>>) -> Map {
    Map(Form::Trie(Arc::new(Many { trie, meta })))
}

/// A row of no more than [`FEW`] entries with distinct keys, without copies in between.
fn few(mut entries: Vec<(Value, Value)>) -> Map {
    let keys = Keys::few(entries.iter_mut().map(|(key, _)| std::mem::take(key)));
    row(keys, None, entries.iter_mut().map(|(_, value)| std::mem::take(value)))
}

impl Default for Map {
    fn default() -> Self {
        row(Keys::none(), None, std::iter::empty())
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
        match entries.len() {
            ..=FEW => few(entries),
            _ => trie(entries.into_iter().collect(), None),
        }
    }

    /// A map of these keys. Its values are taken off the end of a stack, where they stand in the order in which the keys were
    /// given.
    ///
    /// # Panics
    /// Where there are fewer values than keys.
    #[inline]
    pub fn with_keys(keys: &Keys, stack: &mut Vec<Value>) -> Map {
        let start = stack.len() - keys.as_slice().len();
        match keys.places() {
            None => row(keys.clone(), None, stack.drain(start..)),
            Some(places) => {
                let values = &mut stack[start..];
                let taken = places.iter().map(|place| std::mem::take(&mut values[*place as usize]));
                let map = match places.len() {
                    ..=LONGEST => row(keys.clone(), None, taken),
                    _ => trie(keys.as_slice().iter().cloned().zip(taken).collect(), None),
                };
                stack.truncate(start);
                map
            }
        }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Row(row) => row.slice.len(),
            Form::Trie(many) => many.trie.len,
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value under a key.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        match &self.0 {
            Form::Row(row) => row.header.header.keys.position(key).map(|at| &row.slice[at]),
            Form::Trie(many) => many.trie.get(key).map(|(_, v)| v),
        }
    }

    /// The value under the keyword `:name`.
    pub fn get_keyword(&self, name: &str) -> Option<&Value> {
        match &self.0 {
            Form::Row(row) if self.len() <= FEW => {
                let keys = row.header.header.keys.as_slice();
                keys.iter().position(|k| k.is_keyword(name)).map(|at| &row.slice[at])
            }
            _ => self.get(&Value::keyword(name)),
        }
    }

    /// Whether the key is there.
    pub fn contains_key(&self, key: &Value) -> bool {
        self.get(key).is_some()
    }

    /// Puts a value under a key and returns the one that was there. A key that is there stays as it was
    /// written.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        match &mut self.0 {
            Form::Row(old) => {
                let Head { keys, meta } = &old.header.header;
                let (keys, meta) = (keys.clone(), meta.clone());
                if let Some(at) = keys.position(&key) {
                    let was = old.slice[at].clone();
                    let mut values: Vec<Value> = old.slice.to_vec();
                    values[at] = value;
                    *self = row(keys, meta, values.into_iter());
                    return Some(was);
                }
                if old.slice.len() < FEW {
                    let mut all = keys.as_slice().to_vec();
                    all.push(key);
                    let mut values = old.slice.to_vec();
                    values.push(value);
                    *self = row(Keys::new(all), meta, values.into_iter());
                } else {
                    let mut all: Trie<Value> = self.owned().collect();
                    all.insert(key, value);
                    *self = trie(all, meta);
                }
                None
            }
            Form::Trie(many) => Arc::make_mut(many).trie.insert(key, value),
        }
    }

    /// Removes a key and returns its value.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        match &mut self.0 {
            Form::Row(old) => {
                let Head { keys, meta } = &old.header.header;
                let (at, meta) = (keys.position(key)?, meta.clone());
                if old.slice.len() > FEW {
                    let mut all: Trie<Value> = self.owned().collect();
                    let removed = all.remove(key);
                    *self = trie(all, meta);
                    return removed;
                }
                let (mut keys, mut values) = (keys.as_slice().to_vec(), old.slice.to_vec());
                keys.remove(at);
                let removed = values.remove(at);
                *self = row(Keys::new(keys), meta, values.into_iter());
                Some(removed)
            }
            Form::Trie(many) => Arc::make_mut(many).trie.remove(key),
        }
    }

    /// The entries, in the order in which they print.
    pub fn iter(&self) -> Entries<'_> {
        Entries(match &self.0 {
            Form::Row(row) => Walked::Row(row.header.header.keys.as_slice().iter().zip(&row.slice)),
            Form::Trie(many) => Walked::Trie(many.trie.iter()),
        })
    }

    fn owned(&self) -> impl Iterator<Item = (Value, Value)> {
        self.iter().map(|(key, value)| (key.clone(), value.clone()))
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
        match &self.0 {
            Form::Row(row) => row.header.header.meta.as_deref(),
            Form::Trie(many) => many.meta.as_deref(),
        }
    }

    /// The same entries with this metadata.
    pub fn with_meta(&self, meta: Option<Map>) -> Self {
        let meta = meta.map(Arc::new);
        match &self.0 {
            Form::Row(old) => row(old.header.header.keys.clone(), meta, old.slice.iter().cloned()),
            Form::Trie(many) => trie(many.trie.clone(), meta),
        }
    }
}

/// The entries of a map, in the order in which they print.
pub struct Entries<'a>(Walked<'a>);

enum Walked<'a> {
    Row(Zip<SliceIter<'a, Value>, SliceIter<'a, Value>>),
    Trie(TrieIter<'a, Value>),
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a Value, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walked::Row(entries) => entries.next(),
            Walked::Trie(entries) => entries.next().map(|(key, value)| (key, value)),
        }
    }

    /// Asks once, not for each entry, which form the map has.
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut f: F) -> B {
        match self.0 {
            Walked::Row(entries) => entries.fold(init, f),
            Walked::Trie(entries) => entries.fold(init, |b, (key, value)| f(b, (key, value))),
        }
    }
}

/// A later entry takes the place of an earlier one with the same key.
impl From<Vec<(Value, Value)>> for Map {
    fn from(entries: Vec<(Value, Value)>) -> Map {
        let is_new = |at: usize| entries[..at].iter().all(|(key, _)| *key != entries[at].0);
        match entries.len() <= FEW && (1..entries.len()).all(is_new) {
            true => few(entries),
            false => entries.into_iter().collect(),
        }
    }
}

/// A later entry takes the place of an earlier one with the same key.
impl FromIterator<(Value, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(entries: I) -> Self {
        let mut entries = entries.into_iter();
        let mut first: Vec<(Value, Value)> = Vec::with_capacity(FEW);
        let mut next = None;
        for (key, value) in entries.by_ref() {
            match first.iter().position(|(k, _)| *k == key) {
                Some(at) => first[at].1 = value,
                None if first.len() < FEW => first.push((key, value)),
                None => {
                    next = Some((key, value));
                    break;
                }
            }
        }
        let Some(next) = next else { return few(first) };
        let first = first.into_iter().chain([next]);
        let rest: Vec<(Value, Value)> = entries.collect();
        if rest.len() >= MANY {
            return trie(first.collect::<Vec<_>>().into_iter().chain(rest).collect(), None);
        }
        let mut all: Trie<Value> = first.collect();
        rest.into_iter().for_each(|(key, value)| drop(all.insert(key, value)));
        trie(all, None)
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Row(a), Form::Row(b)) if a.header.header.keys.is_same(&b.header.header.keys) => {
                a.slice == b.slice
            }
            _ => self.len() == other.len() && self.iter().all(|(k, v)| other.get(k) == Some(v)),
        }
    }
}

impl Eq for Map {}

impl Hash for Map {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(crate::hash::map(self));
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Value::Map(self.clone()), f)
    }
}
