//! Transactions: forms become datoms, one after the other, or nothing does.
//!
//! DataScript is the reference for every form and message. Forms are worked off in turn, each with all that it leads to; each sees
//! what those before it did. A tempid that turns out to name an entity that is there already (upsert) makes the transaction start
//! over with that knowledge, so the result does not depend on where in it the tempid was first used.
//!
//! Invariants
//! - A failed transaction changes nothing: what it did is undone.
//! - `tx_data` of the report, applied to `db_before`, gives `db_after`.
//!
//! Costs: what is said most, a plain value of a known entity or of a map without maps in it, is taken from where the form has it.
//! It costs finding its attribute and its value, and one descent in EAVT; AVET is changed only for attributes that are in it.

mod error;
mod fact;
mod form;
mod map;
mod ops;
mod run;
mod tempid;
mod vector;

pub use error::TxError;
pub(crate) use form::forward_name;
pub use ops::{EntityRef, Op, OpValue};
pub use tempid::tempid;
pub use vector::DbObject;

use crate::datom::{Datom, EntityId};
use crate::db::Db;
use edn::Value;

/// What a transaction did.
#[derive(Clone)]
pub struct TxReport {
    /// The database it was applied to.
    pub db_before: Db,
    /// The database with it.
    pub db_after: Db,
    /// The datoms it added and retracted, in the order it did so.
    pub tx_data: Vec<Datom>,
    /// What it said that was so already, one by one as it came to it: assertions of facts that were there, retractions of
    /// values that were not.
    pub said_again: Vec<Datom>,
    /// What each tempid came to mean.
    pub tempids: Vec<(Value, EntityId)>,
    /// What the caller had to say about it.
    pub tx_meta: Value,
    /// The transaction's own entity.
    pub tx: EntityId,
}

/// What a transaction did to the database it was applied to in place.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The datoms it added and retracted, in the order it did so.
    pub tx_data: Vec<Datom>,
    /// What it said that was so already; see [`TxReport`].
    pub said_again: Vec<Datom>,
    /// What each tempid came to mean.
    pub tempids: Vec<(Value, EntityId)>,
    /// The transaction's own entity.
    pub tx: EntityId,
}

impl TxReport {
    /// The entity that a tempid came to mean.
    pub fn resolve_tempid(&self, tempid: &Value) -> Option<EntityId> {
        self.tempids.iter().find(|(t, _)| t == tempid).map(|(_, e)| *e)
    }
}

impl Db {
    /// The database with a transaction, given as DataScript's transaction data, and what it did.
    ///
    /// ```
    /// use db::{Db, Schema};
    /// let db = Db::empty(Schema::default());
    /// let report = db.with(&edn::read("[{:db/id -1 :name \"Ivan\"}]").unwrap()).unwrap();
    /// assert_eq!(report.tx_data.len(), 1);
    /// ```
    pub fn with(&self, tx_data: &Value) -> Result<TxReport, TxError> {
        self.with_meta(tx_data, Value::Nil)
    }

    /// As [`Db::with`], with something to say about the transaction.
    pub fn with_meta(&self, tx_data: &Value, tx_meta: Value) -> Result<TxReport, TxError> {
        let mut db_after = self.clone();
        let Changes { tx_data, said_again, tempids, tx } = db_after.transact(tx_data)?;
        let db_before = self.clone();
        Ok(TxReport { db_before, db_after, tx_data, said_again, tempids, tx_meta, tx })
    }

    /// Applies a transaction to this very database. What no other database shares is changed where it lies, which makes this the
    /// cheapest way to apply many; one that fails changes nothing.
    ///
    /// ```
    /// use db::{Db, Schema};
    /// let mut db = Db::empty(Schema::default());
    /// db.transact(&edn::read("[{:name \"Ivan\"}]").unwrap()).unwrap();
    /// assert!(db.transact(&edn::read("[{:name \"Oleg\"} [:db/add 1 :name nil]]").unwrap()).is_err());
    /// assert_eq!(db.len(), 1);
    /// ```
    pub fn transact(&mut self, tx_data: &Value) -> Result<Changes, TxError> {
        run::transact(self, tx_data)
    }

    /// The database with a transaction.
    pub fn db_with(&self, tx_data: &Value) -> Result<Db, TxError> {
        let mut db = self.clone();
        db.transact(tx_data)?;
        Ok(db)
    }
}
