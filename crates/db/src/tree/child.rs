//! A node as its branch holds it: here, or in a storage from which it comes when it is looked at.
//!
//! Invariants
//! - A node that has a place in a storage is what stands there: editing takes the place away.
//! - A stored node is read once and stays; what its branch knows of it (first datom, count) never needs it.

use super::Node;
use crate::storage::{Address, Place, Store};
use std::sync::{Arc, OnceLock};

#[derive(Clone)]
pub(super) enum Child {
    Here(Arc<Held>),
    Stored(Arc<Stored>),
}

/// A node and where it has been stored.
pub(super) struct Held {
    node: Node,
    place: OnceLock<Place>,
}

impl Clone for Held {
    /// A copy is made to be changed, so it has no place.
    fn clone(&self) -> Held {
        Held { node: self.node.clone(), place: OnceLock::new() }
    }
}

pub(super) struct Stored {
    store: Arc<Store>,
    address: Address,
    /// How many datoms are below it, as its branch says.
    count: usize,
    node: OnceLock<Arc<Held>>,
}

impl Child {
    pub(super) fn new(node: Node) -> Child {
        Child::Here(Arc::new(Held { node, place: OnceLock::new() }))
    }

    pub(super) fn stored(store: Arc<Store>, address: Address, count: usize) -> Child {
        Child::Stored(Arc::new(Stored { store, address, count, node: OnceLock::new() }))
    }

    #[inline]
    pub(super) fn node(&self) -> &Node {
        match self {
            Child::Here(held) => &held.node,
            Child::Stored(stored) => &stored.held().node,
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
        if let Child::Stored(stored) = self {
            *self = Child::Here(stored.held().clone());
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
            Child::Stored(stored) => Place { store: stored.store.id(), address: stored.address },
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

impl Stored {
    fn held(&self) -> &Arc<Held> {
        self.node.get_or_init(|| {
            let node = super::stored::load(&self.store, self.address, self.count);
            let place = OnceLock::from(Place { store: self.store.id(), address: self.address });
            Arc::new(Held { node, place })
        })
    }
}
