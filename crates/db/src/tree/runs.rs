//! Reading a tree leaf by leaf: a range of ranks, or beside keys in order.
//!
//! Both go down from the root once, so that a branch is looked at once for all that is wanted below it, and a subtree of which
//! nothing is wanted not at all.

use super::{Leaf, Node, Tree};
use crate::cell::Cell;
use crate::datom::{Datom, Index, Order, Prefix};
use std::ops::Range;

impl Tree {
    /// The first datom whose key begins with a prefix. One descent, without counting what is passed.
    pub(crate) fn first(&self, order: &Order<'_>, prefix: &Prefix) -> Option<Datom> {
        let is_before = |d: &Datom| order.compare_prefix(d, prefix).is_lt();
        // Entities decide nearly always, and are compared without asking which index this is.
        match (order.index, prefix.e) {
            (Index::Eavt, Some(e)) => {
                self.first_of(order, prefix, |d| d.e < e || d.e == e && is_before(d))
            }
            _ => self.first_of(order, prefix, is_before),
        }
    }

    #[inline]
    fn first_of(
        &self,
        order: &Order<'_>,
        prefix: &Prefix,
        is_before: impl Fn(&Datom) -> bool,
    ) -> Option<Datom> {
        // Where the leaf has none, the first of the next leaf may be it.
        let mut next = None;
        let leaf = self.descend(|branch| {
            let after = branch.firsts.partition_point(&is_before);
            next = branch.firsts.get(after.max(1)).copied().or(next);
            after.saturating_sub(1)
        })?;
        let found = leaf.range(order, prefix);
        match found.is_empty() {
            false => Some(leaf.datom(found.start)),
            true if found.start < leaf.len() => None,
            true => next.filter(|d| order.compare_prefix(d, prefix).is_eq()),
        }
    }

    /// Calls `each` with each leaf that holds some of a range of ranks, and their places in it.
    pub(crate) fn for_each_run(
        &self,
        ranks: Range<usize>,
        mut each: impl FnMut(&Leaf, Range<usize>),
    ) {
        if let Some(root) = &self.root {
            runs(&root.node(), ranks, &mut each);
        }
    }

    /// Calls `each` with each leaf that may hold datoms of some keys, and which keys those are. The keys must be distinct and
    /// ascending; `place` tells where a datom is among them. A leaf may come without any; the datoms of one key may come in
    /// several leaves.
    pub(crate) fn along(
        &self,
        keys: &[Cell],
        place: impl Fn(&Datom) -> Place,
        mut each: impl FnMut(&Leaf, Range<usize>),
    ) {
        if let Some(root) = &self.root {
            along(&root.node(), keys, 0..keys.len(), &place, &mut each);
        }
    }
}

fn runs(node: &Node, ranks: Range<usize>, each: &mut impl FnMut(&Leaf, Range<usize>)) {
    match node {
        Node::Leaf(leaf) => {
            let run = ranks.start..ranks.end.min(leaf.len());
            if !run.is_empty() {
                each(leaf, run);
            }
        }
        Node::Branch(branch) => {
            let mut first = 0;
            for (count, child) in branch.counts.iter().zip(&branch.children) {
                if first >= ranks.end {
                    return;
                }
                if first + count > ranks.start {
                    let below = ranks.start.saturating_sub(first)..ranks.end - first;
                    runs(&child.node(), below, each);
                }
                first += count;
            }
        }
    }
}

/// Where a datom is among keys.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// Before all of them.
    Before,
    /// Where this key is or would be.
    At(Cell),
    /// Behind all of them.
    Behind,
}

impl Place {
    fn is_before(self, key: Cell) -> bool {
        match self {
            Place::Before => true,
            Place::At(at) => at < key,
            Place::Behind => false,
        }
    }

    /// How many of these keys are not behind it.
    fn upto(self, keys: &[Cell]) -> usize {
        match self {
            Place::Before => 0,
            Place::At(at) => gallop(keys.len(), |i| keys[i] <= at),
            Place::Behind => keys.len(),
        }
    }
}

fn along(
    node: &Node,
    column: &[Cell],
    mut keys: Range<usize>,
    place: &impl Fn(&Datom) -> Place,
    each: &mut impl FnMut(&Leaf, Range<usize>),
) {
    let branch = match node {
        Node::Leaf(leaf) => return each(leaf, keys),
        Node::Branch(branch) => branch,
    };
    let mut at = 0;
    while !keys.is_empty() {
        // A key's datoms may begin in the child before the first that begins with them.
        let later = &branch.firsts[at + 1..];
        at += gallop(later.len(), |i| place(&later[i]).is_before(column[keys.start]));
        let Some(next) = branch.firsts.get(at + 1) else {
            return along(&branch.children[at].node(), column, keys, place, each);
        };
        let next = place(next);
        let upto = keys.start + next.upto(&column[keys.clone()]);
        if upto > keys.start {
            along(&branch.children[at].node(), column, keys.start..upto, place, each);
            let goes_on = matches!(next, Place::At(key) if key == column[upto - 1]);
            keys.start = upto - usize::from(goes_on);
        }
        at += 1;
    }
}

/// How many of the first of `len` places satisfy a condition that holds for a beginning of them, found in steps that double.
pub(crate) fn gallop(len: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut reach = 1;
    while reach <= len && holds(reach - 1) {
        reach *= 2;
    }
    let (mut low, mut high) = (reach / 2, len.min(reach.saturating_sub(1)));
    while low < high {
        let middle = (low + high) / 2;
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
