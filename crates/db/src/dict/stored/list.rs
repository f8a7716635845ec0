//! Pages one after the other, found by place or by key: a directory, which is a record itself, has the keys and addresses of some
//! of them, so that what the root has of a list is little.
//!
//! Invariants: keys never descend; each directory but the last has [`ENTRIES`] pages.

use crate::storage::{Address, Part, Reader, Record, StorageError, Store, Writer};
use std::mem::size_of;
use std::sync::Arc;

/// How many pages a directory has.
const ENTRIES: usize = 256;

/// See the module.
pub(super) struct List<T> {
    len: usize,
    /// The first key of each directory.
    keys: Vec<u32>,
    directories: Vec<Arc<Part<Directory<T>>>>,
}

/// The keys and pages of a part of a list.
pub(super) struct Directory<T> {
    keys: Vec<u32>,
    pages: Vec<Arc<Part<T>>>,
}

impl<T> Default for List<T> {
    fn default() -> List<T> {
        List { len: 0, keys: Vec::new(), directories: Vec::new() }
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> List<T> {
        List { len: self.len, keys: self.keys.clone(), directories: self.directories.clone() }
    }
}

impl<T: Record> List<T> {
    /// The page at a place; `None` where there is none, or its directory cannot be read.
    pub(super) fn page(&self, at: usize) -> Option<Arc<T>> {
        let directory = self.directories.get(at / ENTRIES)?.get();
        Some(directory.pages.get(at % ENTRIES)?.get())
    }

    /// All pages, one by one.
    pub(super) fn pages(&self) -> impl Iterator<Item = Arc<T>> + '_ {
        let pages = self.directories.iter().flat_map(|directory| directory.get().pages.clone());
        pages.map(|page| page.get())
    }

    /// The pages that may have something of this key: from the last one that begins with a lower key to the last one that begins
    /// with this one.
    pub(super) fn around(&self, key: u32) -> impl Iterator<Item = Arc<T>> + '_ {
        let first = first_around(&self.keys, key);
        let directories = self.directories.iter().zip(&self.keys).skip(first);
        let within = directories.take_while(move |(_, first)| **first <= key);
        within.flat_map(move |(directory, _)| {
            let directory = directory.get();
            let first = first_around(&directory.keys, key);
            let last = directory.keys.partition_point(|k| *k <= key).max(first);
            let pages = directory.pages.get(first..last).unwrap_or_default().to_vec();
            pages.into_iter().map(|page| page.get())
        })
    }

    /// The addresses of its pages and directories.
    pub(super) fn addresses(&self, addresses: &mut Vec<Address>) {
        for directory in &self.directories {
            addresses.push(directory.address());
            addresses.extend(directory.get().pages.iter().map(|page| page.address()));
        }
    }

    /// Tells a root of it.
    pub(super) fn write(&self, root: &mut Writer) {
        root.number(self.len as u64);
        root.differences(&self.keys);
        self.directories.iter().for_each(|directory| root.number(directory.address()));
    }

    pub(super) fn read(store: &Arc<Store>, root: &mut Reader<'_>) -> Option<List<T>> {
        let len = usize::try_from(root.number()?).ok()?;
        let mut list = List { len, ..List::default() };
        root.differences_into(&mut list.keys, len.div_ceil(ENTRIES))?;
        for i in 0..list.keys.len() {
            let count = (len - i * ENTRIES).min(ENTRIES);
            list.directories.push(Part::new(store, root.number()?, count));
        }
        list.keys.is_sorted().then_some(list)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// Where to begin with a key: at the last that is lower.
fn first_around(keys: &[u32], key: u32) -> usize {
    keys.partition_point(|k| *k < key).saturating_sub(1)
}

impl<T: Record> Record for Directory<T> {
    const WHAT: &'static str = "a directory of the dictionary";

    fn decode(input: &mut Reader<'_>, part: &Part<Self>) -> Option<Self> {
        let mut keys = Vec::new();
        input.differences_into(&mut keys, part.count())?;
        let pages: Option<Vec<_>> =
            keys.iter().map(|_| Some(Part::new(part.store(), input.number()?, 0))).collect();
        Some(Directory { keys, pages: pages? }).filter(|directory| directory.keys.is_sorted())
    }

    fn missing(_: usize) -> Self {
        Directory { keys: Vec::new(), pages: Vec::new() }
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.keys.len() * (size_of::<Part<T>>() + 32)
    }
}

/// A list that is being written.
pub(super) struct ListWriter<T> {
    store: Arc<Store>,
    list: List<T>,
    /// The keys and addresses of the last directory, which is not full.
    keys: Vec<u32>,
    addresses: Vec<Address>,
}

impl<T: Record> ListWriter<T> {
    /// Begins with the first `len` pages of a list.
    pub(super) fn after(
        store: &Arc<Store>,
        list: &List<T>,
        len: usize,
    ) -> Result<Self, StorageError> {
        let full = len / ENTRIES;
        let kept = List {
            len: full * ENTRIES,
            keys: list.keys[..full].to_vec(),
            directories: list.directories[..full].to_vec(),
        };
        let mut writer = ListWriter {
            store: store.clone(),
            list: kept,
            keys: Vec::new(),
            addresses: Vec::new(),
        };
        if len > writer.list.len {
            let open = list.directories[full].get();
            store.check()?;
            let rest = open.keys.iter().zip(&open.pages).take(len - writer.list.len);
            rest.for_each(|(key, page)| writer.add(*key, page.address()));
        }
        Ok(writer)
    }

    fn add(&mut self, key: u32, address: Address) {
        self.keys.push(key);
        self.addresses.push(address);
    }

    /// Writes a page and adds it.
    pub(super) fn push(&mut self, key: u32, page: Vec<u8>) -> Result<(), StorageError> {
        let address = self.store.write(page)?;
        self.add(key, address);
        if self.keys.len() == ENTRIES { self.finish_directory() } else { Ok(()) }
    }

    fn finish_directory(&mut self) -> Result<(), StorageError> {
        let mut out = Writer::default();
        out.differences(&self.keys);
        self.addresses.iter().for_each(|address| out.number(*address));
        let directory = Part::new(&self.store, self.store.write(out.0)?, self.keys.len());
        self.list.len += self.keys.len();
        self.list.keys.extend(self.keys.first());
        self.list.directories.push(directory);
        self.keys.clear();
        self.addresses.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<List<T>, StorageError> {
        if !self.keys.is_empty() {
            self.finish_directory()?;
        }
        Ok(self.list)
    }
}
