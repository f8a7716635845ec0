//! The keys of a map, apart from its values: maps that say the same of different things share them.
//!
//! Invariants
//! - Keys are distinct and stand in the order in which a map of them is walked: as they came where they are few, by their hash
//!   where they are more.
//!
//! Costs: making them hashes and sorts them where they are many; a clone is one reference count. A key is found by looking at
//! each of a few, by its hash among many.

use crate::Value;
use crate::trie::walk_order;
use std::sync::LazyLock;
use triomphe::ThinArc;

/// How many entries a map keeps in the order they came.
pub(crate) const FEW: usize = 8;

/// The keys of maps of one kind.
///
/// ```
/// use edn::{Keys, Map, Value};
/// let keys = Keys::new(vec![Value::keyword("name"), Value::keyword("age")]);
/// let mut values = vec![Value::from("Ivan"), Value::from(15)];
/// assert_eq!(format!("{:?}", Map::with_keys(&keys, &mut values)), "{:name \"Ivan\", :age 15}");
/// ```
#[derive(Clone)]
pub struct Keys(ThinArc<Option<Box<Walk>>, Value>);

/// How many keys are walked.
struct Walk {
    /// The place of each key's hash in the order of walking, ascending; `nil` is first.
    orders: Box<[u32]>,
    /// Where each key stood when it came.
    places: Box<[u32]>,
}

static NONE: LazyLock<Keys> = LazyLock::new(|| Keys::few(Vec::new().into_iter()));

impl Keys {
    /// Of keys that are known to differ.
    pub fn new(keys: Vec<Value>) -> Keys {
        if keys.len() <= FEW {
            return Keys::few(keys.into_iter());
        }
        let order_of = |key: &Value| if key.is_nil() { 0 } else { walk_order(key.hasheq()) };
        let mut walked: Vec<(bool, u32, u32, Value)> = keys
            .into_iter()
            .zip(0..)
            .map(|(key, place)| (!key.is_nil(), order_of(&key), place, key))
            .collect();
        walked.sort_by_key(|(not_nil, order, ..)| (*not_nil, *order));
        let walk = Walk {
            orders: walked.iter().map(|(_, order, ..)| *order).collect(),
            places: walked.iter().map(|(_, _, place, _)| *place).collect(),
        };
        let keys = walked.into_iter().map(|(.., key)| key);
        Keys(ThinArc::from_header_and_iter(Some(Box::new(walk)), keys))
    }

    pub(crate) fn none() -> Keys {
        NONE.clone()
    }

    /// Of no more than [`FEW`] distinct keys.
    pub(crate) fn few(keys: impl ExactSizeIterator<Item = Value>) -> Keys {
        Keys(ThinArc::from_header_and_iter(None, keys))
    }

    /// The keys, in the order in which they are walked.
    #[inline]
    pub fn as_slice(&self) -> &[Value] {
        &self.0.slice
    }

    /// Where each key stood when it came, of many.
    #[inline]
    pub(crate) fn places(&self) -> Option<&[u32]> {
        self.0.header.header.as_ref().map(|walk| &*walk.places)
    }

    /// Whether these are the very same keys, not only equal ones.
    pub(crate) fn is_same(&self, other: &Keys) -> bool {
        std::ptr::eq(self.as_slice(), other.as_slice())
    }

    /// Where a key stands.
    pub(crate) fn position(&self, key: &Value) -> Option<usize> {
        let keys = self.as_slice();
        let Some(walk) = &self.0.header.header else {
            return keys.iter().position(|k| k == key);
        };
        if key.is_nil() {
            return keys[0].is_nil().then_some(0);
        }
        let order = walk_order(key.hasheq());
        let start = walk.orders.partition_point(|o| *o < order);
        let equal = walk.orders[start..].iter().take_while(|o| **o == order).count();
        (start..start + equal).find(|at| keys[*at] == *key)
    }
}
