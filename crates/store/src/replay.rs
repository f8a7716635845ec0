//! A database out of transactions.
//!
//! Transactions are applied in the order of their ids, which is an order in which causes come before effects. A name in a
//! transaction is resolved in the state its author saw: all transactions it descends from. Where the author had seen
//! everything before it, which is always so without merges, that is the database as it stands, and nothing has to be
//! worked out.
//!
//! Invariants
//! - Entity ids are given out in the order of transactions and lines, so a set of transactions has one database.
//! - Two transactions, neither of which saw the other, that set a single-valued attribute of one entity to different values
//!   (or one of which retracts it) are a [`Conflict`] until a later one that saw both sets it. The later id shows.
//! - A transaction changes the state as a whole, at the cost of its own datoms: what it comes to is worked out beside the
//!   state (`step`) and then brought in.

use crate::births::{Births, Recorded};
use crate::conflicts::{Conflict, Conflicts, Topic};
use crate::error::StoreError;
use crate::read::{Inspection, Transaction, inspect};
use crate::seen::{Heads, Seen};
use crate::step::Step;
use db::{Datom, Db, EntityId, Schema};
use edn::Uuid;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// A database and what is known of how it came to be.
#[derive(Clone)]
pub struct Replayed {
    /// The database.
    pub db: Db,
    pub(crate) conflicts: Conflicts,
    pub(crate) births: Births,
    pub(crate) heads: Heads,
}

/// What a transaction comes to.
pub(crate) struct Outcome {
    pub(crate) id: Uuid,
    pub(crate) parents: Vec<Uuid>,
    /// What its author had seen; `None` for everything.
    pub(crate) seen: Option<Seen>,
    pub(crate) db: Db,
    /// The numbers of the entities it makes, in their order.
    pub(crate) born: Vec<u32>,
    /// Numbers of its lines that make entities which are there already.
    pub(crate) aliases: Vec<(u32, EntityId)>,
    /// What it says something about.
    pub(crate) touched: FxHashSet<Topic>,
    /// What it disagrees about with others.
    pub(crate) conflicts: Vec<(Topic, Conflict)>,
    pub(crate) datoms: Vec<Datom>,
    pub(crate) crc: u32,
    /// Its lines, where its datoms do not tell what it said.
    pub(crate) text: Option<Arc<str>>,
}

/// Attributes of transactions that every log has.
pub(crate) const TX_SCHEMA: &str = "{:tx/id {:db/unique :db.unique/identity}}";

impl Replayed {
    pub(crate) fn empty() -> Result<Replayed, StoreError> {
        let schema = edn::read(TX_SCHEMA).ok().and_then(|s| Schema::new(&s).ok());
        Ok(Replayed {
            db: Db::empty_with_history(schema.unwrap_or_default()),
            conflicts: Conflicts::default(),
            births: Births::default(),
            heads: Heads::default(),
        })
    }

    /// What transactions disagree about, in the order it came up.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.conflicts.iter().cloned().collect()
    }

    /// What a transaction that comes after all that have been applied comes to.
    pub(crate) fn outcome(&mut self, transaction: &Transaction) -> Result<Outcome, StoreError> {
        let seen = self.heads.seen_by(&self.births, &transaction.parents);
        Step::new(self, transaction, seen).run()
    }

    /// Brings in what a transaction comes to.
    pub(crate) fn advance(&mut self, outcome: Outcome) {
        let Outcome { id, parents, seen, db, born, aliases, touched, conflicts, .. } = outcome;
        let (crc, text) = (outcome.crc, outcome.text);
        let saw = |tx: EntityId| seen.as_ref().is_none_or(|seen| seen.contains(tx));
        self.conflicts.settle(&touched, saw);
        for (about, conflict) in conflicts {
            self.conflicts.add(about, conflict);
        }
        let tx = self.births.next_tx();
        for n in born {
            self.births.bear(tx, n);
        }
        for (n, e) in aliases {
            self.births.alias(tx, n, e);
        }
        let saw_all = seen.is_none();
        self.heads.advance(id, tx, &parents, seen);
        self.births.record(Recorded { id, parents, saw_all, crc, text });
        self.db = db;
    }
}

impl Replayed {
    /// Whether what was found behind the log that this is the state of are transactions that come after all of it and build on
    /// what is there; else the whole log is to be replayed.
    pub(crate) fn leads_to(&self, found: &Inspection) -> bool {
        let is_later = |id: &Uuid| self.births.last_id().is_none_or(|last| last < *id);
        let found_there: FxHashSet<Uuid> = found.transactions.iter().map(|t| t.id).collect();
        let is_there = |id: &Uuid| self.births.tx_of(id).is_some() || found_there.contains(id);
        let is_sound = found.damage.is_empty() || found.is_torn;
        let fits = |t: &Transaction| is_later(&t.id) && t.parents.iter().all(is_there);
        is_sound && found.transactions.iter().all(fits)
    }

    /// Brings in what was found behind it.
    pub(crate) fn go_on(&mut self, found: &Inspection) -> Result<(), StoreError> {
        for transaction in &found.transactions {
            let outcome = self.outcome(transaction)?;
            self.advance(outcome);
        }
        Ok(())
    }
}

/// How many missing transactions a message names.
const NAMED: usize = 8;

/// Makes a database of whole transactions in the order of their ids. It is an error where one builds on another that is not
/// among them, or says something impossible.
///
/// ```
/// use store::{Connection, TxInfo, replay, transactions};
/// let folder = tempfile::tempdir().unwrap();
/// let log = folder.path().join("log.edn");
/// let connection = Connection::create(&log, &edn::Map::new(), &TxInfo::default()).unwrap();
/// connection.transact(&edn::read("[{:name \"Ivan\"}]").unwrap(), &TxInfo::default()).unwrap();
/// let all = transactions(&std::fs::read(&log).unwrap(), &log).unwrap();
/// assert_eq!(replay(&all).unwrap().db.len(), connection.db().len());
/// assert!(replay(&all[1..]).is_err());
/// ```
pub fn replay(transactions: &[Transaction]) -> Result<Replayed, StoreError> {
    let ids: FxHashSet<Uuid> = transactions.iter().map(|t| t.id).collect();
    let mut missing: Vec<&Uuid> =
        transactions.iter().flat_map(|t| &t.parents).filter(|p| !ids.contains(*p)).collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        let mut named: Vec<String> = missing.iter().take(NAMED).map(|p| p.to_string()).collect();
        if missing.len() > NAMED {
            named.push(format!("and {} more", missing.len() - NAMED));
        }
        return Err(StoreError::MissingParents(named.join(", ")));
    }
    let mut replayed = Replayed::empty()?;
    for transaction in transactions {
        let outcome = replayed.outcome(transaction)?;
        replayed.advance(outcome);
    }
    Ok(replayed)
}

/// Makes a database of the text of a log; damage at its end is left out, damage elsewhere an error.
///
/// ```
/// assert!(store::load(b"", std::path::Path::new("log.edn")).unwrap().db.is_empty());
/// ```
pub fn load(bytes: &[u8], path: &std::path::Path) -> Result<Replayed, StoreError> {
    inspect(bytes).replay(path)
}
