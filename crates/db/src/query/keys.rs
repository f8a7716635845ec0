//! Rows by the cells of some columns: which are the same, and where each is.
//!
//! Most columns hold one kind of cell, numbers or places in a dictionary that lie close together. Then all cells of a row's key fit
//! into one number, and a table of numbers, or of bits, tells rows apart without looking at the rows again. Other keys are hashed
//! cell by cell. A few rows are compared with one another.

use super::sift::{BLOCK, sift};
use crate::cell::Cell;
use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;
use std::ops::Range;

/// So few rows are compared each with each.
const FEW: usize = 12;

/// A place in a table that holds nothing.
const END: u32 = u32::MAX;

pub(super) fn hash_cells(cells: impl Iterator<Item = Cell>) -> u64 {
    let mut hasher = FxHasher::default();
    for cell in cells {
        hasher.write_u64(cell.0);
    }
    hasher.finish()
}

/// Columns of cells as one number a row.
struct Packing {
    columns: Vec<Packed>,
    bits: u32,
}

/// A column as a part of that number.
struct Packed {
    lowest: i64,
    /// How far the highest is from the lowest.
    span: u64,
    shift: u32,
}

impl Packing {
    /// `None` where a column mixes kinds, or the number would not fit.
    fn of(columns: &[&[Cell]]) -> Option<Packing> {
        let mut packing = Packing { columns: Vec::with_capacity(columns.len()), bits: 0 };
        for column in columns {
            let first = column.first()?;
            let (mut low, mut high, mut differ) = (i64::MAX, i64::MIN, 0);
            for cell in *column {
                low = low.min(cell.in_order());
                high = high.max(cell.in_order());
                differ |= cell.0 ^ first.0;
            }
            if differ & 7 != 0 {
                return None;
            }
            let span = (high.wrapping_sub(low) as u64) >> 3;
            let bits = u64::BITS - span.leading_zeros();
            packing.columns.push(Packed { lowest: low, span, shift: packing.bits });
            packing.bits += bits;
            // One number must be left that stands for none.
            if packing.bits >= u64::BITS {
                return None;
            }
        }
        Some(packing)
    }

    /// How many numbers there may be.
    fn size(&self) -> Option<usize> {
        (self.bits < 32).then(|| match self.columns.as_slice() {
            [only] => only.span as usize + 1,
            _ => 1 << self.bits,
        })
    }

    /// The numbers of other rows; [`Numbers::NONE`] where one has a cell that is none of the packed ones.
    #[inline]
    fn of_block(&self, columns: &[&[Cell]], rows: Range<usize>, keys: &mut [u64; BLOCK]) {
        keys.fill(0);
        for (packed, column) in self.columns.iter().zip(columns) {
            for (key, cell) in keys.iter_mut().zip(&column[rows.clone()]) {
                let above = cell.in_order().wrapping_sub(packed.lowest) as u64;
                let wrong = (above >> 3 > packed.span) | (above & 7 != 0);
                *key |= ((above >> 3) << packed.shift) | u64::from(wrong).wrapping_neg();
            }
        }
    }

    /// The numbers of rows that were packed.
    fn of_all(&self, columns: &[&[Cell]]) -> Vec<u64> {
        let mut keys = vec![0; columns.first().map_or(0, |c| c.len())];
        for (packed, column) in self.columns.iter().zip(columns) {
            for (key, cell) in keys.iter_mut().zip(*column) {
                let above = cell.in_order().wrapping_sub(packed.lowest) as u64;
                *key |= (above >> 3) << packed.shift;
            }
        }
        keys
    }
}

/// A table of numbers, each with a row where rows are asked for.
struct Numbers {
    keys: Vec<u64>,
    rows: Vec<u32>,
    /// Bits for the numbers that are there: small enough to stay near the processor, so that most of what is not there is known
    /// without a look at the table.
    bits: Vec<u64>,
    shift: u32,
    seed: u64,
}

impl Numbers {
    const NONE: u64 = u64::MAX;

    /// Room for so many.
    fn with_room(len: usize) -> Numbers {
        let size = (len * 2).next_power_of_two().max(64);
        Numbers {
            keys: vec![Numbers::NONE; size],
            rows: Vec::new(),
            bits: Vec::new(),
            shift: u64::BITS - size.trailing_zeros(),
            // What comes from outside must not know where its numbers go.
            seed: crate::random::bits() | 1,
        }
    }

    fn with_rows(len: usize) -> Numbers {
        let numbers = Numbers::with_room(len);
        Numbers { rows: vec![END; numbers.keys.len()], ..numbers }
    }

    #[inline]
    fn hash(&self, key: u64) -> u64 {
        let product = u128::from(key ^ 0x9e37_79b9_7f4a_7c15) * u128::from(self.seed);
        (product >> 64) as u64 ^ product as u64
    }

    /// The place of a number, or the free one where it would be.
    #[inline]
    fn place(&self, key: u64) -> usize {
        let mut place = (self.hash(key) >> self.shift) as usize;
        while self.keys[place] != key && self.keys[place] != Numbers::NONE {
            place = (place + 1) & (self.keys.len() - 1);
        }
        place
    }

    /// Sets the bits of these numbers: some eight for each.
    fn mark(&mut self, keys: &[u64]) {
        self.bits = vec![0; self.keys.len() / 16];
        for key in keys {
            let (word, bit) = self.bit(*key);
            self.bits[word] |= bit;
        }
    }

    #[inline]
    fn bit(&self, key: u64) -> (usize, u64) {
        let hash = self.hash(key);
        ((hash as usize / 64) & (self.bits.len() - 1), 1 << (hash % 64))
    }

    /// Whether a number may be there.
    #[inline]
    fn may_have(&self, key: u64) -> bool {
        let (word, bit) = self.bit(key);
        self.bits[word] & bit != 0 && key != Numbers::NONE
    }
}

/// The rows of these columns that are not the same as an earlier one; `None` where that is all.
pub(super) fn distinct_rows(columns: &[&[Cell]]) -> Option<Vec<u32>> {
    let len = columns.first().map_or(0, |c| c.len());
    // No two rows have the same cell in a column that ascends.
    if columns.iter().any(|column| column.is_sorted_by(|a, b| a < b)) {
        return None;
    }
    let mut kept = Vec::with_capacity(len);
    if len <= FEW {
        for row in 0..len {
            let same = |other: usize| columns.iter().all(|c| c[other] == c[row]);
            if !(0..row).any(same) {
                kept.push(row as u32);
            }
        }
    } else if let Some(packing) = Packing::of(columns) {
        distinct_numbers(&packing, columns, &mut kept);
    } else {
        distinct_cells(columns, &mut kept);
    }
    (kept.len() < len).then_some(kept)
}

fn distinct_numbers(packing: &Packing, columns: &[&[Cell]], kept: &mut Vec<u32>) {
    let keys = packing.of_all(columns);
    if let Some(size) = packing.size().filter(|size| *size <= keys.len() * 64 + 4096) {
        let mut seen = vec![0u64; size / 64 + 1];
        for (row, key) in keys.iter().enumerate() {
            let (word, bit) = (&mut seen[(key / 64) as usize], 1 << (key % 64));
            if *word & bit == 0 {
                *word |= bit;
                kept.push(row as u32);
            }
        }
        return;
    }
    let mut numbers = Numbers::with_room(keys.len());
    for (row, key) in keys.iter().enumerate() {
        let place = numbers.place(*key);
        if numbers.keys[place] == Numbers::NONE {
            numbers.keys[place] = *key;
            kept.push(row as u32);
        }
    }
}

fn distinct_cells(columns: &[&[Cell]], kept: &mut Vec<u32>) {
    let len = columns.first().map_or(0, |c| c.len());
    let mut seen: HashTable<u32> = HashTable::with_capacity(len.min(1 << 16));
    let hash = |row: u32| hash_cells(columns.iter().map(|c| c[row as usize]));
    for row in 0..len as u32 {
        let hashed = hash(row);
        let same = |other: &u32| columns.iter().all(|c| c[*other as usize] == c[row as usize]);
        if seen.find(hashed, same).is_none() {
            seen.insert_unique(hashed, row, |r| hash(*r));
            kept.push(row);
        }
    }
}

/// Which group each row is of, rows with the same cells being one, and the first row of each.
pub(super) fn groups(columns: &[&[Cell]], len: usize) -> (Vec<u32>, Vec<u32>) {
    let mut firsts = Vec::new();
    if columns.is_empty() {
        firsts.extend((len > 0).then_some(0));
        return (vec![0; len], firsts);
    }
    let mut group = |known: u32, row: usize| match known {
        END => {
            firsts.push(row as u32);
            firsts.len() as u32 - 1
        }
        known => known,
    };
    let mut of = Vec::with_capacity(len);
    match Packing::of(columns) {
        Some(packing) if packing.size().is_some_and(|size| size <= len * 8 + 1024) => {
            let mut groups = vec![END; packing.size().unwrap_or_default()];
            for (row, key) in packing.of_all(columns).into_iter().enumerate() {
                let known = &mut groups[key as usize];
                *known = group(*known, row);
                of.push(*known);
            }
        }
        Some(packing) => {
            let mut numbers = Numbers::with_rows(len);
            for (row, key) in packing.of_all(columns).into_iter().enumerate() {
                let place = numbers.place(key);
                numbers.keys[place] = key;
                let known = group(numbers.rows[place], row);
                numbers.rows[place] = known;
                of.push(known);
            }
        }
        None => {
            let mut known: FxHashMap<Vec<Cell>, u32> = FxHashMap::default();
            for row in 0..len {
                let known = known.entry(columns.iter().map(|c| c[row]).collect()).or_insert(END);
                *known = group(*known, row);
                of.push(*known);
            }
        }
    }
    (of, firsts)
}

/// Whether rows stand so often more than once that it is worth to keep one of each: judged by all rows of some keys.
pub(super) fn repeat_often(columns: &[&[Cell]]) -> bool {
    const OF_SO_MANY: u64 = 64;
    let len = columns.first().map_or(0, |c| c.len());
    if len < 4096 {
        return true;
    }
    let mut sample = vec![Vec::new(); columns.len()];
    for row in 0..len {
        let hashed = hash_cells(columns.iter().map(|c| c[row]));
        if (hashed >> 40) % OF_SO_MANY == 0 {
            sample.iter_mut().zip(columns).for_each(|(s, c)| s.push(c[row]));
        }
    }
    let sampled: Vec<&[Cell]> = sample.iter().map(Vec::as_slice).collect();
    let all = sampled.first().map_or(0, |c| c.len());
    // Too few keys say nothing.
    all < 32 || distinct_rows(&sampled).is_some_and(|kept| kept.len() * 5 < all * 4)
}

/// Rows by the cells of some columns.
pub(super) struct KeyIndex<'a> {
    keys: Vec<&'a [Cell]>,
    heads: Heads,
    /// The next row with the same key; [`END`] after the last.
    next: Vec<u32>,
}

enum Heads {
    /// One row, or a few: looked through.
    Few,
    /// Numbers that lie close together: rows by number.
    Near(Packing, Vec<u32>),
    Numbers(Packing, Numbers),
    Hashed(HashTable<u32>),
}

impl<'a> KeyIndex<'a> {
    pub(super) fn new(keys: Vec<&'a [Cell]>) -> KeyIndex<'a> {
        let len = keys.first().map_or(0, |k| k.len());
        let mut next = vec![END; len];
        let heads = match Packing::of(&keys) {
            _ if len <= FEW => Heads::Few,
            Some(packing) if packing.size().is_some_and(|size| size <= len * 8 + 1024) => {
                let mut rows = vec![END; packing.size().unwrap_or_default()];
                for (row, key) in packing.of_all(&keys).into_iter().enumerate().rev() {
                    next[row] = std::mem::replace(&mut rows[key as usize], row as u32);
                }
                Heads::Near(packing, rows)
            }
            Some(packing) => {
                let mut numbers = Numbers::with_rows(len);
                let packed = packing.of_all(&keys);
                for (row, key) in packed.iter().enumerate().rev() {
                    let place = numbers.place(*key);
                    numbers.keys[place] = *key;
                    next[row] = std::mem::replace(&mut numbers.rows[place], row as u32);
                }
                numbers.mark(&packed);
                Heads::Numbers(packing, numbers)
            }
            None => Heads::Hashed(hashed(&keys, &mut next)),
        };
        KeyIndex { keys, heads, next }
    }

    /// Calls `each` with the rows of other columns and, for each, the rows whose key is theirs, in order; until it is `false`.
    pub(super) fn matches(&self, probe: &[&[Cell]], mut each: impl FnMut(u32, u32) -> bool) {
        let len = probe.first().map_or(0, |p| p.len());
        for start in (0..len).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(len);
            if !self.matches_of(probe, rows, &mut each) {
                return;
            }
        }
    }

    #[inline]
    fn matches_of(
        &self,
        probe: &[&[Cell]],
        rows: Range<usize>,
        each: &mut impl FnMut(u32, u32) -> bool,
    ) -> bool {
        let mut keys = [0; BLOCK];
        let mut chain = |row: usize, mut found: u32| {
            while found != END {
                if !each(row as u32, found) {
                    return false;
                }
                found = self.next[found as usize];
            }
            true
        };
        match &self.heads {
            Heads::Few => rows.into_iter().all(|row| {
                let same = |at: usize| self.keys.iter().zip(probe).all(|(k, p)| k[at] == p[row]);
                let mut found = (0..self.next.len()).filter(|at| same(*at));
                found.all(|at| each(row as u32, at as u32))
            }),
            Heads::Near(packing, heads) => {
                packing.of_block(probe, rows.clone(), &mut keys);
                let head = |key: &u64| heads.get(*key as usize).copied().unwrap_or(END);
                rows.zip(&keys).all(|(row, key)| chain(row, head(key)))
            }
            Heads::Numbers(packing, numbers) => {
                packing.of_block(probe, rows.clone(), &mut keys);
                let mut whole = true;
                sift(
                    &keys[..rows.len()],
                    |_, key| numbers.may_have(*key),
                    |_, places| {
                        for place in places {
                            let at = usize::from(*place);
                            let found = numbers.rows[numbers.place(keys[at])];
                            whole = whole && chain(rows.start + at, found);
                        }
                    },
                );
                whole
            }
            Heads::Hashed(table) => rows.into_iter().all(|row| {
                let hashed = hash_cells(probe.iter().map(|p| p[row]));
                let same = |head: &u32| {
                    self.keys.iter().zip(probe).all(|(k, p)| k[*head as usize] == p[row])
                };
                chain(row, table.find(hashed, same).copied().unwrap_or(END))
            }),
        }
    }
}

/// Rows by their cells, those with the same cells chained.
fn hashed(keys: &[&[Cell]], next: &mut [u32]) -> HashTable<u32> {
    let mut table: HashTable<u32> = HashTable::with_capacity(next.len());
    let hash = |row: u32| hash_cells(keys.iter().map(|k| k[row as usize]));
    for row in (0..next.len() as u32).rev() {
        let hashed = hash(row);
        let same = |head: &u32| keys.iter().all(|k| k[*head as usize] == k[row as usize]);
        match table.find_mut(hashed, same) {
            Some(head) => next[row as usize] = std::mem::replace(head, row),
            None => {
                table.insert_unique(hashed, row, |r| hash(*r));
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Tag;
    use edn::Value;
    use proptest::prelude::*;

    /// Columns of one length whose cells lie near one another, far apart, or are of several kinds.
    fn columns() -> impl Strategy<Value = Vec<Vec<Cell>>> {
        let cell = |n: i64| Cell::inline(&Value::Int(n)).unwrap();
        (1..4usize, 0..300usize, 0..3usize).prop_flat_map(move |(width, len, kind)| {
            let column = move |numbers: Vec<i64>| -> Vec<Cell> {
                let of = |n: i64| match kind {
                    0 => cell(n),
                    1 => cell(n * 1_000_003 - 7),
                    _ if n % 3 == 0 => Cell::dict(Tag::String, n as u32),
                    _ => cell(n),
                };
                numbers.into_iter().map(of).collect()
            };
            let numbers = prop::collection::vec(0..12i64, len..=len);
            prop::collection::vec(numbers.prop_map(column), width..=width)
        })
    }

    proptest! {
        #[test]
        fn rows_are_the_same_where_their_cells_are(
            columns in columns(),
            others in columns(),
        ) {
            let slices: Vec<&[Cell]> = columns.iter().map(Vec::as_slice).collect();
            let len = slices[0].len();
            let same = |x: usize, y: usize| slices.iter().all(|c| c[x] == c[y]);
            let first = |row: usize| (0..row).find(|x| same(*x, row)).unwrap_or(row);
            let kept: Vec<u32> = (0..len).filter(|r| first(*r) == *r).map(|r| r as u32).collect();
            let all: Vec<u32> = (0..len as u32).collect();
            prop_assert_eq!(&distinct_rows(&slices).unwrap_or(all), &kept);
            let (of, firsts) = groups(&slices, len);
            prop_assert_eq!(&firsts, &kept);
            prop_assert!((0..len).all(|r| firsts[of[r] as usize] as usize == first(r)));

            let probe: Vec<&[Cell]> =
                (0..slices.len()).map(|i| others[i % others.len()].as_slice()).collect();
            let is_match = |x: usize, y: usize| slices.iter().zip(&probe).all(|(c, p)| c[x] == p[y]);
            let mut expected = Vec::new();
            for row in 0..probe[0].len() {
                expected.extend((0..len).filter(|x| is_match(*x, row)).map(|x| (row as u32, x as u32)));
            }
            let mut met = Vec::new();
            KeyIndex::new(slices.clone()).matches(&probe, |row, found| {
                met.push((row, found));
                true
            });
            prop_assert_eq!(met, expected);
        }
    }
}
