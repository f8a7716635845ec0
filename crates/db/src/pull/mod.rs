//! Pull: what an entity says, shaped by a pattern.
//!
//! `parse` turns a pattern into a [`Pattern`] for one schema, `run` walks entities with it. DataScript's
//! pull is the reference for every option: `*`, `:as`, `:limit` (1,000 unless told), `:default`, `:xform`,
//! reverse attributes, nested patterns, recursion (`...` or a number), components, and the older
//! `(limit :a 10)` and `(default :a 1)`.
//!
//! Invariants
//! - Keys come out in the order of the attributes' names, reverse attributes last.
//! - An entity that recursion has met on the way down appears as its `:db/id` alone, so cycles end.
//! - The result nests less than [`edn::MAX_DEPTH`]; a deeper one is an error, not an exhausted stack.
//!
//! Costs: a look-up in EAVT for each attribute the pattern names, one scan for a wildcard.

mod kinds;
mod parse;
mod run;

pub use parse::Pattern;

use crate::{Db, DbError};
use edn::Value;

/// Why a pull failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PullError {
    /// The pattern is not one: what was expected, and the part that is wrong.
    #[error("Expected {expected}, got: {fragment}")]
    Pattern {
        /// What should stand there.
        expected: &'static str,
        /// What stands there, printed.
        fragment: String,
    },
    /// `:xform` names a function that is not there.
    #[error("Can't resolve symbol {0}")]
    UnknownFunction(String),
    /// A function given to `:xform` failed.
    #[error(":xform of {attribute} failed: {message}")]
    Transform {
        /// The attribute whose value it was given.
        attribute: String,
        /// What the function said.
        message: String,
    },
    /// The result would nest deeper than values may.
    #[error("pull nests deeper than {0} entities; give the recursion a limit")]
    TooDeep(usize),
    /// The entity could not be identified.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Pulls one entity, given by id, lookup ref or ident. `Nil` when there is no such entity or the pattern
/// finds nothing on it.
pub fn pull(db: &Db, pattern: &Value, entity: &Value) -> Result<Value, PullError> {
    Pattern::parse(db, pattern)?.pull(db, entity)
}

/// Pulls several entities with one pattern: a vector with one value for each, in their order.
pub fn pull_many(db: &Db, pattern: &Value, entities: &[Value]) -> Result<Value, PullError> {
    Ok(Value::vector(Pattern::parse(db, pattern)?.pull_each(db, entities)?))
}
