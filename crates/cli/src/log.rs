//! The log file: transactions as lines of EDN, and back.
//!
//!     [#uuid "0193…" 0 {:db/id #db/birth [#uuid "0193…" 0], :statement/fqn "app.core/greet"}]
//!     [#uuid "0193…" 1 {:db/id #db/birth [#uuid "0192…" 7], :db/retract {:statement/doc "…"}}]
//!     [#uuid "0193…" :commit {:db/txInstant #inst "…", :tx/lines 2, :tx/crc32c 123}]
//!
//! Invariants
//! - Without a whole, matching commit line a transaction never happened.
//! - The order of lines carries no meaning, and the same line twice says the same as once.
//! - What stands after the last whole transaction may be torn and is told apart; damage anywhere else is an error.

use edn::{Uuid, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// A whole transaction.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    /// Its id; ids are ordered by time, and later than what their author had seen.
    pub(crate) id: Uuid,
    /// What it says of each entity.
    pub(crate) entities: Vec<Value>,
    /// What it says of itself.
    pub(crate) commit: Value,
    /// Its lines, the commit last.
    pub(crate) text: String,
}

impl Transaction {
    /// The transactions that its author had seen last.
    pub(crate) fn parents(&self) -> Vec<Uuid> {
        let parents = self.commit.as_map().and_then(|m| m.get_keyword("tx/parents"));
        let parents = parents.and_then(Value::as_seq).unwrap_or_default().iter();
        parents.filter_map(|p| if let Value::Uuid(id) = p { Some(*id) } else { None }).collect()
    }
}

/// A place in the log that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Damage {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) message: String,
}

/// What a log says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Read {
    /// The whole transactions, in the order of their ids.
    pub(crate) transactions: Vec<Transaction>,
    /// Where the last whole transaction ends, in bytes. What follows never happened.
    pub(crate) end: usize,
    /// What is wrong before that.
    pub(crate) damage: Vec<Damage>,
}

#[derive(Default)]
struct Gathered<'t> {
    lines: BTreeMap<i64, (&'t str, Value)>,
    commit: Option<(&'t str, Value)>,
    first_line: usize,
    end: usize,
}

/// Reads a log.
pub(crate) fn read(text: &str) -> Read {
    let mut gathered: BTreeMap<Uuid, Gathered<'_>> = BTreeMap::new();
    let mut wrong: Vec<(usize, Damage)> = Vec::new();
    let mut end = 0;
    for (number, raw) in text.split_inclusive('\n').enumerate() {
        let start = end;
        end += raw.len();
        let (line, text) = (number + 1, raw.trim_end());
        if text.is_empty() {
            continue;
        }
        let mut damaged = |message: String| wrong.push((start, Damage { line, message }));
        if !raw.ends_with('\n') {
            damaged("the line has no end".to_owned());
            continue;
        }
        let form = match edn::read(text) {
            Ok(form) => form,
            Err(error) => {
                damaged(format!("column {}: {}", error.column, error.message));
                continue;
            }
        };
        let Some([Value::Uuid(id), what, says @ Value::Map(_)]) = form.as_vector() else {
            damaged("expected [#uuid \"…\" number-or-:commit {…}]".to_owned());
            continue;
        };
        let tx = gathered.entry(*id).or_default();
        tx.end = tx.end.max(end);
        if tx.first_line == 0 {
            tx.first_line = line;
        }
        match what {
            Value::Int(n) => match tx.lines.get(n) {
                Some((other, _)) if *other != text => {
                    damaged(format!(
                        "line {n} of transaction {id} is there twice, in two versions"
                    ));
                }
                _ => {
                    tx.lines.insert(*n, (text, says.clone()));
                }
            },
            commit if commit.is_keyword("commit") => tx.commit = Some((text, says.clone())),
            other => damaged(format!("expected a number or :commit, found {other}")),
        }
    }
    finish(gathered, wrong)
}

/// The transactions whose whole past is there, so that they can be replayed.
pub(crate) fn replayable(transactions: Vec<Transaction>) -> Vec<Transaction> {
    let mut kept: BTreeSet<Uuid> = BTreeSet::new();
    transactions
        .into_iter()
        .filter(|t| {
            let whole = t.parents().iter().all(|parent| kept.contains(parent));
            if whole {
                kept.insert(t.id);
            }
            whole
        })
        .collect()
}

fn finish(gathered: BTreeMap<Uuid, Gathered<'_>>, wrong: Vec<(usize, Damage)>) -> Read {
    let mut read = Read::default();
    let mut broken: Vec<(usize, Damage)> = Vec::new();
    for (id, tx) in gathered {
        match verdict(&tx) {
            Ok(commit) => {
                read.end = read.end.max(tx.end);
                let raw = tx.lines.values().map(|(line, _)| *line);
                let raw = raw.chain(tx.commit.as_ref().map(|(line, _)| *line));
                let text = raw.flat_map(|line| [line, "\n"]).collect();
                let entities = tx.lines.into_values().map(|(_, says)| says).collect();
                read.transactions.push(Transaction { id, entities, commit, text });
            }
            Err(message) => {
                let message = format!("transaction {id}: {message}");
                broken.push((tx.end, Damage { line: tx.first_line, message }));
            }
        }
    }
    let within = |(at, _): &(usize, Damage)| *at < read.end;
    read.damage = wrong.into_iter().chain(broken).filter(within).map(|(_, d)| d).collect();
    read.damage.sort_by_key(|d| d.line);
    read
}

/// The commit of a transaction that is whole, or what it lacks.
fn verdict(tx: &Gathered<'_>) -> Result<Value, String> {
    let (_, commit) = tx.commit.clone().ok_or("it has no commit line")?;
    let said = |key| commit.as_map().and_then(|m| m.get_keyword(key)).and_then(Value::as_int);
    let expected = said("tx/lines").ok_or("its commit line lacks :tx/lines")?;
    let found = tx.lines.len();
    if usize::try_from(expected) != Ok(found) {
        return Err(format!("{found} of {expected} lines are there"));
    }
    let sum = checksum(tx.lines.values().map(|(line, _)| *line));
    match said("tx/crc32c") {
        Some(expected) if expected == i64::from(sum) => Ok(commit),
        _ => Err("its checksum does not match its lines".to_owned()),
    }
}

fn checksum<'t>(lines: impl Iterator<Item = &'t str>) -> u32 {
    lines.fold(0, |sum, line| {
        crc32c::crc32c_append(crc32c::crc32c_append(sum, line.as_bytes()), b"\n")
    })
}

/// The lines of a transaction.
pub(crate) fn written(id: Uuid, entities: &[Value], about: Vec<(Value, Value)>) -> String {
    let mut text = String::new();
    let mut lines = Vec::with_capacity(entities.len());
    for (n, entity) in entities.iter().enumerate() {
        let start = text.len();
        // Writing to a string cannot fail.
        let _ = write!(text, "[#uuid \"{id}\" {n} ");
        edn::print_to(&mut text, entity);
        text.push_str("]\n");
        lines.push(start..text.len() - 1);
    }
    let sum = checksum(lines.iter().map(|line| &text[line.clone()]));
    let mut commit = about;
    let count = i64::try_from(entities.len()).unwrap_or(i64::MAX);
    commit.push((Value::keyword("tx/lines"), Value::Int(count)));
    commit.push((Value::keyword("tx/crc32c"), Value::Int(i64::from(sum))));
    let _ = writeln!(text, "[#uuid \"{id}\" :commit {}]", Value::map(commit));
    text
}

/// A new id: the time, then chance; later than another one.
pub(crate) fn new_id(after: Option<Uuid>) -> Uuid {
    use std::hash::{BuildHasher, RandomState};
    const MILLIS_SHIFT: u32 = 80;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let last = after.map_or(0, |id| id.as_u128() >> MILLIS_SHIFT);
    let millis = now.max(last + 1);
    let chance = || u128::from(RandomState::new().hash_one(millis));
    let random = chance() << 64 | chance();
    let low = (random & 0x0fff_3fff_ffff_ffff_ffff) | 0x7000_8000_0000_0000_0000;
    Uuid::from_u128(millis << MILLIS_SHIFT | low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(n: usize) -> (String, Vec<Uuid>) {
        let (mut text, mut ids) = (String::new(), Vec::new());
        for i in 0..n {
            let id = new_id(ids.last().copied());
            let entities =
                [edn::read(&format!("{{:a {i}}}")).unwrap(), edn::read("{:b \"x\\ny\"}").unwrap()];
            text.push_str(&written(id, &entities, Vec::new()));
            ids.push(id);
        }
        (text, ids)
    }

    fn ids(read: &Read) -> Vec<Uuid> {
        read.transactions.iter().map(|t| t.id).collect()
    }

    #[test]
    fn whatever_the_order_of_lines_the_transactions_are_the_same() {
        let (text, expected) = log(3);
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        lines.reverse();
        lines.push(lines[2]);
        let read = read(&lines.concat());
        assert_eq!((ids(&read), read.damage), (expected, vec![]));
    }

    #[test]
    fn a_log_cut_anywhere_has_its_whole_transactions() {
        let (text, all) = log(3);
        for cut in 0..text.len() {
            let read = read(&text[..cut]);
            let whole = text[..cut].matches(":commit").count();
            let whole = whole
                - usize::from(
                    text[..cut].rfind(":commit").is_some_and(|at| !text[at..cut].contains('\n')),
                );
            assert_eq!(
                (ids(&read).as_slice(), &read.damage),
                (&all[..whole], &vec![]),
                "cut at {cut}"
            );
            assert!(read.end <= cut);
        }
    }

    #[test]
    fn damage_in_the_middle_is_told_with_its_line() {
        let (text, _) = log(3);
        let damaged = text.replacen("{:a 1}", "{:a 7}", 1);
        let told = read(&damaged).damage;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].line, 4);
        assert!(told[0].message.ends_with("its checksum does not match its lines"), "{told:?}");
        let unreadable = text.replacen("{:a 1}", "{:a 1", 1);
        assert_eq!(read(&unreadable).damage[0].line, 4);
    }
}
