//! Databases in a storage: nodes of the indexes and pages of the dictionary, each under an address, written when they are new and
//! read when they are looked at. A database of any size opens by reading one record, its root.
//!
//! The functions are DataScript's: [`Db::store`], [`restore`], [`Db::addresses`], [`collect_garbage`].
//!
//! Invariants
//! - What stands under an address other than the root's never changes. Nodes and pages are written before the root that leads
//!   to them, so a storage always holds the last database that was stored whole.
//! - A database is the same, answer for answer, before it is stored and after it is restored.
//! - What cannot be read later on (a failing disk, damaged bytes) is an error of the question that needed it and of every
//!   one after it, never a panic and never an answer without what is missing.
//!
//! Costs: storing a changed database writes the nodes on the paths to what changed. Opening costs what the root has: some bytes for
//! each attribute, and for each 32,768 values of the dictionary. What has been read stays in memory within a budget
//! ([`restore_within`]); then what was not looked at of late is let go of, and read again when it is needed (`part`). Memory beyond
//! that is taken by answers, and by what was changed and not restored since.

pub mod bytes;
mod files;
mod pack;
mod part;
mod root;

pub(crate) use bytes::{Reader, Writer};
pub use files::{FileStorage, MemoryStorage};
pub use pack::Pack;
use part::Kept;
pub(crate) use part::{Part, Record};

use crate::cell::Cell;
use crate::datom::AttrId;
use crate::db::{Db, DbError};
use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where something stands in a storage.
pub type Address = u64;

/// The address of the root.
pub(crate) const ROOT: Address = 0;

/// How many bytes of what it has read a database keeps in memory, where nothing else is said.
pub const DEFAULT_BUDGET: usize = 256 << 20;

/// A place that keeps bytes under addresses: DataScript's `IStorage`.
pub trait Storage: Send + Sync {
    /// Keeps these, all of them or an error. An address is written once, but for that of the root, 0.
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()>;

    /// What stands under an address.
    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>>;

    /// All addresses under which something stands.
    fn list_addresses(&self) -> io::Result<Vec<Address>>;

    /// Forgets these.
    fn delete(&self, addresses: &[Address]) -> io::Result<()>;
}

/// Why a storage does not give what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The storage itself failed.
    #[error("the storage failed at address {address}: {message}")]
    Io {
        /// Where.
        address: Address,
        /// What it said.
        message: String,
    },
    /// Nothing stands where something should.
    #[error("the storage has nothing at address {0}, where {1} should be")]
    Missing(Address, &'static str),
    /// A value that does not read back from how it prints.
    #[error("{0} cannot be stored: it does not read back from how it prints")]
    Unreadable(String),
    /// Something else stands there.
    #[error("what the storage has at address {0} is not {1}")]
    Damaged(Address, &'static str),
}

impl StorageError {
    pub(crate) fn damaged(address: Address, expected: &'static str) -> StorageError {
        StorageError::Damaged(address, expected)
    }

    fn io(address: Address, error: &io::Error) -> StorageError {
        StorageError::Io { address, message: error.to_string() }
    }
}

/// A place in one of several storages.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) store: u64,
    pub(crate) address: Address,
}

/// A storage as databases use it.
pub(crate) struct Store {
    storage: Arc<dyn Storage>,
    id: u64,
    next: AtomicU64,
    /// What is to be written before the next root is.
    waiting: Mutex<Vec<(Address, Vec<u8>)>>,
    /// How many attributes and values the databases in it know.
    attributes: AtomicU32,
    values: AtomicU32,
    kept: Kept,
    failure: Mutex<Option<StorageError>>,
}

/// How many nodes are written in one go.
const AT_ONCE: usize = 1024;

static STORES: AtomicU64 = AtomicU64::new(1);

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change under these locks is one assignment or one push.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    pub(crate) fn new(storage: Arc<dyn Storage>, next: Address, budget: usize) -> Store {
        Store {
            storage,
            id: STORES.fetch_add(1, Ordering::Relaxed),
            next: AtomicU64::new(next),
            waiting: Mutex::default(),
            attributes: AtomicU32::new(0),
            values: AtomicU32::new(0),
            kept: Kept::within(budget),
            failure: Mutex::default(),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    fn next(&self) -> Address {
        self.next.load(Ordering::Relaxed)
    }

    fn go_on_at(&self, next: Address) {
        self.next.store(next, Ordering::Relaxed);
    }

    fn is_over(&self, storage: &Arc<dyn Storage>) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.storage), Arc::as_ptr(storage))
    }

    /// Nodes may name attributes and values below these numbers.
    pub(crate) fn know(&self, attributes: u32, values: u32) {
        self.attributes.fetch_max(attributes, Ordering::Relaxed);
        self.values.fetch_max(values, Ordering::Relaxed);
    }

    pub(crate) fn knows(&self, a: AttrId, v: Cell) -> bool {
        a < self.attributes.load(Ordering::Relaxed) && self.knows_value(v)
    }

    pub(crate) fn knows_value(&self, v: Cell) -> bool {
        v.is_inline()
            || (v.as_local().is_none() && v.dict_id() < self.values.load(Ordering::Relaxed))
    }

    /// Puts bytes under an address of their own. They are in the storage when the next root is.
    pub(crate) fn write(&self, bytes: Vec<u8>) -> Result<Address, StorageError> {
        let mut waiting = held(&self.waiting);
        // Under the lock, so that addresses wait in order.
        let address = self.next.fetch_add(1, Ordering::Relaxed);
        waiting.push((address, bytes));
        if waiting.len() >= AT_ONCE {
            self.flush(&mut waiting)?;
        }
        Ok(address)
    }

    fn flush(&self, waiting: &mut Vec<(Address, Vec<u8>)>) -> Result<(), StorageError> {
        let written = self.storage.store(waiting);
        let first = waiting.first().map_or(ROOT, |(address, _)| *address);
        written.map_err(|e| StorageError::io(first, &e))?;
        waiting.clear();
        Ok(())
    }

    fn write_root(&self, bytes: Vec<u8>) -> Result<(), StorageError> {
        self.flush(&mut held(&self.waiting))?;
        let written = self.storage.store(&[(ROOT, bytes)]);
        written.map_err(|e| StorageError::io(ROOT, &e))
    }

    pub(crate) fn read(&self, address: Address) -> Result<Vec<u8>, StorageError> {
        {
            let waiting = held(&self.waiting);
            if let Ok(at) = waiting.binary_search_by_key(&address, |(at, _)| *at) {
                return Ok(waiting[at].1.clone());
            }
        }
        match self.storage.restore(address) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(StorageError::Missing(address, "a part of the database")),
            Err(error) => Err(StorageError::io(address, &error)),
        }
    }

    /// Remembers the first failure of a reading that nobody could be told of.
    pub(crate) fn fail(&self, error: StorageError) {
        held(&self.failure).get_or_insert(error);
    }

    /// Whether everything that was asked for could be read.
    pub(crate) fn check(&self) -> Result<(), StorageError> {
        held(&self.failure).clone().map_or(Ok(()), Err)
    }
}

impl Db {
    /// Writes the database to a storage: what of it is not there yet.
    ///
    /// A database that came from a storage is written to that one; this is then the same storage or refused.
    ///
    /// ```
    /// use db::{Db, MemoryStorage, Schema, restore};
    /// use std::sync::Arc;
    /// let storage = Arc::new(MemoryStorage::default());
    /// let db = Db::empty(Schema::default()).db_with(&edn::read("[{:name \"Ivan\"}]").unwrap()).unwrap();
    /// db.store(storage.clone()).unwrap();
    /// let again = restore(storage).unwrap().unwrap();
    /// assert_eq!(again.get(1, &edn::Value::keyword("name")), Some("Ivan".into()));
    /// ```
    pub fn store(&self, storage: Arc<dyn Storage>) -> Result<(), DbError> {
        if !self.is_plain() {
            return Err(DbError::ViewNotStorable);
        }
        let store = match self.dict().store() {
            Some(store) if store.is_over(&storage) => store,
            Some(_) => return Err(DbError::OtherStorage),
            None => {
                let taken = storage.list_addresses().map_err(|e| StorageError::io(ROOT, &e))?;
                let next = taken.into_iter().max().map_or(ROOT + 1, |last| last + 1);
                self.dict().stored_in(Arc::new(Store::new(storage, next, DEFAULT_BUDGET)))
            }
        };
        let root = root::bytes(self, &store)?;
        Ok(store.write_root(root)?)
    }

    /// The addresses of everything in its storage that the database needs; none where it has not been stored.
    pub fn addresses(&self) -> Vec<Address> {
        let Some(store) = self.dict().store() else { return Vec::new() };
        let mut addresses = vec![ROOT];
        for tree in self.trees() {
            tree.addresses(&store, &mut addresses);
        }
        addresses.extend(self.dict().addresses());
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// How many bytes of what was read from its storage are in memory, about.
    pub fn kept_bytes(&self) -> usize {
        self.dict().store().map_or(0, |store| store.kept.bytes())
    }

    /// An error where something that was asked of this database could not be read from its storage.
    pub fn check_storage(&self) -> Result<(), DbError> {
        match self.dict().store() {
            Some(store) => Ok(store.check()?),
            None => Ok(()),
        }
    }
}

/// The database that was stored last; `None` where there is none. [`restore_within`] the [`DEFAULT_BUDGET`].
pub fn restore(storage: Arc<dyn Storage>) -> Result<Option<Db>, DbError> {
    restore_within(storage, DEFAULT_BUDGET)
}

/// The database that was stored last, which keeps so many bytes of what it has read in memory, about; `None` where there is none.
///
/// ```
/// use db::{Db, MemoryStorage, Schema, restore_within};
/// use std::sync::Arc;
/// let storage = Arc::new(MemoryStorage::default());
/// Db::empty(Schema::default()).db_with(&edn::read("[{:name \"Ivan\"}]").unwrap()).unwrap().store(storage.clone()).unwrap();
/// let db = restore_within(storage, 1 << 20).unwrap().unwrap();
/// assert_eq!(db.get(1, &edn::Value::keyword("name")), Some("Ivan".into()));
/// assert!(db.kept_bytes() <= 1 << 20);
/// ```
pub fn restore_within(storage: Arc<dyn Storage>, budget: usize) -> Result<Option<Db>, DbError> {
    let Some(bytes) = storage.restore(ROOT).map_err(|e| StorageError::io(ROOT, &e))? else {
        return Ok(None);
    };
    Ok(Some(root::db(&bytes, storage, budget)?))
}

/// Deletes what neither the database that was stored last nor any of these needs.
pub fn collect_garbage(storage: &Arc<dyn Storage>, live: &[&Db]) -> Result<usize, DbError> {
    let mut needed: Vec<Address> = live.iter().flat_map(|db| db.addresses()).collect();
    if let Some(last) = restore(storage.clone())? {
        needed.extend(last.addresses());
        last.check_storage()?;
    }
    needed.sort_unstable();
    let there = storage.list_addresses().map_err(|e| StorageError::io(ROOT, &e))?;
    let is_garbage = |address: &Address| needed.binary_search(address).is_err();
    let garbage: Vec<Address> = there.into_iter().filter(is_garbage).collect();
    storage.delete(&garbage).map_err(|e| StorageError::io(ROOT, &e))?;
    Ok(garbage.len())
}
