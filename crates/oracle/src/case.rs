//! Cases: a schema, then steps against one connection. Each step has an outcome.

use edn::Value;
use std::fmt;

/// What a step asks for, by the forms that follow it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `tx-data`: transacts; a transaction that fails changes nothing.
    Transact,
    /// `query input…`: asks the database as it is now; the database itself is the first input and not given here.
    Query,
    /// `query input…`: a query for any one row, to be asked for all rows as well.
    QueryOne,
    /// `pattern eid`
    Pull,
    /// `pattern [eid…]`
    PullMany,
    /// `index component…`
    Datoms,
    /// `index component…`
    SeekDatoms,
    /// `attribute start end`
    IndexRange,
    /// Each side writes the database down, and reads what the other one wrote.
    Exchange,
}

impl Kind {
    /// As DataScript's JavaScript names it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Transact => "transact",
            Kind::Query => "q",
            Kind::QueryOne => "q_one",
            Kind::Pull => "pull",
            Kind::PullMany => "pull_many",
            Kind::Datoms => "datoms",
            Kind::SeekDatoms => "seek_datoms",
            Kind::IndexRange => "index_range",
            Kind::Exchange => "exchange",
        }
    }
}

/// One step of a case.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What is done.
    pub kind: Kind,
    /// What it is done with.
    pub forms: Vec<Value>,
}

/// The query for all rows of a query for any one of them: `[:find ?x . …]`, `[:find [?x ?y] …]`.
pub fn for_all_rows(query: &Value) -> Value {
    let Some([find, one, rest @ ..]) = query.as_seq() else { return query.clone() };
    let (elements, rest) = match (one.as_vector(), rest) {
        (Some(elements), rest) => (elements, rest),
        (None, [_dot, rest @ ..]) => (std::slice::from_ref(one), rest),
        (None, []) => (std::slice::from_ref(one), rest),
    };
    Value::vector([std::slice::from_ref(find), elements, rest].concat())
}

/// One case.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// The schema of the empty database it begins with.
    pub schema: Value,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "schema {}", self.schema)?;
        for step in &self.steps {
            write!(f, "\n  {}", step.kind.name())?;
            for form in &step.forms {
                write!(f, " {form}")?;
            }
        }
        Ok(())
    }
}

/// What came of a step.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// It gave this.
    Gave(Value),
    /// It was refused with this message.
    Refused(String),
    /// It ran into an error of the host language, whose wording is the host's own.
    Broke(String),
    /// The case did not end in time.
    Endless,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Gave(value) => write!(f, "gave {value}"),
            Outcome::Refused(message) => write!(f, "refused {message}"),
            Outcome::Broke(message) => write!(f, "broke {message}"),
            Outcome::Endless => f.write_str("did not end"),
        }
    }
}
