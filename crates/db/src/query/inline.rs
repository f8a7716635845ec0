//! Calls of plain rules become the clauses of the rule, so that they are planned together with what stands around them.
//!
//! A rule is plain when it has one branch of patterns, calls and rules, binds all its parameters there, asks for none to be
//! bound, and no rule that it calls, by whatever way, comes back to itself. What DataScript gives for its calls is what it
//! gives for its clauses.
//!
//! Costs: looking at each rule once, and at most [`MOST_CALLS`] resolved calls for each body.

use super::ast::*;
use edn::Symbol;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A body does not grow beyond so many clauses: rules that call rules twice would fill the memory.
const MOST_CLAUSES: usize = 64;

/// So many calls are resolved in one body: rules may call one rule after the other, for ever so long.
const MOST_CALLS: usize = 256;

type Rules = FxHashMap<Symbol, Rule>;
type Plain = FxHashMap<Symbol, Arc<Branch>>;

/// Variables get their names here; new ones are made beside them.
pub(super) struct Names<'a> {
    pub(super) vars: &'a mut Vec<Symbol>,
    /// The source that is called `$`.
    pub(super) dollar: Option<SourceId>,
}

/// The clauses with calls of plain rules resolved, and the same done to the rules themselves.
pub(super) fn inline(clauses: &[Clause], rules: &mut Rules, mut names: Names) -> Vec<Clause> {
    let plain: Plain = ending(rules)
        .into_iter()
        .filter(|name| is_plain(&rules[name]))
        .map(|name| (name.clone(), rules[name].branches[0].clone()))
        .collect();
    if plain.is_empty() {
        return clauses.to_vec();
    }
    for (_, rule) in rules.iter_mut().filter(|(name, _)| !plain.contains_key(*name)) {
        for branch in &mut rule.branches {
            let clauses = names.resolved(&branch.clauses, &plain);
            *branch = Arc::new(Branch { params: branch.params.clone(), clauses });
        }
    }
    names.resolved(clauses, &plain)
}

fn is_plain(rule: &Rule) -> bool {
    let [branch] = rule.branches.as_slice() else { return false };
    let mut bound = Vec::new();
    for clause in &branch.clauses {
        match clause {
            Clause::Pattern { .. } | Clause::Rule { .. } => {
                clause.for_each_var(&mut |v| bound.push(v));
            }
            Clause::Function { binding, .. } => binding.for_each_var(&mut |v| bound.push(v)),
            Clause::Predicate(_) => {}
            Clause::Not { .. } | Clause::Or { .. } => return false,
        }
    }
    rule.required == 0 && branch.params.iter().all(|param| bound.contains(param))
}

/// The rules that come to an end: those that call none, then those that call only such.
fn ending(rules: &Rules) -> Vec<&Symbol> {
    let mut callers: FxHashMap<&Symbol, Vec<&Symbol>> = FxHashMap::default();
    let mut waiting: FxHashMap<&Symbol, usize> = FxHashMap::default();
    let mut ending = Vec::new();
    for (name, rule) in rules {
        let mut called = Vec::new();
        for branch in &rule.branches {
            branch.clauses.iter().for_each(|clause| calls(clause, &mut called));
        }
        called.retain(|callee| rules.contains_key(*callee));
        called.iter().for_each(|callee| callers.entry(callee).or_default().push(name));
        match called.len() {
            0 => ending.push(name),
            open => drop(waiting.insert(name, open)),
        }
    }
    let mut at = 0;
    while let Some(name) = ending.get(at).copied() {
        at += 1;
        for caller in callers.get(name).into_iter().flatten() {
            let Some(open) = waiting.get_mut(*caller) else { continue };
            *open -= 1;
            if *open == 0 {
                ending.push(caller);
            }
        }
    }
    ending
}

/// The rules that a clause calls.
fn calls<'r>(clause: &'r Clause, found: &mut Vec<&'r Symbol>) {
    match clause {
        Clause::Rule { name, .. } => found.push(name),
        Clause::Not { clauses, .. } => clauses.iter().for_each(|c| calls(c, found)),
        Clause::Or { branches, .. } => branches.iter().flatten().for_each(|c| calls(c, found)),
        Clause::Pattern { .. } | Clause::Predicate(_) | Clause::Function { .. } => {}
    }
}

impl Names<'_> {
    fn resolved(&mut self, clauses: &[Clause], plain: &Plain) -> Vec<Clause> {
        let mut out = Vec::with_capacity(clauses.len());
        let mut pending: Vec<Clause> = clauses.iter().rev().cloned().collect();
        let mut resolved = 0;
        while let Some(clause) = pending.pop() {
            let body = match &clause {
                Clause::Rule { source, name, args, .. } => {
                    let fits = |branch: &&Arc<Branch>| {
                        let all = out.len() + pending.len() + branch.clauses.len();
                        branch.params.len() == args.len()
                            && all <= MOST_CLAUSES
                            && resolved < MOST_CALLS
                    };
                    let branch = plain.get(name).filter(fits);
                    branch.and_then(|branch| self.body(branch, args, *source))
                }
                _ => None,
            };
            match body {
                Some(body) => {
                    resolved += 1;
                    pending.extend(body.into_iter().rev());
                }
                None => out.push(clause),
            }
        }
        out
    }

    /// A branch with its parameters replaced by what a call gives, and all other variables by new ones.
    fn body(&mut self, branch: &Branch, args: &[Term], source: SourceId) -> Option<Vec<Clause>> {
        let mut terms: FxHashMap<Var, Term> = FxHashMap::default();
        for (param, arg) in branch.params.iter().zip(args) {
            match arg {
                Term::Var(_) | Term::Constant(_) => terms.insert(*param, arg.clone()),
                Term::Ignore => None,
                Term::Source(_) => return None,
            };
        }
        let constant = |v: &Var| matches!(terms.get(v), Some(Term::Constant(_)));
        let needs_vars = |clause: &Clause| match clause {
            Clause::Function { call, binding } => {
                binding.vars().iter().any(constant) || matches!(call.callee, Callee::Input(_))
            }
            Clause::Predicate(call) => matches!(call.callee, Callee::Input(_)),
            _ => false,
        };
        if branch.clauses.iter().any(needs_vars) {
            return None;
        }
        for clause in &branch.clauses {
            clause.for_each_var(&mut |v| {
                terms.entry(v).or_insert_with(|| {
                    self.vars.push(self.vars[v as usize].clone());
                    Term::Var((self.vars.len() - 1) as Var)
                });
            });
        }
        let call = Replacing { terms, dollar: self.dollar, source };
        Some(branch.clauses.iter().map(|clause| call.clause(clause)).collect())
    }
}

/// What stands for the variables of a rule, and for its `$`.
struct Replacing {
    terms: FxHashMap<Var, Term>,
    dollar: Option<SourceId>,
    source: SourceId,
}

impl Replacing {
    fn source(&self, source: SourceId) -> SourceId {
        if self.dollar == Some(source) { self.source } else { source }
    }

    fn terms(&self, terms: &[Term]) -> Vec<Term> {
        let replaced = |term: &Term| match term {
            Term::Var(v) => self.terms[v].clone(),
            Term::Source(source) => Term::Source(self.source(*source)),
            other => other.clone(),
        };
        terms.iter().map(replaced).collect()
    }

    fn call(&self, call: &Call) -> Call {
        Call { args: self.terms(&call.args), ..call.clone() }
    }

    fn binding(&self, binding: &Binding) -> Binding {
        match binding {
            Binding::Ignore => Binding::Ignore,
            Binding::Var(v) => match &self.terms[v] {
                Term::Var(v) => Binding::Var(*v),
                _ => Binding::Ignore,
            },
            Binding::Collection(inner, text) => {
                Binding::Collection(Box::new(self.binding(inner)), text.clone())
            }
            Binding::Tuple(parts, text) => {
                let parts = parts.iter().map(|part| self.binding(part)).collect();
                Binding::Tuple(parts, text.clone())
            }
        }
    }

    fn clause(&self, clause: &Clause) -> Clause {
        match clause {
            Clause::Pattern { source, terms } => {
                Clause::Pattern { source: self.source(*source), terms: self.terms(terms) }
            }
            Clause::Predicate(call) => Clause::Predicate(self.call(call)),
            Clause::Function { call, binding } => {
                Clause::Function { call: self.call(call), binding: self.binding(binding) }
            }
            Clause::Rule { source, name, args, text } => Clause::Rule {
                source: self.source(*source),
                name: name.clone(),
                args: self.terms(args),
                text: text.clone(),
            },
            other => other.clone(),
        }
    }
}
