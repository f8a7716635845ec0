//! Entities in ascending order beside the datoms of an attribute, a leaf at a time.
//!
//! Where a leaf's entities follow one upon the other, each with one value, as those of a single-valued attribute mostly do, an
//! entity's place is its distance from the first. Elsewhere it is looked for from the place of the one before.

use super::sift::{Fitting, NoInteger, Sieve, sift};
use super::space::Space;
use crate::cell::Cell;
use crate::datom::{AttrId, Index};
use crate::db::Db;
use crate::tree::gallop;
use std::ops::Range;

/// Of fewer rows in a leaf than this each is looked for.
const WORTH_A_LOOK: usize = 6;

/// What rows want of the values of their entities.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// Nothing: one value is as good as another.
    Any,
    /// To have it.
    New,
    /// To have it where it passes.
    Sifted(Sieve),
    /// To pass, unseen.
    Tested(Sieve),
    /// To be the one the row has.
    Column(&'a [Cell]),
}

/// The rows that found what they want, ascending, a row for each value; and the values, where they are wanted.
#[derive(Default)]
pub(super) struct Met {
    /// The first so many rows found one value each, while `rows` is empty.
    all: usize,
    rows: Vec<u32>,
    pub(super) values: Vec<Cell>,
}

/// Which rows.
pub(super) enum Rows<'a> {
    First(usize),
    These(&'a [u32]),
}

impl Met {
    pub(super) fn rows(&self) -> Rows<'_> {
        if self.rows.is_empty() { Rows::First(self.all) } else { Rows::These(&self.rows) }
    }

    /// What rows meet that have one value each, or one for which `is_there` is false.
    pub(super) fn of(
        db: &Db,
        space: &Space,
        values: impl Iterator<Item = Cell>,
        is_there: impl Fn(Cell) -> bool,
        wanted: Wanted<'_>,
    ) -> Met {
        let mut met = Met::default();
        let adopt = space.adopting(db);
        let dict = db.dict();
        for (row, v) in values.enumerate().filter(|(_, v)| is_there(*v)) {
            let passes = match wanted {
                Wanted::Any | Wanted::New => true,
                Wanted::Sifted(sieve) | Wanted::Tested(sieve) => sieve.passes(dict, v),
                Wanted::Column(known) => adopt(v) == known[row],
            };
            if passes {
                met.push_run(row..row + 1);
                if matches!(wanted, Wanted::New) {
                    met.values.push(v);
                }
            }
        }
        space.adopt_in_place(db, &mut met.values);
        met
    }

    fn list(&mut self) -> &mut Vec<u32> {
        if self.rows.is_empty() {
            self.rows.extend(0..self.all as u32);
        }
        &mut self.rows
    }

    #[inline]
    fn push_run(&mut self, run: Range<usize>) {
        if self.rows.is_empty() && run.start == self.all {
            self.all = run.end;
        } else {
            self.list().extend(run.start as u32..run.end as u32);
        }
    }

    fn is_last(&self, row: usize) -> bool {
        match self.rows.last() {
            Some(last) => *last == row as u32,
            None => self.all > row,
        }
    }
}

/// Walks along the datoms of an attribute. The column must be of entities, ascending, each there once.
pub(super) fn walk(
    db: &Db,
    space: &Space,
    a: AttrId,
    column: &[Cell],
    wanted: Wanted<'_>,
) -> Result<Met, NoInteger> {
    let mut met = Met::default();
    if matches!(wanted, Wanted::New) {
        met.values.reserve(column.len());
    }
    let mut whole = Ok(());
    db.along(Index::Aevt, a, column, |entities, values, rows| {
        let mut leaf = Leaf { space, db, entities, values, column, rows };
        if whole.is_ok() {
            whole = leaf.meet(wanted, &mut met);
        }
    });
    whole.map(|()| met)
}

/// Walks along the datoms of an attribute by their values: the rows, ascending, a row for each entity that has its value, and the
/// entities. The column must be of entities, ascending, each there once.
pub(super) fn walk_back(db: &Db, a: AttrId, column: &[Cell]) -> (Vec<u32>, Vec<Cell>) {
    let (mut met, mut found) = (Vec::new(), Vec::new());
    db.along(Index::Avet, a, column, |entities, values, rows| {
        let mut at = 0;
        for row in rows {
            let sought = column[row];
            let rest = &values[at..];
            at += gallop(rest.len(), |i| db.dict().compare(rest[i], sought).is_lt());
            let run = values[at..].iter().take_while(|v| **v == sought).count();
            found.extend(entities[at..at + run].iter().map(|e| Cell::entity(*e)));
            met.resize(met.len() + run, row as u32);
            at += run;
        }
    });
    (met, found)
}

/// A leaf's columns, and the rows whose entities it may have.
struct Leaf<'a> {
    space: &'a Space,
    db: &'a Db,
    entities: &'a [u32],
    values: &'a [Cell],
    column: &'a [Cell],
    rows: Range<usize>,
}

impl Leaf<'_> {
    fn meet(&mut self, wanted: Wanted<'_>, met: &mut Met) -> Result<(), NoInteger> {
        match wanted {
            Wanted::Any => match self.first_of_run() {
                Some(_) => met.push_run(self.rows.clone()),
                None => self.each(|row, _| {
                    if !met.is_last(row) {
                        met.push_run(row..row + 1);
                    }
                }),
            },
            Wanted::New => {
                let start = met.values.len();
                match self.first_of_run() {
                    Some(first) => {
                        let values = self.values;
                        let value = |e: &Cell| values[(e.id() - first) as usize];
                        met.values.extend(self.column[self.rows.clone()].iter().map(value));
                        met.push_run(self.rows.clone());
                    }
                    None => self.each(|row, v| {
                        met.push_run(row..row + 1);
                        met.values.push(v);
                    }),
                }
                self.space.adopt_in_place(self.db, &mut met.values[start..]);
            }
            Wanted::Sifted(sieve) => self.sift(sieve, true, met)?,
            Wanted::Tested(sieve) => self.sift(sieve, false, met)?,
            Wanted::Column(known) => {
                let adopt = self.space.adopting(self.db);
                self.each(|row, v| {
                    if adopt(v) == known[row] {
                        met.push_run(row..row + 1);
                    }
                });
            }
        }
        Ok(())
    }

    /// The leaf's first entity, where the entities are a run of ids; the rows are then only those that are in it.
    fn first_of_run(&mut self) -> Option<u32> {
        let (first, last) = (*self.entities.first()?, *self.entities.last()?);
        // A damaged leaf may have them in any order.
        let is_dense = last.wrapping_sub(first) as usize == self.entities.len() - 1;
        if self.rows.len() < WORTH_A_LOOK || !is_dense {
            return None;
        }
        // As many steps as from the first to the last: each is one, or some are none.
        let pairs = self.entities.iter().zip(&self.entities[1..]);
        if pairs.fold(0, |other, (e, next)| other | (next.wrapping_sub(*e) ^ 1)) != 0 {
            return None;
        }
        let column = &self.column[self.rows.clone()];
        let before = column.iter().take_while(|e| e.id() < first).count();
        let behind = column[before..].iter().rev().take_while(|e| e.id() > last).count();
        self.rows = self.rows.start + before..self.rows.end - behind;
        Some(first)
    }

    fn sift(&mut self, sieve: Sieve, with_values: bool, met: &mut Met) -> Result<(), NoInteger> {
        let fitting = sieve.fitting(self.db.dict(), self.values)?;
        let start = met.values.len();
        match (self.first_of_run(), fitting) {
            (Some(first), Fitting::Plain(test)) => {
                let (values, rows) = (self.values, self.rows.clone());
                let column = &self.column[rows.clone()];
                let value = |e: &Cell| values[(e.id() - first) as usize];
                let passes = |_, e: &Cell| test.passes(value(e));
                sift(column, passes, |at, places| {
                    let at = rows.start + at;
                    met.list().extend(places.iter().map(|p| at as u32 + u32::from(*p)));
                    if with_values {
                        let entity = |p: &u8| &self.column[at + usize::from(*p)];
                        met.values.extend(places.iter().map(|p| value(entity(p))));
                    }
                });
            }
            (_, fitting) => self.each(|row, v| {
                if fitting.passes(v) && (with_values || !met.is_last(row)) {
                    met.push_run(row..row + 1);
                    if with_values {
                        met.values.push(v);
                    }
                }
            }),
        }
        self.space.adopt_in_place(self.db, &mut met.values[start..]);
        Ok(())
    }

    /// Calls `each` with each row and each value of its entity.
    fn each(&self, mut each: impl FnMut(usize, Cell)) {
        let mut at = 0;
        for row in self.rows.clone() {
            let e = self.column[row].id();
            at += steps_to(&self.entities[at..], e);
            let mut here = at;
            while here < self.entities.len() && self.entities[here] == e {
                each(row, self.values[here]);
                here += 1;
            }
            at = here;
        }
    }
}

/// Entities looked at in one go: as many as a few vector instructions compare.
const NEARBY: usize = 16;

/// How many entities stand before the first that is not less: looked for nearby first, then further and further off.
fn steps_to(entities: &[u32], e: u32) -> usize {
    if let Some(nearby) = entities.first_chunk::<NEARBY>()
        && nearby[NEARBY - 1] >= e
    {
        return nearby.iter().map(|x| u32::from(*x < e)).sum::<u32>() as usize;
    }
    gallop(entities.len(), |at| entities[at] < e)
}
