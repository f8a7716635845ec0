//! Lists, vectors, maps and sets: immutable, cheap to clone, with optional metadata that takes no
//! part in equality.

use crate::Value;
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
    entries: Arc<Vec<(Value, Value)>>,
    meta: Option<Arc<Map>>,
}

/// `#{1 2}`
#[derive(Clone, Default)]
pub struct Set {
    map: Map,
}
