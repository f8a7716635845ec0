//! A node as its branch holds it: here, or in a storage from which it comes when it is looked at.
//!
//! Invariants
//! - A node that has a place in a storage is what stands there: editing takes the place away.
//! - What is below a stored node is stored. Its branch knows its first datom and its count without reading it.
//!
//! Costs: what is here is a reference. What is stored is a [`Part`]: read when it is not in memory, an `Arc` when it is.

use super::{Leaf, Node, Tree};
use crate::datom::Datom;
use crate::storage::{Address, Part, Place, Store};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

#[derive(Clone)]
pub(super) enum Child {
    Here(Arc<Held>),
    Stored(Arc<Part<Held>>),
}

/// A node and where it has been stored.
pub(crate) struct Held {
    pub(super) node: Node,
    pub(super) place: OnceLock<Place>,
}

impl Clone for Held {
    /// A copy is made to be changed, so it has no place.
    fn clone(&self) -> Held {
        Held { node: self.node.clone(), place: OnceLock::new() }
    }
}

/// A node that is being looked at.
pub(super) enum NodeRef<'a> {
    Here(&'a Node),
    Read(Arc<Held>),
}

impl Deref for NodeRef<'_> {
    type Target = Node;

    #[inline]
    fn deref(&self) -> &Node {
        match self {
            NodeRef::Here(node) => node,
            NodeRef::Read(held) => &held.node,
        }
    }
}

/// A leaf that is being looked at: while it is, it stays in memory.
#[derive(Clone)]
pub(crate) enum LeafRef<'a> {
    /// It lies in the tree.
    Here(&'a Leaf),
    /// It was read from a storage.
    Read(Arc<Held>),
}

impl Deref for LeafRef<'_> {
    type Target = Leaf;

    #[inline]
    fn deref(&self) -> &Leaf {
        match self {
            LeafRef::Here(leaf) => leaf,
            LeafRef::Read(held) => match &held.node {
                Node::Leaf(leaf) => leaf,
                Node::Branch(_) => unreachable!("only a leaf is handed out as one"),
            },
        }
    }
}

impl Child {
    pub(super) fn new(node: Node) -> Child {
        Child::Here(Arc::new(Held { node, place: OnceLock::new() }))
    }

    pub(super) fn stored(store: &Arc<Store>, address: Address, count: usize) -> Child {
        Child::Stored(Part::new(store, address, count))
    }

    #[inline]
    pub(super) fn node(&self) -> NodeRef<'_> {
        match self {
            Child::Here(held) => NodeRef::Here(&held.node),
            Child::Stored(part) => NodeRef::Read(part.get()),
        }
    }

    fn held(&self) -> Arc<Held> {
        match self {
            Child::Here(held) => held.clone(),
            Child::Stored(part) => part.get(),
        }
    }

    pub(super) fn first(&self) -> Datom {
        self.node().first()
    }

    /// How many datoms are below it.
    pub(super) fn count(&self) -> usize {
        match self {
            Child::Here(held) => held.node.count(),
            Child::Stored(part) => part.count(),
        }
    }

    /// Whether it is the very same node, not only an equal one.
    pub(super) fn is_same(&self, other: &Child) -> bool {
        match (self, other) {
            (Child::Here(x), Child::Here(y)) => Arc::ptr_eq(x, y),
            (Child::Stored(x), Child::Stored(y)) => Arc::ptr_eq(x, y),
            _ => false,
        }
    }

    /// The node, to be changed: what others hold stays as it is.
    pub(super) fn edit(&mut self) -> &mut Node {
        if let Child::Stored(part) = self {
            *self = Child::Here(part.get());
        }
        let Child::Here(held) = self else { unreachable!("it was just made to be here") };
        let held = Arc::make_mut(held);
        held.place.take();
        &mut held.node
    }

    /// Where it stands in a storage, where it does.
    pub(super) fn place(&self, store: &Store) -> Option<Address> {
        let place = match self {
            Child::Here(held) => *held.place.get()?,
            Child::Stored(part) => Place { store: part.store().id(), address: part.address() },
        };
        (place.store == store.id()).then_some(place.address)
    }

    /// Notes where it has been stored.
    pub(super) fn placed(&self, store: &Store, address: Address) {
        if let Child::Here(held) = self {
            // A place in another storage is left: it is as good as this one.
            let _ = held.place.set(Place { store: store.id(), address });
        }
    }
}

impl Tree {
    /// Goes down to a leaf, into the child that `turn` says.
    #[inline]
    pub(super) fn descend(
        &self,
        mut turn: impl FnMut(&super::Branch) -> usize,
    ) -> Option<LeafRef<'_>> {
        let mut child = self.root.as_ref()?;
        // What is here is gone through by reference, as long as it goes.
        let mut held = loop {
            match child {
                Child::Here(held) => match &held.node {
                    Node::Leaf(leaf) => return Some(LeafRef::Here(leaf)),
                    Node::Branch(branch) => child = &branch.children[turn(branch)],
                },
                Child::Stored(part) => break part.get(),
            }
        };
        loop {
            let next = match &held.node {
                Node::Leaf(_) => return Some(LeafRef::Read(held)),
                Node::Branch(branch) => branch.children[turn(branch)].held(),
            };
            held = next;
        }
    }
}
