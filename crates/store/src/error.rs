//! What can go wrong between a database and its disk.

use std::path::PathBuf;

/// Why a log or snapshot could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Somebody else has the log open for writing.
    #[error("{} is open for writing in another process; close that, or open this one for reading", path.display())]
    Locked {
        /// The log.
        path: PathBuf,
    },
    /// There is a log already where one was to be made.
    #[error("{} is there already", path.display())]
    Exists {
        /// The log.
        path: PathBuf,
    },
    /// A line of the log that is damaged, with whole transactions after it.
    #[error("{}:{line}: {problem}; `defbase doctor` shows what can be saved", path.display())]
    Corrupt {
        /// The log.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Transactions that others build on are not in the log.
    #[error("the log lacks transactions that others build on: {0}; merge the log that has them")]
    MissingParents(String),
    /// A transaction in the log that says something impossible.
    #[error("transaction {tx}: {problem}")]
    Meaningless {
        /// The transaction's id.
        tx: String,
        /// What is wrong.
        problem: String,
    },
    /// A snapshot that is damaged.
    #[error("{}: {problem}", path.display())]
    Snapshot {
        /// The snapshot.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A transaction that the database refuses.
    #[error(transparent)]
    Transaction(#[from] db::TxError),
    /// Something that a log cannot keep; nothing was written.
    #[error("{what} {problem}; a log cannot keep that")]
    Unwritable {
        /// What it is.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A flush failed, or the log was changed or replaced by another program: what was written since the last good flush may
    /// be lost, so nothing more is accepted.
    #[error("what was written may not be kept ({0}); open the database anew")]
    Poisoned(String),
}

impl StoreError {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = path.into();
        move |source| StoreError::Io { action, path, source }
    }
}
