//! Databases as the JSON text that DataScript's `serializable` comes to, and back.
//!
//! Attributes and keywords stand in tables of names, datoms refer to them by place; transactions count from [`TX0`]. Values that JSON does not
//! have stand as `[marker …]`: keywords by place, infinities and NaN by the marker alone, all others printed as EDN.
//!
//! Invariants
//! - What is written reads back as an equal database with the same `max_eid` and `max_tx`; history is not part of it.
//! - Indexes are sorted anew when read, so a text cannot bring them into disorder.
//! - A name that begins with a colon reads as a keyword, as in DataScript on the JVM, unless the caller reads names otherwise.
//!
//! Costs: writing walks EAVT once and sorts the values of each indexed attribute; reading parses and sorts.

use crate::cell::Cell;
use crate::datom::{Datom, EntityId, Index, MAX_ID, Prefix, TX0};
use crate::db::{Db, DbError};
use crate::schema::{Schema, SchemaError};
use edn::{BigInt, Value};
use rustc_hash::FxHashMap;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use std::fmt::{self, Write};
use std::sync::Arc;

const KEYWORD: u64 = 0;
const OTHER: u64 = 1;
const INFINITY: u64 = 2;
const MINUS_INFINITY: u64 = 3;
const NAN: u64 = 4;

/// Why a database cannot be written, or a text is none.
#[derive(Debug, thiserror::Error)]
pub enum SerializeError {
    /// A history view: the format has no retractions.
    #[error("serializable doesn't work with history; give it a database as of a time")]
    History,
    /// Not the JSON that it should be.
    #[error("Bad serialized database: {0}")]
    Json(#[from] serde_json::Error),
    /// A part that is printed as EDN and does not read.
    #[error("Cannot read {text}: {error}")]
    Edn {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        error: edn::ReadError,
    },
    /// A datom that refers to what is not there or has ids that cannot be.
    #[error("Bad datom {0} of eavt: expected [entity attribute value transaction], {1}")]
    Datom(usize, &'static str),
    /// An id that cannot be.
    #[error("{0} should be a number below {1}")]
    Id(&'static str, EntityId),
    /// A schema that is none.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// An attribute that is none.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The database as text that DataScript's `from-serializable` takes once its JSON is parsed.
///
/// ```
/// use db::{Db, Schema, from_serializable, serializable};
/// let db = Db::empty(Schema::default()).db_with(&edn::read("[{:name \"Ivan\"}]").unwrap()).unwrap();
/// let text = serializable(&db).unwrap();
/// assert!(text.contains(r#""attrs":[":name"],"keywords":[],"eavt":[[1,0,"Ivan",1]]"#));
/// assert!(from_serializable(&text).unwrap() == db);
/// ```
pub fn serializable(db: &Db) -> Result<String, SerializeError> {
    if db.is_history() {
        return Err(SerializeError::History);
    }
    let datoms: Vec<Datom> = db.scan(Index::Eavt, &Prefix::default()).collect();
    let by_attribute = by_attribute(db, &datoms);
    let mut attributes = Attributes { names: Vec::new(), places: FxHashMap::default() };
    for places in &by_attribute {
        let a = datoms[places[0]].a;
        attributes.places.insert(a, attributes.names.len());
        attributes.names.push(db.attr_name(a));
    }
    let (eavt, keywords) = eavt(db, &datoms, &attributes);
    let indexed = by_attribute.iter().filter(|p| db.schema().get(datoms[p[0]].a).is_indexed());
    let avet = indexed.flat_map(|places| {
        let mut by_value = places.clone();
        by_value.sort_by(|x, y| db.compare(datoms[*x].v, datoms[*y].v));
        by_value
    });
    let schema = Value::Map(db.schema().as_map().clone()).to_string();
    let mut out = String::with_capacity(eavt.len() * 2);
    let (count, max_eid, max_tx) = (datoms.len(), db.max_eid(), db.max_tx());
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{{\"count\":{count},\"tx0\":{TX0},\"max-eid\":{max_eid},\"max-tx\":{max_tx},\"schema\":"
    );
    push_text(&mut out, &schema);
    out.push_str(",\"attrs\":");
    push_all(&mut out, attributes.names.iter(), |out, name| push_name(out, name));
    out.push_str(",\"keywords\":");
    push_all(&mut out, keywords.iter(), |out, cell| push_name(out, &db.value(*cell)));
    out.push_str(",\"eavt\":");
    out.push_str(&eavt);
    out.push_str(",\"aevt\":");
    push_all(&mut out, by_attribute.iter().flatten().copied(), push_number);
    out.push_str(",\"avet\":");
    push_all(&mut out, avet, push_number);
    out.push('}');
    Ok(out)
}

struct Attributes<'a> {
    names: Vec<&'a Value>,
    places: FxHashMap<u32, usize>,
}

/// The places of datoms in EAVT, by attribute in the order of names: AEVT, in parts.
fn by_attribute(db: &Db, datoms: &[Datom]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); db.schema().len()];
    for (place, datom) in datoms.iter().enumerate() {
        parts[db.schema().rank(datom.a) as usize].push(place);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The datoms as JSON, and the keywords they refer to by place.
fn eavt(db: &Db, datoms: &[Datom], attributes: &Attributes<'_>) -> (String, Vec<Cell>) {
    let mut keywords = Vec::new();
    let mut places: FxHashMap<Cell, usize> = FxHashMap::default();
    let mut out = String::new();
    push_all(&mut out, datoms.iter(), |out, datom| {
        out.push('[');
        push_number(out, datom.e);
        out.push(',');
        push_number(out, attributes.places[&datom.a]);
        out.push(',');
        match db.value(datom.v) {
            Value::Keyword(_) => {
                let place = *places.entry(datom.v).or_insert_with(|| {
                    keywords.push(datom.v);
                    keywords.len() - 1
                });
                let _ = write!(out, "[{KEYWORD},{place}]");
            }
            value => push_value(out, &value),
        }
        out.push(',');
        push_number(out, i64::from(datom.tx) - i64::from(TX0));
        out.push(']');
    });
    (out, keywords)
}

fn push_value(out: &mut String, value: &Value) {
    let _ = match value {
        Value::Str(text) => return push_text(out, text),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(n) => return push_number(out, *n),
        Value::Double(d) if *d == f64::INFINITY => write!(out, "[{INFINITY}]"),
        Value::Double(d) if *d == f64::NEG_INFINITY => write!(out, "[{MINUS_INFINITY}]"),
        Value::Double(d) if d.is_nan() => write!(out, "[{NAN}]"),
        // Rust's own form of a double has the fewest digits that read back the same.
        Value::Double(d) => write!(out, "{d:?}"),
        other => {
            let _ = write!(out, "[{OTHER},");
            push_text(out, &other.to_string());
            write!(out, "]")
        }
    };
}

fn push_all<T>(
    out: &mut String,
    items: impl Iterator<Item = T>,
    mut push: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (n, item) in items.enumerate() {
        if n > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(']');
}

fn push_number(out: &mut String, number: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// A keyword with its colon, a string as it is.
fn push_name(out: &mut String, name: &Value) {
    match name {
        Value::Str(text) => push_text(out, text),
        other => push_text(out, &other.to_string()),
    }
}

fn push_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < b' ' || b == b'"' || b == b'\\') {
        let (plain, escaped) = rest.split_at(at);
        out.push_str(plain);
        let _ = match escaped.as_bytes()[0] {
            b'"' => write!(out, "\\\""),
            b'\\' => write!(out, "\\\\"),
            8 => write!(out, "\\b"),
            b'\t' => write!(out, "\\t"),
            b'\n' => write!(out, "\\n"),
            12 => write!(out, "\\f"),
            b'\r' => write!(out, "\\r"),
            control => write!(out, "\\u{control:04x}"),
        };
        rest = &escaped[1..];
    }
    out.push_str(rest);
    out.push('"');
}

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
    eavt: Vec<(i64, usize, Frozen, i64)>,
}

enum Frozen {
    Value(Value),
    Keyword(usize),
    Edn(String),
}

impl<'de> Deserialize<'de> for Frozen {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Frozen, D::Error> {
        input.deserialize_any(FrozenVisitor)
    }
}

struct FrozenVisitor;

impl<'de> Visitor<'de> for FrozenVisitor {
    type Value = Frozen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number, boolean or [marker value]")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Frozen, E> {
        Ok(Frozen::Value(Value::from(text)))
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<Frozen, E> {
        Ok(Frozen::Value(Value::Bool(b)))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Frozen, E> {
        Ok(Frozen::Value(Value::Int(n)))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Frozen, E> {
        let value = match i64::try_from(n) {
            Ok(n) => Value::Int(n),
            Err(_) => Value::BigInt(Arc::new(BigInt::from(n))),
        };
        Ok(Frozen::Value(value))
    }

    fn visit_f64<E: Error>(self, d: f64) -> Result<Frozen, E> {
        Ok(Frozen::Value(Value::Double(d)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Frozen, A::Error> {
        let missing = || A::Error::custom("expected a value after the marker");
        let marker: u64 =
            items.next_element()?.ok_or_else(|| A::Error::custom("expected a value marker"))?;
        let frozen = match marker {
            KEYWORD => Frozen::Keyword(items.next_element()?.ok_or_else(missing)?),
            OTHER => Frozen::Edn(items.next_element()?.ok_or_else(missing)?),
            INFINITY => Frozen::Value(Value::Double(f64::INFINITY)),
            MINUS_INFINITY => Frozen::Value(Value::Double(f64::NEG_INFINITY)),
            NAN => Frozen::Value(Value::Double(f64::NAN)),
            _ => return Err(A::Error::custom(format!("Unexpected value marker {marker}"))),
        };
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(frozen)
    }
}

/// The database that DataScript's or this [`serializable`] wrote.
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
    let schema = Schema::new(&thaw(from.schema)?)?;
    let names = |names: Vec<String>| names.into_iter().map(&thaw_name).collect::<Vec<Value>>();
    let (attributes, keywords) = (names(from.attrs), names(from.keywords));
    let mut datoms = Vec::with_capacity(from.eavt.len());
    let mut highest = id(from.max_eid, TX0 - 1).ok_or(SerializeError::Id("max-eid", TX0))?;
    for (place, (e, a, v, tx)) in from.eavt.into_iter().enumerate() {
        let bad = |why| move || SerializeError::Datom(place, why);
        let attribute = attributes.get(a).ok_or_else(bad("attrs has no such attribute"))?;
        let value = match v {
            Frozen::Value(value) => value,
            Frozen::Keyword(k) => {
                keywords.get(k).cloned().ok_or_else(bad("keywords has no such keyword"))?
            }
            Frozen::Edn(text) => thaw(text)?,
        };
        if value.is_nil() {
            return Err(bad("nil is no value")());
        }
        let e = id(e, MAX_ID).ok_or_else(bad("the entity is no id"))?;
        let tx = from.tx0.checked_add(tx).and_then(|tx| id(tx, MAX_ID));
        let tx = tx.ok_or_else(bad("the transaction is no id"))?;
        highest = if e < TX0 { highest.max(e) } else { highest };
        datoms.push((e, attribute.clone(), value, tx));
    }
    let mut db = Db::init(schema, datoms)?;
    let max_tx = id(from.max_tx, MAX_ID).ok_or(SerializeError::Id("max-tx", MAX_ID))?;
    // An id that only a reference has is taken where whoever wrote the text took it.
    db.max_eid = highest;
    db.max_tx = db.max_tx.max(max_tx);
    Ok(db)
}

fn id(id: i64, most: EntityId) -> Option<EntityId> {
    EntityId::try_from(id).ok().filter(|id| *id <= most)
}

fn thaw(text: String) -> Result<Value, SerializeError> {
    edn::read(&text).map_err(|error| SerializeError::Edn { text, error })
}

fn thaw_name(name: String) -> Value {
    match name.strip_prefix(':') {
        Some(keyword) => Value::keyword(keyword),
        None => Value::string(name),
    }
}
