//! The file, and connections to it.
//!
//! Invariants
//! - What is read makes no file, and nothing in one.
//! - A connection is used as long as the file that it is to is the one that is there: what is acknowledged is not in a file that
//!   somebody has put aside.

use super::fault::Fault;
use super::state;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) patience: Duration,
}

/// A connection, and to which file it is.
pub(super) struct Opened {
    pub(super) connection: Connection,
    file: Option<FileId>,
}

type FileId = (u64, u64);

impl File {
    pub(super) fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// Whether a connection is to the file that is there now.
    pub(super) fn is(&self, opened: &Opened) -> bool {
        let id = file_id(&self.path);
        id.is_some() && id == opened.file
    }

    /// A connection that reads; `None` where there is no file.
    pub(super) fn to_read(&self) -> Result<Option<Opened>, Fault> {
        if !self.is_there() {
            return Ok(None);
        }
        // In write-ahead mode who reads takes part in the index of what is written, so the file is opened for both where it can be.
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(Some(Opened { connection, file: file_id(&self.path) }))
    }

    /// A connection that writes, to a file that has every table.
    pub(super) fn to_write(&self) -> Result<Opened, Fault> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut connection =
            self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        // The rows are right by themselves: what others add to them must not keep the log from growing, and goes from the index of
        // words where a row of ours takes its place.
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = ON",
        )?;
        self.patiently(|| Ok(write_ahead(&connection)?))?;
        state::make_tables(&mut connection)?;
        Ok(Opened { connection, file: file_id(&self.path) })
    }

    fn connect(&self, flags: OpenFlags) -> Result<Connection, Fault> {
        // A path, even where it looks like one of SQLite's names for what is no file.
        let path = Path::new(".").join(&self.path);
        let connection =
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(self.patience)?;
        Ok(connection)
    }

    /// Tries again what SQLite does not wait for by itself.
    fn patiently(&self, attempt: impl Fn() -> Result<(), Fault>) -> Result<(), Fault> {
        let begun = Instant::now();
        loop {
            match attempt() {
                Err(Fault::Sql(error)) if is_busy(&error) && begun.elapsed() < self.patience => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                done => return done,
            }
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Readers and a writer side by side. Where the file system cannot do that, the old way is as durable.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode != "wal" {
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    }
    Ok(())
}

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// A file that is open cannot be replaced here.
#[cfg(not(unix))]
fn file_id(path: &Path) -> Option<FileId> {
    path.exists().then_some((0, 0))
}
