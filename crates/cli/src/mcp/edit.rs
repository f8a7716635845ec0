//! Tools that edit: `rename`, `move`, `replace`. Each is one transaction, and the files with it, or a dry run that shows the diff.

use super::project::Project;
use crate::commands::refactor::{sources, stored};
use crate::commands::{keep, statement};
use crate::problem::{Outcome, Problem};
use crate::{diff, working};
use code::export::Exported;
use code::location::bytes_of;
use code::refactor::{
    Change, Reason, Refused, Sources, Target, Why, move_statements, replace_statement,
};
use code::{import, show};
use db::Db;
use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt::Write;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    /// The full name of a var, namespace or keyword
    old: String,
    /// The new name, without the namespace
    new: String,
    /// Only show what would change
    #[serde(default)]
    dry_run: bool,
}

/// Gives something another name.
pub(super) fn rename(project: &Project, wanted: Rename) -> Outcome<String> {
    let Rename { old, new, dry_run } = wanted;
    let message = format!("rename {old} to {new}");
    let edit = |_: &Db, sources: &Sources| {
        let target = Target::of(sources, &old).map_err(Refused::from);
        Ok(target.and_then(|target| code::refactor::rename(sources, &target, &new)))
    };
    perform(project, dry_run, &message, edit).map(|done| done.text)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    /// Names of the statements
    names: Vec<String>,
    /// The namespace
    to: String,
    /// Only show what would change
    #[serde(default)]
    dry_run: bool,
}

/// Gives statements another namespace.
pub(super) fn move_to(project: &Project, wanted: Move) -> Outcome<String> {
    let Move { names, to, dry_run } = wanted;
    let message = format!("move {} to {to}", names.join(", "));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let edit = |_: &Db, sources: &Sources| Ok(move_statements(sources, &names, &to));
    perform(project, dry_run, &message, edit).map(|done| done.text)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// Its name
    name: String,
    /// The new source
    source: String,
    /// Only show what would change
    #[serde(default)]
    dry_run: bool,
}

/// Gives a statement another source.
pub(super) fn replace(project: &Project, wanted: Replace) -> Outcome<String> {
    let Replace { name, source, dry_run } = wanted;
    let edit = |db: &Db, sources: &Sources| {
        let place = bytes_of(db, statement(db, &name)?)?;
        let place = place.and_then(|(path, at)| Some((sources.index(&path)?, at)));
        Ok(match place {
            Some((file, at)) => replace_statement(sources, file, at, &source),
            None => Err(Reason::new(Why::Unreadable, format!("{name} stands in no text")).into()),
        })
    };
    let before = show::show(&project.now()?.db, statement(&project.now()?.db, &name)?)?;
    let mut done = perform(project, dry_run, &format!("replace {}", before.fqn), edit)?;
    let after = statement(&done.db, &before.fqn).and_then(|e| Ok(show::show(&done.db, e)?));
    let unresolved = after.map(|after| after.unresolved).unwrap_or_default();
    let new: Vec<String> =
        unresolved.into_iter().filter(|n| !before.unresolved.contains(n)).collect();
    if !new.is_empty() {
        let _ = writeln!(done.text, "these names mean nothing there: {}", new.join(", "));
    }
    Ok(done.text)
}

/// What a change came to, or would.
struct Done {
    text: String,
    /// The database with it.
    db: Db,
}

/// Makes a change, or shows it. Without a dry run nobody else can write meanwhile.
fn perform(
    project: &Project,
    dry_run: bool,
    message: &str,
    edit: impl Fn(&Db, &Sources) -> Outcome<Result<Change, Refused>>,
) -> Outcome<Done> {
    if dry_run {
        let db = project.now()?.db.clone();
        let Planned { change, mut text, .. } = planned(&db, edit)?;
        text.push_str("a dry run: nothing was changed\n");
        return Ok(Done { db: with(&db, &change)?, text });
    }
    project.change(|database| {
        let Planned { files, change, mut text } = planned(&database.db(), edit)?;
        working::make(&project.place, database, &files, &change, message)?;
        text.push_str("done\n");
        Ok(Done { db: database.db(), text })
    })
}

/// A change that is not made yet.
struct Planned {
    /// The files of the database.
    files: Vec<Exported>,
    change: Change,
    /// The difference that it makes.
    text: String,
}

fn planned(
    db: &Db,
    edit: impl Fn(&Db, &Sources) -> Outcome<Result<Change, Refused>>,
) -> Outcome<Planned> {
    let files = stored(db)?;
    let change = edit(db, &sources(db, files.clone())?)?.map_err(|refused| told(&refused))?;
    let mut text: String = change.files.iter().map(|file| diff::unified(file, false)).collect();
    for warning in &change.warnings {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "left as it is: {warning}");
    }
    Ok(Planned { files, change, text })
}

/// The database as a change would leave it.
fn with(db: &Db, change: &Change) -> Outcome<Db> {
    let impossible =
        |e: &dyn std::error::Error| Problem::new("the change cannot be made").because(e);
    let import = import::change(db, change, keep::now()).map_err(|e| impossible(&e))?;
    let report = db.with_ops(&import.plan.ops, edn::Value::Nil).map_err(|e| impossible(&e))?;
    Ok(report.db_after)
}

/// Why a change is refused, and what can be done.
fn told(refused: &Refused) -> Problem {
    let mut helps: Vec<&str> = refused.reasons.iter().filter_map(|r| r.help.as_deref()).collect();
    helps.sort_unstable();
    helps.dedup();
    let problem = Problem::new(format!("refused, nothing was changed:\n{refused}"));
    if helps.is_empty() { problem } else { problem.help(helps.join("\n")) }
}
