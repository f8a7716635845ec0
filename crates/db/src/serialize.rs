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
//! Costs: writing walks EAVT once and sorts the values of each indexed attribute; reading parses and sorts (`thaw`).

mod thaw;

pub use thaw::{from_serializable, from_serializable_with};

use crate::cell::Cell;
use crate::datom::{Datom, EntityId, Index, Prefix, TX0};
use crate::db::{Db, DbError};
use crate::schema::SchemaError;
use edn::Value;
use rustc_hash::FxHashMap;
use std::fmt::Write;

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
