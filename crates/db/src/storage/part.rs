//! What is read from a storage when it is looked at, and let go again when there is too much of it.
//!
//! A [`Part`] is the node or page under an address. [`Part::get`] hands it out as an `Arc`: who looks at it holds it, whatever happens
//! meanwhile. The storage's [`Kept`] counts what its parts hold and lets go of some where that is more than its budget.
//!
//! Invariants
//! - All parts of a storage together hold no more bytes than the budget, plus those that somebody looks at. A part that was let go is
//!   read again, and is then the same, since what stands under an address never changes.
//! - Only what was read is let go of. Nodes that were made or changed in memory are in no part.
//! - A part that could not be read is not held; the storage has the mark ([`Store::check`]).
//!
//! Costs: looking at what is there is a read lock and an `Arc`. What is read first takes its turn in a ring; when there is too much, a
//! hand goes round (second chance): what was looked at since the hand came by last stays for another round. So a scan of everything
//! passes through without pushing out what is looked at again and again. The ring's lock is taken when something is read, never when
//! it is there already.

use super::{Address, Reader, StorageError, Store, held};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

/// Something that stands under an address.
pub(crate) trait Record: Send + Sync + Sized + 'static {
    /// What it is, for those who find something else there.
    const WHAT: &'static str;

    /// `None` where the bytes are none, or not of the count that the part promises.
    fn decode(input: &mut Reader<'_>, part: &Part<Self>) -> Option<Self>;

    /// What stands for one that cannot be read.
    fn missing(count: usize) -> Self;

    /// How many bytes of memory it takes, about.
    fn size(&self) -> usize;
}

/// See the module.
pub(crate) struct Part<T> {
    store: Arc<Store>,
    address: Address,
    /// How many are in it or below it, as what leads to it says.
    count: usize,
    held: RwLock<Option<Arc<T>>>,
    /// Since the hand came by.
    is_looked_at: AtomicBool,
}

impl<T: Record> Part<T> {
    pub(crate) fn new(store: &Arc<Store>, address: Address, count: usize) -> Arc<Part<T>> {
        Arc::new(Part {
            store: store.clone(),
            address,
            count,
            held: RwLock::new(None),
            is_looked_at: AtomicBool::new(false),
        })
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub(crate) fn address(&self) -> Address {
        self.address
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// What stands there; something empty where it cannot be read, of which [`Store::check`] tells.
    #[inline]
    pub(crate) fn get(self: &Arc<Self>) -> Arc<T> {
        if let Some(it) = &*self.held.read().unwrap_or_else(PoisonError::into_inner) {
            if !self.is_looked_at.load(Ordering::Relaxed) {
                self.is_looked_at.store(true, Ordering::Relaxed);
            }
            return it.clone();
        }
        self.read()
    }

    #[cold]
    fn read(self: &Arc<Self>) -> Arc<T> {
        let it = match self.decoded() {
            Ok(it) => Arc::new(it),
            Err(error) => {
                self.store.fail(error);
                return Arc::new(T::missing(self.count));
            }
        };
        let size = it.size();
        {
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(sooner) = &*held {
                return sooner.clone();
            }
            *held = Some(it.clone());
        }
        self.store.kept.add(self.clone(), size);
        it
    }

    fn decoded(&self) -> Result<T, StorageError> {
        let bytes = self.store.read(self.address)?;
        let mut input = Reader::new(&bytes);
        let decoded = T::decode(&mut input, self).filter(|_| input.is_at_end());
        decoded.ok_or(StorageError::damaged(self.address, T::WHAT))
    }
}

/// What can be let go of.
trait Held: Send + Sync {
    /// Lets go of it; `false` where it has been looked at of late, or is right now.
    fn let_go(&self) -> bool;
}

impl<T: Record> Held for Part<T> {
    fn let_go(&self) -> bool {
        if self.is_looked_at.swap(false, Ordering::Relaxed) {
            return false;
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_some_and(|it| Arc::strong_count(it) > 1) {
            return false;
        }
        *held = None;
        true
    }
}

/// What the parts of a storage hold.
pub(crate) struct Kept {
    budget: usize,
    ring: Mutex<Ring>,
}

/// Parts that hold something, with its size, in the order in which the hand comes to them. Those that went with the branch they hung
/// from count until then.
#[derive(Default)]
struct Ring {
    parts: VecDeque<(Weak<dyn Held>, usize)>,
    bytes: usize,
}

impl Kept {
    pub(crate) fn within(budget: usize) -> Kept {
        Kept { budget, ring: Mutex::default() }
    }

    pub(crate) fn bytes(&self) -> usize {
        held(&self.ring).bytes
    }

    fn add(&self, part: Arc<dyn Held>, size: usize) {
        let mut ring = held(&self.ring);
        ring.parts.push_back((Arc::downgrade(&part), size));
        ring.bytes += size;
        // Twice round finds whatever can be let go of.
        for _ in 0..2 * ring.parts.len() {
            if ring.bytes <= self.budget {
                return;
            }
            let Some((part, size)) = ring.parts.pop_front() else { return };
            match part.upgrade() {
                Some(there) if !there.let_go() => ring.parts.push_back((part, size)),
                _ => ring.bytes -= size,
            }
        }
    }
}
