//! Reading a tree leaf by leaf: a range of ranks, or beside keys in order.
//!
//! Both go down from the root once, so that a branch is looked at once for all that is wanted below it, and a subtree of which
//! nothing is wanted not at all.

use super::{Leaf, Node, Tree};
use crate::datom::{Datom, Index, Order, Prefix};
use std::cmp::Ordering;
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
        let mut node = self.root.as_ref()?.node();
        // Where the leaf has none, the first of the next leaf may be it.
        let mut next = None;
        loop {
            match node {
                Node::Branch(branch) => {
                    let after = branch.firsts.partition_point(&is_before);
                    next = branch.firsts.get(after.max(1)).or(next);
                    node = branch.children[after.saturating_sub(1)].node();
                }
                Node::Leaf(leaf) => {
                    let found = leaf.range(order, prefix);
                    return match found.is_empty() {
                        false => Some(leaf.datom(found.start)),
                        true if found.start < leaf.len() => None,
                        true => next.filter(|d| order.compare_prefix(d, prefix).is_eq()).copied(),
                    };
                }
            }
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

    /// Calls `each` with each leaf that may hold datoms of some of `keys` keys, and which keys those are. The keys must be distinct
    /// and ascending; `compare` tells how a datom's place is to that of a key. A leaf may come without any; the datoms of one key
    /// may come in several leaves.
    pub(crate) fn along(
        &self,
        keys: usize,
        compare: impl Fn(&Datom, usize) -> Ordering,
        mut each: impl FnMut(&Leaf, Range<usize>),
    ) {
        if let Some(root) = &self.root {
            along(&root.node(), 0..keys, &compare, &mut each);
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

fn along(
    node: &Node,
    mut keys: Range<usize>,
    compare: &impl Fn(&Datom, usize) -> Ordering,
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
        at += gallop(later.len(), |i| compare(&later[i], keys.start).is_lt());
        let Some(next) = branch.firsts.get(at + 1) else {
            return along(&branch.children[at].node(), keys, compare, each);
        };
        let upto = keys.start + gallop(keys.len(), |i| compare(next, keys.start + i).is_ge());
        if upto > keys.start {
            along(&branch.children[at].node(), keys.start..upto, compare, each);
            let goes_on = compare(next, upto - 1).is_eq();
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
