//! An immutable Datalog database in the manner of DataScript.
//!
//! A [`Db`] is a value: it never changes, and a transaction makes a new one that shares what is the same.
//!
//! ```
//! use db::{Db, Index, Schema};
//! let schema = Schema::new(&edn::read("{:aka {:db/cardinality :db.cardinality/many}}").unwrap()).unwrap();
//! let tx = edn::read(r#"[{:name "Maksim" :age 45 :aka ["Max Otto von Stierlitz", "Jack Ryan"]}]"#).unwrap();
//! let db = Db::empty(schema).db_with(&tx).unwrap();
//! assert_eq!(db.len(), 4);
//! ```

mod apply;
mod cell;
mod compare;
mod conn;
mod data;
mod datom;
mod db;
mod deferred;
mod dict;
mod entid;
mod entity;
mod fulltext;
mod load;
pub mod print;
pub mod pull;
pub mod query;
mod random;
mod ranges;
mod readers;
mod schema;
mod serialize;
mod squuid;
mod storage;
mod tree;
mod tx;
mod view;

pub use cell::Cell;
pub use compare::diff;
pub use conn::{Conn, Listener};
pub use datom::{AttrId, Datom, EntityId, Index, MAX_ID, Prefix, TX0};
pub use db::{Db, DbError};
pub use dict::{Dict, Text};
pub use entity::{Entity, EntityValue, entity};
pub use fulltext::TextHit;
pub use load::Loader;
pub use pull::{Pattern, PullError, pull, pull_many};
pub use query::{Explanation, Input, Limits, Query, QueryError, QueryResult, Step, explain, q};
pub use ranges::Datoms;
pub use readers::{DATA_READERS, Reader, ReaderError, datom_from_reader, db_from_reader};
pub use schema::{Attribute, Schema, SchemaError, Unique};
pub use serialize::{SerializeError, from_serializable, from_serializable_with, serializable};
pub use squuid::{squuid, squuid_at, squuid_time_millis};
pub use storage::{
    Address, DEFAULT_BUDGET, FileStorage, MemoryStorage, Pack, Storage, StorageError, bytes,
    collect_garbage, restore, restore_within,
};
pub use tx::{Changes, DbObject, EntityRef, Op, OpValue, TxError, TxReport, tempid};
pub use view::DatomFilter;
