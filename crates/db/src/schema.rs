//! What attributes mean.
//!
//! A schema is DataScript's map from attribute to properties, checked. Attributes it does not name may be used all
//! the same; each attribute in use has a number. Numbers are handed out in the order attributes appear; indexes
//! order attributes by name through `ranks`, and a new attribute never changes how older ones compare.

use crate::datom::AttrId;
use edn::{Map, Value};
use rustc_hash::FxHashMap;

/// Whether and how an attribute's values name their entity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unique {
    /// `:db.unique/identity`: adding the same value to another entity means the same entity.
    Identity,
    /// `:db.unique/value`: adding the same value to another entity is an error.
    Value,
}

/// What is known of one attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    name: Value,
    many: bool,
    reference: bool,
    component: bool,
    indexed: bool,
    unique: Option<Unique>,
    tuple: Vec<AttrId>,
    member_of: Vec<AttrId>,
}

impl Attribute {
    fn new(name: Value) -> Self {
        Attribute {
            name,
            many: false,
            reference: false,
            component: false,
            indexed: false,
            unique: None,
            tuple: Vec::new(),
            member_of: Vec::new(),
        }
    }

    /// The keyword or string it goes by.
    pub fn name(&self) -> &Value {
        &self.name
    }

    /// `:db.cardinality/many`
    pub fn is_many(&self) -> bool {
        self.many
    }

    /// `:db.type/ref`
    pub fn is_ref(&self) -> bool {
        self.reference
    }

    /// `:db/isComponent`
    pub fn is_component(&self) -> bool {
        self.component
    }

    /// Whether AVET has its datoms.
    pub fn is_indexed(&self) -> bool {
        self.indexed
    }

    /// `:db/unique`
    pub fn unique(&self) -> Option<Unique> {
        self.unique
    }

    /// The attributes a composite tuple is made of, in order; empty where it is none.
    pub fn tuple(&self) -> &[AttrId] {
        &self.tuple
    }

    /// The composite tuples it is part of.
    pub fn member_of(&self) -> &[AttrId] {
        &self.member_of
    }
}

/// Why a schema is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not a map from attributes to maps.
    #[error("Bad schema: expected a map from attributes to maps of properties, got {0}")]
    Shape(String),
    /// An attribute that is neither keyword nor string.
    #[error("Bad attribute {0} in schema, expected keyword or string")]
    Name(String),
    /// A property with a value it cannot have.
    #[error(
        "Bad attribute specification for {{{attribute} {{{property} {value}}}}}, expected one of {expected}"
    )]
    Property {
        /// The attribute.
        attribute: String,
        /// Its property.
        property: String,
        /// What the schema says.
        value: String,
        /// What it could say.
        expected: &'static str,
    },
    /// Properties that do not go together.
    #[error("Bad attribute specification for {attribute}: {reason}")]
    Contradiction {
        /// The attribute.
        attribute: String,
        /// Why.
        reason: String,
    },
}

/// A checked schema and the attributes in use.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    raw: Map,
    attributes: Vec<Attribute>,
    ids: FxHashMap<Value, AttrId>,
    ranks: Vec<u32>,
}

fn is_name(value: &Value) -> bool {
    matches!(value, Value::Keyword(_) | Value::Str(_))
}

impl Schema {
    /// Checks a schema map; `nil` is the empty one.
    ///
    /// ```
    /// let schema = db::Schema::new(&edn::read("{:name {:db/unique :db.unique/identity}}").unwrap()).unwrap();
    /// assert!(schema.attribute(&edn::Value::keyword("name")).unwrap().unique().is_some());
    /// ```
    pub fn new(schema: &Value) -> Result<Schema, SchemaError> {
        let raw = match schema {
            Value::Nil => Map::new(),
            Value::Map(map) => map.clone(),
            other => return Err(SchemaError::Shape(other.to_string())),
        };
        let mut result = Schema::default();
        let mut names: Vec<&Value> = raw.keys().collect();
        names.sort();
        for name in names {
            if !is_name(name) {
                return Err(SchemaError::Name(name.to_string()));
            }
            result.add(name);
        }
        for (name, properties) in raw.iter() {
            let properties = match properties {
                Value::Map(map) => map,
                Value::Nil => continue,
                other => return Err(SchemaError::Shape(format!("{{{name} {other}}}"))),
            };
            result.apply(name, properties)?;
        }
        result.link_tuples();
        result.raw = raw;
        Ok(result)
    }

    /// The schema as the map it was given as.
    pub fn as_map(&self) -> &Map {
        &self.raw
    }

    /// The number of an attribute in use.
    pub fn id(&self, name: &Value) -> Option<AttrId> {
        self.ids.get(name).copied()
    }

    /// What is known of an attribute in use.
    pub fn attribute(&self, name: &Value) -> Option<&Attribute> {
        self.id(name).map(|id| self.get(id))
    }

    /// What is known of an attribute, by number.
    pub fn get(&self, id: AttrId) -> &Attribute {
        &self.attributes[id as usize]
    }

    /// How many attributes are in use: their numbers are below.
    pub fn len(&self) -> usize {
        self.attributes.len()
    }

    /// Whether no attribute is in use.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    pub(crate) fn ranks(&self) -> &[u32] {
        &self.ranks
    }

    /// The number of an attribute, which comes into use where it was not.
    pub(crate) fn add(&mut self, name: &Value) -> AttrId {
        if let Some(id) = self.id(name) {
            return id;
        }
        let id = self.attributes.len() as AttrId;
        self.attributes.push(Attribute::new(name.clone()));
        self.ids.insert(name.clone(), id);
        let mut sorted: Vec<AttrId> = (0..=id).collect();
        sorted.sort_by(|a, b| self.get(*a).name.cmp(&self.get(*b).name));
        self.ranks = vec![0; sorted.len()];
        for (rank, id) in sorted.into_iter().enumerate() {
            self.ranks[id as usize] = rank as u32;
        }
        id
    }

    fn apply(&mut self, name: &Value, properties: &Map) -> Result<(), SchemaError> {
        let id = self.add(name);
        let one_of =
            |property: &str, expected: &'static str| -> Result<Option<String>, SchemaError> {
                match properties.get_keyword(property) {
                    None | Some(Value::Nil) => Ok(None),
                    Some(Value::Keyword(k)) if expected.contains(&format!(":{}", k.as_str())) => {
                        Ok(Some(k.as_str().to_string()))
                    }
                    Some(other) => Err(SchemaError::Property {
                        attribute: name.to_string(),
                        property: format!(":{property}"),
                        value: other.to_string(),
                        expected,
                    }),
                }
            };
        let flag = |property: &str| -> Result<bool, SchemaError> {
            match properties.get_keyword(property) {
                None | Some(Value::Nil) => Ok(false),
                Some(Value::Bool(b)) => Ok(*b),
                Some(other) => Err(SchemaError::Property {
                    attribute: name.to_string(),
                    property: format!(":{property}"),
                    value: other.to_string(),
                    expected: "#{true false}",
                }),
            }
        };
        let cardinality = one_of("db/cardinality", "#{:db.cardinality/one :db.cardinality/many}")?;
        let unique = one_of("db/unique", "#{:db.unique/value :db.unique/identity}")?;
        let is_ref =
            properties.get_keyword("db/valueType").is_some_and(|t| t.is_keyword("db.type/ref"));
        let component = flag("db/isComponent")?;
        let indexed = flag("db/index")?;
        let contradiction = |reason: &str| SchemaError::Contradiction {
            attribute: name.to_string(),
            reason: reason.to_string(),
        };
        if component && !is_ref {
            return Err(contradiction(
                "{:db/isComponent true} should also have {:db/valueType :db.type/ref}",
            ));
        }
        let many = cardinality.as_deref() == Some("db.cardinality/many");
        let tuple = self.tuple_members(name, properties, many)?;
        let attribute = &mut self.attributes[id as usize];
        attribute.many = many;
        attribute.unique = match unique.as_deref() {
            Some("db.unique/identity") => Some(Unique::Identity),
            Some(_) => Some(Unique::Value),
            None => None,
        };
        attribute.reference = is_ref;
        attribute.component = component;
        attribute.indexed = indexed || unique.is_some() || is_ref || !tuple.is_empty();
        attribute.tuple = tuple;
        Ok(())
    }

    fn tuple_members(
        &mut self,
        name: &Value,
        properties: &Map,
        many: bool,
    ) -> Result<Vec<AttrId>, SchemaError> {
        let Some(members) = properties.get_keyword("db/tupleAttrs") else {
            return Ok(Vec::new());
        };
        let contradiction =
            |reason: String| SchemaError::Contradiction { attribute: name.to_string(), reason };
        if many {
            return Err(contradiction(format!(
                "{name} has :db/tupleAttrs, must be :db.cardinality/one"
            )));
        }
        let sequential = members.as_seq().filter(|m| !m.is_empty() && m.iter().all(is_name));
        let Some(members) = sequential else {
            return Err(contradiction(format!(
                "{name} :db/tupleAttrs must be a sequential collection, got: {members}"
            )));
        };
        Ok(members.iter().map(|member| self.add(member)).collect())
    }

    fn link_tuples(&mut self) {
        for id in 0..self.attributes.len() {
            for member in self.attributes[id].tuple.clone() {
                let owners = &mut self.attributes[member as usize].member_of;
                if !owners.contains(&(id as AttrId)) {
                    owners.push(id as AttrId);
                }
            }
        }
    }

    /// The same schema with these properties merged in: attribute by attribute, property by property. Numbers of
    /// attributes in use stay as they are.
    pub fn merge(&self, more: &Map) -> Result<Schema, SchemaError> {
        let mut raw = self.raw.clone();
        for (name, properties) in more.iter() {
            let mut merged = match raw.get(name) {
                Some(Value::Map(map)) => map.clone(),
                _ => Map::new(),
            };
            let Value::Map(properties) = properties else {
                return Err(SchemaError::Shape(format!("{{{name} {properties}}}")));
            };
            for (key, value) in properties.iter() {
                merged.insert(key.clone(), value.clone());
            }
            raw.insert(name.clone(), Value::Map(merged));
        }
        self.with_map(&Value::Map(raw))
    }

    /// Another schema in place of this one. Numbers of attributes in use stay as they are.
    pub(crate) fn with_map(&self, schema: &Value) -> Result<Schema, SchemaError> {
        let checked = Schema::new(schema)?;
        let mut result = Schema { raw: checked.raw.clone(), ..Schema::default() };
        for attribute in self.attributes.iter().chain(&checked.attributes) {
            result.add(&attribute.name);
        }
        for (name, properties) in checked.raw.iter() {
            if let Value::Map(properties) = properties {
                result.apply(name, properties)?;
            }
        }
        result.link_tuples();
        Ok(result)
    }
}
