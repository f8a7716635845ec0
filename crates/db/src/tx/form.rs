//! What the parts of a transaction form are.

use edn::{Keyword, Value};

/// What an entity position of a form holds.
pub(super) enum EntityPosition {
    /// The transaction's own entity.
    Transaction,
    /// A name for an entity that may not be there yet.
    Temp(Value),
    /// A number, lookup ref or ident of something known.
    Known(Value),
    /// Nothing: a new entity without a name.
    Nothing,
    /// What cannot stand there.
    Other,
}

pub(super) fn entity_position(value: &Value) -> EntityPosition {
    if is_transaction(value) {
        return EntityPosition::Transaction;
    }
    match value {
        Value::Int(n) if *n < 0 => EntityPosition::Temp(value.clone()),
        Value::Str(_) => EntityPosition::Temp(value.clone()),
        Value::Tagged(t) if t.tag.as_str() == "db/id" => EntityPosition::Temp(value.clone()),
        Value::Int(_) | Value::Keyword(_) | Value::List(_) | Value::Vector(_) => {
            EntityPosition::Known(value.clone())
        }
        Value::Nil => EntityPosition::Nothing,
        _ => EntityPosition::Other,
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

/// `:ns/_attr` → `:ns/attr`, where it is of that form.
pub(super) fn forward_name(name: &Value) -> Option<Value> {
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
