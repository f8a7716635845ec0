//! Datalog queries.
//!
//! A query is parsed once ([`Query::parse`]). Each run picks, clause by clause, the ready one that promises the
//! fewest rows, judged by counts from the indexes, so the order a query is written in does not matter; works on whole
//! relations, in columns of cells; and makes values only at the end. Rules are evaluated semi-naively, and only for the
//! arguments that are asked for (`rules`).
//!
//! DataScript is the reference for the language and its messages. Beyond it: `:order-by`, `:limit` and `:offset`, more
//! aggregates, and limits on rows and time ([`Limits`]).

mod aggregates;
mod arithmetic;
mod ast;
mod attach;
mod bind;
mod bounds;
mod builtins;
mod calls;
mod closure;
mod explain;
mod find;
mod groups;
mod inline;
mod keys;
mod lookups;
mod order;
mod output;
mod parse;
mod pattern;
mod places;
mod regexes;
mod relation;
mod result;
mod row_set;
mod rules;
mod sift;
mod solve;
mod space;
mod texts;
mod walk;

pub use ast::Query;
pub use builtins::{Builtin, builtin};
pub use explain::{Explanation, Step, explain};
pub use result::QueryResult;

use crate::db::{Db, DbError};
use crate::tx::DbObject;
use edn::{Opaque, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// It is not a query.
    #[error("{0}")]
    Parse(String),
    /// The inputs are not those that `:in` asks for.
    #[error("{0}")]
    Input(String),
    /// A clause needs variables that nothing binds.
    #[error("Insufficient bindings: {vars} bound in {clause}")]
    Unbound {
        /// The variables, as a set, and that they are not.
        vars: String,
        /// The clause.
        clause: String,
    },
    /// A function failed.
    #[error("{message} in {clause}")]
    Function {
        /// What it said.
        message: String,
        /// The clause.
        clause: String,
    },
    /// A value that cannot be taken apart as the query wants.
    #[error("Cannot bind value {value} to {kind} {binding}")]
    Binding {
        /// The value.
        value: String,
        /// What was expected of it: `collection` or `tuple`.
        kind: &'static str,
        /// The form that it was to be bound to.
        binding: String,
    },
    /// A collection with fewer items than the query wants.
    #[error("Not enough elements in a collection {value} to bind tuple {binding}")]
    TooShort {
        /// The collection.
        value: String,
        /// The form that it was to be bound to.
        binding: String,
    },
    /// A rule that does not exist.
    #[error("Unknown rule '{0}")]
    UnknownRule(String),
    /// A rule that is called with another number of arguments than it has.
    #[error("Wrong number of arguments for rule in {0}")]
    RuleArity(String),
    /// A rule that depends on its own negation.
    #[error("Rules depend on their own negation at {0}")]
    Negation(String),
    /// More rows than allowed.
    #[error("Query came to more than {0} rows")]
    TooManyRows(usize),
    /// More time than allowed.
    #[error("Query timed out after {0:?}")]
    TimedOut(Duration),
    /// An entity in a pattern could not be identified.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A pull in `:find` failed.
    #[error(transparent)]
    Pull(#[from] crate::pull::PullError),
}

/// What a query is given.
#[derive(Clone)]
pub enum Input {
    /// A database.
    Db(Db),
    /// Anything else: a value, a collection of tuples as a source, rules, a pull pattern, a function.
    Value(Value),
}

impl From<&Db> for Input {
    fn from(db: &Db) -> Input {
        Input::Db(db.clone())
    }
}

impl From<Value> for Input {
    fn from(value: Value) -> Input {
        match &value {
            Value::Opaque(object) => match object.0.as_any().downcast_ref::<DbObject>() {
                Some(db) => Input::Db(db.0.clone()),
                None => Input::Value(value),
            },
            _ => Input::Value(value),
        }
    }
}

impl Input {
    fn into_value(self) -> Value {
        match self {
            Input::Db(db) => Value::Opaque(Opaque(Arc::new(DbObject(db)))),
            Input::Value(value) => value,
        }
    }
}

/// How much a run may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows of any one intermediate result.
    pub rows: usize,
    /// Time.
    pub time: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { rows: 500_000_000, time: None }
    }
}

/// The limits of one run, and when it began.
pub(crate) struct Budget {
    limits: Limits,
    started: Instant,
}

impl Budget {
    pub(crate) fn new(limits: Limits) -> Budget {
        Budget { limits, started: Instant::now() }
    }

    pub(crate) fn rows(&self) -> usize {
        self.limits.rows
    }

    pub(crate) fn check(&self, rows: usize) -> Result<(), QueryError> {
        if rows > self.limits.rows {
            return Err(QueryError::TooManyRows(self.limits.rows));
        }
        match self.limits.time {
            Some(time) if self.started.elapsed() > time => Err(QueryError::TimedOut(time)),
            _ => Ok(()),
        }
    }
}

impl Query {
    /// Parses and checks a query.
    pub fn parse(query: &Value) -> Result<Query, QueryError> {
        match query {
            Value::Str(text) => {
                let read = edn::read(text)
                    .map_err(|e| QueryError::Parse(format!("Cannot read query: {e}")))?;
                parse::parse(&read)
            }
            _ => parse::parse(query),
        }
    }

    /// Answers the query.
    pub fn run(&self, inputs: &[Input]) -> Result<QueryResult, QueryError> {
        self.run_within(inputs, Limits::default())
    }

    /// Answers the query, within limits.
    pub fn run_within(&self, inputs: &[Input], limits: Limits) -> Result<QueryResult, QueryError> {
        let result = solve::run(self, inputs, Budget::new(limits), None);
        for input in inputs {
            if let Input::Db(db) = input {
                db.check_storage()?;
            }
        }
        result
    }
}

/// Parses and answers a query: DataScript's `q`.
///
/// ```
/// use db::{Db, Schema, q};
/// let db = Db::empty(Schema::default()).db_with(&edn::read("[{:name \"Ivan\" :age 15}]").unwrap()).unwrap();
/// let query = edn::read("[:find ?n . :where [?e :age 15] [?e :name ?n]]").unwrap();
/// assert_eq!(q(&query, &[(&db).into()]).unwrap().to_string(), "\"Ivan\"");
/// ```
pub fn q(query: &Value, inputs: &[Input]) -> Result<Value, QueryError> {
    Ok(Query::parse(query)?.run(inputs)?.into_value())
}
