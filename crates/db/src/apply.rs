//! Adding and removing given datoms, whatever they mean: the one place where indexes change.
//!
//! Small changes go into the trees one by one. A change that is large beside a tree is sorted once and merged
//! with it: AEVT comes out of EAVT's order by distributing it over the attributes, so only AVET's part is sorted
//! again. Sorting and the making of the three trees use the cores there are.

use crate::datom::{Datom, EntityId, Index, Order, Prefix, TX0};
use crate::db::{Db, Indexes};
use crate::schema::Schema;
use crate::tree::Tree;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::sync::Arc;

/// A change this many times smaller than the database goes in one by one.
const MERGE_FROM: usize = 16;

/// What applying one datom did.
pub(crate) enum Applied {
    Added(Datom),
    Removed {
        assertion: Datom,
        /// The retraction, where history has both of them.
        retraction: Option<Datom>,
    },
}

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

    /// Adds or removes one datom and says how to undo that; `None` where nothing changed.
    pub(crate) fn apply_one(&mut self, datom: &Datom) -> Option<Applied> {
        self.seen(datom);
        if datom.added {
            self.add(datom).then_some(Applied::Added(*datom))
        } else {
            let assertion = self.remove(datom)?;
            let remembered = self.past.is_some() && assertion.tx != datom.tx;
            if remembered {
                self.change_past(&assertion, true);
                self.change_past(datom, true);
            }
            Some(Applied::Removed { assertion, retraction: remembered.then_some(*datom) })
        }
    }

    /// Undoes the last change that has not been undone yet.
    pub(crate) fn undo(&mut self, applied: &Applied) {
        match applied {
            Applied::Added(datom) => {
                self.remove(datom);
            }
            Applied::Removed { assertion, retraction } => {
                self.add(assertion);
                if let Some(retraction) = retraction {
                    self.change_past(assertion, false);
                    self.change_past(retraction, false);
                }
            }
        }
    }

    pub(crate) fn seen(&mut self, datom: &Datom) {
        if datom.e < TX0 {
            self.max_eid = self.max_eid.max(datom.e);
        }
        self.max_tx = self.max_tx.max(datom.tx);
    }

    fn add(&mut self, datom: &Datom) -> bool {
        let order = |index| Order { index, ranks: self.schema.ranks(), dict: &self.dict };
        let eavt = order(Index::Eavt);
        if !self.now.eavt.insert(*datom, |x, y| eavt.compare(x, y)) {
            return false;
        }
        let aevt = order(Index::Aevt);
        self.now.aevt.insert(*datom, |x, y| aevt.compare(x, y));
        if self.schema.get(datom.a).is_indexed() {
            let avet = order(Index::Avet);
            self.now.avet.insert(*datom, |x, y| avet.compare(x, y));
        }
        self.index_text(datom, true);
        true
    }

    /// Takes a fact out of the present; the datom that asserted it.
    fn remove(&mut self, datom: &Datom) -> Option<Datom> {
        let order = |index| Order { index, ranks: self.schema.ranks(), dict: &self.dict };
        let eavt = order(Index::Eavt);
        let assertion = self.now.eavt.remove(datom, |x, y| eavt.compare(x, y))?;
        let aevt = order(Index::Aevt);
        self.now.aevt.remove(datom, |x, y| aevt.compare(x, y));
        if self.schema.get(datom.a).is_indexed() {
            let avet = order(Index::Avet);
            self.now.avet.remove(datom, |x, y| avet.compare(x, y));
        }
        self.index_text(&assertion, false);
        Some(assertion)
    }

    /// Adds an event to history or takes it out. What is asserted and retracted within one transaction is as if it had never
    /// been.
    fn change_past(&mut self, event: &Datom, add: bool) {
        let indexed = self.schema.get(event.a).is_indexed();
        let Some(past) = &mut self.past else { return };
        for index in [Index::Eavt, Index::Aevt, Index::Avet] {
            if index == Index::Avet && !indexed {
                continue;
            }
            let order = Order { index, ranks: self.schema.ranks(), dict: &self.dict };
            let tree = past.tree_mut(index);
            if add {
                tree.insert(*event, |x, y| order.compare_events(x, y));
            } else {
                tree.remove(event, |x, y| order.compare_events(x, y));
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
        let text = db.text_index_of(db.now.aevt.iter(0..db.now.aevt.len()));
        let avet = indexed(&db.now.aevt);
        let past_avet = db.past.as_ref().map(|past| indexed(&past.aevt));
        db.now.avet = avet;
        db.text = text;
        if let (Some(past), Some(avet)) = (&mut db.past, past_avet) {
            past.avet = avet;
        }
        db
    }

    /// The same database with entity ids up to this one taken.
    pub fn with_entity_ids(mut self, upto: EntityId) -> Db {
        self.max_eid = self.max_eid.max(upto);
        self
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

    /// Whether a fact is there.
    fn has(&self, datom: &Datom) -> bool {
        let prefix = Prefix { e: Some(datom.e), a: Some(datom.a), v: Some(datom.v), tx: None };
        self.range(Index::Eavt, &prefix).len() > 0
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
        let was_empty = self.now.eavt.len() == 0;
        if self.schema.has_fulltext() {
            let new: Vec<Datom> =
                datoms.into_iter().filter(|d| was_empty || !self.has(d)).collect();
            if was_empty {
                self.text = self.text_index_of(new.into_iter());
            } else {
                new.iter().for_each(|datom| self.index_text(datom, true));
            }
        }
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
