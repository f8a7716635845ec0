//! Entities in any order, looked up in an array of an attribute's datoms by entity, or by the entity they refer to.
//!
//! Making the array costs a look at each datom of the attribute, and a look-up then a single access: for rows that are about as many
//! as the datoms, less than sorting them or a table.

use super::space::Space;
use super::walk::{Met, Wanted};
use crate::cell::Cell;
use crate::datom::{AttrId, Index, Prefix};
use crate::db::Db;

/// No cell of a value.
const NONE: Cell = Cell(u64::MAX);

/// The lowest id of a column of entities and how many there are up to the highest, where that is worth an array for `all` datoms.
fn span(column: &[Cell], all: usize) -> Option<(u32, usize)> {
    let low = column.iter().map(|e| e.id()).min()?;
    let high = column.iter().map(|e| e.id()).max()?;
    let size = (high - low) as usize + 1;
    (size <= all * 4 + 1024).then_some((low, size))
}

/// What rows find of an attribute that has one value for each entity; `None` where it has more, or the ids lie too far apart.
pub(super) fn by_place(
    db: &Db,
    space: &Space,
    a: AttrId,
    all: usize,
    column: &[Cell],
    wanted: Wanted<'_>,
) -> Option<Met> {
    let (low, size) = span(column, all)?;
    let mut values = vec![NONE; size];
    let mut once = true;
    db.for_each_run(Index::Aevt, &Prefix { a: Some(a), ..Prefix::default() }, |entities, run| {
        for (e, v) in entities.iter().zip(run) {
            if let Some(place) = values.get_mut(e.wrapping_sub(low) as usize) {
                once &= *place == NONE;
                *place = *v;
            }
        }
    });
    let value = |e: &Cell| values[(e.id() - low) as usize];
    once.then(|| Met::of(db, space, column.iter().map(value), |v| v != NONE, wanted))
}

/// The rows that are referred to by an attribute, a row for each entity that does, and the entities; `None` where the ids lie too far
/// apart, or there would be more than `limit`.
pub(super) fn back_by_place(
    db: &Db,
    a: AttrId,
    all: usize,
    column: &[Cell],
    limit: usize,
) -> Option<(Vec<u32>, Vec<Cell>)> {
    let (low, size) = span(column, all)?;
    // Where the entities that refer to an id begin; those of the next begin where they end.
    let mut begins = vec![0u32; size + 1];
    let mut referring = Vec::with_capacity(all);
    db.for_each_run(Index::Avet, &Prefix { a: Some(a), ..Prefix::default() }, |entities, run| {
        for (e, v) in entities.iter().zip(run) {
            let place = v.as_entity().map(|v| v.wrapping_sub(low) as usize);
            if let Some(count) = place.and_then(|place| begins[1..].get_mut(place)) {
                *count += 1;
                referring.push(*e);
            }
        }
    });
    for place in 0..size {
        begins[place + 1] += begins[place];
    }
    let (mut rows, mut entities) = (Vec::new(), Vec::new());
    for (row, v) in column.iter().enumerate() {
        let place = (v.id() - low) as usize;
        let found = &referring[begins[place] as usize..begins[place + 1] as usize];
        rows.resize(rows.len() + found.len(), row as u32);
        entities.extend(found.iter().map(|e| Cell::entity(*e)));
        if rows.len() > limit {
            return None;
        }
    }
    Some((rows, entities))
}
