//! `diff`: what happened to statements between two moments.

use super::happened;
use crate::args::Format;
use crate::commands::{Found, number, text, transaction};
use crate::output::{Rows, say};
use crate::problem::Outcome;
use ::code::diff::{Difference, Filter, Happened, counts, diff as between};
use ::code::lines;
use db::Db;
use edn::Value;
use std::collections::BTreeMap;

/// What happened from one moment to another, or to now, to the statements that are asked for.
pub(crate) fn differences(
    db: &Db,
    from: &str,
    to: Option<&str>,
    filter: &Filter,
) -> Outcome<Vec<Difference>> {
    let from = transaction(db, from)?;
    let to = match to {
        Some(to) => transaction(db, to)?,
        None => db.max_tx(),
    };
    let mut differences = between(db, from, to)?;
    differences.retain(|difference| filter.admits(difference));
    Ok(differences)
}

/// `defbase diff`
pub(super) fn diff(differences: &[Difference], patch: bool, format: Format) -> Outcome<Found> {
    let found = Found::from(!differences.is_empty());
    if patch && format == Format::Table {
        print_patches(differences)?;
        return Ok(found);
    }
    let mut headings = vec!["change", "fqn", "was", "path"];
    if format != Format::Table {
        headings.push("old path");
    }
    headings.extend(patch.then_some("patch"));
    let mut rows = Rows::new(&headings);
    for difference in differences {
        let path = difference.last().map(|side| side.path.as_str());
        let mut row = vec![
            Value::string(happened(difference)),
            Value::string(difference.fqn()),
            text(difference.was()),
            text(path),
        ];
        if format != Format::Table {
            let old = difference.before.as_ref().map(|side| side.path.as_str());
            row.push(text(old.filter(|old| Some(*old) != path)));
        }
        row.extend(patch.then(|| Value::string(difference.patch())));
        rows.push(row);
    }
    if format == Format::Table && rows.is_empty() {
        say("nothing differs")?;
        return Ok(found);
    }
    rows.print(format)?;
    Ok(found)
}

/// Each difference under a line that says what happened.
pub(super) fn print_patches(differences: &[Difference]) -> Outcome<()> {
    for difference in differences {
        let was = difference.was().map(|was| format!("  was {was}")).unwrap_or_default();
        say(&format!("{}: {}{was}", happened(difference), difference.fqn()))?;
        let patch = difference.patch();
        if !patch.is_empty() {
            say(patch.trim_end_matches('\n'))?;
        }
        say("")?;
    }
    Ok(())
}

/// `defbase diff --stat`
pub(super) fn stat(differences: &[Difference], format: Format) -> Outcome<Found> {
    let mut by_namespace: BTreeMap<&str, Vec<&Difference>> = BTreeMap::new();
    for difference in differences {
        let last = difference.last();
        let namespace = last.and_then(|side| side.namespace.as_deref());
        // A data file has no namespace and goes by its path.
        let name = namespace.or(last.map(|side| side.path.as_str())).unwrap_or("");
        by_namespace.entry(name).or_default().push(difference);
    }
    let mut headings = vec!["namespace"];
    headings.extend(Happened::ALL.map(Happened::word));
    headings.extend(["lines added", "lines removed"]);
    let mut rows = Rows::new(&headings);
    for (namespace, own) in &by_namespace {
        rows.push(stat_row(namespace, own));
    }
    if format == Format::Table {
        rows.push(stat_row("TOTAL", &differences.iter().collect::<Vec<_>>()));
    }
    rows.print(format)?;
    Ok(Found::from(!differences.is_empty()))
}

fn stat_row(name: &str, differences: &[&Difference]) -> Vec<Value> {
    let owned: Vec<Difference> = differences.iter().map(|d| (*d).clone()).collect();
    let lines = differences.iter().fold((0, 0), |sum, difference| {
        let (before, after) = difference.sources();
        let (added, removed) = lines::counts(before, after);
        (sum.0 + added, sum.1 + removed)
    });
    let mut row = vec![Value::string(name)];
    row.extend(counts(&owned).map(number));
    row.extend([number(lines.0), number(lines.1)]);
    row
}
