//! EDN and Clojure source: values, a lossless reader, a printer.
//!
//! [`Value`] is the one value type of the whole system: what is read, stored, computed with and printed.
//!
//! ```
//! use edn::Value;
//! let v = Value::vector(vec![Value::Int(1), Value::keyword("db/id")]);
//! assert_eq!(v.to_string(), "[1 :db/id]");
//! ```

mod bucket;
mod collections;
mod hash;
mod inst;
mod keys;
mod literal;
mod map;
mod name;
mod number;
mod order;
mod position;
mod print;
mod read;
pub mod syntax;
mod trie;
mod value;

pub use collections::{List, Set, Vector};
pub use hash::row_hashes;
pub use keys::Keys;
pub use map::{Entries, Map};
pub use name::{Keyword, Symbol};
pub use num_bigint::BigInt;
pub use number::{BigDec, Ratio};
pub use position::{LineIndex, line_column};
pub use print::{PrintOptions, print, print_to, print_with};
pub use read::{
    MAX_NUMBER, ReadError, ReadOptions, read, read_all, read_all_with, read_first, read_node,
};
pub use uuid::Uuid;
pub use value::{CallError, Inst, Object, Opaque, Regex, Str, Tagged, Value};

/// How deep collections may nest, in text and in values. It keeps everything that recurses over a value
/// (equality, hashing, printing, dropping) well inside a thread's stack.
pub const MAX_DEPTH: usize = 512;
