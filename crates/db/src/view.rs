//! Views of a database: as of a time, since a time, all of history, or what a predicate lets through.
//!
//! A view reads the same indexes through a merge of what is true now with what was true once. Ranges of a view are
//! gathered before they are handed out, so a view costs memory for the range that is read.

use crate::datom::{Datom, EntityId, Index, Prefix};
use crate::db::{Db, DbError, Indexes};
use edn::Value;
use std::cmp::Ordering;
use std::sync::Arc;

/// A condition on datoms.
pub type DatomFilter = Arc<dyn Fn(&Db, &Datom) -> bool + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct View {
    as_of: Option<EntityId>,
    since: Option<EntityId>,
    history: bool,
    filter: Option<DatomFilter>,
}

impl View {
    pub(crate) fn is_plain(&self) -> bool {
        self.as_of.is_none() && self.since.is_none() && !self.history && self.filter.is_none()
    }

    /// Whether it is the very same view; filters are the same when they are one.
    pub(crate) fn is_same(&self, other: &View) -> bool {
        let filter = match (&self.filter, &other.filter) {
            (None, None) => true,
            (Some(x), Some(y)) => Arc::ptr_eq(x, y),
            _ => false,
        };
        let times = |view: &View| (view.as_of, view.since, view.history);
        filter && times(self) == times(other)
    }

    fn needs_past(&self) -> bool {
        self.as_of.is_some() || self.history
    }

    /// The indexes of what is no longer true, where this view looks at them.
    pub(crate) fn past_of<'a>(&self, db: &'a Db) -> Option<&'a Indexes> {
        db.past.as_ref().filter(|_| self.needs_past())
    }

    /// The time that nothing but is looked at, where this view is as of one.
    pub(crate) fn only_as_of(&self) -> Option<EntityId> {
        let other = self.since.is_some() || self.history || self.filter.is_some();
        self.as_of.filter(|_| !other)
    }

    pub(crate) fn scan(&self, db: &Db, index: Index, prefix: &Prefix) -> Vec<Datom> {
        let upto = self.as_of.unwrap_or(EntityId::MAX);
        let order = db.order(index);
        let now = db.range(index, prefix).filter(|d| d.tx <= upto);
        let past = self.past_of(db).map(|past| past.range(&order, prefix));
        let past = past.into_iter().flatten().filter(|d| d.tx <= upto);
        let mut datoms: Vec<Datom> = match self.history {
            true => merged(now, past, |x, y| order.compare_events(x, y)),
            // What is true now and was so at the time has been retracted before, where it was there before.
            false => {
                let past = last_of_each(past, |x, y| order.compare(x, y).is_eq());
                merged(now, past.into_iter(), |x, y| order.compare(x, y))
            }
        };
        if let Some(t) = self.since {
            datoms.retain(|d| d.tx > t);
        }
        if let Some(filter) = &self.filter {
            let unfiltered = Db { view: View { filter: None, ..self.clone() }, ..db.clone() };
            datoms.retain(|d| filter(&unfiltered, d));
        }
        datoms
    }
}

/// Two sequences in order as one.
fn merged(
    a: impl Iterator<Item = Datom>,
    b: impl Iterator<Item = Datom>,
    compare: impl Fn(&Datom, &Datom) -> Ordering,
) -> Vec<Datom> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    let mut merged = Vec::with_capacity(a.size_hint().0 + b.size_hint().0);
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        let first = if compare(x, y).is_le() { a.next() } else { b.next() };
        merged.extend(first);
    }
    merged.extend(a);
    merged.extend(b);
    merged
}

/// Of events in order, the last of each fact where it is an assertion.
fn last_of_each(
    events: impl Iterator<Item = Datom>,
    same: impl Fn(&Datom, &Datom) -> bool,
) -> Vec<Datom> {
    let mut kept: Vec<Datom> = Vec::new();
    let mut last: Option<Datom> = None;
    for event in events {
        if let Some(before) = last.replace(event)
            && before.added
            && !same(&before, &event)
        {
            kept.push(before);
        }
    }
    kept.extend(last.filter(|d| d.added));
    kept
}

impl Db {
    /// The database as it was after a transaction, given by its id or by a moment.
    ///
    /// Without history only facts that are true now can be seen.
    pub fn as_of(&self, time: &Value) -> Result<Db, DbError> {
        let t = self.transaction_at(time)?;
        let mut db = self.clone();
        db.view.as_of = Some(db.view.as_of.map_or(t, |earlier| earlier.min(t)));
        Ok(db)
    }

    /// What has been added after a transaction, given by its id or by a moment.
    pub fn since(&self, time: &Value) -> Result<Db, DbError> {
        let t = self.transaction_at(time)?;
        let mut db = self.clone();
        db.view.since = Some(db.view.since.map_or(t, |later| later.max(t)));
        Ok(db)
    }

    /// Every assertion and retraction there ever was.
    pub fn history(&self) -> Db {
        let mut db = self.clone();
        db.view.history = true;
        db
    }

    /// The datoms that a predicate lets through. Filters add up.
    pub fn filter(&self, keep: DatomFilter) -> Db {
        let mut db = self.clone();
        db.view.filter = Some(match db.view.filter.take() {
            None => keep,
            Some(earlier) => Arc::new(move |db, d| earlier(db, d) && keep(db, d)),
        });
        db
    }

    /// Whether a filter is on.
    pub fn is_filtered(&self) -> bool {
        self.view.filter.is_some()
    }

    /// Whether assertions and retractions are seen as such.
    pub fn is_history(&self) -> bool {
        self.view.history
    }

    /// The database without any view.
    pub fn unviewed(&self) -> Db {
        Db { view: View::default(), ..self.clone() }
    }

    /// The last transaction at or before a moment; a transaction's id stands for itself.
    pub fn transaction_at(&self, time: &Value) -> Result<EntityId, DbError> {
        let Value::Inst(moment) = time else { return self.entid_strict(time) };
        let plain = self.unviewed();
        let Some(attr) = plain.attr(&Value::keyword("db/txInstant")) else {
            return Ok(crate::datom::TX0);
        };
        let prefix = Prefix { a: Some(attr), ..Prefix::default() };
        let mut last = crate::datom::TX0;
        for datom in plain.scan(Index::Aevt, &prefix) {
            match plain.value(datom.v) {
                Value::Inst(at) if at <= *moment => last = last.max(datom.e),
                _ => {}
            }
        }
        Ok(last)
    }
}
