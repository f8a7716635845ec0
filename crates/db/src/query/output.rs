//! Datoms that a pattern matches become rows: leaf by leaf where only entities and values are asked for, one by one elsewhere.

use super::ast::Var;
use super::pattern::{Part, Resolved};
use super::relation::Relation;
use super::sift::{NoInteger, Sieve};
use super::solve::Run;
use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, Prefix};
use crate::db::Db;
use edn::Value;

/// The rows that matching datoms make.
pub(super) struct Output<'r, 'q> {
    run: &'r Run<'q>,
    db: &'r Db,
    resolved: &'r Resolved,
    vars: Vec<Var>,
    columns: Vec<Vec<Cell>>,
    len: usize,
    pub(super) value_class: Option<Cell>,
    attribute_cells: Vec<Option<Cell>>,
}

impl<'r, 'q> Output<'r, 'q> {
    pub(super) fn new(run: &'r Run<'q>, db: &'r Db, resolved: &'r Resolved) -> Self {
        let vars = resolved.distinct_vars();
        Output {
            run,
            db,
            resolved,
            columns: vec![Vec::new(); vars.len()],
            vars,
            len: 0,
            value_class: resolved.prefix.v.map(|v| db.dict().class(v)),
            attribute_cells: vec![None; db.schema().len()],
        }
    }

    /// Whether columns can be copied without looking at datoms one by one.
    pub(super) fn needs_only_entity_and_value(&self) -> bool {
        let r = self.resolved;
        r.prefix.a.is_some()
            && r.prefix.tx.is_none()
            && r.added.is_none()
            && r.vars.iter().all(|(_, part)| matches!(part, Part::E | Part::V))
            && r.vars.len() == self.vars.len()
    }

    /// The datoms of a range whose values pass; the range has `all` of them.
    pub(super) fn runs(
        &mut self,
        index: Index,
        prefix: &Prefix,
        all: usize,
        sieve: Option<Sieve>,
    ) -> Result<(), NoInteger> {
        let place = |part| self.resolved.vars.iter().position(|(_, p)| *p == part);
        let (e_at, v_at) = (place(Part::E), place(Part::V));
        let (space, db) = (&self.run.space, self.db);
        let expected = match sieve {
            Some(Sieve::Value(_)) => all / 4,
            _ => all,
        };
        self.columns.iter_mut().for_each(|column| column.reserve(expected));
        let (columns, len) = (&mut self.columns, &mut self.len);
        let mut whole = Ok(());
        db.for_each_run(index, prefix, |entities, values| {
            let start = *len;
            let fitting = sieve.map(|sieve| sieve.fitting(db.dict(), values));
            match fitting {
                None => {
                    if let Some(at) = e_at {
                        columns[at].extend(entities.iter().map(|e| Cell::entity(*e)));
                    }
                    if let Some(at) = v_at {
                        columns[at].extend_from_slice(values);
                    }
                    *len += entities.len();
                }
                Some(Ok(fitting)) => fitting.sift(values, |from, places| {
                    if let Some(at) = e_at {
                        let entities = &entities[from..];
                        let entity = |p: &u8| Cell::entity(entities[usize::from(*p)]);
                        columns[at].extend(places.iter().map(entity));
                    }
                    if let Some(at) = v_at {
                        let values = &values[from..];
                        columns[at].extend(places.iter().map(|p| values[usize::from(*p)]));
                    }
                    *len += places.len();
                }),
                Some(Err(other)) => whole = Err(other),
            }
            if let Some(at) = v_at {
                space.adopt_in_place(db, &mut columns[at][start..]);
            }
        });
        whole
    }

    fn attribute_cell(&mut self, a: AttrId) -> Cell {
        let run = self.run;
        let db = self.db;
        *self.attribute_cells[a as usize].get_or_insert_with(|| run.space.cell(db.attr_name(a)))
    }

    pub(super) fn datom(&mut self, d: &Datom) {
        let prefix = &self.resolved.prefix;
        let matches = prefix.e.is_none_or(|e| d.e == e)
            && prefix.a.is_none_or(|a| d.a == a)
            && prefix.tx.is_none_or(|tx: EntityId| d.tx == tx)
            && self.resolved.added.is_none_or(|added| d.added == added)
            && self.value_class.is_none_or(|v| self.db.dict().class(d.v) == v);
        if !matches {
            return;
        }
        let start = self.len;
        for i in 0..self.resolved.vars.len() {
            let (var, part) = self.resolved.vars[i];
            let cell = match part {
                Part::E => Cell::entity(d.e),
                Part::A => self.attribute_cell(d.a),
                Part::V => self.run.space.adopting(self.db)(d.v),
                Part::Tx => Cell::entity(d.tx),
                Part::Added => self.run.space.cell(&Value::Bool(d.added)),
            };
            let at = self.vars.iter().position(|v| *v == var).unwrap_or_default();
            let column = &mut self.columns[at];
            if column.len() > start {
                // The variable stands in two places: they must agree.
                if column[start] != cell {
                    self.columns.iter_mut().for_each(|c| c.truncate(start));
                    return;
                }
            } else {
                column.push(cell);
            }
        }
        self.len += 1;
    }

    pub(super) fn finish(self) -> Relation {
        let complete = self.resolved.added.is_none()
            && self.resolved.prefix.tx.is_none()
            && !self.db.is_history();
        let relation = Relation::of(self.vars, self.columns, self.len);
        // With entity, attribute and value each constant or a variable, no two datoms make the same row.
        let has = |part| self.resolved.vars.iter().any(|(_, p)| *p == part);
        let prefix = &self.resolved.prefix;
        let full = (prefix.e.is_some() || has(Part::E))
            && (prefix.a.is_some() || has(Part::A))
            && (prefix.v.is_some() || has(Part::V));
        if complete && full { relation } else { relation.distinct() }
    }
}
