//! Readers of the printed forms `#datascript/DB` and `#datascript/Datom`.
//!
//! What [`crate::print::db`] prints reads back as an equal database. Nothing is checked against the schema, as in [`Db::init`];
//! what is no datom is refused, with the datom.

use crate::datom::{EntityId, MAX_ID, TX0};
use crate::db::{Db, DbError};
use crate::schema::{Schema, SchemaError};
use crate::tx::DbObject;
use edn::{Opaque, Symbol, Tagged, Value};
use std::sync::Arc;

/// Why a printed form does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReaderError {
    /// Not what a database prints.
    #[error("Bad #datascript/DB, expected {{:schema map, :datoms [[e a v tx] ...]}}, got {0}")]
    Database(String),
    /// Not what the data of a database have.
    #[error(
        "Bad data of a database, expected {{:schema map, :datoms [[e a v tx] ...], :max-eid id, :max-tx id, :history [[e a v tx added] ...]}}, got {0}"
    )]
    Data(String),
    /// Not what a datom prints.
    #[error("Bad datom {0}, expected [e a v], [e a v tx] or [e a v tx added]")]
    Datom(String),
    /// A database with a schema that is none.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A database with datoms that cannot be.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What makes a value of what stands behind a tag.
pub type Reader = fn(&Value) -> Result<Value, ReaderError>;

/// The tags and their readers: databases become values that queries and transactions take, datoms become whole.
///
/// ```
/// let printed = "#datascript/DB {:schema {}, :datoms [[1 :name \"Ivan\" 536870913]]}";
/// let edn::Value::Tagged(tagged) = edn::read(printed).unwrap() else { panic!() };
/// let (_, reader) = db::DATA_READERS.iter().find(|(tag, _)| *tag == tagged.tag.as_str()).unwrap();
/// assert_eq!(reader(&tagged.value).unwrap().to_string(), printed);
/// ```
pub const DATA_READERS: [(&str, Reader); 2] = [
    ("datascript/Datom", |value| {
        let (e, a, v, tx, added) = datom_from_reader(value)?;
        let whole = Value::vector(vec![e.into(), a, v, tx.into(), Value::Bool(added)]);
        let tag = Symbol::parse("datascript/Datom");
        Ok(Value::Tagged(Arc::new(Tagged { tag, value: whole })))
    }),
    ("datascript/DB", |value| {
        Ok(Value::Opaque(Opaque(Arc::new(DbObject(db_from_reader(value)?)))))
    }),
];

/// A database of the map that it prints behind its tag.
pub fn db_from_reader(value: &Value) -> Result<Db, ReaderError> {
    let refused = || ReaderError::Database(value.to_string());
    let map = value.as_map().ok_or_else(refused)?;
    let schema = Schema::new(map.get_keyword("schema").unwrap_or(&Value::Nil))?;
    let datoms = match map.get_keyword("datoms") {
        None | Some(Value::Nil) => &[],
        Some(datoms) => datoms.as_seq().ok_or_else(refused)?,
    };
    let read: Result<Vec<_>, ReaderError> =
        datoms.iter().map(|d| datom_from_reader(d).map(|(e, a, v, tx, _)| (e, a, v, tx))).collect();
    Ok(Db::init(schema, read?)?)
}

/// Entity, attribute, value, transaction and whether it was added, of what a datom prints behind its tag.
pub fn datom_from_reader(
    value: &Value,
) -> Result<(EntityId, Value, Value, EntityId, bool), ReaderError> {
    let refused = || ReaderError::Datom(value.to_string());
    let id = |id: &Value| -> Result<EntityId, ReaderError> {
        let id = id.as_int().and_then(|id| EntityId::try_from(id).ok());
        id.filter(|id| *id <= MAX_ID).ok_or_else(refused)
    };
    let (e, a, v, tx, added) = match value.as_seq().ok_or_else(refused)? {
        [e, a, v] | [e, a, v, Value::Nil] => (e, a, v, TX0, true),
        [e, a, v, tx] => (e, a, v, id(tx)?, true),
        [e, a, v, tx, Value::Bool(added)] => (e, a, v, id(tx)?, *added),
        _ => return Err(refused()),
    };
    match v.is_nil() {
        true => Err(refused()),
        false => Ok((id(e)?, a.clone(), v.clone(), tx, added)),
    }
}
