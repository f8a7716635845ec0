//! A data pattern whose entity is known already, in ascending order and there once each: its values are picked up along the way.
//!
//! Rows that come out of an index stand by entity, and so do the datoms of one attribute. Walking both together needs no hash
//! table and no copy of the attribute; where every row has exactly one value, the relation's own columns stay as they are.

use super::ast::*;
use super::pattern::{Filter, Part, Resolved};
use super::relation::Relation;
use super::sift::Sieve;
use super::solve::{Answer, Run, Source, State};
use super::walk::{Met, Rows, Wanted, walk, walk_back};
use crate::cell::Cell;
use crate::datom::AttrId;
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
        let Some((place, a, entities)) = ascending(&resolved, Part::E, state) else {
            return Ok(Attached::No);
        };
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
        self.note(|| "walk along :aevt".to_string());
        let column = &relation.columns[entities];
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
        let mut relation = std::mem::take(&mut state.relations[place]);
        apply(&mut relation, met, new);
        self.budget.check(relation.len)?;
        if new.is_some_and(|v| state.binds(v)) {
            state.relations.swap_remove(place);
            self.merge(state, relation)?;
        } else {
            state.relations[place] = relation;
        }
        Ok(attached)
    }

    /// Adds the entities that refer to what the relation knows in ascending order, where nothing is known of them.
    fn attach_back(&self, db: &Db, resolved: &Resolved, state: &mut State) -> Answer<bool> {
        let Some((place, a, values)) = ascending(resolved, Part::V, state) else {
            return Ok(false);
        };
        let entity = resolved.vars.iter().find(|(_, part)| *part == Part::E).map(|(v, _)| *v);
        let Some(entity) = entity.filter(|v| !state.binds(*v)) else { return Ok(false) };
        if !db.schema().get(a).is_ref() {
            return Ok(false);
        }
        self.note(|| "walk along :avet".to_string());
        let relation = &mut state.relations[place];
        let (rows, entities) = walk_back(db, a, &relation.columns[values]);
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

/// The relation that has the entities of a part of the pattern in ascending order, the pattern's attribute, and their column.
fn ascending(resolved: &Resolved, part: Part, state: &State) -> Option<(usize, AttrId, usize)> {
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
    let in_order = !column.is_empty() && Cell::are_ascending_entities(column);
    in_order.then_some((place, a, at))
}
