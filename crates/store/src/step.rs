//! What one transaction comes to, worked out beside the state it is applied to.
//!
//! First the schema, then which entity each line is about, so that lines may name each other, then the facts (`facts`),
//! last composite tuples, which follow from their members and are never read from a log.

use crate::births::Birth;
use crate::conflicts::{Conflict, SCHEMA, Side, Topic};
use crate::error::StoreError;
use crate::facts::Says;
use crate::read::Transaction;
use crate::replay::{Outcome, Replayed};
use crate::seen::Seen;
use crate::writable::ON_COMMITS;
use db::{AttrId, Cell, Datom, Db, EntityId, TX0, Unique};
use edn::{Map, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// The application of one transaction.
pub(crate) struct Step<'a> {
    pub(crate) state: &'a Replayed,
    pub(crate) transaction: &'a Transaction,
    pub(crate) seen: Option<Seen>,
    pub(crate) tx: EntityId,
    /// The database before the transaction, with its schema and attributes.
    pub(crate) db: Db,
    /// Entities that this transaction made, by the identity or number it gave them.
    pub(crate) by_identity: FxHashMap<(AttrId, Cell), EntityId>,
    pub(crate) by_number: FxHashMap<u32, EntityId>,
    pub(crate) retracted: Vec<Datom>,
    pub(crate) asserted: Vec<Datom>,
    /// What it says something about that there are conflicts about.
    pub(crate) touched: FxHashSet<Topic>,
    conflicts: Vec<(Topic, Conflict)>,
    born: Vec<u32>,
    pub(crate) aliases: Vec<(u32, EntityId)>,
    /// It says something that its datoms do not tell.
    pub(crate) says_more: bool,
    /// A line says the attribute again that it names its new entity by.
    pub(crate) names_twice: bool,
}

impl<'a> Step<'a> {
    pub(crate) fn new(
        state: &'a Replayed,
        transaction: &'a Transaction,
        seen: Option<Seen>,
    ) -> Self {
        Step {
            says_more: seen.is_some(),
            names_twice: false,
            tx: state.births.next_tx(),
            db: state.db.clone(),
            state,
            transaction,
            seen,
            by_identity: FxHashMap::default(),
            by_number: FxHashMap::default(),
            retracted: Vec::new(),
            asserted: Vec::new(),
            touched: FxHashSet::default(),
            conflicts: Vec::new(),
            born: Vec::new(),
            aliases: Vec::new(),
        }
    }

    pub(crate) fn fail<T>(&self, problem: impl Into<String>) -> Result<T, StoreError> {
        Err(StoreError::Meaningless {
            tx: self.transaction.id.to_string(),
            problem: problem.into(),
        })
    }

    pub(crate) fn run(mut self) -> Result<Outcome, StoreError> {
        let transaction = self.transaction;
        self.schema()?;
        let mut entities = Vec::with_capacity(transaction.lines.len());
        for (n, line) in transaction.lines.iter().enumerate() {
            entities.push(match line.get_keyword("db/attribute") {
                Some(_) => None,
                None => Some(self.entity_of_line(n as u32, line)?),
            });
        }
        // Written from datoms, lines are in the order of entities.
        let about = entities.iter().flatten().map(|(e, _)| *e);
        let is_own = about.clone().any(|e| e == self.tx);
        let in_order = about.is_sorted_by(|x, y| x < y) && !is_own;
        self.says_more |= !in_order;
        for (line, (e, is_new)) in
            transaction.lines.iter().zip(entities).filter_map(|(l, e)| Some((l, e?)))
        {
            self.line(line, e, is_new)?;
        }
        self.about()?;
        if !in_order || self.names_twice {
            self.last_of_several();
        }
        self.give_way();
        let mut db = self.db.apply(&self.retracted).apply(&self.asserted);
        let tuples = self.tuples(&db);
        db = db
            .apply(&tuples)
            .with_entity_ids(self.state.births.next_entity() - 1 + self.born.len() as EntityId);
        let mut datoms = self.retracted;
        datoms.append(&mut self.asserted);
        datoms.extend(tuples);
        Ok(Outcome {
            id: transaction.id,
            parents: transaction.parents.clone(),
            seen: self.seen,
            db,
            born: self.born,
            aliases: self.aliases,
            touched: self.touched,
            conflicts: self.conflicts,
            datoms,
            crc: transaction.crc,
            text: self.says_more.then(|| transaction.text.clone()),
        })
    }

    fn schema(&mut self) -> Result<(), StoreError> {
        let mut more = Map::new();
        for line in &self.transaction.lines {
            let Some(attribute) = line.get_keyword("db/attribute") else { continue };
            let mut properties = line.clone();
            properties.remove(&Value::keyword("db/attribute"));
            more.insert(attribute.clone(), Value::Map(properties));
        }
        if more.is_empty() {
            return Ok(());
        }
        self.says_more = true;
        match self.db.schema().merge(&more) {
            Ok(schema) => self.db = self.db.with_schema(schema),
            Err(error) if self.seen.is_none() => return self.fail(error.to_string()),
            // Its author had another schema before him: what goes with this one is taken up.
            Err(_) => self.schema_as_far_as_it_goes(&more)?,
        }
        for attribute in more.keys() {
            let a = self.use_attribute(attribute)?;
            self.touched.insert((SCHEMA, a));
        }
        Ok(())
    }

    fn schema_as_far_as_it_goes(&mut self, more: &Map) -> Result<(), StoreError> {
        let mut left_out = Vec::new();
        let mut schema = self.db.schema().clone();
        let mut lines: Vec<(&Value, &Value)> = more.iter().collect();
        lines.sort();
        for (attribute, properties) in lines {
            let one: Map = [(attribute.clone(), properties.clone())].into_iter().collect();
            match schema.merge(&one) {
                Ok(merged) => schema = merged,
                Err(_) => left_out.push((attribute, properties)),
            }
        }
        self.db = self.db.with_schema(schema);
        for (attribute, properties) in left_out {
            let a = self.use_attribute(attribute)?;
            let conflict = Conflict {
                entity: self.tx,
                attribute: attribute.clone(),
                earlier: Side {
                    tx: self.tx - 1,
                    value: self.db.schema().as_map().get(attribute).cloned(),
                },
                later: Side { tx: self.tx, value: Some(properties.clone()) },
            };
            self.conflicts.push(((SCHEMA, a), conflict));
        }
        Ok(())
    }

    pub(crate) fn saw(&self, tx: EntityId) -> bool {
        self.seen.as_ref().is_none_or(|seen| seen.contains(tx))
    }

    /// A new entity with a number of this transaction.
    pub(crate) fn bear(&mut self, n: u32) -> Result<EntityId, StoreError> {
        let e = u64::from(self.state.births.next_entity()) + self.born.len() as u64;
        if e >= u64::from(TX0) {
            return self.fail("no more entity ids");
        }
        let e = e as EntityId;
        self.born.push(n);
        self.by_number.insert(n, e);
        Ok(e)
    }

    /// The entity of a birth, of this transaction or an earlier one.
    pub(crate) fn of_birth(&self, birth: &Birth) -> Option<EntityId> {
        if birth.0 == self.transaction.id {
            return self.by_number.get(&birth.1).copied();
        }
        self.state.births.find(birth)
    }

    pub(crate) fn use_attribute(&mut self, attribute: &Value) -> Result<AttrId, StoreError> {
        match self.db.use_attribute(attribute) {
            Ok(a) => Ok(a),
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn about(&mut self) -> Result<(), StoreError> {
        let tx = self.tx;
        for (attribute, value) in self.transaction.about.iter() {
            if ON_COMMITS.iter().any(|own| attribute.is_keyword(own)) {
                continue;
            }
            self.each(tx, attribute, value, Says::New)?;
        }
        let a = self.use_attribute(&Value::keyword("tx/id"))?;
        let v = self.db.dict().intern(&Value::Uuid(self.transaction.id));
        self.asserted.push(Datom { e: tx, a, v, tx, added: true });
        Ok(())
    }

    pub(crate) fn conflict(
        &mut self,
        e: EntityId,
        a: AttrId,
        (tx, earlier): (EntityId, Option<Cell>),
        later: Option<Cell>,
    ) {
        let conflict = Conflict {
            entity: e,
            attribute: self.db.attr_name(a).clone(),
            earlier: Side { tx, value: earlier.map(|v| self.db.value(v)) },
            later: Side { tx: self.tx, value: later.map(|v| self.db.value(v)) },
        };
        self.conflicts.push(((e, a), conflict));
    }

    /// Where several lines are about one entity, which their author may have taken for several, the last value of an attribute
    /// stays.
    fn last_of_several(&mut self) {
        let mut last: FxHashMap<Topic, Cell> = FxHashMap::default();
        let mut asserted = std::mem::take(&mut self.asserted);
        asserted.reverse();
        asserted.retain(|d| {
            if self.db.schema().get(d.a).is_many() {
                return true;
            }
            let stays = *last.entry((d.e, d.a)).or_insert(d.v);
            if stays != d.v && self.seen.is_some() {
                self.conflict(d.e, d.a, (self.tx, Some(d.v)), Some(stays));
            }
            stays == d.v
        });
        asserted.reverse();
        self.asserted = asserted;
    }

    /// Unique values that other entities have only because of transactions the author had not seen go to the later.
    fn give_way(&mut self) {
        if self.seen.is_none() {
            return;
        }
        let gone: FxHashSet<(EntityId, AttrId, Cell)> =
            self.retracted.iter().map(|d| (d.e, d.a, d.v)).collect();
        for Datom { e, a, v, .. } in self.asserted.clone() {
            if self.db.schema().get(a).unique().is_none() {
                continue;
            }
            let Some(holder) = self.db.entity_with(a, v).filter(|holder| *holder != e) else {
                continue;
            };
            let Some(fact) = self.db.values(holder, a).find(|d| d.v == v) else { continue };
            if !gone.contains(&(holder, a, fact.v)) {
                self.conflict(holder, a, (fact.tx, Some(v)), None);
                self.retracted.push(Datom { tx: self.tx, added: false, ..fact });
            }
        }
    }

    /// The changes of composite tuples that follow from the changes of their members.
    fn tuples(&mut self, after: &Db) -> Vec<Datom> {
        let mut changes = Vec::new();
        for (e, a) in tuples_of(after, self.retracted.iter().chain(&self.asserted)) {
            self.touch(e, a);
            let current = after.values(e, a).next();
            let new = tuple(after, e, a);
            if current.map(|d| d.v) == new {
                continue;
            }
            changes.extend(current.map(|d| Datom { tx: self.tx, added: false, ..d }));
            let Some(v) = new else { continue };
            if after.schema().get(a).unique().is_some()
                && let Some(holder) = after.entity_with(a, v).filter(|holder| *holder != e)
                && tuple(after, holder, a) == Some(v)
                && let Some(fact) = after.values(holder, a).next()
            {
                self.conflict(holder, a, (fact.tx, Some(v)), None);
                changes.push(Datom { tx: self.tx, added: false, ..fact });
            }
            changes.push(Datom { e, a, v, tx: self.tx, added: true });
        }
        // What gives way may be made anew by the same transaction: retractions come first.
        changes.sort_by_key(|d| d.added);
        changes
    }

    pub(crate) fn is_identity(&self, a: AttrId) -> bool {
        self.db.schema().get(a).unique() == Some(Unique::Identity)
    }
}

/// The composite tuples that datoms are members of, in order.
pub(crate) fn tuples_of<'d>(
    db: &Db,
    datoms: impl IntoIterator<Item = &'d Datom>,
) -> std::collections::BTreeSet<(EntityId, AttrId)> {
    let schema = db.schema();
    datoms
        .into_iter()
        .flat_map(|d| schema.get(d.a).member_of().iter().map(|tuple| (d.e, *tuple)))
        .collect()
}

/// What datoms say something about, the tuples they are members of included.
pub(crate) fn touched_by<'d>(
    db: &Db,
    datoms: impl IntoIterator<Item = &'d Datom> + Clone,
) -> FxHashSet<Topic> {
    let own = datoms.clone().into_iter().map(|d| (d.e, d.a));
    own.chain(tuples_of(db, datoms)).collect()
}

/// The value that a composite tuple has by its members; `None` where it has none.
pub(crate) fn tuple(db: &Db, e: EntityId, a: AttrId) -> Option<Cell> {
    let member = |m: &AttrId| db.values(e, *m).next().map_or(Value::Nil, |d| db.value(d.v));
    let values: Vec<Value> = db.schema().get(a).tuple().iter().map(member).collect();
    let is_empty = values.iter().all(Value::is_nil);
    (!is_empty).then(|| db.dict().intern(&Value::vector(values)))
}
