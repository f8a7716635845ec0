//! Writers that are killed: programs of the system, on real files, with `kill -9` at any moment.
//!
//! A writer says each transaction when it is acknowledged. It is killed some time later, and the next one goes on with its log: what
//! was said is there, the log opens, and the cache says what the log says. While a writer lives nobody else gets the log.

use crate::dice::Dice;
use crate::workload::info;
use db::{EntityRef, Op, OpValue};
use edn::{Map, Uuid, Value};
use rustc_hash::FxHashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use store::{
    Connection, StoreError, Transaction, encode_snapshot, load, open_cached, transactions,
};

/// A log is given up for a new one after so many kills, so that looking through it stays cheap.
const KILLS_OF_A_LOG: u64 = 40;

/// A writer lives no longer than this after its first word.
const LONGEST_LIFE: Duration = Duration::from_millis(25);

/// What was tried and what came of it.
#[derive(Clone, Default, Debug)]
pub struct Figures {
    /// Writers that were killed.
    pub kills: u64,
    /// Transactions that they had acknowledged, all of them there.
    pub acknowledged: u64,
    /// How often a log had a torn end.
    pub torn: u64,
    /// How often somebody else was refused the log meanwhile.
    pub refused: u64,
}

/// A writer's whole life, till it is killed: it opens or makes the log, and says what it has acknowledged.
pub fn write(log: &Path, cache: &Path, seed: u64) -> Result<(), StoreError> {
    let mut dice = Dice::new(seed, 0);
    let connection = match Connection::open_cached(log, cache) {
        Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Connection::create(log, &Map::new(), &info())?
        }
        opened => opened?,
    };
    let mut out = std::io::stdout();
    loop {
        let before = connection.db().max_tx();
        if dice.percent(70) {
            connection.transact_ops(&facts(&mut dice), &info())?;
        } else {
            let mut batch = connection.batch();
            for _ in 0..2 + dice.below(6) {
                batch.transact_ops(&facts(&mut dice), &info())?;
            }
            batch.finish()?;
        }
        let db = connection.db();
        let mut said = String::new();
        for tx in before + 1..=db.max_tx() {
            if let Some(Value::Uuid(id)) = db.get(tx, &Value::keyword("tx/id")) {
                said.push_str(&format!("{id}\n"));
            }
        }
        if out.write_all(said.as_bytes()).and_then(|()| out.flush()).is_err() {
            // Who listened is gone.
            return Ok(());
        }
    }
}

fn facts(dice: &mut Dice) -> Vec<Op> {
    let text = Value::string("z".repeat(1 + dice.below(2000)).as_str());
    let (e, a) = (EntityRef::New(0), Value::keyword("text"));
    vec![Op { e, a, v: OpValue::Value(text), added: true }]
}

/// Kills so many writers, which are a program that calls [`write`] when it is started with `writer LOG CACHE SEED`.
pub fn torture(program: &Path, seed: u64, kills: u64) -> Result<Figures, String> {
    let (mut dice, mut figures) = (Dice::new(seed, 1), Figures::default());
    while figures.kills < kills {
        let folder = tempfile::tempdir().map_err(told)?;
        let (log, cache) = (folder.path().join("log.edn"), folder.path().join("cache"));
        let mut promised = FxHashSet::default();
        for _ in 0..KILLS_OF_A_LOG.min(kills - figures.kills) {
            let said = one(program, &log, &cache, &mut dice, &mut figures)?;
            figures.kills += 1;
            figures.acknowledged += said.len() as u64;
            promised.extend(said);
            look(&log, &cache, &promised, &mut figures)
                .map_err(|problem| format!("--seed {seed}, kill {}: {problem}", figures.kills))?;
        }
    }
    Ok(figures)
}

/// A writer's life, and what it said.
fn one(
    program: &Path,
    log: &Path,
    cache: &Path,
    dice: &mut Dice,
    figures: &mut Figures,
) -> Result<Vec<Uuid>, String> {
    let mut writer = Command::new(program);
    writer.arg("writer").args([log, cache]).arg(dice.bits().to_string());
    let mut writer = writer.stdout(Stdio::piped()).spawn().map_err(told)?;
    let mut lines = BufReader::new(writer.stdout.take().ok_or("a writer without a voice")?).lines();
    let mut said = Vec::new();
    // Some are killed before they have said anything.
    if dice.percent(80) {
        let Some(first) = lines.next() else { return Err("a writer ended by itself".to_owned()) };
        said.push(first.map_err(told)?);
        if dice.percent(20) {
            match Connection::open(log) {
                Err(StoreError::Locked { .. }) => figures.refused += 1,
                Err(error) => return Err(format!("a second writer: {error}")),
                Ok(_) => return Err("two writers have one log".to_owned()),
            }
        }
    }
    let longest = LONGEST_LIFE.as_micros() as usize;
    std::thread::sleep(Duration::from_micros(dice.below(longest) as u64));
    writer.kill().map_err(told)?;
    writer.wait().map_err(told)?;
    for line in lines {
        said.push(line.map_err(told)?);
    }
    // It may have been killed in the middle of a word.
    Ok(said.iter().filter_map(|id| id.parse().ok()).collect())
}

/// What must hold of a log after a kill, and of its cache.
fn look(
    log: &Path,
    cache: &Path,
    promised: &FxHashSet<Uuid>,
    figures: &mut Figures,
) -> Result<(), String> {
    if !log.exists() {
        return if promised.is_empty() { Ok(()) } else { Err("the log is gone".to_owned()) };
    }
    let opened = open_cached(log, cache).map_err(told)?;
    figures.torn += u64::from(opened.is_torn);
    let connection = Connection::open(log).map_err(told)?;
    let bytes = std::fs::read(log).map_err(told)?;
    let found = transactions(&bytes, log).map_err(told)?;
    let found: FxHashSet<Uuid> = found.iter().map(Transaction::id).collect();
    if let Some(lost) = promised.iter().find(|id| !found.contains(id)) {
        return Err(format!("transaction {lost} is lost"));
    }
    if opened.db.max_tx() != connection.db().max_tx() {
        return Err("the cache says something else than the log".to_owned());
    }
    let read = load(&bytes, log).map_err(told)?;
    if encode_snapshot(&read) != encode_snapshot(&connection.state()) {
        return Err("the log says something else when it is read again".to_owned());
    }
    Ok(())
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
