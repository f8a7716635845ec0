//! Relations: what is known so far, in columns of cells.
//!
//! Invariant: each row stands once, but for what [`Relation::select`] and [`Relation::append`] leave to their callers.

use super::ast::Var;
use crate::cell::Cell;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Rows over variables, one column for each. A relation without variables is true when it has a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    pub(super) vars: Vec<Var>,
    pub(super) columns: Vec<Vec<Cell>>,
    pub(super) len: usize,
}

fn hash_cells(cells: impl Iterator<Item = Cell>) -> u64 {
    let mut hasher = FxHasher::default();
    for cell in cells {
        hasher.write_u64(cell.0);
    }
    hasher.finish()
}

impl Relation {
    /// The relation that says nothing and is true.
    pub(super) fn unit() -> Relation {
        Relation { len: 1, ..Relation::default() }
    }

    pub(super) fn empty(vars: Vec<Var>) -> Relation {
        Relation { columns: vec![Vec::new(); vars.len()], vars, len: 0 }
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
        }
    }

    /// Only these variables, in this order; those it does not have are left out. Rows may come to be equal.
    pub(super) fn select(&self, vars: &[Var]) -> Relation {
        let places: Vec<usize> = vars.iter().filter_map(|v| self.column_of(*v)).collect();
        Relation {
            vars: places.iter().map(|at| self.vars[*at]).collect(),
            columns: places.iter().map(|at| self.columns[*at].clone()).collect(),
            len: self.len,
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
    pub(super) fn project(self, vars: &[Var]) -> Relation {
        if self.vars == vars {
            return self;
        }
        let selected = self.select(vars);
        if selected.vars.len() == self.vars.len() { selected } else { selected.distinct() }
    }

    /// Each row once.
    pub(super) fn distinct(self) -> Relation {
        if self.vars.is_empty() {
            return Relation { len: self.len.min(1), ..self };
        }
        // No two rows have the same cell in a column that ascends.
        if self.columns.iter().any(|column| column.is_sorted_by(|a, b| a < b)) {
            return self;
        }
        let mut seen: HashTable<u32> = HashTable::with_capacity(self.len.min(1 << 16));
        let hash = |row: u32| hash_cells(self.columns.iter().map(|c| c[row as usize]));
        let mut kept = Vec::new();
        for row in 0..self.len as u32 {
            let hashed = hash(row);
            let same =
                |other: &u32| self.columns.iter().all(|c| c[*other as usize] == c[row as usize]);
            if seen.find(hashed, same).is_none() {
                seen.insert_unique(hashed, row, |r| hash(*r));
                kept.push(row);
            }
        }
        if kept.len() == self.len { self } else { self.gather(&kept) }
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
        let index = KeyIndex::new(small, &shared);
        let probe = columns_of(large, &shared);
        let (mut small_rows, mut large_rows) = (Vec::new(), Vec::new());
        for row in 0..large.len {
            for found in index.matches(&probe, row) {
                small_rows.push(found);
                large_rows.push(row as u32);
            }
            if small_rows.len() > limit {
                return None;
            }
        }
        let mut joined = large.gather(&large_rows);
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
        Some(Relation { vars, columns, len })
    }

    /// The rows that agree with no row of the other.
    pub(super) fn without(&self, other: &Relation) -> Relation {
        let shared = self.shared(other);
        if shared.is_empty() {
            return if other.len == 0 { self.clone() } else { Relation::empty(self.vars.clone()) };
        }
        let index = KeyIndex::new(other, &shared);
        let probe = columns_of(self, &shared);
        let mut result = self.clone();
        result.retain(|row| index.matches(&probe, row).next().is_none());
        result
    }
}

fn columns_of<'a>(relation: &'a Relation, vars: &[Var]) -> Vec<&'a [Cell]> {
    vars.iter().filter_map(|v| relation.column(*v)).collect()
}

/// Rows by the cells of some columns.
pub(super) struct KeyIndex<'a> {
    keys: Vec<&'a [Cell]>,
    heads: Heads,
    /// The next row with the same key; [`END`] after the last.
    next: Vec<u32>,
}

enum Heads {
    /// One key column of integers that lie close together: rows by key less the lowest.
    Dense {
        lowest: u64,
        rows: Vec<u32>,
    },
    Hashed(HashTable<u32>),
}

const END: u32 = u32::MAX;

impl<'a> KeyIndex<'a> {
    pub(super) fn new(relation: &'a Relation, vars: &[Var]) -> KeyIndex<'a> {
        let keys = columns_of(relation, vars);
        let mut next = vec![END; relation.len];
        let heads = match dense_range(&keys) {
            Some((lowest, size)) => {
                let mut rows = vec![END; size];
                for row in (0..relation.len).rev() {
                    let slot = &mut rows[((keys[0][row].0 - lowest) >> 3) as usize];
                    next[row] = *slot;
                    *slot = row as u32;
                }
                Heads::Dense { lowest, rows }
            }
            None => {
                let mut table: HashTable<u32> = HashTable::with_capacity(relation.len);
                let hash = |row: u32| hash_cells(keys.iter().map(|k| k[row as usize]));
                for row in (0..relation.len as u32).rev() {
                    let hashed = hash(row);
                    let same =
                        |head: &u32| keys.iter().all(|k| k[*head as usize] == k[row as usize]);
                    match table.find_mut(hashed, same) {
                        Some(head) => {
                            next[row as usize] = *head;
                            *head = row;
                        }
                        None => {
                            table.insert_unique(hashed, row, |r| hash(*r));
                        }
                    }
                }
                Heads::Hashed(table)
            }
        };
        KeyIndex { keys, heads, next }
    }

    /// The rows whose key is that of a row of other columns, in order.
    pub(super) fn matches<'s>(
        &'s self,
        probe: &[&[Cell]],
        row: usize,
    ) -> impl Iterator<Item = u32> + use<'s, 'a> {
        let first = match &self.heads {
            Heads::Dense { lowest, rows } => {
                let cell = probe[0][row].0;
                let at = cell.wrapping_sub(*lowest);
                let found = rows.get((at >> 3) as usize).copied().unwrap_or(END);
                if at & 7 == 0 { found } else { END }
            }
            Heads::Hashed(table) => {
                let hashed = hash_cells(probe.iter().map(|p| p[row]));
                let same = |head: &u32| {
                    self.keys.iter().zip(probe).all(|(k, p)| k[*head as usize] == p[row])
                };
                table.find(hashed, same).copied().unwrap_or(END)
            }
        };
        std::iter::successors((first != END).then_some(first), |row| {
            let next = self.next[*row as usize];
            (next != END).then_some(next)
        })
    }
}

/// The lowest cell and the number of integers up to the highest, where that is worth an array.
fn dense_range(keys: &[&[Cell]]) -> Option<(u64, usize)> {
    let [only] = keys else { return None };
    let (mut low, mut high) = (u64::MAX, 0);
    for cell in *only {
        if cell.0 & 7 != 0 {
            return None;
        }
        low = low.min(cell.0);
        high = high.max(cell.0);
    }
    let size = (high.checked_sub(low)? >> 3) as usize + 1;
    (size <= only.len() * 8 + 1024).then_some((low, size))
}

/// A growing set of rows that remembers the order they came in.
pub(super) struct RowSet {
    pub(super) columns: Vec<Vec<Cell>>,
    pub(super) len: usize,
    table: HashTable<u32>,
}

impl RowSet {
    pub(super) fn new(width: usize) -> RowSet {
        RowSet { columns: vec![Vec::new(); width], len: 0, table: HashTable::new() }
    }

    /// Adds the rows that are new.
    pub(super) fn extend(&mut self, columns: &[Vec<Cell>], len: usize) {
        for row in 0..len {
            let hashed = hash_cells(columns.iter().map(|c| c[row]));
            let own = &self.columns;
            let same =
                |at: &u32| own.iter().zip(columns).all(|(own, new)| own[*at as usize] == new[row]);
            if self.table.find(hashed, same).is_some() {
                continue;
            }
            for (own, new) in self.columns.iter_mut().zip(columns) {
                own.push(new[row]);
            }
            let own = &self.columns;
            self.table.insert_unique(hashed, self.len as u32, |at| {
                hash_cells(own.iter().map(|c| c[*at as usize]))
            });
            self.len += 1;
        }
    }

    /// The rows from one place on, as a relation over these variables.
    pub(super) fn since(&self, from: usize, vars: &[Var]) -> Relation {
        Relation {
            vars: vars.to_vec(),
            columns: self.columns.iter().map(|c| c[from..].to_vec()).collect(),
            len: self.len - from,
        }
    }
}
