//! A walk through datoms of ascending entities: a range of a tree in which one attribute's datoms stand by entity.
//!
//! Going to an entity near the last one costs a look into the same leaf; going far costs a descent. So a join with
//! entities in ascending order costs the lesser of the two sizes, about.

use crate::cell::Cell;
use crate::tree::{LeafRef, Tree, TreeIter};

/// See the module.
pub(crate) struct Cursor<'a, F> {
    tree: &'a Tree,
    /// The place of an entity's first datom, for going far: its leaf, the rank of the leaf's first datom, its own rank.
    seek: F,
    leaf: Option<(LeafRef<'a>, usize)>,
    rank: usize,
    end: usize,
}

impl<'a, F: Fn(u32) -> Option<(LeafRef<'a>, usize, usize)>> Cursor<'a, F> {
    pub(crate) fn new(range: &TreeIter<'a>, seek: F) -> Self {
        let (tree, ranks) = (range.tree(), range.ranks());
        Cursor { tree, seek, leaf: tree.leaf_at(ranks.start), rank: ranks.start, end: ranks.end }
    }

    /// The columns from here on, as far as the leaf goes; none at the end.
    fn rest(&self) -> Option<(&[u32], &[Cell])> {
        let (leaf, first) = self.leaf.as_ref().filter(|_| self.rank < self.end)?;
        let here = self.rank - first..(self.end - first).min(leaf.len());
        Some((&leaf.entities()[here.clone()], &leaf.values()[here]))
    }

    fn go(&mut self, rank: usize) {
        self.rank = rank;
        let inside = self.leaf.as_ref().is_some_and(|(leaf, first)| rank - first < leaf.len());
        if !inside && rank < self.end {
            self.leaf = self.tree.leaf_at(rank);
        }
    }

    /// Goes to the leaf that ends with this entity or a later one; its columns from here on.
    fn leaf_for(&mut self, e: u32) -> Option<(&[u32], &[Cell])> {
        let mut leaves_passed = 0;
        loop {
            let (entities, _) = self.rest()?;
            if entities.last().is_some_and(|last| *last >= e) {
                return self.rest();
            }
            leaves_passed += 1;
            let next = self.rank + entities.len();
            if leaves_passed == 1 {
                self.go(next);
                continue;
            }
            let (leaf, first, rank) = (self.seek)(e)?;
            (self.leaf, self.rank) = (Some((leaf, first)), rank);
        }
    }

    /// Calls `each` with the row and a value of its entity, for each row and value. Entities must be ascending and each there
    /// once; cells that are no entities have no values.
    pub(crate) fn walk(mut self, entities: &[Cell], mut each: impl FnMut(usize, Cell)) {
        let mut row = 0;
        while let Some(cell) = entities.get(row) {
            let Some(e) = cell.as_entity() else {
                row += 1;
                continue;
            };
            let Some((here, values)) = self.leaf_for(e) else { return };
            let (last, mut at) = (here[here.len() - 1], 0);
            while let Some(e) = entities.get(row).and_then(|cell| cell.as_entity()) {
                if e > last {
                    break;
                }
                at += steps_to(&here[at..], e);
                while at < here.len() && here[at] == e {
                    each(row, values[at]);
                    at += 1;
                }
                if at == here.len() {
                    // The entity may go on in the next leaf.
                    break;
                }
                row += 1;
            }
            self.go(self.rank + at);
        }
    }
}

/// Entities looked at in one go: as many as a few vector instructions compare.
const NEARBY: usize = 16;

/// How many entities stand before the first that is not less: looked for nearby first, then further and further off.
fn steps_to(entities: &[u32], e: u32) -> usize {
    if let Some(nearby) = entities.first_chunk::<NEARBY>()
        && nearby[NEARBY - 1] >= e
    {
        return nearby.iter().map(|x| u32::from(*x < e)).sum::<u32>() as usize;
    }
    let mut reach = NEARBY.min(entities.len());
    while reach < entities.len() && entities[reach - 1] < e {
        reach *= 2;
    }
    let reach = reach.min(entities.len());
    let from = if reach <= NEARBY { 0 } else { reach / 2 };
    from + entities[from..reach].partition_point(|x| *x < e)
}
