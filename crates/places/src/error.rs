//! What can go wrong between a database and the places that keep it.

/// Why a place did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It cannot be reached now; trying again later makes sense.
    #[error("{place} cannot be reached: {problem}")]
    Unreachable {
        /// Which place.
        place: String,
        /// What was seen.
        problem: String,
    },
    /// It refuses, and will refuse again until somebody changes something.
    #[error("{place} refuses: {problem}")]
    Refused {
        /// Which place.
        place: String,
        /// What it says.
        problem: String,
    },
    /// What it holds is damaged.
    #[error("{place}: {what} is damaged: {problem}")]
    Damaged {
        /// Which place.
        place: String,
        /// The version, or `log`.
        what: String,
        /// What was found.
        problem: String,
    },
    /// A name that no version can have.
    #[error(
        "{0:?} is no name for a version: letters, digits, `.`, `_` and `-`, no more than 200, the first a letter or digit, not digits alone"
    )]
    Name(String),
    /// A version that cannot be made, or is none.
    #[error(transparent)]
    Form(#[from] crate::form::FormError),
    /// Its log or a snapshot in a file.
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

impl PlaceError {
    /// Whether trying again without changing anything makes sense.
    pub fn is_passing(&self) -> bool {
        match self {
            PlaceError::Unreachable { .. } => true,
            PlaceError::Store(error) => {
                matches!(error, store::StoreError::Io { .. } | store::StoreError::Locked { .. })
            }
            _ => false,
        }
    }

    /// The same for another who waited for it, too.
    #[cfg(any(feature = "bucket", feature = "postgres", feature = "sqlite"))]
    pub(crate) fn told_again(&self) -> PlaceError {
        match self {
            PlaceError::Unreachable { place, problem } => {
                PlaceError::Unreachable { place: place.clone(), problem: problem.clone() }
            }
            PlaceError::Refused { place, problem } => {
                PlaceError::Refused { place: place.clone(), problem: problem.clone() }
            }
            PlaceError::Damaged { place, what, problem } => PlaceError::Damaged {
                place: place.clone(),
                what: what.clone(),
                problem: problem.clone(),
            },
            PlaceError::Name(name) => PlaceError::Name(name.clone()),
            PlaceError::Store(_) | PlaceError::Form(_) => {
                PlaceError::Refused { place: "a log".to_owned(), problem: self.to_string() }
            }
        }
    }
}
