//! Lookup refs that come to a pattern through variables. Idents do not: as in DataScript, a keyword in a variable is a keyword.
//!
//! A variable keeps what it was bound to, so that answers show it; the pattern sees the entity instead, in a variable of its
//! own. Nothing is looked at before an input or a function has brought something that could name an entity.

use super::ast::*;
use super::solve::{Answer, Run, Source, State};
use crate::cell::{Cell, Tag};
use crate::db::{Db, DbError};
use edn::Value;
use std::sync::atomic::Ordering;

impl Run<'_> {
    /// Notes a value that could name an entity where a pattern wants one.
    pub(super) fn note_name(&self, value: &Value) {
        if value.as_seq().is_some() {
            self.has_names.store(true, Ordering::Relaxed);
        }
    }

    /// The pattern over the entities that its bound variables name; `None` where it can stay as it is.
    pub(super) fn named_entities(
        &mut self,
        source: SourceId,
        terms: &[Term],
        state: &mut State,
    ) -> Answer<Option<Vec<Term>>> {
        if !self.has_names.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut changed = None;
        for (place, term) in terms.iter().enumerate() {
            let Term::Var(var) = term else { continue };
            let Source::Db(db) = self.source(source) else { return Ok(None) };
            if !takes_entity(db, terms, place) {
                continue;
            }
            let Some(at) = state.relations.iter().position(|r| r.vars.contains(var)) else {
                continue;
            };
            let Some(column) = state.relations[at].column(*var) else { continue };
            if !column.iter().any(|cell| self.is_name(*cell)) {
                continue;
            }
            let entities = self.entities(db, column)?;
            let entity = self.vars.len() as Var;
            self.vars.push(self.vars[*var as usize].clone());
            let relation = &mut state.relations[at];
            relation.retain(|row| entities[row].is_some());
            relation.vars.push(entity);
            relation.columns.push(entities.into_iter().flatten().collect());
            changed.get_or_insert_with(|| terms.to_vec())[place] = Term::Var(entity);
        }
        Ok(changed)
    }

    fn is_name(&self, cell: Cell) -> bool {
        matches!(cell.tag(), Tag::Exotic | Tag::Other) && self.space.value(cell).as_seq().is_some()
    }

    fn entities(&self, db: &Db, column: &[Cell]) -> Answer<Vec<Option<Cell>>> {
        let entity = |cell: &Cell| -> Answer<Option<Cell>> {
            if !self.is_name(*cell) {
                return Ok(Some(*cell));
            }
            let name = self.space.value(*cell);
            match db.entid(&name)? {
                None if column.len() == 1 => Err(DbError::NotFound(name.to_string()).into()),
                known => Ok(known.map(Cell::entity)),
            }
        };
        column.iter().map(entity).collect()
    }
}

/// Whether a place of a pattern holds entities.
fn takes_entity(db: &Db, terms: &[Term], place: usize) -> bool {
    match (place, terms.get(1)) {
        (0 | 3, _) => true,
        (2, Some(Term::Constant(name))) => {
            db.schema().attribute(name).is_some_and(|attribute| attribute.is_ref())
        }
        _ => false,
    }
}
