//! Reading a log: lines to whole transactions, whatever order and company the lines are in.
//!
//! Lines are read in parallel, each by itself, and brought together by the transaction and number they carry. A line
//! that stands twice counts once; of several of one number that differ the first does, and the others are damage. A transaction
//! is whole when its commit line is there, with as many lines as it says and the checksum it says. What is not whole is the torn
//! end of the file when only such lines and doubles come after the last whole transaction's, or when it begins behind what is known
//! to have been flushed (`flushed`); anywhere else it is damage.

use crate::encode::CHECKSUM;
use edn::{Map, Uuid, Value};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The longest line that is read, in bytes.
pub(crate) const MAX_LINE: usize = 256 << 20;

/// A whole transaction, as a log has it.
#[derive(Clone, Debug)]
pub struct Transaction {
    pub(crate) id: Uuid,
    pub(crate) parents: Vec<Uuid>,
    /// What the commit line says besides.
    pub(crate) about: Map,
    /// Its lines in order.
    pub(crate) lines: Vec<Map>,
    /// The lines and the commit line as they stand.
    pub(crate) text: Arc<str>,
    pub(crate) crc: u32,
}

impl Transaction {
    /// Its id: later than those of all it builds on.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The transactions that nobody had built on when it was made.
    pub fn parents(&self) -> &[Uuid] {
        &self.parents
    }

    /// Its lines and its commit line, each with its line feed: the same in every log that has it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Something wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what was expected.
    pub problem: String,
}

/// What is in a log.
#[derive(Default)]
pub struct Inspection {
    pub(crate) transactions: Vec<Transaction>,
    /// What is wrong, by line.
    pub damage: Vec<Damage>,
    /// Whether all damage is behind the last whole transaction.
    pub is_torn: bool,
    /// How many bytes from the start are sound, where the log is torn.
    pub sound_bytes: usize,
    /// How many lines stand before the first that is no part of a whole transaction, where there is one.
    first_unwhole: usize,
    /// How many lines the log has.
    pub lines: usize,
    /// Lines that stand more than once.
    pub doubled: usize,
}

impl Inspection {
    /// How many transactions are whole.
    pub fn whole(&self) -> usize {
        self.transactions.len()
    }
}

impl Inspection {
    /// The database of the whole transactions; damage at the end is left out, damage elsewhere an error.
    pub fn replay(&self, path: &std::path::Path) -> Result<crate::Replayed, crate::StoreError> {
        match self.damage.first() {
            Some(damage) if !self.is_torn => Err(crate::StoreError::Corrupt {
                path: path.to_owned(),
                line: damage.line,
                problem: damage.problem.clone(),
            }),
            _ => crate::replay::replay(&self.transactions),
        }
    }

    /// The transactions that are whole, make sense and build on such ones only.
    fn replayable(&self) -> BTreeSet<Uuid> {
        let mut kept = BTreeSet::new();
        let Ok(mut state) = crate::Replayed::empty() else { return kept };
        for transaction in &self.transactions {
            if transaction.parents.iter().all(|parent| kept.contains(parent))
                && let Ok(outcome) = state.outcome(transaction)
            {
                state.advance(outcome);
                kept.insert(transaction.id);
            }
        }
        kept
    }

    /// What can be saved of the log that was looked through: a log of the transactions that are whole, make sense and build
    /// on such ones only, and how many they are.
    pub fn salvage(&self, bytes: &[u8]) -> (Vec<u8>, usize) {
        let kept = self.replayable();
        let mut lines: BTreeMap<(Uuid, u64), &[u8]> = BTreeMap::new();
        for line in split(bytes) {
            let line = trimmed(line);
            match read_line(line) {
                Line::Entity { tx, n, .. } if kept.contains(&tx) => {
                    lines.entry((tx, u64::from(n))).or_insert(line);
                }
                Line::Commit { tx, .. } if kept.contains(&tx) => {
                    lines.entry((tx, u64::MAX)).or_insert(line);
                }
                _ => {}
            }
        }
        let mut log = Vec::with_capacity(bytes.len());
        for line in lines.into_values() {
            log.extend_from_slice(line);
            log.push(b'\n');
        }
        (log, kept.len())
    }
}

/// One line as it reads.
enum Line {
    Blank,
    Entity { tx: Uuid, n: u32, facts: Map },
    Commit { tx: Uuid, about: Map },
    Bad { problem: String },
}

/// Everything known of one transaction.
#[derive(Default)]
struct Group<'t> {
    lines: BTreeMap<u32, (&'t [u8], Map)>,
    commit: Option<(&'t [u8], Map)>,
    /// Where its lines stand, but for doubles, of which it has no need.
    places: Vec<usize>,
    /// A line that says something else than the first of its number.
    odd: Option<Damage>,
}

/// Looks through a log and says what is whole and what is not.
pub fn inspect(bytes: &[u8]) -> Inspection {
    let raw: Vec<&[u8]> = split(bytes);
    let lines: Vec<Line> = raw.par_iter().map(|line| read_line(line)).collect();
    let mut groups: BTreeMap<Uuid, Group<'_>> = BTreeMap::new();
    let mut damage = Vec::new();
    let mut doubled = 0;
    for (i, (line, text)) in lines.into_iter().zip(&raw).enumerate() {
        let (place, text) = (i + 1, trimmed(text));
        match line {
            Line::Blank => {}
            Line::Entity { tx, n, facts } => {
                let group = groups.entry(tx).or_default();
                match group.lines.get(&n) {
                    Some((other, _)) if *other != text => {
                        let problem =
                            format!("another line {n} of transaction {tx} says something else");
                        group.odd.get_or_insert(Damage { line: place, problem });
                    }
                    Some(_) => doubled += 1,
                    None => {
                        group.places.push(place);
                        group.lines.insert(n, (text, facts));
                    }
                }
            }
            Line::Commit { tx, about } => {
                let group = groups.entry(tx).or_default();
                match &group.commit {
                    Some((other, _)) if *other != text => {
                        let problem =
                            format!("another commit of transaction {tx} says something else");
                        group.odd.get_or_insert(Damage { line: place, problem });
                    }
                    Some(_) => doubled += 1,
                    None => {
                        group.places.push(place);
                        group.commit = Some((text, about));
                    }
                }
            }
            Line::Bad { problem } => damage.push(Damage { line: place, problem }),
        }
    }
    let mut inspection = Inspection { lines: raw.len(), doubled, ..Inspection::default() };
    let (mut last_whole, mut is_disputed) = (0, false);
    let mut unwhole: BTreeSet<usize> = BTreeSet::new();
    for (id, group) in groups {
        let last = group.places.iter().max().copied().unwrap_or(0);
        let first = group.places.iter().min().copied().unwrap_or(0);
        let (places, odd) = (group.places.clone(), group.odd.clone());
        match whole(id, group) {
            Ok(transaction) => {
                last_whole = last_whole.max(last);
                inspection.transactions.push(transaction);
                damage.extend(odd);
            }
            Err(problem) => {
                unwhole.extend(places);
                is_disputed |= odd.is_some();
                damage.push(odd.unwrap_or(Damage { line: first, problem }));
            }
        }
    }
    unwhole.extend(damage.iter().map(|d| d.line));
    damage.sort_by(|a, b| (a.line, &a.problem).cmp(&(b.line, &b.problem)));
    inspection.first_unwhole = unwhole.first().map_or(0, |line| line - 1);
    // What is said in two ways was written twice, so it is no end that was torn.
    let is_behind = unwhole.first().is_some_and(|line| *line > last_whole);
    inspection.is_torn = is_behind && !is_disputed;
    inspection.sound_bytes =
        raw[..last_whole].iter().map(|l| l.len() + 1).sum::<usize>().min(bytes.len());
    inspection.damage = damage;
    inspection
}

/// The same of a log of which so many bytes are known to be on the disk: where damage begins behind them, all from there on is its torn
/// end, since nothing of it was acknowledged.
pub(crate) fn inspect_log(bytes: &[u8], flushed: u64) -> Inspection {
    let found = inspect(bytes);
    if found.damage.is_empty() || found.is_torn {
        return found;
    }
    let sound: usize = split(bytes)[..found.first_unwhole].iter().map(|line| line.len() + 1).sum();
    if (sound as u64) < flushed {
        return found;
    }
    let before = inspect_log(&bytes[..sound], flushed);
    if !(before.damage.is_empty() || before.is_torn) {
        return found;
    }
    let sound_bytes = if before.is_torn { before.sound_bytes } else { sound };
    Inspection { damage: found.damage, is_torn: true, sound_bytes, lines: found.lines, ..before }
}

/// The same of a log from its beginning. Where transactions are missing that others build on, and blank lines stand behind what was
/// flushed, a crash has left those in their place.
pub(crate) fn inspect_whole(bytes: &[u8], flushed: u64) -> Inspection {
    let found = inspect_log(bytes, flushed);
    let ids: BTreeSet<&Uuid> = found.transactions.iter().map(|t| &t.id).collect();
    if found.transactions.iter().flat_map(|t| &t.parents).all(|parent| ids.contains(parent)) {
        return found;
    }
    let end = if found.is_torn { found.sound_bytes } else { bytes.len() };
    let mut sound = 0;
    for (n, line) in split(&bytes[..end]).into_iter().enumerate() {
        if sound as u64 >= flushed && line.iter().all(u8::is_ascii_whitespace) {
            let problem = "nothing, where transactions were that others build on".to_string();
            return Inspection {
                damage: vec![Damage { line: n + 1, problem }],
                is_torn: true,
                sound_bytes: sound,
                lines: found.lines,
                ..inspect(&bytes[..sound])
            };
        }
        sound += line.len() + 1;
    }
    found
}

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines
}

/// A line without the carriage return that some editors and checkouts put before its end.
fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn bad(problem: impl Into<String>) -> Line {
    Line::Bad { problem: problem.into() }
}

fn read_line(line: &[u8]) -> Line {
    let line = trimmed(line);
    if line.iter().all(u8::is_ascii_whitespace) {
        return Line::Blank;
    }
    if line.len() > MAX_LINE {
        return bad(format!("a line of more than {MAX_LINE} bytes"));
    }
    for marker in ["<<<<<<<", "=======", ">>>>>>>", "|||||||"] {
        if line.starts_with(marker.as_bytes()) {
            return bad("a conflict marker of git: delete the marker lines, keep all others");
        }
    }
    let Ok(text) = std::str::from_utf8(line) else {
        return bad("not UTF-8");
    };
    let form = match edn::read(text) {
        Ok(form) => form,
        Err(error) => return bad(format!("column {}: {}", error.column, error.message)),
    };
    let expected = "expected [#uuid \"…\" number {…}] or [#uuid \"…\" :commit {…}]";
    let Some([Value::Uuid(tx), kind, Value::Map(map)]) = form.as_vector() else {
        return bad(expected);
    };
    match kind {
        Value::Int(n) => match u32::try_from(*n) {
            Ok(n) => Line::Entity { tx: *tx, n, facts: map.clone() },
            Err(_) => bad("a line's number is from 0 up"),
        },
        Value::Keyword(k) if k.as_str() == "commit" => Line::Commit { tx: *tx, about: map.clone() },
        _ => bad(expected),
    }
}

fn find_last(text: &[u8], sought: &[u8]) -> Option<usize> {
    text.windows(sought.len()).rposition(|window| window == sought)
}

/// `Err` says what is missing.
fn whole(id: Uuid, group: Group<'_>) -> Result<Transaction, String> {
    let Some((commit, about)) = group.commit else {
        return Err(format!("transaction {id} has no commit line: it was never finished"));
    };
    let expected = about.get_keyword("tx/lines").and_then(Value::as_int);
    let found = group.lines.len() as i64;
    if expected != Some(found) || group.lines.keys().copied().ne(0..found as u32) {
        let expected = expected.map_or("no number of".to_string(), |n| n.to_string());
        return Err(format!(
            "transaction {id}: its commit says {expected} lines, {found} are there"
        ));
    }
    let length = group.lines.values().map(|(text, _)| text.len() + 1).sum::<usize>();
    let mut text = Vec::with_capacity(length + commit.len() + 1);
    for (line, _) in group.lines.values() {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(commit);
    text.push(b'\n');
    let covered = length + find_last(commit, CHECKSUM.as_bytes()).unwrap_or(0);
    let crc = crc32c::crc32c(&text[..covered]);
    // The checksum and what closes the line are all that stands behind what it covers.
    if text[covered..] != *format!("{CHECKSUM} {crc}}}]\n").as_bytes()
        // A fuzzer cannot guess checksums, and what a matching one covers must be safe to read all the same.
        && !cfg!(fuzzing)
    {
        return Err(format!("transaction {id}: its lines do not match its checksum"));
    }
    let parents = about.get_keyword("tx/parents").and_then(Value::as_vector).and_then(|parents| {
        let uuid = |p: &Value| match p {
            Value::Uuid(id) => Some(*id),
            _ => None,
        };
        parents.iter().map(uuid).collect::<Option<Vec<Uuid>>>()
    });
    let Some(parents) = parents else {
        return Err(format!("transaction {id}: expected :tx/parents, a vector of uuids"));
    };
    if parents.iter().any(|parent| *parent >= id) {
        return Err(format!("transaction {id} is older than one it builds on"));
    }
    let Ok(text) = String::from_utf8(text) else {
        return Err(format!("transaction {id}: not UTF-8"));
    };
    let lines = group.lines.into_values().map(|(_, facts)| facts).collect();
    Ok(Transaction { id, parents, about, lines, text: text.into(), crc })
}
