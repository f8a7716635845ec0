//! Loading more facts than memory holds into a storage.
//!
//! Facts are gathered until their share of the budget is full. Then their values are interned, they are sorted into the order of each
//! index, and go to a scratch storage as one small tree for each. At the end the trees of each index are merged into one, which goes
//! to the storage node by node. The index of words is made anew from the texts, batch by batch as well.
//!
//! Invariants
//! - The storage has the database as it was until the end, when the root is written. What a loader that did not finish has left there
//!   is garbage ([`crate::collect_garbage`]); while one is at work, no garbage is to be collected.
//! - New values of a batch get their numbers in the order of the values. So merging, which meets the values of each batch in order, reads
//!   the dictionary's pages one after the other, whatever the order in which facts came.
//!
//! Costs: each fact is sorted once within its batch and compared a few times (the logarithm of the number of batches) in each merge.
//! Values of a batch are looked up in the order of their hashes, so that each page of hashes is read once for all of them.

use crate::cell::Cell;
use crate::datom::{Datom, EntityId, Index, Order, TX0};
use crate::db::{Db, DbError, Indexes, RecentAttributes};
use crate::dict::Dict;
use crate::storage::{ROOT, Reader, Storage, StorageError, Store, Writer, restore_within};
use crate::tree::{Builder, Tree, TreeIter};
use edn::Value;
use rayon::prelude::*;
use std::sync::Arc;

/// What a fact takes in memory while its batch is sorted: itself, and what sorting makes of it.
const FACT: usize = 4 * size_of::<Datom>();

/// What a new value takes beside its text.
const VALUE: usize = 96;

/// How many texts are taken apart at a time.
const TEXTS: usize = 4096;

const INDEXES: [Index; 3] = [Index::Eavt, Index::Aevt, Index::Avet];

/// Adds facts to a database in a storage, however many they are.
///
/// ```
/// use db::{Db, Index, Loader, MemoryStorage, Schema, TX0};
/// use edn::Value;
/// use std::sync::Arc;
/// let (storage, scratch) = (Arc::new(MemoryStorage::default()), Arc::new(MemoryStorage::default()));
/// let mut loader = Loader::new(&Db::empty(Schema::default()), storage, scratch, 64 << 20).unwrap();
/// for e in 1..=1000 {
///     loader.add(e, Value::keyword("age"), Value::from(e % 100), TX0 + 1).unwrap();
/// }
/// let db = loader.finish().unwrap();
/// assert_eq!(db.get(777, &Value::keyword("age")), Some(77.into()));
/// ```
pub struct Loader {
    db: Db,
    storage: Arc<dyn Storage>,
    store: Arc<Store>,
    scratch: Arc<Store>,
    /// What a batch may take, and what this one takes.
    batch: usize,
    size: usize,
    recent: RecentAttributes,
    /// The facts of this batch; their cells are those of its own dictionary.
    facts: Vec<Datom>,
    values: Dict,
    /// The trees of the batches before.
    runs: Vec<Indexes>,
}

impl Loader {
    /// Loads into a storage that has this database, or is to have it. `scratch` is another one; what is in it afterwards is of no use.
    /// About `budget` bytes of memory are used. Costs what [`Db::store`] does.
    pub fn new(
        db: &Db,
        storage: Arc<dyn Storage>,
        scratch: Arc<dyn Storage>,
        budget: usize,
    ) -> Result<Loader, DbError> {
        db.store(storage.clone())?;
        let nothing = || StorageError::Missing(ROOT, "the database that was just stored");
        let db = restore_within(storage.clone(), budget / 4)?.ok_or_else(nothing)?;
        let store = db.dict().store().ok_or_else(nothing)?;
        Ok(Loader {
            db,
            storage,
            store,
            scratch: Arc::new(Store::new(scratch, ROOT + 1, budget / 4)),
            batch: budget / 2,
            size: 0,
            recent: RecentAttributes::default(),
            facts: Vec::new(),
            values: Dict::default(),
            runs: Vec::new(),
        })
    }

    /// Adds a fact: entity, attribute, value, transaction. One that is there already stays as it is. As with [`Db::apply`],
    /// nothing is checked: neither uniqueness nor cardinality nor types.
    pub fn add(&mut self, e: EntityId, a: Value, v: Value, tx: EntityId) -> Result<(), DbError> {
        let a = self.recent.intern(&mut self.db, a)?;
        let known = self.values.len();
        let cell = self.values.intern(&v);
        if self.values.len() > known {
            self.size += VALUE + v.as_str().map_or(0, str::len);
        }
        self.size += FACT;
        let fact = Datom { e, a, v: cell, tx, added: true };
        self.db.seen(&fact);
        // A reference may name an entity that nothing is said of; its id is taken all the same.
        let target = cell.as_entity().filter(|e| *e < TX0 && self.db.schema.get(a).is_ref());
        self.db.max_eid = self.db.max_eid.max(target.unwrap_or(0));
        self.facts.push(fact);
        if self.size >= self.batch { self.finish_batch() } else { Ok(()) }
    }

    /// Sorts what was gathered into trees of the scratch storage.
    fn finish_batch(&mut self) -> Result<(), DbError> {
        let cells = self.intern()?;
        let mut facts = std::mem::take(&mut self.facts);
        facts.iter_mut().for_each(|fact| fact.v = cells.of(fact.v));
        self.size = 0;
        let mut run = Indexes::default();
        for index in INDEXES {
            let order = self.db.order(index);
            if index == Index::Avet {
                facts.retain(|d| self.db.schema.get(d.a).is_indexed());
            }
            facts.par_sort_by(|x, y| order.compare(x, y));
            facts.dedup_by(|later, first| order.compare(first, later).is_eq());
            let mut tree = Builder::new(&self.scratch);
            facts.iter().try_for_each(|fact| tree.push(*fact))?;
            *run.tree_mut(index) = tree.finish()?;
        }
        self.runs.push(run);
        // The batch's memory serves the next one.
        facts.clear();
        self.facts = facts;
        Ok(())
    }

    /// Gives the values of this batch their cells, and puts them into the storage.
    fn intern(&mut self) -> Result<Cells, DbError> {
        let values = std::mem::take(&mut self.values);
        let mut by_hash: Vec<(u32, u32)> =
            (0..values.len()).map(|id| (values.value_of(id).hasheq(), id)).collect();
        by_hash.par_sort_unstable();
        let mut cells = vec![Cell::NIL; by_hash.len()];
        let mut new = Vec::new();
        for (_, id) in by_hash {
            let value = values.value_of(id);
            match self.db.dict.find_exactly(&value) {
                Some(cell) => cells[id as usize] = cell,
                None => new.push((value, id)),
            }
        }
        new.par_sort_unstable();
        new.iter().for_each(|(value, id)| cells[*id as usize] = self.db.dict.add(value));
        self.settle_values()?;
        Ok(Cells(cells))
    }

    /// Puts values into the storage. They need not stay in memory then: the dictionary is taken up from there.
    fn settle_values(&mut self) -> Result<(), DbError> {
        let mut root = Writer::default();
        self.db.dict.write(&mut root)?;
        let known = (self.db.schema.len() as u32, self.db.dict.len());
        self.store.know(known.0, known.1);
        self.scratch.know(known.0, known.1);
        let damaged = || StorageError::damaged(ROOT, "a dictionary that was just written");
        let dict = Dict::restored(&self.store, &mut Reader::new(&root.0)).ok_or_else(damaged)?;
        self.db.dict = Arc::new(dict);
        Ok(self.store.check()?)
    }

    /// The database with everything that was added, as the storage has it from now on.
    pub fn finish(mut self) -> Result<Db, DbError> {
        self.finish_batch()?;
        let mut now = Indexes::default();
        for index in INDEXES {
            let runs = self.runs.iter().map(|run| run.tree(index));
            let sources = [self.db.tree(index)].into_iter().chain(runs);
            let order = self.db.order(index);
            *now.tree_mut(index) = merge(sources, &order, &self.store, |first, _| first)?;
        }
        if self.db.schema.has_fulltext() {
            self.db.text = self.words(&now.aevt)?;
        }
        // What could not be read is not taken for what is not there.
        self.scratch.check()?;
        self.store.check()?;
        self.db.now = now.into();
        self.db.store(self.storage)?;
        Ok(self.db)
    }

    /// The index of the words in all texts.
    fn words(&mut self, aevt: &Tree) -> Result<Tree, DbError> {
        let schema = self.db.schema.clone();
        let mut texts =
            aevt.iter(0..aevt.len()).filter(|d| schema.get(d.a).is_fulltext()).peekable();
        let mut runs = Vec::new();
        while texts.peek().is_some() {
            let words = self.db.text_index_of(texts.by_ref().take(TEXTS));
            self.settle_values()?;
            let mut run = Builder::new(&self.scratch);
            words.iter(0..words.len()).try_for_each(|word| run.push(word))?;
            runs.push(run.finish()?);
        }
        let sum =
            |x: Datom, y: Datom| Datom { tx: x.tx.saturating_add(y.tx).min(i32::MAX as u32), ..x };
        Ok(merge(runs.iter(), &self.db.order(Index::Avet), &self.store, sum)?)
    }
}

/// The cells of a batch's values, by their numbers in the batch.
struct Cells(Vec<Cell>);

impl Cells {
    fn of(&self, cell: Cell) -> Cell {
        if cell.is_inline() { cell } else { self.0[cell.dict_id() as usize] }
    }
}

/// What is in any of these trees, as one tree of the storage. Of equal ones, as the trees are ordered, `both` makes one.
fn merge<'a>(
    trees: impl Iterator<Item = &'a Tree>,
    order: &Order<'_>,
    store: &Arc<Store>,
    both: impl Fn(Datom, Datom) -> Datom,
) -> Result<Tree, StorageError> {
    let compare = |x: &(Datom, usize), y: &(Datom, usize)| {
        order.compare(&x.0, &y.0).then_with(|| x.1.cmp(&y.1))
    };
    let mut sources: Vec<TreeIter<'_>> = trees.map(|tree| tree.iter(0..tree.len())).collect();
    // The next of each, the least last.
    let mut heads: Vec<(Datom, usize)> =
        sources.iter_mut().enumerate().filter_map(|(at, s)| Some((s.next()?, at))).collect();
    heads.sort_unstable_by(|x, y| compare(y, x));
    let mut merged = Builder::new(store);
    let mut open: Option<Datom> = None;
    while let Some((datom, at)) = heads.pop() {
        open = match open {
            Some(before) if order.compare(&before, &datom).is_eq() => Some(both(before, datom)),
            before => {
                before.map_or(Ok(()), |before| merged.push(before))?;
                Some(datom)
            }
        };
        let Some(next) = sources[at].next().map(|next| (next, at)) else { continue };
        // Often it comes next again.
        let place = match heads.last() {
            Some(least) if compare(&next, least).is_gt() => {
                heads.partition_point(|head| compare(head, &next).is_gt())
            }
            _ => heads.len(),
        };
        heads.insert(place, next);
    }
    open.map_or(Ok(()), |last| merged.push(last))?;
    merged.finish()
}
