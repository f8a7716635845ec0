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
//! each page of the dictionary. What has been read stays in memory.

mod bytes;
mod root;

pub(crate) use bytes::{Reader, Writer};

use crate::cell::{Cell, Tag};
use crate::datom::AttrId;
use crate::db::{Db, DbError};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Where something stands in a storage.
pub type Address = u64;

/// The address of the root.
const ROOT: Address = 0;

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
    fn new(storage: Arc<dyn Storage>, next: Address) -> Store {
        Store {
            storage,
            id: STORES.fetch_add(1, Ordering::Relaxed),
            next: AtomicU64::new(next),
            waiting: Mutex::default(),
            attributes: AtomicU32::new(0),
            values: AtomicU32::new(0),
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
        let in_dictionary = !matches!(v.tag(), Tag::Int | Tag::Double | Tag::Small);
        a < self.attributes.load(Ordering::Relaxed)
            && (!in_dictionary
                || (v.as_local().is_none() && v.dict_id() < self.values.load(Ordering::Relaxed)))
    }

    /// Puts bytes under an address of their own. They are in the storage when the next root is.
    pub(crate) fn write(&self, bytes: Vec<u8>) -> Result<Address, StorageError> {
        let address = self.next.fetch_add(1, Ordering::Relaxed);
        let mut waiting = held(&self.waiting);
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
        let waiting = held(&self.waiting).iter().find(|(at, _)| *at == address).cloned();
        if let Some((_, bytes)) = waiting {
            return Ok(bytes);
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
                self.dict().stored_in(Arc::new(Store::new(storage, next)))
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

    /// An error where something that was asked of this database could not be read from its storage.
    pub fn check_storage(&self) -> Result<(), DbError> {
        match self.dict().store() {
            Some(store) => Ok(store.check()?),
            None => Ok(()),
        }
    }
}

/// The database that was stored last; `None` where there is none.
pub fn restore(storage: Arc<dyn Storage>) -> Result<Option<Db>, DbError> {
    let Some(bytes) = storage.restore(ROOT).map_err(|e| StorageError::io(ROOT, &e))? else {
        return Ok(None);
    };
    Ok(Some(root::db(&bytes, storage)?))
}

/// Deletes what neither the database that was stored last nor any of these needs.
pub fn collect_garbage(storage: &Arc<dyn Storage>, live: &[&Db]) -> Result<usize, DbError> {
    let mut needed: BTreeSet<Address> = live.iter().flat_map(|db| db.addresses()).collect();
    if let Some(last) = restore(storage.clone())? {
        needed.extend(last.addresses());
        last.check_storage()?;
    }
    let there = storage.list_addresses().map_err(|e| StorageError::io(ROOT, &e))?;
    let garbage: Vec<Address> = there.into_iter().filter(|a| !needed.contains(a)).collect();
    storage.delete(&garbage).map_err(|e| StorageError::io(ROOT, &e))?;
    Ok(garbage.len())
}

/// A storage in memory.
#[derive(Default)]
pub struct MemoryStorage {
    entries: RwLock<BTreeMap<Address, Vec<u8>>>,
}

impl Storage for MemoryStorage {
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()> {
        self.entries
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(entries.iter().cloned());
        Ok(())
    }

    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>> {
        Ok(self.entries.read().unwrap_or_else(PoisonError::into_inner).get(&address).cloned())
    }

    fn list_addresses(&self) -> io::Result<Vec<Address>> {
        Ok(self.entries.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect())
    }

    fn delete(&self, addresses: &[Address]) -> io::Result<()> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        addresses.iter().for_each(|address| {
            entries.remove(address);
        });
        Ok(())
    }
}

/// A storage in a folder, a file for each address: DataScript's `file-storage`.
pub struct FileStorage {
    folder: PathBuf,
}

impl FileStorage {
    /// Uses a folder, which is made where it is not there.
    pub fn new(folder: &Path) -> io::Result<FileStorage> {
        std::fs::create_dir_all(folder)?;
        Ok(FileStorage { folder: folder.to_owned() })
    }

    fn path(&self, address: Address) -> PathBuf {
        self.folder.join(format!("{address:x}"))
    }
}

impl Storage for FileStorage {
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()> {
        for (address, bytes) in entries {
            let new = self.folder.join(format!("{address:x}.new"));
            std::fs::write(&new, bytes)?;
            std::fs::File::open(&new)?.sync_all()?;
            std::fs::rename(new, self.path(*address))?;
        }
        std::fs::File::open(&self.folder)?.sync_all()
    }

    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.path(address)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list_addresses(&self) -> io::Result<Vec<Address>> {
        let mut addresses = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            addresses.extend(name.to_str().and_then(|n| Address::from_str_radix(n, 16).ok()));
        }
        Ok(addresses)
    }

    fn delete(&self, addresses: &[Address]) -> io::Result<()> {
        addresses.iter().try_for_each(|address| std::fs::remove_file(self.path(*address)))
    }
}
