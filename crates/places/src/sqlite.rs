//! SQLite: one file that has the log, versions, the database itself and tables that any program with SQL can ask.
//!
//! | table | what (`docs/sqlite.md` has the columns) |
//! |---|---|
//! | `datascript_snapshots` | versions, in the table that DataScript's users have |
//! | `defbase_log` | transactions, numbered as they arrive |
//! | `defbase_nodes` | the database's index nodes and pages, each under its address (`nodes`) |
//! | `statements`, `dependencies`, `namespaces` | the code, as `mirror` says (`rows`) |
//! | `statements_text` | words in names, docstrings and sources (FTS5) |
//! | `defbase_state` | one row: which log this is, its heads, and which transactions nodes and rows show |
//!
//! Invariants
//! - The log, the nodes and the rows change in one transaction of SQLite's, which is flushed before it is acknowledged.
//! - Nodes and rows show one set of transactions: all of the log, or those that were there when they were last brought up to it.
//! - Versions that other programs wrote to `datascript_snapshots` are versions, as they are.
//! - A file that has a table `statements` of somebody else's is refused: nothing of it is changed.
//!
//! SQLite's calls wait for the disk and for other programs, so they are made on threads for that (`spawn_blocking`), by one
//! connection that writes and one that reads, each behind a lock: SQLite has one writer at a time anyhow, and in write-ahead mode
//! readers do not wait for it.
//!
//! Costs: adding takes a flush, for all callers that wait together; for what changed a few nodes of each index and the rows that are others, however large the database is.
//! Where the caller's database is not the log's (another program added what it lacks), it takes a replay of the log.

mod fault;
mod file;
mod log;
mod nodes;
mod rows;
mod show;
mod state;
mod versions;

use crate::error::PlaceError;
use crate::gather::{Gather, Load};
use crate::place::{Mark, Place, Reading, Saved, Version, checked_name};
use crate::squeeze::Squeeze;
use async_trait::async_trait;
use db::Db;
use fault::Fault;
use file::{File, Opened};
use nodes::Stored;
use rusqlite::TransactionBehavior;
use state::State;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::Transaction;

/// How long another program that has the file is waited for, where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(10);

/// A database in a file of SQLite's. See the module.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use places::{Form, Notation, Place, Saved, SqlitePlace, Squeeze};
/// let folder = tempfile::tempdir().unwrap();
/// let place = SqlitePlace::at(&folder.path().join("code-db.sqlite"), Squeeze::None);
/// let saved = Saved { form: Form::Data, notation: Notation::Edn, text: b"{:schema {}, :datoms []}".to_vec() };
/// place.save(Some("before-the-merge"), &saved).await.unwrap();
/// assert_eq!(place.load("before-the-merge").await.unwrap(), Some(saved));
/// # }
/// ```
pub struct SqlitePlace {
    kept: Arc<Kept>,
    gather: Gather,
}

struct Kept {
    file: File,
    squeeze: Squeeze,
    writer: Mutex<Option<Writer>>,
    reader: Mutex<Option<Opened>>,
}

/// The connection that writes, and the database as its nodes have it.
struct Writer {
    opened: Opened,
    stored: Option<Stored>,
}

impl SqlitePlace {
    /// The place of a file, which is made when something is written; new versions are squeezed like this, and only those that
    /// are not can be read by programs that know nothing of it.
    pub fn at(path: &Path, squeeze: Squeeze) -> SqlitePlace {
        SqlitePlace::waiting(path, squeeze, PATIENCE)
    }

    /// The same, with how long another program that has the file is waited for.
    pub fn waiting(path: &Path, squeeze: Squeeze, patience: Duration) -> SqlitePlace {
        let file = File { path: path.to_owned(), patience };
        let kept = Kept { file, squeeze, writer: Mutex::default(), reader: Mutex::default() };
        SqlitePlace { kept: Arc::new(kept), gather: Gather::default() }
    }

    /// The database of the log, node by node out of the file as it is looked at; `None` where the log is empty.
    ///
    /// It stays what it is, whatever is written meanwhile. As long as it is held, SQLite keeps what is written beside the file's old
    /// content, so hold it for an answer, not for a day. Where others have added to the log alone, the log is replayed.
    ///
    /// Costs some bytes of the file, however large the database is.
    pub async fn open_database(&self) -> Result<Option<Db>, PlaceError> {
        self.on_thread(Kept::database).await
    }

    async fn write(&self, load: Load) -> Result<(), PlaceError> {
        let Load { transactions, database } = load;
        self.on_thread(move |kept| kept.append(&transactions, database.as_ref())).await
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Kept) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, PlaceError> {
        let kept = self.kept.clone();
        let done = tokio::task::spawn_blocking(move || work(&kept)).await;
        match done {
            Ok(done) => done.map_err(|fault| fault.of(&self.name(), self.kept.file.patience)),
            Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
            Err(stopped) => {
                Err(PlaceError::Unreachable { place: self.name(), problem: stopped.to_string() })
            }
        }
    }
}

#[async_trait]
impl Place for SqlitePlace {
    fn name(&self) -> String {
        format!("sqlite {}", self.kept.file.path.display())
    }

    async fn append(
        &self,
        transactions: &[Transaction],
        database: Option<&Db>,
    ) -> Result<(), PlaceError> {
        self.gather.append(transactions, database, |load| self.write(load)).await
    }

    async fn read(&self, after: Option<&Mark>) -> Result<Reading, PlaceError> {
        let after = after.cloned();
        self.on_thread(move |kept| kept.read(after.as_ref())).await
    }

    async fn save(&self, name: Option<&str>, saved: &Saved) -> Result<Version, PlaceError> {
        let name = name.map(checked_name).transpose()?.map(str::to_owned);
        let saved = saved.clone();
        self.on_thread(move |kept| kept.save(name, &saved)).await
    }

    async fn versions(&self) -> Result<Vec<Version>, PlaceError> {
        self.on_thread(|kept| Ok(kept.reading(versions::all)?.unwrap_or_default())).await
    }

    async fn load(&self, name: &str) -> Result<Option<Saved>, PlaceError> {
        let (place, name) = (self.name(), name.to_owned());
        let load = move |kept: &Kept| {
            Ok(kept.reading(|reader| versions::load(reader, &name, &place))?.flatten())
        };
        self.on_thread(load).await
    }

    async fn forget(&self, name: &str) -> Result<bool, PlaceError> {
        let name = name.to_owned();
        self.on_thread(move |kept| kept.forget(&name)).await
    }
}

impl Kept {
    fn append(&self, transactions: &[Transaction], database: Option<&Db>) -> Result<(), Fault> {
        let mut held = self.writer();
        let Writer { opened, stored } = self.opened(&mut held)?;
        let change = opened.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut state = State::of(&change)?;
        log::add(&change, transactions, &mut state)?;
        // What is not committed is not known.
        let mut shown = stored.take();
        if let Some(database) = database {
            show::bring_up(&change, &self.file, database, &mut state, &mut shown)?;
        }
        state.put(&change)?;
        change.commit()?;
        *stored = shown;
        Ok(())
    }

    fn read(&self, after: Option<&Mark>) -> Result<Reading, Fault> {
        let nothing = Reading { transactions: Vec::new(), mark: Mark(String::new()), is_all: true };
        Ok(self.reading(|reader| log::read(reader, after))?.flatten().unwrap_or(nothing))
    }

    fn save(&self, name: Option<String>, saved: &Saved) -> Result<Version, Fault> {
        let mut held = self.writer();
        let opened = &mut self.opened(&mut held)?.opened;
        let change = opened.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        State::of(&change)?;
        let version = versions::save(&change, name, saved, self.squeeze)?;
        change.commit()?;
        Ok(version)
    }

    fn forget(&self, name: &str) -> Result<bool, Fault> {
        if !self.file.is_there() {
            return Ok(false);
        }
        let mut held = self.writer();
        versions::forget(&self.opened(&mut held)?.opened.connection, name)
    }

    fn database(&self) -> Result<Option<Db>, Fault> {
        match self.file.to_read()? {
            Some(opened) => show::database(opened.connection),
            None => Ok(None),
        }
    }

    fn writer(&self) -> MutexGuard<'_, Option<Writer>> {
        // A panic while it is held leaves a transaction that was not committed, which SQLite takes back.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that writes, to the file that is there now.
    fn opened<'w>(&self, held: &'w mut Option<Writer>) -> Result<&'w mut Writer, Fault> {
        let writer = match held.take().filter(|writer| self.file.is(&writer.opened)) {
            Some(writer) => writer,
            None => Writer { opened: self.file.to_write()?, stored: None },
        };
        Ok(held.insert(writer))
    }

    /// What is read in one view of the file; `None` where there is no file.
    fn reading<T>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let mut held = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = match held.take().filter(|opened| self.file.is(opened)) {
            Some(opened) => opened,
            None => match self.file.to_read()? {
                Some(opened) => opened,
                None => return Ok(None),
            },
        };
        let view = opened.connection.unchecked_transaction()?;
        let read = read(&view)?;
        view.finish()?;
        *held = Some(opened);
        Ok(Some(read))
    }
}
