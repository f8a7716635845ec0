//! Dictionaries in a storage.
//!
//! Values stand in pages of [`PAGE`], in the order of their numbers. By hash they are found in runs: pairs of hash and number in the
//! order of the hash, in pages of [`PAIRS`], of which the root has the first hash each. A store of new values adds a run; runs
//! are brought together when the next is not much smaller, so there are few. Exotic values are in no run: all of them are read
//! when a dictionary is opened.

use super::{Dict, Entry, Index, exact_form, tag};
use crate::cell::{Cell, Tag};
use crate::storage::{Address, Reader, StorageError, Store, Writer};
use edn::{PrintOptions, Value};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

const PAGE: u32 = 256;
const PAIRS: usize = 1024;

const STRING: u8 = 1;
const KEYWORD: u8 = 2;
const OTHER: u8 = 3;

/// The hash of a value and its number.
type Pair = (u32, u32);

/// What comes when it is looked at.
struct Lazy<T> {
    address: Address,
    loaded: OnceLock<T>,
}

impl<T> Lazy<T> {
    fn at(address: Address) -> Lazy<T> {
        Lazy { address, loaded: OnceLock::new() }
    }
}

/// The values a restored dictionary begins with.
pub(super) struct Base {
    store: Arc<Store>,
    len: u32,
    pages: Vec<Lazy<Box<[Entry]>>>,
    runs: Vec<BaseRun>,
}

struct BaseRun {
    fences: Vec<u32>,
    pages: Vec<Lazy<Box<[Pair]>>>,
}

/// What of a dictionary is in a storage.
pub(super) struct Written {
    store: Arc<Store>,
    len: u32,
    pages: Vec<Address>,
    runs: Vec<Run>,
    exotic: Vec<u32>,
}

#[derive(Clone, Default)]
struct Run {
    len: u64,
    /// The first hash of each page.
    fences: Vec<u32>,
    pages: Vec<Address>,
}

impl Base {
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn entry(&self, id: u32) -> &Entry {
        let page = &self.pages[(id / PAGE) as usize];
        let entries = page.loaded.get_or_init(|| {
            let len = (self.len - id / PAGE * PAGE).min(PAGE) as usize;
            self.load(page.address, |input| entries(input, len, self.len)).unwrap_or_else(|| {
                let nothing = || Entry { value: Value::Nil, class: None };
                std::iter::repeat_with(nothing).take(len).collect()
            })
        });
        &entries[(id % PAGE) as usize]
    }

    /// What stands at an address; a failure is the store's to tell.
    fn load<T>(&self, at: Address, decode: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<T> {
        let read = self.store.read(at).and_then(|bytes| {
            let mut input = Reader::new(&bytes);
            let decoded = decode(&mut input).filter(|_| input.is_at_end());
            decoded.ok_or_else(|| StorageError::damaged(at, "a page of the dictionary"))
        });
        read.map_err(|error| self.store.fail(error)).ok()
    }

    /// The number of a value that is not exotic.
    pub(super) fn find(&self, value: &Value) -> Option<u32> {
        let hash = value.hasheq();
        self.runs.iter().find_map(|run| {
            // Equal hashes may begin at the end of the page before the first that begins with them.
            let first = run.fences.partition_point(|fence| *fence < hash).saturating_sub(1);
            let pages = run.pages.iter().zip(&run.fences).skip(first);
            pages.take_while(|(_, fence)| **fence <= hash).find_map(|(page, _)| {
                let pairs = page.loaded.get_or_init(|| {
                    let len = self.len;
                    self.load(page.address, |input| pairs(input, len)).unwrap_or_default()
                });
                let from = pairs.partition_point(|(other, _)| *other < hash);
                let same = pairs[from..].iter().take_while(|(other, _)| *other == hash);
                same.map(|(_, id)| *id).find(|id| self.entry(*id).value == *value)
            })
        })
    }
}

fn entries(input: &mut Reader<'_>, len: usize, limit: u32) -> Option<Box<[Entry]>> {
    (0..len).map(|_| entry(input, limit)).collect()
}

fn entry(input: &mut Reader<'_>, limit: u32) -> Option<Entry> {
    let (kind, class, text) = (input.byte()?, input.number()?, input.text()?);
    let value = match kind {
        STRING => Value::string(text),
        KEYWORD => Value::keyword(text),
        OTHER => edn::read(text).ok()?,
        _ => return None,
    };
    let class = match class.checked_sub(1) {
        None => None,
        Some(cell) => Some(Some(Cell(cell)).filter(|cell| match cell.tag() {
            Tag::Int | Tag::Double | Tag::Small => true,
            _ => cell.as_local().is_none() && cell.dict_id() < limit,
        })?),
    };
    Some(Entry { value, class })
}

/// What only a running program has, a function say, cannot be stored.
fn write_entry(out: &mut Writer, entry: &Entry) -> Result<(), StorageError> {
    let class = entry.class.map_or(0, |cell| cell.0 + 1);
    let (kind, text) = match &entry.value {
        Value::Str(s) => (STRING, s.to_string()),
        Value::Keyword(k) => (KEYWORD, k.as_str().to_string()),
        other => {
            let mut text = String::new();
            edn::print_with(
                &mut text,
                other,
                PrintOptions { meta: true, ..PrintOptions::default() },
            );
            if edn::read(&text).as_ref() != Ok(other) {
                return Err(StorageError::Unreadable(text));
            }
            (OTHER, text)
        }
    };
    out.byte(kind);
    out.number(class);
    out.text(&text);
    Ok(())
}

fn pairs(input: &mut Reader<'_>, limit: u32) -> Option<Box<[Pair]>> {
    let len = usize::try_from(input.number()?).ok().filter(|len| *len <= PAIRS)?;
    let (mut hashes, mut ids) = (vec![0; len], vec![0; len]);
    input.differences(&mut hashes)?;
    input.differences(&mut ids)?;
    let sound = ids.iter().all(|id| *id < limit) && hashes.is_sorted();
    sound.then(|| hashes.into_iter().zip(ids).collect())
}

impl Run {
    fn write(pairs: &[Pair], store: &Store) -> Result<Run, StorageError> {
        let mut run = Run { len: pairs.len() as u64, ..Run::default() };
        for page in pairs.chunks(PAIRS) {
            let (hashes, ids): (Vec<u32>, Vec<u32>) = page.iter().copied().unzip();
            let mut out = Writer::default();
            out.number(page.len() as u64);
            out.differences(&hashes);
            out.differences(&ids);
            run.fences.push(page[0].0);
            run.pages.push(store.write(out.0)?);
        }
        Ok(run)
    }

    fn read(&self, store: &Store, limit: u32) -> Result<Vec<Pair>, StorageError> {
        let mut all = Vec::with_capacity(self.len as usize);
        for address in &self.pages {
            let bytes = store.read(*address)?;
            let page = pairs(&mut Reader::new(&bytes), limit);
            let expected = "a page of the dictionary's hashes";
            all.extend(page.ok_or_else(|| StorageError::damaged(*address, expected))?);
        }
        Ok(all)
    }
}

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What is under it is put there whole.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dict {
    /// The storage it is in.
    pub(crate) fn store(&self) -> Option<Arc<Store>> {
        held(&self.stored).as_ref().map(|written| written.store.clone())
    }

    /// Puts it into a storage, where it is in none.
    pub(crate) fn stored_in(&self, store: Arc<Store>) -> Arc<Store> {
        let nothing =
            Written { store, len: 0, pages: Vec::new(), runs: Vec::new(), exotic: Vec::new() };
        held(&self.stored).get_or_insert(nothing).store.clone()
    }

    /// The addresses of its pages.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        let stored = held(&self.stored);
        let runs = stored.iter().flat_map(|written| written.runs.iter().flat_map(|run| &run.pages));
        stored.iter().flat_map(|written| &written.pages).chain(runs).copied().collect()
    }

    /// Writes what the storage does not have yet; the root gets to know where everything is.
    pub(crate) fn write(&self, store: &Arc<Store>, root: &mut Writer) -> Result<(), StorageError> {
        let mut stored = held(&self.stored);
        let Some(written) = stored.as_mut() else { return Ok(()) };
        let len = {
            // Under the lock no value is half added.
            let _index = self.lock();
            self.len()
        };
        self.write_new(written, store, len)?;
        root.number(u64::from(written.len));
        numbers(root, &written.pages);
        root.number(written.runs.len() as u64);
        for run in &written.runs {
            root.number(run.len);
            root.number(run.fences.len() as u64);
            root.differences(&run.fences);
            numbers(root, &run.pages);
        }
        root.number(written.exotic.len() as u64);
        root.differences(&written.exotic);
        Ok(())
    }

    fn write_new(
        &self,
        written: &mut Written,
        store: &Store,
        len: u32,
    ) -> Result<(), StorageError> {
        if written.len == len {
            return Ok(());
        }
        let whole = written.len / PAGE;
        let mut pages = written.pages[..whole as usize].to_vec();
        for start in (whole * PAGE..len).step_by(PAGE as usize) {
            let mut out = Writer::default();
            (start..(start + PAGE).min(len))
                .try_for_each(|id| write_entry(&mut out, self.entry(id)))?;
            pages.push(store.write(out.0)?);
        }
        let (exotic, plain): (Vec<u32>, Vec<u32>) =
            (written.len..len).partition(|id| tag(&self.entry(*id).value) == Tag::Exotic);
        let mut new: Vec<Pair> =
            plain.into_iter().map(|id| (self.entry(id).value.hasheq(), id)).collect();
        let mut runs = written.runs.clone();
        while runs.last().is_some_and(|last| last.len <= 2 * new.len() as u64) {
            if let Some(last) = runs.pop() {
                new.extend(last.read(store, len)?);
            }
        }
        new.sort_unstable();
        if !new.is_empty() {
            runs.push(Run::write(&new, store)?);
        }
        written.pages = pages;
        written.runs = runs;
        written.exotic.extend(exotic);
        written.len = len;
        Ok(())
    }

    /// The dictionary that a root speaks of, and the number that follows it there.
    pub(crate) fn restored(store: &Arc<Store>, input: &mut Reader<'_>) -> Option<(Dict, u64)> {
        let len = u32::try_from(input.number()?).ok()?;
        let pages = read_numbers(input)?;
        let count = input.number()?;
        let mut runs = Vec::new();
        for _ in 0..count {
            let (len, count) = (input.number()?, usize::try_from(input.number()?).ok()?);
            let mut fences = Vec::new();
            input.differences_into(&mut fences, count)?;
            let pages = read_numbers(input).filter(|pages| pages.len() == count)?;
            runs.push(Some(Run { len, fences, pages }).filter(|run| run.fences.is_sorted())?);
        }
        let count = usize::try_from(input.number()?).ok()?;
        let mut exotic = Vec::new();
        input.differences_into(&mut exotic, count)?;
        let next = input.number()?;
        let sound = pages.len() == len.div_ceil(PAGE) as usize && exotic.iter().all(|id| *id < len);
        let base = Base {
            store: store.clone(),
            len,
            pages: pages.iter().map(|address| Lazy::at(*address)).collect(),
            runs: runs
                .iter()
                .map(|run| BaseRun {
                    fences: run.fences.clone(),
                    pages: run.pages.iter().map(|address| Lazy::at(*address)).collect(),
                })
                .collect(),
        };
        let written = Written { store: store.clone(), len, pages, runs, exotic };
        let dict = Dict { base: Some(base), stored: Mutex::new(Some(written)), ..Dict::default() };
        sound.then_some((dict, next))
    }

    /// Reads all exotic values, which are found by their form.
    pub(crate) fn load_exotic(&self, store: &Store) -> Result<(), StorageError> {
        let ids = held(&self.stored).as_ref().map_or_else(Vec::new, |w| w.exotic.clone());
        let mut index = self.lock();
        let Index { exotic, classes, .. } = &mut *index;
        for id in ids {
            let Entry { value, class } = self.entry(id);
            exotic.insert(exact_form(value), id);
            if let Some(class) = class.filter(|class| class.tag() == Tag::Exotic) {
                classes.entry(value.clone()).or_insert(class);
            }
        }
        store.check()
    }
}

fn numbers(out: &mut Writer, numbers: &[u64]) {
    out.number(numbers.len() as u64);
    numbers.iter().for_each(|n| out.number(*n));
}

fn read_numbers(input: &mut Reader<'_>) -> Option<Vec<u64>> {
    let count = input.number()?;
    (0..count).map(|_| input.number()).collect()
}
