//! A walk through datoms of ascending entities: a range of a tree in which one attribute's datoms stand by entity.
//!
//! Going to an entity near the last one costs a look into the same leaf; going far costs a descent. So a join with
//! entities in ascending order costs the lesser of the two sizes, about.

use crate::cell::Cell;
use crate::tree::{Leaf, Tree};
use std::ops::Range;

/// See the module.
pub(crate) struct Cursor<'a, F> {
    tree: &'a Tree,
    /// The rank of an entity's first datom, for going far.
    rank_of: F,
    leaf: Option<(&'a Leaf, usize)>,
    rank: usize,
    end: usize,
}

impl<'a, F: Fn(u32) -> usize> Cursor<'a, F> {
    pub(crate) fn new(tree: &'a Tree, ranks: Range<usize>, rank_of: F) -> Self {
        Cursor { tree, rank_of, leaf: tree.leaf_at(ranks.start), rank: ranks.start, end: ranks.end }
    }

    /// The columns from here on, as far as the leaf goes; none at the end.
    fn rest(&self) -> Option<(&'a [u32], &'a [Cell])> {
        let (leaf, first) = self.leaf.filter(|_| self.rank < self.end)?;
        let here = self.rank - first..(self.end - first).min(leaf.len());
        Some((&leaf.entities()[here.clone()], &leaf.values()[here]))
    }

    fn go(&mut self, rank: usize) {
        self.rank = rank;
        let inside = self.leaf.is_some_and(|(leaf, first)| rank - first < leaf.len());
        if !inside && rank < self.end {
            self.leaf = self.tree.leaf_at(rank);
        }
    }

    /// Calls `each` with the values of an entity, which must not be less than the one before.
    pub(crate) fn values_of(&mut self, e: u32, mut each: impl FnMut(Cell)) {
        let mut leaves_passed = 0;
        while let Some((entities, values)) = self.rest() {
            let before = steps_to(entities, e);
            self.go(self.rank + before);
            if before < entities.len() {
                let found = entities[before..].iter().take_while(|x| **x == e).count();
                values[before..before + found].iter().for_each(|v| each(*v));
                self.go(self.rank + found);
                if before + found < entities.len() {
                    return;
                }
            } else {
                leaves_passed += 1;
                if leaves_passed == 2 {
                    let rank = (self.rank_of)(e).clamp(self.rank, self.end);
                    self.go(rank);
                }
            }
        }
    }
}

/// How many entities stand before the first that is not less: looked for nearby first.
fn steps_to(entities: &[u32], e: u32) -> usize {
    let mut reach = 1;
    while reach < entities.len() && entities[reach - 1] < e {
        reach *= 2;
    }
    let reach = reach.min(entities.len());
    let from = reach / 2;
    from + entities[from..reach].partition_point(|x| *x < e)
}
