//! A parsed query.

use super::builtins::Builtin;
use edn::{Symbol, Value};
use std::sync::Arc;

/// A variable: its number within the query.
pub(super) type Var = u32;

/// A source of data, by its place among the query's sources.
pub(super) type SourceId = usize;

#[derive(Clone, Debug)]
pub(super) enum Find {
    Relation(Vec<Element>),
    Collection(Element),
    Tuple(Vec<Element>),
    Scalar(Element),
}

impl Find {
    pub(super) fn elements(&self) -> &[Element] {
        match self {
            Find::Relation(elements) | Find::Tuple(elements) => elements,
            Find::Collection(element) | Find::Scalar(element) => std::slice::from_ref(element),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Element {
    Var(Var),
    Pull { source: SourceId, var: Var, pattern: PullPattern },
    Aggregate { function: Aggregator, args: Vec<Term>, text: String },
}

#[derive(Clone, Debug)]
pub(super) enum PullPattern {
    Constant(Value),
    Input(Var),
}

#[derive(Clone, Debug)]
pub(super) enum Aggregator {
    Builtin(super::aggregates::Aggregate),
    /// `(aggregate ?f ?x)`: a function that came in.
    Input(Var),
}

/// How a value is taken apart into variables.
#[derive(Clone, Debug)]
pub(super) enum Binding {
    Ignore,
    Var(Var),
    /// With the form it was read from, for messages.
    Collection(Box<Binding>, Arc<str>),
    Tuple(Vec<Binding>, Arc<str>),
}

#[derive(Clone, Debug)]
pub(super) enum Input {
    Source(SourceId),
    Rules,
    Binding(Binding),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Var(Var),
    Constant(Value),
    Ignore,
    Source(SourceId),
}

#[derive(Clone, Debug)]
pub(super) enum Callee {
    Builtin(Builtin),
    Input(Var),
    Fulltext,
    GetElse,
    GetSome,
    Missing,
    Ground,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) callee: Callee,
    pub(super) args: Vec<Term>,
    /// As written, for messages.
    pub(super) text: String,
}

#[derive(Clone, Debug)]
pub(super) enum Clause {
    Pattern { source: SourceId, terms: Vec<Term> },
    Predicate(Call),
    Function { call: Call, binding: Binding },
    Not { join: Option<Vec<Var>>, clauses: Vec<Clause>, text: String },
    Or { required: Vec<Var>, join: Option<Vec<Var>>, branches: Vec<Vec<Clause>>, text: String },
    Rule { source: SourceId, name: Symbol, args: Vec<Term>, text: String },
}

/// The branches of one rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) required: usize,
    pub(super) branches: Vec<Arc<Branch>>,
}

#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) params: Vec<Var>,
    pub(super) clauses: Vec<Clause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Keywords,
    Strings,
    Symbols,
}

/// A query, parsed and checked: [`Query::parse`] once, [`Query::run`] as often as one likes.
#[derive(Clone, Debug)]
pub struct Query {
    pub(super) find: Find,
    pub(super) with: Vec<Var>,
    pub(super) inputs: Vec<Input>,
    /// What `:in` says.
    pub(super) inputs_text: String,
    /// Whether the one input, a database that nobody asked for, may be missing.
    pub(super) is_input_optional: bool,
    pub(super) clauses: Vec<Clause>,
    pub(super) vars: Vec<Symbol>,
    pub(super) sources: Vec<Symbol>,
    pub(super) keys: Option<(KeyKind, Vec<Symbol>)>,
    pub(super) order_by: Vec<(usize, bool)>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

impl Clause {
    /// Whether it looks into a source.
    pub(super) fn has_pattern(&self) -> bool {
        match self {
            Clause::Pattern { .. } => true,
            Clause::Not { clauses, .. } => clauses.iter().any(Clause::has_pattern),
            Clause::Or { branches, .. } => branches.iter().flatten().any(Clause::has_pattern),
            Clause::Predicate(_) | Clause::Function { .. } | Clause::Rule { .. } => false,
        }
    }

    /// Calls `each` with every variable that the clause shares with its surroundings.
    pub(super) fn for_each_var(&self, each: &mut impl FnMut(Var)) {
        let terms = |terms: &[Term], each: &mut dyn FnMut(Var)| {
            for term in terms {
                if let Term::Var(v) = term {
                    each(*v);
                }
            }
        };
        match self {
            Clause::Pattern { terms: t, .. } | Clause::Rule { args: t, .. } => terms(t, each),
            Clause::Predicate(call) => call.for_each_var(&mut *each),
            Clause::Function { call, binding } => {
                call.for_each_var(&mut *each);
                binding.for_each_var(each);
            }
            Clause::Not { join: Some(join), .. } => join.iter().copied().for_each(each),
            Clause::Not { clauses, .. } => {
                clauses.iter().for_each(|c| c.for_each_var_dyn(each));
            }
            Clause::Or { required, join: Some(join), .. } => {
                required.iter().chain(join).copied().for_each(each);
            }
            Clause::Or { branches, .. } => {
                branches.iter().flatten().for_each(|c| c.for_each_var_dyn(each));
            }
        }
    }

    fn for_each_var_dyn(&self, each: &mut dyn FnMut(Var)) {
        let mut each = |v| each(v);
        self.for_each_var(&mut each);
    }

    pub(super) fn vars(&self) -> Vec<Var> {
        let mut vars = Vec::new();
        self.for_each_var(&mut |v| {
            if !vars.contains(&v) {
                vars.push(v);
            }
        });
        vars
    }
}

impl Call {
    pub(super) fn for_each_var(&self, mut each: impl FnMut(Var)) {
        if let Callee::Input(v) = self.callee {
            each(v);
        }
        for term in &self.args {
            if let Term::Var(v) = term {
                each(*v);
            }
        }
    }
}

impl Binding {
    pub(super) fn for_each_var(&self, each: &mut dyn FnMut(Var)) {
        match self {
            Binding::Ignore => {}
            Binding::Var(v) => each(*v),
            Binding::Collection(inner, _) => inner.for_each_var(each),
            Binding::Tuple(parts, _) => parts.iter().for_each(|p| p.for_each_var(each)),
        }
    }

    pub(super) fn vars(&self) -> Vec<Var> {
        let mut vars = Vec::new();
        self.for_each_var(&mut |v| {
            if !vars.contains(&v) {
                vars.push(v);
            }
        });
        vars
    }
}
