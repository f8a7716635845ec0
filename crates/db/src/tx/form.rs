//! What the parts of a transaction form are.

use crate::datom::EntityId;
use edn::{Keyword, Symbol, Tagged, Value};
use std::fmt;
use std::sync::Arc;

/// What a form gives for an entity or a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Given {
    /// As written.
    Value(Value),
    /// A map without `:db/id`, numbered in order of appearance.
    Unnamed(u32),
}

impl Given {
    pub(super) fn id(e: EntityId) -> Given {
        Given::Value(Value::from(e))
    }

    /// As messages show it.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Given::Value(value) => value.clone(),
            Given::Unnamed(n) => {
                let tag = Symbol::parse("datascript/AutoTempid");
                let value = Value::vector(vec![Value::from(*n)]);
                Value::Tagged(Arc::new(Tagged { tag, value }))
            }
        }
    }

    pub(super) fn is_nil(&self) -> bool {
        matches!(self, Given::Value(Value::Nil))
    }

    pub(super) fn is_tempid(&self) -> bool {
        match self {
            Given::Value(value) => is_tempid(value),
            Given::Unnamed(_) => true,
        }
    }

    pub(super) fn is_transaction(&self) -> bool {
        matches!(self, Given::Value(value) if is_transaction(value))
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_value())
    }
}

/// Whether a value names an entity that may not be there yet.
pub(super) fn is_tempid(value: &Value) -> bool {
    match value {
        Value::Int(n) => *n < 0,
        Value::Str(_) => true,
        Value::Tagged(tagged) => tagged.tag.as_str() == "db/id",
        _ => false,
    }
}

/// The names under which a transaction speaks of itself.
pub(super) fn is_transaction(value: &Value) -> bool {
    match value {
        Value::Keyword(k) => k.as_str() == "db/current-tx",
        Value::Str(s) => {
            matches!(&**s, ":db/current-tx" | "datomic.tx" | "datascript.tx")
        }
        _ => false,
    }
}

/// Whether a value can name an attribute.
pub(super) fn is_name(value: &Value) -> bool {
    matches!(value, Value::Keyword(_) | Value::Str(_))
}

/// `:ns/_attr` → `:ns/attr`, where it is of that form.
pub(crate) fn forward_name(name: &Value) -> Option<Value> {
    match name {
        Value::Keyword(k) => {
            k.name().strip_prefix('_').map(|n| Value::Keyword(Keyword::new(k.namespace(), n)))
        }
        Value::Str(s) => {
            let at = s.rfind('/').map_or(0, |slash| slash + 1);
            s[at..].strip_prefix('_').map(|n| Value::string(format!("{}{n}", &s[..at])))
        }
        _ => None,
    }
}

/// `:ns/attr` → `:ns/_attr`
pub(super) fn reverse_name(attribute: &Value) -> Value {
    match attribute {
        Value::Keyword(k) => Value::Keyword(Keyword::new(k.namespace(), &format!("_{}", k.name()))),
        Value::Str(s) => {
            let at = s.rfind('/').map_or(0, |slash| slash + 1);
            Value::string(format!("{}_{}", &s[..at], &s[at..]))
        }
        other => other.clone(),
    }
}

/// The operation a vector form asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Retract,
    RetractAttribute,
    RetractEntity,
    Cas,
    Call,
}

pub(super) fn operation(name: &Value) -> Option<Operation> {
    let name = match name {
        Value::Keyword(k) => k.as_str(),
        Value::Str(s) => s.strip_prefix(':')?,
        _ => return None,
    };
    Some(match name {
        "db/add" => Operation::Add,
        "db/retract" => Operation::Retract,
        "db.fn/retractAttribute" => Operation::RetractAttribute,
        "db.fn/retractEntity" | "db/retractEntity" => Operation::RetractEntity,
        "db.fn/cas" | "db/cas" => Operation::Cas,
        "db.fn/call" => Operation::Call,
        _ => return None,
    })
}
