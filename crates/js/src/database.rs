//! Databases: made, changed, filtered, serialized, looked through.

use crate::args::{Answer, Args};
use crate::convert::{keywordized, to_edn};
use crate::datom::Datom;
use crate::entities::{datoms as given_datoms, entities, schema};
use crate::error::Error;
use crate::value::JsValue;
use db::{Db, Index};
use edn::Value;
use std::fmt;
use std::sync::Arc;

/// A database. Two are equal when they are the very same one: JavaScript's `===`.
#[derive(Clone)]
pub struct Database(Arc<State>);

struct State {
    db: Db,
    /// What is behind the filters of a filtered one.
    unfiltered: Option<Database>,
}

impl Database {
    /// A database that JavaScript does not know yet.
    pub fn new(db: Db) -> Database {
        Database(Arc::new(State { db, unfiltered: None }))
    }

    /// The database itself.
    pub fn db(&self) -> &Db {
        &self.0.db
    }
}

impl PartialEq for Database {
    fn eq(&self, other: &Database) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("database")
    }
}

/// `empty_db(schema?)`
pub(crate) fn empty_db(args: Args<'_>) -> Answer {
    Ok(Database::new(Db::empty(schema(args.at(0))?)).into())
}

/// `init_db(datoms, schema?)`
pub(crate) fn init_db(args: Args<'_>) -> Answer {
    Ok(initial(args)?.into())
}

/// A database of datoms and maybe a schema.
pub(crate) fn initial(args: Args<'_>) -> Result<Database, Error> {
    let datoms = given_datoms(args.function, args.at(0))?;
    Ok(Database::new(Db::init(schema(args.at(1))?, datoms)?))
}

/// `db_with(db, entities)`
pub(crate) fn db_with(args: Args<'_>) -> Answer {
    let db = args.database(0)?.db();
    Ok(Database::new(db.db_with(&entities(args.at(1))?)?).into())
}

/// `filter(db, predicate)`: the predicate is given the database behind all filters, and a datom.
pub(crate) fn filter(args: Args<'_>) -> Answer {
    let (database, predicate) = (args.database(0)?, args.function(1)?.clone());
    let unfiltered = database.0.unfiltered.as_ref().unwrap_or(database).clone();
    let seen = unfiltered.clone();
    let keep = move |db: &Db, datom: &db::Datom| {
        let args = [seen.clone().into(), Datom::of(db, datom).into()];
        // What it threw, the call of the API throws.
        predicate.call(&JsValue::Undefined, &args).is_ok_and(|kept| kept.is_truthy())
    };
    let db = database.db().filter(Arc::new(keep));
    Ok(Database(Arc::new(State { db, unfiltered: Some(unfiltered) })).into())
}

/// `is_filtered(db)`
pub(crate) fn is_filtered(args: Args<'_>) -> Answer {
    Ok(args.database(0).is_ok_and(|database| database.db().is_filtered()).into())
}

/// `serializable(db)`: an object of numbers, strings and arrays.
pub(crate) fn serializable(args: Args<'_>) -> Answer {
    let text = db::serializable(args.database(0)?.db())?;
    Ok(serde_json::from_str(&text).map_err(db::SerializeError::from)?)
}

/// `from_serializable(serialized)`: names stay strings, also where they begin with a colon.
pub(crate) fn from_serializable(args: Args<'_>) -> Answer {
    let text = serde_json::to_string(args.at(0)).map_err(db::SerializeError::from)?;
    Ok(Database::new(db::from_serializable_with(&text, Value::from)?).into())
}

/// `datoms(db, index, components...)`
pub(crate) fn datoms(args: Args<'_>) -> Answer {
    let (db, index, components) = key(args)?;
    Ok(listed(db, db.datoms(index, &components)?))
}

/// `seek_datoms(db, index, components...)`
pub(crate) fn seek_datoms(args: Args<'_>) -> Answer {
    let (db, index, components) = key(args)?;
    Ok(listed(db, db.seek_datoms(index, &components)?))
}

/// `index_range(db, attribute, start, end)`
pub(crate) fn index_range(args: Args<'_>) -> Answer {
    let db = args.database(0)?.db();
    let [attribute, start, end] = [to_edn(args.at(1))?, to_edn(args.at(2))?, to_edn(args.at(3))?];
    if attribute.is_nil() {
        let [attribute, start, end] = [attribute, start, end].map(|part| part.to_string());
        return Err(Error::RangeAttribute { attribute, start, end });
    }
    Ok(listed(db, db.index_range(&attribute, &start, &end)?))
}

fn key<'a>(args: Args<'a>) -> Result<(&'a Db, Index, Vec<Value>), Error> {
    let db = args.database(0)?.db();
    let name = match args.at(1) {
        JsValue::String(text) => keywordized(text),
        other => to_edn(other)?,
    };
    let index = match name.as_keyword().map(|name| name.as_str()) {
        Some("eavt") => Index::Eavt,
        Some("aevt") => Index::Aevt,
        Some("avet") => Index::Avet,
        _ => return Err(Error::Index(name.to_string())),
    };
    let components = args.from(2);
    if components.len() > 4 {
        return Err(Error::Components { function: args.function, got: components.len() });
    }
    let components: Result<Vec<Value>, Error> = components.iter().map(to_edn).collect();
    Ok((db, index, components?))
}

pub(crate) fn listed(db: &Db, datoms: impl Iterator<Item = db::Datom>) -> JsValue {
    JsValue::Array(datoms.map(|datom| Datom::of(db, &datom).into()).collect())
}
