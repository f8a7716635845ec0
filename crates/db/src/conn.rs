//! A connection: the place where a database changes.
//!
//! Writers take turns; readers take the current value and never wait for a writer at work. Listeners are called in
//! the order they came, before `transact` returns, with the connection already showing the new value. They may
//! transact themselves; so when several threads write, reports of two transactions can come in either order
//! ([`TxReport::tx`] tells which was first).

use crate::datom::{Datom, EntityId, Index, Prefix};
use crate::db::{Db, DbError};
use crate::schema::Schema;
use crate::tx::{TxError, TxReport};
use edn::Value;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// What is told of each transaction.
pub type Listener = Arc<dyn Fn(&TxReport) + Send + Sync>;

/// See the module.
pub struct Conn {
    current: RwLock<Db>,
    writing: Mutex<()>,
    /// Told after each change, with `writing`.
    changed: Condvar,
    listeners: Mutex<Vec<(Value, Listener)>>,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks is left half changed by a panic.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Conn {
    /// A connection that starts with a database.
    pub fn from_db(db: Db) -> Conn {
        Conn {
            current: RwLock::new(db),
            writing: Mutex::default(),
            changed: Condvar::new(),
            listeners: Mutex::default(),
        }
    }

    /// A connection that starts empty.
    pub fn create(schema: Schema) -> Conn {
        Conn::from_db(Db::empty(schema))
    }

    /// A connection that starts with a database of datoms; see [`Db::init`].
    pub fn from_datoms(
        schema: Schema,
        datoms: impl IntoIterator<Item = (EntityId, Value, Value, EntityId)>,
    ) -> Result<Conn, DbError> {
        Ok(Conn::from_db(Db::init(schema, datoms)?))
    }

    /// The database as it is now.
    pub fn db(&self) -> Db {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, db: Db) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = db;
        self.changed.notify_all();
    }

    /// The database once it has a transaction that some other thread is about to make, or `None` when it has not come in
    /// time. Writers at work are waited for at least.
    ///
    /// ```
    /// use std::time::Duration;
    /// let conn = db::Conn::create(db::Schema::default());
    /// let report = conn.transact(&edn::read("[{:name \"Ivan\"}]").unwrap()).unwrap();
    /// assert_eq!(conn.sync(report.tx, Duration::ZERO).unwrap().len(), 1);
    /// assert!(conn.sync(report.tx + 1, Duration::from_millis(1)).is_none());
    /// ```
    pub fn sync(&self, tx: EntityId, patience: Duration) -> Option<Db> {
        let waiting = |_: &mut ()| self.db().max_tx() < tx;
        let turn = held(&self.writing);
        let turn = self.changed.wait_timeout_while(turn, patience, waiting);
        drop(turn.unwrap_or_else(PoisonError::into_inner));
        Some(self.db()).filter(|db| db.max_tx() >= tx)
    }

    /// Applies a transaction, tells the listeners, and says what it did.
    ///
    /// ```
    /// let conn = db::Conn::from_db(db::Db::empty(db::Schema::default()));
    /// conn.transact(&edn::read("[[:db/add 1 :name \"Ivan\"]]").unwrap()).unwrap();
    /// assert_eq!(conn.db().len(), 1);
    /// ```
    pub fn transact(&self, tx_data: &Value) -> Result<TxReport, TxError> {
        self.change(|db| db.with(tx_data))
    }

    /// As [`Conn::transact`], with something to say about the transaction, which listeners get to see.
    pub fn transact_with_meta(&self, tx_data: &Value, tx_meta: Value) -> Result<TxReport, TxError> {
        self.change(|db| db.with_meta(tx_data, tx_meta))
    }

    /// Applies a transaction on a thread of its own; joining gives what [`Conn::transact`] would have given.
    ///
    /// ```
    /// # use db::{Conn, Schema};
    /// let conn = std::sync::Arc::new(Conn::create(Schema::default()));
    /// let report = conn.transact_async(edn::read("[{:name \"Ivan\"}]").unwrap(), edn::Value::Nil);
    /// assert_eq!(report.join().unwrap().unwrap().tx_data.len(), 1);
    /// ```
    pub fn transact_async(
        self: &Arc<Self>,
        tx_data: Value,
        tx_meta: Value,
    ) -> JoinHandle<Result<TxReport, TxError>> {
        let conn = self.clone();
        std::thread::spawn(move || conn.transact_with_meta(&tx_data, tx_meta))
    }

    /// Puts another schema in place of the current one; see [`Db::with_schema`]. Listeners are not told.
    pub fn reset_schema(&self, schema: &Value) -> Result<Db, DbError> {
        let turn = held(&self.writing);
        let db = self.db();
        let schema = db.schema().with_map(schema).map_err(DbError::from)?;
        let db = db.with_schema(schema);
        self.set(db.clone());
        drop(turn);
        Ok(db)
    }

    /// Applies whatever makes a report out of the current database.
    pub fn change<E>(&self, make: impl FnOnce(&Db) -> Result<TxReport, E>) -> Result<TxReport, E> {
        let turn = held(&self.writing);
        let report = make(&self.db())?;
        self.set(report.db_after.clone());
        drop(turn);
        self.tell(&report);
        Ok(report)
    }

    fn tell(&self, report: &TxReport) {
        let listeners: Vec<Listener> =
            held(&self.listeners).iter().map(|(_, l)| l.clone()).collect();
        for listener in listeners {
            listener(report);
        }
    }

    /// Calls a function on each transaction from now on, under a key by which it can be taken off again. The same
    /// key again takes the place of the first.
    pub fn listen(&self, key: Value, listener: Listener) {
        let mut listeners = held(&self.listeners);
        listeners.retain(|(k, _)| *k != key);
        listeners.push((key, listener));
    }

    /// Takes a listener off.
    pub fn unlisten(&self, key: &Value) {
        held(&self.listeners).retain(|(k, _)| k != key);
    }

    /// Puts another database in place of the current one; listeners are told of all datoms as retracted and added,
    /// in the attributes and cells of the new one.
    pub fn reset(&self, db: Db) -> TxReport {
        self.reset_with_meta(db, Value::Nil)
    }

    /// As [`Conn::reset`], with something to say about it, which listeners get to see.
    pub fn reset_with_meta(&self, db: Db, tx_meta: Value) -> TxReport {
        let turn = held(&self.writing);
        let (before, mut db) = (self.db(), db);
        let all = Prefix::default();
        let of_before = before.scan(Index::Eavt, &all);
        let retracted: Vec<Datom> = of_before
            .filter_map(|d| Some(Datom { added: false, ..db.adopt(&before, &d).ok()? }))
            .collect();
        let tx_data = retracted.into_iter().chain(db.scan(Index::Eavt, &all)).collect();
        let report = TxReport {
            db_before: before,
            db_after: db.clone(),
            tx_data,
            said_again: Vec::new(),
            tempids: Vec::new(),
            tx_meta,
            tx: db.max_tx(),
        };
        self.set(db);
        drop(turn);
        self.tell(&report);
        report
    }
}
