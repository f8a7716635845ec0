//! An import from beginning to end: which files changed, what is in them, what that changes in the database.
//!
//! Files whose bytes are those the database has are not looked at, unless another file changed: then names in them may mean
//! something else, and every file of the database is analysed with the ones that were read.

use super::hints::Hints;
use super::plan::{ChangeKind, Plan, Update, plan_with};
use crate::export::{self, ExportError};
use crate::model::{Attr, NotCode, content_hash};
use crate::project::{Problem, Project};
use crate::refactor::{self, Change};
use crate::source::Source;
use crate::workspace::{Changed, Edit, Workspace};
use db::{Cell, Db, EntityId, Text};
use edn::Inst;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What an import found and does.
#[derive(Clone, Debug, Default)]
pub struct ImportReport {
    /// Files that were read.
    pub files: usize,
    /// Of them, those that were new or different.
    pub files_changed: usize,
    /// Files that are gone.
    pub files_deleted: usize,
    /// Statements in the files that were read or analysed again.
    pub statements: usize,
    /// How many statements stayed as they are.
    pub unchanged: usize,
    /// To how many statements what happened.
    pub changes: BTreeMap<ChangeKind, usize>,
    /// What could not be read, and where.
    pub problems: Vec<Problem>,
    /// Lines that were read.
    pub lines: usize,
    /// Bytes that were read.
    pub bytes: usize,
    /// How long each phase took.
    pub timings: Vec<(&'static str, Duration)>,
}

/// An import that waits to be transacted.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// The operations; none where nothing changed.
    pub plan: Plan,
    /// What it is about.
    pub report: ImportReport,
}

/// Why an import cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The database holds something else.
    #[error(transparent)]
    NotCode(#[from] NotCode),
    /// A file of the database cannot be made out of it.
    #[error(transparent)]
    Stored(#[from] ExportError),
}

/// Compares a project with a database.
///
/// ```
/// use code::{import, model, project};
/// let folder = tempfile::tempdir().unwrap();
/// std::fs::write(folder.path().join("a.clj"), "(ns a)\n\n(defn f [x] (inc x))\n").unwrap();
/// let project = project::read(folder.path(), &[".".into()]).unwrap();
/// let db = model::empty_db().unwrap();
/// let import = import::import(&db, project, edn::Inst(0)).unwrap();
/// assert_eq!(import.report.statements, 2);
/// let db = db.with_ops(&import.plan.ops, edn::Value::Nil).unwrap().db_after;
/// assert!(code::show::find(&db, "a/f").is_ok());
/// ```
pub fn import(db: &Db, project: Project, now: Inst) -> Result<Import, ImportError> {
    let source = Source::new(db)?;
    let mut report = ImportReport { files: project.sources.len(), ..ImportReport::default() };
    let start = Instant::now();
    let gone = gone(db, &project)?;
    let Project { sources, problems, config, .. } = project;
    let same: Vec<bool> = sources
        .par_iter()
        .map(|file| {
            let stored = source.named(Attr::FilePath, &file.path);
            let hash = stored.and_then(|e| source.value(e, Attr::FileHash));
            hash.and_then(Cell::as_int) == Some(content_hash(&file.bytes))
        })
        .collect();
    report.files_changed = same.iter().filter(|same| !**same).count();
    report.files_deleted = gone.len();
    report.bytes = sources.iter().map(|file| file.bytes.len()).sum();
    report.problems = problems;
    report.timings.push(("compare files", start.elapsed()));
    let is_all_there = report.files_changed == 0 && gone.is_empty();
    if is_all_there && Workspace::new(config.as_deref()).is_current(&source) {
        report.unchanged = source.column(Attr::StatementFqn).count();
        report.statements = report.unchanged;
        report.problems.extend(stored_problems(&source));
        return Ok(Import { plan: Plan::default(), report });
    }

    report.lines = sources.par_iter().map(|file| lines(&file.bytes)).sum();
    let changed = sources.into_iter().zip(same).filter(|(_, same)| !same).map(|(file, _)| file);
    let changed = changed.map(|file| Edit { path: file.path, bytes: Some(file.bytes) });
    let gone = gone.into_iter().map(|path| Edit { path, bytes: None });
    let edits = changed.chain(gone).collect();
    bring_in(db, Incoming { edits, config, hints: Hints::default() }, report, now)
}

/// Plans a change that a refactoring made. What it says of names and paths is followed: statements and files stay the
/// entities that they are. The project's configuration stays as it is.
pub fn change(db: &Db, change: &Change, now: Inst) -> Result<Import, ImportError> {
    let is_after =
        |path: &str| change.files.iter().any(|f| f.after.is_some() && f.path_after() == path);
    let paths = change.files.iter().filter(|f| f.before.is_some()).map(|f| f.path.clone());
    let gone: Vec<String> = paths.filter(|path| !is_after(path)).collect();
    let edit = |file: &refactor::FileChange| {
        let bytes = file.after.as_ref()?.clone().into_bytes();
        Some(Edit { path: file.path_after().to_string(), bytes: Some(bytes) })
    };
    let mut edits: Vec<Edit> = change.files.iter().filter_map(edit).collect();
    let bytes = || edits.iter().filter_map(|edit| edit.bytes.as_ref());
    let report = ImportReport {
        files: edits.len(),
        files_changed: edits.len(),
        files_deleted: gone.len(),
        lines: bytes().map(|bytes| lines(bytes)).sum(),
        bytes: bytes().map(Vec::len).sum(),
        ..ImportReport::default()
    };
    edits.extend(gone.into_iter().map(|path| Edit { path, bytes: None }));
    bring_in(db, Incoming { edits, config: config(db)?, hints: Hints::of(change) }, report, now)
}

/// What comes into a database.
struct Incoming {
    edits: Vec<Edit>,
    config: Option<String>,
    hints: Hints,
}

/// Analyses what comes in with what is there, and compares.
fn bring_in(
    db: &Db,
    incoming: Incoming,
    mut report: ImportReport,
    now: Inst,
) -> Result<Import, ImportError> {
    let Incoming { edits, config, hints } = incoming;
    let start = Instant::now();
    let mut workspace = Workspace::of(db, config.as_deref())?;
    workspace.change(edits);
    report.statements = workspace.statements();
    report.problems.extend(workspace.problems());
    let Changed { files, gone } = workspace.into_changed();
    report.timings.push(("analyse", start.elapsed()));

    let start = Instant::now();
    let update = Update { files: &files, gone: &gone, config: config.as_deref(), now };
    let plan = plan_with(db, &update, &hints)?;
    let compared: usize = files.iter().map(|file| file.statements.len()).sum();
    report.unchanged = plan.unchanged + report.statements - compared;
    for change in &plan.changes {
        *report.changes.entry(change.kind).or_default() += 1;
    }
    report.timings.push(("compare statements", start.elapsed()));
    Ok(Import { plan, report })
}

/// The stored files that the project's roots cover and that were not found any more.
fn gone(db: &Db, project: &Project) -> Result<Vec<String>, NotCode> {
    if project.incomplete {
        return Ok(Vec::new());
    }
    let there: FxHashSet<&str> = project
        .sources
        .iter()
        .map(|file| file.path.as_str())
        .chain(project.problems.iter().map(|problem| problem.path.as_str()))
        .collect();
    let covered = |path: &str| project.scopes.iter().any(|scope| scope.covers(path));
    let mut paths = export::paths(db)?;
    paths.retain(|path| covered(path) && !there.contains(path.as_str()));
    Ok(paths)
}

/// The text of the project's clj-kondo configuration, with which the database's facts were made.
pub fn config(db: &Db) -> Result<Option<String>, NotCode> {
    let source = Source::new(db)?;
    Ok(source.texts(Attr::AnalyserConfig).next().map(|(_, text)| text.to_string()))
}

/// The problems that the database knows of.
pub fn problems(db: &Db) -> Result<Vec<Problem>, NotCode> {
    Ok(stored_problems(&Source::new(db)?))
}

fn stored_problems(source: &Source<'_>) -> Vec<Problem> {
    let problem = |(file, text): (EntityId, Text<'_>)| {
        let path = source.text(file, Attr::FilePath).unwrap_or_default().to_string();
        let mut parts = text.splitn(3, ':');
        let line = parts.next().and_then(|line| line.parse().ok());
        let column = parts.next().and_then(|column| column.parse().ok());
        match (line, column, parts.next()) {
            (Some(line), Some(column), Some(message)) => {
                let message = message.trim_start().to_owned();
                Problem { path, position: Some((line, column)), message }
            }
            _ => Problem { path, position: None, message: text.to_string() },
        }
    };
    let mut problems: Vec<Problem> = source.texts(Attr::FileProblem).map(problem).collect();
    problems.sort_unstable();
    problems
}

fn lines(bytes: &[u8]) -> usize {
    let feeds = bytes.iter().filter(|b| **b == b'\n').count();
    feeds + usize::from(bytes.last().is_some_and(|last| *last != b'\n'))
}
