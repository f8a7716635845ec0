//! The database value.
//!
//! Invariants
//! - A `Db` never changes. Cloning one costs a few reference counts, and versions share what they have in common.
//! - EAVT and AEVT hold every datom that is true now, AVET those of indexed attributes; a fact (entity, attribute,
//!   value) stands once in each.
//! - Where history is kept, three more trees hold what is no longer true: for each such fact its assertions and
//!   retractions.
//! - `max_eid` is at least the highest entity below [`TX0`] ever used, `max_tx` the last transaction.

use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, MAX_ID, Order, Prefix, TX0};
use crate::dict::Dict;
use crate::schema::{Schema, SchemaError, Unique};
use crate::tree::{Tree, TreeIter};
use crate::view::View;
use edn::{Value, Vector};
use std::sync::Arc;

/// An immutable database.
#[derive(Clone)]
pub struct Db {
    pub(crate) schema: Arc<Schema>,
    pub(crate) dict: Arc<Dict>,
    pub(crate) now: Indexes,
    pub(crate) past: Option<Indexes>,
    pub(crate) max_eid: EntityId,
    pub(crate) max_tx: EntityId,
    pub(crate) view: View,
}

/// The three orders of one set of datoms.
#[derive(Clone, Default)]
pub(crate) struct Indexes {
    pub(crate) eavt: Tree,
    pub(crate) aevt: Tree,
    pub(crate) avet: Tree,
}

impl Indexes {
    pub(crate) fn tree(&self, index: Index) -> &Tree {
        match index {
            Index::Eavt => &self.eavt,
            Index::Aevt => &self.aevt,
            Index::Avet => &self.avet,
        }
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
    /// An attribute that is neither keyword nor string.
    #[error("Bad entity attribute {0}, expected keyword or string")]
    BadAttribute(String),
    /// An entity id outside of what ids can be.
    #[error("Highest supported entity id is {MAX_ID}, got {0}")]
    IdOutOfRange(i64),
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
            now: Indexes::default(),
            past: None,
            max_eid: 0,
            max_tx: TX0,
            view: View::default(),
        }
    }

    /// A database without datoms that keeps its history.
    pub fn empty_with_history(schema: Schema) -> Db {
        Db { past: Some(Indexes::default()), ..Db::empty(schema) }
    }

    /// A database of datoms given as values: entity, attribute, value, transaction.
    pub fn init(
        schema: Schema,
        datoms: impl IntoIterator<Item = (EntityId, Value, Value, EntityId)>,
    ) -> Result<Db, DbError> {
        let mut db = Db::empty(schema);
        let mut interned = Vec::new();
        for (e, a, v, tx) in datoms {
            let a = db.intern_attr(&a)?;
            interned.push(Datom { e, a, v: db.dict.intern(&v), tx, added: true });
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

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.scan(Index::Eavt, &Prefix::default()).next().is_none()
    }

    /// The datoms in a range of an index, in its order.
    pub fn scan(&self, index: Index, prefix: &Prefix) -> Datoms<'_> {
        if self.view.is_plain() {
            let (tree, ranks) = self.ranks(index, prefix);
            Datoms(Inner::Tree(tree.iter(ranks)))
        } else {
            Datoms(Inner::Viewed(self.view.scan(self, index, prefix).into_iter()))
        }
    }

    /// How many datoms are in a range of an index; an upper bound on a view. O(log n).
    pub fn count(&self, index: Index, prefix: &Prefix) -> usize {
        let now = self.ranks(index, prefix).1.len();
        let past = self.view.past_of(self).map_or(0, |past| {
            let tree = past.tree(index);
            prefix_ranks(tree, &self.order(index), prefix).len()
        });
        now + past
    }

    pub(crate) fn ranks(&self, index: Index, prefix: &Prefix) -> (&Tree, std::ops::Range<usize>) {
        let tree = self.now.tree(index);
        let ranks = prefix_ranks(tree, &self.order(index), prefix);
        (tree, ranks)
    }

    /// Calls `each` with the entity and value columns of each run of datoms in a range. On a view the columns are
    /// gathered first.
    pub fn for_each_run(
        &self,
        index: Index,
        prefix: &Prefix,
        mut each: impl FnMut(&[EntityId], &[Cell]),
    ) {
        if self.view.is_plain() {
            let (tree, ranks) = self.ranks(index, prefix);
            tree.for_each_run(ranks, |leaf, run| {
                each(&leaf.entities()[run.clone()], &leaf.values()[run]);
            });
        } else {
            let (entities, values): (Vec<_>, Vec<_>) =
                self.scan(index, prefix).map(|d| (d.e, d.v)).unzip();
            each(&entities, &values);
        }
    }

    /// The datoms in a range of an index whose key begins with these components, as DataScript's `datoms`.
    pub fn datoms(&self, index: Index, components: &[Value]) -> Result<Datoms<'_>, DbError> {
        match self.prefix(index, components)? {
            Some(prefix) => Ok(self.scan(index, &prefix)),
            None => Ok(Datoms(Inner::Viewed(Vec::new().into_iter()))),
        }
    }

    /// `None` where a component is unknown to the database, so that nothing can match.
    fn prefix(&self, index: Index, components: &[Value]) -> Result<Option<Prefix>, DbError> {
        let [first, second, third] = match index {
            Index::Eavt => [Part::E, Part::A, Part::V],
            Index::Aevt => [Part::A, Part::E, Part::V],
            Index::Avet => [Part::A, Part::V, Part::E],
        };
        let mut prefix = Prefix::default();
        for (part, component) in [first, second, third, Part::Tx].into_iter().zip(components) {
            if component.is_nil() {
                break;
            }
            let known = match part {
                Part::E => {
                    prefix.e = self.entid(component)?;
                    prefix.e.is_some()
                }
                Part::A => {
                    prefix.a = self.attr(component);
                    prefix.a.is_some()
                }
                Part::V => {
                    prefix.v = self.value_component(&prefix, component)?;
                    prefix.v.is_some()
                }
                Part::Tx => {
                    prefix.tx = self.entid(component)?;
                    prefix.tx.is_some()
                }
            };
            if !known {
                return Ok(None);
            }
        }
        if let (Index::Avet, Some(a)) = (index, prefix.a)
            && !self.schema.get(a).is_indexed()
        {
            return Err(DbError::NotIndexed(self.attr_name(a).to_string()));
        }
        Ok(Some(prefix))
    }

    fn value_component(&self, prefix: &Prefix, value: &Value) -> Result<Option<Cell>, DbError> {
        let is_ref = prefix.a.is_some_and(|a| self.schema.get(a).is_ref());
        if is_ref {
            return Ok(self.entid(value)?.map(Cell::entity));
        }
        Ok(self.dict.find(value))
    }

    /// The datoms from a position of an index on to its end, in its order. A value the database has never seen is
    /// sought by its place in the order.
    pub fn seek_datoms(&self, index: Index, components: &[Value]) -> Result<Datoms<'_>, DbError> {
        let from = self.seek_rank(index, components, false)?;
        let tree = self.now.tree(index);
        if self.view.is_plain() {
            return Ok(Datoms(Inner::Tree(tree.iter(from..tree.len()))));
        }
        let order = self.order(index);
        let start = tree.iter(from..from + 1).next();
        let all = self.view.scan(self, index, &Prefix::default());
        let kept = match start {
            Some(start) => all.into_iter().filter(|d| order.compare(d, &start).is_ge()).collect(),
            None => Vec::new(),
        };
        Ok(Datoms(Inner::Viewed(kept.into_iter())))
    }

    /// The datoms from a position of an index back to its beginning.
    pub fn rseek_datoms(&self, index: Index, components: &[Value]) -> Result<Vec<Datom>, DbError> {
        let to = self.seek_rank(index, components, true)?;
        let tree = self.now.tree(index);
        if self.view.is_plain() {
            return Ok(tree.iter(0..to).rev().collect());
        }
        let order = self.order(index);
        let mut all = self.view.scan(self, index, &Prefix::default());
        if let Some(end) = tree.iter(to..to + 1).next() {
            all.retain(|d| order.compare(d, &end).is_lt());
        }
        all.reverse();
        Ok(all)
    }

    fn seek_rank(&self, index: Index, components: &[Value], after: bool) -> Result<usize, DbError> {
        let mut interned = Vec::with_capacity(components.len());
        for component in components {
            interned.push(component.clone());
        }
        // Seeking compares with values that need not be there, so the value is given a cell of its own.
        let value_at = if index == Index::Avet { 1 } else { 2 };
        if let Some(value) = interned.get(value_at) {
            self.dict.intern(value);
        }
        let tree = self.now.tree(index);
        let Some(prefix) = self.prefix(index, &interned)? else { return Ok(tree.len()) };
        let order = self.order(index);
        Ok(tree.partition_point(|d| {
            let compared = order.compare_prefix(d, &prefix);
            if after { compared.is_le() } else { compared.is_lt() }
        }))
    }

    /// The datoms of an indexed attribute with values from `start` to `end`, both included, `nil` for open ends.
    pub fn index_range(
        &self,
        attribute: &Value,
        start: &Value,
        end: &Value,
    ) -> Result<Vec<Datom>, DbError> {
        let datoms = self.datoms(Index::Avet, std::slice::from_ref(attribute))?;
        let (start, end) = (bound(self, start), bound(self, end));
        Ok(datoms
            .skip_while(|d| start.is_some_and(|s| self.dict.compare(d.v, s).is_lt()))
            .take_while(|d| end.is_none_or(|e| self.dict.compare(d.v, e).is_le()))
            .collect())
    }

    /// The id of an entity given by number, lookup ref or ident. `None` where there is no such entity; a number is
    /// taken as it is.
    pub fn entid(&self, entity: &Value) -> Result<Option<EntityId>, DbError> {
        match entity {
            Value::Int(id) => match EntityId::try_from(*id) {
                Ok(id) if id <= MAX_ID => Ok(Some(id)),
                _ => Err(DbError::IdOutOfRange(*id)),
            },
            Value::Keyword(_) => Ok(self.find_unique(&Value::keyword("db/ident"), entity)),
            Value::Nil => Ok(None),
            _ => match entity.as_seq() {
                Some([attribute, value]) => self.lookup(attribute, value, entity),
                Some(_) => Err(DbError::LookupRefShape(entity.to_string())),
                None => Err(DbError::NotAnEntity(entity.to_string())),
            },
        }
    }

    fn lookup(
        &self,
        attribute: &Value,
        value: &Value,
        lookup_ref: &Value,
    ) -> Result<Option<EntityId>, DbError> {
        if self.schema.attribute(attribute).is_none_or(|a| a.unique().is_none()) {
            return Err(DbError::LookupRefNotUnique(lookup_ref.to_string()));
        }
        if value.is_nil() {
            return Ok(None);
        }
        let is_ref = self.schema.attribute(attribute).is_some_and(|a| a.is_ref());
        let resolved;
        let value = if is_ref {
            match self.entid(value)? {
                None => return Ok(None),
                Some(id) => {
                    resolved = Value::Int(i64::from(id));
                    &resolved
                }
            }
        } else {
            value
        };
        Ok(self.find_unique(attribute, value))
    }

    /// The entity that has a value of an attribute, where AVET has the attribute or the value is rare.
    fn find_unique(&self, attribute: &Value, value: &Value) -> Option<EntityId> {
        let a = self.attr(attribute)?;
        let v = self.dict.find(value)?;
        self.entity_with(a, v)
    }

    /// The first entity that has a value of an attribute.
    pub fn entity_with(&self, a: AttrId, v: Cell) -> Option<EntityId> {
        let prefix = Prefix { a: Some(a), v: Some(v), ..Prefix::default() };
        if self.schema.get(a).is_indexed() {
            return self.scan(Index::Avet, &prefix).next().map(|d| d.e);
        }
        let attribute = Prefix { a: Some(a), ..Prefix::default() };
        let mut datoms = self.scan(Index::Aevt, &attribute);
        datoms.find(|d| self.dict.class(d.v) == self.dict.class(v)).map(|d| d.e)
    }

    /// The id of an entity that must be there.
    pub fn entid_strict(&self, entity: &Value) -> Result<EntityId, DbError> {
        self.entid(entity)?.ok_or_else(|| DbError::NotFound(entity.to_string()))
    }

    /// The values of an attribute of an entity.
    pub fn values(&self, e: EntityId, a: AttrId) -> Datoms<'_> {
        self.scan(Index::Eavt, &Prefix { e: Some(e), a: Some(a), ..Prefix::default() })
    }

    /// The value of a single-valued attribute of an entity.
    pub fn get(&self, e: EntityId, attribute: &Value) -> Option<Value> {
        let a = self.attr(attribute)?;
        self.values(e, a).next().map(|d| self.value(d.v))
    }

    /// Whether anything is known of an entity.
    pub fn contains(&self, e: EntityId) -> bool {
        self.scan(Index::Eavt, &Prefix { e: Some(e), ..Prefix::default() }).next().is_some()
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

    pub(crate) fn intern_attr(&mut self, name: &Value) -> Result<AttrId, DbError> {
        if let Some(id) = self.schema.id(name) {
            return Ok(id);
        }
        match name {
            Value::Keyword(_) | Value::Str(_) => Ok(Arc::make_mut(&mut self.schema).add(name)),
            _ => Err(DbError::BadAttribute(name.to_string())),
        }
    }

    /// The entity that a unique attribute's value already names, when it is another than `e`.
    pub(crate) fn unique_holder(&self, a: AttrId, v: Cell) -> Option<(EntityId, Unique)> {
        let unique = self.schema.get(a).unique()?;
        self.entity_with(a, v).map(|e| (e, unique))
    }
}

#[derive(Clone, Copy)]
enum Part {
    E,
    A,
    V,
    Tx,
}

fn bound(db: &Db, value: &Value) -> Option<Cell> {
    (!value.is_nil()).then(|| db.dict.intern(value))
}

pub(crate) fn prefix_ranks(
    tree: &Tree,
    order: &Order<'_>,
    prefix: &Prefix,
) -> std::ops::Range<usize> {
    let start = tree.partition_point(|d| order.compare_prefix(d, prefix).is_lt());
    let end = tree.partition_point(|d| order.compare_prefix(d, prefix).is_le());
    start..end
}

/// Datoms of a range of an index.
pub struct Datoms<'a>(Inner<'a>);

enum Inner<'a> {
    Tree(TreeIter<'a>),
    Viewed(std::vec::IntoIter<Datom>),
}

impl Iterator for Datoms<'_> {
    type Item = Datom;

    fn next(&mut self) -> Option<Datom> {
        match &mut self.0 {
            Inner::Tree(iter) => iter.next(),
            Inner::Viewed(iter) => iter.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Inner::Tree(iter) => iter.size_hint(),
            Inner::Viewed(iter) => iter.size_hint(),
        }
    }
}
