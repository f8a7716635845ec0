//! Why a call gives nothing.

use crate::calls::MAX_NESTED;
use crate::value::JsValue;
use db::{DbError, PullError, QueryError, ReaderError, SchemaError, SerializeError, TxError};

/// Why a call gives nothing. A host throws what was thrown, and everything else as an `Error` with its message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A function threw this.
    #[error("a function threw {0}")]
    Thrown(JsValue),
    /// The API has no function of that name.
    #[error("{0} is not a function")]
    NoSuchFunction(String),
    /// An argument of the wrong kind.
    #[error("{function}: expected {expected}, got {got}")]
    Argument {
        /// The function that was called.
        function: &'static str,
        /// What should have been given.
        expected: &'static str,
        /// What was given.
        got: String,
    },
    /// An argument that is none of a few words.
    #[error("No matching clause: {0}, expected \":eavt\", \":aevt\" or \":avet\"")]
    Index(String),
    /// More parts of a key than datoms have.
    #[error("{function}: expected at most four components, got {got}")]
    Components {
        /// The function that was called.
        function: &'static str,
        /// How many were given.
        got: usize,
    },
    /// An attribute that is neither keyword nor string.
    #[error("Bad attribute type: {0}, expected keyword or string")]
    AttributeType(String),
    /// A range of what is no attribute.
    #[error(
        "Bad entity attribute {attribute} at (-index-range db {attribute} {start} {end}), expected keyword or string"
    )]
    RangeAttribute {
        /// What was given for it.
        attribute: String,
        /// Where the range was to begin.
        start: String,
        /// Where it was to end.
        end: String,
    },
    /// A value that nests too deep, or contains itself.
    #[error("Values can nest {} deep, this one nests deeper or contains itself", edn::MAX_DEPTH)]
    TooDeep,
    /// A date that is none.
    #[error("Invalid Date cannot be a value")]
    InvalidDate,
    /// Calls inside of functions inside of calls.
    #[error("Calls can nest {MAX_NESTED} deep: a function that calls itself through the database?")]
    NestedCalls,
    /// A transaction function that transacts on its own connection.
    #[error("The connection is at work: a function of a transaction cannot change it")]
    Busy,
    /// A query, pattern or schema that does not read.
    #[error("Cannot read {text}: {error}")]
    Read {
        /// What was to be read.
        text: String,
        /// What is wrong with it.
        error: edn::ReadError,
    },
    /// A query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A pull.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// A transaction.
    #[error(transparent)]
    Tx(#[from] TxError),
    /// A question about a database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Datoms given as such.
    #[error(transparent)]
    Reader(#[from] ReaderError),
    /// A serialized database.
    #[error(transparent)]
    Serialize(#[from] SerializeError),
}
