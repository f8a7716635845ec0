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
                let vars = binding.vars();
                known.extend(vars);
            }
        }
    }
    let mut asked: Vec<Var> = query.with.clone();
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
    let unknown: Vec<Value> = asked
        .iter()
        .filter(|v| !known.contains(*v))
        .map(|v| Value::Symbol(query.vars[*v as usize].clone()))
        .collect();
    if !unknown.is_empty() {
        return fail(format!("Query for unknown vars: {}", Value::vector(unknown)));
    }
    check_sources(query, &query.clauses, &sources)?;
    if !rules && uses_rules(&query.clauses) {
        return fail("Missing rules var '%' in :in");
    }
    Ok(())
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
