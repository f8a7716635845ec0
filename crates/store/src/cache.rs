//! A log's state, kept beside the log so that opening it again, to read or to write, needs no replay of what was there before.
//!
//! The cache is a folder that can be deleted at any time:
//!
//! | file | what |
//! |---|---|
//! | `current` | what is kept, of which part of the log, and the database's root; replaced as a whole (`current`) |
//! | `UUID/nodes`, `UUID/table` | the database, node by node (`shelf`) |
//! | `UUID/origins` | where entities and transactions come from (`origins`) |
//! | `lock` | held by who writes to the cache; who does not get it leaves the cache as it is |
//!
//! Where the log begins with the bytes that the cache is of, the state is the cached one after the transactions behind them (the tail).
//! It does so if it is the file that was last found to (`stamp`: length, times of change, i-node, a checksum of its end), else if the
//! checksum over all those bytes is the same: a log that was changed so shortly before it was looked at that its times could be those
//! of a later change too has no stamp, nor has one that could not be flushed when it was looked at.
//!
//! Invariants
//! - A state out of the cache is what replaying the whole log gives, and goes on to be. A property test says so over random histories.
//! - What the tail alone cannot tell (damage, transactions between others that are there, parents that are nowhere) is replayed whole.
//! - Everything has a checksum. Damage in `current` or `origins` makes a cache that is none. Nodes are read when they are looked at:
//!   damage in them is told by [`Db::check_storage`], and nothing that was made with it is written to the log.
//! - What `current` leads to never changes; a longer log's state is written behind it. A pack that was grown to a multiple of what it
//!   was is given up for a new one.
//! - A cache that cannot be read or written is no error.
//!
//! Costs: to read, the root; a checksum over the log once after each change of it; the tail. To write, the origins besides: some forty bytes
//! a transaction.

mod current;
mod origins;
mod shelf;

use crate::error::StoreError;
use crate::file::read_all;
use crate::files::System;
use crate::flushed;
use crate::read::{Inspection, inspect, inspect_whole};
use crate::replay::Replayed;
use crate::seen::Heads;
use crate::stamp::Looked;
use current::{Current, Part};
use db::{Db, restore};
use shelf::Shelf;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A tail of so many bytes, or of such a part of what is cached, is brought into the cache: it costs its length to read, each time.
const TAIL: u64 = 64 << 10;
const TAIL_PART: u64 = 4;

/// A pack may grow to so many times what it was when it was new.
const GROWTH: u64 = 4;

/// A database made of a log, and whether the log's end never became a transaction.
pub struct Opened {
    /// The database.
    pub db: Db,
    /// Whether something at the log's end was left out.
    pub is_torn: bool,
}

/// The database of a log: out of the cache as far as that has it, else by replay, after which the cache has it.
///
/// ```
/// use store::{Connection, TxInfo, open_cached};
/// let folder = tempfile::tempdir().unwrap();
/// let (log, cache) = (folder.path().join("log.edn"), folder.path().join("cache"));
/// let connection = Connection::create(&log, &edn::Map::new(), &TxInfo::default()).unwrap();
/// connection.transact(&edn::read("[{:name \"Ivan\"}]").unwrap(), &TxInfo::default()).unwrap();
/// assert_eq!(open_cached(&log, &cache).unwrap().db.get(1, &edn::Value::keyword("name")), Some("Ivan".into()));
/// ```
pub fn open_cached(log: &Path, cache: &Path) -> Result<Opened, StoreError> {
    let looked = Looked::at(log);
    if let Some(db) = looked.as_ref().and_then(|looked| cached_db(cache, looked)) {
        return Ok(Opened { db, is_torn: false });
    }
    let bytes = read_all(&System, log)?;
    let inspection = inspect_whole(&bytes, flushed::of(log));
    let Inspection { is_torn, .. } = inspection;
    let state = inspection.replay(log)?;
    if !is_torn {
        keep(cache, &state, &bytes, looked.as_ref());
    }
    Ok(Opened { db: state.db, is_torn })
}

/// The state of a log; `None` where it has to be replayed.
pub(crate) fn cached_state(cache: &Path, looked: &Looked) -> Option<Replayed> {
    Cached::open(cache)?.state(looked)
}

fn cached_db(cache: &Path, looked: &Looked) -> Option<Db> {
    let cached = Cached::open(cache)?;
    match cached.is_of(looked) && cached.current.log.length == looked.length {
        true => Some(cached.db),
        false => cached.state(looked).map(|state| state.db),
    }
}

/// Keeps the state of a log's bytes. A cache that cannot be written is none.
pub(crate) fn keep(cache: &Path, state: &Replayed, bytes: &[u8], looked: Option<&Looked>) {
    // The tail begins at the beginning of a line.
    if bytes.last().is_some_and(|last| *last == b'\n') {
        let _ = written(cache, state, bytes, looked);
    }
}

fn written(
    cache: &Path,
    state: &Replayed,
    bytes: &[u8],
    looked: Option<&Looked>,
) -> std::io::Result<()> {
    fs::create_dir_all(cache)?;
    let Some(_lock) = lock(cache) else { return Ok(()) };
    let log = Part::of(bytes);
    // What was read may be more than what was looked at.
    let same = looked.filter(|looked| looked.length == log.length);
    let pack = uuid::Uuid::new_v4().to_string();
    let folder = cache.join(&pack);
    let made = whole(&folder, state).and_then(|(root, origins, size)| {
        let stamp = same.and_then(|looked| looked.lasting_stamp());
        let conflicts = state.conflicts.topics().cloned().collect();
        Current { pack: pack.clone(), log, stamp, origins, size, conflicts, root }.put(cache)
    });
    let leave = if made.is_ok() { pack.as_str() } else { "" };
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        if entry.path().is_dir() && entry.file_name() != leave {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    made
}

/// A new pack of a state: the root, the origins, and its size.
fn whole(folder: &Path, state: &Replayed) -> std::io::Result<(Vec<u8>, Part, u64)> {
    let shelf = Arc::new(Shelf::create(folder)?);
    state.db.store(shelf.clone()).map_err(std::io::Error::other)?;
    let origins = origins::append(folder, Part::default(), &state.births, 0)?;
    Ok((shelf.root(), origins, shelf.size()?))
}

/// The lock of a cache, where nobody has it.
fn lock(cache: &Path) -> Option<File> {
    let file = File::create(cache.join("lock")).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

/// What a cache has.
struct Cached {
    cache: PathBuf,
    current: Current,
    shelf: Arc<Shelf>,
    db: Db,
}

impl Cached {
    fn open(cache: &Path) -> Option<Cached> {
        let current = Current::get(cache)?;
        let shelf = Arc::new(Shelf::open(&cache.join(&current.pack), current.root.clone()).ok()?);
        if shelf.size().ok()? > current.size.saturating_mul(GROWTH) {
            return None;
        }
        let db = restore(shelf.clone()).ok()??;
        Some(Cached { cache: cache.to_owned(), current, shelf, db })
    }

    /// Whether a log is the very file that was found to begin with what is cached.
    fn is_of(&self, looked: &Looked) -> bool {
        looked.stamp.is_some() && looked.stamp == self.current.stamp
    }

    /// The state of a log; `None` where it has to be replayed.
    fn state(mut self, looked: &Looked) -> Option<Replayed> {
        let Part { length, crc } = self.current.log;
        let begins_so = self.is_of(looked) || looked.crc_of(length).ok()? == Some(crc);
        let tail = if begins_so { looked.tail(length).ok()?? } else { return None };
        let folder = self.cache.join(&self.current.pack);
        let births = origins::read(&folder, self.current.origins)?;
        let known = births.transactions().len();
        let mut state = Replayed {
            db: self.db.clone(),
            conflicts: self.current.conflicts.iter().cloned().collect(),
            heads: Heads::of(&births),
            births,
        };
        let found = inspect(&tail);
        let is_whole = found.damage.is_empty() && tail.last().is_none_or(|byte| *byte == b'\n');
        if !is_whole || !state.leads_to(&found) {
            return None;
        }
        state.go_on(&found).ok()?;
        state.db.check_storage().ok()?;
        let is_long = tail.len() as u64 >= TAIL.min(length / TAIL_PART).max(1);
        let is_news = !self.is_of(looked) && looked.stamp.is_some();
        if is_long || is_news {
            let behind = if is_long { &tail[..] } else { &[] };
            // A cache that cannot be written is as it was.
            let _ = self.grow(&folder, &state, known, behind, looked);
        }
        Some(state)
    }

    /// Brings what was found out about a log into the cache, and what stands in it behind what is cached.
    fn grow(
        &mut self,
        folder: &Path,
        state: &Replayed,
        known: usize,
        tail: &[u8],
        looked: &Looked,
    ) -> std::io::Result<()> {
        let Some(_lock) = lock(&self.cache) else { return Ok(()) };
        let there = Current::get(&self.cache);
        if !there
            .is_some_and(|there| (&there.pack, there.log) == (&self.current.pack, self.current.log))
        {
            return Ok(());
        }
        self.current.stamp = looked.lasting_stamp();
        if !tail.is_empty() {
            state.db.store(self.shelf.clone()).map_err(std::io::Error::other)?;
            let current = &mut self.current;
            current.origins = origins::append(folder, current.origins, &state.births, known)?;
            current.conflicts = state.conflicts.topics().cloned().collect();
            current.root = self.shelf.root();
            current.log = current.log.and(tail);
        }
        self.current.put(&self.cache)
    }
}
