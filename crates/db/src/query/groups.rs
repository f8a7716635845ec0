//! Rows grouped by what is not an aggregate in `:find`.
//!
//! What counts rows or reckons with integers goes over the column once, for all groups together. Other aggregates get the values
//! of each group.

use super::QueryError;
use super::aggregates::Aggregate;
use super::ast::*;
use super::find::{Pulls, cell_at, element_value};
use super::keys::{distinct_rows, groups};
use super::relation::Relation;
use super::solve::{Answer, Run};
use crate::cell::Cell;
use edn::Value;

/// A row for each group, with its aggregates.
pub(super) fn grouped(run: &Run<'_>, relation: &Relation) -> Answer<Vec<Vec<Value>>> {
    let elements = run.query.find.elements();
    let mut keys: Vec<Var> = elements
        .iter()
        .filter_map(|e| match e {
            Element::Var(v) | Element::Pull { var: v, .. } => Some(*v),
            Element::Aggregate { .. } => None,
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let key_columns: Vec<&[Cell]> = keys.iter().filter_map(|v| relation.column(*v)).collect();
    let (of, firsts) = groups(&key_columns, relation.len);
    let groups = Groups { of: &of, count: firsts.len() };
    let mut members: Option<Vec<Vec<u32>>> = None;
    let mut pulls = Pulls::default();
    let mut rows = vec![Vec::with_capacity(elements.len()); groups.count];
    for (at, element) in elements.iter().enumerate() {
        let Element::Aggregate { function, args, text } = element else {
            for (row, first) in rows.iter_mut().zip(&firsts) {
                let first = *first as usize;
                row.push(element_value(run, &mut pulls, at, element, relation, first)?);
            }
            continue;
        };
        if let Some(values) = groups.at_once(function, args, relation) {
            rows.iter_mut().zip(values).for_each(|(row, value)| row.push(value));
            continue;
        }
        let members = members.get_or_insert_with(|| groups.members());
        for (row, group) in rows.iter_mut().zip(members) {
            row.push(aggregate(run, function, args, text, relation, group)?);
        }
    }
    Ok(rows)
}

/// Which group each row is of.
struct Groups<'a> {
    of: &'a [u32],
    count: usize,
}

impl Groups<'_> {
    fn members(&self) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.count];
        for (row, group) in self.of.iter().enumerate() {
            members[*group as usize].push(row as u32);
        }
        members
    }

    fn counts(&self, of: impl Iterator<Item = u32>) -> Vec<i64> {
        let mut counts = vec![0; self.count];
        of.for_each(|group| counts[group as usize] += 1);
        counts
    }

    /// The values of an aggregate that needs no values made; `None` where it does.
    fn at_once(
        &self,
        function: &Aggregator,
        args: &[Term],
        relation: &Relation,
    ) -> Option<Vec<Value>> {
        let (Aggregator::Builtin(function), [Term::Var(over)]) = (function, args) else {
            return None;
        };
        let column = relation.column(*over)?;
        let ints = |counts: Vec<i64>| counts.into_iter().map(Value::Int).collect();
        match function {
            Aggregate::Count => Some(ints(self.counts(self.of.iter().copied()))),
            Aggregate::CountDistinct => {
                let group = |group: &u32| Cell::entity(*group);
                let of: Vec<Cell> = self.of.iter().map(group).collect();
                Some(ints(match distinct_rows(&[&of, column]) {
                    None => self.counts(self.of.iter().copied()),
                    Some(rows) => self.counts(rows.iter().map(|row| self.of[*row as usize])),
                }))
            }
            Aggregate::Sum => self.sums(column).map(ints),
            Aggregate::Avg => {
                let counts = self.counts(self.of.iter().copied());
                let sums = self.sums(column)?;
                sums.into_iter()
                    .zip(counts)
                    .map(|(sum, n)| super::aggregates::quotient(sum, n))
                    .collect()
            }
            Aggregate::Min => self.extremes(column, i64::min),
            Aggregate::Max => self.extremes(column, i64::max),
            _ => None,
        }
    }

    /// The sums of a column of integers; `None` where it is none, or a sum could be too large on the way.
    fn sums(&self, column: &[Cell]) -> Option<Vec<i64>> {
        let int = |cell: &Cell| cell.in_order() >> 3;
        let largest = column.iter().map(|cell| int(cell).unsigned_abs()).max()?;
        largest.checked_mul(column.len() as u64).filter(|sum| *sum <= i64::MAX as u64)?;
        if !Cell::are_ints(column) {
            return None;
        }
        let mut sums = vec![0; self.count];
        for (group, cell) in self.of.iter().zip(column) {
            sums[*group as usize] += int(cell);
        }
        Some(sums)
    }

    fn extremes(&self, column: &[Cell], better: fn(i64, i64) -> i64) -> Option<Vec<Value>> {
        if !Cell::are_ints(column) {
            return None;
        }
        let mut found: Vec<Option<i64>> = vec![None; self.count];
        for (group, cell) in self.of.iter().zip(column) {
            let n = cell.in_order() >> 3;
            let best = &mut found[*group as usize];
            *best = Some(best.map_or(n, |other| better(other, n)));
        }
        found.into_iter().map(|n| n.map(Value::Int)).collect()
    }
}

fn aggregate(
    run: &Run<'_>,
    function: &Aggregator,
    args: &[Term],
    text: &str,
    relation: &Relation,
    group: &[u32],
) -> Answer<Value> {
    let failed =
        |e: edn::CallError| QueryError::Function { message: e.0, clause: text.to_string() };
    let Some((Term::Var(over), constants)) = args.split_last() else {
        return Ok(Value::Nil);
    };
    let constants: Vec<Value> = constants
        .iter()
        .map(|term| match term {
            Term::Constant(value) => value.clone(),
            Term::Var(v) => {
                cell_at(relation, *v, group[0] as usize).map_or(Value::Nil, |c| run.space.value(c))
            }
            _ => Value::Nil,
        })
        .collect();
    // What no clause binds is nil.
    let value = |row: &u32| match relation.column(*over) {
        Some(column) => run.space.value(column[*row as usize]),
        None => Value::Nil,
    };
    let values: Vec<Value> = group.iter().map(value).collect();
    match function {
        Aggregator::Builtin(builtin) => builtin.apply(&constants, &values).map_err(failed),
        Aggregator::Input(f) => {
            let function = cell_at(relation, *f, group[0] as usize).map(|c| run.space.value(c));
            let mut args = constants;
            args.push(Value::list(values));
            match function {
                Some(Value::Opaque(object)) => object.0.call(&args).map_err(failed),
                Some(Value::Symbol(symbol)) => match super::builtin(&symbol) {
                    Some(builtin) => builtin.call(&args).map_err(failed),
                    None => Err(failed(edn::CallError(format!("Unknown function '{symbol}")))),
                },
                other => Err(failed(edn::CallError(format!(
                    "{} is not a function",
                    other.unwrap_or(Value::Nil)
                )))),
            }
        }
    }
}
