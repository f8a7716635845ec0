//! Runs: pairs of a hash and a number, in order, by which values are found.

use super::list::{List, ListWriter};
use crate::storage::{Address, Part, Reader, Record, StorageError, Store, Writer};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem::size_of;
use std::sync::Arc;

/// How many pairs a page has.
const PAIRS: usize = 1024;

/// The hash of a value and its number.
pub(super) type Pair = (u32, u32);

/// A page of pairs in order.
pub(super) struct Pairs(Box<[Pair]>);

/// See the module.
#[derive(Clone)]
pub(super) struct Run {
    len: u64,
    list: List<Pairs>,
}

impl Run {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The first number of a hash that is the right one.
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.list.around(hash).find_map(|page| {
            let from = page.0.partition_point(|(other, _)| *other < hash);
            let same = page.0[from..].iter().take_while(|(other, _)| *other == hash);
            same.map(|(_, id)| *id).find(|id| is_it(*id))
        })
    }

    fn pairs(&self) -> impl Iterator<Item = Pair> + '_ {
        self.list.pages().flat_map(|page| (0..page.0.len()).map(move |i| page.0[i]))
    }

    /// One run of new pairs, which are in order, and of what others have. A page of each is in memory at a time.
    pub(super) fn merged(
        store: &Arc<Store>,
        new: Vec<Pair>,
        others: &[Run],
    ) -> Result<Run, StorageError> {
        let mut sources: Vec<Box<dyn Iterator<Item = Pair> + '_>> = vec![Box::new(new.into_iter())];
        sources.extend(others.iter().map(|run| Box::new(run.pairs()) as Box<_>));
        let first = |(at, source): (usize, &mut Box<dyn Iterator<Item = Pair> + '_>)| {
            source.next().map(|pair| Reverse((pair, at)))
        };
        let mut heads: BinaryHeap<_> = sources.iter_mut().enumerate().filter_map(first).collect();
        let mut writer = RunWriter::new(store)?;
        while let Some(Reverse((pair, at))) = heads.pop() {
            writer.push(pair)?;
            heads.extend(sources[at].next().map(|pair| Reverse((pair, at))));
        }
        // What could not be read is not taken for what is not there.
        store.check()?;
        writer.finish()
    }

    pub(super) fn addresses(&self, addresses: &mut Vec<Address>) {
        self.list.addresses(addresses);
    }

    /// Tells a root of it.
    pub(super) fn write(&self, root: &mut Writer) {
        root.number(self.len);
        self.list.write(root);
    }

    pub(super) fn read(store: &Arc<Store>, root: &mut Reader<'_>) -> Option<Run> {
        Some(Run { len: root.number()?, list: List::read(store, root)? })
    }
}

impl Record for Pairs {
    const WHAT: &'static str = "a page of the dictionary's hashes";

    fn decode(input: &mut Reader<'_>, _: &Part<Self>) -> Option<Self> {
        let len = usize::try_from(input.number()?).ok().filter(|len| *len <= PAIRS)?;
        let (mut hashes, mut ids) = (vec![0; len], vec![0; len]);
        input.differences(&mut hashes)?;
        input.differences(&mut ids)?;
        hashes.is_sorted().then(|| Pairs(hashes.into_iter().zip(ids).collect()))
    }

    fn missing(_: usize) -> Self {
        Pairs(Box::default())
    }

    fn size(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.0)
    }
}

struct RunWriter {
    len: u64,
    list: ListWriter<Pairs>,
    page: Vec<Pair>,
}

impl RunWriter {
    fn new(store: &Arc<Store>) -> Result<RunWriter, StorageError> {
        let list = ListWriter::after(store, &List::default(), 0)?;
        Ok(RunWriter { len: 0, list, page: Vec::with_capacity(PAIRS) })
    }

    fn push(&mut self, pair: Pair) -> Result<(), StorageError> {
        self.page.push(pair);
        if self.page.len() == PAIRS { self.finish_page() } else { Ok(()) }
    }

    fn finish_page(&mut self) -> Result<(), StorageError> {
        let (hashes, ids): (Vec<u32>, Vec<u32>) = self.page.iter().copied().unzip();
        let mut out = Writer::default();
        out.number(self.page.len() as u64);
        out.differences(&hashes);
        out.differences(&ids);
        self.list.push(hashes[0], out.0)?;
        self.len += self.page.len() as u64;
        self.page.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Run, StorageError> {
        if !self.page.is_empty() {
            self.finish_page()?;
        }
        Ok(Run { len: self.len, list: self.list.finish()? })
    }
}
