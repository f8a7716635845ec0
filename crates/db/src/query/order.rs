//! Which clause is worked off next: the ready one that promises the fewest rows.

use super::QueryError;
use super::ast::*;
use super::solve::{Answer, Run, State, text_of};
use edn::Value;

/// What a pattern promised, while the rows stay as many that know its entity or its value, or none does.
#[derive(Clone, Copy)]
pub(super) struct Estimate {
    bound: (Option<usize>, Option<usize>, bool),
    cost: f64,
}

impl Run<'_> {
    pub(super) fn next_clause(
        &self,
        remaining: &[&Clause],
        estimates: &mut [Option<Estimate>],
        state: &State,
    ) -> Answer<(usize, f64)> {
        if let [only] = remaining
            && let Clause::Pattern { .. } = only
            && self.trace.is_none()
        {
            return Ok((0, 0.0));
        }
        let mut best: Option<(usize, f64)> = None;
        for (at, clause) in remaining.iter().enumerate() {
            let cost = match clause {
                Clause::Pattern { source, terms } => {
                    let bound = bound_rows(terms, state);
                    let known = estimates[at].filter(|estimate| estimate.bound == bound);
                    let cost =
                        known.map_or_else(|| self.pattern_cost(*source, terms, state), |k| k.cost);
                    estimates[at] = Some(Estimate { bound, cost });
                    Some(cost)
                }
                _ => self.cost(clause, at, remaining, state),
            };
            let Some(cost) = cost else { continue };
            if best.is_none_or(|(_, lowest)| cost < lowest) {
                best = Some((at, cost));
            }
        }
        match best {
            Some(best) => Ok(best),
            None => Err(self.unbound(remaining[0], state)),
        }
    }

    fn unbound(&self, clause: &Clause, state: &State) -> QueryError {
        let needed = match clause {
            Clause::Predicate(call) | Clause::Function { call, .. } => {
                let mut vars = Vec::new();
                call.for_each_var(|v| vars.push(v));
                vars
            }
            Clause::Or { required, .. } => required.clone(),
            other => other.vars(),
        };
        let vars = needed.into_iter().filter(|v| !state.binds(*v)).map(|v| self.name(v)).collect();
        QueryError::Unbound { vars: format!("{} not", Value::set(vars)), clause: text_of(clause) }
    }

    /// How many rows a clause promises; `None` where it cannot run yet.
    fn cost(
        &self,
        clause: &Clause,
        at: usize,
        remaining: &[&Clause],
        state: &State,
    ) -> Option<f64> {
        let rows_of = |v: Var| state.relation_of(v).map(|r| r.len as f64);
        match clause {
            Clause::Predicate(call) => {
                let mut ready = true;
                call.for_each_var(|v| ready &= state.binds(v));
                ready.then_some(-1.0)
            }
            Clause::Function { call, .. } => {
                let mut rows = Some(0.0f64);
                call.for_each_var(|v| {
                    rows = match (rows, rows_of(v)) {
                        (Some(most), Some(rows)) => Some(most.max(rows)),
                        _ => None,
                    };
                });
                rows
            }
            Clause::Pattern { source, terms } => Some(self.pattern_cost(*source, terms, state)),
            Clause::Not { .. } => {
                let vars = clause.vars();
                let mut others = Vec::new();
                for (i, other) in remaining.iter().enumerate() {
                    if i != at && !matches!(other, Clause::Not { .. } | Clause::Predicate(_)) {
                        other.for_each_var(&mut |v| others.push(v));
                    }
                }
                let ready = vars.iter().all(|v| state.binds(*v) || !others.contains(v));
                ready.then_some(0.0)
            }
            Clause::Or { required, join, branches, .. } => {
                if !required.iter().all(|v| state.binds(*v)) {
                    return None;
                }
                let somewhere_free = |v: &&Var| {
                    !state.binds(**v)
                        && !branches.iter().all(|b| b.iter().any(|c| c.vars().contains(*v)))
                };
                let awaited = |v: &Var| {
                    let others = remaining.iter().enumerate().filter(|(i, _)| *i != at);
                    others.into_iter().any(|(_, other)| other.vars().contains(v))
                };
                if join.iter().flatten().filter(somewhere_free).any(awaited) {
                    return None;
                }
                let branch_cost = |branch: &Vec<Clause>| {
                    let costs = branch.iter().enumerate().filter_map(|(i, c)| {
                        let all: Vec<&Clause> = branch.iter().collect();
                        self.cost(c, i, &all, state)
                    });
                    costs.filter(|c| *c >= 0.0).fold(f64::INFINITY, f64::min).min(1e12)
                };
                Some(branches.iter().map(branch_cost).sum::<f64>() + 1.0)
            }
            Clause::Rule { name, args, .. } => {
                let required = self.rules.get(name).map_or(0, |r| r.required);
                let mut bound: Option<f64> = None;
                for (i, arg) in args.iter().enumerate() {
                    let rows = match arg {
                        Term::Var(v) => rows_of(*v),
                        Term::Constant(_) => Some(1.0),
                        _ => None,
                    };
                    if i < required && rows.is_none() {
                        return None;
                    }
                    bound = match (bound, rows) {
                        (Some(least), Some(rows)) => Some(least.min(rows)),
                        (least, rows) => least.or(rows),
                    };
                }
                Some(bound.map_or(1e9, |rows| rows * 100.0))
            }
        }
    }
}

fn bound_rows(terms: &[Term], state: &State) -> (Option<usize>, Option<usize>, bool) {
    let rows = |part: usize| match terms.get(part) {
        Some(Term::Var(v)) => state.relation_of(*v).map(|r| r.len),
        _ => None,
    };
    let (e, v) = (rows(0), rows(2));
    (e, v, e.or(v).is_none() && state.is_several())
}
