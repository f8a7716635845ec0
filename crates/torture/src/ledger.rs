//! What was promised when, and what was ever written: by these a disk is judged after a crash.

use edn::Uuid;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The texts of all transactions that were ever written whole, by id.
#[derive(Clone, Default)]
pub struct Known(FxHashMap<Uuid, String>);

impl Known {
    /// Takes up the transactions that stand in a log, whatever else stands there.
    pub fn harvest(&mut self, log: &[u8]) {
        let mut begun: FxHashMap<Uuid, String> = FxHashMap::default();
        for line in log.split_inclusive(|byte| *byte == b'\n') {
            let Ok(line) = std::str::from_utf8(line) else { continue };
            let Some(id) = id_of(line) else { continue };
            let text = begun.entry(id).or_default();
            let line = line.trim_end_matches('\n');
            text.push_str(line);
            text.push('\n');
            // The last line is whole without its line feed.
            if line.contains(" :commit {") && line.ends_with("}]") {
                self.0.entry(id).or_insert(std::mem::take(text));
            }
        }
    }

    /// The text of a transaction.
    pub fn text(&self, id: &Uuid) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

/// The transactions that a sound log has.
pub(crate) fn ids_of(log: &[u8]) -> Vec<Uuid> {
    let lines = std::str::from_utf8(log).unwrap_or_default().lines();
    lines.filter(|line| line.contains(" :commit {")).filter_map(id_of).collect()
}

fn id_of(line: &str) -> Option<Uuid> {
    line.strip_prefix("[#uuid \"")?.get(..36)?.parse().ok()
}

/// A promise about a transaction, between two moments of a disk.
#[derive(Clone, Copy, Debug)]
struct Promise {
    id: Uuid,
    from: usize,
    until: usize,
}

/// A file that is written whole: what was tried when, and since when it was promised.
#[derive(Clone, Debug)]
struct Attempt {
    begun: usize,
    done: Option<usize>,
    bytes: Vec<u8>,
}

/// What is promised of a log.
#[derive(Clone, Default)]
struct Log {
    promises: Vec<Promise>,
    /// When somebody else answered for it.
    given_up: Vec<(usize, usize)>,
}

/// All promises about a disk.
#[derive(Clone, Default)]
pub struct Ledger {
    logs: BTreeMap<PathBuf, Log>,
    wholes: BTreeMap<PathBuf, Vec<Attempt>>,
}

impl Ledger {
    /// Transactions of a log are promised from a moment on.
    pub fn promise(&mut self, log: &Path, ids: impl IntoIterator<Item = Uuid>, from: usize) {
        let Log { promises, given_up } = self.logs.entry(log.to_owned()).or_default();
        if let Some((_, until)) = given_up.last_mut() {
            *until = from.min(*until);
        }
        for id in ids {
            if !promises.iter().any(|promise| promise.id == id && promise.until == usize::MAX) {
                promises.push(Promise { id, from, until: usize::MAX });
            }
        }
    }

    /// Somebody else puts a log in its place and flushes nothing: until something is promised of it again, nothing is.
    pub fn give_up(&mut self, log: &Path, moment: usize) {
        let Log { promises, given_up } = self.logs.entry(log.to_owned()).or_default();
        for promise in promises {
            promise.until = promise.until.min(moment);
        }
        given_up.push((moment, usize::MAX));
    }

    /// A file is written whole; when that is done, that is said of the last attempt.
    pub fn attempt(&mut self, path: &Path, begun: usize, bytes: Vec<u8>) {
        let attempts = self.wholes.entry(path.to_owned()).or_default();
        attempts.push(Attempt { begun, done: None, bytes });
    }

    /// The last attempt is promised from a moment on.
    pub fn done(&mut self, path: &Path, moment: usize) {
        if let Some(attempt) = self.wholes.get_mut(path).and_then(|attempts| attempts.last_mut()) {
            attempt.done = Some(moment);
        }
    }

    /// What must be there at a moment.
    pub fn at(&self, moment: usize) -> Expected<'_> {
        let promised = |promises: &[Promise]| {
            let now = promises.iter().filter(|p| p.from <= moment && moment < p.until);
            now.map(|promise| promise.id).collect::<Vec<Uuid>>()
        };
        let is_ours =
            |log: &Log| !log.given_up.iter().any(|(from, until)| (*from..*until).contains(&moment));
        let ours = self.logs.iter().filter(|(_, log)| is_ours(log));
        let logs = ours.map(|(path, log)| (path.as_path(), promised(&log.promises)));
        let wholes = self.wholes.iter().map(|(path, attempts)| {
            let last = attempts.iter().rposition(|a| a.done.is_some_and(|done| done <= moment));
            let possible = attempts[last.unwrap_or(0)..].iter().filter(|a| a.begun <= moment);
            let possible = possible.map(|attempt| attempt.bytes.as_slice()).collect();
            (path.as_path(), Whole { must_be: last.is_some(), possible })
        });
        Expected { logs: logs.collect(), wholes: wholes.collect() }
    }
}

/// What must be on a disk.
#[derive(Hash)]
pub struct Expected<'l> {
    /// The transactions of each log.
    pub logs: Vec<(&'l Path, Vec<Uuid>)>,
    /// The files that are written whole.
    pub wholes: Vec<(&'l Path, Whole<'l>)>,
}

/// A file that is written whole.
#[derive(Hash)]
pub struct Whole<'l> {
    /// Whether it must be there.
    pub must_be: bool,
    /// What may stand in it.
    pub possible: Vec<&'l [u8]>,
}
