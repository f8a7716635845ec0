//! A log's database in a process that stays, while others write to the log.
//!
//! A replica has read the log up to a mark and does not hold it: whoever likes may write. [`Replica::catch_up`] reads what stands
//! behind the mark. Only where more happened than that whole transactions came behind it, which are later than all before (git
//! put another file there, or an editor another text), the log is read anew.
//!
//! To write, a replica takes the log for a while: [`Replica::hold`] keeps other writers out, [`Replica::connect`] catches up and
//! makes a [`Connection`] of it, and [`Connection::release`] gives the replica back and lets go of the log.
//!
//! Invariants
//! - The state is what replay of the log gives as far as it was read, entity ids included. What is behind its last whole
//!   transaction, which somebody may just be writing, is left for the next time.
//! - What a connection was made of is on disk before it is shown.
//!
//! Costs: catching up with nothing, a look at the file; else what the new transactions do.

use crate::cache::{cached_state, keep};
use crate::connection::Connection;
use crate::error::StoreError;
use crate::file::{LogFile, end_checksum};
use crate::files::{Files, Handle, Identity, System, Use, between};
use crate::flushed;
use crate::read::{Inspection, inspect_log, inspect_whole};
use crate::replay::Replayed;
use crate::stamp::Looked;
use db::Db;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// See the module.
pub struct Replica {
    files: Arc<dyn Files>,
    path: PathBuf,
    state: Replayed,
    /// None where the log is to be read from its beginning.
    mark: Option<Mark>,
    /// Keeps other writers out.
    held: Option<LogFile>,
    /// Where the log's state is kept.
    cache: Option<PathBuf>,
}

/// How far a log was read.
struct Mark {
    /// How many bytes from the start are in the state.
    read: u64,
    /// A checksum of the last of them.
    end: u32,
    /// The file when it was read.
    file: Identity,
    /// Whether it is known that what was read is on disk.
    is_flushed: bool,
}

impl Replica {
    /// A log that was not looked at yet: the first time costs a replay.
    pub fn of(path: &Path) -> Result<Replica, StoreError> {
        Replica::on(System::shared(), path)
    }

    /// The same on other files than the system's.
    pub fn on(files: Arc<dyn Files>, path: &Path) -> Result<Replica, StoreError> {
        let state = Replayed::empty()?;
        Ok(Replica { files, path: path.to_owned(), state, mark: None, held: None, cache: None })
    }

    /// The same of a log whose state is kept in a cache: the first time costs what the cache does not have.
    pub fn cached(path: &Path, cache: &Path) -> Result<Replica, StoreError> {
        Ok(Replica { cache: Some(cache.to_owned()), ..Replica::of(path)? })
    }

    /// Reads a log.
    ///
    /// ```
    /// use store::{Connection, Replica, TxInfo};
    /// let folder = tempfile::tempdir().unwrap();
    /// let log = folder.path().join("log.edn");
    /// let writer = Connection::create(&log, &edn::Map::new(), &TxInfo::default()).unwrap();
    /// let mut replica = Replica::open(&log).unwrap();
    /// writer.transact(&edn::read("[{:name \"Ivan\"}]").unwrap(), &TxInfo::default()).unwrap();
    /// assert!(replica.catch_up().unwrap() && !replica.catch_up().unwrap());
    /// assert_eq!(replica.db().get(1, &edn::Value::keyword("name")), Some("Ivan".into()));
    /// ```
    pub fn open(path: &Path) -> Result<Replica, StoreError> {
        let mut replica = Replica::of(path)?;
        replica.read_on()?;
        Ok(replica)
    }

    /// What a connection leaves, which has the log as it is now.
    pub(crate) fn left(
        file: &LogFile,
        state: Replayed,
        is_flushed: bool,
    ) -> Result<Replica, StoreError> {
        let mut replica = Replica::on(file.files().clone(), file.path())?;
        replica.state = state;
        let log = replica.open_log()?;
        let identity = file.identity()?;
        replica.mark = Some(Mark {
            read: identity.length,
            end: end_checksum(&*log, &replica.path, identity.length)?,
            file: identity,
            is_flushed,
        });
        Ok(replica)
    }

    /// The database as far as the log was read.
    pub fn db(&self) -> Db {
        self.state.db.clone()
    }

    /// The database and how it came to be.
    pub fn state(&self) -> &Replayed {
        &self.state
    }

    /// Whether there may be something in the log that was not read. Costs a look at the file.
    pub fn has_news(&self) -> Result<bool, StoreError> {
        let there = self.files.identity(&self.path).map_err(StoreError::io("read", &self.path))?;
        Ok(self.mark.as_ref().is_none_or(|mark| mark.file != there))
    }

    /// Reads what others wrote. Says whether that was anything. Where the log cannot be read the database stays as it is.
    pub fn catch_up(&mut self) -> Result<bool, StoreError> {
        if !self.has_news()? {
            return Ok(false);
        }
        let before = self.state.db.max_tx();
        let is_anew = self.read_on()?.is_anew;
        Ok(is_anew || self.state.db.max_tx() != before)
    }

    /// Keeps other writers out from now on, if nobody writes.
    pub fn hold(&mut self) -> Result<(), StoreError> {
        if self.held.is_none() {
            self.held = Some(LogFile::open(&self.files, &self.path, false)?);
        }
        Ok(())
    }

    /// Catches up, and makes a connection that can write. A torn end is cut off and set aside.
    pub fn connect(mut self) -> Result<Connection, StoreError> {
        self.hold()?;
        let rest = self.read_on()?.rest;
        let Replica { files, path, state, mark, held, .. } = self;
        let (Some(file), Some(mark)) = (held, mark) else {
            return Err(StoreError::Locked { path });
        };
        let mut set_aside = None;
        if !rest.is_empty() {
            set_aside = Some(file.set_aside(&rest, mark.read)?);
        } else if !ends_a_line(&*open(&*files, &path)?, &path, mark.read)? {
            file.end_line()?;
        }
        match mark.is_flushed {
            true => file.is_flushed(),
            false => file.settle()?,
        }
        Ok(Connection::over(file, state, set_aside))
    }

    fn open_log(&self) -> Result<Box<dyn Handle>, StoreError> {
        open(&*self.files, &self.path)
    }

    /// Reads what is behind the mark, or the whole log.
    fn read_on(&mut self) -> Result<ReadOn, StoreError> {
        let log = self.open_log()?;
        let file = log.identity().map_err(StoreError::io("read", &self.path))?;
        if let Some(mark) = self.mark.take()
            && mark.leads_on(&*log, &self.path, &file)?
        {
            let bytes = part(&*log, &self.path, mark.read, file.length)?;
            let flushed = flushed::read(&*self.files, &self.path, &*log);
            let inspection = inspect_log(&bytes, flushed.saturating_sub(mark.read));
            if self.state.leads_to(&inspection) {
                self.state.go_on(&inspection)?;
                let is_flushed = mark.is_flushed && bytes.is_empty();
                let rest = self.reach(&*log, file, mark.read, bytes, &inspection, is_flushed)?;
                return Ok(ReadOn { rest, is_anew: false });
            }
        }
        let looked = self.cache.is_some().then(|| Looked::at(&self.path)).flatten();
        if let (Some(cache), Some(looked)) = (&self.cache, &looked)
            && let Some(state) = cached_state(cache, looked)
        {
            let (read, file) = (looked.length, looked.identity.clone());
            let end = end_checksum(&*log, &self.path, read)?;
            self.state = state;
            self.mark = Some(Mark { read, end, file, is_flushed: false });
            return Ok(ReadOn { rest: Vec::new(), is_anew: true });
        }
        let bytes = part(&*log, &self.path, 0, file.length)?;
        let flushed = flushed::read(&*self.files, &self.path, &*log);
        let inspection = inspect_whole(&bytes, flushed);
        self.state = inspection.replay(&self.path)?;
        if let (Some(cache), false) = (&self.cache, inspection.is_torn) {
            keep(cache, &self.state, &bytes, looked.as_ref());
        }
        let rest = self.reach(&*log, file, 0, bytes, &inspection, false)?;
        Ok(ReadOn { rest, is_anew: true })
    }

    /// Sets the mark behind the last whole transaction of what was read. Gives what is behind that.
    fn reach(
        &mut self,
        log: &dyn Handle,
        file: Identity,
        from: u64,
        mut bytes: Vec<u8>,
        inspection: &Inspection,
        is_flushed: bool,
    ) -> Result<Vec<u8>, StoreError> {
        let rest = match inspection.is_torn {
            true => bytes.split_off(inspection.sound_bytes),
            false => Vec::new(),
        };
        let read = from + bytes.len() as u64;
        let end = end_checksum(log, &self.path, read)?;
        self.mark = Some(Mark { read, end, file, is_flushed });
        Ok(rest)
    }
}

/// What reading came to.
struct ReadOn {
    /// What is behind the last whole transaction.
    rest: Vec<u8>,
    /// Whether the whole log was read.
    is_anew: bool,
}

impl Mark {
    /// Whether what was read still stands before the mark.
    fn leads_on(&self, log: &dyn Handle, path: &Path, now: &Identity) -> Result<bool, StoreError> {
        let is_longer = now.is_same_file(&self.file) && now.length >= self.read;
        Ok(is_longer && end_checksum(log, path, self.read)? == self.end)
    }
}

fn open(files: &dyn Files, path: &Path) -> Result<Box<dyn Handle>, StoreError> {
    files.open(path, Use::Read).map_err(StoreError::io("read", path))
}

fn part(log: &dyn Handle, path: &Path, from: u64, to: u64) -> Result<Vec<u8>, StoreError> {
    between(log, from, to).map_err(StoreError::io("read", path))
}

fn ends_a_line(log: &dyn Handle, path: &Path, read: u64) -> Result<bool, StoreError> {
    let last = part(log, path, read.saturating_sub(1), read)?;
    Ok(last.is_empty() || last == b"\n")
}
