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

/// What a branch says of a child.
struct Below {
    first: Datom,
    count: usize,
    latest: u32,
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
        let full =
            Below { first: self.leaf.datom(0), count: self.leaf.len(), latest: self.leaf.latest() };
        self.leaf.len = 0;
        self.add_child(0, full, address)
    }

    fn add_child(
        &mut self,
        level: usize,
        child: Below,
        address: Address,
    ) -> Result<(), StorageError> {
        if level == self.levels.len() {
            self.levels.push((Branch::over(Vec::new()), Vec::new()));
        }
        if self.levels[level].1.len() == FANOUT {
            self.finish_branch(level)?;
        }
        let (branch, addresses) = &mut self.levels[level];
        branch.firsts.push(child.first);
        branch.counts.push(child.count);
        branch.latest.push(child.latest);
        addresses.push(address);
        Ok(())
    }

    fn finish_branch(&mut self, level: usize) -> Result<(), StorageError> {
        let (branch, addresses) = &mut self.levels[level];
        let address = self.store.write(branch_bytes(branch, addresses))?;
        let latest = branch.latest.iter().copied().max().unwrap_or(0);
        let full = Below { first: branch.firsts[0], count: branch.counts.iter().sum(), latest };
        branch.firsts.clear();
        branch.counts.clear();
        branch.latest.clear();
        addresses.clear();
        self.add_child(level + 1, full, address)
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
