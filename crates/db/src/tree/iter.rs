//! Reading a tree: datoms at a range of ranks.

use super::{Leaf, LeafRef, Tree};
use crate::datom::Datom;
use std::ops::Range;

/// Datoms at a range of ranks, from either end.
#[derive(Clone)]
pub(crate) struct TreeIter<'a> {
    tree: &'a Tree,
    front: usize,
    back: usize,
    leaf: Option<(LeafRef<'a>, usize)>,
    back_leaf: Option<(LeafRef<'a>, usize)>,
}

impl<'a> TreeIter<'a> {
    /// `leaf` is the one that the first of them is in, where it is known, with the rank of its first datom.
    pub(super) fn new(
        tree: &'a Tree,
        ranks: Range<usize>,
        leaf: Option<(LeafRef<'a>, usize)>,
    ) -> Self {
        TreeIter { tree, front: ranks.start, back: ranks.end, leaf, back_leaf: None }
    }

    /// The ranks of the datoms that are left.
    pub(crate) fn ranks(&self) -> Range<usize> {
        self.front..self.back.max(self.front)
    }

    /// Calls `each` with the columns of each run of datoms.
    pub(crate) fn for_each_run(self, mut each: impl FnMut(&Leaf, Range<usize>)) {
        match &self.leaf {
            Some((leaf, start)) if self.back <= start + leaf.len() => {
                if self.front < self.back {
                    each(leaf, self.front - start..self.back - start);
                }
            }
            _ => self.tree.for_each_run(self.ranks(), each),
        }
    }
}

fn in_leaf(leaf: &Option<(LeafRef<'_>, usize)>, rank: usize) -> Option<Datom> {
    let (leaf, start) = leaf.as_ref()?;
    (rank >= *start && rank < start + leaf.len()).then(|| leaf.datom(rank - start))
}

impl Iterator for TreeIter<'_> {
    type Item = Datom;

    fn next(&mut self) -> Option<Datom> {
        if self.front >= self.back {
            return None;
        }
        let rank = self.front;
        self.front += 1;
        in_leaf(&self.leaf, rank).or_else(|| {
            self.leaf = self.tree.leaf_at(rank);
            in_leaf(&self.leaf, rank)
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.back.saturating_sub(self.front);
        (left, Some(left))
    }
}

impl ExactSizeIterator for TreeIter<'_> {}

impl DoubleEndedIterator for TreeIter<'_> {
    fn next_back(&mut self) -> Option<Datom> {
        if self.front >= self.back {
            return None;
        }
        self.back -= 1;
        in_leaf(&self.back_leaf, self.back).or_else(|| {
            self.back_leaf = self.tree.leaf_at(self.back);
            in_leaf(&self.back_leaf, self.back)
        })
    }
}
