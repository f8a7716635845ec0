//! What must hold on a disk after a crash, for every program that comes next.
//!
//! - Every log opens, to read and to write, and replays.
//! - It has each promised transaction, and no line of any that was never written whole. What was behind its sound part is in a file
//!   beside it.
//! - Files that are written whole are the last promised ones or newer ones.
//! - Writing goes on, and what is acknowledged then survives another crash.

use crate::crash::Surface;
use crate::dice::Dice;
use crate::disk::{Disk, Image};
use crate::ledger::{Expected, Known, Ledger, ids_of};
use crate::workload::{info, known_of};
use edn::{Uuid, Value};
use std::path::Path;
use store::{Connection, Replica, StoreError, Transaction, encode_snapshot, load, transactions};

/// Looks at a disk as a crash left it, goes on with it, and lets it crash again.
pub fn judge(
    image: &Image,
    expected: &Expected<'_>,
    known: &Known,
    dice: &mut Dice,
) -> Result<(), String> {
    let disk = Disk::of(image, dice.clone());
    dice.bits();
    let ledger = first(&disk, image, expected, &[known], dice)?;
    let events = disk.events();
    let moment = dice.below(events.len() + 1);
    let mut surface = Surface::of(image);
    events[..moment].iter().for_each(|event| surface.take(event));
    let again = surface.crash(dice);
    let disk = Disk::of(&again, dice.clone());
    first(&disk, &again, &ledger.at(moment), &[known, &known_of(&events)], dice)
        .map(|_| ())
        .map_err(|problem| format!("again, after {moment} of {events:?}: {problem}"))
}

/// What the first programs find after a crash, and what they are promised.
fn first(
    disk: &Disk,
    image: &Image,
    expected: &Expected<'_>,
    known: &[&Known],
    dice: &mut Dice,
) -> Result<Ledger, String> {
    let mut ledger = Ledger::default();
    for (path, whole) in &expected.wholes {
        match image.get(*path) {
            None if whole.must_be => return Err(format!("{} is gone", path.display())),
            None => {}
            Some(bytes) if whole.possible.iter().any(|possible| **possible == **bytes) => {
                ledger.attempt(path, 0, bytes.to_vec());
                if whole.must_be {
                    ledger.done(path, 0);
                }
            }
            Some(_) => return Err(format!("{} is not what was written", path.display())),
        }
    }
    for (path, ids) in &expected.logs {
        if image.contains_key(*path) {
            open(disk, path, ids, known, dice, &mut ledger)
                .map_err(|problem| format!("{}: {problem}", path.display()))?;
        } else if !ids.is_empty() {
            return Err(format!("{} is gone", path.display()));
        }
    }
    Ok(ledger)
}

fn open(
    disk: &Disk,
    path: &Path,
    promised: &[Uuid],
    known: &[&Known],
    dice: &mut Dice,
    ledger: &mut Ledger,
) -> Result<(), String> {
    let before = disk.read(path).unwrap_or_default();
    // It holds from the start, whatever opening does.
    ledger.promise(path, promised.iter().copied(), 0);
    // It reads as the writer does who comes next.
    if dice.percent(25) {
        let mut reader = Replica::on(disk.shared(), path).map_err(told)?;
        reader.catch_up().map_err(|error| format!("a reader: {error}"))?;
    }
    let connection =
        Connection::open_on(disk.shared(), path).map_err(|error| format!("a writer: {error}"))?;
    let after = disk.read(path).unwrap_or_default();
    let found = transactions(&after, path).map_err(told)?;
    for transaction in &found {
        let text = known.iter().find_map(|known| known.text(&transaction.id()));
        if text != Some(transaction.text()) {
            return Err(format!("transaction {} was never written so", transaction.id()));
        }
    }
    let found: Vec<Uuid> = found.iter().map(Transaction::id).collect();
    if let Some(lost) = promised.iter().find(|id| !found.contains(id)) {
        return Err(format!("transaction {lost} is lost"));
    }
    let aside = connection.set_aside().map(|aside| (aside, disk.read(aside)));
    let rest = match &aside {
        Some((_, bytes)) => bytes.clone().unwrap_or_default(),
        None => Vec::new(),
    };
    let ended = if rest.is_empty() && before.last().is_some_and(|b| *b != b'\n') { 1 } else { 0 };
    if [&after[..after.len() - ended], &rest].concat() != before {
        return Err("something is neither in the log nor beside it".to_owned());
    }
    if let Some((aside, _)) = aside {
        ledger.attempt(aside, 0, rest);
        ledger.done(aside, disk.moment());
    }
    ledger.promise(path, found, disk.moment());
    go_on(disk, path, &connection, dice, ledger).map_err(|e| format!("going on: {e}"))
}

fn go_on(
    disk: &Disk,
    path: &Path,
    connection: &Connection,
    dice: &mut Dice,
    ledger: &mut Ledger,
) -> Result<(), StoreError> {
    let facts = |n: usize| {
        let text = Value::string("y".repeat(1 + n).as_str());
        [db::Op {
            e: db::EntityRef::New(0),
            a: Value::keyword("text"),
            v: db::OpValue::Value(text),
            added: true,
        }]
    };
    connection.transact_ops(&facts(dice.below(700)), &info())?;
    let promise = |ledger: &mut Ledger| {
        let bytes = disk.read(path).unwrap_or_default();
        ledger.promise(path, ids_of(&bytes), disk.moment());
        bytes
    };
    let bytes = promise(ledger);
    if dice.percent(10) {
        let (live, read) = (encode_snapshot(&connection.state()), load(&bytes, path)?);
        if live != encode_snapshot(&read) {
            return Err(StoreError::Poisoned("the log says something else".to_owned()));
        }
    }
    let mut batch = connection.batch();
    for _ in 0..dice.below(3) {
        batch.transact_ops(&facts(dice.below(700)), &info())?;
    }
    if dice.percent(50) {
        batch.finish()?;
        promise(ledger);
    }
    Ok(())
}

fn told(error: StoreError) -> String {
    error.to_string()
}
