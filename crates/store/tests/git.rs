//! Clones that work as people do: each transacts and commits, branches, merges, rebases and picks commits from the others, with
//! git itself, at random from seeds. In the end, when all have merged all, they are one database, byte for byte, and nothing that
//! anyone was told is done has gone.
//!
//! `GIT_WALKS=200 cargo nextest run -p defbase-store --test git` takes so many walks.

#![allow(clippy::unwrap_used)]

use edn::{Map, Uuid, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use store::{Connection, Replayed, StoreError, TxInfo, encode_snapshot, load, transactions};

const SCHEMA: &str = "{:name {:db/unique :db.unique/identity}
  :tag {:db/cardinality :db.cardinality/many}
  :friend {:db/valueType :db.type/ref}}";

const CLONES: usize = 3;

const STEPS: usize = 14;

/// A linear congruential generator: a seed is a walk.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % n
    }
}

struct Clone {
    folder: PathBuf,
}

impl Clone {
    fn log(&self) -> PathBuf {
        self.folder.join("log.edn")
    }

    /// What git says, where it did what it was told.
    fn try_git(&self, arguments: &[&str]) -> Result<String, String> {
        let done = Command::new("git")
            .current_dir(&self.folder)
            .args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"])
            .args(["-c", "core.editor=true", "-c", "advice.detachedHead=false"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match done.status.success() {
            true => Ok(text(&done.stdout)),
            false => Err(text(&done.stdout) + &text(&done.stderr)),
        }
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.try_git(arguments).unwrap_or_else(|said| panic!("git {arguments:?}: {said}"))
    }

    fn fetch(&self, other: &Clone) {
        self.git(&["fetch", "-q", other.folder.to_str().unwrap(), "HEAD"]);
    }

    fn merge(&self, other: &Clone) {
        self.fetch(other);
        self.git(&["merge", "-q", "-m", "merge", "FETCH_HEAD"]);
    }

    fn load(&self) -> Result<Replayed, StoreError> {
        load(&std::fs::read(self.log()).unwrap(), &self.log())
    }

    fn ids(&self) -> BTreeSet<Uuid> {
        let log = std::fs::read(self.log()).unwrap();
        transactions(&log, &self.log()).unwrap().iter().map(|t| t.id()).collect()
    }

    /// Says something and commits it; nothing where a commit was picked without those it builds on.
    fn transact(&self, said: &str) -> Option<Uuid> {
        let connection = match Connection::open(&self.log()) {
            Ok(connection) => connection,
            Err(StoreError::MissingParents(_)) => return None,
            Err(error) => panic!("{error}"),
        };
        let before = self.ids();
        connection.transact(&edn::read(said).unwrap(), &TxInfo::default()).unwrap();
        drop(connection);
        self.git(&["commit", "-qam", "said"]);
        self.ids().difference(&before).next().copied()
    }
}

/// Something about few entities, so that clones contradict each other.
fn said(dice: &mut Dice) -> String {
    let name = |dice: &mut Dice| ["a", "b", "c"][dice.below(3)];
    let (who, other, n) = (name(dice), name(dice), dice.below(1000));
    match dice.below(4) {
        0 => format!("[{{:name \"{who}\" :tag [\"t{}\" \"t{}\"]}}]", n % 5, n % 3),
        1 => format!("[{{:name \"{who}\" :friend {{:name \"{other}\"}}}} {{:name \"n{n}\"}}]"),
        2 => format!("[[:db/retract [:name \"{who}\"] :age] {{:name \"{other}\" :age {n}}}]"),
        _ => format!("[{{:name \"{who}\" :age {n}}}]"),
    }
}

fn clones(folder: &Path) -> Vec<Clone> {
    let clone = |n: usize| Clone { folder: folder.join(format!("clone{n}")) };
    let first = clone(0);
    std::fs::create_dir(&first.folder).unwrap();
    first.git(&["init", "-q", "-b", "main"]);
    std::fs::write(first.folder.join(".gitattributes"), "*.edn merge=union\n").unwrap();
    let schema = edn::read(SCHEMA).unwrap();
    drop(Connection::create(&first.log(), schema.as_map().unwrap(), &TxInfo::default()).unwrap());
    first.git(&["add", ".gitattributes", "log.edn"]);
    first.git(&["commit", "-qm", "base"]);
    let mut all = vec![first];
    for n in 1..CLONES {
        let next = clone(n);
        all[0].git(&["clone", "-q", ".", next.folder.to_str().unwrap()]);
        all.push(next);
    }
    all[0].transact("[{:name \"a\" :age 1} {:name \"b\" :age 1} {:name \"c\" :age 1}]");
    for other in &all[1..] {
        other.merge(&all[0]);
    }
    all
}

/// One step of one clone; gives what it was told is done.
fn step(clones: &[Clone], dice: &mut Dice) -> Option<Uuid> {
    let at = dice.below(CLONES);
    let (one, other) = (&clones[at], &clones[(at + 1 + dice.below(CLONES - 1)) % CLONES]);
    match dice.below(10) {
        0 | 1 => one.merge(other),
        2 | 3 => {
            one.fetch(other);
            one.git(&["rebase", "-q", "FETCH_HEAD"]);
        }
        4 => {
            one.fetch(other);
            let is_merge = one.try_git(&["rev-parse", "-q", "--verify", "FETCH_HEAD^2"]).is_ok();
            // What is there already makes an empty commit, which git does not make.
            if !is_merge && one.try_git(&["cherry-pick", "FETCH_HEAD"]).is_err() {
                one.git(&["cherry-pick", "--skip"]);
            }
        }
        5 => {
            one.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
            let done = one.transact(&said(dice));
            one.git(&["checkout", "-q", "main"]);
            one.git(&["merge", "-q", "-m", "merge", "side"]);
            one.git(&["branch", "-q", "-D", "side"]);
            return done;
        }
        _ => return one.transact(&said(dice)),
    }
    None
}

fn walk(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let clones = clones(folder.path());
    let mut dice = Dice(seed);
    let mut done = BTreeSet::new();
    for _ in 0..STEPS {
        done.extend(step(&clones, &mut dice));
    }
    for one in &clones {
        clones.iter().filter(|other| other.folder != one.folder).for_each(|other| one.merge(other));
    }
    clones[1..].iter().for_each(|other| clones[0].merge(other));
    clones[1..].iter().for_each(|other| other.merge(&clones[0]));
    let state = clones[0].load().unwrap();
    let expected = encode_snapshot(&state);
    for other in &clones {
        assert!(done.is_subset(&other.ids()), "seed {seed}: something has gone");
        let again = other.load().unwrap();
        assert_eq!(encode_snapshot(&again), expected, "seed {seed}");
    }
    settle(&clones, &state);
}

/// What they disagree about is settled by one of them, and the others take it over.
fn settle(clones: &[Clone], state: &Replayed) {
    let conflicts = state.conflicts();
    let connection = Connection::open(&clones[0].log()).unwrap();
    for conflict in &conflicts {
        let fact = [
            (Value::keyword("db/id"), Value::from(conflict.entity)),
            (conflict.attribute.clone(), Value::from(7)),
        ];
        let settling = match conflict.attribute.is_keyword("age") {
            true => Value::vector(vec![Value::Map(Map::from_iter(fact))]),
            false => {
                let retract = [
                    Value::keyword("db/retract"),
                    conflict.entity.into(),
                    conflict.attribute.clone(),
                ];
                Value::vector(vec![Value::vector(retract.to_vec())])
            }
        };
        connection.transact(&settling, &TxInfo::default()).unwrap();
    }
    drop(connection);
    if !conflicts.is_empty() {
        clones[0].git(&["commit", "-qam", "settled"]);
    }
    for one in clones {
        one.merge(&clones[0]);
        assert!(one.load().unwrap().conflicts().is_empty());
    }
}

#[test]
fn clones_come_together_whatever_git_did() {
    let walks = std::env::var("GIT_WALKS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    (1..=walks).for_each(walk);
}
