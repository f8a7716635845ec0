//! Datoms: one fact each.

use crate::cell::Cell;
use std::cmp::Ordering;

/// An entity's id. Entities are below [`TX0`], transactions are entities from there up.
pub type EntityId = u32;

/// An attribute's number within one database and those made from it.
pub type AttrId = u32;

/// The id below the first transaction's.
pub const TX0: EntityId = 0x2000_0000;

/// The highest id.
pub const MAX_ID: EntityId = 0x7fff_ffff;

/// One fact: that an entity's attribute has a value, since (or, when not `added`, until) a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Datom {
    /// The entity.
    pub e: EntityId,
    /// The attribute.
    pub a: AttrId,
    /// The value.
    pub v: Cell,
    /// The transaction.
    pub tx: EntityId,
    /// Whether it was asserted; retracted otherwise.
    pub added: bool,
}

/// The order datoms are kept in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Index {
    /// By entity, attribute, value.
    Eavt,
    /// By attribute, entity, value.
    Aevt,
    /// By attribute, value, entity; only indexed, unique, reference and tuple attributes.
    Avet,
}

/// A part of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    E,
    A,
    V,
    Tx,
}

impl Index {
    /// The parts of its keys, the leading one first.
    pub(crate) fn parts(self) -> [Part; 4] {
        match self {
            Index::Eavt => [Part::E, Part::A, Part::V, Part::Tx],
            Index::Aevt => [Part::A, Part::E, Part::V, Part::Tx],
            Index::Avet => [Part::A, Part::V, Part::E, Part::Tx],
        }
    }
}

/// The beginning of a key: a range of an index. Only parts that lead in the index's order count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Prefix {
    /// The entity.
    pub e: Option<EntityId>,
    /// The attribute.
    pub a: Option<AttrId>,
    /// The value.
    pub v: Option<Cell>,
    /// The transaction.
    pub tx: Option<EntityId>,
}

/// What comparing datoms needs: how attributes are ranked and what cells mean.
#[derive(Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) index: Index,
    pub(crate) ranks: &'a [u32],
    pub(crate) dict: &'a crate::dict::Dict,
}

impl Order<'_> {
    #[inline]
    pub(crate) fn attributes(&self, a: AttrId, b: AttrId) -> Ordering {
        if a == b { Ordering::Equal } else { self.ranks[a as usize].cmp(&self.ranks[b as usize]) }
    }

    /// The order of EAVT.
    #[inline]
    pub(crate) fn by_entity(&self, x: &Datom, y: &Datom) -> Ordering {
        let attributes = || self.attributes(x.a, y.a);
        x.e.cmp(&y.e).then_with(attributes).then_with(|| self.dict.compare(x.v, y.v))
    }

    /// The order of AEVT.
    #[inline]
    pub(crate) fn by_attribute(&self, x: &Datom, y: &Datom) -> Ordering {
        let entities = || x.e.cmp(&y.e);
        self.attributes(x.a, y.a).then_with(entities).then_with(|| self.dict.compare(x.v, y.v))
    }

    /// The order of AVET.
    #[inline]
    pub(crate) fn by_value(&self, x: &Datom, y: &Datom) -> Ordering {
        let values = || self.dict.compare(x.v, y.v);
        self.attributes(x.a, y.a).then_with(values).then_with(|| x.e.cmp(&y.e))
    }

    /// Compares by the facts; transactions take no part.
    #[inline]
    pub(crate) fn compare(&self, x: &Datom, y: &Datom) -> Ordering {
        match self.index {
            Index::Eavt => self.by_entity(x, y),
            Index::Aevt => self.by_attribute(x, y),
            Index::Avet => self.by_value(x, y),
        }
    }

    /// Compares by the facts, then by transaction, retraction before assertion.
    pub(crate) fn compare_events(&self, x: &Datom, y: &Datom) -> Ordering {
        self.compare(x, y).then_with(|| x.tx.cmp(&y.tx)).then_with(|| x.added.cmp(&y.added))
    }

    /// Compares a datom with the beginning of a key: equal when it is within the range.
    #[inline(always)]
    pub(crate) fn compare_prefix(&self, datom: &Datom, prefix: &Prefix) -> Ordering {
        let e = || prefix.e.map(|e| datom.e.cmp(&e));
        let a = || prefix.a.map(|a| self.attributes(datom.a, a));
        let v = || prefix.v.map(|v| self.dict.compare(datom.v, v));
        let tx = || prefix.tx.map(|tx| datom.tx.cmp(&tx));
        match self.index {
            Index::Eavt => lead(e(), || lead(a(), || lead(v(), || lead(tx(), || Ordering::Equal)))),
            Index::Aevt => lead(a(), || lead(e(), || lead(v(), || lead(tx(), || Ordering::Equal)))),
            Index::Avet => lead(a(), || lead(v(), || lead(e(), || lead(tx(), || Ordering::Equal)))),
        }
    }
}

/// The order by a part of a key and by what follows it; where the key ends, everything is equal.
#[inline(always)]
fn lead(part: Option<Ordering>, rest: impl FnOnce() -> Ordering) -> Ordering {
    match part {
        Some(Ordering::Equal) => rest(),
        Some(unequal) => unequal,
        None => Ordering::Equal,
    }
}
