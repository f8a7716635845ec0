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
#[derive(Clone, Default)]
pub enum Value {
    /// `nil`
    #[default]
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

impl Opaque {
    /// Where the object lives: its identity.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>() as usize
    }
}

impl Value {
    /// A string.
    pub fn string(text: impl Into<Str>) -> Value {
        Value::Str(text.into())
    }

    /// A keyword from `ns/name`, without the colon.
    pub fn keyword(name: &str) -> Value {
        Value::Keyword(Keyword::parse(name))
    }

    /// A symbol from `ns/name`.
    pub fn symbol(name: &str) -> Value {
        Value::Symbol(Symbol::parse(name))
    }

    /// A list.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(items.into())
    }

    /// A vector.
    pub fn vector(items: Vec<Value>) -> Value {
        Value::Vector(items.into())
    }

    /// A map; a later entry takes the place of an earlier one with the same key.
    pub fn map(entries: Vec<(Value, Value)>) -> Value {
        Value::Map(entries.into())
    }

    /// A set.
    pub fn set(items: Vec<Value>) -> Value {
        Value::Set(items.into_iter().collect())
    }

    /// Whether it is `nil`.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// Whether a condition takes it for true: all but `nil` and `false`.
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Value::Nil | Value::Bool(false))
    }

    /// The integer, where it is one of 64 bits.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The keyword.
    pub fn as_keyword(&self) -> Option<&Keyword> {
        match self {
            Value::Keyword(k) => Some(k),
            _ => None,
        }
    }

    /// The symbol.
    pub fn as_symbol(&self) -> Option<&Symbol> {
        match self {
            Value::Symbol(s) => Some(s),
            _ => None,
        }
    }

    /// The items of a list or a vector.
    pub fn as_seq(&self) -> Option<&[Value]> {
        match self {
            Value::List(l) => Some(l),
            Value::Vector(v) => Some(v),
            _ => None,
        }
    }

    /// The items of a vector.
    pub fn as_vector(&self) -> Option<&[Value]> {
        match self {
            Value::Vector(v) => Some(v),
            _ => None,
        }
    }

    /// The map.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(m) => Some(m),
            _ => None,
        }
    }

    /// The set.
    pub fn as_set(&self) -> Option<&Set> {
        match self {
            Value::Set(s) => Some(s),
            _ => None,
        }
    }

    /// Whether it is the keyword `:name`.
    pub fn is_keyword(&self, name: &str) -> bool {
        matches!(self, Value::Keyword(k) if k.as_str() == name)
    }

    /// Metadata of a symbol or a collection.
    pub fn meta(&self) -> Option<&Map> {
        match self {
            Value::Symbol(s) => s.meta(),
            Value::List(l) => l.meta(),
            Value::Vector(v) => v.meta(),
            Value::Map(m) => m.meta(),
            Value::Set(s) => s.meta(),
            _ => None,
        }
    }

    /// The same value with this metadata; `None` where it is of a kind that has none.
    pub fn with_meta(&self, meta: Option<Map>) -> Option<Value> {
        Some(match self {
            Value::Symbol(s) => Value::Symbol(s.with_meta(meta)),
            Value::List(l) => Value::List(l.with_meta(meta)),
            Value::Vector(v) => Value::Vector(v.with_meta(meta)),
            Value::Map(m) => Value::Map(m.with_meta(meta)),
            Value::Set(s) => Value::Set(s.with_meta(meta)),
            _ => return None,
        })
    }

    /// Clojure's `=` to the letter: NaN is equal to nothing, wherever it stands.
    pub fn clojure_eq(&self, other: &Value) -> bool {
        self == other && !self.contains_nan()
    }

    fn contains_nan(&self) -> bool {
        match self {
            Value::Double(d) => d.is_nan(),
            Value::List(l) => l.iter().any(Value::contains_nan),
            Value::Vector(v) => v.iter().any(Value::contains_nan),
            Value::Set(s) => s.iter().any(Value::contains_nan),
            Value::Map(m) => m.iter().any(|(k, v)| k.contains_nan() || v.contains_nan()),
            Value::Tagged(t) => t.value.contains_nan(),
            _ => false,
        }
    }
}

macro_rules! from {
    ($($type:ty => |$x:ident| $value:expr;)*) => {
        $(impl From<$type> for Value {
            fn from($x: $type) -> Value {
                $value
            }
        })*
    };
}

from! {
    bool => |b| Value::Bool(b);
    i64 => |n| Value::Int(n);
    i32 => |n| Value::Int(n.into());
    u32 => |n| Value::Int(n.into());
    f64 => |d| Value::Double(d);
    char => |c| Value::Char(c);
    &str => |s| Value::Str(s.into());
    String => |s| Value::Str(s.into());
    Str => |s| Value::Str(s);
    Keyword => |k| Value::Keyword(k);
    Symbol => |s| Value::Symbol(s);
    Vector => |v| Value::Vector(v);
    List => |l| Value::List(l);
    Map => |m| Value::Map(m);
    Set => |s| Value::Set(s);
    Inst => |i| Value::Inst(i);
    Uuid => |u| Value::Uuid(u);
}
