//! A database out of transactions.
//!
//! Transactions are applied in the order of their ids, which is an order in which causes come before effects. A name in a
//! transaction is resolved in the state its author saw: all transactions it descends from. Where the author had seen
//! everything before it, which is always so without merges, that is the database as it stands, and nothing has to be
//! worked out.
//!
//! Invariants
//! - Entity ids are given out in the order of transactions and lines, so a set of transactions has one database.
//! - Two transactions, neither of which saw the other, that set a single-valued attribute of one entity to different values
//!   (or one of which retracts it) are a [`Conflict`] until a later one that saw both sets it. The later id shows.

use crate::encode::Births;
use crate::error::StoreError;
use crate::read::Transaction;
use db::{AttrId, Cell, Datom, Db, EntityId, Index, Prefix, Schema, TX0, Unique};
use edn::{Map, Uuid, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The transaction.
    pub tx: EntityId,
    /// What it says the value is; `None` where it retracted it.
    pub value: Option<Value>,
}

/// Two transactions that disagree, neither having seen the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The entity.
    pub entity: EntityId,
    /// The attribute.
    pub attribute: Value,
    /// The earlier one, which gave way.
    pub earlier: Side,
    /// The later one, which shows.
    pub later: Side,
}

/// A database and what is known of how it came to be.
#[derive(Clone)]
pub struct Replayed {
    /// The database.
    pub db: Db,
    /// What transactions disagree about.
    pub conflicts: Vec<Conflict>,
    pub(crate) births: Births,
    pub(crate) heads: Vec<Uuid>,
    pub(crate) parents: Vec<Vec<Uuid>>,
}

/// Attributes of transactions that every log has.
pub(crate) const TX_SCHEMA: &str = "{:tx/id {:db/unique :db.unique/identity}}";

impl Replayed {
    pub(crate) fn empty() -> Result<Replayed, StoreError> {
        let schema = edn::read(TX_SCHEMA).ok().and_then(|s| Schema::new(&s).ok());
        Ok(Replayed {
            db: Db::empty_with_history(schema.unwrap_or_default()),
            conflicts: Vec::new(),
            births: Births::default(),
            heads: Vec::new(),
            parents: Vec::new(),
        })
    }

    /// Applies a transaction that comes after all that have been applied.
    pub(crate) fn apply(&mut self, transaction: &Transaction) -> Result<(), StoreError> {
        let seen = self.seen_by(transaction)?;
        Step::new(self, transaction, seen).run()
    }

    /// The transactions that the author of one had seen; `None` for all.
    fn seen_by(
        &self,
        transaction: &Transaction,
    ) -> Result<Option<FxHashSet<EntityId>>, StoreError> {
        let mut parents = transaction.parents.clone();
        parents.sort_unstable();
        let mut heads = self.heads.clone();
        heads.sort_unstable();
        if parents == heads {
            return Ok(None);
        }
        let mut seen = FxHashSet::default();
        let mut pending: Vec<EntityId> = Vec::new();
        for parent in &parents {
            pending.extend(self.tx_of(parent));
        }
        while let Some(tx) = pending.pop() {
            if seen.insert(tx) {
                let parents = &self.parents[(tx - TX0 - 1) as usize];
                pending.extend(parents.iter().filter_map(|p| self.tx_of(p)));
            }
        }
        Ok(Some(seen))
    }

    pub(crate) fn tx_of(&self, id: &Uuid) -> Option<EntityId> {
        let attribute = self.db.attr(&Value::keyword("tx/id"))?;
        self.db.entity_with(attribute, self.db.cell(&Value::Uuid(*id))?)
    }
}

/// Makes a database of whole transactions in the order of their ids.
pub(crate) fn replay(transactions: &[Transaction]) -> Result<Replayed, StoreError> {
    let ids: FxHashSet<Uuid> = transactions.iter().map(|t| t.id).collect();
    let missing: Vec<String> = transactions
        .iter()
        .flat_map(|t| &t.parents)
        .filter(|parent| !ids.contains(*parent))
        .map(Uuid::to_string)
        .collect();
    if !missing.is_empty() {
        return Err(StoreError::MissingParents(missing.join(", ")));
    }
    let mut replayed = Replayed::empty()?;
    for transaction in transactions {
        replayed.apply(transaction)?;
    }
    Ok(replayed)
}

/// Makes a database of the text of a log; damage at its end is left out, damage elsewhere an error.
///
/// ```
/// assert!(store::load(b"", std::path::Path::new("log.edn")).unwrap().db.is_empty());
/// ```
pub fn load(bytes: &[u8], path: &std::path::Path) -> Result<Replayed, StoreError> {
    crate::read::inspect(bytes).replay(path)
}

/// The application of one transaction.
struct Step<'a> {
    state: &'a mut Replayed,
    transaction: &'a Transaction,
    seen: Option<FxHashSet<EntityId>>,
    tx: EntityId,
    /// Entities that this transaction made, by the identity or number it gave them.
    by_identity: FxHashMap<(AttrId, Cell), EntityId>,
    by_number: FxHashMap<i64, EntityId>,
    next: EntityId,
    retracted: Vec<Datom>,
    asserted: Vec<Datom>,
}

impl<'a> Step<'a> {
    fn new(
        state: &'a mut Replayed,
        transaction: &'a Transaction,
        seen: Option<FxHashSet<EntityId>>,
    ) -> Self {
        Step {
            tx: TX0 + 1 + state.parents.len() as EntityId,
            next: state.db.max_eid() + 1,
            state,
            transaction,
            seen,
            by_identity: FxHashMap::default(),
            by_number: FxHashMap::default(),
            retracted: Vec::new(),
            asserted: Vec::new(),
        }
    }

    fn fail<T>(&self, problem: impl Into<String>) -> Result<T, StoreError> {
        Err(StoreError::Meaningless {
            tx: self.transaction.id.to_string(),
            problem: problem.into(),
        })
    }

    fn run(mut self) -> Result<(), StoreError> {
        let transaction = self.transaction;
        self.schema()?;
        let mut entities = Vec::with_capacity(transaction.lines.len());
        for (n, line) in transaction.lines.iter().enumerate() {
            entities.push(match line.get_keyword("db/attribute") {
                Some(_) => None,
                None => Some(self.entity_of_line(n, line)?),
            });
        }
        for (line, (e, is_new)) in
            transaction.lines.iter().zip(entities).filter_map(|(l, e)| Some((l, e?)))
        {
            self.line(line, e, is_new)?;
        }
        self.about()?;
        let id = transaction.id;
        self.state.db = self.state.db.apply(&self.retracted).apply(&self.asserted);
        self.state.births.of_tx.insert(self.tx, id);
        let parents = &transaction.parents;
        self.state.heads.retain(|head| !parents.contains(head));
        self.state.heads.push(id);
        self.state.parents.push(parents.clone());
        Ok(())
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
        match self.state.db.schema().merge(&more) {
            Ok(schema) => {
                self.state.db = self.state.db.with_schema(schema);
                Ok(())
            }
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn saw(&self, tx: EntityId) -> bool {
        self.seen.as_ref().is_none_or(|seen| seen.contains(&tx))
    }

    fn born(&mut self, n: u32) -> Result<EntityId, StoreError> {
        if self.next >= TX0 {
            return self.fail("no more entity ids");
        }
        let e = self.next;
        self.next += 1;
        self.state.births.insert(e, self.transaction.id, n);
        Ok(e)
    }

    /// The entity that a line is about, and whether the line makes it.
    fn entity_of_line(&mut self, n: usize, line: &Map) -> Result<(EntityId, bool), StoreError> {
        let number = n as i64;
        let Some(name) = line.get_keyword("db/id") else {
            let e = self.born(n as u32)?;
            self.by_number.insert(number, e);
            return Ok((e, true));
        };
        if let Some((attribute, value)) = identity(name) {
            let a = self.use_attribute(attribute)?;
            if self.state.db.schema().get(a).unique() != Some(Unique::Identity) {
                return self.fail(format!("{name} is no unique identity"));
            }
            let v = self.state.db.dict().intern(value);
            if let Some(e) = self.holder(a, v) {
                return Ok((e, false));
            }
            let e = self.born(n as u32)?;
            self.by_number.insert(number, e);
            self.by_identity.insert((a, self.state.db.dict().class(v)), e);
            self.asserted.push(Datom { e, a, v, tx: self.tx, added: true });
            return Ok((e, true));
        }
        match self.named(name)? {
            Some(e) => Ok((e, false)),
            // A birth of this transaction itself, of an entity whose identity was somebody else's before.
            None => {
                let e = self.born(n as u32)?;
                self.by_number.insert(number, e);
                Ok((e, true))
            }
        }
    }

    fn use_attribute(&mut self, attribute: &Value) -> Result<AttrId, StoreError> {
        match self.state.db.use_attribute(attribute) {
            Ok(a) => Ok(a),
            Err(error) => self.fail(error.to_string()),
        }
    }

    /// The entity that had an identity when the author looked; one that another transaction made under it meanwhile
    /// is the same.
    fn holder(&self, a: AttrId, v: Cell) -> Option<EntityId> {
        let db = &self.state.db;
        if self.seen.is_none() {
            return db.entity_with(a, v);
        }
        let history = db.history();
        let prefix = Prefix { a: Some(a), v: Some(v), ..Prefix::default() };
        let mut holders: FxHashMap<EntityId, (EntityId, bool)> = FxHashMap::default();
        let mut unseen: Option<(EntityId, EntityId)> = None;
        for event in history.scan(Index::Avet, &prefix) {
            if self.saw(event.tx) {
                let last = holders.entry(event.e).or_insert((event.tx, event.added));
                if event.tx >= last.0 {
                    *last = (event.tx, event.added);
                }
            } else if event.added && unseen.is_none_or(|(tx, _)| event.tx < tx) {
                unseen = Some((event.tx, event.e));
            }
        }
        let held =
            holders.iter().filter(|(_, (_, added))| *added).max_by_key(|(e, (tx, _))| (*tx, **e));
        held.map(|(e, _)| *e).or(unseen.map(|(_, e)| e))
    }

    /// The entity that a name other than an identity means; `None` for a birth of this transaction.
    fn named(&mut self, name: &Value) -> Result<Option<EntityId>, StoreError> {
        let Value::Tagged(tagged) = name else {
            return self.fail(format!("{name} names no entity"));
        };
        match (tagged.tag.as_str(), &tagged.value) {
            ("db/tx", Value::Uuid(id)) if *id == self.transaction.id => Ok(Some(self.tx)),
            ("db/tx", Value::Uuid(id)) => match self.state.tx_of(id) {
                Some(tx) => Ok(Some(tx)),
                None => self.fail(format!("{name} is no transaction of this log")),
            },
            ("db/birth", birth) => match birth.as_vector() {
                Some([Value::Uuid(id), Value::Int(n)]) if *id == self.transaction.id => {
                    Ok(self.by_number.get(n).copied())
                }
                Some([Value::Uuid(id), Value::Int(n)]) => match self.born_there(*id, *n) {
                    Some(e) => Ok(Some(e)),
                    None => self.fail(format!("{name} was never born")),
                },
                _ => self.fail(format!("{name} is no birth")),
            },
            _ => self.fail(format!("{name} names no entity")),
        }
    }

    fn born_there(&self, id: Uuid, n: i64) -> Option<EntityId> {
        self.state.births.find(id, n)
    }

    /// The entity that a value of a reference attribute means.
    fn reference(&mut self, value: &Value) -> Result<EntityId, StoreError> {
        if let Some((attribute, value)) = identity(value) {
            let a = self.use_attribute(attribute)?;
            let v = self.state.db.dict().intern(value);
            if let Some(e) = self.by_identity.get(&(a, self.state.db.dict().class(v))) {
                return Ok(*e);
            }
            if let Some(e) = self.holder(a, v) {
                return Ok(e);
            }
            return self.fail(format!("nothing is called [{attribute} {value}]"));
        }
        if let Some(e) = self.named(value)? {
            return Ok(e);
        }
        // Referred to, but never said anything about: it is born by that.
        let Value::Tagged(tagged) = value else {
            return self.fail(format!("{value} names nothing"));
        };
        let n =
            tagged.value.as_vector().and_then(|b| b.get(1)).and_then(Value::as_int).unwrap_or(-1);
        let e = self.born(u32::MAX)?;
        self.by_number.insert(n, e);
        Ok(e)
    }

    fn line(&mut self, line: &Map, e: EntityId, is_new: bool) -> Result<(), StoreError> {
        for (attribute, value) in line.iter() {
            match attribute {
                Value::Keyword(k) if k.as_str() == "db/id" => {}
                Value::Keyword(k) if k.as_str() == "db/retract" => {
                    let Value::Map(gone) = value else {
                        return self.fail(":db/retract must be a map of attributes and values");
                    };
                    for (attribute, value) in gone.iter() {
                        self.each(e, attribute, value, |step, a, v| step.retract(e, a, v))?;
                    }
                }
                _ => self.each(e, attribute, value, |step, a, v| step.assert(e, a, v, is_new))?,
            }
        }
        Ok(())
    }

    fn each(
        &mut self,
        _e: EntityId,
        attribute: &Value,
        value: &Value,
        mut what: impl FnMut(&mut Self, AttrId, Cell),
    ) -> Result<(), StoreError> {
        let a = self.use_attribute(attribute)?;
        let many = self.state.db.schema().get(a).is_many();
        match value {
            Value::Set(set) if many => {
                for value in set.iter() {
                    let v = self.value(a, value)?;
                    what(self, a, v);
                }
            }
            _ => {
                let v = self.value(a, value)?;
                what(self, a, v);
            }
        }
        Ok(())
    }

    fn value(&mut self, a: AttrId, value: &Value) -> Result<Cell, StoreError> {
        if self.state.db.schema().get(a).is_ref() {
            return Ok(Cell::entity(self.reference(value)?));
        }
        Ok(self.state.db.dict().intern(value))
    }

    fn assert(&mut self, e: EntityId, a: AttrId, v: Cell, is_new: bool) {
        let datom = Datom { e, a, v, tx: self.tx, added: true };
        if is_new && self.seen.is_none() {
            self.asserted.push(datom);
            return;
        }
        let db = self.state.db.clone();
        let same = |d: &Datom| db.compare(d.v, v).is_eq();
        if db.schema().get(a).is_many() {
            if !db.values(e, a).any(|d| same(&d)) {
                self.asserted.push(datom);
            }
            return;
        }
        self.give_way(a, v, e);
        let current = db.values(e, a).next();
        self.settle(e, a);
        match current {
            Some(current) if same(&current) => return,
            Some(current) => {
                if !self.saw(current.tx) {
                    self.conflict(e, a, Some((current.tx, Some(current.v))), Some(v));
                }
                self.retracted.push(Datom { tx: self.tx, added: false, ..current });
            }
            None => {
                if let Some(tx) = self.unseen_retraction(e, a) {
                    self.conflict(e, a, Some((tx, None)), Some(v));
                }
            }
        }
        self.asserted.push(datom);
    }

    /// A unique value that another entity has only because of a transaction the author had not seen goes to the later.
    fn give_way(&mut self, a: AttrId, v: Cell, e: EntityId) {
        if self.seen.is_none() || self.state.db.schema().get(a).unique().is_none() {
            return;
        }
        let Some(holder) = self.state.db.entity_with(a, v).filter(|holder| *holder != e) else {
            return;
        };
        let Some(fact) = self.state.db.values(holder, a).find(|d| d.v == v) else { return };
        self.conflict(holder, a, Some((fact.tx, Some(v))), None);
        self.retracted.push(Datom { tx: self.tx, added: false, ..fact });
    }

    fn retract(&mut self, e: EntityId, a: AttrId, v: Cell) {
        let db = self.state.db.clone();
        let current: Vec<Datom> = db.values(e, a).collect();
        if let Some(fact) = current.iter().find(|d| db.compare(d.v, v).is_eq()) {
            self.settle(e, a);
            self.retracted.push(Datom { tx: self.tx, added: false, ..*fact });
        } else if let Some(other) = current.first()
            && !db.schema().get(a).is_many()
            && !self.saw(other.tx)
        {
            // Somebody gave it another value meanwhile: what is there stays, and both are told.
            self.conflict(e, a, Some((other.tx, Some(other.v))), None);
        }
    }

    /// The last transaction that retracted an attribute and that the author had not seen.
    fn unseen_retraction(&self, e: EntityId, a: AttrId) -> Option<EntityId> {
        self.seen.as_ref()?;
        let history = self.state.db.history();
        let last = history.values(e, a).max_by_key(|d| (d.tx, d.added))?;
        (!last.added && !self.saw(last.tx)).then_some(last.tx)
    }

    fn conflict(
        &mut self,
        e: EntityId,
        a: AttrId,
        earlier: Option<(EntityId, Option<Cell>)>,
        later: Option<Cell>,
    ) {
        let Some((tx, value)) = earlier else { return };
        let db = &self.state.db;
        let conflict = Conflict {
            entity: e,
            attribute: db.attr_name(a).clone(),
            earlier: Side { tx, value: value.map(|v| db.value(v)) },
            later: Side { tx: self.tx, value: later.map(|v| db.value(v)) },
        };
        self.state.conflicts.push(conflict);
    }

    /// Conflicts about an attribute whose two sides the author had seen are settled by setting it.
    fn settle(&mut self, e: EntityId, a: AttrId) {
        if self.state.conflicts.is_empty() {
            return;
        }
        let attribute = self.state.db.attr_name(a).clone();
        let seen = self.seen.clone();
        let saw = |tx: EntityId| seen.as_ref().is_none_or(|seen| seen.contains(&tx));
        self.state.conflicts.retain(|c| {
            !(c.entity == e && c.attribute == attribute && saw(c.earlier.tx) && saw(c.later.tx))
        });
    }

    fn about(&mut self) -> Result<(), StoreError> {
        let tx = self.tx;
        let about = self.transaction.about.clone();
        for (attribute, value) in about.iter() {
            let own = attribute.as_keyword().map(|k| k.as_str());
            if matches!(own, Some("tx/parents" | "tx/lines" | "tx/crc32c")) {
                continue;
            }
            self.each(tx, attribute, value, |step, a, v| step.assert(tx, a, v, true))?;
        }
        let a = self.use_attribute(&Value::keyword("tx/id"))?;
        let v = self.state.db.dict().intern(&Value::Uuid(self.transaction.id));
        self.asserted.push(Datom { e: tx, a, v, tx, added: true });
        Ok(())
    }
}

impl Births {
    /// The entity born in a transaction with a number.
    fn find(&self, id: Uuid, n: i64) -> Option<EntityId> {
        let n = u32::try_from(n).ok()?;
        self.by_birth.get(&(id, n)).copied()
    }
}

/// `[attribute value]`
fn identity(name: &Value) -> Option<(&Value, &Value)> {
    match name.as_vector() {
        Some([attribute @ (Value::Keyword(_) | Value::Str(_)), value]) => Some((attribute, value)),
        _ => None,
    }
}
