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
use crate::datom::{AttrId, Datom, EntityId, Index, MAX_ID, Order, Part, Prefix, TX0};
use crate::dict::Dict;
use crate::schema::{Attribute, Schema, SchemaError, Unique};
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

    /// The same database over the dictionary and attributes of another one, so that datoms of that one can be applied
    /// to it. It must have no datoms of its own.
    pub fn sharing(&self, other: &Db) -> Db {
        Db { dict: other.dict.clone(), schema: other.schema.clone(), ..self.clone() }
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

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.scan(Index::Eavt, &Prefix::default()).next().is_none()
    }

    /// The datoms in a range of an index, in its order.
    pub fn scan(&self, index: Index, prefix: &Prefix) -> Datoms<'_> {
        if self.view.is_plain() {
            Datoms(Inner::Tree(self.range(index, prefix)))
        } else {
            Datoms(Inner::Viewed(self.view.scan(self, index, prefix).into_iter()))
        }
    }

    /// How many datoms are in a range of an index; an upper bound on a view. O(log n).
    pub fn count(&self, index: Index, prefix: &Prefix) -> usize {
        let now = self.range(index, prefix).len();
        let past =
            self.view.past_of(self).map_or(0, |past| past.range(&self.order(index), prefix).len());
        now + past
    }

    /// Whether the whole of the present is seen, and nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        self.view.is_plain()
    }

    /// The rank of the first datom of an attribute in AEVT that is of this entity or a later one.
    pub(crate) fn rank_of(&self, a: AttrId, e: EntityId) -> usize {
        let order = self.order(Index::Aevt);
        let prefix = Prefix { e: Some(e), a: Some(a), ..Prefix::default() };
        self.now.aevt.partition_point(|d| order.compare_prefix(d, &prefix).is_lt())
    }

    pub(crate) fn tree(&self, index: Index) -> &Tree {
        self.now.tree(index)
    }

    /// What is true now in a range of an index, whatever the view.
    pub(crate) fn range(&self, index: Index, prefix: &Prefix) -> TreeIter<'_> {
        self.now.range(&self.order(index), prefix)
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
            self.range(index, prefix).for_each_run(|leaf, run| {
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
            None => Ok(Datoms::none()),
        }
    }

    /// `None` where a component is unknown to the database, so that nothing can match.
    fn prefix(&self, index: Index, components: &[Value]) -> Result<Option<Prefix>, DbError> {
        self.check_indexed(index, components)?;
        let mut prefix = Prefix::default();
        for (part, component) in index.parts().into_iter().zip(components) {
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
        Ok(Some(prefix))
    }

    fn check_indexed(&self, index: Index, components: &[Value]) -> Result<(), DbError> {
        match (index, components.first()) {
            (Index::Avet, Some(name)) if !name.is_nil() => {
                match self.schema.attribute(name).is_some_and(|a| a.is_indexed()) {
                    true => Ok(()),
                    false => Err(DbError::NotIndexed(name.to_string())),
                }
            }
            _ => Ok(()),
        }
    }

    fn value_component(&self, prefix: &Prefix, value: &Value) -> Result<Option<Cell>, DbError> {
        let is_ref = prefix.a.is_some_and(|a| self.schema.get(a).is_ref());
        if is_ref {
            return Ok(self.entid(value)?.map(Cell::entity));
        }
        Ok(self.dict.find(value))
    }

    /// The datoms from a position of an index on to its end, in its order. The components need not be there: they
    /// are sought by their place in the order.
    pub fn seek_datoms(&self, index: Index, components: &[Value]) -> Result<Datoms<'_>, DbError> {
        let sought = self.sought(index, components)?;
        let before = |d: &Datom| self.compare_sought(d, &sought).is_lt();
        if self.view.is_plain() {
            let tree = self.now.tree(index);
            return Ok(Datoms(Inner::Tree(tree.iter(tree.partition_point(before)..tree.len()))));
        }
        let mut all = self.view.scan(self, index, &Prefix::default());
        all.retain(|d| !before(d));
        Ok(Datoms(Inner::Viewed(all.into_iter())))
    }

    /// The datoms from a position of an index back to its beginning.
    pub fn rseek_datoms(
        &self,
        index: Index,
        components: &[Value],
    ) -> Result<impl Iterator<Item = Datom> + '_, DbError> {
        let sought = self.sought(index, components)?;
        let upto = |d: &Datom| self.compare_sought(d, &sought).is_le();
        let range = if self.view.is_plain() {
            let tree = self.now.tree(index);
            Inner::Tree(tree.iter(0..tree.partition_point(upto)))
        } else {
            let mut all = self.view.scan(self, index, &Prefix::default());
            all.retain(upto);
            Inner::Viewed(all.into_iter())
        };
        Ok(Datoms(range).rev())
    }

    /// The parts of a key to seek, in the index's order.
    fn sought(&self, index: Index, components: &[Value]) -> Result<Vec<Sought>, DbError> {
        self.check_indexed(index, components)?;
        let mut sought = Vec::with_capacity(components.len());
        let mut is_ref = false;
        for (part, component) in index.parts().into_iter().zip(components) {
            if component.is_nil() {
                break;
            }
            sought.push(match part {
                Part::E => Sought::Entity(self.entid_strict(component)?),
                Part::A => {
                    is_ref = self.schema.attribute(component).is_some_and(|a| a.is_ref());
                    Sought::Attribute(component.clone())
                }
                Part::V if is_ref => Sought::Value(Value::from(self.entid_strict(component)?)),
                Part::V => Sought::Value(component.clone()),
                Part::Tx => Sought::Tx(self.entid_strict(component)?),
            });
        }
        Ok(sought)
    }

    fn compare_sought(&self, datom: &Datom, sought: &[Sought]) -> Ordering {
        let unequal = sought
            .iter()
            .map(|part| match part {
                Sought::Entity(e) => datom.e.cmp(e),
                Sought::Attribute(name) => self.attr_name(datom.a).cmp(name),
                Sought::Value(value) => self.dict.compare_value(datom.v, value),
                Sought::Tx(tx) => datom.tx.cmp(tx),
            })
            .find(|compared| compared.is_ne());
        unequal.unwrap_or(Ordering::Equal)
    }

    /// The datoms of an indexed attribute with values from `start` to `end`, both included, `nil` for open ends.
    pub fn index_range(
        &self,
        attribute: &Value,
        start: &Value,
        end: &Value,
    ) -> Result<Datoms<'_>, DbError> {
        let bound = |value: &Value| {
            let with_value = [attribute.clone(), value.clone()];
            self.sought(Index::Avet, &with_value)
        };
        let (start, end) = (bound(start)?, bound(end)?);
        let before = |d: &Datom| self.compare_sought(d, &start).is_lt();
        let upto = |d: &Datom| self.compare_sought(d, &end).is_le();
        if self.view.is_plain() {
            let tree = self.now.tree(Index::Avet);
            let (from, to) = (tree.partition_point(before), tree.partition_point(upto));
            return Ok(Datoms(Inner::Tree(tree.iter(from..to.max(from)))));
        }
        let Some(a) = self.attr(attribute) else { return Ok(Datoms::none()) };
        let prefix = Prefix { a: Some(a), ..Prefix::default() };
        let mut within = self.view.scan(self, Index::Avet, &prefix);
        within.retain(|d| !before(d) && upto(d));
        Ok(Datoms(Inner::Viewed(within.into_iter())))
    }

    /// The id of an entity given by number, lookup ref or ident. `None` where there is no such entity; a number is
    /// taken as it is.
    pub fn entid(&self, entity: &Value) -> Result<Option<EntityId>, DbError> {
        match entity {
            Value::Int(id) if *id <= 0 => Err(DbError::NotAnEntity(entity.to_string())),
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
        let is_ref = |attr: &Attribute| attr.is_ref();
        let known = self.schema.attribute(attribute);
        if known.is_some_and(is_ref) {
            return Ok(match self.entid(value)? {
                Some(id) => self.find_unique(attribute, &Value::from(id)),
                None => None,
            });
        }
        let members = known.map_or(&[][..], |a| a.tuple());
        if let (Some(items), false) = (value.as_seq(), members.is_empty()) {
            let mut resolved = items.to_vec();
            for (item, member) in resolved.iter_mut().zip(members) {
                if item.as_seq().is_some() && is_ref(self.schema.get(*member)) {
                    *item = Value::from(self.entid_strict(item)?);
                }
            }
            return Ok(self.find_unique(attribute, &Value::vector(resolved)));
        }
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

    /// The entity that a unique attribute's value already names, when it is another than `e`.
    pub(crate) fn unique_holder(&self, a: AttrId, v: Cell) -> Option<(EntityId, Unique)> {
        let unique = self.schema.get(a).unique()?;
        self.entity_with(a, v).map(|e| (e, unique))
    }
}

/// A part of a key that is sought and need not be there.
enum Sought {
    Entity(EntityId),
    Attribute(Value),
    Value(Value),
    Tx(EntityId),
}

/// Datoms of a range of an index.
pub struct Datoms<'a>(Inner<'a>);

enum Inner<'a> {
    Tree(TreeIter<'a>),
    Viewed(std::vec::IntoIter<Datom>),
}

impl Datoms<'_> {
    fn none() -> Self {
        Datoms(Inner::Viewed(Vec::new().into_iter()))
    }
}

impl DoubleEndedIterator for Datoms<'_> {
    fn next_back(&mut self) -> Option<Datom> {
        match &mut self.0 {
            Inner::Tree(iter) => iter.next_back(),
            Inner::Viewed(iter) => iter.next_back(),
        }
    }
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
