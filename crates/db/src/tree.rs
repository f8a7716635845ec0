//! A persistent B+tree of datoms: what each index is.
//!
//! Leaves hold up to [`LEAF`] datoms in columns, branches the first datom of each child, the number of datoms below it, and a
//! transaction that none below it is later than. Nodes are shared between versions; one that nobody else holds is edited in place.
//!
//! Invariants
//! - Datoms stand in the order they were inserted by, which is always the same for one tree.
//! - All leaves have the same depth, no node but the root is empty, and each branch's counts are exact.
//!
//! Costs: look-up, insertion, removal, the rank of a position and the datom at a rank are O(log n), copying at most
//! one node a level. A range is two ranks, so its size is known before it is read. What is of one transaction or later is found
//! in the leaves that have some of it, or had.
//!
//! Nodes that come from a storage are read when they are looked at and may be let go of afterwards (`child`), so leaves are handed
//! out as [`LeafRef`]s, which keep them.

mod build;
mod child;
mod edit;
mod entity;
mod iter;
mod runs;
mod stored;

pub(crate) use build::Builder;
pub(crate) use child::LeafRef;
pub(crate) use edit::Spot;
pub(crate) use entity::{EntityFacts, Finger};
pub(crate) use iter::TreeIter;
pub(crate) use runs::{Place, gallop};

use self::child::Child;

use crate::cell::Cell;
use crate::datom::{Datom, Index, Order, Part, Prefix};
use std::cmp::Ordering;
use std::ops::Range;

/// How many datoms a leaf holds at most: with its header and counts a leaf is just under 2,560 bytes, a size that allocators have.
const LEAF: usize = 124;
/// How many children a branch has at most.
const FANOUT: usize = 32;

/// An immutable sorted sequence of datoms.
#[derive(Clone, Default)]
pub(crate) struct Tree {
    root: Option<Child>,
}

/// A leaf lies in its node, not behind another pointer: there are far more leaves than branches.
#[derive(Clone)]
#[allow(clippy::large_enum_variant)]
enum Node {
    Leaf(Leaf),
    Branch(Branch),
}

/// The high bit of a transaction column marks a retraction.
const RETRACTED: u32 = 1 << 31;

/// Datoms in columns. The columns have a fixed size, so that a leaf is one piece of memory and copied in one go.
#[derive(Clone)]
pub(crate) struct Leaf {
    len: usize,
    e: [u32; LEAF],
    a: [u32; LEAF],
    v: [Cell; LEAF],
    tx: [u32; LEAF],
}

#[derive(Clone)]
struct Branch {
    firsts: Vec<Datom>,
    counts: Vec<usize>,
    /// None of a child's datoms is of a later transaction; those that went may have been.
    latest: Vec<u32>,
    children: Vec<Child>,
}

impl Leaf {
    fn empty() -> Leaf {
        Leaf { len: 0, e: [0; LEAF], a: [0; LEAF], v: [Cell::entity(0); LEAF], tx: [0; LEAF] }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn datom(&self, i: usize) -> Datom {
        // One check for all columns.
        let i = i.min(LEAF - 1);
        Datom {
            e: self.e[i],
            a: self.a[i],
            v: self.v[i],
            tx: self.tx[i] & !RETRACTED,
            added: self.tx[i] & RETRACTED == 0,
        }
    }

    /// The places of the datoms whose key begins with a prefix, found part by part: each part looks at its own column, within
    /// what the parts before it have left.
    fn range(&self, order: &Order<'_>, prefix: &Prefix) -> Range<usize> {
        let mut range = 0..self.len;
        for part in order.index.parts() {
            range = match part {
                Part::E => match prefix.e {
                    Some(e) => narrowed(&self.e, range, |x| x.cmp(&e)),
                    None => return range,
                },
                Part::A => match prefix.a {
                    Some(a) => narrowed(&self.a, range, |x| order.attributes(*x, a)),
                    None => return range,
                },
                Part::V => match prefix.v {
                    Some(v) => narrowed(&self.v, range, |x| order.dict.compare(*x, v)),
                    None => return range,
                },
                Part::Tx => match prefix.tx {
                    Some(tx) => narrowed(&self.tx, range, |x| (x & !RETRACTED).cmp(&tx)),
                    None => return range,
                },
            };
        }
        range
    }

    fn partition_point(&self, before: &impl Fn(&Datom) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            if before(&self.datom(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// The part of a column's range for which `place` is equal: less comes before it, greater behind.
#[inline]
fn narrowed<T>(column: &[T], range: Range<usize>, place: impl Fn(&T) -> Ordering) -> Range<usize> {
    let part = &column[range.clone()];
    if part.first().is_some_and(|x| place(x).is_eq())
        && part.last().is_some_and(|x| place(x).is_eq())
    {
        return range;
    }
    let start = part.partition_point(|x| place(x).is_lt());
    let rest = &part[start..];
    let len = match rest.last().is_some_and(|last| place(last).is_eq()) {
        true => rest.len(),
        false => rest.partition_point(|x| place(x).is_eq()),
    };
    range.start + start..range.start + start + len
}

impl Node {
    fn first(&self) -> Datom {
        match self {
            Node::Leaf(leaf) => leaf.datom(0),
            Node::Branch(branch) => branch.firsts[0],
        }
    }

    fn count(&self) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.len(),
            Node::Branch(branch) => branch.counts.iter().sum(),
        }
    }

    /// A transaction that none of its datoms is later than.
    fn latest(&self) -> u32 {
        match self {
            Node::Leaf(leaf) => leaf.latest(),
            Node::Branch(branch) => branch.latest.iter().copied().max().unwrap_or(0),
        }
    }
}

impl Branch {
    fn over(children: Vec<Child>) -> Branch {
        Branch {
            firsts: children.iter().map(Child::first).collect(),
            counts: children.iter().map(Child::count).collect(),
            latest: children.iter().map(|child| child.node().latest()).collect(),
            children,
        }
    }

    /// The child in which the first datom is that is not before something, if any is; adds those that stand before the child.
    #[inline]
    fn turn(&self, before: &impl Fn(&Datom) -> bool, rank: &mut usize) -> usize {
        let at = self.firsts.partition_point(before).saturating_sub(1);
        *rank += self.counts[..at].iter().sum::<usize>();
        at
    }
}

impl Tree {
    /// Whether it is the very same tree, not only an equal one.
    pub(crate) fn is_same(&self, other: &Tree) -> bool {
        match (&self.root, &other.root) {
            (None, None) => true,
            (Some(x), Some(y)) => x.is_same(y),
            _ => false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.root.as_ref().map_or(0, Child::count)
    }

    /// Builds a tree of full nodes from datoms that are in order and distinct.
    pub(crate) fn from_sorted(datoms: impl IntoIterator<Item = Datom>) -> Tree {
        let mut level: Vec<Child> = Vec::new();
        let mut leaf = Leaf::empty();
        for datom in datoms {
            if leaf.len() == LEAF {
                level.push(Child::new(Node::Leaf(std::mem::replace(&mut leaf, Leaf::empty()))));
            }
            leaf.push(datom);
        }
        if leaf.len() > 0 {
            level.push(Child::new(Node::Leaf(leaf)));
        }
        while level.len() > 1 {
            let branches = level.chunks(FANOUT).map(|c| Branch::over(c.to_vec()));
            level = branches.map(|b| Child::new(Node::Branch(b))).collect();
        }
        Tree { root: level.pop() }
    }

    /// How many datoms stand before the first for which `before` is false. `before` must be true for a beginning of
    /// the tree and false for the rest.
    pub(crate) fn partition_point(&self, before: impl Fn(&Datom) -> bool) -> usize {
        let mut rank = 0;
        let leaf = self.descend(|branch| branch.turn(&before, &mut rank));
        rank + leaf.map_or(0, |leaf| leaf.partition_point(&before))
    }

    /// The datoms whose key begins with a prefix.
    ///
    /// One descent, where the range ends in the leaf it begins in; two otherwise.
    pub(crate) fn range(&self, order: &Order<'_>, prefix: &Prefix) -> TreeIter<'_> {
        let is_before = |d: &Datom| order.compare_prefix(d, prefix).is_lt();
        // Entities decide nearly always, and are compared without asking which index this is.
        match (order.index, prefix.e) {
            (Index::Eavt, Some(e)) => {
                self.range_from(order, prefix, |d| d.e < e || d.e == e && is_before(d))
            }
            _ => self.range_from(order, prefix, is_before),
        }
    }

    #[inline]
    fn range_from(
        &self,
        order: &Order<'_>,
        prefix: &Prefix,
        is_before: impl Fn(&Datom) -> bool,
    ) -> TreeIter<'_> {
        let mut first = 0;
        let Some(leaf) = self.descend(|branch| branch.turn(&is_before, &mut first)) else {
            return self.iter(0..0);
        };
        let found = leaf.range(order, prefix);
        let back = match found.end < leaf.len() {
            true => first + found.end,
            false => self.partition_point(|d| order.compare_prefix(d, prefix).is_le()),
        };
        TreeIter::new(self, first + found.start..back, Some((leaf, first)))
    }

    /// The datoms at these ranks.
    pub(crate) fn iter(&self, ranks: Range<usize>) -> TreeIter<'_> {
        let ranks = ranks.start..ranks.end.min(self.len());
        let leaf = self.leaf_at(ranks.start);
        TreeIter::new(self, ranks, leaf)
    }

    /// Calls `each` with the datoms of this transaction and later ones, in the tree's order.
    pub(crate) fn for_each_from(&self, tx: u32, mut each: impl FnMut(Datom)) {
        if let Some(root) = &self.root {
            from(&root.node(), tx, &mut each);
        }
    }

    /// The leaf that holds a rank, and the rank of its first datom.
    pub(crate) fn leaf_at(&self, rank: usize) -> Option<(LeafRef<'_>, usize)> {
        let mut start = 0;
        let leaf = self.descend(|branch| {
            let mut at = 0;
            while at + 1 < branch.counts.len() && rank >= start + branch.counts[at] {
                start += branch.counts[at];
                at += 1;
            }
            at
        })?;
        (rank < start + leaf.len()).then_some((leaf, start))
    }
}

fn from(node: &Node, tx: u32, each: &mut impl FnMut(Datom)) {
    match node {
        Node::Leaf(leaf) => {
            (0..leaf.len()).map(|i| leaf.datom(i)).filter(|d| d.tx >= tx).for_each(each);
        }
        Node::Branch(branch) => {
            let children = branch.children.iter().zip(&branch.latest);
            children
                .filter(|(_, latest)| **latest >= tx)
                .for_each(|(child, _)| from(&child.node(), tx, each));
        }
    }
}

impl Leaf {
    /// The entity column.
    pub(crate) fn entities(&self) -> &[u32] {
        &self.e[..self.len]
    }

    /// The places of an attribute's datoms, in a tree by attribute.
    pub(crate) fn of_attribute(&self, order: &Order<'_>, a: u32) -> Range<usize> {
        match self.len > 0 && self.a[0] == a && self.a[self.len - 1] == a {
            true => 0..self.len,
            false => self.range(order, &Prefix { a: Some(a), ..Prefix::default() }),
        }
    }

    /// Whether nothing in it is of a later transaction.
    pub(crate) fn is_upto(&self, tx: u32) -> bool {
        tx == u32::MAX || self.tx[..self.len].iter().fold(0, |last, t| last.max(*t)) <= tx
    }

    /// The last transaction of its datoms.
    fn latest(&self) -> u32 {
        self.tx[..self.len].iter().fold(0, |last, tx| last.max(tx & !RETRACTED))
    }

    /// The attribute column.
    pub(crate) fn attributes(&self) -> &[u32] {
        &self.a[..self.len]
    }

    /// The value column.
    pub(crate) fn values(&self) -> &[Cell] {
        &self.v[..self.len]
    }
}

#[cfg(test)]
mod tests;
