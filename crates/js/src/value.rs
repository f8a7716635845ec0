//! JavaScript's values as plain data, and what of a running program goes through the API with them.
//!
//! Invariants
//! - A host makes values that nest at most [`edn::MAX_DEPTH`] deep, which ends circles, too: everything that goes through
//!   a value calls itself.
//! - Functions, connections, entities, databases and foreign things are equal when they are the very same one.

use crate::conn::Connection;
use crate::database::Database;
use crate::datom::Datom;
use crate::entity::Entity;
use crate::function::{Foreign, Function};
use edn::{BigInt, Str, Value};
use std::fmt;
use std::sync::Arc;

/// A value of JavaScript.
///
/// ```
/// use js::JsValue;
/// let ivan = JsValue::object([("name", "Ivan".into()), ("age", 15.0.into())]);
/// assert_eq!(ivan.get("age"), Some(&JsValue::Number(15.0)));
/// assert_eq!(ivan.to_string(), r#"{"name": "Ivan", "age": 15}"#);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum JsValue {
    /// `undefined`
    Undefined,
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `1.5`: all numbers are doubles.
    Number(f64),
    /// `10n`
    BigInt(Arc<BigInt>),
    /// `'text'`; a host replaces halves of surrogate pairs.
    String(Str),
    /// A `Date`: milliseconds since 1970, or NaN where it is invalid.
    Date(f64),
    /// An array.
    Array(Vec<JsValue>),
    /// A plain object: its own properties in their order.
    Object(Vec<(Str, JsValue)>),
    /// A function.
    Function(Function),
    /// Anything else of the host's, which goes through the database as it is.
    Foreign(Foreign),
    /// What Clojure has and JavaScript has not: keywords, symbols, UUIDs. It prints as itself.
    Edn(Value),
    /// A database.
    Database(Database),
    /// A connection.
    Connection(Connection),
    /// An entity.
    Entity(Entity),
    /// A datom.
    Datom(Box<Datom>),
}

impl JsValue {
    /// An object of these properties.
    pub fn object<'a>(properties: impl IntoIterator<Item = (&'a str, JsValue)>) -> JsValue {
        JsValue::Object(properties.into_iter().map(|(name, v)| (Str::from(name), v)).collect())
    }

    /// A property of an object. Of several of one name the last counts.
    pub fn get(&self, name: &str) -> Option<&JsValue> {
        match self {
            JsValue::Object(properties) => {
                properties.iter().rfind(|(own, _)| **own == *name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Whether it is `null` or `undefined`: Clojure's `nil`.
    pub fn is_nil(&self) -> bool {
        matches!(self, JsValue::Undefined | JsValue::Null)
    }

    /// Whether a condition of Clojure takes it for true: all but `null`, `undefined` and `false`. `0`, `''` and `NaN` are true.
    pub fn is_truthy(&self) -> bool {
        !self.is_nil() && *self != JsValue::Bool(false)
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[JsValue]> {
        match self {
            JsValue::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            JsValue::String(text) => Some(text),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:path;)*) => {
        $(impl From<$type> for JsValue {
            fn from(value: $type) -> JsValue {
                $variant(value.into())
            }
        })*
    };
}

from! {
    bool => JsValue::Bool;
    f64 => JsValue::Number;
    i32 => JsValue::Number;
    u32 => JsValue::Number;
    &str => JsValue::String;
    String => JsValue::String;
    Vec<JsValue> => JsValue::Array;
    Function => JsValue::Function;
    Foreign => JsValue::Foreign;
    Database => JsValue::Database;
    Connection => JsValue::Connection;
    Entity => JsValue::Entity;
    Datom => JsValue::Datom;
}

/// As messages show it.
impl fmt::Display for JsValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JsValue::Undefined => f.write_str("undefined"),
            JsValue::Null => f.write_str("null"),
            JsValue::Bool(b) => write!(f, "{b}"),
            JsValue::Number(n) => write!(f, "{n}"),
            JsValue::BigInt(n) => write!(f, "{n}n"),
            JsValue::String(text) => write!(f, "{}", Value::Str(text.clone())),
            JsValue::Date(ms) => write!(f, "Date({ms})"),
            JsValue::Array(items) => {
                f.write_str("[")?;
                for (n, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if n > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            JsValue::Object(properties) => {
                f.write_str("{")?;
                for (n, (name, value)) in properties.iter().enumerate() {
                    let comma = if n > 0 { ", " } else { "" };
                    write!(f, "{comma}{}: {value}", Value::Str(name.clone()))?;
                }
                f.write_str("}")
            }
            JsValue::Function(_) => f.write_str("a function"),
            JsValue::Foreign(foreign) => f.write_str(foreign.printed()),
            JsValue::Edn(value) => write!(f, "{value}"),
            JsValue::Database(_) => f.write_str("a database"),
            JsValue::Connection(_) => f.write_str("a connection"),
            JsValue::Entity(entity) => write!(f, "{entity}"),
            JsValue::Datom(datom) => write!(f, "{datom}"),
        }
    }
}
