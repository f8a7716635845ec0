//! Adding and removing given datoms, whatever they mean: the one place where indexes change.
//!
//! Small changes go into the trees one by one. A change that is large beside a tree is sorted once and merged
//! with it: AEVT comes out of EAVT's order by distributing it over the attributes, so only AVET's part is sorted
//! again. Sorting and the making of the three trees use the cores there are.

use crate::datom::{Datom, Index, Order, TX0};
use crate::db::{Db, Indexes};
use crate::schema::Schema;
use crate::tree::Tree;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::sync::Arc;

/// A change this many times smaller than the database goes in one by one.
const MERGE_FROM: usize = 16;

impl Db {
    /// Adds the datoms that are `added` and are not there, removes the others that are there. What is removed
    /// goes to history where that is kept.
    ///
    /// Nothing is checked: neither uniqueness nor cardinality nor types. Replaying a log is what this is for.
    ///
    /// # Panics
    /// The datoms must be of attributes and cells of this database; others are a mistake of the program.
    pub fn apply(&self, datoms: &[Datom]) -> Db {
        let mut db = self.clone();
        db.apply_in_place(datoms);
        db
    }

    pub(crate) fn apply_in_place(&mut self, datoms: &[Datom]) {
        let additions = datoms.iter().all(|d| d.added);
        if additions && datoms.len() * MERGE_FROM > self.now.eavt.len() && datoms.len() > 256 {
            self.bulk(datoms.to_vec());
            return;
        }
        for datom in datoms {
            self.apply_one(datom);
        }
    }

    fn apply_one(&mut self, datom: &Datom) {
        self.seen(datom);
        if datom.added { self.add(datom) } else { self.remove(datom) }
    }

    fn seen(&mut self, datom: &Datom) {
        if datom.e < TX0 {
            self.max_eid = self.max_eid.max(datom.e);
        }
        self.max_tx = self.max_tx.max(datom.tx);
    }

    fn add(&mut self, datom: &Datom) {
        let order = |index| Order { index, ranks: self.schema.ranks(), dict: &self.dict };
        let eavt = order(Index::Eavt);
        if !self.now.eavt.insert(*datom, |x, y| eavt.compare(x, y)) {
            return;
        }
        let aevt = order(Index::Aevt);
        self.now.aevt.insert(*datom, |x, y| aevt.compare(x, y));
        if self.schema.get(datom.a).is_indexed() {
            let avet = order(Index::Avet);
            self.now.avet.insert(*datom, |x, y| avet.compare(x, y));
        }
    }

    fn remove(&mut self, datom: &Datom) {
        let order = |index| Order { index, ranks: self.schema.ranks(), dict: &self.dict };
        let eavt = order(Index::Eavt);
        let Some(assertion) = self.now.eavt.remove(datom, |x, y| eavt.compare(x, y)) else {
            return;
        };
        let aevt = order(Index::Aevt);
        self.now.aevt.remove(datom, |x, y| aevt.compare(x, y));
        let indexed = self.schema.get(datom.a).is_indexed();
        if indexed {
            let avet = order(Index::Avet);
            self.now.avet.remove(datom, |x, y| avet.compare(x, y));
        }
        // Asserted and retracted within one transaction is as if it had never been.
        if assertion.tx == datom.tx {
            return;
        }
        if let Some(past) = &mut self.past {
            for event in [assertion, *datom] {
                let [eavt, aevt, avet] = [Index::Eavt, Index::Aevt, Index::Avet]
                    .map(|index| Order { index, ranks: self.schema.ranks(), dict: &self.dict });
                past.eavt.insert(event, |x, y| eavt.compare_events(x, y));
                past.aevt.insert(event, |x, y| aevt.compare_events(x, y));
                if indexed {
                    past.avet.insert(event, |x, y| avet.compare_events(x, y));
                }
            }
        }
    }

    /// The same facts under another schema, which must know every attribute of this one: AVET is made anew.
    pub fn with_schema(&self, schema: Schema) -> Db {
        let mut db = Db { schema: Arc::new(schema), ..self.clone() };
        let order = db.order(Index::Avet);
        let indexed = |tree: &Tree| {
            let datoms = tree.iter(0..tree.len());
            let mut kept: Vec<Datom> = datoms.filter(|d| db.schema.get(d.a).is_indexed()).collect();
            kept.sort_by(|x, y| order.compare_events(x, y));
            Tree::from_sorted(kept)
        };
        let avet = indexed(&db.now.aevt);
        let past_avet = db.past.as_ref().map(|past| indexed(&past.aevt));
        db.now.avet = avet;
        if let (Some(past), Some(avet)) = (&mut db.past, past_avet) {
            past.avet = avet;
        }
        db
    }

    /// The same database with what is no longer true put back into its history.
    pub fn with_past(&self, events: Vec<Datom>) -> Db {
        let mut db = self.clone();
        let sorted = |index: Index, only_indexed: bool| {
            let order = self.order(index);
            let mut events: Vec<Datom> = events
                .iter()
                .copied()
                .filter(|d| !only_indexed || self.schema.get(d.a).is_indexed())
                .collect();
            events.sort_by(|x, y| order.compare_events(x, y));
            Tree::from_sorted(events)
        };
        let past = Indexes {
            eavt: sorted(Index::Eavt, false),
            aevt: sorted(Index::Aevt, false),
            avet: sorted(Index::Avet, true),
        };
        for event in &events {
            db.seen(event);
        }
        db.past = Some(past);
        db
    }

    /// What is no longer true: assertions and retractions, in the order of EAVT.
    pub fn past_events(&self) -> impl Iterator<Item = Datom> + '_ {
        self.past.iter().flat_map(|past| past.eavt.iter(0..past.eavt.len()))
    }

    /// Adds many datoms at once.
    pub(crate) fn bulk(&mut self, mut datoms: Vec<Datom>) {
        for datom in &datoms {
            self.seen(datom);
        }
        let [eavt, aevt, avet] =
            [Index::Eavt, Index::Aevt, Index::Avet].map(|index| self.order(index));
        datoms.par_sort_by(|x, y| eavt.compare(x, y));
        datoms.dedup_by(|later, first| eavt.compare(first, later) == Ordering::Equal);
        let (now, schema) = (&self.now, &self.schema);
        let (by_entity, (by_attribute, by_value)) = rayon::join(
            || merge(&now.eavt, &datoms, |x, y| eavt.compare(x, y)),
            || {
                let datoms = distribute(&datoms, schema.ranks());
                rayon::join(
                    || merge(&now.aevt, &datoms, |x, y| aevt.compare(x, y)),
                    || {
                        let indexed = datoms.iter().filter(|d| schema.get(d.a).is_indexed());
                        let mut indexed: Vec<Datom> = indexed.copied().collect();
                        indexed.par_sort_by(|x, y| avet.compare(x, y));
                        merge(&now.avet, &indexed, |x, y| avet.compare(x, y))
                    },
                )
            },
        );
        self.now = Indexes { eavt: by_entity, aevt: by_attribute, avet: by_value };
    }
}

/// Sorts datoms by attribute and leaves those of one attribute in the order they have.
fn distribute(datoms: &[Datom], ranks: &[u32]) -> Vec<Datom> {
    let mut starts = vec![0usize; ranks.len() + 1];
    for datom in datoms {
        starts[ranks[datom.a as usize] as usize + 1] += 1;
    }
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut sorted = datoms.to_vec();
    for datom in datoms {
        let place = &mut starts[ranks[datom.a as usize] as usize];
        sorted[*place] = *datom;
        *place += 1;
    }
    sorted
}

/// A tree with datoms that are in its order added; where one is there already it stays.
fn merge(tree: &Tree, datoms: &[Datom], compare: impl Fn(&Datom, &Datom) -> Ordering) -> Tree {
    if tree.len() == 0 {
        return Tree::from_sorted(datoms.iter().copied());
    }
    let mut old = tree.iter(0..tree.len()).peekable();
    let mut new = datoms.iter().copied().peekable();
    Tree::from_sorted(std::iter::from_fn(|| match (old.peek(), new.peek()) {
        (Some(x), Some(y)) => match compare(x, y) {
            Ordering::Greater => new.next(),
            Ordering::Equal => {
                new.next();
                old.next()
            }
            Ordering::Less => old.next(),
        },
        (Some(_), None) => old.next(),
        (None, _) => new.next(),
    }))
}
