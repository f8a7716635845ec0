//! Running a query: inputs in, clauses one by one, relations joined.

use super::ast::*;
use super::attach::Attached;
use super::explain::Trace;
use super::find;
use super::inline::{Names, inline};
use super::order::Estimate;
use super::parse::parse_rules;
use super::pattern::Filter;
use super::relation::Relation;
use super::result::QueryResult;
use super::rules::Tables;
use super::space::Space;
use super::{Budget, Input as Given, QueryError};
use crate::cell::Cell;
use crate::db::Db;
use edn::{Symbol, Value};
use rustc_hash::FxHashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

pub(super) type Answer<T> = Result<T, QueryError>;

/// Where facts come from.
pub(super) enum Source {
    Db(Db),
    Tuples(Vec<Value>),
    Absent,
}

/// Everything one run needs to know.
pub(super) struct Run<'q> {
    pub(super) query: &'q Query,
    sources: Vec<Source>,
    /// The source that is called `$`.
    pub(super) dollar: Option<SourceId>,
    /// The source that stands for `$` in the rule that is being run.
    pub(super) dollar_now: Option<SourceId>,
    pub(super) space: Space,
    pub(super) budget: Budget,
    pub(super) rules: FxHashMap<Symbol, Rule>,
    pub(super) vars: Vec<Symbol>,
    pub(super) tables: Tables,
    /// Whether something that could name an entity has come from an input or a function.
    pub(super) has_names: AtomicBool,
    pub(super) source_names: Vec<Symbol>,
    /// Where the steps are written down, if they are asked for.
    pub(super) trace: Option<&'q Mutex<Trace>>,
}

/// Relations that share no variables.
#[derive(Clone)]
pub(super) struct State {
    pub(super) relations: Vec<Relation>,
}

impl State {
    pub(super) fn new(relation: Relation) -> State {
        State { relations: vec![relation] }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.relations.iter().any(|r| r.len == 0)
    }

    /// Whether something is known in several rows.
    pub(super) fn is_several(&self) -> bool {
        self.relations.iter().any(|r| r.len > 1)
    }

    pub(super) fn binds(&self, var: Var) -> bool {
        self.relation_of(var).is_some()
    }

    /// What a variable is known to be, where that is one thing.
    pub(super) fn only(&self, var: Var) -> Option<Cell> {
        let relation = self.relation_of(var).filter(|r| r.len == 1)?;
        relation.column(var)?.first().copied()
    }

    pub(super) fn relation_of(&self, var: Var) -> Option<&Relation> {
        self.relations.iter().find(|r| r.vars.contains(&var))
    }
}

pub(super) fn run<'q>(
    query: &'q Query,
    given: &[Given],
    budget: Budget,
    trace: Option<&'q Mutex<Trace>>,
) -> Answer<QueryResult> {
    let least = if query.is_input_optional { 0 } else { query.inputs.len() };
    if !(least..=query.inputs.len()).contains(&given.len()) {
        let wrong = if given.len() < least { "Too few" } else { "Extra" };
        let (expected, got) = (&query.inputs_text, given.len());
        return Err(QueryError::Input(format!(
            "{wrong} inputs passed, expected: {expected}, got: {got}"
        )));
    }
    let mut sources: Vec<Source> = query.sources.iter().map(|_| Source::Absent).collect();
    let mut rules = FxHashMap::default();
    let mut vars = query.vars.clone();
    let mut names = query.sources.clone();
    for (input, given) in query.inputs.iter().zip(given) {
        match (input, given) {
            (Input::Source(id), Given::Db(db)) => sources[*id] = Source::Db(db.clone()),
            (Input::Source(id), Given::Value(value)) => {
                let tuples = super::builtins::sequence(value).map_err(|e| {
                    QueryError::Input(format!("Cannot use {} as a source: {e}", query.sources[*id]))
                })?;
                sources[*id] = Source::Tuples(tuples);
            }
            (Input::Rules, Given::Value(value)) => {
                let parsed = parse_rules(query, value)?;
                rules = parsed.rules;
                vars = parsed.vars;
                names = parsed.sources;
            }
            (Input::Rules, Given::Db(_)) => {
                return Err(QueryError::Input("Expected rules for %, got a database".to_string()));
            }
            (Input::Binding(_), _) => {}
        }
    }
    let base = sources.iter().find_map(|s| match s {
        Source::Db(db) => Some(db.dict().clone()),
        _ => None,
    });
    sources.resize_with(names.len(), || Source::Absent);
    let dollar = names.iter().position(|name| name.as_str() == "$");
    let clauses = match rules.is_empty() {
        true => None,
        false => Some(inline(&query.clauses, &mut rules, Names { vars: &mut vars, dollar })),
    };
    let mut run = Run {
        query,
        sources,
        dollar,
        dollar_now: None,
        space: Space::new(base),
        budget,
        rules,
        vars,
        tables: Tables::default(),
        has_names: AtomicBool::new(false),
        source_names: names,
        trace,
    };
    let mut state = State::new(Relation::unit());
    for (input, given) in query.inputs.iter().zip(given) {
        if let Input::Binding(binding) = input {
            let relation = run.bind_input(binding, &given.clone().into_value())?;
            run.merge(&mut state, relation)?;
        }
    }
    let needed = find::needed_vars(query);
    let clauses = clauses.as_deref().unwrap_or(&query.clauses);
    let solved = run.solve(clauses, state, &needed)?;
    find::finish(run, solved)
}

impl Run<'_> {
    /// The source that a name means here.
    pub(super) fn meant(&self, source: SourceId) -> SourceId {
        match self.dollar_now {
            Some(now) if self.dollar == Some(source) => now,
            _ => source,
        }
    }

    pub(super) fn source(&self, source: SourceId) -> &Source {
        &self.sources[self.meant(source)]
    }

    pub(super) fn name(&self, var: Var) -> Value {
        Value::Symbol(self.vars[var as usize].clone())
    }

    /// Brings a relation together with those that share variables with it.
    pub(super) fn merge(&self, state: &mut State, relation: Relation) -> Answer<()> {
        let mut merged = relation;
        let (mut sharing, apart): (Vec<Relation>, Vec<Relation>) =
            std::mem::take(&mut state.relations)
                .into_iter()
                .partition(|r| r.vars.iter().any(|v| merged.vars.contains(v)));
        sharing.sort_by_key(|r| r.len);
        for other in sharing {
            merged = other
                .join(&merged, self.budget.rows())
                .ok_or(QueryError::TooManyRows(self.budget.rows()))?;
            self.budget.check(merged.len)?;
        }
        state.relations = apart;
        state.relations.push(merged);
        Ok(())
    }

    /// One relation of these variables, as far as they are bound, each row once.
    pub(super) fn project(&self, state: State, vars: &[Var]) -> Answer<Relation> {
        if state.is_empty() {
            let bound = vars.iter().copied().filter(|v| state.binds(*v)).collect();
            return Ok(Relation::empty(bound));
        }
        let mut result: Option<Relation> = None;
        for relation in state.relations {
            let own: Vec<Var> =
                vars.iter().copied().filter(|v| relation.vars.contains(v)).collect();
            if own.is_empty() {
                continue;
            }
            let part = relation.project(&own);
            result = Some(match result {
                None => part,
                Some(before) => before
                    .join(&part, self.budget.rows())
                    .ok_or(QueryError::TooManyRows(self.budget.rows()))?,
            });
        }
        Ok(result.unwrap_or_else(Relation::unit).project(vars))
    }

    /// As [`Run::project`], of a state that is still needed: only what is asked for is copied.
    pub(super) fn projected(&self, state: &State, vars: &[Var]) -> Answer<Relation> {
        let own = |relation: &Relation| {
            let own: Vec<Var> =
                vars.iter().copied().filter(|v| relation.vars.contains(v)).collect();
            let selected = relation.select(&own);
            match own.len() == relation.vars.len() {
                true => selected,
                false => selected.distinct(),
            }
        };
        self.project(State { relations: state.relations.iter().map(own).collect() }, vars)
    }

    /// Applies clauses to what is known; `needed` are the variables that are asked for afterwards.
    pub(super) fn solve(
        &mut self,
        clauses: &[Clause],
        state: State,
        needed: &[Var],
    ) -> Answer<State> {
        self.solve_all(clauses.iter().collect(), state, needed)
    }

    /// As [`Run::solve`], of clauses that stand in several places.
    pub(super) fn solve_all(
        &mut self,
        clauses: Vec<&Clause>,
        mut state: State,
        needed: &[Var],
    ) -> Answer<State> {
        let mut remaining = clauses.clone();
        let mut estimates: Vec<Option<Estimate>> = vec![None; remaining.len()];
        while !remaining.is_empty() {
            self.budget.check(0)?;
            let (best, cost) = self.next_clause(&remaining, &mut estimates, &state)?;
            let clause = remaining.remove(best);
            estimates.remove(best);
            let filter = self.filter_for(clause, &remaining, &state);
            let begun = self.begin_step(clause, cost);
            let filtered = self.clause(clause, &mut state, filter.map(|(_, filter)| filter))?;
            self.end_clause(begun, clause, &state);
            if let Some((at, _)) = filter.filter(|_| filtered) {
                estimates.remove(at);
                self.passed(remaining.remove(at), &state);
            }
            if state.is_empty() {
                return Ok(self.nothing(&clauses, &state, needed));
            }
            self.prune(&mut state, &remaining, needed);
        }
        Ok(state)
    }

    /// A state without rows that binds all that could be asked for.
    fn nothing(&self, clauses: &[&Clause], state: &State, needed: &[Var]) -> State {
        let mut vars: Vec<Var> = needed.to_vec();
        for clause in clauses {
            clause.for_each_var(&mut |v| vars.push(v));
        }
        for relation in &state.relations {
            vars.extend(&relation.vars);
        }
        vars.sort_unstable();
        vars.dedup();
        State::new(Relation::empty(vars))
    }

    /// Drops variables that nobody asks for any more.
    fn prune(&self, state: &mut State, remaining: &[&Clause], needed: &[Var]) {
        let mut wanted: Vec<Var> = needed.to_vec();
        for clause in remaining {
            clause.for_each_var(&mut |v| wanted.push(v));
        }
        for relation in &mut state.relations {
            if relation.vars.iter().any(|v| !wanted.contains(v)) {
                *relation = std::mem::take(relation).keep(|v| wanted.contains(&v));
            }
        }
    }

    /// A comparison, by its place, that can be made while a pattern's values are read.
    fn filter_for(
        &self,
        clause: &Clause,
        remaining: &[&Clause],
        state: &State,
    ) -> Option<(usize, Filter)> {
        let Clause::Pattern { terms, .. } = clause else { return None };
        let Some(Term::Var(var)) = terms.get(2) else { return None };
        if state.binds(*var) {
            return None;
        }
        remaining.iter().enumerate().find_map(|(at, other)| match other {
            Clause::Predicate(call) => {
                let test = self.test_of(call, *var, state)?;
                Some((at, Filter { var: *var, test }))
            }
            _ => None,
        })
    }

    /// Works a clause off; whether only what passes the filter is left.
    fn clause(
        &mut self,
        clause: &Clause,
        state: &mut State,
        filter: Option<Filter>,
    ) -> Answer<bool> {
        match clause {
            Clause::Pattern { source, terms } => {
                let named = self.named_entities(*source, terms, state)?;
                let terms = named.as_deref().unwrap_or(terms);
                match self.attach(*source, terms, filter, state)? {
                    Attached::Filtered => return Ok(true),
                    Attached::Yes => return Ok(false),
                    Attached::No => {}
                }
                let (relation, filtered) = self.pattern(*source, terms, filter, state)?;
                self.merge(state, relation)?;
                return Ok(filtered);
            }
            Clause::Predicate(call) => self.predicate(call, state),
            Clause::Function { call, binding } => {
                let relation = self.function(call, binding, state)?;
                self.merge(state, relation)
            }
            Clause::Not { join, clauses, text } => self.not(join.as_deref(), clauses, text, state),
            Clause::Or { required, join, branches, text } => {
                let vars = match join {
                    Some(join) => required.iter().chain(join).copied().collect(),
                    None => clause.vars(),
                };
                if join.is_none() {
                    self.check_free_vars(branches, text, state)?;
                }
                let relation = self.or(&vars, branches, state)?;
                self.merge(state, relation)
            }
            Clause::Rule { source, name, args, text } => {
                let relation = self.rule(*source, name, args, text, state)?;
                self.merge(state, relation)
            }
        }
        .map(|()| false)
    }

    fn not(
        &mut self,
        join: Option<&[Var]>,
        clauses: &[Clause],
        text: &str,
        state: &mut State,
    ) -> Answer<()> {
        let mut vars: Vec<Var> = match join {
            Some(join) => join.to_vec(),
            None => clauses.iter().flat_map(Clause::vars).collect(),
        };
        vars.sort_unstable();
        vars.dedup();
        let bound: Vec<Var> = vars.iter().copied().filter(|v| state.binds(*v)).collect();
        if bound.is_empty() {
            let names = vars.iter().map(|v| self.name(*v)).collect();
            return Err(QueryError::Unbound {
                vars: format!("none of {} is", Value::set(names)),
                clause: text.to_string(),
            });
        }
        let input = self.projected(state, &bound)?;
        // Rules under a negation are worked out to the end before they are negated.
        let outer = self.tables.enter_negation(text)?;
        let solved = self.solve(clauses, State::new(input), &bound);
        self.tables.leave_negation(outer);
        let excluded = self.project(solved?, &bound)?;
        let together = self.together(state, &bound)?;
        state.relations.push(together.without(&excluded));
        Ok(())
    }

    /// Takes the relations of these variables out of the state, as one.
    fn together(&self, state: &mut State, vars: &[Var]) -> Answer<Relation> {
        let (own, apart): (Vec<Relation>, Vec<Relation>) = std::mem::take(&mut state.relations)
            .into_iter()
            .partition(|r| r.vars.iter().any(|v| vars.contains(v)));
        state.relations = apart;
        let mut result = Relation::unit();
        for relation in own {
            result = result
                .join(&relation, self.budget.rows())
                .ok_or(QueryError::TooManyRows(self.budget.rows()))?;
        }
        Ok(result)
    }

    /// The branches of an `or` must bind the same variables.
    fn check_free_vars(&self, branches: &[Vec<Clause>], text: &str, state: &State) -> Answer<()> {
        let free_in = |branch: &Vec<Clause>| {
            let vars = branch.iter().flat_map(Clause::vars).filter(|v| !state.binds(*v));
            Value::set(vars.map(|v| self.name(v)).collect())
        };
        let free: Vec<Value> = branches.iter().map(free_in).collect();
        match free.iter().all(|vars| *vars == free[0]) {
            true => Ok(()),
            false => Err(QueryError::Parse(format!(
                "All clauses in 'or' must use same set of free vars, had {} in {text}",
                Value::vector(free)
            ))),
        }
    }

    fn or(&mut self, vars: &[Var], branches: &[Vec<Clause>], state: &State) -> Answer<Relation> {
        let input = self.projected(state, vars)?;
        let mut union = Relation::empty(vars.to_vec());
        for branch in branches {
            let solved = self.solve(branch, State::new(input.clone()), vars)?;
            let rows = self.project(solved, vars)?;
            if rows.vars.len() != vars.len() {
                let missing =
                    vars.iter().filter(|v| !rows.vars.contains(v)).map(|v| self.name(*v)).collect();
                return Err(QueryError::Parse(format!(
                    "All clauses in 'or' must use same set of free vars, {} is not bound in each",
                    Value::set(missing)
                )));
            }
            union.append(rows);
        }
        Ok(union.distinct())
    }
}

pub(super) fn text_of(clause: &Clause) -> String {
    match clause {
        Clause::Predicate(call) | Clause::Function { call, .. } => call.text.clone(),
        Clause::Not { text, .. } | Clause::Or { text, .. } | Clause::Rule { text, .. } => {
            text.clone()
        }
        Clause::Pattern { .. } => "a data pattern".to_string(),
    }
}
