//! Trees larger than memory: made of datoms in order, of which each node goes to a storage as soon as it is full.
//!
//! What is kept is one unfinished node a level.

use super::child::Child;
use super::stored::{branch_bytes, leaf_bytes};
use super::{Branch, FANOUT, LEAF, Leaf, Tree};
use crate::datom::Datom;
use crate::storage::{Address, StorageError, Store};
use std::sync::Arc;

/// See the module.
pub(crate) struct Builder {
    store: Arc<Store>,
    leaf: Leaf,
    /// The unfinished branch of each level, with the addresses of its children; the lowest first.
    levels: Vec<(Branch, Vec<Address>)>,
}

impl Builder {
    pub(crate) fn new(store: &Arc<Store>) -> Builder {
        Builder { store: store.clone(), leaf: Leaf::empty(), levels: Vec::new() }
    }

    /// Adds a datom, which comes behind all that are there.
    pub(crate) fn push(&mut self, datom: Datom) -> Result<(), StorageError> {
        if self.leaf.len() == LEAF {
            self.finish_leaf()?;
        }
        self.leaf.push(datom);
        Ok(())
    }

    fn finish_leaf(&mut self) -> Result<(), StorageError> {
        let address = self.store.write(leaf_bytes(&self.leaf))?;
        let (first, count) = (self.leaf.datom(0), self.leaf.len());
        self.leaf.len = 0;
        self.add_child(0, first, count, address)
    }

    fn add_child(
        &mut self,
        level: usize,
        first: Datom,
        count: usize,
        address: Address,
    ) -> Result<(), StorageError> {
        if level == self.levels.len() {
            self.levels.push((Branch::over(Vec::new()), Vec::new()));
        }
        if self.levels[level].1.len() == FANOUT {
            self.finish_branch(level)?;
        }
        let (branch, addresses) = &mut self.levels[level];
        branch.firsts.push(first);
        branch.counts.push(count);
        addresses.push(address);
        Ok(())
    }

    fn finish_branch(&mut self, level: usize) -> Result<(), StorageError> {
        let (branch, addresses) = &mut self.levels[level];
        let address = self.store.write(branch_bytes(branch, addresses))?;
        let (first, count) = (branch.firsts[0], branch.counts.iter().sum());
        branch.firsts.clear();
        branch.counts.clear();
        addresses.clear();
        self.add_child(level + 1, first, count, address)
    }

    /// The tree of all of them.
    pub(crate) fn finish(mut self) -> Result<Tree, StorageError> {
        if self.leaf.len() > 0 {
            self.finish_leaf()?;
        }
        let mut level = 0;
        while level + 1 < self.levels.len() || self.levels.get(level).is_some_and(|l| l.1.len() > 1)
        {
            self.finish_branch(level)?;
            level += 1;
        }
        let root = self.levels.last().map(|(branch, addresses)| (addresses[0], branch.counts[0]));
        Ok(Tree { root: root.map(|(address, count)| Child::stored(&self.store, address, count)) })
    }
}
