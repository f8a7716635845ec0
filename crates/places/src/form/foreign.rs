//! What libraries that make strings of keywords have left of a database.
//!
//! Cheshire writes `:statement/fqn` as `"statement/fqn"`, `clojure.data.json` as `"fqn"`. Names of attributes are keywords again: the one of
//! that name, or the only one with that last part, that the schema knows. Values are what the schema says by
//! `:db/valueType`; where it says nothing, a string stays one.

use db::Schema;
use edn::{Keyword, Map, Symbol, Value};

/// What is known of the attributes.
pub(super) struct Foreign<'s> {
    schema: &'s Schema,
}

impl<'s> Foreign<'s> {
    pub(super) fn new(schema: &'s Schema) -> Foreign<'s> {
        Foreign { schema }
    }

    /// The data of a database, the keys of whose maps are keywords.
    pub(super) fn data(&self, data: &Value) -> Value {
        let Some(data) = data.as_map() else { return data.clone() };
        let own = data.get_keyword("schema").and_then(Value::as_map).map(|own| self.own(own));
        let all = own.clone().and_then(|own| self.schema.merge(&own).ok());
        let known = Foreign { schema: all.as_ref().unwrap_or(self.schema) };
        let part = |(key, part): (&Value, &Value)| {
            let part = match (key.as_keyword().map(Keyword::as_str), &own) {
                (Some("schema"), Some(own)) => Value::Map(own.clone()),
                (Some("datoms" | "history"), _) => known.datoms(part),
                _ => part.clone(),
            };
            (key.clone(), part)
        };
        Value::map(data.iter().map(part).collect())
    }

    /// What the data say of their schema, but for what the schema at hand says itself.
    fn own(&self, own: &Map) -> Map {
        let attribute = |(name, said): (&Value, &Value)| {
            let name = self.attribute(name);
            let said = match (self.schema.as_map().get(&name), said.as_map()) {
                (Some(known), _) => known.clone(),
                (None, Some(said)) => Value::map(said.iter().map(property).collect()),
                (None, None) => said.clone(),
            };
            (name, said)
        };
        own.iter().map(attribute).collect()
    }

    /// Entities, the keys of whose maps are keywords.
    pub(super) fn entities(&self, rows: &Value) -> Value {
        match rows {
            Value::Vector(items) => {
                Value::vector(items.iter().map(|item| self.entities(item)).collect())
            }
            Value::Map(map) => Value::map(map.iter().map(|(k, v)| self.said(k, v)).collect()),
            other => other.clone(),
        }
    }

    fn said(&self, key: &Value, value: &Value) -> (Value, Value) {
        let is_id = key.is_keyword("id") && self.schema.attribute(key).is_none();
        if is_id || key.is_keyword("db/id") {
            return (Value::keyword("db/id"), value.clone());
        }
        let attribute = self.attribute(key);
        let value = match value {
            Value::Vector(items) => {
                Value::vector(items.iter().map(|item| self.value(&attribute, item)).collect())
            }
            value => self.value(&attribute, value),
        };
        (attribute, value)
    }

    fn datoms(&self, datoms: &Value) -> Value {
        let datom = |datom: &Value| match datom.as_vector() {
            Some([e, a, v, rest @ ..]) => {
                let a = self.attribute(a);
                let v = self.value(&a, v);
                Value::vector([&[e.clone(), a, v], rest].concat())
            }
            _ => datom.clone(),
        };
        match datoms.as_vector() {
            Some(all) => Value::vector(all.iter().map(datom).collect()),
            None => datoms.clone(),
        }
    }

    fn attribute(&self, name: &Value) -> Value {
        let name = match name {
            Value::Str(name) => Keyword::parse(name),
            Value::Keyword(name) => name.clone(),
            other => return other.clone(),
        };
        let known = Value::Keyword(name.clone());
        if name.namespace().is_some() || self.schema.attribute(&known).is_some() {
            return known;
        }
        let ends_so = |k: &&Value| k.as_keyword().is_some_and(|k| k.name() == name.name());
        let mut candidates = self.schema.as_map().keys().filter(ends_so);
        match (candidates.next(), candidates.next()) {
            (Some(only), None) => only.clone(),
            _ => known,
        }
    }

    fn value(&self, attribute: &Value, value: &Value) -> Value {
        let Value::Str(text) = value else { return self.entities(value) };
        let properties = self.schema.as_map().get(attribute).and_then(Value::as_map);
        let kind = properties.and_then(|p| p.get_keyword("db/valueType"));
        let tagged = |tag: &str| edn::read(&format!("#{tag} {value}")).ok();
        let read = match kind.and_then(Value::as_keyword).map(Keyword::as_str) {
            Some("db.type/keyword") => Some(Value::Keyword(Keyword::parse(text))),
            Some("db.type/symbol") => Some(Value::Symbol(Symbol::parse(text))),
            Some("db.type/instant") => tagged("inst"),
            Some("db.type/uuid") => tagged("uuid"),
            _ => None,
        };
        read.unwrap_or_else(|| value.clone())
    }
}

/// A property of an attribute; `:unique "identity"` is `:db/unique :db.unique/identity`.
fn property((key, value): (&Value, &Value)) -> (Value, Value) {
    let Some(key) = key.as_keyword() else { return (key.clone(), value.clone()) };
    let within = |space: &str, name: &str| match name.contains('/') {
        true => Value::keyword(name),
        false => Value::keyword(&format!("{space}/{name}")),
    };
    let name = within("db", key.as_str());
    let value = match (key.name(), value) {
        ("unique", Value::Str(text)) => within("db.unique", text),
        ("cardinality", Value::Str(text)) => within("db.cardinality", text),
        ("valueType", Value::Str(text)) => within("db.type", text),
        ("tupleAttrs", Value::Vector(names)) => {
            let keyword = |name: &Value| match name {
                Value::Str(name) => Value::keyword(name),
                other => other.clone(),
            };
            Value::vector(names.iter().map(keyword).collect())
        }
        (_, value) => value.clone(),
    };
    (name, value)
}
