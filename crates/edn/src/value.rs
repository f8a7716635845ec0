//! The one value type: what the reader reads, the database stores and the printer prints.
//!
//! Invariants
//! - `==` is Clojure's `=` with one exception: NaN equals itself, so that a NaN can be found and
//!   retracted. [`Value::clojure_eq`] is `=` to the letter.
//! - `Hash` agrees with `==`, and [`Value::hasheq`] is Clojure's own `hash`.
//! - `Ord` is a total order that agrees with `==`; indexes are sorted by it.
//! - A value made by the reader nests at most [`crate::MAX_DEPTH`] deep, so recursion over it is safe.

use crate::{BigDec, BigInt, Keyword, List, Map, Ratio, Set, Symbol, Uuid, Vector};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// An immutable string, cheap to clone.
pub type Str = Arc<str>;

/// Any value of EDN, of Clojure source, or of a running program.
#[derive(Clone)]
pub enum Value {
    /// `nil`
    Nil,
    /// `true`, `false`
    Bool(bool),
    /// A 64-bit integer: `42`
    Int(i64),
    /// An integer of any size: `42N`
    BigInt(Arc<BigInt>),
    /// `1/3`, in lowest terms, never a whole number
    Ratio(Arc<Ratio>),
    /// `1.5`, `##Inf`, `##NaN`
    Double(f64),
    /// `1.5M`
    BigDec(Arc<BigDec>),
    /// `\a`, within the basic multilingual plane as on the JVM
    Char(char),
    /// `"text"`
    Str(Str),
    /// `ns/name`
    Symbol(Symbol),
    /// `:ns/name`
    Keyword(Keyword),
    /// `(1 2)`
    List(List),
    /// `[1 2]`
    Vector(Vector),
    /// `{:a 1}`
    Map(Map),
    /// `#{1 2}`
    Set(Set),
    /// `#inst "2026-01-01"`
    Inst(Inst),
    /// `#uuid "…"`
    Uuid(Uuid),
    /// `#"a+"`
    Regex(Regex),
    /// `#tag value` of a tag that is not built in
    Tagged(Arc<Tagged>),
    /// What only a running program has: functions, connections, databases.
    Opaque(Opaque),
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Inst(pub i64);

/// A regular expression, kept as its text between the quotes. As in Clojure two of them are equal
/// only when identical; here that means the same text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Regex(pub Str);

/// A tagged value whose tag nobody has given a meaning.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Tagged {
    /// The symbol after `#`.
    pub tag: Symbol,
    /// The form that follows it.
    pub value: Value,
}

/// What only a running program has. Equality is identity.
pub trait Object: Any + Send + Sync {
    /// A short name of what it is, for messages: `"function"`, `"database"`.
    fn kind(&self) -> &str;
    /// To get at the type behind the value.
    fn as_any(&self) -> &dyn Any;
    /// How it prints; the printer wraps nothing around it.
    fn print(&self) -> String {
        format!("#object[{}]", self.kind())
    }
    /// Calls it, where it is a function.
    fn call(&self, _args: &[Value]) -> Result<Value, CallError> {
        Err(CallError(format!("{} is not a function", self.kind())))
    }
}

/// Why a call of an [`Object`] failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CallError(pub String);

/// A shared [`Object`].
#[derive(Clone)]
pub struct Opaque(pub Arc<dyn Object>);

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.print())
    }
}

