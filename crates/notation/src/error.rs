//! What can go wrong between values and texts.

use serde_json::error::Category;

/// Why a value has no text, or a text no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotationError {
    /// A text that is none in its notation.
    #[error("{line}:{column}: {message}")]
    Read {
        /// The line where it goes wrong, from 1.
        line: usize,
        /// The column there, from 1.
        column: usize,
        /// What is wrong, and what was expected.
        message: String,
    },
    /// A value that the notation cannot say so that it reads back.
    #[error("{what} cannot be written: {problem}")]
    Unwritable {
        /// The value.
        what: String,
        /// Why.
        problem: &'static str,
    },
}

impl From<edn::ReadError> for NotationError {
    fn from(error: edn::ReadError) -> NotationError {
        let edn::ReadError { line, column, message, .. } = error;
        NotationError::Read { line, column, message }
    }
}

impl From<serde_json::Error> for NotationError {
    fn from(error: serde_json::Error) -> NotationError {
        let (line, column) = (error.line(), error.column());
        let whole = error.to_string();
        let position = format!(" at line {line} column {column}");
        let message = whole.strip_suffix(&position).unwrap_or(&whole);
        let message = match error.classify() {
            Category::Data => message.to_owned(),
            _ => format!("not JSON: {message}"),
        };
        NotationError::Read { line, column, message }
    }
}
