//! A data pattern whose entity is known already, in ascending order and there once each: its values are picked up along the way.
//!
//! Rows that come out of an index stand by entity, and so do the datoms of one attribute. Walking both together needs no hash
//! table and no copy of the attribute; where every row has exactly one value, the relation's own columns stay as they are.

use super::ast::*;
use super::pattern::{Part, Resolved};
use super::solve::{Answer, Run, Source, State};
use crate::cell::{Cell, Tag};
use crate::cursor::Cursor;
use crate::datom::{AttrId, Index, Prefix};
use crate::db::Db;

/// Walking past a datom costs about a fiftieth of looking an entity up; rows so few that looking up is cheaper are not for here.
const ROWS_WORTH_WALKING: usize = 4;

/// What a row wants of a value.
enum Wanted<'a> {
    /// Nothing: one value is as good as another.
    Any,
    /// To have it.
    New,
    /// To be this one.
    Constant(Cell),
    /// To be the one the row has.
    Column(&'a [Cell]),
}

impl Run<'_> {
    /// Adds what a pattern says to the relation that knows its entities; `false` where this is no case for it.
    pub(super) fn attach(
        &self,
        source: SourceId,
        terms: &[Term],
        state: &mut State,
    ) -> Answer<bool> {
        let Source::Db(db) = self.source(source) else { return Ok(false) };
        if !db.is_plain() {
            return Ok(false);
        }
        let Some(resolved) = self.resolve(db, terms, state)? else { return Ok(false) };
        let Some((place, a)) = ascending(&resolved, state) else { return Ok(false) };
        let relation = &state.relations[place];
        let value_var = resolved.vars.iter().find(|(_, part)| *part == Part::V).map(|(v, _)| *v);
        let wanted = match (value_var, resolved.prefix.v) {
            (_, Some(cell)) => Wanted::Constant(db.dict().class(cell)),
            (None, None) => Wanted::Any,
            (Some(v), None) => match relation.column(v) {
                Some(column) => Wanted::Column(column),
                None if !self.is_worth_walking(db, &resolved, v, relation.len, state) => {
                    return Ok(false);
                }
                None => Wanted::New,
            },
        };
        let entity_var = resolved.vars.iter().find(|(_, part)| *part == Part::E).map(|(v, _)| *v);
        let Some(entities) = entity_var.and_then(|v| relation.column(v)) else { return Ok(false) };
        self.note(|| "walk along :aevt".to_string());
        let (rows, values) = self.walk(db, a, entities, &wanted);
        let new = matches!(wanted, Wanted::New).then_some(value_var).flatten();
        let mut relation = std::mem::take(&mut state.relations[place]);
        if !is_every_row(&rows, relation.len) {
            relation = relation.gather(&rows);
        }
        if let Some(var) = new {
            relation.vars.push(var);
            relation.columns.push(values);
        }
        self.budget.check(relation.len)?;
        if new.is_some_and(|v| state.binds(v)) {
            state.relations.swap_remove(place);
            self.merge(state, relation)?;
        } else {
            state.relations[place] = relation;
        }
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

    /// The rows that find what they want, and the values of those that want to have one.
    fn walk(
        &self,
        db: &Db,
        a: AttrId,
        entities: &[Cell],
        wanted: &Wanted<'_>,
    ) -> (Vec<u32>, Vec<Cell>) {
        let known = self.space.adopting(db);
        let range = db.range(Index::Aevt, &Prefix { a: Some(a), ..Prefix::default() });
        let cursor = Cursor::new(&range, |e| db.seek_entity(a, e));
        let (mut rows, mut values) = (Vec::with_capacity(entities.len()), Vec::new());
        match wanted {
            Wanted::Any => cursor.walk(entities, |row, _| {
                if rows.last() != Some(&(row as u32)) {
                    rows.push(row as u32);
                }
            }),
            Wanted::New => {
                values.reserve(entities.len());
                cursor.walk(entities, |row, v| {
                    rows.push(row as u32);
                    values.push(known(v));
                });
            }
            Wanted::Constant(cell) => cursor.walk(entities, |row, v| {
                if v == *cell || (v.tag() == Tag::Exotic && db.dict().class(v) == *cell) {
                    rows.push(row as u32);
                }
            }),
            Wanted::Column(column) => cursor.walk(entities, |row, v| {
                if known(v) == column[row] {
                    rows.push(row as u32);
                }
            }),
        }
        (rows, values)
    }
}

/// The relation that has the pattern's entities in ascending order, and the pattern's attribute.
fn ascending(resolved: &Resolved, state: &State) -> Option<(usize, AttrId)> {
    let Resolved { prefix, added, vars } = resolved;
    let a = prefix.a?;
    let simple = prefix.tx.is_none() && added.is_none();
    let two = |part| vars.iter().filter(|(_, p)| *p == part).count();
    if !simple || two(Part::E) != 1 || two(Part::E) + two(Part::V) != vars.len() {
        return None;
    }
    let entity = vars.iter().find(|(_, part)| *part == Part::E).map(|(v, _)| *v)?;
    if vars.iter().any(|(v, part)| *part == Part::V && *v == entity) {
        return None;
    }
    let place = state.relations.iter().position(|r| r.vars.contains(&entity))?;
    let column = state.relations[place].column(entity)?;
    let in_order = column.len() >= ROWS_WORTH_WALKING
        && column.is_sorted_by(|x, y| x < y)
        && column.first()?.as_entity().is_some();
    in_order.then_some((place, a))
}

fn is_every_row(rows: &[u32], len: usize) -> bool {
    rows.len() == len && rows.iter().enumerate().all(|(i, row)| *row == i as u32)
}
