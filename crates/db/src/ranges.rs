//! Ranges of the indexes: by interned keys, and given by values, as DataScript's `datoms`, `seek-datoms`, `rseek-datoms` and `index-range` take them.

use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, Part, Prefix};
use crate::db::{Db, DbError};
use crate::tree::{Place, TreeIter};
use edn::Value;
use std::cmp::Ordering;
use std::ops::Range;

impl Db {
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

    /// The first datom in a range of an index.
    pub(crate) fn first(&self, index: Index, prefix: &Prefix) -> Option<Datom> {
        match self.view.is_plain() {
            true => self.tree(index).first(&self.order(index), prefix),
            false => self.scan(index, prefix).next(),
        }
    }

    /// How many datoms are in a range of an index; an upper bound on a view. O(log n).
    pub fn count(&self, index: Index, prefix: &Prefix) -> usize {
        let now = self.range(index, prefix).len();
        let past =
            self.view.past_of(self).map_or(0, |past| past.range(&self.order(index), prefix).len());
        now + past
    }

    /// Calls `each` with the entity and value columns of each leaf that may have some of these cells with an attribute, as entities
    /// in AEVT or as values in AVET, and with which of them it may have. The column must be of entities, ascending, each there once.
    pub(crate) fn along(
        &self,
        index: Index,
        a: AttrId,
        column: &[Cell],
        mut each: impl FnMut(&[EntityId], &[Cell], Range<usize>),
    ) {
        let order = self.order(index);
        let zero = Cell::entity(0);
        let place = |d: &Datom| match order.attributes(d.a, a) {
            Ordering::Less => Place::Before,
            Ordering::Greater => Place::Behind,
            Ordering::Equal if index != Index::Avet => Place::At(Cell::entity(d.e)),
            Ordering::Equal if d.v >= zero && d.v.as_int().is_some() => Place::At(d.v),
            Ordering::Equal if order.dict.compare(d.v, zero).is_lt() => Place::Before,
            Ordering::Equal => Place::Behind,
        };
        self.tree(index).along(column, place, |leaf, rows| {
            let run = leaf.of_attribute(&order, a);
            if !run.is_empty() {
                each(&leaf.entities()[run.clone()], &leaf.values()[run], rows);
            }
        });
    }

    /// What is true now in a range of an index, whatever the view.
    pub(crate) fn range(&self, index: Index, prefix: &Prefix) -> TreeIter<'_> {
        let order = self.order(index);
        self.now.tree(&order).range(&order, prefix)
    }

    /// Calls `each` with the entity and value columns of each run of datoms in a range. On a view the columns are
    /// gathered first.
    pub fn for_each_run(
        &self,
        index: Index,
        prefix: &Prefix,
        mut each: impl FnMut(&[EntityId], &[Cell]),
    ) {
        let columns = |datoms: &mut dyn Iterator<Item = Datom>| -> (Vec<EntityId>, Vec<Cell>) {
            datoms.map(|d| (d.e, d.v)).unzip()
        };
        let upto = match self.view.is_plain() {
            true => Some(EntityId::MAX),
            false => self.view.only_as_of().filter(|_| {
                let past = self.view.past_of(self);
                past.is_none_or(|past| past.range(&self.order(index), prefix).len() == 0)
            }),
        };
        match upto {
            Some(upto) => self.range(index, prefix).for_each_run(|leaf, run| {
                if leaf.is_upto(upto) {
                    each(&leaf.entities()[run.clone()], &leaf.values()[run]);
                } else {
                    let seen = run.map(|i| leaf.datom(i)).filter(|d| d.tx <= upto);
                    let (entities, values) = columns(&mut seen.into_iter());
                    each(&entities, &values);
                }
            }),
            None => {
                let (entities, values) = columns(&mut self.scan(index, prefix));
                each(&entities, &values);
            }
        }
    }

    /// The values of an attribute of an entity.
    pub fn values(&self, e: EntityId, a: AttrId) -> Datoms<'_> {
        self.scan(Index::Eavt, &Prefix { e: Some(e), a: Some(a), ..Prefix::default() })
    }

    /// The value of a single-valued attribute of an entity.
    pub fn get(&self, e: EntityId, attribute: &Value) -> Option<Value> {
        let a = self.attr(attribute)?;
        let prefix = Prefix { e: Some(e), a: Some(a), ..Prefix::default() };
        self.first(Index::Eavt, &prefix).map(|d| self.value(d.v))
    }

    /// Whether anything is known of an entity.
    pub fn contains(&self, e: EntityId) -> bool {
        self.first(Index::Eavt, &Prefix { e: Some(e), ..Prefix::default() }).is_some()
    }

    /// The datoms in a range of an index whose key begins with these components, as DataScript's `datoms`.
    pub fn datoms(&self, index: Index, components: &[Value]) -> Result<Datoms<'_>, DbError> {
        match self.prefix(index, components)? {
            Some(prefix) => Ok(self.scan(index, &prefix)),
            None => Ok(Datoms::none()),
        }
    }

    /// The first of [`Db::datoms`].
    pub fn find_datom(&self, index: Index, components: &[Value]) -> Result<Option<Datom>, DbError> {
        Ok(self.prefix(index, components)?.and_then(|prefix| self.first(index, &prefix)))
    }

    /// `None` where a component is unknown to the database, so that nothing can match.
    fn prefix(&self, index: Index, components: &[Value]) -> Result<Option<Prefix>, DbError> {
        self.check_indexed(index, components)?;
        let mut prefix = Prefix::default();
        let mut all_known = true;
        for (part, component) in index.parts().into_iter().zip(components) {
            if component.is_nil() {
                break;
            }
            let known = match part {
                Part::E => {
                    prefix.e = Some(self.entid_strict(component)?);
                    true
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
                    prefix.tx = Some(self.entid_strict(component)?);
                    true
                }
            };
            all_known &= known;
        }
        Ok(all_known.then_some(prefix))
    }

    fn check_indexed(&self, index: Index, components: &[Value]) -> Result<(), DbError> {
        match (index, components.first()) {
            (Index::Avet, Some(name)) if !name.is_nil() && !name.is_keyword("db/ident") => {
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
            return Ok(Some(Cell::entity(self.entid_strict(value)?)));
        }
        Ok(self.dict.find(value))
    }

    /// The datoms from a position of an index on to its end, in its order. The components need not be there: they
    /// are sought by their place in the order.
    pub fn seek_datoms(&self, index: Index, components: &[Value]) -> Result<Datoms<'_>, DbError> {
        let sought = self.sought(index, components)?;
        let before = |d: &Datom| self.compare_sought(d, &sought).is_lt();
        if self.view.is_plain() {
            let tree = self.tree(index);
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
            let tree = self.tree(index);
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
            let tree = self.tree(Index::Avet);
            let (from, to) = (tree.partition_point(before), tree.partition_point(upto));
            return Ok(Datoms(Inner::Tree(tree.iter(from..to.max(from)))));
        }
        let Some(a) = self.attr(attribute) else { return Ok(Datoms::none()) };
        let prefix = Prefix { a: Some(a), ..Prefix::default() };
        let mut within = self.view.scan(self, Index::Avet, &prefix);
        within.retain(|d| !before(d) && upto(d));
        Ok(Datoms(Inner::Viewed(within.into_iter())))
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
