//! The log that a snapshot was made of, written anew.
//!
//! A transaction whose lines the snapshot has is read from them; any other is encoded from its datoms, against the
//! database of those before it. Each must have the checksum it had, so what is written is the log itself, not one like it:
//! clones that have that log can be merged with it.

use crate::encode::{Said, encode};
use crate::error::StoreError;
use crate::file::{is_there, write_whole_on};
use crate::files::{Files, System};
use crate::read::inspect;
use crate::replay::{Outcome, Replayed};
use crate::snapshot::{encode_snapshot, read_snapshot_on};
use crate::step::touched_by;
use db::{Datom, Db, EntityId, TX0, TxReport};
use edn::Value;
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::Path;

/// Writes the log that a snapshot was made of, transaction by transaction, to a place where none is.
pub fn restore(snapshot: &Path, log: &Path) -> Result<Replayed, StoreError> {
    restore_on(&System, snapshot, log)
}

/// [`restore`] on other files than the system's.
pub fn restore_on(files: &dyn Files, snapshot: &Path, log: &Path) -> Result<Replayed, StoreError> {
    let state = read_snapshot_on(files, snapshot)?;
    write_log(files, &state, snapshot, log)
}

/// Writes the log of a database of which a snapshot was read elsewhere, to a place where none is.
pub fn restore_state(state: &Replayed, log: &Path) -> Result<Replayed, StoreError> {
    write_log(&System, state, Path::new("the snapshot"), log)
}

fn write_log(
    files: &dyn Files,
    state: &Replayed,
    snapshot: &Path,
    log: &Path,
) -> Result<Replayed, StoreError> {
    if is_there(files, log) {
        return Err(StoreError::Exists { path: log.to_owned() });
    }
    let refused = |problem: String| StoreError::Snapshot {
        path: snapshot.to_owned(),
        problem: format!("{problem}; restore the log itself from a copy"),
    };
    let (text, remade) = remake(state).map_err(refused)?;
    if encode_snapshot(&remade) != encode_snapshot(state) {
        return Err(refused("its log cannot be made anew exactly".to_string()));
    }
    write_whole_on(files, log, text.as_bytes())?;
    Ok(remade)
}

/// The log of a database and what reading it gives.
fn remake(state: &Replayed) -> Result<(String, Replayed), String> {
    let mut said: FxHashMap<EntityId, Vec<Datom>> = FxHashMap::default();
    for (tx, datoms) in state.db.tx_range(None, None) {
        said.insert(tx, datoms);
    }
    let mut log = String::new();
    let mut made = Replayed::empty().map_err(|e| e.to_string())?;
    made.db = made.db.sharing(&state.db);
    for (tx, recorded) in (TX0 + 1..).zip(state.births.transactions()) {
        let outcome = match &recorded.text {
            Some(text) => {
                log.push_str(text);
                read_again(&mut made, text)?
            }
            None => {
                let datoms = said.remove(&tx).unwrap_or_default();
                encoded_again(state, &mut made, tx, &datoms, &mut log)?
            }
        };
        if (outcome.id, outcome.crc) != (recorded.id, recorded.crc) {
            return Err(format!("transaction {} cannot be made anew exactly", recorded.id));
        }
        made.advance(outcome);
    }
    Ok((log, made))
}

fn read_again(made: &mut Replayed, text: &str) -> Result<Outcome, String> {
    let inspection = inspect(text.as_bytes());
    match (&inspection.transactions[..], inspection.damage.first()) {
        ([transaction], None) => made.outcome(transaction).map_err(|e| e.to_string()),
        (_, damage) => Err(damage.map_or("not one transaction".to_string(), |d| d.problem.clone())),
    }
}

/// A transaction made of its datoms, which are those of another database with the same dictionary.
fn encoded_again(
    state: &Replayed,
    made: &mut Replayed,
    tx: EntityId,
    datoms: &[Datom],
    log: &mut String,
) -> Result<Outcome, String> {
    let recorded = state.births.transaction(tx).ok_or("a transaction is missing")?;
    let mut before = made.db.clone();
    let mut tx_data: Vec<Datom> = Vec::with_capacity(datoms.len());
    for d in datoms {
        let a = before.use_attribute(state.db.attr_name(d.a)).map_err(|e| e.to_string())?;
        tx_data.push(Datom { a, ..*d });
    }
    let (added, gone): (Vec<Datom>, Vec<Datom>) = tx_data.iter().partition(|d| d.added);
    let after: Db = before.apply(&gone).apply(&added);
    let report = TxReport {
        db_before: before,
        db_after: after,
        tx_data,
        said_again: Vec::new(),
        tempids: Vec::new(),
        tx_meta: Value::Nil,
        tx,
    };
    let said = Said {
        id: recorded.id,
        parents: &recorded.parents,
        report: &report,
        schema: &[],
        again: &[],
    };
    let encoded = encode(&said, &state.births);
    log.push_str(&encoded.text);
    let born: Vec<u32> = encoded.born.iter().map(|(_, n)| *n).collect();
    let mut touched = FxHashSet::default();
    if !made.conflicts.is_empty() {
        touched.extend(touched_by(&report.db_after, &report.tx_data));
    }
    let db = report.db_after;
    Ok(Outcome {
        id: recorded.id,
        parents: recorded.parents.clone(),
        seen: None,
        db: db.with_entity_ids(made.births.next_entity() - 1 + born.len() as EntityId),
        born,
        aliases: Vec::new(),
        touched,
        conflicts: Vec::new(),
        datoms: Vec::new(),
        crc: encoded.crc,
        text: None,
    })
}
