//! `rename`, `move`, `extract`, `inline`, `delete`, `clean-ns`.

use super::{Found, ToRead, keep};
use crate::args::Refactor;
use crate::database::{Database, all_could_be_read};
use crate::diff;
use crate::output::{note, say};
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use crate::progress::Progress;
use crate::working;
use ::code::export::{self, Exported};
use ::code::refactor::{
    Change, Reason, Refused, Sources, Spot, Target, Texts, Uses, Why, clean_ns, delete, extract,
    inline_target, move_statements, rename_with,
};
use db::Db;
use std::io::IsTerminal;

/// Does what was typed.
pub(crate) fn run(command: Refactor, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Refactor::Rename { old, new, within, also_text, dry_run } => {
            let place = within.as_ref().map(|within| format!(" in {within}")).unwrap_or_default();
            let message = format!("rename {old}{place} to {new}");
            let texts = if also_text { Texts::Change } else { Texts::Stay };
            perform(db, dry_run, &message, |sources| {
                let target = target(sources, &old, within.as_deref())?;
                rename_with(sources, &target, &new, texts)
            })
        }
        Refactor::Move { names, to, dry_run } => {
            let message = format!("move {} to {to}", names.join(", "));
            let names = borrowed(&names);
            perform(db, dry_run, &message, |sources| move_statements(sources, &names, &to))
        }
        Refactor::Extract { place, name, text, dry_run } => {
            let spot = spot(&place, text.as_deref())?;
            let message = format!("extract {name} of {place}");
            perform(db, dry_run, &message, |sources| extract(sources, &spot, &name))
        }
        Refactor::Inline { what, within, dry_run } => {
            let place = within.as_ref().map(|within| format!(" in {within}")).unwrap_or_default();
            let message = format!("inline {what}{place}");
            perform(db, dry_run, &message, |sources| {
                inline_target(sources, &target(sources, &what, within.as_deref())?)
            })
        }
        Refactor::Delete { names, cascade, force, dry_run } => {
            let uses = match (cascade, force) {
                (true, _) => Uses::Cascade,
                (_, true) => Uses::Ignore,
                _ => Uses::Refuse,
            };
            let message = format!("delete {}", names.join(", "));
            let names = borrowed(&names);
            perform(db, dry_run, &message, |sources| delete(sources, &names, uses))
        }
        Refactor::CleanNs { names, no_sort, dry_run } => {
            let message = match names.is_empty() {
                true => "clean all ns forms".to_owned(),
                false => format!("clean the ns forms of {}", names.join(", ")),
            };
            let names = borrowed(&names);
            perform(db, dry_run, &message, |sources| clean_ns(sources, &names, !no_sort))
        }
    }
}

/// What is meant, by itself or in a definition or namespace.
fn target(sources: &Sources, name: &str, within: Option<&str>) -> Result<Target, Reason> {
    match within {
        Some(whole) => Target::within(sources, whole, name),
        None => Target::of(sources, name),
    }
}

/// The expression that is meant: by its place, or by its text in a statement.
fn spot<'a>(place: &'a str, text: Option<&'a str>) -> Outcome<Spot<'a>> {
    if let Some(text) = text {
        return Ok(Spot::In { statement: place, text });
    }
    let parsed = || {
        let (rest, end) = place.rsplit_once('-')?;
        let mut start = rest.rsplitn(3, ':');
        let (col, row, path) = (start.next()?, start.next()?, start.next()?);
        let (end_row, end_col) = end.split_once(':')?;
        let from = (row.parse().ok()?, col.parse().ok()?);
        Some(Spot::At { path, from, to: (end_row.parse().ok()?, end_col.parse().ok()?) })
    };
    parsed().ok_or_else(|| {
        Problem::new(format!("`{place}` is no place"))
            .help("write path:row:column-row:column, or the statement's name and --text")
    })
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Shows what a refactoring comes to, or makes it so.
pub(crate) fn perform(
    db: ToRead<'_>,
    dry_run: bool,
    message: &str,
    refactor: impl Fn(&Sources) -> Result<Change, Refused>,
) -> Outcome<Found> {
    let progress = Progress::start("looking at all that would change");
    if dry_run {
        let db = db()?;
        let files = stored(&db)?;
        working::tell_unknown(&Place::existing()?, &files)?;
        let outcome = refactor(&sources(&db, files)?);
        drop(progress);
        return match outcome {
            Ok(change) => show(&change),
            Err(refused) => tell(&refused),
        };
    }
    let place = Place::existing()?;
    let database = Database::open(&place)?;
    let db = database.db();
    let files = stored(&db)?;
    working::tell_unknown(&place, &files)?;
    let outcome = refactor(&sources(&db, files.clone())?);
    let change = match outcome {
        Ok(change) => change,
        Err(refused) => {
            drop(progress);
            return tell(&refused);
        }
    };
    progress.now("writing");
    working::make(&place, &database, &files, &change, message)?;
    drop(progress);
    summarise(&change)?;
    Ok(Found::Yes)
}

/// The files of a database.
pub(crate) fn stored(db: &Db) -> Outcome<Vec<Exported>> {
    let files = export::all(db, |_| true);
    all_could_be_read(db)?;
    files.map_err(|e| Problem::new("the sources cannot be read").because(&e))
}

/// The files of a database with what is found in them, as the database's configuration says.
pub(crate) fn sources(db: &Db, files: Vec<Exported>) -> Outcome<Sources> {
    // What is no UTF-8 was never read as code.
    let text = |file: Exported| Some((file.path, String::from_utf8(file.bytes).ok()?));
    let files: Vec<(String, String)> = files.into_iter().filter_map(text).collect();
    let rules = keep::rules(::code::import::config(db)?.as_deref());
    Ok(Sources::read(files, &rules))
}

/// The change as a diff, and what it leaves alone.
pub(crate) fn show(change: &Change) -> Outcome<Found> {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for file in &change.files {
        say(diff::unified(file, coloured).trim_end_matches('\n'))?;
    }
    warn(change);
    Ok(Found::Yes)
}

fn warn(change: &Change) {
    change.texts.iter().for_each(|text| note(&format!("text: {text}")));
    change.warnings.iter().for_each(|warning| note(&warning.to_string()));
}

pub(crate) fn summarise(change: &Change) -> Outcome<()> {
    for file in &change.files {
        match &file.new_path {
            Some(new) => say(&format!("{} → {new}", file.path))?,
            None => say(&file.path)?,
        }
    }
    let n = change.files.len();
    say(&format!("{n} {} changed", if n == 1 { "file" } else { "files" }))?;
    warn(change);
    Ok(())
}

/// Says why a refactoring is refused. What is no name of anything is an error of who typed it.
pub(crate) fn tell(refused: &Refused) -> Outcome<Found> {
    if let [reason] = &refused.reasons[..]
        && matches!(reason.why, Why::Unknown | Why::BadName)
    {
        let problem = Problem::new(reason.to_string());
        return Err(match &reason.help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }
    note("refused, nothing was changed:");
    refused.reasons.iter().for_each(|reason| note(&format!("  {reason}")));
    let mut helps: Vec<&str> = refused.reasons.iter().filter_map(|r| r.help.as_deref()).collect();
    helps.sort_unstable();
    helps.dedup();
    helps.iter().for_each(|help| note(&format!("help: {help}")));
    Ok(Found::No)
}
