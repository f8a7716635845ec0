//! The database that a server answers from: as the log is now.

use crate::database::{self, Database, Shared};
use crate::keeping::Standing;
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use code::context::Network;
use code::dependencies::NamedGraph;
use db::Db;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

/// A project and what was last read of it.
pub(super) struct Project {
    pub(super) place: Place,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    moment: Option<(Stamp, Arc<Moment>)>,
    /// Follows the log since it changed for the first time; before that the cache is enough.
    shared: Option<Shared>,
    /// Since something was changed for the first time.
    standing: Option<Standing>,
}

/// What tells one state of a log from another: it only ever grows or is replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

/// The database at a moment, and what was made of it for one call and serves the next.
pub(super) struct Moment {
    pub(super) db: Db,
    graph: OnceLock<NamedGraph>,
    network: OnceLock<Network>,
}

impl Project {
    pub(super) fn new(place: Place) -> Project {
        Project { place, last: Mutex::default() }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database as it is now. Where another program has written to the log, what it wrote is read.
    pub(super) fn now(&self) -> Outcome<Arc<Moment>> {
        let mut last = self.last();
        let stamp = self.stamp()?;
        if let Some((of, moment)) = &last.moment
            && *of == stamp
        {
            return Ok(Arc::clone(moment));
        }
        let db = match last.moment {
            None => database::read(&self.place)?,
            Some(_) => {
                let mut shared = last.following(&self.place)?;
                shared.catch_up()?;
                let db = shared.db();
                last.shared = Some(shared);
                db
            }
        };
        let moment = Arc::new(Moment::of(db));
        last.moment = Some((stamp, Arc::clone(&moment)));
        Ok(moment)
    }

    /// Does something with the database while nobody else can change it.
    pub(super) fn change<T>(&self, work: impl FnOnce(&Database) -> Outcome<T>) -> Outcome<T> {
        let mut last = self.last();
        let database = last.following(&self.place)?.wait(&self.place)?;
        let done = work(&database);
        last.standing.get_or_insert_with(|| Standing::of(&self.place)).tend(&database.db());
        // What cannot be let go of in good order is read anew.
        last.shared = database.release().ok();
        done
    }

    fn stamp(&self) -> Outcome<Stamp> {
        let log = self.place.log();
        let metadata = std::fs::metadata(&log)
            .map_err(|e| Problem::new(format!("cannot read {}", log.display())).because(&e))?;
        Ok(Stamp { len: metadata.len(), modified: metadata.modified().ok() })
    }
}

impl Last {
    fn following(&mut self, place: &Place) -> Outcome<Shared> {
        self.shared.take().map_or_else(|| Shared::of(place), Ok)
    }
}

impl Moment {
    fn of(db: Db) -> Moment {
        Moment { db, graph: OnceLock::new(), network: OnceLock::new() }
    }

    /// Who uses whom.
    pub(super) fn graph(&self) -> Outcome<&NamedGraph> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph);
        }
        let graph = NamedGraph::statements(&self.db)?;
        Ok(self.graph.get_or_init(|| graph))
    }

    /// What stands near what.
    pub(super) fn network(&self) -> Outcome<&Network> {
        if let Some(network) = self.network.get() {
            return Ok(network);
        }
        let network = Network::of(&self.db)?;
        Ok(self.network.get_or_init(|| network))
    }
}
