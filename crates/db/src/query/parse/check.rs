//! What a whole query must hold: every name it uses is known.

use super::names::{Parse, fail};
use crate::query::ast::*;
use edn::Value;
use rustc_hash::FxHashSet;

pub(super) fn collect_vars(clauses: &[Clause], vars: &mut FxHashSet<Var>) {
    for clause in clauses {
        clause.for_each_var(&mut |v| {
            vars.insert(v);
        });
    }
}

pub(super) fn check(query: &Query) -> Parse<()> {
    let mut known = FxHashSet::default();
    collect_vars(&query.clauses, &mut known);
    let mut sources = FxHashSet::default();
    let mut given = FxHashSet::default();
    let mut rules = false;
    for input in &query.inputs {
        match input {
            Input::Source(id) => {
                if !sources.insert(*id) {
                    return fail("Vars used in :in should be distinct");
                }
            }
            Input::Rules => rules = true,
            Input::Binding(binding) => {
                for var in binding.vars() {
                    if !given.insert(var) {
                        return fail("Vars used in :in should be distinct");
                    }
                }
            }
        }
    }
    known.extend(&given);
    let asked = find_vars(query);
    let unknown = asked.iter().chain(&query.with).filter(|v| !known.contains(*v));
    let unknown = names_of(query, unknown);
    if !unknown.is_empty() {
        return fail(format!("Query for unknown vars: {}", Value::vector(unknown)));
    }
    let shared = names_of(query, query.with.iter().filter(|v| asked.contains(v)));
    if !shared.is_empty() {
        let shared = Value::vector(shared);
        return fail(format!(":find and :with should not use same variables: {shared}"));
    }
    if names_of(query, query.with.iter()).len() < query.with.len() {
        return fail("Vars used in :with should be distinct");
    }
    check_sources(query, &query.clauses, &sources)?;
    if !rules && uses_rules(&query.clauses) {
        return fail("Missing rules var '%' in :in");
    }
    Ok(())
}

/// The names of variables, each once.
fn names_of<'a>(query: &Query, vars: impl Iterator<Item = &'a Var>) -> Vec<Value> {
    let mut seen = FxHashSet::default();
    vars.filter(|v| seen.insert(**v))
        .map(|v| Value::Symbol(query.vars[*v as usize].clone()))
        .collect()
}

/// The variables that `:find` names.
fn find_vars(query: &Query) -> Vec<Var> {
    let mut asked = Vec::new();
    for element in query.find.elements() {
        match element {
            Element::Var(v) => asked.push(*v),
            Element::Pull { var, pattern, .. } => {
                asked.push(*var);
                if let PullPattern::Input(p) = pattern {
                    asked.push(*p);
                }
            }
            Element::Aggregate { function, args, .. } => {
                if let Aggregator::Input(f) = function {
                    asked.push(*f);
                }
                asked.extend(args.iter().filter_map(|a| match a {
                    Term::Var(v) => Some(*v),
                    _ => None,
                }));
            }
        }
    }
    asked
}

pub(super) fn check_sources(
    query: &Query,
    clauses: &[Clause],
    given: &FxHashSet<SourceId>,
) -> Parse<()> {
    let check = |id: &SourceId| {
        if given.contains(id) {
            return Ok(());
        }
        let name = Value::Symbol(query.sources[*id].clone());
        fail(format!("Where uses unknown source vars: {}", Value::vector(vec![name])))
    };
    for clause in clauses {
        match clause {
            Clause::Pattern { source, .. } => check(source)?,
            Clause::Not { clauses, .. } => check_sources(query, clauses, given)?,
            Clause::Or { branches, .. } => {
                for branch in branches {
                    check_sources(query, branch, given)?;
                }
            }
            Clause::Predicate(call) | Clause::Function { call, .. } => {
                for term in &call.args {
                    if let Term::Source(id) = term {
                        check(id)?;
                    }
                }
            }
            Clause::Rule { source, .. } => check(source)?,
        }
    }
    Ok(())
}

pub(super) fn uses_rules(clauses: &[Clause]) -> bool {
    clauses.iter().any(|clause| match clause {
        Clause::Rule { .. } => true,
        Clause::Not { clauses, .. } => uses_rules(clauses),
        Clause::Or { branches, .. } => branches.iter().any(|b| uses_rules(b)),
        _ => false,
    })
}
