//! What comes of the rows: aggregates, pulls, order, and the shape that `:find` asks for.

use super::QueryError;
use super::ast::*;
use super::groups::grouped;
use super::relation::Relation;
use super::result::{QueryResult, Rows, Shape};
use super::solve::{Answer, Run, Source, State};
use crate::cell::Cell;
use crate::pull::Pattern;
use edn::Value;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The variables that must be known when all clauses have been worked off.
pub(super) fn needed_vars(query: &Query) -> Vec<Var> {
    let mut vars = query.with.clone();
    for element in query.find.elements() {
        match element {
            Element::Var(v) => vars.push(*v),
            Element::Pull { var, pattern, .. } => {
                vars.push(*var);
                if let PullPattern::Input(p) = pattern {
                    vars.push(*p);
                }
            }
            Element::Aggregate { function, args, .. } => {
                if let Aggregator::Input(f) = function {
                    vars.push(*f);
                }
                vars.extend(args.iter().filter_map(|a| match a {
                    Term::Var(v) => Some(*v),
                    _ => None,
                }));
            }
        }
    }
    vars.sort_unstable();
    vars.dedup();
    vars
}

pub(super) fn finish(run: Run<'_>, state: State) -> Answer<QueryResult> {
    let query = run.query;
    let elements = query.find.elements();
    let relation = run.project(state, &needed_vars(query))?;
    let columns = elements.iter().map(|e| heading(&run, e)).collect();
    let aggregated = elements.iter().any(|e| matches!(e, Element::Aggregate { .. }));
    let pulled = elements.iter().any(|e| matches!(e, Element::Pull { .. }));
    let ordered = !query.order_by.is_empty();
    let keys = query.keys.as_ref().map(|(kind, symbols)| {
        let key = |s: &edn::Symbol| match kind {
            KeyKind::Keywords => Value::keyword(s.as_str()),
            KeyKind::Strings => Value::from(s.as_str()),
            KeyKind::Symbols => Value::Symbol(s.clone()),
        };
        symbols.iter().map(key).collect::<Vec<_>>()
    });
    let sequence = aggregated || pulled || ordered || !query.with.is_empty();
    let shape = match (&query.find, keys) {
        (Find::Relation(_), Some(keys)) if sequence => Shape::Maps(keys),
        (Find::Relation(_), Some(keys)) => Shape::MapSet(keys),
        (Find::Tuple(_), Some(keys)) => Shape::TupleMap(keys),
        (Find::Relation(_), None) if sequence => Shape::Sequence,
        (Find::Relation(_), None) => Shape::Set,
        (Find::Collection(_), _) => Shape::Collection,
        (Find::Tuple(_), _) => Shape::Tuple,
        (Find::Scalar(_), _) => Shape::Scalar,
    };
    let mut rows = if aggregated {
        Rows::Values(grouped(&run, &relation)?)
    } else if pulled {
        Rows::Values(plain(&run, relation)?)
    } else {
        let mut relation = relation;
        let vars: Vec<Var> = elements.iter().filter_map(plain_var).collect();
        let len = relation.len;
        let columns = relation.take_columns(&vars);
        Rows::Cells { columns, len, space: Arc::new(run.space) }
    };
    if ordered {
        rows.sort(&query.order_by);
    }
    rows.slice(query.offset, query.limit);
    Ok(QueryResult { columns, rows, shape })
}

fn plain_var(element: &Element) -> Option<Var> {
    match element {
        Element::Var(v) => Some(*v),
        _ => None,
    }
}

fn heading(run: &Run<'_>, element: &Element) -> String {
    match element {
        Element::Var(v) | Element::Pull { var: v, .. } => run.name(*v).to_string(),
        Element::Aggregate { text, .. } => text.clone(),
    }
}

fn plain(run: &Run<'_>, relation: Relation) -> Answer<Vec<Vec<Value>>> {
    let elements = run.query.find.elements();
    let mut pulls = Pulls::default();
    let mut rows = Vec::with_capacity(relation.len);
    for row in 0..relation.len {
        let mut values = Vec::with_capacity(elements.len());
        for (at, element) in elements.iter().enumerate() {
            values.push(element_value(run, &mut pulls, at, element, &relation, row)?);
        }
        rows.push(values);
    }
    Ok(rows)
}

pub(super) fn cell_at(relation: &Relation, var: Var, row: usize) -> Option<Cell> {
    relation.column(var).map(|column| column[row])
}

pub(super) fn element_value(
    run: &Run<'_>,
    pulls: &mut Pulls,
    at: usize,
    element: &Element,
    relation: &Relation,
    row: usize,
) -> Answer<Value> {
    let value = |v: Var| cell_at(relation, v, row).map_or(Value::Nil, |c| run.space.value(c));
    match element {
        Element::Var(v) => Ok(value(*v)),
        Element::Pull { source, var, pattern } => {
            let Source::Db(db) = run.source(*source) else {
                return Err(QueryError::Input("pull needs a database as its source".to_string()));
            };
            let entity = value(*var);
            match pattern {
                PullPattern::Constant(pattern) => {
                    let parsed = match pulls.parsed.entry(at) {
                        std::collections::hash_map::Entry::Occupied(e) => e.into_mut(),
                        std::collections::hash_map::Entry::Vacant(e) => {
                            e.insert(Pattern::parse(db, pattern)?)
                        }
                    };
                    Ok(parsed.pull(db, &entity)?)
                }
                PullPattern::Input(p) => Ok(Pattern::parse(db, &value(*p))?.pull(db, &entity)?),
            }
        }
        Element::Aggregate { .. } => Ok(Value::Nil),
    }
}

/// Parsed pull patterns, by place in `:find`.
#[derive(Default)]
pub(super) struct Pulls {
    parsed: FxHashMap<usize, Pattern>,
}
