//! A data pattern whose entity, or whose reference to one, is known already: the other part is added to the rows at hand.
//!
//! Rows that come out of an index stand by entity, and so do the datoms of one attribute. Walking both together (`walk`) needs no
//! hash table and no copy of the attribute; where every row has exactly one value, the relation's own columns stay as they are.
//! Rows in another order look their entities up in an array (`places`), if they are many.

use super::ast::*;
use super::pattern::{Filter, LOOKUP_COST, Part, Resolved};
use super::places::{back_by_place, by_place};
use super::relation::Relation;
use super::sift::Sieve;
use super::solve::{Answer, Run, Source, State};
use super::walk::{Met, Rows, Wanted, walk, walk_back};
use crate::cell::Cell;
use crate::datom::{AttrId, Index, Prefix};
use crate::db::Db;

/// What attaching came to.
pub(super) enum Attached {
    /// This is no case for it.
    No,
    Yes,
    /// And what does not pass the filter is gone.
    Filtered,
}

impl Run<'_> {
    /// Adds what a pattern says to the relation that knows its entities.
    pub(super) fn attach(
        &self,
        source: SourceId,
        terms: &[Term],
        filter: Option<Filter>,
        state: &mut State,
    ) -> Answer<Attached> {
        let Source::Db(db) = self.source(source) else { return Ok(Attached::No) };
        if !db.is_plain() {
            return Ok(Attached::No);
        }
        let Some(resolved) = self.resolve(db, terms, state)? else { return Ok(Attached::No) };
        if self.attach_back(db, &resolved, state)? {
            return Ok(Attached::Yes);
        }
        let Some((place, a, entities)) = known_entities(&resolved, Part::E, state) else {
            return Ok(Attached::No);
        };
        let relation = &state.relations[place];
        let mut in_order = Cell::are_ascending_entities(&relation.columns[entities]);
        if !in_order && !Cell::are_entities(&relation.columns[entities]) {
            return Ok(Attached::No);
        }
        let every = Prefix { a: Some(a), ..Prefix::default() };
        let all = if in_order { 0 } else { db.count(Index::Aevt, &every) };
        if relation.len * LOOKUP_COST < all {
            in_order = order_by(&mut state.relations[place], entities);
            if !in_order {
                return Ok(Attached::No);
            }
        }
        let relation = &state.relations[place];
        let value_var = resolved.vars.iter().find(|(_, part)| *part == Part::V).map(|(v, _)| *v);
        let wanted = match (value_var, resolved.prefix.v) {
            (_, Some(cell)) => Wanted::Tested(Sieve::Value(db.dict().class(cell))),
            (None, None) => Wanted::Any,
            (Some(v), None) => match relation.column(v) {
                Some(column) => Wanted::Column(column),
                None if !self.is_worth_walking(db, &resolved, v, relation.len, state) => {
                    return Ok(Attached::No);
                }
                None => Wanted::New,
            },
        };
        let column = &relation.columns[entities];
        if !in_order {
            let Some(met) = by_place(db, &self.space, a, all, column, wanted) else {
                return Ok(Attached::No);
            };
            self.note(|| "look up in an array of :aevt".to_string());
            let new = matches!(wanted, Wanted::New).then_some(value_var).flatten();
            return self.attached(state, place, met, new).map(|()| Attached::Yes);
        }
        self.note(|| "walk along :aevt".to_string());
        let filter = filter.filter(|f| matches!(wanted, Wanted::New) && Some(f.var) == value_var);
        let sifted = filter.and_then(|f| {
            walk(db, &self.space, a, column, Wanted::Sifted(Sieve::Integers(f.test))).ok()
        });
        let attached = if sifted.is_some() { Attached::Filtered } else { Attached::Yes };
        let met = match sifted {
            Some(met) => met,
            // Nothing but the filter can ask for integers.
            None => walk(db, &self.space, a, column, wanted).unwrap_or_default(),
        };
        let new = matches!(wanted, Wanted::New).then_some(value_var).flatten();
        self.attached(state, place, met, new).map(|()| attached)
    }

    /// Leaves the rows that have been met, with what is new of them.
    fn attached(&self, state: &mut State, place: usize, met: Met, new: Option<Var>) -> Answer<()> {
        let mut relation = std::mem::take(&mut state.relations[place]);
        apply(&mut relation, met, new);
        self.budget.check(relation.len)?;
        if new.is_some_and(|v| state.binds(v)) {
            state.relations.swap_remove(place);
            return self.merge(state, relation);
        }
        state.relations[place] = relation;
        Ok(())
    }

    /// Adds the entities that refer to what the relation knows in ascending order, where nothing is known of them.
    fn attach_back(&self, db: &Db, resolved: &Resolved, state: &mut State) -> Answer<bool> {
        let Some((place, a, values)) = known_entities(resolved, Part::V, state) else {
            return Ok(false);
        };
        let entity = resolved.vars.iter().find(|(_, part)| *part == Part::E).map(|(v, _)| *v);
        let Some(entity) = entity.filter(|v| !state.binds(*v)) else { return Ok(false) };
        let every = Prefix { a: Some(a), ..Prefix::default() };
        if !db.schema().get(a).is_ref() {
            return Ok(false);
        }
        let relation = &mut state.relations[place];
        let mut in_order = Cell::are_ascending_entities(&relation.columns[values]);
        if !in_order && !Cell::are_entities(&relation.columns[values]) {
            return Ok(false);
        }
        let all = if in_order { 0 } else { db.count(Index::Avet, &every) };
        if relation.len * LOOKUP_COST < all {
            in_order = order_by(relation, values);
            if !in_order {
                return Ok(false);
            }
        }
        let column = &relation.columns[values];
        let (rows, entities) = if in_order {
            self.note(|| "walk along :avet".to_string());
            walk_back(db, a, column)
        } else {
            let found = back_by_place(db, a, all, column, self.budget.rows());
            let Some(found) = found else { return Ok(false) };
            self.note(|| "look up in an array of :avet".to_string());
            found
        };
        *relation = relation.gather(&rows);
        relation.vars.push(entity);
        relation.columns.push(entities);
        self.budget.check(relation.len)?;
        Ok(true)
    }

    /// Whether a value that is known, but not of these entities, is better found by entity than the other way round.
    fn is_worth_walking(
        &self,
        db: &Db,
        resolved: &Resolved,
        value: Var,
        entities: usize,
        state: &State,
    ) -> bool {
        let Some(other) = state.relation_of(value) else { return true };
        let indexed = resolved.prefix.a.is_some_and(|a| db.schema().get(a).is_indexed());
        let found = match indexed {
            true => other.len as f64 * self.fan_out(db, resolved, Part::V, state),
            false => f64::INFINITY,
        };
        entities as f64 <= found
    }
}

/// The rows of a relation that found what they want, with the value that is new.
fn apply(relation: &mut Relation, met: Met, new: Option<Var>) {
    match met.rows() {
        Rows::First(len) if len == relation.len => {}
        Rows::First(len) => {
            relation.columns.iter_mut().for_each(|column| column.truncate(len));
            relation.len = len;
        }
        Rows::These(rows) => *relation = relation.gather(rows),
    }
    if let Some(var) = new {
        relation.vars.push(var);
        relation.columns.push(met.values);
    }
}

/// Puts rows in the order of a column of entities; `false`, and as they were, where some have the same.
fn order_by(relation: &mut Relation, column: usize) -> bool {
    let of_row = |(row, e): (usize, &Cell)| u64::from(e.id()) << u32::BITS | row as u64;
    let mut order: Vec<u64> = relation.columns[column].iter().enumerate().map(of_row).collect();
    order.sort_unstable();
    let distinct = order.is_sorted_by(|a, b| a >> u32::BITS < b >> u32::BITS);
    if distinct {
        let rows: Vec<u32> = order.into_iter().map(|key| key as u32).collect();
        *relation = relation.gather(&rows);
    }
    distinct
}

/// The relation that knows a part of the pattern, which may be entities, the pattern's attribute, and their column.
fn known_entities(
    resolved: &Resolved,
    part: Part,
    state: &State,
) -> Option<(usize, AttrId, usize)> {
    let Resolved { prefix, added, vars } = resolved;
    let a = prefix.a?;
    let of = |part: Part| vars.iter().filter(move |(_, p)| *p == part).map(|(v, _)| *v);
    let both = of(Part::E).chain(of(Part::V));
    let simple = prefix.tx.is_none() && added.is_none() && both.count() == vars.len();
    let var = of(part).next().filter(|_| simple && of(Part::E).count() == 1)?;
    if of(Part::E).eq(of(Part::V)) {
        return None;
    }
    let place = state.relations.iter().position(|r| r.vars.contains(&var))?;
    let at = state.relations[place].column_of(var)?;
    let column = &state.relations[place].columns[at];
    (!column.is_empty()).then_some((place, a, at))
}
