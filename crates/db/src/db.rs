//! The database value.
//!
//! Invariants
//! - A `Db` never changes. Cloning one costs a few reference counts, and versions share what they have in common.
//! - EAVT and AEVT hold every datom that is true now, AVET those of indexed attributes; a fact (entity, attribute,
//!   value) stands once in each. AEVT comes to hold them when it is looked at (`deferred`).
//! - Where history is kept, three more trees hold what is no longer true: for each such fact its assertions and
//!   retractions.
//! - `max_eid` is at least the highest entity below [`TX0`] ever used, `max_tx` the last transaction.

use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, MAX_ID, Order, Prefix, TX0};
use crate::deferred::Deferred;
use crate::dict::Dict;
use crate::schema::{Schema, SchemaError};
use crate::tree::{Tree, TreeIter};
use crate::view::View;
use edn::{Value, Vector};
use std::cmp::Ordering;
use std::sync::Arc;

/// An immutable database.
#[derive(Clone)]
pub struct Db {
    pub(crate) schema: Arc<Schema>,
    pub(crate) dict: Arc<Dict>,
    pub(crate) now: Present,
    pub(crate) past: Option<Indexes>,
    /// The words in texts of the present.
    pub(crate) text: Tree,
    pub(crate) max_eid: EntityId,
    pub(crate) max_tx: EntityId,
    pub(crate) view: View,
}

/// The three orders of what is true now; AEVT may have changes to come.
#[derive(Clone, Default)]
pub(crate) struct Present {
    pub(crate) eavt: Tree,
    pub(crate) aevt: Deferred,
    pub(crate) avet: Tree,
}

impl Present {
    pub(crate) fn tree(&self, order: &Order<'_>) -> &Tree {
        match order.index {
            Index::Eavt => &self.eavt,
            Index::Aevt => self.aevt.tree(order, &self.eavt),
            Index::Avet => &self.avet,
        }
    }
}

/// The three orders of one set of datoms.
#[derive(Clone, Default)]
pub(crate) struct Indexes {
    pub(crate) eavt: Tree,
    pub(crate) aevt: Tree,
    pub(crate) avet: Tree,
}

impl From<Indexes> for Present {
    fn from(indexes: Indexes) -> Present {
        Present { eavt: indexes.eavt, aevt: indexes.aevt.into(), avet: indexes.avet }
    }
}

impl Indexes {
    pub(crate) fn tree(&self, index: Index) -> &Tree {
        match index {
            Index::Eavt => &self.eavt,
            Index::Aevt => &self.aevt,
            Index::Avet => &self.avet,
        }
    }

    pub(crate) fn tree_mut(&mut self, index: Index) -> &mut Tree {
        match index {
            Index::Eavt => &mut self.eavt,
            Index::Aevt => &mut self.aevt,
            Index::Avet => &mut self.avet,
        }
    }

    /// The datoms whose key begins so.
    pub(crate) fn range(&self, order: &Order<'_>, prefix: &Prefix) -> TreeIter<'_> {
        self.tree(order.index).range(order, prefix)
    }
}

/// Why a question about a database has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// Something that should name an entity does not.
    #[error("Expected number or lookup ref for entity id, got {0}")]
    NotAnEntity(String),
    /// A lookup ref of another shape than `[attribute value]`.
    #[error("Lookup ref should contain 2 elements: {0}")]
    LookupRefShape(String),
    /// A lookup ref on an attribute that is not unique.
    #[error("Lookup ref attribute should be marked as :db/unique: {0}")]
    LookupRefNotUnique(String),
    /// An entity that should be there and is not.
    #[error("Nothing found for entity id {0}")]
    NotFound(String),
    /// An index look-up with an attribute that AVET does not have.
    #[error("Attribute {0} should be marked as :db/index true")]
    NotIndexed(String),
    /// A search in texts of an attribute that keeps no index of them.
    #[error("Attribute {0} should be marked as :db/fulltext true")]
    NotFulltext(String),
    /// An attribute that is neither keyword nor string.
    #[error("Bad entity attribute {0}, expected keyword or string")]
    BadAttribute(String),
    /// An entity id outside of what ids can be.
    #[error("Highest supported entity id is {MAX_ID}, got {0}")]
    IdOutOfRange(i64),
    /// A view or a filtered database is to be stored.
    #[error("Only a database without filters and views can be stored")]
    ViewNotStorable,
    /// The database, or one that it comes from, is in another storage.
    #[error("Database is already stored with another IStorage")]
    OtherStorage,
    /// What is needed cannot be read or written.
    #[error(transparent)]
    Storage(#[from] crate::storage::StorageError),
    /// A schema that is none.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

impl Db {
    /// A database without datoms.
    pub fn empty(schema: Schema) -> Db {
        Db {
            schema: Arc::new(schema),
            dict: Arc::new(Dict::default()),
            now: Present::default(),
            past: None,
            text: Tree::default(),
            max_eid: 0,
            max_tx: TX0,
            view: View::default(),
        }
    }

    /// A database without datoms that keeps its history.
    pub fn empty_with_history(schema: Schema) -> Db {
        Db { past: Some(Indexes::default()), ..Db::empty(schema) }
    }

    /// The same database over the dictionary of another one, so that cells of that one mean the same in it. It must have
    /// no datoms of its own.
    pub fn sharing(&self, other: &Db) -> Db {
        Db { dict: other.dict.clone(), ..self.clone() }
    }

    /// A database of datoms given as values: entity, attribute, value, transaction.
    pub fn init(
        schema: Schema,
        datoms: impl IntoIterator<Item = (EntityId, Value, Value, EntityId)>,
    ) -> Result<Db, DbError> {
        let mut db = Db::empty(schema);
        let dict = db.dict.clone();
        let datoms = datoms.into_iter();
        let mut interned = Vec::with_capacity(datoms.size_hint().0);
        let (mut recent, mut values) = (RecentAttributes::default(), dict.interning());
        for (e, a, v, tx) in datoms {
            let a = recent.intern(&mut db, a)?;
            interned.push(Datom { e, a, v: values.intern(&v), tx, added: true });
        }
        drop(values);
        // A reference may name an entity that nothing is said of; its id is taken all the same.
        for datom in &interned {
            let target = datom.v.as_entity().filter(|e| *e < TX0);
            if let Some(e) = target.filter(|_| db.schema.get(datom.a).is_ref()) {
                db.max_eid = db.max_eid.max(e);
            }
        }
        db.bulk(interned);
        Ok(db)
    }

    /// What attributes mean.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether history is kept.
    pub fn keeps_history(&self) -> bool {
        self.past.is_some()
    }

    /// The highest entity id ever used, below the transactions'.
    pub fn max_eid(&self) -> EntityId {
        self.max_eid
    }

    /// The last transaction.
    pub fn max_tx(&self) -> EntityId {
        self.max_tx
    }

    /// The number of an attribute in use.
    pub fn attr(&self, name: &Value) -> Option<AttrId> {
        self.schema.id(name)
    }

    /// The name of an attribute.
    pub fn attr_name(&self, attr: AttrId) -> &Value {
        self.schema.get(attr).name()
    }

    /// The cell of a value that the database has seen.
    pub fn cell(&self, value: &Value) -> Option<Cell> {
        self.dict.find(value)
    }

    /// The value of a cell.
    pub fn value(&self, cell: Cell) -> Value {
        self.dict.value(cell)
    }

    /// Compares the values of two cells.
    pub fn compare(&self, a: Cell, b: Cell) -> Ordering {
        self.dict.compare(a, b)
    }

    /// What cells mean.
    pub fn dict(&self) -> &Arc<Dict> {
        &self.dict
    }

    pub(crate) fn order(&self, index: Index) -> Order<'_> {
        Order { index, ranks: self.schema.ranks(), dict: &self.dict }
    }

    /// How many datoms the database has; an upper bound on a view.
    pub fn len(&self) -> usize {
        self.now.eavt.len() + self.view.past_of(self).map_or(0, |past| past.eavt.len())
    }

    /// Whether the whole of the present is seen, and nothing else.
    pub fn is_plain(&self) -> bool {
        self.view.is_plain()
    }

    pub(crate) fn tree(&self, index: Index) -> &Tree {
        self.now.tree(&self.order(index))
    }

    /// All trees: that of words, those of the present, then those of history, where that is kept.
    pub(crate) fn trees(&self) -> impl Iterator<Item = &Tree> {
        let now = [Index::Eavt, Index::Aevt, Index::Avet].map(|index| self.tree(index));
        let past = self.past.iter().flat_map(|past| [&past.eavt, &past.aevt, &past.avet]);
        [&self.text].into_iter().chain(now).chain(past)
    }

    /// A datom as `[e a v tx added]`.
    pub fn datom_value(&self, datom: &Datom) -> Value {
        Value::Vector(Vector::from(vec![
            Value::from(datom.e),
            self.attr_name(datom.a).clone(),
            self.value(datom.v),
            Value::from(datom.tx),
            Value::Bool(datom.added),
        ]))
    }

    /// A datom as DataScript prints it: `#datascript/Datom [1 :name "Ivan" 536870913 true]`.
    pub fn datom_string(&self, datom: &Datom) -> String {
        format!("#datascript/Datom {}", self.datom_value(datom))
    }

    /// The number of an attribute, which comes into use where it was not.
    pub fn use_attribute(&mut self, name: &Value) -> Result<AttrId, DbError> {
        self.intern_attr(name)
    }

    pub(crate) fn intern_attr(&mut self, name: &Value) -> Result<AttrId, DbError> {
        if let Some(id) = self.schema.id(name) {
            return Ok(id);
        }
        match name {
            Value::Keyword(_) | Value::Str(_) => Ok(Arc::make_mut(&mut self.schema).add(name)),
            _ => Err(DbError::BadAttribute(name.to_string())),
        }
    }
}

/// The attributes that came last, in the order they came: datoms of one entity after another repeat the same few, in turn.
#[derive(Default)]
pub(crate) struct RecentAttributes {
    names: Vec<(Value, AttrId)>,
    next: usize,
}

impl RecentAttributes {
    /// More are not worth looking through.
    const MOST: usize = 32;

    pub(crate) fn intern(&mut self, db: &mut Db, name: Value) -> Result<AttrId, DbError> {
        let is_same = |(other, _): &&(Value, AttrId)| match (other, &name) {
            (Value::Keyword(a), Value::Keyword(b)) => a.is_identical(b),
            _ => false,
        };
        let near = [self.next, self.next.wrapping_sub(1), 0];
        let found = near.into_iter().find(|at| self.names.get(*at).filter(is_same).is_some());
        if let Some(at) = found {
            self.next = at + 1;
            return Ok(self.names[at].1);
        }
        let id = db.intern_attr(&name)?;
        self.next = match self.names.iter().position(|(_, other)| *other == id) {
            Some(at) => at + 1,
            None if self.names.len() < Self::MOST => {
                self.names.push((name, id));
                self.names.len()
            }
            None => self.next,
        };
        Ok(id)
    }
}
