//! DataScript's JavaScript API as functions over plain data, with no JavaScript in it.
//!
//! A host (a WebAssembly module, a program that talks to Node) turns its values into [`JsValue`]s and gives each function of
//! [`FUNCTIONS`] to its users as one that does [`call`], and entities the [`METHODS`] as ones that do [`call_method`]. What is
//! JavaScript's and what is the database's is told apart here, exactly as DataScript's own `datascript.js` does: strings that begin
//! with a colon, schemas, transactions, reports, what queries and pulls give.
//!
//! ```
//! use js::{JsValue, call};
//! let schema = JsValue::object([("aka", JsValue::object([(":db/cardinality", ":db.cardinality/many".into())]))]);
//! let conn = call("create_conn", &[schema]).unwrap();
//! let aka = JsValue::Array(vec!["X".into(), "Y".into()]);
//! let ivan = JsValue::object([(":db/id", (-1).into()), ("name", "Ivan".into()), ("aka", aka)]);
//! let report = call("transact", &[conn.clone(), JsValue::Array(vec![ivan])]).unwrap();
//! assert_eq!(report.get("tempids").unwrap().get("-1"), Some(&1.into()));
//! let db = call("db", &[conn]).unwrap();
//! let names = call("q", &["[:find [?aka ...] :where [?e \"aka\" ?aka]]".into(), db]).unwrap();
//! assert_eq!(names.as_array().unwrap().len(), 2);
//! ```

mod args;
mod calls;
mod conn;
mod convert;
mod database;
mod datom;
mod entities;
mod entity;
mod error;
mod function;
mod handle;
mod json;
mod query;
mod value;

pub use calls::MAX_NESTED;
pub use conn::Connection;
pub use database::Database;
pub use datom::Datom;
pub use entity::Entity;
pub use error::Error;
pub use function::{Foreign, Function};
pub use value::JsValue;

use args::{Answer, Args};

type Run = fn(Args<'_>) -> Answer;

const API: [(&str, Run); 27] = [
    ("empty_db", database::empty_db),
    ("init_db", database::init_db),
    ("serializable", database::serializable),
    ("from_serializable", database::from_serializable),
    ("q", query::q),
    ("pull", query::pull),
    ("pull_many", query::pull_many),
    ("db_with", database::db_with),
    ("entity", entity::entity),
    ("touch", entity::touch),
    ("entity_db", entity::entity_db),
    ("filter", database::filter),
    ("is_filtered", database::is_filtered),
    ("create_conn", conn::create_conn),
    ("conn_from_db", conn::conn_from_db),
    ("conn_from_datoms", conn::conn_from_datoms),
    ("db", conn::db),
    ("transact", conn::transact),
    ("reset_conn", conn::reset_conn),
    ("listen", conn::listen),
    ("unlisten", conn::unlisten),
    ("resolve_tempid", conn::resolve_tempid),
    ("datoms", database::datoms),
    ("seek_datoms", database::seek_datoms),
    ("index_range", database::index_range),
    ("squuid", conn::squuid),
    ("squuid_time_millis", conn::squuid_time_millis),
];

const ENTITY: [(&str, Run); 7] = [
    ("get", entity::get),
    ("has", entity::has),
    ("forEach", entity::for_each),
    ("key_set", entity::key_set),
    ("value_set", entity::value_set),
    ("entry_set", entity::entry_set),
    ("toString", entity::to_string),
];

/// The names of the API's functions.
pub const FUNCTIONS: [&str; API.len()] = names(API);

/// The names of the methods that entities have.
pub const METHODS: [&str; ENTITY.len()] = names(ENTITY);

const fn names<const N: usize>(table: [(&'static str, Run); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = table[at].0;
        at += 1;
    }
    names
}

/// Calls a function of the API. Arguments that are not given are `undefined`; more than it takes are left alone.
pub fn call(function: &str, args: &[JsValue]) -> Answer {
    run(&API, function, args)
}

/// Calls a method of an entity, which is the first argument.
///
/// ```
/// use js::{JsValue, call, call_method};
/// let ivan = JsValue::Array(vec![JsValue::object([("name", "Ivan".into())])]);
/// let db = call("db_with", &[call("empty_db", &[]).unwrap(), ivan]).unwrap();
/// let entity = call("entity", &[db, 1.into()]).unwrap();
/// assert_eq!(call_method("get", &[entity, "name".into()]).unwrap(), "Ivan".into());
/// ```
pub fn call_method(method: &str, args: &[JsValue]) -> Answer {
    run(&ENTITY, method, args)
}

fn run(table: &[(&'static str, Run)], name: &str, args: &[JsValue]) -> Answer {
    let Some((function, body)) = table.iter().find(|(known, _)| *known == name) else {
        return Err(Error::NoSuchFunction(name.to_string()));
    };
    let database = |arg: &JsValue| match arg {
        JsValue::Database(database) => Some(database.clone()),
        JsValue::Entity(entity) => Some(entity.database().clone()),
        _ => None,
    };
    let databases = args.iter().filter_map(database).collect();
    calls::within(databases, || body(Args { function, values: args }))
}
