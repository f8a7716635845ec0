//! The database that a server answers from: as the log is now.

use crate::database;
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use code::context::Network;
use code::dependencies::NamedGraph;
use db::Db;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

/// A project and what was last read of it.
pub(super) struct Project {
    pub(super) place: Place,
    last: Mutex<Option<(Stamp, Arc<Moment>)>>,
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
        Project { place, last: Mutex::new(None) }
    }

    /// The database as it is now. Read again where another program has written to the log.
    pub(super) fn now(&self) -> Outcome<Arc<Moment>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.stamp()?;
        if let Some((of, moment)) = &*last
            && *of == stamp
        {
            return Ok(Arc::clone(moment));
        }
        let moment = Arc::new(Moment::of(database::read(&self.place)?));
        *last = Some((stamp, Arc::clone(&moment)));
        Ok(moment)
    }

    fn stamp(&self) -> Outcome<Stamp> {
        let log = self.place.log();
        let metadata = std::fs::metadata(&log)
            .map_err(|e| Problem::new(format!("cannot read {}", log.display())).because(&e))?;
        Ok(Stamp { len: metadata.len(), modified: metadata.modified().ok() })
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
