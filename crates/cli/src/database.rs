//! A project's database: opened from its log, changed through its log. All of it is `store`'s; here its words become
//! the program's.

use crate::output::note;
use crate::place::{Place, author};
use crate::problem::{Outcome, Problem};
use crate::working;
use db::{Db, Op};
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use store::{Batch, Connection, Inspection, Replica, StoreError, TxInfo};

/// A database that can be changed. While it is open, nobody else can change it.
pub(crate) struct Database(Connection);

/// A database that this process knows and others may change meanwhile.
pub(crate) struct Shared(Replica);

/// How long a command waits for another program that writes to the log.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it looks whether that is done.
const AGAIN: Duration = Duration::from_millis(10);

/// What went wrong in the store, with what to do about it.
pub(crate) fn explained(error: &StoreError) -> Problem {
    let problem = Problem::new(error.to_string());
    match error {
        StoreError::Locked { .. } => {
            problem.help("wait until it is done, and try again; reading goes on meanwhile")
        }
        StoreError::Corrupt { .. } | StoreError::MissingParents(_) => {
            problem.help("`defbase doctor` shows all that is wrong and what can be saved")
        }
        _ => problem,
    }
}

/// A file's bytes.
pub(crate) fn bytes_of(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path)
        .map_err(|e| Problem::new(format!("cannot read {}", path.display())).because(&e))
}

/// What a log holds and what is wrong with it.
pub(crate) fn inspected(path: &Path) -> Outcome<Inspection> {
    Ok(store::inspect(&bytes_of(path)?))
}

/// The database of a place, to be read.
pub(crate) fn read(place: &Place) -> Outcome<Db> {
    let opened = store::open_cached(&place.log(), &place.cache()).map_err(|e| explained(&e))?;
    if opened.is_torn {
        note("note: the log's end never became a transaction; `defbase doctor` says more");
    }
    Ok(opened.db)
}

/// An error where the cache that a database was read from turned out to be damaged. It goes.
pub(crate) fn all_could_be_read(db: &Db) -> Outcome<()> {
    db.check_storage().map_err(|e| {
        if let Ok(place) = Place::existing() {
            let _ = std::fs::remove_dir_all(place.cache());
        }
        Problem::new("the cache beside the log was damaged, so the answer may not be whole")
            .because(&e)
            .help("try again: the cache is made anew from the log, which says everything")
    })
}

impl Database {
    /// Makes an empty database.
    pub(crate) fn create(place: &Place) -> Outcome<Database> {
        place.prepare()?;
        let schema = ::code::model::schema_map()
            .map_err(|e| Problem::new("the schema of code databases is broken").because(&e))?;
        let connection = Connection::create(&place.log(), &schema, &info());
        Ok(Database(connection.map_err(|e| explained(&e))?))
    }

    /// Opens a database to be changed, when nobody else changes it. What is torn at the log's end is set aside; files that an
    /// interrupted change had still to write are written.
    pub(crate) fn open(place: &Place) -> Outcome<Database> {
        Shared::of(place)?.wait(place)
    }

    /// Lets others change it.
    pub(crate) fn release(self) -> Outcome<Shared> {
        Ok(Shared(self.0.release().map_err(|e| explained(&e))?))
    }

    /// The database as it is.
    pub(crate) fn db(&self) -> Db {
        self.0.db()
    }

    /// Changes the database; when this returns, the change is on disk.
    pub(crate) fn transact(&self, ops: &[Op], message: Option<String>) -> Outcome<()> {
        let done = self.0.transact_ops(ops, &TxInfo { message, ..info() });
        if let Err(error) = done {
            // What could not be read is the reason for whatever else is wrong.
            all_could_be_read(&self.0.db())?;
            return Err(explained(&error));
        }
        Ok(())
    }

    /// Begins changes that are on disk when the last one is.
    pub(crate) fn batch(&self) -> Batch<'_> {
        self.0.batch()
    }
}

impl Shared {
    /// A database that is read when it is caught up with for the first time.
    pub(crate) fn of(place: &Place) -> Outcome<Shared> {
        let replica = Replica::cached(&place.log(), &place.cache());
        Ok(Shared(replica.map_err(|e| explained(&e))?))
    }

    /// The database as far as it was read.
    pub(crate) fn db(&self) -> Db {
        self.0.db()
    }

    /// The database and how it came to be, as far as it was read.
    pub(crate) fn state(&self) -> &store::Replayed {
        self.0.state()
    }

    /// Whether others may have changed it.
    pub(crate) fn has_news(&self) -> Outcome<bool> {
        self.0.has_news().map_err(|e| explained(&e))
    }

    /// Reads what others changed. Says whether that is anything.
    pub(crate) fn catch_up(&mut self) -> Outcome<bool> {
        self.0.catch_up().map_err(|e| explained(&e))
    }

    /// Keeps others from changing it. Says no where somebody is just doing that.
    pub(crate) fn hold(&mut self) -> Outcome<bool> {
        match self.0.hold() {
            Ok(()) => Ok(true),
            Err(StoreError::Locked { .. }) => Ok(false),
            Err(error) => Err(explained(&error)),
        }
    }

    /// Opens it to be changed, when nobody else changes it.
    pub(crate) fn wait(mut self, place: &Place) -> Outcome<Database> {
        let start = Instant::now();
        while !self.hold()? {
            if start.elapsed() > PATIENCE {
                return Err(explained(&StoreError::Locked { path: place.log() }));
            }
            std::thread::sleep(AGAIN);
        }
        self.connect(place)
    }

    /// Opens it to be changed.
    pub(crate) fn connect(self, place: &Place) -> Outcome<Database> {
        let connection = self.0.connect().map_err(|e| explained(&e))?;
        if let Some(aside) = connection.set_aside() {
            note(&format!(
                "note: the log's end was torn; what never became a transaction is now in {}",
                aside.display()
            ));
        }
        let schema = ::code::model::schema_map()
            .map_err(|e| Problem::new("the schema of code databases is broken").because(&e))?;
        connection.change_schema(&schema, &info()).map_err(|e| explained(&e))?;
        working::finish(place, &connection.db())?;
        Ok(Database(connection))
    }
}

fn info() -> TxInfo {
    // Asking git costs a process.
    static AUTHOR: LazyLock<Option<String>> = LazyLock::new(author);
    TxInfo { author: AUTHOR.clone(), ..TxInfo::default() }
}
