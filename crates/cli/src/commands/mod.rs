//! The commands. Each takes a database and what was typed, prints, and says whether it found what it was asked for.
//! The commands of each kind are in a file of their own, which begins with its `run`: what was typed goes in there.

pub(crate) mod ask;
pub(crate) mod assist;
pub(crate) mod code;
pub(crate) mod graph;
pub(crate) mod keep;
pub(crate) mod mirror;
pub(crate) mod past;
pub(crate) mod persist;
pub(crate) mod refactor;
pub(crate) mod snapshot;
pub(crate) mod tour;
pub(crate) mod watch;

use crate::problem::{Outcome, Problem, did_you_mean};
use ::code::commit::{self, ShaError};
use ::code::show::FindError;
use db::{Db, EntityId, TX0};
use edn::Value;

/// Reads the project's database, when a command turns out to need it.
pub(crate) type ToRead<'a> = &'a dyn Fn() -> Outcome<Db>;

/// What the exit code says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// 0: done, found, all well.
    Yes,
    /// 1: nothing found, or a problem found.
    No,
}

impl From<bool> for Found {
    fn from(found: bool) -> Found {
        if found { Found::Yes } else { Found::No }
    }
}

/// The statement that was meant.
pub(crate) fn statement(db: &Db, name: &str) -> Outcome<EntityId> {
    ::code::show::find(db, name).map_err(|error| match error {
        FindError::Unknown { name, alike } => {
            let problem = Problem::new(format!("no statement is called `{name}`"));
            match did_you_mean(&alike) {
                Some(help) => problem.help(help),
                None => problem.help(format!("`defbase search {name}` looks for it everywhere")),
            }
        }
        FindError::Ambiguous { name, candidates } => {
            let list = candidates.join("\n");
            Problem::new(format!("`{name}` can mean {} statements", candidates.len()))
                .help(format!("say which one:\n{list}"))
        }
        FindError::NotCode(error) => error.into(),
    })
}

/// Reads a moment: an instant, a transaction's number, with or without the offset that transactions have, or the beginning
/// of the name of a commit that the database was made of.
pub(crate) fn moment(db: &Db, text: &str) -> Outcome<Value> {
    const YEAR: usize = 4;
    if text.len() != YEAR
        && let Ok(number) = text.parse::<u32>()
    {
        let tx = if number < TX0 { number + TX0 } else { number };
        if tx <= db.max_tx() {
            return Ok(Value::Int(i64::from(tx)));
        }
        return match commit_named(db, text)? {
            Some(tx) => Ok(Value::Int(i64::from(tx))),
            None => Err(Problem::new(format!("there is no transaction {text} yet"))
                .help(format!("the last one is {}; `defbase log` lists them", db.max_tx()))),
        };
    }
    if text.len() != YEAR
        && commit::is_sha(text)
        && let Some(tx) = commit_named(db, text)?
    {
        return Ok(Value::Int(i64::from(tx)));
    }
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-+:.".contains(c));
    match edn::read(&format!("#inst \"{text}\"")) {
        Ok(instant) if plain => Ok(instant),
        _ => Err(Problem::new(format!("`{text}` is no moment")).help(
            "write an instant (2026-01-31, 2026-01-31T12:00:00Z), a transaction number of `defbase log`, or the beginning of a \
             commit's name",
        )),
    }
}

/// The transaction of the commit whose name begins so, where there is one.
fn commit_named(db: &Db, start: &str) -> Outcome<Option<EntityId>> {
    match commit::with_sha(db, start) {
        Ok(tx) => Ok(Some(tx)),
        Err(ShaError::Unknown(_)) => Ok(None),
        Err(error @ ShaError::Ambiguous(_)) => Err(Problem::new(error.to_string())),
    }
}

/// The last transaction at or before a moment.
pub(crate) fn transaction(db: &Db, when: &str) -> Outcome<EntityId> {
    db.transaction_at(&moment(db, when)?)
        .map_err(|e| Problem::new(format!("cannot go back to {when}")).because(&e))
}

/// The database as it was at a moment.
pub(crate) fn as_of(db: &Db, when: Option<&str>) -> Outcome<Db> {
    match when {
        None => Ok(db.clone()),
        Some(text) => db
            .as_of(&moment(db, text)?)
            .map_err(|e| Problem::new(format!("cannot go back to {text}")).because(&e)),
    }
}

/// An instant, or nothing.
pub(crate) fn instant(at: Option<edn::Inst>) -> Value {
    at.map_or(Value::Nil, Value::Inst)
}

/// A text, or nothing.
pub(crate) fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Nil, Value::string)
}

/// A count.
pub(crate) fn number(n: usize) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}
