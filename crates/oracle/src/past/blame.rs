//! Who wrote each line, by the database and by git.

use super::git::Git;
use super::{PastError, spread};
use code::blame;
use db::Db;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// In what the two differ about a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// The database says what `git blame -M -C` says: the line moved.
    AsMoved,
    /// The database knows of an earlier commit: it followed a statement where git's blame stops.
    EarlierHere,
    /// The database blames a merge for what came by it.
    MergeHere,
    /// The database blames a later commit.
    LaterHere,
    /// Neither commit comes before the other.
    Beside,
    /// The line stands in no statement, behind the last one of its file.
    InNoStatement,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::AsMoved => "as `git blame -M -C` has it",
            Kind::EarlierHere => "an earlier commit here",
            Kind::MergeHere => "the merge here",
            Kind::LaterHere => "a later commit here",
            Kind::Beside => "commits beside each other",
            Kind::InNoStatement => "in no statement",
        })
    }
}

/// How many lines that are not blank belong to the same commit here and there.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    /// The files whose lines were compared.
    pub files: usize,
    /// The lines.
    pub lines: usize,
    /// Those that `git blame` gives to the same commit.
    pub plain: usize,
    /// Those that `git blame -M -C` gives to the same commit.
    pub moved: usize,
    /// The lines for which `git blame` says something else, by kind: `PATH:LINE here OURS, git THEIRS: TEXT`.
    pub differing: BTreeMap<Kind, Vec<String>>,
}

impl Agreement {
    /// Lines that git gives to the same commit, with or without flags.
    pub fn either(&self) -> usize {
        self.plain + self.differing.get(&Kind::AsMoved).map_or(0, Vec::len)
    }
}

/// How much of a commit's name is shown.
const SHOWN: usize = 10;

/// Compares the lines of so many files.
pub(super) fn compare(git: &Git, db: &Db, files: usize) -> Result<Agreement, PastError> {
    let mut history = History::of(git.commits()?);
    let mut agreement = Agreement::default();
    let blamed = blame::files(db, |_, _| true)?;
    for (path, ours) in spread(&blamed, files) {
        let plain = git.blame(&[], path)?;
        let moved = git.blame(&["-M", "-C"], path)?;
        let ours: HashMap<usize, &str> = ours
            .iter()
            .map(|line| (line.number, line.origin.sha.as_deref().unwrap_or("no commit")))
            .collect();
        agreement.files += 1;
        for (n, ((theirs, text), (with_moves, _))) in plain.iter().zip(&moved).enumerate() {
            if text.trim().is_empty() {
                continue;
            }
            let here = ours.get(&(n + 1)).copied();
            agreement.lines += 1;
            agreement.plain += usize::from(here == Some(theirs));
            agreement.moved += usize::from(here == Some(with_moves));
            if here == Some(theirs) {
                continue;
            }
            let kind = match here {
                None => Kind::InNoStatement,
                Some(here) if here == with_moves => Kind::AsMoved,
                Some(here) => history.kind(here, theirs),
            };
            let short = |sha: &str| sha.get(..SHOWN).unwrap_or(sha).to_owned();
            let here = here.map_or("nothing".to_owned(), short);
            let line = format!("{path}:{} here {here}, git {}: {text}", n + 1, short(theirs));
            agreement.differing.entry(kind).or_default().push(line);
        }
    }
    Ok(agreement)
}

/// Which commit comes before which.
struct History {
    numbers: HashMap<String, usize>,
    /// By the number of a commit: its parents' numbers.
    parents: Vec<Vec<usize>>,
    /// By the number of a commit, once it was asked for: whether each commit is it or comes before it.
    before: HashMap<usize, Vec<bool>>,
}

impl History {
    fn of(commits: Vec<(String, Vec<String>)>) -> History {
        let mut numbers = HashMap::new();
        for (n, (sha, _)) in commits.iter().enumerate() {
            numbers.insert(sha.clone(), n);
        }
        let known = |parents: Vec<String>| {
            parents.iter().filter_map(|sha| numbers.get(sha).copied()).collect()
        };
        let parents = commits.into_iter().map(|(_, parents)| known(parents)).collect();
        History { numbers, parents, before: HashMap::new() }
    }

    fn kind(&mut self, here: &str, theirs: &str) -> Kind {
        let (here, theirs) = (self.numbers.get(here), self.numbers.get(theirs));
        let (Some(&here), Some(&theirs)) = (here, theirs) else { return Kind::Beside };
        if self.is_before(here, theirs) {
            Kind::EarlierHere
        } else if !self.is_before(theirs, here) {
            Kind::Beside
        } else if self.parents.get(here).is_some_and(|parents| parents.len() > 1) {
            Kind::MergeHere
        } else {
            Kind::LaterHere
        }
    }

    fn is_before(&mut self, early: usize, late: usize) -> bool {
        let parents = &self.parents;
        let before = self.before.entry(late).or_insert_with(|| {
            let mut before = vec![false; parents.len()];
            let mut pending = vec![late];
            while let Some(commit) = pending.pop() {
                if !std::mem::replace(&mut before[commit], true) {
                    pending.extend(&parents[commit]);
                }
            }
            before
        });
        before[early]
    }
}
