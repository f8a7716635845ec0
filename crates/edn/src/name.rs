//! Symbols and keywords: a name with an optional namespace.
//!
//! Texts repeat the same few names, so each thread remembers those it has read last and shares them: a name that
//! is read again costs no allocation, and is compared by its address. The memory for that is bounded.

use crate::Map;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

#[derive(Debug)]
struct Name {
    full: Box<str>,
    /// Where the slash stands that ends the namespace; `full.len()` where there is none.
    slash: usize,
    /// Clojure's `hash` of the symbol.
    hash: u32,
}

impl Name {
    fn new(ns: Option<&str>, name: &str) -> Self {
        let hash = crate::hash::symbol(ns, name);
        match ns {
            Some(ns) => Name { full: format!("{ns}/{name}").into(), slash: ns.len(), hash },
            None => Name { full: name.into(), slash: name.len(), hash },
        }
    }

    fn parse(full: &str) -> Self {
        match full.find('/') {
            Some(at) if at > 0 && at + 1 < full.len() => {
                let hash = crate::hash::symbol(Some(&full[..at]), &full[at + 1..]);
                Name { full: full.into(), slash: at, hash }
            }
            _ => {
                let hash = crate::hash::symbol(None, full);
                Name { full: full.into(), slash: full.len(), hash }
            }
        }
    }

    /// The parsed name, shared with its last reading where this thread still remembers that.
    fn shared(full: &str) -> Arc<Name> {
        if full.len() > LONGEST_REMEMBERED {
            return Arc::new(Name::parse(full));
        }
        let remember = |recent: &RefCell<Vec<Option<Arc<Name>>>>| {
            let mut recent = recent.borrow_mut();
            if recent.is_empty() {
                recent.resize(REMEMBERED, None);
            }
            let slot = &mut recent[slot(full.as_bytes())];
            match slot {
                Some(name) if *name.full == *full => name.clone(),
                _ => slot.insert(Arc::new(Name::parse(full))).clone(),
            }
        };
        RECENT.try_with(remember).unwrap_or_else(|_| Arc::new(Name::parse(full)))
    }

    fn namespace(&self) -> Option<&str> {
        (self.slash < self.full.len()).then(|| &self.full[..self.slash])
    }

    fn name(&self) -> &str {
        if self.slash < self.full.len() { &self.full[self.slash + 1..] } else { &self.full }
    }

    /// As Clojure compares names: those without a namespace first, then by namespace, then by name.
    fn compare(&self, other: &Name) -> Ordering {
        (self.namespace(), self.name()).cmp(&(other.namespace(), other.name()))
    }
}

/// How many names a thread remembers.
const REMEMBERED: usize = 1024;
/// The longest name that is remembered, in bytes.
const LONGEST_REMEMBERED: usize = 64;

thread_local! {
    static RECENT: RefCell<Vec<Option<Arc<Name>>>> = const { RefCell::new(Vec::new()) };
}

/// Where a name is remembered: by its length, its first and its last eight bytes.
fn slot(name: &[u8]) -> usize {
    let word = |bytes: &[u8]| bytes.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    let (first, last) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (word(name), 0),
    };
    let mixed =
        (first ^ last.rotate_left(25) ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize % REMEMBERED
}

/// `:ns/name`, without the colon.
#[derive(Clone)]
pub struct Keyword(Arc<Name>);

/// `ns/name`, with optional metadata that takes no part in equality.
#[derive(Clone)]
pub struct Symbol {
    name: Arc<Name>,
    meta: Option<Arc<Map>>,
}

impl Keyword {
    /// Whether it is the very same keyword, not only an equal one: two that are made apart may be equal and not identical.
    pub fn is_identical(&self, other: &Keyword) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// From its two parts.
    pub fn new(ns: Option<&str>, name: &str) -> Self {
        Keyword(Arc::new(Name::new(ns, name)))
    }

    /// From `ns/name` without the colon.
    ///
    /// ```
    /// let k = edn::Keyword::parse("db/id");
    /// assert_eq!((k.namespace(), k.name()), (Some("db"), "id"));
    /// ```
    pub fn parse(full: &str) -> Self {
        Keyword(Name::shared(full))
    }

    /// The part before the slash.
    pub fn namespace(&self) -> Option<&str> {
        self.0.namespace()
    }

    /// The part after the slash.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// `ns/name`, without the colon.
    pub fn as_str(&self) -> &str {
        &self.0.full
    }

    /// Clojure's `hash` of it.
    pub(crate) fn hasheq(&self) -> u32 {
        crate::hash::keyword(self.0.hash)
    }
}

impl Symbol {
    /// From its two parts.
    pub fn new(ns: Option<&str>, name: &str) -> Self {
        Symbol { name: Arc::new(Name::new(ns, name)), meta: None }
    }

    /// From `ns/name`.
    pub fn parse(full: &str) -> Self {
        Symbol { name: Name::shared(full), meta: None }
    }

    /// The part before the slash.
    pub fn namespace(&self) -> Option<&str> {
        self.name.namespace()
    }

    /// The part after the slash.
    pub fn name(&self) -> &str {
        self.name.name()
    }

    /// `ns/name`.
    pub fn as_str(&self) -> &str {
        &self.name.full
    }

    /// Clojure's `hash` of it.
    pub(crate) fn hasheq(&self) -> u32 {
        self.name.hash
    }

    /// Its metadata, if it has any.
    pub fn meta(&self) -> Option<&Map> {
        self.meta.as_deref()
    }

    /// The same symbol with this metadata.
    pub fn with_meta(&self, meta: Option<Map>) -> Self {
        Symbol { name: self.name.clone(), meta: meta.map(Arc::new) }
    }
}

macro_rules! name_traits {
    ($type:ty, $field:tt, $sigil:literal) => {
        impl PartialEq for $type {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                Arc::ptr_eq(&self.$field, &other.$field)
                    || (self.$field.hash == other.$field.hash
                        && self.$field.slash == other.$field.slash
                        && self.$field.full == other.$field.full)
            }
        }
        impl Eq for $type {}
        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                state.write_u32(self.$field.hash);
            }
        }
        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                self.$field.compare(&other.$field)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($sigil, "{}"), self.$field.full)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($sigil, "{}"), self.$field.full)
            }
        }
    };
}

name_traits!(Keyword, 0, ":");
name_traits!(Symbol, name, "");
