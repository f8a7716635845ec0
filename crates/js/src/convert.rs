//! JavaScript's data as EDN, and back: `js->clj`, `clj->js`.
//!
//! Arrays are vectors, plain objects are maps from strings, `null` and `undefined` are nil, dates are instants, and strings stay
//! strings, also where they begin with a colon. Numbers are doubles in JavaScript and integers where they are whole in the database:
//! a whole double below 2^63 is an integer, and equal to one that a query says; all others are doubles. On the way back every number is the
//! nearest double, so integers beyond 2^53 lose their last digits, as they do in JavaScript's own reading of them. Only a `BigInt` is a big
//! integer, both ways. `-0` becomes `0`.

use crate::calls;
use crate::conn::Connection;
use crate::entity::Entity;
use crate::error::Error;
use crate::function::{Foreign, Function};
use crate::value::JsValue;
use db::DbObject;
use edn::{BigDec, Keyword, MAX_DEPTH, Opaque, Ratio, Str, Value};
use std::sync::Arc;

/// What keywords and symbols are in JavaScript.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Themselves: in datoms, entities and what functions are given.
    Kept,
    /// Strings without colon and namespace, as `clj->js` makes them: in what queries give.
    Bare,
    /// Strings with their colon: in what pulls give.
    Colons,
}

/// The value of a number.
pub(crate) fn number(n: f64) -> Value {
    const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;
    match n.fract() == 0.0 && n.abs() < TOO_LARGE {
        true => Value::Int(n as i64),
        false => Value::Double(n),
    }
}

/// The nearest double of a value that is a number.
fn double(value: &Value) -> Option<f64> {
    Some(match value {
        Value::Int(n) => *n as f64,
        Value::Double(n) => *n,
        Value::BigInt(n) => parsed(&n.to_string()),
        Value::Ratio(ratio) => divided(ratio),
        Value::BigDec(decimal) => decimal_double(decimal),
        _ => return None,
    })
}

fn parsed(digits: &str) -> f64 {
    digits.parse().unwrap_or(f64::NAN)
}

fn divided(ratio: &Ratio) -> f64 {
    parsed(&ratio.numerator().to_string()) / parsed(&ratio.denominator().to_string())
}

fn decimal_double(decimal: &BigDec) -> f64 {
    parsed(&format!("{}e{}", decimal.unscaled, -i64::from(decimal.scale)))
}

/// A string that begins with a colon as the keyword it names.
pub(crate) fn keywordized(text: &Str) -> Value {
    match text.strip_prefix(':') {
        Some(name) => Value::Keyword(Keyword::parse(name)),
        None => Value::Str(text.clone()),
    }
}

/// `js->clj`
pub(crate) fn to_edn(value: &JsValue) -> Result<Value, Error> {
    Reading { entities: false }.value(value, 0)
}

/// `js->clj` of the map form of an entity, where `":db/id"` is the keyword, in maps inside of it, too.
pub(crate) fn entity_to_edn(value: &JsValue) -> Result<Value, Error> {
    Reading { entities: true }.value(value, 0)
}

struct Reading {
    /// Whether maps are entities.
    entities: bool,
}

impl Reading {
    fn value(&self, value: &JsValue, depth: usize) -> Result<Value, Error> {
        if depth >= MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        Ok(match value {
            JsValue::Undefined | JsValue::Null => Value::Nil,
            JsValue::Bool(b) => Value::Bool(*b),
            JsValue::Number(n) => number(*n),
            JsValue::BigInt(n) => Value::BigInt(n.clone()),
            JsValue::String(text) => Value::Str(text.clone()),
            JsValue::Date(ms) if ms.is_finite() => Value::Inst(edn::Inst(*ms as i64)),
            JsValue::Date(_) => return Err(Error::InvalidDate),
            JsValue::Array(items) => {
                let items: Result<Vec<Value>, Error> =
                    items.iter().map(|item| self.value(item, depth + 1)).collect();
                Value::vector(items?)
            }
            JsValue::Object(properties) => self.map(properties, depth)?,
            JsValue::Function(function) => function.to_value(),
            JsValue::Foreign(foreign) => foreign.to_value(),
            JsValue::Edn(value) => value.clone(),
            JsValue::Database(database) => {
                Value::Opaque(Opaque(Arc::new(DbObject(database.db().clone()))))
            }
            JsValue::Connection(connection) => connection.to_value(),
            JsValue::Entity(entity) => entity.to_value(),
            JsValue::Datom(datom) => datom.to_value(),
        })
    }

    fn map(&self, properties: &[(Str, JsValue)], depth: usize) -> Result<Value, Error> {
        let (mut entries, mut id) = (Vec::with_capacity(properties.len()), None);
        for (name, value) in properties {
            let value = self.value(value, depth + 1)?;
            match self.entities && **name == *":db/id" {
                true => id = Some((Value::keyword("db/id"), value)),
                false => entries.push((Value::Str(name.clone()), value)),
            }
        }
        entries.extend(id);
        Ok(Value::map(entries))
    }
}

/// `clj->js`
pub(crate) fn from_edn(value: &Value, names: Names) -> JsValue {
    let all = |items: &[Value]| items.iter().map(|item| from_edn(item, names)).collect();
    match value {
        Value::Nil => JsValue::Null,
        Value::Bool(b) => JsValue::Bool(*b),
        Value::BigInt(n) => JsValue::BigInt(n.clone()),
        Value::Str(text) => JsValue::String(text.clone()),
        Value::Char(c) => JsValue::from(c.to_string()),
        Value::Keyword(_) | Value::Symbol(_) if names == Names::Kept => JsValue::Edn(value.clone()),
        Value::Keyword(k) if names == Names::Bare => JsValue::from(k.name()),
        Value::Keyword(_) | Value::Symbol(_) => JsValue::from(value.to_string()),
        Value::Inst(moment) => JsValue::Date(moment.0 as f64),
        Value::List(items) => JsValue::Array(all(items)),
        Value::Vector(items) => JsValue::Array(all(items)),
        Value::Set(items) => {
            JsValue::Array(items.iter().map(|item| from_edn(item, names)).collect())
        }
        Value::Map(map) => {
            let property = |(k, v): (&Value, &Value)| (key(k, names), from_edn(v, names));
            JsValue::Object(map.iter().map(property).collect())
        }
        Value::Opaque(object) => of_object(object),
        Value::Uuid(_) | Value::Regex(_) | Value::Tagged(_) => JsValue::Edn(value.clone()),
        Value::Int(_) | Value::Double(_) | Value::Ratio(_) | Value::BigDec(_) => {
            double(value).map_or(JsValue::Null, JsValue::Number)
        }
    }
}

/// The name of a property.
fn key(key: &Value, names: Names) -> Str {
    match key {
        Value::Str(text) => text.clone(),
        Value::Keyword(k) if names == Names::Bare => k.name().into(),
        Value::Char(c) => c.to_string().into(),
        other => other.to_string().into(),
    }
}

fn of_object(object: &Opaque) -> JsValue {
    if let Some(DbObject(db)) = object.0.as_any().downcast_ref() {
        return calls::known(db).into();
    }
    let function = Function::of(object).map(JsValue::Function);
    let foreign = || Foreign::of(object).map(JsValue::Foreign);
    let entity = || Entity::of(object).map(JsValue::Entity);
    let connection = || Connection::of(object).map(JsValue::Connection);
    let found = function.or_else(foreign).or_else(entity).or_else(connection);
    found.unwrap_or_else(|| JsValue::Edn(Value::Opaque(object.clone())))
}

/// The first form of a text, with numbers as JavaScript reads them (`1.0` and `1N` are `1`) and characters as strings; nil where there is none.
pub(crate) fn read(text: &str) -> Result<Value, Error> {
    match edn::read_first(text) {
        Ok(form) => Ok(form.map_or(Value::Nil, |(form, _)| with_doubles(&form))),
        Err(error) => Err(Error::Read { text: text.to_string(), error }),
    }
}

fn with_doubles(form: &Value) -> Value {
    match form {
        Value::List(items) => Value::List(items.iter().map(with_doubles).collect()),
        Value::Vector(items) => Value::Vector(items.iter().map(with_doubles).collect()),
        Value::Set(items) => Value::Set(items.iter().map(with_doubles).collect()),
        Value::Map(map) => {
            Value::Map(map.iter().map(|(k, v)| (with_doubles(k), with_doubles(v))).collect())
        }
        Value::Char(c) => Value::from(c.to_string()),
        other => double(other).map_or_else(|| other.clone(), number),
    }
}
