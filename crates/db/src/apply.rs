//! Adding and removing given datoms, whatever they mean: the one place where indexes change.
//!
//! Small changes go into EAVT and AVET one by one, and are noted for AEVT (`deferred`). A change that is large beside a tree
//! is sorted once and merged with it: AEVT comes out of EAVT's order by distributing it over the attributes, so only AVET's part
//! is sorted again. Facts that come entity by entity are sorted within each entity. Sorting and the making of the three trees use
//! the cores there are.

use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, Order, TX0};
use crate::db::{Db, Indexes, Present};
use crate::deferred::distribute;
use crate::schema::Schema;
use crate::tree::{Spot, Tree};
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
            if datom.added {
                self.add(datom);
            } else {
                self.retract(datom);
            }
        }
    }

    /// Adds a datom; `false` where its fact is there.
    pub(crate) fn add(&mut self, datom: &Datom) -> bool {
        let (found, spot) = self.locate(datom.e, datom.a, Some(datom.v));
        match found {
            None => self.add_at(datom, &spot),
            Some(_) => self.seen(datom),
        }
        found.is_none()
    }

    /// Adds a datom where [`Db::locate`] has found that it belongs, with nothing changed since.
    pub(crate) fn add_at(&mut self, datom: &Datom, spot: &Spot) {
        self.seen(datom);
        let order = Order { index: Index::Eavt, ranks: self.schema.ranks(), dict: &self.dict };
        self.now.eavt.insert_at(*datom, spot, |x, y| order.by_entity(x, y));
        self.now.aevt.note(*datom, &order, &self.now.eavt);
        if self.schema.get(datom.a).is_indexed() {
            self.now.avet.insert(*datom, |x, y| order.by_value(x, y));
        }
        self.index_text(datom, true);
    }

    /// Takes the fact of a retraction out of the present and into history, where that is kept: the datom that asserted it.
    pub(crate) fn retract(&mut self, retraction: &Datom) -> Option<Datom> {
        self.seen(retraction);
        let assertion = self.remove(retraction)?;
        self.remember(&assertion, retraction.tx, true);
        Some(assertion)
    }

    /// As [`Db::retract`], of facts that are there, one behind the other in EAVT.
    pub(crate) fn retract_run(&mut self, run: &[Datom], tx: EntityId) {
        self.max_tx = self.max_tx.max(tx);
        let mut rest = run;
        while let Some(first) = rest.first() {
            let order = Order { index: Index::Eavt, ranks: self.schema.ranks(), dict: &self.dict };
            let eavt = &mut self.now.eavt;
            let removed = eavt.remove_run(first, rest.len(), |x, y| order.by_entity(x, y));
            let Some((_, count)) = removed else { return };
            let (gone, left) = rest.split_at(count);
            for assertion in gone {
                self.removed_from_eavt(assertion);
                self.remember(assertion, tx, true);
            }
            rest = left;
        }
    }

    /// Undoes [`Db::add`], where that added something.
    pub(crate) fn undo_addition(&mut self, datom: &Datom) {
        self.remove(datom);
    }

    /// Undoes a retraction of what was asserted so.
    pub(crate) fn undo_retraction(&mut self, assertion: &Datom, tx: EntityId) {
        self.add(assertion);
        self.remember(assertion, tx, false);
    }

    /// Keeps a fact that ended at a transaction in history, where that is kept, or not any more. What is asserted and retracted
    /// within one transaction is as if it had never been.
    fn remember(&mut self, assertion: &Datom, tx: EntityId, add: bool) {
        if self.past.is_some() && assertion.tx != tx {
            self.change_past(assertion, add);
            self.change_past(&Datom { tx, added: false, ..*assertion }, add);
        }
    }

    pub(crate) fn seen(&mut self, datom: &Datom) {
        if datom.e < TX0 {
            self.max_eid = self.max_eid.max(datom.e);
        }
        self.max_tx = self.max_tx.max(datom.tx);
    }

    /// Takes a fact out of the present; the datom that asserted it.
    fn remove(&mut self, datom: &Datom) -> Option<Datom> {
        let order = Order { index: Index::Eavt, ranks: self.schema.ranks(), dict: &self.dict };
        let assertion = self.now.eavt.remove(datom, |x, y| order.by_entity(x, y))?;
        self.removed_from_eavt(&assertion);
        Some(assertion)
    }

    /// Takes a datom that EAVT has no more out of all else.
    fn removed_from_eavt(&mut self, datom: &Datom) {
        let order = Order { index: Index::Eavt, ranks: self.schema.ranks(), dict: &self.dict };
        self.now.aevt.note(Datom { added: false, ..*datom }, &order, &self.now.eavt);
        if self.schema.get(datom.a).is_indexed() {
            self.now.avet.remove(datom, |x, y| order.by_value(x, y));
        }
        self.index_text(datom, false);
    }

    /// Adds an event to history or takes it out.
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
        let aevt = self.tree(Index::Aevt);
        let text = db.text_index_of(aevt.iter(0..aevt.len()));
        let avet = indexed(aevt);
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

    /// What is true now of an attribute of an entity: the datom of this value, or the first of all. Where there is none, the spot is
    /// where it would be.
    pub(crate) fn locate(&self, e: EntityId, a: AttrId, v: Option<Cell>) -> (Option<Datom>, Spot) {
        let (eavt, order) = (&self.now.eavt, self.order(Index::Eavt));
        let (next, spot) = match v {
            None => eavt.locate(|d| d.e < e || d.e == e && order.attributes(d.a, a).is_lt()),
            Some(v) => {
                let sought = Datom { e, a, v, tx: 0, added: true };
                eavt.locate(|d| order.by_entity(d, &sought).is_lt())
            }
        };
        let same = |d: &Datom| v.is_none_or(|v| self.dict.compare(d.v, v).is_eq());
        (next.filter(|d| d.e == e && d.a == a && same(d)), spot)
    }

    /// The datom that [`Db::locate`] finds.
    pub(crate) fn current(&self, e: EntityId, a: AttrId, v: Option<Cell>) -> Option<Datom> {
        self.locate(e, a, v).0
    }

    /// Whether a fact is there.
    fn has(&self, datom: &Datom) -> bool {
        self.current(datom.e, datom.a, Some(datom.v)).is_some()
    }

    /// Adds many datoms at once.
    pub(crate) fn bulk(&mut self, mut datoms: Vec<Datom>) {
        for datom in &datoms {
            self.seen(datom);
        }
        let [eavt, aevt, avet] =
            [Index::Eavt, Index::Aevt, Index::Avet].map(|index| self.order(index));
        if datoms.is_sorted_by_key(|d| d.e) {
            let entities = datoms.par_chunk_by_mut(|x, y| x.e == y.e);
            entities.for_each(|facts| facts.sort_by(|x, y| eavt.by_entity(x, y)));
        } else {
            datoms.par_sort_by(|x, y| eavt.by_entity(x, y));
        }
        let dict = &self.dict;
        datoms.dedup_by(|later, first| {
            later.e == first.e && later.a == first.a && dict.class(later.v) == dict.class(first.v)
        });
        let schema = &self.schema;
        let [now_eavt, now_aevt, now_avet] =
            [Index::Eavt, Index::Aevt, Index::Avet].map(|index| self.tree(index));
        let (by_entity, (by_attribute, by_value)) = rayon::join(
            || merge(now_eavt, &datoms, |x, y| eavt.by_entity(x, y)),
            || {
                let datoms = distribute(&datoms, schema.ranks());
                rayon::join(
                    || merge(now_aevt, &datoms, |x, y| aevt.by_attribute(x, y)),
                    || {
                        let indexed = datoms.iter().filter(|d| schema.get(d.a).is_indexed());
                        let mut indexed: Vec<Datom> = indexed.copied().collect();
                        indexed.par_sort_by(|x, y| avet.by_value(x, y));
                        merge(now_avet, &indexed, |x, y| avet.by_value(x, y))
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
        self.now = Present { eavt: by_entity, aevt: by_attribute.into(), avet: by_value };
    }
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
