//! Lists, vectors and sets: immutable, cheap to clone, with optional metadata that takes no part in equality.
//!
//! Invariants
//! - A list or vector is one piece of memory: its metadata, its length, its items.
//! - A set is a hash array mapped trie over [`Value::hasheq`], five bits a level from the low end. Walking it in order gives
//!   the order in which Clojure walks its own.
//! - Nodes of a set are shared between versions and edited in place when nobody else holds them.
//!
//! Costs: look-up and change of a set in about log32 n steps; a changed copy of a list or vector, or one with other metadata,
//! costs its length.

use crate::trie::Trie;
use crate::{Map, Value};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use triomphe::ThinArc;

macro_rules! sequence {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $type(ThinArc<Option<Arc<Map>>, Value>);

        impl $type {
            /// Of items whose number is known: nothing but the vector itself is allocated.
            #[inline]
            pub fn of(items: impl ExactSizeIterator<Item = Value>) -> Self {
                $type(ThinArc::from_header_and_iter(None, items))
            }

            /// The items in order.
            #[inline]
            pub fn as_slice(&self) -> &[Value] {
                &self.0.slice
            }

            /// Its metadata, if it has any.
            pub fn meta(&self) -> Option<&Map> {
                self.0.header.header.as_deref()
            }

            /// The same items with this metadata.
            pub fn with_meta(&self, meta: Option<Map>) -> Self {
                $type(ThinArc::from_header_and_iter(meta.map(Arc::new), self.iter().cloned()))
            }
        }

        impl std::ops::Deref for $type {
            type Target = [Value];
            #[inline]
            fn deref(&self) -> &[Value] {
                self.as_slice()
            }
        }

        impl From<Vec<Value>> for $type {
            fn from(items: Vec<Value>) -> Self {
                $type::of(items.into_iter())
            }
        }

        impl FromIterator<Value> for $type {
            fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
                items.into_iter().collect::<Vec<_>>().into()
            }
        }

        impl<'a> IntoIterator for &'a $type {
            type Item = &'a Value;
            type IntoIter = std::slice::Iter<'a, Value>;
            fn into_iter(self) -> Self::IntoIter {
                self.iter()
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

/// `#{1 2}`
#[derive(Clone, Default)]
pub struct Set {
    items: Arc<Trie<()>>,
    meta: Option<Arc<Map>>,
}

impl Set {
    /// The empty set.
    pub fn new() -> Self {
        Set::default()
    }

    /// A set of items that are known to differ and are not `nil`, made of their hashes ([`Value::hasheq`]): each item is made when
    /// its place is known, and none is compared with another unless their hashes are equal.
    ///
    /// ```
    /// use edn::{Set, Value};
    /// let items = [Value::from(3), Value::from(1), Value::from(2)];
    /// let hashes: Vec<u32> = items.iter().map(Value::hasheq).collect();
    /// let set = Set::of_distinct(&hashes, |place| items[place].clone());
    /// assert_eq!(format!("{set:?}"), "#{1 3 2}");
    /// ```
    pub fn of_distinct(hashes: &[u32], mut make: impl FnMut(usize) -> Value) -> Self {
        let items = Trie::of_hashed(hashes, |place| Some((make(place), ())));
        debug_assert_eq!(items.len, hashes.len());
        Set { items: Arc::new(items), meta: None }
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

impl Hash for Set {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(crate::hash::set(self));
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Value::Set(self.clone()), f)
    }
}
