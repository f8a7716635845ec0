//! Data patterns: `[?e :attr ?v]` against a database or a collection of tuples.

use super::ast::*;
use super::output::Output;
use super::relation::Relation;
use super::sift::{Sieve, Test};
use super::solve::{Answer, Run, Source, State};
use crate::cell::Cell;
use crate::datom::{EntityId, Index, Prefix};
use crate::db::Db;
use edn::Value;

/// Looking one key up costs about as much as scanning this many datoms.
pub(super) const LOOKUP_COST: usize = 24;

/// Of fewer rows than this a few tell enough.
const FEW_ROWS: usize = 64;
const SMALL_SAMPLE: usize = 4;
const SAMPLE: usize = 12;

/// A pattern with what is constant in it resolved for one database.
pub(super) struct Resolved {
    pub(super) prefix: Prefix,
    pub(super) added: Option<bool>,
    /// The variables, with the part of a datom that each is.
    pub(super) vars: Vec<(Var, Part)>,
}

impl Resolved {
    pub(super) fn distinct_vars(&self) -> Vec<Var> {
        let mut vars = Vec::with_capacity(self.vars.len());
        for (var, _) in &self.vars {
            if !vars.contains(var) {
                vars.push(*var);
            }
        }
        vars
    }
}

/// What a variable must pass besides.
#[derive(Clone, Copy)]
pub(super) struct Filter {
    pub(super) var: Var,
    pub(super) test: Test,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    E,
    A,
    V,
    Tx,
    Added,
}

const PARTS: [Part; 5] = [Part::E, Part::A, Part::V, Part::Tx, Part::Added];

impl Run<'_> {
    /// The rows of a pattern, and whether what does not pass the filter is left out.
    pub(super) fn pattern(
        &mut self,
        source: SourceId,
        terms: &[Term],
        filter: Option<Filter>,
        state: &State,
    ) -> Answer<(Relation, bool)> {
        let plain = |relation| Ok((relation, false));
        match self.source(source) {
            Source::Db(db) => match self.resolve(db, terms, state)? {
                None => plain(Relation::empty(distinct_vars(terms))),
                Some(resolved) => self.scan(db, &resolved, filter, state),
            },
            Source::Tuples(tuples) => {
                self.note(|| "scan the collection".to_string());
                plain(self.scan_tuples(tuples, terms))
            }
            Source::Absent => plain(Relation::empty(distinct_vars(terms))),
        }
    }

    /// What is constant, a variable that is known to be one thing among it. `None` where that is nothing the database has, so that
    /// nothing can match.
    pub(super) fn resolve(
        &self,
        db: &Db,
        terms: &[Term],
        state: &State,
    ) -> Answer<Option<Resolved>> {
        let mut resolved = Resolved { prefix: Prefix::default(), added: None, vars: Vec::new() };
        for (part, term) in PARTS.into_iter().zip(terms) {
            match term {
                Term::Ignore | Term::Source(_) => {}
                Term::Var(v) => match state.only(*v).filter(|_| part != Part::Added) {
                    None => resolved.vars.push((*v, part)),
                    Some(cell) if self.resolve_cell(db, &mut resolved.prefix, part, cell) => {}
                    Some(_) => return Ok(None),
                },
                Term::Constant(value) => {
                    if !self.resolve_constant(db, &mut resolved, part, value)? {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(Some(resolved))
    }

    /// Whether the database has what a cell stands for.
    fn resolve_cell(&self, db: &Db, prefix: &mut Prefix, part: Part, cell: Cell) -> bool {
        match part {
            Part::E => prefix.e = cell.as_entity(),
            Part::A => prefix.a = db.attr(&self.space.value(cell)),
            Part::V => prefix.v = self.space.to_db(db, cell),
            Part::Tx | Part::Added => prefix.tx = cell.as_entity(),
        }
        match part {
            Part::E => prefix.e.is_some(),
            Part::A => prefix.a.is_some(),
            Part::V => prefix.v.is_some(),
            Part::Tx | Part::Added => prefix.tx.is_some(),
        }
    }

    fn resolve_constant(
        &self,
        db: &Db,
        resolved: &mut Resolved,
        part: Part,
        value: &Value,
    ) -> Answer<bool> {
        let prefix = &mut resolved.prefix;
        match part {
            Part::E => {
                prefix.e = named_entity(db, value)?;
                return Ok(prefix.e.is_some());
            }
            Part::A => {
                prefix.a = db.attr(value);
                return Ok(prefix.a.is_some());
            }
            Part::V => {
                let is_ref = prefix.a.is_some_and(|a| db.schema().get(a).is_ref());
                prefix.v = if is_ref && names_entity(value) {
                    Some(Cell::entity(db.entid_strict(value)?))
                } else {
                    db.cell(value)
                };
                return Ok(prefix.v.is_some());
            }
            Part::Tx => {
                prefix.tx = named_entity(db, value)?;
                return Ok(prefix.tx.is_some());
            }
            Part::Added => match value {
                Value::Bool(added) => resolved.added = Some(*added),
                _ => return Ok(false),
            },
        }
        Ok(true)
    }

    /// The best index for what is constant, and the part of the prefix it can use.
    fn index_for(db: &Db, prefix: &Prefix) -> (Index, Prefix) {
        let indexed = prefix.a.is_some_and(|a| db.schema().get(a).is_indexed());
        let none = Prefix::default();
        match (prefix.e, prefix.a, prefix.v) {
            (Some(_), Some(_), _) => (Index::Eavt, Prefix { tx: None, ..*prefix }),
            (Some(_), None, _) => (Index::Eavt, Prefix { e: prefix.e, ..none }),
            (None, Some(_), Some(_)) if indexed => (Index::Avet, Prefix { tx: None, ..*prefix }),
            (None, Some(_), _) => (Index::Aevt, Prefix { a: prefix.a, ..none }),
            (None, None, _) => (Index::Eavt, none),
        }
    }

    /// How many rows a pattern promises, given what is bound.
    pub(super) fn pattern_cost(&self, source: SourceId, terms: &[Term], state: &State) -> f64 {
        let db = match self.source(source) {
            Source::Db(db) => db,
            Source::Tuples(tuples) => return tuples.len() as f64,
            Source::Absent => return 0.0,
        };
        let Ok(Some(resolved)) = self.resolve(db, terms, state) else { return 0.0 };
        let rows = |part: Part| {
            let (var, _) = resolved.vars.iter().find(|(_, p)| *p == part)?;
            state.relation_of(*var).map(|r| r.len as f64)
        };
        let (index, prefix) = Self::index_for(db, &resolved.prefix);
        let mut all = db.count(index, &prefix) as f64;
        if resolved.prefix.v.is_some() && prefix.v.is_none() {
            all = (all / 4.0).max(1.0);
        }
        let a = prefix.a.map(|a| db.schema().get(a));
        match (rows(Part::E), rows(Part::V)) {
            (Some(e), Some(v)) => e.min(v).min(all),
            (Some(e), None) if resolved.prefix.v.is_some() => e.min(all),
            (Some(e), None) if a.is_some_and(|a| !a.is_many()) => e.min(all),
            (Some(e), None) => (e * self.fan_out(db, &resolved, Part::E, state)).min(e * all),
            (None, Some(v)) if a.is_some_and(|a| a.unique().is_some()) => v.min(all),
            (None, Some(v)) if a.is_some_and(|a| a.is_indexed()) => {
                v * self.fan_out(db, &resolved, Part::V, state).min(all)
            }
            (None, Some(v)) => v * all.sqrt().min(all),
            // What shares nothing with the rest has still to be brought together with it.
            (None, None) if state.is_several() => all * 2.0,
            (None, None) => all,
        }
    }

    /// How many datoms there are for each entity or value that is bound, going by some of them.
    pub(super) fn fan_out(&self, db: &Db, resolved: &Resolved, part: Part, state: &State) -> f64 {
        const TYPICAL: f64 = 3.0;
        let var = resolved.vars.iter().find(|(_, p)| *p == part).map(|(v, _)| *v);
        let column = var.and_then(|v| state.relation_of(v)?.column(v)).unwrap_or_default();
        if column.is_empty() || !db.is_plain() {
            return TYPICAL;
        }
        let sample = if column.len() < FEW_ROWS { SMALL_SAMPLE } else { SAMPLE };
        let step = column.len().div_ceil(sample);
        let a = resolved.prefix.a;
        let count = |cell: &Cell| match part {
            Part::E => {
                let e = cell.as_entity()?;
                Some(db.count(Index::Eavt, &Prefix { e: Some(e), a, ..Prefix::default() }))
            }
            _ => {
                let v = self.space.to_db(db, *cell)?;
                Some(db.count(Index::Avet, &Prefix { a, v: Some(v), ..Prefix::default() }))
            }
        };
        let counts: Vec<usize> =
            column.iter().step_by(step).map(|cell| count(cell).unwrap_or(0)).collect();
        // That none of a few has any does not mean that there are none.
        let found = counts.iter().sum::<usize>() as f64;
        found.max(0.5) / counts.len() as f64
    }

    fn scan(
        &self,
        db: &Db,
        resolved: &Resolved,
        filter: Option<Filter>,
        state: &State,
    ) -> Answer<(Relation, bool)> {
        let bound = |part: Part| {
            let (var, _) = resolved.vars.iter().find(|(_, p)| *p == part)?;
            let relation = state.relation_of(*var)?;
            relation.column(*var)
        };
        let (index, prefix) = Self::index_for(db, &resolved.prefix);
        let all = db.count(index, &prefix);
        // A view merges the past with the present anew for each look.
        let lookup_cost = if db.is_plain() { LOOKUP_COST } else { 8 * LOOKUP_COST };
        let mut out = Output::new(self, db, resolved);
        if resolved.prefix.e.is_none()
            && let Some(column) = bound(Part::E)
            && column.len() * lookup_cost < all
        {
            self.note(|| "look up in :eavt".to_string());
            for e in distinct(column).into_iter().filter_map(Cell::as_entity) {
                let prefix = Prefix { e: Some(e), a: resolved.prefix.a, ..Prefix::default() };
                db.scan(Index::Eavt, &prefix).for_each(|d| out.datom(&d));
            }
            return self.checked(out.finish(), false);
        }
        let by_value = resolved.prefix.a.filter(|a| db.schema().get(*a).is_indexed());
        if let (Some(a), None, Some(column)) = (by_value, resolved.prefix.v, bound(Part::V))
            && resolved.prefix.e.is_none()
            && column.len() * lookup_cost < all
        {
            self.note(|| "look up in :avet".to_string());
            for v in distinct(column) {
                let Some(v) = self.space.to_db(db, v) else { continue };
                let prefix = Prefix { a: Some(a), v: Some(v), ..Prefix::default() };
                db.scan(Index::Avet, &prefix).for_each(|d| out.datom(&d));
            }
            return self.checked(out.finish(), false);
        }
        self.note(|| format!("scan {}", index_name(index)));
        if !out.needs_only_entity_and_value() {
            db.scan(index, &prefix).for_each(|d| out.datom(&d));
            return self.checked(out.finish(), false);
        }
        // The index has seen to a value that is part of its prefix.
        let value = out.value_class.filter(|_| prefix.v.is_none()).map(Sieve::Value);
        let filter = filter.filter(|f| resolved.vars.contains(&(f.var, Part::V)));
        if let Some(filter) = filter
            && out.runs(index, &prefix, all, Some(Sieve::Integers(filter.test))).is_ok()
        {
            return self.checked(out.finish(), true);
        }
        if filter.is_some() {
            out = Output::new(self, db, resolved);
        }
        // Nothing but the filter can ask for integers.
        let _ = out.runs(index, &prefix, all, value);
        self.checked(out.finish(), false)
    }

    fn checked(&self, relation: Relation, filtered: bool) -> Answer<(Relation, bool)> {
        self.budget.check(relation.len)?;
        Ok((relation, filtered))
    }

    fn scan_tuples(&self, tuples: &[Value], terms: &[Term]) -> Relation {
        let vars = distinct_vars(terms);
        let mut columns = vec![Vec::new(); vars.len()];
        let mut row = vec![None; vars.len()];
        let mut len = 0;
        'tuples: for tuple in tuples {
            let Some(items) = tuple.as_seq() else { continue };
            row.fill(None);
            for (i, term) in terms.iter().enumerate() {
                match (term, items.get(i)) {
                    (Term::Ignore | Term::Source(_), _) => {}
                    (_, None) => continue 'tuples,
                    (Term::Constant(value), Some(item)) if value == item => {}
                    (Term::Constant(_), Some(_)) => continue 'tuples,
                    (Term::Var(v), Some(item)) => {
                        let cell = self.space.cell(item);
                        let at = vars.iter().position(|x| x == v).unwrap_or_default();
                        if row[at].is_some_and(|bound| bound != cell) {
                            continue 'tuples;
                        }
                        row[at] = Some(cell);
                    }
                }
            }
            for (column, cell) in columns.iter_mut().zip(&row) {
                column.extend(*cell);
            }
            len += 1;
        }
        Relation::of(vars, columns, len).distinct()
    }
}

fn index_name(index: Index) -> &'static str {
    match index {
        Index::Eavt => ":eavt",
        Index::Aevt => ":aevt",
        Index::Avet => ":avet",
    }
}

/// Whether a constant stands for an entity that has to be looked up.
fn names_entity(value: &Value) -> bool {
    matches!(value, Value::Keyword(_)) || value.as_seq().is_some()
}

/// The entity of a constant in a pattern; `None` for what is no entity, which matches nothing.
fn named_entity(db: &Db, value: &Value) -> Answer<Option<EntityId>> {
    if names_entity(value) {
        return Ok(Some(db.entid_strict(value)?));
    }
    Ok(value.as_int().and_then(|id| EntityId::try_from(id).ok()))
}

fn distinct(column: &[Cell]) -> Vec<Cell> {
    let mut cells = column.to_vec();
    cells.sort_unstable();
    cells.dedup();
    cells
}

fn distinct_vars(terms: &[Term]) -> Vec<Var> {
    let mut vars = Vec::new();
    for term in terms {
        if let Term::Var(v) = term
            && !vars.contains(v)
        {
            vars.push(*v);
        }
    }
    vars
}
