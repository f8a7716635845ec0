//! What can go wrong between a database and its forms.

use super::Form;
use db::{PullError, ReaderError, SchemaError, SerializeError, TxError};
use notation::NotationError;

/// Why a database cannot be written, or a text is none.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// A snapshot of a database without its log, or what only a snapshot has from another form.
    #[error("only a snapshot, made of a log, has what the log can be made anew from")]
    NeedsLog,
    /// The notation.
    #[error(transparent)]
    Notation(#[from] NotationError),
    /// A text that is not what its form wants.
    #[error("no {}: expected {expected}, found {found}", form.name())]
    Shape {
        /// The form.
        form: Form,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A snapshot that does not verify.
    #[error("the snapshot is damaged: {0}")]
    Snapshot(String),
    /// Data that are those of no database.
    #[error(transparent)]
    Data(#[from] ReaderError),
    /// A transaction that cannot be.
    #[error("transaction {number}: {problem}")]
    Transaction {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        problem: TxError,
    },
    /// Entities that contradict each other or the schema.
    #[error(transparent)]
    Entities(#[from] TxError),
    /// Components that nest too deep.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// A schema that is none.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// What DataScript's `serializable` wrote, or would.
    #[error(transparent)]
    Serialize(#[from] SerializeError),
}

/// As much of a value as a message shows.
const SHOWN: usize = 200;

impl FormError {
    pub(super) fn shape(form: Form, expected: &'static str, found: &edn::Value) -> FormError {
        let found: String = found.to_string().chars().take(SHOWN).collect();
        FormError::Shape { form, expected, found }
    }
}
