//! Connections, listeners, and the ids that transactions give.
//!
//! A connection is not a [`db::Conn`]: JavaScript can tell whether two databases are the same object, all listeners are given the
//! very report that `transact` gives, and there is one thread, in which a function called by a transaction must not wait for that
//! transaction. So it is refused.

use crate::args::{Answer, Args};
use crate::convert::to_edn;
use crate::database::{Database, initial, listed};
use crate::datom::Datom;
use crate::entities::entities;
use crate::error::Error;
use crate::function::Function;
use crate::handle::{Handle, Held};
use crate::value::JsValue;
use db::{EntityId, Index, Prefix};
use edn::{Opaque, Str, Uuid, Value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A connection.
#[derive(Clone, PartialEq, Debug)]
pub struct Connection(Handle<State>);

pub(crate) struct State {
    current: Mutex<Database>,
    listeners: Mutex<Vec<(Value, Function)>>,
    /// Whether a transaction is being made.
    at_work: AtomicBool,
}

impl Held for State {
    const KIND: &'static str = "connection";
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks is left half changed by a panic.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The turn of whoever changes a connection, until it is dropped.
struct Turn<'a>(&'a AtomicBool);

impl<'a> Turn<'a> {
    fn take(connection: &'a Connection) -> Result<Turn<'a>, Error> {
        let at_work = &connection.0.at_work;
        match at_work.swap(true, Ordering::Acquire) {
            true => Err(Error::Busy),
            false => Ok(Turn(at_work)),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Connection {
    /// A connection that starts with a database.
    pub fn new(database: Database) -> Connection {
        Connection(Handle::new(State {
            current: Mutex::new(database),
            listeners: Mutex::default(),
            at_work: AtomicBool::new(false),
        }))
    }

    /// The database as it is now.
    pub fn database(&self) -> Database {
        held(&self.0.current).clone()
    }

    fn set(&self, database: Database) {
        *held(&self.0.current) = database;
    }

    fn tell(&self, report: &JsValue) -> Result<(), Error> {
        let listeners: Vec<Function> =
            held(&self.0.listeners).iter().map(|(_, listener)| listener.clone()).collect();
        for listener in listeners {
            listener.call(&JsValue::Undefined, std::slice::from_ref(report))?;
        }
        Ok(())
    }

    pub(crate) fn to_value(&self) -> Value {
        self.0.to_value()
    }

    pub(crate) fn of(object: &Opaque) -> Option<Connection> {
        Handle::of(object).map(Connection)
    }
}

/// `null` for what was not given.
fn or_null(given: &JsValue) -> JsValue {
    if given.is_nil() { JsValue::Null } else { given.clone() }
}

/// `create_conn(schema?)`
pub(crate) fn create_conn(args: Args<'_>) -> Answer {
    match crate::database::empty_db(args)? {
        JsValue::Database(database) => Ok(Connection::new(database).into()),
        other => Ok(other),
    }
}

/// `conn_from_db(db)`
pub(crate) fn conn_from_db(args: Args<'_>) -> Answer {
    Ok(Connection::new(args.database(0)?.clone()).into())
}

/// `conn_from_datoms(datoms, schema?)`
pub(crate) fn conn_from_datoms(args: Args<'_>) -> Answer {
    Ok(Connection::new(initial(args)?).into())
}

/// `db(conn)`
pub(crate) fn db(args: Args<'_>) -> Answer {
    Ok(args.connection(0)?.database().into())
}

/// `transact(conn, entities, tx_meta?)`: a report, which the listeners have been given, too.
pub(crate) fn transact(args: Args<'_>) -> Answer {
    let connection = args.connection(0)?;
    let entities = entities(args.at(1))?;
    let turn = Turn::take(connection)?;
    let before = connection.database();
    let report = before.db().with(&entities)?;
    let tx_data = listed(&report.db_after, report.tx_data.iter().copied());
    let after = Database::new(report.db_after);
    connection.set(after.clone());
    drop(turn);
    let report = JsValue::object([
        ("db_before", before.into()),
        ("db_after", after.into()),
        ("tx_data", tx_data),
        ("tempids", tempids(&report.tempids)),
        ("tx_meta", or_null(args.at(2))),
    ]);
    connection.tell(&report)?;
    Ok(report)
}

fn tempids(tempids: &[(Value, EntityId)]) -> JsValue {
    let named = |(tempid, e): &(Value, EntityId)| (text(tempid), JsValue::from(*e));
    JsValue::Object(tempids.iter().map(named).collect())
}

/// Clojure's `str`
fn text(value: &Value) -> Str {
    match value {
        Value::Str(text) => text.clone(),
        Value::Nil => "".into(),
        other => other.to_string().into(),
    }
}

/// `reset_conn(conn, db, tx_meta?)`: listeners are told of everything as retracted and added.
pub(crate) fn reset_conn(args: Args<'_>) -> Answer {
    let (connection, after) = (args.connection(0)?, args.database(1)?);
    let turn = Turn::take(connection)?;
    let before = connection.database();
    connection.set(after.clone());
    drop(turn);
    let datoms = |database: &Database, added: bool| -> Vec<JsValue> {
        let db = database.db();
        let all = db.scan(Index::Eavt, &Prefix::default());
        all.map(|datom| Datom::of(db, &db::Datom { added, ..datom }).into()).collect()
    };
    let tx_data: Vec<JsValue> =
        datoms(&before, false).into_iter().chain(datoms(after, true)).collect();
    let report = JsValue::object([
        ("db_before", before.into()),
        ("db_after", after.clone().into()),
        ("tx_data", tx_data.into()),
        ("tx_meta", or_null(args.at(2))),
    ]);
    connection.tell(&report)?;
    Ok(after.clone().into())
}

/// `listen(conn, key?, callback)`: the key, which is a random one where none is given. The same key again takes the place of
/// the first.
pub(crate) fn listen(args: Args<'_>) -> Answer {
    let connection = args.connection(0)?;
    let (key, place) = match args.values {
        [_, _] | [_] => (JsValue::from(db::squuid().to_string()), 1),
        _ => (args.at(1).clone(), 2),
    };
    let (name, listener) = (to_edn(&key)?, args.function(place)?.clone());
    let mut listeners = held(&connection.0.listeners);
    match listeners.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = listener,
        None => listeners.push((name, listener)),
    }
    Ok(key)
}

/// `unlisten(conn, key)`
pub(crate) fn unlisten(args: Args<'_>) -> Answer {
    let (connection, key) = (args.connection(0)?, to_edn(args.at(1))?);
    held(&connection.0.listeners).retain(|(known, _)| *known != key);
    Ok(JsValue::Undefined)
}

/// `resolve_tempid(tempids, tempid)`
pub(crate) fn resolve_tempid(args: Args<'_>) -> Answer {
    let tempid = text(&to_edn(args.at(1))?);
    Ok(args.at(0).get(&tempid).cloned().unwrap_or(JsValue::Undefined))
}

/// `squuid()`
pub(crate) fn squuid(_: Args<'_>) -> Answer {
    Ok(db::squuid().to_string().into())
}

/// `squuid_time_millis(squuid)`: NaN for what is none.
pub(crate) fn squuid_time_millis(args: Args<'_>) -> Answer {
    let uuid = args.at(0).as_str().and_then(|text| Uuid::parse_str(text).ok());
    Ok(uuid.map_or(f64::NAN, |uuid| db::squuid_time_millis(&uuid) as f64).into())
}
