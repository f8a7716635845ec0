//! A git repository's history in this database, beside what git itself says.
//!
//! Three questions, asked of a real repository:
//! - After `import --git` the database says of the last commit what a plain import of a checkout says: the same facts, the same
//!   files.
//! - At sampled commits of the main line the database has the files of that commit, byte for byte.
//! - Who wrote each line, beside `git blame` and `git blame -M -C`.
//!
//! The first two are laws: one difference is a failure. The third is an agreement, since the two follow different things: git
//! follows lines of a file (`-M`, `-C`: and blocks of them that move, from 20 and 40 letters on), the database follows
//! statements, whatever their name and file. `-w` is not among the flags: a line that was indented anew is a new line here, as
//! it is in plain `git blame`.
//!
//! `git` runs git, `facts` says what a database says without its numbers, `blame` compares line by line.

mod blame;
mod facts;
mod git;

pub use blame::{Agreement, Kind};

use code::commit::{ShaError, with_sha};
use code::export::{self, ExportError};
use code::model::NotCode;
use db::{Db, DbError};
use edn::Value;
use git::Git;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use store::StoreError;

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// A file or a program that the system does not give.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// git or this database's program failed.
    #[error("`{0}` failed: {1}")]
    Failed(String, String),
    /// What git printed is not what was expected of it.
    #[error("git said what was not expected: {0}")]
    Said(String),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no code in it.
    #[error(transparent)]
    NotCode(#[from] NotCode),
    /// A file of it cannot be put together.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// It cannot go back to a commit.
    #[error(transparent)]
    Db(#[from] DbError),
    /// It does not have a commit.
    #[error(transparent)]
    Sha(#[from] ShaError),
}

/// How much of a repository is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// At how many commits of the main line files are compared.
    pub commits: usize,
    /// Of how many files, spread over all of them, the lines are compared.
    pub files: usize,
}

/// Something that must always hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Law {
    /// How many things were compared.
    pub compared: usize,
    /// Those for which it does not hold.
    pub broken: Vec<String>,
}

/// How far a repository's history here and git's are the same.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many commits there are.
    pub commits: usize,
    /// Facts and files of the last commit, beside a plain import.
    pub plain: Law,
    /// Files of sampled commits.
    pub as_of: Law,
    /// Lines and who wrote them.
    pub blame: Agreement,
}

impl Report {
    /// Whether both laws hold, and something was compared.
    pub fn holds(&self) -> bool {
        [&self.plain, &self.as_of].iter().all(|law| law.compared > 0 && law.broken.is_empty())
    }
}

/// Compares a repository's history with what `program`, which is `defbase`, makes of it. The repository is only read.
pub fn compare(program: &Path, repository: &Path, options: &Options) -> Result<Report, PastError> {
    let git = Git::of(repository)?;
    let folder = tempfile::tempdir().map_err(|e| PastError::Io(std::env::temp_dir(), e))?;
    let (past, plain) = (folder.path().join("past"), folder.path().join("plain"));
    fs::create_dir(&past).map_err(|e| PastError::Io(past.clone(), e))?;
    let source = git.folder().to_string_lossy().into_owned();
    run(program, &past, &["import", "--git", &source])?;
    git.check_out(&plain)?;
    run(program, &plain, &["import", "."])?;
    let (past, plain) = (database(&past)?, database(&plain)?);
    Ok(Report {
        commits: code::commit::shas(&past).count(),
        plain: same_as_plain(&past, &plain)?,
        as_of: files_then(&git, &past, options.commits)?,
        blame: blame::compare(&git, &past, options.files)?,
    })
}

/// Runs `defbase`; that it found a problem in the sources is no failure.
fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Result<(), PastError> {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.map_err(|e| PastError::Io(program.to_owned(), e))?;
    match output.status.code() {
        Some(0 | 1) => Ok(()),
        _ => Err(PastError::Failed(
            format!("defbase {}", arguments.join(" ")),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )),
    }
}

fn database(folder: &Path) -> Result<Db, PastError> {
    let own = folder.join(".defbase");
    Ok(store::open_cached(&own.join("code-db-txlog.edn"), &own.join("cache"))?.db)
}

fn same_as_plain(past: &Db, plain: &Db) -> Result<Law, PastError> {
    let mut law = Law::default();
    law.compare_files("now", files(past)?, files(plain)?);
    let (past, plain) = (facts::of(past), facts::of(plain));
    law.compared += past.union(&plain).count();
    law.broken.extend(past.difference(&plain).map(|fact| format!("only with history: {fact}")));
    law.broken.extend(plain.difference(&past).map(|fact| format!("only without: {fact}")));
    Ok(law)
}

fn files_then(git: &Git, past: &Db, commits: usize) -> Result<Law, PastError> {
    let mut law = Law::default();
    for sha in spread(&git.main_line()?, commits) {
        let then = past.as_of(&Value::Int(i64::from(with_sha(past, sha)?)))?;
        law.compare_files(sha, files(&then)?, git.sources(sha)?);
    }
    Ok(law)
}

fn files(db: &Db) -> Result<BTreeMap<String, Vec<u8>>, PastError> {
    let all = export::all(db, |_| true)?;
    Ok(all.into_iter().map(|file| (file.path, file.bytes)).collect())
}

impl Law {
    fn compare_files(
        &mut self,
        when: &str,
        ours: BTreeMap<String, Vec<u8>>,
        theirs: BTreeMap<String, Vec<u8>>,
    ) {
        for (path, bytes) in &theirs {
            self.compared += 1;
            match ours.get(path) {
                Some(own) if own == bytes => {}
                Some(_) => self.broken.push(format!("{when}: {path} has other bytes here")),
                None => self.broken.push(format!("{when}: {path} is missing here")),
            }
        }
        for path in ours.keys().filter(|path| !theirs.contains_key(*path)) {
            self.compared += 1;
            self.broken.push(format!("{when}: {path} is only here"));
        }
    }
}

/// So many of some things, evenly spread, the first and the last among them.
fn spread<T>(all: &[T], count: usize) -> impl Iterator<Item = &T> {
    let count = count.min(all.len());
    let last = all.len().saturating_sub(1);
    (0..count).filter_map(move |n| all.get(n * last / count.saturating_sub(1).max(1)))
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn a_sample_is_spread_over_all() {
        let all: Vec<u8> = (0..10).collect();
        let some = |count| spread(&all, count).copied().collect::<Vec<u8>>();
        assert_eq!(some(4), [0, 3, 6, 9]);
        assert_eq!(some(1), [0]);
        assert_eq!(some(99), all);
        assert_eq!(spread(&[] as &[u8], 3).count(), 0);
    }
}
