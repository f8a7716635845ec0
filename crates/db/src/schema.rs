//! What attributes mean.
//!
//! A schema is DataScript's map from attribute to properties, checked. Attributes it does not name may be used all
//! the same; each attribute in use has a number. Numbers are handed out in the order attributes appear; indexes
//! order attributes by name through `ranks`, and a new attribute never changes how older ones compare.

use crate::datom::AttrId;
use edn::{Map, Value};
use hashbrown::HashTable;

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
    fulltext: bool,
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
            fulltext: false,
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

    /// `:db/fulltext`: whether the words in its values can be searched for.
    pub fn is_fulltext(&self) -> bool {
        self.fulltext
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

/// Why a schema is none. The messages are DataScript's where it has one.
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
    /// A property that needs another one.
    #[error(
        "Bad attribute specification for {attribute}: {{{property}}} should also have {needed}"
    )]
    Needs {
        /// The attribute.
        attribute: String,
        /// What it has.
        property: &'static str,
        /// What it has not.
        needed: &'static str,
    },
    /// A composite tuple that cannot be.
    #[error("{attribute} {reason}")]
    Tuple {
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
    /// Numbers by name.
    ids: HashTable<AttrId>,
    /// Numbers in the order of names, and where in it each number stands.
    sorted: Vec<AttrId>,
    ranks: Vec<u32>,
}

const UNIQUE: &[&str] = &["db.unique/value", "db.unique/identity"];
const CARDINALITY: &[&str] = &["db.cardinality/one", "db.cardinality/many"];

/// DataScript knows references and tuples; Datomic's other types are taken as said and not checked.
const TYPES: &[&str] = &[
    "db.type/ref",
    "db.type/tuple",
    "db.type/bigdec",
    "db.type/bigint",
    "db.type/boolean",
    "db.type/bytes",
    "db.type/double",
    "db.type/float",
    "db.type/fn",
    "db.type/instant",
    "db.type/keyword",
    "db.type/long",
    "db.type/string",
    "db.type/symbol",
    "db.type/uri",
    "db.type/uuid",
];

fn is_name(value: &Value) -> bool {
    matches!(value, Value::Keyword(_) | Value::Str(_))
}

/// Of names; the multiplication spreads the bits.
fn hash(name: &Value) -> u64 {
    u64::from(name.hasheq()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
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
        let mut result = Schema { raw: raw.clone(), ..Schema::default() };
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
        Ok(result)
    }

    /// A schema whose attributes have these numbers, in their order.
    pub(crate) fn with_attributes(names: &[Value], schema: &Value) -> Result<Schema, SchemaError> {
        let mut numbered = Schema::default();
        for name in names {
            if !is_name(name) {
                return Err(SchemaError::Name(name.to_string()));
            }
            numbered.add(name);
        }
        numbered.with_map(schema)
    }

    /// The schema as the map it was given as.
    pub fn as_map(&self) -> &Map {
        &self.raw
    }

    /// The number of an attribute in use.
    pub fn id(&self, name: &Value) -> Option<AttrId> {
        self.ids.find(hash(name), |id| self.get(*id).name == *name).copied()
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

    /// Whether there are attributes whose words can be searched for.
    pub(crate) fn has_fulltext(&self) -> bool {
        self.attributes.iter().any(|a| a.fulltext)
    }

    /// The place of an attribute among all, by name.
    pub fn rank(&self, id: AttrId) -> u32 {
        self.ranks[id as usize]
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
        let mut attribute = Attribute::new(name.clone());
        if name.is_keyword("db/ident") {
            attribute.unique = Some(Unique::Identity);
            attribute.indexed = true;
        }
        self.attributes.push(attribute);
        let attributes = &self.attributes;
        self.ids.insert_unique(hash(name), id, |id| hash(&attributes[*id as usize].name));
        let rank = self.sorted.partition_point(|other| self.get(*other).name < *name);
        self.sorted.insert(rank, id);
        self.ranks.push(0);
        for (rank, id) in self.sorted.iter().enumerate().skip(rank) {
            self.ranks[*id as usize] = rank as u32;
        }
        id
    }

    /// Forgets the attributes that came into use last, down to so many; none of them may say more than its name.
    pub(crate) fn forget_from(&mut self, len: usize) {
        let stays = |id: &AttrId| (*id as usize) < len;
        self.ids.retain(|id| stays(id));
        self.sorted.retain(stays);
        self.attributes.truncate(len);
        self.ranks.truncate(len);
        for (rank, id) in self.sorted.iter().enumerate() {
            self.ranks[*id as usize] = rank as u32;
        }
    }

    fn apply(&mut self, name: &Value, properties: &Map) -> Result<(), SchemaError> {
        let id = self.add(name);
        let one_of = |property: &str, allowed: &[&str], expected: &'static str| match properties
            .get_keyword(property)
        {
            None | Some(Value::Nil) => Ok(None),
            Some(Value::Keyword(k)) if allowed.contains(&k.as_str()) => {
                Ok(Some(k.as_str().to_string()))
            }
            Some(other) => Err(SchemaError::Property {
                attribute: name.to_string(),
                property: format!(":{property}"),
                value: other.to_string(),
                expected,
            }),
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
        let component = flag("db/isComponent")?;
        let unique = one_of("db/unique", UNIQUE, "#{:db.unique/value :db.unique/identity}")?;
        let value_type = one_of("db/valueType", TYPES, "#{:db.type/ref :db.type/tuple}")?;
        let is_ref = value_type.as_deref() == Some("db.type/ref");
        let needs =
            |property, needed| SchemaError::Needs { attribute: name.to_string(), property, needed };
        if component && !is_ref {
            return Err(needs(":db/isComponent true", "{:db/valueType :db.type/ref}"));
        }
        let cardinality =
            one_of("db/cardinality", CARDINALITY, "#{:db.cardinality/one :db.cardinality/many}")?;
        let indexed = flag("db/index")?;
        let fulltext = flag("db/fulltext")?;
        let has_members = properties.contains_key(&Value::keyword("db/tupleAttrs"));
        if value_type.as_deref() == Some("db.type/tuple") && !has_members {
            return Err(needs(":db/valueType :db.type/tuple", ":db/tupleAttrs"));
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
        attribute.fulltext = fulltext;
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
        let refused = |reason: String| SchemaError::Tuple { attribute: name.to_string(), reason };
        if many {
            return Err(refused("has :db/tupleAttrs, must be :db.cardinality/one".to_string()));
        }
        let Some(items) = members.as_seq() else {
            return Err(refused(format!(
                ":db/tupleAttrs must be a sequential collection, got: {members}"
            )));
        };
        if items.is_empty() {
            return Err(refused(":db/tupleAttrs can’t be empty".to_string()));
        }
        let mut ids = Vec::with_capacity(items.len());
        for member in items {
            if !is_name(member) {
                return Err(SchemaError::Name(member.to_string()));
            }
            let of_member = self.raw.get(member).and_then(Value::as_map);
            if of_member.is_some_and(|m| m.get_keyword("db/tupleAttrs").is_some()) {
                return Err(refused(format!(
                    ":db/tupleAttrs can’t depend on another tuple attribute: {member}"
                )));
            }
            let cardinality = of_member.and_then(|m| m.get_keyword("db/cardinality"));
            if cardinality.is_some_and(|c| c.is_keyword("db.cardinality/many")) {
                return Err(refused(format!(
                    ":db/tupleAttrs can’t depend on :db.cardinality/many attribute: {member}"
                )));
            }
            ids.push(self.add(member));
        }
        Ok(ids)
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
