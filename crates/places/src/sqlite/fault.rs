//! What SQLite says, as what a place says: what is wrong and what to do about it.

use crate::error::PlaceError;
use db::DbError;
use rusqlite::ErrorCode;
use std::io;
use std::time::Duration;
use store::StoreError;

/// Why something was not done, before it is said of which place.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Db(DbError),
    Store(StoreError),
    Io(io::Error),
    Place(PlaceError),
    Damaged { what: String, problem: String },
    Refused(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Sql(error)
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Fault {
        Fault::Db(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Store(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Io(error)
    }
}

impl From<PlaceError> for Fault {
    fn from(error: PlaceError) -> Fault {
        Fault::Place(error)
    }
}

/// What to do about a file that is damaged.
const ANEW: &str =
    "its log is elsewhere too: put this file aside, and the next transaction makes a new one";

impl Fault {
    /// As the error of a place.
    pub(super) fn of(self, place: &str, patience: Duration) -> PlaceError {
        let place = place.to_owned();
        match self {
            Fault::Sql(error) => said(place, &error, patience),
            Fault::Db(error) => {
                let problem = format!("{error}; {ANEW}");
                PlaceError::Damaged { place, what: "the stored database".to_owned(), problem }
            }
            Fault::Store(StoreError::Corrupt { line, problem, .. }) => {
                let problem = format!("line {line}: {problem}; {ANEW}");
                PlaceError::Damaged { place, what: "log".to_owned(), problem }
            }
            Fault::Store(error) => PlaceError::Store(error),
            Fault::Io(error) => PlaceError::Refused { place, problem: error.to_string() },
            Fault::Place(error) => error,
            Fault::Damaged { what, problem } => PlaceError::Damaged { place, what, problem },
            Fault::Refused(problem) => PlaceError::Refused { place, problem },
        }
    }
}

fn said(place: String, error: &rusqlite::Error, patience: Duration) -> PlaceError {
    let damaged = |problem: String| PlaceError::Damaged {
        place: place.clone(),
        what: "the file".to_owned(),
        problem,
    };
    let refused = |problem: String| PlaceError::Refused { place: place.clone(), problem };
    let unreachable = |problem: String| PlaceError::Unreachable { place: place.clone(), problem };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            damaged("it is no SQLite database; name another path, or put it aside".to_owned())
        }
        Some(ErrorCode::DatabaseCorrupt) => damaged(format!("{error}; {ANEW}")),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => unreachable(format!(
            "another program has been writing to it for {} ms; end that, or wait",
            patience.as_millis()
        )),
        Some(ErrorCode::ReadOnly) => {
            refused("it cannot be written: let yourself write to the file and its folder".to_owned())
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => refused(
            "it cannot be opened: there must be no folder of that name, and you must be let into its own".to_owned(),
        ),
        Some(ErrorCode::DiskFull) => refused("the disk is full: make room".to_owned()),
        Some(ErrorCode::SystemIoFailure) => unreachable(error.to_string()),
        _ => refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn what_passes_and_what_does_not() {
        let of = |code| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            Fault::Sql(error).of("sqlite x", Duration::from_millis(7))
        };
        assert!(of(ffi::SQLITE_BUSY).is_passing() && of(ffi::SQLITE_IOERR).is_passing());
        assert!(matches!(of(ffi::SQLITE_CORRUPT), PlaceError::Damaged { .. }));
        for code in [ffi::SQLITE_READONLY, ffi::SQLITE_FULL, ffi::SQLITE_CANTOPEN] {
            assert!(matches!(of(code), PlaceError::Refused { .. }));
        }
        assert_eq!(
            of(ffi::SQLITE_BUSY).to_string(),
            "sqlite x cannot be reached: another program has been writing to it for 7 ms; end that, or wait"
        );
    }
}
