//! What a run did: the clauses in the order it took them, how it worked each off, the rows it expected and those that came.
//!
//! A run that is not explained pays one test of an option a clause.

use super::ast::{Clause, Term};
use super::result::QueryResult;
use super::solve::{Run, State, text_of};
use super::{Budget, Input, Limits, Query, QueryError};
use edn::Value;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A step of a plan: one clause.
///
/// The clauses of a negation, a disjunction or a rule are steps below it. Those of a rule run once for each round of new answers:
/// their rows and times are sums.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The clause, or the branch of a rule.
    pub clause: String,
    /// The index or method: `scan :aevt`, `look up in :eavt`, `filter`.
    pub method: String,
    /// The rows that were expected when the clause was chosen, the first time; where that could be told.
    pub estimated: Option<u64>,
    /// The rows there were afterwards.
    pub rows: usize,
    /// How often it ran.
    pub runs: usize,
    /// How long it took, the steps below it included.
    pub time: Duration,
    /// What it consists of.
    pub steps: Vec<Step>,
}

/// How a query was answered, and the answer.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The clauses in the order they were taken.
    pub steps: Vec<Step>,
    /// The answer.
    pub result: QueryResult,
    /// How long it all took, without parsing.
    pub time: Duration,
}

/// Answers a query and tells how.
///
/// ```
/// use db::{Db, Schema, explain};
/// let people = edn::read(r#"[{:name "Ivan" :age 15} {:name "Petr" :age 37} {:name "Oleg"}]"#).unwrap();
/// let db = Db::empty(Schema::default()).db_with(&people).unwrap();
/// let query = edn::read("[:find ?n :where [?e :name ?n] [?e :age 37]]").unwrap();
/// let explanation = explain(&query, &[(&db).into()]).unwrap();
/// let clauses: Vec<&str> = explanation.steps.iter().map(|step| step.clause.as_str()).collect();
/// assert_eq!(clauses, ["[?e :age 37]", "[?e :name ?n]"]);
/// assert_eq!(explanation.steps[0].rows, 1);
/// ```
pub fn explain(query: &Value, inputs: &[Input]) -> Result<Explanation, QueryError> {
    Query::parse(query)?.explain_within(inputs, Limits::default())
}

impl Query {
    /// Answers the query, within limits, and tells how.
    pub fn explain_within(
        &self,
        inputs: &[Input],
        limits: Limits,
    ) -> Result<Explanation, QueryError> {
        let started = Instant::now();
        let trace = Mutex::new(Trace::default());
        let result = super::solve::run(self, inputs, Budget::new(limits), Some(&trace))?;
        let steps = lock(&trace).steps_below(0);
        Ok(Explanation { steps, result, time: started.elapsed() })
    }
}

fn lock(trace: &Mutex<Trace>) -> MutexGuard<'_, Trace> {
    trace.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Steps while they are taken; the first is the query itself.
pub(super) struct Trace {
    nodes: Vec<Node>,
    /// The step that is being taken.
    current: usize,
}

#[derive(Default)]
struct Node {
    step: Step,
    below: Vec<usize>,
}

impl Default for Trace {
    fn default() -> Trace {
        Trace { nodes: vec![Node::default()], current: 0 }
    }
}

/// A step that has begun.
pub(super) struct Begun {
    within: usize,
    started: Instant,
}

impl Trace {
    /// A step taken before in the same place goes on.
    fn begin(&mut self, clause: String, estimated: Option<u64>) -> Begun {
        let within = self.current;
        let before =
            self.nodes[within].below.iter().find(|n| self.nodes[**n].step.clause == clause);
        self.current = before.copied().unwrap_or(self.nodes.len());
        if self.current == self.nodes.len() {
            self.nodes.push(Node {
                step: Step { clause, estimated, ..Step::default() },
                below: Vec::new(),
            });
            self.nodes[within].below.push(self.current);
        }
        Begun { within, started: Instant::now() }
    }

    fn end(&mut self, begun: &Begun, rows: usize) {
        let step = &mut self.nodes[self.current].step;
        step.rows += rows;
        step.runs += 1;
        step.time += begun.started.elapsed();
        self.current = begun.within;
    }

    fn steps_below(&self, node: usize) -> Vec<Step> {
        let whole = |n: &usize| Step { steps: self.steps_below(*n), ..self.nodes[*n].step.clone() };
        self.nodes[node].below.iter().map(whole).collect()
    }
}

impl Run<'_> {
    /// A clause is about to be worked off.
    pub(super) fn begin_step(&self, clause: &Clause, cost: f64) -> Option<Begun> {
        let estimated = (0.0..1e9).contains(&cost).then(|| cost.round() as u64);
        let begun = lock(self.trace?).begin(self.clause_text(clause), estimated);
        self.note(|| {
            let method = match clause {
                Clause::Pattern { .. } => "nothing can match",
                Clause::Predicate(_) => "filter",
                Clause::Function { .. } => "call",
                Clause::Not { .. } => "take away",
                Clause::Or { .. } => "union",
                Clause::Rule { .. } => "tables",
            };
            method.to_string()
        });
        Some(begun)
    }

    /// A branch of a rule is about to be run.
    pub(super) fn begin_branch(&self, name: &edn::Symbol, branch: usize) -> Option<Begun> {
        let begun = lock(self.trace?).begin(format!("{name}, branch {}", branch + 1), None);
        self.note(|| "rule".to_string());
        Some(begun)
    }

    /// A clause has been worked off, and left this state.
    pub(super) fn end_clause(&self, begun: Option<Begun>, clause: &Clause, state: &State) {
        if begun.is_none() {
            return;
        }
        let vars = clause.vars();
        let touched = state.relations.iter().filter(|r| r.vars.iter().any(|v| vars.contains(v)));
        let rows = match state.is_empty() {
            true => 0,
            false => touched.map(|r| r.len).max().unwrap_or(1),
        };
        self.end_step(begun, rows);
    }

    /// A clause was worked off along with the one before it.
    pub(super) fn passed(&self, clause: &Clause, state: &State) {
        let begun = self.begin_step(clause, -1.0);
        self.note(|| "filter in passing".to_string());
        self.end_clause(begun, clause, state);
    }

    pub(super) fn end_step(&self, begun: Option<Begun>, rows: usize) {
        if let (Some(begun), Some(trace)) = (begun, self.trace) {
            lock(trace).end(&begun, rows);
        }
    }

    /// How the clause at hand is worked off.
    pub(super) fn note(&self, method: impl FnOnce() -> String) {
        if let Some(trace) = self.trace {
            let mut trace = lock(trace);
            let current = trace.current;
            trace.nodes[current].step.method = method();
        }
    }

    fn clause_text(&self, clause: &Clause) -> String {
        let Clause::Pattern { source, terms } = clause else { return text_of(clause) };
        let source = &self.source_names[*source];
        let source = (source.as_str() != "$").then(|| Value::Symbol(source.clone()));
        let term = |term: &Term| match term {
            Term::Var(v) => self.name(*v),
            Term::Constant(value) => value.clone(),
            Term::Ignore => Value::symbol("_"),
            Term::Source(id) => Value::Symbol(self.source_names[*id].clone()),
        };
        Value::vector(source.into_iter().chain(terms.iter().map(term)).collect()).to_string()
    }
}

impl Step {
    fn to_value(&self) -> Value {
        let mut entries = vec![
            (Value::keyword("clause"), Value::from(self.clause.as_str())),
            (Value::keyword("method"), Value::from(self.method.as_str())),
            (
                Value::keyword("estimated"),
                self.estimated.map_or(Value::Nil, |n| Value::Int(n as i64)),
            ),
            (Value::keyword("rows"), Value::Int(self.rows as i64)),
            (Value::keyword("runs"), Value::Int(self.runs as i64)),
            (Value::keyword("microseconds"), microseconds(self.time)),
        ];
        if !self.steps.is_empty() {
            entries.push((Value::keyword("steps"), values(&self.steps)));
        }
        Value::map(entries)
    }

    fn line(&self) -> [String; 5] {
        let estimated = self.estimated.map_or_else(|| "?".to_string(), |n| n.to_string());
        let runs = if self.runs > 1 { format!(" in {} runs", self.runs) } else { String::new() };
        let time = format!("{:.3} ms", self.time.as_secs_f64() * 1e3);
        [self.clause.clone(), self.method.clone(), estimated, format!("{}{runs}", self.rows), time]
    }
}

fn values(steps: &[Step]) -> Value {
    Value::vector(steps.iter().map(Step::to_value).collect())
}

fn microseconds(time: Duration) -> Value {
    Value::Int(i64::try_from(time.as_micros()).unwrap_or(i64::MAX))
}

impl Explanation {
    /// The explanation as data: `{:rows n, :microseconds t, :steps [{:clause "…", :method "…", :estimated n, :rows n, …}]}`.
    pub fn to_value(&self) -> Value {
        Value::map(vec![
            (Value::keyword("rows"), Value::Int(self.result.len() as i64)),
            (Value::keyword("microseconds"), microseconds(self.time)),
            (Value::keyword("steps"), values(&self.steps)),
        ])
    }
}

/// How wide a clause is shown; a longer one is cut.
const WIDEST: usize = 72;

fn lines(steps: &[Step], indent: &str, out: &mut Vec<[String; 5]>) {
    for (i, step) in steps.iter().enumerate() {
        let last = i + 1 == steps.len();
        let mut line = step.line();
        line[0] = format!("{indent}{} {}", if last { "└─" } else { "├─" }, line[0]);
        if line[0].chars().count() > WIDEST {
            line[0] = line[0].chars().take(WIDEST - 1).chain(['…']).collect();
        }
        out.push(line);
        lines(&step.steps, &format!("{indent}{}", if last { "   " } else { "│  " }), out);
    }
}

/// A tree with a line for each step.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["clause", "method", "expected", "rows", "time"].map(str::to_string);
        let mut table = vec![heading];
        lines(&self.steps, "", &mut table);
        let width =
            |column: usize| table.iter().map(|l| l[column].chars().count()).max().unwrap_or(0);
        let [a, b, c, d] = [0, 1, 2, 3].map(width);
        for [clause, method, estimated, rows, time] in &table {
            writeln!(f, "{clause:a$}  {method:b$}  {estimated:>c$}  {rows:>d$}  {time}")?;
        }
        let (rows, time) = (self.result.len(), self.time.as_secs_f64() * 1e3);
        write!(f, "{rows} {} in {time:.3} ms", if rows == 1 { "row" } else { "rows" })
    }
}
