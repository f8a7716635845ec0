//! Relations: what is known so far, in columns of cells.
//!
//! Invariant: each row stands once, unless `repeats` says that it may not; what is asked for in the end is made distinct.

use super::ast::Var;
use super::keys::{KeyIndex, distinct_rows, repeat_often};
use crate::cell::Cell;

/// Rows over variables, one column for each. A relation without variables is true when it has a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    pub(super) vars: Vec<Var>,
    pub(super) columns: Vec<Vec<Cell>>,
    pub(super) len: usize,
    /// Whether rows may stand more than once.
    pub(super) repeats: bool,
}

impl Relation {
    /// The relation that says nothing and is true.
    pub(super) fn unit() -> Relation {
        Relation { len: 1, ..Relation::default() }
    }

    pub(super) fn empty(vars: Vec<Var>) -> Relation {
        Relation { columns: vec![Vec::new(); vars.len()], vars, ..Relation::default() }
    }

    /// Rows that are all different.
    pub(super) fn of(vars: Vec<Var>, columns: Vec<Vec<Cell>>, len: usize) -> Relation {
        Relation { vars, columns, len, repeats: false }
    }

    pub(super) fn column_of(&self, var: Var) -> Option<usize> {
        self.vars.iter().position(|v| *v == var)
    }

    pub(super) fn column(&self, var: Var) -> Option<&[Cell]> {
        self.column_of(var).map(|at| self.columns[at].as_slice())
    }

    /// The rows at these places.
    pub(super) fn gather(&self, rows: &[u32]) -> Relation {
        let pick = |column: &Vec<Cell>| rows.iter().map(|r| column[*r as usize]).collect();
        Relation {
            vars: self.vars.clone(),
            columns: self.columns.iter().map(pick).collect(),
            len: rows.len(),
            repeats: self.repeats,
        }
    }

    /// Only these variables, in this order; those it does not have are left out. Rows may come to be equal.
    pub(super) fn select(&self, vars: &[Var]) -> Relation {
        let places: Vec<usize> = vars.iter().filter_map(|v| self.column_of(*v)).collect();
        Relation {
            vars: places.iter().map(|at| self.vars[*at]).collect(),
            columns: places.iter().map(|at| self.columns[*at].clone()).collect(),
            len: self.len,
            repeats: self.repeats || places.len() < self.vars.len(),
        }
    }

    /// The columns of these variables, in this order; a variable may stand twice, and one that nothing binds is nil.
    pub(super) fn take_columns(&mut self, vars: &[Var]) -> Vec<Vec<Cell>> {
        let mut taken: Vec<Vec<Cell>> = Vec::with_capacity(vars.len());
        for (i, var) in vars.iter().enumerate() {
            let twice = vars[..i].iter().position(|v| v == var);
            taken.push(match (twice, self.column_of(*var)) {
                (Some(first), _) => taken[first].clone(),
                (None, Some(at)) => std::mem::take(&mut self.columns[at]),
                (None, None) => vec![Cell::NIL; self.len],
            });
        }
        taken
    }

    /// Only these variables, in this order, each row once.
    pub(super) fn project(mut self, vars: &[Var]) -> Relation {
        if self.vars != vars {
            let kept: Vec<Var> = vars.iter().copied().filter(|v| self.vars.contains(v)).collect();
            let repeats = self.repeats || kept.len() < self.vars.len();
            let columns = self.take_columns(&kept);
            self = Relation { vars: kept, columns, len: self.len, repeats };
        }
        if self.repeats { self.distinct() } else { self }
    }

    /// Each row once.
    pub(super) fn distinct(self) -> Relation {
        if self.vars.is_empty() {
            return Relation { len: self.len.min(1), repeats: false, ..self };
        }
        let distinct = match distinct_rows(&self.slices()) {
            Some(kept) => self.gather(&kept),
            None => self,
        };
        Relation { repeats: false, ..distinct }
    }

    /// Without these variables; rows may stand more than once afterwards, but not often.
    pub(super) fn keep(mut self, wanted: impl Fn(Var) -> bool) -> Relation {
        let mut at = 0;
        self.vars.retain(|v| {
            let kept = wanted(*v);
            match kept {
                true => at += 1,
                false => drop(self.columns.remove(at)),
            }
            kept
        });
        self.repeats = !self.columns.iter().any(|column| column.is_sorted_by(|a, b| a < b));
        let thinner = self.repeats && (self.vars.is_empty() || repeat_often(&self.slices()));
        if thinner { self.distinct() } else { self }
    }

    fn slices(&self) -> Vec<&[Cell]> {
        self.columns.iter().map(Vec::as_slice).collect()
    }

    /// Keeps the rows for which `keep` is true.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let kept: Vec<u32> = (0..self.len as u32).filter(|row| keep(*row as usize)).collect();
        if kept.len() < self.len {
            *self = self.gather(&kept);
        }
    }

    /// Rows of both, which must have the same variables in the same order.
    pub(super) fn append(&mut self, other: Relation) {
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            column.extend(more);
        }
        self.len += other.len;
        self.repeats = true;
    }

    fn shared(&self, other: &Relation) -> Vec<Var> {
        self.vars.iter().copied().filter(|v| other.vars.contains(v)).collect()
    }

    /// The rows of both that agree where they share variables. `None` where there would be more than `limit`.
    pub(super) fn join(&self, other: &Relation, limit: usize) -> Option<Relation> {
        let shared = self.shared(other);
        if shared.is_empty() {
            return self.product(other, limit);
        }
        let (small, large) = if self.len <= other.len { (self, other) } else { (other, self) };
        let index = KeyIndex::new(columns_of(small, &shared));
        let probe = columns_of(large, &shared);
        let (mut small_rows, mut large_rows) = (Vec::new(), Vec::new());
        index.matches(&probe, |row, found| {
            small_rows.push(found);
            large_rows.push(row);
            small_rows.len() <= limit
        });
        if small_rows.len() > limit {
            return None;
        }
        let mut joined = large.gather(&large_rows);
        joined.repeats |= small.repeats;
        for (var, column) in small.vars.iter().zip(&small.columns) {
            if !shared.contains(var) {
                joined.vars.push(*var);
                joined.columns.push(small_rows.iter().map(|r| column[*r as usize]).collect());
            }
        }
        Some(joined)
    }

    fn product(&self, other: &Relation, limit: usize) -> Option<Relation> {
        let len = self.len.checked_mul(other.len).filter(|len| *len <= limit)?;
        let mut vars = self.vars.clone();
        vars.extend(&other.vars);
        let mut columns = Vec::with_capacity(vars.len());
        for column in &self.columns {
            let repeated = column.iter().flat_map(|c| std::iter::repeat_n(*c, other.len));
            columns.push(repeated.collect());
        }
        for column in &other.columns {
            columns.push(column.iter().copied().cycle().take(len).collect());
        }
        Some(Relation { vars, columns, len, repeats: self.repeats || other.repeats })
    }

    /// The rows that agree with no row of the other.
    pub(super) fn without(&self, other: &Relation) -> Relation {
        let shared = self.shared(other);
        if shared.is_empty() {
            return if other.len == 0 { self.clone() } else { Relation::empty(self.vars.clone()) };
        }
        let index = KeyIndex::new(columns_of(other, &shared));
        let probe = columns_of(self, &shared);
        let mut matched = vec![false; self.len];
        index.matches(&probe, |row, _| {
            matched[row as usize] = true;
            true
        });
        let mut result = self.clone();
        result.retain(|row| !matched[row]);
        result
    }
}

fn columns_of<'a>(relation: &'a Relation, vars: &[Var]) -> Vec<&'a [Cell]> {
    vars.iter().filter_map(|v| relation.column(*v)).collect()
}
