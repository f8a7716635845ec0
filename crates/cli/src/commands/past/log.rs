//! `log`: the transactions that changed statements.

use super::diff::print_patches;
use super::{short_sha, telling, told};
use crate::args::Format;
use crate::commands::{Found, moment, number, text};
use crate::output::{Rows, say};
use crate::problem::{Outcome, Problem};
use ::code::commit::Origin;
use ::code::diff::{Difference, Filter, Happened, LogEntry, log as entries};
use db::Db;
use edn::{Inst, Value};
use regex::Regex;
use std::path::Path;

/// Which transactions are asked for.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) limit: usize,
    pub(super) author: Option<String>,
    pub(super) grep: Option<String>,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) filter: Filter,
}

/// `defbase log`
pub(super) fn log(db: &Db, wanted: &Wanted, patch: bool, format: Format) -> Outcome<Found> {
    let author = regex(wanted.author.as_deref())?;
    let grep = regex(wanted.grep.as_deref())?;
    let since = bound(db, wanted.since.as_deref())?;
    let until = bound(db, wanted.until.as_deref())?;
    let is_wanted = |origin: &Origin| {
        let by = [&origin.author, &origin.email];
        author
            .as_ref()
            .is_none_or(|a| by.iter().any(|t| t.as_deref().is_some_and(|t| a.is_match(t))))
            && grep.as_ref().is_none_or(|g| g.is_match(origin.message.as_deref().unwrap_or("")))
            && since.as_ref().is_none_or(|since| since.is_before(origin))
            && until.as_ref().is_none_or(|until| until.is_after(origin))
    };
    let found = entries(db, wanted.limit, is_wanted, &wanted.filter)?;
    match patch && format == Format::Table {
        true => patches(&found)?,
        false => rows(&found, patch, format).print(format)?,
    }
    Ok(Found::from(!found.is_empty()))
}

/// `defbase log --textconv`
pub(super) fn readable(file: &Path) -> Outcome<Found> {
    let log = std::fs::read(file)
        .map_err(|e| Problem::new(format!("cannot read {}", file.display())).because(&e))?;
    say(store::readable(&log).trim_end())?;
    Ok(Found::Yes)
}

fn regex(pattern: Option<&str>) -> Outcome<Option<Regex>> {
    let read = |pattern| {
        Regex::new(pattern)
            .map_err(|e| Problem::new(format!("`{pattern}` is no regular expression")).because(&e))
    };
    pattern.map(read).transpose()
}

/// An end of a range of transactions.
enum Bound {
    At(Inst),
    Tx(i64),
}

fn bound(db: &Db, when: Option<&str>) -> Outcome<Option<Bound>> {
    let read = |when| {
        Ok(match moment(db, when)? {
            Value::Inst(at) => Bound::At(at),
            tx => Bound::Tx(tx.as_int().unwrap_or_default()),
        })
    };
    when.map(read).transpose()
}

impl Bound {
    fn is_before(&self, origin: &Origin) -> bool {
        match self {
            Bound::At(at) => origin.at.is_some_and(|own| *at <= own),
            Bound::Tx(tx) => *tx <= i64::from(origin.tx),
        }
    }

    fn is_after(&self, origin: &Origin) -> bool {
        match self {
            Bound::At(at) => origin.at.is_some_and(|own| own <= *at),
            Bound::Tx(tx) => i64::from(origin.tx) <= *tx,
        }
    }
}

/// How many statements of a transaction a table names.
const NAMED: usize = 3;

fn rows(entries: &[LogEntry], patch: bool, format: Format) -> Rows {
    let for_people = format == Format::Table;
    let with_sha = !for_people || entries.iter().any(|entry| entry.origin.sha.is_some());
    let mut headings = telling(with_sha);
    match for_people {
        true => headings.extend(["changes", "statements", "message"]),
        false => {
            headings.extend(["email", "message"]);
            headings.extend(Happened::ALL.map(Happened::word));
            headings.push("statements");
            headings.extend(patch.then_some("patch"));
        }
    }
    let mut rows = Rows::new(&headings);
    for entry in entries {
        let mut row = told(&entry.origin, with_sha, for_people);
        if for_people {
            row.push(Value::string(in_words(entry)));
            row.push(Value::string(names(&entry.differences)));
            row.push(text(entry.origin.subject()));
        } else {
            row.push(text(entry.origin.email.as_deref()));
            row.push(text(entry.origin.message.as_deref()));
            row.extend(entry.counts().map(number));
            row.push(Value::vector(
                entry.differences.iter().map(|d| Value::string(d.fqn())).collect(),
            ));
            let patches = || entry.differences.iter().map(Difference::patch).collect::<String>();
            row.extend(patch.then(|| Value::string(patches())));
        }
        rows.push(row);
    }
    rows
}

/// `2 added, 1 renamed`
fn in_words(entry: &LogEntry) -> String {
    let counted = Happened::ALL.into_iter().zip(entry.counts()).filter(|(_, n)| *n > 0);
    counted.map(|(what, n)| format!("{n} {}", what.word())).collect::<Vec<_>>().join(", ")
}

/// The first few names, those that were changed before those that came and went.
fn names(differences: &[Difference]) -> String {
    let is_new = |d: &&Difference| d.before.is_none();
    let is_gone = |d: &&Difference| d.after.is_none();
    let changed = differences.iter().filter(|d| !is_new(d) && !is_gone(d));
    let ordered =
        changed.chain(differences.iter().filter(is_new)).chain(differences.iter().filter(is_gone));
    let mut names: Vec<&str> = ordered.map(Difference::fqn).take(NAMED).collect();
    if differences.len() > names.len() {
        names.push("…");
    }
    names.join(" ")
}

/// `defbase log -p`: each transaction with what it changed.
fn patches(entries: &[LogEntry]) -> Outcome<()> {
    for entry in entries {
        let origin = &entry.origin;
        let sha = short_sha(origin).map(|sha| format!("  commit {sha}")).unwrap_or_default();
        say(&format!("tx {}{sha}", origin.tx))?;
        let who = origin.author.as_deref().unwrap_or("nobody");
        let mail = origin.email.as_deref().map(|mail| format!(" <{mail}>")).unwrap_or_default();
        say(&format!("author  {who}{mail}"))?;
        if let Some(at) = origin.at {
            let at = Value::Inst(at).to_string();
            say(&format!("when    {}", at.trim_start_matches("#inst ").trim_matches('"')))?;
        }
        say("")?;
        for line in origin.message.as_deref().unwrap_or("").lines() {
            say(format!("    {line}").trim_end())?;
        }
        if origin.message.is_some() {
            say("")?;
        }
        print_patches(&entry.differences)?;
    }
    Ok(())
}
