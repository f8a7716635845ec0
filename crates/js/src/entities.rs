//! What goes into a database: schemas, transaction data, datoms.

use crate::convert::{entity_to_edn, keywordized, to_edn};
use crate::datom::Datom;
use crate::error::Error;
use crate::value::JsValue;
use db::{EntityId, Schema, datom_from_reader};
use edn::Value;

/// A schema: names of attributes stay strings, and what is said of them has keywords for strings that begin with a colon.
pub(crate) fn schema(schema: &JsValue) -> Result<Schema, Error> {
    let given = to_edn(schema)?;
    let map = match given.as_map() {
        None => given,
        Some(map) => {
            Value::Map(map.iter().map(|(name, said)| (name.clone(), with_keywords(said))).collect())
        }
    };
    Ok(Schema::new(&map)?)
}

fn with_keywords(value: &Value) -> Value {
    match value {
        Value::Str(text) => keywordized(text),
        Value::Vector(items) => Value::Vector(items.iter().map(with_keywords).collect()),
        Value::Map(map) => {
            Value::Map(map.iter().map(|(k, v)| (with_keywords(k), with_keywords(v))).collect())
        }
        other => other.clone(),
    }
}

/// Transaction data. `null` is none.
pub(crate) fn entities(given: &JsValue) -> Result<Value, Error> {
    match given {
        JsValue::Array(forms) => {
            let forms: Result<Vec<Value>, Error> = forms.iter().map(entity).collect();
            Ok(Value::vector(forms?))
        }
        given if given.is_nil() => Ok(Value::vector(Vec::new())),
        other => to_edn(other),
    }
}

/// One form. Operations are lists, as DataScript makes them, so that messages show them so.
fn entity(form: &JsValue) -> Result<Value, Error> {
    let JsValue::Array(parts) = form else { return entity_to_edn(form) };
    let rest = |from: usize| parts.iter().skip(from).map(to_edn);
    let operation = match parts.first() {
        Some(JsValue::String(name)) => keywordized(name),
        Some(other) => to_edn(other)?,
        None => Value::Nil,
    };
    let called = match parts.get(1) {
        Some(JsValue::Function(function)) if operation.is_keyword("db.fn/call") => {
            Some(function.for_transactions())
        }
        _ => None,
    };
    let taken = 1 + usize::from(called.is_some());
    let parts = [operation].into_iter().chain(called).map(Ok).chain(rest(taken));
    Ok(Value::list(parts.collect::<Result<Vec<Value>, Error>>()?))
}

/// Entity, attribute, value and transaction of each datom: objects with `e`, `a`, `v` and maybe `tx`, or arrays of the same.
pub(crate) fn datoms(
    function: &'static str,
    given: &JsValue,
) -> Result<Vec<(EntityId, Value, Value, EntityId)>, Error> {
    match given {
        JsValue::Array(datoms) => datoms.iter().map(datom).collect(),
        given if given.is_nil() => Ok(Vec::new()),
        other => Err(Error::Argument { function, expected: "datoms", got: other.to_string() }),
    }
}

fn datom(given: &JsValue) -> Result<(EntityId, Value, Value, EntityId), Error> {
    let parts = match given {
        JsValue::Datom(datom) => vec![datom.e.into(), datom.a(), datom.v(), datom_tx(datom)],
        JsValue::Object(_) => ["e", "a", "v", "tx"]
            .map(|name| given.get(name).cloned().unwrap_or(JsValue::Null))
            .into(),
        JsValue::Array(parts) => parts.iter().take(4).cloned().collect(),
        other => vec![other.clone()],
    };
    let parts: Result<Vec<Value>, Error> = parts.iter().map(to_edn).collect();
    let (e, a, v, tx, _) = datom_from_reader(&Value::vector(parts?))?;
    Ok((e, a, v, tx))
}

/// A datom that retracts is no fact: its transaction is none.
fn datom_tx(datom: &Datom) -> JsValue {
    datom.signed_tx().into()
}
