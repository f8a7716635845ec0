//! `import --git`: a repository's history, one transaction a commit.
//!
//! A transaction's instant is when the branch that is imported had the commit, so that `--as-of` finds what the branch was at a
//! moment; the commit's own times stand beside it. A commit that touched no source is a transaction all the same: its name
//! means a moment, and the next run knows where this one stopped.

use crate::commands::Found;
use crate::configuration::Configuration;
use crate::database::{Database, explained};
use crate::output::say;
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use crate::progress::Progress;
use ::code::commit::{AUTHORED_AT, COMMITTED_AT, COMMITTER, CREDITS, EMAIL, SHA, shas};
use ::code::export;
use ::code::import::config;
use ::code::project::{KONDO_CONFIG, Scope, is_walked};
use ::code::workspace::{Edit, Workspace};
use ::git::{Commit, GitError, Line, Range, Repository, Sources, Step};
use db::{Db, EntityRef, Op, OpValue};
use edn::{Inst, Value};
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;
use store::{Batch, TxInfo};

/// `defbase import --git`
pub(crate) fn import(repo: Option<&Path>, range: Range, paths: &[PathBuf]) -> Outcome<Found> {
    let start = Instant::now();
    let here = Place::here()?;
    let there = Place::find()?;
    let place = there.clone().unwrap_or(here.clone());
    let named = repo.map_or(place.root.clone(), |repo| here.root.join(repo));
    let repository = Repository::discover(&named).map_err(|e| explained_git(&e))?;
    let folder = folder_of(&repository, &place.root, &named);
    // What git does not know is an error before a database is made.
    repository.sha(range.to.as_deref().unwrap_or("HEAD")).map_err(|e| explained_git(&e))?;

    let database = match there {
        Some(place) => Database::open(&place)?,
        None => Database::create(&here)?,
    };
    let db = database.db();
    let known: FxHashSet<String> = shas(&db).map(|(_, sha)| sha).collect();
    let has_code = !export::paths(&db)?.is_empty();
    if has_code && known.is_empty() {
        return Err(Problem::new("this database has code that no commit explains").help(
            "a history goes before everything else: import it into a new database, in a folder without `.defbase`",
        ));
    }
    let scopes = scopes(&place, paths)?;
    let covers = |path: &str| scopes.iter().any(|scope| scope.covers(path)) && is_walked(path);
    let wanted = |path: &str| path == KONDO_CONFIG || covers(path);
    let files = export::all(&db, covers)
        .map_err(|e| Problem::new("the files of the database cannot be read").because(&e))?;
    let files = files.into_iter().map(|file| (file.path, file.bytes)).collect();
    let progress = Progress::start("reading the history");
    // A text that does not read would tear apart what comes before and after it.
    let sound = |text: &str| edn::syntax::parse(text).error.is_none();
    let sources = Sources { folder: &folder, wanted: &wanted, sound: &sound };
    let line = Line::after(&repository, &range, sources, files, &|sha| known.contains(sha))
        .map_err(|e| explained_git(&e))?;
    drop(progress);
    if line.len() == 0 {
        say(&format!("nothing new: {} commits are here already", known.len()))?;
        return Ok(Found::Yes);
    }
    let mut import = Import {
        workspace: workspace(&db, config(&db)?.as_deref())?,
        batch: database.batch(),
        earliest: if has_code { last_instant(&db) } else { Inst(i64::MIN) },
        commits: 0,
        with_changes: 0,
    };
    let progress = Progress::counting("importing commits", line.len());
    for step in line {
        import.step(step.map_err(|e| explained_git(&e))?)?;
        progress.advance();
    }
    drop(progress);
    let Import { batch, commits, with_changes, .. } = import;
    batch.finish().map_err(|e| explained(&e))?;
    let statements = ::code::stats::stats(&database.db())?.total.statements;
    say(&format!(
        "imported {commits} commits, {with_changes} of which changed sources; {statements} statements are there now, in {} ms",
        start.elapsed().as_millis()
    ))?;
    Ok(Found::Yes)
}

/// The folder of a repository that is the project: where the project lies in it, the project's own, else the one that was
/// named.
fn folder_of(repository: &Repository, project: &Path, named: &Path) -> String {
    let Some(root) = repository.work_folder() else { return String::new() };
    let inside = |folder: &Path| {
        let folder = folder.canonicalize().ok()?;
        let parts = folder.strip_prefix(&root).ok()?.components();
        let parts: Option<Vec<&str>> = parts.map(|part| part.as_os_str().to_str()).collect();
        Some(parts?.join("/"))
    };
    inside(project).or_else(|| inside(named)).unwrap_or_default()
}

/// What of the project is imported: what was typed, else what the configuration says.
fn scopes(place: &Place, paths: &[PathBuf]) -> Outcome<Vec<Scope>> {
    let typed = match paths {
        [] => Configuration::paths(place)?,
        typed => typed.iter().map(|path| place.root.join(path)).collect(),
    };
    let scope = |path: &PathBuf| {
        let inside = path.strip_prefix(&place.root).ok()?.to_str()?.replace('\\', "/");
        let inside = inside.trim_start_matches("./").trim_end_matches('/').to_owned();
        Some(match inside.as_str() {
            "" | "." => vec![Scope::All],
            // What is a file at one commit may be a folder at another.
            _ => vec![Scope::Under(format!("{inside}/")), Scope::File(inside)],
        })
    };
    Ok(typed.iter().filter_map(scope).flatten().collect())
}

/// The files of a database in memory, to be brought from one commit to the next.
fn workspace(db: &Db, config: Option<&str>) -> Outcome<Workspace> {
    Workspace::of(db, config)
        .map_err(|e| Problem::new("the files of the database cannot be read").because(&e))
}

/// The time of the last transaction: no later one is before it.
fn last_instant(db: &Db) -> Inst {
    match db.get(db.max_tx(), &Value::keyword("db/txInstant")) {
        Some(Value::Inst(at)) => at,
        _ => Inst(i64::MIN),
    }
}

/// An import under way.
struct Import<'a> {
    workspace: Workspace,
    batch: Batch<'a>,
    /// No transaction is before this.
    earliest: Inst,
    commits: usize,
    with_changes: usize,
}

impl Import<'_> {
    fn step(&mut self, step: Step) -> Outcome<()> {
        let Step { commit, at, files, credits, .. } = step;
        let at = Inst(at).max(self.earliest);
        let mut edits = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            match path == KONDO_CONFIG {
                // Another configuration may say something else of every file.
                true => {
                    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                    self.workspace = workspace(&self.batch.db(), text.as_deref())?;
                }
                false => edits.push(Edit { path, bytes }),
            }
        }
        self.with_changes += usize::from(!edits.is_empty());
        let plan = self.workspace.plan(&self.batch.db(), edits, at)?;
        let mut ops = plan.ops;
        ops.extend(said_of(&commit, credits));
        let Commit { author, message, .. } = commit;
        let info = TxInfo {
            author: Some(author.name),
            message: Some(message).filter(|message| !message.is_empty()),
            inst: Some(at),
        };
        self.batch.transact_ops(&ops, &info).map_err(|e| explained(&e))?;
        self.commits += 1;
        Ok(())
    }
}

/// What the transaction of a commit says of it.
fn said_of(commit: &Commit, credits: Vec<::git::Credit>) -> impl Iterator<Item = Op> {
    let Commit { author, committer, .. } = commit;
    let text = |text: &str| Value::string(text);
    let mut said = vec![
        (SHA, text(&commit.sha)),
        (EMAIL, text(&author.email)),
        (AUTHORED_AT, Value::Inst(Inst(author.at))),
    ];
    if committer.name != author.name {
        said.push((COMMITTER, text(&committer.name)));
    }
    if committer.at != author.at {
        said.push((COMMITTED_AT, Value::Inst(Inst(committer.at))));
    }
    said.extend(credits.into_iter().map(|::git::Credit { sha, path, first, last }| {
        (CREDITS, text(&::code::commit::Credit { sha, first, last, path }.to_string()))
    }));
    said.into_iter().map(|(name, value)| Op {
        e: EntityRef::Tx,
        a: Value::keyword(name),
        v: OpValue::Value(value),
        added: true,
    })
}

fn explained_git(error: &GitError) -> Problem {
    let problem = Problem::new(error.to_string());
    match error {
        GitError::Open { .. } => problem.help("name a repository: `defbase import --git REPO`"),
        GitError::Revision { .. } | GitError::Unrelated { .. } => {
            problem.help("name a branch, a tag or a commit, as for `git log`")
        }
        GitError::Object { .. } => problem.help("`git fsck` says more"),
    }
}
