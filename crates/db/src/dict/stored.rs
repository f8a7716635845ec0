//! Dictionaries in a storage.
//!
//! Values stand in pages, in the order of their numbers (`values`). By hash they are found in runs: pairs of hash and number in the
//! order of the hash (`runs`). A store of new values adds a run; runs are brought together when the next is not much smaller, so
//! there are few. Both are lists of pages (`list`): a page is read when it is looked at, and so is the directory that leads to it.
//! The root has a few bytes for each directory.
//!
//! Exotic values are found by the hash of their printed form, and the first of each class also by the hash that equal values share.
//!
//! Costs: opening reads nothing. Finding a value reads a page of each run, and the values of the same hash. Storing costs the
//! new values, and bringing runs together passes through them page by page.

mod list;
mod runs;
mod values;

use self::list::{List, ListWriter};
use self::runs::{Pair, Run};
pub(super) use self::values::Values;
use self::values::write_entry;
use super::{Dict, Entry, exact_form, tag};
use crate::cell::{Cell, Tag};
use crate::storage::{Address, ROOT, Reader, StorageError, Store, Writer};
use edn::Value;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// How many values a page has.
const PAGE: u32 = 128;

/// What of a dictionary is in a storage.
#[derive(Clone)]
pub(super) struct Stored {
    store: Arc<Store>,
    len: u32,
    values: List<Values>,
    runs: Vec<Run>,
}

/// An entry that is being looked at.
pub(super) enum EntryRef<'a> {
    Here(&'a Entry),
    Read(Arc<Values>, usize),
}

/// What stands for an entry that cannot be read.
static NOTHING: Entry = Entry { value: Value::Nil, class: None };

impl Deref for EntryRef<'_> {
    type Target = Entry;

    #[inline]
    fn deref(&self) -> &Entry {
        match self {
            EntryRef::Here(entry) => entry,
            EntryRef::Read(page, at) => page.get(*at).unwrap_or(&NOTHING),
        }
    }
}

/// The hash by which an exotic value of a printed form is found.
fn form_hash(form: &str) -> u32 {
    Value::string(form).hasheq()
}

impl Stored {
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn entry(&self, id: u32) -> EntryRef<'_> {
        let at = (id % PAGE) as usize;
        match self.values.page((id / PAGE) as usize) {
            Some(page) if page.get(at).is_some() => EntryRef::Read(page, at),
            _ => {
                self.store.fail(StorageError::damaged(ROOT, "a root whose values are all there"));
                EntryRef::Here(&NOTHING)
            }
        }
    }

    fn candidate(&self, hash: u32, is_it: impl Fn(u32, &Entry) -> bool) -> Option<u32> {
        let is_it = |id: u32| id < self.len && is_it(id, &self.entry(id));
        self.runs.iter().find_map(|run| run.find(hash, is_it))
    }

    /// The number of a value that is not exotic.
    pub(super) fn find(&self, value: &Value) -> Option<u32> {
        self.candidate(value.hasheq(), |_, entry| entry.class.is_none() && entry.value == *value)
    }

    /// The number of the exotic value that prints so.
    pub(super) fn find_form(&self, form: &str) -> Option<u32> {
        self.candidate(form_hash(form), |_, entry| {
            entry.class.is_some() && exact_form(&entry.value) == form
        })
    }

    /// The first exotic value that is `=` to this one.
    pub(super) fn find_class(&self, value: &Value) -> Option<Cell> {
        let first = |id| Cell::dict(Tag::Exotic, id);
        let found = self.candidate(value.hasheq(), |id, entry| {
            entry.class == Some(first(id)) && entry.value == *value
        });
        found.map(first)
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is under it is put there whole.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dict {
    /// The storage it is in.
    pub(crate) fn store(&self) -> Option<Arc<Store>> {
        self.stored.get().map(|stored| held(stored).store.clone())
    }

    /// Puts it into a storage, where it is in none.
    pub(crate) fn stored_in(&self, store: Arc<Store>) -> Arc<Store> {
        let nothing = Stored { store, len: 0, values: List::default(), runs: Vec::new() };
        held(self.stored.get_or_init(|| Mutex::new(nothing))).store.clone()
    }

    /// The addresses of its pages.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        let mut addresses = Vec::new();
        if let Some(stored) = self.stored.get() {
            let stored = held(stored);
            stored.values.addresses(&mut addresses);
            stored.runs.iter().for_each(|run| run.addresses(&mut addresses));
        }
        addresses
    }

    /// Writes what the storage does not have yet; the root gets to know where everything is.
    pub(crate) fn write(&self, root: &mut Writer) -> Result<(), StorageError> {
        let Some(stored) = self.stored.get() else { return Ok(()) };
        let mut stored = held(stored);
        let len = {
            // Under the lock no value is half added.
            let _index = self.lock();
            self.len()
        };
        if stored.len < len {
            *stored = self.with_new(&stored, len)?;
        }
        root.number(u64::from(stored.len));
        stored.values.write(root);
        root.number(stored.runs.len() as u64);
        stored.runs.iter().for_each(|run| run.write(root));
        Ok(())
    }

    fn with_new(&self, before: &Stored, len: u32) -> Result<Stored, StorageError> {
        let store = &before.store;
        let whole = before.len / PAGE;
        let mut values = ListWriter::after(store, &before.values, whole as usize)?;
        for start in (whole * PAGE..len).step_by(PAGE as usize) {
            let mut out = Writer::default();
            (start..(start + PAGE).min(len))
                .try_for_each(|id| write_entry(&mut out, &self.entry(id)))?;
            values.push(start, out.0)?;
        }
        let mut new: Vec<Pair> = Vec::with_capacity((len - before.len) as usize);
        for id in before.len..len {
            let entry = self.entry(id);
            if tag(&entry.value) == Tag::Exotic {
                new.push((form_hash(&exact_form(&entry.value)), id));
            }
            if entry.class.is_none_or(|class| class == Cell::dict(Tag::Exotic, id)) {
                new.push((entry.value.hasheq(), id));
            }
        }
        new.sort_unstable();
        let mut runs = before.runs.clone();
        let (mut size, mut smaller) = (new.len() as u64, Vec::new());
        while let Some(last) = runs.pop_if(|last| last.len() <= 2 * size) {
            size += last.len();
            smaller.push(last);
        }
        runs.push(Run::merged(store, new, &smaller)?);
        Ok(Stored { store: store.clone(), len, values: values.finish()?, runs })
    }

    /// The dictionary that a root speaks of.
    pub(crate) fn restored(store: &Arc<Store>, input: &mut Reader<'_>) -> Option<Dict> {
        let len = u32::try_from(input.number()?).ok()?;
        let values = List::read(store, input)?;
        let count = input.number()?;
        let runs = (0..count).map(|_| Run::read(store, input)).collect::<Option<Vec<Run>>>()?;
        if values.len() != len.div_ceil(PAGE) as usize {
            return None;
        }
        let stored = Stored { store: store.clone(), len, values, runs };
        let base = Some(stored.clone());
        Some(Dict { base, stored: OnceLock::from(Mutex::new(stored)), ..Dict::default() })
    }
}
