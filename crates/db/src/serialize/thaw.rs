//! Reading what [`super::serializable`] wrote.
//!
//! Values go from the text into the dictionary as they are met, so nothing is made of a fact but the fact. What its parts refer to
//! is looked up when the whole text has been read: its tables may stand behind the facts.

use super::{INFINITY, KEYWORD, MINUS_INFINITY, NAN, OTHER, SerializeError};
use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, MAX_ID, TX0};
use crate::db::Db;
use crate::dict::{Dict, Interning};
use crate::schema::Schema;
use edn::{BigInt, Value};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, SeqAccess, Visitor,
};
use std::fmt;
use std::sync::Arc;

/// The parts of the text that count: `aevt` and `avet` follow from the others.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Serialized {
    tx0: i64,
    max_eid: i64,
    max_tx: i64,
    schema: String,
    attrs: Vec<String>,
    keywords: Vec<String>,
    eavt: Facts,
}

struct Facts {
    /// The values.
    dict: Dict,
    facts: Vec<Fact>,
    /// What is printed as EDN.
    edn: Vec<String>,
}

/// Entity, attribute by place, value, transaction.
struct Fact(i64, usize, Frozen, i64);

enum Frozen {
    Value(Cell),
    /// By place among the keywords.
    Keyword(usize),
    /// By place among what is printed as EDN.
    Edn(usize),
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Facts, D::Error> {
        let dict = Dict::default();
        let (facts, edn) = {
            let mut reading = Reading { values: dict.interning(), edn: Vec::new() };
            (input.deserialize_seq(FactsVisitor(&mut reading))?, reading.edn)
        };
        Ok(Facts { dict, facts, edn })
    }
}

/// What facts leave behind as they are read.
struct Reading<'d> {
    values: Interning<'d>,
    edn: Vec<String>,
}

struct FactsVisitor<'r, 'd>(&'r mut Reading<'d>);

impl<'de> Visitor<'de> for FactsVisitor<'_, '_> {
    type Value = Vec<Fact>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Fact>, A::Error> {
        let mut facts = Vec::new();
        while let Some(fact) = items.next_element_seed(FactVisitor(&mut *self.0))? {
            facts.push(fact);
        }
        Ok(facts)
    }
}

struct FactVisitor<'r, 'd>(&'r mut Reading<'d>);

impl<'de> DeserializeSeed<'de> for FactVisitor<'_, '_> {
    type Value = Fact;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Fact, D::Error> {
        input.deserialize_tuple(4, self)
    }
}

impl<'de> Visitor<'de> for FactVisitor<'_, '_> {
    type Value = Fact;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tuple of size 4")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Fact, A::Error> {
        let short = |len| A::Error::invalid_length(len, &"a tuple of size 4");
        let e = items.next_element()?.ok_or_else(|| short(0))?;
        let a = items.next_element()?.ok_or_else(|| short(1))?;
        let v = items.next_element_seed(ValueVisitor(self.0))?.ok_or_else(|| short(2))?;
        let tx = items.next_element()?.ok_or_else(|| short(3))?;
        Ok(Fact(e, a, v, tx))
    }
}

struct ValueVisitor<'r, 'd>(&'r mut Reading<'d>);

impl ValueVisitor<'_, '_> {
    fn value(self, value: &Value) -> Frozen {
        Frozen::Value(self.0.values.intern(value))
    }
}

impl<'de> DeserializeSeed<'de> for ValueVisitor<'_, '_> {
    type Value = Frozen;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Frozen, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueVisitor<'_, '_> {
    type Value = Frozen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number, boolean or [marker value]")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Frozen, E> {
        Ok(Frozen::Value(self.0.values.intern_text(text)))
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<Frozen, E> {
        Ok(self.value(&Value::Bool(b)))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Frozen, E> {
        Ok(self.value(&Value::Int(n)))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Frozen, E> {
        Ok(match i64::try_from(n) {
            Ok(n) => self.value(&Value::Int(n)),
            Err(_) => self.value(&Value::BigInt(Arc::new(BigInt::from(n)))),
        })
    }

    fn visit_f64<E: Error>(self, d: f64) -> Result<Frozen, E> {
        Ok(self.value(&Value::Double(d)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Frozen, A::Error> {
        let missing = || A::Error::custom("expected a value after the marker");
        let marker: u64 =
            items.next_element()?.ok_or_else(|| A::Error::custom("expected a value marker"))?;
        let frozen = match marker {
            KEYWORD => Frozen::Keyword(items.next_element()?.ok_or_else(missing)?),
            OTHER => {
                self.0.edn.push(items.next_element()?.ok_or_else(missing)?);
                Frozen::Edn(self.0.edn.len() - 1)
            }
            INFINITY => self.value(&Value::Double(f64::INFINITY)),
            MINUS_INFINITY => self.value(&Value::Double(f64::NEG_INFINITY)),
            NAN => self.value(&Value::Double(f64::NAN)),
            _ => return Err(A::Error::custom(format!("Unexpected value marker {marker}"))),
        };
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(frozen)
    }
}

/// The database that DataScript's or this [`super::serializable`] wrote.
pub fn from_serializable(text: &str) -> Result<Db, SerializeError> {
    from_serializable_with(text, thaw_name)
}

/// As [`from_serializable`], with a function that says what the names of attributes and keywords mean: DataScript's `:thaw-kw`.
///
/// ```
/// use db::{Db, Schema, from_serializable_with, serializable};
/// let db = Db::empty(Schema::default()).db_with(&edn::read("[{\":name\" \"Ivan\"}]").unwrap()).unwrap();
/// let again = from_serializable_with(&serializable(&db).unwrap(), edn::Value::from).unwrap();
/// assert!(again == db);
/// ```
pub fn from_serializable_with(
    text: &str,
    thaw_name: impl Fn(String) -> Value,
) -> Result<Db, SerializeError> {
    let from: Serialized = serde_json::from_str(text)?;
    let mut db = Db::empty(Schema::new(&thaw(&from.schema)?)?);
    let Facts { dict, facts, edn } = from.eavt;
    db.dict = Arc::new(dict);
    let attributes: Vec<Value> = from.attrs.into_iter().map(&thaw_name).collect();
    let keywords: Vec<Value> = from.keywords.into_iter().map(&thaw_name).collect();
    // Attributes come into use as facts of them are met.
    let mut used: Vec<Option<AttrId>> = vec![None; attributes.len()];
    let mut interned: Vec<Option<Cell>> = vec![None; keywords.len()];
    let mut highest = id(from.max_eid, TX0 - 1).ok_or(SerializeError::Id("max-eid", TX0))?;
    let mut datoms = Vec::with_capacity(facts.len());
    for (place, Fact(e, a, v, tx)) in facts.into_iter().enumerate() {
        let bad = |why| move || SerializeError::Datom(place, why);
        let attribute = attributes.get(a).ok_or_else(bad("attrs has no such attribute"))?;
        let v = match v {
            Frozen::Value(cell) => cell,
            Frozen::Keyword(k) => {
                let keyword = keywords.get(k).ok_or_else(bad("keywords has no such keyword"))?;
                *interned[k].get_or_insert_with(|| db.dict.intern(keyword))
            }
            Frozen::Edn(n) => db.dict.intern(&thaw(&edn[n])?),
        };
        if v == Cell::NIL {
            return Err(bad("nil is no value")());
        }
        let e = id(e, MAX_ID).ok_or_else(bad("the entity is no id"))?;
        let tx = from.tx0.checked_add(tx).and_then(|tx| id(tx, MAX_ID));
        let tx = tx.ok_or_else(bad("the transaction is no id"))?;
        highest = if e < TX0 { highest.max(e) } else { highest };
        let a = match used[a] {
            Some(a) => a,
            None => *used[a].insert(db.intern_attr(attribute)?),
        };
        datoms.push(Datom { e, a, v, tx, added: true });
    }
    db.bulk(datoms);
    let max_tx = id(from.max_tx, MAX_ID).ok_or(SerializeError::Id("max-tx", MAX_ID))?;
    // An id that only a reference has is taken where whoever wrote the text took it.
    db.max_eid = highest;
    db.max_tx = db.max_tx.max(max_tx);
    Ok(db)
}

fn id(id: i64, most: EntityId) -> Option<EntityId> {
    EntityId::try_from(id).ok().filter(|id| *id <= most)
}

fn thaw(text: &str) -> Result<Value, SerializeError> {
    edn::read(text).map_err(|error| SerializeError::Edn { text: text.to_string(), error })
}

fn thaw_name(name: String) -> Value {
    match name.strip_prefix(':') {
        Some(keyword) => Value::keyword(keyword),
        None => Value::string(name),
    }
}
