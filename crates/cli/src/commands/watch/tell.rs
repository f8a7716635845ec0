//! What `watch` says: a line for each statement that changed, and each trouble once for as long as it lasts.

use crate::commands::keep;
use crate::output::{note, say};
use crate::problem::{Outcome, Problem};
use ::code::commit::Origin;
use ::code::import::{Change, ChangeKind, Plan};
use ::code::project;
use db::Db;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// Of more changes than this only the numbers are told.
const FEW: usize = 40;

/// Of more transactions than this only the number is told.
const FEW_TRANSACTIONS: u32 = 5;

/// How long somebody else is waited for before it is told.
const LONG: Duration = Duration::from_secs(1);

/// What was told.
#[derive(Default)]
pub(crate) struct Told {
    is_ready: bool,
    /// What cannot be read, by path.
    problems: BTreeSet<(String, String)>,
    trouble: Option<String>,
    waiting: Option<Instant>,
    is_waiting_told: bool,
}

impl Told {
    pub(super) fn ready(&mut self, files: usize, root: &Path) -> Outcome<()> {
        self.going_on()?;
        if !self.is_ready {
            self.is_ready = true;
            say(&format!("watching {files} files in {}; Ctrl-C stops", root.display()))?;
        }
        Ok(())
    }

    /// Whether something was wrong with a file.
    pub(super) fn is_wrong(&self, path: &str) -> bool {
        self.problems.iter().any(|(wrong, _)| wrong == path)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Tells what is wrong with files now and was not before, and what is not wrong any more.
    pub(super) fn problems<'a>(
        &mut self,
        now: impl Iterator<Item = &'a project::Problem>,
    ) -> Outcome<()> {
        let now: BTreeSet<(String, String)> =
            now.map(|problem| (problem.path.clone(), problem.to_string())).collect();
        for (_, text) in now.difference(&self.problems) {
            note(text);
        }
        let is_wrong = |path: &str| now.iter().any(|(wrong, _)| wrong == path);
        let before = std::mem::take(&mut self.problems);
        let paths: BTreeSet<&String> = before.iter().map(|(path, _)| path).collect();
        for path in paths.into_iter().filter(|path| !is_wrong(path)) {
            say(&format!("mended     {path}"))?;
        }
        self.problems = now;
        Ok(())
    }

    /// Tells that the log can be read and written again.
    pub(crate) fn going_on(&mut self) -> Outcome<()> {
        if self.trouble.take().is_some() {
            say("going on")?;
        }
        Ok(())
    }

    /// Tells that the log cannot be read or written, and goes on.
    pub(crate) fn trouble(&mut self, problem: &Problem) {
        let text = problem.plain();
        if self.trouble.as_ref() != Some(&text) {
            note(&format!("{text}\nwatching goes on; nothing is lost, it is tried again"));
            self.trouble = Some(text);
        }
    }

    /// Tells that others are waited for, where that takes long.
    pub(super) fn waiting(&mut self, is_waiting: bool) {
        if !is_waiting {
            (self.waiting, self.is_waiting_told) = (None, false);
            return;
        }
        let since = self.waiting.get_or_insert_with(Instant::now);
        if since.elapsed() > LONG && !self.is_waiting_told {
            self.is_waiting_told = true;
            note("waiting until git, or another program that writes to the log, is done");
        }
    }
}

/// How a conflict is told.
pub(crate) fn conflict(path: &str, root: &Path) -> String {
    format!(
        "conflict   {path}: changed here and in the database; both texts stay. `defbase show` and `defbase history` show the \
         database's, `defbase export DIR` writes it; to settle it make {} what it is to be, and `defbase import`",
        root.join(path).display()
    )
}

/// How a file is told that is as the database had it before others changed that.
pub(super) fn behind(path: &str, root: &Path) -> String {
    format!(
        "held       {path}: another program changed it in the database and not here; `defbase export {}` writes it",
        root.display()
    )
}

/// Tells what other programs changed.
pub(super) fn others(before: &Db, after: &Db, files: usize) -> Outcome<()> {
    let (first, last) = (before.max_tx() + 1, after.max_tx());
    if first > last && files == 0 {
        // The same log, read again.
        return Ok(());
    }
    let files = match files {
        0 => "no file is different".to_owned(),
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    };
    if first > last || last - first >= FEW_TRANSACTIONS {
        return Ok(say(&format!("elsewhere  the log was changed: {files}"))?);
    }
    let subjects =
        (first..=last).filter_map(|tx| Some(Origin::of(after, tx).subject()?.to_owned()));
    let subjects: Vec<String> = subjects.collect();
    let subjects = match subjects.is_empty() {
        true => "another program changed the database".to_owned(),
        false => subjects.join("; "),
    };
    Ok(say(&format!("elsewhere  {subjects}: {files}"))?)
}

/// Tells what changed and how long that took.
pub(super) fn changes(plan: &Plan, took: Duration) -> Outcome<()> {
    let took = format!("{:.1} ms", took.as_secs_f64() * 1e3);
    let told: Vec<&Change> =
        plan.changes.iter().filter(|change| change.kind != ChangeKind::Derived).collect();
    if told.len() <= FEW {
        for change in told {
            let word = keep::word(change.kind);
            match &change.was {
                Some(was) => say(&format!("{word:<10} {} (was {was})  {took}", change.fqn))?,
                None => say(&format!("{word:<10} {}  {took}", change.fqn))?,
            }
        }
        return Ok(());
    }
    let mut counts: BTreeMap<ChangeKind, usize> = BTreeMap::new();
    for change in told {
        *counts.entry(change.kind).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.iter().map(|(kind, n)| format!("{n} {}", keep::word(*kind))).collect();
    Ok(say(&format!("statements: {}  {took}", counts.join(", ")))?)
}
