//! Commands that look back: `history`, `log`, `diff`, `blame`, `revert`; and `import --git`, which gives a database a past.

mod blame;
mod diff;
mod git;
mod history;
mod log;
mod revert;

pub(crate) use diff::differences;
pub(crate) use git::import as import_git;
pub(crate) use history::change;

use super::{Found, ToRead, as_of};
use crate::args::{Past, Which};
use crate::problem::Outcome;
use ::code::commit::Origin;
use ::code::diff::{Difference, Filter};
use edn::Value;

/// Does what was typed.
pub(crate) fn run(command: Past, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Past::History { fqn, printing } => history::history(&db()?, &fqn, printing.format),
        Past::Log { textconv: Some(file), .. } => log::readable(&file),
        Past::Log { limit, author, grep, since, until, which, patch, printing, .. } => {
            let wanted = log::Wanted { limit, author, grep, since, until, filter: filter(which) };
            log::log(&db()?, &wanted, patch, printing.format)
        }
        Past::Diff { from, to, since, which, patch, stat, printing } => {
            let db = db()?;
            let from = from.or(since).unwrap_or_default();
            let differences = differences(&db, &from, to.as_deref(), &filter(which))?;
            match stat {
                true => diff::stat(&differences, printing.format),
                false => diff::diff(&differences, patch, printing.format),
            }
        }
        Past::Revert { what, to, dry_run } => revert::revert(db, &what, to.as_deref(), dry_run),
        Past::Blame { what, lines, as_of: when, printing } => {
            blame::blame(&as_of(&db()?, when.as_deref())?, &what, lines, printing.format)
        }
    }
}

fn filter(which: Which) -> Filter {
    let Which { namespace, fqn, path } = which;
    Filter { namespace, fqn, path }
}

/// The name of a commit as people write it.
fn short_sha(origin: &Origin) -> Option<&str> {
    const SHOWN: usize = 10;
    origin.sha.as_deref().map(|sha| sha.get(..SHOWN).unwrap_or(sha))
}

/// The headings and values that tell where something comes from. A commit's name is told where there is one at all.
fn told(origin: &Origin, with_sha: bool, for_people: bool) -> Vec<Value> {
    let sha = if for_people { short_sha(origin) } else { origin.sha.as_deref() };
    let mut told = vec![Value::Int(i64::from(origin.tx))];
    told.extend(with_sha.then(|| super::text(sha)));
    told.extend([super::instant(origin.at), super::text(origin.author.as_deref())]);
    told
}

/// The headings of [`told`].
fn telling(with_sha: bool) -> Vec<&'static str> {
    let mut headings = vec!["tx"];
    headings.extend(with_sha.then_some("commit"));
    headings.extend(["when", "author"]);
    headings
}

/// What happened, in words.
fn happened(difference: &Difference) -> String {
    let words: Vec<&str> = difference.happened.iter().map(|what| what.word()).collect();
    words.join(", ")
}
