//! A database, and what happened to it, as plain data that any EDN reader can take: a snapshot, and the transactions one by one.
//!
//! Invariants
//! - `Db::from_data(&db.to_data())` equals the database and remembers what it remembers: history and the ids given out so far are in
//!   the data.
//! - The data of a transaction are transaction data: applied to the database before it they give the one after it.
//!
//! Costs: a walk through what is said; [`Db::tx_range`] looks at the leaves in which something of the first transaction or a later one
//! stands or stood.

use crate::conn::Conn;
use crate::datom::{Datom, EntityId, Index, MAX_ID, Prefix, TX0};
use crate::db::{Db, DbError};
use crate::readers::{ReaderError, datom_from_reader, db_from_reader};
use edn::{Symbol, Tagged, Value, Vector};
use std::sync::Arc;

impl Db {
    /// The whole database as a map: `{:schema … :datoms [[e a v tx] …] :max-eid … :max-tx …}`, and where history is kept `:history
    /// [[e a v tx added] …]`, every assertion and retraction there ever was. Of a view it has what the view shows.
    ///
    /// ```
    /// use db::{Db, Schema};
    /// let db = Db::empty(Schema::default()).db_with(&edn::read("[{:name \"Ivan\"}]").unwrap()).unwrap();
    /// let data = db.to_data();
    /// assert_eq!(
    ///     data.to_string(),
    ///     "{:schema {}, :datoms [[1 :name \"Ivan\" 536870913]], :max-eid 1, :max-tx 536870913}"
    /// );
    /// assert!(Db::from_data(&data).unwrap() == db);
    /// ```
    pub fn to_data(&self) -> Value {
        let all = Prefix::default();
        let listed = |db: &Db, parts: usize| -> Value {
            let first = |d: Datom| match db.datom_value(&d) {
                Value::Vector(whole) => Value::vector(whole[..parts].to_vec()),
                other => other,
            };
            Value::vector(db.scan(Index::Eavt, &all).map(first).collect())
        };
        let mut entries = vec![
            (Value::keyword("schema"), Value::Map(self.schema().as_map().clone())),
            (Value::keyword("datoms"), listed(self, 4)),
            (Value::keyword("max-eid"), Value::from(self.max_eid)),
            (Value::keyword("max-tx"), Value::from(self.max_tx)),
        ];
        if self.keeps_history() && self.is_plain() {
            entries.push((Value::keyword("history"), listed(&self.history(), 5)));
        }
        Value::map(entries)
    }

    /// The database that [`Db::to_data`] gave. Nothing is checked against the schema, as in [`Db::init`].
    pub fn from_data(data: &Value) -> Result<Db, ReaderError> {
        let Some(map) = data.as_map() else { return Err(ReaderError::Database(data.to_string())) };
        let mut db = match map.get_keyword("history") {
            None | Some(Value::Nil) => db_from_reader(data)?,
            Some(events) => {
                let without = map.iter().filter(|(key, _)| !key.is_keyword("datoms"));
                let schema = Value::map(without.map(|(k, v)| (k.clone(), v.clone())).collect());
                let mut db = Db { past: Some(Default::default()), ..db_from_reader(&schema)? };
                db.replay(events.as_seq().ok_or_else(|| ReaderError::Data(events.to_string()))?)?;
                db
            }
        };
        let given = |key: &str, least: EntityId, most: EntityId| {
            let said = map.get_keyword(key).filter(|id| !id.is_nil());
            let Some(said) = said else { return Ok(least) };
            let id = said.as_int().and_then(|id| EntityId::try_from(id).ok());
            let id = id.filter(|id| *id <= most).map(|id| id.max(least));
            id.ok_or_else(|| ReaderError::Data(format!(":{key} {said}")))
        };
        // An id that only a reference has was not given out yet where the data say so.
        let said = map.get_keyword("max-eid").is_some_and(|id| !id.is_nil());
        let least = if said { db.highest_entity() } else { db.max_eid };
        db.max_eid = given("max-eid", least, TX0 - 1)?;
        db.max_tx = given("max-tx", db.max_tx, MAX_ID)?;
        Ok(db)
    }

    /// The highest entity below the transactions that something is said of, or was.
    fn highest_entity(&self) -> EntityId {
        let said = self.history();
        let entities = said.scan(Index::Eavt, &Prefix::default()).map(|d| d.e);
        entities.take_while(|e| *e < TX0).max().unwrap_or(0)
    }

    /// Applies events in the order they happened.
    fn replay(&mut self, events: &[Value]) -> Result<(), ReaderError> {
        let mut datoms = Vec::with_capacity(events.len());
        for event in events {
            let (e, a, v, tx, added) = datom_from_reader(event)?;
            let a = self.intern_attr(&a)?;
            datoms.push(Datom { e, a, v: self.dict.intern(&v), tx, added });
        }
        datoms.sort_by_key(|d| (d.tx, d.added));
        self.apply_in_place(&datoms);
        Ok(())
    }

    /// The transactions from one to another (the latter not included), each with its datoms, assertions and
    /// retractions. Without history only what is true now is known of them.
    pub fn tx_range(
        &self,
        from: Option<EntityId>,
        to: Option<EntityId>,
    ) -> Vec<(EntityId, Vec<Datom>)> {
        let past = self.past.as_ref().map(|past| &past.eavt);
        let mut datoms = Vec::new();
        for tree in [&self.now.eavt].into_iter().chain(past) {
            tree.for_each_from(from.unwrap_or(0), |datom| datoms.push(datom));
        }
        datoms.retain(|d| to.is_none_or(|t| d.tx < t));
        let order = self.order(Index::Eavt);
        datoms.sort_by(|x, y| {
            (x.tx, x.added).cmp(&(y.tx, y.added)).then_with(|| order.by_entity(x, y))
        });
        let same = |x: &Datom, y: &Datom| x.tx == y.tx;
        datoms.chunk_by(same).map(|data| (data[0].tx, data.to_vec())).collect()
    }

    /// [`Db::tx_range`] as a list of maps, `{:tx … :inst … :data [#datascript/Datom … …]}`; `:inst` where the transaction says
    /// when it was. The bounds are transactions or moments, `nil` for open ends.
    ///
    /// ```
    /// use db::{Db, Schema};
    /// use edn::Value::Nil;
    /// let db = Db::empty(Schema::default()).db_with(&edn::read("[{:name \"Ivan\"}]").unwrap()).unwrap();
    /// assert_eq!(
    ///     db.tx_range_data(&Nil, &Nil).unwrap().to_string(),
    ///     "({:tx 536870913, :data [#datascript/Datom [1 :name \"Ivan\" 536870913 true]]})"
    /// );
    /// ```
    pub fn tx_range_data(&self, from: &Value, to: &Value) -> Result<Value, DbError> {
        let (from, to) = (self.range_bound(from)?, self.range_bound(to)?);
        let plain = self.unviewed();
        let instant = Value::keyword("db/txInstant");
        let tag = Symbol::parse("datascript/Datom");
        let datom = |d: &Datom| {
            Value::Tagged(Arc::new(Tagged { tag: tag.clone(), value: plain.datom_value(d) }))
        };
        let transaction = |(tx, data): (EntityId, Vec<Datom>)| {
            let mut said = vec![(Value::keyword("tx"), Value::from(tx))];
            said.extend(plain.get(tx, &instant).map(|at| (Value::keyword("inst"), at)));
            let data: Vec<Value> = data.iter().map(datom).collect();
            said.push((Value::keyword("data"), Value::Vector(Vector::from(data))));
            Value::map(said)
        };
        Ok(Value::list(self.tx_range(from, to).into_iter().map(transaction).collect()))
    }

    /// The first transaction that is not before a bound.
    fn range_bound(&self, bound: &Value) -> Result<Option<EntityId>, DbError> {
        match bound {
            Value::Nil => Ok(None),
            Value::Inst(moment) => {
                let before = Value::Inst(edn::Inst(moment.0.saturating_sub(1)));
                Ok(Some(self.transaction_at(&before)?.saturating_add(1)))
            }
            tx => self.entid_strict(tx).map(Some),
        }
    }
}

impl Conn {
    /// A connection that starts with the database that [`Db::to_data`] gave.
    ///
    /// ```
    /// let conn = db::Conn::from_data(&edn::read("{:schema {} :datoms [[1 :name \"Ivan\"]]}").unwrap()).unwrap();
    /// assert_eq!(conn.db().len(), 1);
    /// ```
    pub fn from_data(data: &Value) -> Result<Conn, ReaderError> {
        Ok(Conn::from_db(Db::from_data(data)?))
    }
}
